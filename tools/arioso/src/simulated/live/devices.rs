// SPDX-License-Identifier: MIT OR Apache-2.0
//! ALSA: MIDI by its sequencer, sound by the default device.

use super::super::realtime::pace::Message;
use super::{Devices, Keys, Shared};
use crate::failure::{Failure, Kind, Result};
use crate::messages;
use arioso_listen::{Format, SampleType};
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, SampleFormat, StreamConfig, SupportedBufferSize};
use midir::os::unix::VirtualInput;
use midir::{MidiInput, MidiInputConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const NAME: &str = "Arioso";
/// Frames of a call, where the device lets us choose.
const PERIOD: u32 = 128;
/// What the driver has.
const RATES: [u32; 3] = [48_000, 44_100, 96_000];

fn failed(what: &str, why: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::Session, format!("ALSA: {what}: {why}"))
}

/// The one of `names` that `part` is a part of, whatever its case.
pub fn named<'a>(names: &'a [String], part: &str) -> Result<&'a String> {
    let lower = part.to_lowercase();
    names
        .iter()
        .find(|name| name.to_lowercase().contains(&lower))
        .ok_or_else(|| {
            let all = match names {
                [] => "there is none".into(),
                names => format!("there are {}", names.join(", ")),
            };
            Failure::new(
                Kind::Usage,
                format!("no MIDI input is called \"{part}\": {all}"),
            )
        })
}

/// Two lists for people.
pub fn table(inputs: &[String], outputs: &[String]) -> String {
    let list = |names: &[String]| match names {
        [] => "    none".into(),
        names => names
            .iter()
            .map(|name| format!("    {name}"))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    format!(
        "MIDI inputs (--midi-in takes a part of a name):\n{}\nLoudspeakers:\n{}",
        list(inputs),
        list(outputs)
    )
}

fn midi() -> Result<MidiInput> {
    MidiInput::new(NAME).map_err(|why| failed("no MIDI (is the module snd-seq loaded?)", why))
}

fn inputs(midi: &MidiInput) -> Vec<String> {
    midi.ports()
        .iter()
        .filter_map(|port| midi.port_name(port).ok())
        .collect()
}

/// MIDI ports and sound devices.
pub fn list() -> Result<String> {
    let inputs = midi().map(|midi| inputs(&midi)).unwrap_or_default();
    let devices = cpal::default_host()
        .output_devices()
        .map_err(|why| failed("no sound", why))?;
    let outputs: Vec<String> = devices
        .filter_map(|device| Some(device.description().ok()?.name().to_owned()))
        .collect();
    Ok(table(&inputs, &outputs))
}

/// What a device is opened with.
struct Choice {
    device: cpal::Device,
    config: StreamConfig,
    format: Format,
    raw: SampleFormat,
}

/// The default device, and what it has of what the driver has.
fn choose() -> Result<Choice> {
    let device = cpal::default_host()
        .default_output_device()
        .ok_or_else(|| failed("no sound", "there is no device"))?;
    let configs: Vec<_> = device
        .supported_output_configs()
        .map_err(|why| failed("no sound", why))?
        .collect();
    let samples = [
        (SampleFormat::F32, SampleType::F32),
        (SampleFormat::I32, SampleType::I32),
        (SampleFormat::I16, SampleType::I16),
        (SampleFormat::F64, SampleType::F64),
        (SampleFormat::U8, SampleType::U8),
    ];
    // Stereo before anything else, then the rate, then the samples.
    for channels in [2, 1, 4, 6, 8] {
        for rate in RATES {
            for (raw, sample) in samples {
                let fits = configs.iter().find(|config| {
                    config.channels() == channels
                        && config.sample_format() == raw
                        && (config.min_sample_rate()..=config.max_sample_rate()).contains(&rate)
                });
                let Some(found) = fits else { continue };
                let buffer_size = match found.buffer_size() {
                    SupportedBufferSize::Range { min, max } => {
                        BufferSize::Fixed(PERIOD.clamp(*min, (*max).max(*min)))
                    }
                    SupportedBufferSize::Unknown => BufferSize::Default,
                };
                let format = Format {
                    rate,
                    channels: usize::from(channels),
                    sample,
                };
                let config = StreamConfig {
                    channels,
                    sample_rate: rate,
                    buffer_size,
                };
                return Ok(Choice {
                    device,
                    config,
                    format,
                    raw,
                });
            }
        }
    }
    Err(failed(
        "no sound",
        "the device has none of 44.1, 48 and 96 kHz in a format that is known here",
    ))
}

/// Frames per second of the default device.
pub fn rate() -> Result<u32> {
    Ok(choose()?.format.rate)
}

/// Opens the default device and a MIDI input: the one that `midi_in` is a part of, or one of our own.
pub fn open(midi_in: Option<&str>, tap: Shared, keys: Keys) -> Result<Devices> {
    let Choice {
        device,
        config,
        format,
        raw,
    } = choose()?;
    if let Ok(tap) = tap.lock()
        && format.rate != tap.rate()
    {
        let rates = format!(
            "the device's rate is {} instead of {}",
            format.rate,
            tap.rate()
        );
        return Err(failed("start arioso again", rates));
    }
    let there = Arc::new(AtomicBool::new(true));
    let lost = Arc::clone(&there);
    let bytes = format.frame_bytes();
    let stream = device.build_output_stream_raw(
        config,
        raw,
        move |data, _| {
            let mut frames = data.bytes_mut().chunks_exact_mut(bytes);
            if let Ok(mut tap) = tap.try_lock() {
                tap.take(frames.len(), |frame| {
                    if let Some(place) = frames.next() {
                        format.write(frame, place);
                    }
                });
            }
        },
        move |error| {
            // After anything else the device is tried again by its own thread.
            if let ErrorKind::DeviceNotAvailable
            | ErrorKind::HostUnavailable
            | ErrorKind::StreamInvalidated = error.kind()
            {
                lost.store(false, Ordering::Relaxed);
            }
        },
        None,
    );
    let stream = stream.map_err(|why| failed("the device does not open", why))?;
    let (midi, from) = connect(midi_in, keys)?;
    stream
        .play()
        .map_err(|why| failed("the device does not start", why))?;
    let name = device
        .description()
        .map_or("the default device".into(), |found| found.name().to_owned());
    let line = format!("ALSA: {from} to {name} at {} Hz", format.rate);
    Ok(Devices {
        line,
        there,
        _running: Box::new((stream, midi)),
    })
}

/// Without a sequencer, and without a wish, there is no MIDI: that is told, and the sound goes on.
fn connect(
    midi_in: Option<&str>,
    keys: Keys,
) -> Result<(Option<MidiInputConnection<Keys>>, String)> {
    let midi = match (midi(), midi_in) {
        (Ok(midi), _) => midi,
        (Err(failure), None) => {
            messages::warn(&failure);
            return Ok((None, "nothing".into()));
        }
        (Err(failure), Some(_)) => return Err(failure),
    };
    let play = |_, bytes: &[u8], keys: &mut Keys| {
        let _ = keys.try_send(Message::new(0, bytes));
    };
    let refused = |why: &dyn std::fmt::Display| failed("the MIDI input does not open", why);
    let Some(part) = midi_in else {
        let connection = midi
            .create_virtual("in", play, keys)
            .map_err(|why| refused(&why))?;
        return Ok((Some(connection), format!("port {NAME}:in")));
    };
    let names = inputs(&midi);
    let found = named(&names, part)?.clone();
    let ports = midi.ports();
    let port = ports
        .iter()
        .find(|port| midi.port_name(port).as_ref() == Ok(&found));
    let port = port.ok_or_else(|| refused(&"it has gone"))?;
    let connection = midi
        .connect(port, "in", play, keys)
        .map_err(|why| refused(&why))?;
    Ok((Some(connection), found))
}
