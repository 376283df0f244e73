// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arioso live` on JACK's dummy device, in real time: from a key to the loudspeaker, as another client of JACK hears it.
//!
//! `ARIOSO_NOTES=10000` is what docs/listen.md tells of; without it there are fewer. The picture is `target/live/latency.png`.

use arioso_cli::plot;
use jack::{
    AudioIn, Client, ClientOptions, Control, LoggerType, MidiOut, NotificationHandler, Port,
    PortFlags, ProcessHandler, ProcessScope, RawMidi,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

const RATE: f64 = 48_000.0;
/// The issue's limit, ms.
const LIMIT: f64 = 10.0;
/// Half of full scale arrives as more, silence as less.
const HEARD: f32 = 0.02;
/// Frames of a note: four milliseconds, so that a cycle that JACK loses does not swallow it; and those in which it is heard once.
const LENGTH: usize = 192;
const RING: u64 = 480;

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Plays notes at random times and listens, both in frames of JACK's clock.
struct Keyboard {
    out: Port<MidiOut>,
    ear: Port<AudioIn>,
    random: u64,
    /// Frames of all cycles.
    now: u64,
    next: u64,
    left: usize,
    silent_until: u64,
    told: Sender<Told>,
}

/// What a cycle saw.
enum Told {
    /// A note's frame, and when its cycle began by the computer's clock, µs.
    Sent(u64, u64),
    Heard(u64, u64),
}

impl Keyboard {
    /// 15 to 35 ms, to the frame.
    fn pause(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        720 + self.random % 960
    }
}

impl ProcessHandler for Keyboard {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let frames = u64::from(scope.n_frames());
        let time = scope.cycle_times().map_or(0, |times| times.current_usecs);
        for (at, sample) in (self.now..).zip(self.ear.as_slice(scope)) {
            if sample.abs() > HEARD && at >= self.silent_until {
                self.silent_until = at + RING;
                let offset = (at - self.now) as f64 / RATE * 1e6;
                let _ = self.told.send(Told::Heard(at, time + offset as u64));
            }
        }
        let mut sends = Vec::new();
        while self.left > 0 && self.next < self.now + frames {
            sends.push(self.next);
            self.left -= 1;
            self.next += self.pause();
        }
        let mut writer = self.out.writer(scope);
        for at in sends {
            let offset = (at - self.now) as u32;
            let key = 36 + (at % 48) as u8;
            let note = RawMidi {
                time: offset,
                bytes: &[0x90, key, 100],
            };
            writer.write(&note).expect("room for a note");
            let late = f64::from(offset) / RATE * 1e6;
            let _ = self.told.send(Told::Sent(at, time + late as u64));
        }
        self.now += frames;
        Control::Continue
    }
}

/// A server of our own with the dummy device.
fn server(name: &str) -> Running {
    let child = Command::new("jackd")
        .args(["-n", name, "-d", "dummy", "-p", "64", "-r", "48000"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("jackd of the package jackd2");
    Running(child)
}

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "{what}");
        sleep(Duration::from_millis(100));
    }
}

fn directory() -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/live");
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// Every note is a pulse.
fn pulse() -> Vec<u8> {
    let impulse = arioso_bank::test_banks::impulse(48_000);
    let (mut bank, _) = arioso_bank::dls::read(&impulse).unwrap();
    for wave in &mut bank.waves {
        wave.frames = vec![i16::MAX / 2; LENGTH];
    }
    bank.to_bytes()
}

/// Counts the cycles that JACK could not keep.
#[derive(Clone, Default)]
struct Xruns(Arc<AtomicU64>);

impl NotificationHandler for Xruns {
    fn xrun(&mut self, _: &Client) -> Control {
        self.0.fetch_add(1, Ordering::Relaxed);
        Control::Continue
    }
}

/// So many notes; gives frames and computer's times of what was sent and heard.
fn play(notes: usize, xruns: &Xruns) -> (Vec<(u64, u64)>, Vec<(u64, u64)>) {
    let name = format!("arioso-{}", std::process::id());
    // Of this process's own children and client.
    // SAFETY: no other thread runs yet that reads the environment.
    unsafe { std::env::set_var("JACK_DEFAULT_SERVER", &name) };
    jack::set_logger(LoggerType::None);
    let _server = server(&name);
    let client = until("jackd does not answer", || {
        Client::new("keyboard", ClientOptions::NO_START_SERVER).ok()
    })
    .0;
    let bank = directory().join("pulse.dls");
    fs::write(&bank, pulse()).unwrap();
    let program = Command::new(env!("CARGO_BIN_EXE_arioso"))
        .args([
            "live", "--system", "jack", "--reverb", "off", "--chorus", "off", "--bank",
        ])
        .arg(&bank)
        .spawn()
        .unwrap();
    let _program = Running(program);
    let out = client.register_port("keys", MidiOut::default()).unwrap();
    let ear = client.register_port("ear", AudioIn::default()).unwrap();
    let (keys, hears) = (out.name().unwrap(), ear.name().unwrap());
    let (told, telling) = channel();
    let keyboard = Keyboard {
        out,
        ear,
        random: 88_172_645_463_325_252,
        now: 0,
        // When everything is connected and has become calm.
        next: u64::MAX,
        left: notes,
        silent_until: 0,
        told,
    };
    until("arioso opens no ports", || {
        let ports = client.ports(Some("arioso:"), None, PortFlags::empty());
        (ports.len() == 3).then_some(())
    });
    let mut keyboard = keyboard;
    keyboard.next = 3 * RATE as u64;
    let running = client.activate_async(xruns.clone(), keyboard).unwrap();
    let client = running.as_client();
    client
        .connect_ports_by_name(&keys, "arioso:midi_in")
        .unwrap();
    client
        .connect_ports_by_name("arioso:out_left", &hears)
        .unwrap();
    collect(notes, &telling)
}

fn collect(notes: usize, telling: &Receiver<Told>) -> (Vec<(u64, u64)>, Vec<(u64, u64)>) {
    let (mut sent, mut heard) = (Vec::new(), Vec::new());
    while heard.len() < notes || sent.len() < notes {
        match telling.recv_timeout(Duration::from_secs(10)) {
            Ok(Told::Sent(frame, time)) => sent.push((frame, time)),
            Ok(Told::Heard(frame, time)) => heard.push((frame, time)),
            Err(_) => break,
        }
    }
    // What would be one too many comes now.
    while let Ok(more) = telling.recv_timeout(Duration::from_millis(500)) {
        if let Told::Heard(frame, time) = more {
            heard.push((frame, time));
        }
    }
    (sent, heard)
}

/// One server at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// What `arioso settings` and `arioso bank use` say and change counts while it plays.
#[test]
fn settings_are_followed() {
    let _alone = ALONE.lock();
    let name = format!("arioso-settings-{}", std::process::id());
    let _server = server(&name);
    let home = directory().join("home");
    let _ = fs::remove_dir_all(&home);
    let bank = directory().join("used.dls");
    fs::write(&bank, pulse()).unwrap();
    let said = directory().join("said.txt");
    let arioso = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arioso"));
        command
            .args(arguments)
            .env("ARIOSO_HOME", &home)
            .env("JACK_DEFAULT_SERVER", &name);
        command
    };
    let does = |arguments: &[&str]| {
        let output = arioso(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let lines = || fs::read_to_string(&said).unwrap_or_default();
    let wait = |what: &str| {
        until(what, || lines().contains(what).then_some(()));
    };
    does(&["settings", "set", "Voices", "99"]);
    until("jackd does not answer", || {
        let listed = arioso(&["live", "--system", "jack", "--list"])
            .output()
            .ok()?;
        listed.status.success().then_some(())
    });
    let program = arioso(&["live", "--system", "jack"])
        .stderr(fs::File::create(&said).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _program = Running(program);
    wait("JACK: port arioso:midi_in");
    let told = does(&["settings", "set", "Quality", "sinc16"]);
    assert!(told.contains("it counts in arioso live now"), "{told}");
    wait("99 voices, quality 2 (sinc16), 1 ms lead");
    does(&["bank", "use", bank.to_str().unwrap()]);
    wait("Settings have changed: 2 instruments");
    does(&["settings", "set", "WaveSinkFeed", "timer"]);
    wait("WaveSinkFeed counts when it is started again");
    does(&["settings", "reset"]);
    wait("256 voices, quality 1 (sinc8), 1 ms lead\n");
    println!("{}", lines());
}

#[test]
fn a_key_is_heard_within_ten_milliseconds() {
    let _alone = ALONE.lock();
    let notes = std::env::var("ARIOSO_NOTES").map_or(500, |notes| notes.parse().unwrap());
    let xruns = Xruns::default();
    let (sent, heard) = play(notes, &xruns);
    let xruns = xruns.0.load(Ordering::Relaxed);
    println!("{xruns} cycles were late by JACK's own count");
    assert_eq!(sent.len(), notes);
    // Notes are further apart than a note may take: what is heard next is the note.
    let mut rest = heard.iter().peekable();
    let mut pairs = Vec::new();
    for (at, note) in sent.iter().enumerate() {
        let end = sent.get(at + 1).map_or(u64::MAX, |next| next.0);
        while rest.next_if(|heard| heard.0 < note.0).is_some() {}
        if let Some(heard) = rest.next_if(|heard| heard.0 < end) {
            pairs.push((*note, *heard));
        } else {
            println!("note {at} is not heard");
        }
    }
    let frames: Vec<f64> = pairs
        .iter()
        .map(|(sent, heard)| (heard.0 - sent.0) as f64 / RATE * 1e6)
        .collect();
    let clock: Vec<f64> = pairs
        .iter()
        .map(|(sent, heard)| heard.1 as f64 - sent.1 as f64)
        .collect();
    let found = pairs.len();
    for (what, values) in [("JACK's frames", &frames), ("the computer's clock", &clock)] {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let part = |part: f64| sorted[((found - 1) as f64 * part) as usize] / 1e3;
        let over = sorted.iter().filter(|value| **value > LIMIT * 1e3).count();
        println!(
            "{found} of {notes} notes by {what}: {:.2} to {:.2} ms, half within {:.2}, 99 % within {:.2}, 99.9 % within {:.2}; {over} over {LIMIT} ms",
            part(0.0),
            part(1.0),
            part(0.5),
            part(0.99),
            part(0.999)
        );
    }
    let report = serde_json::to_vec(&serde_json::json!({ "latency_us": frames })).unwrap();
    let png = plot::draw(&report, "arioso live over JACK, 64 frames").unwrap();
    fs::write(directory().join("latency.png"), png).unwrap();
    // A cycle that JACK itself could not keep may cost a note, or its time: so many, and no more.
    let over = frames.iter().filter(|value| **value > LIMIT * 1e3).count();
    assert_eq!(heard.len(), found, "no note is heard twice");
    assert!(
        ((notes - found + over) as u64) <= xruns,
        "each note is heard, in time"
    );
}
