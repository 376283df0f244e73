// SPDX-License-Identifier: MIT OR Apache-2.0
//! IMasterClock, and time in 100 ns units from the performance counter.

use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::{IMasterClock, IMasterClockVtbl};
use arioso_core::ks::status::*;

use super::com::{self, Com, Object};
use crate::executive::ke::KeQueryPerformanceCounter;
use crate::state::Global;

/// By how much the master clock is ahead of the performance counter, 100 ns.
static AHEAD: Global<i64> = Global::new(0);

/// For machines from now on.
pub fn configure(ahead: i64) {
    *AHEAD.get() = ahead;
}

/// The master clock, 100 ns.
pub fn now() -> i64 {
    let mut frequency = 0i64;
    // SAFETY: an out parameter.
    let count = unsafe { KeQueryPerformanceCounter(&mut frequency) };
    (i128::from(count) * 10_000_000 / i128::from(frequency.max(1))) as i64 + *AHEAD.get()
}

pub struct MasterClock;

impl MasterClock {
    pub fn create() -> *mut Object<MasterClock> {
        Object::new(MasterClock)
    }
}

impl Com for MasterClock {
    type Vtbl = IMasterClockVtbl;
    const VTBL: &'static IMasterClockVtbl = &IMasterClockVtbl {
        QueryInterface: com::query::<MasterClock, _>,
        AddRef: com::add_ref::<MasterClock, _>,
        Release: com::release::<MasterClock, _>,
        GetTime: get_time,
    };
    const NAME: &'static str = "IMasterClock";
    const INTERFACES: &'static [GUID] = &[];
}

unsafe extern "efiapi" fn get_time(_this: *mut IMasterClock, out: *mut i64) -> NTSTATUS {
    // SAFETY: an out parameter of the driver.
    unsafe { *out = now() };
    STATUS_SUCCESS
}
