// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a tone stands at.

use super::{BUSES, Tone, UNIT};
use crate::synth::check::Finding;

/// Gains as parts of full scale, coefficients e, b2 and k, and the change of each per frame.
pub struct Stand {
    pub gains: [f32; BUSES],
    pub steps: [f32; BUSES],
    /// `None`: no filter.
    pub coefficients: Option<[f32; 3]>,
    pub moves: [f32; 3],
    pub rescaling: f32,
    /// y and d of the filter, in full scales.
    pub state: [f32; 2],
}

impl Tone {
    pub fn stand(&self) -> Stand {
        Stand {
            gains: self.gains_now(),
            steps: self.gains.step.0.map(|step| step * (1.0 / UNIT)),
            coefficients: self.filtered.then(|| self.filter.coefficients()),
            moves: self.filter.change(),
            rescaling: self.rescaling,
            state: self.filter.state().map(|x| x * UNIT),
        }
    }

    /// A voice lives here.
    pub fn is_live(&self) -> bool {
        self.oscillator.wave.is_some()
    }

    /// What it reads next is what its wave and loop say.
    pub fn check_window(&self) -> Result<(), Finding> {
        self.oscillator.check(&self.window)
    }
}
