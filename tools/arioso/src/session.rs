//! One song from the files to the WAV: bank, driver, machine, player, output, table.

use crate::failure::{Failure, Kind, Result};
use crate::machine::Machine;
use crate::player::{self, PinKind};
use crate::report::Report;
use crate::song::{SECOND, Song};
use crate::{Options, bank, driver, output};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::PathBuf;
use std::time::Instant;

/// Plays a song into `options.output`, or `name`.
pub fn play(song: &Song, name: PathBuf, options: &Options) -> Result<()> {
    // What the user gave is checked before anything is built or started.
    let path = options.output.clone().unwrap_or(name);
    output::check(&path)?;
    let bank = match &options.bank {
        Some(file) => bank::load(file, song, options.pin)?,
        None => arioso_bank::general_midi(),
    };
    let collection = bank::parse(&bank, options.bank.as_deref())?;
    let image = driver::image()?;

    let bar = progress_bar(song);
    let started = Instant::now();
    // On the MIDI range nothing can be downloaded: the instruments are the driver's own.
    let own = (options.pin == PinKind::Midi).then_some(bank.as_slice());
    let mut machine = Machine::start(&image, own, options.verbose)?;
    let mut client = machine.client();
    let played = player::play(
        &mut client,
        song,
        &collection,
        options.pin,
        options.rate,
        |time| {
            bar.set_position((time / (SECOND / 1000)) as u64);
        },
    );
    drop(client);
    let finished = machine.finish();
    let elapsed = started.elapsed();
    bar.finish_and_clear();
    // What the kernel has to say explains a failure of the player.
    let played = match (played, &finished) {
        (Ok(played), _) => played,
        (Err(failure), finished) => return Err(explained(failure, &finished.violations)),
    };

    let samples = trim(
        &finished.audio,
        played.start - finished.started,
        options.rate,
    );
    output::write_wav(&path, options.rate, samples)?;
    for patch in &played.missing {
        eprintln!(
            "arioso: the bank has no {}; its notes are silent",
            player::describe(*patch)
        );
    }
    let report = Report {
        song,
        statistics: &played.statistics,
        frames: samples.len() / 2,
        rate: options.rate,
        elapsed,
        violations: &finished.violations,
    };
    report.print();
    println!("{}", path.display());
    match finished.violations.len() {
        0 => Ok(()),
        count => Err(Failure::new(
            Kind::Verifier,
            format!("the driver verifier found {count} violations (listed above)"),
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
