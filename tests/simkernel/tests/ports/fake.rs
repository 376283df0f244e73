//! A driver in Rust, in this process: a DMus miniport that notes what it is given and can be told to misbehave.

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::{KSDATARANGE_AUDIO, KSDATARANGE_MUSIC};
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{AlignedGuid, GUID, PIRP};
use simkernel::nt::{DRIVER_OBJECT, UNICODE_STRING};

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
    port: usize,
    miniports: i32,
    streams: i32,
}

pub struct Shared(UnsafeCell<Option<Log>>);
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

/// Objects that are still alive.
pub fn alive() -> (i32, i32) {
    (log().miniports, log().streams)
}

fn import<F>(name: &str) -> F {
    let address = simkernel::loader::guest_routine("portcls.sys", name).expect(name);
    // SAFETY: the export has the type that the caller names.
    unsafe { std::mem::transmute_copy(&address) }
}

pub unsafe extern "efiapi" fn driver_entry(
    driver: *mut DRIVER_OBJECT,
    path: *mut UNICODE_STRING,
) -> NTSTATUS {
    let initialize: FnPcInitializeAdapterDriver = import("PcInitializeAdapterDriver");
    // SAFETY: the loader's objects.
    unsafe { initialize(driver.cast(), path.cast(), add_device) }
}

unsafe extern "efiapi" fn add_device(driver: *mut c_void, pdo: *mut c_void) -> NTSTATUS {
    let add: FnPcAddAdapterDevice = import("PcAddAdapterDevice");
    // SAFETY: the PnP manager's objects.
    unsafe { add(driver, pdo, start_device, 1, 0) }
}

unsafe extern "efiapi" fn start_device(
    fdo: *mut c_void,
    irp: PIRP,
    list: *mut IResourceList,
) -> NTSTATUS {
    let new_port: FnPcNewPort = import("PcNewPort");
    let register: FnPcRegisterSubdevice = import("PcRegisterSubdevice");
    let power: FnPcRegisterAdapterPowerManagement = import("PcRegisterAdapterPowerManagement");
    // SAFETY: PortCls' objects, by its contract.
    unsafe {
        let adapter = power_object();
        power(adapter, fdo);
        if log().fault == Fault::RegisterPowerTwice {
            power(adapter, fdo);
        }
        release(adapter);
        let mut port: *mut IPort = ptr::null_mut();
        let status = new_port(&mut port, &CLSID_PortDMus);
        if status < 0 {
            return status;
        }
        let miniport = Box::into_raw(Box::new(Miniport {
            vtbl: &MINIPORT.0,
            refs: 1,
            port: ptr::null_mut(),
        }));
        log().miniports += 1;
        let mut status =
            ((*(*port).lpVtbl).Init)(port, fdo, irp, miniport.cast(), ptr::null_mut(), list);
        if status >= 0 {
            status = register(fdo, NAME.0.as_ptr(), port.cast());
        }
        release(miniport.cast());
        if log().fault != Fault::LeakPort {
            release(port.cast());
        }
        status
    }
}

struct Name([u16; 6]);
static NAME: Name = Name([
    b'S' as u16,
    b'y' as u16,
    b'n' as u16,
    b't' as u16,
    b'h' as u16,
    0,
]);

unsafe fn release(unknown: *mut IUnknown) {
    // SAFETY: a live interface.
    unsafe { ((*(*unknown).lpVtbl).Release)(unknown) };
}

// ---- adapter power

#[repr(C)]
struct PowerObject {
    vtbl: *const IAdapterPowerManagementVtbl,
    refs: u32,
}

fn power_object() -> *mut IUnknown {
    Box::into_raw(Box::new(PowerObject {
        vtbl: &POWER.0,
        refs: 1,
    }))
    .cast()
}

static POWER: Table<IAdapterPowerManagementVtbl> = Table(IAdapterPowerManagementVtbl {
    QueryInterface: power_query,
    AddRef: power_add,
    Release: power_release,
    PowerChangeState: power_change,
    QueryPowerChangeState: power_allow,
    QueryDeviceCapabilities: power_capabilities,
});

#[repr(transparent)]
struct Table<T>(T);
// SAFETY: constant tables.
unsafe impl<T> Sync for Table<T> {}
impl<T> std::ops::Deref for Table<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

unsafe extern "efiapi" fn power_query(
    this: *mut IAdapterPowerManagement,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        if *iid == IID_IAdapterPowerManagement || *iid == IID_IUnknown {
            power_add(this);
            *out = this.cast();
            return STATUS_SUCCESS;
        }
        *out = ptr::null_mut();
        STATUS_INVALID_PARAMETER
    }
}

unsafe extern "efiapi" fn power_add(this: *mut IAdapterPowerManagement) -> u32 {
    let this = this.cast::<PowerObject>();
    // SAFETY: our object.
    unsafe {
        (*this).refs += 1;
        (*this).refs
    }
}

unsafe extern "efiapi" fn power_release(this: *mut IAdapterPowerManagement) -> u32 {
    let this = this.cast::<PowerObject>();
    // SAFETY: our object.
    unsafe {
        (*this).refs -= 1;
        let left = (*this).refs;
        if left == 0 {
            drop(Box::from_raw(this));
        }
        left
    }
}

unsafe extern "efiapi" fn power_change(_this: *mut IAdapterPowerManagement, state: i32) {
    log().powers.push(state);
}

unsafe extern "efiapi" fn power_allow(
    _this: *mut IAdapterPowerManagement,
    _state: i32,
) -> NTSTATUS {
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn power_capabilities(
    _this: *mut IAdapterPowerManagement,
    _caps: *mut c_void,
) -> NTSTATUS {
    STATUS_SUCCESS
}

// ---- miniport

#[repr(C)]
struct Miniport {
    vtbl: *const IMiniportDMusVtbl,
    refs: u32,
    port: *mut IPortDMus,
}

static MINIPORT: Table<IMiniportDMusVtbl> = Table(IMiniportDMusVtbl {
    QueryInterface: mini_query,
    AddRef: mini_add,
    Release: mini_release,
    GetDescription: mini_description,
    DataRangeIntersection: mini_intersection,
    Init: mini_init,
    Service: mini_service,
    NewStream: mini_new_stream,
});

unsafe extern "efiapi" fn mini_query(
    this: *mut IMiniportDMus,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        if [IID_IMiniportDMus, IID_IMiniport, IID_IUnknown].contains(&*iid) {
            mini_add(this);
            *out = this.cast();
            return STATUS_SUCCESS;
        }
        *out = ptr::null_mut();
        STATUS_INVALID_PARAMETER
    }
}

unsafe extern "efiapi" fn mini_add(this: *mut IMiniportDMus) -> u32 {
    let this = this.cast::<Miniport>();
    // SAFETY: our object.
    unsafe {
        (*this).refs += 1;
        (*this).refs
    }
}

unsafe extern "efiapi" fn mini_release(this: *mut IMiniportDMus) -> u32 {
    let this = this.cast::<Miniport>();
    // SAFETY: our object; the last reference releases the port.
    unsafe {
        (*this).refs -= 1;
        let left = (*this).refs;
        if left == 0 {
            let port = (*this).port;
            drop(Box::from_raw(this));
            log().miniports -= 1;
            if !port.is_null() {
                release(port.cast());
            }
        }
        left
    }
}

unsafe extern "efiapi" fn mini_description(
    _this: *mut IMiniportDMus,
    out: *mut *const PCFILTER_DESCRIPTOR,
) -> NTSTATUS {
    // SAFETY: an out parameter.
    unsafe { *out = descriptor() };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn mini_intersection(
    _this: *mut IMiniportDMus,
    _pin: u32,
    _client: *const KSDATARANGE,
    _mine: *const KSDATARANGE,
    _length: u32,
    _out: *mut c_void,
    _result: *mut u32,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "efiapi" fn mini_init(
    this: *mut IMiniportDMus,
    _adapter: *mut IUnknown,
    _list: *mut IResourceList,
    port: *mut IPortDMus,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        ((*(*port).lpVtbl).AddRef)(port);
        (*this.cast::<Miniport>()).port = port;
        log().port = port as usize;
        *group = ptr::null_mut();
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn mini_service(_this: *mut IMiniportDMus) {}

unsafe extern "efiapi" fn mini_new_stream(
    _this: *mut IMiniportDMus,
    mxf: *mut *mut IMXF,
    _outer: *mut IUnknown,
    _pool: i32,
    pin: u32,
    kind: DMUS_STREAM_TYPE,
    _format: *const KSDATAFORMAT,
    group: *mut *mut IServiceGroup,
    allocator: *mut IAllocatorMXF,
    clock: *mut IMasterClock,
    prefetch: *mut u64,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments; references are added for what is kept.
    unsafe {
        *mxf = ptr::null_mut();
        *group = ptr::null_mut();
        *prefetch = log().prefetch;
        if kind == DMUS_STREAM_MIDI_CAPTURE {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        ((*(*allocator).lpVtbl).AddRef)(allocator);
        ((*(*clock).lpVtbl).AddRef)(clock);
        let stream = Stream {
            vtbl: &STREAM.0,
            refs: 1,
            pin,
            allocator,
            clock,
            held: ptr::null_mut(),
        };
        log().streams += 1;
        *mxf = Box::into_raw(Box::new(stream)).cast();
    }
    STATUS_SUCCESS
}

// ---- stream

#[repr(C)]
struct Stream {
    vtbl: *const ISynthSinkDMusVtbl,
    refs: u32,
    pin: u32,
    allocator: *mut IAllocatorMXF,
    clock: *mut IMasterClock,
    held: *mut DMUS_KERNEL_EVENT,
}

static STREAM: Table<ISynthSinkDMusVtbl> = Table(ISynthSinkDMusVtbl {
    QueryInterface: stream_query,
    AddRef: stream_add,
    Release: stream_release,
    SetState: stream_state,
    PutMessage: stream_put,
    ConnectOutput: stream_connect,
    DisconnectOutput: stream_connect,
    Render: stream_render,
    SyncToMaster: stream_sync,
    SampleToRefTime: stream_to_ref,
    RefTimeToSample: stream_to_sample,
});

unsafe fn stream<'a>(this: *mut ISynthSinkDMus) -> &'a mut Stream {
    // SAFETY: our object.
    unsafe { &mut *this.cast::<Stream>() }
}

unsafe extern "efiapi" fn stream_query(
    this: *mut ISynthSinkDMus,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        if [IID_ISynthSinkDMus, IID_IMXF, IID_IUnknown].contains(&*iid) {
            stream_add(this);
            *out = this.cast();
            return STATUS_SUCCESS;
        }
        *out = ptr::null_mut();
        STATUS_INVALID_PARAMETER
    }
}

unsafe extern "efiapi" fn stream_add(this: *mut ISynthSinkDMus) -> u32 {
    // SAFETY: our object.
    unsafe {
        stream(this).refs += 1;
        stream(this).refs
    }
}

unsafe extern "efiapi" fn stream_release(this: *mut ISynthSinkDMus) -> u32 {
    // SAFETY: our object; the last reference gives everything back.
    unsafe {
        stream(this).refs -= 1;
        let left = stream(this).refs;
        if left == 0 {
            let own = Box::from_raw(this.cast::<Stream>());
            log().streams -= 1;
            release(own.allocator.cast());
            release(own.clock.cast());
        }
        left
    }
}

unsafe fn master(own: &Stream) -> i64 {
    let mut now = 0;
    // SAFETY: a live clock.
    unsafe { ((*(*own.clock).lpVtbl).GetTime)(own.clock, &mut now) };
    now
}

unsafe extern "efiapi" fn stream_state(this: *mut ISynthSinkDMus, state: KSSTATE) -> NTSTATUS {
    // SAFETY: our object.
    let own = unsafe { stream(this) };
    log().states.push((own.pin, state));
    STATUS_SUCCESS
}

/// The inner chain of a package is noted where the package is.
unsafe fn note(chain: *mut DMUS_KERNEL_EVENT, now: i64) {
    // SAFETY: a chain that the port gave us.
    unsafe {
        let mut event = chain;
        let mut position = 0;
        while !event.is_null() {
            let e = &*event;
            event = e.pNextEvt;
            if e.is_package() {
                note(e.uData.pPackageEvt(), now);
                continue;
            }
            let length = usize::from(e.cbEvent);
            let bytes = if e.is_short() {
                e.uData.abData()[..length].to_vec()
            } else {
                std::slice::from_raw_parts(e.uData.pbData(), length).to_vec()
            };
            log().events.push((
                e.ullPresTime100ns,
                e.usChannelGroup,
                e.usFlags,
                bytes,
                position,
            ));
            log().delivered.push(now);
            position += 1;
        }
    }
}

unsafe extern "efiapi" fn stream_put(
    this: *mut ISynthSinkDMus,
    chain: *mut DMUS_KERNEL_EVENT,
) -> NTSTATUS {
    // SAFETY: the chain is ours; the allocator is alive.
    unsafe {
        let own = stream(this);
        let now = master(own);
        note(chain, now);
        let put = (*(*own.allocator).lpVtbl).PutMessage;
        match log().fault {
            Fault::LeakEvent if own.held.is_null() => own.held = chain,
            Fault::PutTwice => {
                put(own.allocator, chain);
                put(own.allocator, chain);
            }
            Fault::PutForeign => {
                put(own.allocator, chain);
                let mut foreign = DMUS_KERNEL_EVENT {
                    cbStruct: 40,
                    ..Default::default()
                };
                put(own.allocator, &mut foreign);
            }
            _ => {
                put(own.allocator, chain);
            }
        }
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn stream_connect(_this: *mut ISynthSinkDMus, _sink: *mut IMXF) -> NTSTATUS {
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn stream_render(
    _this: *mut ISynthSinkDMus,
    buffer: *mut u8,
    length: u32,
    position: i64,
) {
    log().renders.push((length, position));
    let over = if log().fault == Fault::OverrunRender {
        2
    } else {
        0
    };
    // SAFETY: the buffer has `length` bytes (the fault writes behind on purpose, into the wave sink's guard).
    unsafe { ptr::write_bytes(buffer, 0, length as usize + over) };
}

unsafe extern "efiapi" fn stream_sync(
    this: *mut ISynthSinkDMus,
    time: i64,
    start: i32,
) -> NTSTATUS {
    // SAFETY: our object.
    let now = unsafe { master(stream(this)) };
    log().syncs.push((now, time, start != 0));
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn stream_to_ref(
    _this: *mut ISynthSinkDMus,
    _sample: i64,
    _out: *mut i64,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "efiapi" fn stream_to_sample(
    _this: *mut ISynthSinkDMus,
    _time: i64,
    _out: *mut i64,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

// ---- properties

/// A property set of the test: 0 a ULONG with instance data, 1 completes later.
pub const SET: GUID = GUID::new(0x7e1d_2f30, 0x5b0c, 0x4f7e, [0x9a, 1, 2, 3, 4, 5, 6, 7]);
static SET_GUID: AlignedGuid = AlignedGuid(SET);

/// What item 0 answers: the node, the instance's length, and whether it came to a stream.
pub fn answer(node: u32, instance: u32, stream: bool) -> u32 {
    (node & 0xFF) << 16 | instance << 8 | u32::from(stream)
}

unsafe extern "efiapi" fn property(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS {
    // SAFETY: PortCls' request.
    unsafe {
        let r = &mut *request;
        if r.Verb & KSPROPERTY_TYPE_GET == 0 {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        if (*r.PropertyItem).Id == 1 {
            log().pending.push(request as usize);
            return STATUS_PENDING;
        }
        if r.ValueSize == 0 {
            r.ValueSize = 4;
            return STATUS_BUFFER_OVERFLOW;
        }
        if r.ValueSize < 4 {
            r.ValueSize = 0;
            return STATUS_BUFFER_TOO_SMALL;
        }
        ptr::write_unaligned(
            r.Value.cast(),
            answer(r.Node, r.InstanceSize, !r.MinorTarget.is_null()),
        );
        r.ValueSize = if log().fault == Fault::LongValue {
            64
        } else {
            4
        };
    }
    STATUS_SUCCESS
}

/// Completes what item 1 left pending.
pub unsafe fn complete_pending(value: u32) {
    let complete: FnPcCompletePendingPropertyRequest = import("PcCompletePendingPropertyRequest");
    for request in std::mem::take(&mut log().pending) {
        let request = request as *mut PCPROPERTY_REQUEST;
        // SAFETY: pending, so it is ours.
        unsafe {
            ptr::write_unaligned((*request).Value.cast(), value);
            (*request).ValueSize = 4;
            complete(request, STATUS_SUCCESS);
        }
    }
}

// ---- descriptor

fn descriptor() -> *const PCFILTER_DESCRIPTOR {
    static CELL: Shared2 = Shared2(UnsafeCell::new(ptr::null()));
    struct Shared2(UnsafeCell<*const PCFILTER_DESCRIPTOR>);
    // SAFETY: one thread.
    unsafe impl Sync for Shared2 {}
    // SAFETY: one thread; the descriptor is leaked on purpose: it lives as long as the driver.
    unsafe {
        let cell = CELL.0.get();
        if (*cell).is_null() {
            *cell = build();
        }
        *cell
    }
}

fn leak<T>(value: T) -> *const T {
    Box::leak(Box::new(value))
}

fn music(sub: GUID) -> *const KSDATARANGE {
    let mut range = KSDATARANGE_MUSIC::default();
    range.DataRange.FormatSize = size_of::<KSDATARANGE_MUSIC>() as u32;
    range.DataRange.MajorFormat = KSDATAFORMAT_TYPE_MUSIC;
    range.DataRange.SubFormat = sub;
    range.DataRange.Specifier = KSDATAFORMAT_SPECIFIER_NONE;
    range.Technology = KSMUSIC_TECHNOLOGY_SWSYNTH;
    range.ChannelMask = 0xFFFF;
    leak(range).cast()
}

fn audio() -> *const KSDATARANGE {
    let mut range = KSDATARANGE_AUDIO::default();
    range.DataRange.FormatSize = size_of::<KSDATARANGE_AUDIO>() as u32;
    range.DataRange.MajorFormat = KSDATAFORMAT_TYPE_AUDIO;
    range.DataRange.SubFormat = KSDATAFORMAT_SUBTYPE_PCM;
    range.DataRange.Specifier = KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
    range.MaximumChannels = 2;
    range.MinimumBitsPerSample = 16;
    range.MaximumBitsPerSample = 16;
    range.MinimumSampleFrequency = 11_025;
    range.MaximumSampleFrequency = 96_000;
    leak(range).cast()
}

fn pin(
    flow: i32,
    communication: i32,
    instances: u32,
    ranges: &'static [*const KSDATARANGE],
) -> PCPIN_DESCRIPTOR {
    PCPIN_DESCRIPTOR {
        MaxGlobalInstanceCount: instances,
        MaxFilterInstanceCount: instances,
        MinFilterInstanceCount: 0,
        AutomationTable: ptr::null(),
        KsPinDescriptor: KSPIN_DESCRIPTOR {
            InterfacesCount: 0,
            Interfaces: ptr::null(),
            MediumsCount: 0,
            Mediums: ptr::null(),
            DataRangesCount: ranges.len() as u32,
            DataRanges: ranges.as_ptr(),
            DataFlow: flow,
            Communication: communication,
            Category: leak(AlignedGuid(KSCATEGORY_AUDIO)).cast(),
            Name: ptr::null(),
            ConstrainedDataRangesCount: 0,
            ConstrainedDataRanges: ptr::null(),
        },
    }
}

fn build() -> *const PCFILTER_DESCRIPTOR {
    let item = |id, flags| PCPROPERTY_ITEM {
        Set: &SET_GUID.0,
        Id: id,
        Flags: flags,
        Handler: Some(property),
    };
    let items: &'static [PCPROPERTY_ITEM] = Box::leak(Box::new([
        item(0, KSPROPERTY_TYPE_GET),
        item(1, KSPROPERTY_TYPE_GET),
    ]));
    let table = leak(PCAUTOMATION_TABLE {
        PropertyItemSize: size_of::<PCPROPERTY_ITEM>() as u32,
        PropertyCount: items.len() as u32,
        Properties: items.as_ptr(),
        MethodItemSize: 0,
        MethodCount: 0,
        Methods: ptr::null(),
        EventItemSize: 0,
        EventCount: 0,
        Events: ptr::null(),
        Reserved: 0,
    });
    let midi = Box::leak(Box::new([
        music(KSDATAFORMAT_SUBTYPE_MIDI),
        music(KSDATAFORMAT_SUBTYPE_DIRECTMUSIC),
    ]));
    let wave = Box::leak(Box::new([audio()]));
    let pins: &'static [PCPIN_DESCRIPTOR] = Box::leak(Box::new([
        pin(KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, 2, midi),
        pin(KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SOURCE, 1, wave),
    ]));
    let node = leak(PCNODE_DESCRIPTOR {
        Flags: 0,
        AutomationTable: table,
        Type: leak(AlignedGuid(KSNODETYPE_SYNTHESIZER)).cast(),
        Name: ptr::null(),
    });
    let connection = |a, b, c, d| PCCONNECTION_DESCRIPTOR {
        FromNode: a,
        FromNodePin: b,
        ToNode: c,
        ToNodePin: d,
    };
    let connections: &'static [PCCONNECTION_DESCRIPTOR] = Box::leak(Box::new([
        connection(u32::MAX, 0, 0, 1),
        connection(0, 0, u32::MAX, 1),
    ]));
    let categories: &'static [GUID] =
        Box::leak(Box::new([KSCATEGORY_AUDIO, KSCATEGORY_SYNTHESIZER]));
    leak(PCFILTER_DESCRIPTOR {
        Version: 0,
        AutomationTable: ptr::null(),
        PinSize: size_of::<PCPIN_DESCRIPTOR>() as u32,
        PinCount: 2,
        Pins: pins.as_ptr(),
        NodeSize: size_of::<PCNODE_DESCRIPTOR>() as u32,
        NodeCount: 1,
        Nodes: node,
        ConnectionCount: 2,
        Connections: connections.as_ptr(),
        CategoryCount: 2,
        Categories: categories.as_ptr(),
    })
}
