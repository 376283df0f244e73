// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pixels with text and lines on them, for the pictures of `arioso plot` and of the benchmarks.

use embedded_graphics::mono_font::iso_8859_1::FONT_9X15_BOLD;
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Line, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Text};
use std::convert::Infallible;

/// A picture, white at first.
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Rgb888>,
}

impl Canvas {
    /// A picture of so many pixels.
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![Rgb888::WHITE; width * height],
        }
    }

    /// The picture's heading: the name of a file, and what is known of it. What is too long is cut.
    pub fn heading(&mut self, name: &str, facts: &str) {
        let columns = self.width / FONT_9X15_BOLD.character_size.width as usize - 2;
        let text = match facts {
            "" => name.to_owned(),
            facts => {
                let room = columns.saturating_sub(facts.chars().count() + 3);
                format!("{}   {facts}", shortened(name, room))
            }
        };
        let text = shortened(&text, columns);
        self.text(
            &text,
            (9, 17),
            &FONT_9X15_BOLD,
            Alignment::Left,
            Rgb888::BLACK,
        );
    }

    /// The colour of a pixel, which must be in the picture.
    pub fn pixel(&self, x: i32, y: i32) -> Rgb888 {
        self.pixels[y as usize * self.width + x as usize]
    }

    /// Text whose base line begins, ends or has its middle at a place, in pixels from the upper left corner.
    pub fn text(
        &mut self,
        text: &str,
        at: (i32, i32),
        font: &MonoFont<'_>,
        alignment: Alignment,
        color: Rgb888,
    ) {
        let style = MonoTextStyle::new(font, color);
        let text = Text::with_alignment(text, Point::new(at.0, at.1), style, alignment);
        let Ok(_) = text.draw(self);
    }

    /// A line of one pixel.
    pub fn line(&mut self, from: (i32, i32), to: (i32, i32), color: Rgb888) {
        let line = Line::new(Point::new(from.0, from.1), Point::new(to.0, to.1));
        let Ok(()) = line
            .into_styled(PrimitiveStyle::with_stroke(color, 1))
            .draw(self);
    }

    /// A filled rectangle.
    pub fn fill(&mut self, corner: (i32, i32), size: (u32, u32), color: Rgb888) {
        let area = Rectangle::new(Point::new(corner.0, corner.1), Size::new(size.0, size.1));
        let Ok(()) = self.fill_solid(&area, color);
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// What is wrong with the size.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        let bytes: Vec<u8> = self
            .pixels
            .iter()
            .flat_map(|color| [color.r(), color.g(), color.b()])
            .collect();
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(|why| why.to_string())?;
        writer
            .write_image_data(&bytes)
            .map_err(|why| why.to_string())?;
        writer.finish().map_err(|why| why.to_string())?;
        Ok(out)
    }
}

/// At most so many characters.
fn shortened(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let start: String = text.chars().take(columns.saturating_sub(3)).collect();
    start + "..."
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
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
            let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) else {
                continue;
            };
            if x < self.width && y < self.height {
                self.pixels[y * self.width + x] = color;
            }
        }
        Ok(())
    }
}
