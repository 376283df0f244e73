// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who renders, and what every context of the engine may touch.

use super::PINS;
use super::command::Command;
use super::exchange::Exchange;
use super::renderer::Renderer;
use crate::kernel::Result;
use crate::kernel::driver::Device;
use crate::kernel::irql::Passive;
use crate::kernel::timer::MILLISECOND;
use arioso_core::mem::{Entered, OwnerCell, TryBox};
use core::ops::Deref;
use core::sync::atomic::{AtomicI64, Ordering};

/// Who renders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody: channel state is followed.
    Idle,
    /// `ISynthSinkDMus::Render`.
    Sink,
    /// The slice timer's DPC, for the wave sink.
    Slices,
    /// The endpoint's DPC.
    Endpoint,
}

/// How long a hand-over waits before it asks again whether the old owner has left: 100 µs.
const POLL: i64 = MILLISECOND / 10;

impl Owner {
    const fn number(self) -> u32 {
        self as u32
    }
}

/// What every context of the engine may touch: the renderer for its owner, and what is exchanged with it.
pub struct EngineState {
    renderer: OwnerCell<TryBox<Renderer>>,
    exchange: Exchange,
    /// The latency clock's last answer: it never goes back.
    latency: AtomicI64,
}

impl Deref for EngineState {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        &self.exchange
    }
}

impl EngineState {
    pub fn new(device: &Device, renderer: TryBox<Renderer>, lead: u32) -> Result<Self> {
        Ok(Self {
            renderer: OwnerCell::new(Owner::Idle.number(), renderer),
            exchange: Exchange::new(device, lead)?,
            latency: AtomicI64::new(i64::MIN),
        })
    }

    pub fn owner(&self) -> Owner {
        match self.renderer.owner() {
            1 => Owner::Sink,
            2 => Owner::Slices,
            3 => Owner::Endpoint,
            _ => Owner::Idle,
        }
    }

    /// The renderer, for its owner. Any IRQL; never waits.
    pub fn enter(&self, owner: Owner) -> Option<Entered<'_, TryBox<Renderer>>> {
        self.renderer.enter(owner.number())
    }

    /// Changes the owner. One thread at a time.
    pub fn hand_over(&self, passive: Passive, owner: Owner, rate: u32) {
        let before = self.owner();
        self.renderer.hand_over(
            owner.number(),
            || passive.sleep(POLL),
            |renderer| {
                renderer.run_commands(self);
                renderer.set_output(self, rate, owner == Owner::Idle);
                // Whoever takes over from another one hears voices that are under way.
                renderer.fade_in(rate, before != Owner::Idle && owner != Owner::Idle);
                self.exchange.restart(rate);
            },
        );
    }

    /// Queues a command. When the ring is full, the caller executes what is in it, in the owner's place. False if the engine is idle
    /// and somebody has to run the command later.
    pub fn send(&self, passive: Passive, command: Command) -> bool {
        let mut command = command;
        let mut tried = false;
        loop {
            match self.commands.try_push(command) {
                Ok(()) => break,
                Err(back) => command = back,
            }
            // Still full: what the commands leave behind has no room, until the work item comes.
            if !self.run_commands(self.owner()) || tried {
                passive.sleep(POLL);
            }
            tried = true;
        }
        self.owner() != Owner::Idle || self.run_commands(Owner::Idle)
    }

    /// Executes queued commands in the place of `owner`; false if somebody is inside.
    pub fn run_commands(&self, owner: Owner) -> bool {
        match self.enter(owner) {
            Some(mut renderer) => {
                renderer.run_commands(self);
                true
            }
            None => false,
        }
    }

    /// Earliest master time at which a new event is still on time: after `now`, and never less than told before.
    pub fn latency(&self, now: i64) -> i64 {
        let rendered = if self.owner() == Owner::Idle {
            now
        } else {
            self.exchange.rendered_until().unwrap_or(now)
        };
        let latency = rendered.max(now.saturating_add(1));
        self.latency
            .fetch_max(latency, Ordering::Relaxed)
            .max(latency)
    }
}

/// Number of slots as a check that slots fit the synthesizer's port numbers.
const _: () = assert!(PINS <= u8::MAX as usize);
