// SPDX-License-Identifier: MIT OR Apache-2.0
//! DirectMusic download buffers: DMUS_DOWNLOADINFO, the offset table, one instrument or one wave (`docs/reference/dls-synth.md` §2).

use crate::wire::Bytes;
use arioso_core::dls::raw::{Connection, RegionHeader, Sample, WaveLink};
use arioso_core::ks::dmdls::*;
use arioso_core::ks::ksmedia::{WAVE_FORMAT_PCM, WAVEFORMATEX};

/// One articulation: a CONNECTIONLIST.
pub type Articulation = Vec<Connection>;

/// What one INSTRUMENT2 or INSTRUMENT buffer holds.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Bank MSB << 16 | LSB << 8 | program, bit 31 drums.
    pub patch: u32,
    /// `DMUS_INSTRUMENT_GM_INSTRUMENT`.
    pub flags: u32,
    /// In the order of their links.
    pub regions: Vec<Region>,
    /// Those of all regions.
    pub articulations: Vec<Articulation>,
}

/// A region with its wave, as a download has it.
#[derive(Clone, Debug)]
pub struct Region {
    /// Ranges of keys and velocities, options, key group.
    pub header: RegionHeader,
    /// `table_index` is the id of a wave's download.
    pub link: WaveLink,
    /// `wsmp` of the region; without one the wave's counts.
    pub sample: Option<Sample>,
    /// Replace the instrument's.
    pub articulations: Vec<Articulation>,
}

/// The patch number of a file's `insh`.
pub fn patch(bank: u32, program: u32) -> u32 {
    (bank & F_INSTRUMENT_DRUMS) | (bank & 0x7F7F) << 8 | (program & 0x7F)
}

/// A mono wave: `data` as in the file, 8 or 16 bit.
pub fn wave(id: u32, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let align = bits / 8;
    let format = WAVEFORMATEX {
        wFormatTag: WAVE_FORMAT_PCM,
        nChannels: 1,
        nSamplesPerSec: rate,
        nAvgBytesPerSec: rate.saturating_mul(u32::from(align)),
        nBlockAlign: align,
        wBitsPerSample: bits,
        cbSize: 0,
    };
    let mut buffer = Buffer::new(DMUS_DOWNLOADINFO_WAVE, id);
    buffer.push(
        DMUS_WAVE {
            ulFirstExtCkIdx: 0,
            ulCopyrightIdx: 0,
            ulWaveDataIdx: 1,
            WaveformatEx: format,
        }
        .bytes(),
    );
    buffer.push([&(data.len() as u32).to_le_bytes(), data].concat());
    buffer.finish()
}

/// INSTRUMENT2: articulations as lists of connections.
pub fn instrument2(id: u32, instrument: &Instrument) -> Vec<u8> {
    build(
        DMUS_DOWNLOADINFO_INSTRUMENT2,
        id,
        instrument,
        |buffer, articulations| {
            // A linked list, built from its end.
            let mut next = 0;
            for connections in articulations.iter().rev() {
                let mut list = CONNECTIONLIST {
                    cbSize: 8,
                    cConnections: connections.len() as u32,
                }
                .bytes();
                for connection in connections {
                    list.extend(raw_connection(connection).bytes());
                }
                let art = buffer.push(list);
                next = buffer.push(
                    DMUS_ARTICULATION2 {
                        ulArtIdx: art,
                        ulFirstExtCkIdx: 0,
                        ulNextArtIdx: next,
                    }
                    .bytes(),
                );
            }
            next
        },
    )
}

/// INSTRUMENT, the form of DirectX 6: articulations as DMUS_ARTICPARAMS. What these cannot say is lost.
pub fn instrument1(id: u32, instrument: &Instrument) -> Vec<u8> {
    build(
        DMUS_DOWNLOADINFO_INSTRUMENT,
        id,
        instrument,
        |buffer, articulations| {
            let Some(first) = articulations.first() else {
                return 0;
            };
            let params = buffer.push(parameters(first).bytes());
            buffer.push(
                DMUS_ARTICULATION {
                    ulArt1Idx: params,
                    ulFirstExtCkIdx: 0,
                }
                .bytes(),
            )
        },
    )
}

fn build(
    kind: u32,
    id: u32,
    instrument: &Instrument,
    articulate: impl Fn(&mut Buffer, &[Articulation]) -> u32,
) -> Vec<u8> {
    let mut buffer = Buffer::new(kind, id);
    // Its indices are known last.
    buffer.push(Vec::new());
    let global = articulate(&mut buffer, &instrument.articulations);
    let mut next = 0;
    for region in instrument.regions.iter().rev() {
        let art = articulate(&mut buffer, &region.articulations);
        next = buffer.push(region_bytes(region, art, next));
    }
    buffer.objects[0] = DMUS_INSTRUMENT {
        ulPatch: instrument.patch,
        ulFirstRegionIdx: next,
        ulGlobalArtIdx: global,
        ulFirstExtCkIdx: 0,
        ulCopyrightIdx: 0,
        ulFlags: instrument.flags,
    }
    .bytes();
    buffer.finish()
}

/// DMUS_REGION, without room for a loop where there is none.
fn region_bytes(region: &Region, articulation: u32, next: u32) -> Vec<u8> {
    let range = |(low, high)| RGNRANGE {
        usLow: low,
        usHigh: high,
    };
    let sample = region.sample.unwrap_or(Sample {
        unity: 60,
        fine_tune: 0,
        gain: 0,
        options: 0,
        first_loop: None,
    });
    let looped = sample.first_loop.map(|l| WLOOP {
        cbSize: 16,
        ulType: l.kind,
        ulStart: l.start,
        ulLength: l.length,
    });
    let mut bytes = DMUS_REGION {
        RangeKey: range(region.header.keys),
        RangeVelocity: range(region.header.velocities),
        fusOptions: region.header.options,
        usKeyGroup: region.header.key_group,
        ulRegionArtIdx: articulation,
        ulNextRegionIdx: next,
        ulFirstExtCkIdx: 0,
        WaveLink: WAVELINK {
            fusOptions: region.link.options,
            usPhaseGroup: region.link.phase_group,
            ulChannel: region.link.channels,
            ulTableIndex: region.link.table_index,
        },
        WSMP: WSMPL {
            cbSize: 20,
            usUnityNote: sample.unity,
            sFineTune: sample.fine_tune,
            lAttenuation: sample.gain,
            fulOptions: sample.options,
            cSampleLoops: u32::from(looped.is_some()),
        },
        WLOOP: [looped.unwrap_or_default()],
    }
    .bytes();
    if looped.is_none() {
        bytes.truncate(bytes.len() - size_of::<WLOOP>());
    }
    bytes
}

fn raw_connection(connection: &Connection) -> CONNECTION {
    CONNECTION {
        usSource: connection.source,
        usControl: connection.control,
        usDestination: connection.destination,
        usTransform: connection.transform,
        lScale: connection.scale,
    }
}

/// DMUS_ARTICPARAMS with the defaults of DLS Level 1 where a connection is missing.
fn parameters(connections: &[Connection]) -> DMUS_ARTICPARAMS {
    let scale = |source, control, destination| {
        connections
            .iter()
            .find(|c| (c.source, c.control, c.destination) == (source, control, destination))
            .map(|c| c.scale)
    };
    let constant =
        |destination, default| scale(CONN_SRC_NONE, CONN_SRC_NONE, destination).unwrap_or(default);
    let from = |source, destination| scale(source, CONN_SRC_NONE, destination).unwrap_or(0);
    let wheel = |destination| scale(CONN_SRC_LFO, CONN_SRC_CC1, destination).unwrap_or(0);
    // Percent here are hundredths of a percent, in connections tenths.
    let percent = |destination| constant(destination, 1000 << 16).saturating_mul(10);
    DMUS_ARTICPARAMS {
        LFO: DMUS_LFOPARAMS {
            pcFrequency: constant(CONN_DST_LFO_FREQUENCY, LFO_FREQUENCY),
            tcDelay: constant(CONN_DST_LFO_STARTDELAY, LFO_DELAY),
            gcVolumeScale: from(CONN_SRC_LFO, CONN_DST_GAIN),
            pcPitchScale: from(CONN_SRC_LFO, CONN_DST_PITCH),
            gcMWToVolume: wheel(CONN_DST_GAIN),
            pcMWToPitch: wheel(CONN_DST_PITCH),
        },
        VolEG: DMUS_VEGPARAMS {
            tcAttack: constant(CONN_DST_EG1_ATTACKTIME, i32::MIN),
            tcDecay: constant(CONN_DST_EG1_DECAYTIME, i32::MIN),
            ptSustain: percent(CONN_DST_EG1_SUSTAINLEVEL),
            tcRelease: constant(CONN_DST_EG1_RELEASETIME, i32::MIN),
            tcVel2Attack: from(CONN_SRC_KEYONVELOCITY, CONN_DST_EG1_ATTACKTIME),
            tcKey2Decay: from(CONN_SRC_KEYNUMBER, CONN_DST_EG1_DECAYTIME),
        },
        PitchEG: DMUS_PEGPARAMS {
            tcAttack: constant(CONN_DST_EG2_ATTACKTIME, i32::MIN),
            tcDecay: constant(CONN_DST_EG2_DECAYTIME, i32::MIN),
            ptSustain: percent(CONN_DST_EG2_SUSTAINLEVEL),
            tcRelease: constant(CONN_DST_EG2_RELEASETIME, i32::MIN),
            tcVel2Attack: from(CONN_SRC_KEYONVELOCITY, CONN_DST_EG2_ATTACKTIME),
            tcKey2Decay: from(CONN_SRC_KEYNUMBER, CONN_DST_EG2_DECAYTIME),
            pcRange: from(CONN_SRC_EG2, CONN_DST_PITCH),
        },
        Misc: DMUS_MSCPARAMS {
            ptDefaultPan: constant(CONN_DST_PAN, 0),
        },
    }
}

/// 5 Hz: 6900 + 1200·log2(5 / 440) cents.
const LFO_FREQUENCY: i32 = -55_791_973;
/// 10 ms: 1200·log2(0.01) cents.
const LFO_DELAY: i32 = -522_494_111;

/// Objects in the order of the offset table.
struct Buffer {
    kind: u32,
    id: u32,
    objects: Vec<Vec<u8>>,
}

impl Buffer {
    fn new(kind: u32, id: u32) -> Self {
        Self {
            kind,
            id,
            objects: Vec::new(),
        }
    }

    /// The object's index in the offset table.
    fn push(&mut self, object: Vec<u8>) -> u32 {
        self.objects.push(object);
        self.objects.len() as u32 - 1
    }

    fn finish(self) -> Vec<u8> {
        let mut table = Vec::new();
        let mut body = Vec::new();
        let start = size_of::<DMUS_DOWNLOADINFO>() + 4 * self.objects.len();
        for object in &self.objects {
            table.extend_from_slice(&((start + body.len()) as u32).to_le_bytes());
            body.extend_from_slice(object);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let info = DMUS_DOWNLOADINFO {
            dwDLType: self.kind,
            dwDLId: self.id,
            dwNumOffsetTableEntries: self.objects.len() as u32,
            cbSize: (start + body.len()) as u32,
        };
        [info.bytes(), table, body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arioso_core::dls::raw::Loop;

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    /// Where an object of the offset table is.
    fn object(bytes: &[u8], index: u32) -> usize {
        word(bytes, 16 + 4 * index as usize) as usize
    }

    fn region(wave: u32, looped: Option<Loop>) -> Region {
        Region {
            header: RegionHeader {
                keys: (10, 20),
                velocities: (1, 127),
                options: 1,
                key_group: 3,
            },
            link: WaveLink {
                options: 0,
                phase_group: 0,
                channels: 1,
                table_index: wave,
            },
            sample: Some(Sample {
                unity: 64,
                fine_tune: -5,
                gain: -655_360,
                options: 1,
                first_loop: looped,
            }),
            articulations: vec![],
        }
    }

    fn example() -> Instrument {
        let attack = Connection {
            source: 0,
            control: 0,
            destination: CONN_DST_EG1_ATTACKTIME,
            transform: 0,
            scale: 77,
        };
        let wheel = Connection {
            source: 1,
            control: 0x81,
            destination: CONN_DST_PITCH,
            transform: 0,
            scale: 5,
        };
        let looped = Loop {
            kind: 0,
            start: 4,
            length: 8,
        };
        let mut second = region(8, None);
        second.articulations = vec![vec![wheel]];
        Instrument {
            patch: 0x8000_0005,
            flags: DMUS_INSTRUMENT_GM_INSTRUMENT,
            regions: vec![region(7, Some(looped)), second],
            articulations: vec![vec![attack, wheel], vec![attack]],
        }
    }

    #[test]
    fn waves() {
        let bytes = wave(9, 22_050, 16, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(
            [0, 4, 8, 12].map(|at| word(&bytes, at)),
            [2, 9, 2, bytes.len() as u32]
        );
        assert_eq!(object(&bytes, 0), 24);
        assert_eq!(word(&bytes, 24 + 8), 1, "ulWaveDataIdx");
        assert_eq!(bytes[24 + 12..24 + 16], [1, 0, 1, 0]);
        assert_eq!(word(&bytes, 24 + 16), 22_050);
        assert_eq!(bytes[24 + 24..24 + 28], [2, 0, 16, 0]);
        let data = object(&bytes, 1);
        assert_eq!(word(&bytes, data), 6);
        assert_eq!(bytes[data + 4..data + 10], [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn instruments_link_by_index() {
        let bytes = instrument2(3, &example());
        assert_eq!(word(&bytes, 0), 3);
        assert_eq!(word(&bytes, 12) as usize, bytes.len());
        let main = object(&bytes, 0);
        assert_eq!(main, 16 + 4 * word(&bytes, 8) as usize);
        assert_eq!([0, 20].map(|at| word(&bytes, main + at)), [0x8000_0005, 1]);

        let first = object(&bytes, word(&bytes, main + 4));
        assert_eq!(
            bytes[first..first + 12],
            [10, 0, 20, 0, 1, 0, 127, 0, 1, 0, 3, 0]
        );
        assert_eq!(word(&bytes, first + 12), 0, "no articulation of its own");
        assert_eq!(word(&bytes, first + 32), 7, "wave id");
        assert_eq!(
            [36, 52, 56, 64, 68].map(|at| word(&bytes, first + at)),
            [20, 1, 16, 4, 8]
        );

        let second = object(&bytes, word(&bytes, first + 16));
        assert_eq!([16, 32, 52].map(|at| word(&bytes, second + at)), [0, 8, 0]);
        let art = object(&bytes, word(&bytes, second + 12));
        let list = object(&bytes, word(&bytes, art));
        assert_eq!([0, 4].map(|at| word(&bytes, list + at)), [8, 1]);
        assert_eq!(
            bytes[list + 8..list + 20],
            [1, 0, 0x81, 0, 3, 0, 0, 0, 5, 0, 0, 0]
        );

        let global = object(&bytes, word(&bytes, main + 8));
        assert_eq!(word(&bytes, object(&bytes, word(&bytes, global)) + 4), 2);
        let more = object(&bytes, word(&bytes, global + 8));
        assert_eq!(word(&bytes, object(&bytes, word(&bytes, more)) + 4), 1);
        assert_eq!(word(&bytes, more + 8), 0);
    }

    #[test]
    fn old_instruments_have_parameters() {
        let bytes = instrument1(3, &example());
        assert_eq!(word(&bytes, 0), 1);
        let main = object(&bytes, 0);
        let art = object(&bytes, word(&bytes, main + 8));
        let params = object(&bytes, word(&bytes, art));
        assert_eq!(
            [0, 4, 20, 24].map(|at| word(&bytes, params + at) as i32),
            [LFO_FREQUENCY, LFO_DELAY, 5, 77]
        );
        assert_eq!(word(&bytes, params + 32), 10_000 << 16);
        let cents =
            |hertz: f64| ((6900.0 + 1200.0 * (hertz / 440.0).log2()) * 65536.0).round() as i32;
        assert_eq!(cents(5.0), LFO_FREQUENCY);
        assert_eq!(
            (1200.0 * 0.01f64.log2() * 65536.0).round() as i32,
            LFO_DELAY
        );
    }

    #[test]
    fn patches() {
        assert_eq!(patch(0x8000_0000, 0), 0x8000_0000);
        assert_eq!(patch(0x0000_0201, 0x85), 0x0002_0105);
    }
}
