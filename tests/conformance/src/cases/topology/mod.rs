// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules that HLK's KS Topology test and AudioEndpointBuilder's walk put on a filter, whatever it is for
//! (`docs/reference/dmus-miniport.md` §4.4, §4.6, §7.5).
//!
//! | module | asks |
//! |---|---|
//! | this | lists, pins, connections: well-formed, and nothing orphaned |
//! | `formats` | data ranges, intersections, format proposals |
//! | `nodes` | what each kind of node must answer |
//! | `links` | physical connections and jacks, from both ends |

mod formats;
mod links;
mod nodes;

use super::report::{Report, status_name};
use crate::filter::Filter;
use crate::property::Property;
use crate::topology::{Topology, multiple};
use crate::{Client, Completion, NtStatus, connect};
use arioso_core::ks::guid::{KSPROPSETID_Pin, KSPROPSETID_Topology};
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{GUID, Wire, nt_success};

/// A filter under test.
pub(crate) struct Subject<'a, C: Client> {
    pub client: &'a mut C,
    pub link: String,
    pub filter: Filter<C>,
    pub shape: Topology,
    pub report: &'a mut Report,
}

/// Opens the filter behind a symbolic link and checks all rules. The filter has no instances of pins when this begins.
pub fn run<C: Client>(client: &mut C, link: &str, report: &mut Report) {
    let filter = match Filter::open(client, link) {
        Ok(filter) => filter,
        Err(error) => {
            return report.check(|| format!("{link}: open"), false, || format!("    {error}"));
        }
    };
    let handle = filter.handle;
    match Topology::of(client, &filter) {
        Ok(shape) => check_all(client, link, filter, shape, report),
        Err(error) => {
            report.check(
                || format!("{link}: topology"),
                false,
                || format!("    {error}"),
            );
        }
    }
    client.close(handle);
}

fn check_all<C: Client>(
    client: &mut C,
    link: &str,
    filter: Filter<C>,
    shape: Topology,
    report: &mut Report,
) {
    let mut subject = Subject {
        client,
        link: link.to_owned(),
        filter,
        shape,
        report,
    };
    subject.lists();
    subject.categories();
    subject.pins();
    subject.connections();
    formats::run(&mut subject);
    nodes::run(&mut subject);
    links::run(&mut subject);
}

/// A property of a pin factory.
pub(crate) fn pin_property(id: u32, pin: u32) -> Property {
    Property::of_pin(KSPROPSETID_Pin, id, pin)
}

/// The last part of a symbolic link: the subdevice's name.
pub(crate) fn reference(link: &str) -> &str {
    link.rsplit('\\').next().unwrap_or(link)
}

impl<C: Client> Subject<'_, C> {
    /// A row of the report.
    pub fn rule(
        &mut self,
        what: impl FnOnce() -> String,
        right: bool,
        got: impl FnOnce() -> String,
    ) {
        let link = reference(&self.link);
        self.report.check(
            || format!("{link}: {}", what()),
            right,
            || format!("    {}", got()),
        );
    }

    pub fn send(&mut self, property: &Property, flags: u32, value: &mut [u8]) -> Completion {
        property.send(self.client, self.filter.handle, flags, value)
    }

    /// A row: how a request ends.
    pub fn ends(
        &mut self,
        what: &str,
        property: &Property,
        (flags, value): (u32, &mut [u8]),
        status: NtStatus,
    ) {
        let got = self.send(property, flags, value);
        self.rule(
            || what.to_owned(),
            got.status == status,
            || status_name(got.status),
        );
    }

    /// A value by the rules of sizes: nothing asks for the size, too little is refused, the size asked for is what is written.
    pub fn value(&mut self, what: &str, property: &Property) -> Option<Vec<u8>> {
        let asked = self.send(property, KSPROPERTY_TYPE_GET, &mut []);
        let size = asked.information;
        self.rule(
            || format!("{what}: the size"),
            asked.status == STATUS_BUFFER_OVERFLOW && size > 0,
            || format!("{}, {size} bytes", status_name(asked.status)),
        );
        if asked.status != STATUS_BUFFER_OVERFLOW || size == 0 {
            return None;
        }
        let mut value = vec![0; size];
        let got = self.send(property, KSPROPERTY_TYPE_GET, &mut value);
        self.rule(
            || format!("{what}: get"),
            nt_success(got.status) && got.information == size,
            || {
                format!(
                    "{}, {} bytes of {size}",
                    status_name(got.status),
                    got.information
                )
            },
        );
        if size > 4 {
            let mut small = vec![0; size - 1];
            self.ends(
                &format!("{what}: a byte too few"),
                property,
                (KSPROPERTY_TYPE_GET, &mut small),
                STATUS_BUFFER_TOO_SMALL,
            );
        }
        nt_success(got.status).then_some(value)
    }

    /// The access that basic support tells, in both of its forms.
    pub fn support(&mut self, what: &str, property: &Property, access: u32) {
        let mut short = [0; 4];
        let got = self.send(property, KSPROPERTY_TYPE_BASICSUPPORT, &mut short);
        let flags = u32::from_le_bytes(short);
        self.rule(
            || format!("{what}: basic support"),
            nt_success(got.status) && flags & access == access && got.information == 4,
            || format!("{}, access {flags:#x}", status_name(got.status)),
        );
    }

    fn lists(&mut self) {
        for (name, id, size) in [
            (
                "categories",
                KSPROPERTY_TOPOLOGY_CATEGORIES,
                size_of::<GUID>(),
            ),
            ("nodes", KSPROPERTY_TOPOLOGY_NODES, size_of::<GUID>()),
            (
                "connections",
                KSPROPERTY_TOPOLOGY_CONNECTIONS,
                size_of::<KSTOPOLOGY_CONNECTION>(),
            ),
        ] {
            let property = Property::new(KSPROPSETID_Topology, id);
            if let Some(bytes) = self.value(name, &property) {
                let head = KSMULTIPLE_ITEM::read_from(&bytes).unwrap_or_default();
                self.rule(
                    || format!("{name}: a list of its size"),
                    head.Size as usize == bytes.len()
                        && bytes.len() == size_of::<KSMULTIPLE_ITEM>() + head.Count as usize * size,
                    || format!("{head:?} in {} bytes", bytes.len()),
                );
            }
            self.support(name, &property, KSPROPERTY_TYPE_GET);
        }
    }

    /// The filter can be found under each of its categories, and under no other name.
    fn categories(&mut self) {
        let categories = self.shape.categories.clone();
        self.rule(
            || "there are categories".into(),
            !categories.is_empty(),
            || "none".into(),
        );
        let mut distinct = categories.clone();
        distinct.sort();
        distinct.dedup();
        self.rule(
            || "categories are different".into(),
            distinct.len() == categories.len(),
            || format!("{categories:?}"),
        );
        for category in categories {
            let links = self.client.interfaces(&category);
            let name = reference(&self.link).to_owned();
            self.rule(
                || format!("interface of category {category}"),
                links.iter().any(|link| reference(link) == name),
                || format!("{links:?}"),
            );
        }
    }

    fn pins(&mut self) {
        let pins = self.shape.pins.clone();
        self.rule(
            || "there are pins".into(),
            !pins.is_empty(),
            || "none".into(),
        );
        for pin in &pins {
            let id = pin.id;
            let streams = pin.communication != KSPIN_COMMUNICATION_NONE
                && pin.communication != KSPIN_COMMUNICATION_BRIDGE;
            self.rule(
                || format!("pin {id}: direction and communication"),
                (KSPIN_DATAFLOW_IN..=KSPIN_DATAFLOW_OUT).contains(&pin.flow)
                    && (KSPIN_COMMUNICATION_NONE..=KSPIN_COMMUNICATION_BRIDGE)
                        .contains(&pin.communication),
                || format!("{} {}", pin.flow, pin.communication),
            );
            for (name, item) in [
                ("instances", KSPROPERTY_PIN_CINSTANCES),
                ("data flow", KSPROPERTY_PIN_DATAFLOW),
                ("data ranges", KSPROPERTY_PIN_DATARANGES),
                ("interfaces", KSPROPERTY_PIN_INTERFACES),
                ("mediums", KSPROPERTY_PIN_MEDIUMS),
                ("communication", KSPROPERTY_PIN_COMMUNICATION),
                ("global instances", KSPROPERTY_PIN_GLOBALCINSTANCES),
                ("necessary instances", KSPROPERTY_PIN_NECESSARYINSTANCES),
                ("category", KSPROPERTY_PIN_CATEGORY),
            ] {
                let property = pin_property(item, id);
                self.support(&format!("pin {id}: {name}"), &property, KSPROPERTY_TYPE_GET);
                let value = self.value(&format!("pin {id}: {name}"), &property);
                let Some(value) = value else { continue };
                let lists = [KSPROPERTY_PIN_INTERFACES, KSPROPERTY_PIN_MEDIUMS];
                if lists.contains(&item) && streams {
                    let standard = multiple::<KSIDENTIFIER>(&value);
                    self.rule(
                        || format!("pin {id}: {name} are listed"),
                        standard.as_ref().is_some_and(|list| !list.is_empty()),
                        || format!("{standard:?}"),
                    );
                }
            }
            self.instances(id, streams);
            self.pin_name(id);
        }
        // A pin that is not there.
        let none = pins.len() as u32;
        for item in [
            KSPROPERTY_PIN_DATAFLOW,
            KSPROPERTY_PIN_CINSTANCES,
            KSPROPERTY_PIN_CATEGORY,
        ] {
            let property = pin_property(item, none);
            self.ends(
                &format!("pin {none}, which is not there: {item}"),
                &property,
                (KSPROPERTY_TYPE_GET, &mut [0; 16]),
                STATUS_INVALID_PARAMETER,
            );
        }
    }

    fn instances(&mut self, pin: u32, streams: bool) {
        let handle = self.filter.handle;
        let counts = |id| pin_property(id, pin);
        let own: Option<KSPIN_CINSTANCES> = counts(KSPROPERTY_PIN_CINSTANCES)
            .get(self.client, handle)
            .ok();
        let all: Option<KSPIN_CINSTANCES> = counts(KSPROPERTY_PIN_GLOBALCINSTANCES)
            .get(self.client, handle)
            .ok();
        let necessary: Option<u32> = counts(KSPROPERTY_PIN_NECESSARYINSTANCES)
            .get(self.client, handle)
            .ok();
        let (Some(own), Some(all), Some(necessary)) = (own, all, necessary) else {
            self.rule(
                || format!("pin {pin}: instance counts"),
                false,
                || "no value".into(),
            );
            return;
        };
        self.rule(
            || format!("pin {pin}: instance counts"),
            own.CurrentCount == 0
                && all.CurrentCount <= all.PossibleCount
                && necessary <= own.PossibleCount
                && own.PossibleCount <= all.PossibleCount
                && (own.PossibleCount > 0) == streams,
            || format!("{own:?} {all:?} {necessary}"),
        );
        if !streams {
            let bytes = connect::midi(pin);
            let created = self.client.create_pin(handle, &bytes, None);
            if let Ok(handle) = created {
                self.client.close(handle);
            }
            self.rule(
                || format!("pin {pin}: a bridge has no streams"),
                created.is_err(),
                || "it was created".into(),
            );
        }
    }

    /// A name is optional; if there is one, it is text with its end.
    fn pin_name(&mut self, pin: u32) {
        let property = pin_property(KSPROPERTY_PIN_NAME, pin);
        match property.get_sized(self.client, self.filter.handle) {
            Ok(text) => self.rule(
                || format!("pin {pin}: name"),
                is_text(&text),
                || format!("{text:x?}"),
            ),
            Err(error) => self.rule(
                || format!("pin {pin}: name"),
                error.status == Some(STATUS_NOT_FOUND),
                || error.to_string(),
            ),
        }
    }

    /// Ends exist and have the right direction; nothing is orphaned; data get from somewhere to somewhere.
    fn connections(&mut self) {
        let pins = self.shape.pins.clone();
        let nodes = self.shape.nodes.len() as u32;
        let connections = self.shape.connections.clone();
        let flow = |pin: u32| pins.get(pin as usize).map(|p| p.flow);
        for (i, c) in connections.iter().enumerate() {
            let from = if c.FromNode == KSFILTER_NODE {
                flow(c.FromNodePin) == Some(KSPIN_DATAFLOW_IN)
            } else {
                c.FromNode < nodes
            };
            let to = if c.ToNode == KSFILTER_NODE {
                flow(c.ToNodePin) == Some(KSPIN_DATAFLOW_OUT)
            } else {
                c.ToNode < nodes
            };
            self.rule(
                || format!("connection {i}: ends with their directions"),
                from && to && !connections[..i].contains(c),
                || format!("{c:?}"),
            );
        }
        for pin in &pins {
            let used = connections.iter().any(|c| {
                (c.FromNode, c.FromNodePin) == (KSFILTER_NODE, pin.id)
                    || (c.ToNode, c.ToNodePin) == (KSFILTER_NODE, pin.id)
            });
            self.rule(
                || format!("pin {} is connected", pin.id),
                used,
                || "an orphan".into(),
            );
        }
        for node in 0..nodes {
            let reaches = |forward: bool| reaches_pin(&connections, node, forward);
            self.rule(
                || format!("node {node} lies between pins"),
                reaches(true) && reaches(false),
                || {
                    format!(
                        "to a pin: {}, from a pin: {}",
                        reaches(true),
                        reaches(false)
                    )
                },
            );
        }
        self.node_names(nodes);
    }

    fn node_names(&mut self, nodes: u32) {
        for node in 0..=nodes {
            let property = Property::of_node(KSPROPSETID_Topology, KSPROPERTY_TOPOLOGY_NAME, node);
            let name = property.get_sized(self.client, self.filter.handle);
            let right = match &name {
                Ok(text) => node < nodes && is_text(text),
                Err(error) => node == nodes && error.status.is_some_and(|s| !nt_success(s)),
            };
            self.rule(
                || format!("node {node}: name"),
                right,
                || format!("{name:?}"),
            );
        }
    }
}

/// Null-terminated UTF-16.
fn is_text(bytes: &[u8]) -> bool {
    bytes.len() >= 2 && bytes.len().is_multiple_of(2) && bytes.ends_with(&[0, 0])
}

/// Whether a way leads from the node to a pin of the filter, with the data or against them.
fn reaches_pin(connections: &[KSTOPOLOGY_CONNECTION], node: u32, forward: bool) -> bool {
    let mut seen = vec![node];
    let mut at = 0;
    while let Some(&node) = seen.get(at) {
        at += 1;
        for c in connections {
            let (here, there) = if forward {
                (c.FromNode, c.ToNode)
            } else {
                (c.ToNode, c.FromNode)
            };
            if here != node {
                continue;
            }
            if there == KSFILTER_NODE {
                return true;
            }
            if !seen.contains(&there) {
                seen.push(there);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(from: u32, to: u32) -> KSTOPOLOGY_CONNECTION {
        KSTOPOLOGY_CONNECTION {
            FromNode: from,
            FromNodePin: 0,
            ToNode: to,
            ToNodePin: 1,
        }
    }

    #[test]
    fn ways_through_nodes() {
        let way = [
            connection(KSFILTER_NODE, 0),
            connection(0, 1),
            connection(1, KSFILTER_NODE),
            connection(2, 3),
            connection(3, 2),
        ];
        for forward in [true, false] {
            assert!(reaches_pin(&way, 0, forward) && reaches_pin(&way, 1, forward));
            assert!(!reaches_pin(&way, 2, forward), "a circle without pins");
        }
    }

    #[test]
    fn names_of_subdevices() {
        assert_eq!(reference("\\\\?\\ROOT#MEDIA#0000#{6994ad04}\\Wave"), "Wave");
    }
}
