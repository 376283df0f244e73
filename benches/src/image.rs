// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's image in the simulated kernel, in a process of its own: the parent says when a round is due.

use crate::material::{self, RATE, VELOCITY, dls};
use crate::measure::{Hash, ROUND};
use anyhow::{Context, Result, anyhow, bail, ensure};
use arioso_core::ks::guid::{KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC};
use arioso_core::ks::ks::{KSPIN_DATAFLOW_IN, KSSTATE_RUN};
use conformance::Client;
use conformance::events::{EventBuffer, write};
use conformance::filter::Filter;
use conformance::synth::{self, statistics};
use conformance::wave::{WavePath, is_wave_output};
use serde::{Deserialize, Serialize};
use simkernel::client::ClientOptions;
use simkernel::modules::pcm_sink::{self, Keep};
use simkernel::modules::portcls::wave_sink::{self, Blocks, WaveSinkOptions};
use simkernel::registry::Value;
use simkernel::system::{FileData, Options, System};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

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
    render_ns: u64,
    frames: u64,
    sounding: usize,
    rms: f64,
    hash: u64,
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
        let mut child = Command::new(std::env::current_exe()?)
            .args(["image", setting, &voices.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = child.stdin.take().context("a pipe")?;
        let answers = BufReader::new(child.stdout.take().context("a pipe")?);
        let mut image = Self {
            setting,
            voices,
            child,
            ask,
            answers,
            best: f64::INFINITY,
        };
        // The notes' start.
        image.ask("round")?;
        Ok(image)
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
                .min(answer.render_ns as f64 / answer.frames as f64);
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

/// The child: boots, holds the notes, plays a round for each line of its input.
pub fn child(setting: &str, voices: usize) -> Result<()> {
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
    let mut machine = System::boot(Options {
        parameters: parameters
            .iter()
            .map(|(name, value)| ((*name).into(), Value::dword(*value)))
            .chain([("BankPath".into(), Value::text(BANK))])
            .collect(),
        files: [(BANK.into(), FileData::Bytes(dls().into()))].into(),
        ..Options::default()
    });
    wave_sink::configure(WaveSinkOptions {
        blocks: Blocks::Fixed(ROUND as u32),
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
    let client = &mut client;

    let fail = |error| anyhow!("{error:?}");
    let (filter, pin) = Filter::find(client, &KSCATEGORY_SYNTHESIZER, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
    })
    .map_err(fail)?;
    let mut pin = filter.direct_music_pin(client, pin).map_err(fail)?;
    let notes = material::notes(voices);
    let groups = notes.last().map_or(1, |note| note.group + 1);
    synth::set_channel_groups(client, pin.handle, groups.into()).map_err(fail)?;
    let pins = filter.pins(client).map_err(fail)?;
    let wave = pins
        .iter()
        .find(|pin| is_wave_output(pin))
        .context("no wave pin")?;
    let mut wave = WavePath::open(client, &filter, wave.id, RATE).map_err(fail)?;
    wave.run(client).map_err(fail)?;
    pin.set_state(client, KSSTATE_RUN).map_err(fail)?;

    let now = client.now();
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
    write(client, pin.handle, buffer.start(), buffer.bytes())
        .wait(client)
        .map_err(fail)?;
    client.sleep(SECOND / 2);

    let stdin = std::io::stdin();
    let mut before = wave_sink::progress();
    let mut heard = Vec::new();
    for line in stdin.lock().lines() {
        let mut answer = Answer::default();
        if line? == "end" {
            let counted = statistics(client, pin.handle).map_err(fail)?;
            answer.sounding = counted.Voices as usize;
            (answer.rms, answer.hash) = loudness(&heard);
        } else {
            client.sleep(SECOND * ROUND as i64 / i64::from(RATE));
            let after = wave_sink::progress();
            answer.frames = after.frames - before.frames;
            answer.render_ns = after.render_ns - before.render_ns;
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
