// SPDX-License-Identifier: MIT OR Apache-2.0
//! What files and buffers may have and seldom do, for the seeds: conditions, connections.

use crate::short;
use arioso_core::dls::condition::id;

/// Programs of conditional chunks.
pub fn conditions() -> Vec<Vec<u8>> {
    let op = |opcode: u16| opcode.to_le_bytes().to_vec();
    let constant = |value: u32| [&op(0x10)[..], &value.to_le_bytes()].concat();
    let query = |id: &[u8]| [&op(0x11)[..], id].concat();
    let supported = |id: &[u8]| [&op(0x12)[..], id].concat();
    let two = |opcode| [constant(3), constant(5), op(opcode)].concat();
    let known = [
        id::GM_IN_HARDWARE,
        id::GS_IN_HARDWARE,
        id::XG_IN_HARDWARE,
        id::SUPPORTS_DLS1,
        id::SUPPORTS_DLS2,
        id::SAMPLE_MEMORY_SIZE,
        id::SAMPLE_PLAYBACK_RATE,
    ];
    // Nearly each of them: one byte is another one.
    let nearly = known.iter().flat_map(|id| {
        (0..16).map(|at| {
            let mut id = *id;
            id[at] ^= 0x40;
            id
        })
    });
    let all = known.iter().copied().chain(nearly);
    let any = all.fold(constant(0), |program, id| {
        [program, supported(&id), op(0x09)].concat()
    });
    let mut programs: Vec<Vec<u8>> = (0x01..=0x0E).map(two).collect();
    programs.extend(known.iter().map(|id| query(id)));
    programs.extend([
        any,
        [constant(1), constant(0), op(0x0F), op(0x0A)].concat(),
        [constant(0), constant(3), op(0x07)].concat(),
        two(0x13),
        op(0x0F),
        op(0x01),
        [constant(1), op(0x01)].concat(),
        constant(7)[..4].to_vec(),
        query(&id::SUPPORTS_DLS1)[..9].to_vec(),
        vec![0x10],
        vec![],
        (0..33).flat_map(constant).collect(),
    ]);
    programs
}

/// Source, control, destination, transform, scale.
pub type Connection = (u16, u16, u16, u16, i32);

/// Every code, and those beside them; every shape; base values beyond their bounds.
pub fn connections() -> Vec<Connection> {
    const DESTINATIONS: [u16; 28] = [
        0x001, 0x003, 0x004, 0x005, 0x080, 0x081, 0x104, 0x105, 0x114, 0x115, 0x206, 0x207, 0x209,
        0x20A, 0x20B, 0x20C, 0x20D, 0x30A, 0x30B, 0x30D, 0x30E, 0x30F, 0x310, 0x500, 0x501, 0x002,
        0x208, 0x7FFF,
    ];
    let bases = DESTINATIONS
        .into_iter()
        .flat_map(|to| [(0, 0, to, 0, i32::MAX), (0, 0, to, 0, i32::MIN)]);
    let sources = (0..=10)
        .chain([0x81, 0x87, 0x8A, 0x8B, 0xFF])
        .chain(0x100..=0x103)
        .map(|from| (from, 0, 1, 0x8400, 960 << 16));
    let controls = [7, 0x81, 0x200].map(|by| (1, by, 3, 0, 50 << 16));
    let shapes = (0..16).flat_map(|bits| {
        [bits << 10, bits << 4, bits]
            .map(|transform| (0x8B, 0x81, 1, transform | 0xC300, -(96 << 16)))
    });
    bases.chain(sources).chain(controls).chain(shapes).collect()
}

/// More than an articulation may have.
pub fn too_many() -> Vec<Connection> {
    (0x80..=0xFF)
        .flat_map(|from| [1, 3, 0x500].map(|to| (from, 0, to, 0, 1)))
        .collect()
}

/// System Exclusive: every message that is known, by its table, and some that nearly are.
pub fn messages() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for id in 0..=4 {
        bodies.push(vec![0x7E, 0x7F, 9, id]);
        bodies.push(vec![0x7E, 0x7F, 0x0A, id]);
        bodies.push(vec![0x7F, 0x7F, 4, id, 1, 0x40]);
        bodies.push(vec![0x7F, 0x7F, 4, 5, 1, 1, 1, 1, id, 0, 4, 1]);
        bodies.push(vec![0x7F, 0x7F, 9, id, 3, 0x41, 2, 64, 1]);
        bodies.push(vec![0x7F, 0x7F, 9, id, 16, 0x7F, 2, 64]);
    }
    bodies.push(vec![0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 1]);
    bodies.push(vec![0x7F, 0x7F, 9, 1, 3]);
    bodies.push(vec![0x7F, 0x7F, 9, 3, 3, 0x20, 1, 1]);
    bodies.push(vec![0x7F, 0x7F, 0x0A, 1, 9, 36, 7, 64]);
    bodies.push(vec![0x7F, 0x7F, 0x0A, 1, 9, 36]);
    bodies.push(vec![0x7F, 0x7F, 0x0A, 1, 16, 36]);
    for form in [8, 9] {
        for length in [3, 11, 12, 13, 23, 24, 25] {
            for kind in [0x7E, 0x7F] {
                bodies
                    .push([&[kind, 0x7F, 8, form, 3, 0x7F, 0x7F][..], &vec![64; length]].concat());
            }
        }
    }
    bodies.push(vec![0x7F, 0x7F, 8, 8, 3]);
    // Roland: address and data; the checksum follows.
    for (high, mid, low) in [
        (0x40, 0x00, 0x7F),
        (0x00, 0x00, 0x7F),
        (0x40, 0x00, 0x00),
        (0x40, 0x00, 0x04),
        (0x40, 0x00, 0x05),
        (0x40, 0x00, 0x06),
        (0x40, 0x00, 0x50),
        (0x40, 0x01, 0x30),
        (0x40, 0x01, 0x38),
        (0x40, 0x01, 0x35),
        (0x40, 0x01, 0x41),
        (0x40, 0x10, 0x15),
        (0x40, 0x1A, 0x15),
        (0x40, 0x11, 0x02),
        (0x40, 0x21, 0x01),
        (0x40, 0x31, 0x01),
        (0x41, 0x12, 36),
        (0x48, 0, 0),
    ] {
        for data in [&[][..], &[0], &[1], &[2, 3], &[0, 4, 0, 0]] {
            let sum: u8 = [high, mid, low]
                .iter()
                .chain(data)
                .fold(0, |sum, b| sum.wrapping_add(*b));
            let check = 0u8.wrapping_sub(sum) & 0x7F;
            bodies.push(
                [
                    &[0x41, 0x10, 0x42, 0x12, high, mid, low][..],
                    data,
                    &[check],
                ]
                .concat(),
            );
        }
        bodies.push(vec![0x41, 0x10, 0x42, 0x12, high, mid, low, 1, 0]);
    }
    bodies.push(vec![0x41, 0x10, 0x42, 0x12, 0]);
    bodies.push(vec![0x41, 0x10, 0x42, 0x12]);
    // Yamaha.
    for (high, mid, low) in [
        (0, 0, 0),
        (0, 0, 4),
        (0, 0, 6),
        (0, 0, 0x7E),
        (0, 0, 0x7F),
        (0, 0, 5),
        (2, 1, 0),
        (8, 3, 1),
        (8, 16, 1),
        (0x30, 36, 2),
        (0x50, 0, 0),
    ] {
        for data in [&[0][..], &[5], &[0, 4, 0, 0]] {
            bodies.push([&[0x43, 0x10, 0x4C, high, mid, low][..], data].concat());
        }
    }
    bodies.extend(tunings());
    let whole = bodies
        .iter()
        .map(|body| [&[0xF0][..], body, &[0xF7]].concat());
    let begun = bodies.iter().map(|body| short::messages(body));
    // What a parser has to skip: every status inside and outside, one too long, a data byte in front.
    let odd = [
        (0x80..=0xFF).collect(),
        (0x80..=0xFF).flat_map(|status| [status, 1, 2, 3]).collect(),
        (0x80..=0xFF)
            .flat_map(|status| [0xF0, 1, status, 2, 0xF7])
            .collect(),
        [&[0x40, 0xF7, 0xF0][..], &[1; 300], &[0xF7, 0xFE]].concat(),
        vec![0xF0, 0xF7, 0xF0, 0xF0, 0xF8, 0xF7, 0xF1],
    ];
    whole.chain(begun).chain(odd).collect()
}

/// Streams: each address of Roland's and Yamaha's parts and drums, each number of a controller, of a registered and of another parameter,
/// and what GM2 has for controllers, keys and effects, with their least, middle and greatest values.
pub fn addresses() -> Vec<Vec<u8>> {
    let mut streams = Vec::new();
    for value in [0, 0x40, 0x7F] {
        let roland = |high: u8, mid: u8| {
            let message = move |low: u8| {
                let sum = high.wrapping_add(mid).wrapping_add(low).wrapping_add(value);
                let check = 0u8.wrapping_sub(sum) & 0x7F;
                vec![
                    0xF0, 0x41, 0x10, 0x42, 0x12, high, mid, low, value, check, 0xF7,
                ]
            };
            (0..0x80).flat_map(message).collect::<Vec<u8>>()
        };
        streams.extend(
            [
                (0x40, 0x01),
                (0x40, 0x10),
                (0x40, 0x11),
                (0x40, 0x20),
                (0x40, 0x21),
            ]
            .map(|(high, mid)| roland(high, mid)),
        );
        streams.extend((0..10).map(|kind| roland(0x41, kind << 4)));
        let yamaha = |high: u8, mid: u8| {
            let message = move |low: u8| vec![0xF0, 0x43, 0x10, 0x4C, high, mid, low, value, 0xF7];
            (0..0x80).flat_map(message).collect::<Vec<u8>>()
        };
        streams.extend(
            [(0x02, 0x01), (0x08, 0x00), (0x08, 0x09), (0x30, 0x24)]
                .map(|(high, mid)| yamaha(high, mid)),
        );
        let controllers = (0..0x78).flat_map(|number| [0xB0, number, value]);
        streams.push(controllers.collect());
        for (channel, high) in [(0, 1), (0, 0x7F)]
            .into_iter()
            .chain((0x14..0x20).map(|high| (9, high)))
        {
            let parameter = |low: u8| {
                let status = 0xB0 | channel;
                vec![status, 99, high, 98, low, 6, value, 38, value]
            };
            streams.push((0..0x80).flat_map(parameter).collect());
        }
        let registered = |low: u8| vec![0xB0, 101, 0, 100, low, 6, value, 38, value];
        streams.push((0..6).flat_map(registered).collect());
        let mut global = Vec::new();
        for parameter in 0..8 {
            for (slot, number) in [(1, 1), (1, 2), (2, 1)] {
                let number = if parameter > 4 { slot } else { number };
                global.extend([
                    0xF0, 0x7F, 0x7F, 4, 5, 1, 1, 1, 1, number, parameter, value, 0xF7,
                ]);
            }
            for form in 1..4 {
                let source = if form == 3 { 1 } else { 0 };
                global.extend([0xF0, 0x7F, 0x7F, 9, form, 0]);
                global.extend([1].iter().take(source));
                global.extend([parameter, value, 0xF7]);
            }
        }
        streams.push(global);
        let keys = (0..0x80).flat_map(|number| {
            [
                0xF0, 0x7F, 0x7F, 0x0A, 1, 9, 36, number, value, 0xF7, 0x99, 36, 100,
            ]
        });
        streams.push(keys.collect());
    }
    streams.extend([kinds_of_effects(1), kinds_of_effects(2)]);
    streams
}

/// All kinds of reverb (1) or chorus (2), by GM2, GS and XG.
fn kinds_of_effects(slot: u8) -> Vec<u8> {
    let mut stream = Vec::new();
    for kind in 0..9 {
        stream.extend([0xF0, 0x7F, 0x7F, 4, 5, 1, 1, 1, 1, slot, 0, kind, 0xF7]);
        let low = 0x28 + 8 * slot;
        let check = 0u8.wrapping_sub(0x41 + low + kind) & 0x7F;
        stream.extend([
            0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 1, low, kind, check, 0xF7,
        ]);
    }
    let low = 0x20 * (slot - 1);
    let first = if slot == 1 { 0 } else { 0x41 };
    for kind in first..first + 12 {
        for variation in 0..4 {
            stream.extend([0xF0, 0x43, 0x10, 0x4C, 2, 1, low, kind, variation, 0xF7]);
        }
    }
    stream
}

/// Connections of everything that moves to everything that it may move, with every shape.
pub fn routes() -> Vec<Vec<Connection>> {
    const SOURCES: [u16; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x81, 0x8A, 0x100, 0x101, 0x102];
    const CONTROLS: [u16; 5] = [0, 0x81, 1, 5, 9];
    const DESTINATIONS: [u16; 16] = [
        0x001, 0x003, 0x004, 0x005, 0x080, 0x081, 0x104, 0x105, 0x114, 0x115, 0x206, 0x207, 0x209,
        0x30A, 0x500, 0x501,
    ];
    let mut shape: u16 = 0;
    let mut all = Vec::new();
    for to in DESTINATIONS {
        for by in CONTROLS {
            for from in SOURCES {
                // Curve, polarity and direction of both, in turn.
                shape = (shape + 5) % 256;
                let transform = (shape & 3) << 10
                    | (shape >> 2 & 3) << 14
                    | (shape >> 4 & 3) << 4
                    | (shape >> 6 & 3) << 8;
                let scale = if to == 0x001 || to == 0x501 {
                    -(60 << 16)
                } else {
                    600 << 16
                };
                all.push((from, by, to, transform, scale));
            }
        }
    }
    all.chunks(28).map(<[Connection]>::to_vec).collect()
}

/// Tuning programs: every form, in real time and not, with data that fits and does not.
fn tunings() -> Vec<Vec<u8>> {
    let keys: Vec<u8> = (0..128u8).flat_map(|key| [key, 0x40, 1]).collect();
    let classes: Vec<u8> = (0..24).collect();
    let notes = [60, 61, 0x40, 0, 62, 0x7F, 0x7F, 0x7F];
    let mut all = Vec::new();
    for kind in [0x7E, 0x7F] {
        for (form, data) in [
            (1, &keys[..]),
            (4, &keys),
            (5, &classes[..12]),
            (6, &classes),
            (6, &classes[..23]),
            (3, &[]),
        ] {
            let bank = &[3][..usize::from(form > 3)];
            all.push(
                [
                    &[kind, 0x7F, 8, form],
                    bank,
                    &[5],
                    b"a tuning program",
                    data,
                    &[0x11],
                ]
                .concat(),
            );
        }
        for (form, count) in [(2, 2), (2, 3), (7, 2), (7, 0)] {
            let bank = &[3][..usize::from(form > 3)];
            all.push([&[kind, 0x7F, 8, form], bank, &[5, count], &notes].concat());
        }
    }
    all
}
