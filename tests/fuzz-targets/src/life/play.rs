// SPDX-License-Identifier: MIT OR Apache-2.0
//! A life, played: with a look at the invariants after every block, then once more in other blocks.

use super::bank::{self, Plan};
use super::song::{self, Act, Marks, Setting};
use super::{Generator, Life, Part};
use crate::planted;
use arioso_core::dls::model::{Instrument, SampleInfo, Wave};
use arioso_core::mem::{Shared, TryBox};
use arioso_core::synth::effects::Sends;
use arioso_core::synth::{Interpolation, Parts, Settings, Synth, SynthId, VirtualSynth, check};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

const SYNTH: SynthId = SynthId(0);
const TICK: usize = 32;
/// Most frames that are rendered at once.
const BLOCK: usize = 256;

thread_local! {
    /// Their tables take milliseconds to build. One that has failed does not come back.
    static SYNTHS: RefCell<BTreeMap<u16, Synth>> = const { RefCell::new(BTreeMap::new()) };
}

fn synth_of(voices: u16) -> Synth {
    SYNTHS
        .with_borrow_mut(|synths| synths.remove(&voices))
        .unwrap_or_else(|| {
            let settings = Settings {
                voices,
                rate: 48_000,
                synths: 1,
            };
            Synth::new(&settings).expect("memory")
        })
}

/// What a life was like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Notes that were started.
    pub notes: u64,
    /// Frames that were rendered.
    pub frames: u64,
}

/// Plays a life. Panics where an invariant does not hold.
pub fn play(life: &Life) -> Outcome {
    let first = Player::new(life).live(life, Blocks::Plain);
    let seed = Setting::of(life).seed;
    let other = Player::new(life).live(life, Blocks::Random(Generator(seed)));
    let same = first.out.len() == other.out.len()
        && first
            .out
            .iter()
            .zip(&other.out)
            .all(|(a, b)| a.map(f32::to_bits) == b.map(f32::to_bits));
    if !same {
        let differs = |(a, b): (&[f32; 2], &[f32; 2])| a.map(f32::to_bits) != b.map(f32::to_bits);
        let at = first.out.iter().zip(&other.out).position(differs);
        panic!("other blocks give other bits, at frame {at:?}");
    }
    Outcome {
        notes: first.notes,
        frames: first.out.len() as u64,
    }
}

/// The events of a life as lines.
pub fn score(life: &Life) -> Vec<String> {
    let mut lines = Vec::new();
    each(life, |_, at, act| {
        lines.push(format!(
            "{at:>8} (tick {}, {} on) {act:?}",
            at / TICK as u64,
            at % TICK as u64
        ));
    });
    lines
}

/// The events of a life as a program can send them, with their frames.
pub fn parts(life: &Life) -> Vec<(u64, Part)> {
    let mut parts = Vec::new();
    each(life, |player, at, act| {
        let part = match act {
            Act::Send(group, message) => Part::Message(*group, message.clone()),
            Act::On {
                group,
                channel,
                key,
                velocity,
            } => Part::Message(*group, vec![0x90 | channel, *key, *velocity]),
            Act::Off(which) if !player.down.is_empty() => {
                let at = usize::from(*which) % player.down.len();
                let (group, channel, key) = player.down[at];
                Part::Message(group, vec![0x80 | channel, key, 64])
            }
            Act::Groups(groups) => Part::Groups(*groups),
            Act::Volume(volume) => Part::Volume(*volume),
            // What pins have no property for.
            Act::Off(_) | Act::Effects { .. } | Act::Quality(_) | Act::Bank => return,
        };
        parts.push((at, part));
    });
    parts
}

/// Goes through a life without a sound.
fn each(life: &Life, mut look: impl FnMut(&Player, u64, &Act)) {
    let mut player = Player::new(life);
    for event in &life.events {
        let (at, act) = player.next(event);
        look(&player, at, &act);
        player.marks.now = at;
        player.follow(&act);
    }
}

/// How time is cut.
enum Blocks {
    /// As long as they may be, and looked at after each.
    Plain,
    Random(Generator),
}

impl Blocks {
    fn length(&mut self, most: usize) -> usize {
        let wanted = match self {
            Self::Plain => BLOCK,
            Self::Random(generator) => {
                let end = if generator.below(4) == 0 { 7 } else { 100 };
                1 + generator.below(end)
            }
        };
        wanted.min(most)
    }
}

struct Played {
    out: Vec<[f32; 2]>,
    notes: u64,
}

struct Player {
    setting: Setting,
    plans: Vec<Plan>,
    synth: Synth,
    marks: Marks,
    groups: u16,
    /// Group, channel and key that are down, the oldest first.
    down: Vec<(u16, u8, u8)>,
    bank: Vec<Shared<Instrument>>,
    out: Vec<[f32; 2]>,
    notes: u64,
}

impl Player {
    fn new(life: &Life) -> Self {
        let setting = Setting::of(life);
        let plans: Vec<Plan> = life.regions.iter().map(Plan::of).collect();
        let mut synth = synth_of(setting.voices);
        synth.renew(setting.rate);
        let bank = bank::instruments(&plans, setting.rate);
        let mut port = VirtualSynth::new(setting.groups).expect("memory");
        port.set_patches(check::patches(bank.clone()).expect("memory"));
        port.set_interpolation(setting.interpolation);
        let effects = port.effects_mut();
        effects.on = Sends {
            reverb: setting.reverb,
            chorus: setting.chorus,
        };
        effects.reverb.time = 0.2;
        assert!(synth.attach(SYNTH, port).is_none());
        Self {
            groups: setting.groups,
            setting,
            plans,
            synth,
            marks: Marks::default(),
            down: Vec::new(),
            bank,
            out: Vec::new(),
            notes: 0,
        }
    }

    fn next(&self, event: &[u8; super::EVENT]) -> (u64, Act) {
        let at = song::time(event, &self.plans, &self.marks);
        (at, song::act(event, self.groups))
    }

    fn live(mut self, life: &Life, mut blocks: Blocks) -> Played {
        if self.setting.hoards {
            let sample = SampleInfo {
                unity: 60,
                fine_tune: 0,
                gain: 0,
                sample_loop: None,
            };
            self.synth
                .hoard(&check::wave(8000, &[0], sample).expect("memory"));
        }
        for event in &life.events {
            let (at, act) = self.next(event);
            self.render_to(at, &mut blocks);
            self.do_it(&act);
            self.follow(&act);
        }
        self.end(&mut blocks);
        SYNTHS.with_borrow_mut(|synths| synths.insert(self.setting.voices, self.synth));
        Played {
            out: self.out,
            notes: self.notes,
        }
    }

    /// Keeps in mind what the song has done.
    fn follow(&mut self, act: &Act) {
        let now = self.marks.now;
        match *act {
            Act::On {
                group,
                channel,
                key,
                ..
            } => {
                self.marks.last_on = now;
                self.down.retain(|old| *old != (group, channel, key));
                self.down.push((group, channel, key));
            }
            Act::Off(which) if !self.down.is_empty() => {
                self.marks.last_off = now;
                let at = usize::from(which) % self.down.len();
                self.down.remove(at);
            }
            Act::Groups(groups) => {
                self.groups = groups;
                self.down.retain(|(group, ..)| *group <= groups);
            }
            _ => {}
        }
    }

    fn do_it(&mut self, act: &Act) {
        let synth = &mut self.synth;
        match act {
            Act::Send(group, message) => synth.message(SYNTH, *group, message),
            Act::On {
                group,
                channel,
                key,
                velocity,
            } => {
                self.notes += 1;
                synth.message(SYNTH, *group, &[0x90 | channel, *key, *velocity]);
            }
            Act::Off(which) if !self.down.is_empty() => {
                let (group, channel, key) = self.down[usize::from(*which) % self.down.len()];
                synth.message(SYNTH, group, &[0x80 | channel, key, 64]);
            }
            Act::Off(_) => {}
            Act::Groups(groups) => {
                let parts = Parts::new(*groups).expect("memory");
                drop(synth.set_parts(SYNTH, TryBox::try_new(parts).expect("memory")));
            }
            Act::Effects { reverb, chorus } => {
                let port = synth.virtual_synth_mut(SYNTH).expect("the port");
                port.effects_mut().on = Sends {
                    reverb: *reverb && self.setting.reverb,
                    chorus: *chorus && self.setting.chorus,
                };
                synth.refresh(SYNTH);
            }
            Act::Quality(kind) => synth
                .virtual_synth_mut(SYNTH)
                .expect("the port")
                .set_interpolation(*kind),
            Act::Volume(volume) => {
                synth
                    .virtual_synth_mut(SYNTH)
                    .expect("the port")
                    .set_volume(*volume);
                synth.refresh(SYNTH);
            }
            Act::Bank => {
                self.bank = bank::instruments(&self.plans, self.setting.rate);
                let patches = check::patches(self.bank.clone()).expect("memory");
                drop(
                    synth
                        .virtual_synth_mut(SYNTH)
                        .expect("the port")
                        .set_patches(patches),
                );
            }
        }
    }

    fn render_to(&mut self, at: u64, blocks: &mut Blocks) {
        while self.marks.now < at {
            let most = (at - self.marks.now).min(BLOCK as u64) as usize;
            let frames = blocks.length(most);
            let mut block = [[f32::NAN; 2]; BLOCK];
            let block = &mut block[..frames];
            self.synth.render(block);
            self.marks.now += frames as u64;
            if matches!(blocks, Blocks::Plain) {
                self.look(block);
            }
            self.out.extend_from_slice(block);
            if !self.setting.hoards {
                self.drain();
            }
        }
    }

    fn drain(&mut self) {
        while let Some(retired) = self.synth.take_retired() {
            drop(retired);
        }
    }

    fn look(&self, block: &[[f32; 2]]) {
        let at = self.marks.now;
        for sample in block.iter().flatten() {
            assert!(
                sample.is_finite() && sample.abs() <= 1.0,
                "{sample} before frame {at}"
            );
        }
        if let Err(finding) = self.synth.check() {
            panic!("before frame {at}: {finding:?}");
        }
        let peak = self
            .synth
            .virtual_synth(SYNTH)
            .map_or(0.0, |port| port.stats().peak_level);
        assert!(peak < 1000.0, "a level of {peak} before frame {at}");
    }

    /// All keys and pedals up: silence follows within the longest release, nothing is left over, and a new note is at its frame.
    fn end(&mut self, blocks: &mut Blocks) {
        // Voices that are over wait for a place in the retire list.
        self.setting.hoards = false;
        self.drain();
        let plant = usize::from(planted::is_planted());
        for &(group, channel, key) in self.down.iter().skip(plant) {
            self.synth.message(SYNTH, group, &[0x80 | channel, key, 0]);
        }
        for channel in 0..16 {
            for pedal in [64, 66] {
                self.synth.message(SYNTH, 0, &[0xB0 | channel, pedal, 0]);
            }
        }
        let rate = self.setting.rate;
        let longest = self.plans.iter().map(|plan| plan.longest(rate)).max();
        // CC 72 makes it eight times as long at most; a note that has just begun lasts for 10 ms first.
        let shortest = u64::from(rate / 100);
        let silence = self.marks.now + shortest + 8 * longest.unwrap_or(0) + 5 * TICK as u64;
        self.render_to(silence, blocks);
        let voices = self.synth.voices();
        let planted = if plant == 1 { "planted: " } else { "" };
        assert_eq!(voices, 0, "{planted}voices after all notes have ended");
        self.drain();
        // 120 dB at the usual 1.8 s (0.2 s without a reset), and the times that all lines take to run empty.
        let rested = self.marks.now + 10 * u64::from(rate);
        while !self.synth.is_at_rest() {
            assert!(self.marks.now < rested, "effects do not come to rest");
            self.render_to(self.marks.now + 64, blocks);
        }
        // The limiter lets go.
        let from = self.out.len();
        self.render_to(self.marks.now + u64::from(rate), blocks);
        assert!(
            self.out[from..].iter().all(|x| *x == [0.0; 2]),
            "a sound in silence"
        );
        self.drain();
        self.impulse(blocks);
        drop(self.synth.detach(SYNTH));
        self.drain();
        self.count();
    }

    /// Nothing but the bank itself holds what is in it.
    fn count(&self) {
        let mut seen = BTreeSet::new();
        for instrument in &self.bank {
            assert_eq!(
                Shared::count_of(instrument),
                1,
                "an instrument is still held"
            );
            for region in &instrument.regions {
                if seen.insert(std::ptr::from_ref(&*region.wave) as usize) {
                    let held = Shared::count_of(&region.wave);
                    assert_eq!(held, 1, "a wave is still held");
                    let held = Shared::count_of(&region.articulation);
                    assert_eq!(held, 1, "an articulation is still held");
                }
            }
        }
    }

    /// One frame at full scale, on a channel as it is when the power comes on.
    fn impulse(&mut self, blocks: &mut Blocks) {
        self.synth
            .message(SYNTH, 0, &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]);
        self.synth.message(SYNTH, 1, &[0xB0, 91, 0]);
        let port = self.synth.virtual_synth_mut(SYNTH).expect("the port");
        port.set_volume(0);
        port.set_interpolation(Interpolation::Sinc8);
        drop(port.set_patches(impulse(self.setting.rate)));
        let ahead = 1 + self.setting.seed % 97;
        self.render_to(self.marks.now + ahead, blocks);
        let at = self.out.len();
        self.synth.message(SYNTH, 1, &[0x90, 60, 127]);
        self.render_to(self.marks.now + 400, blocks);
        let heard = &self.out[at..];
        assert!(heard[0][0] > 0.1, "no impulse: {:?}", heard[0]);
        assert!(
            heard[1..].iter().flatten().all(|x| x.abs() < 1e-6),
            "an impulse is not alone"
        );
        assert_eq!(self.synth.voices(), 0, "an impulse that has ended");
        self.drain();
    }
}

fn impulse(rate: u32) -> Shared<arioso_core::dls::model::Patches> {
    let mut frames = [0; 64];
    frames[0] = i16::MAX;
    let mut bytes = [0; super::REGION];
    // Loud at once, the whole wave, no loop, no filter.
    bytes[4] = 1;
    bytes[9] = 2;
    let plan = Plan::of(&bytes);
    let mut region = plan.region(rate);
    let wave: Shared<Wave> = check::wave(rate, &frames, region.sample).expect("memory");
    region.wave = wave;
    region.phase_group = 0;
    let instrument = Instrument::new(0, false, vec![region]);
    check::patches(vec![Shared::try_new(instrument).expect("memory")]).expect("memory")
}
