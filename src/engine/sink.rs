// SPDX-License-Identifier: MIT OR Apache-2.0
//! The wave sink: the port's worker thread calls for audio, at `PASSIVE_LEVEL`.

use super::Engine;
use super::renderer::BLOCK;
use super::state::Owner;
use crate::com::port::MasterClock;
use crate::com::stream::{FRAME_BYTES, RenderUnit};
use crate::kernel::irql::Passive;
use crate::kernel::lock::SpinLock;
use crate::kernel::timer::MILLISECOND;
use arioso_core::audio::Declick;
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN};
use arioso_core::mem::Shared;
use arioso_core::synth::{write_dithered, write_pcm};

/// The open wave pin. Dropping it (at `PASSIVE_LEVEL`) closes it.
pub struct SinkHandle {
    engine: Shared<Engine>,
    clock: Option<MasterClock>,
    rate: u32,
    declick: SpinLock<Declick>,
}

/// Tries of a hundred microseconds each while somebody executes commands in the owner's place.
const TRIES: usize = 50;

impl SinkHandle {
    pub(super) fn new(
        engine: Shared<Engine>,
        passive: Passive,
        rate: u32,
        clock: Option<MasterClock>,
    ) -> Self {
        engine.set_sink(passive, Some(rate));
        Self {
            engine,
            clock,
            rate,
            declick: SpinLock::new(Declick::default()),
        }
    }

    /// What `Render` counts in.
    pub fn unit(&self) -> RenderUnit {
        self.engine.settings.unit
    }

    /// Entering RUN makes this the owner (or the slice timer, on its behalf) unless the endpoint runs; leaving it ends that.
    pub fn set_state(&self, passive: Passive, state: KSSTATE) {
        self.engine.run_sink(passive, state == KSSTATE_RUN);
    }

    fn now(&self) -> i64 {
        MasterClock::time(self.clock.as_ref())
    }

    /// Fills `out` with 16-bit stereo; its first frame is the device's frame `position`. Silence while somebody else renders.
    pub fn render(&self, passive: Passive, out: &mut [u8], position: i64) {
        let common = &self.engine.common;
        let len = out.len();
        let missing = match common.owner() {
            Owner::Sink => {
                common.start_clock(self.now(), position);
                self.render_now(passive, out, position)
            }
            Owner::Slices => {
                common.start_clock(self.now(), position);
                self.engine.slices.with(passive, |slices| match slices {
                    Some(slices) => slices.read(passive, out, position, self.engine.live.dithers()),
                    None => out,
                })
            }
            Owner::Idle | Owner::Endpoint => &mut *out,
        }
        .len();
        self.quieten(out, len.saturating_sub(missing));
        if common.reaper.work().is_full() {
            common.reap(passive);
        }
    }

    /// Silence from offset `done` on. What was heard before does not break off, but dies away.
    fn quieten(&self, out: &mut [u8], done: usize) {
        let Some((done, rest)) = out.split_at_mut_checked(done) else {
            return;
        };
        let mut declick = self.declick.with(|s| *s);
        if let Some([a, b, c, d]) = done.last_chunk() {
            let sample = |bytes| f32::from(i16::from_le_bytes(bytes)) / 32_768.0;
            declick.heard([sample([*a, *b]), sample([*c, *d])]);
        }
        for chunk in rest.chunks_mut(FRAME_BYTES as usize) {
            write_pcm(&[declick.silence(self.rate)], chunk);
        }
        self.declick.with(|s| *s = declick);
    }

    /// Renders into `out`; what could not be rendered.
    fn render_now<'a>(&self, passive: Passive, out: &'a mut [u8], position: i64) -> &'a mut [u8] {
        let common = &self.engine.common;
        let mut renderer = None;
        for _ in 0..TRIES {
            renderer = common.enter(Owner::Sink);
            if renderer.is_some() || common.owner() != Owner::Sink {
                break;
            }
            passive.sleep(MILLISECOND / 10);
        }
        let Some(mut renderer) = renderer else {
            return out;
        };
        let dither = self.engine.live.dithers();
        let mut first = position;
        for chunk in out.chunks_mut(BLOCK * FRAME_BYTES as usize) {
            let frames = chunk.len() / FRAME_BYTES as usize;
            let block = renderer.render(common, first, frames);
            if dither {
                write_dithered(block, chunk, first);
            } else {
                write_pcm(block, chunk);
            }
            first = first.saturating_add(frames as i64);
        }
        &mut []
    }

    /// The device has reached stream time `time` (100 ns).
    /// The clock is the owner's.
    pub fn sync(&self, _: Passive, time: i64, start: bool) {
        if !matches!(self.engine.common.owner(), Owner::Sink | Owner::Slices) {
            return;
        }
        const SECOND: i128 = 10_000_000;
        let frame = i128::from(time)
            .saturating_mul(self.rate.into())
            .checked_div(SECOND)
            .unwrap_or(0);
        self.engine.common.sync(self.now(), frame as i64, start);
    }

    pub fn sample_to_ref_time(&self, sample: i64) -> i64 {
        self.engine.common.frame_to_ref(sample)
    }

    pub fn ref_time_to_sample(&self, time: i64) -> i64 {
        self.engine.common.ref_to_frame(time)
    }
}

impl Drop for SinkHandle {
    fn drop(&mut self) {
        let passive = Passive::of_drop();
        self.engine.set_sink(passive, None);
        self.engine
            .registry
            .with(passive, |registry| registry.sink_open = false);
    }
}
