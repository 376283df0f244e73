// SPDX-License-Identifier: MIT OR Apache-2.0
//! Standard MIDI Files, written.

use super::{Event, SECOND};
use midly::live::LiveEvent;
use midly::{Format, Header, MetaMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};

/// Ticks of a quarter note, which lasts half a second: a tick is 20 µs.
const QUARTER: u16 = 25_000;
const TICKS_PER_SECOND: i64 = 2 * QUARTER as i64;

/// A file with a track for each channel group. The error names the message that has no place in a file.
pub fn write(events: &[Event]) -> Result<Vec<u8>, String> {
    let groups = events.iter().map(|event| event.group).max().unwrap_or(1);
    if groups > 128 {
        return Err(format!("a file has no place for channel group {groups}"));
    }
    let tracks = (1..=groups.max(1))
        .map(|group| track(events, group))
        .collect::<Result<Vec<_>, _>>()?;
    let format = if tracks.len() == 1 {
        Format::SingleTrack
    } else {
        Format::Parallel
    };
    let smf = Smf {
        header: Header::new(format, Timing::Metrical(QUARTER.into())),
        tracks,
    };
    let mut bytes = Vec::new();
    smf.write(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn track(events: &[Event], group: u32) -> Result<Track<'_>, String> {
    let meta = |kind| TrackEvent {
        delta: 0.into(),
        kind: TrackEventKind::Meta(kind),
    };
    let mut track = vec![meta(MetaMessage::Tempo(500_000.into()))];
    if group > 1 {
        track.push(meta(MetaMessage::MidiPort((group as u8 - 1).into())));
    }
    let mut last = 0;
    for event in events.iter().filter(|event| event.group == group) {
        let tick = (event.time.max(0) * TICKS_PER_SECOND + SECOND / 2) / SECOND;
        let delta = u32::try_from(tick - last)
            .ok()
            .filter(|delta| *delta < 1 << 28)
            .ok_or("a rest is too long for a file")?;
        last = tick;
        track.push(TrackEvent {
            delta: delta.into(),
            kind: kind(&event.message)?,
        });
    }
    track.push(meta(MetaMessage::EndOfTrack));
    Ok(track)
}

fn kind(message: &[u8]) -> Result<TrackEventKind<'_>, String> {
    match message {
        [0xF0, data @ ..] => Ok(TrackEventKind::SysEx(data)),
        // What a file has no event for is escaped.
        [status, ..] if *status > 0xF0 => Ok(TrackEventKind::Escape(message)),
        _ => match LiveEvent::parse(message) {
            Ok(LiveEvent::Midi { channel, message }) => {
                Ok(TrackEventKind::Midi { channel, message })
            }
            _ => Err(format!("{message:02X?} is not a MIDI message")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::smf;
    use super::*;

    fn event(time: i64, group: u32, message: &[u8]) -> Event {
        Event {
            time,
            group,
            message: message.to_vec(),
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let events = [
            event(0, 1, &[0xC0, 5]),
            event(0, 1, &[0x90, 60, 100]),
            event(SECOND / 3, 2, &[0x91, 61, 1]),
            event(SECOND, 1, &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]),
            event(SECOND, 1, &[0x80, 60, 0]),
            event(3600 * SECOND, 2, &[0xE1, 0, 64]),
        ];
        let song = smf::read(&write(&events).unwrap()).unwrap();
        assert_eq!(song.events.len(), events.len());
        for (seen, sent) in song.events.iter().zip(&events) {
            assert_eq!((&seen.message, seen.group), (&sent.message, sent.group));
            // Half a tick, and the reader's rounding.
            assert!((seen.time - sent.time).abs() <= 101, "{seen:?} {sent:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |event| write(&[event]).unwrap_err();
        assert!(refused(event(0, 1, &[1, 2])).contains("not a MIDI message"));
        assert!(refused(event(0, 200, &[0xC0, 1])).contains("group 200"));
        assert!(refused(event(20_000 * SECOND, 1, &[0xC0, 1])).contains("too long"));
        // Song Select has no event of its own.
        assert!(write(&[event(0, 1, &[0xF3, 1])]).is_ok());
    }
}
