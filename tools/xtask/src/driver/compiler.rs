// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the Rust compiler is called that builds for Windows.

use super::{Arch, wdk_tree};
use crate::process;
use crate::setup::{Compiler, DEBIAN_CARGO, DEBIAN_RUSTC, Tools};
use std::path::Path;
use std::process::Command;

impl Compiler {
    /// A command of cargo's for a target; `library` are the crates of the standard library that it needs.
    pub fn cargo(&self, command: &str, target: &str, library: &str) -> Command {
        let mut cargo = match self {
            Self::Installed => Command::new("cargo"),
            Self::FromSource => Command::new(DEBIAN_CARGO),
        };
        process::without_cargo(&mut cargo).args([command, "--target", target]);
        if let Self::FromSource = self {
            cargo
                .env("RUSTC", DEBIAN_RUSTC)
                .env(
                    "PATH",
                    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                )
                .env("RUSTC_BOOTSTRAP", "1")
                .arg(format!("-Zbuild-std={library}"));
        }
        cargo
    }

    /// `cargo build` for the driver's target.
    pub fn driver(&self, arch: Arch, tools: &Tools, tree: &Path) -> Command {
        let mut command = self.cargo("build", arch.target(), "core,alloc,compiler_builtins");
        command
            .env("WDKContentRoot", tree)
            .env("Version_Number", wdk_tree::VERSION)
            .env("LIBCLANG_PATH", &tools.libclang);
        // The same environment for every target: what differs would make Cargo build the tools again.
        for arch in Arch::ALL {
            let target = arch.target().replace('-', "_");
            // mingw-w64 has no ARM64 view: bindgen gets the x64 one there.
            let view = match arch {
                Arch::X64 => "",
                Arch::Arm64 => " -U_ARM64_ -UARM64 -USTD_CALL -D_AMD64_ -DAMD64 -D_WIN64",
            };
            let include = tools.clang_include.display();
            command
                .env(
                    format!("BINDGEN_EXTRA_CLANG_ARGS_{target}"),
                    format!("--target=x86_64-pc-windows-gnu -fno-ms-compatibility -isystem {include}{view}"),
                )
                .env(format!("CC_{target}"), &tools.clang)
                .env(format!("AR_{target}"), &tools.llvm_lib)
                .env(format!("CFLAGS_{target}"), "-DARIOSO_NO_DECLARATIONS -nostdinc");
        }
        command
    }
}
