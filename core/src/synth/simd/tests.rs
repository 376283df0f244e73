// SPDX-License-Identifier: MIT OR Apache-2.0
//! The native kernels against the portable twin, bit by bit.

use super::portable::Portable;
use super::*;
use crate::synth::sinc::Kernels;
use proptest::prelude::*;
use std::vec::Vec;

fn lanes() -> impl Strategy<Value = Lanes> {
    prop::array::uniform4(-1.0f32..1.0).prop_map(Lanes)
}

fn lane_state() -> impl Strategy<Value = LaneState> {
    let lane = || lanes();
    (
        (lane(), lane(), 0.0f32..1.0, lane()),
        (lane(), lane(), any::<bool>(), any::<bool>()),
    )
        .prop_map(|((left, right, e, k), (y, d, filtered, moving))| {
            let step = |x: Lanes| {
                if moving {
                    x * Lanes::splat(1e-3)
                } else {
                    Lanes::ZERO
                }
            };
            LaneState {
                y: y * Lanes::splat(1e9),
                d: d * Lanes::splat(1e8),
                e: Lanes::splat(e),
                b2: Lanes([0.0, 0.3, 0.9, 0.99]),
                k,
                e_step: step(Lanes::splat(1e-3)),
                b2_step: step(Lanes([1e-3; 4])),
                k_step: step(k),
                left,
                right,
                left_step: step(right),
                right_step: step(left),
                filtered,
                moving,
            }
        })
}

/// Every number of a state.
fn bits(lane_state: &LaneState) -> Vec<u32> {
    let LaneState { y, d, e, b2, k, .. } = lane_state;
    [y, d, e, b2, k, &lane_state.left, &lane_state.right]
        .iter()
        .flat_map(|lanes| lanes.0.map(f32::to_bits))
        .collect()
}

fn frames() -> impl Strategy<Value = Vec<i16>> {
    prop_oneof![
        prop::collection::vec(any::<i16>(), 400),
        // Full scale of changing sign: the largest sums.
        prop::collection::vec(prop_oneof![Just(i16::MIN), Just(i16::MAX)], 400),
    ]
}

proptest! {
    #[test]
    fn native_and_portable_agree(
        frames in frames(),
        lane_state in lane_state(),
        positions in prop::array::uniform4((7u64 << 32)..(20 << 32)),
        steps in prop::array::uniform4(0u64..(10 << 32)),
        count in 1usize..=32,
        cutoffs in prop::array::uniform4(0u8..7),
        (kind, odd, keep) in (0..3, any::<bool>(), any::<bool>()),
    ) {
        let kernels = kernels();
        let tables = match kind {
            0 => Tables::Linear,
            1 => Tables::Sinc8(cutoffs.map(|c| kernels.eight(c).unwrap())),
            _ => Tables::Sinc16(cutoffs.map(|c| kernels.sixteen(c).unwrap())),
        };
        let play = |native: bool| {
            let mut lane_state = lane_state.clone();
            let mut readers = [0, 1, 2, 3].map(|i| Reader {
                frames: &frames[..],
                position: positions[i],
                step: steps[i],
            });
            let mut buses = [[Lanes::splat(0.25); 32]; 3];
            let [left, right, voices] = &mut buses;
            let output = Output {
                left: &mut left[..count],
                right: &mut right[..count],
                voices: keep.then_some(&mut voices[..count]),
            };
            let done = if native {
                render_on::<Native>(&mut readers, tables, &mut lane_state, odd, output)
            } else {
                render_on::<Portable>(&mut readers, tables, &mut lane_state, odd, output)
            };
            let mix: Vec<u32> = buses
                .iter()
                .flatten()
                .flat_map(|lanes| lanes.0.map(f32::to_bits))
                .collect();
            (done, readers.map(|r| r.position), bits(&lane_state), mix)
        };
        prop_assert_eq!(play(true), play(false));
    }

    #[test]
    fn a_reader_that_would_leave_its_frames_renders_nothing(
        length in 0usize..64,
        position in 0u64..(80 << 32),
        step in prop_oneof![0u64..(4 << 32), Just(u64::MAX), Just(1 << 62)],
        count in 1usize..=32,
        kind in 0..3,
    ) {
        let kernels = kernels();
        let (tables, before, after) = match kind {
            0 => (Tables::Linear, 0, 1),
            1 => (Tables::Sinc8([kernels.eight(0).unwrap(); 4]), 3, 4),
            _ => (Tables::Sinc16([kernels.sixteen(0).unwrap(); 4]), 7, 8),
        };
        let frames = std::vec![1i16; length];
        let mut readers = [Reader { frames: &frames, position, step }; 4];
        let mut buses = [[Lanes::ZERO; 32]; 2];
        let [left, right] = &mut buses;
        let output = Output { left: &mut left[..count], right: &mut right[..count], voices: None };
        let done = render(&mut readers, tables, &mut LaneState::default(), false, output);
        let inside = step <= 1 << 46 && (0..count as u128).all(|i| {
            let index = (u128::from(position) + i * u128::from(step)) >> 32;
            index >= before && index + after < length as u128
        });
        prop_assert_eq!(done, inside);
        if !done {
            prop_assert_eq!(readers[0].position, position);
        }
    }
}

/// The tables take a while.
fn kernels() -> &'static Kernels {
    static KERNELS: std::sync::OnceLock<Kernels> = std::sync::OnceLock::new();
    KERNELS.get_or_init(|| Kernels::new().unwrap())
}

proptest! {
    #[test]
    fn pcm_is_rounded_the_same(bits in prop::array::uniform8(any::<u32>()), near in prop::array::uniform8(-1.1f32..1.1)) {
        for samples in [bits.map(f32::from_bits), near] {
            prop_assert_eq!(Native::pcm(&samples), Portable::pcm(&samples));
        }
    }
}

#[test]
fn pcm_rounds_to_nearest_and_clips() {
    const LSB: f32 = 1.0 / 32768.0;
    let samples = [
        0.0,
        -0.0,
        0.5 * LSB,
        -0.5 * LSB,
        1.4 * LSB,
        -1.6 * LSB,
        1.0,
        -1.0,
    ];
    assert_eq!(pcm(&samples), [0, 0, 1, -1, 1, -2, 32767, -32768]);
    let wild = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        1e30,
        -1e30,
        1e-30,
        0.99999,
        -1.1,
    ];
    assert_eq!(
        pcm(&wild),
        [0, 32767, -32768, 32767, -32768, 0, 32767, -32768]
    );
}

proptest! {
    #[test]
    fn small_numbers_go_the_same(bits in prop::array::uniform4(any::<u32>()), least in 0.0f32..1.0) {
        let x = Lanes(bits.map(f32::from_bits));
        let wanted = Portable::without_small(x.0, least);
        prop_assert_eq!(without_small(x, least).0.map(f32::to_bits), wanted.map(f32::to_bits));
    }
}

proptest! {
    #[test]
    fn numbers_are_split_the_same(x in prop::array::uniform4(-1.0e9f32..1.0e9), small in prop::array::uniform4(0.0f32..8192.0)) {
        for x in [x, small].map(Lanes) {
            let (whole, rest) = split(x);
            let (portable, left) = split_on::<Portable>(x);
            prop_assert_eq!(whole, portable);
            prop_assert_eq!(rest, left);
            for ((x, whole), rest) in x.0.into_iter().zip(whole).zip(rest.0) {
                prop_assert_eq!((whole as f32, rest), (x.trunc(), x - x.trunc()));
            }
        }
    }
}
