// SPDX-License-Identifier: MIT OR Apache-2.0
//! The no-panic check, and who is to blame when it fails.

use crate::process;
use crate::setup::Tools;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Reads off the linker map whether a panic can be reached in an image: then the panic handler, or a function of `core::panicking`
/// that calls it and is never inlined, is in there; else link-time optimization has removed all of them. If so, names the places
/// that reach them. `products` is where map and image lie.
pub fn check(tools: &Tools, products: &Path) -> Result<()> {
    let map = products.join("arioso.map");
    let symbols = symbols(
        &fs::read_to_string(&map).with_context(|| format!("cannot read {}", map.display()))?,
    );
    if symbols.is_empty() {
        bail!("{} names no function", map.display());
    }
    if !symbols.values().any(|name| panics(name)) {
        println!(
            "no-panic check: none of {} functions is a panic's",
            symbols.len()
        );
        return Ok(());
    }
    let places = callers(tools, &products.join("arioso.sys"), &symbols)?;
    eprintln!(
        "no-panic check: {} places of the driver can panic:",
        places.len()
    );
    for place in places {
        eprintln!("    {place}");
    }
    bail!("the driver can panic");
}

/// Whether a function does nothing but panic.
fn panics(name: &str) -> bool {
    name.contains("9panicking") || name.contains("rust_begin_unwind")
}

/// The places in an image's own code that call towards `core::panicking`, innermost line first.
fn callers(tools: &Tools, image: &Path, symbols: &BTreeMap<u64, String>) -> Result<Vec<String>> {
    let listing = process::output(
        Command::new(&tools.llvm_objdump)
            .args(["-d", "--no-show-raw-insn"])
            .arg(image),
    )?;
    let calls = calls(&listing, symbols);

    // Everything of the library that ends in a panic.
    let mut panicking: BTreeSet<u64> = symbols
        .iter()
        .filter(|(_, name)| panics(name))
        .map(|(&start, _)| start)
        .collect();
    loop {
        let before = panicking.len();
        panicking.extend(
            calls
                .iter()
                .filter(|call| call.library && panicking.contains(&call.callee))
                .map(|call| call.caller)
                .collect::<Vec<_>>(),
        );
        if panicking.len() == before {
            break;
        }
    }

    let mut symbolizer = Command::new(&tools.llvm_symbolizer);
    symbolizer
        .arg(format!("--obj={}", image.display()))
        .args(["--inlines", "--output-style=LLVM"]);
    for call in calls
        .iter()
        .filter(|call| !call.library && panicking.contains(&call.callee))
    {
        symbolizer.arg(format!("{:#x}", call.address));
    }
    let frames = process::output(&mut symbolizer)?;
    let places: BTreeSet<String> = frames.split("\n\n").filter_map(place).collect();
    Ok(places.into_iter().collect())
}

/// From the symbolizer's pairs of lines (function, file), innermost first: the frames outside of the
/// library, or all of them where the library's code was instantiated for us.
fn place(frames: &str) -> Option<String> {
    let lines: Vec<&str> = frames.lines().collect();
    let all = lines.as_chunks::<2>().0;
    let own: Vec<_> = all
        .iter()
        .filter(|[_, file]| !file.contains("/library/") && !file.contains("/registry/"))
        .collect();
    let frames = if own.is_empty() {
        all.iter().collect()
    } else {
        own
    };
    let text: Vec<String> = frames
        .iter()
        .map(|[function, file]| format!("{} in {function}", file.trim_start_matches("/arioso/")))
        .collect();
    (!text.is_empty()).then(|| text.join(", inlined at "))
}

struct Call {
    address: u64,
    caller: u64,
    callee: u64,
    /// The caller belongs to `core` or `alloc`.
    library: bool,
}

/// Direct calls and tail calls between functions.
fn calls(listing: &str, symbols: &BTreeMap<u64, String>) -> Vec<Call> {
    let containing = |address: u64| symbols.range(..=address).next_back();
    let mut calls = Vec::new();
    for line in listing.lines() {
        let Some((address, instruction)) = line.split_once(':') else {
            continue;
        };
        let Ok(address) = u64::from_str_radix(address.trim(), 16) else {
            continue;
        };
        let mut words = instruction.split_whitespace();
        let branch = words.next().is_some_and(|mnemonic| {
            mnemonic.starts_with("call") || mnemonic.starts_with('j') || mnemonic.starts_with('b')
        });
        let target = words.find_map(|word| {
            u64::from_str_radix(word.trim_end_matches(',').strip_prefix("0x")?, 16).ok()
        });
        let (true, Some(callee)) = (branch, target) else {
            continue;
        };
        let (Some((&caller, name)), true) = (containing(address), symbols.contains_key(&callee))
        else {
            continue;
        };
        if caller != callee {
            let library = ["_4core", "_5alloc", "7___rustc", "9wdk_panic"]
                .iter()
                .any(|part| name.contains(part))
                && !name.contains("6arioso");
            calls.push(Call {
                address,
                caller,
                callee,
                library,
            });
        }
    }
    calls
}

/// The symbols of a linker map, by address.
fn symbols(map: &str) -> BTreeMap<u64, String> {
    let mut symbols = BTreeMap::new();
    for line in map.lines() {
        let mut words = line.split_whitespace();
        let (Some(section), Some(name), Some(address)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        // 0000 holds the absolute symbols.
        if !section.contains(':') || section.starts_with("0000:") {
            continue;
        }
        if let Ok(address) = u64::from_str_radix(address, 16) {
            symbols.insert(address, name.to_owned());
        }
    }
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "\
 0000:00000007       __guard_fids_count         0000000000000007     <absolute>
 0001:00000000       _RNvCs1_6arioso4pick       0000000180001000     arioso.o
 0001:00000040       _RNvNtCs2_4core9panicking9panic_fmt 0000000180001040     arioso.o
 0001:00000060       _RNvNtCs2_4core6option13expect_failed 0000000180001060     arioso.o
";
    const LISTING: &str = "\
180001004:      \tcallq\t0x180001060 <x>
180001010:      \tjmp\t0x180001004 <x>
180001064:      \tcallq\t0x180001040 <x>
";

    #[test]
    fn reads_maps_and_listings() {
        let symbols = symbols(MAP);
        assert_eq!(symbols.len(), 3);
        let calls = calls(LISTING, &symbols);
        let edges: Vec<_> = calls
            .iter()
            .map(|call| (call.address, call.caller, call.callee, call.library))
            .collect();
        assert_eq!(
            edges,
            [
                (0x1_8000_1004, 0x1_8000_1000, 0x1_8000_1060, false),
                (0x1_8000_1064, 0x1_8000_1060, 0x1_8000_1040, true)
            ]
        );
    }

    #[test]
    fn names_our_frames() {
        let frames = "core::slice::index\n/rust/library/core/src/slice.rs:1:2\narioso::f\n/arioso/src/f.rs:3:4\n";
        assert_eq!(place(frames).as_deref(), Some("src/f.rs:3:4 in arioso::f"));
        let library = "core::sort\n/rust/library/core/src/sort.rs:1:2\n";
        assert_eq!(
            place(library).as_deref(),
            Some("/rust/library/core/src/sort.rs:1:2 in core::sort")
        );
        assert_eq!(place(""), None);
    }
}
