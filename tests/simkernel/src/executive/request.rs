// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests made by drivers with IoBuild…, and by clients.

use super::irp::{IoCancelIrp, IofCallDriver, Origin, Outcome, REQUESTS, finish, info, new_irp};
use super::*;
use crate::{pool, user, verifier};
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => IoGetRelatedDeviceObject;
        DISPATCH_LEVEL => IoBuildAsynchronousFsdRequest;
        APC_LEVEL => IoBuildDeviceIoControlRequest, IoBuildSynchronousFsdRequest, IoForwardIrpSynchronously;
    }
}

// ---- by drivers

/// The topmost device of a file object's.
pub unsafe extern "efiapi" fn IoGetRelatedDeviceObject(
    file: *mut FILE_OBJECT,
) -> *mut DEVICE_OBJECT {
    // SAFETY: a file object.
    unsafe { io::top_of_stack((*file).DeviceObject) }
}

/// A request with a control code, which the kernel frees.
pub unsafe extern "efiapi" fn IoBuildDeviceIoControlRequest(
    code: u32,
    device: *mut DEVICE_OBJECT,
    input: PVOID,
    input_length: u32,
    output: PVOID,
    output_length: u32,
    internal: BOOLEAN,
    event: *mut KEVENT,
    block: *mut IO_STATUS_BLOCK,
) -> *mut IRP {
    let owner = ex::direct_caller(IoBuildDeviceIoControlRequest as *const () as usize);
    if owner != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    // SAFETY: the caller's.
    unsafe {
        let irp = new_irp((*device).StackSize, Origin::Synchronous(owner));
        (*irp).UserEvent = event;
        (*irp).UserIosb = block;
        (*irp).RequestorMode = KERNEL_MODE;
        (*irp).Tail.Thread = ke::KeGetCurrentThread();
        let next = next_stack_location(irp);
        (*next).MajorFunction = if internal != 0 {
            IRP_MJ_INTERNAL_DEVICE_CONTROL
        } else {
            IRP_MJ_DEVICE_CONTROL
        };
        set_control_buffers(irp, next, code, input, input_length, output, output_length);
        irp
    }
}

/// Parameters and buffers of a device-control request by the transfer method. A bad user buffer is an error.
unsafe fn set_control_buffers(
    irp: *mut IRP,
    location: *mut IO_STACK_LOCATION,
    code: u32,
    input: PVOID,
    input_length: u32,
    output: PVOID,
    output_length: u32,
) -> NTSTATUS {
    // SAFETY: a fresh request; buffers by the method's rules.
    unsafe {
        let mut p = PARAMETERS_DEVICE_IO_CONTROL {
            OutputBufferLength: output_length,
            Pad0: 0,
            InputBufferLength: input_length,
            Pad1: 0,
            IoControlCode: code,
            Pad2: 0,
            Type3InputBuffer: null_mut(),
        };
        let from_user = (*irp).RequestorMode == USER_MODE;
        let method = code & 3;
        match method {
            METHOD_NEITHER => {
                p.Type3InputBuffer = input;
                (*irp).UserBuffer = output;
            }
            _ => {
                let out = if method == METHOD_BUFFERED {
                    output_length
                } else {
                    0
                };
                let length = input_length.max(out) as usize;
                if length != 0 {
                    let buffer = pool::allocate(length, tag(b"Io  "), false, true, usize::MAX);
                    (*irp).AssociatedIrp.SystemBuffer = buffer.cast();
                    (*irp).Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
                    if input_length != 0 {
                        let to = std::slice::from_raw_parts_mut(buffer, input_length as usize);
                        if from_user {
                            if !user::read(input as u64, to) {
                                return status::STATUS_ACCESS_VIOLATION;
                            }
                        } else {
                            std::ptr::copy_nonoverlapping(
                                input.cast(),
                                buffer,
                                input_length as usize,
                            );
                        }
                    }
                }
                if method == METHOD_BUFFERED {
                    (*irp).UserBuffer = output;
                    if !output.is_null() {
                        (*irp).Flags |= IRP_INPUT_OPERATION;
                    }
                } else if output_length != 0 {
                    let mdl = mm::IoAllocateMdl(output, output_length, 0, 0, irp);
                    let write = u32::from(method == METHOD_OUT_DIRECT);
                    let status = mm::probe_and_lock(mdl, (*irp).RequestorMode, write);
                    if status < 0 {
                        return status;
                    }
                }
            }
        }
        (*location).Parameters.DeviceIoControl = p;
    }
    status::STATUS_SUCCESS
}

/// A request to read, write or flush, which the kernel frees.
pub unsafe extern "efiapi" fn IoBuildSynchronousFsdRequest(
    major: u32,
    device: *mut DEVICE_OBJECT,
    buffer: PVOID,
    length: u32,
    offset: *const i64,
    event: *mut KEVENT,
    block: *mut IO_STATUS_BLOCK,
) -> *mut IRP {
    let owner = ex::direct_caller(IoBuildSynchronousFsdRequest as *const () as usize);
    if owner != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    // SAFETY: the same contract.
    unsafe {
        build_fsd(
            major as u8,
            device,
            buffer,
            length,
            offset,
            event,
            block,
            Origin::Synchronous(owner),
        )
    }
}

/// The same, which the driver frees.
pub unsafe extern "efiapi" fn IoBuildAsynchronousFsdRequest(
    major: u32,
    device: *mut DEVICE_OBJECT,
    buffer: PVOID,
    length: u32,
    offset: *const i64,
    block: *mut IO_STATUS_BLOCK,
) -> *mut IRP {
    let owner = ex::direct_caller(IoBuildAsynchronousFsdRequest as *const () as usize);
    if owner != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    // SAFETY: the same contract.
    unsafe {
        build_fsd(
            major as u8,
            device,
            buffer,
            length,
            offset,
            null_mut(),
            block,
            Origin::Driver(owner),
        )
    }
}

#[allow(clippy::too_many_arguments)]
unsafe fn build_fsd(
    major: u8,
    device: *mut DEVICE_OBJECT,
    buffer: PVOID,
    length: u32,
    offset: *const i64,
    event: *mut KEVENT,
    block: *mut IO_STATUS_BLOCK,
    origin: Origin,
) -> *mut IRP {
    // SAFETY: the caller's.
    unsafe {
        let irp = new_irp((*device).StackSize, origin);
        (*irp).UserEvent = event;
        (*irp).UserIosb = block;
        (*irp).UserBuffer = buffer;
        (*irp).Tail.Thread = ke::KeGetCurrentThread();
        let next = next_stack_location(irp);
        (*next).MajorFunction = major;
        if matches!(major, IRP_MJ_READ | IRP_MJ_WRITE) {
            (*next).Parameters.Read = PARAMETERS_READ {
                Length: length,
                Pad0: 0,
                Key: 0,
                Flags: 0,
                ByteOffset: offset.as_ref().copied().unwrap_or(0),
            };
        }
        irp
    }
}

unsafe extern "efiapi" fn signal_event(
    _device: *mut DEVICE_OBJECT,
    _irp: *mut IRP,
    event: PVOID,
) -> NTSTATUS {
    // SAFETY: IoForwardIrpSynchronously's event.
    unsafe { ke::KeSetEvent(event.cast(), 0, 0) };
    status::STATUS_MORE_PROCESSING_REQUIRED
}

/// True if the request was sent; its status is in the request.
pub unsafe extern "efiapi" fn IoForwardIrpSynchronously(
    device: *mut DEVICE_OBJECT,
    irp: *mut IRP,
) -> BOOLEAN {
    // SAFETY: a request of the caller's.
    unsafe {
        if (*irp).CurrentLocation <= 1 {
            return 0;
        }
        let mut event = Box::new(std::mem::zeroed::<KEVENT>());
        ke::KeInitializeEvent(&raw mut *event, 0, 0);
        copy_current_stack_location_to_next(irp);
        set_completion_routine(
            irp,
            signal_event,
            (&raw mut *event).cast(),
            true,
            true,
            true,
        );
        if IofCallDriver(device, irp) == status::STATUS_PENDING {
            ke::KeWaitForSingleObject(
                (&raw mut *event).cast(),
                0,
                KERNEL_MODE,
                0,
                std::ptr::null(),
            );
        }
    }
    1
}

// ---- by clients

/// What a client asks of an open file.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    /// A control code, with addresses and lengths of its buffers.
    Control {
        /// The control code.
        code: u32,
        /// Address and bytes.
        input: (u64, u32),
        /// Address and bytes.
        output: (u64, u32),
    },
    /// A read: address and bytes of the buffer.
    Read(u64, u32),
    /// A write: address and bytes of the buffer.
    Write(u64, u32),
}

/// Sends a client's request of that requestor mode; in the client's thread. The number is for [`outcome`] and [`cancel_user`].
pub(crate) unsafe fn send_user(
    file: *mut FILE_OBJECT,
    ask: Ask,
    mode: KPROCESSOR_MODE,
    bits_32: bool,
) -> u64 {
    let r = REQUESTS.get();
    r.next += 1;
    let number = r.next;
    r.outcomes.insert(number, None);
    // SAFETY: an open file; the request is ours until it is sent.
    unsafe {
        let device = IoGetRelatedDeviceObject(file);
        let irp = new_irp((*device).StackSize, Origin::User(number));
        if let Some(i) = info(irp) {
            i.bits_32 = Some(bits_32);
        }
        REQUESTS.get().user_irps.insert(number, irp as usize);
        ob::ObfReferenceObject(file.cast());
        ke::KeClearEvent(&raw mut (*file).Event);
        (*irp).RequestorMode = mode;
        (*irp).Tail.OriginalFileObject = file;
        (*irp).Tail.Thread = ke::KeGetCurrentThread();
        let next = next_stack_location(irp);
        (*next).FileObject = file;
        let status = match ask {
            Ask::Control {
                code,
                input,
                output,
            } => {
                (*next).MajorFunction = IRP_MJ_DEVICE_CONTROL;
                set_control_buffers(
                    irp,
                    next,
                    code,
                    input.0 as PVOID,
                    input.1,
                    output.0 as PVOID,
                    output.1,
                )
            }
            Ask::Read(address, length) | Ask::Write(address, length) => {
                let write = matches!(ask, Ask::Write(..));
                (*next).MajorFunction = if write { IRP_MJ_WRITE } else { IRP_MJ_READ };
                (*irp).UserBuffer = address as PVOID;
                (*next).Parameters.Read = PARAMETERS_READ {
                    Length: length,
                    Pad0: 0,
                    Key: 0,
                    Flags: 0,
                    ByteOffset: 0,
                };
                status::STATUS_SUCCESS
            }
        };
        if status < 0 {
            (*irp).IoStatus = IO_STATUS_BLOCK {
                Status: status,
                Reserved: 0,
                Information: 0,
            };
            finish(irp);
        } else {
            IofCallDriver(device, irp);
        }
    }
    number
}

/// How the request came out, if it is complete.
pub(crate) fn outcome(number: u64) -> Option<Outcome> {
    REQUESTS.get().outcomes.get(&number).copied().flatten()
}

pub(crate) fn forget_outcome(number: u64) {
    REQUESTS.get().outcomes.remove(&number);
}

/// CancelIoEx on one request; in a thread of the client.
pub(crate) unsafe fn cancel_user(number: u64) {
    if let Some(&irp) = REQUESTS.get().user_irps.get(&number) {
        // SAFETY: still live.
        unsafe { IoCancelIrp(irp as *mut IRP) };
    }
}

/// Client requests of a file that are not complete.
pub(crate) fn pending_of_file(file: *mut FILE_OBJECT) -> Vec<u64> {
    REQUESTS
        .get()
        .user_irps
        .iter()
        // SAFETY: live requests.
        .filter(|(_, irp)| unsafe { (*(**irp as *mut IRP)).Tail.OriginalFileObject == file })
        .map(|(n, _)| *n)
        .collect()
}
