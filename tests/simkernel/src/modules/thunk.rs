// SPDX-License-Identifier: MIT OR Apache-2.0
//! Entry points that driver code may call: every function of a built-in module that is reachable through a pointer goes
//! through the same entry as an import (stack change, IRQL check, trace).

use std::collections::BTreeMap;

use arioso_core::ks::Abi;

use crate::executive::Export;
use crate::guest::make_thunk;
use crate::nt::{DISPATCH_LEVEL, HIGH_LEVEL, KIRQL, PASSIVE_LEVEL};
use crate::state::Global;

static CODE: Global<BTreeMap<usize, usize>> = Global::new(BTreeMap::new());
static TABLES: Global<BTreeMap<(usize, &'static str), usize>> = Global::new(BTreeMap::new());

/// The entry for one function, made once.
pub fn code(module: &str, name: &'static str, address: usize, max_irql: KIRQL) -> usize {
    if let Some(&entry) = CODE.get().get(&address) {
        return entry;
    }
    let entry = make_thunk(
        module,
        &Export {
            name,
            address,
            max_irql,
            raw: false,
        },
    );
    CODE.get().insert(address, entry);
    entry
}

/// A vtable of entries for the vtable `table` of an object called `name`, made once. The IRQL limits are those of the
/// interface's documentation.
pub fn table<V: Abi>(table: &'static V, name: &'static str) -> *const V {
    let key = (std::ptr::from_ref(table) as usize, name);
    if let Some(&done) = TABLES.get().get(&key) {
        return done as *const V;
    }
    let interface = if name.starts_with('I') {
        name
    } else {
        V::NAME.trim_end_matches("Vtbl")
    };
    let slots = V::FIELDS.iter().enumerate().map(|(i, field)| {
        // SAFETY: a vtable is an array of code addresses.
        let address = unsafe { *std::ptr::from_ref(table).cast::<usize>().add(i) };
        let name: &'static str = Box::leak(format!("{interface}::{}", field.name).into_boxed_str());
        make_thunk(
            "portcls.sys",
            &Export {
                name,
                address,
                max_irql: limit(interface, field.name),
                raw: false,
            },
        )
    });
    let entries: &'static [usize] = Box::leak(slots.collect());
    TABLES.get().insert(key, entries.as_ptr() as usize);
    entries.as_ptr().cast()
}

/// docs/reference/dmus-miniport.md §2.1 and §7.1.
fn limit(interface: &str, method: &str) -> KIRQL {
    match (interface, method) {
        (_, "AddRef" | "Release") => DISPATCH_LEVEL,
        ("IMasterClock", "GetTime")
        | ("IPortDMus" | "IPortMidi", "Notify")
        | ("IPortEvents", "GenerateEventList") => HIGH_LEVEL,
        ("IAllocatorMXF", "GetBufferSize") => HIGH_LEVEL,
        ("IAllocatorMXF" | "IMXF", _) | ("IServiceSink", "RequestService") => DISPATCH_LEVEL,
        ("IServiceGroup", "RequestService") => HIGH_LEVEL,
        (
            "IServiceGroup",
            "SupportDelayedService" | "RequestDelayedService" | "CancelDelayedService",
        ) => DISPATCH_LEVEL,
        _ => PASSIVE_LEVEL,
    }
}
