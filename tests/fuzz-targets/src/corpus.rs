// SPDX-License-Identifier: MIT OR Apache-2.0
//! The committed corpora: what libFuzzer found, reduced to one input for each new edge (`cargo xtask fuzz --minimize`).
//!
//! A file for each target: for each input its length as a `u32`, little-endian, and its bytes.

use std::path::PathBuf;

const CORPORA: [(&str, &[u8]); 7] = [
    ("dls_file", include_bytes!("../corpus/dls_file")),
    ("dls_download", include_bytes!("../corpus/dls_download")),
    ("midi_stream", include_bytes!("../corpus/midi_stream")),
    ("sf2", include_bytes!("../corpus/sf2")),
    ("property", include_bytes!("../corpus/property")),
    ("sequence", include_bytes!("../corpus/sequence")),
    ("music", include_bytes!("../corpus/music")),
];

/// A target's inputs.
pub fn inputs(target: &str) -> impl Iterator<Item = &'static [u8]> {
    let corpus = CORPORA.iter().find(|(name, _)| *name == target);
    let mut rest = corpus.map_or(&[][..], |(_, bytes)| bytes);
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk()?;
        let (input, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        rest = behind;
        Some(input)
    })
}

/// Bytes of all committed corpora: they are in every clone.
pub const LIMIT: usize = 300 << 10;

/// Bytes of all corpora when these have replaced the committed ones.
pub fn total(new: &[(&str, Vec<u8>)]) -> usize {
    CORPORA
        .iter()
        .map(|(name, old)| {
            let replaced = new.iter().find(|(other, _)| name == other);
            replaced.map_or(old.len(), |(_, bytes)| bytes.len())
        })
        .sum()
}

/// The file of a target.
pub fn file(target: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus")).join(target)
}

/// Its content.
pub fn pack(inputs: &[Vec<u8>]) -> Vec<u8> {
    inputs
        .iter()
        .flat_map(|input| [&(input.len() as u32).to_le_bytes()[..], input].concat())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_whole() {
        let total = total(&[]);
        assert!(total <= LIMIT, "{total} bytes");
        for (name, bytes) in CORPORA {
            let known: Vec<Vec<u8>> = inputs(name).map(<[u8]>::to_vec).collect();
            assert!(pack(&known) == bytes, "{name} does not end with an input");
        }
    }
}
