// SPDX-License-Identifier: MIT OR Apache-2.0
//! How long notes took to sound.

use super::panel::{BLUE, Panel};
use arioso_canvas::Canvas;

/// Bars in a millisecond.
const BARS: f64 = 20.0;

pub fn draw(microseconds: &[f64], name: &str) -> Canvas {
    let mut canvas = Canvas::new(760, 350);
    canvas.heading(name, "");
    let counts = counts(microseconds);
    let most = counts.iter().copied().max().unwrap_or(1);
    let longest = microseconds.iter().copied().fold(0.0, f64::max) / 1000.0;
    let panel = Panel {
        left: 60,
        top: 50,
        width: 680,
        height: 250,
        x: (0.0, counts.len() as f64 / BARS),
        y: (0.0, most as f64),
    };
    let least = microseconds.iter().copied().fold(f64::MAX, f64::min) / 1000.0;
    let title = format!(
        "note-on to first sample: {} notes, {least:.2} to {longest:.2} ms",
        microseconds.len()
    );
    panel.grid(&mut canvas, &title, "ms");
    for (number, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (left, top) = panel.at(number as f64 / BARS, *count as f64);
        let (right, bottom) = panel.at((number + 1) as f64 / BARS, 0.0);
        let size = ((right - left - 1).max(1) as u32, (bottom - top + 1) as u32);
        canvas.fill((left, top), size, BLUE);
    }
    canvas
}

/// Values in each twentieth of a millisecond, up to a whole millisecond.
fn counts(microseconds: &[f64]) -> Vec<usize> {
    let bar = |value: &f64| (value.max(0.0) * BARS / 1000.0) as usize;
    let last = microseconds.iter().map(bar).max().unwrap_or(0);
    let mut counts = vec![0; (last + 1).next_multiple_of(BARS as usize).min(100_000)];
    for value in microseconds {
        if let Some(count) = counts.get_mut(bar(value)) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_in_its_bar() {
        let counts = counts(&[-3.0, 0.0, 49.0, 50.0, 1_000.0, 1_049.9]);
        assert_eq!(counts.len(), 40);
        assert_eq!((counts[0], counts[1], counts[20]), (3, 1, 2));
        assert_eq!(counts.iter().sum::<usize>(), 6);
    }

    #[test]
    fn the_highest_bar_is_as_high_as_the_panel() {
        let canvas = draw(&[100.0, 120.0, 300.0], "latency.json");
        // 1 ms is 680 pixels wide.
        let height = |x| {
            (50..300)
                .filter(|y| canvas.pixel(60 + x, *y) == BLUE)
                .count()
        };
        assert_eq!(height(85), 250);
        assert!(height(221).abs_diff(125) <= 1);
        assert_eq!(height(500), 0);
    }
}
