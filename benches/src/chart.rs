// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report as a bar chart.

use crate::report::Row;
use anyhow::{Result, anyhow};
use arioso_canvas::Canvas;
use embedded_graphics::mono_font::ascii::{FONT_7X13, FONT_9X15_BOLD};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::text::Alignment::{Left, Right};
use std::path::Path;

const WIDTH: i32 = 900;
/// Where the bars begin and where the longest ends.
const LEFT: i32 = 260;
const RIGHT: i32 = 800;
const TOP: i32 = 50;
const BAR: i32 = 18;
const GAP: i32 = 4;
/// Between groups of bars: room for a heading.
const HEADING: i32 = 34;

const OURS: Rgb888 = Rgb888::new(0x1F, 0x77, 0xB4);
const PEER: Rgb888 = Rgb888::new(0xB0, 0xB0, 0xB0);

/// Draws ns per voice-sample, a group of bars for each number of voices.
pub fn draw(file: &Path, rows: &[Row], is_peer: impl Fn(&str) -> bool) -> Result<()> {
    let mut counts: Vec<usize> = rows.iter().map(|row| row.voices).collect();
    counts.sort_unstable();
    counts.dedup();
    let height = TOP + rows.len() as i32 * (BAR + GAP) + counts.len() as i32 * HEADING + GAP;
    let mut canvas = Canvas::new(WIDTH as usize, height as usize);
    let longest = rows
        .iter()
        .map(|row| row.ns_per_voice_sample)
        .fold(0.0, f64::max)
        .max(1e-9);

    let title = "ns per voice and sample (one core; shorter is better)";
    canvas.text(title, (12, 26), &FONT_9X15_BOLD, Left, Rgb888::BLACK);
    let mut y = TOP;
    for count in counts {
        let heading = format!("{count} voices");
        let at = (12, y + HEADING - 14);
        canvas.text(&heading, at, &FONT_9X15_BOLD, Left, Rgb888::BLACK);
        y += HEADING;
        let mut group: Vec<&Row> = rows.iter().filter(|row| row.voices == count).collect();
        group.sort_by(|a, b| a.ns_per_voice_sample.total_cmp(&b.ns_per_voice_sample));
        for row in group {
            let length = row.ns_per_voice_sample / longest * f64::from(RIGHT - LEFT);
            let color = if is_peer(row.engine) { PEER } else { OURS };
            canvas.fill((LEFT, y), ((length as u32).max(1), BAR as u32), color);
            let label = format!("{} {}", row.engine, row.setting);
            let at = (LEFT - 8, y + 13);
            canvas.text(&label, at, &FONT_7X13, Right, Rgb888::BLACK);
            let value = format!("{:.2}", row.ns_per_voice_sample);
            let at = (LEFT + length as i32 + 6, y + 13);
            canvas.text(&value, at, &FONT_7X13, Left, Rgb888::BLACK);
            y += BAR + GAP;
        }
    }
    let png = canvas.png().map_err(|why| anyhow!(why))?;
    Ok(std::fs::write(file, png)?)
}
