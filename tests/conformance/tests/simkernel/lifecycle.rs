// SPDX-License-Identifier: MIT OR Apache-2.0
//! Load, start, stop, removal in every state, unload.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup, download_bank};
use arioso_core::ks::guid::{
    KSCATEGORY_AUDIO, KSCATEGORY_DATATRANSFORM, KSCATEGORY_SYNTHESIZER,
    KSDATAFORMAT_SUBTYPE_DIRECTMUSIC,
};
use arioso_core::ks::ks::{
    KSPIN_DATAFLOW_IN, KSSTATE, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP,
};
use conformance::Client;
use conformance::events::{EventBuffer, write};
use conformance::filter::Filter;
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("start and unload", start_and_unload),
    ("started and removed again and again", again),
    ("stopped and started again", stopped),
    ("surprise removal in STOP", || surprise(KSSTATE_STOP, &[])),
    ("surprise removal in ACQUIRE", || {
        surprise(KSSTATE_ACQUIRE, &[])
    }),
    ("surprise removal in PAUSE", || surprise(KSSTATE_PAUSE, &[])),
    ("surprise removal in RUN", || surprise(KSSTATE_RUN, &[])),
    ("surprise removal while the slice timer renders", || {
        surprise(KSSTATE_RUN, &[("WaveSinkFeed", 1)])
    }),
    (
        "a pin is stopped while the device goes",
        stopped_while_removed,
    ),
    ("removal while everything runs", remove_running),
    ("a program that dies leaves nothing", dead_program),
];

fn start_and_unload() {
    let mut rig = Setup::default().start();
    for category in [
        KSCATEGORY_AUDIO,
        KSCATEGORY_DATATRANSFORM,
        KSCATEGORY_SYNTHESIZER,
    ] {
        let links = rig.client.interfaces(&category);
        assert!(
            links
                .iter()
                .any(|link| link.to_lowercase().ends_with("\\synth")),
            "{links:?}"
        );
    }
    rig.finish();
}

fn again() {
    let mut rig = Setup::default().start();
    for _ in 0..20 {
        let (filter, pin, wave) = rig.open();
        rig.close(filter, [pin], Some(wave));
        rig.remove();
        assert!(rig.client.interfaces(&KSCATEGORY_SYNTHESIZER).is_empty());
        rig.add();
    }
    rig.finish();
}

/// IRP_MN_STOP_DEVICE, then another start of the same device.
fn stopped() {
    let mut rig = Setup::default().start();
    let device = rig.device.expect("a device");
    for _ in 0..3 {
        let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::dc(RATE));
        rig.take_audio();
        rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 127])]);
        rig.sleep(SECOND);
        assert!(rig.take_audio().iter().any(|f| f[0] > 1000));
        rig.close(filter, [pin], Some(wave));
        assert_eq!(rig.machine.stop(device), 0);
        assert_eq!(rig.machine.start(device), 0);
    }
    rig.finish();
}

/// Opens a filter with pins in `state`, with events queued and notes sounding in RUN.
fn busy(rig: &mut Rig, state: KSSTATE) {
    let (_, mut pin, mut wave) = rig.open();
    download_bank(
        &mut rig.client,
        pin.handle,
        &arioso_bank::test_banks::dc(RATE),
    );
    wave.set_state(&mut rig.client, state).unwrap();
    pin.set_state(&mut rig.client, state).unwrap();
    let now = rig.now();
    let mut buffer = EventBuffer::new(now);
    for i in 0..2000i64 {
        buffer.push(
            now + i * 10_000,
            1,
            &[0x90 | (i % 16) as u8, (i % 128) as u8, 100],
        );
    }
    let _ = write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes());
    rig.sleep(SECOND);
}

/// The device is gone while pins are open; their handles are closed later.
fn surprise(state: KSSTATE, parameters: &[(&'static str, u32)]) {
    let mut rig = Setup {
        parameters: parameters.to_vec(),
        ..Setup::default()
    }
    .start();
    busy(&mut rig, state);
    rig.surprise_remove();
    rig.sleep(SECOND);
    rig.kill_client();
    rig.sleep(SECOND);
    rig.finish();
}

/// Handles are open and audio runs when the device is removed in good order: PnP waits for nobody here.
fn remove_running() {
    let mut rig = Setup::default().start();
    busy(&mut rig, KSSTATE_RUN);
    rig.kill_client();
    rig.remove();
    rig.add();
    let (filter, pin, wave) = rig.open();
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

fn dead_program() {
    let mut rig = Setup::default().start();
    busy(&mut rig, KSSTATE_RUN);
    rig.kill_client();
    // Nothing sounds for the next one.
    let (filter, pin, wave) = rig.open_running();
    rig.take_audio();
    rig.sleep(SECOND);
    assert!(
        rig.take_audio().iter().all(|f| *f == [0, 0]),
        "notes of a closed pin sound"
    );
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// A program stops its pin while removal is held up at each of its calls in turn: what the pin holds is back when the port is answered.
fn stopped_while_removed() {
    let mut rig = Setup {
        strict: true,
        ..Setup::default()
    }
    .start();
    let program = |client: &mut SimClient| {
        let (filter, id) = Filter::find(client, &KSCATEGORY_SYNTHESIZER, |pin| {
            pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
        })
        .expect("the synthesizer");
        let mut pin = filter.direct_music_pin(client, id).expect("a pin");
        pin.set_state(client, KSSTATE_RUN).expect("it runs");
        let now = client.now();
        let mut buffer = EventBuffer::new(now);
        buffer.push(now + 100 * SECOND, 1, &[0xC0, 1]);
        let _ = write(client, pin.handle, buffer.start(), buffer.bytes());
        // Removal has begun.
        client.sleep(SECOND / 50);
        // It may have ended too: then the state is not the driver's any more.
        let _ = pin.set_state(client, KSSTATE_STOP);
    };
    let held = rig.hold_up_removal(1, program, |_, _| {});
    assert!(held >= 20, "removal was held up at {held} calls");
    rig.finish();
}
