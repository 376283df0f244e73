// SPDX-License-Identifier: MIT OR Apache-2.0
//! Vector code of the render side: the only place in the synthesizer with `unsafe`.
//!
//! Kernels are written once over [`Arch`], a register of four lanes, and run on SSE2 (x86-64), NEON (AArch64) or the portable twin.
//! All three compute the same bits: interpolation is done in integers, and the float operations are the same, in the same order,
//! without fused multiply-add.
//!
//! | module | holds |
//! |---|---|
//! | `sse2`, `neon`, `portable` | the registers |
//! | `fetch` | four waves at four speeds into one register per frame |
//! | `chain` | filter, ramps, mix |

mod chain;
mod fetch;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse2;

pub use chain::{LaneState, Output};
pub use fetch::{Reader, Readers, SCALE};

use super::lanes::Lanes;
use super::sinc::{Row8, Row16, Rows, Shorts};

#[cfg(target_arch = "aarch64")]
type Native = neon::Neon;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Native = portable::Portable;
#[cfg(target_arch = "x86_64")]
type Native = sse2::Sse2;

/// A register of 128 bits as four floats (`F`), or as four or eight integers (`I`). Integer arithmetic wraps.
trait Arch {
    type F: Copy;
    type I: Copy;

    fn load(x: &Lanes) -> Self::F;
    fn store(x: Self::F, to: &mut Lanes);
    fn add(a: Self::F, b: Self::F) -> Self::F;
    fn sub(a: Self::F, b: Self::F) -> Self::F;
    fn mul(a: Self::F, b: Self::F) -> Self::F;

    /// 0 in place of what is smaller than `least`, whatever its sign.
    fn without_small(x: Self::F, least: f32) -> Self::F;

    fn ints(x: [u32; 4]) -> Self::I;
    fn to_array(a: Self::I) -> [i32; 4];
    /// Towards zero; magnitudes up to 2^30.
    fn truncated(x: Self::F) -> Self::I;
    fn add_ints(a: Self::I, b: Self::I) -> Self::I;
    fn sub_ints(a: Self::I, b: Self::I) -> Self::I;
    fn or(a: Self::I, b: Self::I) -> Self::I;
    fn left<const N: i32>(a: Self::I) -> Self::I;
    /// Shifts zeros in.
    fn right<const N: i32>(a: Self::I) -> Self::I;
    /// Shifts the sign in.
    fn signed_right<const N: i32>(a: Self::I) -> Self::I;
    fn to_floats(a: Self::I) -> Self::F;
    /// Products of eight pairs of 16-bit numbers, neighbours added.
    fn dot_pairs(a: Self::I, b: Self::I) -> Self::I;
    /// The sums over each of four registers.
    fn sums(a: Self::I, b: Self::I, c: Self::I, d: Self::I) -> Self::I;
    fn shorts(x: &Shorts) -> Self::I;
    /// 16-bit PCM of eight samples (1.0 is full scale): to nearest, halves away from zero, clipped; what is not a number is 0.
    fn pcm(samples: &[f32; 8]) -> [i16; 8];

    /// Eight samples from `at` on.
    ///
    /// # Safety
    /// They must be readable.
    unsafe fn eight(at: *const i16) -> Self::I;

    /// Two samples from each place, the first in the low half.
    ///
    /// # Safety
    /// They must be readable.
    unsafe fn pairs(at: [*const i16; 4]) -> Self::I;
}

/// Tables of the four lanes.
#[derive(Clone, Copy)]
pub enum Tables<'a> {
    Linear,
    Sinc8([&'a Rows<Row8>; 4]),
    Sinc16([&'a Rows<Row16>; 4]),
}

/// Renders four lanes into `output`: fetch, filter, gains, mix; moves readers and state on by its length. False, with nothing done,
/// if a reader would leave its samples.
pub fn render(
    readers: &mut Readers,
    tables: Tables,
    lane_state: &mut LaneState,
    odd: bool,
    output: Output,
) -> bool {
    render_on::<Native>(readers, tables, lane_state, odd, output)
}

/// 0 in place of what is smaller than `least`, whatever its sign.
#[inline(always)]
pub fn without_small(x: Lanes, least: f32) -> Lanes {
    let mut out = Lanes::ZERO;
    Native::store(Native::without_small(Native::load(&x), least), &mut out);
    out
}

/// Whole parts (towards zero) and what is left, of magnitudes up to 2^30.
#[inline(always)]
pub fn split(x: Lanes) -> ([i32; 4], Lanes) {
    split_on::<Native>(x)
}

#[inline(always)]
fn split_on<A: Arch>(x: Lanes) -> ([i32; 4], Lanes) {
    let floats = A::load(&x);
    let whole = A::truncated(floats);
    let mut rest = Lanes::ZERO;
    A::store(A::sub(floats, A::to_floats(whole)), &mut rest);
    (A::to_array(whole), rest)
}

/// 16-bit PCM of eight samples (1.0 is full scale): to nearest, halves away from zero, clipped; what is not a number is 0.
#[inline(always)]
pub fn pcm(samples: &[f32; 8]) -> [i16; 8] {
    Native::pcm(samples)
}

/// Clocks of the processor; 0 on AArch64.
#[cfg(feature = "counters")]
pub fn clock() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 counts them.
    return unsafe { core::arch::x86_64::_rdtsc() };
    #[cfg(not(target_arch = "x86_64"))]
    0
}

/// Adds the voices, times a gain that grows by `step` per frame, to a bus.
pub fn send(voices: &[Lanes], gain: &mut Lanes, step: Lanes, bus: &mut [Lanes]) {
    chain::send::<Native>(voices, gain, step, bus);
}

#[inline(always)]
fn render_on<A: Arch>(
    readers: &mut Readers,
    tables: Tables,
    lane_state: &mut LaneState,
    odd: bool,
    output: Output,
) -> bool {
    #[cfg(feature = "counters")]
    if !super::counters::is_fetching() {
        let constant = A::load(&Lanes::splat(SCALE));
        chain::run::<A>(lane_state, odd, output, move || constant);
        return true;
    }
    match tables {
        Tables::Linear => {
            let Some(mut fetch) = fetch::Linear::<A>::new(readers, output.len()) else {
                return false;
            };
            // SAFETY: `new` has checked as many frames as `run` asks for.
            chain::run::<A>(lane_state, odd, output, move || unsafe { fetch.next() });
        }
        Tables::Sinc8(rows) => {
            let Some(mut fetch) = fetch::Sinc8::<A>::new(readers, rows, output.len()) else {
                return false;
            };
            // SAFETY: as above.
            chain::run::<A>(lane_state, odd, output, move || unsafe { fetch.next() });
        }
        Tables::Sinc16(rows) => {
            let Some(mut fetch) = fetch::Sinc16::<A>::new(readers, rows, output.len()) else {
                return false;
            };
            // SAFETY: as above.
            chain::run::<A>(lane_state, odd, output, move || unsafe { fetch.next() });
        }
    }
    true
}

#[cfg(test)]
mod tests;
