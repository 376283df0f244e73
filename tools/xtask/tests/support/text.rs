// SPDX-License-Identifier: MIT OR Apache-2.0
//! Commands and files that a page names. Used by the tests of `xtask` and of `arioso`.

use std::fs;
use std::path::{Path, PathBuf};

/// The pages whose commands are held against the programs.
pub const PAGES: [&str; 3] = ["README.md", "docs/guide.md", "docs/status.md"];

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// What follows `program` in each code span and each line of a code block: words, without comments and brackets.
pub fn commands(text: &str, program: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for code in code(text) {
        let mut rest = code.as_str();
        while let Some(at) = rest.find(program) {
            let before = rest[..at].chars().next_back();
            rest = &rest[at + program.len()..];
            if before.is_some_and(|c| !c.is_whitespace()) || !rest.starts_with(' ') {
                continue;
            }
            let line = rest.split('#').next().unwrap_or(rest);
            let words = line.split(|c: char| c.is_whitespace() || "[]|\\".contains(c));
            let words = words.filter(|word| !word.is_empty() && *word != "--" && *word != "…");
            found.push(words.map(str::to_owned).collect());
        }
    }
    found
}

/// The code spans, and the lines of code blocks.
fn code(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            block = !block;
        } else if block {
            found.push(line.to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The targets of links within the repository.
#[allow(dead_code)]
pub fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://"))
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The code spans that name a file or a directory of the repository.
#[allow(dead_code)]
pub fn paths(text: &str) -> Vec<String> {
    const DIRECTORIES: [&str; 9] = [
        "src/", "core/", "tests/", "tools/", "benches/", "fuzz/", "docs/", "inf/", ".github/",
    ];
    let mut spans = code(text);
    spans.retain(|span| {
        DIRECTORIES.iter().any(|start| span.starts_with(start))
            && !span.contains(|c: char| c.is_whitespace() || "<*…".contains(c))
    });
    spans
}
