// SPDX-License-Identifier: MIT OR Apache-2.0
//! Service groups: how a miniport without interrupts asks its port for a DPC, now or later.

use super::port::{Interface, Port};
use crate::kernel::irql::Passive;
use crate::kernel::lock::{Mutex, SpinLock};
use crate::kernel::{Result, check, no_memory};
use arioso_core::ks::NTSTATUS;
use arioso_core::ks::portcls::{IPortMidi, IServiceGroup, IUnknown};
use arioso_core::ks::status::STATUS_UNSUCCESSFUL;
use core::ptr::null_mut;

#[link(name = "portcls.sys", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "C" {
    fn PcNewServiceGroup(group: *mut *mut IServiceGroup, outer: *mut IUnknown) -> NTSTATUS;
}

/// A service group: the port's streams are its members.
pub type ServiceGroup = Interface<IServiceGroup>;
/// The MIDI port, as its miniport knows it.
pub type PortMidi = Interface<IPortMidi>;

impl ServiceGroup {
    /// A group with a timer.
    pub fn new(_: Passive) -> Result<Self> {
        let mut group: *mut IServiceGroup = null_mut();
        // SAFETY: PASSIVE_LEVEL; on success the group has one reference for us. The timer is prepared once.
        unsafe {
            check(PcNewServiceGroup(&mut group, null_mut()))?;
            let group = Self::adopt(group).ok_or(STATUS_UNSUCCESSFUL)?;
            ((*group.table()).SupportDelayedService)(group.as_ptr());
            Ok(group)
        }
    }

    /// Serves the members in `delay` (100 ns); replaces an earlier request.
    fn request(&self, _: Passive, delay: i64) {
        let delay = delay.max(1).wrapping_neg();
        // SAFETY: PASSIVE_LEVEL; the group's timer was prepared by `new`.
        unsafe { ((*self.table()).RequestDelayedService)(self.as_ptr(), delay as u64) };
    }

    fn cancel(&self, _: Passive) {
        // SAFETY: PASSIVE_LEVEL; the group's timer was prepared by `new`.
        unsafe { ((*self.table()).CancelDelayedService)(self.as_ptr()) };
    }
}

/// A port that can be told that there is something to serve.
pub trait Notified: Send {
    /// Before `Init` returns.
    fn register(&self, passive: Passive, group: &ServiceGroup);

    /// Serves the group's members in a DPC. Any IRQL.
    fn notify(&self, group: &ServiceGroup);
}

macro_rules! notified {
    ($($port:ty)*) => {$(
        impl Notified for $port {
            fn register(&self, _: Passive, group: &ServiceGroup) {
                // SAFETY: PASSIVE_LEVEL; both are alive, and the port takes its own reference.
                unsafe { ((*self.table()).RegisterServiceGroup)(self.as_ptr(), group.as_ptr()) };
            }

            fn notify(&self, group: &ServiceGroup) {
                // SAFETY: both are alive; any IRQL.
                unsafe { ((*self.table()).Notify)(self.as_ptr(), group.as_ptr()) };
            }
        }
    )*};
}
notified!(Port PortMidi);

/// A port and the group that it serves, from the miniport's `Init` until the device goes.
pub struct PortNotifier<P> {
    inside: SpinLock<Option<(P, ServiceGroup)>>,
    /// Held while the group's timer is set or cancelled: what is asked for while the device goes comes before the last cancel, or not
    /// at all.
    timer: Mutex<Timer>,
}

#[derive(PartialEq, Eq)]
enum Timer {
    Open,
    /// The device has gone: nothing is asked for any more.
    Closed,
}

impl<P: Notified> PortNotifier<P> {
    pub fn new() -> Result<Self> {
        Ok(Self {
            inside: SpinLock::new(None),
            timer: Mutex::new(Timer::Open).map_err(no_memory)?,
        })
    }

    /// Makes the group of a port's miniport, for `Init`.
    pub fn install(&self, passive: Passive, port: P) -> Result<ServiceGroup> {
        let group = ServiceGroup::new(passive)?;
        port.register(passive, &group);
        let old = self
            .inside
            .with(|inside| inside.replace((port, group.clone())));
        drop(old);
        Ok(group)
    }

    /// The group; none before `Init` or when the device has gone.
    pub fn group(&self, _: Passive) -> Option<ServiceGroup> {
        self.inside
            .with(|inside| inside.as_ref().map(|(_, group)| group.clone()))
    }

    /// Lets the port serve its streams. `DISPATCH_LEVEL` or below.
    ///
    /// The lock is held across the call: `Notify` may be called by interrupt service routines, so it takes no lock that matters here.
    pub fn notify(&self) {
        self.inside.with(|inside| {
            if let Some((port, group)) = inside {
                port.notify(group);
            }
        });
    }

    /// The same in as many 100 ns as `delay` says, if it does; the last call counts.
    pub fn notify_in(&self, passive: Passive, delay: impl FnOnce() -> Option<i64>) {
        self.timer.with(passive, |timer| {
            if *timer == Timer::Open
                && let Some(group) = self.group(passive)
                && let Some(delay) = delay()
            {
                group.request(passive, delay);
            }
        });
    }

    /// No notification that is still to come.
    pub fn cancel(&self, passive: Passive) {
        self.timer.with(passive, |_| self.cancel_timer(passive));
    }

    fn cancel_timer(&self, passive: Passive) {
        if let Some(group) = self.group(passive) {
            group.cancel(passive);
        }
    }

    /// The device goes: the port is let go, and nothing comes any more.
    pub fn remove(&self, passive: Passive) {
        self.timer.with(passive, |timer| {
            *timer = Timer::Closed;
            self.cancel_timer(passive);
        });
        let old = self.inside.with(Option::take);
        drop(old);
    }
}
