// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program's life from bytes: pins of all filters, downloads, unloads, notes, states, closes, under the verifier.
//!
//! | module | holds |
//! |---|---|
//! | `endpoint` | recording, and what may happen meanwhile |
//! | `wires` | capture pins and the cable |
//! | `seeds` | lives as programs live them |

mod endpoint;
mod seeds;
mod wires;

use crate::bytes::{Bytes, hash};
use crate::machine::{self, Hand, MILLISECOND, Pins, RATE};
use crate::{Target, dls_download};
use arioso_core::ks::ks::{KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::status::STATUS_INSUFFICIENT_RESOURCES;
use conformance::Client;
use conformance::events::{EventBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::synth::{self, Download};
use conformance::wave::WavePath;
use endpoint::Endpoint;
use simkernel::client::SimClient;
use wires::Wires;

/// This target.
pub const TARGET: Target = Target {
    name: "sequence",
    run,
    seeds: seeds::seeds,
    dictionary: seeds::dictionary,
    driver: true,
};

/// Music pins at a time.
const PINS: usize = 3;

/// Steps. Below 0x80 the low nibble of a byte is what to do, the high one the music pin. From 0x80 on they are the endpoint's, from
/// 0xC0 on those of capture pins and of the cable.
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
}

struct Program<'a, 'b> {
    hand: &'a mut Hand<'b>,
    client: &'a mut SimClient,
    filter: Filter<SimClient>,
    ids: Pins,
    music: [Option<Music>; PINS],
    wave: Option<WavePath<SimClient>>,
    endpoint: Endpoint,
    wires: Wires,
}

fn run(input: &[u8]) {
    let seed = hash(input);
    let mut input = Bytes(input);
    let wow64 = input.u8() & 1 != 0;
    machine::with_client(seed, wow64, |hand, client, filter, ids| {
        let mut program = Program {
            hand,
            client,
            filter,
            ids,
            music: [const { None }; PINS],
            wave: None,
            endpoint: Endpoint::new(wow64, ids.endpoint),
            wires: Wires::default(),
        };
        for _ in 0..64 {
            if input.is_empty() {
                break;
            }
            program.step(&mut input);
        }
    });
}

impl Program<'_, '_> {
    /// Refusals are the driver's right; what counts is what is left in the end.
    fn step(&mut self, input: &mut Bytes) {
        let byte = input.u8();
        match byte {
            0xC0.. => {
                let synth = (&self.filter, self.ids.capture);
                return self.wires.step(self.client, synth, byte, input);
            }
            0x80.. => return self.endpoint.step(self.hand, self.client, byte, input),
            _ => {}
        }
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
                    let _ = wave.set_state(self.client, state);
                }
            }
            step::WAVE_CLOSE => {
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
                // Without memory for the new table it stays, and goes with the pin.
                if let Err(error) = synth::unload(client, handle, download) {
                    assert_eq!(error.status, Some(STATUS_INSUFFICIENT_RESOURCES), "{error}");
                }
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
