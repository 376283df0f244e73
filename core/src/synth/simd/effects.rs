// SPDX-License-Identifier: MIT OR Apache-2.0
//! The calls of the effects' kernels.

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::chorus::{Gate, Taps, Wet};
use super::reverb::{AllPasses, Network};
use super::{EFFECT_FRAMES, Native, Vectors, chorus, reverb};

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
            super::align_stack();
            $module::$kernel::<avx2::Avx2$(, $n)?>($($x),*)
        }
    };
}

dispatched! {
    /// Sends `frames` frames of a block through all-passes, in place.
    diffuse, diffuse_on_avx2, reverb::diffuse<const N>(passes: AllPasses<N>, block: &mut [f32; EFFECT_FRAMES], frames: usize)
}

dispatched! {
    /// Runs the network of a reverb; the highest magnitude that was added to the sides.
    network, network_on_avx2, reverb::run(network: Network) -> f32
}

dispatched! {
    /// Reads the taps of a chorus.
    taps, taps_on_avx2, chorus::read<const N>(taps: &Taps<N>, out: &mut [[f32; EFFECT_FRAMES]; 2])
}

dispatched! {
    /// Feeds the line of a chorus and adds its taps; the highest magnitude of them and of what was fed.
    wet, wet_on_avx2, chorus::run(wet: Wet) -> f32
}

dispatched! {
    /// A bus through a gate, and silence behind its end; the highest magnitude.
    take, take_on_avx2, chorus::take(gate: Gate, bus: &[f32], out: &mut [f32; EFFECT_FRAMES]) -> f32
}
