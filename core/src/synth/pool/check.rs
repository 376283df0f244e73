// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pool's books beside what lives in it.

use super::{Count, DYING, LIVE, PENDING, Pool, Retired};
use crate::dls::model::Wave;
use crate::mem::{Shared, vec};
use crate::synth::check::{Finding, that};
use crate::synth::lanes::LANES;
use crate::synth::quad::Quad;

impl Pool {
    /// `to_tick` frames lie before the next control tick.
    pub fn check(&self, to_tick: u32) -> Result<(), Finding> {
        let (mut live, mut sounding) = (0, 0);
        for (index, (tag, voice)) in self.tags.iter().zip(&self.voices).enumerate() {
            let (q, lane) = (index / LANES, index % LANES);
            let Some(quad) = self.quads.get(q) else {
                continue;
            };
            let at = index as f64;
            let lives = tag.is(LIVE);
            that(lives == quad.has(lane), "a lane without a voice", at, 0.0)?;
            if !lives {
                continue;
            }
            live += 1;
            sounding += usize::from(!tag.is(DYING));
            that(
                q < self.used,
                "a voice behind the last quad in use",
                at,
                0.0,
            )?;
            that(
                quad.port == tag.port,
                "a voice in a quad of another port",
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
            voice.check(quad, lane, to_tick)?;
            quad.check_window(lane)?;
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
        for (port, count) in self.counts.iter().enumerate() {
            self.check_port(port as u8, count)?;
        }
        let full = self
            .quads
            .iter()
            .take(self.taken)
            .all(|quad| !quad.is_empty());
        that(full, "an empty quad before the first empty one", 0.0, 0.0)?;
        let empty = self.quads.iter().skip(self.used).all(Quad::is_empty);
        that(empty, "a quad in use behind the last one", 0.0, 0.0)
    }

    fn check_port(&self, port: u8, count: &Count) -> Result<(), Finding> {
        let mine = || {
            self.tags
                .iter()
                .filter(move |tag| tag.is(LIVE) && tag.port == port)
        };
        let (lanes, sounding) = (mine().count(), mine().filter(|tag| !tag.is(DYING)).count());
        that(
            count.lanes == lanes,
            "lanes of a port",
            count.lanes as f64,
            lanes as f64,
        )?;
        that(
            count.sounding == sounding,
            "voices of a port",
            count.sounding as f64,
            sounding as f64,
        )?;
        let full = self
            .quads
            .iter()
            .take(count.full)
            .all(|quad| quad.is_empty() || quad.port != port || quad.free_lane().is_none());
        that(
            full,
            "a free lane before the first free one",
            f64::from(port),
            0.0,
        )
    }

    fn walk(&self, port: u8, part: u16) -> impl Iterator<Item = usize> {
        let first = self.chains.first(port, part);
        core::iter::successors(first, |slot| self.chains.after(*slot)).take(self.tags.len() + 1)
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
