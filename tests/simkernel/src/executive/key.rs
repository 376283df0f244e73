// SPDX-License-Identifier: MIT OR Apache-2.0
//! Registry keys by handle.

use super::zw::{Opened, open_object, opened};
use super::*;
use crate::registry::{self, Value};
use crate::verifier;
use crate::verifier::Rule;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        PASSIVE_LEVEL => ZwOpenKey, ZwCreateKey, ZwDeleteKey, ZwQueryValueKey, ZwSetValueKey, ZwDeleteValueKey, ZwEnumerateKey,
            ZwEnumerateValueKey, ZwQueryKey, ZwFlushKey, RtlQueryRegistryValues;
    }
}

fn key_path(handle: HANDLE) -> Option<String> {
    match opened(handle)? {
        Opened::Key(path) => Some(path.clone()),
        Opened::File { .. } | Opened::Directory(_) => None,
    }
}

/// A key handle for the I/O manager (device keys); the key is made if it does not exist.
pub(crate) fn open_key_handle(path: &str, owner: usize) -> HANDLE {
    registry::create(path);
    open_object(
        Opened::Key(path.to_owned()),
        ob::Kind::Key,
        OBJ_KERNEL_HANDLE,
        owner,
    )
}

unsafe fn path_of(attributes: *const OBJECT_ATTRIBUTES) -> Result<String, NTSTATUS> {
    // SAFETY: the caller's.
    unsafe {
        let a = &*attributes;
        let name = if a.ObjectName.is_null() {
            String::new()
        } else {
            (*a.ObjectName).to_string()
        };
        if a.RootDirectory.is_null() {
            return Ok(name);
        }
        let root = key_path(a.RootDirectory).ok_or(status::STATUS_INVALID_HANDLE)?;
        Ok(if name.is_empty() {
            root
        } else {
            format!("{root}\\{name}")
        })
    }
}

/// Opens a key.
pub unsafe extern "efiapi" fn ZwOpenKey(
    handle: *mut HANDLE,
    _access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
) -> NTSTATUS {
    let owner = ex::direct_caller(ZwOpenKey as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        with_key(handle, attributes, owner, |path| {
            if registry::exists(path) {
                Ok(())
            } else {
                Err(status::STATUS_OBJECT_NAME_NOT_FOUND)
            }
        })
    }
}

/// Opens a key that `make` finds or makes.
unsafe fn with_key(
    handle: *mut HANDLE,
    attributes: *const OBJECT_ATTRIBUTES,
    owner: usize,
    make: impl FnOnce(&str) -> Result<(), NTSTATUS>,
) -> NTSTATUS {
    // SAFETY: the caller's attributes and handle.
    unsafe {
        if (*attributes).RootDirectory.is_null()
            && let Ok(path) = path_of(attributes)
        {
            isolation::check_key(&path, owner);
        }
        let found = path_of(attributes).and_then(|path| make(&path).map(|()| path));
        let path = match found {
            Ok(path) => path,
            Err(status) => return status,
        };
        let flags = (*attributes).Attributes;
        *handle = open_object(Opened::Key(path), ob::Kind::Key, flags, owner);
    }
    status::STATUS_SUCCESS
}

/// `disposition`: 1 created, 2 opened.
pub unsafe extern "efiapi" fn ZwCreateKey(
    handle: *mut HANDLE,
    _access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    _title: u32,
    _class: *const UNICODE_STRING,
    _options: u32,
    disposition: *mut u32,
) -> NTSTATUS {
    let owner = ex::direct_caller(ZwCreateKey as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        with_key(handle, attributes, owner, |path| {
            let new = registry::create(path);
            if !disposition.is_null() {
                *disposition = if new { 1 } else { 2 };
            }
            Ok(())
        })
    }
}

/// Removes a key.
pub unsafe extern "efiapi" fn ZwDeleteKey(handle: HANDLE) -> NTSTATUS {
    match key_path(handle) {
        Some(path) => {
            registry::delete(&path);
            status::STATUS_SUCCESS
        }
        None => status::STATUS_INVALID_HANDLE,
    }
}

/// Succeeds: the registry is in memory.
pub unsafe extern "efiapi" fn ZwFlushKey(_handle: HANDLE) -> NTSTATUS {
    status::STATUS_SUCCESS
}

/// Copies what fits: too small for the head is BUFFER_TOO_SMALL, for the rest BUFFER_OVERFLOW.
unsafe fn give(bytes: &[u8], head: usize, out: PVOID, length: u32, needed: *mut u32) -> NTSTATUS {
    // SAFETY: `length` bytes at `out` and the result are the caller's.
    unsafe {
        if !needed.is_null() {
            *needed = bytes.len() as u32;
        }
        if (length as usize) < head {
            return status::STATUS_BUFFER_TOO_SMALL;
        }
        let n = bytes.len().min(length as usize);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), out.cast(), n);
        if n < bytes.len() {
            status::STATUS_BUFFER_OVERFLOW
        } else {
            status::STATUS_SUCCESS
        }
    }
}

/// KEY_VALUE_…_INFORMATION of a value; also the size of its head.
fn value_information(class: u32, name: &str, value: &Value) -> Option<(Vec<u8>, usize)> {
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut out = Vec::new();
    out.extend(0u32.to_le_bytes());
    out.extend(value.kind.to_le_bytes());
    let head = match class {
        0 => {
            out.extend((units.len() as u32).to_le_bytes());
            out.extend(units);
            12
        }
        1 => {
            let offset = (20 + units.len()).next_multiple_of(4);
            out.extend((offset as u32).to_le_bytes());
            out.extend((value.data.len() as u32).to_le_bytes());
            out.extend((units.len() as u32).to_le_bytes());
            out.extend(units);
            out.resize(offset, 0);
            out.extend(&value.data);
            20
        }
        2 => {
            out.extend((value.data.len() as u32).to_le_bytes());
            out.extend(&value.data);
            12
        }
        _ => return None,
    };
    Some((out, head))
}

/// `class` 0 basic, 1 full, 2 partial.
pub unsafe extern "efiapi" fn ZwQueryValueKey(
    handle: HANDLE,
    name: *const UNICODE_STRING,
    class: u32,
    out: PVOID,
    length: u32,
    needed: *mut u32,
) -> NTSTATUS {
    let Some(path) = key_path(handle) else {
        return status::STATUS_INVALID_HANDLE;
    };
    // SAFETY: the caller's.
    unsafe {
        let name = (*name).to_string();
        let Some(value) = registry::get(&path, &name) else {
            return status::STATUS_OBJECT_NAME_NOT_FOUND;
        };
        match value_information(class, &name, &value) {
            Some((bytes, head)) => give(&bytes, head, out, length, needed),
            None => status::STATUS_INVALID_PARAMETER,
        }
    }
}

/// A value by its number.
pub unsafe extern "efiapi" fn ZwEnumerateValueKey(
    handle: HANDLE,
    index: u32,
    class: u32,
    out: PVOID,
    length: u32,
    needed: *mut u32,
) -> NTSTATUS {
    let Some(path) = key_path(handle) else {
        return status::STATUS_INVALID_HANDLE;
    };
    let Some(key) = registry::key(&path) else {
        return status::STATUS_INVALID_HANDLE;
    };
    let Some((name, value)) = key.values.values().nth(index as usize) else {
        return status::STATUS_NO_MORE_ENTRIES;
    };
    match value_information(class, name, value) {
        // SAFETY: the caller's.
        Some((bytes, head)) => unsafe { give(&bytes, head, out, length, needed) },
        None => status::STATUS_INVALID_PARAMETER,
    }
}

/// A subkey by its number.
pub unsafe extern "efiapi" fn ZwEnumerateKey(
    handle: HANDLE,
    index: u32,
    class: u32,
    out: PVOID,
    length: u32,
    needed: *mut u32,
) -> NTSTATUS {
    let Some(path) = key_path(handle) else {
        return status::STATUS_INVALID_HANDLE;
    };
    let Some(name) = registry::subkeys(&path).into_iter().nth(index as usize) else {
        return status::STATUS_NO_MORE_ENTRIES;
    };
    if class != 0 {
        return status::STATUS_INVALID_PARAMETER;
    }
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bytes = vec![0u8; 12];
    bytes.extend((units.len() as u32).to_le_bytes());
    bytes.extend(units);
    // SAFETY: the caller's.
    unsafe { give(&bytes, 16, out, length, needed) }
}

/// `class` 2, KEY_FULL_INFORMATION.
pub unsafe extern "efiapi" fn ZwQueryKey(
    handle: HANDLE,
    class: u32,
    out: PVOID,
    length: u32,
    needed: *mut u32,
) -> NTSTATUS {
    let Some(path) = key_path(handle) else {
        return status::STATUS_INVALID_HANDLE;
    };
    let Some(key) = registry::key(&path) else {
        return status::STATUS_INVALID_HANDLE;
    };
    if class != 2 {
        return status::STATUS_INVALID_PARAMETER;
    }
    let keys = registry::subkeys(&path);
    let units = |s: &String| (s.encode_utf16().count() * 2) as u32;
    let words = [
        0,
        0,
        0,
        44,
        0,
        keys.len() as u32,
        keys.iter().map(units).max().unwrap_or(0),
        0,
        key.values.len() as u32,
        key.values
            .values()
            .map(|(n, _)| units(n))
            .max()
            .unwrap_or(0),
        key.values
            .values()
            .map(|(_, v)| v.data.len() as u32)
            .max()
            .unwrap_or(0),
    ];
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    // SAFETY: the caller's.
    unsafe { give(&bytes, 44, out, length, needed) }
}

/// Writes a value.
pub unsafe extern "efiapi" fn ZwSetValueKey(
    handle: HANDLE,
    name: *const UNICODE_STRING,
    _title: u32,
    kind: u32,
    data: *const u8,
    size: u32,
) -> NTSTATUS {
    let Some(path) = key_path(handle) else {
        return status::STATUS_INVALID_HANDLE;
    };
    // SAFETY: the caller's.
    unsafe {
        let data = if size == 0 {
            Vec::new()
        } else {
            std::slice::from_raw_parts(data, size as usize).to_vec()
        };
        registry::set(&path, &(*name).to_string(), Value { kind, data });
    }
    status::STATUS_SUCCESS
}

/// Removes a value.
pub unsafe extern "efiapi" fn ZwDeleteValueKey(
    handle: HANDLE,
    name: *const UNICODE_STRING,
) -> NTSTATUS {
    let Some(path) = key_path(handle) else {
        return status::STATUS_INVALID_HANDLE;
    };
    // SAFETY: the caller's.
    let name = unsafe { (*name).to_string().to_lowercase() };
    match registry::key(&path).and_then(|k| k.values.remove(&name)) {
        Some(_) => status::STATUS_SUCCESS,
        None => status::STATUS_OBJECT_NAME_NOT_FOUND,
    }
}

/// RTL_QUERY_REGISTRY_TABLE.
#[repr(C)]
pub struct QueryTable {
    routine: usize,
    flags: u32,
    name: *const u16,
    entry_context: PVOID,
    default_type: u32,
    default_data: PVOID,
    default_length: u32,
}

layout!(QueryTable, 56, name = 16, default_data = 40);

/// The direct form (RTL_QUERY_REGISTRY_DIRECT) for DWORD values and strings.
pub unsafe extern "efiapi" fn RtlQueryRegistryValues(
    relative_to: u32,
    path: *const u16,
    mut table: *const QueryTable,
    _context: PVOID,
    _environment: PVOID,
) -> NTSTATUS {
    const DIRECT: u32 = 0x20;
    const REQUIRED: u32 = 0x04;
    let owner = ex::direct_caller(RtlQueryRegistryValues as *const () as usize);
    // SAFETY: the caller's table, ended by an empty entry.
    unsafe {
        let path = from_wide(path);
        let path = match relative_to & 0xff {
            0 => path,
            1 => format!("\\Registry\\Machine\\System\\CurrentControlSet\\Services\\{path}"),
            2 => format!("\\Registry\\Machine\\System\\CurrentControlSet\\Control\\{path}"),
            _ => return status::STATUS_NOT_SUPPORTED,
        };
        isolation::check_key(&path, owner);
        if !registry::exists(&path) {
            return status::STATUS_OBJECT_NAME_NOT_FOUND;
        }
        while (*table).routine != 0 || !(*table).name.is_null() {
            let t = &*table;
            table = table.add(1);
            if t.flags & DIRECT == 0 {
                verifier::violation(
                    Rule::NotSimulated,
                    "RtlQueryRegistryValues with a query routine is not simulated",
                );
                return status::STATUS_NOT_SUPPORTED;
            }
            match registry::get(&path, &from_wide(t.name)) {
                Some(v) if v.kind == REG_DWORD && v.data.len() == 4 => {
                    std::ptr::copy_nonoverlapping(v.data.as_ptr(), t.entry_context.cast(), 4);
                }
                Some(v) if v.kind == REG_SZ || v.kind == REG_EXPAND_SZ => {
                    let units: Vec<u16> = v
                        .data
                        .as_chunks::<2>()
                        .0
                        .iter()
                        .map(|c| u16::from_le_bytes(*c))
                        .collect();
                    let units = units.strip_suffix(&[0]).unwrap_or(&units);
                    let to: *mut UNICODE_STRING = t.entry_context.cast();
                    if (*to).Buffer.is_null() {
                        *to = rtl::new_unicode_string(units, owner);
                    } else {
                        rtl::RtlCopyUnicodeString(to, &UNICODE_STRING::of(units));
                    }
                }
                Some(_) => return status::STATUS_OBJECT_TYPE_MISMATCH,
                None if t.flags & REQUIRED != 0 => return status::STATUS_OBJECT_NAME_NOT_FOUND,
                None => {}
            }
        }
    }
    status::STATUS_SUCCESS
}
