// SPDX-License-Identifier: MIT OR Apache-2.0
//! A driver in Rust, in this process: a DMus miniport that notes what it is given and can be told to misbehave.

#[path = "../../shared/com.rs"]
pub mod com;
#[path = "../../shared/driver.rs"]
mod driver;
mod miniport;
mod power;
mod property;
mod services;
#[path = "../../shared/shape.rs"]
mod shape;
mod stream;

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::PIRP;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use com::{Held, Object};
pub use driver::driver_entry;
use driver::portcls;
use miniport::Miniport;
use power::Power;
pub use property::{SET, answer, complete_pending};

/// One thing that the driver must not do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Fault {
    #[default]
    None,
    /// Keeps an event for ever.
    LeakEvent,
    PutTwice,
    PutForeign,
    /// Takes one reference of the port too many.
    LeakPort,
    RegisterPowerTwice,
    /// `ValueSize` beyond the buffer.
    LongValue,
    OverrunRender,
}

/// What the driver has seen.
#[derive(Default)]
pub struct Log {
    pub fault: Fault,
    /// Objects that are still there.
    pub alive: i32,
    pub prefetch: u64,
    pub states: Vec<(u32, KSSTATE)>,
    /// Time, group, flags, bytes, chain position.
    pub events: Vec<(i64, u16, u16, Vec<u8>, usize)>,
    /// Master time at the delivery of each event.
    pub delivered: Vec<i64>,
    /// Length, position.
    pub renders: Vec<(u32, i64)>,
    /// Master time read, argument, start.
    pub syncs: Vec<(i64, i64, bool)>,
    pub pending: Vec<usize>,
    pub powers: Vec<i32>,
    /// What the port's services gave in `Init`.
    pub services: Option<services::Services>,
    /// Buffers that were taken from an allocator and put back unused.
    pub buffers: u32,
}

struct Shared(UnsafeCell<Option<Log>>);
// SAFETY: one thread.
unsafe impl Sync for Shared {}
static LOG: Shared = Shared(UnsafeCell::new(None));

pub fn log() -> &'static mut Log {
    // SAFETY: one thread; borrows are short.
    unsafe {
        (*LOG.0.get()).get_or_insert_with(|| Log {
            prefetch: DONT_HOLD_FOR_SEQUENCING,
            ..Log::default()
        })
    }
}

/// How many there are at the most.
const SUBDEVICES: u32 = 1;

unsafe extern "efiapi" fn start_device(
    fdo: *mut c_void,
    irp: PIRP,
    list: *mut IResourceList,
) -> NTSTATUS {
    let new_port: FnPcNewPort = portcls("PcNewPort");
    let register: FnPcRegisterSubdevice = portcls("PcRegisterSubdevice");
    let power: FnPcRegisterAdapterPowerManagement = portcls("PcRegisterAdapterPowerManagement");
    // SAFETY: PortCls' objects, by its contract.
    unsafe {
        let adapter = Held(Object::create(Power));
        power(adapter.0.cast(), fdo);
        if log().fault == Fault::RegisterPowerTwice {
            power(adapter.0.cast(), fdo);
        }
        let mut port: *mut IPort = ptr::null_mut();
        let status = new_port(&mut port, &CLSID_PortDMus);
        if status < 0 {
            return status;
        }
        let port = Held(port);
        let miniport = Held(Object::create(Miniport::default()));
        let init = (*(*port.0).lpVtbl).Init;
        let mut status = init(port.0, fdo, irp, miniport.0.cast(), ptr::null_mut(), list);
        if status >= 0 {
            let name: Vec<u16> = "Synth\0".encode_utf16().collect();
            status = register(fdo, name.leak().as_ptr(), port.0.cast());
        }
        if log().fault == Fault::LeakPort {
            std::mem::forget(port);
        }
        status
    }
}
