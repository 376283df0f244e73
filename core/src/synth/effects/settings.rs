// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a port's effects are set to: plain values, and the tables of GM2, GS and XG that lead to them.

use super::super::math;
use super::Sends;

/// Reverb and chorus of a port. Values outside their ranges are clamped where they are used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EffectSettings {
    /// Which effects are on; system messages do not change it.
    pub on: Sends,
    /// Settings of the reverb.
    pub reverb: Reverb,
    /// Settings of the chorus.
    pub chorus: Chorus,
    /// What a system reset restores.
    pub usual: Reverb,
}

impl Default for EffectSettings {
    fn default() -> Self {
        Self {
            on: Sends {
                reverb: true,
                chorus: true,
            },
            reverb: Reverb::default(),
            chorus: Chorus::default(),
            usual: Reverb::default(),
        }
    }
}

impl EffectSettings {
    /// A system reset. The switches and [`Waves`] are the client's and stay.
    pub fn reset(&mut self) {
        self.reverb = self.usual;
        self.chorus = Chorus::default();
    }

    /// The client sets the reverb; the room stays.
    pub fn set_waves(&mut self, waves: &Waves) {
        self.reverb.set_waves(waves);
        self.usual.set_waves(waves);
    }
}

/// `DMUS_WAVES_REVERB_PARAMS`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waves {
    /// Gain into the reverb in dB, -96..=0.
    pub in_gain: f32,
    /// Level of the reverb in dB, -96..=0.
    pub mix: f32,
    /// Reverb time in ms, 0.001..=3000.
    pub milliseconds: f32,
    /// Reverb time of the high frequencies as a part of it, 0.001..=0.999.
    pub high_ratio: f32,
}

impl Default for Waves {
    /// What [`Reverb::default`] amounts to.
    fn default() -> Self {
        let usual = Reverb::default();
        Self {
            in_gain: 0.0,
            mix: Reverb::USUAL_MIX_DB,
            milliseconds: usual.time * 1000.0,
            high_ratio: usual.high_ratio,
        }
    }
}

impl Waves {
    /// Within their ranges; `None` if one is not a number.
    pub fn clamped(self) -> Option<Self> {
        let clamp = |x: f32, low, high| (!x.is_nan()).then(|| x.clamp(low, high));
        Some(Self {
            in_gain: clamp(self.in_gain, -96.0, 0.0)?,
            mix: clamp(self.mix, -96.0, 0.0)?,
            milliseconds: clamp(self.milliseconds, 0.001, 3000.0)?,
            high_ratio: clamp(self.high_ratio, 0.001, 0.999)?,
        })
    }
}

/// Dimensions of the simulated space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// GM 2 reverb type 0.
    SmallRoom,
    /// Type 1.
    MediumRoom,
    /// Type 2.
    LargeRoom,
    /// Type 3.
    MediumHall,
    /// Type 4, the default.
    LargeHall,
    /// Type 8.
    Plate,
}

/// Settings of a reverb.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reverb {
    /// What is simulated.
    pub room: Room,
    /// Seconds in which the tail falls by 60 dB, 0.05..=20.
    pub time: f32,
    /// Reverb time at 5 kHz as a part of `time`, 0.001..=0.999.
    pub high_ratio: f32,
    /// Cutoff of the low-pass before the reverb in Hz; infinite is none.
    pub cutoff: f32,
    /// Seconds before the reverb begins, 0..=0.127.
    pub pre_delay: f32,
    /// Gain; 1 is the usual level.
    pub level: f32,
}

impl Default for Reverb {
    /// GM2's large hall.
    fn default() -> Self {
        Self::gm2(4)
    }
}

impl Reverb {
    /// `fReverbMix` of the usual level: the default of DirectMusic's Waves reverb.
    pub const USUAL_MIX_DB: f32 = -10.0;

    const fn new(room: Room, time: f32, high_ratio: f32) -> Self {
        Self {
            room,
            time,
            high_ratio,
            cutoff: f32::INFINITY,
            pre_delay: 0.0,
            level: 1.0,
        }
    }

    /// GM2 reverb type (0–4, 8); others are the large hall. GM2 says nothing of the high frequencies: they stay nearly as long as the
    /// others, as in FluidSynth, whose reverb times at 500 Hz and 8 kHz are the same.
    pub fn gm2(kind: u8) -> Self {
        match kind {
            0 => Self::new(Room::SmallRoom, 1.1, 0.9),
            1 => Self::new(Room::MediumRoom, 1.3, 0.9),
            2 => Self::new(Room::LargeRoom, 1.5, 0.9),
            3 => Self::new(Room::MediumHall, 1.8, 0.9),
            8 => Self::new(Room::Plate, 1.3, 0.95),
            _ => Self::new(Room::LargeHall, 1.8, 0.9),
        }
    }

    /// GM2 reverb time 0–127 in seconds: exp((v − 40) · 0.025).
    pub fn gm2_time(value: u8) -> f32 {
        math::exp2((f32::from(value & 0x7F) - 40.0) * (0.025 * core::f32::consts::LOG2_E))
    }

    /// GS reverb macro 0–7: rooms, halls, plate; the two delays sound as a small and a large room. The times are those of the GM2
    /// types of the same name, moved by the macro's `REVERB TIME` against the usual 64.
    pub fn gs(number: u8) -> Self {
        let (kind, low_pass, time) = match number {
            0 => (0, 3, 80),
            1 => (1, 4, 56),
            2 => (2, 0, 64),
            3 => (3, 4, 72),
            5 => (8, 0, 88),
            6 => (0, 0, 32),
            7 => (2, 0, 64),
            _ => (4, 0, 64),
        };
        let usual = Self::gm2(kind);
        Self {
            time: usual.time * Self::gm2_time(time) / Self::gm2_time(64),
            cutoff: Self::gs_cutoff(low_pass),
            ..usual
        }
    }

    /// GS `REVERB PRE-LPF` 0–7 in Hz: none, then from 12 kHz downwards.
    pub fn gs_cutoff(value: u8) -> f32 {
        match value & 7 {
            0 => f32::INFINITY,
            step => 12_000.0 * math::exp2(f32::from(step - 1) * -0.5),
        }
    }

    /// XG reverb type (MSB, LSB); `None` is "no effect".
    pub fn xg(kind: u8, variation: u8) -> Option<Self> {
        Some(match (kind, variation) {
            (0x01, 0) => Self::new(Room::LargeHall, 1.8, 0.9),
            (0x01, _) => Self::new(Room::LargeHall, 2.2, 0.9),
            (0x02, 0) => Self::new(Room::SmallRoom, 1.1, 0.9),
            (0x02, 1) => Self::new(Room::MediumRoom, 1.3, 0.9),
            (0x02, _) => Self::new(Room::LargeRoom, 1.5, 0.9),
            (0x03, 0) => Self::new(Room::MediumHall, 1.7, 0.9),
            (0x03, _) => Self::new(Room::MediumHall, 2.0, 0.9),
            (0x04, _) => Self::new(Room::Plate, 1.5, 0.95),
            (0x10, _) => Self::new(Room::SmallRoom, 0.9, 0.9),
            (0x11 | 0x12, _) => Self::new(Room::LargeHall, 2.6, 0.75),
            (0x13, _) => Self::new(Room::MediumRoom, 1.2, 0.7),
            _ => return None,
        })
    }

    /// Level, time and ratio of the Waves parameters, clamped; one that is not a number changes nothing.
    pub fn set_waves(&mut self, waves: &Waves) {
        let Some(waves) = waves.clamped() else { return };
        self.level = math::amplitude(waves.in_gain + waves.mix - Self::USUAL_MIX_DB);
        self.time = waves.milliseconds * 0.001;
        self.high_ratio = waves.high_ratio;
    }
}

/// Settings of a chorus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chorus {
    /// Rate of the modulation in Hz, 0..=16.
    pub rate: f32,
    /// How far the delay swings from end to end in seconds, 0..=0.040.
    pub depth: f32,
    /// Shortest delay in seconds, 0.001..=0.040.
    pub delay: f32,
    /// -0.97..=0.97
    pub feedback: f32,
    /// Part of the chorus that goes into the reverb, 0..=1.
    pub to_reverb: f32,
    /// Gain; 1 is the usual level.
    pub level: f32,
}

impl Default for Chorus {
    /// GM2's chorus 3.
    fn default() -> Self {
        Self::gm2(2)
    }
}

impl Chorus {
    /// GM2 chorus type 0–5 (chorus 1–4, feedback chorus, flanger); others are chorus 3.
    pub fn gm2(kind: u8) -> Self {
        let (feedback, rate, depth, delay) = match kind {
            0 => (0, 3, 5, 0.012),
            1 => (5, 9, 19, 0.008),
            3 => (16, 9, 16, 0.006),
            4 => (64, 2, 24, 0.004),
            5 => (112, 1, 5, 0.001),
            _ => (8, 3, 19, 0.008),
        };
        Self {
            rate: Self::gm2_rate(rate),
            depth: Self::gm2_depth(depth),
            delay,
            feedback: Self::gm2_feedback(feedback),
            to_reverb: 0.0,
            level: 1.0,
        }
    }

    /// GM2 modulation rate 0–127 in Hz.
    pub fn gm2_rate(value: u8) -> f32 {
        f32::from(value & 0x7F) * 0.122
    }

    /// GM2 modulation depth 0–127 in seconds.
    pub fn gm2_depth(value: u8) -> f32 {
        (f32::from(value & 0x7F) + 1.0) * (0.001 / 3.2)
    }

    /// GM2 feedback 0–127 as a part.
    pub fn gm2_feedback(value: u8) -> f32 {
        f32::from(value & 0x7F) * 0.00763
    }

    /// GM2 send to reverb 0–127 as a part.
    pub fn gm2_to_reverb(value: u8) -> f32 {
        f32::from(value & 0x7F) * 0.00787
    }

    /// GS `CHORUS DELAY` 0–127 in seconds: a tenth of a millisecond each, which gives the macros' 112, 80, 80 and 64 about the delays that
    /// they have here.
    pub fn gs_delay(value: u8) -> f32 {
        f32::from(value & 0x7F) * 0.0001
    }

    /// GS chorus macro 0–7: the six of GM2, then a short delay without and with feedback.
    pub fn gs(number: u8) -> Self {
        let short = |feedback| Self {
            rate: 0.0,
            depth: 0.0,
            delay: 0.040,
            feedback: Self::gm2_feedback(feedback),
            to_reverb: 0.0,
            level: 1.0,
        };
        match number {
            6 => short(0),
            7 => short(80),
            _ => Self::gm2(number),
        }
    }

    /// XG chorus type (MSB, LSB); `None` is "no effect".
    pub fn xg(kind: u8, variation: u8) -> Option<Self> {
        Some(match (kind, variation) {
            (0x41, 0) => Self::gm2(0),
            (0x41, 1) => Self::gm2(1),
            (0x41, 2) => Self::gm2(2),
            (0x41, _) => Self::gm2(3),
            (0x42, _) => Self {
                delay: 0.004,
                ..Self::gm2(2)
            },
            (0x43, _) => Self::gm2(5),
            _ => return None,
        })
    }
}
