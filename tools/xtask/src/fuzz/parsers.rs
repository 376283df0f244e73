// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which edges of the parsers the inputs in `fuzz/corpus` take.
//!
//! The programs are built without optimization: then a function's edges are those of its source, none is copied by inlining and none
//! removed. Of the instances of a generic function the one counts of which most is taken. Line 0 is code of the compiler's own: drops.

use super::{Place, Target, build_plain};
use crate::{process, project, setup};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// What is parsed from bytes that somebody else made.
const PARSERS: [&str; 3] = ["core/src/dls/", "core/src/midi/", "tools/bank/src/sf2/"];
/// Of ours, for ours; and the store, which parses nothing.
const OTHERS: [&str; 4] = [
    "core/src/dls/file/write.rs",
    "core/src/dls/store/",
    "tests.rs",
    "test_font.rs",
];
/// Derived for tests and tools.
const DERIVED: [&str; 3] = [" as core::fmt::", " as core::cmp::", " as core::clone::"];

/// By place: file and line.
type Functions = BTreeMap<String, Function>;

#[derive(Default)]
struct Function {
    name: String,
    taken: usize,
    edges: usize,
    /// Places of edges that no input takes.
    missed: BTreeSet<String>,
}

/// Prints a table by file, and writes the places of what is missed to `target/fuzz/uncovered.txt`.
pub fn report(targets: &[&Target]) -> Result<()> {
    let symbolizer = setup::Tools::find()?.llvm_symbolizer;
    let mut functions = Functions::new();
    for &target in targets {
        let program = build_plain(target)?;
        let place = Place::prepare(target)?;
        let mut fuzzer = place.fuzzer(&program, target);
        fuzzer
            .arg(&place.corpus)
            .args(["-runs=0", "-print_coverage=1", "-rss_limit_mb=8192"])
            .env(
                "LSAN_OPTIONS",
                format!("external_symbolizer_path={}", symbolizer.display()),
            );
        let output = process::capture(&mut fuzzer)?;
        let text = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let last: Vec<&str> = text.lines().rev().take(20).collect();
            anyhow::bail!("{} failed:\n{}", target.name, last.join("\n"));
        }
        read(&text, &mut functions);
    }
    print(&functions)
}

/// libFuzzer's lines: `COVERED_FUNC: hits: 1 edges: 3/4 name file:line`, then `  UNCOVERED_PC: file:line`.
fn read(text: &str, functions: &mut Functions) {
    let mut current: Option<String> = None;
    for line in text.lines() {
        if let Some(place) = line.trim_start().strip_prefix("UNCOVERED_PC: ") {
            if let Some(function) = current.as_ref().and_then(|at| functions.get_mut(at)) {
                function.missed.insert(relative(place));
            }
            continue;
        }
        current = None;
        let Some((at, function)) = function(line) else {
            continue;
        };
        let known = functions.entry(at.clone()).or_default();
        if known.edges == 0 || function.taken * known.edges > known.taken * function.edges {
            *known = function;
            current = Some(at);
        }
    }
}

/// The place, and the function without what is missed.
fn function(line: &str) -> Option<(String, Function)> {
    let rest = line
        .strip_prefix("COVERED_FUNC: hits: ")
        .or_else(|| line.strip_prefix("UNCOVERED_FUNC: hits: "))?;
    let (_, rest) = rest.split_once(" edges: ")?;
    let (counts, rest) = rest.split_once(' ')?;
    let (taken, edges) = counts.split_once('/')?;
    let (name, place) = rest.rsplit_once(' ')?;
    let place = relative(place);
    let counts = PARSERS.iter().any(|start| place.starts_with(start))
        && !OTHERS.iter().any(|other| place.contains(other))
        && !DERIVED.iter().any(|derived| name.contains(derived));
    let function = Function {
        name: name.to_owned(),
        taken: taken.parse().ok()?,
        edges: edges.parse().ok()?,
        missed: BTreeSet::new(),
    };
    counts.then_some((place, function))
}

fn relative(place: &str) -> String {
    let root = project::root();
    let root = format!("{}/", root.display());
    place.strip_prefix(&root).unwrap_or(place).to_owned()
}

fn print(functions: &Functions) -> Result<()> {
    let mut files: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = String::new();
    for (place, function) in functions {
        let file = place
            .rsplit_once(':')
            .map_or(place.as_str(), |(file, _)| file);
        let counts = files.entry(file).or_default();
        counts.0 += function.taken;
        counts.1 += function.edges;
        if function.taken < function.edges {
            missed.push_str(&format!(
                "{place} {}: {} of {}\n",
                function.name, function.taken, function.edges
            ));
            for place in &function.missed {
                missed.push_str(&format!("    {place}\n"));
            }
        }
    }
    table(files.into_iter());
    let file: PathBuf = project::root().join("target/fuzz/uncovered.txt");
    fs::write(&file, missed).with_context(|| format!("cannot write {}", file.display()))?;
    println!("what is missing: {}", file.display());
    Ok(())
}

/// Taken edges and all edges by file, and together.
pub fn table<'a>(files: impl Iterator<Item = (&'a str, (usize, usize))>) {
    let line = |(taken, edges): (usize, usize), name: &str| {
        let percent = 100.0 * taken as f64 / edges.max(1) as f64;
        println!("{percent:5.1} %  {taken:5} of {edges:5}  {name}");
    };
    let mut all = (0, 0);
    for (file, counts) in files {
        line(counts, file);
        all = (all.0 + counts.0, all.1 + counts.1);
    }
    line(all, "all");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_best_instance() {
        let root = project::root();
        let file = format!("{}/core/src/dls/riff.rs", root.display());
        let text = format!(
            "COVERED_FUNC: hits: 7 edges: 2/4 arioso_core::dls::riff::walk::<u8> {file}:7\n\
             \x20 UNCOVERED_PC: {file}:8\n\
             COVERED_FUNC: hits: 1 edges: 3/4 arioso_core::dls::riff::walk::<u16> {file}:7\n\
             \x20 UNCOVERED_PC: {file}:9\n\
             UNCOVERED_FUNC: hits: 0 edges: 0/2 arioso_core::dls::riff::other {file}:20\n\
             COVERED_FUNC: hits: 1 edges: 3/4 core::iter /usr/lib/rust/iter.rs:7\n"
        );
        let mut functions = Functions::new();
        read(&text, &mut functions);
        assert_eq!(functions.len(), 2);
        let walk = &functions["core/src/dls/riff.rs:7"];
        assert_eq!((walk.taken, walk.edges), (3, 4));
        assert!(walk.missed.iter().eq(["core/src/dls/riff.rs:9"]));
    }
}
