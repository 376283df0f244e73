// SPDX-License-Identifier: MIT OR Apache-2.0
//! The beginning of a driver for PortCls, and what it imports.

use std::ffi::c_void;

use arioso_core::ks::portcls::{FnPcAddAdapterDevice, FnPcInitializeAdapterDriver};
use arioso_core::ks::status::NTSTATUS;
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

pub unsafe extern "efiapi" fn driver_entry(
    driver: *mut DRIVER_OBJECT,
    path: *mut UNICODE_STRING,
) -> NTSTATUS {
    let initialize: FnPcInitializeAdapterDriver = portcls("PcInitializeAdapterDriver");
    // SAFETY: the loader's objects.
    unsafe { initialize(driver.cast(), path.cast(), add_device) }
}

unsafe extern "efiapi" fn add_device(driver: *mut c_void, pdo: *mut c_void) -> NTSTATUS {
    let add: FnPcAddAdapterDevice = portcls("PcAddAdapterDevice");
    // SAFETY: the PnP manager's objects.
    unsafe { add(driver, pdo, super::start_device, super::SUBDEVICES, 0) }
}
