// SPDX-License-Identifier: MIT OR Apache-2.0
//! `DriverEntry`.

use crate::adapter::Adapter;
use crate::com::driver::{self, AdapterDriver};
use crate::com::port::StartArguments;
use crate::kernel::Result;
use crate::kernel::driver::Device;
use crate::kernel::irql::Passive;

driver::export!(Arioso);

struct Arioso;

impl AdapterDriver for Arioso {
    const SUBDEVICES: u32 = 4;

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
