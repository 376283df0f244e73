// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instrument model: what both doors (DLS files, DirectMusic downloads) become.
//!
//! Values are checked and clamped when they are built, so that rendering can neither fail nor check again: every index is in
//! range, ranges are ordered and within 0..=127, loops lie inside the wave and are at least one frame long.

pub mod demand;
mod regions;

pub use self::regions::Regions;

use self::demand::{Demand, LazyWave, State};
use crate::mem::{NoMemory, Shared, TryBox, stamp, vec};
use alloc::vec::Vec;
use core::cell::Cell;

/// A mono wave. Immutable; shared by content.
#[derive(Debug)]
pub struct Wave {
    /// Sample rate of the recording in Hz, 1..=1_000_000.
    pub rate: u32,
    /// Frames as 16-bit PCM (8-bit sources are widened), at least one, behind [`Wave::FRONT`] zero frames and before [`Wave::GUARD`] others.
    pub(crate) frames: Vec<i16>,
    /// The wave's own `wsmp`, used where a region has none.
    pub sample: SampleInfo,
    /// Of a wave whose frames come in when they are wanted. It has none itself.
    pub(crate) lazy: Option<TryBox<LazyWave>>,
}

impl Wave {
    /// Zero frames kept before the first one, so that an interpolator may read what lies before it.
    pub const FRONT: usize = 8;
    /// Zero frames kept behind the last one, so that an interpolator may read past the end.
    pub const GUARD: usize = 16;

    /// A wave of these frames. PASSIVE_LEVEL: it allocates.
    pub fn new(rate: u32, frames: &[i16], sample: SampleInfo) -> Result<Self, NoMemory> {
        let mut all = Self::frames_for(frames.len())?;
        vec::try_extend(&mut all, frames)?;
        Self::guard(&mut all)?;
        Ok(Self {
            rate,
            frames: all,
            sample,
            lazy: None,
        })
    }

    /// Room for `count` frames between the zero frames around them; those before them are there. PASSIVE_LEVEL: it allocates.
    pub fn frames_for(count: usize) -> Result<Vec<i16>, NoMemory> {
        let mut frames = vec::try_with_capacity(count.saturating_add(Self::FRONT + Self::GUARD))?;
        vec::try_extend(&mut frames, &[0; Self::FRONT])?;
        Ok(frames)
    }

    /// Appends the zero frames that follow a wave.
    pub fn guard(frames: &mut Vec<i16>) -> Result<(), NoMemory> {
        vec::try_extend(frames, &[0; Self::GUARD])
    }

    /// Bytes that a wave of so many frames takes.
    pub fn size(frames: usize) -> usize {
        frames
            .saturating_add(Self::FRONT + Self::GUARD)
            .saturating_mul(size_of::<i16>())
            .saturating_add(size_of::<Self>())
    }

    /// The frames without the guards.
    pub fn frames(&self) -> &[i16] {
        self.frames
            .get(Self::FRONT..self.frames.len().saturating_sub(Self::GUARD))
            .unwrap_or_default()
    }

    /// How many frames it has, here or in its file.
    pub fn frame_count(&self) -> usize {
        match &self.lazy {
            None => self.frames().len(),
            Some(lazy) => lazy.frames,
        }
    }

    /// Whether its frames are here.
    pub fn state(&self) -> State {
        self.lazy.as_ref().map_or(State::Here, |lazy| lazy.state())
    }

    /// The wave with its frames: itself, or what has come in for it. Any IRQL; never waits.
    pub fn sound(this: &Shared<Self>) -> Option<Shared<Self>> {
        match &this.lazy {
            None => Some(this.clone()),
            Some(lazy) => lazy.take_up(),
        }
    }

    /// The frames with [`Wave::FRONT`] zero frames before and [`Wave::GUARD`] zero frames behind them.
    pub fn guarded_frames(&self) -> &[i16] {
        &self.frames
    }
}

/// `wsmp`: how a wave is tuned, levelled and looped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleInfo {
    /// Unity note, 0..=127.
    pub unity: u8,
    /// Fine tune in cents. Of a region whose keys are not 100 cents apart it carries what lies between key 0 and the root as well.
    pub fine_tune: i16,
    /// Gain in 1/655360 dB (negative is quieter).
    pub gain: i32,
    /// `None`: the wave is played once.
    pub sample_loop: Option<Loop>,
}

/// A loop in frames from the start of the wave; `start + length <= frames`, `length >= 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    /// First frame.
    pub start: u32,
    /// Frames of one turn.
    pub length: u32,
    /// Loop type 1: leave the loop at note-off and play to the end.
    pub until_release: bool,
}

/// One instrument: what a program change selects.
#[derive(Debug)]
pub struct Instrument {
    /// DirectMusic patch: bits 0–6 program, 8–14 bank LSB, 16–22 bank MSB, 31 drum kit; other bits zero.
    pub patch: u32,
    /// `DMUS_INSTRUMENT_GM_INSTRUMENT`: gives way to another instrument of the same patch.
    pub gm: bool,
    /// In the order in which they are tried.
    pub regions: Regions,
    /// Of an instrument that is read when it is wanted. It has no regions itself.
    pub(crate) demand: Option<Shared<Demand>>,
}

impl Instrument {
    /// An instrument that is here as a whole.
    pub fn new(patch: u32, gm: bool, regions: Vec<Region>) -> Self {
        Self {
            patch,
            gm,
            regions: Regions::new(regions),
            demand: None,
        }
    }

    /// What it is read by, if it is read when it is wanted. Any IRQL.
    pub fn demand(&self) -> Option<&Demand> {
        self.demand.as_deref()
    }
}

/// One region; each region that matches key and velocity starts a voice.
#[derive(Clone, Debug)]
pub struct Region {
    /// Lowest and highest key, inclusive.
    pub keys: (u8, u8),
    /// Lowest and highest velocity, inclusive.
    pub velocities: (u8, u8),
    /// `F_RGN_OPTION_SELFNONEXCLUSIVE`.
    pub self_non_exclusive: bool,
    /// Key group, 0 none, 1..=15.
    pub key_group: u8,
    /// Phase group, 0 none.
    pub phase_group: u16,
    /// `F_WAVELINK_PHASE_MASTER`: the other waves of the group take its pitch.
    pub phase_master: bool,
    /// Channel mask of `wlnk` (bit 0 left or mono, bit 1 right).
    pub channels: u32,
    /// What it plays.
    pub wave: Shared<Wave>,
    /// The region's `wsmp`, or the wave's, or the defaults.
    pub sample: SampleInfo,
    /// The region's articulation, else the instrument's, else the level's defaults.
    pub articulation: Shared<Articulation>,
}

impl Region {
    /// Whether a note of this key and velocity starts it.
    pub fn sounds(&self, key: u8, velocity: u8) -> bool {
        let inside = |(low, high): (u8, u8), x: u8| low <= x && x <= high;
        inside(self.keys, key) && inside(self.velocities, velocity)
    }
}

/// All connections of a region, defaults merged in (a connection of the same source, control and destination replaces the
/// default), unknown ones dropped.
///
/// A note needs few of them one by one: most are constants, one per destination.
#[derive(Debug)]
pub struct Articulation {
    /// Those that something drives to a destination that moves, first those that a channel or a mover drives, then those that a note drives
    /// too; then those to other destinations; then the constants.
    connections: Vec<Connection>,
    of_channel: usize,
    moving: usize,
    driven: usize,
    /// `lScale` of the constant to each destination.
    constants: [Option<i32>; Destination::COUNT],
    /// Key and coarse tuning make the key number, as by default.
    usual_key: bool,
    /// Of what holds for a whole note, the key number alone is driven by something.
    usual_times: bool,
    stamp: u64,
}

impl Articulation {
    /// Sorts the connections. Any IRQL.
    pub fn new(mut connections: Vec<Connection>) -> Self {
        let mut constants = [None; Destination::COUNT];
        // A second constant to a destination counts among the driven ones.
        let driven = move_up(&mut connections, |c| {
            match constants.get_mut(c.destination as usize) {
                Some(place) if c.is_constant() && place.is_none() => {
                    *place = Some(c.scale);
                    false
                }
                _ => true,
            }
        });
        let others = connections.get_mut(..driven).unwrap_or_default();
        let moving = move_up(others, |c| c.destination.moves());
        let followers = connections.get_mut(..moving).unwrap_or_default();
        let of_channel = move_up(followers, |c| {
            !(c.source.is_of_note() || c.control.is_of_note())
        });
        let fixed = connections.get(moving..driven).unwrap_or_default();
        let to_key = |c: &&Connection| c.destination == Destination::KeyNumber;
        let usual_key = constants.get(Destination::KeyNumber as usize) == Some(&None)
            && fixed.iter().filter(to_key).count() == USUAL_KEY.len()
            && USUAL_KEY.iter().all(|usual| fixed.contains(usual));
        let usual_times = fixed.iter().all(|c| to_key(&c));
        Self {
            connections,
            of_channel,
            moving,
            driven,
            constants,
            usual_key,
            usual_times,
            stamp: stamp::next(),
        }
    }

    /// The key number is the key with the coarse tuning.
    pub fn has_usual_key(&self) -> bool {
        self.usual_key
    }

    /// What holds for a whole note is its constants, but for the key number.
    pub fn has_usual_times(&self) -> bool {
        self.usual_times
    }

    /// All of them, in no order that means anything.
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// Connections to destinations that move while a voice sounds, but for the constants.
    pub fn moving(&self) -> &[Connection] {
        self.connections.get(..self.moving).unwrap_or_default()
    }

    /// Those of [`moving`](Self::moving) that give the same for all notes of a channel.
    pub fn of_channel(&self) -> &[Connection] {
        self.connections.get(..self.of_channel).unwrap_or_default()
    }

    /// The others of them: a key, a velocity or a key's pressure has a part in each.
    pub fn of_note(&self) -> &[Connection] {
        let of_note = self.connections.get(self.of_channel..self.moving);
        of_note.unwrap_or_default()
    }

    /// No other articulation has it, not even one that comes to lie in the same place.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Connections to the other destinations, but for the constants.
    pub fn fixed(&self) -> &[Connection] {
        let fixed = self.connections.get(self.moving..self.driven);
        fixed.unwrap_or_default()
    }

    /// `lScale` of the constant to a destination.
    pub fn constant(&self, destination: Destination) -> Option<i32> {
        self.constants.get(destination as usize).copied().flatten()
    }

    /// Bytes on the heap.
    pub(crate) fn heap(&self) -> usize {
        let connections = self.connections.capacity();
        connections.saturating_mul(size_of::<Connection>())
    }
}

/// What makes the key number by default (DLS 2.2, table 6).
pub(super) const USUAL_KEY: [Connection; 2] = {
    const fn from(source: Source, bipolar: bool, scale: i32) -> Connection {
        const LINEAR: Shape = Shape {
            curve: Curve::Linear,
            bipolar: false,
            invert: false,
        };
        Connection {
            source,
            source_shape: Shape { bipolar, ..LINEAR },
            control: Source::None,
            control_shape: LINEAR,
            destination: Destination::KeyNumber,
            scale,
        }
    }
    [
        from(Source::Key, false, 12800 << 16),
        from(Source::Rpn(2), true, 6400 << 16),
    ]
};

/// Moves what is wanted to the front, in its order; how many that are.
fn move_up(connections: &mut [Connection], mut wanted: impl FnMut(&Connection) -> bool) -> usize {
    let cells = Cell::from_mut(connections).as_slice_of_cells();
    let mut front = cells.iter();
    for place in cells {
        let here = place.get();
        if wanted(&here)
            && let Some(first) = front.next()
        {
            place.set(first.get());
            first.set(here);
        }
    }
    cells.len() - front.len()
}

/// `dst += shape(source) * shape(control) * scale`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// What drives the destination.
    pub source: Source,
    /// How the source is bent.
    pub source_shape: Shape,
    /// What the source is multiplied by.
    pub control: Source,
    /// How the control is bent.
    pub control_shape: Shape,
    /// What is driven.
    pub destination: Destination,
    /// Units of the destination (`docs/reference/dls-synth.md` §3.5); `i32::MIN` on a time is exactly zero seconds.
    pub scale: i32,
}

impl Connection {
    /// Nothing drives it: its scale is the value.
    pub fn is_constant(&self) -> bool {
        self.source == Source::None
            && self.control == Source::None
            && !self.source_shape.invert
            && !self.control_shape.invert
    }
}

/// How an input is bent before it is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Shape {
    /// The curve between the ends.
    pub curve: Curve,
    /// -1..=1 instead of 0..=1.
    pub bipolar: bool,
    /// The largest input counts as the smallest.
    pub invert: bool,
}

/// `CONN_TRN_*`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Curve {
    /// `CONN_TRN_NONE`
    #[default]
    Linear,
    /// `CONN_TRN_CONCAVE`: slow at first.
    Concave,
    /// `CONN_TRN_CONVEX`: fast at first.
    Convex,
    /// `CONN_TRN_SWITCH`: 0 in the lower half, 1 in the upper.
    Switch,
}

/// Connection sources and controls (`CONN_SRC_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// 1, always.
    None,
    /// The modulation LFO.
    Lfo,
    /// Velocity of the Note On.
    Velocity,
    /// Key of the Note On, transposed.
    Key,
    /// The volume envelope.
    Eg1,
    /// The modulation envelope.
    Eg2,
    /// The pitch wheel.
    PitchWheel,
    /// Pressure of the key.
    PolyPressure,
    /// Pressure of the channel.
    ChannelPressure,
    /// The vibrato LFO.
    Vibrato,
    /// Controller 0..=127.
    Controller(u8),
    /// RPN 0, 1 or 2.
    Rpn(u8),
}

impl Source {
    /// Notes of a channel differ in it.
    pub fn is_of_note(self) -> bool {
        matches!(self, Self::Velocity | Self::Key | Self::PolyPressure)
    }
}

/// Connection destinations (`CONN_DST_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Level: 1/655360 dB.
    Gain,
    /// 1/65536 cents.
    Pitch,
    /// 1/65536 · 0.1 % of the width.
    Pan,
    /// The key that counts, 1/65536 cents from what the message says.
    KeyNumber,
    /// Send to the chorus: 1/65536 · 0.1 %.
    ChorusSend,
    /// Send to the reverb: 1/65536 · 0.1 %.
    ReverbSend,
    /// Rate of the modulation LFO: 1/65536 absolute cents.
    LfoFrequency,
    /// Delay of the modulation LFO: 1/65536 time cents, as all times.
    LfoDelay,
    /// Rate of the vibrato LFO.
    VibratoFrequency,
    /// Delay of the vibrato LFO.
    VibratoDelay,
    /// Attack of the volume envelope.
    Eg1Attack,
    /// Decay of the volume envelope, over its whole range.
    Eg1Decay,
    /// Release of the volume envelope, over its whole range.
    Eg1Release,
    /// Sustain of the volume envelope: 1/65536 · 0.1 %.
    Eg1Sustain,
    /// Delay before the attack of the volume envelope.
    Eg1Delay,
    /// Hold between attack and decay of the volume envelope.
    Eg1Hold,
    /// Release of a note that another one excludes.
    Eg1Shutdown,
    /// Attack of the modulation envelope.
    Eg2Attack,
    /// Decay of the modulation envelope.
    Eg2Decay,
    /// Release of the modulation envelope.
    Eg2Release,
    /// Sustain of the modulation envelope.
    Eg2Sustain,
    /// Delay before the attack of the modulation envelope.
    Eg2Delay,
    /// Hold between attack and decay of the modulation envelope.
    Eg2Hold,
    /// 1/65536 absolute cents.
    FilterCutoff,
    /// Resonance of the filter: 1/655360 dB.
    FilterQ,
    /// What the sum at the gain may reach at most: ours, at a code that DLS reserves. SoundFonts stop at 0 dB.
    GainCeiling,
    /// Not 0: EG2 rises along the convex curve, as in a SoundFont. Ours, at a code that DLS does not use.
    Eg2AttackCurve,
    /// Not 0: the wave begins when EG1's delay is over, as players of SoundFonts have it. Ours, at a code that DLS does not use.
    WaveStart,
}

impl Destination {
    /// Number of destinations.
    pub const COUNT: usize = Self::WaveStart as usize + 1;

    /// It moves while a voice sounds; the others are read when a note begins.
    pub fn moves(self) -> bool {
        matches!(
            self,
            Self::Gain
                | Self::Pitch
                | Self::Pan
                | Self::ChorusSend
                | Self::ReverbSend
                | Self::LfoFrequency
                | Self::VibratoFrequency
                | Self::FilterCutoff
                | Self::FilterQ
        )
    }
}

/// Bit 31 of a patch.
pub const DRUM_KIT: u32 = 1 << 31;

/// The instruments a port can choose from; immutable once published to the renderer.
#[derive(Debug, Default)]
pub struct Patches {
    /// Sorted by patch; one per patch.
    pub(crate) instruments: Vec<Shared<Instrument>>,
    /// The default set alone, in the same order.
    pub(crate) built_in: Vec<Shared<Instrument>>,
}

/// The instrument of a patch in a list sorted by patch. Any IRQL.
pub fn find(instruments: &[Shared<Instrument>], patch: u32) -> Option<&Shared<Instrument>> {
    let first = instruments.partition_point(|i| i.patch < patch);
    instruments.get(first).filter(|i| i.patch == patch)
}

impl Patches {
    /// The instrument of a DirectMusic patch. Any IRQL.
    pub fn find(&self, patch: u32) -> Option<&Shared<Instrument>> {
        find(&self.instruments, patch)
    }

    /// The default set, without what has been downloaded.
    pub fn built_in(&self) -> &[Shared<Instrument>] {
        &self.built_in
    }

    /// All of them, sorted by patch.
    pub fn instruments(&self) -> &[Shared<Instrument>] {
        &self.instruments
    }
}
