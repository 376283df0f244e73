// SPDX-License-Identifier: MIT OR Apache-2.0
//! Voices into buses.

use super::{Arch, Block, Place};
use crate::synth::lanes::{LANES, Lanes};

/// Voices that are mixed at once.
pub const MIXED: usize = 4;

/// Gains of a voice into left, right, reverb and chorus: lines through time. What they are at a frame depends on nothing but the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Gains {
    pub from: Lanes,
    /// Change per frame.
    pub step: Lanes,
    /// Frames since they were at `from`.
    pub passed: u32,
}

/// What a voice sends to, besides left and right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Reverb = 2,
    Chorus = 3,
}

/// Two buses that are mixed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// Left and right.
    Dry,
    /// Reverb and chorus.
    Effects,
}

impl Pair {
    #[inline(always)]
    fn buses(self) -> [usize; 2] {
        match self {
            Self::Dry => [0, 1],
            Self::Effects => [Effect::Reverb as usize, Effect::Chorus as usize],
        }
    }
}

impl Gains {
    pub const MUTE: Self = Self {
        from: Lanes::ZERO,
        step: Lanes::ZERO,
        passed: 0,
    };

    /// Those of the next frame.
    #[inline(always)]
    pub fn now(&self) -> Lanes {
        self.from + self.step * Lanes::splat(self.passed as f32)
    }

    /// Something goes to an effect.
    #[inline(always)]
    pub fn reach(&self, effect: Effect) -> bool {
        let [from, step] = self.line(effect as usize);
        from != 0.0 || step != 0.0
    }

    /// What goes to an effect moves.
    #[inline(always)]
    pub fn move_into(&self, effect: Effect) -> bool {
        let [_, step] = self.line(effect as usize);
        step != 0.0
    }

    /// What goes to one of a pair moves.
    #[inline(always)]
    pub fn move_in(&self, pair: Pair) -> bool {
        pair.buses().into_iter().any(|bus| {
            let [_, step] = self.line(bus);
            step != 0.0
        })
    }

    /// Where it was, and its change per frame.
    #[inline(always)]
    fn line(&self, bus: usize) -> [f32; 2] {
        let at = |lanes: &Lanes| lanes.0.get(bus).copied().unwrap_or(0.0);
        [at(&self.from), at(&self.step)]
    }
}

/// Numbers of the first eight frames.
const FIRST: [[f32; LANES]; 2] = [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]];

/// The gain of a voice into a bus.
#[derive(Clone, Copy)]
struct Line<A: Arch> {
    from: A::W,
    step: A::W,
}

impl<A: Arch> Line<A> {
    #[inline(always)]
    fn of(gains: &Gains, bus: usize) -> Self {
        let [from, step] = gains.line(bus);
        Self {
            from: A::splat_wide(from),
            step: A::splat_wide(step),
        }
    }

    #[inline(always)]
    fn at<const MOVES: bool>(&self, time: A::W) -> A::W {
        if MOVES {
            A::add_wide(self.from, A::mul_wide(self.step, time))
        } else {
            self.from
        }
    }
}

/// Adds `frames` frames of voices, one after the other, to a pair of buses; what lies behind the last frame means nothing. Gains move if
/// `MOVES`.
#[inline(always)]
pub fn run<A: Arch, const MOVES: bool>(
    places: &[Place; MIXED],
    pair: Pair,
    [left, right]: &mut [&mut Block; 2],
    frames: usize,
) {
    let [a, b, c, d] = places.each_ref().map(|place| &place.gains);
    let [lefts, rights] = pair.buses().map(|bus| {
        [
            Line::<A>::of(a, bus),
            Line::of(b, bus),
            Line::of(c, bus),
            Line::of(d, bus),
        ]
    });
    let mut time = [start::<A>(a), start::<A>(b), start::<A>(c), start::<A>(d)];
    let eight = A::splat_wide(8.0);
    for place in 0..frames.div_ceil(2 * LANES) {
        let (mut l, mut r) = (get::<A>(left, place), get::<A>(right, place));
        let lines = lefts.iter().zip(&rights).zip(&mut time);
        for (voice, ((left, right), time)) in places.iter().zip(lines) {
            let x = get::<A>(&voice.block, place);
            l = A::add_wide(l, A::mul_wide(x, left.at::<MOVES>(*time)));
            r = A::add_wide(r, A::mul_wide(x, right.at::<MOVES>(*time)));
            if MOVES {
                *time = A::add_wide(*time, eight);
            }
        }
        put::<A>(left, place, l);
        put::<A>(right, place, r);
    }
}

/// Adds `frames` frames of voices, one after the other, to the bus of an effect. Gains move if `MOVES`.
#[inline(always)]
pub fn send<A: Arch, const MOVES: bool>(
    places: &[Place; MIXED],
    effect: Effect,
    bus: &mut Block,
    frames: usize,
) {
    let [a, b, c, d] = places.each_ref().map(|place| &place.gains);
    let bus_number = effect as usize;
    let lines = [
        Line::<A>::of(a, bus_number),
        Line::of(b, bus_number),
        Line::of(c, bus_number),
        Line::of(d, bus_number),
    ];
    let mut time = [start::<A>(a), start::<A>(b), start::<A>(c), start::<A>(d)];
    let eight = A::splat_wide(8.0);
    for place in 0..frames.div_ceil(2 * LANES) {
        let mut sum = get::<A>(bus, place);
        for (voice, (line, time)) in places.iter().zip(lines.iter().zip(&mut time)) {
            let x = A::mul_wide(get::<A>(&voice.block, place), line.at::<MOVES>(*time));
            sum = A::add_wide(sum, x);
            if MOVES {
                *time = A::add_wide(*time, eight);
            }
        }
        put::<A>(bus, place, sum);
    }
}

/// Frames since the gains were where their lines begin, for the next eight frames.
#[inline(always)]
fn start<A: Arch>(gains: &Gains) -> A::W {
    let [low, high] = &FIRST;
    A::add_wide(A::splat_wide(gains.passed as f32), A::get_wide([low, high]))
}

/// Eight frames.
#[inline(always)]
fn get<A: Arch>(block: &Block, place: usize) -> A::W {
    let (pairs, _) = block.0.as_chunks::<2>();
    let [low, high] = pairs.get(place).unwrap_or(&[[0.0; LANES]; 2]);
    A::get_wide([low, high])
}

#[inline(always)]
fn put<A: Arch>(block: &mut Block, place: usize, x: A::W) {
    let (pairs, _) = block.0.as_chunks_mut::<2>();
    if let Some([low, high]) = pairs.get_mut(place) {
        A::put_wide(x, [low, high]);
    }
}
