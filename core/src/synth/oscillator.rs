// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading a wave: position, loops, and the few frames around a seam.
//!
//! A kernel reads straight from a wave wherever all its taps lie in a row; zeros lie before its first frame and behind its last one. Around a loop's
//! seam it reads from a [`Window`], a copy of the frames as the loop continues them. So the inner loops know nothing of loops.

#[cfg(not(windows))]
mod check;

use super::simd::Reader;
use crate::dls::model::{Loop, Wave};
use crate::mem::Shared;

/// How samples between two frames are found. No kind delays: at a whole position each returns the frame itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// Two points.
    Linear,
    /// Eight-tap windowed sinc.
    #[default]
    Sinc8,
    /// Sixteen-tap windowed sinc.
    Sinc16,
}

impl Interpolation {
    /// Taps before and after the frame at the position.
    #[inline]
    fn reach(self) -> (u64, u64) {
        match self {
            Self::Linear => (0, 1),
            Self::Sinc8 => (3, 4),
            Self::Sinc16 => (7, 8),
        }
    }
}

const WINDOW: usize = 32;
/// Most taps after a position.
const AFTER: u64 = 8;
/// Frames of a window that lie before the seam: the most taps before a position and after one.
const SEAM: usize = 7 + AFTER as usize;

/// Frames `start..start + 32` of a wave as its loop continues them.
pub struct Window {
    frames: [i16; WINDOW],
    /// `i64::MIN`: holds nothing.
    start: i64,
    /// It was filled by a loop that had been closed already.
    wrapped: bool,
}

impl Window {
    pub const EMPTY: Self = Self {
        frames: [0; WINDOW],
        start: i64::MIN,
        wrapped: false,
    };
}

/// The place behind a wave's last frame.
fn end_of(wave: &Shared<Wave>) -> u64 {
    (wave.frames().len() as u64) << 32
}

/// A reader of one wave. Positions are frames in 32.32 fixed point.
pub struct Oscillator {
    pub wave: Option<Shared<Wave>>,
    position: u64,
    /// Frames per output frame, 32.32.
    step: u64,
    /// Up to here `source` serves; 0: it must be chosen anew.
    limit: u64,
    /// From here on nothing is left; `u64::MAX` while the loop is being played.
    end: u64,
    /// First frame of the loop and the frame behind its last one.
    loop_start: u32,
    loop_end: u32,
    source: Source,
    /// The loop is being played.
    looping: bool,
    /// The loop is left at note-off.
    until_release: bool,
    /// The loop has been closed at least once: what lies before its start is its own end.
    wrapped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Silence,
    Wave,
    Window,
}

impl Oscillator {
    /// Reads nothing.
    pub const IDLE: Self = Self {
        wave: None,
        position: 0,
        step: 0,
        limit: 0,
        end: 0,
        loop_start: 0,
        loop_end: 0,
        source: Source::Silence,
        looping: false,
        until_release: false,
        wrapped: false,
    };

    /// Starts a wave at its first frame.
    pub fn start(&mut self, window: &mut Window, wave: Shared<Wave>, sample_loop: Option<Loop>) {
        let (loop_start, loop_end) =
            sample_loop.map_or((0, 0), |l| (l.start, l.start.saturating_add(l.length)));
        let looping = loop_end > loop_start;
        // So far any kernel reads from the wave itself.
        let plain = if looping {
            u64::from(loop_end).saturating_sub(AFTER)
        } else {
            wave.frames().len() as u64
        };
        *self = Self {
            source: Source::Wave,
            limit: plain << 32,
            end: if looping { u64::MAX } else { end_of(&wave) },
            wave: Some(wave),
            loop_start,
            loop_end,
            looping,
            until_release: sample_loop.is_some_and(|l| l.until_release),
            ..Self::IDLE
        };
        window.start = i64::MIN;
    }

    /// Frames of the wave per output frame, 32.32.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Frames of the wave per output frame, 32.32; at most 2^46.
    pub fn set_step(&mut self, step: u64) {
        self.step = step.min(1 << 46);
    }

    /// A one-shot wave has been played to its end.
    #[inline(always)]
    pub fn is_over(&self) -> bool {
        self.position >= self.end
    }

    fn frame_count(&self) -> u64 {
        self.wave
            .as_ref()
            .map_or(0, |wave| wave.frames().len() as u64)
    }

    /// Chooses where to read from; returns for how many frames, 1..=`most`, that is good.
    #[inline(always)]
    pub fn aim(&mut self, window: &mut Window, kind: Interpolation, most: usize) -> usize {
        let way = self.step.wrapping_mul(most.saturating_sub(1) as u64);
        if self.position.saturating_add(way) < self.limit {
            return most;
        }
        self.aim_anew(window, kind, most)
    }

    #[inline(never)]
    fn aim_anew(&mut self, window: &mut Window, kind: Interpolation, most: usize) -> usize {
        if self.position >= self.limit {
            self.choose(window, kind.reach());
        }
        let room = self.limit.saturating_sub(self.position).saturating_sub(1);
        match room.checked_div(self.step) {
            Some(steps) if steps < most as u64 => (steps as usize).saturating_add(1).min(most),
            _ => most,
        }
    }

    /// What was chosen no longer holds.
    pub fn forget(&mut self) {
        self.limit = 0;
    }

    fn choose(&mut self, window: &mut Window, (before, after): (u64, u64)) {
        let frame_count = self.frame_count();
        let (start, end) = (u64::from(self.loop_start), u64::from(self.loop_end));
        if self.is_over() {
            (self.source, self.limit) = (Source::Silence, u64::MAX);
            return;
        }
        // The seam is passed in the window; so the loop's beginning is left behind before the position goes back.
        if self.looping && self.position >> 32 >= end + before {
            self.wrap();
        }
        let mut index = self.position >> 32;
        if self.looping && self.wrapped && index < start + before && index < end {
            self.position = self.position.wrapping_add((end - start) << 32);
            index = self.position >> 32;
        }
        let plain = if self.looping {
            end.saturating_sub(after)
        } else {
            frame_count
        };
        if index < plain {
            (self.source, self.limit) = (Source::Wave, plain << 32);
            return;
        }
        let first = end as i64 - SEAM as i64;
        self.fill(window, first);
        let last = (first + WINDOW as i64).saturating_sub(after as i64).max(0) as u64;
        (self.source, self.limit) = (Source::Window, last.min(end + before) << 32);
    }

    /// Copies the frames around the seam, from `first` on, [`SEAM`] before it.
    fn fill(&mut self, window: &mut Window, first: i64) {
        // Before the loop was closed, the frames before it are the wave's own.
        let wrapped = self.wrapped && first < i64::from(self.loop_start);
        if window.start == first && window.wrapped == wrapped {
            return;
        }
        (window.start, window.wrapped) = (first, wrapped);
        let frames = self.wave.as_ref().map_or(&[][..], |wave| wave.frames());
        let turn = frames.get(self.loop_start as usize..self.loop_end as usize);
        let turn = turn.unwrap_or_default();
        let (before, behind) = window.frames.split_at_mut(SEAM);
        let last = turn.len().checked_sub(SEAM).and_then(|at| turn.get(at..));
        if let (Some(last), Some(first)) = (last, turn.get(..behind.len())) {
            before.copy_from_slice(last);
            behind.copy_from_slice(first);
            return;
        }
        // A turn is shorter than the window.
        for (slot, index) in window.frames.iter_mut().zip(first..) {
            *slot = self.frame_at(frames, index);
        }
    }

    /// The frame at `index` as the loop continues it; 0 outside the wave. Not inlined: the window's loop would be written out, and is rare.
    #[inline(never)]
    fn frame_at(&self, frames: &[i16], mut index: i64) -> i16 {
        let (start, end) = (i64::from(self.loop_start), i64::from(self.loop_end));
        if self.looping {
            if index >= end {
                index = start + (index - end).checked_rem(end - start).unwrap_or(0);
            } else if self.wrapped && index < start {
                index = end - 1 - (start - 1 - index).checked_rem(end - start).unwrap_or(0);
            }
        }
        usize::try_from(index)
            .ok()
            .and_then(|index| frames.get(index))
            .copied()
            .unwrap_or(0)
    }

    /// What [`aim`](Self::aim) has chosen; `None` is silence.
    #[inline(always)]
    pub fn reader<'a>(&'a self, window: &'a Window) -> Option<Reader<'a>> {
        match (self.source, &self.wave) {
            (Source::Wave, Some(wave)) => Some(Reader {
                frames: wave.guarded_frames(),
                position: self.position.wrapping_add((Wave::FRONT as u64) << 32),
                step: self.step,
            }),
            (Source::Window, Some(_)) => Some(Reader {
                frames: &window.frames,
                position: self
                    .position
                    .wrapping_sub((window.start as u64).wrapping_shl(32)),
                step: self.step,
            }),
            _ => None,
        }
    }

    #[inline(always)]
    pub fn advance(&mut self, frames: usize) {
        let way = self.step.wrapping_mul(frames as u64);
        self.position = self.position.wrapping_add(way);
    }

    /// Brings a position behind the loop back into it.
    fn wrap(&mut self) {
        let length = u64::from(self.loop_end.saturating_sub(self.loop_start)) << 32;
        let start = u64::from(self.loop_start) << 32;
        let past = self.position.wrapping_sub(start);
        self.position = start + past.checked_rem(length).unwrap_or(0);
        self.wrapped = true;
    }

    /// Note-off: a loop of type 1 runs out into the rest of the wave.
    pub fn release(&mut self, window: &mut Window) {
        if self.until_release && self.looping {
            if self.position >> 32 >= u64::from(self.loop_end) {
                self.wrap();
            }
            self.looping = false;
            self.end = self.wave.as_ref().map_or(0, end_of);
            self.forget();
            // It holds the frames as the loop went on.
            window.start = i64::MIN;
        }
    }
}
