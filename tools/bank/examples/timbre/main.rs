// SPDX-License-Identifier: MIT OR Apache-2.0
//! Holds the built-in bank beside another one, played by FluidSynth.
//!
//! | argument | does |
//! |---|---|
//! | `measure FONT` | writes the figures of a SoundFont into `tests/timbre.tsv` |
//! | `compare` | the built-in bank against them, worst first |
//! | `fit FONT TIMES` | moves the numbers of `src/gm/fit.tsv` towards the SoundFont's band levels |
//! | `reverb FONT [VALUE]` | the reverb beside FluidSynth's, by octaves, at CC 91 = 127 or another value |

mod features;
mod fitting;
mod reverb;

use arioso_fluidsynth::{Config, Fluidsynth};
use features::{Engine, Features, RATE, SECONDS, channel, notes, read};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/timbre.tsv");

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["measure", font] => measure(Path::new(font)),
        ["compare"] => compare(),
        ["fit", font, times] => fitting::fit(&mut Peer::new(Path::new(font))?, times.parse()?),
        ["reverb", font] => reverb::compare(Path::new(font), 127),
        ["reverb", font, value] => reverb::compare(Path::new(font), value.parse()?),
        _ => Err("one of: measure FONT, compare, fit FONT TIMES, reverb FONT [VALUE]".into()),
    }
}

/// FluidSynth, dry, at volume 100.
pub struct Peer(Fluidsynth);

impl Peer {
    fn new(font: &Path) -> Result<Self, String> {
        let config = Config {
            rate: RATE,
            voices: 32,
            gain: 0.2,
            reverb: false,
            chorus: false,
            interpolation: 4,
            bank_select: c"gs",
        };
        Fluidsynth::new(font, &config).map(Self)
    }

    /// What FluidSynth makes of one note: [`SECONDS`] of frames.
    pub fn note(&mut self, program: u8, key: u8, velocity: u8) -> Vec<[f32; 2]> {
        let mut out = vec![[0.0; 2]; (SECONDS * f64::from(RATE)) as usize];
        self.0.cut();
        self.0.render(&mut out[..RATE as usize / 10]);
        let (channel, choice) = channel(program);
        self.0.message(&choice);
        self.0.message(&[0x90 | channel, key, velocity]);
        self.0.render(&mut out);
        self.0.message(&[0x80 | channel, key, 0]);
        out
    }
}

fn measure(font: &Path) -> Result<(), Box<dyn Error>> {
    let mut peer = Peer::new(font)?;
    let name = font.file_name().unwrap_or_default().display().to_string();
    let mut text = format!(
        "# {name} through FluidSynth, gain 0.2, dry, measured by `cargo run --release -p arioso-bank --example timbre -- measure`.\n\
         # program (128: kit)\tkey\tvelocity\tloudness dB\tattack ms\tdecay at 0.5 s dB\tcentroid Hz\n"
    );
    for (program, key, velocity) in notes() {
        let f = Features::of(&peer.note(program, key, velocity));
        writeln!(
            text,
            "{program}\t{key}\t{velocity}\t{:.1}\t{:.0}\t{:.1}\t{:.0}",
            f.loudness, f.attack, f.decay, f.centroid
        )?;
    }
    Ok(fs::write(TABLE, text)?)
}

fn compare() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(&arioso_bank::general_midi());
    for ((program, key, velocity), theirs) in read(&fs::read_to_string(TABLE)?) {
        let ours = Features::of(&engine.note(program, key, velocity));
        println!(
            "{program}\t{key}\t{velocity}\t{:.1}\t{:.1}\t{:.0}\t{:.0}\t{:.1}\t{:.1}\t{:.0}\t{:.0}",
            ours.loudness,
            theirs.loudness,
            ours.attack,
            theirs.attack,
            ours.decay,
            theirs.decay,
            ours.centroid,
            theirs.centroid
        );
    }
    Ok(())
}
