// SPDX-License-Identifier: MIT OR Apache-2.0
//! Driver isolation: a driver's own keys and directories, and the rule that it uses no others.

use super::io::driver_objects;
use super::key::open_key_handle;
use super::zw::{Opened, open_object};
use super::*;
use crate::registry;
use crate::setup::SERVICES;
use crate::verifier::{Rule, violation};
use std::sync::atomic::{AtomicBool, Ordering};

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        PASSIVE_LEVEL => IoOpenDriverRegistryKey, IoGetDriverDirectory;
    }
}

/// Where the registry keeps what drivers set while they run: the place is the system's business.
const STATES: &str = "\\Registry\\Machine\\System\\DriverState";
/// Where it keeps what drivers share with programs.
const SHARED_STATES: &str = "\\Registry\\Machine\\System\\SharedDriverState";
/// Where the files of drivers lie.
pub(crate) const DATA: &str = "\\SystemRoot\\System32\\drivers\\DriverData";
/// Where those lie that they share with programs.
const SHARED_DATA: &str = "\\SystemRoot\\System32\\drivers\\SharedDriverData";

/// Windows 10 knows no shared state.
static WINDOWS_10: AtomicBool = AtomicBool::new(false);

/// From now on there is no state that drivers share: Windows before 11 and Server 2022.
pub fn without_shared_state() {
    WINDOWS_10.store(true, Ordering::Relaxed);
}

/// The keys that a service has for its driver.
pub struct Keys {
    /// What the INF wrote.
    pub parameters: String,
    /// The driver's own.
    pub state: String,
    /// What programs may set.
    pub shared: String,
}

/// `GetSharedServiceRegistryStateKey` for the last one.
pub fn keys_of(service: &str) -> Keys {
    Keys {
        parameters: format!("{SERVICES}\\{service}\\Parameters"),
        state: format!("{STATES}\\{service}"),
        shared: format!("{SHARED_STATES}\\{service}"),
    }
}

/// `GetSharedServiceDirectory`
pub fn shared_directory_of(service: &str) -> String {
    format!("{SHARED_DATA}\\{service}")
}

fn service_of(driver: *const DRIVER_OBJECT) -> Option<String> {
    if !driver_objects().any(|object| object == driver) {
        return None;
    }
    // SAFETY: a live driver object of ours.
    Some(unsafe { (*(*driver).DriverExtension).ServiceKeyName.to_string() })
}

/// `kind` 0: `Parameters`, which is to be read only; 1: the driver's state; 2: state that it shares with programs.
pub unsafe extern "efiapi" fn IoOpenDriverRegistryKey(
    driver: *mut DRIVER_OBJECT,
    kind: u32,
    access: u32,
    flags: u32,
    handle: *mut HANDLE,
) -> NTSTATUS {
    const KEY_READ: u32 = 0x2_0019;
    let owner = ex::direct_caller(IoOpenDriverRegistryKey as *const () as usize);
    let Some(service) = service_of(driver).filter(|_| flags == 0 && !handle.is_null()) else {
        return status::STATUS_INVALID_PARAMETER;
    };
    let Keys {
        parameters,
        state,
        shared,
    } = keys_of(&service);
    let old = WINDOWS_10.load(Ordering::Relaxed);
    let own = if kind == 1 { state } else { shared };
    let path = match kind {
        0 if access & !KEY_READ != 0 => {
            violation(
                Rule::ParametersWritten,
                "IoOpenDriverRegistryKey: Parameters is immutable, to be opened for reading",
            );
            return status::STATUS_ACCESS_DENIED;
        }
        0 if !registry::exists(&parameters) => return status::STATUS_OBJECT_NAME_NOT_FOUND,
        0 => parameters,
        2 if old => return status::STATUS_INVALID_PARAMETER,
        // Nothing has been set yet.
        1 | 2 if access & !KEY_READ == 0 && !registry::exists(&own) => {
            return status::STATUS_OBJECT_NAME_NOT_FOUND;
        }
        1 | 2 => own,
        _ => return status::STATUS_INVALID_PARAMETER,
    };
    // SAFETY: the caller's.
    unsafe { *handle = open_key_handle(&path, owner) };
    status::STATUS_SUCCESS
}

/// `kind` 0: where the image lies; 1: where the driver's files lie; 2: those that it shares with programs.
pub unsafe extern "efiapi" fn IoGetDriverDirectory(
    driver: *mut DRIVER_OBJECT,
    kind: u32,
    flags: u32,
    handle: *mut HANDLE,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoGetDriverDirectory as *const () as usize);
    let Some(service) = service_of(driver).filter(|_| flags == 0 && !handle.is_null()) else {
        return status::STATUS_INVALID_PARAMETER;
    };
    let path = match kind {
        0 => {
            let image = registry::get(&format!("{SERVICES}\\{service}"), "ImagePath");
            let Some(image) = image.and_then(|image| image.string()) else {
                return status::STATUS_OBJECT_NAME_NOT_FOUND;
            };
            let directory = image
                .rsplit_once('\\')
                .map_or("", |(directory, _)| directory);
            if directory.starts_with('\\') {
                directory.to_owned()
            } else {
                format!("\\SystemRoot\\{directory}")
            }
        }
        1 => format!("{DATA}\\{service}"),
        2 if !WINDOWS_10.load(Ordering::Relaxed) => shared_directory_of(&service),
        _ => return status::STATUS_INVALID_PARAMETER,
    };
    // SAFETY: the caller's.
    unsafe {
        *handle = open_object(
            Opened::Directory(path),
            ob::Kind::DiskFile,
            OBJ_KERNEL_HANDLE,
            owner,
        );
    }
    status::STATUS_SUCCESS
}

/// A driver opens a key by its whole path; `owner`: the image whose code calls.
pub(super) fn check_key(path: &str, owner: usize) {
    if owner != 0 {
        violation(
            Rule::AbsoluteRegistryPath,
            format!("isolation: the absolute registry path {path}"),
        );
    }
}

/// A driver opens a file by its whole path. One that the user wrote into the driver's own keys is the user's.
pub(super) fn check_file(path: &str, owner: usize) {
    if owner == 0 {
        return;
    }
    let own = driver_objects().filter(|object| {
        // SAFETY: a live driver object.
        unsafe { (**object).DriverStart as usize == owner }
    });
    let mut keys = own
        .filter_map(service_of)
        .map(|service| keys_of(&service))
        .flat_map(|keys| [keys.parameters, keys.state, keys.shared]);
    let chosen = keys.any(|key| {
        let values = registry::snapshot().remove(&key.to_lowercase());
        values.is_some_and(|values| {
            let mut texts = values.values().filter_map(|value| value.string());
            texts.any(|text| text.eq_ignore_ascii_case(path))
        })
    });
    if !chosen {
        violation(
            Rule::AbsoluteFilePath,
            format!("isolation: the absolute file path {path}"),
        );
    }
}
