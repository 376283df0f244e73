// SPDX-License-Identifier: MIT OR Apache-2.0
//! A DLS Level 2 collection and its RIFF form (`docs/reference/dls-synth.md` §1).

mod read;

pub use read::{Error, is_plain, read};

use std::io::{self, Write};

/// A mono 16-bit wave with its `wsmp`. `F` is its content: the frames themselves, or where they can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave<F = Vec<i16>> {
    /// `INAM`.
    pub name: String,
    /// Sample rate in Hz.
    pub rate: u32,
    /// The content.
    pub frames: F,
    /// How it is played.
    pub sample: Sample,
}

/// `wsmp`: tuning, level and loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The key at which the wave sounds as recorded.
    pub unity: u8,
    /// Cents.
    pub fine_tune: i16,
    /// dB, not above 0.
    pub gain: f64,
    /// First frame and length of the loop in frames.
    pub looped: Option<(u32, u32)>,
    /// Loop type 1: the loop ends with the note, what follows it sounds.
    pub until_release: bool,
}

/// `wlnk` without the wave's index: the place of a wave in a group of waves that sound together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// 0 none.
    pub phase_group: u16,
    /// The others of the group follow this wave's pitch.
    pub phase_master: bool,
    /// Bit 0 mono or left, bit 1 right.
    pub channels: u32,
}

impl Link {
    /// A wave of its own.
    pub const MONO: Self = Self {
        phase_group: 0,
        phase_master: false,
        channels: 1,
    };
}

/// `rgn2`
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Lowest and highest key.
    pub keys: (u8, u8),
    /// Lowest and highest velocity.
    pub velocities: (u8, u8),
    /// Key group, 0 none, 1..=15.
    pub key_group: u8,
    /// A note does not cut off a note of the same key.
    pub self_non_exclusive: bool,
    /// Index into [`Bank::waves`].
    pub wave: usize,
    /// Its place in a group.
    pub link: Link,
    /// Replaces the wave's own `wsmp`.
    pub sample: Option<Sample>,
    /// Replaces the instrument's articulation when it is not empty.
    pub articulation: Vec<Connection>,
}

/// `ins `
#[derive(Clone, Debug, PartialEq)]
pub struct Instrument {
    /// `INAM`.
    pub name: String,
    /// Bits 0–6 = CC32, 8–14 = CC0, 31 = drum kit.
    pub bank: u32,
    /// 0 to 127.
    pub program: u8,
    /// Regions; all that fit a note sound.
    pub regions: Vec<Region>,
    /// What a region without one of its own has.
    pub articulation: Vec<Connection>,
}

/// A connection block of `art2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    /// [`source`].
    pub source: u16,
    /// [`source`] that scales it.
    pub control: u16,
    /// [`destination`].
    pub destination: u16,
    /// How source and control are mapped, `usTransform` of `art2`.
    pub transform: u16,
    /// What a source of 1 adds, in [`mod@unit`]s of the destination.
    pub scale: i32,
}

/// A whole collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bank<F = Vec<i16>> {
    /// `INAM`.
    pub name: String,
    /// `ICOP`.
    pub copyright: String,
    /// Instruments, each with a bank and program of its own.
    pub instruments: Vec<Instrument>,
    /// The pool.
    pub waves: Vec<Wave<F>>,
}

/// `CONN_SRC_*` that the generator and the converter use.
pub mod source {
    /// Constant 1.
    pub const NONE: u16 = 0;
    /// Modulation LFO.
    pub const LFO: u16 = 1;
    /// Velocity of the Note On.
    pub const VELOCITY: u16 = 2;
    /// Key of the Note On.
    pub const KEY: u16 = 3;
    /// Second envelope.
    pub const EG2: u16 = 5;
    /// Pitch bend.
    pub const PITCH_WHEEL: u16 = 6;
    /// Key pressure.
    pub const POLY_PRESSURE: u16 = 7;
    /// Channel pressure.
    pub const CHANNEL_PRESSURE: u16 = 8;
    /// Vibrato LFO.
    pub const VIBRATO: u16 = 9;
    /// Controller 0; the others follow.
    pub const CC0: u16 = 0x80;
    /// Modulation wheel.
    pub const CC1: u16 = 0x81;
    /// Reverb send.
    pub const CC91: u16 = 0xDB;
    /// Chorus send.
    pub const CC93: u16 = 0xDD;
    /// Pitch bend range, RPN 0.
    pub const BEND_RANGE: u16 = 0x100;
    /// Coarse tuning.
    pub const RPN2: u16 = 0x102;
}

/// `CONN_DST_*` that the generator and the converter use.
pub mod destination {
    /// Gain, `unit::decibels`.
    pub const GAIN: u16 = 1;
    /// Reserved by DLS; to our driver the highest gain.
    pub const GAIN_CEILING: u16 = 2;
    /// Pitch, `unit::cents`.
    pub const PITCH: u16 = 3;
    /// Pan, `unit::percent`, negative is left.
    pub const PAN: u16 = 4;
    /// The key that regions are chosen by, `unit::cents`.
    pub const KEY_NUMBER: u16 = 5;
    /// Send to the chorus, `unit::percent`.
    pub const CHORUS_SEND: u16 = 0x80;
    /// Send to the reverb, `unit::percent`.
    pub const REVERB_SEND: u16 = 0x81;
    /// Frequency of the modulation LFO, `unit::hertz`.
    pub const LFO_FREQUENCY: u16 = 0x104;
    /// Time to the start of the modulation LFO, `unit::seconds`.
    pub const LFO_DELAY: u16 = 0x105;
    /// Frequency of the vibrato LFO, `unit::hertz`.
    pub const VIBRATO_FREQUENCY: u16 = 0x114;
    /// Time to the start of the vibrato LFO, `unit::seconds`.
    pub const VIBRATO_DELAY: u16 = 0x115;
    /// Attack of the volume envelope, `unit::seconds`.
    pub const EG1_ATTACK: u16 = 0x206;
    /// Decay of the volume envelope over 96 dB, `unit::seconds`.
    pub const EG1_DECAY: u16 = 0x207;
    /// Release of the volume envelope over 96 dB, `unit::seconds`.
    pub const EG1_RELEASE: u16 = 0x209;
    /// Sustain of the volume envelope, `unit::percent`.
    pub const EG1_SUSTAIN: u16 = 0x20A;
    /// Delay of the volume envelope, `unit::seconds`.
    pub const EG1_DELAY: u16 = 0x20B;
    /// Hold of the volume envelope, `unit::seconds`.
    pub const EG1_HOLD: u16 = 0x20C;
    /// Attack of the second envelope, `unit::seconds`.
    pub const EG2_ATTACK: u16 = 0x30A;
    /// Decay of the second envelope, `unit::seconds`.
    pub const EG2_DECAY: u16 = 0x30B;
    /// Release of the second envelope, `unit::seconds`.
    pub const EG2_RELEASE: u16 = 0x30D;
    /// Sustain of the second envelope, `unit::percent`.
    pub const EG2_SUSTAIN: u16 = 0x30E;
    /// Delay of the second envelope, `unit::seconds`.
    pub const EG2_DELAY: u16 = 0x30F;
    /// Hold of the second envelope, `unit::seconds`.
    pub const EG2_HOLD: u16 = 0x310;
    /// Unknown to DLS; to our driver, not 0: the attack of EG2 is convex.
    pub const EG2_ATTACK_CURVE: u16 = 0x3F0;
    /// Unknown to DLS; to our driver, not 0: the wave begins when the delay of the first envelope is over.
    pub const WAVE_START: u16 = 0x3F1;
    /// Cutoff of the low-pass filter, `unit::hertz`.
    pub const FILTER_CUTOFF: u16 = 0x500;
    /// Resonance of the filter, `unit::decibels`.
    pub const FILTER_Q: u16 = 0x501;
}

/// Source transform bit "bipolar" of `art2`.
pub const BIPOLAR_SOURCE: u16 = 0x4000;

/// Units of `lScale` (`docs/reference/dls-synth.md` §3.5).
pub mod unit {
    use libm::{log2, round};

    /// Absolute time; zero seconds is the code that locks the destination at 0.
    pub fn seconds(value: f64) -> i32 {
        if value <= 0.0 {
            i32::MIN
        } else {
            round(1200.0 * 65536.0 * log2(value)) as i32
        }
    }

    /// Absolute pitch.
    pub fn hertz(value: f64) -> i32 {
        round((6900.0 + 1200.0 * log2(value / 440.0)) * 65536.0) as i32
    }

    /// Relative pitch or time.
    pub fn cents(value: f64) -> i32 {
        round(value * 65536.0) as i32
    }

    /// Gain.
    pub fn decibels(value: f64) -> i32 {
        round(value * 655_360.0) as i32
    }

    /// Sustain levels, pans and sends; 100 is all.
    pub fn percent(value: f64) -> i32 {
        round(value * 655_360.0) as i32
    }
}

impl Connection {
    /// A constant: no source but the scale.
    pub fn constant(destination: u16, scale: i32) -> Self {
        Self::new(source::NONE, source::NONE, destination, scale)
    }

    /// Bipolar where the source is an LFO, as Level 2 wants it.
    pub fn new(source: u16, control: u16, destination: u16, scale: i32) -> Self {
        let lfo = source == source::LFO || source == source::VIBRATO;
        let transform = if lfo { BIPOLAR_SOURCE } else { 0 };
        Self {
            source,
            control,
            destination,
            transform,
            scale,
        }
    }
}

impl Connection {
    /// Everything that depends on the key number sees this key, whichever is played.
    pub fn fixed_key(key: u8) -> [Self; 3] {
        let destination = destination::KEY_NUMBER;
        [
            Self::new(source::KEY, source::NONE, destination, 0),
            // Bipolar by nature.
            Self {
                transform: BIPOLAR_SOURCE,
                ..Self::new(source::RPN2, source::NONE, destination, 0)
            },
            Self::constant(destination, (i32::from(key) * 100) << 16),
        ]
    }
}

impl Bank {
    /// Puts instruments of `over` in the place of those of the same bank and program, and adds the others.
    pub fn overlay(&mut self, over: Self) {
        let waves = self.waves.len();
        self.waves.extend(over.waves);
        for mut instrument in over.instruments {
            for region in &mut instrument.regions {
                region.wave += waves;
            }
            let same = |old: &&mut Instrument| {
                (old.bank, old.program) == (instrument.bank, instrument.program)
            };
            match self.instruments.iter_mut().find(same) {
                Some(old) => *old = instrument,
                None => self.instruments.push(instrument),
            }
        }
    }

    /// The RIFF file. Regions of one instrument must name waves that exist.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let copied = self.write(
            &mut file,
            |frames| frames.len() as u32,
            |frames, out| {
                let data: Vec<u8> = frames
                    .iter()
                    .flat_map(|frame| frame.to_le_bytes())
                    .collect();
                out.write_all(&data)
            },
        );
        debug_assert!(copied.is_ok(), "a vector takes everything");
        file
    }
}

impl<F> Bank<F> {
    /// Takes away the waves that no region uses.
    pub fn prune(&mut self) {
        let mut places = vec![None; self.waves.len()];
        let regions = self.instruments.iter_mut().flat_map(|i| &mut i.regions);
        let mut used = 0;
        for region in regions {
            region.wave = *places[region.wave].get_or_insert_with(|| {
                used += 1;
                used - 1
            });
        }
        let mut kept: Vec<(usize, Wave<F>)> = std::mem::take(&mut self.waves)
            .into_iter()
            .zip(places)
            .filter_map(|(wave, place)| Some((place?, wave)))
            .collect();
        kept.sort_by_key(|(place, _)| *place);
        self.waves = kept.into_iter().map(|(_, wave)| wave).collect();
    }

    /// Writes the RIFF file to `out`, one wave after the other: `length` is the number of a wave's frames, `copy` writes them as
    /// 16-bit little-endian. Fails if the file would be larger than RIFF allows.
    pub fn write<W: Write>(
        &self,
        out: &mut W,
        length: impl Fn(&F) -> u32,
        mut copy: impl FnMut(&F, &mut W) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut head = b"DLS ".to_vec();
        chunk(&mut head, b"vers", &words(&[0x0001_0000, 0]));
        chunk(&mut head, b"colh", &words(&[self.instruments.len() as u32]));

        let mut instruments = b"lins".to_vec();
        for instrument in &self.instruments {
            chunk(&mut instruments, b"LIST", &instrument.to_list());
        }
        chunk(&mut head, b"LIST", &instruments);

        // Each wave is a list of a head, the samples, which need no padding, and a tail.
        let mut table = words(&[8, self.waves.len() as u32]);
        let mut pool = 0u64;
        let mut waves = Vec::with_capacity(self.waves.len());
        for wave in &self.waves {
            let data = u64::from(length(&wave.frames)) * 2;
            let (before, after) = (wave.head(data as u32), wave.tail());
            let list = before.len() as u64 + data + after.len() as u64;
            table.extend_from_slice(&(pool as u32).to_le_bytes());
            pool += 8 + list;
            waves.push((before, after, list));
        }
        chunk(&mut head, b"ptbl", &table);
        let mut end = Vec::new();
        chunk(
            &mut end,
            b"LIST",
            &info(&[(b"INAM", &self.name), (b"ICOP", &self.copyright)]),
        );

        let size = head.len() as u64 + 12 + pool + end.len() as u64;
        let size = u32::try_from(size).map_err(|_| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!(
                    "it would have {} MB, and a RIFF file ends at 4 GB",
                    size >> 20
                ),
            )
        })?;
        out.write_all(b"RIFF")?;
        out.write_all(&size.to_le_bytes())?;
        out.write_all(&head)?;
        out.write_all(b"LIST")?;
        out.write_all(&(pool as u32 + 4).to_le_bytes())?;
        out.write_all(b"wvpl")?;
        for (wave, (before, after, list)) in self.waves.iter().zip(waves) {
            out.write_all(b"LIST")?;
            out.write_all(&(list as u32).to_le_bytes())?;
            out.write_all(&before)?;
            copy(&wave.frames, out)?;
            out.write_all(&after)?;
        }
        out.write_all(&end)
    }
}

impl Instrument {
    fn to_list(&self) -> Vec<u8> {
        let mut list = b"ins ".to_vec();
        chunk(
            &mut list,
            b"insh",
            &words(&[
                self.regions.len() as u32,
                self.bank,
                u32::from(self.program),
            ]),
        );
        let mut regions = b"lrgn".to_vec();
        for region in &self.regions {
            chunk(&mut regions, b"LIST", &region.to_list());
        }
        chunk(&mut list, b"LIST", &regions);
        articulation(&mut list, &self.articulation);
        chunk(&mut list, b"LIST", &info(&[(b"INAM", &self.name)]));
        list
    }
}

impl Region {
    fn to_list(&self) -> Vec<u8> {
        let mut list = b"rgn2".to_vec();
        let mut header = Vec::new();
        for value in [
            u16::from(self.keys.0),
            u16::from(self.keys.1),
            u16::from(self.velocities.0),
            u16::from(self.velocities.1),
            u16::from(self.self_non_exclusive),
            u16::from(self.key_group),
        ] {
            header.extend_from_slice(&value.to_le_bytes());
        }
        chunk(&mut list, b"rgnh", &header);
        if let Some(sample) = &self.sample {
            chunk(&mut list, b"wsmp", &sample.to_bytes());
        }
        let options = u32::from(self.link.phase_master);
        let link = words(&[
            options | u32::from(self.link.phase_group) << 16,
            self.link.channels,
            self.wave as u32,
        ]);
        chunk(&mut list, b"wlnk", &link);
        articulation(&mut list, &self.articulation);
        list
    }
}

impl<F> Wave<F> {
    /// What stands before the `data` bytes of samples.
    fn head(&self, data: u32) -> Vec<u8> {
        let mut list = b"wave".to_vec();
        let mut format = Vec::new();
        format.extend_from_slice(&[1, 0, 1, 0]);
        format.extend_from_slice(&words(&[self.rate, self.rate.wrapping_mul(2)]));
        format.extend_from_slice(&[2, 0, 16, 0, 0, 0]);
        chunk(&mut list, b"fmt ", &format);
        chunk(&mut list, b"wsmp", &self.sample.to_bytes());
        list.extend_from_slice(b"data");
        list.extend_from_slice(&data.to_le_bytes());
        list
    }

    /// What stands behind them.
    fn tail(&self) -> Vec<u8> {
        let mut list = Vec::new();
        chunk(&mut list, b"LIST", &info(&[(b"INAM", &self.name)]));
        list
    }
}

impl Sample {
    fn to_bytes(self) -> Vec<u8> {
        let mut out = 20u32.to_le_bytes().to_vec();
        out.extend_from_slice(&u16::from(self.unity).to_le_bytes());
        out.extend_from_slice(&self.fine_tune.to_le_bytes());
        out.extend_from_slice(&unit::decibels(self.gain).to_le_bytes());
        out.extend_from_slice(&words(&[1, u32::from(self.looped.is_some())]));
        if let Some((start, length)) = self.looped {
            out.extend_from_slice(&words(&[16, u32::from(self.until_release), start, length]));
        }
        out
    }
}

fn articulation(list: &mut Vec<u8>, connections: &[Connection]) {
    if connections.is_empty() {
        return;
    }
    let mut art = words(&[8, connections.len() as u32]);
    for connection in connections {
        for value in [
            connection.source,
            connection.control,
            connection.destination,
            connection.transform,
        ] {
            art.extend_from_slice(&value.to_le_bytes());
        }
        art.extend_from_slice(&connection.scale.to_le_bytes());
    }
    let mut articulations = b"lar2".to_vec();
    chunk(&mut articulations, b"art2", &art);
    chunk(list, b"LIST", &articulations);
}

fn info(entries: &[(&[u8; 4], &str)]) -> Vec<u8> {
    let mut list = b"INFO".to_vec();
    for (id, text) in entries {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        chunk(&mut list, id, &bytes);
    }
    list
}

fn chunk(out: &mut Vec<u8>, id: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(id);
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}

fn words(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}
