// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that an installation could leave behind, to be compared.

use super::device;
use crate::executive::{disk, io};
use crate::registry;
use std::collections::BTreeSet;

/// The machine's keys and values, devices, interfaces, names, files and drivers at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace(BTreeSet<String>);

impl Trace {
    pub(crate) fn take(drivers: impl Iterator<Item = String>) -> Self {
        let mut lines = BTreeSet::new();
        for (key, values) in registry::snapshot() {
            for (name, value) in values {
                let shown = match (value.number(), value.strings()) {
                    (Some(number), _) => format!("{number:#x}"),
                    (_, Some(strings)) => format!("{strings:?}"),
                    _ => format!("{:02x?}", value.data),
                };
                let kind = value.kind;
                lines.insert(format!("value {key}\\{name} = {shown} (type {kind})"));
            }
            lines.insert(format!("key {key}"));
        }
        lines.extend(device::all().iter().map(|i| format!("device {i}")));
        lines.extend(disk::paths().iter().map(|path| format!("file {path}")));
        lines.extend(drivers.map(|service| format!("driver {service}")));
        lines.extend(io::names());
        Self(lines)
    }

    /// What is different from an earlier trace: `+` is new, `-` has gone.
    #[must_use]
    pub fn since(&self, before: &Trace) -> Vec<String> {
        let new = self.0.difference(&before.0).map(|line| format!("+ {line}"));
        let gone = before.0.difference(&self.0).map(|line| format!("- {line}"));
        new.chain(gone).collect()
    }
}
