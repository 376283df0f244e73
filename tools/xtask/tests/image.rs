//! The finished driver image, x64 and ARM64: what Windows asks of a kernel binary and what we promise.

mod support;

use object::LittleEndian as LE;
use object::pe::{self, ImageLoadConfigDirectory64};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader, Import};
use support::{Image, imports};

#[test]
fn headers() {
    for image in Image::all() {
        let pe = image.parse();
        let header = pe.nt_headers().optional_header();
        let machine = if image.arch == "x64" {
            pe::IMAGE_FILE_MACHINE_AMD64
        } else {
            pe::IMAGE_FILE_MACHINE_ARM64
        };
        assert_eq!(pe.nt_headers().file_header().machine.get(LE), machine);
        assert_eq!(header.subsystem(), pe::IMAGE_SUBSYSTEM_NATIVE);
        assert_eq!(
            (
                header.major_subsystem_version(),
                header.minor_subsystem_version()
            ),
            (10, 0)
        );
        assert_eq!(
            (
                header.major_operating_system_version(),
                header.minor_operating_system_version()
            ),
            (10, 0)
        );
        for (name, flag) in [
            (
                "HIGH_ENTROPY_VA",
                pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA,
            ),
            ("DYNAMIC_BASE", pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE),
            (
                "FORCE_INTEGRITY",
                pe::IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY,
            ),
            ("NX_COMPAT", pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT),
            ("GUARD_CF", pe::IMAGE_DLLCHARACTERISTICS_GUARD_CF),
        ] {
            assert_ne!(
                (header.dll_characteristics() & flag).0,
                0,
                "{}: {name}",
                image.arch
            );
        }
        assert_eq!(header.section_alignment(), 4096);
        assert_ne!(header.address_of_entry_point(), 0);
    }
}

#[test]
fn checksum() {
    for image in Image::all() {
        let pe = image.parse();
        let offset = pe.dos_header().nt_headers_offset() as usize + 4 + 20 + 64;
        assert_eq!(
            pe.nt_headers().optional_header().check_sum(),
            support::checksum(&image.bytes, offset),
            "{}",
            image.arch
        );
    }
}

#[test]
fn directories() {
    for image in Image::all() {
        let pe = image.parse();
        let present = |index| {
            pe.data_directory(index)
                .is_some_and(|directory| directory.size.get(LE) != 0)
        };
        assert!(
            present(pe::IMAGE_DIRECTORY_ENTRY_BASERELOC),
            "{}: no relocations",
            image.arch
        );
        assert_eq!(
            (pe.nt_headers().file_header().characteristics.get(LE)
                & pe::IMAGE_FILE_RELOCS_STRIPPED)
                .0,
            0
        );
        assert!(
            present(pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION),
            "{}: no unwind data",
            image.arch
        );
        assert!(
            present(pe::IMAGE_DIRECTORY_ENTRY_DEBUG),
            "{}: no reference to the symbols",
            image.arch
        );
        for absent in [
            pe::IMAGE_DIRECTORY_ENTRY_TLS,
            pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT,
            pe::IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT,
            pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR,
        ] {
            assert!(!present(absent), "{}: data directory {absent}", image.arch);
        }
    }
}

#[test]
fn sections() {
    for image in Image::all() {
        for section in image.parse().section_table().iter() {
            let name = String::from_utf8_lossy(section.raw_name()).into_owned();
            let flags = section.characteristics.get(LE);
            let is = |flag| (flags & flag).0 != 0;
            let (writable, executable) =
                (is(pe::IMAGE_SCN_MEM_WRITE), is(pe::IMAGE_SCN_MEM_EXECUTE));
            assert!(
                !(writable && executable),
                "{}: {name} is writable and executable",
                image.arch
            );
            assert!(
                !is(pe::IMAGE_SCN_MEM_SHARED),
                "{}: {name} is shared",
                image.arch
            );
            let discardable = is(pe::IMAGE_SCN_MEM_DISCARDABLE);
            assert_eq!(
                discardable,
                matches!(&*name, "INIT" | ".reloc"),
                "{}: {name} discardable",
                image.arch
            );
        }
    }
}

#[test]
fn the_entry_is_thrown_away() {
    for image in Image::all() {
        let pe = image.parse();
        let entry = pe.nt_headers().optional_header().address_of_entry_point();
        let sections = pe.section_table();
        let section = sections.iter().find(|section| section.contains_rva(entry));
        assert_eq!(
            section.map(|section| section.raw_name()),
            Some(&b"INIT"[..]),
            "{}",
            image.arch
        );
    }
}

#[test]
fn control_flow_guard() {
    for image in Image::all() {
        let pe = image.parse();
        let directory = pe
            .data_directory(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG)
            .expect("load configuration");
        let data = directory
            .data(&image.bytes[..], &pe.section_table())
            .expect("load configuration");
        let (config, _) =
            object::from_bytes::<ImageLoadConfigDirectory64>(data).expect("load configuration");
        let base = pe.nt_headers().optional_header().image_base();
        let end = base + u64::from(pe.nt_headers().optional_header().size_of_image());
        for pointer in [
            config.security_cookie.get(LE),
            config.guard_cf_check_function_pointer.get(LE),
            config.guard_cf_dispatch_function_pointer.get(LE),
            config.guard_cf_function_table.get(LE),
        ] {
            assert!(
                (base..end).contains(&pointer),
                "{}: {pointer:#x} is outside of the image",
                image.arch
            );
        }
        // FxDriverEntry at least is called through a pointer.
        assert_ne!(config.guard_cf_function_count.get(LE), 0);
        let flags = config.guard_flags.get(LE);
        let wanted = pe::IMAGE_GUARD_CF_INSTRUMENTED | pe::IMAGE_GUARD_CF_FUNCTION_TABLE_PRESENT;
        assert_eq!(flags & wanted, wanted, "{}: {flags:#x}", image.arch);
    }
}

/// Every import exists in Windows 10.0.19041, by the committed list.
#[test]
fn every_import_exists_in_the_oldest_windows() {
    let list = imports();
    for image in Image::all() {
        let pe = image.parse();
        let table = pe
            .import_table()
            .expect("import table")
            .expect("import table");
        let mut descriptors = table.descriptors().expect("import descriptors");
        let (mut found, mut missing) = (0, Vec::new());
        while let Some(descriptor) = descriptors.next().expect("import descriptor") {
            let module =
                String::from_utf8_lossy(table.name(descriptor.name.get(LE)).expect("module name"))
                    .into_owned();
            let mut thunks = table
                .thunks(descriptor.original_first_thunk.get(LE))
                .expect("thunks");
            while let Some(thunk) = thunks.next::<pe::ImageNtHeaders64>().expect("thunk") {
                let name = match table.import::<pe::ImageNtHeaders64>(thunk).expect("import") {
                    Import::Name(_, name) => String::from_utf8_lossy(name).into_owned(),
                    Import::Ordinal(ordinal) => format!("#{ordinal}"),
                };
                found += 1;
                if !list.contains_key(&(module.as_str(), name.as_str())) {
                    missing.push(format!("{module}!{name}"));
                }
            }
        }
        assert!(found > 0, "{}: no imports at all", image.arch);
        assert!(
            missing.is_empty(),
            "{}: not in tools/xtask/wdk/imports.txt: {missing:?}",
            image.arch
        );
    }
}

#[test]
fn the_import_list_knows_nothing_newer_than_the_oldest_windows() {
    let list = imports();
    assert!(list.len() > 100);
    for ((module, name), since) in list {
        assert!(since <= [10, 0, 19041], "{module}!{name}: {since:?}");
    }
}

/// No instruction that kernel code without a saved extended state may not use, none that changes how
/// floating point works for others, none that depends on undocumented structures.
#[test]
fn instructions() {
    let image = Image::get("x64");
    let mut found = Vec::new();
    for (address, text) in image.instructions() {
        let text = text.split(['#', '<']).next().unwrap_or_default();
        let mnemonic = text.split_whitespace().next().unwrap_or_default();
        let register = ["%ymm", "%zmm", "%mm", "%st", "%gs:", "%fs:", "%cr", "%dr"]
            .iter()
            .any(|name| text.contains(name));
        let forbidden = [
            "ldmxcsr", "vldmxcsr", "fldcw", "wrmsr", "rdmsr", "cli", "sti", "hlt", "invd", "emms",
        ];
        if register
            || mnemonic.starts_with('v') && mnemonic != "verr"
            || forbidden.contains(&mnemonic)
        {
            found.push(format!("{address:x}: {text}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The kernel's stack is small, and nobody knows how much of it the caller left.
#[test]
fn stack_frames() {
    let image = Image::get("x64");
    let symbols = image.symbols();
    let (mut frames, mut large) = (0, Vec::new());
    for (address, text) in image.instructions() {
        let size = text
            .strip_prefix("subq")
            .and_then(|operands| operands.trim().strip_prefix("$0x")?.strip_suffix(", %rsp"));
        let Some(size) = size.and_then(|size| u64::from_str_radix(size, 16).ok()) else {
            continue;
        };
        frames += 1;
        if size >= 1024 {
            let name = symbols
                .range(..=address)
                .next_back()
                .map_or("?", |(_, name)| name);
            large.push(format!("{size} bytes in {name}"));
        }
    }
    assert!(frames > 0, "no function has a frame");
    assert!(
        large.is_empty(),
        "stack frames of 1 KiB and more: {large:#?}"
    );
}

/// Panic locations and the reference to the symbols must not tell where the driver was built.
#[test]
fn no_path_of_the_machine() {
    let mut places = vec![
        env!("CARGO_MANIFEST_DIR")
            .trim_end_matches("/tools/xtask")
            .to_owned(),
    ];
    places.extend(std::env::var("HOME").ok().filter(|home| home.len() > 1));
    for image in Image::all() {
        for place in &places {
            let found = image
                .bytes
                .windows(place.len())
                .any(|window| window == place.as_bytes());
            assert!(!found, "{}: the image contains {place}", image.arch);
        }
    }
}

#[test]
fn checksum_of_known_bytes() {
    // 16-bit words 0001 + ffff wrap to 0001; the field itself (4 bytes at 4) counts as zero; plus the length.
    let bytes = [0x01, 0x00, 0xff, 0xff, 0xaa, 0xbb, 0xcc, 0xdd, 0x02];
    assert_eq!(support::checksum(&bytes, 4), 0x0001 + 0x0002 + 9);
}
