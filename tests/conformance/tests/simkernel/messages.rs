// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that a message can say, and that nothing of it outlasts a reset: what is heard after "General MIDI System On" is the same, whatever was
//! said before. The messages are those of MIDI 1.0, General MIDI 2, the MIDI Tuning Standard, GS, XG and AWE, as their documents give them.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup};
use conformance::events::EventBuffer;
use conformance::filter::Pin;
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[("a reset undoes whatever was said", reset)];

const GM_ON: &[u8] = &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7];
/// Channels that are listened to: a melodic one, the drums, the last.
const CHANNELS: [u8; 3] = [0, 9, 15];

/// A generator of messages; those of one kind differ in channel and values.
struct Messages(fastrand::Rng);

impl Messages {
    fn value(&mut self) -> u8 {
        match self.0.u8(0..4) {
            0 => 0,
            1 => 64,
            2 => 127,
            _ => self.0.u8(0..128),
        }
    }

    fn channel(&mut self) -> u8 {
        CHANNELS[self.0.usize(0..CHANNELS.len())]
    }

    /// A message, or several that belong together.
    fn next(&mut self) -> Vec<Vec<u8>> {
        match self.0.u8(0..12) {
            0..3 => self.channel_message(),
            3 => self.parameter(
                101,
                100,
                &[
                    (0, 0),
                    (0, 1),
                    (0, 2),
                    (0, 3),
                    (0, 4),
                    (0, 5),
                    (0, 6),
                    (127, 127),
                ],
            ),
            // GS and XG: vibrato, filter, envelope, drums by key; AWE: its NRPNs of 127.
            4 => {
                let (key, awe) = (self.0.u8(27..88), self.0.u8(0..27));
                let parts = [8, 9, 10, 32, 33, 99, 100, 102].map(|lsb| (1, lsb));
                let drums = [24, 26, 28, 29, 30, 31].map(|msb| (msb, key));
                self.parameter(
                    99,
                    98,
                    &[&parts[..], &drums[..], &[(127, awe), (127, 127)]].concat(),
                )
            }
            5..8 => vec![self.universal()],
            8 => vec![self.tuning()],
            9 | 10 => vec![self.gs()],
            _ => vec![self.xg()],
        }
    }

    fn channel_message(&mut self) -> Vec<Vec<u8>> {
        let (channel, value, other) = (self.channel(), self.value(), self.value());
        vec![match self.0.u8(0..6) {
            0 => vec![0xC0 | channel, other],
            1 => vec![0xD0 | channel, value],
            2 => vec![0xE0 | channel, other, value],
            3 => vec![0xA0 | channel, 60, value],
            _ => vec![0xB0 | channel, other, value],
        }]
    }

    fn parameter(&mut self, msb: u8, lsb: u8, numbers: &[(u8, u8)]) -> Vec<Vec<u8>> {
        let control = 0xB0 | self.channel();
        let (high, low) = numbers[self.0.usize(0..numbers.len())];
        let data = [self.value(), self.value()];
        vec![
            vec![control, msb, high],
            vec![control, lsb, low],
            vec![control, 6, data[0]],
            vec![control, 38, data[1]],
            vec![control, [96, 97][usize::from(data[0] & 1)], 0],
        ]
    }

    /// Universal SysEx: systems, device control, controller destinations, key-based controllers.
    fn universal(&mut self) -> Vec<u8> {
        let (channel, a, b) = (self.channel(), self.value(), self.value());
        let body: Vec<u8> = match self.0.u8(0..10) {
            0 => vec![0x7E, 0x7F, 9, 1 + self.0.u8(0..3)],
            1 => vec![0x7F, 0x7F, 4, 1, a, b],
            2 => vec![0x7F, 0x7F, 4, 2, a, b],
            3 => vec![0x7F, 0x7F, 4, 3, a, b],
            4 => vec![0x7F, 0x7F, 4, 4, a, b],
            5 => vec![
                0x7F,
                0x7F,
                4,
                5,
                1,
                1,
                1,
                1,
                1,
                self.0.u8(0..2),
                self.0.u8(0..9),
            ],
            6 => vec![0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 2, self.0.u8(0..5), a],
            7 => vec![
                0x7F,
                0x7F,
                9,
                1 + self.0.u8(0..2),
                channel,
                self.0.u8(0..6),
                a,
            ],
            8 => vec![
                0x7F,
                0x7F,
                9,
                3,
                channel,
                1 + self.0.u8(0..31),
                self.0.u8(0..6),
                a,
            ],
            _ => vec![
                0x7F,
                0x7F,
                10,
                1,
                channel,
                self.0.u8(27..88),
                [7, 10, 91, 93][self.0.usize(0..4)],
                a,
            ],
        };
        [&[0xF0][..], &body, &[0xF7]].concat()
    }

    /// The MIDI Tuning Standard: scale and octave, single notes, a bulk dump with its sum.
    fn tuning(&mut self) -> Vec<u8> {
        let live = [0x7E, 0x7F][self.0.usize(0..2)];
        let mut body = match self.0.u8(0..4) {
            0 => [
                &[live, 0x7F, 8, 8, 3, 0x7F, 0x7F][..],
                &(0..12).map(|_| self.value()).collect::<Vec<_>>(),
            ]
            .concat(),
            1 => [
                &[live, 0x7F, 8, 9, 3, 0x7F, 0x7F][..],
                &(0..24).map(|_| self.value()).collect::<Vec<_>>(),
            ]
            .concat(),
            2 => vec![
                0x7F,
                0x7F,
                8,
                2,
                self.0.u8(0..2),
                1,
                60,
                62,
                self.value(),
                self.value(),
            ],
            _ => {
                let name = [b'T'; 16];
                let program = self.0.u8(0..2);
                let keys = (0..128).flat_map(|key| [key, self.value(), self.value()]);
                [
                    &[0x7E, 0x7F, 8, 1, program][..],
                    &name,
                    &keys.collect::<Vec<_>>(),
                ]
                .concat()
            }
        };
        if body[2..4] == [8, 1] {
            body.push(body.iter().fold(0, |sum, byte| sum ^ byte) & 0x7F);
        }
        [&[0xF0][..], &body, &[0xF7]].concat()
    }

    fn gs(&mut self) -> Vec<u8> {
        let part = [0x10, 0x11, 0x1F][self.0.usize(0..3)];
        let (address, data): ([u8; 3], u8) = match self.0.u8(0..8) {
            0 => ([0x40, 0, 0x7F], 0),
            1 => ([0x40, 0, [4, 5, 6][self.0.usize(0..3)]], self.value()),
            2 => ([0x40, 1, 0x30 + self.0.u8(0..8)], self.value()),
            3 => ([0x40, 1, 0x38 + self.0.u8(0..8)], self.value()),
            4 => ([0x40, part, 0x15], self.0.u8(0..3)),
            5 => (
                [
                    0x40,
                    part,
                    [0, 2, 0x13, 0x14, 0x16, 0x19, 0x1A, 0x1B, 0x1C, 0x21, 0x22]
                        [self.0.usize(0..11)],
                ],
                self.value(),
            ),
            6 => ([0x40, part, 0x30 + self.0.u8(0..9)], self.value()),
            _ => ([0x40, part + 0x10, self.0.u8(0..0x5B)], self.value()),
        };
        let sum = 128
            - address
                .iter()
                .chain([&data])
                .map(|byte| u32::from(*byte))
                .sum::<u32>()
                % 128;
        [
            &[0xF0, 0x41, 0x10, 0x42, 0x12][..],
            &address,
            &[data, (sum % 128) as u8, 0xF7],
        ]
        .concat()
    }

    fn xg(&mut self) -> Vec<u8> {
        let part = self.channel();
        let (address, data): ([u8; 3], Vec<u8>) = match self.0.u8(0..6) {
            0 => ([0, 0, 0x7E], vec![0]),
            1 => ([0, 0, [4, 6, 0x7F][self.0.usize(0..3)]], vec![self.value()]),
            2 => ([2, 1, 0], vec![self.0.u8(0..20), 0]),
            3 => ([2, 1, 0x20], vec![self.0.u8(64..90), 0]),
            4 => ([8, part, self.0.u8(1..0x30)], vec![self.value()]),
            _ => (
                [0x30, self.0.u8(27..88), self.0.u8(0..16)],
                vec![self.value()],
            ),
        };
        [&[0xF0, 0x43, 0x10, 0x4C][..], &address, &data, &[0xF7]].concat()
    }
}

/// What is heard of a note on each of the channels after a reset, from its first frame on; without effects, whose own time goes on.
fn heard(rig: &mut Rig, pin: &Pin<SimClient>) -> Vec<[i16; 2]> {
    let mut messages: Vec<(i64, Vec<u8>)> = Vec::new();
    for channel in 0..16 {
        messages.push((0, vec![0xB0 | channel, 120, 0]));
    }
    messages.push((0, GM_ON.to_vec()));
    for channel in CHANNELS {
        messages.push((SECOND / 100, vec![0xB0 | channel, 91, 0]));
        messages.push((SECOND / 100, vec![0xB0 | channel, 93, 0]));
        messages.push((8 * SECOND, vec![0x90 | channel, 60, 100]));
        messages.push((8 * SECOND + SECOND / 5, vec![0x80 | channel, 60, 0]));
    }
    send(rig, pin, &messages);
    rig.sleep(8 * SECOND - SECOND / 10);
    rig.take_audio();
    rig.sleep(SECOND);
    let audio = rig.take_audio();
    let first = audio
        .iter()
        .position(|frame| *frame != [0; 2])
        .expect("the notes sound");
    audio[first..first + RATE as usize / 2].to_vec()
}

fn send(rig: &mut Rig, pin: &Pin<SimClient>, messages: &[(i64, Vec<u8>)]) {
    let now = rig.now() + SECOND / 20;
    let mut buffer = EventBuffer::new(now);
    for (time, message) in messages {
        buffer.push(now + time, 1, message);
    }
    rig.write(pin, &buffer);
}

/// Frames before the notes end; how long they fade may differ by a frame, because the clock is followed.
const HELD: usize = RATE as usize / 5 - 4;

/// What is heard after these messages and a reset that differs from what is expected.
fn differs(
    rig: &mut Rig,
    pin: &Pin<SimClient>,
    messages: &[(i64, Vec<u8>)],
    expected: &[[i16; 2]],
) -> Option<String> {
    send(rig, pin, messages);
    rig.sleep(SECOND / 2);
    let audio = heard(rig, pin);
    let at = (0..HELD).find(|&at| audio[at] != expected[at])?;
    Some(format!(
        "frame {at} is {:?}, not {:?}",
        audio[at], expected[at]
    ))
}

fn reset() {
    let mut rig = Setup {
        exact: true,
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::sine_wave(RATE, 441, 1));
    let expected = heard(&mut rig, &pin);
    let loud = expected.iter().any(|frame| frame[0].unsigned_abs() > 500);
    assert!(loud, "loud enough to compare");
    for seed in 0..ROUNDS {
        let mut random = Messages(fastrand::Rng::with_seed(seed));
        let mut messages = Vec::new();
        for step in 0..40 {
            let time = step * SECOND / 200;
            if step % 5 == 0 {
                messages.push((time, vec![0x90 | random.channel(), 60, 90]));
            }
            messages.extend(random.next().into_iter().map(|message| (time, message)));
        }
        let Some(mut difference) = differs(&mut rig, &pin, &messages, &expected) else {
            continue;
        };
        // What is not needed for it is left out.
        for at in (0..messages.len()).rev() {
            let mut fewer = messages.clone();
            fewer.remove(at);
            if let Some(still) = differs(&mut rig, &pin, &fewer, &expected) {
                (messages, difference) = (fewer, still);
            }
        }
        let said = messages
            .iter()
            .map(|(_, message)| format!("{message:02X?}"));
        panic!(
            "seed {seed}: {difference}, after {}",
            said.collect::<Vec<_>>().join(" ")
        );
    }
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// Random conversations.
const ROUNDS: u64 = 60;
