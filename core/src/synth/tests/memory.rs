// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nothing is allocated or freed while rendering; what is let go of is handed back.

use super::*;
use std::alloc::{GlobalAlloc, Layout, System as Heap};
use std::cell::Cell;

std::thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: hands everything on to the system's allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.with(|calls| calls.set(calls.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { Heap.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        CALLS.with(|calls| calls.set(calls.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { Heap.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn calls() -> u64 {
    CALLS.with(Cell::get)
}

#[test]
fn render_and_message_do_not_touch_the_heap() {
    let (dc_wave, info) = dc();
    let vibrato = articulation(&[
        connect(
            (Source::Vibrato, BIPOLAR),
            Source::None,
            Destination::Pitch,
            cents(30.0),
        ),
        set(Destination::FilterCutoff, cents(8000.0)),
        set(Destination::Eg1Release, seconds(0.1)),
        effects::reverb_send(1000.0),
        effects::chorus_send(1000.0),
    ]);
    let mut synth = synth_with(
        32,
        RATE,
        std::vec![
            region(&dc_wave, info, &vibrato),
            region(&impulse(), PLAIN, &articulation(&[]))
        ],
    );
    let mut out = std::vec![[0.0; 2]; 4096];
    let mut random = Random(3);
    let before = calls();
    assert!(before > 0, "the counting allocator is not in use");
    for _ in 0..3000 {
        let byte = |random: &mut Random| random.below(128) as u8;
        let status = 0x80 | byte(&mut random);
        let message = [status, byte(&mut random), byte(&mut random)];
        synth.message(SYNTH, random.below(3) as u16, &message);
        synth.message(SYNTH, 1, &[0x90 | (status & 15), message[1], message[2]]);
        let frames = random.below(300) as usize;
        synth.render(&mut out[..frames]);
    }
    synth.follow(true);
    assert_eq!(calls(), before);
}

#[test]
fn an_instrument_may_go_while_its_voices_sound() {
    let (dc_wave, info) = dc();
    let mut synth = synth(std::vec![region(&dc_wave, info, &articulation(&[]))]);
    drop(dc_wave);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 100);
    let empty = Shared::try_new(Patches {
        built_in: Vec::new(),
        instruments: Vec::new(),
    })
    .unwrap();
    drop(synth.virtual_synth_mut(SYNTH).unwrap().set_patches(empty));
    near(left(&render(&mut synth, 4800))[4799], 1.0, 1e-3);
    assert!(synth.take_retired().is_none());
    let before = calls();
    send(&mut synth, &[0x80, 60, 0]);
    let mut out = [[0.0; 2]; 480];
    synth.render(&mut out);
    assert_eq!((synth.voices(), calls()), (0, before));
    let mut kinds = [0, 0];
    while let Some(retired) = synth.take_retired() {
        kinds[usize::from(matches!(retired, Retired::Articulation(_)))] += 1;
    }
    assert_eq!(kinds, [1, 1]);
    assert!(calls() > before, "the last references were not handed back");
}

#[test]
fn a_full_retire_list_loses_nothing() {
    // Nobody takes what is retired; each note brings a wave of its own.
    let mut synth = synth_with(4, RATE, std::vec![]);
    for round in 0..400 {
        let (dc_wave, info) = dc();
        let regions = std::vec![region(&dc_wave, info, &articulation(&[]))];
        let instrument = Shared::try_new(Instrument::new(0, false, regions)).unwrap();
        let patches = Shared::try_new(Patches {
            built_in: Vec::new(),
            instruments: std::vec![instrument],
        })
        .unwrap();
        drop(synth.virtual_synth_mut(SYNTH).unwrap().set_patches(patches));
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 40);
        let empty = Shared::try_new(Patches {
            built_in: Vec::new(),
            instruments: Vec::new(),
        })
        .unwrap();
        drop(synth.virtual_synth_mut(SYNTH).unwrap().set_patches(empty));
        send(&mut synth, &[0x80, 60, 0]);
        render(&mut synth, 300);
        assert!(synth.voices() <= 4, "{round}");
    }
    // The list is full: ended voices wait, and notes find no room.
    let waiting = synth.voices();
    assert!(waiting > 0);
    let mut taken = 0;
    while synth.take_retired().is_some() {
        taken += 1;
    }
    assert!(taken > 50);
    render(&mut synth, 1000);
    assert_eq!(synth.voices(), 0);
}

/// What was let go of before a change of the room, and behind it, comes back.
#[test]
fn a_change_of_the_room_loses_nothing() {
    for voices in [2, 64] {
        let mut synth = synth_with(8, RATE, std::vec![]);
        let mut taken = 0;
        for round in 0..3 {
            let (dc_wave, info) = dc();
            let regions = std::vec![region(&dc_wave, info, &articulation(&[]))];
            let patches = |instruments| {
                Shared::try_new(Patches {
                    built_in: Vec::new(),
                    instruments,
                })
                .unwrap()
            };
            let instrument = Shared::try_new(Instrument::new(0, false, regions)).unwrap();
            let port = synth.virtual_synth_mut(SYNTH).unwrap();
            drop(port.set_patches(patches(std::vec![instrument])));
            drop(dc_wave);
            send(&mut synth, &[0x90, 60, 127]);
            render(&mut synth, 64);
            let port = synth.virtual_synth_mut(SYNTH).unwrap();
            drop(port.set_patches(patches(Vec::new())));
            send(&mut synth, &[0xB0, 120, 0]);
            render(&mut synth, 400);
            assert_eq!(synth.voices(), 0);
            if round == 1 {
                let room = crate::mem::TryBox::try_new(Room::new(voices).unwrap()).unwrap();
                let old = synth.set_room(room);
                // What the pool had before holds nothing of it.
                drop(old);
            }
        }
        while let Some(retired) = synth.take_retired() {
            taken += usize::from(matches!(retired, Retired::Wave(_)));
        }
        assert_eq!(taken, 3, "{voices}");
    }
}

#[test]
fn detaching_fades_and_gives_the_port_back() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 1003);
    let port = synth.detach(SYNTH).unwrap();
    assert!(synth.virtual_synth(SYNTH).is_none() && synth.detach(SYNTH).is_none());
    let out = left(&render(&mut synth, 400));
    assert!(out[0] > 0.9 && out.windows(2).all(|w| (w[0] - w[1]).abs() < 0.01) && out[200] == 0.0);
    assert!(
        synth.attach(SynthId(7), port).is_some(),
        "there is no slot 7"
    );
}

#[test]
fn silence_is_exactly_zero() {
    let mut synth = dc_synth(&[]);
    assert!(render(&mut synth, 1000).iter().all(|f| *f == [0.0; 2]));
    assert_eq!(synth.position(), 1000);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0x80, 60, 127]);
    render(&mut synth, 1000);
    assert!(render(&mut synth, 1000).iter().all(|f| *f == [0.0; 2]));
}
