// SPDX-License-Identifier: MIT OR Apache-2.0
//! Dense passages of real songs, and real banks.

use crate::engine::{self, Effects};
use crate::material::{BLOCK, RATE};
use anyhow::{Context, Result, anyhow};
use arioso_core::dls::model::Patches;
use arioso_core::mem::Shared;
use arioso_song::corpus;
use arioso_song::{Event, SECOND, smf};

/// Voices that every engine may use; rustysynth has no more.
pub const VOICES: usize = 256;

/// A SoundFont.
pub struct Bank {
    /// Of the package that has it.
    pub name: &'static str,
    /// Its path.
    pub file: &'static str,
    /// Converted to DLS 2, as `arioso` plays it.
    pub dls: Vec<u8>,
    /// That, loaded.
    pub patches: Shared<Patches>,
}

/// The small one that most songs are measured with.
pub const TIMGM6MB: (&str, &str) = ("timgm6mb", corpus::TIMGM6MB);
/// The large one.
pub const FLUID_R3: (&str, &str) = ("fluid-soundfont-gm", corpus::FLUID_R3);

impl Bank {
    /// Converts and loads a bank.
    pub fn open((name, file): (&'static str, &'static str)) -> Result<Self> {
        let dls = corpus::converted(file).map_err(|why| anyhow!(why))?;
        let patches = engine::patches(&dls)?;
        Ok(Self {
            name,
            file,
            dls,
            patches,
        })
    }
}

/// How much is measured.
pub struct Extent {
    /// Names and paths.
    pub banks: &'static [(&'static str, &'static str)],
    /// The beginnings of their names.
    pub songs: &'static [&'static str],
    /// With these on.
    pub effects: &'static [Effects],
    /// Of each song.
    pub seconds: usize,
    /// The best of them counts, second by second.
    pub rounds: usize,
    /// The driver's image plays too.
    pub image: bool,
}

const DRY: Effects = Effects {
    reverb: false,
    chorus: false,
};
const WET: Effects = Effects {
    reverb: true,
    chorus: true,
};

impl Extent {
    /// All of it.
    pub const FULL: Self = Self {
        banks: &[TIMGM6MB, FLUID_R3],
        songs: &SONGS,
        effects: &[DRY, WET],
        seconds: 15,
        rounds: 3,
        image: true,
    };
    /// What a change of the engine does, in half a minute.
    pub const QUICK: Self = Self {
        banks: &[TIMGM6MB],
        songs: &QUICK_SONGS,
        effects: &[DRY],
        seconds: 20,
        rounds: 3,
        image: false,
    };
}

/// Dense ones of OpenMSX and of Freedoom.
const SONGS: [&str; 10] = [
    "chemistry_lab",
    "careless_perc",
    "city_blues",
    "5432gone",
    "keep_on_rolling",
    "the_fast_route",
    "d_e1m1",
    "d_e3m2",
    "d_dead",
    "d_ultima",
];
const QUICK_SONGS: [&str; 2] = ["chemistry_lab", "d_dead"];

/// A message, and the frame at which it comes.
pub struct Message {
    /// From the passage's beginning.
    pub frame: usize,
    /// Of channels, counted from 0.
    pub group: u16,
    /// Complete, System Exclusive with F0 and F7.
    pub bytes: Vec<u8>,
}

/// A part of a song.
pub struct Passage {
    /// Of the song.
    pub name: String,
    /// Its first second in the song.
    pub from: usize,
    /// What the song says before, without its notes; then what it says.
    pub messages: Vec<Message>,
    /// Its length.
    pub frames: usize,
}

impl Passage {
    /// The densest part of a song of OpenMSX or Freedoom, whose name begins so: `seconds` long, or as long as the song.
    pub fn of(song: &str, seconds: usize) -> Result<Self> {
        let mut pieces = corpus::openmsx().map_err(|why| anyhow!(why))?;
        if song.starts_with("d_") {
            pieces = corpus::freedoom().map_err(|why| anyhow!(why))?;
        }
        let piece = pieces.iter().find(|piece| piece.name.starts_with(song));
        let piece = piece.with_context(|| format!("there is no song {song}"))?;
        Self::densest(song, &piece.bytes, seconds)
    }

    /// The part of a MIDI file with the most notes.
    pub fn densest(name: &str, file: &[u8], seconds: usize) -> Result<Self> {
        let song = smf::read(file).map_err(|why| anyhow!(why))?;
        let length = (song.length / SECOND).max(1) as usize;
        let seconds = seconds.min(length);
        let mut notes = vec![0; length];
        for event in song.events.iter().filter(|event| event.is_note_on()) {
            notes[((event.time / SECOND) as usize).min(length - 1)] += 1;
        }
        let windows = notes.windows(seconds).enumerate();
        let densest = windows
            .rev()
            .max_by_key(|(_, notes)| notes.iter().sum::<i32>());
        let from = densest.map_or(0, |(from, _)| from);
        let frames = seconds * RATE as usize;
        let start = from * RATE as usize;
        let sets = |event: &Event| event.message[0] >= 0xA0;
        let mut messages = Vec::new();
        for event in song.events {
            let at = (event.time * i64::from(RATE) / SECOND) as usize;
            if at >= start + frames {
                break;
            }
            if at >= start || sets(&event) {
                messages.push(Message {
                    frame: at.saturating_sub(start),
                    group: (event.group - 1) as u16,
                    bytes: event.message,
                });
            }
        }
        Ok(Self {
            name: name.into(),
            from,
            messages,
            frames,
        })
    }

    /// Its seconds, one by one.
    pub fn by_second(&self) -> impl Iterator<Item = Second<'_>> {
        let mut rest = &self.messages[..];
        (0..self.seconds()).map(move |index| {
            let from = index * RATE as usize;
            let (messages, later) = Self::split(rest, from + RATE as usize);
            rest = later;
            Second { from, messages }
        })
    }

    /// Whole seconds.
    pub fn seconds(&self) -> usize {
        self.frames / RATE as usize
    }

    /// What comes before `frame`, and what comes at it or later.
    pub fn split(messages: &[Message], frame: usize) -> (&[Message], &[Message]) {
        messages.split_at(messages.partition_point(|message| message.frame < frame))
    }
}

/// A second of a passage.
#[derive(Clone, Copy)]
pub struct Second<'a> {
    /// Its first frame.
    pub from: usize,
    /// What comes in it.
    pub messages: &'a [Message],
}

/// What is to be done with an engine.
pub enum Step<'a> {
    /// Send it this.
    Send(&'a Message),
    /// Render so many frames, [`BLOCK`] at most.
    Render(usize),
}

impl Second<'_> {
    /// Tells what is to be done, in order.
    pub fn play(self, mut act: impl FnMut(Step)) {
        let mut done = 0;
        let ends = self
            .messages
            .iter()
            .map(|message| message.frame - self.from);
        let messages = self.messages.iter().map(Some).chain([None]);
        for (until, message) in ends.chain([RATE as usize]).zip(messages) {
            while done < until {
                let frames = BLOCK.min(until - done);
                act(Step::Render(frames));
                done += frames;
            }
            if let Some(message) = message {
                act(Step::Send(message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one track, 96 ticks a beat and two beats a second: events with the ticks before them.
    fn file(events: &[(u8, &[u8])]) -> Vec<u8> {
        let mut track = Vec::new();
        for (ticks, message) in events {
            track.push(*ticks);
            track.extend(*message);
        }
        track.extend([0, 0xFF, 0x2F, 0]);
        let mut file = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk".to_vec();
        file.extend((track.len() as u32).to_be_bytes());
        file.extend(track);
        file
    }

    #[test]
    fn the_densest_seconds_are_found_with_what_was_set_before() {
        let file = file(&[
            (0, &[0xC0, 5]),
            (0, &[0x90, 60, 1]),
            (120, &[0x80, 60, 0]),
            // The second second, of three.
            (120, &[0x90, 61, 1]),
            (12, &[0x90, 62, 1]),
            (120, &[0xB0, 7, 3]),
            (120, &[0x90, 64, 1]),
            (96, &[0x80, 64, 0]),
        ]);
        let passage = Passage::densest("song", &file, 1).unwrap();
        let messages: Vec<(usize, &[u8])> = passage
            .messages
            .iter()
            .map(|message| (message.frame, &message.bytes[..]))
            .collect();
        assert_eq!((passage.from, passage.seconds()), (1, 1));
        let expected: [(usize, &[u8]); 4] = [
            (0, &[0xC0, 5]),
            (12_000, &[0x90, 61, 1]),
            (15_000, &[0x90, 62, 1]),
            (45_000, &[0xB0, 7, 3]),
        ];
        assert_eq!(messages, expected);
        let (now, later) = Passage::split(&passage.messages, 15_000);
        assert_eq!((now.len(), later.len()), (2, 2));
    }
}
