// SPDX-License-Identifier: MIT OR Apache-2.0
//! A rectangle with axes.

use arioso_canvas::Canvas;
use embedded_graphics::mono_font::iso_8859_1::{FONT_7X13, FONT_7X13_BOLD};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::text::Alignment;

pub const BLUE: Rgb888 = Rgb888::new(0x1F, 0x77, 0xB4);
const GRID: Rgb888 = Rgb888::new(0xDD, 0xDD, 0xDD);

/// Pixels of the picture, inside of the axes.
#[derive(Clone, Copy)]
pub struct Panel {
    pub left: i32,
    pub top: i32,
    pub width: i32,
    pub height: i32,
    /// What the edges stand for.
    pub x: (f64, f64),
    pub y: (f64, f64),
}

impl Panel {
    /// The pixel of a value; values outside lie on the edge.
    pub fn at(&self, x: f64, y: f64) -> (i32, i32) {
        let part = |(low, high): (f64, f64), value: f64| {
            ((value - low) / (high - low).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
        };
        (
            self.left + (part(self.x, x) * f64::from(self.width - 1)).round() as i32,
            self.top + ((1.0 - part(self.y, y)) * f64::from(self.height - 1)).round() as i32,
        )
    }

    /// Title, and lines at round values.
    pub fn grid(&self, canvas: &mut Canvas, title: &str, unit: &str) {
        self.title(canvas, title);
        self.rows(canvas);
        for (value, label) in ticks(self.x.0, self.x.1, self.width / 80) {
            self.column(canvas, value, &label);
        }
        self.unit(canvas, unit);
    }

    /// Title, and lines at round values; the horizontal axis is time, in seconds.
    pub fn grid_over_time(&self, canvas: &mut Canvas, title: &str) {
        self.title(canvas, title);
        self.rows(canvas);
        self.times(canvas);
    }

    /// Lines at round times: of what is long, in minutes.
    pub fn times(&self, canvas: &mut Canvas) {
        let (ticks, unit) = times(self.x.0, self.x.1, self.width / 80);
        for (value, label) in ticks {
            self.column(canvas, value, &label);
        }
        self.unit(canvas, unit);
    }

    fn rows(&self, canvas: &mut Canvas) {
        for (value, label) in ticks(self.y.0, self.y.1, self.height / 40) {
            self.row(canvas, value, &label);
        }
    }

    /// Of the horizontal axis.
    fn unit(&self, canvas: &mut Canvas, unit: &str) {
        let end = (self.left + self.width, self.top + self.height + 30);
        canvas.text(unit, end, &FONT_7X13, Alignment::Right, Rgb888::BLACK);
    }

    pub fn title(&self, canvas: &mut Canvas, title: &str) {
        let at = (self.left, self.top - 8);
        canvas.text(title, at, &FONT_7X13_BOLD, Alignment::Left, Rgb888::BLACK);
    }

    /// A line at a value of the vertical axis.
    pub fn row(&self, canvas: &mut Canvas, value: f64, label: &str) {
        let (_, y) = self.at(self.x.0, value);
        canvas.line((self.left, y), (self.left + self.width - 1, y), GRID);
        let at = (self.left - 6, y + 4);
        canvas.text(label, at, &FONT_7X13, Alignment::Right, Rgb888::BLACK);
    }

    /// A line at a value of the horizontal axis.
    pub fn column(&self, canvas: &mut Canvas, value: f64, label: &str) {
        let (x, _) = self.at(value, self.y.0);
        canvas.line((x, self.top), (x, self.top + self.height - 1), GRID);
        let at = (x, self.top + self.height + 14);
        canvas.text(label, at, &FONT_7X13, Alignment::Center, Rgb888::BLACK);
    }

    /// A line through points.
    pub fn curve(&self, canvas: &mut Canvas, points: impl Iterator<Item = (f64, f64)>) {
        let mut last = None;
        for (x, y) in points {
            let to = self.at(x, y);
            canvas.line(last.unwrap_or(to), to, BLUE);
            last = Some(to);
        }
    }
}

/// Round values between two, at most about `count`, with their names.
pub fn ticks(low: f64, high: f64, count: i32) -> Vec<(f64, String)> {
    let rough = (high - low) / f64::from(count.max(1));
    if !rough.is_normal() || rough < 0.0 {
        return Vec::new();
    }
    let decade = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * decade)
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(decade * 10.0);
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let first = (low / step).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last)
        .map(|n| {
            let value = n as f64 * step;
            (value, format!("{value:.digits$}"))
        })
        .collect()
}

/// Seconds from which on minutes are shown.
const LONG: f64 = 120.0;

/// Round times between two, at most about `count`, with their names; and the names' unit.
pub fn times(low: f64, high: f64, count: i32) -> (Vec<(f64, String)>, &'static str) {
    const STEPS: [i32; 14] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
    ];
    if high < LONG {
        return (ticks(low, high, count), "s");
    }
    let rough = (high - low) / f64::from(count.max(1));
    let step = STEPS.into_iter().map(f64::from).find(|step| *step >= rough);
    // Many hours.
    let step = step.unwrap_or_else(|| (rough / 7200.0).ceil() * 7200.0);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    let name = |seconds: i64| match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    };
    let ticks = (first..=last).map(|n| (n as f64 * step, name(n * step as i64)));
    (ticks.collect(), "min:s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_round() {
        let names = |low, high, count| -> Vec<String> {
            ticks(low, high, count).into_iter().map(|t| t.1).collect()
        };
        assert_eq!(
            names(0.0, 1.0, 5),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            names(0.0, 60.0, 6),
            ["0", "10", "20", "30", "40", "50", "60"]
        );
        assert_eq!(names(-1.0, 1.0, 2), ["-1", "0", "1"]);
        assert!(names(1.0, 1.0, 4).is_empty());
    }

    #[test]
    fn long_times_are_minutes() {
        let names = |high, count| -> Vec<String> {
            let (ticks, _) = times(0.0, high, count);
            ticks.into_iter().map(|tick| tick.1).collect()
        };
        assert_eq!(names(60.0, 3), ["0", "20", "40", "60"]);
        assert_eq!(times(0.0, 119.0, 4).1, "s");
        assert_eq!(
            names(205.0, 8),
            ["0:00", "0:30", "1:00", "1:30", "2:00", "2:30", "3:00"]
        );
        assert_eq!(
            names(7300.0, 5),
            ["0:00", "30:00", "1:00:00", "1:30:00", "2:00:00"]
        );
        assert_eq!(names(1e6, 5).len(), 5);
        assert_eq!(times(0.0, 205.0, 8).1, "min:s");
    }

    #[test]
    fn edges() {
        let panel = Panel {
            left: 10,
            top: 20,
            width: 101,
            height: 51,
            x: (0.0, 1.0),
            y: (-1.0, 1.0),
        };
        assert_eq!(panel.at(0.0, 1.0), (10, 20));
        assert_eq!(panel.at(1.0, -1.0), (110, 70));
        assert_eq!(panel.at(0.5, 0.0), (60, 45));
        assert_eq!(panel.at(7.0, 7.0), (110, 20), "outside");
    }
}
