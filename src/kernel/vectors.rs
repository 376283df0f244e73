// SPDX-License-Identifier: MIT OR Apache-2.0
//! Vector registers beyond those that every kernel-mode code may use: their owner's values are saved before they are used.

use super::irql::Passive;
use arioso_core::synth::Vectors;

/// The registers that may be used here, and what must be saved for them.
#[derive(Clone, Copy)]
pub struct WideRegisters {
    vectors: Vectors,
    /// Of `KeSaveExtendedProcessorState`.
    mask: u64,
}

impl WideRegisters {
    /// The best that the processor has and the system has enabled for drivers.
    pub fn allowed(passive: Passive) -> Self {
        let vectors = Vectors::best();
        let mask = if vectors.need_saving() {
            system::enabled(passive)
        } else {
            0
        };
        Self {
            vectors: if mask == 0 {
                Vectors::default()
            } else {
                vectors
            },
            mask,
        }
    }

    /// Runs `f` with the registers that it may use: all of them if they could be saved, which takes memory. They are restored behind it.
    /// `DISPATCH_LEVEL` or below; `f` leaves the IRQL as it was.
    pub fn with<R>(self, f: impl FnOnce(Vectors) -> R) -> R {
        if !self.vectors.need_saving() {
            return f(Vectors::default());
        }
        system::saved(self.mask, |saved| {
            f(if saved {
                self.vectors
            } else {
                Vectors::default()
            })
        })
    }
}

#[cfg(target_arch = "x86_64")]
mod system {
    use crate::kernel::check;
    use crate::kernel::irql::Passive;
    use core::mem::MaybeUninit;
    use wdk_sys::{XSTATE_SAVE, ntddk};

    /// `XSTATE_MASK_AVX`: the upper halves of YMM registers.
    const AVX: u64 = 1 << 2;
    /// `XSTATE_MASK_AVX512`. An instruction of AVX2 clears what lies above its register.
    const AVX512: u64 = 0b111 << 5;

    /// What code with AVX2 changes; 0 if the system has not enabled it.
    pub fn enabled(_: Passive) -> u64 {
        // SAFETY: IRQL is PASSIVE_LEVEL.
        let enabled = unsafe { ntddk::RtlGetEnabledExtendedFeatures(AVX | AVX512) };
        if enabled & AVX == 0 { 0 } else { enabled }
    }

    /// Calls `f` between save and restore, or with false where there is no memory for a save. `mask` is of [`enabled`].
    pub fn saved<R>(mask: u64, f: impl FnOnce(bool) -> R) -> R {
        let mut place = MaybeUninit::<XSTATE_SAVE>::uninit();
        // SAFETY: the mask is enabled, IRQL at most DISPATCH_LEVEL; the structure stays where it is until it is restored.
        let saved = unsafe { ntddk::KeSaveExtendedProcessorState(mask, place.as_mut_ptr()) };
        let saved = check(saved).is_ok();
        let result = f(saved);
        if saved {
            // SAFETY: saved above, in this thread, at this IRQL; saves within `f` have been restored.
            unsafe { ntddk::KeRestoreExtendedProcessorState(place.as_mut_ptr()) };
        }
        result
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod system {
    use crate::kernel::irql::Passive;

    /// There is nothing that would have to be saved.
    pub fn enabled(_: Passive) -> u64 {
        0
    }

    pub fn saved<R>(_mask: u64, f: impl FnOnce(bool) -> R) -> R {
        f(false)
    }
}
