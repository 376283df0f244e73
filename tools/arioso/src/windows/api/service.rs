//! Services.

use windows::Win32::Foundation::ERROR_SERVICE_DOES_NOT_EXIST;
use windows::Win32::System::Services::*;
use windows::core::{HSTRING, PCWSTR, Result};

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
