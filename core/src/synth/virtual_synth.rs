// SPDX-License-Identifier: MIT OR Apache-2.0
//! Virtual synths: what belongs to one render pin.

use super::bus::Bus;
use super::channel::{CHANNELS, Channel, Parts, System};
use super::context::{CHANNEL_OFFSET, VoiceContext};
use super::effects::{EffectSettings, Sends, Unit};
use super::math;
use super::oscillator::Interpolation;
use super::tuning::Tunings;
use crate::dls::model::{Instrument, Patches};
use crate::dls::substitute;
use crate::mem::{NoMemory, Shared, TryBox};

/// A port's slot in the synthesizer, 0..`Settings::synths`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SynthId(pub u8);

/// Running statistics of a port, cumulative since its creation unless said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Voices that sound now.
    pub voices: u32,
    /// The most that have sounded at once.
    pub peak_voices: u32,
    /// Note Ons that named an instrument.
    pub notes: u64,
    /// Held notes cut by others, and notes that found no voice.
    pub lost_notes: u64,
    /// Notes that began late, because what they play had to be read first.
    pub late_notes: u64,
    /// The longest that one of them waited, in frames.
    pub longest_wait: u64,
    /// Highest sample the port has put out since [`VirtualSynth::take_peak`]; 1.0 is full scale.
    pub peak_level: f32,
}

/// Level of a full-scale voice when volume and boost are 0.
const REFERENCE_DB: f32 = -12.0;
/// VOLUMEBOOST of a new synthesizer, 1/100 dB: `GUID_DMUS_PROP_Volume` item 1.
pub const DEFAULT_BOOST: i32 = 600;

/// One virtual synth: channel groups, programs, volumes.
#[derive(Debug)]
pub struct VirtualSynth {
    parts: TryBox<Parts>,
    patches: Option<Shared<Patches>>,
    /// 1/100 dB.
    volume: i32,
    boost: i32,
    /// Amplitude that these two make.
    level: f32,
    /// 14 bit.
    pub(super) master_volume: u16,
    /// -1 (left) to 1.
    pub(super) balance: f32,
    /// Cents.
    pub(super) fine_tuning: f32,
    pub(super) coarse_tuning: f32,
    /// Lower channels never steal from higher ones.
    pub(super) static_allocation: bool,
    /// Downloaded instruments sound (DLS on).
    pub(super) downloads: bool,
    system: System,
    interpolation: Interpolation,
    pub(super) effects: EffectSettings,
    /// The delay lines, while the port is not attached.
    unit: Option<TryBox<Unit>>,
    pub(super) tunings: Tunings,
    pub(super) stats: Stats,
    /// Active sensing: the tick by which another message must come.
    deadline: Option<u64>,
}

impl VirtualSynth {
    /// A port with `groups` channel groups of 16 channels in power-on state. PASSIVE_LEVEL: it allocates.
    pub fn new(groups: u16) -> Result<TryBox<Self>, NoMemory> {
        let parts = TryBox::try_new(Parts::new(groups)?)?;
        TryBox::try_new(Self {
            parts,
            patches: None,
            volume: 0,
            boost: DEFAULT_BOOST,
            level: level(0, DEFAULT_BOOST),
            master_volume: 0x3FFF,
            balance: 0.0,
            fine_tuning: 0.0,
            coarse_tuning: 0.0,
            static_allocation: true,
            downloads: true,
            system: System::default(),
            interpolation: Interpolation::default(),
            effects: EffectSettings::default(),
            unit: Some(Unit::new()?),
            tunings: Tunings::new()?,
            stats: Stats::default(),
            deadline: None,
        })
    }

    /// Publishes the instruments to choose from; gives back the old ones. Sounding voices are not affected.
    pub fn set_patches(&mut self, patches: Shared<Patches>) -> Option<Shared<Patches>> {
        self.patches.replace(patches)
    }

    /// Changes the number of channel groups; gives back the old channels. Channels that both have keep their state.
    pub(super) fn set_parts(&mut self, mut parts: TryBox<Parts>) -> TryBox<Parts> {
        parts.adopt(&self.parts);
        core::mem::replace(&mut self.parts, parts)
    }

    /// Channel groups.
    pub fn groups(&self) -> u16 {
        self.parts.groups()
    }

    /// Its channels.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(super) fn parts_mut(&mut self) -> &mut Parts {
        &mut self.parts
    }

    /// VOLUME in 1/100 dB.
    pub fn set_volume(&mut self, volume: i32) {
        self.volume = volume;
        self.level = level(volume, self.boost);
    }

    /// VOLUME in 1/100 dB.
    pub fn volume(&self) -> i32 {
        self.volume
    }

    /// VOLUMEBOOST in 1/100 dB.
    pub fn set_boost(&mut self, boost: i32) {
        self.boost = boost;
        self.level = level(self.volume, boost);
    }

    /// VOLUMEBOOST in 1/100 dB.
    pub fn boost(&self) -> i32 {
        self.boost
    }

    /// Quality of the voices, from the next slice on.
    pub fn set_interpolation(&mut self, interpolation: Interpolation) {
        self.interpolation = interpolation;
    }

    /// Quality of its voices.
    pub fn interpolation(&self) -> Interpolation {
        self.interpolation
    }

    /// Reverb and chorus. Changes act from the next control tick on.
    pub fn effects(&self) -> &EffectSettings {
        &self.effects
    }

    /// The same, to be changed.
    pub fn effects_mut(&mut self) -> &mut EffectSettings {
        &mut self.effects
    }

    /// Voice priority of a channel (0..16) of a group (1-based); `None` if there is no such channel.
    pub fn priority(&self, group: u16, channel: u16) -> Option<u32> {
        self.parts
            .channel(part_of(group, channel)?)
            .map(|channel| channel.priority)
    }

    /// Sets a voice priority for the notes to come; false if there is no such channel.
    pub fn set_priority(&mut self, group: u16, channel: u16, priority: u32) -> bool {
        let found = part_of(group, channel).and_then(|part| self.parts.channel_mut(part));
        found.is_some_and(|channel| {
            channel.priority = priority;
            true
        })
    }

    /// Its statistics.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Highest sample since the last call; 1.0 is full scale.
    pub fn take_peak(&mut self) -> f32 {
        core::mem::take(&mut self.stats.peak_level)
    }

    /// The system that its bank select messages speak.
    pub fn system(&self) -> System {
        self.system
    }

    /// Everything a system message can set, back to power-on; DLS on or off stays.
    pub(super) fn reset(&mut self, system: System) {
        self.parts.reset(system);
        self.master_volume = 0x3FFF;
        self.balance = 0.0;
        self.fine_tuning = 0.0;
        self.coarse_tuning = 0.0;
        self.static_allocation = true;
        self.effects.reset();
        self.tunings.reset();
        self.system = system;
    }

    /// Master tuning of a channel in cents; drums keep their pitch under coarse tuning.
    fn tuning(&self, channel: &Channel) -> f32 {
        self.fine_tuning
            + if channel.drum {
                0.0
            } else {
                self.coarse_tuning
            }
    }

    /// Priority of a note of this channel; without static allocation the channel's place does not count.
    pub(super) fn note_priority(&self, channel: &Channel) -> u32 {
        if self.static_allocation {
            channel.priority
        } else {
            channel.priority & !CHANNEL_OFFSET
        }
    }

    /// What a voice of a key depends on.
    pub(super) fn voice_context(&self, part: u16, key: u8) -> Option<VoiceContext<'_>> {
        let channel = self.parts.channel(part)?;
        Some(VoiceContext {
            channel,
            tuning: self.tuning(channel),
            balance: self.balance,
            key: self.parts.key(part, key),
            tunings: &self.tunings,
        })
    }

    /// From now on there is a message at least every 300 ms (and a tenth), or silence.
    pub(super) fn watch(&mut self, deadline: u64) {
        self.deadline = Some(deadline);
    }

    /// Messages are waited for.
    pub(super) fn is_watched(&self) -> bool {
        self.deadline.is_some()
    }

    /// A message has come.
    pub(super) fn heard(&mut self, position: u64, deadline: u64) {
        if self.deadline.is_some_and(|end| position <= end) {
            self.deadline = Some(deadline);
        } else {
            self.deadline = None;
        }
    }

    /// The sender has fallen silent; told once.
    pub(super) fn is_lost(&mut self, position: u64) -> bool {
        self.deadline
            .take_if(|deadline| *deadline <= position)
            .is_some()
    }

    /// Amplitude of the port's bus.
    pub(super) fn gain(&self) -> f32 {
        // The universal master volume follows the square law of the controllers.
        let master = f32::from(self.master_volume) * (1.0 / 16383.0);
        self.level * master * master
    }

    /// The instrument a channel plays: its own, else the nearest kin (`docs/reference/dls-synth.md` §2.7, §3.11).
    pub(super) fn instrument(&self, channel: &Channel) -> Option<&Shared<Instrument>> {
        let patches = self.patches.as_ref()?;
        let instruments = if self.downloads {
            patches.instruments()
        } else {
            patches.built_in()
        };
        substitute::instrument(instruments, channel.patch())
    }
}

impl VirtualSynth {
    /// A channel selects a program. True if that may have to be read, and has been asked for.
    pub(super) fn program_change(&mut self, part: u16, program: u8) -> bool {
        let system = self.system;
        let Some(channel) = self.parts.channel_mut(part) else {
            return false;
        };
        channel.program_change(program, usize::from(part) % CHANNELS, system);
        self.parts.release_keys(part);
        self.parts
            .channel(part)
            .is_some_and(|channel| self.select(channel))
    }

    /// Asks for what the channels have selected, where it may have to be read; whether it did.
    pub(super) fn select_all(&self) -> bool {
        let (mut last, mut asked) = (None, false);
        for channel in self.parts.channels() {
            // Most channels of a port have the same program at first.
            let patch = channel.patch();
            asked |= last.replace(patch) != Some(patch) && self.select(channel);
        }
        asked
    }

    /// Asks for what a channel has selected, if it may have to be read; whether it did.
    fn select(&self, channel: &Channel) -> bool {
        let instrument = self.instrument(channel);
        let demand = instrument.and_then(|instrument| instrument.demand());
        demand.is_some_and(|demand| {
            demand.select();
            true
        })
    }
}

/// Amplitude of a volume and a boost in 1/100 dB.
fn level(volume: i32, boost: i32) -> f32 {
    let db = REFERENCE_DB + volume.saturating_add(boost) as f32 * 0.01;
    math::amplitude(db.clamp(-200.0, 40.0))
}

/// Part number of a channel of a group (1-based).
fn part_of(group: u16, channel: u16) -> Option<u16> {
    if channel >= 16 {
        return None;
    }
    group.checked_sub(1)?.checked_mul(16)?.checked_add(channel)
}

/// A place for a port, with its effects and the gain behind them.
#[derive(Default)]
pub struct SynthSlot {
    pub port: Option<TryBox<VirtualSynth>>,
    /// The port's effects. They stay behind it until they have rung out.
    pub effects: Option<TryBox<Unit>>,
    pub settings: EffectSettings,
    pub bus: Bus,
}

impl SynthSlot {
    /// Takes a port in. Effects of one that has gone fall silent; they leave with this one.
    pub fn seat(&mut self, mut port: TryBox<VirtualSynth>) {
        if port.unit.is_some() {
            core::mem::swap(&mut self.effects, &mut port.unit);
            if let Some(old) = port.unit.as_deref_mut() {
                old.clear();
            }
        }
        self.port = Some(port);
    }

    /// Gives the port back, with its effects unless they still sound.
    pub fn vacate(&mut self) -> Option<TryBox<VirtualSynth>> {
        let mut port = self.port.take()?;
        port.parts.lift_keys();
        self.settings = port.effects;
        if !self.rings() && port.unit.is_none() {
            port.unit = self.effects.take();
        }
        Some(port)
    }

    /// Effects still sound.
    pub fn rings(&self) -> bool {
        self.effects.as_ref().is_some_and(|unit| !unit.is_asleep())
    }

    /// Effects that sound.
    pub fn awake(&self) -> Sends {
        self.effects
            .as_ref()
            .map(|unit| unit.awake())
            .unwrap_or_default()
    }

    /// Effects that are on.
    pub fn effects_on(&self) -> Sends {
        match (&self.port, &self.effects) {
            (Some(port), Some(_)) => port.effects.on,
            _ => Sends::default(),
        }
    }

    /// Takes over the port's settings of its effects.
    pub fn adopt_settings(&mut self) {
        if let Some(port) = &self.port {
            self.settings = port.effects;
        }
    }

    /// Quality of its voices.
    pub fn interpolation(&self) -> Interpolation {
        self.port
            .as_ref()
            .map(|port| port.interpolation())
            .unwrap_or_default()
    }

    fn wanted(&self) -> f32 {
        self.port.as_ref().map_or(self.bus.goal, |port| port.gain())
    }

    /// The bus has been silent: no ramp from an old gain.
    pub fn snap(&mut self) {
        self.bus = Bus::at(self.wanted());
    }

    /// A control tick, `frames` before the next.
    pub fn tick(&mut self, frames: u32) {
        let wanted = self.wanted();
        self.bus.tick(wanted, frames);
    }
}
