// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filter objects: create, close, properties of the filter.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;

use arioso_core::ks::GUID;
use arioso_core::ks::ksmedia::KSPROPERTY_AUDIOSIGNALPROCESSING_MODES;
use arioso_core::ks::portcls::{IMiniportAudioSignalProcessing, IPort};
use arioso_core::ks::status::*;

use super::com::{self, Ref};
use super::connection::End;
use super::handle::{Handle, Kind};
use super::imports::ks_call;
use super::miniport::Class;
use super::port::Port;
use super::property::PortItem;
use super::{clock, format, pin};
use crate::guest_call;
use crate::modules::ks::property::write_value;
use crate::modules::{irp, ks, thunk};
use crate::nt::*;
use crate::nt::{NTSTATUS, UNICODE_STRING};

#[repr(C)]
pub struct Filter {
    handle: Handle,
    port: Ref<IPort>,
    /// Instances of each pin on this filter.
    pub instances: Vec<u32>,
    items: Box<[KSOBJECT_CREATE_ITEM; 1]>,
    _class: Vec<u16>,
}

/// Instances of a pin. The miniport may have another opinion of them (IPinCount).
struct Counts {
    filter_necessary: u32,
    filter_current: u32,
    filter_possible: u32,
    global_current: u32,
    global_possible: u32,
}

impl Filter {
    /// `None`: there is no such pin.
    fn counts(&self, pin: u32) -> Option<Counts> {
        let port = self.port();
        let index = pin as usize;
        // SAFETY: an entry of the driver's descriptor.
        let limits = unsafe { &**port.shape().pc_pins.get(index)? };
        let mut counts = Counts {
            filter_necessary: limits.MinFilterInstanceCount,
            filter_current: self.instances[index],
            filter_possible: limits.MaxFilterInstanceCount,
            global_current: port.instances.borrow()[index],
            global_possible: limits.MaxGlobalInstanceCount,
        };
        if let Some(own) = port.pin_count() {
            // SAFETY: alive while referenced; the counts live during the call.
            unsafe {
                guest_call!(
                    (*(*own.get()).lpVtbl).PinCount,
                    own.get(),
                    pin,
                    &raw mut counts.filter_necessary,
                    &raw mut counts.filter_current,
                    &raw mut counts.filter_possible,
                    &raw mut counts.global_current,
                    &raw mut counts.global_possible
                );
            }
        }
        Some(counts)
    }

    /// Whether the pin can have one more instance.
    pub fn has_room(&self, pin: u32) -> bool {
        self.counts(pin).is_some_and(|c| {
            c.filter_current < c.filter_possible && c.global_current < c.global_possible
        })
    }

    pub fn port(&self) -> &Port {
        // SAFETY: alive while referenced.
        unsafe { com::of::<Port, _>(self.port.get()) }
    }
}

fn dispatch(
    name: &'static str,
    routine: unsafe extern "efiapi" fn(*mut DEVICE_OBJECT, *mut IRP) -> NTSTATUS,
) -> arioso_core::ks::ks::PDRIVER_DISPATCH {
    let code = thunk::code(
        "portcls.sys",
        name,
        routine as *const () as usize,
        DISPATCH_LEVEL,
    );
    // SAFETY: an entry has the type of what it leads to.
    unsafe { core::mem::transmute(code) }
}

fn table(
    control: unsafe extern "efiapi" fn(*mut DEVICE_OBJECT, *mut IRP) -> NTSTATUS,
    close: unsafe extern "efiapi" fn(*mut DEVICE_OBJECT, *mut IRP) -> NTSTATUS,
) -> *const KSDISPATCH_TABLE {
    Box::leak(Box::new(KSDISPATCH_TABLE {
        DeviceIoControl: Some(dispatch("DeviceIoControl", control)),
        Read: None,
        Write: None,
        Flush: None,
        Close: Some(dispatch("Close", close)),
        QuerySecurity: None,
        SetSecurity: None,
        FastDeviceIoControl: ptr::null(),
        FastRead: ptr::null(),
        FastWrite: ptr::null(),
    }))
}

struct TablePointer(*const KSDISPATCH_TABLE);

static TABLES: crate::state::Global<Option<[TablePointer; 2]>> = crate::state::Global::new(None);

/// The dispatch tables of filters and of pins.
pub fn dispatch_table(kind: Kind) -> *const KSDISPATCH_TABLE {
    let tables = TABLES.get().get_or_insert_with(|| {
        [
            TablePointer(table(control, close)),
            TablePointer(table(pin::control, pin::close)),
        ]
    });
    tables[kind as usize].0
}

/// Create routine of a subdevice: `Context` of the create item is the port.
pub unsafe extern "efiapi" fn create(_device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: routed here by the create item that PcRegisterSubdevice made.
    unsafe {
        let item = irp::driver_context(request, KSSET_IRP_STORAGE).cast::<KSOBJECT_CREATE_ITEM>();
        let status = open(request, (*item).Context.cast());
        irp::complete(request, status)
    }
}

unsafe fn open(request: *mut IRP, port: *mut IPort) -> NTSTATUS {
    // SAFETY: the port is registered.
    unsafe {
        let Some(port) = Ref::new(port) else {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        };
        if !com::of::<Port, _>(port.get()).is_valid() {
            return STATUS_DEVICE_NOT_READY;
        }
        let mut class: Vec<u16> = KSSTRING_Pin.encode_utf16().collect();
        let name = UNICODE_STRING::of(&class);
        class.push(0);
        let item = KSOBJECT_CREATE_ITEM {
            Create: Some(dispatch("pin create", pin::create)),
            Context: ptr::null_mut(),
            ObjectClass: arioso_core::ks::ks::UNICODE_STRING {
                Length: name.Length,
                MaximumLength: name.MaximumLength,
                Buffer: class.as_mut_ptr(),
            },
            SecurityDescriptor: ptr::null_mut(),
            Flags: 0,
        };
        let pins = com::of::<Port, _>(port.get()).shape().pins.len();
        let mut filter = Box::new(Filter {
            handle: Handle {
                header: ptr::null_mut(),
                kind: Kind::Filter,
            },
            port,
            instances: vec![0; pins],
            items: Box::new([item]),
            _class: class,
        });
        let header = &raw mut filter.handle.header;
        let status = ks_call!(
            KsAllocateObjectHeader,
            header,
            1,
            filter.items.as_ptr(),
            request,
            dispatch_table(Kind::Filter)
        ) as NTSTATUS;
        if status < 0 {
            return status;
        }
        filter.port().opened();
        (*irp::file(request)).FsContext = Box::into_raw(filter).cast();
        STATUS_SUCCESS
    }
}

unsafe extern "efiapi" fn close(_device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: the last request on this file object; pins hold a reference to it, so there are none left.
    unsafe {
        let filter = Box::from_raw((*irp::file(request)).FsContext.cast::<Filter>());
        filter.port().events.free(irp::file(request));
        (*irp::file(request)).FsContext = ptr::null_mut();
        ks_call!(KsFreeObjectHeader, filter.handle.header);
        filter.port().closed();
        drop(filter);
        irp::complete(request, STATUS_SUCCESS)
    }
}

unsafe extern "efiapi" fn control(device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: a device-control request on a filter.
    unsafe {
        let filter = Handle::filter(irp::file(request));
        if !super::device::accepts_requests(device) || !filter.port().is_valid() {
            return irp::complete(request, STATUS_DEVICE_REMOVED);
        }
        match irp::code(request) {
            IOCTL_KS_PROPERTY => {
                let (count, sets) = filter.port().filter_handlers().properties.sets();
                let status = ks_call!(KsPropertyHandler, request, count, sets) as NTSTATUS;
                irp::finish(request, status)
            }
            IOCTL_KS_ENABLE_EVENT => {
                let tables = &filter.port().filter_handlers().events;
                let status = filter.port().events.enable(request, tables);
                irp::finish(request, status)
            }
            IOCTL_KS_DISABLE_EVENT => {
                let status = filter.port().events.disable(request);
                irp::finish(request, status)
            }
            _ => ks_call!(KsDefaultDeviceIoCompletion, device, request) as NTSTATUS,
        }
    }
}

/// Properties that the port itself implements on a filter.
pub fn items(class: Class) -> Vec<PortItem> {
    let mut items = Vec::new();
    let mut add = |set, id, get, request, value| {
        items.push(PortItem {
            set,
            id,
            get: Some(get),
            set_handler: None,
            request,
            value,
        })
    };
    for id in KSPROPERTY_PIN_CINSTANCES..=KSPROPERTY_PIN_CONSTRAINEDDATARANGES {
        let request = if id == KSPROPERTY_PIN_CTYPES {
            size_of::<KSPROPERTY>()
        } else {
            size_of::<KSP_PIN>()
        };
        add(
            KSPROPSETID_Pin,
            id,
            pin_property as super::property::PortHandler,
            request,
            0,
        );
    }
    for id in KSPROPERTY_TOPOLOGY_CATEGORIES..=KSPROPERTY_TOPOLOGY_NAME {
        add(
            KSPROPSETID_Topology,
            id,
            topology_property,
            size_of::<KSPROPERTY>(),
            0,
        );
    }
    if matches!(class, Class::DMus | Class::Midi) {
        add(
            KSPROPSETID_SynthClock,
            0,
            master_clock,
            size_of::<KSPROPERTY>(),
            size_of::<u64>(),
        );
    }
    if class == Class::WaveRt {
        add(
            KSPROPSETID_AudioSignalProcessing,
            KSPROPERTY_AUDIOSIGNALPROCESSING_MODES,
            modes,
            size_of::<KSP_PIN>(),
            0,
        );
    }
    items
}

/// KSPROPERTY_AUDIOSIGNALPROCESSING_MODES, by the miniport's `GetModes`.
unsafe extern "efiapi" fn modes(
    request: *mut c_void,
    property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a property request on one of our handles; the miniport lives as long as the port.
    unsafe {
        let pin = (*property.cast::<KSP_PIN>()).PinId;
        let miniport = Handle::filter(irp::file(request.cast()))
            .port()
            .miniport_unknown();
        let Some(modes) = com::query_interface::<IMiniportAudioSignalProcessing>(
            miniport,
            &IID_IMiniportAudioSignalProcessing,
        ) else {
            return STATUS_NOT_SUPPORTED;
        };
        let routine = (*(*modes.get()).lpVtbl).GetModes;
        let mut count = 0u32;
        let none = ptr::null_mut::<GUID>();
        let count_at = &raw mut count;
        let status = guest_call!(routine, modes.get(), pin, none, count_at) as NTSTATUS;
        if status < 0 {
            return status;
        }
        let mut list = vec![GUID::NULL; count as usize];
        let status =
            guest_call!(routine, modes.get(), pin, list.as_mut_ptr(), count_at) as NTSTATUS;
        if status < 0 {
            return status;
        }
        let body = irp::slice(list.as_ptr().cast(), size_of_val(&list[..]));
        ks::property::write_list(request.cast(), data, body, count)
    }
}

/// KSPROPERTY_SYNTH_MASTERCLOCK.
pub unsafe extern "efiapi" fn master_clock(
    request: *mut c_void,
    _property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: KsPropertyHandler made sure of the length.
    unsafe { write_value(request.cast(), data, clock::now()) }
}

unsafe extern "efiapi" fn topology_property(
    request: *mut c_void,
    property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a property request on one of our handles.
    unsafe {
        let filter = Handle::filter(irp::file(request.cast()));
        let topology: *const ks::types::KSTOPOLOGY = &*filter.port().shape().topology;
        ks_call!(KsTopologyPropertyHandler, request, property, data, topology) as NTSTATUS
    }
}

unsafe extern "efiapi" fn pin_property(
    request: *mut c_void,
    property: *mut KSPROPERTY,
    data: *mut c_void,
) -> NTSTATUS {
    let irp: *mut IRP = request.cast();
    // SAFETY: a property request on one of our handles.
    unsafe {
        let filter = Handle::filter(irp::file(irp));
        let shape = filter.port().shape();
        let (count, pins) = (shape.pins.len() as u32, shape.pins.as_ptr());
        let id = (*property).Id;
        match id {
            KSPROPERTY_PIN_CINSTANCES
            | KSPROPERTY_PIN_GLOBALCINSTANCES
            | KSPROPERTY_PIN_NECESSARYINSTANCES => {
                let index = (*property.cast::<KSP_PIN>()).PinId;
                let Some(counts) = filter.counts(index) else {
                    return STATUS_INVALID_PARAMETER;
                };
                let instances = |possible, current| KSPIN_CINSTANCES {
                    PossibleCount: possible,
                    CurrentCount: current,
                };
                match id {
                    KSPROPERTY_PIN_CINSTANCES => {
                        let value = instances(counts.filter_possible, counts.filter_current);
                        write_value(irp, data, value)
                    }
                    KSPROPERTY_PIN_GLOBALCINSTANCES => {
                        let value = instances(counts.global_possible, counts.global_current);
                        write_value(irp, data, value)
                    }
                    _ => write_value(irp, data, counts.filter_necessary),
                }
            }
            KSPROPERTY_PIN_DATAINTERSECTION => {
                let handler = thunk::code(
                    "portcls.sys",
                    "intersection",
                    intersect as *const () as usize,
                    PASSIVE_LEVEL,
                );
                ks_call!(
                    KsPinDataIntersection,
                    request,
                    property,
                    data,
                    count,
                    pins,
                    handler
                ) as NTSTATUS
            }
            KSPROPERTY_PIN_PHYSICALCONNECTION => {
                physical_connection(irp, filter, (*property.cast::<KSP_PIN>()).PinId, data)
            }
            KSPROPERTY_PIN_NAME => {
                if let Some(names) = filter.port().pin_name() {
                    let status = guest_call!(
                        (*(*names.get()).lpVtbl).GetPinName,
                        names.get(),
                        request,
                        property,
                        data
                    ) as NTSTATUS;
                    if status != STATUS_NOT_SUPPORTED && status != STATUS_NOT_IMPLEMENTED {
                        return status;
                    }
                }
                ks_call!(KsPinPropertyHandler, request, property, data, count, pins) as NTSTATUS
            }
            _ => ks_call!(KsPinPropertyHandler, request, property, data, count, pins) as NTSTATUS,
        }
    }
}

/// KSPIN_PHYSICALCONNECTION: a link of the filter at the other end, and its pin.
unsafe fn physical_connection(
    request: *mut IRP,
    filter: &Filter,
    pin: u32,
    data: *mut c_void,
) -> NTSTATUS {
    const HEAD: usize = core::mem::offset_of!(KSPIN_PHYSICALCONNECTION, SymbolicLinkName);
    let port = filter.port();
    if port.shape().pins.len() <= pin as usize {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: the device lives as long as its filters; lengths are checked before each write.
    unsafe {
        let device = super::device::of(port.device());
        let Some(other) = device.connections.other(filter.port.get() as usize, pin) else {
            return STATUS_NOT_FOUND;
        };
        let (link, other_pin) = match other {
            End::External(link, pin) => (Some(link), pin),
            End::Port(port, pin) => (device.link_of(port as *mut _), pin),
        };
        let Some(link) = link else {
            return STATUS_NOT_FOUND;
        };
        let mut bytes = vec![0; HEAD];
        bytes.extend(link.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        let need = bytes.len();
        bytes[..4].copy_from_slice(&(need as u32).to_le_bytes());
        bytes[4..8].copy_from_slice(&other_pin.to_le_bytes());
        irp::set_information(request, need);
        match irp::output_length(request) {
            0 => STATUS_BUFFER_OVERFLOW,
            room if room < need => STATUS_BUFFER_TOO_SMALL,
            _ => {
                ptr::copy_nonoverlapping(bytes.as_ptr(), data.cast(), need);
                STATUS_SUCCESS
            }
        }
    }
}

unsafe extern "efiapi" fn intersect(
    request: *mut IRP,
    pin: *mut KSP_PIN,
    client: *mut KSDATARANGE,
    mine: *mut KSDATARANGE,
    room: u32,
    data: *mut c_void,
    length: *mut u32,
) -> NTSTATUS {
    // SAFETY: called by KsPinDataIntersection with checked ranges.
    unsafe {
        let filter = Handle::filter(irp::file(request));
        let Some(miniport) = filter.port().miniport() else {
            return STATUS_DEVICE_REMOVED;
        };
        let base = miniport.base();
        let status = guest_call!(
            (*(*base).lpVtbl).DataRangeIntersection,
            base,
            (*pin).PinId,
            client,
            mine,
            room,
            data,
            length
        ) as NTSTATUS;
        if status != STATUS_NOT_IMPLEMENTED {
            return status;
        }
        let client = irp::slice(client.cast::<u8>(), (*client).FormatSize as usize);
        let mine = irp::slice(mine.cast::<u8>(), (*mine).FormatSize as usize);
        let Some(result) = format::intersect(client, mine) else {
            return STATUS_NO_MATCH;
        };
        *length = result.len() as u32;
        match room as usize {
            0 => STATUS_BUFFER_OVERFLOW,
            4 => {
                ptr::write_unaligned(data.cast(), result.len() as u32);
                *length = 4;
                STATUS_SUCCESS
            }
            room if room < result.len() => STATUS_BUFFER_TOO_SMALL,
            _ => {
                ptr::copy_nonoverlapping(result.as_ptr(), data.cast(), result.len());
                STATUS_SUCCESS
            }
        }
    }
}
