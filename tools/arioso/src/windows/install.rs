// SPDX-License-Identifier: MIT OR Apache-2.0
//! `install` and `uninstall`.

use super::api::certificates::Store;
use super::api::devices::{self, Device, State};
use super::api::{refused, service, shortcut, system};
use super::package::{self, Package};
use super::{HARDWARE_ID, SERVICE, listen, problem, settings};
use crate::failure::{Failure, Kind, Result};
use crate::messages;
use std::path::PathBuf;

/// Of a new device, below `ROOT\`.
const DEVICE: &str = "Arioso";
/// In the start menu.
const SHORTCUT: &str = "Arioso";
/// Until the INF has given it one.
const DESCRIPTION: &str = "Arioso Synthesizer";

/// `arioso install`. `force`: without a look at test signing and at the certificate first.
pub fn install(directory: Option<PathBuf>, trust: bool, force: bool) -> Result<()> {
    let package = Package::open(directory)?;
    administrator("install")?;
    if !force {
        test_signing()?;
    }
    let added = match &package.certificate {
        Some(certificate) if trust => self::trust(certificate)?,
        None if trust => return Err(no_certificate("install")),
        Some(certificate) if !force => {
            check_trust(certificate)?;
            Vec::new()
        }
        _ => Vec::new(),
    };
    match put(&package) {
        Ok(device) => {
            shortcut()?;
            report(&device)
        }
        Err(failure) => {
            // What this run has let the computer trust, and no more.
            for (store, certificate) in added {
                let _ = store.remove(certificate);
            }
            Err(failure)
        }
    }
}

/// `arioso uninstall`
pub fn uninstall(directory: Option<PathBuf>, trust: bool) -> Result<()> {
    administrator("uninstall")?;
    let certificate = match trust {
        false => None,
        true => match package::certificate(&package::folder(directory)?)? {
            None => return Err(no_certificate("uninstall")),
            certificate => certificate,
        },
    };
    let devices = package::devices()?;
    let packages = package::names(&devices);
    let mut restart = false;
    for device in &devices {
        let id = device.id();
        restart |= device
            .remove()
            .map_err(|error| refused(format!("remove the device {id}"), &error))?;
        messages::tell(format_args!("{id} removed\n"));
    }
    for name in &packages {
        restart |= devices::remove_package(&package::windows(), name)
            .map_err(|error| refused(format!("remove the package {name}"), &error))?;
        messages::tell(format_args!("{name} removed\n"));
    }
    match shortcut::remove(SHORTCUT) {
        Ok(true) => messages::tell(format_args!("{SHORTCUT} removed from the start menu\n")),
        Ok(false) => {}
        Err(error) => return Err(refused("remove the panel from the start menu", &error)),
    }
    settings::remove_banks()?;
    // Where Windows leaves it, it would name a file that is gone.
    let deleted = service::delete(SERVICE)
        .map_err(|error| refused(format!("delete the service {SERVICE}"), &error))?;
    if deleted {
        messages::tell(format_args!("service {SERVICE} deleted\n"));
    }
    let listened = listen::forget()?;
    if listened {
        messages::tell(format_args!(
            "arioso listen is not started at logon any more\n"
        ));
    }
    let mut forgotten = false;
    for store in certificate.iter().flat_map(|_| Store::ALL) {
        let removed = store.remove(certificate.as_deref().unwrap_or_default());
        forgotten |= removed.map_err(|error| {
            refused(
                format!("remove the certificate from {}", store.name()),
                &error,
            )
        })?;
    }
    if forgotten {
        messages::tell(format_args!("the certificate is no longer trusted\n"));
    }
    if devices.is_empty() && packages.is_empty() && !deleted && !forgotten && !listened {
        messages::tell(format_args!("nothing of the driver is installed\n"));
    }
    if restart {
        messages::tell(format_args!("Windows has to be restarted\n"));
    }
    Ok(())
}

/// Puts the panel into the start menu.
fn shortcut() -> Result<()> {
    shortcut::make(
        SHORTCUT,
        "panel",
        "Settings, banks and meters of the Arioso synthesizer",
    )
    .map_err(|error| refused("put the panel into the start menu", &error))
}

/// Makes the device, if there is none, and puts the driver on it. Of what fails nothing is left.
fn put(package: &Package) -> Result<Device> {
    let before = package::published();
    let present = package::devices()?;
    let created = match present.first() {
        Some(_) => None,
        None => Some(
            devices::create(DEVICE, HARDWARE_ID, DESCRIPTION)
                .map_err(|error| refused("make the device", &error))?,
        ),
    };
    update(package).inspect_err(|_| {
        if let Some(device) = &created {
            let _ = device.remove();
        }
        for name in package::published() {
            if !before.contains(&name) {
                let _ = devices::remove_package(&package::windows(), &name);
            }
        }
    })
}

/// Puts the driver on the device, which is there.
fn update(package: &Package) -> Result<Device> {
    let inf = package.inf.display();
    let restart = devices::update_driver(HARDWARE_ID, &package.inf)
        .map_err(|error| refused(format!("install {inf}"), &error))?;
    // Windows says so with an error, Wine does not.
    let driven = package::devices()?
        .into_iter()
        .find(|device| device.driver_key().is_some())
        .ok_or_else(|| {
            let message =
                format!("cannot install {inf}: it has no driver for {HARDWARE_ID} on this system");
            Failure::new(Kind::Session, message)
        })?;
    if restart {
        messages::tell(format_args!("Windows has to be restarted\n"));
    }
    Ok(driven)
}

fn report(device: &Device) -> Result<()> {
    let state = device.state();
    let version = package::driver_value(device, "DriverVersion")
        .unwrap_or_else(|| "of unknown version".into());
    messages::tell(format_args!(
        "{}: driver {version}, {}\n",
        device.id(),
        problem::describe(state)
    ));
    if let State::Problem(_) = state {
        let message = format!(
            "installed, but the device does not run: {} ({}; see arioso doctor)",
            problem::describe(state),
            problem::advice(state)
        );
        return Err(Failure::new(Kind::Session, message));
    }
    Ok(())
}

pub fn administrator(command: &str) -> Result<()> {
    if system::is_administrator() {
        return Ok(());
    }
    let message = format!(
        "only an administrator can do that: run arioso {command} in a terminal opened with \"Run as administrator\""
    );
    Err(Failure::new(Kind::Session, message))
}

fn test_signing() -> Result<()> {
    match system::code_integrity() {
        Some(integrity) if !integrity.test_signing => Err(Failure::new(
            Kind::Session,
            "test signing is off, so the driver would not start: run bcdedit /set testsigning on, and restart Windows (Secure Boot must be off)",
        )),
        Some(_) => Ok(()),
        None => {
            messages::warn("this system does not tell whether test signing is on");
            Ok(())
        }
    }
}

fn check_trust(certificate: &[u8]) -> Result<()> {
    for store in Store::ALL {
        let holds = store.holds(certificate).map_err(|error| {
            refused(
                format!("look into the certificate store {}", store.name()),
                &error,
            )
        })?;
        if !holds {
            let message = format!(
                "the package's certificate is not in the store {}: run arioso install --trust, which puts it there",
                store.name()
            );
            return Err(Failure::new(Kind::Session, message));
        }
    }
    Ok(())
}

/// Puts the certificate where it is not; tells where.
fn trust(certificate: &[u8]) -> Result<Vec<(Store, &[u8])>> {
    let mut added = Vec::new();
    for store in Store::ALL {
        let result = store.holds(certificate).and_then(|holds| {
            if !holds {
                store.add(certificate)?;
                added.push((store, certificate));
            }
            Ok(())
        });
        if let Err(error) = result {
            for (store, certificate) in added {
                let _ = store.remove(certificate);
            }
            return Err(refused(
                format!("put the certificate into {}", store.name()),
                &error,
            ));
        }
    }
    Ok(added)
}

fn no_certificate(command: &str) -> Failure {
    let message = format!(
        "there is no arioso.cer to trust or forget: name the folder of the package (arioso {command} DIR --trust)"
    );
    Failure::new(Kind::Input, message)
}
