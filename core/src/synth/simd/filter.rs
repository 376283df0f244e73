// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filter, ramps and mix of four lanes.

use super::Arch;
use crate::synth::lanes::Lanes;

/// Alternates in sign from frame to frame at the filter's input and keeps its state out of the denormals: -270 dB of full scale.
const BIAS: f32 = 3.3e-5;

/// What four voices carry from frame to frame behind the interpolator.
#[derive(Clone, Debug, Default)]
pub struct LaneState {
    pub y: Lanes,
    pub d: Lanes,
    pub e: Lanes,
    pub b2: Lanes,
    pub k: Lanes,
    pub e_step: Lanes,
    pub b2_step: Lanes,
    pub k_step: Lanes,
    pub left: Lanes,
    pub right: Lanes,
    pub left_step: Lanes,
    pub right_step: Lanes,
    /// Some lane has a filter.
    pub filtered: bool,
    /// Coefficients or gains move.
    pub moving: bool,
}

impl LaneState {
    /// Silence.
    pub const REST: Self = Self {
        y: Lanes::ZERO,
        d: Lanes::ZERO,
        e: Lanes::ZERO,
        b2: Lanes::ZERO,
        k: Lanes::ZERO,
        e_step: Lanes::ZERO,
        b2_step: Lanes::ZERO,
        k_step: Lanes::ZERO,
        left: Lanes::ZERO,
        right: Lanes::ZERO,
        left_step: Lanes::ZERO,
        right_step: Lanes::ZERO,
        filtered: false,
        moving: false,
    };

    /// Sets `moving`.
    #[inline]
    pub fn update_moving(&mut self) {
        let steps = [
            self.left_step,
            self.right_step,
            self.e_step,
            self.b2_step,
            self.k_step,
        ];
        // Zeros of either sign: all bits but the highest.
        let bits = steps.iter().flat_map(|step| step.0.map(f32::to_bits));
        self.moving = bits.fold(0, |all, bits| all | bits << 1) != 0;
    }
}

/// Where voices go; all parts have one length.
pub struct Output<'a> {
    pub left: &'a mut [Lanes],
    pub right: &'a mut [Lanes],
    /// The voices behind the filter, before gain and pan, are kept here.
    pub voices: Option<&'a mut [Lanes]>,
}

impl Output<'_> {
    /// Frames that will be rendered.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.left.len().min(self.right.len())
    }
}

/// Asks `sample` once per frame, at most [`Output::len`] times.
#[inline(always)]
pub fn run<A: Arch>(
    lane_state: &mut LaneState,
    odd: bool,
    output: Output,
    sample: impl FnMut() -> A::F,
) {
    let Output {
        left,
        right,
        voices,
    } = output;
    match (lane_state.filtered, lane_state.moving) {
        (true, true) => pick::<A, true, true>(lane_state, odd, left, right, voices, sample),
        (true, false) => pick::<A, true, false>(lane_state, odd, left, right, voices, sample),
        (false, true) => pick::<A, false, true>(lane_state, odd, left, right, voices, sample),
        (false, false) => pick::<A, false, false>(lane_state, odd, left, right, voices, sample),
    }
}

#[inline(always)]
fn pick<A: Arch, const FILTER: bool, const RAMP: bool>(
    lane_state: &mut LaneState,
    odd: bool,
    left: &mut [Lanes],
    right: &mut [Lanes],
    voices: Option<&mut [Lanes]>,
    mut sample: impl FnMut() -> A::F,
) {
    let mut chain = Chain::<A, FILTER, RAMP>::new(lane_state, odd);
    let buses = left.iter_mut().zip(right);
    match voices {
        Some(voices) => {
            for ((left, right), voice) in buses.zip(voices) {
                let x = chain.next(sample(), left, right);
                A::store(x, voice);
            }
        }
        None => {
            for (left, right) in buses {
                chain.next(sample(), left, right);
            }
        }
    }
    chain.store(lane_state);
}

struct Chain<A: Arch, const FILTER: bool, const RAMP: bool> {
    y: A::F,
    d: A::F,
    e: A::F,
    b2: A::F,
    k: A::F,
    e_step: A::F,
    b2_step: A::F,
    k_step: A::F,
    left: A::F,
    right: A::F,
    left_step: A::F,
    right_step: A::F,
    bias: A::F,
    other_bias: A::F,
}

impl<A: Arch, const FILTER: bool, const RAMP: bool> Chain<A, FILTER, RAMP> {
    #[inline(always)]
    fn new(lane_state: &LaneState, odd: bool) -> Self {
        let bias = if odd { -BIAS } else { BIAS };
        Self {
            y: A::load(&lane_state.y),
            d: A::load(&lane_state.d),
            e: A::load(&lane_state.e),
            b2: A::load(&lane_state.b2),
            k: A::load(&lane_state.k),
            e_step: A::load(&lane_state.e_step),
            b2_step: A::load(&lane_state.b2_step),
            k_step: A::load(&lane_state.k_step),
            left: A::load(&lane_state.left),
            right: A::load(&lane_state.right),
            left_step: A::load(&lane_state.left_step),
            right_step: A::load(&lane_state.right_step),
            bias: A::load(&Lanes::splat(bias)),
            other_bias: A::load(&Lanes::splat(-bias)),
        }
    }

    #[inline(always)]
    fn next(&mut self, mut x: A::F, left: &mut Lanes, right: &mut Lanes) -> A::F {
        if FILTER {
            x = A::add(x, self.bias);
            core::mem::swap(&mut self.bias, &mut self.other_bias);
            let input = A::add(A::mul(self.k, x), A::mul(self.b2, self.d));
            self.d = A::sub(input, A::mul(self.e, self.y));
            self.y = A::add(self.y, self.d);
            x = self.y;
        }
        A::store(A::add(A::load(left), A::mul(x, self.left)), left);
        A::store(A::add(A::load(right), A::mul(x, self.right)), right);
        if RAMP {
            self.left = A::add(self.left, self.left_step);
            self.right = A::add(self.right, self.right_step);
            if FILTER {
                self.e = A::add(self.e, self.e_step);
                self.b2 = A::add(self.b2, self.b2_step);
                self.k = A::add(self.k, self.k_step);
            }
        }
        x
    }

    #[inline(always)]
    fn store(self, lane_state: &mut LaneState) {
        if FILTER {
            A::store(self.y, &mut lane_state.y);
            A::store(self.d, &mut lane_state.d);
        }
        if RAMP {
            A::store(self.left, &mut lane_state.left);
            A::store(self.right, &mut lane_state.right);
            if FILTER {
                A::store(self.e, &mut lane_state.e);
                A::store(self.b2, &mut lane_state.b2);
                A::store(self.k, &mut lane_state.k);
            }
        }
    }
}

#[inline(always)]
pub fn send<A: Arch>(voices: &[Lanes], gain: &mut Lanes, step: Lanes, bus: &mut [Lanes]) {
    let mut now = A::load(gain);
    if step == Lanes::ZERO {
        // The same, and no frame waits for the gain of the one before.
        let add = |bus: &mut Lanes, voice: &Lanes| {
            A::store(A::add(A::load(bus), A::mul(A::load(voice), now)), bus);
        };
        let (voices, rest) = voices.as_chunks::<4>();
        let (bus, bus_rest) = bus.as_chunks_mut::<4>();
        for ([a, b, c, d], [e, f, g, h]) in bus.iter_mut().zip(voices) {
            add(a, e);
            add(b, f);
            add(c, g);
            add(d, h);
        }
        for (bus, voice) in bus_rest.iter_mut().zip(rest) {
            add(bus, voice);
        }
        return;
    }
    let step = A::load(&step);
    for (voice, bus) in voices.iter().zip(bus) {
        A::store(A::add(A::load(bus), A::mul(A::load(voice), now)), bus);
        now = A::add(now, step);
    }
    A::store(now, gain);
}
