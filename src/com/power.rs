// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IAdapterPowerManagement` 1 to 3.

use super::object::{Class, vtable};
use crate::kernel::irql::Passive;
use arioso_core::ks::portcls::{IAdapterPowerManagement3, IAdapterPowerManagement3Vtbl};
use arioso_core::ks::status::STATUS_SUCCESS;
use arioso_core::ks::{
    DEVICE_POWER_STATE, NTSTATUS, PDEVICE_CAPABILITIES, POWER_STATE, SYSTEM_POWER_STATE,
};

/// The adapter's side of power management. A software device allows every state.
pub trait AdapterPower {
    /// The device enters `state`, a `DEVICE_POWER_STATE`.
    fn power_changed(&self, passive: Passive, state: DEVICE_POWER_STATE);
}

/// Builds the vtable.
pub const fn adapter_power<T: Class + AdapterPower>() -> IAdapterPowerManagement3Vtbl {
    vtable!([Class, AdapterPower] IAdapterPowerManagement3, IAdapterPowerManagement3Vtbl for T {
        PowerChangeState |adapter, state: POWER_STATE| { adapter.power_changed(Passive::assume(), state) }
        QueryPowerChangeState |adapter, _state: POWER_STATE| -> NTSTATUS { STATUS_SUCCESS }
        QueryDeviceCapabilities |adapter, _capabilities: PDEVICE_CAPABILITIES| -> NTSTATUS { STATUS_SUCCESS }
        PowerChangeState2 |adapter, state: DEVICE_POWER_STATE, _system: SYSTEM_POWER_STATE| {
            adapter.power_changed(Passive::assume(), state)
        }
        PowerChangeState3 |adapter, state: DEVICE_POWER_STATE, _system: SYSTEM_POWER_STATE, _latency: i32| {
            adapter.power_changed(Passive::assume(), state)
        }
        D3ExitLatencyChanged |adapter, _latency: i32| -> NTSTATUS { STATUS_SUCCESS }
    })
}
