// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capture through the DMus port, in both formats.

use crate::fake;
use crate::midi::collect;
use crate::{MILLISECOND, Rig, Scenario};
use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::DMUS_KEF_EVENT_INCOMPLETE;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;
use conformance::Client;
use conformance::connect;
use conformance::filter::{Filter, Pin};
use conformance::read::{event_records, music_records, read};
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("capture_as_midi", capture_as_midi),
    ("capture_as_events", capture_as_events),
    (
        "capture_requests_end_with_stop",
        capture_requests_end_with_stop,
    ),
    ("long_exclusive", long_exclusive),
];

pub fn open_capture(rig: &mut Rig, subtype: GUID) -> (Filter<SimClient>, Pin<SimClient>) {
    let filter = rig.filter("Capture");
    let bytes = if subtype == KSDATAFORMAT_SUBTYPE_MIDI {
        connect::midi(0)
    } else {
        connect::direct_music(0)
    };
    let mut pin = filter.create_pin(&mut rig.client, &bytes, None).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    (filter, pin)
}

fn receive(rig: &mut Rig, messages: Vec<fake::dmus::Received>) {
    // SAFETY: the stream is open.
    rig.system
        .call(0, move || unsafe { fake::dmus::receive(0, messages) });
}

fn capture_as_midi() {
    let mut rig = Rig::new();
    let (filter, pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_MIDI);
    let run = rig.client.now();
    rig.client.sleep(100 * MILLISECOND);
    let at = |ms: i64| run + ms * MILLISECOND;
    receive(
        &mut rig,
        vec![
            (at(10), 1, 0, vec![vec![0x90, 60, 100]]),
            (at(13), 1, 0, vec![vec![0xC0, 5]]),
            // Fragments of a System Exclusive message, the last one too, go through the port's parser, which waits for the end.
            (at(13), 1, 1, vec![vec![0xF0, 1, 2, 3]]),
            (at(14), 1, 1, vec![vec![4, 5, 6, 7, 8, 9, 10, 0xF7]]),
            (at(20), 1, 0, vec![vec![0x80, 60, 0], vec![0xB0, 7, 100]]),
        ],
    );
    let received = read(&mut rig.client, pin.handle, 1024)
        .wait(&mut rig.client)
        .unwrap();
    let records = music_records(&received).unwrap();
    let bytes: Vec<Vec<u8>> = records.iter().map(|r| r.bytes.clone()).collect();
    assert_eq!(
        bytes,
        [
            vec![0x90, 60, 100],
            vec![0xC0, 5],
            vec![0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xF7],
            vec![0x80, 60, 0],
            vec![0xB0, 7, 100]
        ]
    );
    let times: Vec<i64> = records.iter().map(|r| r.time).collect();
    // The pin's own start is a few calls before `run`.
    assert!((10..=11).contains(&times[0]), "{times:?}");
    assert_eq!(times[1..], [3, 1, 6, 0]);
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn capture_as_events() {
    let mut rig = Rig::new();
    let (filter, pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC);
    let waiting = read(&mut rig.client, pin.handle, 1024);
    receive(
        &mut rig,
        vec![
            (1000, 1, 0, vec![vec![0x90, 60, 100]]),
            // Raw bytes: the port cuts them into messages.
            (1007, 2, 1, vec![vec![0xC0, 5, 0x90, 1]]),
            (1009, 2, 1, vec![vec![2, 0xF8, 3, 4]]),
        ],
    );
    let received = waiting.wait(&mut rig.client).unwrap();
    let records = event_records(&received).unwrap();
    let seen: Vec<_> = records
        .iter()
        .map(|r| (r.time, r.group, r.flags, r.bytes.clone()))
        .collect();
    assert_eq!(
        seen,
        [
            (1000, 1, 1, vec![0x90, 60, 100]),
            (1007, 2, 1, vec![0xC0, 5]),
            (1009, 2, 1, vec![0x90, 1, 2]),
            (1009, 2, 1, vec![0xF8]),
            (1009, 2, 1, vec![0x90, 3, 4])
        ]
    );
    assert_eq!(received.options & KSSTREAM_HEADER_OPTIONSF_TIMEVALID, 0x10);
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn capture_requests_end_with_stop() {
    let mut rig = Rig::new();
    let (filter, mut pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_MIDI);
    let client = &mut rig.client;
    let first = read(client, pin.handle, 64);
    let mut second = read(client, pin.handle, 64);
    let cancelled = first.cancel(client).unwrap().unwrap_err();
    assert_eq!(cancelled.status, Some(STATUS_CANCELLED));
    assert!(second.poll(client).is_none());
    pin.set_state(client, KSSTATE_STOP).unwrap();
    let stopped = second.poll(client).unwrap().unwrap_err();
    assert_eq!(stopped.status, Some(STATUS_CANCELLED));
    // Below PAUSE input is discarded.
    pin.set_state(client, KSSTATE_ACQUIRE).unwrap();
    receive(&mut rig, vec![(0, 1, 0, vec![vec![0x90, 1, 1]])]);
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    receive(&mut rig, vec![(0, 1, 0, vec![vec![0x90, 2, 2]])]);
    let received = read(&mut rig.client, pin.handle, 64)
        .wait(&mut rig.client)
        .unwrap();
    assert_eq!(
        music_records(&received).unwrap()[0].bytes,
        [0x90, 2, 2],
        "what came before is gone"
    );
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

/// 100 KB in pieces of the driver's, read in pieces of the client's.
fn long_exclusive() {
    let mut rig = Rig::new();
    let (filter, pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_MIDI);
    let mut message = vec![0xF0];
    message.extend((0..100_000).map(|i| (i % 127) as u8));
    message.push(0xF7);
    for piece in message.chunks(1000) {
        receive(
            &mut rig,
            vec![(0, 1, DMUS_KEF_EVENT_INCOMPLETE, vec![piece.to_vec()])],
        );
    }
    assert_eq!(collect(&mut rig, &pin, message.len()), message);
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}
