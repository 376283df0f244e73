// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report as a bar chart.

use crate::report::Row;
use anyhow::Result;
use embedded_graphics::mono_font::{MonoTextStyle, ascii::FONT_7X13, ascii::FONT_9X15_BOLD};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Text};
use std::convert::Infallible;
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

struct Canvas {
    height: i32,
    pixels: Vec<u8>,
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(WIDTH as u32, self.height as u32)
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(at, color) in pixels {
            let inside = (0..WIDTH).contains(&at.x) && (0..self.height).contains(&at.y);
            let place = ((at.y * WIDTH + at.x) * 3) as usize;
            if inside {
                self.pixels[place..place + 3].copy_from_slice(&[color.r(), color.g(), color.b()]);
            }
        }
        Ok(())
    }
}

/// Draws ns per voice-sample, a group of bars for each number of voices.
pub fn draw(file: &Path, rows: &[Row], is_peer: impl Fn(&str) -> bool) -> Result<()> {
    let mut counts: Vec<usize> = rows.iter().map(|row| row.voices).collect();
    counts.sort_unstable();
    counts.dedup();
    let height = TOP + rows.len() as i32 * (BAR + GAP) + counts.len() as i32 * HEADING + GAP;
    let mut canvas = Canvas {
        height,
        pixels: vec![0xFF; (WIDTH * height * 3) as usize],
    };
    let small = MonoTextStyle::new(&FONT_7X13, Rgb888::BLACK);
    let bold = MonoTextStyle::new(&FONT_9X15_BOLD, Rgb888::BLACK);
    let longest = rows
        .iter()
        .map(|row| row.ns_per_voice_sample)
        .fold(0.0, f64::max)
        .max(1e-9);

    let title = "ns per voice and sample (one core; shorter is better)";
    Text::new(title, Point::new(12, 26), bold).draw(&mut canvas)?;
    let mut y = TOP;
    for count in counts {
        let heading = format!("{count} voices");
        Text::new(&heading, Point::new(12, y + HEADING - 14), bold).draw(&mut canvas)?;
        y += HEADING;
        let mut group: Vec<&Row> = rows.iter().filter(|row| row.voices == count).collect();
        group.sort_by(|a, b| a.ns_per_voice_sample.total_cmp(&b.ns_per_voice_sample));
        for row in group {
            let length = row.ns_per_voice_sample / longest * f64::from(RIGHT - LEFT);
            let base = Point::new(LEFT, y);
            let color = if is_peer(row.engine) { PEER } else { OURS };
            Rectangle::new(base, Size::new((length as u32).max(1), BAR as u32))
                .into_styled(PrimitiveStyle::with_fill(color))
                .draw(&mut canvas)?;
            let label = format!("{} {}", row.engine, row.setting);
            let at = Point::new(LEFT - 8, y + 13);
            Text::with_alignment(&label, at, small, Alignment::Right).draw(&mut canvas)?;
            let value = format!("{:.2}", row.ns_per_voice_sample);
            let at = Point::new(LEFT + length as i32 + 6, y + 13);
            Text::new(&value, at, small).draw(&mut canvas)?;
            y += BAR + GAP;
        }
    }

    let output = std::io::BufWriter::new(std::fs::File::create(file)?);
    let mut encoder = png::Encoder::new(output, WIDTH as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&canvas.pixels)?;
    Ok(())
}
