// SPDX-License-Identifier: MIT OR Apache-2.0
//! Default banks that do not fit into memory: what is read when, what notes hear of it, what a bad disk costs.

use crate::Scenario;
use crate::endpoint::Recorder;
use crate::failures::{Lack, each_failing};
use crate::rig::{PARAMETERS, RATE, Rig, SECOND, SERVICE, Setup};
use arioso_bank::dls::{Bank, Instrument, Link, Region, Sample, Wave};
use arioso_core::ks::arioso::{ARIOSO_BANK, ARIOSO_CONTROL_BANK};
use arioso_core::ks::ks::KSSTATE_RUN;
use arioso_core::ks::status::STATUS_SUCCESS;
use conformance::connect::SampleFormat;
use conformance::filter::{Filter, Pin};
use conformance::synth::{bank, statistics};
use conformance::wave::WavePath;
use conformance::{Client, Error, settings};
use simkernel::client::SimClient;
use simkernel::registry::{self, Value};
use simkernel::system::{FileData, Made, Make};
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub const SCENARIOS: &[Scenario] = &[
    ("a bank of a gigabyte", gigabyte),
    ("a note at once after its program change begins late", late),
    (
        "the endpoint: a note at once after its program change begins late",
        endpoint,
    ),
    ("two pins have one copy of a large bank's waves", shared),
    ("waves make room when memory is wanted", room),
    ("a large bank with bad sectors, and cut off", bad),
    ("a large bank, and no memory at every allocation", || {
        failing(Lack::Memory)
    }),
    (
        "a large bank, and each call that can fail does once",
        || failing(Lack::Calls),
    ),
    ("a large bank that is named no more is let go", let_go),
    ("the device goes while a wave is read", gone),
    ("the machine sleeps while a wave is read", asleep),
];

/// What a disk says of a sector that it cannot read.
const STATUS_DEVICE_DATA_ERROR: i32 = 0xC000_009Cu32 as i32;
const MS: i64 = SECOND / 1000;
const PATH: &str = "\\??\\C:\\large.dls";
/// Waves of a program, each for its share of the keys.
const LAYERS: usize = 4;

/// A bank of constants that is made where it is read.
pub struct Constants {
    /// Where a piece begins, and what it is.
    pieces: Vec<(u64, Piece)>,
    len: u64,
    /// What can be read.
    good: AtomicU64,
    /// Reads of what lies in this range fail.
    bad: [AtomicU64; 2],
    reads: AtomicU64,
    bytes: AtomicU64,
}

enum Piece {
    Bytes(Vec<u8>),
    /// So many bytes of frames of one level.
    Level(u64, i16),
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::Level(len, _) => *len,
        }
    }
}

/// Writes a bank as pieces.
#[derive(Default)]
struct Pieces(Vec<(u64, Piece)>, u64);

impl Pieces {
    fn push(&mut self, piece: Piece) {
        let at = self.1;
        self.1 += piece.len();
        self.0.push((at, piece));
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(Piece::Bytes(bytes.to_vec()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Make for Constants {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<usize, i32> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let stop = self.good.load(Ordering::Relaxed);
        let count = (stop.saturating_sub(at) as usize).min(into.len());
        let [from, to] = [0, 1].map(|i| self.bad[i].load(Ordering::Relaxed));
        if at < to && from < at + count as u64 {
            return Err(STATUS_DEVICE_DATA_ERROR);
        }
        let end = at + count as u64;
        let first = self
            .pieces
            .partition_point(|(start, piece)| start + piece.len() <= at);
        for (start, piece) in self.pieces[first..]
            .iter()
            .take_while(|(start, _)| *start < end)
        {
            let from = at.max(*start);
            let to = end.min(start + piece.len());
            let place = &mut into[(from - at) as usize..(to - at) as usize];
            match piece {
                Piece::Bytes(bytes) => {
                    place.copy_from_slice(&bytes[(from - start) as usize..(to - start) as usize]);
                }
                Piece::Level(_, level) => {
                    let bytes = level.to_le_bytes();
                    let place = place.iter_mut().zip((from - start) as usize..);
                    place.for_each(|(byte, i)| *byte = bytes[i % 2]);
                }
            }
        }
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

fn level_of(program: usize, layer: usize) -> i16 {
    4000 + 150 * program as i16 + 100 * layer as i16
}

/// So many programs and a drum kit, which is program 0's, with waves of so many frames.
fn constants(programs: usize, frames: u32) -> Arc<Constants> {
    grouped(programs, frames, 0)
}

/// The same; regions in a key group have one voice for a key.
pub fn grouped(programs: usize, frames: u32, key_group: u8) -> Arc<Constants> {
    let sample = Sample {
        unity: 0,
        fine_tune: 0,
        gain: 0.0,
        looped: Some((0, frames)),
        until_release: false,
    };
    let articulation = arioso_bank::test_banks::plain();
    let instrument = |bank: u32, program: usize| Instrument {
        name: format!("Program {program}"),
        bank,
        program: program as u8,
        regions: (0..LAYERS)
            .map(|layer| Region {
                keys: (32 * layer as u8, 32 * layer as u8 + 31),
                velocities: (0, 127),
                key_group,
                self_non_exclusive: key_group == 0,
                wave: program * LAYERS + layer,
                link: Link::MONO,
                sample: None,
                articulation: Vec::new(),
            })
            .collect(),
        articulation: articulation.clone(),
    };
    let bank = Bank {
        name: "large".into(),
        copyright: String::new(),
        instruments: (0..programs)
            .map(|program| instrument(0, program))
            .chain([instrument(0x8000_0000, 0)])
            .collect(),
        waves: (0..programs * LAYERS)
            .map(|i| Wave {
                name: format!("Wave {i}"),
                rate: RATE,
                frames: level_of(i / LAYERS, i % LAYERS),
                sample,
            })
            .collect(),
    };
    let mut pieces = Pieces::default();
    let length = |_: &i16| frames;
    bank.write(&mut pieces, length, |level, out| {
        out.push(Piece::Level(2 * u64::from(frames), *level));
        Ok(())
    })
    .expect("a bank");
    Arc::new(Constants {
        len: pieces.1,
        pieces: pieces.0,
        good: AtomicU64::new(u64::MAX),
        bad: [const { AtomicU64::new(0) }; 2],
        reads: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
    })
}

impl Constants {
    /// Where the data of a wave lie.
    fn wave(&self, program: usize, layer: usize) -> Range<u64> {
        let waves = self
            .pieces
            .iter()
            .filter(|(_, p)| matches!(p, Piece::Level(..)));
        let (at, piece) = waves.collect::<Vec<_>>()[program * LAYERS + layer];
        *at..at + piece.len()
    }

    fn spoil(&self, range: Range<u64>) {
        self.bad[0].store(range.start, Ordering::Relaxed);
        self.bad[1].store(range.end, Ordering::Relaxed);
    }
}

pub fn setup(file: &Arc<Constants>, memory: u32) -> Setup {
    Setup {
        made: vec![(PATH, Made(file.clone()))],
        values: vec![("BankPath", Value::text(PATH))],
        parameters: vec![("BankMemory", memory)],
        ..Setup::default()
    }
}

fn told(rig: &mut Rig, pin: &Pin<SimClient>) -> ARIOSO_BANK {
    bank(&mut rig.client, pin.handle).unwrap()
}

/// The highest level within a time.
fn highest(rig: &mut Rig, time: i64) -> i16 {
    rig.take_audio();
    rig.sleep(time);
    let audio = rig.take_audio();
    audio.iter().map(|frame| frame[0]).max().unwrap_or(0)
}

/// Levels in the output are in proportion to those of the waves.
#[track_caller]
fn assert_level(sound: i16, program: usize, layer: usize, unit: f64) {
    let expected = f64::from(level_of(program, layer)) * unit;
    assert!(
        (f64::from(sound) - expected).abs() < 3.0,
        "{sound}, not {expected}"
    );
}

fn gigabyte() {
    // 512 waves of 2 MB.
    let file = constants(128, 1 << 20);
    assert!(file.len() > 1 << 30);
    let mut rig = setup(&file, 256).start();
    let pool = rig.pool();
    let (filter, id) = rig.find_filter();
    let (begin, host) = (rig.now(), std::time::Instant::now());
    let mut pin = filter.direct_music_pin(&mut rig.client, id).expect("a pin");
    let (opened, host) = (rig.now() - begin, host.elapsed());
    let bytes = file.bytes.load(Ordering::Relaxed);
    println!(
        "usable after {} us ({host:?} of the host), {} reads, {bytes} bytes, pool {}",
        opened / 10,
        file.reads.load(Ordering::Relaxed),
        rig.pool() - pool
    );
    assert!(opened < 50 * MS, "{opened}");
    assert!(bytes < 400 << 10, "{bytes}");
    // The structure, and a virtual synthesizer.
    assert!(rig.pool() - pool < 1 << 20, "{}", rig.pool() - pool);
    let mut path = rig.open_wave(&filter);
    path.run(&mut rig.client).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.sleep(SECOND);
    // The default programs: four waves, which piano and drums share.
    let first = told(&mut rig, &pin);
    assert_eq!((first.Flags, first.Waves, first.Length), (1, 4, file.len()));
    assert!(first.Bytes < 4 * (2 << 20) + 4096 && first.Limit == 256 << 20);
    // A note 20 ms after its program change is on its time; all keys after 40 ms.
    rig.play(
        &pin,
        &[(SECOND / 10, &[0xC0, 0]), (SECOND / 5, &[0x90, 10, 100])],
    );
    let unit = f64::from(highest(&mut rig, SECOND)) / f64::from(level_of(0, 0));
    assert!(unit > 0.05);
    for (program, layer) in [(5usize, 0usize), (100, 1), (127, 3), (64, 2), (3, 0)] {
        rig.play(
            &pin,
            &[
                (SECOND / 10, &[0xB0, 120, 0]),
                (SECOND / 5, &[0xC0, program as u8]),
                (SECOND / 5 + 20 * MS, &[0x90, 2, 100]),
                (SECOND / 5 + 30 * MS, &[0x80, 2, 0]),
                (SECOND / 5 + 40 * MS, &[0x90, 32 * layer as u8 + 5, 100]),
            ],
        );
        rig.sleep(SECOND / 2);
        assert_level(highest(&mut rig, SECOND / 4), program, layer, unit);
    }
    let last = told(&mut rig, &pin);
    let lost = statistics(&mut rig.client, pin.handle).unwrap().LostNotes;
    assert_eq!(
        (last.LateNotes, lost, last.Broken, last.Refused),
        (0, 0, 0, 0)
    );
    assert_eq!((last.Waves, last.Loaded, last.Evicted), (24, 24, 0));
    let used = rig.pool() - pool;
    println!("24 waves: pool {used}");
    assert!(used > 24 << 21 && used < (24 << 21) + (4 << 20), "{used}");
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// The wave sink renders what its reader takes at once: 20 ms here.
fn late() {
    let file = constants(40, 1 << 20);
    let mut rig = setup(&file, 256).start();
    let (filter, pin, path) = rig.open_running();
    rig.sleep(SECOND);
    for program in 1..40u8 {
        let key = 32 * (program % 4) + 7;
        rig.play(
            &pin,
            &[
                (SECOND / 10, &[0xB0, 120, 0]),
                (SECOND / 5, &[0xC0, program]),
                (SECOND / 5, &[0x90, key, 100]),
            ],
        );
        assert!(highest(&mut rig, SECOND / 2) > 300, "{program}");
        let told = told(&mut rig, &pin);
        assert_eq!(told.LateNotes, u64::from(program));
        assert!(
            told.LongestWait > 0 && told.LongestWait <= 25 * MS,
            "{}",
            told.LongestWait
        );
    }
    println!("longest wait {} us", told(&mut rig, &pin).LongestWait / 10);
    assert_eq!(
        statistics(&mut rig.client, pin.handle).unwrap().LostNotes,
        0
    );
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// The endpoint renders a slice of 1 ms at a time: what is left is the time of the disk, 5 ms for a wave and half of one for the headers.
fn endpoint() {
    let file = constants(40, 1 << 20);
    let mut rig = setup(&file, 256).start();
    let (filter, mut pin) = rig.open_pin();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut recorder = Recorder::open(&mut rig.client, SampleFormat::pcm(RATE, 16)).unwrap();
    let stream = &mut recorder.stream;
    stream
        .allocate_notified(&mut rig.client, RATE / 50 * 4, 2)
        .unwrap();
    recorder.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.sleep(SECOND);
    for program in 1..40u8 {
        rig.play(
            &pin,
            &[
                (SECOND / 10, &[0xB0, 120, 0]),
                (SECOND / 5, &[0xC0, program]),
                (SECOND / 5, &[0x90, 32 * (program % 4) + 7, 100]),
            ],
        );
        rig.sleep(SECOND / 2);
        let told = told(&mut rig, &pin);
        let counts = statistics(&mut rig.client, pin.handle).unwrap();
        assert_eq!((told.LateNotes, counts.Voices), (u64::from(program), 1));
        let longest = told.LongestWait;
        assert!((5 * MS..8 * MS).contains(&longest), "{program}: {longest}");
        assert_eq!(counts.LostNotes, 0);
    }
    println!("longest wait {} us", told(&mut rig, &pin).LongestWait / 10);
    recorder.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// Its file is closed, and what was read of it goes, when the registry names no bank or one that cannot be read.
fn let_go() {
    const NONE: &str = "\\??\\C:\\none.dls";
    let file = constants(16, 1 << 19);
    let mut rig = setup(&file, 256).start();
    // The package's own bank is none either.
    let image = rig.machine.image_path(SERVICE).expect("it is loaded");
    let (directory, _) = image.rsplit_once('\\').expect("a path");
    let packaged = format!("{directory}\\arioso.dls");
    rig.machine
        .put_file(&packaged, FileData::Bytes(vec![0; 64].into()));
    let (filter, pin, path) = rig.open_running();
    rig.sleep(SECOND);
    registry::set(PARAMETERS, "BankPath", Value::text(NONE));
    settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_BANK).unwrap();
    rig.sleep(SECOND / 10);
    let level = rig.pool();
    for other in [Some(NONE), None] {
        registry::set(PARAMETERS, "BankPath", Value::text(PATH));
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_BANK).unwrap();
        rig.play(&pin, &[(SECOND / 10, &[0xC0, 7])]);
        rig.sleep(SECOND);
        let told_of = told(&mut rig, &pin);
        assert_eq!((told_of.Flags, told_of.Length), (1, file.len()));
        assert!(rig.pool() > level + (4 << 20), "waves are there");
        match other {
            Some(path) => registry::set(PARAMETERS, "BankPath", Value::text(path)),
            None => registry::remove(PARAMETERS, "BankPath"),
        }
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_BANK).unwrap();
        rig.sleep(SECOND / 10);
        let told_of = told(&mut rig, &pin);
        assert_eq!((told_of.Flags, told_of.Length), (0, 0), "{other:?}");
        assert_eq!(rig.pool(), level, "{other:?}: something of it is left");
    }
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

fn shared() {
    let file = constants(16, 1 << 19);
    let mut rig = setup(&file, 256).start();
    let (filter, pin, path) = rig.open_running();
    let mut other = rig.another_pin(&filter);
    other.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.play(&pin, &[(SECOND / 10, &[0xC0, 7])]);
    rig.sleep(SECOND);
    let (before, pool) = (told(&mut rig, &pin), rig.pool());
    rig.play(
        &other,
        &[(SECOND / 10, &[0xC0, 7]), (SECOND / 5, &[0x90, 60, 100])],
    );
    assert!(highest(&mut rig, SECOND) > 300);
    let after = told(&mut rig, &other);
    assert_eq!(
        (after.Waves, after.Bytes, after.Read),
        (before.Waves, before.Bytes, before.Read)
    );
    assert_eq!((before.Waves, after.LateNotes), (8, 0));
    // The event that came back is all that differs.
    assert!(rig.pool() < pool + 4096, "{pool} {}", rig.pool());
    rig.close(filter, [pin, other], Some(path));
    rig.finish();
}

fn room() {
    let file = constants(20, 1 << 20);
    // Waves of 2 MB and a little more: seven fit.
    let mut rig = setup(&file, 16).start();
    let (filter, pin, path) = rig.open_running();
    rig.sleep(SECOND);
    // A note that is held while all others come and go.
    rig.play(
        &pin,
        &[(SECOND / 10, &[0xC1, 1]), (SECOND / 5, &[0x91, 5, 100])],
    );
    let held = highest(&mut rig, SECOND);
    let unit = f64::from(held) / f64::from(level_of(1, 0));
    for program in 2..20u8 {
        rig.play(
            &pin,
            &[
                (SECOND / 10, &[0xC0, program]),
                (SECOND / 5, &[0x90, 40, 100]),
                (SECOND, &[0x80, 40, 0]),
            ],
        );
        rig.sleep(SECOND / 2);
        let both = f64::from(highest(&mut rig, SECOND / 4));
        let expected = f64::from(held) + f64::from(level_of(program.into(), 1)) * unit;
        assert!(
            (both - expected).abs() < 4.0,
            "{program}: {both}, not {expected}"
        );
        rig.sleep(SECOND / 2);
        let told = told(&mut rig, &pin);
        assert!(told.Bytes <= told.Limit && told.Waves <= 7, "{told:?}");
    }
    let told = told(&mut rig, &pin);
    assert!(told.Evicted > 60 && told.Broken == 0, "{told:?}");
    assert!(rig.pool() < 20 << 20);
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

fn bad() {
    let file = constants(20, 1 << 19);
    let mut rig = setup(&file, 256).start();
    let (filter, pin, path) = rig.open_running();
    let play_after = |rig: &mut Rig, program: u8, gap: i64| {
        rig.play(
            &pin,
            &[
                (SECOND / 10, &[0xB0, 120, 0]),
                (SECOND / 5, &[0xC0, program]),
                (SECOND / 5 + gap, &[0x90, 70, 100]),
            ],
        );
        rig.sleep(SECOND / 2);
        highest(rig, SECOND / 4)
    };
    let play = |rig: &mut Rig, program| play_after(rig, program, 0);
    let good = play(&mut rig, 1);
    assert!(good > 300);
    let lines = rig.machine.debug_output().len();
    // Within the wave that the note needs; around another's header.
    let wave = file.wave(2, 2);
    file.spoil(wave.start + 300_000..wave.start + 300_512);
    assert_eq!(play(&mut rig, 2), 0);
    let wave = file.wave(3, 0);
    file.spoil(wave.start - 60..wave.start - 56);
    assert_eq!(play(&mut rig, 3), 0);
    assert!(play(&mut rig, 4) > 300, "others sound");
    let mine = told(&mut rig, &pin);
    assert_eq!((mine.Broken, mine.Refused), (2, 0));
    let said = rig.machine.debug_output()[lines..].join("\n");
    assert!(said.contains("cannot be read, status c000009c"), "{said}");
    assert!(said.contains("they are silent"), "{said}");
    // The disk has recovered: the next selection reads it.
    file.spoil(0..0);
    for program in [2, 3] {
        assert!(
            play_after(&mut rig, program, SECOND / 10) > 300,
            "{program}"
        );
    }
    // The file ends in the middle of a wave now; what is in memory plays on.
    file.good
        .store(file.wave(10, 2).start + 100, Ordering::Relaxed);
    assert_eq!(play(&mut rig, 10), 0);
    assert_eq!(play(&mut rig, 15), 0);
    assert_eq!(play(&mut rig, 1), good);
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

fn failing(lack: Lack) {
    fn body(rig: &mut Rig) -> Result<(), Error> {
        let client = &mut rig.client;
        let (filter, id) = Filter::find(
            client,
            &arioso_core::ks::guid::KSCATEGORY_SYNTHESIZER,
            |pin| {
                pin.takes(&arioso_core::ks::guid::KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
                    && pin.flow == arioso_core::ks::ks::KSPIN_DATAFLOW_IN
            },
        )?;
        let mut pin = filter.direct_music_pin(client, id)?;
        let pins = filter.pins(client)?;
        let wave = pins
            .iter()
            .find(|pin| conformance::wave::is_wave_output(pin));
        let mut wave = WavePath::open(client, &filter, wave.expect("a wave pin").id, RATE)?;
        wave.run(client)?;
        pin.set_state(client, KSSTATE_RUN)?;
        let now = client.now();
        let mut buffer = conformance::events::EventBuffer::new(now);
        buffer.push(now + SECOND / 20, 1, &[0xC0, 3]);
        buffer.push(now + SECOND / 20, 1, &[0x90, 60, 100]);
        conformance::events::write(client, pin.handle, buffer.start(), buffer.bytes())
            .wait(client)?;
        client.sleep(SECOND / 5);
        bank(client, pin.handle)?;
        pin.close(client)?;
        wave.close(client)?;
        filter.close(client);
        Ok(())
    }
    // Just large enough.
    let file = constants(6, 360_000);
    assert!(file.len() > 16 << 20);
    let mut rig = Setup {
        parameters: vec![("Voices", 32), ("BankMemory", 64)],
        ..setup(&file, 64)
    }
    .start();
    rig.remove();
    each_failing(lack, &mut rig, body);
    rig.add();
    rig.finish();
}

/// Removal, surprise removal and stop: the read that is under way is the last, and the file is closed.
fn gone() {
    // Waves of 16 MB.
    let file = constants(2, 1 << 23);
    let mut rig = setup(&file, 256).start();
    for round in 0..3 {
        let (filter, pin, path) = rig.open_running();
        // The default programs are being read, 40 ms for each wave: the second is half there.
        rig.sleep(60 * MS);
        let under_way = told(&mut rig, &pin);
        assert!(
            under_way.Read > 1 << 20 && under_way.Waves < 4,
            "{under_way:?}"
        );
        let begin = rig.now();
        match round {
            0 => rig.surprise_remove(),
            1 => {
                let device = rig.device.expect("a device");
                assert_eq!(rig.machine.stop(device), STATUS_SUCCESS);
            }
            _ => {}
        }
        assert!(rig.now() - begin < 10 * MS, "{}", rig.now() - begin);
        let read = file.bytes.load(Ordering::Relaxed);
        if round < 2 {
            rig.sleep(SECOND / 10);
            assert_eq!(
                file.bytes.load(Ordering::Relaxed),
                read,
                "it is read no more"
            );
            rig.kill_client();
        } else {
            rig.close(filter, [pin], Some(path));
        }
        rig.remove();
        rig.add();
    }
    rig.finish();
}

fn asleep() {
    let file = constants(2, 1 << 23);
    let mut rig = setup(&file, 256).start();
    let (filter, pin, path) = rig.open_running();
    rig.sleep(20 * MS);
    rig.nap();
    rig.play(
        &pin,
        &[(SECOND / 10, &[0xC0, 1]), (SECOND / 2, &[0x90, 60, 100])],
    );
    assert!(highest(&mut rig, SECOND) > 300);
    assert_eq!(told(&mut rig, &pin).Waves, 8);
    rig.close(filter, [pin], Some(path));
    rig.finish();
}
