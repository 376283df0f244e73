// SPDX-License-Identifier: MIT OR Apache-2.0
//! Device and object headers, create items, and `KsDispatchIrp`, which routes a request to the object that it is for.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::ks::{
    IOCTL_KS_DISABLE_EVENT, IOCTL_KS_ENABLE_EVENT, IOCTL_KS_METHOD, IOCTL_KS_PROPERTY,
    IOCTL_KS_RESET_STATE, PDRIVER_DISPATCH as KS_DISPATCH,
};
use arioso_core::ks::status::*;

use super::types::*;
use crate::guest_call;
use crate::modules::{irp, thunk};
use crate::nt::status::STATUS_ALLOTTED_SPACE_EXCEEDED;
use crate::nt::*;
use crate::nt::{NTSTATUS, PDRIVER_DISPATCH};

/// KSCREATE_ITEM_IRP_STORAGE.
const CREATE_ITEM: usize = 0;

/// What `KsAllocateDeviceHeader` makes; its address is the first pointer of the device extension.
struct DeviceHeader {
    items: *mut KSOBJECT_CREATE_ITEM,
    count: usize,
    pdo: *mut DEVICE_OBJECT,
    next: *mut DEVICE_OBJECT,
}

/// What `KsAllocateObjectHeader` makes; its address is the first pointer of `FsContext`.
struct ObjectHeader {
    table: *const KSDISPATCH_TABLE,
    items: *const KSOBJECT_CREATE_ITEM,
    count: usize,
}

unsafe fn device_header<'a>(device: *mut DEVICE_OBJECT) -> Option<&'a mut DeviceHeader> {
    // SAFETY: the first pointer of a KS device's extension is its header or null.
    unsafe { (*(*device).DeviceExtension.cast::<*mut DeviceHeader>()).as_mut() }
}

unsafe fn object_header<'a>(file: *mut FILE_OBJECT) -> Option<&'a ObjectHeader> {
    // SAFETY: FsContext of a KS object is null or points at the header's address.
    unsafe {
        (*file)
            .FsContext
            .cast::<*const ObjectHeader>()
            .as_ref()?
            .as_ref()
    }
}

/// A device header with create items.
pub unsafe extern "efiapi" fn KsAllocateDeviceHeader(
    header: *mut *mut c_void,
    count: u32,
    items: *mut KSOBJECT_CREATE_ITEM,
) -> NTSTATUS {
    let new = DeviceHeader {
        items,
        count: count as usize,
        pdo: ptr::null_mut(),
        next: ptr::null_mut(),
    };
    // SAFETY: an out parameter.
    unsafe { *header = Box::into_raw(Box::new(new)).cast() };
    STATUS_SUCCESS
}

/// Frees it.
pub unsafe extern "efiapi" fn KsFreeDeviceHeader(header: *mut c_void) {
    // SAFETY: made by KsAllocateDeviceHeader.
    drop(unsafe { Box::from_raw(header.cast::<DeviceHeader>()) });
}

/// Tells a device header which physical and which lower device it has.
pub unsafe extern "efiapi" fn KsSetDevicePnpAndBaseObject(
    header: *mut c_void,
    pdo: *mut DEVICE_OBJECT,
    base: *mut DEVICE_OBJECT,
) {
    // SAFETY: made by KsAllocateDeviceHeader.
    unsafe {
        (*header.cast::<DeviceHeader>()).pdo = pdo;
        (*header.cast::<DeviceHeader>()).next = base;
    }
}

/// The physical device of a device header.
pub unsafe extern "efiapi" fn KsQueryDevicePnpObject(header: *mut c_void) -> *mut DEVICE_OBJECT {
    // SAFETY: made by KsAllocateDeviceHeader.
    unsafe { (*header.cast::<DeviceHeader>()).pdo }
}

/// Fills the first free create item of the device.
pub unsafe extern "efiapi" fn KsAddObjectCreateItemToDeviceHeader(
    header: *mut c_void,
    create: Option<KS_DISPATCH>,
    context: *mut c_void,
    class: *const u16,
    security: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a header of KsAllocateDeviceHeader; the class string outlives the item by contract.
    unsafe {
        let header = &mut *header.cast::<DeviceHeader>();
        let length = (0..).take_while(|&i| *class.add(i) != 0).count();
        let item = KSOBJECT_CREATE_ITEM {
            Create: create,
            Context: context,
            ObjectClass: ks_string(core::slice::from_raw_parts(class, length)),
            SecurityDescriptor: security,
            Flags: 0,
        };
        for i in 0..header.count {
            let slot = header.items.add(i);
            if (*slot).Create.is_none() {
                *slot = item;
                return STATUS_SUCCESS;
            }
        }
        STATUS_ALLOTTED_SPACE_EXCEEDED
    }
}

/// An object header with create items and dispatch table.
pub unsafe extern "efiapi" fn KsAllocateObjectHeader(
    header: *mut *mut c_void,
    count: u32,
    items: *const KSOBJECT_CREATE_ITEM,
    _irp: *mut IRP,
    table: *const KSDISPATCH_TABLE,
) -> NTSTATUS {
    // SAFETY: an out parameter.
    unsafe {
        *header = Box::into_raw(Box::new(ObjectHeader {
            table,
            items,
            count: count as usize,
        }))
        .cast()
    };
    STATUS_SUCCESS
}

/// Frees it.
pub unsafe extern "efiapi" fn KsFreeObjectHeader(header: *mut c_void) {
    // SAFETY: made by KsAllocateObjectHeader.
    drop(unsafe { Box::from_raw(header.cast::<ObjectHeader>()) });
}

/// Points a driver's major function at [`KsDispatchIrp`].
pub unsafe extern "efiapi" fn KsSetMajorFunctionHandler(
    driver: *mut DRIVER_OBJECT,
    major: u32,
) -> NTSTATUS {
    const HANDLED: [u8; 7] = [
        IRP_MJ_CREATE,
        IRP_MJ_CLOSE,
        IRP_MJ_READ,
        IRP_MJ_WRITE,
        IRP_MJ_FLUSH_BUFFERS,
        IRP_MJ_DEVICE_CONTROL,
        IRP_MJ_QUERY_SECURITY,
    ];
    if !HANDLED.iter().any(|&m| u32::from(m) == major) && major != u32::from(IRP_MJ_SET_SECURITY) {
        return STATUS_INVALID_PARAMETER;
    }
    let entry = thunk::code(
        super::MODULE,
        "KsDispatchIrp",
        KsDispatchIrp as *const () as usize,
        DISPATCH_LEVEL,
    );
    // SAFETY: the driver's own object; `major` is in range; the entry has the type of a dispatch routine.
    unsafe {
        (*driver).MajorFunction[major as usize] =
            Some(core::mem::transmute::<usize, PDRIVER_DISPATCH>(entry))
    };
    STATUS_SUCCESS
}

/// Create requests go to the create item of the parent object, everything else to the object's own table.
pub unsafe extern "efiapi" fn KsDispatchIrp(
    device: *mut DEVICE_OBJECT,
    request: *mut IRP,
) -> NTSTATUS {
    // SAFETY: a request of the I/O manager for a KS device.
    unsafe {
        let stack = &*irp::stack(request);
        if stack.MajorFunction == IRP_MJ_CREATE {
            return create(device, request, stack.FileObject);
        }
        let Some(header) = object_header(stack.FileObject) else {
            return irp::complete(request, STATUS_INVALID_DEVICE_REQUEST);
        };
        let table = &*header.table;
        let routine = match stack.MajorFunction {
            IRP_MJ_CLOSE => table.Close,
            IRP_MJ_READ => table.Read,
            IRP_MJ_WRITE => table.Write,
            IRP_MJ_FLUSH_BUFFERS => table.Flush,
            IRP_MJ_DEVICE_CONTROL => table.DeviceIoControl,
            IRP_MJ_QUERY_SECURITY => table.QuerySecurity,
            IRP_MJ_SET_SECURITY => table.SetSecurity,
            _ => None,
        };
        match routine {
            Some(routine) => guest_call!(routine, device, request) as NTSTATUS,
            None => KsDispatchInvalidDeviceRequest(device, request),
        }
    }
}

unsafe fn create(
    device: *mut DEVICE_OBJECT,
    request: *mut IRP,
    file: *mut FILE_OBJECT,
) -> NTSTATUS {
    // SAFETY: names are counted strings; items belong to live headers.
    unsafe {
        let name: Vec<u16> = (*file)
            .FileName
            .units()
            .iter()
            .copied()
            .skip_while(|&c| c == u16::from(b'\\'))
            .collect();
        let class = name.split(|&c| c == u16::from(b'\\')).next().unwrap_or(&[]);
        let related = (*file).RelatedFileObject;
        let item = if related.is_null() {
            let Some(header) = device_header(device) else {
                return irp::complete(request, STATUS_INVALID_DEVICE_REQUEST);
            };
            find(irp::slice(header.items.cast_const(), header.count), class)
        } else {
            match object_header(related) {
                Some(header) => find(irp::slice(header.items, header.count), class),
                None => None,
            }
        };
        let Some((item, routine)) = item else {
            return irp::complete(request, STATUS_OBJECT_NAME_NOT_FOUND);
        };
        irp::set_driver_context(request, CREATE_ITEM, item as *mut c_void);
        guest_call!(routine, device, request) as NTSTATUS
    }
}

fn ks_string(text: &[u16]) -> arioso_core::ks::ks::UNICODE_STRING {
    let bytes = size_of_val(text) as u16;
    arioso_core::ks::ks::UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: text.as_ptr().cast_mut(),
    }
}

fn find(
    items: &[KSOBJECT_CREATE_ITEM],
    class: &[u16],
) -> Option<(*const KSOBJECT_CREATE_ITEM, KS_DISPATCH)> {
    let lower = |c: &u16| u8::try_from(*c).map_or(*c, |b| u16::from(b.to_ascii_lowercase()));
    items
        .iter()
        .find(|item| {
            // SAFETY: a counted string.
            let name = unsafe {
                irp::slice(
                    item.ObjectClass.Buffer.cast_const(),
                    item.ObjectClass.Length as usize / 2,
                )
            };
            item.Create.is_some() && name.iter().map(lower).eq(class.iter().map(lower))
        })
        .and_then(|item| Some((ptr::from_ref(item), item.Create?)))
}

/// The create item that a create request was routed by.
pub unsafe fn create_item(request: *mut IRP) -> *const KSOBJECT_CREATE_ITEM {
    // SAFETY: a create request in its create routine.
    unsafe { irp::driver_context(request, CREATE_ITEM) as *const KSOBJECT_CREATE_ITEM }
}

/// Completes a request as invalid.
pub unsafe extern "efiapi" fn KsDispatchInvalidDeviceRequest(
    _device: *mut DEVICE_OBJECT,
    request: *mut IRP,
) -> NTSTATUS {
    // SAFETY: the request is ours to complete.
    unsafe { irp::complete(request, STATUS_INVALID_DEVICE_REQUEST) }
}

/// Completes what a KS object does not know: KS codes with the status for it, all others as invalid.
pub unsafe extern "efiapi" fn KsDefaultDeviceIoCompletion(
    _device: *mut DEVICE_OBJECT,
    request: *mut IRP,
) -> NTSTATUS {
    // SAFETY: a device-control request.
    unsafe {
        let status = match irp::code(request) {
            IOCTL_KS_PROPERTY | IOCTL_KS_ENABLE_EVENT | IOCTL_KS_METHOD => STATUS_PROPSET_NOT_FOUND,
            IOCTL_KS_DISABLE_EVENT => STATUS_NOT_FOUND,
            IOCTL_KS_RESET_STATE => STATUS_SUCCESS,
            _ => STATUS_INVALID_DEVICE_REQUEST,
        };
        irp::complete(request, status)
    }
}

/// False: the caller makes a request.
pub unsafe extern "efiapi" fn KsDispatchFastIoDeviceControlFailure(
    _file: *mut FILE_OBJECT,
    _wait: u8,
    _input: *mut c_void,
    _input_length: u32,
    _output: *mut c_void,
    _output_length: u32,
    _code: u32,
    _status: *mut IO_STATUS_BLOCK,
    _device: *mut DEVICE_OBJECT,
) -> u8 {
    0
}

/// False: the caller makes a request.
pub unsafe extern "efiapi" fn KsDispatchFastReadFailure(
    _file: *mut FILE_OBJECT,
    _offset: *mut i64,
    _length: u32,
    _wait: u8,
    _key: u32,
    _buffer: *mut c_void,
    _status: *mut IO_STATUS_BLOCK,
    _device: *mut DEVICE_OBJECT,
) -> u8 {
    0
}

/// IOCTL_KS_RESET_STATE's argument, a KSRESET.
pub unsafe extern "efiapi" fn KsAcquireResetValue(request: *mut IRP, value: *mut u32) -> NTSTATUS {
    // SAFETY: a device-control request; the user's buffer is copied with checks.
    unsafe {
        if irp::input_length(request) < size_of::<u32>() {
            return STATUS_INVALID_BUFFER_SIZE;
        }
        let mut reset = 0u32;
        let status = irp::copy_in(
            request,
            irp::type3_input(request),
            (&raw mut reset).cast(),
            size_of::<u32>(),
        );
        if status >= 0 {
            if reset > 1 {
                return STATUS_INVALID_PARAMETER;
            }
            *value = reset;
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "efiapi" fn create(_: *mut c_void, _: *mut c_void) -> NTSTATUS {
        STATUS_SUCCESS
    }

    /// "STATUS_SUCCESS if an empty slot was found […] STATUS_ALLOTTED_SPACE_EXCEEDED": without slots none is empty.
    #[test]
    fn an_item_needs_an_empty_slot() {
        let name = wide("name");
        for slots in 0..3 {
            // SAFETY: all-zero items are empty slots; header and items live to the end.
            unsafe {
                let mut items: Vec<KSOBJECT_CREATE_ITEM> =
                    (0..slots).map(|_| core::mem::zeroed()).collect();
                let mut header = ptr::null_mut();
                KsAllocateDeviceHeader(&mut header, slots, items.as_mut_ptr());
                let add = || {
                    KsAddObjectCreateItemToDeviceHeader(
                        header,
                        Some(create),
                        ptr::null_mut(),
                        name.as_ptr(),
                        ptr::null_mut(),
                    )
                };
                for _ in 0..slots {
                    assert_eq!(add(), STATUS_SUCCESS);
                }
                assert_eq!(add(), STATUS_ALLOTTED_SPACE_EXCEEDED);
                KsFreeDeviceHeader(header);
            }
        }
    }
}
