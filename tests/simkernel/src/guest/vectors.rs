// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vector registers above the XMM registers that every driver may use. A pattern lies in them while driver code runs, as values of the
//! program that it has interrupted would; what is left of it when the code calls or returns is what that program would find.
//!
//! Host code uses these registers too (the C library's memory routines do), so the pattern is laid anew whenever driver code goes on.

use super::current;
use crate::nt::*;
use crate::state::Global;
use crate::verifier;
use std::arch::asm;
use std::arch::x86_64::{__cpuid, _xgetbv};

/// The upper halves of ZMM0 to ZMM15, one of three features of AVX-512.
const UPPER_ZMM: u64 = 1 << 6;

/// What of a register belongs to which feature.
const PARTS: [(u64, std::ops::Range<usize>); 2] = [(XSTATE_MASK_AVX, 16..32), (UPPER_ZMM, 32..64)];

type Registers = [[u8; 64]; 16];

const PATTERN: Registers = {
    let mut pattern = [[0; 64]; 16];
    let mut i = 0;
    while i < 16 * 64 {
        pattern[i / 64][i % 64] = 0x51u8.wrapping_add((i as u8).wrapping_mul(37)) | 1;
        i += 1;
    }
    pattern
};

struct State {
    /// XCR0; 0 without AVX.
    host: u64,
    /// A pattern is laid and looked at.
    watched: bool,
    /// Parts that hold the pattern and must go on holding it.
    laid: u64,
    found: Registers,
}

static STATE: Global<State> = Global::new(State {
    host: 0,
    watched: true,
    laid: 0,
    found: [[0; 64]; 16],
});

pub(crate) fn initialize(watched: bool) {
    let s = STATE.get();
    s.host = xcr0();
    s.watched = watched;
}

/// Extended features that the host has enabled.
pub(crate) fn enabled() -> u64 {
    STATE.get().host
}

fn xcr0() -> u64 {
    const OSXSAVE: u32 = 1 << 27;
    #[target_feature(enable = "xsave")]
    unsafe fn read() -> u64 {
        // SAFETY: the caller has looked for it.
        unsafe { _xgetbv(0) }
    }
    if __cpuid(1).ecx & OSXSAVE == 0 {
        return 0;
    }
    // SAFETY: OSXSAVE says that the instruction is there.
    let state = unsafe { read() };
    if state & XSTATE_MASK_AVX == 0 {
        0
    } else {
        state
    }
}

/// Driver code is about to run: lays the pattern, but for what has been saved. No vector register that host code could use changes.
#[inline(always)]
pub(crate) fn lay() {
    let s = STATE.get();
    if s.host == 0 {
        return;
    }
    s.laid = if s.watched {
        s.host & (XSTATE_MASK_AVX | UPPER_ZMM) & !verifier::saved_features(current())
    } else {
        0
    };
    if s.laid == 0 {
        // SAFETY: there is AVX. The registers are the driver's.
        unsafe { asm!("vzeroupper", options(nomem, nostack, preserves_flags)) };
    } else if s.host & UPPER_ZMM != 0 {
        // SAFETY: there is AVX-512. The XMM registers and k1 stay as they are.
        unsafe {
            asm!(
                "kmovw {old:e}, k1",
                "mov {mask:e}, 0xFC",
                "kmovw k1, {mask:e}",
                "vmovdqu64 zmm0{{k1}}, [{from} + 0]",
                "vmovdqu64 zmm1{{k1}}, [{from} + 64]",
                "vmovdqu64 zmm2{{k1}}, [{from} + 128]",
                "vmovdqu64 zmm3{{k1}}, [{from} + 192]",
                "vmovdqu64 zmm4{{k1}}, [{from} + 256]",
                "vmovdqu64 zmm5{{k1}}, [{from} + 320]",
                "vmovdqu64 zmm6{{k1}}, [{from} + 384]",
                "vmovdqu64 zmm7{{k1}}, [{from} + 448]",
                "vmovdqu64 zmm8{{k1}}, [{from} + 512]",
                "vmovdqu64 zmm9{{k1}}, [{from} + 576]",
                "vmovdqu64 zmm10{{k1}}, [{from} + 640]",
                "vmovdqu64 zmm11{{k1}}, [{from} + 704]",
                "vmovdqu64 zmm12{{k1}}, [{from} + 768]",
                "vmovdqu64 zmm13{{k1}}, [{from} + 832]",
                "vmovdqu64 zmm14{{k1}}, [{from} + 896]",
                "vmovdqu64 zmm15{{k1}}, [{from} + 960]",
                "kmovw k1, {old:e}",
                from = in(reg) &raw const PATTERN_PLACE,
                old = out(reg) _,
                mask = out(reg) _,
                options(readonly, nostack),
            )
        };
    } else {
        // SAFETY: there is AVX. The XMM registers stay as they are.
        unsafe {
            asm!(
                "vinsertf128 ymm0, ymm0, [{from} + 16], 1",
                "vinsertf128 ymm1, ymm1, [{from} + 80], 1",
                "vinsertf128 ymm2, ymm2, [{from} + 144], 1",
                "vinsertf128 ymm3, ymm3, [{from} + 208], 1",
                "vinsertf128 ymm4, ymm4, [{from} + 272], 1",
                "vinsertf128 ymm5, ymm5, [{from} + 336], 1",
                "vinsertf128 ymm6, ymm6, [{from} + 400], 1",
                "vinsertf128 ymm7, ymm7, [{from} + 464], 1",
                "vinsertf128 ymm8, ymm8, [{from} + 528], 1",
                "vinsertf128 ymm9, ymm9, [{from} + 592], 1",
                "vinsertf128 ymm10, ymm10, [{from} + 656], 1",
                "vinsertf128 ymm11, ymm11, [{from} + 720], 1",
                "vinsertf128 ymm12, ymm12, [{from} + 784], 1",
                "vinsertf128 ymm13, ymm13, [{from} + 848], 1",
                "vinsertf128 ymm14, ymm14, [{from} + 912], 1",
                "vinsertf128 ymm15, ymm15, [{from} + 976], 1",
                from = in(reg) &raw const PATTERN_PLACE,
                options(readonly, nostack, preserves_flags),
            )
        };
    }
}

static PATTERN_PLACE: Registers = PATTERN;

/// Driver code has just run: what it has changed of the pattern. The registers are host code's.
#[inline(always)]
pub(super) fn look() -> u64 {
    let s = STATE.get();
    if s.laid == 0 {
        return 0;
    }
    let to = &raw mut s.found;
    if s.host & UPPER_ZMM != 0 {
        // SAFETY: there is AVX-512; `to` has room for all of them.
        unsafe {
            asm!(
                "vmovdqu64 [{to} + 0], zmm0",
                "vmovdqu64 [{to} + 64], zmm1",
                "vmovdqu64 [{to} + 128], zmm2",
                "vmovdqu64 [{to} + 192], zmm3",
                "vmovdqu64 [{to} + 256], zmm4",
                "vmovdqu64 [{to} + 320], zmm5",
                "vmovdqu64 [{to} + 384], zmm6",
                "vmovdqu64 [{to} + 448], zmm7",
                "vmovdqu64 [{to} + 512], zmm8",
                "vmovdqu64 [{to} + 576], zmm9",
                "vmovdqu64 [{to} + 640], zmm10",
                "vmovdqu64 [{to} + 704], zmm11",
                "vmovdqu64 [{to} + 768], zmm12",
                "vmovdqu64 [{to} + 832], zmm13",
                "vmovdqu64 [{to} + 896], zmm14",
                "vmovdqu64 [{to} + 960], zmm15",
                "vzeroupper",
                to = in(reg) to,
                options(nostack, preserves_flags),
            )
        };
    } else {
        // SAFETY: there is AVX; `to` has room for all of them.
        unsafe {
            asm!(
                "vextractf128 [{to} + 16], ymm0, 1",
                "vextractf128 [{to} + 80], ymm1, 1",
                "vextractf128 [{to} + 144], ymm2, 1",
                "vextractf128 [{to} + 208], ymm3, 1",
                "vextractf128 [{to} + 272], ymm4, 1",
                "vextractf128 [{to} + 336], ymm5, 1",
                "vextractf128 [{to} + 400], ymm6, 1",
                "vextractf128 [{to} + 464], ymm7, 1",
                "vextractf128 [{to} + 528], ymm8, 1",
                "vextractf128 [{to} + 592], ymm9, 1",
                "vextractf128 [{to} + 656], ymm10, 1",
                "vextractf128 [{to} + 720], ymm11, 1",
                "vextractf128 [{to} + 784], ymm12, 1",
                "vextractf128 [{to} + 848], ymm13, 1",
                "vextractf128 [{to} + 912], ymm14, 1",
                "vextractf128 [{to} + 976], ymm15, 1",
                "vzeroupper",
                to = in(reg) to,
                options(nostack, preserves_flags),
            )
        };
    }
    changed(s)
}

fn changed(s: &mut State) -> u64 {
    let laid = std::mem::take(&mut s.laid);
    let differs = |(_, part): &(u64, std::ops::Range<usize>)| {
        let mut registers = s.found.iter().zip(&PATTERN_PLACE);
        registers.any(|(found, pattern)| found[part.clone()] != pattern[part.clone()])
    };
    PARTS
        .iter()
        .filter(|part| laid & part.0 != 0 && differs(part))
        .fold(0, |all, (feature, _)| all | feature)
}
