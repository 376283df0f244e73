// SPDX-License-Identifier: MIT OR Apache-2.0
use super::super::file::load;
use super::super::file::write::*;
use super::super::store::{Quotas, Store};
use super::*;
use crate::dls::condition;
use crate::synth::{Settings, Synth, SynthId, VirtualSynth};
use std::cell::{Cell, RefCell};
use std::vec;
use std::vec::Vec;

/// A file in memory that counts, stops and fails.
struct Disk {
    bytes: Vec<u8>,
    /// Where and how much was read.
    reads: RefCell<Vec<Range<usize>>>,
    /// What cannot be read.
    bad: RefCell<Range<usize>>,
    /// Reads until the source stops.
    left: Cell<usize>,
}

impl Disk {
    fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            reads: RefCell::default(),
            bad: RefCell::new(0..0),
            left: Cell::new(usize::MAX),
        }
    }

    fn read_bytes(&self) -> usize {
        self.reads.borrow().iter().map(Range::len).sum()
    }
}

impl Source for Disk {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        let range = at as usize..at as usize + into.len();
        self.left.set(self.left.get().saturating_sub(1));
        self.reads.borrow_mut().push(range.clone());
        let bad = self.bad.borrow();
        if range.start < bad.end && bad.start < range.end {
            return Err(Unreadable);
        }
        into.copy_from_slice(self.bytes.get(range).ok_or(Unreadable)?);
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.left.get() == 0
    }
}

const PORT: SynthId = SynthId(0);
const RATE: u32 = 22_050;

fn synth(instruments: Vec<Shared<Instrument>>) -> Synth {
    let mut store = Store::new(Quotas::default());
    store.add_defaults(instruments).unwrap();
    let mut synth = Synth::new(&Settings {
        voices: 32,
        rate: RATE,
        synths: 1,
    })
    .unwrap();
    let mut port = VirtualSynth::new(1).unwrap();
    port.set_patches(store.patches(0).unwrap());
    synth.attach(PORT, port);
    synth
}

fn render(synth: &mut Synth, frames: usize) -> Vec<[u32; 2]> {
    let mut out = vec![[0.0; 2]; frames];
    synth.render(&mut out);
    out.iter().map(|frame| frame.map(f32::to_bits)).collect()
}

fn sounds(out: &[[u32; 2]]) -> bool {
    out.iter().any(|frame| frame[0] & 0x7FFF_FFFF != 0)
}

/// A machine with a lazy bank.
struct Machine {
    disk: Disk,
    bank: LazyBank,
    counts: Counts,
    synth: Synth,
}

impl Machine {
    fn new(file: Vec<u8>, limit: usize) -> Self {
        let disk = Disk::new(file);
        let limits = Limits {
            bytes: limit,
            ..Limits::default()
        };
        let bank = LazyBank::open(&disk, limits).unwrap();
        Self {
            synth: synth(bank.instruments().unwrap()),
            disk,
            bank,
            counts: Counts::default(),
        }
    }

    /// The work item, if it was asked for.
    fn work(&mut self) -> bool {
        let wanted = self.synth.take_wanted();
        if wanted {
            self.bank.work(&self.disk, &self.counts);
        }
        wanted
    }

    fn send(&mut self, message: &[u8]) {
        self.synth.message(PORT, 1, message);
    }

    fn waves(&self) -> u32 {
        self.counts.waves.load(Ordering::Relaxed)
    }

    fn late(&self) -> (u64, u64, u64) {
        let stats = self.synth.virtual_synth(PORT).unwrap().stats();
        (stats.late_notes, stats.longest_wait, stats.lost_notes)
    }
}

/// `count` programs, each with a wave of its own of so many frames.
fn programs(count: u32, frames: usize) -> Vec<u8> {
    let instruments: Vec<_> = (0..count)
        .map(|i| {
            let parts = [rgnh((0, 127), (0, 127), 0, 0), wlnk(i)];
            instrument(0, i, &[region(&parts)], &[])
        })
        .collect();
    let waves: Vec<_> = (0..count as i16)
        .map(|i| wave(&vec![1000 + 100 * i; frames]))
        .collect();
    dls(&instruments, &waves)
}

#[test]
fn only_the_structure_is_read_at_first() {
    let machine = Machine::new(programs(100, 50_000), 1 << 30);
    assert!(machine.disk.bytes.len() > 10_000_000);
    let (read, reads) = (machine.disk.read_bytes(), machine.disk.reads.borrow().len());
    // The lists of 100 instruments take 10 KB.
    assert!(read < 32_000, "{read}");
    assert!(reads < 10, "{reads}");
    assert_eq!(machine.waves(), 0);
}

#[test]
fn the_same_sound_once_the_waves_are_there() {
    for file in [rich(), programs(5, 3000)] {
        let mut whole = synth(load(&file, Limits::default()).unwrap());
        let mut lazy = Machine::new(file, 1 << 20);
        // The default programs.
        assert!(lazy.work());
        assert!(lazy.waves() > 0);
        for program in 0..5 {
            lazy.send(&[0xC0, program]);
            whole.message(PORT, 1, &[0xC0, program]);
            lazy.work();
            for (channel, key, velocity) in [
                (0, 40, 90),
                (0, 70, 110),
                (0, 100, 20),
                (9, 36, 100),
                (9, 38, 64),
            ] {
                lazy.send(&[0x90 | channel, key, velocity]);
                whole.message(PORT, 1, &[0x90 | channel, key, velocity]);
                let sound = render(&mut whole, 777);
                assert!(render(&mut lazy.synth, 777) == sound, "{program} {key}");
                assert!(program > 1 || key != 40 || sounds(&sound));
            }
        }
        assert_eq!(lazy.late(), (0, 0, 0));
    }
}

#[test]
fn a_note_whose_wave_is_not_there_begins_when_it_is() {
    let mut whole = synth(load(&programs(2, 30_000), Limits::default()).unwrap());
    let mut lazy = Machine::new(programs(2, 30_000), 1 << 20);
    lazy.send(&[0xC0, 1]);
    lazy.send(&[0x90, 60, 100]);
    assert!(
        !sounds(&render(&mut lazy.synth, 1000)),
        "it waits for nothing"
    );
    lazy.work();
    // It begins at a tick.
    assert!(!sounds(&render(&mut lazy.synth, 24)));
    assert_eq!(lazy.late(), (0, 0, 0));
    whole.message(PORT, 1, &[0xC0, 1]);
    render(&mut whole, 1024);
    whole.message(PORT, 1, &[0x90, 60, 100]);
    let sound = render(&mut whole, 2000);
    assert!(sounds(&sound) && render(&mut lazy.synth, 2000) == sound);
    assert_eq!(lazy.late(), (1, 1024, 0));
    // The next one does not wait.
    lazy.send(&[0x90, 64, 100]);
    render(&mut lazy.synth, 100);
    assert_eq!(lazy.late(), (1, 1024, 0));
}

/// What ends a note that waits: a key that goes up makes it short; what cuts notes makes it none.
#[test]
fn notes_that_wait_can_end() {
    let ends: [(&[&[u8]], u64); 7] = [
        (&[&[0x80, 60, 0]], 1),
        (&[&[0xB0, 64, 127], &[0x80, 60, 0]], 1),
        (&[&[0xB0, 120, 0]], 0),
        (&[&[0xB0, 123, 0]], 0),
        // The same key again: the first is excluded before it is heard, and the second sounds. Under a pedal too.
        (&[&[0x90, 60, 80]], 1),
        (&[&[0xB0, 64, 127], &[0x90, 60, 80], &[0x80, 60, 0]], 1),
        (&[&[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]], 0),
    ];
    for (messages, late) in ends {
        let mut lazy = Machine::new(programs(2, 200_000), 1 << 20);
        lazy.send(&[0xC0, 1]);
        lazy.send(&[0x90, 60, 100]);
        render(&mut lazy.synth, 640);
        for message in messages {
            lazy.send(message);
        }
        lazy.work();
        assert_eq!(
            sounds(&render(&mut lazy.synth, 320)),
            late > 0,
            "{messages:?}"
        );
        assert_eq!(lazy.late().0, late, "{messages:?}");
        // A pedal holds it on; else it was short: 10 ms and a release of nothing.
        render(&mut lazy.synth, RATE as usize / 10);
        let on = lazy.synth.voices();
        let held = messages
            .iter()
            .any(|m| m[0] == 0x90 || m[0] == 0xB0 && m[1] == 64);
        assert_eq!(on, u32::from(held), "{messages:?}");
        lazy.send(&[0xB0, 64, 0]);
        lazy.send(&[0x80, 60, 0]);
        render(&mut lazy.synth, RATE as usize / 10);
        assert_eq!(lazy.synth.voices(), 0);
        assert!(lazy.synth.take_retired().is_none_or(|_| true));
    }
}

#[test]
fn the_least_recently_used_goes_and_what_sounds_stays() {
    const FRAMES: usize = 10_000;
    let cost = (Wave::FRONT + FRAMES + Wave::GUARD) * 2 + size_of::<Wave>();
    let mut lazy = Machine::new(programs(6, FRAMES), 3 * cost);
    let here = |lazy: &Machine| -> Vec<bool> {
        let built = lazy.bank.entries.iter();
        built
            .map(|e| {
                let built = e.instrument.demand().unwrap().instrument();
                built.is_some_and(|b| b.regions[0].wave.state() == State::Here)
            })
            .collect()
    };
    let select = |lazy: &mut Machine, program: u8| {
        lazy.send(&[0xC0, program]);
        lazy.work();
        let bytes = lazy.counts.bytes.load(Ordering::Relaxed) as usize;
        assert!(bytes <= 3 * cost && bytes == lazy.waves() as usize * cost);
    };
    for program in [0, 1, 2] {
        select(&mut lazy, program);
    }
    assert_eq!(here(&lazy), [true, true, true, false, false, false]);
    // The first sounds, the second is used again.
    for program in [1, 0] {
        lazy.send(&[0xC0, program]);
        lazy.send(&[0x90, 60 + program, 100]);
    }
    render(&mut lazy.synth, 64);
    lazy.send(&[0x80, 61, 0]);
    render(&mut lazy.synth, 4000);
    assert_eq!(lazy.synth.voices(), 1);
    select(&mut lazy, 3);
    assert_eq!(here(&lazy), [true, true, false, true, false, false]);
    select(&mut lazy, 4);
    assert_eq!(here(&lazy), [true, false, false, true, true, false]);
    select(&mut lazy, 5);
    select(&mut lazy, 1);
    assert_eq!(here(&lazy), [true, true, false, false, false, true]);
    assert!(sounds(&render(&mut lazy.synth, 64)), "the first sounds on");
    assert_eq!(lazy.counts.evicted.load(Ordering::Relaxed), 4);
    // What was loaded is here or has gone.
    let loaded = lazy.counts.loaded.load(Ordering::Relaxed);
    assert_eq!(loaded, 4 + u64::from(lazy.waves()));
}

#[test]
fn a_wave_that_cannot_be_read_costs_its_instrument() {
    let mut lazy = Machine::new(programs(3, 40_000), 1 << 30);
    // The pool's waves follow each other: somewhere in the data of the second.
    *lazy.disk.bad.borrow_mut() = lazy.disk.bytes.len() - 150_000..lazy.disk.bytes.len() - 149_999;
    for (program, plays) in [(0, true), (1, false), (2, true)] {
        lazy.send(&[0xC0, program]);
        lazy.send(&[0x90, 60, 100]);
        lazy.work();
        render(&mut lazy.synth, 640);
        assert_eq!(lazy.synth.voices() > 0, plays, "{program}");
        lazy.send(&[0xB0, 120, 0]);
        render(&mut lazy.synth, 640);
    }
    assert_eq!(lazy.counts.broken.load(Ordering::Relaxed), 1);
    // Selected again when the disk has recovered.
    *lazy.disk.bad.borrow_mut() = 0..0;
    lazy.send(&[0xC0, 1]);
    lazy.work();
    lazy.send(&[0x90, 60, 100]);
    render(&mut lazy.synth, 640);
    assert_eq!((lazy.synth.voices(), lazy.late().2), (1, 1));
}

/// Every place of a file unreadable once: it costs one instrument at most, and nobody asks for ever.
#[test]
fn unreadable_anywhere() {
    const PROGRAMS: u8 = 3;
    for (file, step) in [(rich(), 5), (programs(PROGRAMS.into(), 3000), 37)] {
        for at in (0..file.len()).step_by(step) {
            let disk = Disk::new(file.clone());
            *disk.bad.borrow_mut() = at..at + 1;
            let Ok(bank) = LazyBank::open(&disk, Limits::default()) else {
                continue;
            };
            let mut machine = Machine {
                synth: synth(bank.instruments().unwrap()),
                disk,
                bank,
                counts: Counts::default(),
            };
            let mut playing = 0;
            for program in 0..PROGRAMS {
                machine.send(&[0xC0, program]);
                machine.send(&[0x90, 60, 100]);
                let runs = (0..100).take_while(|_| {
                    let worked = machine.work();
                    render(&mut machine.synth, 64);
                    worked
                });
                assert!(runs.count() < 10, "{at}");
                playing += u8::from(machine.synth.voices() > 0);
                machine.send(&[0xB0, 120, 0]);
                render(&mut machine.synth, 640);
            }
            assert!(step == 5 || playing >= PROGRAMS - 1, "{at}: {playing}");
        }
    }
}

/// What is loaded lazily is what is loaded as a whole, and nothing else.
fn assert_same(file: &[u8]) {
    let disk = Disk::new(file.to_vec());
    let bank = LazyBank::open(&disk, Limits::default());
    let whole = load(file, Limits::default());
    assert_eq!(bank.as_ref().err(), whole.as_ref().err());
    let (Ok(mut bank), Ok(whole)) = (bank, whole) else {
        return;
    };
    let lazy = bank.instruments().unwrap();
    for instrument in &lazy {
        instrument.demand().unwrap().select();
    }
    bank.work(&disk, &Counts::default());
    let built = lazy.iter().filter_map(|i| i.demand()?.instrument());
    let built: Vec<_> = built.collect();
    let broken = lazy
        .iter()
        .filter(|i| i.demand().unwrap().state() == State::Broken);
    assert_eq!(broken.count(), lazy.len() - whole.len());
    assert_eq!(built.len(), whole.len());
    for (a, b) in built.iter().zip(&whole) {
        assert_eq!(
            (a.patch, a.gm, a.regions.len()),
            (b.patch, b.gm, b.regions.len())
        );
        for (a, b) in a.regions.iter().zip(&b.regions) {
            let wave = Wave::sound(&a.wave).unwrap();
            assert_eq!(a.wave.frame_count(), b.wave.frame_count());
            assert_eq!((wave.rate, wave.sample), (b.wave.rate, b.wave.sample));
            assert!(wave.guarded_frames() == b.wave.guarded_frames());
            let of = |r: &crate::dls::model::Region| {
                let voice = (r.keys, r.velocities, r.self_non_exclusive, r.key_group);
                let link = (r.phase_group, r.phase_master, r.channels, r.sample);
                (
                    voice,
                    link,
                    std::format!("{:?}", r.articulation.connections()),
                )
            };
            assert_eq!(of(a), of(b));
        }
    }
}

/// Cut off anywhere, a file is what it is when it is read as a whole.
#[test]
fn cut_off_anywhere() {
    let file = rich();
    for len in 0..=file.len() {
        assert_same(&file[..len]);
    }
}

/// Bytes changed here and there: both ways see the same, but for cues into the inside of waves.
#[test]
fn damaged_anywhere() {
    let file = rich();
    let pool = file.windows(4).position(|w| w == b"wvpl").unwrap();
    let lists = file
        .windows(4)
        .enumerate()
        .filter(|(at, w)| *at > pool && w == b"wave");
    let lists: Vec<_> = lists.map(|(at, _)| at - 8..at + 4).collect();
    let mut seed = 1u64;
    let mut random = |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for _ in 0..3000 {
        let mut damaged = file.clone();
        for _ in 0..=random(3) {
            let at = random(damaged.len());
            // Not the header of a list in the pool: where the whole file's waves begin is known by all that lie before.
            if at < pool - 8 || at > pool + 4 && !lists.iter().any(|list| list.contains(&at)) {
                damaged[at] = [0, 1, 0x7F, 0xFF, b'L', damaged[at] ^ 1 << random(8)][random(6)];
            }
        }
        assert_same(&damaged);
    }
}

#[test]
fn a_stop_in_the_middle_leaves_what_is_to_be_read() {
    let mut lazy = Machine::new(programs(2, 400_000), 1 << 30);
    lazy.disk.left.set(3);
    lazy.work();
    assert_eq!(
        (lazy.waves(), lazy.counts.broken.load(Ordering::Relaxed)),
        (0, 0)
    );
    lazy.disk.left.set(usize::MAX);
    lazy.send(&[0x90, 60, 100]);
    lazy.work();
    assert!(sounds(&render(&mut lazy.synth, 640)));
}

#[test]
fn conditions_and_forms_are_those_of_the_whole_file() {
    let no = chunk(
        b"cdl ",
        &[&[0x11, 0][..], &condition::id::SUPPORTS_DLS2, &[0x0F, 0]].concat(),
    );
    let regions = [region(&[rgnh((0, 127), (0, 127), 0, 0), wlnk(0)])];
    let lists = |pool: &[Vec<u8>]| {
        vec![
            list(b"lins", &[instrument(0, 0, &regions, &[])]),
            ptbl(&[0]),
            list(b"wvpl", pool),
        ]
    };
    let plain = lists(&[wave(&[5000; 4000])]);
    // A pool whose condition does not hold.
    let forbidden = lists(&[no.clone(), wave(&[5000; 4000])]);
    let inner = riff(&plain);
    let mut rmid = chunk(
        b"RIFF",
        &[b"RMID", &chunk(b"data", &[0; 30])[..], &inner].concat(),
    );
    let size = rmid.len() as u32 - 8;
    rmid[4..8].copy_from_slice(&size.to_le_bytes());
    let guarded = riff(&[plain.clone(), vec![no]].concat());
    for (file, opens, plays) in [
        (inner.clone(), true, true),
        (rmid, true, true),
        (riff(&forbidden), true, false),
        (guarded, false, false),
        ([&inner[..4], &[0; 4], &inner[8..]].concat(), true, true),
        (b"RIFF\0\0\0\0WAVE".to_vec(), false, false),
        (vec![], false, false),
    ] {
        assert_eq!(
            LazyBank::open(&Disk::new(file.clone()), Limits::default()).is_ok(),
            opens
        );
        if opens {
            let mut lazy = Machine::new(file, 1 << 20);
            lazy.send(&[0x90, 60, 100]);
            lazy.work();
            assert_eq!(sounds(&render(&mut lazy.synth, 640)), plays);
        }
    }
}

/// One program whose regions share out the keys: up to 39, up to 79, the rest; each with a wave of its own.
fn three_parts() -> Vec<u8> {
    let regions: Vec<_> = [(0, 39), (40, 79), (80, 127)]
        .into_iter()
        .zip(0..)
        .map(|(keys, wave)| region(&[rgnh(keys, (0, 127), 0, 0), wlnk(wave)]))
        .collect();
    let waves: Vec<_> = (1..4).map(|value| wave(&[value * 1000; 500])).collect();
    dls(&[instrument(0, 0, &regions, &[])], &waves)
}

#[test]
fn a_note_waits_for_the_waves_of_its_key_alone() {
    for (key, part) in [(0, 0), (39, 0), (40, 1), (79, 1), (80, 2), (127, 2)] {
        let Machine {
            disk,
            mut bank,
            counts,
            ..
        } = Machine::new(three_parts(), 1 << 20);
        let instrument = bank.instruments().unwrap().remove(0);
        let demand = instrument.demand().unwrap();
        demand.want(key);
        let mut job = Job {
            source: &disk,
            counts: &counts,
            buffer: Vec::new(),
        };
        assert!(bank.serve_notes(&mut job));
        let built = demand.instrument().unwrap();
        let here = built.regions.iter().map(|r| r.wave.state() == State::Here);
        let expected = (0..3).map(|other| other == part);
        assert!(here.eq(expected), "key {key}");
        assert_eq!(counts.loaded.load(Ordering::Relaxed), 1, "key {key}");
    }
}

/// An instrument whose wave's header cannot be read is broken until it is selected again.
#[test]
fn an_instrument_that_was_broken_is_read_again_when_it_is_selected() {
    let mut lazy = Machine::new(programs(2, 3000), 1 << 20);
    let mut headers = lazy.disk.bytes.windows(4).enumerate();
    let (header, _) = headers.rfind(|(_, bytes)| bytes == b"fmt ").unwrap();
    *lazy.disk.bad.borrow_mut() = header..header + 1;
    let demand = |lazy: &Machine| {
        let instruments = lazy.bank.instruments().unwrap();
        instruments[1].demand().unwrap().state()
    };
    lazy.send(&[0xC0, 1]);
    lazy.work();
    assert_eq!(demand(&lazy), State::Broken);
    assert_eq!(lazy.counts.broken.load(Ordering::Relaxed), 1);
    *lazy.disk.bad.borrow_mut() = 0..0;
    // A note alone does not make it try again.
    lazy.send(&[0x90, 60, 100]);
    lazy.work();
    assert_eq!(demand(&lazy), State::Broken);
    lazy.send(&[0xC0, 1]);
    lazy.work();
    assert_eq!(demand(&lazy), State::Here);
    assert_eq!(lazy.counts.broken.load(Ordering::Relaxed), 1);
}

/// An instrument for which there is no room is refused, counts once each time, and comes when there is room.
#[test]
fn an_instrument_without_room_is_refused() {
    let Machine {
        disk,
        mut bank,
        counts,
        ..
    } = Machine::new(three_parts(), 1 << 20);
    let instrument = bank.instruments().unwrap().remove(0);
    let demand = instrument.demand().unwrap();
    let mut job = Job {
        source: &disk,
        counts: &counts,
        buffer: Vec::new(),
    };
    bank.contents.budget = Budget::new(0);
    for refused in 1..4 {
        demand.want(60);
        assert!(bank.serve_notes(&mut job));
        assert_eq!(counts.refused.load(Ordering::Relaxed), refused);
        assert_eq!(demand.state(), State::Refused);
    }
    bank.contents.budget = Budget::new(STRUCTURE);
    demand.want(60);
    assert!(bank.serve_notes(&mut job));
    assert_eq!(demand.state(), State::Here);
    assert_eq!(counts.refused.load(Ordering::Relaxed), 3);
}

/// Of the structure's budget a wave takes what stands for it in memory before its frames do.
#[test]
fn a_wave_costs_its_header() {
    let left = |waves: u32| {
        let regions: Vec<_> = (0..6)
            .map(|at| region(&[rgnh((at, at), (0, 127), 0, 0), wlnk(u32::from(at) % waves)]))
            .collect();
        let all: Vec<_> = (0..6).map(|_| wave(&[100; 50])).collect();
        let file = dls(&[instrument(0, 0, &regions, &[])], &all);
        let mut lazy = Machine::new(file, 1 << 20);
        lazy.work();
        assert_eq!(lazy.waves(), waves);
        lazy.bank.contents.budget.left()
    };
    let each = size_of::<Wave>() + size_of::<LazyWave>();
    for waves in 2..=6 {
        assert_eq!(left(1) - left(waves), (waves - 1) as usize * each);
    }
}

/// Keys that sound as others do are the drum kit's business.
#[test]
fn aliases_of_keys_are_for_drums() {
    let mut keys: Vec<u8> = (0..128).collect();
    (keys[38], keys[90]) = (36, 36);
    let one = |bank| {
        let regions = [region(&[rgnh((36, 36), (0, 127), 0, 0), wlnk(0)])];
        instrument(bank, 0, &regions, &[])
    };
    let file = riff(&[
        list(b"lins", &[one(0), one(0x8000_0000)]),
        ptbl(&[0]),
        list(b"wvpl", &[wave(&[5000; 400])]),
        chunk(b"pgal", &keys),
    ]);
    assert_same(&file);
    let counts = load(&file, Limits::default()).unwrap();
    let counts: Vec<usize> = counts.iter().map(|i| i.regions.len()).collect();
    assert_eq!(counts, [1, 3]);
}

/// A chunk of odd length is followed by a byte that does not count, also where the structure is put together.
#[test]
fn chunks_of_odd_length_are_padded() {
    let keys: Vec<u8> = (0..128).collect();
    // Program 5 sounds as program 0.
    let aliases = [&keys[..], &[0; 4], &[0, 0, 5, 0, 0, 0, 0, 0]].concat();
    let regions = [region(&[rgnh((0, 127), (0, 127), 0, 0), wlnk(0)])];
    for more in 0..4 {
        let table = [&ptbl(&[0])[8..], &vec![9; more]].concat();
        let file = riff(&[
            list(b"lins", &[instrument(0, 0, &regions, &[])]),
            chunk(b"ptbl", &table),
            chunk(b"pgal", &aliases),
            list(b"wvpl", &[wave(&[5000; 400])]),
        ]);
        assert_same(&file);
        assert_eq!(load(&file, Limits::default()).unwrap().len(), 2, "{more}");
    }
}

/// Uses are numbered from 1 on, upwards: 0 is what was never used.
#[test]
fn uses_are_numbered_upwards() {
    let uses = Uses::default();
    assert!((1..100).all(|number| uses.next() == number));
}

/// The gain of a port that sounds, or whose reverb does, moves as it would if no note waited.
#[test]
fn a_note_that_waits_moves_no_gain() {
    for rings in [false, true] {
        let played = |waits: bool| {
            let mut lazy = Machine::new(programs(2, 30_000), 1 << 20);
            lazy.work();
            lazy.send(&[0xB0, 91, 127]);
            lazy.send(&[0x90, 60, 100]);
            render(&mut lazy.synth, 2000);
            if rings {
                lazy.send(&[0xB0, 120, 0]);
                render(&mut lazy.synth, 640);
            }
            if waits {
                lazy.send(&[0xC1, 1]);
                lazy.send(&[0x91, 60, 100]);
            }
            lazy.send(&[0xF0, 0x7F, 0x7F, 4, 1, 0, 20, 0xF7]);
            let before = lazy.synth.voices();
            assert_eq!(before > 0, !rings);
            render(&mut lazy.synth, 640)
        };
        let alone = played(false);
        assert!(sounds(&alone) && played(true) == alone, "{rings}");
    }
}

/// A program of four keys: two of one key group, one that does not exclude itself, one as usual; and one more key with a wave of its own.
fn four_keys() -> Vec<u8> {
    let keys = [(60, 0, 0), (61, 0, 1), (62, 0, 1), (63, 1, 0), (0, 0, 0)];
    let regions: Vec<_> = keys
        .into_iter()
        .zip(0..)
        .map(|((key, options, group), wave)| {
            region(&[
                rgnh((key, key), (0, 127), options, group),
                wsmp(60, 0, 0, &[]),
                wlnk(wave),
            ])
        })
        .collect();
    let waves: Vec<_> = (0..5).map(|n| wave(&vec![500 << n; 60_000])).collect();
    let other = instrument(
        0,
        1,
        &[region(&[rgnh((61, 62), (0, 127), 0, 1), wlnk(4)])],
        &[],
    );
    dls(&[instrument(0, 0, &regions, &[]), other], &waves)
}

impl Machine {
    /// Reads what one key needs of a program, and nothing more.
    fn read_for(&mut self, program: usize, key: u8) {
        let instrument = self.bank.instruments().unwrap().remove(program);
        instrument.demand().unwrap().want(key);
        let mut job = Job {
            source: &self.disk,
            counts: &self.counts,
            buffer: Vec::new(),
        };
        self.bank.serve_notes(&mut job);
    }
}

/// Whatever happens while notes wait: once they are there, those sound that would have sounded on without waiting.
#[test]
fn notes_that_wait_end_up_as_others_do() {
    let mut seed = 11u64;
    let mut random = move |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let file = four_keys();
    let instruments = load(&file, Limits::default()).unwrap();
    let (mut began, mut kept) = (0, 0);
    for round in 0..80 {
        let mut whole = synth(instruments.clone());
        let mut lazy = Machine::new(file.clone(), 1 << 20);
        // The instrument is known, its waves are not there; or nothing is known, and what excludes what neither.
        let known = round % 2 == 0;
        if known {
            lazy.read_for(0, 0);
        }
        let mut said = vec![];
        let mut both = |message: &[u8], whole: &mut Synth, lazy: &mut Machine| {
            whole.message(PORT, 1, message);
            lazy.send(message);
            said.push(message.to_vec());
        };
        for channel in 0..2 {
            both(&[0xB0 | channel, 91, 0], &mut whole, &mut lazy);
        }
        for _ in 0..=random(20) {
            let channel = random(2) as u8;
            let key = 60 + random(4) as u8;
            let message = match random(16) {
                0..7 => [0x90 | channel, key, 127],
                7..10 => [0x80 | channel, key, 0],
                10 => [0xB0 | channel, 64, 127],
                11 => [0xB0 | channel, 64, 0],
                12 => [0xB0 | channel, 66, 127],
                13 => [0xB0 | channel, 66, 0],
                14 => [0xB0 | channel, [120, 121][random(2) as usize], 0],
                _ => [0xB0 | channel, 123, 0],
            };
            both(&message, &mut whole, &mut lazy);
            if random(2) == 0 {
                let frames = random(500) as usize;
                render(&mut whole, frames);
                assert!(!sounds(&render(&mut lazy.synth, frames)), "{said:?}");
            }
        }
        lazy.work();
        // Short notes end.
        render(&mut whole, 4000);
        render(&mut lazy.synth, 4000);
        assert_eq!(lazy.synth.voices(), whole.voices(), "{said:?}");
        let last = |synth: &mut Synth| {
            let frame = render(synth, 1)[0];
            frame.map(f32::from_bits)
        };
        let (a, b) = (last(&mut lazy.synth), last(&mut whole));
        assert!((a[0] - b[0]).abs() < 1e-5, "{said:?}: {a:?}, not {b:?}");
        began += lazy.late().0;
        kept += whole.voices();
    }
    assert!(began > 80 && kept > 80, "{began} began, {kept} sounded on");
}

/// A note that excludes another ends it at its own frame, although it has to wait itself.
#[test]
fn a_note_that_waits_excludes_at_once() {
    let mut lazy = Machine::new(four_keys(), 1 << 20);
    lazy.read_for(0, 61);
    lazy.send(&[0xB0, 91, 0]);
    lazy.send(&[0x90, 61, 127]);
    render(&mut lazy.synth, 1000);
    assert_eq!(lazy.synth.voices(), 1);
    // The wave of 62 is not there; both keys are of one group.
    lazy.send(&[0x90, 62, 127]);
    let out: Vec<f32> = render(&mut lazy.synth, 24)
        .iter()
        .map(|frame| f32::from_bits(frame[0]))
        .collect();
    assert!(
        out.windows(2).skip(1).all(|pair| pair[1] < pair[0]),
        "{out:?}"
    );
    render(&mut lazy.synth, 2000);
    assert_eq!((lazy.synth.voices(), lazy.late().0), (0, 0));
    lazy.work();
    render(&mut lazy.synth, 64);
    assert_eq!((lazy.synth.voices(), lazy.late().0), (1, 1));
}

/// Of which group a note is that waits for its instrument nobody knows: what comes later does not exclude it.
#[test]
fn an_unknown_note_is_of_no_group() {
    let mut lazy = Machine::new(four_keys(), 1 << 20);
    lazy.read_for(1, 61);
    lazy.send(&[0x90, 61, 127]);
    render(&mut lazy.synth, 640);
    assert_eq!(lazy.synth.voices(), 0);
    lazy.send(&[0xC0, 1]);
    lazy.send(&[0x90, 62, 127]);
    render(&mut lazy.synth, 640);
    assert_eq!(lazy.synth.voices(), 1);
    lazy.work();
    render(&mut lazy.synth, 640);
    assert_eq!((lazy.synth.voices(), lazy.late().0), (2, 1));
}

/// The loader is asked while something is missing, at every tick, and no longer.
#[test]
fn the_loader_is_asked_as_long_as_a_note_waits() {
    let mut lazy = Machine::new(programs(2, 3000), 1 << 20);
    assert!(lazy.work(), "the programs that are selected at first");
    assert!(!lazy.synth.take_wanted());
    // What is there is played, and nobody asks.
    lazy.send(&[0x90, 60, 100]);
    render(&mut lazy.synth, 640);
    assert_eq!((lazy.synth.voices(), lazy.synth.take_wanted()), (1, false));
    lazy.send(&[0xC0, 1]);
    assert!(lazy.synth.take_wanted());
    lazy.send(&[0x90, 64, 100]);
    for _ in 0..3 {
        assert!(lazy.synth.take_wanted());
        render(&mut lazy.synth, 64);
    }
    lazy.bank.work(&lazy.disk, &lazy.counts);
    render(&mut lazy.synth, 64);
    lazy.synth.take_wanted();
    render(&mut lazy.synth, 640);
    assert_eq!((lazy.synth.voices(), lazy.synth.take_wanted()), (2, false));
    // Without such a bank nobody is asked at all.
    let mut whole = synth(load(&programs(1, 100), Limits::default()).unwrap());
    assert!(!whole.take_wanted());
}

/// A pedal holds a note that waits as it holds one that sounds, and no longer.
#[test]
fn pedals_hold_notes_that_wait() {
    const ON: [u8; 3] = [0x90, 60, 127];
    const OFF: [u8; 3] = [0x80, 60, 0];
    let pedal = |number, value| [0xB0, number, value];
    let (up, down) = (|number| pedal(number, 0), |number| pedal(number, 127));
    let cases = [
        (vec![ON, OFF], 0),
        (vec![ON, down(66), OFF], 1),
        (vec![ON, down(66), up(66), OFF], 0),
        (vec![ON, down(66), OFF, up(66)], 0),
        (vec![down(66), ON, OFF], 0),
        (vec![ON, down(64), OFF], 1),
        (vec![ON, OFF, down(64)], 0),
        (vec![ON, down(64), OFF, up(64)], 0),
        (vec![ON, down(64), up(64), OFF], 0),
        (vec![ON, down(64), down(66), OFF, up(64)], 1),
        (vec![ON, down(64), down(66), OFF, up(66)], 1),
        (vec![ON, down(64), down(66), OFF, up(66), up(64)], 0),
        (vec![ON, down(66), pedal(123, 0)], 1),
        (vec![ON, down(64), pedal(123, 0)], 1),
        (vec![ON, pedal(123, 0)], 0),
    ];
    for (said, sounds_on) in cases {
        let mut lazy = Machine::new(four_keys(), 1 << 20);
        for message in &said {
            lazy.send(message);
            render(&mut lazy.synth, 100);
        }
        lazy.work();
        render(&mut lazy.synth, 4000);
        assert_eq!(lazy.synth.voices(), sounds_on, "{said:x?}");
    }
}
