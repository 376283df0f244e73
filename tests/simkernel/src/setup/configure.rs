// SPDX-License-Identifier: MIT OR Apache-2.0
//! What installing a model's section on a device writes.

use super::SERVICES;
use super::device;
use super::security;
use super::store::Staged;
use crate::registry::{self, Value};
use arioso_inf::{Data, Date, Install, Model, RegistryValue, Service};

/// `SPSVCINST_ASSOCSERVICE`
const FUNCTION_DRIVER: u32 = 2;
/// The framework of this Windows.
const KMDF: (u32, u32) = (1, 31);
/// Values of a hardware section that are properties of the device object: Windows keeps them in the device's own key, all other
/// values in `Device Parameters` below it.
pub const PROPERTIES: [&str; 4] = [
    "DeviceType",
    "DeviceCharacteristics",
    "Exclusive",
    "Security",
];

/// Configures a device with a driver from the store. Nothing is written unless all can be.
///
/// # Errors
/// The line of the INF that cannot be followed.
pub fn configure(
    instance: &str,
    staged: &Staged,
    model: &Model,
    install: &Install,
) -> Result<(), String> {
    let plan = Plan {
        instance,
        staged,
        model,
        install,
    };
    let told = |what: String| format!("{}: {what}", staged.published);
    let service = plan.check().map_err(told)?;
    plan.driver_key();
    plan.hardware_key(&service.name);
    plan.interfaces();
    for service in &install.services {
        plan.service(service);
    }
    for framework in &install.framework {
        let key = format!("{SERVICES}\\{}\\Parameters\\Wdf", framework.service);
        registry::set(&key, "KmdfLibraryVersion", Value::text(&framework.version));
    }
    Ok(())
}

struct Plan<'a> {
    instance: &'a str,
    staged: &'a Staged,
    model: &'a Model,
    install: &'a Install,
}

impl Plan<'_> {
    /// The function driver's service, if all that is to be written can be.
    fn check(&self) -> Result<&Service, String> {
        let install = self.install;
        let functions = install.services.iter();
        let functions: Vec<_> = functions
            .filter(|s| s.flags & FUNCTION_DRIVER != 0)
            .collect();
        let [function] = functions[..] else {
            return Err(format!(
                "[{}.Services] names no function driver of the device (ERROR_NO_ASSOCIATED_SERVICE)",
                install.section
            ));
        };
        for service in &install.services {
            self.path(&service.binary)?;
        }
        for framework in &install.framework {
            check_framework(&framework.version)
                .map_err(|what| format!("[{}]: {what}", framework.section))?;
            let known = |s: &&Service| s.name.eq_ignore_ascii_case(&framework.service);
            if install.services.iter().find(known).is_none() {
                return Err(format!(
                    "[{}]: there is no service {}",
                    framework.section, framework.service
                ));
            }
        }
        let interfaces = install.interfaces.iter();
        for interface in interfaces.clone() {
            if crate::executive::rtl::guid_from_text(&interface.class).is_none() {
                return Err(format!(
                    "[{}]: {} is no GUID",
                    interface.section, interface.class
                ));
            }
        }
        let lists = [&install.driver, &install.hardware].into_iter();
        let lists = lists.chain(install.services.iter().map(|s| &s.values));
        for value in lists.chain(interfaces.map(|i| &i.values)).flatten() {
            self.check_value(value)
                .map_err(|what| format!("[{}], line {}: {what}", value.section, value.line))?;
        }
        Ok(function)
    }

    fn check_value(&self, value: &RegistryValue) -> Result<(), String> {
        if !value.root.eq_ignore_ascii_case("HKR") {
            return Err(format!("{} is not the driver's to write", value.root));
        }
        if value.special || matches!(value.data, Some(Data::Long(_))) {
            return Err(format!("{}: such flags are not simulated", value.name));
        }
        if is_property(value) {
            property(value)?;
        }
        Ok(())
    }

    /// A path with `%13%` put in.
    fn path(&self, text: &str) -> Result<String, String> {
        match text.strip_prefix("%13%") {
            Some(rest) => Ok(format!("{}{rest}", self.staged.directory)),
            None => Err(format!(
                "{text} does not stay in the driver store (DIRID 13)"
            )),
        }
    }

    /// A string of the INF by reference, as Windows keeps it to translate it later.
    fn indirect(&self, text: &str) -> Value {
        let strings = self.staged.inf.section("Strings");
        let mut entries = strings.map_or(&[][..], |s| &s.entries).iter();
        let token = entries.find_map(|e| e.key.as_ref().filter(|_| e.value(0) == text));
        Value::text(&match token {
            Some(token) => {
                let token = token.to_lowercase();
                format!("@{},%{token}%;{text}", self.staged.published)
            }
            None => text.to_owned(),
        })
    }

    fn driver_key(&self) {
        let head = &self.staged.head;
        let key = device::new_driver_key(self.instance, &head.class_guid);
        let set = |name, text: &str| registry::set(&key, name, Value::text(text));
        let Date { year, month, day } = head.version.date;
        let [a, b, c, d] = head.version.version;
        set("DriverDesc", &self.model.description);
        set("ProviderName", &head.provider);
        set("DriverDate", &format!("{month}-{day}-{year}"));
        set("DriverVersion", &format!("{a}.{b}.{c}.{d}"));
        set("InfPath", &self.staged.published);
        set("InfSection", &self.model.install);
        let decoration = self.install.section.strip_prefix(&self.model.install);
        set("InfSectionExt", decoration.unwrap_or_default());
        let ids = device::ids(self.instance);
        let matching = ids
            .iter()
            .find(|id| self.model.ids.iter().any(|m| m.eq_ignore_ascii_case(id)));
        set("MatchingDeviceId", matching.map_or("", |id| id));
        if !self.install.include.is_empty() {
            registry::set(&key, "IncludedInfs", Value::texts(&self.install.include));
        }
        self.add(&key, &self.install.driver);
    }

    fn hardware_key(&self, service: &str) {
        let key = device::key(self.instance);
        registry::set(&key, "Service", Value::text(service));
        registry::set(&key, "DeviceDesc", self.indirect(&self.model.description));
        registry::set(&key, "Mfg", self.indirect(&self.maker()));
        let (properties, values): (Vec<_>, Vec<_>) =
            self.install.hardware.iter().partition(|v| is_property(v));
        for value in properties {
            if let Ok(data) = property(value) {
                registry::set(&key, &value.name, data);
            }
        }
        self.add(&format!("{key}\\Device Parameters"), values);
    }

    /// The manufacturer whose models these are.
    fn maker(&self) -> String {
        let makers = self.staged.inf.section("Manufacturer");
        let mut entries = makers.map_or(&[][..], |s| &s.entries).iter();
        let of = |models: &str| {
            let section = self.model.section.to_lowercase();
            section.starts_with(&format!("{}.", models.to_lowercase()))
        };
        let entry = entries.find(|entry| of(entry.value(0)));
        entry.and_then(|e| e.key.clone()).unwrap_or_default()
    }

    fn interfaces(&self) {
        for interface in &self.install.interfaces {
            let key = device::interface_key(self.instance, &interface.class, &interface.reference);
            self.add(&format!("{key}\\Device Parameters"), &interface.values);
        }
    }

    fn service(&self, service: &Service) {
        let key = format!("{SERVICES}\\{}", service.name);
        registry::set(&key, "Type", Value::dword(service.kind));
        registry::set(&key, "Start", Value::dword(service.start));
        registry::set(&key, "ErrorControl", Value::dword(service.error_control));
        if let Ok(path) = self.path(&service.binary) {
            registry::set(&key, "ImagePath", Value::expand(&path));
        }
        if !service.display_name.is_empty() {
            registry::set(&key, "DisplayName", self.indirect(&service.display_name));
        }
        let mut owners = owners(&service.name);
        if !owners.contains(&self.staged.published) {
            owners.push(self.staged.published.clone());
        }
        registry::set(&key, "Owners", Value::texts(&owners));
        self.add(&key, &service.values);
    }

    fn add<'v>(&self, root: &str, values: impl IntoIterator<Item = &'v RegistryValue>) {
        for value in values {
            let key = match value.key.is_empty() {
                true => root.to_owned(),
                false => format!("{root}\\{}", value.key),
            };
            registry::create(&key);
            let there = registry::get(&key, &value.name).is_some();
            if let Some(data) = &value.data
                && !(value.keep && there)
            {
                registry::set(&key, &value.name, self.data(data));
            }
        }
    }

    fn data(&self, data: &Data) -> Value {
        let text = |text: &str| match self.path(text) {
            // As programs see the store.
            Ok(path) => path.replacen(r"\SystemRoot", r"C:\Windows", 1),
            Err(_) => text.to_owned(),
        };
        match data {
            Data::Text(t) => Value::text(&text(t)),
            Data::Expand(t) => Value::expand(&text(t)),
            Data::Texts(texts) => Value::texts(&texts.iter().map(|t| text(t)).collect::<Vec<_>>()),
            Data::Number(number) => Value::dword(*number),
            Data::Binary(bytes) => Value::binary(bytes),
            // Refused by `check_value`.
            Data::Long(number) => Value::binary(&number.to_le_bytes()),
        }
    }
}

/// The published names of the packages that a service belongs to.
pub fn owners(service: &str) -> Vec<String> {
    registry::get(&format!("{SERVICES}\\{service}"), "Owners")
        .and_then(|owners| owners.strings())
        .unwrap_or_default()
}

fn check_framework(version: &str) -> Result<(), String> {
    let parts = version.split_once('.');
    let parts = parts.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    match parts {
        Some(wanted) if wanted <= KMDF => Ok(()),
        Some(_) => Err(format!(
            "KMDF {version}: this Windows has {}.{}",
            KMDF.0, KMDF.1
        )),
        None => Err(format!("{version:?} is no version of KMDF")),
    }
}

fn is_property(value: &RegistryValue) -> bool {
    let name = |name: &&str| value.name.eq_ignore_ascii_case(name);
    value.key.is_empty() && PROPERTIES.iter().any(name)
}

/// A property of the device object as Windows keeps it.
fn property(value: &RegistryValue) -> Result<Value, String> {
    match &value.data {
        Some(Data::Text(text)) if value.name.eq_ignore_ascii_case("Security") => {
            security::parse(text).map(|bytes| Value::binary(&bytes))
        }
        Some(Data::Number(number)) if !value.name.eq_ignore_ascii_case("Security") => {
            Ok(Value::dword(*number))
        }
        _ => Err(format!("{} has the wrong type", value.name)),
    }
}
