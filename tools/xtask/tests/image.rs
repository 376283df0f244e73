// SPDX-License-Identifier: MIT OR Apache-2.0
//! The finished driver image, x64 and ARM64: what Windows asks of a kernel binary and what we promise.

mod support;

use arioso_package::{Arch, Product, image};
use std::collections::BTreeSet;
use std::path::Path;
use support::Image;

/// Headers, sections, Control Flow Guard, imports, version resource, size: the package's rules for its image.
#[test]
fn the_rules_for_the_package() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let product = Product::read(&root).expect("Cargo.toml");
    for image in Image::all() {
        let findings = image::check("arioso.sys", &image.bytes, image.arch, &product);
        assert!(findings.is_empty(), "{}: {findings:#?}", image.arch.name());
    }
}

/// Parts of the names of the functions that run only while the registers of AVX are saved (`core/src/synth/simd`).
const SAVED: [&str; 2] = ["_on_avx2", "4simd4avx2"];

/// No instruction that kernel code without a saved extended state may not use, but in the kernels that are called where it is saved; none
/// that changes how floating point works for others, none that depends on undocumented structures.
#[test]
fn instructions() {
    let image = Image::get(Arch::X64);
    let symbols = image.symbols();
    let (mut found, mut wide) = (Vec::new(), 0);
    for (address, text) in image.instructions() {
        let text = text.split(['#', '<']).next().unwrap_or_default();
        let mnemonic = text.split_whitespace().next().unwrap_or_default();
        let has = |names: &[&str]| names.iter().any(|name| text.contains(name));
        let function = symbols.range(..=address).next_back();
        let saved = function.is_some_and(|(_, name)| SAVED.iter().any(|part| name.contains(part)));
        let avx = has(&["%ymm"]) || mnemonic.starts_with('v') && mnemonic != "verr";
        wide += usize::from(avx);
        let register = has(&["%zmm", "%mm", "%st", "%gs:", "%fs:", "%cr", "%dr"]);
        let forbidden = [
            "ldmxcsr", "vldmxcsr", "fldcw", "wrmsr", "rdmsr", "cli", "sti", "hlt", "invd", "emms",
        ];
        if register || avx && !saved || forbidden.contains(&mnemonic) {
            let function = function.map_or("?", |(_, name)| name);
            found.push(format!("{address:x} in {function}: {text}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(
        wide > 100,
        "{wide} instructions of AVX: the search does not know them"
    );
}

/// A function that puts a register of 32 bytes aside has aligned its stack: else the caller's stack decides whether that lies across two lines
/// of the cache, or two pages, and how fast it is.
#[test]
fn wide_registers_are_put_aside_aligned() {
    let image = Image::get(Arch::X64);
    let symbols = image.symbols();
    let (mut aside, mut aligned) = (BTreeSet::new(), BTreeSet::new());
    for (address, text) in image.instructions() {
        let Some((_, function)) = symbols.range(..=address).next_back() else {
            continue;
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.contains("%ymm") && (text.contains("(%rsp") || text.contains("(%rbp")) {
            aside.insert(function);
        }
        // Versions of the disassembler write numbers differently.
        let is_aligning = |number: &&str| ["$-32,", "$-0x20,", "$-64,", "$-0x40,"].contains(number);
        if let ["andq", number, "%rsp"] = text.split(' ').collect::<Vec<_>>()[..]
            && is_aligning(&number)
        {
            aligned.insert(function);
        }
    }
    assert!(aside.len() > 3, "the search finds none: {aside:?}");
    let wrong: Vec<_> = aside.difference(&aligned).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The kernel's stack is small, and nobody knows how much of it the caller left.
#[test]
fn stack_frames() {
    let image = Image::get(Arch::X64);
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
            assert!(!found, "{}: the image contains {place}", image.arch.name());
        }
    }
}

/// Only the panic handler calls `KeBugCheckEx`: an image that imports it can panic. The driver with a planted panic shows that such an
/// image is noticed.
#[test]
fn no_panic() {
    let imports = |bytes: &[u8]| {
        let name = b"KeBugCheckEx\0";
        bytes.windows(name.len()).any(|window| window == name)
    };
    for image in Image::all() {
        assert!(!imports(&image.bytes), "{} can panic", image.arch.name());
    }
    assert!(imports(&Image::planted()), "the check sees no panic");
}
