// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of `docs/interfaces.md` name scenarios and tests that there are, and every method of the ports' interfaces.

use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../../docs/interfaces.md");

/// Where scenarios and tests are named.
const PLACES: &[&str] = &[
    "tests/conformance/tests",
    "tests/simkernel/tests",
    "tests/simkernel/src",
    "tools/inf/tests",
    "tools/package",
    "tools/arioso/tests/wine",
    "tools/xtask/tests",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(directory: &Path, into: &mut String) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs")
            && !path.ends_with("conformance/tests/interfaces.rs")
        {
            into.push_str(&fs::read_to_string(path).expect("a source"));
        }
    }
}

/// The last cell of each row, without the heads.
fn last_cells() -> Vec<(&'static str, &'static str)> {
    let rows = PAGE.lines().filter_map(|line| {
        let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let (first, rest) = row.split_once(" | ")?;
        Some((first, rest.rsplit(" | ").next()?))
    });
    rows.filter(|(first, _)| {
        !first.starts_with("interface") && *first != "property" && *first != "#"
    })
    .collect()
}

fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_scenario_is_there() {
    let mut text = String::new();
    for place in PLACES {
        sources(&root().join(place), &mut text);
    }
    let cells = last_cells();
    assert!(cells.len() > 50, "{}", cells.len());
    for (row, cell) in cells {
        for name in names(cell) {
            let there = text.contains(&format!("\"{name}")) || text.contains(&format!("fn {name}"));
            assert!(there, "{row}: there is no scenario or test {name}");
        }
    }
}

/// What the port and a miniport call of each other; `IRegistryKey` is one of the kernel's, of which two methods matter here.
const INTERFACES: [&str; 15] = [
    "IMXF",
    "IAllocatorMXF",
    "IMasterClock",
    "IPortDMus",
    "IMiniportDMus",
    "ISynthSinkDMus",
    "IServiceGroup",
    "IServiceSink",
    "IPort",
    "IMiniport",
    "IPortMidi",
    "IMiniportMidi",
    "IMiniportMidiStream",
    "IPortEvents",
    "IMiniportAudioSignalProcessing",
];

/// The methods that our declarations of these interfaces have (the ABI tests hold them to the headers), each with a row.
#[test]
fn every_method_has_a_row() {
    let declared = [
        include_str!("../../../core/src/ks/dmusicks.rs"),
        include_str!("../../../core/src/ks/portcls/mod.rs"),
        include_str!("../../../core/src/ks/portcls/miniports.rs"),
        include_str!("../../../core/src/ks/portcls/services.rs"),
        include_str!("../../../core/src/ks/portcls/wavert.rs"),
    ];
    let mut methods = Vec::new();
    for source in declared {
        let mut interface = "";
        for line in source.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("pub interface ") {
                interface = rest.split(['(', ':']).next().unwrap_or_default();
            } else if line == "}" {
                interface = "";
            } else if let Some(rest) = line.strip_prefix("fn ")
                && INTERFACES.contains(&interface)
            {
                methods.push((interface, rest.split('(').next().unwrap_or_default()));
            }
        }
    }
    assert!(methods.len() > 40, "{}", methods.len());
    let rows: Vec<&str> = last_cells().into_iter().map(|(first, _)| first).collect();
    let has_row = |interface: &str, method: &str| {
        rows.iter().any(|row| {
            // `IPortDMus::RegisterServiceGroup`, `Notify`
            let whole = format!("`{interface}::{method}");
            row.contains(&whole)
                || row.contains(&format!("`{interface}::")) && row.contains(&format!("`{method}`"))
        })
    };
    let none: Vec<_> = methods.iter().filter(|(i, m)| !has_row(i, m)).collect();
    assert!(none.is_empty(), "without a row: {none:?}");
}
