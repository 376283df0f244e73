// SPDX-License-Identifier: MIT OR Apache-2.0
//! Presets as DLS instruments.

use super::connections::articulation;
use super::file::{Error, Preset, Result, SampleHeader, SoundFont};
use super::zones::{Voice, generator as g, voices};
use crate::dls::{Bank, Instrument, Link, Region, Sample, Wave};
use crate::report::Report;
use std::collections::{BTreeMap, HashMap};

/// A wave's content: frames of the SoundFont's sample chunk, or of a compressed sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    /// Index of the compressed sample.
    pub stream: Option<usize>,
    /// First frame.
    pub start: u32,
    /// Behind the last frame.
    pub end: u32,
}

impl Cut {
    /// Length in frames.
    pub fn frames(&self) -> u32 {
        self.end - self.start
    }
}

/// What a conversion may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Regions of all instruments.
    pub regions: usize,
    /// Connections of all regions.
    pub connections: usize,
    /// Pairs of a preset's and an instrument's zone that are looked at.
    pub zones: u64,
    /// Bytes of samples.
    pub bytes: u64,
}

impl Limits {
    /// Takes regions off what is left of them.
    pub(super) fn take_regions(&mut self, regions: usize) -> Result<()> {
        self.regions = self
            .regions
            .checked_sub(regions)
            .ok_or_else(|| Error::TooLarge("it becomes too many regions".into()))?;
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            regions: 500_000,
            connections: 10_000_000,
            zones: 20_000_000,
            bytes: u32::MAX as u64 - (256 << 20),
        }
    }
}

/// A bank whose samples are still in the SoundFont, and what it does not have of it.
#[derive(Debug)]
pub struct Conversion {
    /// The instruments.
    pub bank: Bank<Cut>,
    /// What could not be kept.
    pub report: Report,
}

/// How much of an attenuation counts.
const ATTENUATION: f64 = 0.4;
/// `ulBank` of drum kits.
const DRUMS: u32 = 1 << 31;

/// Makes instruments of all presets for which `wanted` holds (bank and program of DLS). Nothing is read.
pub fn convert(
    font: &SoundFont,
    limits: &Limits,
    wanted: impl Fn(u32, u8) -> bool,
) -> Result<Conversion> {
    let mut converter = Converter {
        font,
        limits: *limits,
        connections: 0,
        bytes: 0,
        classes: Vec::new(),
        waves: HashMap::new(),
        bank: Bank {
            name: font.name.clone(),
            copyright: font.copyright.clone(),
            instruments: Vec::new(),
            waves: Vec::new(),
        },
        report: Report::default(),
    };
    if font.version.is_none() {
        converter
            .report
            .approximate("a file without its version (ifil), taken for 2.01");
    }
    if font.cut_off.is_some() {
        converter.report.lost("the end of a file that is cut off");
    }
    for _ in 0..font.broken {
        converter
            .report
            .lost("zones that end before they begin, or leave the tables");
    }
    // By patch; the first of equal ones counts.
    let mut presets: BTreeMap<(u32, u8), &Preset> = BTreeMap::new();
    for preset in &font.presets {
        match place(preset) {
            None => converter
                .report
                .lost("presets with a bank or program out of range"),
            Some(place) if presets.contains_key(&place) => {
                converter
                    .report
                    .lost("presets with the number of another one");
            }
            Some(place) => {
                presets.insert(place, preset);
            }
        }
    }
    for ((bank, program), preset) in presets {
        if wanted(bank, program) {
            converter.preset(preset, bank, program)?;
        }
    }
    converter.finish()
}

/// `ulBank` and program.
fn place(preset: &Preset) -> Option<(u32, u8)> {
    let program = u8::try_from(preset.program)
        .ok()
        .filter(|&program| program < 128)?;
    match preset.bank {
        128 => Some((DRUMS, program)),
        bank @ 0..128 => Some((u32::from(bank) << 8, program)),
        _ => None,
    }
}

struct Converter<'a> {
    font: &'a SoundFont,
    /// Regions and zones: what is left of them.
    limits: Limits,
    connections: usize,
    bytes: u64,
    /// Exclusive classes of the preset, in the order in which they come.
    classes: Vec<i32>,
    /// By content and rate.
    waves: HashMap<(Cut, u32), usize>,
    bank: Bank<Cut>,
    report: Report,
}

impl Converter<'_> {
    fn preset(&mut self, preset: &Preset, bank: u32, program: u8) -> Result<()> {
        let voices = voices(self.font, preset, &mut self.limits, &mut self.report)?;
        self.classes.clear();
        let mut regions = Vec::new();
        // Sample header and region.
        let mut halves: Vec<(usize, usize)> = Vec::new();
        for voice in &voices {
            let apart = self.apart(voice)?;
            for voice in apart.as_deref().unwrap_or(std::slice::from_ref(voice)) {
                if let Some(region) = self.region(voice)? {
                    halves.push((voice.sample, regions.len()));
                    regions.push(region);
                }
            }
        }
        if regions.is_empty() {
            if !voices.is_empty() {
                self.report.lost("presets of which nothing can sound");
            }
            return Ok(());
        }
        self.pair(&mut regions, &halves);
        let articulation = share(&mut regions);
        self.bank.instruments.push(Instrument {
            name: preset.name.clone(),
            bank,
            program,
            regions,
            articulation,
        });
        Ok(())
    }

    /// A voice for each key, where connections cannot say how the voice follows the key.
    fn apart(&mut self, voice: &Voice) -> Result<Option<Vec<Voice>>> {
        if !voice.is_steep() {
            return Ok(None);
        }
        let keys = voice.keys.0..=voice.keys.1;
        self.limits.take_regions(keys.len() - 1)?;
        let header = self.font.samples.get(voice.sample);
        let root = voice
            .root()
            .unwrap_or(header.map_or(60, |header| header.root));
        Ok(Some(keys.map(|key| voice.on_key(key, root)).collect()))
    }

    fn region(&mut self, voice: &Voice) -> Result<Option<Region>> {
        let Some(header) = self.font.samples.get(voice.sample) else {
            self.report.lost("a zone's sample does not exist");
            return Ok(None);
        };
        if header.kind & SampleHeader::ROM != 0 {
            self.report.lost("samples in the ROM of a sound card");
            return Ok(None);
        }
        let Some((cut, looped)) = self.cut(voice, header) else {
            self.report.lost("samples outside of the sample data");
            return Ok(None);
        };
        if header.end > self.frames(header) {
            self.report
                .approximate("samples that leave the sample data, cut");
        }
        let wave = self.wave(header, cut)?;

        let mode = voice.get(g::SAMPLE_MODES);
        let looped = if matches!(mode, 1 | 3) {
            match looped {
                Found::Inside(first, length) => Some((first, length)),
                Found::Repaired(first, length) => {
                    self.report
                        .approximate("loops that leave their sample, repaired");
                    Some((first, length))
                }
                Found::None => {
                    self.report.lost("loops without a length");
                    None
                }
            }
        } else {
            None
        };
        let root = voice.root().unwrap_or(header.root);
        let tune = voice.get(g::COARSE_TUNE) * 100
            + voice.get(g::FINE_TUNE)
            + i32::from(header.correction);
        let tune = i16::try_from(tune).unwrap_or_else(|_| {
            self.report.approximate("tunings beyond 27 octaves");
            if tune < 0 { i16::MIN } else { i16::MAX }
        });
        let key_group = self.key_group(voice.get(g::EXCLUSIVE_CLASS));
        let articulation = articulation(voice, &mut self.report);
        self.connections += articulation.len();
        if self.connections > self.limits.connections {
            return Err(Error::TooLarge(format!(
                "it becomes more than {} connections",
                self.limits.connections
            )));
        }
        Ok(Some(Region {
            keys: voice.keys,
            velocities: voice.velocities,
            key_group,
            // A SoundFont's note does not end the one before it on the same key.
            self_non_exclusive: true,
            wave,
            link: Link::MONO,
            sample: Some(Sample {
                unity: root,
                fine_tune: tune,
                gain: ATTENUATION * f64::from(-voice.get(g::ATTENUATION)) / 10.0,
                looped,
                until_release: mode == 3,
            }),
            articulation,
        }))
    }

    /// Key groups are 1..=15 and belong to an instrument: each class of a preset gets its own.
    fn key_group(&mut self, class: i32) -> u8 {
        if class == 0 {
            return 0;
        }
        let known = self.classes.iter().position(|&known| known == class);
        let place = known.unwrap_or_else(|| {
            self.classes.push(class);
            self.classes.len() - 1
        });
        if place >= 15 {
            self.report
                .approximate("presets with more than 15 exclusive classes, of which some are one");
        }
        (place % 15 + 1) as u8
    }

    /// The frames that a voice plays, and the loop among them. Positions outside of the sample are brought back into it.
    fn cut(&self, voice: &Voice, header: &SampleHeader) -> Option<(Cut, Found)> {
        let stream = (header.kind & SampleHeader::VORBIS != 0).then_some(voice.sample);
        let all = i64::from(self.frames(header));
        let (first, end) = (i64::from(header.start), i64::from(header.end).min(all));
        if first >= end {
            return None;
        }
        let moved = |at: i64, fine, coarse| {
            at + i64::from(voice.get(fine)) + 32768 * i64::from(voice.get(coarse))
        };
        let a = moved(first, g::START, g::START_COARSE).clamp(first, end);
        let b = moved(end, g::END, g::END_COARSE).clamp(first, end);
        let (start, end) = (a.min(b), a.max(b));
        if start == end {
            return None;
        }
        // The loop as the header has it, brought inside of the data.
        let declared = (i64::from(header.loop_start), i64::from(header.loop_end));
        let (low, high) = (declared.0.min(declared.1), declared.0.max(declared.1));
        let inside = |at: &i64| (first..=all).contains(at);
        let low = Some(low).filter(inside).unwrap_or(first);
        let high = Some(high).filter(inside).unwrap_or(i64::from(header.end));
        let a = moved(low, g::LOOP_START, g::LOOP_START_COARSE);
        let b = moved(high, g::LOOP_END, g::LOOP_END_COARSE);
        let kept = (a, b);
        let (a, b) = (a.clamp(start, end), b.clamp(start, end));
        let (a, b) = (a.min(b), a.max(b));
        let looped = if (a, b) == kept && (low, high) == declared && b - a >= 2 {
            Found::Inside((a - start) as u32, (b - a) as u32)
        } else if declared.0 == declared.1 {
            // A way to say "no loop".
            Found::None
        } else {
            // Of a loop that lies outside nothing is left: the whole sample.
            let (a, b) = if b - a < 2 { (start, end) } else { (a, b) };
            Found::Repaired((a - start) as u32, (b - a) as u32)
        };
        let cut = Cut {
            stream,
            start: u32::try_from(start).ok()?,
            end: u32::try_from(end).ok()?,
        };
        Some((cut, looped))
    }

    /// Where the data end that a sample lies in.
    fn frames(&self, header: &SampleHeader) -> u32 {
        match header.kind & SampleHeader::VORBIS {
            0 => u32::try_from(self.font.frames()).unwrap_or(u32::MAX),
            _ => header.end,
        }
    }

    fn wave(&mut self, header: &SampleHeader, cut: Cut) -> Result<usize> {
        // "The nearest practical value"; none at all is the usual one.
        let rate = match header.rate {
            0 => 44_100,
            rate => rate.clamp(400, 1_000_000),
        };
        if rate != header.rate {
            self.report
                .approximate("samples with an impossible rate, at the nearest one");
        }
        if let Some(&index) = self.waves.get(&(cut, rate)) {
            return Ok(index);
        }
        self.bytes += u64::from(cut.frames()) * 2;
        if self.bytes > self.limits.bytes {
            return Err(Error::TooLarge(format!(
                "its samples become more than {} MB",
                self.limits.bytes >> 20
            )));
        }
        if self.font.is_24_bit() && cut.stream.is_none() {
            self.report
                .approximate("24-bit samples, rounded to 16 bits");
        }
        let index = self.bank.waves.len();
        self.bank.waves.push(Wave {
            name: header.name.clone(),
            rate,
            frames: cut,
            sample: Sample {
                unity: header.root,
                fine_tune: i16::from(header.correction),
                gain: 0.0,
                looped: None,
                until_release: false,
            },
        });
        self.waves.insert((cut, rate), index);
        Ok(index)
    }

    /// Left and right halves that sound together become a phase group. Their pans place them, so both have both channels.
    fn pair(&mut self, regions: &mut [Region], halves: &[(usize, usize)]) {
        let mut open: HashMap<(usize, [u8; 4]), usize> = HashMap::new();
        let mut group = 0u16;
        let ranges = |region: &Region| {
            let (keys, velocities) = (region.keys, region.velocities);
            [keys.0, keys.1, velocities.0, velocities.1]
        };
        for &(sample, index) in halves {
            let header = &self.font.samples[sample];
            if header.kind & (SampleHeader::LEFT | SampleHeader::RIGHT) == 0 {
                continue;
            }
            let place = ranges(&regions[index]);
            let Some(other) = open.remove(&(usize::from(header.link), place)) else {
                open.insert((sample, place), index);
                continue;
            };
            let pitch = |region: &Region| {
                let rate = self.bank.waves[region.wave].rate;
                region
                    .sample
                    .map(|sample| (sample.unity, sample.fine_tune, rate))
            };
            if pitch(&regions[index]) != pitch(&regions[other]) || group == u16::MAX {
                continue;
            }
            group += 1;
            let left_first = header.kind & SampleHeader::RIGHT != 0;
            for (region, master) in [(other, left_first), (index, !left_first)] {
                regions[region].link = Link {
                    phase_group: group,
                    phase_master: master,
                    channels: 3,
                };
            }
        }
    }

    fn finish(self) -> Result<Conversion> {
        if self.bank.instruments.is_empty() {
            let rom = self.report.count("samples in the ROM of a sound card") > 0;
            return Err(Error::Empty(if rom {
                "its samples are in the ROM of a sound card, not in the file".into()
            } else if self.font.presets.is_empty() {
                "it has no presets".into()
            } else {
                format!("none of its presets can sound ({})", self.report)
            }));
        }
        Ok(Conversion {
            bank: self.bank,
            report: self.report,
        })
    }
}

/// A loop: first frame and length.
enum Found {
    Inside(u32, u32),
    Repaired(u32, u32),
    None,
}

/// Takes the articulation that most regions have out of them, for the instrument.
fn share(regions: &mut [Region]) -> Vec<crate::dls::Connection> {
    let mut counts: HashMap<&[crate::dls::Connection], (usize, usize)> = HashMap::new();
    for (index, region) in regions.iter().enumerate() {
        counts.entry(&region.articulation).or_insert((0, index)).0 += 1;
    }
    // The most frequent, of equal ones the first.
    let best = counts
        .into_values()
        .max_by_key(|&(count, first)| (count, std::cmp::Reverse(first)));
    let Some((_, first)) = best else {
        return Vec::new();
    };
    let articulation = regions[first].articulation.clone();
    for region in regions {
        if region.articulation == articulation {
            region.articulation.clear();
        }
    }
    articulation
}
