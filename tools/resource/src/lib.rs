// SPDX-License-Identifier: MIT OR Apache-2.0
//! The version resource of a Windows image (`VS_VERSIONINFO`), and the `.res` file that a linker takes it from: what `rc.exe` makes of a
//! `VERSIONINFO` statement. Build scripts write it, checks read it back.
//!
//! Formats: Microsoft's pages on `VS_VERSIONINFO`, `VS_FIXEDFILEINFO`, `StringFileInfo`, `VarFileInfo` and `RESOURCEHEADER`.

mod block;

use block::Block;
use std::fmt;

/// What Explorer shows, and what setup compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionResource {
    /// `FILEVERSION`
    pub file_version: [u16; 4],
    /// `PRODUCTVERSION`
    pub product_version: [u16; 4],
    /// `VFT_*`
    pub file_type: u32,
    /// `VFT2_*`
    pub file_subtype: u32,
    /// Name and text, US English, Unicode: `FileDescription`, `CompanyName`, …
    pub strings: Vec<(String, String)>,
}

/// `VFT_DRV`
pub const DRIVER: u32 = 3;
/// `VFT2_DRV_SOUND`
pub const SOUND_DRIVER: u32 = 9;

/// `RT_VERSION`
pub const TYPE: u16 = 16;
/// `VS_VERSION_INFO`, the only one of an image.
pub const NAME: u16 = 1;
/// US English.
pub const LANGUAGE: u16 = 0x0409;
const UNICODE: u16 = 1200;

const SIGNATURE: u32 = 0xFEEF_04BD;
const STRUCTURE_VERSION: u32 = 0x0001_0000;
/// `VS_FFI_FILEFLAGSMASK`
const FLAGS_MASK: u32 = 0x3F;
/// `VOS_NT_WINDOWS32`
const NT: u32 = 0x0004_0004;
/// `MOVEABLE | PURE`, as `rc.exe` marks it.
const MEMORY_FLAGS: u16 = 0x0030;

/// Why bytes are no version resource, or a version resource has no bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub(crate) &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version resource: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

impl VersionResource {
    /// The text of a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        let found = self.strings.iter().find(|(key, _)| key == name);
        found.map(|(_, text)| text.as_str())
    }

    /// The resource's data.
    ///
    /// # Errors
    /// A block over 64 KiB.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Malformed> {
        let table = format!("{LANGUAGE:04X}{UNICODE:04X}");
        let strings = self.strings.iter();
        let strings = strings.map(|(name, text)| Block::text(name, text));
        let translation = [LANGUAGE, UNICODE].map(u16::to_le_bytes).concat();
        Block {
            value: self.fixed(),
            children: vec![
                Block::node(
                    "StringFileInfo",
                    vec![Block::node(&table, strings.collect())],
                ),
                Block::node(
                    "VarFileInfo",
                    vec![Block::binary("Translation", translation)],
                ),
            ],
            ..Block::binary("VS_VERSION_INFO", Vec::new())
        }
        .to_bytes()
    }

    /// A `.res` file with this resource alone.
    ///
    /// # Errors
    /// A block over 64 KiB.
    pub fn to_res(&self) -> Result<Vec<u8>, Malformed> {
        let data = self.to_bytes()?;
        // An empty resource says that this is the 32-bit format.
        let mut file = header(0, [0, 0], 0, 0);
        file.extend(header(data.len(), [TYPE, NAME], MEMORY_FLAGS, LANGUAGE));
        file.extend(data);
        block::align(&mut file);
        Ok(file)
    }

    /// Reads the resource's data.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let root = Block::read(bytes)?;
        if root.key != "VS_VERSION_INFO" {
            return Err(Malformed("not VS_VERSION_INFO"));
        }
        let mut fixed = [0u32; 13];
        let (words, rest) = root.value.as_chunks::<4>();
        if words.len() != fixed.len() || !rest.is_empty() {
            return Err(Malformed("VS_FIXEDFILEINFO has another size"));
        }
        for (field, bytes) in fixed.iter_mut().zip(words) {
            *field = u32::from_le_bytes(*bytes);
        }
        if fixed[0] != SIGNATURE {
            return Err(Malformed("VS_FIXEDFILEINFO has no signature"));
        }
        let table = root
            .child("StringFileInfo")
            .and_then(|strings| strings.children.first())
            .ok_or(Malformed("no table of strings"))?;
        let strings = table.children.iter();
        Ok(Self {
            file_version: version(fixed[2], fixed[3]),
            product_version: version(fixed[4], fixed[5]),
            file_type: fixed[9],
            file_subtype: fixed[10],
            strings: strings
                .map(|string| Ok((string.key.clone(), string.to_text()?)))
                .collect::<Result<_, _>>()?,
        })
    }

    /// `VS_FIXEDFILEINFO`
    fn fixed(&self) -> Vec<u8> {
        let [file_high, file_low] = halves(self.file_version);
        let [product_high, product_low] = halves(self.product_version);
        [
            SIGNATURE,
            STRUCTURE_VERSION,
            file_high,
            file_low,
            product_high,
            product_low,
            FLAGS_MASK,
            0,
            NT,
            self.file_type,
            self.file_subtype,
            0,
            0,
        ]
        .map(u32::to_le_bytes)
        .concat()
    }
}

/// Major, minor and patch of Cargo's version as the first three parts of Windows' four.
#[must_use]
pub fn parse_version(text: &str) -> Option<[u16; 4]> {
    let numbers = text.split(['-', '+']).next()?;
    let mut version = [0; 4];
    let mut count = 0;
    for part in numbers.split('.') {
        *version.get_mut(count)? = part.parse().ok()?;
        count += 1;
    }
    (count == 3).then_some(version)
}

fn halves([a, b, c, d]: [u16; 4]) -> [u32; 2] {
    [[a, b], [c, d]].map(|[high, low]| u32::from(high) << 16 | u32::from(low))
}

fn version(high: u32, low: u32) -> [u16; 4] {
    let split = |word: u32| [(word >> 16) as u16, word as u16];
    let ([a, b], [c, d]) = (split(high), split(low));
    [a, b, c, d]
}

/// `RESOURCEHEADER` with type and name as numbers.
fn header(size: usize, names: [u16; 2], memory_flags: u16, language: u16) -> Vec<u8> {
    let size = size as u32;
    let [kind, name] = names;
    let mut header = [size, 32].map(u32::to_le_bytes).concat();
    for word in [0xFFFF, kind, 0xFFFF, name, 0, 0, memory_flags, language] {
        header.extend(word.to_le_bytes());
    }
    // Version and characteristics.
    header.extend([0; 8]);
    header
}

#[cfg(test)]
mod tests;
