// SPDX-License-Identifier: MIT OR Apache-2.0
//! Services of the port and of the allocator that a miniport may use, called once each.

use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::dmusicks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use simkernel::nt::UNICODE_STRING;

use super::{Fault, log};

/// `DevicePropertyPhysicalDeviceObjectName`.
const OBJECT_NAME: i32 = 11;
/// RegistryKeyType: the driver key.
const DRIVER_KEY: u32 = 2;
const KEY_ALL_ACCESS: u32 = 0xF_003F;
const REG_DWORD: u32 = 4;
/// KeyValuePartialInformation, and the size of one number.
const PARTIAL: i32 = 2;
const NUMBER: usize = 16;

/// What came of the calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// `GetDeviceProperty` without room, with too little, with enough.
    pub property: [NTSTATUS; 3],
    pub name: String,
    /// `NewRegistryKey`: of the driver key, of a key that there is not.
    pub keys: [NTSTATUS; 2],
    /// Set and read back.
    pub value: (NTSTATUS, NTSTATUS, u32),
}

/// # Safety
/// A live port, at PASSIVE_LEVEL.
pub unsafe fn of_port(port: *mut IPortDMus) -> Services {
    let mut found = Services::default();
    // SAFETY: by the contract.
    unsafe {
        let table = &*(*port).lpVtbl;
        let mut text = [0u16; 128];
        let mut needed = 0u32;
        let buffer = text.as_mut_ptr().cast::<c_void>();
        found.property[0] =
            (table.GetDeviceProperty)(port, OBJECT_NAME, 0, ptr::null_mut(), &mut needed);
        found.property[1] =
            (table.GetDeviceProperty)(port, OBJECT_NAME, needed - 1, buffer, &mut needed);
        let room = size_of_val(&text) as u32;
        found.property[2] = (table.GetDeviceProperty)(port, OBJECT_NAME, room, buffer, &mut needed);
        let units = &text[..needed as usize / 2];
        found.name = String::from_utf16_lossy(units)
            .trim_end_matches('\0')
            .to_owned();

        let mut key: *mut IRegistryKey = ptr::null_mut();
        let open = table.NewRegistryKey;
        found.keys[1] = open(
            port,
            &mut key,
            ptr::null_mut(),
            77,
            KEY_ALL_ACCESS,
            ptr::null_mut(),
            0,
            ptr::null_mut(),
        );
        found.keys[0] = open(
            port,
            &mut key,
            ptr::null_mut(),
            DRIVER_KEY,
            KEY_ALL_ACCESS,
            ptr::null_mut(),
            0,
            ptr::null_mut(),
        );
        if found.keys[0] < 0 {
            return found;
        }
        let name: Vec<u16> = "Tried".encode_utf16().collect();
        let mut name = UNICODE_STRING::of(&name);
        let mut number = 4711u32;
        let mut value = [0u32; NUMBER / 4];
        let table = &*(*key).lpVtbl;
        let name = (&raw mut name).cast();
        found.value.0 =
            (table.SetValueKey)(key, name, REG_DWORD, (&raw mut number).cast::<c_void>(), 4);
        found.value.1 = (table.QueryValueKey)(
            key,
            name,
            PARTIAL,
            value.as_mut_ptr().cast(),
            NUMBER as u32,
            &mut needed,
        );
        found.value.2 = value[3];
        (table.Release)(key);
    }
    found
}

/// A buffer that is not needed after all: `GetBuffer`, `PutBuffer`. Whether the first gave one.
///
/// # Safety
/// A live allocator.
pub unsafe fn borrow_buffer(allocator: *mut IAllocatorMXF) -> bool {
    let mut buffer: *mut u8 = ptr::null_mut();
    // SAFETY: by the contract.
    unsafe {
        let table = &*(*allocator).lpVtbl;
        let got = (table.GetBuffer)(allocator, &mut buffer);
        let size = usize::from((table.GetBufferSize)(allocator));
        if got < 0 || buffer.is_null() {
            return false;
        }
        ptr::write_bytes(buffer, 0x55, size);
        let put = (table.PutBuffer)(allocator, buffer);
        match log().fault {
            Fault::PutBufferTwice => {
                (table.PutBuffer)(allocator, buffer);
            }
            Fault::WriteBuffer => *buffer = 1,
            _ => {}
        }
        put == STATUS_SUCCESS
    }
}
