// SPDX-License-Identifier: MIT OR Apache-2.0
//! The images under test.

use arioso_package::Arch;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub struct Image {
    pub arch: Arch,
    pub bytes: Vec<u8>,
    path: PathBuf,
}

impl Image {
    /// The release image, built first if it is missing or older than its source.
    pub fn get(arch: Arch) -> &'static Self {
        static X64: OnceLock<Image> = OnceLock::new();
        static ARM64: OnceLock<Image> = OnceLock::new();
        let cell = match arch {
            Arch::X64 => &X64,
            Arch::Arm64 => &ARM64,
        };
        cell.get_or_init(|| {
            let built = Command::new(env!("CARGO_BIN_EXE_xtask"))
                .args(["build", "--arch", arch.name()])
                .status();
            assert!(
                built.is_ok_and(|status| status.success()),
                "the {} driver does not build",
                arch.name()
            );
            let path = product(arch, "release");
            Self {
                arch,
                bytes: std::fs::read(&path).expect("the built driver"),
                path,
            }
        })
    }

    /// The bytes of the development driver with a panic in it, as `cargo xtask test` builds it.
    pub fn planted() -> Vec<u8> {
        let path = product(Arch::X64, "dev-panic");
        std::fs::read(path).expect("run `cargo xtask build --profile dev --plant panic`")
    }

    pub fn all() -> [&'static Self; 2] {
        Arch::ALL.map(Self::get)
    }

    /// Every instruction with its address, in AT&T syntax.
    pub fn instructions(&self) -> Vec<(u64, String)> {
        let run = |program| {
            Command::new(program)
                .args(["-d", "--no-show-raw-insn"])
                .arg(&self.path)
                .output()
        };
        let output = run("llvm-objdump-19")
            .or_else(|_| run("llvm-objdump"))
            .expect("llvm-objdump");
        let listing = String::from_utf8(output.stdout).expect("text");
        let parse = |line: &str| {
            let (address, text) = line.split_once(':')?;
            Some((
                u64::from_str_radix(address.trim(), 16).ok()?,
                text.replace('\t', " ").trim().to_owned(),
            ))
        };
        let instructions: Vec<_> = listing.lines().filter_map(parse).collect();
        assert!(
            instructions.len() > 100,
            "{}: only {} instructions",
            self.arch.name(),
            instructions.len()
        );
        instructions
    }

    /// Names by address, from the linker's map.
    pub fn symbols(&self) -> BTreeMap<u64, String> {
        let map =
            std::fs::read_to_string(self.path.with_extension("map")).expect("the linker's map");
        let parse = |line: &str| {
            let mut words = line.split_whitespace();
            let (_, name, address) = (
                words.next().filter(|word| word.contains(':'))?,
                words.next()?,
                words.next()?,
            );
            Some((u64::from_str_radix(address, 16).ok()?, name.to_owned()))
        };
        map.lines().filter_map(parse).collect()
    }
}

fn product(arch: Arch, build: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/driver")
        .join(arch.name())
        .join(build)
        .join("arioso.sys")
}
