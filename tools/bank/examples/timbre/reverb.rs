//! The reverb beside FluidSynth's: what a click at CC 91 = 127 leaves, by octaves.

use super::features::{Engine, RATE};
use arioso_fluidsynth::{Config, Fluidsynth};
use std::error::Error;
use std::f64::consts::TAU;
use std::path::Path;

const SECONDS: usize = 4;
/// The kit's high wood block.
const CLICK: [u8; 3] = [0x99, 76, 127];
const SEND: [u8; 3] = [0xB9, 91, 127];

/// Prints for each octave the reverb time and the return's energy against the dry sound's.
pub fn compare(font: &Path) -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(&arioso_bank::general_midi());
    let ours = [false, true].map(|on| engine.play(&[&SEND, &CLICK], on, SECONDS));
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
        synth.message(&SEND);
        synth.message(&CLICK);
        let mut out = vec![[0.0; 2]; SECONDS * RATE as usize];
        synth.render(&mut out);
        Ok::<_, String>(out)
    });
    let theirs = [dry?, both?];
    println!("Hz\tRT60 s, FluidSynth\twet dB over dry, FluidSynth");
    for hertz in [250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0] {
        let (a, b) = (figures(&ours, hertz), figures(&theirs, hertz));
        println!("{hertz}\t{:.2}\t{:.2}\t{:.1}\t{:.1}", a.0, b.0, a.1, b.1);
    }
    Ok(())
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
