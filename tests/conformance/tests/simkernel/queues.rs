// SPDX-License-Identifier: MIT OR Apache-2.0
//! Long queues, and pins that nobody listens to.

use crate::Scenario;
use crate::rig::{RATE, SECOND, Setup, download, download_bank};
use arioso_core::ks::ks::{KSSTATE_PAUSE, KSSTATE_RUN};
use conformance::bank::Downloads;
use conformance::events::{EventBuffer, write};
use conformance::synth::statistics;
use simkernel::modules::pcm_sink::Keep;

pub const SCENARIOS: &[Scenario] = &[
    ("a million events at once", million),
    ("a day without a listener", unheard),
    ("a wave pin whose consumer stands still", stalled),
    ("stopping gives queued events back", stop),
];

/// In any order, stamped up to an hour ahead, in one write.
fn million() {
    const COUNT: u64 = 1_000_000;
    let mut rig = Setup {
        keep: Keep::Hash,
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::impulse(RATE));
    let start = rig.now() + 10 * SECOND;
    let mut random = fastrand::Rng::with_seed(5);
    let mut buffer = EventBuffer::new(start);
    let mut notes = 0u64;
    for _ in 0..COUNT {
        let time = start + random.i64(0..3600 * SECOND);
        let channel = random.u8(0..16);
        match random.u8(0..3) {
            0 => {
                buffer.push(
                    time,
                    1,
                    &[0x90 | channel, random.u8(0..128), random.u8(1..128)],
                );
                notes += 1;
            }
            1 => buffer.push(time, 1, &[0xB0 | channel, 11, random.u8(0..128)]),
            _ => buffer.push(
                time,
                1,
                &[0xE0 | channel, random.u8(0..128), random.u8(0..128)],
            ),
        }
    }
    let before = rig.pool();
    rig.write(&pin, &buffer);
    rig.sleep(3615 * SECOND);
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!(
        (counted.Events, counted.Late, counted.LostNotes),
        (COUNT, 0, 0)
    );
    assert_eq!(counted.Notes, notes);
    assert!(
        rig.pool() <= before,
        "the driver holds {} bytes more",
        rig.pool() - before
    );
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// A pin in RUN for 24 hours, played every minute; then somebody listens.
fn unheard() {
    let mut rig = Setup::default().start();
    let (filter, mut pin) = rig.open_pin();
    // Program 0 is an impulse, program 5 a constant.
    download_bank(
        &mut rig.client,
        pin.handle,
        &arioso_bank::test_banks::impulse(RATE),
    );
    let constant = arioso_bank::test_banks::dc(RATE);
    download(
        &mut rig.client,
        pin.handle,
        &mut Downloads::after(100),
        &constant,
        |patch| (patch == 0).then_some(5),
    );
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut levels = Vec::new();
    let mut sent = 0;
    for minute in 0..24 * 60i64 {
        let now = rig.now();
        let mut buffer = EventBuffer::new(now);
        for second in 0..10 {
            buffer.push(now + second * SECOND, 1, &[0x90, 60, 100]);
            buffer.push(
                now + second * SECOND + SECOND / 2,
                1,
                &[0xC0, (minute % 128) as u8],
            );
        }
        // The last word on the program, in time but not in order.
        buffer.push(now + 20 * SECOND, 1, &[0xC0, 5]);
        sent += buffer.len() as u64;
        rig.write(&pin, &buffer);
        rig.sleep(60 * SECOND);
        levels.push(rig.pool());
    }
    assert!(
        levels.iter().all(|level| *level == levels[0]),
        "the pool went from {} to {}",
        levels[0],
        levels[levels.len() - 1]
    );
    assert_eq!(
        statistics(&mut rig.client, pin.handle).unwrap().Events,
        sent
    );

    let mut wave = rig.open_wave(&filter);
    wave.run(&mut rig.client).unwrap();
    rig.play(&pin, &[(SECOND / 2, &[0x90, 60, 127])]);
    rig.sleep(SECOND);
    let sounding = rig.take_audio().iter().filter(|f| **f != [0, 0]).count();
    assert!(
        sounding > RATE as usize / 4,
        "program 5 holds its note, but {sounding} frames sound"
    );
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// The wave pin is in RUN, the renderer behind it is not: nothing piles up, and the right program sounds when it goes on.
fn stalled() {
    let mut rig = Setup::default().start();
    let (filter, mut pin, mut wave) = rig.open();
    download_bank(
        &mut rig.client,
        pin.handle,
        &arioso_bank::test_banks::dc(RATE),
    );
    wave.sink.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    wave.source.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut levels = Vec::new();
    let mut sent = 0;
    for minute in 0..120 {
        let now = rig.now();
        let mut buffer = EventBuffer::new(now);
        for i in 0..600 {
            buffer.push(now + i * SECOND / 100, 1, &[0x90, 60, 100]);
        }
        buffer.push(now + 50 * SECOND, 1, &[0xC0, 119 - minute as u8]);
        sent += buffer.len() as u64;
        rig.write(&pin, &buffer);
        rig.sleep(60 * SECOND);
        levels.push(rig.pool());
    }
    assert!(
        levels.iter().skip(1).all(|level| *level <= levels[0]),
        "{levels:?}"
    );
    assert_eq!(
        statistics(&mut rig.client, pin.handle).unwrap().Events,
        sent
    );
    wave.sink.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.sleep(SECOND);
    rig.take_audio();
    rig.play(&pin, &[(SECOND / 2, &[0x90, 60, 127])]);
    rig.sleep(SECOND);
    assert!(
        rig.take_audio().iter().any(|f| f[0] != 0),
        "program 0, the last one, has a sound"
    );
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// Ten thousand events are under way when the pin stops: the allocator has them all (the verifier counts).
fn stop() {
    let mut rig = Setup::default().start();
    let (filter, mut pin, mut wave) = rig.open();
    wave.run(&mut rig.client).unwrap();
    for round in 0..5 {
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        let start = rig.now() + SECOND / 10;
        let mut buffer = EventBuffer::new(start);
        for i in 0..10_000i64 {
            buffer.push(start + i * 10_000, 1, &[0x90, (i % 128) as u8, 1]);
        }
        // A long one too.
        buffer.push(
            start + 50 * SECOND,
            1,
            &[0xF0, 0x43, 0x10, 0x4C, 0, 0, 0x7E, 0, 0, 0, 0xF7],
        );
        let _ = write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes());
        rig.sleep(round * SECOND / 7);
        pin.set_state(&mut rig.client, arioso_core::ks::ks::KSSTATE_STOP)
            .unwrap();
        rig.sleep(SECOND / 10);
    }
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}
