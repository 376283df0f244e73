// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small `ks.sys`, `portcls.sys` and `drmk.sys` in C, written from the public pages: modules of another maker for simkernel's loader,
//! and a second opinion of what a port class driver is asked. [`build`] compiles them.
//!
//! What they do not offer: capture pins and the wave sink of a DMus port; pins of the MIDI and WaveRT ports; streams that are not
//! DirectMusic's; power states for the adapter; registry keys of a port; the data intersection of what is not PCM; names of pins and counts
//! of instances by the miniport; pending property requests; exports that Arioso does not import ([`NOT_EXPORTED`]).

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Exports of PortCls that the module in C does not have.
pub const NOT_EXPORTED: &[&str] = &[
    "PcAddStreamResource",
    "PcCompleteIrp",
    "PcCompletePendingPropertyRequest",
    "PcForwardIrpSynchronous",
    "PcGetDeviceProperty",
    "PcGetPhysicalDeviceObject",
    "PcGetTimeInterval",
    "PcNewInterruptSync",
    "PcNewMiniport",
    "PcNewRegistryKey",
    "PcNewResourceList",
    "PcNewResourceSublist",
    "PcRegisterPhysicalConnectionFromExternal",
    "PcRegisterPhysicalConnectionToExternal",
    "PcRemoveStreamResource",
    "PcRequestNewPowerState",
];

const FILES: &[(&str, &str)] = &[
    ("nt.h", include_str!("nt.h")),
    ("ks.h", include_str!("ks.h")),
    ("portcls.h", include_str!("portcls.h")),
    ("ks.c", include_str!("ks.c")),
    ("portcls.c", include_str!("portcls.c")),
    ("drmk.c", include_str!("drmk.c")),
    ("faulty.c", "#define FAULTY\n#include \"portcls.c\"\n"),
];

/// Compiles and links the modules into a directory: `ks.sys`, `portcls.sys`, `drmk.sys`, and `faulty.sys`: a `portcls.sys` that frees
/// pool with another tag than it allocated it with whenever a filter is opened.
///
/// # Errors
/// What clang, llvm-dlltool or lld-link says.
pub fn build(directory: &Path) -> Result<(), String> {
    let source = directory.join("source");
    fs::create_dir_all(&source).map_err(|e| format!("{}: {e}", source.display()))?;
    for (name, text) in FILES {
        fs::write(source.join(name), text).map_err(|e| format!("{name}: {e}"))?;
    }
    let kernel = directory.join("ntoskrnl.lib");
    import_library(directory, &kernel)?;
    let streaming = directory.join("ks.lib");
    link(directory, "ks", &[&kernel])?;
    link(directory, "portcls", &[&kernel, &streaming])?;
    link(directory, "faulty", &[&kernel, &streaming])?;
    link(directory, "drmk", &[&kernel])
}

/// Of the functions that `nt.h` declares as imports.
fn import_library(directory: &Path, library: &Path) -> Result<(), String> {
    let mut text = "LIBRARY ntoskrnl.exe\nEXPORTS\n__C_specific_handler\n__chkstk\n".to_owned();
    let declared = FILES[0].1.lines().filter_map(|l| l.strip_prefix("IMPORT "));
    for line in declared {
        let name = line.split(['(', ';']).next().unwrap_or_default();
        let name = name.rsplit([' ', '*']).next().unwrap_or_default();
        let _ = writeln!(text, "{name}");
    }
    let definition = directory.join("ntoskrnl.def");
    fs::write(&definition, text).map_err(|e| e.to_string())?;
    run(Command::new("llvm-dlltool-19")
        .args(["-m", "i386:x86-64", "-d"])
        .arg(definition)
        .arg("-l")
        .arg(library))
}

fn link(directory: &Path, name: &str, libraries: &[&Path]) -> Result<(), String> {
    let object = directory.join(format!("{name}.obj"));
    let file = |extension: &str| directory.join(format!("{name}.{extension}"));
    run(Command::new("clang-19")
        .args([
            "--target=x86_64-pc-windows-msvc",
            "-std=c17",
            "-O1",
            "-fasync-exceptions",
            "-ffreestanding",
            "-fno-stack-protector",
            "-fms-extensions",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-c",
        ])
        .arg(directory.join("source").join(format!("{name}.c")))
        .arg("-o")
        .arg(&object))?;
    run(Command::new("lld-link-19")
        .args([
            "/NODEFAULTLIB",
            "/SUBSYSTEM:NATIVE,10.0",
            "/DRIVER",
            "/ENTRY:DriverEntry",
            "/DYNAMICBASE",
        ])
        .arg(format!("/MAP:{}", file("map").display()))
        .arg(format!("/IMPLIB:{}", file("lib").display()))
        .arg(format!("/OUT:{}", file("sys").display()))
        .arg(&object)
        .args(libraries))
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let out = command.output().map_err(|e| format!("{program}: {e}"))?;
    if out.status.success() {
        return Ok(());
    }
    Err(format!(
        "{program}: {}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    ))
}
