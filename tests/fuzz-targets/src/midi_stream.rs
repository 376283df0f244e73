// SPDX-License-Identifier: MIT OR Apache-2.0
//! MIDI byte streams: the parser in fragments, System Exclusive, and the synthesizer that gets the messages.

use crate::bytes::Bytes;
use crate::sound::{self, SYNTH};
use crate::{Target, planted, rare};
use arioso_core::dls::file::{Limits, load};
use arioso_core::dls::model::Patches;
use arioso_core::dls::store::{Quotas, Store};
use arioso_core::mem::Shared;
use arioso_core::midi::{Parser, Tuning, TuningChange, Universal, is_complete, length, pitch};

/// This target.
pub const TARGET: Target = Target {
    name: "midi_stream",
    run,
    seeds,
    dictionary,
    driver: false,
};

/// Longest System Exclusive message.
const SYSEX: usize = 256;

fn messages(stream: &[u8], fragment: usize) -> Vec<Vec<u8>> {
    let mut parser = Parser::new(vec![0; SYSEX]);
    let mut messages = Vec::new();
    for part in stream.chunks(fragment) {
        parser.feed_all(part, |message| messages.push(message.to_vec()));
    }
    messages
}

fn run(input: &[u8]) {
    let mut input = Bytes(input);
    let fragment = usize::from(input.u8() % 16) + 1;
    let stream = input.0;
    if planted::is_planted() {
        planted::assemble(stream);
    }
    let messages = messages(stream, fragment);
    assert_eq!(
        messages,
        self::messages(stream, stream.len().max(1)),
        "fragments make a difference"
    );
    for message in &messages {
        assert!(
            is_complete(message) && message.len() <= SYSEX,
            "{message:x?}"
        );
        look(message);
    }
    // A message that did not come through the parser: any length, any bytes.
    look(stream);
    for part in stream.chunks(3) {
        look(part);
    }
    if !sound::is_played(stream) {
        return;
    }
    sound::with_port(Some(patches()), |synth| {
        for message in messages.iter().take(400) {
            synth.message(SYNTH, 1, message);
            sound::render(synth, 8);
        }
        sound::render_on(synth, 2);
        // What came in must not keep a voice for ever.
        synth.message(SYNTH, 0, &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]);
        sound::render(synth, 256);
    });
}

/// The message's meaning, to its end.
fn look(message: &[u8]) {
    if is_complete(message)
        && let [status, data @ ..] = message
    {
        assert!(*status >= 0x80 && length(*status).is_none_or(|length| length == 1 + data.len()));
    }
    match Universal::parse(message) {
        Some(Universal::ScaleTuning { scale, .. }) => {
            assert!((0..13).all(|class| scale.cents(class).abs() <= 100.0));
        }
        Some(Universal::Tuning(Tuning { change, .. })) => {
            let within =
                |at: [u8; 3]| pitch(at).is_none_or(|cents| (0.0..12_800.0).contains(&cents));
            match change {
                TuningChange::Keys(keys) => assert!(keys.iter().all(|&key| within(key))),
                TuningChange::Notes(notes) => {
                    assert!(notes.iter().all(|&[_, a, b, c]| within([a, b, c])));
                }
                TuningChange::Octave(scale) => {
                    assert!((0..13).all(|class| scale.cents(class).abs() <= 100.0));
                }
            }
        }
        _ => {}
    }
}

/// Melodic and drum instruments on every key.
fn patches() -> Shared<Patches> {
    thread_local! {
        static PATCHES: Shared<Patches> = {
            let bank = crate::dls_file::seeds().swap_remove(3);
            let mut store = Store::new(Quotas::default());
            let instruments = load(&bank, Limits::default()).expect("a DLS file");
            store.add_defaults(instruments).expect("memory");
            store.patches(0).expect("memory")
        };
    }
    PATCHES.with(Shared::clone)
}

fn seeds() -> Vec<Vec<u8>> {
    let program = [0xC0, 7];
    let rare = rare::messages();
    let rare = rare.iter().map(|message| [&[4][..], message].concat());
    let mut seeds = vec![
        [&[3][..], &program, &[0x90, 60, 100, 62, 101, 0x80, 60, 0]].concat(),
        [
            &[1][..],
            &program,
            &[0xB0, 1, 127, 7, 90, 0x90, 60, 100, 0xE0, 0, 127, 0xD0, 50],
        ]
        .concat(),
        // RPN 0–2, bend range, tuning.
        [
            &[15][..],
            &[
                0xB0, 101, 0, 100, 0, 6, 12, 38, 0, 100, 1, 6, 64, 100, 2, 6, 70,
            ],
        ]
        .concat(),
        [
            &[7][..],
            &[
                0x99, 36, 100, 0xF0, 0x7E, 0x7F, 9, 1, 0xF7, 0x99, 36, 90, 0xF8,
            ],
        ]
        .concat(),
        // GM2, GS and XG on; master volume; GS checksum.
        vec![
            2, 0xF0, 0x7E, 0x7F, 9, 3, 0xF7, 0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0, 0x7F, 0, 0x41,
            0xF7, 0xF0, 0x43, 0x10, 0x4C, 0, 0, 0x7E, 0, 0xF7, 0xF0, 0x7F, 0x7F, 4, 1, 0, 0x40,
            0xF7,
        ],
        // GM2 global parameters, scale tuning, key controls, controller destination.
        vec![
            5, 0xF0, 0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 1, 0, 4, 1, 40, 0xF7, 0xF0, 0x7E, 0x7F, 8, 8, 3,
            0x7F, 0x7F, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 10, 0xF7, 0xF0, 0x7F, 0x7F,
            0x0A, 1, 9, 36, 7, 64, 0xF7, 0xF0, 0x7F, 0x7F, 9, 1, 0, 0, 65, 1, 64, 0xF7,
        ],
    ];
    seeds.extend(rare);
    let addresses = rare::addresses();
    seeds.extend(addresses.iter().map(|stream| [&[15][..], stream].concat()));
    seeds.push(vec![0]);
    seeds
}

fn dictionary() -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = [
        &[0xF0][..],
        &[0xF7],
        &[0xF0, 0x7E, 0x7F],
        &[0xF0, 0x7F, 0x7F],
        &[0xF0, 0x41, 0x10, 0x42, 0x12],
        &[0xF0, 0x43, 0x10, 0x4C],
        &[0xF8],
        &[0xFF],
        &[0xB0, 120, 0],
        &[0xB0, 121, 0],
        &[0xB0, 123, 0],
        &[0xB0, 64, 127],
        &[0xB0, 66, 127],
        &[0xB0, 5, 100, 0xB0, 65, 127],
        &[0xB0, 84, 60],
        &[0xB0, 99, 1, 0xB0, 98, 8],
        &[0xC9, 0],
    ]
    .iter()
    .map(|word| word.to_vec())
    .collect();
    words.push(vec![0x11; 100]);
    words
}
