// SPDX-License-Identifier: MIT OR Apache-2.0
//! Service groups.

use std::cell::Cell;
use std::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::IID_IServiceSink;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::STATUS_SUCCESS;

use crate::fake::com::{self, Fake, Held, Object};
use crate::fake::{log, portcls};
use crate::{Rig, Scenario};

pub const SCENARIOS: &[Scenario] = &[("a_member_leaves_in_service", a_member_leaves_in_service)];

/// A member that asks for service when it goes.
struct Sink {
    group: Cell<*mut IServiceGroup>,
}

impl Fake for Sink {
    type Vtbl = IServiceSinkVtbl;
    const VTBL: &'static Self::Vtbl = &IServiceSinkVtbl {
        QueryInterface: com::query::<Sink, _>,
        AddRef: com::add::<Sink, _>,
        Release: com::drop_ref::<Sink, _>,
        RequestService: served,
    };
    const INTERFACES: &'static [GUID] = &[IID_IServiceSink];
}

impl Drop for Sink {
    fn drop(&mut self) {
        let group = self.group.get();
        // SAFETY: the test holds the group.
        unsafe { ((*(*group).lpVtbl).RequestService)(group) };
    }
}

unsafe extern "efiapi" fn served(_this: *mut IServiceSink) {
    log().services += 1;
}

/// The release of a member that leaves lets the group's DPC in; the others are served, this one no more.
fn a_member_leaves_in_service() {
    let mut rig = Rig::new();
    let served = rig.system.call(0, || {
        let new_group: FnPcNewServiceGroup = portcls("PcNewServiceGroup");
        // SAFETY: PortCls' objects, by its contract.
        unsafe {
            let mut group = ptr::null_mut();
            assert_eq!(new_group(&mut group, ptr::null_mut()), STATUS_SUCCESS);
            let group = Held(group);
            let vtbl = &*(*group.0).lpVtbl;
            let sink = || {
                let group = Cell::new(group.0);
                Object::create(Sink { group }).cast::<IServiceSink>()
            };
            let (stays, leaves) = (Held(sink()), Held(sink()));
            assert_eq!((vtbl.AddMember)(group.0, stays.0), STATUS_SUCCESS);
            assert_eq!((vtbl.AddMember)(group.0, leaves.0), STATUS_SUCCESS);
            let member = leaves.0;
            // The group's reference is the last.
            drop(leaves);
            (vtbl.RemoveMember)(group.0, member);
            let served = log().services;
            (vtbl.RemoveMember)(group.0, stays.0);
            served
        }
    });
    assert_eq!(served, 1);
    rig.finish_clean();
}
