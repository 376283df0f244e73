// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pin properties, data intersection and the checks of a connect request.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;

use super::property::{write_list, write_value};
use crate::guest_call;
use crate::modules::irp;
use crate::nt::{IRP, NTSTATUS};

/// KSDATAFORMAT_TYPE_WILDCARD, …_SUBTYPE_WILDCARD, …_SPECIFIER_WILDCARD.
const WILDCARD: GUID = GUID::NULL;
const CONNECT: usize = size_of::<KSPIN_CONNECT>();
const FORMAT: usize = size_of::<KSDATAFORMAT>();
const PIN_PROPERTY: usize = size_of::<KSP_PIN>();

/// Makes the best format of the client's range and one of the pin's: `KsPinDataIntersection`'s routine, with the value's length.
pub type Intersect = unsafe extern "efiapi" fn(
    *mut IRP,
    *mut KSP_PIN,
    *mut KSDATARANGE,
    *mut KSDATARANGE,
    u32,
    *mut c_void,
    *mut u32,
) -> NTSTATUS;

fn standard_interface() -> KSIDENTIFIER {
    KSIDENTIFIER {
        Set: KSINTERFACESETID_Standard,
        Id: 0,
        Flags: 0,
    }
}

fn standard_medium() -> KSIDENTIFIER {
    KSIDENTIFIER {
        Set: KSMEDIUMSETID_Standard,
        Id: 0,
        Flags: 0,
    }
}

fn same(a: &KSIDENTIFIER, b: &KSIDENTIFIER) -> bool {
    a.Set == b.Set && a.Id == b.Id
}

unsafe fn identifiers(
    list: *const KSIDENTIFIER,
    count: u32,
    default: KSIDENTIFIER,
) -> Vec<KSIDENTIFIER> {
    if count == 0 || list.is_null() {
        return vec![default];
    }
    // SAFETY: a descriptor's counted list.
    unsafe { irp::slice(list, count as usize).to_vec() }
}

/// `KSATTRIBUTE_LIST`.
#[repr(C)]
struct AttributeList {
    count: u32,
    attributes: *const *const KSATTRIBUTE,
}

/// A pin's data ranges; entries that are attribute lists of the range before are left out.
pub unsafe fn ranges(pin: &KSPIN_DESCRIPTOR) -> Vec<*mut KSDATARANGE> {
    // SAFETY: the same contract.
    unsafe { ranges_and_attributes(pin) }
        .into_iter()
        .map(|(range, _)| range)
        .collect()
}

/// A pin's data ranges, each with its list of attributes or null.
unsafe fn ranges_and_attributes(
    pin: &KSPIN_DESCRIPTOR,
) -> Vec<(*mut KSDATARANGE, *const AttributeList)> {
    // SAFETY: the descriptor's counted list of pointers.
    unsafe {
        let all = irp::slice(
            pin.DataRanges.cast::<*mut KSDATARANGE>(),
            pin.DataRangesCount as usize,
        );
        let mut out = Vec::with_capacity(all.len());
        let mut all = all.iter().copied();
        while let Some(range) = all.next() {
            let attributes = if (*range).Flags & KSDATARANGE_ATTRIBUTES != 0 {
                all.next()
                    .map_or(ptr::null(), |list| list.cast_const().cast())
            } else {
                ptr::null()
            };
            out.push((range, attributes));
        }
        out
    }
}

/// Standard pin properties from descriptors. Instance counts and the like are the caller's: `STATUS_NOT_FOUND`.
pub unsafe extern "efiapi" fn KsPinPropertyHandler(
    request: *mut IRP,
    property: *mut KSPROPERTY,
    data: *mut c_void,
    count: u32,
    descriptors: *const KSPIN_DESCRIPTOR,
) -> NTSTATUS {
    // SAFETY: kernel copies made by KsPropertyHandler; `descriptors` has `count` entries.
    unsafe {
        let id = (*property).Id;
        if id == KSPROPERTY_PIN_CTYPES {
            return write_value(request, data, count);
        }
        if irp::input_length(request) < PIN_PROPERTY {
            return STATUS_INVALID_BUFFER_SIZE;
        }
        let index = (*property.cast::<KSP_PIN>()).PinId;
        let Some(pin) = irp::slice(descriptors, count as usize).get(index as usize) else {
            return STATUS_INVALID_PARAMETER;
        };
        match id {
            KSPROPERTY_PIN_DATAFLOW => write_value(request, data, pin.DataFlow as u32),
            KSPROPERTY_PIN_COMMUNICATION => write_value(request, data, pin.Communication as u32),
            KSPROPERTY_PIN_DATARANGES | KSPROPERTY_PIN_CONSTRAINEDDATARANGES => {
                data_ranges(request, data, pin)
            }
            KSPROPERTY_PIN_INTERFACES => {
                let list = identifiers(
                    pin.Interfaces.cast(),
                    pin.InterfacesCount,
                    standard_interface(),
                );
                write_identifiers(request, data, &list)
            }
            KSPROPERTY_PIN_MEDIUMS => {
                let list = identifiers(pin.Mediums.cast(), pin.MediumsCount, standard_medium());
                write_identifiers(request, data, &list)
            }
            KSPROPERTY_PIN_CATEGORY if !pin.Category.is_null() => {
                write_value(request, data, *pin.Category)
            }
            KSPROPERTY_PIN_NAME => pin_name(request, data, pin),
            _ => STATUS_NOT_FOUND,
        }
    }
}

unsafe fn data_ranges(request: *mut IRP, data: *mut c_void, pin: &KSPIN_DESCRIPTOR) -> NTSTATUS {
    // SAFETY: each range is `FormatSize` bytes long.
    unsafe {
        let list = ranges_and_attributes(pin);
        let mut body = Vec::new();
        for &(range, attributes) in &list {
            body.resize(body.len().next_multiple_of(8), 0);
            body.extend_from_slice(irp::slice(range.cast::<u8>(), (*range).FormatSize as usize));
            let Some(attributes) = attributes.as_ref() else {
                continue;
            };
            body.resize(body.len().next_multiple_of(8), 0);
            let start = body.len();
            body.extend_from_slice(&[0; 8]);
            for &attribute in irp::slice(attributes.attributes, attributes.count as usize) {
                body.resize(body.len().next_multiple_of(8), 0);
                let size = (*attribute).Size as usize;
                body.extend_from_slice(irp::slice(attribute.cast::<u8>(), size));
            }
            let size = (body.len() - start) as u32;
            body[start..start + 4].copy_from_slice(&size.to_le_bytes());
            body[start + 4..start + 8].copy_from_slice(&attributes.count.to_le_bytes());
        }
        // A list counts as a range does.
        let lists = list.iter().filter(|(_, list)| !list.is_null()).count();
        write_list(request, data, &body, (list.len() + lists) as u32)
    }
}

unsafe fn write_identifiers(
    request: *mut IRP,
    data: *mut c_void,
    list: &[KSIDENTIFIER],
) -> NTSTATUS {
    // SAFETY: plain data.
    unsafe {
        write_list(
            request,
            data,
            irp::slice(list.as_ptr().cast(), size_of_val(list)),
            list.len() as u32,
        )
    }
}

/// The name of a name GUID comes from MediaCategories; without an entry there `ks.sys` falls back to the category's.
/// Here the name is the text of the GUID.
unsafe fn pin_name(request: *mut IRP, data: *mut c_void, pin: &KSPIN_DESCRIPTOR) -> NTSTATUS {
    // SAFETY: descriptor pointers are null or valid.
    unsafe {
        let Some(name) = pin.Name.as_ref().or(pin.Category.as_ref()) else {
            return STATUS_NOT_FOUND;
        };
        let text: Vec<u16> = guid_text(name).encode_utf16().chain([0]).collect();
        let need = text.len() * 2;
        irp::set_information(request, need);
        match irp::output_length(request) {
            0 => STATUS_BUFFER_OVERFLOW,
            room if room < need => {
                irp::set_information(request, 0);
                STATUS_BUFFER_TOO_SMALL
            }
            _ => {
                ptr::copy_nonoverlapping(text.as_ptr().cast::<u8>(), data.cast(), need);
                STATUS_SUCCESS
            }
        }
    }
}

/// `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}`.
pub fn guid_text(guid: &GUID) -> String {
    let d = guid.Data4;
    format!(
        "{{{:08X}-{:04X}-{:04X}-{:02X}{:02X}-{:02X}{:02X}{:02X}{:02X}{:02X}{:02X}}}",
        guid.Data1, guid.Data2, guid.Data3, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]
    )
}

fn matches(a: &GUID, b: &GUID, wildcard: &GUID) -> bool {
    a == b || a == wildcard || b == wildcard
}

/// Major type, subtype and specifier agree, wildcards allowed.
pub unsafe fn compatible(a: *const KSDATARANGE, b: *const KSDATARANGE) -> bool {
    // SAFETY: both point at data ranges; unaligned reads because one may come from a user's list.
    unsafe {
        let (a, b) = (ptr::read_unaligned(a), ptr::read_unaligned(b));
        matches(&a.MajorFormat, &b.MajorFormat, &WILDCARD)
            && matches(&a.SubFormat, &b.SubFormat, &WILDCARD)
            && matches(&a.Specifier, &b.Specifier, &WILDCARD)
    }
}

/// Walks the client's list of ranges (KSMULTIPLE_ITEM after KSP_PIN) against the pin's and asks `intersect` for a format.
pub unsafe extern "efiapi" fn KsPinDataIntersection(
    request: *mut IRP,
    pin: *mut KSP_PIN,
    data: *mut c_void,
    count: u32,
    descriptors: *const KSPIN_DESCRIPTOR,
    intersect: Intersect,
) -> NTSTATUS {
    // SAFETY: kernel copies made by KsPropertyHandler; the list is bounds-checked as it is walked.
    unsafe {
        let input = irp::slice(pin.cast::<u8>(), irp::input_length(request));
        let Some(descriptor) = irp::slice(descriptors, count as usize).get((*pin).PinId as usize)
        else {
            return STATUS_INVALID_PARAMETER;
        };
        let Some(mut clients) = client_ranges(input) else {
            return STATUS_INVALID_BUFFER_SIZE;
        };
        let room = irp::output_length(request) as u32;
        for client in &mut clients {
            for mine in ranges(descriptor) {
                if !compatible(client.as_ptr().cast(), mine) {
                    continue;
                }
                let mut length = 0u32;
                let length_at = &raw mut length;
                let status = guest_call!(
                    intersect,
                    request,
                    pin,
                    client.as_mut_ptr(),
                    mine,
                    room,
                    data,
                    length_at
                ) as NTSTATUS;
                if status == STATUS_NO_MATCH {
                    continue;
                }
                irp::set_information(request, length as usize);
                return status;
            }
        }
        STATUS_NO_MATCH
    }
}

/// Aligned copies of the client's ranges, lists of attributes left out. `None`: the list is malformed.
fn client_ranges(input: &[u8]) -> Option<Vec<Vec<u64>>> {
    let list = input.get(PIN_PROPERTY..)?;
    let size = u32::from_le_bytes(list.get(0..4)?.try_into().ok()?) as usize;
    let count = u32::from_le_bytes(list.get(4..8)?.try_into().ok()?);
    let mut rest = list.get(..size)?.get(8..)?;
    let mut out = Vec::new();
    let mut attributes = false;
    for _ in 0..count {
        let length = u32::from_le_bytes(rest.get(0..4)?.try_into().ok()?) as usize;
        let bytes = rest.get(..length)?;
        if core::mem::take(&mut attributes) {
            rest = rest.get(length.next_multiple_of(8)..).unwrap_or(&[]);
            continue;
        }
        if length < FORMAT {
            return None;
        }
        attributes = bytes[4] & KSDATARANGE_ATTRIBUTES as u8 != 0;
        let mut copy = vec![0u64; length.div_ceil(8)];
        // SAFETY: the copy has at least `length` bytes.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), copy.as_mut_ptr().cast(), length) };
        out.push(copy);
        rest = rest.get(length.next_multiple_of(8)..).unwrap_or(&[]);
    }
    (!attributes).then_some(out)
}

/// Checks the KSPIN_CONNECT in the file name of a pin-create request against the descriptors and returns a pointer to it.
/// It is not aligned: the class prefix has an odd number of characters.
pub unsafe extern "efiapi" fn KsValidateConnectRequest(
    request: *mut IRP,
    count: u32,
    descriptors: *const KSPIN_DESCRIPTOR,
    connect: *mut *mut KSPIN_CONNECT,
) -> NTSTATUS {
    // SAFETY: the file name's buffer is `Length` bytes; all reads of the connect structure are unaligned copies.
    unsafe {
        let name = irp::file_name(request);
        let prefix = (KSSTRING_Pin.len() + 1) * 2;
        let start = usize::from(name.starts_with(&[b'\\', 0])) * 2;
        let Some(body) = name.get(start + prefix..) else {
            return STATUS_INVALID_PARAMETER;
        };
        if body.len() < CONNECT + FORMAT {
            return STATUS_INVALID_BUFFER_SIZE;
        }
        let head = ptr::read_unaligned(body.as_ptr().cast::<KSPIN_CONNECT>());
        let format = ptr::read_unaligned(body.as_ptr().add(CONNECT).cast::<KSDATAFORMAT>());
        if (format.FormatSize as usize) < FORMAT
            || body.len() - CONNECT < format.FormatSize as usize
        {
            return STATUS_INVALID_BUFFER_SIZE;
        }
        let Some(pin) = irp::slice(descriptors, count as usize).get(head.PinId as usize) else {
            return STATUS_INVALID_PARAMETER;
        };
        let status = check(&head, body.as_ptr().add(CONNECT).cast(), pin);
        if status >= 0 {
            *connect = body.as_ptr() as *mut KSPIN_CONNECT;
        }
        status
    }
}

unsafe fn check(
    connect: &KSPIN_CONNECT,
    format: *const KSDATARANGE,
    pin: &KSPIN_DESCRIPTOR,
) -> NTSTATUS {
    // SAFETY: descriptor lists are counted.
    unsafe {
        let interfaces = identifiers(
            pin.Interfaces.cast(),
            pin.InterfacesCount,
            standard_interface(),
        );
        let mediums = identifiers(pin.Mediums.cast(), pin.MediumsCount, standard_medium());
        let interface = KSIDENTIFIER {
            Set: connect.Interface.Set,
            Id: connect.Interface.Id,
            Flags: 0,
        };
        let medium = KSIDENTIFIER {
            Set: connect.Medium.Set,
            Id: connect.Medium.Id,
            Flags: 0,
        };
        if !interfaces.iter().any(|i| same(i, &interface))
            || !mediums.iter().any(|m| same(m, &medium))
        {
            return STATUS_NO_MATCH;
        }
        let communication = pin.Communication as u32;
        let source = communication == KSPIN_COMMUNICATION_SOURCE as u32;
        let sink = communication == KSPIN_COMMUNICATION_SINK as u32;
        let both = communication == KSPIN_COMMUNICATION_BOTH as u32;
        let connects = !connect.PinToHandle.is_null();
        if !(both || (source && connects) || (sink && !connects)) {
            return STATUS_INVALID_PARAMETER;
        }
        if ranges(pin).iter().any(|&range| compatible(format, range)) {
            STATUS_SUCCESS
        } else {
            STATUS_NO_MATCH
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(formats: &[usize]) -> Vec<u8> {
        let mut body = Vec::new();
        for &length in formats {
            body.resize(body.len().next_multiple_of(8), 0u8);
            body.extend((length as u32).to_le_bytes());
            body.extend([0; 4]);
            body.extend(vec![0x5A; length - 8]);
        }
        let mut out = vec![0; PIN_PROPERTY];
        out.extend((body.len() as u32 + 8).to_le_bytes());
        out.extend((formats.len() as u32).to_le_bytes());
        out.extend(body);
        out
    }

    #[test]
    fn client_ranges_are_bounds_checked() {
        let good = list(&[64, 82, 88]);
        assert_eq!(client_ranges(&good).map(|l| l.len()), Some(3));
        for cut in PIN_PROPERTY..good.len() {
            assert_eq!(client_ranges(&good[..cut]), None, "{cut}");
        }
        // A list of attributes behind the first one.
        let mut with = list(&[64, 24, 88]);
        with[PIN_PROPERTY + 12] = KSDATARANGE_ATTRIBUTES as u8;
        assert_eq!(client_ranges(&with).map(|l| l.len()), Some(2));
        let mut without = list(&[64]);
        without[PIN_PROPERTY + 12] = KSDATARANGE_ATTRIBUTES as u8;
        assert_eq!(client_ranges(&without), None);
        let mut tiny = list(&[64]);
        tiny[PIN_PROPERTY + 8..PIN_PROPERTY + 12].copy_from_slice(&63u32.to_le_bytes());
        assert_eq!(client_ranges(&tiny), None);
    }

    #[test]
    fn wildcards_match() {
        // SAFETY: plain data.
        let mut a: KSDATARANGE = unsafe { core::mem::zeroed() };
        let mut b = a;
        a.MajorFormat = KSDATAFORMAT_TYPE_MUSIC;
        b.MajorFormat = KSDATAFORMAT_TYPE_AUDIO;
        // SAFETY: both are data ranges.
        assert!(!unsafe { compatible(&a, &b) });
        b.MajorFormat = WILDCARD;
        // SAFETY: both are data ranges.
        assert!(unsafe { compatible(&a, &b) });
    }
}
