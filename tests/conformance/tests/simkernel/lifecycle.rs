// SPDX-License-Identifier: MIT OR Apache-2.0
//! Load, start, stop, removal in every state, unload.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup, download_bank};
use arioso_core::ks::guid::{KSCATEGORY_AUDIO, KSCATEGORY_DATATRANSFORM, KSCATEGORY_SYNTHESIZER};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use conformance::Client;
use conformance::events::{EventBuffer, write};

pub const SCENARIOS: &[Scenario] = &[
    ("start and unload", start_and_unload),
    ("started and removed again and again", again),
    ("surprise removal in STOP", || surprise(KSSTATE_STOP, &[])),
    ("surprise removal in ACQUIRE", || {
        surprise(KSSTATE_ACQUIRE, &[])
    }),
    ("surprise removal in PAUSE", || surprise(KSSTATE_PAUSE, &[])),
    ("surprise removal in RUN", || surprise(KSSTATE_RUN, &[])),
    ("surprise removal while the slice timer renders", || {
        surprise(KSSTATE_RUN, &[("WaveSinkFeed", 1)])
    }),
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
    let (filter, mut pin, mut wave) = rig.open();
    wave.run(&mut rig.client).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.take_audio();
    rig.sleep(SECOND);
    assert!(
        rig.take_audio().iter().all(|f| *f == [0, 0]),
        "notes of a closed pin sound"
    );
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}
