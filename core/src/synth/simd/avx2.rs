// SPDX-License-Identifier: MIT OR Apache-2.0
//! AVX2: eight weights and their change are one register. All else is as on SSE2, in the encoding that does not mix with it badly.
//!
//! Nothing here may be called but from a function that has AVX2 among its features, into which all of it is inlined.

use super::sse2::Sse2;
use super::{Arch, eights_from};
use crate::synth::lanes::Lanes;
use crate::synth::sinc::{Eight, Shorts};
use core::arch::x86_64::*;

#[derive(Clone, Copy)]
pub struct Avx2;

/// Bytes of the first two samples of a register, and what makes them those of the next two.
const FIRST: i32 = 0x0302_0100;
const NEXT: i32 = 0x0202_0202;

/// Of four frames, twice.
#[derive(Clone, Copy)]
pub struct Picks {
    /// The bytes of each frame's pair, if it is at a whole number of frames from the first.
    bytes: __m256i,
    /// By how much of a frame its position is further than that; the sign is turned, so that it compares without one.
    parts: __m256i,
}

/// Methods that are those of SSE2.
macro_rules! as_sse2 {
    ($(fn $name:ident($($x:ident: $t:ty),*) $(-> $r:ty)?;)*) => {
        $(#[inline(always)]
        fn $name($($x: $t),*) $(-> $r)? {
            Sse2::$name($($x),*)
        })*
    };
}

impl Arch for Avx2 {
    type F = __m128;
    type I = __m128i;
    type W = __m256;
    type J = __m256i;
    type Picks = Picks;

    #[inline(always)]
    fn join(low: __m128i, high: __m128i) -> __m256i {
        // SAFETY: the caller has AVX2, here and below.
        unsafe { _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high) }
    }

    #[inline(always)]
    fn line(first: u32, step: u32) -> __m256i {
        // SAFETY: as above.
        unsafe {
            let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let way = _mm256_mullo_epi32(_mm256_set1_epi32(step as i32), numbers);
            _mm256_add_epi32(_mm256_set1_epi32(first as i32), way)
        }
    }

    #[inline(always)]
    fn floats(x: __m256i) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_cvtepi32_ps(x) }
    }

    #[inline(always)]
    fn add_all(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_add_epi32(a, b) }
    }

    #[inline(always)]
    fn sub_all(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_sub_epi32(a, b) }
    }

    #[inline(always)]
    fn or_all(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_or_si256(a, b) }
    }

    #[inline(always)]
    fn left_all<const N: i32>(x: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_slli_epi32::<N>(x) }
    }

    #[inline(always)]
    fn right_all<const N: i32>(x: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_srli_epi32::<N>(x) }
    }

    #[inline(always)]
    fn high_products_all(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_mulhi_epu16(a, b) }
    }

    #[inline(always)]
    fn dot_pairs_all(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_madd_epi16(a, b) }
    }

    #[inline(always)]
    fn picks(step: u64) -> Option<Picks> {
        // The last of four is the seventh sample at most, and the one behind it the eighth.
        if step > 2 << 32 {
            return None;
        }
        let way = |i: u64| ((step * i) >> 32) as i32 * NEXT + FIRST;
        let [a, b, c, d] = [way(0), way(1), way(2), way(3)];
        // SAFETY: as above.
        unsafe {
            let parts = Self::line(0, step as u32);
            let parts = _mm256_permute2x128_si256::<0>(parts, parts);
            Some(Picks {
                bytes: _mm256_setr_epi32(a, b, c, d, a, b, c, d),
                parts: _mm256_xor_si256(parts, _mm256_set1_epi32(i32::MIN)),
            })
        }
    }

    #[inline(always)]
    unsafe fn pick([low, high]: [*const i16; 2], fraction: __m256i, picks: Picks) -> __m256i {
        // SAFETY: the caller vouches for the samples and for AVX2.
        unsafe {
            let samples = Self::join(Self::eight(low), Self::eight(high));
            // A fraction that is less than what it has been moved by has passed a whole frame.
            let fraction = _mm256_xor_si256(fraction, _mm256_set1_epi32(i32::MIN));
            let passed = _mm256_cmpgt_epi32(picks.parts, fraction);
            let more = _mm256_and_si256(passed, _mm256_set1_epi32(NEXT));
            _mm256_shuffle_epi8(samples, _mm256_add_epi32(picks.bytes, more))
        }
    }

    #[inline(always)]
    fn as_floats(x: __m256i) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_castsi256_ps(x) }
    }

    #[inline(always)]
    unsafe fn sums_all<const N: usize>(
        at: [*const i16; 8],
        rows: [&[Eight; N]; 8],
    ) -> (__m256i, __m256i) {
        let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (at, rows);
        // SAFETY: the caller vouches for the samples and for AVX2.
        unsafe {
            let low = four_sums([a, b, c, d], [i, j, k, l]);
            let high = four_sums([e, f, g, h], [m, n, o, p]);
            (
                _mm256_permute2x128_si256::<0x20>(low, high),
                _mm256_permute2x128_si256::<0x31>(low, high),
            )
        }
    }

    #[inline(always)]
    fn get_wide([low, high]: [&[f32; 4]; 2]) -> __m256 {
        // SAFETY: the caller has AVX2, here and below; 16 readable bytes each, and the loads ask for no alignment.
        unsafe {
            let low = _mm256_castps128_ps256(_mm_loadu_ps(low.as_ptr()));
            _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(high.as_ptr()))
        }
    }

    #[inline(always)]
    fn put_wide(x: __m256, [low, high]: [&mut [f32; 4]; 2]) {
        // SAFETY: room for 16 bytes each; the stores ask for no alignment.
        unsafe {
            _mm_storeu_ps(low.as_mut_ptr(), _mm256_castps256_ps128(x));
            _mm_storeu_ps(high.as_mut_ptr(), _mm256_extractf128_ps::<1>(x));
        }
    }

    #[inline(always)]
    fn splat_wide(x: f32) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    fn add_wide(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub_wide(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul_wide(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn both(x: &[f32; 4]) -> __m256 {
        // SAFETY: 16 readable bytes; the load asks for no alignment.
        unsafe { _mm256_broadcast_ps(&_mm_loadu_ps(x.as_ptr())) }
    }

    #[inline(always)]
    fn lows(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_insertf128_ps::<1>(a, _mm256_castps256_ps128(b)) }
    }

    #[inline(always)]
    fn turned(x: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe {
            let swapped = _mm256_permute2f128_ps::<0x01>(x, x);
            let minus = _mm256_set_ps(-0.0, -0.0, -0.0, -0.0, 0.0, 0.0, 0.0, 0.0);
            _mm256_add_ps(swapped, _mm256_xor_ps(x, minus))
        }
    }

    #[inline(always)]
    fn abs_wide(x: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), x) }
    }

    #[inline(always)]
    fn max_wide(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_max_ps(a, b) }
    }

    #[inline(always)]
    fn min_wide(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_min_ps(a, b) }
    }

    #[inline(always)]
    fn without_small_wide(x: __m256, least: f32) -> __m256 {
        // SAFETY: as above.
        unsafe {
            let large = _mm256_cmp_ps::<_CMP_GE_OQ>(Self::abs_wide(x), _mm256_set1_ps(least));
            _mm256_and_ps(x, large)
        }
    }

    #[inline(always)]
    fn transpose_wide([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
        // SAFETY: as above.
        unsafe {
            // a0 b0 a1 b1, a2 b2 a3 b3
            let (ab, later_ab) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let (cd, later_cd) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            [
                _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd),
                _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd),
                _mm256_shuffle_ps::<0b01_00_01_00>(later_ab, later_cd),
                _mm256_shuffle_ps::<0b11_10_11_10>(later_ab, later_cd),
            ]
        }
    }

    as_sse2! {
        fn load(x: &Lanes) -> __m128;
        fn get(x: &[f32; 4]) -> __m128;
        fn put(x: __m128, to: &mut [f32; 4]);
        fn add(a: __m128, b: __m128) -> __m128;
        fn sub(a: __m128, b: __m128) -> __m128;
        fn mul(a: __m128, b: __m128) -> __m128;
        fn abs(x: __m128) -> __m128;
        fn max(a: __m128, b: __m128) -> __m128;
        fn min(a: __m128, b: __m128) -> __m128;
        fn without_small(x: __m128, least: f32) -> __m128;
        fn ints(x: [u32; 4]) -> __m128i;
        fn to_array(a: __m128i) -> [i32; 4];
        fn truncated(x: __m128) -> __m128i;
        fn add_ints(a: __m128i, b: __m128i) -> __m128i;
        fn sub_ints(a: __m128i, b: __m128i) -> __m128i;
        fn or(a: __m128i, b: __m128i) -> __m128i;
        fn to_floats(a: __m128i) -> __m128;
        fn as_four_floats(a: __m128i) -> __m128;
        fn high_products(a: __m128i, b: __m128i) -> __m128i;
        fn dot_pairs(a: __m128i, b: __m128i) -> __m128i;
        fn sums(a: __m128i, b: __m128i, c: __m128i, d: __m128i) -> __m128i;
        fn shorts(x: &Shorts) -> __m128i;
        fn pcm(samples: &[f32; 8], to: &mut [u8; 16]);
    }

    #[inline(always)]
    fn left<const N: i32>(a: __m128i) -> __m128i {
        Sse2::left::<N>(a)
    }

    #[inline(always)]
    fn right<const N: i32>(a: __m128i) -> __m128i {
        Sse2::right::<N>(a)
    }

    #[inline(always)]
    unsafe fn eight(at: *const i16) -> __m128i {
        // SAFETY: the caller vouches for it.
        unsafe { Sse2::eight(at) }
    }

    #[inline(always)]
    unsafe fn pairs(at: [*const i16; 4]) -> __m128i {
        // SAFETY: the caller vouches for it.
        unsafe { Sse2::pairs(at) }
    }
}

/// Products of the samples of a place with a row: with its weights in the lower half, with their change in the upper.
///
/// # Safety
/// Eight samples for each part of the row must be readable.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn products<const N: usize>(at: *const i16, row: &[Eight; N]) -> __m256i {
    let mut sum = _mm256_setzero_si256();
    for (at, part) in eights_from(at).zip(row) {
        let part: *const Eight = part;
        // SAFETY: the caller vouches for the samples; a part is 32 bytes, aligned to 32.
        let products = unsafe {
            let samples = _mm256_broadcastsi128_si256(_mm_loadu_si128(at.cast()));
            _mm256_madd_epi16(samples, _mm256_load_si256(part.cast()))
        };
        sum = _mm256_add_epi32(sum, products);
    }
    sum
}

/// The same, for rows of whole pairs of parts: with a load less for each pair, and an instruction more.
///
/// # Safety
/// As with [`products`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn products_by_pairs<const N: usize>(at: *const i16, row: &[Eight; N]) -> __m256i {
    let mut sum = _mm256_setzero_si256();
    let (pairs, _) = row.as_chunks::<2>();
    for (i, pair) in pairs.iter().enumerate() {
        let parts: *const [Eight; 2] = pair;
        let parts: *const __m256i = parts.cast();
        // SAFETY: the caller vouches for the samples; a part is 32 bytes, aligned to 32.
        let (low, high) = unsafe {
            let samples = _mm256_loadu_si256(at.wrapping_add(16 * i).cast());
            let (low, high) = (
                _mm256_permute4x64_epi64::<0x44>(samples),
                _mm256_permute4x64_epi64::<0xEE>(samples),
            );
            (
                _mm256_madd_epi16(low, _mm256_load_si256(parts)),
                _mm256_madd_epi16(high, _mm256_load_si256(parts.wrapping_add(1))),
            )
        };
        sum = _mm256_add_epi32(sum, _mm256_add_epi32(low, high));
    }
    sum
}

/// Four places: sums with the weights, and with their change, in either half.
///
/// # Safety
/// As with [`products`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn four_sums<const N: usize>(at: [*const i16; 4], rows: [&[Eight; N]; 4]) -> __m256i {
    let ([a, b, c, d], [e, f, g, h]) = (at, rows);
    // SAFETY: the caller vouches for the samples.
    let (a, b, c, d) = unsafe {
        // Two loads and four other instructions can be done at a time: by halves both are worked off equally fast.
        let (a, c) = if N.is_multiple_of(2) {
            (products_by_pairs(a, e), products_by_pairs(c, g))
        } else {
            (products(a, e), products(c, g))
        };
        (a, products(b, f), c, products(d, h))
    };
    // a0+a2 b0+b2 a1+a3 b1+b3, in either half
    let ab = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let cd = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
    _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd))
}

/// The processor has AVX2, and the system saves its registers.
pub fn is_there() -> bool {
    const OSXSAVE: u32 = 1 << 27;
    const AVX: u32 = 1 << 28;
    const AVX2: u32 = 1 << 5;
    /// SSE and AVX state in XCR0.
    const STATE: u64 = 0b110;
    let first = __cpuid(0);
    if first.eax < 7 {
        return false;
    }
    let features = __cpuid(1).ecx;
    if features & (OSXSAVE | AVX) != OSXSAVE | AVX {
        return false;
    }
    // SAFETY: the system has enabled XGETBV.
    let state = unsafe { xcr0() };
    state & STATE == STATE && __cpuid_count(7, 0).ebx & AVX2 != 0
}

/// # Safety
/// The system must have enabled XGETBV.
#[target_feature(enable = "xsave")]
unsafe fn xcr0() -> u64 {
    // SAFETY: the caller vouches for it.
    unsafe { _xgetbv(0) }
}
