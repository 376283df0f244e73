// SPDX-License-Identifier: MIT OR Apache-2.0
//! The WAV file.

use crate::failure::{Failure, Kind, Result};
use crate::output::write;
use std::io;
use std::path::Path;

/// Writes 16-bit stereo `samples` (interleaved).
pub fn write_wav(path: &Path, rate: u32, samples: &[i16]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let bytes = u32::try_from(2 * samples.len() as u64 + HEADER);
    if bytes.is_err() {
        let hours = u32::MAX / (4 * rate * 3600);
        let message = format!(
            "cannot write {}: a WAV file holds less than 4 GB, at {rate} frames per second about {hours} hours",
            path.display()
        );
        return Err(Failure::new(Kind::Output, message));
    }
    write(path, |out| {
        let mut writer = hound::WavWriter::new(out, spec).map_err(as_io)?;
        let mut block =
            writer.get_i16_writer(u32::try_from(samples.len()).map_err(io::Error::other)?);
        samples
            .iter()
            .for_each(|sample| block.write_sample(*sample));
        block.flush().map_err(as_io)?;
        writer.finalize().map_err(as_io)
    })
}

/// Bytes of a file before its samples.
const HEADER: u64 = 44;

fn as_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_what_they_were() {
        let path = std::env::temp_dir().join(format!("arioso-wav-{}.wav", std::process::id()));
        write_wav(&path, 48_000, &[1, -1, 2, -2]).unwrap();
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(
            reader
                .samples::<i16>()
                .map(|s| s.unwrap())
                .collect::<Vec<_>>(),
            [1, -1, 2, -2]
        );
        std::fs::remove_file(&path).unwrap();
    }
}
