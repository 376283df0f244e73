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

/// A kernel status. Success and information are `>= 0`.
pub type NTSTATUS = i32;
/// An interrupt request level, `*_LEVEL`.
pub type KIRQL = u8;
/// A handle of a process, or of the kernel.
pub type HANDLE = *mut c_void;
/// 1-byte truth value.
pub type BOOLEAN = u8;
/// Untyped pointer.
pub type PVOID = *mut c_void;
/// Who asks: [`KERNEL_MODE`] or [`USER_MODE`].
pub type KPROCESSOR_MODE = i8;
/// An 8-byte union in C.
pub type LARGE_INTEGER = i64;
/// A spin lock; 0 is free.
pub type KSPIN_LOCK = usize;

/// Threads run and may wait.
pub const PASSIVE_LEVEL: KIRQL = 0;
/// APCs are held off.
pub const APC_LEVEL: KIRQL = 1;
/// The scheduler is held off: no waits, no page faults.
pub const DISPATCH_LEVEL: KIRQL = 2;
/// All interrupts are held off.
pub const HIGH_LEVEL: KIRQL = 15;

/// The kernel or a driver.
pub const KERNEL_MODE: KPROCESSOR_MODE = 0;
/// A program.
pub const USER_MODE: KPROCESSOR_MODE = 1;

/// `NT_SUCCESS`.
pub fn nt_success(status: NTSTATUS) -> bool {
    status >= 0
}

/// A counted UTF-16 string.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UNICODE_STRING {
    /// Bytes, without a terminator.
    pub Length: u16,
    /// Bytes at `Buffer`.
    pub MaximumLength: u16,
    /// UTF-16 code units.
    pub Buffer: *mut u16,
}

impl UNICODE_STRING {
    /// No characters, no buffer.
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

    /// The code units.
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

/// A link of a circular list, or its head.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LIST_ENTRY {
    /// The next link.
    pub Flink: *mut LIST_ENTRY,
    /// The previous link.
    pub Blink: *mut LIST_ENTRY,
}

impl LIST_ENTRY {
    /// In no list, and no head yet.
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

/// Name, root and security of an object to be opened.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OBJECT_ATTRIBUTES {
    /// Bytes of this structure.
    pub Length: u32,
    /// What the name is relative to, or null.
    pub RootDirectory: HANDLE,
    /// The name.
    pub ObjectName: *mut UNICODE_STRING,
    /// `OBJ_*`.
    pub Attributes: u32,
    /// Of a new object, or null.
    pub SecurityDescriptor: PVOID,
    /// Not looked at.
    pub SecurityQualityOfService: PVOID,
}

/// The handle is the kernel's: no program can use it.
pub const OBJ_KERNEL_HANDLE: u32 = 0x200;
/// The case of letters in the name does not matter.
pub const OBJ_CASE_INSENSITIVE: u32 = 0x40;

/// A value without its name.
#[repr(C)]
pub struct KEY_VALUE_PARTIAL_INFORMATION {
    /// 0.
    pub TitleIndex: u32,
    /// `REG_*`.
    pub Type: u32,
    /// Bytes of data.
    pub DataLength: u32,
    /// The data.
    pub Data: [u8; 0],
}

/// A value with its name.
#[repr(C)]
pub struct KEY_VALUE_FULL_INFORMATION {
    /// 0.
    pub TitleIndex: u32,
    /// `REG_*`.
    pub Type: u32,
    /// Bytes from the structure's start to the data.
    pub DataOffset: u32,
    /// Bytes of data.
    pub DataLength: u32,
    /// Bytes of the name.
    pub NameLength: u32,
    /// The name, not terminated; the data are behind it.
    pub Name: [u16; 0],
}

/// A value's name and type.
#[repr(C)]
pub struct KEY_VALUE_BASIC_INFORMATION {
    /// 0.
    pub TitleIndex: u32,
    /// `REG_*`.
    pub Type: u32,
    /// Bytes of the name.
    pub NameLength: u32,
    /// The name, not terminated.
    pub Name: [u16; 0],
}

/// A key's name.
#[repr(C)]
pub struct KEY_BASIC_INFORMATION {
    /// When it was changed last, 100 ns.
    pub LastWriteTime: i64,
    /// 0.
    pub TitleIndex: u32,
    /// Bytes of the name.
    pub NameLength: u32,
    /// The name, not terminated.
    pub Name: [u16; 0],
}

/// Value without a type.
pub const REG_NONE: u32 = 0;
/// Value: a string.
pub const REG_SZ: u32 = 1;
/// Value: a string with names of variables.
pub const REG_EXPAND_SZ: u32 = 2;
/// Value: bytes.
pub const REG_BINARY: u32 = 3;
/// Value: 4 bytes, little-endian.
pub const REG_DWORD: u32 = 4;
/// Value: strings, each terminated, and an empty one.
pub const REG_MULTI_SZ: u32 = 7;
/// Value: 8 bytes, little-endian.
pub const REG_QWORD: u32 = 11;

/// Length and kind of a file.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct FILE_STANDARD_INFORMATION {
    /// Bytes that it takes on the volume.
    pub AllocationSize: i64,
    /// Bytes of the file.
    pub EndOfFile: i64,
    /// Names that it has.
    pub NumberOfLinks: u32,
    /// It goes when the last handle is closed.
    pub DeletePending: BOOLEAN,
    /// It is a directory.
    pub Directory: BOOLEAN,
}

/// Where reading goes on.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct FILE_POSITION_INFORMATION {
    /// Bytes from the file's start.
    pub CurrentByteOffset: i64,
}

/// FILE_INFORMATION_CLASS: times and attributes.
pub const FILE_BASIC_INFORMATION_CLASS: u32 = 4;
/// FILE_INFORMATION_CLASS: [`FILE_STANDARD_INFORMATION`].
pub const FILE_STANDARD_INFORMATION_CLASS: u32 = 5;
/// FILE_INFORMATION_CLASS: [`FILE_POSITION_INFORMATION`].
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
