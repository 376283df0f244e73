// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sleep and wake, several devices, threads in any order.

use crate::Scenario;
use crate::rig::{RATE, SECOND, SERVICE, Setup, download_bank};
use arioso_core::ks::guid::KSCATEGORY_SYNTHESIZER;
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::Client;
use conformance::events::{EventBuffer, write};
use conformance::synth::statistics;

pub const SCENARIOS: &[Scenario] = &[
    ("sleep and wake with a note sounding", sleep_and_wake),
    ("two devices", two_devices),
    ("sixteen pins are sixteen synthesizers", many_pins),
    ("threads in another order, 1", || disorder(101)),
    ("threads in another order, 2", || disorder(202)),
    ("threads in another order, 3", || disorder(303)),
];

fn sleep_and_wake() {
    let mut rig = Setup::default().start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::dc(RATE));
    for _ in 0..3 {
        rig.play(
            &pin,
            &[
                (SECOND / 10, &[0x90, 60, 127]),
                // Due while the machine sleeps.
                (SECOND, &[0x90, 72, 127]),
            ],
        );
        rig.sleep(SECOND / 2);
        let printed = rig.machine.debug_output().len();
        rig.nap();
        for state in ["power state D3", "power state D0"] {
            let told = rig.machine.debug_output()[printed..]
                .iter()
                .any(|line| line.contains(state));
            assert!(told, "the adapter is not told: {state}");
        }
        // It plays again.
        rig.take_audio();
        rig.play(
            &pin,
            &[
                (SECOND / 10, &[0xB0, 120, 0]),
                (SECOND / 5, &[0x90, 64, 127]),
            ],
        );
        rig.sleep(SECOND);
        assert!(
            rig.take_audio().iter().any(|f| f[0] != 0),
            "silent after waking up"
        );
    }
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// Two instances of the driver's device know nothing of each other.
fn two_devices() {
    let mut rig = Setup::default().start();
    let first = rig.device.expect("a device");
    rig.add_another();
    let second = rig.device.expect("a device");
    assert_ne!(first, second);
    assert_eq!(rig.client.interfaces(&KSCATEGORY_SYNTHESIZER).len(), 2);
    let (filter, pin, wave) = rig.open();
    // One goes while the other's pins are open.
    let idle = if rig.machine.open_files(first) == 0 {
        first
    } else {
        second
    };
    let busy = if idle == first { second } else { first };
    assert_eq!(rig.machine.remove(idle), 0);
    assert_eq!(rig.client.interfaces(&KSCATEGORY_SYNTHESIZER).len(), 1);
    rig.sleep(SECOND);
    rig.close(filter, [pin], Some(wave));
    rig.device = Some(busy);
    rig.finish();
}

/// Each pin has its own programs, volume and statistics; closing one does not disturb the others.
fn many_pins() {
    let mut rig = Setup::default().start();
    let (filter, id) = rig.find_filter();
    let mut wave = rig.open_wave(&filter);
    wave.run(&mut rig.client).unwrap();
    let mut pins = Vec::new();
    for _ in 0..16 {
        pins.push(filter.direct_music_pin(&mut rig.client, id).expect("a pin"));
    }
    assert!(
        filter.direct_music_pin(&mut rig.client, id).is_err(),
        "there are sixteen"
    );
    for (index, pin) in pins.iter_mut().enumerate() {
        download_bank(
            &mut rig.client,
            pin.handle,
            &arioso_bank::test_banks::dc(RATE),
        );
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        conformance::synth::set_volume(&mut rig.client, pin.handle, -100 * index as i32).unwrap();
    }
    let now = rig.now();
    for (index, pin) in pins.iter().enumerate() {
        let mut buffer = EventBuffer::new(now);
        for note in 0..=index {
            buffer.push(now + SECOND / 10, 1, &[0x90, 40 + note as u8, 100]);
        }
        rig.write(pin, &buffer);
    }
    rig.sleep(SECOND);
    for (index, pin) in pins.iter().enumerate() {
        let counted = statistics(&mut rig.client, pin.handle).unwrap();
        assert_eq!(
            (counted.Notes, counted.Voices),
            (index as u64 + 1, index as u32 + 1)
        );
        assert_eq!(
            conformance::synth::volume(&mut rig.client, pin.handle).unwrap(),
            -100 * index as i32
        );
    }
    let last = pins.pop().expect("a pin");
    for pin in pins {
        pin.close(&mut rig.client).unwrap();
    }
    rig.sleep(SECOND);
    rig.take_audio();
    rig.sleep(SECOND / 2);
    assert!(
        rig.take_audio().iter().all(|f| f[0] != 0),
        "the last pin's notes go on"
    );
    assert_eq!(statistics(&mut rig.client, last.handle).unwrap().Voices, 16);
    rig.close(filter, [last], Some(wave));
    rig.finish();
}

/// Special pool, preemption from another seed, both owners; pins come and go while music plays.
fn disorder(seed: u64) {
    let feed = (seed % 2) as u32;
    let mut rig = Setup {
        seed,
        special_pool: true,
        parameters: vec![("WaveSinkFeed", feed)],
        ..Setup::default()
    }
    .start();
    let mut random = fastrand::Rng::with_seed(seed);
    let (filter, id) = rig.find_filter();
    let mut wave = rig.open_wave(&filter);
    let mut pins = Vec::new();
    for _ in 0..200 {
        match random.u8(0..7) {
            0 if pins.len() < 8 => {
                let mut pin = filter.direct_music_pin(&mut rig.client, id).expect("a pin");
                download_bank(
                    &mut rig.client,
                    pin.handle,
                    &arioso_bank::test_banks::dc(RATE),
                );
                pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
                pins.push(pin);
            }
            1 if !pins.is_empty() => {
                let pin = pins.swap_remove(random.usize(0..pins.len()));
                pin.close(&mut rig.client).unwrap();
            }
            2 => {
                let state = random.i32(0..4);
                wave.set_state(&mut rig.client, state).unwrap();
            }
            3 => {
                if let Some(pin) = random.choice(pins.iter_mut()) {
                    pin.set_state(&mut rig.client, random.i32(0..4)).unwrap();
                }
            }
            _ => {
                if let Some(pin) = random.choice(pins.iter()) {
                    let now = rig.client.now();
                    let mut buffer = EventBuffer::new(now);
                    for _ in 0..50 {
                        let time = now + random.i64(-SECOND / 10..SECOND / 2);
                        let message = [
                            0x90 | random.u8(0..16),
                            random.u8(0..128),
                            random.u8(0..128),
                        ];
                        buffer.push(time, 1, &message);
                    }
                    let _ = write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes());
                }
            }
        }
        rig.sleep(random.i64(0..SECOND / 10));
    }
    for pin in pins {
        pin.close(&mut rig.client).unwrap();
    }
    wave.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    assert!(rig.machine.driver_object(SERVICE).is_some());
    rig.finish();
}
