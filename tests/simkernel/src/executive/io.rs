// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drivers and devices, and the state of the I/O manager.

pub(crate) use super::file::*;
pub(crate) use super::interface::*;
pub(crate) use super::work_item::*;

use super::*;
use crate::state::Global;
use crate::verifier;
use crate::verifier::Rule;
use std::collections::BTreeMap;
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => IoGetFileObjectGenericMapping, IoGetAttachedDevice, IoGetDriverObjectExtension, IoGetRequestorProcess;
        DISPATCH_LEVEL => IoGetAttachedDeviceReference,
            IoInvalidateDeviceRelations, IoInvalidateDeviceState, IoAllocateDriverObjectExtension, IoWriteErrorLogEntry, IoAllocateErrorLogEntry;
        PASSIVE_LEVEL => IoCreateDevice, IoDeleteDevice, IoAttachDeviceToDeviceStack, IoAttachDeviceToDeviceStackSafe, IoDetachDevice, IoRegisterShutdownNotification, IoUnregisterShutdownNotification, IoReportTargetDeviceChangeAsynchronous, IoRegisterPlugPlayNotification, IoUnregisterPlugPlayNotification,
            IoUnregisterPlugPlayNotificationEx;
    }
}

pub(super) struct Interface {
    pub link: String,
    pub guid: GUID,
    pub device: usize,
    pub reference: String,
    /// Path of its key.
    pub key: String,
    pub enabled: bool,
}

struct Driver {
    object: Box<DRIVER_OBJECT>,
    extension: Box<DRIVER_EXTENSION>,
    strings: Vec<Vec<u16>>,
    client_extensions: BTreeMap<usize, Vec<u8>>,
}

pub(super) struct Io {
    devices: BTreeMap<usize, Box<(DEVOBJ_EXTENSION, Vec<u8>)>>,
    /// Deleted while something still referred to them.
    dead: Vec<usize>,
    drivers: BTreeMap<usize, Driver>,
    pub interfaces: Vec<Interface>,
    pub links: BTreeMap<String, String>,
    pub named: BTreeMap<String, usize>,
    /// Where WorkItem state lives, by address.
    pub work_items: BTreeMap<usize, WorkItem>,
}

pub(super) static IO: Global<Io> = Global::new(Io {
    devices: BTreeMap::new(),
    dead: Vec::new(),
    drivers: BTreeMap::new(),
    interfaces: Vec::new(),
    links: BTreeMap::new(),
    named: BTreeMap::new(),
    work_items: BTreeMap::new(),
});

/// Interfaces, links and named devices, in words.
pub(crate) fn names() -> Vec<String> {
    let io = IO.get();
    let interfaces = io.interfaces.iter();
    let interfaces = interfaces.map(|i| format!("interface {}, enabled: {}", i.link, i.enabled));
    let links = io.links.iter();
    let links = links.map(|(link, target)| format!("link {link} to {target}"));
    let named = io.named.keys().map(|name| format!("name {name}"));
    interfaces.chain(links).chain(named).collect()
}

// ---- drivers

unsafe extern "efiapi" fn invalid_request(_device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: a request sent to this routine.
    unsafe {
        (*irp).IoStatus.Status = status::STATUS_INVALID_DEVICE_REQUEST;
        (*irp).IoStatus.Information = 0;
        irp::IofCompleteRequest(irp, 0);
    }
    status::STATUS_INVALID_DEVICE_REQUEST
}

/// A driver object whose dispatch routines all refuse. `start`: base of its image, 0 for a host module.
pub(crate) fn new_driver(name: &str, start: usize, size: usize) -> *mut DRIVER_OBJECT {
    let mut strings = vec![
        wide(&format!("\\Driver\\{name}")),
        wide(name),
        wide("\\REGISTRY\\MACHINE\\HARDWARE\\DESCRIPTION\\SYSTEM"),
    ];
    let text = |s: &mut Vec<u16>| UNICODE_STRING {
        Length: (s.len() as u16 - 1) * 2,
        MaximumLength: s.len() as u16 * 2,
        Buffer: s.as_mut_ptr(),
    };
    let mut object = Box::new(DRIVER_OBJECT {
        Type: IO_TYPE_DRIVER,
        Size: size_of::<DRIVER_OBJECT>() as i16,
        DeviceObject: null_mut(),
        Flags: 0,
        DriverStart: start as PVOID,
        DriverSize: size as u32,
        DriverSection: null_mut(),
        DriverExtension: null_mut(),
        DriverName: text(&mut strings[0]),
        HardwareDatabase: null_mut(),
        FastIoDispatch: null_mut(),
        DriverInit: None,
        DriverStartIo: null_mut(),
        DriverUnload: None,
        MajorFunction: [Some(invalid_request); IRP_MJ_MAXIMUM_FUNCTION as usize + 1],
    });
    let pointer = &raw mut *object;
    let mut extension = Box::new(DRIVER_EXTENSION {
        DriverObject: pointer,
        AddDevice: None,
        Count: 0,
        ServiceKeyName: text(&mut strings[1]),
    });
    object.DriverExtension = &raw mut *extension;
    ob::register(pointer.cast(), ob::Kind::Driver, 0);
    IO.get().drivers.insert(
        pointer as usize,
        Driver {
            object,
            extension,
            strings,
            client_extensions: BTreeMap::new(),
        },
    );
    pointer
}

/// All driver objects.
pub(super) fn driver_objects() -> impl Iterator<Item = *const DRIVER_OBJECT> {
    IO.get()
        .drivers
        .keys()
        .map(|object| *object as *const DRIVER_OBJECT)
}

pub(crate) fn delete_driver(driver: *mut DRIVER_OBJECT) {
    ob::forget(driver.cast());
    if let Some(d) = IO.get().drivers.remove(&(driver as usize)) {
        drop((d.object, d.extension, d.strings));
    }
}

/// Memory that goes with the driver object, by an id.
pub unsafe extern "efiapi" fn IoAllocateDriverObjectExtension(
    driver: *mut DRIVER_OBJECT,
    id: PVOID,
    size: u32,
    extension: *mut PVOID,
) -> NTSTATUS {
    let Some(d) = IO.get().drivers.get_mut(&(driver as usize)) else {
        return status::STATUS_INVALID_PARAMETER;
    };
    if d.client_extensions.contains_key(&(id as usize)) {
        return status::STATUS_OBJECT_NAME_COLLISION;
    }
    let block = d
        .client_extensions
        .entry(id as usize)
        .or_insert_with(|| vec![0; (size as usize).next_multiple_of(16) + 16]);
    // SAFETY: the caller's.
    unsafe { *extension = (block.as_mut_ptr() as usize).next_multiple_of(16) as PVOID };
    status::STATUS_SUCCESS
}

/// That memory, or null.
pub unsafe extern "efiapi" fn IoGetDriverObjectExtension(
    driver: *mut DRIVER_OBJECT,
    id: PVOID,
) -> PVOID {
    IO.get()
        .drivers
        .get_mut(&(driver as usize))
        .and_then(|d| d.client_extensions.get_mut(&(id as usize)))
        .map_or(null_mut(), |b| {
            (b.as_mut_ptr() as usize).next_multiple_of(16) as PVOID
        })
}

// ---- devices

pub(crate) fn is_device(device: *mut DEVICE_OBJECT) -> bool {
    IO.get().devices.contains_key(&(device as usize))
}

/// Devices of a driver.
pub(crate) fn devices_of(driver: *mut DRIVER_OBJECT) -> usize {
    IO.get()
        .devices
        .keys()
        // SAFETY: live devices.
        .filter(|d| unsafe { (*(**d as *mut DEVICE_OBJECT)).DriverObject == driver })
        .count()
}

/// A device with an extension of the driver's.
pub unsafe extern "efiapi" fn IoCreateDevice(
    driver: *mut DRIVER_OBJECT,
    extension_size: u32,
    name: *const UNICODE_STRING,
    kind: u32,
    characteristics: u32,
    _exclusive: BOOLEAN,
    out: *mut *mut DEVICE_OBJECT,
) -> NTSTATUS {
    let caller = ex::direct_caller(IoCreateDevice as *const () as usize);
    if caller != 0 && verifier::allocation_fails() {
        return status::STATUS_INSUFFICIENT_RESOURCES;
    }
    let head = size_of::<DEVICE_OBJECT>();
    let bytes = vec![0u8; head + extension_size as usize + 32];
    // SAFETY: all-zero is valid for both.
    let extension: DEVOBJ_EXTENSION = unsafe { std::mem::zeroed() };
    let mut block = Box::new((extension, bytes));
    let device = (block.1.as_mut_ptr() as usize).next_multiple_of(16) as *mut DEVICE_OBJECT;
    // SAFETY: the block has room for the device and its extension; the driver object is the caller's.
    unsafe {
        let d = &mut *device;
        d.Type = IO_TYPE_DEVICE;
        d.Size = (head + extension_size as usize) as u16;
        d.ReferenceCount = 0;
        d.DriverObject = driver;
        d.NextDevice = (*driver).DeviceObject;
        d.Flags = DO_DEVICE_INITIALIZING;
        d.Characteristics = characteristics;
        d.DeviceType = kind;
        d.StackSize = 1;
        d.DeviceExtension = if extension_size == 0 {
            null_mut()
        } else {
            device.add(1).cast()
        };
        d.DeviceObjectExtension = &raw mut block.0;
        block.0.Type = IO_TYPE_DEVICE_OBJECT_EXTENSION;
        block.0.Size = size_of::<DEVOBJ_EXTENSION>() as u16;
        block.0.DeviceObject = device;
        (*driver).DeviceObject = device;
        if let Some(name) = name.as_ref() {
            IO.get()
                .named
                .insert(name.to_string().to_lowercase(), device as usize);
        }
        *out = device;
    }
    IO.get().devices.insert(device as usize, block);
    ob::register(device.cast(), ob::Kind::Device, 0);
    status::STATUS_SUCCESS
}

/// Takes a device away.
pub unsafe extern "efiapi" fn IoDeleteDevice(device: *mut DEVICE_OBJECT) {
    if !is_device(device) {
        verifier::violation(
            Rule::DeviceDeleted,
            format!("IoDeleteDevice({device:p}) of something that is no device"),
        );
        return;
    }
    // SAFETY: a live device.
    unsafe {
        if !(*device).AttachedDevice.is_null() {
            verifier::violation(
                Rule::DeviceAttached,
                format!("IoDeleteDevice({device:p}) while another device is attached to it"),
            );
        }
        if !(*(*device).DeviceObjectExtension).AttachedTo.is_null() {
            verifier::violation(
                Rule::DeviceAttached,
                format!("IoDeleteDevice({device:p}) while it is attached to another device"),
            );
        }
        let mut at = &raw mut (*(*device).DriverObject).DeviceObject;
        while !(*at).is_null() && *at != device {
            at = &raw mut (**at).NextDevice;
        }
        if !(*at).is_null() {
            *at = (*device).NextDevice;
        }
    }
    hardware::device_deleted(device);
    let io = IO.get();
    io.named.retain(|_, d| *d != device as usize);
    // A device lives until its last reference (an open file) has gone.
    if ob::references(device.cast()).is_some_and(|n| n > 1) {
        io.dead.push(device as usize);
        return;
    }
    free_device(device);
}

fn free_device(device: *mut DEVICE_OBJECT) {
    ob::forget(device.cast());
    let io = IO.get();
    io.dead.retain(|d| *d != device as usize);
    if let Some(block) = io.devices.remove(&(device as usize)) {
        let start = block.1.as_ptr() as usize;
        verifier::memory_freed(start..start + block.1.len(), &|| {
            format!("device object {device:p}")
        });
        drop(block);
    }
}

/// A file's reference to its device has gone.
pub(super) fn release_device(device: *mut DEVICE_OBJECT) {
    // SAFETY: the file's reference.
    let left = unsafe { ob::ObfDereferenceObject(device.cast()) };
    if left <= 1 && IO.get().dead.contains(&(device as usize)) {
        free_device(device);
    }
}

/// The device it was attached to.
pub unsafe extern "efiapi" fn IoAttachDeviceToDeviceStack(
    source: *mut DEVICE_OBJECT,
    target: *mut DEVICE_OBJECT,
) -> *mut DEVICE_OBJECT {
    // SAFETY: two devices of the caller's.
    unsafe {
        let top = top_of_stack(target);
        (*top).AttachedDevice = source;
        (*(*source).DeviceObjectExtension).AttachedTo = top;
        (*source).StackSize = (*top).StackSize + 1;
        (*source).AlignmentRequirement = (*top).AlignmentRequirement;
        top
    }
}

/// Puts a device on top of a stack: what it lies on.
pub unsafe extern "efiapi" fn IoAttachDeviceToDeviceStackSafe(
    source: *mut DEVICE_OBJECT,
    target: *mut DEVICE_OBJECT,
    attached: *mut *mut DEVICE_OBJECT,
) -> NTSTATUS {
    // SAFETY: the same contract.
    unsafe { *attached = IoAttachDeviceToDeviceStack(source, target) };
    status::STATUS_SUCCESS
}

/// `target`: the lower device.
pub unsafe extern "efiapi" fn IoDetachDevice(target: *mut DEVICE_OBJECT) {
    // SAFETY: a device of the caller's.
    unsafe {
        let upper = (*target).AttachedDevice;
        if upper.is_null() {
            verifier::violation(
                Rule::DeviceDetached,
                format!("IoDetachDevice({target:p}) with nothing attached"),
            );
            return;
        }
        (*(*upper).DeviceObjectExtension).AttachedTo = null_mut();
        (*target).AttachedDevice = null_mut();
    }
}

pub(crate) unsafe fn top_of_stack(mut device: *mut DEVICE_OBJECT) -> *mut DEVICE_OBJECT {
    // SAFETY: devices of a stack are live.
    unsafe {
        while !(*device).AttachedDevice.is_null() {
            device = (*device).AttachedDevice;
        }
    }
    device
}

/// The lowest device of a stack: the PDO.
pub(crate) unsafe fn bottom_of_stack(mut device: *mut DEVICE_OBJECT) -> *mut DEVICE_OBJECT {
    // SAFETY: devices of a stack are live.
    unsafe {
        loop {
            let below = (*(*device).DeviceObjectExtension).AttachedTo;
            if below.is_null() {
                return device;
            }
            device = below;
        }
    }
}

/// The top of a device's stack.
pub unsafe extern "efiapi" fn IoGetAttachedDevice(
    device: *mut DEVICE_OBJECT,
) -> *mut DEVICE_OBJECT {
    // SAFETY: the caller's device.
    unsafe { top_of_stack(device) }
}

/// The same with a reference.
pub unsafe extern "efiapi" fn IoGetAttachedDeviceReference(
    device: *mut DEVICE_OBJECT,
) -> *mut DEVICE_OBJECT {
    // SAFETY: the caller's device.
    unsafe {
        let top = top_of_stack(device);
        ob::ObfReferenceObject(top.cast());
        top
    }
}

/// Does nothing: devices here have no children that could change.
pub unsafe extern "efiapi" fn IoInvalidateDeviceRelations(_device: *mut DEVICE_OBJECT, _kind: u32) {
}

/// Does nothing: no state is asked for again.
pub unsafe extern "efiapi" fn IoInvalidateDeviceState(_device: *mut DEVICE_OBJECT) {}

/// The process that runs, which is the requestor's in its thread.
pub unsafe extern "efiapi" fn IoGetRequestorProcess(_irp: *mut IRP) -> PVOID {
    // SAFETY: no requirements.
    unsafe { ps::PsGetCurrentProcess() }
}

/// Succeeds; nobody shuts the machine down.
pub unsafe extern "efiapi" fn IoRegisterShutdownNotification(
    _device: *mut DEVICE_OBJECT,
) -> NTSTATUS {
    status::STATUS_SUCCESS
}

/// Does nothing.
pub unsafe extern "efiapi" fn IoUnregisterShutdownNotification(_device: *mut DEVICE_OBJECT) {}

/// Null: no log entry can be had, which drivers must expect.
pub unsafe extern "efiapi" fn IoAllocateErrorLogEntry(_object: PVOID, _size: u8) -> PVOID {
    null_mut()
}

/// Does nothing: no entry was given out.
pub unsafe extern "efiapi" fn IoWriteErrorLogEntry(_entry: PVOID) {}

/// Rights of files behind the four generic rights.
pub unsafe extern "efiapi" fn IoGetFileObjectGenericMapping() -> *const [u32; 4] {
    static MAPPING: [u32; 4] = [0x0012_0089, 0x0012_0116, 0x0012_00a0, 0x001f_01ff];
    &raw const MAPPING
}

/// Succeeds; nobody listens.
pub unsafe extern "efiapi" fn IoReportTargetDeviceChangeAsynchronous(
    _pdo: PVOID,
    _what: PVOID,
    _callback: PVOID,
    _context: PVOID,
) -> NTSTATUS {
    status::STATUS_SUCCESS
}

/// Succeeds; the routine is never called.
pub unsafe extern "efiapi" fn IoRegisterPlugPlayNotification(
    _category: u32,
    _flags: u32,
    _data: PVOID,
    _driver: PVOID,
    _callback: PVOID,
    _context: PVOID,
    entry: *mut PVOID,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe { *entry = 0x1000 as PVOID };
    status::STATUS_SUCCESS
}

/// Succeeds.
pub unsafe extern "efiapi" fn IoUnregisterPlugPlayNotification(_entry: PVOID) -> NTSTATUS {
    status::STATUS_SUCCESS
}

/// Succeeds.
pub unsafe extern "efiapi" fn IoUnregisterPlugPlayNotificationEx(_entry: PVOID) -> NTSTATUS {
    status::STATUS_SUCCESS
}
