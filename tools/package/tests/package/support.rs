// SPDX-License-Identifier: MIT OR Apache-2.0
//! The packages under test, and copies of them to spoil.

use arioso_package::authenticode::{Layout, checksum};
use arioso_package::{Arch, Finding, Product, check};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn product() -> Product {
    Product::read(&root()).expect("Cargo.toml")
}

/// `target/package`.
pub fn output() -> PathBuf {
    let output = root().join("target/package");
    for arch in Arch::ALL {
        let directory = output.join(arch.name());
        assert!(
            directory.is_dir(),
            "there is no package in {}: run `cargo xtask package` first",
            directory.display()
        );
    }
    output
}

/// A copy of a package.
pub struct Copy {
    pub arch: Arch,
    directory: TempDir,
}

impl Copy {
    pub fn of(arch: Arch) -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        for file in fs::read_dir(output().join(arch.name())).expect("package") {
            let file = file.expect("file").path();
            let name = file.file_name().expect("name");
            fs::copy(&file, directory.path().join(name)).expect("copy");
        }
        Self { arch, directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("file of the package")
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("file of the package");
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("file of the package");
    }

    /// What the check finds, as file and rule.
    pub fn findings(&self) -> Vec<(String, &'static str)> {
        let findings = check(self.directory.path(), self.arch, &product());
        rules(findings.expect("openssl and osslsigncode: `cargo xtask setup`"))
    }

    /// Holds what the check finds, and that its messages name the file.
    #[track_caller]
    pub fn expect(&self, file: &str, rule: &'static str) {
        let findings = self.findings();
        let found = findings.contains(&(file.to_owned(), rule));
        assert!(found, "{file} ({rule}) is not in {findings:?}");
    }
}

pub fn rules(findings: Vec<Finding>) -> Vec<(String, &'static str)> {
    let one = |finding: Finding| {
        let line = finding.to_string();
        assert!(line.starts_with(&format!("{}: ", finding.file)), "{line}");
        assert!(!line.contains('\n'), "{line}");
        (finding.file, finding.rule)
    };
    findings.into_iter().map(one).collect()
}

/// Puts the right checksum into an image, so that it is not what a rule finds.
pub fn seal(image: &mut [u8]) {
    let field = Layout::of(image).expect("an image").checksum;
    let sum = checksum(image, field.clone());
    image[field].copy_from_slice(&sum.to_le_bytes());
}
