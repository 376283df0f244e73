// SPDX-License-Identifier: MIT OR Apache-2.0
//! Shows what the driver does while a song plays.

use super::Instruments;
use super::meter::Meter;
use super::session::{perform, verified, write_trace};
use crate::failure::{Kind, Result};
use crate::player::Way;
use crate::song::Song;
use crate::{messages, stop};
use arioso_cli::trace::Sample;
use console::Term;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::{Duration, Instant};

/// Plays `song`: in real time with a line that lives, or, `once` or where there is no terminal, as fast as it goes. A table is
/// printed at the end, also where a signal is the end.
pub fn monitor(
    song: &Song,
    options: &Instruments,
    way: Way,
    once: bool,
    report: Option<&Path>,
) -> Result<()> {
    let mut meter = Meter::new(way);
    let mut screen = (!once && stderr().is_terminal()).then(|| Screen::new(song));
    let mut playing = false;
    let performance = perform(song, options, way, |moment| {
        if !std::mem::replace(&mut playing, true) {
            // From now on there is something to tell.
            stop::catch();
        }
        let sample = meter.take(moment);
        if let Some(screen) = &mut screen {
            screen.show(&sample);
        }
        stop::go_on()
    });
    if let Some(screen) = &mut screen {
        screen.clear();
    }
    if let Err(failure) = &performance
        && failure.kind != Kind::Stopped
    {
        return performance.map(drop);
    }
    // Before the song the machine starts.
    let first = meter.samples.partition_point(|sample| sample.time_s < 0.0);
    let lines = rows(&meter.samples[first..])
        .into_iter()
        .map(|(name, value)| format!("  {name:<12}  {value}"));
    let lines: Vec<String> = lines.collect();
    messages::say(lines.join("\n"))?;
    if let Some(report) = report {
        write_trace(report, meter)?;
        messages::say(report.display())?;
    }
    let performance = performance?;
    performance.warn(song);
    verified(&performance.finished)
}

/// A line on the terminal.
struct Screen {
    terminal: Term,
    started: Option<Instant>,
    /// Columns of the line that is there.
    shown: usize,
    length: Duration,
}

impl Screen {
    fn new(song: &Song) -> Self {
        Self {
            terminal: Term::stderr(),
            started: None,
            shown: 0,
            length: Duration::from_nanos(u64::try_from(song.length).unwrap_or(0) * 100),
        }
    }

    /// Waits for the sample's time, and shows it.
    fn show(&mut self, sample: &Sample) {
        let time = Duration::from_secs_f64(sample.time_s.max(0.0));
        let started = *self.started.get_or_insert_with(Instant::now);
        std::thread::sleep(time.saturating_sub(started.elapsed()));
        let width = usize::from(self.terminal.size().1);
        let line = line(sample, time, self.length, width);
        let text = self.cleared() + &line;
        self.shown = line.chars().count();
        // Nobody can be told that this fails.
        let _ = self.terminal.write_str(&text);
    }

    /// Takes the line away.
    fn clear(&mut self) {
        let text = self.cleared();
        self.shown = 0;
        let _ = self.terminal.write_str(&text);
    }

    /// What takes the line away: in a terminal that has become narrower it may have been broken into several.
    fn cleared(&self) -> String {
        let width = usize::from(self.terminal.size().1).max(1);
        match self.shown.saturating_sub(1) / width {
            0 => "\r\u{1b}[J".into(),
            above => format!("\r\u{1b}[{above}A\u{1b}[J"),
        }
    }
}

/// What the line says, shorter than `width` columns: what finds no place is left out, the least important first.
fn line(sample: &Sample, time: Duration, length: Duration, width: usize) -> String {
    // Where it stands, and what; the most important first.
    let parts = [
        (1, clock(time)),
        (3, format!("{:>8}", decibels(sample.level_db))),
        (2, format!("{:3} voices", sample.voices)),
        (4, format!("{} lost", sample.lost_notes)),
        (5, format!("slice {:.0} µs", sample.slice_us)),
        (6, format!("DPC ≤ {:.0} µs", sample.longest_dpc_us)),
        (0, bar(time, length)),
    ];
    let mut line: Vec<(u8, String)> = Vec::new();
    // The last column is left free: some terminals go to the next line behind it.
    let mut free = width.saturating_sub(1);
    for (place, text) in parts {
        let needed = text.chars().count() + if line.is_empty() { 0 } else { 2 };
        if needed > free {
            break;
        }
        free -= needed;
        line.push((place, text));
    }
    line.sort_by_key(|(place, _)| *place);
    let line: Vec<String> = line.into_iter().map(|(_, text)| text).collect();
    line.join("  ")
}

/// How far the song is.
fn bar(time: Duration, length: Duration) -> String {
    const CELLS: usize = 20;
    let part = time.as_secs_f64() / length.as_secs_f64().max(1e-9);
    let full = ((part * CELLS as f64) as usize).min(CELLS);
    format!("{}{}", "█".repeat(full), "░".repeat(CELLS - full))
}

/// `1:05`
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

fn decibels(level: Option<f64>) -> String {
    level.map_or("silent".into(), |level| format!("{level:.1} dB"))
}

/// Rows of name and value.
fn rows(samples: &[Sample]) -> Vec<(&'static str, String)> {
    let most = |value: fn(&Sample) -> f64| samples.iter().map(value).fold(0.0, f64::max);
    let level = samples.iter().filter_map(|sample| sample.level_db);
    let mean =
        samples.iter().map(|sample| sample.slice_us).sum::<f64>() / samples.len().max(1) as f64;
    let last = samples.last().cloned().unwrap_or_default();
    vec![
        ("peak level", decibels(level.reduce(f64::max))),
        (
            "peak voices",
            format!("{:.0}", most(|s| f64::from(s.voices))),
        ),
        ("notes lost", last.lost_notes.to_string()),
        ("events late", last.late_events.to_string()),
        (
            "slice (1 ms)",
            format!(
                "{mean:.1} µs, at most {:.1} µs in a twentieth of a second",
                most(|s| s.slice_us)
            ),
        ),
        (
            "longest DPC",
            format!("{:.1} µs", most(|s| s.longest_dpc_us)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let sample = |voices, level_db, slice_us, lost_notes| Sample {
            voices,
            level_db,
            slice_us,
            lost_notes,
            ..Sample::default()
        };
        let samples = [
            sample(3, Some(-12.0), 4.0, 0),
            sample(9, Some(-6.25), 8.0, 1),
            sample(0, None, 0.0, 1),
        ];
        let rows: std::collections::HashMap<_, _> = rows(&samples).into_iter().collect();
        assert_eq!(rows["peak level"], "-6.2 dB");
        assert_eq!(rows["peak voices"], "9");
        assert_eq!(rows["notes lost"], "1");
        assert!(rows["slice (1 ms)"].starts_with("4.0 µs, at most 8.0 µs"));
        assert_eq!(super::rows(&[])[0].1, "silent");
    }

    #[test]
    fn the_line_fits_every_terminal() {
        let sample = Sample {
            voices: 12,
            level_db: Some(-12.5),
            ..Sample::default()
        };
        let (time, length) = (Duration::from_secs(65), Duration::from_secs(130));
        let mut longest = 0;
        for width in 0..200 {
            let line = super::line(&sample, time, length, width);
            let columns = line.chars().count();
            assert!(columns == 0 || columns < width, "{width}: {line}");
            assert!(columns >= longest, "{width}: a wider terminal shows more");
            longest = columns;
        }
        assert_eq!(super::line(&sample, time, length, 6), "1:05");
        let all = super::line(&sample, time, length, 200);
        assert!(
            all.starts_with("██████████░░░░░░░░░░  1:05   12 voices  -12.5 dB  0 lost"),
            "{all}"
        );
    }
}
