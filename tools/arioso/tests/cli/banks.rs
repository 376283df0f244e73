// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is told of banks.

use crate::support::{Scratch, row, text};
use arioso_bank::sf2::test_font::{plain, zone};

/// A DLS file of one instrument and one wave.
fn dls(tag: u16, bits: u16, channels: u16, data: &[u8]) -> Vec<u8> {
    let chunk = |id: &[u8; 4], parts: &[&[u8]]| {
        let body = parts.concat();
        let mut out = id.to_vec();
        out.extend((body.len() as u32).to_le_bytes());
        out.extend(&body);
        out.resize(out.len().next_multiple_of(2), 0);
        out
    };
    let words = |words: &[u16]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
    let longs = |longs: &[u32]| -> Vec<u8> { longs.iter().flat_map(|l| l.to_le_bytes()).collect() };
    let frame = u32::from(bits / 8 * channels);
    let format = [
        words(&[tag, channels]),
        longs(&[22_050, 22_050 * frame]),
        words(&[frame as u16, bits]),
    ]
    .concat();
    let wave = [chunk(b"fmt ", &[&format]), chunk(b"data", &[data])].concat();
    let region = [
        chunk(b"rgnh", &[&words(&[0, 127, 0, 127, 0, 0])]),
        chunk(
            b"wsmp",
            &[&longs(&[20]), &words(&[60, 0]), &longs(&[0, 0, 0])],
        ),
        chunk(b"wlnk", &[&words(&[0, 0]), &longs(&[1, 0])]),
    ]
    .concat();
    let region = chunk(b"LIST", &[b"rgn ", &region]);
    let instrument = [
        chunk(b"insh", &[&longs(&[1, 0, 0])]),
        chunk(b"LIST", &[b"lrgn", &region]),
    ]
    .concat();
    let instrument = chunk(b"LIST", &[b"ins ", &instrument]);
    let wave = chunk(b"LIST", &[b"wave", &wave]);
    chunk(
        b"RIFF",
        &[
            b"DLS ",
            &chunk(b"colh", &[&longs(&[1])]),
            &chunk(b"LIST", &[b"lins", &instrument]),
            &chunk(b"ptbl", &[&longs(&[8, 1, 0])]),
            &chunk(b"LIST", &[b"wvpl", &wave]),
        ],
    )
}

#[test]
fn codecs_and_channels_are_told() {
    let scratch = Scratch::new("codec");
    for (tag, bits, channels, codec, frames) in [
        (1, 8, 1, "PCM 8 bit, mono", "120"),
        (1, 16, 1, "PCM 16 bit, mono", "60"),
        (1, 24, 1, "PCM 24 bit, mono", "40"),
        (1, 16, 2, "PCM 16 bit, stereo", "30"),
        (3, 32, 1, "float 32 bit, mono", "30"),
        (6, 8, 1, "A-law 8 bit, mono", "120"),
        (7, 8, 2, "µ-law 8 bit, stereo", "60"),
        (2, 4, 1, "MS ADPCM 4 bit, mono", "?"),
        (0x1234, 8, 1, "codec 0x1234 8 bit, mono", "?"),
    ] {
        scratch.file("bank.dls", &dls(tag, bits, channels, &[0; 120]));
        let info = scratch.good(&["bank", "info", "bank.dls"]);
        assert_eq!(row(&info, "codec"), codec);
        assert_eq!(row(&info, "file"), "whole");
        let wave: Vec<&str> = info.lines().last().unwrap().split_whitespace().collect();
        assert!(wave.contains(&frames), "{codec}: {wave:?}");
        assert!(wave.contains(&channels.to_string().as_str()), "{wave:?}");
    }
    scratch.file(
        "bank.sf2",
        &plain(vec![zone(&[(41, 0)])], vec![zone(&[(53, 0)])]).bytes(),
    );
    let info = scratch.good(&["bank", "info", "bank.sf2"]);
    assert_eq!(row(&info, "codec"), "PCM 16 bit, mono");
}

#[test]
fn a_file_that_is_cut_off_is_told() {
    let scratch = Scratch::new("cut");
    let whole = dls(1, 16, 1, &[0; 4000]);
    scratch.file("bank.dls", &whole[..whole.len() - 1000]);
    let info = scratch.good(&["bank", "info", "bank.dls"]);
    let told = row(&info, "file");
    assert!(told.contains("cut off"), "{told}");
    assert!(told.contains(&whole.len().to_string()), "{told}");
    assert!(told.contains(&(whole.len() - 1000).to_string()), "{told}");
    let font = plain(vec![zone(&[(41, 0)])], vec![zone(&[(53, 0)])]).bytes();
    scratch.file("bank.sf2", &font[..font.len() - 100]);
    let output = scratch.run(&["bank", "info", "bank.sf2"]);
    assert!(text(&[output.stdout, output.stderr].concat()).contains("cut off"));
}

#[test]
fn play_tells_what_a_sound_font_loses() {
    let scratch = Scratch::new("losses");
    // Program 6, which the song plays. Modulators that DLS does not have: a linked one, one of an absolute value, one from an
    // undefined source.
    let mut lossy = zone(&[(53, 0)]);
    lossy.modulators = vec![[2, 0x8000, 300, 0, 0], [2, 8, 300, 0, 2], [9, 8, 300, 0, 0]];
    for (name, instrument) in [("lossy", lossy), ("plain", zone(&[(53, 0)]))] {
        scratch.file(
            &format!("{name}.sf2"),
            &plain(vec![zone(&[(41, 0)])], vec![instrument]).bytes(),
        );
    }
    let events: [(u32, &[u8]); 3] = [
        (0, &[0xC0, 5]),
        (0, &[0x90, 60, 100]),
        (100, &[0x80, 60, 0]),
    ];
    scratch.file("song.mid", &crate::support::midi(&events, 10));
    let converted = scratch.good(&["bank", "convert", "lossy.sf2", "-o", "x.dls"]);
    let table = scratch.good(&["play", "song.mid", "--bank", "lossy.sf2"]);
    let told = row(&table, "bank converted");
    // Every row of the conversion's table, in one line.
    let mut rows = 0;
    for line in converted.lines() {
        let mut words = line.split_whitespace();
        if let (Some("lost" | "approximate"), Some(count)) = (words.next(), words.next()) {
            let what: Vec<&str> = words.collect();
            let what = format!("{} ({count})", what.join(" "));
            assert!(told.contains(&what), "{told}, without {what}");
            rows += 1;
        }
    }
    assert!(rows > 0, "{converted}");
}
