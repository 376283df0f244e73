// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arioso.exe listen` under Wine with PulseAudio's null sinks for devices: what is played into the first is heard from the second.
//! The program must have been built: `cargo xtask windows`. What Wine cannot do is in `docs/listen.md`.

#[path = "../wine/prefix.rs"]
#[allow(dead_code, reason = "the other test uses the rest")]
mod prefix;
#[path = "../wine/registry.rs"]
#[allow(dead_code, reason = "the other test uses it")]
mod registry;

use prefix::{Prefix, root};
use std::f64::consts::TAU;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const RATE: usize = 48_000;
/// Frames of a note, and how many there are: a minute.
const NOTE: usize = RATE / 4;
const NOTES: usize = 240;
/// Frames around where a note is expected.
const REACH: i64 = 600;

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A sound server of our own with two devices: "Arioso" can be recorded, "Loudspeaker" plays.
struct Pulse {
    _server: Running,
    socket: String,
}

impl Pulse {
    fn start(directory: &Path) -> Self {
        let socket = directory.join("pulse").display().to_string();
        let sink = |name: &str| {
            format!(
                "module-null-sink sink_name={name} rate={RATE} sink_properties=device.description={name}"
            )
        };
        let server = Command::new("pulseaudio")
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-target=null"])
            .args(["-L", &format!("module-native-protocol-unix socket={socket} auth-anonymous=1")])
            .args(["-L", &sink("Played"), "-L", &sink("Loudspeaker")])
            .args(["-L", "module-remap-source master=Played.monitor source_name=Arioso source_properties=device.description=Arioso"])
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio (cargo xtask setup)");
        let pulse = Self {
            _server: Running(server),
            socket: format!("unix:{socket}"),
        };
        let start = Instant::now();
        while !pulse
            .command("pactl")
            .arg("info")
            .output()
            .is_ok_and(|output| output.status.success())
        {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "PulseAudio does not answer"
            );
            sleep(Duration::from_millis(100));
        }
        for default in [
            ["set-default-sink", "Loudspeaker"],
            ["set-default-source", "Arioso"],
        ] {
            let _ = pulse.command("pactl").args(default).status();
        }
        pulse
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PULSE_SERVER", &self.socket);
        command
    }
}

/// The note's frequency: a walk over three octaves that repeats no neighbour.
fn pitch(note: usize) -> f64 {
    220.0 * ((note * 7 % 36) as f64 / 12.0).exp2()
}

/// A frame of the song.
fn song(frame: usize) -> f64 {
    let (note, at) = (frame / NOTE, (frame % NOTE) as f64 / RATE as f64);
    if note >= NOTES {
        return 0.0;
    }
    // An attack of 2 ms, and a decay to a third.
    0.5 * (at / 0.002).min(1.0) * (-4.0 * at).exp() * (TAU * pitch(note) * at).sin()
}

/// Level and phase of a frequency in a part, by a Hann window.
fn tone(samples: &[f64], frequency: f64) -> (f64, f64) {
    let count = samples.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let window = 0.5 - 0.5 * (TAU * n as f64 / count).cos();
        let phase = TAU * frequency * n as f64 / RATE as f64;
        re += sample * window * phase.cos();
        im -= sample * window * phase.sin();
    }
    ((re * re + im * im).sqrt() / count, im.atan2(re))
}

/// Level and pitch (as a ratio to the note's) of a note that begins at a frame.
fn measure(samples: &[f64], note: usize) -> (f64, f64) {
    let part = NOTE / 3;
    let (first, second) = (
        &samples[RATE / 100..][..part],
        &samples[RATE / 100 + part..][..part],
    );
    let frequency = pitch(note);
    let ((level, one), (_, two)) = (tone(first, frequency), tone(second, frequency));
    let turn = two - one - TAU * frequency * part as f64 / RATE as f64;
    let turn = (turn + TAU * 1e6 + TAU / 2.0) % TAU - TAU / 2.0;
    (
        level,
        1.0 + turn / (TAU * frequency * part as f64 / RATE as f64),
    )
}

#[test]
#[ignore = "a minute of real time on an idle machine"]
fn a_minute_from_one_device_to_another() {
    let directory = root().join("target/listen");
    fs::create_dir_all(&directory).unwrap();
    let directory = directory.canonicalize().unwrap();
    let prefix = Prefix::new();
    let pulse = Pulse::start(&directory);
    // Float, so that nothing is rounded on the way in or out.
    let raw: Vec<u8> = (0..(NOTES + 8) * NOTE)
        .flat_map(|frame| {
            let sample = (song(frame) as f32).to_le_bytes();
            [sample, sample].concat()
        })
        .collect();
    let file = directory.join("song.raw");
    fs::write(&file, raw).unwrap();

    let listening = prefix
        .start(&["listen", "--from", "Arioso", "--to", "Loudspeaker"])
        .env("PULSE_SERVER", &pulse.socket)
        .spawn();
    let listening = Running(listening.expect("wine (cargo xtask setup)"));
    sleep(Duration::from_secs(8));
    let format = [
        "--raw",
        "--format=float32le",
        "--rate=48000",
        "--channels=2",
    ];
    let mut recorder = pulse.command("parec");
    recorder
        .args(format)
        .args(["--device=Loudspeaker.monitor", "--latency-msec=20"])
        .stdout(Stdio::piped());
    let mut recorder = Running(recorder.spawn().expect("parec (cargo xtask setup)"));
    let mut output = recorder.0.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = output.read_to_end(&mut bytes);
        bytes
    });
    let played = pulse
        .command("paplay")
        .args(format)
        .arg("--device=Played")
        .arg(&file)
        .status();
    assert!(played.expect("paplay (cargo xtask setup)").success());
    sleep(Duration::from_secs(2));
    drop(recorder);
    drop(listening);
    let bytes = reader.join().unwrap();
    fs::write(directory.join("heard.raw"), &bytes).unwrap();
    let (frames, _) = bytes.as_chunks::<8>();
    let heard: Vec<f64> = frames
        .iter()
        .map(|frame| f64::from(f32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]])))
        .collect();
    compare(&heard);
}

/// Every note, its level, its pitch; and no gap.
fn compare(heard: &[f64]) {
    let begin = heard
        .iter()
        .position(|sample| sample.abs() > 0.05)
        .expect("nothing was heard");
    let expected: Vec<f64> = (0..NOTES * NOTE).map(song).collect();
    let start = expected
        .iter()
        .position(|sample| sample.abs() > 0.05)
        .unwrap();
    let begin = begin.saturating_sub(start);
    assert!(
        heard.len() >= begin + NOTES * NOTE,
        "the end is missing: {} of {} frames",
        heard.len() - begin,
        NOTES * NOTE
    );
    let (mut level, mut cents, mut shift) = (0f64, 0f64, 0i64);
    let mut gaps = 0;
    for note in 0..NOTES {
        let (from, to) = (note * NOTE, (note + 1) * NOTE);
        // The two devices' clocks move it little by little; a jump is a loss. Looked for far enough that a period's alias is not taken for it.
        let wanted = &expected[from..to];
        let last = heard.len() as i64 - (begin + to) as i64;
        let place = |shift: i64| {
            &heard[(begin as i64 + from as i64 + shift).max(0) as usize..][..NOTE - 100]
        };
        let fit = |at: i64| -> f64 {
            let pairs = place(at)[..NOTE / 3].iter().zip(wanted);
            // Of the places that a note's turns make alike, the nearest.
            let far = 1e-4 * (at - shift).abs() as f64;
            pairs.map(|(a, b)| a * b).sum::<f64>() * (1.0 - far)
        };
        let best = (shift - REACH..=shift + REACH)
            .filter(|shift| *shift < last)
            .max_by(|a, b| fit(*a).total_cmp(&fit(*b)))
            .unwrap_or(shift);
        if note > 0 && (best - shift).abs() > 12 {
            println!("note {note}: {} frames off", best - shift);
            gaps += 1;
        }
        shift = best;
        let part = place(shift);
        let (found, ratio) = measure(part, note);
        let (right, one) = measure(wanted, note);
        level = level.max((20.0 * (found / right).log10()).abs());
        cents = cents.max((1200.0 * (ratio / one).log2()).abs());
        for (at, (a, b)) in part.chunks(96).zip(wanted.chunks(96)).enumerate().skip(2) {
            let power = |samples: &[f64]| {
                samples
                    .iter()
                    .map(|sample| sample * sample)
                    .sum::<f64>()
                    .sqrt()
            };
            // The lowest note's turn is longer than two of these parts: next to nothing is a gap.
            if power(a) < 0.1 * power(b) && power(b) > 0.05 {
                println!("note {note}: a gap at {} ms", at * 2);
                gaps += 1;
            }
        }
    }
    println!(
        "{NOTES} notes in 60 s: level within {level:.3} dB, pitch within {cents:.2} cents, {gaps} gaps, {shift} frames of drift"
    );
    assert_eq!(gaps, 0);
    assert!(level < 0.1, "{level} dB");
    assert!(cents < 3.0, "{cents} cents");
}

#[test]
fn the_comparison_sees_what_is_missing() {
    let whole: Vec<f64> = (0..(NOTES + 8) * NOTE).map(song).collect();
    compare(&whole);
    let fails = |change: fn(&mut Vec<f64>)| {
        let mut heard = whole.clone();
        change(&mut heard);
        std::panic::catch_unwind(|| compare(&heard)).is_err()
    };
    // Ten milliseconds of silence, as much left out, one note silent, two hundredths too soft.
    assert!(fails(|heard| heard[500_000..500_480].fill(0.0)));
    assert!(fails(|heard| drop(heard.drain(500_000..500_480))));
    assert!(fails(|heard| heard[50 * NOTE..51 * NOTE].fill(0.0)));
    assert!(fails(|heard| heard
        .iter_mut()
        .skip(NOTE)
        .for_each(|sample| *sample *= 0.98)));
}
