//! A program's life from bytes: pins, downloads, unloads, notes, states, closes, under the verifier.

use crate::bytes::{Bytes, hash};
use crate::machine::{self, MILLISECOND, Pins, RATE};
use crate::{Target, dls_download, planted};
use arioso_core::ks::ks::{KSSTATE_RUN, KSSTATE_STOP};
use conformance::Client;
use conformance::events::{EventBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::synth::{self, Download};
use conformance::wave::WavePath;
use simkernel::client::SimClient;

pub const TARGET: Target = Target {
    name: "sequence",
    run,
    seeds,
    dictionary,
    driver: true,
};

/// Music pins at a time.
const PINS: usize = 3;

/// Steps: the low nibble of a byte is what to do, the high one the pin.
mod step {
    pub const OPEN: u8 = 0;
    pub const CLOSE: u8 = 1;
    pub const DOWNLOAD: u8 = 2;
    pub const UNLOAD: u8 = 3;
    pub const RUN: u8 = 4;
    pub const STOP: u8 = 5;
    pub const STATE: u8 = 6;
    pub const NOTE: u8 = 7;
    pub const MESSAGE: u8 = 8;
    pub const SLEEP: u8 = 9;
    pub const WAVE_OPEN: u8 = 10;
    pub const WAVE_STATE: u8 = 11;
    pub const WAVE_CLOSE: u8 = 12;
    pub const GROUPS: u8 = 13;
    pub const BYTES: u8 = 14;
    pub const ASK: u8 = 15;
}

/// One music pin and what it holds.
struct Music {
    pin: Pin<SimClient>,
    downloads: Vec<Download>,
    /// A note has been sent while it ran, and nothing has been closed since.
    sounds: bool,
}

struct Program<'a> {
    client: &'a mut SimClient,
    filter: Filter<SimClient>,
    ids: Pins,
    music: [Option<Music>; PINS],
    wave: Option<WavePath<SimClient>>,
    wave_runs: bool,
}

fn run(input: &[u8]) {
    let seed = hash(input);
    let mut input = Bytes(input);
    let options = input.u8();
    machine::with_client(seed, options & 1 != 0, |client, filter, ids| {
        let mut program = Program {
            client,
            filter,
            ids,
            music: [const { None }; PINS],
            wave: None,
            wave_runs: false,
        };
        for _ in 0..48 {
            if input.is_empty() {
                break;
            }
            program.step(&mut input);
        }
    });
}

impl Program<'_> {
    /// Refusals are the driver's right; what counts is what is left in the end.
    fn step(&mut self, input: &mut Bytes) {
        let byte = input.u8();
        let at = usize::from(byte >> 4) % PINS;
        match byte & 0xF {
            step::OPEN => self.open(at),
            step::CLOSE => {
                if let Some(music) = self.music[at].take() {
                    let _ = music.pin.close(self.client);
                }
            }
            step::SLEEP => {
                let time = i64::from(input.u8()) * MILLISECOND / 4;
                self.client.sleep(time);
            }
            step::WAVE_OPEN if self.wave.is_none() => {
                self.wave = WavePath::open(self.client, &self.filter, self.ids.wave, RATE).ok();
            }
            step::WAVE_STATE => {
                let state = i32::from(input.u8() % 4);
                if let Some(wave) = &mut self.wave {
                    self.wave_runs =
                        wave.set_state(self.client, state).is_ok() && state == KSSTATE_RUN;
                }
            }
            step::WAVE_CLOSE => {
                self.wave_runs = false;
                if let Some(wave) = self.wave.take() {
                    let _ = wave.close(self.client);
                }
            }
            what => self.on_pin(what, at, input),
        }
    }

    fn open(&mut self, at: usize) {
        if self.music[at].is_none() {
            let pin = self.filter.direct_music_pin(self.client, self.ids.music);
            self.music[at] = pin.ok().map(|pin| Music {
                pin,
                downloads: Vec::new(),
                sounds: false,
            });
        }
    }

    fn on_pin(&mut self, what: u8, at: usize, input: &mut Bytes) {
        let Some(music) = &mut self.music[at] else {
            return;
        };
        let client = &mut *self.client;
        let handle = music.pin.handle;
        match what {
            step::DOWNLOAD => {
                let buffers = dls_download::buffers();
                let which = usize::from(input.u8());
                let buffer = &buffers[which % buffers.len()];
                if let Ok(download) = synth::download(client, handle, buffer) {
                    music.downloads.push(download);
                }
            }
            step::BYTES => {
                let buffer = input.block();
                if let Ok(download) = synth::download(client, handle, buffer) {
                    music.downloads.push(download);
                }
            }
            step::UNLOAD if !music.downloads.is_empty() => {
                let which = usize::from(input.u8()) % music.downloads.len();
                let download = music.downloads.swap_remove(which);
                synth::unload(client, handle, download).expect("a download that is there");
                // A store that frees at once what still sounds (the class of CVE-2025-68617).
                assert!(
                    !(planted::is_planted() && self.wave_runs && music.sounds),
                    "planted: use after free"
                );
            }
            step::RUN => {
                let _ = music.pin.set_state(client, KSSTATE_RUN);
            }
            step::STOP => {
                let _ = music.pin.set_state(client, KSSTATE_STOP);
            }
            step::STATE => {
                let _ = music.pin.set_state(client, i32::from(input.u8() % 4));
            }
            step::NOTE => {
                let (delay, key) = (input.u8(), input.u8() & 0x7F);
                let now = client.now();
                let mut buffer = EventBuffer::new(now);
                buffer.push(now, 1, &[0xC0, 5]);
                buffer.push(now + i64::from(delay) * MILLISECOND, 1, &[0x90, key, 100]);
                send(client, &music.pin, &buffer);
                music.sounds = music.downloads.len() >= 3;
            }
            step::MESSAGE => {
                let (group, delay) = (input.u8(), input.u8());
                let length = input.u8();
                let message = input.take(length.into());
                let now = client.now();
                let mut buffer = EventBuffer::new(now);
                let time = now + (i64::from(delay) - 64) * MILLISECOND;
                buffer.push_raw(time, group.into(), u32::from(delay & 1), message);
                send(client, &music.pin, &buffer);
            }
            step::GROUPS => {
                let _ = synth::set_channel_groups(client, handle, input.u8().into());
                let _ = synth::set_volume(client, handle, -i32::from(input.u8()) * 64);
            }
            step::ASK => {
                let _ = synth::running_stats(client, handle);
                let counted = synth::statistics(client, handle).expect("statistics");
                assert!(counted.Voices <= 32 && counted.Voices <= counted.PeakVoices);
            }
            _ => {}
        }
    }
}

/// Writes a buffer. A pin that does not run may keep it: then it is taken back.
fn send(client: &mut SimClient, pin: &Pin<SimClient>, buffer: &EventBuffer) {
    let mut write = write(client, pin.handle, buffer.start(), buffer.bytes());
    for _ in 0..4 {
        if write.poll(client).is_some() {
            return;
        }
        client.sleep(MILLISECOND);
    }
    write.cancel(client);
}

fn seeds() -> Vec<Vec<u8>> {
    use step::*;
    let set_up = [
        WAVE_OPEN, WAVE_STATE, 3, OPEN, DOWNLOAD, 0, DOWNLOAD, 1, DOWNLOAD, 2, RUN,
    ];
    vec![
        [
            &[0][..],
            &set_up,
            &[
                NOTE, 3, 60, SLEEP, 80, UNLOAD, 2, UNLOAD, 0, SLEEP, 40, CLOSE,
            ],
        ]
        .concat(),
        [
            &[0][..],
            &set_up,
            &[
                NOTE, 200, 60, STOP, NOTE, 0, 61, RUN, ASK, SLEEP, 90, WAVE_STATE, 0, WAVE_CLOSE,
            ],
        ]
        .concat(),
        [
            &[1][..],
            &[OPEN, 0x10 | OPEN, 0x20 | OPEN],
            &set_up,
            &[
                0x10 | RUN,
                0x10 | DOWNLOAD,
                0,
                0x10 | CLOSE,
                NOTE,
                1,
                50,
                SLEEP,
                60,
            ],
        ]
        .concat(),
        vec![
            0, OPEN, DOWNLOAD, 2, DOWNLOAD, 0, DOWNLOAD, 0, GROUPS, 3, 9, STATE, 1, STATE, 2,
            STATE, 0, CLOSE, OPEN,
        ],
        [
            &[0][..],
            &set_up,
            &[
                MESSAGE, 1, 70, 6, 0xF0, 0x7E, 0x7F, 9, 1, 0xF7, MESSAGE, 0, 65, 3, 0x90, 1, 2,
                SLEEP, 20,
            ],
        ]
        .concat(),
    ]
}

fn dictionary() -> Vec<Vec<u8>> {
    use step::*;
    let mut words = vec![
        vec![UNLOAD, 0],
        vec![CLOSE],
        vec![WAVE_CLOSE],
        vec![WAVE_STATE, 0],
        vec![WAVE_STATE, 3],
        vec![NOTE, 0, 60],
        vec![SLEEP, 40],
        vec![OPEN, DOWNLOAD, 0, DOWNLOAD, 1, DOWNLOAD, 2, RUN],
    ];
    for buffer in dls_download::buffers() {
        let length = (buffer.len() as u16).to_le_bytes();
        words.push([&[BYTES][..], &length, &buffer].concat());
    }
    words
}
