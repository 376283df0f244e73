// SPDX-License-Identifier: MIT OR Apache-2.0
//! The render side: four voices in lock-step.
//!
//! A quad belongs to one port. It is rendered in stretches within which every lane reads from one run of frames. Every number that
//! changes per sample is carried in the state, so a cut between two calls changes nothing.

#[cfg(not(windows))]
mod check;

use super::counters;
use super::effects::Sends;
use super::filter::{Coefficients, rescaling};
use super::lanes::{LANES, Lanes};
use super::oscillator::{Interpolation, Oscillator, Window};
use super::simd::{self, LaneState, Output, SCALE, Tables};
use super::sinc::{Kernels, cutoff_for};
use crate::dls::model::{Loop, Wave};
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;

/// What the kernels put out, as a part of full scale.
const UNIT: f32 = 1.0 / (32768.0 * SCALE);

/// Full scale at the filter; a state 36 dB above it is none that a filter has by itself.
const LIMIT: f32 = (64.0 / UNIT).abs();

/// Buses that a voice plays into: left, right, reverb, chorus.
pub const BUSES: usize = 4;

/// The buses of a port for one stretch, all of one length.
pub struct Buses<'a> {
    pub left: &'a mut [Lanes],
    pub right: &'a mut [Lanes],
    /// `None`: the effect is off.
    pub reverb: Option<&'a mut [Lanes]>,
    pub chorus: Option<&'a mut [Lanes]>,
}

pub struct Quad {
    oscillators: [Oscillator; LANES],
    lane_state: LaneState,
    /// Gains of reverb and chorus bus, and the change per frame.
    sends: [Lanes; BUSES - 2],
    send_steps: [Lanes; BUSES - 2],
    /// What `b2` is multiplied by while `e` moves ([`rescaling`]).
    rescaling: Lanes,
    /// Bit per lane: a voice lives there.
    live: u8,
    /// Bit per lane: the voice has a filter.
    filtered: u8,
    /// Number of each lane's kernel.
    cutoffs: [u8; LANES],
    kind: Interpolation,
    /// Slot of the virtual synthesizer whose voices these are.
    pub port: u8,
    windows: [Window; LANES],
}

impl Quad {
    const IDLE: Self = Self {
        oscillators: [const { Oscillator::IDLE }; LANES],
        lane_state: LaneState::REST,
        sends: [Lanes::ZERO; BUSES - 2],
        send_steps: [Lanes::ZERO; BUSES - 2],
        rescaling: Lanes::splat(1.0),
        live: 0,
        filtered: 0,
        cutoffs: [u8::MAX; LANES],
        kind: Interpolation::Sinc8,
        port: 0,
        windows: [const { Window::EMPTY }; LANES],
    };

    /// `count` quads without voices. Apart, because a quad's value takes most of what a frame of a kernel stack may have.
    #[inline(never)]
    pub fn idle(count: usize) -> Result<Vec<Self>, NoMemory> {
        let mut quads = vec::try_with_capacity(count)?;
        for _ in 0..count {
            vec::try_push(&mut quads, Self::IDLE)?;
        }
        Ok(quads)
    }

    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// A voice runs through the filter.
    pub fn is_filtered(&self) -> bool {
        self.filtered != 0
    }

    /// A lane without a voice.
    pub fn free_lane(&self) -> Option<usize> {
        (0..LANES).find(|lane| self.live & (1 << lane) == 0)
    }

    /// Starts a wave in a lane.
    pub fn start(
        &mut self,
        lane: usize,
        wave: Shared<Wave>,
        sample_loop: Option<Loop>,
        filtered: bool,
    ) {
        if let (Some(oscillator), Some(window)) =
            (self.oscillators.get_mut(lane), self.windows.get_mut(lane))
        {
            oscillator.start(window, wave, sample_loop);
        }
        if let Some(cutoff) = self.cutoffs.get_mut(lane) {
            *cutoff = u8::MAX;
        }
        let bit = 1u8 << (lane & (LANES - 1));
        self.live |= bit;
        self.filtered = if filtered {
            self.filtered | bit
        } else {
            self.filtered & !bit
        };
        self.lane_state.y.set(lane, 0.0);
        self.lane_state.d.set(lane, 0.0);
    }

    /// Empties a lane and gives back its wave.
    pub fn stop(&mut self, lane: usize) -> Option<Shared<Wave>> {
        let bit = 1u8 << (lane & (LANES - 1));
        self.live &= !bit;
        self.filtered &= !bit;
        self.jump(lane, [0.0; BUSES], Coefficients::FLAT);
        self.ramp(lane, [0.0; BUSES], Coefficients::FLAT, 1);
        self.lane_state.y.set(lane, 0.0);
        self.lane_state.d.set(lane, 0.0);
        self.oscillators
            .get_mut(lane)
            .and_then(|oscillator| oscillator.wave.take())
    }

    /// Puts the filter into a lane that sounds; flat coefficients let it in unheard.
    pub fn filter(&mut self, lane: usize) {
        self.filtered |= 1u8 << (lane & (LANES - 1));
    }

    /// Frames of the wave per output frame, 32.32.
    pub fn step(&self, lane: usize) -> u64 {
        self.oscillators.get(lane).map_or(1, Oscillator::step)
    }

    /// A one-shot wave has come to its end.
    pub fn is_over(&self, lane: usize) -> bool {
        self.oscillators.get(lane).is_none_or(Oscillator::is_over)
    }

    /// Note-off: leaves a loop of type 1.
    pub fn release(&mut self, lane: usize) {
        if let (Some(oscillator), Some(window)) =
            (self.oscillators.get_mut(lane), self.windows.get_mut(lane))
        {
            oscillator.release(window);
        }
    }

    pub fn set_step(&mut self, lane: usize, step: u64) {
        if let Some(oscillator) = self.oscillators.get_mut(lane) {
            oscillator.set_step(step);
        }
        if let Some(cutoff) = self.cutoffs.get_mut(lane) {
            *cutoff = cutoff_for(step, *cutoff);
        }
    }

    /// Sets gains and coefficients at once. A filter's state that is out of bounds, or not a number, goes back to rest.
    pub fn jump(&mut self, lane: usize, gains: [f32; BUSES], coefficients: Coefficients) {
        for (lanes, gain) in self.gains().into_iter().zip(gains) {
            lanes.set(lane, gain * UNIT);
        }
        self.lane_state.e.set(lane, coefficients.e);
        self.lane_state.b2.set(lane, coefficients.b2);
        self.lane_state.k.set(lane, coefficients.k);
        self.rescaling.set(lane, 1.0);
        let within = |lanes: &Lanes| lanes.get(lane).abs() <= LIMIT;
        if !within(&self.lane_state.y) || !within(&self.lane_state.d) {
            self.lane_state.y.set(lane, 0.0);
            self.lane_state.d.set(lane, 0.0);
        }
    }

    /// Gains of the next frame.
    pub fn gains_of(&mut self, lane: usize) -> [f32; BUSES] {
        self.gains().map(|lanes| lanes.get(lane) * (1.0 / UNIT))
    }

    fn gains(&mut self) -> [&mut Lanes; BUSES] {
        let [reverb, chorus] = &mut self.sends;
        [
            &mut self.lane_state.left,
            &mut self.lane_state.right,
            reverb,
            chorus,
        ]
    }

    /// Lets gains and coefficients run to these values in `frames`.
    pub fn ramp(
        &mut self,
        lane: usize,
        gains: [f32; BUSES],
        coefficients: Coefficients,
        frames: u32,
    ) {
        let share = 1.0 / frames.max(1) as f32;
        let now = self.gains().map(|lanes| lanes.get(lane));
        let lane_state = &mut self.lane_state;
        let [reverb, chorus] = &mut self.send_steps;
        let steps = [
            &mut lane_state.left_step,
            &mut lane_state.right_step,
            reverb,
            chorus,
        ];
        for ((step, now), gain) in steps.into_iter().zip(now).zip(gains) {
            step.set(lane, (gain * UNIT - now) * share);
        }
        let set = |step: &mut Lanes, now: Lanes, goal: f32| {
            step.set(lane, (goal - now.get(lane)) * share);
        };
        let factor = rescaling(lane_state.e.get(lane), coefficients.e, frames);
        let b2 = lane_state.b2.get(lane) / self.rescaling.get(lane);
        lane_state.b2.set(lane, b2 * factor);
        self.rescaling.set(lane, factor);
        set(&mut lane_state.e_step, lane_state.e, coefficients.e);
        set(
            &mut lane_state.b2_step,
            lane_state.b2,
            coefficients.b2 * factor,
        );
        set(&mut lane_state.k_step, lane_state.k, coefficients.k);
    }

    #[cfg(test)]
    pub fn lane_state_mut(&mut self) -> &mut LaneState {
        &mut self.lane_state
    }

    /// Adds the quad to the buses; `voices` is as long as they are, `odd` is the parity of the first frame.
    pub fn render(
        &mut self,
        kind: Interpolation,
        kernels: &Kernels,
        mut odd: bool,
        voices: &mut [Lanes],
        buses: &mut Buses,
    ) {
        if kind != self.kind {
            self.kind = kind;
            for oscillator in &mut self.oscillators {
                oscillator.forget();
            }
        }
        let Some(tables) = tables(kind, kernels, self.cutoffs) else {
            return;
        };
        self.lane_state.filtered = self.filtered != 0;
        self.lane_state.update_moving();
        let sends =
            buses.reverb.is_some() && !self.is_dry(0) || buses.chorus.is_some() && !self.is_dry(1);
        let (mut left, mut right) = (&mut *buses.left, &mut *buses.right);
        let mut rest = &mut *voices;
        while !left.is_empty() {
            let mut count = left.len();
            let lanes = self.oscillators.iter_mut().zip(&mut self.windows);
            for (oscillator, window) in lanes {
                count = oscillator.aim(window, kind, count);
            }
            let [a, b, c, d] = &self.oscillators;
            let [u, v, w, x] = &self.windows;
            let mut readers = [a.reader(u), b.reader(v), c.reader(w), d.reader(x)];
            let (
                Some((left_now, left_later)),
                Some((right_now, right_later)),
                Some((voices_now, voices_later)),
            ) = (
                left.split_at_mut_checked(count),
                right.split_at_mut_checked(count),
                rest.split_at_mut_checked(count),
            )
            else {
                return;
            };
            let output = Output {
                left: left_now,
                right: right_now,
                voices: sends.then_some(voices_now),
            };
            if !simd::render(&mut readers, tables, &mut self.lane_state, odd, output) {
                return;
            }
            counters::stretch(self.live, count);
            for oscillator in &mut self.oscillators {
                oscillator.advance(count);
            }
            odd ^= count & 1 == 1;
            (left, right, rest) = (left_later, right_later, voices_later);
        }
        if sends {
            let [reverb, chorus] = &mut self.sends;
            let [reverb_step, chorus_step] = self.send_steps;
            send(voices, reverb, reverb_step, &mut buses.reverb);
            send(voices, chorus, chorus_step, &mut buses.chorus);
        }
    }

    /// Effects that some voice plays into.
    pub fn sends(&self) -> Sends {
        Sends {
            reverb: !self.is_dry(0),
            chorus: !self.is_dry(1),
        }
    }

    /// Nothing goes to an effect: 0 reverb, 1 chorus.
    fn is_dry(&self, effect: usize) -> bool {
        [&self.sends, &self.send_steps]
            .iter()
            .all(|lanes| lanes.get(effect).is_none_or(|x| *x == Lanes::ZERO))
    }
}

#[inline(always)]
fn tables(kind: Interpolation, kernels: &Kernels, cutoffs: [u8; LANES]) -> Option<Tables<'_>> {
    let [a, b, c, d] = cutoffs;
    Some(match kind {
        Interpolation::Linear => Tables::Linear,
        Interpolation::Sinc8 => {
            let get = |cutoff| kernels.eight(cutoff);
            Tables::Sinc8([get(a)?, get(b)?, get(c)?, get(d)?])
        }
        Interpolation::Sinc16 => {
            let get = |cutoff| kernels.sixteen(cutoff);
            Tables::Sinc16([get(a)?, get(b)?, get(c)?, get(d)?])
        }
    })
}

/// Adds the voices to an effect's bus, unless all their sends are zero.
fn send(voices: &[Lanes], gain: &mut Lanes, step: Lanes, bus: &mut Option<&mut [Lanes]>) {
    let Some(bus) = bus else { return };
    if *gain == Lanes::ZERO && step == Lanes::ZERO {
        return;
    }
    simd::send(voices, gain, step, bus);
}
