//! Presets as DLS instruments.

use super::connections::articulation;
use super::file::{Error, Preset, Result, SampleHeader, SoundFont};
use super::report::Report;
use super::zones::{Voice, generator as g, voices};
use crate::dls::{Bank, Instrument, Link, Region, Sample, Wave};
use std::collections::{BTreeMap, HashMap};

/// A wave's content: frames of the SoundFont's sample chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    pub start: u32,
    pub end: u32,
}

impl Cut {
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
    pub bank: Bank<Cut>,
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
        waves: HashMap::new(),
        bank: Bank {
            name: font.name.clone(),
            copyright: font.copyright.clone(),
            instruments: Vec::new(),
            waves: Vec::new(),
        },
        report: Report::default(),
    };
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
    /// By content and rate.
    waves: HashMap<(Cut, u32), usize>,
    bank: Bank<Cut>,
    report: Report,
}

impl Converter<'_> {
    fn preset(&mut self, preset: &Preset, bank: u32, program: u8) -> Result<()> {
        let voices = voices(self.font, preset, &mut self.limits, &mut self.report)?;
        let mut regions = Vec::new();
        // Sample header and region.
        let mut halves: Vec<(usize, usize)> = Vec::new();
        for voice in &voices {
            if let Some(region) = self.region(voice)? {
                halves.push((voice.sample, regions.len()));
                regions.push(region);
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

    fn region(&mut self, voice: &Voice) -> Result<Option<Region>> {
        let Some(header) = self.font.samples.get(voice.sample) else {
            self.report.lost("a zone's sample does not exist");
            return Ok(None);
        };
        if header.kind & SampleHeader::ROM != 0 {
            self.report.lost("samples in the ROM of a sound card");
            return Ok(None);
        }
        if header.kind & 0x10 != 0 {
            return Err(Error::Compressed);
        }
        if voice.get(g::KEY) >= 0 || voice.get(g::VELOCITY) >= 0 {
            self.report
                .lost("zones that play one key or velocity for all");
        }
        let Some((cut, looped)) = self.cut(voice, header) else {
            self.report.lost("samples outside of the sample data");
            return Ok(None);
        };
        if !(400..=1_000_000).contains(&header.rate) {
            self.report.lost("samples with an impossible rate");
            return Ok(None);
        }
        let wave = self.wave(header, cut)?;

        let mode = voice.get(g::SAMPLE_MODES);
        let looped = if matches!(mode, 1 | 3) {
            if looped.is_none() {
                self.report.lost("loops outside of their sample");
            }
            looped
        } else {
            None
        };
        let root = voice.root().unwrap_or(header.root);
        // A scale other than 100 turns around the root key, in DLS around key 0.
        let tune = voice.get(g::COARSE_TUNE) * 100
            + voice.get(g::FINE_TUNE)
            + i32::from(header.correction)
            + i32::from(root) * (100 - voice.get(g::SCALE_TUNING));
        let tune = i16::try_from(tune).unwrap_or_else(|_| {
            self.report.approximate("tunings beyond 27 octaves");
            if tune < 0 { i16::MIN } else { i16::MAX }
        });
        let class = voice.get(g::EXCLUSIVE_CLASS);
        if class > 15 {
            self.report
                .approximate("exclusive classes above 15 are folded into 15 key groups");
        }
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
            key_group: if class == 0 {
                0
            } else {
                ((class - 1) % 15 + 1) as u8
            },
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

    /// The frames that a voice plays, and the loop among them, if there is one inside.
    fn cut(&self, voice: &Voice, header: &SampleHeader) -> Option<(Cut, Option<(u32, u32)>)> {
        let moved = |at: u32, fine, coarse| {
            let offset = i64::from(voice.get(fine)) + 32768 * i64::from(voice.get(coarse));
            i64::from(at) + offset
        };
        let start = moved(header.start, g::START, g::START_COARSE);
        let end = moved(header.end, g::END, g::END_COARSE);
        let first = moved(header.loop_start, g::LOOP_START, g::LOOP_START_COARSE);
        let last = moved(header.loop_end, g::LOOP_END, g::LOOP_END_COARSE);
        let all = i64::try_from(self.font.frames()).ok()?;
        if start < 0 || start >= end || end > all {
            return None;
        }
        // A loop may reach beyond the last frame, into what follows it in the file.
        let inside = first >= start && last <= all && last - first >= 2;
        let end = if inside { end.max(last) } else { end };
        let cut = Cut {
            start: u32::try_from(start).ok()?,
            end: u32::try_from(end).ok()?,
        };
        let looped = inside.then_some(((first - start) as u32, (last - first) as u32));
        Some((cut, looped))
    }

    fn wave(&mut self, header: &SampleHeader, cut: Cut) -> Result<usize> {
        if let Some(&index) = self.waves.get(&(cut, header.rate)) {
            return Ok(index);
        }
        self.bytes += u64::from(cut.frames()) * 2;
        if self.bytes > self.limits.bytes {
            return Err(Error::TooLarge(format!(
                "its samples become more than {} MB",
                self.limits.bytes >> 20
            )));
        }
        if self.font.is_24_bit() {
            self.report
                .approximate("24-bit samples, rounded to 16 bits");
        }
        let index = self.bank.waves.len();
        self.bank.waves.push(Wave {
            name: header.name.clone(),
            rate: header.rate,
            frames: cut,
            sample: Sample {
                unity: header.root,
                fine_tune: i16::from(header.correction),
                gain: 0.0,
                looped: None,
                until_release: false,
            },
        });
        self.waves.insert((cut, header.rate), index);
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
                "its samples are in the ROM of a sound card, not in the file"
            } else if self.font.presets.is_empty() {
                "it has no presets"
            } else {
                "none of its presets can sound"
            }));
        }
        Ok(Conversion {
            bank: self.bank,
            report: self.report,
        })
    }
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
