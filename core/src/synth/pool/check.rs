// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pool's books beside what lives in it.

use super::{Count, DYING, LIVE, PENDING, PORTS, Pool, Retired};
use crate::dls::model::Wave;
use crate::mem::{Shared, vec};
use crate::synth::check::{Finding, that};

impl Pool {
    /// `to_tick` frames lie before the next control tick.
    pub fn check(&self, to_tick: u32) -> Result<(), Finding> {
        let (mut live, mut sounding) = (0, 0);
        let mut ports = [Count::default(); PORTS];
        for (index, (tag, voice, tone)) in self.slots.iter().enumerate() {
            let at = index as f64;
            let lives = tag.is(LIVE);
            that(lives == tone.is_live(), "a tone without a voice", at, 0.0)?;
            if !lives {
                continue;
            }
            live += 1;
            sounding += usize::from(!tag.is(DYING));
            if let Some(count) = ports.get_mut(usize::from(tag.port)) {
                count.live += 1;
                count.sounding += usize::from(!tag.is(DYING));
            }
            that(
                index < self.used,
                "a voice behind the last slot in use",
                at,
                0.0,
            )?;
            that(!tag.is(PENDING), "a voice that was not planned", at, 0.0)?;
            let found = self.in_chain(tag.port, tag.part, index);
            that(
                found == 1,
                "a voice is not in its chain once",
                found as f64,
                1.0,
            )?;
            voice.check(tone, to_tick)?;
            tone.check_window()?;
        }
        // Chains of port 0 are all chains.
        let chained: usize = (0..256).map(|part| self.walk(0, part).count()).sum();
        that(
            chained == live,
            "the chains hold what is not there",
            chained as f64,
            live as f64,
        )?;
        that(
            self.sounding == sounding,
            "voices that sound",
            self.sounding as f64,
            sounding as f64,
        )?;
        that(
            sounding <= self.limit,
            "more voices than there may be",
            sounding as f64,
            self.limit as f64,
        )?;
        for (count, found) in self.counts.iter().zip(&ports) {
            check_port(count, found)?;
        }
        let full = self.slots.tags().take(self.taken).all(|tag| tag.is(LIVE));
        that(full, "an empty slot before the first empty one", 0.0, 0.0)?;
        let empty = !self.slots.tags().skip(self.used).any(|tag| tag.is(LIVE));
        that(empty, "a slot in use behind the last one", 0.0, 0.0)
    }

    fn walk(&self, port: u8, part: u16) -> impl Iterator<Item = usize> {
        let first = self.chains.first(port, part);
        core::iter::successors(first, |slot| self.chains.after(*slot)).take(self.slots.len() + 1)
    }

    fn in_chain(&self, port: u8, part: u16, index: usize) -> usize {
        self.walk(port, part).filter(|slot| *slot == index).count()
    }

    /// Fills the retire list.
    pub fn hoard(&mut self, wave: &Shared<Wave>) {
        while self.retired.len() < self.retired.capacity() {
            // There is room.
            let _ = vec::push_within(&mut self.retired, Retired::Wave(wave.clone()));
        }
    }
}

fn check_port(count: &Count, found: &Count) -> Result<(), Finding> {
    that(
        count.live == found.live,
        "all voices of a port",
        count.live as f64,
        found.live as f64,
    )?;
    that(
        count.sounding == found.sounding,
        "voices of a port",
        count.sounding as f64,
        found.sounding as f64,
    )
}
