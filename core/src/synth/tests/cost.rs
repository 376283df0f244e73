// SPDX-License-Identifier: MIT OR Apache-2.0
//! Slices stay in their budget, whatever is asked for. Time is invented.

use super::super::budget::Budget;
use super::super::sequencer::{Events, Source as Queue, run};
use super::*;
use std::collections::VecDeque;

/// Frames of a slice of a millisecond.
const SLICE: usize = 48;
const LIMIT: u32 = 100_000;

/// Held voices with a filter.
fn big(voices: u16) -> Synth {
    let (wave, info) = dc();
    let filtered = articulation(&[
        set(Destination::FilterCutoff, cents(8000.0)),
        set(Destination::Eg1Release, seconds(0.5)),
    ]);
    synth_with(voices, RATE, std::vec![region(&wave, info, &filtered)])
}

/// The `n`th of 4,000 different keys.
fn key(n: usize) -> (u16, [u8; 3]) {
    let (part, key) = (n / 125, n % 125);
    (
        (part / 16) as u16 + 1,
        [0x90 | (part % 16) as u8, key as u8, 100],
    )
}

fn hold(synth: &mut Synth, notes: usize) {
    for (group, message) in (0..notes).map(key) {
        synth.message(SYNTH, group, &message);
    }
}

fn lost(synth: &Synth) -> u64 {
    synth.virtual_synth(SYNTH).unwrap().stats().lost_notes
}

/// Plays slices on a machine that takes `factor` times what is predicted at scale 1; the last prediction.
fn play(synth: &mut Synth, budget: &mut Budget, slices: usize, factor: f32) -> f32 {
    let mut out = [[0.0; 2]; SLICE];
    let mut last = 0.0;
    for _ in 0..slices {
        let scale = budget.scale();
        budget.begin(synth, SLICE);
        synth.render(&mut out);
        let nominal = synth.work(true).cost(SLICE);
        last = budget.end(synth, nominal * factor).predicted;
        assert!(last <= budget.limit(), "{last} ns at scale {scale}");
        while synth.take_retired().is_some() {}
    }
    last
}

#[test]
fn what_fits_is_left_alone() {
    let mut free = big(256);
    let mut bound = big(256);
    hold(&mut free, 200);
    hold(&mut bound, 200);
    let mut budget = Budget::new(LIMIT);
    let mut out = [[0.0; 2]; SLICE];
    for _ in 0..100 {
        budget.begin(&mut bound, SLICE);
        bound.render(&mut out);
        let nominal = bound.work(true).cost(SLICE);
        budget.end(&mut bound, nominal);
        assert_eq!(render(&mut free, SLICE), out);
    }
    assert_eq!((bound.voices(), lost(&bound)), (200, 0));
}

#[test]
fn learns_the_machine_and_sheds_what_it_cannot_carry() {
    let mut synth = big(4000);
    let mut budget = Budget::new(LIMIT);
    hold(&mut synth, 200);
    play(&mut synth, &mut budget, 200, 1.0);
    assert_eq!((synth.voices(), lost(&synth)), (200, 0));
    // The machine slows down: before each slice so many go that the next prediction fits.
    play(&mut synth, &mut budget, 200, 8.0);
    near(budget.scale(), 8.0, 0.5);
    let left = synth.voices();
    assert!((50..190).contains(&left), "{left}");
    assert_eq!(lost(&synth), u64::from(200 - left));
    // It recovers; nothing more is lost.
    play(&mut synth, &mut budget, 2000, 0.5);
    near(budget.scale(), 0.5, 0.05);
    assert_eq!(synth.voices(), left);
    // One slow slice among many is not a slow machine.
    play(&mut synth, &mut budget, 1, 1000.0);
    assert!(budget.scale() < 0.6);
}

#[test]
fn believes_only_in_possible_machines() {
    let mut synth = big(256);
    let mut budget = Budget::new(LIMIT);
    hold(&mut synth, 100);
    play(&mut synth, &mut budget, 3000, 0.0);
    near(budget.scale(), 0.25, 1e-3);
    play(&mut synth, &mut budget, 3000, 1e6);
    near(budget.scale(), 16.0, 1e-3);
}

/// A slice that costs to the last ns what it may loses nothing; the least less, and a voice goes.
#[test]
fn what_fits_exactly_is_left_alone() {
    let mut found = 0;
    for notes in 10..40 {
        let mut synth = big(256);
        hold(&mut synth, notes);
        render(&mut synth, 12 * SLICE);
        let cost = synth.work(false).cost(SLICE);
        // Voices may take eight tenths.
        let exact = |allowance: &f32| {
            super::super::cost::Slice::new(*allowance, SLICE).for_voices() == cost
        };
        let guess = cost / 0.8;
        let Some(allowance) = [guess.next_down(), guess, guess.next_up()]
            .into_iter()
            .find(exact)
        else {
            continue;
        };
        found += 1;
        synth.begin_slice(allowance, SLICE);
        assert_eq!(synth.end_slice(), cost);
        assert_eq!(lost(&synth), 0, "{notes}");
        synth.begin_slice(allowance * 0.9999, SLICE);
        // To find it among many costs more than it saves: others go for that.
        let gone = lost(&synth);
        assert!(gone > if notes < 20 { 0 } else { 1 }, "{notes}: {gone}");
        let search = synth.end_slice() - synth.work(true).cost(SLICE);
        assert!(search > 0.0, "{notes}: {search}");
    }
    assert!(found > 5, "{found} costs are eight tenths of a number");
}

/// Where no voice is left to go, none is looked for.
#[test]
fn fading_voices_are_not_looked_through_for_held_ones() {
    let mut synth = big(256);
    hold(&mut synth, 100);
    render(&mut synth, SLICE);
    send(&mut synth, &[0xB0, 120, 0]);
    assert_eq!(
        (synth.work(false).voices, synth.work(true).voices),
        (0, 100)
    );
    // Those that fade cost what they cost.
    synth.begin_slice(1e9, SLICE);
    assert_eq!(synth.end_slice(), synth.work(true).cost(SLICE));
    synth.begin_slice(1.0, SLICE);
    let work = synth.work(true);
    assert_eq!(synth.end_slice(), work.cost(SLICE));
    assert_eq!((work.voices, lost(&synth)), (0, 0));
}

/// A slower slice moves the scale by an eighth of the difference, a faster one by a 64th; none counts as more than twice the scale.
#[test]
fn learns_a_part_of_the_difference() {
    for (factor, expected) in [
        (1.0, 1.0),
        (1.5, 1.0 + 0.5 / 8.0),
        (2.0, 1.125),
        (1000.0, 1.125),
        (0.5, 1.0 - 0.5 / 64.0),
        (0.0, 1.0 - 1.0 / 64.0),
    ] {
        let mut synth = big(256);
        hold(&mut synth, 100);
        let mut budget = Budget::new(LIMIT);
        for scale in [expected, expected * expected] {
            budget.begin(&mut synth, SLICE);
            let nominal = synth.work(true).cost(SLICE);
            let expected = nominal * budget.scale();
            let spent = budget.end(&mut synth, expected * factor);
            near(budget.scale(), scale, 1e-4);
            near(spent.predicted, expected, 0.01);
        }
    }
}

/// A slice with next to nothing in it, or without a time, says nothing about the machine.
#[test]
fn learns_from_slices_that_are_worth_it() {
    let scale_after = |notes: usize, measured: f32| {
        let mut synth = big(256);
        hold(&mut synth, notes);
        let mut budget = Budget::new(LIMIT);
        for _ in 0..10 {
            budget.begin(&mut synth, SLICE);
            let spent = budget.end(&mut synth, measured);
            assert_eq!(spent.measured.to_bits(), measured.to_bits());
        }
        budget.scale()
    };
    assert_eq!(scale_after(0, 1e6), 1.0);
    assert_eq!(scale_after(100, -1.0), 1.0);
    assert_eq!(scale_after(100, f32::NAN), 1.0);
    assert!(scale_after(100, 1e6) > 1.5);
    assert!(scale_after(100, 0.0) < 0.9);
}

#[test]
fn the_least_important_go_first() {
    let mut synth = big(4000);
    // Channel 16 is the least important, the drum channel the most; keys of one channel go from old to new.
    for channel in [9, 0, 15] {
        for key in 0..100 {
            synth.message(SYNTH, 1, &[0x90 | channel, key, 100]);
        }
    }
    for key in 50..100 {
        synth.message(SYNTH, 1, &[0x80, key, 0]);
    }
    // Until nothing moves but what is released: longer than the shortest note.
    render(&mut synth, 12 * SLICE);
    let mut voices = 300;
    let (mut order, mut lost_before) = (Vec::new(), 0);
    for limit in (20..=240).rev() {
        let budget = Budget::new(limit * 125);
        budget.begin(&mut synth, SLICE);
        synth.render(&mut [[0.0; 2]; SLICE]);
        synth.end_slice();
        while synth.take_retired().is_some() {}
        if synth.voices() < voices {
            voices = synth.voices();
            order.push((voices, lost(&synth) - lost_before));
            lost_before = lost(&synth);
        }
    }
    assert!(order.len() >= 5, "{order:?}");
    // Of 300 voices the first fifty are released (none is a lost note), the others are held (each is).
    for (voices, _) in &order {
        let gone = 300 - u64::from(*voices);
        let expected = gone.saturating_sub(50);
        let counted: u64 = order
            .iter()
            .filter(|(other, _)| other >= voices)
            .map(|(_, lost)| lost)
            .sum();
        assert_eq!(counted, expected, "{gone} gone");
    }
    assert!(voices < 130, "{voices}");
}

struct Notes(VecDeque<usize>);

impl Events for Notes {
    fn peek_time(&self) -> Option<i64> {
        (!self.0.is_empty()).then_some(0)
    }

    fn pop(&mut self, _: i64, take: &mut dyn FnMut(u16, &[u8])) {
        if let Some((group, message)) = self.0.pop_front().map(key) {
            take(group, &message);
        }
    }
}

#[test]
fn four_thousand_notes_at_once() {
    let mut synth = big(4000);
    let mut budget = Budget::new(LIMIT);
    let mut clock = SampleClock::new(RATE);
    clock.start(0, 0);
    let mut notes = Notes((0..4000).collect());
    let mut out = [[0.0; 2]; SLICE];
    let (mut worst, mut taken_in) = (0.0f32, None);
    for slice in 0..1000i64 {
        budget.begin(&mut synth, SLICE);
        let mut sources = [Queue {
            port: SYNTH,
            events: &mut notes,
        }];
        let first = slice * SLICE as i64;
        run(&mut synth, &mut clock, &mut sources, first, &mut out);
        let spent = budget.end(&mut synth, 60_000.0);
        worst = worst.max(spent.predicted);
        assert!(out.as_flattened().iter().all(|x| x.is_finite()));
        while synth.take_retired().is_some() {}
        if notes.0.is_empty() && taken_in.is_none() {
            taken_in = Some(slice);
        }
    }
    let limit = budget.limit();
    assert!(worst > 0.8 * limit && worst <= limit, "{worst} ns");
    let slices = taken_in.expect("all notes are taken");
    assert!(slices < 500, "{slices} slices");
    let stats = *synth.virtual_synth(SYNTH).unwrap().stats();
    assert_eq!(stats.notes, 4000);
    assert_eq!(stats.lost_notes + u64::from(synth.voices()), 4000);
    assert!(synth.voices() > 200, "{}", synth.voices());
}

#[test]
fn a_layer_that_does_not_fit_is_lost() {
    let (wave, info) = dc();
    let layers = std::vec![region(&wave, info, &articulation(&[])); 200];
    let mut synth = synth_with(1000, RATE, layers);
    synth.begin_slice(50_000.0, SLICE);
    send(&mut synth, &[0x90, 60, 100]);
    let voices = synth.voices();
    assert!((5..150).contains(&voices), "{voices}");
    assert_eq!(lost(&synth), u64::from(200 - voices));
    assert!(synth.end_slice() <= 50_000.0);
    // Outside of slices there is no limit.
    send(&mut synth, &[0x90, 61, 100]);
    assert_eq!(synth.voices(), voices + 200);
}

#[test]
fn effects_are_counted_while_they_run() {
    let (wave, info) = dc();
    let sending = articulation(&[
        set(Destination::ReverbSend, permille(500.0)),
        set(Destination::ChorusSend, permille(500.0)),
    ]);
    let mut synth = synth_with(64, RATE, std::vec![region(&wave, info, &sending)]);
    let cost = |synth: &Synth| synth.work(true).cost(SLICE);
    // With voices held, and when they have gone.
    let costs = |synth: &mut Synth, reverb, chorus| {
        let on = crate::synth::effects::Sends { reverb, chorus };
        synth.virtual_synth_mut(SYNTH).unwrap().effects_mut().on = on;
        hold(synth, 16);
        render(synth, 4800);
        let held = cost(synth);
        for channel in 0..16 {
            send(synth, &[0xB0 | channel, 120, 0]);
        }
        render(synth, 480);
        let gone = cost(synth);
        // The reverb dies away.
        render(synth, 20 * RATE as usize);
        assert_eq!(cost(synth), super::super::cost::Work::default().cost(SLICE));
        (held, gone)
    };
    let (dry, silent) = costs(&mut synth, false, false);
    let (reverb, tail) = costs(&mut synth, true, false);
    assert!(reverb > dry && tail > silent && tail < reverb);
    let (chorus, _) = costs(&mut synth, false, true);
    let (both, _) = costs(&mut synth, true, true);
    assert!(chorus > dry);
    near(both - dry, (reverb - dry) + (chorus - dry), 1.0);
}

/// Voices that fade and do not fit go as they are, as many as the excess over what all may cost, and no more.
#[test]
fn as_many_fading_voices_go_as_are_too_many() {
    for too_many in 1..6u32 {
        let mut synth = big(256);
        hold(&mut synth, 100);
        render(&mut synth, SLICE);
        send(&mut synth, &[0xB0, 120, 0]);
        let work = synth.work(true);
        let all = work.cost(SLICE);
        let each = all / work.voices as f32;
        // All but half a voice of the last of them.
        let most = all - (too_many as f32 - 0.5) * each;
        let part = super::super::cost::Slice::new(1.0, SLICE).for_all();
        synth.begin_slice(most / part, SLICE);
        assert_eq!(synth.work(true).voices, 100 - too_many);
    }
}

/// Another limit counts from the next slice on; what is known of the machine stays.
#[test]
fn a_limit_can_change() {
    let mut synth = big(256);
    hold(&mut synth, 100);
    let mut budget = Budget::new(LIMIT);
    let spent = play(&mut synth, &mut budget, 100, 2.0);
    let scale = budget.scale();
    assert!(scale > 1.5);
    let limit = (0.7 * spent) as u32;
    budget.set_limit(limit);
    assert_eq!((budget.limit(), budget.scale()), (limit as f32, scale));
    let before = synth.voices();
    play(&mut synth, &mut budget, 1, 2.0);
    assert!(synth.voices() < before);
}

/// As many voices are shed as are asked for, as far as there are.
#[test]
fn as_many_are_shed_as_are_asked_for() {
    for count in [0, 1, 2, 7, 20, 21] {
        let mut synth = big(64);
        hold(&mut synth, 20);
        render(&mut synth, SLICE);
        let mut told = 0;
        let position = synth.position();
        synth.pool.shed(count, position, |_| told += 1);
        let gone = count.min(20);
        assert_eq!((synth.voices() as usize, told), (20 - gone, gone));
    }
}

/// A voice that vibrates costs its pitch at each tick, by however little.
#[test]
fn a_bend_costs_a_pitch() {
    let per_tick = |depth: f64| {
        let (wave, info) = dc();
        let changes = [
            set(Destination::LfoFrequency, cents(0.0)),
            set(Destination::LfoDelay, i32::MIN),
            connect(
                (Source::Lfo, BIPOLAR),
                Source::None,
                Destination::Pitch,
                cents(depth),
            ),
        ];
        let mut synth = synth(std::vec![region(&wave, info, &articulation(&changes))]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 4800);
        synth.work(true).per_tick
    };
    let [none, little, much] = [0.0, 1.0, 600.0].map(per_tick);
    assert!(little > none);
    assert_eq!(much, little);
}

/// A voice whose filter and pitch follow an envelope costs what one without does once that envelope stands still: it is planned no more.
#[test]
fn a_voice_rests_once_its_movers_stand() {
    let per_tick = |depth: f64, time: f64| {
        let (wave, info) = dc();
        let eg2 = |destination, depth| {
            connect(
                (Source::Eg2, LINEAR),
                Source::None,
                destination,
                cents(depth),
            )
        };
        let changes = [
            set(Destination::FilterCutoff, cents(9000.0)),
            set(Destination::Eg2Attack, seconds(0.1)),
            set(Destination::Eg2Decay, seconds(0.2)),
            set(Destination::Eg2Sustain, 500 << 16),
            eg2(Destination::FilterCutoff, depth),
        ];
        let mut synth = synth(std::vec![region(&wave, info, &articulation(&changes))]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, (time * f64::from(RATE)) as usize);
        synth.work(true).per_tick
    };
    for time in [0.05, 0.15] {
        assert!(per_tick(1200.0, time) > per_tick(0.0, time), "{time}");
    }
    assert_eq!(per_tick(1200.0, 0.5), per_tick(0.0, 0.5));
}
