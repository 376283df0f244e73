// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests at the driver: any property set, item, verb, node, instance and buffer, on all filters, pins and nodes, from 64-bit and
//! 32-bit programs; any bytes as a stream write or read, as an event, as a connection.

mod objects;
mod seeds;

use crate::bytes::{Bytes, hash};
use crate::machine::{self, RATE};
use crate::{Target, planted};
use arioso_core::ks::GUID;
use arioso_core::ks::arioso::KSPROPSETID_Arioso;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::{
    IOCTL_KS_DISABLE_EVENT, IOCTL_KS_ENABLE_EVENT, IOCTL_KS_METHOD, IOCTL_KS_PROPERTY,
    IOCTL_KS_READ_STREAM, IOCTL_KS_RESET_STATE, IOCTL_KS_WRITE_STREAM,
};
use conformance::Client;
use conformance::wave::WavePath;
use conformance::wire::Bytes as _;
use objects::Objects;
use simkernel::client::{SimClient, SimHandle};

/// This target.
pub const TARGET: Target = Target {
    name: "property",
    run,
    seeds: seeds::seeds,
    dictionary: seeds::dictionary,
    driver: true,
};

const SETS: [GUID; 16] = [
    KSPROPSETID_Synth,
    KSPROPSETID_Synth_Dls,
    KSPROPSETID_SynthClock,
    KSPROPSETID_Arioso,
    KSPROPSETID_General,
    KSPROPSETID_Pin,
    KSPROPSETID_Topology,
    KSPROPSETID_TopologyNode,
    KSPROPSETID_Connection,
    KSPROPSETID_Clock,
    KSPROPSETID_Stream,
    GUID_DMUS_PROP_GM_Hardware,
    GUID_DMUS_PROP_DLS1,
    GUID_DMUS_PROP_INSTRUMENT2,
    GUID_DMUS_PROP_Effects,
    GUID_DMUS_PROP_WavesReverb,
];

/// From 128 on: those of the other filters and pins.
const MORE_SETS: [GUID; 16] = [
    KSPROPSETID_RtAudio,
    KSPROPSETID_Audio,
    KSPROPSETID_Jack,
    KSPROPSETID_Pin,
    KSPROPSETID_Connection,
    KSPROPSETID_Topology,
    KSPROPSETID_Arioso,
    KSPROPSETID_AudioSignalProcessing,
    KSPROPSETID_StreamAllocator,
    KSPROPSETID_StreamInterface,
    KSPROPSETID_Quality,
    KSPROPSETID_DrmAudioStream,
    KSPROPSETID_Sysaudio,
    KSEVENTSETID_AudioControlChange,
    KSEVENTSETID_Connection,
    KSMETHODSETID_StreamIo,
];

/// Bits 4, 5 and 7 of an object's byte, if bit 6 is set.
const CODES: [u32; 8] = [
    IOCTL_KS_PROPERTY,
    IOCTL_KS_READ_STREAM,
    IOCTL_KS_ENABLE_EVENT,
    IOCTL_KS_DISABLE_EVENT,
    IOCTL_KS_WRITE_STREAM,
    IOCTL_KS_METHOD,
    IOCTL_KS_RESET_STATE,
    // None of KS's.
    IOCTL_KS_PROPERTY + 4 * 77,
];

/// A header: what the request goes to, its set (255: sixteen bytes follow), item, flags, node, bytes after KSNODEPROPERTY, size of
/// the value buffer, and how the buffer's address in the instance is made.
struct Request<'a> {
    object: u8,
    guid: GUID,
    item: u8,
    flags: u32,
    node: u8,
    /// Bytes of the whole request that are sent; more than there are means all.
    sent: u16,
    output: u16,
    address: u8,
    instance: &'a [u8],
    /// What a download's instance points at, and what the value buffer holds before.
    data: &'a [u8],
}

impl<'a> Request<'a> {
    fn read(input: &mut Bytes<'a>) -> Self {
        let object = input.u8();
        let set = input.u8();
        let guid = match set {
            255 => GUID::from_u128(
                input
                    .take(16)
                    .iter()
                    .fold(0, |guid, &byte| guid << 8 | u128::from(byte)),
            ),
            128.. => MORE_SETS[usize::from(set) % MORE_SETS.len()],
            set => SETS[usize::from(set) % SETS.len()],
        };
        let item = input.u8();
        // The verbs have their bits in different bytes.
        let flags = u32::from(input.u16()) | u32::from(input.u8()) << 24;
        Self {
            object,
            guid,
            item,
            flags,
            node: input.u8(),
            sent: input.u16(),
            output: input.u16(),
            address: input.u8(),
            instance: {
                let length = input.u8();
                input.take(length.into())
            },
            data: input.block(),
        }
    }
}

/// How an address is made of memory that is there.
mod address {
    pub const COUNT: u8 = 7;
    pub const VALID: u8 = 0;
    pub const NULL: u8 = 1;
    pub const KERNEL: u8 = 2;
    pub const UNMAPPED: u8 = 3;
    pub const ODD: u8 = 4;
    pub const TOO_LONG: u8 = 5;
    /// Whatever the instance holds.
    pub const RAW: u8 = 6;
}

impl Request<'_> {
    /// One of the pins and filters that are not the synthesizer's own.
    fn is_elsewhere(&self) -> bool {
        self.object & 0x40 != 0
    }

    fn code(&self) -> u32 {
        match (self.is_elsewhere(), self.object & 0x80 != 0) {
            (false, false) => IOCTL_KS_PROPERTY,
            (false, true) => IOCTL_KS_WRITE_STREAM,
            (true, high) => CODES[usize::from(self.object >> 4 & 3) | usize::from(high) << 2],
        }
    }
}

fn run(input: &[u8]) {
    let seed = hash(input);
    let mut input = Bytes(input);
    let options = input.u8();
    let wow64 = options & 1 != 0;
    machine::with_client(seed, wow64, |hand, client, filter, pins| {
        let Ok(pin) = filter.direct_music_pin(client, pins.music) else {
            return;
        };
        let wave = if options & 2 != 0 {
            WavePath::open(client, &filter, pins.wave, RATE).ok()
        } else {
            None
        };
        let running = wave.filter(|_| options & 4 != 0).and_then(|mut wave| {
            wave.run(client).ok()?;
            Some(wave.source.handle)
        });
        let third = running.unwrap_or_else(|| {
            filter
                .midi_pin(client, pins.music)
                .map_or(pin.handle, |pin| pin.handle)
        });
        let mut objects = Objects::new([filter.handle, pin.handle, third], pins, wow64);
        for _ in 0..16 {
            if input.is_empty() {
                break;
            }
            let request = Request::read(&mut input);
            if let Some(object) = objects.find(client, &request) {
                send(client, &mut objects, object, &request);
            }
        }
        hand.turned = objects.turned();
    });
}

fn send(client: &mut SimClient, objects: &mut Objects, object: SimHandle, request: &Request) {
    let data = client.allocate(request.data.len());
    client.write(data, request.data);
    let place = match request.address % address::COUNT {
        address::NULL => 0,
        address::KERNEL => 0xFFFF_8000_1234_5000,
        address::UNMAPPED => 0x7FFE_0000,
        address::ODD => data + 1,
        _ => data,
    };
    let length = match request.address % address::COUNT {
        address::TOO_LONG => request.data.len() as u32 + 0x2000,
        _ => request.data.len() as u32,
    };
    let mut instance = request.instance.to_vec();
    let raw = request.address % address::COUNT == address::RAW;
    if !raw && !request.is_elsewhere() {
        // SYNTH_BUFFER; SYNTH_BUFFER32 has the address's lower half where the padding is.
        for (at, bytes) in [
            (0, length.to_le_bytes()),
            (4, (place as u32).to_le_bytes()),
            (8, (place as u32).to_le_bytes()),
            (12, ((place >> 32) as u32).to_le_bytes()),
        ] {
            if let Some(field) = instance.get_mut(at..at + 4) {
                field.copy_from_slice(&bytes);
            }
        }
    }
    let mut bytes = request.guid.bytes();
    bytes.extend(u32::from(request.item).to_le_bytes());
    bytes.extend(request.flags.to_le_bytes());
    bytes.extend(objects.node(client, request));
    bytes.extend(instance);
    bytes.truncate(request.sent.into());
    let input_address = client.allocate(bytes.len());
    client.write(input_address, &bytes);
    let output = u32::from(request.output % 1024);
    // One byte more than the driver is told of.
    let output_address = client.allocate(output as usize + 1);
    let mut held: Vec<u8> = request.data.iter().copied().take(output as usize).collect();
    let code = request.code();
    if !raw && request.is_elsewhere() {
        objects.fill_in(client, code, place, &mut held);
    }
    client.write(output_address, &held);
    client.write(output_address + u64::from(output), &[0xA5]);
    let place = match code {
        IOCTL_KS_DISABLE_EVENT => objects.enabled(request).unwrap_or(input_address),
        _ => input_address,
    };
    let mut sent = client.submit(
        object,
        code,
        (place, bytes.len() as u32),
        (output_address, output),
    );
    if client.poll(&mut sent).is_none() {
        client.cancel(&mut sent);
    }
    let mut completion = client.wait(sent);
    if planted::is_planted()
        && code == IOCTL_KS_PROPERTY
        && request.guid == KSPROPSETID_Synth
        && (1..28).contains(&output)
        && matches!(request.item, 3 | 7)
        && request.flags & 0xFFFF == 1
    {
        // A driver that fills SYNTH_PORTPARAMS or SYNTH_STATS without asking how much room there is.
        completion.status = 0;
        completion.information = 28;
        client.write(output_address, &[0; 28]);
    }
    if completion.status == 0 {
        assert!(
            completion.information <= output as usize,
            "{} bytes in a buffer of {output}",
            completion.information
        );
    }
    let mut behind = [0];
    client.read(output_address + u64::from(output), &mut behind);
    assert_eq!(behind, [0xA5], "a byte behind the buffer");
    if code == IOCTL_KS_ENABLE_EVENT && completion.status == 0 {
        // Its address is the event's name.
        objects.enable(output_address);
    } else {
        client.free(output_address);
    }
    for address in [input_address, data] {
        client.free(address);
    }
}
