// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which edges of the driver's image are taken: of the code as it runs in the kernel, optimized. An edge belongs to the innermost line of
//! ours that it lies in. A line has as many copies as inlining and generic types made of it; a *place* of the source, which is a line and a
//! column, is taken if one of its copies is.

use crate::driver::{self, Arch, Build};
use crate::fuzz;
use crate::scenarios::{Program, Taken};
use crate::setup::{self, Need};
use crate::{process, project, scenarios};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::io::{IsTerminal, Write, stderr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What lies in no line of ours.
const ELSEWHERE: &str = "elsewhere:0:0";

/// Taken places and all places, by file.
type Files = BTreeMap<String, (usize, usize)>;

/// The driver that counts its edges.
pub fn image() -> PathBuf {
    project::driver_dir().join("x64/release-coverage/arioso.sys")
}

/// Runs every scenario, the tests of `arioso` that play through the driver, and the inputs in `fuzz/corpus`, on the image that counts.
pub fn coverage() -> Result<()> {
    /// Longer than any scenario takes.
    const LONGEST: Duration = Duration::from_secs(300);
    setup::install(&[Need::Driver(Arch::X64)])?;
    driver::build(&Build::coverage())?;
    let program = Program::build()?;
    let mut edges = Taken::new();
    let names = program.names()?;
    for (at, name) in names.iter().enumerate() {
        if stderr().is_terminal() {
            eprint!("\r{} of {} scenarios", at + 1, names.len());
        }
        if !program.passes(name, &image(), LONGEST, Some(&mut edges))? {
            // It counts with what it came to.
            eprintln!("fails on this image: {name}");
        }
    }
    songs(&mut edges)?;
    fuzz::taken(&mut edges)?;
    report(&edges)
}

/// Adds what the tests of `arioso` take.
fn songs(edges: &mut Taken) -> Result<()> {
    let place = project::root().join("target/taken/songs");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let mut cargo = process::cargo();
    cargo.args([
        "test",
        "--release",
        "--no-fail-fast",
        "--package",
        "arioso-cli",
    ]);
    for test in [
        "both_pins",
        "banks",
        "odd_events",
        "odd_files",
        "play",
        "record",
    ] {
        cargo.args(["--test", test]);
    }
    let output = process::capture(cargo.env("ARIOSO_SYS", image()).env("ARIOSO_TAKEN", &place))?;
    if !output.status.success() {
        eprintln!("some tests of arioso fail on this image");
    }
    for file in fs::read_dir(&place)? {
        scenarios::read(&fs::read_to_string(file?.path())?, edges)?;
    }
    Ok(())
}

/// Prints a table by file, and writes the places of what is missed to `target/fuzz/uncovered-image.txt`.
pub fn report(edges: &Taken) -> Result<()> {
    if edges.is_empty() {
        bail!("{} has no edges", image().display());
    }
    let raw: String = edges.iter().map(|(at, taken)| format!("{at:#x} {}\n", u8::from(*taken))).collect();
    fs::create_dir_all(project::root().join("target/fuzz"))?;
    fs::write(project::root().join("target/fuzz/edges-image.txt"), raw)?;
    print(edges, &symbolize(edges)?)
}

/// A place in our sources for each address, in their order.
fn symbolize(edges: &Taken) -> Result<Vec<String>> {
    let mut symbolizer = Command::new(setup::Tools::find()?.llvm_symbolizer)
        .args(["--relative-address", "--inlines", "--functions=none"])
        .arg(format!("--obj={}", image().display()))
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
            ours.unwrap_or_else(|| ELSEWHERE.to_owned())
        })
        .collect()
}

/// `file:line:column` if it is a source of the driver's or the core's: those paths do not depend on the machine.
fn ours(line: &str) -> Option<String> {
    let line = line.replace('\\', "/");
    let path = line.strip_prefix("/arioso/")?;
    let is_ours = path.starts_with("src/") || path.starts_with("core/src/");
    is_ours.then(|| path.to_owned())
}

fn print(edges: &Taken, places: &[String]) -> Result<()> {
    let mut copies: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (taken, place) in edges.values().zip(places) {
        let copies = copies.entry(place).or_default();
        copies.0 += usize::from(*taken);
        copies.1 += 1;
    }
    let taken = copies.values().map(|copies| copies.0).sum::<usize>();
    // Line 0 is code of the compiler's own: drops.
    copies.retain(|place, _| *place != ELSEWHERE && !place.contains(":0:"));
    let mut files = Files::new();
    let mut missed = Vec::new();
    for (place, (taken, _)) in &copies {
        let file = place.split(':').next().unwrap_or(place);
        let counts = files.entry(file.to_owned()).or_default();
        counts.0 += usize::from(*taken > 0);
        counts.1 += 1;
        if *taken == 0 {
            missed.push(*place);
        }
    }
    println!("Places in the sources of the driver's image:");
    fuzz::table(files.iter().map(|(file, counts)| (file.as_str(), *counts)));
    let part = 100.0 * taken as f64 / edges.len().max(1) as f64;
    println!(
        "edges of the image, each copy of a place for itself: {part:.1} %, {taken} of {}",
        edges.len()
    );
    let directory = project::root().join("target/fuzz");
    fs::create_dir_all(&directory)?;
    let file = directory.join("uncovered-image.txt");
    fs::write(&file, missed.join("\n"))
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("what is missing: {}", file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_place_of_ours() {
        let text = "/usr/lib/core/option.rs:7:1\n/arioso/core/src/mem/vec.rs:8:2\n/arioso/src/entry.rs:9:3\n\n??:0:0\n\n";
        assert_eq!(places(text), ["core/src/mem/vec.rs:8:2", ELSEWHERE]);
    }
}
