// SPDX-License-Identifier: MIT OR Apache-2.0
//! IServiceGroup: a DPC that serves its members, with an optional timer.

use core::cell::Cell;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Com, Object, Ref};
use super::walked::Walked;
use crate::executive::ke::*;
use crate::guest_call;
use crate::modules::thunk;
use crate::nt::NTSTATUS;
use crate::nt::*;

pub struct ServiceGroup {
    members: Walked<Ref<IServiceSink>>,
    dpc: Box<Cell<KDPC>>,
    timer: Box<Cell<KTIMER>>,
    delayed: Cell<bool>,
}

impl ServiceGroup {
    pub fn create() -> *mut Object<ServiceGroup> {
        // SAFETY: all-zero is valid before initialisation, and the boxes do not move.
        let zero = unsafe { (core::mem::zeroed(), core::mem::zeroed()) };
        let object = Object::new(ServiceGroup {
            members: Walked::default(),
            dpc: Box::new(Cell::new(zero.0)),
            timer: Box::new(Cell::new(zero.1)),
            delayed: Cell::new(false),
        });
        // SAFETY: the DPC's context is the object, which stops both before it goes.
        unsafe {
            let routine = thunk::code(
                "portcls.sys",
                "service group DPC",
                serve as *const () as usize,
                DISPATCH_LEVEL,
            );
            KeInitializeDpc(
                (*object).value.dpc.as_ptr(),
                core::mem::transmute::<usize, PKDEFERRED_ROUTINE>(routine),
                object.cast(),
            );
            KeInitializeTimer((*object).value.timer.as_ptr());
        }
        object
    }
}

impl Drop for ServiceGroup {
    fn drop(&mut self) {
        // SAFETY: initialised by `create`.
        unsafe {
            KeCancelTimer(self.timer.as_ptr());
            KeRemoveQueueDpc(self.dpc.as_ptr());
        }
    }
}

impl Com for ServiceGroup {
    type Vtbl = IServiceGroupVtbl;
    const VTBL: &'static IServiceGroupVtbl = &IServiceGroupVtbl {
        QueryInterface: com::query::<ServiceGroup, _>,
        AddRef: com::add_ref::<ServiceGroup, _>,
        Release: com::release::<ServiceGroup, _>,
        RequestService: request,
        AddMember: add,
        RemoveMember: remove,
        SupportDelayedService: support_delayed,
        RequestDelayedService: request_delayed,
        CancelDelayedService: cancel_delayed,
    };
    const NAME: &'static str = "IServiceGroup";
    const INTERFACES: &'static [GUID] = &[IID_IServiceGroup, IID_IServiceSink];
}

unsafe extern "efiapi" fn serve(_dpc: *mut KDPC, group: PVOID, _a: PVOID, _b: PVOID) {
    // SAFETY: the group is alive while its DPC can run.
    unsafe {
        com::of::<ServiceGroup, _>(group).members.walk(|member| {
            guest_call!((*(*member.get()).lpVtbl).RequestService, member.get());
        });
    }
}

unsafe extern "efiapi" fn request(this: *mut IServiceGroup) {
    // SAFETY: through our own vtable.
    unsafe {
        let group = com::of::<ServiceGroup, _>(this);
        // One DPC serves both: what was asked for later is served now.
        if group.delayed.get() {
            KeCancelTimer(group.timer.as_ptr());
        }
        KeInsertQueueDpc(
            group.dpc.as_ptr(),
            core::ptr::null_mut(),
            core::ptr::null_mut(),
        )
    };
}

unsafe extern "efiapi" fn add(this: *mut IServiceGroup, sink: *mut IServiceSink) -> NTSTATUS {
    // SAFETY: through our own vtable; the sink is alive.
    unsafe {
        let Some(sink) = Ref::new(sink) else {
            return STATUS_INVALID_PARAMETER;
        };
        com::of::<ServiceGroup, _>(this).members.push(sink);
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn remove(this: *mut IServiceGroup, sink: *mut IServiceSink) {
    // SAFETY: through our own vtable.
    unsafe {
        let group = com::of::<ServiceGroup, _>(this);
        match group.members.remove(|member| member.get() == sink) {
            Some(gone) => drop(gone),
            None => super::verify::violation(
                super::verify::Rule::ServiceMember,
                "IServiceGroup::RemoveMember",
                "not a member".to_owned(),
            ),
        }
    }
}

unsafe extern "efiapi" fn support_delayed(this: *mut IServiceGroup) {
    // SAFETY: through our own vtable.
    unsafe { com::of::<ServiceGroup, _>(this) }
        .delayed
        .set(true);
}

unsafe extern "efiapi" fn request_delayed(this: *mut IServiceGroup, delay: u64) {
    // SAFETY: through our own vtable.
    unsafe {
        let group = com::of::<ServiceGroup, _>(this);
        if !group.delayed.get() {
            super::verify::violation(
                super::verify::Rule::ServiceDelayed,
                "IServiceGroup",
                "RequestDelayedService without SupportDelayedService".to_owned(),
            );
            return;
        }
        KeSetTimer(group.timer.as_ptr(), delay as i64, group.dpc.as_ptr());
    }
}

unsafe extern "efiapi" fn cancel_delayed(this: *mut IServiceGroup) {
    // SAFETY: through our own vtable.
    unsafe { KeCancelTimer(com::of::<ServiceGroup, _>(this).timer.as_ptr()) };
}
