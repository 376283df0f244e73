// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which edges of the driver's image the inputs in `fuzz/corpus` take: of the code as it runs in the kernel, optimized, with every copy
//! that inlining made. An edge belongs to the innermost function of ours that it lies in.

use super::{Place, Target, counting_image, tool_command};
use crate::driver::{self, Build};
use crate::{process, project, setup};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

/// Address in the image, and whether it is taken.
type Edges = BTreeMap<u64, bool>;
/// Taken edges and all edges, by file.
type Files = BTreeMap<String, (usize, usize)>;

/// Prints a table by file, and writes the places of what is missed to `target/fuzz/uncovered-image.txt`.
pub fn report(targets: &[&Target]) -> Result<()> {
    driver::build(&Build::coverage())?;
    let mut edges = Edges::new();
    for &target in targets {
        let place = Place::prepare(target)?;
        let arguments = [
            "edges".as_ref(),
            target.name.as_ref(),
            place.corpus.as_path(),
        ];
        let mut tool = tool_command(&arguments);
        read(
            &process::output(tool.env("ARIOSO_SYS", counting_image()))?,
            &mut edges,
        )?;
    }
    if edges.is_empty() {
        bail!("{} has no edges", counting_image().display());
    }
    print(&edges, &symbolize(&edges)?)
}

/// Lines of `address taken`; what one target takes is taken.
fn read(text: &str, edges: &mut Edges) -> Result<()> {
    for line in text.lines() {
        let edge = line.split_once(' ').and_then(|(address, taken)| {
            let address = u64::from_str_radix(address.strip_prefix("0x")?, 16).ok()?;
            Some((address, taken == "1"))
        });
        let (address, taken) = edge.with_context(|| format!("no edge: {line}"))?;
        *edges.entry(address).or_default() |= taken;
    }
    Ok(())
}

/// A place in our sources for each address, in their order.
fn symbolize(edges: &Edges) -> Result<Vec<String>> {
    let mut symbolizer = Command::new(setup::Tools::find()?.llvm_symbolizer)
        .args(["--relative-address", "--inlines", "--functions=none"])
        .arg(format!("--obj={}", counting_image().display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start llvm-symbolizer")?;
    let addresses: String = edges.keys().map(|at| format!("{at:#x}\n")).collect();
    let mut input = symbolizer
        .stdin
        .take()
        .context("llvm-symbolizer reads nothing")?;
    // Both ends at once: neither pipe may fill up.
    let writer = std::thread::spawn(move || input.write_all(addresses.as_bytes()));
    let output = symbolizer.wait_with_output()?;
    let written = writer.join();
    if !output.status.success() || !matches!(written, Ok(Ok(()))) {
        bail!("llvm-symbolizer failed ({})", output.status);
    }
    let places = places(&String::from_utf8_lossy(&output.stdout));
    if places.len() != edges.len() {
        bail!(
            "llvm-symbolizer knows {} of {} addresses",
            places.len(),
            edges.len()
        );
    }
    Ok(places)
}

/// Blocks of lines `file:line:column`, innermost first, with an empty line behind each.
fn places(text: &str) -> Vec<String> {
    text.trim_end()
        .split("\n\n")
        .map(|block| {
            let ours = block.lines().find_map(ours);
            ours.unwrap_or_else(|| "elsewhere:0".to_owned())
        })
        .collect()
}

/// `file:line` if it is a source of the driver's or the core's: those paths do not depend on the machine.
fn ours(line: &str) -> Option<String> {
    let line = line.replace('\\', "/");
    let (place, _column) = line.rsplit_once(':')?;
    let path = place.strip_prefix("/arioso/")?;
    let is_ours = path.starts_with("src/") || path.starts_with("core/src/");
    is_ours.then(|| path.to_owned())
}

fn print(edges: &Edges, places: &[String]) -> Result<()> {
    let mut files = Files::new();
    let mut missed = Vec::new();
    for (taken, place) in edges.values().zip(places) {
        let file = place
            .rsplit_once(':')
            .map_or(place.as_str(), |(file, _)| file);
        let counts = files.entry(file.to_owned()).or_default();
        counts.0 += usize::from(*taken);
        counts.1 += 1;
        if !taken {
            missed.push(place.as_str());
        }
    }
    println!("The driver's image:");
    super::coverage::table(files.iter().map(|(file, counts)| (file.as_str(), *counts)));
    missed.sort_unstable();
    missed.dedup();
    let file = project::root().join("target/fuzz/uncovered-image.txt");
    fs::write(&file, missed.join("\n"))
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("what is missing: {}", file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_of_all_targets_count() {
        let mut edges = Edges::new();
        read("0x10 0\n0x20 1\n", &mut edges).unwrap();
        read("0x10 1\n0x20 0\n0x30 0\n", &mut edges).unwrap();
        assert_eq!(
            edges,
            Edges::from([(0x10, true), (0x20, true), (0x30, false)])
        );
        assert!(read("ten 1\n", &mut edges).is_err());
    }

    #[test]
    fn the_innermost_place_of_ours() {
        let text = "/usr/lib/core/option.rs:7:1\n/arioso/core/src/mem/vec.rs:8:2\n/arioso/src/entry.rs:9:3\n\n??:0:0\n\n";
        assert_eq!(places(text), ["core/src/mem/vec.rs:8", "elsewhere:0"]);
    }
}
