// SPDX-License-Identifier: MIT OR Apache-2.0
//! Other interfaces of a port: a driver asks the port for them.

use core::ffi::c_void;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::KSEVENT_ENTRY;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Com, Object, Ref};
use super::device;
use super::port::Port;
use super::stream_resource;
use crate::nt::UNICODE_STRING;

/// A new object for `iid`. It keeps the port alive.
///
/// # Safety
/// A live port.
pub unsafe fn create(port: *mut IPort, iid: &GUID) -> Option<*mut c_void> {
    // SAFETY: by the contract.
    let port = || unsafe { Ref::new(port) }.expect("not null");
    Some(match *iid {
        IID_IUnregisterSubdevice => Object::new(Subdevice(port())).cast(),
        IID_IUnregisterPhysicalConnection => Object::new(Connection(port())).cast(),
        IID_IPortClsVersion => Object::new(Version(port())).cast(),
        IID_IPortEvents => Object::new(Events(port())).cast(),
        IID_IPortClsStreamResourceManager => Object::new(Resources(port())).cast(),
        _ => return None,
    })
}

macro_rules! service {
    ($name:ident, $interface:ident, $vtbl:ident, $iid:ident { $($method:ident: $routine:expr),* }) => {
        struct $name(#[allow(dead_code)] Ref<IPort>);

        impl Com for $name {
            type Vtbl = $vtbl;
            const VTBL: &'static $vtbl = &$vtbl {
                QueryInterface: com::query::<$name, _>,
                AddRef: com::add_ref::<$name, _>,
                Release: com::release::<$name, _>,
                $($method: $routine),*
            };
            const NAME: &'static str = stringify!($interface);
            const INTERFACES: &'static [GUID] = &[$iid];
        }
    };
}

service!(
    Subdevice,
    IUnregisterSubdevice,
    IUnregisterSubdeviceVtbl,
    IID_IUnregisterSubdevice {
        UnregisterSubdevice: unregister
    }
);
service!(
    Connection,
    IUnregisterPhysicalConnection,
    IUnregisterPhysicalConnectionVtbl,
    IID_IUnregisterPhysicalConnection {
        UnregisterPhysicalConnection: disconnect,
        UnregisterPhysicalConnectionToExternal: disconnect_to,
        UnregisterPhysicalConnectionFromExternal: disconnect_from
    }
);
service!(
    Version,
    IPortClsVersion,
    IPortClsVersionVtbl,
    IID_IPortClsVersion {
        GetVersion: version
    }
);
service!(
    Events,
    IPortEvents,
    IPortEventsVtbl,
    IID_IPortEvents {
        AddEventToEventList: add_event,
        GenerateEventList: generate_events
    }
);
service!(
    Resources,
    IPortClsStreamResourceManager,
    IPortClsStreamResourceManagerVtbl,
    IID_IPortClsStreamResourceManager {
        AddStreamResource: add_resource,
        RemoveStreamResource: remove_resource
    }
);

unsafe extern "efiapi" fn unregister(
    _this: *mut IUnregisterSubdevice,
    fdo: *mut c_void,
    port: *mut IUnknown,
) -> NTSTATUS {
    // SAFETY: the driver's device and port.
    unsafe { device::unregister_subdevice(fdo.cast(), port) }
}

unsafe extern "efiapi" fn disconnect(
    _this: *mut IUnregisterPhysicalConnection,
    fdo: *mut c_void,
    from: *mut IUnknown,
    from_pin: u32,
    to: *mut IUnknown,
    to_pin: u32,
) -> NTSTATUS {
    use super::connection::End;
    // SAFETY: the driver's device and ports.
    unsafe {
        device::of(fdo.cast()).connections.remove(
            &End::Port(from as usize, from_pin),
            &End::Port(to as usize, to_pin),
        )
    }
}

unsafe extern "efiapi" fn disconnect_to(
    _this: *mut IUnregisterPhysicalConnection,
    fdo: *mut c_void,
    from: *mut IUnknown,
    from_pin: u32,
    to: *mut c_void,
    to_pin: u32,
) -> NTSTATUS {
    use super::connection::End;
    // SAFETY: the driver's device, port and string.
    unsafe {
        let to = End::External((*to.cast::<UNICODE_STRING>()).to_string(), to_pin);
        device::of(fdo.cast())
            .connections
            .remove(&End::Port(from as usize, from_pin), &to)
    }
}

unsafe extern "efiapi" fn disconnect_from(
    _this: *mut IUnregisterPhysicalConnection,
    fdo: *mut c_void,
    from: *mut c_void,
    from_pin: u32,
    to: *mut IUnknown,
    to_pin: u32,
) -> NTSTATUS {
    use super::connection::End;
    // SAFETY: the driver's device, port and string.
    unsafe {
        let from = End::External((*from.cast::<UNICODE_STRING>()).to_string(), from_pin);
        device::of(fdo.cast())
            .connections
            .remove(&from, &End::Port(to as usize, to_pin))
    }
}

unsafe extern "efiapi" fn version(_this: *mut IPortClsVersion) -> u32 {
    14
}

/// The port that an object of [`Events`] serves.
unsafe fn port_of<'a>(this: *mut IPortEvents) -> &'a Port {
    // SAFETY: through our own vtable; the object holds the port.
    unsafe { com::of::<Port, _>(com::of::<Events, _>(this).0.get()) }
}

unsafe extern "efiapi" fn add_event(this: *mut IPortEvents, entry: *mut KSEVENT_ENTRY) {
    // SAFETY: an entry that the driver was given with PCEVENT_VERB_ADD.
    unsafe { port_of(this).events.add(entry) };
}

unsafe extern "efiapi" fn generate_events(
    this: *mut IPortEvents,
    set: *const GUID,
    id: u32,
    pin_event: i32,
    pin: u32,
    node_event: i32,
    node: u32,
) {
    // SAFETY: the driver's arguments.
    unsafe {
        port_of(this).events.generate(
            set.as_ref(),
            id,
            (pin_event != 0).then_some(pin),
            (node_event != 0).then_some(node),
        );
    }
}

unsafe extern "efiapi" fn add_resource(
    this: *mut IPortClsStreamResourceManager,
    set: *mut c_void,
    descriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
    handle: *mut PCSTREAMRESOURCE,
) -> NTSTATUS {
    // SAFETY: the driver's arguments; the object holds the port.
    unsafe {
        let port = com::of::<Port, _>(com::of::<Resources, _>(this).0.get());
        let pdo = device::of(port.device()).pdo;
        stream_resource::PcAddStreamResource(pdo, set, descriptor, handle)
    }
}

unsafe extern "efiapi" fn remove_resource(
    _this: *mut IPortClsStreamResourceManager,
    handle: PCSTREAMRESOURCE,
) -> NTSTATUS {
    // SAFETY: the driver's handle.
    unsafe { stream_resource::PcRemoveStreamResource(handle) }
}
