// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every property × verb × target × sizes, one request each. What must come of a request follows from the reference's rules
//! (`docs/reference/dmus-miniport.md` §5.1), in the order in which KS, the port and the driver look at it.

use super::properties::{Content, KNOWN, Known, Scope};
use super::report::{Expect, Report};
use super::{Width, pointers};
use crate::property::control;
use crate::wire::Bytes;
use crate::{Client, Completion, synth};
use arioso_core::ks::ks::{
    IOCTL_KS_PROPERTY, KSNODEPROPERTY, KSPROPERTY, KSPROPERTY_TYPE_BASICSUPPORT,
    KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPERTY_TYPE_SETSUPPORT, KSPROPERTY_TYPE_TOPOLOGY,
    VT_EMPTY,
};
use arioso_core::ks::status::*;
use arioso_core::ks::{GUID, Wire, nt_success};

/// What the requests go to. `wave` is an instance of the wave pin; without one its rows are left out.
#[derive(Clone, Copy, Debug)]
pub struct Objects<H> {
    /// An open filter.
    pub filter: H,
    /// An open MIDI pin of it.
    pub pin: H,
    /// An open wave pin of it.
    pub wave: Option<H>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    Filter,
    Pin,
    Wave,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
struct Target {
    object: Object,
    node: Option<u32>,
}

const NO_NODE: [u32; 2] = [1, u32::MAX];
/// Bits that no verb has.
const STRANGE: u32 = 0x0400_0000;
/// Size of KSPROPERTY_DESCRIPTION.
const DESCRIPTION: usize = 40;
/// Output buffers are filled with it.
const FILL: u8 = 0xA5;

/// A row of the table.
struct Row<'a> {
    known: &'a Known,
    target: Target,
    verb: u32,
    instance: usize,
    value: usize,
    width: Width,
    caller: Caller,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Program,
    /// A driver, whose memory is none that a download can come from.
    Driver,
}

/// Runs all rows for a program of this width, on a pin that is not running.
pub fn run<C: Client>(
    client: &mut C,
    objects: Objects<C::Handle>,
    width: Width,
    report: &mut Report,
) {
    run_for(client, objects, (width, Caller::Program), report);
}

/// Runs all rows for a kernel-mode client, on a pin that is not running.
pub fn run_trusted<C: Client>(client: &mut C, objects: Objects<C::Handle>, report: &mut Report) {
    run_for(client, objects, (Width::Bits64, Caller::Driver), report);
}

fn run_for<C: Client>(
    client: &mut C,
    objects: Objects<C::Handle>,
    (width, caller): (Width, Caller),
    report: &mut Report,
) {
    let mut downloads = 0;
    for known in KNOWN {
        for row in rows(known, width, caller) {
            let Some(object) = row.target.object.of(objects) else {
                continue;
            };
            let expect = row.expect();
            let request = row.request(client, objects.pin, &mut downloads);
            let mut value = request.value.clone();
            let got = control(
                client,
                object,
                IOCTL_KS_PROPERTY,
                &request.input,
                &mut value,
            );
            report.row(|| row.name(), &expect, got);
            if row.verb & KSPROPERTY_TYPE_SET == 0 {
                let written = if nt_success(got.status) {
                    got.information
                } else {
                    0
                };
                let untouched = value
                    .iter()
                    .skip(written)
                    .eq(request.value.iter().skip(written));
                report.check(
                    || row.name(),
                    untouched,
                    || format!("    more than {written} bytes were written: {value:02x?}"),
                );
            }
            row.check_support(got, &value, report);
            request.clean(client, objects.pin, got, &value, width);
        }
    }
    heads(client, objects, report);
    unknown(client, objects, report);
}

fn rows(known: &Known, width: Width, caller: Caller) -> Vec<Row<'_>> {
    let nodes = [None, Some(synth::NODE)]
        .into_iter()
        .chain(NO_NODE.map(Some));
    let targets: Vec<Target> = nodes
        .flat_map(|node| {
            [Object::Filter, Object::Pin, Object::Wave].map(|object| Target { object, node })
        })
        .collect();
    let verbs = [
        KSPROPERTY_TYPE_GET,
        KSPROPERTY_TYPE_SET,
        KSPROPERTY_TYPE_BASICSUPPORT,
        KSPROPERTY_TYPE_SETSUPPORT,
        0,
        STRANGE,
        KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET,
        KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT,
        KSPROPERTY_TYPE_GET | STRANGE,
    ];
    let mut rows = Vec::new();
    for &target in &targets {
        for verb in verbs {
            for value in sizes(known, verb, width) {
                for instance in instances(known, width) {
                    rows.push(Row {
                        known,
                        target,
                        verb,
                        instance,
                        value,
                        width,
                        caller,
                    });
                }
            }
        }
    }
    rows
}

/// None, one byte, one too few, exact, larger.
fn sizes(known: &Known, verb: u32, width: Width) -> Vec<usize> {
    let exact = known.value_size(width);
    let mut sizes = match verb {
        KSPROPERTY_TYPE_BASICSUPPORT => vec![0, 1, 3, 4, 39, DESCRIPTION, 64],
        KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET => {
            vec![0, 1, exact.saturating_sub(1), exact, exact + 24]
        }
        _ => vec![0, exact],
    };
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// None, one too few, exact, an odd number more.
fn instances(known: &Known, width: Width) -> Vec<usize> {
    let exact = known.instance_size(width);
    let mut sizes = vec![0, exact.saturating_sub(1), exact];
    // A 32-bit program's longer instance could be the wide layout.
    if known.content != Content::Download {
        sizes.push(exact + 3);
    }
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

impl Object {
    fn of<H>(self, objects: Objects<H>) -> Option<H> {
        match self {
            Object::Filter => Some(objects.filter),
            Object::Pin => Some(objects.pin),
            Object::Wave => objects.wave,
        }
    }
}

impl Row<'_> {
    fn expect(&self) -> Expect {
        let known = self.known;
        // KS: one verb, nothing else but TOPOLOGY.
        let verbs = [
            KSPROPERTY_TYPE_GET,
            KSPROPERTY_TYPE_SET,
            KSPROPERTY_TYPE_BASICSUPPORT,
            KSPROPERTY_TYPE_SETSUPPORT,
        ];
        if !verbs.contains(&self.verb) {
            return Expect::refused(&[STATUS_INVALID_PARAMETER]);
        }
        if self.verb == KSPROPERTY_TYPE_SETSUPPORT {
            return Expect::one(STATUS_SUCCESS, 0);
        }
        // The port: a verb that the table does not list; a node that is not there, or has no such property.
        if known.verbs() & self.verb == 0 {
            return Expect::refused(&[STATUS_NOT_FOUND, STATUS_INVALID_DEVICE_REQUEST]);
        }
        match self.target.node {
            Some(synth::NODE) if known.scope == Scope::Filter => {
                return Expect::refused(&[STATUS_NOT_FOUND, STATUS_INVALID_DEVICE_REQUEST]);
            }
            None | Some(synth::NODE) => {}
            Some(_) => {
                return Expect::refused(&[
                    STATUS_INVALID_DEVICE_REQUEST,
                    STATUS_INVALID_PARAMETER,
                    STATUS_NOT_FOUND,
                ]);
            }
        }
        // A node's property without its node: a pin has it too (VOLUME, §5.1); nothing else does.
        let documented = self.target.node.is_some()
            || self.target.object == Object::Pin
            || matches!(
                known.scope,
                Scope::Everything | Scope::SetOnPin | Scope::Filter
            );
        if !documented {
            return Expect::refused(&[STATUS_NOT_FOUND, STATUS_INVALID_DEVICE_REQUEST]);
        }
        self.expect_driver()
    }

    /// The driver: verb, target, instance, value.
    fn expect_driver(&self) -> Expect {
        let known = self.known;
        if self.verb == KSPROPERTY_TYPE_BASICSUPPORT {
            return match self.value {
                0 => Expect::one(STATUS_BUFFER_OVERFLOW, DESCRIPTION),
                1..4 => Expect::refused(&[STATUS_BUFFER_TOO_SMALL]),
                4..DESCRIPTION => Expect::one(STATUS_SUCCESS, 4),
                _ => Expect::one(STATUS_SUCCESS, DESCRIPTION),
            };
        }
        let get = self.verb == KSPROPERTY_TYPE_GET;
        let of_pin = known.scope == Scope::Pin || known.scope == Scope::SetOnPin && !get;
        if of_pin && self.target.object != Object::Pin {
            return Expect::refused(&[STATUS_INVALID_DEVICE_REQUEST]);
        }
        if self.instance < known.instance_size(self.width) {
            return Expect::refused(&[STATUS_BUFFER_TOO_SMALL]);
        }
        let needed = known.value_size(self.width);
        if self.caller == Caller::Driver && self.value >= needed {
            match known.content {
                Content::Download => return Expect::refused(&[STATUS_ACCESS_VIOLATION]),
                // Nothing has been downloaded that it could name.
                Content::Handle => return Expect::refused(&[STATUS_UNSUCCESSFUL]),
                Content::Numbers(..) => {}
            }
        }
        match self.value {
            value if value >= needed && get => Expect::one(STATUS_SUCCESS, needed),
            // Nothing comes back from a set.
            value if value >= needed => Expect::one(STATUS_SUCCESS, 0),
            0 if get => Expect::one(STATUS_BUFFER_OVERFLOW, needed),
            _ if get && known.tells_size => Expect::one(STATUS_BUFFER_TOO_SMALL, needed),
            _ => Expect::refused(&[STATUS_BUFFER_TOO_SMALL]),
        }
    }

    /// Basic support names the verbs, and the type where it is a number.
    fn check_support(&self, got: Completion, value: &[u8], report: &mut Report) {
        if self.verb != KSPROPERTY_TYPE_BASICSUPPORT || !nt_success(got.status) {
            return;
        }
        let words: Vec<u32> = value
            .chunks_exact(4)
            .filter_map(u32::read_from)
            .take(got.information / 4)
            .collect();
        let right = match words[..] {
            [verbs] => verbs == self.known.verbs(),
            // PropTypeSet {1D6BEE60-…} Id Flags, MembersListCount, Reserved.
            [verbs, size, _, _, _, _, kind, 0, 0, 0] => {
                let number = matches!(self.known.value.0, 4 | 8) && self.known.name != "DLS_UNLOAD";
                verbs == self.known.verbs()
                    && size as usize == DESCRIPTION
                    && (number == (kind != VT_EMPTY) || self.known.name == "DLS_UNLOAD")
            }
            _ => false,
        };
        report.check(
            || self.name(),
            right,
            || format!("    support of verbs {:#x}: {words:x?}", self.known.verbs()),
        );
    }

    fn name(&self) -> String {
        let verb = match self.verb {
            KSPROPERTY_TYPE_GET => "GET".into(),
            KSPROPERTY_TYPE_SET => "SET".into(),
            KSPROPERTY_TYPE_BASICSUPPORT => "BASICSUPPORT".into(),
            KSPROPERTY_TYPE_SETSUPPORT => "SETSUPPORT".into(),
            other => format!("verb {other:#x}"),
        };
        let node = match self.target.node {
            None => "no node".into(),
            Some(node) => format!("node {node:#x}"),
        };
        format!(
            "{:?}, {verb} {}, {:?}, {node}, instance {} of {}, value {} of {}",
            self.width,
            self.known.name,
            self.target.object,
            self.instance,
            self.known.instance_size(self.width),
            self.value,
            self.known.value_size(self.width)
        )
    }

    /// The request's bytes. For a download there is a wave in the program's memory, and its id is new.
    fn request<C: Client>(&self, client: &mut C, pin: C::Handle, count: &mut u32) -> Request {
        let mut memory = None;
        let mut fresh = || {
            *count += 1;
            crate::download::wave(*count, 22_050, 16, &[1; 64])
        };
        let (instance, mut value) = match self.known.content {
            Content::Numbers(instance, value) => (numbers(instance), numbers(value)),
            Content::Download => {
                let wave = fresh();
                let place = client.allocate(wave.len());
                client.write(place, &wave);
                memory = Some(place);
                (
                    pointers::synth_buffer(self.width, place, wave.len() as u32),
                    Vec::new(),
                )
            }
            Content::Handle if self.verb == KSPROPERTY_TYPE_SET && self.expect_driver_success() => {
                let wave = fresh();
                let handle = pointers::download(client, pin, self.width, &wave);
                (Vec::new(), handle.expect("a download"))
            }
            Content::Handle => (Vec::new(), Vec::new()),
        };
        if self.verb != KSPROPERTY_TYPE_SET {
            value.clear();
        }
        value.resize(self.value, FILL);
        let mut input = head(self.known.set, self.known.id, self.verb, self.target.node);
        let at = input.len();
        input.extend(instance);
        input.resize(at + self.instance, 0);
        Request {
            input,
            value,
            memory,
            downloads: memory.is_some() && self.verb == KSPROPERTY_TYPE_GET,
        }
    }

    fn expect_driver_success(&self) -> bool {
        matches!(self.target.node, None | Some(synth::NODE))
            && self.expect_driver().statuses == [STATUS_SUCCESS]
    }
}

struct Request {
    input: Vec<u8>,
    value: Vec<u8>,
    memory: Option<u64>,
    /// A success is a download.
    downloads: bool,
}

impl Request {
    /// What a download left behind.
    fn clean<C: Client>(
        &self,
        client: &mut C,
        pin: C::Handle,
        got: Completion,
        value: &[u8],
        width: Width,
    ) {
        let Some(memory) = self.memory else { return };
        client.free(memory);
        if self.downloads && got.status == STATUS_SUCCESS {
            pointers::unload(client, pin, width, value).expect("it was downloaded");
        }
    }
}

/// KSPROPERTY, or KSNODEPROPERTY.
fn head(set: GUID, id: u32, verb: u32, node: Option<u32>) -> Vec<u8> {
    let property = |flags| KSPROPERTY {
        Set: set,
        Id: id,
        Flags: flags,
    };
    match node {
        None => property(verb).bytes(),
        Some(node) => KSNODEPROPERTY {
            Property: property(verb | KSPROPERTY_TYPE_TOPOLOGY),
            NodeId: node,
            Reserved: 0,
        }
        .bytes(),
    }
}

/// Little-endian.
pub fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// Requests that are shorter than their head: KSPROPERTY has 24 bytes, KSNODEPROPERTY 32.
fn heads<C: Client>(client: &mut C, objects: Objects<C::Handle>, report: &mut Report) {
    for known in KNOWN {
        for node in [None, Some(synth::NODE)] {
            let whole = head(known.set, known.id, KSPROPERTY_TYPE_GET, node);
            if known.access & KSPROPERTY_TYPE_GET == 0 || known.scope == Scope::Filter {
                continue;
            }
            for length in (0..whole.len()).step_by(4).chain([whole.len() - 1]) {
                let mut value = vec![FILL; known.value.0];
                let input = &whole[..length];
                let got = control(client, objects.pin, IOCTL_KS_PROPERTY, input, &mut value);
                report.row(
                    || format!("GET {}, {length} bytes of {}", known.name, whole.len()),
                    &Expect::refused(&[
                        STATUS_INVALID_BUFFER_SIZE,
                        STATUS_INVALID_PARAMETER,
                        STATUS_BUFFER_TOO_SMALL,
                    ]),
                    got,
                );
            }
        }
    }
}

/// Items that no set has, and sets that there are not.
fn unknown<C: Client>(client: &mut C, objects: Objects<C::Handle>, report: &mut Report) {
    let nowhere = GUID::from_u128(0x0BAD_0BAD_0BAD_0BAD_0BAD_0BAD_0BAD_0BAD);
    let verbs = [
        KSPROPERTY_TYPE_GET,
        KSPROPERTY_TYPE_SET,
        KSPROPERTY_TYPE_BASICSUPPORT,
        KSPROPERTY_TYPE_SETSUPPORT,
    ];
    let mut ask = |set: GUID, id, expected: &dyn Fn(u32) -> Expect| {
        for object in [objects.filter, objects.pin] {
            for node in [None, Some(synth::NODE)] {
                for verb in verbs {
                    for size in [0, 64] {
                        let mut value = vec![FILL; size];
                        let input = head(set, id, verb, node);
                        let got = control(client, object, IOCTL_KS_PROPERTY, &input, &mut value);
                        report.row(
                            || {
                                format!(
                                    "item {id:#x} of {:08x}, verb {verb:#x}, node {node:?}, {size} bytes",
                                    set.Data1
                                )
                            },
                            &expected(verb),
                            got,
                        );
                    }
                }
            }
        }
    };
    ask(nowhere, 0, &|_| {
        Expect::refused(&[STATUS_PROPSET_NOT_FOUND])
    });
    for known in KNOWN {
        for id in [known.id + 0x100, u32::MAX] {
            ask(known.set, id, &|verb| {
                if verb == KSPROPERTY_TYPE_SETSUPPORT {
                    Expect::one(STATUS_SUCCESS, 0)
                } else {
                    Expect::refused(&[STATUS_NOT_FOUND])
                }
            });
        }
    }
}
