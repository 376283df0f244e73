// SPDX-License-Identifier: MIT OR Apache-2.0
//! Windows' kernel types (x64) with their real layouts and names. Sizes and offsets are asserted.
#![allow(non_snake_case, non_camel_case_types)]

mod io;
mod ke;
mod mm;
pub mod status;

pub use arioso_core::ks::GUID;
pub use io::*;
pub use ke::*;
pub use mm::*;

use std::ffi::c_void;

pub type NTSTATUS = i32;
pub type KIRQL = u8;
pub type HANDLE = *mut c_void;
pub type BOOLEAN = u8;
pub type PVOID = *mut c_void;
pub type KPROCESSOR_MODE = i8;
pub type LARGE_INTEGER = i64;
pub type KSPIN_LOCK = usize;

pub const PASSIVE_LEVEL: KIRQL = 0;
pub const APC_LEVEL: KIRQL = 1;
pub const DISPATCH_LEVEL: KIRQL = 2;
pub const HIGH_LEVEL: KIRQL = 15;

pub const KERNEL_MODE: KPROCESSOR_MODE = 0;
pub const USER_MODE: KPROCESSOR_MODE = 1;

pub fn nt_success(status: NTSTATUS) -> bool {
    status >= 0
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UNICODE_STRING {
    /// Bytes, without a terminator.
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: *mut u16,
}

impl UNICODE_STRING {
    pub const fn empty() -> Self {
        UNICODE_STRING {
            Length: 0,
            MaximumLength: 0,
            Buffer: std::ptr::null_mut(),
        }
    }

    /// A view of `text`, which must outlive it.
    pub fn of(text: &[u16]) -> Self {
        UNICODE_STRING {
            Length: size_of_val(text) as u16,
            MaximumLength: size_of_val(text) as u16,
            Buffer: text.as_ptr().cast_mut(),
        }
    }

    pub fn units(&self) -> &[u16] {
        if self.Buffer.is_null() {
            return &[];
        }
        // SAFETY: a UNICODE_STRING's Buffer holds Length bytes.
        unsafe { std::slice::from_raw_parts(self.Buffer, self.Length as usize / 2) }
    }
}

impl std::fmt::Display for UNICODE_STRING {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf16_lossy(self.units()))
    }
}

/// UTF-16 with a terminating zero.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// The text of a zero-terminated UTF-16 string; empty for null.
///
/// # Safety
/// `text` is null or points at a terminated string.
pub unsafe fn from_wide(text: *const u16) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: by the contract.
    unsafe {
        let n = (0..).take_while(|&i| *text.add(i) != 0).count();
        String::from_utf16_lossy(std::slice::from_raw_parts(text, n))
    }
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LIST_ENTRY {
    pub Flink: *mut LIST_ENTRY,
    pub Blink: *mut LIST_ENTRY,
}

impl LIST_ENTRY {
    pub const fn null() -> Self {
        LIST_ENTRY {
            Flink: std::ptr::null_mut(),
            Blink: std::ptr::null_mut(),
        }
    }
}

/// Makes `head` an empty list.
///
/// # Safety
/// `head` is writable.
pub unsafe fn initialize_list_head(head: *mut LIST_ENTRY) {
    // SAFETY: by the contract.
    unsafe {
        (*head).Flink = head;
        (*head).Blink = head;
    }
}

/// # Safety
/// `head` is an initialised list, `entry` is in no list.
pub unsafe fn insert_tail_list(head: *mut LIST_ENTRY, entry: *mut LIST_ENTRY) {
    // SAFETY: by the contract.
    unsafe {
        let last = (*head).Blink;
        (*entry).Flink = head;
        (*entry).Blink = last;
        (*last).Flink = entry;
        (*head).Blink = entry;
    }
}

/// # Safety
/// `head` is an initialised list, `entry` is in no list.
pub unsafe fn insert_head_list(head: *mut LIST_ENTRY, entry: *mut LIST_ENTRY) {
    // SAFETY: by the contract.
    unsafe { insert_tail_list((*head).Flink, entry) }
}

/// # Safety
/// `entry` is in a list.
pub unsafe fn remove_entry_list(entry: *mut LIST_ENTRY) {
    // SAFETY: by the contract.
    unsafe {
        (*(*entry).Blink).Flink = (*entry).Flink;
        (*(*entry).Flink).Blink = (*entry).Blink;
    }
}

/// # Safety
/// `head` is an initialised list.
pub unsafe fn is_list_empty(head: *const LIST_ENTRY) -> bool {
    // SAFETY: by the contract.
    unsafe { (*head).Flink.cast_const() == head }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct OBJECT_ATTRIBUTES {
    pub Length: u32,
    pub RootDirectory: HANDLE,
    pub ObjectName: *mut UNICODE_STRING,
    pub Attributes: u32,
    pub SecurityDescriptor: PVOID,
    pub SecurityQualityOfService: PVOID,
}

pub const OBJ_KERNEL_HANDLE: u32 = 0x200;
pub const OBJ_CASE_INSENSITIVE: u32 = 0x40;

#[repr(C)]
pub struct KEY_VALUE_PARTIAL_INFORMATION {
    pub TitleIndex: u32,
    pub Type: u32,
    pub DataLength: u32,
    pub Data: [u8; 0],
}

#[repr(C)]
pub struct KEY_VALUE_FULL_INFORMATION {
    pub TitleIndex: u32,
    pub Type: u32,
    pub DataOffset: u32,
    pub DataLength: u32,
    pub NameLength: u32,
    pub Name: [u16; 0],
}

#[repr(C)]
pub struct KEY_VALUE_BASIC_INFORMATION {
    pub TitleIndex: u32,
    pub Type: u32,
    pub NameLength: u32,
    pub Name: [u16; 0],
}

#[repr(C)]
pub struct KEY_BASIC_INFORMATION {
    pub LastWriteTime: i64,
    pub TitleIndex: u32,
    pub NameLength: u32,
    pub Name: [u16; 0],
}

pub const REG_NONE: u32 = 0;
pub const REG_SZ: u32 = 1;
pub const REG_EXPAND_SZ: u32 = 2;
pub const REG_BINARY: u32 = 3;
pub const REG_DWORD: u32 = 4;
pub const REG_MULTI_SZ: u32 = 7;
pub const REG_QWORD: u32 = 11;

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct FILE_STANDARD_INFORMATION {
    pub AllocationSize: i64,
    pub EndOfFile: i64,
    pub NumberOfLinks: u32,
    pub DeletePending: BOOLEAN,
    pub Directory: BOOLEAN,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct FILE_POSITION_INFORMATION {
    pub CurrentByteOffset: i64,
}

/// FILE_INFORMATION_CLASS values.
pub const FILE_BASIC_INFORMATION_CLASS: u32 = 4;
pub const FILE_STANDARD_INFORMATION_CLASS: u32 = 5;
pub const FILE_POSITION_INFORMATION_CLASS: u32 = 14;

/// Size and offset checks of one structure.
macro_rules! layout {
    ($t:ty, $size:expr $(, $field:ident = $offset:expr)* $(,)?) => {
        const _: () = {
            assert!(size_of::<$t>() == $size);
            $(assert!(std::mem::offset_of!($t, $field) == $offset);)*
        };
    };
}
pub(crate) use layout;

layout!(UNICODE_STRING, 16, Buffer = 8);
layout!(OBJECT_ATTRIBUTES, 48, ObjectName = 16, Attributes = 24);
layout!(FILE_STANDARD_INFORMATION, 24, NumberOfLinks = 16);
layout!(KEY_VALUE_PARTIAL_INFORMATION, 12, Data = 12);
