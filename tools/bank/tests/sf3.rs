// SPDX-License-Identifier: MIT OR Apache-2.0
//! SF3: samples that are Ogg Vorbis streams. `data/tone.ogg` is a quarter of a second of 441 Hz at 44.1 kHz, 12000 high, made with
//! `oggenc -q 4`.

use arioso_bank::dls;
use arioso_bank::sf2::test_font::{Font, zone};
use arioso_bank::sf2::{self, Conversion, Error, Limits, SampleHeader, SoundFont, generator as g};
use std::io::Cursor;

const STREAM: &[u8] = include_bytes!("data/tone.ogg");
const FRAMES: usize = 11_025;

fn tone(i: usize) -> f64 {
    12_000.0 * (std::f64::consts::TAU * i as f64 / 100.0).sin()
}

/// Two samples: one compressed, behind it one that is not.
fn font(stream: &[u8]) -> Font {
    let mut bytes = stream.to_vec();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    let start = bytes.len() as u32 / 2;
    let mut frames: Vec<i16> = bytes
        .chunks(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    frames.extend((0..1000).map(|i| tone(i).round() as i16));
    let header = |start, end, kind, offset| SampleHeader {
        name: "tone".into(),
        start,
        end,
        loop_start: offset + 100,
        loop_end: offset + 900,
        rate: 44_100,
        root: 69,
        correction: 0,
        link: 0,
        kind,
    };
    let plays = |sample| zone(&[(g::SAMPLE_MODES, 1), (g::SAMPLE, sample)]);
    Font {
        presets: vec![
            ("compressed", 0, 0, vec![zone(&[(g::INSTRUMENT, 0)])]),
            ("plain", 1, 0, vec![zone(&[(g::INSTRUMENT, 1)])]),
        ],
        instruments: vec![vec![plays(0)], vec![plays(1)]],
        samples: vec![
            header(0, stream.len() as u32, SampleHeader::VORBIS | 1, 0),
            header(start, start + 1000, 1, start),
        ],
        frames,
        low: None,
        version: 3,
    }
}

fn convert(bytes: &[u8]) -> Result<(Conversion, Vec<u8>), Error> {
    let mut source = Cursor::new(bytes);
    let font = SoundFont::open(&mut source)?;
    let conversion = sf2::convert(&font, &Limits::default(), |_, _| true)?;
    let mut out = Vec::new();
    sf2::write(&font, &conversion.bank, &mut source, &mut out, |_| ())?;
    Ok((conversion, out))
}

#[test]
fn compressed_samples_become_what_they_were() {
    let (conversion, out) = convert(&font(STREAM).bytes()).unwrap();
    assert!(conversion.report.is_empty(), "{}", conversion.report);
    let (bank, _) = dls::read(&out).unwrap();
    let frames: Vec<&Vec<i16>> = bank.waves.iter().map(|wave| &wave.frames).collect();
    assert_eq!((frames[0].len(), frames[1].len()), (FRAMES, 1000));
    let noise: f64 = frames[0]
        .iter()
        .enumerate()
        .map(|(i, &x)| (f64::from(x) - tone(i)).powi(2))
        .sum();
    let ratio = 10.0 * (12_000f64.powi(2) / 2.0 / (noise / FRAMES as f64)).log10();
    println!("{ratio:.1} dB");
    assert!(ratio > 30.0, "{ratio:.1} dB of signal to noise");
    for instrument in &bank.instruments {
        assert_eq!(
            instrument.regions[0].sample.unwrap().looped,
            Some((100, 800))
        );
    }
}

/// A stream that is cut off, or no stream: an error, or silence where something is missing; never a panic.
#[test]
fn broken_streams_are_survived() {
    let (_, whole) = convert(&font(STREAM).bytes()).unwrap();
    let (bank, report) = convert(&font(&[7; 300]).bytes())
        .map(|(conversion, _)| (conversion.bank, conversion.report))
        .unwrap();
    assert_eq!(bank.instruments.len(), 1, "the plain one");
    assert_eq!(report.count("samples outside of the sample data"), 1);
    for at in (28..STREAM.len()).step_by(61) {
        let mut stream = STREAM.to_vec();
        stream[at] ^= 0x55;
        if let Ok((_, dls)) = convert(&font(&stream).bytes()) {
            assert!(dls.len() <= whole.len() + (1 << 29));
        }
        let _ = convert(&font(&STREAM[..at]).bytes());
    }
}
