// SPDX-License-Identifier: MIT OR Apache-2.0
//! Property requests.

use super::object::{Class, ObjectRef};
use crate::kernel::driver::is_32bit;
use crate::kernel::irql::Passive;
use arioso_core::ks::portcls::{PCPROPERTY_ITEM, PCPROPERTY_REQUEST};
use arioso_core::ks::status::STATUS_INVALID_PARAMETER;
use arioso_core::ks::{GUID, NTSTATUS};
use arioso_core::property::Answer;

/// A property request, with its memory as slices.
pub struct Request<'a> {
    pub passive: Passive,
    /// Property set and item.
    pub set: GUID,
    pub id: u32,
    /// `KSPROPERTY_TYPE_*` bits.
    pub verb: u32,
    /// What follows the `KSPROPERTY` or `KSNODEPROPERTY`.
    pub instance: &'a [u8],
    /// The data buffer.
    pub value: &'a mut [u8],
    /// The requester has 32-bit pointers.
    pub is_32bit: bool,
    major: *mut core::ffi::c_void,
    minor: *mut core::ffi::c_void,
}

impl Request<'_> {
    /// The miniport, if it is of this class.
    pub fn miniport<T: Class>(&self) -> Option<ObjectRef<T>> {
        // SAFETY: PortCls hands back the miniport's IUnknown.
        unsafe { ObjectRef::identify(self.major) }
    }

    /// The pin's stream, if the request goes to a pin with a stream of this class.
    pub fn stream<T: Class>(&self) -> Option<ObjectRef<T>> {
        // SAFETY: PortCls hands back the stream's IUnknown, or null.
        unsafe { ObjectRef::identify(self.minor) }
    }
}

/// What answers property requests.
pub trait Handler {
    fn handle(request: Request<'_>) -> Answer;
}

/// The entry of a property table.
pub const fn item<H: Handler>(set: &'static GUID, id: u32, verbs: u32) -> PCPROPERTY_ITEM {
    PCPROPERTY_ITEM {
        Set: set,
        Id: id,
        Flags: verbs,
        Handler: Some(handle::<H>),
    }
}

unsafe extern "efiapi" fn handle<H: Handler>(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS {
    // SAFETY: PortCls calls at PASSIVE_LEVEL with a request whose buffers have the sizes that it tells; the item is the one of our
    // table. Value and instance are separate buffers.
    unsafe {
        let Some(raw) = request.as_mut() else {
            return STATUS_INVALID_PARAMETER;
        };
        let Some(item) = raw.PropertyItem.as_ref() else {
            return STATUS_INVALID_PARAMETER;
        };
        if item.Set.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        let answer = H::handle(Request {
            passive: Passive::assume(),
            set: item.Set.read_unaligned(),
            id: item.Id,
            verb: raw.Verb,
            instance: bytes(raw.Instance.cast(), raw.InstanceSize),
            value: bytes_mut(raw.Value.cast(), raw.ValueSize),
            is_32bit: is_32bit(raw.Irp.cast()),
            major: raw.MajorTarget.cast(),
            minor: raw.MinorTarget.cast(),
        });
        raw.ValueSize = answer.size as u32;
        answer.status
    }
}

unsafe fn bytes<'a>(start: *const u8, len: u32) -> &'a [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise: `len` valid bytes.
    unsafe { core::slice::from_raw_parts(start, len as usize) }
}

unsafe fn bytes_mut<'a>(start: *mut u8, len: u32) -> &'a mut [u8] {
    if start.is_null() {
        return &mut [];
    }
    // SAFETY: the caller's promise: `len` valid bytes that nobody else uses.
    unsafe { core::slice::from_raw_parts_mut(start, len as usize) }
}
