// SPDX-License-Identifier: MIT OR Apache-2.0
//! The native kernels against the portable twin, bit by bit.

use super::portable::Portable;
use super::*;
use crate::synth::sinc::Kernels;
use proptest::prelude::*;
use std::vec::Vec;

/// What to run on.
#[derive(Clone, Copy)]
pub enum Registers {
    Best,
    Native,
    Portable,
}

/// Filters: state, coefficients, and whether these move.
fn filters() -> impl Strategy<Value = ([FilterState; 16], bool)> {
    let number = || -1.0f32..1.0;
    let one = (
        number(),
        number(),
        0.0f32..1.0,
        prop_oneof![Just(0.0f32), 0.3f32..0.99],
        number(),
        number(),
    );
    (prop::collection::vec(one, 16), any::<bool>()).prop_map(|(all, moves)| {
        let mut filters = [FilterState::REST; 16];
        for (filter, (y, d, e, b2, k, change)) in filters.iter_mut().zip(all) {
            let change = if moves { 1e-3 * change } else { 0.0 };
            filter.set_state([y * 1e9, d * 1e8]);
            filter.set([e, b2, k], [change, 0.1 * change, -change]);
        }
        (filters, moves)
    })
}

fn gains() -> impl Strategy<Value = [Gains; MIXED]> {
    let step = prop_oneof![
        Just(Lanes::ZERO),
        prop::array::uniform4(-1.0f32..1.0).prop_map(Lanes)
    ];
    let one = (prop::array::uniform4(-1.0f32..1.0), step, 0u32..40);
    let gains = one.prop_map(|(from, step, passed)| Gains {
        from: Lanes(from),
        step,
        passed,
    });
    prop::array::uniform4(gains)
}

fn blocks_of(samples: &[f32]) -> [Block; MIXED] {
    [0, 1, 2, 3].map(|i| block_of(&samples[32 * i..][..32]))
}

fn block_of(samples: &[f32]) -> Block {
    let mut block = Block::ZERO;
    block.all()[..samples.len()].copy_from_slice(samples);
    block
}

pub fn bits(samples: &[f32]) -> Vec<u32> {
    samples.iter().map(|x| x.to_bits()).collect()
}

/// Every number of a filter.
fn numbers(filter: &FilterState) -> Vec<u32> {
    [
        &filter.state()[..],
        &filter.coefficients(),
        &filter.change(),
    ]
    .concat()
    .iter()
    .map(|x| x.to_bits())
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
    fn native_and_portable_read_the_same(
        frames in frames(),
        position in (7u64 << 32)..(20 << 32),
        step in 0u64..(10 << 32),
        at in 0usize..32,
        count in 1usize..=32,
        cutoff in 0u8..7,
        kind in 0..3,
    ) {
        let table = table(kind, cutoff);
        let reader = Reader { frames: &frames, position, step };
        let play = |registers| {
            let mut block = Block([[0.25; 4]; 9]);
            let done = match registers {
                Registers::Best => fetch(Vectors::best(), reader, table, &mut block, at, count),
                Registers::Native => fetch(Vectors::default(), reader, table, &mut block, at, count),
                Registers::Portable => fetch_on::<Portable>(reader, table, &mut block, at, count),
            };
            (done, bits(block.all()))
        };
        prop_assert_eq!(play(Registers::Best), play(Registers::Portable));
        prop_assert_eq!(play(Registers::Native), play(Registers::Portable));
    }

    /// A frame is the same whatever is read with it.
    #[test]
    fn frames_are_read_alone(frames in frames(), step in 0u64..(4 << 32), count in 1usize..=32, kind in 0..3) {
        let table = table(kind, 0);
        let mut together = Block::ZERO;
        let reader = |position| Reader { frames: &frames, position, step };
        let done = fetch(Vectors::best(), reader(9 << 32), table, &mut together, 0, count);
        prop_assert!(done);
        for i in 0..count {
            let mut alone = Block::ZERO;
            let position = (9 << 32) + step * i as u64;
            let done = fetch(Vectors::best(), reader(position), table, &mut alone, 0, 1);
            prop_assert!(done);
            prop_assert_eq!(alone.first(1)[0].to_bits(), together.first(count)[i].to_bits());
        }
    }

    #[test]
    fn native_and_portable_filter_the_same(
        (filters, moves) in filters(),
        samples in prop::collection::vec(-1e9f32..1e9, 16 * 32),
        odd in any::<bool>(),
        count in 1usize..=32,
    ) {
        let play = |registers, groups: usize| {
            let mut filters = filters;
            let mut blocks: Vec<Block> = samples.chunks(32).map(block_of).collect();
            let (blocks_of_eight, _) = blocks.as_chunks_mut::<8>();
            let (filters_of_eight, _) = filters.as_chunks_mut::<8>();
            let ([a, b], [c, d]) = (blocks_of_eight, filters_of_eight) else { unreachable!() };
            let (eights, states) = ([a.each_mut(), b.each_mut()], [c.each_mut(), d.each_mut()]);
            let vectors = match registers {
                Registers::Best => Vectors::best(),
                _ => Vectors::default(),
            };
            match (registers, groups) {
                (Registers::Portable, _) => filter_on::<Portable, 2>(eights, states, moves, odd, count),
                (_, 2) => filter(vectors, eights, states, moves, odd, count),
                _ => {
                    for (eight, states) in eights.into_iter().zip(states) {
                        filter(vectors, [eight], [states], moves, odd, count);
                    }
                }
            }
            let out: Vec<_> = blocks.iter().map(|block| bits(block.first(count))).collect();
            (out, filters.each_ref().map(numbers))
        };
        let wanted = play(Registers::Portable, 2);
        for groups in [1, 2] {
            prop_assert_eq!(&play(Registers::Native, groups), &wanted);
            prop_assert_eq!(&play(Registers::Best, groups), &wanted);
        }
    }

    /// A cut between two calls changes nothing.
    #[test]
    fn filters_and_gains_may_be_cut(
        (filters, moves) in filters(),
        gains in gains(),
        samples in prop::collection::vec(-1e9f32..1e9, 8 * 32),
        cut in 1usize..32,
    ) {
        let eight: [FilterState; 8] = *filters.first_chunk().unwrap();
        let play = |lengths: &[usize]| {
            let (mut filters, mut gains) = (eight, gains);
            let mut out = [const { Vec::new() }; 4];
            let mut at = 0;
            for &length in lengths {
                let mut blocks: Vec<Block> = samples.chunks(32).map(|x| block_of(&x[at..at + length])).collect();
                let ([eight], _) = blocks.as_chunks_mut::<8>() else { unreachable!() };
                filter(Vectors::best(), [eight.each_mut()], [filters.each_mut()], moves, at % 2 == 1, length);
                let mut buses = [Block::ZERO; 3];
                let [left, right, reverb] = &mut buses;
                mix(Vectors::best(), blocks.first_chunk().unwrap().each_ref(), gains.each_ref(), &mut [left, right], length);
                send(Vectors::best(), blocks.first_chunk().unwrap().each_ref(), gains.each_ref(), Effect::Reverb, reverb, length);
                let [left, right, reverb] = buses;
                for (out, block) in out.iter_mut().zip([left, right, reverb, blocks[0]]) {
                    out.extend(bits(block.first(length)));
                }
                for gains in &mut gains {
                    gains.passed += length as u32;
                }
                at += length;
            }
            (out, filters.each_ref().map(numbers))
        };
        prop_assert_eq!(play(&[32]), play(&[cut, 32 - cut]));
    }

    #[test]
    fn native_and_portable_mix_the_same(
        gains in gains(),
        samples in prop::collection::vec(-1e9f32..1e9, MIXED * 32),
        count in 1usize..=32,
    ) {
        let blocks = blocks_of(&samples);
        let play = |registers| {
            let mut buses = [Block([[0.25; 4]; 9]), Block([[0.5; 4]; 9]), Block([[0.75; 4]; 9])];
            let [left, right, chorus] = &mut buses;
            let both = &mut [left, right];
            match registers {
                Registers::Portable => {
                    mix_on::<Portable>(blocks.each_ref(), gains.each_ref(), both, count);
                    send_on::<Portable>(blocks.each_ref(), gains.each_ref(), Effect::Chorus, chorus, count);
                }
                Registers::Native => {
                    mix(Vectors::default(), blocks.each_ref(), gains.each_ref(), both, count);
                    send(Vectors::default(), blocks.each_ref(), gains.each_ref(), Effect::Chorus, chorus, count);
                }
                Registers::Best => {
                    mix(Vectors::best(), blocks.each_ref(), gains.each_ref(), both, count);
                    send(Vectors::best(), blocks.each_ref(), gains.each_ref(), Effect::Chorus, chorus, count);
                }
            }
            buses.map(|bus| bits(bus.first(count)))
        };
        let mixed = play(Registers::Portable);
        prop_assert_eq!(&mixed, &play(Registers::Native));
        prop_assert_eq!(&mixed, &play(Registers::Best));
        // One voice after the other is the same.
        let (mut left, mut right) = (Block([[0.25; 4]; 9]), Block([[0.5; 4]; 9]));
        let mut chorus = Block([[0.75; 4]; 9]);
        for (block, line) in blocks.iter().zip(&gains) {
            let (mut alone, mut muted) = ([Block::ZERO; MIXED], [Gains::MUTE; MIXED]);
            (alone[0], muted[0]) = (*block, *line);
            mix(Vectors::best(), alone.each_ref(), muted.each_ref(), &mut [&mut left, &mut right], count);
            send(Vectors::best(), alone.each_ref(), muted.each_ref(), Effect::Chorus, &mut chorus, count);
        }
        prop_assert_eq!(mixed, [left, right, chorus].map(|bus| bits(bus.first(count))));
    }

    #[test]
    fn a_reader_that_would_leave_its_frames_renders_nothing(
        length in 0usize..64,
        position in 0u64..(80 << 32),
        step in prop_oneof![0u64..(4 << 32), Just(u64::MAX), Just(1 << 62)],
        at in 0usize..40,
        count in 1usize..=40,
        kind in 0..3,
    ) {
        let (before, after) = match kind {
            0 => (0, 1),
            1 => (3, 4),
            _ => (7, 8),
        };
        let frames = std::vec![1i16; length];
        let mut block = Block::ZERO;
        let done = fetch(Vectors::best(), Reader { frames: &frames, position, step }, table(kind, 0), &mut block, at, count);
        let inside = step <= 1 << 46 && (0..count as u128).all(|i| {
            let index = (u128::from(position) + i * u128::from(step)) >> 32;
            index >= before && index + after < length as u128
        });
        prop_assert_eq!(done, inside && at + count.next_multiple_of(4) <= 36);
        if !done {
            prop_assert_eq!(block.all(), &[0.0; 36][..]);
        }
    }
}

fn table(kind: i32, cutoff: u8) -> Table<'static> {
    match kind {
        0 => Table::Linear,
        1 => Table::Sinc8(kernels().eight(cutoff).unwrap()),
        _ => Table::Sinc16(kernels().sixteen(cutoff).unwrap()),
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
