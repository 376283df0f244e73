// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the parsers' and the synthesizer's targets do in this process, done through the driver: downloads, MIDI to both kinds of pins,
//! banks' files, lives. The first byte says which; the rest is an input of that target.

use crate::bytes::{Bytes, hash};
use crate::dls_download::{Planted, step};
use crate::life::{Life, Part};
use crate::machine::{self, Hand, MILLISECOND, Pins, RATE, Subdevice, cable};
use crate::{Target, dls_file};
use arioso_core::dls::convert::Budget;
use arioso_core::dls::download::{Download as Parsed, parse};
use arioso_core::dls::file::{Collection, Limits, load};
use arioso_core::ks::arioso::{ARIOSO_CONTROL_BANK, ARIOSO_CONTROL_SILENCE};
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::bank::Downloads;
use conformance::events::{EventBuffer, MusicBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::read::read;
use conformance::synth::{self, Download};
use conformance::wave::WavePath;
use conformance::{Client, settings};
use simkernel::client::SimClient;

/// This target.
pub const TARGET: Target = Target {
    name: "music",
    run,
    seeds,
    dictionary,
    driver: true,
};

/// What the rest of an input is.
mod kind {
    /// [`crate::dls_download`]
    pub const DOWNLOADS: u8 = 0;
    /// [`crate::midi_stream`], to a DirectMusic pin.
    pub const EVENTS: u8 = 1;
    /// The same, to a MIDI pin, to the cable, and read from it.
    pub const STREAM: u8 = 2;
    /// [`crate::dls_file`], as the device's bank.
    pub const FILE: u8 = 3;
    /// [`crate::life`]
    pub const LIFE: u8 = 4;
    pub const COUNT: u8 = 5;
    /// Beside [`FILE`]: so long that only its structure is read at first.
    pub const LARGE: u8 = 0x80;
}

const PINS: usize = 3;
/// Bytes of a stream that are played.
const LONGEST: usize = 2 << 10;
/// More than a file that is read as a whole.
const LARGE: usize = 16 << 20;
/// Most time of a life, in frames.
const LIFETIME: u64 = 10 * RATE as u64;

/// A pin and its downloads.
struct Music {
    pin: Pin<SimClient>,
    own: Vec<Download>,
    /// Of the last instrument.
    patch: u32,
}

struct Program<'a, 'b> {
    hand: &'a mut Hand<'b>,
    client: &'a mut SimClient,
    filter: Filter<SimClient>,
    ids: Pins,
}

fn run(input: &[u8]) {
    let seed = hash(input);
    let mut input = Bytes(input);
    let first = input.u8();
    let is_large = first & kind::LARGE != 0;
    let kind = (first & !kind::LARGE) % kind::COUNT;
    machine::with_client(seed, false, |hand, client, filter, ids| {
        let wave = WavePath::open(client, &filter, ids.wave, RATE);
        let mut wave = wave.expect("the wave pin");
        wave.run(client).expect("it runs");
        let mut program = Program {
            hand,
            client,
            filter,
            ids,
        };
        match kind {
            kind::DOWNLOADS => program.downloads(input),
            kind::EVENTS => program.events(input),
            kind::STREAM => program.stream(input),
            kind::FILE => program.file(input.0, is_large),
            _ => program.life(&Life::read(input.0)),
        }
    });
}

impl Program<'_, '_> {
    /// A running pin.
    fn pin(&mut self) -> Option<Pin<SimClient>> {
        let pin = self.filter.direct_music_pin(self.client, self.ids.music);
        let mut pin = pin.ok()?;
        pin.set_state(self.client, KSSTATE_RUN).ok()?;
        Some(pin)
    }

    fn downloads(&mut self, mut input: Bytes) {
        let mut pins = [const { None::<Music> }; PINS];
        let mut planted = Planted::default();
        let mut left = None;
        for _ in 0..64 {
            if input.is_empty() {
                break;
            }
            let byte = input.u8();
            let at = (byte >> 4) % PINS as u8;
            let what = (byte & 0xF) % step::COUNT;
            if what == step::CLOSE {
                if let Some(music) = pins[usize::from(at)].take() {
                    music.pin.close(self.client).expect("it closes");
                }
                continue;
            }
            if pins[usize::from(at)].is_none() {
                pins[usize::from(at)] = self.pin().map(|pin| Music {
                    pin,
                    own: Vec::new(),
                    patch: 0,
                });
            }
            let Some(Music { pin, own, patch }) = &mut pins[usize::from(at)] else {
                continue;
            };
            let handle = pin.handle;
            match what {
                step::DOWNLOAD => {
                    let buffer = input.block();
                    planted.download(at, buffer);
                    self.hand.starve(left.take());
                    let got = synth::download(self.client, handle, buffer);
                    self.hand.starve(None);
                    if let Ok(download) = got {
                        assert!(!own.contains(&download), "a handle twice");
                        own.push(download);
                        if let Ok(Parsed::Instrument(found)) =
                            parse(buffer, &mut Budget::new(1 << 20))
                        {
                            *patch = found.patch;
                        }
                    }
                }
                step::UNLOAD if !own.is_empty() => {
                    let download = own.swap_remove(usize::from(input.u8()) % own.len());
                    self.hand.starve(left.take());
                    let got = synth::unload(self.client, handle, download);
                    self.hand.starve(None);
                    if got.is_err() {
                        // No memory for the pin's new table: it is there as before.
                        synth::unload(self.client, handle, download).expect("it is there");
                    }
                    let again = synth::unload(self.client, handle, download);
                    assert!(again.is_err(), "it went twice");
                }
                step::PLAY => {
                    let (key, velocity) = (input.u8() & 0x7F, input.u8() & 0x7F);
                    self.note(pin, *patch, key, velocity);
                }
                step::FOREIGN => {
                    let foreign = Download(input.u32().into());
                    if !own.contains(&foreign) {
                        let gone = synth::unload(self.client, handle, foreign);
                        assert!(gone.is_err(), "what is not its own");
                    }
                }
                step::SCARCE => left = Some(u64::from(input.u8()) + 1),
                _ => {}
            }
        }
    }

    /// Selects a patch and holds a note of it for a moment.
    fn note(&mut self, pin: &Pin<SimClient>, patch: u32, key: u8, velocity: u8) {
        let now = self.client.now();
        let mut buffer = EventBuffer::new(now);
        let channel = machine::push_note(&mut buffer, now, patch, key, velocity);
        // Everything that may move it meanwhile.
        let middle = now + 50 * MILLISECOND;
        buffer.push(middle, 1, &[0xB0 | channel, 1, 100]);
        buffer.push(middle, 1, &[0xD0 | channel, 100]);
        buffer.push(middle, 1, &[0xA0 | channel, key, 100]);
        buffer.push(middle, 1, &[0xE0 | channel, 0, 100]);
        let end = now + 200 * MILLISECOND;
        buffer.push(end, 1, &[0x80 | channel, key, 0]);
        self.send(pin, &buffer);
        self.client.sleep(300 * MILLISECOND);
    }

    fn send(&mut self, pin: &Pin<SimClient>, buffer: &EventBuffer) {
        let write = write(self.client, pin.handle, buffer.start(), buffer.bytes());
        write
            .wait(self.client)
            .expect("a pin that runs takes what is written");
    }

    /// Fragments of the stream, as parts of messages; a note is held meanwhile.
    fn events(&mut self, mut input: Bytes) {
        let fragment = usize::from(input.u8() % 16) + 1;
        let stream = input.take(LONGEST);
        let pin = self.pin().expect("a pin");
        self.bank(&pin, &dls_file::seeds()[3]);
        for part in stream.chunks(256) {
            let now = self.client.now();
            let mut buffer = EventBuffer::new(now);
            // Not inside a message that the part before has begun.
            if part.first().is_some_and(|byte| *byte >= 0x80) {
                buffer.push(now, 1, &[0x90, 60, 100]);
                buffer.push(now, 1, &[0x99, 36, 100]);
            }
            for (at, bytes) in (0..).zip(part.chunks(fragment)) {
                buffer.push_raw(now + at * MILLISECOND, 1, 0, bytes);
            }
            self.send(&pin, &buffer);
            self.client.sleep(300 * MILLISECOND);
        }
        self.silence(&pin);
    }

    /// Whatever came before: a reset, and no voice is left.
    fn silence(&mut self, pin: &Pin<SimClient>) {
        settings::control(self.client, self.filter.handle, ARIOSO_CONTROL_SILENCE)
            .expect("all notes end");
        self.client.sleep(500 * MILLISECOND);
        let counted = synth::statistics(self.client, pin.handle).expect("statistics");
        assert_eq!(counted.Voices, 0, "voices after silence");
    }

    fn bank(&mut self, pin: &Pin<SimClient>, file: &[u8]) {
        let bank = Collection::parse(file, Limits::default().answers).expect("a DLS file");
        let mut downloads = Downloads::default();
        for instrument in bank.instruments() {
            downloads
                .add(
                    self.client,
                    pin.handle,
                    &bank,
                    &instrument,
                    instrument.patch(),
                )
                .expect("a download");
        }
    }

    /// Fragments of the stream to a MIDI pin of the synthesizer and to the cable, whose other end is read.
    fn stream(&mut self, mut input: Bytes) {
        let fragment = usize::from(input.u8() % 16) + 1;
        let stream = input.take(LONGEST);
        let client = &mut *self.client;
        let mut pin = self
            .filter
            .midi_pin(client, self.ids.music)
            .expect("a MIDI pin");
        pin.set_state(client, KSSTATE_RUN).expect("it runs");
        let wires = Subdevice::Cable.open(client);
        let [from, to] = [cable::A_IN, cable::B_OUT].map(|end| {
            let mut end = wires.midi_pin(client, end).expect("an end");
            end.set_state(client, KSSTATE_RUN).expect("it runs");
            end.handle
        });
        for part in stream.chunks(256) {
            let reading = read(client, to, 512);
            for handle in [pin.handle, from] {
                let mut buffer = MusicBuffer::default();
                for (at, bytes) in part.chunks(fragment).enumerate() {
                    buffer.push(u32::from(at % 3 == 0), bytes);
                }
                write(client, handle, 0, buffer.bytes())
                    .wait(client)
                    .expect("a pin that runs takes what is written");
            }
            client.sleep(100 * MILLISECOND);
            reading.cancel(client);
        }
    }

    /// The device's bank, until the end: two notes of each of its first instruments.
    fn file(&mut self, file: &[u8], is_large: bool) {
        let found = load(file, Limits::default()).unwrap_or_default();
        let mut whole = file.to_vec();
        if is_large {
            // What lies behind a form is ignored.
            whole.resize(file.len() + LARGE, 0);
        }
        self.hand.name_bank(Some(&whole));
        let handle = self.filter.handle;
        let read = settings::control(self.client, handle, ARIOSO_CONTROL_BANK);
        let pin = self.pin().expect("a pin");
        if read.is_ok() {
            for instrument in found.iter().take(4) {
                let Some(region) = instrument.regions.first() else {
                    continue;
                };
                for key in [region.keys.0, region.keys.1] {
                    self.note(&pin, instrument.patch, key, region.velocities.1);
                }
            }
        }
        pin.close(self.client).expect("it closes");
        self.hand.name_bank(None);
        settings::control(self.client, handle, ARIOSO_CONTROL_BANK).expect("there is no bank");
        // A pin's last table stays in the store until the next reading: as every other input leaves it.
        self.pin().expect("a pin");
    }

    fn life(&mut self, life: &Life) {
        let pin = self.pin().expect("a pin");
        for buffer in life.downloads(RATE) {
            synth::download(self.client, pin.handle, &buffer).expect("a download");
        }
        let begin = self.client.now();
        let time = |frame: u64| begin + (frame * 10_000_000 / u64::from(RATE)) as i64;
        let mut buffer = EventBuffer::new(begin);
        let mut last = begin;
        for (frame, part) in life.parts() {
            if frame > LIFETIME {
                break;
            }
            last = time(frame);
            match part {
                Part::Message(group, message) => {
                    buffer.push(time(frame), group.into(), &message);
                }
                other => {
                    let done = std::mem::replace(&mut buffer, EventBuffer::new(time(frame)));
                    self.send(&pin, &done);
                    let ahead = time(frame) - self.client.now();
                    self.client.sleep(ahead.max(0));
                    let (client, handle) = (&mut *self.client, pin.handle);
                    match other {
                        Part::Groups(groups) => {
                            synth::set_channel_groups(client, handle, groups.into())
                        }
                        Part::Volume(volume) => synth::set_volume(client, handle, volume),
                        Part::Message(..) => Ok(()),
                    }
                    .expect("a property is set");
                }
            }
        }
        self.send(&pin, &buffer);
        let ahead = last - self.client.now();
        self.client.sleep(ahead.max(0) + 1000 * MILLISECOND);
        self.silence(&pin);
    }
}

fn seeds() -> Vec<Vec<u8>> {
    [
        (kind::DOWNLOADS, "dls_download"),
        (kind::EVENTS, "midi_stream"),
        (kind::STREAM, "midi_stream"),
        (kind::FILE, "dls_file"),
        (kind::FILE | kind::LARGE, "dls_file"),
        (kind::LIFE, "life"),
    ]
    .into_iter()
    .flat_map(|(kind, name)| {
        let known = crate::find(name).map_or_else(Vec::new, |target| target.known());
        known
            .into_iter()
            .map(move |input| [&[kind][..], &input].concat())
    })
    .chain((8..40).map(|seed| [&[kind::LIFE][..], &Life::of_seed(seed).bytes()].concat()))
    .collect()
}

fn dictionary() -> Vec<Vec<u8>> {
    (0..kind::COUNT).map(|kind| vec![kind]).collect()
}
