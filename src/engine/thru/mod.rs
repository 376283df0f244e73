// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the render pins receive, for the capture streams: MIDI thru.
//!
//! A message is copied when the port hands it over, and delivered when it is due. What is due at once goes out by the service
//! group's DPC; for what is due later the group's delayed service is asked, at `PASSIVE_LEVEL` as its page wants it.

mod capture_delivery;

use self::capture_delivery::CaptureDelivery;
use super::next::Next;
use super::{Engine, PINS};
use crate::com::event::{Chain, Event};
use crate::com::port::{Allocator, MasterClock, Port, Sink};
use crate::com::service::{PortNotifier, ServiceGroup};
use crate::kernel::driver::Device;
use crate::kernel::irql::Passive;
use crate::kernel::lock::SpinLock;
use crate::kernel::timer::MILLISECOND;
use crate::kernel::work::{Work, WorkItem};
use crate::kernel::{Result, clock, no_memory};
use crate::limits::CAPTURE_INSTANCES;
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN};
use arioso_core::ks::status::{STATUS_DELETE_PENDING, STATUS_INVALID_DEVICE_REQUEST};
use arioso_core::mem::Shared;
use arioso_core::midi::{Counts, Framer};
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

const QUEUES: usize = CAPTURE_INSTANCES as usize;

/// The capture streams in RUN, and the way to their port.
pub struct Thru {
    later: WorkItem<Later>,
    inner: Shared<Inner>,
}

struct Inner {
    /// Streams in RUN.
    listening: AtomicU32,
    state: SpinLock<State>,
    notifier: PortNotifier<Port>,
    /// Time of the performance counter (100 ns) for which delayed service has been asked.
    asked: AtomicI64,
}

struct State {
    /// One for each render pin.
    framers: [Framer; PINS],
    queues: [Option<Shared<CaptureDelivery>>; QUEUES],
}

impl Thru {
    pub fn new(device: &Device) -> Result<Self> {
        let inner = Shared::try_new(Inner {
            listening: AtomicU32::new(0),
            state: SpinLock::new(State {
                framers: [Framer::default(); PINS],
                queues: [const { None }; QUEUES],
            }),
            notifier: PortNotifier::new()?,
            asked: AtomicI64::new(i64::MAX),
        })
        .map_err(no_memory)?;
        Ok(Self {
            later: WorkItem::new(device, Later(inner.clone()))?,
            inner,
        })
    }

    /// The miniport's `Init`: makes the service group of all capture streams.
    pub fn install(&self, passive: Passive, port: Port) -> Result<ServiceGroup> {
        self.inner.notifier.install(passive, port)
    }

    /// The device goes.
    pub fn shut_down(&self, passive: Passive) {
        self.inner.notifier.remove(passive);
        for slot in 0..QUEUES {
            let queue = self.inner.state.with(|s| s.queues.get_mut(slot)?.take());
            if let Some(queue) = queue {
                self.inner.listening.fetch_sub(1, Ordering::SeqCst);
                queue.clear();
            }
        }
    }

    /// Something to show to the capture streams, if there are any. `DISPATCH_LEVEL` or below.
    pub fn writer(&self, slot: u8, now: impl FnOnce() -> i64) -> Option<CaptureWriter<'_>> {
        let listening = self.inner.listening.load(Ordering::SeqCst) != 0;
        listening.then(|| CaptureWriter {
            thru: self,
            slot: slot.into(),
            now: now(),
            earliest: i64::MAX,
        })
    }

    /// The render pin `slot` has stopped.
    pub fn flush(&self, slot: u8) {
        let slot = usize::from(slot);
        self.inner.state.with(|s| {
            if let Some(framer) = s.framers.get_mut(slot) {
                framer.reset();
            }
            for queue in s.queues.iter().flatten() {
                queue.flush(slot);
            }
        });
    }

    fn start(&self, queue: &Shared<CaptureDelivery>) -> Result {
        let free = self.inner.state.with(|s| {
            let free = s.queues.iter_mut().find(|place| place.is_none())?;
            *free = Some(queue.clone());
            Some(())
        });
        free.ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
        self.inner.listening.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn stop(&self, passive: Passive, queue: &Shared<CaptureDelivery>) {
        let is_it = |place: &&mut Option<Shared<CaptureDelivery>>| {
            place
                .as_ref()
                .is_some_and(|other| Shared::ptr_eq(other, queue))
        };
        let gone = self
            .inner
            .state
            .with(|s| s.queues.iter_mut().find(is_it)?.take());
        if gone.is_some() && self.inner.listening.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.inner.notifier.cancel(passive);
            self.inner.asked.store(i64::MAX, Ordering::SeqCst);
        }
        queue.clear();
    }

    /// A message is due in `wait` (100 ns). `DISPATCH_LEVEL` or below.
    fn announce(&self, wait: i64) {
        if wait <= 0 {
            self.inner.notifier.notify();
        } else if clock::now().saturating_add(wait) < self.inner.asked.load(Ordering::SeqCst) {
            self.later.queue();
        }
    }
}

/// One chain of events on its way to the capture streams.
pub struct CaptureWriter<'a> {
    thru: &'a Thru,
    slot: usize,
    now: i64,
    earliest: i64,
}

impl CaptureWriter<'_> {
    /// Copies an event's bytes. A message that is late is due now.
    pub fn take(&mut self, event: &Event) {
        let (slot, group) = (self.slot, event.group().max(1));
        let time = event.time().max(self.now);
        self.thru.inner.state.with(|s| {
            let State { framers, queues } = s;
            let Some(framer) = framers.get_mut(slot) else {
                return;
            };
            framer.feed(event.bytes(), |piece| {
                for queue in queues.iter().flatten() {
                    queue.take(slot, time, group, piece);
                }
            });
        });
        self.earliest = self.earliest.min(time);
    }

    /// Wakes the streams.
    pub fn finish(self) {
        if self.earliest != i64::MAX {
            self.thru.announce(self.earliest.saturating_sub(self.now));
        }
    }
}

/// Asks for delayed service.
struct Later(Shared<Inner>);

impl Work for Later {
    fn run(&self, passive: Passive) {
        let inner = &*self.0;
        inner.notifier.notify_in(passive, || {
            let wait = inner.state.with(|s| {
                let waits = s.queues.iter().flatten().filter_map(|queue| queue.wait());
                waits.min()
            })?;
            let time = clock::now().saturating_add(wait);
            inner.asked.store(time, Ordering::SeqCst);
            Some(wait)
        });
    }
}

/// An open capture pin. Dropping it (at `PASSIVE_LEVEL`) closes it.
pub struct CaptureHandle {
    engine: Shared<Engine>,
    queue: Shared<CaptureDelivery>,
    running: AtomicBool,
}

impl CaptureHandle {
    pub fn open(
        engine: &Shared<Engine>,
        _: Passive,
        allocator: Allocator,
        clock: Option<MasterClock>,
    ) -> Result<Self> {
        if engine.common.is_closed() {
            return Err(STATUS_DELETE_PENDING);
        }
        Ok(Self {
            engine: engine.clone(),
            queue: Shared::try_new(CaptureDelivery::new(allocator, clock)?).map_err(no_memory)?,
            running: AtomicBool::new(false),
        })
    }

    /// The group that serves the stream.
    pub fn group(&self, passive: Passive) -> Option<ServiceGroup> {
        self.engine.thru.inner.notifier.group(passive)
    }

    /// Only in RUN are messages taken; leaving it drops what is not delivered yet.
    pub fn set_state(&self, passive: Passive, state: KSSTATE) -> Result {
        let thru = &self.engine.thru;
        let wanted = state == KSSTATE_RUN && !self.engine.common.is_closed();
        if wanted == self.running.load(Ordering::Relaxed) {
            return Ok(());
        }
        if wanted {
            thru.start(&self.queue)?;
        } else {
            thru.stop(passive, &self.queue);
        }
        self.running.store(wanted, Ordering::Relaxed);
        Ok(())
    }

    /// `PutMessage(NULL)`. `DISPATCH_LEVEL`.
    pub fn deliver(&self) {
        let thru = &self.engine.thru;
        thru.inner.asked.store(i64::MAX, Ordering::SeqCst);
        match self.queue.deliver() {
            Next::Now => thru.announce(0),
            Next::In(wait) => thru.announce(wait),
            Next::Nothing => {}
        }
    }

    pub fn connect(&self, passive: Passive, sink: Sink) -> Result {
        self.queue.connect(passive, sink)
    }

    pub fn disconnect(&self, passive: Passive, is_it: impl FnOnce(&Sink) -> bool) -> Result {
        self.queue.disconnect(passive, is_it)
    }

    pub fn refuse(&self, chain: Chain) {
        self.queue.refuse(chain);
    }

    pub fn counts(&self) -> Counts {
        self.queue.counts()
    }
}

impl Drop for CaptureHandle {
    fn drop(&mut self) {
        let passive = Passive::of_drop();
        self.engine.thru.stop(passive, &self.queue);
        // A removal under way may have it too: the port's allocator and clock go with the stream, not later.
        while !Shared::is_only(&self.queue) {
            passive.sleep(MILLISECOND / 10);
        }
    }
}
