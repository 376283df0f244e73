// SPDX-License-Identifier: MIT OR Apache-2.0
//! Standard MIDI Files: formats 0, 1 and 2, tempo maps, SMPTE time, RMID.
//!
//! What can be played is played: a file that breaks the format is read as players read it, and what was odd is told
//! ([`Oddities`]). Refused is only what has no MIDI data at all.

mod clock;
mod container;
mod oddity;
mod track;

pub use container::EmbeddedBank;
pub use oddity::{Oddities, Oddity};

use super::{Event, Song};
use clock::{Clock, TempoMap};
use track::{Ended, Track};

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The song.
    pub song: Song,
    /// What was odd about the file.
    pub odd: Oddities,
}

/// Reads a file's song. The error says what is wrong.
pub fn read(bytes: &[u8]) -> Result<Song, String> {
    open(bytes).map(|reading| reading.song)
}

/// Reads a file's song, its bank, and what is odd about it. The error says what is wrong.
pub fn open(bytes: &[u8]) -> Result<Reading, String> {
    let mut odd = Oddities::default();
    let (file, header) = match container::find(bytes, &mut odd) {
        Ok(midi) => {
            let file = &bytes[..midi.end];
            (file, Header::read(file, midi.start, &mut odd)?)
        }
        Err(why) => {
            let track = next_track(bytes, 0).ok_or(why)?;
            (bytes, Header::guess(bytes, track, &mut odd))
        }
    };
    let mut tracks = tracks(file, header.end, &mut odd);
    if tracks.is_empty() {
        tracks.extend(renamed_track(file, header.end, &mut odd));
    }
    if tracks.is_empty() {
        return Err("there is no track in it".into());
    }
    header.check(tracks.len(), &mut odd);
    let mut song = match header.format {
        // Patterns that follow each other, each with its own tempos.
        2 => sequence(&tracks, &header.clock),
        _ => resolve(&tracks, &header.clock),
    };
    if song.events.is_empty() {
        return Err("there is no MIDI message in it".into());
    }
    song.cut_silence(file.len(), &mut odd);
    song.fold_ports(header.start, &mut odd);
    song.bank = container::bank(bytes);
    Ok(Reading { song, odd })
}

/// `MThd`
struct Header {
    /// Of its first byte in the file.
    start: usize,
    /// Where the next chunk begins.
    end: usize,
    format: u16,
    /// If it says it.
    tracks: Option<u16>,
    clock: Clock,
}

impl Header {
    /// Id and size of a chunk.
    const CHUNK: usize = 8;
    const SIZE: usize = 6;

    fn read(file: &[u8], start: usize, odd: &mut Oddities) -> Result<Self, String> {
        let data = start + Self::CHUNK;
        let size = file
            .get(start + 4..data)
            .and_then(|size| size.try_into().ok())
            .map(u32::from_be_bytes)
            .ok_or("its header is cut off")? as usize;
        // A header that goes on into a track has a wrong size.
        let whole = data.checked_add(size).filter(|end| *end <= file.len());
        let first_track = (data..file.len().min(data + 64))
            .find(|at| file[*at..].starts_with(b"MTrk"))
            .unwrap_or(file.len());
        let end = match whole {
            Some(end) if end <= first_track => end,
            _ => {
                odd.note(start + 4, "a wrong size of the header", "read without it");
                first_track
            }
        };
        if end < data + Self::SIZE {
            odd.note(
                start + 4,
                "a header that is too short",
                "what it lacks is guessed",
            );
        }
        let word = |number: usize| {
            let at = data + 2 * number;
            let word: [u8; 2] = file.get(at..at + 2)?.try_into().ok()?;
            (at + 2 <= end).then_some(word)
        };
        Ok(Self {
            start,
            end,
            format: word(0).map_or(1, u16::from_be_bytes),
            tracks: Some(word(1).map_or(0, u16::from_be_bytes)),
            clock: Clock::new(word(2), data + 4, odd),
        })
    }

    /// Of a file without `MThd`, whose first track is at `track`: a header of another name, or none.
    fn guess(file: &[u8], track: usize, odd: &mut Oddities) -> Self {
        let start = track.wrapping_sub(Self::CHUNK + Self::SIZE);
        match file.get(start..track) {
            Some(&[_, _, _, _, 0, 0, 0, 6, f0, f1, t0, t1, high, low]) => {
                odd.note(start, "a header that is not named MThd", "read as one");
                Self {
                    start,
                    end: track,
                    format: u16::from_be_bytes([f0, f1]),
                    tracks: Some(u16::from_be_bytes([t0, t1])),
                    clock: Clock::new(Some([high, low]), track - 2, odd),
                }
            }
            _ => {
                odd.note(track, "tracks without a header", "480 ticks a beat");
                Self {
                    start: track,
                    end: track,
                    format: 1,
                    tracks: None,
                    clock: Clock::USUAL,
                }
            }
        }
    }

    /// Compares it with what came.
    fn check(&self, tracks: usize, odd: &mut Oddities) {
        let data = self.start + Self::CHUNK;
        if self.format > 2 {
            odd.note(
                data,
                "a format that is not 0, 1 or 2",
                "all tracks together",
            );
        }
        if self.format == 0 && tracks > 1 {
            odd.note(data, "more than one track in format 0", "all together");
        }
        if self.tracks.is_some_and(|told| usize::from(told) != tracks) {
            odd.note(data + 2, "a wrong number of tracks", "all that are there");
        }
    }
}

/// All tracks from `at` on. Sizes of chunks are believed as far as the events agree.
fn tracks(file: &[u8], mut at: usize, odd: &mut Oddities) -> Vec<Track> {
    let mut tracks = Vec::new();
    while at < file.len() {
        let Some(size) = file.get(at + 4..at + 8) else {
            odd.note(at, "bytes behind the last track", "passed over");
            break;
        };
        let size = u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize;
        let end = (at + 8).saturating_add(size);
        if !file[at..].starts_with(b"MTrk") {
            if is_id(&file[at..at + 4]) && begins_chunk(file, end) {
                // The format has room for chunks of other kinds.
                at = end;
                continue;
            }
            odd.note(at, "bytes between the tracks", "passed over");
            match next_track(file, at) {
                Some(next) => at = next,
                None => break,
            }
            continue;
        }
        let ended = read_track(file, at, end, odd);
        tracks.push(ended.track);
        at = ended.at;
        if begins_chunk(file, end) && at < end {
            odd.note(at, "bytes behind the end of a track", "passed over");
            // A track may lie in there.
            at = next_track(file, at)
                .filter(|next| *next < end)
                .unwrap_or(end);
        }
    }
    tracks
}

/// Of a file without `MTrk`: the chunk behind the header, if its events can be read to their end.
fn renamed_track(file: &[u8], at: usize, odd: &mut Oddities) -> Option<Track> {
    let size = file.get(at + 4..at + 8)?;
    let size = u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize;
    let (data, end) = (at + 8, (at + 8).saturating_add(size).min(file.len()));
    if !track::is_whole(&file[data..end]) {
        return None;
    }
    odd.note(at, "a track that is not named MTrk", "read as one");
    Some(track::read(file, data, end, odd).track)
}

/// Reads the track whose chunk begins at `at` and should end at `end`.
fn read_track(file: &[u8], at: usize, end: usize, odd: &mut Oddities) -> Ended {
    let data = at + 8;
    if end <= file.len() {
        let mut told = odd.clone();
        let ended = track::read(file, data, end, &mut told);
        // A few bytes behind it may be rubbish, or what the size leaves out of the track.
        let is_sure = file.len() - end == 0 || file.len() - end >= Header::CHUNK;
        let is_followed =
            begins_chunk(file, end) && (is_sure || !reads_properly(file, data, file.len()));
        if ended.properly || is_followed {
            *odd = told;
            if ended.at < end && !begins_chunk(file, end) {
                odd.note(at + 4, "a wrong size of a track", "read without it");
            }
            return ended;
        }
        odd.note(at + 4, "a wrong size of a track", "read without it");
    } else {
        odd.note(
            at + 4,
            "a track's size beyond the end of the file",
            "read without it",
        );
    }
    let end = next_track(file, data).unwrap_or(file.len());
    track::read(file, data, end, odd)
}

/// There is an end of track in it.
fn reads_properly(file: &[u8], start: usize, end: usize) -> bool {
    track::read(file, start, end, &mut Oddities::default()).properly
}

/// At `at` a chunk may begin, or the file ends.
fn begins_chunk(file: &[u8], at: usize) -> bool {
    file.get(at..)
        .is_some_and(|rest| rest.len() < 8 || is_id(&rest[..4]))
}

/// Names of chunks are printed characters.
fn is_id(id: &[u8]) -> bool {
    id.iter().all(|byte| (0x20..0x7F).contains(byte))
}

fn next_track(file: &[u8], from: usize) -> Option<usize> {
    let rest = file.get(from..)?;
    let found = rest.windows(4).position(|four| four == b"MTrk")?;
    Some(from + found)
}

/// Plays tracks together: merged by tick, at equal ticks in the order of the tracks.
fn resolve<'a>(tracks: impl IntoIterator<Item = &'a Track> + Copy, clock: &Clock) -> Song {
    let all = || tracks.into_iter();
    let mut messages: Vec<_> = all().flat_map(|track| &track.messages).collect();
    messages.sort_by_key(|(tick, _, _)| *tick);
    let mut tempos: Vec<_> = all()
        .flat_map(|track| track.tempos.iter().copied())
        .collect();
    tempos.sort_by_key(|(tick, _)| *tick);
    let map = TempoMap::new(clock, &tempos);
    let end = all().map(|track| track.end).max().unwrap_or(0);
    let events = messages
        .into_iter()
        .map(|(tick, group, message)| Event {
            time: map.time(*tick),
            group: *group,
            message: message.clone(),
        })
        .collect();
    Song {
        events,
        length: map.time(end),
        bank: None,
    }
}

/// Format 2: one pattern after the other.
fn sequence(tracks: &[Track], clock: &Clock) -> Song {
    let mut whole = Song::default();
    for track in tracks {
        let part = resolve(std::slice::from_ref(track), clock);
        whole
            .events
            .extend(part.events.into_iter().map(|event| Event {
                time: event.time.saturating_add(whole.length),
                ..event
            }));
        whole.length = whole.length.saturating_add(part.length);
    }
    whole
}

/// The synthesizer's ports.
const PORTS: usize = 16;

impl Song {
    /// Lets more MIDI ports than the synthesizer has play on the last one.
    fn fold_ports(&mut self, at: usize, odd: &mut Oddities) {
        let groups = self.used_groups();
        if let Some(&last) = groups.iter().nth(PORTS - 1)
            && groups.len() > PORTS
        {
            odd.note(at, "more than 16 MIDI ports", "the others on the last one");
            for event in &mut self.events {
                event.group = event.group.min(last);
            }
        }
    }

    /// Rests of hours behind the last message are no music.
    fn cut_silence(&mut self, at: usize, odd: &mut Oddities) {
        let last = self.events.last().map_or(0, |event| event.time);
        if self.length > Song::LONGEST && last <= Song::LONGEST {
            odd.note(at, "an end hours behind the last message", "left out");
            self.length = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(format: u16, division: [u8; 2], tracks: &[&[u8]]) -> Vec<u8> {
        let mut out = b"MThd\0\0\0\x06".to_vec();
        out.extend(format.to_be_bytes());
        out.extend((tracks.len() as u16).to_be_bytes());
        out.extend(division);
        for track in tracks {
            out.extend(b"MTrk");
            out.extend((track.len() as u32).to_be_bytes());
            out.extend_from_slice(track);
        }
        out
    }

    const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

    fn times(song: &Song) -> Vec<i64> {
        song.events.iter().map(|event| event.time).collect()
    }

    #[test]
    fn tempo_changes_count_for_all_tracks() {
        // 96 ticks per quarter; 500 ms, from tick 96 on 1 s per quarter.
        let tempo = [&[0x60, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40][..], &END].concat();
        let notes = [
            &[0, 0x90, 60, 1, 0x30, 61, 1, 0x60, 62, 1, 0x30, 60, 0][..],
            &END,
        ]
        .concat();
        let song = read(&file(1, [0, 96], &[&tempo, &notes])).unwrap();
        assert_eq!(
            times(&song),
            [0, 2_500_000, 5_000_000 + 5_000_000, 15_000_000]
        );
        assert_eq!(song.events[1].message, [0x90, 61, 1], "running status");
        assert_eq!((song.length, song.notes()), (15_000_000, 3));
    }

    #[test]
    fn long_songs_do_not_drift() {
        // 960 ticks, tempo 333 333 µs: a tick is 3472.21875 units.
        let mut track = vec![0, 0xFF, 0x51, 3, 5, 0x16, 0x15];
        for _ in 0..10_000 {
            track.extend([1, 0x90, 60, 1]);
        }
        track.extend(END);
        let song = read(&file(0, [0x03, 0xC0], &[&track])).unwrap();
        assert_eq!(song.events[9_999].time, 34_722_188);
    }

    #[test]
    fn smpte_time_ignores_tempo() {
        // −25 frames, 40 ticks: 1 ms per tick. −29 is 29.97.
        let track = [&[0, 0xFF, 0x51, 3, 1, 0, 0, 10, 0x90, 60, 1][..], &END].concat();
        assert_eq!(
            times(&read(&file(0, [0xE7, 40], &[&track])).unwrap()),
            [100_000]
        );
        let track = [&[0x1E, 0x90, 60, 1][..], &END].concat();
        assert_eq!(
            times(&read(&file(0, [0xE3, 1], &[&track])).unwrap()),
            [10_010_000]
        );
    }

    #[test]
    fn format_2_plays_tracks_one_after_the_other() {
        let a = [&[0, 0x90, 60, 1][..], &[0x60, 0xFF, 0x2F, 0]].concat();
        let b = [&[0x60, 0x91, 60, 1][..], &END].concat();
        let song = read(&file(2, [0, 96], &[&a, &b])).unwrap();
        assert_eq!(times(&song), [0, 10_000_000]);
        assert_eq!(song.length, 10_000_000);
    }

    #[test]
    fn exclusive_messages_are_joined_and_ports_are_groups() {
        let track = [
            &[0, 0xF0, 3, 0x7E, 0x7F, 9, 1, 0xF7, 2, 1, 0xF7][..],
            &[0, 0xFF, 0x21, 1, 2, 0, 0xC0, 5],
            &END,
        ]
        .concat();
        let song = read(&file(0, [0, 96], &[&track])).unwrap();
        assert_eq!(song.events[0].message, [0xF0, 0x7E, 0x7F, 9, 1, 0xF7]);
        assert_eq!(
            (song.events[0].group, song.events[1].group, song.groups()),
            (1, 3, 3)
        );
        assert_eq!(song.events[0].time, song.events[1].time);
    }

    #[test]
    fn only_files_without_a_message_are_refused() {
        let good = file(0, [0, 96], &[&[&[0, 0x90, 60, 1][..], &END].concat()]);
        let note = good.len() - END.len();
        for cut in 0..good.len() {
            assert_eq!(read(&good[..cut]).is_ok(), cut >= note, "{cut} bytes");
        }
        for (bytes, why) in [
            (&b"hello, world, this is text"[..], "not a MIDI file"),
            (&b"MThd"[..], "header is cut off"),
            (&good[..14], "no track"),
            (&good[..note - 1], "no MIDI message"),
        ] {
            assert!(read(bytes).unwrap_err().contains(why), "{why}");
        }
    }
}
