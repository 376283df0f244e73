// SPDX-License-Identifier: MIT OR Apache-2.0
//! Four numbers side by side: the arithmetic type of the render kernels.

use core::ops::{Add, AddAssign, Mul, Sub};

/// Numbers in a register: four voices, or four frames of one.
pub const LANES: usize = 4;

/// One number per lane. A plain array that the compiler keeps in one SSE2 or NEON register.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(16))]
pub struct Lanes(pub [f32; LANES]);

impl Lanes {
    pub const ZERO: Self = Self([0.0; LANES]);

    #[inline(always)]
    pub const fn splat(x: f32) -> Self {
        Self([x; LANES])
    }

    /// The greatest of the four numbers.
    #[inline(always)]
    pub fn highest(self) -> f32 {
        let [a, b, c, d] = self.0;
        a.max(b).max(c.max(d))
    }

    #[inline(always)]
    pub fn abs(self) -> Self {
        Self(self.0.map(f32::abs))
    }

    /// The greater number in each lane.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        let greater = |a: f32, b: f32| if a > b { a } else { b };
        Self([greater(a, e), greater(b, f), greater(c, g), greater(d, h)])
    }

    /// The first `count` lanes, and zeros.
    #[inline(always)]
    pub fn first(self, count: usize) -> Self {
        let [a, b, c, d] = self.0;
        match count {
            0 => Self::ZERO,
            1 => Self([a, 0.0, 0.0, 0.0]),
            2 => Self([a, b, 0.0, 0.0]),
            3 => Self([a, b, c, 0.0]),
            _ => Self([a, b, c, d]),
        }
    }

    /// From `self` (`t` = 0) to `other` (1).
    #[inline(always)]
    pub fn mix(self, other: Self, t: f32) -> Self {
        self + (other - self) * Self::splat(t)
    }
}

macro_rules! lanewise {
    ($trait:ident, $method:ident, $op:tt) => {
        impl $trait for Lanes {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                let [a, b, c, d] = self.0;
                let [e, f, g, h] = other.0;
                Self([a $op e, b $op f, c $op g, d $op h])
            }
        }
    };
}

lanewise!(Add, add, +);
lanewise!(Sub, sub, -);
lanewise!(Mul, mul, *);

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
