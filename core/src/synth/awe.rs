// SPDX-License-Identifier: MIT OR Apache-2.0
//! NRPN 127 of the Sound Blaster AWE32: generators of the EMU8000, which songs of its time set per channel.
//!
//! Numbers, units and ranges are those of Creative's "AWE32 Developer's Information Pack" (NRPN table); envelope 1 is the modulation
//! envelope, LFO 1 the modulation LFO. Times, sustain, cutoff, resonance and sends replace what the instrument has; depths and pitch
//! add to it.

mod voice;

/// The NRPN MSB.
pub const NRPN: u8 = 127;

/// Generators by NRPN LSB, as they were sent: 14 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awe {
    values: [u16; Self::COUNT],
    /// Some are set.
    any: bool,
}

impl Awe {
    const COUNT: usize = 27;
    const UNSET: u16 = u16::MAX;
    pub const NONE: Self = Self {
        values: [Self::UNSET; Self::COUNT],
        any: false,
    };

    /// Sets generator `number` to a data entry of 14 bits. What is no generator is ignored.
    pub fn set(&mut self, number: u8, value: u16) {
        if let Some(slot) = self.values.get_mut(usize::from(number)) {
            *slot = value & 0x3FFF;
            self.any = true;
        }
    }

    /// Some generator has been set.
    pub fn is_set(&self) -> bool {
        self.any
    }

    /// The value around 8192, within a range.
    fn signed(&self, number: usize, low: i32, high: i32) -> Option<f32> {
        let value = self.values.get(number).copied()?;
        (value != Self::UNSET).then(|| (i32::from(value) - 8192).clamp(low, high) as f32)
    }

    /// The data entry's low byte, which is all that small ranges use.
    fn small(&self, number: usize) -> Option<f32> {
        let value = self.values.get(number).copied()?;
        (value != Self::UNSET).then(|| f32::from(value & 0x7F))
    }
}
