// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::mem::boxed_node::{BoxedNode, make, open};
use core::cell::Cell;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// What a short event holds itself, as the port's do.
const SHORT: usize = 8;
/// Bytes of a buffer.
const BUFFER: usize = 20;

struct Copied {
    bytes: Vec<u8>,
    incomplete: bool,
    tag: u16,
}

type Node = BoxedNode<Copied>;
type Queue = CaptureQueue<Node, 3>;

impl CaptureEvent for Node {
    fn bytes(&self) -> &[u8] {
        &self.value.bytes
    }
    fn has_buffer(&self) -> bool {
        self.value.bytes.len() > SHORT
    }
    fn set_time(&mut self, time: i64) {
        self.time = time;
    }
    fn set_incomplete(&mut self, more: bool) {
        self.value.incomplete = more;
    }
    fn tag(&self) -> u16 {
        self.value.tag
    }
    fn set_tag(&mut self, tag: u16) {
        self.value.tag = tag;
    }
}

/// Events as the port's allocator makes them, until it has made enough.
struct Allocator {
    made: Cell<usize>,
    back: Cell<usize>,
    most: usize,
}

impl Allocator {
    fn new(most: usize) -> Self {
        Self {
            made: Cell::new(0),
            back: Cell::new(0),
            most,
        }
    }

    fn event(&self, bytes: &[u8]) -> Option<Owned<Node>> {
        if self.made.get() == self.most {
            return None;
        }
        self.made.set(self.made.get() + 1);
        let copy = Copied {
            bytes: bytes.to_vec(),
            incomplete: false,
            tag: 0,
        };
        Some(make(i64::MIN, copy))
    }

    /// Time, bytes and whether more follows, of each.
    fn give_back(&self, mut chain: Chain<Node>) -> Vec<(i64, Vec<u8>, bool)> {
        let mut all = vec![];
        while let Some(node) = chain.pop() {
            let (time, copy) = open(node);
            assert_eq!(copy.tag, 0, "no tag goes to the port");
            self.back.set(self.back.get() + 1);
            all.push((time, copy.bytes, copy.incomplete));
        }
        all
    }

    fn out(&self) -> usize {
        self.made.get() - self.back.get()
    }

    fn take(&self, queue: &mut Queue, slot: usize, time: i64, piece: Piece<'_>) -> usize {
        let cut = queue.take(slot, time, piece, BUFFER, |bytes| self.event(bytes));
        self.give_back(cut).len()
    }
}

fn note(n: u8) -> [u8; 3] {
    [0x90, n & 0x7F, 100]
}

#[test]
fn messages_leave_when_they_are_due() {
    let port = Allocator::new(usize::MAX);
    let mut queue = Queue::new().unwrap();
    for (n, time) in [50, 20, 50, 10].into_iter().enumerate() {
        port.take(&mut queue, 0, time, Piece::Message(&note(n as u8)));
    }
    assert_eq!(queue.peek_time(), Some(10));
    let mut due = |now, most| {
        let batch = queue.batch(now, most);
        assert!(batch.stale.is_empty());
        let due = port.give_back(batch.due);
        assert_eq!(due.len(), batch.taken as usize);
        due.into_iter()
            .map(|(_, bytes, _)| bytes[1])
            .collect::<Vec<_>>()
    };
    assert!(due(9, 8).is_empty());
    assert_eq!(due(20, 8), [3, 1]);
    assert_eq!(due(99, 1), [0], "first come, first served");
    assert_eq!(due(99, 8), [2]);
    let counts = queue.counts();
    assert_eq!((counts.messages, counts.bytes, counts.lost), (4, 12, 0));
    assert_eq!((port.out(), counts.waiting), (0, 0));
}

/// A System Exclusive message has the time of its beginning, enters with its end, and all its parts say that more follows: one that fits
/// an event does not.
#[test]
fn exclusive_messages_enter_whole() {
    let port = Allocator::new(usize::MAX);
    let mut queue = Queue::new().unwrap();
    let begin = [&[0xF0][..], &[1; 24]].concat();
    port.take(&mut queue, 1, 5, Piece::SysEx(&begin));
    port.take(&mut queue, 0, 6, Piece::SysExEnd(&[0xF0, 2, 0xF7]));
    port.take(&mut queue, 1, 7, Piece::SysEx(&[3; 3]));
    let early = port.give_back(queue.batch(100, 99).due);
    assert_eq!(early, [(6, vec![0xF0, 2, 0xF7], false)]);
    assert_eq!(queue.counts().waiting, 3);
    port.take(&mut queue, 1, 8, Piece::SysExEnd(&[0xF7]));
    let parts = port.give_back(queue.batch(5, 99).due);
    let lengths: Vec<usize> = parts.iter().map(|(_, bytes, _)| bytes.len()).collect();
    assert_eq!(lengths, [20, 5, 3, 1]);
    assert!(parts.iter().all(|(time, _, more)| *time == 5 && *more));
    assert_eq!(queue.counts().messages, 2);
    assert_eq!((queue.counts().bytes, port.out()), (32, 0));
}

/// Whose beginning was not heard is not a message.
#[test]
fn an_end_without_a_beginning_is_nothing() {
    let port = Allocator::new(usize::MAX);
    let mut queue = Queue::new().unwrap();
    port.take(&mut queue, 0, 0, Piece::SysEx(&[1, 2, 3]));
    port.take(&mut queue, 0, 0, Piece::SysExEnd(&[4, 0xF7]));
    port.take(&mut queue, 0, 0, Piece::Abandoned);
    port.take(&mut queue, 3, 0, Piece::Message(&note(0)));
    assert_eq!((port.made.get(), queue.counts()), (0, Counts::default()));
}

/// One that is cut off comes back at once, and was neither taken nor lost.
#[test]
fn what_is_cut_off_comes_back() {
    let port = Allocator::new(usize::MAX);
    let mut queue = Queue::new().unwrap();
    port.take(&mut queue, 2, 0, Piece::SysEx(&[0xF0; 50]));
    assert_eq!(port.out(), 3);
    assert_eq!(port.take(&mut queue, 2, 0, Piece::Abandoned), 3);
    assert_eq!(queue.counts(), Counts::default());
    assert_eq!(port.out(), 0);
}

/// The allocator has no more: a short message is lost, and a long one whole.
#[test]
fn what_finds_no_memory_is_lost() {
    let port = Allocator::new(3);
    let mut queue = Queue::new().unwrap();
    port.take(&mut queue, 0, 0, Piece::SysEx(&[0xF0; 50]));
    assert_eq!(port.take(&mut queue, 0, 0, Piece::SysEx(&[1; 50])), 3);
    port.take(&mut queue, 0, 0, Piece::SysExEnd(&[0xF7]));
    port.take(&mut queue, 0, 0, Piece::Message(&note(0)));
    let counts = queue.counts();
    assert_eq!((counts.lost, counts.messages, counts.waiting), (2, 0, 0));
    assert_eq!(port.out(), 0);
}

/// A stream holds so many events and no more; there is room again when some have left.
#[test]
#[cfg_attr(miri, ignore)]
fn there_is_a_limit() {
    let port = Allocator::new(usize::MAX);
    let mut queue = Queue::new().unwrap();
    for n in 0..EVENTS + 10 {
        port.take(&mut queue, 0, n.into(), Piece::Message(&note(0)));
    }
    let counts = queue.counts();
    assert_eq!((counts.waiting, counts.lost), (EVENTS as usize, 10));
    assert_eq!(port.give_back(queue.batch(99, 1000).due).len(), 100);
    for n in 0..101 {
        port.take(&mut queue, 0, n, Piece::Message(&note(0)));
    }
    assert_eq!(queue.counts().lost, 11);
    assert_eq!(port.give_back(queue.clear()).len(), EVENTS as usize);
    // Of those with a buffer there may be fewer.
    port.take(&mut queue, 1, 0, Piece::SysEx(&[0xF0; BUFFER]));
    for n in 1..BUFFERS {
        let back = port.take(&mut queue, 1, 0, Piece::SysEx(&[1; BUFFER]));
        assert_eq!(back, 0, "{n}");
    }
    let back = port.take(&mut queue, 1, 0, Piece::SysEx(&[1; BUFFER]));
    assert_eq!(back, BUFFERS as usize);
    assert_eq!((port.out(), queue.counts().lost), (0, 12));
    port.take(&mut queue, 1, 0, Piece::SysExEnd(&[0xF0, 0xF7]));
    assert_eq!(port.give_back(queue.clear()).len(), 1);
}

/// More stops than generations while everything waits: nothing of what went before is delivered, and all that came after is, once.
#[test]
fn a_pin_that_stops_again_and_again() {
    let port = Allocator::new(usize::MAX);
    let mut queue = Queue::new().unwrap();
    port.take(&mut queue, 0, 70, Piece::Message(&note(7)));
    for n in 0..3 * GENERATIONS as u8 {
        port.take(&mut queue, 1, 60, Piece::Message(&note(n)));
        port.take(&mut queue, 1, 0, Piece::SysEx(&[0xF0, n]));
        let cut = queue.flush(1);
        port.give_back(cut);
        assert!(queue.counts().waiting <= GENERATIONS + 1);
    }
    port.take(&mut queue, 1, 60, Piece::Message(&note(99)));
    let batch = queue.batch(100, u32::MAX);
    let due = port.give_back(batch.due);
    let keys: Vec<u8> = due.iter().map(|(_, bytes, _)| bytes[1]).collect();
    assert_eq!(keys, [99, 7]);
    assert!(port.give_back(batch.stale).len() < GENERATIONS);
    assert_eq!((port.out(), queue.counts().waiting), (0, 0));
}

/// As long as a generation is free, a stop is short: what waits comes back with the batch in which it is due.
#[test]
fn a_stop_leaves_what_waits_where_it_is() {
    let port = Allocator::new(usize::MAX);
    let mut queue = Queue::new().unwrap();
    for n in 0..3 * GENERATIONS as u8 {
        port.take(&mut queue, 1, 60, Piece::Message(&note(n)));
        for slot in [1, 0, 1, 3] {
            assert!(queue.flush(slot).is_empty(), "{n}: pin {slot}");
        }
        let batch = queue.batch(60, 9);
        assert!(batch.due.is_empty());
        assert_eq!(port.give_back(batch.stale).len(), 1);
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Message(usize, i64),
    /// Bytes of System Exclusive, and whether the message ends with them.
    Exclusive(usize, usize, bool),
    Abandon(usize),
    Flush(usize),
    Deliver(i64, u32),
    Clear,
}

/// A System Exclusive message that is arriving: its time, and its parts, each with whether it is incomplete.
type Open = Option<(i64, Vec<(Vec<u8>, bool)>)>;

/// A message that waits, in the events in which it should leave.
struct Waiting {
    slot: usize,
    time: i64,
    events: Vec<(Vec<u8>, bool)>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0usize..3, 0i64..40).prop_map(|(slot, later)| Step::Message(slot, later)),
        4 => (0usize..3, 0usize..50, any::<bool>()).prop_map(|(slot, len, ends)| Step::Exclusive(slot, len, ends)),
        1 => (0usize..3).prop_map(Step::Abandon),
        3 => (0usize..3).prop_map(Step::Flush),
        5 => (0i64..20, 0u32..12).prop_map(|(time, most)| Step::Deliver(time, most)),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 128 }, failure_persistence: None, ..Default::default() })]
    /// Whatever comes in whatever order: what is delivered are the messages of pins that have not stopped since, by time, then by
    /// arrival; each event goes back once, and the counts say what is there.
    #[test]
    fn equals_a_sorted_list(steps in steps()) {
        let port = Allocator::new(usize::MAX);
        let mut queue = Queue::new().unwrap();
        let mut waiting: Vec<Waiting> = vec![];
        let mut open: [Open; 3] = Default::default();
        let (mut now, mut count) = (0, 0u8);
        let (mut messages, mut bytes) = (0, 0);
        let enter = |waiting: &mut Vec<Waiting>, new: Waiting| {
            let at = waiting.partition_point(|other| other.time <= new.time);
            waiting.insert(at, new);
        };
        for step in steps {
            count = (count + 1) & 0x7F;
            match step {
                Step::Message(slot, later) => {
                    port.take(&mut queue, slot, now + later, Piece::Message(&note(count)));
                    enter(&mut waiting, Waiting { slot, time: now + later, events: vec![(note(count).to_vec(), false)] });
                    messages += 1;
                    bytes += 3;
                }
                Step::Exclusive(slot, len, ends) => {
                    let mut piece = vec![count; len];
                    if open[slot].is_none() {
                        piece.insert(0, SYSEX);
                        open[slot] = Some((now, vec![]));
                    }
                    if ends {
                        piece.push(0xF7);
                    }
                    let (_, parts) = open[slot].as_mut().unwrap();
                    parts.extend(piece.chunks(BUFFER).map(|chunk| (chunk.to_vec(), true)));
                    if ends {
                        port.take(&mut queue, slot, now, Piece::SysExEnd(&piece));
                        let (time, mut events) = open[slot].take().unwrap();
                        if let [(_, more)] = &mut events[..] {
                            *more = false;
                        }
                        messages += 1;
                        bytes += events.iter().map(|(bytes, _)| bytes.len() as u64).sum::<u64>();
                        enter(&mut waiting, Waiting { slot, time, events });
                    } else {
                        port.take(&mut queue, slot, now, Piece::SysEx(&piece));
                    }
                }
                Step::Abandon(slot) => {
                    let parts = open[slot].take().map_or(0, |(_, parts)| parts.len());
                    prop_assert_eq!(port.take(&mut queue, slot, now, Piece::Abandoned), parts);
                }
                Step::Flush(slot) => {
                    port.give_back(queue.flush(slot));
                    open[slot] = None;
                    waiting.retain(|message| message.slot != slot);
                }
                Step::Deliver(time, most) => {
                    now += time;
                    let batch = queue.batch(now, most);
                    prop_assert!(batch.taken <= most);
                    let due = port.give_back(batch.due);
                    let stale = port.give_back(batch.stale).len();
                    prop_assert_eq!(due.len() + stale, batch.taken as usize);
                    for event in due {
                        prop_assert!(!waiting.is_empty(), "more than there was");
                        let first = &mut waiting[0];
                        let (bytes, more) = first.events.remove(0);
                        prop_assert_eq!(event, (first.time, bytes, more));
                        if first.events.is_empty() {
                            waiting.remove(0);
                        }
                    }
                    if batch.taken < most {
                        prop_assert!(waiting.first().is_none_or(|message| message.time > now));
                    }
                }
                Step::Clear => {
                    port.give_back(queue.clear());
                    open = Default::default();
                    waiting.clear();
                    prop_assert_eq!(port.out(), 0);
                }
            }
            let counts = queue.counts();
            prop_assert_eq!(counts.waiting, port.out());
            prop_assert_eq!((counts.messages, counts.bytes, counts.lost), (messages, bytes, 0));
            let held: usize = waiting.iter().map(|message| message.events.len()).sum();
            let unfinished: usize = open.iter().flatten().map(|(_, parts)| parts.len()).sum();
            prop_assert!(counts.waiting >= held + unfinished);
        }
        port.give_back(queue.clear());
        prop_assert_eq!((port.out(), queue.buffers), (0, 0));
    }
}
