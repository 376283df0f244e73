// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the voices of a channel have in common, made once for all notes up to the channel's next change.

use super::{MIN_RELEASE, Movers};
use crate::dls::model::{Articulation, Destination};
use crate::mem::{NoMemory, vec};
use crate::synth::channel::Channel;
use crate::synth::context::{OutputContext, VoiceContext};
use crate::synth::controls::{self, Time};
use crate::synth::envelope::Contour;
use crate::synth::filter::{self, Coefficients};
use crate::synth::keys::KeySettings;
use crate::synth::lfo::Lfo;
use crate::synth::math;
use crate::synth::modulation::{Fixed, FixedValues, Inputs, MOVERS, Modulation, NotePart, Target};
use crate::synth::tone::BUSES;
use alloc::vec::Vec;

/// Longest stage time in seconds: 8000 time cents, the longest of a SoundFont; DLS knows 40 s.
const MAX_TIME: f32 = 101.6;
const FILTER: [Target; 2] = [Target::Cutoff, Target::Resonance];
/// Where the levels of the buses come from, apart from the gain.
const SHARES: [Target; 3] = [Target::Pan, Target::ReverbSend, Target::ChorusSend];

/// An articulation under a channel, before there is a key, a velocity or a sample.
pub struct Prepared {
    origin: Origin,
    pub(super) modulation: Modulation,
    /// What a note adds to it, if that is little.
    pub(super) note_part: Option<NotePart>,
    /// As [`controls::apply`] wants to know it.
    pub(super) at_rest: bool,
    /// Gains of the sides.
    pub(super) balance: [f32; 2],
    /// Where the filter stands if no note has a part in it and nothing moves it: [`place`](filter::place), and the coefficients there.
    pub(super) filter: Option<(f32, Coefficients)>,
    /// Level on each bus for a gain of 1, if no note has a part in it and nothing moves it.
    pub(super) shares: Option<[f32; BUSES]>,
    pub(super) steps: LfoSteps,
    /// No note has a part in them, nor has a controller.
    pub(super) steps_are_common: bool,
    /// If notes have no part in them.
    pub(super) times: Option<Times>,
}

/// What all of it follows from.
#[derive(Clone, Copy, PartialEq)]
struct Origin {
    /// Stamps of articulation and channel.
    stamps: (u64, u64),
    balance: f32,
    rate: f32,
}

impl Prepared {
    /// Of nothing: no stamp is 0.
    const NONE: Self = Self {
        origin: Origin {
            stamps: (0, 0),
            balance: 0.0,
            rate: 0.0,
        },
        modulation: Modulation::NONE,
        note_part: None,
        at_rest: false,
        balance: [1.0; 2],
        filter: None,
        shares: None,
        steps: LfoSteps::NONE,
        steps_are_common: false,
        times: None,
    };

    #[inline(never)]
    fn set(
        &mut self,
        origin: Origin,
        articulation: &Articulation,
        around: &VoiceContext,
        context: &OutputContext,
    ) {
        let channel = around.channel;
        let rate = context.rate;
        self.origin = origin;
        self.modulation = Modulation::of_channel(articulation, channel);
        self.note_part = NotePart::of(articulation, channel);
        self.at_rest = controls::are_at_rest(around);
        self.balance = controls::balance(channel, around.balance);
        let still = [0.0; MOVERS];
        let value = |target| self.modulation.value(target, &still);
        let is_common =
            |targets: &[Target]| !Modulation::note_drives(articulation, targets) && self.at_rest;
        let stand = |targets: &[Target]| !self.modulation.moves_one(targets) && is_common(targets);
        self.filter = stand(&FILTER).then(|| {
            let [cents, resonance] = FILTER.map(value);
            let place = filter::place(cents, context.log2_a440);
            (place, context.filters.at(place, resonance))
        });
        self.shares = stand(&SHARES).then(|| {
            let [pan, reverb, chorus] = SHARES.map(value);
            shares(self.balance, pan, [reverb, chorus])
        });
        self.steps = LfoSteps::new(super::FREQUENCIES.map(value), rate);
        self.steps_are_common = is_common(&super::FREQUENCIES);
        self.times = articulation.has_usual_times().then(|| {
            // No note has a part in usual times.
            let inputs = Inputs::without_note(channel);
            Times::read(articulation, &inputs, &around.key, rate)
        });
    }
}

/// Levels from pan (DLS 2.2 §1.13: constant power) and balance, and of the sends, which pan does not touch.
pub(super) fn shares(
    [left, right]: [f32; 2],
    pan: f32,
    [reverb, chorus]: [f32; 2],
) -> [f32; BUSES] {
    let pan = pan.clamp(-0.5, 0.5) + 0.5;
    [
        left * math::quarter_sine(1.0 - pan),
        right * math::quarter_sine(pan),
        reverb.clamp(0.0, 1.0),
        chorus.clamp(0.0, 1.0),
    ]
}

/// What was prepared last, for several articulations and channels. Any IRQL, but for its making.
pub struct Preparations(Vec<Prepared>);

impl Preparations {
    /// Articulations under channels: a song has fewer that sound at a time.
    const PLACES: usize = 128;

    /// PASSIVE_LEVEL: it allocates.
    pub fn new() -> Result<Self, NoMemory> {
        // The last one is for keys that have settings of their own.
        let places = (0..Self::PLACES + 1).map(|_| Prepared::NONE);
        vec::try_collect(places).map(Self)
    }

    /// What an articulation and a channel make of a voice; made anew if one of them is not what it was.
    #[inline]
    pub fn of(
        &mut self,
        articulation: &Articulation,
        around: &VoiceContext,
        context: &OutputContext,
    ) -> Option<&Prepared> {
        let origin = Origin {
            stamps: (articulation.stamp(), around.channel.stamp()),
            balance: around.balance,
            rate: context.rate,
        };
        let has_settings = !around.key.is_none();
        let place = if has_settings {
            Self::PLACES
        } else {
            place_of(origin.stamps) % Self::PLACES
        };
        let prepared = self.0.get_mut(place)?;
        if prepared.origin != origin || has_settings {
            prepared.set(origin, articulation, around, context);
        }
        Some(prepared)
    }
}

/// Spreads neighbours: the high bits of a product with the golden ratio.
fn place_of((articulation, channel): (u64, u64)) -> usize {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mixed = articulation.wrapping_mul(GOLDEN).wrapping_add(channel);
    (mixed.wrapping_mul(GOLDEN) >> 32) as usize
}

/// Phase per frame of the two LFOs, in turns of 2^32.
#[derive(Clone, Copy)]
pub(super) struct LfoSteps {
    /// Frequencies in cents and the output rate that they come of; NaN if they move.
    from: ([f32; 2], f32),
    pub lfo: u32,
    pub vibrato: u32,
}

impl LfoSteps {
    /// Of nothing.
    pub const NONE: Self = Self {
        from: ([f32::NAN; 2], 0.0),
        lfo: 0,
        vibrato: 0,
    };

    pub fn new(cents: [f32; 2], rate: f32) -> Self {
        let [lfo, vibrato] = cents;
        let step = phase_step(lfo, rate);
        Self {
            from: (cents, rate),
            lfo: step,
            vibrato: if vibrato == lfo {
                step
            } else {
                phase_step(vibrato, rate)
            },
        }
    }

    #[inline]
    pub fn are_of(&self, cents: [f32; 2], rate: f32) -> bool {
        self.from == (cents, rate)
    }

    /// They are of no frequency any more.
    pub fn will_move(&mut self) {
        self.from = Self::NONE.from;
    }
}

/// LFO phase per frame for an absolute pitch in cents.
pub(super) fn phase_step(cents: f32, rate: f32) -> u32 {
    let hertz = math::hertz(cents.clamp(-20_000.0, 8_400.0)).min(0.25 * rate);
    (hertz / rate * 4_294_967_296.0) as u32
}

/// Frames of both releases under the controller of their time.
pub(super) fn release_frames(channel: &Channel, seconds: [f32; 2], rate: f32) -> [u32; 2] {
    let frames = |seconds, least| {
        let none = KeySettings::NONE;
        let seconds = controls::stage_time(channel, &none, Time::Release, seconds).min(MAX_TIME);
        (seconds.max(least) * rate + 0.5) as u32
    };
    let [volume, modulator] = seconds;
    [frames(volume, MIN_RELEASE), frames(modulator, 0.0)]
}

/// The destinations that hold for a whole note.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub volume: Contour,
    pub modulator: Contour,
    /// At the Note On.
    pub movers: Movers,
    /// Release of both envelopes in seconds, before controllers.
    pub releases: [f32; 2],
}

impl Times {
    #[inline(never)]
    pub fn read(
        articulation: &Articulation,
        inputs: &Inputs,
        key: &KeySettings,
        rate: f32,
    ) -> Self {
        use Destination as D;
        let values = FixedValues::new(articulation, inputs);
        let awe = Some(&inputs.channel.awe).filter(|awe| awe.is_set());
        let get = |destination| {
            awe.and_then(|awe| awe.fixed(destination))
                .unwrap_or_else(|| values.get(destination))
        };
        let seconds = |f: Fixed| {
            if f.zero || !f.given {
                0.0
            } else {
                math::seconds(f.sum.min(12_000.0)).min(MAX_TIME)
            }
        };
        let frames = |f: Fixed, least: f32| (seconds(f).max(least) * rate + 0.5) as u32;
        let controlled = |f: Fixed, time: Time| {
            let seconds = controls::stage_time(inputs.channel, key, time, seconds(f)).min(MAX_TIME);
            (seconds * rate + 0.5) as u32
        };
        let sustain = |f: Fixed| {
            if f.given {
                (f.sum * 0.001).clamp(0.0, 1.0)
            } else {
                1.0
            }
        };
        let releases = [seconds(get(D::Eg1Release)), seconds(get(D::Eg2Release))];
        let [release, modulator_release] = release_frames(inputs.channel, releases, rate);
        let mut volume = Contour {
            delay: frames(get(D::Eg1Delay), 0.0),
            attack: controlled(get(D::Eg1Attack), Time::Attack),
            hold: frames(get(D::Eg1Hold), 0.0),
            decay: controlled(get(D::Eg1Decay), Time::Decay),
            release,
            shutdown: match get(D::Eg1Shutdown) {
                f if f.given => frames(f, MIN_RELEASE),
                _ => (0.015 * rate + 0.5) as u32,
            },
            ..Contour::default()
        };
        volume.sustain_at(sustain(get(D::Eg1Sustain)));
        let mut modulator = Contour {
            delay: frames(get(D::Eg2Delay), 0.0),
            attack: controlled(get(D::Eg2Attack), Time::Attack),
            hold: frames(get(D::Eg2Hold), 0.0),
            decay: controlled(get(D::Eg2Decay), Time::Decay),
            release: modulator_release,
            convex: get(D::Eg2AttackCurve).sum != 0.0,
            ..Contour::default()
        };
        modulator.sustain_at(sustain(get(D::Eg2Sustain)));
        let mut movers = Movers {
            lfo: Lfo::new(controlled(get(D::LfoDelay), Time::LfoDelay)),
            vibrato: Lfo::new(controlled(get(D::VibratoDelay), Time::LfoDelay)),
            ..Movers::REST
        };
        movers.eg1.advance(&volume, 0);
        movers.eg2.advance(&modulator, 0);
        Self {
            volume,
            modulator,
            movers,
            releases,
        }
    }
}
