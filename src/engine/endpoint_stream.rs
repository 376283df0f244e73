// SPDX-License-Identifier: MIT OR Apache-2.0
//! The endpoint's stream: the timer's DPC renders a millisecond at a time into the cyclic buffer, some milliseconds ahead of the
//! position.

use super::renderer::BLOCK;
use super::state::{EngineState, Owner};
use crate::com::wave_rt::{Event, Packet, SharedBuffer};
use crate::kernel::dpc::{Dpc, Routine};
use crate::kernel::lock::SpinLock;
use crate::kernel::{Result, clock, no_memory};
use arioso_core::audio::{Declick, Format, Gain, Levels, MAX_FRAME, StreamPosition, buffer_size};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_PAUSE, KSSTATE_STOP};
use arioso_core::ks::status::{
    STATUS_DEVICE_NOT_READY, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_STATE,
    STATUS_INVALID_PARAMETER, STATUS_NOT_FOUND, STATUS_NOT_SUPPORTED,
};
use arioso_core::mem::{Shared, TryBox};
use core::sync::atomic::Ordering;

/// Events that may be registered at a time.
const EVENTS: usize = 8;

/// One stream of the endpoint.
pub struct EndpointStream {
    common: Shared<EngineState>,
    levels: Shared<Levels>,
    format: Format,
    /// Frames of a millisecond.
    slice: usize,
    state: SpinLock<State>,
}

struct State {
    ks: KSSTATE,
    buffer: Option<SharedBuffer>,
    place: StreamPosition,
    events: [Option<Event>; EVENTS],
    gain: Gain,
    declick: Declick,
    bytes: TryBox<[u8; BLOCK * MAX_FRAME]>,
}

/// What the DPC has to do.
struct Task {
    /// The owner's frame.
    first: i64,
    skipped: u64,
}

impl EndpointStream {
    pub fn new(
        common: Shared<EngineState>,
        levels: Shared<Levels>,
        format: Format,
    ) -> Result<Self> {
        let slice = ((format.rate / 1000).max(1) as usize).min(BLOCK);
        let longest_lead = longest_lead(&common, format);
        let gain = Gain::new(levels.gains());
        Ok(Self {
            common,
            levels,
            format,
            slice,
            state: SpinLock::new(State {
                ks: KSSTATE_STOP,
                buffer: None,
                place: StreamPosition::new(format.rate, slice as u32, longest_lead),
                events: [None; EVENTS],
                gain,
                declick: Declick::default(),
                bytes: TryBox::try_filled(0).map_err(no_memory)?,
            }),
        })
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Frames that the stream writes ahead of the position.
    pub fn lead(&self) -> u32 {
        self.state.with(|s| s.place.lead())
    }

    /// The size in bytes of a buffer for a client that wants `bytes`: whole frames, as many for each notification, within the limits.
    pub fn buffer_size(&self, bytes: u32, notifications: Option<u32>) -> Result<u32> {
        buffer_size(&self.format, self.slice as u32, bytes, notifications)
            .ok_or(STATUS_INVALID_PARAMETER)
    }

    /// Takes the buffer into use; there must be none yet.
    pub fn put_buffer(
        &self,
        buffer: SharedBuffer,
        notifications: Option<u32>,
    ) -> core::result::Result<(), SharedBuffer> {
        let frames = (buffer.len() as u32)
            .checked_div(self.format.block())
            .unwrap_or(0);
        self.state.with(|s| {
            if s.buffer.is_some() {
                return Err(buffer);
            }
            s.buffer = Some(buffer);
            s.place.set_buffer(frames, notifications);
            Ok(())
        })
    }

    /// Takes the buffer out of use. The stream must not run.
    pub fn take_buffer(&self) -> Option<SharedBuffer> {
        self.state.with(|s| s.buffer.take())
    }

    /// The stream takes over the output, now: it goes on where it stopped.
    pub fn begin(&self) {
        let now = clock::now();
        let ahead = self.state.with(|s| {
            if s.place.has_begun() {
                s.declick.break_off(self.format.rate);
            }
            s.gain = Gain::new(self.levels.gains());
            s.place.begin(now)
        });
        self.common.start_clock(now, ahead.saturating_neg());
    }

    /// The stream has left the output: its position stands still.
    pub fn end(&self) {
        let now = clock::now();
        self.state.with(|s| s.place.end(now));
    }

    /// In STOP everything begins anew.
    pub fn set_state(&self, state: KSSTATE) {
        self.state.with(|s| {
            s.ks = state;
            if state == KSSTATE_STOP {
                s.place.reset();
                s.declick = Declick::default();
            }
        });
    }

    pub fn state(&self) -> KSSTATE {
        self.state.with(|s| s.ks)
    }

    pub fn has_buffer(&self) -> bool {
        self.state.with(|s| s.buffer.is_some())
    }

    /// Offset in the buffer up to which there is sound, bytes. `DISPATCH_LEVEL` or below.
    pub fn position(&self) -> u64 {
        let now = clock::now();
        self.state.with(|s| {
            s.place.advance(now);
            s.place.position_offset(self.format.block())
        })
    }

    pub fn add_event(&self, event: Event) -> Result {
        self.state.with(|s| {
            if s.events.contains(&Some(event)) {
                return Err(STATUS_INVALID_PARAMETER);
            }
            let free = s.events.iter_mut().find(|place| place.is_none());
            *free.ok_or(STATUS_INSUFFICIENT_RESOURCES)? = Some(event);
            Ok(())
        })
    }

    pub fn remove_event(&self, event: Event) -> Result {
        self.state.with(|s| {
            let place = s.events.iter_mut().find(|place| **place == Some(event));
            *place.ok_or(STATUS_NOT_FOUND)? = None;
            Ok(())
        })
    }

    /// The oldest packet that has not been read and not been overwritten.
    pub fn read_packet(&self) -> Result<Packet> {
        let now = clock::now();
        self.state.with(|s| {
            // As the samples: without notifications there are no packets, whatever the state.
            if !s.place.has_packets() {
                return Err(STATUS_NOT_SUPPORTED);
            }
            if s.ks < KSSTATE_PAUSE {
                return Err(STATUS_INVALID_DEVICE_STATE);
            }
            let packet = s.place.read_packet(now).ok_or(STATUS_DEVICE_NOT_READY)?;
            Ok(Packet {
                number: packet.number as u32,
                counter: clock::counter(packet.time),
                more: packet.more,
            })
        })
    }

    /// What there is to do at this moment. A stream that is far behind skips to where it should be.
    fn plan(&self) -> Option<Task> {
        let now = clock::now();
        self.state.with(|s| {
            if !s.place.is_running() {
                return None;
            }
            s.place.set_lead(longest_lead(&self.common, self.format));
            s.place.advance(now);
            s.notify();
            let skipped = s.place.slices_to_skip(now)?;
            if skipped > 0 {
                s.skip(
                    skipped.saturating_mul(self.slice as i64),
                    self.format.block(),
                );
            }
            Some(Task {
                first: s.place.frame_of_run(),
                skipped: skipped as u64,
            })
        })
    }

    /// Puts a slice into the buffer; whether another one is due.
    fn put(&self, frames: &[[f32; 2]]) -> bool {
        let target = self.levels.gains();
        let step = Gain::step(self.format.rate);
        let block = self.format.block();
        self.state.with(|s| {
            let (gain, declick) = (&mut s.gain, &mut s.declick);
            let len = frames.len().wrapping_mul(block as usize);
            let bytes = s.bytes.get_mut(..len).unwrap_or_default();
            let shaped = frames.iter().map(|&[left, right]| {
                let [a, b] = gain.next(target, step);
                declick.join([left * a, right * b])
            });
            self.format.encode(shaped, bytes);
            let at = s.place.write_offset(block);
            if let Some(buffer) = &mut s.buffer {
                buffer.write(at, bytes);
            }
            s.place.wrote(frames.len() as i64);
            let now = clock::now();
            s.place.advance(now);
            s.notify();
            s.place.is_due(now)
        })
    }
}

/// Frames of the setting `EndpointLead`, as it is now.
fn longest_lead(common: &EngineState, format: Format) -> u32 {
    let lead = common.lead.load(Ordering::Relaxed);
    (u64::from(format.rate) * u64::from(lead) / 1000) as u32
}

impl State {
    /// Tells the clients of packets that are complete.
    fn notify(&mut self) {
        if self.place.take_completed() {
            for event in self.events.iter().flatten() {
                event.set();
            }
        }
    }

    /// Leaves out frames: silence.
    fn skip(&mut self, frames: i64, block: u32) {
        let at = self.place.write_offset(block);
        if let Some(buffer) = &mut self.buffer {
            let count = (frames as usize).saturating_mul(block as usize);
            buffer.clear(at, count);
        }
        self.place.wrote(frames);
        self.declick = Declick::default();
    }
}

impl Routine for EndpointStream {
    /// `DISPATCH_LEVEL`. One slice a call; behind by more, it queues itself again.
    fn run(&self, dpc: &Dpc<Self>) {
        let Some(mut renderer) = self.common.enter(Owner::Endpoint) else {
            return;
        };
        let Some(task) = self.plan() else {
            return;
        };
        let block = renderer.render_slice(&self.common, task.first, self.slice);
        let more = self.put(block);
        self.common.slices.fetch_add(1, Ordering::Relaxed);
        self.common
            .skipped
            .fetch_add(task.skipped, Ordering::Relaxed);
        drop(renderer);
        if more {
            dpc.queue();
        }
    }
}
