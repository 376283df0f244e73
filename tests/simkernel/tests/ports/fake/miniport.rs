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
use super::{log, services, shape};

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
    let midi = vec![
        shape::music(KSDATAFORMAT_SUBTYPE_MIDI),
        shape::music(KSDATAFORMAT_SUBTYPE_DIRECTMUSIC),
    ];
    let pcm = vec![shape::audio(11_025, 96_000)];
    let mut wave = shape::pin(KSPIN_DATAFLOW_OUT, 1, KSCATEGORY_AUDIO, pcm);
    wave.KsPinDescriptor.Communication = KSPIN_COMMUNICATION_SOURCE;
    let table = shape::table(vec![item(0), item(1)].leak(), &[]);
    shape::filter(
        ptr::null(),
        vec![
            shape::pin(KSPIN_DATAFLOW_IN, 2, KSCATEGORY_AUDIO, midi),
            wave,
        ],
        vec![(KSNODETYPE_SYNTHESIZER, table)],
        &[((u32::MAX, 0), (0, 1)), ((0, 0), (u32::MAX, 1))],
        vec![KSCATEGORY_AUDIO, KSCATEGORY_SYNTHESIZER],
    )
}

unsafe extern "efiapi" fn init(
    this: *mut IMiniportDMus,
    _adapter: *mut IUnknown,
    _list: *mut IResourceList,
    port: *mut IPortDMus,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        com::of::<Miniport, _>(this).port = Some(Held::new(port));
        log().services = Some(services::of_port(port));
        *group = ptr::null_mut();
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn service(_this: *mut IMiniportDMus) {}

unsafe extern "efiapi" fn new_stream(
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
        let stream = Stream::new(pin, Held::new(allocator), Held::new(clock));
        *mxf = Object::create(stream).cast();
    }
    STATUS_SUCCESS
}
