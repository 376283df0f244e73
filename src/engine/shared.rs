//! What every context of the engine may touch.

use super::renderer::{Command, Renderer};
use super::retire::Reaper;
use super::{DEFAULT_RATE, PINS};
use crate::kernel::baton::{Baton, Inside};
use crate::kernel::driver::Device;
use crate::kernel::irql::Passive;
use crate::kernel::lock::SpinLock;
use crate::kernel::work::WorkItem;
use crate::kernel::{Result, no_memory};
use arioso_core::mem::{Ring, TryBox};
use arioso_core::synth::clock::SampleClock;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};

/// Who renders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody: channel state is followed.
    Idle,
    /// `ISynthSinkDMus::Render`.
    Sink,
    /// The slice timer's DPC, for the wave sink.
    Slices,
    /// The endpoint's DPC.
    Endpoint,
}

impl Owner {
    const fn number(self) -> u32 {
        self as u32
    }
}

/// Commands on their way to the owner.
const COMMANDS: usize = 256;

/// What every context of the engine may touch.
pub struct Shared {
    renderer: Baton<TryBox<Renderer>>,
    pub commands: Ring<Command>,
    pub reaper: WorkItem<Reaper>,
    clock: SpinLock<Timeline>,
    /// The idle timer is set.
    pub armed: AtomicBool,
    /// The device is gone.
    pub closed: AtomicBool,
    /// Output rate, frames per second.
    rate: AtomicU32,
    /// Device frame up to which has been rendered.
    rendered: AtomicI64,
    /// The latency clock's last answer: it never goes back.
    latency: AtomicI64,
    pub frames: AtomicU64,
    pub slices: AtomicU64,
    pub skipped: AtomicU64,
    /// Share of a processor that rendering takes, percent × 100.
    pub load: AtomicU32,
    /// Voices of all pins.
    pub voices: AtomicU32,
    /// More was predicted for a slice than it may cost.
    pub over_budget: AtomicBool,
}

struct Timeline {
    clock: SampleClock,
    started: bool,
}

impl Shared {
    pub fn new(device: &Device, renderer: TryBox<Renderer>) -> Result<Self> {
        Ok(Self {
            renderer: Baton::new(Owner::Idle.number(), renderer),
            commands: Ring::new(COMMANDS).map_err(no_memory)?,
            reaper: WorkItem::new(device, Reaper::new()?)?,
            clock: SpinLock::new(Timeline {
                clock: SampleClock::new(DEFAULT_RATE),
                started: false,
            }),
            armed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            rate: AtomicU32::new(DEFAULT_RATE),
            rendered: AtomicI64::new(0),
            latency: AtomicI64::new(i64::MIN),
            frames: AtomicU64::new(0),
            slices: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            load: AtomicU32::new(0),
            voices: AtomicU32::new(0),
            over_budget: AtomicBool::new(false),
        })
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub fn owner(&self) -> Owner {
        match self.renderer.owner() {
            1 => Owner::Sink,
            2 => Owner::Slices,
            3 => Owner::Endpoint,
            _ => Owner::Idle,
        }
    }

    /// Output rate, frames per second.
    pub fn rate(&self) -> u32 {
        self.rate.load(Ordering::Relaxed)
    }

    /// The rate of whoever renders next.
    pub fn set_rate(&self, rate: u32) {
        self.rate.store(rate, Ordering::Relaxed);
    }

    /// The renderer, for its owner. Any IRQL; never waits.
    pub fn enter(&self, owner: Owner) -> Option<Inside<'_, TryBox<Renderer>>> {
        self.renderer.enter(owner.number())
    }

    /// Changes the owner. One thread at a time.
    pub fn hand_over(&self, passive: Passive, owner: Owner, rate: u32) {
        let before = self.owner();
        self.renderer
            .hand_over(passive, owner.number(), |renderer| {
                renderer.run_commands(self);
                renderer.set_output(self, rate, owner == Owner::Idle);
                // Whoever takes over from another one hears voices that are under way.
                renderer.fade_in(rate, before != Owner::Idle && owner != Owner::Idle);
                self.clock.with(|t| {
                    t.clock = SampleClock::new(rate);
                    t.started = false;
                });
                self.rate.store(rate, Ordering::Relaxed);
                self.rendered.store(0, Ordering::Relaxed);
            });
    }

    /// Queues a command. When the ring is full, the caller executes what is in it, in the owner's place. False if the engine is idle
    /// and somebody has to run the command later.
    pub fn send(&self, passive: Passive, command: Command) -> bool {
        let mut command = command;
        loop {
            match self.commands.try_push(command) {
                Ok(()) => break,
                Err(back) => command = back,
            }
            if !self.run_commands(self.owner()) {
                passive.sleep(crate::kernel::timer::MILLISECOND / 10);
            }
        }
        self.owner() != Owner::Idle || self.run_commands(Owner::Idle)
    }

    /// Executes queued commands in the place of `owner`; false if somebody is inside.
    pub fn run_commands(&self, owner: Owner) -> bool {
        match self.enter(owner) {
            Some(mut renderer) => {
                renderer.run_commands(self);
                true
            }
            None => false,
        }
    }

    /// Frees what the owner let go of.
    pub fn reap(&self, passive: Passive) {
        self.reaper.work().reap(passive);
    }

    /// Copies the clock for a block that ends before frame `end`: whatever comes later leaves these frames alone.
    pub fn begin_block(&self, end: i64, clock: &mut SampleClock) {
        self.clock.with(|t| {
            t.clock.commit(end);
            clock.clone_from(&t.clock);
        });
    }

    /// Master time of a frame. `DISPATCH_LEVEL` or below.
    pub fn frame_to_ref(&self, frame: i64) -> i64 {
        self.clock.with(|t| t.clock.frame_to_ref(frame))
    }

    /// Frame at a master time. `DISPATCH_LEVEL` or below.
    pub fn ref_to_frame(&self, time: i64) -> i64 {
        self.clock.with(|t| t.clock.ref_to_frame(time))
    }

    /// The device is at `frame` at master time `now`.
    pub fn sync(&self, now: i64, frame: i64, start: bool) {
        self.clock.with(|t| {
            if start || !t.started {
                t.clock.start(now, frame);
                t.started = true;
            } else {
                t.clock.sync(now, frame);
            }
        });
    }

    /// Starts the clock at `frame` if nobody has synchronized it yet: a port that renders before it synchronizes is heard too.
    pub fn start_clock(&self, now: i64, frame: i64) {
        self.clock.with(|t| {
            if !t.started {
                t.clock.start(now, frame);
                t.started = true;
            }
        });
    }

    /// `count` frames up to `end` have been rendered.
    pub fn note_rendered(&self, end: i64, count: u64) {
        self.rendered.store(end, Ordering::Release);
        self.frames.fetch_add(count, Ordering::Relaxed);
    }

    /// Earliest master time at which a new event is still on time: after `now`, and never less than told before.
    pub fn latency(&self, now: i64) -> i64 {
        let rendered = if self.owner() == Owner::Idle {
            now
        } else {
            let frame = self.rendered.load(Ordering::Acquire);
            self.clock.with(|t| {
                if t.started {
                    t.clock.frame_to_ref(frame)
                } else {
                    now
                }
            })
        };
        let latency = rendered.max(now.saturating_add(1));
        self.latency
            .fetch_max(latency, Ordering::Relaxed)
            .max(latency)
    }
}

/// Number of slots as a check that slots fit the synthesizer's port numbers.
const _: () = assert!(PINS <= u8::MAX as usize);
