// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a song costs, moment by moment: the file of `arioso play --report`.

use serde::{Deserialize, Serialize};

/// A song that was played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// `sink` or `endpoint`.
    pub output: String,
    /// Frames per second.
    pub rate: u32,
    /// The song, piece by piece.
    pub samples: Vec<Sample>,
}

/// The time since the sample before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Its end, seconds from the song's beginning.
    pub time_s: f64,
    /// Sounding at its end.
    pub voices: u32,
    /// Notes that got no voice or lost one, since the song's beginning.
    pub lost_notes: u64,
    /// Events that took effect after their time, since the song's beginning.
    pub late_events: u64,
    /// Processor time of the host that rendering a slice (1 ms) took, µs.
    pub slice_us: f64,
    /// The dearest DPC, µs of processor time of the host.
    pub longest_dpc_us: f64,
    /// Largest magnitude, dB of full scale; none of silence, and where it is not known.
    pub level_db: Option<f64>,
}

/// Delays that were measured, as the endpoint's conformance scenario writes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// Note-on to first sample, µs.
    pub latency_us: Vec<f64>,
}
