// SPDX-License-Identifier: MIT OR Apache-2.0
//! What stampinf does to a template.

use crate::Platform;
use std::fmt;

/// A day of the Gregorian calendar; writes itself as `DriverVer` wants it, `mm/dd/yyyy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// All four digits.
    pub year: u16,
    /// 1–12
    pub month: u8,
    /// 1–31
    pub day: u8,
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}/{:02}/{:04}", self.month, self.day, self.year)
    }
}

/// What goes into a template.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Decorates the models' section.
    pub platform: Platform,
    /// `DriverVer`, its date.
    pub date: Date,
    /// `DriverVer`, its version.
    pub version: [u16; 4],
    /// Major and minor version of the framework's library.
    pub kmdf: (u16, u16),
}

/// Fills in `$ARCH$`, `$KMDFVERSION$` and the `DriverVer` of `[Version]`.
#[must_use]
pub fn stamp(template: &str, stamp: &Stamp) -> String {
    let [a, b, c, d] = stamp.version;
    let kmdf = format!("{}.{}", stamp.kmdf.0, stamp.kmdf.1);
    let mut version = false;
    let mut text = String::new();
    for line in template.lines() {
        let start = line.trim_start();
        if start.starts_with('[') {
            version = start.to_ascii_lowercase().starts_with("[version]");
        }
        let key = line.split('=').next().unwrap_or_default().trim_end();
        if version && line.contains('=') && key.trim().eq_ignore_ascii_case("DriverVer") {
            text.push_str(&format!("{key} = {},{a}.{b}.{c}.{d}", stamp.date));
        } else {
            let line = line.replace("$ARCH$", stamp.platform.name());
            text.push_str(&line.replace("$KMDFVERSION$", &kmdf));
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Date, Stamp, stamp};
    use crate::Platform;

    #[test]
    fn a_template_is_filled() {
        let with = Stamp {
            platform: Platform::Arm64,
            date: Date {
                year: 2026,
                month: 3,
                day: 9,
            },
            version: [1, 2, 3, 4],
            kmdf: (1, 31),
        };
        let template =
            "[Version]\nDriverVer = ; x\n[M.NT$ARCH$.10.0]\nDriverVer=\nV=$KMDFVERSION$\n";
        let wanted = "[Version]\r\nDriverVer = 03/09/2026,1.2.3.4\r\n[M.NTarm64.10.0]\r\nDriverVer=\r\nV=1.31\r\n";
        assert_eq!(stamp(template, &with), wanted);
    }
}
