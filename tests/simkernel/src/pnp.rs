// SPDX-License-Identifier: MIT OR Apache-2.0
//! The PnP manager: root-enumerated devices, their stacks and requests. Everything here runs in a guest context.

use crate::executive::{io, irp, ke, ob};
use crate::nt::status::*;
use crate::nt::*;
use crate::registry::{self, Value};
use crate::setup::security::{GENERIC_READ, GENERIC_WRITE, WORLD, grants};
use crate::setup::{self, device};
use crate::state::Global;
use crate::verifier::Rule;
use crate::{guest, verifier};
use std::ptr::null_mut;

struct Node {
    pdo: *mut DEVICE_OBJECT,
    /// `ROOT\MEDIA\0000`
    instance: String,
    gone: bool,
    /// START_DEVICE failed: REMOVE_DEVICE is all that may follow.
    failed: bool,
    /// Of the device object's name.
    number: usize,
    /// Programs may open it.
    open: bool,
}

struct Manager {
    driver: *mut DRIVER_OBJECT,
    nodes: Vec<Node>,
    next: usize,
}

static MANAGER: Global<Manager> = Global::new(Manager {
    driver: null_mut(),
    nodes: Vec::new(),
    next: 0,
});

fn node(pdo: *mut DEVICE_OBJECT) -> Option<&'static mut Node> {
    MANAGER.get().nodes.iter_mut().find(|n| n.pdo == pdo)
}

pub(crate) fn instance_of(pdo: *mut DEVICE_OBJECT) -> Option<String> {
    node(pdo).map(|n| n.instance.clone())
}

/// The PDO of a device that has been added.
pub(crate) fn find(instance: &str) -> Option<*mut DEVICE_OBJECT> {
    let mut nodes = MANAGER.get().nodes.iter();
    let found = nodes.find(|n| n.instance.eq_ignore_ascii_case(instance));
    found.map(|n| n.pdo)
}

/// Surprise-removed or removed: no new files.
pub(crate) fn is_gone(device: *mut DEVICE_OBJECT) -> bool {
    // SAFETY: a live device.
    let pdo = unsafe { io::bottom_of_stack(device) };
    node(pdo).is_some_and(|n| n.gone)
}

/// Whether the device's security descriptor keeps programs out.
pub(crate) fn is_closed_to_programs(device: *mut DEVICE_OBJECT) -> bool {
    // SAFETY: a live device.
    let pdo = unsafe { io::bottom_of_stack(device) };
    node(pdo).is_some_and(|n| !n.open)
}

/// The device's hardware or driver (software) key.
pub(crate) fn key_path(pdo: *mut DEVICE_OBJECT, software: bool) -> Option<String> {
    let instance = &node(pdo)?.instance;
    match software {
        true => device::driver_key(instance),
        false => Some(format!("{}\\Device Parameters", device::key(instance))),
    }
}

/// IoGetDeviceProperty's answer.
pub(crate) fn property(pdo: *mut DEVICE_OBJECT, property: u32) -> Option<Vec<u8>> {
    let n = node(pdo)?;
    let value = |name: &str| registry::get(&device::key(&n.instance), name).map(|v| v.data);
    let string = |name: &str| device::string(&n.instance, name);
    let text = match property {
        DEVICE_PROPERTY_HARDWARE_ID => return value("HardwareID"),
        DEVICE_PROPERTY_COMPATIBLE_IDS => return value("CompatibleIDs"),
        DEVICE_PROPERTY_DEVICE_DESCRIPTION => string("DeviceDesc")?,
        DEVICE_PROPERTY_CLASS_NAME => {
            let class = format!("{}\\{}", setup::CLASS, string("ClassGUID")?);
            registry::get(&class, "Class")?.string()?
        }
        DEVICE_PROPERTY_CLASS_GUID => string("ClassGUID")?,
        DEVICE_PROPERTY_DRIVER_KEY_NAME => string("Driver")?,
        DEVICE_PROPERTY_MANUFACTURER => string("Mfg")?,
        DEVICE_PROPERTY_FRIENDLY_NAME => string("FriendlyName")?,
        DEVICE_PROPERTY_PHYSICAL_DEVICE_OBJECT_NAME => format!("\\Device\\{:08x}", n.number),
        DEVICE_PROPERTY_ENUMERATOR_NAME => n.instance.split('\\').next()?.to_owned(),
        _ => return None,
    };
    Some(Value::text(&text).data)
}

/// The bus driver's dispatch routine for PnP requests to a PDO.
unsafe extern "efiapi" fn bus_pnp(_device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: a request sent to this driver.
    unsafe {
        let location = &mut *current_stack_location(irp);
        match location.MinorFunction {
            IRP_MN_QUERY_CAPABILITIES => {
                let c = &mut *location.Parameters.DeviceCapabilities;
                c.Flags |= 1 << 7; // SilentInstall
                c.Flags |= 1 << 9; // SurpriseRemovalOK
                c.DeviceState = [0, 1, 4, 4, 4, 4, 4];
                (*irp).IoStatus.Status = STATUS_SUCCESS;
            }
            IRP_MN_START_DEVICE
            | IRP_MN_QUERY_REMOVE_DEVICE
            | IRP_MN_REMOVE_DEVICE
            | IRP_MN_CANCEL_REMOVE_DEVICE
            | IRP_MN_STOP_DEVICE
            | IRP_MN_QUERY_STOP_DEVICE
            | IRP_MN_CANCEL_STOP_DEVICE
            | IRP_MN_SURPRISE_REMOVAL => (*irp).IoStatus.Status = STATUS_SUCCESS,
            _ => {}
        }
        let status = (*irp).IoStatus.Status;
        irp::IofCompleteRequest(irp, 0);
        status
    }
}

unsafe extern "efiapi" fn bus_power(_device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: a request sent to this driver.
    unsafe {
        if matches!(
            (*current_stack_location(irp)).MinorFunction,
            IRP_MN_SET_POWER | IRP_MN_QUERY_POWER
        ) {
            (*irp).IoStatus.Status = STATUS_SUCCESS;
        }
        let status = (*irp).IoStatus.Status;
        irp::IofCompleteRequest(irp, 0);
        status
    }
}

unsafe extern "efiapi" fn bus_pass(_device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: a request sent to this driver.
    unsafe {
        let status = (*irp).IoStatus.Status;
        irp::IofCompleteRequest(irp, 0);
        status
    }
}

fn bus_driver() -> *mut DRIVER_OBJECT {
    let m = MANAGER.get();
    if m.driver.is_null() {
        let driver = io::new_driver("PnpManager", 0, 0);
        // SAFETY: just made.
        unsafe {
            (*driver).MajorFunction[IRP_MJ_PNP as usize] = Some(bus_pnp);
            (*driver).MajorFunction[IRP_MJ_POWER as usize] = Some(bus_power);
            (*driver).MajorFunction[IRP_MJ_SYSTEM_CONTROL as usize] = Some(bus_pass);
        }
        MANAGER.get().driver = driver;
    }
    MANAGER.get().driver
}

/// Makes the device object of a device in the registry and calls its driver's AddDevice.
pub(crate) fn add_device(
    driver: *mut DRIVER_OBJECT,
    instance: &str,
) -> Result<*mut DEVICE_OBJECT, NTSTATUS> {
    let key = device::key(instance);
    let value = |name: &str| registry::get(&key, name).and_then(|value| value.number());
    let access = GENERIC_READ | GENERIC_WRITE;
    let security = registry::get(&key, "Security");
    let mut pdo = null_mut();
    // SAFETY: live driver objects; the routine is the driver's.
    unsafe {
        let status = io::IoCreateDevice(
            bus_driver(),
            0,
            std::ptr::null(),
            value("DeviceType").unwrap_or(FILE_DEVICE_UNKNOWN),
            value("DeviceCharacteristics").unwrap_or(0),
            0,
            &mut pdo,
        );
        if status < 0 {
            return Err(status);
        }
        (*pdo).Flags |= DO_BUS_ENUMERATED_DEVICE;
        (*pdo).Flags &= !DO_DEVICE_INITIALIZING;
        let m = MANAGER.get();
        m.nodes.push(Node {
            pdo,
            instance: instance.to_owned(),
            gone: false,
            failed: false,
            number: m.next,
            open: security.is_none_or(|s| grants(&s.data, WORLD, access)),
        });
        m.next += 1;
        let Some(routine) = (*(*driver).DriverExtension).AddDevice else {
            return Err(STATUS_DRIVER_ENTRYPOINT_NOT_FOUND);
        };
        let status = guest::call(routine as usize, &[driver as usize, pdo as usize]) as NTSTATUS;
        if status < 0 {
            if !(*pdo).AttachedDevice.is_null() {
                verifier::violation(
                    Rule::AddDeviceFailed,
                    "AddDevice failed and left its device attached",
                );
                io::IoDetachDevice(pdo);
            }
            delete_pdo(pdo);
            return Err(status);
        }
        let top = io::top_of_stack(pdo);
        if top != pdo && (*top).Flags & DO_DEVICE_INITIALIZING != 0 {
            verifier::violation(
                Rule::DeviceInitializing,
                "AddDevice left DO_DEVICE_INITIALIZING set",
            );
        }
    }
    Ok(pdo)
}

fn delete_pdo(pdo: *mut DEVICE_OBJECT) {
    MANAGER.get().nodes.retain(|n| n.pdo != pdo);
    let enabled = io::forget_interfaces(pdo);
    if enabled != 0 {
        verifier::violation(
            Rule::InterfaceEnabled,
            format!("{enabled} device interface(s) were still enabled at removal"),
        );
    }
    // SAFETY: a live PDO with nothing attached.
    unsafe { io::IoDeleteDevice(pdo) };
}

/// Sends a request to the top of a device's stack and waits for it.
fn send(pdo: *mut DEVICE_OBJECT, fill: impl FnOnce(&mut IO_STACK_LOCATION)) -> NTSTATUS {
    // SAFETY: a live stack; the event and status block live until completion.
    unsafe {
        let top = io::top_of_stack(pdo);
        let mut event = Box::new(std::mem::zeroed::<KEVENT>());
        ke::KeInitializeEvent(&raw mut *event, 0, 0);
        let mut block = Box::new(IO_STATUS_BLOCK::default());
        let irp = irp::new_irp((*top).StackSize, irp::Origin::Synchronous(usize::MAX));
        (*irp).UserEvent = &raw mut *event;
        (*irp).UserIosb = &raw mut *block;
        (*irp).IoStatus.Status = STATUS_NOT_SUPPORTED;
        fill(&mut *next_stack_location(irp));
        if irp::IofCallDriver(top, irp) == STATUS_PENDING {
            ke::KeWaitForSingleObject(
                (&raw mut *event).cast(),
                0,
                KERNEL_MODE,
                0,
                std::ptr::null(),
            );
        }
        block.Status
    }
}

fn pnp(pdo: *mut DEVICE_OBJECT, minor: u8) -> NTSTATUS {
    send(pdo, |l| {
        l.MajorFunction = IRP_MJ_PNP;
        l.MinorFunction = minor;
    })
}

/// START_DEVICE without resources, and the queries that surround it.
pub(crate) fn start(pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    // SAFETY: all-zero is valid.
    let mut capabilities: Box<DEVICE_CAPABILITIES> = unsafe { Box::new(std::mem::zeroed()) };
    capabilities.Size = size_of::<DEVICE_CAPABILITIES>() as u16;
    capabilities.Version = 1;
    capabilities.Address = u32::MAX;
    capabilities.UINumber = u32::MAX;
    send(pdo, |l| {
        l.MajorFunction = IRP_MJ_PNP;
        l.MinorFunction = IRP_MN_QUERY_CAPABILITIES;
        l.Parameters.DeviceCapabilities = &raw mut *capabilities;
    });
    let status = pnp(pdo, IRP_MN_START_DEVICE);
    if status >= 0 {
        pnp(pdo, IRP_MN_QUERY_PNP_DEVICE_STATE);
    } else if let Some(n) = node(pdo) {
        n.failed = true;
    }
    status
}

/// QUERY_STOP and STOP; the status of the query.
pub(crate) fn stop(pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    let status = pnp(pdo, IRP_MN_QUERY_STOP_DEVICE);
    if status < 0 {
        pnp(pdo, IRP_MN_CANCEL_STOP_DEVICE);
        return status;
    }
    pnp(pdo, IRP_MN_STOP_DEVICE)
}

pub(crate) fn surprise_removal(pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    if let Some(n) = node(pdo) {
        n.gone = true;
    }
    pnp(pdo, IRP_MN_SURPRISE_REMOVAL)
}

/// Open files on the stack.
pub(crate) fn open_files(pdo: *mut DEVICE_OBJECT) -> i32 {
    // SAFETY: a live PDO.
    unsafe { (*pdo).ReferenceCount }
}

/// QUERY_REMOVE (unless the device is gone already, or failed to start) and REMOVE; afterwards the device does not exist.
pub(crate) fn remove(pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    if !node(pdo).is_some_and(|n| n.gone || n.failed) {
        let status = pnp(pdo, IRP_MN_QUERY_REMOVE_DEVICE);
        let open = open_files(pdo) > 0;
        if status < 0 || open {
            pnp(pdo, IRP_MN_CANCEL_REMOVE_DEVICE);
            return if status < 0 {
                status
            } else {
                STATUS_INVALID_DEVICE_STATE
            };
        }
        if let Some(n) = node(pdo) {
            n.gone = true;
        }
    }
    let status = pnp(pdo, IRP_MN_REMOVE_DEVICE);
    // SAFETY: a live PDO.
    unsafe {
        if !(*pdo).AttachedDevice.is_null() {
            verifier::violation(Rule::RemoveAttached, "REMOVE_DEVICE left a device attached");
            let upper = (*pdo).AttachedDevice;
            io::IoDetachDevice(pdo);
            ob::kind_of(upper.cast());
        }
    }
    delete_pdo(pdo);
    status
}

/// A system power request to the top of the stack. D requests are the drivers' business.
pub(crate) fn system_power(pdo: *mut DEVICE_OBJECT, minor: u8, state: i32) -> NTSTATUS {
    send(pdo, |l| {
        l.MajorFunction = IRP_MJ_POWER;
        l.MinorFunction = minor;
        l.Parameters.Power = PARAMETERS_POWER {
            SystemContext: 0,
            Pad0: 0,
            Type: SYSTEM_POWER_STATE_TYPE,
            Pad1: 0,
            State: state,
            Pad2: 0,
            ShutdownType: 0,
            Pad3: 0,
        };
    })
}

/// PDOs of a service's devices.
pub(crate) fn devices_of_service(service: &str) -> Vec<*mut DEVICE_OBJECT> {
    MANAGER
        .get()
        .nodes
        .iter()
        .filter(|n| {
            let own = device::string(&n.instance, "Service");
            own.is_some_and(|own| own.eq_ignore_ascii_case(service))
        })
        .map(|n| n.pdo)
        .collect()
}
