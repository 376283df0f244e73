// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a MIDI pin and the owner of the synthesizer share.

use crate::com::event::{Chain, Event, Events};
use crate::com::event_origin::EventOrigin;
use crate::com::port::MasterClock;
use crate::kernel::irql::Passive;
use crate::kernel::lock::SpinLock;
use crate::kernel::timer::MILLISECOND;
use crate::kernel::{Result, no_memory};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN, KSSTATE_STOP};
use core::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

/// A pin's events and what is known about it. The port puts events in, at `DISPATCH_LEVEL` or below; the owner takes them out when
/// they are due, and gives each back to where it came from exactly once.
pub struct Pin {
    queue: SpinLock<Queue>,
    origin: EventOrigin,
    clock: Option<MasterClock>,
    /// Events that the owner took and has not given back yet, and stops that have not given back what was queued.
    held: AtomicU32,
    pub meter: Meter,
}

struct Queue {
    state: KSSTATE,
    events: Events,
    /// Time of the message whose end has not come yet.
    fragment: Option<i64>,
}

/// What the owner counts for a pin, and the pin's properties read.
#[derive(Default)]
pub struct Meter {
    pub events: AtomicU64,
    pub late: AtomicU64,
    /// 100 ns.
    pub max_lateness: AtomicI64,
    pub notes: AtomicU64,
    pub lost_notes: AtomicU64,
    /// Notes that waited for what they play, and the longest wait in frames.
    pub late_notes: AtomicU64,
    pub longest_wait: AtomicU64,
    pub voices: AtomicU32,
    pub peak_voices: AtomicU32,
    /// Since entry to RUN. Bits of an `f32`; 1.0 is full scale.
    pub peak_level: AtomicU32,
}

impl Pin {
    pub fn new(origin: EventOrigin, clock: Option<MasterClock>) -> Result<Self> {
        Ok(Self {
            queue: SpinLock::new(Queue {
                state: KSSTATE_STOP,
                events: Events::new().map_err(no_memory)?,
                fragment: None,
            }),
            origin,
            clock,
            held: AtomicU32::new(0),
            meter: Meter::default(),
        })
    }

    /// Master time in 100 ns. Any IRQL.
    pub fn now(&self) -> i64 {
        MasterClock::time(self.clock.as_ref())
    }

    pub fn state(&self) -> KSSTATE {
        self.queue.with(|q| q.state)
    }

    /// Takes over the port's events; a package's events count one by one, at the package's time. On a stopped pin they go back at
    /// once. Each event that is not refused is shown to `seen` first. `DISPATCH_LEVEL` or below.
    pub fn put(&self, mut chain: Chain, mut seen: Option<impl FnMut(&Event)>) {
        let mut refused = Chain::EMPTY;
        while let Some(mut event) = chain.pop() {
            if event.is_package() {
                chain.prepend(unpack(&mut event));
                refused.push(event);
                continue;
            }
            if let Some(seen) = &mut seen
                && self.state() != KSSTATE_STOP
            {
                seen(&event);
            }
            // One event per hold: the lock is never held for long, however long the chain.
            let back = self.queue.with(|q| q.push(event));
            if let Some(event) = back {
                refused.push(event);
            }
        }
        self.origin.give_back(refused);
    }

    /// Sets the state; stopping gives all events back before it returns.
    pub fn set_state(&self, passive: Passive, state: KSSTATE) {
        let back = self.queue.with(|q| {
            q.state = state;
            if state == KSSTATE_STOP {
                q.fragment = None;
                self.held.fetch_add(1, Ordering::Relaxed);
                q.events.drain()
            } else {
                Chain::EMPTY
            }
        });
        self.origin.give_back(back);
        if state == KSSTATE_STOP {
            self.held.fetch_sub(1, Ordering::Release);
            // The owner may be about to give back what it took, which is at most one block; so may somebody else who stops the pin.
            while self.held.load(Ordering::Acquire) != 0 {
                passive.sleep(MILLISECOND / 10);
            }
        }
    }

    /// Whether an owner will find events here sooner or later.
    pub fn is_pending(&self) -> bool {
        self.queue
            .with(|q| q.state == KSSTATE_RUN && q.events.peek_time().is_some())
    }

    /// The next event's time, while the pin runs.
    pub fn peek_time(&self) -> Option<i64> {
        self.queue.with(|q| {
            if q.state == KSSTATE_RUN {
                q.events.peek_time()
            } else {
                None
            }
        })
    }

    /// Takes the next event, while the pin runs. Every event taken must go to [`Pin::give_back`].
    pub fn take(&self) -> Option<Event> {
        self.queue.with(|q| {
            if q.state != KSSTATE_RUN {
                return None;
            }
            let event = q.events.pop();
            if event.is_some() {
                self.held.fetch_add(1, Ordering::Relaxed);
            }
            event
        })
    }

    /// Ends the hold on `count` taken events.
    pub fn give_back(&self, events: Chain, count: u32) {
        self.origin.give_back(events);
        self.held.fetch_sub(count, Ordering::Release);
    }
}

impl Queue {
    /// Queues the event, or returns it if the pin is stopped.
    fn push(&mut self, mut event: Event) -> Option<Event> {
        if self.state == KSSTATE_STOP {
            return Some(event);
        }
        if let Some(time) = self.place(&event) {
            event.set_time(time);
        }
        self.events.push(event);
        None
    }

    /// Parts of one message stay together: the time to which a continuation must move.
    fn place(&mut self, event: &Event) -> Option<i64> {
        let first = event.bytes().first().copied().unwrap_or(0);
        let begun = self.fragment;
        match (begun, first) {
            // Real-time messages may come in between.
            (_, 0xF8..) => None,
            (Some(time), ..=0x7F | 0xF7) => {
                if !event.is_incomplete() {
                    self.fragment = None;
                }
                Some(time)
            }
            _ => {
                self.fragment = event.is_incomplete().then(|| event.time());
                None
            }
        }
    }
}

/// The events of a package, at its time.
fn unpack(package: &mut Event) -> Chain {
    let time = package.time();
    let mut inner = package.take_package();
    let mut events = Chain::EMPTY;
    while let Some(mut event) = inner.pop() {
        event.set_time(time);
        events.push(event);
    }
    events
}
