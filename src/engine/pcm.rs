//! Frames as bytes.

/// How a sample is stored, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    Int16,
    /// Three bytes.
    Int24,
    /// The upper three of four bytes.
    Int24In32,
    Int32,
    Float32,
}

impl Sample {
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Int16 => 2,
            Self::Int24 => 3,
            Self::Int24In32 | Self::Int32 | Self::Float32 => 4,
        }
    }
}

/// The format of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Frames per second.
    pub rate: u32,
    /// One channel instead of two: the mean of both.
    pub mono: bool,
    pub sample: Sample,
}

/// Bytes of the longest frame.
pub const MOST: usize = 8;

impl Format {
    /// Bytes of a frame.
    pub const fn block(&self) -> u32 {
        if self.mono {
            self.sample.bytes()
        } else {
            self.sample.bytes().wrapping_mul(2)
        }
    }

    /// Writes frames; bytes beyond them are zeroed.
    pub fn encode(&self, frames: impl Iterator<Item = [f32; 2]>, out: &mut [u8]) {
        match (self.sample, self.mono) {
            (Sample::Int16, false) => stereo::<2, 4>(frames, out, int16),
            (Sample::Int16, true) => mono(frames, out, int16),
            (Sample::Int24, false) => stereo::<3, 6>(frames, out, int24),
            (Sample::Int24, true) => mono(frames, out, int24),
            (Sample::Int24In32, false) => stereo::<4, 8>(frames, out, int24_in_32),
            (Sample::Int24In32, true) => mono(frames, out, int24_in_32),
            (Sample::Int32, false) => stereo::<4, 8>(frames, out, int32),
            (Sample::Int32, true) => mono(frames, out, int32),
            (Sample::Float32, false) => stereo::<4, 8>(frames, out, f32::to_le_bytes),
            (Sample::Float32, true) => mono(frames, out, f32::to_le_bytes),
        }
    }
}

fn stereo<const N: usize, const FRAME: usize>(
    frames: impl Iterator<Item = [f32; 2]>,
    out: &mut [u8],
    sample: impl Fn(f32) -> [u8; N],
) {
    const { assert!(FRAME == 2 * N) };
    let (places, rest) = out.as_chunks_mut::<FRAME>();
    for (place, [left, right]) in places.iter_mut().zip(padded(frames)) {
        let both = [sample(left), sample(right)];
        for (to, from) in place.iter_mut().zip(both.as_flattened()) {
            *to = *from;
        }
    }
    rest.fill(0);
}

fn mono<const N: usize>(
    frames: impl Iterator<Item = [f32; 2]>,
    out: &mut [u8],
    sample: impl Fn(f32) -> [u8; N],
) {
    let (places, rest) = out.as_chunks_mut::<N>();
    for (place, [left, right]) in places.iter_mut().zip(padded(frames)) {
        *place = sample((left + right) * 0.5);
    }
    rest.fill(0);
}

fn padded(frames: impl Iterator<Item = [f32; 2]>) -> impl Iterator<Item = [f32; 2]> {
    frames.chain(core::iter::repeat([0.0; 2]))
}

fn int16(sample: f32) -> [u8; 2] {
    // A cast truncates towards zero and saturates.
    (rounded(sample * 32_768.0) as i16).to_le_bytes()
}

fn int24(sample: f32) -> [u8; 3] {
    let [a, b, c, _] = whole24(sample).to_le_bytes();
    [a, b, c]
}

fn int24_in_32(sample: f32) -> [u8; 4] {
    whole24(sample).wrapping_shl(8).to_le_bytes()
}

fn whole24(sample: f32) -> i32 {
    (rounded(sample * 8_388_608.0) as i32).clamp(-0x80_0000, 0x7F_FFFF)
}

/// Every `f32` below full scale fits, so that there is nothing to round.
fn int32(sample: f32) -> [u8; 4] {
    ((sample * 2_147_483_648.0) as i32).to_le_bytes()
}

fn rounded(scaled: f32) -> f32 {
    if scaled < 0.0 {
        scaled - 0.5
    } else {
        scaled + 0.5
    }
}
