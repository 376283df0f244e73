// SPDX-License-Identifier: MIT OR Apache-2.0
//! The verifier's rules for PortCls (docs/reference/dmus-miniport.md §7.4) and for objects.

use crate::executive::ke::KeGetCurrentIrql;
use crate::nt::PASSIVE_LEVEL;

pub use crate::verifier::Rule;

/// Records that the driver broke a rule; `call`: the method or routine that is spoken of.
pub fn violation(rule: Rule, call: &str, text: String) {
    crate::verifier::violation(rule, format!("{call}: {text}"));
}

/// The driver must be entered at PASSIVE_LEVEL here: our own mistake otherwise.
pub fn assert_passive(what: &str) {
    // SAFETY: reads the level.
    let level = unsafe { KeGetCurrentIrql() };
    assert!(level == PASSIVE_LEVEL, "{what} at IRQL {level}");
}

/// At unload nothing of PortCls may be referenced any more. `PcNew*` objects and the port/miniport cycle show up here.
pub fn check_unload() {
    super::stream_resource::check_unload();
    for (name, address) in super::com::live() {
        violation(
            Rule::ReferenceLeft,
            "references",
            format!("{name} {address:#x} is still referenced when the driver unloads"),
        );
    }
}
