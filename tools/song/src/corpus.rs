// SPDX-License-Identifier: MIT OR Apache-2.0
//! Real songs and real banks, as Debian's packages install them: the MIDI files of OpenMSX and Freedoom, SoundFonts.

use arioso_bank::sf2;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::PathBuf;

const OPENMSX: &str = "/usr/share/games/openttd/baseset/openmsx";
/// Freedoom's music lies in archives.
const WADS: [&str; 2] = [
    "/usr/share/games/doom/freedoom1.wad",
    "/usr/share/games/doom/freedoom2.wad",
];
/// SoundFonts.
pub const TIMGM6MB: &str = "/usr/share/sounds/sf2/TimGM6mb.sf2";
/// Csound's.
pub const CSOUND: &str = "/usr/share/sounds/sf2/sf_GMbank.sf2";
/// `fluid-soundfont-gm`
pub const FLUID_R3: &str = "/usr/share/sounds/sf2/FluidR3_GM.sf2";

/// A MIDI file.
pub struct Piece {
    /// Of the file, without its extension; of a lump, in small letters.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

fn present(path: &str) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|why| missing(path, &why))
}

fn missing(path: &str, why: &dyn std::fmt::Display) -> String {
    format!("{path}: {why} (cargo xtask setup installs it)")
}

/// OpenMSX, by name. The error says what is missing.
pub fn openmsx() -> Result<Vec<Piece>, String> {
    let mut paths: Vec<PathBuf> = fs::read_dir(OPENMSX)
        .map_err(|why| missing(OPENMSX, &why))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "mid"))
        .collect();
    paths.sort();
    let piece = |path: PathBuf| {
        let bytes = fs::read(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        let name = path.file_stem().unwrap_or_default();
        Ok(Piece {
            name: name.to_string_lossy().into_owned(),
            bytes,
        })
    };
    paths.into_iter().map(piece).collect()
}

/// The music of Freedoom's two archives, each piece once. The error says what is missing.
pub fn freedoom() -> Result<Vec<Piece>, String> {
    let mut pieces: Vec<Piece> = Vec::new();
    for path in WADS {
        let wad = present(path)?;
        for (name, bytes) in music(&wad).ok_or_else(|| format!("{path} is no WAD"))? {
            if pieces.iter().all(|piece| piece.bytes != bytes) {
                pieces.push(Piece {
                    name: name.to_lowercase(),
                    bytes: bytes.to_vec(),
                });
            }
        }
    }
    Ok(pieces)
}

/// The MIDI files of an archive (WAD): a header, and a directory of position, size and name.
fn music(wad: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let word = |at: usize| -> Option<usize> {
        let word = wad.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(word)).ok()
    };
    let (count, directory) = (word(4)?, word(8)?);
    let mut found = Vec::new();
    for entry in (0..count).map(|i| directory + 16 * i) {
        let name = String::from_utf8_lossy(wad.get(entry + 8..entry + 16)?);
        let name = name.trim_end_matches('\0').to_string();
        let start = word(entry)?;
        let bytes = wad.get(start..start.checked_add(word(entry + 4)?)?)?;
        if name.starts_with("D_") && bytes.starts_with(b"MThd") {
            found.push((name, bytes));
        }
    }
    Some(found)
}

/// A SoundFont as `arioso` plays it: converted to DLS 2.
pub fn converted(font: &str) -> Result<Vec<u8>, String> {
    let mut file = File::open(font).map_err(|why| missing(font, &why))?;
    let fail = |why: &dyn std::fmt::Debug| format!("{font}: {why:?}");
    let parsed = sf2::SoundFont::open(&mut file).map_err(|why| fail(&why))?;
    let conversion =
        sf2::convert(&parsed, &sf2::Limits::default(), |_, _| true).map_err(|why| fail(&why))?;
    let mut out = Cursor::new(Vec::new());
    sf2::write(&parsed, &conversion.bank, &mut file, &mut out, |_| ()).map_err(|why| fail(&why))?;
    Ok(out.into_inner())
}
