// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lives as programs live them, and steps that belong together.

use super::endpoint::step as endpoint;
use super::step::*;
use super::wires::step as wire;
use crate::dls_download;

/// Everything that a note needs: the sink runs, the pin has its instrument and runs.
const SET_UP: [u8; 11] = [
    WAVE_OPEN, WAVE_STATE, 3, OPEN, DOWNLOAD, 0, DOWNLOAD, 1, DOWNLOAD, 2, RUN,
];
/// The same without the sink.
const INSTRUMENT: [u8; 8] = [OPEN, DOWNLOAD, 0, DOWNLOAD, 1, DOWNLOAD, 2, RUN];
/// 4 KB in two packets, an event, and on to RUN.
const RECORD: [u8; 14] = [
    endpoint::OPEN,
    0,
    endpoint::BUFFER,
    0,
    2,
    2,
    endpoint::EVENT,
    endpoint::STATE,
    1,
    endpoint::STATE,
    2,
    endpoint::STATE,
    3,
    endpoint::ASK,
];
/// Two readers at the synthesizer's capture pin, in both formats.
const LISTEN: [u8; 14] = [
    wire::OPEN,
    0,
    wire::STATE,
    3,
    wire::READ,
    0,
    1,
    wire::OPEN | 1 << 3,
    1,
    wire::STATE | 1 << 3,
    3,
    wire::READ | 1 << 3,
    64,
    0,
];
/// A writer at end A, a reader at end B.
const PLUG: [u8; 11] = [
    wire::OPEN | 2 << 3,
    2,
    wire::OPEN | 3 << 3,
    5,
    wire::STATE | 3 << 3,
    3,
    wire::READ | 3 << 3,
    0,
    1,
    wire::STATE | 2 << 3,
    3,
];

pub fn seeds() -> Vec<Vec<u8>> {
    [music(), recording(), transport(), trouble()].concat()
}

/// The synthesizer alone.
fn music() -> Vec<Vec<u8>> {
    vec![
        [
            &[0][..],
            &SET_UP,
            &[
                NOTE, 3, 60, SLEEP, 80, UNLOAD, 2, UNLOAD, 0, SLEEP, 40, CLOSE,
            ],
        ]
        .concat(),
        [
            &[0][..],
            &SET_UP,
            &[
                NOTE, 200, 60, STOP, NOTE, 0, 61, RUN, ASK, SLEEP, 90, WAVE_STATE, 0, WAVE_CLOSE,
            ],
        ]
        .concat(),
        [
            &[1][..],
            &[OPEN, 0x10 | OPEN, 0x20 | OPEN],
            &SET_UP,
            &[
                0x10 | RUN,
                0x10 | DOWNLOAD,
                0,
                0x10 | CLOSE,
                NOTE,
                1,
                50,
                SLEEP,
                60,
            ],
        ]
        .concat(),
        vec![
            0, OPEN, DOWNLOAD, 2, DOWNLOAD, 0, DOWNLOAD, 0, GROUPS, 3, 9, STATE, 1, STATE, 2,
            STATE, 0, CLOSE, OPEN,
        ],
        [
            &[0][..],
            &SET_UP,
            &[
                MESSAGE, 1, 70, 6, 0xF0, 0x7E, 0x7F, 9, 1, 0xF7, MESSAGE, 0, 65, 3, 0x90, 1, 2,
                SLEEP, 20,
            ],
        ]
        .concat(),
    ]
}

/// The endpoint, alone and beside the sink.
fn recording() -> Vec<Vec<u8>> {
    use endpoint::*;
    vec![
        // A program records, packet by packet, and turns the volume.
        [
            &[0][..],
            &INSTRUMENT,
            &RECORD,
            &[
                0, NOTE, 1, 60, SLEEP, 60, ASK, 1, ASK, 0, LEVEL, 0x20, 0, 0xFA, 0, SLEEP, 40,
            ],
            &[
                ASK,
                1,
                LEVEL | 0x10,
                0x10,
                1,
                0,
                0,
                SLEEP,
                20,
                ASK,
                2,
                ASK,
                3,
                NO_EVENT,
                0,
                CLOSE,
                1,
            ],
        ]
        .concat(),
        // A 32-bit one, which watches the controls.
        [
            &[1][..],
            &[WATCH, WATCH | 0x10],
            &RECORD,
            &[
                0, LEVEL, 0, 0, 0xF0, 0, LEVEL, 4, 0, 0, 0, LEVEL, 8, 0, 0, 0xF0, NO_WATCH,
            ],
            &[
                STATE, 2, SLEEP, 9, STATE, 3, SLEEP, 9, STATE, 2, STATE, 1, STATE, 0, CLOSE, 0,
            ],
        ]
        .concat(),
        // From the sink to the endpoint and back, with a note; then the sink goes first.
        [
            &[0][..],
            &SET_UP,
            &[NOTE, 0, 60, SLEEP, 30],
            &RECORD,
            &[
                0, SLEEP, 30, STATE, 2, SLEEP, 30, STATE, 3, SLEEP, 10, WAVE_STATE, 0, WAVE_CLOSE,
            ],
            &[
                SLEEP, 10, STATE, 0, CLOSE, 1, WAVE_OPEN, WAVE_STATE, 3, SLEEP, 10,
            ],
        ]
        .concat(),
        // Every format, without a buffer, with one that is too long, in one packet.
        (0..16u8).fold(vec![0], |mut all, format| {
            let rate = (format % 4) << 5;
            all.extend([OPEN, rate | format, STATE, 1, BUFFER, format, 3, format % 3]);
            all.extend([STATE, 2, STATE, 3, SLEEP, 6, CLOSE, format & 1]);
            all
        }),
        [
            &[
                0, OPEN, 0, BUFFER, 0, 0xF0, 2, BUFFER, 0, 1, 0xFF, BUFFER, 0, 2, 1, EVENT, EVENT,
            ][..],
            &[STATE, 3, NO_EVENT, 8, NO_EVENT, 9, SLEEP, 99, CLOSE, 0],
        ]
        .concat(),
        // Connections that are wrong somewhere.
        [
            &[0][..],
            &[
                CONNECT,
                1 | 1 << 2,
                1 << 2,
                0,
                74,
                1,
                CONNECT,
                1 | 1 << 2,
                2 << 2,
                3,
                138,
                9,
                139,
                9,
            ],
            &[
                CONNECT,
                1 | 1 << 2,
                0x20,
                0,
                100,
                CONNECT,
                0,
                2 | 0x20,
                71,
                CONNECT,
                3,
                2,
                CONNECT,
                2,
                1,
            ],
        ]
        .concat(),
    ]
}

/// Capture pins and the cable.
fn transport() -> Vec<Vec<u8>> {
    use wire::*;
    vec![
        // What a music pin receives, now and later, whole and in pieces.
        [
            &[0][..],
            &LISTEN,
            &INSTRUMENT,
            &[
                NOTE, 20, 60, MESSAGE, 1, 70, 9, 0xF0, 0x7E, 0x7F, 9, 1, 2, 3, 4, 0xF7,
            ],
            &[
                MESSAGE,
                0,
                64,
                3,
                0x90,
                1,
                2,
                SLEEP,
                20,
                TAKE,
                TAKE | 8,
                READ,
                3,
                0,
                STOP,
                SLEEP,
                99,
            ],
            &[TAKE, CANCEL, STATE | 8, 2, CLOSE | 8, CLOSE],
        ]
        .concat(),
        // Through the cable, with running status, real time, and a message that does not end.
        [
            &[0][..],
            &PLUG,
            &[
                WRITE | 16,
                0,
                7,
                0x90,
                60,
                100,
                0xF8,
                61,
                0xFE,
                101,
                SLEEP,
                4,
                TAKE | 24,
            ],
            &[
                WRITE | 16,
                0,
                3,
                0xF0,
                1,
                2,
                OPEN | 32,
                2,
                STATE | 32,
                3,
                WRITE | 32,
                0,
                2,
                0xC0,
                5,
            ],
            &[
                SLEEP,
                9,
                CLOSE | 16,
                SLEEP,
                9,
                TAKE | 24,
                CANCEL | 32,
                CLOSE | 24,
            ],
        ]
        .concat(),
        // More than a reader has room for; the other end; a writer that waits and goes.
        [
            &[1][..],
            &PLUG,
            &[
                WRITE | 16,
                15,
                3,
                0x90,
                60,
                100,
                WRITE | 16,
                1,
                2,
                0xC0,
                1,
                SLEEP,
                200,
                TAKE | 16,
            ],
            &[
                OPEN | 40,
                4,
                OPEN | 48,
                3,
                STATE | 48,
                3,
                READ | 48,
                16,
                0,
                STATE | 40,
                3,
            ],
            &[
                WRITE | 40,
                0x20,
                3,
                0x80,
                60,
                1,
                SLEEP,
                80,
                TAKE | 48,
                CLOSE | 16,
            ],
        ]
        .concat(),
        // End A is heard.
        [
            &[0, WAVE_OPEN, WAVE_STATE, 3][..],
            &PLUG,
            &[
                WRITE | 16,
                0,
                8,
                0xF0,
                0x7F,
                0x7F,
                4,
                1,
                0x7F,
                0x7F,
                0xF7,
                WRITE | 16,
                4,
                3,
                0x90,
                60,
                127,
            ],
            &[
                SLEEP,
                99,
                STATE | 16,
                0,
                SLEEP,
                9,
                STATE | 16,
                3,
                WRITE | 16,
                15,
                1,
                0xF0,
            ],
        ]
        .concat(),
        // No records at all; records that say too much; the wrong pins.
        [
            &[0][..],
            &PLUG,
            &LISTEN,
            &[
                RAW | 16,
                6,
                0,
                1,
                2,
                3,
                4,
                5,
                6,
                RAW | 16,
                12,
                0,
                0,
                0,
                0,
                0,
                9,
                0,
                0,
                0,
                0x90,
                60,
                1,
                0,
            ],
            &[
                RAW | 16,
                8,
                0,
                0,
                0,
                0,
                0,
                0xFF,
                0xFF,
                0xFF,
                0xFF,
                WRITE,
                0,
                1,
                0xF8,
                READ | 16,
                9,
                0,
            ],
            &[OPEN | 56, 6, OPEN | 56, 7, STATE | 24, 0xF7, STATE | 24, 0],
        ]
        .concat(),
    ]
}

/// Late timers, sleep, no memory, and the program dies with everything in RUN.
fn trouble() -> Vec<Vec<u8>> {
    use endpoint::{DOZE, LEVEL, NAP, STALL, STARVE};
    let all = [&SET_UP[..], &RECORD, &[0], &LISTEN, &PLUG].concat();
    vec![
        [
            &[0][..],
            &all,
            &[
                NOTE,
                1,
                60,
                wire::WRITE | 16,
                2,
                3,
                0x90,
                60,
                1,
                SLEEP,
                9,
                NAP,
                33,
            ],
        ]
        .concat(),
        [
            &[0][..],
            &all,
            &[NOTE, 9, 60, STALL, 40, SLEEP, 20, STALL, 240, SLEEP, 90],
        ]
        .concat(),
        [
            &[1][..],
            &all,
            &[NOTE, 9, 60, DOZE, 100, SLEEP, 20, NOTE, 0, 61, SLEEP, 20],
        ]
        .concat(),
        [
            &[0, STARVE, 1][..],
            &RECORD,
            &[
                0,
                STARVE,
                2,
                endpoint::STATE,
                0,
                endpoint::CLOSE,
                0,
                STARVE,
                1,
            ],
            &RECORD,
            &[0, STARVE, 0],
            &LISTEN,
            &[STARVE, 1],
            &PLUG,
            &[STARVE, 0, OPEN, STARVE, 2, DOWNLOAD, 0, LEVEL, 0, 0, 0, 0],
        ]
        .concat(),
    ]
}

pub fn dictionary() -> Vec<Vec<u8>> {
    let mut words = vec![
        vec![UNLOAD, 0],
        vec![CLOSE],
        vec![WAVE_CLOSE],
        vec![WAVE_STATE, 0],
        vec![WAVE_STATE, 3],
        vec![NOTE, 0, 60],
        vec![SLEEP, 40],
        INSTRUMENT.to_vec(),
        RECORD.to_vec(),
        LISTEN.to_vec(),
        PLUG.to_vec(),
        vec![endpoint::CLOSE, 0],
        vec![endpoint::STATE, 3],
        vec![endpoint::STATE, 0],
        vec![endpoint::LEVEL, 0, 0, 0xFA, 0],
        vec![endpoint::ASK, 1],
        vec![endpoint::STARVE, 1],
        vec![endpoint::NAP, 50],
        vec![wire::READ, 0, 1],
        vec![wire::TAKE | 3 << 3],
        vec![wire::CLOSE],
        vec![wire::WRITE | 2 << 3, 0, 3, 0x90, 60, 100],
    ];
    for buffer in dls_download::buffers() {
        let length = (buffer.len() as u16).to_le_bytes();
        words.push([&[BYTES][..], &length, &buffer].concat());
    }
    words
}
