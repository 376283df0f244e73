// SPDX-License-Identifier: MIT OR Apache-2.0
//! The reverb beside FluidSynth's: what a click leaves, by octaves.

use super::features::{Engine, RATE};
use arioso_bank::dls::{Bank, Instrument, Link, Region, Sample, Wave};
use arioso_fluidsynth::{Config, Fluidsynth};
use std::error::Error;
use std::f64::consts::TAU;
use std::path::Path;

const SECONDS: usize = 4;
/// The kit's high wood block.
const CLICK: [u8; 3] = [0x99, 76, 127];

/// Prints for each octave the reverb time and the return's energy against the dry sound's, with CC 91 at `value`: of the built-in bank, of a
/// DLS bank that says nothing of sends (one frame at full scale), and of FluidSynth with a SoundFont.
pub fn compare(font: &Path, value: u8) -> Result<(), Box<dyn Error>> {
    let send = |status: u8| [status, 91, value];
    let built_in = Engine::new(&arioso_bank::general_midi());
    let ours = [false, true].map(|on| built_in.play(&[&send(0xB9), &CLICK], on, SECONDS));
    let plain = Engine::new(&click());
    let plain = [false, true].map(|on| plain.play(&[&send(0xB0), &[0x90, 60, 127]], on, SECONDS));
    let [dry, both] = [false, true].map(|reverb| {
        let config = Config {
            rate: RATE,
            voices: 32,
            gain: 0.2,
            reverb,
            chorus: false,
            interpolation: 4,
            bank_select: c"gs",
        };
        let mut synth = Fluidsynth::new(font, &config)?;
        synth.message(&send(0xB9));
        synth.message(&CLICK);
        let mut out = vec![[0.0; 2]; SECONDS * RATE as usize];
        synth.render(&mut out);
        Ok::<_, String>(out)
    });
    let theirs = [dry?, both?];
    println!("Hz\tRT60 s, FluidSynth\twet dB over dry: built in, DLS, FluidSynth");
    for hertz in [250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0] {
        let [a, b, c] = [&ours, &plain, &theirs].map(|of| figures(of, hertz));
        println!(
            "{hertz}\t{:.2}\t{:.2}\t{:.1}\t{:.1}\t{:.1}",
            a.0, c.0, a.1, b.1, c.1
        );
    }
    Ok(())
}

/// A DLS bank without articulations: one frame at full scale.
fn click() -> Vec<u8> {
    let mut frames = vec![0; 64];
    frames[0] = i16::MAX;
    let sample = Sample {
        unity: 60,
        fine_tune: 0,
        gain: 0.0,
        looped: None,
        until_release: false,
    };
    let region = Region {
        keys: (0, 127),
        velocities: (0, 127),
        key_group: 0,
        self_non_exclusive: false,
        wave: 0,
        link: Link::MONO,
        sample: None,
        articulation: Vec::new(),
    };
    let name = "click".to_string();
    Bank {
        name: name.clone(),
        copyright: String::new(),
        instruments: vec![Instrument {
            name: name.clone(),
            bank: 0,
            program: 0,
            regions: vec![region],
            articulation: Vec::new(),
        }],
        waves: vec![Wave {
            name,
            rate: RATE,
            frames,
            sample,
        }],
    }
    .to_bytes()
}

/// Reverb time and level of the return in an octave.
fn figures([dry, both]: &[Vec<[f32; 2]>; 2], hertz: f64) -> (f64, f64) {
    let band = |side: usize, wet: bool| {
        let samples = dry.iter().zip(both);
        let samples = samples.map(|(dry, both)| {
            f64::from(if wet {
                both[side] - dry[side]
            } else {
                dry[side]
            })
        });
        octave(samples, hertz)
    };
    let energy = |wet| {
        (0..2)
            .flat_map(|side| band(side, wet))
            .map(|x| x * x)
            .sum::<f64>()
    };
    (
        reverb_time(&band(0, true)),
        10.0 * (energy(true) / energy(false)).log10(),
    )
}

/// From the slope of the backward integral over 20 dB, from a tenth of a second on (Schroeder).
fn reverb_time(response: &[f64]) -> f64 {
    let mut curve: Vec<f64> = response
        .iter()
        .rev()
        .scan(0.0, |sum, x| {
            *sum += x * x;
            Some(*sum)
        })
        .collect();
    curve.reverse();
    let start = RATE as usize / 10;
    let end = curve.iter().position(|&x| x < curve[start] * 0.01);
    3.0 * (end.unwrap_or(curve.len()) - start) as f64 / f64::from(RATE)
}

/// Twice a band-pass of an octave.
fn octave(samples: impl Iterator<Item = f64>, hertz: f64) -> Vec<f64> {
    let w = TAU * hertz / f64::from(RATE);
    let alpha = w.sin() / (2.0 * std::f64::consts::SQRT_2);
    let (gain, a1, a2) = (
        alpha / (1.0 + alpha),
        -2.0 * w.cos() / (1.0 + alpha),
        (1.0 - alpha) / (1.0 + alpha),
    );
    let mut states = [[0.0; 4]; 2];
    samples
        .map(|x| {
            states.iter_mut().fold(x, |x, [x1, x2, y1, y2]| {
                let y = gain * (x - *x2) - a1 * *y1 - a2 * *y2;
                (*x2, *x1, *y2, *y1) = (*x1, x, *y1, y);
                y
            })
        })
        .collect()
}
