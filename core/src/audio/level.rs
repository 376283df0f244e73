// SPDX-License-Identifier: MIT OR Apache-2.0
//! The endpoint's volume and mute.

use crate::synth::amplitude;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// Units of a decibel.
const DECIBEL: f32 = 65_536.0;
/// Half a decibel.
const STEP: i32 = 0x8000;

/// Volume and mute of two channels; written by the nodes' properties, read by the owner.
pub struct Levels([Level; 2]);

struct Level {
    /// 1/65536 dB.
    volume: AtomicI32,
    muted: AtomicBool,
}

impl Level {
    const fn new() -> Self {
        Self {
            volume: AtomicI32::new(0),
            muted: AtomicBool::new(false),
        }
    }

    fn gain(&self) -> f32 {
        match self.volume.load(Ordering::Relaxed) {
            _ if self.muted.load(Ordering::Relaxed) => 0.0,
            0 => 1.0,
            volume => amplitude(volume as f32 / DECIBEL),
        }
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self::new()
    }
}

impl Levels {
    /// Lowest and highest volume, and the distance of two: −96 dB, 0 dB, half a dB.
    pub const VOLUME: (i32, i32, i32) = (-192 * STEP, 0, STEP);

    /// 0 dB, not muted.
    pub const fn new() -> Self {
        Self([Level::new(), Level::new()])
    }

    fn each(&self, channel: Option<usize>) -> impl Iterator<Item = &Level> {
        self.0
            .iter()
            .enumerate()
            .filter(move |(n, _)| channel.is_none_or(|c| c == *n))
            .map(|(_, level)| level)
    }

    /// 1/65536 dB; of the first channel without a channel.
    pub fn volume(&self, channel: Option<usize>) -> i32 {
        self.each(channel)
            .next()
            .map_or(0, |l| l.volume.load(Ordering::Relaxed))
    }

    /// Clamps to the range and rounds down to a step; of all channels without a channel.
    pub fn set_volume(&self, channel: Option<usize>, volume: i32) {
        let (least, most, _) = Self::VOLUME;
        // The step is a power of two.
        let volume = volume.clamp(least, most) & STEP.wrapping_neg();
        for level in self.each(channel) {
            level.volume.store(volume, Ordering::Relaxed);
        }
    }

    /// Of the first channel without a channel.
    pub fn is_muted(&self, channel: Option<usize>) -> bool {
        self.each(channel)
            .next()
            .is_some_and(|l| l.muted.load(Ordering::Relaxed))
    }

    /// Of all channels without a channel.
    pub fn set_muted(&self, channel: Option<usize>, muted: bool) {
        for level in self.each(channel) {
            level.muted.store(muted, Ordering::Relaxed);
        }
    }

    /// What to multiply the channels with.
    pub fn gains(&self) -> [f32; 2] {
        self.0.each_ref().map(Level::gain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_steps_within_the_range() {
        let levels = Levels::new();
        assert_eq!(levels.gains(), [1.0; 2]);
        let (least, most, step) = Levels::VOLUME;
        for (set, kept) in [
            (i32::MIN, least),
            (least + 1, least),
            (-1, -step),
            (-step, -step),
            (1, most),
            (i32::MAX, most),
        ] {
            levels.set_volume(None, set);
            assert_eq!(levels.volume(Some(0)), kept, "{set}");
            assert_eq!(levels.volume(Some(1)), kept, "{set}");
        }
    }

    /// 10^(dB/20) to a millibel; a channel that there is not takes nothing.
    #[test]
    fn gains_are_decibels_unless_muted() {
        let levels = Levels::new();
        for db in [-96i32, -60, -20, -6, -1] {
            levels.set_volume(Some(1), db << 16);
            let [left, right] = levels.gains();
            assert_eq!(left, 1.0);
            let found = 20.0 * f64::from(right).log10();
            assert!((found - f64::from(db)).abs() < 0.01, "{found} dB for {db}");
        }
        levels.set_volume(Some(2), -96 << 16);
        levels.set_muted(Some(0), true);
        assert!(levels.is_muted(Some(0)) && levels.is_muted(None) && !levels.is_muted(Some(1)));
        assert_eq!(levels.gains()[0], 0.0);
        levels.set_muted(None, false);
        assert_eq!(levels.gains()[0], 1.0);
    }
}
