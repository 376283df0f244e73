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
}

const NO_CLOBBER: u32 = 0x2;
const KEY_ONLY: u32 = 0x10;
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
        let known = TYPE | NO_CLOBBER | KEY_ONLY;
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
                _ => Err("a REG_DWORD is one number".to_string()),
            },
            1 => fields
                .iter()
                .map(|text| u8::from_str_radix(text, 16).map_err(|_| format!("{text} is no byte")))
                .collect::<Result<_, _>>()
                .map(Self::Binary),
            kind => Err(format!("the type {kind:#010x} is not supported")),
        }
    }
}

/// Decimal, or hexadecimal after `0x`.
pub(crate) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
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
            ("HKR,k,,0x10", None),
        ] {
            assert_eq!(parse(line).unwrap().data, data, "{line}");
        }
        assert!(parse("HKR,,n,0x10003,1").unwrap().keep);
    }

    #[test]
    fn bad_lines() {
        for line in [
            "HKR,,n,type,t",
            "HKR,,n,,a,b",
            "HKR,,n,0x10001,4294967296",
            "HKR,,n,0x10001",
            "HKR,,n,1,100",
            "HKR,,n,0xB0001,0",
            "HKR,,n,4",
            "HKR=n",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
