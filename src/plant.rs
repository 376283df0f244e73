// SPDX-License-Identifier: MIT OR Apache-2.0
//! A bug for a test build to have (`cargo xtask build --plant panic`). The driver that ships has no such module.

use crate::engine::settings::wide;
use crate::kernel::driver::{Driver, DriverKey};
use crate::kernel::irql::Passive;
use crate::kernel::registry::Key;
use core::hint::black_box;

/// Panics if the value `Parameters\PlantPanic` is there and not 0: it is an index into a single element.
#[inline(never)]
pub fn panic_on_request(passive: Passive, driver: &Driver) {
    let index = Key::open(passive, driver, DriverKey::Parameters)
        .and_then(|key| key.number(passive, wide!("PlantPanic")))
        .unwrap_or(0);
    debug_line!("the planted index is %u", index);
    element(index as usize);
}

#[inline(never)]
fn element(index: usize) -> u8 {
    black_box([0])[index]
}
