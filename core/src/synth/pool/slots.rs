// SPDX-License-Identifier: MIT OR Apache-2.0
//! The places of voices.

use super::Tag;
use crate::mem::{NoMemory, vec};
use crate::synth::tone::Tone;
use crate::synth::voice::Voice;
use alloc::vec::Vec;
use core::ops::Range;

/// Each slot has a tag, a voice (its control side) and a tone (its render side).
pub(super) struct Slots {
    tags: Vec<Tag>,
    voices: Vec<Voice>,
    tones: Vec<Tone>,
}

impl Slots {
    /// `count` empty slots. PASSIVE_LEVEL: it allocates.
    pub fn new(count: usize) -> Result<Self, NoMemory> {
        Ok(Self {
            tags: vec::try_filled(count, Tag::default())?,
            voices: Voice::idle(count)?,
            tones: Tone::idle(count)?,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// A slot.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<(&Tag, &Voice, &Tone)> {
        match (
            self.tags.get(index),
            self.voices.get(index),
            self.tones.get(index),
        ) {
            (Some(tag), Some(voice), Some(tone)) => Some((tag, voice, tone)),
            _ => None,
        }
    }

    /// A slot.
    #[inline(always)]
    pub fn get_mut(&mut self, index: usize) -> Option<(&mut Tag, &mut Voice, &mut Tone)> {
        match (
            self.tags.get_mut(index),
            self.voices.get_mut(index),
            self.tones.get_mut(index),
        ) {
            (Some(tag), Some(voice), Some(tone)) => Some((tag, voice, tone)),
            _ => None,
        }
    }

    /// What is asked about many at once.
    #[inline(always)]
    pub fn tag(&self, index: usize) -> Option<&Tag> {
        self.tags.get(index)
    }

    /// The render side.
    #[inline(always)]
    pub fn tone_mut(&mut self, index: usize) -> Option<&mut Tone> {
        self.tones.get_mut(index)
    }

    /// All tags.
    #[cfg(not(windows))]
    pub fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags.iter()
    }

    /// All tags.
    pub fn tags_mut(&mut self) -> impl Iterator<Item = &mut Tag> {
        self.tags.iter_mut()
    }

    /// All slots.
    #[inline(always)]
    pub fn iter(&self) -> impl Iterator<Item = (&Tag, &Voice, &Tone)> {
        let slots = self.tags.iter().zip(&self.voices).zip(&self.tones);
        slots.map(|((tag, voice), tone)| (tag, voice, tone))
    }

    /// All slots.
    #[inline(always)]
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&mut Tag, &mut Voice, &mut Tone)> {
        let slots = self.tags.iter_mut().zip(&mut self.voices);
        let slots = slots.zip(&mut self.tones);
        slots.map(|((tag, voice), tone)| (tag, voice, tone))
    }

    /// Numbers, tags and render sides of some.
    #[inline(always)]
    pub fn tones_mut(
        &mut self,
        some: Range<usize>,
    ) -> impl Iterator<Item = (usize, (&Tag, &mut Tone))> {
        let tags = self.tags.get(some.clone()).unwrap_or_default();
        let tones = self.tones.get_mut(some.clone()).unwrap_or_default();
        some.zip(tags.iter().zip(tones))
    }

    /// Exchanges the first `count` slots for those of `other`.
    pub fn swap_first(&mut self, other: &mut Self, count: usize) {
        for (to, from) in self.iter_mut().zip(other.iter_mut()).take(count) {
            core::mem::swap(to.0, from.0);
            core::mem::swap(to.1, from.1);
            core::mem::swap(to.2, from.2);
        }
    }
}
