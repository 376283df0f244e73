// SPDX-License-Identifier: MIT OR Apache-2.0
//! Measures a song while it plays.

use crate::listen::Output;
use crate::player::{Moment, Way};
use crate::song::SECOND;
use arioso_cli::trace::{Sample, Trace};
use simkernel::modules::portcls::wave_sink;
use simkernel::system::dpc_cost;

/// Collects a sample of each moment.
pub struct Meter {
    way: Way,
    /// Host time of rendering, ns, and frames, up to the last moment.
    before: (u64, u64),
    pub samples: Vec<Sample>,
}

impl Meter {
    pub fn new(way: Way) -> Self {
        Self {
            way,
            before: (0, 0),
            samples: Vec::new(),
        }
    }

    pub fn take(&mut self, moment: &Moment) -> Sample {
        let dpc = dpc_cost();
        // The endpoint renders in its DPC, the wave sink in its thread.
        let ns = match self.way.output {
            Some(Output::Sink) | None => wave_sink::progress().render_ns,
            Some(Output::Endpoint) => dpc.ns,
        };
        let statistics = moment.statistics;
        let (ns_before, frames_before) = self.before;
        let frames = statistics.Frames.saturating_sub(frames_before);
        let slices = frames as f64 * 1000.0 / f64::from(self.way.rate);
        self.before = (ns, statistics.Frames);
        let sample = Sample {
            time_s: moment.time as f64 / SECOND as f64,
            voices: statistics.Voices,
            lost_notes: statistics.LostNotes,
            late_events: statistics.Late,
            slice_us: match frames {
                0 => 0.0,
                _ => ns.saturating_sub(ns_before) as f64 / 1000.0 / slices,
            },
            longest_dpc_us: dpc.longest_ns as f64 / 1000.0,
            level_db: level(moment.audio),
        };
        self.samples.push(sample.clone());
        sample
    }

    pub fn trace(self) -> Trace {
        Trace {
            output: match self.way.output {
                Some(Output::Sink) | None => "sink".into(),
                Some(Output::Endpoint) => "endpoint".into(),
            },
            rate: self.way.rate,
            samples: self.samples,
        }
    }
}

/// The largest magnitude in dB of full scale.
fn level(audio: &[i16]) -> Option<f64> {
    let peak = audio.iter().map(|sample| sample.unsigned_abs()).max()?;
    (peak > 0).then(|| 20.0 * (f64::from(peak) / 32_768.0).log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        assert_eq!(level(&[]), None);
        assert_eq!(level(&[0, 0]), None);
        assert_eq!(level(&[5, i16::MIN]), Some(0.0));
        let half = level(&[16_384, -3]).unwrap();
        assert!((half + 6.0206).abs() < 1e-4, "{half}");
    }
}
