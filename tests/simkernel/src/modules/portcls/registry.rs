// SPDX-License-Identifier: MIT OR Apache-2.0
//! IRegistryKey.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Com, Object};
use super::device;
use crate::executive::io::IoOpenDeviceRegistryKey;
use crate::executive::key::*;
use crate::executive::ob::ZwClose;
use crate::nt::*;
use crate::nt::{HANDLE, NTSTATUS};

/// RegistryKeyType.
const GENERAL: u32 = 0;
const DEVICE: u32 = 1;
const DRIVER: u32 = 2;
/// PLUGPLAY_REGKEY_*.
const PLUGPLAY_DEVICE: u32 = 1;
const PLUGPLAY_DRIVER: u32 = 2;

pub struct RegistryKey {
    key: Cell<HANDLE>,
}

/// PcNewRegistryKey and IPort::NewRegistryKey.
///
/// # Safety
/// The driver's arguments; `fdo` is null or a device of ours.
pub unsafe fn open(
    out: *mut *mut IRegistryKey,
    kind: u32,
    access: u32,
    fdo: *mut DEVICE_OBJECT,
    attributes: *mut c_void,
    options: u32,
    disposition: *mut u32,
) -> NTSTATUS {
    // SAFETY: by the contract.
    unsafe {
        *out = ptr::null_mut();
        let mut key: HANDLE = ptr::null_mut();
        let status = match kind {
            GENERAL if attributes.is_null() => return STATUS_INVALID_PARAMETER,
            GENERAL => ZwCreateKey(
                &mut key,
                access,
                attributes.cast(),
                0,
                ptr::null_mut(),
                options,
                disposition,
            ),
            DEVICE | DRIVER if !fdo.is_null() => {
                let which = if kind == DEVICE {
                    PLUGPLAY_DEVICE
                } else {
                    PLUGPLAY_DRIVER
                };
                IoOpenDeviceRegistryKey(device::of(fdo).pdo, which, access, &mut key)
            }
            _ => return STATUS_INVALID_PARAMETER,
        };
        if status >= 0 {
            *out = Object::new(RegistryKey {
                key: Cell::new(key),
            })
            .cast();
        }
        status
    }
}

impl Drop for RegistryKey {
    fn drop(&mut self) {
        let key = self.key.get();
        if !key.is_null() {
            // SAFETY: our handle.
            unsafe { ZwClose(key) };
        }
    }
}

impl Com for RegistryKey {
    type Vtbl = IRegistryKeyVtbl;
    const VTBL: &'static IRegistryKeyVtbl = &IRegistryKeyVtbl {
        QueryInterface: com::query::<RegistryKey, _>,
        AddRef: com::add_ref::<RegistryKey, _>,
        Release: com::release::<RegistryKey, _>,
        QueryKey: query_key,
        EnumerateKey: enumerate_key,
        QueryValueKey: query_value,
        EnumerateValueKey: enumerate_value,
        SetValueKey: set_value,
        QueryRegistryValues: query_values,
        NewSubKey: new_sub_key,
        DeleteKey: delete,
    };
    const NAME: &'static str = "IRegistryKey";
    const INTERFACES: &'static [GUID] = &[IID_IRegistryKey];
}

unsafe fn key_of(this: *mut IRegistryKey) -> HANDLE {
    // SAFETY: through our own vtable.
    unsafe { com::of::<RegistryKey, _>(this).key.get() }
}

unsafe extern "efiapi" fn query_key(
    this: *mut IRegistryKey,
    class: i32,
    out: *mut c_void,
    length: u32,
    result: *mut u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe { ZwQueryKey(key_of(this), class as u32, out, length, result) }
}

unsafe extern "efiapi" fn enumerate_key(
    this: *mut IRegistryKey,
    index: u32,
    class: i32,
    out: *mut c_void,
    length: u32,
    result: *mut u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe { ZwEnumerateKey(key_of(this), index, class as u32, out, length, result) }
}

unsafe extern "efiapi" fn query_value(
    this: *mut IRegistryKey,
    name: *mut c_void,
    class: i32,
    out: *mut c_void,
    length: u32,
    result: *mut u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe { ZwQueryValueKey(key_of(this), name.cast(), class as u32, out, length, result) }
}

unsafe extern "efiapi" fn enumerate_value(
    this: *mut IRegistryKey,
    index: u32,
    class: i32,
    out: *mut c_void,
    length: u32,
    result: *mut u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe { ZwEnumerateValueKey(key_of(this), index, class as u32, out, length, result) }
}

unsafe extern "efiapi" fn set_value(
    this: *mut IRegistryKey,
    name: *mut c_void,
    kind: u32,
    data: *mut c_void,
    size: u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe { ZwSetValueKey(key_of(this), name.cast(), 0, kind, data.cast(), size) }
}

/// The table form is not offered: nothing has asked for it yet, and a wrong answer would hide that.
unsafe extern "efiapi" fn query_values(
    _this: *mut IRegistryKey,
    _table: *mut c_void,
    _context: *mut c_void,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "efiapi" fn new_sub_key(
    this: *mut IRegistryKey,
    out: *mut *mut IRegistryKey,
    _outer: *mut IUnknown,
    access: u32,
    name: *mut c_void,
    options: u32,
    disposition: *mut u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe {
        let mut attributes = OBJECT_ATTRIBUTES {
            Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
            RootDirectory: key_of(this),
            ObjectName: name.cast(),
            Attributes: OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
            SecurityDescriptor: ptr::null_mut(),
            SecurityQualityOfService: ptr::null_mut(),
        };
        open(
            out,
            GENERAL,
            access,
            ptr::null_mut(),
            (&raw mut attributes).cast(),
            options,
            disposition,
        )
    }
}

unsafe extern "efiapi" fn delete(this: *mut IRegistryKey) -> NTSTATUS {
    // SAFETY: through our own vtable.
    unsafe { ZwDeleteKey(key_of(this)) }
}
