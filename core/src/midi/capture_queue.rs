// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one capture stream holds: copies of received messages until they are due.

use super::{Counts, Piece, SYSEX};
use crate::mem::{Chain, Link, NoMemory, Owned, OwnedQueue, vec};
use alloc::vec::Vec;

/// Events that a stream holds at most, and how many of them may have a buffer.
const EVENTS: u32 = 65_536;
const BUFFERS: u32 = 4096;

/// A stopped pin's messages that are still held are told from later ones by their generation.
const GENERATIONS: usize = 16;

/// An event of the port's, as a capture queue needs it.
pub trait CaptureEvent: Link {
    /// Its message's bytes, or a part of them.
    fn bytes(&self) -> &[u8];

    /// The bytes lie in a buffer of the allocator.
    fn has_buffer(&self) -> bool;

    /// When it is due. It is in no queue.
    fn set_time(&mut self, time: i64);

    /// Says whether the message goes on in the next event.
    fn set_incomplete(&mut self, more: bool);

    /// A number below 16 times the queue's pins, which the event carries while it is queued; outside it is 0.
    fn tag(&self) -> u16;

    /// Sets the number.
    fn set_tag(&mut self, tag: u16);
}

/// Copies of what `PINS` render pins received, in order of time; a System Exclusive message enters when its last part is there. Events
/// come from the caller and go back to it, each exactly once: [`clear`](Self::clear) the queue before dropping it.
pub struct CaptureQueue<N, const PINS: usize> {
    events: OwnedQueue<N>,
    /// One for each pin. By value they would lie on the stack of whoever makes the queue, several times.
    sources: Vec<Source<N>>,
    count: u32,
    buffers: u32,
    messages: u64,
    bytes: u64,
    lost: u64,
}

/// A render pin, as far as a capture stream knows it.
struct Source<N> {
    /// A System Exclusive message that has not ended.
    parts: Chain<N>,
    /// When it began; none if there is none or its beginning was not heard.
    began: Option<i64>,
    generation: usize,
    /// Held events of each generation.
    held: [u32; GENERATIONS],
}

/// What one step of a delivery takes out.
pub struct Batch<N> {
    /// To be delivered, in this order.
    pub due: Chain<N>,
    /// Of pins that have stopped since.
    pub stale: Chain<N>,
    /// Events in both.
    pub taken: u32,
}

impl<N> Source<N> {
    const NEW: Self = Self {
        parts: Chain::EMPTY,
        began: None,
        generation: 0,
        held: [0; GENERATIONS],
    };
}

impl<N: CaptureEvent, const PINS: usize> CaptureQueue<N, PINS> {
    /// An empty queue.
    pub fn new() -> Result<Self, NoMemory> {
        const { assert!(PINS * GENERATIONS <= 1 << 12, "tags fit the events") };
        Ok(Self {
            events: OwnedQueue::new()?,
            sources: vec::try_collect((0..PINS).map(|_| Source::NEW))?,
            count: 0,
            buffers: 0,
            messages: 0,
            bytes: 0,
            lost: 0,
        })
    }

    /// Takes a copy of what the pin `slot` received, made by `make` in events of at most `buffer` bytes. What is left of a message that
    /// found no room, or has been cut off, is to be given back.
    pub fn take(
        &mut self,
        slot: usize,
        time: i64,
        piece: Piece<'_>,
        buffer: usize,
        make: impl Fn(&[u8]) -> Option<Owned<N>>,
    ) -> Chain<N> {
        if slot >= PINS {
            return Chain::EMPTY;
        }
        match piece {
            Piece::Message(bytes) => {
                self.message(slot, time, bytes, make);
                Chain::EMPTY
            }
            Piece::SysEx(bytes) => self.part(slot, time, bytes, buffer, make),
            Piece::SysExEnd(bytes) => {
                let cut = self.part(slot, time, bytes, buffer, make);
                self.end(slot);
                cut
            }
            Piece::Abandoned => self.abandon(slot),
        }
    }

    /// When the next event is due.
    pub fn peek_time(&self) -> Option<i64> {
        self.events.peek_time()
    }

    /// Takes up to `most` events that are due at `now`.
    pub fn batch(&mut self, now: i64, most: u32) -> Batch<N> {
        let mut batch = Batch {
            due: Chain::EMPTY,
            stale: Chain::EMPTY,
            taken: 0,
        };
        while batch.taken < most && self.events.peek_time().is_some_and(|time| time <= now) {
            let Some(mut event) = self.events.pop() else {
                break;
            };
            let fresh = self.unqueue(&mut event);
            if fresh {
                batch.due.push(event);
            } else {
                batch.stale.push(event);
            }
            batch.taken = batch.taken.wrapping_add(1);
        }
        batch
    }

    /// The pin `slot` has stopped: what it received and is not due yet was never played. Some of it comes back at once, the rest with the
    /// batch in which it is due.
    pub fn flush(&mut self, slot: usize) -> Chain<N> {
        let mut cut = self.abandon(slot);
        if !self.renew(slot) {
            cut.append(self.sweep(slot));
        }
        cut
    }

    /// Takes out everything.
    pub fn clear(&mut self) -> Chain<N> {
        let mut all = Chain::EMPTY;
        for slot in 0..PINS {
            all.append(self.abandon(slot));
        }
        let mut queued = self.events.drain();
        while let Some(mut event) = queued.pop() {
            self.unqueue(&mut event);
            all.push(event);
        }
        all
    }

    /// What has been taken, and the events that wait.
    pub fn counts(&self) -> Counts {
        Counts {
            messages: self.messages,
            bytes: self.bytes,
            lost: self.lost,
            waiting: self.count as usize,
        }
    }

    #[inline(always)]
    fn source(&mut self, slot: usize) -> Option<&mut Source<N>> {
        self.sources.get_mut(slot)
    }

    fn has_room(&self) -> bool {
        self.count < EVENTS && self.buffers < BUFFERS
    }

    fn message(
        &mut self,
        slot: usize,
        time: i64,
        bytes: &[u8],
        make: impl Fn(&[u8]) -> Option<Owned<N>>,
    ) {
        match self.has_room().then(|| make(bytes)).flatten() {
            Some(mut event) => {
                event.set_time(time);
                self.messages = self.messages.wrapping_add(1);
                self.bytes = self.bytes.wrapping_add(bytes.len() as u64);
                self.count = self.count.wrapping_add(1);
                self.queue(slot, event);
            }
            None => self.lost = self.lost.wrapping_add(1),
        }
    }

    /// Part of a System Exclusive message; what is left of one that found no room.
    fn part(
        &mut self,
        slot: usize,
        time: i64,
        bytes: &[u8],
        buffer: usize,
        make: impl Fn(&[u8]) -> Option<Owned<N>>,
    ) -> Chain<N> {
        let Some(source) = self.source(slot) else {
            return Chain::EMPTY;
        };
        if bytes.first() == Some(&SYSEX) {
            source.began = Some(time);
        }
        let Some(began) = source.began else {
            return Chain::EMPTY;
        };
        for bytes in bytes.chunks(buffer.max(1)) {
            let Some(mut event) = self.has_room().then(|| make(bytes)).flatten() else {
                self.lost = self.lost.wrapping_add(1);
                return self.abandon(slot);
            };
            event.set_time(began);
            event.set_incomplete(true);
            self.count = self.count.wrapping_add(1);
            self.buffers = self.buffers.wrapping_add(event.has_buffer().into());
            if let Some(source) = self.source(slot) {
                source.parts.push(event);
            }
        }
        Chain::EMPTY
    }

    /// The last part is there: the message may go.
    fn end(&mut self, slot: usize) {
        let Some(source) = self.source(slot) else {
            return;
        };
        if source.began.take().is_none() {
            return;
        }
        let mut parts = core::mem::replace(&mut source.parts, Chain::EMPTY);
        self.messages = self.messages.wrapping_add(1);
        // Only a message in one event is complete: the parts of a longer one all go through the port's parser.
        let several = parts.has_several();
        while let Some(mut event) = parts.pop() {
            self.bytes = self.bytes.wrapping_add(event.bytes().len() as u64);
            event.set_incomplete(several);
            self.queue(slot, event);
        }
    }

    /// Forgets an unfinished message.
    fn abandon(&mut self, slot: usize) -> Chain<N> {
        let Some(source) = self.source(slot) else {
            return Chain::EMPTY;
        };
        source.began = None;
        let mut parts = core::mem::replace(&mut source.parts, Chain::EMPTY);
        let mut cut = Chain::EMPTY;
        while let Some(event) = parts.pop() {
            self.uncount(&event);
            cut.push(event);
        }
        cut
    }

    fn queue(&mut self, slot: usize, mut event: Owned<N>) {
        let Some(source) = self.source(slot) else {
            return;
        };
        event.set_tag((slot.wrapping_mul(GENERATIONS) | source.generation) as u16);
        if let Some(held) = source.held.get_mut(source.generation) {
            *held = held.wrapping_add(1);
        }
        self.events.push(event);
    }

    /// Accounts for an event that has left the queue, and takes its tag off; whether its pin has not stopped since.
    fn unqueue(&mut self, event: &mut Owned<N>) -> bool {
        let (slot, generation) = origin(event);
        event.set_tag(0);
        self.uncount(event);
        let Some(source) = self.source(slot) else {
            return false;
        };
        if let Some(held) = source.held.get_mut(generation) {
            *held = held.wrapping_sub(1);
        }
        source.generation == generation
    }

    fn uncount(&mut self, event: &Owned<N>) {
        self.count = self.count.wrapping_sub(1);
        self.buffers = self.buffers.wrapping_sub(event.has_buffer().into());
    }

    /// Starts a generation that no held event has; false if there is none.
    fn renew(&mut self, slot: usize) -> bool {
        let Some(source) = self.source(slot) else {
            return true;
        };
        if source.held.get(source.generation) == Some(&0) {
            return true;
        }
        match source.held.iter().position(|held| *held == 0) {
            Some(unused) => {
                source.generation = unused;
                true
            }
            None => false,
        }
    }

    /// Takes out all events of the pin `slot`, which has stopped, and other stale ones.
    fn sweep(&mut self, slot: usize) -> Chain<N> {
        let mut queued = self.events.drain();
        let mut stale = Chain::EMPTY;
        while let Some(mut event) = queued.pop() {
            let (from, generation) = origin(&event);
            let source = self.sources.get(from);
            if from != slot && source.is_some_and(|s| s.generation == generation) {
                self.events.push(event);
            } else {
                self.unqueue(&mut event);
                stale.push(event);
            }
        }
        stale
    }
}

/// The pin that a queued event came from, and its generation then.
fn origin<N: CaptureEvent>(event: &Owned<N>) -> (usize, usize) {
    let tag = usize::from(event.tag());
    (tag / GENERATIONS, tag % GENERATIONS)
}

#[cfg(test)]
#[path = "capture_queue_tests.rs"]
mod tests;
