// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the owner is told by other contexts.

use super::track::Track;
use arioso_core::dls::model::Patches;
use arioso_core::mem::{Shared, TryBox};
use arioso_core::synth::effects::{Sends, Waves};
use arioso_core::synth::{Interpolation, Parts, Room, VirtualSynth};

/// What the owner is told. Executed at the start of its next block.
pub enum Command {
    Attach {
        slot: u8,
        track: TryBox<Track>,
        port: TryBox<VirtualSynth>,
    },
    Detach {
        slot: u8,
    },
    Patches {
        slot: u8,
        patches: Shared<Patches>,
    },
    Parts {
        slot: u8,
        parts: TryBox<Parts>,
    },
    /// 1/100 dB.
    Volume {
        slot: u8,
        volume: i32,
    },
    /// 1/100 dB.
    Boost {
        slot: u8,
        boost: i32,
    },
    /// Which effects are on.
    Effects {
        slot: u8,
        on: Sends,
    },
    /// The client's reverb parameters.
    Reverb {
        slot: u8,
        waves: Waves,
    },
    Priority {
        slot: u8,
        group: u16,
        channel: u16,
        priority: u32,
    },
    /// How all pins read their waves.
    Quality(Interpolation),
    /// ns that a slice may cost.
    Budget(u32),
    /// Another number of voices.
    Voices(TryBox<Room>),
    /// A controller without value for all channels: all sound off, all notes off.
    Quiet {
        slot: u8,
        controller: u8,
    },
}
