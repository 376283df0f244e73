// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMiniportDMus`.

use super::descriptor::describe;
use super::object::{Class, vtable};
use super::port::{Allocator, Interface, MasterClock, Port};
use super::service::ServiceGroup;
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use arioso_core::ks::dmusicks::{
    DMUS_STREAM_MIDI_RENDER, DMUS_STREAM_TYPE, DONT_HOLD_FOR_SEQUENCING, IAllocatorMXF, IMXF,
    IMasterClock, IMiniportDMus, IMiniportDMusVtbl, IPortDMus,
};
use arioso_core::ks::ks::{KSDATAFORMAT, KSDATARANGE, KSDATARANGE_ATTRIBUTES};
use arioso_core::ks::portcls::{IResourceList, IServiceGroup, IUnknown, PCFILTER_DESCRIPTOR};
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_NOT_IMPLEMENTED, STATUS_SUCCESS};
use arioso_core::ks::{NTSTATUS, POOL_TYPE, PVOID};
use core::ptr::null_mut;

/// A stream as the port gets it: a reference to an object with an `IMXF` table, and the group that serves it.
pub struct NewStream(*mut IMXF, Option<ServiceGroup>);

impl NewStream {
    /// For a class whose table begins like `IMXFVtbl`; the class says so by its private interface list containing `IID_IMXF`.
    pub fn new<T: Class>(stream: super::object::ObjectRef<T>) -> Result<Self> {
        if !T::INTERFACES.contains(&arioso_core::ks::guid::IID_IMXF) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        Ok(Self(stream.into_unknown().cast(), None))
    }

    /// The group whose DPC calls `PutMessage(NULL)`.
    pub fn served_by(self, group: ServiceGroup) -> Self {
        Self(self.0, Some(group))
    }
}

/// What the port asks for in `NewStream`.
pub struct StreamRequest<'a> {
    pub pin: u32,
    /// `DMUS_STREAM_*`.
    pub kind: DMUS_STREAM_TYPE,
    /// The data format with everything behind it: `FormatSize` bytes, at least a `KSDATAFORMAT`.
    pub format: &'a [u8],
    pub allocator: Option<Allocator>,
    pub clock: Option<MasterClock>,
}

/// `IMiniportDMus`.
pub trait MiniportDMus {
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR;

    /// Keeps the port; it is released when the object goes. The miniport's service group.
    fn init(&self, passive: Passive, port: Port) -> Result<ServiceGroup>;

    fn new_stream(&self, passive: Passive, request: StreamRequest<'_>) -> Result<NewStream>;
}

/// Builds the vtable.
pub const fn miniport_dmus<T: Class + MiniportDMus>() -> IMiniportDMusVtbl {
    vtable!([Class, MiniportDMus] IMiniportDMus, IMiniportDMusVtbl for T {
        GetDescription |miniport, description: *mut *const PCFILTER_DESCRIPTOR| -> NTSTATUS {
            describe(description, miniport.description())
        }
        DataRangeIntersection |
            miniport, _pin: u32, _range: *const KSDATARANGE, _matching: *const KSDATARANGE, _length: u32, _format: PVOID,
            _format_length: *mut u32
        | -> NTSTATUS { STATUS_NOT_IMPLEMENTED }
        Init |
            miniport, _adapter: *mut IUnknown, _resources: *mut IResourceList, port: *mut IPortDMus,
            group: *mut *mut IServiceGroup
        | -> NTSTATUS {
            if !group.is_null() {
                group.write(null_mut());
            }
            match Interface::borrow(port) {
                Some(port) => match miniport.init(Passive::assume(), port) {
                    Ok(made) => {
                        if !group.is_null() {
                            group.write(made.into_raw());
                        }
                        STATUS_SUCCESS
                    }
                    Err(status) => status,
                },
                None => STATUS_INVALID_PARAMETER,
            }
        }
        Service |miniport| {}
        NewStream |
            miniport, stream: *mut *mut IMXF, outer: *mut IUnknown, _pool: POOL_TYPE, pin: u32, kind: DMUS_STREAM_TYPE,
            format: *const KSDATAFORMAT, group: *mut *mut IServiceGroup, allocator: *mut IAllocatorMXF,
            clock: *mut IMasterClock, prefetch: *mut u64
        | -> NTSTATUS {
            if stream.is_null() || group.is_null() || prefetch.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            stream.write(null_mut());
            group.write(null_mut());
            prefetch.write(0);
            let Some(format) = format_bytes(format) else {
                return STATUS_INVALID_PARAMETER;
            };
            if !outer.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            let request = StreamRequest {
                pin,
                kind,
                format,
                allocator: Interface::borrow(allocator),
                clock: Interface::borrow(clock),
            };
            match miniport.new_stream(Passive::assume(), request) {
                Ok(new) => {
                    // What is captured is due when it comes.
                    if kind == DMUS_STREAM_MIDI_RENDER {
                        prefetch.write(DONT_HOLD_FOR_SEQUENCING);
                    }
                    stream.write(new.0);
                    if let Some(made) = new.1 {
                        group.write(made.into_raw());
                    }
                    STATUS_SUCCESS
                }
                Err(status) => status,
            }
        }
    })
}

/// The list of attributes behind a data format: a `KSMULTIPLE_ITEM` and what it counts. None if there is none.
///
/// # Safety
/// `format` is a format of `FormatSize` bytes, and of the list behind it if its flags say so; both live for `'a`.
pub(super) unsafe fn format_attributes<'a>(format: *const KSDATAFORMAT) -> &'a [u8] {
    // SAFETY: the caller's promise: PortCls has checked that the list lies in the client's request.
    unsafe {
        let Some(head) = format.as_ref() else {
            return &[];
        };
        if head.Flags & KSDATARANGE_ATTRIBUTES == 0 {
            return &[];
        }
        let at = (head.FormatSize as usize).next_multiple_of(8);
        let list = format.cast::<u8>().add(at);
        let size = list.cast::<u32>().read_unaligned() as usize;
        core::slice::from_raw_parts(list, size)
    }
}

/// The bytes of a data format.
///
/// # Safety
/// `format` is null or a format of `FormatSize` bytes that lives for `'a`.
pub(super) unsafe fn format_bytes<'a>(format: *const KSDATAFORMAT) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise; a format that tells less than its own size is refused.
    unsafe {
        let size = (*format.as_ref()?).FormatSize as usize;
        if size < size_of::<KSDATAFORMAT>() {
            return None;
        }
        Some(core::slice::from_raw_parts(format.cast(), size))
    }
}
