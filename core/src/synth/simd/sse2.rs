// SPDX-License-Identifier: MIT OR Apache-2.0
//! SSE2, which every x86-64 has: nothing is detected.

use super::Arch;
use crate::synth::lanes::Lanes;
use crate::synth::sinc::Shorts;
use core::arch::x86_64::*;

#[derive(Clone, Copy)]
pub struct Sse2;

impl Arch for Sse2 {
    type F = __m128;
    type I = __m128i;
    in_two_registers!(transpose);

    #[inline(always)]
    fn load(x: &Lanes) -> __m128 {
        // SAFETY: `Lanes` is 16 bytes, aligned to 16.
        unsafe { _mm_load_ps(x.0.as_ptr()) }
    }

    #[inline(always)]
    fn get(x: &[f32; 4]) -> __m128 {
        // SAFETY: 16 readable bytes; the load asks for no alignment.
        unsafe { _mm_loadu_ps(x.as_ptr()) }
    }

    #[inline(always)]
    fn put(x: __m128, to: &mut [f32; 4]) {
        // SAFETY: room for 16 bytes; the store asks for no alignment.
        unsafe { _mm_storeu_ps(to.as_mut_ptr(), x) }
    }

    #[inline(always)]
    fn add(a: __m128, b: __m128) -> __m128 {
        // SAFETY: SSE2 is part of the target, here and below.
        unsafe { _mm_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(a: __m128, b: __m128) -> __m128 {
        // SAFETY: as above.
        unsafe { _mm_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(a: __m128, b: __m128) -> __m128 {
        // SAFETY: as above.
        unsafe { _mm_mul_ps(a, b) }
    }

    #[inline(always)]
    fn abs(x: __m128) -> __m128 {
        // SAFETY: as above.
        unsafe { _mm_andnot_ps(_mm_set1_ps(-0.0), x) }
    }

    #[inline(always)]
    fn max(a: __m128, b: __m128) -> __m128 {
        // SAFETY: as above.
        unsafe { _mm_max_ps(a, b) }
    }

    #[inline(always)]
    fn min(a: __m128, b: __m128) -> __m128 {
        // SAFETY: as above.
        unsafe { _mm_min_ps(a, b) }
    }

    #[inline(always)]
    fn without_small(x: __m128, least: f32) -> __m128 {
        // SAFETY: as above.
        unsafe {
            let magnitude = _mm_andnot_ps(_mm_set1_ps(-0.0), x);
            _mm_and_ps(x, _mm_cmpge_ps(magnitude, _mm_set1_ps(least)))
        }
    }

    #[inline(always)]
    fn ints(x: [u32; 4]) -> __m128i {
        // SAFETY: 16 readable bytes; the load asks for no alignment.
        unsafe { _mm_loadu_si128(x.as_ptr().cast()) }
    }

    #[inline(always)]
    fn to_array(a: __m128i) -> [i32; 4] {
        let mut out = [0; 4];
        // SAFETY: room for 16 bytes; the store asks for no alignment.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), a) };
        out
    }

    #[inline(always)]
    fn truncated(x: __m128) -> __m128i {
        // SAFETY: SSE2 is part of the target.
        unsafe { _mm_cvttps_epi32(x) }
    }

    #[inline(always)]
    fn add_ints(a: __m128i, b: __m128i) -> __m128i {
        // SAFETY: SSE2 is part of the target.
        unsafe { _mm_add_epi32(a, b) }
    }

    #[inline(always)]
    fn sub_ints(a: __m128i, b: __m128i) -> __m128i {
        // SAFETY: as above.
        unsafe { _mm_sub_epi32(a, b) }
    }

    #[inline(always)]
    fn or(a: __m128i, b: __m128i) -> __m128i {
        // SAFETY: as above.
        unsafe { _mm_or_si128(a, b) }
    }

    #[inline(always)]
    fn left<const N: i32>(a: __m128i) -> __m128i {
        // SAFETY: as above.
        unsafe { _mm_slli_epi32::<N>(a) }
    }

    #[inline(always)]
    fn right<const N: i32>(a: __m128i) -> __m128i {
        // SAFETY: as above.
        unsafe { _mm_srli_epi32::<N>(a) }
    }

    #[inline(always)]
    fn as_four_floats(a: __m128i) -> __m128 {
        // SAFETY: as above.
        unsafe { _mm_castsi128_ps(a) }
    }

    #[inline(always)]
    fn to_floats(a: __m128i) -> __m128 {
        // SAFETY: as above.
        unsafe { _mm_cvtepi32_ps(a) }
    }

    #[inline(always)]
    fn high_products(a: __m128i, b: __m128i) -> __m128i {
        // SAFETY: as above.
        unsafe { _mm_mulhi_epu16(a, b) }
    }

    #[inline(always)]
    fn dot_pairs(a: __m128i, b: __m128i) -> __m128i {
        // SAFETY: as above.
        unsafe { _mm_madd_epi16(a, b) }
    }

    #[inline(always)]
    fn sums(a: __m128i, b: __m128i, c: __m128i, d: __m128i) -> __m128i {
        // SAFETY: as above.
        unsafe {
            // a0+a2 b0+b2 a1+a3 b1+b3
            let ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
            let cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
            _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd))
        }
    }

    #[inline(always)]
    fn shorts(x: &Shorts) -> __m128i {
        // SAFETY: `Shorts` is 16 bytes, aligned to 16.
        unsafe { _mm_load_si128(x.0.as_ptr().cast()) }
    }

    #[inline(always)]
    fn pcm(samples: &[f32; 8], to: &mut [u8; 16]) {
        // SAFETY: eight readable floats, room for 16 bytes; neither load nor store asks for alignment.
        unsafe {
            let four = |at: *const f32| {
                let x = _mm_mul_ps(_mm_loadu_ps(at), _mm_set1_ps(32768.0));
                let x = _mm_and_ps(x, _mm_cmpord_ps(x, x));
                let sign = _mm_and_ps(x, _mm_set1_ps(-0.0));
                let x = _mm_add_ps(x, _mm_or_ps(sign, _mm_set1_ps(0.5)));
                // What is too low becomes `i32::MIN`; so would what is too high.
                _mm_cvttps_epi32(_mm_min_ps(x, _mm_set1_ps(32767.0)))
            };
            let at = samples.as_ptr();
            let both = _mm_packs_epi32(four(at), four(at.wrapping_add(4)));
            _mm_storeu_si128(to.as_mut_ptr().cast(), both);
        }
    }

    #[inline(always)]
    unsafe fn eight(at: *const i16) -> __m128i {
        // SAFETY: the caller vouches for 16 bytes; the load asks for no alignment.
        unsafe { _mm_loadu_si128(at.cast()) }
    }

    #[inline(always)]
    unsafe fn pairs(at: [*const i16; 4]) -> __m128i {
        let [a, b, c, d] = at;
        // SAFETY: the caller vouches for 4 bytes at each.
        unsafe {
            let [a, b, c, d] =
                [a, b, c, d].map(|at| _mm_cvtsi32_si128(at.cast::<i32>().read_unaligned()));
            _mm_unpacklo_epi64(_mm_unpacklo_epi32(a, b), _mm_unpacklo_epi32(c, d))
        }
    }
}

/// Rows become columns.
#[inline(always)]
fn transpose([a, b, c, d]: [__m128; 4]) -> [__m128; 4] {
    // SAFETY: SSE2 is part of the target, here and below.
    unsafe {
        // a0 b0 a1 b1, a2 b2 a3 b3
        let (ab, later_ab) = (_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
        let (cd, later_cd) = (_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
        [
            _mm_movelh_ps(ab, cd),
            _mm_movehl_ps(cd, ab),
            _mm_movelh_ps(later_ab, later_cd),
            _mm_movehl_ps(later_cd, later_ab),
        ]
    }
}
