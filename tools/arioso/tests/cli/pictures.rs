// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures say what they show.

use crate::support::Scratch;
use std::fs;

/// The pixels of a picture, RGB, and its width.
fn picture(scratch: &Scratch, file: &str) -> (Vec<u8>, usize) {
    scratch.good(&["plot", file, "-o", "x.png"]);
    let png = scratch.read("x.png");
    let mut reader = png::Decoder::new(std::io::Cursor::new(png))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    (pixels, reader.info().width as usize)
}

#[test]
fn the_name_of_the_file_is_in_the_picture_and_nothing_else_changes() {
    let scratch = Scratch::new("heading");
    scratch.good(&["play", "song.mid", "-o", "one.wav", "--report", "one.json"]);
    for kind in ["wav", "json"] {
        let (one, two) = (format!("one.{kind}"), format!("another.{kind}"));
        fs::copy(scratch.path(&one), scratch.path(&two)).unwrap();
        let (a, width) = picture(&scratch, &one);
        let (b, _) = picture(&scratch, &two);
        let different: Vec<usize> = (0..a.len()).filter(|n| a[*n] != b[*n]).collect();
        let lines: Vec<usize> = different.iter().map(|n| n / (3 * width)).collect();
        assert!(lines.len() > 50, "{kind}");
        assert!(lines.iter().all(|line| *line < 25), "{kind}");
    }
}

#[test]
fn long_names_fit() {
    let scratch = Scratch::new("long-name");
    scratch.good(&["play", "song.mid"]);
    let name = format!("{}.wav", "né".repeat(80));
    fs::rename(scratch.path("song.wav"), scratch.path(&name)).unwrap();
    let (pixels, width) = picture(&scratch, &name);
    // The length and format at the end are not cut.
    let ink = |from: usize, to: usize| {
        let of_line = |line: usize| (from..to).map(move |x| 3 * (line * width + x));
        (5..22)
            .flat_map(of_line)
            .filter(|at| pixels[*at] == 0)
            .count()
    };
    assert!(ink(width - 200, width - 9) > 50);
    assert_eq!(ink(width - 9, width), 0);
}
