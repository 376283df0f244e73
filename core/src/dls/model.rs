//! The instrument model: what both doors (DLS files, DirectMusic downloads) become.
//!
//! Values are checked and clamped when they are built, so that rendering can neither fail nor check again: every index is in
//! range, ranges are ordered and within 0..=127, loops lie inside the wave and are at least one frame long.

use super::substitute;
use crate::mem::Shared;
use alloc::vec::Vec;

/// A mono wave. Immutable; shared by content.
#[derive(Debug)]
pub struct Wave {
    /// Sample rate of the recording in Hz, 1..=1_000_000.
    pub rate: u32,
    /// Frames as 16-bit PCM (8-bit sources are widened), at least one, followed by [`Wave::GUARD`] zero frames.
    pub(crate) frames: Vec<i16>,
    /// The wave's own `wsmp`, used where a region has none.
    pub sample: SampleInfo,
}

impl Wave {
    /// Zero frames kept behind the last one, so that an interpolator may read past the end.
    pub const GUARD: usize = 16;

    /// The frames without the guard.
    pub fn frames(&self) -> &[i16] {
        self.frames
            .get(..self.frames.len().saturating_sub(Self::GUARD))
            .unwrap_or_default()
    }

    /// The frames followed by [`Wave::GUARD`] zero frames.
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
    pub sample_loop: Option<Loop>,
}

/// A loop in frames from the start of the wave; `start + length <= frames`, `length >= 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    pub start: u32,
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
    pub regions: Vec<Region>,
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
    pub phase_master: bool,
    /// Channel mask of `wlnk` (bit 0 left or mono, bit 1 right).
    pub channels: u32,
    pub wave: Shared<Wave>,
    /// The region's `wsmp`, or the wave's, or the defaults.
    pub sample: SampleInfo,
    /// The region's articulation, else the instrument's, else the level's defaults.
    pub articulation: Shared<Articulation>,
}

/// All connections of a region, defaults merged in (a connection of the same source, control and destination replaces the
/// default), unknown ones dropped.
///
/// A note needs few of them one by one: most are constants, one per destination.
#[derive(Debug)]
pub struct Articulation {
    /// Those that something drives to a destination that moves, then to another; then the constants.
    connections: Vec<Connection>,
    moving: usize,
    driven: usize,
    /// `lScale` of the constant to each destination.
    constants: [Option<i32>; Destination::COUNT],
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
        Self {
            connections,
            moving,
            driven,
            constants,
        }
    }

    /// All of them, in no order that means anything.
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// Connections to destinations that move while a voice sounds, but for the constants.
    pub fn moving(&self) -> &[Connection] {
        self.connections.get(..self.moving).unwrap_or_default()
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

/// Moves what is wanted to the front, in its order; how many that are.
fn move_up(connections: &mut [Connection], mut wanted: impl FnMut(&Connection) -> bool) -> usize {
    let mut front = 0;
    for at in 0..connections.len() {
        let (Some(&here), Some(&there)) = (connections.get(at), connections.get(front)) else {
            break;
        };
        if !wanted(&here) {
            continue;
        }
        if let Some(place) = connections.get_mut(at) {
            *place = there;
        }
        if let Some(place) = connections.get_mut(front) {
            *place = here;
        }
        front += 1;
    }
    front
}

/// `dst += shape(source) * shape(control) * scale`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    pub source: Source,
    pub source_shape: Shape,
    pub control: Source,
    pub control_shape: Shape,
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
    pub curve: Curve,
    pub bipolar: bool,
    pub invert: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Curve {
    #[default]
    Linear,
    Concave,
    Convex,
    Switch,
}

/// Connection sources and controls (`CONN_SRC_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    None,
    Lfo,
    Velocity,
    Key,
    Eg1,
    Eg2,
    PitchWheel,
    PolyPressure,
    ChannelPressure,
    Vibrato,
    /// Controller 0..=127.
    Controller(u8),
    /// RPN 0, 1 or 2.
    Rpn(u8),
}

/// Connection destinations (`CONN_DST_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    Gain,
    Pitch,
    Pan,
    KeyNumber,
    ChorusSend,
    ReverbSend,
    LfoFrequency,
    LfoDelay,
    VibratoFrequency,
    VibratoDelay,
    Eg1Attack,
    Eg1Decay,
    Eg1Release,
    Eg1Sustain,
    Eg1Delay,
    Eg1Hold,
    Eg1Shutdown,
    Eg2Attack,
    Eg2Decay,
    Eg2Release,
    Eg2Sustain,
    Eg2Delay,
    Eg2Hold,
    FilterCutoff,
    FilterQ,
    /// What the sum at the gain may reach at most: ours, at a code that DLS reserves. SoundFonts stop at 0 dB.
    GainCeiling,
    /// Not 0: EG2 rises along the convex curve, as in a SoundFont. Ours, at a code that DLS does not use.
    Eg2AttackCurve,
}

impl Destination {
    pub const COUNT: usize = Self::Eg2AttackCurve as usize + 1;

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

/// The instrument that plays a patch among some that are sorted by patch: its own, else the nearest kin. Any IRQL.
pub fn kin(instruments: &[Shared<Instrument>], patch: u32) -> Option<&Shared<Instrument>> {
    let all = instruments.iter().map(|i| (i.patch, i));
    substitute::kin(patch, |patch| find(instruments, patch), all)
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

    pub fn instruments(&self) -> &[Shared<Instrument>] {
        &self.instruments
    }
}
