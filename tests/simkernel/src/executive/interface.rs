// SPDX-License-Identifier: MIT OR Apache-2.0
//! Device interfaces, symbolic links, device properties and keys.

use super::io::{IO, Interface};
use super::*;
use crate::registry::{self, Value};
use crate::setup::device;
use crate::{pnp, pool};

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        PASSIVE_LEVEL => IoRegisterDeviceInterface, IoSetDeviceInterfaceState, IoGetDeviceInterfaces, IoGetDeviceInterfaceAlias, IoGetDeviceProperty, IoOpenDeviceRegistryKey, IoOpenDeviceInterfaceRegistryKey, IoCreateSymbolicLink, IoDeleteSymbolicLink;
    }
}

/// The symbolic link in `out` is freed by the caller with RtlFreeUnicodeString.
pub unsafe extern "efiapi" fn IoRegisterDeviceInterface(
    pdo: *mut DEVICE_OBJECT,
    guid: *const GUID,
    reference: *const UNICODE_STRING,
    out: *mut UNICODE_STRING,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoRegisterDeviceInterface as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        let Some(instance) = pnp::instance_of(pdo) else {
            return status::STATUS_INVALID_DEVICE_REQUEST;
        };
        let guid = guid.read_unaligned();
        let reference = reference
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        if reference.contains(['\\', '/']) {
            return status::STATUS_INVALID_DEVICE_REQUEST;
        }
        let mut link = format!(
            "\\??\\{}#{}",
            instance.replace('\\', "#"),
            rtl::guid_text(&guid).to_lowercase()
        );
        if !reference.is_empty() {
            link = format!("{link}\\{reference}");
        }
        let io = IO.get();
        if !io
            .interfaces
            .iter()
            .any(|i| i.link.eq_ignore_ascii_case(&link))
        {
            let class = rtl::guid_text(&guid);
            let key = device::interface_key(&instance, &class, &reference);
            io.interfaces.push(Interface {
                key,
                link: link.clone(),
                guid,
                device: pdo as usize,
                reference,
                enabled: false,
            });
        }
        *out = rtl::new_unicode_string(&link.encode_utf16().collect::<Vec<_>>(), owner);
    }
    status::STATUS_SUCCESS
}

/// Enables or disables a device interface, by its symbolic link.
pub unsafe extern "efiapi" fn IoSetDeviceInterfaceState(
    link: *const UNICODE_STRING,
    enable: BOOLEAN,
) -> NTSTATUS {
    // SAFETY: the caller's.
    let link = unsafe { (*link).to_string() };
    let Some(i) = IO
        .get()
        .interfaces
        .iter_mut()
        .find(|i| i.link.eq_ignore_ascii_case(&link))
    else {
        return status::STATUS_OBJECT_NAME_NOT_FOUND;
    };
    if i.enabled == (enable != 0) {
        return if enable != 0 {
            status::STATUS_OBJECT_NAME_EXISTS
        } else {
            status::STATUS_OBJECT_NAME_NOT_FOUND
        };
    }
    i.enabled = enable != 0;
    let linked = Value::dword(enable.into());
    registry::set(&control_key(&i.key), "Linked", linked);
    status::STATUS_SUCCESS
}

/// Where Windows notes the state of an interface: a key that lasts as long as the device does.
fn control_key(interface: &str) -> String {
    format!("{interface}\\Control")
}

/// Links of the enabled interfaces of a category.
pub(crate) fn enabled_interfaces(guid: &GUID) -> Vec<String> {
    IO.get()
        .interfaces
        .iter()
        .filter(|i| i.enabled && i.guid == *guid)
        .map(|i| i.link.clone())
        .collect()
}

/// The PDO has gone: so have its interfaces. Returns how many were still enabled.
pub(crate) fn forget_interfaces(pdo: *mut DEVICE_OBJECT) -> usize {
    let io = IO.get();
    let own: Vec<_> = io
        .interfaces
        .extract_if(.., |i| i.device == pdo as usize)
        .collect();
    for interface in &own {
        registry::delete_tree(&control_key(&interface.key));
    }
    own.iter().filter(|i| i.enabled).count()
}

/// Symbolic links of a class, as strings one after the other.
pub unsafe extern "efiapi" fn IoGetDeviceInterfaces(
    guid: *const GUID,
    _pdo: *mut DEVICE_OBJECT,
    flags: u32,
    list: *mut *mut u16,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoGetDeviceInterfaces as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        let guid = guid.read_unaligned();
        let mut text: Vec<u16> = Vec::new();
        for i in &IO.get().interfaces {
            if i.guid == guid && (i.enabled || flags & 1 != 0) {
                text.extend(wide(&i.link));
            }
        }
        text.push(0);
        let bytes = size_of_val(&text[..]);
        let buffer: *mut u16 = pool::allocate(bytes, tag(b"PnpI"), true, true, owner).cast();
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer, text.len());
        *list = buffer;
    }
    status::STATUS_SUCCESS
}

/// Symbolic link of the same device and reference string in another class.
pub unsafe extern "efiapi" fn IoGetDeviceInterfaceAlias(
    link: *const UNICODE_STRING,
    guid: *const GUID,
    out: *mut UNICODE_STRING,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoGetDeviceInterfaceAlias as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        let (link, guid) = ((*link).to_string(), guid.read_unaligned());
        let all = &IO.get().interfaces;
        let found = all
            .iter()
            .find(|i| i.link.eq_ignore_ascii_case(&link))
            .and_then(|own| {
                all.iter().find(|i| {
                    i.device == own.device && i.reference == own.reference && i.guid == guid
                })
            });
        match found {
            Some(i) => {
                *out = rtl::new_unicode_string(&i.link.encode_utf16().collect::<Vec<_>>(), owner);
                status::STATUS_SUCCESS
            }
            None => status::STATUS_OBJECT_NAME_NOT_FOUND,
        }
    }
}

/// Another name for a device.
pub unsafe extern "efiapi" fn IoCreateSymbolicLink(
    link: *const UNICODE_STRING,
    target: *const UNICODE_STRING,
) -> NTSTATUS {
    // SAFETY: the caller's.
    let (link, target) = unsafe {
        (
            (*link).to_string().to_lowercase(),
            (*target).to_string().to_lowercase(),
        )
    };
    let link = link.replace("\\dosdevices\\", "\\??\\");
    if IO.get().links.contains_key(&link) {
        return status::STATUS_OBJECT_NAME_COLLISION;
    }
    IO.get().links.insert(link, target);
    status::STATUS_SUCCESS
}

/// Takes such a name away.
pub unsafe extern "efiapi" fn IoDeleteSymbolicLink(link: *const UNICODE_STRING) -> NTSTATUS {
    // SAFETY: the caller's.
    let link = unsafe {
        (*link)
            .to_string()
            .to_lowercase()
            .replace("\\dosdevices\\", "\\??\\")
    };
    match IO.get().links.remove(&link) {
        Some(_) => status::STATUS_SUCCESS,
        None => status::STATUS_OBJECT_NAME_NOT_FOUND,
    }
}

// ---- device properties and keys

/// `DEVICE_PROPERTY_*` of a physical device object.
pub unsafe extern "efiapi" fn IoGetDeviceProperty(
    pdo: *mut DEVICE_OBJECT,
    property: u32,
    length: u32,
    buffer: PVOID,
    needed: *mut u32,
) -> NTSTATUS {
    let Some(bytes) = pnp::property(pdo, property) else {
        return status::STATUS_OBJECT_NAME_NOT_FOUND;
    };
    // SAFETY: the caller's.
    unsafe {
        *needed = bytes.len() as u32;
        if (length as usize) < bytes.len() {
            return status::STATUS_BUFFER_TOO_SMALL;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast(), bytes.len());
    }
    status::STATUS_SUCCESS
}

/// `kind` 1 device (hardware) key, 2 driver (software) key.
pub unsafe extern "efiapi" fn IoOpenDeviceRegistryKey(
    pdo: *mut DEVICE_OBJECT,
    kind: u32,
    _access: u32,
    key: *mut HANDLE,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoOpenDeviceRegistryKey as *const () as usize);
    let Some(path) = pnp::key_path(pdo, kind & 3 == 2) else {
        return status::STATUS_INVALID_DEVICE_REQUEST;
    };
    // SAFETY: the caller's.
    unsafe { *key = key::open_key_handle(&path, owner) };
    status::STATUS_SUCCESS
}

/// Key of a device interface, by its symbolic link.
pub unsafe extern "efiapi" fn IoOpenDeviceInterfaceRegistryKey(
    link: *const UNICODE_STRING,
    _access: u32,
    key: *mut HANDLE,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoOpenDeviceInterfaceRegistryKey as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        let link = (*link).to_string();
        let Some(i) = IO
            .get()
            .interfaces
            .iter()
            .find(|i| i.link.eq_ignore_ascii_case(&link))
        else {
            return status::STATUS_OBJECT_NAME_NOT_FOUND;
        };
        let path = format!("{}\\Device Parameters", i.key);
        *key = key::open_key_handle(&path, owner);
    }
    status::STATUS_SUCCESS
}
