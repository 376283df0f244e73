// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C run-time routines that the kernel exports.
//!
//! The memory routines are leaf functions that touch volatile registers only: a fault in one of them unwinds to its caller.

use super::*;
use crate::guest::va_args;
use std::ffi::{CStr, c_char};

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    let mut list = crate::exports! {
        HIGH_LEVEL => strlen, strcmp, strncmp, _stricmp, strcpy, strncpy, strcat, strchr, strrchr, strstr, wcslen, wcscmp, wcsncmp, _wcsicmp,
            _wcsnicmp, wcscpy, wcsncpy, wcscat, wcschr, wcsrchr, wcsstr, tolower, toupper, towlower, towupper, RtlCompareMemory,
            _snprintf, _snwprintf, _vsnprintf, _vsnwprintf, sprintf, swprintf, abs, labs, wcsnlen, strnlen, atoi, RtlPrefetchMemoryNonTemporal;
    };
    for (name, address) in [
        ("memcpy", simk_memmove as *const () as usize),
        ("memmove", simk_memmove as *const () as usize),
        ("RtlCopyMemory", simk_memmove as *const () as usize),
        ("RtlMoveMemory", simk_memmove as *const () as usize),
        (
            "RtlCopyMemoryNonTemporal",
            simk_memmove as *const () as usize,
        ),
        ("memset", simk_memset as *const () as usize),
        ("RtlFillMemory", simk_fill as *const () as usize),
        ("RtlZeroMemory", simk_zero as *const () as usize),
        ("memcmp", simk_memcmp as *const () as usize),
        ("__chkstk", simk_chkstk as *const () as usize),
        ("_chkstk", simk_chkstk as *const () as usize),
    ] {
        list.push(Export {
            name,
            address,
            max_irql: HIGH_LEVEL,
            raw: true,
        });
    }
    list
}

unsafe extern "efiapi" {
    fn simk_leaf_begin();
    fn simk_memmove(to: *mut u8, from: *const u8, n: usize) -> *mut u8;
    fn simk_memset(to: *mut u8, byte: i32, n: usize) -> *mut u8;
    fn simk_fill(to: *mut u8, n: usize, byte: i32);
    fn simk_zero(to: *mut u8, n: usize);
    fn simk_memcmp(a: *const u8, b: *const u8, n: usize) -> i32;
    fn simk_chkstk();
    fn simk_leaf_end();
}

/// True for an address in one of the leaf routines: its frame is the return address alone.
pub(crate) fn is_leaf(address: usize) -> bool {
    (simk_leaf_begin as *const () as usize..simk_leaf_end as *const () as usize).contains(&address)
}

std::arch::global_asm!(
    ".globl simk_leaf_begin",
    "simk_leaf_begin:",
    "nop",
    // rcx to, rdx from, r8 count
    ".globl simk_memmove",
    "simk_memmove:",
    "mov rax, rcx",
    "mov r9, rcx",
    "sub r9, rdx",
    "cmp r9, r8",
    "jb 5f",
    // forwards
    "2:",
    "cmp r8, 16",
    "jb 3f",
    "movups xmm0, [rdx]",
    "movups [rcx], xmm0",
    "add rdx, 16",
    "add rcx, 16",
    "sub r8, 16",
    "jmp 2b",
    "3:",
    "test r8, r8",
    "jz 4f",
    "mov r10b, [rdx]",
    "mov [rcx], r10b",
    "inc rdx",
    "inc rcx",
    "dec r8",
    "jmp 3b",
    "4:",
    "ret",
    // backwards
    "5:",
    "cmp r8, 16",
    "jb 6f",
    "movups xmm0, [rdx + r8 - 16]",
    "movups [rcx + r8 - 16], xmm0",
    "sub r8, 16",
    "jmp 5b",
    "6:",
    "test r8, r8",
    "jz 4b",
    "mov r10b, [rdx + r8 - 1]",
    "mov [rcx + r8 - 1], r10b",
    "dec r8",
    "jmp 6b",
    // rcx to, edx byte, r8 count
    ".globl simk_memset",
    "simk_memset:",
    "mov rax, rcx",
    "movzx edx, dl",
    "mov r9, 0x0101010101010101",
    "imul rdx, r9",
    "movq xmm0, rdx",
    "punpcklqdq xmm0, xmm0",
    "2:",
    "cmp r8, 16",
    "jb 3f",
    "movups [rcx], xmm0",
    "add rcx, 16",
    "sub r8, 16",
    "jmp 2b",
    "3:",
    "test r8, r8",
    "jz 4f",
    "mov [rcx], dl",
    "inc rcx",
    "dec r8",
    "jmp 3b",
    "4:",
    "ret",
    // rcx to, rdx count, r8b byte
    ".globl simk_fill",
    "simk_fill:",
    "xchg rdx, r8",
    "jmp simk_memset",
    ".globl simk_zero",
    "simk_zero:",
    "mov r8, rdx",
    "xor edx, edx",
    "jmp simk_memset",
    ".globl simk_memcmp",
    "simk_memcmp:",
    "xor eax, eax",
    "2:",
    "test r8, r8",
    "jz 3f",
    "movzx eax, byte ptr [rcx]",
    "movzx r9d, byte ptr [rdx]",
    "inc rcx",
    "inc rdx",
    "dec r8",
    "sub eax, r9d",
    "jz 2b",
    "3:",
    "ret",
    // rax: the frame size; touches every page of the frame; changes r10 and r11 only.
    ".globl simk_chkstk",
    "simk_chkstk:",
    "lea r10, [rsp + 8]",
    "mov r11, r10",
    "sub r11, rax",
    "2:",
    "sub r10, 4096",
    "cmp r10, r11",
    "jb 3f",
    "test [r10], r10",
    "jmp 2b",
    "3:",
    "test [r11], r11",
    "ret",
    ".globl simk_leaf_end",
    "simk_leaf_end:",
    "nop",
);

unsafe fn bytes<'a>(s: *const c_char) -> &'a [u8] {
    // SAFETY: a C string of the caller's.
    unsafe { CStr::from_ptr(s).to_bytes() }
}

unsafe fn units<'a>(s: *const u16) -> &'a [u16] {
    // SAFETY: a terminated string of the caller's.
    unsafe {
        let n = (0..).take_while(|&i| *s.add(i) != 0).count();
        std::slice::from_raw_parts(s, n)
    }
}

fn order(o: std::cmp::Ordering) -> i32 {
    o as i32
}

macro_rules! c_functions {
    ($($name:ident($($p:ident: $t:ty),*) -> $r:ty $body:block)*) => {
        $(
            #[doc = concat!("C's `", stringify!($name), "`.")]
            pub unsafe extern "efiapi" fn $name($($p: $t),*) -> $r {
                // SAFETY: C's contract of this function.
                #[allow(unused_unsafe)]
                unsafe { $body }
            }
        )*
    };
}

c_functions! {
    strlen(s: *const c_char) -> usize { bytes(s).len() }
    strnlen(s: *const c_char, n: usize) -> usize { (0..n).take_while(|&i| *s.add(i) != 0).count() }
    strcmp(a: *const c_char, b: *const c_char) -> i32 { order(bytes(a).cmp(bytes(b))) }
    strncmp(a: *const c_char, b: *const c_char, n: usize) -> i32 {
        for i in 0..n {
            let (x, y) = (*a.add(i) as u8, *b.add(i) as u8);
            if x != y || x == 0 { return i32::from(x) - i32::from(y); }
        }
        0
    }
    _stricmp(a: *const c_char, b: *const c_char) -> i32 {
        order(bytes(a).to_ascii_lowercase().cmp(&bytes(b).to_ascii_lowercase()))
    }
    strcpy(to: *mut c_char, from: *const c_char) -> *mut c_char {
        std::ptr::copy(from, to, bytes(from).len() + 1);
        to
    }
    strncpy(to: *mut c_char, from: *const c_char, n: usize) -> *mut c_char {
        let mut end = false;
        for i in 0..n {
            end = end || *from.add(i) == 0;
            *to.add(i) = if end { 0 } else { *from.add(i) };
        }
        to
    }
    strcat(to: *mut c_char, from: *const c_char) -> *mut c_char {
        std::ptr::copy(from, to.add(bytes(to).len()), bytes(from).len() + 1);
        to
    }
    strchr(s: *const c_char, c: i32) -> *const c_char {
        let all = bytes(s);
        if c as u8 == 0 { return s.add(all.len()); }
        all.iter().position(|&b| b == c as u8).map_or(std::ptr::null(), |i| s.add(i))
    }
    strrchr(s: *const c_char, c: i32) -> *const c_char {
        let all = bytes(s);
        if c as u8 == 0 { return s.add(all.len()); }
        all.iter().rposition(|&b| b == c as u8).map_or(std::ptr::null(), |i| s.add(i))
    }
    strstr(s: *const c_char, what: *const c_char) -> *const c_char {
        let (a, b) = (bytes(s), bytes(what));
        (0..=a.len()).find(|&i| a[i..].starts_with(b)).map_or(std::ptr::null(), |i| s.add(i))
    }
    wcslen(s: *const u16) -> usize { units(s).len() }
    wcsnlen(s: *const u16, n: usize) -> usize { (0..n).take_while(|&i| *s.add(i) != 0).count() }
    wcscmp(a: *const u16, b: *const u16) -> i32 { order(units(a).cmp(units(b))) }
    wcsncmp(a: *const u16, b: *const u16, n: usize) -> i32 {
        for i in 0..n {
            let (x, y) = (*a.add(i), *b.add(i));
            if x != y || x == 0 { return i32::from(x) - i32::from(y); }
        }
        0
    }
    _wcsicmp(a: *const u16, b: *const u16) -> i32 {
        order(units(a).iter().map(|&c| lower(c)).cmp(units(b).iter().map(|&c| lower(c))))
    }
    _wcsnicmp(a: *const u16, b: *const u16, n: usize) -> i32 {
        for i in 0..n {
            let (x, y) = (lower(*a.add(i)), lower(*b.add(i)));
            if x != y || x == 0 { return i32::from(x) - i32::from(y); }
        }
        0
    }
    wcscpy(to: *mut u16, from: *const u16) -> *mut u16 {
        std::ptr::copy(from, to, units(from).len() + 1);
        to
    }
    wcsncpy(to: *mut u16, from: *const u16, n: usize) -> *mut u16 {
        let mut end = false;
        for i in 0..n {
            end = end || *from.add(i) == 0;
            *to.add(i) = if end { 0 } else { *from.add(i) };
        }
        to
    }
    wcscat(to: *mut u16, from: *const u16) -> *mut u16 {
        std::ptr::copy(from, to.add(units(to).len()), units(from).len() + 1);
        to
    }
    wcschr(s: *const u16, c: u16) -> *const u16 {
        let all = units(s);
        if c == 0 { return s.add(all.len()); }
        all.iter().position(|&b| b == c).map_or(std::ptr::null(), |i| s.add(i))
    }
    wcsrchr(s: *const u16, c: u16) -> *const u16 {
        let all = units(s);
        if c == 0 { return s.add(all.len()); }
        all.iter().rposition(|&b| b == c).map_or(std::ptr::null(), |i| s.add(i))
    }
    wcsstr(s: *const u16, what: *const u16) -> *const u16 {
        let (a, b) = (units(s), units(what));
        (0..=a.len()).find(|&i| a[i..].starts_with(b)).map_or(std::ptr::null(), |i| s.add(i))
    }
    tolower(c: i32) -> i32 { i32::from((c as u8).to_ascii_lowercase()) }
    toupper(c: i32) -> i32 { i32::from((c as u8).to_ascii_uppercase()) }
    towlower(c: u16) -> u16 { lower(c) }
    towupper(c: u16) -> u16 { rtl::upper(c) }
    abs(v: i32) -> i32 { v.wrapping_abs() }
    labs(v: i32) -> i32 { v.wrapping_abs() }
    atoi(s: *const c_char) -> i32 {
        let all = bytes(s).trim_ascii_start();
        let (negative, digits) = match all.first() {
            Some(b'-') => (true, &all[1..]),
            Some(b'+') => (false, &all[1..]),
            _ => (false, all),
        };
        let n = digits.iter().take_while(|b| b.is_ascii_digit())
            .fold(0i32, |n, b| n.wrapping_mul(10).wrapping_add(i32::from(b - b'0')));
        if negative { n.wrapping_neg() } else { n }
    }
    RtlCompareMemory(a: *const u8, b: *const u8, n: usize) -> usize {
        (0..n).take_while(|&i| *a.add(i) == *b.add(i)).count()
    }
    RtlPrefetchMemoryNonTemporal(_p: *const u8, _n: usize) -> () {}
    sprintf(to: *mut u8, format: *const c_char) -> i32 {
        let text = dbg::format_c(format, &mut va_args(2));
        put_bytes(to, usize::MAX, &text)
    }
    _snprintf(to: *mut u8, n: usize, format: *const c_char) -> i32 {
        let text = dbg::format_c(format, &mut va_args(3));
        put_bytes(to, n, &text)
    }
    _vsnprintf(to: *mut u8, n: usize, format: *const c_char, list: *const usize) -> i32 {
        let text = dbg::format_c(format, &mut dbg::va_list(list));
        put_bytes(to, n, &text)
    }
    swprintf(to: *mut u16, format: *const u16) -> i32 {
        let text = dbg::format_units(units(format).iter().copied(), true, &mut va_args(2));
        put_units(to, usize::MAX, &text)
    }
    _snwprintf(to: *mut u16, n: usize, format: *const u16) -> i32 {
        let text = dbg::format_units(units(format).iter().copied(), true, &mut va_args(3));
        put_units(to, n, &text)
    }
    _vsnwprintf(to: *mut u16, n: usize, format: *const u16, list: *const usize) -> i32 {
        let text = dbg::format_units(units(format).iter().copied(), true, &mut dbg::va_list(list));
        put_units(to, n, &text)
    }
}

fn lower(c: u16) -> u16 {
    char::from_u32(u32::from(c))
        .and_then(|c| c.to_lowercase().next())
        .and_then(|c| u16::try_from(u32::from(c)).ok())
        .unwrap_or(c)
}

/// −1 if it did not fit, as the underscored functions return; terminated only if there is room.
unsafe fn put_bytes(to: *mut u8, n: usize, text: &str) -> i32 {
    let len = text.len();
    // SAFETY: `n` bytes at `to` are the caller's.
    unsafe {
        std::ptr::copy(text.as_ptr(), to, len.min(n));
        if len < n {
            *to.add(len) = 0;
        }
    }
    if len > n { -1 } else { len as i32 }
}

unsafe fn put_units(to: *mut u16, n: usize, text: &str) -> i32 {
    let units: Vec<u16> = text.encode_utf16().collect();
    let len = units.len();
    // SAFETY: `n` units at `to` are the caller's.
    unsafe {
        std::ptr::copy(units.as_ptr(), to, len.min(n));
        if len < n {
            *to.add(len) = 0;
        }
    }
    if len > n { -1 } else { len as i32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_routines() {
        for n in [0usize, 1, 15, 16, 17, 100] {
            for shift in [0usize, 1, 7, 16, 20] {
                let start: Vec<u8> = (0..200).map(|i| i as u8).collect();
                for (to, from) in [(shift, 0), (0, shift)] {
                    let (mut a, mut b) = (start.clone(), start.clone());
                    a.copy_within(from..from + n, to);
                    // SAFETY: both ranges lie in the vector.
                    unsafe { simk_memmove(b.as_mut_ptr().add(to), b.as_ptr().add(from), n) };
                    assert_eq!(a, b, "n {n} to {to} from {from}");
                }
            }
            let mut a = vec![1u8; 120];
            // SAFETY: `n` < 120.
            unsafe { simk_memset(a.as_mut_ptr().add(3), 0x15a, n) };
            assert!(
                a.iter()
                    .enumerate()
                    .all(|(i, &b)| b == if (3..3 + n).contains(&i) { 0x5a } else { 1 })
            );
            // SAFETY: as above.
            unsafe { simk_fill(a.as_mut_ptr().add(3), n, 9) };
            assert_eq!(a.iter().filter(|b| **b == 9).count(), n);
        }
        // SAFETY: three readable bytes each.
        unsafe {
            assert_eq!(simk_memcmp(b"abc".as_ptr(), b"abc".as_ptr(), 3), 0);
            assert!(simk_memcmp(b"abd".as_ptr(), b"abc".as_ptr(), 3) > 0);
            assert!(simk_memcmp(b"ab\x01".as_ptr(), b"ab\xff".as_ptr(), 3) < 0);
        }
    }
}
