// SPDX-License-Identifier: MIT OR Apache-2.0
//! Settings that are changed while a song plays: each is set, read back, and heard or measured; notes go on.

use crate::Scenario;
use crate::cable::{put, writer};
use crate::listener::{A_IN, subdevice};
use crate::package::{no_instruments, package_with};
use crate::rig::{PARAMETERS, RATE, Rig, SECOND, Setup, download_bank};
use arioso_bank::test_banks;
use arioso_core::ks::arioso::{
    ARIOSO_CONTROL_BANK, ARIOSO_CONTROL_NUMBERS, ARIOSO_CONTROL_SILENCE, ARIOSO_METERS,
    ARIOSO_SETTINGS,
};
use arioso_core::ks::ks::KSSTATE_RUN;
use arioso_core::ks::status::STATUS_INVALID_PARAMETER;
use conformance::filter::Pin;
use conformance::settings::{self, control};
use conformance::synth::{self, caps, running_stats, set_channel_groups, statistics};
use simkernel::client::SimClient;
use simkernel::registry::{self, Value};
use std::time::Instant;

pub const SCENARIOS: &[Scenario] = &[
    ("every setting changes while a song plays", every),
    ("quality changes while a song plays", quality),
    ("more voices while a song plays", more_voices),
    ("fewer voices while a song plays", fewer_voices),
    ("the slice budget changes while a song plays", budget),
    ("the endpoint's lead changes while it is recorded", lead),
    ("what may be downloaded changes while a song plays", memory),
    ("dither changes while a song plays", dither),
    ("the cable is heard from its next writer on", cable),
    ("another bank while a song plays", bank),
    ("a bank of 30 MB while a song plays", large_bank),
    ("banks that cannot be used while a song plays", no_bank),
    ("banks that nobody plays leave no memory", freed),
    ("whoever comes first has the bank read", first),
    ("meters, and silence", meters),
    ("the endpoint's level is set and heard", level),
];

impl Rig {
    /// Asks the driver to look at its settings again.
    fn control(&mut self, what: u32) {
        let filter = settings::filter(&mut self.client).unwrap();
        control(&mut self.client, filter.handle, what).unwrap();
        filter.close(&mut self.client);
    }

    /// Writes a number and tells the driver; what counts now.
    fn change(&mut self, name: &str, value: u32) -> ARIOSO_SETTINGS {
        registry::set(PARAMETERS, name, Value::dword(value));
        self.control(ARIOSO_CONTROL_NUMBERS);
        self.active()
    }

    fn active(&mut self) -> ARIOSO_SETTINGS {
        let filter = settings::filter(&mut self.client).unwrap();
        let active = settings::settings(&mut self.client, filter.handle).unwrap();
        filter.close(&mut self.client);
        active
    }

    fn meters(&mut self) -> ARIOSO_METERS {
        let filter = settings::filter(&mut self.client).unwrap();
        let meters = settings::meters(&mut self.client, filter.handle).unwrap();
        filter.close(&mut self.client);
        meters
    }
}

fn exact() -> Setup {
    Setup {
        exact: true,
        ..Setup::default()
    }
}

/// What sounds from the first sample that is not silent.
fn sound(frames: &[[i16; 2]]) -> &[[i16; 2]] {
    let first = frames.iter().position(|f| *f != [0, 0]);
    &frames[first.expect("a sound")..]
}

/// Every number: set, read back; what is wrong is the default and told; what cannot change is pending. A held note does not notice.
fn every() {
    let mut rig = exact().start();
    let (filter, pin, wave) = rig.running(&test_banks::dc(RATE));
    rig.play(&pin, &[(0, &[0x90, 60, 127])]);
    rig.sleep(SECOND / 2);
    type Read = fn(&ARIOSO_SETTINGS) -> u32;
    let live: [(&str, u32, u32, u32, Read); 7] = [
        ("Voices", 77, 4097, 256, |s| s.Voices),
        ("Quality", 2, 3, 1, |s| s.Quality),
        ("DownloadMemory", 9, 0, 512, |s| s.DownloadMemory),
        ("EndpointLead", 7, 11, 3, |s| s.EndpointLead),
        ("SliceBudget", 345, 9, 100, |s| s.SliceBudget),
        ("CableSynth", 1, 2, 0, |s| s.CableSynth),
        ("Dither", 1, 2, 0, |s| s.Dither),
    ];
    for (name, good, bad, default, read) in live {
        let active = rig.change(name, good);
        assert_eq!((read(&active), active.Pending), (good, 0), "{name}");
        let printed = rig.machine.debug_output().len();
        assert_eq!(read(&rig.change(name, bad)), default, "{name} {bad}");
        let lines = rig.machine.debug_output()[printed..].join("\n");
        let told = lines.matches("is out of range, the default counts").count();
        assert_eq!(told, 1, "{lines}");
        assert!(lines.contains(&format!("{name}: {bad} ")), "{lines}");
        registry::remove(PARAMETERS, name);
        rig.control(ARIOSO_CONTROL_NUMBERS);
        assert_eq!(read(&rig.active()), default, "no {name}");
    }
    for (name, bit) in [("RenderUnits", 1), ("WaveSinkFeed", 2)] {
        let active = rig.change(name, 1);
        let counts = (active.RenderUnits, active.WaveSinkFeed);
        assert_eq!((active.Pending, counts), (bit, (0, 0)), "{name}");
        assert_eq!(rig.change(name, 0).Pending, 0, "{name}");
        registry::remove(PARAMETERS, name);
    }
    let active = rig.active();
    assert_eq!((active.Size, active.Users), (52, 2));
    let refused = {
        let filter = settings::filter(&mut rig.client).unwrap();
        let refused = control(&mut rig.client, filter.handle, 8).unwrap_err();
        filter.close(&mut rig.client);
        refused
    };
    assert_eq!(refused.status, Some(STATUS_INVALID_PARAMETER));
    rig.sleep(SECOND / 2);
    // A constant stays one, whatever was set on the way (dither for one or two steps).
    let frames = rig.take_audio();
    let heard = sound(&frames);
    let level = heard[heard.len() - 1][0];
    assert!(heard.len() > RATE as usize / 2);
    assert!(
        heard.iter().skip(100).all(|f| (f[0] - level).abs() <= 2),
        "a gap"
    );
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((counted.Voices, counted.LostNotes), (1, 0));
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// Up to one block the sound is that of one quality, bit for bit, from there on that of the other.
fn quality() {
    let mut rig = exact().start();
    let mut of = |before: u32, after: Option<u32>| {
        registry::set(PARAMETERS, "Quality", Value::dword(before));
        rig.remove();
        rig.add();
        let (filter, pin, wave) = rig.running(&test_banks::sine_wave(RATE / 3, 100, 7));
        rig.take_audio();
        rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 100])]);
        rig.sleep(SECOND / 2);
        if let Some(after) = after {
            assert_eq!(rig.change("Quality", after).Quality, after);
        }
        rig.sleep(SECOND / 2);
        let frames = rig.take_audio();
        rig.close(filter, [pin], Some(wave));
        sound(&frames)[..RATE as usize * 4 / 5].to_vec()
    };
    let fixed = [0, 1, 2].map(|quality| of(quality, None));
    for (before, after) in [(0, 2), (2, 1), (1, 0)] {
        let heard = of(before, Some(after));
        let (one, other) = (&fixed[before as usize], &fixed[after as usize]);
        let differs = |a: &[[i16; 2]]| heard.iter().zip(a).position(|(x, y)| x != y);
        let change = differs(one).expect("a change");
        assert!(change > 10_000, "{change}");
        // Neighbours round to the same sample now and then: the block's edge is a little before.
        assert_eq!(heard[change..], other[change..], "{before} to {after}");
    }
    registry::remove(PARAMETERS, "Quality");
    rig.finish();
}

/// Keys of `range` on channel 1, all at once.
fn chord(rig: &mut Rig, pin: &Pin<SimClient>, keys: std::ops::Range<u32>) {
    let messages: Vec<[u8; 3]> = keys
        .map(|n| [0x90 | (n / 100) as u8, (n % 100) as u8, 100])
        .collect();
    let stamped: Vec<(i64, &[u8])> = messages.iter().map(|m| (SECOND / 20, &m[..])).collect();
    rig.play(pin, &stamped);
    rig.sleep(SECOND / 5);
}

/// The pool grows under voices that sound: bit for bit as if it had had that size from the start.
fn more_voices() {
    let mut rig = exact().start();
    let mut of = |change: bool| {
        registry::set(
            PARAMETERS,
            "Voices",
            Value::dword(if change { 10 } else { 3000 }),
        );
        rig.remove();
        rig.add();
        let (filter, pin, wave) = rig.running(&test_banks::sine_wave(RATE / 3, 100, 7));
        rig.take_audio();
        chord(&mut rig, &pin, 0..10);
        if change {
            assert_eq!(rig.change("Voices", 3000).Voices, 3000);
            assert_eq!(
                caps(&mut rig.client, filter.handle).unwrap().MaxVoices,
                3000
            );
        } else {
            rig.control(ARIOSO_CONTROL_NUMBERS);
            rig.active();
        }
        chord(&mut rig, &pin, 10..400);
        let counted = statistics(&mut rig.client, pin.handle).unwrap();
        assert_eq!((counted.Voices, counted.LostNotes), (400, 0));
        // Note offs find the voices that moved.
        rig.play(
            &pin,
            &[(SECOND / 20, &[0x80, 3, 0]), (SECOND / 20, &[0x80, 99, 0])],
        );
        rig.sleep(SECOND / 5);
        let counted = statistics(&mut rig.client, pin.handle).unwrap();
        assert_eq!(counted.Voices, 398);
        let frames = rig.take_audio();
        rig.close(filter, [pin], Some(wave));
        sound(&frames)[..RATE as usize * 2 / 5].to_vec()
    };
    let [fixed, changed] = [false, true].map(&mut of);
    let differs = fixed.iter().zip(&changed).position(|(a, b)| a != b);
    assert_eq!(differs, None, "of {} frames", fixed.len());
    registry::remove(PARAMETERS, "Voices");
    rig.finish();
}

/// Voices that are too many fade and are lost notes; the most important go on, and no new one gets more room.
fn fewer_voices() {
    let mut rig = exact().start();
    let (filter, pin, wave) = rig.running(&test_banks::sine_wave(RATE, 100, 1));
    chord(&mut rig, &pin, 0..50);
    assert_eq!(rig.change("Voices", 8).Voices, 8);
    rig.sleep(SECOND / 10);
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((counted.Voices, counted.LostNotes), (8, 42));
    chord(&mut rig, &pin, 50..60);
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((counted.Voices, counted.LostNotes), (8, 52));
    assert_eq!(rig.meters().LostNotes, 52, "of all pins");
    // And back, several times over while they play.
    for voices in [4096, 1, 300, 2, 4096] {
        assert_eq!(rig.change("Voices", voices).Voices, voices);
        chord(&mut rig, &pin, 0..20);
        let now = statistics(&mut rig.client, pin.handle).unwrap().Voices;
        assert!(now <= voices && now >= voices.min(20), "{now} of {voices}");
    }
    rig.close(filter, [pin], Some(wave));
    registry::remove(PARAMETERS, "Voices");
    rig.finish();
}

/// More notes than any budget carries are cut down when it shrinks, and more are heard when it grows.
fn budget() {
    let mut rig = Setup {
        parameters: vec![("WaveSinkFeed", 1), ("Voices", 4096)],
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&test_banks::sine_wave(RATE, 100, 1));
    set_channel_groups(&mut rig.client, pin.handle, 2).unwrap();
    let crowd = |rig: &mut Rig, pin: &_| {
        let messages: Vec<[u8; 3]> = (0..2000u32)
            .map(|n| [0x90 | (n / 125) as u8, (n % 125) as u8, 20])
            .collect();
        let stamped: Vec<(i64, &[u8])> = messages.iter().map(|m| (SECOND / 10, &m[..])).collect();
        rig.play(pin, &stamped);
        rig.sleep(SECOND);
    };
    let voices = |rig: &mut Rig| statistics(&mut rig.client, pin.handle).unwrap().Voices;
    crowd(&mut rig, &pin);
    let usual = voices(&mut rig);
    assert_eq!(rig.change("SliceBudget", 10).SliceBudget, 10);
    rig.sleep(SECOND / 10);
    let small = voices(&mut rig);
    assert_eq!(rig.change("SliceBudget", 1000).SliceBudget, 1000);
    crowd(&mut rig, &pin);
    let large = voices(&mut rig);
    assert!(
        2 * small < usual && usual <= large && large > 2 * small,
        "{usual}, {small}, {large} voices in 100, 10, 1000 µs"
    );
    rig.close(filter, [pin], Some(wave));
    registry::remove(PARAMETERS, "SliceBudget");
    rig.finish();
}

/// Notes come later or sooner by as many milliseconds; a note that is held is heard without a gap.
fn lead() {
    const MILLISECOND: i64 = SECOND / 1000;
    let mut rig = exact().start();
    let (filter, mut pin) = rig.open_pin();
    download_bank(&mut rig.client, pin.handle, &test_banks::dc(RATE));
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut endpoint = rig.open_endpoint_of(RATE, 100);
    let started = rig.now();
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.record(&mut endpoint, 50 * MILLISECOND);
    let mut level = 0;
    // Each is louder by a constant than the one before, and none ends.
    for (key, lead) in [(60, 3u32), (61, 10), (62, 1), (63, 5)] {
        assert_eq!(rig.change("EndpointLead", lead).EndpointLead, lead);
        rig.record(&mut endpoint, 50 * MILLISECOND);
        let sent = rig.now() - started;
        rig.play(&pin, &[(0, &[0x90, key, 127])]);
        rig.record(&mut endpoint, 50 * MILLISECOND);
        let frames = endpoint.frames();
        let first = frames
            .iter()
            .position(|f| f[0] > level + 100)
            .expect("louder");
        let heard = first as i64 * SECOND / i64::from(RATE);
        let delay = (heard - sent) / MILLISECOND;
        let lead = i64::from(lead);
        assert!((lead - 2..=lead + 1).contains(&delay), "{lead}: {delay} ms");
        assert!(
            frames[first..].iter().all(|f| f[0] > level),
            "a gap with a lead of {lead} ms"
        );
        level = frames[frames.len() - 1][0];
    }
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((counted.SkippedSlices, counted.LostNotes), (0, 0));
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    registry::remove(PARAMETERS, "EndpointLead");
    rig.finish();
}

fn memory() {
    let mut rig = exact().start();
    let (filter, pin, wave) = rig.running(&test_banks::sine_wave(RATE, 100, 1));
    let mut free = |megabytes| {
        assert_eq!(
            rig.change("DownloadMemory", megabytes).DownloadMemory,
            megabytes
        );
        let stats = running_stats(&mut rig.client, pin.handle).unwrap();
        stats.FreeMemory
    };
    let [small, large] = [8, 100].map(&mut free);
    // What is downloaded already counts in both.
    assert_eq!(large - small, (100 - 8) << 19);
    assert!(small < 8 << 19 && small > 7 << 19);
    rig.close(filter, [pin], Some(wave));
    registry::remove(PARAMETERS, "DownloadMemory");
    rig.finish();
}

/// A constant level stays one without dither, and is noise around itself with it.
fn dither() {
    let mut rig = exact().start();
    let (filter, pin, wave) = rig.running(&test_banks::dc(RATE));
    rig.play(&pin, &[(0, &[0x90, 60, 127])]);
    rig.sleep(SECOND / 2);
    let mut second = |dither| {
        assert_eq!(rig.change("Dither", dither).Dither, dither);
        rig.sleep(SECOND / 5);
        rig.take_audio();
        rig.sleep(SECOND / 2);
        let frames = rig.take_audio();
        let mean = frames.iter().map(|f| f64::from(f[0])).sum::<f64>() / frames.len() as f64;
        let constant = frames.iter().all(|f| f[0] == frames[0][0]);
        (constant, mean)
    };
    let [plain, dithered, again] = [0, 1, 0].map(&mut second);
    assert!(plain.0 && !dithered.0 && again.0);
    assert!((plain.1 - dithered.1).abs() < 1.0 && plain.1 == again.1);
    rig.close(filter, [pin], Some(wave));
    registry::remove(PARAMETERS, "Dither");
    rig.finish();
}

fn cable() {
    let mut rig = Setup {
        bank: Some(test_banks::dc(RATE)),
        ..Setup::default()
    }
    .start();
    let synth = subdevice(&mut rig.client, "synth");
    let mut wave = rig.open_wave(&synth);
    wave.run(&mut rig.client).unwrap();
    for on in [0, 1, 0] {
        assert_eq!(rig.change("CableSynth", on).CableSynth, on);
        let filter = subdevice(&mut rig.client, "cable");
        let pin = writer(&mut rig, &filter, A_IN);
        rig.take_audio();
        put(&mut rig, &pin, &[0x90, 60, 127]);
        rig.sleep(SECOND / 2);
        let sounds = rig.take_audio().iter().any(|frame| *frame != [0, 0]);
        assert_eq!(sounds, on == 1);
        pin.close(&mut rig.client).unwrap();
        filter.close(&mut rig.client);
        rig.sleep(SECOND / 2);
    }
    rig.close(synth, [], Some(wave));
    registry::remove(PARAMETERS, "CableSynth");
    rig.finish();
}

const ONE: &str = "\\??\\C:\\one.dls";
const OTHER: &str = "\\??\\C:\\other.dls";

/// A machine with two banks, the first of which is set.
fn two_banks(other: Vec<u8>) -> Rig {
    Setup {
        files: vec![(ONE, test_banks::sine_wave(RATE, 100, 1)), (OTHER, other)],
        values: vec![("BankPath", Value::text(ONE))],
        package: Some(package_with(no_instruments())),
        ..exact()
    }
    .start()
}

/// A note of the default set is held; half a second later another bank, if there is one, and a second after the first another note.
/// The sound from the first sample on, and the driver's memory before and after.
fn across(rig: &mut Rig, other: Option<&str>) -> Vec<[i16; 2]> {
    registry::set(PARAMETERS, "BankPath", Value::text(ONE));
    rig.remove();
    rig.add();
    let (filter, pin, wave) = rig.open_running();
    rig.take_audio();
    rig.play(
        &pin,
        &[
            (SECOND / 10, &[0x90, 60, 127]),
            (SECOND * 11 / 10, &[0x91, 62, 127]),
        ],
    );
    rig.sleep(SECOND / 2);
    if let Some(path) = other {
        registry::set(PARAMETERS, "BankPath", Value::text(path));
        let begin = Instant::now();
        rig.control(ARIOSO_CONTROL_BANK);
        println!("the bank is there after {:?}", begin.elapsed());
        assert!(rig.active().Instruments > 0);
    }
    rig.sleep(SECOND * 3 / 2);
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!(
        (counted.Voices, counted.Notes, counted.LostNotes),
        (2, 2, 0)
    );
    let frames = rig.take_audio();
    rig.close(filter, [pin], Some(wave));
    sound(&frames)[..RATE as usize * 3 / 2].to_vec()
}

/// The held note goes on bit for bit, and the next one is of the new bank: a constant on top of the old one's sine.
fn check_across(rig: &mut Rig) {
    let alone = across(rig, None);
    let changed = across(rig, Some(OTHER));
    let second = RATE as usize;
    let differs = alone.iter().zip(&changed).position(|(a, b)| a != b);
    let differs = differs.expect("another sound");
    // A sine begins with silence, a constant does not.
    assert!((second - 2..second + 3).contains(&differs), "at {differs}");
    // 100 frames are a period of the sine: its mean is what is constant.
    let mean = |frames: &[[i16; 2]]| {
        let part = &frames[second + 1000..second + 11_000];
        part.iter().map(|f| f64::from(f[0])).sum::<f64>() / part.len() as f64
    };
    assert!(mean(&alone).abs() < 10.0 && mean(&changed) > 1000.0);
}

fn bank() {
    let mut rig = two_banks(test_banks::dc(RATE));
    check_across(&mut rig);
    rig.finish();
}

/// The same wave as in [`test_banks::dc`], and behind the instruments as much of waves as makes 30 MB.
fn large_bank() {
    let frames = 15 * 1_000_000;
    let mut bank = arioso_bank::test_banks::dc_of(RATE, frames);
    assert!(bank.len() > 30_000_000);
    bank.shrink_to_fit();
    let mut rig = two_banks(bank);
    check_across(&mut rig);
    // Its file is closed when another bank counts.
    let (filter, pin) = rig.open_pin();
    let lengths = [OTHER, ONE, OTHER].map(|path| {
        registry::set(PARAMETERS, "BankPath", Value::text(path));
        rig.control(ARIOSO_CONTROL_BANK);
        let told = synth::bank(&mut rig.client, pin.handle).unwrap();
        assert_eq!(told.Flags, u32::from(told.Length > 0));
        told.Length
    });
    assert!(lengths[0] > 30_000_000, "{lengths:?}");
    assert_eq!(lengths, [lengths[0], 0, lengths[0]]);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// A bank that is not there or is none: what the package brings counts, as at start. The old notes go on.
fn no_bank() {
    let mut rig = two_banks(b"RIFF\x10\0\0\0DLS nothing here".to_vec());
    let (filter, pin, wave) = rig.open_running();
    rig.play(&pin, &[(0, &[0x90, 60, 127])]);
    rig.sleep(SECOND / 2);
    assert_eq!(rig.active().Instruments, 2);
    for path in [OTHER, "\\??\\C:\\nowhere.dls", ""] {
        registry::set(PARAMETERS, "BankPath", Value::text(path));
        rig.control(ARIOSO_CONTROL_BANK);
        assert_eq!(rig.active().Instruments, 0, "{path}");
        rig.play(&pin, &[(0, &[0x91, 60, 127])]);
        rig.sleep(SECOND / 5);
        let counted = statistics(&mut rig.client, pin.handle).unwrap();
        assert_eq!(counted.Voices, 1, "{path}");
    }
    registry::set(PARAMETERS, "BankPath", Value::text(ONE));
    rig.control(ARIOSO_CONTROL_BANK);
    assert_eq!(rig.active().Instruments, 2);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// What the banks take is the same again, at once.
fn freed() {
    let mut rig = two_banks(test_banks::dc_of(RATE, 100_000));
    let (filter, pin) = rig.open_pin();
    let mut level = |path| {
        registry::set(PARAMETERS, "BankPath", Value::text(path));
        rig.control(ARIOSO_CONTROL_BANK);
        rig.pool()
    };
    let [one, other] = [ONE, OTHER].map(&mut level);
    assert!(other > one + 150_000, "{one}, {other}");
    let again = [ONE, OTHER, ONE, OTHER].map(&mut level);
    assert_eq!(again, [one, other, one, other]);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// A music pin, the wave pin, or the endpoint.
fn first() {
    let mut rig = two_banks(test_banks::dc(RATE));
    let (filter, pin) = rig.open_pin();
    assert_eq!(rig.active().Instruments, 2);
    rig.close(filter, [pin], None);
    rig.remove();
    rig.add();
    assert_eq!(rig.active().Instruments, 0);
    let synth = subdevice(&mut rig.client, "synth");
    let wave = rig.open_wave(&synth);
    assert_eq!(rig.active().Instruments, 2);
    rig.close(synth, [], Some(wave));
    rig.remove();
    rig.add();
    let endpoint = rig.open_endpoint_of(RATE, 100);
    assert_eq!(rig.active().Instruments, 2);
    endpoint.close(&mut rig.client);
    rig.finish();
}

fn meters() {
    let mut rig = exact().start();
    let (filter, pin, wave) = rig.running(&test_banks::dc(RATE));
    let mut other = rig.another_pin(&filter);
    download_bank(&mut rig.client, other.handle, &test_banks::dc(RATE));
    other.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let rest = rig.meters();
    assert_eq!(
        (rest.Size, rest.Voices, rest.Level, rest.LostNotes),
        (32, 0, 0, 0)
    );
    for pin in [&pin, &other] {
        rig.play(pin, &[(0, &[0x90, 60, 127]), (0, &[0xB0, 64, 127])]);
    }
    rig.sleep(SECOND / 2);
    let frames = rig.take_audio();
    let now = rig.meters();
    let level = f64::from(now.Level) / 512.0;
    let heard = f64::from(frames[frames.len() - 1][0]);
    assert!((level - heard).abs() < 2.0, "{level} told, {heard} heard");
    assert_eq!((now.Voices, rig.active().Users), (2, 3));
    assert!(now.Frames > rest.Frames + u64::from(RATE) * 2 / 5);
    // Notes that pedals hold too.
    rig.control(ARIOSO_CONTROL_SILENCE);
    rig.sleep(SECOND / 2);
    let after = rig.meters();
    assert_eq!((after.Voices, after.LostNotes), (0, 0));
    // Half after 50 ms: a thousandth after half a second.
    assert!(
        after.Level < now.Level / 500,
        "{} of {}",
        after.Level,
        now.Level
    );
    rig.close(filter, [pin, other], Some(wave));
    assert_eq!(rig.active().Users, 0);
    rig.finish();
}

/// A constant at the endpoint, and 12 dB less of it.
fn level() {
    let mut rig = exact().start();
    let (filter, mut pin) = rig.open_pin();
    download_bank(&mut rig.client, pin.handle, &test_banks::dc(RATE));
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut endpoint = rig.open_endpoint_of(RATE, 100);
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    assert_eq!(rig.active().Users, 2, "a pin and the endpoint");
    rig.play(&pin, &[(0, &[0x90, 60, 127])]);
    let mut heard = |hundredths| {
        settings::set_level(&mut rig.client, hundredths).unwrap();
        assert_eq!(settings::level(&mut rig.client), Ok(hundredths));
        rig.record(&mut endpoint, SECOND / 5);
        f64::from(endpoint.frames().last().unwrap()[0])
    };
    let [full, less] = [0, -1200].map(&mut heard);
    let db = 20.0 * (less / full).log10();
    assert!(full > 1000.0 && (db + 12.0).abs() < 0.02, "{db} dB");
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}
