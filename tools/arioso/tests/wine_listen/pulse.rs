// SPDX-License-Identifier: MIT OR Apache-2.0
//! A PulseAudio of the test's own with null sinks for devices: "Arioso" can be recorded, "Loudspeaker" plays.

use crate::song::RATE;
use crate::urgent;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

/// A program that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server.
pub struct Pulse {
    server: Running,
    socket: String,
}

const SERVER: [&str; 5] = [
    "-n",
    "--daemonize=no",
    "--exit-idle-time=-1",
    "--use-pid-file=no",
    "--log-target=null",
];
const FORMAT: [&str; 4] = [
    "--raw",
    "--format=float32le",
    "--rate=48000",
    "--channels=2",
];

/// What brings a device.
const PLAYED: &str = "module-null-sink sink_name=Played rate=48000";
pub const LOUDSPEAKER: &str = "module-null-sink sink_name=Loudspeaker rate=48000 sink_properties=device.description=Loudspeaker";
/// The same loudspeaker, which takes 50 ms at a time from the first on: the other one takes two seconds of silence before anybody can ask for
/// less.
pub const LOUDSPEAKER_AGAIN: &str = "module-null-sink sink_name=Loudspeaker rate=48000 norewinds=1 sink_properties=device.description=Loudspeaker";
pub const ARIOSO: &str = "module-remap-source master=Played.monitor source_name=Arioso source_properties=device.description=Arioso";

impl Pulse {
    pub fn start(directory: &Path) -> Self {
        let socket = directory.join("pulse").display().to_string();
        let protocol = format!("module-native-protocol-unix socket={socket} auth-anonymous=1");
        let modules = [protocol.as_str(), PLAYED, LOUDSPEAKER, ARIOSO];
        let server = Command::new("pulseaudio")
            .args(SERVER)
            .args(modules.iter().flat_map(|module| ["-L", module]))
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio (cargo xtask setup)");
        let pulse = Self {
            server: Running(server),
            socket: format!("unix:{socket}"),
        };
        let start = Instant::now();
        while !pulse.says(&["info"]).1 {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "PulseAudio does not answer"
            );
            sleep(Duration::from_millis(100));
        }
        // The daemon gives its own first thread up.
        urgent::process(pulse.server.0.id(), 20);
        // Never those that go: streams move to a default device that comes back.
        for default in [
            ["set-default-sink", "Played"],
            ["set-default-source", "Played.monitor"],
        ] {
            assert!(pulse.says(&default).1);
        }
        pulse
    }

    /// For who is to find it.
    pub fn address(&self) -> (&'static str, &str) {
        ("PULSE_SERVER", &self.socket)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let (name, value) = self.address();
        command.env(name, value);
        command
    }

    /// What `pactl` says, and whether it did it.
    fn says(&self, arguments: &[&str]) -> (String, bool) {
        let output = self.command("pactl").args(arguments).output();
        let output = output.expect("pactl (cargo xtask setup)");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (text, output.status.success())
    }

    /// Takes a device away.
    pub fn unload(&self, module: &str) {
        let (name, arguments) = module.split_once(' ').expect("a module with arguments");
        let (modules, _) = self.says(&["list", "short", "modules"]);
        let number = modules.lines().find_map(|line| {
            let mut parts = line.split('\t');
            let number = parts.next()?;
            (parts.next()? == name && parts.next()? == arguments).then_some(number)
        });
        let number = number.unwrap_or_else(|| panic!("no {module} in {modules}"));
        assert!(self.says(&["unload-module", number]).1);
    }

    /// Brings a device; when it is there.
    pub fn load(&self, module: &str) -> Instant {
        let arguments: Vec<&str> = ["load-module"]
            .into_iter()
            .chain(module.split(' '))
            .collect();
        assert!(self.says(&arguments).1);
        Instant::now()
    }

    /// Plays frames into the recorded device.
    pub fn play(&self, file: &Path) -> Running {
        let playing = self
            .command("paplay")
            .args(FORMAT)
            .arg("--device=Played")
            .arg(file)
            .spawn()
            .expect("paplay (cargo xtask setup)");
        urgent::process(playing.id(), 20);
        Running(playing)
    }

    /// Records the loudspeaker.
    pub fn record(&self) -> Recorder {
        self.record_from("Loudspeaker.monitor")
    }

    /// Records what is played into the recorded device. While somebody does so PulseAudio gives it every 20 ms, else it may make two seconds at
    /// a time.
    pub fn record_played(&self) -> Recorder {
        self.record_from("Played.monitor")
    }

    fn record_from(&self, device: &str) -> Recorder {
        let mut child = self
            .command("parec")
            .args(FORMAT)
            .args(["--device", device, "--latency-msec=20"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("parec (cargo xtask setup)");
        urgent::process(child.id(), 20);
        let mut output = child.stdout.take().expect("a pipe");
        let reader = thread::spawn(move || {
            let (mut samples, mut rest, mut part) = (Vec::new(), Vec::new(), [0; 4096]);
            let mut first = None;
            while let Ok(count @ 1..) = output.read(&mut part) {
                rest.extend_from_slice(&part[..count]);
                let (frames, _) = rest.as_chunks::<8>();
                let before = samples.len();
                samples.extend(frames.iter().map(|frame| {
                    let left = [frame[0], frame[1], frame[2], frame[3]];
                    f64::from(f32::from_le_bytes(left))
                }));
                rest.drain(..8 * (samples.len() - before));
                if first.is_none() && samples[before..].iter().any(|sample| is_sound(*sample)) {
                    first = Some(Instant::now());
                }
            }
            (samples, first)
        });
        Recorder {
            program: Running(child),
            reader,
        }
    }
}

/// What listens to the loudspeaker.
pub struct Recorder {
    program: Running,
    reader: JoinHandle<(Vec<f64>, Option<Instant>)>,
}

impl Recorder {
    /// What it has heard, of the left channel, and when it first heard something.
    pub fn end(self) -> (Vec<f64>, Option<Instant>) {
        drop(self.program);
        self.reader.join().expect("frames")
    }
}

/// Not what a filter rounds to.
pub fn is_sound(sample: f64) -> bool {
    sample.abs() > 0.01
}

/// Frames for [`Pulse::play`]: float, so that nothing is rounded on the way in or out.
pub fn stereo(samples: impl Iterator<Item = f64>) -> Vec<u8> {
    samples
        .flat_map(|sample| {
            let sample = (sample as f32).to_le_bytes();
            [sample, sample].concat()
        })
        .collect()
}

const _: () = assert!(RATE == 48_000);
