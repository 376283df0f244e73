// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plays a song as DirectMusic does: downloads, buffers sent ahead of their time, the wave pin running.

use crate::failure::Result;
use crate::listen::{Audio, Output, Recording};
use crate::song::instruments::{DRUMS, notes};
use crate::song::{Event, SECOND, Song};
use arioso_core::dls::file::{Collection, Instrument};
use arioso_core::dls::substitute;
use arioso_core::ks::arioso::ARIOSO_STATISTICS;
use arioso_core::ks::dmusprop::{
    SYNTH_EFFECT_CHORUS, SYNTH_EFFECT_REVERB, SYNTH_PORTPARAMS, SYNTH_PORTPARAMS_CHANNELGROUPS,
    SYNTH_PORTPARAMS_SAMPLERATE, SYNTH_PORTPARAMS_VOICES,
};
use arioso_core::ks::guid::{
    GUID_DMUS_PROP_Effects, KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC,
    KSDATAFORMAT_SUBTYPE_MIDI,
};
use arioso_core::ks::ks::{KSPIN_DATAFLOW_IN, KSSTATE_RUN};
use conformance::Client;
use conformance::bank::Downloads;
use conformance::events::{EventBuffer, MusicBuffer, Write, write};
use conformance::filter::{Filter, Pin};
use conformance::synth;
use std::collections::{BTreeSet, VecDeque};

/// Events are sent this long before their time.
const AHEAD: i64 = SECOND / 2;
/// And this often.
const STEP: i64 = SECOND / 20;
/// From the call to the first event, at least.
const LEAD_IN: i64 = SECOND / 4;
/// The longest tail.
const TAIL: i64 = 15 * SECOND;
/// From the end of the last voice to that of its reverberation.
const REVERBERATION: i64 = 4 * SECOND;
/// Bytes of one event buffer.
const BUFFER: usize = 8192;

/// Which data range the song is sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PinKind {
    /// DMUS_EVENTHEADER records, instruments by download.
    Directmusic,
    /// KSMUSICFORMAT records, instruments of the driver's own bank.
    Midi,
}

/// What is known after a song.
#[derive(Debug)]
pub struct Played {
    pub statistics: ARIOSO_STATISTICS,
    /// Master time of the song's beginning, 100 ns.
    #[cfg_attr(
        windows,
        expect(dead_code, reason = "only the simulated sound is recorded")
    )]
    pub start: i64,
    /// Where the sound came out of the endpoint.
    #[cfg_attr(
        windows,
        expect(dead_code, reason = "only the simulated sound is recorded")
    )]
    pub recording: Option<Recording>,
    /// Patches that the bank does not have.
    pub missing: Vec<u32>,
}

/// How a song is played.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub pin: PinKind,
    /// `None`: somebody else listens.
    pub output: Option<Output>,
    /// Frames per second.
    pub rate: u32,
    pub sound: Sound,
}

/// What of the sound is the pin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The pin's volume, 1/100 dB.
    pub gain: i32,
    pub reverb: bool,
    pub chorus: bool,
}

impl Default for Sound {
    fn default() -> Self {
        Self {
            gain: 0,
            reverb: true,
            chorus: true,
        }
    }
}

/// What is known while a song plays.
pub struct Moment<'a> {
    /// 100 ns from the song's beginning.
    pub time: i64,
    pub statistics: &'a ARIOSO_STATISTICS,
    /// Recorded at the endpoint since the last moment: 16-bit stereo.
    #[cfg_attr(
        windows,
        expect(dead_code, reason = "only the simulated sound is recorded")
    )]
    pub audio: &'a [i16],
}

/// Plays `song` with the instruments of `bank`. `progress` hears of it every [`STEP`]; its failure ends the song at once: what is
/// pending is taken back, and the pin is stopped, which silences it.
pub fn play<C: Client>(
    client: &mut C,
    song: &Song,
    bank: &Collection,
    way: Way,
    mut progress: impl FnMut(&Moment) -> Result<()>,
) -> Result<Played> {
    let Way {
        pin: kind,
        output,
        rate,
        sound,
    } = way;
    let (filter, music_pin) = find(client, kind)?;
    let mut parts = Vec::new();
    let mut missing = BTreeSet::new();
    let notes = notes(song);
    for group in song.used_groups() {
        let pin = open(client, &filter, music_pin, kind)?;
        let used = notes.iter().filter(|note| note.group == group);
        let used: BTreeSet<u32> = used.map(|note| note.patch).collect();
        match kind {
            PinKind::Directmusic => {
                configure(client, &pin, rate)?;
                missing.extend(download(client, &pin, &used, bank)?);
            }
            // The driver chooses from its own bank, this one.
            PinKind::Midi => missing.extend(
                used.into_iter()
                    .filter(|patch| instrument(bank, *patch).is_none()),
            ),
        }
        set_up(client, &pin, sound)?;
        parts.push(Part::of(pin, group));
    }
    let mut audio = Audio::open(client, &filter, output, rate)?;
    let running = audio.run(client)?;
    let handles: Vec<C::Handle> = parts.iter().map(|part| part.pin.handle).collect();
    let mut step = |client: &mut C, time| {
        let statistics = statistics(client, &handles)?;
        progress(&Moment {
            time,
            statistics: &statistics,
            audio: audio.listen(client)?,
        })?;
        Ok(statistics)
    };
    let sent = send(client, &mut parts, kind, song, running, |client, time| {
        step(client, time).map(drop)
    });
    let played = sent.and_then(|start| {
        let statistics = finish(client, start + song.length, |client| {
            let time = client.now() - start;
            step(client, time)
        })?;
        Ok((start, statistics))
    });

    let mut closed = Ok(());
    for part in parts {
        closed = closed.and(part.pin.close(client));
    }
    let recording = audio.close(client);
    filter.close(client);
    let (start, statistics) = played?;
    closed?;
    Ok(Played {
        statistics,
        start,
        recording: recording?,
        missing: missing.into_iter().collect(),
    })
}

/// A pin, and what of a song is played on it. A MIDI port of a song is one of the synthesizer: a reset on it is none on another,
/// and both data ranges give the same.
pub struct Part<C: Client> {
    pin: Pin<C>,
    /// The song's channel group; `None`: all, as they are.
    group: Option<u32>,
    /// The song's beginning on the clock that stream headers count.
    origin: i64,
}

impl<C: Client> Part<C> {
    fn of(pin: Pin<C>, group: u32) -> Self {
        Self {
            group: Some(group),
            ..Self::all(pin)
        }
    }

    /// A pin that gets the whole song.
    pub fn all(pin: Pin<C>) -> Self {
        Self {
            pin,
            group: None,
            origin: 0,
        }
    }

    #[cfg(unix)]
    pub fn close(self, client: &mut C) -> Result<()> {
        Ok(self.pin.close(client)?)
    }

    /// The channel group of an event on this pin.
    fn group(&self, event: &Event) -> Option<u32> {
        match self.group {
            None => Some(event.group),
            Some(group) => (event.group == group).then_some(1),
        }
    }
}

/// What several pins have counted together.
fn statistics<C: Client>(client: &mut C, pins: &[C::Handle]) -> Result<ARIOSO_STATISTICS> {
    let mut all: Option<ARIOSO_STATISTICS> = None;
    for pin in pins {
        let one = synth::statistics(client, *pin)?;
        all = Some(match all {
            None => one,
            Some(sum) => ARIOSO_STATISTICS {
                Flags: sum.Flags | one.Flags,
                Events: sum.Events + one.Events,
                Late: sum.Late + one.Late,
                LostNotes: sum.LostNotes + one.LostNotes,
                Notes: sum.Notes + one.Notes,
                Voices: sum.Voices + one.Voices,
                PeakVoices: sum.PeakVoices + one.PeakVoices,
                MaxLateness: sum.MaxLateness.max(one.MaxLateness),
                // The rest is the synthesizer's.
                ..sum
            },
        });
    }
    Ok(all.unwrap_or_default())
}

/// The synthesizer, and its pin with the data range.
pub fn find<C: Client>(client: &mut C, kind: PinKind) -> Result<(Filter<C>, u32)> {
    let subtype = match kind {
        PinKind::Directmusic => KSDATAFORMAT_SUBTYPE_DIRECTMUSIC,
        PinKind::Midi => KSDATAFORMAT_SUBTYPE_MIDI,
    };
    Ok(Filter::find(client, &KSCATEGORY_SYNTHESIZER, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&subtype)
    })?)
}

/// Opens a pin for events.
pub fn open<C: Client>(
    client: &mut C,
    filter: &Filter<C>,
    id: u32,
    kind: PinKind,
) -> Result<Pin<C>> {
    Ok(match kind {
        PinKind::Directmusic => filter.direct_music_pin(client, id)?,
        PinKind::Midi => filter.midi_pin(client, id)?,
    })
}

/// Runs the pins and sends the song; gives the master time of its beginning when it is over: whole seconds after `running`, so that
/// it lies on the same frames whatever plays it. `step` is called now and then with the song's time.
pub fn send<C: Client>(
    client: &mut C,
    parts: &mut [Part<C>],
    kind: PinKind,
    song: &Song,
    running: i64,
    mut step: impl FnMut(&mut C, i64) -> Result<()>,
) -> Result<i64> {
    for part in parts.iter_mut() {
        part.pin.set_state(client, KSSTATE_RUN)?;
        // A MIDI stream counts its own time, a DirectMusic stream that of the master clock.
        part.origin = match kind {
            PinKind::Directmusic => 0,
            PinKind::Midi => -client.now(),
        };
    }
    let mut earliest = client.now();
    for part in parts.iter() {
        earliest = earliest.max(synth::latency_clock(client, part.pin.handle)?);
    }
    let wait = (earliest + LEAD_IN - running).max(0) as u64;
    let start = running + wait.next_multiple_of(SECOND as u64) as i64;
    for part in parts.iter_mut() {
        part.origin += start;
    }
    Feeder {
        parts,
        kind,
        start,
        writes: VecDeque::new(),
    }
    .play(client, song, &mut step)?;
    Ok(start)
}

fn configure<C: Client>(client: &mut C, pin: &Pin<C>, rate: u32) -> Result<()> {
    let wanted = SYNTH_PORTPARAMS {
        ValidParams: SYNTH_PORTPARAMS_VOICES
            | SYNTH_PORTPARAMS_CHANNELGROUPS
            | SYNTH_PORTPARAMS_SAMPLERATE,
        Voices: 256,
        ChannelGroups: 1,
        SampleRate: rate,
        ..SYNTH_PORTPARAMS::default()
    };
    synth::port_parameters(client, pin.handle, wanted)?;
    Ok(())
}

/// Volume and effects of a pin, where they are not a new pin's.
pub fn set_up<C: Client>(client: &mut C, pin: &Pin<C>, sound: Sound) -> Result<()> {
    let new = Sound::default();
    if sound.gain != new.gain {
        synth::set_volume(client, pin.handle, sound.gain)?;
    }
    if (sound.reverb, sound.chorus) != (new.reverb, new.chorus) {
        let on = |effect: u32, is_on: bool| if is_on { effect } else { 0 };
        let effects = on(SYNTH_EFFECT_REVERB, sound.reverb) | on(SYNTH_EFFECT_CHORUS, sound.chorus);
        synth::property(GUID_DMUS_PROP_Effects, 0).set(client, pin.handle, effects)?;
    }
    Ok(())
}

/// Downloads what is played on a pin; gives the patches for which there is nothing.
fn download<C: Client>(
    client: &mut C,
    pin: &Pin<C>,
    used: &BTreeSet<u32>,
    bank: &Collection,
) -> Result<Vec<u32>> {
    let mut downloads = Downloads::default();
    let mut missing = Vec::new();
    for &patch in used {
        let sounds = match instrument(bank, patch) {
            // Under the number that the song asks for.
            Some(instrument) => downloads.add(client, pin.handle, bank, &instrument, patch)?,
            None => false,
        };
        if !sounds {
            missing.push(patch);
        }
    }
    Ok(missing)
}

/// The bank's instrument for a patch, or the nearest substitute.
pub fn instrument<'a>(bank: &Collection<'a>, patch: u32) -> Option<Instrument<'a>> {
    let all = || bank.instruments().map(|i| (i.patch(), i));
    let find = |patch| all().find(|found| found.0 == patch).map(|found| found.1);
    substitute::kin(patch, find, all()).or_else(|| substitute::nearest(patch, all()))
}

/// Sends events to running pins.
struct Feeder<'a, C: Client> {
    parts: &'a [Part<C>],
    kind: PinKind,
    /// The song's beginning on the master clock.
    start: i64,
    writes: VecDeque<Write<C>>,
}

impl<C: Client> Feeder<'_, C> {
    /// Plays the song; of one that fails nothing stays pending.
    fn play(
        mut self,
        client: &mut C,
        song: &Song,
        step: &mut impl FnMut(&mut C, i64) -> Result<()>,
    ) -> Result<()> {
        let played = self.feed(client, song, step);
        for write in self.writes {
            let _ = write.cancel(client);
        }
        played
    }

    /// Sends all events, each [`AHEAD`] of its time, and waits for the song's end.
    fn feed(
        &mut self,
        client: &mut C,
        song: &Song,
        step: &mut impl FnMut(&mut C, i64) -> Result<()>,
    ) -> Result<()> {
        let mut rest = song.events.as_slice();
        while !rest.is_empty() {
            let horizon = client.now() + AHEAD - self.start;
            let (due, later) = rest.split_at(rest.partition_point(|event| event.time <= horizon));
            rest = later;
            for part in self.parts {
                match self.kind {
                    PinKind::Directmusic => self.send_records(client, part, due),
                    PinKind::Midi => self.send_bytes(client, part, due),
                }
            }
            self.collect(client)?;
            self.step(client, step)?;
        }
        for write in std::mem::take(&mut self.writes) {
            write.wait(client)?;
        }
        while client.now() < self.start + song.length {
            self.step(client, step)?;
        }
        Ok(())
    }

    fn step(&self, client: &mut C, step: &mut impl FnMut(&mut C, i64) -> Result<()>) -> Result<()> {
        client.sleep(STEP);
        let time = client.now() - self.start;
        step(client, time)
    }

    fn send_records(&mut self, client: &mut C, part: &Part<C>, due: &[Event]) {
        let mut buffer: Option<EventBuffer> = None;
        for event in due {
            let Some(group) = part.group(event) else {
                continue;
            };
            let time = part.origin + event.time;
            let open = buffer.get_or_insert_with(|| EventBuffer::new(time));
            open.push(time, group, &event.message);
            if open.bytes().len() >= BUFFER {
                self.flush(client, part, buffer.take());
            }
        }
        self.flush(client, part, buffer);
    }

    fn flush(&mut self, client: &mut C, part: &Part<C>, buffer: Option<EventBuffer>) {
        if let Some(buffer) = buffer {
            self.writes.push_back(write(
                client,
                part.pin.handle,
                buffer.start(),
                buffer.bytes(),
            ));
        }
    }

    /// A buffer for each moment: KSMUSICFORMAT counts milliseconds only, the stream header 100 ns.
    fn send_bytes(&mut self, client: &mut C, part: &Part<C>, due: &[Event]) {
        for moment in due.chunk_by(|a, b| a.time == b.time) {
            let bytes: Vec<u8> = moment
                .iter()
                .filter(|event| part.group(event).is_some())
                .flat_map(|event| event.message.iter().copied())
                .collect();
            if bytes.is_empty() {
                continue;
            }
            let mut buffer = MusicBuffer::default();
            buffer.push(0, &bytes);
            let time = part.origin + moment.first().map_or(0, |event| event.time);
            self.writes
                .push_back(write(client, part.pin.handle, time, buffer.bytes()));
        }
    }

    /// Takes back the buffers that have been consumed.
    fn collect(&mut self, client: &mut C) -> Result<()> {
        while let Some(completion) = self.writes.front_mut().and_then(|write| write.poll(client)) {
            if completion.status < 0 {
                return Err(conformance::Error::status("write stream", completion.status).into());
            }
            self.writes.pop_front();
        }
        Ok(())
    }
}

/// Lets the last notes die away.
fn finish<C: Client>(
    client: &mut C,
    end: i64,
    mut step: impl FnMut(&mut C) -> Result<ARIOSO_STATISTICS>,
) -> Result<ARIOSO_STATISTICS> {
    let mut last = None;
    loop {
        client.sleep(STEP);
        let statistics = step(client)?;
        let now = client.now();
        if last.is_none() && (now > end && statistics.Voices == 0 || now > end + TAIL) {
            last = Some(now);
        }
        if last.is_some_and(|last| now > last + REVERBERATION) {
            return Ok(statistics);
        }
    }
}

/// A patch for people.
pub fn describe(patch: u32) -> String {
    let (msb, lsb, program) = (patch >> 16 & 0x7F, patch >> 8 & 0x7F, patch & 0x7F);
    let what = if patch & DRUMS != 0 {
        "drum kit"
    } else {
        "program"
    };
    if msb | lsb == 0 {
        format!("{what} {}", program + 1)
    } else {
        format!("{what} {} of bank {msb}/{lsb}", program + 1)
    }
}
