// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lines of `AddReg` sections.

use crate::parse::Entry;

/// What an `AddReg` line writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryValue {
    /// `HKR`, …
    pub root: String,
    /// Below the root; empty: the root.
    pub key: String,
    /// Empty: the key's default value.
    pub name: String,
    /// `None`: only the key is made.
    pub data: Option<Data>,
    /// A value that is there already stays (`FLG_ADDREG_NOCLOBBER`).
    pub keep: bool,
    /// Another flag says that it is not simply written.
    pub special: bool,
    /// The section with the `AddReg` line.
    pub section: String,
    /// Line in the INF.
    pub line: usize,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `REG_SZ`
    Text(String),
    /// `REG_EXPAND_SZ`
    Expand(String),
    /// `REG_MULTI_SZ`
    Texts(Vec<String>),
    /// `REG_DWORD`
    Number(u32),
    /// `REG_BINARY`
    Binary(Vec<u8>),
    /// `REG_QWORD`
    Long(u64),
}

const NO_CLOBBER: u32 = 0x2;
const KEY_ONLY: u32 = 0x10;
/// Delete the value, append to a `REG_MULTI_SZ`, only over a value that is there, 32- or 64-bit view of the registry.
const SPECIAL: u32 = 0x4 | 0x8 | 0x20 | 0x1000 | 0x4000;
/// The type's bits.
const TYPE: u32 = 0xFFFF_0001;

impl RegistryValue {
    /// # Errors
    /// What is wrong with the line.
    pub fn parse(section: &str, entry: &Entry) -> Result<Self, String> {
        if entry.key.is_some() {
            return Err("a registry line has no =".to_string());
        }
        let flags = match entry.value(3) {
            "" => 0,
            text => number(text).ok_or(format!("the flags {text} are no number"))?,
        };
        let known = TYPE | NO_CLOBBER | KEY_ONLY | SPECIAL;
        if flags & !known != 0 {
            return Err(format!("the flags {flags:#010x} are not supported"));
        }
        let data = entry.values.get(4..).unwrap_or_default();
        Ok(Self {
            root: entry.value(0).to_string(),
            key: entry.value(1).to_string(),
            name: entry.value(2).to_string(),
            data: match flags & KEY_ONLY {
                0 => Some(Data::parse(flags & TYPE, data)?),
                _ => None,
            },
            keep: flags & NO_CLOBBER != 0,
            special: flags & SPECIAL != 0,
            section: section.to_string(),
            line: entry.line,
        })
    }
}

impl Data {
    fn parse(kind: u32, fields: &[String]) -> Result<Self, String> {
        let one = || match fields {
            [] => Ok(String::new()),
            [text] => Ok(text.clone()),
            _ => Err("more than one string: quote what has a comma".to_string()),
        };
        match kind {
            0 => one().map(Self::Text),
            0x0002_0000 => one().map(Self::Expand),
            0x0001_0000 => Ok(Self::Texts(fields.to_vec())),
            0x0001_0001 => match fields {
                [text] => number(text)
                    .map(Self::Number)
                    .ok_or(format!("{text} is no 32-bit number")),
                // Its bytes.
                [_, _, _, _] => match bytes(fields)?.try_into() {
                    Ok(bytes) => Ok(Self::Number(u32::from_le_bytes(bytes))),
                    Err(_) => Err("a REG_DWORD has four bytes".to_string()),
                },
                _ => Err("a REG_DWORD is one number, or its four bytes".to_string()),
            },
            0x000B_0001 => match fields {
                [text] => long(text)
                    .map(Self::Long)
                    .ok_or(format!("{text} is no 64-bit number")),
                _ => Err("a REG_QWORD is one number".to_string()),
            },
            1 => bytes(fields).map(Self::Binary),
            kind => Err(format!("the type {kind:#010x} is not supported")),
        }
    }
}

/// Hexadecimal bytes, with or without `0x`.
fn bytes(fields: &[String]) -> Result<Vec<u8>, String> {
    let byte = |text: &String| {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        u8::from_str_radix(digits, 16).map_err(|_| format!("{text} is no byte"))
    };
    fields.iter().map(byte).collect()
}

/// Decimal, or hexadecimal after `0x`.
pub(crate) fn number(text: &str) -> Option<u32> {
    u32::try_from(long(text)?).ok()
}

fn long(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Data, RegistryValue};
    use crate::Inf;

    fn parse(line: &str) -> Result<RegistryValue, String> {
        let inf = Inf::parse(&format!("[a]\n{line}")).unwrap();
        RegistryValue::parse("a", &inf.sections[0].entries[0])
    }

    #[test]
    fn types() {
        let text = |text: &str| text.to_string();
        for (line, data) in [
            ("HKR,,n,,t", Some(Data::Text(text("t")))),
            ("HKR,,n", Some(Data::Text(text("")))),
            (
                "HKR,,n,0x00020000,\"%13%\\t\"",
                Some(Data::Expand(text("%13%\\t"))),
            ),
            (
                "HKR,,n,0x10000,a,b",
                Some(Data::Texts(vec![text("a"), text("b")])),
            ),
            ("HKR,,n,0x10001,0x1D", Some(Data::Number(29))),
            ("HKR,,n,0x10003,4294967295", Some(Data::Number(u32::MAX))),
            ("HKR,,n,1,00,ff", Some(Data::Binary(vec![0, 255]))),
            ("HKR,,n,0x10001,1,0x02,0,0", Some(Data::Number(0x201))),
            ("HKR,,n,0xB0001,0x100000000", Some(Data::Long(1 << 32))),
            ("HKR,k,,0x10", None),
        ] {
            assert_eq!(parse(line).unwrap().data, data, "{line}");
        }
        assert!(parse("HKR,,n,0x10003,1").unwrap().keep);
        let append = parse("HKR,,n,0x10008,a").unwrap();
        assert!(append.special && !append.keep);
    }

    #[test]
    fn bad_lines() {
        for line in [
            "HKR,,n,type,t",
            "HKR,,n,,a,b",
            "HKR,,n,0x10001,4294967296",
            "HKR,,n,0x10001",
            "HKR,,n,1,100",
            "HKR,,n,0xB0001,0,0",
            "HKR,,n,0xC0001,0",
            "HKR,,n,0x80",
            "HKR,,n,0x10001,1,2",
            "HKR=n",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
