// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernels of the effects: what they have in common, and their calls.

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::chorus::{Gate, Taps, Wet};
use super::reverb::{AllPasses, Network};
use super::{Arch, LANES, Native, Vectors, chorus, reverb};
use crate::synth::tick::TICK;

/// Frames that an effect takes at once at most: those of a tick.
pub(super) const FRAMES: usize = TICK as usize;

/// A number that runs in a line through time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    pub from: f32,
    /// Change per frame.
    pub step: f32,
}

impl Slope {
    pub const ZERO: Self = Self {
        from: 0.0,
        step: 0.0,
    };

    pub fn times(self, factor: f32) -> Self {
        Self {
            from: self.from * factor,
            step: self.step * factor,
        }
    }

    /// What it is at each of eight frames: it depends on nothing but the frame.
    #[inline(always)]
    pub(super) fn at<A: Arch>(self, time: A::W) -> A::W {
        A::add_wide(
            A::splat_wide(self.from),
            A::mul_wide(A::splat_wide(self.step), time),
        )
    }
}

/// Eight of many frames, from one on.
#[inline(always)]
pub(super) fn eight_from<A: Arch>(frames: &[f32], from: usize) -> A::W {
    let rest = frames.get(from..).unwrap_or_default();
    match rest.as_chunks().0 {
        [low, high, ..] => A::get_wide([low, high]),
        _ => A::splat_wide(0.0),
    }
}

/// Eight frames of a block.
#[inline(always)]
pub(super) fn eight<A: Arch>(block: &[f32; FRAMES], place: usize) -> A::W {
    eight_from::<A>(block, 2 * LANES * place)
}

#[inline(always)]
pub(super) fn put_eight<A: Arch>(block: &mut [f32; FRAMES], place: usize, x: A::W) {
    let rest = block.get_mut(2 * LANES * place..).unwrap_or_default();
    if let [low, high, ..] = rest.as_chunks_mut().0 {
        A::put_wide(x, [low, high]);
    }
}

/// A function that runs on the best registers.
macro_rules! dispatched {
    ($(#[$doc:meta])* $name:ident, $on_avx2:ident, $module:ident::$kernel:ident
        $(<const $n:ident>)?($($x:ident: $t:ty),*) $(-> $r:ty)?) => {
        $(#[$doc])*
        #[inline]
        pub fn $name$(<const $n: usize>)?(vectors: Vectors, $($x: $t),*) $(-> $r)? {
            on_best!(vectors, $on_avx2($($x),*), $module::$kernel::<Native$(, $n)?>($($x),*))
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn $on_avx2$(<const $n: usize>)?($($x: $t),*) $(-> $r)? {
            $module::$kernel::<avx2::Avx2$(, $n)?>($($x),*)
        }
    };
}

dispatched! {
    /// Sends `frames` frames of a block through all-passes, in place.
    diffuse, diffuse_on_avx2, reverb::diffuse<const N>(passes: AllPasses<N>, block: &mut [f32; FRAMES], frames: usize)
}

dispatched! {
    /// Runs the network of a reverb; the highest magnitude that was added to the sides.
    network, network_on_avx2, reverb::run(network: Network) -> f32
}

dispatched! {
    /// Reads the taps of a chorus.
    taps, taps_on_avx2, chorus::read<const N>(taps: &Taps<N>, out: &mut [[f32; FRAMES]; 2])
}

dispatched! {
    /// Feeds the line of a chorus and adds its taps; the highest magnitude of them and of what was fed.
    wet, wet_on_avx2, chorus::run(wet: Wet) -> f32
}

dispatched! {
    /// A bus through a gate, and silence behind its end; the highest magnitude.
    take, take_on_avx2, chorus::take(gate: Gate, bus: &[f32], out: &mut [f32; FRAMES]) -> f32
}
