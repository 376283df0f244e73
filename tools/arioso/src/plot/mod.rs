// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures of recordings and of reports, as PNG files.

mod curves;
mod histogram;
mod panel;
mod spectrogram;
mod wave;

use crate::trace::{Latencies, Trace};
use arioso_canvas::Canvas;

/// Draws a WAV file or a report of this name; gives the PNG, or what is wrong with the input.
pub fn draw(bytes: &[u8], name: &str) -> Result<Vec<u8>, String> {
    let canvas = if bytes.starts_with(b"RIFF") {
        wave::draw(&wave::Recording::read(bytes)?, name)
    } else {
        report(bytes, name)?
    };
    canvas.png()
}

fn report(bytes: &[u8], name: &str) -> Result<Canvas, String> {
    if let Ok(trace) = serde_json::from_slice::<Trace>(bytes) {
        if trace.samples.len() < 2 {
            return Err("there is nothing in the report".into());
        }
        return Ok(curves::draw(&trace, name));
    }
    let Ok(measured) = serde_json::from_slice::<Latencies>(bytes) else {
        return Err(
            "it is neither a WAV file nor a report (arioso play --report makes one)".into(),
        );
    };
    if measured.latency_us.is_empty() {
        return Err("there is nothing in the report".into());
    }
    Ok(histogram::draw(&measured.latency_us, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_says_why() {
        for (bytes, why) in [
            (&b"hello"[..], "neither"),
            (b"", "neither"),
            (b"{}", "neither"),
            (b"RIFF\x04\0\0\0WAVE", "WAV"),
            (b"{\"latency_us\": []}", "nothing"),
            (
                b"{\"output\": \"sink\", \"rate\": 48000, \"samples\": []}",
                "nothing",
            ),
        ] {
            let error = draw(bytes, "name").unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
