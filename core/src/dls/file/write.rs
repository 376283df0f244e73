// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes DLS files for tests.

use std::vec::Vec;

pub fn words16(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = [&id[..], &(data.len() as u32).to_le_bytes(), data].concat();
    if out.len() % 2 == 1 {
        out.push(0);
    }
    out
}

pub fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
}

pub fn rgnh(keys: (u16, u16), velocities: (u16, u16), options: u16, group: u16) -> Vec<u8> {
    chunk(
        b"rgnh",
        &words16(&[keys.0, keys.1, velocities.0, velocities.1, options, group]),
    )
}

pub fn wlnk(table_index: u32) -> Vec<u8> {
    chunk(
        b"wlnk",
        &[words16(&[0, 0]), words(&[1, table_index])].concat(),
    )
}

pub fn wsmp(unity: u16, fine: i16, gain: i32, loops: &[(u32, u32, u32)]) -> Vec<u8> {
    let mut data = [
        words(&[20]),
        words16(&[unity, fine as u16]),
        words(&[gain as u32, 0, loops.len() as u32]),
    ]
    .concat();
    for &(kind, start, length) in loops {
        data.extend(words(&[16, kind, start, length]));
    }
    chunk(b"wsmp", &data)
}

/// Connections as (source, control, destination, transform, scale).
pub fn art(id: &[u8; 4], connections: &[(u16, u16, u16, u16, i32)]) -> Vec<u8> {
    let mut data = words(&[8, connections.len() as u32]);
    for &(source, control, destination, transform, scale) in connections {
        data.extend(words16(&[source, control, destination, transform]));
        data.extend(scale.to_le_bytes());
    }
    chunk(id, &data)
}

pub fn info(name: &[u8]) -> Vec<u8> {
    list(b"INFO", &[chunk(b"INAM", &[name, &[0]].concat())])
}

pub fn region(parts: &[Vec<u8>]) -> Vec<u8> {
    list(b"rgn ", parts)
}

pub fn instrument(bank: u32, program: u32, regions: &[Vec<u8>], rest: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = std::vec![
        chunk(b"insh", &words(&[regions.len() as u32, bank, program])),
        list(b"lrgn", regions)
    ];
    parts.extend_from_slice(rest);
    list(b"ins ", &parts)
}

pub fn fmt(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let align = channels.wrapping_mul(bits / 8);
    let bytes = rate.wrapping_mul(u32::from(align));
    chunk(
        b"fmt ",
        &[
            words16(&[tag, channels]),
            words(&[rate, bytes]),
            words16(&[align, bits]),
        ]
        .concat(),
    )
}

pub fn wave(frames: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = frames.iter().flat_map(|f| f.to_le_bytes()).collect();
    list(b"wave", &[fmt(1, 1, 22050, 16), chunk(b"data", &data)])
}

pub fn ptbl(offsets: &[u32]) -> Vec<u8> {
    chunk(
        b"ptbl",
        &[words(&[8, offsets.len() as u32]), words(offsets)].concat(),
    )
}

pub fn riff(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = chunk(b"RIFF", &[b"DLS ", &parts.concat()[..]].concat());
    let size = out.len() as u32 - 8;
    out[4..8].copy_from_slice(&size.to_le_bytes());
    out
}

/// A whole file; the cues name the waves in order.
pub fn dls(instruments: &[Vec<u8>], waves: &[Vec<u8>]) -> Vec<u8> {
    let mut offset = 0;
    let offsets: Vec<u32> = waves
        .iter()
        .map(|w| {
            let at = offset;
            offset += w.len() as u32;
            at
        })
        .collect();
    riff(&[
        chunk(b"colh", &words(&[instruments.len() as u32])),
        list(b"lins", instruments),
        ptbl(&offsets),
        list(b"wvpl", waves),
        info(b"test bank"),
    ])
}

/// A file with something of everything.
pub fn rich() -> Vec<u8> {
    let full = (0, 127);
    let piano = instrument(
        0,
        0,
        &[
            region(&[
                rgnh((0, 59), full, 0, 0),
                wsmp(48, 5, -655_360, &[(0, 2, 6)]),
                wlnk(0),
            ]),
            list(
                b"rgn2",
                &[
                    rgnh((60, 127), (1, 100), 1, 3),
                    wlnk(1),
                    list(
                        b"lar2",
                        &[art(
                            b"art2",
                            &[(0, 0, 0x206, 0, 0), (9, 0x81, 3, 0x4000, 50 << 16)],
                        )],
                    ),
                ],
            ),
            list(b"rgn2", &[rgnh((60, 127), (101, 127), 0, 0), wlnk(0)]),
        ],
        &[
            list(
                b"lart",
                &[art(
                    b"art1",
                    &[(0, 0, 0x209, 0, -(1200 << 16)), (1, 0, 3, 0, 10 << 16)],
                )],
            ),
            info(b"Piano"),
        ],
    );
    let drums = instrument(
        0x8000_0000,
        0,
        &[
            region(&[rgnh((36, 36), full, 0, 1), wsmp(36, 0, 0, &[]), wlnk(1)]),
            region(&[rgnh((38, 38), full, 1, 1), wlnk(2)]),
        ],
        &[],
    );
    let guarded = instrument(
        0,
        1,
        &[region(&[rgnh(full, full, 0, 0), wlnk(0)])],
        &[list(
            b"lart",
            &[
                chunk(
                    b"cdl ",
                    &[
                        &[0x11, 0][..],
                        &super::super::condition::id::SUPPORTS_DLS2,
                        &[0x0F, 0],
                    ]
                    .concat(),
                ),
                art(b"art1", &[(0, 0, 0x206, 0, 77)]),
            ],
        )],
    );
    let eight = list(
        b"wave",
        &[
            fmt(1, 1, 11025, 8),
            wsmp(69, 0, 0, &[(1, 0, 3)]),
            chunk(b"data", &[0x80, 0xFF, 0x00]),
            info(b"eight"),
        ],
    );
    dls(
        &[piano, drums, guarded],
        &[wave(&[1, 2, 3, 4, 5, 6, 7, 8]), eight, wave(&[100, -100])],
    )
}
