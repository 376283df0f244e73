// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which instruments a song plays.

use super::Song;
use arioso_core::synth::{Channel, Settings, Synth, SynthId, VirtualSynth};
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
        let mut sounds = |synth: &Synth, part, key| {
            let note = channel(synth, part).map(|channel| Note {
                group: event.group,
                patch: channel.patch(),
                key,
            });
            notes.extend(note);
        };
        let part = u16::from(event.message.first().map_or(0, |status| status & 0x0F));
        if event.is_note_on() {
            sounds(synth, part, event.message[1]);
            synth.message(SYNTH, 1, &event.message);
            continue;
        }
        let before = held(synth, part);
        synth.message(SYNTH, 1, &event.message);
        // In mono mode a key that goes up lets the one below sound again, with the instrument that the channel has now.
        if let Some(key) = held(synth, part).filter(|key| before.is_some_and(|b| b != *key)) {
            sounds(synth, part, key);
        }
    }
    notes
}

fn channel(synth: &Synth, part: u16) -> Option<&Channel> {
    synth.virtual_synth(SYNTH)?.parts().channel(part)
}

/// The key that sounds on a channel in mono mode.
fn held(synth: &Synth, part: u16) -> Option<u8> {
    channel(synth, part)?.held.latest().map(|note| note.0)
}

const SYNTH: SynthId = SynthId(0);

/// A synthesizer without instruments: it keeps what channels are and hold, and makes no sound.
fn follower() -> Synth {
    let settings = Settings {
        voices: 1,
        rate: 8_000,
        synths: 1,
    };
    // A program that has no memory for this has none for anything.
    let mut synth = Synth::new(&settings).expect("memory for a synthesizer");
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
    fn a_key_below_in_mono_mode_sounds_with_the_new_program() {
        let song = song(&[
            &[0xB1, 126, 1],
            &[0x91, 60, 120],
            &[0x91, 38, 32],
            &[0xC1, 48],
            &[0x81, 38, 64],
        ]);
        assert_eq!(used(&song).into_iter().collect::<Vec<_>>(), [0, 48]);
        assert_eq!(notes(&song).len(), 3);
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
