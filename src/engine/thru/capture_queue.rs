// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one capture stream holds: copies of received messages until they are due, in the port's own events.

use super::super::PINS;
use super::super::next::Next;
use crate::com::event::{Chain, Event, Events};
use crate::com::port::{Allocator, MasterClock, Sink};
use crate::kernel::irql::Passive;
use crate::kernel::lock::SpinLock;
use crate::kernel::timer::MILLISECOND;
use crate::kernel::{Result, clock, no_memory};
use arioso_core::ks::arioso::ARIOSO_TRANSPORT;
use arioso_core::ks::status::{STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER};
use arioso_core::midi::{Piece, SYSEX};
use core::sync::atomic::{AtomicU32, Ordering};

/// Events that a stream holds at most, and how many of them may have a buffer.
const EVENTS: u32 = 65_536;
const BUFFERS: u32 = 4096;
/// Events that go to the port under one hold of the lock, and in one call of the service group.
const BATCH: u32 = 64;
const BUDGET: u32 = 1024;

/// A stopped pin's messages that are still held are told from later ones by their generation.
const GENERATIONS: usize = 16;

/// A capture stream's copies. Filled at `DISPATCH_LEVEL` or below, emptied by the service group's DPC.
pub struct CaptureQueue {
    allocator: Allocator,
    clock: Option<MasterClock>,
    /// Bytes of a buffer.
    buffer: usize,
    held: SpinLock<Held>,
    sink: SpinLock<Option<Sink>>,
    delivery: AtomicU32,
}

/// States of a delivery. It runs at one place at a time, or messages would overtake each other.
const IDLE: u32 = 0;
const BUSY: u32 = 1;
const AGAIN: u32 = 2;

struct Held {
    events: Events,
    sources: [Source; PINS],
    count: u32,
    buffers: u32,
    messages: u64,
    bytes: u64,
    lost: u64,
}

/// A render pin, as far as a capture stream knows it.
struct Source {
    /// A System Exclusive message that has not ended.
    parts: Chain,
    /// When it began; none if there is none or its beginning was not heard.
    began: Option<i64>,
    generation: usize,
    /// Held events of each generation.
    held: [u32; GENERATIONS],
}

/// What one step of a delivery takes out.
struct Batch {
    due: Chain,
    stale: Chain,
    taken: u32,
}

impl CaptureQueue {
    pub fn new(allocator: Allocator, clock: Option<MasterClock>) -> Result<Self> {
        Ok(Self {
            clock,
            buffer: allocator.buffer_size().max(1),
            allocator,
            held: SpinLock::new(Held {
                events: Events::new().map_err(no_memory)?,
                sources: [const { Source::NEW }; PINS],
                count: 0,
                buffers: 0,
                messages: 0,
                bytes: 0,
                lost: 0,
            }),
            sink: SpinLock::new(None),
            delivery: AtomicU32::new(IDLE),
        })
    }

    /// Takes a copy of what the pin `slot` received. `DISPATCH_LEVEL` or below.
    pub fn take(&self, slot: usize, time: i64, group: u16, piece: Piece<'_>) {
        let make = |bytes: &[u8]| {
            let mut event = self.allocator.event(bytes)?;
            event.set_group(group);
            Some(event)
        };
        let cut = self.held.with(|held| match piece {
            Piece::Message(bytes) => {
                held.message(slot, time, bytes, make);
                Chain::EMPTY
            }
            Piece::SysEx(bytes) => held.part(slot, time, bytes, self.buffer, make),
            Piece::SysExEnd(bytes) => {
                let cut = held.part(slot, time, bytes, self.buffer, make);
                held.end(slot);
                cut
            }
            Piece::Abandoned => held.abandon(slot),
        });
        self.allocator.give_back(cut);
    }

    /// Master time in 100 ns. Any IRQL.
    pub fn now(&self) -> i64 {
        self.clock
            .as_ref()
            .and_then(MasterClock::now)
            .unwrap_or_else(clock::now)
    }

    /// Gives to the port what is due. `DISPATCH_LEVEL`; a call that finds another under way leaves it to that one.
    pub fn deliver(&self) -> Next {
        let enter = |state| Some(if state == IDLE { BUSY } else { AGAIN });
        let before = self
            .delivery
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, enter);
        if before != Ok(IDLE) {
            return Next::Nothing;
        }
        let mut left = BUDGET;
        loop {
            let next = self.step(&mut left);
            if self
                .delivery
                .compare_exchange(BUSY, IDLE, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                return next;
            }
            self.delivery.store(BUSY, Ordering::Release);
        }
    }

    fn step(&self, left: &mut u32) -> Next {
        loop {
            let now = self.now();
            let batch = self.held.with(|held| held.batch(now, BATCH.min(*left)));
            self.allocator.give_back(batch.stale);
            if batch.taken == 0 {
                return match self.held.with(|held| held.events.peek_time()) {
                    None => Next::Nothing,
                    Some(time) if time > now => Next::In(time.saturating_sub(now)),
                    Some(_) => Next::Now,
                };
            }
            *left = left.saturating_sub(batch.taken);
            let mut due = batch.due;
            // `disconnect` waits for this delivery before it returns, so the copy is good until then.
            match self.sink.with(|sink| *sink) {
                // One by one: some readers look at the first message of a buffer only.
                Some(sink) => {
                    while let Some(event) = due.pop() {
                        sink.put(event);
                    }
                }
                None => self.allocator.give_back(due),
            }
        }
    }

    /// In how many 100 ns the next message is due.
    pub fn wait(&self) -> Option<i64> {
        let time = self.held.with(|held| held.events.peek_time())?;
        Some(time.saturating_sub(self.now()))
    }

    /// The pin `slot` has stopped: what it received and is not due yet was never played.
    pub fn flush(&self, slot: usize) {
        let cut = self.held.with(|held| {
            let mut cut = held.abandon(slot);
            if !held.renew(slot) {
                cut.append(held.sweep(slot));
            }
            cut
        });
        self.allocator.give_back(cut);
    }

    /// The stream leaves RUN: nothing is held any more.
    pub fn clear(&self) {
        let all = self.held.with(|held| held.purge(Chain::EMPTY));
        self.allocator.give_back(all);
    }

    pub fn connect(&self, _: Passive, sink: Sink) -> Result {
        self.sink.with(|place| match place {
            None => {
                *place = Some(sink);
                Ok(())
            }
            Some(_) => Err(STATUS_INVALID_DEVICE_REQUEST),
        })
    }

    pub fn disconnect(&self, passive: Passive, is_it: impl FnOnce(&Sink) -> bool) -> Result {
        self.sink
            .with(|place| place.take_if(|sink| is_it(sink)))
            .ok_or(STATUS_INVALID_PARAMETER)?;
        while self.delivery.load(Ordering::Acquire) != IDLE {
            passive.sleep(MILLISECOND / 10);
        }
        Ok(())
    }

    /// Gives back events that are not the stream's business.
    pub fn refuse(&self, chain: Chain) {
        self.allocator.give_back(chain);
    }

    pub fn counts(&self) -> ARIOSO_TRANSPORT {
        self.held.with(|held| ARIOSO_TRANSPORT {
            Size: size_of::<ARIOSO_TRANSPORT>() as u32,
            Waiting: held.count,
            Messages: held.messages,
            Bytes: held.bytes,
            Lost: held.lost,
        })
    }
}

impl Drop for CaptureQueue {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Source {
    const NEW: Self = Self {
        parts: Chain::EMPTY,
        began: None,
        generation: 0,
        held: [0; GENERATIONS],
    };
}

impl Held {
    fn has_room(&self) -> bool {
        self.count < EVENTS && self.buffers < BUFFERS
    }

    fn message(
        &mut self,
        slot: usize,
        time: i64,
        bytes: &[u8],
        make: impl Fn(&[u8]) -> Option<Event>,
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
        make: impl Fn(&[u8]) -> Option<Event>,
    ) -> Chain {
        let Some(source) = self.sources.get_mut(slot) else {
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
            if let Some(source) = self.sources.get_mut(slot) {
                source.parts.push(event);
            }
        }
        Chain::EMPTY
    }

    /// The last part is there: the message may go.
    fn end(&mut self, slot: usize) {
        let Some(source) = self.sources.get_mut(slot) else {
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
    fn abandon(&mut self, slot: usize) -> Chain {
        let Some(source) = self.sources.get_mut(slot) else {
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

    fn queue(&mut self, slot: usize, mut event: Event) {
        let Some(source) = self.sources.get_mut(slot) else {
            return;
        };
        event.set_tag((slot.wrapping_mul(GENERATIONS) | source.generation) as u16);
        if let Some(held) = source.held.get_mut(source.generation) {
            *held = held.wrapping_add(1);
        }
        self.events.push(event);
    }

    /// Takes up to `most` events that are due at `now`.
    fn batch(&mut self, now: i64, most: u32) -> Batch {
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

    /// Accounts for an event that has left the queue, and takes its tag off; whether its pin has not stopped since.
    fn unqueue(&mut self, event: &mut Event) -> bool {
        let (slot, generation) = origin(event);
        event.set_tag(0);
        self.uncount(event);
        let Some(source) = self.sources.get_mut(slot) else {
            return false;
        };
        if let Some(held) = source.held.get_mut(generation) {
            *held = held.wrapping_sub(1);
        }
        source.generation == generation
    }

    fn uncount(&mut self, event: &Event) {
        self.count = self.count.wrapping_sub(1);
        self.buffers = self.buffers.wrapping_sub(event.has_buffer().into());
    }

    /// Starts a generation that no held event has; false if there is none.
    fn renew(&mut self, slot: usize) -> bool {
        let Some(source) = self.sources.get_mut(slot) else {
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
    fn sweep(&mut self, slot: usize) -> Chain {
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

    /// Takes out everything; it follows `first`.
    fn purge(&mut self, first: Chain) -> Chain {
        let mut all = first;
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
}

/// The pin that a queued event came from, and its generation then.
fn origin(event: &Event) -> (usize, usize) {
    let tag = usize::from(event.tag());
    (tag / GENERATIONS, tag % GENERATIONS)
}
