// SPDX-License-Identifier: MIT OR Apache-2.0
//! The values of the service's `Parameters` key: what each does, and that one out of range or of the wrong type is told and passed
//! over.

use crate::Scenario;
use crate::cable::{put, writer};
use crate::listener::{A_IN, subdevice};
use crate::package::{no_instruments, package_with};
use crate::rig::{PARAMETERS, RATE, Rig, SECOND, Setup, download_bank, hash};
use arioso_bank::test_banks;
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::synth::{caps, running_stats, set_channel_groups, statistics};
use simkernel::registry::{self, Value};

pub const SCENARIOS: &[Scenario] = &[
    ("settings of numbers", numbers),
    ("settings that are heard", heard),
    ("the setting of Render's units", units),
    ("the setting of the slice budget", slice_budget),
    ("the setting of the bank", bank),
    ("banks that are passed over", passed_over),
    ("the setting of the cable", cable),
    ("the setting of the endpoint's lead", lead),
];

/// A device starts with this value alone; what `look` finds, and what was printed about it.
fn with<R>(
    rig: &mut Rig,
    name: &str,
    value: Option<Value>,
    look: impl FnOnce(&mut Rig) -> R,
) -> (R, Vec<String>) {
    match &value {
        Some(value) => registry::set(PARAMETERS, name, value.clone()),
        None => registry::remove(PARAMETERS, name),
    }
    let printed = rig.machine.debug_output().len();
    rig.add();
    let found = look(rig);
    rig.remove();
    registry::remove(PARAMETERS, name);
    let about = |line: &&String| line.contains(&format!("arioso: {name}:"));
    let lines = &rig.machine.debug_output()[printed..];
    (found, lines.iter().filter(about).cloned().collect())
}

/// Valid values are followed in silence; `bad` ones, and what is no number, are the default, and are told.
fn check<R: PartialEq + std::fmt::Debug>(
    rig: &mut Rig,
    name: &str,
    good: &[(u32, R)],
    default: R,
    bad: &[u32],
    mut look: impl FnMut(&mut Rig) -> R,
) {
    let (found, lines) = with(rig, name, None, &mut look);
    assert_eq!((&found, lines.len()), (&default, 0), "no {name}: {lines:?}");
    for (value, wanted) in good {
        let (found, lines) = with(rig, name, Some(Value::dword(*value)), &mut look);
        assert_eq!(
            (&found, lines.len()),
            (wanted, 0),
            "{name} {value}: {lines:?}"
        );
    }
    for value in bad {
        let (found, lines) = with(rig, name, Some(Value::dword(*value)), &mut look);
        assert_eq!(found, default, "{name} {value}");
        let line = format!("{name}: {value} is out of range");
        assert!(lines.len() == 1 && lines[0].contains(&line), "{lines:?}");
    }
    let others = [
        Value::text("2"),
        Value::qword(2),
        Value::binary(&[1, 0, 0, 0]),
        Value::binary(&[1; 2000]),
        Value {
            data: vec![1, 0],
            ..Value::dword(1)
        },
    ];
    for value in others {
        let shown = format!("{value:?}");
        let (found, lines) = with(rig, name, Some(value), &mut look);
        assert_eq!(found, default, "{name} {shown}");
        let line = format!("{name}: not a REG_DWORD");
        assert!(lines.len() == 1 && lines[0].contains(&line), "{lines:?}");
    }
}

fn start(setup: Setup) -> Rig {
    let mut rig = setup.start();
    rig.remove();
    rig
}

fn numbers() {
    let mut rig = start(Setup::default());
    let voices = |rig: &mut Rig| {
        let (filter, _) = rig.find_filter();
        let told = caps(&mut rig.client, filter.handle).unwrap().MaxVoices;
        filter.close(&mut rig.client);
        told
    };
    let good = [(1, 1), (10, 10), (4096, 4096)];
    check(&mut rig, "Voices", &good, 256, &[0, 4097, u32::MAX], voices);
    let memory = |rig: &mut Rig| {
        let (filter, pin) = rig.open_pin();
        let stats = running_stats(&mut rig.client, pin.handle).unwrap();
        rig.close(filter, [pin], None);
        stats.FreeMemory
    };
    let good = [(1, 1 << 19), (4096, 1 << 31)];
    let bad = [0, 4097, u32::MAX];
    check(&mut rig, "DownloadMemory", &good, 256 << 20, &bad, memory);
    rig.add();
    rig.finish();
}

/// A pitched note's samples as a number; and whether the slice timer rendered.
fn play(rig: &mut Rig) -> (u64, bool) {
    let (filter, pin, wave) = rig.running(&test_banks::sine_wave(RATE / 3, 100, 7));
    rig.take_audio();
    rig.play(&pin, &[(SECOND / 2, &[0x90, 60, 100])]);
    rig.sleep(2 * SECOND);
    let slices = statistics(&mut rig.client, pin.handle).unwrap().Slices > 0;
    let frames = rig.take_audio();
    let first = frames.iter().position(|f| *f != [0, 0]).unwrap_or(0);
    let end = (first + 20_000).min(frames.len());
    rig.close(filter, [pin], Some(wave));
    (hash(&frames[first..end]), slices)
}

fn heard() {
    let mut rig = start(Setup {
        exact: true,
        ..Setup::default()
    });
    let (quality, _) = with(&mut rig, "Quality", None, play);
    let of = |rig: &mut Rig, name, value| with(rig, name, Some(Value::dword(value)), play).0;
    let [linear, sinc8, sinc16] = [0, 1, 2].map(|value| of(&mut rig, "Quality", value));
    assert_eq!(sinc8, quality, "sinc8 is the default");
    assert!(linear.0 != sinc8.0 && linear.0 != sinc16.0 && sinc8.0 != sinc16.0);
    let good = [(0, linear), (1, sinc8), (2, sinc16)];
    check(&mut rig, "Quality", &good, quality, &[3, u32::MAX], play);
    let good = [(0, quality), (1, (quality.0, true))];
    check(
        &mut rig,
        "WaveSinkFeed",
        &good,
        quality,
        &[2, u32::MAX],
        play,
    );
    rig.add();
    rig.finish();
}

/// A port that counts frames. A driver that takes them for bytes yields less, but never too much.
fn units() {
    let mut rig = start(Setup {
        exact: true,
        frames: true,
        ..Setup::default()
    });
    let (wrong, _) = with(&mut rig, "RenderUnits", None, play);
    let (right, _) = with(&mut rig, "RenderUnits", Some(Value::dword(1)), play);
    assert_ne!(wrong, right);
    let good = [(0, wrong), (1, right)];
    check(&mut rig, "RenderUnits", &good, wrong, &[2, u32::MAX], play);
    rig.add();
    rig.finish();
}

/// Voices that are left of more notes than any budget carries.
fn crowd(rig: &mut Rig) -> u32 {
    let (filter, pin, wave) = rig.running(&test_banks::sine_wave(RATE, 100, 1));
    set_channel_groups(&mut rig.client, pin.handle, 2).unwrap();
    let messages: Vec<[u8; 3]> = (0..4000u32)
        .map(|n| [0x90 | (n / 125 % 16) as u8, (n % 125) as u8, 20])
        .collect();
    let stamped: Vec<(i64, &[u8])> = messages.iter().map(|m| (SECOND / 10, &m[..])).collect();
    rig.play(&pin, &stamped);
    rig.sleep(2 * SECOND);
    let voices = statistics(&mut rig.client, pin.handle).unwrap().Voices;
    rig.close(filter, [pin], Some(wave));
    voices
}

fn slice_budget() {
    let mut rig = start(Setup {
        parameters: vec![("WaveSinkFeed", 1), ("Voices", 4096)],
        ..Setup::default()
    });
    let of = |rig: &mut Rig, value| with(rig, "SliceBudget", value, crowd);
    let (usual, lines) = of(&mut rig, None);
    assert!(lines.is_empty());
    let [small, large] = [10, 1000].map(|us| {
        let (voices, lines) = of(&mut rig, Some(Value::dword(us)));
        assert!(lines.is_empty(), "{lines:?}");
        voices
    });
    assert!(
        2 * small < usual && usual <= large,
        "{small}, {usual}, {large} voices in 10, 100, 1000 µs"
    );
    for (value, line) in [
        (Value::dword(9), "SliceBudget: 9 is out of range"),
        (Value::dword(1001), "SliceBudget: 1001 is out of range"),
        (Value::text("500"), "SliceBudget: not a REG_DWORD"),
    ] {
        let (voices, lines) = of(&mut rig, Some(value));
        assert!(lines.len() == 1 && lines[0].contains(line), "{lines:?}");
        // What a slice costs is measured: about as many as by default.
        assert!(2 * small < voices && 2 * voices > usual, "{voices} voices");
    }
    rig.add();
    rig.finish();
}

/// The highest and the lowest sample of a note of the default set.
fn default_sound(rig: &mut Rig) -> (i16, i16) {
    let (filter, pin, wave) = rig.open_running();
    rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 127])]);
    rig.sleep(SECOND);
    let samples = rig.take_audio().into_iter().map(|frame| frame[0]);
    let sound = (samples.clone().max().unwrap(), samples.min().unwrap());
    rig.close(filter, [pin], Some(wave));
    sound
}

fn bank() {
    const OTHER: &str = "\\??\\C:\\other.dls";
    const BROKEN: &str = "\\??\\C:\\broken.dls";
    let mut rig = start(Setup {
        bank: Some(test_banks::dc(RATE)),
        files: vec![
            (OTHER, test_banks::sine_wave(RATE, 100, 1)),
            (BROKEN, b"RIFF\x10\0\0\0DLS nothing here".to_vec()),
        ],
        ..Setup::default()
    });
    let of = |rig: &mut Rig, value| with(rig, "BankPath", value, default_sound);
    let gm = registry::get(PARAMETERS, "BankPath").expect("what the INF sets");
    let (windows, lines) = of(&mut rig, Some(gm));
    // A constant, and a sine.
    assert!(windows.0 > 500 && windows.1 == 0 && lines.is_empty());
    // Without a setting: the package's, which has no instruments here.
    let (packaged, lines) = of(&mut rig, None);
    assert_eq!((packaged, lines.len()), ((0, 0), 0));
    let (other, lines) = of(&mut rig, Some(Value::text(OTHER)));
    assert!(other.0 > 500 && other.1 < -500 && lines.is_empty());
    // What is not there, not a bank, or empty: the package's.
    for path in ["\\??\\C:\\nowhere.dls", BROKEN, ""] {
        let (sound, lines) = of(&mut rig, Some(Value::text(path)));
        assert_eq!((sound, lines.len()), (packaged, 0), "{path}");
    }
    let long = format!("\\??\\C:\\{}", "x".repeat(300));
    for value in [Value::dword(1), Value::binary(b"x"), Value::text(&long)] {
        let (sound, lines) = of(&mut rig, Some(value));
        assert_eq!(sound, packaged);
        let told = lines.len() == 1 && lines[0].contains("BankPath: not a path");
        assert!(told, "{lines:?}");
    }
    rig.add();
    rig.finish();
}

/// A bank without instruments and one whose lists are too large: the package's sounds instead. The length of a bank does not count.
fn passed_over() {
    const EMPTY: &str = "\\??\\C:\\empty.dls";
    const LARGE: &str = "\\??\\C:\\large.dls";
    const LONG: &str = "\\??\\C:\\long.dls";
    const LISTS: usize = 64 << 20;
    // Zeros behind the file.
    let mut long = vec![0; 300 << 20];
    let file = test_banks::sine_wave(RATE, 100, 1);
    long[..file.len()].copy_from_slice(&file);
    // A list of instruments that is nothing else.
    let mut large = vec![0; LISTS + 100];
    large[..8].copy_from_slice(b"RIFF\0\0\0\0");
    large[8..16].copy_from_slice(b"DLS LIST");
    large[16..20].copy_from_slice(&(LISTS as u32).to_le_bytes());
    large[20..24].copy_from_slice(b"lins");
    let mut rig = start(Setup {
        package: Some(package_with(test_banks::dc(RATE))),
        files: vec![(EMPTY, no_instruments()), (LARGE, large), (LONG, long)],
        ..Setup::default()
    });
    let of = |rig: &mut Rig, path| with(rig, "BankPath", Some(Value::text(path)), default_sound).0;
    let sine = of(&mut rig, LONG);
    assert!(sine.0 > 500 && sine.1 < -500, "{sine:?}");
    for path in [EMPTY, LARGE] {
        let packaged = of(&mut rig, path);
        assert!(packaged.0 > 500 && packaged.1 == 0, "{path}: {packaged:?}");
    }
    rig.add();
    rig.finish();
}

/// Whether a note to end A of the cable sounds.
fn cable_sounds(rig: &mut Rig) -> bool {
    let synth = subdevice(&mut rig.client, "synth");
    let mut wave = rig.open_wave(&synth);
    wave.run(&mut rig.client).unwrap();
    let filter = subdevice(&mut rig.client, "cable");
    let pin = writer(rig, &filter, A_IN);
    put(rig, &pin, &[0x90, 60, 127]);
    rig.sleep(SECOND / 2);
    let sounds = rig.take_audio().iter().any(|frame| *frame != [0, 0]);
    filter.close(&mut rig.client);
    rig.close(synth, [pin], Some(wave));
    sounds
}

fn cable() {
    let mut rig = start(Setup {
        bank: Some(test_banks::dc(RATE)),
        ..Setup::default()
    });
    let good = [(0, false), (1, true)];
    check(
        &mut rig,
        "CableSynth",
        &good,
        false,
        &[2, u32::MAX],
        cable_sounds,
    );
    rig.add();
    rig.finish();
}

/// Milliseconds from a note to its sound at the endpoint.
fn delay(rig: &mut Rig) -> i64 {
    const MILLISECOND: i64 = SECOND / 1000;
    let (filter, mut pin) = rig.open_pin();
    download_bank(&mut rig.client, pin.handle, &test_banks::dc(RATE));
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut endpoint = rig.open_endpoint_of(RATE, 100);
    let started = rig.now();
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.record(&mut endpoint, 50 * MILLISECOND);
    let sent = rig.now() - started;
    rig.play(&pin, &[(0, &[0x90, 60, 127])]);
    rig.record(&mut endpoint, 50 * MILLISECOND);
    let first = endpoint.frames().iter().position(|f| *f != [0, 0]);
    let heard = first.expect("a sound") as i64 * SECOND / i64::from(RATE);
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    (heard - sent) / MILLISECOND
}

fn lead() {
    let mut rig = start(Setup {
        exact: true,
        ..Setup::default()
    });
    let of = |rig: &mut Rig, value| with(rig, "EndpointLead", Some(Value::dword(value)), delay).0;
    let [one, three, ten] = [1, 3, 10].map(|value| of(&mut rig, value));
    for (lead, delay) in [(1, one), (3, three), (10, ten)] {
        assert!((lead - 2..=lead + 1).contains(&delay), "{lead}: {delay} ms");
    }
    assert!(one < three && three < ten);
    let good = [(1, one), (3, three), (10, ten)];
    check(
        &mut rig,
        "EndpointLead",
        &good,
        three,
        &[0, 11, u32::MAX],
        delay,
    );
    rig.add();
    rig.finish();
}
