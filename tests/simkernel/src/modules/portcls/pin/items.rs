// SPDX-License-Identifier: MIT OR Apache-2.0
//! Properties that the port itself implements on pins.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;

use super::super::filter;
use super::super::handle::Handle;
use super::super::miniport::Class;
use super::super::property::{PortHandler, PortItem};
use super::super::wave_rt;
use super::Pin;
use crate::modules::irp;
use crate::modules::ks::property::write_value;
use crate::nt::{IRP, NTSTATUS};

const FORMAT: usize = size_of::<KSDATAFORMAT>();

/// By the class of the port.
pub fn items(class: Class) -> Vec<PortItem> {
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
    let mut items = vec![
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
    ];
    match class {
        Class::DMus | Class::Midi => items.push(item(
            KSPROPSETID_SynthClock,
            0,
            Some(filter::master_clock),
            None,
            size_of::<u64>(),
        )),
        Class::WaveRt => items.extend(wave_rt::items()),
        Class::Topology => {}
    }
    items
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

/// Setting the present format succeeds; for another one a WaveRT stream is asked.
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
        Pin::set_format(Handle::pin(irp::file(request)), format)
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
