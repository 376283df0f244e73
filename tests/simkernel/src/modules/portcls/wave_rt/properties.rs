// SPDX-License-Identifier: MIT OR Apache-2.0
//! KSPROPSETID_RtAudio, and the position of KSPROPSETID_Audio.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::status::*;

use super::super::handle::Handle;
use super::super::pin::Role;
use super::super::property::{PortHandler, PortItem};
use super::super::verify::{Rule, violation};
use super::WaveRt;
use crate::executive::ke::{KeLowerIrql, KfRaiseIrql};
use crate::guest_call;
use crate::modules::irp;
use crate::modules::ks::property::write_value;
use crate::nt::{DISPATCH_LEVEL, IRP, NTSTATUS};

/// On a WaveRT port's pins.
pub fn items() -> Vec<PortItem> {
    const HEAD: usize = size_of::<KSPROPERTY>();
    const EVENT: usize = size_of::<KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY>();
    const REGISTER: usize = size_of::<KSRTAUDIO_HWREGISTER_PROPERTY>();
    let rt = |id, get: PortHandler, request, value| PortItem {
        set: KSPROPSETID_RtAudio,
        id,
        get: Some(get),
        set_handler: None,
        request,
        value,
    };
    // Events may be named with a get or a set.
    let both = |item: PortItem| PortItem {
        set_handler: item.get,
        ..item
    };
    vec![
        rt(
            KSPROPERTY_RTAUDIO_BUFFER,
            buffer,
            size_of::<KSRTAUDIO_BUFFER_PROPERTY>(),
            size_of::<KSRTAUDIO_BUFFER>(),
        ),
        rt(
            KSPROPERTY_RTAUDIO_BUFFER_WITH_NOTIFICATION,
            buffer,
            size_of::<KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION>(),
            size_of::<KSRTAUDIO_BUFFER>(),
        ),
        rt(
            KSPROPERTY_RTAUDIO_HWLATENCY,
            latency,
            HEAD,
            size_of::<KSRTAUDIO_HWLATENCY>(),
        ),
        rt(
            KSPROPERTY_RTAUDIO_POSITIONREGISTER,
            register,
            REGISTER,
            size_of::<KSRTAUDIO_HWREGISTER>(),
        ),
        rt(
            KSPROPERTY_RTAUDIO_CLOCKREGISTER,
            register,
            REGISTER,
            size_of::<KSRTAUDIO_HWREGISTER>(),
        ),
        both(rt(
            KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT,
            event,
            EVENT,
            0,
        )),
        both(rt(
            KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT,
            event,
            EVENT,
            0,
        )),
        rt(
            KSPROPERTY_RTAUDIO_QUERY_NOTIFICATION_SUPPORT,
            support,
            HEAD,
            size_of::<i32>(),
        ),
        rt(
            KSPROPERTY_RTAUDIO_PACKETCOUNT,
            packet_count,
            HEAD,
            size_of::<u32>(),
        ),
        rt(
            KSPROPERTY_RTAUDIO_PRESENTATION_POSITION,
            presentation,
            HEAD,
            size_of::<KSAUDIO_PRESENTATION_POSITION>(),
        ),
        rt(
            KSPROPERTY_RTAUDIO_GETREADPACKET,
            read_packet,
            HEAD,
            size_of::<KSRTAUDIO_GETREADPACKET_INFO>(),
        ),
        PortItem {
            get: None,
            set_handler: Some(write_packet),
            ..rt(
                KSPROPERTY_RTAUDIO_SETWRITEPACKET,
                write_packet,
                HEAD,
                size_of::<KSRTAUDIO_SETWRITEPACKET_INFO>(),
            )
        },
        PortItem {
            set: KSPROPSETID_Audio,
            ..rt(
                KSPROPERTY_AUDIO_POSITION,
                position,
                HEAD,
                size_of::<KSAUDIO_POSITION>(),
            )
        },
    ]
}

/// The stream that a property request is for.
unsafe fn stream<'a>(request: *mut c_void) -> Option<&'a mut WaveRt> {
    // SAFETY: a property request on a pin of ours.
    unsafe {
        match &mut (*Handle::pin(irp::file(request.cast()))).role {
            Role::WaveRt(stream) => Some(stream),
            _ => None,
        }
    }
}

macro_rules! handlers {
    ($($(#[$m:meta])* fn $name:ident($stream:ident, $request:ident, $property:ident, $data:ident) $body:block)*) => {$(
        $(#[$m])*
        unsafe extern "efiapi" fn $name(
            $request: *mut c_void,
            $property: *mut KSPROPERTY,
            $data: *mut c_void,
        ) -> NTSTATUS {
            // SAFETY: called by KsPropertyHandler with kernel copies of the lengths that `items` names; the stream's objects are
            // alive while referenced.
            unsafe {
                let Some($stream) = stream($request) else {
                    return STATUS_INVALID_DEVICE_REQUEST;
                };
                let $request = $request.cast::<IRP>();
                $body
            }
        }
    )*};
}

handlers! {
    fn buffer(stream, request, property, data) {
        let (base, bytes, count) = if (*property).Id == KSPROPERTY_RTAUDIO_BUFFER {
            let p = ptr::read_unaligned(property.cast::<KSRTAUDIO_BUFFER_PROPERTY>());
            (p.BaseAddress, p.RequestedBufferSize, None)
        } else {
            let p = property.cast::<KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION>();
            let p = ptr::read_unaligned(p);
            (p.BaseAddress, p.RequestedBufferSize, Some(p.NotificationCount))
        };
        if !base.is_null() {
            // No buffer goes to an address of the client's choice here.
            return STATUS_UNSUCCESSFUL;
        }
        match stream.allocate(bytes, count) {
            Ok(buffer) => write_value(request, data, buffer),
            Err(status) => status,
        }
    }

    fn latency(stream, request, _property, data) {
        let mut latency = KSRTAUDIO_HWLATENCY::default();
        let s = stream.stream.get();
        guest_call!((*(*s).lpVtbl).GetHWLatency, s, &raw mut latency);
        write_value(request, data, latency)
    }

    /// A register of the hardware would be mapped for the client: that is not simulated.
    fn register(stream, _request, property, _data) {
        let mut register = KSRTAUDIO_HWREGISTER::default();
        let s = stream.stream.get();
        let routine = if (*property).Id == KSPROPERTY_RTAUDIO_POSITIONREGISTER {
            (*(*s).lpVtbl).GetPositionRegister
        } else {
            (*(*s).lpVtbl).GetClockRegister
        };
        let status = guest_call!(routine, s, &raw mut register) as NTSTATUS;
        if status < 0 { status } else { STATUS_NOT_SUPPORTED }
    }

    fn event(stream, request, property, _data) {
        let p = property.cast::<KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY>();
        let handle = ptr::read_unaligned(p).NotificationEvent;
        let mode = (*request).RequestorMode;
        if (*property).Id == KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT {
            stream.register(handle, mode)
        } else {
            stream.unregister(handle, mode)
        }
    }

    fn support(stream, request, _property, data) {
        write_value(request, data, i32::from(stream.notification.is_some()))
    }

    fn packet_count(stream, request, _property, data) {
        let Some(output) = stream.output.clone() else {
            return STATUS_NOT_SUPPORTED;
        };
        let mut count = 0u32;
        let s = output.get();
        let status = guest_call!((*(*s).lpVtbl).GetPacketCount, s, &raw mut count) as NTSTATUS;
        if status < 0 { status } else { write_value(request, data, count) }
    }

    fn presentation(stream, request, _property, data) {
        let Some(output) = stream.output.clone() else {
            return STATUS_NOT_SUPPORTED;
        };
        let mut position = KSAUDIO_PRESENTATION_POSITION::default();
        let s = output.get();
        let routine = (*(*s).lpVtbl).GetOutputStreamPresentationPosition;
        let status = guest_call!(routine, s, &raw mut position) as NTSTATUS;
        if status < 0 { status } else { write_value(request, data, position) }
    }

    fn read_packet(stream, request, _property, data) {
        let Some(input) = stream.input.clone() else {
            return STATUS_NOT_SUPPORTED;
        };
        let mut info = KSRTAUDIO_GETREADPACKET_INFO::default();
        let s = input.get();
        let status = guest_call!(
            (*(*s).lpVtbl).GetReadPacket,
            s,
            &raw mut info.PacketNumber,
            &raw mut info.Flags,
            &raw mut info.PerformanceCounterValue,
            &raw mut info.MoreData
        ) as NTSTATUS;
        if status >= 0 && info.Flags != 0 {
            violation(Rule::GetReadPacket, "GetReadPacket", format!("Flags is {:#x}", info.Flags));
        }
        if status < 0 { status } else { write_value(request, data, info) }
    }

    fn write_packet(stream, _request, _property, data) {
        let Some(output) = stream.output.clone() else {
            return STATUS_NOT_SUPPORTED;
        };
        let info = ptr::read_unaligned(data.cast::<KSRTAUDIO_SETWRITEPACKET_INFO>());
        let s = output.get();
        let routine = (*(*s).lpVtbl).SetWritePacket;
        guest_call!(routine, s, info.PacketNumber, info.Flags, info.EosPacketLength) as NTSTATUS
    }

    /// At DISPATCH_LEVEL, as the audio engine may call it.
    fn position(stream, request, _property, data) {
        let mut position = KSAUDIO_POSITION::default();
        let s = stream.stream.get();
        let level = KfRaiseIrql(DISPATCH_LEVEL);
        let status = guest_call!((*(*s).lpVtbl).GetPosition, s, &raw mut position) as NTSTATUS;
        KeLowerIrql(level);
        if status < 0 {
            return status;
        }
        let bytes = stream.buffer.as_ref().map_or(u64::MAX, |b| u64::from(b.bytes));
        if position.PlayOffset > bytes || position.WriteOffset > bytes {
            violation(Rule::GetPosition, "GetPosition", format!("{position:?} in a buffer of {bytes} bytes"));
        }
        write_value(request, data, position)
    }
}
