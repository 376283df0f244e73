// SPDX-License-Identifier: MIT OR Apache-2.0
//! `WDFLDR.SYS`: the KMDF binding of drivers in miniport mode.

use crate::executive::Export;
use crate::nt::status::*;
use crate::nt::*;
use crate::state::Global;
use crate::verifier::Rule;
use crate::{bugcheck, guest, verifier};
use std::collections::BTreeMap;

const FUNCTIONS: usize = 458;
const NO_DISPATCH_OVERRIDE: u32 = 2;

#[repr(C)]
struct WDF_BIND_INFO {
    Size: u32,
    Component: *const u16,
    Major: u32,
    Minor: u32,
    Build: u32,
    FuncCount: u32,
    FuncTable: *mut *const usize,
    Module: PVOID,
}

layout!(WDF_BIND_INFO, 0x30, FuncTable = 32);

#[repr(C)]
struct WDF_DRIVER_GLOBALS {
    Driver: HANDLE,
    DriverFlags: u32,
    DriverTag: u32,
    DriverName: [u8; 32],
    DisplaceDriverUnload: BOOLEAN,
}

#[repr(C)]
struct WDF_DRIVER_CONFIG {
    Size: u32,
    EvtDriverDeviceAdd: PVOID,
    EvtDriverUnload: PVOID,
    DriverInitFlags: u32,
    DriverPoolTag: u32,
}

layout!(WDF_DRIVER_CONFIG, 32, DriverInitFlags = 24);

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Driver(*mut DRIVER_OBJECT),
    Device,
}

struct Framework {
    table: Vec<usize>,
    objects: BTreeMap<usize, Kind>,
    next: usize,
    bound: usize,
}

static FRAMEWORK: Global<Framework> = Global::new(Framework {
    table: Vec::new(),
    objects: BTreeMap::new(),
    next: 0x7df0_0000_0000,
    bound: 0,
});

pub(crate) fn module() -> Vec<Export> {
    crate::exports! {
        PASSIVE_LEVEL => WdfVersionBind, WdfVersionUnbind, WdfVersionBindClass, WdfVersionUnbindClass;
    }
}

fn new_object(kind: Kind) -> HANDLE {
    let f = FRAMEWORK.get();
    f.next += 16;
    f.objects.insert(f.next, kind);
    f.next as HANDLE
}

unsafe extern "efiapi" fn unknown() -> usize {
    let context = guest::current();
    // SAFETY: called through an import entry.
    let name = unsafe { (*(*(*context).frame).import).name.clone() };
    bugcheck::bugcheck(
        bugcheck::SIMKERNEL_UNKNOWN_IMPORT,
        [0; 4],
        &format!("the driver called {name}, which simkernel's KMDF does not have"),
    )
}

fn table() -> *const usize {
    let f = FRAMEWORK.get();
    if f.table.is_empty() {
        f.table = (0..FUNCTIONS)
            .map(|i| {
                let (name, address, max_irql): (&str, usize, KIRQL) = match i {
                    116 => (
                        "WdfDriverCreate",
                        driver_create as *const () as usize,
                        PASSIVE_LEVEL,
                    ),
                    118 => (
                        "WdfDriverWdmGetDriverObject",
                        wdm_driver_object as *const () as usize,
                        HIGH_LEVEL,
                    ),
                    200 => (
                        "WdfDeviceMiniportCreate",
                        miniport_create as *const () as usize,
                        PASSIVE_LEVEL,
                    ),
                    201 => (
                        "WdfDriverMiniportUnload",
                        miniport_unload as *const () as usize,
                        PASSIVE_LEVEL,
                    ),
                    208 => (
                        "WdfObjectDelete",
                        object_delete as *const () as usize,
                        DISPATCH_LEVEL,
                    ),
                    _ => (
                        Box::leak(format!("WdfFunctions[{i}]").into_boxed_str()) as &str,
                        unknown as *const () as usize,
                        HIGH_LEVEL,
                    ),
                };
                guest::make_thunk(
                    "wdf01000.sys",
                    &Export {
                        name: Box::leak(name.to_owned().into_boxed_str()),
                        address,
                        max_irql,
                        raw: false,
                    },
                )
            })
            .collect();
    }
    f.table.as_ptr()
}

unsafe extern "efiapi" fn WdfVersionBind(
    driver: *mut DRIVER_OBJECT,
    path: *const UNICODE_STRING,
    info: *mut WDF_BIND_INFO,
    globals: *mut *mut WDF_DRIVER_GLOBALS,
) -> NTSTATUS {
    // SAFETY: the arguments of a KMDF driver's start-up code.
    unsafe {
        let i = &*info;
        if i.Size as usize != size_of::<WDF_BIND_INFO>() || from_wide(i.Component) != "KmdfLibrary"
        {
            return STATUS_INVALID_PARAMETER;
        }
        // Windows 10 2004 has KMDF 1.31.
        if i.Major != 1 || i.Minor > 31 || i.FuncCount as usize > FUNCTIONS {
            return STATUS_REVISION_MISMATCH;
        }
        if driver.is_null() || (*path).Length == 0 {
            return STATUS_INVALID_PARAMETER;
        }
        *i.FuncTable = table();
        let own = Box::into_raw(Box::new(WDF_DRIVER_GLOBALS {
            Driver: std::ptr::null_mut(),
            DriverFlags: 0,
            DriverTag: tag(b"FxDr"),
            DriverName: [0; 32],
            DisplaceDriverUnload: 0,
        }));
        *globals = own;
        FRAMEWORK.get().bound += 1;
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn WdfVersionUnbind(
    _path: *const UNICODE_STRING,
    _info: *mut WDF_BIND_INFO,
    globals: *mut WDF_DRIVER_GLOBALS,
) -> NTSTATUS {
    let f = FRAMEWORK.get();
    if f.bound == 0 {
        verifier::violation(Rule::WdfUnbind, "WdfVersionUnbind without a bind");
        return STATUS_INVALID_PARAMETER;
    }
    f.bound -= 1;
    if !f.objects.is_empty() {
        verifier::violation(
            Rule::WdfUnbind,
            format!(
                "WdfVersionUnbind with {} framework object(s) left",
                f.objects.len()
            ),
        );
        f.objects.clear();
    }
    // SAFETY: made by WdfVersionBind.
    drop(unsafe { Box::from_raw(globals) });
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn WdfVersionBindClass(
    _bind: PVOID,
    _globals: PVOID,
    _class: PVOID,
) -> NTSTATUS {
    STATUS_NOT_SUPPORTED
}

unsafe extern "efiapi" fn WdfVersionUnbindClass(_bind: PVOID, _globals: PVOID, _class: PVOID) {}

unsafe extern "efiapi" fn driver_create(
    globals: *mut WDF_DRIVER_GLOBALS,
    object: *mut DRIVER_OBJECT,
    _path: *const UNICODE_STRING,
    _attributes: PVOID,
    config: *const WDF_DRIVER_CONFIG,
    out: *mut HANDLE,
) -> NTSTATUS {
    if verifier::allocation_fails() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    // SAFETY: the caller's.
    unsafe {
        if (*config).Size as usize != size_of::<WDF_DRIVER_CONFIG>() {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        if (*config).DriverInitFlags & NO_DISPATCH_OVERRIDE == 0 {
            verifier::violation(
                Rule::NotSimulated,
                "WdfDriverCreate without WdfDriverInitNoDispatchOverride is not simulated",
            );
            return STATUS_NOT_SUPPORTED;
        }
        if !(*globals).Driver.is_null() {
            return STATUS_OBJECT_NAME_COLLISION;
        }
        let handle = new_object(Kind::Driver(object));
        (*globals).Driver = handle;
        (*globals).DriverFlags = (*config).DriverInitFlags;
        if !out.is_null() {
            *out = handle;
        }
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn wdm_driver_object(
    _globals: *mut WDF_DRIVER_GLOBALS,
    driver: HANDLE,
) -> *mut DRIVER_OBJECT {
    match FRAMEWORK.get().objects.get(&(driver as usize)) {
        Some(Kind::Driver(object)) => *object,
        _ => bugcheck::bugcheck(
            0x10d,
            [0xa, driver as usize, 0, 0],
            "WDF_VIOLATION: not a WDFDRIVER",
        ),
    }
}

unsafe extern "efiapi" fn miniport_create(
    _globals: *mut WDF_DRIVER_GLOBALS,
    driver: HANDLE,
    _attributes: PVOID,
    _device: *mut DEVICE_OBJECT,
    _attached: *mut DEVICE_OBJECT,
    _pdo: *mut DEVICE_OBJECT,
    out: *mut HANDLE,
) -> NTSTATUS {
    if verifier::allocation_fails() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if !matches!(
        FRAMEWORK.get().objects.get(&(driver as usize)),
        Some(Kind::Driver(_))
    ) {
        bugcheck::bugcheck(
            0x10d,
            [0xa, driver as usize, 0, 0],
            "WDF_VIOLATION: not a WDFDRIVER",
        );
    }
    // SAFETY: the caller's.
    unsafe { *out = new_object(Kind::Device) };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn miniport_unload(globals: *mut WDF_DRIVER_GLOBALS, driver: HANDLE) {
    let f = FRAMEWORK.get();
    let devices = f.objects.values().filter(|k| **k == Kind::Device).count();
    if devices != 0 {
        verifier::violation(
            Rule::WdfMiniportUnload,
            format!("WdfDriverMiniportUnload with {devices} WDFDEVICE(s) not deleted"),
        );
        f.objects.retain(|_, k| *k != Kind::Device);
    }
    if f.objects.remove(&(driver as usize)).is_none() {
        verifier::violation(
            Rule::WdfMiniportUnload,
            "WdfDriverMiniportUnload of something that is no WDFDRIVER",
        );
    }
    // SAFETY: the driver's globals.
    unsafe { (*globals).Driver = std::ptr::null_mut() };
}

unsafe extern "efiapi" fn object_delete(_globals: *mut WDF_DRIVER_GLOBALS, object: HANDLE) {
    match FRAMEWORK.get().objects.get(&(object as usize)) {
        Some(Kind::Device) => drop(FRAMEWORK.get().objects.remove(&(object as usize))),
        Some(Kind::Driver(_)) => {
            verifier::violation(Rule::WdfDelete, "WdfObjectDelete of a WDFDRIVER")
        }
        None => bugcheck::bugcheck(
            0x10d,
            [0xa, object as usize, 0, 0],
            "WDF_VIOLATION: WdfObjectDelete of something that is no object (any more)",
        ),
    }
}
