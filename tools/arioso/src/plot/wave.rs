// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recording: waveform and spectrogram.

use super::panel::{BLUE, Panel};
use super::spectrogram::{WINDOW, spectra};
use arioso_canvas::Canvas;
use embedded_graphics::mono_font::iso_8859_1::FONT_7X13;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::text::Alignment;
use std::io::Cursor;

/// Hz, the lowest that is shown.
const LOWEST: f64 = 30.0;
/// dB, what is shown as black.
const FLOOR: f32 = -96.0;
/// The scale of colours: pixels from the spectrogram, and its width.
const SCALE: (i32, i32) = (12, 14);

/// All that a WAV file holds.
pub struct Recording {
    pub rate: u32,
    pub channels: usize,
    /// Interleaved; 1.0 is full scale.
    pub samples: Vec<f32>,
}

impl Recording {
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let bad = |error: hound::Error| format!("it is no WAV file that can be read ({error})");
        let reader = hound::WavReader::new(Cursor::new(bytes)).map_err(bad)?;
        let spec = reader.spec();
        let samples: Result<Vec<f32>, _> = match spec.sample_format {
            hound::SampleFormat::Float => reader.into_samples::<f32>().collect(),
            hound::SampleFormat::Int => {
                let full = 2f32.powi(i32::from(spec.bits_per_sample) - 1);
                reader
                    .into_samples::<i32>()
                    .map(|sample| sample.map(|value| value as f32 / full))
                    .collect()
            }
        };
        let samples = samples.map_err(bad)?;
        let channels = usize::from(spec.channels);
        if channels == 0 || spec.sample_rate == 0 || samples.len() < channels {
            return Err("there is no sound in the WAV file".into());
        }
        Ok(Self {
            rate: spec.sample_rate,
            channels,
            samples,
        })
    }

    fn frames(&self) -> usize {
        self.samples.len() / self.channels
    }

    fn seconds(&self) -> f64 {
        self.frames() as f64 / f64::from(self.rate)
    }

    /// Its length and format.
    fn facts(&self) -> String {
        let tenths = (self.seconds() * 10.0).round() as u64;
        let channels = match self.channels {
            1 => "mono".into(),
            2 => "stereo".into(),
            n => format!("{n} channels"),
        };
        format!(
            "{}:{:02}.{}, {} Hz, {channels}",
            tenths / 600,
            tenths / 10 % 60,
            tenths % 10,
            self.rate
        )
    }

    /// Least and largest sample of any channel in a part of the recording.
    fn extent(&self, column: usize, columns: usize) -> (f64, f64) {
        let from = column * self.frames() / columns;
        let to = ((column + 1) * self.frames() / columns).max(from + 1);
        let part = &self.samples[from * self.channels..to.min(self.frames()) * self.channels];
        part.iter().fold((0.0, 0.0), |(low, high), sample| {
            (f64::from(*sample).min(low), f64::from(*sample).max(high))
        })
    }

    /// The channels' mean.
    fn mono(&self) -> Vec<f32> {
        self.samples
            .chunks_exact(self.channels)
            .map(|frame| frame.iter().sum::<f32>() / self.channels as f32)
            .collect()
    }
}

/// Where the two are, and what they show.
fn panels(recording: &Recording) -> [Panel; 2] {
    let waveform = Panel {
        left: 60,
        top: 50,
        width: 870,
        height: 180,
        x: (0.0, recording.seconds()),
        y: (-1.0, 1.0),
    };
    let spectrogram = Panel {
        top: 295,
        height: 300,
        // Decades.
        y: (LOWEST.log10(), (f64::from(recording.rate) / 2.0).log10()),
        ..waveform
    };
    [waveform, spectrogram]
}

/// `name` is the file's.
pub fn draw(recording: &Recording, name: &str) -> Canvas {
    let mut canvas = Canvas::new(1000, 640);
    let [waveform, spectrogram] = panels(recording);

    canvas.heading(name, &recording.facts());
    waveform.grid_over_time(&mut canvas, "waveform (full scale: 1)");
    let columns = waveform.width as usize;
    for column in 0..columns {
        let (low, high) = recording.extent(column, columns);
        let x = waveform.left + column as i32;
        let (_, top) = waveform.at(0.0, high);
        let (_, bottom) = waveform.at(0.0, low);
        canvas.line((x, top), (x, bottom), BLUE);
    }

    // Its axes' names first: the lines are under the picture.
    spectrogram.grid_of_frequencies(&mut canvas);
    for (column, levels) in spectra(&recording.mono(), columns).iter().enumerate() {
        for row in 0..spectrogram.height {
            let color = heat(loudest(&spectrogram, levels, row, recording.rate));
            let at = (spectrogram.left + column as i32, spectrogram.top + row);
            canvas.fill(at, (1, 1), color);
        }
    }
    spectrogram.scale(&mut canvas);
    canvas
}

impl Panel {
    fn grid_of_frequencies(&self, canvas: &mut Canvas) {
        self.title(canvas, "spectrogram (Hz)");
        self.times(canvas);
        for (hertz, label) in [(100, "100"), (1_000, "1k"), (10_000, "10k")] {
            self.row(canvas, f64::from(hertz).log10(), label);
        }
    }

    /// What level a colour stands for, right of the panel.
    fn scale(&self, canvas: &mut Canvas) {
        let scale = Panel {
            left: self.left + self.width + SCALE.0,
            width: SCALE.1,
            y: (f64::from(FLOOR), 0.0),
            ..*self
        };
        for row in 0..scale.height {
            let part = 1.0 - row as f32 / (scale.height - 1) as f32;
            let at = (scale.left, scale.top + row);
            let level = FLOOR * (1.0 - part);
            canvas.fill(at, (scale.width as u32, 1), heat(level));
        }
        for (edge, horizontal) in [
            (-1, true),
            (scale.height, true),
            (-1, false),
            (scale.width, false),
        ] {
            let (from, to) = match horizontal {
                true => ((-1, edge), (scale.width, edge)),
                false => ((edge, -1), (edge, scale.height)),
            };
            let at = |(x, y): (i32, i32)| (scale.left + x, scale.top + y);
            canvas.line(at(from), at(to), Rgb888::BLACK);
        }
        let right = scale.left + scale.width + 5;
        for level in (0..=4).map(|n| -24 * n) {
            let (_, y) = scale.at(0.0, f64::from(level));
            let at = (right, y + 4);
            canvas.text(
                &level.to_string(),
                at,
                &FONT_7X13,
                Alignment::Left,
                Rgb888::BLACK,
            );
        }
        let at = (scale.left, scale.top - 8);
        canvas.text("dB", at, &FONT_7X13, Alignment::Left, Rgb888::BLACK);
    }

    /// The frequencies of a row of pixels.
    fn hertz(&self, row: i32) -> (f64, f64) {
        let edge = |row: i32| {
            let part = 1.0 - f64::from(row) / f64::from(self.height);
            10f64.powf(self.y.0 + part * (self.y.1 - self.y.0))
        };
        (edge(row + 1), edge(row))
    }
}

/// The loudest of the bins that a row shows.
fn loudest(panel: &Panel, levels: &[f32], row: i32, rate: u32) -> f32 {
    let (low, high) = panel.hertz(row);
    let bin = |hertz: f64| (hertz * WINDOW as f64 / f64::from(rate)).round() as usize;
    let first = bin(low).min(levels.len() - 1);
    let last = bin(high).clamp(first + 1, levels.len().max(first + 1));
    levels[first..last.min(levels.len())]
        .iter()
        .copied()
        .fold(f32::NEG_INFINITY, f32::max)
}

/// From black by purple and orange to white.
fn heat(level: f32) -> Rgb888 {
    const STOPS: [[f32; 3]; 5] = [
        [0.0, 0.0, 0.0],
        [70.0, 15.0, 110.0],
        [190.0, 55.0, 85.0],
        [250.0, 160.0, 40.0],
        [255.0, 255.0, 255.0],
    ];
    let part = (1.0 - level / FLOOR).clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let stop = (part as usize).min(STOPS.len() - 2);
    let mix = |n: usize| {
        let (from, to) = (STOPS[stop][n], STOPS[stop + 1][n]);
        (from + (to - from) * (part - stop as f32)).round() as u8
    };
    Rgb888::new(mix(0), mix(1), mix(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// A second of 1 kHz at half of full scale, a second of silence.
    fn recording() -> Recording {
        const RATE: u32 = 48_000;
        let sine = |n: u32| (0.5 * (TAU * 1000.0 * f64::from(n) / f64::from(RATE)).sin()) as f32;
        Recording {
            rate: RATE,
            channels: 2,
            samples: (0..2 * RATE)
                .map(|n| if n < RATE { sine(n) } else { 0.0 })
                .flat_map(|sample| [sample, sample])
                .collect(),
        }
    }

    #[test]
    fn a_tone_and_silence() {
        let recording = recording();
        let canvas = draw(&recording, "tone.wav");
        let [waveform, spectrogram] = panels(&recording);
        let column = |seconds: f64| waveform.at(seconds, 0.0).0;

        for (seconds, peak) in [(0.25, 0.5), (0.75, 0.5), (1.5, 0.0)] {
            let x = column(seconds);
            let blue: Vec<i32> = (waveform.top..waveform.top + waveform.height)
                .filter(|y| canvas.pixel(x, *y) == BLUE)
                .collect();
            let (_, top) = waveform.at(seconds, peak);
            let (_, bottom) = waveform.at(seconds, -peak);
            assert!(blue[0].abs_diff(top) <= 1, "{seconds} s: {}", blue[0]);
            assert!(blue[blue.len() - 1].abs_diff(bottom) <= 1);
        }

        let brightness = |x, y| {
            let color = canvas.pixel(x, y);
            u32::from(color.r()) + u32::from(color.g()) + u32::from(color.b())
        };
        let rows = spectrogram.top..spectrogram.top + spectrogram.height;
        let brightest = rows
            .clone()
            .max_by_key(|y| brightness(column(0.5), *y))
            .unwrap();
        let (_, due) = spectrogram.at(0.5, 1000f64.log10());
        assert!(brightest.abs_diff(due) <= 2, "row {brightest}, not {due}");
        assert!(rows.clone().all(|y| brightness(column(1.5), y) == 0));
    }

    #[test]
    fn the_scale_has_the_spectrogram_s_colours() {
        let recording = recording();
        let canvas = draw(&recording, "tone.wav");
        let [_, spectrogram] = panels(&recording);
        let x = spectrogram.left + spectrogram.width + SCALE.0 + SCALE.1 / 2;
        let at = |level: f32| {
            let row = level / FLOOR * (spectrogram.height - 1) as f32;
            canvas.pixel(x, spectrogram.top + row.round() as i32)
        };
        for level in [0.0, -24.0, -48.0, -72.0, -96.0] {
            let (seen, due) = (at(level), heat(level));
            let near = |a: u8, b: u8| a.abs_diff(b) <= 3;
            assert!(near(seen.r(), due.r()) && near(seen.g(), due.g()) && near(seen.b(), due.b()));
        }
        // The heading and the scale's names are there.
        let ink = |left: i32, right: i32, top: i32, bottom: i32| {
            (left..right)
                .flat_map(|x| (top..bottom).map(move |y| (x, y)))
                .filter(|(x, y)| canvas.pixel(*x, *y) == Rgb888::BLACK)
                .count()
        };
        assert!(ink(9, 400, 5, 22) > 100);
        let name = x + SCALE.1 / 2 + 2;
        assert!(ink(name, 1000, spectrogram.top - 10, spectrogram.top + 10) > 10);
        assert_eq!(recording.facts(), "0:02.0, 48000 Hz, stereo");
    }

    #[test]
    fn every_format_of_samples_is_read() {
        for (bits, format) in [
            (16, hound::SampleFormat::Int),
            (24, hound::SampleFormat::Int),
            (32, hound::SampleFormat::Float),
        ] {
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 44_100,
                bits_per_sample: bits,
                sample_format: format,
            };
            let mut bytes = Cursor::new(Vec::new());
            let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
            match format {
                hound::SampleFormat::Float => writer.write_sample(-0.5f32).unwrap(),
                hound::SampleFormat::Int => writer.write_sample(-(1i32 << (bits - 2))).unwrap(),
            }
            writer.finalize().unwrap();
            let read = Recording::read(bytes.get_ref()).unwrap();
            assert_eq!(
                (read.samples.as_slice(), read.rate),
                (&[-0.5f32][..], 44_100)
            );
            // The shortest recording can be drawn.
            draw(&read, "short.wav");
        }
    }
}
