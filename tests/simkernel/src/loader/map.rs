// SPDX-License-Identifier: MIT OR Apache-2.0
//! Symbols from the linker's map file.

use std::path::Path;

/// Sorted by relative address.
#[derive(Default)]
pub(super) struct Symbols(Vec<(u32, String)>);

impl Symbols {
    /// Reads `/MAP` output (lld or link.exe): `section:offset  name  address …`. No file, no symbols.
    pub fn read(path: &Path, preferred_base: u64) -> Symbols {
        let Ok(text) = std::fs::read_to_string(path) else {
            return Symbols::default();
        };
        let mut symbols: Vec<(u32, String)> = text
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let (section, offset) = words.next()?.split_once(':')?;
                u16::from_str_radix(section, 16).ok()?;
                u32::from_str_radix(offset, 16).ok()?;
                let name = words.next()?;
                let address = u64::from_str_radix(words.next()?, 16).ok()?;
                let rva = u32::try_from(address.checked_sub(preferred_base)?).ok()?;
                Some((rva, name.to_owned()))
            })
            .collect();
        symbols.sort();
        Symbols(symbols)
    }

    /// The symbol at or below `rva`, and the distance.
    pub fn find(&self, rva: u32) -> Option<(&str, u32)> {
        let i = self.0.partition_point(|(r, _)| *r <= rva).checked_sub(1)?;
        let (start, name) = self.0.get(i)?;
        Some((name, rva - start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lld_map() {
        let path = std::env::temp_dir().join(format!("simkernel-map-{}", std::process::id()));
        let text = " x\n\n Timestamp is 0 (x)\n Preferred load address is 0000000140000000\n\n Start Length Name Class\n \
                    0001:00000000 00000010H .text CODE\n\n  Address Publics by Value Rva+Base Lib:Object\n\n \
                    0001:00000000       first      0000000140001000     a.obj\n 0001:00000008       second      0000000140001008     a.obj\n";
        std::fs::write(&path, text).unwrap();
        let s = Symbols::read(&path, 0x1_4000_0000);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(s.find(0x1007), Some(("first", 7)));
        assert_eq!(s.find(0x1010), Some(("second", 8)));
        assert_eq!(s.find(0xfff), None);
    }
}
