//! Devices, drivers, device interfaces, files, work items.

use super::*;
use crate::state::Global;
use crate::{guest, pnp, pool, verifier};
use std::collections::BTreeMap;
use std::ptr::null_mut;

pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => IoGetFileObjectGenericMapping, IoGetAttachedDevice, IoGetDriverObjectExtension, IoGetRequestorProcess;
        DISPATCH_LEVEL => IoAllocateWorkItem, IoFreeWorkItem, IoQueueWorkItem, IoQueueWorkItemEx, IoGetAttachedDeviceReference,
            IoInvalidateDeviceRelations, IoInvalidateDeviceState, IoAllocateDriverObjectExtension, IoWriteErrorLogEntry, IoAllocateErrorLogEntry;
        PASSIVE_LEVEL => IoCreateDevice, IoDeleteDevice, IoAttachDeviceToDeviceStack, IoAttachDeviceToDeviceStackSafe, IoDetachDevice, IoRegisterDeviceInterface,
            IoSetDeviceInterfaceState, IoGetDeviceInterfaces, IoGetDeviceProperty, IoOpenDeviceRegistryKey,
            IoOpenDeviceInterfaceRegistryKey, IoCreateSymbolicLink, IoDeleteSymbolicLink, IoCreateNotificationEvent,
            IoCreateSynchronizationEvent, IoRegisterShutdownNotification, IoUnregisterShutdownNotification, IoCreateFile, IoGetDeviceObjectPointer,
            IoGetDeviceInterfaceAlias, IoReportTargetDeviceChangeAsynchronous, IoRegisterPlugPlayNotification, IoUnregisterPlugPlayNotification,
            IoUnregisterPlugPlayNotificationEx;
    }
}

struct Interface {
    link: String,
    guid: GUID,
    device: usize,
    reference: String,
    enabled: bool,
}

struct Driver {
    object: Box<DRIVER_OBJECT>,
    extension: Box<DRIVER_EXTENSION>,
    strings: Vec<Vec<u16>>,
    client_extensions: BTreeMap<usize, Vec<u8>>,
}

struct Io {
    devices: BTreeMap<usize, Box<(DEVOBJ_EXTENSION, Vec<u8>)>>,
    /// Deleted while something still referred to them.
    dead: Vec<usize>,
    drivers: BTreeMap<usize, Driver>,
    interfaces: Vec<Interface>,
    links: BTreeMap<String, String>,
    named: BTreeMap<String, usize>,
    /// Where WorkItem state lives, by address.
    work_items: BTreeMap<usize, WorkItem>,
}

static IO: Global<Io> = Global::new(Io {
    devices: BTreeMap::new(),
    dead: Vec::new(),
    drivers: BTreeMap::new(),
    interfaces: Vec::new(),
    links: BTreeMap::new(),
    named: BTreeMap::new(),
    work_items: BTreeMap::new(),
});

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

pub(crate) fn delete_driver(driver: *mut DRIVER_OBJECT) {
    ob::forget(driver.cast());
    if let Some(d) = IO.get().drivers.remove(&(driver as usize)) {
        drop((d.object, d.extension, d.strings));
    }
}

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

pub unsafe extern "efiapi" fn IoDeleteDevice(device: *mut DEVICE_OBJECT) {
    if !is_device(device) {
        verifier::violation(format!(
            "IoDeleteDevice({device:p}) of something that is no device"
        ));
        return;
    }
    // SAFETY: a live device.
    unsafe {
        if !(*device).AttachedDevice.is_null() {
            verifier::violation(format!(
                "IoDeleteDevice({device:p}) while another device is attached to it"
            ));
        }
        if !(*(*device).DeviceObjectExtension).AttachedTo.is_null() {
            verifier::violation(format!(
                "IoDeleteDevice({device:p}) while it is attached to another device"
            ));
        }
        let mut at = &raw mut (*(*device).DriverObject).DeviceObject;
        while !(*at).is_null() && *at != device {
            at = &raw mut (**at).NextDevice;
        }
        if !(*at).is_null() {
            *at = (*device).NextDevice;
        }
    }
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
fn release_device(device: *mut DEVICE_OBJECT) {
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
            verifier::violation(format!("IoDetachDevice({target:p}) with nothing attached"));
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

pub unsafe extern "efiapi" fn IoGetAttachedDevice(
    device: *mut DEVICE_OBJECT,
) -> *mut DEVICE_OBJECT {
    // SAFETY: the caller's device.
    unsafe { top_of_stack(device) }
}

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

pub unsafe extern "efiapi" fn IoInvalidateDeviceRelations(_device: *mut DEVICE_OBJECT, _kind: u32) {
}

pub unsafe extern "efiapi" fn IoInvalidateDeviceState(_device: *mut DEVICE_OBJECT) {}

pub unsafe extern "efiapi" fn IoGetRequestorProcess(_irp: *mut IRP) -> PVOID {
    // SAFETY: no requirements.
    unsafe { ps::PsGetCurrentProcess() }
}

pub unsafe extern "efiapi" fn IoRegisterShutdownNotification(
    _device: *mut DEVICE_OBJECT,
) -> NTSTATUS {
    status::STATUS_SUCCESS
}

pub unsafe extern "efiapi" fn IoUnregisterShutdownNotification(_device: *mut DEVICE_OBJECT) {}

/// Null: no log entry can be had, which drivers must expect.
pub unsafe extern "efiapi" fn IoAllocateErrorLogEntry(_object: PVOID, _size: u8) -> PVOID {
    null_mut()
}

pub unsafe extern "efiapi" fn IoWriteErrorLogEntry(_entry: PVOID) {}

pub unsafe extern "efiapi" fn IoGetFileObjectGenericMapping() -> *const [u32; 4] {
    static MAPPING: [u32; 4] = [0x0012_0089, 0x0012_0116, 0x0012_00a0, 0x001f_01ff];
    &raw const MAPPING
}

pub unsafe extern "efiapi" fn IoReportTargetDeviceChangeAsynchronous(
    _pdo: PVOID,
    _what: PVOID,
    _callback: PVOID,
    _context: PVOID,
) -> NTSTATUS {
    status::STATUS_SUCCESS
}

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

pub unsafe extern "efiapi" fn IoUnregisterPlugPlayNotification(_entry: PVOID) -> NTSTATUS {
    status::STATUS_SUCCESS
}

pub unsafe extern "efiapi" fn IoUnregisterPlugPlayNotificationEx(_entry: PVOID) -> NTSTATUS {
    status::STATUS_SUCCESS
}

// ---- device interfaces

/// The symbolic link in `out` is freed by the caller with RtlFreeUnicodeString.
pub unsafe extern "efiapi" fn IoRegisterDeviceInterface(
    pdo: *mut DEVICE_OBJECT,
    guid: *const GUID,
    reference: *const UNICODE_STRING,
    out: *mut UNICODE_STRING,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoRegisterDeviceInterface as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        let Some(instance) = pnp::instance_of(pdo) else {
            return status::STATUS_INVALID_DEVICE_REQUEST;
        };
        let guid = guid.read_unaligned();
        let reference = reference
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        if reference.contains(['\\', '/']) {
            return status::STATUS_INVALID_DEVICE_REQUEST;
        }
        let mut link = format!(
            "\\??\\{}#{}",
            instance.replace('\\', "#"),
            rtl::guid_text(&guid).to_lowercase()
        );
        if !reference.is_empty() {
            link = format!("{link}\\{reference}");
        }
        let io = IO.get();
        if !io
            .interfaces
            .iter()
            .any(|i| i.link.eq_ignore_ascii_case(&link))
        {
            io.interfaces.push(Interface {
                link: link.clone(),
                guid,
                device: pdo as usize,
                reference,
                enabled: false,
            });
        }
        *out = rtl::new_unicode_string(&link.encode_utf16().collect::<Vec<_>>(), owner);
    }
    status::STATUS_SUCCESS
}

pub unsafe extern "efiapi" fn IoSetDeviceInterfaceState(
    link: *const UNICODE_STRING,
    enable: BOOLEAN,
) -> NTSTATUS {
    // SAFETY: the caller's.
    let link = unsafe { (*link).to_string() };
    let Some(i) = IO
        .get()
        .interfaces
        .iter_mut()
        .find(|i| i.link.eq_ignore_ascii_case(&link))
    else {
        return status::STATUS_OBJECT_NAME_NOT_FOUND;
    };
    if i.enabled == (enable != 0) {
        return if enable != 0 {
            status::STATUS_OBJECT_NAME_EXISTS
        } else {
            status::STATUS_OBJECT_NAME_NOT_FOUND
        };
    }
    i.enabled = enable != 0;
    status::STATUS_SUCCESS
}

/// Links of the enabled interfaces of a category.
pub(crate) fn enabled_interfaces(guid: &GUID) -> Vec<String> {
    IO.get()
        .interfaces
        .iter()
        .filter(|i| i.enabled && i.guid == *guid)
        .map(|i| i.link.clone())
        .collect()
}

/// The PDO has gone: so have its interfaces. Returns how many were still enabled.
pub(crate) fn forget_interfaces(pdo: *mut DEVICE_OBJECT) -> usize {
    let io = IO.get();
    let enabled = io
        .interfaces
        .iter()
        .filter(|i| i.device == pdo as usize && i.enabled)
        .count();
    io.interfaces.retain(|i| i.device != pdo as usize);
    enabled
}

pub unsafe extern "efiapi" fn IoGetDeviceInterfaces(
    guid: *const GUID,
    _pdo: *mut DEVICE_OBJECT,
    flags: u32,
    list: *mut *mut u16,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoGetDeviceInterfaces as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        let guid = guid.read_unaligned();
        let mut text: Vec<u16> = Vec::new();
        for i in &IO.get().interfaces {
            if i.guid == guid && (i.enabled || flags & 1 != 0) {
                text.extend(wide(&i.link));
            }
        }
        text.push(0);
        let bytes = size_of_val(&text[..]);
        let buffer: *mut u16 = pool::allocate(bytes, tag(b"PnpI"), true, true, owner).cast();
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer, text.len());
        *list = buffer;
    }
    status::STATUS_SUCCESS
}

pub unsafe extern "efiapi" fn IoGetDeviceInterfaceAlias(
    link: *const UNICODE_STRING,
    guid: *const GUID,
    out: *mut UNICODE_STRING,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoGetDeviceInterfaceAlias as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        let (link, guid) = ((*link).to_string(), guid.read_unaligned());
        let all = &IO.get().interfaces;
        let found = all
            .iter()
            .find(|i| i.link.eq_ignore_ascii_case(&link))
            .and_then(|own| {
                all.iter().find(|i| {
                    i.device == own.device && i.reference == own.reference && i.guid == guid
                })
            });
        match found {
            Some(i) => {
                *out = rtl::new_unicode_string(&i.link.encode_utf16().collect::<Vec<_>>(), owner);
                status::STATUS_SUCCESS
            }
            None => status::STATUS_OBJECT_NAME_NOT_FOUND,
        }
    }
}

pub unsafe extern "efiapi" fn IoCreateSymbolicLink(
    link: *const UNICODE_STRING,
    target: *const UNICODE_STRING,
) -> NTSTATUS {
    // SAFETY: the caller's.
    let (link, target) = unsafe {
        (
            (*link).to_string().to_lowercase(),
            (*target).to_string().to_lowercase(),
        )
    };
    let link = link.replace("\\dosdevices\\", "\\??\\");
    if IO.get().links.contains_key(&link) {
        return status::STATUS_OBJECT_NAME_COLLISION;
    }
    IO.get().links.insert(link, target);
    status::STATUS_SUCCESS
}

pub unsafe extern "efiapi" fn IoDeleteSymbolicLink(link: *const UNICODE_STRING) -> NTSTATUS {
    // SAFETY: the caller's.
    let link = unsafe {
        (*link)
            .to_string()
            .to_lowercase()
            .replace("\\dosdevices\\", "\\??\\")
    };
    match IO.get().links.remove(&link) {
        Some(_) => status::STATUS_SUCCESS,
        None => status::STATUS_OBJECT_NAME_NOT_FOUND,
    }
}

// ---- device properties and keys

pub unsafe extern "efiapi" fn IoGetDeviceProperty(
    pdo: *mut DEVICE_OBJECT,
    property: u32,
    length: u32,
    buffer: PVOID,
    needed: *mut u32,
) -> NTSTATUS {
    let Some(bytes) = pnp::property(pdo, property) else {
        return status::STATUS_OBJECT_NAME_NOT_FOUND;
    };
    // SAFETY: the caller's.
    unsafe {
        *needed = bytes.len() as u32;
        if (length as usize) < bytes.len() {
            return status::STATUS_BUFFER_TOO_SMALL;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast(), bytes.len());
    }
    status::STATUS_SUCCESS
}

/// `kind` 1 device (hardware) key, 2 driver (software) key.
pub unsafe extern "efiapi" fn IoOpenDeviceRegistryKey(
    pdo: *mut DEVICE_OBJECT,
    kind: u32,
    _access: u32,
    key: *mut HANDLE,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoOpenDeviceRegistryKey as *const () as usize);
    let Some(path) = pnp::key_path(pdo, kind & 3 == 2) else {
        return status::STATUS_INVALID_DEVICE_REQUEST;
    };
    // SAFETY: the caller's.
    unsafe { *key = zw::open_key_handle(&path, owner) };
    status::STATUS_SUCCESS
}

pub unsafe extern "efiapi" fn IoOpenDeviceInterfaceRegistryKey(
    link: *const UNICODE_STRING,
    _access: u32,
    key: *mut HANDLE,
) -> NTSTATUS {
    let owner = ex::direct_caller(IoOpenDeviceInterfaceRegistryKey as *const () as usize);
    // SAFETY: the caller's.
    unsafe {
        let link = (*link).to_string();
        let Some(i) = IO
            .get()
            .interfaces
            .iter()
            .find(|i| i.link.eq_ignore_ascii_case(&link))
        else {
            return status::STATUS_OBJECT_NAME_NOT_FOUND;
        };
        let path = format!(
            "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\DeviceClasses\\{}\\{}\\Device Parameters",
            rtl::guid_text(&i.guid),
            i.link.replace('\\', "#")
        );
        *key = zw::open_key_handle(&path, owner);
    }
    status::STATUS_SUCCESS
}

// ---- events with names; only nameless ones are needed here

unsafe fn create_event(kind: u32, handle: *mut HANDLE, owner: usize) -> PVOID {
    // SAFETY: all-zero, then initialised.
    unsafe {
        let event = Box::into_raw(Box::new(std::mem::zeroed::<KEVENT>()));
        ke::KeInitializeEvent(event, kind, 1);
        ob::register(event.cast(), ob::Kind::Event, owner);
        *handle = ob::new_handle(event.cast(), true, owner);
        ob::ObfDereferenceObject(event.cast());
        event.cast()
    }
}

pub unsafe extern "efiapi" fn IoCreateNotificationEvent(
    _name: PVOID,
    handle: *mut HANDLE,
) -> PVOID {
    let owner = ex::direct_caller(IoCreateNotificationEvent as *const () as usize);
    // SAFETY: the caller's.
    unsafe { create_event(0, handle, owner) }
}

pub unsafe extern "efiapi" fn IoCreateSynchronizationEvent(
    _name: PVOID,
    handle: *mut HANDLE,
) -> PVOID {
    let owner = ex::direct_caller(IoCreateSynchronizationEvent as *const () as usize);
    // SAFETY: the caller's.
    unsafe { create_event(1, handle, owner) }
}

// ---- files

/// The device that a path names, and the rest of the path.
fn find_device(path: &str) -> Option<(*mut DEVICE_OBJECT, String)> {
    let io = IO.get();
    let mut path = path.replace("\\DosDevices\\", "\\??\\");
    if let Some(rest) = path
        .strip_prefix("\\\\?\\")
        .or_else(|| path.strip_prefix("\\\\.\\"))
    {
        path = format!("\\??\\{rest}");
    }
    let folded = path.to_lowercase();
    for i in &io.interfaces {
        // The link without its reference string names the device; what follows is the file name.
        let base = match i.reference.len() {
            0 => &i.link[..],
            n => &i.link[..i.link.len() - n - 1],
        };
        if i.enabled && folded.starts_with(&i.link.to_lowercase()) {
            let boundary = folded.as_bytes().get(i.link.len());
            if matches!(boundary, None | Some(b'\\')) {
                return Some((
                    i.device as *mut DEVICE_OBJECT,
                    path[base.len()..].to_owned(),
                ));
            }
        }
    }
    let mut named = folded.clone();
    if let Some((link, target)) = io
        .links
        .iter()
        .find(|(l, _)| folded == **l || folded.starts_with(&format!("{l}\\")))
    {
        named = format!("{target}{}", &folded[link.len()..]);
    }
    let (name, device) = io
        .named
        .iter()
        .find(|(n, _)| named == **n || named.starts_with(&format!("{n}\\")))?;
    Some((
        *device as *mut DEVICE_OBJECT,
        named[name.len()..].to_owned(),
    ))
}

pub(crate) fn is_device_path(path: &str) -> bool {
    find_device(path).is_some()
}

/// Opens a path, or a name relative to an open file; sends IRP_MJ_CREATE. The name's units are passed on unchanged.
/// In the opener's thread.
pub fn open(name: &[u16], root: HANDLE, kernel: bool, owner: usize) -> Result<HANDLE, NTSTATUS> {
    let (device, file_name, related) = if root.is_null() {
        let text = String::from_utf16_lossy(name);
        let (device, rest) = find_device(&text).ok_or(status::STATUS_OBJECT_NAME_NOT_FOUND)?;
        let rest = name[name.len() - rest.encode_utf16().count()..].to_vec();
        (device, rest, null_mut())
    } else {
        match ob::object_of(root) {
            Some((f, ob::Kind::File)) => {
                let file: *mut FILE_OBJECT = f.cast();
                // SAFETY: an open file.
                (unsafe { (*file).DeviceObject }, name.to_vec(), file)
            }
            Some(_) => return Err(status::STATUS_OBJECT_TYPE_MISMATCH),
            None => return Err(status::STATUS_INVALID_HANDLE),
        }
    };
    if !is_device(device) || pnp::is_gone(device) {
        return Err(status::STATUS_NO_SUCH_DEVICE);
    }
    // SAFETY: a live device; the file is ours until it is registered.
    unsafe {
        if (*top_of_stack(device)).Flags & DO_DEVICE_INITIALIZING != 0 {
            return Err(status::STATUS_NO_SUCH_DEVICE);
        }
        let mut file: Box<FILE_OBJECT> = Box::new(std::mem::zeroed());
        file.Type = IO_TYPE_FILE;
        file.Size = size_of::<FILE_OBJECT>() as i16;
        file.DeviceObject = device;
        file.RelatedFileObject = related;
        file.ReadAccess = 1;
        file.WriteAccess = 1;
        let bytes = size_of_val(&file_name[..]);
        let buffer: *mut u16 =
            pool::allocate(bytes + 2, tag(b"IoNm"), true, true, usize::MAX).cast();
        std::ptr::copy_nonoverlapping(file_name.as_ptr(), buffer, file_name.len());
        file.FileName = UNICODE_STRING {
            Length: bytes as u16,
            MaximumLength: bytes as u16 + 2,
            Buffer: buffer,
        };
        ke::KeInitializeEvent(&raw mut file.Event, 0, 0);
        ke::KeInitializeEvent(&raw mut file.Lock, 1, 1);
        let file = Box::into_raw(file);
        initialize_list_head(&raw mut (*file).IrpList);
        ob::register(file.cast(), ob::Kind::File, usize::MAX);
        ob::ObfReferenceObject(device.cast());
        if !related.is_null() {
            ob::ObfReferenceObject(related.cast());
        }
        (*device).ReferenceCount += 1;

        let security = IO_SECURITY_CONTEXT {
            SecurityQos: null_mut(),
            AccessState: null_mut(),
            DesiredAccess: 0xC000_0000,
            FullCreateOptions: 0,
        };
        let status = file_request(file, |location| {
            location.MajorFunction = IRP_MJ_CREATE;
            location.Parameters.Create = PARAMETERS_CREATE {
                SecurityContext: (&raw const security).cast_mut(),
                Options: 1 << 24,
                Pad0: 0,
                FileAttributes: 0,
                ShareAccess: 3,
                Pad1: 0,
                EaLength: 0,
            };
        });
        if status < 0 {
            // A file whose create failed gets no close.
            (*file).Flags = FILE_CREATE_FAILED;
            ob::ObfDereferenceObject(file.cast());
            return Err(status);
        }
        let handle = ob::new_handle(file.cast(), kernel, owner);
        ob::ObfDereferenceObject(file.cast());
        Ok(handle)
    }
}

const FILE_CREATE_FAILED: u32 = 1 << 31;

/// Sends a request of the I/O manager about a file and waits for it.
unsafe fn file_request(
    file: *mut FILE_OBJECT,
    fill: impl FnOnce(&mut IO_STACK_LOCATION),
) -> NTSTATUS {
    // SAFETY: a live file; the event and status block live until the request is complete.
    unsafe {
        let device = irp::IoGetRelatedDeviceObject(file);
        let mut event = Box::new(std::mem::zeroed::<KEVENT>());
        ke::KeInitializeEvent(&raw mut *event, 0, 0);
        let mut block = Box::new(IO_STATUS_BLOCK::default());
        let irp = irp::new_irp((*device).StackSize, irp::Origin::Synchronous(usize::MAX));
        (*irp).UserEvent = &raw mut *event;
        (*irp).UserIosb = &raw mut *block;
        (*irp).RequestorMode = ex::ExGetPreviousMode();
        (*irp).Tail.Thread = ke::KeGetCurrentThread();
        let next = next_stack_location(irp);
        fill(&mut *next);
        (*next).FileObject = file;
        let status = irp::IofCallDriver(device, irp);
        if status == status::STATUS_PENDING {
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

/// The last handle was closed.
pub(crate) fn cleanup_file(file: *mut FILE_OBJECT) {
    // SAFETY: a live file.
    unsafe {
        file_request(file, |l| l.MajorFunction = IRP_MJ_CLEANUP);
    }
}

/// The last reference has gone.
pub(crate) fn close_file(file: *mut FILE_OBJECT) {
    // SAFETY: made by `open`; nothing refers to it after the close request.
    unsafe {
        if (*file).Flags & FILE_CREATE_FAILED == 0 {
            // The request refers to the file once more.
            ob::register(file.cast(), ob::Kind::File, usize::MAX);
            file_request(file, |l| l.MajorFunction = IRP_MJ_CLOSE);
            ob::forget(file.cast());
        }
        let (device, related) = ((*file).DeviceObject, (*file).RelatedFileObject);
        pool::free((*file).FileName.Buffer as usize, 0);
        verifier::memory_freed(
            file as usize..file as usize + size_of::<FILE_OBJECT>(),
            &|| format!("file object {file:p}"),
        );
        drop(Box::from_raw(file));
        (*device).ReferenceCount -= 1;
        release_device(device);
        if !related.is_null() {
            ob::ObfDereferenceObject(related.cast());
        }
    }
}

/// IoCreateFile: as ZwCreateFile, with more options that do not matter here.
pub unsafe extern "efiapi" fn IoCreateFile(
    handle: *mut HANDLE,
    access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    block: *mut IO_STATUS_BLOCK,
    allocation: *const i64,
    file_attributes: u32,
    share: u32,
    disposition: u32,
    options: u32,
    ea: PVOID,
    ea_length: u32,
    _create_kind: u32,
    _extra: PVOID,
    _more: u32,
) -> NTSTATUS {
    // SAFETY: the same contract.
    unsafe {
        zw::ZwCreateFile(
            handle,
            access,
            attributes,
            block,
            allocation,
            file_attributes,
            share,
            disposition,
            options,
            ea,
            ea_length,
        )
    }
}

pub unsafe extern "efiapi" fn IoGetDeviceObjectPointer(
    name: *const UNICODE_STRING,
    _access: u32,
    file: *mut *mut FILE_OBJECT,
    device: *mut *mut DEVICE_OBJECT,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe {
        match open((*name).units(), null_mut(), true, 0) {
            Ok(handle) => {
                if let Some((object, _)) = ob::object_of(handle) {
                    ob::ObfReferenceObject(object);
                    *file = object.cast();
                    *device = irp::IoGetRelatedDeviceObject(*file);
                }
                ob::close(handle);
                status::STATUS_SUCCESS
            }
            Err(s) => s,
        }
    }
}

// ---- work items

struct WorkItem {
    /// A device or driver object, to which a queued item holds a reference.
    object: usize,
    owner: usize,
    queued: bool,
}

/// Null when there is no memory.
pub unsafe extern "efiapi" fn IoAllocateWorkItem(object: *mut DEVICE_OBJECT) -> PVOID {
    let owner = ex::direct_caller(IoAllocateWorkItem as *const () as usize);
    if owner != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    let item = Box::into_raw(Box::new([0usize; 8])) as usize;
    IO.get().work_items.insert(
        item,
        WorkItem {
            object: object as usize,
            owner,
            queued: false,
        },
    );
    item as PVOID
}

pub unsafe extern "efiapi" fn IoFreeWorkItem(item: PVOID) {
    match IO.get().work_items.remove(&(item as usize)) {
        Some(w) => {
            if w.queued {
                verifier::violation("IoFreeWorkItem while the item is queued");
            }
            // SAFETY: made by IoAllocateWorkItem.
            drop(unsafe { Box::from_raw(item.cast::<[usize; 8]>()) });
        }
        None => verifier::violation(format!(
            "IoFreeWorkItem({item:p}) of something that is no work item"
        )),
    }
}

fn queue(item: PVOID, routine: usize, context: usize, extended: bool) {
    let Some(w) = IO.get().work_items.get_mut(&(item as usize)) else {
        verifier::violation(format!(
            "IoQueueWorkItem({item:p}) of something that is no work item"
        ));
        return;
    };
    if w.queued {
        verifier::violation("IoQueueWorkItem while the item is queued");
        return;
    }
    w.queued = true;
    let object = w.object;
    // SAFETY: the item's object is live.
    unsafe { ob::ObfReferenceObject(object as PVOID) };
    let item = item as usize;
    guest::spawn(
        "work item",
        12,
        Box::new(move || {
            if let Some(w) = IO.get().work_items.get_mut(&item) {
                w.queued = false;
            }
            // SAFETY: the routine and its arguments; the reference was taken above.
            unsafe {
                let arguments = if extended {
                    [object, context, item]
                } else {
                    [object, context, 0]
                };
                guest::call(routine, &arguments);
                if ob::kind_of(object as PVOID) == Some(ob::Kind::Device) {
                    release_device(object as *mut DEVICE_OBJECT);
                } else {
                    ob::ObfDereferenceObject(object as PVOID);
                }
            }
        }),
    );
}

pub unsafe extern "efiapi" fn IoQueueWorkItem(
    item: PVOID,
    routine: PIO_WORKITEM_ROUTINE,
    _queue: u32,
    context: PVOID,
) {
    queue(item, routine as usize, context as usize, false);
}

pub unsafe extern "efiapi" fn IoQueueWorkItemEx(
    item: PVOID,
    routine: PIO_WORKITEM_ROUTINE_EX,
    _queue: u32,
    context: PVOID,
) {
    queue(item, routine as usize, context as usize, true);
}

/// Work items that an image allocated and did not free; and how many of them are queued.
pub(crate) fn work_item_leaks(owner: usize) -> (usize, usize) {
    let items = IO.get().work_items.values().filter(|w| w.owner == owner);
    (items.clone().count(), items.filter(|w| w.queued).count())
}
