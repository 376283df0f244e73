//! Property requests at the driver: any set, item, verb, node, instance and buffer, on filter and pins, from 64-bit and 32-bit
//! programs; any bytes as a stream write.

use crate::bytes::{Bytes, hash};
use crate::machine::{self, RATE};
use crate::{Target, dls_download, planted};
use arioso_core::ks::GUID;
use arioso_core::ks::arioso::KSPROPSETID_Arioso;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::{IOCTL_KS_PROPERTY, IOCTL_KS_WRITE_STREAM};
use conformance::Client;
use conformance::wave::WavePath;
use conformance::wire::Bytes as _;
use simkernel::client::SimClient;

pub const TARGET: Target = Target {
    name: "property",
    run,
    seeds,
    dictionary,
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

/// A header: what the request goes to, its set (255: sixteen bytes follow), item, flags, node, bytes after KSNODEPROPERTY, size of
/// the value buffer, and how the buffer's address in the instance is made.
struct Request<'a> {
    object: u8,
    set: u8,
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
            set => SETS[usize::from(set) % SETS.len()],
        };
        let item = input.u8();
        // The verbs have their bits in different bytes.
        let flags = u32::from(input.u16()) | u32::from(input.u8()) << 24;
        Self {
            object,
            set,
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

fn run(input: &[u8]) {
    let seed = hash(input);
    let mut input = Bytes(input);
    let options = input.u8();
    machine::with_client(seed, options & 1 != 0, |client, filter, pins| {
        let Ok(pin) = filter.direct_music_pin(client, pins.music) else {
            return;
        };
        let wave = if options & 2 != 0 {
            WavePath::open(client, &filter, pins.wave, RATE).ok()
        } else {
            None
        };
        if options & 4 != 0
            && let Some(mut wave) = wave
            && wave.run(client).is_ok()
        {
            send_all(
                client,
                &mut input,
                [filter.handle, pin.handle, wave.source.handle],
            );
            return;
        }
        let third = filter
            .midi_pin(client, pins.music)
            .map_or(pin.handle, |pin| pin.handle);
        send_all(client, &mut input, [filter.handle, pin.handle, third]);
    });
}

fn send_all(
    client: &mut SimClient,
    input: &mut Bytes,
    objects: [<SimClient as Client>::Handle; 3],
) {
    for _ in 0..12 {
        if input.is_empty() {
            break;
        }
        let request = Request::read(input);
        let object = objects[usize::from(request.object) % 3];
        send(client, object, &request);
    }
}

fn send(client: &mut SimClient, object: <SimClient as Client>::Handle, request: &Request) {
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
    if request.address % address::COUNT != address::RAW {
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
    bytes.extend([request.node, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(instance);
    bytes.truncate(request.sent.into());
    let input_address = client.allocate(bytes.len());
    client.write(input_address, &bytes);
    let output = u32::from(request.output % 1024);
    // One byte more than the driver is told of.
    let output_address = client.allocate(output as usize + 1);
    let held: Vec<u8> = request.data.iter().copied().take(output as usize).collect();
    client.write(output_address, &held);
    client.write(output_address + u64::from(output), &[0xA5]);
    let stream = request.object & 0x80 != 0;
    let code = if stream {
        IOCTL_KS_WRITE_STREAM
    } else {
        IOCTL_KS_PROPERTY
    };
    let mut sent = client.submit(
        object,
        code,
        (input_address, bytes.len() as u32),
        (output_address, output),
    );
    if client.poll(&mut sent).is_none() {
        client.cancel(&mut sent);
    }
    let mut completion = client.wait(sent);
    if planted::is_planted()
        && !stream
        && usize::from(request.set) % SETS.len() == 0
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
    for address in [output_address, input_address, data] {
        client.free(address);
    }
}

#[derive(Clone, Copy)]
struct Seed {
    object: u8,
    set: u8,
    item: u8,
    flags: u32,
    output: u16,
    instance: u8,
}

/// One request as [`Request::read`] reads it.
fn request(seed: Seed, data: &[u8]) -> Vec<u8> {
    let mut out = vec![seed.object, seed.set, seed.item];
    out.extend((seed.flags as u16).to_le_bytes());
    out.push((seed.flags >> 24) as u8);
    out.push(0);
    out.extend(0x200u16.to_le_bytes());
    out.extend(seed.output.to_le_bytes());
    out.push(address::VALID);
    out.push(seed.instance);
    out.extend(vec![0; seed.instance.into()]);
    out.extend((data.len() as u16).to_le_bytes());
    out.extend(data);
    out
}

fn seeds() -> Vec<Vec<u8>> {
    const GET: u32 = 0x1000_0001;
    const SET: u32 = 0x1000_0002;
    const SUPPORT: u32 = 0x1000_0200;
    let seed = |object, set, item, flags, output, instance| Seed {
        object,
        set,
        item,
        flags,
        output,
        instance,
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

fn dictionary() -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = [0x0200u16, 1, 2, 0x0100, 0x0400, 0x0800, 0x1000]
        .iter()
        .map(|flags| [&flags.to_le_bytes()[..], &[0x10]].concat())
        .collect();
    words.extend(SETS.iter().map(|set| [&[255][..], &set.bytes()].concat()));
    words
}
