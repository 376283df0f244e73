// SPDX-License-Identifier: MIT OR Apache-2.0
//! DLS files: the views, the loader, and what it loaded.

use crate::bytes::hash;
use crate::{Target, planted, rare, scarce, short, sound};
use arioso_bank::test_banks;
use arioso_core::dls::file::{Collection, Limits, load};
use arioso_core::dls::model::Patches;
use arioso_core::dls::store::{Quotas, Store};
use arioso_core::mem::Shared;
use std::collections::BTreeMap;

/// This target.
pub const TARGET: Target = Target {
    name: "dls_file",
    run,
    seeds,
    dictionary,
    driver: false,
};

/// Bytes that a file may be loaded into.
const LIMIT: usize = 1 << 20;

fn run(file: &[u8]) {
    if planted::is_planted() {
        planted::cues(file);
    }
    let limits = Limits {
        bytes: LIMIT,
        ..Limits::default()
    };
    if let Ok(collection) = Collection::parse(file, limits.answers) {
        look(&collection);
    }
    // With one allocation failing, or, more often, none.
    let chance = hash(file);
    let left = (chance >> 62 == 0).then_some((chance >> 56) as u8 & 0x3F);
    let Ok(instruments) = scarce::call(left, || load(file, limits)) else {
        return;
    };
    let mut waves = BTreeMap::new();
    for instrument in &instruments {
        sound::check(instrument);
        for region in &instrument.regions {
            let frames = region.wave.guarded_frames();
            waves.insert(frames.as_ptr().addr(), size_of_val(frames));
        }
    }
    assert!(waves.values().sum::<usize>() <= LIMIT, "over the limit");
    if !sound::is_played(file) {
        return;
    }
    let played: Vec<_> = instruments
        .iter()
        .take(2)
        .map(|i| (i.patch, i.regions[0].keys.0, i.regions[0].velocities.1))
        .collect();
    if played.is_empty() {
        return;
    }
    sound::with_port(Some(patches(instruments)), |synth| {
        for (patch, key, velocity) in played {
            sound::note(synth, patch, key, velocity);
        }
    });
}

/// Every view of the tools, to its end.
fn look(collection: &Collection) {
    let named = |text: Option<&[u8]>| text.map_or(0, <[u8]>::len);
    let mut seen = named(collection.info().name());
    seen += usize::from(collection.version().is_some());
    for cue in 0..collection.cue_count().min(1000) {
        seen += usize::from(collection.wave(cue as u32).is_some());
    }
    for wave in collection.waves() {
        seen += wave.data.len() + named(wave.info().get(b"ICOP"));
    }
    for instrument in collection.instruments() {
        seen += named(instrument.info().name());
        seen += usize::from(instrument.articulation().is_empty());
        for region in instrument.regions() {
            seen += region
                .articulation()
                .chunks()
                .flat_map(|(_, connections)| connections)
                .count();
        }
    }
    std::hint::black_box(seen);
}

fn patches(instruments: Vec<Shared<arioso_core::dls::model::Instrument>>) -> Shared<Patches> {
    let mut store = Store::new(Quotas::default());
    store.add_defaults(instruments).expect("memory");
    store.patches(0).expect("memory")
}

/// Banks of the tools, and one with everything that a file can have.
pub fn seeds() -> Vec<Vec<u8>> {
    let compared = words(&[0x10, 5, 0, 0x10, 3, 0, 0x0C, 0x0F]);
    let mut seeds = vec![
        test_banks::impulse(22_050),
        test_banks::dc(44_100),
        test_banks::sine_wave(8000, 40, 1),
        rich(&[]),
        rich(&[aliases(&[2, 0, 0, 0])]),
        rich(&[aliases(&[])]),
        rich(&[chunk(b"pgal", &[2, 0, 0, 0, 1])]),
        conditional(&compared),
    ];
    seeds.extend(
        rare::conditions()
            .iter()
            .map(|program| conditional(program)),
    );
    for all in [rare::connections(), rare::too_many()] {
        seeds.extend([b"art1", b"art2"].map(|id| articulated(id, &all)));
    }
    seeds.extend(short::chunks(&rich(&[aliases(&[2, 0, 0, 0])])));
    seeds.extend(short::chunks(&conditional(&compared)));
    seeds.extend(short::heads(&test_banks::impulse(22_050)));
    seeds
}

fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let pad = vec![0; data.len() % 2];
    [&id[..], &(data.len() as u32).to_le_bytes(), data, &pad].concat()
}

fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn longs(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// `art1` or `art2`: source, control, destination, scale.
fn connections(id: &[u8; 4], all: &[(u16, u16, u16, i32)]) -> Vec<u8> {
    let blocks = all
        .iter()
        .flat_map(|&(source, control, destination, scale)| {
            [
                words(&[source, control, destination, 0]),
                scale.to_le_bytes().to_vec(),
            ]
            .concat()
        });
    let blocks: Vec<u8> = blocks.collect();
    chunk(id, &[longs(&[8, all.len() as u32]), blocks].concat())
}

/// `wsmp` with one loop.
fn wsmp(kind: u32, start: u32, length: u32) -> Vec<u8> {
    let head = [longs(&[20]), words(&[62, 0xFFF9]), longs(&[0, 0, 1])].concat();
    chunk(b"wsmp", &[head, longs(&[16, kind, start, length])].concat())
}

fn wave(bits: u16, data: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
    let format = [
        words(&[1, 1]),
        longs(&[22_050, 44_100]),
        words(&[bits / 8, bits]),
    ]
    .concat();
    let parts = [&[chunk(b"fmt ", &format), chunk(b"data", data)], more].concat();
    list(b"wave", &parts)
}

fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[&b"DLS "[..], &parts.concat()].concat())
}

/// A melodic instrument and a drum kit with many connections, layers, loops, groups.
fn rich(more: &[Vec<u8>]) -> Vec<u8> {
    let global = [
        (1, 0x81, 3, 100 << 16),
        (2, 0, 1, -(960 << 16)),
        (0, 0, 0x500, 6900 << 16),
        (0, 0, 0x501, 60 << 16),
        (5, 0, 0x500, 1200 << 16),
        (0, 0, 0x206, -(7973 << 16)),
        (0, 0, 0x209, -(1200 << 16)),
        (0, 0, 0x81, 200 << 16),
        (9, 0, 3, 20 << 16),
    ];
    let region = |low, high, wave, more: &[Vec<u8>]| {
        let head = [
            chunk(b"rgnh", &words(&[low, high, 0, 127, 0, 3])),
            chunk(b"wlnk", &[words(&[0, 0]), longs(&[1, wave])].concat()),
        ];
        list(b"rgn2", &[&head[..], more].concat())
    };
    let own = [
        wsmp(1, 5, 20),
        list(b"lar2", &[connections(b"art2", &global[..2])]),
    ];
    let instrument = |bank, program| {
        list(
            b"ins ",
            &[
                chunk(b"insh", &longs(&[2, bank, program])),
                list(b"lrgn", &[region(0, 60, 0, &[]), region(48, 120, 1, &own)]),
                list(b"lar2", &[connections(b"art2", &global)]),
                list(b"INFO", &[chunk(b"INAM", b"everything\0")]),
            ],
        )
    };
    let samples: Vec<u8> = (0..94u32).map(|i| (i * 97 % 251) as u8).collect();
    let first = wave(16, &samples, &[wsmp(0, 0, 40)]);
    let second = first.len() as u32;
    let parts = [
        chunk(b"colh", &longs(&[2])),
        list(b"lins", &[instrument(0, 7), instrument(0x8000_0000, 0)]),
        chunk(b"ptbl", &longs(&[8, 2, 0, second])),
        list(
            b"wvpl",
            &[first, wave(16, &samples[..80], &[wsmp(1, 2, 30)])],
        ),
    ];
    file(&[&parts, more].concat())
}

/// `pgal`: keys that stand for others; programs that are there, that are missing, whose source is missing.
fn aliases(version: &[u8]) -> Vec<u8> {
    let mut keys: Vec<u8> = (0..128).collect();
    keys[2] = 100;
    keys[127] = 0;
    keys[125] = 126;
    let records = [(0, 7, 0, 7), (0, 8, 0, 7), (0x82, 9, 0, 7), (0, 10, 3, 3)];
    let records = records.map(|(bank, program, of, source)| words(&[bank, program, of, source]));
    chunk(
        b"pgal",
        &[version, &keys, &[0; 4], &records.concat()].concat(),
    )
}

/// Files whose structure takes as many allocations as it can: a rich one with keys and programs that stand for others, conditions, a
/// connection of every kind, more connections than there may be, a bank of the tools.
pub fn structures() -> Vec<Vec<u8>> {
    vec![
        rich(&[many_aliases()]),
        conditional(&words(&[0x10, 5, 0, 0x10, 3, 0, 0x0C, 0x0F])),
        articulated(b"art2", &rare::connections()),
        articulated(b"art1", &rare::too_many()),
        test_banks::sine_wave(8000, 40, 1),
        odd_waves(false),
        odd_waves(true),
        keyed(),
    ]
}

/// The id with each of its bytes changed, one at a time.
fn nearly(id: &[u8; 4]) -> impl Iterator<Item = [u8; 4]> {
    let id = *id;
    (0..4).map(move |at| {
        let mut id = id;
        id[at] ^= 0x20;
        id
    })
}

/// An instrument for each wave: chunks twice, in another order, behind others, with ids that are nearly known, conditions that hold and do not, too
/// long and missing ones. The same around the lists. The pool may have a condition in front.
fn odd_waves(conditional: bool) -> Vec<u8> {
    let holds = |yes: u16| words(&[0x10, yes, 0]);
    let others = |ids: &[&[u8; 4]]| -> Vec<Vec<u8>> {
        let ids = ids.iter().flat_map(|id| nearly(id));
        ids.map(|id| chunk(&id, &[1, 2, 3])).collect()
    };
    let format = |bits: u16| {
        let bytes = u32::from(bits / 8);
        [
            words(&[1, 1]),
            longs(&[22_050, 22_050 * bytes]),
            words(&[bits / 8, bits]),
        ]
        .concat()
    };
    let (fmt, data) = (chunk(b"fmt ", &format(16)), chunk(b"data", &[7; 64]));
    let looped = wsmp(0, 2, 20);
    let long = chunk(b"INFO", &[0; 3000]);
    let condition = |yes, more: usize| chunk(b"cdl ", &[holds(yes), vec![0; more]].concat());
    let known = others(&[b"fmt ", b"wsmp", b"data", b"cdl "]);
    let waves = [
        vec![fmt.clone(), data.clone()],
        vec![
            fmt.clone(),
            chunk(b"fmt ", &format(8)),
            looped.clone(),
            wsmp(1, 4, 8),
            data.clone(),
            data.clone(),
        ],
        [&known[..], &[fmt.clone(), data.clone()]].concat(),
        vec![condition(1, 0), fmt.clone(), data.clone()],
        vec![fmt.clone(), data.clone(), condition(0, 0)],
        vec![condition(1, 5000), fmt.clone(), data.clone()],
        vec![
            data.clone(),
            long.clone(),
            looped.clone(),
            long,
            fmt.clone(),
        ],
        vec![fmt.clone(), looped],
        vec![data.clone()],
        vec![chunk(b"fmt ", &format(16)[..10]), data],
        vec![chunk(b"wsmp", &[0; 8]), fmt, chunk(b"data", &[1; 33])],
    ];
    let waves = waves.map(|parts| list(b"wave", &parts));
    let front = condition(1, 0);
    let mut at = if conditional { front.len() as u32 } else { 0 };
    let cues: Vec<u32> = waves
        .iter()
        .map(|wave| {
            at += wave.len() as u32;
            at - wave.len() as u32
        })
        .collect();
    let instruments: Vec<_> = (0..waves.len() as u32)
        .map(|n| {
            let region = list(
                b"rgn ",
                &[
                    chunk(b"rgnh", &words(&[0, 127, 0, 127, 0, 0])),
                    chunk(b"wlnk", &[words(&[0, 0]), longs(&[1, n])].concat()),
                ],
            );
            let parts = [chunk(b"insh", &longs(&[1, 0, n])), list(b"lrgn", &[region])];
            list(b"ins ", &parts)
        })
        .collect();
    let pool = if conditional {
        [&[front][..], &waves].concat()
    } else {
        waves.to_vec()
    };
    let count = waves.len() as u32;
    let whole = [
        &[condition(1, 0)][..],
        &others(&[b"LIST", b"ptbl", b"pgal", b"cdl "]),
        &nearly(b"lins").map(|id| list(&id, &[])).collect::<Vec<_>>(),
        &nearly(b"wvpl").map(|id| list(&id, &[])).collect::<Vec<_>>(),
        &[
            chunk(b"colh", &longs(&[count])),
            list(b"lins", &instruments),
            chunk(b"ptbl", &[longs(&[8, count]), longs(&cues)].concat()),
            list(b"wvpl", &pool),
            list(b"wvpl", &[]),
        ],
    ];
    file(&whole.concat())
}

/// Connections that are nearly those of every key, each in an instrument of its own; then all of them together, twice, and sources of one kind.
fn keyed() -> Vec<u8> {
    const KEY: i32 = 12_800 << 16;
    const TUNING: i32 = 6400 << 16;
    let mut lists: Vec<Vec<rare::Connection>> = vec![
        vec![(3, 0, 5, 0, KEY)],
        vec![(0x102, 0, 5, 0x4000, TUNING)],
        vec![(3, 0, 5, 0, KEY), (0x102, 0, 5, 0x4000, TUNING)],
        vec![(2, 0, 5, 0, KEY)],
        vec![(3, 0x81, 5, 0, KEY)],
        vec![(3, 0, 3, 0, KEY)],
        vec![(3, 0, 5, 0x4000, KEY)],
        vec![(3, 0, 5, 0x8000, KEY)],
        vec![(3, 0, 5, 0x0400, KEY)],
        vec![(3, 0, 5, 0x0010, KEY)],
        vec![(3, 0, 5, 0x0100, KEY)],
        vec![(3, 0, 5, 0, KEY - 1)],
        vec![(0x101, 0, 5, 0x4000, TUNING)],
        vec![(0x102, 0, 5, 0, TUNING)],
        (0x3F0..0x3F4).map(|code| (0, 0, code, 0, 1)).collect(),
    ];
    let all = lists.concat();
    lists.push([&all[..], &all].concat());
    // Each source, control and destination after another of its kind.
    let kinds = [0x81u16, 0x87, 0x8A, 0x100, 0x101, 0x102, 2, 3];
    let mut pairs = Vec::new();
    for source in kinds {
        for control in [0, 0x81, 0x8B, 0x101] {
            pairs.push((source, control, 1, 0, 60 << 16));
            pairs.push((source, control, 3, 0, 60 << 16));
        }
    }
    lists.extend(pairs.chunks(24).map(<[_]>::to_vec));
    let instruments: Vec<_> = (0u32..)
        .zip(&lists)
        .map(|(n, all)| {
            let blocks: Vec<u8> = all
                .iter()
                .flat_map(|&(source, control, destination, transform, scale)| {
                    let codes = words(&[source, control, destination, transform]);
                    [codes, scale.to_le_bytes().to_vec()].concat()
                })
                .collect();
            let connections = chunk(b"art2", &[longs(&[8, all.len() as u32]), blocks].concat());
            let region = list(
                b"rgn ",
                &[
                    chunk(b"rgnh", &words(&[0, 127, 0, 127, 0, 0])),
                    chunk(b"wlnk", &words(&[0, 0, 1, 0, 0, 0])),
                ],
            );
            list(
                b"ins ",
                &[
                    chunk(b"insh", &longs(&[1, 0, n])),
                    list(b"lrgn", &[region]),
                    list(b"lar2", &[connections]),
                ],
            )
        })
        .collect();
    file(&[
        chunk(b"colh", &longs(&[lists.len() as u32])),
        list(b"lins", &instruments),
        chunk(b"ptbl", &longs(&[8, 1, 0])),
        list(b"wvpl", &[wave(8, &[0x80, 0x90, 0xA0], &[])]),
    ])
}

/// Files of a few megabytes that would become more than memory may be spent on, by what stands for others: programs, keys.
pub fn too_large() -> [Vec<u8>; 2] {
    let crowd = |bank, program, regions| {
        let region = list(
            b"rgn ",
            &[
                chunk(b"rgnh", &words(&[0, 0, 0, 127, 0, 0])),
                chunk(b"wlnk", &words(&[0, 0, 1, 0, 0, 0])),
            ],
        );
        let instrument = [
            chunk(b"insh", &longs(&[regions, bank, program])),
            list(b"lrgn", &vec![region; regions as usize]),
        ];
        list(b"ins ", &instrument)
    };
    let whole = |instrument: Vec<u8>, keys: &[u8], records: &[u8]| {
        file(&[
            chunk(b"colh", &longs(&[1])),
            list(b"lins", &[instrument]),
            chunk(b"ptbl", &longs(&[8, 1, 0])),
            list(b"wvpl", &[wave(8, &[0x80; 8], &[])]),
            chunk(b"pgal", &[&[2, 0, 0, 0], keys, &[0; 4], records].concat()),
        ])
    };
    let own: Vec<u8> = (0..128).collect();
    let records: Vec<u8> = (1..1024u16)
        .flat_map(|n| words(&[n / 127, n % 127 + 1, 0, 0]))
        .collect();
    [
        whole(crowd(0, 0, 12_000), &own, &records),
        whole(crowd(0x8000_0000, 0, 12_000), &[0; 128], &[]),
    ]
}

/// `pgal`: keys with no, one and two regions to copy, programs of which most are missing.
fn many_aliases() -> Vec<u8> {
    let mut keys: Vec<u8> = (0..128).collect();
    for (key, source) in (121..).zip([50, 0, 55, 100, 52, 126, 59]) {
        keys[key] = source;
    }
    let records: Vec<u8> = (8..20)
        .flat_map(|program| words(&[0, program, 0, 7]))
        .collect();
    chunk(
        b"pgal",
        &[&[2, 0, 0, 0][..], &keys, &[0; 4], &records].concat(),
    )
}

/// A bank behind conditions, with an 8-bit wave.
fn conditional(program: &[u8]) -> Vec<u8> {
    let supports_dls2 = [
        0x11, 0, 0xE5, 0x99, 0x45, 0xF1, 0x89, 0x46, 0xD2, 0x11, 0xAF, 0xA6, 0x00, 0xAA, 0x00,
        0x24, 0xD8, 0xB6,
    ];
    let region = list(
        b"rgn ",
        &[
            chunk(b"cdl ", program),
            chunk(b"rgnh", &words(&[0, 127, 0, 127, 0, 0])),
            chunk(b"wlnk", &words(&[0, 0, 1, 0, 0, 0])),
            wsmp(0, 2, 8),
            list(
                b"lart",
                &[
                    chunk(b"cdl ", &supports_dls2),
                    connections(b"art1", &[(2, 0, 0x206, 5)]),
                ],
            ),
        ],
    );
    file(&[
        chunk(b"colh", &longs(&[1])),
        chunk(b"vers", &words(&[0, 1, 0, 0])),
        list(
            b"lins",
            &[list(
                b"ins ",
                &[
                    chunk(b"insh", &longs(&[1, 0x0100, 3])),
                    list(b"lrgn", &[region]),
                ],
            )],
        ),
        chunk(b"ptbl", &longs(&[8, 1, 0])),
        list(
            b"wvpl",
            &[wave(8, &[0x80, 0x90, 0xA0, 0xFF, 0, 1, 2, 3, 9, 8, 7], &[])],
        ),
        list(b"INFO", &[chunk(b"INAM", b"conditions\0")]),
    ])
}

/// One region with these connections.
fn articulated(id: &[u8; 4], all: &[rare::Connection]) -> Vec<u8> {
    let blocks = all
        .iter()
        .flat_map(|&(source, control, destination, transform, scale)| {
            [
                words(&[source, control, destination, transform]),
                scale.to_le_bytes().to_vec(),
            ]
            .concat()
        });
    let blocks: Vec<u8> = blocks.collect();
    let connections = chunk(id, &[longs(&[8, all.len() as u32]), blocks].concat());
    let region = list(
        b"rgn ",
        &[
            chunk(b"rgnh", &words(&[0, 127, 0, 127, 0, 0])),
            chunk(b"wlnk", &words(&[0, 0, 1, 0, 0, 0])),
        ],
    );
    let instrument = [
        chunk(b"insh", &longs(&[1, 0, 3])),
        list(b"lrgn", &[region]),
        list(
            if id == b"art1" { b"lart" } else { b"lar2" },
            &[connections],
        ),
    ];
    file(&[
        chunk(b"colh", &longs(&[1])),
        list(b"lins", &[list(b"ins ", &instrument)]),
        chunk(b"ptbl", &longs(&[8, 1, 0])),
        list(b"wvpl", &[wave(8, &[0x80, 0x90, 0xA0], &[])]),
    ])
}

/// `docs/reference/dls-synth.md` §8.
pub fn dictionary() -> Vec<Vec<u8>> {
    const IDS: [&[u8; 4]; 31] = [
        b"RIFF", b"LIST", b"DLS ", b"colh", b"vers", b"dlid", b"lins", b"ins ", b"insh", b"lrgn",
        b"rgn ", b"rgn2", b"rgnh", b"wsmp", b"wlnk", b"lart", b"lar2", b"art1", b"art2", b"cdl ",
        b"ptbl", b"wvpl", b"wave", b"fmt ", b"data", b"fact", b"INFO", b"pgal", b"crs1", b"RMID",
        b"INAM",
    ];
    let mut words: Vec<Vec<u8>> = IDS.iter().map(|id| id.to_vec()).collect();
    for number in [
        0xFFFF_FFFF,
        0x7FFF_FFFF,
        0x8000_0000,
        0xFFFE,
        1,
        // Counts that overflow when they are multiplied by 4, 12, 16.
        0x4000_0000,
        357_913_941,
        0x1000_0000u32,
    ] {
        words.push(number.to_le_bytes().to_vec());
    }
    use arioso_core::dls::condition::id;
    for id in [
        id::GM_IN_HARDWARE,
        id::SUPPORTS_DLS1,
        id::SUPPORTS_DLS2,
        id::SAMPLE_MEMORY_SIZE,
        id::SAMPLE_PLAYBACK_RATE,
    ] {
        words.push([&[0x11, 0][..], &id].concat());
    }
    words
}
