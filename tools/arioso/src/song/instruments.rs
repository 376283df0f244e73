// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which instruments a song plays.

use super::Song;
use arioso_core::synth::{Settings, Synth, SynthId, VirtualSynth};
use std::collections::{BTreeMap, BTreeSet};

/// Bit of a DirectMusic patch: drum kit.
pub const DRUMS: u32 = 0x8000_0000;

/// A note that starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Channel group.
    pub group: u32,
    /// DirectMusic patch of its channel.
    pub patch: u32,
    /// MIDI key.
    pub key: u8,
}

/// DirectMusic patches of all channels that play a note, as they are when they play it.
pub fn used(song: &Song) -> BTreeSet<u32> {
    notes(song).into_iter().map(|note| note.patch).collect()
}

/// All notes. The driver's own channels follow the song: what it will look for is what they say.
pub fn notes(song: &Song) -> Vec<Note> {
    let mut groups: BTreeMap<u32, Synth> = BTreeMap::new();
    let mut notes = Vec::new();
    for event in &song.events {
        // Each group is played on a pin of its own.
        let synth = groups.entry(event.group).or_insert_with(follower);
        if let (true, &[status, key, _]) = (event.is_note_on(), &event.message[..]) {
            let channel = u16::from(status & 0x0F);
            let port = synth.virtual_synth(SYNTH).map(|port| port.parts());
            if let Some(channel) = port.and_then(|parts| parts.channel(channel)) {
                notes.push(Note {
                    group: event.group,
                    patch: channel.patch(),
                    key,
                });
            }
        }
        synth.message(SYNTH, 1, &event.message);
    }
    notes
}

const SYNTH: SynthId = SynthId(0);

/// A synthesizer that follows channel state and makes no sound.
fn follower() -> Synth {
    let settings = Settings {
        voices: 1,
        rate: 8_000,
        synths: 1,
    };
    // A program that has no memory for this has none for anything.
    let mut synth = Synth::new(&settings).expect("memory for a synthesizer");
    synth.follow(true);
    synth.attach(SYNTH, VirtualSynth::new(1).expect("memory for a port"));
    synth
}

#[cfg(test)]
mod tests {
    use super::super::Event;
    use super::*;

    fn song(messages: &[&[u8]]) -> Song {
        let events = messages
            .iter()
            .map(|m| Event {
                time: 0,
                group: 1,
                message: m.to_vec(),
            })
            .collect();
        Song {
            events,
            ..Song::default()
        }
    }

    #[test]
    fn programs_count_when_a_note_plays() {
        let song = song(&[
            &[0xC0, 5],
            &[0xB0, 0, 1],
            &[0x90, 60, 1],
            &[0xC0, 6],
            &[0x90, 60, 0],
            &[0xC1, 7],
            &[0x91, 60, 9],
            &[0x99, 36, 9],
            &[0xC9, 16],
            &[0x99, 36, 9],
        ]);
        assert_eq!(
            used(&song).into_iter().collect::<Vec<_>>(),
            [5, 7, DRUMS, DRUMS | 16]
        );
    }

    #[test]
    fn banks_are_latched_by_the_program() {
        let song = song(&[
            &[0xB2, 0, 8],
            &[0xB2, 32, 1],
            &[0xC2, 4],
            &[0xB2, 0, 0],
            &[0x92, 60, 1],
        ]);
        assert_eq!(used(&song).into_iter().collect::<Vec<_>>(), [0x0008_0104]);
    }

    #[test]
    fn gs_makes_other_channels_drums() {
        let rhythm = [
            0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x1A, 0x15, 2, 0x0F, 0xF7,
        ];
        let song = song(&[&rhythm, &[0x9A, 36, 1], &[0x90, 36, 1]]);
        assert_eq!(used(&song).into_iter().collect::<Vec<_>>(), [0, DRUMS]);
    }
}
