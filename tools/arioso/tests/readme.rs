// SPDX-License-Identifier: MIT OR Apache-2.0
//! What README.md and the user's guide name of `arioso` is there: its commands with their flags.

#[path = "../../xtask/tests/support/text.rs"]
mod text;

use std::fs;
use std::process::Command;
use text::{PAGES, commands, page, root};

/// How `arioso` is called on the pages.
const CALLS: [&str; 2] = ["--bin arioso --", "arioso"];

#[test]
fn every_command_of_arioso_and_its_flags_are_in_the_help() {
    let windows = commands_for_windows();
    let mut seen = 0;
    for name in PAGES {
        let text = page(name);
        for words in CALLS.iter().flat_map(|call| commands(&text, call)) {
            let Some(command) = words.first().filter(|word| !word.starts_with('-')) else {
                continue;
            };
            // Windows' own can only be looked up.
            if windows.iter().any(|known| known == command) {
                seen += 1;
                continue;
            }
            let below = words
                .get(1)
                .filter(|_| command == "bank")
                .map(String::as_str);
            let arguments: Vec<&str> = [command.as_str()].into_iter().chain(below).collect();
            let help = help(&arguments);
            let windows = words.iter().any(|word| word.starts_with("C:"));
            for flag in words.iter().filter(|word| word.starts_with('-')) {
                let known = [' ', ',', '\n']
                    .iter()
                    .any(|end| help.contains(&format!("{flag}{end}")));
                assert!(
                    known || windows,
                    "{name}: `arioso {command}` has no {flag}:\n{help}"
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 8, "only {seen} commands found");
}

/// The commands that only Windows has, from the source.
fn commands_for_windows() -> Vec<String> {
    let source = fs::read_to_string(root().join("tools/arioso/src/windows/mod.rs")).unwrap();
    let (_, after) = source.split_once("enum Command {").expect("the commands");
    let body = after.split("\n}").next().unwrap();
    let here = help(&[]);
    let variants = body.lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?;
        let name = name.split([',', ' ', '(', '{']).next()?;
        let first = name.chars().next()?;
        first.is_ascii_uppercase().then(|| name.to_lowercase())
    });
    variants
        .filter(|name| !here.contains(&format!("\n  {name} ")))
        .collect()
}

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_arioso"))
        .env("ARIOSO_HOME", "/nonexistent")
        .args(arguments)
        .arg("--help")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "`arioso {arguments:?}`: {said}");
    said
}
