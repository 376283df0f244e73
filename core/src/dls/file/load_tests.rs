// SPDX-License-Identifier: MIT OR Apache-2.0
use super::super::write::*;
use super::*;
use crate::dls::model::{Destination, Source};
use std::vec;
use std::vec::Vec;

fn load(data: &[u8]) -> Result<Vec<Shared<model::Instrument>>, Error> {
    let instruments = super::load(data, Limits::default())?;
    instruments.iter().for_each(|i| assert_sane(i));
    Ok(instruments)
}

/// The promises of [`model`].
pub fn assert_sane(instrument: &model::Instrument) {
    assert_eq!(instrument.patch & !convert::PATCH_MASK, 0);
    assert!(!instrument.regions.is_empty());
    for region in &instrument.regions {
        let frames = region.wave.frames().len() as u32;
        assert!(frames > 0 && (1..=1_000_000).contains(&region.wave.rate));
        assert_eq!(
            region.wave.guarded_frames().len(),
            model::Wave::FRONT + frames as usize + model::Wave::GUARD
        );
        for (low, high) in [region.keys, region.velocities] {
            assert!(low <= high && high <= 127);
        }
        assert!(region.key_group < 16 && region.sample.unity < 128);
        for info in [&region.sample, &region.wave.sample] {
            if let Some(l) = info.sample_loop {
                assert!(l.length >= 1 && l.start.checked_add(l.length).unwrap() <= frames);
            }
        }
        assert!(
            region.articulation.connections().len()
                <= articulation::DEFAULTS.len() + articulation::MAX_CONNECTIONS
        );
    }
}

fn scale(
    region: &model::Region,
    source: Source,
    control: Source,
    destination: Destination,
) -> Option<i32> {
    let connections = region.articulation.connections();
    connections
        .iter()
        .find(|c| (c.source, c.control, c.destination) == (source, control, destination))
        .map(|c| c.scale)
}

#[test]
fn a_whole_file() {
    let instruments = load(&rich()).unwrap();
    let [piano, drums, guarded] = &instruments[..] else {
        panic!("{instruments:?}")
    };
    assert_eq!(
        (piano.patch, drums.patch, guarded.patch),
        (0, 0x8000_0000, 1)
    );
    let [low, soft, loud] = &piano.regions[..] else {
        panic!()
    };
    assert_eq!((low.keys, low.velocities), ((0, 59), (0, 127)));
    assert_eq!(
        (low.sample.unity, low.sample.fine_tune, low.sample.gain),
        (48, 5, -655_360)
    );
    let l = low.sample.sample_loop.unwrap();
    assert_eq!((l.start, l.length, l.until_release), (2, 6, false));
    assert_eq!(
        (soft.velocities, soft.key_group, soft.self_non_exclusive),
        ((1, 100), 3, true)
    );
    // The wave's own wsmp where the region has none.
    assert_eq!(soft.sample.unity, 69);
    assert!(soft.sample.sample_loop.unwrap().until_release);
    assert_eq!(
        (soft.wave.rate, soft.wave.frames()),
        (11025, &[0, 32512, -32768][..])
    );
    assert_eq!((loud.sample.unity, loud.sample.sample_loop), (60, None));
    assert!(Shared::ptr_eq(&low.wave, &loud.wave));
    assert!(Shared::ptr_eq(&soft.wave, &drums.regions[0].wave));
}

#[test]
fn a_regions_articulation_replaces_the_instruments_as_a_whole() {
    let instruments = load(&rich()).unwrap();
    let [low, soft, loud] = &instruments[0].regions[..] else {
        panic!()
    };
    let none = Source::None;
    assert!(Shared::ptr_eq(&low.articulation, &loud.articulation));
    assert_eq!(
        scale(low, none, none, Destination::Eg1Release),
        Some(-(1200 << 16))
    );
    assert_eq!(
        scale(low, Source::Lfo, none, Destination::Pitch),
        Some(10 << 16)
    );
    assert_eq!(
        scale(soft, none, none, Destination::Eg1Release),
        Some(i32::MIN)
    );
    assert_eq!(scale(soft, none, none, Destination::Eg1Attack), Some(0));
    assert_eq!(scale(soft, Source::Lfo, none, Destination::Pitch), None);
    assert_eq!(
        scale(
            soft,
            Source::Vibrato,
            Source::Controller(1),
            Destination::Pitch
        ),
        Some(50 << 16)
    );
    // Guarded by "not SupportsDLS2": the defaults remain.
    let guarded = &instruments[2].regions[0];
    assert_eq!(
        scale(guarded, none, none, Destination::Eg1Attack),
        Some(i32::MIN)
    );
    // No articulation at all: one shared block of defaults.
    assert!(Shared::ptr_eq(
        &instruments[1].regions[0].articulation,
        &guarded.articulation
    ));
}

#[test]
fn views_give_names_and_numbers() {
    let data = rich();
    let collection = Collection::parse(&data, Answers::default()).unwrap();
    assert_eq!(collection.info().name(), Some(&b"test bank"[..]));
    let names: Vec<_> = collection
        .instruments()
        .map(|i| i.info().name().map(<[u8]>::to_vec))
        .collect();
    assert_eq!(names, [Some(b"Piano".to_vec()), None, None]);
    assert_eq!(collection.waves().count(), 3);
    assert_eq!(collection.cue_count(), 3);
    assert_eq!(
        collection.wave(1).unwrap().info().name(),
        Some(&b"eight"[..])
    );
    assert!(collection.wave(3).is_none());
    let drums = collection.instruments().nth(1).unwrap();
    assert_eq!(
        (drums.bank, drums.program, drums.regions().count()),
        (0x8000_0000, 0, 2)
    );
    assert_eq!(collection.version(), None);
}

#[test]
fn conditions_drop_their_list_wherever_they_stand() {
    let never = chunk(b"cdl ", &[0x10, 0, 0, 0, 0, 0]);
    let plain = || region(&[rgnh((0, 127), (0, 127), 0, 0), wlnk(0)]);
    let waves = [wave(&[1, 2])];
    let hidden = list(
        b"rgn ",
        &[rgnh((0, 127), (0, 127), 0, 0), wlnk(0), never.clone()],
    );
    let data = dls(
        &[
            instrument(0, 0, &[hidden, plain()], &[]),
            instrument(0, 1, &[plain()], core::slice::from_ref(&never)),
        ],
        &waves,
    );
    let instruments = load(&data).unwrap();
    assert_eq!(instruments.len(), 1);
    assert_eq!(instruments[0].regions.len(), 1);
    let data = riff(&[never, list(b"lins", &[])]);
    assert_eq!(load(&data).err(), Some(Error::Conditional));
}

/// All conditions of a list must hold, not its first alone.
#[test]
fn every_condition_of_a_list_counts() {
    let push = |value: u8| chunk(b"cdl ", &[0x10, 0, value, 0, 0, 0]);
    for conditions in [[1, 1], [1, 0], [0, 1], [0, 0]] {
        let mut parts = vec![rgnh((0, 127), (0, 127), 0, 0), wlnk(0)];
        parts.extend(conditions.map(push));
        let data = dls(
            &[instrument(0, 0, &[region(&parts)], &[])],
            &[wave(&[1, 2])],
        );
        let holds = conditions == [1, 1];
        assert_eq!(
            load(&data).unwrap().len(),
            usize::from(holds),
            "{conditions:?}"
        );
    }
}

/// A pool table whose header is longer than it was when DLS was written: the cues lie behind what it says.
#[test]
fn cues_lie_behind_their_header() {
    let ins = instrument(
        0,
        0,
        &[region(&[rgnh((0, 127), (0, 127), 0, 0), wlnk(1)])],
        &[],
    );
    let waves = [wave(&[1, 2]), wave(&[3, 4])];
    let second = waves[0].len() as u32;
    for (header, filling) in [
        (8, &[][..]),
        (12, &[77]),
        (20, &[0, 0, 0]),
        (0, &[]),
        (7, &[]),
    ] {
        let table = [words(&[header, 2]), words(filling), words(&[0, second])].concat();
        let data = riff(&[
            list(b"lins", core::slice::from_ref(&ins)),
            chunk(b"ptbl", &table),
            list(b"wvpl", &waves),
        ]);
        let instruments = load(&data).unwrap();
        assert_eq!(instruments.len(), 1, "{header}");
        assert_eq!(instruments[0].regions[0].wave.frames(), [3, 4]);
    }
}

/// A cue into the middle of the pool names no wave, though what lies there looks like one.
#[test]
fn a_cue_into_a_wave_is_not_followed() {
    let inner = wave(&[5, 6]);
    let outer = list(b"wave", &[fmt(1, 1, 22050, 16), chunk(b"data", &inner)]);
    // Behind both headers of the list, the format and the header of the data.
    let middle = 12 + 24 + 8;
    assert_eq!(outer[middle..], inner);
    let r = |i| region(&[rgnh((0, 127), (0, 127), 0, 0), wlnk(i)]);
    let last = outer.len() as u32;
    let data = riff(&[
        list(b"lins", &[instrument(0, 0, &[r(0), r(1), r(2)], &[])]),
        ptbl(&[0, middle as u32, last]),
        list(b"wvpl", &[outer, wave(&[7, 8])]),
    ]);
    let instruments = load(&data).unwrap();
    let lengths: Vec<_> = instruments[0]
        .regions
        .iter()
        .map(|region| region.wave.frames().len())
        .collect();
    assert_eq!(lengths, [inner.len() / 2, 2]);
}

/// WLOOP_TYPE_FORWARD is 0, WLOOP_TYPE_RELEASE 1; a type that is neither is a loop like others.
#[test]
fn loops_of_unknown_types_go_on() {
    for kind in [0, 1, 2, 3, 0x100, u32::MAX] {
        let r = region(&[
            rgnh((0, 127), (0, 127), 0, 0),
            wlnk(0),
            wsmp(60, 0, 0, &[(kind, 1, 2)]),
        ]);
        let data = dls(&[instrument(0, 0, &[r], &[])], &[wave(&[1, 2, 3])]);
        let found = load(&data).unwrap()[0].regions[0].sample.sample_loop;
        let found = found.expect("a loop");
        assert_eq!((found.start, found.length), (1, 2));
        assert_eq!(found.until_release, kind == 1, "{kind:x}");
    }
}

#[test]
fn an_rmid_file_may_carry_a_bank() {
    let inner = rich();
    let outer = chunk(
        b"RIFF",
        &[&b"RMID"[..], &chunk(b"data", b"MThd"), &inner].concat(),
    );
    assert_eq!(load(&outer).unwrap().len(), 3);
    assert_eq!(load(b"RIFF\x04\0\0\0RMID").err(), Some(Error::NotDls));
}

#[test]
fn lists_in_any_order() {
    let ins = list(
        b"ins ",
        &[
            info(b"backwards"),
            list(b"lrgn", &[region(&[wlnk(0), rgnh((1, 2), (0, 127), 0, 0)])]),
            chunk(b"insh", &words(&[99, 0, 7])),
        ],
    );
    let data = riff(&[
        list(b"wvpl", &[wave(&[3, 4])]),
        ptbl(&[0]),
        list(b"lins", &[ins]),
    ]);
    assert_eq!(load(&data).unwrap()[0].regions[0].keys, (1, 2));
}

/// The chunk of mobile banks, with and without its version: key 40 sounds as key 36, at the pitch of 36; 38 keeps its own; programs
/// that are missing sound as others; what is not there stays away.
#[test]
fn aliases_of_mobile_banks() {
    let mut keys: Vec<u8> = (0..128).collect();
    (keys[40], keys[38], keys[41]) = (36, 36, 35);
    let record = |alias: [u8; 3], source: [u8; 3]| [&alias[..], &[0], &source, &[0]].concat();
    // Bank MSB 1, LSB 2 is 0x82.
    let records = [
        record([0x82, 0, 9], [0, 0, 0]),
        record([0, 0, 1], [0, 0, 0]),
        record([0, 0, 7], [0, 0, 99]),
        record([0, 0, 8], [0x82, 0, 9]),
        vec![0; 7],
    ];
    let table = [keys, vec![0; 4], records.concat()].concat();
    for version in [&[][..], &[1, 0, 0, 0], &[2, 0, 0, 0]] {
        let pgal = chunk(b"pgal", &[version, &table].concat());
        let plain = rich();
        let whole = riff(&[plain[12..].to_vec(), pgal]);
        let instruments = load(&whole).unwrap();
        let find = |patch| instruments.iter().find(|i| i.patch == patch);
        assert_eq!(instruments.len(), 5);
        let kit = find(0x8000_0000).unwrap();
        let keys: Vec<_> = kit.regions.iter().map(|r| r.keys).collect();
        assert_eq!(keys, [(36, 36), (38, 38), (40, 40)]);
        let (kick, alias) = (&kit.regions[0], &kit.regions[2]);
        assert!(Shared::ptr_eq(&kick.wave, &alias.wave));
        assert_eq!(alias.sample.unity, kick.sample.unity);
        assert_eq!(alias.sample.fine_tune, kick.sample.fine_tune - 400);
        let piano = find(0).unwrap();
        for patch in [0x0001_0209, 8] {
            let regions = &find(patch).unwrap().regions;
            assert_eq!(regions.len(), piano.regions.len());
        }
        assert_eq!(find(1).unwrap().regions.len(), 1, "it has its own");
    }
    for length in [0, 3, 127, 128, 131, 135] {
        let whole = riff(&[rich()[12..].to_vec(), chunk(b"pgal", &table[..length])]);
        assert_eq!(load(&whole).unwrap().len(), 3);
    }
}

/// What is left out is told by its reason, once for each wave; the rest of the bank plays.
#[test]
fn refused_waves_are_told() {
    let r = |i| region(&[rgnh((0, 127), (0, 127), 0, 0), wlnk(i)]);
    let of = |format: Vec<u8>, data: &[u8]| list(b"wave", &[format, chunk(b"data", data)]);
    let data = dls(
        &[
            instrument(0, 0, &[r(0), r(1), r(2), r(3), r(4), r(1)], &[]),
            instrument(0, 1, &[r(3)], &[]),
        ],
        &[
            wave(&[1, 2]),
            of(fmt(6, 1, 8000, 8), &[0; 8]),
            of(fmt(1, 2, 8000, 16), &[0; 8]),
            of(fmt(1, 1, 8000, 16), &[]),
            of(fmt(1, 1, 8000, 24), &[0; 9]),
        ],
    );
    let mut refused = Refused::default();
    let loaded = load_telling(&data, Limits::default(), &mut refused).unwrap();
    assert_eq!((loaded.len(), loaded[0].regions.len()), (1, 1));
    let expected = Refused {
        not_pcm: 2,
        not_mono: 1,
        malformed: 1,
    };
    assert_eq!(refused, expected);
}

/// The pitch of a key in cents, as the synthesizer counts: key · scale - 100 · root + fine tune.
fn pitch(scale: i32, root: u16, fine: i16, key: i64) -> i64 {
    let data = dls(
        &[instrument(
            0,
            0,
            &[region(&[
                rgnh((0, 127), (0, 127), 0, 0),
                wlnk(0),
                wsmp(root, fine, 0, &[]),
                list(b"lar2", &[art(b"art2", &[(3, 0, 3, 0, scale)])]),
            ])],
            &[],
        )],
        &[wave(&[1, 2])],
    );
    let sample = load(&data).unwrap()[0].regions[0].sample;
    key * i64::from(scale) / (128 << 16) - 100 * i64::from(sample.unity)
        + i64::from(sample.fine_tune)
}

#[test]
fn scales_count_from_the_root() {
    for root in [0, 36, 60, 69, 127] {
        for (per_key, fine) in [(0, 0), (0, 40), (50, -30), (100, 7), (150, 0), (0, 1200)] {
            let scale = (per_key * 128) << 16;
            for key in [0, 36, 60, 100, 127] {
                let expected = i64::from(per_key) * (key - i64::from(root)) + i64::from(fine);
                let found = pitch(scale, root, fine, key);
                assert_eq!(found, expected, "{root} {per_key} {fine} {key}");
            }
        }
    }
    // A maker who counted from key 0: the fine tune brings the root back.
    assert_eq!(pitch(0, 69, 6900, 50), 0);
    assert_eq!(pitch((50 * 128) << 16, 60, 3010, 60), 10);
}

#[test]
fn a_loop_of_one_frame_is_kept() {
    let looped = |l| {
        let r = region(&[
            rgnh((0, 127), (0, 127), 0, 0),
            wlnk(0),
            wsmp(60, 0, 0, &[l]),
        ]);
        let data = dls(&[instrument(0, 0, &[r], &[])], &[wave(&[1, 2, 3])]);
        load(&data).unwrap()[0].regions[0].sample.sample_loop
    };
    let found = looped((0, 2, 1)).unwrap();
    assert_eq!((found.start, found.length), (2, 1));
    assert!(looped((0, 3, 1)).is_none() && looped((0, 1, 0)).is_none());
}

#[test]
fn two_cues_may_name_one_wave() {
    let r = |i| region(&[rgnh((0, 127), (0, 127), 0, 0), wlnk(i)]);
    let data = riff(&[
        list(
            b"lins",
            &[instrument(0, 0, &[r(0), r(1), r(2), r(3), r(4)], &[])],
        ),
        ptbl(&[0, 0, u32::MAX, 2, 5000]),
        list(b"wvpl", &[wave(&[3, 4])]),
    ]);
    let instruments = load(&data).unwrap();
    let regions = &instruments[0].regions;
    assert_eq!(regions.len(), 2);
    assert!(Shared::ptr_eq(&regions[0].wave, &regions[1].wave));
}

#[test]
fn limits_bound_what_is_built() {
    let data = rich();
    for bytes in [0, 100, 1000] {
        let limits = Limits {
            bytes,
            ..Default::default()
        };
        assert_eq!(super::load(&data, limits).err(), Some(Error::TooLarge));
    }
}

/// The classes of §8.1: each must give an error or instruments that keep the model's promises.
#[test]
fn malformed_files() {
    let full = (0u16, 127u16);
    let header = || rgnh(full, full, 0, 0);
    let one = |parts: &[Vec<u8>]| {
        let data = dls(
            &[instrument(0, 0, &[region(parts)], &[])],
            &[wave(&[1; 100])],
        );
        load(&data).unwrap()
    };
    let with_wave = |w: Vec<u8>| {
        let data = dls(
            &[instrument(0, 0, &[region(&[header(), wlnk(0)])], &[])],
            &[w],
        );
        load(&data).unwrap()
    };
    // Not a DLS file.
    for bad in [
        &b""[..],
        b"RIFF",
        b"RIFF\x10\0\0\0WAVE",
        b"DLS ",
        &[0xFF; 64],
    ] {
        assert_eq!(load(bad).err(), Some(Error::NotDls));
    }
    assert_eq!(
        load(b"RIFF\xFF\xFF\xFF\xFFDLS ").err(),
        Some(Error::NoInstruments)
    );
    // Missing pool or table: no region can sound.
    let ins = instrument(0, 0, &[region(&[header(), wlnk(0)])], &[]);
    assert!(
        load(&riff(&[list(b"lins", core::slice::from_ref(&ins))]))
            .unwrap()
            .is_empty()
    );
    assert!(
        load(&riff(&[
            list(b"lins", core::slice::from_ref(&ins)),
            ptbl(&[0])
        ]))
        .unwrap()
        .is_empty()
    );
    // Counts that lie.
    for count in [0, 1, 0x3FFF_FFFF, 0x4000_0000, u32::MAX] {
        let table = chunk(b"ptbl", &words(&[8, count, 0]));
        let data = riff(&[
            chunk(b"colh", &words(&[u32::MAX])),
            list(b"lins", core::slice::from_ref(&ins)),
            table,
            list(b"wvpl", &[wave(&[1, 2])]),
        ]);
        assert_eq!(
            load(&data).unwrap().len(),
            usize::from(count > 0),
            "{count}"
        );
    }
    // Links.
    assert!(one(&[header()]).is_empty());
    assert!(one(&[header(), wlnk(1)]).is_empty());
    assert!(one(&[header(), wlnk(u32::MAX)]).is_empty());
    assert!(one(&[header(), chunk(b"wlnk", &[0; 11])]).is_empty());
    assert!(one(&[wlnk(0)]).is_empty());
    assert!(one(&[chunk(b"rgnh", &[0; 11]), wlnk(0)]).is_empty());
    // Ranges.
    assert!(one(&[rgnh((9, 8), full, 0, 0), wlnk(0)]).is_empty());
    assert!(one(&[rgnh((200, 300), full, 0, 0), wlnk(0)]).is_empty());
    assert_eq!(
        one(&[rgnh((5, 65535), full, 0xFFFF, 16), wlnk(0)])[0].regions[0].keys,
        (5, 127)
    );
    // Wave formats.
    for (tag, channels, rate, bits) in [
        (6, 1, 8000, 8),
        (0x55, 1, 44100, 16),
        (3, 1, 44100, 32),
        (1, 2, 44100, 16),
        (1, 0, 44100, 16),
        (1, 65535, 44100, 16),
        (1, 1, 0, 16),
        (1, 1, u32::MAX, 16),
        (1, 1, 44100, 0),
        (1, 1, 44100, 24),
    ] {
        let bad = list(
            b"wave",
            &[fmt(tag, channels, rate, bits), chunk(b"data", &[0; 64])],
        );
        assert!(with_wave(bad).is_empty(), "{tag} {channels} {rate} {bits}");
    }
    for data in [&[][..], &[1]] {
        assert!(with_wave(list(b"wave", &[fmt(1, 1, 44100, 16), chunk(b"data", data)])).is_empty());
    }
    assert!(with_wave(list(b"wave", &[chunk(b"data", &[0; 64])])).is_empty());
    assert!(with_wave(list(b"wave", &[fmt(1, 1, 44100, 16)])).is_empty());
    let reversed = list(b"wave", &[chunk(b"data", &[1, 0, 2]), fmt(1, 1, 44100, 16)]);
    assert_eq!(with_wave(reversed)[0].regions[0].wave.frames(), [1]);
    // wsmp and loops.
    for (kind, start, length) in [
        (0, 0, 0),
        (0, 0, 1),
        (0, 99, 2),
        (9, 50, u32::MAX),
        (0, u32::MAX, u32::MAX),
        (0, 101, 5),
    ] {
        one(&[
            header(),
            wlnk(0),
            wsmp(
                65535,
                -32768,
                i32::MIN,
                &[(kind, start, length), (0, 0, 50)],
            ),
        ]);
    }
    for size in 0..20 {
        let sane = one(&[header(), wlnk(0), chunk(b"wsmp", &vec![0xFF; size])]);
        assert_eq!(sane[0].regions[0].sample.unity, 60);
    }
    // Articulations: announced counts beyond the chunk, hundreds of thousands, unknown codes.
    for count in [2, 357_913_940, 357_913_941, u32::MAX] {
        let bad = chunk(b"art1", &[words(&[8, count]), vec![0; 12]].concat());
        let sane = one(&[header(), wlnk(0), list(b"lart", &[bad])]);
        assert_eq!(
            sane[0].regions[0].articulation.connections().len(),
            articulation::DEFAULTS.len()
        );
    }
    let many: Vec<_> = (0..200_000)
        .map(|i| (0x80 + (i % 4) as u16, 0, 0x500, 0, i))
        .collect();
    assert_eq!(
        one(&[header(), wlnk(0), list(b"lar2", &[art(b"art2", &many)])]).len(),
        1
    );
    let distinct: Vec<_> = (0..300)
        .map(|i| (0x80 + i as u16 % 128, 0x80 + i as u16 / 128, 0x500, 0, 1))
        .collect();
    let data = dls(
        &[instrument(
            0,
            0,
            &[region(&[
                header(),
                wlnk(0),
                list(b"lar2", &[art(b"art2", &distinct)]),
            ])],
            &[],
        )],
        &[wave(&[1; 100])],
    );
    assert_eq!(load(&data).err(), Some(Error::TooLarge));
    // A thousand nested lists, skipped as one.
    let mut nested = Vec::new();
    for _ in 0..1000 {
        nested = list(b"nest", &[nested]);
    }
    assert_eq!(one(&[nested, header(), wlnk(0)]).len(), 1);
    // INFO without a terminator.
    let data = riff(&[
        list(b"lins", &[]),
        list(b"INFO", &[chunk(b"INAM", b"endless")]),
    ]);
    let collection = Collection::parse(&data, Answers::default()).unwrap();
    assert_eq!(collection.info().name(), Some(&b"endless"[..]));
}

#[test]
fn every_truncation_is_survived() {
    let data = rich();
    for end in 0..data.len() {
        let _ = load(&data[..end]);
    }
}

/// Deterministic mutations: bytes, and the words that parsers stumble over.
#[test]
fn mutations_are_survived() {
    let original = rich();
    let mut random = 1u64;
    let mut next = |bound: usize| {
        random = random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (random >> 33) as usize % bound
    };
    const WORDS: [u32; 10] = [
        0,
        1,
        2,
        7,
        8,
        0x7FFF_FFFF,
        0x8000_0000,
        0xFFFF_FFFF,
        0xFFFF_FFFE,
        0x4000_0000,
    ];
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    for _ in 0..rounds {
        let mut data = original.clone();
        for _ in 0..1 + next(6) {
            let at = next(data.len() - 4);
            match next(4) {
                0 => data[at] ^= 1 << next(8),
                1 => data[at..at + 4].copy_from_slice(&WORDS[next(WORDS.len())].to_le_bytes()),
                2 => {
                    let from = next(data.len() - 4);
                    data.copy_within(from..from + 4, at);
                }
                _ => drop(data.drain(at..at + 1 + next(3))),
            }
        }
        let _ = load(&data);
    }
}
