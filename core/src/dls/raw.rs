//! The structures that DLS files and DirectMusic downloads share, as they are stored: nothing is checked but their bounds.

use super::bytes::{i16_at, i32_at, index, u16_at, u32_at};

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
    pub source: u16,
    pub control: u16,
    pub destination: u16,
    pub transform: u16,
    pub scale: i32,
}

impl Connection {
    pub const SIZE: usize = 12;

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
        let header = index(u32_at(data, 0)?).max(8);
        let count = index(u32_at(data, 4)?);
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
    pub unity: u16,
    pub fine_tune: i16,
    pub gain: i32,
    pub options: u32,
    pub first_loop: Option<Loop>,
}

/// WLOOP
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    pub kind: u32,
    pub start: u32,
    pub length: u32,
}

impl Sample {
    /// Size of WSMPL without loops.
    pub const SIZE: usize = 20;

    /// `None` if the structure is cut off. A wrong `cbSize` below 20 counts as 20; a loop that is cut off is none.
    pub fn read(data: &[u8]) -> Option<Self> {
        let header = index(u32_at(data, 0)?).max(Self::SIZE);
        let loops = u32_at(data, 16)?;
        let first_loop = || {
            let data = data.get(header..)?;
            Some(Loop {
                kind: u32_at(data, 4)?,
                start: u32_at(data, 8)?,
                length: u32_at(data, 12)?,
            })
        };
        Some(Self {
            unity: u16_at(data, 4)?,
            fine_tune: i16_at(data, 6)?,
            gain: i32_at(data, 8)?,
            options: u32_at(data, 12)?,
            first_loop: if loops > 0 { first_loop() } else { None },
        })
    }
}

/// `rgnh`, the head of DMUS_REGION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionHeader {
    pub keys: (u16, u16),
    pub velocities: (u16, u16),
    /// Bit 0: `F_RGN_OPTION_SELFNONEXCLUSIVE`.
    pub options: u16,
    pub key_group: u16,
}

impl RegionHeader {
    pub fn read(data: &[u8]) -> Option<Self> {
        Some(Self {
            keys: (u16_at(data, 0)?, u16_at(data, 2)?),
            velocities: (u16_at(data, 4)?, u16_at(data, 6)?),
            options: u16_at(data, 8)?,
            key_group: u16_at(data, 10)?,
        })
    }
}

/// `wlnk`, WAVELINK
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaveLink {
    /// Bit 0: `F_WAVELINK_PHASE_MASTER`.
    pub options: u16,
    pub phase_group: u16,
    pub channels: u32,
    /// In a file an index into `ptbl`, in a download the id of a wave's download.
    pub table_index: u32,
}

impl WaveLink {
    pub fn read(data: &[u8]) -> Option<Self> {
        Some(Self {
            options: u16_at(data, 0)?,
            phase_group: u16_at(data, 2)?,
            channels: u32_at(data, 4)?,
            table_index: u32_at(data, 8)?,
        })
    }
}

/// `fmt `, WAVEFORMATEX
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// WAVE_FORMAT_*; WAVE_FORMAT_EXTENSIBLE is resolved to its subformat.
    pub tag: u16,
    pub channels: u16,
    /// Hz
    pub rate: u32,
    /// Bytes of a frame.
    pub align: u16,
    pub bits: u16,
}

impl Format {
    pub const PCM: u16 = 1;
    const EXTENSIBLE: u16 = 0xFFFE;

    pub fn read(data: &[u8]) -> Option<Self> {
        let tag = u16_at(data, 0)?;
        Some(Self {
            tag: match tag {
                Self::EXTENSIBLE => u16_at(data, 24).unwrap_or(tag),
                _ => tag,
            },
            channels: u16_at(data, 2)?,
            rate: u32_at(data, 4)?,
            align: u16_at(data, 12)?,
            bits: u16_at(data, 14)?,
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
