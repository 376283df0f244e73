// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a stream is in its cyclic buffer: what the time says, what has been written, which packets are complete.
//!
//! Frames are counted from the moment at which the stream leaves STOP and are not wrapped: only offsets are. A stream that is written up
//! to `lead` frames before its position looks like this:
//!
//! ```text
//!  0 … position ────lead──── written          (frames since STOP)
//!       heard      rendered        not yet
//! ```

use super::format::Format;

/// A stream that is further behind skips frames: 50 ms.
const CATCH_UP_MS: u32 = 50;
/// Shortest buffer in slices: what is written ahead stays clear of what is read.
const LEAST_SLICES: u32 = 4;
/// Longest buffer in seconds.
const MOST_SECONDS: u32 = 2;
/// 100 ns.
const SECOND: i64 = 10_000_000;

/// The size in bytes of a buffer for a client that wants `bytes`: whole frames, as many for each of `notifications` (1 or 2, or none at
/// all), neither too short for slices of `slice` frames nor too long. `None`: there is no such buffer.
pub fn buffer_size(
    format: &Format,
    slice: u32,
    bytes: u32,
    notifications: Option<u32>,
) -> Option<u32> {
    let count = notifications.unwrap_or(1);
    // `KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION`: once or twice in a turn.
    if bytes == 0 || !(1..=2).contains(&count) {
        return None;
    }
    let block = format.block().max(1);
    let least = LEAST_SLICES.wrapping_mul(slice);
    let most = u64::from(format.rate) * u64::from(MOST_SECONDS);
    let frames = u64::from(bytes.div_ceil(block).max(least)).min(most) as u32;
    // Even, so that it can be halved.
    Some((frames & 1).wrapping_add(frames).wrapping_mul(block))
}

/// The place of a stream, in frames since it left STOP.
///
/// ```
/// use arioso_core::audio::StreamPosition;
///
/// // 48 kHz, slices of a millisecond, up to 3 ms ahead, in a buffer of 20 ms with two packets.
/// let mut place = StreamPosition::new(48_000, 48, 144);
/// place.set_buffer(960, Some(2));
/// place.begin(0);
/// // After a millisecond the first one is heard, and the three after it should lie in the buffer.
/// while place.is_due(10_000) {
///     place.wrote(48);
/// }
/// place.advance(10_000);
/// assert_eq!((place.position_offset(4), place.write_offset(4)), (48 * 4, 4 * 48 * 4));
/// ```
///
/// # Invariants
/// `position <= written`, and neither goes back but in [`reset`](Self::reset).
#[derive(Clone, Debug)]
pub struct StreamPosition {
    /// Frames per second.
    rate: u32,
    /// Frames that are written at a time.
    slice: u32,
    longest_lead: u32,
    /// The longest lead that the buffer allows.
    most_lead: u32,
    /// Frames of the buffer, and of what lies between two notifications (0: none).
    turn: i64,
    packet: i64,
    /// Frames that the stream writes ahead of the position.
    lead: i64,
    /// What has been told, what lies in the buffer.
    position: i64,
    written: i64,
    run: Option<Run>,
    /// Packets: whose end has been notified, that have been read.
    notified: i64,
    read: i64,
}

/// Where the stream was when it entered RUN.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// 100 ns.
    time: i64,
    position: i64,
    written: i64,
}

/// A packet that a client may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketStart {
    /// Packets since the stream left STOP, before this one.
    pub number: i64,
    /// When its first frame was at the position, 100 ns.
    pub time: i64,
    /// Another one is ready.
    pub more: bool,
}

impl StreamPosition {
    /// A stream in STOP, without a buffer. Frames per second; frames that are written at a time; frames by which it is ahead at most.
    pub const fn new(rate: u32, slice: u32, longest_lead: u32) -> Self {
        Self {
            rate,
            slice,
            longest_lead,
            most_lead: 0,
            turn: 0,
            packet: 0,
            lead: 0,
            position: 0,
            written: 0,
            run: None,
            notified: 0,
            read: 0,
        }
    }

    /// The buffer has so many frames, and so many notifications in a turn: that many packets. The lead leaves three quarters of a packet,
    /// or of a buffer without packets, to the reader.
    pub fn set_buffer(&mut self, frames: u32, notifications: Option<u32>) {
        let packet = notifications.map_or(0, |n| frames.checked_div(n).unwrap_or(0));
        let part = if packet == 0 { frames } else { packet };
        self.turn = frames.into();
        self.packet = packet.into();
        self.most_lead = part / 4;
        self.set_lead(self.longest_lead);
    }

    /// From now on the stream is ahead by so many frames, or by as many as its buffer allows. What is written already stays.
    pub fn set_lead(&mut self, longest_lead: u32) {
        self.longest_lead = longest_lead;
        self.lead = longest_lead.min(self.most_lead).into();
    }

    /// Frames that the stream writes ahead of the position.
    pub const fn lead(&self) -> u32 {
        self.lead as u32
    }

    /// STOP: everything begins anew, in the same buffer.
    pub fn reset(&mut self) {
        self.position = 0;
        self.written = 0;
        self.notified = 0;
        self.read = 0;
    }

    /// The stream goes on where it stopped. Frames that lie in the buffer already.
    pub fn begin(&mut self, now: i64) -> i64 {
        self.run = Some(Run {
            time: now,
            position: self.position,
            written: self.written,
        });
        self.written.saturating_sub(self.position)
    }

    /// The position stands still from now on.
    pub fn end(&mut self, now: i64) {
        self.advance(now);
        self.run = None;
    }

    /// Between [`begin`](Self::begin) and [`end`](Self::end).
    pub const fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// Something has been written since STOP.
    pub const fn has_begun(&self) -> bool {
        self.written != 0
    }

    /// The position follows the time, but never runs into what has not been written: a late timer delays, and leaves no gap.
    pub fn advance(&mut self, now: i64) {
        if let Some(due) = self.due(now) {
            self.position = due.min(self.written).max(self.position);
        }
    }

    /// Offset in the buffer up to which there is sound, bytes; `block` is a frame's.
    pub fn position_offset(&self, block: u32) -> u64 {
        self.in_turn(self.position).wrapping_mul(block.into())
    }

    /// Offset in the buffer at which the next frame belongs, bytes.
    pub fn write_offset(&self, block: u32) -> usize {
        self.in_turn(self.written).wrapping_mul(block.into()) as usize
    }

    /// Whether packets have been completed since the last call.
    pub fn take_completed(&mut self) -> bool {
        let complete = self.complete();
        let news = complete > self.notified;
        if news {
            self.notified = complete;
        }
        news
    }

    /// The buffer is divided into packets.
    pub const fn has_packets(&self) -> bool {
        self.packet != 0
    }

    /// The oldest packet that has not been read and that the position has not left behind by a turn; `None`: none is complete.
    pub fn read_packet(&mut self, now: i64) -> Option<PacketStart> {
        self.advance(now);
        let complete = self.complete();
        let whole = self.turn.checked_div(self.packet).unwrap_or(1);
        // One of them is being written.
        let kept = whole.saturating_sub(1).max(1);
        let number = self.read.max(complete.saturating_sub(kept));
        if number >= complete {
            return None;
        }
        self.read = number.saturating_add(1);
        let first = number.saturating_mul(self.packet);
        let time = self.run.map_or(now, |run| {
            let frames = first.saturating_sub(run.position);
            run.time.saturating_add(ticks(frames, self.rate))
        });
        Some(PacketStart {
            number,
            time,
            more: self.read < complete,
        })
    }

    /// A slice is due.
    pub fn is_due(&self, now: i64) -> bool {
        self.goal(now).is_some_and(|goal| goal > self.written)
    }

    /// Slices to leave out before the one that is due now: a stream that is far behind skips to where it should be. `None`: none is due.
    pub fn slices_to_skip(&self, now: i64) -> Option<i64> {
        let behind = self.goal(now)?.saturating_sub(self.written);
        if behind <= 0 {
            return None;
        }
        let patience = i64::from(self.rate) * i64::from(CATCH_UP_MS) / 1000;
        Some(if behind > patience {
            let slices = behind.checked_div(self.slice.into()).unwrap_or(0);
            slices.saturating_sub(1)
        } else {
            0
        })
    }

    /// So many frames more lie in the buffer.
    pub fn wrote(&mut self, frames: i64) {
        self.written = self.written.saturating_add(frames);
    }

    /// The next frame to write, counted from the one that was next at [`begin`](Self::begin).
    pub fn frame_of_run(&self) -> i64 {
        let first = self.run.map_or(0, |run| run.written);
        self.written.saturating_sub(first)
    }

    /// Frame at which the stream should be.
    fn due(&self, now: i64) -> Option<i64> {
        let run = self.run?;
        let elapsed = frames(now.saturating_sub(run.time), self.rate);
        Some(run.position.saturating_add(elapsed))
    }

    /// Frame up to which to write.
    fn goal(&self, now: i64) -> Option<i64> {
        Some(self.due(now)?.saturating_add(self.lead))
    }

    /// Packets that the position has passed.
    fn complete(&self) -> i64 {
        self.position.checked_div(self.packet).unwrap_or(0)
    }

    fn in_turn(&self, frame: i64) -> u64 {
        frame.checked_rem(self.turn).unwrap_or(0) as u64
    }
}

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

#[cfg(test)]
#[path = "stream_position_tests.rs"]
mod tests;
