// SPDX-License-Identifier: MIT OR Apache-2.0
//! What Windows asks of a kernel image, and what we promise of ours.

mod guard;
mod headers;
mod imports;
mod version;

pub use imports::{Import, OLDEST, list as import_list};

use crate::{Arch, Finding, Findings, Product};
use object::read::pe::PeFile64;

/// Bytes that the image stays under.
pub const LIMIT: usize = 640 * 1024;

/// An image under check.
struct Image<'a> {
    bytes: &'a [u8],
    pe: PeFile64<'a>,
}

/// Everything that is wrong with a driver image.
#[must_use]
pub fn check(file: &str, bytes: &[u8], arch: Arch, product: &Product) -> Vec<Finding> {
    let mut findings = Findings::of(file);
    match PeFile64::parse(bytes) {
        Ok(pe) => {
            let image = Image { bytes, pe };
            headers::check(&image, arch, &mut findings);
            guard::check(&image, &mut findings);
            imports::check(&image, &mut findings);
            version::check(&image, product, &mut findings);
        }
        Err(error) => findings.add("image", format!("is no 64-bit PE image: {error}")),
    }
    findings.expect(bytes.len() < LIMIT, "size", || {
        format!("{} bytes, must be under {LIMIT}", bytes.len())
    });
    findings.into_list()
}
