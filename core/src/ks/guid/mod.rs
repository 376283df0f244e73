// SPDX-License-Identifier: MIT OR Apache-2.0
//! `GUID` and every GUID of the ABI.

mod dmus;
mod interfaces;
mod ks;

pub use dmus::*;
pub use interfaces::*;
pub use ks::*;

use super::Wire;
use core::fmt;

data! {
    /// A globally unique identifier, as in memory: the first three fields little-endian.
    #[derive(Eq, Hash, PartialOrd, Ord)]
    pub struct GUID {
        /// The first 8 digits of the text form.
        pub Data1: u32,
        /// The next 4 digits.
        pub Data2: u16,
        /// The next 4 digits.
        pub Data3: u16,
        /// The last 16 digits, in the order of the text.
        pub Data4: [u8; 8],
    }
}

/// A GUID at an address that is a multiple of 8, as the kernel's `IsEqualGUIDAligned` wants it.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlignedGuid(pub GUID);

impl GUID {
    /// All zeros, `GUID_NULL`.
    pub const NULL: GUID = GUID::ZERO;

    /// From the fields of `DEFINE_GUID`.
    #[must_use]
    pub const fn new(Data1: u32, Data2: u16, Data3: u16, Data4: [u8; 8]) -> Self {
        Self {
            Data1,
            Data2,
            Data3,
            Data4,
        }
    }

    /// From the digits of the text form: `0xDDDDDDDD_DDDD_DDDD_DDDD_DDDDDDDDDDDD`.
    #[must_use]
    pub const fn from_u128(digits: u128) -> Self {
        Self {
            Data1: (digits >> 96) as u32,
            Data2: (digits >> 80) as u16,
            Data3: (digits >> 64) as u16,
            Data4: (digits as u64).to_be_bytes(),
        }
    }

    /// The digits of the text form.
    #[must_use]
    pub const fn to_u128(self) -> u128 {
        (self.Data1 as u128) << 96
            | (self.Data2 as u128) << 80
            | (self.Data3 as u128) << 64
            | u64::from_be_bytes(self.Data4) as u128
    }

    /// The same GUID for use in a `static` that the kernel compares by address-aligned words.
    #[must_use]
    pub const fn aligned(self) -> AlignedGuid {
        AlignedGuid(self)
    }

    /// Parses `{8-4-4-4-12}`, ASCII or UTF-16 code units, any case, braces required; `None` if it is anything else.
    #[must_use]
    pub fn parse(text: impl IntoIterator<Item = u16>) -> Option<Self> {
        let mut text = text.into_iter();
        let mut digits = 0u128;
        (text.next()? == u16::from(b'{')).then_some(())?;
        for (group, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            if group > 0 {
                (text.next()? == u16::from(b'-')).then_some(())?;
            }
            for _ in 0..length {
                let digit = char::from_u32(u32::from(text.next()?))?.to_digit(16)?;
                digits = digits << 4 | u128::from(digit);
            }
        }
        (text.next()? == u16::from(b'}')).then_some(())?;
        text.next().is_none().then(|| Self::from_u128(digits))
    }
}

impl fmt::Display for GUID {
    /// `{DDDDDDDD-DDDD-DDDD-DDDD-DDDDDDDDDDDD}`, upper case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = self.to_u128();
        write!(
            f,
            "{{{:08X}-{:04X}-{:04X}-{:04X}-{:012X}}}",
            d >> 96,
            d >> 80 & 0xFFFF,
            d >> 64 & 0xFFFF,
            d >> 48 & 0xFFFF,
            d & 0xFFFF_FFFF_FFFF
        )
    }
}

/// Declares constants from the digits of their text form.
macro_rules! guids {
    ($($(#[$m:meta])* $name:ident = $digits:literal;)*) => {
        $( $(#[$m])* pub const $name: $crate::ks::GUID = $crate::ks::GUID::from_u128($digits); )*
    };
}
use guids;

#[cfg(test)]
mod tests {
    use super::{GUID, IID_IMXF};

    #[test]
    fn text_form_round_trips() {
        let text = "{C096DF9E-FB09-11D1-81B0-0060083316C1}";
        assert_eq!(alloc::format!("{IID_IMXF}"), text);
        assert_eq!(GUID::parse(text.encode_utf16()), Some(IID_IMXF));
        assert_eq!(
            GUID::parse(text.to_lowercase().encode_utf16()),
            Some(IID_IMXF)
        );
        assert_eq!(
            IID_IMXF,
            GUID::new(
                0xC096_DF9E,
                0xFB09,
                0x11D1,
                [0x81, 0xB0, 0, 0x60, 8, 0x33, 0x16, 0xC1]
            )
        );
        assert_eq!(GUID::from_u128(IID_IMXF.to_u128()), IID_IMXF);
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "{",
            "C096DF9E-FB09-11D1-81B0-0060083316C1",
            "{C096DF9E-FB09-11D1-81B0-0060083316C1",
            "{C096DF9E-FB09-11D1-81B0-0060083316C1}\\",
            "{C096DF9EFB09-11D1-81B0-0060083316C1}",
            "{G096DF9E-FB09-11D1-81B0-0060083316C1}",
            "{+096DF9E-FB09-11D1-81B0-0060083316C1}",
        ] {
            assert_eq!(GUID::parse(text.encode_utf16()), None, "{text}");
        }
    }
}
