// SPDX-License-Identifier: MIT OR Apache-2.0
//! `listen`: from the synthesizer's recording device to a loudspeaker, and `live`: from a keyboard to the synthesizer besides.
//!
//! | module | holds |
//! |---|---|
//! | [`device`] | an endpoint of WASAPI, opened with its shortest period |
//! | [`source`], [`sink`] | a thread for each side, which opens its device again when it has gone or another is the default |
//! | [`keys`] | a keyboard's input, sent to the synthesizer |
//! | [`logon`] | starting with the user |

mod device;
mod keys;
mod logon;
mod sink;
mod source;

use crate::failure::{Failure, Kind, Result};
use crate::{messages, stop};
use arioso_listen::{Format, Reading, SampleType};
use std::fmt;
use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub use logon::forget;

/// Where sound comes from, if nobody says otherwise.
const NAME: &str = "Arioso";
/// How often Ctrl+C is looked for, and the line renewed.
const LOOK: Duration = Duration::from_millis(100);
const SHOW: u32 = 5;

/// What is asked for.
#[derive(clap::Args)]
pub struct Options {
    /// A part of the recording device's name
    #[arg(long, value_name = "NAME", default_value = NAME)]
    from: String,
    /// A part of the loudspeaker's name [default: the default device, also when that changes]
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// The loudspeaker for this program alone, with its shortest period: other programs are not heard
    #[arg(long)]
    exclusive: bool,
}

/// At the user's logon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AtLogon {
    On,
    Off,
}

/// One side's device, for people.
#[derive(Default)]
pub struct Side {
    name: Mutex<String>,
    /// Its buffer, or its packets, in microseconds.
    period_us: AtomicU32,
}

impl Side {
    fn opened(&self, name: String, frames: u32, rate: u32) {
        let us = u64::from(frames) * 1_000_000 / u64::from(rate.max(1));
        self.period_us.store(us as u32, Ordering::Relaxed);
        if let Ok(mut place) = self.name.lock() {
            *place = name;
        }
    }

    fn gone(&self, why: &str) {
        if let Ok(mut place) = self.name.lock() {
            *place = format!("(no device: {why})");
        }
    }
}

/// What all threads know.
#[derive(Default)]
pub struct Common {
    stop: AtomicBool,
    from: Side,
    to: Side,
}

impl Common {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// `arioso listen`
pub fn listen(options: &Options, at_logon: Option<AtLogon>) -> Result<()> {
    match at_logon {
        Some(AtLogon::On) => logon::remember(options),
        Some(AtLogon::Off) => logon::forget().and_then(|_| messages::say("not started at logon")),
        None => run(options),
    }
}

/// `arioso live`
pub fn live(midi_in: Option<&str>, list: bool, options: &Options) -> Result<()> {
    if list {
        return messages::say(keys::list()?);
    }
    let part = midi_in.ok_or_else(|| {
        let message = "Windows has no virtual MIDI inputs: name a keyboard with --midi-in (--list shows them)";
        Failure::new(Kind::Usage, message)
    })?;
    let keys = keys::Keys::open(part, NAME)?;
    messages::note(format!("{} plays {}", keys.from, keys.to));
    run(options)
}

/// Until Ctrl+C.
fn run(options: &Options) -> Result<()> {
    // Both are told what their devices are before they bring or take anything.
    let any = Format {
        rate: 48_000,
        channels: 2,
        sample: SampleType::F32,
    };
    let (source, sink) = arioso_listen::engine((any, 480), (any, 480))
        .map_err(|why| Failure::new(Kind::Session, why))?;
    let meter = sink.meter();
    let common = Arc::new(Common::default());
    stop::catch();
    let start = Instant::now();
    let (shared, name) = (Arc::clone(&common), options.from.clone());
    let from = thread::spawn(move || source::run(&name, source, &shared, start));
    let (shared, name, exclusive) = (Arc::clone(&common), options.to.clone(), options.exclusive);
    let to = thread::spawn(move || sink::run(name.as_deref(), exclusive, sink, &shared, start));
    let mut looks = 0u32;
    let mut said = String::new();
    let terminal = stderr().is_terminal();
    let stopped = loop {
        if let Err(stopped) = stop::go_on() {
            break stopped;
        }
        if from.is_finished() || to.is_finished() {
            break Failure::new(Kind::Session, "a device's thread has stopped");
        }
        looks += 1;
        if looks.is_multiple_of(SHOW) {
            let way = way(&common);
            if way != said {
                if terminal {
                    let _ = write!(stderr(), "\r\x1b[K");
                }
                messages::note(&way);
                said = way;
            }
            let line = Line(meter.read(), &common);
            if terminal {
                // Nobody can be told that this fails.
                let _ = write!(stderr(), "\r\x1b[K{line}");
            } else if looks.is_multiple_of(10 * SHOW) {
                messages::note(line);
            }
        }
        thread::sleep(LOOK);
    };
    common.stop.store(true, Ordering::Relaxed);
    let _ = (from.join(), to.join());
    messages::note(Line(meter.read(), &common));
    Err(stopped)
}

fn way(common: &Common) -> String {
    let name = |side: &Side| side.name.lock().map_or(String::new(), |name| name.clone());
    format!("{} to {}", name(&common.from), name(&common.to))
}

/// Latency, drift, glitches.
struct Line<'a>(Reading, &'a Common);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(reading, common) = self;
        let buffer = f64::from(common.to.period_us.load(Ordering::Relaxed)) / 1e3;
        let level = match reading.peak {
            0.0 => "silent".into(),
            peak => format!("{:.1} dB", 20.0 * peak.log10()),
        };
        write!(
            f,
            "{:.1} ms and {buffer:.1} ms of the loudspeaker's  {:+.0} ppm  {} glitches  {level}",
            reading.latency_ms, reading.drift_ppm, reading.glitches
        )
    }
}
