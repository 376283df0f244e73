// SPDX-License-Identifier: MIT OR Apache-2.0
//! An endpoint of WASAPI, event-driven, with the shortest period that it has.

use arioso_listen::{Format, SampleType};
use wasapi::{
    AudioClient, Device, DeviceEnumerator, Direction, Handle, StreamMode, TimingMode, WaveFormat,
};

/// So much may be recorded and not taken yet, 100 ns.
const RECORDED: i64 = 2_000_000;

/// Why there is none.
pub type Result<T> = std::result::Result<T, String>;

/// A stream that can be started.
pub struct Opened {
    pub client: AudioClient,
    pub event: Handle,
    pub format: Format,
    /// Frames at a time.
    pub period: u32,
    pub name: String,
}

fn told<T>(what: &str, result: std::result::Result<T, wasapi::WasapiError>) -> Result<T> {
    result.map_err(|why| format!("{what}: {why}"))
}

/// The device that `part` is a part of the name of, or the default one.
pub fn find(direction: Direction, part: Option<&str>) -> Result<Device> {
    let enumerator = told("no audio", DeviceEnumerator::new())?;
    let Some(part) = part else {
        return told(
            "no default device",
            enumerator.get_default_device(&direction),
        );
    };
    let devices = told("no audio", enumerator.get_device_collection(&direction))?;
    let wanted = part.to_lowercase();
    let mut names = Vec::new();
    for device in (&devices).into_iter().flatten() {
        let name = device.get_friendlyname().unwrap_or_default();
        if name.to_lowercase().contains(&wanted) {
            return Ok(device);
        }
        names.push(name);
    }
    Err(match names.as_slice() {
        [] => "there is no device".into(),
        names => format!("none is called \"{part}\", there are {}", names.join(", ")),
    })
}

/// Opens a device: for this program alone, or with the shortest period of the audio engine, or with the engine's usual one.
pub fn open(device: &Device, direction: Direction, exclusive: bool) -> Result<Opened> {
    let name = device.get_friendlyname().unwrap_or_default();
    let (client, wave, period) = if exclusive {
        alone(device, direction)?
    } else {
        shortest(device).or_else(|_| usual(device, direction))?
    };
    let event = told("no event", client.set_get_eventhandle())?;
    Ok(Opened {
        client,
        event,
        format: format(&wave)?,
        period,
        name,
    })
}

type Stream = (AudioClient, WaveFormat, u32);

fn client(device: &Device) -> Result<(AudioClient, WaveFormat)> {
    let client = told("no client", device.get_iaudioclient())?;
    let wave = told("no format", client.get_mixformat())?;
    Ok((client, wave))
}

/// IAudioClient3: Windows 10.
fn shortest(device: &Device) -> Result<Stream> {
    let (mut client, wave) = client(device)?;
    let periods = told("no periods", client.get_shared_mode_engine_period(&wave))?;
    let opened = client.initialize_shared_audio_stream(&wave, TimingMode::Events, periods.min);
    told("it does not open", opened)?;
    Ok((client, wave, periods.min))
}

fn usual(device: &Device, direction: Direction) -> Result<Stream> {
    let (mut client, wave) = client(device)?;
    let (period, _) = told("no period", client.get_device_period())?;
    // What is played waits in all of the buffer; what is recorded is taken when it comes, and must not be lost when that is late.
    let buffer_duration_hns = match direction {
        Direction::Render => 2 * period,
        Direction::Capture => RECORDED.max(2 * period),
    };
    let mode = StreamMode::EventsShared {
        autoconvert: false,
        buffer_duration_hns,
    };
    told(
        "it does not open",
        client.initialize_client(&wave, &direction, &mode),
    )?;
    let frames = frames(period, &wave);
    Ok((client, wave, frames))
}

/// In the format that the device itself has, with its shortest period.
fn alone(device: &Device, direction: Direction) -> Result<Stream> {
    let mut client = told("no client", device.get_iaudioclient())?;
    let wave = told("no format", device.get_device_format())?;
    let (_, shortest) = told("no period", client.get_device_period())?;
    // Intel's High Definition Audio wants buffers of whole 128 bytes.
    let period = client.calculate_aligned_period_near(shortest, Some(128), &wave);
    let period = told("no period", period)?;
    let mode = StreamMode::EventsExclusive { period_hns: period };
    told(
        "it is not to be had alone",
        client.initialize_client(&wave, &direction, &mode),
    )?;
    let frames = frames(period, &wave);
    Ok((client, wave, frames))
}

fn frames(hundred_ns: i64, wave: &WaveFormat) -> u32 {
    (hundred_ns as f64 * f64::from(wave.get_samplespersec()) / 1e7).round() as u32
}

fn format(wave: &WaveFormat) -> Result<Format> {
    let kind = told("no format", wave.get_subformat())?;
    let sample = match (kind, wave.get_bitspersample()) {
        (wasapi::SampleType::Float, 32) => SampleType::F32,
        (wasapi::SampleType::Float, 64) => SampleType::F64,
        (wasapi::SampleType::Int, 8) => SampleType::U8,
        (wasapi::SampleType::Int, 16) => SampleType::I16,
        (wasapi::SampleType::Int, 24) => SampleType::I24,
        (wasapi::SampleType::Int, 32) => SampleType::I32,
        (_, bits) => return Err(format!("samples of {bits} bits are not known here")),
    };
    Ok(Format {
        rate: wave.get_samplespersec(),
        channels: usize::from(wave.get_nchannels()),
        sample,
    })
}
