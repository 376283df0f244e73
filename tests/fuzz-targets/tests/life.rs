// SPDX-License-Identifier: MIT OR Apache-2.0
//! A hundred thousand notes of random lives, by fixed seeds; a life that fails is shrunk and told.
//!
//! `ARIOSO_LIFE_SEED` and `ARIOSO_LIFE_NOTES` run others, and more.

use fuzz_targets::life::{Life, Outcome, play, shrink};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn text(life: &Life) -> Result<Outcome, String> {
    catch_unwind(AssertUnwindSafe(|| play(life))).map_err(|error| {
        let owned = error.downcast_ref::<String>().cloned();
        let plain = error.downcast_ref::<&str>().map(ToString::to_string);
        owned.or(plain).unwrap_or_default()
    })
}

#[test]
fn a_hundred_thousand_notes() {
    let seed = number("ARIOSO_LIFE_SEED").unwrap_or(0);
    let notes = number("ARIOSO_LIFE_NOTES").unwrap_or(100_000);
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let (mut all, mut lives) = (Outcome::default(), 0);
    let mut failed = None;
    while all.notes < notes {
        let life = Life::of_seed(seed.wrapping_add(lives));
        match text(&life) {
            Ok(one) => {
                all.notes += one.notes;
                all.frames += one.frames;
            }
            Err(error) => {
                failed = Some((life, error));
                break;
            }
        }
        lives += 1;
    }
    let small = failed.map(|(life, error)| {
        let small = shrink(&life, |life| text(life).is_err());
        let now = text(&small).expect_err("it fails");
        (error, now, small)
    });
    set_hook(hook);
    if let Some((error, now, small)) = small {
        panic!(
            "life {} fails: {error}\nshrunk: {now}\n{small}\ninput: {:02x?}",
            seed.wrapping_add(lives),
            small.bytes()
        );
    }
    println!(
        "{} notes in {lives} lives, {} frames; the next seed is {}",
        all.notes,
        all.frames,
        seed.wrapping_add(lives)
    );
}

/// Any bytes are a life, and a life's bytes are that life.
#[test]
fn lives_are_bytes() {
    for seed in 0..50 {
        let life = Life::of_seed(seed);
        assert!(Life::read(&life.bytes()) == life);
    }
    play(&Life::read(&[]));
}
