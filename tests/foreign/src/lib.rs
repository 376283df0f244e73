// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small `ks.sys`, `portcls.sys` and `drmk.sys` in C, written from the public pages: modules of another maker for simkernel's loader,
//! and a second opinion of what a port class driver is asked. [`build`] compiles them.
//!
//! What they do not offer: capture pins and the wave sink of a DMus port; pins of the MIDI and WaveRT ports; streams that are not
//! DirectMusic's; power states for the adapter; registry keys of a port; the data intersection of what is not PCM; names of pins and counts
//! of instances by the miniport; pending property requests; exports that Arioso does not import ([`NOT_EXPORTED`]).

pub mod driver;

use std::fs;
use std::path::Path;

/// Exports of simkernel's modules that those in C do not have.
pub const NOT_EXPORTED: &[&str] = &[
    "KsCancelRoutine",
    "KsDispatchFastIoDeviceControlFailure",
    "KsDispatchFastReadFailure",
    "KsDispatchInvalidDeviceRequest",
    "KsPropertyHandlerWithAllocator",
    "KsQueryDevicePnpObject",
    "KsRemoveSpecificIrpFromCancelableQueue",
    "KsSetDevicePnpAndBaseObject",
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
    ("full.c", "#define FULL\n#include \"ks.c\"\n"),
];

/// Compiles and links the modules into a directory: `ks.sys`, `portcls.sys`, `drmk.sys`, and `faulty.sys`: a `portcls.sys` that frees
/// pool with another tag than it allocated it with whenever a filter is opened, and `full.sys`: a `ks.sys` whose device headers never
/// have an empty slot.
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
    driver::import_library("ntoskrnl.exe", include_str!("nt.h"), &kernel)?;
    let streaming = directory.join("ks.lib");
    let link = |name: &str, libraries: &[&Path]| {
        let file = source.join(format!("{name}.c"));
        let flags = ["-fms-extensions", "-Wall", "-Wextra", "-Werror"];
        driver::build(&file, directory, &flags, libraries)
    };
    link("ks", &[&kernel])?;
    link("full", &[&kernel])?;
    link("portcls", &[&kernel, &streaming])?;
    link("faulty", &[&kernel, &streaming])?;
    link("drmk", &[&kernel])
}
