// SPDX-License-Identifier: MIT OR Apache-2.0
//! `play`: a song through WinMM or through the driver's pin.

use super::api::ks::KsClient;
use super::api::midi::{self, Output};
use crate::failure::{Failure, Kind, Result};
use crate::player::{self, PinKind, Sound, Way};
use crate::song::{SECOND, Song};
use crate::unheard::Unheard;
use crate::{Reading, bank, messages, read_to_play, stop};
use arioso_core::ks::guid::KSCATEGORY_SYNTHESIZER;
use conformance::Client;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The way to the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Via {
    /// A MIDI port, as most programs do
    Winmm,
    /// The synthesizer's pin: instruments by download, events with time stamps
    Ks,
}

/// How a song is played.
pub struct Options {
    pub reading: Reading,
    pub via: Via,
    pub port: Option<String>,
    pub pin: PinKind,
    pub bank: Vec<PathBuf>,
    /// Through the pin.
    pub sound: Sound,
}

const NAME: &str = "Arioso";
/// The longest time without a look at Ctrl+C.
const STEP: Duration = Duration::from_millis(50);
/// Notes ring out.
const TAIL: Duration = Duration::from_secs(2);

/// `arioso play`
pub fn play(file: &Path, options: &Options) -> Result<()> {
    if options.via == Via::Winmm && options.sound != Sound::default() {
        let message = "--gain, --reverb and --chorus are the pin's: they need --via ks (see arioso play --help)";
        return Err(Failure::new(Kind::Usage, message));
    }
    let song = read_to_play(file, options.reading)?;
    // Notes are ended before the program is.
    stop::catch();
    let port = options.port.as_deref().unwrap_or(NAME);
    let bar = progress_bar(&song);
    let played = match options.via {
        Via::Winmm => win_mm(&song, port, &bar),
        Via::Ks => kernel_streaming(&song, port, options, &bar),
    };
    bar.finish_and_clear();
    let where_to = played?;
    messages::say(format!("{} messages to {where_to}", song.events.len()))
}

fn win_mm(song: &Song, name: &str, bar: &ProgressBar) -> Result<String> {
    let wanted = name.to_lowercase();
    let ports = midi::outputs();
    let Some(port) = ports
        .iter()
        .find(|port| port.name.to_lowercase().contains(&wanted))
    else {
        let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
        let there = match names.as_slice() {
            [] => "there is none at all".into(),
            names => format!("there are: {}", names.join(", ")),
        };
        let message = format!(
            "WinMM has no MIDI port named \"{name}\"; {there} (arioso doctor says what is wrong, --port takes another)"
        );
        return Err(Failure::new(Kind::Session, message));
    };
    let refused = |what: &str, code| {
        let message = format!("cannot {what} {}: {}", port.name, midi::error_text(code));
        Failure::new(Kind::Session, message)
    };
    let output = Output::open(port.number).map_err(|code| refused("open", code))?;
    let start = Instant::now();
    for event in &song.events {
        wait_until(start + duration(event.time), start, bar)?;
        output
            .send(&event.message)
            .map_err(|code| refused("send to", code))?;
    }
    wait_until(start + duration(song.length) + TAIL, start, bar)?;
    Ok(port.name.clone())
}

fn duration(hundred_ns: i64) -> Duration {
    Duration::from_nanos(u64::try_from(hundred_ns).unwrap_or(0).saturating_mul(100))
}

fn wait_until(time: Instant, start: Instant, bar: &ProgressBar) -> Result<()> {
    loop {
        stop::go_on()?;
        let left = time.saturating_duration_since(Instant::now());
        bar.set_position(start.elapsed().as_millis() as u64);
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(STEP));
    }
}

fn kernel_streaming(
    song: &Song,
    link: &str,
    options: &Options,
    bar: &ProgressBar,
) -> Result<String> {
    let loaded = bank::load(&options.bank, song, options.pin)?;
    let collection = bank::parse(&loaded.dls, options.bank.first().map(PathBuf::as_path))?;
    for line in &loaded.notes {
        messages::warn(line);
    }
    if let Some(losses) = &loaded.losses {
        messages::note(format!("banks converted  {losses}"));
    }
    let mut client = KsClient::default();
    client.only = Some(link.to_owned());
    if client.interfaces(&KSCATEGORY_SYNTHESIZER).is_empty() {
        let message = format!(
            "no synthesizer's interface with \"{link}\" in its symbolic link is enabled (arioso doctor says what is wrong, --port takes another)"
        );
        return Err(Failure::new(Kind::Session, message));
    }
    let way = Way {
        pin: options.pin,
        output: None,
        rate: 48_000,
        sound: options.sound,
    };
    let played = player::play(&mut client, song, &collection, way, |moment| {
        bar.set_position((moment.time.clamp(0, song.length) / (SECOND / 1000)) as u64);
        bar.set_message(format!("{} voices", moment.statistics.Voices));
        stop::go_on()
    })?;
    let unheard = Unheard::of(song, &collection, &played.missing);
    if let Some(warning) = unheard.warning(song, None) {
        messages::warn(warning);
    }
    Ok(format!(
        "the pin; {} notes were lost",
        played.statistics.LostNotes
    ))
}

/// Only on a terminal.
fn progress_bar(song: &Song) -> ProgressBar {
    let length = (song.length / (SECOND / 1000)) as u64;
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {elapsed}  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
