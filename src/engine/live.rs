// SPDX-License-Identifier: MIT OR Apache-2.0
//! Settings that change while the device runs: somebody has written to the registry and says so. What concerns the renderer is told to the
//! owner, who acts at the start of its next block; notes go on.

use super::Engine;
use super::bank;
use super::command::Command;
use super::handle::ALL_SOUND_OFF;
use super::settings::Settings;
use crate::com::stream::RenderUnit;
use crate::kernel::irql::Passive;
use crate::kernel::lock::Mutex;
use crate::kernel::{Result, no_memory};
use arioso_core::ks::arioso::{ARIOSO_METERS, ARIOSO_SETTINGS};
use arioso_core::ks::status::STATUS_DEVICE_BUSY;
use arioso_core::mem::TryBox;
use arioso_core::synth::{Interpolation, Room};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The values that count. The endpoint's lead lies where its DPC looks for it ([`super::exchange`]).
pub struct Live {
    voices: AtomicU32,
    /// As the registry counts it.
    quality: AtomicU32,
    /// MB.
    download_memory: AtomicU32,
    /// ns.
    slice_budget: AtomicU32,
    cable: AtomicBool,
    dither: AtomicBool,
    /// One change at a time. What the registry says and a start would have to bring about, [`ARIOSO_SETTINGS::Pending`].
    pending: Mutex<u32>,
}

impl Live {
    pub fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            voices: AtomicU32::new(settings.voices.into()),
            quality: AtomicU32::new(number(settings.quality)),
            download_memory: AtomicU32::new(settings.download_memory),
            slice_budget: AtomicU32::new(settings.slice_budget),
            cable: AtomicBool::new(settings.cable),
            dither: AtomicBool::new(settings.dither),
            pending: Mutex::new(0).map_err(no_memory)?,
        })
    }

    /// Size of the voice pool.
    pub fn voices(&self) -> u32 {
        self.voices.load(Ordering::Relaxed)
    }

    /// How a new pin reads its waves.
    pub fn quality(&self) -> Interpolation {
        match self.quality.load(Ordering::Relaxed) {
            0 => Interpolation::Linear,
            2 => Interpolation::Sinc16,
            _ => Interpolation::Sinc8,
        }
    }

    /// Whether what the next writer says to the cable is heard.
    pub fn plays_cable(&self) -> bool {
        self.cable.load(Ordering::Relaxed)
    }

    /// Whether what is rounded to 16 bits is dithered.
    pub fn dithers(&self) -> bool {
        self.dither.load(Ordering::Relaxed)
    }
}

/// As the registry counts them.
fn number(quality: Interpolation) -> u32 {
    match quality {
        Interpolation::Linear => 0,
        Interpolation::Sinc8 => 1,
        Interpolation::Sinc16 => 2,
    }
}

impl Engine {
    /// Reads the numbers from the registry again. Without memory for more voices the other settings count nevertheless.
    pub fn refresh_numbers(&self, passive: Passive) -> Result {
        let live = &self.live;
        live.pending.with(passive, |pending| {
            let new = self.settings.read_again(passive);
            *pending = u32::from(frames(new.unit) != frames(self.settings.unit))
                | u32::from(new.ahead != self.settings.ahead) << 1;
            live.cable.store(new.cable, Ordering::Relaxed);
            live.dither.store(new.dither, Ordering::Relaxed);
            self.common.lead.store(new.lead, Ordering::Relaxed);
            live.download_memory
                .store(new.download_memory, Ordering::Relaxed);
            self.registry.with(passive, |registry| {
                registry.store.set_quotas(new.quotas());
                // A pin that opens later sees the new quality, one that is open is told.
                live.quality.store(number(new.quality), Ordering::Relaxed);
            });
            self.send(passive, Command::Quality(new.quality));
            live.slice_budget.store(new.slice_budget, Ordering::Relaxed);
            self.send(passive, Command::Budget(new.slice_budget));
            if live.voices() != u32::from(new.voices) {
                let room = Room::new(new.voices)
                    .and_then(TryBox::try_new)
                    .map_err(no_memory)?;
                live.voices.store(new.voices.into(), Ordering::Relaxed);
                self.send(passive, Command::Voices(room));
            }
            Ok(())
        })
    }

    /// Reads the bank again that the registry names. Voices keep what they play, downloads stay over it.
    pub fn refresh_bank(&self, passive: Passive) -> Result {
        let had = self.registry.with(passive, |registry| {
            if core::mem::replace(&mut registry.reading, true) {
                return Err(STATUS_DEVICE_BUSY);
            }
            Ok(core::mem::replace(&mut registry.bank_read, true))
        })?;
        let settings = self.settings.read_again(passive);
        let read = bank::read(passive, &settings, self.common.loader.work());
        let done = self.take_bank(passive, read, had);
        // What nobody plays any more goes at once.
        self.reap(passive);
        done
    }

    /// Ends all notes of all pins.
    pub fn silence(&self, passive: Passive) {
        self.registry.with(passive, |registry| {
            for (slot, pin) in registry.pins.iter().enumerate() {
                if pin.is_some() {
                    let quiet = Command::Quiet {
                        slot: slot as u8,
                        controller: ALL_SOUND_OFF,
                    };
                    self.send(passive, quiet);
                }
            }
        });
    }

    /// What counts now.
    pub fn active_settings(&self, passive: Passive) -> ARIOSO_SETTINGS {
        let live = &self.live;
        let pending = live.pending.with(passive, |pending| *pending);
        let (users, instruments) = self.registry.with(passive, |registry| {
            let pins = registry.pins.iter().flatten().count() as u32;
            let others = u32::from(registry.sink_open).wrapping_add(registry.endpoint_open.into());
            let instruments = registry.store.default_count() as u32;
            (pins.wrapping_add(others), instruments)
        });
        ARIOSO_SETTINGS {
            Size: size_of::<ARIOSO_SETTINGS>() as u32,
            Pending: pending,
            Users: users,
            Instruments: instruments,
            Voices: live.voices(),
            Quality: live.quality.load(Ordering::Relaxed),
            DownloadMemory: live.download_memory.load(Ordering::Relaxed),
            EndpointLead: self.common.lead.load(Ordering::Relaxed),
            SliceBudget: live.slice_budget.load(Ordering::Relaxed) / 1000,
            CableSynth: live.plays_cable().into(),
            Dither: live.dithers().into(),
            RenderUnits: frames(self.settings.unit).into(),
            WaveSinkFeed: self.settings.ahead.into(),
        }
    }

    /// What the synthesizer does now.
    pub fn meters(&self, passive: Passive) -> ARIOSO_METERS {
        let common = &self.common;
        let lost = self.registry.with(passive, |registry| {
            let pins = registry.pins.iter().flatten();
            pins.fold(0u64, |lost, pin| {
                lost.wrapping_add(pin.meter.lost_notes.load(Ordering::Relaxed))
            })
        });
        const FULL_SCALE: f32 = 16_777_216.0;
        ARIOSO_METERS {
            Size: size_of::<ARIOSO_METERS>() as u32,
            Voices: common.voices.load(Ordering::Relaxed),
            Load: common.load.load(Ordering::Relaxed),
            Level: (common.level() * FULL_SCALE) as u32,
            LostNotes: lost,
            Frames: common.frames.load(Ordering::Relaxed),
        }
    }
}

/// `RenderUnits`
fn frames(unit: RenderUnit) -> bool {
    matches!(unit, RenderUnit::Frames)
}
