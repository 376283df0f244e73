//! What the build needs from the machine.

use crate::process;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian packages, each with a file that proves that it is there.
const PACKAGES: &[(&str, &str)] = &[
    ("rustc-web", "/usr/bin/rustc"),
    ("cargo-web", "/usr/bin/cargo"),
    (
        "rust-web-src",
        "/usr/lib/rustlib/src/rust/library/core/Cargo.toml",
    ),
    ("lld-19", "/usr/bin/lld-link-19"),
    ("llvm-19", "/usr/bin/llvm-lib-19"),
    ("clang-19", "/usr/bin/clang-19"),
    ("g++", "/usr/bin/g++"),
    ("valgrind", "/usr/bin/valgrind"),
    ("libclang-19-dev", "/usr/lib/llvm-19/lib/libclang.so"),
    (
        "mingw-w64-x86-64-dev",
        "/usr/share/mingw-w64/include/ddk/ntifs.h",
    ),
    ("openssl", "/usr/bin/openssl"),
    ("osslsigncode", "/usr/bin/osslsigncode"),
    ("gcc-mingw-w64-x86-64", "/usr/bin/x86_64-w64-mingw32-gcc"),
    ("wine", "/usr/bin/wine"),
    ("wine64", "/usr/lib/wine/wine64"),
    (
        "openttd-openmsx",
        "/usr/share/games/openttd/baseset/openmsx",
    ),
    ("timgm6mb-soundfont", "/usr/share/sounds/sf2/TimGM6mb.sf2"),
    ("csound-soundfont", "/usr/share/sounds/sf2/sf_GMbank.sf2"),
    (
        "libfluidsynth3",
        "/usr/lib/x86_64-linux-gnu/libfluidsynth.so.3",
    ),
];

/// Makes the machine ready, or says what is missing.
pub fn install() -> Result<()> {
    if cfg!(windows) {
        bail!("on Windows, build in an eWDK prompt with `cargo make` (see README.md)");
    }
    let debian = Path::new("/etc/debian_version").exists();
    if !debian {
        return match Tools::find() {
            Ok(_) => Ok(()),
            Err(missing) => bail!("{missing:#}\n{ELSEWHERE}"),
        };
    }
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(_, proof)| !Path::new(proof).exists())
        .map(|&(name, _)| name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!(
        "apt-get install --no-install-recommends {}",
        missing.join(" ")
    );
    if process::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("packages are missing; as root, run\n    {install}");
    }
    println!("{install}");
    let apt = |arguments: &[&str]| {
        process::run(
            Command::new("apt-get")
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    let flags = ["install", "-qq", "--yes", "--no-install-recommends"];
    let arguments: Vec<&str> = flags.iter().chain(&missing).copied().collect();
    if apt(&arguments).is_err() {
        apt(&["update", "-qq"])?;
        apt(&arguments)?;
    }
    Ok(())
}

const ELSEWHERE: &str = "\
The driver is cross-built with LLVM (clang, lld-link, llvm-lib, llvm-dlltool, libclang; tested with 19), the headers of
mingw-w64 (with ddk/), and a Rust compiler that has the target x86_64-pc-windows-msvc (`rustup target add`) or its
library source. On Debian 12 `cargo xtask setup`, run as root, installs all of it.";

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
        let mingw_include = [
            "/usr/share/mingw-w64/include",
            "/usr/x86_64-w64-mingw32/include",
            "/usr/x86_64-w64-mingw32/sys-root/mingw/include",
        ]
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
    process::find(&[&format!("{name}-19"), name])
        .with_context(|| format!("the program {name} is missing"))
}
