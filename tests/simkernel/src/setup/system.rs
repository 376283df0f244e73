// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `pnputil`, `devcon` and Device Manager do.

use super::configure::{configure, owners};
use super::package::Package;
use super::store::{self, Staged};
use super::trace::Trace;
use super::{SERVICES, device};
use crate::nt::NTSTATUS;
use crate::pnp;
use crate::registry::{self, Value};
use crate::system::{Device, LoadError, System};
use arioso_inf::{DriverVersion, Install, Model};
use std::fmt;

/// `CM_PROB_*`: why a device does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `CM_PROB_*`.
    pub code: u32,
    /// The status behind it.
    pub status: NTSTATUS,
    /// The same in words.
    pub text: String,
}

impl Problem {
    /// START_DEVICE failed (Code 10).
    pub const FAILED_START: u32 = 10;
    /// It is disabled (Code 22).
    pub const DISABLED: u32 = 22;
    /// It has no driver (Code 28).
    pub const FAILED_INSTALL: u32 = 28;
    /// `AddDevice` failed (Code 31).
    pub const FAILED_ADD: u32 = 31;
    /// `DriverEntry` failed (Code 37).
    pub const FAILED_DRIVER_ENTRY: u32 = 37;
    /// The image cannot be loaded (Code 39).
    pub const DRIVER_FAILED_LOAD: u32 = 39;

    fn new(code: u32, status: NTSTATUS, text: impl Into<String>) -> Self {
        Self {
            code,
            status,
            text: text.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "problem {}: {}", self.code, self.text)
    }
}

impl std::error::Error for Problem {}

/// What became of a device that a driver was offered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It runs with the new driver.
    Installed,
    /// Its driver is as good or better.
    Kept,
    /// It is in use: configured, but the old driver runs until the device starts again.
    NeedsRestart,
    /// It has the new driver and does not work.
    Failed(Problem),
}

impl System {
    /// `pnputil /add-driver`: takes a package into the driver store. Its published name, `oem0.inf`.
    ///
    /// # Errors
    /// What Windows would refuse it for.
    pub fn add_driver(&mut self, package: &Package) -> Result<String, String> {
        store::add(package).map(|staged| staged.published)
    }

    /// `devcon install` without the start: a new device of the INF's class, with the best driver that the store has for it. Its
    /// instance id, `ROOT\MEDIA\0000`.
    ///
    /// # Errors
    /// What Windows would refuse the package for, or no driver for the device; then the device is not there.
    pub fn install(&mut self, package: &Package, hardware_id: &str) -> Result<String, String> {
        let head = store::add(package)?.head;
        if !registry::exists(&format!("{}\\{}", super::CLASS, head.class_guid)) {
            return Err(format!("there is no setup class {}", head.class_guid));
        }
        let instance = device::create(&head.class.to_uppercase(), &head.class_guid, hardware_id);
        let configured = best(&instance).and_then(|offer| {
            let (staged, model, install) = offer
                .ok_or_else(|| format!("{}: no model has the id {hardware_id}", package.name()))?;
            configure(&instance, &staged, &model, &install)
        });
        if let Err(error) = configured {
            device::forget(&instance);
            return Err(error);
        }
        Ok(instance)
    }

    /// `pnputil /add-driver /install`: takes a package in and gives it to each device that it is the best driver for.
    ///
    /// # Errors
    /// What Windows would refuse it for.
    pub fn update(&mut self, package: &Package) -> Result<Vec<(String, Outcome)>, String> {
        let new = store::add(package)?;
        let mut outcomes = Vec::new();
        for instance in device::all() {
            let Some((staged, model, install)) = best(&instance)? else {
                continue;
            };
            if staged.published != new.published {
                if new.offer(&device::ids(&instance))?.is_some() {
                    outcomes.push((instance, Outcome::Kept));
                }
                continue;
            }
            if device::published(&instance).as_ref() == Some(&new.published) {
                outcomes.push((instance, Outcome::Kept));
                continue;
            }
            configure(&instance, &staged, &model, &install)?;
            let outcome = self.restart(&instance);
            outcomes.push((instance, outcome));
        }
        Ok(outcomes)
    }

    /// `pnputil /restart-device`.
    pub fn restart(&mut self, instance: &str) -> Outcome {
        if self.stop_device(instance).is_err() {
            return Outcome::NeedsRestart;
        }
        match self.start_device(instance) {
            Ok(_) => Outcome::Installed,
            Err(problem) => Outcome::Failed(problem),
        }
    }

    /// Loads the driver of a device if need be, and calls its AddDevice.
    ///
    /// # Errors
    /// The problem that Device Manager would show.
    pub fn add_device(&mut self, instance: &str) -> Result<Device, Problem> {
        if device::is_disabled(instance) {
            let text = format!("{instance} is disabled");
            return Err(Problem::new(Problem::DISABLED, 0, text));
        }
        let Some(service) = device::string(instance, "Service") else {
            let text = format!("{instance} has no driver");
            return Err(Problem::new(Problem::FAILED_INSTALL, 0, text));
        };
        if self.driver_object(&service).is_none() {
            self.load_service(&service).map_err(|error| {
                let (code, status) = match &error {
                    LoadError::Image(_) => (Problem::DRIVER_FAILED_LOAD, 0),
                    LoadError::Entry(status) => (Problem::FAILED_DRIVER_ENTRY, *status),
                };
                Problem::new(code, status, format!("{service}: {error}"))
            })?;
        }
        self.add_instance(&service, instance).map_err(|status| {
            let text = format!("AddDevice of {service} returned {status:#010x}");
            Problem::new(Problem::FAILED_ADD, status, text)
        })
    }

    /// Starts a device with the driver that its keys name.
    ///
    /// # Errors
    /// The problem that Device Manager would show.
    pub fn start_device(&mut self, instance: &str) -> Result<Device, Problem> {
        let device = self.add_device(instance)?;
        let status = self.start(device);
        if status < 0 {
            self.remove(device);
            let text = format!("IRP_MN_START_DEVICE of {instance} returned {status:#010x}");
            return Err(Problem::new(Problem::FAILED_START, status, text));
        }
        Ok(device)
    }

    /// The started device of an instance id.
    pub fn device(&self, instance: &str) -> Option<Device> {
        pnp::find(instance).map(Device::of)
    }

    /// Takes the stack of a device down, and its driver out of memory if it has no other device.
    ///
    /// # Errors
    /// The device is in use.
    fn stop_device(&mut self, instance: &str) -> Result<(), String> {
        let service = device::string(instance, "Service").unwrap_or_default();
        let Some(device) = self.device(instance) else {
            return self.unload_if_unused(&service);
        };
        let status = self.remove(device);
        if status < 0 {
            let open = self.open_files(device);
            return Err(format!(
                "{instance} is in use ({open} open files, status {status:#010x}): Windows asks for a restart"
            ));
        }
        self.unload_if_unused(&service)
    }

    fn unload_if_unused(&mut self, service: &str) -> Result<(), String> {
        let used = !pnp::devices_of_service(service).is_empty();
        match !used && self.driver_object(service).is_some() {
            true => self.unload(service),
            false => Ok(()),
        }
    }

    /// `pnputil /disable-device`.
    ///
    /// # Errors
    /// The device is in use.
    pub fn disable_device(&mut self, instance: &str) -> Result<(), String> {
        self.stop_device(instance)?;
        device::set_disabled(instance, true);
        Ok(())
    }

    /// `pnputil /enable-device`.
    ///
    /// # Errors
    /// The problem that Device Manager would show.
    pub fn enable_device(&mut self, instance: &str) -> Result<Device, Problem> {
        device::set_disabled(instance, false);
        self.start_device(instance)
    }

    /// `pnputil /remove-device`: the device and its keys. The package stays.
    ///
    /// # Errors
    /// The device is in use: nothing has changed.
    pub fn remove_device(&mut self, instance: &str) -> Result<(), String> {
        if !device::exists(instance) {
            return Err(format!("there is no device {instance}"));
        }
        self.stop_device(instance)?;
        device::forget(instance);
        Ok(())
    }

    /// `pnputil /delete-driver`, with `uninstall` also `/uninstall`: takes a package out of the store; with it go the services that
    /// no other package owns. Devices that have the driver are left without one.
    ///
    /// # Errors
    /// No such package; a device has its driver, or is in use: nothing has changed.
    pub fn delete_driver(&mut self, published: &str, uninstall: bool) -> Result<(), String> {
        let staged = store::find(published).ok_or(format!("there is no package {published}"))?;
        let devices = device::all();
        let using: Vec<String> = devices
            .into_iter()
            .filter(|instance| device::published(instance).as_ref() == Some(&staged.published))
            .collect();
        if let ([first, ..], false) = (&using[..], uninstall) {
            return Err(format!("{first} is installed with {published}"));
        }
        for instance in &using {
            self.stop_device(instance)?;
        }
        for instance in &using {
            device::forget_driver(instance);
        }
        for service in registry::subkeys(SERVICES) {
            disown(&service, &staged.published);
        }
        store::remove(&staged);
        // The next best driver, if there is one.
        for instance in using {
            if let Some((staged, model, install)) = best(&instance)? {
                configure(&instance, &staged, &model, &install)?;
                self.start_device(&instance).map_err(|p| p.to_string())?;
            }
        }
        Ok(())
    }

    /// Why a device does not work as its keys are. `None`: nothing is known against it.
    pub fn problem(&self, instance: &str) -> Option<u32> {
        match (
            device::is_disabled(instance),
            device::string(instance, "Service"),
        ) {
            (true, _) => Some(Problem::DISABLED),
            (_, None) => Some(Problem::FAILED_INSTALL),
            _ => None,
        }
    }

    /// Instance ids of all devices, started or not.
    pub fn devices(&self) -> Vec<String> {
        device::all()
    }

    /// Published names of the packages in the driver store.
    pub fn drivers(&self) -> Vec<String> {
        store::all()
            .into_iter()
            .map(|staged| staged.published)
            .collect()
    }

    /// All that an installation could leave behind.
    pub fn trace(&self) -> Trace {
        Trace::take(self.services())
    }
}

/// The service belongs to a package no longer; without any it is deleted.
fn disown(service: &str, published: &str) {
    let mut owners = owners(service);
    let count = owners.len();
    owners.retain(|owner| owner != published);
    let key = format!("{SERVICES}\\{service}");
    match owners.len() {
        left if left == count => {}
        0 => registry::delete_tree(&key),
        _ => registry::set(&key, "Owners", Value::texts(&owners)),
    }
}

/// The best driver in the store for a device: the latest date, then the highest version.
fn best(instance: &str) -> Result<Option<(Staged, Model, Install)>, String> {
    let ids = device::ids(instance);
    let mut best: Option<(DriverVersion, (Staged, Model, Install))> = None;
    for staged in store::all() {
        let offer = staged.offer(&ids);
        let told = |error| format!("{}: {error}", staged.published);
        let Some((model, install)) = offer.map_err(told)? else {
            continue;
        };
        let version = staged.head.version;
        if best.as_ref().is_none_or(|(known, _)| *known < version) {
            best = Some((version, (staged, model, install)));
        }
    }
    Ok(best.map(|(_, offer)| offer))
}
