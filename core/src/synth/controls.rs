// SPDX-License-Identifier: MIT OR Apache-2.0
//! What controllers do to a voice apart from the connections of its articulation: sound controllers, balance, soft pedal, portamento,
//! controller destinations, key settings, scale tuning. The laws are in docs/synth.md.

use super::channel::{Channel, Route, cc};
use super::context::VoiceContext;
use super::keys::{KeySettings, given};
use super::math;
use super::modulation::{FILTER_OFF, Modulation, Mover, Target};

/// What a voice remembers of its Note On, and hears of its key.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoteState {
    /// The soft pedal was down.
    pub soft: bool,
    pub poly_pressure: u8,
    /// Cents of scale tuning and tuning program, and the version of the scale they come from.
    pub scale: f32,
    pub scale_version: u8,
}

impl NoteState {
    /// The Note On of `key` on this channel.
    pub fn new(around: &VoiceContext, key: u8) -> Self {
        let channel = around.channel;
        Self {
            soft: channel.is_on(cc::SOFT),
            poly_pressure: 0,
            scale: scale_cents(around, key),
            scale_version: channel.scale_version,
        }
    }

    /// Takes over a scale that is meant for sounding notes too.
    pub fn follow_scale(&mut self, around: &VoiceContext, key: u8) {
        if self.scale_version != around.channel.scale_version {
            self.scale_version = around.channel.scale_version;
            self.scale = scale_cents(around, key);
        }
    }
}

/// Scale and tuning program. Drums have no scale.
fn scale_cents(around: &VoiceContext, key: u8) -> f32 {
    let channel = around.channel;
    let class = usize::from(key) % channel.scale.len();
    match channel.scale.get(class) {
        Some(&cents) if !channel.drum => cents + around.tunings.cents(channel, key),
        _ => 0.0,
    }
}

/// Gain of a note played with the soft pedal down.
const SOFT_DB: f32 = -3.0;
/// Cutoff that a filter that is off counts from when something closes it: 20 kHz.
const OPEN_CUTOFF: f32 = 13_508.0;
/// At the ends of CC 74, 71 and 76: four octaves, 20 dB, an octave of LFO rate.
const BRIGHTNESS_CENTS: f32 = 4800.0;
const RESONANCE_DB: f32 = 20.0;
const RATE_CENTS: f32 = 1200.0;
/// Vibrato that CC 77 adds at its upper end.
const VIBRATO_CENTS: f32 = 100.0;

/// A relative controller, -1 below 64, 0 at 64, 63/64 at 127.
fn relative(channel: &Channel, number: u8) -> f32 {
    (f32::from(channel.get(number)) - 64.0) * (1.0 / 64.0)
}

/// The LFOs of a controller destination, and what their rates are.
const LFOS: [(Mover, Target); 2] = [
    (Mover::Vibrato, Target::VibratoFrequency),
    (Mover::Lfo, Target::LfoFrequency),
];

/// What a voice has played is all that [`apply`] adds to: its channel's controllers are where they change nothing.
pub fn are_at_rest(around: &VoiceContext) -> bool {
    let channel = around.channel;
    let routes = &channel.routes;
    let acts = |route: &Route, value: u8| *route != Route::NONE && value != 0;
    let relatives = [
        cc::VIBRATO_RATE,
        cc::RESONANCE,
        cc::VIBRATO_DEPTH,
        cc::BRIGHTNESS,
    ];
    relatives.iter().all(|&number| channel.get(number) == 64)
        && !acts(&routes.channel_pressure, channel.pressure)
        && !acts(&routes.controller, channel.get(routes.number))
        // Each voice has its own.
        && routes.poly_pressure == Route::NONE
        && !channel.awe.is_set()
        && around.key.is_none()
}

/// Adds everything to the bases and depths that the connections have left, with what the note adds to gain and pitch itself. `at_rest` as
/// [`are_at_rest`] has told.
#[inline]
pub fn apply(
    modulation: &mut Modulation,
    [gain, pitch]: [f32; 2],
    around: &VoiceContext,
    note_state: &NoteState,
    at_rest: bool,
) {
    let soft = if note_state.soft { SOFT_DB } else { 0.0 };
    modulation.add_base(Target::Gain, gain + soft);
    modulation.add_base(Target::Pitch, pitch + note_state.scale);
    if !at_rest {
        around.channel.awe.apply(modulation);
        apply_controllers(modulation, around, note_state);
    }
}

#[inline(never)]
fn apply_controllers(modulation: &mut Modulation, around: &VoiceContext, note_state: &NoteState) {
    let channel = around.channel;
    let rate = RATE_CENTS * relative(channel, cc::VIBRATO_RATE);
    modulation.add_base(Target::LfoFrequency, rate);
    modulation.add_base(Target::VibratoFrequency, rate);
    let resonance = RESONANCE_DB * relative(channel, cc::RESONANCE);
    modulation.add_base(Target::Resonance, resonance);
    match relative(channel, cc::VIBRATO_DEPTH) {
        less if less < 0.0 => {
            modulation.scale_depth(Target::Pitch, Mover::Vibrato, 1.0 + less);
            modulation.scale_depth(Target::Pitch, Mover::Lfo, 1.0 + less);
        }
        more => modulation.add_depth(Target::Pitch, Mover::Vibrato, VIBRATO_CENTS * more),
    }

    let mut cutoff = BRIGHTNESS_CENTS * relative(channel, cc::BRIGHTNESS);
    let mut sweeps = [0.0; 2];
    let mut rates = [0.0; 2];
    let routes = &channel.routes;
    for (route, value) in [
        (&routes.channel_pressure, channel.pressure),
        (&routes.poly_pressure, note_state.poly_pressure),
        (&routes.controller, channel.get(routes.number)),
    ] {
        if *route == Route::NONE || value == 0 {
            continue;
        }
        let part = f32::from(value) * (1.0 / 127.0);
        let of = |depth: u8| f32::from(depth) * (1.0 / 127.0) * part;
        let around_64 = |depth: u8| (f32::from(depth) - 64.0) * part;
        modulation.add_base(Target::Pitch, 100.0 * around_64(route.pitch));
        cutoff += 150.0 * around_64(route.cutoff);
        let amplitude = 1.0 + around_64(route.amplitude) * (1.0 / 64.0);
        modulation.add_base(Target::Gain, math::decibels(amplitude.max(1e-6)));
        let sums = sweeps.iter_mut().zip(&mut rates);
        for ((lfo, &(mover, _)), (sweep, rate)) in route.lfos.iter().zip(&LFOS).zip(sums) {
            modulation.add_depth(Target::Pitch, mover, 600.0 * of(lfo.pitch));
            *sweep += 2400.0 * of(lfo.cutoff);
            *rate += around_64(lfo.rate) * (10.0 / 64.0);
            // From full down to what the depth leaves, at most 24 dB.
            let dip = 0.5 * math::decibels((1.0 - of(lfo.amplitude)).max(0.063));
            modulation.add_base(Target::Gain, dip);
            modulation.add_depth(Target::Gain, mover, -dip);
        }
    }
    for (&(_, frequency), &rate) in LFOS.iter().zip(&rates) {
        if rate != 0.0 {
            let hertz = (math::hertz(modulation.base(frequency)) + rate).max(0.01);
            let cents = 6900.0 + 1200.0 * math::log2(hertz * (1.0 / 440.0));
            modulation.set_base(frequency, cents);
        }
    }
    let key = &around.key;
    let set = *key != KeySettings::NONE;
    if set && let Some(value) = given(key.cutoff) {
        cutoff += BRIGHTNESS_CENTS * (value - 64.0) * (1.0 / 64.0);
    }
    if set && let Some(value) = given(key.resonance) {
        let resonance = RESONANCE_DB * (value - 64.0) * (1.0 / 64.0);
        modulation.add_base(Target::Resonance, resonance);
    }
    let awe = channel.awe.sweeps();
    if modulation.base(Target::Cutoff) >= FILTER_OFF
        && (cutoff < 0.0
            || sweeps.iter().any(|sweep| *sweep > 0.0)
            || awe.iter().any(|(_, sweep)| *sweep != 0.0))
    {
        modulation.set_base(Target::Cutoff, OPEN_CUTOFF);
    }
    modulation.add_base(Target::Cutoff, cutoff);
    for (&(mover, _), &sweep) in LFOS.iter().zip(&sweeps) {
        modulation.add_depth(Target::Cutoff, mover, sweep);
    }
    for (mover, sweep) in awe {
        modulation.add_depth(Target::Cutoff, mover, sweep);
    }

    if set {
        apply_key(modulation, channel, key);
    }
}

/// Adds what the settings of a key do, but for the filter.
fn apply_key(modulation: &mut Modulation, channel: &Channel, key: &KeySettings) {
    let semitones = given(key.coarse).map_or(0.0, |v| v - 64.0);
    let cents = given(key.fine).map_or(0.0, |v| (v - 64.0) * (100.0 / 64.0));
    modulation.add_base(Target::Pitch, 100.0 * semitones + cents);
    if let Some(level) = given(key.level) {
        modulation.add_base(
            Target::Gain,
            2.0 * math::decibels((level / 127.0).max(1e-4)),
        );
    }
    if let Some(volume) = given(key.volume) {
        modulation.add_base(Target::Gain, math::decibels((volume / 64.0).max(1e-8)));
    }
    if let Some(pan) = given(key.pan) {
        // Key and channel, without the region's own.
        let both = pan - 64.0 + f32::from(channel.get(cc::PAN)) - 64.0;
        modulation.set_base(Target::Pan, both * (0.508 / 64.0));
    }
    for (target, send) in [
        (Target::ReverbSend, key.reverb),
        (Target::ChorusSend, key.chorus),
    ] {
        if let Some(part) = given(send) {
            modulation.set_base(target, modulation.base(target) * part * (1.0 / 127.0));
        }
    }
}

/// Gains of both sides for the balances of channel and port, each -1 (left) to 1: the far side falls off as a quarter of a sine.
pub fn balance(channel: &Channel, master: f32) -> [f32; 2] {
    let own = ((f32::from(channel.get(cc::BALANCE)) - 64.0) * (1.0 / 63.0)).clamp(-1.0, 1.0);
    if own == 0.0 && master == 0.0 {
        return [1.0; 2];
    }
    let side = |b: f32| math::quarter_sine(1.0 - b.clamp(0.0, 1.0));
    [side(own) * side(master), side(-own) * side(-master)]
}

/// Stages whose times controllers change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    Attack,
    Decay,
    Release,
    LfoDelay,
}

/// Seconds of a stage under CC 73, 75, 72 or 78, and under its key's rate of attack or decay. A stage of no length is made longer from
/// 10 ms on.
pub fn stage_time(channel: &Channel, key: &KeySettings, time: Time, seconds: f32) -> f32 {
    let none = KeySettings::NONE.attack;
    let (number, octaves, rate) = match time {
        Time::Attack => (cc::ATTACK_TIME, 5.0, key.attack),
        Time::Decay => (cc::DECAY_TIME, 3.0, key.decay),
        Time::Release => (cc::RELEASE_TIME, 3.0, none),
        Time::LfoDelay => (cc::VIBRATO_DELAY, 6.0, none),
    };
    // A higher rate is a shorter time.
    let faster = given(rate).map_or(0.0, |rate| (rate - 64.0) * (1.0 / 64.0));
    let bend = relative(channel, number) - faster;
    if bend == 0.0 {
        return seconds;
    }
    let base = if bend > 0.0 {
        seconds.max(0.01)
    } else {
        seconds
    };
    base * math::exp2(bend * octaves)
}

/// Frames of a glide over `semitones`: 10 ms per octave, doubled by every 12 steps of CC 5; 0 is no glide.
pub fn glide_frames(channel: &Channel, semitones: f32, rate: f32) -> u32 {
    let time = channel.get(cc::PORTAMENTO_TIME);
    if time == 0 {
        return 0;
    }
    let octave = 0.01 * math::exp2(f32::from(time) * (1.0 / 12.0));
    (octave * (semitones * (1.0 / 12.0)).abs() * rate + 0.5) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 ms per octave at CC 5 = 0+, twice as long every 12 steps, in proportion to the way; none at 0.
    #[test]
    fn glides_take_their_time() {
        let frames = |time: u8, semitones: f32| {
            let mut channel = Channel::new(0);
            channel.set(cc::PORTAMENTO_TIME, time);
            glide_frames(&channel, semitones, 48_000.0)
        };
        for way in [0.0, 12.0, -24.0] {
            assert_eq!(frames(0, way), 0);
        }
        for (time, way, expected) in [
            (12, 12.0, 960),
            (24, 12.0, 1920),
            (24, -6.0, 960),
            (36, 36.0, 11_520),
        ] {
            assert!(frames(time, way).abs_diff(expected) <= 1, "{time} {way}");
        }
    }
}
