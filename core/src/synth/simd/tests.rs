// SPDX-License-Identifier: MIT OR Apache-2.0
//! The native kernels against the portable twin, bit by bit.

use super::portable::Portable;
use super::*;
use crate::synth::oscillator::Interpolation;
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
fn filters() -> impl Strategy<Value = ([FilterState; 24], bool)> {
    let number = || -1.0f32..1.0;
    let one = (
        number(),
        number(),
        0.0f32..1.0,
        prop_oneof![Just(0.0f32), 0.3f32..0.99],
        number(),
        number(),
    );
    (prop::collection::vec(one, 24), any::<bool>()).prop_map(|(all, moves)| {
        let mut filters = [FilterState::REST; 24];
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

fn places_of(samples: &[f32], gains: [Gains; MIXED]) -> [Place; MIXED] {
    let mut places = gains.map(|gains| Place {
        gains,
        ..Place::EMPTY
    });
    for (place, samples) in places.iter_mut().zip(samples.chunks(32)) {
        place.block = block_of(samples);
    }
    places
}

/// What a block holds before is neither read nor kept by chance.
fn filled(x: f32) -> Block {
    let mut block = Block::ZERO;
    block.all().fill(x);
    block
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
        position in positions(),
        step in steps(),
        at in 0usize..32,
        count in 1usize..=32,
        cutoff in 0u8..7,
        kind in interpolations(),
    ) {
        let reader = Reader { frames: &frames, position, step };
        let play = |registers| {
            let mut block = filled(0.25);
            let fetch = Fetch { kind, cutoff, reader, block: &mut block, at, count };
            let done = match registers {
                Registers::Best => on(Vectors::best(), fetch),
                Registers::Native => on(Vectors::default(), fetch),
                Registers::Portable => fetch.run::<Portable>(),
            };
            (done, bits(block.all()))
        };
        prop_assert_eq!(play(Registers::Best), play(Registers::Portable));
        prop_assert_eq!(play(Registers::Native), play(Registers::Portable));
    }

    /// A frame is the same whatever is read with it.
    #[test]
    fn frames_are_read_alone(frames in frames(), step in 0u64..(4 << 32), count in 1usize..=32, kind in interpolations()) {
        let mut together = Block::ZERO;
        let reader = |position| Reader { frames: &frames, position, step };
        let done = fetch(kind, 0, reader(9 << 32), &mut together, 0, count);
        prop_assert!(done);
        for i in 0..count {
            let mut alone = Block::ZERO;
            let position = (9 << 32) + step * i as u64;
            let done = fetch(kind, 0, reader(position), &mut alone, 0, 1);
            prop_assert!(done);
            prop_assert_eq!(alone.first(1)[0].to_bits(), together.first(count)[i].to_bits());
        }
    }

    #[test]
    fn native_and_portable_filter_the_same(
        (filters, moves) in filters(),
        samples in prop::collection::vec(-1e9f32..1e9, 24 * 32),
        odd in any::<bool>(),
        count in 1usize..=32,
    ) {
        let play = |registers, groups: usize| {
            let mut places: Vec<Place> = samples.chunks(32).zip(filters).map(|(samples, filter)| {
                Place { block: block_of(samples), filter, ..Place::EMPTY }
            }).collect();
            let (eights, _) = places.as_chunks_mut::<EIGHT>();
            for eights in eights.chunks_mut(groups) {
                match registers {
                    Registers::Portable => filter_on::<Portable>(eights, moves, odd, count),
                    Registers::Native => filter(Vectors::default(), eights, moves, odd, count),
                    Registers::Best => filter(Vectors::best(), eights, moves, odd, count),
                }
            }
            let out = |place: &Place| (bits(place.block.first(count)), numbers(&place.filter));
            places.iter().map(out).collect::<Vec<_>>()
        };
        let wanted = play(Registers::Portable, 1);
        for groups in [1, 2, 3] {
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
                let mut places = [Place::EMPTY; EIGHT];
                for ((place, samples), filter) in places.iter_mut().zip(samples.chunks(32)).zip(filters) {
                    (place.block, place.filter) = (block_of(&samples[at..at + length]), filter);
                }
                for (place, gains) in places.iter_mut().zip(gains) {
                    place.gains = gains;
                }
                let mut eights = [places];
                filter(Vectors::best(), &mut eights, moves, at % 2 == 1, length);
                let [places] = eights;
                let mut buses = [Block::ZERO; 3];
                let [left, right, reverb] = &mut buses;
                mix(Vectors::best(), places.first_chunk().unwrap(), Pair::Dry, &mut [left, right], length);
                send(Vectors::best(), places.first_chunk().unwrap(), Effect::Reverb, reverb, length);
                let [left, right, reverb] = buses;
                for (out, block) in out.iter_mut().zip([left, right, reverb, places[0].block]) {
                    out.extend(bits(block.first(length)));
                }
                filters = places.map(|place| place.filter);
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
        let places = places_of(&samples, gains);
        let play = |registers| {
            let mut buses = [0.25, 0.5, 0.75].map(filled);
            let [left, right, chorus] = &mut buses;
            let both = &mut [left, right];
            match registers {
                Registers::Portable => {
                    mix_on::<Portable>(&places, Pair::Dry, both, count);
                    send_on::<Portable>(&places, Effect::Chorus, chorus, count);
                }
                Registers::Native => {
                    mix(Vectors::default(), &places, Pair::Dry, both, count);
                    send(Vectors::default(), &places, Effect::Chorus, chorus, count);
                }
                Registers::Best => {
                    mix(Vectors::best(), &places, Pair::Dry, both, count);
                    send(Vectors::best(), &places, Effect::Chorus, chorus, count);
                }
            }
            buses.map(|bus| bits(bus.first(count)))
        };
        let mixed = play(Registers::Portable);
        prop_assert_eq!(&mixed, &play(Registers::Native));
        prop_assert_eq!(&mixed, &play(Registers::Best));
        // One voice after the other is the same.
        let (mut left, mut right) = (filled(0.25), filled(0.5));
        let mut chorus = filled(0.75);
        for place in places {
            let mut alone = [Place::EMPTY; MIXED];
            alone[0] = place;
            mix(Vectors::best(), &alone, Pair::Dry, &mut [&mut left, &mut right], count);
            send(Vectors::best(), &alone, Effect::Chorus, &mut chorus, count);
        }
        prop_assert_eq!(mixed, [left, right, chorus].map(|bus| bits(bus.first(count))));
        // Both effects together are the same as one after the other.
        for vectors in [Vectors::default(), Vectors::best()] {
            let mut together = [0.5, 0.75].map(filled);
            let mut apart = [0.5, 0.75].map(filled);
            let [reverb, chorus] = &mut together;
            mix(vectors, &places, Pair::Effects, &mut [reverb, chorus], count);
            let [reverb, chorus] = &mut apart;
            send(vectors, &places, Effect::Reverb, reverb, count);
            send(vectors, &places, Effect::Chorus, chorus, count);
            prop_assert_eq!(
                together.map(|bus| bits(bus.first(count))),
                apart.map(|bus| bits(bus.first(count)))
            );
        }
    }

    #[test]
    fn a_reader_that_would_leave_its_frames_renders_nothing(
        length in 0usize..64,
        position in 0u64..(80 << 32),
        step in prop_oneof![0u64..(4 << 32), Just(u64::MAX), Just(1 << 62)],
        at in 0usize..40,
        count in 1usize..=40,
        kind in interpolations(),
    ) {
        let (before, after) = match kind {
            Interpolation::Linear => (0, 1),
            Interpolation::Sinc8 => (3, 4),
            Interpolation::Sinc16 => (7, 8),
        };
        let frames = std::vec![1i16; length];
        let mut block = Block::ZERO;
        let done = fetch(kind, 0, Reader { frames: &frames, position, step }, &mut block, at, count);
        let inside = step <= 1 << 46 && (0..count as u128).all(|i| {
            let index = (u128::from(position) + i * u128::from(step)) >> 32;
            index >= before && index + after < length as u128
        });
        prop_assert_eq!(done, inside && at + count.next_multiple_of(8) <= FRAMES + 8);
        if !done {
            prop_assert_eq!(block.all(), &[0.0; FRAMES + 8][..]);
        }
    }
}

/// Reads a stretch with some interpolator.
struct Fetch<'a> {
    kind: Interpolation,
    cutoff: u8,
    reader: Reader<'a>,
    block: &'a mut Block,
    at: usize,
    count: usize,
}

impl Task for Fetch<'_> {
    type Out = bool;

    #[inline(always)]
    fn run<A: Arch>(self) -> bool {
        match self.kind {
            Interpolation::Linear => self.with::<A, Linear>(),
            Interpolation::Sinc8 => self.with::<A, Sinc8>(),
            Interpolation::Sinc16 => self.with::<A, Sinc16>(),
        }
    }
}

impl Fetch<'_> {
    #[inline(always)]
    fn with<A: Arch, T: Interpolator<'static>>(self) -> bool {
        let taps = T::of(kernels(), self.cutoff).unwrap();
        read::<A, T>(taps, self.reader, self.block, self.at, self.count)
    }
}

/// Reads a stretch, as a tone does.
pub fn fetch(
    kind: Interpolation,
    cutoff: u8,
    reader: Reader,
    block: &mut Block,
    at: usize,
    count: usize,
) -> bool {
    on(
        Vectors::best(),
        Fetch {
            kind,
            cutoff,
            reader,
            block,
            at,
            count,
        },
    )
}

/// Of any fraction, and just before a whole frame and on it.
fn positions() -> impl Strategy<Value = u64> {
    let whole = (7u64..20).prop_map(|frame| frame << 32);
    prop_oneof![
        4 => (7u64 << 32)..(20 << 32),
        1 => whole.clone(),
        1 => whole.prop_map(|position| position | u64::from(u32::MAX)),
    ]
}

/// Of any speed, and near whole frames: samples up to two frames apart may be picked out of one register.
fn steps() -> impl Strategy<Value = u64> {
    let near = (0u64..4, 0u64..3);
    prop_oneof![
        2 => 0u64..(10 << 32),
        2 => 0u64..(2 << 32),
        1 => near.prop_map(|(frames, beside)| ((frames << 32) + beside).saturating_sub(1)),
    ]
}

fn interpolations() -> impl Strategy<Value = Interpolation> {
    prop_oneof![
        Just(Interpolation::Linear),
        Just(Interpolation::Sinc8),
        Just(Interpolation::Sinc16)
    ]
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
            prop_assert_eq!(pcm_on::<Native>(&samples), pcm_on::<Portable>(&samples));
        }
    }
}

/// What is written, as numbers.
fn pcm_on<A: Arch>(samples: &[f32; 8]) -> [i16; 8] {
    let mut bytes = [0; 16];
    A::pcm(samples, &mut bytes);
    let (words, _) = bytes.as_chunks();
    std::array::from_fn(|i| i16::from_le_bytes(words[i]))
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
    assert_eq!(
        pcm_on::<Native>(&samples),
        [0, 0, 1, -1, 1, -2, 32767, -32768]
    );
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
        pcm_on::<Native>(&wild),
        [0, 32767, -32768, 32767, -32768, 0, 32767, -32768]
    );
}

/// What is asked of the processor is what the standard library asks.
#[test]
#[cfg(target_arch = "x86_64")]
fn avx2_is_found_where_it_is() {
    assert_eq!(avx2::is_there(), std::is_x86_feature_detected!("avx2"));
}

/// Each bus gets each voice along the line of its gain, if one of all of them moves too.
#[test]
fn voices_are_mixed_along_their_lines() {
    const FROM: [f32; 4] = [0.5, 0.25, 0.125, 0.75];
    const FRAMES: usize = 32;
    let best = [Vectors::default(), Vectors::best()];
    for (vectors, voice, lane) in best
        .iter()
        .flat_map(|v| (0..4).flat_map(move |voice| (0..5).map(move |lane| (*v, voice, lane))))
    {
        let mut gains = [Gains {
            from: Lanes(FROM),
            step: Lanes::ZERO,
            passed: 3,
        }; MIXED];
        if let Some(step) = gains[voice].step.0.get_mut(lane) {
            *step = 0.0625;
        }
        let samples: Vec<f32> = (1..5).flat_map(|x| [x as f32; FRAMES]).collect();
        let places = places_of(&samples, gains);
        let mut buses = [Block::ZERO; 4];
        let [left, right, reverb, chorus] = &mut buses;
        mix(vectors, &places, Pair::Dry, &mut [left, right], FRAMES);
        let mut both = [Block::ZERO; 2];
        let [first, second] = &mut both;
        mix(
            vectors,
            &places,
            Pair::Effects,
            &mut [first, second],
            FRAMES,
        );
        send(vectors, &places, Effect::Reverb, reverb, FRAMES);
        send(vectors, &places, Effect::Chorus, chorus, FRAMES);
        for (one, together) in buses[2..].iter().zip(&both) {
            assert_eq!(bits(one.first(FRAMES)), bits(together.first(FRAMES)));
        }
        for (bus, (block, from)) in buses.iter().zip(FROM).enumerate() {
            for (frame, x) in block.first(FRAMES).iter().enumerate() {
                let moved = if bus == lane {
                    0.0625 * (3 + frame) as f32 * (voice + 1) as f32
                } else {
                    0.0
                };
                let expected = 10.0 * from + moved;
                assert!(
                    (x - expected).abs() < 1e-4,
                    "voice {voice}, bus {bus}, {frame}: {x}, not {expected}"
                );
            }
        }
    }
}

/// What keeps filters out of the denormals goes by the place in time: parts of a stretch are the stretch.
#[test]
fn a_filter_at_rest_does_not_know_parts() {
    for vectors in [Vectors::default(), Vectors::best()] {
        for voices in [1, 2] {
            for moves in [false, true] {
                let after = |parts: &[usize]| {
                    let mut places = std::vec![[Place::EMPTY; EIGHT]; voices];
                    for place in places.as_flattened_mut() {
                        place.filter.set([0.1, 0.8, 0.1], [0.0; 3]);
                    }
                    let mut at = 0;
                    for frames in parts {
                        for place in places.as_flattened_mut() {
                            place.block = Block::ZERO;
                        }
                        filter(vectors, &mut places, moves, at & 1 == 1, *frames);
                        at += frames;
                    }
                    let states = places
                        .as_flattened()
                        .iter()
                        .map(|place| place.filter.state());
                    states
                        .map(|state| state.map(f32::to_bits))
                        .collect::<Vec<_>>()
                };
                let whole = after(&[27]);
                assert!(whole.iter().all(|state| state.iter().any(|x| x << 1 != 0)));
                for parts in [&[1, 26][..], &[5, 22], &[4, 23], &[1; 27], &[3, 3, 3, 18]] {
                    assert_eq!(after(parts), whole, "{parts:?}");
                }
            }
        }
    }
}
