// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::ks::ks::VT_EMPTY;
use crate::ks::status::STATUS_SUCCESS;

const GET: u32 = KSPROPERTY_TYPE_GET;
const SET: u32 = KSPROPERTY_TYPE_SET;
/// `KSPROPERTY_TYPE_TOPOLOGY`, which comes with the others.
const NODE: u32 = 0x1000_0000;

/// An instance of 16 or 8 bytes, a value of 12.
const SHAPE: Shape = Shape {
    kind: VT_EMPTY,
    target: Target::Any,
    instance: Size::both::<[u8; 16], [u8; 8]>(),
    value: Size::of::<[u8; 12]>(),
    gets: true,
    puts: true,
};

fn asked(verb: u32, instance: usize, value: usize) -> Asked {
    Asked {
        verb,
        instance,
        value,
        is_32bit: false,
    }
}

/// What the request comes to, with a handler that succeeds; and what that handler would see.
fn answer(shape: &Shape, asked: Asked, is_pin: bool) -> (Answer, Option<(Admitted, usize)>) {
    let admitted = match shape.admit(&asked, || is_pin) {
        Ok(admitted) => admitted,
        Err(status) => return (Answer::refusal(status), None),
    };
    match shape.fit(admitted, None, asked.value) {
        Ok(fit) => (fit.answer(Ok(STATUS_SUCCESS)), Some((admitted, fit.seen))),
        Err(answer) => (answer, None),
    }
}

/// The table of the reference, §5.1, row by row.
#[test]
fn the_size_protocol() {
    let told = SHAPE.value.told();
    for (value, given, status, size) in [
        (SHAPE.value, 0, STATUS_BUFFER_OVERFLOW, 12),
        (SHAPE.value, 11, STATUS_BUFFER_TOO_SMALL, 0),
        (told, 11, STATUS_BUFFER_TOO_SMALL, 12),
        (SHAPE.value, 12, STATUS_SUCCESS, 12),
        (SHAPE.value, 99, STATUS_SUCCESS, 12),
        (Size::NONE, 0, STATUS_SUCCESS, 0),
    ] {
        let shape = Shape { value, ..SHAPE };
        for verb in [GET, GET | NODE] {
            let (answer, seen) = answer(&shape, asked(verb, 16, given), false);
            assert_eq!((answer.status, answer.size), (status, size), "{given}");
            // The handler sees its value and nothing behind it.
            assert_eq!(seen.is_some(), status == STATUS_SUCCESS);
            assert!(seen.is_none_or(|(_, seen)| seen == size));
        }
    }
    let short = answer(&SHAPE, asked(GET, 15, 12), false).0;
    assert_eq!(short, Answer::refusal(STATUS_BUFFER_TOO_SMALL));
}

/// A value to set is never told its size: there is nothing to ask for.
#[test]
fn a_set_that_is_too_short_is_refused() {
    for value in [SHAPE.value, SHAPE.value.told(), SHAPE.value.or_more()] {
        let shape = Shape { value, ..SHAPE };
        for given in 0..12 {
            let short = answer(&shape, asked(SET, 16, given), false).0;
            assert_eq!(short, Answer::refusal(STATUS_BUFFER_TOO_SMALL));
        }
    }
}

/// A value that goes on behind its structure is seen whole; the answer tells the structure.
#[test]
fn an_open_value_is_seen_whole() {
    let shape = Shape {
        value: SHAPE.value.or_more(),
        ..SHAPE
    };
    for given in 12..40 {
        let (answer, seen) = answer(&shape, asked(SET, 16, given), false);
        assert_eq!((answer.status, answer.size), (STATUS_SUCCESS, 12));
        assert_eq!(seen.unwrap().1, given);
    }
}

/// Every set of verbs that a property may have, against every one that a request may come with: basic support before get before set, and
/// nothing that the property has not.
#[test]
fn verbs_are_bits() {
    for (gets, puts) in [(false, false), (true, false), (false, true), (true, true)] {
        let shape = Shape {
            gets,
            puts,
            ..SHAPE
        };
        let has = |bit| shape.verbs() & bit != 0;
        assert_eq!((has(GET), has(SET)), (gets, puts));
        assert!(has(KSPROPERTY_TYPE_BASICSUPPORT));
        for verb in 0..1u32 << 10 {
            let admitted = shape.admit(&asked(verb | NODE, 16, 12), || false);
            let expected = if verb & KSPROPERTY_TYPE_BASICSUPPORT != 0 {
                Ok(Verb::BasicSupport)
            } else if verb & GET != 0 && gets {
                Ok(Verb::Get)
            } else if verb & SET != 0 && puts {
                Ok(Verb::Set)
            } else {
                Err(STATUS_INVALID_DEVICE_REQUEST)
            };
            assert_eq!(admitted.map(|a| a.verb), expected, "{verb:#x}");
        }
    }
}

/// Who may be asked what; and nobody looks for a pin where it does not matter.
#[test]
fn targets() {
    for (target, get_needs_pin, set_needs_pin) in [
        (Target::Pin, true, true),
        (Target::Any, false, false),
        (Target::GetAny, false, true),
    ] {
        let shape = Shape { target, ..SHAPE };
        for (verb, needs_pin) in [
            (GET, get_needs_pin),
            (SET, set_needs_pin),
            (KSPROPERTY_TYPE_BASICSUPPORT, false),
        ] {
            for is_pin in [false, true] {
                let mut looked = false;
                let admitted = shape.admit(&asked(verb, 16, 12), || {
                    looked = true;
                    is_pin
                });
                assert_eq!(looked, needs_pin);
                let expected = if needs_pin && !is_pin {
                    Err(STATUS_INVALID_DEVICE_REQUEST)
                } else {
                    Ok(())
                };
                assert_eq!(admitted.map(|_| ()), expected, "{target:?}");
            }
        }
    }
}

/// The order of the checks: a request with several faults is refused for the first.
#[test]
fn verb_before_target_before_sizes() {
    let shape = Shape {
        target: Target::Pin,
        puts: false,
        ..SHAPE
    };
    let no_pin = answer(&shape, asked(GET, 0, 0), false).0;
    assert_eq!(no_pin, Answer::refusal(STATUS_INVALID_DEVICE_REQUEST));
    let no_verb = answer(&shape, asked(SET, 0, 0), true).0;
    assert_eq!(no_verb, Answer::refusal(STATUS_INVALID_DEVICE_REQUEST));
    let no_instance = answer(&shape, asked(GET, 0, 0), true).0;
    assert_eq!(no_instance, Answer::refusal(STATUS_BUFFER_TOO_SMALL));
}

/// Structures of 32-bit callers: as they made them, or widened by a layer above; of 64-bit callers never.
#[test]
fn both_layouts() {
    let shape = Shape {
        value: Size::both::<[u8; 24], [u8; 12]>(),
        ..SHAPE
    };
    for is_32bit in [false, true] {
        for instance in 0..32 {
            for value in 1..40 {
                let asked = Asked {
                    is_32bit,
                    ..asked(GET, instance, value)
                };
                let (answer, seen) = answer(&shape, asked, false);
                let own_layout = instance < 16 || (12..24).contains(&value);
                let narrow = is_32bit && own_layout;
                let (least_instance, least) = if narrow { (8, 12) } else { (16, 24) };
                if instance >= least_instance && value >= least {
                    let (admitted, seen) = seen.expect("both have room");
                    assert_eq!((admitted.narrow, seen), (narrow, least));
                    assert_eq!((answer.status, answer.size), (STATUS_SUCCESS, least));
                } else {
                    assert_eq!(answer, Answer::refusal(STATUS_BUFFER_TOO_SMALL));
                }
            }
        }
    }
}

/// A size that the request decides takes the row's place, and a handler that fails tells no size.
#[test]
fn the_requests_own_size_and_the_handlers_failure() {
    let admitted = SHAPE.admit(&asked(GET, 16, 0), || false).unwrap();
    let needed = SHAPE.fit(admitted, Some(30), 0).unwrap_err();
    assert_eq!((needed.status, needed.size), (STATUS_BUFFER_OVERFLOW, 30));
    assert!(SHAPE.fit(admitted, Some(30), 29).is_err());
    let fit = SHAPE.fit(admitted, Some(30), 31).unwrap();
    assert_eq!((fit.seen, fit.size), (30, 30));
    let failed = fit.answer(Err(STATUS_INVALID_DEVICE_REQUEST));
    assert_eq!(failed, Answer::refusal(STATUS_INVALID_DEVICE_REQUEST));
}
