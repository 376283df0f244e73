// SPDX-License-Identifier: MIT OR Apache-2.0
//! What only the owner touches.

use super::command::Command;
use super::exchange::Exchange;
use super::next::Next;
use super::retire::{Bin, Garbage};
use super::settings::Settings;
use super::track::Track;
use super::{DEFAULT_RATE, PINS};
use crate::kernel::irql::Passive;
use crate::kernel::vectors::WideRegisters;
use crate::kernel::{Result, clock, no_memory};
use arioso_core::audio::Declick;
use arioso_core::mem::TryBox;
use arioso_core::synth::Budget;
use arioso_core::synth::sequencer::{Events, Source, run};
use arioso_core::synth::{SampleClock, Settings as SynthSettings, Synth, SynthId, Vectors};
use core::sync::atomic::Ordering;

/// Frames that are rendered at once.
pub const BLOCK: usize = 256;

/// The synthesizer and the pins' tracks.
pub struct Renderer {
    synth: Synth,
    registers: WideRegisters,
    tracks: [TrackSlot; PINS],
    bin: Bin,
    /// As it was at the block's start.
    clock: SampleClock,
    /// Of slices.
    budget: Budget,
    /// Frames of the ramp at the beginning that are left, and their number.
    fade: (u32, u32),
    /// Part of real time that rendering takes, averaged over a tenth of a second or so.
    load: f32,
    mixed: TryBox<[[f32; 2]; BLOCK]>,
}

/// A slot for a track; without one it has no events.
struct TrackSlot(Option<TryBox<Track>>);

impl Events for TrackSlot {
    fn peek_time(&self) -> Option<i64> {
        self.0.as_ref()?.peek_time()
    }

    fn pop(&mut self, late: i64, take: &mut dyn FnMut(u16, &[u8])) {
        if let Some(track) = &mut self.0 {
            track.pop(late, take);
        }
    }
}

impl Renderer {
    /// Boxed at once, and not inlined: by value it would lie on the stack several times.
    #[inline(never)]
    pub fn boxed(passive: Passive, settings: &Settings) -> Result<TryBox<Self>> {
        TryBox::try_new(Self::new(passive, settings)?).map_err(no_memory)
    }

    fn new(passive: Passive, settings: &Settings) -> Result<Self> {
        let mut synth = Synth::new(&SynthSettings {
            voices: settings.voices,
            rate: DEFAULT_RATE,
            synths: PINS as u8,
        })
        .map_err(no_memory)?;
        synth.follow(true);
        Ok(Self {
            synth,
            registers: WideRegisters::allowed(passive),
            tracks: [const { TrackSlot(None) }; PINS],
            bin: Bin::default(),
            clock: SampleClock::new(DEFAULT_RATE),
            budget: Budget::new(settings.slice_budget),
            fade: (0, 1),
            load: 0.0,
            mixed: TryBox::try_filled([0.0; 2]).map_err(no_memory)?,
        })
    }

    /// `PASSIVE_LEVEL`, at a change of owner.
    pub fn set_output(&mut self, exchange: &Exchange, rate: u32, follow: bool) {
        self.synth.set_output(rate);
        self.synth.follow(follow);
        self.retire(exchange);
    }

    /// The next frames rise from silence to the full level, or have it.
    pub fn fade_in(&mut self, rate: u32, rise: bool) {
        let ramp = Declick::ramp(rate);
        self.fade = (if rise { ramp } else { 0 }, ramp);
    }

    /// Executes queued commands, as far as there is room for what they leave behind. `DISPATCH_LEVEL` or below.
    pub fn run_commands(&mut self, exchange: &Exchange) {
        while self.bin.has_room(exchange.reaper.work()) {
            match exchange.commands.try_pop() {
                Some(command) => self.execute(exchange, command),
                None => break,
            }
        }
        self.retire(exchange);
    }

    fn execute(&mut self, exchange: &Exchange, command: Command) {
        match command {
            Command::Attach { slot, track, port } => {
                let old = match self.tracks.get_mut(usize::from(slot)) {
                    Some(place) => place.0.replace(track),
                    None => Some(track),
                };
                self.leave(exchange, old, Garbage::Track);
                let old = self.synth.attach(SynthId(slot), port);
                self.leave(exchange, old, Garbage::VirtualSynth);
            }
            Command::Detach { slot } => {
                let old = self
                    .tracks
                    .get_mut(usize::from(slot))
                    .and_then(|place| place.0.take());
                self.leave(exchange, old, Garbage::Track);
                let old = self.synth.detach(SynthId(slot));
                self.leave(exchange, old, Garbage::VirtualSynth);
            }
            Command::Patches { slot, patches } => {
                let old = match self.synth.virtual_synth_mut(SynthId(slot)) {
                    Some(port) => port.set_patches(patches),
                    None => Some(patches),
                };
                self.synth.select_all(SynthId(slot));
                self.leave(exchange, old, Garbage::Patches);
            }
            Command::Parts { slot, parts } => {
                let old = self.synth.set_parts(SynthId(slot), parts);
                self.leave(exchange, Some(old), Garbage::Parts);
            }
            Command::Volume { slot, volume } => {
                self.synth
                    .change(SynthId(slot), |port| port.set_volume(volume));
                self.synth.refresh(SynthId(slot));
            }
            Command::Boost { slot, boost } => {
                self.synth
                    .change(SynthId(slot), |port| port.set_boost(boost));
                self.synth.refresh(SynthId(slot));
            }
            Command::Effects { slot, on } => {
                self.synth
                    .change(SynthId(slot), |port| port.effects_mut().on = on);
                self.synth.refresh(SynthId(slot));
            }
            Command::Reverb { slot, waves } => {
                self.synth
                    .change(SynthId(slot), |port| port.effects_mut().set_waves(&waves));
            }
            Command::Priority {
                slot,
                group,
                channel,
                priority,
            } => {
                self.synth.change(SynthId(slot), |port| {
                    port.set_priority(group, channel, priority);
                });
            }
            Command::Quality(quality) => {
                for slot in 0..PINS as u8 {
                    self.synth
                        .change(SynthId(slot), |port| port.set_interpolation(quality));
                }
            }
            Command::Budget(limit) => self.budget.set_limit(limit),
            Command::Voices(room) => {
                let old = self.synth.set_room(room);
                self.leave(exchange, Some(old), Garbage::Room);
            }
            Command::Quiet { slot, controller } => {
                for channel in 0..16u8 {
                    self.synth
                        .message(SynthId(slot), 0, &[0xB0 | channel, controller, 0]);
                }
            }
        }
    }

    /// What a command leaves behind goes to the reaper.
    #[inline(never)]
    fn leave<T>(&mut self, exchange: &Exchange, left: Option<T>, garbage: fn(T) -> Garbage) {
        if let Some(left) = left {
            self.bin.throw(exchange.reaper.work(), garbage(left));
            exchange.reaper.queue();
        }
    }

    /// Hands what the synthesizer let go of to the reaper, and lets the loader read what was asked for.
    fn retire(&mut self, exchange: &Exchange) {
        if self.synth.take_wanted() {
            exchange.loader.queue();
        }
        let mut any = false;
        while self.bin.has_room(exchange.reaper.work()) {
            let Some(retired) = self.synth.take_retired() else {
                break;
            };
            self.bin
                .throw(exchange.reaper.work(), Garbage::Synth(retired));
            any = true;
        }
        if any {
            exchange.reaper.queue();
        }
    }

    /// Renders up to [`BLOCK`] frames; the first is the device's frame `first`. `DISPATCH_LEVEL` or below; no lock is held.
    pub fn render(&mut self, exchange: &Exchange, first: i64, frames: usize) -> &[[f32; 2]] {
        let frames = frames.min(BLOCK);
        let begin = clock::now();
        self.render_block(exchange, first, frames);
        self.note_load(exchange, frames, elapsed(begin));
        self.mixed.get(..frames).unwrap_or_default()
    }

    /// The same within the budget of a slice: voices that it does not carry are shed first. `DISPATCH_LEVEL`.
    pub fn render_slice(&mut self, exchange: &Exchange, first: i64, frames: usize) -> &[[f32; 2]] {
        let frames = frames.min(BLOCK);
        let begin = clock::now();
        self.budget.begin(&mut self.synth, frames);
        self.render_block(exchange, first, frames);
        let time = elapsed(begin);
        let spent = self.budget.end(&mut self.synth, time);
        if spent.predicted > self.budget.limit() {
            exchange.over_budget.store(true, Ordering::Relaxed);
        }
        self.note_load(exchange, frames, time);
        self.mixed.get(..frames).unwrap_or_default()
    }

    /// `frames` frames took `time` ns.
    fn note_load(&mut self, exchange: &Exchange, frames: usize, time: f32) {
        let seconds = frames as f32 / exchange.rate().max(1) as f32;
        let now = time / (seconds * 1e9).max(1.0);
        self.load += (now - self.load) * (seconds * 10.0).min(1.0);
        exchange
            .voices
            .store(self.synth.voices(), Ordering::Relaxed);
        exchange
            .load
            .store((self.load * 10_000.0) as u32, Ordering::Relaxed);
    }

    fn render_block(&mut self, exchange: &Exchange, first: i64, frames: usize) {
        self.run_commands(exchange);
        let end = first.saturating_add(frames as i64);
        exchange.begin_block(end, &mut self.clock);
        let out = self.mixed.get_mut(..frames).unwrap_or_default();
        let mut port = 0u8;
        let mut sources = self.tracks.each_mut().map(|place| {
            let source = Source {
                port: SynthId(port),
                events: place,
            };
            port = port.wrapping_add(1);
            source
        });
        let (synth, clock) = (&mut self.synth, &mut self.clock);
        self.registers.with(|vectors| {
            synth.set_vectors(vectors);
            run(synth, clock, &mut sources, first, out);
            synth.set_vectors(Vectors::default());
        });
        let (left, length) = &mut self.fade;
        for frame in out.iter_mut().take(*left as usize) {
            let level = 1.0 - *left as f32 / *length as f32;
            *frame = frame.map(|sample| sample * level);
            *left = left.wrapping_sub(1);
        }
        let level = peak(out);
        self.end_block();
        exchange.note_level(level, frames);
        exchange.note_rendered(end, frames as u64);
        self.retire(exchange);
    }

    fn end_block(&mut self) {
        for (slot, place) in self.tracks.iter_mut().enumerate() {
            if let Some(track) = &mut place.0 {
                end(track, &mut self.synth, SynthId(slot as u8));
            }
        }
    }

    /// Whether an event waits on a running pin.
    pub fn has_events(&self) -> bool {
        self.tracks.iter().any(|place| place.peek_time().is_some())
    }

    /// Lets every pin's due events act on its channels, at most `budget` of each; no voice is started. `idle`: nobody owns the
    /// output. `DISPATCH_LEVEL` or below.
    pub fn follow(&mut self, exchange: &Exchange, idle: bool, budget: usize) -> Next {
        self.synth.follow(true);
        let next = self.follow_events(budget);
        self.synth.follow(idle);
        self.retire(exchange);
        next
    }

    fn follow_events(&mut self, budget: usize) -> Next {
        let mut next = Next::Nothing;
        for (slot, track) in self.tracks.iter_mut().enumerate() {
            let Some(track) = &mut track.0 else { continue };
            let id = SynthId(slot as u8);
            let now = track.pin().now();
            let mut left = budget;
            let wait = loop {
                match track.peek_time() {
                    None => break Next::Nothing,
                    Some(time) if time > now => break Next::In(time.saturating_sub(now)),
                    Some(_) if left == 0 => break Next::Now,
                    Some(_) => {
                        left = left.wrapping_sub(1);
                        let synth = &mut self.synth;
                        // Nobody listens: nothing is late.
                        track.pop(0, &mut |group, message| synth.message(id, group, message));
                    }
                }
            };
            end(track, &mut self.synth, id);
            next = next.sooner(wait);
        }
        next
    }
}

/// A pin's block is over.
#[inline(never)]
fn end(track: &mut Track, synth: &mut Synth, id: SynthId) {
    track.end_block(synth.virtual_synth_mut(id));
}

/// The highest sample. The limiter leaves numbers only.
fn peak(frames: &[[f32; 2]]) -> f32 {
    let (chunks, rest) = frames.as_flattened().as_chunks::<8>();
    let higher = |most: f32, sample: f32| {
        if sample.abs() > most {
            sample.abs()
        } else {
            most
        }
    };
    // Eight at a time, so that none waits for the one before.
    let most = chunks.iter().fold([0.0; 8], |mut most, chunk| {
        for (most, sample) in most.iter_mut().zip(chunk) {
            *most = higher(*most, *sample);
        }
        most
    });
    most.iter().chain(rest).copied().fold(0.0, higher)
}

/// ns since `begin`.
fn elapsed(begin: i64) -> f32 {
    clock::now().saturating_sub(begin).max(0) as f32 * 100.0
}
