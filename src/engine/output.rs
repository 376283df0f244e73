// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who renders: the endpoint while it runs, else the wave sink while it runs, else nobody.

use super::endpoint_stream::EndpointStream;
use super::slices::SliceFifo;
use super::state::Owner;
use super::{DEFAULT_RATE, Engine};
use crate::kernel::Result;
use crate::kernel::dpc::Dpc;
use crate::kernel::irql::Passive;
use crate::kernel::timer::{MILLISECOND, SharpTimer};
use arioso_core::mem::Shared;

/// What wants the output.
#[derive(Default)]
pub struct Output {
    /// Rate of the wave pin while it is open, and whether it is in RUN.
    sink: Option<u32>,
    sink_runs: bool,
    /// The endpoint's stream in RUN.
    stream: Option<Shared<Dpc<EndpointStream>>>,
    /// While the stream owns the output: it queues the DPC.
    timer: Option<SharpTimer<Shared<Dpc<EndpointStream>>>>,
}

impl Output {
    /// Who should render, and at what rate.
    fn wanted(&self, ahead: bool) -> (Owner, u32) {
        let rate = self.sink.unwrap_or(DEFAULT_RATE);
        match &self.stream {
            Some(stream) => (Owner::Endpoint, stream.routine().format().rate),
            None if self.sink_runs && ahead => (Owner::Slices, rate),
            None if self.sink_runs => (Owner::Sink, rate),
            None => (Owner::Idle, rate),
        }
    }
}

impl Engine {
    /// The wave pin opens with a rate, or closes.
    pub(super) fn set_sink(&self, passive: Passive, rate: Option<u32>) {
        self.output.with(passive, |output| {
            output.sink = rate;
            output.sink_runs = false;
            self.arrange(passive, output);
        });
    }

    /// The wave pin enters or leaves RUN.
    pub(super) fn run_sink(&self, passive: Passive, runs: bool) {
        self.output.with(passive, |output| {
            output.sink_runs = runs && output.sink.is_some();
            self.arrange(passive, output);
        });
    }

    /// The endpoint's stream enters RUN. On failure everything stays as it was.
    pub(super) fn run_endpoint(
        &self,
        passive: Passive,
        stream: &Shared<Dpc<EndpointStream>>,
    ) -> Result {
        self.output.with(passive, |output| {
            if output.stream.is_some() {
                return Ok(());
            }
            let timer = SharpTimer::new(stream.clone())?;
            output.stream = Some(stream.clone());
            self.arrange(passive, output);
            if self.common.owner() == Owner::Endpoint {
                stream.routine().begin();
                timer.start(MILLISECOND);
                stream.queue();
                output.timer = Some(timer);
            }
            Ok(())
        })
    }

    /// The endpoint's stream leaves RUN.
    pub(super) fn stop_endpoint(&self, passive: Passive) {
        self.output.with(passive, |output| {
            // With wait: no callback queues the DPC any more.
            drop(output.timer.take());
            if let Some(stream) = output.stream.take() {
                self.arrange(passive, output);
                stream.routine().end();
            }
        });
    }

    /// The device goes: nobody renders any more.
    pub(super) fn end_output(&self, passive: Passive) {
        self.stop_endpoint(passive);
        self.run_sink(passive, false);
    }

    /// Hands the output to whom it belongs now.
    fn arrange(&self, passive: Passive, output: &mut Output) {
        let common = &self.common;
        let (mut owner, rate) = output.wanted(self.settings.ahead);
        if common.is_closed() {
            owner = Owner::Idle;
        }
        if owner == common.owner() {
            if owner == Owner::Idle {
                common.set_rate(rate);
            }
            return;
        }
        let mut slices = None;
        if owner == Owner::Slices {
            match SliceFifo::new(common.clone(), rate) {
                Ok(new) => slices = Some(new),
                // The wave sink needs nothing to render itself.
                Err(_) => owner = Owner::Sink,
            }
        }
        // With wait: no slice is under way after this.
        drop(self.slices.with(passive, Option::take));
        self.give_to(passive, owner, rate);
        drop(self.slices.with(passive, |f| core::mem::replace(f, slices)));
    }
}
