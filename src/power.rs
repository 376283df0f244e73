// SPDX-License-Identifier: MIT OR Apache-2.0
//! The device's power object.

use crate::adapter::Adapter;
use crate::com::object::class;
use crate::com::power::{AdapterPower, adapter_power};
use crate::kernel::irql::Passive;
use arioso_core::ks::guid::{
    IID_IAdapterPowerManagement, IID_IAdapterPowerManagement2, IID_IAdapterPowerManagement3,
};
use arioso_core::ks::portcls::IAdapterPowerManagement3Vtbl;
use arioso_core::ks::{DEVICE_POWER_STATE, GUID};

/// Identifies our adapter object.
const IID_ADAPTER: GUID = GUID::from_u128(0x5B1D_4E27_63A8_4B0F_9C55_0E1F_7A2D_C3B6);

class!(Adapter: IAdapterPowerManagement3Vtbl = adapter_power::<Adapter>, [
    IID_ADAPTER,
    IID_IAdapterPowerManagement,
    IID_IAdapterPowerManagement2,
    IID_IAdapterPowerManagement3,
]);

impl AdapterPower for Adapter {
    /// PortCls pauses the pins before the device leaves D0, which stops the owner and empties nothing; there is no hardware.
    fn power_changed(&self, _: Passive, state: DEVICE_POWER_STATE) {
        debug_line!("power state D%d", state.wrapping_sub(1));
    }
}
