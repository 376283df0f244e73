// SPDX-License-Identifier: MIT OR Apache-2.0
//! The programs that the driver's build uses.

use super::Need;
use super::machine::{Machine, Outcome, Version, version};
use crate::process;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// LLVM's oldest version that is known to do.
const LLVM: u32 = 19;

/// Versions whose programs carry the number in their names, the tested one first.
const LLVM_NAMES: [u32; 4] = [19, 20, 21, 22];

/// LLVM's programs that the driver's build runs.
const LLVM_PROGRAMS: [&str; 6] = [
    "clang",
    "lld-link",
    "llvm-lib",
    "llvm-dlltool",
    "llvm-objdump",
    "llvm-symbolizer",
];

/// Where mingw-w64's headers may be.
const MINGW: [&str; 3] = [
    "/usr/share/mingw-w64/include",
    "/usr/x86_64-w64-mingw32/include",
    "/usr/x86_64-w64-mingw32/sys-root/mingw/include",
];

/// What `needs` run besides LLVM.
fn programs(need: Need) -> &'static [&'static str] {
    match need {
        Need::Driver(_) | Need::Peers => &[],
        Need::WindowsProgram => &["x86_64-w64-mingw32-gcc"],
        Need::Signing => &["openssl", "osslsigncode"],
        Need::Fuzzing => &["g++"],
        Need::Counting => &["valgrind"],
        Need::Live => &["pkg-config"],
        Need::Tests => &["wine"],
    }
}

/// Asks every program for its version.
pub fn check(machine: &dyn Machine, needs: &[Need]) -> Result<()> {
    if needs.iter().any(|need| matches!(need, Need::Driver(_))) {
        for program in LLVM_PROGRAMS {
            let (name, found) = llvm(machine, program)?;
            if found.major < LLVM {
                bail!(
                    "{name} is version {found}, {LLVM} or newer is needed; on Debian this helps, as root: \
                     apt-get update && apt-get install {}",
                    package(program)
                );
            }
        }
        if !MINGW
            .iter()
            .any(|directory| machine.exists(&format!("{directory}/ddk/ntifs.h")))
        {
            bail!(
                "the headers of mingw-w64 (ddk/ntifs.h) are missing; on Debian this helps, as root: \
                 apt-get install mingw-w64-common"
            );
        }
    }
    for program in needs.iter().flat_map(|&need| programs(need)) {
        let asked = if *program == "openssl" {
            "version"
        } else {
            "--version"
        };
        match machine.run(&[program, asked], None) {
            Outcome::Done(_) => {}
            Outcome::Absent => bail!(
                "the program {program} is missing; on Debian `cargo xtask setup`, run as root, installs it"
            ),
            Outcome::Failed(_) | Outcome::TooLong => bail!(
                "the program {program} does not run (`{program} {asked}` fails): install its package again"
            ),
        }
    }
    Ok(())
}

/// The first of a program's names that answers, and its version.
fn llvm(machine: &dyn Machine, program: &str) -> Result<(String, Version)> {
    let numbered = LLVM_NAMES.map(|number| format!("{program}-{number}"));
    for name in numbered.iter().map(String::as_str).chain([program]) {
        // llvm-lib knows no --version, but is a name of llvm-ar, which does.
        let asked = if program == "llvm-lib" || program == "llvm-dlltool" {
            name.replacen(program, "llvm-ar", 1)
        } else {
            name.to_owned()
        };
        if let Outcome::Done(answer) = machine.run(&[&asked, "--version"], None)
            && let Some(version) = version(&answer)
        {
            return Ok((name.to_owned(), version));
        }
    }
    bail!(
        "the program {program} is missing: {LLVM} or newer of LLVM's is needed; on Debian this helps, as root: \
         apt-get update && apt-get install {}",
        package(program)
    )
}

fn package(program: &str) -> String {
    let name = match program {
        "clang" => "clang",
        "lld-link" => "lld",
        _ => "llvm",
    };
    format!("{name}-{LLVM}")
}

/// The programs and directories that the driver's build uses.
pub struct Tools {
    pub clang: PathBuf,
    pub lld_link: PathBuf,
    pub llvm_lib: PathBuf,
    pub llvm_dlltool: PathBuf,
    pub llvm_objdump: PathBuf,
    pub llvm_symbolizer: PathBuf,
    /// clang's own headers.
    pub clang_include: PathBuf,
    /// The directory of libclang.so.
    pub libclang: PathBuf,
    /// mingw-w64's headers.
    pub mingw_include: PathBuf,
}

impl Tools {
    pub fn find() -> Result<Self> {
        let clang = tool("clang")?;
        let resources = process::output(Command::new(&clang).arg("-print-resource-dir"))?;
        let resources = PathBuf::from(resources.trim());
        let resources = resources
            .canonicalize()
            .with_context(|| format!("{} (clang's headers)", resources.display()))?;
        let libclang = resources
            .ancestors()
            .nth(2)
            .context("clang's resource directory has no parent")?
            .to_path_buf();
        let mingw_include = MINGW
            .into_iter()
            .map(PathBuf::from)
            .find(|directory| directory.join("ddk/ntifs.h").exists())
            .context("the headers of mingw-w64 (ddk/ntifs.h) are missing")?;
        Ok(Self {
            clang,
            lld_link: tool("lld-link")?,
            llvm_lib: tool("llvm-lib")?,
            llvm_dlltool: tool("llvm-dlltool")?,
            llvm_objdump: tool("llvm-objdump")?,
            llvm_symbolizer: tool("llvm-symbolizer")?,
            clang_include: resources.join("include"),
            libclang,
            mingw_include,
        })
    }
}

fn tool(name: &str) -> Result<PathBuf> {
    let numbered = LLVM_NAMES.map(|number| format!("{name}-{number}"));
    let names: Vec<&str> = numbered.iter().map(String::as_str).chain([name]).collect();
    process::find(&names).with_context(|| format!("the program {name} is missing"))
}
