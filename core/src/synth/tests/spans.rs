// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must not happen inside of a span of several ticks, and what goes on when the pool moves.

use super::super::pool::Room;
use super::super::tick::{SPAN, TICK};
use super::*;
use crate::dls::model::demand::Demand;
use crate::mem::TryBox;

/// What a note waits for may come while a block is rendered: it begins at the tick after, so no span passes one.
#[test]
fn no_span_passes_a_tick_while_a_note_waits() {
    let (wave, info) = dc();
    let regions = std::vec![region(&wave, info, &articulation(&[]))];
    let here = Instrument::new(0, false, regions.clone());
    let mut lazy = Instrument::new(1, false, Vec::new());
    lazy.demand = Some(TryBox::try_new(Demand::new()).unwrap());
    let instruments = [here, lazy].map(|i| Shared::try_new(i).unwrap());
    let [_, lazy] = &instruments;
    let mut port = VirtualSynth::new(2).unwrap();
    let patches = Patches {
        built_in: Vec::new(),
        instruments: instruments.to_vec(),
    };
    port.set_patches(Shared::try_new(patches).unwrap());
    let mut synth = synth(Vec::new());
    synth.attach(SYNTH, port);
    let span = |synth: &mut Synth| {
        render(synth, 4 * TICK as usize);
        synth.pool.span(synth.position)
    };
    send(&mut synth, &[0x90, 60, 127]);
    span(&mut synth);
    assert_eq!(span(&mut synth), u64::from(SPAN));
    send(&mut synth, &[0xC1, 1]);
    send(&mut synth, &[0x91, 60, 127]);
    assert_eq!(synth.voices(), 1);
    assert_eq!(span(&mut synth), u64::from(TICK));
    let built = Shared::try_new(Instrument::new(1, false, regions)).unwrap();
    lazy.demand().unwrap().slot.put(built, || ());
    span(&mut synth);
    assert_eq!(synth.voices(), 2);
    assert_eq!(span(&mut synth), u64::from(SPAN));
}

/// A key that is struck again excludes its note, and a new limit in between changes nothing about that.
#[test]
fn a_pool_that_moves_still_knows_its_keys() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 100);
    synth.set_room(TryBox::try_new(Room::new(100).unwrap()).unwrap());
    send(&mut synth, &[0x90, 60, 127]);
    // The old one shuts down in 15 ms.
    render(&mut synth, RATE as usize / 10);
    assert_eq!(synth.voices(), 1);
}
