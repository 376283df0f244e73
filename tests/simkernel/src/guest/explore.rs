// SPDX-License-Identifier: MIT OR Apache-2.0
//! Schedules: which of the orders that several processors could have had comes about at each call of the kernel.
//!
//! Ordinarily the machine has one processor: a DPC runs to its end, and a thread until one of higher priority is ready. While schedules are
//! explored, a call is where another processor may be faster: a thread that is ready goes on instead, also of one that holds a spin lock;
//! a DPC stops in its middle, or before its first instruction, and threads run; what is queued waits; a timer is due; a thread that is ready
//! is overtaken by all others for a while. Whoever wants a spin lock then waits for its holder.

use crate::state::{Global, Random};
use std::fmt;
use std::str::FromStr;

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Another thread that is ready runs: the n-th of them, counted round.
    Switch(u32),
    /// DPCs wait for so many calls, one that runs among them.
    Hold(u32),
    /// Of the threads that are ready the n-th, counted round, does not run for so many calls, as long as others do.
    Starve(u32, u32),
    /// Time passes until the next timer or timeout is due.
    Due,
}

/// At which call, counted from the beginning of the exploration, what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// From 1.
    pub call: u64,
    /// What happens there.
    pub choice: Choice,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.choice {
            Choice::Switch(n) => write!(f, "{}:switch:{n}", self.call),
            Choice::Hold(n) => write!(f, "{}:hold:{n}", self.call),
            Choice::Starve(n, calls) => write!(f, "{}:starve:{n}:{calls}", self.call),
            Choice::Due => write!(f, "{}:due", self.call),
        }
    }
}

impl FromStr for Decision {
    type Err = String;

    /// As it is printed.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "no decision: {text} (CALL:switch:N, CALL:hold:N, CALL:starve:N:CALLS, CALL:due)"
            )
        };
        let mut parts = text.split(':');
        let call = parts
            .next()
            .and_then(|part| part.parse().ok())
            .ok_or_else(wrong)?;
        let kind = parts.next().ok_or_else(wrong)?;
        let mut number = || {
            parts
                .next()
                .and_then(|part| part.parse().ok())
                .ok_or_else(wrong)
        };
        let choice = match kind {
            "switch" => Choice::Switch(number()?),
            "hold" => Choice::Hold(number()?),
            "starve" => Choice::Starve(number()?, number()?),
            "due" => Choice::Due,
            _ => return Err(wrong()),
        };
        match parts.next() {
            None => Ok(Self { call, choice }),
            Some(_) => Err(wrong()),
        }
    }
}

/// Where decisions come from.
pub enum Schedule {
    /// Drawn.
    Seed(u64),
    /// These and no others, in the order of their calls: a repetition.
    Decisions(Vec<Decision>),
}

struct Explorer {
    source: Source,
    calls: u64,
    made: Vec<Decision>,
}

enum Source {
    Off,
    /// One call in so many.
    Random(Random, u64),
    /// Next one last.
    Given(Vec<Decision>),
}

static EXPLORER: Global<Explorer> = Global::new(Explorer {
    source: Source::Off,
    calls: 0,
    made: Vec::new(),
});

pub(super) fn is_on() -> bool {
    !matches!(EXPLORER.get().source, Source::Off)
}

pub(super) fn begin(schedule: Schedule) {
    let source = match schedule {
        Schedule::Seed(seed) => {
            /// From many changes in a row to a few in a run: neither finds what the other does.
            const RARITIES: [u64; 4] = [3, 12, 50, 250];
            let mut random = Random::new(seed.wrapping_mul(0xD6E8_FEB8_6659_FD93));
            let rarity = RARITIES[random.below(RARITIES.len() as u64) as usize];
            Source::Random(random, rarity)
        }
        Schedule::Decisions(mut decisions) => {
            decisions.sort_by_key(|decision| std::cmp::Reverse(decision.call));
            Source::Given(decisions)
        }
    };
    *EXPLORER.get() = Explorer {
        source,
        calls: 0,
        made: Vec::new(),
    };
}

/// What was decided.
pub(super) fn end() -> Vec<Decision> {
    let e = EXPLORER.get();
    e.source = Source::Off;
    e.made.clone()
}

/// What was decided so far.
pub(crate) fn decisions() -> &'static [Decision] {
    &EXPLORER.get().made
}

/// A call is over: what happens. Whoever can do it tells [`made`].
pub(super) fn at_call() -> Option<Decision> {
    let any = |random: &mut Random| match random.below(10) {
        0 => Choice::Due,
        1..4 => Choice::Hold(1 << random.below(10)),
        4 | 5 => Choice::Starve(random.below(64) as u32, 1 << random.below(14)),
        _ => Choice::Switch(random.below(64) as u32),
    };
    decide(|rarity| rarity, any, |_| true)
}

/// A DPC or a timer's callback begins, which is rare beside calls: whether it stops there.
pub(super) fn at_beginning() -> Option<Decision> {
    decide(
        |rarity| (rarity / 4).max(2),
        |random| Choice::Hold(1 << random.below(12)),
        |choice| matches!(choice, Choice::Hold(_)),
    )
}

/// What happens here: by chance, as rarely as `rarity` makes of what is usual, what `any` says; or what was given, if it can be.
fn decide(
    rarity: impl Fn(u64) -> u64,
    any: impl Fn(&mut Random) -> Choice,
    can_be: impl Fn(&Choice) -> bool,
) -> Option<Decision> {
    let e = EXPLORER.get();
    e.calls += 1;
    let call = e.calls;
    let choice = match &mut e.source {
        Source::Off => return None,
        Source::Random(random, usual) => {
            if random.below(rarity(*usual)) != 0 {
                return None;
            }
            any(random)
        }
        Source::Given(decisions) => {
            let is_due =
                |decision: &mut Decision| decision.call <= call && can_be(&decision.choice);
            decisions.pop_if(is_due)?.choice
        }
    };
    Some(Decision { call, choice })
}

/// It does happen.
pub(super) fn made(decision: Decision) {
    EXPLORER.get().made.push(decision);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_read_as_they_are_printed() {
        for text in ["7:switch:3", "1:hold:128", "5:starve:2:4096", "900:due"] {
            assert_eq!(text.parse::<Decision>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "7",
            "x:due",
            "7:switch",
            "7:hold:y",
            "7:starve:1",
            "7:due:1",
            "7:sleep:1",
        ] {
            assert!(text.parse::<Decision>().is_err(), "{text}");
        }
    }
}
