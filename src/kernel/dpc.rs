// SPDX-License-Identifier: MIT OR Apache-2.0
//! Deferred procedure calls.

use super::Result;
use super::no_memory;
use arioso_core::mem::TryBox;
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::null_mut;
use wdk_sys::{KDPC, ntddk};

/// What a [`Dpc`] calls, at `DISPATCH_LEVEL`.
pub trait Routine: Send + Sync + Sized + 'static {
    fn run(&self, dpc: &Dpc<Self>);
}

/// A deferred call of `R`. Dropping it waits for the last call: at `PASSIVE_LEVEL` only.
pub struct Dpc<R: Routine>(TryBox<Body<R>>);

struct Body<R> {
    dpc: UnsafeCell<KDPC>,
    routine: R,
}

// SAFETY: the kernel guards its object; the routine is `Sync`.
unsafe impl<R: Routine> Sync for Dpc<R> {}
// SAFETY: the body does not move with the handle.
unsafe impl<R: Routine> Send for Dpc<R> {}

impl<R: Routine> Dpc<R> {
    pub fn new(routine: R) -> Result<Self> {
        let body = TryBox::try_new(Body {
            dpc: UnsafeCell::new(KDPC::default()),
            routine,
        })
        .map_err(no_memory)?;
        let context = (&raw const *body).cast_mut().cast::<c_void>();
        // SAFETY: the body has its final address and lives until `drop` has waited for the last call.
        unsafe { ntddk::KeInitializeDpc(body.dpc.get(), Some(call::<R>), context) };
        Ok(Self(body))
    }

    /// Queues the call; nothing happens if it is queued already. Any IRQL.
    pub fn queue(&self) {
        // SAFETY: the object is initialized.
        unsafe { ntddk::KeInsertQueueDpc(self.0.dpc.get(), null_mut(), null_mut()) };
    }

    pub fn routine(&self) -> &R {
        &self.0.routine
    }
}

impl<R: Routine> Drop for Dpc<R> {
    fn drop(&mut self) {
        // SAFETY: IRQL is PASSIVE_LEVEL. After the flush no call is queued or running, and whoever could queue one is gone.
        unsafe {
            ntddk::KeRemoveQueueDpc(self.0.dpc.get());
            ntddk::KeFlushQueuedDpcs();
        }
    }
}

unsafe extern "C" fn call<R: Routine>(
    _: *mut KDPC,
    context: *mut c_void,
    _: *mut c_void,
    _: *mut c_void,
) {
    // SAFETY: the context is the body that `new` made and `drop` has not yet freed. `Dpc<R>` is a box: a pointer to the body.
    // The handle made here is never dropped.
    unsafe {
        let dpc = core::mem::ManuallyDrop::new(Dpc(TryBox::from_raw(context.cast::<Body<R>>())));
        dpc.0.routine.run(&dpc);
    }
}
