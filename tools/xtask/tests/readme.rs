// SPDX-License-Identifier: MIT OR Apache-2.0
//! What README.md and the user's guide name is there: the commands of `cargo xtask` with their flags, and the files.

#[path = "support/text.rs"]
mod text;

use std::path::Path;
use std::process::Command;
use text::{PAGES, commands, links, page, paths, root};

#[test]
fn every_command_of_xtask_and_its_flags_are_in_the_help() {
    let mut seen = 0;
    for name in PAGES {
        for words in commands(&page(name), "cargo xtask") {
            let Some(command) = words.first().filter(|word| !word.starts_with('-')) else {
                continue;
            };
            let help = help(&[command]);
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                assert!(
                    help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")),
                    "{name}: `cargo xtask {command}` has no {flag}:\n{help}"
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} commands found");
}

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .arg("--help")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "`cargo xtask {arguments:?}`: {said}"
    );
    said
}

#[test]
fn every_file_that_is_named_is_there() {
    let mut seen = 0;
    for name in PAGES {
        let text = page(name);
        let directory = Path::new(name).parent().unwrap();
        for link in links(&text) {
            assert!(
                root().join(directory).join(&link).exists(),
                "{name}: no {link}"
            );
            seen += 1;
        }
        for path in paths(&text) {
            assert!(root().join(&path).exists(), "{name}: no {path}");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} files found");
}

#[test]
fn readme_is_short() {
    assert!(page("README.md").lines().count() <= 150);
}

#[test]
fn what_is_wrong_is_found() {
    let text = "`cargo xtask bild --fast`, [a](docs/b.md), `core/nothing.rs`\n```\ncargo xtask demo   # x\n```\n";
    assert_eq!(
        commands(text, "cargo xtask"),
        [
            vec!["bild".to_owned(), "--fast".into()],
            vec!["demo".into()]
        ]
    );
    assert_eq!(links(text), ["docs/b.md"]);
    assert_eq!(paths(text), ["core/nothing.rs"]);
}
