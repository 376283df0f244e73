// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that break the format, as they are met in collections of songs: what can be played is played, what is odd is told in one
//! line, and `--strict` refuses it.

use arioso_cli::song::smf::{self, Reading};
use arioso_cli::song::{SECOND, Song};
use std::process::Command;
use std::{env, fs};

const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

fn chunk(id: &[u8; 4], size: usize, data: &[u8]) -> Vec<u8> {
    [&id[..], &(size as u32).to_be_bytes(), data].concat()
}

fn header(format: u16, tracks: u16, division: [u8; 2]) -> Vec<u8> {
    let mut data = [format.to_be_bytes(), tracks.to_be_bytes()].concat();
    data.extend(division);
    chunk(b"MThd", 6, &data)
}

fn track(events: &[u8]) -> Vec<u8> {
    chunk(b"MTrk", events.len(), events)
}

/// One track at 480 ticks per beat, half a second.
fn file(events: &[&[u8]]) -> Vec<u8> {
    [header(0, 1, [0x01, 0xE0]), track(&events.concat())].concat()
}

fn open(bytes: &[u8]) -> Reading {
    smf::open(bytes).unwrap()
}

/// Times in milliseconds, and messages.
fn messages(song: &Song) -> Vec<(i64, Vec<u8>)> {
    let millisecond = SECOND / 1000;
    let event = |event: &arioso_cli::song::Event| (event.time / millisecond, event.message.clone());
    song.events.iter().map(event).collect()
}

/// A4 for a second.
const NOTE: [u8; 9] = [0, 0x90, 69, 100, 0x87, 0x40, 0x80, 69, 64];
fn note() -> Vec<(i64, Vec<u8>)> {
    vec![(0, vec![0x90, 69, 100]), (1000, vec![0x80, 69, 64])]
}

/// What is found odd in a file that plays [`NOTE`].
fn oddity(bytes: &[u8]) -> (usize, &'static str, usize) {
    let Reading { song, odd } = open(bytes);
    assert_eq!(messages(&song), note(), "{odd}");
    let all: Vec<_> = odd.iter().map(|o| (o.at, o.found, o.count)).collect();
    assert_eq!(all.len(), 1, "{odd}");
    all[0]
}

#[test]
fn a_good_file_is_not_odd() {
    assert!(open(&file(&[&NOTE, &END])).odd.is_empty());
    let running = [0, 0x90, 69, 100, 0x87, 0x40, 69, 0];
    assert!(open(&file(&[&running, &END])).odd.is_empty());
    // Chunks of other kinds, and a longer header, have their place in the format.
    let long = chunk(b"MThd", 8, &[0, 0, 0, 1, 0x01, 0xE0, 1, 2]);
    let other = chunk(b"XFIH", 3, &[1, 2, 3]);
    let events = track(&[&NOTE[..], &END].concat());
    let Reading { song, odd } = open(&[&long[..], &other, &events, &other].concat());
    assert!(odd.is_empty(), "{odd}");
    assert_eq!(messages(&song), note());
}

/// Every message, at every place of a data byte.
#[test]
fn data_bytes_above_7f_are_taken_as_7f() {
    // FF in a bank select stands for "none" in files of several sequencers.
    let bank = [0, 0xB0, 32, 0xFF, 0, 0xC0, 0];
    let Reading { song, odd } = open(&file(&[&bank, &NOTE, &END]));
    assert_eq!(song.events[0].message, [0xB0, 32, 0x7F]);
    assert_eq!(messages(&song)[2..], note());
    assert_eq!(odd.iter().next().map(|o| (o.at, o.count)), Some((25, 1)));
    for status in 0x80..=0xEF_u8 {
        let count = if matches!(status & 0xF0, 0xC0 | 0xD0) {
            1
        } else {
            2
        };
        for place in 0..count {
            for value in [0x80, 0x9F, 0xF0, 0xFF] {
                let mut event = vec![0, status, 1, 2];
                event.truncate(2 + count);
                event[2 + place] = value;
                let Reading { song, odd } = open(&file(&[&event, &NOTE, &END]));
                event[2 + place] = 0x7F;
                assert_eq!(song.events[0].message, event[1..]);
                assert_eq!(messages(&song)[1..], note());
                assert_eq!(odd.iter().next().unwrap().at, 24 + place);
            }
        }
    }
}

#[test]
fn loop_controllers_of_hmp() {
    let first = [
        &[
            0x0E, 0xB0, 109, 0x80, 0, 0xB0, 110, 0xFF, 100, 0xB0, 111, 0x80,
        ][..],
        &END,
    ];
    let tracks = [track(&first.concat()), track(&[&NOTE[..], &END].concat())].concat();
    let Reading { song, odd } = open(&[header(1, 2, [0x01, 0xE0]), tracks].concat());
    assert_eq!(song.events.len(), 5);
    assert_eq!(odd.iter().next().unwrap().count, 3);
}

#[test]
fn meta_events_that_do_not_matter() {
    for meta in [
        // 47 frames of 30.
        &[0, 0xFF, 0x54, 5, 0x60, 0, 0, 47, 10][..],
        &[0, 0xFF, 0x54, 3, 0, 0, 0],
        &[0, 0xFF, 0x58, 2, 4, 2],
        &[0, 0xFF, 0x59, 2, 12, 0],
        &[0, 0xFF, 0x59, 2, 0, 7],
        &[0, 0xFF, 0x00, 1, 0],
        &[0, 0xFF, 0x20, 0],
        &[0, 0xFF, 0x51, 2, 7, 0xA1],
        &[0, 0xFF, 0x93, 2, 1, 2],
    ] {
        let (at, found, count) = oddity(&file(&[meta, &NOTE, &END]));
        assert_eq!(
            (at, found, count),
            (23, "a meta event that is malformed", 1),
            "{meta:x?}"
        );
    }
    let (_, found, _) = oddity(&file(&[&[0, 0xFF, 0x51, 3, 0, 0, 0], &NOTE, &END]));
    assert_eq!(found, "a tempo of 0");
    // What is in order, and what the format leaves open.
    for meta in [
        &[0, 0xFF, 0x54, 5, 0x60, 0, 0, 29, 10][..],
        &[0, 0xFF, 0x59, 2, 0xF9, 1],
        &[0, 0xFF, 0x7F, 3, 1, 2, 3],
        &[0, 0xFF, 0x60, 0],
    ] {
        assert!(open(&file(&[meta, &NOTE, &END])).odd.is_empty());
    }
}

#[test]
fn running_status_goes_across_meta_and_sysex() {
    for between in [
        &[0x83, 0x60, 0xFF, 1, 1, b'x'][..],
        &[0x83, 0x60, 0xF0, 5, 0x7E, 0x7F, 9, 1, 0xF7],
        &[0x83, 0x60, 0xF7, 1, 0xF6],
    ] {
        let song = open(&file(&[
            &[0, 0x90, 69, 100],
            between,
            &[0x83, 0x60, 69, 0],
            &END,
        ]));
        let notes: Vec<_> = messages(&song.song)
            .into_iter()
            .filter(|(_, message)| message[0] == 0x90)
            .collect();
        assert_eq!(notes, [(0, vec![0x90, 69, 100]), (1000, vec![0x90, 69, 0])]);
        assert_eq!(song.odd.iter().count(), 1);
    }
}

/// Cut at every byte: all whole events are there, and what sounds ends.
#[test]
fn a_file_that_is_cut_off_plays_up_to_its_end() {
    let events = [
        &[0, 0x90, 60, 100, 0, 0x91, 64, 90, 0x83, 0x60, 0x80, 60, 0][..],
        &NOTE,
        &END,
    ]
    .concat();
    let whole = [header(0, 1, [0x01, 0xE0]), track(&events)].concat();
    let all = messages(&open(&whole).song);
    for cut in 26..whole.len() {
        let Reading { song, odd } = open(&whole[..cut]);
        let seen = messages(&song);
        let same = seen.iter().zip(&all).take_while(|(a, b)| a == b).count();
        assert!(same > 0 && !odd.is_empty(), "{cut}");
        for (_, message) in &seen[same..] {
            assert_eq!(message[0] & 0xF0, 0x80, "only ends of notes are added");
        }
        let count = |on: bool| {
            seen.iter()
                .filter(|(_, m)| (m[0] & 0xF0 == 0x90) == on)
                .count()
        };
        // Cut between two events there is nothing to tell whether more should come.
        let between = odd.iter().any(|o| o.found == "a track without its end");
        assert!(between || count(true) == count(false), "{cut}: {seen:?}");
    }
    // The size alone is wrong.
    let longer = [
        header(0, 1, [0x01, 0xE0]),
        chunk(b"MTrk", 0x1A2, &[&NOTE[..], &END].concat()),
    ];
    assert_eq!(
        oddity(&longer.concat()).1,
        "a track's size beyond the end of the file"
    );
}

#[test]
fn sizes_of_tracks_are_checked_by_the_events() {
    let events = [&NOTE[..], &END].concat();
    let second = track(&[&[0, 0xC1, 5][..], &END].concat());
    for size in [
        0,
        1,
        5,
        events.len() - 1,
        events.len() + 2,
        events.len() + 9,
        4000,
    ] {
        let bytes = [
            header(1, 2, [0x01, 0xE0]),
            chunk(b"MTrk", size, &events),
            second.clone(),
        ];
        let Reading { song, odd } = open(&bytes.concat());
        let mut seen = messages(&song);
        let program = seen.iter().position(|(_, message)| message[0] == 0xC1);
        seen.remove(program.unwrap_or_else(|| panic!("{size}: {odd}")));
        assert_eq!(seen, note(), "{size}: {odd}");
        assert!(!odd.is_empty());
    }
}

#[test]
fn bytes_between_and_around_the_chunks() {
    let events = track(&[&NOTE[..], &END].concat());
    let program = track(&[&[0, 0xC1, 5][..], &END].concat());
    let head = header(1, 2, [0x01, 0xE0]);
    for junk in [&[0][..], &[0; 7], &[0xFF; 40], b"MTr", &[0x1A; 128]] {
        for (bytes, what) in [
            ([&head[..], &events, &program, junk].concat(), "behind"),
            ([&head[..], &events, junk, &program].concat(), "between"),
            (
                [&head[..], junk, &events, &program].concat(),
                "before the tracks",
            ),
            ([junk, &head, &events, &program].concat(), "before"),
        ] {
            let Reading { song, odd } = open(&bytes);
            assert_eq!(song.events.len(), 3, "{what}, {junk:?}: {odd}");
            assert!(!odd.is_empty(), "{what}, {junk:?}");
        }
    }
    let song = [header(0, 1, [0x01, 0xE0]), events].concat();
    let mut mac = [0; 128];
    mac[1..10].copy_from_slice(b"\x08SONG.MID");
    mac[65..69].copy_from_slice(b"Midi");
    mac[83..87].copy_from_slice(&(song.len() as u32).to_be_bytes());
    // The forks fill blocks of 128 bytes.
    let bytes = [&mac[..], &song, &[0; 90]].concat();
    assert_eq!(oddity(&bytes), (0, "a MacBinary header", 1));
}

#[test]
fn escapes_send_any_bytes() {
    let escaped = [0, 0xF7, 3, 0x90, 69, 100, 0x87, 0x40, 0xF7, 3, 0x80, 69, 64];
    let Reading { song, odd } = open(&file(&[&escaped, &END]));
    assert_eq!(messages(&song), note());
    assert!(odd.is_empty(), "{odd}");
    // Several messages, one over two events, a song position, active sensing.
    let parts = [
        &[0, 0xF7, 6, 0xC0, 5, 0xFE, 0xF2, 1, 2][..],
        &[0, 0xF7, 2, 0x90, 60],
        &[0, 0xF7, 1, 1],
    ];
    let song = open(&file(&[parts[0], parts[1], parts[2], &NOTE, &END])).song;
    let seen: Vec<_> = song.events.iter().map(|event| &event.message[..]).collect();
    assert_eq!(seen[..3], [&[0xC0, 5][..], &[0xF2, 1, 2], &[0x90, 60, 1]]);
    assert_eq!(messages(&song)[3..], note());
}

#[test]
fn exclusive_messages_that_are_not_whole() {
    let on = vec![0xF0, 0x7E, 0x7F, 9, 1, 0xF7];
    let first = |events: &[&[u8]]| {
        let bytes = file(&[&events.concat(), &NOTE, &END]);
        let Reading { song, odd } = open(&bytes);
        let seen = messages(&song);
        assert_eq!(seen[seen.len() - 2..], note());
        (seen[..seen.len() - 2].to_vec(), !odd.is_empty())
    };
    // In packets: that is in order.
    let packets = [
        &[0, 0xF0, 3, 0x7E, 0x7F, 9][..],
        &[0, 0xF7, 1, 1],
        &[0, 0xF7, 1, 0xF7],
    ];
    assert_eq!(first(&packets), (vec![(0, on.clone())], false));
    // Without the end.
    assert_eq!(
        first(&[&[0, 0xF0, 4, 0x7E, 0x7F, 9, 1]]),
        (vec![(0, on.clone())], true)
    );
    // With a status in it: nothing of it becomes a note.
    assert_eq!(
        first(&[&[0, 0xF0, 6, 0x41, 0x90, 60, 100, 1, 0xF7]]),
        (vec![], true)
    );
    // A clock in it.
    assert_eq!(
        first(&[&[0, 0xF0, 6, 0x7E, 0x7F, 0xF8, 9, 1, 0xF7]]),
        (vec![(0, on)], false)
    );
    // System messages that a file has no event for.
    for event in [
        &[0, 0xF8][..],
        &[0, 0xFE],
        &[0, 0xF1, 5],
        &[0, 0xF2, 1, 2],
        &[0, 0xF6],
    ] {
        assert_eq!(first(&[event]), (vec![], true));
    }
    assert_eq!(
        first(&[&[0, 60, 1, 0x10]]),
        (vec![], true),
        "data bytes alone"
    );
}

#[test]
fn numbers_of_more_than_four_bytes() {
    let long = [
        0x80, 0x80, 0x80, 0x80, 0x00, 0x90, 69, 100, 0x87, 0x40, 0x80, 69, 64,
    ];
    assert_eq!(
        oddity(&file(&[&long, &END])).1,
        "a number of more than four bytes"
    );
}

#[test]
fn headers() {
    let events = track(&[&NOTE[..], &END].concat());
    let odd = |head: Vec<u8>| oddity(&[head, events.clone()].concat()).1;
    assert_eq!(odd(header(0, 0, [0x01, 0xE0])), "a wrong number of tracks");
    assert_eq!(odd(header(1, 9, [0x01, 0xE0])), "a wrong number of tracks");
    assert_eq!(
        odd(header(7, 1, [0x01, 0xE0])),
        "a format that is not 0, 1 or 2"
    );
    assert_eq!(odd(header(0, 1, [0, 0])), "a time division of 0");
    assert_eq!(
        odd(chunk(b"MThd", 600, &header(0, 1, [0x01, 0xE0])[8..])),
        "a wrong size of the header"
    );
    // A header of no size: what stands there is passed over, and the track is found.
    let none = chunk(b"MThd", 0, &header(0, 1, [0x01, 0xE0])[8..]);
    assert_eq!(
        messages(&open(&[none, events.clone()].concat()).song),
        note()
    );
    // Four bytes only: no division.
    let short = [chunk(b"MThd", 4, &[0, 0, 0, 1]), events.clone()].concat();
    assert_eq!(messages(&open(&short).song), note());
    // Two tracks in format 0.
    let two = [header(0, 2, [0x01, 0xE0]), events, track(&END)].concat();
    assert_eq!(oddity(&two).1, "more than one track in format 0");
    // Frame rates: 960 ticks of −25 frames with 40 ticks are 0.96 s, of −29 with 32 a second and a thousandth.
    let at =
        |division| open(&[header(0, 1, division), track(&[&NOTE[..], &END].concat())].concat());
    assert_eq!(at([0xE7, 40]).song.length, 9_600_000);
    assert_eq!(at([0xE3, 32]).song.length, 10_010_000);
    // A rate that SMPTE does not have is taken as it says: 50 frames.
    assert_eq!(at([0xCE, 20]).song.length, 9_600_000);
    assert!(!at([0xCE, 20]).odd.is_empty() && !at([0xE7, 0]).odd.is_empty());
}

fn riff(form: &[u8; 4], parts: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = form.to_vec();
    for (id, data) in parts {
        body.extend(*id);
        body.extend((data.len() as u32).to_le_bytes());
        body.extend(data);
        body.extend(vec![0; data.len() % 2]);
    }
    [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
}

#[test]
fn rmids_bring_their_bank() {
    let song = file(&[&NOTE, &END]);
    let inner = |form: &[u8; 4]| riff(form, &[(b"test", vec![1, 2, 3])]);
    let part = |form: &[u8; 4]| -> (&[u8; 4], Vec<u8>) { (b"RIFF", inner(form)[8..].to_vec()) };
    let data = || -> (&[u8; 4], Vec<u8>) { (b"data", song.clone()) };
    let info = |offset: u16| -> (&[u8; 4], Vec<u8>) {
        let mut list = b"INFODBNK\x02\0\0\0".to_vec();
        list.extend(offset.to_le_bytes());
        (b"LIST", list)
    };
    for (parts, bank) in [
        (vec![data()], None),
        (vec![data(), part(b"WAVE")], None),
        (vec![data(), part(b"DLS ")], Some((b"DLS ", None))),
        (
            vec![part(b"DLS "), data(), info(4)],
            Some((b"DLS ", Some(4))),
        ),
        (
            vec![data(), info(0), part(b"sfbk")],
            Some((b"sfbk", Some(0))),
        ),
        (
            vec![data(), info(3), part(b"sfbk")],
            Some((b"sfbk", Some(3))),
        ),
        (vec![data(), part(b"sfbk")], Some((b"sfbk", None))),
    ] {
        let Reading { song, odd } = open(&riff(b"RMID", &parts));
        assert_eq!(messages(&song), note());
        assert!(odd.is_empty(), "{odd}");
        let seen = song.bank.map(|bank| (bank.bytes, bank.offset));
        assert_eq!(seen, bank.map(|(form, offset)| (inner(form), offset)));
    }
    // A bank behind the form's own size, and a form without its chunk's name.
    let outside = [riff(b"RMID", &[data()]), inner(b"DLS ")].concat();
    assert!(open(&outside).song.bank.is_some());
    let broken = riff(b"RMID", &[(b"dat?", song.clone())]);
    let Reading { song, odd } = open(&broken);
    assert_eq!(messages(&song), note());
    assert_eq!(
        odd.iter().next().unwrap().found,
        "a RIFF file that is broken"
    );
}

/// Anything may be changed in a file: it is read or refused, and never for long.
#[test]
fn damaged_files() {
    let good = [
        header(1, 2, [0x01, 0xE0]),
        track(
            &[
                &[0, 0xFF, 0x51, 3, 7, 0xA1, 0x20, 0, 0xF0, 3, 1, 2, 0xF7][..],
                &NOTE,
                &END,
            ]
            .concat(),
        ),
        track(&[&[0, 0xFF, 0x21, 1, 1][..], &NOTE, &END].concat()),
    ]
    .concat();
    let mut state: u32 = 1;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let mut played = 0;
    for _ in 0..50_000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes.truncate(at + 1),
                1 => bytes.insert(at, random(256) as u8),
                2 => drop(bytes.remove(at)),
                _ => bytes[at] = random(256) as u8,
            }
            if bytes.is_empty() {
                break;
            }
        }
        let Ok(Reading { song, .. }) = smf::open(&bytes) else {
            continue;
        };
        played += 1;
        assert!(
            song.events
                .windows(2)
                .all(|pair| pair[0].time <= pair[1].time)
        );
        for event in &song.events {
            assert!(
                arioso_core::midi::is_complete(&event.message),
                "{:x?}",
                event.message
            );
        }
    }
    assert!(played > 25_000, "{played} played");
}

fn arioso(directory: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String) {
    let image = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/driver/x64/release/arioso.sys");
    let output = Command::new(env!("CARGO_BIN_EXE_arioso"))
        .env("ARIOSO_HOME", "/nonexistent")
        .args(arguments)
        .current_dir(directory)
        .env(
            "ARIOSO_SYS",
            env::var_os("ARIOSO_SYS").map_or(image, Into::into),
        )
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// One line on the standard error; `--strict` and songs of days end with code 3 and write nothing.
#[test]
fn what_is_odd_is_told_in_one_line() {
    let directory = env::temp_dir().join(format!("arioso-odd-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let odd = file(&[&[0, 0xB0, 32, 0xFF, 0, 0xB0, 0, 0xFF], &NOTE, &END]);
    fs::write(directory.join("odd.mid"), odd).unwrap();
    let days = [0, 0x90, 69, 100, 0xFF, 0xFF, 0xFF, 0x7F, 0x80, 69, 0];
    fs::write(directory.join("days.mid"), file(&[&days, &END])).unwrap();

    let (code, told) = arioso(&directory, &["play", "odd.mid"]);
    assert_eq!((code, told.lines().count()), (Some(0), 1), "{told}");
    for part in [
        "odd.mid",
        "byte 25",
        "above 7F",
        "and 1 more",
        "taken as 7F",
    ] {
        assert!(told.contains(part), "{told}");
    }
    fs::remove_file(directory.join("odd.wav")).unwrap();
    for command in ["play", "monitor", "record"] {
        let (code, told) = arioso(&directory, &[command, "odd.mid", "--strict"]);
        assert_eq!((code, told.lines().count()), (Some(3), 1), "{told}");
        assert!(
            told.contains("byte 25") && told.contains("--strict"),
            "{told}"
        );
        let (code, told) = arioso(&directory, &[command, "days.mid"]);
        assert_eq!((code, told.lines().count()), (Some(3), 1), "{told}");
        assert!(
            told.contains("77 hours") && told.contains("--long"),
            "{told}"
        );
    }
    let left: Vec<_> = fs::read_dir(&directory).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
    fs::remove_dir_all(&directory).unwrap();
}
