// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a lane stands at.

use super::{BUSES, Quad, UNIT};
use crate::synth::check::Finding;

/// Gains as parts of full scale, coefficients e, b2 and k, and the change of each per frame.
pub struct Lane {
    pub gains: [f32; BUSES],
    pub steps: [f32; BUSES],
    pub coefficients: [f32; 3],
    pub moves: [f32; 3],
    pub rescaling: f32,
    /// y and d of the filter, in full scales.
    pub state: [f32; 2],
}

impl Quad {
    pub fn lane(&self, lane: usize) -> Lane {
        let lane_state = &self.lane_state;
        let [reverb, chorus] = &self.sends;
        let [reverb_step, chorus_step] = &self.send_steps;
        Lane {
            gains: [&lane_state.left, &lane_state.right, reverb, chorus]
                .map(|x| x.get(lane) * (1.0 / UNIT)),
            steps: [
                &lane_state.left_step,
                &lane_state.right_step,
                reverb_step,
                chorus_step,
            ]
            .map(|x| x.get(lane) * (1.0 / UNIT)),
            coefficients: [&lane_state.e, &lane_state.b2, &lane_state.k].map(|x| x.get(lane)),
            moves: [&lane_state.e_step, &lane_state.b2_step, &lane_state.k_step]
                .map(|x| x.get(lane)),
            rescaling: self.rescaling.get(lane),
            state: [&lane_state.y, &lane_state.d].map(|x| x.get(lane) * UNIT),
        }
    }

    /// A voice lives in the lane.
    pub fn has(&self, lane: usize) -> bool {
        self.live & 1 << lane != 0
    }

    /// What the lane reads next is what its wave and loop say.
    pub fn check_window(&self, lane: usize) -> Result<(), Finding> {
        match (self.oscillators.get(lane), self.windows.get(lane)) {
            (Some(oscillator), Some(window)) => oscillator.check(window),
            _ => Ok(()),
        }
    }
}
