// SPDX-License-Identifier: MIT OR Apache-2.0
//! What clients rely on when they download: which buffers are taken, which instrument sounds, how long things last.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup};
use crate::sounds::{instrument, linked, load, unload, wave};
use crate::synth::{assert_near, level};
use arioso_core::ks::dmdls::DMUS_INSTRUMENT_GM_INSTRUMENT;
use arioso_core::ks::dmusprop::{KSPROPERTY_SYNTH_DLS_APPEND, KSPROPERTY_SYNTH_DLS_COMPACT};
use arioso_core::ks::guid::KSPROPSETID_Synth_Dls;
use arioso_core::ks::ks::{KSPROPERTY_TYPE_SET, KSSTATE_RUN};
use arioso_core::ks::status::{STATUS_SUCCESS, STATUS_UNSUCCESSFUL};
use conformance::filter::{Filter, Pin};
use conformance::synth::{property, running_stats};
use conformance::wave::WavePath;
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("types of downloads, and their order", types),
    ("the layouts of clients", layouts),
    ("which of two instruments sounds", precedence),
    ("a wave lasts as long as its instruments", deferred),
    ("handles of downloads", handles),
    ("links to waves that are not there", links),
    ("waves of equal content are kept once", sharing),
    ("a closed pin leaves nothing, after its voices", lifetime),
];

type Open = (Rig, Filter<SimClient>, Pin<SimClient>, WavePath<SimClient>);

/// Both paths running, nothing downloaded.
fn start() -> Open {
    let mut rig = Setup::default().start();
    let (filter, pin, wave) = rig.open_running();
    (rig, filter, pin, wave)
}

const ON: &[&[u8]] = &[&[0x90, 60, 127]];
const OFF: &[&[u8]] = &[&[0xB0, 120, 0]];

/// The level at which a program sounds by itself.
fn sound_of(rig: &mut Rig, pin: &Pin<SimClient>, program: u8) -> f64 {
    let played = level(rig, pin, &[&[0xC0, program], &[0x90, 60, 127]]);
    assert_eq!(level(rig, pin, OFF), 0);
    f64::from(played)
}

fn types() {
    let (mut rig, filter, pin, path) = start();
    let c = &mut rig.client;
    load(c, pin.handle, &wave(1, 8000)).unwrap();
    let before = rig.pool();
    let c = &mut rig.client;
    // WAVEARTICULATION, STREAMINGWAVE, ONESHOTWAVE of DirectX 8, and what there never was.
    for kind in [0u32, 4, 5, 6, 7, u32::MAX] {
        for content in [wave(9, 1), instrument(9, 0, 0, 1)] {
            let mut buffer = content;
            buffer[..4].copy_from_slice(&kind.to_le_bytes());
            let got = load(c, pin.handle, &buffer);
            assert_eq!(got, Err(STATUS_UNSUCCESSFUL), "type {kind}");
        }
    }
    // An instrument before its wave; an id that is taken.
    for refused in [instrument(2, 0, 0, 77), instrument(1, 0, 0, 1), wave(1, 5)] {
        assert_eq!(load(c, pin.handle, &refused), Err(STATUS_UNSUCCESSFUL));
    }
    assert_eq!(rig.pool(), before, "what is refused leaves nothing");
    // The id of an instrument is not a wave.
    let c = &mut rig.client;
    load(c, pin.handle, &instrument(2, 0, 0, 1)).unwrap();
    let of_instrument = load(c, pin.handle, &instrument(3, 0, 0, 2));
    assert_eq!(of_instrument, Err(STATUS_UNSUCCESSFUL));
    // INSTRUMENT of DirectX 6.
    let mut first = instrument(4, 1, 0, 1);
    first[..4].copy_from_slice(&1u32.to_le_bytes());
    // Its articulation has another layout: one that names none.
    let global = 16 + 4 * u32::from_le_bytes(first[8..12].try_into().unwrap()) as usize + 8;
    first[global..global + 4].fill(0);
    load(c, pin.handle, &first).unwrap();
    assert!(sound_of(&mut rig, &pin, 0) > 500.0);
    assert!(f64::from(level(&mut rig, &pin, &[&[0xC0, 1], &[0x90, 60, 127]])) > 500.0);
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// OpenTTD packs DMUS_WAVE to 30 bytes and counts slack at the end; other clients align everything.
fn layouts() {
    let (mut rig, filter, pin, path) = start();
    let words =
        |values: &[u32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let data: Vec<u8> = [8000i16; 64].map(i16::to_le_bytes).concat();
    let tight = |slack: usize| {
        let size = (16 + 8 + 30 + 4 + data.len() + slack) as u32;
        [
            words(&[2, 1, 2, size, 24, 54]),
            words(&[0, 0, 1, 1 | 1 << 16, RATE, 2 * RATE, 2 | 16 << 16]),
            vec![0; 2],
            words(&[data.len() as u32]),
            data.clone(),
            vec![0xEE; slack],
        ]
        .concat()
    };
    let mut levels = Vec::new();
    for buffer in [wave(1, 8000), tight(0), tight(2), tight(13)] {
        let c = &mut rig.client;
        let w = load(c, pin.handle, &buffer).unwrap();
        let i = load(c, pin.handle, &instrument(2, 0, 0, 1)).unwrap();
        levels.push(sound_of(&mut rig, &pin, 0));
        let c = &mut rig.client;
        unload(c, pin.handle, &i).unwrap();
        unload(c, pin.handle, &w).unwrap();
    }
    assert!(levels[0] > 500.0);
    assert!(levels.iter().all(|l| *l == levels[0]), "{levels:?}");
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// Two for one patch: the one that is not GM, whichever came first; the other when that goes.
fn precedence() {
    const GM: u32 = DMUS_INSTRUMENT_GM_INSTRUMENT;
    let (mut rig, filter, pin, path) = start();
    let c = &mut rig.client;
    load(c, pin.handle, &wave(1, 4000)).unwrap();
    load(c, pin.handle, &wave(2, 12_000)).unwrap();
    let quiet = load(c, pin.handle, &instrument(3, 0, 0, 1)).unwrap();
    let low = sound_of(&mut rig, &pin, 0);
    unload(&mut rig.client, pin.handle, &quiet).unwrap();
    let gm = instrument(4, 0, GM, 1);
    let own = instrument(5, 0, 0, 2);
    for order in [[&gm, &own], [&own, &gm]] {
        let c = &mut rig.client;
        let handles = order.map(|buffer| load(c, pin.handle, buffer).unwrap());
        assert_near(sound_of(&mut rig, &pin, 0) as i16, 3.0 * low);
        let (first, second) = if order[0] == &own { (0, 1) } else { (1, 0) };
        unload(&mut rig.client, pin.handle, &handles[first]).unwrap();
        assert_near(sound_of(&mut rig, &pin, 0) as i16, low);
        unload(&mut rig.client, pin.handle, &handles[second]).unwrap();
        assert_eq!(sound_of(&mut rig, &pin, 0), 0.0);
    }
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// Waves may be unloaded before the instruments that use them. APPEND and COMPACT beside it.
fn deferred() {
    let (mut rig, filter, pin, path) = start();
    let append: u32 = property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_APPEND)
        .get(&mut rig.client, pin.handle)
        .unwrap();
    assert_eq!(append, 0, "downloads are copied");
    let c = &mut rig.client;
    let before = running_stats(c, pin.handle).unwrap().FreeMemory;
    let w = load(c, pin.handle, &wave(1, 8000)).unwrap();
    let i = load(c, pin.handle, &instrument(2, 0, 0, 1)).unwrap();
    let full = sound_of(&mut rig, &pin, 0);
    assert!(full > 500.0);
    unload(&mut rig.client, pin.handle, &w).unwrap();
    assert_eq!(sound_of(&mut rig, &pin, 0), full, "a new note");
    level(&mut rig, &pin, ON);
    let compact = property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_COMPACT);
    let done = compact.send(&mut rig.client, pin.handle, KSPROPERTY_TYPE_SET, &mut []);
    assert_eq!(done.status, STATUS_SUCCESS);
    assert_eq!(
        f64::from(level(&mut rig, &pin, &[])),
        full,
        "COMPACT is not heard"
    );
    let held = rig.pool();
    unload(&mut rig.client, pin.handle, &i).unwrap();
    assert_eq!(
        f64::from(level(&mut rig, &pin, &[])),
        full,
        "the voice goes on"
    );
    assert_eq!(level(&mut rig, &pin, OFF), 0);
    assert_eq!(level(&mut rig, &pin, ON), 0, "no new note");
    assert!(rig.pool() < held, "the wave is freed after its last voice");
    let free = running_stats(&mut rig.client, pin.handle)
        .unwrap()
        .FreeMemory;
    assert_eq!(free, before);
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// Opaque, and good for one unload on one pin.
fn handles() {
    let mut rig = Setup::default().start();
    let (filter, id) = rig.find_filter();
    let c = &mut rig.client;
    let a = filter.direct_music_pin(c, id).unwrap();
    let b = filter.direct_music_pin(c, id).unwrap();
    let mut old: Vec<Vec<u8>> = Vec::new();
    for round in 0..100 {
        let handle = load(c, a.handle, &wave(1, round)).unwrap();
        assert_eq!(handle[4..], [0; 4], "no address");
        assert!(!old.contains(&handle), "a handle came back");
        for stale in &old {
            assert_eq!(unload(c, a.handle, stale), Err(STATUS_UNSUCCESSFUL));
        }
        assert_eq!(unload(c, b.handle, &handle), Err(STATUS_UNSUCCESSFUL));
        let mut wider = handle.clone();
        wider[4] = 1;
        assert_eq!(unload(c, a.handle, &wider), Err(STATUS_UNSUCCESSFUL));
        unload(c, a.handle, &handle).unwrap();
        old.push(handle);
    }
    rig.close(filter, [a, b], None);
    rig.finish();
}

/// The same megabyte on two pins is there once.
fn sharing() {
    const DATA: usize = 1 << 20;
    let mut rig = Setup::default().start();
    let (filter, id) = rig.find_filter();
    let pins = [(); 3].map(|()| filter.direct_music_pin(&mut rig.client, id).unwrap());
    let large = |id, fill| conformance::download::wave(id, RATE, 16, &vec![fill; DATA]);
    let grown = |rig: &mut Rig, pin: &Pin<SimClient>, buffer: &[u8]| {
        let before = rig.pool();
        load(&mut rig.client, pin.handle, buffer).unwrap();
        rig.pool() - before
    };
    assert!(grown(&mut rig, &pins[0], &large(1, 3)) >= DATA);
    assert!(
        grown(&mut rig, &pins[1], &large(77, 3)) < 4096,
        "the same bytes"
    );
    assert!(
        grown(&mut rig, &pins[2], &large(1, 4)) >= DATA,
        "other bytes"
    );
    let [a, b, d] = pins;
    let before = rig.pool();
    a.close(&mut rig.client).unwrap();
    rig.sleep(SECOND / 10);
    assert!(before - rig.pool() < DATA, "the second pin needs it");
    let before = rig.pool();
    b.close(&mut rig.client).unwrap();
    rig.sleep(SECOND / 10);
    assert!(before - rig.pool() >= DATA, "nobody needs it");
    rig.close(filter, [d], None);
    rig.finish();
}

/// An instrument one of whose regions names a wave that is not there is refused, whichever it is, and leaves nothing.
fn links() {
    let (mut rig, filter, pin, path) = start();
    let c = &mut rig.client;
    load(c, pin.handle, &wave(1, 8000)).unwrap();
    let whole = |rig: &mut Rig| {
        let loaded = load(&mut rig.client, pin.handle, &linked(2, 0, &[1; 5])).unwrap();
        assert!(level(rig, &pin, ON) > 0);
        assert_eq!(level(rig, &pin, OFF), 0);
        unload(&mut rig.client, pin.handle, &loaded).unwrap();
        rig.sleep(SECOND / 2);
        rig.take_audio();
        rig.pool()
    };
    let before = whole(&mut rig);
    for count in 1..=5 {
        for missing in 0..count {
            let mut waves = vec![1; count];
            waves[missing] = 9;
            let refused = load(&mut rig.client, pin.handle, &linked(2, 0, &waves));
            assert_eq!(
                refused.err(),
                Some(STATUS_UNSUCCESSFUL),
                "{missing} of {count}"
            );
            assert_eq!(rig.pool(), before, "{missing} of {count}");
        }
    }
    assert_eq!(whole(&mut rig), before);
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// Closing a pin whose notes sound: another pin's notes go on bit by bit as before, and all memory comes back.
fn lifetime() {
    let (mut rig, filter, first, path) = start();
    load(&mut rig.client, first.handle, &wave(1, 8000)).unwrap();
    load(&mut rig.client, first.handle, &instrument(2, 0, 0, 1)).unwrap();
    let full = level(&mut rig, &first, ON);
    let mut levels = Vec::new();
    // The first time, lists grow to have room for two.
    for _ in 0..3 {
        let mut second = rig.another_pin(&filter);
        let c = &mut rig.client;
        load(c, second.handle, &wave(1, 3000)).unwrap();
        load(c, second.handle, &instrument(2, 0, 0, 1)).unwrap();
        second.set_state(c, KSSTATE_RUN).unwrap();
        assert!(level(&mut rig, &second, ON) > full);
        second.close(&mut rig.client).unwrap();
        rig.sleep(SECOND);
        rig.take_audio();
        rig.sleep(SECOND / 2);
        assert!(rig.take_audio().iter().all(|frame| frame[0] == full));
        levels.push(rig.pool());
    }
    assert_eq!(levels[1..], [levels[0]; 2], "bytes of pool are left");
    rig.close(filter, [first], Some(path));
    rig.finish();
}
