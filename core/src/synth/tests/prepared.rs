// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was prepared for the voices of a channel holds no longer than the channel stays as it is.

use super::sequencing::{busy, rich};
use super::*;

/// Messages that reach a channel by another way than its own controllers.
const SYSTEM: [&[u8]; 14] = [
    // GM, GM2, GS, XG: everything back to power-on.
    &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7],
    &[0xF0, 0x7E, 0x7F, 9, 3, 0xF7],
    &[0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0, 0x7F, 0, 0x41, 0xF7],
    &[0xF0, 0x43, 0x10, 0x4C, 0, 0, 0x7E, 0, 0xF7],
    // GS: pan, send and vibrato depth of part 1; the scale of part 2.
    &[
        0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0x1C, 0x10, 0x03, 0xF7,
    ],
    &[
        0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0x22, 0x70, 0x1D, 0xF7,
    ],
    &[
        0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0x31, 0x60, 0x1E, 0xF7,
    ],
    &[
        0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x12, 0x40, 0x20, 0x4E, 0xF7,
    ],
    // XG: attack and decay time, brightness of part 1.
    &[0xF0, 0x43, 0x10, 0x4C, 8, 0, 0x1A, 0x70, 0xF7],
    &[0xF0, 0x43, 0x10, 0x4C, 8, 0, 0x1B, 0x20, 0xF7],
    &[0xF0, 0x43, 0x10, 0x4C, 8, 0, 0x18, 0x20, 0xF7],
    // Master fine and coarse tuning, balance.
    &[0xF0, 0x7F, 0x7F, 4, 3, 0, 0x50, 0xF7],
    &[0xF0, 0x7F, 0x7F, 4, 4, 0, 0x43, 0xF7],
    &[0xF0, 0x7F, 0x7F, 4, 2, 0, 0x10, 0xF7],
];

/// A channel that anybody may have changed is prepared for anew: so is here every channel before each message, beside a synthesizer that
/// knows by itself. Not a bit differs.
#[test]
fn what_was_prepared_is_never_old() {
    let mut notes = 0;
    for seed in 0..40 {
        let mut random = Random(seed);
        let (mut knows, mut anew) = (rich(), rich());
        for (_, message) in busy(seed) {
            let message = match random.below(12) {
                0 => SYSTEM[random.below(SYSTEM.len() as u64) as usize].to_vec(),
                // A drum's NRPN, or the AWE32's.
                1 => std::vec![0xB9, 99, [0x14, 0x18, 0x1C, 127][random.below(4) as usize]],
                2 => std::vec![0xB9, 6, random.below(128) as u8],
                _ => message,
            };
            for part in 0..16 {
                anew.channel_mut(SYNTH, part).unwrap();
            }
            send(&mut knows, &message);
            send(&mut anew, &message);
            let frames = random.below(120) as usize;
            let [a, b] = [&mut knows, &mut anew].map(|synth| render(synth, frames));
            assert!(a == b, "seed {seed}: {message:x?}");
            notes += usize::from(knows.voices() > 0);
        }
    }
    assert!(notes > 10_000, "{notes}");
}

/// Another articulation is another one, wherever it lies: a bank comes and goes, and its notes sound as in a synthesizer that had no other.
#[test]
fn an_articulation_that_comes_later_is_another_one() {
    let bank = |db: f64| {
        let (wave, info) = dc();
        let quieter = articulation(&[set(Destination::Gain, decibel(db))]);
        std::vec![region(&wave, info, &quieter)]
    };
    let mut synth = synth_with(8, 48_000, bank(0.0));
    for turn in 0..50 {
        let level = -f64::from(turn % 5);
        // The old port goes, and its articulation with it; the new one may lie where that was.
        let old = synth.attach(SYNTH, port_with(bank(level)));
        drop(old);
        send(&mut synth, &[0xB0, 7, 127]);
        send(&mut synth, &[0x90, 60, 127]);
        let out = left(&render(&mut synth, 2048));
        let mut alone = synth_with(8, 48_000, bank(level));
        send(&mut alone, &[0x90, 60, 127]);
        near(out[2047], left(&render(&mut alone, 2048))[2047], 1e-6);
        synth.detach(SYNTH);
        render(&mut synth, 256);
        while let Some(retired) = synth.take_retired() {
            drop(retired);
        }
    }
}
