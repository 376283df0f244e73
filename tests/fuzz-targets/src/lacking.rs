// SPDX-License-Identifier: MIT OR Apache-2.0
//! Banks and downloads while one thing after the other fails: each of the driver's allocations once, each call of its that can fail once.
//! Whatever fails, nothing of it is left, and what is asked for next is done.

use crate::dls_download::buffers;
use crate::machine::{self, Hand, Lack, MILLISECOND, Pins, RATE};
use arioso_core::dls::file::{Limits, load};
use arioso_core::ks::arioso::ARIOSO_CONTROL_BANK;
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::events::{EventBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::synth::{self, Download};
use conformance::wave::WavePath;
use conformance::{Client, settings};
use simkernel::client::SimClient;

/// A file that is read as a whole is no longer than this.
const WHOLE: usize = 16 << 20;

/// Both paths run.
struct Program<'a, 'b> {
    hand: &'a mut Hand<'b>,
    client: &'a mut SimClient,
    filter: Filter<SimClient>,
    ids: Pins,
    _wave: WavePath<SimClient>,
}

fn with_program(work: impl FnOnce(&mut Program)) {
    machine::with_client(1, false, |hand, client, filter, ids| {
        let wave = WavePath::open(client, &filter, ids.wave, RATE);
        let mut wave = wave.expect("the wave pin");
        wave.run(client).expect("it runs");
        work(&mut Program {
            hand,
            client,
            filter,
            ids,
            _wave: wave,
        });
    });
}

impl Program<'_, '_> {
    fn pin(&mut self) -> Pin<SimClient> {
        let pin = self.filter.direct_music_pin(self.client, self.ids.music);
        let mut pin = pin.expect("a pin");
        pin.set_state(self.client, KSSTATE_RUN).expect("it runs");
        pin
    }

    /// Reads the bank that is named, or that there is none.
    fn read(&mut self) -> bool {
        settings::control(self.client, self.filter.handle, ARIOSO_CONTROL_BANK).is_ok()
    }

    /// A short note of each of these: patch, key, velocity. How many of them named an instrument.
    fn play(&mut self, pin: &Pin<SimClient>, notes: &[(u32, u8, u8)]) -> u64 {
        let before = self.notes(pin);
        for &(patch, key, velocity) in notes {
            let now = self.client.now();
            let mut buffer = EventBuffer::new(now);
            let channel = machine::push_note(&mut buffer, now, patch, key, velocity);
            buffer.push(now + 20 * MILLISECOND, 1, &[0x80 | channel, key, 0]);
            write(self.client, pin.handle, buffer.start(), buffer.bytes())
                .wait(self.client)
                .expect("a pin that runs takes what is written");
            self.client.sleep(60 * MILLISECOND);
        }
        self.notes(pin) - before
    }

    fn notes(&mut self, pin: &Pin<SimClient>) -> u64 {
        let counted = synth::statistics(self.client, pin.handle);
        counted.expect("statistics").Notes
    }

    /// Does `work` while its first thing fails, its second, and so on, until none does; after each, `then`. How often something failed.
    fn each(
        &mut self,
        lack: Lack,
        mut work: impl FnMut(&mut Self),
        mut then: impl FnMut(&mut Self, u64),
    ) -> u64 {
        for n in 1.. {
            let before = self.hand.counted(lack);
            self.hand.fail(lack, Some(n));
            work(self);
            let count = self.hand.counted(lack) - before;
            self.hand.fail(lack, None);
            then(self, n);
            if count < n {
                return n - 1;
            }
        }
        0
    }
}

/// A file as the device's bank, so long that only its structure is read at first or not: it is read and played. How often something
/// failed.
pub fn bank(file: &[u8], is_large: bool, lack: Lack) -> u64 {
    let found = load(file, Limits::default()).unwrap_or_default();
    let notes: Vec<_> = found
        .iter()
        .filter_map(|i| {
            let last = i.regions.last()?;
            Some((i.patch, last.keys.1, last.velocities.1))
        })
        .collect();
    let mut whole = file.to_vec();
    if is_large {
        // What lies behind a form is ignored.
        whole.resize(file.len() + WHOLE, 0);
    }
    let mut failures = 0;
    with_program(|program| {
        let pin = program.pin();
        program.hand.name_bank(Some(&whole));
        // Read, played, let go: what is in use then.
        let whole = |program: &mut Program, n: u64| {
            assert!(program.read(), "{lack:?} {n}: it is not read again");
            let played = program.play(&pin, &notes);
            assert_eq!(played, notes.len() as u64, "{lack:?} {n}: notes");
            program.hand.mention_bank(false);
            assert!(program.read(), "{lack:?} {n}: it is not let go");
            program.client.sleep(500 * MILLISECOND);
            program.hand.pool()
        };
        let level = whole(program, 0);
        failures = program.each(
            lack,
            |program| {
                program.hand.mention_bank(true);
                program.read();
                program.play(&pin, &notes);
            },
            |program, n| {
                let left = whole(program, n);
                assert_eq!(left, level, "{lack:?} {n} left something");
            },
        );
        pin.close(program.client).expect("it closes");
        program.hand.name_bank(None);
        assert!(program.read());
        // A pin's last table stays in the store until the next reading.
        program.pin();
    });
    failures
}

/// A file that is refused as the device's bank: no note finds an instrument in it, and it leaves nothing.
pub fn refused(file: &[u8], is_large: bool) {
    let mut whole = file.to_vec();
    if is_large {
        whole.resize(file.len() + WHOLE, 0);
    }
    with_program(|program| {
        let pin = program.pin();
        program.hand.name_bank(Some(&whole));
        let mut level = None;
        for _ in 0..2 {
            program.hand.mention_bank(true);
            assert!(program.read());
            program.play(&pin, &[(1 << 31, 5, 100), (0, 5, 100)]);
            let told = synth::statistics(program.client, pin.handle).expect("statistics");
            assert_eq!((told.PeakVoices, told.Voices), (0, 0));
            program.hand.mention_bank(false);
            assert!(program.read());
            program.client.sleep(500 * MILLISECOND);
            let left = program.hand.pool();
            assert_eq!(*level.get_or_insert(left), left, "something is left");
        }
        pin.close(program.client).expect("it closes");
        program.hand.name_bank(None);
        assert!(program.read());
        program.pin();
    });
}

/// Downloads of everything that a buffer can have, played and unloaded, over a bank. How often something failed.
pub fn downloads(bank: &[u8], lack: Lack) -> u64 {
    let mut failures = 0;
    with_program(|program| {
        program.hand.name_bank(Some(bank));
        assert!(program.read());
        let pin = program.pin();
        // A failure finds its pin among several.
        let others: Vec<_> = (0..4).map(|_| program.pin()).collect();
        let other = &others[2];
        let handle = pin.handle;
        let free = |program: &mut Program| {
            let stats = synth::running_stats(program.client, handle);
            stats.expect("statistics").FreeMemory
        };
        let all = free(program);
        failures = program.each(
            lack,
            |program| {
                let mut own: Vec<Download> = Vec::new();
                for buffer in buffers() {
                    // Not whole without a wave that failed.
                    own.extend(synth::download(program.client, handle, &buffer).ok());
                    own.extend(synth::download(program.client, other.handle, &buffer).ok());
                }
                program.play(&pin, &[(0, 60, 100), (7, 60, 100)]);
                for download in own {
                    let pins = [handle, other.handle];
                    let gone = pins.map(|pin| synth::unload(program.client, pin, download).is_ok());
                    if gone == [false; 2] {
                        // It is there as before, when there is memory again.
                        let again =
                            pins.map(|pin| synth::unload(program.client, pin, download).is_ok());
                        assert_eq!(again.iter().filter(|gone| **gone).count(), 1);
                    }
                }
            },
            |program, n| {
                assert_eq!(free(program), all, "{lack:?} {n}: memory is taken");
            },
        );
        pin.close(program.client).expect("it closes");
        for other in others {
            other.close(program.client).expect("it closes");
        }
        program.hand.name_bank(None);
        assert!(program.read());
        program.pin();
    });
    failures
}
