// SPDX-License-Identifier: MIT OR Apache-2.0
//! Debug output, with the kernel's printf.

use super::*;
use crate::bugcheck::{bugcheck, bugcheck_code};
use crate::guest::va_args;
use crate::state::Global;
use std::ffi::{CStr, c_char};
use std::io::Write;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => DbgPrint, DbgPrintEx, vDbgPrintEx, vDbgPrintExWithPrefix, DbgPrintReturnControlC, DbgBreakPoint, KeBugCheck, KeBugCheckEx, RtlAssert,
            DbgBreakPointWithStatus, KeRegisterBugCheckReasonCallback, KeDeregisterBugCheckReasonCallback;
    }
}

/// What drivers printed, line by line; also goes to stderr unless silenced.
pub(crate) struct Output {
    pub lines: Vec<String>,
    partial: String,
    pub echo: bool,
}

pub(crate) static OUTPUT: Global<Output> = Global::new(Output {
    lines: Vec::new(),
    partial: String::new(),
    echo: true,
});

/// Adds debug output as a driver would.
pub fn print(text: &str) {
    let o = OUTPUT.get();
    o.partial.push_str(text);
    while let Some(end) = o.partial.find('\n') {
        let line: String = o.partial.drain(..=end).collect();
        let line = line.trim_end().to_owned();
        if o.echo {
            let seconds = crate::clock::now_ns() as f64 / 1e9;
            // A reader that has gone is no reason to stop the machine.
            let _ = writeln!(std::io::stderr(), "[{seconds:>12.6}] {line}");
        }
        o.lines.push(line);
    }
}

pub(crate) fn flush() {
    if !OUTPUT.get().partial.is_empty() {
        print("\n");
    }
}

/// Formats a line for the debugger's output.
pub unsafe extern "efiapi" fn DbgPrint(format: *const c_char) -> u32 {
    // SAFETY: called by driver code with a format and its arguments.
    unsafe { print(&format_c(format, &mut va_args(1))) };
    0
}

/// The same; components and levels are not filtered.
pub unsafe extern "efiapi" fn DbgPrintEx(
    _component: u32,
    _level: u32,
    format: *const c_char,
) -> u32 {
    // SAFETY: called by driver code with a format and its arguments.
    unsafe { print(&format_c(format, &mut va_args(3))) };
    0
}

/// The same; nobody interrupts it.
pub unsafe extern "efiapi" fn DbgPrintReturnControlC(format: *const c_char) -> u32 {
    // SAFETY: called by driver code with a format and its arguments.
    unsafe { print(&format_c(format, &mut va_args(1))) };
    0
}

/// A va_list: words in memory.
pub(crate) unsafe fn va_list(list: *const usize) -> impl FnMut() -> usize {
    let mut at = list;
    move || {
        // SAFETY: by the contract of whoever passed the list.
        unsafe {
            let word = *at;
            at = at.add(1);
            word
        }
    }
}

/// [`DbgPrintEx`] with a list of arguments.
pub unsafe extern "efiapi" fn vDbgPrintEx(
    _component: u32,
    _level: u32,
    format: *const c_char,
    list: *const usize,
) -> u32 {
    // SAFETY: a format and its arguments.
    unsafe { print(&format_c(format, &mut va_list(list))) };
    0
}

/// The same with text before it.
pub unsafe extern "efiapi" fn vDbgPrintExWithPrefix(
    prefix: *const c_char,
    _component: u32,
    _level: u32,
    format: *const c_char,
    list: *const usize,
) -> u32 {
    // SAFETY: a format and its arguments.
    unsafe {
        print(&CStr::from_ptr(prefix).to_string_lossy());
        print(&format_c(format, &mut va_list(list)));
    }
    0
}

/// There is no debugger: a bugcheck.
pub unsafe extern "efiapi" fn DbgBreakPoint() {
    bugcheck(
        crate::bugcheck::KMODE_EXCEPTION_NOT_HANDLED,
        [status::STATUS_BREAKPOINT as u32 as usize, 0, 0, 0],
        "DbgBreakPoint and no debugger",
    );
}

/// The same.
pub unsafe extern "efiapi" fn DbgBreakPointWithStatus(_status: u32) {
    // SAFETY: no requirements.
    unsafe { DbgBreakPoint() }
}

/// An assertion failed: a bugcheck that says where.
pub unsafe extern "efiapi" fn RtlAssert(
    what: *const c_char,
    file: *const c_char,
    line: u32,
    _message: *const c_char,
) {
    // SAFETY: two C strings.
    let (what, file) = unsafe {
        (
            CStr::from_ptr(what).to_string_lossy(),
            CStr::from_ptr(file).to_string_lossy(),
        )
    };
    bugcheck(
        crate::bugcheck::KMODE_EXCEPTION_NOT_HANDLED,
        [status::STATUS_ASSERTION_FAILURE as u32 as usize, 0, 0, 0],
        &format!("assertion failed: {what}, {file}:{line}"),
    );
}

/// Ends the machine with a code.
pub unsafe extern "efiapi" fn KeBugCheck(code: u32) {
    bugcheck_code(code, [0; 4]);
}

/// Ends the machine with a code and four parameters.
pub unsafe extern "efiapi" fn KeBugCheckEx(code: u32, p1: usize, p2: usize, p3: usize, p4: usize) {
    bugcheck_code(code, [p1, p2, p3, p4]);
}

/// Succeeds; the routine is never called.
pub unsafe extern "efiapi" fn KeRegisterBugCheckReasonCallback(
    _record: PVOID,
    _routine: PVOID,
    _reason: u32,
    _name: PVOID,
) -> BOOLEAN {
    1
}

/// Succeeds.
pub unsafe extern "efiapi" fn KeDeregisterBugCheckReasonCallback(_record: PVOID) -> BOOLEAN {
    1
}

/// Formats as the kernel's printf does; `next` yields argument words.
///
/// # Safety
/// `format` is a C string, and pointer arguments are valid for their conversion.
pub(crate) unsafe fn format_c(format: *const c_char, next: &mut dyn FnMut() -> usize) -> String {
    // SAFETY: by the contract.
    unsafe {
        format_units(
            CStr::from_ptr(format)
                .to_bytes()
                .iter()
                .map(|&b| u16::from(b)),
            false,
            next,
        )
    }
}

/// As [`format_c`]; `wide`: what %s means. The output may contain lone surrogates' replacement characters only.
///
/// # Safety
/// As [`format_c`].
pub(crate) unsafe fn format_units(
    format: impl Iterator<Item = u16>,
    wide: bool,
    next: &mut dyn FnMut() -> usize,
) -> String {
    let text: Vec<char> = char::decode_utf16(format)
        .map(|c| c.unwrap_or('\u{fffd}'))
        .collect();
    let mut out = String::new();
    let mut i = 0;
    let at = |i: usize| text.get(i).copied().unwrap_or('\0');
    while i < text.len() {
        if at(i) != '%' {
            out.push(at(i));
            i += 1;
            continue;
        }
        i += 1;
        let (mut left, mut zero, mut plus, mut alternate, mut space) =
            (false, false, false, false, false);
        loop {
            match at(i) {
                '-' => left = true,
                '0' => zero = true,
                '+' => plus = true,
                '#' => alternate = true,
                ' ' => space = true,
                _ => break,
            }
            i += 1;
        }
        let number = |i: &mut usize, next: &mut dyn FnMut() -> usize| -> Option<i32> {
            if at(*i) == '*' {
                *i += 1;
                return Some(next() as i32);
            }
            let start = *i;
            let mut n = 0i32;
            while let Some(d) = at(*i).to_digit(10) {
                n = n.saturating_mul(10).saturating_add(d as i32);
                *i += 1;
            }
            (*i > start).then_some(n)
        };
        let mut width = number(&mut i, next).unwrap_or(0);
        if width < 0 {
            left = true;
            width = -width;
        }
        let precision = if at(i) == '.' {
            i += 1;
            Some(number(&mut i, next).unwrap_or(0).max(0) as usize)
        } else {
            None
        };
        // Length: bytes of an integer; for strings 'h' or 'l'/'w'.
        let mut bytes = 4;
        let mut long = None;
        loop {
            match at(i) {
                'I' if at(i + 1) == '6' && at(i + 2) == '4' => {
                    bytes = 8;
                    i += 3;
                }
                'I' if at(i + 1) == '3' && at(i + 2) == '2' => i += 3,
                'l' if at(i + 1) == 'l' => {
                    bytes = 8;
                    i += 2;
                }
                'I' | 'z' | 't' | 'j' => {
                    bytes = 8;
                    i += 1;
                }
                'l' | 'w' => {
                    long = Some(true);
                    i += 1;
                }
                'h' => {
                    if bytes == 2 {
                        bytes = 1;
                    } else {
                        bytes = 2;
                    }
                    long = Some(false);
                    i += 1;
                }
                _ => break,
            }
        }
        let conversion = at(i);
        i += 1;
        let unsigned = |v: usize| match bytes {
            1 => v as u8 as u64,
            2 => v as u16 as u64,
            4 => v as u32 as u64,
            _ => v as u64,
        };
        let mut sign = "";
        let mut prefix = "";
        let body = match conversion {
            '%' => {
                out.push('%');
                continue;
            }
            'd' | 'i' => {
                let v = match (bytes, next()) {
                    (1, v) => i64::from(v as i8),
                    (2, v) => i64::from(v as i16),
                    (4, v) => i64::from(v as i32),
                    (_, v) => v as i64,
                };
                sign = if v < 0 {
                    "-"
                } else if plus {
                    "+"
                } else if space {
                    " "
                } else {
                    ""
                };
                pad_digits(v.unsigned_abs().to_string(), precision)
            }
            'u' => pad_digits(unsigned(next()).to_string(), precision),
            'x' | 'X' => {
                let v = unsigned(next());
                if alternate && v != 0 {
                    prefix = if conversion == 'x' { "0x" } else { "0X" };
                }
                let digits = if conversion == 'x' {
                    format!("{v:x}")
                } else {
                    format!("{v:X}")
                };
                pad_digits(digits, precision)
            }
            'o' => pad_digits(format!("{:o}", unsigned(next())), precision),
            'p' => format!("{:016X}", next()),
            'c' | 'C' => {
                let v = next();
                let is_wide = long.unwrap_or(wide != (conversion == 'C'));
                let unit = if is_wide {
                    v as u16
                } else {
                    u16::from(v as u8)
                };
                String::from_utf16_lossy(&[unit])
            }
            's' | 'S' => {
                let is_wide = long.unwrap_or(wide != (conversion == 'S'));
                let p = next();
                let limit = precision.unwrap_or(usize::MAX);
                // SAFETY: by the contract.
                unsafe {
                    if p == 0 {
                        "(null)".to_owned()
                    } else if is_wide {
                        let p = p as *const u16;
                        let n = (0..limit)
                            .take_while(|&k| p.add(k).read_unaligned() != 0)
                            .count();
                        let units: Vec<u16> = (0..n).map(|k| p.add(k).read_unaligned()).collect();
                        String::from_utf16_lossy(&units)
                    } else {
                        let p = p as *const u8;
                        let n = (0..limit).take_while(|&k| *p.add(k) != 0).count();
                        String::from_utf8_lossy(std::slice::from_raw_parts(p, n)).into_owned()
                    }
                }
            }
            'Z' => {
                let p = next();
                // SAFETY: by the contract; ANSI_STRING has UNICODE_STRING's shape.
                unsafe {
                    if p == 0 {
                        "(null)".to_owned()
                    } else {
                        let s = &*(p as *const UNICODE_STRING);
                        if long == Some(true) || (wide && long.is_none()) {
                            s.to_string()
                        } else {
                            let b = std::slice::from_raw_parts(
                                s.Buffer.cast::<u8>(),
                                s.Length as usize,
                            );
                            String::from_utf8_lossy(b).into_owned()
                        }
                    }
                }
            }
            'f' | 'e' | 'g' | 'E' | 'G' | 'F' => {
                let v = f64::from_bits(next() as u64);
                sign = if v.is_sign_negative() { "-" } else { "" };
                format!("{:.*}", precision.unwrap_or(6), v.abs())
            }
            other => {
                out.push('%');
                out.push(other);
                continue;
            }
        };
        let length = body.chars().count() + sign.len() + prefix.len();
        let fill = (width as usize).saturating_sub(length);
        let zeros = zero
            && !left
            && !matches!(conversion, 's' | 'S' | 'c' | 'C' | 'Z')
            && precision.is_none();
        if !left && !zeros {
            out.extend(std::iter::repeat_n(' ', fill));
        }
        out.push_str(sign);
        out.push_str(prefix);
        if zeros {
            out.extend(std::iter::repeat_n('0', fill));
        }
        out.push_str(&body);
        if left {
            out.extend(std::iter::repeat_n(' ', fill));
        }
    }
    out
}

fn pad_digits(digits: String, precision: Option<usize>) -> String {
    match precision {
        Some(p) if digits.len() < p => "0".repeat(p - digits.len()) + &digits,
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(format: &CStr, arguments: &[usize]) -> String {
        let mut words = arguments.iter().copied();
        // SAFETY: the tests pass matching arguments.
        unsafe { format_c(format.as_ptr(), &mut || words.next().unwrap_or(0)) }
    }

    #[test]
    fn integers() {
        assert_eq!(
            f(c"%d %u", &[-5i32 as u32 as usize, 0xffff_ffff]),
            "-5 4294967295"
        );
        assert_eq!(
            f(c"%08x|%#x|%-4d|%4d", &[0xbeef, 16, 7, 7]),
            "0000beef|0x10|7   |   7"
        );
        assert_eq!(
            f(
                c"%I64d %lld %zu %hu",
                &[usize::MAX, usize::MAX, 9, 0x1_0002]
            ),
            "-1 -1 9 2"
        );
        assert_eq!(f(c"%p %%", &[0x1234]), "0000000000001234 %");
        assert_eq!(f(c"%.3d %*d", &[5, 4, 6]), "005    6");
    }

    #[test]
    fn strings() {
        let w = wide("wide");
        let u = UNICODE_STRING::of(&w[..4]);
        assert_eq!(
            f(
                c"%s %S %ws %wZ %.2s",
                &[
                    c"abc".as_ptr() as usize,
                    w.as_ptr() as usize,
                    w.as_ptr() as usize,
                    &raw const u as usize,
                    c"abc".as_ptr() as usize
                ]
            ),
            "abc wide wide wide ab"
        );
        assert_eq!(
            f(
                c"%5s|%-5s|%c",
                &[
                    c"ab".as_ptr() as usize,
                    c"ab".as_ptr() as usize,
                    'x' as usize
                ]
            ),
            "   ab|ab   |x"
        );
    }
}
