// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page of the verifier's rules is what the list of rules says. After a change of the list, the table in the message goes into the page.

use simkernel::verifier::Rule;
use simkernel::verifier::rules::{BESIDES, PAGES};
use std::fmt::Write;

const PAGE: &str = include_str!("../../../docs/verifier.md");

/// The part of a page from a line on, to an empty one.
fn table(head: &str) -> String {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(head));
    lines
        .take_while(|line| !line.is_empty())
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn page_has_the_rules() {
    let mut rules =
        "| rule | Windows' number | demands | page | broken by |\n|---|---|---|---|---|\n"
            .to_owned();
    for rule in Rule::ALL {
        let number = rule.number();
        let number = number.map_or(String::new(), |(code, parameter)| {
            format!("{code:#X}, {parameter:#X}")
        });
        let plants: Vec<String> = rule
            .plants()
            .iter()
            .map(|plant| format!("{} `{}`", plant.place(), plant.name()))
            .collect();
        writeln!(
            rules,
            "| {} | {number} | {} | [{}]({PAGES}{}) | {} |",
            rule.name(),
            rule.what(),
            rule.page().rsplit('/').next().unwrap_or_default(),
            rule.page(),
            plants.join(", ")
        )
        .expect("a string grows");
    }
    assert_eq!(
        table("| rule |"),
        rules,
        "docs/verifier.md is to have\n{rules}"
    );
}

#[test]
fn page_has_what_else_is_broken() {
    let mut besides = "| driver | breaks too | because |\n|---|---|---|\n".to_owned();
    for (plant, rules, why) in BESIDES {
        let names: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
        writeln!(
            besides,
            "| {} `{}` | {} | {why} |",
            plant.place(),
            plant.name(),
            names.join(", ")
        )
        .expect("a string grows");
    }
    assert_eq!(
        table("| driver |"),
        besides,
        "docs/verifier.md is to have\n{besides}"
    );
}

/// A number is one rule's, and so is a name of Driver Verifier's.
#[test]
fn numbers_are_single() {
    let mut seen = std::collections::BTreeSet::new();
    for rule in Rule::ALL {
        if let Some(number) = rule.number() {
            assert!(seen.insert(number), "{rule}");
        }
        assert!(!rule.what().is_empty() && !rule.plants().is_empty());
    }
}
