// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sounds, rendered offline.
//!
//! A looped sound is a sum of partials whose frequencies are whole multiples of the loop's: while the loop runs, every partial
//! has constant amplitude and the loop is seamless by construction. Before the loop a partial may be louder (it decays towards
//! its loop amplitude), and a burst of noise may lie over the attack. What happens in the loop (decay, darkening, vibrato)
//! is the articulation's business.

use crate::dls::{Sample, Wave};
use crate::dsp::{Biquad, Random, decay, from_db, from_spectrum, key_hertz, sine, to_db};
use crate::gm::fit::{BANDS, Colour, LOWEST, Voice};
use libm::{cos, exp, log2, round};
use std::f64::consts::PI;
use std::iter;

/// Loudness that all sounds are levelled to, dB RMS re full scale.
const LOUDNESS: f64 = -10.0;
/// Partials above this part of the sample rate are left out.
const HIGHEST: f64 = 0.46;

/// One partial of a [`Tone`].
#[derive(Clone, Copy, Debug)]
pub struct Partial {
    /// Multiple of the fundamental.
    pub ratio: f64,
    /// Amplitude at the start.
    pub level: f64,
    /// What is left of `level` in the loop.
    pub keep: f64,
    /// Time constant in seconds in which the rest decays.
    pub decay: f64,
    /// Time in seconds that the partial needs to come up.
    pub rise: f64,
    /// Turns.
    pub phase: f64,
}

impl Partial {
    /// Of one level all the time.
    pub fn steady(ratio: f64, level: f64) -> Self {
        Self {
            ratio,
            level,
            keep: 1.0,
            decay: 1.0,
            rise: 0.0,
            phase: 0.0,
        }
    }

    /// Decays to `keep` of its level before the loop begins.
    pub fn fading(ratio: f64, level: f64, keep: f64, decay: f64) -> Self {
        Self {
            keep,
            decay,
            ..Self::steady(ratio, level)
        }
    }

    /// Comes up in `rise` seconds, as half a cosine.
    pub fn rising(self, rise: f64) -> Self {
        Self { rise, ..self }
    }
}

/// Band-limited noise over the attack.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    /// Amplitude at the start.
    pub level: f64,
    /// Time constant in seconds.
    pub decay: f64,
    /// Lower edge of the band, Hz.
    pub low: f64,
    /// Upper edge of the band, Hz.
    pub high: f64,
}

/// A pitched, looped sound.
#[derive(Clone, Debug)]
pub struct Tone {
    /// Frames per second, unless a lower rate holds all partials.
    pub rate: u32,
    /// Seconds before the loop.
    pub attack: f64,
    /// Shortest loop in seconds; at least one period.
    pub looped: f64,
    /// What is summed.
    pub partials: Vec<Partial>,
    /// Noise over the attack.
    pub burst: Option<Burst>,
    /// Noise in the loop: level and band in multiples of the fundamental.
    pub breath: Option<(f64, f64, f64)>,
}

impl Tone {
    /// At 22,050 Hz, with an attack of 50 ms and a loop of 20 ms.
    pub fn new(partials: Vec<Partial>) -> Self {
        Self {
            rate: 22_050,
            attack: 0.05,
            looped: 0.02,
            partials,
            burst: None,
            breath: None,
        }
    }

    /// With another rate, in frames per second.
    pub fn rate(mut self, rate: u32) -> Self {
        self.rate = rate;
        self
    }

    /// Seconds before the loop, and of the loop.
    pub fn length(mut self, attack: f64, looped: f64) -> Self {
        (self.attack, self.looped) = (attack, looped);
        self
    }

    /// With noise over the attack: level, time constant in seconds, band in Hz.
    pub fn burst(mut self, level: f64, decay: f64, low: f64, high: f64) -> Self {
        self.burst = Some(Burst {
            level,
            decay,
            low,
            high,
        });
        self
    }

    /// With noise in the loop: level, band in multiples of the fundamental.
    pub fn breath(mut self, level: f64, low: f64, high: f64) -> Self {
        self.breath = Some((level, low, high));
        self
    }

    /// The wave of this tone at `key`.
    pub fn render(&self, name: &Voice, key: u8) -> Wave {
        let wanted = key_hertz(f64::from(key));
        let sample_rate = self.rate_for(wanted);
        let rate = f64::from(sample_rate);
        let (cycles, period) = loop_of(rate, wanted, self.looped);
        let start = round(self.attack * rate).max(1.0) as usize;
        let mut frames = vec![0.0; start + period];
        let bin = rate / period as f64;
        let mut random = Random::named(&format!("{name}{key}"));

        let circle = Circle::new(period);
        let settles: Vec<f64> = (0..start).map(|i| settle(i, start)).collect();

        for partial in &self.partials {
            let cycle = round(partial.ratio * cycles as f64).max(1.0);
            if cycle * bin > HIGHEST * rate {
                continue;
            }
            let partial = coloured(partial, &name.colour, cycle * bin, self.attack);
            let waves = circle.sine(cycle as usize, partial.phase);
            let fades = decay(1.0 / rate / partial.decay)
                .zip(&settles)
                .map(|(fade, settle)| fade * settle)
                .chain(iter::repeat(0.0));
            for (i, (frame, (wave, fade))) in frames.iter_mut().zip(waves.zip(fades)).enumerate() {
                let t = i as f64 / rate;
                let level = partial.keep + (1.0 - partial.keep) * fade;
                let rise = if t < partial.rise {
                    0.5 - 0.5 * cos(PI * t / partial.rise)
                } else {
                    1.0
                };
                *frame += partial.level * level * rise * wave;
            }
        }
        if let Some((level, low, high)) = self.breath {
            let level = level * name.colour.late(wanted * libm::sqrt(low.max(0.5) * high));
            self.add_breath(
                &mut frames,
                &circle,
                cycles,
                (level, low, high),
                &mut random,
            );
        }
        if let Some(burst) = self.burst {
            let mut noise = noise_band(rate, burst.low, burst.high, &mut random);
            let level = burst.level * name.colour.early(libm::sqrt(burst.low * burst.high));
            let fades = decay(1.0 / rate / burst.decay).zip(&settles);
            for (frame, (fade, settle)) in frames.iter_mut().zip(fades) {
                *frame += level * noise() * fade * settle;
            }
        }
        let fine = 1200.0 * log2(wanted / (cycles as f64 * bin));
        levelled(name, sample_rate, frames, key, fine, Some((start, period)))
    }

    /// Low keys have no treble to store: the lowest of the usual rates that holds all partials.
    fn rate_for(&self, hertz: f64) -> u32 {
        let partials = self.partials.iter().map(|p| p.ratio * hertz);
        let noise = self
            .burst
            .map(|b| b.high * 0.8)
            .into_iter()
            .chain(self.breath.map(|(_, _, high)| high * hertz));
        let highest = partials.chain(noise).fold(0.0, f64::max);
        [16_000, 22_050, 32_000]
            .into_iter()
            .find(|rate| highest < HIGHEST * f64::from(*rate))
            .map_or(self.rate, |rate| rate.min(self.rate))
    }

    fn add_breath(
        &self,
        frames: &mut [f64],
        circle: &Circle,
        cycles: usize,
        (level, low, high): (f64, f64, f64),
        random: &mut Random,
    ) {
        let first = (low * cycles as f64) as usize;
        let period = circle.0.len() as f64;
        let last = ((high * cycles as f64) as usize).min((HIGHEST * period) as usize);
        let count = last.saturating_sub(first).max(1) as f64;
        for cycle in first.max(1)..last {
            let phase = random.unit();
            let amplitude = level * (0.4 + random.unit()) / libm::sqrt(count);
            for (frame, wave) in frames.iter_mut().zip(circle.sine(cycle, phase)) {
                *frame += amplitude * wave;
            }
        }
    }
}

/// Sine and cosine of whole parts of a turn.
struct Circle(Vec<[f64; 2]>);

impl Circle {
    fn new(parts: usize) -> Self {
        let part = |i: usize| i as f64 / parts as f64;
        Self(
            (0..parts)
                .map(|i| [sine(part(i)), sine(part(i) + 0.25)])
                .collect(),
        )
    }

    /// A sine without end that takes `cycle` parts with each frame and begins at `phase` turns. Its place is an integer, so it
    /// comes back to itself.
    fn sine(&self, cycle: usize, phase: f64) -> impl Iterator<Item = f64> {
        let [across, along] = [sine(phase), sine(phase + 0.25)];
        let places = iter::successors(Some(0), move |at| Some((at + cycle) % self.0.len()));
        places.map(move |at| {
            let [sine, cosine] = self.0[at];
            sine * along + cosine * across
        })
    }
}

/// An ensemble: each harmonic is a narrow band of random phases, so that the loop moves like many players. The loop is the
/// whole wave.
#[derive(Clone, Debug)]
pub struct Ensemble {
    /// Frames per second.
    pub rate: u32,
    /// Frames of the loop, a power of two.
    pub frames: usize,
    /// Width of the fundamental in cents.
    pub width: f64,
    /// Multiples of the fundamental and their levels.
    pub partials: Vec<(f64, f64)>,
    /// Level of broad noise.
    pub noise: f64,
}

impl Ensemble {
    /// At 16,000 Hz, with a loop of 8192 frames and no noise.
    pub fn new(width: f64, partials: Vec<(f64, f64)>) -> Self {
        Self {
            rate: 16_000,
            frames: 8192,
            width,
            partials,
            noise: 0.0,
        }
    }

    /// With another rate and another length of the loop, in frames.
    pub fn size(mut self, rate: u32, frames: usize) -> Self {
        (self.rate, self.frames) = (rate, frames);
        self
    }

    /// With broad noise of this level.
    pub fn noise(mut self, level: f64) -> Self {
        self.noise = level;
        self
    }

    /// The wave of this ensemble at `key`.
    pub fn render(&self, name: &Voice, key: u8) -> Wave {
        let rate = f64::from(self.rate);
        let hertz = key_hertz(f64::from(key));
        let bin = rate / self.frames as f64;
        let mut random = Random::named(&format!("{name}{key}"));
        let mut power = vec![0.0; self.frames / 2];
        for &(ratio, level) in &self.partials {
            let centre = hertz * ratio / bin;
            // A bell in frequency, wider for higher partials but not as fast as they rise.
            let width = ((libm::exp2(self.width / 1200.0) - 1.0) * hertz * libm::pow(ratio, 0.9)
                / bin)
                .max(0.6);
            let reach = (3.0 * width) as i64 + 1;
            for k in centre as i64 - reach..=centre as i64 + reach {
                if k < 1 || k as f64 > HIGHEST * self.frames as f64 {
                    continue;
                }
                let x = (k as f64 - centre) / width;
                power[k as usize] += level * level * exp(-x * x) / width;
            }
        }
        if self.noise > 0.0 {
            for (k, value) in power.iter_mut().enumerate().skip(1) {
                *value +=
                    self.noise * self.noise / (1.0 + k as f64 * bin / 2000.0) / self.frames as f64
                        * 64.0;
            }
        }
        let bins: Vec<(f64, f64)> = power
            .iter()
            .enumerate()
            .map(|(k, p)| {
                let colour = name.colour.late(k as f64 * bin);
                (libm::sqrt(*p) * colour, random.unit())
            })
            .collect();
        let frames = from_spectrum(self.frames, &bins);
        levelled(name, self.rate, frames, key, 0.0, Some((0, self.frames)))
    }
}

/// A partial in the colour of its frequency.
fn coloured(partial: &Partial, colour: &Colour, hertz: f64, attack: f64) -> Partial {
    if colour.is_plain() {
        return *partial;
    }
    let (early, late) = (colour.early(hertz), colour.late(hertz));
    Partial {
        level: partial.level * early,
        keep: partial.keep * late / early,
        decay: if partial.keep == 1.0 {
            attack / 3.0
        } else {
            partial.decay
        },
        ..*partial
    }
}

/// Frames in a colour that moves from its early to its late gains, and on, within [`LATE`] seconds; a loop over all of them stays one.
fn tinted(colour: &Colour, rate: u32, frames: &[f64], looped: Option<(usize, usize)>) -> Vec<f64> {
    /// How many times the way from early to late is gone at most.
    const FARTHEST: f64 = 4.0;
    let rate = f64::from(rate);
    let whole = looped.is_some_and(|(start, _)| start == 0);
    let mut rest = frames.to_vec();
    let mut out = vec![0.0; frames.len()];
    for band in 0..BANDS {
        let edge = LOWEST * libm::exp2(band as f64 + 0.5);
        let part = if band + 1 < BANDS && edge < 0.4 * rate {
            let mut filter = Biquad::low_pass(rate, edge, 0.6);
            if whole {
                // A loop is entered as it is left.
                for x in &rest {
                    filter.run(*x);
                }
            }
            let low: Vec<f64> = rest.iter().map(|x| filter.run(*x)).collect();
            rest.iter_mut().zip(&low).for_each(|(x, low)| *x -= low);
            low
        } else {
            std::mem::take(&mut rest)
        };
        let (early, late) = (colour.early[band], colour.late[band]);
        let mixed = out.iter_mut().zip(&part);
        if looped.is_some() {
            let gain = from_db(late);
            mixed.for_each(|(out, x)| *out += x * gain);
        } else {
            // What falls goes on falling, what rises has risen.
            let way = if late < early { FARTHEST } else { 1.0 } * LATE * rate;
            let first = from_db(early);
            let last = from_db(early + (late - early) / (LATE * rate) * way);
            let moving = decay((early - late) / (LATE * rate) * std::f64::consts::LN_10 / 20.0);
            let gains = moving
                .take(libm::ceil(way) as usize)
                .map(|fade| first * fade)
                .chain(iter::repeat(last));
            mixed
                .zip(gains)
                .for_each(|((out, x), gain)| *out += x * gain);
        }
        if rest.is_empty() {
            break;
        }
    }
    out
}

/// When the late colour holds, in seconds.
pub const LATE: f64 = 0.25;

/// A wave from computed frames: `fine` cents above what was rendered, `looped` start and length. Colour, level and gain are set.
pub fn finish(
    name: &Voice,
    rate: u32,
    frames: Vec<f64>,
    unity: u8,
    fine: f64,
    looped: Option<(usize, usize)>,
) -> Wave {
    let frames = if name.colour.is_plain() {
        frames
    } else {
        tinted(&name.colour, rate, &frames, looped)
    };
    levelled(name, rate, frames, unity, fine, looped)
}

/// A wave from coloured frames.
fn levelled(
    name: &str,
    rate: u32,
    mut frames: Vec<f64>,
    unity: u8,
    fine: f64,
    looped: Option<(usize, usize)>,
) -> Wave {
    if looped.is_none() {
        let fade = (frames.len() / 8).min(rate as usize / 50).max(1);
        let end = frames.len();
        for (i, frame) in frames.iter_mut().enumerate().skip(end - fade) {
            *frame *= (end - i) as f64 / fade as f64;
        }
    }
    // What sounds for ever has no offset.
    if let Some((0, length)) = looped {
        let mean = frames.iter().take(length).sum::<f64>() / length.max(1) as f64;
        frames.iter_mut().for_each(|frame| *frame -= mean);
    }
    let peak = frames
        .iter()
        .fold(1e-9f64, |peak, frame| peak.max(frame.abs()));
    let scale = 0.96 / peak;
    let loudness = to_db(loudest(&frames, rate) * scale);
    Wave {
        name: name.into(),
        rate,
        frames: frames
            .iter()
            .map(|frame| round(frame * scale * 32767.0) as i16)
            .collect(),
        sample: Sample {
            unity,
            fine_tune: round(fine) as i16,
            gain: (LOUDNESS - loudness).min(0.0),
            looped: looped.map(|(start, length)| (start as u32, length as u32)),
            until_release: false,
        },
    }
}

/// White noise through a band.
pub fn noise_band(rate: f64, low: f64, high: f64, random: &mut Random) -> impl FnMut() -> f64 {
    let mut below = Biquad::high_pass(rate, low, 0.7);
    let mut above = Biquad::low_pass(rate, high, 0.7);
    move || above.run(below.run(random.signed()))
}

/// Whole cycles and whole frames of the best loop not shorter than `seconds`.
fn loop_of(rate: f64, hertz: f64, seconds: f64) -> (usize, usize) {
    let least = libm::ceil(seconds * hertz).max(1.0) as usize;
    let error = |cycles: usize| {
        let exact = cycles as f64 * rate / hertz;
        ((exact - round(exact)) / exact).abs()
    };
    let cycles = (least..least + 6)
        .min_by(|a, b| error(*a).total_cmp(&error(*b)))
        .unwrap_or(least);
    (cycles, round(cycles as f64 * rate / hertz) as usize)
}

/// 1 at the beginning, 0 from the loop's start on.
fn settle(i: usize, start: usize) -> f64 {
    let x = i as f64 / start as f64;
    if x >= 1.0 {
        0.0
    } else if x < 0.5 {
        1.0
    } else {
        0.5 + 0.5 * cos(PI * (2.0 * x - 1.0))
    }
}

/// RMS of the loudest 50 ms.
fn loudest(frames: &[f64], rate: u32) -> f64 {
    let window = (rate as usize / 20).min(frames.len()).max(1);
    let power = frames
        .chunks(window)
        .map(|part| part.iter().map(|x| x * x).sum::<f64>() / window as f64);
    libm::sqrt(power.fold(1e-12, f64::max))
}

/// Levels of `count` harmonics.
pub fn harmonics(count: usize, level: impl Fn(f64) -> f64) -> Vec<Partial> {
    (1..=count)
        .map(|n| Partial::steady(n as f64, level(n as f64)))
        .collect()
}

/// How a string plucked or struck at `position` of its length excites harmonic `n`.
pub fn comb(n: f64, position: f64) -> f64 {
    (0.02 + sine(n * position / 2.0).abs()).min(1.0)
}

/// Gain of a resonator set at `hertz`: (centre, width, dB) each.
pub fn formants(hertz: f64, set: &[(f64, f64, f64)]) -> f64 {
    set.iter()
        .map(|&(centre, width, db)| {
            let x = (hertz - centre) / width;
            from_db(db) / (1.0 + x * x)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_seamless() {
        for key in [24, 60, 97] {
            let wave = Tone::new(harmonics(12, |n| 1.0 / n)).render(&Voice::plain("saw"), key);
            let (start, length) = wave.sample.looped.unwrap();
            let (start, end) = (start as usize, (start + length) as usize);
            assert_eq!(end, wave.frames.len());
            // The step over the seam is the step that the frames themselves make one period later.
            let seam = i32::from(wave.frames[start]) - i32::from(wave.frames[end - 1]);
            let inside = i32::from(wave.frames[start]) - i32::from(wave.frames[start - 1]);
            assert!((seam - inside).abs() <= 2, "key {key}: {seam} != {inside}");
        }
    }

    #[test]
    fn tones_are_in_tune() {
        for key in 21..108 {
            let wave =
                Tone::new(vec![Partial::steady(1.0, 1.0)]).render(&Voice::plain("sine"), key);
            let (start, length) = wave.sample.looped.unwrap();
            let part = &wave.frames[start as usize..];
            let next = part.iter().skip(1).chain(part.first());
            let cycles = part
                .iter()
                .zip(next)
                .filter(|(a, b)| **a < 0 && **b >= 0)
                .count();
            let hertz = cycles as f64 * f64::from(wave.rate) / f64::from(length);
            let off =
                1200.0 * log2(key_hertz(f64::from(key)) / hertz) - f64::from(wave.sample.fine_tune);
            assert!(off.abs() <= 0.51, "key {key}: {off} cents");
        }
    }

    #[test]
    fn levels_are_even() {
        let loud = Tone::new(harmonics(3, |_| 1.0)).render(&Voice::plain("a"), 60);
        let thin = Tone::new(harmonics(1, |_| 0.001)).render(&Voice::plain("b"), 60);
        for wave in [loud, thin] {
            let peak = wave.frames.iter().map(|f| f.unsigned_abs()).max().unwrap();
            assert!(peak > 31_000);
            assert!(wave.sample.gain <= 0.0);
        }
    }
}
