// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events that claim more than their track has, tracks that end too early, notes that nothing ends.

use arioso_cli::song::smf::{self, Reading};
use arioso_cli::song::{Event, SECOND, Song};

const END: [u8; 4] = [0, 0xFF, 0x2F, 0];
/// A4 for a second.
const NOTE: [u8; 9] = [0, 0x90, 69, 100, 0x87, 0x40, 0x80, 69, 64];

fn file(size: Option<usize>, division: [u8; 2], events: &[&[u8]]) -> Vec<u8> {
    let events = events.concat();
    let size = size.unwrap_or(events.len()) as u32;
    [
        &b"MThd\0\0\0\x06\0\0\0\x01"[..],
        &division[..],
        b"MTrk",
        &size.to_be_bytes(),
        &events,
    ]
    .concat()
}

fn usual(events: &[&[u8]]) -> Vec<u8> {
    file(None, [0x01, 0xE0], events)
}

/// Messages and their milliseconds.
fn messages(song: &Song) -> Vec<(i64, Vec<u8>)> {
    let event = |event: &Event| (event.time * 1000 / SECOND, event.message.clone());
    song.events.iter().map(event).collect()
}

fn note_at(start: i64) -> Vec<(i64, Vec<u8>)> {
    vec![
        (start, vec![0x90, 69, 100]),
        (start + 1000, vec![0x80, 69, 64]),
    ]
}

/// The oddities of a file that plays the note.
fn odd(bytes: &[u8], start: i64) -> Vec<&'static str> {
    let Reading { song, odd } = smf::open(bytes).unwrap();
    assert_eq!(messages(&song), note_at(start), "{odd}");
    odd.iter().map(|oddity| oddity.found).collect()
}

const LONG: &str = "an event that is longer than its track";

/// A text, a sequencer's own event, SysEx with a size that is too large or missing, an escape: each costs only itself.
#[test]
fn events_that_are_longer_than_their_track() {
    for event in [
        &[0, 0xFF, 0x01, 0x7F, b'a', b'b', b'c'][..],
        &[
            0, 0xFF, 0x03, 0xFF, 0x7F, b'T', b'h', b'e', b' ', b'E', b'n', b'd',
        ],
        &[0, 0xFF, 0x7F, 0x81, 0x00, 0x43, 0x00],
        &[0, 0xFF, 0x51, 0x83, 7, 0xA1, 0x20],
        &[0, 0xF0, 0xFF, 0x7F, 0x7E, 0x7F, 9, 1, 0xF7],
        &[0, 0xF0, 0x7E, 0x7F, 9, 1, 0xF7],
        &[0, 0xF0, 0x43, 0x10, 0x4C, 0, 0, 0x7E, 0, 0xF7],
        &[0, 0xF7, 0x70, 0xF6],
    ] {
        assert_eq!(odd(&usual(&[event, &NOTE, &END]), 0), [LONG], "{event:x?}");
    }
    // Its delta time counts; what came before is there.
    let late = [0x83, 0x60, 0xFF, 0x01, 0x7F, b'a'];
    assert_eq!(odd(&usual(&[&late, &NOTE, &END]), 500), [LONG]);
    let program = [0, 0xC0, 5];
    let Reading { song, .. } = smf::open(&usual(&[&program, &late, &NOTE, &END])).unwrap();
    assert_eq!(messages(&song)[0], (0, vec![0xC0, 5]));
    assert_eq!(messages(&song)[1..], note_at(500));
    // Text never becomes notes, whatever the running status: bytes that could be data are not.
    let text = [0, 0xFF, 0x01, 0x7F, b'0', b'1', b'2', b'3', b'4', b'5'];
    let bytes = usual(&[&[0, 0x90, 60, 0], &text, &NOTE, &END]);
    let Reading { song, .. } = smf::open(&bytes).unwrap();
    assert_eq!(messages(&song)[1..], note_at(0));
    // A file that is cut off in such an event has nothing behind it.
    let cut = &usual(&[&NOTE, &[0, 0xFF, 0x01, 0x7F, b'a', b'b']])[..];
    assert!(!odd(cut, 0).contains(&LONG));
}

#[test]
fn an_end_of_track_before_the_first_event() {
    let found = odd(&usual(&[&END, &NOTE, &END]), 0);
    assert_eq!(found, ["an end of track before the first event"]);
    // Behind a song it is its end.
    let found = odd(&usual(&[&NOTE, &END, &NOTE, &END]), 0);
    assert_eq!(found, ["bytes behind the end of a track"]);
    // With a size, which an end of track has not.
    assert_eq!(odd(&usual(&[&NOTE, &[0, 0xFF, 0x2F, 1, 0]]), 0).len(), 1);
}

/// A single track whose size is any number.
#[test]
fn any_size_of_the_only_track() {
    let whole = [&NOTE[..], &END].concat().len();
    for size in (0..whole + 12).chain([4000, 0x7FFF_FFFF, 0xFFFF_FFFF]) {
        let bytes = file(Some(size), [0x01, 0xE0], &[&NOTE, &END]);
        assert_eq!(odd(&bytes, 0).is_empty(), size == whole, "{size}");
    }
}

/// Chunks of another name, and tracks alone.
#[test]
fn names_of_chunks() {
    let good = usual(&[&NOTE, &END]);
    let renamed = |at: usize| [&good[..at], b"0", &good[at + 1..]].concat();
    assert_eq!(odd(&renamed(2), 0), ["a header that is not named MThd"]);
    let found = odd(&renamed(16), 0);
    assert!(
        found.contains(&"a track that is not named MTrk"),
        "{found:?}"
    );
    assert_eq!(odd(&good[14..], 0), ["tracks without a header"]);
    let behind = [&b"some text"[..], &good[14..]].concat();
    assert_eq!(odd(&behind, 0), ["tracks without a header"]);
    for text in [&b"it says MTrk and no more"[..], b"MTrk", b"MThd\0\0\0\x06"] {
        assert!(smf::open(text).is_err());
    }
}

/// 128 frames a second of no ticks: no clock at all.
#[test]
fn divisions_that_say_nothing() {
    for division in [[0, 0], [0x80, 0], [0xFF, 0], [0xC0, 0]] {
        let bytes = file(None, division, &[&NOTE, &END]);
        assert_eq!(odd(&bytes, 0), ["a time division of 0"], "{division:x?}");
    }
}

#[test]
fn notes_that_nothing_ends() {
    let read = |events: &[&[u8]]| {
        let mut song = smf::read(&usual(events)).unwrap();
        song.end_notes();
        (messages(&song), song.length * 1000 / SECOND)
    };
    // The song ends three seconds after it.
    let (all, length) = read(&[&[0, 0x90, 69, 100, 0x96, 0x40, 0xFF, 0x2F, 0]]);
    assert_eq!(all[1], (3000, vec![0x80, 69, 64]));
    assert_eq!((all.len(), length), (2, 3000));
    // With it: a second is heard.
    let (all, length) = read(&[&[0, 0x91, 69, 100], &END]);
    assert_eq!(all[1], (1000, vec![0x81, 69, 64]));
    assert_eq!((all.len(), length), (2, 1000));
    // What ends is left alone, by either message.
    for end in [[0x80, 69, 64], [0x90, 69, 0]] {
        let (all, length) = read(&[&[0, 0x90, 69, 100, 0x87, 0x40], &end, &END]);
        assert_eq!((all.len(), length), (2, 1000));
    }
}
