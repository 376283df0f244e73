// SPDX-License-Identifier: MIT OR Apache-2.0
//! Zones flattened: what a preset plays, as voices with ranges, whole sets of generator values and modulators.

use super::convert::Limits;
use super::file::{Error, Modulator, Preset, Result, SoundFont, Zone};
use crate::report::Report;

/// Generator operators (SoundFont 2.04, 8.1.2).
pub mod generator {
    /// First frame, moved by frames.
    pub const START: u16 = 0;
    /// End, moved by frames.
    pub const END: u16 = 1;
    /// First frame of the loop, moved by frames.
    pub const LOOP_START: u16 = 2;
    /// End of the loop, moved by frames.
    pub const LOOP_END: u16 = 3;
    /// First frame, moved by 32,768 frames each.
    pub const START_COARSE: u16 = 4;
    /// Modulation LFO to pitch, cents.
    pub const LFO_TO_PITCH: u16 = 5;
    /// Vibrato LFO to pitch, cents.
    pub const VIBRATO_TO_PITCH: u16 = 6;
    /// Modulation envelope to pitch, cents.
    pub const EG2_TO_PITCH: u16 = 7;
    /// Cutoff of the filter, absolute cents.
    pub const CUTOFF: u16 = 8;
    /// Resonance of the filter, centibels.
    pub const Q: u16 = 9;
    /// Modulation LFO to cutoff, cents.
    pub const LFO_TO_CUTOFF: u16 = 10;
    /// Modulation envelope to cutoff, cents.
    pub const EG2_TO_CUTOFF: u16 = 11;
    /// End, moved by 32,768 frames each.
    pub const END_COARSE: u16 = 12;
    /// Modulation LFO to volume, centibels.
    pub const LFO_TO_VOLUME: u16 = 13;
    /// Chorus send, 0.1 %.
    pub const CHORUS: u16 = 15;
    /// Reverb send, 0.1 %.
    pub const REVERB: u16 = 16;
    /// Pan, 0.1 %, −500 left to 500 right.
    pub const PAN: u16 = 17;
    /// Delay of the modulation LFO, time cents.
    pub const LFO_DELAY: u16 = 21;
    /// Frequency of the modulation LFO, absolute cents.
    pub const LFO_FREQUENCY: u16 = 22;
    /// Delay of the vibrato LFO, time cents.
    pub const VIBRATO_DELAY: u16 = 23;
    /// Frequency of the vibrato LFO, absolute cents.
    pub const VIBRATO_FREQUENCY: u16 = 24;
    /// Delay of the modulation envelope, time cents.
    pub const EG2_DELAY: u16 = 25;
    /// Attack of the modulation envelope, time cents.
    pub const EG2_ATTACK: u16 = 26;
    /// Hold of the modulation envelope, time cents.
    pub const EG2_HOLD: u16 = 27;
    /// Decay of the modulation envelope, time cents.
    pub const EG2_DECAY: u16 = 28;
    /// Sustain of the modulation envelope, 0.1 % below its peak.
    pub const EG2_SUSTAIN: u16 = 29;
    /// Release of the modulation envelope, time cents.
    pub const EG2_RELEASE: u16 = 30;
    /// Key to hold of the modulation envelope, time cents a key.
    pub const KEY_TO_EG2_HOLD: u16 = 31;
    /// Key to decay of the modulation envelope, time cents a key.
    pub const KEY_TO_EG2_DECAY: u16 = 32;
    /// Delay of the volume envelope, time cents.
    pub const EG1_DELAY: u16 = 33;
    /// Attack of the volume envelope, time cents.
    pub const EG1_ATTACK: u16 = 34;
    /// Hold of the volume envelope, time cents.
    pub const EG1_HOLD: u16 = 35;
    /// Decay of the volume envelope, time cents.
    pub const EG1_DECAY: u16 = 36;
    /// Sustain of the volume envelope, centibels below its peak.
    pub const EG1_SUSTAIN: u16 = 37;
    /// Release of the volume envelope, time cents.
    pub const EG1_RELEASE: u16 = 38;
    /// Key to hold of the volume envelope, time cents a key.
    pub const KEY_TO_EG1_HOLD: u16 = 39;
    /// Key to decay of the volume envelope, time cents a key.
    pub const KEY_TO_EG1_DECAY: u16 = 40;
    /// Index of the preset zone's instrument.
    pub const INSTRUMENT: u16 = 41;
    /// Range of keys: lowest, highest.
    pub const KEYS: u16 = 43;
    /// Range of velocities: lowest, highest.
    pub const VELOCITIES: u16 = 44;
    /// First frame of the loop, moved by 32,768 frames each.
    pub const LOOP_START_COARSE: u16 = 45;
    /// Key in place of the played one.
    pub const KEY: u16 = 46;
    /// Velocity in place of the played one.
    pub const VELOCITY: u16 = 47;
    /// Initial attenuation, centibels.
    pub const ATTENUATION: u16 = 48;
    /// End of the loop, moved by 32,768 frames each.
    pub const LOOP_END_COARSE: u16 = 50;
    /// Tuning, semitones.
    pub const COARSE_TUNE: u16 = 51;
    /// Tuning, cents.
    pub const FINE_TUNE: u16 = 52;
    /// Index of the instrument zone's sample.
    pub const SAMPLE: u16 = 53;
    /// 0 no loop, 1 loop, 3 loop until the release.
    pub const SAMPLE_MODES: u16 = 54;
    /// Cents from one key to the next.
    pub const SCALE_TUNING: u16 = 56;
    /// Class of voices that cut each other off, 0 for none.
    pub const EXCLUSIVE_CLASS: u16 = 57;
    /// Key at which the sample sounds as recorded, −1 for that of its header.
    pub const ROOT_KEY: u16 = 58;
}

/// Operators are below this.
pub const GENERATORS: usize = 61;

/// Operator, default, least, greatest value, and whether a preset may add to it. Sums that velocity and controllers go into are
/// bounded by the synthesizer, after them.
const RULES: [(u16, i32, i32, i32, bool); 47] = {
    use generator::*;
    const ANY: i32 = 32767;
    const TIME: i32 = -12000;
    [
        (START, 0, -ANY, ANY, false),
        (END, 0, -ANY, ANY, false),
        (LOOP_START, 0, -ANY, ANY, false),
        (LOOP_END, 0, -ANY, ANY, false),
        (START_COARSE, 0, -ANY, ANY, false),
        (LFO_TO_PITCH, 0, -12000, 12000, true),
        (VIBRATO_TO_PITCH, 0, -12000, 12000, true),
        (EG2_TO_PITCH, 0, -12000, 12000, true),
        (CUTOFF, 13500, 0, 20000, true),
        (Q, 0, -960, 1920, true),
        (LFO_TO_CUTOFF, 0, -12000, 12000, true),
        (EG2_TO_CUTOFF, 0, -12000, 12000, true),
        (END_COARSE, 0, -ANY, ANY, false),
        (LFO_TO_VOLUME, 0, -960, 960, true),
        (CHORUS, 0, -1000, 2000, true),
        (REVERB, 0, -1000, 2000, true),
        (PAN, 0, -1000, 1000, true),
        (LFO_DELAY, TIME, TIME, 5000, true),
        (LFO_FREQUENCY, 0, -16000, 4500, true),
        (VIBRATO_DELAY, TIME, TIME, 5000, true),
        (VIBRATO_FREQUENCY, 0, -16000, 4500, true),
        (EG2_DELAY, TIME, TIME, 5000, true),
        (EG2_ATTACK, TIME, TIME, 8000, true),
        (EG2_HOLD, TIME, -ANY, ANY, true),
        (EG2_DECAY, TIME, -ANY, ANY, true),
        (EG2_SUSTAIN, 0, -1000, 2000, true),
        (EG2_RELEASE, TIME, TIME, 8000, true),
        (KEY_TO_EG2_HOLD, 0, -1200, 1200, true),
        (KEY_TO_EG2_DECAY, 0, -1200, 1200, true),
        (EG1_DELAY, TIME, TIME, 5000, true),
        (EG1_ATTACK, TIME, TIME, 8000, true),
        (EG1_HOLD, TIME, -ANY, ANY, true),
        (EG1_DECAY, TIME, -ANY, ANY, true),
        (EG1_SUSTAIN, 0, -1440, 2880, true),
        (EG1_RELEASE, TIME, TIME, 8000, true),
        (KEY_TO_EG1_HOLD, 0, -1200, 1200, true),
        (KEY_TO_EG1_DECAY, 0, -1200, 1200, true),
        (LOOP_START_COARSE, 0, -ANY, ANY, false),
        (KEY, -1, -1, 127, false),
        (VELOCITY, -1, -1, 127, false),
        (ATTENUATION, 0, -1440, 2880, true),
        (LOOP_END_COARSE, 0, -ANY, ANY, false),
        (COARSE_TUNE, 0, -120, 120, true),
        (FINE_TUNE, 0, -99, 99, true),
        (SAMPLE_MODES, 0, 0, 3, false),
        (SCALE_TUNING, 100, 0, 1200, true),
        (EXCLUSIVE_CLASS, 0, 0, 127, false),
    ]
};

/// The rest of the table: its default is outside of its range.
const NO_ROOT_KEY: i32 = -1;

/// Lowest and highest, inclusive.
pub type Span = (u8, u8);

const ALL: Span = (0, 127);

/// A zone's generators, later ones over earlier ones.
#[derive(Clone)]
struct Settings {
    values: [Option<u16>; GENERATORS],
    keys: Option<Span>,
    velocities: Option<Span>,
    modulators: Vec<Modulator>,
    /// Instrument or sample.
    target: Option<u16>,
}

impl Settings {
    fn new(zone: &Zone, target: u16) -> Self {
        let mut settings = Self {
            values: [None; GENERATORS],
            keys: None,
            velocities: None,
            modulators: zone.modulators.to_vec(),
            target: None,
        };
        for generator in zone.generators {
            let [low, high] = generator.amount.to_le_bytes();
            match generator.operator {
                generator::KEYS => settings.keys = Some((low, high)),
                generator::VELOCITIES => settings.velocities = Some((low, high)),
                operator if operator == target => {
                    settings.target = Some(generator.amount);
                    // What follows does not count.
                    break;
                }
                operator => {
                    if let Some(slot) = settings.values.get_mut(usize::from(operator)) {
                        *slot = Some(generator.amount);
                    }
                }
            }
        }
        settings
    }

    /// Fills in what the global zone says.
    fn under(mut self, global: Option<&Self>) -> Self {
        let Some(global) = global else { return self };
        for (own, general) in self.values.iter_mut().zip(&global.values) {
            *own = own.or(*general);
        }
        self.keys = self.keys.or(global.keys);
        self.velocities = self.velocities.or(global.velocities);
        let own = self.modulators;
        self.modulators = global.modulators.clone();
        replace(&mut self.modulators, &own);
        self
    }

    fn value(&self, operator: u16) -> Option<i32> {
        let value = self.values.get(usize::from(operator)).copied().flatten()?;
        Some(i32::from(value as i16))
    }
}

/// Same inputs, same destination (SoundFont 2.04, 9.5.1).
fn identical(a: &Modulator, b: &Modulator) -> bool {
    (a.source, a.destination, a.amount_source, a.transform)
        == (b.source, b.destination, b.amount_source, b.transform)
}

fn replace(list: &mut Vec<Modulator>, with: &[Modulator]) {
    for new in with {
        match list.iter_mut().find(|old| identical(old, new)) {
            Some(old) => *old = *new,
            None => list.push(*new),
        }
    }
}

/// Generators by which a time follows the key, and those of the times.
const FOLLOWING: [(u16, u16); 4] = [
    (generator::KEY_TO_EG1_HOLD, generator::EG1_HOLD),
    (generator::KEY_TO_EG1_DECAY, generator::EG1_DECAY),
    (generator::KEY_TO_EG2_HOLD, generator::EG2_HOLD),
    (generator::KEY_TO_EG2_DECAY, generator::EG2_DECAY),
];

/// One voice that a preset starts for the keys and velocities of its ranges.
#[derive(Clone, Debug)]
pub struct Voice {
    /// Keys that it sounds for.
    pub keys: Span,
    /// Velocities that it sounds for.
    pub velocities: Span,
    /// Index of the sample header.
    pub sample: usize,
    values: [i32; GENERATORS],
    /// Beside the default ones; those that replace them are marked by being identical.
    pub modulators: Vec<Modulator>,
}

impl Voice {
    /// A generator's value within its range; the default if nobody set it.
    pub fn get(&self, operator: u16) -> i32 {
        self.values
            .get(usize::from(operator))
            .copied()
            .unwrap_or_default()
    }

    /// It follows the key by more than a connection can say: 255 cents or time cents per key.
    pub fn is_steep(&self) -> bool {
        let steep = |&(by_key, _): &(u16, u16)| self.get(by_key).abs() > 255;
        FOLLOWING.iter().any(steep) || self.get(generator::SCALE_TUNING) > 255
    }

    /// The voice on one of its keys alone, where nothing follows the key any more. `root` is its root key.
    pub fn on_key(&self, key: u8, root: u8) -> Self {
        let mut voice = self.clone();
        voice.keys = (key, key);
        let key = u8::try_from(self.get(generator::KEY)).unwrap_or(key);
        let mut set = |operator: u16, value: i32| voice.values[usize::from(operator)] = value;
        for (by_key, time) in FOLLOWING {
            let scale = self.get(by_key);
            set(time, self.get(time) + scale * (60 - i32::from(key)));
            set(by_key, 0);
        }
        let scale = self.get(generator::SCALE_TUNING);
        if scale != 100 {
            let cents = scale * (i32::from(key) - i32::from(root));
            set(generator::FINE_TUNE, self.get(generator::FINE_TUNE) + cents);
            set(generator::SCALE_TUNING, 0);
        }
        voice
    }

    /// The root key, if the sample's does not count.
    pub fn root(&self) -> Option<u8> {
        u8::try_from(self.get(generator::ROOT_KEY))
            .ok()
            .filter(|&root| root < 128)
    }
}

/// All voices of a preset; each takes one off the regions of `limits`.
pub fn voices(
    font: &SoundFont,
    preset: &Preset,
    limits: &mut Limits,
    report: &mut Report,
) -> Result<Vec<Voice>> {
    let mut voices = Vec::new();
    for zone in settled(font.preset_zones(preset), generator::INSTRUMENT) {
        let target = usize::from(zone.target.unwrap_or_default());
        let Some(instrument) = font.instruments.get(target) else {
            report.lost("a zone's instrument does not exist");
            continue;
        };
        for inner in settled(font.instrument_zones(instrument), generator::SAMPLE) {
            limits.zones = limits.zones.checked_sub(1).ok_or_else(|| {
                Error::TooLarge("its presets and instruments have too many zones".into())
            })?;
            let ranges = (
                overlap(zone.keys, inner.keys),
                overlap(zone.velocities, inner.velocities),
            );
            let (Some(keys), Some(velocities)) = ranges else {
                continue;
            };
            limits.take_regions(1)?;
            voices.push(Voice {
                keys,
                velocities,
                sample: usize::from(inner.target.unwrap_or_default()),
                values: values(&inner, &zone),
                modulators: sum(&inner.modulators, &zone.modulators),
            });
        }
    }
    Ok(voices)
}

/// The zones with a target, under the global one, which is the first if it has none.
fn settled<'a>(
    zones: impl Iterator<Item = Zone<'a>>,
    target: u16,
) -> impl Iterator<Item = Settings> {
    let mut global = None;
    zones.enumerate().filter_map(move |(number, zone)| {
        let settings = Settings::new(&zone, target);
        match settings.target {
            Some(_) => Some(settings.under(global.as_ref())),
            None => {
                if number == 0 {
                    global = Some(settings);
                }
                None
            }
        }
    })
}

fn overlap(a: Option<Span>, b: Option<Span>) -> Option<Span> {
    let (a, b) = (a.unwrap_or(ALL), b.unwrap_or(ALL));
    let (low, high) = (a.0.max(b.0), a.1.min(b.1).min(127));
    (low <= high).then_some((low, high))
}

/// The instrument's values are absolute, the preset's are added.
fn values(instrument: &Settings, preset: &Settings) -> [i32; GENERATORS] {
    let mut values = [0; GENERATORS];
    for (operator, default, least, greatest, additive) in RULES {
        let own = instrument.value(operator).unwrap_or(default);
        let offset = preset.value(operator).filter(|_| additive).unwrap_or(0);
        values[usize::from(operator)] = (own + offset).clamp(least, greatest);
    }
    values[usize::from(generator::ROOT_KEY)] =
        instrument.value(generator::ROOT_KEY).unwrap_or(NO_ROOT_KEY);
    values
}

fn sum(instrument: &[Modulator], preset: &[Modulator]) -> Vec<Modulator> {
    let mut all = instrument.to_vec();
    for new in preset {
        match all.iter_mut().find(|old| identical(old, new)) {
            Some(old) => old.amount = old.amount.saturating_add(new.amount),
            None => all.push(*new),
        }
    }
    all
}
