// SPDX-License-Identifier: MIT OR Apache-2.0
//! The wave sink: blocks, positions, the clock.

use conformance::Client;
use conformance::wave::WavePath;
use simkernel::modules::pcm_sink;
use simkernel::modules::portcls::wave_sink::{Blocks, Unit, WaveSinkOptions, progress};
use simkernel::system::{AudioOptions, Options};

use crate::fake::log;
use crate::{Rig, SECOND, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("wave_sink_cadence", wave_sink_cadence),
    ("wave_sink_frames_and_lists", wave_sink_frames_and_lists),
    ("device_drift", device_drift),
];

pub fn play_wave(options: Options, time: i64) -> Rig {
    let mut rig = Rig::new(options);
    let filter = rig.filter("Synth");
    let mut wave = WavePath::open(&mut rig.client, &filter, 1, 44_100).unwrap();
    wave.run(&mut rig.client).unwrap();
    rig.client.sleep(time);
    wave.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig
}

/// Positions have no gaps; returns frames rendered.
fn check_positions(bytes_per_unit: u32) -> i64 {
    let mut next = 0;
    for &(length, position) in &log().renders {
        assert_eq!(position, next);
        assert_eq!(length % bytes_per_unit, 0);
        next += i64::from(length);
    }
    next / i64::from(bytes_per_unit)
}

fn wave_sink_cadence() {
    let rig = play_wave(Options::default(), SECOND);
    let frames = check_positions(4);
    // One second, and 40 ms ahead, in blocks of 10 ms.
    assert!(
        (44_100 + 882..44_100 + 3 * 882).contains(&frames),
        "{frames}"
    );
    let syncs = &log().syncs;
    assert_eq!((syncs[0].1, syncs[0].2), (0, true));
    assert!(
        syncs[1..].iter().all(|s| !s.2) && (45..=52).contains(&syncs.len()),
        "{}",
        syncs.len()
    );
    for pair in syncs.windows(2) {
        let (master, device) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        assert!(
            (master - device).abs() < 50,
            "device time follows the master clock: {master} {device}"
        );
    }
    let played = pcm_sink::played().unwrap();
    assert_eq!(
        (
            played.frames as i64,
            played.underruns,
            progress().failed_writes
        ),
        (frames, 0, 0)
    );
    assert_eq!(pcm_sink::take().len() as i64, frames * 4);
    rig.finish_clean();
}

fn wave_sink_frames_and_lists() {
    let wave_sink = WaveSinkOptions {
        blocks: Blocks::List(vec![1, 4096, 17]),
        unit: Unit::Frames,
        ..WaveSinkOptions::default()
    };
    let audio = AudioOptions {
        wave_sink,
        ..AudioOptions::default()
    };
    let rig = play_wave(
        Options {
            audio,
            ..Options::default()
        },
        SECOND,
    );
    let frames = check_positions(1);
    assert!(frames > 44_100);
    assert_eq!(
        log()
            .renders
            .iter()
            .take(4)
            .map(|r| r.0)
            .collect::<Vec<_>>(),
        [1, 4096, 17, 1]
    );
    rig.finish_clean();
}

fn device_drift() {
    let rig = play_wave(
        Options {
            drift_ppm: 200.0,
            ..Options::default()
        },
        100 * SECOND,
    );
    let (first, last) = (log().syncs[0], *log().syncs.last().unwrap());
    let ppm = ((last.1 - first.1) as f64 / (last.0 - first.0) as f64 - 1.0) * 1e6;
    assert!((ppm - 200.0).abs() < 1.0, "{ppm}");
    rig.finish_clean();
}
