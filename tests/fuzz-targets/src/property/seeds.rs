// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests as programs send them.

use super::objects::object::*;
use super::{MORE_SETS, SETS, address};
use crate::dls_download;
use arioso_core::ks::GUID;
use arioso_core::ks::arioso::{KSPROPERTY_ARIOSO_TRANSPORT, KSPROPSETID_Arioso};
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use conformance::connect::{self, SampleFormat};
use conformance::events::stream_header;
use conformance::wire::Bytes as _;

const NODE: u32 = KSPROPERTY_TYPE_TOPOLOGY;
const ZEROS: [u8; 64] = [0; 64];

#[derive(Clone, Copy, Default)]
struct Seed<'a> {
    object: u8,
    set: u8,
    item: u8,
    flags: u32,
    node: u8,
    output: u16,
    /// Behind the node.
    instance: &'a [u8],
}

/// One request as [`Request::read`](super::Request::read) reads it.
fn request(seed: Seed<'_>, data: &[u8]) -> Vec<u8> {
    let mut out = vec![seed.object, seed.set, seed.item];
    out.extend((seed.flags as u16).to_le_bytes());
    out.push((seed.flags >> 24) as u8);
    out.push(seed.node);
    out.extend(0x200u16.to_le_bytes());
    out.extend(seed.output.to_le_bytes());
    out.push(address::VALID);
    out.push(seed.instance.len() as u8);
    out.extend(seed.instance);
    out.extend((data.len() as u16).to_le_bytes());
    out.extend(data);
    out
}

pub fn seeds() -> Vec<Vec<u8>> {
    [synthesizer(), filters(), endpoint(), transport()].concat()
}

/// The synthesizer's own requests.
fn synthesizer() -> Vec<Vec<u8>> {
    const GET: u32 = NODE | KSPROPERTY_TYPE_GET;
    const SET: u32 = NODE | KSPROPERTY_TYPE_SET;
    const SUPPORT: u32 = NODE | KSPROPERTY_TYPE_BASICSUPPORT;
    let seed = |object, set, item, flags, output, instance| Seed {
        object,
        set,
        item,
        flags,
        output,
        instance: &ZEROS[..instance],
        ..Seed::default()
    };
    let synth = |options: u8| -> Vec<u8> {
        [
            (0, GET, 4, 0),
            (0, SET, 4, 0),
            (1, SET, 4, 0),
            (2, GET, 296, 0),
            (3, GET, 28, 28),
            (4, SET, 4, 0),
            (5, SET, 4, 8),
            (5, GET, 4, 8),
            (6, GET, 8, 0),
            (7, GET, 28, 0),
            (7, SUPPORT, 40, 0),
        ]
        .iter()
        .fold(
            vec![options],
            |mut all, &(item, flags, output, instance)| {
                all.extend(request(
                    seed(1, 0, item, flags, output, instance),
                    &[2, 0, 0, 0, 1, 0, 0, 0],
                ));
                all
            },
        )
    };
    let downloads = |options: u8, instance, answer| -> Vec<u8> {
        dls_download::buffers()
            .iter()
            .fold(vec![options], |mut all, buffer| {
                all.extend(request(seed(1, 1, 0, GET, answer, instance), buffer));
                all
            })
    };
    let others = |options: u8| -> Vec<u8> {
        let mut all = vec![options];
        for set in 2..16 {
            all.extend(request(seed(set % 3, set, 0, 1, 64, 0), &[]));
        }
        all
    };
    let mut unload = downloads(0, 16, 16);
    for handle in [0x0001_0000u64, 0x0002_0001, 7] {
        unload.extend(request(seed(1, 1, 1, SET, 8, 0), &handle.to_le_bytes()));
    }
    vec![
        synth(0),
        synth(7),
        downloads(0, 16, 16),
        downloads(1, 8, 8),
        unload,
        others(0),
        others(6),
        [
            &[0][..],
            &request(seed(1, 1, 2, SET, 0, 0), &[]),
            &request(seed(1, 1, 3, GET, 4, 0), &[]),
        ]
        .concat(),
        [
            &[6][..],
            &request(seed(0x81, 0, 0, 0, 56, 0), &[56, 0, 0, 0]),
        ]
        .concat(),
    ]
}

/// Bit 6, and the code's bits 4, 5 and 7, of an object's byte.
const THERE: u8 = 0x40;
const READ: u8 = THERE | 0x10;
const ENABLE: u8 = THERE | 0x20;
const DISABLE: u8 = THERE | 0x30;
const WRITE: u8 = THERE | 0x80;

/// A set of the other filters' and pins'.
fn set(guid: GUID) -> u8 {
    let at = MORE_SETS.iter().position(|set| *set == guid);
    128 + at.expect("a known set") as u8
}

/// A property of an object elsewhere.
fn property(object: u8, guid: GUID, item: u32, flags: u32, output: u16) -> Seed<'static> {
    Seed {
        object: THERE | object,
        set: set(guid),
        item: item as u8,
        flags,
        output,
        ..Seed::default()
    }
}

fn state(object: u8, state: KSSTATE) -> Vec<u8> {
    let seed = property(
        object,
        KSPROPSETID_Connection,
        KSPROPERTY_CONNECTION_STATE,
        KSPROPERTY_TYPE_SET,
        4,
    );
    request(seed, &state.to_le_bytes())
}

/// What every filter is asked, and its controls.
fn filters() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for object in [SYNTH, WAVE, TOPOLOGY, CABLE] {
        for pins in 0..2 {
            let mut input = vec![pins];
            for item in [0, 1, 2, 3, 5, 7, 10, 11, 12, 15] {
                let get = property(object, KSPROPSETID_Pin, item, KSPROPERTY_TYPE_GET, 512);
                input.extend(request(Seed { node: pins, ..get }, &[]));
            }
            for item in 0..4 {
                let get = property(object, KSPROPSETID_Topology, item, KSPROPERTY_TYPE_GET, 256);
                input.extend(request(Seed { node: pins, ..get }, &[]));
            }
            all.push(input);
        }
    }
    // A format that fits, which one would, whether this one would do.
    let format = SampleFormat::pcm(48_000, 16).data_format();
    let mut input = vec![0];
    for (item, verb) in [
        (KSPROPERTY_PIN_DATAINTERSECTION, KSPROPERTY_TYPE_GET),
        (KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_TYPE_SET),
        (KSPROPERTY_PIN_PROPOSEDATAFORMAT2, KSPROPERTY_TYPE_GET),
    ] {
        let range = KSDATARANGE_AUDIO {
            DataRange: KSDATARANGE {
                FormatSize: size_of::<KSDATARANGE_AUDIO>() as u32,
                MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
                SubFormat: KSDATAFORMAT_SUBTYPE_PCM,
                Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
                ..KSDATARANGE::default()
            },
            MaximumChannels: 2,
            MinimumBitsPerSample: 16,
            MaximumBitsPerSample: 24,
            MinimumSampleFrequency: 44_100,
            MaximumSampleFrequency: 96_000,
        }
        .bytes();
        let list = KSMULTIPLE_ITEM {
            Size: 8 + range.len() as u32,
            Count: 1,
        };
        let instance = match item {
            KSPROPERTY_PIN_DATAINTERSECTION => [list.bytes(), range].concat(),
            _ => Vec::new(),
        };
        let seed = Seed {
            node: 1,
            instance: &instance,
            ..property(WAVE, KSPROPSETID_Pin, item, verb, format.len() as u16)
        };
        input.extend(request(seed, &format));
    }
    all.push(input);
    // The jack; volume and mute of each channel.
    let mut input = vec![0];
    for item in [KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2] {
        let get = property(TOPOLOGY, KSPROPSETID_Jack, item, KSPROPERTY_TYPE_GET, 64);
        input.extend(request(get, &[]));
    }
    for (node, item) in [
        (0, KSPROPERTY_AUDIO_VOLUMELEVEL),
        (1, KSPROPERTY_AUDIO_MUTE),
    ] {
        for (verb, output) in [
            (KSPROPERTY_TYPE_SET, 4),
            (KSPROPERTY_TYPE_GET, 4),
            (KSPROPERTY_TYPE_BASICSUPPORT, 104),
            (KSPROPERTY_TYPE_BASICSUPPORT, 40),
        ] {
            let seed = Seed {
                node,
                instance: &[1, 0, 0, 0, 0, 0, 0, 0],
                ..property(TOPOLOGY, KSPROPSETID_Audio, item, NODE | verb, output)
            };
            input.extend(request(seed, &[0, 0, 0xFA, 0xFF]));
        }
    }
    let cpu = KSPROPERTY_AUDIO_CPU_RESOURCES;
    let cpu = property(
        TOPOLOGY,
        KSPROPSETID_Audio,
        cpu,
        NODE | KSPROPERTY_TYPE_GET,
        4,
    );
    input.extend(request(cpu, &[]));
    all.push(input);
    // Somebody watches a control.
    let watch = Seed {
        object: ENABLE | TOPOLOGY,
        set: set(KSEVENTSETID_AudioControlChange),
        flags: NODE | KSEVENT_TYPE_ENABLE,
        output: 32,
        ..Seed::default()
    };
    let turn = Seed {
        instance: &ZEROS[..8],
        ..property(
            TOPOLOGY,
            KSPROPSETID_Audio,
            KSPROPERTY_AUDIO_VOLUMELEVEL,
            NODE | KSPROPERTY_TYPE_SET,
            4,
        )
    };
    let end = Seed {
        object: DISABLE | TOPOLOGY,
        ..Seed::default()
    };
    let data = KSEVENTDATA {
        NotificationType: KSEVENTF_EVENT_HANDLE,
        ..KSEVENTDATA::default()
    }
    .bytes();
    for wow64 in 0..2 {
        let watch = Seed {
            output: if wow64 == 0 { 32 } else { 16 },
            ..watch
        };
        all.push(
            [
                vec![wow64],
                request(watch, &data),
                request(Seed { node: 1, ..watch }, &data),
                request(turn, &[0, 0, 0xFA, 0xFF]),
                request(end, &ZEROS[..24]),
            ]
            .concat(),
        );
    }
    all
}

/// A recording, request by request.
fn endpoint() -> Vec<Vec<u8>> {
    let rt = |item, output, instance| Seed {
        instance,
        ..property(
            ENDPOINT,
            KSPROPSETID_RtAudio,
            item,
            KSPROPERTY_TYPE_GET,
            output,
        )
    };
    let event = |item| Seed {
        node: 255,
        ..rt(item, 0, &[0; 8])
    };
    // 4 KB in two packets: size and count behind the address.
    let buffer = rt(
        KSPROPERTY_RTAUDIO_BUFFER_WITH_NOTIFICATION,
        16,
        &[0, 16, 0, 0, 2, 0, 0, 0],
    );
    let position = property(
        ENDPOINT,
        KSPROPSETID_Audio,
        KSPROPERTY_AUDIO_POSITION,
        KSPROPERTY_TYPE_GET,
        16,
    );
    let mut whole = [
        vec![0],
        state(ENDPOINT, KSSTATE_ACQUIRE),
        request(buffer, &[]),
        request(event(KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT), &[]),
        state(ENDPOINT, KSSTATE_PAUSE),
        state(ENDPOINT, KSSTATE_RUN),
        request(position, &[]),
        request(event(KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT), &[]),
    ]
    .concat();
    for (item, output) in [
        (KSPROPERTY_RTAUDIO_HWLATENCY, 12),
        (KSPROPERTY_RTAUDIO_GETREADPACKET, 24),
        (KSPROPERTY_RTAUDIO_QUERY_NOTIFICATION_SUPPORT, 4),
    ] {
        whole.extend(request(rt(item, output, &[]), &[]));
    }
    let mut plain = [
        vec![2],
        request(
            rt(KSPROPERTY_RTAUDIO_BUFFER, 16, &[0, 64, 0, 0, 0, 0, 0, 0]),
            &[],
        ),
        state(ENDPOINT, KSSTATE_RUN),
    ]
    .concat();
    for item in [
        KSPROPERTY_RTAUDIO_POSITIONREGISTER,
        KSPROPERTY_RTAUDIO_CLOCKREGISTER,
        KSPROPERTY_RTAUDIO_PACKETCOUNT,
        KSPROPERTY_RTAUDIO_PRESENTATION_POSITION,
        KSPROPERTY_RTAUDIO_SETWRITEPACKET,
    ] {
        plain.extend(request(rt(item, 32, &ZEROS[..16]), &[]));
    }
    // Other formats in RUN; pins that are made and left.
    let mut formats = vec![0];
    for format in [
        SampleFormat::float(96_000),
        SampleFormat::pcm(44_100, 24),
        SampleFormat::pcm(11_025, 16),
    ] {
        let create = Seed {
            object: THERE | CREATE,
            item: 1,
            node: 1,
            ..Seed::default()
        };
        formats.extend(request(create, &format.data_format()));
        let data_format = property(
            LAST,
            KSPROPSETID_Connection,
            KSPROPERTY_CONNECTION_DATAFORMAT,
            KSPROPERTY_TYPE_SET,
            104,
        );
        formats.extend(request(
            data_format,
            &SampleFormat::pcm(48_000, 16).data_format(),
        ));
    }
    let music = connect::direct_music(0)[size_of::<KSPIN_CONNECT>()..].to_vec();
    for node in 0..4 {
        let create = Seed {
            object: THERE | CREATE,
            node,
            ..Seed::default()
        };
        formats.extend(request(create, &music));
        formats.extend(state(LAST, KSSTATE_RUN));
    }
    vec![whole, plain, formats]
}

/// Streams of capture pins and of the cable.
fn transport() -> Vec<Vec<u8>> {
    let stream = |object, wow64| Seed {
        object,
        output: if wow64 { 48 } else { 56 },
        ..Seed::default()
    };
    let header = |length: u32, wow64: bool| {
        let mut bytes = stream_header(0, 0, length).bytes();
        if wow64 {
            // The address is shorter; so is the header.
            bytes.drain(44..52);
            bytes[0] = 48;
        }
        bytes
    };
    let counts = |object| {
        property(
            object,
            KSPROPSETID_Arioso,
            KSPROPERTY_ARIOSO_TRANSPORT,
            KSPROPERTY_TYPE_GET,
            32,
        )
    };
    let mut all = Vec::new();
    for wow64 in [false, true] {
        for (write, read) in [(A_IN, B_OUT), (B_IN, A_OUT), (MUSIC, EVENTS), (MUSIC, MIDI)] {
            all.push(
                [
                    vec![u8::from(wow64)],
                    state(read, KSSTATE_RUN),
                    state(write, KSSTATE_RUN),
                    request(stream(WRITE | write, wow64), &header(20, wow64)),
                    request(stream(READ | read, wow64), &header(56, wow64)),
                    request(counts(read), &[]),
                    request(counts(write), &[]),
                    state(read, KSSTATE_PAUSE),
                    request(stream(READ | write, wow64), &header(8, wow64)),
                    request(stream(WRITE | read, wow64), &header(8, wow64)),
                ]
                .concat(),
            );
        }
    }
    all
}

pub fn dictionary() -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = [0x0200u16, 1, 2, 0x0100, 0x0400, 0x0800, 0x1000]
        .iter()
        .map(|flags| [&flags.to_le_bytes()[..], &[0x10]].concat())
        .collect();
    words.extend(SETS.iter().map(|set| [&[255][..], &set.bytes()].concat()));
    words
        .extend([ENDPOINT, TOPOLOGY, A_IN, B_OUT, EVENTS].map(|object| state(object, KSSTATE_RUN)));
    words
}
