// SPDX-License-Identifier: MIT OR Apache-2.0
//! The densest part of a song.

use crate::material::RATE;
use anyhow::{Result, anyhow};
use arioso_cli::song::{Event, SECOND, smf};

/// A message, and the frame at which it comes.
pub struct Message {
    pub frame: usize,
    /// Counted from 0.
    pub group: u16,
    pub bytes: Vec<u8>,
}

/// A part of a song.
pub struct Passage {
    /// Its first second in the song.
    pub from: usize,
    /// What the song says before, without its notes; then what it says.
    pub messages: Vec<Message>,
    pub frames: usize,
}

impl Passage {
    /// The part of a MIDI file with the most notes, `seconds` long or as long as the file.
    pub fn densest(file: &[u8], seconds: usize) -> Result<Self> {
        let song = smf::read(file).map_err(|why| anyhow!(why))?;
        let length = (song.length / SECOND).max(1) as usize;
        let seconds = seconds.min(length);
        let mut notes = vec![0; length + 1];
        for event in song.events.iter().filter(|event| event.is_note_on()) {
            notes[((event.time / SECOND) as usize).min(length)] += 1;
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
            from,
            messages,
            frames,
        })
    }

    pub fn seconds(&self) -> usize {
        self.frames / RATE as usize
    }
}
