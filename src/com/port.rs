// SPDX-License-Identifier: MIT OR Apache-2.0
//! PortCls: its exports and interfaces.

use super::event::{Chain, Event};
use super::object::{Class, ObjectRef};
use crate::kernel::driver::{Device, Driver};
use crate::kernel::irql::{Passive, at_dispatch};
use crate::kernel::{Result, check, clock};
use arioso_core::ks::dmusicks::{DMUS_KERNEL_EVENT, IAllocatorMXF, IMXF, IMasterClock, IPortDMus};
use arioso_core::ks::guid::IID_IPortEvents;
use arioso_core::ks::ks::KSEVENT_ENTRY;
use arioso_core::ks::portcls::{
    IPort, IPortEvents, IPortMidi, IPortTopology, IPortWaveRT, IPortWaveRTStream, IResourceList,
    IServiceGroup, IUnknown,
};
use arioso_core::ks::status::STATUS_UNSUCCESSFUL;
use arioso_core::ks::{AlignedGuid, GUID, NTSTATUS};
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};
use wdk_sys::{DEVICE_OBJECT, DRIVER_OBJECT, IRP, PCUNICODE_STRING};

/// `PCPFNSTARTDEVICE`
pub type StartDevice =
    unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP, *mut IResourceList) -> NTSTATUS;
/// `PDRIVER_ADD_DEVICE`
pub type AddDevice = unsafe extern "C" fn(*mut DRIVER_OBJECT, *mut DEVICE_OBJECT) -> NTSTATUS;

#[link(name = "portcls.sys", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "C" {
    fn PcInitializeAdapterDriver(
        driver: *mut DRIVER_OBJECT,
        path: PCUNICODE_STRING,
        add: AddDevice,
    ) -> NTSTATUS;
    fn PcAddAdapterDevice(
        driver: *mut DRIVER_OBJECT,
        pdo: *mut DEVICE_OBJECT,
        start: StartDevice,
        max_objects: u32,
        extension_size: u32,
    ) -> NTSTATUS;
    fn PcDispatchIrp(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS;
    fn PcNewPort(port: *mut *mut IPort, class: *const GUID) -> NTSTATUS;
    fn PcRegisterSubdevice(
        device: *mut DEVICE_OBJECT,
        name: *const u16,
        port: *mut IUnknown,
    ) -> NTSTATUS;
    fn PcRegisterPhysicalConnection(
        device: *mut DEVICE_OBJECT,
        from: *mut IUnknown,
        from_pin: u32,
        to: *mut IUnknown,
        to_pin: u32,
    ) -> NTSTATUS;
    fn PcRegisterAdapterPowerManagement(
        adapter: *mut IUnknown,
        device: *mut DEVICE_OBJECT,
    ) -> NTSTATUS;
    fn PcUnregisterAdapterPowerManagement(device: *mut DEVICE_OBJECT) -> NTSTATUS;
}

/// Lets PortCls fill the driver's dispatch table.
///
/// # Safety
/// The arguments are those of `DriverEntry`.
pub unsafe fn initialize_driver(
    _: Passive,
    driver: Driver,
    path: PCUNICODE_STRING,
    add: AddDevice,
) -> Result {
    // SAFETY: PASSIVE_LEVEL; the caller's promise.
    check(unsafe { PcInitializeAdapterDriver(driver.as_ptr(), path, add) })
}

/// Makes and attaches the functional device object, with room for `subdevices`.
///
/// # Safety
/// The first two arguments are those of `AddDevice`.
pub unsafe fn add_device(
    _: Passive,
    driver: *mut DRIVER_OBJECT,
    pdo: *mut DEVICE_OBJECT,
    start: StartDevice,
    subdevices: u32,
) -> Result {
    // SAFETY: PASSIVE_LEVEL; the caller's promise. Zero asks for PortCls' own extension only.
    check(unsafe { PcAddAdapterDevice(driver, pdo, start, subdevices, 0) })
}

/// Passes a request to PortCls.
///
/// # Safety
/// The arguments are those of a dispatch routine, and the request is given up.
pub unsafe fn dispatch(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the caller's promise.
    unsafe { PcDispatchIrp(device, irp) }
}

/// Registration of an adapter's power object; dropping it unregisters.
pub struct PowerRegistration(crate::kernel::driver::DeviceRef);

impl PowerRegistration {
    /// `adapter` answers to `IAdapterPowerManagement`.
    pub fn new<T: Class>(_: Passive, adapter: &ObjectRef<T>, device: &Device) -> Result<Self> {
        // SAFETY: PASSIVE_LEVEL; PortCls takes its own reference.
        check(unsafe {
            PcRegisterAdapterPowerManagement(adapter.as_unknown().cast(), device.as_ptr())
        })?;
        Ok(Self(device.reference()))
    }
}

impl Drop for PowerRegistration {
    fn drop(&mut self) {
        // SAFETY: PASSIVE_LEVEL by contract of this type's owner, the adapter; registered once.
        let _ = unsafe { PcUnregisterAdapterPowerManagement(self.0.device().as_ptr()) };
    }
}

/// What `StartDevice` gets besides the device.
#[derive(Clone, Copy)]
pub struct StartArguments {
    irp: *mut IRP,
    resources: *mut IResourceList,
}

impl StartArguments {
    /// # Safety
    /// They are the arguments of a `StartDevice` that has not returned yet.
    pub unsafe fn new(irp: *mut IRP, resources: *mut IResourceList) -> Self {
        Self { irp, resources }
    }
}

/// A subdevice: a port with its miniport, registered under a name.
pub struct Subdevice(Interface<IPort>);

impl Subdevice {
    /// Makes a port of `class` for `miniport` and registers it as the subdevice `name` (zero-terminated). The port and its
    /// registration go with the device.
    pub fn register<T: Class>(
        _: Passive,
        device: &Device,
        arguments: &StartArguments,
        class: &'static AlignedGuid,
        name: &'static [u16],
        miniport: ObjectRef<T>,
    ) -> Result<Self> {
        if name.last() != Some(&0) {
            return Err(STATUS_UNSUCCESSFUL);
        }
        let mut port: *mut IPort = null_mut();
        // SAFETY: PASSIVE_LEVEL.
        check(unsafe { PcNewPort(&mut port, &class.0) })?;
        // SAFETY: a new port, with one reference for us.
        let port = unsafe { Interface::adopt(port) }.ok_or(STATUS_UNSUCCESSFUL)?;
        // SAFETY: as `IPort::Init` wants them; the port takes its own references. The name is static.
        let registered = unsafe {
            check(((*port.table()).Init)(
                port.as_ptr(),
                device.as_ptr().cast(),
                arguments.irp.cast(),
                miniport.as_unknown().cast(),
                null_mut(),
                arguments.resources,
            ))
            .and_then(|()| {
                check(PcRegisterSubdevice(
                    device.as_ptr(),
                    name.as_ptr(),
                    port.as_ptr().cast(),
                ))
            })
        };
        // The port's reference is the last one: a port that was not registered goes here, and the miniport with it.
        drop(miniport);
        registered.map(|()| Self(port))
    }

    /// Tells PortCls that this subdevice's output pin `from` is wired to the input pin `to` of `other`.
    pub fn connect(
        &self,
        _: Passive,
        device: &Device,
        from: u32,
        other: &Subdevice,
        to: u32,
    ) -> Result {
        // SAFETY: PASSIVE_LEVEL; both are registered ports of the device.
        check(unsafe {
            PcRegisterPhysicalConnection(
                device.as_ptr(),
                self.0.as_ptr().cast(),
                from,
                other.0.as_ptr().cast(),
                to,
            )
        })
    }
}

/// A COM interface's object: its first word points to a table that starts with QueryInterface, AddRef, Release.
///
/// # Safety
/// `Table` is that table.
pub unsafe trait ComInterface {
    type Table;
}

macro_rules! com_interfaces {
    ($($interface:ty => $table:ty;)*) => {$(
        // SAFETY: declared so in `core::ks`.
        unsafe impl ComInterface for $interface {
            type Table = $table;
        }
    )*};
}
com_interfaces! {
    IPort => arioso_core::ks::portcls::IPortVtbl;
    IPortTopology => arioso_core::ks::portcls::IPortTopologyVtbl;
    IPortEvents => arioso_core::ks::portcls::IPortEventsVtbl;
    IPortWaveRT => arioso_core::ks::portcls::IPortWaveRTVtbl;
    IPortWaveRTStream => arioso_core::ks::portcls::IPortWaveRTStreamVtbl;
    IPortDMus => arioso_core::ks::dmusicks::IPortDMusVtbl;
    IAllocatorMXF => arioso_core::ks::dmusicks::IAllocatorMXFVtbl;
    IMasterClock => arioso_core::ks::dmusicks::IMasterClockVtbl;
    IPortMidi => arioso_core::ks::portcls::IPortMidiVtbl;
    IServiceGroup => arioso_core::ks::portcls::IServiceGroupVtbl;
}

/// A counted reference to an object of PortCls.
pub struct Interface<I: ComInterface>(NonNull<I>);

// SAFETY: PortCls' objects count atomically and may be called from any thread, at the IRQL that the interface says.
unsafe impl<I: ComInterface> Send for Interface<I> {}
// SAFETY: as above.
unsafe impl<I: ComInterface> Sync for Interface<I> {}

#[repr(C)]
struct UnknownTable {
    query_interface:
        unsafe extern "efiapi" fn(*mut c_void, *const GUID, *mut *mut c_void) -> NTSTATUS,
    add_ref: unsafe extern "efiapi" fn(*mut c_void) -> u32,
    release: unsafe extern "efiapi" fn(*mut c_void) -> u32,
}

impl<I: ComInterface> Interface<I> {
    /// Takes over a reference.
    ///
    /// # Safety
    /// `object` is null or has a reference that is given up.
    pub unsafe fn adopt(object: *mut I) -> Option<Self> {
        NonNull::new(object).map(Self)
    }

    /// A new reference.
    ///
    /// # Safety
    /// `object` is null or alive.
    pub unsafe fn borrow(object: *mut I) -> Option<Self> {
        let this = Self(NonNull::new(object)?);
        // SAFETY: the caller's promise.
        unsafe { ((*this.unknown()).add_ref)(this.0.as_ptr().cast()) };
        Some(this)
    }

    /// The object with the reference.
    pub(super) fn into_raw(self) -> *mut I {
        let object = self.as_ptr();
        core::mem::forget(self);
        object
    }

    /// Another interface of the same object, if it has it.
    ///
    /// # Safety
    /// `id` is that of `J`.
    unsafe fn query<J: ComInterface>(&self, id: &GUID) -> Option<Interface<J>> {
        let mut found: *mut c_void = null_mut();
        // SAFETY: a live COM object; the result has a reference for us.
        unsafe {
            let query = (*self.unknown()).query_interface;
            if query(self.0.as_ptr().cast(), id, &mut found) < 0 {
                return None;
            }
            Interface::adopt(found.cast())
        }
    }

    pub(super) fn as_ptr(&self) -> *mut I {
        self.0.as_ptr()
    }

    pub(super) fn table(&self) -> *const I::Table {
        // SAFETY: a live COM object.
        unsafe { *self.0.as_ptr().cast::<*const I::Table>() }
    }

    fn unknown(&self) -> *const UnknownTable {
        self.table().cast()
    }
}

impl<I: ComInterface> Clone for Interface<I> {
    fn clone(&self) -> Self {
        // SAFETY: `self` holds a reference.
        unsafe { ((*self.unknown()).add_ref)(self.0.as_ptr().cast()) };
        Self(self.0)
    }
}

impl<I: ComInterface> Drop for Interface<I> {
    fn drop(&mut self) {
        // SAFETY: `self` holds a reference and gives it up.
        unsafe { ((*self.unknown()).release)(self.0.as_ptr().cast()) };
    }
}

/// The DMus port, as the miniport knows it.
pub type Port = Interface<IPortDMus>;
/// The topology port, as its miniport knows it.
pub type PortTopology = Interface<IPortTopology>;
/// The WaveRT port, as its miniport knows it.
pub type PortWaveRt = Interface<IPortWaveRT>;
/// The port's side of a WaveRT stream.
pub type PortStream = Interface<IPortWaveRTStream>;
/// The port's event allocator.
pub type Allocator = Interface<IAllocatorMXF>;
/// The system's master clock.
pub type MasterClock = Interface<IMasterClock>;

/// The port's list of clients who want to hear of events.
pub type PortEvents = Interface<IPortEvents>;

impl PortTopology {
    /// Where its clients' events are.
    pub fn events(&self) -> Option<PortEvents> {
        static ID: AlignedGuid = IID_IPortEvents.aligned();
        // SAFETY: the interface's own id.
        unsafe { self.query(&ID.0) }
    }
}

impl PortEvents {
    /// Puts an entry on the list.
    ///
    /// # Safety
    /// It comes with a request to add it; at `PASSIVE_LEVEL`.
    pub(super) unsafe fn add(&self, entry: *mut KSEVENT_ENTRY) {
        // SAFETY: the caller's promise.
        unsafe { ((*self.table()).AddEventToEventList)(self.as_ptr(), entry) };
    }

    /// Signals an event of a node. Any IRQL.
    pub fn signal(&self, set: &'static AlignedGuid, id: u32, node: u32) {
        const NO_PIN: u32 = u32::MAX;
        // SAFETY: the set is static.
        unsafe {
            ((*self.table()).GenerateEventList)(self.as_ptr(), &set.0, id, 0, NO_PIN, 1, node);
        }
    }
}

impl Allocator {
    /// Returns the chain, with the buffers of its events. `DISPATCH_LEVEL` or below; the allocator is called at `DISPATCH_LEVEL`, as
    /// the page of `IMXF::PutMessage` demands.
    pub fn give_back(&self, chain: Chain) {
        if chain.is_empty() {
            return;
        }
        at_dispatch(|| {
            // SAFETY: the chain is ours and given up.
            unsafe { ((*self.table()).PutMessage)(self.as_ptr(), chain.into_raw().cast()) };
        });
    }

    /// Bytes of a buffer; a longer message needs several events.
    pub fn buffer_size(&self) -> usize {
        // SAFETY: a live object.
        usize::from(unsafe { ((*self.table()).GetBufferSize)(self.as_ptr()) })
    }

    /// An event with these bytes, at most [`Allocator::buffer_size`] of them; `None` if memory is short. `DISPATCH_LEVEL` or below.
    pub fn event(&self, bytes: &[u8]) -> Option<Event> {
        let mut raw: *mut DMUS_KERNEL_EVENT = null_mut();
        // SAFETY: the result lives across the call; on success the event is ours.
        let mut event = unsafe {
            check(((*self.table()).GetMessage)(self.as_ptr(), &mut raw)).ok()?;
            Event::from_raw(raw.cast())?
        };
        if event.set_short(bytes) {
            return Some(event);
        }
        if bytes.len() <= self.buffer_size() {
            let mut buffer: *mut u8 = null_mut();
            // SAFETY: the result lives across the call; on success the buffer, of the size that the allocator tells, is ours.
            unsafe {
                let status = ((*self.table()).GetBuffer)(self.as_ptr(), &mut buffer);
                if status >= 0 && event.set_long(buffer, bytes) {
                    return Some(event);
                }
            }
        }
        self.give_back(Chain::of(event));
        None
    }
}

/// Where a capture stream puts its events: an object of the port's, which keeps it alive while it is connected. Not counted, for it
/// may be the pin that holds the stream.
#[derive(Clone, Copy)]
pub struct Sink(NonNull<IMXF>);

// SAFETY: PortCls' object, which may be called from any thread.
unsafe impl Send for Sink {}

impl Sink {
    /// # Safety
    /// `sink` is null, or stays alive until it is disconnected or the stream's last reference is gone.
    pub(super) unsafe fn new(sink: *mut IMXF) -> Option<Self> {
        NonNull::new(sink).map(Self)
    }

    /// Puts one event, which is the sink's from then on. `DISPATCH_LEVEL`.
    pub fn put(&self, event: Event) {
        let sink = self.0.as_ptr();
        // SAFETY: the sink is alive, the event is ours and given up.
        unsafe { ((*(*sink).lpVtbl).PutMessage)(sink, Chain::of(event).into_raw().cast()) };
    }

    /// Whether this is the object at `other`.
    pub fn is(&self, other: *mut IMXF) -> bool {
        self.0.as_ptr() == other
    }
}

impl MasterClock {
    /// Master time in 100 ns: what the port's clock tells, else the performance counter's time. Any IRQL.
    pub fn time(clock: Option<&Self>) -> i64 {
        clock.and_then(Self::now).unwrap_or_else(clock::now)
    }

    /// The time in 100 ns, if the clock tells it.
    fn now(&self) -> Option<i64> {
        let mut time = 0i64;
        // SAFETY: the result lives across the call.
        let status = unsafe { ((*self.table()).GetTime)(self.as_ptr(), &mut time) };
        (status >= 0).then_some(time)
    }
}
