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

use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{GUID, PIRP};
use simkernel::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};

use crate::scenario::faults;
pub use com::release_kept;
use com::{Held, Object, keep};
pub use driver::driver_entry;
use driver::{at_level, kernel, portcls, set_level};
use miniport::Miniport;
use power::Power;
pub use property::{SET, answer, complete_pending};

faults! {
    /// Calls a routine and a method of PortCls at DISPATCH_LEVEL.
    RoutineAtDispatch, MethodAtDispatch,
    RegisterPowerTwice, UnregisterPower, RequestPower,
    /// A device extension without room for PortCls.
    ShortExtension,
    ManySubdevices, InitTwice,
    /// An unload routine that does not call PortCls'.
    KeepUnload,
    /// Releases a service group twice.
    ReleaseTwice,
    /// Takes one reference of an object too many.
    LeakPort, LeakMiniport, LeakAllocator, LeakClock,
    /// `QueryInterface` that succeeds without an interface; that fails and returns nothing.
    QueryNothing, QueryStale,
    /// Of the second miniport: `Init` fails, and its group is returned.
    FailWithGroup,
    /// Of the second miniport's descriptor.
    BadPinSize, BadVersion, BadFlow, BadCommunication, BadCategory, BadInstances, BadAttributes, BadRange, BadEnd, LoosePin, LooseNode,
    /// Of the table of the synthesizer's node.
    PropertyStride,
    /// `NewStream` of a MIDI pin.
    NothingSet, FailWithStream, NoStream,
    /// Keeps an event for ever, or until the stream goes.
    LeakEvent, LateEvent,
    PutTwice, PutForeign, PutBufferTwice, PutAtPassive,
    /// Writes to what has been put back.
    WriteEvent, WriteBuffer,
    /// Another `cbStruct`.
    ChangeStruct,
    RefuseEvents,
    /// `PutMessage` lowers the IRQL.
    PutReturnsLow,
    /// Completes a property request with STATUS_PENDING, without having returned it, one that is none.
    CompletePending, CompleteEarly, CompleteTwice,
    /// `ValueSize` beyond the buffer.
    LongValue,
    /// Locks the program's buffer without probing it, maps it twice, unmaps it from elsewhere.
    LockUnprobed, MapTwice, UnmapElsewhere,
    OverrunRender,
    /// Renders nothing.
    LazyRender,
    SyncFails,
    /// Times that do not come back as samples.
    WrongTimes,
}

impl Fault {
    /// Of a second port, which is not registered.
    fn is_second(self) -> bool {
        use Fault::*;
        let descriptor = [
            BadPinSize,
            BadVersion,
            BadFlow,
            BadCommunication,
            BadCategory,
            BadInstances,
            BadAttributes,
            BadRange,
            BadEnd,
            LoosePin,
            LooseNode,
        ];
        self == FailWithGroup || descriptor.contains(&self)
    }
}

/// What the driver has seen.
#[derive(Default)]
pub struct Log {
    pub fault: Fault,
    /// The second port is being made.
    pub second: bool,
    /// References that are kept, by object.
    pub kept: Vec<usize>,
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

pub fn fault(fault: Fault) -> bool {
    log().fault == fault
}

/// Sizes of device extensions that are tried, the last one with success.
fn extensions() -> &'static [u32] {
    if fault(Fault::ShortExtension) {
        &[8, 0]
    } else {
        &[0]
    }
}

/// Interfaces that are promised and not given.
fn promises(iid: &GUID) -> bool {
    fault(Fault::QueryNothing) && *iid == IID_IPowerNotify
}

/// Whether an unload routine takes the place of PortCls'.
fn keeps_unload() -> bool {
    fault(Fault::KeepUnload)
}

/// Interfaces that are refused without a null pointer.
fn forgets(iid: &GUID) -> bool {
    fault(Fault::QueryStale) && *iid == IID_IPowerNotify
}

unsafe extern "efiapi" fn start_device(
    fdo: *mut c_void,
    irp: PIRP,
    list: *mut IResourceList,
) -> NTSTATUS {
    let new_port: FnPcNewPort = portcls("PcNewPort");
    let register: FnPcRegisterSubdevice = portcls("PcRegisterSubdevice");
    // SAFETY: PortCls' objects, by its contract.
    unsafe {
        register_power(fdo);
        call_portcls();
        if log().fault.is_second() {
            log().second = true;
            let mut port: *mut IPort = ptr::null_mut();
            new_port(&mut port, &CLSID_PortDMus);
            let (port, miniport) = (Held(port), Held(Object::create(Miniport::default())));
            let init = (*(*port.0).lpVtbl).Init;
            init(port.0, fdo, irp, miniport.0.cast(), ptr::null_mut(), list);
            log().second = false;
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
        if fault(Fault::InitTwice) {
            init(port.0, fdo, irp, miniport.0.cast(), ptr::null_mut(), list);
        }
        if status >= 0 {
            let name: Vec<u16> = "Synth\0".encode_utf16().collect();
            let name = name.leak().as_ptr();
            status = register(fdo, name, port.0.cast());
            if fault(Fault::ManySubdevices) {
                register(fdo, name, port.0.cast());
            }
        }
        match log().fault {
            Fault::LeakPort => std::mem::forget(port),
            Fault::LeakMiniport => std::mem::forget(miniport),
            _ => {}
        }
        status
    }
}

unsafe fn register_power(fdo: *mut c_void) {
    const IRP_MN_SET_POWER: u8 = 2;
    const D0: i32 = 1;
    type Request = unsafe extern "efiapi" fn(*mut c_void, u8, i32, usize, usize, usize) -> NTSTATUS;
    let power: FnPcRegisterAdapterPowerManagement = portcls("PcRegisterAdapterPowerManagement");
    let unregister: FnPcUnregisterAdapterPowerManagement =
        portcls("PcUnregisterAdapterPowerManagement");
    // SAFETY: PortCls' device.
    unsafe {
        let adapter = Held(Object::create(Power));
        if fault(Fault::UnregisterPower) {
            unregister(fdo);
        }
        power(adapter.0.cast(), fdo);
        match log().fault {
            Fault::RegisterPowerTwice => {
                power(adapter.0.cast(), fdo);
            }
            Fault::RequestPower => {
                let request: Request = kernel("PoRequestPowerIrp");
                request(fdo, IRP_MN_SET_POWER, D0, 0, 0, 0);
            }
            _ => {}
        }
    }
}

/// A service group, made and released.
unsafe fn call_portcls() {
    let new_group: FnPcNewServiceGroup = portcls("PcNewServiceGroup");
    let mut group = ptr::null_mut();
    let level = if fault(Fault::RoutineAtDispatch) {
        DISPATCH_LEVEL
    } else {
        PASSIVE_LEVEL
    };
    // SAFETY: PortCls' object.
    unsafe {
        at_level(level, || new_group(&mut group, ptr::null_mut()));
        let vtbl = &*(*group).lpVtbl;
        (vtbl.Release)(group);
        if fault(Fault::ReleaseTwice) {
            (vtbl.Release)(group);
        }
    }
}
