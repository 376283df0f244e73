// SPDX-License-Identifier: MIT OR Apache-2.0
//! Power.

use super::*;
use crate::guest;
use crate::verifier::{self, Rule};
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        DISPATCH_LEVEL => PoSetPowerState, PoStartNextPowerIrp, PoCallDriver, PoRequestPowerIrp, PoRegisterDeviceForIdleDetection,
            PoSetDeviceBusyEx;
        PASSIVE_LEVEL => PoRegisterPowerSettingCallback, PoUnregisterPowerSettingCallback, PoCreatePowerRequest, PoSetPowerRequest,
            PoClearPowerRequest, PoDeletePowerRequest, PoRegisterSystemState, PoUnregisterSystemState;
    }
}

/// The old state.
pub unsafe extern "efiapi" fn PoSetPowerState(
    _device: *mut DEVICE_OBJECT,
    _kind: u32,
    state: POWER_STATE,
) -> POWER_STATE {
    state
}

/// Does nothing, as in Windows since Vista.
pub unsafe extern "efiapi" fn PoStartNextPowerIrp(_irp: *mut IRP) {}

/// [`IofCallDriver`] by an older name.
pub unsafe extern "efiapi" fn PoCallDriver(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the same contract.
    unsafe { irp::IofCallDriver(device, irp) }
}

struct Request {
    completion: usize,
    context: usize,
    device: *mut DEVICE_OBJECT,
    minor: u8,
    state: POWER_STATE,
}

unsafe extern "efiapi" fn done(
    _device: *mut DEVICE_OBJECT,
    irp: *mut IRP,
    context: PVOID,
) -> NTSTATUS {
    // SAFETY: `context` was made by PoRequestPowerIrp; the request is complete.
    unsafe {
        let r = Box::from_raw(context.cast::<Request>());
        if r.completion != 0 {
            guest::call(
                r.completion,
                &[
                    r.device as usize,
                    r.minor as usize,
                    r.state as usize,
                    r.context,
                    &raw mut (*irp).IoStatus as usize,
                ],
            );
        }
        irp::IoFreeIrp(irp);
    }
    status::STATUS_MORE_PROCESSING_REQUIRED
}

/// Sends a device power request to the top of the device's stack; STATUS_PENDING.
pub unsafe extern "efiapi" fn PoRequestPowerIrp(
    device: *mut DEVICE_OBJECT,
    minor: u8,
    state: POWER_STATE,
    completion: PVOID,
    context: PVOID,
    irp_out: *mut *mut IRP,
) -> NTSTATUS {
    // SAFETY: a device of the caller's.
    let top = unsafe { io::top_of_stack(device) };
    // The port's own requests are no calls of an export.
    let called = guest::served().is_some_and(|call| call.name == "PoRequestPowerIrp");
    if called && minor == IRP_MN_SET_POWER && crate::modules::portcls::is_adapter(top) {
        verifier::violation(
            Rule::PcPoRequestPowerIrp,
            format!("PoRequestPowerIrp of IRP_MN_SET_POWER for device {device:p} of PortCls"),
        );
    }
    let request = Box::into_raw(Box::new(Request {
        completion: completion as usize,
        context: context as usize,
        device,
        minor,
        state,
    }));
    // SAFETY: a device of the caller's; the request is ours until it is sent.
    unsafe {
        let irp = irp::new_irp((*top).StackSize + 1, irp::Origin::Driver(0));
        (*irp).IoStatus.Status = status::STATUS_NOT_SUPPORTED;
        let next = next_stack_location(irp);
        (*next).MajorFunction = IRP_MJ_POWER;
        (*next).MinorFunction = minor;
        (*next).Parameters.Power = PARAMETERS_POWER {
            SystemContext: 0,
            Pad0: 0,
            Type: DEVICE_POWER_STATE_TYPE,
            Pad1: 0,
            State: state,
            Pad2: 0,
            ShutdownType: 0,
            Pad3: 0,
        };
        set_completion_routine(irp, done, request.cast(), true, true, true);
        if !irp_out.is_null() {
            *irp_out = irp;
        }
        irp::IofCallDriver(top, irp);
    }
    status::STATUS_PENDING
}

/// Null: no device is ever idle.
pub unsafe extern "efiapi" fn PoRegisterDeviceForIdleDetection(
    _device: *mut DEVICE_OBJECT,
    _conservation: u32,
    _performance: u32,
    _state: u32,
) -> *mut u32 {
    null_mut()
}

/// Does nothing.
pub unsafe extern "efiapi" fn PoSetDeviceBusyEx(_pointer: *mut u32) {}

/// Succeeds; the routine is never called.
pub unsafe extern "efiapi" fn PoRegisterPowerSettingCallback(
    _device: *mut DEVICE_OBJECT,
    _setting: *const GUID,
    _callback: PVOID,
    _context: PVOID,
    handle: *mut PVOID,
) -> NTSTATUS {
    if !handle.is_null() {
        // SAFETY: the caller's.
        unsafe { *handle = 0x1000 as PVOID };
    }
    status::STATUS_SUCCESS
}

/// Succeeds.
pub unsafe extern "efiapi" fn PoUnregisterPowerSettingCallback(_handle: PVOID) -> NTSTATUS {
    status::STATUS_SUCCESS
}

/// Succeeds; the machine sleeps when the test says so.
pub unsafe extern "efiapi" fn PoCreatePowerRequest(
    request: *mut PVOID,
    _device: *mut DEVICE_OBJECT,
    _context: PVOID,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe { *request = 0x1000 as PVOID };
    status::STATUS_SUCCESS
}

/// Succeeds.
pub unsafe extern "efiapi" fn PoSetPowerRequest(_request: PVOID, _kind: u32) -> NTSTATUS {
    status::STATUS_SUCCESS
}

/// Succeeds.
pub unsafe extern "efiapi" fn PoClearPowerRequest(_request: PVOID, _kind: u32) -> NTSTATUS {
    status::STATUS_SUCCESS
}

/// Does nothing.
pub unsafe extern "efiapi" fn PoDeletePowerRequest(_request: PVOID) {}

/// A handle, which means nothing.
pub unsafe extern "efiapi" fn PoRegisterSystemState(handle: PVOID, _flags: u32) -> PVOID {
    if handle.is_null() {
        0x1000 as PVOID
    } else {
        handle
    }
}

/// Does nothing.
pub unsafe extern "efiapi" fn PoUnregisterSystemState(_handle: PVOID) {}
