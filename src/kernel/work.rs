// SPDX-License-Identifier: MIT OR Apache-2.0
//! Work items: calls on a system thread at `PASSIVE_LEVEL`.

use super::irql::Passive;
use super::{Result, driver, no_memory};
use arioso_core::ks::status::STATUS_INSUFFICIENT_RESOURCES;
use arioso_core::mem::TryBox;
use core::ffi::c_void;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};
use wdk_sys::{_IO_WORKITEM, _WORK_QUEUE_TYPE, PDEVICE_OBJECT, ntddk};

/// What a [`WorkItem`] calls.
pub trait Work: Send + Sync + 'static {
    fn run(&self, passive: Passive);
}

const IDLE: u32 = 0;
const QUEUED: u32 = 1;
/// Running, and nobody asked since it began.
const RUNNING: u32 = 2;
/// Running, to be run once more.
const AGAIN: u32 = 3;

/// A preallocated call of `W` on a system thread. Dropping it waits for the last call: at `PASSIVE_LEVEL` only.
pub struct WorkItem<W: Work>(TryBox<Body<W>>);

struct Body<W> {
    item: NonNull<_IO_WORKITEM>,
    state: AtomicU32,
    work: W,
    /// Keeps the device object's memory for as long as the item refers to it.
    _device: driver::DeviceRef,
}

// SAFETY: the kernel guards its object; `state` guards the rest.
unsafe impl<W: Work> Sync for WorkItem<W> {}
// SAFETY: the body does not move with the handle.
unsafe impl<W: Work> Send for WorkItem<W> {}

impl<W: Work> WorkItem<W> {
    pub fn new(device: &driver::Device, work: W) -> Result<Self> {
        let reference = device.reference();
        // SAFETY: the device object is referenced.
        let item = unsafe { ntddk::IoAllocateWorkItem(device.as_ptr()) };
        let item = NonNull::new(item).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
        let body = TryBox::try_new(Body {
            item,
            state: AtomicU32::new(IDLE),
            work,
            _device: reference,
        });
        if body.is_err() {
            // SAFETY: allocated above, never queued.
            unsafe { ntddk::IoFreeWorkItem(item.as_ptr()) };
        }
        Ok(Self(body.map_err(no_memory)?))
    }

    /// The work runs at least once after this. `DISPATCH_LEVEL` or below.
    pub fn queue(&self) {
        let body = &*self.0;
        let before = body
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| match state {
                IDLE => Some(QUEUED),
                RUNNING => Some(AGAIN),
                _ => None,
            });
        if before == Ok(IDLE) {
            let context = (&raw const *body).cast_mut().cast::<c_void>();
            // SAFETY: the item is not queued; the body lives until `drop` has seen it idle.
            unsafe {
                ntddk::IoQueueWorkItem(
                    body.item.as_ptr(),
                    Some(call::<W>),
                    _WORK_QUEUE_TYPE::DelayedWorkQueue,
                    context,
                );
            }
        }
    }

    pub fn work(&self) -> &W {
        &self.0.work
    }
}

impl<W: Work> Drop for WorkItem<W> {
    fn drop(&mut self) {
        // SAFETY: the contract of this type: PASSIVE_LEVEL.
        let passive = unsafe { Passive::assume() };
        while self.0.state.load(Ordering::Acquire) != IDLE {
            passive.sleep(super::timer::MILLISECOND);
        }
        // SAFETY: the item is not queued, and its last call does not touch it any more.
        unsafe { ntddk::IoFreeWorkItem(self.0.item.as_ptr()) };
    }
}

unsafe extern "C" fn call<W: Work>(_: PDEVICE_OBJECT, context: *mut c_void) {
    // SAFETY: `drop` frees the body only after `state` is idle, which is the last thing done here.
    let body = unsafe { &*context.cast::<Body<W>>() };
    loop {
        body.state.store(RUNNING, Ordering::Release);
        // SAFETY: work items run at PASSIVE_LEVEL.
        body.work.run(unsafe { Passive::assume() });
        if body
            .state
            .compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
        {
            return;
        }
    }
}
