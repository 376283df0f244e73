//! One song from the files to the WAV: bank, driver, machine, player, output, table.

use super::machine::{Finished, Machine};
use super::meter::Meter;
use super::report::Report;
use super::{Instruments, Options, driver, wav};
use crate::failure::{Failure, Kind, Result};
use crate::player::{self, Moment, PinKind, Played, Way};
use crate::song::{SECOND, Song};
use crate::{bank, output};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Plays a song into `options.output`, or `name`.
pub fn play(song: &Song, name: PathBuf, options: &Options) -> Result<()> {
    // What the user gave is checked before anything is built or started.
    let way = options.instruments.way(options.out)?;
    let path = options.output.clone().unwrap_or(name);
    output::check(&path)?;
    if let Some(report) = &options.report {
        output::check(report)?;
    }
    let bar = progress_bar(song);
    let mut meter = Meter::new(way);
    let performance = perform(song, &options.instruments, way, |moment| {
        meter.take(moment);
        bar.set_position((moment.time.clamp(0, song.length) / (SECOND / 1000)) as u64);
    });
    bar.finish_and_clear();
    let Performance {
        played,
        finished,
        elapsed,
    } = performance?;

    let (audio, started) = match &played.recording {
        Some(recording) => (&recording.audio, recording.started),
        None => (&finished.audio, finished.started),
    };
    let samples = trim(audio, played.start - started, way.rate);
    wav::write_wav(&path, way.rate, samples)?;
    if let Some(report) = &options.report {
        let json = serde_json::to_vec(&meter.trace()).map_err(|why| {
            Failure::new(Kind::Session, format!("the report cannot be made: {why}"))
        })?;
        output::write_bytes(report, &json)?;
    }
    let report = Report {
        song,
        statistics: &played.statistics,
        frames: samples.len() / 2,
        rate: way.rate,
        elapsed,
        violations: &finished.violations,
    };
    report.print();
    println!("{}", path.display());
    verified(&finished)
}

/// A song that was played, and the machine that is off.
pub struct Performance {
    pub played: Played,
    pub finished: Finished,
    /// Real time.
    pub elapsed: Duration,
}

/// Plays a song on a machine of its own. `progress` hears of it while it plays.
pub fn perform(
    song: &Song,
    options: &Instruments,
    way: Way,
    mut progress: impl FnMut(&Moment),
) -> Result<Performance> {
    let bank = match &options.bank {
        Some(file) => bank::load(file, song, way.pin)?,
        None => arioso_bank::general_midi(),
    };
    let collection = bank::parse(&bank, options.bank.as_deref())?;
    let image = driver::image()?;

    let started = Instant::now();
    // On the MIDI range nothing can be downloaded: the instruments are the driver's own.
    let own = (way.pin == PinKind::Midi).then_some(bank.as_slice());
    let mut machine = Machine::start(&image, own, options.verbose, options.dither)?;
    let mut client = machine.client();
    let played = player::play(&mut client, song, &collection, way, |moment| {
        progress(moment);
        Ok(())
    });
    drop(client);
    let finished = machine.finish();
    let elapsed = started.elapsed();
    // What the kernel has to say explains a failure of the player.
    let played = played.map_err(|failure| explained(failure, &finished.violations))?;
    for patch in &played.missing {
        eprintln!(
            "arioso: the bank has no {}; its notes are silent",
            player::describe(*patch)
        );
    }
    Ok(Performance {
        played,
        finished,
        elapsed,
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

/// The song alone: without the time before its first event, and without what is silent at the end.
/// `before` is the time from the first frame of `audio` to the song, 100 ns.
fn trim(audio: &[i16], before: i64, rate: u32) -> &[i16] {
    let before = i128::from(before) * i128::from(rate) / i128::from(SECOND);
    let silent = audio.iter().take_while(|sample| **sample == 0).count() / 2;
    let first = silent.min(usize::try_from(before).unwrap_or(0));
    let sounding = audio
        .iter()
        .rposition(|sample| *sample != 0)
        .map_or(first, |last| last / 2 + 1);
    let last = (sounding + rate as usize / 10)
        .min(audio.len() / 2)
        .max(first);
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
        assert_eq!(trim(&audio, SECOND / 2, 1000).len(), 2 * (1001 - 500 + 100));
        // Sound before the song's start is kept.
        assert_eq!(trim(&audio, SECOND, 1000).len(), 2 * (1001 - 900 + 100));
    }

    #[test]
    fn silence_alone_is_nearly_nothing() {
        assert_eq!(trim(&[0; 4000], SECOND, 1000).len(), 2 * 100);
        assert_eq!(trim(&[], SECOND, 1000).len(), 0);
    }
}
