// SPDX-License-Identifier: MIT OR Apache-2.0
//! The adapter's power object.

use std::ffi::c_void;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::IID_IAdapterPowerManagement;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Fake};
use super::log;

pub struct Power;

impl Fake for Power {
    type Vtbl = IAdapterPowerManagementVtbl;
    const VTBL: &'static Self::Vtbl = &IAdapterPowerManagementVtbl {
        QueryInterface: com::query::<Power, _>,
        AddRef: com::add::<Power, _>,
        Release: com::drop_ref::<Power, _>,
        PowerChangeState: change,
        QueryPowerChangeState: allow,
        QueryDeviceCapabilities: capabilities,
    };
    const INTERFACES: &'static [GUID] = &[IID_IAdapterPowerManagement];
}

unsafe extern "efiapi" fn change(_this: *mut IAdapterPowerManagement, state: i32) {
    log().powers.push(state);
}

unsafe extern "efiapi" fn allow(_this: *mut IAdapterPowerManagement, _state: i32) -> NTSTATUS {
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn capabilities(
    _this: *mut IAdapterPowerManagement,
    _caps: *mut c_void,
) -> NTSTATUS {
    STATUS_SUCCESS
}
