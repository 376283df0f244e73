// SPDX-License-Identifier: MIT OR Apache-2.0
//! A port of any class: IPort, IPortMidi, IPortDMus, and what a filter on it is made of.

use core::cell::{Cell, OnceCell, RefCell};
use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Com, Object, Ref};
use super::events::{EventList, EventTables};
use super::miniport::{Class, Miniport};
use super::pin::Pin;
use super::property::Tables;
use super::shape::Shape;
use super::verify::{Rule, assert_passive, violation};
use super::walked::Walked;
use super::{filter, midi, pin, port_services, registry};
use crate::guest_call;
use crate::nt::DEVICE_OBJECT;

/// Private: `PcRegisterSubdevice` asks a port for it.
pub const IID_SUBDEVICE: GUID = GUID::new(
    0x41d0_7c11,
    0x8f0e,
    0x4a59,
    [0x9b, 0x36, 0x20, 0x5f, 0x1c, 0x0e, 0x77, 0xd3],
);

pub struct Port {
    class: Class,
    device: Cell<usize>,
    unknown: RefCell<Option<Ref<IUnknown>>>,
    miniport: RefCell<Option<Miniport>>,
    adapter: RefCell<Option<Ref<IUnknown>>>,
    power: RefCell<Option<Ref<IPowerNotify>>>,
    group: RefCell<Option<Ref<IServiceGroup>>>,
    /// IMiniportMidi: our member of the miniport's group.
    service: RefCell<Option<midi::Service>>,
    pin_count: RefCell<Option<Ref<IPinCount>>>,
    pin_name: RefCell<Option<Ref<IPinName>>>,
    shape: OnceCell<Shape>,
    tables: OnceCell<(Handlers, Vec<Handlers>)>,
    pub events: EventList,
    /// Instances of each pin over all filters.
    pub instances: RefCell<Vec<u32>>,
    pub pins: Walked<*mut Pin>,
    filters: Cell<u32>,
    /// Not registered any more: the miniport goes when the last filter is closed.
    invalid: Cell<bool>,
}

pub type PortObject = Object<Port>;

/// What a filter or a pin answers to.
pub struct Handlers {
    pub properties: Tables,
    pub events: EventTables,
}

impl Port {
    pub fn create(class: Class) -> *mut PortObject {
        Object::new(Port {
            class,
            device: Cell::default(),
            unknown: RefCell::default(),
            miniport: RefCell::default(),
            adapter: RefCell::default(),
            power: RefCell::default(),
            group: RefCell::default(),
            service: RefCell::default(),
            pin_count: RefCell::default(),
            pin_name: RefCell::default(),
            shape: OnceCell::new(),
            tables: OnceCell::new(),
            events: EventList::default(),
            instances: RefCell::default(),
            pins: Walked::default(),
            filters: Cell::default(),
            invalid: Cell::default(),
        })
    }

    pub fn shape(&self) -> &'static Shape {
        let shape: *const Shape = self.shape.get().expect("a filter exists only after Init");
        // SAFETY: the port outlives its filters, and the shape is never changed.
        unsafe { &*shape }
    }

    pub fn filter_handlers(&self) -> &Handlers {
        &self.tables.get().expect("set by Init").0
    }

    pub fn pin_handlers(&self, pin: u32) -> &Handlers {
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
    pub fn miniport(&self) -> Option<Miniport> {
        self.miniport.borrow().clone()
    }

    pub fn pin_count(&self) -> Option<Ref<IPinCount>> {
        self.pin_count.borrow().clone()
    }

    pub fn pin_name(&self) -> Option<Ref<IPinName>> {
        self.pin_name.borrow().clone()
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
        if let Some(service) = self.service.take() {
            service.leave();
        }
        let held = (
            self.power.take(),
            self.pin_count.take(),
            self.pin_name.take(),
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
                    Rule::ReferenceMiniport,
                    "references",
                    format!("the miniport has {left} references after the port has released it"),
                );
            }
        }
    }

    /// Surprise removal: what is open stays open, but does nothing any more.
    pub fn device_gone(&self) {
        // SAFETY: pins leave the list before they are freed.
        self.pins.walk(|&pin| unsafe { Pin::device_gone(pin) });
    }

    /// The group of an IMiniportMidi was notified.
    ///
    /// # Safety
    /// At DISPATCH_LEVEL.
    pub unsafe fn service(&self) {
        if let Some(Miniport::Midi(own)) = self.miniport() {
            // SAFETY: alive while referenced.
            unsafe { guest_call!((*(*own.get()).lpVtbl).Service, own.get()) };
        }
    }

    /// Tells miniports that ask for it, and steps streams down before and up after.
    pub fn power_change(&self, state: i32, before: bool) {
        let d0 = state == 1;
        if before != d0 {
            // SAFETY: pins leave the list before they are freed.
            self.pins.walk(|&pin| unsafe {
                if d0 {
                    Pin::power_up(pin)
                } else {
                    Pin::power_down(pin)
                }
            });
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
        this: *mut IPortMidi,
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
            if crate::verifier::allocation_fails() {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
            if port.miniport.borrow().is_some() {
                violation(Rule::PortInit, "IPort::Init", "called twice".to_owned());
                return STATUS_INVALID_DEVICE_REQUEST;
            }
            let Some(own) = Miniport::query(port.class, miniport) else {
                return STATUS_INVALID_PARAMETER;
            };
            // The miniport's Init may already ask for the device's properties and keys.
            port.device.set(device as usize);
            let mut group: *mut IServiceGroup = ptr::null_mut();
            let status = own.init(adapter, list, this, &raw mut group);
            let group = Ref::from_owned(group);
            if status < 0 {
                if group.is_some() {
                    violation(
                        Rule::MiniportInit,
                        "IMiniport::Init",
                        "failed, but returned a service group".to_owned(),
                    );
                }
                port.forget();
                return status;
            }
            let mut descriptor: *const PCFILTER_DESCRIPTOR = ptr::null();
            let descriptor_at = &raw mut descriptor;
            let base = own.base();
            let status =
                guest_call!((*(*base).lpVtbl).GetDescription, base, descriptor_at) as NTSTATUS;
            if status < 0 {
                port.forget();
                return status;
            }
            let Some(shape) = Shape::read(descriptor, port.class.categories()) else {
                port.forget();
                return STATUS_INVALID_PARAMETER;
            };
            port.adopt(miniport, adapter, own, group, shape);
            if let (Some(Miniport::Midi(_)), Some(group)) =
                (port.miniport(), port.group.borrow().as_ref())
            {
                *port.service.borrow_mut() = Some(midi::Service::of_miniport(this, group));
            }
            STATUS_SUCCESS
        }
    }

    /// Init failed.
    fn forget(&self) {
        self.group.take();
        self.device.set(0);
    }

    unsafe fn adopt(
        &self,
        miniport: *mut IUnknown,
        adapter: *mut IUnknown,
        own: Miniport,
        group: Option<Ref<IServiceGroup>>,
        shape: Shape,
    ) {
        // SAFETY: live objects of the driver; descriptor tables are constant.
        unsafe {
            *self.power.borrow_mut() = com::query_interface(miniport, &IID_IPowerNotify);
            *self.pin_count.borrow_mut() = com::query_interface(miniport, &IID_IPinCount);
            *self.pin_name.borrow_mut() = com::query_interface(miniport, &IID_IPinName);
            *self.unknown.borrow_mut() = Ref::new(miniport);
            *self.adapter.borrow_mut() = Ref::new(adapter);
            if let Some(group) = group {
                let registered = self.group.replace(Some(group.clone()));
                if registered.is_some_and(|r| r.get() != group.get()) {
                    violation(
                        Rule::MiniportInit,
                        self.class.interface(),
                        "Init returned another service group than it registered".to_owned(),
                    );
                }
            }
            *self.miniport.borrow_mut() = Some(own);
            *self.instances.borrow_mut() = vec![0; shape.pins.len()];
            let node_tables: Vec<_> = shape.nodes.iter().map(|n| (**n).AutomationTable).collect();
            let filter_table = (*shape.descriptor).AutomationTable;
            let all = |first: *const PCAUTOMATION_TABLE| {
                [&[first, filter_table][..], &node_tables].concat()
            };
            let handlers = |items: &[_], first| {
                let tables = all(first);
                Handlers {
                    properties: Tables::build(items, &tables),
                    events: EventTables::build(&tables),
                }
            };
            let of_filter = handlers(&filter::items(self.class), ptr::null());
            let of_pins = shape
                .pc_pins
                .iter()
                .map(|p| handlers(&pin::items(self.class), (**p).AutomationTable))
                .collect();
            let _ = self.tables.set((of_filter, of_pins));
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
    /// IPortDMus has the same slots; the others have the first six.
    type Vtbl = IPortMidiVtbl;
    const VTBL: &'static IPortMidiVtbl = &IPortMidiVtbl {
        QueryInterface: com::query::<Port, _>,
        AddRef: com::add_ref::<Port, _>,
        Release: com::release::<Port, _>,
        Init: init,
        GetDeviceProperty: get_device_property,
        NewRegistryKey: new_registry_key,
        Notify: notify,
        RegisterServiceGroup: register_service_group,
    };
    const NAME: &'static str = "IPort";
    const INTERFACES: &'static [GUID] = &[IID_IPort, IID_SUBDEVICE];

    fn serves(&self, iid: &GUID) -> bool {
        Self::INTERFACES.contains(iid) || self.class.interfaces().contains(iid)
    }

    fn name(&self) -> &'static str {
        self.class.interface()
    }

    fn tear_off(this: *mut Object<Self>, iid: &GUID) -> Option<*mut c_void> {
        // SAFETY: the port is alive: it is being called.
        unsafe { port_services::create(this.cast(), iid) }
    }
}

unsafe extern "efiapi" fn init(
    this: *mut IPortMidi,
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
    this: *mut IPortMidi,
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
    this: *mut IPortMidi,
    out: *mut *mut IRegistryKey,
    _outer: *mut IUnknown,
    kind: u32,
    access: u32,
    attributes: *mut c_void,
    options: u32,
    disposition: *mut u32,
) -> NTSTATUS {
    // SAFETY: `this` is our port.
    let device = unsafe { com::of::<Port, _>(this) }.device();
    // SAFETY: the driver's arguments.
    unsafe { registry::open(out, kind, access, device, attributes, options, disposition) }
}

/// Any IRQL: queues the DPCs of the service groups.
unsafe extern "efiapi" fn notify(this: *mut IPortMidi, group: *mut IServiceGroup) {
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
        port.pins
            .walk(|&pin| (*pin).group().into_iter().for_each(request));
    }
}

unsafe extern "efiapi" fn register_service_group(
    this: *mut IPortMidi,
    group: *mut IServiceGroup,
) -> NTSTATUS {
    // SAFETY: the driver's group.
    unsafe { *com::of::<Port, _>(this).group.borrow_mut() = Ref::new(group) };
    STATUS_SUCCESS
}
