// SPDX-License-Identifier: MIT OR Apache-2.0
//! The framework in miniport mode: PortCls owns the dispatch table, the framework only knows driver and device. Own calls through
//! the function table, because wdk-sys' macro bounds-checks at run time (a reachable panic) and lacks the miniport types.

use super::driver::Device;
use super::irql::Passive;
use super::{Result, check};
use arioso_core::ks::status::STATUS_NOT_SUPPORTED;
use core::mem::transmute;
use core::ptr::null_mut;
use wdk_sys::{
    _WDF_DRIVER_INIT_FLAGS, _WDFFUNCENUM, DRIVER_OBJECT, NTSTATUS, PCUNICODE_STRING,
    PDEVICE_OBJECT, PWDF_DRIVER_GLOBALS, PWDF_OBJECT_ATTRIBUTES, ULONG, WDF_DRIVER_CONFIG,
    WDFDEVICE, WDFDRIVER, WDFOBJECT, WdfDriverGlobals, WdfFunctions,
};

/// `wdfminiport.h`, which `wdf.h` does not include.
type PfnDeviceMiniportCreate = unsafe extern "C" fn(
    PWDF_DRIVER_GLOBALS,
    WDFDRIVER,
    PWDF_OBJECT_ATTRIBUTES,
    PDEVICE_OBJECT,
    PDEVICE_OBJECT,
    PDEVICE_OBJECT,
    *mut WDFDEVICE,
) -> NTSTATUS;
type PfnDriverMiniportUnload = unsafe extern "C" fn(PWDF_DRIVER_GLOBALS, WDFDRIVER);
type PfnDriverCreate = unsafe extern "C" fn(
    PWDF_DRIVER_GLOBALS,
    *mut DRIVER_OBJECT,
    PCUNICODE_STRING,
    PWDF_OBJECT_ATTRIBUTES,
    *mut WDF_DRIVER_CONFIG,
    *mut WDFDRIVER,
) -> NTSTATUS;
type PfnObjectDelete = unsafe extern "C" fn(PWDF_DRIVER_GLOBALS, WDFOBJECT);

/// Entry `index` of the framework's function table.
fn function(index: usize) -> Option<unsafe extern "C" fn()> {
    // SAFETY: the binding made before `DriverEntry` filled both variables; the indices are those of the version that was bound.
    unsafe {
        if WdfFunctions.is_null() {
            return None;
        }
        *WdfFunctions.add(index)
    }
}

/// Registers the driver, leaving its dispatch table alone.
///
/// # Safety
/// The arguments are those of `DriverEntry`.
pub unsafe fn create_driver(
    _: Passive,
    driver: *mut DRIVER_OBJECT,
    path: PCUNICODE_STRING,
) -> Result {
    let mut config = WDF_DRIVER_CONFIG {
        Size: size_of::<WDF_DRIVER_CONFIG>() as ULONG,
        DriverInitFlags: _WDF_DRIVER_INIT_FLAGS::WdfDriverInitNoDispatchOverride as ULONG,
        ..Default::default()
    };
    let create =
        function(_WDFFUNCENUM::WdfDriverCreateTableIndex as usize).ok_or(STATUS_NOT_SUPPORTED)?;
    // SAFETY: the table's entry has this type; the caller's promise covers the arguments.
    check(unsafe {
        transmute::<unsafe extern "C" fn(), PfnDriverCreate>(create)(
            WdfDriverGlobals,
            driver,
            path,
            null_mut(),
            &mut config,
            null_mut(),
        )
    })
}

/// Unregisters the driver: on unload, and when `DriverEntry` fails after [`create_driver`].
///
/// # Safety
/// [`create_driver`] succeeded, and no device of this module is left.
pub unsafe fn unload(_: Passive, entry_failed: bool) {
    if entry_failed {
        // The framework's own clean-up of a failed entry does the rest.
        if let Some(unload) = function(_WDFFUNCENUM::WdfDriverMiniportUnloadTableIndex as usize) {
            // SAFETY: the entry has this type.
            unsafe {
                transmute::<unsafe extern "C" fn(), PfnDriverMiniportUnload>(unload)(
                    WdfDriverGlobals,
                    (*WdfDriverGlobals).Driver,
                );
            }
        }
        return;
    }
    // SAFETY: the library's variable: it also unbinds.
    unsafe {
        if let Some(unload) = wdk_sys::WdfDriverMiniportUnloadOverride {
            transmute::<unsafe extern "C" fn(), PfnDriverMiniportUnload>(unload)(
                WdfDriverGlobals,
                (*WdfDriverGlobals).Driver,
            );
        }
    }
}

/// The framework's view of a device. Dropping it deletes the object: in miniport mode nobody else does.
pub struct MiniportDevice(WDFDEVICE);

// SAFETY: a handle; the framework guards its object.
unsafe impl Send for MiniportDevice {}
// SAFETY: as above.
unsafe impl Sync for MiniportDevice {}

impl MiniportDevice {
    pub fn create(_: Passive, device: &Device) -> Result<Self> {
        let mut handle: WDFDEVICE = null_mut();
        let create = function(_WDFFUNCENUM::WdfDeviceMiniportCreateTableIndex as usize)
            .ok_or(STATUS_NOT_SUPPORTED)?;
        // SAFETY: the entry has this type; the framework finds the other two devices itself.
        check(unsafe {
            transmute::<unsafe extern "C" fn(), PfnDeviceMiniportCreate>(create)(
                WdfDriverGlobals,
                (*WdfDriverGlobals).Driver,
                null_mut(),
                device.as_ptr(),
                null_mut(),
                null_mut(),
                &mut handle,
            )
        })?;
        Ok(Self(handle))
    }
}

impl Drop for MiniportDevice {
    fn drop(&mut self) {
        if let Some(delete) = function(_WDFFUNCENUM::WdfObjectDeleteTableIndex as usize) {
            // SAFETY: the entry has this type; the handle is ours and deleted once.
            unsafe {
                transmute::<unsafe extern "C" fn(), PfnObjectDelete>(delete)(
                    WdfDriverGlobals,
                    self.0.cast(),
                )
            };
        }
    }
}
