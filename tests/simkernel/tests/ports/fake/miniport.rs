// SPDX-License-Identifier: MIT OR Apache-2.0
//! The DMus miniport: two MIDI pins and a wave pin.

use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Held, Object, miniport};
use super::property::{SET_GUID, property};
use super::stream::Stream;
use super::{Fault, at_level, fault, keep, log, portcls, services, shape};
use simkernel::nt::DISPATCH_LEVEL;

#[derive(Default)]
pub struct Miniport {
    port: Option<Held<IPortDMus>>,
}

miniport! {
    Miniport: IMiniportDMus, IMiniportDMusVtbl, IID_IMiniportDMus, descriptor(), |_| ptr::null_mut();
    Init: init,
    Service: service,
    NewStream: new_stream,
}

fn descriptor() -> *const PCFILTER_DESCRIPTOR {
    let item = |id| PCPROPERTY_ITEM {
        Set: &SET_GUID.0,
        Id: id,
        Flags: KSPROPERTY_TYPE_GET,
        Handler: Some(property),
    };
    let fault = |fault| log().second && log().fault == fault;
    let midi = vec![
        shape::music(KSDATAFORMAT_SUBTYPE_MIDI),
        shape::music(KSDATAFORMAT_SUBTYPE_DIRECTMUSIC),
    ];
    let pcm = shape::audio(11_025, 96_000).cast_mut();
    let mut wave = shape::pin(KSPIN_DATAFLOW_OUT, 1, KSCATEGORY_AUDIO, vec![pcm]);
    wave.KsPinDescriptor.Communication = KSPIN_COMMUNICATION_SOURCE;
    let mut items = vec![item(0), item(1)];
    if self::fault(Fault::PropertyStride) {
        // Further items would not be aligned.
        items.truncate(1);
    }
    let table = shape::table(items.leak(), &[]).cast_mut();
    // SAFETY: leaked just now, and nobody else's.
    unsafe {
        if self::fault(Fault::PropertyStride) {
            (*table).PropertyItemSize += 4;
        }
        if fault(Fault::BadRange) {
            (*pcm).FormatSize = 4;
        }
        if fault(Fault::BadAttributes) {
            (*pcm).Flags |= KSDATARANGE_ATTRIBUTES;
        }
    }
    if fault(Fault::BadFlow) {
        wave.KsPinDescriptor.DataFlow = 7;
    }
    if fault(Fault::BadCommunication) {
        wave.KsPinDescriptor.Communication = 9;
    }
    if fault(Fault::BadCategory) {
        wave.KsPinDescriptor.Category = ptr::null();
    }
    if fault(Fault::BadInstances) {
        wave.MinFilterInstanceCount = 5;
    }
    let (filter, synth) = (u32::MAX, 0);
    let connections = match log().fault {
        Fault::BadEnd if log().second => [((filter, 0), (synth, 1)), ((7, 0), (filter, 1))],
        Fault::LoosePin if log().second => [((filter, 0), (synth, 1)), ((synth, 0), (filter, 0))],
        Fault::LooseNode if log().second => [((filter, 0), (filter, 1)); 2],
        _ => [((filter, 0), (synth, 1)), ((synth, 0), (filter, 1))],
    };
    let descriptor = shape::filter(
        ptr::null(),
        vec![
            shape::pin(KSPIN_DATAFLOW_IN, 2, KSCATEGORY_AUDIO, midi),
            wave,
        ],
        vec![(KSNODETYPE_SYNTHESIZER, table)],
        &connections,
        vec![KSCATEGORY_AUDIO, KSCATEGORY_SYNTHESIZER],
    )
    .cast_mut();
    // SAFETY: as above.
    unsafe {
        if fault(Fault::BadPinSize) {
            (*descriptor).PinSize = 4;
        }
        if fault(Fault::BadVersion) {
            (*descriptor).Version = 1;
        }
    }
    descriptor
}

unsafe extern "efiapi" fn init(
    this: *mut IMiniportDMus,
    _adapter: *mut IUnknown,
    _list: *mut IResourceList,
    port: *mut IPortDMus,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    let new_group: FnPcNewServiceGroup = portcls("PcNewServiceGroup");
    // SAFETY: PortCls' arguments.
    unsafe {
        *group = ptr::null_mut();
        if log().second {
            // Nobody would end the cycle of a port that is not registered.
            if fault(Fault::FailWithGroup) {
                new_group(group, ptr::null_mut());
                return STATUS_UNSUCCESSFUL;
            }
            return STATUS_SUCCESS;
        }
        if !fault(Fault::LeakMiniport) {
            com::of::<Miniport, _>(this).port = Some(Held::new(port));
        }
        if fault(Fault::MethodAtDispatch) {
            let mut needed = 0;
            let property = (*(*port).lpVtbl).GetDeviceProperty;
            at_level(DISPATCH_LEVEL, || {
                property(port, 11, 0, ptr::null_mut(), &mut needed)
            });
        }
        log().services = Some(services::of_port(port));
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn service(_this: *mut IMiniportDMus) {}

unsafe extern "efiapi" fn new_stream(
    this: *mut IMiniportDMus,
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
        if pin == 0 && fault(Fault::NothingSet) {
            return STATUS_SUCCESS;
        }
        *mxf = ptr::null_mut();
        *group = ptr::null_mut();
        *prefetch = log().prefetch;
        if pin == 0 && fault(Fault::FailWithStream) {
            // Whatever it is.
            *mxf = this.cast();
            return STATUS_UNSUCCESSFUL;
        }
        if pin == 0 && fault(Fault::NoStream) {
            return STATUS_SUCCESS;
        }
        if kind == DMUS_STREAM_MIDI_CAPTURE {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        match log().fault {
            Fault::LeakAllocator if pin == 0 => keep(allocator),
            Fault::LeakClock if pin == 0 => keep(clock),
            _ => {}
        }
        let stream = Stream::new(pin, Held::new(allocator), Held::new(clock));
        *mxf = Object::create(stream).cast();
    }
    STATUS_SUCCESS
}
