// SPDX-License-Identifier: MIT OR Apache-2.0
//! A device that fails to start: what the PnP manager sends it.

use std::sync::Mutex;

use simkernel::nt::*;
use simkernel::system::{Options, System};

static MINORS: Mutex<Vec<u8>> = Mutex::new(Vec::new());
/// The only device, and what it is attached to.
static DEVICES: Mutex<[usize; 2]> = Mutex::new([0; 2]);

unsafe extern "efiapi" fn entry(driver: *mut DRIVER_OBJECT, _: *mut UNICODE_STRING) -> NTSTATUS {
    // SAFETY: the loader's object.
    unsafe {
        (*(*driver).DriverExtension).AddDevice = Some(add);
        (*driver).MajorFunction[usize::from(IRP_MJ_PNP)] = Some(pnp);
        (*driver).DriverUnload = Some(unload);
    }
    0
}

unsafe extern "efiapi" fn unload(_: *mut DRIVER_OBJECT) {}

unsafe extern "efiapi" fn add(driver: *mut DRIVER_OBJECT, pdo: *mut DEVICE_OBJECT) -> NTSTATUS {
    use simkernel::executive::io::{IoAttachDeviceToDeviceStack, IoCreateDevice};
    let mut fdo = std::ptr::null_mut();
    // SAFETY: the PnP manager's objects.
    unsafe {
        let status = IoCreateDevice(
            driver,
            0,
            std::ptr::null(),
            FILE_DEVICE_UNKNOWN,
            0,
            0,
            &mut fdo,
        );
        assert_eq!(status, 0);
        let lower = IoAttachDeviceToDeviceStack(fdo, pdo);
        *DEVICES.lock().unwrap() = [fdo as usize, lower as usize];
        (*fdo).Flags &= !DO_DEVICE_INITIALIZING;
    }
    0
}

unsafe extern "efiapi" fn pnp(fdo: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    use simkernel::executive::io::{IoDeleteDevice, IoDetachDevice};
    use simkernel::executive::irp::{IofCallDriver, IofCompleteRequest};
    let lower = DEVICES.lock().unwrap()[1] as *mut DEVICE_OBJECT;
    // SAFETY: a request for our device.
    unsafe {
        let minor = (*current_stack_location(irp)).MinorFunction;
        MINORS.lock().unwrap().push(minor);
        if minor == IRP_MN_START_DEVICE {
            (*irp).IoStatus.Status = status::STATUS_UNSUCCESSFUL;
            IofCompleteRequest(irp, 0);
            return status::STATUS_UNSUCCESSFUL;
        }
        skip_current_stack_location(irp);
        let status = IofCallDriver(lower, irp);
        if minor == IRP_MN_REMOVE_DEVICE {
            IoDetachDevice(lower);
            IoDeleteDevice(fdo);
        }
        status
    }
}

#[test]
fn a_failed_start_is_followed_by_remove() {
    let mut system = System::boot(Options {
        echo: false,
        ..Options::default()
    });
    assert_eq!(system.load_host_driver("failing", entry), 0);
    let device = system.add_root_device("failing").unwrap();
    assert_eq!(system.start(device), status::STATUS_UNSUCCESSFUL);
    assert_eq!(system.remove(device), 0);
    assert_eq!(
        *MINORS.lock().unwrap(),
        [
            IRP_MN_QUERY_CAPABILITIES,
            IRP_MN_START_DEVICE,
            IRP_MN_REMOVE_DEVICE
        ]
    );
    assert!(system.verdict().is_clean(), "{}", system.verdict());
}
