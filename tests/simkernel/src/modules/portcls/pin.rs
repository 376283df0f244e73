//! Pin objects: create, close, state, stream requests.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::Wire;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::allocator::{Allocator, AllocatorObject};
use super::capture::Capture;
use super::clock::{self, MasterClock};
use super::com::Ref;
use super::filter::{self, Filter};
use super::format::Pcm;
use super::handle::{Handle, Kind};
use super::imports::ks_call;
use super::property::{PortHandler, PortItem};
use super::render::Render;
use super::verify::{assert_passive, violation};
use super::wave_sink::WaveSink;
use crate::executive::ob::{
    Kind as ObjectKind, ObReferenceObjectByHandle, ObfDereferenceObject, ObfReferenceObject,
    kind_of,
};
use crate::guest_call;
use crate::modules::irp;
use crate::modules::ks::property::write_value;
use crate::nt::*;
use crate::nt::{HANDLE, NTSTATUS};

const CONNECT: usize = size_of::<KSPIN_CONNECT>();
const FORMAT: usize = size_of::<KSDATAFORMAT>();
const GENERIC_READ_WRITE: u32 = 0xC000_0000;

/// What a pin does besides being a pin.
pub enum Role {
    Render(Render),
    Capture(Capture),
    WaveSink(WaveSink),
}

#[repr(C)]
pub struct Pin {
    handle: Handle,
    pub filter: *mut Filter,
    filter_file: *mut FILE_OBJECT,
    pub id: u32,
    format: Vec<u8>,
    stream: Option<Ref<IMXF>>,
    group: Option<Ref<IServiceGroup>>,
    allocator: *mut AllocatorObject,
    clock: Ref<IMasterClock>,
    state: KSSTATE,
    /// Was in RUN when the device lost power.
    resume: bool,
    pub role: Role,
}

/// A create request, validated.
struct Connect {
    pin: u32,
    to: HANDLE,
    format: Vec<u8>,
    kind: DMUS_STREAM_TYPE,
}

pub unsafe extern "efiapi" fn create(_device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: routed here by the filter's create item: the related file object is a filter.
    unsafe {
        let status = open(request);
        irp::complete(request, status)
    }
}

unsafe fn validate(request: *mut IRP, filter: &Filter) -> Result<Connect, NTSTATUS> {
    // SAFETY: KsValidateConnectRequest checks that the structure and the format lie in the name.
    unsafe {
        let shape = filter.port().shape();
        let mut connect: *mut KSPIN_CONNECT = ptr::null_mut();
        let connect_at = &raw mut connect;
        let status = ks_call!(
            KsValidateConnectRequest,
            request,
            shape.pins.len(),
            shape.pins.as_ptr(),
            connect_at
        ) as NTSTATUS;
        if status < 0 {
            return Err(status);
        }
        let head = ptr::read_unaligned(connect);
        let bytes = connect.cast::<u8>().add(CONNECT);
        let size = ptr::read_unaligned(bytes.cast::<u32>()) as usize;
        let format = core::slice::from_raw_parts(bytes, size).to_vec();
        let pin = &shape.pins[head.PinId as usize];
        let major = KSDATAFORMAT::read_from(&format)
            .ok_or(STATUS_INVALID_PARAMETER)?
            .MajorFormat;
        let kind = match (pin.DataFlow, pin.Communication) {
            (KSPIN_DATAFLOW_IN, _) if major == KSDATAFORMAT_TYPE_MUSIC => DMUS_STREAM_MIDI_RENDER,
            (KSPIN_DATAFLOW_OUT, _) if major == KSDATAFORMAT_TYPE_MUSIC => DMUS_STREAM_MIDI_CAPTURE,
            (KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SOURCE)
                if major == KSDATAFORMAT_TYPE_AUDIO =>
            {
                DMUS_STREAM_WAVE_SINK
            }
            _ => return Err(STATUS_INVALID_PARAMETER),
        };
        Ok(Connect {
            pin: head.PinId,
            to: head.PinToHandle,
            format,
            kind,
        })
    }
}

unsafe fn open(request: *mut IRP) -> NTSTATUS {
    // SAFETY: see `create`.
    unsafe {
        let filter_file = (*irp::file(request)).RelatedFileObject;
        let filter = Handle::filter(filter_file);
        if !filter.port().is_valid() {
            return STATUS_DEVICE_NOT_READY;
        }
        let connect = match validate(request, filter) {
            Ok(connect) => connect,
            Err(status) => return status,
        };
        let index = connect.pin as usize;
        let limits = &*filter.port().shape().pc_pins[index];
        let global = filter.port().instances.borrow()[index];
        if filter.instances[index] >= limits.MaxFilterInstanceCount
            || global >= limits.MaxGlobalInstanceCount
        {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let mut to: *mut c_void = ptr::null_mut();
        if !connect.to.is_null() {
            let status = ObReferenceObjectByHandle(
                connect.to,
                GENERIC_READ_WRITE,
                ptr::null_mut(),
                (*request).RequestorMode,
                &mut to,
                ptr::null_mut(),
            );
            if status < 0 {
                return status;
            }
            if kind_of(to) != Some(ObjectKind::File) {
                ObfDereferenceObject(to);
                return STATUS_OBJECT_TYPE_MISMATCH;
            }
        }
        let status = open_stream(request, filter_file, filter, connect, to.cast());
        if status < 0 && !to.is_null() {
            ObfDereferenceObject(to);
        }
        status
    }
}

/// Makes the stream, then the pin around it. On success the pin owns `to`.
unsafe fn open_stream(
    request: *mut IRP,
    filter_file: *mut FILE_OBJECT,
    filter: &mut Filter,
    connect: Connect,
    to: *mut FILE_OBJECT,
) -> NTSTATUS {
    // SAFETY: `filter` is open; the miniport is alive while the port holds it.
    unsafe {
        let Some(miniport) = filter.port().miniport() else {
            return STATUS_DEVICE_NOT_READY;
        };
        assert_passive("IMiniportDMus::NewStream");
        let allocator = Allocator::create();
        let allocator_ref = Ref::from_owned(allocator.cast::<IAllocatorMXF>()).expect("new");
        let clock = Ref::from_owned(MasterClock::create().cast::<IMasterClock>()).expect("new");
        // The miniport gets an aligned copy that it may only read during the call.
        let mut copy = vec![0u64; connect.format.len().div_ceil(8)];
        ptr::copy_nonoverlapping(
            connect.format.as_ptr(),
            copy.as_mut_ptr().cast(),
            connect.format.len(),
        );
        const UNSET: usize = 0xAAAA_AAAA_AAAA_AAAA;
        let (mut mxf, mut group, mut prefetch) = (UNSET, UNSET, UNSET as u64);
        let (mxf_at, group_at, prefetch_at) = (&raw mut mxf, &raw mut group, &raw mut prefetch);
        let routine = (*(*miniport.get()).lpVtbl).NewStream;
        let status = guest_call!(
            routine,
            miniport.get(),
            mxf_at,
            0,
            512,
            connect.pin,
            connect.kind,
            copy.as_ptr(),
            group_at,
            allocator_ref.get(),
            clock.get(),
            prefetch_at
        ) as NTSTATUS;
        copy.fill(0xDDDD_DDDD_DDDD_DDDD);
        if mxf == UNSET || group == UNSET || prefetch == UNSET as u64 {
            violation(
                "IMiniportDMus::NewStream",
                format!("an out parameter was not set (status {status:#x})"),
            );
            return if status < 0 {
                status
            } else {
                STATUS_UNSUCCESSFUL
            };
        }
        let stream = Ref::from_owned(mxf as *mut IMXF);
        let group = Ref::from_owned(group as *mut IServiceGroup);
        if status < 0 {
            if stream.is_some() || group.is_some() {
                violation(
                    "IMiniportDMus::NewStream",
                    format!("failed with {status:#x}, but returned objects"),
                );
                core::mem::forget((stream, group));
            }
            return status;
        }
        let Some(stream) = stream else {
            violation(
                "IMiniportDMus::NewStream",
                "success without a stream".to_owned(),
            );
            return STATUS_UNSUCCESSFUL;
        };
        let role = match connect.kind {
            DMUS_STREAM_MIDI_RENDER => {
                let midi = KSDATAFORMAT::read_from(&connect.format)
                    .is_some_and(|f| f.SubFormat == KSDATAFORMAT_SUBTYPE_MIDI);
                Role::Render(Render::new(midi, prefetch))
            }
            DMUS_STREAM_MIDI_CAPTURE => Role::Capture(Capture::new(group.as_ref(), &stream)),
            _ => {
                let Some(sink) = stream.query::<ISynthSinkDMus>(&IID_ISynthSinkDMus) else {
                    return STATUS_INVALID_DEVICE_REQUEST;
                };
                let Some(pcm) = Pcm::from_format(&connect.format) else {
                    return STATUS_INVALID_PARAMETER;
                };
                Role::WaveSink(WaveSink::new(sink, pcm, to))
            }
        };
        let pin = Box::into_raw(Box::new(Pin {
            handle: Handle {
                header: ptr::null_mut(),
                kind: Kind::Pin,
            },
            filter: ptr::from_mut(filter),
            filter_file,
            id: connect.pin,
            format: connect.format,
            stream: Some(stream),
            group,
            allocator: allocator_ref.into_raw().cast(),
            clock,
            state: KSSTATE_STOP,
            resume: false,
            role,
        }));
        if let Role::Capture(capture) = &mut (*pin).role {
            capture.attach(pin);
        }
        let header = &raw mut (*pin).handle.header;
        ks_call!(
            KsAllocateObjectHeader,
            header,
            0,
            0,
            request,
            filter::dispatch_table(Kind::Pin)
        );
        ObfReferenceObject(filter_file.cast());
        let index = connect.pin as usize;
        filter.instances[index] += 1;
        filter.port().instances.borrow_mut()[index] += 1;
        filter.port().pins.borrow_mut().push(pin);
        (*irp::file(request)).FsContext = pin.cast();
        STATUS_SUCCESS
    }
}

pub unsafe extern "efiapi" fn close(_device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: the last request on this pin.
    unsafe {
        let pin = Handle::pin(irp::file(request));
        // A driver may refuse a state; the pin goes away nevertheless.
        let _ = Pin::set_state(pin, KSSTATE_STOP);
        (*irp::file(request)).FsContext = ptr::null_mut();
        Pin::destroy(pin);
        irp::complete(request, STATUS_SUCCESS)
    }
}

pub unsafe extern "efiapi" fn control(device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: a device-control request on a pin.
    unsafe {
        let pin = Handle::pin(irp::file(request));
        let port = (*(*pin).filter).port();
        if !super::device::accepts_requests(device) || !port.is_valid() {
            return irp::complete(request, STATUS_DEVICE_REMOVED);
        }
        match irp::code(request) {
            IOCTL_KS_PROPERTY => {
                let (count, sets) = port.pin_tables((*pin).id).sets();
                let status = ks_call!(KsPropertyHandler, request, count, sets) as NTSTATUS;
                irp::finish(request, status)
            }
            IOCTL_KS_WRITE_STREAM if matches!((*pin).role, Role::Render(_)) => {
                Render::write(pin, request)
            }
            IOCTL_KS_READ_STREAM if matches!((*pin).role, Role::Capture(_)) => {
                Capture::read(pin, request)
            }
            IOCTL_KS_WRITE_STREAM | IOCTL_KS_READ_STREAM => {
                irp::complete(request, STATUS_INVALID_DEVICE_REQUEST)
            }
            IOCTL_KS_RESET_STATE => {
                let mut value = 0u32;
                let value_at = &raw mut value;
                let status = ks_call!(KsAcquireResetValue, request, value_at) as NTSTATUS;
                if status >= 0 && value == KSRESET_BEGIN as u32 {
                    Pin::cancel_requests(pin);
                }
                irp::complete(request, status)
            }
            _ => ks_call!(KsDefaultDeviceIoCompletion, device, request) as NTSTATUS,
        }
    }
}

impl Pin {
    pub fn stream(&self) -> *mut IMXF {
        self.stream.as_ref().map_or(ptr::null_mut(), Ref::get)
    }

    pub fn group(&self) -> Option<*mut IServiceGroup> {
        self.group.as_ref().map(Ref::get)
    }

    pub fn state(&self) -> KSSTATE {
        self.state
    }

    pub fn allocator(&self) -> &Allocator {
        // SAFETY: we hold a reference.
        unsafe { &(*self.allocator).value }
    }

    /// Steps the stream to a state, one state at a time. What fails leaves it where it got to.
    ///
    /// # Safety
    /// A live pin, at PASSIVE_LEVEL.
    pub unsafe fn set_state(pin: *mut Pin, target: KSSTATE) -> NTSTATUS {
        assert_passive("IMXF::SetState");
        // SAFETY: by the contract; borrows of the pin end before the driver is called.
        unsafe {
            while (*pin).state != target {
                let from = (*pin).state;
                let next = if target > from { from + 1 } else { from - 1 };
                if from == KSSTATE_RUN {
                    Pin::leave_run(pin);
                }
                if next == KSSTATE_STOP {
                    Pin::cancel_requests(pin);
                }
                let stream = (*pin).stream();
                let status = guest_call!((*(*stream).lpVtbl).SetState, stream, next) as NTSTATUS;
                if status < 0 {
                    if from == KSSTATE_RUN {
                        Pin::enter_run(pin);
                    }
                    return status;
                }
                (*pin).state = next;
                match next {
                    KSSTATE_STOP => Pin::stopped(pin),
                    KSSTATE_PAUSE if from == KSSTATE_ACQUIRE => Render::drain(pin),
                    KSSTATE_RUN => Pin::enter_run(pin),
                    _ => {}
                }
            }
            STATUS_SUCCESS
        }
    }

    unsafe fn enter_run(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            match &mut (*pin).role {
                Role::Render(render) => {
                    render.run(clock::now());
                    Render::drain(pin);
                }
                Role::WaveSink(sink) => sink.start(),
                Role::Capture(capture) => capture.run(clock::now()),
            }
        }
    }

    unsafe fn leave_run(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            match &mut (*pin).role {
                Role::Render(render) => render.pause(clock::now()),
                Role::WaveSink(sink) => sink.stop(),
                Role::Capture(_) => {}
            }
        }
    }

    /// After SetState(STOP) the stream holds nothing of the allocator's.
    unsafe fn stopped(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            if let Role::Render(render) = &mut (*pin).role {
                render.stop();
            }
            let out = (*pin).allocator().outstanding();
            if out.events > 0 && !matches!((*pin).role, Role::Capture(_)) {
                violation(
                    "IMXF::SetState",
                    format!("{} events are not back after STOP", out.events),
                );
            }
        }
    }

    /// Completes what waits on the pin, with STATUS_CANCELLED; held events go to the allocator.
    ///
    /// # Safety
    /// A live pin.
    pub unsafe fn cancel_requests(pin: *mut Pin) {
        // SAFETY: by the contract.
        unsafe {
            match &mut (*pin).role {
                Role::Render(render) => {
                    render.cancel();
                    let held = render.take_held();
                    (*pin).allocator().put(held);
                }
                Role::Capture(capture) => capture.cancel(),
                Role::WaveSink(_) => {}
            }
        }
    }

    /// The device has gone: nothing plays or waits any more. The stream stays until the handle is closed.
    ///
    /// # Safety
    /// A live pin.
    pub unsafe fn device_gone(pin: *mut Pin) {
        // SAFETY: by the contract.
        unsafe {
            Pin::cancel_requests(pin);
            if let Role::WaveSink(sink) = &mut (*pin).role {
                sink.stop();
            }
        }
    }

    pub unsafe fn power_down(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            if (*pin).state == KSSTATE_RUN {
                (*pin).resume = Pin::set_state(pin, KSSTATE_PAUSE) >= 0;
            }
        }
    }

    pub unsafe fn power_up(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            if core::mem::take(&mut (*pin).resume) {
                let _ = Pin::set_state(pin, KSSTATE_RUN);
            }
        }
    }

    unsafe fn destroy(pin: *mut Pin) {
        // SAFETY: nobody uses the pin any more.
        unsafe {
            let filter = &mut *(*pin).filter;
            filter.port().pins.borrow_mut().retain(|&p| p != pin);
            if let Role::WaveSink(sink) = &mut (*pin).role {
                sink.stop();
            }
            if let (Role::Capture(capture), Some(stream)) =
                (&mut (*pin).role, (*pin).stream.as_ref())
            {
                capture.disconnect(stream);
            }
            let mut pin = Box::from_raw(pin);
            let file = match &mut pin.role {
                Role::WaveSink(sink) => sink.take_downstream(),
                _ => ptr::null_mut(),
            };
            ks_call!(KsFreeObjectHeader, pin.handle.header);
            let (filter_file, index, allocator) = (pin.filter_file, pin.id as usize, pin.allocator);
            drop(pin);
            let out = (*allocator).value.outstanding();
            if out != Default::default() {
                let text = format!(
                    "{} events and {} buffers are not back when the pin is closed",
                    out.events, out.buffers
                );
                violation("IAllocatorMXF", text);
            }
            drop(Ref::from_owned(allocator.cast::<IAllocatorMXF>()));
            filter.instances[index] -= 1;
            filter.port().instances.borrow_mut()[index] -= 1;
            if !file.is_null() {
                ObfDereferenceObject(file.cast());
            }
            ObfDereferenceObject(filter_file.cast());
        }
    }
}

/// Properties that the port itself implements on every pin.
pub fn items() -> Vec<PortItem> {
    let plain = size_of::<KSPROPERTY>();
    let item =
        |set, id, get: Option<PortHandler>, set_handler: Option<PortHandler>, value| PortItem {
            set,
            id,
            get,
            set_handler,
            request: plain,
            value,
        };
    vec![
        item(
            KSPROPSETID_Connection,
            KSPROPERTY_CONNECTION_STATE,
            Some(get_state),
            Some(put_state),
            4,
        ),
        item(
            KSPROPSETID_Connection,
            KSPROPERTY_CONNECTION_DATAFORMAT,
            Some(get_format),
            Some(put_format),
            0,
        ),
        item(
            KSPROPSETID_Connection,
            KSPROPERTY_CONNECTION_ALLOCATORFRAMING,
            Some(get_framing),
            None,
            size_of::<KSALLOCATOR_FRAMING>(),
        ),
        item(
            KSPROPSETID_SynthClock,
            0,
            Some(filter::master_clock),
            None,
            size_of::<u64>(),
        ),
    ]
}

unsafe extern "efiapi" fn get_state(
    request: *mut c_void,
    _property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a property request on a pin; the length was checked.
    unsafe {
        write_value(
            request.cast(),
            data,
            (*Handle::pin(irp::file(request.cast()))).state,
        )
    }
}

unsafe extern "efiapi" fn put_state(
    request: *mut c_void,
    _property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a property request on a pin; the length was checked.
    unsafe {
        let state = ptr::read_unaligned(data.cast::<KSSTATE>());
        if !(KSSTATE_STOP..=KSSTATE_RUN).contains(&state) {
            return STATUS_INVALID_PARAMETER;
        }
        Pin::set_state(Handle::pin(irp::file(request.cast())), state)
    }
}

unsafe extern "efiapi" fn get_format(
    request: *mut c_void,
    _property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a property request on a pin; lengths are checked.
    unsafe {
        let request = request.cast::<IRP>();
        let format = &(*Handle::pin(irp::file(request))).format;
        irp::set_information(request, format.len());
        match irp::output_length(request) {
            0 => STATUS_BUFFER_OVERFLOW,
            room if room < format.len() => STATUS_BUFFER_TOO_SMALL,
            _ => {
                ptr::copy_nonoverlapping(format.as_ptr(), data.cast(), format.len());
                STATUS_SUCCESS
            }
        }
    }
}

/// The format of an open pin cannot be changed; setting the present one succeeds.
unsafe extern "efiapi" fn put_format(
    request: *mut c_void,
    _property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a property request on a pin.
    unsafe {
        let request = request.cast::<IRP>();
        let format = irp::slice(data.cast::<u8>().cast_const(), irp::output_length(request));
        if format.len() < FORMAT {
            return STATUS_BUFFER_TOO_SMALL;
        }
        if format == (*Handle::pin(irp::file(request))).format {
            STATUS_SUCCESS
        } else {
            STATUS_INVALID_DEVICE_REQUEST
        }
    }
}

unsafe extern "efiapi" fn get_framing(
    request: *mut c_void,
    _property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    let framing = KSALLOCATOR_FRAMING {
        OptionsFlags: KSALLOCATOR_REQUIREMENTF_SYSTEM_MEMORY
            | KSALLOCATOR_REQUIREMENTF_PREFERENCES_ONLY,
        PoolType: 512,
        Frames: 8,
        FrameSize: 4096,
        FileAlignment: 0,
        Reserved: 0,
    };
    // SAFETY: the length was checked.
    unsafe { write_value(request.cast(), data, framing) }
}
