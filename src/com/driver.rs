// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's entry points, as PortCls and the PnP manager call them.

use super::port::{StartArguments, add_device, dispatch, initialize_driver};
use crate::kernel::driver::{Device, Driver, minor_function};
use crate::kernel::irql::Passive;
use crate::kernel::{Result, status, wdf};
use arioso_core::ks::NTSTATUS;
use arioso_core::ks::portcls::IResourceList;
use arioso_core::ks::status::STATUS_INVALID_PARAMETER;
use wdk_sys::{
    DEVICE_OBJECT, DRIVER_OBJECT, IRP, IRP_MN_REMOVE_DEVICE, IRP_MN_STOP_DEVICE,
    IRP_MN_SURPRISE_REMOVAL, PCUNICODE_STRING,
};

/// An adapter driver under PortCls.
pub trait AdapterDriver: 'static {
    /// Subdevices that a device may register.
    const SUBDEVICES: u32;

    /// The device starts. On failure everything that was made is released again.
    fn start(passive: Passive, device: Device, arguments: &StartArguments) -> Result;

    /// The device stops, was pulled or is removed, before PortCls hears of it. Comes more than once.
    fn leave(passive: Passive, device: Device);

    /// The driver is about to be unloaded.
    fn unload(passive: Passive);
}

/// Exports `DriverEntry`, which the I/O manager calls first (through the framework's own entry).
macro_rules! export {
    ($driver:ty) => {
        /// # Safety
        /// Called by the system, with this driver's object and registry path.
        #[allow(unsafe_code)]
        #[unsafe(export_name = "DriverEntry")]
        unsafe extern "system" fn driver_entry(
            driver: *mut wdk_sys::DRIVER_OBJECT,
            path: wdk_sys::PCUNICODE_STRING,
        ) -> arioso_core::ks::NTSTATUS {
            debug_line!("loading");
            // SAFETY: the arguments are DriverEntry's.
            let status = unsafe { $crate::com::driver::load::<$driver>(driver, path) };
            debug_line!("loaded, status %08x", status);
            status
        }
    };
}
pub(crate) use export;

/// `DriverEntry`: framework in miniport mode, then PortCls, then our PnP and unload routines around PortCls'.
///
/// # Safety
/// The arguments are those of `DriverEntry`.
pub unsafe fn load<D: AdapterDriver>(
    driver: *mut DRIVER_OBJECT,
    path: PCUNICODE_STRING,
) -> NTSTATUS {
    // SAFETY: DriverEntry runs at PASSIVE_LEVEL; the arguments are its own.
    let result = unsafe {
        let passive = Passive::assume();
        let driver = Driver::new(driver);
        wdf::create_driver(passive, driver.as_ptr(), path).and_then(|()| {
            let rest = driver
                .allocate_extension(passive)
                .and_then(|()| initialize_driver(passive, driver, path, add::<D>));
            match rest {
                Ok(()) => driver.hook(pnp::<D>, unload::<D>),
                Err(_) => wdf::unload(passive, true),
            }
            rest
        })
    };
    status(result)
}

unsafe extern "C" fn add<D: AdapterDriver>(
    driver: *mut DRIVER_OBJECT,
    pdo: *mut DEVICE_OBJECT,
) -> NTSTATUS {
    // SAFETY: AddDevice runs at PASSIVE_LEVEL; the arguments are its own.
    status(unsafe { add_device(Passive::assume(), driver, pdo, start::<D>, D::SUBDEVICES) })
}

unsafe extern "C" fn start<D: AdapterDriver>(
    device: *mut DEVICE_OBJECT,
    irp: *mut IRP,
    resources: *mut IResourceList,
) -> NTSTATUS {
    // SAFETY: PortCls calls at PASSIVE_LEVEL during IRP_MN_START_DEVICE, with the device it made.
    let result = unsafe {
        match Device::new(device.cast()) {
            Some(device) => D::start(
                Passive::assume(),
                device,
                &StartArguments::new(irp, resources),
            ),
            None => Err(STATUS_INVALID_PARAMETER),
        }
    };
    status(result)
}

unsafe extern "C" fn pnp<D: AdapterDriver>(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: a dispatch routine at PASSIVE_LEVEL; the request is passed on to PortCls in any case.
    unsafe {
        let minor = u32::from(minor_function(irp));
        if matches!(
            minor,
            IRP_MN_STOP_DEVICE | IRP_MN_SURPRISE_REMOVAL | IRP_MN_REMOVE_DEVICE
        ) && let Some(device) = Device::new(device.cast())
        {
            D::leave(Passive::assume(), device);
        }
        dispatch(device, irp)
    }
}

unsafe extern "C" fn unload<D: AdapterDriver>(driver: *mut DRIVER_OBJECT) {
    // SAFETY: the unload routine runs at PASSIVE_LEVEL after the last device is gone.
    unsafe {
        let passive = Passive::assume();
        D::unload(passive);
        Driver::new(driver).unload_port_class(passive);
        wdf::unload(passive, false);
    }
}
