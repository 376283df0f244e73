// SPDX-License-Identifier: MIT OR Apache-2.0
//! A driver in this process with a WaveRT endpoint, its topology, a MIDI cable and a DMus capture pin. It can be told to misbehave.

#[path = "../../shared/com.rs"]
pub mod com;
pub mod dmus;
#[path = "../../shared/driver.rs"]
mod driver;
pub mod midi;
#[path = "../../shared/shape.rs"]
mod shape;
pub mod topology;
pub mod wave_rt;

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::guid::{
    KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SUBTYPE_ANALOG, KSDATAFORMAT_TYPE_AUDIO,
};
use arioso_core::ks::ks::KSDATARANGE;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{GUID, PIRP};
use simkernel::nt::UNICODE_STRING;

use crate::scenario::faults;
pub use com::release_kept;
use com::{Fake, Held, Object, keep};
use driver::{at_level, kernel};
pub use driver::{driver_entry, import, portcls};

faults! {
    LeakPages, LeakMapping,
    /// A reference of IPortWaveRTStream too many.
    LeakPortStream,
    /// Frees the pages while they are mapped.
    FreeMapped,
    /// Maps pages twice, or others than the stream's; unmaps them from elsewhere; frees them twice.
    MapTwice, MapForeign, UnmapElsewhere, FreeTwice,
    /// An MDL that is not the stream's.
    ForeignBuffer,
    /// Says that more bytes are there than were allocated.
    LongBuffer,
    BadCache,
    /// Positions beyond the buffer.
    FarPosition,
    /// Takes its time for a state.
    SlowState,
    /// `GetReadPacket` with flags.
    ReadFlags,
    /// Takes an event twice, does not take events back, takes back what was never registered.
    EventTwice, ForgetEvents, UnregisterUnknown,
    /// `NewStream` of the endpoint and of the cable.
    WaveFailWithStream, WaveNoStream, MidiFailWithStream, MidiNoGroup, MidiNoStream,
    /// Connects pins that run the wrong way, a port that is not registered, a pin that is not there, one that streams, one twice.
    WrongConnection, ConnectUnregistered, ConnectNoPin, ConnectStream, ConnectTwice,
    LeakResource, RemoveTwice,
    /// Returns another group than it has registered.
    OtherGroup,
    /// Removes a member that is none.
    RemoveStranger,
    DelayWithoutSupport,
    /// `Read` and `Write` tell more bytes than asked for.
    LongRead, LongWrite,
    /// Takes an event without putting it on the list, puts it there twice, or fails after that.
    LoseEvent, AddEventTwice, FailEvent,
    /// Generates events above DISPATCH_LEVEL.
    EventAtHigh,
    /// Of the table of the volume's node.
    EventStride,
    /// Keeps the capture sink; gives it something before it is connected.
    KeepSink, PutEarly,
    DisconnectFails,
    /// Keeps an event of the capture pin's allocator.
    LeakCaptured,
    /// A capture stream that wants its events early.
    SequencedCapture,
    /// A volume without steps.
    NoStep,
    /// A data range from much to little.
    BackwardRange,
    /// A bridge that ends nowhere.
    LooseBridge,
}

/// What the driver has seen.
#[derive(Default)]
pub struct Log {
    pub fault: Fault,
    /// References that are kept, by object.
    pub kept: Vec<usize>,
    /// The line-in connector leads to another device.
    pub external: bool,
    /// Objects that are still there.
    pub alive: i32,
    pub states: Vec<i32>,
    pub services: u32,
    /// PCEVENT verbs.
    pub events: Vec<u32>,
    pub device: usize,
    /// The endpoint's stream and the capture streams that are open.
    endpoint: usize,
    captures: Vec<usize>,
    ports: Vec<usize>,
}

struct Shared(UnsafeCell<Option<Log>>);
// SAFETY: one thread.
unsafe impl Sync for Shared {}
static LOG: Shared = Shared(UnsafeCell::new(None));

pub fn log() -> &'static mut Log {
    // SAFETY: one thread; borrows are short.
    unsafe { (*LOG.0.get()).get_or_insert_with(Log::default) }
}

pub fn fault(fault: Fault) -> bool {
    log().fault == fault
}

/// How many there are at the most.
const SUBDEVICES: u32 = 4;

/// Sizes of device extensions.
fn extensions() -> &'static [u32] {
    &[0]
}

/// Interfaces that are promised and not given: none.
fn promises(_iid: &GUID) -> bool {
    false
}

/// Whether an unload routine takes the place of PortCls': no.
fn keeps_unload() -> bool {
    false
}

/// Interfaces that are refused without a null pointer: none.
fn forgets(_iid: &GUID) -> bool {
    false
}

/// The range of a bridge pin.
pub fn analog() -> *const KSDATARANGE {
    shape::leak(KSDATARANGE {
        FormatSize: size_of::<KSDATARANGE>() as u32,
        MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
        SubFormat: KSDATAFORMAT_SUBTYPE_ANALOG,
        Specifier: KSDATAFORMAT_SPECIFIER_NONE,
        ..KSDATARANGE::default()
    })
}

impl<I> Held<I> {
    /// `QueryInterface`.
    pub unsafe fn query<J>(&self, iid: &GUID) -> Option<Held<J>> {
        let unknown = self.0.cast::<IUnknown>();
        let mut out = ptr::null_mut();
        // SAFETY: a live interface.
        let status = unsafe { ((*(*unknown).lpVtbl).QueryInterface)(unknown, iid, &mut out) };
        (status >= 0).then(|| Held(out.cast()))
    }
}

/// Makes a port with its miniport and registers it.
unsafe fn subdevice<T: Fake>(
    (fdo, irp, list): (*mut c_void, PIRP, *mut IResourceList),
    name: &str,
    class: &GUID,
    miniport: T,
) -> Result<Held<IPort>, NTSTATUS> {
    let new_port: FnPcNewPort = portcls("PcNewPort");
    let register: FnPcRegisterSubdevice = portcls("PcRegisterSubdevice");
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let check = |status: NTSTATUS| if status < 0 { Err(status) } else { Ok(()) };
    // SAFETY: PortCls' objects, by its contract.
    unsafe {
        let mut port: *mut IPort = ptr::null_mut();
        check(new_port(&mut port, class))?;
        let port = Held(port);
        let own = Held(Object::create(miniport));
        let init = (*(*port.0).lpVtbl).Init;
        check(init(port.0, fdo, irp, own.0.cast(), ptr::null_mut(), list))?;
        check(register(fdo, name.leak().as_ptr(), port.0.cast()))?;
        log().ports.push(port.0 as usize);
        Ok(port)
    }
}

unsafe extern "efiapi" fn start_device(
    fdo: *mut c_void,
    irp: PIRP,
    list: *mut IResourceList,
) -> NTSTATUS {
    use arioso_core::ks::guid::*;
    log().device = fdo as usize;
    let make = || -> Result<(), NTSTATUS> {
        let context = (fdo, irp, list);
        // SAFETY: PortCls' objects, by its contract.
        unsafe {
            let wave = subdevice(
                context,
                "Wave",
                &CLSID_PortWaveRT,
                wave_rt::Miniport::default(),
            )?;
            let topology = subdevice(
                context,
                "Topology",
                &CLSID_PortTopology,
                topology::Miniport::default(),
            )?;
            let midi = subdevice(context, "Midi", &CLSID_PortMidi, midi::Miniport::default())?;
            subdevice(
                context,
                "Capture",
                &CLSID_PortDMus,
                dmus::Miniport::default(),
            )?;
            let connect: FnPcRegisterPhysicalConnection = portcls("PcRegisterPhysicalConnection");
            let (from, to) = if fault(Fault::WrongConnection) {
                ((wave.0, 1), (topology.0, 1))
            } else {
                ((topology.0, 1), (wave.0, 1))
            };
            if !fault(Fault::LooseBridge) {
                connect(fdo, from.0.cast(), from.1, to.0.cast(), to.1);
            }
            match log().fault {
                Fault::ConnectTwice => {
                    connect(fdo, from.0.cast(), from.1, to.0.cast(), to.1);
                }
                Fault::ConnectNoPin => {
                    connect(fdo, topology.0.cast(), 9, wave.0.cast(), 1);
                }
                Fault::ConnectStream => {
                    connect(fdo, wave.0.cast(), 0, topology.0.cast(), 0);
                }
                Fault::ConnectUnregistered => {
                    let new_port: FnPcNewPort = portcls("PcNewPort");
                    let mut port: *mut IPort = ptr::null_mut();
                    new_port(&mut port, &CLSID_PortTopology);
                    let port = Held(port);
                    connect(fdo, port.0.cast(), 1, wave.0.cast(), 1);
                }
                _ => {}
            }
            connect(fdo, midi.0.cast(), 2, midi.0.cast(), 3);
            if log().external {
                let outside: Vec<u16> = "\\??\\LineIn".encode_utf16().collect();
                let outside = UNICODE_STRING::of(&outside);
                let connect: FnPcRegisterPhysicalConnectionFromExternal =
                    portcls("PcRegisterPhysicalConnectionFromExternal");
                let link = (&raw const outside).cast_mut().cast();
                connect(fdo, link, 7, topology.0.cast(), 0);
            }
            declare_thread(fdo, &wave)?;
        }
        Ok(())
    };
    make().err().unwrap_or(STATUS_SUCCESS)
}

/// The thread that is running, declared as one that works for audio, by both ways.
unsafe fn declare_thread(fdo: *mut c_void, port: &Held<IPort>) -> Result<(), NTSTATUS> {
    use arioso_core::ks::guid::IID_IPortClsStreamResourceManager;
    let current: unsafe extern "efiapi" fn() -> *mut c_void =
        import("ntoskrnl.exe", "KeGetCurrentThread");
    let pdo_of: FnPcGetPhysicalDeviceObject = portcls("PcGetPhysicalDeviceObject");
    let add: FnPcAddStreamResource = portcls("PcAddStreamResource");
    let remove: FnPcRemoveStreamResource = portcls("PcRemoveStreamResource");
    // SAFETY: PortCls' objects, by its contract.
    unsafe {
        let mut pdo = ptr::null_mut();
        pdo_of(fdo, &mut pdo);
        let mut descriptor = PCSTREAMRESOURCE_DESCRIPTOR {
            Size: size_of::<PCSTREAMRESOURCE_DESCRIPTOR>() as u32,
            Pdo: pdo,
            Type: ePcStreamResourceThread,
            Thread: current(),
            ..PCSTREAMRESOURCE_DESCRIPTOR::default()
        };
        let mut handle = ptr::null_mut();
        let status = add(pdo, ptr::null_mut(), &mut descriptor, &mut handle);
        if status < 0 {
            return Err(status);
        }
        if !fault(Fault::LeakResource) {
            remove(handle);
        }
        if fault(Fault::RemoveTwice) {
            remove(handle);
        }
        let manager = port
            .query::<IPortClsStreamResourceManager>(&IID_IPortClsStreamResourceManager)
            .ok_or(STATUS_NOT_SUPPORTED)?;
        let vtbl = &*(*manager.0).lpVtbl;
        let add = vtbl.AddStreamResource;
        let status = add(manager.0, ptr::null_mut(), &mut descriptor, &mut handle);
        (vtbl.RemoveStreamResource)(manager.0, handle);
        if status < 0 { Err(status) } else { Ok(()) }
    }
}

/// Takes the connection between the first two subdevices away.
pub unsafe fn disconnect() -> NTSTATUS {
    use arioso_core::ks::guid::IID_IUnregisterPhysicalConnection;
    let (fdo, ports) = (log().device as *mut c_void, &log().ports);
    // SAFETY: the driver's device and ports, which are registered.
    unsafe {
        let port = Held::new(ports[0] as *mut IPort);
        let service = port
            .query::<IUnregisterPhysicalConnection>(&IID_IUnregisterPhysicalConnection)
            .expect("a service of every port");
        let routine = (*(*service.0).lpVtbl).UnregisterPhysicalConnection;
        let (from, to) = (ports[1] as *mut IUnknown, ports[0] as *mut IUnknown);
        routine(service.0, fdo, from, 1, to, 1)
    }
}
