// SPDX-License-Identifier: MIT OR Apache-2.0
//! End A's way to the synthesizer: a virtual synthesizer that plays what is written there.

use crate::com::event::{Chain, Pool};
use crate::com::event_origin::EventOrigin;
use crate::engine::{Engine, PinHandle};
use crate::kernel::irql::Passive;
use crate::kernel::{Result, clock, no_memory};
use arioso_core::ks::ks::KSSTATE_RUN;
use arioso_core::mem::Shared;
use arioso_core::midi::Piece;

/// Events under way to the synthesizer: what it takes in a twentieth of a second, at twenty times the speed of a MIDI wire.
const EVENTS: usize = 1024;

/// The synthesizer's input. Dropping it (at `PASSIVE_LEVEL`) cuts its notes.
pub struct CableSynth {
    pin: PinHandle,
    pool: Shared<Pool>,
}

impl CableSynth {
    pub fn new(engine: &Shared<Engine>, passive: Passive) -> Result<Self> {
        let pool = Pool::new(EVENTS).and_then(Shared::try_new);
        let pool = pool.map_err(no_memory)?;
        let pin = Engine::open_pin(engine, passive, EventOrigin::Own(pool.clone()), None)?;
        pin.set_state(passive, KSSTATE_RUN);
        Ok(Self { pin, pool })
    }

    /// Bytes that may be put for certain.
    pub fn room(&self) -> usize {
        self.pool.left()
    }

    /// What goes to the synthesizer together.
    pub fn begin(&self) -> Phrase<'_> {
        Phrase {
            synth: self,
            chain: Chain::EMPTY,
        }
    }
}

/// Pieces on their way to the synthesizer. They play at once.
pub struct Phrase<'a> {
    synth: &'a CableSynth,
    chain: Chain,
}

impl Phrase<'_> {
    pub fn put(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Message(bytes) | Piece::SysExEnd(bytes) => self.events(bytes, false),
            Piece::SysEx(bytes) => self.events(bytes, true),
            // The status of the message that follows tells the synthesizer.
            Piece::Abandoned => {}
        }
    }

    /// `more`: the message goes on behind these bytes.
    fn events(&mut self, bytes: &[u8], more: bool) {
        let now = clock::now();
        let mut parts = bytes.chunks(Pool::LONGEST).peekable();
        while let Some(part) = parts.next() {
            let Some(mut event) = self.synth.pool.event(part) else {
                return;
            };
            event.set_time(now);
            event.set_incomplete(more || parts.peek().is_some());
            self.chain.push(event);
        }
    }

    /// `DISPATCH_LEVEL` or below.
    pub fn end(self) {
        if !self.chain.is_empty() {
            self.synth.pin.put(self.chain);
        }
    }
}
