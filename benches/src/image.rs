// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's image in the simulated kernel, in a process of its own: the parent says when a round is due.

use crate::engines::{Effects, GM_ON};
use crate::material::{self, BLOCK, RATE, VELOCITY, dls};
use crate::measure::{Hash, ROUND};
use crate::songs::race::Played;
use anyhow::{Context, Result, anyhow, bail, ensure};
use arioso_core::ks::guid::GUID_DMUS_PROP_Effects;
use arioso_core::ks::guid::{KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC};
use arioso_core::ks::ks::{KSPIN_DATAFLOW_IN, KSSTATE_RUN};
use arioso_count::songs::{Passage, VOICES};
use conformance::Client;
use conformance::events::{EventBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::synth::{self, statistics};
use conformance::wave::{WavePath, is_wave_output};
use serde::{Deserialize, Serialize};
use simkernel::client::{ClientOptions, SimClient};
use simkernel::modules::pcm_sink::{self, Keep};
use simkernel::modules::portcls::wave_sink::{self, Blocks, WaveSinkOptions};
use simkernel::registry::Value;
use simkernel::system::{FileData, Options, System};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// How the rows of the image are called.
pub const NAME: &str = "arioso.sys";

const SERVICE: &str = "Arioso";
const BANK: &str = "\\SystemRoot\\System32\\drivers\\gm.dls";
/// 100 ns.
const SECOND: i64 = 10_000_000;

/// Where `cargo xtask build` leaves the image.
pub fn path() -> PathBuf {
    match std::env::var_os("ARIOSO_SYS") {
        Some(path) => path.into(),
        None => crate::root().join("target/driver/x64/release/arioso.sys"),
    }
}

/// What a round cost, or at the end what was heard.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Answer {
    /// What the driver itself took. What the simulated kernel takes for a call says nothing of Windows.
    driver_ns: u64,
    /// Calls into the simulated kernel.
    calls: u64,
    frames: u64,
    sounding: usize,
    rms: f64,
    hash: u64,
}

impl Answer {
    /// What has been rendered between two looks.
    fn add(&mut self, clock: &Clock, before: &wave_sink::Progress, after: &wave_sink::Progress) {
        self.frames = after.frames - before.frames;
        let render_ns = after.render_ns - before.render_ns;
        let clocks = after.driver_clocks - before.driver_clocks;
        // No more than the thread had, whoever came between.
        self.driver_ns = clock.ns(clocks).min(render_ns);
        self.calls = after.calls - before.calls;
    }
}

/// How long a clock of the processor is.
struct Clock {
    began: (Instant, u64),
}

impl Clock {
    fn start() -> Self {
        Self {
            began: (Instant::now(), wave_sink::clocks()),
        }
    }

    fn ns(&self, clocks: u64) -> u64 {
        let (time, first) = self.began;
        let passed = wave_sink::clocks().wrapping_sub(first).max(1);
        (clocks as f64 * time.elapsed().as_nanos() as f64 / passed as f64) as u64
    }
}

/// An image that holds notes.
pub struct Image {
    pub setting: &'static str,
    pub voices: usize,
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    best: f64,
}

/// What the image turned out to do.
pub struct Heard {
    pub ns_per_frame: f64,
    pub sounding: usize,
    pub rms: f64,
    pub hash: u64,
}

impl Image {
    pub fn start(setting: &'static str, voices: usize) -> Result<Self> {
        let mut image = Self::spawn(setting, voices, &["image", setting, &voices.to_string()])?;
        // The notes' start.
        image.ask("round")?;
        Ok(image)
    }

    fn spawn(setting: &'static str, voices: usize, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = child.stdin.take().context("a pipe")?;
        let answers = BufReader::new(child.stdout.take().context("a pipe")?);
        Ok(Self {
            setting,
            voices,
            child,
            ask,
            answers,
            best: f64::INFINITY,
        })
    }

    fn ask(&mut self, what: &str) -> Result<Answer> {
        writeln!(self.ask, "{what}")?;
        self.ask.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("{NAME} gave up"))
    }

    pub fn round(&mut self) -> Result<()> {
        let answer = self.ask("round")?;
        if answer.frames > 0 {
            self.best = self
                .best
                .min(answer.driver_ns as f64 / answer.frames as f64);
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<Heard> {
        let answer = self.ask("end")?;
        drop(self.ask);
        let status = self.child.wait()?;
        ensure!(status.success(), "{NAME}: {status}");
        Ok(Heard {
            ns_per_frame: self.best,
            sounding: answer.sounding,
            rms: answer.rms,
            hash: answer.hash,
        })
    }
}

/// The driver with a client, its MIDI pin and its wave pin, both in RUN.
struct Playing {
    client: SimClient,
    pin: Pin<SimClient>,
    /// It ends with the process.
    _wave: WavePath<SimClient>,
}

/// Boots a machine with the driver; `block` frames are rendered at once.
fn boot(setting: &str, voices: usize, bank: Vec<u8>, block: usize, groups: u32) -> Result<Playing> {
    let quality = match setting {
        "linear" => 0,
        "sinc8" => 1,
        "sinc16" => 2,
        _ => bail!("{NAME} has no {setting}"),
    };
    let parameters = [
        ("Voices", u32::try_from(voices.max(16))?),
        ("Quality", quality),
        // Nobody is cut here for the time that it takes.
        ("SliceBudget", 1000),
    ];
    let machine = System::boot(Options {
        parameters: parameters
            .iter()
            .map(|(name, value)| ((*name).into(), Value::dword(*value)))
            .chain([("BankPath".into(), Value::text(BANK))])
            .collect(),
        files: [(BANK.into(), FileData::Bytes(bank.into()))].into(),
        watched_vectors: false,
        ..Options::default()
    });
    // It ends with the process.
    let machine = Box::leak(Box::new(machine));
    wave_sink::configure(WaveSinkOptions {
        blocks: Blocks::Fixed(block as u32),
        ..WaveSinkOptions::default()
    });
    pcm_sink::configure(Keep::All, 0.0);
    let image: &Path = &path();
    ensure!(
        image.is_file(),
        "no {}: run `cargo xtask build`",
        image.display()
    );
    machine
        .load_driver(SERVICE, image)
        .map_err(|error| anyhow!("{error}"))?;
    let device = machine
        .add_root_device(SERVICE)
        .map_err(|status| anyhow!("AddDevice: {status:#x}"))?;
    ensure!(machine.start(device) == 0, "the device does not start");
    let mut client = machine.client(ClientOptions::default());

    let (filter, pin) = Filter::find(&mut client, &KSCATEGORY_SYNTHESIZER, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
    })
    .map_err(fail)?;
    let mut pin = filter.direct_music_pin(&mut client, pin).map_err(fail)?;
    synth::set_channel_groups(&mut client, pin.handle, groups).map_err(fail)?;
    let pins = filter.pins(&mut client).map_err(fail)?;
    let wave = pins
        .iter()
        .find(|pin| is_wave_output(pin))
        .context("no wave pin")?;
    let mut wave = WavePath::open(&mut client, &filter, wave.id, RATE).map_err(fail)?;
    wave.run(&mut client).map_err(fail)?;
    pin.set_state(&mut client, KSSTATE_RUN).map_err(fail)?;
    Ok(Playing {
        client,
        pin,
        _wave: wave,
    })
}

fn fail(error: conformance::error::Error) -> anyhow::Error {
    anyhow!("{error:?}")
}

impl Playing {
    fn send(&mut self, buffer: &EventBuffer) -> Result<()> {
        if buffer.is_empty() {
            return Ok(());
        }
        write(
            &mut self.client,
            self.pin.handle,
            buffer.start(),
            buffer.bytes(),
        )
        .wait(&mut self.client)
        .map_err(fail)?;
        Ok(())
    }

    /// What comes in a second of a passage that is heard from `start` on; nothing behind its end.
    fn send_second(&mut self, passage: Option<&Passage>, index: usize, start: i64) -> Result<()> {
        let passage = passage.context("no song")?;
        let mut buffer = EventBuffer::new(start);
        for message in passage
            .by_second()
            .nth(index)
            .map_or(&[][..], |second| second.messages)
        {
            let time = start + message.frame as i64 * SECOND / i64::from(RATE);
            buffer.push(time, u32::from(message.group) + 1, &message.bytes);
        }
        self.send(&buffer)
    }
}

/// The child: boots, holds the notes, plays a round for each line of its input.
pub fn child(setting: &str, voices: usize) -> Result<()> {
    let notes = material::notes(voices);
    let groups = notes.last().map_or(1, |note| note.group + 1);
    let mut playing = boot(setting, voices, dls(), ROUND, groups.into())?;
    let now = playing.client.now();
    let mut buffer = EventBuffer::new(now);
    for group in 1..=groups {
        for channel in 0..16 {
            for (controller, value) in material::CONTROLLERS {
                let message = [0xB0 | channel, controller, value];
                buffer.push(now, group.into(), &message);
            }
            buffer.push(now, group.into(), &[0xB0 | channel, 91, 0]);
        }
    }
    for note in &notes {
        let message = [0x90 | note.channel, note.key, VELOCITY];
        buffer.push(now, (note.group + 1).into(), &message);
    }
    playing.send(&buffer)?;
    let client = &mut playing.client;
    client.sleep(SECOND / 2);

    let stdin = std::io::stdin();
    let clock = Clock::start();
    let mut before = wave_sink::progress();
    let mut heard = Vec::new();
    for line in stdin.lock().lines() {
        let mut answer = Answer::default();
        if line? == "end" {
            let counted = statistics(client, playing.pin.handle).map_err(fail)?;
            answer.sounding = counted.Voices as usize;
            (answer.rms, answer.hash) = loudness(&heard);
        } else {
            client.sleep(SECOND * ROUND as i64 / i64::from(RATE));
            let after = wave_sink::progress();
            answer.add(&clock, &before, &after);
            before = after;
            if heard.is_empty() {
                heard = pcm_sink::take();
            }
            // Enough has been kept.
            let _ = pcm_sink::take();
        }
        println!("{}", serde_json::to_string(&answer)?);
    }
    Ok(())
}

/// An image that plays songs.
pub struct SongImage(Image);

impl SongImage {
    pub fn start(setting: &'static str, bank: &Path) -> Result<Self> {
        let bank = bank.to_str().context("a path that is no text")?;
        Image::spawn(setting, VOICES, &["image-songs", setting, bank]).map(Self)
    }

    /// Silence, power-on state; then the passage, from its first second on.
    pub fn begin(&mut self, passage: &Passage, effects: Effects) -> Result<()> {
        let on = u32::from(effects.reverb) * DMUS_EFFECT_REVERB
            + u32::from(effects.chorus) * DMUS_EFFECT_CHORUS;
        let what = format!("begin {} {} {on}", passage.name, passage.seconds());
        self.0.ask(&what)?;
        Ok(())
    }

    /// The next second of it.
    pub fn second(&mut self) -> Result<Played> {
        let answer = self.0.ask("second")?;
        ensure!(answer.frames > 0, "{NAME} rendered nothing");
        // Blocks do not divide a second.
        let share = f64::from(RATE) / answer.frames as f64;
        Ok(Played {
            ns: (answer.driver_ns as f64 * share) as u64,
            power: answer.rms.powi(2) * f64::from(2 * RATE),
            voices: None,
        })
    }

    pub fn finish(self) -> Result<()> {
        self.0.finish().map(|_| ())
    }
}

/// From a message's arrival to its frame: more than the sink is ahead.
const AHEAD: i64 = SECOND / 5;
/// Of `GUID_DMUS_PROP_Effects` (dmusprop.h).
const DMUS_EFFECT_REVERB: u32 = 1;
const DMUS_EFFECT_CHORUS: u32 = 2;

/// The child: boots, plays what the lines of its input name, a second for each `second`.
pub fn songs_child(setting: &str, bank: &str) -> Result<()> {
    let clock = Clock::start();
    let mut playing = boot(setting, VOICES, std::fs::read(bank)?, BLOCK, 1)?;
    let stdin = std::io::stdin();
    let mut passage: Option<Passage> = None;
    let (mut start, mut index) = (0, 0);
    for line in stdin.lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let mut answer = Answer::default();
        match words[..] {
            ["begin", song, seconds, effects] => {
                let known = passage.take().filter(|passage| passage.name == song);
                passage = Some(match known {
                    Some(passage) => passage,
                    None => Passage::of(song, seconds.parse()?)?,
                });
                let on: u32 = effects.parse()?;
                let client = &mut playing.client;
                synth::property(GUID_DMUS_PROP_Effects, 0)
                    .set(client, playing.pin.handle, on)
                    .map_err(fail)?;
                let soon = client.now() + AHEAD;
                let mut buffer = EventBuffer::new(soon);
                for channel in 0..16 {
                    buffer.push(soon, 1, &[0xB0 | channel, 120, 0]);
                }
                buffer.push(soon, 1, GM_ON);
                playing.send(&buffer)?;
                playing.client.sleep(SECOND);
                let _ = pcm_sink::take();
                (start, index) = (playing.client.now() + AHEAD, 0);
                playing.send_second(passage.as_ref(), index, start)?;
                // Now the sink stands at the first frame, as far as it is ahead.
                let lead = WaveSinkOptions::default().lead;
                playing.client.sleep(AHEAD - lead);
                let _ = pcm_sink::take();
            }
            ["second"] => {
                index += 1;
                playing.send_second(passage.as_ref(), index, start)?;
                let before = wave_sink::progress();
                playing.client.sleep(SECOND);
                let after = wave_sink::progress();
                answer.add(&clock, &before, &after);
                (answer.rms, _) = loudness(&pcm_sink::take());
            }
            ["end"] => {
                let counted = statistics(&mut playing.client, playing.pin.handle).map_err(fail)?;
                ensure!(
                    counted.Late == 0,
                    "{} of {} events came late",
                    counted.Late,
                    counted.Events
                );
            }
            _ => bail!("{line}?"),
        }
        println!("{}", serde_json::to_string(&answer)?);
    }
    Ok(())
}

/// RMS and hash of 16-bit PCM, from the first sound on.
fn loudness(bytes: &[u8]) -> (f64, u64) {
    let silent = bytes.iter().take_while(|byte| **byte == 0).count();
    let heard = &bytes[silent & !3..];
    let power: f64 = heard
        .as_chunks()
        .0
        .iter()
        .map(|sample| (f64::from(i16::from_le_bytes(*sample)) / 32768.0).powi(2))
        .sum();
    let mut hash = Hash::default();
    hash.add(heard);
    ((power / (heard.len() as f64 / 2.0).max(1.0)).sqrt(), hash.0)
}
