// SPDX-License-Identifier: MIT OR Apache-2.0
//! Vector code of the render side: the only place in the synthesizer with `unsafe`.
//!
//! Kernels are written once over [`Arch`], registers of four and of eight lanes, and run on SSE2 (x86-64), NEON (AArch64) or the portable twin.
//! On x86-64 with AVX2, where its registers are saved, eight lanes are one register, and weights and their change are multiplied at once. All
//! compute the same bits: interpolation is done in integers, and the float operations are the same, in the same order, without fused
//! multiply-add. What calls kernels often is a [`Task`], and compiled for either kind of registers with all that is inlined into it.
//!
//! | module | holds |
//! |---|---|
//! | `sse2`, `avx2`, `neon`, `portable` | the registers |
//! | `fetch` | a wave at some speed, eight frames at a time |
//! | `filter` | the filters of eight voices at a time |
//! | `mix` | gains, and voices into buses |
//! | `effects` | what the kernels of the effects have in common, and their calls |
//! | `reverb` | the diffusers and the network of delay lines |
//! | `chorus` | the taps of a delay line |

/// Eight floats in two registers.
macro_rules! in_two_registers {
    ($transpose:path) => {
        type W = [Self::F; 2];
        type J = [Self::I; 2];

        #[inline(always)]
        fn join(low: Self::I, high: Self::I) -> Self::J {
            [low, high]
        }

        #[inline(always)]
        fn line(first: u32, step: u32) -> Self::J {
            let four = [0, 1, 2, 3].map(|i| first.wrapping_add(step.wrapping_mul(i)));
            let low = Self::ints(four);
            let way = Self::ints([step.wrapping_mul(4); 4]);
            [low, Self::add_ints(low, way)]
        }

        #[inline(always)]
        fn floats(x: Self::J) -> Self::W {
            x.map(Self::to_floats)
        }

        #[inline(always)]
        fn add_all([a, b]: Self::J, [c, d]: Self::J) -> Self::J {
            [Self::add_ints(a, c), Self::add_ints(b, d)]
        }

        #[inline(always)]
        fn sub_all([a, b]: Self::J, [c, d]: Self::J) -> Self::J {
            [Self::sub_ints(a, c), Self::sub_ints(b, d)]
        }

        #[inline(always)]
        fn or_all([a, b]: Self::J, [c, d]: Self::J) -> Self::J {
            [Self::or(a, c), Self::or(b, d)]
        }

        #[inline(always)]
        fn left_all<const N: i32>(x: Self::J) -> Self::J {
            x.map(Self::left::<N>)
        }

        #[inline(always)]
        fn right_all<const N: i32>(x: Self::J) -> Self::J {
            x.map(Self::right::<N>)
        }

        #[inline(always)]
        fn high_products_all([a, b]: Self::J, [c, d]: Self::J) -> Self::J {
            [Self::high_products(a, c), Self::high_products(b, d)]
        }

        #[inline(always)]
        fn dot_pairs_all([a, b]: Self::J, [c, d]: Self::J) -> Self::J {
            [Self::dot_pairs(a, c), Self::dot_pairs(b, d)]
        }

        type Picks = core::convert::Infallible;

        #[inline(always)]
        fn picks(_: u64) -> Option<Self::Picks> {
            None
        }

        #[inline(always)]
        unsafe fn pick(_: [*const i16; 2], _: Self::J, picks: Self::Picks) -> Self::J {
            match picks {}
        }

        #[inline(always)]
        fn as_floats(x: Self::J) -> Self::W {
            x.map(Self::as_four_floats)
        }

        #[inline(always)]
        unsafe fn sums_all<const N: usize>(
            at: [*const i16; 8],
            rows: [&[$crate::synth::sinc::Eight; N]; 8],
        ) -> (Self::J, Self::J) {
            let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (at, rows);
            // SAFETY: the caller vouches for the samples.
            let (low, high) = unsafe {
                (
                    Self::sums_of([a, b, c, d], [i, j, k, l]),
                    Self::sums_of([e, f, g, h], [m, n, o, p]),
                )
            };
            ([low.0, high.0], [low.1, high.1])
        }

        #[inline(always)]
        fn get_wide(x: [&[f32; 4]; 2]) -> Self::W {
            x.map(Self::get)
        }

        #[inline(always)]
        fn put_wide(x: Self::W, to: [&mut [f32; 4]; 2]) {
            let ([a, b], [low, high]) = (x, to);
            Self::put(a, low);
            Self::put(b, high);
        }

        #[inline(always)]
        fn splat_wide(x: f32) -> Self::W {
            [Self::load(&Lanes::splat(x)); 2]
        }

        #[inline(always)]
        fn add_wide([a, b]: Self::W, [c, d]: Self::W) -> Self::W {
            [Self::add(a, c), Self::add(b, d)]
        }

        #[inline(always)]
        fn sub_wide([a, b]: Self::W, [c, d]: Self::W) -> Self::W {
            [Self::sub(a, c), Self::sub(b, d)]
        }

        #[inline(always)]
        fn mul_wide([a, b]: Self::W, [c, d]: Self::W) -> Self::W {
            [Self::mul(a, c), Self::mul(b, d)]
        }

        #[inline(always)]
        fn both(x: &[f32; 4]) -> Self::W {
            [Self::get(x); 2]
        }

        #[inline(always)]
        fn lows([a, _]: Self::W, [b, _]: Self::W) -> Self::W {
            [a, b]
        }

        #[inline(always)]
        fn turned([a, b]: Self::W) -> Self::W {
            [Self::add(a, b), Self::sub(a, b)]
        }

        #[inline(always)]
        fn abs_wide(x: Self::W) -> Self::W {
            x.map(Self::abs)
        }

        #[inline(always)]
        fn max_wide([a, b]: Self::W, [c, d]: Self::W) -> Self::W {
            [Self::max(a, c), Self::max(b, d)]
        }

        #[inline(always)]
        fn min_wide([a, b]: Self::W, [c, d]: Self::W) -> Self::W {
            [Self::min(a, c), Self::min(b, d)]
        }

        #[inline(always)]
        fn without_small_wide(x: Self::W, least: f32) -> Self::W {
            x.map(|x| Self::without_small(x, least))
        }

        #[inline(always)]
        fn transpose_wide(rows: [Self::W; 4]) -> [Self::W; 4] {
            let ([a, b, c, d], [e, f, g, h]) = (
                $transpose(rows.map(|[low, _]| low)),
                $transpose(rows.map(|[_, high]| high)),
            );
            [[a, e], [b, f], [c, g], [d, h]]
        }
    };
}

/// The first call where AVX2 may be used, else the second.
macro_rules! on_best {
    ($vectors:expr, $wide:expr, $native:expr) => {{
        #[cfg(target_arch = "x86_64")]
        if $vectors.avx2 {
            // SAFETY: only `Vectors::best` says so, when AVX2 is there.
            return unsafe { $wide };
        }
        let _ = $vectors;
        $native
    }};
}

mod along;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod chorus;
mod effects;
mod fetch;
mod filter;
mod mix;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod portable;
mod reverb;
#[cfg(target_arch = "x86_64")]
mod sse2;

pub use along::Slope;
pub use chorus::{Gate, Taps, Wet};
pub use effects::{diffuse, network, take, taps, wet};
pub use fetch::{Interpolator, Linear, Reader, SCALE, Sinc8, Sinc16, read};
pub use filter::FilterState;
pub use mix::{Effect, Gains, MIXED, Pair};

pub use reverb::{AllPasses, LINES, Network};

use super::lanes::{LANES, Lanes};
use super::sinc::{Eight, Shorts};
use super::tick::{EFFECT_TICK, TICK};

#[cfg(target_arch = "aarch64")]
type Native = neon::Neon;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Native = portable::Portable;
#[cfg(target_arch = "x86_64")]
type Native = sse2::Sse2;

/// A register of 128 bits as four floats (`F`), or as four or eight integers (`I`); and eight floats (`W`) or eight or sixteen integers (`J`), in
/// one register or in two. Integer arithmetic wraps.
pub trait Arch: Copy {
    type F: Copy;
    type I: Copy;
    type W: Copy;
    type J: Copy;
    /// Where samples are that lie close together.
    type Picks: Copy;

    fn load(x: &Lanes) -> Self::F;
    /// As [`load`](Self::load), whatever the alignment.
    fn get(x: &[f32; 4]) -> Self::F;
    /// The opposite of [`get`](Self::get).
    fn put(x: Self::F, to: &mut [f32; 4]);

    fn get_wide(x: [&[f32; 4]; 2]) -> Self::W;
    fn put_wide(x: Self::W, to: [&mut [f32; 4]; 2]);
    fn splat_wide(x: f32) -> Self::W;
    fn add_wide(a: Self::W, b: Self::W) -> Self::W;
    fn sub_wide(a: Self::W, b: Self::W) -> Self::W;
    fn mul_wide(a: Self::W, b: Self::W) -> Self::W;
    /// Four floats in either half.
    fn both(x: &[f32; 4]) -> Self::W;
    /// The lower halves of two.
    fn lows(a: Self::W, b: Self::W) -> Self::W;
    /// The sum of both halves, and their difference.
    fn turned(x: Self::W) -> Self::W;
    fn abs_wide(x: Self::W) -> Self::W;
    fn max_wide(a: Self::W, b: Self::W) -> Self::W;
    fn min_wide(a: Self::W, b: Self::W) -> Self::W;
    fn without_small_wide(x: Self::W, least: f32) -> Self::W;
    /// Rows become columns, in each half.
    fn transpose_wide(rows: [Self::W; 4]) -> [Self::W; 4];

    fn join(low: Self::I, high: Self::I) -> Self::J;
    /// Eight numbers, each `step` more than the one before.
    fn line(first: u32, step: u32) -> Self::J;
    fn floats(x: Self::J) -> Self::W;
    /// Their bits as they are.
    fn as_floats(x: Self::J) -> Self::W;
    fn add_all(a: Self::J, b: Self::J) -> Self::J;
    fn sub_all(a: Self::J, b: Self::J) -> Self::J;
    fn or_all(a: Self::J, b: Self::J) -> Self::J;
    fn left_all<const N: i32>(x: Self::J) -> Self::J;
    /// Shifts zeros in.
    fn right_all<const N: i32>(x: Self::J) -> Self::J;
    /// The upper halves of the products of sixteen pairs of unsigned 16-bit numbers.
    fn high_products_all(a: Self::J, b: Self::J) -> Self::J;
    /// Products of sixteen pairs of 16-bit numbers, neighbours added.
    fn dot_pairs_all(a: Self::J, b: Self::J) -> Self::J;

    fn add(a: Self::F, b: Self::F) -> Self::F;
    fn sub(a: Self::F, b: Self::F) -> Self::F;
    fn mul(a: Self::F, b: Self::F) -> Self::F;

    fn abs(x: Self::F) -> Self::F;
    /// The greater, or the second if they do not compare.
    fn max(a: Self::F, b: Self::F) -> Self::F;
    /// The lesser, likewise.
    fn min(a: Self::F, b: Self::F) -> Self::F;

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
    fn to_floats(a: Self::I) -> Self::F;
    /// Their bits as they are.
    fn as_four_floats(a: Self::I) -> Self::F;
    /// The upper halves of the products of eight pairs of unsigned 16-bit numbers.
    fn high_products(a: Self::I, b: Self::I) -> Self::I;
    /// Products of eight pairs of 16-bit numbers, neighbours added.
    fn dot_pairs(a: Self::I, b: Self::I) -> Self::I;
    /// The sums over each of four registers.
    fn sums(a: Self::I, b: Self::I, c: Self::I, d: Self::I) -> Self::I;
    fn shorts(x: &Shorts) -> Self::I;
    /// 16-bit PCM, little-endian, of eight samples (1.0 is full scale): to nearest, halves away from zero, clipped; what is not a number is 0.
    fn pcm(samples: &[f32; 8], to: &mut [u8; 16]);

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

    /// For frames that are `step` (32.32) apart: none where they are too far apart, or no instruction picks samples by number.
    fn picks(step: u64) -> Option<Self::Picks>;

    /// Two samples from each of eight places, as [`pairs`](Self::pairs) gives them: of four from the one place on, and of four from the
    /// other on. `fraction`: that of each place.
    ///
    /// # Safety
    /// Eight samples from either place on must be readable.
    unsafe fn pick(at: [*const i16; 2], fraction: Self::J, picks: Self::Picks) -> Self::J;

    /// Eight samples for each part of a row, from each place on, weighted by the row: with its weights, and with their change.
    ///
    /// # Safety
    /// They must be readable.
    #[inline(always)]
    unsafe fn sums_of<const N: usize>(
        at: [*const i16; 4],
        rows: [&[Eight; N]; 4],
    ) -> (Self::I, Self::I) {
        let products = |(at, part): (*const i16, &Eight)| {
            // SAFETY: the caller vouches for them.
            let samples = unsafe { Self::eight(at) };
            let dot = |x| Self::dot_pairs(samples, Self::shorts(x));
            (dot(&part.weights), dot(&part.change))
        };
        let lane = |at, row: &[Eight; N]| {
            let parts = eights_from(at).zip(row).map(products);
            let nothing = (Self::ints([0; 4]), Self::ints([0; 4]));
            parts.fold(nothing, |a, b| {
                (Self::add_ints(a.0, b.0), Self::add_ints(a.1, b.1))
            })
        };
        let ([a, b, c, d], [e, f, g, h]) = (at, rows);
        let (a, b, c, d) = (lane(a, e), lane(b, f), lane(c, g), lane(d, h));
        (
            Self::sums(a.0, b.0, c.0, d.0),
            Self::sums(a.1, b.1, c.1, d.1),
        )
    }

    /// The same at eight places.
    ///
    /// # Safety
    /// They must be readable.
    unsafe fn sums_all<const N: usize>(
        at: [*const i16; 8],
        rows: [&[Eight; N]; 8],
    ) -> (Self::J, Self::J);
}

/// Every eighth place.
#[inline(always)]
fn eights_from(at: *const i16) -> impl Iterator<Item = *const i16> {
    (0..).map(move |part: usize| at.wrapping_add(8 * part))
}

/// Frames of a block.
const FRAMES: usize = TICK as usize;
/// Frames of an effect's block.
const EFFECT_FRAMES: usize = EFFECT_TICK as usize;

/// Samples of one voice or one bus for a stretch, and room for eight that begin at its last frame. What lies behind the last frame of a
/// stretch means nothing.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct Block([[f32; LANES]; FRAMES / LANES + 2]);

impl Block {
    pub const ZERO: Self = Self([[0.0; LANES]; FRAMES / LANES + 2]);

    /// The first `frames` frames.
    #[inline(always)]
    pub fn first(&self, frames: usize) -> &[f32] {
        self.0.as_flattened().get(..frames).unwrap_or_default()
    }

    /// All there is room for.
    #[inline(always)]
    pub fn all(&mut self) -> &mut [f32] {
        self.0.as_flattened_mut()
    }

    /// Nothing is heard from the frame `at` on.
    #[cold]
    #[inline(never)]
    pub fn silence(&mut self, at: usize, frames: usize) {
        if let Some(rest) = self.all().get_mut(at..frames) {
            rest.fill(0.0);
        }
    }

    /// Four frames; 0 behind the end.
    #[inline(always)]
    fn chunk(&self, index: usize) -> &[f32; LANES] {
        self.0.get(index).unwrap_or(&[0.0; LANES])
    }
}

/// Whole registers of a block.
const CHUNKS: usize = FRAMES / LANES;

/// Voices whose filters run side by side.
pub const EIGHT: usize = 2 * LANES;

/// A voice while it is rendered.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Place {
    pub block: Block,
    pub filter: FilterState,
    pub gains: Gains,
    /// Whose voice it is is the caller's business.
    pub slot: u32,
}

impl Place {
    /// Silence.
    pub const EMPTY: Self = Self {
        block: Block::ZERO,
        filter: FilterState::REST,
        gains: Gains::MUTE,
        slot: 0,
    };
}

/// Which registers kernels run on. All give the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vectors {
    #[cfg(target_arch = "x86_64")]
    avx2: bool,
}

impl Vectors {
    /// The best that this processor has. On x86-64 that may be AVX2: in kernel mode only where its registers have been saved.
    pub fn best() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            avx2: avx2::is_there(),
        }
    }

    /// More registers are used than every kernel-mode code may use (XMM on x86-64, NEON on AArch64).
    pub fn need_saving(self) -> bool {
        self != Self::default()
    }
}

/// What is compiled for each kind of registers.
pub trait Task {
    type Out;

    fn run<A: Arch>(self) -> Self::Out;
}

/// The function that this is inlined into aligns its stack to 32 bytes. The compiler does so only where a local asks for it, and else puts
/// registers aside across two lines of the cache or two pages, as the caller's stack has it: the filters then take up to twice as long.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn align_stack() {
    #[repr(align(32))]
    struct Aligned([u8; 32]);
    let aligned = Aligned([0; 32]);
    core::hint::black_box(&aligned.0);
}

/// Does a task on these registers: all of it that is inlined.
#[inline(always)]
pub fn on<T: Task>(vectors: Vectors, task: T) -> T::Out {
    on_best!(vectors, task_on_avx2(task), task.run::<Native>())
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn task_on_avx2<T: Task>(task: T) -> T::Out {
    align_stack();
    task.run::<avx2::Avx2>()
}

/// Sends the first `frames` frames of some times eight voices through their filters, in place; `odd` is the parity of the first frame.
/// Coefficients stand still unless `moves`.
#[inline]
pub fn filter(
    vectors: Vectors,
    places: &mut [[Place; EIGHT]],
    moves: bool,
    odd: bool,
    frames: usize,
) {
    on_best!(
        vectors,
        filter_on_avx2(places, moves, odd, frames),
        filter_on::<Native>(places, moves, odd, frames)
    )
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn filter_on_avx2(places: &mut [[Place; EIGHT]], moves: bool, odd: bool, frames: usize) {
    align_stack();
    filter_on::<avx2::Avx2>(places, moves, odd, frames);
}

#[inline(always)]
fn filter_on<A: Arch>(places: &mut [[Place; EIGHT]], moves: bool, odd: bool, frames: usize) {
    if moves {
        for eight in places {
            filter::run::<A, true>(eight, odd, frames);
        }
    } else {
        let (pairs, rest) = places.as_chunks_mut::<2>();
        for pair in pairs {
            filter::run_two::<A, false>(pair, odd, frames);
        }
        for eight in rest {
            filter::run::<A, false>(eight, odd, frames);
        }
    }
}

/// Adds the first `frames` frames of voices, one after the other, to a pair of buses.
#[inline]
pub fn mix(
    vectors: Vectors,
    places: &[Place; MIXED],
    pair: Pair,
    buses: &mut [&mut Block; 2],
    frames: usize,
) {
    on_best!(
        vectors,
        mix_on_avx2(places, pair, buses, frames),
        mix_on::<Native>(places, pair, buses, frames)
    )
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn mix_on_avx2(places: &[Place; MIXED], pair: Pair, buses: &mut [&mut Block; 2], frames: usize) {
    align_stack();
    mix_on::<avx2::Avx2>(places, pair, buses, frames);
}

#[inline(always)]
fn mix_on<A: Arch>(
    places: &[Place; MIXED],
    pair: Pair,
    buses: &mut [&mut Block; 2],
    frames: usize,
) {
    if places.iter().any(|place| place.gains.move_in(pair)) {
        mix::run::<A, true>(places, pair, buses, frames);
    } else {
        mix::run::<A, false>(places, pair, buses, frames);
    }
}

/// Adds the first `frames` frames of voices, one after the other, to the bus of an effect.
#[inline]
pub fn send(
    vectors: Vectors,
    places: &[Place; MIXED],
    effect: Effect,
    bus: &mut Block,
    frames: usize,
) {
    on_best!(
        vectors,
        send_on_avx2(places, effect, bus, frames),
        send_on::<Native>(places, effect, bus, frames)
    )
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn send_on_avx2(places: &[Place; MIXED], effect: Effect, bus: &mut Block, frames: usize) {
    align_stack();
    send_on::<avx2::Avx2>(places, effect, bus, frames);
}

#[inline(always)]
fn send_on<A: Arch>(places: &[Place; MIXED], effect: Effect, bus: &mut Block, frames: usize) {
    if places.iter().any(|place| place.gains.move_into(effect)) {
        mix::send::<A, true>(places, effect, bus, frames);
    } else {
        mix::send::<A, false>(places, effect, bus, frames);
    }
}

/// 16-bit PCM, little-endian, of eight samples (1.0 is full scale): to nearest, halves away from zero, clipped; what is not a number is 0.
#[inline(always)]
pub fn pcm(samples: &[f32; 8], to: &mut [u8; 16]) {
    Native::pcm(samples, to);
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

#[cfg(test)]
mod effects_tests;
#[cfg(test)]
pub mod tests;
