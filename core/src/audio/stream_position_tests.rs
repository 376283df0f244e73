// SPDX-License-Identifier: MIT OR Apache-2.0
use super::super::format::Sample;
use super::*;
use proptest::prelude::*;

const MILLISECOND: i64 = SECOND / 1000;
const RATES: [u32; 3] = [44_100, 48_000, 96_000];

/// A stream with slices of a millisecond, a lead of 3 ms, and a buffer of 20 ms with `notifications`.
fn stream(rate: u32, notifications: Option<u32>) -> StreamPosition {
    let mut place = StreamPosition::new(rate, rate / 1000, 3 * rate / 1000);
    place.set_buffer(rate / 50, notifications);
    place
}

/// What the timer's routine does at `now`, without its rendering.
fn fill(place: &mut StreamPosition, now: i64) {
    place.advance(now);
    if let Some(skipped) = place.slices_to_skip(now) {
        let slice = i64::from(place.slice);
        place.wrote(skipped * slice);
        loop {
            place.wrote(slice);
            place.advance(now);
            if !place.is_due(now) {
                break;
            }
        }
    }
}

/// `floor(ticks · rate / 10⁷)`, in numbers that are wide enough.
fn exact(ticks: i64, rate: u32) -> i64 {
    (i128::from(ticks) * i128::from(rate)).div_euclid(i128::from(SECOND)) as i64
}

/// A stream that is written in time is where the time is, for weeks, at each rate, wherever it began.
#[test]
fn the_position_is_the_time_in_frames() {
    const DAY: i64 = 86_400 * SECOND;
    for rate in RATES {
        for start in [0, 1, 7 * DAY + 12_345_679] {
            let mut place = stream(rate, Some(2));
            assert_eq!(place.begin(start), 0);
            for after in [1, 999, MILLISECOND, SECOND - 1, SECOND, DAY, 50 * DAY + 1] {
                fill(&mut place, start + after);
                assert_eq!(place.position, exact(after, rate), "{rate} Hz, {after}");
                let ahead = place.written - place.position;
                let lead = i64::from(place.lead());
                assert!((lead..lead + i64::from(place.slice)).contains(&ahead));
            }
        }
    }
}

/// The frames of a time and the time of frames are each other's inverse, as far as rounding down allows.
#[test]
fn frames_and_ticks_are_inverse() {
    for rate in RATES {
        for frame in (0..10_000).chain((1i64 << 40)..(1 << 40) + 100) {
            let at = ticks(frame, rate);
            let closed = (i128::from(frame) * i128::from(SECOND)).div_euclid(i128::from(rate));
            assert_eq!(i128::from(at), closed);
            assert!((frame - 1..=frame).contains(&frames(at, rate)));
            assert_eq!(frames(at + 1, rate), frame, "{rate} Hz");
        }
        assert_eq!(frames(-1, rate), -1, "before the beginning");
    }
}

/// A packet is complete at the moment of its last frame, also for who asks first for the packet and for nothing else.
#[test]
fn a_packet_is_there_when_its_time_has_passed() {
    for rate in [48_000, 96_000] {
        let mut place = stream(rate, Some(2));
        place.begin(7);
        place.wrote(i64::from(rate));
        for number in 0..20 {
            let complete = 7 + (number + 1) * 10 * MILLISECOND;
            assert_eq!(place.read_packet(complete - 1), None, "{number}");
            let packet = PacketStart {
                number,
                time: 7 + number * 10 * MILLISECOND,
                more: false,
            };
            assert_eq!(place.read_packet(complete), Some(packet));
            assert_eq!(place.read_packet(complete), None);
        }
    }
}

/// Offsets are frames modulo the buffer: one that is no divisor of anything.
#[test]
fn offsets_wrap_at_the_buffers_end() {
    let mut place = StreamPosition::new(48_000, 48, 144);
    place.set_buffer(1001, None);
    place.begin(0);
    for ms in 1..200 {
        fill(&mut place, ms * MILLISECOND);
        assert_eq!(place.position_offset(6), (48 * ms as u64 % 1001) * 6);
        let written = (48 * ms + i64::from(place.lead()) + 47) / 48 * 48;
        assert_eq!(place.write_offset(6), (written % 1001 * 6) as usize);
    }
    // Without a buffer there is no place in it.
    let place = StreamPosition::new(48_000, 48, 144);
    assert_eq!((place.position_offset(4), place.write_offset(4)), (0, 0));
}

/// The lead is what was asked for, but a quarter of what is read at once at most.
#[test]
fn the_lead_leaves_room() {
    let mut place = StreamPosition::new(48_000, 48, 144);
    for (frames, notifications, lead) in [
        (9600, None, 144),
        (9600, Some(2), 144),
        (400, None, 100),
        (400, Some(1), 100),
        (400, Some(2), 50),
    ] {
        place.set_buffer(frames, notifications);
        assert_eq!(place.lead(), lead, "{frames} {notifications:?}");
    }
}

/// After a pause the stream goes on where it was, with what lies in the buffer; only STOP begins anew.
#[test]
fn a_pause_loses_nothing() {
    let mut place = stream(48_000, Some(2));
    place.begin(0);
    fill(&mut place, 5 * MILLISECOND);
    place.end(7 * MILLISECOND);
    let (position, written) = (place.position, place.written);
    assert_eq!((position, written), (7 * 48, 8 * 48));
    place.advance(60 * MILLISECOND);
    assert_eq!(place.position, position, "it stands still");
    assert_eq!(place.slices_to_skip(60 * MILLISECOND), None);
    assert!(!place.is_running() && !place.is_due(60 * MILLISECOND));
    assert_eq!(place.begin(SECOND), written - position);
    assert_eq!(place.frame_of_run(), 0);
    fill(&mut place, SECOND + MILLISECOND);
    assert_eq!(place.position, position + 48);
    assert_eq!(place.frame_of_run(), place.written - written);
    place.end(SECOND + MILLISECOND);
    place.reset();
    assert!(!place.has_begun());
    assert_eq!(place.begin(2 * SECOND), 0);
    assert_eq!(place.position_offset(4), 0);
}

/// A timer that comes late by up to 50 ms delays: all is written. Beyond that the stream goes on one slice before its goal.
#[test]
fn late_is_delayed_and_too_late_is_skipped() {
    for (late, skipped) in [(1, 0), (40, 0), (47, 0), (48, 50), (500, 502)] {
        let mut place = stream(48_000, None);
        place.begin(0);
        let now = late * MILLISECOND;
        place.advance(now);
        assert_eq!(place.position, 0, "nothing is written yet");
        assert_eq!(place.slices_to_skip(now), Some(skipped), "{late} ms");
        fill(&mut place, now);
        assert_eq!(place.position, late * 48);
        assert_eq!(place.written, (late + 3) * 48);
    }
}

/// Two packets of 10 ms: told when they are complete, read in turn, the older one lost to who is late.
#[test]
fn packets_are_told_and_read() {
    let mut place = stream(48_000, Some(2));
    assert!(place.has_packets() && !stream(48_000, None).has_packets());
    place.begin(100);
    fill(&mut place, 100 + 9 * MILLISECOND);
    assert!(!place.take_completed());
    assert_eq!(place.read_packet(100 + 9 * MILLISECOND), None);
    fill(&mut place, 100 + 10 * MILLISECOND);
    assert!(place.take_completed() && !place.take_completed());
    let packet = |number: i64, more| PacketStart {
        number,
        time: 100 + number * 10 * MILLISECOND,
        more,
    };
    let now = 100 + 10 * MILLISECOND;
    assert_eq!(place.read_packet(now), Some(packet(0, false)));
    assert_eq!(place.read_packet(now), None);
    fill(&mut place, 100 + 35 * MILLISECOND);
    let now = 100 + 35 * MILLISECOND;
    assert!(place.take_completed());
    assert_eq!(place.read_packet(now), Some(packet(2, false)));
    // Three in a turn: two may wait.
    place.set_buffer(3 * 480, Some(3));
    fill(&mut place, 100 + 59 * MILLISECOND);
    let now = 100 + 59 * MILLISECOND;
    assert_eq!(place.read_packet(now), Some(packet(3, true)));
    assert_eq!(place.read_packet(now), Some(packet(4, false)));
    // Without packets there is none to read or to tell of.
    place.set_buffer(960, None);
    assert_eq!(place.read_packet(now), None);
}

/// Whole frames, halves of whole frames, no less than wanted, within the limits.
#[test]
fn buffers_have_whole_frames_within_limits() {
    let samples = [Sample::Int16, Sample::Int24, Sample::Int32];
    for (rate, mono, sample) in RATES
        .iter()
        .flat_map(|rate| samples.map(|s| (*rate, false, s)))
        .chain([(48_000, true, Sample::Int24)])
    {
        let format = Format { rate, mono, sample };
        let (block, slice) = (format.block(), rate / 1000);
        for bytes in [1, block * 4 * slice, 10_001, 40_000, 77_777, u32::MAX] {
            for notifications in [None, Some(1), Some(2)] {
                let size = buffer_size(&format, slice, bytes, notifications).unwrap();
                let frames = size / block;
                assert_eq!((size % block, frames % 2), (0, 0));
                assert!(frames >= 4 * slice && frames <= 2 * rate);
                let wanted = bytes.div_ceil(block).clamp(4 * slice, 2 * rate);
                assert!((wanted..=wanted + 1).contains(&frames), "{bytes}: {frames}");
            }
        }
        assert_eq!(buffer_size(&format, slice, 0, None), None);
        assert_eq!(buffer_size(&format, slice, 10_000, Some(0)), None);
        assert_eq!(buffer_size(&format, slice, 10_000, Some(3)), None);
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Time passes; the timer's routine writes so many slices at most.
    Pass(i64, u32),
    Read,
    Pause(i64),
    Stop,
}

fn steps() -> impl Strategy<Value = std::vec::Vec<Step>> {
    let step = prop_oneof![
        12 => (0..30 * MILLISECOND, 0u32..40).prop_map(|(time, slices)| Step::Pass(time, slices)),
        1 => (0..3 * SECOND, 0u32..4).prop_map(|(time, slices)| Step::Pass(time, slices)),
        4 => Just(Step::Read),
        1 => (0..SECOND).prop_map(Step::Pause),
        1 => Just(Step::Stop),
    ];
    prop::collection::vec(step, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]
    /// Whatever the timer does: the position never goes back, never passes the time or what is written; nothing is further ahead than the
    /// lead and a slice; packets come in order, complete, and no more than a turn old.
    #[test]
    fn order_is_kept(which in 0usize..3, notifications in prop_oneof![Just(None), (1u32..=2).prop_map(Some)], steps in steps()) {
        let rate = RATES[which];
        let mut place = stream(rate, notifications);
        let slice = i64::from(place.slice);
        let mut now = 1_000;
        let (mut began, mut from) = (now, 0);
        let (mut read, mut told) = (-1, 0);
        place.begin(now);
        for step in steps {
            let before = place.clone();
            match step {
                Step::Pass(time, slices) => {
                    now += time;
                    place.advance(now);
                    for _ in 0..slices {
                        let Some(skipped) = place.slices_to_skip(now) else { break };
                        prop_assert!(place.is_due(now));
                        place.wrote(skipped * slice);
                        place.wrote(slice);
                        place.advance(now);
                    }
                    if place.take_completed() {
                        prop_assert!(place.complete() > told);
                        told = place.complete();
                    }
                    prop_assert_eq!(told, place.complete());
                }
                Step::Read => {
                    if let Some(packet) = place.read_packet(now) {
                        prop_assert!(packet.number > read);
                        read = packet.number;
                        let end = (packet.number + 1) * place.packet;
                        prop_assert!(end <= place.position);
                        let turn = place.turn.max(2 * place.packet);
                        prop_assert!(place.position - (end - place.packet) < turn);
                        prop_assert!(packet.time <= now);
                        prop_assert_eq!(packet.more, (read + 1) < place.complete());
                    } else if place.has_packets() {
                        prop_assert_eq!(place.complete(), read + 1);
                    }
                }
                Step::Pause(time) => {
                    place.end(now);
                    now += time;
                    prop_assert_eq!(place.begin(now), place.written - place.position);
                    (began, from) = (now, place.position);
                    // The end told nobody: the timer's routine will.
                    told = place.notified;
                }
                Step::Stop => {
                    place.end(now);
                    place.reset();
                    place.begin(now);
                    (began, from, read, told) = (now, 0, -1, 0);
                    continue;
                }
            }
            prop_assert!(before.position <= place.position && before.written <= place.written);
            prop_assert!(place.position <= place.written);
            prop_assert!(place.position <= from + exact(now - began, rate));
            prop_assert!(place.written <= from + exact(now - began, rate) + place.lead + slice + before.written - before.position);
            prop_assert!(place.position_offset(4) < place.turn as u64 * 4);
            prop_assert_eq!(place.frame_of_run() % slice, 0);
        }
    }
}
