// SPDX-License-Identifier: MIT OR Apache-2.0
//! Versions of drivers and of Windows.

use crate::registry::number;
use crate::{Date, Entry, Inf};

/// `DriverVer`. The later is the better driver: first the date counts, then the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DriverVersion {
    /// The date.
    pub date: Date,
    /// Four numbers, the most important first.
    pub version: [u16; 4],
}

impl DriverVersion {
    /// Of `DriverVer = mm/dd/yyyy,w.x.y.z`. `None`: it has another form, or there is no such day.
    #[must_use]
    pub fn parse(entry: &Entry) -> Option<Self> {
        let date: Vec<&str> = entry.value(0).split('/').collect();
        let [month, day, year] = date[..] else {
            return None;
        };
        let date = Date {
            year: digits(year, 4)?,
            month: digits(month, 2)? as u8,
            day: digits(day, 2)? as u8,
        };
        let parts: Vec<u16> = entry
            .value(1)
            .split('.')
            .map(|part| part.parse().ok())
            .collect::<Option<_>>()?;
        Some(Self {
            date,
            version: parts.try_into().ok()?,
        })
        .filter(|_| (1..=days(date)).contains(&date.day))
    }

    /// Of an INF.
    #[must_use]
    pub fn of(inf: &Inf) -> Option<Self> {
        Self::parse(inf.section("Version")?.get("DriverVer")?)
    }
}

fn digits(text: &str, count: usize) -> Option<u16> {
    let all = text.len() == count && text.bytes().all(|c| c.is_ascii_digit());
    all.then(|| text.parse().ok())?
}

/// Days of the date's month; 0 if there is no such month.
fn days(date: Date) -> u8 {
    let year = date.year;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match date.month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// The build in `NTamd64.10.0...19041`.
pub(crate) fn target_build(target: &str) -> Option<u32> {
    number(target.split_once(".10.0...")?.1)
}

#[cfg(test)]
mod tests {
    use super::DriverVersion;
    use crate::Inf;

    fn of(text: &str) -> Option<DriverVersion> {
        DriverVersion::of(&Inf::parse(&format!("[Version]\nDriverVer = {text}")).unwrap())
    }

    #[test]
    fn a_later_date_is_better_than_a_higher_version() {
        let order = [
            "12/31/2025,9.9.9.9",
            "01/01/2026,0.0.1.0",
            "01/01/2026,0.0.1.1",
            "01/01/2026,0.0.10.0",
            "02/01/2026,0.0.0.0",
        ];
        let order = order.map(|text| of(text).unwrap());
        assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
    }

    #[test]
    fn what_is_no_version() {
        for text in [
            "1/1/2026,1.0.0.0",
            "02/29/2026,1.0.0.0",
            "00/01/2026,1.0.0.0",
            "13/01/2026,1.0.0.0",
            "01/00/2026,1.0.0.0",
            "01/01/2026",
            "01/01/2026,1.0.0",
            "01/01/2026,1.0.0.0.0",
            "01/01/2026,1.0.0.65536",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        assert!(of("02/29/2028,65535.0.0.0").is_some());
    }
}
