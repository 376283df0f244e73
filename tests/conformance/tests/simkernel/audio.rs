// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where events sound: at their sample, whatever the block size, the drift or the owner.

use crate::rig::{RATE, Rig, SECOND, Setup, download_bank, hash};
use crate::{CHILD, Scenario};
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::events::{EventBuffer, write};
use conformance::synth::statistics;
use simkernel::modules::portcls::wave_sink::Blocks;
use std::collections::BTreeSet;
use std::process::Command;

pub const SCENARIOS: &[Scenario] = &[
    ("a stamp is a sample", || stamps(0.0)),
    ("a stamp is a sample, device 200 ppm fast", || stamps(200.0)),
    ("a stamp is a sample, device 200 ppm slow", || {
        stamps(-200.0)
    }),
    ("blocks and owners give the same bits", blocks_and_owners),
    ("vector registers give the same bits", vector_registers),
    (RENDER, render),
];

/// Plays once as [`VARIANT`] says; for [`blocks_and_owners`] and [`vector_registers`].
const RENDER: &str = "one rendering";
const VARIANT: &str = "ARIOSO_VARIANT";

/// A thousand random stamps, an impulse each; the frame is computed here.
fn stamps(drift_ppm: f64) {
    const COUNT: usize = 1000;
    // Frames by which an impulse may be off.
    let tolerance = if drift_ppm == 0.0 { 0 } else { 1 };
    let mut rig = Setup {
        drift_ppm,
        exact: drift_ppm == 0.0,
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::impulse(RATE));
    let started = rig.device_start();

    // Far enough apart for each to be found, after the clock has settled.
    let mut random = fastrand::Rng::with_seed(7);
    let mut time = started + 3 * SECOND;
    let times: Vec<i64> = (0..COUNT)
        .map(|_| {
            time += random.i64(20_000..200_000);
            time
        })
        .collect();
    let mut shuffled = times.clone();
    random.shuffle(&mut shuffled);
    let mut buffer = EventBuffer::new(started);
    for time in shuffled {
        buffer.push(time, 1, &[0x90, random.u8(0..128), random.u8(1..128)]);
    }
    rig.write(&pin, &buffer);
    rig.sleep(time - started + SECOND);

    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!(
        (counted.Events, counted.Late, counted.LostNotes),
        (COUNT as u64, 0, 0)
    );
    let frames = rig.take_audio();
    let found: Vec<i64> = (0i64..)
        .zip(&frames)
        .filter(|(_, f)| **f != [0, 0])
        .map(|(i, _)| i)
        .collect();
    assert_eq!(found.len(), COUNT, "an impulse is one frame");
    let real_rate = f64::from(RATE) * (1.0 + drift_ppm * 1e-6);
    let mut worst = 0;
    for (time, frame) in times.iter().zip(&found) {
        let expected = (((time - started) as f64 * real_rate / 1e7) + 1e-9).floor() as i64;
        worst = worst.max((frame - expected).abs());
    }
    assert!(worst <= tolerance, "an impulse is {worst} frames off");
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// The same music by blocks of all sizes and by both owners.
fn blocks_and_owners() {
    let variants = [
        "441",
        "1",
        "4096",
        "random 1 4096",
        "list 1 2 3 63 64 65 255 256 257 1023",
        "dpc 441",
        "dpc random 1 4096",
        "frames 441",
        "endpoint",
    ];
    let hashes: BTreeSet<String> = variants.iter().map(|variant| rendered(variant)).collect();
    assert_eq!(hashes.len(), 1, "{hashes:?}");
}

/// What a process of its own renders.
fn rendered(variant: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .env(CHILD, RENDER)
        .env(VARIANT, variant)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{variant}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = text
        .lines()
        .find(|line| line.starts_with("audio "))
        .expect("a hash")
        .to_owned();
    println!("{variant}: {line}");
    line
}

/// AVX2 or not, and when there is no memory for its registers now and then, or never.
fn vector_registers() {
    let mut all = BTreeSet::new();
    for quality in [0, 1, 2] {
        let variants = [
            "all 441",
            "none 441",
            "seldom 441",
            "lack 441",
            "seldom dpc 441",
            "seldom endpoint",
        ];
        let hashes: BTreeSet<String> = variants
            .iter()
            // One quality shows that owners do not matter.
            .filter(|variant| quality == 2 || variant.ends_with(" 441") && !variant.contains("dpc"))
            .map(|variant| rendered(&format!("quality {quality} {variant}")))
            .collect();
        assert_eq!(hashes.len(), 1, "quality {quality}: {hashes:?}");
        all.extend(hashes);
    }
    assert_eq!(all.len(), 3, "the qualities are told apart");
}

/// What the machine has of AVX: all that the host has; nothing, as it says; memory for a save two times out of three; none.
fn registers(rig: &mut Rig, words: &[&str]) {
    match words[0] {
        "all" => {}
        "none" => rig.machine.allow_features(0),
        "seldom" => rig.machine.fail_saves(|n| n % 3 == 1),
        "lack" => rig.machine.fail_saves(|_| true),
        _ => return,
    }
    // It is asked when the device starts.
    rig.remove();
    rig.add();
}

/// AVX2 is used where it is there, with one save for each block; here a slice.
fn one_save_for_each(slices: u64, rig: &Rig) {
    let there = rig.machine.enabled_features() != 0 && std::is_x86_feature_detected!("avx2");
    assert!(slices > 10_000, "{slices} slices");
    assert_eq!(rig.machine.saves(), if there { slices } else { 0 });
}

/// Ten seconds of dense music with the built-in bank.
fn render() {
    let variant = std::env::var(VARIANT).unwrap_or_else(|_| "441".into());
    let mut words: Vec<&str> = variant.split(' ').collect();
    let mut setup = Setup {
        exact: true,
        ..Setup::default()
    };
    if words[0] == "quality" {
        setup
            .parameters
            .push(("Quality", words[1].parse().unwrap()));
        words.drain(..2);
    }
    if words.last() == Some(&"endpoint") {
        return render_endpoint(setup, words);
    }
    let features = words.clone();
    words.retain(|word| !["all", "none", "seldom", "lack"].contains(word));
    if words[0] == "dpc" {
        setup.parameters.push(("WaveSinkFeed", 1));
        words.remove(0);
    }
    if words[0] == "frames" {
        setup.frames = true;
        setup.parameters.push(("RenderUnits", 1));
        words.remove(0);
    }
    let number = |word: &str| word.parse::<u32>().unwrap();
    setup.blocks = match words[..] {
        ["random", least, most] => Blocks::Random {
            least: number(least),
            most: number(most),
            seed: 3,
        },
        ["list", ref list @ ..] => Blocks::List(list.iter().map(|word| number(word)).collect()),
        [one] => Blocks::Fixed(number(one)),
        _ => panic!("variant {variant}"),
    };
    let mut rig = setup.start();
    registers(&mut rig, &features);
    let (filter, pin, wave) = rig.running(&arioso_bank::general_midi());
    let started = rig.device_start();
    let music = music(started + SECOND, 10 * SECOND);
    let count = music.len() as u64;
    write(&mut rig.client, pin.handle, music.start(), music.bytes())
        .wait(&mut rig.client)
        .unwrap();
    rig.sleep(12 * SECOND);
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((counted.Events, counted.Late), (count, 0));
    assert!(
        counted.PeakVoices > 32,
        "only {} voices",
        counted.PeakVoices
    );
    assert_eq!(counted.SkippedSlices, 0);
    if counted.Slices > 0 {
        one_save_for_each(counted.Slices, &rig);
    } else {
        let saves = rig.machine.saves() > 0;
        let there = rig.machine.enabled_features() != 0;
        assert_eq!(saves, there && std::is_x86_feature_detected!("avx2"));
    }
    let frames = rig.take_audio();
    let frames = &frames[..11 * RATE as usize];
    assert!(
        frames.iter().any(|f| f[0].unsigned_abs() > 1000),
        "it is nearly silent"
    );
    println!("audio {:016x}", hash(frames));
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// The same, recorded from the endpoint.
fn render_endpoint(setup: Setup, words: Vec<&str>) {
    let mut rig = setup.start();
    registers(&mut rig, &words);
    let (filter, mut pin) = rig.open_pin();
    download_bank(&mut rig.client, pin.handle, &arioso_bank::general_midi());
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut endpoint = rig.open_endpoint(RATE);
    let started = rig.now();
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let music = music(started + SECOND, 10 * SECOND);
    rig.write(&pin, &music);
    rig.record(&mut endpoint, 12 * SECOND);
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    one_save_for_each(counted.Slices, &rig);
    println!(
        "audio {:016x}",
        hash(&endpoint.frames()[..11 * RATE as usize])
    );
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// Notes, programs, controllers, bends, on all channels.
fn music(start: i64, length: i64) -> EventBuffer {
    let mut random = fastrand::Rng::with_seed(11);
    let mut events: Vec<(i64, [u8; 3], usize)> = Vec::new();
    for channel in 0..16u8 {
        events.push((0, [0xC0 | channel, random.u8(0..128), 0], 2));
        let mut time = i64::from(channel) * 12_345;
        while time < length {
            let key = random.u8(36..90);
            let held = random.i64(500_000..20_000_000);
            events.push((time, [0x90 | channel, key, random.u8(30..128)], 3));
            events.push((time + held, [0x80 | channel, key, 64], 3));
            match random.u8(0..6) {
                0 => events.push((
                    time,
                    [0xE0 | channel, random.u8(0..128), random.u8(0..128)],
                    3,
                )),
                1 => events.push((time, [0xB0 | channel, 1, random.u8(0..128)], 3)),
                2 => events.push((time, [0xB0 | channel, 10, random.u8(0..128)], 3)),
                3 => events.push((time, [0xB0 | channel, 64, random.u8(0..128)], 3)),
                4 => events.push((time, [0xC0 | channel, random.u8(0..128), 0], 2)),
                _ => events.push((time, [0xB0 | channel, 7, random.u8(60..128)], 3)),
            }
            time += random.i64(100_000..4_000_000);
        }
    }
    events.retain(|e| e.0 < length);
    events.sort_by_key(|e| e.0);
    let mut buffer = EventBuffer::new(start);
    for (time, bytes, length) in events {
        buffer.push(start + time, 1, &bytes[..length]);
    }
    buffer
}

impl Rig {
    /// Master time at which the device was at its frame 0.
    pub fn device_start(&self) -> i64 {
        simkernel::modules::pcm_sink::played()
            .expect("the renderer runs")
            .started
    }
}
