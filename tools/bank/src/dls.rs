//! A DLS Level 2 collection and its RIFF form (`dls-synth.md` §1).

/// A mono 16-bit wave with its `wsmp`.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave {
    pub name: String,
    /// Sample rate in Hz.
    pub rate: u32,
    pub frames: Vec<i16>,
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
}

/// `rgn2`
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    pub keys: (u8, u8),
    pub velocities: (u8, u8),
    /// Key group, 0 none, 1..=15.
    pub key_group: u8,
    pub self_non_exclusive: bool,
    /// Index into [`Bank::waves`].
    pub wave: usize,
    /// Replaces the wave's own `wsmp`.
    pub sample: Option<Sample>,
    /// Replaces the instrument's articulation when it is not empty.
    pub articulation: Vec<Connection>,
}

/// `ins `
#[derive(Clone, Debug, PartialEq)]
pub struct Instrument {
    pub name: String,
    /// Bits 0–6 = CC32, 8–14 = CC0, 31 = drum kit.
    pub bank: u32,
    pub program: u8,
    pub regions: Vec<Region>,
    pub articulation: Vec<Connection>,
}

/// A connection block of `art2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    pub source: u16,
    pub control: u16,
    pub destination: u16,
    pub transform: u16,
    pub scale: i32,
}

/// A whole collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bank {
    pub name: String,
    pub copyright: String,
    pub instruments: Vec<Instrument>,
    pub waves: Vec<Wave>,
}

/// `CONN_SRC_*` that the generator uses.
pub mod source {
    pub const NONE: u16 = 0;
    pub const LFO: u16 = 1;
    pub const VELOCITY: u16 = 2;
    pub const KEY: u16 = 3;
    pub const EG2: u16 = 5;
    pub const VIBRATO: u16 = 9;
    pub const CC1: u16 = 0x81;
}

/// `CONN_DST_*` that the generator uses.
pub mod destination {
    pub const GAIN: u16 = 1;
    pub const PITCH: u16 = 3;
    pub const PAN: u16 = 4;
    pub const REVERB_SEND: u16 = 0x81;
    pub const LFO_FREQUENCY: u16 = 0x104;
    pub const LFO_DELAY: u16 = 0x105;
    pub const VIBRATO_FREQUENCY: u16 = 0x114;
    pub const VIBRATO_DELAY: u16 = 0x115;
    pub const EG1_ATTACK: u16 = 0x206;
    pub const EG1_DECAY: u16 = 0x207;
    pub const EG1_RELEASE: u16 = 0x209;
    pub const EG1_SUSTAIN: u16 = 0x20A;
    pub const EG2_ATTACK: u16 = 0x30A;
    pub const EG2_DECAY: u16 = 0x30B;
    pub const EG2_RELEASE: u16 = 0x30D;
    pub const EG2_SUSTAIN: u16 = 0x30E;
    pub const FILTER_CUTOFF: u16 = 0x500;
    pub const FILTER_Q: u16 = 0x501;
}

/// Source transform bit "bipolar" of `art2`.
pub const BIPOLAR_SOURCE: u16 = 0x4000;

/// Units of `lScale` (`dls-synth.md` §3.5).
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

    pub fn decibels(value: f64) -> i32 {
        round(value * 655_360.0) as i32
    }

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

impl Bank {
    /// The RIFF file. Regions of one instrument must name waves that exist.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = b"DLS ".to_vec();
        chunk(&mut body, b"vers", &words(&[0x0001_0000, 0]));
        chunk(&mut body, b"colh", &words(&[self.instruments.len() as u32]));

        let mut instruments = b"lins".to_vec();
        for instrument in &self.instruments {
            chunk(&mut instruments, b"LIST", &instrument.to_list());
        }
        chunk(&mut body, b"LIST", &instruments);

        let mut pool = b"wvpl".to_vec();
        let mut table = words(&[8, self.waves.len() as u32]);
        for wave in &self.waves {
            table.extend_from_slice(&((pool.len() - 4) as u32).to_le_bytes());
            chunk(&mut pool, b"LIST", &wave.to_list());
        }
        chunk(&mut body, b"ptbl", &table);
        chunk(&mut body, b"LIST", &pool);
        chunk(
            &mut body,
            b"LIST",
            &info(&[(b"INAM", &self.name), (b"ICOP", &self.copyright)]),
        );

        let mut file = Vec::with_capacity(body.len() + 8);
        chunk(&mut file, b"RIFF", &body);
        file
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
        chunk(&mut list, b"wlnk", &words(&[0, 1, self.wave as u32]));
        articulation(&mut list, &self.articulation);
        list
    }
}

impl Wave {
    fn to_list(&self) -> Vec<u8> {
        let mut list = b"wave".to_vec();
        let mut format = Vec::new();
        format.extend_from_slice(&[1, 0, 1, 0]);
        format.extend_from_slice(&words(&[self.rate, self.rate * 2]));
        format.extend_from_slice(&[2, 0, 16, 0, 0, 0]);
        chunk(&mut list, b"fmt ", &format);
        chunk(&mut list, b"wsmp", &self.sample.to_bytes());
        let data: Vec<u8> = self
            .frames
            .iter()
            .flat_map(|frame| frame.to_le_bytes())
            .collect();
        chunk(&mut list, b"data", &data);
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
            out.extend_from_slice(&words(&[16, 0, start, length]));
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
