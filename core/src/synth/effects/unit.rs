// SPDX-License-Identifier: MIT OR Apache-2.0
//! The effects of one port.

use super::super::lanes::Lanes;
use super::super::tick::TICK;
use super::chorus::Chorus;
use super::delay::Block;
use super::reverb::Reverb;
use super::{EffectSettings, Now, Sends, gate, peak};
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
            blocks: TryBox::try_filled([0.0; TICK as usize])?,
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

    /// What `frames` frames from `position` on, which no tick divides, sound like behind the effects; `None` is silence. A bus that is
    /// `None` brings nothing, but what has been in still sounds.
    #[inline(never)]
    pub fn process(
        &mut self,
        settings: &EffectSettings,
        rate: u32,
        position: u64,
        frames: usize,
        reverb: Option<&[f32]>,
        chorus: Option<&[f32]>,
    ) -> Option<(&[f32], &[f32])> {
        if reverb.is_none() && chorus.is_none() && self.is_asleep() {
            return None;
        }
        let rate = rate as f32;
        let now = Now {
            tick: position / u64::from(TICK),
            offset: (position % u64::from(TICK)) as usize,
        };
        if now.offset == 0 {
            self.reverb.tick(&settings.reverb, rate, now);
            self.chorus.tick(&settings.chorus, rate, now);
        }
        let [input, send, left, right] = &mut *self.blocks;
        take(chorus, input);
        take(reverb, send);
        if self.chorus.is_asleep() && peak(input) > 0.0 {
            self.chorus.wake(&settings.chorus, rate, now);
        }
        let chorus_sounds = !self.chorus.is_asleep();
        *left = [0.0; TICK as usize];
        *right = [0.0; TICK as usize];
        if chorus_sounds {
            self.chorus.process(now, frames, input, left, right, send);
            for x in send.as_chunks_mut().0 {
                *x = gate(Lanes(*x)).0;
            }
            send.get_mut(frames..)?.fill(0.0);
        }
        if self.reverb.is_asleep() && peak(send) > 0.0 {
            self.reverb.wake(&settings.reverb, rate, now);
        }
        let reverb_sounds = !self.reverb.is_asleep();
        if reverb_sounds {
            self.reverb.process(now, frames, send, left, right);
        }
        if !chorus_sounds && !reverb_sounds {
            return None;
        }
        Some((left.get(..frames)?, right.get(..frames)?))
    }
}

/// The bus within bounds, and silence behind it.
fn take(bus: Option<&[f32]>, out: &mut Block) {
    *out = [0.0; TICK as usize];
    for (to, x) in out.iter_mut().zip(bus.unwrap_or_default()) {
        *to = *x;
    }
    for x in out.as_chunks_mut().0 {
        *x = gate(Lanes(*x)).0;
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
