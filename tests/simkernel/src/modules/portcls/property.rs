// SPDX-License-Identifier: MIT OR Apache-2.0
//! Property sets of filters and pins: the port's own, and the miniport's automation tables behind PCPROPERTY_REQUEST.

use core::ffi::c_void;
use core::ptr;
use std::collections::{BTreeMap, BTreeSet};

use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{AlignedGuid, GUID};

use super::handle::{Handle, Target};
use super::verify::{Rule, assert_passive, violation};
use crate::guest_call;
use crate::modules::{irp, ks, thunk};
use crate::nt::{IRP, NTSTATUS, PASSIVE_LEVEL};
use crate::state::Global;

/// A handler of the port itself.
pub type PortHandler =
    unsafe extern "efiapi" fn(*mut c_void, *mut KSPROPERTY, *mut c_void) -> NTSTATUS;

/// One property that the port implements.
pub struct PortItem {
    pub set: GUID,
    pub id: u32,
    pub get: Option<PortHandler>,
    pub set_handler: Option<PortHandler>,
    /// Least bytes of the request; of the value.
    pub request: usize,
    pub value: usize,
}

/// Sets for `KsPropertyHandler`.
pub struct Tables {
    sets: Vec<KSPROPERTY_SET>,
    _items: Vec<Box<[KSPROPERTY_ITEM]>>,
    /// Boxed: the sets point at them.
    #[allow(clippy::vec_box)]
    _guids: Vec<Box<AlignedGuid>>,
}

fn entry(handler: PortHandler) -> PortHandler {
    let code = thunk::code(
        "portcls.sys",
        "property handler",
        handler as *const () as usize,
        PASSIVE_LEVEL,
    );
    // SAFETY: an entry has the type of what it leads to.
    unsafe { core::mem::transmute::<usize, PortHandler>(code) }
}

impl Tables {
    /// The port's items win over the miniport's.
    ///
    /// # Safety
    /// `automation` are the driver's tables or null.
    pub unsafe fn build(port: &[PortItem], automation: &[*const PCAUTOMATION_TABLE]) -> Tables {
        let mut merged: BTreeMap<GUID, BTreeMap<u32, KSPROPERTY_ITEM>> = BTreeMap::new();
        for &table in automation {
            // SAFETY: by the contract.
            for row in unsafe { rows(table) } {
                // SAFETY: a row's set pointer is valid.
                let set = unsafe { *row.Set };
                let mut item = merged
                    .get(&set)
                    .and_then(|s| s.get(&row.Id))
                    .copied()
                    .unwrap_or(empty(row.Id));
                if row.Flags & KSPROPERTY_TYPE_GET != 0 {
                    item.GetPropertyHandler = Some(entry(miniport_property));
                }
                if row.Flags & KSPROPERTY_TYPE_SET != 0 {
                    item.SetPropertyHandler = Some(entry(miniport_property));
                }
                item.SupportHandler = Some(entry(miniport_property));
                item.MinProperty = size_of::<KSPROPERTY>() as u32;
                merged.entry(set).or_default().insert(row.Id, item);
            }
        }
        for own in port {
            let mut item = empty(own.id);
            item.GetPropertyHandler = own.get.map(entry);
            item.SetPropertyHandler = own.set_handler.map(entry);
            item.MinProperty = own.request as u32;
            item.MinData = own.value as u32;
            merged.entry(own.set).or_default().insert(own.id, item);
        }
        let mut out = Tables {
            sets: Vec::new(),
            _items: Vec::new(),
            _guids: Vec::new(),
        };
        for (set, items) in merged {
            let items: Box<[KSPROPERTY_ITEM]> = items.into_values().collect();
            let guid = Box::new(AlignedGuid(set));
            out.sets.push(KSPROPERTY_SET {
                Set: &guid.0,
                PropertiesCount: items.len() as u32,
                PropertyItem: items.as_ptr(),
                FastIoCount: 0,
                FastIoTable: ptr::null(),
            });
            out._items.push(items);
            out._guids.push(guid);
        }
        out
    }

    pub fn sets(&self) -> (u32, *const KSPROPERTY_SET) {
        (self.sets.len() as u32, self.sets.as_ptr())
    }
}

fn empty(id: u32) -> KSPROPERTY_ITEM {
    KSPROPERTY_ITEM {
        PropertyId: id,
        GetPropertyHandler: None,
        MinProperty: size_of::<KSPROPERTY>() as u32,
        MinData: 0,
        SetPropertyHandler: None,
        Values: ptr::null(),
        RelationsCount: 0,
        Relations: ptr::null(),
        SupportHandler: None,
        SerializedSize: 0,
    }
}

/// Rows of an automation table.
unsafe fn rows<'a>(table: *const PCAUTOMATION_TABLE) -> impl Iterator<Item = &'a PCPROPERTY_ITEM> {
    // SAFETY: null or a driver's table with the stride that it says.
    unsafe {
        let (list, count, stride) = match table.as_ref() {
            Some(t) => (
                t.Properties,
                t.PropertyCount as usize,
                t.PropertyItemSize as usize,
            ),
            None => (ptr::null(), 0, 0),
        };
        if count > 0 && (stride < size_of::<PCPROPERTY_ITEM>() || stride % 8 != 0) {
            violation(
                Rule::AutomationTable,
                "automation table",
                format!("PropertyItemSize is {stride}"),
            );
        }
        (0..count).map(move |i| &*list.byte_add(i * stride))
    }
}

unsafe fn find<'a>(
    table: *const PCAUTOMATION_TABLE,
    property: &KSPROPERTY,
) -> Option<&'a PCPROPERTY_ITEM> {
    // SAFETY: as in `rows`.
    unsafe { rows(table).find(|row| *row.Set == property.Set && row.Id == property.Id) }
}

/// The row that serves a request, and the node to name in it.
unsafe fn resolve(
    target: &Target,
    property: &KSPROPERTY,
    input: usize,
) -> Result<(&'static PCPROPERTY_ITEM, u32), NTSTATUS> {
    // SAFETY: descriptor pointers are the driver's constant data; the node id is read only if the request has room for it.
    unsafe {
        let shape = target.shape;
        if property.Flags & KSPROPERTY_TYPE_TOPOLOGY != 0 {
            if input < size_of::<KSP_NODE>() {
                return Err(STATUS_INVALID_BUFFER_SIZE);
            }
            let node = (*ptr::from_ref(property).cast::<KSP_NODE>()).NodeId;
            let table = shape
                .nodes
                .get(node as usize)
                .ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
            return find((**table).AutomationTable, property)
                .map(|row| (row, node))
                .ok_or(STATUS_NOT_FOUND);
        }
        let pin = target
            .pin
            .and_then(|pin| shape.pc_pins.get(pin as usize))
            .map_or(ptr::null(), |p| (**p).AutomationTable);
        let filter = (*shape.descriptor).AutomationTable;
        // A node's table is for requests that name the node.
        find(pin, property)
            .or_else(|| find(filter, property))
            .map(|row| (row, u32::MAX))
            .ok_or(STATUS_NOT_FOUND)
    }
}

/// A request under way in the miniport. `PCPROPERTY_REQUEST` comes first: that is the pointer the miniport has.
#[repr(C)]
struct Pending {
    request: PCPROPERTY_REQUEST,
    /// The handler has not returned yet.
    inside: bool,
    /// PcCompletePendingPropertyRequest was called meanwhile.
    early: Option<NTSTATUS>,
}

static PENDING: Global<BTreeSet<usize>> = Global::new(BTreeSet::new());

unsafe extern "efiapi" fn miniport_property(
    request: *mut c_void,
    property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    let request = request.cast::<IRP>();
    // SAFETY: called by KsPropertyHandler with kernel copies; the file object is one of ours.
    unsafe {
        assert_passive("property handler");
        let target = Handle::target(irp::file(request));
        let verb = (*property).Flags & !KSPROPERTY_TYPE_TOPOLOGY;
        let input = irp::input_length(request);
        let output = irp::output_length(request);
        let (row, node) = match resolve(&target, &*property, input) {
            Ok(found) => found,
            // KS would answer for an item that only some other node has.
            Err(STATUS_NOT_FOUND) if verb == KSPROPERTY_TYPE_BASICSUPPORT => {
                return STATUS_INVALID_DEVICE_REQUEST;
            }
            Err(status) => return status,
        };
        if row.Flags & verb == 0 {
            if verb == KSPROPERTY_TYPE_BASICSUPPORT {
                let access = row.Flags & (KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET)
                    | KSPROPERTY_TYPE_BASICSUPPORT;
                let (status, bytes) =
                    ks::property::write_support(data, output, access, KSIDENTIFIER::default());
                irp::set_information(request, bytes);
                return status;
            }
            return STATUS_NOT_FOUND;
        }
        let Some(handler) = row.Handler else {
            return STATUS_NOT_FOUND;
        };
        let head = if (*property).Flags & KSPROPERTY_TYPE_TOPOLOGY != 0 {
            size_of::<KSP_NODE>()
        } else {
            size_of::<KSPROPERTY>()
        };
        let instance = input - head;
        let pending = Box::into_raw(Box::new(Pending {
            request: PCPROPERTY_REQUEST {
                MajorTarget: target.major.cast(),
                MinorTarget: target.minor.cast(),
                Node: node,
                PropertyItem: row,
                Verb: (*property).Flags,
                InstanceSize: instance as u32,
                Instance: if instance == 0 {
                    ptr::null_mut()
                } else {
                    property.cast::<u8>().add(head).cast()
                },
                ValueSize: output as u32,
                Value: data,
                Irp: request.cast(),
            },
            inside: true,
            early: None,
        }));
        PENDING.get().insert(pending as usize);
        let status = guest_call!(handler, pending) as NTSTATUS;
        finish(pending, status)
    }
}

/// What the miniport's handler returned. Pending requests stay the miniport's.
unsafe fn finish(pending: *mut Pending, status: NTSTATUS) -> NTSTATUS {
    // SAFETY: made by `miniport_property`, in the set of pending ones.
    unsafe {
        let status = match ((*pending).early, status) {
            (Some(early), STATUS_PENDING) => early,
            (Some(_), other) => {
                violation(
                    Rule::PropertyPending,
                    "PCPROPERTY_REQUEST",
                    format!("completed as pending, but the handler returned {other:#x}"),
                );
                other
            }
            (None, other) => other,
        };
        (*pending).inside = false;
        let request = (*pending).request.Irp.cast::<IRP>();
        if status == STATUS_PENDING {
            irp::mark_pending(request);
            return status;
        }
        settle(pending, request, status);
        status
    }
}

/// Sets Information from `ValueSize` and forgets the request.
unsafe fn settle(pending: *mut Pending, request: *mut IRP, status: NTSTATUS) {
    PENDING.get().remove(&(pending as usize));
    // SAFETY: no one else has the pointer now.
    let done = unsafe { Box::from_raw(pending) };
    let bytes = done.request.ValueSize as usize;
    // SAFETY: the request is still the port's.
    unsafe {
        let room = irp::output_length(request);
        let answers = done.request.Verb & KSPROPERTY_TYPE_SET == 0;
        let copied = answers && room > 0 && (status >= 0 || status == STATUS_BUFFER_OVERFLOW);
        if copied && bytes > room {
            violation(
                Rule::PropertySize,
                "PCPROPERTY_REQUEST",
                format!("ValueSize {bytes} for a buffer of {room} bytes (status {status:#x})"),
            );
        }
        irp::set_information(
            request,
            if copied {
                bytes.min(room)
            } else if answers {
                bytes
            } else {
                0
            },
        );
    }
}

pub unsafe extern "efiapi" fn PcCompletePendingPropertyRequest(
    request: *mut PCPROPERTY_REQUEST,
    status: NTSTATUS,
) -> NTSTATUS {
    let pending = request.cast::<Pending>();
    if !PENDING.get().contains(&(pending as usize)) {
        violation(
            Rule::PropertyPending,
            "PCPROPERTY_REQUEST",
            format!("{request:p} is not a pending property request"),
        );
        return STATUS_INVALID_PARAMETER;
    }
    if status == STATUS_PENDING {
        violation(
            Rule::PcPropertyRequest,
            "PCPROPERTY_REQUEST",
            "completed with STATUS_PENDING".to_owned(),
        );
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: it is in the set.
    unsafe {
        if (*pending).inside {
            (*pending).early = Some(status);
            return STATUS_SUCCESS;
        }
        let request = (*pending).request.Irp.cast::<IRP>();
        settle(pending, request, status);
        irp::complete(request, status);
    }
    STATUS_SUCCESS
}
