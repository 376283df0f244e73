//! The committed corpora: what libFuzzer found, reduced to one input for each new edge (`cargo xtask fuzz --minimize`).
//!
//! A file for each target: for each input its length as a `u32`, little-endian, and its bytes.

use std::path::PathBuf;

const CORPORA: [(&str, &[u8]); 6] = [
    ("dls_file", include_bytes!("../corpus/dls_file")),
    ("dls_download", include_bytes!("../corpus/dls_download")),
    ("midi_stream", include_bytes!("../corpus/midi_stream")),
    ("sf2", include_bytes!("../corpus/sf2")),
    ("property", include_bytes!("../corpus/property")),
    ("sequence", include_bytes!("../corpus/sequence")),
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
