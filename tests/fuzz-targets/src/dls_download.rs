// SPDX-License-Identifier: MIT OR Apache-2.0
//! Download buffers and the store: several ports download, unload, publish, play and close.

use crate::bytes::Bytes;
use crate::{Target, planted, rare, scarce, short, sound};
use arioso_core::dls::convert::Budget;
use arioso_core::dls::download::{Download, parse};
use arioso_core::dls::raw::{Connection, Loop, RegionHeader, Sample, WaveLink};
use arioso_core::dls::store::{Error, Handle, Quotas, Store, Usage};
use conformance::download::{Instrument, Region, instrument1, instrument2, wave};
use std::collections::BTreeMap;

/// This target.
pub const TARGET: Target = Target {
    name: "dls_download",
    run,
    seeds,
    dictionary,
    driver: false,
};

/// So small that inputs reach them.
const QUOTAS: Quotas = Quotas {
    bytes: 24 << 10,
    port_bytes: 16 << 10,
    objects: 48,
    port_objects: 32,
};
const PORTS: u8 = 3;

/// Steps of an input: the low nibble of a byte is what to do, the high one the port.
pub mod step {
    /// A buffer, with its length in front.
    pub const DOWNLOAD: u8 = 0;
    /// One of the port's own.
    pub const UNLOAD: u8 = 1;
    /// The port goes.
    pub const CLOSE: u8 = 2;
    /// A note: key, velocity.
    pub const PLAY: u8 = 3;
    /// Unloads what is not there.
    pub const FOREIGN: u8 = 4;
    /// What nobody uses goes.
    pub const DEFAULTS: u8 = 5;
    /// The next download or unload has so many allocations.
    pub const SCARCE: u8 = 6;
    /// How many there are.
    pub const COUNT: u8 = 7;
}

fn run(input: &[u8]) {
    let is_played = sound::is_played(input);
    let mut input = Bytes(input);
    let mut store = Store::new(QUOTAS);
    let mut handles: [Vec<Handle>; PORTS as usize] = Default::default();
    let mut planted = Planted::default();
    let mut left = None;
    for _ in 0..64 {
        if input.is_empty() {
            break;
        }
        let byte = input.u8();
        let port = (byte >> 4) % PORTS;
        let own = &mut handles[usize::from(port)];
        let before = store.usage(port);
        match (byte & 0xF) % step::COUNT {
            step::DOWNLOAD => {
                let buffer = input.block();
                planted.download(port, buffer);
                match scarce::call(left.take(), || store.download(port, buffer)) {
                    Ok(handle) => {
                        assert_ne!(handle.0, 0);
                        assert!(!own.contains(&handle), "a handle twice");
                        own.push(handle);
                        assert_eq!(store.usage(port).objects, before.objects + 1);
                    }
                    Err(_) => assert_eq!(store.usage(port), before),
                }
            }
            step::UNLOAD if !own.is_empty() => {
                let handle = own.swap_remove(usize::from(input.u8()) % own.len());
                let unloaded = scarce::call(left.take(), || store.unload(port, handle));
                if unloaded.is_err() {
                    // No memory for the port's new table: it is there as before.
                    assert_eq!(store.usage(port), before);
                    assert_eq!(store.unload(port, handle), Ok(()));
                }
                assert_eq!(store.unload(port, handle), Err(Error::UnknownHandle));
                assert_eq!(store.usage(port).objects, before.objects - 1);
            }
            step::CLOSE => {
                store.close_port(port);
                own.clear();
                assert_eq!(store.usage(port), Usage::default());
            }
            step::PLAY => {
                let (key, velocity) = (input.u8(), input.u8());
                look(&mut store, port, is_played.then_some((key, velocity)));
            }
            step::FOREIGN => {
                let handle = Handle(input.u32());
                if !own.contains(&handle) {
                    assert_eq!(store.unload(port, handle), Err(Error::UnknownHandle));
                }
            }
            step::SCARCE => left = Some(input.u8()),
            _ => store.collect(),
        }
        let (usage, total) = (store.usage(port), store.total());
        assert!(usage.bytes <= QUOTAS.port_bytes && usage.objects <= QUOTAS.port_objects);
        assert!(total.bytes <= QUOTAS.bytes && total.objects <= QUOTAS.objects);
        assert!(store.free_bytes(port) <= QUOTAS.port_bytes);
    }
    for port in 0..PORTS {
        store.close_port(port);
    }
    assert_eq!(store.total(), Usage::default(), "something is left");
}

/// The port's instruments; a note of the first, if it is to be played.
fn look(store: &mut Store, port: u8, note: Option<(u8, u8)>) {
    let patches = store.patches(port).expect("memory");
    for instrument in patches.instruments() {
        sound::check(instrument);
    }
    let (Some(first), Some((key, velocity))) = (patches.instruments().first(), note) else {
        return;
    };
    let patch = first.patch;
    sound::with_port(Some(patches), |synth| {
        sound::note(synth, patch, key, velocity);
    });
    store.collect();
}

/// What the planted bug needs to know.
#[derive(Default)]
pub struct Planted {
    waves: BTreeMap<(u8, u32), Vec<i16>>,
}

impl Planted {
    /// Believes the loops of regions.
    pub fn download(&mut self, port: u8, buffer: &[u8]) {
        if !planted::is_planted() {
            return;
        }
        match parse(buffer, &mut Budget::new(QUOTAS.port_bytes)) {
            Ok(Download::Wave(wave)) => {
                self.waves
                    .insert((port, wave.id), wave.wave.frames().to_vec());
            }
            Ok(Download::Instrument(instrument)) => {
                for region in instrument.regions {
                    let frames = self.waves.get(&(port, region.link.table_index));
                    let looped = region.sample.and_then(|sample| sample.first_loop);
                    if let (Some(frames), Some(looped)) = (frames, looped) {
                        planted::loop_frames(frames, looped.start, looped.length);
                    }
                }
            }
            Err(_) => {}
        }
    }
}

/// Buffers of a port, as clients build them.
pub fn buffers() -> Vec<Vec<u8>> {
    let instrument = example();
    vec![
        wave(1, 22_050, 16, &[7; 96]),
        wave(2, 44_100, 8, &[0x90; 33]),
        instrument2(3, &instrument),
        instrument1(4, &instrument),
        wave(5, 8000, 16, &[1; 2000]),
    ]
}

fn example() -> Instrument {
    let connection = |source, control, destination, scale| Connection {
        source,
        control,
        destination,
        transform: 0,
        scale,
    };
    let own = vec![
        connection(0, 0, 0x206, -(7973 << 16)),
        connection(1, 0x81, 3, 50 << 16),
        connection(0, 0, 0x500, 5000 << 16),
        connection(0, 0, 0x501, 100 << 16),
    ];
    let region = |low, high, wave, looped, articulations| Region {
        header: RegionHeader {
            keys: (low, high),
            velocities: (0, 127),
            options: 1,
            key_group: 2,
        },
        link: WaveLink {
            options: 0,
            phase_group: 0,
            channels: 1,
            table_index: wave,
        },
        sample: Some(Sample {
            unity: 60,
            fine_tune: 3,
            gain: -655_360,
            options: 0,
            first_loop: looped,
        }),
        articulations,
    };
    let looped = Loop {
        kind: 0,
        start: 4,
        length: 20,
    };
    Instrument {
        patch: 5,
        flags: 1,
        regions: vec![
            region(0, 64, 1, Some(looped), vec![]),
            region(60, 127, 2, None, vec![own.clone(), own[..1].to_vec()]),
        ],
        articulations: vec![own],
    }
}

/// Steps that play an instrument with each of these lists of connections.
pub fn routed() -> Vec<Vec<u8>> {
    let waves: Vec<u8> = buffers()[..2]
        .iter()
        .flat_map(|wave| download(0, wave))
        .collect();
    rare::routes()
        .iter()
        .map(|routes| {
            let instrument = connected(routes);
            let buffer = download(0, &instrument2(3, &instrument));
            [&waves[..], &buffer, &[step::PLAY, 50, 100]].concat()
        })
        .collect()
}

/// One region of the example with these connections alone.
fn connected(connections: &[rare::Connection]) -> Instrument {
    let articulation = connections.iter().map(
        |&(source, control, destination, transform, scale)| Connection {
            source,
            control,
            destination,
            transform,
            scale,
        },
    );
    let mut instrument = example();
    instrument.regions.truncate(1);
    instrument.articulations = vec![articulation.collect()];
    instrument
}

/// The step that downloads a buffer.
fn download(port: u8, buffer: &[u8]) -> Vec<u8> {
    let mut out = vec![port << 4 | step::DOWNLOAD];
    out.extend((buffer.len() as u16).to_le_bytes());
    out.extend(buffer);
    out
}

/// Downloads that are refused, each after what it needs; quotas; failing allocations.
fn refused() -> Vec<Vec<u8>> {
    let first = download(0, &wave(1, 22_050, 16, &[7; 96]));
    let mut seeds = Vec::new();
    for all in [rare::connections(), rare::too_many()] {
        let instrument = connected(&all);
        for buffer in [instrument1(3, &instrument), instrument2(3, &instrument)] {
            seeds.push([first.clone(), download(0, &buffer)].concat());
        }
    }
    for (rate, bits, data) in [
        (0, 16, &[1; 8][..]),
        (2_000_000, 16, &[1; 8]),
        (8000, 24, &[1; 8]),
        (8000, 8, &[]),
        (8000, 16, &[1]),
    ] {
        seeds.push(download(0, &wave(1, rate, bits, data)));
    }
    // Twice; without its waves; kinds that are refused or unknown.
    seeds.push([first.clone(), first.clone()].concat());
    seeds.push(download(0, &instrument2(3, &example())));
    for kind in [0u32, 4, 5, 6, 7] {
        let mut buffer = wave(1, 22_050, 16, &[7; 96]);
        buffer[..4].copy_from_slice(&kind.to_le_bytes());
        seeds.push(download(0, &buffer));
    }
    let tiny = |port: u8, id: u8| download(port, &wave(id.into(), 8000, 8, &[id]));
    seeds.push((0..33).flat_map(|id| tiny(0, id)).collect());
    seeds.push((0..50).flat_map(|id| tiny(id % 2, id)).collect());
    seeds.push(
        (0..4)
            .flat_map(|id| download(id % 3, &wave(id.into(), 8000, 8, &vec![id; 900])))
            .collect(),
    );
    for left in 0..40 {
        let scarce = [step::SCARCE, left];
        let all = buffers();
        let steps: [&[u8]; 6] = [
            &download(0, &all[0]),
            &download(0, &all[1]),
            &scarce,
            &download(0, &all[2]),
            &scarce,
            &[step::UNLOAD, 0],
        ];
        seeds.push(steps.concat());
        seeds.push([&scarce, &download(0, &all[0])[..]].concat());
    }
    seeds
}

fn seeds() -> Vec<Vec<u8>> {
    let all = |port| -> Vec<u8> {
        buffers()
            .iter()
            .flat_map(|buffer| download(port, buffer))
            .collect()
    };
    let play = |port: u8| vec![port << 4 | step::PLAY, 60, 100];
    let unload = |port: u8, index| vec![port << 4 | step::UNLOAD, index];
    let close = |port: u8| vec![port << 4 | step::CLOSE];
    let mut seeds = refused();
    seeds.extend(routed());
    let (waves, instruments) = (&buffers()[..2], &buffers()[2..4]);
    let linked: Vec<u8> = waves.iter().flat_map(|wave| download(0, wave)).collect();
    for buffer in [&waves[1], &instruments[0], &instruments[1]] {
        let short = short::downloads(buffer);
        seeds.extend(short.map(|buffer| [&linked[..], &download(0, &buffer)].concat()));
    }
    seeds.extend([
        [all(0), play(0), unload(0, 0), play(0), close(0)].concat(),
        [all(0), all(1), unload(0, 1), close(0), play(1)].concat(),
        [
            all(2),
            unload(2, 3),
            unload(2, 0),
            download(2, &buffers()[2]),
            vec![step::FOREIGN | 2 << 4, 1, 0, 1, 0],
            vec![step::DEFAULTS],
            play(2),
        ]
        .concat(),
        download(0, &buffers()[0]),
        [
            download(0, &buffers()[0]),
            download(0, &buffers()[1]),
            download(0, &buffers()[2]),
        ]
        .concat(),
    ]);
    seeds
}

/// `docs/reference/dls-synth.md` §8.2.
fn dictionary() -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = [
        0u32,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        16,
        20,
        24,
        0xFFFF_FFFF,
        0x7FFF_FFFF,
        0x8000_0000,
        0x3FFF_FFFC,
        0x4000_0000,
        357_913_940,
        357_913_941,
        0x1000_0000,
    ]
    .iter()
    .map(|number| number.to_le_bytes().to_vec())
    .collect();
    words.extend(buffers().into_iter().map(|mut buffer| {
        buffer.truncate(64);
        buffer
    }));
    words
}
