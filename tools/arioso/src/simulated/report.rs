// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table at the end.

use crate::failure::Result;
use crate::messages;
use crate::song::{SECOND, Song};
use crate::unheard::Unheard;
use arioso_core::ks::arioso::ARIOSO_STATISTICS;
use std::time::Duration;

/// Everything that the table tells.
pub struct Report<'a> {
    pub song: &'a Song,
    pub statistics: &'a ARIOSO_STATISTICS,
    /// Frames written, and their rate.
    pub frames: usize,
    pub rate: u32,
    /// Time that it took.
    pub elapsed: Duration,
    /// What the verifier found.
    pub violations: &'a [String],
    /// Notes that the bank has nothing for.
    pub unheard: &'a Unheard,
    /// What the bank's conversion could not keep.
    pub losses: Option<&'a str>,
}

impl Report<'_> {
    /// Rows of name and value.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let seconds = self.frames as f64 / f64::from(self.rate.max(1));
        let statistics = self.statistics;
        let late = match statistics.Late {
            0 => "0".to_string(),
            late => format!(
                "{late} (at most {:.1} ms)",
                statistics.MaxLateness as f64 / SECOND as f64 * 1000.0
            ),
        };
        let mut rows = vec![
            (
                "length",
                format!(
                    "{}:{:04.1} (song {})",
                    seconds as u64 / 60,
                    seconds % 60.0,
                    minutes(self.song.length)
                ),
            ),
            ("notes", self.song.notes().to_string()),
            (
                "events",
                format!("{} of {}", self.statistics.Events, self.song.events.len()),
            ),
            ("peak voices", statistics.PeakVoices.to_string()),
            ("events late", late),
            ("notes lost", statistics.LostNotes.to_string()),
            ("notes without an instrument", self.unheard.row()),
            (
                "speed",
                format!(
                    "{:.0}× real time",
                    seconds / self.elapsed.as_secs_f64().max(1e-6)
                ),
            ),
            ("verifier", self.verdict()),
        ];
        rows.extend(
            self.losses
                .map(|losses| ("bank converted", losses.to_owned())),
        );
        rows
    }

    fn verdict(&self) -> String {
        match self.violations.len() {
            0 => "clean".into(),
            1 => "1 violation".into(),
            n => format!("{n} violations"),
        }
    }

    pub fn print(&self) -> Result<()> {
        let rows = self.rows();
        let width = rows
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        for (name, value) in rows {
            messages::say(format!("  {name:<width$}  {value}"))?;
        }
        for violation in self.violations {
            messages::say(format!("  ! {violation}"))?;
        }
        Ok(())
    }
}

fn minutes(time: i64) -> String {
    let seconds = time as f64 / SECOND as f64;
    format!("{}:{:04.1}", seconds as u64 / 60, seconds % 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows() {
        let song = Song {
            events: vec![],
            length: 65 * SECOND,
            ..Song::default()
        };
        let statistics = ARIOSO_STATISTICS {
            PeakVoices: 17,
            Late: 2,
            MaxLateness: 15_000,
            ..ARIOSO_STATISTICS::default()
        };
        let report = Report {
            song: &song,
            statistics: &statistics,
            frames: 48_000 * 66,
            rate: 48_000,
            elapsed: Duration::from_secs(2),
            violations: &[],
            unheard: &Unheard::default(),
            losses: Some("lost: vibrato (2)"),
        };
        let rows: std::collections::HashMap<_, _> = report.rows().into_iter().collect();
        assert_eq!(rows["length"], "1:06.0 (song 1:05.0)");
        assert_eq!(rows["events late"], "2 (at most 1.5 ms)");
        assert_eq!(rows["notes without an instrument"], "0");
        assert_eq!(rows["bank converted"], "lost: vibrato (2)");
        assert_eq!(
            (
                rows["peak voices"].as_str(),
                rows["speed"].as_str(),
                rows["verifier"].as_str()
            ),
            ("17", "33× real time", "clean")
        );
    }
}
