// SPDX-License-Identifier: MIT OR Apache-2.0
//! `KsPropertyHandler`: the property protocol of `ks.sys`. User buffers are copied once, the handlers see kernel memory.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;

use crate::guest_call;
use crate::modules::irp;
use crate::nt::{IRP, NTSTATUS};

/// Bytes of a property request without instance data.
pub const PROPERTY_SIZE: usize = size_of::<KSPROPERTY>();
const ITEM: usize = 3;
const SET: usize = 0;

/// The item that matched, for handlers that serve many (`KSPROPERTY_ITEM_IRP_STORAGE`).
pub unsafe fn item_of(request: *mut IRP) -> *const KSPROPERTY_ITEM {
    // SAFETY: the caller holds a property request that `KsPropertyHandler` dispatched.
    unsafe { irp::driver_context(request, ITEM) as *const KSPROPERTY_ITEM }
}

/// Answers a property request from property sets.
pub unsafe extern "efiapi" fn KsPropertyHandler(
    request: *mut IRP,
    count: u32,
    sets: *const KSPROPERTY_SET,
) -> NTSTATUS {
    // SAFETY: same contract.
    unsafe { KsPropertyHandlerWithAllocator(request, count, sets, ptr::null(), 0) }
}

/// `item_size` is the stride of the item tables: a caller may append fields of its own to KSPROPERTY_ITEM. 0 means none.
/// A caller's allocator is not supported and ignored: the request's buffer always comes from the pool.
pub unsafe extern "efiapi" fn KsPropertyHandlerWithAllocator(
    request: *mut IRP,
    count: u32,
    sets: *const KSPROPERTY_SET,
    _allocator: *const c_void,
    item_size: u32,
) -> NTSTATUS {
    // SAFETY: the I/O manager's request; `sets` has `count` entries by contract.
    unsafe {
        irp::set_information(request, 0);
        let buffers = match capture(request) {
            Ok(buffers) => buffers,
            Err(status) => return status,
        };
        let sets = irp::slice(sets, count as usize);
        let stride = if item_size == 0 {
            size_of::<KSPROPERTY_ITEM>()
        } else {
            item_size as usize
        };
        dispatch(request, &buffers, sets, stride)
    }
}

/// Kernel copies of a property request.
struct Buffers {
    property: *mut KSPROPERTY,
    input: usize,
    data: *mut c_void,
    output: usize,
}

/// Copies `KSPROPERTY` + instance and, for a set, the value. The buffer hangs on the request and is copied back on completion.
unsafe fn capture(request: *mut IRP) -> Result<Buffers, NTSTATUS> {
    // SAFETY: user addresses are only touched through the checked copies; the pool block has room for both parts.
    unsafe {
        let input = irp::input_length(request);
        let output = irp::output_length(request);
        if input < PROPERTY_SIZE {
            return Err(STATUS_INVALID_BUFFER_SIZE);
        }
        let gap = output.next_multiple_of(8);
        let mut system = irp::system_buffer(request);
        if system.is_null() {
            system = irp::allocate(gap + input);
            if system.is_null() {
                return Err(STATUS_INSUFFICIENT_RESOURCES);
            }
            ptr::write_bytes(system.cast::<u8>(), 0, gap);
            let property = system.cast::<u8>().add(gap);
            let mut status = irp::copy_in(request, irp::type3_input(request), property, input);
            let flags = ptr::read_unaligned(&raw const (*property.cast::<KSPROPERTY>()).Flags);
            if status >= 0 && output > 0 {
                let user = irp::user_buffer(request);
                status = if flags & KSPROPERTY_TYPE_SET != 0 {
                    irp::copy_in(request, user, system.cast(), output)
                } else {
                    irp::probe_write(request, user, output)
                };
            }
            if status < 0 {
                irp::free(system);
                return Err(status);
            }
            irp::attach_buffer(
                request,
                system,
                output > 0 && flags & KSPROPERTY_TYPE_SET == 0,
            );
        }
        let data = if output == 0 { ptr::null_mut() } else { system };
        Ok(Buffers {
            property: system.cast::<u8>().add(gap).cast(),
            input,
            data,
            output,
        })
    }
}

unsafe fn dispatch(
    request: *mut IRP,
    buffers: &Buffers,
    sets: &[KSPROPERTY_SET],
    stride: usize,
) -> NTSTATUS {
    // SAFETY: `capture` made the buffers; the tables are the caller's.
    unsafe {
        let property = &*buffers.property;
        let verb = property.Flags & !KSPROPERTY_TYPE_TOPOLOGY;
        if verb.count_ones() != 1 {
            return STATUS_INVALID_PARAMETER;
        }
        let Some(set) = sets.iter().find(|set| *set.Set == property.Set) else {
            return STATUS_PROPSET_NOT_FOUND;
        };
        if verb == KSPROPERTY_TYPE_SETSUPPORT {
            return STATUS_SUCCESS;
        }
        let Some(item) = find(set, stride, property.Id) else {
            return STATUS_NOT_FOUND;
        };
        if buffers.input < (*item).MinProperty as usize {
            return STATUS_INVALID_BUFFER_SIZE;
        }
        irp::set_driver_context(request, SET, ptr::from_ref(set) as *mut c_void);
        irp::set_driver_context(request, ITEM, item as *mut c_void);
        match verb {
            KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET => access(request, buffers, &*item, verb),
            KSPROPERTY_TYPE_BASICSUPPORT => support(request, buffers, &*item),
            KSPROPERTY_TYPE_RELATIONS => relations(request, buffers, &*item),
            _ => STATUS_INVALID_PARAMETER,
        }
    }
}

unsafe fn find(set: &KSPROPERTY_SET, stride: usize, id: u32) -> Option<*const KSPROPERTY_ITEM> {
    // SAFETY: `PropertyItem` has `PropertiesCount` entries of `stride` bytes.
    unsafe {
        (0..set.PropertiesCount as usize)
            .map(|i| set.PropertyItem.byte_add(i * stride))
            .find(|&item| (*item).PropertyId == id)
    }
}

unsafe fn access(
    request: *mut IRP,
    buffers: &Buffers,
    item: &KSPROPERTY_ITEM,
    verb: u32,
) -> NTSTATUS {
    let handler = if verb == KSPROPERTY_TYPE_GET {
        item.GetPropertyHandler
    } else {
        item.SetPropertyHandler
    };
    let Some(handler) = handler else {
        return STATUS_NOT_FOUND;
    };
    let least = item.MinData as usize;
    // SAFETY: buffers are kernel copies of the sizes promised.
    unsafe {
        if buffers.output < least {
            irp::set_information(request, least);
            return if buffers.output == 0 {
                STATUS_BUFFER_OVERFLOW
            } else {
                STATUS_BUFFER_TOO_SMALL
            };
        }
        if verb == KSPROPERTY_TYPE_GET {
            irp::set_information(request, least);
        }
        guest_call!(handler, request, buffers.property, buffers.data) as NTSTATUS
    }
}

unsafe fn support(request: *mut IRP, buffers: &Buffers, item: &KSPROPERTY_ITEM) -> NTSTATUS {
    // SAFETY: as in `access`.
    unsafe {
        if let Some(handler) = item.SupportHandler {
            let status = guest_call!(handler, request, buffers.property, buffers.data) as NTSTATUS;
            if status != STATUS_NOT_FOUND {
                return status;
            }
        }
        let mut flags = KSPROPERTY_TYPE_BASICSUPPORT;
        if item.GetPropertyHandler.is_some() {
            flags |= KSPROPERTY_TYPE_GET;
        }
        if item.SetPropertyHandler.is_some() {
            flags |= KSPROPERTY_TYPE_SET;
        }
        let types = item
            .Values
            .as_ref()
            .map_or(core::mem::zeroed(), |values| values.PropTypeSet);
        let (status, information) = write_support(buffers.data, buffers.output, flags, types);
        irp::set_information(request, information);
        status
    }
}

/// Default basic support: a ULONG of access flags, or a KSPROPERTY_DESCRIPTION without members.
///
/// # Safety
/// `data` has `length` bytes and is 8-aligned.
pub unsafe fn write_support(
    data: *mut c_void,
    length: usize,
    flags: u32,
    types: KSIDENTIFIER,
) -> (NTSTATUS, usize) {
    const DESCRIPTION: usize = size_of::<KSPROPERTY_DESCRIPTION>();
    // SAFETY: lengths are checked before each write.
    unsafe {
        if length >= DESCRIPTION {
            let mut description: KSPROPERTY_DESCRIPTION = core::mem::zeroed();
            description.AccessFlags = flags;
            description.DescriptionSize = DESCRIPTION as u32;
            description.PropTypeSet = types;
            ptr::write_unaligned(data.cast(), description);
            (STATUS_SUCCESS, DESCRIPTION)
        } else if length >= 4 {
            ptr::write_unaligned(data.cast(), flags);
            (STATUS_SUCCESS, 4)
        } else if length == 0 {
            (STATUS_BUFFER_OVERFLOW, DESCRIPTION)
        } else {
            (STATUS_BUFFER_TOO_SMALL, 0)
        }
    }
}

unsafe fn relations(request: *mut IRP, buffers: &Buffers, item: &KSPROPERTY_ITEM) -> NTSTATUS {
    // SAFETY: `Relations` has `RelationsCount` identifiers.
    unsafe {
        let list = irp::slice(
            item.Relations.cast::<u8>(),
            item.RelationsCount as usize * PROPERTY_SIZE,
        );
        write_list(request, buffers.data, list, item.RelationsCount)
    }
}

/// Answers with a KSMULTIPLE_ITEM and `body`, by the rules for lists: 0 bytes ask for the size, 4 bytes get `Size`.
///
/// # Safety
/// `data` is the request's value buffer.
pub unsafe fn write_list(
    request: *mut IRP,
    data: *mut c_void,
    body: &[u8],
    count: u32,
) -> NTSTATUS {
    const HEADER: usize = size_of::<KSMULTIPLE_ITEM>();
    // SAFETY: `output_length` is the size of `data`.
    unsafe {
        let room = irp::output_length(request);
        let need = HEADER + body.len();
        irp::set_information(request, need);
        if room == 0 {
            return STATUS_BUFFER_OVERFLOW;
        }
        if room == 4 {
            ptr::write_unaligned(data.cast(), need as u32);
            irp::set_information(request, 4);
            return STATUS_SUCCESS;
        }
        if room < need {
            irp::set_information(request, 0);
            return STATUS_BUFFER_TOO_SMALL;
        }
        ptr::write_unaligned(
            data.cast(),
            KSMULTIPLE_ITEM {
                Size: need as u32,
                Count: count,
            },
        );
        ptr::copy_nonoverlapping(body.as_ptr(), data.cast::<u8>().add(HEADER), body.len());
        STATUS_SUCCESS
    }
}

/// Answers with one plain value.
///
/// # Safety
/// `data` is the request's value buffer, `T` has no padding.
pub unsafe fn write_value<T: Copy>(request: *mut IRP, data: *mut c_void, value: T) -> NTSTATUS {
    let need = size_of::<T>();
    // SAFETY: checked against the buffer's length.
    unsafe {
        irp::set_information(request, need);
        match irp::output_length(request) {
            0 => STATUS_BUFFER_OVERFLOW,
            room if room < need => {
                irp::set_information(request, 0);
                STATUS_BUFFER_TOO_SMALL
            }
            _ => {
                ptr::write_unaligned(data.cast(), value);
                STATUS_SUCCESS
            }
        }
    }
}
