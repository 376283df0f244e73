// SPDX-License-Identifier: MIT OR Apache-2.0
//! The slice timer: a high-resolution timer's DPC renders a millisecond at a time, ahead of a reader.

use super::renderer::BLOCK;
use super::state::{EngineState, Owner};
use crate::com::stream::FRAME_BYTES;
use crate::kernel::dpc::{Dpc, Routine};
use crate::kernel::irql::Passive;
use crate::kernel::lock::SpinLock;
use crate::kernel::timer::{MILLISECOND, SharpTimer};
use crate::kernel::{Result, no_memory};
use arioso_core::mem::{Shared, TryBox};
use arioso_core::synth::{write_dithered, write_pcm};
use core::sync::atomic::{AtomicI64, Ordering};

/// Frames between reader and renderer beyond the reader's next block: 3 ms.
const LEAD_MS: u32 = 3;
/// Frames that the FIFO holds: a power of two, more than a wave sink asks for at once.
const CAPACITY: usize = 32_768;

/// The slice timer and the FIFO it fills. Dropping it (at `PASSIVE_LEVEL`) stops the timer and waits for the last slice.
pub struct SliceFifo {
    // The timer goes first: it queues the DPC.
    _timer: SharpTimer<Shared<Dpc<Slicer>>>,
    dpc: Shared<Dpc<Slicer>>,
    copied: TryBox<[[f32; 2]; BLOCK]>,
    lead: i64,
}

/// The DPC: renders one slice if the goal is not reached.
pub struct Slicer {
    common: Shared<EngineState>,
    fifo: SpinLock<Fifo>,
    /// Frame up to which to render.
    goal: AtomicI64,
    slice: usize,
}

/// Rendered frames `read..written` of the device, each at its number modulo the capacity.
struct Fifo {
    frames: TryBox<[[f32; 2]; CAPACITY]>,
    read: i64,
    written: i64,
}

impl Fifo {
    fn len(&self) -> usize {
        usize::try_from(self.written.saturating_sub(self.read)).unwrap_or(0)
    }

    fn write(&mut self, frames: &[[f32; 2]]) {
        for frame in frames {
            if let Some(place) = self.frames.get_mut(self.written as usize & (CAPACITY - 1)) {
                *place = *frame;
            }
            self.written = self.written.wrapping_add(1);
        }
    }

    /// Takes up to `out.len()` frames; how many.
    fn take(&mut self, out: &mut [[f32; 2]]) -> usize {
        let count = self.len().min(out.len());
        for to in out.iter_mut().take(count) {
            if let Some(frame) = self.frames.get(self.read as usize & (CAPACITY - 1)) {
                *to = *frame;
            }
            self.read = self.read.wrapping_add(1);
        }
        count
    }
}

impl Routine for Slicer {
    /// `DISPATCH_LEVEL`. One slice a call; behind by more, it queues itself again.
    fn run(&self, dpc: &Dpc<Self>) {
        let goal = self.goal.load(Ordering::Acquire);
        let Some(mut renderer) = self.common.enter(Owner::Slices) else {
            return;
        };
        let (first, room) = self
            .fifo
            .with(|f| (f.written, CAPACITY.saturating_sub(f.len()) >= self.slice));
        if first >= goal || !room {
            return;
        }
        let block = renderer.render_slice(&self.common, first, self.slice);
        self.fifo.with(|f| f.write(block));
        self.common.slices.fetch_add(1, Ordering::Relaxed);
        let end = first.saturating_add(self.slice as i64);
        drop(renderer);
        if end < goal {
            dpc.queue();
        }
    }
}

impl SliceFifo {
    /// Starts the timer; it renders nothing before the first [`SliceFifo::read`].
    pub fn new(common: Shared<EngineState>, rate: u32) -> Result<Self> {
        let slice = (rate / 1000).max(1) as usize;
        let dpc = Shared::try_new(Dpc::new(Slicer {
            common,
            fifo: SpinLock::new(Fifo {
                frames: TryBox::try_filled([0.0; 2]).map_err(no_memory)?,
                read: 0,
                written: 0,
            }),
            goal: AtomicI64::new(i64::MIN),
            slice: slice.min(BLOCK),
        })?)
        .map_err(no_memory)?;
        let timer = SharpTimer::new(dpc.clone())?;
        timer.start(MILLISECOND);
        Ok(Self {
            _timer: timer,
            dpc,
            copied: TryBox::try_filled([0.0; 2]).map_err(no_memory)?,
            lead: i64::from(rate) * i64::from(LEAD_MS) / 1000,
        })
    }

    /// Copies rendered frames from `position` on into `out`; what was not there in time. The timer goes on to the end of the next
    /// block of the same length, and the lead. `dither`: what is rounded to 16 bits is dithered.
    pub fn read<'a>(
        &mut self,
        passive: Passive,
        out: &'a mut [u8],
        position: i64,
        dither: bool,
    ) -> &'a mut [u8] {
        let slicer = self.dpc.routine();
        let frames = (out.len() / FRAME_BYTES as usize) as i64;
        if slicer.fifo.with(|f| f.read) != position {
            Self::seek(passive, slicer, position);
        }
        let end = position.saturating_add(frames);
        let mut patience = 10 + frames.saturating_mul(20) / slicer.slice.max(1) as i64;
        let mut at = 0usize;
        self.ask(end.saturating_add(self.lead));
        let slicer = self.dpc.routine();
        while let Some(rest) = out.get_mut(at..)
            && rest.len() >= FRAME_BYTES as usize
        {
            let want = (rest.len() / FRAME_BYTES as usize).min(BLOCK);
            let copied = self.copied.get_mut(..want).unwrap_or_default();
            let got = slicer.fifo.with(|f| f.take(copied));
            if got == 0 {
                if patience == 0 {
                    break;
                }
                patience = patience.wrapping_sub(1);
                self.dpc.queue();
                passive.sleep(MILLISECOND / 10);
                continue;
            }
            let bytes = got.saturating_mul(FRAME_BYTES as usize);
            if let (Some(from), Some(to)) = (copied.get(..got), rest.get_mut(..bytes)) {
                if dither {
                    let first = position.saturating_add((at / FRAME_BYTES as usize) as i64);
                    write_dithered(from, to, first);
                } else {
                    write_pcm(from, to);
                }
            }
            at = at.saturating_add(bytes);
        }
        self.ask(end.saturating_add(frames).saturating_add(self.lead));
        let missing = out.get_mut(at..).unwrap_or_default();
        if missing.len() >= FRAME_BYTES as usize {
            let slices =
                (missing.len() / FRAME_BYTES as usize).div_ceil(self.dpc.routine().slice.max(1));
            self.dpc
                .routine()
                .common
                .skipped
                .fetch_add(slices as u64, Ordering::Relaxed);
        }
        missing
    }

    fn ask(&self, goal: i64) {
        self.dpc.routine().goal.fetch_max(goal, Ordering::Release);
        self.dpc.queue();
    }

    /// Drops what is in the FIFO; the next slice begins at `position`.
    fn seek(passive: Passive, slicer: &Slicer, position: i64) {
        slicer.goal.store(i64::MIN, Ordering::Release);
        while slicer.common.owner() == Owner::Slices {
            if let Some(renderer) = slicer.common.enter(Owner::Slices) {
                slicer.fifo.with(|f| {
                    f.read = position;
                    f.written = position;
                });
                drop(renderer);
                return;
            }
            passive.sleep(MILLISECOND / 10);
        }
    }
}
