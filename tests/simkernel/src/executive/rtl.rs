// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strings, GUIDs, bits of the run-time library.

use super::*;
use crate::{pool, verifier};
use std::ffi::c_char;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => RtlInitUnicodeString, RtlInitAnsiString, RtlInitString, RtlUlongByteSwap, RtlRandomEx;
        DISPATCH_LEVEL => RtlCopyUnicodeString, RtlAppendUnicodeStringToString, RtlAppendUnicodeToString, RtlFreeUnicodeString;
        PASSIVE_LEVEL => RtlCompareUnicodeString, RtlEqualUnicodeString, RtlPrefixUnicodeString, RtlUpcaseUnicodeChar, RtlDowncaseUnicodeChar,
            RtlAnsiStringToUnicodeString, RtlUnicodeStringToAnsiString, RtlFreeAnsiString, RtlStringFromGUID,
            RtlGUIDFromString, RtlIntegerToUnicodeString, RtlUnicodeStringToInteger, RtlMultiByteToUnicodeN,
            RtlMultiByteToUnicodeSize, RtlUnicodeToMultiByteN, RtlAnsiCharToUnicodeChar, RtlTimeToTimeFields, RtlHashUnicodeString,
            RtlDuplicateUnicodeString, RtlCreateUnicodeString, RtlGetEnabledExtendedFeatures;
    }
}

const STRING_TAG: u32 = tag(b"Strg");

pub(crate) fn upper(c: u16) -> u16 {
    char::from_u32(u32::from(c))
        .filter(|c| c.to_uppercase().count() == 1)
        .and_then(|c| c.to_uppercase().next())
        .and_then(|c| u16::try_from(u32::from(c)).ok())
        .unwrap_or(c)
}

/// A UNICODE_STRING with a terminated pool buffer, for RtlFreeUnicodeString. `owner`: the image it will be charged to.
pub fn new_unicode_string(text: &[u16], owner: usize) -> UNICODE_STRING {
    let bytes = size_of_val(text);
    let buffer: *mut u16 = pool::allocate(bytes + 2, STRING_TAG, true, true, owner).cast();
    // SAFETY: `bytes + 2` bytes were allocated.
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), buffer, text.len()) };
    UNICODE_STRING {
        Length: bytes as u16,
        MaximumLength: bytes as u16 + 2,
        Buffer: buffer,
    }
}

/// A view of a zero-terminated string.
pub unsafe extern "efiapi" fn RtlInitUnicodeString(to: *mut UNICODE_STRING, text: *const u16) {
    // SAFETY: a terminated string or null.
    unsafe {
        let bytes = if text.is_null() {
            0
        } else {
            (crt::wcslen(text) * 2).min(0xfffc)
        };
        *to = UNICODE_STRING {
            Length: bytes as u16,
            MaximumLength: if text.is_null() { 0 } else { bytes as u16 + 2 },
            Buffer: text.cast_mut(),
        };
    }
}

/// ANSI_STRING has the shape of UNICODE_STRING.
pub unsafe extern "efiapi" fn RtlInitAnsiString(to: *mut UNICODE_STRING, text: *const c_char) {
    // SAFETY: a terminated string or null.
    unsafe {
        let bytes = if text.is_null() {
            0
        } else {
            crt::strlen(text).min(0xfffe)
        };
        *to = UNICODE_STRING {
            Length: bytes as u16,
            MaximumLength: if text.is_null() { 0 } else { bytes as u16 + 1 },
            Buffer: text.cast_mut().cast(),
        };
    }
}

/// A view of a zero-terminated string of bytes.
pub unsafe extern "efiapi" fn RtlInitString(to: *mut UNICODE_STRING, text: *const c_char) {
    // SAFETY: the same contract.
    unsafe { RtlInitAnsiString(to, text) }
}

/// Copies as much as there is room for.
pub unsafe extern "efiapi" fn RtlCopyUnicodeString(
    to: *mut UNICODE_STRING,
    from: *const UNICODE_STRING,
) {
    // SAFETY: two strings of the caller's.
    unsafe {
        let length = if from.is_null() {
            0
        } else {
            (*from).Length.min((*to).MaximumLength)
        };
        if length > 0 {
            std::ptr::copy(
                (*from).Buffer.cast::<u8>(),
                (*to).Buffer.cast::<u8>(),
                length as usize,
            );
        }
        (*to).Length = length;
        if length + 2 <= (*to).MaximumLength {
            *(*to).Buffer.add(length as usize / 2) = 0;
        }
    }
}

unsafe fn append(to: *mut UNICODE_STRING, units: &[u16]) -> NTSTATUS {
    // SAFETY: a string of the caller's.
    unsafe {
        let bytes = size_of_val(units);
        let old = (*to).Length as usize;
        if old + bytes > (*to).MaximumLength as usize {
            return status::STATUS_BUFFER_TOO_SMALL;
        }
        std::ptr::copy(units.as_ptr(), (*to).Buffer.add(old / 2), units.len());
        (*to).Length = (old + bytes) as u16;
        if old + bytes + 2 <= (*to).MaximumLength as usize {
            *(*to).Buffer.add((old + bytes) / 2) = 0;
        }
    }
    status::STATUS_SUCCESS
}

/// Appends a string, if there is room for it.
pub unsafe extern "efiapi" fn RtlAppendUnicodeStringToString(
    to: *mut UNICODE_STRING,
    from: *const UNICODE_STRING,
) -> NTSTATUS {
    // SAFETY: two strings of the caller's.
    unsafe { append(to, (*from).units()) }
}

/// Appends a zero-terminated string, if there is room for it.
pub unsafe extern "efiapi" fn RtlAppendUnicodeToString(
    to: *mut UNICODE_STRING,
    from: *const u16,
) -> NTSTATUS {
    if from.is_null() {
        return status::STATUS_SUCCESS;
    }
    // SAFETY: a string and a terminated string of the caller's.
    unsafe { append(to, std::slice::from_raw_parts(from, crt::wcslen(from))) }
}

unsafe fn compare(a: *const UNICODE_STRING, b: *const UNICODE_STRING, fold: bool) -> i32 {
    let f = |c: &u16| if fold { upper(*c) } else { *c };
    // SAFETY: two strings of the caller's.
    unsafe { (*a).units().iter().map(f).cmp((*b).units().iter().map(f)) as i32 }
}

/// Which comes first, with or without regard to case.
pub unsafe extern "efiapi" fn RtlCompareUnicodeString(
    a: *const UNICODE_STRING,
    b: *const UNICODE_STRING,
    fold: BOOLEAN,
) -> i32 {
    // SAFETY: the same contract.
    unsafe { compare(a, b, fold != 0) }
}

/// Equal, with or without regard to case.
pub unsafe extern "efiapi" fn RtlEqualUnicodeString(
    a: *const UNICODE_STRING,
    b: *const UNICODE_STRING,
    fold: BOOLEAN,
) -> BOOLEAN {
    // SAFETY: the same contract.
    unsafe { (compare(a, b, fold != 0) == 0) as BOOLEAN }
}

/// One begins with the other.
pub unsafe extern "efiapi" fn RtlPrefixUnicodeString(
    a: *const UNICODE_STRING,
    b: *const UNICODE_STRING,
    fold: BOOLEAN,
) -> BOOLEAN {
    let f = |c: &u16| if fold != 0 { upper(*c) } else { *c };
    // SAFETY: two strings of the caller's.
    unsafe {
        let (a, b) = ((*a).units(), (*b).units());
        (a.len() <= b.len() && a.iter().zip(b).all(|(x, y)| f(x) == f(y))) as BOOLEAN
    }
}

/// Upper case of a code unit.
pub unsafe extern "efiapi" fn RtlUpcaseUnicodeChar(c: u16) -> u16 {
    upper(c)
}

/// Lower case of a code unit.
pub unsafe extern "efiapi" fn RtlDowncaseUnicodeChar(c: u16) -> u16 {
    // SAFETY: no requirements.
    unsafe { crt::towlower(c) }
}

/// Frees a string that the kernel made.
pub unsafe extern "efiapi" fn RtlFreeUnicodeString(string: *mut UNICODE_STRING) {
    // SAFETY: a string whose buffer was allocated by this library.
    unsafe {
        if !(*string).Buffer.is_null() {
            pool::free((*string).Buffer as usize, 0);
            *string = UNICODE_STRING::empty();
        }
    }
}

/// Frees a string that the kernel made.
pub unsafe extern "efiapi" fn RtlFreeAnsiString(string: *mut UNICODE_STRING) {
    // SAFETY: the same contract.
    unsafe { RtlFreeUnicodeString(string) }
}

/// A copy of a zero-terminated string.
pub unsafe extern "efiapi" fn RtlCreateUnicodeString(
    to: *mut UNICODE_STRING,
    text: *const u16,
) -> BOOLEAN {
    let owner = ex::direct_caller(RtlCreateUnicodeString as *const () as usize);
    // SAFETY: a terminated string.
    unsafe { *to = new_unicode_string(std::slice::from_raw_parts(text, crt::wcslen(text)), owner) };
    1
}

/// A copy of a string.
pub unsafe extern "efiapi" fn RtlDuplicateUnicodeString(
    _flags: u32,
    from: *const UNICODE_STRING,
    to: *mut UNICODE_STRING,
) -> NTSTATUS {
    let owner = ex::direct_caller(RtlDuplicateUnicodeString as *const () as usize);
    // SAFETY: two strings of the caller's.
    unsafe { *to = new_unicode_string((*from).units(), owner) };
    status::STATUS_SUCCESS
}

/// Writes into `to`, or into a fresh pool buffer.
unsafe fn put(to: *mut UNICODE_STRING, units: &[u16], allocate: bool, owner: usize) -> NTSTATUS {
    // SAFETY: a string of the caller's.
    unsafe {
        if allocate {
            if owner != 0 && verifier::allocation_fails() {
                return status::STATUS_NO_MEMORY;
            }
            *to = new_unicode_string(units, owner);
            return status::STATUS_SUCCESS;
        }
        (*to).Length = 0;
        match append(to, units) {
            status::STATUS_BUFFER_TOO_SMALL => status::STATUS_BUFFER_OVERFLOW,
            s => s,
        }
    }
}

/// Bytes to UTF-16.
pub unsafe extern "efiapi" fn RtlAnsiStringToUnicodeString(
    to: *mut UNICODE_STRING,
    from: *const UNICODE_STRING,
    allocate: BOOLEAN,
) -> NTSTATUS {
    let owner = ex::direct_caller(RtlAnsiStringToUnicodeString as *const () as usize);
    // SAFETY: two strings of the caller's.
    unsafe {
        let bytes =
            std::slice::from_raw_parts((*from).Buffer.cast::<u8>(), (*from).Length as usize);
        let units: Vec<u16> = bytes.iter().map(|&b| u16::from(b)).collect();
        put(to, &units, allocate != 0, owner)
    }
}

/// UTF-16 to bytes.
pub unsafe extern "efiapi" fn RtlUnicodeStringToAnsiString(
    to: *mut UNICODE_STRING,
    from: *const UNICODE_STRING,
    allocate: BOOLEAN,
) -> NTSTATUS {
    let owner = ex::direct_caller(RtlUnicodeStringToAnsiString as *const () as usize);
    // SAFETY: two strings of the caller's.
    unsafe {
        let bytes: Vec<u8> = (*from)
            .units()
            .iter()
            .map(|&c| u8::try_from(c).unwrap_or(b'?'))
            .collect();
        if allocate != 0 {
            let buffer = pool::allocate(bytes.len() + 1, STRING_TAG, true, true, owner);
            (*to).Buffer = buffer.cast();
            (*to).MaximumLength = bytes.len() as u16 + 1;
        }
        if bytes.len() > (*to).MaximumLength as usize {
            return status::STATUS_BUFFER_OVERFLOW;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), (*to).Buffer.cast(), bytes.len());
        (*to).Length = bytes.len() as u16;
    }
    status::STATUS_SUCCESS
}

/// `{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}`, upper case.
pub fn guid_text(g: &GUID) -> String {
    let d = &g.Data4;
    format!(
        "{{{:08X}-{:04X}-{:04X}-{:02X}{:02X}-{:02X}{:02X}{:02X}{:02X}{:02X}{:02X}}}",
        g.Data1, g.Data2, g.Data3, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]
    )
}

/// The reverse of [`guid_text`], any case.
pub fn guid_from_text(text: &str) -> Option<GUID> {
    let hex: String = text.strip_prefix('{')?.strip_suffix('}')?.replace('-', "");
    if text.len() != 38 || hex.len() != 32 || !hex.is_ascii() {
        return None;
    }
    let n = |from: usize, to: usize| u32::from_str_radix(&hex[from..to], 16).ok();
    let mut data4 = [0u8; 8];
    for (i, b) in data4.iter_mut().enumerate() {
        *b = n(16 + 2 * i, 18 + 2 * i)? as u8;
    }
    Some(GUID {
        Data1: n(0, 8)?,
        Data2: n(8, 12)? as u16,
        Data3: n(12, 16)? as u16,
        Data4: data4,
    })
}

/// A GUID's text form, in a string that the kernel makes.
pub unsafe extern "efiapi" fn RtlStringFromGUID(
    guid: *const GUID,
    to: *mut UNICODE_STRING,
) -> NTSTATUS {
    let owner = ex::direct_caller(RtlStringFromGUID as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        let text = guid_text(&guid.read_unaligned());
        put(to, &text.encode_utf16().collect::<Vec<_>>(), true, owner)
    }
}

/// A GUID of its text form.
pub unsafe extern "efiapi" fn RtlGUIDFromString(
    from: *const UNICODE_STRING,
    guid: *mut GUID,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe {
        match guid_from_text(&(*from).to_string()) {
            Some(g) => {
                guid.write_unaligned(g);
                status::STATUS_SUCCESS
            }
            None => status::STATUS_INVALID_PARAMETER,
        }
    }
}

/// A number's digits.
pub unsafe extern "efiapi" fn RtlIntegerToUnicodeString(
    value: u32,
    base: u32,
    to: *mut UNICODE_STRING,
) -> NTSTATUS {
    let text = match base {
        0 | 10 => value.to_string(),
        16 => format!("{value:X}"),
        8 => format!("{value:o}"),
        2 => format!("{value:b}"),
        _ => return status::STATUS_INVALID_PARAMETER,
    };
    // SAFETY: a string of the caller's.
    unsafe { put(to, &text.encode_utf16().collect::<Vec<_>>(), false, 0) }
}

/// A number of its digits.
pub unsafe extern "efiapi" fn RtlUnicodeStringToInteger(
    from: *const UNICODE_STRING,
    base: u32,
    value: *mut u32,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe {
        let text = (*from).to_string();
        let t = text.trim();
        let (radix, digits) = match (base, t.strip_prefix("0x")) {
            (0 | 16, Some(d)) => (16, d),
            (0, None) => (10, t),
            (b, _) => (b, t),
        };
        if !(2..=16).contains(&radix) {
            return status::STATUS_INVALID_PARAMETER;
        }
        let end = digits
            .find(|c: char| !c.is_digit(radix))
            .unwrap_or(digits.len());
        *value = u32::from_str_radix(&digits[..end], radix).unwrap_or(0);
    }
    status::STATUS_SUCCESS
}

/// Bytes to UTF-16, as many as there is room for.
pub unsafe extern "efiapi" fn RtlMultiByteToUnicodeN(
    to: *mut u16,
    max: u32,
    len: *mut u32,
    from: *const u8,
    n: u32,
) -> NTSTATUS {
    let count = n.min(max / 2);
    // SAFETY: the caller's buffers.
    unsafe {
        for i in 0..count as usize {
            *to.add(i) = u16::from(*from.add(i));
        }
        if !len.is_null() {
            *len = count * 2;
        }
    }
    status::STATUS_SUCCESS
}

/// Bytes that the UTF-16 takes.
pub unsafe extern "efiapi" fn RtlMultiByteToUnicodeSize(
    bytes: *mut u32,
    _from: *const u8,
    n: u32,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe { *bytes = n * 2 };
    status::STATUS_SUCCESS
}

/// UTF-16 to bytes, as many as there is room for.
pub unsafe extern "efiapi" fn RtlUnicodeToMultiByteN(
    to: *mut u8,
    max: u32,
    len: *mut u32,
    from: *const u16,
    bytes: u32,
) -> NTSTATUS {
    let count = (bytes / 2).min(max);
    // SAFETY: the caller's buffers.
    unsafe {
        for i in 0..count as usize {
            *to.add(i) = u8::try_from(*from.add(i)).unwrap_or(b'?');
        }
        if !len.is_null() {
            *len = count;
        }
    }
    status::STATUS_SUCCESS
}

/// One byte to UTF-16, and on to the next.
pub unsafe extern "efiapi" fn RtlAnsiCharToUnicodeChar(source: *mut *const u8) -> u16 {
    // SAFETY: the caller's.
    unsafe {
        let c = u16::from(**source);
        *source = (*source).add(1);
        c
    }
}

/// TIME_FIELDS: year, month, day, hour, minute, second, milliseconds, weekday.
pub unsafe extern "efiapi" fn RtlTimeToTimeFields(time: *const i64, fields: *mut [i16; 8]) {
    // SAFETY: the caller's.
    unsafe {
        let ms = *time / 10_000;
        let days = ms.div_euclid(86_400_000);
        let in_day = ms.rem_euclid(86_400_000);
        // Days since 0000-03-01 (1601-01-01 is day 584 694), then the civil-from-days computation.
        let z = days + 584_694;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        *fields = [
            year as i16,
            month as i16,
            day as i16,
            (in_day / 3_600_000) as i16,
            (in_day / 60_000 % 60) as i16,
            (in_day / 1000 % 60) as i16,
            (in_day % 1000) as i16,
            ((days + 1) % 7) as i16,
        ];
    }
}

/// A hash, with or without regard to case.
pub unsafe extern "efiapi" fn RtlHashUnicodeString(
    string: *const UNICODE_STRING,
    fold: BOOLEAN,
    _algorithm: u32,
    hash: *mut u32,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe {
        *hash = (*string).units().iter().fold(0u32, |h, &c| {
            let c = if fold != 0 { upper(c) } else { c };
            h.wrapping_mul(65_599).wrapping_add(u32::from(c))
        });
    }
    status::STATUS_SUCCESS
}

/// The bytes in the other order.
pub unsafe extern "efiapi" fn RtlUlongByteSwap(v: u32) -> u32 {
    v.swap_bytes()
}

/// The next number of a seed, below 2³¹.
pub unsafe extern "efiapi" fn RtlRandomEx(seed: *mut u32) -> u32 {
    // SAFETY: the caller's.
    unsafe {
        *seed = seed.read().wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        *seed
    }
}

/// Which of these extended features of the processor the system has enabled.
pub unsafe extern "efiapi" fn RtlGetEnabledExtendedFeatures(mask: u64) -> u64 {
    crate::verifier::enabled_features() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids() {
        let text = "{6994AD04-93EF-11D0-A3CC-00A0C9223196}";
        let g = guid_from_text(text).unwrap();
        assert_eq!((g.Data1, g.Data4[7]), (0x6994_AD04, 0x96));
        assert_eq!(guid_text(&g), text);
        assert!(guid_from_text("{6994AD04}").is_none());
    }

    #[test]
    fn time_fields() {
        let mut fields = [0i16; 8];
        for (time, expected) in [
            (0i64, [1601, 1, 1, 0, 0, 0, 0, 1]),
            (134_116_992_000_000_000, [2026, 1, 1, 0, 0, 0, 0, 4]),
            // 2000-02-29 12:34:56.789
            (125_963_012_967_890_000, [2000, 2, 29, 12, 34, 56, 789, 2]),
        ] {
            // SAFETY: local storage.
            unsafe { RtlTimeToTimeFields(&time, &mut fields) };
            assert_eq!(fields, expected);
        }
    }
}
