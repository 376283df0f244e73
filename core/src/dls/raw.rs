// SPDX-License-Identifier: MIT OR Apache-2.0
//! The structures that DLS files and DirectMusic downloads share, as they are stored: nothing is checked but their bounds.

use super::bytes::{i16_at, i32_at, index, u16_at, u32_at};
use crate::ks::dmdls::{CONNECTION, CONNECTIONLIST, RGNHEADER, WAVELINK, WLOOP, WSMPL};
use crate::ks::ksmedia::{
    WAVE_FORMAT_EXTENSIBLE, WAVE_FORMAT_PCM, WAVEFORMATEX, WAVEFORMATEXTENSIBLE,
};
use core::mem::offset_of;

/// Whose rules a connection's transform follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `art1`, DMUS_ARTICPARAMS
    One,
    /// `art2`, CONNECTIONLIST
    Two,
}

/// CONNECTION
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `CONN_SRC_*`
    pub source: u16,
    /// `CONN_SRC_*`
    pub control: u16,
    /// `CONN_DST_*`
    pub destination: u16,
    /// `CONN_TRN_*` and their places: `docs/reference/dls-synth.md` §3.2.
    pub transform: u16,
    /// `lScale`
    pub scale: i32,
}

impl Connection {
    /// Bytes of a CONNECTION.
    pub const SIZE: usize = size_of::<CONNECTION>();

    fn read(&[a, b, c, d, e, f, g, h, scale @ ..]: &[u8; Self::SIZE]) -> Self {
        Self {
            source: u16::from_le_bytes([a, b]),
            control: u16::from_le_bytes([c, d]),
            destination: u16::from_le_bytes([e, f]),
            transform: u16::from_le_bytes([g, h]),
            scale: i32::from_le_bytes(scale),
        }
    }
}

/// CONNECTIONLIST: `cbSize`, `cConnections`, connections.
#[derive(Clone, Debug)]
pub struct Connections<'a> {
    blocks: &'a [[u8; Connection::SIZE]],
}

impl<'a> Connections<'a> {
    /// `None` if the connections that it announces do not fit. A wrong `cbSize` below 8 counts as 8.
    pub fn read(data: &'a [u8]) -> Option<Self> {
        let header = index(u32_at(data, offset_of!(CONNECTIONLIST, cbSize))?);
        let header = header.max(size_of::<CONNECTIONLIST>());
        let count = index(u32_at(data, offset_of!(CONNECTIONLIST, cConnections))?);
        let (blocks, _) = data.get(header..)?.as_chunks();
        Some(Self {
            blocks: blocks.get(..count)?,
        })
    }
}

impl Iterator for Connections<'_> {
    type Item = Connection;

    fn next(&mut self) -> Option<Connection> {
        let (first, rest) = self.blocks.split_first()?;
        self.blocks = rest;
        Some(Connection::read(first))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = self.blocks.len();
        (count, Some(count))
    }
}

/// `wsmp`, WSMPL with its first WLOOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// `usUnityNote`
    pub unity: u16,
    /// `sFineTune`, cents.
    pub fine_tune: i16,
    /// `lGain` (`lAttenuation`), 1/655360 dB.
    pub gain: i32,
    /// `F_WSMP_*`
    pub options: u32,
    /// None: the wave is played once.
    pub first_loop: Option<Loop>,
}

/// WLOOP
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    /// `WLOOP_TYPE_*`
    pub kind: u32,
    /// First frame.
    pub start: u32,
    /// Frames.
    pub length: u32,
}

impl Sample {
    /// Size of WSMPL without loops.
    pub const SIZE: usize = size_of::<WSMPL>();

    /// `None` if the structure is cut off. A wrong `cbSize` below 20 counts as 20; a loop that is cut off is none.
    pub fn read(data: &[u8]) -> Option<Self> {
        let header = index(u32_at(data, offset_of!(WSMPL, cbSize))?).max(Self::SIZE);
        let loops = u32_at(data, offset_of!(WSMPL, cSampleLoops))?;
        let first_loop = || {
            let data = data.get(header..)?;
            Some(Loop {
                kind: u32_at(data, offset_of!(WLOOP, ulType))?,
                start: u32_at(data, offset_of!(WLOOP, ulStart))?,
                length: u32_at(data, offset_of!(WLOOP, ulLength))?,
            })
        };
        Some(Self {
            unity: u16_at(data, offset_of!(WSMPL, usUnityNote))?,
            fine_tune: i16_at(data, offset_of!(WSMPL, sFineTune))?,
            gain: i32_at(data, offset_of!(WSMPL, lAttenuation))?,
            options: u32_at(data, offset_of!(WSMPL, fulOptions))?,
            first_loop: if loops > 0 { first_loop() } else { None },
        })
    }
}

/// `rgnh`, the head of DMUS_REGION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionHeader {
    /// `RangeKey`, lowest and highest.
    pub keys: (u16, u16),
    /// `RangeVelocity`, lowest and highest.
    pub velocities: (u16, u16),
    /// Bit 0: `F_RGN_OPTION_SELFNONEXCLUSIVE`.
    pub options: u16,
    /// `usKeyGroup`
    pub key_group: u16,
}

impl RegionHeader {
    /// From the front of `data`; `None` if it is too short.
    pub fn read(data: &[u8]) -> Option<Self> {
        Some(Self {
            keys: (
                u16_at(data, offset_of!(RGNHEADER, RangeKey.usLow))?,
                u16_at(data, offset_of!(RGNHEADER, RangeKey.usHigh))?,
            ),
            velocities: (
                u16_at(data, offset_of!(RGNHEADER, RangeVelocity.usLow))?,
                u16_at(data, offset_of!(RGNHEADER, RangeVelocity.usHigh))?,
            ),
            options: u16_at(data, offset_of!(RGNHEADER, fusOptions))?,
            key_group: u16_at(data, offset_of!(RGNHEADER, usKeyGroup))?,
        })
    }
}

/// `wlnk`, WAVELINK
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaveLink {
    /// Bit 0: `F_WAVELINK_PHASE_MASTER`.
    pub options: u16,
    /// `usPhaseGroup`, 0 none.
    pub phase_group: u16,
    /// `ulChannel`: a mask.
    pub channels: u32,
    /// In a file an index into `ptbl`, in a download the id of a wave's download.
    pub table_index: u32,
}

impl WaveLink {
    /// From the front of `data`; `None` if it is too short.
    pub fn read(data: &[u8]) -> Option<Self> {
        Some(Self {
            options: u16_at(data, offset_of!(WAVELINK, fusOptions))?,
            phase_group: u16_at(data, offset_of!(WAVELINK, usPhaseGroup))?,
            channels: u32_at(data, offset_of!(WAVELINK, ulChannel))?,
            table_index: u32_at(data, offset_of!(WAVELINK, ulTableIndex))?,
        })
    }
}

/// `fmt `, WAVEFORMATEX
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// WAVE_FORMAT_*; WAVE_FORMAT_EXTENSIBLE is resolved to its subformat.
    pub tag: u16,
    /// `nChannels`
    pub channels: u16,
    /// Hz
    pub rate: u32,
    /// `nBlockAlign`: bytes of a frame.
    pub align: u16,
    /// `wBitsPerSample`
    pub bits: u16,
}

impl Format {
    /// `WAVE_FORMAT_PCM`
    pub const PCM: u16 = WAVE_FORMAT_PCM;

    /// From the front of `data`; `None` if it is too short.
    pub fn read(data: &[u8]) -> Option<Self> {
        let tag = u16_at(data, offset_of!(WAVEFORMATEX, wFormatTag))?;
        Some(Self {
            tag: match tag {
                WAVE_FORMAT_EXTENSIBLE => {
                    u16_at(data, offset_of!(WAVEFORMATEXTENSIBLE, SubFormat)).unwrap_or(tag)
                }
                _ => tag,
            },
            channels: u16_at(data, offset_of!(WAVEFORMATEX, nChannels))?,
            rate: u32_at(data, offset_of!(WAVEFORMATEX, nSamplesPerSec))?,
            align: u16_at(data, offset_of!(WAVEFORMATEX, nBlockAlign))?,
            bits: u16_at(data, offset_of!(WAVEFORMATEX, wBitsPerSample))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn connection_counts_must_fit() {
        let block = [0x0004_0005, 0x0003_0000, 0x0000_4000, 7];
        let list = words(&[8, 1, block[1], block[2], block[3]]);
        assert_eq!(
            Connections::read(&list).unwrap().collect::<Vec<_>>(),
            [Connection {
                source: 0,
                control: 3,
                destination: 0x4000,
                transform: 0,
                scale: 7
            }]
        );
        for (cb, count, ok) in [
            (0, 1, true),
            (4, 1, true),
            (8, 2, false),
            (9, 1, false),
            (8, 357_913_941, false),
            (8, u32::MAX, false),
            (u32::MAX, 1, false),
            (20, 0, true),
        ] {
            let list = words(&[cb, count, 1, 2, 3]);
            assert_eq!(Connections::read(&list).is_some(), ok, "{cb} {count}");
        }
        assert!(Connections::read(&[0; 7]).is_none());
    }

    #[test]
    fn a_small_wsmp_size_counts_as_twenty() {
        let data = words(&[0, 60, 0xFFFF_FFFF, 2, 1, 0, 1, 10, 20]);
        let sample = Sample::read(&data).unwrap();
        assert_eq!((sample.unity, sample.gain), (60, -1));
        assert_eq!(
            sample.first_loop,
            Some(Loop {
                kind: 1,
                start: 10,
                length: 20
            })
        );
        assert_eq!(Sample::read(&data[..35]).unwrap().first_loop, None);
        assert!(Sample::read(&data[..19]).is_none());
    }
}
