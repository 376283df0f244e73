// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers whose expiry runs at `DISPATCH_LEVEL`.

use super::dpc::{self, Dpc};
use super::{Result, no_memory};
use arioso_core::ks::status::STATUS_INSUFFICIENT_RESOURCES;
use arioso_core::mem::{Shared, TryBox};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicBool, Ordering};
use wdk_sys::{_EX_TIMER, KDPC, KTIMER, LARGE_INTEGER, PEX_TIMER, ntddk};

/// 100 ns units in a millisecond.
pub const MILLISECOND: i64 = 10_000;

/// What a [`LazyTimer`] calls, at `DISPATCH_LEVEL`.
pub trait Routine: Send + Sync + 'static {
    fn run(&self, alarm: &Alarm);
}

/// The part of a timer that its own routine may use.
pub struct Alarm {
    timer: UnsafeCell<KTIMER>,
    dpc: UnsafeCell<KDPC>,
    closing: AtomicBool,
}

impl Alarm {
    /// Fires once, `delay` (100 ns) to `delay + tolerance_ms` from now; a running timer is set anew. `DISPATCH_LEVEL` or below.
    pub fn set(&self, delay: i64, tolerance_ms: u32) {
        if self.closing.load(Ordering::Acquire) {
            return;
        }
        let due = LARGE_INTEGER {
            QuadPart: delay.max(1).wrapping_neg(),
        };
        // SAFETY: both objects are initialized, and the timer's `drop` stops them before they go.
        unsafe {
            ntddk::KeSetCoalescableTimer(self.timer.get(), due, 0, tolerance_ms, self.dpc.get())
        };
    }
}

/// A timer that may fire a little late, together with others, and so does not wake a sleeping processor for itself. Dropping it
/// stops it and waits for the last call: at `PASSIVE_LEVEL` only.
pub struct LazyTimer<R: Routine>(TryBox<Lazy<R>>);

struct Lazy<R> {
    alarm: Alarm,
    routine: R,
}

// SAFETY: the kernel guards its objects; the routine is `Sync`.
unsafe impl<R: Routine> Sync for LazyTimer<R> {}
// SAFETY: the body does not move with the handle.
unsafe impl<R: Routine> Send for LazyTimer<R> {}

impl<R: Routine> LazyTimer<R> {
    pub fn new(routine: R) -> Result<Self> {
        let body = TryBox::try_new(Lazy {
            alarm: Alarm {
                timer: UnsafeCell::new(KTIMER::default()),
                dpc: UnsafeCell::new(KDPC::default()),
                closing: AtomicBool::new(false),
            },
            routine,
        })
        .map_err(no_memory)?;
        let context = (&raw const *body).cast_mut().cast::<c_void>();
        // SAFETY: the body has its final address and lives until `drop` has waited for the last call.
        unsafe {
            ntddk::KeInitializeTimer(body.alarm.timer.get());
            ntddk::KeInitializeDpc(body.alarm.dpc.get(), Some(lazy_expired::<R>), context);
        }
        Ok(Self(body))
    }

    pub fn alarm(&self) -> &Alarm {
        &self.0.alarm
    }
}

impl<R: Routine> Drop for LazyTimer<R> {
    fn drop(&mut self) {
        let alarm = &self.0.alarm;
        alarm.closing.store(true, Ordering::Release);
        for _ in 0..2 {
            // SAFETY: IRQL is PASSIVE_LEVEL. A call that was under way may have set the timer once more; the second round ends that,
            // and its call, if it came to one, saw `closing`.
            unsafe {
                ntddk::KeCancelTimer(alarm.timer.get());
                ntddk::KeFlushQueuedDpcs();
            }
        }
    }
}

unsafe extern "C" fn lazy_expired<R: Routine>(
    _: *mut KDPC,
    context: *mut c_void,
    _: *mut c_void,
    _: *mut c_void,
) {
    // SAFETY: the context is the body that `new` made and `drop` has not yet freed.
    let body = unsafe { &*context.cast::<Lazy<R>>() };
    body.routine.run(&body.alarm);
}

/// What a [`SharpTimer`] calls, at `DISPATCH_LEVEL`.
pub trait Tick: Send + Sync + 'static {
    fn tick(&self);
}

/// Queues the call.
impl<R: dpc::Routine> Tick for Shared<Dpc<R>> {
    fn tick(&self) {
        self.queue();
    }
}

/// A periodic timer that keeps its period to about a millisecond and never fires early. It raises the system's clock rate while it
/// is set. Dropping it waits for the last call: at `PASSIVE_LEVEL` only.
pub struct SharpTimer<F: Tick> {
    timer: NonNull<_EX_TIMER>,
    _callback: TryBox<F>,
}

// SAFETY: the kernel guards its object.
unsafe impl<F: Tick> Sync for SharpTimer<F> {}
// SAFETY: the timer is the kernel's, the callback lives on the heap.
unsafe impl<F: Tick> Send for SharpTimer<F> {}

impl<F: Tick> SharpTimer<F> {
    pub fn new(callback: F) -> Result<Self> {
        const EX_TIMER_HIGH_RESOLUTION: u32 = 4;
        let callback = TryBox::try_new(callback).map_err(no_memory)?;
        let context = (&raw const *callback).cast_mut().cast::<c_void>();
        // SAFETY: the callback lives until `drop` has deleted the timer with wait.
        let timer = unsafe {
            ntddk::ExAllocateTimer(Some(expired::<F>), context, EX_TIMER_HIGH_RESOLUTION)
        };
        Ok(Self {
            timer: NonNull::new(timer).ok_or(STATUS_INSUFFICIENT_RESOURCES)?,
            _callback: callback,
        })
    }

    /// Fires every `period` (100 ns) from now on. `DISPATCH_LEVEL` or below.
    pub fn start(&self, period: i64) {
        let period = period.max(1);
        // SAFETY: the timer exists.
        unsafe {
            ntddk::ExSetTimer(
                self.timer.as_ptr(),
                period.wrapping_neg(),
                period,
                null_mut(),
            )
        };
    }
}

impl<F: Tick> Drop for SharpTimer<F> {
    fn drop(&mut self) {
        // SAFETY: IRQL is PASSIVE_LEVEL; cancel and wait, so that no callback runs after this.
        unsafe { ntddk::ExDeleteTimer(self.timer.as_ptr(), 1, 1, null_mut()) };
    }
}

unsafe extern "C" fn expired<F: Tick>(_: PEX_TIMER, context: *mut c_void) {
    // SAFETY: the context is the callback that `new` put on the heap; it outlives the timer.
    unsafe { (*context.cast::<F>()).tick() }
}
