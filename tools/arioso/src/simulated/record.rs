// SPDX-License-Identifier: MIT OR Apache-2.0
//! Records what the driver's capture pin delivers while a song is sent to it.

use super::driver;
use super::machine::Machine;
use super::session::explained;
use super::settings;
use crate::failure::{Failure, Kind, Result};
use crate::player::{self, PinKind};
use crate::song::{Event, SECOND, Song, write};
use crate::{messages, output};
use arioso_core::ks::arioso::{ARIOSO_TRANSPORT, KSPROPERTY_ARIOSO_TRANSPORT, KSPROPSETID_Arioso};
use arioso_core::ks::guid::KSDATAFORMAT_SUBTYPE_DIRECTMUSIC;
use arioso_core::ks::ks::{KSPIN_DATAFLOW_OUT, KSSTATE_RUN};
use arioso_core::midi::{Framer, Piece};
use conformance::Client;
use conformance::connect;
use conformance::filter::Pin;
use conformance::property::Property;
use conformance::read::{Read, event_records, read};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

/// Reads that wait at a time, and bytes of each.
const READS: usize = 4;
const BYTES: usize = 16_384;

/// Sends `song` on the data range `kind` and writes what is captured to `path`, which has been checked.
pub fn record(song: &Song, path: &Path, kind: PinKind, verbose: bool) -> Result<()> {
    let image = driver::image()?;
    let numbers = settings::open(false)?.numbers();
    let mut machine = Machine::start(&image, None, &numbers, verbose)?;
    let mut client = machine.client();
    let taken = take(&mut client, song, kind);
    drop(client);
    let finished = machine.finish();
    let taken = taken.map_err(|failure| explained(failure, &finished.violations))?;
    if taken.counts.Lost != 0 {
        let message = format!(
            "the capture pin had no room for {} messages",
            taken.counts.Lost
        );
        return Err(Failure::new(Kind::Session, message));
    }
    let bytes = write::write(&taken.events)
        .map_err(|why| Failure::new(Kind::Session, format!("cannot make a MIDI file: {why}")))?;
    output::write_bytes(path, &bytes)?;
    messages::say(format!(
        "  messages  {} of {}",
        taken.events.len(),
        song.events.len()
    ))?;
    output::announce(path)?;
    match finished.violations.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(
            Kind::Verifier,
            format!("recorded, but the driver verifier found: {first}"),
        )),
    }
}

/// What has been captured.
struct Take {
    events: Vec<Event>,
    counts: ARIOSO_TRANSPORT,
}

fn take<C: Client>(client: &mut C, song: &Song, kind: PinKind) -> Result<Take> {
    let (filter, render) = player::find(client, kind)?;
    let capture = filter
        .pins(client)?
        .into_iter()
        .find(|pin| pin.flow == KSPIN_DATAFLOW_OUT && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC))
        .ok_or_else(|| Failure::new(Kind::Session, "the synthesizer has no capture pin"))?;
    let mut pin = filter.create_pin(client, &connect::direct_music(capture.id), None)?;
    pin.set_state(client, KSSTATE_RUN)?;
    let mut recorder = Recorder {
        reads: (0..READS)
            .map(|_| read(client, pin.handle, BYTES))
            .collect(),
        pin,
        channels: BTreeMap::new(),
        events: Vec::new(),
    };
    let render = player::open(client, &filter, render, kind)?;
    let mut render = [player::Part::all(render)];
    let now = client.now();
    let start = player::send(client, &mut render, kind, song, now, |client, _| {
        recorder.collect(client)
    })?;
    client.sleep(SECOND / 10);
    recorder.collect(client)?;
    let counts = Property::new(KSPROPSETID_Arioso, KSPROPERTY_ARIOSO_TRANSPORT)
        .get(client, recorder.pin.handle)?;
    for read in recorder.reads {
        let _ = read.cancel(client);
    }
    for part in render {
        part.close(client)?;
    }
    recorder.pin.close(client)?;
    filter.close(client);
    let mut events = recorder.events;
    for event in &mut events {
        event.time -= start;
    }
    Ok(Take { events, counts })
}

struct Recorder<C: Client> {
    pin: Pin<C>,
    reads: VecDeque<Read<C>>,
    /// By channel group: a long message may come in several records.
    channels: BTreeMap<u32, Channel>,
    events: Vec<Event>,
}

#[derive(Default)]
struct Channel {
    framer: Framer,
    open: Vec<u8>,
}

impl<C: Client> Recorder<C> {
    /// Takes what has come, and reads on.
    fn collect(&mut self, client: &mut C) -> Result<()> {
        while let Some(received) = self.reads.front_mut().and_then(|read| read.poll(client)) {
            self.reads.pop_front();
            for record in event_records(&received?)? {
                let Channel { framer, open } = self.channels.entry(record.group).or_default();
                let mut push = |message: &[u8]| {
                    self.events.push(Event {
                        time: record.time,
                        group: record.group,
                        message: message.to_vec(),
                    });
                };
                framer.feed(&record.bytes, |piece| match piece {
                    Piece::Message(message) => push(message),
                    Piece::SysEx(part) => open.extend_from_slice(part),
                    Piece::SysExEnd(part) => {
                        open.extend_from_slice(part);
                        push(&std::mem::take(open));
                    }
                    Piece::Abandoned => open.clear(),
                });
            }
            self.reads.push_back(read(client, self.pin.handle, BYTES));
        }
        Ok(())
    }
}
