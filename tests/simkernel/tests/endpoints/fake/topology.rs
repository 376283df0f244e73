// SPDX-License-Identifier: MIT OR Apache-2.0
//! The endpoint's topology: a line-in jack, a volume node and its change event.

use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{GUID, Wire};

use super::com::{self, Held, miniport};
use super::{Fault, analog, at_level, fault, log, shape};
use simkernel::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};

#[derive(Default)]
pub struct Miniport {
    port: Option<Held<IPortTopology>>,
    events: Option<Held<IPortEvents>>,
    volume: [i32; 2],
}

miniport! {
    Miniport: IMiniportTopology, IMiniportTopologyVtbl, IID_IMiniportTopology, descriptor(), |_| ptr::null_mut();
    Init: init,
}

fn descriptor() -> *const PCFILTER_DESCRIPTOR {
    let item = |set, id, flags| PCPROPERTY_ITEM {
        Set: shape::guid(set),
        Id: id,
        Flags: flags,
        Handler: Some(property),
    };
    let volume = vec![item(
        KSPROPSETID_Audio,
        KSPROPERTY_AUDIO_VOLUMELEVEL,
        KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT,
    )];
    let change = vec![PCEVENT_ITEM {
        Set: shape::guid(KSEVENTSETID_AudioControlChange),
        Id: KSEVENT_CONTROL_CHANGE,
        Flags: PCEVENT_ITEM_FLAG_ENABLE | PCEVENT_ITEM_FLAG_BASICSUPPORT,
        Handler: Some(event),
    }];
    let jack = vec![item(
        KSPROPSETID_Jack,
        KSPROPERTY_JACK_DESCRIPTION,
        KSPROPERTY_TYPE_GET,
    )];
    let volume = shape::table(volume.leak(), change.leak()).cast_mut();
    if fault(Fault::EventStride) {
        // SAFETY: leaked just now, and nobody else's.
        unsafe { (*volume).EventItemSize += 4 };
    }
    shape::filter(
        shape::table(jack.leak(), &[]),
        vec![
            shape::pin(
                KSPIN_DATAFLOW_IN,
                0,
                KSNODETYPE_LINE_CONNECTOR,
                vec![analog()],
            ),
            shape::pin(KSPIN_DATAFLOW_OUT, 0, KSCATEGORY_AUDIO, vec![analog()]),
        ],
        vec![(KSNODETYPE_VOLUME, volume)],
        &[((u32::MAX, 0), (0, 1)), ((0, 0), (u32::MAX, 1))],
        // The port's own.
        Vec::new(),
    )
}

unsafe extern "efiapi" fn init(
    this: *mut IMiniportTopology,
    _adapter: *mut IUnknown,
    _list: *mut IResourceList,
    port: *mut IPortTopology,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        let own = com::of::<Miniport, _>(this);
        let port = Held::new(port);
        own.events = port.query(&IID_IPortEvents);
        own.port = Some(port);
    }
    STATUS_SUCCESS
}

/// The jack's description by pin, the volume by channel.
unsafe extern "efiapi" fn property(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS {
    // SAFETY: PortCls' request.
    unsafe {
        let r = &mut *request;
        let own = com::of::<Miniport, _>(r.MajorTarget);
        if r.InstanceSize < 4 {
            return STATUS_INVALID_PARAMETER;
        }
        let index = ptr::read_unaligned(r.Instance.cast::<u32>());
        let value = std::slice::from_raw_parts_mut(
            if r.Value.is_null() {
                ptr::dangling_mut()
            } else {
                r.Value.cast::<u8>()
            },
            r.ValueSize as usize,
        );
        let mut answer = vec![0; 36];
        if (*r.PropertyItem).Id == KSPROPERTY_JACK_DESCRIPTION && r.Node == u32::MAX {
            if index != 0 {
                return STATUS_INVALID_PARAMETER;
            }
            let list = KSMULTIPLE_ITEM { Size: 36, Count: 1 };
            let jack = KSJACK_DESCRIPTION {
                ChannelMapping: KSAUDIO_SPEAKER_STEREO,
                ConnectionType: eConnTypeOtherAnalog,
                PortConnection: ePortConnJack,
                IsConnected: 1,
                ..KSJACK_DESCRIPTION::default()
            };
            let _ = list.write_to(&mut answer);
            let _ = jack.write_to(&mut answer[8..]);
        } else {
            if r.Verb & KSPROPERTY_TYPE_BASICSUPPORT != 0 {
                return basic_support(r, value);
            }
            let Some(volume) = own.volume.get_mut(index as usize) else {
                return STATUS_INVALID_PARAMETER;
            };
            if r.Verb & KSPROPERTY_TYPE_SET != 0 {
                let Some(new) = i32::read_from(value) else {
                    return STATUS_BUFFER_TOO_SMALL;
                };
                *volume = new.clamp(LEAST, 0);
                changed(own);
                return STATUS_SUCCESS;
            }
            answer = volume.to_le_bytes().to_vec();
        }
        r.ValueSize = answer.len() as u32;
        match value.len() {
            0 => STATUS_BUFFER_OVERFLOW,
            n if n < answer.len() => STATUS_BUFFER_TOO_SMALL,
            _ => {
                value[..answer.len()].copy_from_slice(&answer);
                STATUS_SUCCESS
            }
        }
    }
}

/// −96 dB, in steps of a half.
const LEAST: i32 = -96 * 65_536;
const STEP: u32 = 32_768;

/// Both channels, each with its stepping.
fn basic_support(r: &mut PCPROPERTY_REQUEST, value: &mut [u8]) -> NTSTATUS {
    let access = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT;
    let description = KSPROPERTY_DESCRIPTION {
        AccessFlags: access,
        DescriptionSize: 40 + 16 + 2 * 16,
        PropTypeSet: KSIDENTIFIER {
            Set: KSPROPTYPESETID_General,
            Id: VT_I4,
            Flags: 0,
        },
        MembersListCount: 1,
        Reserved: 0,
    };
    let members = KSPROPERTY_MEMBERSHEADER {
        MembersFlags: KSPROPERTY_MEMBER_STEPPEDRANGES,
        MembersSize: 16,
        MembersCount: 2,
        Flags: KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL,
    };
    let stepping = KSPROPERTY_STEPPING_LONG {
        SteppingDelta: if fault(Fault::NoStep) { 0 } else { STEP },
        Reserved: 0,
        Bounds: KSPROPERTY_BOUNDS_LONG {
            SignedMinimum: LEAST,
            SignedMaximum: 0,
        },
    };
    let mut all = [0; 88];
    let _ = description.write_to(&mut all);
    let _ = members.write_to(&mut all[40..]);
    let _ = stepping.write_to(&mut all[56..]);
    let _ = stepping.write_to(&mut all[72..]);
    let answer = match value.len() {
        0..4 => {
            r.ValueSize = 88;
            return STATUS_BUFFER_OVERFLOW;
        }
        4..40 => &access.to_le_bytes()[..],
        40..88 => &all[..40],
        _ => &all[..],
    };
    r.ValueSize = answer.len() as u32;
    value[..answer.len()].copy_from_slice(answer);
    STATUS_SUCCESS
}

unsafe fn changed(own: &Miniport) {
    if let Some(events) = &own.events {
        // SAFETY: a live interface.
        unsafe {
            let generate = (*(*events.0).lpVtbl).GenerateEventList;
            let level = if fault(Fault::EventAtHigh) {
                DISPATCH_LEVEL + 1
            } else {
                PASSIVE_LEVEL
            };
            at_level(level, || {
                generate(
                    events.0,
                    &KSEVENTSETID_AudioControlChange,
                    KSEVENT_CONTROL_CHANGE,
                    0,
                    u32::MAX,
                    1,
                    0,
                );
            });
        }
    }
}

unsafe extern "efiapi" fn event(request: *mut PCEVENT_REQUEST) -> NTSTATUS {
    // SAFETY: PortCls' request.
    unsafe {
        let r = &*request;
        log().events.push(r.Verb);
        let own = com::of::<Miniport, _>(r.MajorTarget);
        if let (PCEVENT_VERB_ADD, Some(events), false) =
            (r.Verb, &own.events, fault(Fault::LoseEvent))
        {
            let add = (*(*events.0).lpVtbl).AddEventToEventList;
            add(events.0, r.EventEntry);
            match log().fault {
                Fault::AddEventTwice => add(events.0, r.EventEntry),
                Fault::FailEvent => return STATUS_UNSUCCESSFUL,
                _ => {}
            }
        }
    }
    STATUS_SUCCESS
}
