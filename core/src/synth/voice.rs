// SPDX-License-Identifier: MIT OR Apache-2.0
//! A voice's control side: envelopes, LFOs and connections, turned into ramps for the render side.
//!
//! Time is cut at absolute positions, the control ticks. At a tick (and at the exact frame of a note-on, note-off or kill) a
//! voice computes where its gains and coefficients shall be at the next tick; the tone ramps there sample by sample.

mod bend;
#[cfg(not(windows))]
mod check;
mod plan;
mod prepared;
#[cfg(test)]
mod tests;

pub use self::prepared::{Preparations, Prepared};

use self::bend::Bend;
use self::plan::MOST_TICKS;
use self::prepared::{LfoSteps, Times};
use super::channel::Channel;
use super::context::{NoteOn, OutputContext, VoiceContext};
use super::controls::{self, NoteState, glide_frames};
use super::envelope::{Contour, Envelope};
use super::filter::{self, Coefficients};
use super::lfo::Lfo;
use super::math;
use super::modulation::{
    FILTER_OFF, Inputs, MOVERS, Modulation, Mover, TARGETS, Target, fixed, general_part,
};
use super::tick::{HALF, TICK, TURN, offset_of};
use super::tone::{BUSES, Tone};
use crate::dls::model::{Articulation, Destination, Region, Wave};
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;

/// Frames in which a stolen or detached voice fades.
pub const FADE: u32 = 128;
/// How much of a jump in level or pan is made up per tick: 3 ms at 48 kHz.
const SMOOTHING: f32 = 0.36;
/// Highest gain after panning: native DirectMusic's +6 dB.
const MAX_GAIN_DB: f32 = 6.0;
/// Shortest release, so that a release of 0 does not click.
const MIN_RELEASE: f32 = 0.003;
/// Shortest note in seconds: drums and one-shots are often sent with no length at all.
const MIN_NOTE: f32 = 0.01;
/// [`Voice::left`] of a voice at rest.
const FOREVER: u32 = u32::MAX;
/// What is followed by lines in the tone.
const MOVING_RENDER: [Target; 6] = [
    Target::Gain,
    Target::Pan,
    Target::ReverbSend,
    Target::ChorusSend,
    Target::Cutoff,
    Target::Resonance,
];
const FREQUENCIES: [Target; 2] = [Target::LfoFrequency, Target::VibratoFrequency];

/// The state that moves with time.
#[derive(Clone, Copy, Debug)]
struct Movers {
    eg1: Envelope,
    eg2: Envelope,
    lfo: Lfo,
    vibrato: Lfo,
    /// Frames left of a fade.
    fade: u32,
    /// Frames left of a glide.
    glide: u32,
}

impl Movers {
    const REST: Self = Self {
        eg1: Envelope::new(),
        eg2: Envelope::new(),
        lfo: Lfo::new(0),
        vibrato: Lfo::new(0),
        fade: FADE,
        glide: 0,
    };

    /// Moves on by `frames`; `steps` are those of the LFO and of the vibrato LFO.
    #[inline(always)]
    fn advance(
        &mut self,
        [volume, modulator]: [&Contour; 2],
        [lfo, vibrato]: [u32; 2],
        fading: bool,
        frames: u32,
    ) {
        self.eg1.advance(volume, frames);
        self.eg2.advance(modulator, frames);
        self.lfo.advance(lfo, frames);
        self.vibrato.advance(vibrato, frames);
        self.glide = self.glide.saturating_sub(frames);
        if fading {
            self.fade = self.fade.saturating_sub(frames);
        }
    }
}

pub struct Voice {
    articulation: Option<Shared<Articulation>>,
    pub serial: u64,
    pub started: u64,
    /// Before this frame no key that goes up ends it.
    pub shortest: u64,
    /// Its key went up before.
    pub leaving: bool,
    pub priority: u32,
    /// Keys of the region.
    keys: (u8, u8),
    /// Master of the phase group: a slot of the pool.
    pub master: Option<u16>,
    pub note_state: NoteState,
    /// Key of the message.
    note: u8,
    velocity: u8,
    /// Key after transposition.
    key: f32,
    /// Cents at the start of a glide, and its frames.
    glide: f32,
    glide_length: u32,
    /// Gains of the sides.
    balance: [f32; 2],
    /// Release of both envelopes in seconds, before controllers.
    releases: [f32; 2],
    volume: Contour,
    modulator: Contour,
    now: Movers,
    next: Movers,
    /// Frames from the last tick to `now`.
    at: u32,
    /// Frames that the plan is for, from `now` on.
    length: u32,
    /// Ticks that lie inside of the plan and are still to come; [`FOREVER`]: all.
    left: u32,
    /// Ticks inside of the plan that have been passed over.
    passed: u32,
    /// Frames from the last tick to where an envelope turns and the plan ends; 0: it ends at a tick.
    turn: u32,
    /// The plan was given up on the way: the tone stands where it was, not where the plan led to.
    cut: bool,
    /// LFOs and EG2 move the pitch, and nothing else does.
    vibrates: bool,
    bend: Bend,
    fading: bool,
    steps: LfoSteps,
    modulation: Modulation,
    /// Unity note, fine tune and wave gain of the region.
    pitch_offset: f32,
    gain_offset: f32,
    /// Highest gain, dB.
    ceiling: f32,
    /// Wave rate / output rate · 2^32.
    unity_step: f64,
    /// The wave stands at its first frame while EG1's delay lasts.
    waits: bool,
    /// Shares of the two sides for one wave of a stereo pair.
    sides: [f32; 2],
    /// Where the movers stand at the next tick.
    ahead: [f32; MOVERS],
    /// Level on each bus for a gain of 1: pan, balance, sends.
    shares: [f32; BUSES],
    /// Level on each bus (gain with pan or send), smoothed and wanted.
    level: [f32; BUSES],
    wanted: [f32; BUSES],
    /// What the ramps reach at the next tick.
    gains: [f32; BUSES],
    coefficients: Coefficients,
    /// log2 of the cutoff as a part of the rate: at the last tick, and where the coefficients go.
    cutoff: f32,
    next_cutoff: f32,
    /// The cutoff is on its way to where it is wanted.
    sweeping: bool,
    filtered: bool,
    /// The modulation has been bound since the last plan.
    bound: bool,
    /// It has started since, and nothing else has happened: levels and filter are where they are wanted.
    fresh: bool,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            articulation: None,
            serial: 0,
            started: 0,
            shortest: 0,
            leaving: false,
            priority: 0,
            keys: (0, 127),
            master: None,
            note_state: NoteState::default(),
            note: 0,
            velocity: 0,
            key: 0.0,
            glide: 0.0,
            glide_length: 0,
            balance: [1.0; 2],
            releases: [0.0; 2],
            volume: Contour::default(),
            modulator: Contour::default(),
            now: Movers::REST,
            next: Movers::REST,
            at: 0,
            length: 0,
            left: 0,
            passed: 0,
            turn: 0,
            cut: false,
            vibrates: false,
            bend: Bend::NONE,
            fading: false,
            steps: LfoSteps::NONE,
            modulation: Modulation::NONE,
            pitch_offset: 0.0,
            gain_offset: 0.0,
            ceiling: MAX_GAIN_DB,
            unity_step: 0.0,
            waits: false,
            sides: [1.0; 2],
            ahead: [0.0; MOVERS],
            shares: [0.0; BUSES],
            level: [0.0; BUSES],
            wanted: [0.0; BUSES],
            gains: [0.0; BUSES],
            coefficients: Coefficients::FLAT,
            cutoff: filter::OPEN,
            next_cutoff: filter::OPEN,
            sweeping: false,
            filtered: false,
            bound: false,
            fresh: false,
        }
    }
}

impl Voice {
    /// `count` voices that do not sound. Apart, because a voice takes much of what a frame of a kernel stack may have.
    #[inline(never)]
    pub fn idle(count: usize) -> Result<Vec<Self>, NoMemory> {
        vec::try_collect((0..count).map(|_| Self::default()))
    }

    /// Starts a region with its wave; the voice sounds from the current position on. `prepared` is of the region's articulation and of the channel.
    #[inline(never)]
    pub fn start(
        &mut self,
        note: NoteOn,
        region: &Region,
        (wave, articulation): (Shared<Wave>, Shared<Articulation>),
        (around, prepared): (&VoiceContext, &Prepared),
        context: &OutputContext,
        tone: &mut Tone,
    ) {
        let channel = around.channel;
        self.articulation = Some(articulation);
        self.serial = note.serial;
        self.started = note.position;
        self.shortest = note
            .position
            .saturating_add(u64::from((MIN_NOTE * context.rate) as u32))
            .next_multiple_of(u64::from(TURN));
        self.leaving = false;
        self.priority = note.priority;
        self.keys = region.keys;
        self.master = None;
        self.note_state = NoteState::new(around, note.key);
        self.note = note.key;
        self.velocity = note.velocity;
        self.key = effective_key(&region.articulation, channel, note.key, note.velocity);
        (self.left, self.passed, self.turn) = (0, 0, 0);
        self.cut = false;
        self.vibrates = false;
        self.fading = false;
        self.at = offset_of(note.position);
        let info = &region.sample;
        self.pitch_offset = f32::from(info.fine_tune) - 100.0 * f32::from(info.unity);
        self.gain_offset = info.gain as f32 * (1.0 / 655_360.0);
        let ceiling = region.articulation.constant(Destination::GainCeiling);
        self.ceiling = ceiling.map_or(MAX_GAIN_DB, |c| c as f32 * (1.0 / 655_360.0));
        self.unity_step = f64::from(wave.rate) / f64::from(context.rate) * 4_294_967_296.0;
        let start = region.articulation.constant(Destination::WaveStart);
        self.waits = start.is_some_and(|start| start != 0);
        self.sides = match (region.phase_group, region.channels & 3) {
            (0, _) | (_, 0 | 3) => [1.0, 1.0],
            (_, 1) => [1.0, 0.0],
            _ => [0.0, 1.0],
        };
        let own;
        let times = match &prepared.times {
            Some(times) => times,
            None => {
                let inputs = inputs_of(self.key, self.velocity, 0, channel);
                own = Times::read(&region.articulation, &inputs, &around.key, context.rate);
                &own
            }
        };
        self.volume = times.volume;
        self.modulator = times.modulator;
        self.releases = times.releases;
        self.now = times.movers;
        self.glide_from(note.glide_from, channel, context.rate);
        self.follow((around, prepared), context);
        self.filtered = self.needs_filter();
        tone.start(wave, info.sample_loop, self.filtered);

        let values = self.values(&self.now);
        if self.moves_level() {
            // Else binding has done that.
            self.share(&values, Some(*around));
            self.place(&values, Some(*around));
        }
        self.level = self.wanted;
        let amplitude = self.now.eg1.amplitude(&self.volume);
        self.gains = self.level.map(|level| level * amplitude);
        self.coefficients = Coefficients::FLAT;
        self.cutoff = filter::OPEN;
        self.sweeping = false;
        match prepared.filter {
            _ if !self.filtered => {}
            Some(filter) => (self.cutoff, self.coefficients) = filter,
            None => {
                let cents = self.target(Target::Cutoff, &values, Some(*around));
                self.cutoff = filter::place(cents, context.log2_a440);
                self.sweep(&values, Some(*around), context);
            }
        }
        self.next_cutoff = self.cutoff;
        tone.jump(self.gains, self.coefficients);
        self.fresh = true;
    }

    /// Gives back what the voice held.
    pub fn take_articulation(&mut self) -> Option<Shared<Articulation>> {
        self.articulation.take()
    }

    /// What it plays, until it has given that back.
    pub fn articulation(&self) -> Option<&Articulation> {
        self.articulation.as_deref()
    }

    /// Recomputes everything that follows from the channel. `prepared` is of its articulation and of the channel.
    pub fn bind(
        &mut self,
        (around, prepared): (&VoiceContext, &Prepared),
        context: &OutputContext,
    ) {
        self.wake();
        self.follow((around, prepared), context);
        [self.volume.release, self.modulator.release] = match &prepared.times {
            // A note keeps the times that it began with.
            Some(times) if times.releases == self.releases => {
                [times.volume.release, times.modulator.release]
            }
            _ => prepared::release_frames(around.channel, self.releases, context.rate),
        };
    }

    /// The same for a voice that has no plan and whose releases are of this very channel.
    #[inline(always)]
    fn follow(&mut self, (around, prepared): (&VoiceContext, &Prepared), context: &OutputContext) {
        let Some(articulation) = &self.articulation else {
            return;
        };
        let channel = around.channel;
        self.modulation = prepared.modulation;
        let inputs = self.inputs(channel);
        let part = prepared.note_part.as_ref();
        let [gain, pitch] = self.modulation.add_note(part, articulation, &inputs);
        self.note_state.follow_scale(around, self.note);
        let own = [
            gain + self.gain_offset,
            pitch + (self.pitch_offset + around.tuning),
        ];
        let at_rest = prepared.at_rest;
        controls::apply(&mut self.modulation, own, around, &self.note_state, at_rest);
        self.balance = prepared.balance;
        let cents = FREQUENCIES.map(|target| self.modulation.base(target));
        if prepared.steps_are_common {
            self.steps = prepared.steps;
        } else if !self.steps.are_of(cents, context.rate) {
            // A slot's voices often have the same LFOs, and a channel's voices.
            self.steps = prepared.steps;
            if !self.steps.are_of(cents, context.rate) {
                self.steps = LfoSteps::new(cents, context.rate);
            }
        }
        if self.modulation.moves_one(&FREQUENCIES) {
            self.steps.will_move();
        }
        self.bound = true;
        self.fresh = false;
        if !self.moves_level() {
            let still = [0.0; MOVERS];
            match prepared.shares {
                Some(shares) => self.shares = self.on_sides(shares),
                None => self.share(&still, None),
            }
            self.place(&still, None);
        }
    }

    fn inputs<'a>(&self, channel: &'a Channel) -> Inputs<'a> {
        inputs_of(
            self.key,
            self.velocity,
            self.note_state.poly_pressure,
            channel,
        )
    }

    /// The pitch comes from another key, if the channel's portamento time is not 0.
    fn glide_from(&mut self, key: Option<u8>, channel: &Channel, rate: f32) {
        let semitones = key.map_or(0.0, |key| f32::from(key) - f32::from(self.note));
        self.glide = semitones * 100.0;
        self.glide_length = glide_frames(channel, semitones, rate);
        self.now.glide = self.glide_length;
    }

    /// The region has this key (after transposition).
    pub fn covers(&self, key: u8) -> bool {
        let (low, high) = self.keys;
        low <= key && key <= high
    }

    /// Goes on with another key and does not start anew, `offset` frames after the last tick that was worked off.
    pub fn legato(
        &mut self,
        note: NoteOn,
        (around, prepared): (&VoiceContext, &Prepared),
        context: &OutputContext,
        offset: u32,
    ) {
        self.settle(offset);
        let Some(articulation) = &self.articulation else {
            return;
        };
        let channel = around.channel;
        self.key = effective_key(articulation, channel, note.key, self.velocity);
        self.note = note.key;
        self.note_state.scale_version = channel.scale_version.wrapping_sub(1);
        self.glide_from(note.glide_from, channel, context.rate);
        self.bind((around, prepared), context);
    }

    /// Ticks from `tick` to this voice's own among every `most`: where the longest plans end. Voices that begin together are so planned one after the
    /// other, not all in one slice.
    fn own_turn(&self, tick: u32, most: u32) -> u32 {
        most - tick.wrapping_add(self.serial as u32) % most
    }

    fn needs_filter(&self) -> bool {
        self.modulation.base(Target::Cutoff) < FILTER_OFF || self.modulation.moves(Target::Cutoff)
    }

    /// It computes from the state of its channel at every tick.
    pub fn needs_voice_context(&self) -> bool {
        self.modulation.is_general()
    }

    /// Nothing about it moves but its pitch.
    pub fn is_steady(&self) -> bool {
        self.left == FOREVER
    }

    /// Ticks that its plans are for.
    pub fn ticks_per_plan(&self) -> u32 {
        if self.is_steady() {
            FOREVER
        } else {
            self.length.div_ceil(TICK).max(1)
        }
    }

    /// LFOs or EG2 move its pitch inside of its plans.
    pub fn vibrates(&self) -> bool {
        self.vibrates
    }

    /// Passes over a tick that lies inside of the plan; `tick` is its number.
    #[inline]
    pub fn pass(&mut self, tick: u32, tone: &mut Tone) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= u32::from(self.left != FOREVER);
        self.passed = self.passed.saturating_add(1);
        tone.check_filter();
        if self.vibrates {
            self.vibrate(tick, tone);
        }
        true
    }

    /// Frames from where the plan began to the last tick.
    fn elapsed(&self) -> u32 {
        self.passed.saturating_mul(TICK).saturating_sub(self.at)
    }

    /// An event has brought the voice to this very tick: what comes next begins here.
    pub fn arrive(&mut self) {
        self.next = self.now;
    }

    /// A control tick: what was planned is reached, and the next stretch is planned. `arrived` as told to [`is_over`](Self::is_over).
    pub fn tick(
        &mut self,
        arrived: bool,
        around: Option<VoiceContext>,
        context: &OutputContext,
        tone: &mut Tone,
    ) {
        self.now = self.next;
        self.at = 0;
        self.cutoff = self.next_cutoff;
        let cut = core::mem::take(&mut self.cut);
        if self.level != self.wanted {
            for (level, &wanted) in self.level.iter_mut().zip(&self.wanted) {
                let rest = wanted - *level;
                *level = if rest.abs() <= 1e-3 * (wanted + 1e-4) {
                    wanted
                } else {
                    *level + rest * SMOOTHING
                };
            }
        }
        if !cut && !self.fresh {
            tone.jump(self.gains, self.coefficients);
        }
        let values = if arrived || cut || self.bound {
            self.values(&self.now)
        } else {
            self.ahead
        };
        // The jump has put the tone where the plan goes: no step is left over.
        let stands = self.fresh || !arrived && !cut;
        self.plan_or_rest(stands, &values, around, context, tone);
    }

    /// Plans; where the tone `stands` and the plan leads nowhere else, there is nothing to be planned any more.
    fn plan_or_rest(
        &mut self,
        stands: bool,
        values: &[f32; MOVERS],
        around: Option<VoiceContext>,
        context: &OutputContext,
        tone: &mut Tone,
    ) {
        if self.fresh && self.has_no_movers() {
            return self.plan_plainly(context, tone);
        }
        let before = (self.gains, self.coefficients);
        self.plan(values, around, context, tone);
        if stands && self.rests() && before == (self.gains, self.coefficients) {
            self.left = FOREVER;
        }
    }

    /// What it plays into and its filter stand still from here on.
    fn rests(&self) -> bool {
        let leads = |mover| self.modulation.leads(mover, &MOVING_RENDER);
        !self.modulation.is_general()
            && !leads(Mover::Lfo)
            && !leads(Mover::Vibrato)
            && (!leads(Mover::Eg2) || self.now.eg2.is_steady())
            && (!self.modulation.moves(Target::Pitch) || self.vibrates)
            && !self.modulation.moves_one(&FREQUENCIES)
            && !self.fading
            && !self.waits
            && !self.sweeping
            && self.level == self.wanted
            && self.now.glide == 0
            && self.turn == 0
            && self.now.eg1.is_steady()
            && !self.next.eg1.is_over(&self.volume)
    }

    /// At a tick: nothing is left to hear. `arrived`: an event has come at this very tick, and [`arrive`](Self::arrive) has been called;
    /// then the envelope may be over before its last step has been heard.
    pub fn is_over(&self, arrived: bool) -> bool {
        if self.left > 0 {
            return false;
        }
        let silent = !arrived || !self.cut && self.gains == [0.0; BUSES];
        self.next.eg1.is_over(&self.volume) && silent || self.fading && self.next.fade == 0
    }

    /// At a tick: stands still where the last plan has led to, until it can go.
    pub fn stay(&mut self, tone: &mut Tone) {
        self.wake();
        self.now = self.next;
        (self.at, self.turn) = (0, 0);
        self.length = TICK;
        tone.jump(self.gains, self.coefficients);
        tone.ramp(self.gains, self.coefficients, TICK);
    }

    /// Between two ticks: plans from `now`, which is the current frame, to the next tick.
    pub fn plan_from_here(
        &mut self,
        around: Option<VoiceContext>,
        context: &OutputContext,
        tone: &mut Tone,
    ) {
        self.cut = false;
        let values = self.values(&self.now);
        self.plan_or_rest(self.fresh, &values, around, context, tone);
    }

    /// Brings `now` to `offset` frames after the last tick.
    fn settle(&mut self, offset: u32) {
        self.wake();
        self.now = self.advanced(self.now, offset.saturating_sub(self.at));
        self.at = offset.max(self.at);
    }

    /// Gives up the plan: makes up for the ticks that were passed over.
    fn wake(&mut self) {
        if self.left > 0 {
            self.cut = true;
            let elapsed = self.elapsed();
            let way = (self.next_cutoff - self.cutoff) / self.length.max(1) as f32;
            let from = self.cutoff;
            self.cutoff = from + way * elapsed as f32;
            self.next_cutoff = from + way * elapsed.saturating_add(TICK).min(self.length) as f32;
        }
        if self.left > 0 || self.passed > 0 {
            self.now = self.advanced(self.now, self.elapsed());
            if self.passed > 0 {
                self.at = 0;
            }
            self.next = self.advanced(self.now, TICK.saturating_sub(self.at));
        }
        (self.left, self.passed) = (0, 0);
    }

    /// Note-off, `offset` frames (1..=TICK) after the last tick that was worked off.
    pub fn release(&mut self, offset: u32) {
        self.settle(offset);
        self.now
            .eg1
            .release_volume(&self.volume, self.volume.release);
        self.now
            .eg2
            .release_value(&self.modulator, self.modulator.release);
        if self.modulation.leads(Mover::Eg2, &[Target::Pitch]) {
            self.bend = Bend::NONE;
        }
    }

    /// An exclusive note shuts this one down.
    pub fn shut_down(&mut self, offset: u32) {
        self.settle(offset);
        self.now
            .eg1
            .release_volume(&self.volume, self.volume.shutdown);
    }

    /// Leaves quickly, whatever the envelope says.
    pub fn fade_out(&mut self, offset: u32) {
        self.settle(offset);
        self.fading = true;
    }

    /// Position of EG1, for choosing a victim: 0..=1.
    pub fn loudness(&self) -> f32 {
        self.now.eg1.fraction(&self.volume)
    }

    fn advanced(&self, mut movers: Movers, frames: u32) -> Movers {
        let steps = [self.steps.lfo, self.steps.vibrato];
        movers.advance([&self.volume, &self.modulator], steps, self.fading, frames);
        movers
    }

    /// The movers that something follows; the others are 0.
    fn values(&self, movers: &Movers) -> [f32; MOVERS] {
        let modulation = &self.modulation;
        if !modulation.moves_any() {
            return [0.0; MOVERS];
        }
        let mut values = [0.0; MOVERS];
        let [lfo, vibrato, eg1, eg2] = &mut values;
        if modulation.follows(Mover::Lfo) {
            *lfo = movers.lfo.value();
        }
        if modulation.follows(Mover::Vibrato) {
            *vibrato = movers.vibrato.value();
        }
        if modulation.follows(Mover::Eg1) {
            *eg1 = movers.eg1.fraction(&self.volume);
        }
        if modulation.follows(Mover::Eg2) {
            *eg2 = movers.eg2.fraction(&self.modulator);
        }
        values
    }

    /// What the connections without an affine form add to a target.
    #[inline(never)]
    fn general(&self, values: &[f32; MOVERS], around: Option<VoiceContext>) -> [f32; TARGETS] {
        match (&self.articulation, around) {
            (Some(articulation), Some(around)) if self.modulation.is_general() => {
                general_part(articulation, &self.inputs(around.channel), values)
            }
            _ => [0.0; TARGETS],
        }
    }

    #[inline(always)]
    fn target(&self, target: Target, values: &[f32; MOVERS], around: Option<VoiceContext>) -> f32 {
        let sum = self.modulation.value(target, values);
        if self.modulation.is_general() {
            let general = self.general(values, around);
            sum + general.get(target as usize).copied().unwrap_or(0.0)
        } else {
            sum
        }
    }

    /// Envelopes or LFOs drive the level on some bus.
    fn moves_level(&self) -> bool {
        use Target as T;
        self.modulation
            .moves_one(&[T::Gain, T::Pan, T::ReverbSend, T::ChorusSend])
    }

    /// Levels from the gain.
    fn place(&mut self, values: &[f32; MOVERS], around: Option<VoiceContext>) {
        let gain = math::amplitude(self.target(Target::Gain, values, around).min(self.ceiling));
        self.wanted = self.shares.map(|share| gain * share);
    }

    /// Levels for a gain of 1.
    fn share(&mut self, values: &[f32; MOVERS], around: Option<VoiceContext>) {
        let target = |target| self.target(target, values, around);
        let sends = [target(Target::ReverbSend), target(Target::ChorusSend)];
        let shares = prepared::shares(self.balance, target(Target::Pan), sends);
        self.shares = self.on_sides(shares);
    }

    /// The part of one wave of a stereo pair.
    fn on_sides(&self, [left, right, reverb, chorus]: [f32; BUSES]) -> [f32; BUSES] {
        let [on_left, on_right] = self.sides;
        [on_left * left, on_right * right, reverb, chorus]
    }

    /// Frames of the wave per output frame, 32.32, with `left` frames of a glide to go.
    #[inline(always)]
    fn step(&self, values: &[f32; MOVERS], left: u32, around: Option<VoiceContext>) -> u64 {
        let mut cents = self.target(Target::Pitch, values, around);
        if left > 0 {
            cents += self.glide * (left as f32 / self.glide_length.max(1) as f32);
        }
        let ratio = f64::from(math::exp2(
            cents.clamp(-12_000.0, 12_000.0) * (1.0 / 1200.0),
        ));
        ((self.unity_step * ratio + 0.5) as i64).clamp(1, 1 << 48) as u64
    }

    /// Sets the speed from here on; where it moves, also that from the middle of the tick on.
    fn set_pitch(
        &mut self,
        values: &[f32; MOVERS],
        around: Option<VoiceContext>,
        tick: u32,
        tone: &mut Tone,
    ) {
        if self.vibrates && self.at == 0 {
            return self.vibrate(tick, tone);
        }
        let step = self.step(values, self.now.glide, around);
        if self.waits {
            return tone.set_steps([self.behind_delay(step, self.length), 0]);
        }
        let moves = self.now.glide > 0 || self.modulation.moves(Target::Pitch);
        let later = if moves && self.at < HALF {
            let middle = self.advanced(self.now, HALF - self.at);
            self.step(&self.values(&middle), middle.glide, around)
        } else {
            0
        };
        tone.set_steps([step, later]);
    }

    /// The step of a stretch at whose end the wave shall be where it would be if it began when the delay ends.
    fn behind_delay(&mut self, step: u64, frames: u32) -> u64 {
        if !self.waits {
            return step;
        }
        let silent = self.now.eg1.delay_left(&self.volume).min(frames);
        // Once more when the delay is over, for the whole step.
        self.waits = silent > 0;
        let part = u64::from(frames.saturating_sub(silent));
        (step.saturating_mul(part) / u64::from(frames.max(1))).max(1)
    }

    /// The coefficients at the next tick.
    fn sweep(
        &mut self,
        values: &[f32; MOVERS],
        around: Option<VoiceContext>,
        context: &OutputContext,
    ) {
        let cents = self.target(Target::Cutoff, values, around);
        let resonance = self.target(Target::Resonance, values, around);
        let wanted = filter::place(cents, context.log2_a440);
        self.next_cutoff = filter::sweep(self.cutoff, wanted);
        self.sweeping = self.next_cutoff != wanted;
        self.coefficients = context.filters.at(self.next_cutoff, resonance);
    }
}

fn inputs_of(key: f32, velocity: u8, poly_pressure: u8, channel: &Channel) -> Inputs<'_> {
    Inputs {
        channel,
        key,
        velocity,
        poly_pressure,
    }
}

/// The key that drives pitch and scaling: the connections to the key number, or the transposed note where there are none.
fn effective_key(articulation: &Articulation, channel: &Channel, note: u8, velocity: u8) -> f32 {
    let key = f32::from(note);
    if articulation.has_usual_key() {
        return (key + channel.transpose() as f32).clamp(0.0, 127.0);
    }
    let inputs = inputs_of(key, velocity, 0, channel);
    let effective = match fixed(articulation, &inputs, Destination::KeyNumber) {
        Some(connected) => connected.sum * 0.01,
        None => key + channel.transpose() as f32,
    };
    effective.clamp(0.0, 127.0)
}
