// SPDX-License-Identifier: MIT OR Apache-2.0
//! Samples of any wave format that banks hold, as mono 16-bit frames.

use arioso_core::dls::raw::Format;

/// Why samples cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Compressed by a codec that is none of these.
    Codec,
    /// No whole frame.
    Empty,
    /// Of the sample rate, or of the width of a sample.
    Malformed,
}

impl Unusable {
    /// For reports.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Codec => "waves of a codec other than PCM, float, A-law and µ-law",
            Self::Empty => "empty waves",
            Self::Malformed => "waves with an impossible rate or width",
        }
    }
}

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;

/// Frames of a wave that is plain.
pub fn frames(format: &Format, data: &[u8]) -> usize {
    data.len() / usize::from(format.bits / 8).max(1)
}

/// What the driver takes as it is: mono PCM of 8 or 16 bits, at least a frame.
pub fn is_plain(format: &Format, data: &[u8]) -> bool {
    format.tag == PCM
        && format.channels == 1
        && (1..=1_000_000).contains(&format.rate)
        && match format.bits {
            8 => !data.is_empty(),
            16 => data.len() >= 2,
            _ => false,
        }
}

/// Bytes of a sample. A width between two containers lies at the top of the larger one; of 24 bits that are stored in 32 only the
/// size of a frame tells.
fn width(format: &Format, channels: usize) -> usize {
    let of_frame = usize::from(format.align) / channels;
    match (format.tag, format.bits) {
        // G.711 knows one width, whatever stands there.
        (A_LAW | MU_LAW, _) => 1,
        (_, 0) => of_frame,
        (PCM, 17..=24) if of_frame == 4 => 4,
        (_, bits) => usize::from(bits.div_ceil(8)),
    }
}

/// The channels of a wave, one or two of equal length: of more the first two. What is wider than 16 bits is rounded; a rest that is
/// no frame is left out.
pub fn decode(format: &Format, data: &[u8]) -> Result<Vec<Vec<i16>>, Unusable> {
    let channels = usize::from(format.channels).max(1);
    if !(1..=1_000_000).contains(&format.rate) {
        return Err(Unusable::Malformed);
    }
    let width = width(format, channels);
    let sample: fn(&[u8]) -> i16 = match (format.tag, width) {
        (PCM, 1) => |b| (i16::from(b[0]) - 128) << 8,
        (PCM, 2) => |b| i16::from_le_bytes([b[0], b[1]]),
        (PCM, 3) => |b| round(i32::from_le_bytes([0, b[0], b[1], b[2]])),
        (PCM, 4) => |b| round(i32::from_le_bytes([b[0], b[1], b[2], b[3]])),
        (FLOAT, 4) => |b| real(f32::from_le_bytes([b[0], b[1], b[2], b[3]]).into()),
        (FLOAT, 8) => |b| {
            real(f64::from_le_bytes([
                b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
            ]))
        },
        (A_LAW, 1) => |b| a_law(b[0]),
        (MU_LAW, 1) => |b| mu_law(b[0]),
        (PCM | FLOAT | A_LAW | MU_LAW, _) => return Err(Unusable::Malformed),
        _ => return Err(Unusable::Codec),
    };
    let mut decoded = vec![Vec::new(); channels.min(2)];
    for frame in data.chunks_exact(width * channels) {
        for (channel, bytes) in decoded.iter_mut().zip(frame.chunks_exact(width)) {
            channel.push(sample(bytes));
        }
    }
    if decoded[0].is_empty() {
        return Err(Unusable::Empty);
    }
    Ok(decoded)
}

/// 32 bits to 16.
fn round(sample: i32) -> i16 {
    (sample.saturating_add(1 << 15) >> 16) as i16
}

/// Full scale is 1.
fn real(sample: f64) -> i16 {
    libm::round(sample * 32768.0).clamp(-32768.0, 32767.0) as i16
}

/// ITU-T G.711: the even bits are inverted; sign, three bits of segment, four of the step.
fn a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let step = i16::from(code & 0xF) << 4;
    let size = match code >> 4 & 7 {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 { size } else { -size }
}

/// ITU-T G.711: all bits are inverted; sign, three bits of segment, four of the step; 33 quarter steps are added before coding.
fn mu_law(code: u8) -> i16 {
    let code = !code;
    let size = ((i16::from(code & 0xF) << 3) + 0x84) << (code >> 4 & 7);
    if code & 0x80 != 0 {
        0x84 - size
    } else {
        size - 0x84
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(tag: u16, channels: u16, bits: u16) -> Format {
        Format {
            tag,
            channels,
            rate: 8000,
            align: channels * bits.div_ceil(8),
            bits,
        }
    }

    #[test]
    fn widths() {
        let mono = |tag, bits, data: &[u8]| decode(&format(tag, 1, bits), data).unwrap().remove(0);
        assert_eq!(mono(PCM, 8, &[0, 0x80, 0xFF]), [-32768, 0, 32512]);
        assert_eq!(mono(PCM, 16, &[1, 0, 0, 0x80, 9]), [1, -32768]);
        assert_eq!(
            mono(
                PCM,
                24,
                &[0x7F, 1, 0, 0x80, 1, 0, 0, 0, 0x80, 0xFF, 0xFF, 0x7F]
            ),
            [1, 2, -32768, 32767]
        );
        assert_eq!(mono(PCM, 20, &[0, 1, 0]), [1]);
        assert_eq!(mono(PCM, 32, &[0, 0x80, 1, 0, 0xFF, 0x7F, 1, 0]), [2, 1]);
        let floats: Vec<u8> = [0.5f32, -1.0, 2.0, f32::NAN]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        assert_eq!(mono(FLOAT, 32, &floats), [16384, -32768, 32767, 0]);
        assert_eq!(mono(FLOAT, 64, &(-0.25f64).to_le_bytes()), [-8192]);
    }

    /// Decision values of G.711, tables 1a and 2a, in 16 bits.
    #[test]
    fn laws() {
        for (code, expected) in [
            (0xD5, 8),
            (0x55, -8),
            (0xAA, 32256),
            (0x2A, -32256),
            (0xA5, 16896),
            (0xD4, 24),
        ] {
            assert_eq!(a_law(code), expected, "{code:#x}");
        }
        for (code, expected) in [
            (0xFF, 0),
            (0x7F, 0),
            (0x80, 32124),
            (0x00, -32124),
            (0xFE, 8),
            (0xEF, 132),
            (0x90, 15996),
        ] {
            assert_eq!(mu_law(code), expected, "{code:#x}");
        }
        // Odd, ascending from segment to segment, sixteen equal steps in each.
        for (law, mask) in [(a_law as fn(u8) -> i16, 0xD5u8), (mu_law, 0xFF)] {
            let levels: Vec<i16> = (0..128u8).map(|code| law(code ^ mask)).collect();
            assert!(levels.windows(2).all(|w| w[0] < w[1]), "{levels:?}");
            for (code, level) in (0..128u8).zip(&levels) {
                assert_eq!(law(code ^ mask ^ 0x80), -level);
            }
            for segment in levels.chunks(16) {
                let step = segment[1] - segment[0];
                assert!(segment.windows(2).all(|w| w[1] - w[0] == step));
            }
        }
    }

    #[test]
    fn stereo_is_taken_apart() {
        let data: Vec<u8> = [1i16, -1, 2, -2, 3]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let channels = decode(&format(PCM, 2, 16), &data).unwrap();
        assert_eq!(channels, [vec![1, 2], vec![-1, -2]]);
    }

    #[test]
    fn of_many_channels_the_first_two() {
        let data: Vec<u8> = (1..=12i16).flat_map(|x| x.to_le_bytes()).collect();
        let channels = decode(&format(PCM, 6, 16), &data).unwrap();
        assert_eq!(channels, [vec![1, 7], vec![2, 8]]);
        assert_eq!(decode(&format(PCM, 0, 16), &data[..2]), Ok(vec![vec![1]]));
    }

    /// 24 bits in containers of 32, widths that are missing, and G.711 with the width of what it becomes.
    #[test]
    fn the_size_of_a_frame_tells_what_the_width_does_not() {
        let of = |tag, channels, align, bits, data: &[u8]| {
            let format = Format {
                align,
                ..format(tag, channels, bits)
            };
            decode(&format, data).unwrap()
        };
        let wide = [0, 0, 1, 0, 0, 0, 2, 0];
        assert_eq!(of(PCM, 1, 4, 24, &wide), [vec![1, 2]]);
        assert_eq!(of(PCM, 2, 8, 24, &wide), [vec![1], vec![2]]);
        assert_eq!(of(PCM, 1, 2, 0, &[1, 0, 2, 0]), [vec![1, 2]]);
        assert_eq!(of(PCM, 1, 4, 16, &[1, 0, 2, 0]), [vec![1, 2]]);
        for bits in [0, 8, 13, 16] {
            assert_eq!(of(A_LAW, 1, 1, bits, &[0xD5, 0x55]), [vec![8, -8]]);
            assert_eq!(
                of(MU_LAW, 2, 2, bits, &[0xFE, 0x00]),
                [vec![8], vec![-32124]]
            );
        }
    }

    #[test]
    fn what_cannot_be_decoded_says_why() {
        for (format, data, expected) in [
            (format(0x11, 1, 4), &[0u8; 64][..], Unusable::Codec),
            (format(PCM, 1, 16), &[0], Unusable::Empty),
            (format(PCM, 2, 16), &[0; 3], Unusable::Empty),
            (format(PCM, 1, 0), &[0; 64], Unusable::Malformed),
            (format(FLOAT, 1, 16), &[0; 64], Unusable::Malformed),
            (format(PCM, 1, 40), &[0; 64], Unusable::Malformed),
            (
                Format {
                    rate: 0,
                    ..format(PCM, 1, 16)
                },
                &[0; 64],
                Unusable::Malformed,
            ),
        ] {
            assert_eq!(decode(&format, data), Err(expected), "{format:?}");
            assert!(!is_plain(&format, data));
        }
    }
}
