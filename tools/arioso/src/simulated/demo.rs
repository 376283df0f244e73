// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built-in song: 24 bars in D minor for most of the orchestra, computed, as a Standard MIDI File.

const TICKS: u32 = 480;
const BAR: u32 = 4 * TICKS;
/// Beats per minute.
const TEMPO: u32 = 112;

/// The harmony, a bar each: bass note and chord.
const CHORDS: [(u8, [u8; 4]); 24] = [
    // Introduction
    (38, [57, 62, 64, 65]),
    (34, [57, 58, 62, 65]),
    (31, [58, 62, 65, 69]),
    (33, [57, 62, 64, 67]),
    // First part
    (38, [57, 62, 65, 69]),
    (40, [55, 60, 64, 67]),
    (41, [57, 60, 65, 69]),
    (34, [58, 62, 65, 70]),
    (31, [58, 62, 65, 67]),
    (41, [57, 62, 65, 69]),
    (40, [58, 62, 64, 67]),
    (33, [57, 61, 64, 67]),
    // Second part
    (34, [58, 62, 65, 70]),
    (36, [60, 64, 67, 72]),
    (33, [57, 60, 64, 67]),
    (38, [57, 62, 65, 69]),
    (31, [58, 62, 65, 67]),
    (36, [58, 60, 64, 67]),
    (41, [57, 60, 64, 65]),
    (33, [57, 61, 64, 67]),
    // Coda
    (38, [57, 62, 65, 69]),
    (34, [58, 60, 64, 67]),
    (38, [57, 62, 66, 69]),
    (38, [57, 62, 66, 69]),
];

const FIRST: usize = 4;
const SECOND: usize = 12;
const CODA: usize = 20;

/// Melodies as keys and eighths of a beat; key 0 rests.
const FLUTE: &[(u8, u32)] = &[
    (69, 8),
    (74, 8),
    (76, 4),
    (77, 12),
    (76, 8),
    (72, 8),
    (67, 16),
    (69, 8),
    (72, 8),
    (77, 4),
    (79, 12),
    (77, 8),
    (74, 8),
    (70, 16),
    (70, 4),
    (74, 4),
    (79, 8),
    (77, 8),
    (74, 8),
    (77, 12),
    (76, 4),
    (74, 16),
    (76, 8),
    (79, 8),
    (82, 8),
    (79, 8),
    (81, 12),
    (79, 4),
    (76, 8),
    (73, 8),
];
const VIOLIN: &[(u8, u32)] = &[
    (74, 12),
    (77, 4),
    (82, 16),
    (79, 12),
    (76, 4),
    (84, 16),
    (81, 8),
    (79, 4),
    (76, 4),
    (72, 8),
    (76, 8),
    (77, 12),
    (76, 4),
    (74, 16),
    (79, 8),
    (82, 8),
    (86, 12),
    (84, 4),
    (82, 8),
    (79, 8),
    (76, 16),
    (81, 12),
    (84, 4),
    (88, 8),
    (84, 8),
    (85, 8),
    (81, 8),
    (79, 8),
    (76, 8),
    (74, 32),
    (77, 16),
    (79, 16),
    (78, 8),
    (81, 8),
    (86, 16),
    (86, 32),
];

/// One channel.
struct Part {
    channel: u8,
    events: Vec<(u32, Vec<u8>)>,
    seed: u32,
}

impl Part {
    /// `pan` 0..127, `volume` CC7, `reverb` CC91.
    fn new(channel: u8, program: u8, volume: u8, pan: u8, reverb: u8) -> Self {
        let control = |number, value| (0, vec![0xB0 | channel, number, value]);
        let events = vec![
            (0, vec![0xC0 | channel, program]),
            control(7, volume),
            control(10, pan),
            control(91, reverb),
        ];
        Self {
            channel,
            events,
            seed: u32::from(program) + 1,
        }
    }

    fn note(&mut self, at: u32, length: u32, key: u8, velocity: u8) {
        // A player is never quite even.
        self.seed = self
            .seed
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        let velocity = (i32::from(velocity) + (self.seed >> 29) as i32 - 3).clamp(1, 127) as u8;
        self.events
            .push((at, vec![0x90 | self.channel, key, velocity]));
        self.events
            .push((at + length, vec![0x80 | self.channel, key, 64]));
    }

    fn chord(&mut self, at: u32, length: u32, keys: &[u8], velocity: u8) {
        for (i, key) in keys.iter().enumerate() {
            self.note(at + 4 * i as u32, length - 4 * i as u32, *key, velocity);
        }
    }

    fn melody(&mut self, mut at: u32, notes: &[(u8, u32)], velocity: u8, transpose: i8) {
        for &(key, eighths) in notes {
            let length = eighths * TICKS / 8;
            if key > 0 {
                self.note(
                    at,
                    length - length / 16,
                    key.saturating_add_signed(transpose),
                    velocity,
                );
            }
            at += length;
        }
    }

    /// Expression from one value to another.
    fn swell(&mut self, at: u32, length: u32, from: u8, to: u8) {
        for step in 0..=16u32 {
            let value = i32::from(from) + (i32::from(to) - i32::from(from)) * step as i32 / 16;
            self.events.push((
                at + length * step / 16,
                vec![0xB0 | self.channel, 11, value as u8],
            ));
        }
    }

    fn track(mut self) -> Vec<u8> {
        // Ends of notes before starts at the same tick.
        self.events.sort_by_key(|(at, message)| {
            (*at, message[0] & 0xF0 != 0x80, message[0] & 0xF0 == 0x90)
        });
        let mut out = Vec::new();
        let mut now = 0;
        for (at, message) in &self.events {
            variable(&mut out, at - now);
            out.extend_from_slice(message);
            now = *at;
        }
        out
    }
}

/// The song.
pub fn song() -> Vec<u8> {
    let parts = [
        strings(),
        harp(),
        guitar(),
        piano(),
        bass(),
        flute(),
        violin(),
        brass(),
        choir(),
        drums(),
        bells(),
        vibraphone(),
    ];
    let mut out = b"MThd\0\0\0\x06\0\x01".to_vec();
    out.extend((parts.len() as u16 + 1).to_be_bytes());
    out.extend((TICKS as u16).to_be_bytes());
    let mut conductor = vec![0, 0xFF, 0x51, 3];
    conductor.extend_from_slice(&(60_000_000 / TEMPO).to_be_bytes()[1..]);
    // The last chord takes its time.
    variable(&mut conductor, 22 * BAR);
    conductor.extend([0xFF, 0x51, 3]);
    conductor.extend_from_slice(&(60_000_000 / (TEMPO - 22)).to_be_bytes()[1..]);
    chunk(&mut out, conductor);
    for part in parts {
        chunk(&mut out, part.track());
    }
    out
}

fn bars(from: usize, to: usize) -> impl Iterator<Item = (u32, u8, [u8; 4])> {
    (from..to).map(|bar| (bar as u32 * BAR, CHORDS[bar].0, CHORDS[bar].1))
}

fn strings() -> Part {
    let mut part = Part::new(0, 48, 98, 54, 60);
    part.swell(0, 3 * BAR, 92, 120);
    for (at, _, keys) in bars(0, 24) {
        part.chord(at, BAR - 20, &keys, 76);
    }
    part
}

fn harp() -> Part {
    let mut part = Part::new(1, 46, 118, 40, 70);
    for (at, bass, keys) in bars(0, FIRST) {
        let run = [
            bass + 12,
            keys[0],
            keys[1],
            keys[2],
            keys[3],
            keys[1] + 12,
            keys[2] + 12,
            keys[3] + 12,
        ];
        for (i, key) in run.into_iter().enumerate() {
            part.note(at + i as u32 * TICKS / 2, TICKS, key, 84 + 3 * i as u8);
        }
    }
    // Into each part, up the scale.
    for bar in [FIRST, SECOND, CODA] {
        for (i, key) in [62, 64, 65, 67, 69, 70, 72, 74, 76, 77, 79, 81]
            .into_iter()
            .enumerate()
        {
            let at = bar as u32 * BAR - TICKS + i as u32 * TICKS / 12;
            part.note(at, TICKS, key, 60 + 4 * i as u8);
        }
    }
    part
}

fn guitar() -> Part {
    let mut part = Part::new(2, 24, 88, 84, 40);
    for (at, bass, keys) in bars(FIRST, CODA) {
        let pattern = [
            bass + 12,
            keys[1],
            keys[2],
            keys[3],
            keys[1],
            keys[2],
            keys[3],
            keys[2],
        ];
        for (i, key) in pattern.into_iter().enumerate() {
            let accent = if i % 4 == 0 { 12 } else { 0 };
            part.note(at + i as u32 * TICKS / 2, TICKS * 3 / 4, key, 70 + accent);
        }
    }
    part
}

fn piano() -> Part {
    let mut part = Part::new(3, 0, 92, 64, 45);
    for (at, bass, keys) in bars(FIRST, CODA) {
        part.note(at, BAR - 40, bass, 74);
        for (beat, length, velocity) in [(1, 2, 62), (3, 1, 56), (5, 2, 66), (7, 1, 58)] {
            part.chord(
                at + beat * TICKS / 2,
                length * TICKS / 2,
                &keys[1..],
                velocity,
            );
        }
    }
    for (at, bass, keys) in bars(CODA, 24) {
        part.chord(
            at,
            BAR - 40,
            &[bass, keys[0], keys[1], keys[2], keys[3]],
            70,
        );
    }
    part
}

fn bass() -> Part {
    let mut part = Part::new(4, 33, 100, 64, 10);
    for (at, root, _) in bars(FIRST, CODA) {
        let low = if root > 36 { root - 12 } else { root };
        for (eighth, length, key, velocity) in [
            (0, 3, low, 98),
            (3, 1, low, 78),
            (4, 2, low + 7, 86),
            (6, 1, low, 88),
            (7, 1, low + 12, 80),
        ] {
            part.note(
                at + eighth * TICKS / 2,
                length * TICKS / 2 - 20,
                key,
                velocity,
            );
        }
    }
    for (at, root, _) in bars(CODA, 24) {
        part.note(at, BAR - 60, if root > 36 { root - 12 } else { root }, 84);
    }
    part
}

fn flute() -> Part {
    let mut part = Part::new(5, 73, 102, 50, 60);
    part.melody(FIRST as u32 * BAR, FLUTE, 86, 0);
    part
}

fn violin() -> Part {
    let mut part = Part::new(6, 40, 104, 74, 60);
    part.swell(SECOND as u32 * BAR, 4 * BAR, 88, 118);
    part.swell(22 * BAR, 2 * BAR, 118, 40);
    part.melody(SECOND as u32 * BAR, VIOLIN, 92, 0);
    part
}

fn brass() -> Part {
    let mut part = Part::new(7, 61, 86, 96, 50);
    for (at, _, keys) in bars(SECOND, CODA) {
        part.chord(at, TICKS - 60, &keys, 92);
        part.chord(at + 5 * TICKS / 2, TICKS / 2, &keys, 78);
        part.chord(at + 3 * TICKS, TICKS - 60, &keys, 88);
    }
    part
}

fn choir() -> Part {
    let mut part = Part::new(8, 52, 82, 64, 80);
    for (at, _, keys) in bars(SECOND, 24) {
        part.chord(at, BAR - 20, &[keys[0] + 12, keys[2], keys[3]], 70);
    }
    part.swell(22 * BAR, 2 * BAR, 127, 50);
    part
}

fn drums() -> Part {
    let mut part = Part::new(9, 0, 104, 64, 25);
    for (at, _, _) in bars(FIRST, CODA) {
        let last = matches!(at / BAR, 11 | 19);
        for (eighth, velocity) in [(0, 110), (3, 84), (4, 102), (7, 70)] {
            part.note(at + eighth * TICKS / 2, 60, 36, velocity);
        }
        for (eighth, velocity) in [(2, 100), (6, 104)] {
            part.note(at + eighth * TICKS / 2, 60, 38, velocity);
        }
        for eighth in 0..8u32 {
            let open = eighth == 7 && at / BAR % 4 == 3;
            let (key, velocity) = if open {
                (46, 76)
            } else {
                (42, if eighth % 2 == 0 { 82 } else { 58 })
            };
            part.note(at + eighth * TICKS / 2, 60, key, velocity);
        }
        if at / BAR >= SECOND as u32 {
            for sixteenth in [2, 6, 10, 14] {
                part.note(at + sixteenth * TICKS / 4 + TICKS / 8, 60, 70, 60);
            }
            part.note(at + TICKS, 60, 54, 70);
        }
        if last {
            for (i, key) in [50, 50, 48, 48, 45, 45, 43, 41].into_iter().enumerate() {
                part.note(
                    at + 2 * TICKS + i as u32 * TICKS / 4,
                    60,
                    key,
                    78 + 5 * i as u8,
                );
            }
        }
    }
    for bar in [FIRST, SECOND, CODA] {
        part.note(bar as u32 * BAR, TICKS, 49, 104);
        part.note(bar as u32 * BAR, 60, 36, 112);
    }
    part.note(22 * BAR, BAR, 57, 88);
    part
}

fn bells() -> Part {
    let mut part = Part::new(10, 14, 88, 30, 80);
    for (bar, key) in [
        (0, 62),
        (2, 67),
        (SECOND, 70),
        (CODA, 62),
        (22, 74),
        (23, 62),
    ] {
        part.note(bar as u32 * BAR, BAR, key, 80);
    }
    part
}

fn vibraphone() -> Part {
    let mut part = Part::new(11, 11, 90, 100, 60);
    for (at, _, keys) in bars(FIRST, SECOND) {
        part.note(at + 3 * TICKS, TICKS / 2, keys[3] + 12, 64);
        part.note(at + 7 * TICKS / 2, TICKS, keys[2] + 12, 60);
    }
    for (i, key) in [74, 78, 81, 86, 90, 93].into_iter().enumerate() {
        part.note(23 * BAR + i as u32 * TICKS / 2, BAR, key, 70);
    }
    part
}

fn chunk(out: &mut Vec<u8>, mut track: Vec<u8>) {
    track.extend([0, 0xFF, 0x2F, 0]);
    out.extend(b"MTrk");
    out.extend((track.len() as u32).to_be_bytes());
    out.extend(track);
}

fn variable(out: &mut Vec<u8>, value: u32) {
    for shift in [21, 14, 7] {
        if value >> shift > 0 {
            out.push((value >> shift) as u8 & 0x7F | 0x80);
        }
    }
    out.push(value as u8 & 0x7F);
}

#[cfg(test)]
mod tests {
    use crate::song::{SECOND, instruments, smf};

    #[test]
    fn it_is_a_song_of_the_promised_length() {
        let song = smf::read(&super::song()).unwrap();
        assert!(
            (30 * SECOND..60 * SECOND).contains(&song.length),
            "{}",
            song.length
        );
        assert!(song.notes() > 900);
        assert_eq!(instruments::used(&song).len(), 12);
        assert!(
            song.events
                .iter()
                .all(|event| event.message[1..].iter().all(|byte| *byte < 0x80))
        );
    }

    #[test]
    fn every_note_ends() {
        let song = smf::read(&super::song()).unwrap();
        let mut sounding = std::collections::HashMap::new();
        for event in &song.events {
            let key = (event.message[0] & 0x0F, event.message[1]);
            match event.message[0] & 0xF0 {
                0x90 => *sounding.entry(key).or_insert(0) += 1,
                0x80 => *sounding.entry(key).or_insert(0) -= 1,
                _ => {}
            }
        }
        assert!(sounding.values().all(|count| *count == 0));
    }
}
