//! Shows what the driver does while a song plays.

use super::Instruments;
use super::meter::Meter;
use super::session::{perform, verified};
use crate::failure::Result;
use crate::listen;
use crate::song::{SECOND, Song};
use arioso_cli::trace::Sample;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// Plays `song`: in real time with a line that lives, or, `once` or where there is no terminal, as fast as it goes. A table is
/// printed at the end.
pub fn monitor(song: &Song, options: &Instruments, out: listen::Output, once: bool) -> Result<()> {
    let way = options.way(out)?;
    let mut meter = Meter::new(way);
    let mut screen = (!once && stderr().is_terminal()).then(|| Screen::new(song));
    let performance = perform(song, options, way, |moment| {
        let sample = meter.take(moment);
        if let Some(screen) = &mut screen {
            screen.show(&sample);
        }
    });
    if let Some(screen) = &screen {
        screen.bar.finish_and_clear();
    }
    let performance = performance?;
    // Before the song the machine starts.
    let first = meter.samples.partition_point(|sample| sample.time_s < 0.0);
    for (name, value) in rows(&meter.samples[first..]) {
        println!("  {name:<12}  {value}");
    }
    verified(&performance.finished)
}

/// A line on the terminal.
struct Screen {
    bar: ProgressBar,
    started: Option<Instant>,
}

impl Screen {
    fn new(song: &Song) -> Self {
        let bar = ProgressBar::new((song.length / (SECOND / 1000)) as u64);
        let style = ProgressStyle::with_template("{bar:20} {elapsed}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, started: None }
    }

    /// Waits for the sample's time, and shows it.
    fn show(&mut self, sample: &Sample) {
        let time = Duration::from_secs_f64(sample.time_s.max(0.0));
        let started = *self.started.get_or_insert_with(Instant::now);
        std::thread::sleep(time.saturating_sub(started.elapsed()));
        self.bar.set_position(time.as_millis() as u64);
        self.bar.set_message(format!(
            "{:3} voices  {:>8}  {} lost  slice {:.0} µs  DPC ≤ {:.0} µs",
            sample.voices,
            decibels(sample.level_db),
            sample.lost_notes,
            sample.slice_us,
            sample.longest_dpc_us,
        ));
    }
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
}
