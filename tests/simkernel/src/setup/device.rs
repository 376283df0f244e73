// SPDX-License-Identifier: MIT OR Apache-2.0
//! Devices in the registry: the hardware key below `Enum`, the software key below the setup class, the keys of interfaces.

use super::{CLASS, ENUM, INTERFACES};
use crate::registry::{self, Value};

/// A device setup class.
pub struct Class {
    pub guid: &'static str,
    pub name: &'static str,
}

pub const MEDIA: Class = Class {
    guid: "{4d36e96c-e325-11ce-bfc1-08002be10318}",
    name: "MEDIA",
};

/// `CONFIGFLAG_DISABLED`
const DISABLED: u32 = 1;

/// The device's key below `Enum`.
pub fn key(instance: &str) -> String {
    format!("{ENUM}\\{instance}")
}

/// A new root-enumerated device, `ROOT\<id>\NNNN`: what SetupDiCreateDeviceInfo and SetupDiRegisterDeviceInfo note of it.
pub fn create(id: &str, class_guid: &str, hardware_id: &str) -> String {
    let instance = first_free(&format!("{ENUM}\\ROOT\\{id}"));
    let instance = format!("ROOT\\{id}\\{instance}");
    let key = key(&instance);
    registry::set(&key, "ClassGUID", Value::text(class_guid));
    registry::set(&key, "HardwareID", Value::texts(&[hardware_id]));
    registry::set(&key, "Capabilities", Value::dword(0));
    registry::set(&key, "ConfigFlags", Value::dword(0));
    let container = "{00000000-0000-0000-ffff-ffffffffffff}";
    registry::set(&key, "ContainerID", Value::text(container));
    instance
}

/// A device of a driver that no INF installs.
pub fn by_hand(service: &str) -> String {
    let instance = create(service, MEDIA.guid, service);
    let key = key(&instance);
    registry::set(&key, "Service", Value::text(service));
    for name in ["DeviceDesc", "Mfg", "FriendlyName"] {
        registry::set(&key, name, Value::text(service));
    }
    new_driver_key(&instance, MEDIA.guid);
    instance
}

/// Whether no INF installed it.
pub fn is_by_hand(instance: &str) -> bool {
    published(instance).is_none()
}

/// The next name of four digits below a key.
fn first_free(key: &str) -> String {
    let mut names = (0..).map(|n| format!("{n:04}"));
    let free = names.find(|name| !registry::exists(&format!("{key}\\{name}")));
    free.unwrap_or_default()
}

pub fn exists(instance: &str) -> bool {
    registry::exists(&key(instance))
}

/// All devices, started or not.
pub fn all() -> Vec<String> {
    let mut all = Vec::new();
    for bus in registry::subkeys(ENUM) {
        for id in registry::subkeys(&format!("{ENUM}\\{bus}")) {
            let instances = registry::subkeys(&format!("{ENUM}\\{bus}\\{id}"));
            all.extend(instances.iter().map(|n| format!("{bus}\\{id}\\{n}")));
        }
    }
    all
}

/// A string of the hardware key; of `@oem0.inf,%name%;text` the text.
pub fn string(instance: &str, name: &str) -> Option<String> {
    let text = registry::get(&key(instance), name)?.string()?;
    match text.strip_prefix('@').and_then(|t| t.split_once(';')) {
        Some((_, text)) => Some(text.to_owned()),
        None => Some(text),
    }
}

/// Hardware ids first, then compatible ones.
pub fn ids(instance: &str) -> Vec<String> {
    ["HardwareID", "CompatibleIDs"]
        .iter()
        .filter_map(|name| registry::get(&key(instance), name)?.strings())
        .flatten()
        .collect()
}

/// Path of the driver (software) key.
pub fn driver_key(instance: &str) -> Option<String> {
    Some(format!("{CLASS}\\{}", string(instance, "Driver")?))
}

/// The driver key; a new one if there is none in this class.
pub fn new_driver_key(instance: &str, class_guid: &str) -> String {
    let known = string(instance, "Driver");
    let driver = known.filter(|driver| driver.starts_with(class_guid));
    let driver = driver.unwrap_or_else(|| {
        format!(
            "{class_guid}\\{}",
            first_free(&format!("{CLASS}\\{class_guid}"))
        )
    });
    registry::set(&key(instance), "Driver", Value::text(&driver));
    let path = format!("{CLASS}\\{driver}");
    registry::create(&path);
    path
}

/// The published name of the INF that installed the device's driver.
pub fn published(instance: &str) -> Option<String> {
    registry::get(&driver_key(instance)?, "InfPath")?.string()
}

pub fn is_disabled(instance: &str) -> bool {
    flags(instance) & DISABLED != 0
}

pub fn set_disabled(instance: &str, disabled: bool) {
    let flags = (flags(instance) & !DISABLED) | (u32::from(disabled) * DISABLED);
    registry::set(&key(instance), "ConfigFlags", Value::dword(flags));
}

fn flags(instance: &str) -> u32 {
    let flags = registry::get(&key(instance), "ConfigFlags");
    flags.and_then(|flags| flags.number()).unwrap_or(0)
}

/// The key of a device interface; made if it is not there.
pub fn interface_key(instance: &str, class: &str, reference: &str) -> String {
    let device = format!("##?#{}#{class}", instance.replace('\\', "#"));
    let device = format!("{INTERFACES}\\{class}\\{device}");
    registry::set(&device, "DeviceInstance", Value::text(instance));
    let key = format!("{device}\\#{reference}");
    let mut link = format!("\\\\?\\{}#{class}", instance.replace('\\', "#"));
    if !reference.is_empty() {
        link = format!("{link}\\{reference}");
    }
    if registry::get(&key, "SymbolicLink").is_none() {
        registry::set(&key, "SymbolicLink", Value::text(&link));
    }
    key
}

/// Takes the driver off a device: its key, the service's name, what was told of interfaces.
pub fn forget_driver(instance: &str) {
    forget_interfaces(instance);
    if let Some(driver) = driver_key(instance) {
        registry::delete_tree(&driver);
    }
    let key = key(instance);
    for name in ["Driver", "Service", "DeviceDesc", "Mfg", "FriendlyName"] {
        registry::remove(&key, name);
    }
    for name in super::configure::PROPERTIES {
        registry::remove(&key, name);
    }
}

/// Deletes the device from the registry.
pub fn forget(instance: &str) {
    forget_driver(instance);
    let key = key(instance);
    registry::delete_tree(&key);
    if let Some((id, _)) = key.rsplit_once('\\') {
        registry::delete_if_empty(id);
    }
}

fn forget_interfaces(instance: &str) {
    for class in registry::subkeys(INTERFACES) {
        let class = format!("{INTERFACES}\\{class}");
        for device in registry::subkeys(&class) {
            let key = format!("{class}\\{device}");
            let owner = registry::get(&key, "DeviceInstance").and_then(|v| v.string());
            if owner.is_some_and(|owner| owner.eq_ignore_ascii_case(instance)) {
                registry::delete_tree(&key);
            }
        }
    }
}
