// SPDX-License-Identifier: MIT OR Apache-2.0
//! A directory in the WDK's shape: mingw-w64's headers, an overlay of ours over them, import libraries
//! made from a list, stand-ins for two libraries of the WDK.

use super::{Arch, make_directory};
use crate::setup::Tools;
use crate::{process, project};
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The WDK version that the tree claims to be.
pub const VERSION: &str = "10.0.22621.0";

const KMDF_MINOR: &str = "31";

macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("../../wdk/", $name))
    };
}

const NTIFS_H: &str = text!("ntifs.h");
const NTDDK_H: &str = text!("ntddk.h");
const NTSTRSAFE_H: &str = text!("ntstrsafe.h");
const WDF_H: &str = text!("wdf.h");
const DRIVER_ENTRY_C: &str = text!("driver_entry.c");
const GUARD_S: &str = text!("guard.S");
const IMPORTS: &str = text!("imports.txt");

/// Makes the tree and returns its path.
pub fn make(tools: &Tools) -> Result<PathBuf> {
    let tree = project::kernel_dir().join("wdk");
    let texts = [
        NTIFS_H,
        NTDDK_H,
        NTSTRSAFE_H,
        WDF_H,
        DRIVER_ENTRY_C,
        GUARD_S,
        IMPORTS,
        include_str!("wdk_tree.rs"),
    ];
    make_directory(
        &tree,
        (
            texts,
            &tools.clang,
            &tools.clang_include,
            &tools.mingw_include,
        ),
        |tree| {
            headers(tree, tools)?;
            libraries(tree, tools)
        },
    )
    .context("cannot make the WDK-shaped tree target/kernel/wdk")?;
    Ok(tree)
}

fn headers(tree: &Path, tools: &Tools) -> Result<()> {
    let include = tree.join("Include").join(VERSION);
    let (km, shared, kmdf) = (
        include.join("km"),
        include.join("shared"),
        tree.join(format!("Include/wdf/kmdf/1.{KMDF_MINOR}")),
    );
    // wdk-build insists that ufx/1.1 exists.
    for directory in [&km.join("ufx/1.1"), &shared, &kmdf] {
        fs::create_dir_all(directory)?;
    }
    link_all(&tools.mingw_include, &shared)?;
    link_all(&tools.mingw_include.join("ddk"), &km)?;
    symlink(tools.mingw_include.join("ddk"), km.join("ddk"))?;
    fs::write(kmdf.join("wdf.h"), WDF_H)?;

    // km/crt is first on wdk-build's include path.
    let overlay = km.join("crt");
    fs::remove_file(&overlay).ok();
    fs::create_dir_all(&overlay)?;
    for (name, text) in [
        ("ntifs.h", NTIFS_H),
        ("ntddk.h", NTDDK_H),
        ("ntstrsafe.h", NTSTRSAFE_H),
    ] {
        fs::write(overlay.join(name), text)?;
    }
    for entry in fs::read_dir(&tools.clang_include)? {
        let name = entry?.file_name();
        if name.to_string_lossy().starts_with("amx") {
            fs::write(
                overlay.join(name),
                "/* left out: bindgen cannot lay out a type in it */\n",
            )?;
        }
    }
    Ok(())
}

fn link_all(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("{}", from.display()))? {
        let entry = entry?;
        symlink(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn libraries(tree: &Path, tools: &Tools) -> Result<()> {
    let work = tree.join("Lib/work");
    fs::create_dir_all(&work)?;
    fs::write(work.join("driver_entry.c"), DRIVER_ENTRY_C)?;
    fs::write(work.join("guard.S"), GUARD_S)?;
    for arch in Arch::ALL {
        // wdk-build's spelling
        let (directory, machine) = match arch {
            Arch::X64 => ("x64", "i386:x86-64"),
            Arch::Arm64 => ("ARM64", "arm64"),
        };
        let km = tree.join("Lib").join(VERSION).join("km").join(directory);
        let kmdf = tree
            .join("Lib/wdf/kmdf")
            .join(directory)
            .join(format!("1.{KMDF_MINOR}"));
        fs::create_dir_all(&km)?;
        fs::create_dir_all(&kmdf)?;

        for (module, functions) in modules(IMPORTS) {
            let (library, stem) = match module.split('.').next().unwrap_or(module) {
                "WDFLDR" => (&kmdf, "WdfLdr"),
                stem => (&km, stem),
            };
            let definition = work.join(format!("{stem}.def"));
            fs::write(
                &definition,
                format!("LIBRARY {module}\nEXPORTS\n  {}\n", functions.join("\n  ")),
            )?;
            let file = library.join(format!("{stem}.lib"));
            process::output(
                Command::new(&tools.llvm_dlltool)
                    .args(["-m", machine, "-d"])
                    .arg(&definition)
                    .arg("-l")
                    .arg(&file),
            )?;
        }

        let compile = |source: &str, library: &Path| -> Result<()> {
            let object = work.join(format!("{source}-{directory}.obj"));
            process::output(
                Command::new(&tools.clang)
                    .arg(format!("--target={}", arch.target()))
                    .args([
                        "-O2",
                        "-ffreestanding",
                        "-fno-stack-protector",
                        "-Xclang",
                        "-cfguard",
                        "-Wall",
                        "-Wextra",
                        "-Werror",
                    ])
                    .args([
                        "-Wno-unused-command-line-argument",
                        &format!("-DKMDF_VERSION_MINOR={KMDF_MINOR}"),
                        "-c",
                    ])
                    .arg(work.join(source))
                    .arg("-o")
                    .arg(&object),
            )?;
            process::output(
                Command::new(&tools.llvm_lib)
                    .arg("/nologo")
                    .arg(format!("/out:{}", library.display()))
                    .arg(&object),
            )?;
            Ok(())
        };
        compile("driver_entry.c", &kmdf.join("WdfDriverEntry.lib"))?;
        compile("guard.S", &km.join("BufferOverflowFastFailK.lib"))?;
        fs::write(km.join("arm64rt.lib"), "!<arch>\n")?;
    }
    Ok(())
}

/// The modules of `imports.txt`, each with its functions.
fn modules(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut modules: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match (
            line.strip_prefix('[')
                .and_then(|line| line.strip_suffix(']')),
            modules.last_mut(),
        ) {
            (Some(module), _) => modules.push((module, Vec::new())),
            (None, Some((_, functions))) => functions.extend(line.split_whitespace().next()),
            (None, None) => {}
        }
    }
    modules
}
