// SPDX-License-Identifier: MIT OR Apache-2.0
//! `status`: what is installed.

use super::api::devices::{self, Device};
use super::api::{refused, service};
use super::{SERVICE, package, problem, settings};
use crate::failure::{Failure, Kind, Result};
use crate::messages;
use crate::table::Table;
use std::path::PathBuf;
use windows_registry::{Key, LOCAL_MACHINE};

/// The categories that the INF registers interfaces in.
pub const CATEGORIES: &[(&str, windows::core::GUID)] = {
    use arioso_core::ks::guid::*;
    const fn guid(guid: arioso_core::ks::GUID) -> windows::core::GUID {
        windows::core::GUID::from_values(guid.Data1, guid.Data2, guid.Data3, guid.Data4)
    }
    &[
        ("AUDIO", guid(KSCATEGORY_AUDIO)),
        ("SYNTHESIZER", guid(KSCATEGORY_SYNTHESIZER)),
        ("DATATRANSFORM", guid(KSCATEGORY_DATATRANSFORM)),
        ("CAPTURE", guid(KSCATEGORY_CAPTURE)),
        ("REALTIME", guid(KSCATEGORY_REALTIME)),
        ("TOPOLOGY", guid(KSCATEGORY_TOPOLOGY)),
    ]
};

/// An interface of the driver's.
pub struct Interface {
    pub category: &'static str,
    /// The subdevice.
    pub name: String,
    pub link: String,
    pub enabled: bool,
}

/// `arioso status`
pub fn status() -> Result<()> {
    let devices = package::devices()?;
    if devices.is_empty() {
        return Err(Failure::new(
            Kind::Session,
            "there is no device of the driver: run arioso install as administrator",
        ));
    }
    for device in &devices {
        show(device)?;
    }
    Ok(())
}

fn show(device: &Device) -> Result<()> {
    let value = |name| package::driver_value(device, name).unwrap_or_else(|| "unknown".into());
    let inf = value("InfPath");
    let store = devices::store_path(&inf).map_or_else(
        || "unknown".into(),
        |path: PathBuf| path.display().to_string(),
    );
    let state = service::state(SERVICE).map_err(|error| refused("ask for the service", &error))?;
    let service = match (state, service_key()) {
        (Some(state), Some(key)) => format!(
            "{SERVICE}, {state}, {}",
            key.get_string("ImagePath").unwrap_or_default()
        ),
        _ => "not there".into(),
    };
    messages::tell(format_args!("{}\n", device.id()));
    for (name, text) in [
        ("state", problem::describe(device.state())),
        (
            "driver",
            format!("{} of {}", value("DriverVersion"), value("DriverDate")),
        ),
        ("package", format!("{inf}, {store}")),
        ("service", service),
    ] {
        messages::tell(format_args!("  {name:<10}  {text}\n"));
    }
    messages::tell(format_args!("\nInterfaces\n"));
    let mut table = Table::new(&["filter", "category", "", "symbolic link"]);
    for interface in interfaces(device)? {
        let enabled = if interface.enabled {
            "enabled"
        } else {
            "disabled"
        };
        table.row([
            interface.name,
            interface.category.into(),
            enabled.into(),
            interface.link,
        ]);
    }
    messages::tell(&table);
    messages::tell(format_args!("\nSettings\n"));
    let mut table = Table::new(&["name", "value"]);
    for (name, value) in settings::all() {
        table.row([name, value]);
    }
    messages::tell(&table);
    Ok(())
}

/// The device's interfaces, enabled or not.
pub fn interfaces(device: &Device) -> Result<Vec<Interface>> {
    let id = device.id();
    let mut found = Vec::new();
    for (category, guid) in CATEGORIES {
        let all = devices::interfaces(guid, true)
            .map_err(|error| refused("list the interfaces", &error))?;
        let own = all
            .into_iter()
            .filter(|interface| interface.device.eq_ignore_ascii_case(&id));
        found.extend(own.map(|interface| {
            Interface {
                category,
                name: interface
                    .link
                    .rsplit('\\')
                    .next()
                    .unwrap_or_default()
                    .into(),
                link: interface.link,
                enabled: interface.enabled,
            }
        }));
    }
    Ok(found)
}

/// The service's key.
pub fn service_key() -> Option<Key> {
    let path = format!(r"SYSTEM\CurrentControlSet\Services\{SERVICE}");
    LOCAL_MACHINE.open(path).ok()
}
