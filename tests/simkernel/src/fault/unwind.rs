// SPDX-License-Identifier: MIT OR Apache-2.0
//! One step of x64 stack unwinding by UNWIND_INFO.

use super::Registers;
use crate::executive::crt;
use crate::guest;
use crate::loader::{self, FunctionEntry, Image};

/// One frame, as it was before the step.
pub(super) struct Frame {
    pub image: Option<&'static Image>,
    pub function: Option<FunctionEntry>,
    pub establisher: usize,
    /// Language handler, its data, and the flags that say when it wants to be called.
    pub handler: Option<(usize, usize, u8)>,
}

pub(super) const EHANDLER: u8 = 1;
pub(super) const UHANDLER: u8 = 2;
const CHAININFO: u8 = 4;

/// True for an address in the running context's stacks.
pub(super) fn readable(sp: usize) -> bool {
    let context = guest::current();
    // SAFETY: the running context is live.
    !context.is_null() && sp.is_multiple_of(8) && unsafe { (*context).owns(sp) }
}

fn read(at: usize) -> Option<usize> {
    // SAFETY: in a mapped stack.
    readable(at).then(|| unsafe { *(at as *const usize) })
}

fn pop(r: &mut Registers) -> Option<usize> {
    let word = read(r.gp[4])?;
    r.gp[4] += 8;
    Some(word)
}

/// Unwinds one frame. `exact`: rip is where the code stopped, not a return address.
pub(super) fn step(r: &mut Registers, exact: bool) -> Option<Frame> {
    let leaf = |r: &mut Registers, image| {
        let establisher = r.gp[4];
        r.rip = pop(r)?;
        Some(Frame {
            image,
            function: None,
            establisher,
            handler: None,
        })
    };
    if crt::is_leaf(r.rip) {
        return leaf(r, None);
    }
    let image = loader::image_of(r.rip)?;
    let Some(function) = image.function(r.rip) else {
        return leaf(r, Some(image));
    };
    let mut info = image.base + function.unwind as usize;
    let mut offset = (r.rip - image.base) as u32 - function.begin;
    let mut establisher = r.gp[4];
    let mut handler = None;
    let mut first = true;
    if exact && let Some(()) = epilogue(r) {
        return Some(Frame {
            image: Some(image),
            function: Some(function),
            establisher,
            handler: None,
        });
    }
    loop {
        // SAFETY: the image's unwind data.
        let byte = |i: usize| unsafe { *((info + i) as *const u8) };
        // SAFETY: as above.
        let word = |i: usize| unsafe { ((info + i) as *const u16).read_unaligned() };
        // SAFETY: as above.
        let long = |i: usize| unsafe { ((info + i) as *const u32).read_unaligned() };
        let flags = byte(0) >> 3;
        let prologue = u32::from(byte(1));
        let count = byte(2) as usize;
        let (frame_register, frame_offset) =
            ((byte(3) & 15) as usize, usize::from(byte(3) >> 4) * 16);
        if first && frame_register != 0 {
            // Set already, unless the prologue has not come to it.
            let set = (0..count).any(|i| {
                word(4 + 2 * i) >> 8 & 15 == 3 && u32::from(word(4 + 2 * i) as u8) <= offset
            });
            if offset >= prologue || set {
                establisher = r.gp[frame_register] - frame_offset;
            }
        }
        let base = if frame_register != 0 {
            establisher
        } else {
            r.gp[4]
        };
        let mut i = 0;
        while i < count {
            let code = word(4 + 2 * i);
            let (at, operation, info_bits) =
                (u32::from(code as u8), code >> 8 & 15, (code >> 12) as usize);
            let slots = match operation {
                1 if info_bits == 0 => 2,
                1 => 3,
                4 | 8 => 2,
                5 | 9 => 3,
                6 => 2,
                _ => 1,
            };
            let executed = at <= offset;
            if executed {
                let far = || long(4 + 2 * (i + 1)) as usize;
                let near = || usize::from(word(4 + 2 * (i + 1)));
                match operation {
                    0 => r.gp[info_bits] = pop(r)?,
                    1 => r.gp[4] += if info_bits == 0 { near() * 8 } else { far() },
                    2 => r.gp[4] += info_bits * 8 + 8,
                    3 => r.gp[4] = r.gp[frame_register] - frame_offset,
                    4 => r.gp[info_bits] = read(base + near() * 8)?,
                    5 => r.gp[info_bits] = read(base + far())?,
                    8 | 9 => {
                        let a = base + if operation == 8 { near() * 16 } else { far() };
                        r.xmm[info_bits] = read(a)? as u128 | (read(a + 8)? as u128) << 64;
                    }
                    10 => {
                        let sp = r.gp[4] + if info_bits != 0 { 8 } else { 0 };
                        r.rip = read(sp)?;
                        r.gp[4] = read(sp + 24)?;
                        return Some(Frame {
                            image: Some(image),
                            function: Some(function),
                            establisher,
                            handler: None,
                        });
                    }
                    _ => {}
                }
            }
            i += slots;
        }
        let end = 4 + 2 * (count + (count & 1));
        if flags & CHAININFO != 0 {
            info = image.base + long(end + 8) as usize;
            // The chained prologue has been executed wholly.
            offset = u32::MAX;
            first = false;
            continue;
        }
        if flags & (EHANDLER | UHANDLER) != 0 && handler.is_none() && offset >= prologue {
            handler = Some((image.base + long(end) as usize, info + end + 4, flags));
        }
        break;
    }
    r.rip = pop(r)?;
    Some(Frame {
        image: Some(image),
        function: Some(function),
        establisher,
        handler,
    })
}

/// If rip is inside an epilogue, executes the rest of it.
fn epilogue(r: &mut Registers) -> Option<()> {
    // SAFETY: rip lies in mapped code; the longest form looked at is ten bytes, and images end in padding or data.
    let byte = |at: usize| unsafe { *(at as *const u8) };
    let mut at = r.rip;
    let mut sp = r.gp[4];
    let mut gp = r.gp;
    // SAFETY: as above.
    let long = |at: usize| unsafe { (at as *const i32).read_unaligned() } as isize;
    if byte(at) == 0x48 && byte(at + 1) == 0x83 && byte(at + 2) == 0xc4 {
        sp = sp.wrapping_add_signed(byte(at + 3) as i8 as isize);
        at += 4;
    } else if byte(at) == 0x48 && byte(at + 1) == 0x81 && byte(at + 2) == 0xc4 {
        sp = sp.wrapping_add_signed(long(at + 3));
        at += 7;
    } else if byte(at) & 0xfe == 0x48
        && byte(at + 1) == 0x8d
        && byte(at + 2) & 0x38 == 0x20
        && byte(at + 2) & 7 != 4
    {
        let register = (byte(at + 2) & 7) as usize | if byte(at) & 1 != 0 { 8 } else { 0 };
        match byte(at + 2) >> 6 {
            1 => {
                sp = gp[register].wrapping_add_signed(byte(at + 3) as i8 as isize);
                at += 4;
            }
            2 => {
                sp = gp[register].wrapping_add_signed(long(at + 3));
                at += 7;
            }
            _ => return None,
        }
    }
    loop {
        let (register, length) = match (byte(at), byte(at + 1)) {
            (b, _) if b & 0xf8 == 0x58 => ((b & 7) as usize, 1),
            (0x41, b) if b & 0xf8 == 0x58 => ((b & 7) as usize | 8, 2),
            _ => break,
        };
        gp[register] = read(sp)?;
        sp += 8;
        at += length;
    }
    let returns = matches!(
        (byte(at), byte(at + 1)),
        (0xc3, _) | (0xc2, _) | (0xf3, 0xc3)
    );
    if !returns {
        return None;
    }
    r.gp = gp;
    r.rip = read(sp)?;
    r.gp[4] = sp + 8;
    Some(())
}
