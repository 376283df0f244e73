// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capture pins and the cable when memory, power or the device fail; and how long a message takes.

use crate::Scenario;
use crate::failures::each_allocation_with;
use crate::listener::{A_IN, A_OUT, B_IN, B_OUT, Listener, capture_pin, subdevice};
use crate::rig::{Rig, SECOND, Setup};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN};
use conformance::events::{EventBuffer, MusicBuffer, write};
use conformance::filter;
use conformance::read::read;
use conformance::{Client, Error, connect};
use std::time::Instant;

pub const SCENARIOS: &[Scenario] = &[
    (
        "no memory for capture and cable, at every allocation",
        || each_allocation_with("CableSynth", pass),
    ),
    ("surprise removal with capture and cable in PAUSE", || {
        surprise(2)
    }),
    ("surprise removal with capture and cable in RUN", || {
        surprise(KSSTATE_RUN)
    }),
    ("sleep and wake with capture and cable", sleep),
    ("what a message takes through capture and cable", latency),
];

/// Pins, a message through each.
fn pass(rig: &mut Rig) -> Result<(), Error> {
    let client = &mut rig.client;
    let synth = filter::subdevice(client, "synth")?;
    let id = capture_pin(client, &synth);
    let mut capture = synth.create_pin(client, &connect::direct_music(id), None)?;
    capture.set_state(client, KSSTATE_RUN)?;
    let mut render = synth.direct_music_pin(client, 0)?;
    render.set_state(client, KSSTATE_RUN)?;
    let heard = read(client, capture.handle, 4096);
    let mut buffer = EventBuffer::new(client.now());
    buffer.push(
        buffer.start() + SECOND / 20,
        1,
        &[0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xF7],
    );
    write(client, render.handle, buffer.start(), buffer.bytes()).wait(client)?;
    let cable = filter::subdevice(client, "cable")?;
    let mut out = cable.midi_pin(client, B_OUT)?;
    out.set_state(client, KSSTATE_RUN)?;
    let mut end = cable.midi_pin(client, A_IN)?;
    end.set_state(client, KSSTATE_RUN)?;
    let arrived = read(client, out.handle, 4096);
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &[0x90, 60, 100]);
    write(client, end.handle, 0, buffer.bytes()).wait(client)?;
    arrived.wait(client)?;
    // A capture pin without memory for the message stays silent.
    client.sleep(SECOND / 10);
    let _ = heard.cancel(client);
    Ok(())
}

/// Pins of every kind in `state`, with messages under way, for now and for later.
fn busy(rig: &mut Rig, state: KSSTATE) {
    let synth = subdevice(&mut rig.client, "synth");
    let cable = subdevice(&mut rig.client, "cable");
    let id = capture_pin(&mut rig.client, &synth);
    let client = &mut rig.client;
    let mut open = Vec::new();
    for direct in [connect::direct_music(id), connect::midi(id)] {
        open.push(synth.create_pin(client, &direct, None).expect("a pin"));
    }
    for pin in [B_OUT, A_OUT, A_IN, B_IN] {
        open.push(cable.midi_pin(client, pin).expect("a pin"));
    }
    open.push(synth.direct_music_pin(client, 0).expect("a pin"));
    for pin in &mut open {
        pin.set_state(client, state).expect("a state");
    }
    for pin in &open[..4] {
        let _ = read(client, pin.handle, 2048);
    }
    for pin in &open[4..6] {
        let mut buffer = MusicBuffer::default();
        buffer.push(0, &[0x90, 60, 100].repeat(100_000));
        buffer.push(500, &[0xF0, 1]);
        let _ = write(client, pin.handle, 0, buffer.bytes());
    }
    let mut buffer = EventBuffer::new(client.now());
    for i in 0..2000 {
        buffer.push(
            buffer.start() + i * 10_000,
            1,
            &[0x90, (i % 128) as u8, 100],
        );
    }
    let _ = write(client, open[6].handle, buffer.start(), buffer.bytes());
    rig.sleep(SECOND / 10);
}

/// The device is gone while pins are open and requests wait; their handles are closed later.
fn surprise(state: KSSTATE) {
    let mut rig = Setup {
        parameters: vec![("CableSynth", 1)],
        ..Setup::default()
    }
    .start();
    busy(&mut rig, state);
    rig.surprise_remove();
    rig.sleep(2 * SECOND);
    rig.kill_client();
    rig.sleep(SECOND);
    rig.remove();
    rig.add();
    // And in good order, while it all runs.
    busy(&mut rig, state);
    rig.kill_client();
    rig.finish();
}

fn sleep() {
    let mut rig = Setup::default().start();
    let synth = subdevice(&mut rig.client, "synth");
    let cable = subdevice(&mut rig.client, "cable");
    let id = capture_pin(&mut rig.client, &synth);
    let mut capture = Listener::open(&mut rig, &synth, id, true);
    let mut end = Listener::open(&mut rig, &cable, B_OUT, false);
    let mut render = synth.direct_music_pin(&mut rig.client, 0).expect("a pin");
    let mut wire = cable.midi_pin(&mut rig.client, A_IN).expect("a pin");
    for pin in [&mut render, &mut wire] {
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    }
    for round in 0..3u8 {
        // Due while the machine sleeps: not heard of.
        rig.play(&render, &[(SECOND, &[0xC1, round])]);
        rig.sleep(SECOND / 10);
        rig.nap();
        capture.collect(&mut rig);
        capture.records.clear();
        end.records.clear();
        rig.play(&render, &[(0, &[0xC0, round])]);
        let mut buffer = MusicBuffer::default();
        buffer.push(0, &[0xC0, round]);
        write(&mut rig.client, wire.handle, 0, buffer.bytes())
            .wait(&mut rig.client)
            .expect("the cable takes it");
        rig.sleep(SECOND / 10);
        capture.collect(&mut rig);
        end.collect(&mut rig);
        assert_eq!(capture.bytes(), [0xC0, round]);
        assert_eq!(end.bytes(), [0xC0, round]);
    }
    capture.close(&mut rig);
    end.close(&mut rig);
    rig.close(synth, [render], None);
    rig.close(cable, [wire], None);
    rig.finish();
}

/// From the program's write to its read, one message at a time. The time is this machine's, of the simulated kernel and the driver
/// together; it is printed and compared with nothing.
fn latency() {
    const COUNT: usize = 20_000;
    let mut rig = Setup {
        exact: true,
        ..Setup::default()
    }
    .start();
    let synth = subdevice(&mut rig.client, "synth");
    let cable = subdevice(&mut rig.client, "cable");
    let id = capture_pin(&mut rig.client, &synth);
    let mut listeners = [
        Listener::open(&mut rig, &synth, id, false),
        Listener::open(&mut rig, &cable, B_OUT, false),
    ];
    let mut pins = [
        synth.midi_pin(&mut rig.client, 0).expect("a pin"),
        cable.midi_pin(&mut rig.client, A_IN).expect("a pin"),
    ];
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &[0x90, 60, 0]);
    for (name, (pin, listener)) in ["capture", "cable"]
        .iter()
        .zip(pins.iter_mut().zip(&mut listeners))
    {
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        let mut times = Vec::with_capacity(COUNT);
        for n in 1..=COUNT {
            let virtual_begin = rig.now();
            let begin = Instant::now();
            write(&mut rig.client, pin.handle, 0, buffer.bytes())
                .wait(&mut rig.client)
                .expect("written");
            listener.collect(&mut rig);
            times.push(begin.elapsed());
            assert_eq!(listener.records.len(), n, "it is there at once");
            assert_eq!(rig.now(), virtual_begin, "nobody waited for a timer");
        }
        times.sort();
        println!(
            "{name}: median {:.1} µs, 99 % {:.1} µs, worst {:.1} µs a message, write to read",
            times[COUNT / 2].as_secs_f64() * 1e6,
            times[COUNT * 99 / 100].as_secs_f64() * 1e6,
            times[COUNT - 1].as_secs_f64() * 1e6,
        );
    }
    for listener in listeners {
        listener.close(&mut rig);
    }
    let [render, wire] = pins;
    rig.close(synth, [render], None);
    rig.close(cable, [wire], None);
    rig.finish();
}
