//! `DriverEntry`.

use crate::adapter::Adapter;
use crate::com::driver::{self, AdapterDriver};
use crate::com::port::StartArguments;
use crate::kernel::Result;
use crate::kernel::driver::Device;
use crate::kernel::irql::Passive;
use arioso_core::ks::NTSTATUS;
use wdk_sys::{DRIVER_OBJECT, PCUNICODE_STRING};

/// What the I/O manager calls first (through the framework's own entry).
///
/// # Safety
/// Called by the system, with this driver's object and registry path.
#[allow(unsafe_code)]
#[unsafe(export_name = "DriverEntry")]
pub unsafe extern "system" fn driver_entry(
    driver: *mut DRIVER_OBJECT,
    path: PCUNICODE_STRING,
) -> NTSTATUS {
    debug_line!("loading");
    // SAFETY: the arguments are DriverEntry's.
    let status = unsafe { driver::load::<Arioso>(driver, path) };
    debug_line!("loaded, status %08x", status);
    status
}

struct Arioso;

impl AdapterDriver for Arioso {
    const SUBDEVICES: u32 = 1;

    fn start(passive: Passive, device: Device, arguments: &StartArguments) -> Result {
        let result = Adapter::start(passive, device, arguments);
        debug_line!("device started, status %08x", crate::kernel::status(result));
        result
    }

    fn leave(passive: Passive, device: Device) {
        if Adapter::leave(passive, device) {
            debug_line!("device stopped");
        }
    }

    fn unload(_: Passive) {
        debug_line!("unloading");
    }
}
