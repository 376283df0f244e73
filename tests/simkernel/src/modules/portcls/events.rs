// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events of filters and pins: the miniport's automation tables behind PCEVENT_REQUEST, and the port's list of entries.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr;
use std::collections::BTreeMap;

use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{AlignedGuid, GUID};

use super::handle::{Handle, Target};
use super::imports::ks_call;
use super::verify::{Rule, assert_passive, violation};
use crate::executive::ke::{KeGetCurrentIrql, KeLowerIrql, KfRaiseIrql};
use crate::guest_call;
use crate::modules::{irp, thunk};
use crate::nt::*;
use crate::nt::{LIST_ENTRY, NTSTATUS};

/// What follows KSEVENT_ENTRY in an entry of ours.
#[repr(C)]
struct Extra {
    row: *const PCEVENT_ITEM,
    major: *mut c_void,
    minor: *mut c_void,
    pin: u32,
    node: u32,
    /// On the port's list.
    listed: bool,
}

const NONE: u32 = u32::MAX;

unsafe fn extra(entry: *mut KSEVENT_ENTRY) -> *mut Extra {
    // SAFETY: every entry is allocated with an `Extra` behind it.
    unsafe { entry.add(1).cast() }
}

/// The entries that miniports put into their port's list.
pub struct EventList(Box<UnsafeCell<LIST_ENTRY>>);

impl Default for EventList {
    fn default() -> Self {
        let list = Box::new(UnsafeCell::new(LIST_ENTRY::null()));
        // SAFETY: boxed, so it does not move.
        unsafe { initialize_list_head(list.get()) };
        EventList(list)
    }
}

impl EventList {
    fn head(&self) -> *mut LIST_ENTRY {
        self.0.get()
    }

    /// # Safety
    /// An entry that PCEVENT_VERB_ADD handed out.
    pub unsafe fn add(&self, entry: *mut KSEVENT_ENTRY) {
        // SAFETY: by the contract.
        unsafe {
            let extra = extra(entry);
            if (*extra).listed {
                violation(
                    Rule::EventList,
                    "IPortEvents",
                    "AddEventToEventList twice".to_owned(),
                );
                return;
            }
            (*extra).listed = true;
            insert_tail_list(self.head(), entry.cast());
        }
    }

    /// Signals the entries that match. Any IRQL; above DISPATCH_LEVEL a driver could lose events, so that is reported.
    ///
    /// # Safety
    /// The entries are alive.
    pub unsafe fn generate(
        &self,
        set: Option<&GUID>,
        id: u32,
        pin: Option<u32>,
        node: Option<u32>,
    ) {
        // SAFETY: by the contract; KsGenerateEvent does not change the list.
        unsafe {
            if KeGetCurrentIrql() > DISPATCH_LEVEL {
                violation(
                    Rule::EventIrql,
                    "IPortEvents",
                    "GenerateEventList above DISPATCH_LEVEL may lose events".to_owned(),
                );
                return;
            }
            let level = KfRaiseIrql(DISPATCH_LEVEL);
            let head = self.head();
            let mut at = (*head).Flink;
            while at != head {
                let entry = at.cast::<KSEVENT_ENTRY>();
                at = (*at).Flink;
                let x = &*extra(entry);
                let row = &*x.row;
                let matches = set.is_none_or(|set| *row.Set == *set)
                    && row.Id == id
                    && pin.is_none_or(|pin| x.pin == pin)
                    && node.is_none_or(|node| x.node == node);
                if matches {
                    ks_call!(KsGenerateEvent, entry);
                }
            }
            KeLowerIrql(level);
        }
    }

    /// `IOCTL_KS_ENABLE_EVENT`.
    ///
    /// # Safety
    /// A request on a filter or pin of the port.
    pub unsafe fn enable(&self, request: *mut IRP, tables: &EventTables) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            ks_call!(
                KsEnableEvent,
                request,
                tables.sets.len(),
                tables.sets.as_ptr(),
                self.head(),
                KSEVENTS_NONE,
                0
            ) as NTSTATUS
        }
    }

    /// `IOCTL_KS_DISABLE_EVENT`.
    ///
    /// # Safety
    /// A request on a filter or pin of the port.
    pub unsafe fn disable(&self, request: *mut IRP) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe { ks_call!(KsDisableEvent, request, self.head(), KSEVENTS_NONE, 0) as NTSTATUS }
    }

    /// The handle is closed: its entries go.
    ///
    /// # Safety
    /// A file object of a filter or pin of the port.
    pub unsafe fn free(&self, file: *mut FILE_OBJECT) {
        // SAFETY: by the contract.
        unsafe { ks_call!(KsFreeEventList, file, self.head(), KSEVENTS_NONE, 0) };
    }
}

/// Sets for `KsEnableEvent`.
pub struct EventTables {
    sets: Vec<KSEVENT_SET>,
    _items: Vec<Box<[KSEVENT_ITEM]>>,
    /// Boxed: the sets point at them.
    #[allow(clippy::vec_box)]
    _guids: Vec<Box<AlignedGuid>>,
}

fn entry<F: Copy>(name: &'static str, routine: usize) -> F {
    let code = thunk::code("portcls.sys", name, routine, PASSIVE_LEVEL);
    // SAFETY: an entry has the type of what it leads to.
    unsafe { core::mem::transmute_copy(&code) }
}

impl EventTables {
    /// # Safety
    /// `automation` are the driver's tables or null.
    pub unsafe fn build(automation: &[*const PCAUTOMATION_TABLE]) -> EventTables {
        let mut merged: BTreeMap<GUID, BTreeMap<u32, KSEVENT_ITEM>> = BTreeMap::new();
        for &table in automation {
            // SAFETY: by the contract; a row's set pointer is valid.
            for (row, set) in unsafe { rows(table).map(|row| (row, *row.Set)) } {
                let item = KSEVENT_ITEM {
                    EventId: row.Id,
                    DataInput: size_of::<KSEVENTDATA>() as u32,
                    ExtraEntryData: size_of::<Extra>() as u32,
                    AddHandler: Some(entry("event add", add as *const () as usize)),
                    RemoveHandler: Some(entry("event remove", remove as *const () as usize)),
                    SupportHandler: Some(entry("event support", support as *const () as usize)),
                };
                merged.entry(set).or_default().insert(row.Id, item);
            }
        }
        let mut out = EventTables {
            sets: Vec::new(),
            _items: Vec::new(),
            _guids: Vec::new(),
        };
        for (set, items) in merged {
            let items: Box<[KSEVENT_ITEM]> = items.into_values().collect();
            let guid = Box::new(AlignedGuid(set));
            out.sets.push(KSEVENT_SET {
                Set: &guid.0,
                EventsCount: items.len() as u32,
                EventItem: items.as_ptr(),
            });
            out._items.push(items);
            out._guids.push(guid);
        }
        out
    }
}

/// Rows of an automation table.
unsafe fn rows<'a>(table: *const PCAUTOMATION_TABLE) -> impl Iterator<Item = &'a PCEVENT_ITEM> {
    // SAFETY: null or a driver's table with the stride that it says.
    unsafe {
        let (list, count, stride) = match table.as_ref() {
            Some(t) => (t.Events, t.EventCount as usize, t.EventItemSize as usize),
            None => (ptr::null(), 0, 0),
        };
        if count > 0 && (stride < size_of::<PCEVENT_ITEM>() || stride % 8 != 0) {
            violation(
                Rule::AutomationTable,
                "automation table",
                format!("EventItemSize is {stride}"),
            );
        }
        (0..count).map(move |i| &*list.byte_add(i * stride))
    }
}

/// The row that serves a request, and the node that it names.
unsafe fn resolve(
    request: *mut IRP,
    target: &Target,
) -> Result<(&'static PCEVENT_ITEM, u32), NTSTATUS> {
    // SAFETY: KsEnableEvent found the KSEVENT readable; a node id is read only if the request has room for it.
    unsafe {
        let mut event = KSP_NODE::default();
        let length = irp::input_length(request).min(size_of::<KSP_NODE>());
        let input = irp::type3_input(request);
        let status = irp::copy_in(request, input, (&raw mut event).cast(), length);
        if status < 0 {
            return Err(status);
        }
        let shape = target.shape;
        let find =
            |table| rows(table).find(|r| *r.Set == event.Property.Set && r.Id == event.Property.Id);
        if event.Property.Flags & KSEVENT_TYPE_TOPOLOGY != 0 {
            if length < size_of::<KSP_NODE>() {
                return Err(STATUS_INVALID_BUFFER_SIZE);
            }
            let node = shape
                .nodes
                .get(event.NodeId as usize)
                .ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
            return find((**node).AutomationTable)
                .map(|row| (row, event.NodeId))
                .ok_or(STATUS_NOT_FOUND);
        }
        let pin = target
            .pin
            .and_then(|pin| shape.pc_pins.get(pin as usize))
            .map_or(ptr::null(), |p| (**p).AutomationTable);
        find(pin)
            .or_else(|| find((*shape.descriptor).AutomationTable))
            .map(|row| (row, NONE))
            .ok_or(STATUS_NOT_FOUND)
    }
}

unsafe fn call(
    row: &PCEVENT_ITEM,
    major: *mut c_void,
    minor: *mut c_void,
    node: u32,
    entry: *mut KSEVENT_ENTRY,
    verb: u32,
    request: *mut IRP,
) -> NTSTATUS {
    assert_passive("event handler");
    let Some(handler) = row.Handler else {
        return STATUS_SUCCESS;
    };
    let mut event = PCEVENT_REQUEST {
        MajorTarget: major.cast(),
        MinorTarget: minor.cast(),
        Node: node,
        EventItem: row,
        EventEntry: entry,
        Verb: verb,
        Irp: request.cast(),
    };
    let event = &raw mut event;
    // SAFETY: the driver's handler; the structure lives during the call.
    unsafe { guest_call!(handler, event) as NTSTATUS }
}

unsafe extern "efiapi" fn add(
    request: *mut IRP,
    _data: *mut KSEVENTDATA,
    entry: *mut KSEVENT_ENTRY,
) -> NTSTATUS {
    // SAFETY: called by KsEnableEvent with an entry of the size promised.
    unsafe {
        let target = Handle::target(irp::file(request));
        let (row, node) = match resolve(request, &target) {
            Ok(found) => found,
            Err(status) => return status,
        };
        *extra(entry) = Extra {
            row,
            major: target.major.cast(),
            minor: target.minor.cast(),
            pin: target.pin.unwrap_or(NONE),
            node,
            listed: false,
        };
        let (major, minor) = ((*extra(entry)).major, (*extra(entry)).minor);
        let status = call(row, major, minor, node, entry, PCEVENT_VERB_ADD, request);
        if status >= 0 && row.Handler.is_none() {
            Handle::filter(irp::file(request)).port().events.add(entry);
        }
        if status >= 0 && !(*extra(entry)).listed {
            violation(
                Rule::EventList,
                "IPortEvents",
                "an event was enabled, but it is on no list".to_owned(),
            );
        }
        if status < 0 && (*extra(entry)).listed {
            violation(
                Rule::EventList,
                "IPortEvents",
                "an event was added to the list, but its handler failed".to_owned(),
            );
            remove_entry_list(entry.cast());
        }
        status
    }
}

unsafe extern "efiapi" fn remove(_file: *mut FILE_OBJECT, entry: *mut KSEVENT_ENTRY) {
    // SAFETY: called by ks.sys with a listed entry of ours.
    unsafe {
        let (row, major, minor, node) = {
            let x = &*extra(entry);
            (&*x.row, x.major, x.minor, x.node)
        };
        call(
            row,
            major,
            minor,
            node,
            entry,
            PCEVENT_VERB_REMOVE,
            ptr::null_mut(),
        );
        remove_entry_list(entry.cast());
    }
}

unsafe extern "efiapi" fn support(
    request: *mut IRP,
    _event: *mut KSIDENTIFIER,
    _data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: called by KsEnableEvent.
    unsafe {
        let target = Handle::target(irp::file(request));
        match resolve(request, &target) {
            Ok((row, node)) => {
                let (major, minor) = (target.major.cast(), target.minor.cast());
                let none = ptr::null_mut();
                call(row, major, minor, node, none, PCEVENT_VERB_SUPPORT, request)
            }
            Err(status) => status,
        }
    }
}
