// SPDX-License-Identifier: MIT OR Apache-2.0
//! Physical connections between subdevices, and to other devices.

use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::IUnknown;
use arioso_core::ks::status::*;

use super::com::{self, Ref};
use super::device;
use super::port::{IID_SUBDEVICE, Port};
use super::verify::{Rule, violation};
use crate::nt::*;
use crate::nt::{NTSTATUS, UNICODE_STRING};

/// A pin of a port, by the port's address, or of another device's filter, by its symbolic link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Port(usize, u32),
    External(String, u32),
}

struct Connection {
    from: End,
    to: End,
    /// The ports live as long as the connection.
    _ports: [Option<Ref<IUnknown>>; 2],
}

/// The connections of one device.
#[derive(Default)]
pub struct Connections(Vec<Connection>);

impl Connections {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Those that end at a port go with it.
    pub fn forget(&mut self, port: usize) {
        let at = |end: &End| matches!(end, End::Port(p, _) if *p == port);
        self.0.retain(|c| !at(&c.from) && !at(&c.to));
    }

    pub fn remove(&mut self, from: &End, to: &End) -> NTSTATUS {
        match self.0.iter().position(|c| c.from == *from && c.to == *to) {
            Some(at) => {
                self.0.remove(at);
                STATUS_SUCCESS
            }
            None => STATUS_NOT_FOUND,
        }
    }

    /// What a pin of a port is connected to.
    pub fn other(&self, port: usize, pin: u32) -> Option<End> {
        let end = End::Port(port, pin);
        self.0.iter().find_map(|c| {
            if c.from == end {
                Some(c.to.clone())
            } else {
                (c.to == end).then(|| c.from.clone())
            }
        })
    }

    unsafe fn add(&mut self, from: End, to: End) -> NTSTATUS {
        for end in [&from, &to] {
            if let End::Port(port, pin) = end
                && self.other(*port, *pin).is_some()
            {
                violation(
                    Rule::PhysicalConnection,
                    "PcRegisterPhysicalConnection",
                    format!("pin {pin} is connected already"),
                );
            }
        }
        let port = |end: &End| match end {
            // SAFETY: `check` found the port among the subdevices.
            End::Port(port, _) => unsafe { Ref::new(*port as *mut IUnknown) },
            End::External(..) => None,
        };
        let ports = [port(&from), port(&to)];
        self.0.push(Connection {
            from,
            to,
            _ports: ports,
        });
        STATUS_SUCCESS
    }
}

/// An end at a subdevice: it is registered, and the pin is there and has this direction and no streams.
unsafe fn check(
    fdo: *mut DEVICE_OBJECT,
    unknown: *mut IUnknown,
    pin: u32,
    flow: KSPIN_DATAFLOW,
) -> Option<End> {
    const RULE: &str = "PcRegisterPhysicalConnection";
    // SAFETY: the driver's device and port.
    unsafe {
        let subdevice = com::query_interface::<IUnknown>(unknown, &IID_SUBDEVICE)
            .filter(|port| device::of(fdo).link_of(port.unknown()).is_some());
        let Some(subdevice) = subdevice else {
            violation(
                Rule::PhysicalConnection,
                RULE,
                "an end is not registered".to_owned(),
            );
            return None;
        };
        let port = subdevice.get();
        let shape = com::of::<Port, _>(port).shape();
        let Some(descriptor) = shape.pins.get(pin as usize) else {
            violation(
                Rule::PhysicalConnection,
                RULE,
                format!("there is no pin {pin}"),
            );
            return None;
        };
        if descriptor.DataFlow != flow {
            violation(
                Rule::PhysicalConnection,
                RULE,
                format!("pin {pin} has the other direction of data flow"),
            );
        }
        if !matches!(
            descriptor.Communication,
            KSPIN_COMMUNICATION_NONE | KSPIN_COMMUNICATION_BRIDGE
        ) {
            violation(
                Rule::PhysicalConnection,
                RULE,
                format!("pin {pin} is not a bridge pin"),
            );
        }
        Some(End::Port(port as usize, pin))
    }
}

unsafe fn external(link: *const UNICODE_STRING, pin: u32) -> Option<End> {
    // SAFETY: null or the driver's string.
    unsafe { link.as_ref() }.map(|link| End::External(link.to_string(), pin))
}

unsafe fn connect(fdo: *mut DEVICE_OBJECT, from: Option<End>, to: Option<End>) -> NTSTATUS {
    match (from, to) {
        (Some(_), Some(_)) if crate::verifier::allocation_fails() => STATUS_INSUFFICIENT_RESOURCES,
        // SAFETY: the driver's device; the ends are checked.
        (Some(from), Some(to)) => unsafe { device::of(fdo).connections.add(from, to) },
        _ => STATUS_INVALID_PARAMETER,
    }
}

pub unsafe extern "efiapi" fn PcRegisterPhysicalConnection(
    fdo: *mut DEVICE_OBJECT,
    from: *mut IUnknown,
    from_pin: u32,
    to: *mut IUnknown,
    to_pin: u32,
) -> NTSTATUS {
    // SAFETY: the driver's device and ports.
    unsafe {
        let from = check(fdo, from, from_pin, KSPIN_DATAFLOW_OUT);
        let to = check(fdo, to, to_pin, KSPIN_DATAFLOW_IN);
        connect(fdo, from, to)
    }
}

pub unsafe extern "efiapi" fn PcRegisterPhysicalConnectionToExternal(
    fdo: *mut DEVICE_OBJECT,
    from: *mut IUnknown,
    from_pin: u32,
    to: *const UNICODE_STRING,
    to_pin: u32,
) -> NTSTATUS {
    // SAFETY: the driver's device, port and string.
    unsafe {
        let from = check(fdo, from, from_pin, KSPIN_DATAFLOW_OUT);
        connect(fdo, from, external(to, to_pin))
    }
}

pub unsafe extern "efiapi" fn PcRegisterPhysicalConnectionFromExternal(
    fdo: *mut DEVICE_OBJECT,
    from: *const UNICODE_STRING,
    from_pin: u32,
    to: *mut IUnknown,
    to_pin: u32,
) -> NTSTATUS {
    // SAFETY: the driver's device, port and string.
    unsafe {
        let to = check(fdo, to, to_pin, KSPIN_DATAFLOW_IN);
        connect(fdo, external(from, from_pin), to)
    }
}
