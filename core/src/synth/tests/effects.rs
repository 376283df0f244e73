// SPDX-License-Identifier: MIT OR Apache-2.0
//! From the sends of voices to the output.

use super::*;
use crate::synth::effects::{Chorus, Reverb, Sends};

/// `CC91 → reverb send`.
pub fn reverb_send(permille_of_full: f64) -> Connection {
    connect(
        (Source::Controller(91), LINEAR),
        Source::None,
        Destination::ReverbSend,
        permille(permille_of_full),
    )
}

/// `CC93 → chorus send`.
pub fn chorus_send(permille_of_full: f64) -> Connection {
    connect(
        (Source::Controller(93), LINEAR),
        Source::None,
        Destination::ChorusSend,
        permille(permille_of_full),
    )
}

/// Both effects on, or off.
pub fn both(on: bool) -> Sends {
    Sends {
        reverb: on,
        chorus: on,
    }
}

/// A chorus that only delays, by 480 frames: what comes then is what was sent.
const DELAY: Chorus = Chorus {
    rate: 0.0,
    depth: 0.0,
    delay: 0.010,
    feedback: 0.0,
    to_reverb: 0.0,
    level: 1.0,
};

fn player(changes: &[Connection]) -> Synth {
    let mut synth = synth(std::vec![region(&impulse(), PLAIN, &articulation(changes))]);
    synth.virtual_synth_mut(SYNTH).unwrap().effects_mut().chorus = DELAY;
    synth
}

/// Chorus of an impulse as a part of the dry one in the middle.
fn sent(changes: &[Connection], messages: &[[u8; 3]]) -> f32 {
    let mut synth = player(changes);
    for message in messages {
        send(&mut synth, message);
    }
    send(&mut synth, &[0x90, 60, 127]);
    let out = render(&mut synth, 481);
    out[480][0] / FULL
}

#[test]
fn sends_are_dry_times_share() {
    let full = [chorus_send(1000.0)];
    // Power-on: 0. Then CC / 128.
    near(sent(&full, &[]), 0.0, 1e-7);
    for value in [1, 40, 64, 127] {
        near(
            sent(&full, &[[0xB0, 93, value]]),
            f32::from(value) / 128.0,
            1e-5,
        );
    }
    // Scaled, with a constant, and never above 100 %.
    near(sent(&[chorus_send(500.0)], &[[0xB0, 93, 64]]), 0.25, 1e-5);
    let constant = [set(Destination::ChorusSend, permille(250.0))];
    near(sent(&constant, &[]), 0.25, 1e-5);
    let both = [constant[0], chorus_send(1000.0)];
    near(sent(&both, &[[0xB0, 93, 64]]), 0.75, 1e-5);
    near(sent(&both, &[[0xB0, 93, 127]]), 1.0, 1e-5);
    // The pan does not matter to a send, the volume does.
    near(sent(&full, &[[0xB0, 93, 64], [0xB0, 10, 0]]), 0.5, 1e-5);
    let quarter = 0.5f32 * (64.0f32 / 127.0).powi(2);
    near(sent(&full, &[[0xB0, 93, 64], [0xB0, 7, 64]]), quarter, 1e-4);
}

#[test]
fn reverb_sends_scale_the_reverb() {
    let tail = |value: u8| {
        let mut synth = player(&[reverb_send(1000.0)]);
        send(&mut synth, &[0xB0, 91, value]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 9600)
    };
    // Power-on is 40.
    let mut synth = player(&[reverb_send(1000.0)]);
    send(&mut synth, &[0x90, 60, 127]);
    assert!(render(&mut synth, 9600) == tail(40));
    let (weak, strong) = (tail(40), tail(80));
    let energy = |out: &[[f32; 2]]| {
        out[480..]
            .iter()
            .map(|f| f64::from(f[0]).powi(2))
            .sum::<f64>()
    };
    let ratio = energy(&strong) / energy(&weak);
    assert!((ratio / 4.0 - 1.0).abs() < 1e-3, "{ratio}");
}

#[test]
fn dry_voices_leave_the_effects_asleep() {
    let mut synth = player(&[reverb_send(1000.0)]);
    send(&mut synth, &[0xB0, 91, 0]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = render(&mut synth, 4800);
    assert!(out[1..].iter().all(|frame| *frame == [0.0; 2]));
    assert!(!synth.slots[0].rings());
}

#[test]
fn an_effect_that_is_off_is_silent() {
    let mut synth = player(&[reverb_send(1000.0), chorus_send(1000.0)]);
    synth.virtual_synth_mut(SYNTH).unwrap().effects_mut().on = Sends::default();
    send(&mut synth, &[0xB0, 93, 127]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = render(&mut synth, 4800);
    assert!(out[0] != [0.0; 2] && out[1..].iter().all(|frame| *frame == [0.0; 2]));
    // A reset does not switch it on again.
    send(&mut synth, &[0xF0, 0x7E, 0x7F, 0x09, 0x01, 0xF7]);
    let port = synth.virtual_synth(SYNTH).unwrap();
    assert_eq!(port.effects().on, Sends::default());
    assert_eq!(port.effects().reverb, Reverb::default());
}

#[test]
fn the_tail_survives_the_note_and_ends_in_silence() {
    let mut synth = player(&[reverb_send(1000.0)]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 4800);
    assert_eq!(synth.voices(), 0);
    let tail = render(&mut synth, 4800);
    assert!(tail.iter().any(|frame| frame[0].abs() > 1e-6));
    render(&mut synth, 8 * RATE as usize);
    assert!(!synth.slots[0].rings());
    assert!(render(&mut synth, 100).iter().all(|f| *f == [0.0; 2]));
}

#[test]
fn a_detached_port_rings_out_and_its_effects_are_handed_back() {
    let mut synth = player(&[reverb_send(1000.0)]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 4800);
    let port = synth.detach(SYNTH).unwrap();
    assert!(render(&mut synth, 4800).iter().any(|f| *f != [0.0; 2]));
    render(&mut synth, 8 * RATE as usize);
    let mut effects = 0;
    while let Some(retired) = synth.take_retired() {
        effects += usize::from(matches!(retired, Retired::Effects(_)));
    }
    assert_eq!(effects, 1);
    drop(port);
}

/// Nobody renders what would ring out (found by the target `sequence`: it stayed until another port had the place).
#[test]
fn effects_of_a_detached_port_are_handed_back_when_the_output_stops() {
    let mut synth = player(&[reverb_send(1000.0)]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 4800);
    drop(synth.detach(SYNTH));
    assert!(synth.slots[0].rings());
    synth.follow(true);
    assert!(synth.slots[0].effects.is_none());
    let retired = std::iter::from_fn(|| synth.take_retired());
    assert_eq!(
        retired.filter(|r| matches!(r, Retired::Effects(_))).count(),
        1
    );
}

/// A port that came while an older one rang out holds the old effects beside its own; both leave with it (found by the target
/// `sequence`: its own stayed behind when nobody rendered).
#[test]
fn both_effects_leave_with_a_port_that_followed_another() {
    let mut synth = player(&[reverb_send(1000.0)]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 4800);
    drop(synth.detach(SYNTH));
    assert!(synth.slots[0].rings());
    assert!(synth.attach(SYNTH, VirtualSynth::new(1).unwrap()).is_none());
    synth.follow(true);
    drop(synth.detach(SYNTH).unwrap());
    assert!(synth.slots[0].effects.is_none());
    let retired = std::iter::from_fn(|| synth.take_retired());
    assert_eq!(
        retired.filter(|r| matches!(r, Retired::Effects(_))).count(),
        1
    );
}

#[test]
fn a_port_with_sleeping_effects_keeps_them() {
    let mut synth = player(&[chorus_send(1000.0)]);
    let port = synth.detach(SYNTH).unwrap();
    assert!(synth.slots[0].effects.is_none());
    let other = SynthId(1);
    assert!(synth.attach(other, port).is_none());
    synth.message(other, 1, &[0xB0, 93, 64]);
    synth.message(other, 1, &[0x90, 60, 127]);
    near(render(&mut synth, 481)[480][0] / FULL, 0.5, 1e-5);
}

#[test]
fn effects_do_not_depend_on_the_partition() {
    let play = |pieces: &[usize]| {
        let mut synth = player(&[reverb_send(1000.0), chorus_send(1000.0)]);
        synth.virtual_synth_mut(SYNTH).unwrap().effects_mut().chorus = Chorus::gm2(4);
        let mut out = std::vec![[0.0; 2]; 12_000];
        let mut done = 0;
        for (note, frame) in [45usize, 1000, 1001, 7777].into_iter().enumerate() {
            while done < frame {
                let piece = pieces[done % pieces.len()].min(frame - done);
                synth.render(&mut out[done..done + piece]);
                done += piece;
            }
            send(&mut synth, &[0xB0, 93, 30 * note as u8]);
            send(&mut synth, &[0x90, 60 + note as u8, 127]);
        }
        while done < out.len() {
            let piece = pieces[done % pieces.len()].min(out.len() - done);
            synth.render(&mut out[done..done + piece]);
            done += piece;
        }
        out
    };
    let whole = play(&[12_000]);
    assert!(whole == play(&[1]));
    assert!(whole == play(&[5, 33, 64, 1, 480]));
}

#[test]
fn a_hundred_loud_voices_stay_within_full_scale() {
    let mut synth = dc_synth(&[reverb_send(1000.0)]);
    for key in 0..64 {
        send(&mut synth, &[0x90, key, 127]);
    }
    let out = render(&mut synth, 9600);
    let highest = out.iter().flatten().fold(0.0f32, |m, x| m.max(x.abs()));
    assert!((0.95..=1.0).contains(&highest), "{highest}");
}

/// What a port's effects are set to when it goes is what they ring out with.
#[test]
fn a_port_that_goes_leaves_its_settings() {
    let rings = |level: f32| {
        let mut synth = player(&[reverb_send(1000.0)]);
        send(&mut synth, &[0xB0, 91, 127]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 4800);
        synth
            .virtual_synth_mut(SYNTH)
            .unwrap()
            .effects_mut()
            .reverb
            .level = level;
        drop(synth.detach(SYNTH));
        render(&mut synth, 4800);
        let out = render(&mut synth, 4800);
        out.iter()
            .flatten()
            .fold(0.0f32, |most, x| most.max(x.abs()))
    };
    assert!(rings(1.0) > 1e-4 && rings(0.0) == 0.0);
}

/// A new port has the volume and the boost of DirectMusic's.
#[test]
fn a_new_port_is_at_its_usual_volume() {
    let port = VirtualSynth::new(1).unwrap();
    assert_eq!((port.volume(), port.boost()), (0, 600));
}
