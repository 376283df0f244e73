// SPDX-License-Identifier: MIT OR Apache-2.0
//! Driver and device objects.

use super::handle::Handle;
use super::irql::Passive;
use super::{Result, check};
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};
use wdk_sys::{DEVICE_OBJECT, DRIVER_OBJECT, HANDLE, IRP, KEY_READ, PDRIVER_UNLOAD, ntddk};

/// A device object that somebody else keeps alive for the duration of a call.
#[derive(Clone, Copy)]
pub struct Device(NonNull<DEVICE_OBJECT>);

impl Device {
    /// # Safety
    /// `device` is a live functional device object that PortCls made.
    pub unsafe fn new(device: *mut c_void) -> Option<Self> {
        NonNull::new(device.cast()).map(Self)
    }

    pub fn as_ptr(&self) -> *mut DEVICE_OBJECT {
        self.0.as_ptr()
    }

    /// Keeps the object's memory. `DISPATCH_LEVEL` or below.
    pub fn reference(&self) -> DeviceRef {
        // SAFETY: the object is alive.
        unsafe { ntddk::ObfReferenceObject(self.0.as_ptr().cast()) };
        DeviceRef(self.0)
    }

    /// The driver that the device belongs to.
    pub fn driver(&self) -> Driver {
        // SAFETY: the object is alive, and a device object's driver is never null.
        Driver(unsafe { (*self.0.as_ptr()).DriverObject })
    }

    /// The first of the four pointers in PortCls' device extension that belong to the adapter driver
    /// (`PcAddAdapterDevice`).
    pub fn slot(&self) -> &AtomicPtr<c_void> {
        const RESERVED: usize = 4;
        // SAFETY: the extension has at least 64 pointers, and this one is ours.
        unsafe {
            let extension = (*self.0.as_ptr()).DeviceExtension.cast::<*mut c_void>();
            AtomicPtr::from_ptr(extension.add(RESERVED))
        }
    }
}

/// A reference to a device object.
pub struct DeviceRef(NonNull<DEVICE_OBJECT>);

// SAFETY: only counts.
unsafe impl Send for DeviceRef {}
// SAFETY: as above.
unsafe impl Sync for DeviceRef {}

impl DeviceRef {
    pub fn device(&self) -> Device {
        Device(self.0)
    }
}

impl Drop for DeviceRef {
    fn drop(&mut self) {
        // SAFETY: referenced by `Device::reference`.
        unsafe { ntddk::ObfDereferenceObject(self.0.as_ptr().cast()) };
    }
}

/// The driver object.
#[derive(Clone, Copy)]
pub struct Driver(*mut DRIVER_OBJECT);

// SAFETY: only names the object, which outlives all code and all objects of the driver; the kernel guards it.
unsafe impl Send for Driver {}
// SAFETY: as above.
unsafe impl Sync for Driver {}

/// The registry keys that a driver has for itself (`DRIVER_REGKEY_TYPE`).
#[derive(Clone, Copy)]
pub enum DriverKey {
    /// `Parameters` of the service: what the INF wrote, to be read only.
    Parameters = 0,
    /// State that the driver shares with programs: what a user has set. Since Windows 11 and Server 2022; older ones refuse.
    Shared = 2,
}

/// The directories that a driver has for itself (`DRIVER_DIRECTORY_TYPE`).
#[derive(Clone, Copy)]
pub enum Directory {
    /// Where the image lies, and the package's other files.
    Image = 0,
    /// Files that the driver shares with programs: what a user has put there. Since Windows 11 and Server 2022; older ones refuse.
    Shared = 2,
}

// Windows 10, version 1803.
unsafe extern "C" {
    fn IoOpenDriverRegistryKey(
        driver: *mut DRIVER_OBJECT,
        key: i32,
        access: u32,
        flags: u32,
        handle: *mut HANDLE,
    ) -> i32;
    fn IoGetDriverDirectory(
        driver: *mut DRIVER_OBJECT,
        directory: i32,
        flags: u32,
        handle: *mut HANDLE,
    ) -> i32;
}

/// What the driver keeps with its object; the I/O manager frees it with the object.
#[repr(C)]
struct Extension {
    /// PortCls' unload routine, which ours wraps.
    unload: AtomicPtr<c_void>,
}

/// Identifies our extension by its address.
static EXTENSION_ID: u8 = 0;

impl Driver {
    /// # Safety
    /// `driver` is this driver's object.
    pub unsafe fn new(driver: *mut DRIVER_OBJECT) -> Self {
        Self(driver)
    }

    pub fn as_ptr(&self) -> *mut DRIVER_OBJECT {
        self.0
    }

    /// Makes the extension.
    pub fn allocate_extension(&self, _: Passive) -> Result {
        let mut extension: *mut c_void = null_mut();
        // SAFETY: PASSIVE_LEVEL; the block is zeroed, and zeros are a valid `Extension`.
        check(unsafe {
            ntddk::IoAllocateDriverObjectExtension(
                self.0,
                (&raw const EXTENSION_ID).cast_mut().cast(),
                size_of::<Extension>() as u32,
                &mut extension,
            )
        })
    }

    /// Opens a key of the driver's own for reading.
    pub(super) fn open_key(&self, _: Passive, key: DriverKey) -> Result<Handle> {
        let mut handle: HANDLE = null_mut();
        // SAFETY: PASSIVE_LEVEL; the object is alive, the result lives across the call.
        check(unsafe { IoOpenDriverRegistryKey(self.0, key as i32, KEY_READ, 0, &mut handle) })?;
        Ok(Handle(handle))
    }

    /// Opens a directory of the driver's own.
    pub(super) fn open_directory(&self, _: Passive, directory: Directory) -> Result<Handle> {
        let mut handle: HANDLE = null_mut();
        // SAFETY: PASSIVE_LEVEL; the object is alive, the result lives across the call.
        check(unsafe { IoGetDriverDirectory(self.0, directory as i32, 0, &mut handle) })?;
        Ok(Handle(handle))
    }

    fn extension(&self) -> Option<&Extension> {
        // SAFETY: made by `extend`, lives as long as the driver object.
        unsafe {
            ntddk::IoGetDriverObjectExtension(self.0, (&raw const EXTENSION_ID).cast_mut().cast())
                .cast::<Extension>()
                .as_ref()
        }
    }

    /// Puts `pnp` and `unload` in place of PortCls' routines; the old unload routine is kept.
    ///
    /// # Safety
    /// Both routines fulfil the contract of their place; called from `DriverEntry` after PortCls filled the table.
    pub unsafe fn hook(
        &self,
        pnp: unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP) -> i32,
        unload: unsafe extern "C" fn(*mut DRIVER_OBJECT),
    ) {
        // SAFETY: nobody else looks at the table before DriverEntry returns.
        unsafe {
            let driver = &mut *self.0;
            if let (Some(extension), Some(old)) = (self.extension(), driver.DriverUnload) {
                extension
                    .unload
                    .store(old as *mut c_void, Ordering::Release);
            }
            if let Some(entry) = driver.MajorFunction.get_mut(wdk_sys::IRP_MJ_PNP as usize) {
                *entry = Some(pnp);
            }
            driver.DriverUnload = Some(unload);
        }
    }

    /// Calls the unload routine that [`Driver::hook`] replaced.
    pub fn unload_port_class(&self, _: Passive) {
        let old = self
            .extension()
            .map_or(null_mut(), |e| e.unload.swap(null_mut(), Ordering::AcqRel));
        // SAFETY: `hook` stored a routine of this type, or nothing.
        unsafe {
            if let Some(unload) = core::mem::transmute::<*mut c_void, PDRIVER_UNLOAD>(old) {
                unload(self.0);
            }
        }
    }
}

/// The minor function of a request that was just dispatched to us.
///
/// # Safety
/// `irp` is such a request.
pub unsafe fn minor_function(irp: *mut IRP) -> u8 {
    // SAFETY: the current stack location is ours until the request is passed on.
    unsafe {
        (*irp)
            .Tail
            .Overlay
            .__bindgen_anon_2
            .__bindgen_anon_1
            .CurrentStackLocation
            .as_ref()
            .map_or(u8::MAX, |location| location.MinorFunction)
    }
}

/// Whether the requester has 32-bit pointers.
///
/// # Safety
/// `irp` is null or a request in progress.
pub unsafe fn is_32bit(irp: *mut IRP) -> bool {
    // SAFETY: the caller's promise.
    !irp.is_null() && unsafe { ntddk::IoIs32bitProcess(irp) } != 0
}
