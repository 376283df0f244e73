// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report as bar charts.

use crate::songs::rows;
use crate::{limit, report};
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
const LIMIT: Rgb888 = Rgb888::new(0xE0, 0x9F, 0x3E);

/// One scale, and groups of bars that share it.
pub struct Panel {
    title: &'static str,
    groups: Vec<(String, Vec<Bar>)>,
}

struct Bar {
    label: String,
    value: f64,
    color: Rgb888,
}

impl Panel {
    fn longest(&self) -> f64 {
        let bars = self.groups.iter().flat_map(|(_, bars)| bars);
        bars.map(|bar| bar.value).fold(1e-9, f64::max)
    }

    fn height(&self) -> i32 {
        let bars: usize = self.groups.iter().map(|(_, bars)| bars.len()).sum();
        TOP + bars as i32 * (BAR + GAP) + self.groups.len() as i32 * HEADING + GAP
    }
}

/// ns per voice-sample, a group of bars for each number of voices; bare kernels among as many.
pub fn held(rows: &[report::Row], limits: &[limit::Row], is_peer: impl Fn(&str) -> bool) -> Panel {
    let mut counts: Vec<usize> = rows.iter().map(|row| row.voices).collect();
    counts.sort_unstable();
    counts.dedup();
    let group = |count: usize| {
        let bar = |row: &report::Row| Bar {
            label: format!("{} {}", row.engine, row.setting),
            value: row.ns_per_voice_sample,
            color: if is_peer(row.engine) { PEER } else { OURS },
        };
        let limit = |row: &limit::Row| Bar {
            label: format!("limit {} {}", row.setting, row.instructions),
            value: row.ns_per_voice_sample,
            color: LIMIT,
        };
        let rows = rows.iter().filter(|row| row.voices == count).map(bar);
        let limits = limits
            .iter()
            .filter(|row| row.voices == count && !row.ramps);
        let bars = sorted(rows.chain(limits.map(limit)).collect());
        (format!("{count} voices"), bars)
    };
    Panel {
        title: "ns per voice and sample, held notes (one core; shorter is better)",
        groups: counts.into_iter().map(group).collect(),
    }
}

/// ms per second of audio, a group of bars for each song, dry.
pub fn songs(rows: &[rows::Row], is_peer: impl Fn(&str) -> bool) -> Panel {
    let mut groups: Vec<(String, Vec<Bar>)> = Vec::new();
    for row in rows.iter().filter(|row| !row.reverb_and_chorus) {
        let heading = format!("{}, {}", row.song, row.bank);
        let bar = Bar {
            label: format!("{} {}", row.engine, row.setting),
            value: row.ms_per_second,
            color: if is_peer(row.engine) { PEER } else { OURS },
        };
        match groups.last_mut() {
            Some((last, bars)) if *last == heading => bars.push(bar),
            _ => groups.push((heading, vec![bar])),
        }
    }
    let groups = groups.into_iter();
    Panel {
        title: "ms per second of audio, songs without effects (one core; shorter is better)",
        groups: groups
            .map(|(heading, bars)| (heading, sorted(bars)))
            .collect(),
    }
}

fn sorted(mut bars: Vec<Bar>) -> Vec<Bar> {
    bars.sort_by(|a, b| a.value.total_cmp(&b.value));
    bars
}

/// Draws panels below one another; empty ones are left out.
pub fn draw(file: &Path, panels: &[Panel]) -> Result<()> {
    let panels = || panels.iter().filter(|panel| !panel.groups.is_empty());
    let height: i32 = panels().map(Panel::height).sum();
    let mut canvas = Canvas::new(WIDTH as usize, height as usize);
    let mut top = 0;
    for panel in panels() {
        draw_panel(&mut canvas, panel, top);
        top += panel.height();
    }
    let png = canvas.png().map_err(|why| anyhow!(why))?;
    Ok(std::fs::write(file, png)?)
}

fn draw_panel(canvas: &mut Canvas, panel: &Panel, top: i32) {
    let at = (12, top + 26);
    canvas.text(panel.title, at, &FONT_9X15_BOLD, Left, Rgb888::BLACK);
    let longest = panel.longest();
    let mut y = top + TOP;
    for (heading, bars) in &panel.groups {
        let at = (12, y + HEADING - 14);
        canvas.text(heading, at, &FONT_9X15_BOLD, Left, Rgb888::BLACK);
        y += HEADING;
        for bar in bars {
            let length = bar.value / longest * f64::from(RIGHT - LEFT);
            let size = ((length as u32).max(1), BAR as u32);
            canvas.fill((LEFT, y), size, bar.color);
            let at = (LEFT - 8, y + 13);
            canvas.text(&bar.label, at, &FONT_7X13, Right, Rgb888::BLACK);
            let value = format!("{:.2}", bar.value);
            let at = (LEFT + length as i32 + 6, y + 13);
            canvas.text(&value, at, &FONT_7X13, Left, Rgb888::BLACK);
            y += BAR + GAP;
        }
    }
}
