// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small SoundFont and what becomes of it.

use super::test_font::{Font, header, plain, range, zone};
use super::zones::generator as g;
use super::*;
use crate::dls::{BIPOLAR_SOURCE, Connection, Region, destination as d, source as s};
use std::io::Cursor;

impl Font {
    fn convert(&self) -> Conversion {
        convert_bytes(&self.bytes()).unwrap().0
    }

    /// The first instrument's regions, with the articulations that count.
    fn regions(&self) -> Vec<Region> {
        let bank = self.convert().bank;
        let instrument = &bank.instruments[0];
        instrument
            .regions
            .iter()
            .map(|region| {
                let mut region = region.clone();
                if region.articulation.is_empty() {
                    region.articulation.clone_from(&instrument.articulation);
                }
                region
            })
            .collect()
    }
}

fn convert_bytes(bytes: &[u8]) -> Result<(Conversion, Vec<u8>), Error> {
    let mut source = Cursor::new(bytes);
    let font = SoundFont::open(&mut source)?;
    let limits = Limits {
        regions: 10_000,
        connections: 100_000,
        zones: 100_000,
        bytes: 1 << 20,
    };
    let conversion = convert(&font, &limits, |_, _| true)?;
    let mut out = Vec::new();
    write(&font, &conversion.bank, &mut source, &mut out, |_| ())?;
    Ok((conversion, out))
}

/// The scale of a connection without control, in its unit.
fn scale(region: &Region, source: u16, destination: u16) -> Option<i32> {
    let found: Vec<&Connection> = region
        .articulation
        .iter()
        .filter(|c| (c.source, c.control, c.destination) == (source, s::NONE, destination))
        .collect();
    assert!(found.len() <= 1, "twice: {found:?}");
    found.first().map(|c| c.scale >> 16)
}

fn constant(region: &Region, destination: u16) -> Option<i32> {
    scale(region, s::NONE, destination)
}

#[test]
fn presets_add_to_instruments_and_ranges_intersect() {
    let font = plain(
        vec![
            zone(&[(g::PAN, 100), (g::COARSE_TUNE, 1)]),
            zone(&[(g::KEYS, range(0, 60)), (g::PAN, 50), (g::INSTRUMENT, 0)]),
            zone(&[(g::KEYS, range(90, 100)), (g::INSTRUMENT, 0)]),
        ],
        vec![
            zone(&[(g::PAN, -200), (g::Q, 30), (g::VELOCITIES, range(1, 100))]),
            zone(&[(g::KEYS, range(40, 70)), (g::SAMPLE, 0)]),
            zone(&[
                (g::KEYS, range(71, 80)),
                (g::PAN, 10),
                (g::SAMPLE, 0),
                // Behind the sample nothing counts.
                (g::Q, 99),
            ]),
        ],
    );
    let regions = font.regions();
    assert_eq!(regions.len(), 1, "the other ranges do not meet");
    let region = &regions[0];
    assert_eq!((region.keys, region.velocities), ((40, 60), (1, 100)));
    // A preset's own zone replaces its global one; both levels are added.
    assert_eq!(constant(region, d::PAN), Some(-150));
    // Q² of 10^0.3 / 2: a peak of Q^4 / (Q² - 1/4) over DC, less half of the rest.
    assert_eq!(constant(region, d::FILTER_Q), Some(12));
    assert_eq!(constant(region, d::GAIN), Some(-9));
    let sample = region.sample.unwrap();
    assert_eq!((sample.unity, sample.fine_tune), (60, 103));
    assert_eq!(sample.looped, None, "sample mode 0");
    assert!(region.self_non_exclusive);
}

#[test]
fn generators_become_connections_in_dls_units() {
    let region = &plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![zone(&[
            (g::ATTENUATION, 100),
            (g::EG1_DELAY, -12000),
            (g::EG1_HOLD, -2000),
            (g::KEY_TO_EG1_HOLD, 50),
            (g::EG1_SUSTAIN, 480),
            (g::EG2_SUSTAIN, 300),
            (g::EG2_ATTACK, -1000),
            (g::EG1_RELEASE, -1200),
            (g::VIBRATO_FREQUENCY, -700),
            (g::LFO_TO_CUTOFF, 1200),
            (g::CUTOFF, 9000),
            (g::REVERB, 150),
            (g::SCALE_TUNING, 50),
            (g::ROOT_KEY, 64),
            (g::EXCLUSIVE_CLASS, 16),
            (g::SAMPLE_MODES, 3),
            (g::SAMPLE, 0),
        ])],
    )
    .regions()[0];
    let sample = region.sample.unwrap();
    assert!((sample.gain + 4.0).abs() < 1e-9, "0.4 of 10 dB");
    assert_eq!(
        (sample.looped, sample.until_release),
        (Some((10, 80)), true)
    );
    // The driver counts the scale from the root, as a SoundFont does.
    assert_eq!((sample.unity, sample.fine_tune), (64, 3));
    assert_eq!(scale(region, s::KEY, d::PITCH), Some(6400));
    assert_eq!(constant(region, d::EG1_DELAY), None);
    // Key 60: −2000.
    assert_eq!(constant(region, d::EG1_HOLD), Some(-2000 + 3000));
    assert_eq!(scale(region, s::KEY, d::EG1_HOLD), Some(-6400));
    assert_eq!(constant(region, d::EG1_SUSTAIN), Some(500));
    assert_eq!(constant(region, d::EG2_SUSTAIN), Some(700));
    assert_eq!(constant(region, d::EG1_RELEASE), Some(-1200));
    assert_eq!(constant(region, d::VIBRATO_FREQUENCY), Some(-700));
    assert_eq!(scale(region, s::LFO, d::FILTER_CUTOFF), Some(1200));
    // 3 dB down in a SoundFont, 4 dB in DLS.
    assert_eq!(constant(region, d::FILTER_CUTOFF), Some(9182));
    assert_eq!(constant(region, d::REVERB_SEND), Some(150));
    assert_eq!(scale(region, s::CC91, d::REVERB_SEND), Some(200));
    assert_eq!(region.key_group, 1, "the only class");
    assert_eq!(constant(region, d::EG2_ATTACK), Some(-1000));
    let swing = region.articulation.iter().find(|c| c.source == s::LFO);
    assert_eq!(swing.unwrap().transform, BIPOLAR_SOURCE);
}

#[test]
fn modulators_replace_defaults_and_add_up() {
    let mut inner = zone(&[(g::SAMPLE, 0)]);
    inner.modulators = vec![
        // Velocity to attenuation of half the depth; wheel CC 1 to vibrato of none; key, bipolar, to the cutoff; linked.
        [0x0502, g::ATTENUATION, 480, 0, 0],
        [0x0081, g::VIBRATO_TO_PITCH, 0, 0, 0],
        [0x0203, g::CUTOFF, 2000, 0, 0],
        [127, g::CUTOFF, 2000, 0, 0],
        [0x0081, g::CUTOFF, 100, 0, 2],
    ];
    let mut outer = zone(&[(g::INSTRUMENT, 0)]);
    outer.modulators = vec![[0x0203, g::CUTOFF, 400, 0, 0]];
    let font = plain(vec![outer], vec![inner]);
    let region = &font.regions()[0];
    assert_eq!(scale(region, s::VELOCITY, d::GAIN), Some(-480));
    assert_eq!(scale(region, s::KEY, d::FILTER_CUTOFF), Some(2400));
    let find = |control| {
        let vibrato = |c: &&Connection| c.source == s::VIBRATO && c.control == control;
        region
            .articulation
            .iter()
            .find(vibrato)
            .map(|c| c.scale >> 16)
    };
    assert_eq!(
        (find(s::CC1), find(s::CHANNEL_PRESSURE)),
        (Some(0), Some(50))
    );
    let report = font.convert().report;
    assert_eq!(report.count("linked modulators"), 1);
    assert_eq!(
        report.count("modulators with the absolute value transform"),
        1
    );
}

#[test]
fn offsets_are_cut_and_equal_cuts_shared() {
    let inner = |start: i16| {
        zone(&[
            (g::START, start),
            (g::LOOP_END, -5),
            (g::SAMPLE_MODES, 1),
            (g::SAMPLE, 0),
        ])
    };
    let font = plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![inner(4), inner(4), inner(20), inner(500)],
    );
    let Conversion { bank, report } = font.convert();
    let cuts: Vec<Cut> = bank.waves.iter().map(|wave| wave.frames).collect();
    assert_eq!(
        cuts,
        [
            Cut {
                stream: None,
                start: 4,
                end: 100,
            },
            Cut {
                stream: None,
                start: 20,
                end: 100
            }
        ]
    );
    let regions = &bank.instruments[0].regions;
    let loops: Vec<_> = regions
        .iter()
        .map(|r| (r.wave, r.sample.unwrap().looped))
        .collect();
    let (whole, cut) = (Some((6, 75)), Some((0, 65)));
    assert_eq!(loops, [(0, whole), (0, whole), (1, cut)]);
    assert_eq!(report.count("samples outside of the sample data"), 1);
    assert_eq!(report.count("loops that leave their sample, repaired"), 1);
}

#[test]
fn halves_of_a_stereo_sample_are_a_phase_group() {
    let mut font = plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![
            zone(&[(g::PAN, 500), (g::SAMPLE, 1)]),
            zone(&[(g::PAN, -500), (g::SAMPLE, 0)]),
        ],
    );
    font.samples = vec![
        SampleHeader {
            kind: SampleHeader::LEFT,
            link: 1,
            ..header(0, 100)
        },
        SampleHeader {
            kind: SampleHeader::RIGHT,
            link: 0,
            ..header(100, 200)
        },
    ];
    let links: Vec<_> = font.regions().iter().map(|region| region.link).collect();
    assert_eq!((links[0].phase_group, links[1].phase_group), (1, 1));
    assert_eq!(
        (links[0].phase_master, links[1].phase_master),
        (false, true)
    );
}

#[test]
fn twenty_four_bits_are_rounded() {
    let mut font = plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![zone(&[(g::SAMPLE, 0)])],
    );
    font.frames[..3].copy_from_slice(&[7, -7, i16::MAX]);
    font.low = Some([0x7F, 0x80, 0xFF].into_iter().chain([0; 197]).collect());
    let (conversion, dls) = convert_bytes(&font.bytes()).unwrap();
    assert_eq!(
        conversion
            .report
            .count("24-bit samples, rounded to 16 bits"),
        1
    );
    let file = arioso_core::dls::file::Collection::parse(&dls, Default::default()).unwrap();
    let wave = file.wave(0).unwrap();
    assert_eq!(wave.data.len(), 200);
    assert_eq!(&wave.data[..6], [7, 0, 0xFA, 0xFF, 0xFF, 0x7F]);
}

#[test]
fn banks_and_what_cannot_sound() {
    let preset = |bank| ("p", 0, bank, vec![zone(&[(g::INSTRUMENT, 0)])]);
    let mut font = plain(vec![], vec![zone(&[(g::SAMPLE, 0)])]);
    font.presets = vec![preset(128), preset(8), preset(8), preset(300), preset(0)];
    let Conversion { bank, report } = font.convert();
    let banks: Vec<u32> = bank.instruments.iter().map(|i| i.bank).collect();
    assert_eq!(banks, [0, 8 << 8, 0x8000_0000]);
    assert_eq!(report.rows().map(|row| row.2).sum::<u64>(), 2);

    let why = |font: &Font| convert_bytes(&font.bytes()).unwrap_err().to_string();
    font.samples[0].kind = 0x8001;
    assert!(why(&font).contains("ROM"));
    font.samples[0].kind = 0x11;
    assert!(why(&font).contains("can sound"), "no stream");
    font.presets.clear();
    assert!(why(&font).contains("no presets"));
}

#[test]
fn broken_files_say_why() {
    let good = plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![zone(&[(g::SAMPLE, 0)])],
    )
    .bytes();
    assert!(convert_bytes(&good).is_ok());
    // Of the last record, which only ends the table, nothing is needed.
    let needed = good.len() - 46;
    for cut in needed..good.len() {
        let report = convert_bytes(&good[..cut]).unwrap().0.report;
        assert_eq!(report.count("the end of a file that is cut off"), 1);
    }
    for cut in 0..needed {
        let why = convert_bytes(&good[..cut]).unwrap_err().to_string();
        let expected = if cut < 12 {
            "not a SoundFont"
        } else {
            "cut off"
        };
        assert!(why.contains(expected), "{cut} bytes: {why}");
    }
    let at = good.windows(4).position(|w| w == b"pbag").unwrap();
    for (offset, value, expected) in [
        (0, b'x', "its table pbag is missing"),
        (4, 3, "not 1 or more records of 4"),
        (8, 90, "end before they begin"),
    ] {
        let mut bad = good.clone();
        bad[at + offset] = value;
        let why = convert_bytes(&bad).unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
    }
}

/// What is wrong with a part of a file does not cost the rest.
#[test]
fn broken_parts_are_left_out() {
    let font = plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![zone(&[(g::SAMPLE, 0)])],
    );
    let good = font.bytes();
    let (_, expected) = convert_bytes(&good).unwrap();
    let size = |size: u32| [&good[..4], &size.to_le_bytes(), &good[8..]].concat();
    let whole = good.len() as u32 - 8;
    // Sizes that are open or wrong, and bytes behind the file.
    for bad in [size(0), size(u32::MAX), size(whole - 100), size(whole - 3)] {
        assert_eq!(convert_bytes(&bad).unwrap().1, expected);
    }
    assert_eq!(
        convert_bytes(&[&good[..], b"LIST\x04\0\0\0pdta"].concat())
            .unwrap()
            .1,
        expected
    );
    // A table with a rest that is no record, by the size of its neighbour.
    let at = good.windows(4).position(|w| w == b"igen").unwrap();
    let mut bad = good.clone();
    let old = u32::from_le_bytes(bad[at + 4..at + 8].try_into().unwrap());
    bad.splice(at + 8 + old as usize..at + 8 + old as usize, [0, 0]);
    bad[at + 4..at + 8].copy_from_slice(&(old + 2).to_le_bytes());
    for list in [4, good.windows(4).position(|w| w == b"pdta").unwrap() - 4] {
        let old = u32::from_le_bytes(bad[list..list + 4].try_into().unwrap());
        bad[list..list + 4].copy_from_slice(&(old + 2).to_le_bytes());
    }
    assert_eq!(convert_bytes(&bad).unwrap().1, expected);
    // A sample that is longer than the data, and one without a rate.
    let mut font = font;
    let end = font.samples[0].end;
    font.samples[0].end += 5000;
    font.samples[0].rate = 0;
    let Conversion { bank, report } = font.convert();
    assert!(bank.waves[0].frames.frames() >= end - font.samples[0].start);
    assert_eq!(bank.waves[0].rate, 44_100);
    assert_eq!(report.count("samples that leave the sample data, cut"), 1);
    assert_eq!(
        report.count("samples with an impossible rate, at the nearest one"),
        1
    );
}

/// MuseScore's SF3 have chunks of odd size with nothing behind them.
#[test]
fn padding_may_be_left_out() {
    let mut font = plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![zone(&[(g::SAMPLE, 0)])],
    );
    font.low = Some(vec![0; 201]);
    let good = font.bytes();
    let (_, expected) = convert_bytes(&good).unwrap();
    // The last chunk of `sdta`: its padding goes, and with it a byte of the lists around it.
    let at = good.windows(4).position(|w| w == b"sm24").unwrap();
    let list = good.windows(4).position(|w| w == b"sdta").unwrap() - 4;
    let mut bad = good.clone();
    bad.remove(at + 8 + 201);
    for size in [4, list] {
        let old = u32::from_le_bytes(bad[size..size + 4].try_into().unwrap());
        bad[size..size + 4].copy_from_slice(&(old - 1).to_le_bytes());
    }
    assert_eq!(convert_bytes(&bad).unwrap().1, expected);
}

/// Whatever is in the file: an error or a bank that a loader accepts.
#[test]
fn changed_bytes_never_panic() {
    let mut inner = zone(&[
        (g::KEYS, range(0, 127)),
        (g::SAMPLE_MODES, 1),
        (g::SAMPLE, 0),
    ]);
    inner.modulators = vec![[0x0203, g::CUTOFF, 2000, 0, 0]; 3];
    let mut font = plain(
        vec![zone(&[(g::PAN, 3)]), zone(&[(g::INSTRUMENT, 0)])],
        vec![inner.clone(), inner],
    );
    font.low = Some(vec![0; 200]);
    let good = font.bytes();
    let mut random = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as usize % below
    };
    let mut converted = 0;
    for _ in 0..20_000 {
        let mut bad = good.clone();
        for _ in 0..=next(4) {
            let at = next(bad.len());
            bad[at] = match next(4) {
                0 => 0,
                1 => 0xFF,
                2 => 0x80,
                _ => next(256) as u8,
            };
        }
        if let Ok((_, dls)) = convert_bytes(&bad) {
            converted += 1;
            let limits = arioso_core::dls::file::Limits::default();
            let loaded = arioso_core::dls::file::load(&dls, limits).unwrap();
            assert!(!loaded.is_empty());
        }
    }
    assert!(converted > 1000, "{converted}");
}
