// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whoever has the repository alone can open whatever it names: links of the documentation, pages and files that documentation and
//! comments mention.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files that git knows, or would take.
fn tree() -> Vec<String> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(root())
        .output()
        .expect("git");
    assert!(output.status.success(), "git ls-files failed");
    let names = String::from_utf8(output.stdout).expect("names in UTF-8");
    let names: Vec<String> = names
        .split_terminator('\0')
        .map(str::to_owned)
        .filter(|name| root().join(name).exists())
        .collect();
    assert!(names.len() > 100, "a checkout with its files");
    names
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect(name)
}

/// The part of a text between each `open` and the next `close` on the same line.
fn between<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.match_indices(open).filter_map(move |(at, _)| {
        let rest = text[at + open.len()..].lines().next()?;
        rest.split_once(close).map(|(inside, _)| inside)
    })
}

/// Text without its fenced blocks: those are examples.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// The name of a heading as GitHub makes its anchor.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Every relative link leads to a file or directory, and to a heading if it names one.
#[test]
fn links() {
    let mut broken = Vec::new();
    let mut links = 0;
    for page in tree().iter().filter(|name| name.ends_with(".md")) {
        let directory = Path::new(page).parent().expect("a directory");
        let text = prose(&read(page));
        for link in between(&text, "](", ')') {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            links += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                PathBuf::from(page)
            } else {
                directory.join(file)
            };
            let target = root().join(target);
            let known = target.exists()
                && (heading.is_empty()
                    || fs::read_to_string(&target).is_ok_and(|text| {
                        text.lines()
                            .any(|line| line.starts_with('#') && anchor(line) == heading)
                    }));
            if !known {
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(links > 20, "the documentation has links");
    assert!(broken.is_empty(), "broken links: {broken:#?}");
}

/// Pages that comments and documentation name are there, by that name. A page of somebody else's repository is named with its own path in
/// the reference, which is not looked at here.
#[test]
fn pages() {
    let tree = tree();
    let known: BTreeSet<&str> = tree
        .iter()
        .filter(|name| name.ends_with(".md"))
        .flat_map(|name| {
            name.match_indices('/')
                .map(|(at, _)| &name[at + 1..])
                .chain([name.as_str()])
        })
        .collect();
    let mut missing = Vec::new();
    let mut mentions = 0;
    for name in &tree {
        let looked_at = [".rs", ".md", ".c", ".h", ".toml", ".yml"]
            .iter()
            .any(|kind| name.ends_with(kind))
            && !name.starts_with("docs/reference/")
            // Their texts name pages that are not meant to be there.
            && !name.starts_with("tools/xtask/tests/re");
        if !looked_at {
            continue;
        }
        for word in read(name).split(|c: char| !(c.is_alphanumeric() || "-_./<>".contains(c))) {
            let word = word.trim_start_matches("../").trim_matches('.');
            if let Some(stem) = word.strip_suffix(".md")
                && !stem.is_empty()
                && !word.contains(['<', '>'])
            {
                mentions += 1;
                if !known.contains(word) {
                    missing.push(format!("{name}: {word}"));
                }
            }
        }
    }
    assert!(mentions > 20, "pages are named");
    assert!(missing.is_empty(), "pages that are not there: {missing:#?}");
}

/// Paths of the repository in backticks exist: `core/src/…`, `tests/…`, `docs/…` and the like.
#[test]
fn paths() {
    let tree = tree();
    let mut places: BTreeSet<String> = tree.iter().cloned().collect();
    for name in &tree {
        places.extend(
            Path::new(name)
                .ancestors()
                .skip(1)
                .map(|directory| directory.display().to_string()),
        );
    }
    let tops = [
        "benches/", "core/", "docs/", "fuzz/", "inf/", "src/", "tests/", "tools/", ".github/",
    ];
    let mut missing = Vec::new();
    let mut mentions = 0;
    let pages = tree
        .iter()
        .filter(|name| name.ends_with(".md") && !name.starts_with("docs/reference/"));
    for page in pages {
        let text = prose(&read(page));
        // Every second part lies between backticks.
        for word in text.split('`').skip(1).step_by(2) {
            let path = word.trim_end_matches('/');
            let is_path = tops.iter().any(|top| word.starts_with(top))
                && !path.contains(['*', '<', '…', ' ', '{', ':', '$']);
            if is_path {
                mentions += 1;
                // Relative to the page too, as in a directory's own README.
                let beside = Path::new(page).parent().is_some_and(|directory| {
                    places.contains(&directory.join(path).display().to_string())
                });
                if !places.contains(path) && !beside {
                    missing.push(format!("{page}: {word}"));
                }
            }
        }
    }
    assert!(mentions > 20, "paths are named");
    assert!(missing.is_empty(), "paths that are not there: {missing:#?}");
}
