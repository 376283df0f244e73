// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a driver of real hardware asks for: a device's timer, interrupts, DMA. The machine has no interrupt lines and no bus masters.

use super::*;
use crate::modules::thunk;
use crate::state::Global;
use crate::verifier::Rule;
use crate::{guest, verifier};
use std::collections::BTreeMap;
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        DISPATCH_LEVEL => IoStartTimer, IoStopTimer;
        PASSIVE_LEVEL => IoInitializeTimer, IoConnectInterrupt, IoDisconnectInterrupt, IoGetDmaAdapter;
    }
}

// ---- a device's timer, once a second

const SECOND: i64 = -10_000_000;

struct DeviceTimer {
    timer: KTIMER,
    dpc: KDPC,
    device: usize,
    routine: usize,
    context: usize,
    /// A tick that is on its way when the timer is stopped does nothing.
    started: bool,
}

static TIMERS: Global<BTreeMap<usize, Box<DeviceTimer>>> = Global::new(BTreeMap::new());

/// A routine that is called once a second at DISPATCH_LEVEL.
pub unsafe extern "efiapi" fn IoInitializeTimer(
    device: *mut DEVICE_OBJECT,
    routine: usize,
    context: PVOID,
) -> NTSTATUS {
    if let Some(own) = TIMERS.get().get_mut(&(device as usize)) {
        (own.routine, own.context) = (routine, context as usize);
        return status::STATUS_SUCCESS;
    }
    let mut own = Box::new(DeviceTimer {
        // SAFETY: all-zero is valid before initialisation.
        timer: unsafe { std::mem::zeroed() },
        // SAFETY: as above.
        dpc: unsafe { std::mem::zeroed() },
        device: device as usize,
        routine,
        context: context as usize,
        started: false,
    });
    // SAFETY: boxed: the objects stay where they are.
    unsafe {
        KeInitializeTimer(&raw mut own.timer);
        let tick = thunk::code(
            "ntoskrnl.exe",
            "device timer",
            tick as *const () as usize,
            DISPATCH_LEVEL,
        );
        let tick = std::mem::transmute::<usize, PKDEFERRED_ROUTINE>(tick);
        KeInitializeDpc(&raw mut own.dpc, tick, device.cast());
        (*device).Timer = (&raw mut own.timer).cast();
    }
    TIMERS.get().insert(device as usize, own);
    status::STATUS_SUCCESS
}

unsafe extern "efiapi" fn tick(_dpc: *mut KDPC, device: PVOID, _first: PVOID, _second: PVOID) {
    let Some(own) = TIMERS.get().get(&(device as usize)) else {
        return;
    };
    let (routine, context, started) = (own.routine, own.context, own.started);
    if started {
        // SAFETY: the driver's routine, at DISPATCH_LEVEL.
        unsafe { guest::call(routine, &[device as usize, context]) };
    }
}

/// Calls it from now on.
pub unsafe extern "efiapi" fn IoStartTimer(device: *mut DEVICE_OBJECT) {
    let Some(own) = TIMERS.get().get_mut(&(device as usize)) else {
        verifier::violation(
            Rule::DeviceTimer,
            format!("IoStartTimer({device:p}) without IoInitializeTimer"),
        );
        return;
    };
    own.started = true;
    let (timer, dpc) = (&raw mut own.timer, &raw mut own.dpc);
    // SAFETY: initialised, and alive as long as the device.
    unsafe { KeSetTimerEx(timer, SECOND, 1000, dpc) };
}

/// Calls it no more.
pub unsafe extern "efiapi" fn IoStopTimer(device: *mut DEVICE_OBJECT) {
    if let Some(own) = TIMERS.get().get_mut(&(device as usize)) {
        own.started = false;
        let timer = &raw mut own.timer;
        // SAFETY: initialised.
        unsafe { KeCancelTimer(timer) };
    }
}

/// The device goes: its timer must be stopped.
pub(super) fn device_deleted(device: *mut DEVICE_OBJECT) {
    let Some(mut own) = TIMERS.get().remove(&(device as usize)) else {
        return;
    };
    if own.started {
        verifier::violation(
            Rule::DeviceTimer,
            format!("IoDeleteDevice({:#x}) while its timer runs", own.device),
        );
    }
    // SAFETY: initialised; the DPC must not be left in a queue.
    unsafe {
        KeCancelTimer(&raw mut own.timer);
        KeRemoveQueueDpc(&raw mut own.dpc);
    }
}

// ---- interrupts and DMA

/// No vector is anybody's.
pub unsafe extern "efiapi" fn IoConnectInterrupt(
    interrupt: *mut PVOID,
    _routine: usize,
    _context: PVOID,
    _lock: *mut KSPIN_LOCK,
    _vector: u32,
    _irql: KIRQL,
    _synchronize: KIRQL,
    _mode: u32,
    _share: BOOLEAN,
    _processors: usize,
    _save: BOOLEAN,
) -> NTSTATUS {
    // SAFETY: an out parameter.
    unsafe { *interrupt = null_mut() };
    status::STATUS_INVALID_PARAMETER
}

/// A violation: no interrupt was ever connected.
pub unsafe extern "efiapi" fn IoDisconnectInterrupt(interrupt: PVOID) {
    verifier::violation(
        Rule::InterruptNotConnected,
        format!("IoDisconnectInterrupt({interrupt:p}) of an interrupt that is not connected"),
    );
}

/// Null: no device here is a bus master.
pub unsafe extern "efiapi" fn IoGetDmaAdapter(
    _pdo: *mut DEVICE_OBJECT,
    _description: PVOID,
    registers: *mut u32,
) -> PVOID {
    // SAFETY: an out parameter.
    unsafe { *registers = 0 };
    null_mut()
}
