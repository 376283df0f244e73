// SPDX-License-Identifier: MIT OR Apache-2.0
//! Format, clippy, and the rules of ring 0 that can be read off the source.

mod source;

use crate::driver::{self, Arch, Build};
use crate::{process, project, setup};
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Where `unsafe` may be.
const UNSAFE: &[&str] = &[
    "src/kernel/",
    "src/com/",
    "core/src/mem/",
    "core/src/synth/simd/",
];

/// Ring 0: what ends up in the driver.
const RING_0: &[&str] = &["src", "core/src"];

/// Panics in disguise. Indexing, slicing and division are left to the no-panic check, which sees them all.
const PANICS: &[&str] = &[
    ".unwrap()",
    ".expect(",
    ".unwrap_err()",
    ".expect_err(",
    "panic!",
    "todo!",
    "unimplemented!",
    "unreachable!",
];

/// Allocations that abort instead of failing. Clippy holds the core to a longer list (core/clippy.toml); it does not
/// see the driver.
const ABORTING: &[&str] = &[
    "vec!",
    "format!",
    "::with_capacity(",
    ".reserve(",
    ".reserve_exact(",
    ".extend(",
    ".extend_from_slice(",
    ".collect::<",
    ".to_vec(",
    ".to_owned(",
    ".to_string(",
    "Box::new(",
    "Box::pin(",
    "Rc::new(",
    "Arc::new(",
];

/// Checks format, lints and source rules; says everything that it finds.
pub fn lint() -> Result<()> {
    setup::install(setup::DRIVER)?;
    type Check = (&'static str, fn() -> Result<()>);
    let checks: [Check; 5] = [
        ("format", format),
        ("clippy", clippy),
        ("documentation", documentation),
        ("the driver's warnings", driver_warnings),
        ("rules of ring 0", ring_0),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        if let Err(error) = check() {
            eprintln!("{name}: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("findings in {}", failed.join(", "));
    }
    println!("no findings");
    Ok(())
}

fn format() -> Result<()> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    process::run(process::cargo().args([
        "clippy",
        "--quiet",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

/// Links that lead nowhere, items without a line.
fn documentation() -> Result<()> {
    process::run(
        process::cargo()
            .env("RUSTDOCFLAGS", "--deny warnings")
            .args([
                "doc",
                "--quiet",
                "--keep-going",
                "--no-deps",
                "--document-private-items",
            ]),
    )
}

/// There is no clippy for the driver's target without its library; the compiler's own warnings count.
fn driver_warnings() -> Result<()> {
    let warnings = driver::warnings(&Build::release(Arch::X64))?;
    if !warnings.is_empty() {
        bail!("\n{warnings}");
    }
    Ok(())
}

fn ring_0() -> Result<()> {
    let mut findings = Vec::new();
    for directory in RING_0 {
        for file in rust_files(&project::root().join(directory))? {
            let name = file
                .strip_prefix(project::root())
                .unwrap_or(&file)
                .display()
                .to_string();
            findings.extend(source_rules(&name, &fs::read_to_string(&file)?));
        }
    }
    if !findings.is_empty() {
        bail!("\n{}", findings.join("\n"));
    }
    Ok(())
}

/// What one file of ring 0 does that it may not.
fn source_rules(name: &str, text: &str) -> Vec<String> {
    let may_be_unsafe = UNSAFE.iter().any(|place| name.starts_with(place));
    let mut findings = Vec::new();
    for (number, line) in source::code_outside_tests(text).lines().enumerate() {
        let mut report = |what: &str| findings.push(format!("{name}:{}: {what}", number + 1));
        if !may_be_unsafe && source::has_word(line, "unsafe") && !is_signature(line) {
            report(&format!("`unsafe` outside of {}", UNSAFE.join(", ")));
        }
        for panic in PANICS.iter().filter(|panic| line.contains(**panic)) {
            report(&format!("`{panic}` in ring 0"));
        }
        for call in ABORTING.iter().filter(|call| line.contains(**call)) {
            report(&format!("`{call}` in ring 0: it cannot fail"));
        }
    }
    findings
}

/// A type's `unsafe extern "…" fn` is a fact about an interface, not an unsafe operation.
fn is_signature(line: &str) -> bool {
    line.match_indices("unsafe")
        .all(|(at, _)| line[at..].starts_with("unsafe extern") && line[at..].contains("fn("))
}

/// The sources below a directory, without the modules that only a test build has.
fn rust_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    let mut of_tests = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file)?;
        of_tests.extend(source::test_modules(&text).map(|module| place(file, module)));
    }
    files.retain(|file| {
        !of_tests
            .iter()
            .any(|module| file.starts_with(module) || file.with_extension("") == *module)
    });
    files.sort();
    Ok(files)
}

/// Where a file's child module is: the path without `.rs`, or the directory. `module` is a name or a `#[path]`.
fn place(file: &Path, module: &str) -> PathBuf {
    let directory = file.parent().unwrap_or(file);
    if let Some(path) = module.strip_suffix(".rs") {
        return directory.join(path);
    }
    match file.file_stem().and_then(|name| name.to_str()) {
        Some("mod" | "lib") | None => directory.join(module),
        Some(name) => directory.join(name).join(module),
    }
}

#[cfg(test)]
mod tests {
    use super::{place, ring_0, source_rules};
    use std::path::Path;

    #[test]
    fn the_sources_follow_the_rules() {
        if let Err(findings) = ring_0() {
            panic!("{findings}");
        }
    }

    #[test]
    fn places_of_modules() {
        for (file, module, expected) in [
            ("a/mod.rs", "tests", "a/tests"),
            ("a/lib.rs", "tests", "a/tests"),
            ("a/b.rs", "tests", "a/b/tests"),
            ("a/b.rs", "b_tests.rs", "a/b_tests"),
        ] {
            assert_eq!(place(Path::new(file), module), Path::new(expected));
        }
    }

    #[test]
    fn finds_what_is_forbidden() {
        let found = source_rules(
            "core/src/dls/x.rs",
            "fn f() {\n    unsafe { g() };\n    h().unwrap();\n}\n",
        );
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("core/src/dls/x.rs:2:"));
        assert!(found[1].starts_with("core/src/dls/x.rs:3:"));
        for aborting in [
            "Box::new(1)",
            "vec![0; n]",
            "a.to_vec()",
            "i.collect::<Vec<_>>()",
        ] {
            assert_eq!(source_rules("src/x.rs", aborting).len(), 1, "{aborting}");
        }
        assert!(source_rules("src/x.rs", "vec::try_with_capacity(4)?").is_empty());
    }

    #[test]
    fn allows_what_is_allowed() {
        assert!(source_rules("src/kernel/x.rs", "unsafe { g() }").is_empty());
        assert!(
            source_rules(
                "core/src/ks/x.rs",
                "pub AddRef: unsafe extern \"efiapi\" fn(*mut c_void) -> u32,"
            )
            .is_empty()
        );
        assert!(
            source_rules(
                "src/x.rs",
                "// .unwrap() and unsafe in a comment\nlet a = \"panic!\";"
            )
            .is_empty()
        );
        assert!(
            source_rules(
                "src/x.rs",
                "#[cfg(test)]\nmod tests {\n    fn f() { x.unwrap() }\n}\n"
            )
            .is_empty()
        );
        assert_eq!(
            source_rules(
                "src/x.rs",
                "#[cfg(test)]\nmod tests;\nfn f() { x.unwrap() }\n"
            )
            .len(),
            1
        );
    }
}
