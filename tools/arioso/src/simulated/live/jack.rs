// SPDX-License-Identifier: MIT OR Apache-2.0
//! One client of JACK with a MIDI input and two outputs: what comes in one of its calls and what goes out of it are of one moment.

use super::super::realtime::pace::Message;
use super::{Devices, Keys, Shared};
use crate::failure::{Failure, Kind, Result};
use ::jack::{
    AudioOut, Client, ClientOptions, ClientStatus, Control, Frames, MidiIn, NotificationHandler,
    Port, PortFlags, ProcessHandler, ProcessScope,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Its name among JACK's clients.
const NAME: &str = "arioso";
const MIDI: &str = "8 bit raw midi";
const SOUND: &str = "32 bit float mono audio";

fn failed(what: &str, why: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::Session, format!("JACK: {what}: {why}"))
}

fn client() -> Result<Client> {
    let (client, _) = Client::new(NAME, ClientOptions::NO_START_SERVER)
        .map_err(|why| failed("no server answers (start one, or --system alsa)", why))?;
    Ok(client)
}

/// Whether a server answers.
pub fn is_running() -> bool {
    // The library tells of everything on the standard error.
    ::jack::set_logger(::jack::LoggerType::None);
    client().is_ok()
}

/// Frames per second.
pub fn rate() -> Result<u32> {
    Ok(client()?.sample_rate())
}

/// Ports that send MIDI, and that take sound.
pub fn list() -> Result<String> {
    let client = client()?;
    let inputs = client.ports(None, Some(MIDI), PortFlags::IS_OUTPUT);
    let outputs = client.ports(None, Some(SOUND), PortFlags::IS_INPUT);
    Ok(super::devices::table(&inputs, &outputs))
}

struct Watch(Arc<AtomicBool>);

impl NotificationHandler for Watch {
    unsafe fn shutdown(&mut self, _: ClientStatus, _: &str) {
        self.0.store(false, Ordering::Relaxed);
    }
}

struct Process {
    midi: Port<MidiIn>,
    left: Port<AudioOut>,
    right: Port<AudioOut>,
    tap: Shared,
    keys: Keys,
}

impl ProcessHandler for Process {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        for event in self.midi.iter(scope) {
            // Where a thousand wait, one more is no use.
            let _ = self.keys.try_send(Message::new(event.time, event.bytes));
        }
        let frames: Frames = scope.n_frames();
        let (left, right) = (
            self.left.as_mut_slice(scope),
            self.right.as_mut_slice(scope),
        );
        let mut places = left.iter_mut().zip(right);
        // Nobody else holds it while a client runs.
        if let Ok(mut tap) = self.tap.try_lock() {
            tap.take(frames as usize, |frame| {
                if let Some((left, right)) = places.next() {
                    [*left, *right] = frame;
                }
            });
        }
        Control::Continue
    }
}

/// Opens the client and connects it: from the MIDI ports that `midi_in` is a part of, or none, to the first loudspeakers.
pub fn open(midi_in: Option<&str>, tap: Shared, keys: Keys) -> Result<Devices> {
    let client = client()?;
    if let Ok(tap) = tap.lock()
        && client.sample_rate() != tap.rate()
    {
        let rates = format!(
            "the server's rate is now {} instead of {}",
            client.sample_rate(),
            tap.rate()
        );
        return Err(failed("start arioso again", rates));
    }
    let port = |why| failed("no port", why);
    let midi = client
        .register_port("midi_in", MidiIn::default())
        .map_err(port)?;
    let left = client
        .register_port("out_left", AudioOut::default())
        .map_err(port)?;
    let right = client
        .register_port("out_right", AudioOut::default())
        .map_err(port)?;
    let names = [&midi.name(), &left.name(), &right.name()]
        .map(|name| name.as_ref().map_or(String::new(), String::clone));
    let there = Arc::new(AtomicBool::new(true));
    let process = Process {
        midi,
        left,
        right,
        tap,
        keys,
    };
    let running = client
        .activate_async(Watch(Arc::clone(&there)), process)
        .map_err(|why| failed("it does not start", why))?;
    let client = running.as_client();
    let [midi, left, right] = names;
    let mut from = format!("port {midi}");
    if let Some(part) = midi_in {
        let inputs = client.ports(None, Some(MIDI), PortFlags::IS_OUTPUT);
        let found = super::devices::named(&inputs, part)?;
        client
            .connect_ports_by_name(found, &midi)
            .map_err(|why| failed("no connection", why))?;
        from = found.clone();
    }
    let speakers = client.ports(
        None,
        Some(SOUND),
        PortFlags::IS_INPUT | PortFlags::IS_PHYSICAL,
    );
    for (ours, theirs) in [left, right].iter().zip(&speakers) {
        client
            .connect_ports_by_name(ours, theirs)
            .map_err(|why| failed("no connection", why))?;
    }
    let period = f64::from(client.buffer_size()) / f64::from(client.sample_rate()) * 1e3;
    let to = speakers.first().map_or("nowhere", String::as_str);
    let line = format!(
        "JACK: {from} to {to}, {} frames ({period:.1} ms) at {} Hz",
        client.buffer_size(),
        client.sample_rate()
    );
    Ok(Devices {
        line,
        there,
        _running: Box::new(running),
    })
}
