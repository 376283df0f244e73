// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMiniportMidi` and `IMiniportMidiStream`.

use super::descriptor::describe;
use super::miniport::format_bytes;
use super::object::{Class, ObjectRef, vtable};
use super::port::Interface;
use super::service::{PortMidi, ServiceGroup};
use crate::kernel::irql::Passive;
use crate::kernel::{Result, status};
use arioso_core::ks::ks::{KSDATAFORMAT, KSDATARANGE, KSSTATE};
use arioso_core::ks::portcls::{
    IMiniportMidi, IMiniportMidiStream, IMiniportMidiStreamVtbl, IMiniportMidiVtbl, IPortMidi,
    IResourceList, IServiceGroup, IUnknown, PCFILTER_DESCRIPTOR,
};
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_NOT_IMPLEMENTED, STATUS_SUCCESS};
use arioso_core::ks::{BOOLEAN, NTSTATUS, POOL_TYPE, PVOID};
use core::ptr::null_mut;

/// `IMiniportMidi`.
pub trait MiniportMidi {
    type Stream: Class + MidiStream;

    fn description(&self) -> &'static PCFILTER_DESCRIPTOR;

    /// Keeps the port; it is released when the object goes. The miniport's service group.
    fn init(&self, passive: Passive, port: PortMidi) -> Result<ServiceGroup>;

    /// `format` as in [`MidiStream::set_format`].
    fn new_stream(
        &self,
        passive: Passive,
        pin: u32,
        capture: bool,
        format: &[u8],
    ) -> Result<(ObjectRef<Self::Stream>, ServiceGroup)>;
}

/// `IMiniportMidiStream`: raw bytes.
pub trait MidiStream {
    /// The data format with everything behind it: `FormatSize` bytes, at least a `KSDATAFORMAT`.
    fn set_format(&self, passive: Passive, format: &[u8]) -> Result;

    fn set_state(&self, passive: Passive, state: KSSTATE) -> Result;

    /// Captured bytes; how many. `DISPATCH_LEVEL` or below.
    fn read(&self, bytes: &mut [u8]) -> Result<usize>;

    /// How many bytes were taken: all, or a multiple of four. `DISPATCH_LEVEL` or below.
    fn write(&self, bytes: &[u8]) -> Result<usize>;
}

/// Builds the miniport's vtable.
pub const fn miniport_midi<T: Class + MiniportMidi>() -> IMiniportMidiVtbl {
    vtable!([Class, MiniportMidi] IMiniportMidi, IMiniportMidiVtbl for T {
        GetDescription |miniport, description: *mut *const PCFILTER_DESCRIPTOR| -> NTSTATUS {
            describe(description, miniport.description())
        }
        DataRangeIntersection |
            miniport, _pin: u32, _range: *const KSDATARANGE, _matching: *const KSDATARANGE, _length: u32, _format: PVOID,
            _format_length: *mut u32
        | -> NTSTATUS { STATUS_NOT_IMPLEMENTED }
        Init |
            miniport, _adapter: *mut IUnknown, _resources: *mut IResourceList, port: *mut IPortMidi,
            group: *mut *mut IServiceGroup
        | -> NTSTATUS {
            if group.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            group.write(null_mut());
            let Some(port) = Interface::borrow(port) else {
                return STATUS_INVALID_PARAMETER;
            };
            match miniport.init(Passive::assume(), port) {
                Ok(made) => {
                    group.write(made.into_raw());
                    STATUS_SUCCESS
                }
                Err(status) => status,
            }
        }
        Service |miniport| {}
        NewStream |
            miniport, stream: *mut *mut IMiniportMidiStream, outer: *mut IUnknown, _pool: POOL_TYPE, pin: u32,
            capture: BOOLEAN, format: *const KSDATAFORMAT, group: *mut *mut IServiceGroup
        | -> NTSTATUS {
            if stream.is_null() || group.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            stream.write(null_mut());
            group.write(null_mut());
            let Some(format) = format_bytes(format) else {
                return STATUS_INVALID_PARAMETER;
            };
            if !outer.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            match miniport.new_stream(Passive::assume(), pin, capture != 0, format) {
                Ok((new, served_by)) => {
                    stream.write(new.into_unknown().cast());
                    group.write(served_by.into_raw());
                    STATUS_SUCCESS
                }
                Err(status) => status,
            }
        }
    })
}

/// Builds a stream's vtable.
pub const fn midi_stream<T: Class + MidiStream>() -> IMiniportMidiStreamVtbl {
    vtable!([Class, MidiStream] IMiniportMidiStream, IMiniportMidiStreamVtbl for T {
        SetFormat |stream, format: *const KSDATAFORMAT| -> NTSTATUS {
            match format_bytes(format) {
                Some(format) => status(stream.set_format(Passive::assume(), format)),
                None => STATUS_INVALID_PARAMETER,
            }
        }
        SetState |stream, state: KSSTATE| -> NTSTATUS { status(stream.set_state(Passive::assume(), state)) }
        Read |stream, buffer: PVOID, length: u32, read: *mut u32| -> NTSTATUS {
            if read.is_null() || buffer.is_null() && length != 0 {
                return STATUS_INVALID_PARAMETER;
            }
            read.write(0);
            let bytes = match length {
                0 => &mut [],
                _ => core::slice::from_raw_parts_mut(buffer.cast::<u8>(), length as usize),
            };
            count(stream.read(bytes), read)
        }
        Write |stream, buffer: PVOID, length: u32, written: *mut u32| -> NTSTATUS {
            if written.is_null() || buffer.is_null() && length != 0 {
                return STATUS_INVALID_PARAMETER;
            }
            written.write(0);
            let bytes = match length {
                0 => &[],
                _ => core::slice::from_raw_parts(buffer.cast::<u8>().cast_const(), length as usize),
            };
            count(stream.write(bytes), written)
        }
    })
}

/// Writes a count through a pointer of the port's.
///
/// # Safety
/// `to` is valid.
unsafe fn count(result: Result<usize>, to: *mut u32) -> NTSTATUS {
    match result {
        Ok(count) => {
            // SAFETY: the caller's promise. No more than the length, which has 32 bits.
            unsafe { to.write(count as u32) };
            STATUS_SUCCESS
        }
        Err(status) => status,
    }
}
