//! The render side: four voices in lock-step.
//!
//! A quad belongs to one port. Rendering reads the waves lane by lane, then filters, ramps and mixes all lanes at once. Every number
//! that changes per sample is carried in the state, so a cut between two calls changes nothing.

use super::filter::Coefficients;
use super::lanes::{LANES, Lanes};
use super::oscillator::{Interpolation, Oscillator, SincTable};
use crate::dls::model::{Loop, Wave};
use crate::mem::Shared;

/// Alternates in sign from frame to frame at the filter's input and keeps its state out of the denormals. In 16-bit units:
/// -270 dB of full scale.
const BIAS: f32 = 1e-9;

/// One 16-bit unit as a part of full scale.
const UNIT: f32 = 1.0 / 32768.0;

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

#[derive(Default)]
pub struct Quad {
    oscillators: [Oscillator; LANES],
    /// Left, right, reverb and chorus bus, and the change per frame.
    gains: [Lanes; BUSES],
    steps: [Lanes; BUSES],
    y: Lanes,
    d: Lanes,
    e: Lanes,
    b2: Lanes,
    k: Lanes,
    e_step: Lanes,
    b2_step: Lanes,
    k_step: Lanes,
    /// Bit per lane: a voice lives there.
    live: u8,
    /// Bit per lane: the voice has a filter.
    filtered: u8,
    /// Port slot whose voices these are.
    pub port: u8,
}

impl Quad {
    pub fn is_empty(&self) -> bool {
        self.live == 0
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
        if let Some(oscillator) = self.oscillators.get_mut(lane) {
            oscillator.start(wave, sample_loop);
        }
        let bit = 1u8 << (lane & (LANES - 1));
        self.live |= bit;
        self.filtered = if filtered {
            self.filtered | bit
        } else {
            self.filtered & !bit
        };
        self.y.set(lane, 0.0);
        self.d.set(lane, 0.0);
    }

    /// Empties a lane and gives back its wave.
    pub fn stop(&mut self, lane: usize) -> Option<Shared<Wave>> {
        let bit = 1u8 << (lane & (LANES - 1));
        self.live &= !bit;
        self.filtered &= !bit;
        self.jump(lane, [0.0; BUSES], Coefficients::FLAT);
        self.ramp(lane, [0.0; BUSES], Coefficients::FLAT, 1);
        self.y.set(lane, 0.0);
        self.d.set(lane, 0.0);
        self.oscillators
            .get_mut(lane)
            .and_then(|oscillator| oscillator.wave.take())
    }

    /// A one-shot wave has come to its end.
    pub fn is_over(&self, lane: usize) -> bool {
        self.oscillators.get(lane).is_none_or(Oscillator::is_over)
    }

    /// Note-off: leaves a loop of type 1.
    pub fn release(&mut self, lane: usize) {
        if let Some(oscillator) = self.oscillators.get_mut(lane) {
            oscillator.release();
        }
    }

    pub fn set_step(&mut self, lane: usize, step: u64) {
        if let Some(oscillator) = self.oscillators.get_mut(lane) {
            oscillator.step = step;
        }
    }

    /// Sets gains and coefficients at once.
    pub fn jump(&mut self, lane: usize, gains: [f32; BUSES], coefficients: Coefficients) {
        for (lanes, gain) in self.gains.iter_mut().zip(gains) {
            lanes.set(lane, gain * UNIT);
        }
        self.e.set(lane, coefficients.e);
        self.b2.set(lane, coefficients.b2);
        self.k.set(lane, coefficients.k);
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
        for ((step, now), gain) in self.steps.iter_mut().zip(&self.gains).zip(gains) {
            step.set(lane, (gain * UNIT - now.get(lane)) * share);
        }
        self.e_step
            .set(lane, (coefficients.e - self.e.get(lane)) * share);
        self.b2_step
            .set(lane, (coefficients.b2 - self.b2.get(lane)) * share);
        self.k_step
            .set(lane, (coefficients.k - self.k.get(lane)) * share);
    }

    /// Adds the quad to the buses; `samples` is as long as they are, `odd` is the parity of the first frame.
    pub fn render(
        &mut self,
        kind: Interpolation,
        kernel: &SincTable,
        odd: bool,
        samples: &mut [[f32; LANES]],
        buses: &mut Buses,
    ) {
        for (lane, oscillator) in self.oscillators.iter_mut().enumerate() {
            oscillator.read(kind, kernel, lane, samples);
        }
        let [left_step, right_step, reverb_step, chorus_step] = self.steps;
        let [mut gl, mut gr, mut reverb, mut chorus] = self.gains;
        let frames = samples
            .iter_mut()
            .zip(buses.left.iter_mut().zip(buses.right.iter_mut()));
        if self.filtered == 0 {
            for (x, (left, right)) in frames {
                let x = Lanes(*x);
                *left += x * gl;
                *right += x * gr;
                gl += left_step;
                gr += right_step;
            }
        } else {
            let (mut y, mut d) = (self.y, self.d);
            let (mut e, mut b2, mut k) = (self.e, self.b2, self.k);
            let (e_step, b2_step, k_step) = (self.e_step, self.b2_step, self.k_step);
            let mut bias = Lanes::splat(if odd { -BIAS } else { BIAS });
            for (sample, (left, right)) in frames {
                let x = Lanes(*sample) + bias;
                d = b2 * d - e * y + k * x;
                y += d;
                *sample = y.0;
                *left += y * gl;
                *right += y * gr;
                bias = Lanes::ZERO - bias;
                gl += left_step;
                gr += right_step;
                e += e_step;
                b2 += b2_step;
                k += k_step;
            }
            (self.y, self.d) = (y, d);
            (self.e, self.b2, self.k) = (e, b2, k);
        }
        send(samples, &mut reverb, reverb_step, &mut buses.reverb);
        send(samples, &mut chorus, chorus_step, &mut buses.chorus);
        self.gains = [gl, gr, reverb, chorus];
    }
}

/// Adds the voices to an effect's bus, unless all their sends are zero.
fn send(samples: &[[f32; LANES]], gain: &mut Lanes, step: Lanes, bus: &mut Option<&mut [Lanes]>) {
    let Some(bus) = bus else { return };
    if *gain == Lanes::ZERO && step == Lanes::ZERO {
        return;
    }
    let mut now = *gain;
    for (x, out) in samples.iter().zip(bus.iter_mut()) {
        *out += Lanes(*x) * now;
        now += step;
    }
    *gain = now;
}
