//! Standard MIDI Files: formats 0, 1 and 2, tempo maps, SMPTE time, RMID.

use super::{Event, SECOND, Song};
use midly::{EventIter, Format, MetaMessage, Timing, TrackEvent, TrackEventKind};

/// Reads a file. The error says what is wrong and where.
pub fn read(bytes: &[u8]) -> Result<Song, String> {
    check_chunks(bytes)?;
    let (header, chunks) = midly::parse(bytes).map_err(|error| error.to_string())?;
    let mut tracks = Vec::new();
    for (number, events) in chunks.enumerate() {
        let events = events.map_err(|error| format!("track {}: {error}", number + 1))?;
        let events = whole(events)
            .map_err(|at| format!("track {} has a broken event at its byte {at}", number + 1))?;
        tracks.push(Track::new(&events));
    }
    let clock = Clock::new(header.timing)?;
    let song = match header.format {
        // Patterns that follow each other, each with its own tempos.
        Format::Sequential => sequence(&tracks, &clock),
        Format::SingleTrack | Format::Parallel => clock.resolve(&tracks),
    };
    if song.events.is_empty() {
        return Err("there is no MIDI message in it".into());
    }
    Ok(song)
}

/// All events up to the end of the track, or where one is broken: `midly` ends there in silence.
fn whole(mut events: EventIter) -> Result<Vec<TrackEvent>, usize> {
    let length = events.unread().len();
    let mut all = Vec::new();
    loop {
        let rest = events.unread().len();
        match events.next() {
            Some(Ok(event)) => {
                all.push(event);
                if event.kind == TrackEventKind::Meta(MetaMessage::EndOfTrack) {
                    return Ok(all);
                }
            }
            // An end that is missing is forgiven.
            None if rest == 0 => return Ok(all),
            None | Some(Err(_)) => return Err(length - rest),
        }
    }
}

/// Walks the chunks: `midly` does not mind a file that is cut off, listeners do.
fn check_chunks(bytes: &[u8]) -> Result<(), String> {
    let bytes = rmid_data(bytes).unwrap_or(bytes);
    if bytes.get(..4) != Some(b"MThd") {
        return Err("it is not a MIDI file (no MThd at its start)".into());
    }
    let mut tracks = 0;
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + 8) {
        let size = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let is_track = header.starts_with(b"MTrk");
        if bytes.len() - (at + 8) < size {
            let there = bytes.len() - (at + 8);
            return match (is_track, tracks == 0) {
                (true, _) => Err(format!(
                    "it is cut off: track {} needs {size} bytes and has {there}",
                    tracks + 1
                )),
                (false, true) => Err("its header is cut off".into()),
                // Junk behind the last track.
                (false, false) => Ok(()),
            };
        }
        if is_track {
            tracks += 1;
        }
        at += 8 + size;
    }
    if tracks == 0 {
        Err("there is no track in it".into())
    } else {
        Ok(())
    }
}

/// The MIDI file inside of a RIFF `RMID`.
fn rmid_data(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"RMID" {
        return None;
    }
    let mut at = 12;
    loop {
        let size = u32::from_le_bytes(bytes.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        let data = bytes.get(at + 8..)?;
        if bytes.get(at..at + 4)? == b"data" {
            return Some(data.get(..size).unwrap_or(data));
        }
        at += 8 + size.next_multiple_of(2);
    }
}

/// A track with absolute ticks.
struct Track {
    messages: Vec<(u64, u32, Vec<u8>)>,
    /// Tick and microseconds per quarter note.
    tempos: Vec<(u64, u32)>,
    end: u64,
}

impl Track {
    fn new(events: &[TrackEvent]) -> Self {
        let mut track = Self {
            messages: Vec::new(),
            tempos: Vec::new(),
            end: 0,
        };
        let mut group = 1;
        // A System Exclusive message that goes on in another event.
        let mut open: Option<Vec<u8>> = None;
        for event in events {
            track.end += u64::from(event.delta.as_int());
            match event.kind {
                TrackEventKind::Meta(MetaMessage::MidiPort(port)) => {
                    group = u32::from(port.as_int()) + 1
                }
                TrackEventKind::Meta(MetaMessage::Tempo(tempo)) => {
                    track.tempos.push((track.end, tempo.as_int().max(1)))
                }
                TrackEventKind::Meta(_) => {}
                TrackEventKind::Midi { channel, message } => {
                    let mut bytes = Vec::with_capacity(3);
                    let event = midly::live::LiveEvent::Midi { channel, message };
                    // Writing into a vector cannot fail.
                    let _ = event.write_std(&mut bytes);
                    track.messages.push((track.end, group, bytes));
                }
                TrackEventKind::SysEx(data) => {
                    let bytes = [&[0xF0], data].concat();
                    open = track.exclusive(group, bytes);
                }
                TrackEventKind::Escape(data) => match open.take() {
                    Some(mut bytes) => {
                        bytes.extend_from_slice(data);
                        open = track.exclusive(group, bytes);
                    }
                    // Any bytes may be here; only a whole System Exclusive or common message can be sent.
                    None if data.first().is_some_and(|byte| matches!(byte, 0xF0..=0xF6)) => {
                        open = track.exclusive(group, data.to_vec());
                    }
                    None => {}
                },
            }
        }
        track
    }

    /// Stores a message, or gives back the beginning of one that is not complete.
    fn exclusive(&mut self, group: u32, bytes: Vec<u8>) -> Option<Vec<u8>> {
        if bytes[0] == 0xF0 && bytes.last() != Some(&0xF7) {
            return Some(bytes);
        }
        self.messages.push((self.end, group, bytes));
        None
    }
}

/// How long a tick is.
enum Clock {
    /// Ticks per quarter note, under a tempo map.
    Metrical(u64),
    /// Ticks per second as a fraction.
    Smpte(u64, u64),
}

impl Clock {
    fn new(timing: Timing) -> Result<Self, String> {
        match timing {
            Timing::Metrical(ticks) if ticks.as_int() > 0 => {
                Ok(Self::Metrical(u64::from(ticks.as_int())))
            }
            Timing::Timecode(fps, ticks) if ticks > 0 => {
                let (frames, seconds) = match fps {
                    midly::Fps::Fps24 => (24, 1),
                    midly::Fps::Fps25 => (25, 1),
                    midly::Fps::Fps29 => (30_000, 1001),
                    midly::Fps::Fps30 => (30, 1),
                };
                Ok(Self::Smpte(frames * u64::from(ticks), seconds))
            }
            _ => Err("its header says zero ticks per beat or frame".into()),
        }
    }

    /// Plays tracks together: merged by tick, at equal ticks in the order of the tracks.
    fn resolve(&self, tracks: &[Track]) -> Song {
        let mut messages: Vec<_> = tracks.iter().flat_map(|track| &track.messages).collect();
        messages.sort_by_key(|(tick, _, _)| *tick);
        let mut tempos: Vec<_> = tracks
            .iter()
            .flat_map(|track| track.tempos.iter().copied())
            .collect();
        tempos.sort_by_key(|(tick, _)| *tick);
        let map = TempoMap::new(self, &tempos);
        let end = tracks.iter().map(|track| track.end).max().unwrap_or(0);
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
        }
    }
}

/// Format 2: one pattern after the other.
fn sequence(tracks: &[Track], clock: &Clock) -> Song {
    let mut whole = Song::default();
    for track in tracks {
        let part = clock.resolve(std::slice::from_ref(track));
        whole
            .events
            .extend(part.events.into_iter().map(|event| Event {
                time: event.time + whole.length,
                ..event
            }));
        whole.length += part.length;
    }
    whole
}

/// Exact times: sums are kept in fractions of 100 ns with one divisor, so that no rounding accumulates.
struct TempoMap {
    /// Tick, time there, 100 ns per tick; both in units of `1 / divisor`.
    segments: Vec<(u64, i128, i128)>,
    divisor: i128,
}

impl TempoMap {
    fn new(clock: &Clock, tempos: &[(u64, u32)]) -> Self {
        let (divisor, start) = match *clock {
            Clock::Metrical(ticks) => (i128::from(ticks), 500_000 * 10),
            Clock::Smpte(ticks, seconds) => {
                (i128::from(ticks), i128::from(seconds) * i128::from(SECOND))
            }
        };
        let mut segments = vec![(0, 0, start)];
        if matches!(clock, Clock::Metrical(_)) {
            for &(tick, tempo) in tempos {
                let (from, time, step) = segments[segments.len() - 1];
                segments.push((
                    tick,
                    time + i128::from(tick - from) * step,
                    i128::from(tempo) * 10,
                ));
            }
        }
        Self { segments, divisor }
    }

    /// 100 ns, rounded to the nearest.
    fn time(&self, tick: u64) -> i64 {
        let after = self.segments.partition_point(|(from, _, _)| *from <= tick);
        let (from, time, step) = self.segments[after.max(1) - 1];
        let exact = time + i128::from(tick - from) * step;
        i64::try_from((exact + self.divisor / 2) / self.divisor).unwrap_or(i64::MAX)
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
    fn broken_files_say_why() {
        let good = file(0, [0, 96], &[&[&[0, 0x90, 60, 1][..], &END].concat()]);
        for cut in 0..good.len() {
            assert!(read(&good[..cut]).is_err(), "{cut} bytes");
        }
        assert!(
            read(b"hello, world, this is text")
                .unwrap_err()
                .contains("not a MIDI file")
        );
        assert!(
            read(&good[..good.len() - 2])
                .unwrap_err()
                .contains("track 1 needs 8 bytes and has 6")
        );
        assert!(read(&file(0, [0, 0], &[&[0, 0x90, 60, 1]])).is_err());
        for broken in [
            &[0, 0x90, 60, 1, 0, 0x90, 60][..],
            &[0, 60, 1, 0, 0x90, 60, 1],
        ] {
            assert!(
                read(&file(0, [0, 96], &[broken]))
                    .unwrap_err()
                    .contains("broken event")
            );
        }
        let unended = file(0, [0, 96], &[&[0, 0x90, 60, 1]]);
        assert!(read(&unended).is_ok(), "a missing end is forgiven");
    }
}
