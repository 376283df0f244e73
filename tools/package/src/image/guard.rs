// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control Flow Guard in the load configuration.

use super::Image;
use crate::Findings;
use object::LittleEndian as LE;
use object::pe::{self, ImageLoadConfigDirectory64};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};

pub fn check(image: &Image, findings: &mut Findings) {
    let Some(config) = load_configuration(image) else {
        return findings.add("control-flow-guard", "has no load configuration");
    };
    let header = image.pe.nt_headers().optional_header();
    let base = header.image_base();
    let inside = base..base.saturating_add(u64::from(header.size_of_image()));
    for (name, pointer) in [
        ("security cookie", &config.security_cookie),
        ("check function", &config.guard_cf_check_function_pointer),
        (
            "dispatch function",
            &config.guard_cf_dispatch_function_pointer,
        ),
        ("function table", &config.guard_cf_function_table),
    ] {
        let pointer = pointer.get(LE);
        findings.expect(inside.contains(&pointer), "control-flow-guard", || {
            format!("the load configuration's {name} is outside of the image ({pointer:#x})")
        });
    }
    // FxDriverEntry at least is called through a pointer.
    let empty = config.guard_cf_function_count.get(LE) == 0;
    findings.expect(!empty, "control-flow-guard", || {
        "the table of functions is empty".to_owned()
    });
    let flags = config.guard_flags.get(LE);
    for (name, flag) in [
        ("CF_INSTRUMENTED", pe::IMAGE_GUARD_CF_INSTRUMENTED),
        (
            "CF_FUNCTION_TABLE_PRESENT",
            pe::IMAGE_GUARD_CF_FUNCTION_TABLE_PRESENT,
        ),
    ] {
        findings.expect(flags & flag == flag, "control-flow-guard", || {
            format!("the load configuration lacks the flag {name}")
        });
    }
}

fn load_configuration<'a>(image: &Image<'a>) -> Option<&'a ImageLoadConfigDirectory64> {
    let directory = image
        .pe
        .data_directory(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG)?;
    let data = directory
        .data(image.bytes, &image.pe.section_table())
        .ok()?;
    let (config, _) = object::from_bytes::<ImageLoadConfigDirectory64>(data).ok()?;
    Some(config)
}
