//! The DMus port: IPort, IPortDMus, and what a filter on it is made of.

use core::cell::{Cell, OnceCell, RefCell};
use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Com, Object, Ref};
use super::pin::Pin;
use super::property::Tables;
use super::shape::Shape;
use super::verify::{assert_passive, violation};
use super::{filter, pin, registry};
use crate::guest_call;
use crate::nt::DEVICE_OBJECT;

/// Private: `PcRegisterSubdevice` asks a port for it.
pub const IID_SUBDEVICE: GUID = GUID::new(
    0x41d0_7c11,
    0x8f0e,
    0x4a59,
    [0x9b, 0x36, 0x20, 0x5f, 0x1c, 0x0e, 0x77, 0xd3],
);

#[derive(Default)]
pub struct Port {
    device: Cell<usize>,
    unknown: RefCell<Option<Ref<IUnknown>>>,
    miniport: RefCell<Option<Ref<IMiniportDMus>>>,
    adapter: RefCell<Option<Ref<IUnknown>>>,
    power: RefCell<Option<Ref<IPowerNotify>>>,
    group: RefCell<Option<Ref<IServiceGroup>>>,
    shape: OnceCell<Shape>,
    tables: OnceCell<(Tables, Vec<Tables>)>,
    /// Instances of each pin over all filters.
    pub instances: RefCell<Vec<u32>>,
    pub pins: RefCell<Vec<*mut Pin>>,
    filters: Cell<u32>,
    /// Not registered any more: the miniport goes when the last filter is closed.
    invalid: Cell<bool>,
}

pub type PortObject = Object<Port>;

impl Port {
    pub fn create() -> *mut PortObject {
        Object::new(Port::default())
    }

    pub fn shape(&self) -> &'static Shape {
        let shape: *const Shape = self.shape.get().expect("a filter exists only after Init");
        // SAFETY: the port outlives its filters, and the shape is never changed.
        unsafe { &*shape }
    }

    pub fn filter_tables(&self) -> &Tables {
        &self.tables.get().expect("set by Init").0
    }

    pub fn pin_tables(&self, pin: u32) -> &Tables {
        &self.tables.get().expect("set by Init").1[pin as usize]
    }

    pub fn device(&self) -> *mut DEVICE_OBJECT {
        self.device.get() as *mut DEVICE_OBJECT
    }

    pub fn miniport_unknown(&self) -> *mut IUnknown {
        self.unknown
            .borrow()
            .as_ref()
            .map_or(ptr::null_mut(), Ref::get)
    }

    /// A reference for the time of a call. `None` after the port was invalidated.
    pub fn miniport(&self) -> Option<Ref<IMiniportDMus>> {
        self.miniport.borrow().clone()
    }

    pub fn is_valid(&self) -> bool {
        !self.invalid.get()
    }

    pub fn opened(&self) {
        self.filters.set(self.filters.get() + 1);
    }

    pub fn closed(&self) {
        self.filters.set(self.filters.get() - 1);
        self.maybe_release();
    }

    /// The subdevice is not registered any more.
    pub fn invalidate(&self) {
        self.invalid.set(true);
        self.maybe_release();
    }

    fn maybe_release(&self) {
        if self.invalid.get() && self.filters.get() == 0 {
            self.release_driver();
        }
    }

    fn release_driver(&self) {
        let held = (
            self.power.take(),
            self.group.take(),
            self.adapter.take(),
            self.unknown.take(),
        );
        let miniport = self.miniport.take();
        drop(held);
        if let Some(miniport) = miniport {
            let left = miniport.release();
            if left != 0 {
                violation(
                    "references",
                    format!("the miniport has {left} references after the port has released it"),
                );
            }
        }
    }

    /// Surprise removal: what is open stays open, but does nothing any more.
    pub fn device_gone(&self) {
        for pin in self.pins.borrow().clone() {
            // SAFETY: pins leave the list before they are freed.
            unsafe { Pin::device_gone(pin) };
        }
    }

    /// Tells miniports that ask for it, and steps streams down before and up after.
    pub fn power_change(&self, state: i32, before: bool) {
        let d0 = state == 1;
        if before != d0 {
            for pin in self.pins.borrow().clone() {
                // SAFETY: pins leave the list before they are freed.
                unsafe {
                    if d0 {
                        Pin::power_up(pin)
                    } else {
                        Pin::power_down(pin)
                    }
                };
            }
            let notify = self.power.borrow().clone();
            if let Some(notify) = notify {
                // SAFETY: alive while referenced.
                unsafe {
                    guest_call!(
                        (*(*notify.get()).lpVtbl).PowerChangeNotify,
                        notify.get(),
                        state
                    )
                };
            }
        }
    }

    unsafe fn init(
        this: *mut IPortDMus,
        device: *mut c_void,
        miniport: *mut IUnknown,
        adapter: *mut IUnknown,
        list: *mut IResourceList,
    ) -> NTSTATUS {
        // SAFETY: called by the driver through the vtable with live objects.
        unsafe {
            let port = com::of::<Port, _>(this);
            if device.is_null() || miniport.is_null() || list.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            if port.miniport.borrow().is_some() {
                violation("IPort::Init", "called twice".to_owned());
                return STATUS_INVALID_DEVICE_REQUEST;
            }
            let Some(dmus) = com::query_interface::<IMiniportDMus>(miniport, &IID_IMiniportDMus)
            else {
                return STATUS_INVALID_PARAMETER;
            };
            let vtbl = &*(*dmus.get()).lpVtbl;
            let mut group: *mut IServiceGroup = ptr::null_mut();
            let group_at = &raw mut group;
            let status =
                guest_call!(vtbl.Init, dmus.get(), adapter, list, this, group_at) as NTSTATUS;
            let group = Ref::from_owned(group);
            if status < 0 {
                if group.is_some() {
                    violation(
                        "IMiniportDMus::Init",
                        "failed, but returned a service group".to_owned(),
                    );
                }
                port.group.take();
                return status;
            }
            let mut descriptor: *const PCFILTER_DESCRIPTOR = ptr::null();
            let descriptor_at = &raw mut descriptor;
            let status = guest_call!(vtbl.GetDescription, dmus.get(), descriptor_at) as NTSTATUS;
            if status < 0 {
                port.group.take();
                return status;
            }
            let Some(shape) = Shape::read(descriptor) else {
                port.group.take();
                return STATUS_INVALID_PARAMETER;
            };
            port.adopt(device, miniport, adapter, dmus, group, shape);
            STATUS_SUCCESS
        }
    }

    unsafe fn adopt(
        &self,
        device: *mut c_void,
        miniport: *mut IUnknown,
        adapter: *mut IUnknown,
        dmus: Ref<IMiniportDMus>,
        group: Option<Ref<IServiceGroup>>,
        shape: Shape,
    ) {
        // SAFETY: live objects of the driver; descriptor tables are constant.
        unsafe {
            self.device.set(device as usize);
            *self.power.borrow_mut() = com::query_interface(miniport, &IID_IPowerNotify);
            *self.unknown.borrow_mut() = Ref::new(miniport);
            *self.adapter.borrow_mut() = Ref::new(adapter);
            if let Some(group) = group {
                let registered = self.group.replace(Some(group.clone()));
                if registered.is_some_and(|r| r.get() != group.get()) {
                    violation(
                        "IPortDMus",
                        "Init returned another service group than it registered".to_owned(),
                    );
                }
            }
            *self.miniport.borrow_mut() = Some(dmus);
            *self.instances.borrow_mut() = vec![0; shape.pins.len()];
            let node_tables: Vec<_> = shape.nodes.iter().map(|n| (**n).AutomationTable).collect();
            let filter_table = (*shape.descriptor).AutomationTable;
            let all = |first: *const PCAUTOMATION_TABLE| {
                [&[first, filter_table][..], &node_tables].concat()
            };
            let filter_tables = Tables::build(&filter::items(), &all(ptr::null()));
            let pin_tables = shape
                .pc_pins
                .iter()
                .map(|p| Tables::build(&pin::items(), &all((**p).AutomationTable)))
                .collect();
            let _ = self.tables.set((filter_tables, pin_tables));
            let _ = self.shape.set(shape);
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.release_driver();
    }
}

impl Com for Port {
    type Vtbl = IPortDMusVtbl;
    const VTBL: &'static IPortDMusVtbl = &IPortDMusVtbl {
        QueryInterface: com::query::<Port, _>,
        AddRef: com::add_ref::<Port, _>,
        Release: com::release::<Port, _>,
        Init: init,
        GetDeviceProperty: get_device_property,
        NewRegistryKey: new_registry_key,
        Notify: notify,
        RegisterServiceGroup: register_service_group,
    };
    const NAME: &'static str = "IPortDMus";
    const INTERFACES: &'static [GUID] = &[IID_IPort, IID_IPortDMus, IID_IPortMidi, IID_SUBDEVICE];

    fn tear_off(this: *mut Object<Self>, iid: &GUID) -> Option<*mut c_void> {
        // SAFETY: an object keeps the port alive by its reference.
        let port = || unsafe { Ref::new(this.cast::<IPortDMus>()) }.expect("not null");
        match *iid {
            iid if iid == IID_IUnregisterSubdevice => Some(Object::new(Unregister(port())).cast()),
            iid if iid == IID_IPortClsVersion => Some(Object::new(Version(port())).cast()),
            _ => None,
        }
    }
}

unsafe extern "efiapi" fn init(
    this: *mut IPortDMus,
    device: *mut c_void,
    _irp: *mut c_void,
    miniport: *mut IUnknown,
    adapter: *mut IUnknown,
    list: *mut IResourceList,
) -> NTSTATUS {
    assert_passive("IPort::Init");
    // SAFETY: the driver's arguments.
    unsafe { Port::init(this, device, miniport, adapter, list) }
}

unsafe extern "efiapi" fn get_device_property(
    this: *mut IPortDMus,
    property: i32,
    length: u32,
    buffer: *mut c_void,
    result: *mut u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe {
        super::device::get_device_property(
            com::of::<Port, _>(this).device(),
            property,
            length,
            buffer,
            result,
        )
    }
}

unsafe extern "efiapi" fn new_registry_key(
    this: *mut IPortDMus,
    out: *mut *mut IRegistryKey,
    _outer: *mut IUnknown,
    kind: u32,
    access: u32,
    attributes: *mut c_void,
    options: u32,
    disposition: *mut u32,
) -> NTSTATUS {
    let device = unsafe { com::of::<Port, _>(this) }.device();
    // SAFETY: the driver's arguments.
    unsafe { registry::open(out, kind, access, device, attributes, options, disposition) }
}

/// Any IRQL: queues the DPCs of the service groups.
unsafe extern "efiapi" fn notify(this: *mut IPortDMus, group: *mut IServiceGroup) {
    // SAFETY: a live port; groups are live while they are held.
    unsafe {
        let port = com::of::<Port, _>(this);
        let request = |group: *mut IServiceGroup| {
            guest_call!((*(*group).lpVtbl).RequestService, group);
        };
        if !group.is_null() {
            return request(group);
        }
        let own = port.group.borrow().as_ref().map(Ref::get);
        own.into_iter().for_each(request);
        for pin in port.pins.borrow().clone() {
            (*pin).group().into_iter().for_each(request);
        }
    }
}

unsafe extern "efiapi" fn register_service_group(this: *mut IPortDMus, group: *mut IServiceGroup) {
    // SAFETY: the driver's group.
    unsafe { *com::of::<Port, _>(this).group.borrow_mut() = Ref::new(group) };
}

/// IUnregisterSubdevice of a port.
struct Unregister(#[allow(dead_code)] Ref<IPortDMus>);

impl Com for Unregister {
    type Vtbl = IUnregisterSubdeviceVtbl;
    const VTBL: &'static IUnregisterSubdeviceVtbl = &IUnregisterSubdeviceVtbl {
        QueryInterface: com::query::<Unregister, _>,
        AddRef: com::add_ref::<Unregister, _>,
        Release: com::release::<Unregister, _>,
        UnregisterSubdevice: unregister,
    };
    const NAME: &'static str = "IUnregisterSubdevice";
    const INTERFACES: &'static [GUID] = &[IID_IUnregisterSubdevice];
}

unsafe extern "efiapi" fn unregister(
    _this: *mut IUnregisterSubdevice,
    device: *mut c_void,
    port: *mut IUnknown,
) -> NTSTATUS {
    // SAFETY: the driver's device and port.
    unsafe { super::device::unregister_subdevice(device.cast(), port) }
}

/// IPortClsVersion of a port.
struct Version(#[allow(dead_code)] Ref<IPortDMus>);

impl Com for Version {
    type Vtbl = IPortClsVersionVtbl;
    const VTBL: &'static IPortClsVersionVtbl = &IPortClsVersionVtbl {
        QueryInterface: com::query::<Version, _>,
        AddRef: com::add_ref::<Version, _>,
        Release: com::release::<Version, _>,
        GetVersion: get_version,
    };
    const NAME: &'static str = "IPortClsVersion";
    const INTERFACES: &'static [GUID] = &[IID_IPortClsVersion];
}

unsafe extern "efiapi" fn get_version(_this: *mut IPortClsVersion) -> u32 {
    14
}
