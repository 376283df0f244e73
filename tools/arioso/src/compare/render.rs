//! A song as stereo frames, by our engine and by FluidSynth.

use super::RATE;
use crate::song::{SECOND, Song};
use arioso_core::dls::file::{Limits, load};
use arioso_core::dls::store::{Quotas, Store};
use arioso_core::synth::{Interpolation, Port, PortId, Settings, Synth};
use std::path::Path;
use std::process::Command;

/// FluidSynth lets events act at the next of its blocks; so do we here.
const BLOCK: usize = 64;
/// Voices of both.
const VOICES: u16 = 256;

/// Renders with the engine itself, as fast as it goes. `bank` is a DLS file.
pub fn engine(song: &Song, bank: &[u8]) -> Result<Vec<[f32; 2]>, String> {
    let limits = Limits {
        bytes: usize::MAX,
        ..Limits::default()
    };
    let instruments = load(bank, limits).map_err(|error| format!("{error:?}"))?;
    let mut store = Store::new(Quotas::default());
    let memory = |_| "no memory";
    store.add_defaults(instruments).map_err(memory)?;
    let mut port = Port::new(song.groups() as u16).map_err(memory)?;
    port.set_patches(store.patches(0).map_err(memory)?);
    port.set_interpolation(Interpolation::Sinc8);
    let settings = Settings {
        voices: VOICES,
        rate: RATE,
        ports: 1,
    };
    let mut synth = Synth::new(&settings).map_err(memory)?;
    synth.attach(PortId(0), port);
    // Dry, as FluidSynth is told to be.
    for controller in [91, 93] {
        for channel in 0..16 {
            synth.message(PortId(0), 0, &[0xB0 | channel, controller, 0]);
        }
    }

    let frame = |time: i64| (time * i64::from(RATE) / SECOND) as usize;
    let mut out = vec![[0.0; 2]; frame(song.length) + RATE as usize];
    let mut done = 0;
    for event in &song.events {
        let block = frame(event.time).next_multiple_of(BLOCK);
        let at = block.clamp(done, out.len());
        synth.render(&mut out[done..at]);
        done = at;
        let message = &event.message;
        if message[0] & 0xF0 != 0xB0 || !matches!(message[1], 91 | 93) {
            synth.message(PortId(0), event.group as u16, message);
        }
        while synth.take_retired().is_some() {}
    }
    synth.render(&mut out[done..]);
    Ok(out)
}

/// Renders with Debian's `fluidsynth`, without reverb and chorus. `scratch` is a file that may be overwritten.
pub fn fluidsynth(song: &Path, bank: &Path, scratch: &Path) -> Result<Vec<[f32; 2]>, String> {
    let output = Command::new("fluidsynth")
        .args(["-n", "-i", "-q", "-R", "0", "-C", "0", "-g", "0.2"])
        .args(["-r", &RATE.to_string(), "-T", "raw", "-O", "float"])
        .args([
            "-o",
            "synth.polyphony=256",
            "-o",
            "synth.midi-bank-select=gs",
        ])
        .args(["-o", "audio.file.endian=little", "-F"])
        .args([scratch, bank, song])
        .output()
        .map_err(|error| format!("cannot run fluidsynth: {error}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("fluidsynth failed: {}", why.trim()));
    }
    let bytes = std::fs::read(scratch).map_err(|error| error.to_string())?;
    let sample = |bytes: [u8; 4]| f32::from_le_bytes(bytes);
    Ok(bytes
        .as_chunks()
        .0
        .iter()
        .map(|&[a, b, c, d, e, f, g, h]| [sample([a, b, c, d]), sample([e, f, g, h])])
        .collect())
}
