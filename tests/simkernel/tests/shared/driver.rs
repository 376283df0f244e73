// SPDX-License-Identifier: MIT OR Apache-2.0
//! The beginning of a driver for PortCls, and what it imports.

use std::ffi::c_void;

use arioso_core::ks::portcls::{FnPcAddAdapterDevice, FnPcInitializeAdapterDriver};
use arioso_core::ks::status::{NTSTATUS, STATUS_SUCCESS};
use simkernel::nt::{DRIVER_OBJECT, UNICODE_STRING};

/// An export, for the driver.
pub fn import<F>(module: &str, name: &str) -> F {
    let address = simkernel::loader::guest_routine(module, name).expect(name);
    // SAFETY: the export has the type that the caller names.
    unsafe { std::mem::transmute_copy(&address) }
}

pub fn portcls<F>(name: &str) -> F {
    import("portcls.sys", name)
}

pub fn kernel<F>(name: &str) -> F {
    import("ntoskrnl.exe", name)
}

/// Raises to a level, or lowers to it; the old one.
pub fn set_level(level: u8) -> u8 {
    let current: unsafe extern "efiapi" fn() -> u8 = kernel("KeGetCurrentIrql");
    let raise: unsafe extern "efiapi" fn(u8) -> u8 = kernel("KfRaiseIrql");
    let lower: unsafe extern "efiapi" fn(u8) = kernel("KeLowerIrql");
    // SAFETY: no requirements but the direction.
    unsafe {
        let old = current();
        if level >= old {
            raise(level);
        } else {
            lower(level);
        }
        old
    }
}

/// At another level.
pub fn at_level<R>(level: u8, f: impl FnOnce() -> R) -> R {
    let old = set_level(level);
    let result = f();
    set_level(old);
    result
}

pub unsafe extern "efiapi" fn driver_entry(
    driver: *mut DRIVER_OBJECT,
    path: *mut UNICODE_STRING,
) -> NTSTATUS {
    let initialize: FnPcInitializeAdapterDriver = portcls("PcInitializeAdapterDriver");
    // SAFETY: the loader's objects.
    unsafe {
        let status = initialize(driver.cast(), path.cast(), add_device);
        if super::keeps_unload() {
            (*driver).DriverUnload = Some(unload);
        }
        status
    }
}

/// PortCls' routine is not called.
unsafe extern "efiapi" fn unload(_driver: *mut DRIVER_OBJECT) {}

unsafe extern "efiapi" fn add_device(driver: *mut c_void, pdo: *mut c_void) -> NTSTATUS {
    let add: FnPcAddAdapterDevice = portcls("PcAddAdapterDevice");
    let mut status = STATUS_SUCCESS;
    for &extension in super::extensions() {
        // SAFETY: the PnP manager's objects.
        status = unsafe {
            add(
                driver,
                pdo,
                super::start_device,
                super::SUBDEVICES,
                extension,
            )
        };
    }
    status
}
