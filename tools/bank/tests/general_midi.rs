// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built-in bank as a DLS loader sees it.

#[test]
fn it_is_small_and_the_same_each_time() {
    let bank = arioso_bank::general_midi();
    assert!(bank.len() < 4_000_000, "{} bytes", bank.len());
    assert!(bank == arioso_bank::general_midi());
}

use arioso_core::dls::file::{Collection, Limits, load};
use std::collections::BTreeSet;

#[test]
fn every_program_and_a_drum_kit() {
    let bytes = arioso_bank::general_midi();
    let instruments = load(&bytes, Limits::default()).unwrap();
    let patches: Vec<u32> = instruments
        .iter()
        .map(|instrument| instrument.patch)
        .collect();
    let expected: Vec<u32> = (0..128).chain([0x8000_0000]).collect();
    assert_eq!(patches, expected);

    for instrument in &instruments {
        let keys: BTreeSet<u8> = instrument
            .regions
            .iter()
            .flat_map(|region| region.keys.0..=region.keys.1)
            .collect();
        let wanted: BTreeSet<u8> = if instrument.patch == 0x8000_0000 {
            (35..=81).collect()
        } else {
            (0..=127).collect()
        };
        assert!(
            wanted.is_subset(&keys),
            "{:#x}: keys without a region",
            instrument.patch
        );
    }
}

#[test]
fn regions_name_waves_and_loops_that_exist() {
    let bytes = arioso_bank::general_midi();
    let file = Collection::parse(&bytes, Limits::default().answers).unwrap();
    let mut used = BTreeSet::new();
    for instrument in file.instruments() {
        for region in instrument.regions() {
            let link = region.link.unwrap();
            let wave = file.wave(link.table_index).unwrap();
            used.insert(link.table_index);
            assert_eq!(
                (wave.format.tag, wave.format.channels, wave.format.bits),
                (1, 1, 16)
            );
            let sample = region.sample.unwrap();
            assert!(
                sample.unity <= 127 && sample.gain <= 14 * 655_360 && sample.fine_tune.abs() <= 50
            );
            if let Some(found) = sample.first_loop {
                assert!(
                    found.length >= 2
                        && 2 * (found.start + found.length) as usize <= wave.data.len()
                );
            }
            assert!(region.header.keys.0 <= region.header.keys.1);
        }
    }
    assert_eq!(used.len(), file.cue_count(), "waves that nobody plays");
}

#[test]
fn programs_differ() {
    let bank = arioso_bank::gm::bank();
    let sounds: BTreeSet<String> = bank
        .instruments
        .iter()
        .map(|instrument| format!("{:?} {:?}", instrument.regions, instrument.articulation))
        .collect();
    assert_eq!(sounds.len(), bank.instruments.len());
}

#[test]
fn no_wave_clips_or_is_silent() {
    for wave in arioso_bank::gm::bank().waves {
        let peak = wave
            .frames
            .iter()
            .map(|frame| frame.unsigned_abs())
            .max()
            .unwrap();
        assert!(
            (30_000..=32_000).contains(&peak),
            "{} {}: {peak}",
            wave.name,
            wave.sample.unity
        );
        let mean = wave
            .frames
            .iter()
            .map(|frame| f64::from(*frame))
            .sum::<f64>()
            / wave.frames.len() as f64;
        // A wave may begin with part of a period; loops have no offset (`sound.rs`).
        assert!(
            mean.abs() < 2500.0,
            "{} {}: offset {mean}",
            wave.name,
            wave.sample.unity
        );
    }
}

#[test]
fn test_banks_load() {
    for (bytes, frames) in [
        (arioso_bank::test_banks::impulse(48_000), 64),
        (arioso_bank::test_banks::dc(44_100), 64),
        (arioso_bank::test_banks::sine_wave(48_000, 480, 10), 480),
    ] {
        let instruments = load(&bytes, Limits::default()).unwrap();
        assert_eq!(
            instruments.iter().map(|i| i.patch).collect::<Vec<_>>(),
            [0, 0x8000_0000]
        );
        let file = Collection::parse(&bytes, Limits::default().answers).unwrap();
        assert_eq!(file.wave(0).unwrap().data.len(), 2 * frames);
    }
}
