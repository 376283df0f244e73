// SPDX-License-Identifier: MIT OR Apache-2.0
//! What Authenticode covers of a PE image ("Windows Authenticode Portable Executable Signature Format"), and an image's checksum.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Where the fields are that signing changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The checksum in the optional header.
    pub checksum: Range<usize>,
    /// The certificate table's entry among the data directories.
    pub entry: Range<usize>,
    /// The certificate table, at the end of the file; empty without a signature.
    pub table: Range<usize>,
}

impl Layout {
    /// None if this is no 64-bit image, or its certificate table lies elsewhere.
    #[must_use]
    pub fn of(image: &[u8]) -> Option<Self> {
        const MAGIC: usize = 24;
        const CHECKSUM: usize = 24 + 64;
        const SECURITY: usize = 24 + 112 + 4 * 8;
        let word = |at: usize| Some(u32::from_le_bytes(*image.get(at..)?.first_chunk()?) as usize);
        let header = word(0x3C)?;
        if !image.starts_with(b"MZ")
            || !image.get(header..)?.starts_with(b"PE\0\0")
            || !image.get(header + MAGIC..)?.starts_with(&[0x0B, 0x02])
        {
            return None;
        }
        let security = header + SECURITY;
        let (start, size) = (word(security)?, word(security + 4)?);
        let table = match size {
            0 => image.len()..image.len(),
            _ => start..start.checked_add(size)?,
        };
        let fits = table.end == image.len() && table.start >= security + 8;
        fits.then_some(Self {
            checksum: header + CHECKSUM..header + CHECKSUM + 4,
            entry: security..security + 8,
            table,
        })
    }
}

/// The SHA-256 that a signature or a catalog holds of an image: all but checksum, table's entry and table. None if it is no image.
#[must_use]
pub fn digest(image: &[u8]) -> Option<[u8; 32]> {
    covered::<Sha256>(image).map(Into::into)
}

/// The same by SHA-1, which a catalog holds too.
#[must_use]
pub fn sha1_digest(image: &[u8]) -> Option<[u8; 20]> {
    covered::<Sha1>(image).map(Into::into)
}

fn covered<D: Digest>(image: &[u8]) -> Option<sha2::digest::Output<D>> {
    let layout = Layout::of(image)?;
    let mut hash = D::new();
    hash.update(&image[..layout.checksum.start]);
    hash.update(&image[layout.checksum.end..layout.entry.start]);
    hash.update(&image[layout.entry.end..layout.table.start]);
    // A signer fills up before the table.
    let fill = layout.table.start.next_multiple_of(8) - layout.table.start;
    hash.update(&[0; 8][..fill]);
    Some(hash.finalize())
}

/// The image with everything that a signature does not cover as zeros, and without the signature. None if it is no image.
#[must_use]
pub fn unsigned(image: &[u8]) -> Option<Vec<u8>> {
    let layout = Layout::of(image)?;
    let mut bytes = image[..layout.table.start].to_vec();
    for field in [layout.checksum, layout.entry] {
        bytes[field].fill(0);
    }
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    Some(bytes)
}

/// A PE image's checksum: the sum of its 16-bit words with end-around carry, without the field itself, plus its length.
#[must_use]
pub fn checksum(bytes: &[u8], field: Range<usize>) -> u32 {
    let mut sum = 0u64;
    for (index, pair) in bytes.chunks(2).enumerate() {
        if !field.contains(&(index * 2)) {
            sum += u64::from(pair[0]) + (pair.get(1).map_or(0, |&high| u64::from(high)) << 8);
        }
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    (sum as u32).wrapping_add(bytes.len() as u32)
}

#[cfg(test)]
mod tests {
    use super::{Layout, checksum, digest};

    #[test]
    fn checksum_of_known_bytes() {
        // 16-bit words 0001 + ffff wrap to 0001; the field itself (4 bytes at 4) counts as zero; plus the length.
        let bytes = [0x01, 0x00, 0xff, 0xff, 0xaa, 0xbb, 0xcc, 0xdd, 0x02];
        assert_eq!(checksum(&bytes, 4..8), 0x0001 + 0x0002 + 9);
    }

    #[test]
    fn what_is_no_image_has_no_digest() {
        for bytes in [&b""[..], b"MZ", &[0; 4096], b"MZ\xff\xff\xff\xff"] {
            assert_eq!(Layout::of(bytes), None);
            assert_eq!(digest(bytes), None);
        }
    }
}
