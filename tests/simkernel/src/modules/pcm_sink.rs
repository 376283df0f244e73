// SPDX-License-Identifier: MIT OR Apache-2.0
//! A built-in driver: an audio renderer of the old kind (KSCATEGORY_MIXER), whose pin takes PCM. It plays at its own clock,
//! which may drift against the master clock, and keeps what it is given.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::KSDATARANGE_AUDIO;
use arioso_core::ks::status::*;

use super::ks::property::write_value;
use super::portcls::Pcm;
use super::portcls::imports::ks_call;
use super::portcls::property::{PortItem, Tables};
use super::{irp, thunk};
use crate::executive::io::*;
use crate::executive::irp::*;
use crate::executive::ke::KeQueryPerformanceCounter;
use crate::executive::mm::system_address;
use crate::executive::ob::{ObfDereferenceObject, ObfReferenceObject};
use crate::nt::*;
use crate::nt::{FILE_DEVICE_KS, NTSTATUS, PDRIVER_ADD_DEVICE, PDRIVER_DISPATCH, UNICODE_STRING};
use crate::state::Global;

/// What becomes of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Keep {
    /// Until [`take`] is called.
    #[default]
    All,
    /// Only the running hash and counts.
    Hash,
}

/// What has been played since the pin was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Played {
    /// Format.
    pub pcm: Pcm,
    /// Frames so far.
    pub frames: u64,
    /// FNV-1a over all bytes.
    pub hash: u64,
    /// Largest magnitude of a 16-bit sample.
    pub peak: u16,
    /// Writes that came after the device had wanted their first frame.
    pub underruns: u64,
    /// Master time (100 ns) of the last entry to RUN: the device's time 0.
    pub started: i64,
}

struct Recorder {
    keep: Keep,
    drift_ppm: f64,
    data: Vec<u8>,
    played: Option<Played>,
}

static RECORDER: Global<Recorder> = Global::new(Recorder {
    keep: Keep::All,
    drift_ppm: 0.0,
    data: Vec::new(),
    played: None,
});

/// For pins that are made from now on. Drift: how much faster than the master clock the device plays.
pub fn configure(keep: Keep, drift_ppm: f64) {
    let r = RECORDER.get();
    r.keep = keep;
    r.drift_ppm = drift_ppm;
}

/// Takes the bytes recorded since the last call.
pub fn take() -> Vec<u8> {
    std::mem::take(&mut RECORDER.get().data)
}

/// `None` before the first pin.
pub fn played() -> Option<Played> {
    RECORDER.get().played
}

fn master_now() -> i64 {
    let mut frequency = 0i64;
    // SAFETY: an out parameter.
    let count = unsafe { KeQueryPerformanceCounter(&mut frequency) };
    (i128::from(count) * 10_000_000 / i128::from(frequency.max(1))) as i64
}

#[repr(C)]
struct Extension {
    header: *mut c_void,
    lower: *mut DEVICE_OBJECT,
    pdo: *mut DEVICE_OBJECT,
    link: UNICODE_STRING,
}

#[repr(C)]
struct Filter {
    header: *mut c_void,
    pin: *mut Pin,
    items: [KSOBJECT_CREATE_ITEM; 1],
}

#[repr(C)]
struct Pin {
    header: *mut c_void,
    filter: *mut FILE_OBJECT,
    pcm: Pcm,
    state: KSSTATE,
    /// Device time (100 ns) when RUN was left.
    paused: i64,
    /// Master time at the entry to RUN.
    run: i64,
    drift_ppm: f64,
}

const NAME: &str = "Pcm";

fn code(name: &'static str, address: usize) -> usize {
    thunk::code("pcm_sink.sys", name, address, DISPATCH_LEVEL)
}

/// `DriverEntry` of the module.
///
/// # Safety
/// `driver` is a driver object that has just been made.
pub unsafe extern "efiapi" fn driver_entry(
    driver: *mut DRIVER_OBJECT,
    _path: *mut UNICODE_STRING,
) -> NTSTATUS {
    // SAFETY: the driver's own object; entries have the types of the slots.
    unsafe {
        (*(*driver).DriverExtension).AddDevice =
            Some(core::mem::transmute::<usize, PDRIVER_ADD_DEVICE>(code(
                "AddDevice",
                add_device as *const () as usize,
            )));
        (*driver).DriverUnload = Some(core::mem::transmute::<usize, PDRIVER_UNLOAD>(code(
            "DriverUnload",
            unload as *const () as usize,
        )));
        let own = core::mem::transmute::<usize, PDRIVER_DISPATCH>(code(
            "dispatch",
            dispatch as *const () as usize,
        ));
        for major in [IRP_MJ_PNP, IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL] {
            (*driver).MajorFunction[usize::from(major)] = Some(own);
        }
        for major in [IRP_MJ_CREATE, IRP_MJ_CLOSE, IRP_MJ_DEVICE_CONTROL] {
            ks_call!(KsSetMajorFunctionHandler, driver, major);
        }
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn unload(_driver: *mut DRIVER_OBJECT) {}

unsafe extern "efiapi" fn add_device(
    driver: *mut DRIVER_OBJECT,
    pdo: *mut DEVICE_OBJECT,
) -> NTSTATUS {
    // SAFETY: the PnP manager's objects.
    unsafe {
        let mut fdo: *mut DEVICE_OBJECT = ptr::null_mut();
        let status = IoCreateDevice(
            driver,
            size_of::<Extension>() as u32,
            ptr::null_mut(),
            FILE_DEVICE_KS,
            0,
            0,
            &mut fdo,
        );
        if status < 0 {
            return status;
        }
        let e = (*fdo).DeviceExtension.cast::<Extension>();
        (*e).pdo = pdo;
        (*e).lower = IoAttachDeviceToDeviceStack(fdo, pdo);
        let header = &raw mut (*e).header;
        let items: *mut KSOBJECT_CREATE_ITEM = Box::leak(Box::new(core::mem::zeroed()));
        let mut status = ks_call!(KsAllocateDeviceHeader, header, 1, items) as NTSTATUS;
        let name: &'static mut [u16] = Box::leak(wide(NAME).into_boxed_slice());
        let create = code("filter create", create_filter as *const () as usize);
        if status >= 0 {
            status = ks_call!(
                KsAddObjectCreateItemToDeviceHeader,
                (*e).header,
                create,
                0,
                name.as_ptr(),
                0
            ) as NTSTATUS;
            if status < 0 {
                ks_call!(KsFreeDeviceHeader, (*e).header);
            }
        }
        if status < 0 {
            IoDetachDevice((*e).lower);
            IoDeleteDevice(fdo);
            return status;
        }
        (*fdo).Flags &= !DO_DEVICE_INITIALIZING;
        STATUS_SUCCESS
    }
}

unsafe extern "efiapi" fn dispatch(fdo: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: PnP, power and WMI requests for our device.
    unsafe {
        let e = (*fdo).DeviceExtension.cast::<Extension>();
        let stack = &*irp::stack(request);
        if stack.MajorFunction != IRP_MJ_PNP {
            return pass(e, request);
        }
        match stack.MinorFunction {
            IRP_MN_START_DEVICE => {
                let mut status = if IoForwardIrpSynchronously((*e).lower, request) == 0 {
                    STATUS_UNSUCCESSFUL
                } else {
                    (*request).IoStatus.Status
                };
                if status >= 0 {
                    let name = wide(NAME);
                    let reference = UNICODE_STRING::of(&name[..NAME.len()]);
                    status = IoRegisterDeviceInterface(
                        (*e).pdo,
                        &KSCATEGORY_MIXER,
                        &reference,
                        &mut (*e).link,
                    );
                }
                if status >= 0 {
                    status = IoSetDeviceInterfaceState(&(*e).link, 1);
                }
                irp::complete(request, status)
            }
            IRP_MN_REMOVE_DEVICE => {
                if !(*e).link.Buffer.is_null() {
                    IoSetDeviceInterfaceState(&(*e).link, 0);
                    crate::executive::rtl::RtlFreeUnicodeString(&mut (*e).link);
                }
                (*request).IoStatus.Status = STATUS_SUCCESS;
                let status = pass(e, request);
                IoDetachDevice((*e).lower);
                ks_call!(KsFreeDeviceHeader, (*e).header);
                IoDeleteDevice(fdo);
                status
            }
            IRP_MN_STOP_DEVICE | IRP_MN_SURPRISE_REMOVAL => {
                IoSetDeviceInterfaceState(&(*e).link, 0);
                (*request).IoStatus.Status = STATUS_SUCCESS;
                pass(e, request)
            }
            IRP_MN_QUERY_STOP_DEVICE
            | IRP_MN_QUERY_REMOVE_DEVICE
            | IRP_MN_CANCEL_STOP_DEVICE
            | IRP_MN_CANCEL_REMOVE_DEVICE => {
                (*request).IoStatus.Status = STATUS_SUCCESS;
                pass(e, request)
            }
            _ => pass(e, request),
        }
    }
}

unsafe fn pass(e: *mut Extension, request: *mut IRP) -> NTSTATUS {
    // SAFETY: the request is ours to pass on.
    unsafe {
        (*request).CurrentLocation += 1;
        (*request).Tail.CurrentStackLocation = (*request).Tail.CurrentStackLocation.add(1);
        IofCallDriver((*e).lower, request)
    }
}

/// Tables that never change.
struct Tables2 {
    filter: Tables,
    pin: Tables,
    filter_dispatch: KSDISPATCH_TABLE,
    pin_dispatch: KSDISPATCH_TABLE,
    descriptor: KSPIN_DESCRIPTOR,
    class: Vec<u16>,
    /// Behind the descriptor's pointers.
    _range: Box<KSDATARANGE_AUDIO>,
    _ranges: Box<[*const KSDATARANGE; 1]>,
}

static TABLES: Global<Option<Box<Tables2>>> = Global::new(None);
static CATEGORY: AlignedCategory = AlignedCategory(KSCATEGORY_AUDIO);

#[repr(align(8))]
struct AlignedCategory(arioso_core::ks::GUID);

fn tables() -> &'static Tables2 {
    TABLES.get().get_or_insert_with(|| {
        let mut range = Box::new(KSDATARANGE_AUDIO::default());
        range.DataRange.FormatSize = size_of::<KSDATARANGE_AUDIO>() as u32;
        range.DataRange.MajorFormat = KSDATAFORMAT_TYPE_AUDIO;
        range.DataRange.SubFormat = KSDATAFORMAT_SUBTYPE_PCM;
        range.DataRange.Specifier = KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
        range.MaximumChannels = 2;
        range.MinimumBitsPerSample = 16;
        range.MaximumBitsPerSample = 16;
        range.MinimumSampleFrequency = 8_000;
        range.MaximumSampleFrequency = 192_000;
        let ranges: Box<[*const KSDATARANGE; 1]> = Box::new([&range.DataRange]);
        // SAFETY: all-zero is a valid descriptor.
        let mut descriptor: KSPIN_DESCRIPTOR = unsafe { core::mem::zeroed() };
        descriptor.DataRangesCount = 1;
        descriptor.DataRanges = ranges.as_ptr();
        descriptor.DataFlow = KSPIN_DATAFLOW_IN;
        descriptor.Communication = KSPIN_COMMUNICATION_SINK;
        descriptor.Category = &CATEGORY.0;
        let item = |set, id, get, set_handler, value| PortItem {
            set,
            id,
            get,
            set_handler,
            request: size_of::<KSPROPERTY>(),
            value,
        };
        let filter: Vec<PortItem> = (KSPROPERTY_PIN_CTYPES..=KSPROPERTY_PIN_NAME)
            .map(|id| {
                item(
                    KSPROPSETID_Pin,
                    id,
                    Some(pin_property as super::portcls::property::PortHandler),
                    None,
                    0,
                )
            })
            .collect();
        let pin = [
            item(
                KSPROPSETID_Connection,
                KSPROPERTY_CONNECTION_STATE,
                Some(get_state),
                Some(set_state),
                4,
            ),
            item(
                KSPROPSETID_Clock,
                KSPROPERTY_CLOCK_TIME,
                Some(get_time),
                None,
                8,
            ),
        ];
        let class: Vec<u16> = KSSTRING_Pin.encode_utf16().collect();
        // SAFETY: no automation tables.
        let (filter, pin) = unsafe { (Tables::build(&filter, &[]), Tables::build(&pin, &[])) };
        Box::new(Tables2 {
            filter,
            pin,
            filter_dispatch: dispatch_table(
                control_filter as *const () as usize,
                close_filter as *const () as usize,
            ),
            pin_dispatch: dispatch_table(
                control_pin as *const () as usize,
                close_pin as *const () as usize,
            ),
            descriptor,
            class,
            _range: range,
            _ranges: ranges,
        })
    })
}

fn dispatch_table(control: usize, close: usize) -> KSDISPATCH_TABLE {
    // SAFETY: entries have the types of the slots; null is a valid table otherwise.
    unsafe {
        let mut table: KSDISPATCH_TABLE = core::mem::zeroed();
        table.DeviceIoControl = Some(core::mem::transmute::<
            usize,
            arioso_core::ks::ks::PDRIVER_DISPATCH,
        >(code("control", control)));
        table.Close = Some(core::mem::transmute::<
            usize,
            arioso_core::ks::ks::PDRIVER_DISPATCH,
        >(code("close", close)));
        table
    }
}

unsafe extern "efiapi" fn create_filter(_fdo: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: routed here by our create item.
    unsafe {
        let t = tables();
        let create = code("pin create", create_pin as *const () as usize);
        let length = (t.class.len() * 2) as u16;
        let class = arioso_core::ks::ks::UNICODE_STRING {
            Length: length,
            MaximumLength: length,
            Buffer: t.class.as_ptr().cast_mut(),
        };
        let item = KSOBJECT_CREATE_ITEM {
            Create: Some(core::mem::transmute::<
                usize,
                arioso_core::ks::ks::PDRIVER_DISPATCH,
            >(create)),
            Context: ptr::null_mut(),
            ObjectClass: class,
            SecurityDescriptor: ptr::null_mut(),
            Flags: 0,
        };
        let filter = Box::into_raw(Box::new(Filter {
            header: ptr::null_mut(),
            pin: ptr::null_mut(),
            items: [item],
        }));
        let header = &raw mut (*filter).header;
        let items = &raw const (*filter).items;
        let table = &raw const t.filter_dispatch;
        ks_call!(KsAllocateObjectHeader, header, 1, items, request, table);
        (*irp::file(request)).FsContext = filter.cast();
        irp::complete(request, STATUS_SUCCESS)
    }
}

unsafe extern "efiapi" fn close_filter(_fdo: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: the last request on the filter.
    unsafe {
        let filter = Box::from_raw((*irp::file(request)).FsContext.cast::<Filter>());
        ks_call!(KsFreeObjectHeader, filter.header);
        irp::complete(request, STATUS_SUCCESS)
    }
}

unsafe extern "efiapi" fn control_filter(fdo: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: a device-control request on the filter.
    unsafe {
        if irp::code(request) != IOCTL_KS_PROPERTY {
            return ks_call!(KsDefaultDeviceIoCompletion, fdo, request) as NTSTATUS;
        }
        let (count, sets) = tables().filter.sets();
        let status = ks_call!(KsPropertyHandler, request, count, sets) as NTSTATUS;
        irp::finish(request, status)
    }
}

unsafe extern "efiapi" fn pin_property(
    request: *mut c_void,
    property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    let descriptor = &raw const tables().descriptor;
    // SAFETY: kernel copies made by KsPropertyHandler.
    unsafe { ks_call!(KsPinPropertyHandler, request, property, data, 1, descriptor) as NTSTATUS }
}

unsafe extern "efiapi" fn create_pin(_fdo: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: routed here by the filter's create item.
    unsafe {
        let status = open_pin(request);
        irp::complete(request, status)
    }
}

unsafe fn open_pin(request: *mut IRP) -> NTSTATUS {
    // SAFETY: the related file object is our filter; KsValidateConnectRequest checks lengths.
    unsafe {
        let file = (*irp::file(request)).RelatedFileObject;
        let filter = (*file).FsContext.cast::<Filter>();
        let mut connect: *mut KSPIN_CONNECT = ptr::null_mut();
        let (descriptor, connect_at) = (&raw const tables().descriptor, &raw mut connect);
        let status =
            ks_call!(KsValidateConnectRequest, request, 1, descriptor, connect_at) as NTSTATUS;
        if status < 0 {
            return status;
        }
        if !(*filter).pin.is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let format = connect.cast::<u8>().add(size_of::<KSPIN_CONNECT>());
        let length = ptr::read_unaligned(format.cast::<u32>()) as usize;
        let Some(pcm) = Pcm::from_format(core::slice::from_raw_parts(format, length))
            .filter(|p| p.bits == 16 && p.channels <= 2)
        else {
            return STATUS_NO_MATCH;
        };
        let drift_ppm = RECORDER.get().drift_ppm;
        let pin = Box::into_raw(Box::new(Pin {
            header: ptr::null_mut(),
            filter: file,
            pcm,
            state: KSSTATE_STOP,
            paused: 0,
            run: 0,
            drift_ppm,
        }));
        let (header, table) = (&raw mut (*pin).header, &raw const tables().pin_dispatch);
        ks_call!(KsAllocateObjectHeader, header, 0, 0, request, table);
        ObfReferenceObject(file.cast());
        (*filter).pin = pin;
        (*irp::file(request)).FsContext = pin.cast();
        let r = RECORDER.get();
        r.data.clear();
        r.played = Some(Played {
            pcm,
            frames: 0,
            hash: 0xcbf2_9ce4_8422_2325,
            peak: 0,
            underruns: 0,
            started: 0,
        });
        STATUS_SUCCESS
    }
}

unsafe extern "efiapi" fn close_pin(_fdo: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: the last request on the pin.
    unsafe {
        let pin = Box::from_raw((*irp::file(request)).FsContext.cast::<Pin>());
        ks_call!(KsFreeObjectHeader, pin.header);
        (*(*pin.filter).FsContext.cast::<Filter>()).pin = ptr::null_mut();
        ObfDereferenceObject(pin.filter.cast());
        irp::complete(request, STATUS_SUCCESS)
    }
}

unsafe extern "efiapi" fn control_pin(fdo: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: a device-control request on the pin.
    unsafe {
        match irp::code(request) {
            IOCTL_KS_PROPERTY => {
                let (count, sets) = tables().pin.sets();
                let status = ks_call!(KsPropertyHandler, request, count, sets) as NTSTATUS;
                irp::finish(request, status)
            }
            IOCTL_KS_WRITE_STREAM => {
                let status = write(request);
                irp::complete(request, status)
            }
            _ => ks_call!(KsDefaultDeviceIoCompletion, fdo, request) as NTSTATUS,
        }
    }
}

unsafe fn pin_of<'a>(request: *mut IRP) -> &'a mut Pin {
    // SAFETY: a request on a pin.
    unsafe { &mut *(*irp::file(request)).FsContext.cast::<Pin>() }
}

impl Pin {
    /// 100 ns of the device's clock, since its first entry to RUN.
    fn time(&self) -> i64 {
        if self.state != KSSTATE_RUN {
            return self.paused;
        }
        let elapsed = master_now() - self.run;
        self.paused + elapsed + (elapsed as f64 * self.drift_ppm * 1e-6).round() as i64
    }
}

unsafe fn write(request: *mut IRP) -> NTSTATUS {
    // SAFETY: KsProbeStreamIrp copies the headers and maps the data.
    unsafe {
        let pin = pin_of(request);
        if pin.state == KSSTATE_STOP {
            return STATUS_INVALID_DEVICE_STATE;
        }
        let flags = KSPROBE_STREAMWRITE
            | KSPROBE_ALLOCATEMDL
            | KSPROBE_PROBEANDLOCK
            | KSPROBE_SYSTEMADDRESS;
        let status = ks_call!(
            KsProbeStreamIrp,
            request,
            flags,
            size_of::<KSSTREAM_HEADER>()
        ) as NTSTATUS;
        if status < 0 {
            return status;
        }
        let mut at = irp::system_buffer(request).cast::<u8>();
        let end = at.add(irp::output_length(request));
        let mut mdl = (*request).MdlAddress;
        while at < end {
            let header = &*at.cast::<KSSTREAM_HEADER>();
            at = at.add(header.Size as usize);
            if header.FrameExtent == 0 {
                continue;
            }
            let data = irp::slice(
                system_address(mdl).cast::<u8>().cast_const(),
                header.DataUsed as usize,
            );
            mdl = (*mdl).Next;
            record(pin, data);
        }
        irp::set_information(request, irp::output_length(request));
        STATUS_SUCCESS
    }
}

fn record(pin: &Pin, data: &[u8]) {
    let r = RECORDER.get();
    let Some(played) = &mut r.played else { return };
    let wanted = i128::from(pin.time()) * i128::from(pin.pcm.rate) / 10_000_000;
    played.underruns += u64::from(wanted > i128::from(played.frames));
    played.frames += data.len() as u64 / u64::from(pin.pcm.frame_bytes());
    played.hash = data.iter().fold(played.hash, |h, &b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    let peak = data
        .chunks_exact(2)
        .map(|s| i16::from_le_bytes([s[0], s[1]]).unsigned_abs())
        .max();
    played.peak = played.peak.max(peak.unwrap_or(0));
    if r.keep == Keep::All {
        r.data.extend_from_slice(data);
    }
}

unsafe extern "efiapi" fn get_state(
    request: *mut c_void,
    _property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a property request on the pin; the length was checked.
    unsafe { write_value(request.cast(), data, pin_of(request.cast()).state) }
}

unsafe extern "efiapi" fn set_state(
    request: *mut c_void,
    _property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a property request on the pin; the length was checked.
    unsafe {
        let pin = pin_of(request.cast());
        let state = ptr::read_unaligned(data.cast::<KSSTATE>());
        if !(KSSTATE_STOP..=KSSTATE_RUN).contains(&state) {
            return STATUS_INVALID_PARAMETER;
        }
        pin.paused = if state == KSSTATE_STOP { 0 } else { pin.time() };
        if state == KSSTATE_RUN {
            pin.run = master_now();
            if let Some(played) = &mut RECORDER.get().played {
                played.started = pin.run;
            }
        }
        pin.state = state;
        STATUS_SUCCESS
    }
}

unsafe extern "efiapi" fn get_time(
    request: *mut c_void,
    _property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a property request on the pin; the length was checked.
    unsafe { write_value(request.cast(), data, pin_of(request.cast()).time()) }
}
