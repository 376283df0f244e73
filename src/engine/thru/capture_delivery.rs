// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one capture stream holds, on its way to the port: a queue of copies, in the port's own events.

use super::super::PINS;
use super::super::next::Next;
use crate::com::event::{Chain, Node};
use crate::com::port::{Allocator, MasterClock, Sink};
use crate::kernel::irql::Passive;
use crate::kernel::lock::SpinLock;
use crate::kernel::timer::MILLISECOND;
use crate::kernel::{Result, no_memory};
use arioso_core::ks::status::{STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER};
use arioso_core::mem::SerialWork;
use arioso_core::midi::{CaptureQueue, Counts, Piece};

/// Events that go to the port under one hold of the lock, and in one call of the service group.
const BATCH: u32 = 64;
const BUDGET: u32 = 1024;

/// A capture stream's copies and where they go. Filled at `DISPATCH_LEVEL` or below, emptied by the service group's DPC.
pub struct CaptureDelivery {
    allocator: Allocator,
    clock: Option<MasterClock>,
    /// Bytes of a buffer.
    buffer: usize,
    queue: SpinLock<CaptureQueue<Node, PINS>>,
    sink: SpinLock<Option<Sink>>,
    /// Deliveries: were there two at a time, messages would overtake each other.
    delivery: SerialWork,
}

impl CaptureDelivery {
    pub fn new(allocator: Allocator, clock: Option<MasterClock>) -> Result<Self> {
        Ok(Self {
            clock,
            buffer: allocator.buffer_size().max(1),
            allocator,
            queue: SpinLock::new(CaptureQueue::new().map_err(no_memory)?),
            sink: SpinLock::new(None),
            delivery: SerialWork::new(),
        })
    }

    /// Takes a copy of what the pin `slot` received. `DISPATCH_LEVEL` or below.
    pub fn take(&self, slot: usize, time: i64, group: u16, piece: Piece<'_>) {
        let make = |bytes: &[u8]| {
            let mut event = self.allocator.event(bytes)?;
            event.set_group(group);
            Some(event)
        };
        let cut = self
            .queue
            .with(|queue| queue.take(slot, time, piece, self.buffer, make));
        self.allocator.give_back(cut);
    }

    /// Master time in 100 ns. Any IRQL.
    pub fn now(&self) -> i64 {
        MasterClock::time(self.clock.as_ref())
    }

    /// Gives to the port what is due. `DISPATCH_LEVEL`; a call that finds another under way leaves it to that one.
    pub fn deliver(&self) -> Next {
        let mut left = BUDGET;
        self.delivery
            .run(|| self.step(&mut left))
            .unwrap_or(Next::Nothing)
    }

    fn step(&self, left: &mut u32) -> Next {
        loop {
            let now = self.now();
            let batch = self.queue.with(|queue| queue.batch(now, BATCH.min(*left)));
            self.allocator.give_back(batch.stale);
            if batch.taken == 0 {
                return match self.queue.with(|queue| queue.peek_time()) {
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
        let time = self.queue.with(|queue| queue.peek_time())?;
        Some(time.saturating_sub(self.now()))
    }

    /// The pin `slot` has stopped: what it received and is not due yet was never played.
    pub fn flush(&self, slot: usize) {
        let cut = self.queue.with(|queue| queue.flush(slot));
        self.allocator.give_back(cut);
    }

    /// The stream leaves RUN: nothing is held any more.
    pub fn clear(&self) {
        let all = self.queue.with(CaptureQueue::clear);
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
        while !self.delivery.is_idle() {
            passive.sleep(MILLISECOND / 10);
        }
        Ok(())
    }

    /// Gives back events that are not the stream's business.
    pub fn refuse(&self, chain: Chain) {
        self.allocator.give_back(chain);
    }

    pub fn counts(&self) -> Counts {
        self.queue.with(|queue| queue.counts())
    }
}

impl Drop for CaptureDelivery {
    fn drop(&mut self) {
        self.clear();
    }
}
