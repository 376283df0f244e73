// SPDX-License-Identifier: MIT OR Apache-2.0
//! A played song: voices, and the cost of a slice, over time.

use super::panel::Panel;
use crate::trace::{Sample, Trace};
use arioso_canvas::Canvas;

type Value = fn(&Sample) -> f64;

pub fn draw(trace: &Trace, name: &str) -> Canvas {
    let mut canvas = Canvas::new(1000, 580);
    canvas.heading(name, "");
    let samples = &trace.samples;
    let last = samples.last().map_or(1.0, |sample| sample.time_s);
    let cost = format!(
        "processor time for a slice of 1 ms, µs ({} Hz, {})",
        trace.rate, trace.output
    );
    let curves: [(&str, Value); 2] = [
        ("voices", |sample| f64::from(sample.voices)),
        (&cost, |sample| sample.slice_us),
    ];
    for (number, (title, value)) in (0..).zip(curves) {
        let panel = Panel {
            left: 60,
            top: 50 + 260 * number,
            width: 920,
            height: 200,
            x: (0.0, last.max(f64::MIN_POSITIVE)),
            y: (0.0, samples.iter().map(value).fold(1.0, f64::max)),
        };
        panel.grid_over_time(&mut canvas, title);
        // Before the song nothing sounds.
        let song = samples.iter().filter(|sample| sample.time_s >= 0.0);
        panel.curve(
            &mut canvas,
            song.map(|sample| (sample.time_s, value(sample))),
        );
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::super::panel::BLUE;
    use super::*;

    #[test]
    fn voices_are_where_they_sounded() {
        let samples = (0..=100)
            .map(|n| Sample {
                time_s: f64::from(n) / 10.0,
                voices: if n < 50 { 20 } else { 5 },
                ..Sample::default()
            })
            .collect();
        let canvas = draw(
            &Trace {
                output: "sink".into(),
                rate: 48_000,
                samples,
            },
            "song.json",
        );
        // The panel of voices is at 60, 50 and 920 × 200 pixels large.
        let height = |x| (50..250).find(|y| canvas.pixel(x, *y) == BLUE);
        assert_eq!(height(60 + 200), Some(50), "20 of 20");
        let low = height(60 + 700).unwrap();
        assert!(low.abs_diff(50 + 150) <= 1, "5 of 20: {low}");
    }
}
