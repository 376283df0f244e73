// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the synthesizer's properties do, and what is heard of them.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup, download_bank};
use arioso_core::ks::dmusprop::*;
use arioso_core::ks::guid::{KSPROPSETID_Synth, KSPROPSETID_Synth_Dls};
use arioso_core::ks::ks::{
    KSPROPERTY_TYPE_GET, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP,
};
use arioso_core::ks::nt_success;
use conformance::events::{EventBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::synth::{self, property};
use conformance::wave::WavePath;
use conformance::wire::Bytes;
use conformance::{Client, property::Property};
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("capabilities and parameters", capabilities),
    ("volume is heard", volume),
    ("long and split System Exclusive messages", exclusive),
    ("downloads with bad addresses", bad_downloads),
    ("unloading does not stop a note", unload),
    ("notes on the MIDI range at once", midi_now),
    ("statistics since RUN", since_run),
    ("PAUSE holds events and releases notes", pause),
    ("STOP silences notes that a pedal holds", stop_with_pedal),
    ("notes end with their channel group", fewer_groups),
    ("running status from one event to the next", running_status),
    ("a message that STOP cut in two", cut_in_two),
    ("parts of a message come at its time", parts_in_time),
    ("what a package holds comes at its time", package_in_time),
];

fn capabilities() {
    let mut rig = Setup::default().start();
    let (filter, pin) = rig.open_pin();
    let c = &mut rig.client;
    for handle in [filter.handle, pin.handle] {
        let caps = synth::caps(c, handle).unwrap();
        assert_eq!(
            caps.Flags & (SYNTH_PC_DLS | SYNTH_PC_SOFTWARESYNTH),
            SYNTH_PC_DLS | SYNTH_PC_SOFTWARESYNTH
        );
        assert_eq!(caps.MaxAudioChannels, 2);
        assert!(caps.MaxChannelGroups >= 1 && caps.MaxVoices >= 32);
    }
    let wanted = SYNTH_PORTPARAMS {
        ValidParams: SYNTH_PORTPARAMS_CHANNELGROUPS | SYNTH_PORTPARAMS_VOICES,
        Voices: 10_000_000,
        ChannelGroups: 2,
        ..SYNTH_PORTPARAMS::default()
    };
    let granted = synth::port_parameters(c, pin.handle, wanted).unwrap();
    assert_eq!(granted.ChannelGroups, 2);
    assert!(granted.Voices < wanted.Voices && granted.SampleRate > 0);
    synth::set_volume(c, pin.handle, -1234).unwrap();
    assert_eq!(synth::volume(c, pin.handle).unwrap(), -1234);
    let description = property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_VOLUME)
        .basic_support(c, pin.handle)
        .unwrap();
    assert_eq!(description.AccessFlags & 3, 3);
    // Size negotiation: nothing, too little.
    let caps = property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_CAPS);
    let asked = caps.send(c, pin.handle, KSPROPERTY_TYPE_GET, &mut []);
    assert_eq!(
        (asked.status as u32, asked.information),
        (0x8000_0005, size_of::<SYNTHCAPS>())
    );
    let short = caps.send(c, pin.handle, KSPROPERTY_TYPE_GET, &mut [0; 8]);
    assert_eq!(short.status as u32, 0xC000_0023);
    let now = c.now();
    assert!(synth::latency_clock(c, pin.handle).unwrap() > now);
    synth::running_stats(c, pin.handle).unwrap();
    c.close(pin.handle);
    filter.close(c);
    rig.finish();
}

/// A constant wave sounds; the largest sample of the next half second.
pub fn level(rig: &mut Rig, pin: &Pin<SimClient>, message: &[&[u8]]) -> i16 {
    let now = rig.now();
    let mut buffer = EventBuffer::new(now);
    for (i, bytes) in message.iter().enumerate() {
        buffer.push(now + SECOND / 10 + i as i64, 1, bytes);
    }
    rig.write(pin, &buffer);
    rig.sleep(SECOND);
    rig.take_audio();
    rig.sleep(SECOND / 2);
    rig.take_audio().iter().map(|f| f[0]).max().unwrap()
}

fn sounding(
    setup: Setup,
) -> (
    Rig,
    conformance::filter::Filter<SimClient>,
    Pin<SimClient>,
    conformance::wave::WavePath<SimClient>,
) {
    let mut rig = setup.start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::dc(RATE));
    (rig, filter, pin, wave)
}

pub fn assert_near(level: i16, expected: f64) {
    assert!(
        (f64::from(level) - expected).abs() <= expected * 0.01 + 1.0,
        "{level} instead of {expected}"
    );
}

fn volume() {
    let (mut rig, filter, pin, wave) = sounding(Setup::default());
    let full = f64::from(level(&mut rig, &pin, &[&[0x90, 60, 127]]));
    assert!(full > 1000.0);
    synth::set_volume(&mut rig.client, pin.handle, -602).unwrap();
    assert_near(level(&mut rig, &pin, &[]), full * 0.5);
    synth::set_volume(&mut rig.client, pin.handle, 0).unwrap();
    synth::set_boost(&mut rig.client, pin.handle, 0).unwrap();
    assert_near(level(&mut rig, &pin, &[]), full * 10f64.powf(-6.0 / 20.0));
    synth::set_boost(&mut rig.client, pin.handle, 600).unwrap();
    // CC 7: 40 log10(v / 127), from 100 to 64.
    assert_near(
        level(&mut rig, &pin, &[&[0xB0, 7, 64]]),
        full * (64.0f64 / 100.0).powi(2),
    );
    let stats = synth::running_stats(&mut rig.client, pin.handle).unwrap();
    assert_eq!((stats.Voices, stats.LostNotes), (1, 0));
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

fn exclusive() {
    let (mut rig, filter, pin, wave) = sounding(Setup::default());
    let full = f64::from(level(&mut rig, &pin, &[&[0x90, 60, 127]]));
    // Universal master volume, 8 bytes; 14 bit, default 127 127.
    let half = level(&mut rig, &pin, &[&[0xF0, 0x7F, 0x7F, 4, 1, 0, 64, 0xF7]]);
    assert!(f64::from(half) < full * 0.8, "{half} of {full}");
    let restored = level(&mut rig, &pin, &[&[0xF0, 0x7F, 0x7F, 4, 1, 127, 127, 0xF7]]);
    assert_near(restored, full);
    // GS master volume, 11 bytes: a buffer of the allocator's. In pieces, with a real-time byte between.
    let quiet = level(
        &mut rig,
        &pin,
        &[&[
            0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x04, 0x20, 0x1C, 0xF7,
        ]],
    );
    assert!(f64::from(quiet) < full * 0.5, "{quiet} of {full}");
    let loud = level(
        &mut rig,
        &pin,
        &[
            &[0xF0, 0x41, 0x10, 0x42, 0x12],
            &[0xF8],
            &[0x40, 0x00, 0x04, 0x7F],
            &[0x3D, 0xF7],
        ],
    );
    assert_near(loud, full);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

fn bad_downloads() {
    let mut rig = Setup::default().start();
    let (filter, pin) = rig.open_pin();
    let c = &mut rig.client;
    let good = conformance::download::wave(1, RATE, 16, &[0; 64]);
    let place = c.allocate(good.len());
    c.write(place, &good);
    for (address, size) in [
        (0, 100),
        (1, 100),
        (0xFFFF_8000_0000_1000, 4096),
        (0x7FFF_FFFF_0000, 4096),
        (u64::MAX - 8, 64),
        (place, 0),
        (place, 15),
        (place, u32::MAX),
        (place, 0x4000_0000),
        (place + 1, good.len() as u32),
    ] {
        let instance = SYNTH_BUFFER {
            BufferSize: size,
            BufferAddress: std::ptr::without_provenance_mut(address as usize),
        };
        let mut answer = [0; size_of::<SYNTHDOWNLOAD>()];
        let completion = property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_DOWNLOAD)
            .with(&instance.bytes())
            .send(c, pin.handle, KSPROPERTY_TYPE_GET, &mut answer);
        assert!(
            !nt_success(completion.status),
            "{size} bytes at {address:#x}: {:#x}",
            completion.status
        );
    }
    // Short instance, short value.
    let download = Property::of_node(
        KSPROPSETID_Synth_Dls,
        KSPROPERTY_SYNTH_DLS_DOWNLOAD,
        synth::NODE,
    );
    assert!(!nt_success(
        download
            .send(c, pin.handle, KSPROPERTY_TYPE_GET, &mut [0; 16])
            .status
    ));
    for handle in [0, 1, u64::MAX, 0x8000_0000_0000_0001] {
        assert!(synth::unload(c, pin.handle, synth::Download(handle)).is_err());
    }
    let handle = synth::download(c, pin.handle, &good).unwrap();
    synth::unload(c, pin.handle, handle).unwrap();
    assert!(
        synth::unload(c, pin.handle, handle).is_err(),
        "a handle works once"
    );
    c.close(pin.handle);
    filter.close(c);
    rig.finish();
}

fn unload() {
    let mut rig = Setup::default().start();
    let (filter, mut pin, mut wave) = rig.open();
    let downloads = download_bank(
        &mut rig.client,
        pin.handle,
        &arioso_bank::test_banks::dc(RATE),
    );
    wave.run(&mut rig.client).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let full = level(&mut rig, &pin, &[&[0x90, 60, 127]]);
    assert!(full > 1000);
    let loaded = rig.pool();
    downloads.unload(&mut rig.client, pin.handle).unwrap();
    assert_eq!(level(&mut rig, &pin, &[]), full, "the voice keeps its wave");
    assert_eq!(
        level(&mut rig, &pin, &[&[0x80, 60, 0], &[0x90, 62, 127]]),
        0,
        "no new note"
    );
    rig.sleep(SECOND);
    assert!(rig.pool() < loaded, "the wave is freed after its voice");
    let stats = synth::running_stats(&mut rig.client, pin.handle).unwrap();
    assert_eq!(stats.Voices, 0);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// A MIDI pin in RUN whose instruments are a constant, and a wave pin that takes what it plays.
fn midi_pin_at_dc() -> (Rig, Filter<SimClient>, Pin<SimClient>, WavePath<SimClient>) {
    let mut rig = Setup {
        bank: Some(arioso_bank::test_banks::dc(RATE)),
        ..Setup::default()
    }
    .start();
    let (filter, id) = rig.find_filter();
    let mut pin = filter.midi_pin(&mut rig.client, id).unwrap();
    let mut wave = rig.open_wave(&filter);
    wave.run(&mut rig.client).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    (rig, filter, pin, wave)
}

/// What a WinMM program sends: bytes without a time. Each sounds as soon as can be.
fn midi_now() {
    let (mut rig, filter, pin, wave) = midi_pin_at_dc();
    rig.sleep(SECOND);
    rig.take_audio();
    let mut buffer = conformance::events::MusicBuffer::default();
    // Running status.
    buffer.push(0, &[0x90, 60, 127, 64, 127]);
    write(&mut rig.client, pin.handle, 0, buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    rig.sleep(SECOND / 2);
    let frames = rig.take_audio();
    let first = frames
        .iter()
        .position(|f| *f != [0, 0])
        .expect("a note sounds");
    assert!(first < RATE as usize / 10, "it sounds after {first} frames");
    assert_eq!(
        synth::running_stats(&mut rig.client, pin.handle)
            .unwrap()
            .Voices,
        2
    );
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// `PeakVolume` of samples: 2000·log10 of the highest over full scale.
fn peak_of(frames: &[[i16; 2]]) -> i32 {
    let highest = frames.iter().flatten().map(|s| s.unsigned_abs()).max();
    let highest = f64::from(highest.unwrap_or(0)) / 32_768.0;
    (2000.0 * highest.log10()).max(-9600.0) as i32
}

/// Lost notes and the peak begin anew at each entry to RUN, and only then.
fn since_run() {
    let (mut rig, filter, mut pin, wave) = sounding(Setup {
        parameters: vec![("Voices", 4)],
        ..Setup::default()
    });
    let stats = |rig: &mut Rig, pin: &Pin<SimClient>| {
        synth::running_stats(&mut rig.client, pin.handle).unwrap()
    };
    let fresh = stats(&mut rig, &pin);
    let all = SYNTH_STATS_VOICES
        | SYNTH_STATS_TOTAL_CPU
        | SYNTH_STATS_CPU_PER_VOICE
        | SYNTH_STATS_LOST_NOTES
        | SYNTH_STATS_FREE_MEMORY
        | SYNTH_STATS_PEAK_VOLUME;
    assert_eq!(fresh.ValidStats, all);
    assert_eq!((fresh.LostNotes, fresh.PeakVolume), (0, -9600));
    rig.take_audio();
    let six: Vec<[u8; 3]> = (60..66).map(|key| [0x90, key, 127]).collect();
    let notes: Vec<(i64, &[u8])> = six.iter().map(|note| (SECOND / 10, &note[..])).collect();
    rig.play(&pin, &notes);
    rig.sleep(SECOND);
    let loud = stats(&mut rig, &pin);
    assert_eq!((loud.Voices, loud.LostNotes), (4, 2));
    let heard = peak_of(&rig.take_audio());
    assert!(
        (loud.PeakVolume - heard).abs() <= 10,
        "{loud:?}, {heard} heard"
    );
    // Silence, without leaving RUN: still the same.
    level(&mut rig, &pin, &[&[0xB0, 120, 0]]);
    let later = stats(&mut rig, &pin);
    assert_eq!((later.Voices, later.LostNotes), (0, 2));
    assert_eq!(later.PeakVolume, loud.PeakVolume);
    for state in [KSSTATE_PAUSE, KSSTATE_STOP] {
        pin.set_state(&mut rig.client, state).unwrap();
        rig.sleep(SECOND / 10);
        let out_of_run = stats(&mut rig, &pin);
        assert_eq!(
            (out_of_run.LostNotes, out_of_run.PeakVolume),
            (2, loud.PeakVolume)
        );
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        let again = stats(&mut rig, &pin);
        assert_eq!((again.LostNotes, again.PeakVolume), (0, -9600));
        rig.take_audio();
        level(&mut rig, &pin, &[&[0xB0, 7, 64], &[0x90, 60, 127]]);
        let quiet = stats(&mut rig, &pin);
        assert!(quiet.PeakVolume < loud.PeakVolume - 1000 && quiet.PeakVolume > -9600);
        rig.play(&pin, &notes);
        rig.sleep(SECOND);
        level(&mut rig, &pin, &[&[0xB0, 7, 100], &[0xB0, 120, 0]]);
        let twice = stats(&mut rig, &pin);
        // Seven notes on four voices, all quiet.
        assert_eq!(twice.LostNotes, 3);
        // As before, for the next round.
        rig.play(&pin, &notes);
        rig.sleep(SECOND);
        level(&mut rig, &pin, &[&[0xB0, 120, 0]]);
        for _ in 0..2 {
            pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
            pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        }
        rig.play(&pin, &notes);
        rig.sleep(SECOND);
        level(&mut rig, &pin, &[&[0xB0, 120, 0]]);
        let back = stats(&mut rig, &pin);
        assert_eq!((back.LostNotes, back.PeakVolume), (2, loud.PeakVolume));
    }
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// What is queued or comes in PAUSE and ACQUIRE waits; at RUN it sounds at once, if it was due.
fn pause() {
    let (mut rig, filter, mut pin, wave) = sounding(Setup::default());
    let full = level(&mut rig, &pin, &[&[0x90, 60, 127]]);
    assert!(full > 1000);
    rig.play(&pin, &[(SECOND / 2, &[0x90, 62, 127])]);
    pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    let now = rig.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now + SECOND / 2, 1, &[0x90, 64, 127]);
    let waiting = write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes());
    let quiet = |rig: &mut Rig| {
        rig.sleep(SECOND);
        rig.take_audio();
        rig.sleep(SECOND);
        rig.take_audio().iter().all(|frame| *frame == [0, 0])
    };
    assert!(quiet(&mut rig), "in PAUSE");
    pin.set_state(&mut rig.client, KSSTATE_ACQUIRE).unwrap();
    assert!(quiet(&mut rig), "in ACQUIRE");
    pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    waiting.wait(&mut rig.client).unwrap();
    assert_near(level(&mut rig, &pin, &[]), 2.0 * f64::from(full));
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// The highest sample of half a second, a second from now.
fn heard(rig: &mut Rig) -> i16 {
    rig.sleep(SECOND);
    rig.take_audio();
    rig.sleep(SECOND / 2);
    rig.take_audio().iter().map(|f| f[0]).max().unwrap_or(0)
}

/// A client that stops without letting go of the pedal. PAUSE keeps what the pedal holds; STOP, which a pin reaches over PAUSE and
/// ACQUIRE, does not.
fn stop_with_pedal() {
    let (mut rig, filter, mut pin, wave) = sounding(Setup::default());
    let full = level(&mut rig, &pin, &[&[0xB0, 64, 127], &[0x90, 60, 127]]);
    assert!(full > 1000);
    pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    assert_near(heard(&mut rig), f64::from(full));
    pin.set_state(&mut rig.client, KSSTATE_ACQUIRE).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
    assert_eq!(heard(&mut rig), 0);
    for state in [KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN] {
        pin.set_state(&mut rig.client, state).unwrap();
    }
    assert_eq!(heard(&mut rig), 0);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// No message could end the notes of a group that has gone.
fn fewer_groups() {
    let (mut rig, filter, pin, wave) = sounding(Setup::default());
    synth::set_channel_groups(&mut rig.client, pin.handle, 2).unwrap();
    let start = rig.now() + SECOND / 10;
    let mut buffer = EventBuffer::new(start);
    for group in [1, 2] {
        buffer.push(start, group, &[0x90, 60, 127]);
    }
    rig.write(&pin, &buffer);
    rig.sleep(SECOND);
    let both = heard(&mut rig);
    assert!(both > 1000);
    synth::set_channel_groups(&mut rig.client, pin.handle, 1).unwrap();
    rig.sleep(SECOND / 10);
    assert_near(heard(&mut rig), 0.5 * f64::from(both));
    level(&mut rig, &pin, &[&[0x80, 60, 0]]);
    rig.sleep(SECOND / 10);
    assert_eq!(heard(&mut rig), 0);
    synth::set_channel_groups(&mut rig.client, pin.handle, 2).unwrap();
    assert_eq!(heard(&mut rig), 0);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// A legacy stream goes on in the next event: the status that is left out is that of the event before, on each pin its own, and neither
/// real-time messages nor whole ones in between change that but by their status.
fn running_status() {
    let mut rig = Setup {
        bank: Some(arioso_bank::test_banks::dc(RATE)),
        ..Setup::default()
    }
    .start();
    let (filter, mut one, mut wave) = rig.open();
    let mut two = rig.another_pin(&filter);
    wave.run(&mut rig.client).unwrap();
    for pin in [&mut one, &mut two] {
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    }
    let steps: [(usize, &[u8], [u32; 2]); 8] = [
        (0, &[0x90, 60, 127], [1, 0]),
        (0, &[62, 127], [2, 0]),
        (1, &[0x91, 60, 127], [2, 1]),
        (0, &[0xF8], [2, 1]),
        (0, &[64, 127, 60, 0, 62, 0], [1, 1]),
        (1, &[62, 127], [1, 2]),
        (0, &[0xB0, 1, 0], [1, 2]),
        (0, &[120, 0], [0, 2]),
    ];
    for (step, (at, bytes, voices)) in steps.into_iter().enumerate() {
        rig.play([&one, &two][at], &[(0, bytes)]);
        rig.sleep(SECOND / 5);
        let counted = [&one, &two].map(|pin| {
            let stats = synth::running_stats(&mut rig.client, pin.handle);
            stats.unwrap().Voices
        });
        assert_eq!(counted, voices, "step {step}");
    }
    rig.close(filter, [one, two], Some(wave));
    rig.finish();
}

/// STOP in the middle of a System Exclusive message: what comes afterwards is not a part of it, and keeps its own time.
fn cut_in_two() {
    let (mut rig, filter, mut pin, wave) = sounding(Setup::default());
    let full = f64::from(level(&mut rig, &pin, &[&[0x90, 60, 127]]));
    rig.play(&pin, &[(SECOND / 10, &[0xF0, 0x7F, 0x7F, 4])]);
    pin.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let before = synth::statistics(&mut rig.client, pin.handle).unwrap();
    rig.sleep(SECOND);
    // The end of what went back, and a note.
    rig.play(
        &pin,
        &[
            (SECOND / 2, &[1, 0, 0, 0xF7]),
            (SECOND / 2, &[0x90, 62, 127]),
        ],
    );
    rig.sleep(SECOND / 4);
    let early = synth::statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!(early.Events, before.Events, "nothing is due yet");
    rig.sleep(SECOND / 2);
    let after = synth::statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((after.Events, after.Late), (before.Events + 2, before.Late));
    assert_near(level(&mut rig, &pin, &[]), full);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// Highest samples before and after a moment that lies `wait` from now.
fn around(rig: &mut Rig, wait: i64) -> (i16, i16) {
    rig.sleep(wait / 2);
    rig.take_audio();
    rig.sleep(wait / 4);
    let before = rig.take_audio().iter().map(|f| f[0]).max().unwrap();
    rig.sleep(wait / 2);
    rig.take_audio();
    rig.sleep(wait / 4);
    (before, rig.take_audio().iter().map(|f| f[0]).max().unwrap())
}

/// The parts of a System Exclusive message act when the first one does, whatever they are stamped with.
fn parts_in_time() {
    let (mut rig, filter, pin, wave) = midi_pin_at_dc();
    let begun = rig.now();
    let heard = |rig: &mut Rig, wait| {
        rig.sleep(wait);
        rig.take_audio();
        rig.sleep(SECOND / 10);
        rig.take_audio().iter().map(|f| f[0]).max().unwrap()
    };
    let send = |rig: &mut Rig, time, parts: &[(u32, &[u8])]| {
        let mut buffer = conformance::events::MusicBuffer::default();
        for (delta, bytes) in parts {
            buffer.push(*delta, bytes);
        }
        let written = write(&mut rig.client, pin.handle, time, buffer.bytes());
        written.wait(&mut rig.client).unwrap();
    };
    send(&mut rig, 0, &[(0, &[0x90, 60, 127])]);
    let full = f64::from(heard(&mut rig, SECOND));
    assert!(full > 1000.0);
    // GS master volume in three parts within a second, and a real-time message between them, which keeps its time.
    let at = rig.now() + 2 * SECOND;
    let first: &[u8] = &[0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x04];
    let parts: [(u32, &[u8]); 4] = [
        (0, first),
        (500, &[0xF8]),
        (250, &[0x20]),
        (250, &[0x1C, 0xF7]),
    ];
    send(&mut rig, at - begun, &parts);
    assert_near(heard(&mut rig, SECOND), full);
    let quiet = heard(&mut rig, SECOND + SECOND / 4);
    assert!(f64::from(quiet) < 0.5 * full, "{quiet}");
    let count = |rig: &mut Rig| {
        let counted = synth::statistics(&mut rig.client, pin.handle).unwrap();
        (counted.Events, counted.Late)
    };
    assert_eq!(count(&mut rig), (4, 1));
    rig.sleep(SECOND);
    assert_eq!(count(&mut rig), (5, 1));
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// What a package holds acts at the package's time, whatever the events in it are stamped with.
fn package_in_time() {
    let (mut rig, filter, pin, wave) = sounding(Setup {
        packages: true,
        ..Setup::default()
    });
    let full = level(&mut rig, &pin, &[&[0x90, 60, 127]]);
    assert!(full > 1000);
    // GS master volume behind so many real-time bytes that the message is longer than a buffer.
    let at = 2 * SECOND;
    let quiet = [
        0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x04, 0x20, 0x1C, 0xF7,
    ];
    let mut long = quiet[..5].to_vec();
    long.resize(10_000, 0xFE);
    long.extend(&quiet[5..]);
    let before = synth::statistics(&mut rig.client, pin.handle).unwrap();
    rig.play(&pin, &[(at, &long)]);
    let (loud, soft) = around(&mut rig, at);
    assert_near(loud, f64::from(full));
    assert!(f64::from(soft) < 0.5 * f64::from(full), "{soft}");
    let counted = synth::statistics(&mut rig.client, pin.handle).unwrap();
    assert!(counted.Events > before.Events + 1, "it is a package");
    assert_eq!(counted.Late, before.Late);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}
