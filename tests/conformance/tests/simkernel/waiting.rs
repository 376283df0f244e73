// SPDX-License-Identifier: MIT OR Apache-2.0
//! Notes whose waves are still on the disk: what happens to them meanwhile has the same end as if they sounded already.

use crate::Scenario;
use crate::endpoint::Recorder;
use crate::large::{grouped, setup};
use crate::rig::{RATE, Rig, SECOND};
use arioso_core::ks::arioso::ARIOSO_CONTROL_SILENCE;
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::connect::SampleFormat;
use conformance::events::EventBuffer;
use conformance::filter::{Filter, Pin};
use conformance::settings;
use conformance::synth::{bank, set_channel_groups, statistics};
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("waiting: keys, pedals, modes", || messages(0)),
    ("waiting: notes that exclude each other", || messages(1)),
    ("waiting: more notes than may wait", crowd),
    ("waiting: all ends, groups and pins go", ends),
];

const MS: i64 = SECOND / 1000;
/// A wave of 2 MB takes the disk 5 ms; the endpoint renders 1 ms at a time.
const FRAMES: u32 = 1 << 20;
const STEP: i64 = 6 * MS / 10;

struct Playing {
    rig: Rig,
    filter: Filter<SimClient>,
    pin: Pin<SimClient>,
    recorder: Recorder,
}

impl Playing {
    fn new(programs: usize, key_group: u8) -> Self {
        let file = grouped(programs, FRAMES, key_group);
        let mut rig = setup(&file, 1024).start();
        let (filter, mut pin) = rig.open_pin();
        let client = &mut rig.client;
        pin.set_state(client, KSSTATE_RUN).unwrap();
        let mut recorder = Recorder::open(client, SampleFormat::pcm(RATE, 16)).unwrap();
        recorder
            .stream
            .allocate_notified(client, RATE / 50 * 4, 2)
            .unwrap();
        recorder.set_state(client, KSSTATE_RUN).unwrap();
        rig.sleep(SECOND);
        Self {
            rig,
            filter,
            pin,
            recorder,
        }
    }

    /// Selects a program and sends messages, one after the other within the time that a wave takes.
    fn send(&mut self, program: u8, messages: &[&[u8]]) {
        let begin = self.rig.now() + SECOND / 50;
        let mut buffer = EventBuffer::new(begin);
        buffer.push(begin, 1, &[0xC0, program]);
        for (step, message) in (0..).zip(messages) {
            buffer.push(begin + step * STEP, 1, message);
        }
        self.rig.write(&self.pin, &buffer);
    }

    fn voices(&mut self) -> u32 {
        let counted = statistics(&mut self.rig.client, self.pin.handle).unwrap();
        counted.Voices
    }

    fn late(&mut self) -> u64 {
        let told = bank(&mut self.rig.client, self.pin.handle).unwrap();
        told.LateNotes
    }

    fn finish(mut self) {
        self.recorder.close(&mut self.rig.client);
        self.rig.close(self.filter, [self.pin], None);
        self.rig.finish();
    }
}

const ON: &[u8] = &[0x90, 10, 100];
const OFF: &[u8] = &[0x80, 10, 0];
const OTHER: &[u8] = &[0x90, 11, 100];
const OTHER_OFF: &[u8] = &[0x80, 11, 0];
const SUSTAIN: &[u8] = &[0xB0, 64, 127];
const SUSTAIN_UP: &[u8] = &[0xB0, 64, 0];
const SOSTENUTO: &[u8] = &[0xB0, 66, 127];
const SOSTENUTO_UP: &[u8] = &[0xB0, 66, 0];
const NOTES_OFF: &[u8] = &[0xB0, 123, 0];
const SOUND_OFF: &[u8] = &[0xB0, 120, 0];
const RESET: &[u8] = &[0xB0, 121, 0];
const MONO: &[u8] = &[0xB0, 126, 1];
const POLY: &[u8] = &[0xB0, 127, 0];
const LEGATO: &[u8] = &[0xB0, 68, 127];
const GM: &[u8] = &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7];

/// Messages, and the voices they leave where notes do not exclude each other, and where they do.
const CASES: [(&[&[u8]], [u32; 2]); 24] = [
    (&[ON], [1, 1]),
    (&[ON, OFF], [0, 0]),
    (&[ON, OTHER, OFF], [1, 1]),
    (&[ON, OTHER, OTHER_OFF], [1, 0]),
    (&[ON, ON], [2, 1]),
    (&[ON, OTHER], [2, 1]),
    (&[ON, ON, OFF], [0, 0]),
    (&[SUSTAIN, ON, OFF], [1, 1]),
    (&[SUSTAIN, ON, OFF, SUSTAIN_UP], [0, 0]),
    (&[SUSTAIN, ON, SUSTAIN_UP], [1, 1]),
    (&[ON, SOSTENUTO, OFF], [1, 1]),
    (&[ON, SOSTENUTO, OFF, SOSTENUTO_UP], [0, 0]),
    (&[ON, SOSTENUTO, SUSTAIN, OFF, SOSTENUTO_UP], [1, 1]),
    (&[ON, SOSTENUTO, SUSTAIN, OFF, SUSTAIN_UP], [1, 1]),
    (&[SOSTENUTO, ON, OFF], [0, 0]),
    (&[ON, NOTES_OFF], [0, 0]),
    (&[SUSTAIN, ON, NOTES_OFF], [1, 1]),
    (&[ON, SOSTENUTO, NOTES_OFF], [1, 1]),
    (&[ON, SOUND_OFF], [0, 0]),
    (&[SUSTAIN, ON, OFF, RESET], [0, 0]),
    (&[ON, GM], [0, 0]),
    (&[MONO, ON, OTHER], [1, 1]),
    (&[MONO, LEGATO, ON, OTHER, OTHER_OFF], [1, 1]),
    (&[MONO, ON, POLY], [0, 0]),
];

/// Each with a program of its own, whose waves are read at its first note; then once more.
fn messages(group: u8) {
    let mut playing = Playing::new(CASES.len() + 1, group);
    for (program, (messages, expected)) in (1..).zip(CASES) {
        let mut seen = Vec::new();
        for cold in [true, false] {
            let before = playing.late();
            playing.send(program, messages);
            playing.rig.sleep(SECOND / 5);
            seen.push(playing.voices());
            // A note that never begins is not late.
            let late = playing.late() - before;
            assert!(cold || late == 0, "{messages:02X?}: {late} are late");
            assert!(!cold || late > 0 || seen == [0], "{messages:02X?}");
            playing.send(
                program,
                &[SUSTAIN_UP, SOSTENUTO_UP, &[0xB0, 68, 0], POLY, SOUND_OFF],
            );
            playing.rig.sleep(SECOND / 10);
            assert_eq!(playing.voices(), 0, "{messages:02X?}: silence");
        }
        let expected = expected[usize::from(group)];
        assert_eq!(seen, [expected; 2], "{messages:02X?}: waiting, and at once");
    }
    playing.finish();
}

/// Further ones are lost, and counted; those that wait begin as far as there are voices.
fn crowd() {
    let mut playing = Playing::new(3, 0);
    let begin = playing.rig.now() + SECOND / 50;
    let mut buffer = EventBuffer::new(begin);
    buffer.push(begin, 1, &[0xC0, 1]);
    for note in 0..400u32 {
        buffer.push(begin, 1, &[0x90, (note % 128) as u8, 100]);
    }
    playing.rig.write(&playing.pin, &buffer);
    playing.rig.sleep(SECOND / 2);
    let counted = statistics(&mut playing.rig.client, playing.pin.handle).unwrap();
    assert_eq!(playing.late(), 256);
    assert_eq!(counted.LostNotes, 400 - 256);
    assert_eq!(playing.voices(), 256);
    playing.finish();
}

/// Somebody ends all notes, takes channel groups away, or closes the pin, while a note waits: it never begins.
fn ends() {
    let mut playing = Playing::new(8, 0);
    set_channel_groups(&mut playing.rig.client, playing.pin.handle, 2).unwrap();
    let handle = playing.filter.handle;
    for (program, group, what) in [(1u8, 1u32, 0), (2, 2, 1), (3, 1, 1)] {
        let begin = playing.rig.now() + SECOND / 50;
        let mut buffer = EventBuffer::new(begin);
        buffer.push(begin, group, &[0xC0, program]);
        buffer.push(begin, group, ON);
        playing.rig.write(&playing.pin, &buffer);
        playing.rig.sleep(SECOND / 50 + 2 * MS);
        assert_eq!((playing.late(), playing.voices()), (0, 0), "it waits");
        let client = &mut playing.rig.client;
        match what {
            0 => settings::control(client, handle, ARIOSO_CONTROL_SILENCE).unwrap(),
            _ => set_channel_groups(client, playing.pin.handle, 1).unwrap(),
        }
        playing.rig.sleep(SECOND / 10);
        let begins = u32::from(what == 1 && group == 1);
        assert_eq!(playing.voices() > 0, begins > 0, "program {program}");
        settings::control(&mut playing.rig.client, handle, ARIOSO_CONTROL_SILENCE).unwrap();
        playing.rig.sleep(SECOND / 10);
    }
    let mut other = playing.rig.another_pin(&playing.filter);
    other
        .set_state(&mut playing.rig.client, KSSTATE_RUN)
        .unwrap();
    playing
        .rig
        .play(&other, &[(MS, &[0xC0, 6]), (MS, ON), (MS, OTHER)]);
    playing.rig.sleep(4 * MS);
    let before = playing.late();
    other.close(&mut playing.rig.client).unwrap();
    playing.rig.sleep(SECOND / 10);
    assert_eq!((playing.late(), playing.voices()), (before, 0));
    playing.finish();
}
