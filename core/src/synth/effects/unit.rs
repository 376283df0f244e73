// SPDX-License-Identifier: MIT OR Apache-2.0
//! The effects of one port.

use super::super::simd::{self, Vectors};
use super::super::tick::EFFECT_TICK;
use super::chorus::Chorus;
use super::delay::Block;
use super::reverb::Reverb;
use super::{EffectSettings, GATE, Now, Sends};
use crate::mem::{NoMemory, TryBox};
use core::fmt;

/// Reverb and chorus with their delay lines (about 250 KB), made with a port. An effect without sound in it sleeps and costs
/// nothing.
pub struct Unit {
    reverb: Reverb,
    chorus: Chorus,
    /// Input of the chorus and of the reverb, and both sides of the output.
    blocks: TryBox<[Block; 4]>,
}

impl Unit {
    /// Effects at rest. PASSIVE_LEVEL: it allocates.
    pub fn new() -> Result<TryBox<Self>, NoMemory> {
        TryBox::try_new(Self {
            reverb: Reverb::new()?,
            chorus: Chorus::new()?,
            blocks: TryBox::try_filled([0.0; EFFECT_TICK as usize])?,
        })
    }

    /// Nothing sounds.
    pub fn is_asleep(&self) -> bool {
        self.reverb.is_asleep() && self.chorus.is_asleep()
    }

    /// Which effects sound.
    pub fn awake(&self) -> Sends {
        Sends {
            reverb: !self.reverb.is_asleep(),
            chorus: !self.chorus.is_asleep(),
        }
    }

    /// Forgets all sound.
    pub fn clear(&mut self) {
        if !self.reverb.is_asleep() {
            self.reverb.clear();
        }
        if !self.chorus.is_asleep() {
            self.chorus.clear();
        }
    }

    /// What `frames` frames from `position` on, which no tick divides, sound like behind the effects; `None` is silence. The buses are those of the
    /// reverb and of the chorus; one that is `None` brings nothing, but what has been in still sounds.
    #[inline(never)]
    pub fn process(
        &mut self,
        vectors: Vectors,
        settings: &EffectSettings,
        rate: u32,
        position: u64,
        frames: usize,
        [reverb, chorus]: [Option<&[f32]>; 2],
    ) -> Option<(&[f32], &[f32])> {
        if reverb.is_none() && chorus.is_none() && self.is_asleep() {
            return None;
        }
        let rate = rate as f32;
        let now = Now {
            tick: position / u64::from(EFFECT_TICK),
            offset: (position % u64::from(EFFECT_TICK)) as usize,
            vectors,
        };
        if now.offset == 0 {
            self.reverb.tick(&settings.reverb, rate, now);
            self.chorus.tick(&settings.chorus, rate, now);
        }
        let [input, send, left, right] = &mut *self.blocks;
        let loud = simd::take(vectors, GATE, chorus.unwrap_or_default(), input) > 0.0;
        let mut send_peak = simd::take(vectors, GATE, reverb.unwrap_or_default(), send);
        if loud && self.chorus.is_asleep() {
            self.chorus.wake(&settings.chorus, rate, now);
        }
        *left = [0.0; EFFECT_TICK as usize];
        *right = [0.0; EFFECT_TICK as usize];
        let chorus_sounds = !self.chorus.is_asleep();
        if chorus_sounds
            && self
                .chorus
                .process(now, frames, (input, loud), [&mut *left, &mut *right], send)
        {
            let sum = *send;
            send_peak = simd::take(vectors, GATE, sum.get(..frames)?, send);
        }
        let loud = send_peak > 0.0;
        if loud && self.reverb.is_asleep() {
            self.reverb.wake(&settings.reverb, rate, now);
        }
        let reverb_sounds = !self.reverb.is_asleep();
        if reverb_sounds {
            self.reverb
                .process(now, frames, (send, loud), [&mut *left, &mut *right]);
        }
        if !chorus_sounds && !reverb_sounds {
            return None;
        }
        Some((left.get(..frames)?, right.get(..frames)?))
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unit")
            .field("reverb", &!self.reverb.is_asleep())
            .field("chorus", &!self.chorus.is_asleep())
            .finish()
    }
}
