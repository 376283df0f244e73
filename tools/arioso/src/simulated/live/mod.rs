// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arioso live`: the driver's image in the simulated kernel, in real time.
//!
//! What is between the driver and the loudspeaker is in [`super::realtime`].
//!
//! | module | holds |
//! |---|---|
//! | [`jack`] | MIDI and sound by JACK, in one client |
//! | [`devices`] | MIDI by ALSA's sequencer, sound by ALSA |

mod devices;
mod jack;

use super::driver;
use super::realtime::follow::Look;
use super::realtime::pace::{self, Pace, Setting, Tap};
use crate::failure::{Failure, Kind, Result};
use crate::{messages, stop};
use arioso_cli::numbers::{self, Setting as Found};
use arioso_core::ks::arioso::ARIOSO_SETTINGS;
use std::any::Any;
use std::fmt;
use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where MIDI comes from and sound goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum System {
    /// JACK if its server runs, else ALSA
    Auto,
    /// JACK
    Jack,
    /// ALSA
    Alsa,
}

/// What is played with, and where.
pub struct Options<'a> {
    pub midi_in: Option<&'a str>,
    pub list: bool,
    pub instruments: &'a super::LiveInstruments,
    pub system: System,
}

/// A loudspeaker that runs, or nothing; MIDI that comes in.
struct Devices {
    /// One line: what plays where.
    line: String,
    /// False when a device has gone.
    there: Arc<AtomicBool>,
    /// What runs as long as it is kept.
    _running: Box<dyn Any>,
}

impl Devices {
    fn is_there(&self) -> bool {
        self.there.load(Ordering::Relaxed)
    }
}

/// What a callback of MIDI gives a message to.
type Keys = std::sync::mpsc::SyncSender<pace::Message>;
/// What a callback of sound takes frames from, of whatever loudspeaker there is.
type Shared = Arc<Mutex<Tap>>;

/// How often a loudspeaker that has gone is looked for, and the line renewed.
const LOOK: Duration = Duration::from_millis(100);
const SHOW: u32 = 5;

/// Plays until a signal comes.
pub fn live(options: &Options) -> Result<()> {
    let jack = match options.system {
        System::Auto => jack::is_running(),
        System::Jack => true,
        System::Alsa => false,
    };
    if options.list {
        let lines = if jack {
            jack::list()?
        } else {
            devices::list()?
        };
        return messages::say(lines);
    }
    // Without a loudspeaker nothing need be built.
    let rate = if jack {
        jack::rate()?
    } else {
        devices::rate()?
    };
    let mut follower = options.instruments.follower()?;
    let (change, notes) = follower.first()?;
    for line in &notes {
        messages::warn(line);
    }
    let setting = Setting {
        image: driver::image()?,
        change,
        sound: options.instruments.driver.sound.sound(),
        verbose: options.instruments.driver.verbose,
        rate,
    };
    let mut pace = Pace::start(setting)?;
    let tap: Shared = Arc::new(Mutex::new(pace.tap()?));
    let keys = pace.keys();
    let open = || -> Result<Devices> {
        let (tap, keys) = (Arc::clone(&tap), keys.clone());
        if jack {
            return jack::open(options.midi_in, tap, keys);
        }
        devices::open(options.midi_in, tap, keys)
    };
    let mut devices = Some(open()?);
    stop::catch();
    if let Some(devices) = &devices {
        messages::note(&devices.line);
    }
    let mut line = Line::default();
    let stopped = loop {
        if let Err(stopped) = stop::go_on().and_then(|()| pace.check()) {
            break stopped;
        }
        if devices.as_ref().is_some_and(|devices| !devices.is_there()) {
            devices = None;
            line.end();
            messages::note("The loudspeaker has gone; looking for one.");
        }
        if devices.is_none() {
            devices = open().ok();
            if let Some(devices) = &devices {
                messages::note(&devices.line);
            }
        }
        match follower.look() {
            Look::Same => {}
            Look::Changed(change) => match pace.change(change) {
                Ok(active) => {
                    line.end();
                    messages::note(Told(&active));
                }
                // What has stopped is seen by the next look; the sound goes on.
                Err(why) => messages::warn(why),
            },
            Look::Unusable(why) => {
                line.end();
                messages::warn(why);
            }
        }
        line.show(&pace);
        std::thread::sleep(LOOK);
    };
    drop(devices);
    line.end();
    messages::say(pace.reading())?;
    let violations = pace.finish()?;
    match (violations.first(), stopped.kind) {
        (Some(first), Kind::Stopped) => {
            let message = format!(
                "the driver verifier found {} violations, the first: {first}",
                violations.len()
            );
            Err(Failure::new(Kind::Verifier, message))
        }
        _ => Err(stopped),
    }
}

/// What the driver plays with now.
struct Told<'a>(&'a ARIOSO_SETTINGS);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(active) = self;
        let quality = numbers::find("Quality").ok().and_then(|found| match found {
            Found::Number(number) => Some(number.show(active.Quality)),
            Found::Bank => None,
        });
        write!(
            f,
            "Settings have changed: {} instruments, {} voices, quality {}, {} ms lead",
            active.Instruments,
            active.Voices,
            quality.unwrap_or_default(),
            active.EndpointLead
        )?;
        for (bit, name) in [(1, "RenderUnits"), (2, "WaveSinkFeed")] {
            if active.Pending & bit != 0 {
                write!(f, "; {name} counts when it is started again")?;
            }
        }
        Ok(())
    }
}

/// The line on a terminal.
#[derive(Default)]
struct Line {
    looks: u32,
    shown: bool,
}

impl Line {
    fn show(&mut self, pace: &Pace) {
        self.looks += 1;
        if self.looks.is_multiple_of(SHOW) && stderr().is_terminal() {
            self.shown = true;
            // Nobody can be told that this fails.
            let _ = write!(stderr(), "\r\x1b[K{}", pace.reading());
        }
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            messages::note("");
        }
    }
}
