// SPDX-License-Identifier: MIT OR Apache-2.0
use super::super::Parser;
use super::*;
use std::vec;
use std::vec::Vec;

const PATIENCE: i64 = 1000;

fn cable(readers: &[usize]) -> CableDirection<4> {
    let mut cable = CableDirection::new(PATIENCE);
    for size in readers {
        let at = cable.add_reader(vec![0; *size]).expect("a place");
        cable.run_reader(at, true);
    }
    for _ in 0..2 {
        let at = cable.add_writer().expect("a place");
        cable.run_writer(at, true);
    }
    cable
}

fn write(cable: &mut CableDirection<4>, at: usize, bytes: &[u8], now: i64) -> usize {
    cable.write(at, bytes, now, usize::MAX, |_| {})
}

fn read(cable: &mut CableDirection<4>, at: usize) -> Vec<u8> {
    let mut bytes = [0; 64];
    let mut out = vec![];
    loop {
        match cable.read(at, &mut bytes) {
            0 => return out,
            count => out.extend_from_slice(&bytes[..count]),
        }
    }
}

#[test]
fn every_reader_gets_everything() {
    let mut cable = cable(&[64, 128]);
    let bytes = [0x90, 60, 100, 0xF0, 1, 0xF8, 2, 0xF7, 0xC3, 7];
    assert_eq!(write(&mut cable, 0, &bytes, 0), bytes.len());
    assert_eq!(read(&mut cable, 0), bytes);
    assert_eq!(read(&mut cable, 1), bytes);
    assert_eq!(cable.reader_counts(0).messages, 4);
    assert_eq!(cable.writer_counts(0).bytes, bytes.len() as u64);
}

#[test]
fn running_status_is_made_explicit_and_belongs_to_its_writer() {
    let mut cable = cable(&[64]);
    write(&mut cable, 0, &[0x90, 60, 100, 61], 0);
    write(&mut cable, 1, &[0xC1, 5, 6], 0);
    write(&mut cable, 0, &[101], 0);
    assert_eq!(
        read(&mut cable, 0),
        [0x90, 60, 100, 0xC1, 5, 0xC1, 6, 0x90, 61, 101]
    );
}

#[test]
fn a_full_reader_holds_the_writer_up_at_a_multiple_of_four() {
    let mut cable = cable(&[64]);
    let bytes: Vec<u8> = (0..300).map(|i| [0x90, 60, 100][i % 3]).collect();
    let mut sent = 0;
    let mut seen = vec![];
    let mut refused = 0;
    while sent < bytes.len() {
        let count = write(&mut cable, 0, &bytes[sent..], 0);
        assert!(
            count.is_multiple_of(4) || sent + count == bytes.len(),
            "{count}"
        );
        sent += count;
        if count == 0 {
            assert!(cable.is_waiting());
            refused += 1;
            seen.extend(read(&mut cable, 0));
        }
    }
    seen.extend(read(&mut cable, 0));
    assert_eq!(seen, bytes);
    assert!(refused >= 4, "{refused}");
    assert_eq!(cable.reader_counts(0).lost, 0);
}

#[test]
fn the_second_destination_limits_too() {
    let mut cable = cable(&[1024]);
    let mut pieces = 0;
    let count = cable.write(0, &[0xF8; 100], 0, 10, |_| pieces += 1);
    assert_eq!((count, pieces), (8, 8));
    assert_eq!(cable.write(0, &[0xF8; 3], 0, 3, |_| pieces += 1), 3);
    assert_eq!(cable.write(0, &[0xF8; 3], 0, 2, |_| pieces += 1), 0);
}

/// A reader that does not read is waited for, but not for ever; the others then go on, and it comes back when it reads.
#[test]
fn patience_with_a_reader_ends() {
    let mut cable = cable(&[64, 64]);
    let note = [0x90, 60, 100];
    let mut sent = 0;
    while write(&mut cable, 0, &note, 5) == 3 {
        sent += 1;
        read(&mut cable, 1);
    }
    assert!((10..=20).contains(&sent), "{sent}");
    assert_eq!(write(&mut cable, 0, &note, 5 + PATIENCE - 1), 0);
    assert_eq!(write(&mut cable, 0, &note, 5 + PATIENCE), 3);
    assert_eq!(read(&mut cable, 1), note);
    let before = cable.reader_counts(0).lost;
    for _ in 0..10 {
        assert_eq!(write(&mut cable, 0, &note, 5 + PATIENCE), 3);
        read(&mut cable, 1);
    }
    assert!(cable.reader_counts(0).lost >= before + 9);
    // Only whole messages have come through.
    let seen = read(&mut cable, 0);
    assert!(seen.chunks(3).all(|message| message == note));
    assert_eq!(write(&mut cable, 0, &[0xC0, 1], 6 + PATIENCE), 2);
    assert_eq!(read(&mut cable, 0), [0xC0, 1]);
}

/// A deaf reader misses the rest of a System Exclusive message of which it missed a part.
#[test]
fn a_part_of_a_system_exclusive_message_is_never_followed_by_another() {
    let mut cable = cable(&[16]);
    assert_eq!(write(&mut cable, 0, &[0x90, 1, 2, 0x90, 3, 4, 0xF8], 0), 7);
    assert_eq!(write(&mut cable, 0, &[0xF0, 1, 2, 3, 4, 5], 0), 0);
    assert_eq!(write(&mut cable, 0, &[0xF0, 1, 2, 3, 4, 5], PATIENCE), 6);
    assert_eq!(write(&mut cable, 0, &[6, 7, 8, 9, 10, 11, 12], PATIENCE), 7);
    assert_eq!(cable.reader_counts(0).lost, 1);
    let mut two = [0; 2];
    // Room again for what is left, but its middle is missing.
    cable.read(0, &mut two);
    assert_eq!(write(&mut cable, 0, &[13, 0xF7], PATIENCE), 2);
    assert_eq!(write(&mut cable, 0, &[0xC0, 1], PATIENCE), 2);
    assert_eq!(
        read(&mut cable, 0),
        [2, 0x90, 3, 4, 0xF8, 0xF0, 1, 2, 3, 4, 5, 0xC0, 1]
    );
}

/// Nor does its end come alone, whatever there is room for by then.
#[test]
fn the_end_of_what_was_left_out_is_left_out() {
    let mut cable = cable(&[16]);
    write(&mut cable, 0, &[0x90, 1, 2, 0x90, 3, 4, 0xF8], 0);
    assert_eq!(write(&mut cable, 0, &[0xF0, 1, 2, 3, 4, 5], 0), 0);
    write(&mut cable, 0, &[0xF0, 1, 2, 3, 4, 5], PATIENCE);
    write(&mut cable, 0, &[6, 7, 8, 9], PATIENCE);
    let seen = read(&mut cable, 0);
    assert_eq!(seen[7..], [0xF0, 1, 2, 3, 4, 5]);
    // Real time is no end of it, and is not left out.
    write(&mut cable, 0, &[0xF8, 10, 0xF8], PATIENCE);
    write(&mut cable, 0, &[0xF7], PATIENCE);
    assert_eq!(read(&mut cable, 0), [0xF8, 0xF8]);
    // The next one comes whole.
    write(&mut cable, 0, &[0xF0, 9, 0xF7], PATIENCE);
    assert_eq!(read(&mut cable, 0), [0xF0, 9, 0xF7]);
}

/// A reader that stops and starts hears what one hears that is plugged in at that moment, whatever it missed before.
#[test]
fn a_reader_that_comes_back_hears_what_a_new_one_hears() {
    let mut cable = cable(&[16]);
    write(&mut cable, 0, &[0x90, 1, 2, 0x90, 3, 4, 0xF8], 0);
    assert_eq!(write(&mut cable, 0, &[0xF0, 1, 2, 3, 4, 5], 0), 0);
    write(&mut cable, 0, &[0xF0, 1, 2, 3, 4, 5], PATIENCE);
    write(&mut cable, 0, &[6, 7, 8, 9], PATIENCE);
    assert_eq!(cable.reader_counts(0).lost, 1);
    cable.run_reader(0, false);
    cable.run_reader(0, true);
    let new = cable.add_reader(vec![0; 16]).unwrap();
    cable.run_reader(new, true);
    write(&mut cable, 0, &[10, 0xF7, 0xC0, 1], PATIENCE);
    let heard = read(&mut cable, new);
    assert_eq!(heard[heard.len() - 2..], [0xC0, 1]);
    assert_eq!(read(&mut cable, 0), heard);
}

/// When patience ends, a reader that has room for four bytes, as much as they may become, is waited for further on.
#[test]
fn only_readers_without_room_become_deaf() {
    let note = [0x90, 60, 100];
    for more in 0..12 {
        let mut cable = cable(&[32, 32]);
        while write(&mut cable, 0, &note, 0) == 3 {}
        let mut part = vec![0; more];
        assert_eq!(cable.read(1, &mut part), more);
        let room = 32 - cable.reader_counts(1).waiting;
        assert_eq!(write(&mut cable, 0, &note, PATIENCE), 3);
        let waits = (0..40).any(|_| write(&mut cable, 0, &note, PATIENCE) == 0);
        assert_eq!(waits, room >= HELD + 4 * GROWTH, "room for {room}");
    }
}

/// A reader that stops and starts is waited for as at first, with nothing of what was there before.
#[test]
fn a_reader_that_comes_back_is_waited_for() {
    let mut cable = cable(&[16]);
    let note = [0x90, 60, 100];
    while write(&mut cable, 0, &note, 0) == 3 {}
    assert_eq!(write(&mut cable, 0, &note, PATIENCE), 3);
    cable.run_reader(0, false);
    cable.run_reader(0, true);
    let mut taken = 0;
    while write(&mut cable, 0, &note, PATIENCE) == 3 {
        taken += 1;
        assert!(taken < 10, "nobody waits");
    }
    assert_eq!(read(&mut cable, 0), note.repeat(taken));
}

/// A reader that has read a little only is still deaf; half of its buffer makes it hear again.
#[test]
fn half_a_buffer_makes_a_reader_hear() {
    let mut cable = cable(&[32]);
    let note = [0x90, 60, 100];
    while write(&mut cable, 0, &note, 0) == 3 {}
    assert_eq!(write(&mut cable, 0, &note, PATIENCE), 3);
    let mut one = [0; 1];
    let waits = |cable: &mut CableDirection<4>| {
        // Twenty of them do not fit.
        (0..20).any(|_| write(cable, 0, &note, PATIENCE) == 0)
    };
    while cable.reader_counts(0).waiting > 17 {
        cable.read(0, &mut one);
    }
    assert!(!waits(&mut cable));
    while cable.reader_counts(0).waiting > 16 {
        cable.read(0, &mut one);
    }
    assert!(waits(&mut cable));
}

/// Patience begins anew when something has been taken; only readers without room are no longer waited for.
#[test]
fn patience_begins_with_the_first_refusal() {
    let mut cable = cable(&[32, 32]);
    let note = [0x90, 60, 100];
    while write(&mut cable, 0, &note, 0) == 3 {}
    assert_eq!(cable.deadline(), Some(PATIENCE));
    assert_eq!(write(&mut cable, 0, &note, 500), 0);
    assert_eq!(cable.deadline(), Some(PATIENCE));
    read(&mut cable, 0);
    read(&mut cable, 1);
    while write(&mut cable, 0, &note, 900) == 3 {}
    assert_eq!(cable.deadline(), Some(900 + PATIENCE));
    assert_eq!(write(&mut cable, 0, &note, PATIENCE), 0);
    // One reads, the other does not: the first is waited for further on.
    read(&mut cable, 1);
    assert_eq!(write(&mut cable, 0, &note, 900 + PATIENCE - 1), 0);
    let mut taken = 0;
    while write(&mut cable, 0, &note, 900 + PATIENCE) == 3 {
        taken += 1;
        assert!(taken < 20, "nobody waits for the one that reads");
    }
    assert_eq!(read(&mut cable, 1), note.repeat(taken));
}

/// At most 256 bytes at once; a writer that stops forgets what it had begun.
#[test]
fn a_step_of_a_writer() {
    let mut cable = cable(&[2048]);
    assert_eq!(write(&mut cable, 0, &[0xF8; 300], 0), 256);
    read(&mut cable, 0);
    write(&mut cable, 0, &[0x90, 60], 0);
    cable.run_writer(0, false);
    cable.run_writer(0, true);
    write(&mut cable, 0, &[100, 61, 100], 0);
    assert!(read(&mut cable, 0).is_empty());
}

#[test]
fn system_exclusive_is_not_interrupted_by_another_writer() {
    let mut cable = cable(&[64]);
    write(&mut cable, 0, &[0xF0, 1, 2], 0);
    assert_eq!(write(&mut cable, 1, &[0x90, 60, 100], 0), 0);
    write(&mut cable, 0, &[3, 0xF7], 1);
    assert_eq!(write(&mut cable, 1, &[0x90, 60, 100], 2), 3);
    assert_eq!(read(&mut cable, 0), [0xF0, 1, 2, 3, 0xF7, 0x90, 60, 100]);

    // One that does not end is cut off; what comes of it later is ignored.
    write(&mut cable, 0, &[0xF0, 1], 10);
    assert_eq!(write(&mut cable, 1, &[0xC0, 1], 10), 0);
    assert_eq!(write(&mut cable, 1, &[0xC0, 1], 10 + PATIENCE), 2);
    // Nobody speaks any more.
    assert_eq!(write(&mut cable, 1, &[0xC0, 2], 10 + PATIENCE), 2);
    write(&mut cable, 0, &[2, 0xF7, 0xC0, 9], 11 + PATIENCE);
    assert_eq!(read(&mut cable, 0), [0xF0, 1, 0xC0, 1, 0xC0, 2, 0xC0, 9]);
    assert_eq!(cable.writer_counts(0).lost, 1);
}

#[test]
fn a_writer_that_goes_sets_the_others_free() {
    let mut cable = cable(&[64]);
    write(&mut cable, 0, &[0xF0, 1], 0);
    assert_eq!(write(&mut cable, 1, &[0xC0, 1], 0), 0);
    cable.remove_writer(0);
    assert_eq!(write(&mut cable, 1, &[0xC0, 1], 0), 2);
    assert_eq!(cable.add_writer(), Some(0));
}

#[test]
fn places_and_states() {
    let mut cable = cable(&[64, 64]);
    assert_eq!(cable.speakers(), 2);
    assert!(cable.add_reader(vec![0; 48]).is_err(), "not a power of two");
    assert_eq!(cable.add_reader(vec![0; 64]), Ok(2));
    assert_eq!(cable.add_reader(vec![0; 64]), Ok(3));
    assert!(cable.add_reader(vec![0; 64]).is_err(), "there are four");
    write(&mut cable, 0, &[0xC0, 1], 0);
    assert!(read(&mut cable, 2).is_empty(), "it does not run");
    cable.run_reader(0, false);
    cable.run_reader(0, true);
    assert!(read(&mut cable, 0).is_empty(), "forgotten");
    assert_eq!(read(&mut cable, 1), [0xC0, 1]);
    assert_eq!(cable.remove_reader(1).map(|ring| ring.len()), Some(64));
    assert_eq!(cable.remove_reader(1), None);
    // Without a reader everything is taken.
    cable.run_reader(0, false);
    assert_eq!(write(&mut cable, 0, &[0x90; 256], 0), 256);
    // A writer that does not run speaks to nobody.
    cable.run_reader(0, true);
    cable.run_writer(0, false);
    assert_eq!(write(&mut cable, 0, &[0xC0, 1], 0), 2);
    assert!(read(&mut cable, 0).is_empty());
}

/// Two writers with random bytes: a reader sees each one's messages, in order.
#[test]
fn merged_streams_are_whole() {
    for seed in 0..200 {
        let mut random = Random(seed);
        let mut cable = cable(&[64]);
        let messages = |random: &mut Random, channel: u8| -> Vec<Vec<u8>> {
            (0..50)
                .map(|i| match random.below(3) {
                    0 => vec![0xC0 | channel, i],
                    1 => vec![0x90 | channel, i, 1],
                    _ => {
                        let mut message = vec![0xF0, channel, i];
                        message.resize(3 + random.below(90), 3);
                        message.push(0xF7);
                        message
                    }
                })
                .collect()
        };
        let sent = [messages(&mut random, 0), messages(&mut random, 1)];
        let mut rest = sent.each_ref().map(|messages| messages.concat());
        let mut seen = vec![];
        let mut parser = Parser::new(vec![0; 128]);
        while rest.iter().any(|bytes| !bytes.is_empty()) {
            let at = random.below(2);
            let count = random.below(40).min(rest[at].len());
            let taken = write(&mut cable, at, &rest[at][..count], 0);
            rest[at].drain(..taken);
            if random.below(2) == 0 {
                parser.feed_all(&read(&mut cable, 0), |m| seen.push(m.to_vec()));
            }
        }
        parser.feed_all(&read(&mut cable, 0), |m| seen.push(m.to_vec()));
        for (channel, sent) in sent.iter().enumerate() {
            let own = seen.iter().filter(|m| match m[0] {
                0xF0 => usize::from(m[1]) == channel,
                status => usize::from(status & 0xF) == channel,
            });
            assert!(own.eq(sent), "seed {seed}");
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}
