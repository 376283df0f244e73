// SPDX-License-Identifier: MIT OR Apache-2.0
//! Steps of the endpoint: its pin, its buffer, its controls; and of the machine.

use crate::bytes::Bytes;
use crate::machine::{Hand, MILLISECOND, MUTE_NODE, Subdevice, VOLUME_NODE};
use crate::planted;
use arioso_core::ks::guid::{
    KSEVENTSETID_AudioControlChange, KSPROPSETID_Audio, KSPROPSETID_Connection,
};
use arioso_core::ks::ks::{
    KSPROPERTY_CONNECTION_STATE, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET,
    KSPROPERTY_TYPE_SET, KSSTATE_RUN, KSSTATE_STOP,
};
use arioso_core::ks::ksmedia::{
    KSEVENT_CONTROL_CHANGE, KSPROPERTY_AUDIO_CPU_RESOURCES, KSPROPERTY_AUDIO_MUTE,
    KSPROPERTY_AUDIO_VOLUMELEVEL, KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT,
    KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT,
};
use conformance::cases::Width;
use conformance::connect::{self, SampleFormat};
use conformance::filter::Filter;
use conformance::notify::{self, Enabled};
use conformance::property::Property;
use conformance::rt_audio::RtStream;
use conformance::{Client, Error};
use simkernel::client::{SimClient, SimHandle};

/// The low nibble of a byte; bits 4 and 5 choose among the few.
pub mod step {
    pub const OPEN: u8 = 0x80;
    /// A pin of any filter with a connection that is wrong somewhere.
    pub const CONNECT: u8 = 0x81;
    pub const BUFFER: u8 = 0x82;
    pub const EVENT: u8 = 0x83;
    pub const NO_EVENT: u8 = 0x84;
    pub const STATE: u8 = 0x85;
    pub const CLOSE: u8 = 0x86;
    pub const ASK: u8 = 0x87;
    /// A request to the volume or mute node.
    pub const LEVEL: u8 = 0x88;
    pub const WATCH: u8 = 0x89;
    pub const NO_WATCH: u8 = 0x8A;
    /// Sleeps for tens of microseconds.
    pub const NAP: u8 = 0x8B;
    pub const STALL: u8 = 0x8C;
    pub const DOZE: u8 = 0x8D;
    /// An allocation of the driver's fails.
    pub const STARVE: u8 = 0x8E;
}

/// What a program has of the endpoint.
pub struct Endpoint {
    pin: u32,
    width: Width,
    recorder: Option<Filter<SimClient>>,
    controls: Option<Filter<SimClient>>,
    stream: Option<RtStream<SimClient>>,
    /// Registered events.
    events: Vec<u64>,
    /// Enabled events of the controls.
    watches: Vec<Enabled<SimClient>>,
    /// The last packet that was read since RUN.
    packet: Option<u32>,
    runs: bool,
    /// When a control was turned while the endpoint ran.
    turned: i64,
}

impl Endpoint {
    pub fn new(wow64: bool, pin: u32) -> Self {
        Self {
            pin,
            width: if wow64 { Width::Bits32 } else { Width::Bits64 },
            recorder: None,
            controls: None,
            stream: None,
            events: Vec::new(),
            watches: Vec::new(),
            packet: None,
            runs: false,
            turned: i64::MIN / 2,
        }
    }

    pub fn step(&mut self, hand: &mut Hand, client: &mut SimClient, byte: u8, input: &mut Bytes) {
        let way = byte >> 4 & 3;
        match byte & 0x8F {
            step::OPEN => self.open(client, input.u8()),
            step::CONNECT => connect(client, input),
            step::LEVEL => {
                hand.turned = true;
                self.level(client, way, input);
            }
            step::WATCH if self.watches.len() < 4 => {
                let (controls, node) = (self.controls(client), u32::from(way));
                let watch = notify::enable(
                    client,
                    controls,
                    KSEVENTSETID_AudioControlChange,
                    KSEVENT_CONTROL_CHANGE,
                    Some(node),
                );
                self.watches.extend(watch);
            }
            step::NO_WATCH => {
                if let Some(watch) = self.watches.pop() {
                    watch.disable(client).expect("an event that is enabled");
                }
            }
            step::NAP => client.sleep(i64::from(input.u8()) * MILLISECOND / 100),
            step::STALL => hand.stall(i64::from(input.u8()) * MILLISECOND / 4),
            step::DOZE => hand.doze(i64::from(input.u8()) * MILLISECOND),
            step::STARVE => hand.starve(Some(1 + u64::from(input.u8() & 0x1F))),
            what => self.on_stream(client, what, input),
        }
    }

    fn open(&mut self, client: &mut SimClient, format: u8) {
        if self.stream.is_some() {
            return;
        }
        let filter = self
            .recorder
            .get_or_insert_with(|| Subdevice::Wave.open(client));
        let stream = RtStream::open(client, filter, self.pin, sample_format(format));
        self.stream = stream.ok();
        if let Some(stream) = &mut self.stream {
            stream.width = self.width;
        }
        self.runs = false;
    }

    fn controls(&mut self, client: &mut SimClient) -> SimHandle {
        self.controls
            .get_or_insert_with(|| Subdevice::Topology.open(client))
            .handle
    }

    fn level(&mut self, client: &mut SimClient, way: u8, input: &mut Bytes) {
        let controls = self.controls(client);
        let what = input.u8();
        let node = [VOLUME_NODE, MUTE_NODE, VOLUME_NODE, 2][usize::from(way)];
        let id = match what & 3 {
            0 if node == MUTE_NODE => KSPROPERTY_AUDIO_MUTE,
            0 | 1 => KSPROPERTY_AUDIO_VOLUMELEVEL,
            2 => KSPROPERTY_AUDIO_MUTE,
            _ => KSPROPERTY_AUDIO_CPU_RESOURCES,
        };
        let verb = [
            KSPROPERTY_TYPE_SET,
            KSPROPERTY_TYPE_GET,
            KSPROPERTY_TYPE_BASICSUPPORT,
            KSPROPERTY_TYPE_SET,
        ][usize::from(what >> 2 & 3)];
        // All channels, the left, the right one, none.
        let channel = i32::from(what >> 4 & 3) - 1;
        // In 1/256 dB; ten in a row make a scale.
        let value = i32::from(input.u16() as i16) << 8;
        let lengths = input.u8();
        let mut instance = channel.to_le_bytes().to_vec();
        instance.resize(8 - usize::from(lengths & 0xF).min(8), 0);
        let mut bytes = value.to_le_bytes().to_vec();
        bytes.resize(usize::from(4 + (lengths >> 4)) * 4 % 68, 0);
        let done = Property::of_node(KSPROPSETID_Audio, id, node)
            .with(&instance)
            .send(client, controls, verb, &mut bytes);
        if done.status == 0 && verb == KSPROPERTY_TYPE_SET && self.runs {
            self.turned = client.now();
        }
    }

    fn on_stream(&mut self, client: &mut SimClient, what: u8, input: &mut Bytes) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let pin = stream.pin.handle;
        match what {
            step::BUFFER => {
                let (size, packets) = (u32::from(input.u16()), input.u8());
                // Up to 512 KB; beyond any bound.
                let size = if size < 0xF000 { size * 8 } else { size << 16 };
                let mapped = match packets {
                    0 => stream.allocate(client, size),
                    0xFF => stream.allocate_notified(client, size, u32::MAX),
                    packets => stream.allocate_notified(client, size, packets.into()),
                };
                if let Ok((_, size)) = mapped {
                    assert!(size > 0 && size % stream.format.frame_bytes() == 0);
                    // All of it can be read.
                    stream.bytes(client, 0, size);
                }
            }
            step::EVENT if self.events.len() < 4 => {
                self.events.extend(stream.register_event(client));
            }
            step::NO_EVENT => {
                let which = usize::from(input.u8());
                if which < self.events.len() {
                    let event = self.events.swap_remove(which);
                    stream
                        .unregister_event(client, event)
                        .expect("an event that is registered");
                } else {
                    // No event at all, or another object.
                    let handle = if which & 1 == 0 {
                        client.value(pin)
                    } else {
                        which as u64
                    };
                    for id in [
                        KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT,
                        KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT,
                    ] {
                        assert!(stream.send_event(client, id, handle).is_err());
                    }
                }
            }
            step::STATE => {
                let state = state(input.u8());
                if set_state(client, pin, state).is_ok() {
                    self.runs = state == KSSTATE_RUN;
                    if state == KSSTATE_STOP {
                        self.packet = None;
                    }
                }
            }
            step::CLOSE => {
                if input.u8() & 1 != 0 {
                    let _ = set_state(client, pin, KSSTATE_STOP);
                    self.runs = false;
                }
                self.close(client);
            }
            step::ASK => self.ask(client, input.u8()),
            _ => {}
        }
    }

    /// Whatever it does at the moment.
    fn close(&mut self, client: &mut SimClient) {
        let Some(stream) = self.stream.take() else {
            return;
        };
        // A driver that forgets, while a ramp lasts, that its timer still writes into the buffer.
        assert!(
            !(planted::is_planted()
                && self.runs
                && stream.packets == 2
                && client.now() - self.turned < 10 * MILLISECOND),
            "planted: the slice timer writes into a buffer that is gone"
        );
        for event in stream.abandon(client) {
            client.close_event(event);
        }
        self.events.clear();
        self.packet = None;
        self.runs = false;
    }

    fn ask(&mut self, client: &mut SimClient, what: u8) {
        let Some(stream) = &self.stream else {
            return;
        };
        match what % 5 {
            0 => {
                let size = stream.buffer.map_or(0, |(_, size)| u64::from(size));
                if let Ok(position) = stream.position(client) {
                    assert!(position.WriteOffset <= size, "{position:?} of {size}");
                }
            }
            1 => {
                // A packet comes once, and none before another.
                if let Ok(packet) = stream.read_packet(client) {
                    let number = packet.PacketNumber;
                    assert!(self.packet.is_none_or(|last| last < number), "{number}");
                    self.packet = Some(number);
                }
            }
            2 => {
                stream.latency(client).expect("a latency");
            }
            3 => {
                stream.supports_notification(client).expect("an answer");
            }
            _ => {
                let _ = stream.pin.state(client);
            }
        }
    }
}

/// All that the endpoint knows, and one that it does not.
fn sample_format(number: u8) -> SampleFormat {
    let rate = [44_100, 48_000, 96_000, 22_050][usize::from(number >> 5 & 3)];
    let format = match number & 7 {
        0..=2 => SampleFormat::pcm(rate, 16),
        3 => SampleFormat::pcm(rate, 24),
        4 => SampleFormat::pcm(rate, 32),
        5 => SampleFormat {
            valid: 24,
            ..SampleFormat::pcm(rate, 32)
        },
        _ => SampleFormat::float(rate),
    };
    SampleFormat {
        channels: if number & 8 == 0 { 2 } else { 1 },
        ..format
    }
}

/// Mostly those that there are.
pub fn state(byte: u8) -> i32 {
    match byte {
        0..0xF0 => i32::from(byte % 4),
        _ => i32::from(byte as i8),
    }
}

/// At once, not step by step.
pub fn set_state(client: &mut SimClient, pin: SimHandle, state: i32) -> Result<(), Error> {
    Property::new(KSPROPSETID_Connection, KSPROPERTY_CONNECTION_STATE).set(client, pin, state)
}

/// Creates a pin with a few bytes of its connection changed, and closes it if there is one.
fn connect(client: &mut SimClient, input: &mut Bytes) {
    let (place, kind) = (input.u8(), input.u8());
    let filter = Subdevice::ALL[usize::from(place & 3)].open(client);
    let pin = u32::from(place >> 2 & 7);
    let mut connect = match kind & 3 {
        0 => connect::extensible(pin, sample_format(input.u8())),
        1 => connect::wave(pin, connect::pcm(48_000)),
        2 => connect::midi(pin),
        _ => connect::direct_music(pin),
    };
    for _ in 0..kind >> 2 & 7 {
        let (at, value) = (usize::from(input.u8()), input.u8());
        if let Some(byte) = connect.get_mut(at) {
            *byte = value;
        }
    }
    if kind & 0x20 != 0 {
        connect.truncate(input.u8().into());
    }
    if let Ok(pin) = filter.create_pin(client, &connect, None) {
        let _ = set_state(client, pin.handle, state(kind >> 6));
        client.close(pin.handle);
    }
    filter.close(client);
}
