//! `WDFLDR.SYS` and the framework behind it, as far as a driver in miniport mode goes: driver and device objects, no queues.
//!
//! A table entry that the framework here lacks stops the machine with its index.

use crate::executive::Export;
use crate::guest::make_thunk;
use crate::nt::{DEVICE_OBJECT, DISPATCH_LEVEL, DRIVER_OBJECT, NTSTATUS, PASSIVE_LEVEL, PVOID, UNICODE_STRING, status};
use crate::state::Global;
use crate::verifier::violation;
use std::collections::BTreeMap;

/// Entries of the table from KMDF 1.31 on; a driver that names more was built for another framework.
const FUNCTIONS: u32 = 458;
/// The newest minor version of KMDF 1 that Windows 10.0.19041 has.
const NEWEST_MINOR: u32 = 31;
const NO_DISPATCH_OVERRIDE: u32 = 2;

pub fn exports() -> Vec<Export> {
    exports! { PASSIVE_LEVEL => WdfVersionBind, WdfVersionUnbind; }
}

/// `WDF_BIND_INFO`.
#[repr(C)]
pub struct BindInfo {
    size: u32,
    component: *const u16,
    major: u32,
    minor: u32,
    build: u32,
    function_count: u32,
    function_table: *mut *const usize,
    module: PVOID,
}

/// `WDF_DRIVER_GLOBALS`.
#[repr(C)]
struct Globals {
    driver: PVOID,
    flags: u32,
    tag: u32,
    name: [u8; 32],
    displace_unload: u8,
}

/// `WDF_DRIVER_CONFIG`.
#[repr(C)]
pub struct DriverConfig {
    size: u32,
    device_add: usize,
    unload: usize,
    init_flags: u32,
    pool_tag: u32,
}

/// A bound driver.
struct Client {
    globals: Box<Globals>,
    table: Box<[usize]>,
    object: *mut DRIVER_OBJECT,
    created: bool,
    /// WDFDEVICE handles and their functional device objects.
    devices: BTreeMap<usize, *mut DEVICE_OBJECT>,
}

static CLIENTS: Global<Vec<Client>> = Global::new(Vec::new());
static HANDLES: Global<usize> = Global::new(0);

/// Handles of the framework are opaque.
fn new_handle() -> usize {
    let last = HANDLES.get();
    *last += 8;
    0x5744_4600_0000_0000 + *last
}

fn client(globals: *const Globals) -> Option<&'static mut Client> {
    let found = CLIENTS.get().iter_mut().find(|c| std::ptr::eq(&*c.globals, globals));
    if found.is_none() {
        violation(format!("KMDF: call with unknown driver globals {globals:p}"));
    }
    found
}

/// Gives the driver its globals and function table.
pub unsafe extern "efiapi" fn WdfVersionBind(
    driver: *mut DRIVER_OBJECT,
    _path: *const UNICODE_STRING,
    info: *mut BindInfo,
    globals: *mut *mut PVOID,
) -> NTSTATUS {
    // SAFETY: the driver's bind information.
    let info = unsafe { &mut *info };
    if info.size as usize != size_of::<BindInfo>() || info.major != 1 || info.minor > NEWEST_MINOR || info.function_count > FUNCTIONS {
        violation(format!(
            "KMDF: bind of version {}.{} with {} functions, {} bytes",
            info.major, info.minor, info.function_count, info.size
        ));
        return status::STATUS_INVALID_PARAMETER;
    }
    let table = (0..info.function_count).map(entry).collect::<Box<[usize]>>();
    let mut client = Client {
        globals: Box::new(Globals {
            driver: std::ptr::null_mut(),
            flags: 0,
            tag: 0,
            name: [0; 32],
            displace_unload: 0,
        }),
        table,
        object: driver,
        created: false,
        devices: BTreeMap::new(),
    };
    // SAFETY: the two places are the driver's variables; globals and table are boxed until unbind.
    unsafe {
        *info.function_table = client.table.as_ptr();
        *globals = (&raw mut *client.globals).cast();
    }
    CLIENTS.get().push(client);
    status::STATUS_SUCCESS
}

/// Ends the binding: devices must have been deleted by now.
pub unsafe extern "efiapi" fn WdfVersionUnbind(_path: *const UNICODE_STRING, _info: *mut BindInfo, globals: *mut PVOID) -> NTSTATUS {
    let clients = CLIENTS.get();
    let Some(at) = clients.iter().position(|c| std::ptr::eq((&raw const *c.globals).cast(), globals)) else {
        violation("KMDF: unbind of a driver that is not bound");
        return status::STATUS_INVALID_PARAMETER;
    };
    let client = clients.remove(at);
    for (handle, device) in &client.devices {
        violation(format!("KMDF: WDFDEVICE {handle:#x} of device {device:p} was not deleted before unbind"));
    }
    status::STATUS_SUCCESS
}

/// Drivers that are still bound; for the verdict after an unload.
pub fn bound() -> usize {
    CLIENTS.get().len()
}

fn entry(index: u32) -> usize {
    let known = |name: &'static str, address: usize, max_irql| {
        make_thunk("Wdf01000.sys", &Export { name, address, max_irql, raw: false })
    };
    match index {
        116 => known("WdfDriverCreate", driver_create as *const () as usize, PASSIVE_LEVEL),
        118 => known("WdfDriverWdmGetDriverObject", driver_object as *const () as usize, DISPATCH_LEVEL),
        200 => known("WdfDeviceMiniportCreate", miniport_create as *const () as usize, PASSIVE_LEVEL),
        201 => known("WdfDriverMiniportUnload", miniport_unload as *const () as usize, PASSIVE_LEVEL),
        208 => known("WdfObjectDelete", object_delete as *const () as usize, DISPATCH_LEVEL),
        _ => crate::loader::stub("Wdf01000.sys", &format!("WdfFunctions[{index}]")),
    }
}

unsafe extern "efiapi" fn driver_create(
    globals: *const Globals,
    driver: *mut DRIVER_OBJECT,
    _path: *const UNICODE_STRING,
    _attributes: PVOID,
    config: *const DriverConfig,
    out: *mut PVOID,
) -> NTSTATUS {
    let Some(client) = client(globals) else { return status::STATUS_INVALID_PARAMETER };
    // SAFETY: the driver's configuration.
    let config = unsafe { &*config };
    if client.created || client.object != driver || config.size as usize != size_of::<DriverConfig>() {
        violation(format!("KMDF: WdfDriverCreate with a configuration of {} bytes, or twice", config.size));
        return status::STATUS_INVALID_PARAMETER;
    }
    if config.init_flags & NO_DISPATCH_OVERRIDE == 0 || config.device_add != 0 {
        violation("KMDF: only miniport mode is here: WdfDriverInitNoDispatchOverride without EvtDriverDeviceAdd");
        return status::STATUS_NOT_SUPPORTED;
    }
    client.created = true;
    client.globals.driver = new_handle() as PVOID;
    client.globals.flags = config.init_flags;
    client.globals.tag = config.pool_tag;
    if !out.is_null() {
        // SAFETY: the caller's variable.
        unsafe { *out = client.globals.driver };
    }
    status::STATUS_SUCCESS
}

unsafe extern "efiapi" fn driver_object(globals: *const Globals, driver: PVOID) -> *mut DRIVER_OBJECT {
    match client(globals) {
        Some(client) if client.created && client.globals.driver == driver => client.object,
        _ => {
            violation(format!("KMDF: {driver:p} is no WDFDRIVER"));
            std::ptr::null_mut()
        }
    }
}

unsafe extern "efiapi" fn miniport_create(
    globals: *const Globals,
    driver: PVOID,
    _attributes: PVOID,
    device: *mut DEVICE_OBJECT,
    _attached: *mut DEVICE_OBJECT,
    _physical: *mut DEVICE_OBJECT,
    out: *mut PVOID,
) -> NTSTATUS {
    let Some(client) = client(globals) else { return status::STATUS_INVALID_PARAMETER };
    if !client.created || client.globals.driver != driver || device.is_null() {
        violation(format!("KMDF: WdfDeviceMiniportCreate with driver {driver:p} and device {device:p}"));
        return status::STATUS_INVALID_PARAMETER;
    }
    let handle = new_handle();
    client.devices.insert(handle, device);
    // SAFETY: the caller's variable.
    unsafe { *out = handle as PVOID };
    status::STATUS_SUCCESS
}

unsafe extern "efiapi" fn miniport_unload(globals: *const Globals, driver: PVOID) {
    let Some(client) = client(globals) else { return };
    if !client.created || client.globals.driver != driver {
        violation(format!("KMDF: WdfDriverMiniportUnload of {driver:p}"));
        return;
    }
    for (handle, device) in &client.devices {
        violation(format!("KMDF: WDFDEVICE {handle:#x} of device {device:p} is left at the driver's unload"));
    }
    client.created = false;
}

unsafe extern "efiapi" fn object_delete(globals: *const Globals, object: PVOID) {
    let Some(client) = client(globals) else { return };
    if client.devices.remove(&(object as usize)).is_none() {
        violation(format!("KMDF: WdfObjectDelete of {object:p}, which is no WDFDEVICE or was deleted before"));
    }
}
