// SPDX-License-Identifier: MIT OR Apache-2.0
use super::super::download::tests::{frame, main_object, region, simple_instrument, wave};
use super::super::file;
use super::*;
use std::vec;

fn store() -> Store {
    Store::new(Quotas::default())
}

fn find(store: &mut Store, port: u8, patch: u32) -> Option<Shared<Instrument>> {
    store.patches(port).unwrap().find(patch).cloned()
}

/// A default instrument of that patch, told apart by its number of regions.
fn default(patch: u32, regions: usize) -> Shared<Instrument> {
    let regions: vec::Vec<_> = (0..regions)
        .map(|_| {
            file::write::region(&[
                file::write::rgnh((0, 127), (0, 127), 0, 0),
                file::write::wlnk(0),
            ])
        })
        .collect();
    let bank = patch & 0x8000_0000 | patch >> 8 & 0x7F7F;
    let data = file::write::dls(
        &[file::write::instrument(bank, patch & 0x7F, &regions, &[])],
        &[file::write::wave(&[9, 9])],
    );
    file::load(&data, file::Limits::default())
        .unwrap()
        .remove(0)
}

#[test]
fn waves_then_instruments() {
    let mut store = store();
    let w = store.download(0, &wave(5, 8000, &[1; 40])).unwrap();
    let i = store.download(0, &simple_instrument(6, 3, 0, 5)).unwrap();
    assert!(w.0 != 0 && i.0 != 0 && w != i);
    let instrument = find(&mut store, 0, 3).unwrap();
    let region = &instrument.regions[0];
    assert_eq!((region.wave.frames().len(), region.sample.unity), (40, 64));
    assert_eq!(
        (region.phase_group, region.phase_master, region.key_group),
        (7, true, 2)
    );
    let l = region.sample.sample_loop.unwrap();
    assert_eq!((l.start, l.length, l.until_release), (5, 10, true));
    assert!(find(&mut store, 0, 4).is_none());
    assert!(find(&mut store, 1, 3).is_none());
}

#[test]
fn a_loop_outside_of_the_wave_is_none() {
    let mut store = store();
    store.download(0, &wave(5, 8000, &[1; 6])).unwrap();
    store.download(0, &simple_instrument(6, 3, 0, 5)).unwrap();
    assert_eq!(
        find(&mut store, 0, 3).unwrap().regions[0]
            .sample
            .sample_loop,
        None
    );
}

#[test]
fn links_are_resolved_within_the_port() {
    let mut store = store();
    store.download(1, &wave(5, 8000, &[1, 2])).unwrap();
    assert_eq!(
        store.download(0, &simple_instrument(6, 3, 0, 5)).err(),
        Some(Error::BadWaveLink)
    );
    store.download(1, &simple_instrument(6, 3, 0, 5)).unwrap();
    // An instrument's id is not a wave's.
    assert_eq!(
        store.download(1, &simple_instrument(7, 3, 0, 6)).err(),
        Some(Error::BadWaveLink)
    );
    assert_eq!(store.usage(0), Usage::default());
}

#[test]
fn ids_are_unique_within_a_port_until_unloaded() {
    let mut store = store();
    let w = store.download(0, &wave(5, 8000, &[1, 2])).unwrap();
    assert_eq!(
        store.download(0, &wave(5, 8000, &[3, 4])).err(),
        Some(Error::AlreadyDownloaded)
    );
    assert_eq!(
        store.download(0, &simple_instrument(5, 0, 0, 5)).err(),
        Some(Error::AlreadyDownloaded)
    );
    store.download(1, &wave(5, 8000, &[3, 4])).unwrap();
    store.unload(0, w).unwrap();
    store.download(0, &wave(5, 8000, &[3, 4])).unwrap();
}

#[test]
fn handles_are_checked() {
    let mut store = store();
    let a = store.download(0, &wave(1, 8000, &[1, 2])).unwrap();
    let b = store.download(1, &wave(1, 8000, &[5, 6])).unwrap();
    for (port, handle) in [
        (0, Handle(0)),
        (0, Handle(u32::MAX)),
        (0, b),
        (1, a),
        (2, a),
        (0, Handle(a.0 + 1)),
    ] {
        assert_eq!(
            store.unload(port, handle),
            Err(Error::UnknownHandle),
            "{port} {handle:?}"
        );
    }
    assert_eq!(store.unload(0, a), Ok(()));
    assert_eq!(store.unload(0, a), Err(Error::UnknownHandle));
    // The slot is used again, the handle is not.
    let c = store.download(0, &wave(1, 8000, &[1, 2])).unwrap();
    assert_ne!(a, c);
    assert_eq!(store.unload(0, a), Err(Error::UnknownHandle));
    assert_eq!(store.unload(0, c), Ok(()));
    assert_eq!(store.unload(1, b), Ok(()));
    assert_eq!(store.total(), Usage::default());
}

/// §2.3: unloading a wave that an instrument uses succeeds; its memory stays until the instrument goes.
#[test]
fn a_wave_outlives_its_unload_while_it_is_used() {
    let mut store = store();
    let w = store.download(0, &wave(5, 8000, &[1; 100])).unwrap();
    let i = store.download(0, &simple_instrument(6, 3, 0, 5)).unwrap();
    store.unload(0, w).unwrap();
    assert_eq!(
        find(&mut store, 0, 3).unwrap().regions[0]
            .wave
            .frames()
            .len(),
        100
    );
    let wave_bytes = store.total().bytes;
    assert!(wave_bytes > 200);
    // A voice holds the wave.
    let voice = find(&mut store, 0, 3).unwrap().regions[0].wave.clone();
    store.unload(0, i).unwrap();
    assert!(find(&mut store, 0, 3).is_none());
    assert_eq!(voice.frames(), [1; 100]);
    assert!(store.total().bytes > 200);
    drop(voice);
    store.collect();
    assert_eq!(store.total(), Usage::default());
}

#[test]
fn closing_a_port_forgets_its_downloads_only() {
    let mut store = store();
    for port in [0, 1] {
        store.download(port, &wave(5, 8000, &[1; 100])).unwrap();
        store
            .download(port, &simple_instrument(6, 3, 0, 5))
            .unwrap();
    }
    assert_eq!(store.total().objects, 4);
    store.close_port(0);
    store.close_port(0);
    assert!(find(&mut store, 0, 3).is_none());
    assert!(find(&mut store, 1, 3).is_some());
    store.close_port(1);
    assert_eq!(store.total(), Usage::default());
}

#[test]
fn ports_share_wave_data_by_content() {
    let mut store = store();
    store.download(0, &wave(5, 8000, &[1; 1000])).unwrap();
    let one = store.total().bytes;
    store.download(1, &wave(77, 8000, &[1; 1000])).unwrap();
    assert_eq!(store.total().bytes, one);
    assert_eq!(store.usage(1).bytes, one);
    store.download(1, &wave(78, 8001, &[1; 1000])).unwrap();
    assert_eq!(store.total().bytes, 2 * one);
    store.close_port(0);
    assert_eq!(store.total().bytes, 2 * one);
}

#[test]
fn an_instrument_that_is_not_gm_wins() {
    let gm = simple_instrument(10, 3, 1, 5);
    let own = frame(
        3,
        11,
        4,
        &[
            main_object(3, 1, 0, 0),
            region((0, 9), 0, 2, 5),
            region((0, 9), 0, 0, 5),
        ],
    );
    for order in [[&gm, &own], [&own, &gm]] {
        let mut store = store();
        store.download(0, &wave(5, 8000, &[1, 2])).unwrap();
        let handles = order.map(|buffer| (buffer, store.download(0, buffer).unwrap()));
        assert_eq!(find(&mut store, 0, 3).unwrap().regions.len(), 2);
        let own = handles.iter().find(|h| h.0 == &own).unwrap().1;
        store.unload(0, own).unwrap();
        assert!(find(&mut store, 0, 3).unwrap().gm);
    }
}

#[test]
fn downloads_hide_the_default_set_until_unloaded() {
    let mut store = store();
    store
        .add_defaults(vec![
            default(3, 3),
            default(0x8000_0000, 4),
            default(3, 5),
            default(0x0079_0105, 6),
        ])
        .unwrap();
    assert_eq!(find(&mut store, 0, 3).unwrap().regions.len(), 3);
    store.download(0, &wave(5, 8000, &[1, 2])).unwrap();
    let i = store.download(0, &simple_instrument(6, 3, 1, 5)).unwrap();
    assert_eq!(find(&mut store, 0, 3).unwrap().regions.len(), 1);
    assert_eq!(find(&mut store, 1, 3).unwrap().regions.len(), 3);
    assert_eq!(find(&mut store, 0, 0x8000_0000).unwrap().regions.len(), 4);
    assert_eq!(find(&mut store, 0, 0x0079_0105).unwrap().regions.len(), 6);
    store.unload(0, i).unwrap();
    assert_eq!(find(&mut store, 0, 3).unwrap().regions.len(), 3);
    let patches: vec::Vec<_> = store
        .patches(0)
        .unwrap()
        .instruments()
        .iter()
        .map(|i| i.patch)
        .collect();
    assert_eq!(patches, [3, 0x0079_0105, 0x8000_0000]);
    store.add_defaults(vec![default(4, 1)]).unwrap();
    assert!(find(&mut store, 0, 4).is_some() && find(&mut store, 1, 4).is_some());
}

#[test]
fn a_table_is_rebuilt_only_after_a_change() {
    let mut store = store();
    for port in [0, 1] {
        let w = store.download(0, &wave(5, 8000, &[1, 2])).unwrap();
        let a = store.patches(port).unwrap();
        assert!(Shared::ptr_eq(&a, &store.patches(port).unwrap()));
        store.unload(0, w).unwrap();
    }
    store.download(0, &wave(5, 8000, &[1, 2])).unwrap();
    let before = store.patches(0).unwrap();
    store.download(0, &simple_instrument(6, 3, 0, 5)).unwrap();
    let after = store.patches(0).unwrap();
    assert!(before.find(3).is_none() && after.find(3).is_some());
}

#[test]
fn quotas() {
    let quotas = Quotas {
        bytes: 3000,
        port_bytes: 2000,
        objects: 5,
        port_objects: 3,
    };
    let mut store = Store::new(quotas);
    let big = |id, fill| wave(id, 8000, &[fill; 800]);
    store.download(0, &big(1, 1)).unwrap();
    assert_eq!(store.download(0, &big(2, 2)).err(), Some(Error::Quota));
    assert!(store.free_bytes(0) < 400);
    // The other port has bytes left, all together have not; a wave that is there already costs nothing.
    assert_eq!(store.download(1, &big(1, 2)).err(), Some(Error::Quota));
    let shared = store.download(1, &big(1, 1)).unwrap();
    for id in 2..4 {
        store.download(0, &wave(id, 8000, &[id as i16])).unwrap();
    }
    assert_eq!(
        store.download(0, &wave(4, 8000, &[4])).err(),
        Some(Error::Quota)
    );
    store.unload(1, shared).unwrap();
    for id in 2..4 {
        store.download(1, &wave(id, 8000, &[id as i16])).unwrap();
    }
    assert_eq!(
        store.download(2, &wave(4, 8000, &[4])).err(),
        Some(Error::Quota)
    );
    assert_eq!(store.total().objects, 5);
    store.close_port(0);
    store.download(1, &big(9, 3)).unwrap();
}

/// docs/driver.md: 512 MB unless the machine's owner says otherwise, half of it for one pin; 65,536 and 16,384 objects.
#[test]
fn the_quotas_are_those_of_the_documentation() {
    let quotas = Quotas {
        bytes: 512 * 1024 * 1024,
        port_bytes: 256 * 1024 * 1024,
        objects: 65_536,
        port_objects: 16_384,
    };
    assert_eq!(Quotas::default(), quotas);
}

/// What a port may still have is the rest of its quota, or of that of all if that is less.
#[test]
fn free_bytes_are_what_quotas_leave() {
    let quotas = Quotas {
        bytes: 5000,
        port_bytes: 3000,
        ..Quotas::default()
    };
    let mut store = Store::new(quotas);
    assert_eq!(store.free_bytes(0), 3000);
    store.download(0, &wave(1, 8000, &[1; 100])).unwrap();
    let used = store.usage(0).bytes;
    assert!(used > 200);
    assert_eq!(
        (store.free_bytes(0), store.free_bytes(1)),
        (3000 - used, 3000)
    );
    for port in 1..3 {
        store
            .download(port, &wave(1, 8000, &[2 + i16::from(port); 1000]))
            .unwrap();
    }
    let left = 5000 - store.total().bytes;
    assert!(left < 1000);
    assert_eq!([0, 1, 2, 3].map(|port| store.free_bytes(port)), [left; 4]);
}

/// The last byte fits, one more does not; by port and for all ports. An unload makes exactly the room that there was.
#[test]
fn quotas_hold_to_the_byte() {
    let buffers = [
        wave(5, 8000, &[1; 100]),
        simple_instrument(6, 3, 0, 5),
        wave(7, 8000, &[2; 50]),
    ];
    let mut all = store();
    let mut after = [0; 3];
    for (buffer, sum) in buffers.iter().zip(&mut after) {
        all.download(0, buffer).unwrap();
        assert_eq!(all.usage(0).bytes, all.total().bytes);
        *sum = all.total().bytes;
    }
    for (last, &sum) in after.iter().enumerate() {
        for missing in [0, 1] {
            for global in [false, true] {
                let limit = sum - missing;
                let mut store = Store::new(Quotas {
                    bytes: if global { limit } else { usize::MAX },
                    port_bytes: if global { usize::MAX } else { limit },
                    ..Quotas::default()
                });
                for buffer in &buffers[..last] {
                    store.download(0, buffer).unwrap();
                }
                let before = (store.usage(0), store.total());
                let free = store.free_bytes(0);
                let got = store.download(0, &buffers[last]);
                if missing == 1 {
                    assert_eq!(got, Err(Error::Quota));
                    assert_eq!((store.usage(0), store.total()), before);
                } else {
                    assert_eq!(store.free_bytes(0), 0);
                    store.unload(0, got.unwrap()).unwrap();
                    assert_eq!(store.free_bytes(0), free);
                    store.download(0, &buffers[last]).unwrap();
                }
            }
        }
    }
}

#[test]
fn invalid_buffers_leave_nothing_behind() {
    let mut store = store();
    assert_eq!(
        store.download(0, &[]).err(),
        Some(Error::Invalid(download::Error::Malformed))
    );
    let unsupported = frame(5, 1, 1, &[vec![0; 32]]);
    assert_eq!(
        store.download(0, &unsupported).err(),
        Some(Error::Invalid(download::Error::Unsupported))
    );
    assert_eq!(store.total(), Usage::default());
}

/// Random downloads, unloads and closes of several ports against a plain model.
#[test]
fn random_histories_keep_the_books() {
    let mut store = store();
    let mut live: vec::Vec<(u8, u32, Handle, bool)> = vec![];
    let mut random = 3u64;
    let mut next = |bound: u32| {
        random = random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (random >> 33) as u32 % bound
    };
    for _ in 0..if cfg!(miri) { 100 } else { 5000 } {
        let port = next(3) as u8;
        match next(10) {
            0 => {
                store.close_port(port);
                live.retain(|l| l.0 != port);
            }
            1..4 if !live.is_empty() => {
                let (port, _, handle, _) = live.swap_remove(next(live.len() as u32) as usize);
                store.unload(port, handle).unwrap();
            }
            _ => {
                let (id, is_wave) = (next(40), next(2) == 0);
                let target = next(40);
                let buffer = if is_wave {
                    wave(id, 8000, &[next(5) as i16; 9])
                } else {
                    simple_instrument(id, next(6), next(2), target)
                };
                let taken = live.iter().any(|l| (l.0, l.1) == (port, id));
                let linked =
                    is_wave || live.iter().any(|l| (l.0, l.1, l.3) == (port, target, true));
                match store.download(port, &buffer) {
                    Ok(handle) => {
                        assert!(!taken && linked);
                        live.push((port, id, handle, is_wave));
                    }
                    Err(Error::AlreadyDownloaded) => assert!(taken),
                    Err(Error::BadWaveLink) => assert!(!taken && !linked),
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
        assert_eq!(store.total().objects, live.len());
        for port in 0..3 {
            let own = live.iter().filter(|l| l.0 == port).count();
            assert_eq!(store.usage(port).objects, own);
        }
        let patches = store.patches(port).unwrap();
        assert!(patches.instruments().is_sorted_by(|a, b| a.patch < b.patch));
    }
    for port in 0..3 {
        store.close_port(port);
    }
    assert_eq!(store.total(), Usage::default());
}

/// Other bounds count for what comes; what is there stays.
#[test]
fn bounds_can_change() {
    let mut store = store();
    store.download(0, &wave(1, 8000, &[1; 100])).unwrap();
    let used = store.total();
    let narrow = Quotas {
        bytes: used.bytes + 10,
        ..Quotas::default()
    };
    store.set_quotas(narrow);
    assert_eq!((store.total(), store.free_bytes(0)), (used, 10));
    assert_eq!(
        store.download(0, &wave(2, 8000, &[2; 100])),
        Err(Error::Quota)
    );
    store.set_quotas(Quotas::default());
    store.download(0, &wave(2, 8000, &[2; 100])).unwrap();
    assert_eq!(store.total().bytes, 2 * used.bytes);
}

/// A wave that outlived its download goes with the next table, collection or download, even one that is refused.
#[test]
fn what_nobody_plays_any_more_goes_at_the_next_call() {
    type Call = fn(&mut Store);
    let calls: [(&str, Call); 3] = [
        ("a table", |store| drop(store.patches(0).unwrap())),
        ("a refused download", |store| {
            store.download(0, &[0xFF; 64]).unwrap_err();
        }),
        ("a collection", Store::collect),
    ];
    for (name, call) in calls {
        let mut store = store();
        let w = store.download(0, &wave(5, 8000, &[1; 100])).unwrap();
        let i = store.download(0, &simple_instrument(6, 3, 0, 5)).unwrap();
        let voice = find(&mut store, 0, 3).unwrap().regions[0].wave.clone();
        store.unload(0, i).unwrap();
        store.unload(0, w).unwrap();
        call(&mut store);
        assert!(store.total().bytes > 200, "{name}: it sounds");
        drop(voice);
        call(&mut store);
        assert_eq!(store.total(), Usage::default(), "{name}");
    }
}

/// Without ports the store has no memory for them.
#[test]
fn the_last_port_takes_the_table_with_it() {
    let mut store = store();
    for port in 0..5 {
        store.download(port, &wave(5, 8000, &[1])).unwrap();
    }
    for port in 0..5 {
        assert!(store.ports.capacity() > 0);
        store.close_port(port);
    }
    assert_eq!(store.ports.capacity(), 0);
}
