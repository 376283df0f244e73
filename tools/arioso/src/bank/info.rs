// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is in a bank, whatever its form.

use crate::player::describe;
use crate::table::{self, Table};
use arioso_bank::sf2::{Conversion, SoundFont};
use arioso_core::dls::convert::patch;
use arioso_core::dls::file::Collection;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// A bank's content.
pub struct Overview {
    form: String,
    /// What is missing of the file.
    cut_off: Option<String>,
    name: String,
    instruments: Vec<Instrument>,
    waves: Vec<Wave>,
}

struct Instrument {
    patch: u32,
    name: String,
    regions: Vec<Region>,
}

struct Region {
    keys: (u16, u16),
    velocities: (u16, u16),
    key_group: u16,
    /// Index into the waves.
    wave: Option<usize>,
    root: u16,
    /// Cents.
    tune: i16,
    /// dB
    gain: f64,
    looped: &'static str,
    connections: usize,
}

struct Wave {
    name: String,
    rate: u32,
    /// WAVE_FORMAT_*
    codec: u16,
    bits: u16,
    channels: u16,
    bytes: u64,
}

impl Wave {
    /// Of a codec whose frames have one size.
    fn frames(&self) -> Option<u64> {
        let frame = u64::from(self.bits.div_ceil(8)) * u64::from(self.channels);
        matches!(self.codec, PCM | FLOAT | A_LAW | MU_LAW)
            .then(|| self.bytes.checked_div(frame))
            .flatten()
    }

    /// `PCM 16 bit, mono`
    fn format(&self) -> String {
        let channels = match self.channels {
            1 => "mono".into(),
            2 => "stereo".into(),
            n => format!("{n} channels"),
        };
        format!("{} {} bit, {channels}", codec(self.codec), self.bits)
    }
}

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;

/// The registered name of a WAVE_FORMAT.
fn codec(tag: u16) -> String {
    let name = match tag {
        PCM => "PCM",
        2 => "MS ADPCM",
        FLOAT => "float",
        A_LAW => "A-law",
        MU_LAW => "µ-law",
        0x11 => "IMA ADPCM",
        0x31 => "GSM 6.10",
        0x50 => "MPEG",
        0x55 => "MP3",
        0x160..=0x163 => "Windows Media",
        _ => return format!("codec {tag:#06x}"),
    };
    name.into()
}

impl Overview {
    /// `cut_off` says what is missing of the file.
    pub fn of_dls(file: &Collection, cut_off: Option<String>) -> Self {
        let text = |bytes: Option<&[u8]>| {
            bytes
                .map(String::from_utf8_lossy)
                .unwrap_or_default()
                .into_owned()
        };
        let mut offsets = HashMap::new();
        let mut waves = Vec::new();
        for index in 0..file.cue_count() as u32 {
            let Some((offset, wave)) = file
                .cue(index)
                .and_then(|offset| Some((offset, file.wave_at(offset)?)))
            else {
                continue;
            };
            offsets.entry(offset).or_insert_with(|| {
                waves.push(Wave {
                    name: text(wave.info().name()),
                    rate: wave.format.rate,
                    codec: wave.format.tag,
                    bits: wave.format.bits,
                    channels: wave.format.channels,
                    bytes: wave.data.len() as u64,
                });
                waves.len() - 1
            });
        }
        let instruments = file
            .instruments()
            .map(|instrument| {
                let count = |articulation: arioso_core::dls::file::Articulation| {
                    articulation.chunks().map(|(_, list)| list.count()).sum()
                };
                let global: usize = count(instrument.articulation());
                let regions = instrument.regions().map(|region| {
                    let link = region.link;
                    let own: usize = count(region.articulation());
                    let sample = region
                        .sample
                        .or_else(|| file.wave(link?.table_index)?.sample);
                    Region {
                        keys: region.header.keys,
                        velocities: region.header.velocities,
                        key_group: region.header.key_group,
                        wave: link
                            .and_then(|link| file.cue(link.table_index))
                            .and_then(|offset| offsets.get(&offset).copied()),
                        root: sample.map_or(60, |s| s.unity),
                        tune: sample.map_or(0, |s| s.fine_tune),
                        gain: sample.map_or(0.0, |s| f64::from(s.gain) / 655_360.0),
                        looped: match sample.and_then(|s| s.first_loop) {
                            None => "",
                            Some(l) if l.kind == 1 => "until release",
                            Some(_) => "yes",
                        },
                        connections: if own > 0 { own } else { global },
                    }
                });
                Instrument {
                    patch: instrument.patch(),
                    name: text(instrument.info().name()),
                    regions: regions.collect(),
                }
            })
            .collect();
        let version = file.version().map_or(String::new(), |v| {
            format!(", version {}.{}.{}.{}", v[0], v[1], v[2], v[3])
        });
        Self {
            form: format!("DLS{version}"),
            cut_off,
            name: text(file.info().name()),
            instruments,
            waves,
        }
    }

    /// As it would be converted.
    pub fn of_sound_font(font: &SoundFont, conversion: &Conversion) -> Self {
        let bank = &conversion.bank;
        let instruments = bank
            .instruments
            .iter()
            .map(|instrument| Instrument {
                patch: patch(instrument.bank, instrument.program.into()),
                name: instrument.name.clone(),
                regions: instrument
                    .regions
                    .iter()
                    .map(|region| {
                        let sample = region.sample.unwrap_or(bank.waves[region.wave].sample);
                        let articulation = if region.articulation.is_empty() {
                            &instrument.articulation
                        } else {
                            &region.articulation
                        };
                        let wide = |(low, high): (u8, u8)| (u16::from(low), u16::from(high));
                        Region {
                            keys: wide(region.keys),
                            velocities: wide(region.velocities),
                            key_group: region.key_group.into(),
                            wave: Some(region.wave),
                            root: sample.unity.into(),
                            tune: sample.fine_tune,
                            gain: sample.gain,
                            looped: match sample.looped {
                                None => "",
                                Some(_) if sample.until_release => "until release",
                                Some(_) => "yes",
                            },
                            connections: articulation.len(),
                        }
                    })
                    .collect(),
            })
            .collect();
        let bits = if font.is_24_bit() { 24 } else { 16 };
        let waves = bank
            .waves
            .iter()
            .map(|wave| Wave {
                name: wave.name.clone(),
                rate: wave.rate,
                codec: PCM,
                bits,
                channels: 1,
                bytes: u64::from(wave.frames.frames()) * u64::from(bits / 8),
            })
            .collect();
        Self {
            form: match font.version {
                Some((major, minor)) => format!("SoundFont, version {major}.{minor:02}"),
                None => "SoundFont without a version".into(),
            },
            cut_off: font
                .cut_off
                .map(|(there, needed)| super::missing(there, needed)),
            name: font.name.clone(),
            instruments,
            waves,
        }
    }

    /// Every format, and how many waves have it.
    fn formats(&self) -> String {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for wave in &self.waves {
            *counts.entry(wave.format()).or_default() += 1;
        }
        let formats: Vec<String> = match counts.len() {
            1 => counts.into_keys().collect(),
            _ => counts
                .into_iter()
                .map(|(format, count)| format!("{format} ({count})"))
                .collect(),
        };
        formats.join("; ")
    }

    fn instruments(&self) -> Table {
        let mut table = Table::new(&["instrument", "name", ">regions", ">waves", ">size"]);
        for instrument in &self.instruments {
            let mut waves: Vec<usize> = instrument.regions.iter().filter_map(|r| r.wave).collect();
            waves.sort_unstable();
            waves.dedup();
            let size = waves.iter().map(|&wave| self.waves[wave].bytes).sum();
            table.row([
                describe(instrument.patch),
                instrument.name.clone(),
                instrument.regions.len().to_string(),
                waves.len().to_string(),
                table::bytes(size),
            ]);
        }
        table
    }

    fn regions(&self) -> Table {
        let mut table = Table::new(&[
            "instrument",
            "keys",
            "velocities",
            ">wave",
            ">root",
            ">cents",
            ">gain",
            "loop",
            ">group",
            ">connections",
        ]);
        let span = |(low, high): (u16, u16)| format!("{low}-{high}");
        for instrument in &self.instruments {
            for region in &instrument.regions {
                table.row([
                    describe(instrument.patch),
                    span(region.keys),
                    span(region.velocities),
                    region.wave.map_or("none".into(), |wave| wave.to_string()),
                    region.root.to_string(),
                    region.tune.to_string(),
                    format!("{:.1} dB", region.gain),
                    region.looped.into(),
                    match region.key_group {
                        0 => String::new(),
                        group => group.to_string(),
                    },
                    region.connections.to_string(),
                ]);
            }
        }
        table
    }

    fn waves(&self) -> Table {
        let mut table = Table::new(&[
            ">wave",
            "name",
            ">Hz",
            "codec",
            ">bits",
            ">channels",
            ">frames",
            ">size",
        ]);
        for (index, wave) in self.waves.iter().enumerate() {
            table.row([
                index.to_string(),
                wave.name.clone(),
                wave.rate.to_string(),
                codec(wave.codec),
                wave.bits.to_string(),
                wave.channels.to_string(),
                wave.frames()
                    .map_or("?".into(), |frames| frames.to_string()),
                table::bytes(wave.bytes),
            ]);
        }
        table
    }
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regions: usize = self.instruments.iter().map(|i| i.regions.len()).sum();
        let mut head = Table::new(&["", ""]);
        for (what, value) in [
            ("name", self.name.clone()),
            ("form", self.form.clone()),
            ("instruments", self.instruments.len().to_string()),
            ("regions", regions.to_string()),
            ("waves", self.waves.len().to_string()),
            (
                "samples",
                table::bytes(self.waves.iter().map(|wave| wave.bytes).sum()),
            ),
            ("codec", self.formats()),
            ("file", self.cut_off.clone().unwrap_or("whole".into())),
        ] {
            head.row([what.into(), value]);
        }
        write!(f, "{}", head.to_string().trim_start_matches('\n'))?;
        for table in [self.instruments(), self.regions(), self.waves()] {
            write!(f, "\n{table}")?;
        }
        Ok(())
    }
}
