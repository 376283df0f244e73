// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz targets: what each does with a string of bytes, and what it holds against the code under test. `fuzz/` runs them under
//! libFuzzer, `tests/smoke.rs` with the fixed seed and the mutator of [`mutate`].
//!
//! | module | holds |
//! |---|---|
//! | [`dls_file`], [`dls_download`], [`midi_stream`], [`sf2`] | the parsers, the store and the synthesizer, in this process |
//! | [`life`] | random banks and songs, and what must hold whatever they are |
//! | [`property`], [`sequence`] | the driver's image in the simulated kernel |
//! | [`music`] | the same image, with inputs of the parsers and of lives |
//! | [`machine`] | that kernel, with the driver in it |
//! | [`edges`] | which edges of the driver's image inputs take |
//! | [`lacking`] | banks and downloads while one thing after the other fails |
//! | [`corpus`] | inputs that libFuzzer has found |
//! | [`mutate`] | seeds and dictionary to inputs, by a fixed generator |
//! | `rare`, `short`, `scarce` | for the seeds: what files seldom have; what ends too early; memory that runs out |
//! | [`planted`] | one bug for each target, to see whether it would be found |

mod bytes;
pub mod corpus;
pub mod dls_download;
pub mod dls_file;
pub mod edges;
pub mod lacking;
pub mod life;
pub mod machine;
pub mod midi_stream;
pub mod music;
pub mod mutate;
pub mod planted;
pub mod property;
mod rare;
mod scarce;
pub mod sequence;
pub mod sf2;
mod short;
mod sound;

/// One fuzz target.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its directories under `fuzz/`.
    pub name: &'static str,
    /// Panics, or ends the process, on a bug.
    pub run: fn(&[u8]),
    /// Well-formed inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Byte strings that mean something in an input.
    pub dictionary: fn() -> Vec<Vec<u8>>,
    /// It runs the driver's image.
    pub driver: bool,
}

impl Target {
    /// The seeds and the committed corpus.
    pub fn known(&self) -> Vec<Vec<u8>> {
        let corpus = corpus::inputs(self.name).map(<[u8]>::to_vec);
        (self.seeds)().into_iter().chain(corpus).collect()
    }
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    dls_file::TARGET,
    dls_download::TARGET,
    midi_stream::TARGET,
    sf2::TARGET,
    property::TARGET,
    sequence::TARGET,
    music::TARGET,
    life::TARGET,
];

/// The target of that name.
pub fn find(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
