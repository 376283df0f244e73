// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blocks along time: eight frames in a register, and what runs in a line over them.

use super::{Arch, EFFECT_FRAMES, LANES};

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
pub(super) fn eight<A: Arch>(block: &[f32; EFFECT_FRAMES], place: usize) -> A::W {
    eight_from::<A>(block, 2 * LANES * place)
}

#[inline(always)]
pub(super) fn put_eight<A: Arch>(block: &mut [f32; EFFECT_FRAMES], place: usize, x: A::W) {
    let rest = block.get_mut(2 * LANES * place..).unwrap_or_default();
    if let [low, high, ..] = rest.as_chunks_mut().0 {
        A::put_wide(x, [low, high]);
    }
}
