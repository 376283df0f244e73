// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events that a miniport tells its clients: the port keeps the list of who wants them.

use super::object::{Class, ObjectRef};
use super::port::PortEvents;
use crate::kernel::irql::Passive;
use crate::kernel::lock::Mutex;
use crate::kernel::{Result, no_memory};
use arioso_core::ks::portcls::{
    PCEVENT_ITEM, PCEVENT_ITEM_FLAG_BASICSUPPORT, PCEVENT_ITEM_FLAG_ENABLE, PCEVENT_REQUEST,
    PCEVENT_VERB_ADD, PCEVENT_VERB_SUPPORT,
};
use arioso_core::ks::status::{
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER, STATUS_SUCCESS,
};
use arioso_core::ks::{GUID, NTSTATUS};

/// A port's list of events, from the miniport's `Init` until the device goes: the port holds the miniport, and neither would ever go.
pub struct EventList(Mutex<Option<PortEvents>>);

impl EventList {
    pub fn new() -> Result<Self> {
        Ok(Self(Mutex::new(None).map_err(no_memory)?))
    }

    /// In the miniport's `Init`.
    pub fn install(&self, passive: Passive, events: Option<PortEvents>) {
        let old = self
            .0
            .with(passive, |place| core::mem::replace(place, events));
        drop(old);
    }

    /// None before `Init` or when the device has gone.
    pub fn get(&self, passive: Passive) -> Option<PortEvents> {
        self.0.with(passive, |place| place.clone())
    }

    /// The device goes.
    pub fn remove(&self, passive: Passive) {
        self.install(passive, None);
    }
}

/// A miniport with events.
pub trait Notifier {
    /// The port's list.
    fn events(&self, passive: Passive) -> Option<PortEvents>;
}

/// The entry of an event table of a miniport of class `T`.
pub const fn event_item<T: Class + Notifier>(set: &'static GUID, id: u32) -> PCEVENT_ITEM {
    PCEVENT_ITEM {
        Set: set,
        Id: id,
        Flags: PCEVENT_ITEM_FLAG_ENABLE | PCEVENT_ITEM_FLAG_BASICSUPPORT,
        Handler: Some(handle::<T>),
    }
}

unsafe extern "efiapi" fn handle<T: Class + Notifier>(request: *mut PCEVENT_REQUEST) -> NTSTATUS {
    // SAFETY: PortCls calls at PASSIVE_LEVEL with a request of its own; the target is the miniport's IUnknown, the entry the port's
    // until it is on the list, and the list's then.
    unsafe {
        let Some(request) = request.as_ref() else {
            return STATUS_INVALID_PARAMETER;
        };
        match request.Verb {
            PCEVENT_VERB_SUPPORT => STATUS_SUCCESS,
            PCEVENT_VERB_ADD => {
                let events = ObjectRef::<T>::identify(request.MajorTarget.cast())
                    .and_then(|miniport| miniport.events(Passive::assume()));
                match events {
                    Some(events) if !request.EventEntry.is_null() => {
                        events.add(request.EventEntry);
                        STATUS_SUCCESS
                    }
                    _ => STATUS_INVALID_DEVICE_REQUEST,
                }
            }
            // The port takes entries off its list itself.
            _ => STATUS_SUCCESS,
        }
    }
}
