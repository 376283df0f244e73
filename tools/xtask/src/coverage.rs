// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which edges of the driver's image are taken: of the code as it runs in the kernel, optimized. An edge belongs to the innermost line of
//! ours that it lies in, and to the lines of the library that are inlined there.
//!
//! Inlining and generic types make copies of both, and in most copies only one outcome is possible. So an edge counts once: of the copies of a
//! line the one counts of which most is taken. How many edges there are with every copy is told besides. Edges that no input can take, each with its
//! proof in `tools/xtask/dead-edges.txt`, are not counted, and told apart. What is missed is sorted by [`KINDS`], and by
//! `tools/xtask/missed-edges.txt`, which has a line of the source and the reason why its missed edges are.

use crate::driver::{self, Arch, Build};
use crate::fuzz;
use crate::scenarios::{Program, Taken};
use crate::setup::{self, Need};
use crate::{process, project, scenarios};
use anyhow::{Context, Result, bail};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{IsTerminal, Write, stderr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What lies in no line of ours.
const ELSEWHERE: &str = "elsewhere:0";

/// A place in `drop_in_place`, which the compiler makes.
const DROP: &str = "library/core/src/ptr/mod.rs:drop";

/// The places that an edge lies in, the innermost first: `file:line`.
type Frames = Vec<String>;

/// A reason, and whether it is that of a line's missed edges.
type Kind = (&'static str, fn(&Missed) -> bool);

/// Taken edges and all edges of a line's copies: by what each is inlined in, and the function.
type Copies<'a> = BTreeMap<(&'a [String], &'a str), (usize, usize)>;

/// Missed edges that are told apart: by the innermost place that is the library's, or by any place.
const KINDS: [Kind; 6] = [
    (
        "drops: the compiler's own code at each end of a scope, also where nothing is left to drop",
        |missed| {
            let of_compiler = missed.place != ELSEWHERE && missed.place.ends_with(":0");
            of_compiler || missed.frames.iter().any(|frame| frame == DROP)
        },
    ),
    (
        "arithmetic that does not overflow, saturating or checked",
        |missed| missed.library().starts_with("library/core/src/num/"),
    ),
    (
        "loops that ran, though not as often (never, once, to the end) as some copy of their body is for",
        |missed| {
            let library = missed.library();
            missed.met
                && (library.starts_with("library/core/src/iter/")
                    || library.starts_with("library/core/src/slice/iter/")
                    || library.starts_with("library/core/src/ops/control_flow.rs:"))
        },
    ),
    (
        "pointers of the kernel's and of PortCls' that are never null",
        |missed| {
            missed.place.starts_with("src/")
                && missed
                    .library()
                    .starts_with("library/core/src/ptr/non_null.rs:")
        },
    ),
    ("libm's special cases", |missed| {
        missed.library().contains("/libm-")
    }),
    (
        "functions of the library that are no part of a line of ours",
        |missed| missed.place == ELSEWHERE,
    ),
];

/// A line of which edges are missed.
struct Missed {
    /// `file:line`
    place: String,
    frames: Frames,
    /// Missed edges, and all.
    edges: usize,
    of: usize,
    /// Some edge of the place is taken.
    met: bool,
    /// The function that it lies in, if there is no copy in another one.
    function: Option<String>,
}

impl Missed {
    /// The innermost place, if it is the library's.
    fn library(&self) -> &str {
        self.frames.first().map_or("", String::as_str)
    }

    /// The file of that, below its crate's sources; `None` if it is ours.
    fn library_file(&self) -> Option<&str> {
        let (file, _) = self.library().rsplit_once(':')?;
        let (_, file) = file.strip_prefix("library/")?.split_once("/src/")?;
        Some(file)
    }
}

/// The driver that counts its edges.
pub fn image() -> PathBuf {
    project::driver_dir().join("x64/release-coverage/arioso.sys")
}

/// Runs every scenario, the test programs that run the driver, and the inputs in `fuzz/corpus`, on the image that counts.
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
    programs(&mut edges)?;
    fuzz::taken(&mut edges)?;
    let rows: String = edges
        .iter()
        .map(|(at, taken)| format!("{at:#x} {}\n", u8::from(*taken)))
        .collect();
    fs::write(last()?, rows)?;
    report(&edges)
}

/// The edges of the last run.
fn last() -> Result<PathBuf> {
    let directory = project::root().join("target/fuzz");
    fs::create_dir_all(&directory)?;
    Ok(directory.join("edges-image.txt"))
}

/// Reports the last run again, of the image that it had.
pub fn report_last() -> Result<()> {
    let file = last()?;
    let rows = fs::read_to_string(&file)
        .with_context(|| format!("no run yet: there is no {}", file.display()))?;
    let mut edges = Taken::new();
    scenarios::read(&rows, &mut edges)?;
    report(&edges)
}

/// Adds what test programs of other packages take that run the driver.
fn programs(edges: &mut Taken) -> Result<()> {
    let place = project::root().join("target/taken/programs");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    for (package, tests, but) in PROGRAMS {
        let mut cargo = process::cargo();
        cargo.args(["test", "--release", "--no-fail-fast", "--package", package]);
        for test in tests {
            cargo.args(["--test", test]);
        }
        cargo.arg("--");
        for skipped in but {
            cargo.args(["--skip", skipped]);
        }
        let output =
            process::capture(cargo.env("ARIOSO_SYS", image()).env("ARIOSO_TAKEN", &place))?;
        if !output.status.success() {
            eprintln!("some tests of {package} fail on this image");
        }
    }
    for file in fs::read_dir(&place)? {
        scenarios::read(&fs::read_to_string(file?.path())?, edges)?;
    }
    Ok(())
}

/// Packages, their test programs that run the driver, and of these the tests that do not.
const PROGRAMS: [(&str, &[&str], &[&str]); 3] = [
    (
        "arioso-cli",
        &[
            "both_pins",
            "banks",
            "odd_events",
            "odd_files",
            "play",
            "record",
        ],
        &[],
    ),
    ("fuzz-targets", &["lacking"], &[]),
    // The fixed-seed inputs, which are made of those that `fuzz::taken` runs.
    (
        "fuzz-targets",
        &["smoke"],
        &["planted", "dls_", "midi_", "sf2", "life"],
    ),
];

/// Prints a table by file and one by kind, and writes what is missed of the rest to `target/fuzz/uncovered-image.txt`.
pub fn report(edges: &Taken) -> Result<()> {
    if edges.is_empty() {
        bail!("{} has no edges", image().display());
    }
    print(edges, &symbolize(edges)?)
}

/// The places of each address, and the function that it lies in, in their order.
fn symbolize(edges: &Taken) -> Result<Vec<(Frames, String)>> {
    let mut symbolizer = Command::new(setup::Tools::find()?.llvm_symbolizer)
        .args(["--relative-address", "--inlines", "--functions=linkage"])
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

/// Blocks of pairs of lines, the function and `file:line:column`, innermost first, with an empty line behind each.
fn places(text: &str) -> Vec<(Frames, String)> {
    text.trim_end()
        .split("\n\n")
        .map(|block| {
            let lines: Vec<&str> = block.lines().collect();
            let (pairs, _) = lines.as_chunks::<2>();
            let frames = pairs.iter().map(|[function, place]| {
                match function.starts_with("core::ptr::drop_in_place") {
                    true => DROP.to_owned(),
                    false => relative(place),
                }
            });
            let frames = frames.collect();
            let function = pairs.last().map_or("", |[function, _]| function);
            (frames, function.to_owned())
        })
        .collect()
}

/// `file:line` without what depends on the machine: of ours, and of the library, which is `library/…`.
fn relative(place: &str) -> String {
    let place = place.replace('\\', "/");
    let path = place.rsplit_once(':').map_or(&*place, |(path, _)| path);
    match (path.strip_prefix("/arioso/"), path.split_once("/library/")) {
        (Some(ours), _) => ours.to_owned(),
        (None, Some((_, library))) => format!("library/{library}"),
        (None, None) => path.to_owned(),
    }
}

/// Whether a place is a source of the driver's or the core's.
fn is_ours(place: &str) -> bool {
    place.starts_with("src/") || place.starts_with("core/src/")
}

/// Edges by the line of ours that they lie in and what of the library is inlined there; of each the copy of which most is taken.
fn lines(edges: &Taken, places: &[(Frames, String)]) -> Vec<Missed> {
    let mut copies: BTreeMap<&[String], Copies> = BTreeMap::new();
    for (taken, (frames, function)) in edges.values().zip(places) {
        let ours = frames.iter().position(|frame| is_ours(frame));
        let (line, around) = frames.split_at(ours.map_or(frames.len(), |at| at + 1));
        let counts = copies.entry(line).or_default();
        let counts = counts.entry((around, function)).or_default();
        counts.0 += usize::from(*taken);
        counts.1 += 1;
    }
    // The part that is taken; of equal parts the one with more, and of those of which nothing is taken the shortest.
    let best = |counts: Copies| {
        counts
            .into_values()
            .max_by_key(|&(taken, all)| (taken * 1000 / all.max(1), taken, Reverse(all)))
            .unwrap_or_default()
    };
    let mut lines: Vec<Missed> = copies
        .into_iter()
        .map(|(line, counts)| {
            let mut functions = counts.keys().map(|(_, function)| *function);
            let first = functions.next();
            let function = first.filter(|first| functions.all(|other| other == *first));
            let function = function.map(str::to_owned);
            let (taken, all) = best(counts);
            let place = line.last().filter(|place| is_ours(place));
            Missed {
                place: place.map_or(ELSEWHERE, String::as_str).to_owned(),
                frames: line.to_vec(),
                edges: all - taken,
                of: all,
                met: false,
                function,
            }
        })
        .collect();
    let met: BTreeSet<String> = lines
        .iter()
        .filter(|line| line.edges < line.of)
        .map(|line| line.place.clone())
        .collect();
    for line in &mut lines {
        line.met = met.contains(&line.place);
    }
    lines
}

/// Why edges of a line are missed: by the text of the line, in any place of a file.
struct Reasons {
    rows: Vec<(String, String, String)>,
    /// Rows that some line is missed for.
    used: BTreeSet<usize>,
}

impl Reasons {
    fn read() -> Result<Self> {
        Self::parse(&project::table("missed-edges.txt")?)
    }

    /// Lines of `file: line | reason`; the line may be `*`.
    fn parse(text: &str) -> Result<Self> {
        project::rows_of(text)
            .map(|row| {
                let parts = row.rsplit_once(" | ").and_then(|(place, reason)| {
                    let (file, line) = place.split_once(": ")?;
                    Some((file.to_owned(), line.to_owned(), reason.to_owned()))
                });
                parts.with_context(|| format!("no reason: {row}"))
            })
            .collect::<Result<_>>()
            .map(|rows| Self {
                rows,
                used: BTreeSet::new(),
            })
    }

    fn of(&mut self, place: &str, sources: &mut Sources) -> Option<&str> {
        let (file, _) = place.rsplit_once(':')?;
        let text = sources.line(place).unwrap_or_default();
        let is_meant = |(known, line, _): &(String, String, String)| {
            known == file && (line == "*" || *line == text)
        };
        let at = self.rows.iter().position(is_meant)?;
        self.used.insert(at);
        self.rows.get(at).map(|(.., reason)| reason.as_str())
    }

    /// Rows of lines of which nothing is missed any more.
    fn idle(&self) -> impl Iterator<Item = String> {
        let rows = self.rows.iter().enumerate();
        let idle = rows.filter(|(at, _)| !self.used.contains(at));
        idle.map(|(_, (file, line, _))| format!("{file}: {line}"))
    }
}

/// Edges that no input can take, whatever it is: what they ask is settled where they stand.
struct Dead(Vec<Proof>);

/// Why edges are dead, and how many of them.
struct Proof {
    place: Proven,
    /// Not found yet.
    left: usize,
}

/// Where dead edges lie.
enum Proven {
    /// A line of a file, and the file of the library that is inlined there, if one is: `slice/index.rs`.
    Line(String, String, Option<String>),
    /// A function, with what is inlined there and nowhere else.
    Function(String),
}

impl Dead {
    fn read() -> Result<Self> {
        Self::parse(&project::table("dead-edges.txt")?)
    }

    /// Lines of `file: line | library | number | why`, the library is `-` where none is; or of `fn name | number | why`.
    fn parse(text: &str) -> Result<Self> {
        project::rows_of(text)
            .map(|row| {
                let wrong = || format!("no proof: {row}");
                let (rest, _) = row.rsplit_once(" | ").with_context(wrong)?;
                let (rest, number) = rest.rsplit_once(" | ").with_context(wrong)?;
                let place = match rest.strip_prefix("fn ") {
                    Some(function) => Proven::Function(function.to_owned()),
                    None => {
                        let (place, library) = rest.rsplit_once(" | ").with_context(wrong)?;
                        let (file, line) = place.split_once(": ").with_context(wrong)?;
                        let library = (library != "-").then(|| library.to_owned());
                        Proven::Line(file.to_owned(), line.to_owned(), library)
                    }
                };
                let left = number.parse().with_context(wrong)?;
                Ok(Proof { place, left })
            })
            .collect::<Result<_>>()
            .map(Self)
    }

    /// How many missed edges of a line are dead; they are found with that.
    fn of(&mut self, missed: &Missed, sources: &mut Sources) -> usize {
        let text = sources.line(&missed.place).unwrap_or_default();
        let (at, _) = missed.place.rsplit_once(':').unwrap_or_default();
        let inlined = missed.library_file();
        let mut found = 0;
        for proof in &mut self.0 {
            let is_meant = match &proof.place {
                Proven::Line(file, line, library) => {
                    file == at && *line == text && library.as_deref() == inlined
                }
                Proven::Function(function) => missed.function.as_ref() == Some(function),
            };
            if is_meant {
                let count = proof.left.min(missed.edges - found);
                proof.left -= count;
                found += count;
            }
        }
        found
    }

    /// Proofs of more edges than are missed: one of them is taken, or gone.
    fn refuted(&self) -> impl Iterator<Item = String> {
        let more = self.0.iter().filter(|proof| proof.left > 0);
        more.map(|proof| {
            let place = match &proof.place {
                Proven::Line(file, line, _) => format!("{file}: {line}"),
                Proven::Function(function) => function.clone(),
            };
            format!("{place} ({} more)", proof.left)
        })
    }
}

/// Lines of the sources, by file.
#[derive(Default)]
struct Sources(BTreeMap<String, Vec<String>>);

impl Sources {
    /// The text of `file:line`, without its indentation.
    fn line(&mut self, place: &str) -> Option<String> {
        let (file, line) = place.rsplit_once(':')?;
        let lines = self.0.entry(file.to_owned()).or_insert_with(|| {
            let text = fs::read_to_string(project::root().join(file));
            let text = text.unwrap_or_default();
            text.lines().map(|line| line.trim().to_owned()).collect()
        });
        let at: usize = line.parse().ok()?;
        lines.get(at.checked_sub(1)?).cloned()
    }
}

/// Taken edges and all edges of each file, in a table.
type Files = BTreeMap<String, (usize, usize)>;

fn print(edges: &Taken, places: &[(Frames, String)]) -> Result<()> {
    let mut lines = lines(edges, places);
    let mut reasons = Reasons::read()?;
    let mut dead = Dead::read()?;
    let mut sources = Sources::default();
    let mut dead_edges = 0;
    for line in &mut lines {
        let count = dead.of(line, &mut sources);
        line.edges -= count;
        line.of -= count;
        dead_edges += count;
    }
    let mut files = Files::new();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let (mut all, mut missed, mut rest) = (0, 0, String::new());
    let mut left = 0;
    for line in &lines {
        let file = line.place.rsplit_once(':').map_or("", |(file, _)| file);
        let counts = files.entry(file.to_owned()).or_default();
        counts.0 += line.of - line.edges;
        counts.1 += line.of;
        all += line.of;
        missed += line.edges;
        if line.edges == 0 {
            continue;
        }
        let kind = KINDS.iter().find(|(_, is)| is(line)).map(|(kind, _)| *kind);
        let reason = match kind {
            Some(kind) => Some(kind.to_owned()),
            None => reasons.of(&line.place, &mut sources).map(str::to_owned),
        };
        match reason {
            Some(reason) => *kinds.entry(reason).or_default() += line.edges,
            None => {
                left += line.edges;
                let text = sources.line(&line.place).unwrap_or_default();
                let inlined = line.frames.len().saturating_sub(1);
                rest.push_str(&format!(
                    "{}: {} of {}: {text} [{}]\n",
                    line.place,
                    line.edges,
                    line.of,
                    line.frames[..inlined].join(" < ")
                ));
            }
        }
    }
    println!("Edges of the driver's image by file; of copies the one of which most is taken:");
    fuzz::table(files.iter().map(|(file, counts)| (file.as_str(), *counts)));
    println!("missed, {missed} in all:");
    let mut sorted: Vec<_> = kinds.iter().collect();
    sorted.sort_by_key(|(_, edges)| Reverse(**edges));
    for (reason, edges) in sorted {
        println!("{edges:8}  {reason}");
    }
    println!("{left:8}  not accounted for");
    for row in reasons.idle() {
        println!("a reason that nothing needs: {row}");
    }
    for proof in dead.refuted() {
        println!("not dead, or gone: {proof}");
    }
    let part = |taken: usize, all: usize| 100.0 * taken as f64 / all.max(1) as f64;
    let taken = all - missed;
    println!("{dead_edges:8}  dead, and not counted: tools/xtask/dead-edges.txt");
    println!(
        "taken {:.1} %, {taken} of {all}; with the dead ones {:.1} %; taken or accounted for {:.1} %, {}",
        part(taken, all),
        part(taken, all + dead_edges),
        part(all - left, all),
        all - left
    );
    let copies = edges.values().filter(|taken| **taken).count();
    println!(
        "each copy of an edge for itself: {:.1} %, {copies} of {}",
        part(copies, edges.len()),
        edges.len()
    );
    let directory = project::root().join("target/fuzz");
    fs::create_dir_all(&directory)?;
    let file = directory.join("uncovered-image.txt");
    fs::write(&file, rest).with_context(|| format!("cannot write {}", file.display()))?;
    println!("what is not accounted for: {}", file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(places: &[&str]) -> Frames {
        places.iter().map(|&place| place.to_owned()).collect()
    }

    #[test]
    fn places_without_the_machine() {
        let text = "core::ptr::drop_in_place<u8>\n/lib/library/core/src/ptr/mod.rs:9:1\nf\n??:0:0\n\n\
                    get\n/usr/lib/rustlib/src/rust/library/core/src/option.rs:7:1\n\
                    push\n/arioso/core/src/mem/vec.rs:8:2\nentry\n/arioso/src/entry.rs:9:3\n\n\
                    f\n??:0:0\n\n";
        let expected = [
            (frames(&[DROP, "??:0"]), "f".to_owned()),
            (
                frames(&[
                    "library/core/src/option.rs:7",
                    "core/src/mem/vec.rs:8",
                    "src/entry.rs:9",
                ]),
                "entry".to_owned(),
            ),
            (frames(&["??:0"]), "f".to_owned()),
        ];
        assert_eq!(places(text), expected);
    }

    /// Two functions inline a line, and one of them twice.
    #[test]
    fn an_edge_counts_in_its_best_copy() {
        let inlined = |place: &str, at: &str| (frames(&[place, at]), "f".to_owned());
        let edges: Taken = [
            (1, false),
            (2, false),
            (3, true),
            (4, false),
            (5, false),
            (6, true),
        ]
        .into();
        let places = [
            inlined("src/a.rs:1", "src/b.rs:1"),
            inlined("src/a.rs:1", "src/b.rs:1"),
            inlined("src/a.rs:1", "src/b.rs:2"),
            inlined("src/a.rs:1", "src/b.rs:2"),
            (frames(&["src/b.rs:3"]), "f".to_owned()),
            (frames(&["library/core/src/option.rs:1"]), "f".to_owned()),
        ];
        let counts: Vec<_> = lines(&edges, &places)
            .into_iter()
            .map(|line| (line.place, line.edges, line.of))
            .collect();
        let expected = [
            (ELSEWHERE.to_owned(), 0, 1),
            ("src/a.rs:1".to_owned(), 1, 2),
            ("src/b.rs:3".to_owned(), 1, 1),
        ];
        assert_eq!(counts, expected);
    }

    #[test]
    fn proofs_of_so_many_edges() {
        let text = "# a remark\nsrc/a.rs: if x | y { | slice/index.rs | 3 | a mask\n\
                    src/a.rs: if x | y { | - | 1 | never\nfn new | 4 | no input\n";
        let mut dead = Dead::parse(text).unwrap();
        let mut sources = Sources::default();
        sources
            .0
            .insert("src/a.rs".into(), vec!["if x | y {".into()]);
        let missed = |library: &[&str], edges| Missed {
            place: "src/a.rs:1".into(),
            frames: frames(&[library, &["src/a.rs:1"]].concat()),
            edges,
            of: 9,
            met: true,
            function: (edges > 2).then(|| "new".to_owned()),
        };
        let index = ["library/core/src/slice/index.rs:5"];
        assert_eq!(dead.of(&missed(&index, 2), &mut sources), 2);
        assert_eq!(
            dead.of(&missed(&["library/core/src/option.rs:5"], 2), &mut sources),
            0
        );
        assert_eq!(dead.refuted().count(), 3);
        assert_eq!(dead.of(&missed(&index, 2), &mut sources), 1);
        assert_eq!(dead.of(&missed(&[], 2), &mut sources), 1);
        assert_eq!(dead.refuted().count(), 1);
        assert_eq!(dead.of(&missed(&[], 3), &mut sources), 3);
        assert_eq!(dead.refuted().collect::<Vec<_>>(), ["new (1 more)"]);
        assert!(Dead::parse("src/a.rs: x | - | many | why").is_err());
        assert!(Dead::parse("src/a.rs: x | 1 | why").is_err());
    }

    #[test]
    fn reasons_by_the_text_of_a_line() {
        let reasons =
            Reasons::parse("# a remark\nsrc/a.rs: if x { | never | why\nsrc/b.rs: * | all\n");
        let mut reasons = reasons.unwrap();
        let mut sources = Sources::default();
        sources
            .0
            .insert("src/a.rs".into(), vec!["x".into(), "if x { | never".into()]);
        assert_eq!(reasons.of("src/a.rs:1", &mut sources), None);
        assert_eq!(reasons.of("src/a.rs:2", &mut sources), Some("why"));
        assert_eq!(reasons.idle().collect::<Vec<_>>(), ["src/b.rs: *"]);
        assert_eq!(reasons.of("src/b.rs:7", &mut sources), Some("all"));
        assert_eq!(reasons.idle().count(), 0);
        assert!(Reasons::parse("src/a.rs: no reason").is_err());
    }
}
