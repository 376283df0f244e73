// SPDX-License-Identifier: MIT OR Apache-2.0
//! A MIDI pin, as its stream and the properties see it.

use super::command::Command;
use super::pin::Pin;
use super::{Engine, MAX_GROUPS};
use crate::com::event::Chain;
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use crate::kernel::lock::Mutex;
use alloc::vec::Vec;
use arioso_core::ks::arioso::{ARIOSO_BANK, ARIOSO_STATISTICS};
use arioso_core::ks::dmusprop::{SYNTH_EFFECT_CHORUS, SYNTH_EFFECT_REVERB};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::status::STATUS_UNSUCCESSFUL;
use arioso_core::mem::{NoMemory, Shared, vec};
use arioso_core::synth::effects::{Sends, Waves};
use arioso_core::synth::{DEFAULT_BOOST, default_priority};
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

/// An open MIDI pin: one virtual synthesizer. Dropping it (at `PASSIVE_LEVEL`) closes the pin; its events have gone back then.
pub struct PinHandle {
    engine: Shared<Engine>,
    pin: Shared<Pin>,
    slot: u8,
    volume: AtomicI32,
    boost: AtomicI32,
    groups: AtomicU32,
    /// `SYNTH_EFFECT_*`.
    effects: AtomicU32,
    client: Mutex<ClientSettings>,
    /// Frames that the engine had rendered when the pin was opened.
    frames_before: u64,
    /// Lost notes at the last entry to RUN.
    lost_before: AtomicU64,
}

/// What the client said.
pub(super) struct ClientSettings {
    /// Voice priorities, by group and channel.
    priorities: Vec<[Option<u32>; 16]>,
    reverb: Waves,
}

impl ClientSettings {
    pub(super) fn new() -> core::result::Result<Self, NoMemory> {
        Ok(Self {
            priorities: vec::try_filled(usize::from(MAX_GROUPS), [None; 16])?,
            reverb: Waves::default(),
        })
    }
}

/// The effects that there are, all on at first.
pub const EFFECTS: u32 = SYNTH_EFFECT_REVERB | SYNTH_EFFECT_CHORUS;

/// What `RUNNINGSTATS` tells.
pub struct Running {
    pub voices: u32,
    /// Since entry to RUN.
    pub lost_notes: u32,
    /// Since entry to RUN; 1.0 is full scale.
    pub peak_level: f32,
    /// Bytes that the pin may still download.
    pub free_memory: u32,
    /// Percent of a processor × 100, of the whole synthesizer.
    pub load: u32,
    /// The same for each voice.
    pub load_per_voice: u32,
}

pub(super) const ALL_SOUND_OFF: u8 = 120;
const ALL_NOTES_OFF: u8 = 123;

impl PinHandle {
    pub(super) fn new(
        engine: Shared<Engine>,
        pin: Shared<Pin>,
        slot: u8,
        client: Mutex<ClientSettings>,
    ) -> Self {
        let frames_before = engine.common.frames.load(Ordering::Relaxed);
        Self {
            engine,
            pin,
            slot,
            volume: AtomicI32::new(0),
            boost: AtomicI32::new(DEFAULT_BOOST),
            groups: AtomicU32::new(1),
            effects: AtomicU32::new(EFFECTS),
            client,
            frames_before,
            lost_before: AtomicU64::new(0),
        }
    }

    /// Takes over the port's events. `DISPATCH_LEVEL` or below.
    pub fn put(&self, chain: Chain) {
        let mut writer = self.engine.thru.writer(self.slot, || self.pin.now());
        let seen = writer.as_mut().map(|writer| |event: &_| writer.take(event));
        self.pin.put(chain, seen);
        if let Some(writer) = writer {
            writer.finish();
        }
        self.engine.wake();
    }

    /// Leaving RUN releases the pin's notes, stopping cuts them: those too that a pedal holds.
    pub fn set_state(&self, passive: Passive, state: KSSTATE) {
        let before = self.pin.state();
        if self.engine.common.is_closed() {
            // Shutting down comes to this pin too, but perhaps later: what it holds goes back before the port is answered.
            self.pin.set_state(passive, KSSTATE_STOP);
            return;
        }
        if state == KSSTATE_RUN && before != KSSTATE_RUN {
            let lost = self.pin.meter.lost_notes.load(Ordering::Relaxed);
            self.lost_before.store(lost, Ordering::Relaxed);
            self.pin.meter.peak_level.store(0, Ordering::Relaxed);
        }
        self.pin.set_state(passive, state);
        if state == KSSTATE_STOP {
            self.engine.thru.flush(self.slot);
        }
        // A port goes from RUN to STOP over PAUSE and ACQUIRE.
        let controller = match (before, state) {
            (KSSTATE_STOP, _) => None,
            (_, KSSTATE_STOP) => Some(ALL_SOUND_OFF),
            (KSSTATE_RUN, state) if state != KSSTATE_RUN => Some(ALL_NOTES_OFF),
            _ => None,
        };
        if let Some(controller) = controller {
            self.send(
                passive,
                Command::Quiet {
                    slot: self.slot,
                    controller,
                },
            );
        }
        if self.pin.is_pending() {
            self.engine.wake();
        }
    }

    fn send(&self, passive: Passive, command: Command) {
        self.engine.send(passive, command);
    }

    /// 1/100 dB.
    pub fn volume(&self) -> i32 {
        self.volume.load(Ordering::Relaxed)
    }

    pub fn set_volume(&self, passive: Passive, volume: i32) {
        self.volume.store(volume, Ordering::Relaxed);
        self.send(
            passive,
            Command::Volume {
                slot: self.slot,
                volume,
            },
        );
    }

    /// 1/100 dB.
    pub fn boost(&self) -> i32 {
        self.boost.load(Ordering::Relaxed)
    }

    pub fn set_boost(&self, passive: Passive, boost: i32) {
        self.boost.store(boost, Ordering::Relaxed);
        self.send(
            passive,
            Command::Boost {
                slot: self.slot,
                boost,
            },
        );
    }

    /// The effects that are on, `SYNTH_EFFECT_*`.
    pub fn effects(&self) -> u32 {
        self.effects.load(Ordering::Relaxed)
    }

    pub fn set_effects(&self, passive: Passive, effects: u32) {
        self.effects.store(effects, Ordering::Relaxed);
        self.send(
            passive,
            Command::Effects {
                slot: self.slot,
                on: Sends {
                    reverb: effects & SYNTH_EFFECT_REVERB != 0,
                    chorus: effects & SYNTH_EFFECT_CHORUS != 0,
                },
            },
        );
    }

    /// The reverb that the client asked for.
    pub fn reverb(&self, passive: Passive) -> Waves {
        self.client.with(passive, |client| client.reverb)
    }

    /// `waves` are within their ranges.
    pub fn set_reverb(&self, passive: Passive, waves: Waves) {
        self.client.with(passive, |client| client.reverb = waves);
        self.send(
            passive,
            Command::Reverb {
                slot: self.slot,
                waves,
            },
        );
    }

    pub fn groups(&self) -> u32 {
        self.groups.load(Ordering::Relaxed)
    }

    /// 1..=[`MAX_GROUPS`].
    pub fn set_groups(&self, passive: Passive, groups: u32) -> Result {
        let count = u16::try_from(groups)
            .ok()
            .filter(|n| (1..=MAX_GROUPS).contains(n))
            .ok_or(STATUS_UNSUCCESSFUL)?;
        if self.groups() != groups {
            self.engine.set_groups(passive, self.slot, count)?;
            self.groups.store(groups, Ordering::Relaxed);
            // Groups that go take their priorities with them.
            self.client.with(passive, |client| {
                let rest = client.priorities.get_mut(usize::from(count)..);
                rest.unwrap_or_default().fill([None; 16]);
            });
        }
        Ok(())
    }

    /// Voice priority of a channel (0..16) of the 1-based `group`, if there is such a channel.
    pub fn priority(&self, passive: Passive, group: u32, channel: u32) -> Option<u32> {
        let at = self.channel_index(group, channel)?;
        let set = self.client.with(passive, |client| {
            client.priorities.as_flattened().get(at).copied().flatten()
        });
        Some(set.unwrap_or_else(|| default_priority(channel as usize)))
    }

    pub fn set_priority(
        &self,
        passive: Passive,
        group: u32,
        channel: u32,
        priority: u32,
    ) -> Result {
        let at = self
            .channel_index(group, channel)
            .ok_or(STATUS_UNSUCCESSFUL)?;
        self.client.with(passive, |client| {
            if let Some(place) = client.priorities.as_flattened_mut().get_mut(at) {
                *place = Some(priority);
            }
        });
        self.send(
            passive,
            Command::Priority {
                slot: self.slot,
                group: group as u16,
                channel: channel as u16,
                priority,
            },
        );
        Ok(())
    }

    fn channel_index(&self, group: u32, channel: u32) -> Option<usize> {
        let known = (1..=self.groups()).contains(&group) && channel < 16;
        known.then(|| (group.wrapping_sub(1).wrapping_mul(16).wrapping_add(channel)) as usize)
    }

    /// Size of the voice pool, which all pins share.
    pub fn voices(&self) -> u32 {
        self.engine.voices()
    }

    /// Output rate in Hz.
    pub fn rate(&self) -> u32 {
        self.engine.common.rate()
    }

    /// Earliest master time at which a new event is on time.
    pub fn latency(&self) -> i64 {
        self.engine.common.latency(self.pin.now())
    }

    /// A download buffer's bytes; its handle.
    pub fn download(&self, passive: Passive, bytes: &[u8]) -> Result<u32> {
        self.engine.download(passive, self.slot, bytes)
    }

    pub fn unload(&self, passive: Passive, download: u32) -> Result {
        self.engine.unload(passive, self.slot, download)
    }

    pub fn running(&self, passive: Passive) -> Running {
        let meter = &self.pin.meter;
        let lost = meter
            .lost_notes
            .load(Ordering::Relaxed)
            .wrapping_sub(self.lost_before.load(Ordering::Relaxed));
        let load = self.engine.common.load.load(Ordering::Relaxed);
        let voices = self.engine.common.voices.load(Ordering::Relaxed);
        Running {
            voices: meter.voices.load(Ordering::Relaxed),
            lost_notes: u32::try_from(lost).unwrap_or(u32::MAX),
            peak_level: f32::from_bits(meter.peak_level.load(Ordering::Relaxed)),
            free_memory: u32::try_from(self.engine.free_bytes(passive, self.slot))
                .unwrap_or(u32::MAX),
            load,
            load_per_voice: load.checked_div(voices).unwrap_or(0),
        }
    }

    pub fn statistics(&self) -> ARIOSO_STATISTICS {
        let meter = &self.pin.meter;
        let common = &self.engine.common;
        ARIOSO_STATISTICS {
            Size: size_of::<ARIOSO_STATISTICS>() as u32,
            Flags: u32::from(common.over_budget.load(Ordering::Relaxed)),
            Events: meter.events.load(Ordering::Relaxed),
            Late: meter.late.load(Ordering::Relaxed),
            LostNotes: meter.lost_notes.load(Ordering::Relaxed),
            Notes: meter.notes.load(Ordering::Relaxed),
            Voices: meter.voices.load(Ordering::Relaxed),
            PeakVoices: meter.peak_voices.load(Ordering::Relaxed),
            MaxLateness: meter.max_lateness.load(Ordering::Relaxed),
            Frames: common
                .frames
                .load(Ordering::Relaxed)
                .wrapping_sub(self.frames_before),
            Slices: common.slices.load(Ordering::Relaxed),
            SkippedSlices: common.skipped.load(Ordering::Relaxed),
        }
    }

    pub fn bank(&self) -> ARIOSO_BANK {
        let meter = &self.pin.meter;
        let frames = meter.longest_wait.load(Ordering::Relaxed);
        let ticks = frames.saturating_mul(10_000_000);
        let wait = ticks.checked_div(self.rate().into()).unwrap_or(0);
        ARIOSO_BANK {
            LateNotes: meter.late_notes.load(Ordering::Relaxed),
            LongestWait: i64::try_from(wait).unwrap_or(i64::MAX),
            ..self.engine.common.loader.work().told()
        }
    }
}

impl Drop for PinHandle {
    fn drop(&mut self) {
        let passive = Passive::of_drop();
        self.pin.set_state(passive, KSSTATE_STOP);
        self.engine.thru.flush(self.slot);
        self.engine.close_pin(passive, self.slot, &self.pin);
    }
}
