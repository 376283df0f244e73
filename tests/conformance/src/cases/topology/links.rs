// SPDX-License-Identifier: MIT OR Apache-2.0
//! Physical connections lead from one filter to another and back; jacks describe themselves.

use super::{Subject, reference};
use crate::Client;
use crate::filter::{Filter, PinInfo};
use crate::property::Property;
use crate::topology::{Physical, category, physical};
use arioso_core::ks::guid::{KSCATEGORY_AUDIO, KSPROPSETID_Jack};
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::{Wire, nt_success};

pub fn run<C: Client>(subject: &mut Subject<'_, C>) {
    for pin in subject.shape.pins.clone() {
        let connection = physical(subject.client, &subject.filter, pin.id);
        let bridge = pin.communication == KSPIN_COMMUNICATION_NONE;
        match connection {
            Ok(Some(end)) => {
                subject.rule(
                    || format!("pin {}: only bridges are connected", pin.id),
                    bridge,
                    || format!("{end:?}"),
                );
                other_end(subject, &pin, &end);
            }
            // What is at the edge of the device says so: its category is the kind of connector.
            Ok(None) if bridge => {
                let kind = category(subject.client, &subject.filter, pin.id);
                subject.rule(
                    || format!("pin {}: a bridge is connected, or a connector", pin.id),
                    kind.as_ref().is_ok_and(|k| *k != KSCATEGORY_AUDIO),
                    || format!("{kind:?}"),
                );
            }
            Ok(None) => {}
            Err(error) => subject.rule(
                || format!("pin {}: physical connection", pin.id),
                false,
                || error.to_string(),
            ),
        }
        jack(subject, &pin);
    }
}

/// The filter there opens, its pin runs the other way and names this one.
fn other_end<C: Client>(subject: &mut Subject<'_, C>, pin: &PinInfo, end: &Physical) {
    let there = match Filter::open(subject.client, &end.link) {
        Ok(filter) => filter,
        Err(error) => {
            return subject.rule(
                || format!("pin {}: the other filter opens", pin.id),
                false,
                || error.to_string(),
            );
        }
    };
    let other = there.pin(subject.client, end.pin);
    let back = physical(subject.client, &there, end.pin);
    there.close(subject.client);
    subject.rule(
        || format!("pin {}: the other pin runs on", pin.id),
        other
            .as_ref()
            .is_ok_and(|o| o.flow != pin.flow && o.communication == KSPIN_COMMUNICATION_NONE),
        || format!("{other:?}"),
    );
    let name = reference(&subject.link).to_owned();
    subject.rule(
        || format!("pin {}: the connection leads back", pin.id),
        matches!(&back, Ok(Some(b)) if b.pin == pin.id && reference(&b.link) == name),
        || format!("{back:?}"),
    );
}

/// Where a pin has jacks, they are a list of whole descriptions.
fn jack<C: Client>(subject: &mut Subject<'_, C>, pin: &PinInfo) {
    const DESCRIPTION: usize = size_of::<KSJACK_DESCRIPTION>();
    const DESCRIPTION2: usize = size_of::<KSJACK_DESCRIPTION2>();
    for (name, id, size) in [
        ("jack", KSPROPERTY_JACK_DESCRIPTION, DESCRIPTION),
        ("jack 2", KSPROPERTY_JACK_DESCRIPTION2, DESCRIPTION2),
    ] {
        let property = Property::of_pin(KSPROPSETID_Jack, id, pin.id);
        let support = subject.send(&property, KSPROPERTY_TYPE_BASICSUPPORT, &mut [0; 4]);
        let Ok(bytes) = property.get_sized(subject.client, subject.filter.handle) else {
            continue;
        };
        let head = KSMULTIPLE_ITEM::read_from(&bytes).unwrap_or_default();
        subject.rule(
            || format!("pin {}: {name}", pin.id),
            nt_success(support.status)
                && head.Count > 0
                && head.Size as usize == bytes.len()
                && bytes.len() == size_of::<KSMULTIPLE_ITEM>() + head.Count as usize * size,
            || format!("{head:?} in {} bytes", bytes.len()),
        );
    }
}
