// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every size, offset, slot, constant and GUID of `arioso_core::ks` against the installed headers; what these lack, against the
//! numbers in `expected`. A declaration that is neither in the headers nor on a list there fails, and so does one that is in both.

mod declared;
mod expected;
mod headers;

use std::collections::BTreeSet;

use arioso_core::ks::GUID;
use declared::Type;
use headers::{HEADERS, Layout};

fn assert_none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} differences\n{}",
        problems.len(),
        problems.join("\n")
    );
}

fn compare(ours: &Type, theirs: &Layout) -> Vec<String> {
    let name = ours.name;
    let mut problems = Vec::new();
    if (ours.size, ours.align) != (theirs.size, theirs.align) {
        problems.push(format!(
            "{name}: size {} align {}, the headers {} {}",
            ours.size, ours.align, theirs.size, theirs.align
        ));
    }
    for field in ours.fields {
        let same = |f: &&headers::Leaf| {
            (f.name.as_str(), f.offset, f.size) == (field.name, field.offset, field.size)
        };
        if theirs.fields.iter().find(same).is_none() {
            let there: Vec<_> = theirs
                .fields
                .iter()
                .filter(|f| f.name == field.name || f.offset == field.offset)
                .collect();
            problems.push(format!("{name}: {field:?}, the headers {there:?}"));
        }
    }
    // Other members of a union that we flattened lie within a field of ours; anything else was forgotten.
    let covered = |f: &headers::Leaf| {
        expected::UNION_MEMBERS.contains(&(name, &f.name))
            || ours
                .fields
                .iter()
                .any(|o| o.offset <= f.offset && f.offset + f.size <= o.offset + o.size)
    };
    problems.extend(
        theirs
            .fields
            .iter()
            .filter(|f| !covered(f))
            .map(|f| format!("{name}: lacks {f:?}")),
    );
    problems
}

#[test]
fn structures_are_laid_out_as_in_the_headers() {
    let problems: Vec<_> = declared::TYPES
        .iter()
        .flat_map(|ours| {
            HEADERS
                .types
                .get(ours.name)
                .into_iter()
                .flatten()
                .map(move |theirs| (ours, theirs))
        })
        .flat_map(|(ours, theirs)| compare(ours, theirs))
        .collect();
    assert_none(&problems);
}

#[test]
fn vtables_have_the_slots_of_the_headers() {
    let mut problems = Vec::new();
    for (interface, ours) in declared::INTERFACES {
        let mine: Vec<_> = ours.fields.iter().map(|f| (f.name, f.offset)).collect();
        for theirs in HEADERS.types.get(ours.name).into_iter().flatten() {
            let slots: Vec<_> = theirs
                .fields
                .iter()
                .map(|f| (f.name.as_str(), f.offset))
                .collect();
            if mine != slots {
                problems.push(format!("{interface}: {mine:?}, the headers {slots:?}"));
                continue;
            }
            for (slot, ours) in theirs.fields.iter().zip(ours.signatures) {
                let there = slot
                    .signature
                    .as_ref()
                    .unwrap_or_else(|| panic!("{interface}::{}: not a function", slot.name));
                let hidden = expected::HIDDEN_RESULTS.contains(&(interface, &slot.name));
                if !hidden && (ours.parameters, ours.result) != (&there.0, there.1) {
                    problems.push(format!(
                        "{interface}::{}: {ours:?}, the headers {there:?}",
                        slot.name
                    ));
                }
            }
        }
    }
    assert_none(&problems);
}

/// A 32-bit value without the sign that one side may have given it.
fn unsigned(value: i64) -> i64 {
    i32::try_from(value).map_or(value, |v| i64::from(v as u32))
}

#[test]
fn constants_have_the_values_of_the_headers() {
    let mut problems = Vec::new();
    for (name, ours) in declared::CONSTANTS {
        for theirs in HEADERS.constants.get(*name).into_iter().flatten() {
            if unsigned(*ours) != unsigned(*theirs) {
                problems.push(format!("{name}: {ours:#x}, the headers {theirs:#x}"));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn guids_are_those_of_the_headers() {
    let mut problems = Vec::new();
    for (name, ours) in declared::GUIDS {
        for theirs in HEADERS.guids.get(*name).into_iter().flatten() {
            if ours.to_u128() != *theirs && !expected::HEADER_ERRORS.contains(&(*name, *theirs)) {
                problems.push(format!(
                    "{name}: {ours}, the headers {}",
                    GUID::from_u128(*theirs)
                ));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn create_names_are_those_of_the_headers() {
    for (name, ours) in declared::STRINGS {
        let theirs = HEADERS
            .strings
            .get(*name)
            .unwrap_or_else(|| panic!("{name}: not in the headers"));
        assert!(
            theirs.iter().all(|t| t.eq_ignore_ascii_case(ours)),
            "{name}: {ours}, the headers {theirs:?}"
        );
    }
}

/// The lists in `expected` are exactly what the headers lack.
#[test]
fn nothing_escapes_comparison() {
    let lacking: BTreeSet<_> = declared::TYPES
        .iter()
        .map(|t| t.name)
        .chain(declared::INTERFACES.iter().map(|(_, vtable)| vtable.name))
        .filter(|n| !HEADERS.types.contains_key(n))
        .chain(
            declared::CONSTANTS
                .iter()
                .map(|(n, _)| *n)
                .filter(|n| !HEADERS.constants.contains_key(*n)),
        )
        .chain(
            declared::GUIDS
                .iter()
                .map(|(n, _)| *n)
                .filter(|n| !HEADERS.guids.contains_key(*n)),
        )
        .collect();
    let mut listed: BTreeSet<_> = expected::OURS.iter().copied().collect();
    if !cfg!(windows) {
        listed.extend(expected::NOT_IN_MINGW);
    }
    let unlisted: Vec<_> = lacking.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&lacking).collect();
    assert!(
        unlisted.is_empty() && stale.is_empty(),
        "not in the headers and not listed: {unlisted:?}\nlisted, but in the headers or not declared: {stale:?}"
    );
}

/// Every declaration on a list has its expected numbers, and agrees with them.
#[test]
fn what_the_headers_lack_is_as_documented() {
    let mut without: BTreeSet<_> = expected::OURS
        .iter()
        .chain(expected::NOT_IN_MINGW)
        .copied()
        .collect();
    for (name, size, fields) in expected::STRUCTURES {
        let ours = declared::TYPES
            .iter()
            .find(|t| t.name == *name)
            .unwrap_or_else(|| panic!("{name} is not declared"));
        assert_eq!(ours.size, *size, "{name}");
        assert_eq!(
            ours.fields
                .iter()
                .map(|f| (f.name, f.offset))
                .collect::<Vec<_>>(),
            *fields,
            "{name}"
        );
        without.remove(name);
    }
    for (name, slots) in expected::VTABLES {
        let (_, ours) = declared::INTERFACES
            .iter()
            .find(|i| i.1.name == *name)
            .unwrap_or_else(|| panic!("{name} is not declared"));
        let all: Vec<_> = ["QueryInterface", "AddRef", "Release"]
            .iter()
            .chain(*slots)
            .enumerate()
            .map(|(i, s)| (*s, 8 * i))
            .collect();
        assert_eq!(
            ours.fields
                .iter()
                .map(|f| (f.name, f.offset))
                .collect::<Vec<_>>(),
            all,
            "{name}"
        );
        without.remove(name);
    }
    for (name, value) in expected::CONSTANTS {
        let ours = declared::CONSTANTS
            .iter()
            .find(|c| c.0 == *name)
            .unwrap_or_else(|| panic!("{name} is not declared"));
        assert_eq!(ours.1, *value, "{name}");
        without.remove(name);
    }
    for (name, text) in expected::GUIDS {
        let ours = declared::GUIDS
            .iter()
            .find(|g| g.0 == *name)
            .unwrap_or_else(|| panic!("{name} is not declared"));
        assert_eq!(ours.1.to_string(), *text, "{name}");
        without.remove(name);
    }
    assert!(without.is_empty(), "listed without numbers: {without:?}");
}
