// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small SoundFont, built field by field: for tests, and where fuzzing begins.

use super::file::SampleHeader;

/// Operator and amount.
pub type Generators = Vec<(u16, i16)>;

/// What goes into a file. The terminal records are added.
#[derive(Clone, Default)]
pub struct Font {
    /// Name, program, bank and zones.
    pub presets: Vec<(&'static str, u16, u16, Vec<Zone>)>,
    /// Zones of each instrument.
    pub instruments: Vec<Vec<Zone>>,
    /// Headers of the samples.
    pub samples: Vec<SampleHeader>,
    /// The sample chunk.
    pub frames: Vec<i16>,
    /// The low bytes of 24-bit samples, one for each frame.
    pub low: Option<Vec<u8>>,
    /// Major version of the format: 2 or 3.
    pub version: u16,
}

/// A zone of a preset or an instrument.
#[derive(Clone, Default)]
pub struct Zone {
    /// Generators, in the order of the file.
    pub generators: Generators,
    /// Source, destination, amount, amount's source, transform.
    pub modulators: Vec<[u16; 5]>,
}

/// A zone without modulators.
pub fn zone(generators: &[(u16, i16)]) -> Zone {
    Zone {
        generators: generators.to_vec(),
        modulators: Vec::new(),
    }
}

/// The amount of a range generator.
pub fn range(low: u8, high: u8) -> i16 {
    i16::from_le_bytes([low, high])
}

/// A mono sample of 22,050 Hz at key 60, looped but for ten frames at each end.
pub fn header(start: u32, end: u32) -> SampleHeader {
    SampleHeader {
        name: "s".into(),
        start,
        end,
        loop_start: start + 10,
        loop_end: end - 10,
        rate: 22_050,
        root: 60,
        correction: 3,
        link: 0,
        kind: 1,
    }
}

/// One preset, one instrument, one sample of 100 frames.
pub fn plain(preset: Vec<Zone>, instrument: Vec<Zone>) -> Font {
    Font {
        presets: vec![("p", 5, 0, preset)],
        instruments: vec![instrument],
        samples: vec![header(0, 100)],
        frames: (0..200).collect(),
        low: None,
        version: 2,
    }
}

fn chunk(out: &mut Vec<u8>, id: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(id);
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}

fn name(text: &str) -> [u8; 20] {
    let mut name = [0; 20];
    name[..text.len()].copy_from_slice(text.as_bytes());
    name
}

/// Bags, generators, modulators.
#[derive(Default)]
struct Tables(Vec<u8>, Vec<u8>, Vec<u8>);

impl Tables {
    fn count(&self) -> u16 {
        (self.0.len() / 4) as u16
    }

    fn bag(&mut self) {
        self.0.extend(((self.1.len() / 4) as u16).to_le_bytes());
        self.0.extend(((self.2.len() / 10) as u16).to_le_bytes());
    }

    fn zone(&mut self, zone: &Zone) {
        self.bag();
        for (operator, amount) in &zone.generators {
            self.1.extend(operator.to_le_bytes());
            self.1.extend(amount.to_le_bytes());
        }
        for word in zone.modulators.iter().flatten() {
            self.2.extend(word.to_le_bytes());
        }
    }
}

impl Font {
    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut info = b"INFO".to_vec();
        let version = [self.version.to_le_bytes(), 1u16.to_le_bytes()].concat();
        chunk(&mut info, b"ifil", &version);
        chunk(&mut info, b"INAM", b"Test\0\0");
        let mut sdta = b"sdta".to_vec();
        let frames: Vec<u8> = self.frames.iter().flat_map(|f| f.to_le_bytes()).collect();
        chunk(&mut sdta, b"smpl", &frames);
        if let Some(low) = &self.low {
            chunk(&mut sdta, b"sm24", low);
        }

        let (mut outer, mut inner) = (Tables::default(), Tables::default());
        let (mut phdr, mut inst, mut shdr) = (Vec::new(), Vec::new(), Vec::new());
        let mut preset = |text: &str, program: u16, bank: u16, bag: u16| {
            phdr.extend(name(text));
            for word in [program, bank, bag, 0, 0, 0, 0, 0, 0] {
                phdr.extend(word.to_le_bytes());
            }
        };
        for (text, program, bank, zones) in &self.presets {
            preset(text, *program, *bank, outer.count());
            zones.iter().for_each(|zone| outer.zone(zone));
        }
        preset("EOP", 0, 0, outer.count());
        outer.zone(&Zone::default());
        for zones in self.instruments.iter().chain([&Vec::new()]) {
            inst.extend(name("i"));
            inst.extend(inner.count().to_le_bytes());
            zones.iter().for_each(|zone| inner.zone(zone));
        }
        inner.zone(&Zone::default());
        for sample in self.samples.iter().chain([&header(0, 20)]) {
            shdr.extend(name(&sample.name));
            for word in [
                sample.start,
                sample.end,
                sample.loop_start,
                sample.loop_end,
                sample.rate,
            ] {
                shdr.extend(word.to_le_bytes());
            }
            shdr.extend([sample.root, sample.correction as u8]);
            shdr.extend(sample.link.to_le_bytes());
            shdr.extend(sample.kind.to_le_bytes());
        }
        let mut pdta = b"pdta".to_vec();
        for (id, data) in [
            (b"phdr", &phdr),
            (b"pbag", &outer.0),
            (b"pmod", &outer.2),
            (b"pgen", &outer.1),
            (b"inst", &inst),
            (b"ibag", &inner.0),
            (b"imod", &inner.2),
            (b"igen", &inner.1),
            (b"shdr", &shdr),
        ] {
            chunk(&mut pdta, id, data);
        }
        let mut body = b"sfbk".to_vec();
        for list in [info, sdta, pdta] {
            chunk(&mut body, b"LIST", &list);
        }
        let mut file = Vec::new();
        chunk(&mut file, b"RIFF", &body);
        file
    }
}
