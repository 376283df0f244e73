// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every allocation of the store may fail: the call reports it, leaves nothing behind, and works when it is tried again.

use arioso_core::dls::store::{Error, Quotas, Store, Usage};
use arioso_core::dls::{file, model::Instrument};
use arioso_core::mem::{EventQueue, Link, NoMemory, Ring, Shared, TryBox};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Lets a thread's next allocations succeed, then fails one, then all further ones succeed.
struct Countdown;

thread_local! {
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

fn fails_now() -> bool {
    match LEFT.get() {
        None => false,
        Some(0) => {
            LEFT.set(None);
            true
        }
        Some(left) => {
            LEFT.set(Some(left - 1));
            false
        }
    }
}

// SAFETY: forwards to the system allocator, or fails.
unsafe impl GlobalAlloc for Countdown {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails_now() {
            return std::ptr::null_mut();
        }
        LIVE.set(LIVE.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - 1);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if fails_now() {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Countdown = Countdown;

/// Runs `call` with the first, the second, … allocation failing until none fails; checks each failure. Returns how many did.
fn each_failure<T, E>(
    mut call: impl FnMut() -> Result<T, E>,
    mut check: impl FnMut(E),
) -> (T, usize) {
    for allocation in 0.. {
        LEFT.set(Some(allocation));
        let result = call();
        let untouched = LEFT.take().is_some();
        match result {
            Ok(value) => {
                assert!(untouched, "allocation {allocation} failed unnoticed");
                return (value, allocation);
            }
            Err(error) => {
                assert!(!untouched);
                check(error);
            }
        }
    }
    unreachable!()
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn words16(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn download(kind: u32, id: u32, objects: &[Vec<u8>]) -> Vec<u8> {
    let start = 16 + 4 * objects.len() as u32;
    let mut at = start;
    let mut table = vec![];
    for object in objects {
        table.push(at);
        at += object.len() as u32;
    }
    [
        words(&[kind, id, objects.len() as u32, at]),
        words(&table),
        objects.concat(),
    ]
    .concat()
}

fn wave(id: u32) -> Vec<u8> {
    let main = [
        words(&[0, 0, 1]),
        words16(&[1, 1]),
        words(&[8000, 16000]),
        words16(&[2, 16, 0]),
    ]
    .concat();
    download(2, id, &[main, [words(&[64]), vec![id as u8; 64]].concat()])
}

fn instrument(id: u32, wave: u32) -> Vec<u8> {
    let region = |next: u32| {
        [
            words16(&[0, 127, 0, 127, 0, 0]),
            words(&[3, next, 0]),
            words16(&[0, 0]),
            words(&[1, wave, 0, 0, 0, 0, 0]),
        ]
        .concat()
    };
    let list = [words(&[8, 1]), words16(&[9, 0, 3, 0]), words(&[100])].concat();
    download(
        3,
        id,
        &[
            words(&[5, 1, 0, 0, 0, 0]),
            region(2),
            region(0),
            words(&[4, 0, 0]),
            list,
        ],
    )
}

#[test]
fn downloads() {
    let before = LIVE.get();
    {
        let mut store = Store::new(Quotas::default());
        for port in 0..2 {
            for (buffer, objects) in [
                (wave(1), 1),
                (wave(2), 2),
                (instrument(3, 1), 3),
                (instrument(4, 2), 4),
            ] {
                let earlier = (store.usage(port), store.total());
                let (_, failures) = each_failure(
                    || {
                        let result = store.download(port, &buffer);
                        if result.is_err() {
                            assert_eq!((store.usage(port), store.total()), earlier);
                        }
                        result
                    },
                    |error| assert_eq!(error, Error::NoMemory),
                );
                assert!(failures >= 1);
                assert_eq!(store.usage(port).objects, objects);
            }
            // The table is there: a download includes it.
            let (patches, failures) =
                each_failure(|| store.patches(port), |error| assert_eq!(error, NoMemory));
            assert_eq!(failures, 0);
            assert_eq!(patches.find(5).map(|i| i.regions.len()), Some(2));
        }
        store.close_port(0);
        store.close_port(1);
        assert_eq!(store.total(), Usage::default());
    }
    assert_eq!(LIVE.get(), before);
}

/// An unload that finds no memory for the new table leaves the download where it was.
#[test]
fn unloads() {
    let before = LIVE.get();
    {
        let mut store = Store::new(Quotas::default());
        let w = store.download(0, &wave(1)).unwrap();
        let i = store.download(0, &instrument(3, 1)).unwrap();
        let earlier = (store.usage(0), store.total());
        let unload = || {
            let result = store.unload(0, i);
            if result.is_err() {
                assert_eq!((store.usage(0), store.total()), earlier);
                assert!(store.patches(0).unwrap().find(5).is_some());
            }
            result
        };
        let ((), failures) = each_failure(unload, |error| assert_eq!(error, Error::NoMemory));
        assert!(failures >= 1);
        assert!(store.patches(0).unwrap().find(5).is_none());
        // A wave is in no table.
        let ((), failures) = each_failure(|| store.unload(0, w), |error| panic!("{error:?}"));
        assert_eq!(failures, 0);
        assert_eq!(store.total(), Usage::default());
    }
    assert_eq!(LIVE.get(), before);
}

fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&id[..], &(data.len() as u32).to_le_bytes(), data].concat()
}

fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
}

fn bank() -> Vec<u8> {
    let keys: [u8; 128] = std::array::from_fn(|key| key as u8);
    let region = list(
        b"rgn ",
        &[
            chunk(b"rgnh", &words16(&[0, 127, 0, 127, 0, 0])),
            chunk(b"wlnk", &[words16(&[0, 0]), words(&[1, 0])].concat()),
            list(
                b"lart",
                &[chunk(
                    b"art1",
                    &[words(&[8, 1]), words16(&[1, 0, 3, 0]), words(&[9])].concat(),
                )],
            ),
        ],
    );
    let ins = |program| {
        list(
            b"ins ",
            &[
                chunk(b"insh", &words(&[1, 0, program])),
                list(b"lrgn", std::slice::from_ref(&region)),
            ],
        )
    };
    let fmt = chunk(
        b"fmt ",
        &[words16(&[1, 1]), words(&[8000, 16000]), words16(&[2, 16])].concat(),
    );
    let body = [
        list(b"lins", &[ins(0), ins(1)]),
        chunk(b"ptbl", &words(&[8, 1, 0])),
        list(b"wvpl", &[list(b"wave", &[fmt, chunk(b"data", &[1; 32])])]),
        // Key 1 of drum kits as key 0; program 7 as program 0.
        chunk(
            b"pgal",
            &[&keys[..], &[0; 4], &[0, 0, 7, 0, 0, 0, 0, 0]].concat(),
        ),
    ]
    .concat();
    chunk(b"RIFF", &[&b"DLS "[..], &body].concat())
}

#[test]
fn files_and_the_default_set() {
    let data = bank();
    let before = LIVE.get();
    {
        let load = || file::load(&data, file::Limits::default());
        let (instruments, failures) =
            each_failure(load, |error| assert_eq!(error, file::Error::NoMemory));
        assert!(failures >= 8);
        assert_eq!(instruments.len(), 3);
        let mut store = Store::new(Quotas::default());
        let add = |instruments: &[Shared<Instrument>], store: &mut Store| {
            let copy = instruments.to_vec();
            LEFT.set(Some(0));
            let result = store.add_defaults(copy);
            LEFT.set(None);
            result
        };
        assert_eq!(add(&instruments, &mut store), Err(NoMemory));
        store.add_defaults(instruments).unwrap();
        assert!(store.patches(0).unwrap().find(1).is_some());
    }
    assert_eq!(LIVE.get(), before);
}

struct Node;

// SAFETY: no node is ever queued here.
unsafe impl Link for Node {
    fn time(&self) -> i64 {
        0
    }
    fn next(&self) -> *mut Self {
        std::ptr::null_mut()
    }
    fn set_next(&mut self, _: *mut Self) {}
}

#[test]
fn containers() {
    let before = LIVE.get();
    let check = |error| assert_eq!(error, NoMemory);
    assert_eq!(each_failure(|| TryBox::try_new([1u8; 32]), check).1, 1);
    assert_eq!(each_failure(|| Shared::try_new([1u8; 32]), check).1, 1);
    assert_eq!(each_failure(|| Ring::<u32>::new(8), check).1, 1);
    assert_eq!(each_failure(EventQueue::<Node>::new, check).1, 2);
    assert_eq!(LIVE.get(), before);
}
