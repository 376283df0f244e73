// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lists the declarations of `core/src/ks` as Rust tables, from the source text.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Tuple structures that stand for one field of a C structure, which is compared.
const NEWTYPES: [&str; 2] = ["AlignedGuid", "DMUS_KERNEL_EVENT_DATA"];
/// Structures of the declaration machinery itself.
const MACHINERY: [&str; 1] = ["layout.rs"];

#[derive(Default)]
struct Tables {
    types: String,
    interfaces: String,
    constants: String,
    guids: String,
    strings: String,
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src/ks");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut tables = Tables::default();
    for file in sources(&root) {
        let relative = file.strip_prefix(&root).expect("below the root");
        if MACHINERY.iter().any(|m| relative == Path::new(m)) {
            continue;
        }
        let module = relative
            .iter()
            .next()
            .expect("a file name")
            .to_str()
            .expect("UTF-8");
        let module = module.strip_suffix(".rs").unwrap_or(module);
        let path = if module == "mod" {
            "ks".to_owned()
        } else {
            format!("ks::{module}")
        };
        let text = fs::read_to_string(&file).expect("readable source");
        tables.read(&path, &text);
    }
    let Tables {
        types,
        interfaces,
        constants,
        guids,
        strings,
    } = tables;
    let text = format!(
        "pub static TYPES: &[Type] = &[{types}];\n\
         pub static INTERFACES: &[(&str, Type)] = &[{interfaces}];\n\
         pub static CONSTANTS: &[(&str, i64)] = &[{constants}];\n\
         pub static GUIDS: &[(&str, GUID)] = &[{guids}];\n\
         pub static STRINGS: &[(&str, &str)] = &[{strings}];\n"
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
    fs::write(out.join("declared.rs"), text).expect("writable OUT_DIR");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("core's source")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
        .into_iter()
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect()
}

impl Tables {
    fn read(&mut self, path: &str, text: &str) {
        let mut list = None;
        for line in text.lines() {
            let trimmed = line.trim();
            if let Some(kind) = ["guids! {", "statuses! {"]
                .into_iter()
                .find(|k| trimmed == *k)
            {
                list = Some(kind);
            } else if line == "}" {
                list = None;
            } else if let Some(kind) = list {
                if let Some((name, _)) = trimmed
                    .split_once(" = ")
                    .filter(|_| !trimmed.starts_with("//"))
                {
                    let table = if kind == "guids! {" {
                        &mut self.guids
                    } else {
                        &mut self.constants
                    };
                    let cast = if kind == "guids! {" { "" } else { " as i64" };
                    writeln!(table, "({name:?}, arioso_core::{path}::{name}{cast}),")
                        .expect("a string");
                }
            } else if let Some(rest) = trimmed.strip_prefix("pub struct ") {
                self.structure(path, rest);
            } else if let Some(rest) = trimmed.strip_prefix("pub interface ") {
                let (name, vtbl) = rest
                    .split_once(')')
                    .and_then(|(r, _)| r.split_once('('))
                    .expect("an interface");
                writeln!(
                    self.interfaces,
                    "({name:?}, Type::of_vtable::<arioso_core::{path}::{vtbl}>()),"
                )
                .expect("a string");
            } else if let Some(rest) = line
                .strip_prefix("pub const ")
                .filter(|r| !r.starts_with("fn "))
            {
                let (name, rest) = rest.split_once(": ").expect("a constant");
                match rest.split_once(" =").expect("a constant").0 {
                    "GUID" => writeln!(self.guids, "({name:?}, arioso_core::{path}::{name}),"),
                    "&str" => writeln!(self.strings, "({name:?}, arioso_core::{path}::{name}),"),
                    _ => writeln!(
                        self.constants,
                        "({name:?}, arioso_core::{path}::{name} as i64),"
                    ),
                }
                .expect("a string");
            } else if let Some(kind) = ["pub union ", "pub enum ", "pub static "]
                .iter()
                .find(|k| trimmed.starts_with(**k))
            {
                panic!("{path}: a `{kind}` that the comparison does not understand: {trimmed}");
            }
        }
    }

    fn structure(&mut self, path: &str, rest: &str) {
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if NEWTYPES.contains(&name.as_str()) {
            return;
        }
        assert!(
            rest[name.len()..].trim_start().starts_with('{'),
            "{path}: a structure of an unknown form: {rest}"
        );
        writeln!(self.types, "Type::of::<arioso_core::{path}::{name}>(),").expect("a string");
    }
}
