// SPDX-License-Identifier: MIT OR Apache-2.0
//! One song from the files to the WAV: bank, driver, machine, player, output, table.

use super::machine::{Finished, Machine};
use super::meter::Meter;
use super::report::Report;
use super::{Instruments, Options, Silence, driver, wav};
use crate::failure::{Failure, Kind, Result};
use crate::player::{self, Moment, PinKind, Played, Way};
use crate::song::{SECOND, Song};
use crate::unheard::Unheard;
use crate::{bank, messages, output};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where a song is written, and how it is played: all that can be checked before anything is built, started or written.
pub struct Target {
    path: PathBuf,
    way: Way,
}

impl Target {
    /// `name` is the output that the user has not given; the song is at `file`.
    pub fn of(file: Option<&Path>, name: PathBuf, options: &Options) -> Result<Self> {
        let way = options.instruments.way(options.out)?;
        let path = options.output.clone().unwrap_or(name);
        let outputs: Vec<&Path> = [Some(path.as_path()), options.report.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        output::check(&outputs, &options.instruments.inputs(file)?)?;
        Ok(Self { path, way })
    }
}

/// Plays a song into its file.
pub fn play(song: &Song, target: &Target, options: &Options) -> Result<()> {
    let Target { path, way } = target;
    let bar = progress_bar(song);
    let mut meter = Meter::new(*way);
    let performance = perform(song, &options.instruments, *way, |moment| {
        meter.take(moment);
        bar.set_position((moment.time.clamp(0, song.length) / (SECOND / 1000)) as u64);
        Ok(())
    });
    bar.finish_and_clear();
    let performance = performance?;
    let Performance {
        played, finished, ..
    } = &performance;

    let (audio, started) = performance.audio();
    let end = match options.silence {
        Silence::Cut => None,
        Silence::Keep => Some(song.length),
    };
    let samples = trim(audio, played.start - started, end, way.rate);
    wav::write_wav(path, way.rate, samples)?;
    if let Some(report) = &options.report {
        write_trace(report, meter)?;
    }
    let report = Report {
        song,
        statistics: &played.statistics,
        frames: samples.len() / 2,
        rate: way.rate,
        elapsed: performance.elapsed,
        violations: &finished.violations,
        unheard: &performance.unheard,
        losses: performance.losses.as_deref(),
    };
    report.print()?;
    output::announce(path)?;
    performance.warn(song);
    verified(finished)
}

/// Writes what was measured.
pub fn write_trace(path: &Path, meter: Meter) -> Result<()> {
    let json = serde_json::to_vec(&meter.trace())
        .map_err(|why| Failure::new(Kind::Session, format!("the report cannot be made: {why}")))?;
    output::write_bytes(path, &json)
}

/// A song that was played, and the machine that is off.
pub struct Performance {
    pub played: Played,
    pub finished: Finished,
    /// Real time.
    pub elapsed: Duration,
    /// Notes that the bank has nothing for.
    pub unheard: Unheard,
    /// What the bank's conversion could not keep.
    pub losses: Option<String>,
}

impl Performance {
    /// What sounded, and the master time of its first frame.
    fn audio(&self) -> (&[i16], i64) {
        match &self.played.recording {
            Some(recording) => (&recording.audio, recording.started),
            None => (&self.finished.audio, self.finished.started),
        }
    }

    /// Warns of notes, or a whole song, that did not sound.
    pub fn warn(&self, song: &Song) {
        if let Some(warning) = self.unheard.warning(song, Some(self.audio().0)) {
            messages::warn(warning);
        }
    }
}

/// Plays a song on a machine of its own. `progress` hears of it while it plays; its failure ends the song.
pub fn perform(
    song: &Song,
    options: &Instruments,
    way: Way,
    progress: impl FnMut(&Moment) -> Result<()>,
) -> Result<Performance> {
    let banks = options.banks()?;
    let loaded = bank::load(&banks, song, way.pin)?;
    let collection = bank::parse(&loaded.dls, banks.first().map(PathBuf::as_path))?;
    for line in &loaded.notes {
        messages::warn(line);
    }
    let image = driver::image()?;

    let started = Instant::now();
    // On the MIDI range nothing can be downloaded: the instruments are the driver's own.
    let own = (way.pin == PinKind::Midi).then_some(loaded.dls.as_slice());
    let mut machine = Machine::start(&image, own, &options.settings()?, options.driver.verbose)?;
    let mut client = machine.client();
    let played = player::play(&mut client, song, &collection, way, progress);
    drop(client);
    let finished = machine.finish();
    let elapsed = started.elapsed();
    // What the kernel has to say explains a failure of the player.
    let played = played.map_err(|failure| explained(failure, &finished.violations))?;
    Ok(Performance {
        unheard: Unheard::of(song, &collection, &played.missing),
        played,
        finished,
        elapsed,
        losses: loaded.losses,
    })
}

/// Fails if the verifier found something.
pub fn verified(finished: &Finished) -> Result<()> {
    match finished.violations.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(
            Kind::Verifier,
            format!(
                "the driver verifier found {} violations, the first: {first}",
                finished.violations.len()
            ),
        )),
    }
}

/// A failure, with what the kernel has to say about it.
pub fn explained(failure: Failure, violations: &[String]) -> Failure {
    match violations.first() {
        Some(first) => Failure::new(failure.kind, format!("{failure}; verifier: {first}")),
        None => failure,
    }
}

/// Only on a terminal.
fn progress_bar(song: &Song) -> ProgressBar {
    let length = (song.length / (SECOND / 1000)) as u64;
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// The song alone: without the time before its first event, and without what is silent behind `end`. `before` is the time from the
/// first frame of `audio` to the song, `end` that from the song's beginning; 100 ns.
fn trim(audio: &[i16], before: i64, end: Option<i64>, rate: u32) -> &[i16] {
    let frames = |time: i64| {
        usize::try_from(i128::from(time) * i128::from(rate) / i128::from(SECOND)).unwrap_or(0)
    };
    let silent = audio.iter().take_while(|sample| **sample == 0).count() / 2;
    let first = silent.min(frames(before));
    let sounding = audio
        .iter()
        .rposition(|sample| *sample != 0)
        .map_or(first, |last| last / 2 + 1);
    let last = match end.map(|end| frames(before) + frames(end)) {
        Some(end) if sounding <= end => end,
        _ => sounding + rate as usize / 10,
    };
    let last = last.min(audio.len() / 2).max(first);
    &audio[2 * first..2 * last]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_before_the_song_is_cut_but_not_silence_in_it() {
        let mut audio = vec![0; 2 * 5000];
        audio[2 * 900] = 7;
        audio[2 * 1000 + 1] = -3;
        // The song starts at frame 500 of 1 kHz.
        assert_eq!(
            trim(&audio, SECOND / 2, None, 1000).len(),
            2 * (1001 - 500 + 100)
        );
        // Sound before the song's start is kept.
        assert_eq!(
            trim(&audio, SECOND, None, 1000).len(),
            2 * (1001 - 900 + 100)
        );
    }

    #[test]
    fn silence_alone_is_nearly_nothing() {
        assert_eq!(trim(&[0; 4000], SECOND, None, 1000).len(), 2 * 100);
        assert_eq!(trim(&[], SECOND, None, 1000).len(), 0);
    }

    #[test]
    fn the_last_rest_is_kept_if_asked_for() {
        let mut audio = vec![0; 2 * 9000];
        audio[2 * 1000] = 7;
        // From frame 500 on, three seconds long.
        assert_eq!(
            trim(&audio, SECOND / 2, Some(3 * SECOND), 1000).len(),
            2 * 3000
        );
        // What sounds longer than the song is not cut.
        audio[2 * 7000] = 7;
        assert_eq!(
            trim(&audio, SECOND / 2, Some(3 * SECOND), 1000).len(),
            2 * (7001 - 500 + 100)
        );
        assert_eq!(
            trim(&[0; 8000], SECOND, Some(2 * SECOND), 1000).len(),
            2 * 2000
        );
    }
}
