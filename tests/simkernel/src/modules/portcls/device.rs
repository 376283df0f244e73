// SPDX-License-Identifier: MIT OR Apache-2.0
//! The adapter device: PcInitializeAdapterDriver, PcAddAdapterDevice, subdevices, PnP and power requests.

use core::ffi::c_void;
use core::ptr;
use std::collections::BTreeSet;

use arioso_core::ks::ks::KSOBJECT_CREATE_ITEM;
use arioso_core::ks::portcls::{IPort, IUnknown};
use arioso_core::ks::status::*;

use super::com::{self, Ref, query_interface};
use super::connection::Connections;
use super::imports::ks_call;
use super::port::{IID_SUBDEVICE, Port};
use super::power::Power;
use super::resources::ResourceList;
use super::verify::{Rule, violation};
use super::{filter, verify};
use crate::executive::io::*;
use crate::executive::irp::*;
use crate::guest_call;
use crate::modules::{irp, thunk};
use crate::nt::*;
use crate::nt::{FILE_DEVICE_KS, NTSTATUS, PDRIVER_ADD_DEVICE, PDRIVER_DISPATCH, UNICODE_STRING};
use crate::state::Global;

/// `PORT_CLASS_DEVICE_EXTENSION_SIZE`: 64 pointers, of which 4 to 7 are the driver's.
pub const EXTENSION_SIZE: u32 = 512;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Added,
    Started,
    Stopped,
    Surprised,
    Removed,
}

struct Subdevice {
    /// As given to PcRegisterSubdevice, terminated.
    _name: Vec<u16>,
    port: Ref<IPort>,
    item: usize,
    links: Vec<UNICODE_STRING>,
}

/// What the second pointer of the extension points at.
pub struct Device {
    pub fdo: *mut DEVICE_OBJECT,
    pub pdo: *mut DEVICE_OBJECT,
    pub lower: *mut DEVICE_OBJECT,
    header: *mut c_void,
    start: usize,
    items: Box<[KSOBJECT_CREATE_ITEM]>,
    subdevices: Vec<Subdevice>,
    pub connections: Connections,
    phase: Phase,
    pub power: Option<Power>,
    pub state: i32,
}

#[repr(C)]
struct Extension {
    header: *mut c_void,
    device: *mut Device,
    ports: [usize; 2],
    /// The driver's.
    reserved: [usize; 4],
}

/// Our part of a device's extension.
///
/// # Safety
/// `fdo` is a device that PcAddAdapterDevice made.
pub unsafe fn of<'a>(fdo: *mut DEVICE_OBJECT) -> &'a mut Device {
    // SAFETY: by the contract.
    unsafe { &mut *(*(*fdo).DeviceExtension.cast::<Extension>()).device }
}

/// Objects of drivers that PcInitializeAdapterDriver has seen, until it unloads them.
static DRIVERS: Global<BTreeSet<usize>> = Global::new(BTreeSet::new());

/// The devices that PcAddAdapterDevice made.
static ADAPTERS: Global<BTreeSet<usize>> = Global::new(BTreeSet::new());

/// Whether PcAddAdapterDevice made a device.
pub fn is_adapter(fdo: *mut DEVICE_OBJECT) -> bool {
    ADAPTERS.get().contains(&(fdo as usize))
}

/// The ports of all devices.
pub fn ports() -> Vec<Ref<IPort>> {
    let devices = ADAPTERS.get().iter();
    // SAFETY: the devices in the list are there.
    let devices = devices.map(|fdo| unsafe { of(*fdo as *mut DEVICE_OBJECT) });
    let subdevices = devices.flat_map(|device| &device.subdevices);
    subdevices.map(|subdevice| subdevice.port.clone()).collect()
}

/// False after surprise removal and removal.
pub unsafe fn accepts_requests(fdo: *mut DEVICE_OBJECT) -> bool {
    // SAFETY: a device of ours.
    unsafe { matches!(of(fdo).phase, Phase::Started | Phase::Stopped) }
}

pub unsafe extern "efiapi" fn PcInitializeAdapterDriver(
    driver: *mut DRIVER_OBJECT,
    _path: *mut UNICODE_STRING,
    add: Option<PDRIVER_ADD_DEVICE>,
) -> NTSTATUS {
    let Some(add) = add else {
        return STATUS_INVALID_PARAMETER;
    };
    if crate::verifier::allocation_fails() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    let code = |name, address| thunk::code("portcls.sys", name, address, DISPATCH_LEVEL);
    // SAFETY: the driver's own object; entries have the types of the slots.
    unsafe {
        (*(*driver).DriverExtension).AddDevice = Some(add);
        let dispatch: PDRIVER_DISPATCH =
            core::mem::transmute(code("PcDispatchIrp", PcDispatchIrp as *const () as usize));
        let unload: PDRIVER_UNLOAD =
            core::mem::transmute(code("portcls unload", unload as *const () as usize));
        (*driver).DriverUnload = Some(unload);
        DRIVERS.get().insert(driver as usize);
        let majors = [
            IRP_MJ_PNP,
            IRP_MJ_POWER,
            IRP_MJ_SYSTEM_CONTROL,
            IRP_MJ_CREATE,
            IRP_MJ_CLOSE,
            IRP_MJ_DEVICE_CONTROL,
            IRP_MJ_READ,
        ];
        for major in majors.into_iter().chain([
            IRP_MJ_WRITE,
            IRP_MJ_FLUSH_BUFFERS,
            IRP_MJ_QUERY_SECURITY,
            IRP_MJ_SET_SECURITY,
        ]) {
            (*driver).MajorFunction[usize::from(major)] = Some(dispatch);
        }
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn unload(driver: *mut DRIVER_OBJECT) {
    DRIVERS.get().remove(&(driver as usize));
    verify::check_unload();
}

/// The driver object goes; whether PortCls' unload routine was not called.
pub(crate) fn forget_driver(driver: *mut DRIVER_OBJECT) -> bool {
    DRIVERS.get().remove(&(driver as usize))
}

pub unsafe extern "efiapi" fn PcAddAdapterDevice(
    driver: *mut DRIVER_OBJECT,
    pdo: *mut DEVICE_OBJECT,
    start: usize,
    objects: u32,
    extension: u32,
) -> NTSTATUS {
    if extension != 0 && extension < EXTENSION_SIZE {
        violation(
            Rule::PcAddAdapterDevice,
            "PcAddAdapterDevice",
            format!("DeviceExtensionSize {extension} is less than {EXTENSION_SIZE}"),
        );
        return STATUS_INVALID_PARAMETER;
    }
    if start == 0 || objects == 0 {
        return STATUS_INVALID_PARAMETER;
    }
    if crate::verifier::allocation_fails() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    // SAFETY: the driver's AddDevice gives its own object and the PDO.
    unsafe {
        let mut fdo: *mut DEVICE_OBJECT = ptr::null_mut();
        let size = extension.max(EXTENSION_SIZE);
        let status = IoCreateDevice(
            driver,
            size,
            ptr::null_mut(),
            FILE_DEVICE_KS,
            0,
            0,
            &mut fdo,
        );
        if status < 0 {
            return status;
        }
        let lower = IoAttachDeviceToDeviceStack(fdo, pdo);
        if lower.is_null() {
            IoDeleteDevice(fdo);
            return STATUS_DEVICE_REMOVED;
        }
        let empty: KSOBJECT_CREATE_ITEM = core::mem::zeroed();
        let device = Box::into_raw(Box::new(Device {
            fdo,
            pdo,
            lower,
            header: ptr::null_mut(),
            start,
            items: vec![empty; objects as usize].into_boxed_slice(),
            subdevices: Vec::new(),
            connections: Connections::default(),
            phase: Phase::Added,
            power: None,
            state: POWER_DEVICE_D0,
        }));
        let header = &raw mut (*device).header;
        ks_call!(
            KsAllocateDeviceHeader,
            header,
            objects,
            (*device).items.as_mut_ptr()
        );
        let head = (*fdo).DeviceExtension.cast::<Extension>();
        (*head).header = (*device).header;
        (*head).device = device;
        ADAPTERS.get().insert(fdo as usize);
        (*fdo).Flags |= (*lower).Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_POWER_PAGABLE);
        (*fdo).Flags &= !DO_DEVICE_INITIALIZING;
        STATUS_SUCCESS
    }
}

pub unsafe extern "efiapi" fn PcRegisterSubdevice(
    fdo: *mut DEVICE_OBJECT,
    name: *const u16,
    unknown: *mut IUnknown,
) -> NTSTATUS {
    if fdo.is_null() || name.is_null() || unknown.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    if crate::verifier::allocation_fails() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    // SAFETY: the driver's device, name and port.
    unsafe {
        let Some(port) = query_interface::<IPort>(unknown, &IID_SUBDEVICE) else {
            return STATUS_INVALID_PARAMETER;
        };
        let device = of(fdo);
        let Some(index) = device.items.iter().position(|i| i.Create.is_none()) else {
            violation(
                Rule::SubdeviceCount,
                "PcRegisterSubdevice",
                "more subdevices than MaxObjects".to_owned(),
            );
            return STATUS_INSUFFICIENT_RESOURCES;
        };
        let length = (0..).take_while(|&i| *name.add(i) != 0).count();
        let mut text = core::slice::from_raw_parts(name, length).to_vec();
        text.push(0);
        let create = thunk::code(
            "portcls.sys",
            "filter create",
            filter::create as *const () as usize,
            PASSIVE_LEVEL,
        );
        device.items[index] = KSOBJECT_CREATE_ITEM {
            Create: Some(core::mem::transmute::<
                usize,
                arioso_core::ks::ks::PDRIVER_DISPATCH,
            >(create)),
            Context: port.get().cast(),
            ObjectClass: arioso_core::ks::ks::UNICODE_STRING {
                Length: (length * 2) as u16,
                MaximumLength: (length * 2) as u16,
                Buffer: text.as_mut_ptr(),
            },
            SecurityDescriptor: ptr::null_mut(),
            Flags: 0,
        };
        let mut links = Vec::new();
        let reference = UNICODE_STRING {
            Length: (length * 2) as u16,
            MaximumLength: (length * 2 + 2) as u16,
            Buffer: text.as_mut_ptr(),
        };
        for category in &com::of::<Port, _>(port.get()).shape().categories {
            let mut link = UNICODE_STRING::empty();
            let mut status = IoRegisterDeviceInterface(device.pdo, category, &reference, &mut link);
            if status >= 0 {
                status = IoSetDeviceInterfaceState(&link, 1);
                links.push(link);
            }
            if status < 0 {
                close_links(&mut links);
                device.items[index].Create = None;
                return status;
            }
        }
        device.subdevices.push(Subdevice {
            _name: text,
            port,
            item: index,
            links,
        });
        STATUS_SUCCESS
    }
}

unsafe fn close_links(links: &mut Vec<UNICODE_STRING>) {
    for mut link in links.drain(..) {
        // SAFETY: links of IoRegisterDeviceInterface.
        unsafe {
            IoSetDeviceInterfaceState(&link, 0);
            crate::executive::rtl::RtlFreeUnicodeString(&mut link);
        }
    }
}

impl Device {
    unsafe fn remove_subdevice(&mut self, at: usize) {
        let mut subdevice = self.subdevices.remove(at);
        // SAFETY: the device's own items and links.
        unsafe {
            self.connections.forget(subdevice.port.get() as usize);
            close_links(&mut subdevice.links);
            self.items[subdevice.item].Create = None;
            com::of::<Port, _>(subdevice.port.get()).invalidate();
        }
    }

    unsafe fn remove_all(&mut self) {
        self.connections.clear();
        while !self.subdevices.is_empty() {
            // SAFETY: not empty.
            unsafe { self.remove_subdevice(0) };
        }
    }

    /// Filters cannot be opened any more; open ones stay.
    unsafe fn disable(&mut self) {
        for subdevice in &mut self.subdevices {
            for link in &mut subdevice.links {
                // SAFETY: a link of IoRegisterDeviceInterface.
                unsafe { IoSetDeviceInterfaceState(link, 0) };
            }
        }
    }

    /// A symbolic link of a port's filter. `None`: the port is not registered.
    pub fn link_of(&self, port: *mut IUnknown) -> Option<String> {
        let subdevice = self.subdevices.iter().find(|s| s.port.unknown() == port)?;
        subdevice.links.first().map(UNICODE_STRING::to_string)
    }

    pub fn ports(&self) -> Vec<Ref<IPort>> {
        self.subdevices.iter().map(|s| s.port.clone()).collect()
    }
}

/// IUnregisterSubdevice.
///
/// # Safety
/// The driver's device and port.
pub unsafe fn unregister_subdevice(fdo: *mut DEVICE_OBJECT, unknown: *mut IUnknown) -> NTSTATUS {
    // SAFETY: by the contract.
    unsafe {
        let device = of(fdo);
        match device
            .subdevices
            .iter()
            .position(|s| s.port.unknown() == unknown)
        {
            Some(at) => {
                device.remove_subdevice(at);
                STATUS_SUCCESS
            }
            None => STATUS_NOT_FOUND,
        }
    }
}

pub unsafe extern "efiapi" fn PcGetPhysicalDeviceObject(
    fdo: *mut DEVICE_OBJECT,
    out: *mut *mut DEVICE_OBJECT,
) -> NTSTATUS {
    if fdo.is_null() || out.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: the driver's device.
    unsafe { *out = of(fdo).pdo };
    STATUS_SUCCESS
}

/// PcGetDeviceProperty and IPort::GetDeviceProperty.
///
/// # Safety
/// The driver's arguments; `fdo` is null (a port before `Init`) or a device of ours.
pub unsafe fn get_device_property(
    fdo: *mut DEVICE_OBJECT,
    property: i32,
    length: u32,
    buffer: *mut c_void,
    result: *mut u32,
) -> NTSTATUS {
    if fdo.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: by the contract.
    unsafe { IoGetDeviceProperty(of(fdo).pdo, property as u32, length, buffer, result) }
}

/// All major functions of an adapter driver end here.
pub unsafe extern "efiapi" fn PcDispatchIrp(
    fdo: *mut DEVICE_OBJECT,
    request: *mut IRP,
) -> NTSTATUS {
    // SAFETY: a request of the I/O manager for a device of ours.
    unsafe {
        match (*irp::stack(request)).MajorFunction {
            IRP_MJ_PNP => pnp(of(fdo), request),
            IRP_MJ_POWER => Power::dispatch(of(fdo), request),
            IRP_MJ_SYSTEM_CONTROL => pass_down(of(fdo), request),
            IRP_MJ_CREATE if !accepts_requests(fdo) => {
                irp::complete(request, STATUS_DEVICE_NOT_READY)
            }
            _ => ks_call!(KsDispatchIrp, fdo, request) as NTSTATUS,
        }
    }
}

pub unsafe fn pass_down(device: &Device, request: *mut IRP) -> NTSTATUS {
    // SAFETY: the request is ours to pass on.
    unsafe {
        (*request).CurrentLocation += 1;
        (*request).Tail.CurrentStackLocation = (*request).Tail.CurrentStackLocation.add(1);
        IofCallDriver(device.lower, request)
    }
}

unsafe fn pnp(device: &mut Device, request: *mut IRP) -> NTSTATUS {
    // SAFETY: a PnP request at PASSIVE_LEVEL; `device` lives until REMOVE is through.
    unsafe {
        let minor = (*irp::stack(request)).MinorFunction;
        match minor {
            IRP_MN_START_DEVICE => {
                let mut status = forward(device, request);
                if status >= 0 {
                    status = start(device, request);
                }
                irp::complete(request, status)
            }
            IRP_MN_QUERY_CAPABILITIES => {
                let mut status = forward(device, request);
                if let (Some(power), true) = (&device.power, status >= 0) {
                    status = power
                        .query_capabilities((*irp::stack(request)).Parameters.DeviceCapabilities);
                }
                irp::complete(request, status)
            }
            IRP_MN_STOP_DEVICE => {
                device.disable();
                device.remove_all();
                device.phase = Phase::Stopped;
                (*request).IoStatus.Status = STATUS_SUCCESS;
                pass_down(device, request)
            }
            IRP_MN_SURPRISE_REMOVAL => {
                device.disable();
                device.phase = Phase::Surprised;
                for port in device.ports() {
                    com::of::<Port, _>(port.get()).device_gone();
                }
                (*request).IoStatus.Status = STATUS_SUCCESS;
                pass_down(device, request)
            }
            IRP_MN_REMOVE_DEVICE => remove(device, request),
            IRP_MN_QUERY_STOP_DEVICE
            | IRP_MN_QUERY_REMOVE_DEVICE
            | IRP_MN_CANCEL_STOP_DEVICE
            | IRP_MN_CANCEL_REMOVE_DEVICE => {
                (*request).IoStatus.Status = STATUS_SUCCESS;
                pass_down(device, request)
            }
            _ => pass_down(device, request),
        }
    }
}

/// Sends the request to the lower driver and waits.
unsafe fn forward(device: &Device, request: *mut IRP) -> NTSTATUS {
    // SAFETY: a request that is ours, at PASSIVE_LEVEL.
    unsafe {
        if IoForwardIrpSynchronously(device.lower, request) == 0 {
            return STATUS_UNSUCCESSFUL;
        }
        (*request).IoStatus.Status
    }
}

unsafe fn start(device: &mut Device, request: *mut IRP) -> NTSTATUS {
    // SAFETY: the lower device is started; the list is ours for the call and longer if the driver refers to it.
    unsafe {
        let parameters = (*irp::stack(request)).Parameters.StartDevice;
        let list = ResourceList::create(
            parameters.AllocatedResourcesTranslated.cast(),
            parameters.AllocatedResources.cast(),
        );
        device.phase = Phase::Started;
        let status = guest_call!(device.start, device.fdo, request, list) as NTSTATUS;
        drop(Ref::from_owned(list));
        if status < 0 {
            device.remove_all();
            device.phase = Phase::Added;
        }
        status
    }
}

unsafe fn remove(device: &mut Device, request: *mut IRP) -> NTSTATUS {
    // SAFETY: the last request for the device. Open handles are closed by now; the PnP manager waits for them.
    unsafe {
        device.phase = Phase::Removed;
        device.disable();
        device.remove_all();
        if let Some(power) = device.power.take() {
            power.forget();
        }
        (*request).IoStatus.Status = STATUS_SUCCESS;
        let status = pass_down(device, request);
        let fdo = device.fdo;
        IoDetachDevice(device.lower);
        ks_call!(KsFreeDeviceHeader, device.header);
        let head = (*fdo).DeviceExtension.cast::<Extension>();
        ADAPTERS.get().remove(&((*(*head).device).fdo as usize));
        drop(Box::from_raw((*head).device));
        (*head).device = ptr::null_mut();
        (*head).header = ptr::null_mut();
        IoDeleteDevice(fdo);
        status
    }
}

pub unsafe extern "efiapi" fn PcForwardIrpSynchronous(
    fdo: *mut DEVICE_OBJECT,
    request: *mut IRP,
) -> NTSTATUS {
    // SAFETY: the driver's device and request.
    unsafe { forward(of(fdo), request) }
}

pub unsafe extern "efiapi" fn PcCompleteIrp(
    _fdo: *mut DEVICE_OBJECT,
    request: *mut IRP,
    status: NTSTATUS,
) -> NTSTATUS {
    // SAFETY: the driver's request.
    unsafe { irp::complete(request, status) }
}
