// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random songs.

use super::Life;
use super::bank::Plan;
use arioso_core::synth::Interpolation;

const TICK: u64 = 32;

/// What a life's head means.
#[derive(Clone, Debug)]
pub struct Setting {
    pub rate: u32,
    pub voices: u16,
    pub groups: u16,
    pub interpolation: Interpolation,
    pub reverb: bool,
    pub chorus: bool,
    /// Nobody takes what the renderer lets go of, until the end.
    pub hoards: bool,
    /// For the other partition of time.
    pub seed: u64,
}

impl Setting {
    pub fn of(life: &Life) -> Self {
        let [a, b, c, _, d, e, f, g] = life.head;
        let kinds = [
            Interpolation::Linear,
            Interpolation::Sinc8,
            Interpolation::Sinc16,
        ];
        Self {
            rate: [8_000, 8_000, 22_050, 48_000][usize::from(a & 3)],
            interpolation: kinds[usize::from(a >> 2) % 3],
            voices: [1, 2, 3, 4, 8, 16, 32][usize::from(b) % 7],
            groups: 1 + u16::from(c & 1),
            hoards: c >> 4 == 0,
            reverb: d & 7 == 0,
            chorus: d & 0x38 == 0,
            seed: u64::from(e) | u64::from(f) << 8 | u64::from(g) << 16,
        }
    }
}

/// What happens at an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Channel group and message.
    Send(u16, Vec<u8>),
    On {
        group: u16,
        channel: u8,
        key: u8,
        velocity: u8,
    },
    /// One of the keys that are down.
    Off(u8),
    Groups(u16),
    Effects {
        reverb: bool,
        chorus: bool,
    },
    Quality(Interpolation),
    Volume(i32),
    /// Another copy of the bank.
    Bank,
}

/// Times that an event may be tied to.
#[derive(Clone, Copy, Default)]
pub struct Marks {
    pub now: u64,
    pub last_on: u64,
    pub last_off: u64,
}

/// When an event comes.
pub fn time(event: &[u8; super::EVENT], plans: &[Plan], marks: &Marks) -> u64 {
    let [kind, value, ..] = *event;
    let Marks {
        now,
        last_on,
        last_off,
    } = *marks;
    let value = u64::from(value);
    let plan = &plans[value as usize % plans.len()];
    let end = || {
        let ends = plan.ends();
        last_on + ends[(value / 8) as usize % ends.len()]
    };
    let wanted = match kind % 10 {
        0 | 1 => now,
        2 => now + TICK * (1 + value % 8),
        3 => now.next_multiple_of(TICK) + TICK * (value % 4),
        4 | 5 => end(),
        6 => last_off + plan.release(),
        7 => match value % 4 {
            0 => end() + 1,
            1 => end() + TICK,
            2 => end().saturating_sub(1),
            _ => end().saturating_sub(TICK),
        },
        8 => now + 3 * value,
        _ => now + TICK * (value % 40),
    };
    wanted.max(now)
}

const KEYS: [u8; 8] = [36, 48, 55, 60, 61, 64, 67, 84];
const CHANNELS: [u8; 4] = [0, 0, 1, 9];
const CONTROLLERS: [u8; 24] = [
    1, 7, 7, 10, 11, 64, 64, 64, 66, 66, 67, 68, 71, 72, 73, 74, 74, 75, 76, 77, 91, 93, 65, 5,
];

/// What an event does.
pub fn act(event: &[u8; super::EVENT], groups: u16) -> Act {
    let [_, _, kind, a, b, c] = *event;
    let channel = CHANNELS[usize::from(b & 3)];
    let group = 1 + u16::from(b >> 2) % groups;
    let send = |message: &[u8]| Act::Send(group, message.to_vec());
    match kind % 32 {
        13..=17 => Act::Off(a),
        18 | 19 | 25 => {
            let number = CONTROLLERS[usize::from(a) % CONTROLLERS.len()];
            send(&[0xB0 | channel, number, pick_value(c)])
        }
        20 => match a % 8 {
            0 => send(&[0xB0 | channel, 123, 0]),
            1 => send(&[0xB0 | channel, 120, 0]),
            2 => send(&[0xB0 | channel, 121, c & 0x7F]),
            3 | 4 => send(&[0xB0 | channel, 126, 1]),
            5 => send(&[0xB0 | channel, 127, 0]),
            6 => send(&[0xB0 | channel, 84, KEYS[usize::from(c) % 8]]),
            _ => send(&[0xC0 | channel, 0]),
        },
        21 => send(&[0xE0 | channel, 0, c & 0x7F]),
        22 => send(&[0xD0 | channel, c & 0x7F]),
        23 => send(&[0xA0 | channel, KEYS[usize::from(a) % 8], c & 0x7F]),
        24 => match a % 8 {
            // Mono and poly by GS and XG.
            0 | 1 => {
                let part = [0x11, 0x12, 0x10][usize::from(b & 3) % 3];
                let value = c & 1;
                let sum = (0x40 + part + 0x13 + value) & 0x7F;
                let check = (128 - sum) & 0x7F;
                send(&[
                    0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, part, 0x13, value, check, 0xF7,
                ])
            }
            2 | 3 => send(&[0xF0, 0x43, 0x10, 0x4C, 8, channel, 5, c & 1, 0xF7]),
            4 => send(&[0xF0, 0x7F, 0x7F, 4, 1, 0, c & 0x7F, 0xF7]),
            5 => send(&[0xF0, 0x7F, 0x7F, 9, 1, channel, 4, c & 0x7F, 0xF7]),
            6 => send(&[0xF0, 0x7E, 0x7F, 9, 1 + (c & 2), 0xF7]),
            _ => send(&[0xFE]),
        },
        26 => match a % 8 {
            0..=2 => Act::Groups(1 + u16::from(c) % 3),
            3..=5 => Act::Effects {
                reverb: c & 1 != 0,
                chorus: c & 2 != 0,
            },
            6 => Act::Quality(
                [
                    Interpolation::Linear,
                    Interpolation::Sinc8,
                    Interpolation::Sinc16,
                ][usize::from(c) % 3],
            ),
            _ if c & 1 == 0 => Act::Volume(-100 * i32::from(c / 8)),
            _ => Act::Bank,
        },
        _ => Act::On {
            group,
            channel,
            key: KEYS[usize::from(a) % 8],
            velocity: [127, 100, 64, 1][usize::from(c & 3)],
        },
    }
}

/// The ends and the middle of a controller, mostly.
fn pick_value(byte: u8) -> u8 {
    match byte & 7 {
        0 | 1 => 0,
        2 | 3 => 127,
        4 => 64,
        _ => byte >> 1,
    }
}
