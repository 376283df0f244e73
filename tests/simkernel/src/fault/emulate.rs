// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions that only a kernel may execute, and memory that only a kernel has.

use super::Registers;
use crate::clock;
use crate::guest;

/// KUSER_SHARED_DATA.
const SHARED: usize = 0xFFFF_F780_0000_0000;

/// Executes the instruction at rip in place of the processor, if it is one of those known here.
pub(super) fn emulate(r: &mut Registers, address: usize) -> bool {
    // SAFETY: rip lies in mapped driver code, which is longer than one instruction.
    let b = unsafe { std::slice::from_raw_parts(r.rip as *const u8, 15) };
    // mov r64, cr8 / mov cr8, r64
    if let [0x44 | 0x45, 0x0f, op @ (0x20 | 0x22), modrm, ..] = *b
        && modrm & 0xf8 == 0xc0
    {
        let register = (modrm & 7) as usize | if b[0] & 1 != 0 { 8 } else { 0 };
        if op == 0x20 {
            r.gp[register] = guest::irql() as usize;
        } else {
            guest::set_irql(r.gp[register] as u8 & 15);
        }
        r.rip += 4;
        return true;
    }
    if (SHARED..SHARED + 0x1000).contains(&address) {
        return shared_read(r, address, b);
    }
    false
}

fn shared_word(offset: usize) -> u64 {
    let time = |t: u64| t;
    match offset {
        0x08 | 0x0c => time(clock::now() as u64) >> ((offset - 0x08) * 8),
        0x10 => (clock::now() as u64) >> 32,
        0x14 | 0x18 => (clock::system_time() as u64) >> ((offset - 0x14) * 8),
        0x1c => (clock::system_time() as u64) >> 32,
        0x320 | 0x324 => ((clock::now() / 156_250) as u64) >> ((offset - 0x320) * 8),
        // NtMajorVersion, NtMinorVersion, NtBuildNumber
        0x260 => 19041,
        0x26c => 10,
        0x270 => 0,
        _ => 0,
    }
}

/// `mov r, [m]` (8B /r) and `mov eax, [moffs]` (A1).
fn shared_read(r: &mut Registers, address: usize, b: &[u8]) -> bool {
    let (rex, op) = if b[0] & 0xf0 == 0x40 {
        (b[0], 1)
    } else {
        (0, 0)
    };
    let wide = rex & 8 != 0;
    let value = shared_word(address - SHARED);
    let value = if wide { value } else { value & 0xffff_ffff } as usize;
    match b[op] {
        0xa1 => {
            r.gp[0] = value;
            r.rip += op + 9;
            true
        }
        0x8b => {
            let modrm = b[op + 1];
            let register = (modrm >> 3 & 7) as usize | if rex & 4 != 0 { 8 } else { 0 };
            let mut length = op + 2;
            let (mode, rm) = (modrm >> 6, modrm & 7);
            let mut displacement = match mode {
                1 => 1,
                2 => 4,
                _ => 0,
            };
            if rm == 4 {
                if mode == 0 && b[length] & 7 == 5 {
                    displacement = 4;
                }
                length += 1;
            } else if mode == 0 && rm == 5 {
                displacement = 4;
            }
            r.gp[register] = value;
            r.rip += length + displacement;
            true
        }
        _ => false,
    }
}
