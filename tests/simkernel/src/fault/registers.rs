// SPDX-License-Identifier: MIT OR Apache-2.0
//! A processor state, and its Windows form.

/// General registers by their encoding (rax rcx rdx rbx rsp rbp rsi rdi r8…).
#[derive(Clone, Default, Debug)]
#[repr(C)]
pub(crate) struct Registers {
    pub gp: [usize; 16],
    pub rip: usize,
    pub flags: usize,
    pub xmm: [u128; 16],
}

const NAMES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15",
];

impl Registers {
    pub fn describe(&self) -> Vec<String> {
        NAMES
            .chunks(4)
            .zip(self.gp.chunks(4))
            .map(|(n, v)| {
                n.iter()
                    .zip(v)
                    .map(|(n, v)| format!("{n:>3} {v:016x}"))
                    .collect::<Vec<_>>()
                    .join("  ")
            })
            .collect()
    }
}

/// CONTEXT (x64).
#[repr(C, align(16))]
#[derive(Clone)]
pub(crate) struct CONTEXT(pub [u8; 1232]);

impl CONTEXT {
    pub fn from(r: &Registers) -> Box<CONTEXT> {
        let mut c = Box::new(CONTEXT([0; 1232]));
        let mut put = |at: usize, bytes: &[u8]| c.0[at..at + bytes.len()].copy_from_slice(bytes);
        put(0x30, &0x0010_000fu32.to_le_bytes());
        put(0x34, &0x1f80u32.to_le_bytes());
        put(0x44, &(r.flags as u32).to_le_bytes());
        for (i, v) in r.gp.iter().enumerate() {
            put(0x78 + 8 * i, &v.to_le_bytes());
        }
        put(0xf8, &r.rip.to_le_bytes());
        for (i, v) in r.xmm.iter().enumerate() {
            put(0x1a0 + 16 * i, &v.to_le_bytes());
        }
        c
    }

    pub fn registers(&self) -> Registers {
        let word = |at: usize| {
            let mut b = [0u8; 8];
            b.copy_from_slice(&self.0[at..at + 8]);
            usize::from_le_bytes(b)
        };
        let mut r = Registers {
            rip: word(0xf8),
            flags: word(0x44) & 0xffff_ffff,
            ..Registers::default()
        };
        for (i, v) in r.gp.iter_mut().enumerate() {
            *v = word(0x78 + 8 * i);
        }
        for (i, v) in r.xmm.iter_mut().enumerate() {
            let mut b = [0u8; 16];
            b.copy_from_slice(&self.0[0x1a0 + 16 * i..0x1b0 + 16 * i]);
            *v = u128::from_le_bytes(b);
        }
        r
    }
}
