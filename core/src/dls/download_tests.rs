// SPDX-License-Identifier: MIT OR Apache-2.0
use super::super::file::write::{words, words16};
use super::*;
use crate::dls::model::{Destination, Source};
use std::vec;
use std::vec::Vec;

/// Writes a download: object 0 is the main object; the others lie behind it, packed to `packing` bytes.
pub fn frame(kind: u32, id: u32, packing: usize, objects: &[Vec<u8>]) -> Vec<u8> {
    let start = 16 + 4 * objects.len();
    let (mut table, mut data) = (vec![], vec![]);
    for object in objects {
        table.push((start + data.len()) as u32);
        data.extend(object);
        data.resize(data.len().next_multiple_of(packing), 0);
    }
    let header = words(&[kind, id, objects.len() as u32, (start + data.len()) as u32]);
    [header, words(&table), data].concat()
}

pub fn wave(id: u32, rate: u32, frames: &[i16]) -> Vec<u8> {
    let bytes: Vec<u8> = frames.iter().flat_map(|f| f.to_le_bytes()).collect();
    wave_of(id, (1, 1, rate, 16), bytes.len() as u32, &bytes)
}

fn wave_of(
    id: u32,
    (tag, channels, rate, bits): (u16, u16, u32, u16),
    size: u32,
    bytes: &[u8],
) -> Vec<u8> {
    let main = [
        words(&[0, 0, 1]),
        words16(&[tag, channels]),
        words(&[rate, rate * 2]),
        words16(&[2, bits, 0]),
    ];
    frame(
        2,
        id,
        2,
        &[main.concat(), [&words(&[size])[..], bytes].concat()],
    )
}

pub fn main_object(patch: u32, first_region: u32, global: u32, flags: u32) -> Vec<u8> {
    words(&[patch, first_region, global, 0, 0, flags])
}

pub fn region(keys: (u16, u16), own_articulation: u32, next: u32, wave: u32) -> Vec<u8> {
    let wsmp = [
        words(&[20]),
        words16(&[64, 3]),
        words(&[0, 0, 1]),
        words(&[16, 1, 5, 10]),
    ]
    .concat();
    region_with(keys, own_articulation, next, wave, &wsmp)
}

fn region_with(keys: (u16, u16), own: u32, next: u32, wave: u32, wsmp: &[u8]) -> Vec<u8> {
    [
        words16(&[keys.0, keys.1, 0, 127, 1, 2]),
        words(&[own, next, 0]),
        words16(&[1, 7]),
        words(&[1, wave]),
        wsmp.to_vec(),
    ]
    .concat()
}

/// One region, no articulation.
pub fn simple_instrument(id: u32, patch: u32, flags: u32, wave: u32) -> Vec<u8> {
    frame(
        3,
        id,
        4,
        &[
            main_object(patch, 1, 0, flags),
            region((0, 127), 0, 0, wave),
        ],
    )
}

fn connections(list: &[(u16, u16, u16, u16, i32)]) -> Vec<u8> {
    let mut data = words(&[8, list.len() as u32]);
    for &(a, b, c, d, scale) in list {
        data.extend(words16(&[a, b, c, d]));
        data.extend(scale.to_le_bytes());
    }
    data
}

fn parse(buffer: &[u8]) -> Result<Download, Error> {
    super::parse(buffer, &mut Budget::new(1 << 20))
}

fn instrument(buffer: &[u8]) -> Result<Instrument, Error> {
    match parse(buffer)? {
        Download::Instrument(i) => Ok(i),
        other => panic!("{other:?}"),
    }
}

fn scale(region: &Region, source: Source, destination: Destination) -> Option<i32> {
    let connections = region.articulation.connections();
    connections
        .iter()
        .find(|c| c.source == source && c.destination == destination)
        .map(|c| c.scale)
}

#[test]
fn a_wave_in_both_packings() {
    let samples = words16(&[1, 2, 0x8000]);
    for extra in [0, 2] {
        let mut main = [
            words(&[0, 0, 1]),
            words16(&[1, 1]),
            words(&[8000, 16000]),
            words16(&[2, 16, 0]),
        ]
        .concat();
        main.resize(main.len() + extra, 0xEE);
        let mut buffer = frame(2, 77, 1, &[main, [words(&[6]), samples.clone()].concat()]);
        // Slack that cbSize counts.
        buffer.extend([0xAA; 5]);
        let size = buffer.len() as u32;
        buffer[12..16].copy_from_slice(&size.to_le_bytes());
        let Ok(Download::Wave(wave)) = parse(&buffer) else {
            panic!()
        };
        assert_eq!(
            (wave.id, wave.wave.rate, wave.wave.frames()),
            (77, 8000, &[1, 2, -32768][..])
        );
        assert_eq!(wave.wave.sample.unity, 60);
    }
}

#[test]
fn waves_that_are_not_mono_pcm() {
    let with = |format, size, bytes: &[u8]| parse(&wave_of(1, format, size, bytes)).err();
    assert_eq!(with((1, 1, 8000, 16), 4, &[0; 4]), None);
    assert_eq!(with((1, 1, 8000, 8), 1, &[0]), None);
    assert_eq!(with((2, 1, 8000, 16), 4, &[0; 4]), Some(Error::NotPcm));
    assert_eq!(with((1, 1, 8000, 24), 4, &[0; 4]), Some(Error::NotPcm));
    assert_eq!(with((1, 2, 8000, 16), 4, &[0; 4]), Some(Error::NotMono));
    assert_eq!(with((1, 1, 0, 16), 4, &[0; 4]), Some(Error::BadWave));
    assert_eq!(with((1, 1, 8000, 16), 0, &[0; 4]), Some(Error::BadWave));
    assert_eq!(with((1, 1, 8000, 16), 5, &[0; 4]), Some(Error::BadWave));
    assert_eq!(
        with((1, 1, 8000, 16), u32::MAX, &[0; 4]),
        Some(Error::BadWave)
    );
    let mut small = Budget::new(60);
    let big = wave_of(1, (1, 1, 8000, 16), 400, &[0; 400]);
    assert_eq!(super::parse(&big, &mut small).err(), Some(Error::TooLarge));
    // Without data.
    let main = [
        words(&[0, 0, 0]),
        words16(&[1, 1]),
        words(&[8000, 16000]),
        words16(&[2, 16, 0]),
    ]
    .concat();
    assert_eq!(parse(&frame(2, 1, 1, &[main])).err(), Some(Error::BadWave));
}

#[test]
fn a_version_2_instrument() {
    let buffer = frame(
        3,
        9,
        4,
        &[
            main_object(0xFFFF_FFFF, 1, 3, 1),
            region((0, 59), 0, 2, 100),
            region((60, 127), 6, 0, 101),
            words(&[5, 0, 4]),
            words(&[7, 0, 0]),
            connections(&[(0, 0, 0x206, 0, 1), (1, 0, 3, 0, 2)]),
            words(&[8, 0, 0]),
            connections(&[(0, 0, 0x207, 0, 3)]),
            connections(&[(0, 0, 0x209, 0, 4)]),
        ],
    );
    let i = instrument(&buffer).unwrap();
    assert_eq!(
        (i.id, i.patch, i.gm, i.regions.len()),
        (9, convert::PATCH_MASK, true, 2)
    );
    let [low, high] = &i.regions[..] else {
        panic!()
    };
    assert_eq!(
        (low.ranges.0, low.link.table_index, low.link.phase_group),
        ((0, 59), 100, 7)
    );
    let sample = low.sample.unwrap();
    assert_eq!(
        (
            sample.unity,
            sample.fine_tune,
            sample.first_loop.unwrap().length
        ),
        (64, 3, 10)
    );
    // The global list of two, then the region's own instead of it.
    assert_eq!(scale(low, Source::None, Destination::Eg1Attack), Some(1));
    assert_eq!(scale(low, Source::None, Destination::Eg1Decay), Some(3));
    assert_eq!(scale(low, Source::Lfo, Destination::Pitch), Some(2));
    assert_eq!(
        scale(high, Source::None, Destination::Eg1Attack),
        Some(i32::MIN)
    );
    assert_eq!(scale(high, Source::None, Destination::Eg1Release), Some(4));
}

#[test]
fn a_version_1_instrument() {
    let mut params = vec![0u8; 80];
    params[32..36].copy_from_slice(&(5000i32 << 16).to_le_bytes());
    params[12..16].copy_from_slice(&7i32.to_le_bytes());
    let objects = [
        main_object(3, 1, 2, 0),
        region((0, 127), 0, 0, 1),
        words(&[3, 0]),
        params,
    ];
    let i = instrument(&frame(1, 1, 4, &objects)).unwrap();
    assert_eq!(
        scale(&i.regions[0], Source::None, Destination::Eg1Sustain),
        Some(500 << 16)
    );
    assert_eq!(
        scale(&i.regions[0], Source::Lfo, Destination::Pitch),
        Some(7)
    );
    let mut cut = objects.to_vec();
    cut[3].truncate(76);
    assert_eq!(
        instrument(&frame(1, 1, 4, &cut)).err(),
        Some(Error::BadArticulation)
    );
}

/// OpenTTD: no loops, so the next object starts 56 bytes on, and WSMPL is zeroed where the file has none.
#[test]
fn loosely_packed_regions() {
    let objects = [
        main_object(0, 1, 0, 0),
        region_with((0, 59), 0, 2, 1, &[0; 20]),
        region_with(
            (60, 127),
            0,
            0,
            1,
            &[words(&[20]), words16(&[50, 0]), words(&[0, 0, 0])].concat(),
        ),
    ];
    let i = instrument(&frame(3, 1, 1, &objects)).unwrap();
    assert_eq!(i.regions[0].sample, None);
    let second = i.regions[1].sample.unwrap();
    assert_eq!((second.unity, second.first_loop), (50, None));
    assert!(Shared::ptr_eq(
        &i.regions[0].articulation,
        &i.regions[1].articulation
    ));
}

#[test]
fn other_types_are_refused() {
    for (kind, error) in [
        (0, Error::UnknownType),
        (4, Error::Unsupported),
        (5, Error::Unsupported),
        (6, Error::Unsupported),
        (7, Error::UnknownType),
        (u32::MAX, Error::UnknownType),
    ] {
        assert_eq!(parse(&frame(kind, 1, 1, &[vec![0; 64]])).err(), Some(error));
    }
}

/// The classes of §8.2.
#[test]
fn malformed_frames() {
    let good = simple_instrument(1, 0, 0, 5);
    let with = |at: usize, value: u32| {
        let mut bad = good.clone();
        bad[at..at + 4].copy_from_slice(&value.to_le_bytes());
        parse(&bad).err()
    };
    for end in 0..16 {
        assert_eq!(parse(&good[..end]).err(), Some(Error::Malformed));
    }
    let size = good.len() as u32;
    for value in [size + 1, u32::MAX] {
        assert_eq!(with(12, value), Some(Error::Malformed));
    }
    for value in [0, 15, 16, 23] {
        assert_eq!(with(12, value), Some(Error::BadOffsetTable), "{value}");
    }
    for value in [0, 1, 3, 0x3FFF_FFFC, 0x4000_0000, u32::MAX] {
        assert_eq!(with(8, value), Some(Error::BadOffsetTable), "{value}");
    }
    for value in [0, 16, 23, 25, size, u32::MAX] {
        assert_eq!(with(16, value), Some(Error::BadOffsetTable), "{value}");
    }
    for value in [0, 16, 23, size, size + 1, u32::MAX] {
        assert_eq!(with(20, value), Some(Error::BadOffsetTable), "{value}");
    }
    // A region that straddles the end.
    assert_eq!(with(20, size - 1), Some(Error::BadInstrument));
    assert_eq!(with(20, size - 30), Some(Error::BadInstrument));
    // First region: none, which is allowed; out of range, or the main object's index.
    assert_eq!(with(24 + 4, 0), None);
    for value in [2, 0x4000_0000, u32::MAX] {
        assert_eq!(with(24 + 4, value), Some(Error::BadOffsetTable));
    }
    // Behind the table lies no entry of it, even if what lies there looks like one: the patch, 48, where the region is.
    let mut bad = simple_instrument(1, 48, 0, 5);
    bad[28..32].copy_from_slice(&2u32.to_le_bytes());
    assert_eq!(parse(&bad).err(), Some(Error::BadOffsetTable));
    // Global articulation out of range.
    assert_eq!(with(24 + 8, 9), Some(Error::BadOffsetTable));
}

#[test]
fn circles_end() {
    let own = frame(
        3,
        1,
        4,
        &[main_object(0, 1, 0, 0), region((0, 127), 0, 1, 5)],
    );
    assert_eq!(parse(&own).err(), Some(Error::BadInstrument));
    let two = frame(
        3,
        1,
        4,
        &[
            main_object(0, 1, 0, 0),
            region((0, 1), 0, 2, 5),
            region((2, 3), 0, 1, 5),
        ],
    );
    assert_eq!(parse(&two).err(), Some(Error::BadInstrument));
    let art = frame(
        3,
        1,
        4,
        &[
            main_object(0, 1, 2, 0),
            region((0, 1), 0, 0, 5),
            words(&[0, 0, 2]),
        ],
    );
    assert_eq!(parse(&art).err(), Some(Error::BadArticulation));
}

#[test]
fn connection_counts_are_checked() {
    for (cb, count, ok) in [
        (8, 1, true),
        (0, 1, true),
        (8, 2, false),
        (8, 357_913_941, false),
        (u32::MAX, 0, false),
    ] {
        let list = [words(&[cb, count]), vec![0; 12]].concat();
        let buffer = frame(
            3,
            1,
            4,
            &[
                main_object(0, 1, 2, 0),
                region((0, 1), 0, 0, 5),
                words(&[3, 0, 0]),
                list,
            ],
        );
        assert_eq!(
            parse(&buffer).err(),
            (!ok).then_some(Error::BadArticulation),
            "{cb} {count}"
        );
    }
}

/// Thousands of regions whose articulation lists share one long tail must not take quadratic time.
#[test]
fn shared_tails_are_bounded() {
    let n = if cfg!(miri) { 20 } else { 2000u32 };
    let mut objects = vec![main_object(0, 1, 0, 0)];
    for i in 1..=n {
        objects.push(region((0, 127), n + i, if i < n { i + 1 } else { 0 }, 5));
    }
    for i in 1..=n {
        objects.push(words(&[2 * n + 1, 0, if i < n { n + i + 1 } else { 0 }]));
    }
    let many: Vec<_> = (0..n).map(|i| (0x81, 0, 0x500, 0, i as i32)).collect();
    objects.push(connections(&many));
    assert_eq!(
        parse(&frame(3, 1, 4, &objects)).err(),
        Some(Error::BadArticulation)
    );
}

/// Nor lists without connections: they take time to follow all the same.
#[test]
fn shared_tails_of_empty_lists_are_bounded() {
    let n = if cfg!(miri) { 60 } else { 2000u32 };
    let mut objects = vec![main_object(0, 1, 0, 0)];
    for i in 1..=n {
        objects.push(region((0, 127), n + i, if i < n { i + 1 } else { 0 }, 5));
    }
    for i in 1..=n {
        objects.push(words(&[0, 0, if i < n { n + i + 1 } else { 0 }]));
    }
    let buffer = frame(3, 1, 4, &objects);
    assert_eq!(parse(&buffer).err(), Some(Error::BadArticulation));
}

/// Some regions whose lists share their connections are no attack.
#[test]
fn a_few_lists_share_their_connections() {
    let many: Vec<_> = (0..100).map(|i| (0, 0, 0x206, 0, i)).collect();
    let buffer = frame(
        3,
        1,
        4,
        &[
            main_object(0, 1, 0, 0),
            region((0, 40), 4, 2, 5),
            region((41, 80), 5, 3, 5),
            region((81, 127), 6, 0, 5),
            words(&[7, 0, 0]),
            words(&[7, 0, 0]),
            words(&[7, 0, 0]),
            connections(&many),
        ],
    );
    for region in instrument(&buffer).unwrap().regions {
        assert_eq!(
            scale(&region, Source::None, Destination::Eg1Attack),
            Some(99)
        );
    }
}

#[test]
fn ranges_that_never_match_are_dropped() {
    let buffer = frame(
        3,
        1,
        4,
        &[
            main_object(0, 1, 0, 0),
            region((9, 8), 0, 2, 5),
            region((1, 300), 0, 0, 5),
        ],
    );
    assert_eq!(instrument(&buffer).unwrap().regions[0].ranges.0, (1, 127));
    let buffer = frame(
        3,
        1,
        4,
        &[main_object(0, 1, 0, 0), region((128, 128), 0, 0, 5)],
    );
    assert_eq!(instrument(&buffer).err(), Some(Error::BadInstrument));
}

#[test]
fn mutations_are_survived() {
    let good = frame(
        3,
        9,
        2,
        &[
            main_object(5, 1, 3, 0),
            region((0, 59), 0, 2, 100),
            region((60, 127), 4, 0, 101),
            words(&[5, 0, 4]),
            words(&[5, 0, 0]),
            connections(&[(0, 0, 0x206, 0, 1), (1, 0, 3, 0, 2)]),
        ],
    );
    let wave = wave(1, 8000, &[1, 2, 3, 4]);
    let mut random = 7u64;
    let mut next = |bound: usize| {
        random = random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (random >> 33) as usize % bound
    };
    let rounds = if cfg!(miri) { 30 } else { 30_000 };
    for round in 0..rounds {
        let mut data = if round % 4 == 0 {
            wave.clone()
        } else {
            good.clone()
        };
        if round % 3 == 0 {
            data[0] = 1 + next(3) as u8;
        }
        for _ in 0..1 + next(4) {
            let at = next(data.len() - 4);
            match next(3) {
                0 => data[at] ^= 1 << next(8),
                1 => data[at] = next(8) as u8,
                _ => data[at..at + 4]
                    .copy_from_slice(&[0u32, u32::MAX, 0x8000_0000, 1][next(4)].to_le_bytes()),
            }
        }
        let _ = parse(&data);
    }
}

/// An offset may lie at the first byte behind the table, where the main object is, and not before it.
#[test]
fn objects_lie_behind_the_table() {
    const COUNT: u32 = 3;
    let start = HEADER as u32 + 4 * COUNT;
    for (offset, is_there) in [
        (start - 1, false),
        (start, true),
        (start + 7, true),
        (start + 8, false),
    ] {
        let buffer = [
            vec![0; HEADER],
            words(&[start, offset, start]),
            words(&[1, 2]),
        ]
        .concat();
        let objects = Objects::new(&buffer, COUNT).unwrap();
        let object = objects.get(1).map(|object| object.unwrap().len());
        let expected = (start + 8 - offset) as usize;
        assert_eq!(
            object,
            if is_there {
                Ok(expected)
            } else {
                Err(Error::BadOffsetTable)
            }
        );
    }
}
