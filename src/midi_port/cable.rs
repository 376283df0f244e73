// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cable: two directions, their port, and the timer for those who wait too long.

use super::cable_synth::CableSynth;
use crate::com::service::{PortMidi, PortNotifier, ServiceGroup};
use crate::engine::Engine;
use crate::kernel::driver::Device;
use crate::kernel::irql::Passive;
use crate::kernel::lock::SpinLock;
use crate::kernel::timer::MILLISECOND;
use crate::kernel::work::{Work, WorkItem};
use crate::kernel::{Result, clock, no_memory};
use arioso_core::ks::status::{STATUS_DELETE_PENDING, STATUS_INVALID_DEVICE_REQUEST};
use arioso_core::mem::{Shared, vec};
use arioso_core::midi::{CableDirection, Counts};
use core::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Instances of each pin, over all clients.
pub const CLIENTS: u32 = 8;

/// Bytes that wait for a reader: a power of two.
const BUFFER: usize = 65_536;
/// How long a reader that does not read, or a message that does not end, holds up writers.
const PATIENCE: i64 = 1000 * MILLISECOND;
/// Bytes that are read under one hold of the lock.
const STEP: usize = 1024;

/// A direction of the cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    AToB,
    BToA,
}

/// The cable. Streams, the miniport and the adapter hold it.
pub struct Cable {
    later: WorkItem<Later>,
    service: Shared<Service>,
    wires: [SpinLock<Wire>; 2],
    engine: Shared<Engine>,
    closed: AtomicBool,
}

struct Wire {
    cable: CableDirection<{ CLIENTS as usize }>,
    /// In the direction from end A, while somebody writes and the setting says so.
    synth: Option<CableSynth>,
}

/// The way to the port.
struct Service {
    notifier: PortNotifier<PortMidi>,
    /// When the patience of a direction's writers ends, 100 ns of the performance counter; none waits: the largest number.
    deadlines: [AtomicI64; 2],
}

/// Asks for delayed service, after which the port offers again what was not taken. Any other service takes the place of a delayed
/// one, so it is asked for whenever something is not taken.
struct Later(Shared<Service>);

impl Work for Later {
    fn run(&self, passive: Passive) {
        let Service {
            notifier,
            deadlines,
        } = &*self.0;
        notifier.notify_in(passive, || {
            let times = deadlines.iter().map(|time| time.load(Ordering::SeqCst));
            let first = times.min().filter(|time| *time != i64::MAX)?;
            let wait = first.saturating_sub(clock::now());
            // Past it, only the synthesizer is waited for.
            Some(if wait > 0 { wait } else { PATIENCE })
        });
    }
}

/// A client at an end.
#[derive(Clone, Copy)]
pub struct Client {
    direction: Direction,
    reads: bool,
    at: usize,
}

impl Cable {
    /// Not inlined: by value it would lie on the stack of whoever starts the device.
    #[inline(never)]
    pub fn shared(device: &Device, engine: Shared<Engine>) -> Result<Shared<Self>> {
        let service = Shared::try_new(Service {
            notifier: PortNotifier::new()?,
            deadlines: [const { AtomicI64::new(i64::MAX) }; 2],
        })
        .map_err(no_memory)?;
        let wire = || {
            SpinLock::new(Wire {
                cable: CableDirection::new(PATIENCE),
                synth: None,
            })
        };
        let cable = Self {
            later: WorkItem::new(device, Later(service.clone()))?,
            service,
            wires: [wire(), wire()],
            engine,
            closed: AtomicBool::new(false),
        };
        Shared::try_new(cable).map_err(no_memory)
    }

    /// The miniport's `Init`: makes the service group of all streams.
    pub fn install(&self, passive: Passive, port: PortMidi) -> Result<ServiceGroup> {
        self.service.notifier.install(passive, port)
    }

    /// The group that serves the streams.
    pub fn group(&self, passive: Passive) -> Result<ServiceGroup> {
        self.service
            .notifier
            .group(passive)
            .ok_or(STATUS_DELETE_PENDING)
    }

    /// The device goes: nothing is waited for or played any more.
    pub fn shut_down(&self, passive: Passive) {
        self.closed.store(true, Ordering::SeqCst);
        self.service.notifier.remove(passive);
        for wire in &self.wires {
            let synth = wire.with(|wire| wire.synth.take());
            drop(synth);
        }
    }

    /// A place at an end.
    pub fn join(&self, _: Passive, direction: Direction, reads: bool) -> Result<Client> {
        if self.is_closed() {
            return Err(STATUS_DELETE_PENDING);
        }
        let wire = self.wire(direction);
        let at = if reads {
            let ring = vec::try_filled(BUFFER, 0).map_err(no_memory)?;
            // A buffer for which there is no place is freed out here.
            wire.with(|wire| wire.cable.add_reader(ring)).ok()
        } else {
            wire.with(|wire| wire.cable.add_writer())
        };
        Ok(Client {
            direction,
            reads,
            at: at.ok_or(STATUS_INVALID_DEVICE_REQUEST)?,
        })
    }

    /// The client's stream is closed.
    pub fn leave(&self, passive: Passive, client: Client) {
        let buffer = self.wire(client.direction).with(|wire| {
            if client.reads {
                wire.cable.remove_reader(client.at)
            } else {
                wire.cable.remove_writer(client.at);
                None
            }
        });
        drop(buffer);
        self.settle(passive, client.direction);
    }

    /// The client enters or leaves RUN.
    pub fn run(&self, passive: Passive, client: Client, running: bool) -> Result {
        let wire = self.wire(client.direction);
        if client.reads {
            wire.with(|wire| wire.cable.run_reader(client.at, running));
        } else {
            if running {
                self.connect_synth(passive, client.direction)?;
            }
            wire.with(|wire| wire.cable.run_writer(client.at, running));
        }
        if !running {
            self.settle(passive, client.direction);
        }
        Ok(())
    }

    /// Takes bytes from a client: all, or a multiple of four. `DISPATCH_LEVEL` or below.
    pub fn write(&self, client: Client, bytes: &[u8]) -> usize {
        if self.is_closed() {
            return bytes.len();
        }
        let mut rest = bytes;
        let mut waits = false;
        while !rest.is_empty() {
            let now = clock::now();
            let (count, deadline) = self.wire(client.direction).with(|wire| {
                let Wire { cable, synth } = wire;
                let count = match synth {
                    Some(synth) => {
                        let mut phrase = synth.begin();
                        let count =
                            cable.write(client.at, rest, now, synth.room(), |p| phrase.put(p));
                        phrase.end();
                        count
                    }
                    None => cable.write(client.at, rest, now, usize::MAX, |_| {}),
                };
                (count, cable.deadline())
            });
            self.deadline(client.direction)
                .store(deadline.unwrap_or(i64::MAX), Ordering::SeqCst);
            if count == 0 {
                waits = true;
                break;
            }
            rest = rest.get(count..).unwrap_or_default();
        }
        let taken = bytes.len().saturating_sub(rest.len());
        if taken != 0 {
            self.service.notifier.notify();
        }
        if waits {
            self.later.queue();
        }
        taken
    }

    /// Gives captured bytes to a client; how many. `DISPATCH_LEVEL` or below.
    pub fn read(&self, client: Client, bytes: &mut [u8]) -> usize {
        let mut taken = 0usize;
        let mut is_waited_for = false;
        for part in bytes.chunks_mut(STEP) {
            let len = part.len();
            let (count, waiting) = self
                .wire(client.direction)
                .with(|wire| (wire.cable.read(client.at, part), wire.cable.is_waiting()));
            taken = taken.saturating_add(count);
            is_waited_for |= waiting && count != 0;
            if count < len {
                break;
            }
        }
        if is_waited_for {
            self.service.notifier.notify();
        }
        taken
    }

    /// What has passed the client.
    pub fn counts(&self, client: Client) -> Counts {
        self.wire(client.direction).with(|wire| {
            if client.reads {
                wire.cable.reader_counts(client.at)
            } else {
                wire.cable.writer_counts(client.at)
            }
        })
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn wire(&self, direction: Direction) -> &SpinLock<Wire> {
        let [to_b, to_a] = &self.wires;
        match direction {
            Direction::AToB => to_b,
            Direction::BToA => to_a,
        }
    }

    fn deadline(&self, direction: Direction) -> &AtomicI64 {
        let [to_b, to_a] = &self.service.deadlines;
        match direction {
            Direction::AToB => to_b,
            Direction::BToA => to_a,
        }
    }

    /// Opens the way to the synthesizer, if it is wanted and not open.
    fn connect_synth(&self, passive: Passive, direction: Direction) -> Result {
        let wire = self.wire(direction);
        let wanted = direction == Direction::AToB && self.engine.plays_cable();
        if !wanted || self.is_closed() || wire.with(|wire| wire.synth.is_some()) {
            return Ok(());
        }
        let synth = CableSynth::new(&self.engine, passive)?;
        // Somebody else may have been faster: one of the two goes.
        let other = wire.with(|wire| wire.synth.replace(synth));
        drop(other);
        if self.is_closed() {
            let synth = wire.with(|wire| wire.synth.take());
            drop(synth);
            return Err(STATUS_DELETE_PENDING);
        }
        Ok(())
    }

    /// Somebody has gone: without writers nothing is played, and without anybody to wait for nobody waits.
    fn settle(&self, passive: Passive, direction: Direction) {
        let (synth, waits) = self.wire(direction).with(|wire| {
            let silent = wire.cable.speakers() == 0;
            (
                if silent { wire.synth.take() } else { None },
                wire.cable.is_waiting(),
            )
        });
        drop(synth);
        if waits {
            self.service.notifier.notify();
        } else if self.wires.iter().all(|w| w.with(|w| !w.cable.is_waiting())) {
            self.service.notifier.cancel(passive);
        }
    }
}
