// SPDX-License-Identifier: MIT OR Apache-2.0
//! The effects' kernels: the same bits on all registers, and what they compute.

use super::portable::Portable;
use super::tests::{Registers, bits};
use super::*;
use proptest::prelude::*;
use std::vec::Vec;

const SPAN: usize = EFFECT_FRAMES + LANES;
const LEAST: f32 = 1e-15;
const ALL: [Registers; 3] = [Registers::Portable, Registers::Native, Registers::Best];

fn vectors(registers: Registers) -> Vectors {
    match registers {
        Registers::Best => Vectors::best(),
        _ => Vectors::default(),
    }
}

/// Samples of all sizes, nothing among them.
fn samples(count: usize) -> impl Strategy<Value = Vec<f32>> {
    let sample = prop_oneof![8 => -1.0f32..1.0, 1 => -1e-14f32..1e-14, 1 => Just(0.0f32)];
    prop::collection::vec(sample, count)
}

fn slope(most: f32) -> impl Strategy<Value = Slope> {
    (0.0..most, -0.03f32..0.03).prop_map(|(from, step)| Slope { from, step })
}

fn block(samples: &[f32]) -> [f32; EFFECT_FRAMES] {
    *samples.first_chunk().unwrap()
}

proptest! {
    #[test]
    fn all_passes_give_the_same(
        past in samples(4 * EFFECT_FRAMES),
        input in samples(EFFECT_FRAMES),
        gains in prop::array::uniform4(0.3f32..0.8),
        feedback in any::<bool>(),
        frames in 1usize..=32,
    ) {
        let play = |registers| {
            let mut next = [[0.0; EFFECT_FRAMES]; 4];
            let mut x = block(&input);
            let lines = std::array::from_fn::<_, 4, _>(|i| block(&past[EFFECT_FRAMES * i..]));
            let [a, b, c, d] = &mut next;
            let [e, f, g, h] = &lines;
            let passes = AllPasses { lines: [(e, a), (f, b), (g, c), (h, d)], gains, feedback, least: LEAST };
            match registers {
                Registers::Portable => reverb::diffuse::<Portable, 4>(passes, &mut x, frames),
                other => diffuse(vectors(other), passes, &mut x, frames),
            }
            let next = next.map(|next| bits(&next[..frames]));
            (bits(&x[..frames]), next, x, lines)
        };
        let (out, next, x, lines) = play(Registers::Portable);
        for registers in ALL {
            let (other, others, ..) = play(registers);
            prop_assert_eq!(&other, &out);
            prop_assert_eq!(&others, &next);
        }
        // An all-pass is y = d + g v with v = x - g d.
        for n in 0..frames {
            let mut y = f64::from(input[n]);
            for (line, gain) in lines.iter().zip(gains) {
                let (d, gain) = (f64::from(line[n]), f64::from(gain));
                let kept = y - if feedback { gain * d } else { 0.0 };
                y = d + gain * kept;
            }
            prop_assert!((f64::from(x[n]) - y).abs() < 1e-5, "{} and {y}", x[n]);
        }
    }

    #[test]
    fn networks_give_the_same(
        past in samples(8 * SPAN),
        input in samples(EFFECT_FRAMES),
        low in samples(8),
        parts in prop::array::uniform8(slope(1.0)),
        damping in prop::array::uniform8(-0.4f32..0.9),
        loss in prop::array::uniform8(0.0f32..0.35),
        gain in slope(1.0),
        offset in 0usize..32,
        frames in 1usize..=32,
    ) {
        let frames = frames.min(EFFECT_FRAMES - offset);
        let lines = std::array::from_fn::<[f32; SPAN], 8, _>(|i| *past[SPAN * i..].first_chunk().unwrap());
        let play = |registers| {
            let mut next = [[0.0; EFFECT_FRAMES]; 8];
            let mut sides = [[0.25; EFFECT_FRAMES], [0.5; EFFECT_FRAMES]];
            let mut states = [Lanes(*low.first_chunk().unwrap()), Lanes(*low.last_chunk().unwrap())];
            let input = block(&input);
            let [a, b, c, d, e, f, g, h] = &mut next;
            let [i, j, k, l, m, n, o, p] = &lines;
            let [left, right] = &mut sides;
            let work = Network {
                lines: [(i, a), (j, b), (k, c), (l, d), (m, e), (n, f), (o, g), (p, h)],
                parts, damping, low: &mut states, loss, input: &input, input_gain: 0.5,
                sides: [left, right], gain, offset, frames, least: LEAST,
            };
            let peak = match registers {
                Registers::Portable => reverb::run::<Portable>(work),
                other => network(vectors(other), work),
            };
            let next = next.map(|next| bits(&next[..frames]));
            let heard = sides.map(|side| bits(&side[..frames]));
            (next, heard, bits(states.map(|state| state.0).as_flattened()), peak.to_bits(), sides)
        };
        let (next, heard, states, peak, sides) = play(Registers::Portable);
        for registers in ALL {
            let (a, b, c, d, _) = play(registers);
            prop_assert_eq!((&a, &b, &c, d), (&next, &heard, &states, peak));
        }
        // The same as one would write it down: both sides are rows of a Hadamard matrix.
        let mut state: Vec<f64> = low.iter().map(|&x| f64::from(x)).collect();
        for n in 0..frames {
            let time = (offset + n) as f64;
            let at = |slope: Slope| f64::from(slope.from) + f64::from(slope.step) * time;
            for (i, state) in state.iter_mut().enumerate() {
                let [old, new] = [lines[i][n], lines[i][n + 1]].map(f64::from);
                let x = new + at(parts[i]) * (old - new);
                let keep = f64::from(damping[i]);
                *state = keep * *state + (1.0 - keep) * x;
            }
            // Signs of the second row alternate, those of the third in pairs.
            for (side, (row, before)) in sides.iter().zip([(1usize, 0.25), (2, 0.5)]) {
                let sum: f64 = state.iter().enumerate()
                    .map(|(i, x)| if (i & row).count_ones() % 2 == 1 { -x } else { *x })
                    .sum();
                let wanted = before + sum * at(gain);
                prop_assert!((f64::from(side[n]) - wanted).abs() < 1e-4, "{} and {wanted}", side[n]);
            }
        }
    }

    #[test]
    fn taps_give_the_same_and_follow_a_parabola(
        ring in samples(256),
        at in 0usize..256,
        delays in prop::array::uniform2((36.0f32..180.0, prop_oneof![-0.02f32..0.02, -1.0f32..1.0])),
        offset in 0usize..32,
        frames in 1usize..=32,
    ) {
        let frames = frames.min(EFFECT_FRAMES - offset);
        let delays = delays.map(|(from, step)| {
            // Within the ring for the whole tick.
            let from = if step < 0.0 { from + 32.0 } else { from };
            Slope { from, step }
        });
        let play = |registers, ring: &[f32; 256 + SPAN]| {
            let work = Taps { ring, length: 256, at, delays, offset, frames };
            let mut out = [[0.0; EFFECT_FRAMES]; 2];
            match registers {
                Registers::Portable => chorus::read::<Portable, _>(&work, &mut out),
                other => taps(vectors(other), &work, &mut out),
            }
            out
        };
        let cut = |out: [[f32; EFFECT_FRAMES]; 2]| out.map(|out| bits(&out[..frames]));
        let ring: [f32; 256 + SPAN] = std::array::from_fn(|i| ring[i % 256]);
        let wanted = cut(play(Registers::Portable, &ring));
        for registers in ALL {
            prop_assert_eq!(&cut(play(registers, &ring)), &wanted);
        }
        // Frame n of the block was written at time n; the ring holds what was before.
        let parabola = |time: f64| 1e-4 * (time + 100.0) * (time + 100.0);
        let ring: [f32; 256 + SPAN] = std::array::from_fn(|i| {
            let before = (at + 511 - i % 256) % 256 + 1;
            parabola(-(before as f64)) as f32
        });
        for registers in ALL {
            let out = play(registers, &ring);
            for (out, delay) in out.iter().zip(delays) {
                for (n, x) in out.iter().enumerate().take(frames) {
                    let delay = delay.from + delay.step * (offset + n) as f32;
                    let wanted = parabola(n as f64 - f64::from(delay));
                    prop_assert!((f64::from(*x) - wanted).abs() < 1e-4, "{n}: {x}, not {wanted}");
                }
            }
        }
    }

    #[test]
    fn choruses_give_the_same(
        all in samples(6 * EFFECT_FRAMES),
        feedback in slope(0.9),
        gain in slope(1.0),
        to_reverb in prop_oneof![Just(Slope::ZERO), slope(1.0)],
        offset in 0usize..32,
        frames in 1usize..=32,
    ) {
        let frames = frames.min(EFFECT_FRAMES - offset);
        let play = |registers| {
            let [a, b, input, mut left, mut right, mut to] = std::array::from_fn(|i| block(&all[EFFECT_FRAMES * i..]));
            let mut next = [0.0; EFFECT_FRAMES];
            let (heard, reverb) = ([a, b], &mut to);
            let work = Wet {
                taps: &heard, input: &input, feedback, next: &mut next, gain, sides: [&mut left, &mut right],
                to_reverb, reverb, offset, frames, least: LEAST,
            };
            let peak = match registers {
                Registers::Portable => chorus::run::<Portable>(work),
                other => wet(vectors(other), work),
            };
            ([next, left, right, to].map(|out| bits(&out[..frames])), peak.to_bits())
        };
        let wanted = play(Registers::Portable);
        // What is fed back and both taps count, up to the last frame.
        let (outs, peak) = &wanted;
        let taps = all[..2 * EFFECT_FRAMES].chunks(EFFECT_FRAMES).flat_map(|tap| &tap[..frames]).map(|x| x.abs());
        let fed = outs[0].iter().map(|x| f32::from_bits(*x).abs());
        prop_assert_eq!(f32::from_bits(*peak), taps.chain(fed).fold(0.0, f32::max));
        for registers in ALL {
            prop_assert_eq!(&play(registers), &wanted);
        }
    }

    #[test]
    fn gates_give_the_same(bits_in in prop::collection::vec(any::<u32>(), 0..=32), near in samples(32)) {
        let gate = Gate { floor: 1e-7, ceiling: 1024.0 };
        let wild: Vec<f32> = bits_in.iter().map(|x| f32::from_bits(*x)).collect();
        for bus in [&wild, &near] {
            let play = |registers| {
                let mut out = [7.0; EFFECT_FRAMES];
                let peak = match registers {
                    Registers::Portable => chorus::take::<Portable>(gate, bus, &mut out),
                    other => take(vectors(other), gate, bus, &mut out),
                };
                (bits(&out), peak.to_bits())
            };
            let (out, peak) = play(Registers::Portable);
            for registers in ALL {
                prop_assert_eq!(&play(registers), &(out.clone(), peak));
            }
            let wanted: Vec<f32> = bus.iter()
                .map(|&x| if x.abs() >= 1e-7 { x.clamp(-1024.0, 1024.0) } else { 0.0 })
                .chain(std::iter::repeat(0.0)).take(EFFECT_FRAMES).collect();
            prop_assert_eq!(&out, &bits(&wanted));
            prop_assert_eq!(f32::from_bits(peak), wanted.iter().fold(0.0f32, |m, x| m.max(x.abs())));
        }
    }
}
