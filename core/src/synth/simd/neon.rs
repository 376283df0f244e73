// SPDX-License-Identifier: MIT OR Apache-2.0
//! NEON, which every AArch64 has.

use super::Arch;
use crate::synth::lanes::Lanes;
use crate::synth::sinc::Shorts;
use core::arch::aarch64::*;

#[derive(Clone, Copy)]
pub struct Neon;

impl Arch for Neon {
    type F = float32x4_t;
    type I = int32x4_t;
    in_two_registers!(transpose);

    #[inline(always)]
    fn load(x: &Lanes) -> float32x4_t {
        // SAFETY: `Lanes` is 16 bytes.
        unsafe { vld1q_f32(x.0.as_ptr()) }
    }

    #[inline(always)]
    fn get(x: &[f32; 4]) -> float32x4_t {
        // SAFETY: 16 readable bytes.
        unsafe { vld1q_f32(x.as_ptr()) }
    }

    #[inline(always)]
    fn put(x: float32x4_t, to: &mut [f32; 4]) {
        // SAFETY: room for 16 bytes.
        unsafe { vst1q_f32(to.as_mut_ptr(), x) }
    }

    #[inline(always)]
    fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: NEON is part of the target, here and below.
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    fn sub(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: as above.
        unsafe { vsubq_f32(a, b) }
    }

    #[inline(always)]
    fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: as above.
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    fn abs(x: float32x4_t) -> float32x4_t {
        // SAFETY: as above.
        unsafe { vabsq_f32(x) }
    }

    #[inline(always)]
    fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: as above.
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }

    #[inline(always)]
    fn min(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: as above.
        unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
    }

    #[inline(always)]
    fn without_small(x: float32x4_t, least: f32) -> float32x4_t {
        // SAFETY: as above.
        unsafe {
            let mask = vcageq_f32(x, vdupq_n_f32(least));
            vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), mask))
        }
    }

    #[inline(always)]
    fn ints(x: [u32; 4]) -> int32x4_t {
        // SAFETY: 16 readable bytes.
        unsafe { vreinterpretq_s32_u32(vld1q_u32(x.as_ptr())) }
    }

    #[inline(always)]
    fn to_array(a: int32x4_t) -> [i32; 4] {
        let mut out = [0; 4];
        // SAFETY: room for 16 bytes.
        unsafe { vst1q_s32(out.as_mut_ptr(), a) };
        out
    }

    #[inline(always)]
    fn truncated(x: float32x4_t) -> int32x4_t {
        // SAFETY: NEON is part of the target.
        unsafe { vcvtq_s32_f32(x) }
    }

    #[inline(always)]
    fn add_ints(a: int32x4_t, b: int32x4_t) -> int32x4_t {
        // SAFETY: NEON is part of the target.
        unsafe { vaddq_s32(a, b) }
    }

    #[inline(always)]
    fn sub_ints(a: int32x4_t, b: int32x4_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe { vsubq_s32(a, b) }
    }

    #[inline(always)]
    fn or(a: int32x4_t, b: int32x4_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe { vorrq_s32(a, b) }
    }

    #[inline(always)]
    fn left<const N: i32>(a: int32x4_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe { vshlq_n_s32::<N>(a) }
    }

    #[inline(always)]
    fn right<const N: i32>(a: int32x4_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe { vreinterpretq_s32_u32(vshrq_n_u32::<N>(vreinterpretq_u32_s32(a))) }
    }

    #[inline(always)]
    fn as_four_floats(a: int32x4_t) -> float32x4_t {
        // SAFETY: as above.
        unsafe { vreinterpretq_f32_s32(a) }
    }

    #[inline(always)]
    fn to_floats(a: int32x4_t) -> float32x4_t {
        // SAFETY: as above.
        unsafe { vcvtq_f32_s32(a) }
    }

    #[inline(always)]
    fn high_products(a: int32x4_t, b: int32x4_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe {
            let (a, b) = (vreinterpretq_u16_s32(a), vreinterpretq_u16_s32(b));
            let low = vmull_u16(vget_low_u16(a), vget_low_u16(b));
            let high = vmull_high_u16(a, b);
            let upper = vuzp2q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high));
            vreinterpretq_s32_u16(upper)
        }
    }

    #[inline(always)]
    fn dot_pairs(a: int32x4_t, b: int32x4_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe {
            let (a, b) = (vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
            let low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
            vpaddq_s32(low, vmull_high_s16(a, b))
        }
    }

    #[inline(always)]
    fn sums(a: int32x4_t, b: int32x4_t, c: int32x4_t, d: int32x4_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe { vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)) }
    }

    #[inline(always)]
    fn shorts(x: &Shorts) -> int32x4_t {
        // SAFETY: 16 readable bytes.
        unsafe { vreinterpretq_s32_s16(vld1q_s16(x.0.as_ptr())) }
    }

    #[inline(always)]
    fn pcm(samples: &[f32; 8], to: &mut [u8; 16]) {
        // SAFETY: eight readable floats, room for 16 bytes; the store asks for no alignment.
        unsafe {
            let four = |at: *const f32| {
                let x = vmulq_n_f32(vld1q_f32(at), 32768.0);
                let sign = vandq_u32(vreinterpretq_u32_f32(x), vdupq_n_u32(1 << 31));
                let half = vorrq_u32(sign, vdupq_n_u32(0.5f32.to_bits()));
                // Saturates; what is not a number becomes 0.
                vqmovn_s32(vcvtq_s32_f32(vaddq_f32(x, vreinterpretq_f32_u32(half))))
            };
            let at = samples.as_ptr();
            let both = vcombine_s16(four(at), four(at.wrapping_add(4)));
            vst1q_u8(to.as_mut_ptr(), vreinterpretq_u8_s16(both));
        }
    }

    #[inline(always)]
    unsafe fn eight(at: *const i16) -> int32x4_t {
        // SAFETY: the caller vouches for 16 bytes.
        unsafe { vreinterpretq_s32_s16(vld1q_s16(at)) }
    }

    #[inline(always)]
    unsafe fn pairs(at: [*const i16; 4]) -> int32x4_t {
        // SAFETY: the caller vouches for 4 bytes at each.
        Self::ints(at.map(|at| unsafe { at.cast::<u32>().read_unaligned() }))
    }
}

/// Rows become columns.
#[inline(always)]
fn transpose([a, b, c, d]: [float32x4_t; 4]) -> [float32x4_t; 4] {
    // SAFETY: NEON is part of the target, here and below.
    unsafe {
        // a0 c0 a1 c1, a2 c2 a3 c3
        let (ac, later_ac) = (vzip1q_f32(a, c), vzip2q_f32(a, c));
        let (bd, later_bd) = (vzip1q_f32(b, d), vzip2q_f32(b, d));
        [
            vzip1q_f32(ac, bd),
            vzip2q_f32(ac, bd),
            vzip1q_f32(later_ac, later_bd),
            vzip2q_f32(later_ac, later_bd),
        ]
    }
}
