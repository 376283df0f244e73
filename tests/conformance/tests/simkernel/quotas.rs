// SPDX-License-Identifier: MIT OR Apache-2.0
//! What clients can make the driver hold is bounded, to the byte and to the object, and all of it comes back.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup};
use crate::sounds::{self, load, unload};
use arioso_core::ks::ks::{KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::status::{STATUS_NO_MEMORY, STATUS_UNSUCCESSFUL};
use conformance::cases::{Width, pointers};
use conformance::filter::{Filter, Pin};
use conformance::synth::{running_stats, set_channel_groups, set_volume};
use conformance::{Client, download};
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("quotas to the byte", bytes),
    ("quotas to the object", objects),
    ("random programs leave nothing, 1", || random(1)),
    ("random programs leave nothing, 2", || random(20)),
    ("random programs leave nothing, 3", || random(333)),
];

/// `DownloadMemory` in MB; a pin may have half of it.
const MEMORY: u32 = 1;
const OF_ONE_PIN: u32 = (MEMORY << 20) / 2;

fn start(seed: u64) -> (Rig, Filter<SimClient>, u32) {
    let mut rig = Setup {
        parameters: vec![("DownloadMemory", MEMORY), ("Voices", 32)],
        seed,
        ..Setup::default()
    }
    .start();
    let (filter, id) = warm(&mut rig);
    (rig, filter, id)
}

/// After a first pin there is what the driver keeps.
fn warm(rig: &mut Rig) -> (Filter<SimClient>, u32) {
    let (filter, id) = rig.find_filter();
    let pin = filter.direct_music_pin(&mut rig.client, id).unwrap();
    pin.close(&mut rig.client).unwrap();
    rig.sleep(SECOND / 10);
    (filter, id)
}

fn free(rig: &mut Rig, pin: &Pin<SimClient>) -> u32 {
    let stats = running_stats(&mut rig.client, pin.handle).unwrap();
    stats.FreeMemory
}

/// A wave of `frames` frames, whose bytes depend on `fill`.
fn wave(id: u32, frames: u32, fill: u8) -> Vec<u8> {
    download::wave(id, RATE, 16, &vec![fill; 2 * frames as usize])
}

fn bytes() {
    let (mut rig, filter, id) = start(1);
    let level = rig.pool();
    let mut pins = Vec::new();
    for n in 0..3u8 {
        let pin = filter.direct_music_pin(&mut rig.client, id).unwrap();
        if n < 2 {
            fill(&mut rig, &pin, n);
        }
        pins.push(pin);
    }
    // Two pins have taken everything: the third may only have what is there already.
    assert_eq!(free(&mut rig, &pins[2]), 0);
    let c = &mut rig.client;
    let handle = pins[2].handle;
    assert_eq!(load(c, handle, &wave(1, 1, 9)), Err(STATUS_NO_MEMORY));
    let shared = load(c, handle, &wave(1, 1000, 0)).unwrap();
    unload(c, handle, &shared).unwrap();
    // The first one goes, and makes room for half a megabyte.
    pins.remove(0).close(&mut rig.client).unwrap();
    assert_eq!(free(&mut rig, &pins[1]), OF_ONE_PIN);
    fill(&mut rig, &pins[1], 7);
    for pin in pins {
        pin.close(&mut rig.client).unwrap();
    }
    rig.sleep(SECOND / 10);
    assert_eq!(rig.pool(), level, "bytes of pool are left");
    rig.close::<0>(filter, [], None);
    rig.finish();
}

/// Takes all that a new pin may have, to the byte, twice.
fn fill(rig: &mut Rig, pin: &Pin<SimClient>, fill: u8) {
    assert_eq!(free(rig, pin), OF_ONE_PIN);
    load(&mut rig.client, pin.handle, &wave(1, 1000, fill)).unwrap();
    let cost = OF_ONE_PIN - free(rig, pin);
    assert!((2000..4000).contains(&cost), "1000 frames cost {cost}");
    // A frame costs two bytes; the rest is the wave's own.
    let last = (free(rig, pin) - (cost - 2000)) / 2;
    for _ in 0..2 {
        let left = free(rig, pin);
        let before = rig.pool();
        let c = &mut rig.client;
        let too_much = load(c, pin.handle, &wave(2, last + 1, fill ^ 0x55));
        assert_eq!(too_much, Err(STATUS_NO_MEMORY));
        assert_eq!(
            (rig.pool(), free(rig, pin)),
            (before, left),
            "nothing is kept"
        );
        let c = &mut rig.client;
        let rest = load(c, pin.handle, &wave(2, last, fill ^ 0x55)).unwrap();
        assert_eq!(free(rig, pin), 0);
        let c = &mut rig.client;
        for one_more in [wave(3, 1, 1), sounds::instrument(3, 0, 0, 1)] {
            assert_eq!(load(c, pin.handle, &one_more), Err(STATUS_NO_MEMORY));
        }
        unload(c, pin.handle, &rest).unwrap();
        assert_eq!(free(rig, pin), left, "it works again");
    }
    load(&mut rig.client, pin.handle, &wave(2, last, fill ^ 0x55)).unwrap();
}

fn objects() {
    const OF_ALL: u32 = 65_536;
    const OF_ONE: u32 = 16_384;
    let mut rig = Setup::default().start();
    let (filter, id) = warm(&mut rig);
    let level = rig.pool();
    let content = wave(0, 1, 0);
    let place = rig.client.allocate(content.len());
    rig.client.write(place, &content);
    let load = |c: &mut SimClient, pin: &Pin<SimClient>, id: u32| {
        c.write(place + 4, &id.to_le_bytes());
        pointers::download_at(c, pin.handle, Width::Bits64, place, content.len() as u32)
    };
    let c = &mut rig.client;
    let mut pins = Vec::new();
    let mut last = Vec::new();
    for _ in 0..OF_ALL / OF_ONE {
        let pin = filter.direct_music_pin(c, id).unwrap();
        for n in 0..OF_ONE {
            last = load(c, &pin, n).unwrap();
        }
        assert_eq!(load(c, &pin, OF_ONE), Err(STATUS_NO_MEMORY));
        pins.push(pin);
    }
    let fifth = filter.direct_music_pin(c, id).unwrap();
    assert_eq!(load(c, &fifth, 0), Err(STATUS_NO_MEMORY), "65537 objects");
    unload(c, pins[3].handle, &last).unwrap();
    load(c, &fifth, 0).unwrap();
    assert_eq!(load(c, &pins[3], OF_ONE), Err(STATUS_NO_MEMORY));
    pins.push(fifth);
    for pin in pins {
        pin.close(c).unwrap();
    }
    rig.sleep(SECOND / 10);
    assert_eq!(rig.pool(), level, "bytes of pool are left");
    rig.close::<0>(filter, [], None);
    rig.finish();
}

/// A pin of the random program, and the handles of what it has downloaded.
struct Port {
    pin: Pin<SimClient>,
    runs: bool,
    loaded: Vec<Vec<u8>>,
}

/// Whatever a program does with its pins: the quota holds at each step, and when all is closed, the pool is what it was.
fn random(seed: u64) {
    let (mut rig, filter, id) = start(seed);
    let level = rig.pool();
    let mut path = rig.open_wave(&filter);
    path.run(&mut rig.client).unwrap();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut ports: Vec<Port> = Vec::new();
    let mut stale = vec![0u8; 8];
    let (mut refused, mut taken) = (0, 0);
    for step in 0..1500 {
        if ports.is_empty() || ports.len() < 4 && random.u32(..40) == 0 {
            let pin = filter.direct_music_pin(&mut rig.client, id).unwrap();
            ports.push(Port {
                pin,
                runs: false,
                loaded: Vec::new(),
            });
        }
        let at = random.usize(..ports.len());
        let port = &mut ports[at];
        let handle = port.pin.handle;
        let c = &mut rig.client;
        match random.u32(..200) {
            0 => {
                let port = ports.swap_remove(at);
                port.pin.close(c).unwrap();
            }
            1..100 => {
                let id = random.u32(..60);
                let buffer = if random.bool() {
                    wave(id, 1 + random.u32(..120_000), random.u8(..4))
                } else {
                    sounds::instrument(id, random.u32(..4), random.u32(..2), random.u32(..60))
                };
                let before = rig.pool();
                match load(&mut rig.client, handle, &buffer) {
                    Ok(new) => {
                        taken += 1;
                        port.loaded.push(new);
                    }
                    Err(STATUS_NO_MEMORY) => refused += 1,
                    Err(status) => assert_eq!(status, STATUS_UNSUCCESSFUL),
                }
                // The content, and what lists and tables grow by.
                let bound = before + buffer.len() + 16_384;
                assert!(rig.pool() <= bound, "step {step}: {} bytes", rig.pool());
            }
            100..140 => {
                if !port.loaded.is_empty() {
                    let old = port.loaded.swap_remove(random.usize(..port.loaded.len()));
                    unload(c, handle, &old).unwrap();
                    stale = old;
                }
            }
            140..144 => {
                let mine = port.loaded.contains(&stale);
                assert_eq!(unload(c, handle, &stale).is_ok(), mine);
                port.loaded.retain(|h| *h != stale);
            }
            144..146 => set_channel_groups(c, handle, random.u32(1..=32)).unwrap(),
            146..148 => set_volume(c, handle, random.i32(-9600..2000)).unwrap(),
            148..160 => {
                let state = [KSSTATE_STOP, KSSTATE_PAUSE, KSSTATE_RUN][random.usize(..3)];
                port.pin.set_state(c, state).unwrap();
                port.runs = state == KSSTATE_RUN;
            }
            _ if !port.runs => {
                port.pin.set_state(c, KSSTATE_RUN).unwrap();
                port.runs = true;
            }
            _ => {
                let key = random.u8(..128);
                let program = [0xC0, random.u8(..4)];
                let note: [u8; 3] = [0x80 | random.u8(..2) << 4, key, 1 + random.u8(..127)];
                let messages: [(i64, &[u8]); 2] = [(0, &program), (1000, &note)];
                rig.play(&ports[at].pin, &messages);
                rig.sleep(SECOND / 200);
            }
        }
        for port in &ports {
            let left = free(&mut rig, &port.pin);
            assert!(left <= OF_ONE_PIN, "step {step}: {left} bytes are left");
        }
    }
    assert!(
        refused > 20 && taken > 100,
        "{refused} refused, {taken} taken"
    );
    for port in ports {
        port.pin.close(&mut rig.client).unwrap();
    }
    path.close(&mut rig.client).unwrap();
    rig.sleep(SECOND);
    assert_eq!(rig.pool(), level, "bytes of pool are left");
    rig.close::<0>(filter, [], None);
    rig.finish();
}
