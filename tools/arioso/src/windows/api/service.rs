// SPDX-License-Identifier: MIT OR Apache-2.0
//! Services.

use super::text;
use std::ffi::c_void;
use std::path::PathBuf;
use windows::Win32::Foundation::{ERROR_SERVICE_DOES_NOT_EXIST, WIN32_ERROR};
use windows::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows::Win32::System::Services::*;
use windows::core::{HSTRING, PCSTR, PCWSTR, Result, s, w};
use windows_registry::Key;

/// What a service is doing, in a word. `None`: there is no such service.
pub fn state(name: &str) -> Result<Option<&'static str>> {
    let Some(service) = open(name, SERVICE_QUERY_STATUS)? else {
        return Ok(None);
    };
    let mut status = SERVICE_STATUS::default();
    // SAFETY: the service is open; the answer lives through the call.
    unsafe { QueryServiceStatus(service.0, &mut status) }?;
    Ok(Some(match status.dwCurrentState {
        SERVICE_STOPPED => "stopped",
        SERVICE_RUNNING => "running",
        SERVICE_START_PENDING => "starting",
        SERVICE_STOP_PENDING => "stopping",
        _ => "paused",
    }))
}

/// Deletes a service. Tells whether there was one.
pub fn delete(name: &str) -> Result<bool> {
    /// DELETE, the standard right.
    const DELETE: u32 = 0x0001_0000;
    let Some(service) = open(name, DELETE)? else {
        return Ok(false);
    };
    // SAFETY: the service is open.
    unsafe { DeleteService(service.0) }?;
    Ok(true)
}

/// What a service shares with programs: since Windows 11 and Server 2022.
pub struct Shared {
    pub key: Key,
    pub directory: PathBuf,
}

type SharedKey = unsafe extern "system" fn(SC_HANDLE, i32, u32, *mut *mut c_void) -> u32;
type SharedDirectory = unsafe extern "system" fn(SC_HANDLE, i32, *mut u16, u32, *mut u32) -> u32;

/// Opens what a service shares. `None`: there is no such service, or this Windows does not know such a thing.
pub fn shared(name: &str, write: bool) -> Result<Option<Shared>> {
    const PERSISTENT: i32 = 0;
    const KEY_READ: u32 = 0x2_0019;
    const KEY_WRITE: u32 = 0x2_0006;
    let access = SERVICE_QUERY_CONFIG | if write { SERVICE_CHANGE_CONFIG } else { 0 };
    let Some((key_of, directory_of)) =
        newer(s!("GetSharedServiceRegistryStateKey")).zip(newer(s!("GetSharedServiceDirectory")))
    else {
        return Ok(None);
    };
    let Some(service) = open(name, access)? else {
        return Ok(None);
    };
    let mut key = std::ptr::null_mut();
    let mut path = [0; 1024];
    let mut length = 0;
    // SAFETY: the exports have these signatures; the service is open, the answers live through the calls and have their sizes. The key is
    // a new handle, which the object owns from then on.
    unsafe {
        let key_of = std::mem::transmute::<Export, SharedKey>(key_of);
        let directory_of = std::mem::transmute::<Export, SharedDirectory>(directory_of);
        let access = KEY_READ | if write { KEY_WRITE } else { 0 };
        WIN32_ERROR(key_of(service.0, PERSISTENT, access, &mut key)).ok()?;
        let key = Key::from_raw(key);
        let place = path.as_mut_ptr();
        let size = path.len() as u32;
        WIN32_ERROR(directory_of(
            service.0,
            PERSISTENT,
            place,
            size,
            &mut length,
        ))
        .ok()?;
        Ok(Some(Shared {
            key,
            directory: text(&path).into(),
        }))
    }
}

type Export = unsafe extern "system" fn() -> isize;

/// A function that older Windows do not have.
fn newer(name: PCSTR) -> Option<Export> {
    let module = w!("api-ms-win-service-core-l1-1-5.dll");
    // SAFETY: the names are static; the module stays loaded.
    unsafe {
        let module = LoadLibraryExW(module, None, LOAD_LIBRARY_SEARCH_SYSTEM32).ok()?;
        GetProcAddress(module, name)
    }
}

fn open(name: &str, access: u32) -> Result<Option<Handle>> {
    // SAFETY: null means this computer and its active database.
    let manager =
        Handle(unsafe { OpenSCManagerW(PCWSTR::null(), PCWSTR::null(), SC_MANAGER_CONNECT) }?);
    // SAFETY: the manager is open; the string lives through the call.
    match unsafe { OpenServiceW(manager.0, &HSTRING::from(name), access) } {
        Ok(service) => Ok(Some(Handle(service))),
        Err(error) if error.code() == ERROR_SERVICE_DOES_NOT_EXIST.to_hresult() => Ok(None),
        Err(error) => Err(error),
    }
}

struct Handle(SC_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own.
        let _ = unsafe { CloseServiceHandle(self.0) };
    }
}
