// SPDX-License-Identifier: MIT OR Apache-2.0
//! Adapter power management and power requests.

use core::ffi::c_void;

use arioso_core::ks::guid::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Ref, query_interface};
use super::device::{self, Device};
use super::port::Port;
use super::verify::{Rule, violation};
use crate::executive::po::*;
use crate::guest_call;
use crate::modules::irp;
use crate::nt::NTSTATUS;
use crate::nt::*;

/// The adapter's power interface; the newest that it has is used.
pub struct Power {
    one: Ref<IAdapterPowerManagement>,
    two: Option<Ref<IAdapterPowerManagement2>>,
    three: Option<Ref<IAdapterPowerManagement3>>,
}

pub unsafe extern "efiapi" fn PcRegisterAdapterPowerManagement(
    unknown: *mut IUnknown,
    fdo: *mut c_void,
) -> NTSTATUS {
    if unknown.is_null() || fdo.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: the driver's adapter object and device.
    unsafe {
        let device = device::of(fdo.cast());
        if device.power.is_some() {
            violation(
                Rule::PcRegisterAdapterPower,
                "PcRegisterAdapterPowerManagement",
                "registered twice".to_owned(),
            );
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        let Some(one) = query_interface(unknown, &IID_IAdapterPowerManagement) else {
            return STATUS_INVALID_PARAMETER;
        };
        if crate::verifier::allocation_fails() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let two = query_interface(unknown, &IID_IAdapterPowerManagement2);
        let three = query_interface(unknown, &IID_IAdapterPowerManagement3);
        device.power = Some(Power { one, two, three });
        STATUS_SUCCESS
    }
}

pub unsafe extern "efiapi" fn PcUnregisterAdapterPowerManagement(
    fdo: *mut DEVICE_OBJECT,
) -> NTSTATUS {
    // SAFETY: the driver's device.
    unsafe {
        match device::of(fdo).power.take() {
            Some(_) => STATUS_SUCCESS,
            None => {
                violation(
                    Rule::PcRegisterAdapterPower,
                    "PcUnregisterAdapterPowerManagement",
                    "unregistered without a registration".to_owned(),
                );
                STATUS_INVALID_DEVICE_REQUEST
            }
        }
    }
}

pub unsafe extern "efiapi" fn PcRequestNewPowerState(
    fdo: *mut DEVICE_OBJECT,
    state: i32,
) -> NTSTATUS {
    // SAFETY: the driver's device.
    unsafe {
        let pdo = device::of(fdo).pdo;
        let none = core::ptr::null_mut;
        let status = PoRequestPowerIrp(
            pdo,
            IRP_MN_SET_POWER,
            state,
            none(),
            none(),
            core::ptr::null_mut(),
        );
        if status == STATUS_PENDING {
            STATUS_SUCCESS
        } else {
            status
        }
    }
}

impl Power {
    /// The device is removed: what is still registered is released.
    pub fn forget(self) {
        drop(self);
    }

    pub unsafe fn query_capabilities(&self, capabilities: *mut DEVICE_CAPABILITIES) -> NTSTATUS {
        // SAFETY: alive while referenced; the request's structure.
        unsafe {
            guest_call!(
                (*(*self.one.get()).lpVtbl).QueryDeviceCapabilities,
                self.one.get(),
                capabilities
            ) as NTSTATUS
        }
    }

    fn query(&self, state: i32) -> NTSTATUS {
        // SAFETY: alive while referenced.
        unsafe {
            guest_call!(
                (*(*self.one.get()).lpVtbl).QueryPowerChangeState,
                self.one.get(),
                state
            ) as NTSTATUS
        }
    }

    fn change(&self, state: i32) {
        const SYSTEM_WORKING: i32 = POWER_SYSTEM_WORKING;
        // SAFETY: alive while referenced.
        unsafe {
            if let Some(three) = &self.three {
                guest_call!(
                    (*(*three.get()).lpVtbl).PowerChangeState3,
                    three.get(),
                    state,
                    SYSTEM_WORKING,
                    0
                );
            } else if let Some(two) = &self.two {
                guest_call!(
                    (*(*two.get()).lpVtbl).PowerChangeState2,
                    two.get(),
                    state,
                    SYSTEM_WORKING
                );
            } else {
                guest_call!(
                    (*(*self.one.get()).lpVtbl).PowerChangeState,
                    self.one.get(),
                    state
                );
            }
        }
    }

    /// `IRP_MJ_POWER`. System states are turned into device states; device states reach miniports and the adapter.
    ///
    /// # Safety
    /// A power request for the device.
    pub unsafe fn dispatch(device: &mut Device, request: *mut IRP) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            let stack = &*irp::stack(request);
            let power = stack.Parameters.Power;
            let wanted = match power.Type {
                SYSTEM_POWER_STATE_TYPE if power.State == POWER_SYSTEM_WORKING => POWER_DEVICE_D0,
                SYSTEM_POWER_STATE_TYPE => POWER_DEVICE_D3,
                _ => power.State,
            };
            PoStartNextPowerIrp(request);
            match stack.MinorFunction {
                IRP_MN_QUERY_POWER => {
                    if let Some(status) = device
                        .power
                        .as_ref()
                        .map(|p| p.query(wanted))
                        .filter(|&s| s < 0)
                    {
                        return irp::complete(request, status);
                    }
                    (*request).IoStatus.Status = STATUS_SUCCESS;
                }
                IRP_MN_SET_POWER if power.Type == SYSTEM_POWER_STATE_TYPE => {
                    let none = core::ptr::null_mut;
                    PoRequestPowerIrp(
                        device.pdo,
                        IRP_MN_SET_POWER,
                        wanted,
                        none(),
                        none(),
                        core::ptr::null_mut(),
                    );
                    (*request).IoStatus.Status = STATUS_SUCCESS;
                }
                IRP_MN_SET_POWER => {
                    Power::set(device, wanted);
                    (*request).IoStatus.Status = STATUS_SUCCESS;
                }
                _ => {}
            }
            device::pass_down(device, request)
        }
    }

    /// Down: streams pause, miniports hear of it, then the adapter. Up: the other way round.
    unsafe fn set(device: &mut Device, wanted: i32) {
        if device.state == wanted {
            return;
        }
        device.state = wanted;
        let notify = |before: bool| {
            for port in device.ports() {
                // SAFETY: alive while referenced.
                unsafe { com::of::<Port, _>(port.get()) }.power_change(wanted, before);
            }
        };
        notify(true);
        if let Some(power) = &device.power {
            power.change(wanted);
        }
        notify(false);
    }
}
