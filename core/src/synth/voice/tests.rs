// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a voice does with its plan, by itself.

use super::*;

/// A plan that is given up leaves the cutoff where its line was, and the next tick where it would have been: never behind its end.
#[test]
fn a_plan_that_is_given_up_leaves_the_cutoff_on_its_way() {
    for (from, to) in [(-3.0, -2.75), (-2.0, -2.25)] {
        for (ticks, passed, at) in [(4, 1, 0), (4, 3, 0), (16, 5, 0), (4, 2, 17), (2, 1, 63)] {
            let length = ticks * TICK - at;
            let mut voice = Voice {
                left: ticks - passed,
                passed,
                at,
                length,
                cutoff: from,
                next_cutoff: to,
                ..Voice::default()
            };
            voice.wake();
            let elapsed = passed * TICK - at;
            let line = |frames: u32| from + (to - from) * frames as f32 / length as f32;
            let place = std::format!("{from}, tick {passed} of {ticks}, {at}");
            assert!((voice.cutoff - line(elapsed)).abs() < 1e-5, "{place}");
            let next = line((elapsed + TICK).min(length));
            assert!((voice.next_cutoff - next).abs() < 1e-5, "{place}");
            assert!(voice.cut && voice.left == 0 && voice.passed == 0, "{place}");
        }
    }
}

/// A voice whose envelope is over goes at once, or when what an event has left of it has been heard.
#[test]
fn a_voice_is_over_when_nothing_is_left_to_hear() {
    let silent = [0.0; BUSES];
    let loud = [0.0, 0.1, 0.0, 0.0];
    for (left, gains, cut, arrived, over) in [
        (0, loud, false, false, true),
        (0, silent, true, false, true),
        (1, silent, false, false, false),
        (0, silent, false, true, true),
        (0, silent, true, true, false),
        (0, loud, false, true, false),
    ] {
        for (fading, fade) in [(false, FADE), (true, 1), (true, 0)] {
            let mut voice = Voice {
                left,
                gains,
                cut,
                fading,
                ..Voice::default()
            };
            voice.next.fade = fade;
            // Without any time it has come to its sustain, which is nothing.
            voice.next.eg1.advance(&Contour::default(), 1);
            let faded = left == 0 && fading && fade == 0;
            let place = std::format!("{left} {gains:?} {cut} {arrived} {fading} {fade}");
            assert_eq!(voice.is_over(arrived), over || faded, "{place}");
        }
    }
}

/// A voice that waits to go stands where its last plan has led to.
#[test]
fn a_voice_that_waits_to_go_stands_still() {
    let mut tone = Tone::idle(1).unwrap().remove(0);
    let mut voice = Voice {
        left: 2,
        passed: 1,
        at: 5,
        turn: 9,
        length: 3 * TICK,
        gains: [0.5, 0.25, 0.125, 0.0],
        ..Voice::default()
    };
    tone.ramp([1.0; BUSES], Coefficients::FLAT, 3 * TICK);
    voice.stay(&mut tone);
    assert_eq!((voice.left, voice.passed), (0, 0));
    assert_eq!((voice.at, voice.turn, voice.length), (0, 0, TICK));
    let stand = tone.stand();
    assert_eq!(stand.steps, [0.0; BUSES]);
    for (now, gain) in stand.gains.into_iter().zip(voice.gains) {
        assert!((now - gain).abs() < 1e-6, "{now}, not {gain}");
    }
}
