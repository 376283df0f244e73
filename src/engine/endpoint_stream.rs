// SPDX-License-Identifier: MIT OR Apache-2.0
//! The endpoint's stream: the timer's DPC renders a millisecond at a time into the cyclic buffer, some milliseconds ahead of the
//! position.

use super::renderer::BLOCK;
use super::state::{EngineState, Owner};
use crate::com::wave_rt::{Event, Packet, SharedBuffer};
use crate::kernel::dpc::{Dpc, Routine};
use crate::kernel::lock::SpinLock;
use crate::kernel::{Result, clock, no_memory};
use arioso_core::audio::{Declick, Format, Gain, Levels, MAX_FRAME};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_PAUSE, KSSTATE_STOP};
use arioso_core::ks::status::{
    STATUS_DEVICE_NOT_READY, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_STATE,
    STATUS_INVALID_PARAMETER, STATUS_NOT_FOUND, STATUS_NOT_SUPPORTED,
};
use arioso_core::mem::{Shared, TryBox};
use core::sync::atomic::Ordering;

/// Events that may be registered at a time.
const EVENTS: usize = 8;
/// A stream that is further behind skips frames: 50 ms.
const CATCH_UP_MS: u32 = 50;
/// Shortest buffer in slices: what is written ahead stays clear of what is read.
const LEAST_SLICES: u32 = 4;
/// Longest buffer in seconds.
const MOST_SECONDS: u32 = 2;

/// One stream of the endpoint.
pub struct EndpointStream {
    common: Shared<EngineState>,
    levels: Shared<Levels>,
    format: Format,
    /// Frames of a millisecond.
    slice: usize,
    /// Frames.
    longest_lead: u32,
    state: SpinLock<State>,
}

struct State {
    ks: KSSTATE,
    buffer: Option<SharedBuffer>,
    /// Frames of the buffer, and of what lies between two notifications (0: none).
    turn: i64,
    packet: i64,
    /// Frames that the stream writes ahead of the position.
    lead: i64,
    /// Frames since the stream left STOP: what has been told, what lies in the buffer.
    position: i64,
    written: i64,
    run: Option<Run>,
    /// Packets: whose end has been notified, that have been read.
    notified: i64,
    read: i64,
    events: [Option<Event>; EVENTS],
    gain: Gain,
    declick: Declick,
    bytes: TryBox<[u8; BLOCK * MAX_FRAME]>,
}

/// Where the stream was when it entered RUN.
#[derive(Clone, Copy)]
struct Run {
    /// 100 ns.
    time: i64,
    position: i64,
    written: i64,
}

/// What the DPC has to do.
struct Task {
    /// The owner's frame.
    first: i64,
    skipped: u64,
}

impl EndpointStream {
    /// `lead` in milliseconds.
    pub fn new(
        common: Shared<EngineState>,
        levels: Shared<Levels>,
        format: Format,
        lead: u32,
    ) -> Result<Self> {
        let slice = (format.rate / 1000).max(1);
        let gain = Gain::new(levels.gains());
        Ok(Self {
            common,
            levels,
            format,
            slice: (slice as usize).min(BLOCK),
            longest_lead: format.rate.saturating_mul(lead) / 1000,
            state: SpinLock::new(State {
                ks: KSSTATE_STOP,
                buffer: None,
                turn: 0,
                packet: 0,
                lead: 0,
                position: 0,
                written: 0,
                run: None,
                notified: 0,
                read: 0,
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
        self.state.with(|s| s.lead as u32)
    }

    /// The size in bytes of a buffer for a client that wants `bytes`: whole frames, as many for each notification, within the limits.
    pub fn buffer_size(&self, bytes: u32, notifications: Option<u32>) -> Result<u32> {
        let count = notifications.unwrap_or(1);
        // `KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION`: once or twice in a turn.
        if bytes == 0 || !(1..=2).contains(&count) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        let block = self.format.block().max(1);
        let least = LEAST_SLICES.wrapping_mul(self.slice as u32);
        let most = self.format.rate.saturating_mul(MOST_SECONDS);
        let frames = bytes.div_ceil(block).max(least).min(most);
        // Even, so that it can be halved.
        Ok((frames & 1).wrapping_add(frames).wrapping_mul(block))
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
        let packet = notifications.map_or(0, |n| frames.checked_div(n).unwrap_or(0));
        let part = if packet == 0 { frames } else { packet };
        self.state.with(|s| {
            if s.buffer.is_some() {
                return Err(buffer);
            }
            s.buffer = Some(buffer);
            s.turn = frames.into();
            s.packet = packet.into();
            s.lead = self.longest_lead.min(part / 4).into();
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
            if s.written != 0 {
                s.declick.break_off(self.format.rate);
            }
            s.gain = Gain::new(self.levels.gains());
            s.run = Some(Run {
                time: now,
                position: s.position,
                written: s.written,
            });
            s.written.saturating_sub(s.position)
        });
        self.common.start_clock(now, ahead.saturating_neg());
    }

    /// The stream has left the output: its position stands still.
    pub fn end(&self) {
        let now = clock::now();
        self.state.with(|s| {
            s.advance(now, self.format.rate);
            s.run = None;
        });
    }

    /// In STOP everything begins anew.
    pub fn set_state(&self, state: KSSTATE) {
        self.state.with(|s| {
            s.ks = state;
            if state == KSSTATE_STOP {
                s.position = 0;
                s.written = 0;
                s.notified = 0;
                s.read = 0;
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
        let frame = self.state.with(|s| {
            s.advance(now, self.format.rate);
            s.position.checked_rem(s.turn).unwrap_or(0)
        });
        (frame as u64).wrapping_mul(self.format.block().into())
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
            if s.packet == 0 {
                return Err(STATUS_NOT_SUPPORTED);
            }
            if s.ks < KSSTATE_PAUSE {
                return Err(STATUS_INVALID_DEVICE_STATE);
            }
            s.advance(now, self.format.rate);
            let complete = s.position.checked_div(s.packet).unwrap_or(0);
            let whole = s.turn.checked_div(s.packet).unwrap_or(1);
            // One of them is being written.
            let kept = whole.saturating_sub(1).max(1);
            let number = s.read.max(complete.saturating_sub(kept));
            if number >= complete {
                return Err(STATUS_DEVICE_NOT_READY);
            }
            s.read = number.saturating_add(1);
            let first = number.saturating_mul(s.packet);
            let time = s.run.map_or(now, |run| {
                let frames = first.saturating_sub(run.position);
                run.time.saturating_add(ticks(frames, self.format.rate))
            });
            Ok(Packet {
                number: number as u32,
                counter: clock::counter(time),
                more: s.read < complete,
            })
        })
    }

    /// What there is to do at this moment. A stream that is far behind skips to where it should be.
    fn plan(&self) -> Option<Task> {
        let now = clock::now();
        let slice = self.slice as i64;
        self.state.with(|s| {
            let run = s.run?;
            s.advance(now, self.format.rate);
            s.notify();
            let behind = s.goal(now, self.format.rate)?.saturating_sub(s.written);
            if behind <= 0 {
                return None;
            }
            let mut skipped = 0i64;
            if behind > i64::from(self.format.rate.saturating_mul(CATCH_UP_MS) / 1000) {
                skipped = behind.checked_div(slice).unwrap_or(0).saturating_sub(1);
                s.skip(skipped.saturating_mul(slice), self.format.block());
            }
            Some(Task {
                first: s.written.saturating_sub(run.written),
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
            let at = offset(s.written, s.turn, block);
            if let Some(buffer) = &mut s.buffer {
                buffer.write(at, bytes);
            }
            s.written = s.written.saturating_add(frames.len() as i64);
            let now = clock::now();
            s.advance(now, self.format.rate);
            s.notify();
            s.goal(now, self.format.rate)
                .is_some_and(|goal| goal > s.written)
        })
    }
}

impl State {
    /// Frame at which the stream should be.
    fn due(&self, now: i64, rate: u32) -> Option<i64> {
        let run = self.run?;
        Some(
            run.position
                .saturating_add(frames(now.saturating_sub(run.time), rate)),
        )
    }

    /// Frame up to which to write.
    fn goal(&self, now: i64, rate: u32) -> Option<i64> {
        Some(self.due(now, rate)?.saturating_add(self.lead))
    }

    /// The position follows the time, but never runs into what has not been written: a late timer delays, and leaves no gap.
    fn advance(&mut self, now: i64, rate: u32) {
        if let Some(due) = self.due(now, rate) {
            self.position = due.min(self.written).max(self.position);
        }
    }

    /// Tells the clients of packets that are complete.
    fn notify(&mut self) {
        let complete = self.position.checked_div(self.packet).unwrap_or(0);
        if complete > self.notified {
            self.notified = complete;
            for event in self.events.iter().flatten() {
                event.set();
            }
        }
    }

    /// Leaves out frames: silence.
    fn skip(&mut self, frames: i64, block: u32) {
        let at = offset(self.written, self.turn, block);
        if let Some(buffer) = &mut self.buffer {
            let count = (frames as usize).saturating_mul(block as usize);
            buffer.clear(at, count);
        }
        self.written = self.written.saturating_add(frames);
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

const SECOND: i64 = 10_000_000;

/// Whole frames in `ticks` (100 ns).
fn frames(ticks: i64, rate: u32) -> i64 {
    scale(ticks, SECOND, rate.into())
}

/// 100 ns of some frames.
fn ticks(frames: i64, rate: u32) -> i64 {
    scale(frames, rate.max(1).into(), SECOND)
}

/// `value / from * to`, rounded down, without a product that overflows.
fn scale(value: i64, from: i64, to: i64) -> i64 {
    let whole = value.checked_div_euclid(from).unwrap_or(0);
    let rest = value.checked_rem_euclid(from).unwrap_or(0);
    whole
        .saturating_mul(to)
        .saturating_add(rest.saturating_mul(to).checked_div(from).unwrap_or(0))
}

/// Offset of a frame in the buffer, bytes.
fn offset(frame: i64, turn: i64, block: u32) -> usize {
    let frame = frame.checked_rem(turn).unwrap_or(0);
    (frame as usize).wrapping_mul(block as usize)
}
