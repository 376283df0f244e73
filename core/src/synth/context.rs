// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a voice is given: by the synthesizer, by its port and channel, by its Note On.

use super::channel::Channel;
use super::filter::FilterTable;
use super::keys::KeySettings;
use super::tick::TICK;
use super::tuning::Tunings;

/// What a voice needs to know of the outside when it computes.
pub struct OutputContext<'a> {
    pub filters: &'a FilterTable,
    pub rate: f32,
    /// log2(440 Hz / rate), for cutoffs.
    pub log2_a440: f32,
    /// Number of the last tick.
    pub tick: u32,
}

impl<'a> OutputContext<'a> {
    /// Of an output at `position`.
    pub fn new(filters: &'a FilterTable, rate: u32, log2_a440: f32, position: u64) -> Self {
        Self {
            filters,
            rate: rate as f32,
            log2_a440,
            tick: (position / u64::from(TICK)) as u32,
        }
    }
}

/// A channel and what its port adds to it.
#[derive(Clone, Copy)]
pub struct VoiceContext<'a> {
    pub channel: &'a Channel,
    /// Master tuning in cents.
    pub tuning: f32,
    /// Master balance, -1..=1.
    pub balance: f32,
    /// Settings of the voice's key.
    pub key: KeySettings,
    pub tunings: &'a Tunings,
}

impl VoiceContext<'_> {
    /// The key that a note of this channel chooses regions by.
    pub fn key_of(&self, note: u8) -> u8 {
        (i32::from(note) + self.channel.transpose()).clamp(0, 127) as u8
    }
}

/// Bits of a voice priority that rank channels.
pub const CHANNEL_OFFSET: u32 = 0xF;

/// What a Note On gives to each voice it starts.
#[derive(Clone, Copy, Debug)]
pub struct NoteOn {
    pub key: u8,
    pub velocity: u8,
    /// Number of the Note On; voices of one share it.
    pub serial: u64,
    pub position: u64,
    pub priority: u32,
    /// Key from which the pitch glides.
    pub glide_from: Option<u8>,
}
