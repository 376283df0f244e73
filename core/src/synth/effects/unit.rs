//! The effects of one port.

use super::super::lanes::Lanes;
use super::super::voice::TICK;
use super::chorus::Chorus;
use super::reverb::Reverb;
use super::{EffectSettings, Now, Sends, gate, peak};
use crate::mem::{NoMemory, TryBox, vec};
use alloc::vec::Vec;
use core::fmt;

/// Reverb and chorus with their delay lines (about 250 KB), made with a port. An effect without sound in it sleeps and costs
/// nothing.
pub struct Unit {
    reverb: Reverb,
    chorus: Chorus,
    input: Vec<f32>,
    send: Vec<f32>,
    left: Vec<f32>,
    right: Vec<f32>,
}

impl Unit {
    /// Effects at rest. PASSIVE_LEVEL: it allocates.
    pub fn new() -> Result<TryBox<Self>, NoMemory> {
        let block = || vec::try_filled(TICK as usize, 0.0);
        TryBox::try_new(Self {
            reverb: Reverb::new()?,
            chorus: Chorus::new()?,
            input: block()?,
            send: block()?,
            left: block()?,
            right: block()?,
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
        reverb: Option<&[Lanes]>,
        chorus: Option<&[Lanes]>,
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
        let input = self.input.get_mut(..frames)?;
        let send = self.send.get_mut(..frames)?;
        take(chorus, input);
        take(reverb, send);
        if self.chorus.is_asleep() && peak(input) > 0.0 {
            self.chorus.wake(&settings.chorus, rate, now);
        }
        let chorus_sounds = !self.chorus.is_asleep();
        let left = self.left.get_mut(..frames)?;
        let right = self.right.get_mut(..frames)?;
        left.fill(0.0);
        right.fill(0.0);
        if chorus_sounds {
            self.chorus.process(now, input, left, right, send);
            for x in send.iter_mut() {
                *x = gate(*x);
            }
        }
        if self.reverb.is_asleep() && peak(send) > 0.0 {
            self.reverb.wake(&settings.reverb, rate, now);
        }
        let reverb_sounds = !self.reverb.is_asleep();
        if reverb_sounds {
            self.reverb.process(now, send, left, right);
        }
        (chorus_sounds || reverb_sounds).then_some((left, right))
    }
}

/// The bus as one signal.
fn take(bus: Option<&[Lanes]>, out: &mut [f32]) {
    match bus {
        Some(bus) => {
            for (x, lanes) in out.iter_mut().zip(bus) {
                *x = gate(lanes.sum());
            }
        }
        None => out.fill(0.0),
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
