// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a bank's file may say beyond its sounds: conditions (DLS 2, "conditional chunk") and the aliases of mobile banks. What holds is
//! computed here once more, from the specification.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup};
use arioso_bank::test_banks;
use arioso_core::ks::ks::KSSTATE_RUN;
use arioso_core::ks::status::{NTSTATUS, STATUS_END_OF_FILE};
use conformance::events::{MusicBuffer, write};
use conformance::filter::Pin;
use simkernel::client::SimClient;
use simkernel::registry::Value;
use simkernel::system::{Made, Make};
use std::sync::Arc;

pub const SCENARIOS: &[Scenario] = &[
    (
        "a bank's regions sound if their conditions hold",
        conditions,
    ),
    ("a bank's programs and drums sound as others", aliases),
    ("a bank whose last read is of one byte", one_byte),
    ("a bank's file that ends early", ends_early),
];

/// Files are read in parts of a megabyte.
fn one_byte() {
    let mut bank = test_banks::dc(RATE);
    bank.resize((1 << 20) + 1, 0);
    let (mut rig, pin) = playing(bank);
    assert!(sounds(&mut rig, &pin, 0, 0, 60));
    pin.close(&mut rig.client).unwrap();
    rig.kill_client();
    rig.finish();
}

/// A file that has become shorter since it was opened.
struct Shorter(Vec<u8>);

impl Make for Shorter {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<usize, NTSTATUS> {
        let left = &self.0[..self.0.len() - 2];
        let rest = left.get(at as usize..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

/// Nothing of it counts, though only its last frame is not there.
fn ends_early() {
    const PATH: &str = "\\??\\C:\\shorter.dls";
    let mut rig = Setup {
        made: vec![(PATH, Made(Arc::new(Shorter(test_banks::dc(RATE)))))],
        values: vec![("BankPath", Value::text(PATH))],
        ..Setup::default()
    }
    .start();
    let printed = rig.machine.debug_output().len();
    let (filter, pin) = rig.open_pin();
    let lines = rig.machine.debug_output()[printed..].join("\n");
    let expected = format!("no bank, status {STATUS_END_OF_FILE:08x}");
    assert!(lines.contains(&expected), "{lines}");
    rig.close(filter, [pin], None);
    rig.finish();
}

fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let pad = &[0][..data.len() % 2];
    [&id[..], &(data.len() as u32).to_le_bytes(), data, pad].concat()
}

fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// One key with the only wave, which is a constant; conditions stand behind.
fn region(key: u32, conditions: &[Vec<u8>]) -> Vec<u8> {
    let head = [
        chunk(b"rgnh", &words(&[key | key << 16, 127 << 16, 0])),
        chunk(b"wlnk", &words(&[0, 1, 0])),
    ];
    list(b"rgn ", &[&head[..], conditions].concat())
}

fn instrument(bank: u32, program: u32, regions: &[Vec<u8>]) -> Vec<u8> {
    let head = chunk(b"insh", &words(&[regions.len() as u32, bank, program]));
    list(b"ins ", &[head, list(b"lrgn", regions)])
}

fn file(instruments: &[Vec<u8>], other: Vec<u8>) -> Vec<u8> {
    let frames = [8000i16; 4096]
        .iter()
        .flat_map(|frame| frame.to_le_bytes())
        .collect::<Vec<_>>();
    let looped = words(&[20, 60, 0, 0, 1, 16, 0, 0, 4096]);
    let wave = list(
        b"wave",
        &[
            chunk(b"fmt ", &words(&[0x1_0001, RATE, RATE * 2, 0x10_0002])),
            chunk(b"wsmp", &looped),
            chunk(b"data", &frames),
        ],
    );
    let parts = [
        list(b"lins", instruments),
        chunk(b"ptbl", &words(&[8, 1, 0])),
        list(b"wvpl", &[wave]),
        other,
    ];
    chunk(b"RIFF", &[&b"DLS "[..], &parts.concat()].concat())
}

/// A machine with this default bank, and a pin of the MIDI range.
fn playing(bank: Vec<u8>) -> (Rig, Pin<SimClient>) {
    let mut rig = Setup {
        bank: Some(bank),
        ..Setup::default()
    }
    .start();
    let (filter, id) = rig.find_filter();
    let mut wave = rig.open_wave(&filter);
    wave.run(&mut rig.client).expect("the wave path runs");
    let mut pin = filter.midi_pin(&mut rig.client, id).expect("a pin");
    pin.set_state(&mut rig.client, KSSTATE_RUN)
        .expect("it runs");
    (rig, pin)
}

/// What the limiter and the fade of the note before cannot leave.
const LOUD: u16 = 200;

/// Whether a key of a program sounds.
fn sounds(rig: &mut Rig, pin: &Pin<SimClient>, channel: u8, program: u8, key: u8) -> bool {
    let mut say = |messages: &[&[u8]]| {
        let mut buffer = MusicBuffer::default();
        messages.iter().for_each(|message| buffer.push(0, message));
        // Stream time 0 is now.
        write(&mut rig.client, pin.handle, 0, buffer.bytes())
            .wait(&mut rig.client)
            .expect("the port takes it");
        rig.sleep(SECOND / 10);
        rig.take_audio()
    };
    let dry = [[0xB0 | channel, 91, 0], [0xB0 | channel, 93, 0]];
    say(&[&dry[0], &dry[1], &[0xC0 | channel, program]]);
    let audio = say(&[&[0x90 | channel, key, 127]]);
    say(&[&[0xB0 | channel, 120, 0]]);
    audio.iter().any(|frame| frame[0].unsigned_abs() > LOUD)
}

/// A condition as it lies in the file, and its value: `None` if it is malformed.
fn condition(random: &mut fastrand::Rng) -> (Vec<u8>, Option<u32>) {
    /// `DLSID_GMInHardware` and its kin, `DLSID_SupportsDLS2`, one that nobody knows; with what this synthesizer says.
    const CLASSIC: [u8; 15] = [
        0x2F, 0x8F, 0x17, 0x64, 0xC3, 0xD1, 0x11, 0xA7, 0x60, 0, 0, 0xF8, 0x75, 0xAC, 0x12,
    ];
    const DLS2: [u8; 16] = [
        0xE5, 0x99, 0x45, 0xF1, 0x89, 0x46, 0xD2, 0x11, 0xAF, 0xA6, 0, 0xAA, 0, 0x24, 0xD8, 0xB6,
    ];
    let classic = |first: u8| [&[first][..], &CLASSIC].concat();
    let ids = [
        (classic(0x24), Some(0)),
        (classic(0x25), Some(0)),
        (classic(0x26), Some(0)),
        (classic(0x27), Some(1)),
        (DLS2.to_vec(), Some(1)),
        (vec![7; 16], None),
    ];
    let truth = |value: bool| if value { u32::MAX } else { 0 };
    let (mut code, mut stack, mut good) = (Vec::new(), Vec::new(), true);
    for _ in 0..random.usize(1..12) {
        // Mostly what the stack has operands for.
        let opcode: u16 = match random.u8(0..16) {
            0..5 => 0x10,
            5 => 0x11,
            6 => 0x12,
            7 => 0x0F,
            _ if stack.len() > 1 || random.u8(0..12) == 0 => random.u16(1..=0x0E),
            _ => 0x10,
        };
        code.extend(opcode.to_le_bytes());
        match opcode {
            0x10 => {
                let value = [0, 1, 5, u32::MAX][random.usize(0..4)];
                code.extend(value.to_le_bytes());
                stack.push(value);
            }
            0x11 | 0x12 => {
                let (id, answer) = &ids[random.usize(0..ids.len())];
                code.extend(id);
                stack.push(if opcode == 0x11 {
                    answer.unwrap_or(0)
                } else {
                    truth(answer.is_some())
                });
            }
            0x0F => match stack.pop() {
                Some(x) => stack.push(truth(x == 0)),
                None => good = false,
            },
            _ => match (stack.pop(), stack.pop()) {
                (Some(x), Some(y)) => stack.push(match opcode {
                    0x01 => x & y,
                    0x02 => x | y,
                    0x03 => x ^ y,
                    0x04 => x.wrapping_add(y),
                    0x05 => x.wrapping_sub(y),
                    0x06 => x.wrapping_mul(y),
                    0x07 if y == 0 => {
                        good = false;
                        0
                    }
                    0x07 => x / y,
                    0x08 => truth(x != 0 && y != 0),
                    0x09 => truth(x != 0 || y != 0),
                    0x0A => truth(x < y),
                    0x0B => truth(x <= y),
                    0x0C => truth(x > y),
                    0x0D => truth(x >= y),
                    _ => truth(x == y),
                }),
                _ => good = false,
            },
        }
    }
    let value = stack.pop().filter(|_| good);
    (chunk(b"cdl ", &code), value)
}

fn conditions() {
    let mut random = fastrand::Rng::with_seed(5);
    let conditions: Vec<_> = (0..128).map(|_| condition(&mut random)).collect();
    let held = conditions
        .iter()
        .filter(|(_, value)| value.is_some_and(|value| value != 0))
        .count();
    assert!(
        (30..100).contains(&held),
        "{held} of 128 hold: neither all nor none"
    );
    let instruments: Vec<_> = (0..)
        .zip(&conditions)
        .map(|(program, (cdl, _))| {
            instrument(
                0,
                program,
                &[region(60, std::slice::from_ref(cdl)), region(61, &[])],
            )
        })
        .collect();
    let (mut rig, pin) = playing(file(&instruments, Vec::new()));
    for (program, (cdl, value)) in (0..).zip(&conditions) {
        assert!(
            sounds(&mut rig, &pin, 0, program, 61),
            "program {program} is there"
        );
        let holds = value.is_some_and(|value| value != 0);
        assert_eq!(
            sounds(&mut rig, &pin, 0, program, 60),
            holds,
            "{cdl:02X?} is {value:?}"
        );
    }
    rig.kill_client();
    rig.finish();
}

fn aliases() {
    // Key 41 sounds as 40; program 100 as 3, program 101 as one that is not there.
    let mut keys: Vec<u8> = (0..128).collect();
    keys[41] = 40;
    let records = [[0, 0, 100, 0, 0, 0, 3, 0], [0, 0, 101, 0, 0, 0, 99, 0]].concat();
    let pgal = chunk(
        b"pgal",
        &[&[1, 0, 0, 0][..], &keys, &[0; 4], &records].concat(),
    );
    let instruments = [
        instrument(0, 3, &[region(60, &[])]),
        instrument(0x8000_0000, 0, &[region(40, &[])]),
    ];
    let (mut rig, pin) = playing(file(&instruments, pgal));
    for (channel, program, key, expected) in [
        (0, 3, 60, true),
        (0, 100, 60, true),
        (0, 100, 61, false),
        (9, 0, 40, true),
        (9, 0, 41, true),
        (9, 0, 42, false),
    ] {
        let heard = sounds(&mut rig, &pin, channel, program, key);
        assert_eq!(
            heard, expected,
            "channel {channel}, program {program}, key {key}"
        );
    }
    rig.kill_client();
    rig.finish();
}
