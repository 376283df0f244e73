// SPDX-License-Identifier: MIT OR Apache-2.0
//! The owner's side of a pin: takes due events, makes messages of them, counts, gives back.

use super::pin::Pin;
use crate::com::event::{Chain, Event};
use crate::kernel::{Result, no_memory};
use arioso_core::mem::{Shared, vec};
use arioso_core::midi::{self, Parser};
use arioso_core::synth::VirtualSynth;
use arioso_core::synth::sequencer::Events;
use core::sync::atomic::Ordering;

/// Longest SysEx that is passed on, in bytes; a longer one is dropped whole.
const LONGEST_SYSEX: usize = 4096;

/// A pin, as the owner plays it.
pub struct Track {
    pin: Shared<Pin>,
    parser: Parser,
    /// The last event's message goes on.
    open: bool,
    /// Executed, to be given back.
    done: Chain,
    taken: u32,
    late: u32,
    /// 100 ns.
    max_lateness: i64,
}

impl Track {
    pub fn new(pin: Shared<Pin>) -> Result<Self> {
        Ok(Self {
            pin,
            parser: Parser::new(vec::try_filled(LONGEST_SYSEX, 0).map_err(no_memory)?),
            open: false,
            done: Chain::EMPTY,
            taken: 0,
            late: 0,
            max_lateness: 0,
        })
    }

    pub fn pin(&self) -> &Pin {
        &self.pin
    }

    /// Gives back what was executed, and publishes the counts.
    pub fn end_block(&mut self, port: Option<&mut VirtualSynth>) {
        let meter = &self.pin.meter;
        if self.taken != 0 {
            meter
                .events
                .fetch_add(u64::from(self.taken), Ordering::Relaxed);
            meter
                .late
                .fetch_add(u64::from(self.late), Ordering::Relaxed);
            meter
                .max_lateness
                .fetch_max(self.max_lateness, Ordering::Relaxed);
            let done = core::mem::replace(&mut self.done, Chain::EMPTY);
            self.pin.give_back(done, self.taken);
            self.taken = 0;
            self.late = 0;
        }
        if let Some(port) = port {
            // Of numbers that are not negative, the bits have the same order.
            let peak = port.take_peak().to_bits();
            meter.peak_level.fetch_max(peak, Ordering::Relaxed);
            let stats = port.stats();
            meter.notes.store(stats.notes, Ordering::Relaxed);
            meter.lost_notes.store(stats.lost_notes, Ordering::Relaxed);
            meter.late_notes.store(stats.late_notes, Ordering::Relaxed);
            let longest = stats.longest_wait;
            meter.longest_wait.store(longest, Ordering::Relaxed);
            meter.voices.store(stats.voices, Ordering::Relaxed);
            meter
                .peak_voices
                .store(stats.peak_voices, Ordering::Relaxed);
        }
    }

    /// Makes messages of an event's bytes. Nearly every event is one whole message; SysEx may come in parts, with real-time messages
    /// in between, and legacy streams may use running status.
    fn read(&mut self, bytes: &[u8], more: bool, take: &mut dyn FnMut(&[u8])) {
        let Some(&first) = bytes.first() else { return };
        if midi::is_real_time(first) && midi::is_complete(bytes) {
            take(bytes);
        } else if !self.open && !more && midi::is_complete(bytes) {
            if first < midi::SYSEX {
                // The running status.
                let _ = self.parser.feed(first);
            }
            take(bytes);
        } else {
            self.parser.feed_all(bytes, take);
            self.open = more;
        }
    }

    fn execute(&mut self, event: Event, late: i64, take: &mut dyn FnMut(u16, &[u8])) {
        if late > 0 {
            self.late = self.late.wrapping_add(1);
            self.max_lateness = self.max_lateness.max(late);
        }
        let group = event.group();
        self.read(event.bytes(), event.is_incomplete(), &mut |message| {
            take(group, message)
        });
        self.taken = self.taken.wrapping_add(1);
        self.done.push(event);
    }
}

impl Events for Track {
    fn peek_time(&self) -> Option<i64> {
        self.pin.peek_time()
    }

    fn pop(&mut self, late: i64, take: &mut dyn FnMut(u16, &[u8])) {
        if let Some(event) = self.pin.take() {
            self.execute(event, late, take);
        }
    }
}
