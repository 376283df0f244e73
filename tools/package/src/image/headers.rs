// SPDX-License-Identifier: MIT OR Apache-2.0
//! Headers, data directories, sections.

use super::Image;
use crate::authenticode::{Layout, checksum};
use crate::{Arch, Findings};
use object::LittleEndian as LE;
use object::pe;
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};

pub fn check(image: &Image, arch: Arch, findings: &mut Findings) {
    header(image, arch, findings);
    sum(image, findings);
    directories(image, findings);
    sections(image, findings);
}

fn header(image: &Image, arch: Arch, findings: &mut Findings) {
    let (file, header) = (
        image.pe.nt_headers().file_header(),
        image.pe.nt_headers().optional_header(),
    );
    let machine = match arch {
        Arch::X64 => pe::IMAGE_FILE_MACHINE_AMD64,
        Arch::Arm64 => pe::IMAGE_FILE_MACHINE_ARM64,
    };
    let found = file.machine.get(LE);
    findings.expect(found == machine, "machine", || {
        format!(
            "is for machine {:#x}, must be {:#x} ({})",
            found.0,
            machine.0,
            arch.name()
        )
    });
    let subsystem = header.subsystem();
    findings.expect(subsystem == pe::IMAGE_SUBSYSTEM_NATIVE, "subsystem", || {
        format!("has subsystem {}, must be 1 (native)", subsystem.0)
    });
    let versions = [
        (
            "subsystem",
            header.major_subsystem_version(),
            header.minor_subsystem_version(),
        ),
        (
            "operating system",
            header.major_operating_system_version(),
            header.minor_operating_system_version(),
        ),
    ];
    for (what, major, minor) in versions {
        findings.expect((major, minor) == (10, 0), "subsystem", || {
            format!("has {what} version {major}.{minor}, must be 10.0")
        });
    }
    let flags = [
        (
            "high-entropy",
            "HIGH_ENTROPY_VA",
            pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA,
        ),
        (
            "dynamic-base",
            "DYNAMIC_BASE",
            pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE,
        ),
        (
            "force-integrity",
            "FORCE_INTEGRITY",
            pe::IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY,
        ),
        ("nx", "NX_COMPAT", pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT),
        (
            "control-flow-guard",
            "GUARD_CF",
            pe::IMAGE_DLLCHARACTERISTICS_GUARD_CF,
        ),
    ];
    for (rule, name, flag) in flags {
        let present = (header.dll_characteristics() & flag).0 != 0;
        findings.expect(present, rule, || format!("lacks the flag {name}"));
    }
    let alignment = header.section_alignment();
    findings.expect(alignment == 4096, "section-alignment", || {
        format!("has sections at multiples of {alignment}, must be 4096")
    });
}

fn sum(image: &Image, findings: &mut Findings) {
    let Some(layout) = Layout::of(image.bytes) else {
        return findings.add("image", "the certificate table is not at its end");
    };
    let (found, wanted) = (
        image.pe.nt_headers().optional_header().check_sum(),
        checksum(image.bytes, layout.checksum),
    );
    findings.expect(found == wanted, "checksum", || {
        format!("has the checksum {found:#010x}, its bytes give {wanted:#010x}")
    });
}

fn directories(image: &Image, findings: &mut Findings) {
    let present = |index| {
        let directory = image.pe.data_directory(index);
        directory.is_some_and(|directory| directory.size.get(LE) != 0)
    };
    let stripped = image.pe.nt_headers().file_header().characteristics.get(LE)
        & pe::IMAGE_FILE_RELOCS_STRIPPED;
    findings.expect(stripped.0 == 0, "data-directory", || {
        "has its relocations stripped".to_owned()
    });
    for (name, index) in [
        ("relocations", pe::IMAGE_DIRECTORY_ENTRY_BASERELOC),
        ("unwind data", pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION),
        ("reference to the symbols", pe::IMAGE_DIRECTORY_ENTRY_DEBUG),
    ] {
        findings.expect(present(index), "data-directory", || {
            format!("has no {name}")
        });
    }
    for (name, index) in [
        ("thread-local storage", pe::IMAGE_DIRECTORY_ENTRY_TLS),
        ("delayed imports", pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT),
        ("bound imports", pe::IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT),
        ("a .NET header", pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR),
    ] {
        findings.expect(!present(index), "data-directory", || format!("has {name}"));
    }
}

fn sections(image: &Image, findings: &mut Findings) {
    let sections = image.pe.section_table();
    for section in sections.iter() {
        let name = String::from_utf8_lossy(section.raw_name()).into_owned();
        let flags = section.characteristics.get(LE);
        let is = |flag| (flags & flag).0 != 0;
        let both = is(pe::IMAGE_SCN_MEM_WRITE) && is(pe::IMAGE_SCN_MEM_EXECUTE);
        findings.expect(!both, "write-execute", || {
            format!("the section {name} is writable and executable")
        });
        findings.expect(!is(pe::IMAGE_SCN_MEM_SHARED), "shared-section", || {
            format!("the section {name} is shared")
        });
        // Thrown away after the start.
        let wanted = matches!(&*name, "INIT" | ".reloc");
        findings.expect(
            is(pe::IMAGE_SCN_MEM_DISCARDABLE) == wanted,
            "discardable",
            || {
                let not = if wanted { "must" } else { "must not" };
                format!("the section {name} {not} be discardable")
            },
        );
    }
    let entry = image
        .pe
        .nt_headers()
        .optional_header()
        .address_of_entry_point();
    let section = sections.iter().find(|section| section.contains_rva(entry));
    let is_init = section.is_some_and(|section| section.raw_name() == b"INIT");
    findings.expect(is_init, "discardable", || {
        "the entry point is not in the section INIT".to_owned()
    });
}
