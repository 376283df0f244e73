// SPDX-License-Identifier: MIT OR Apache-2.0
//! Arioso against the synthesizers people use: the same samples, the same notes, one processor, one run.
//!
//! | module | holds |
//! |---|---|
//! | `arioso_count` | the instrument, as SoundFont and as DLS; the notes; instructions |
//! | [`engines`] | the synthesizers, behind one face |
//! | [`image`] | the driver's image in the simulated kernel |
//! | [`measure`] | how long, how loud, how many |
//! | [`songs`] | what people play: songs with banks of others |
//! | [`downloads`] | how fast the store takes a bank |
//! | [`limit`] | what the machine can do: bare kernels |
//! | [`report`], [`chart`] | the table, the file, the picture |
//! | [`prices`] | what the cost model says, and what is true |
//!
//! `arioso-bench` writes target/bench/report.{json,png}. Rounds of all engines are interleaved and the best of each counts.

mod chart;
mod downloads;
mod engines;
mod image;
mod limit;
mod measure;
mod prices;
mod report;
mod songs;

use anyhow::{Context, Result, bail};
use arioso_count::material;
use arioso_count::songs::Extent;
use downloads::Downloads;
use engines::{Effects, Make};
use image::Image;
use limit::Limits;
use measure::{Held, Starts};
use report::Row;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Held notes.
const COUNTS: [usize; 4] = [64, 240, 1000, 2000];
/// Peers are measured up to this many: what 15 channels with 16 keys hold, and one of them carries no more than 256.
const PEERS_MOST: usize = 240;
const EFFECTS_AT: usize = 64;
const STARTS_AT: usize = 240;
/// Rounds of [`starts`].
const STARTS_ROUNDS: usize = 300;

/// Rounds go on until this much time has passed.
const TIME: Duration = Duration::from_secs(30);
const LEAST_ROUNDS: usize = 5;

/// The repository.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

fn output_dir() -> Result<PathBuf> {
    let directory = root().join("target/bench");
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// Writes a file for a library that reads by name.
fn scratch_file(name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let file = output_dir()?.join(name);
    std::fs::write(&file, bytes)?;
    Ok(file)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => compare(),
        ["songs"] => only_songs(&Extent::FULL, "songs"),
        ["songs", "quick"] => only_songs(&Extent::QUICK, "quick"),
        ["starts"] => starts(),
        ["prices"] => prices::print(),
        ["downloads"] => download(),
        ["image-songs", setting, bank] => image::songs_child(setting, bank),
        ["image", setting, voices] => image::child(setting, voices.parse()?),
        _ => bail!(
            "arioso-bench [songs [quick] | starts | prices | downloads | image SETTING VOICES]"
        ),
    }
}

/// Prints what a note costs beyond the samples that it plays.
fn starts() -> Result<()> {
    let all = engines::all();
    let starts = all.iter().map(|make| Starts::new(*make, STARTS_AT));
    let mut starts = starts.collect::<Result<Vec<_>>>()?;
    for _ in 0..STARTS_ROUNDS {
        starts.iter_mut().for_each(Starts::round);
    }
    for start in &starts {
        let (engine, setting) = (start.make.engine, start.make.setting);
        println!("{engine:12} {setting:12} {:6.1} ns", start.ns_per_note());
    }
    Ok(())
}

struct Session {
    held: Vec<Held>,
    starts: Vec<Starts>,
    images: Vec<Image>,
    /// An image that plays nothing.
    idle: Option<Image>,
    downloads: Downloads,
}

impl Session {
    fn prepare() -> Result<Self> {
        let all = engines::all();
        let mut session = Self {
            held: Vec::new(),
            starts: Vec::new(),
            images: Vec::new(),
            idle: None,
            downloads: Downloads::new(),
        };
        for make in &all {
            for voices in COUNTS {
                let most = if make.is_peer() {
                    PEERS_MOST
                } else {
                    make.most
                };
                if voices <= most {
                    session.hold(*make, voices, Effects::default())?;
                }
            }
            session.starts.push(Starts::new(*make, STARTS_AT)?);
            if has_effects(make, &all) {
                for effects in combinations(make) {
                    session.hold(*make, EFFECTS_AT, effects)?;
                }
            }
            if make.is_for_image() && image::path().is_file() {
                for voices in COUNTS {
                    let image = Image::start(make.setting, voices)?;
                    session.images.push(image);
                }
            }
        }
        if image::path().is_file() {
            session.idle = Some(Image::start("linear", 0)?);
        }
        Ok(session)
    }

    fn hold(&mut self, make: Make, voices: usize, effects: Effects) -> Result<()> {
        let held = Held::new(make, voices, effects)
            .with_context(|| format!("{} {}", make.engine, make.setting))?;
        self.held.push(held);
        Ok(())
    }

    fn round(&mut self) -> Result<()> {
        self.held.iter_mut().for_each(Held::round);
        self.starts.iter_mut().for_each(Starts::round);
        self.downloads.round()?;
        let mut images = self.images.iter_mut().chain(&mut self.idle);
        images.try_for_each(Image::round)
    }

    fn rows(self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let plain = |held: &&Held| held.effects == Effects::default();
        for held in self.held.iter().filter(plain) {
            held.check()?;
            let starts = self.starts.iter().find(|starts| {
                held.voices == STARTS_AT
                    && (starts.make.engine, starts.make.setting)
                        == (held.make.engine, held.make.setting)
            });
            let effects = |reverb, chorus| {
                let with = self.held.iter().find(|other| {
                    other.effects == Effects { reverb, chorus }
                        && (other.make.engine, other.make.setting, other.voices)
                            == (held.make.engine, held.make.setting, held.voices)
                })?;
                Some(with.ns_per_frame() - held.ns_per_frame())
            };
            rows.push(Row {
                engine: held.make.engine,
                setting: held.make.setting,
                voices: held.voices,
                ns_per_voice_sample: held.ns_per_frame() / held.voices as f64,
                ratio_to_best_peer: 0.0,
                ratio_to_limit: None,
                sounding: held.sound.sounding,
                rms: held.sound.rms,
                hash: format!("{:016x}", held.sound.hash),
                note_start_ns: starts.map(Starts::ns_per_note),
                note_start_ratio_to_best_peer: None,
                reverb_ns_per_frame: effects(true, false),
                chorus_ns_per_frame: effects(false, true),
                reverb_and_chorus_ns_per_frame: effects(true, true),
            });
        }
        for image in self.images {
            let (setting, voices) = (image.setting, image.voices);
            let heard = image.finish()?;
            rows.push(Row {
                engine: image::NAME,
                setting,
                voices,
                ns_per_voice_sample: heard.ns_per_frame / voices as f64,
                ratio_to_best_peer: 0.0,
                ratio_to_limit: None,
                sounding: heard.sounding,
                rms: heard.rms,
                hash: format!("{:016x}", heard.hash),
                note_start_ns: None,
                note_start_ratio_to_best_peer: None,
                reverb_ns_per_frame: None,
                chorus_ns_per_frame: None,
                reverb_and_chorus_ns_per_frame: None,
            });
        }
        Ok(rows)
    }
}

/// The first setting of each engine plays with effects too, and the same on other registers.
fn has_effects(make: &Make, all: &[Make]) -> bool {
    let first = all.iter().find(|other| other.engine == make.engine);
    first.is_some_and(|first| {
        make.setting.strip_suffix("+avx2").unwrap_or(make.setting) == first.setting
    })
}

fn combinations(make: &Make) -> Vec<Effects> {
    let effects = |reverb, chorus| Effects { reverb, chorus };
    if make.separate {
        vec![
            effects(true, false),
            effects(false, true),
            effects(true, true),
        ]
    } else {
        vec![effects(true, true)]
    }
}

fn is_peer(engine: &str) -> bool {
    engines::all()
        .iter()
        .any(|make| make.engine == engine && make.is_peer())
}

/// The store alone.
fn download() -> Result<()> {
    let mut downloads = Downloads::new();
    for _ in 0..4 * LEAST_ROUNDS {
        downloads.round()?;
    }
    println!("{}", downloads.line());
    Ok(())
}

/// Songs alone, and the bare kernels that they are held against.
fn only_songs(extent: &Extent, name: &str) -> Result<()> {
    measure::stay_on_one_processor();
    let mut limits = Limits::new();
    let songs = songs::measure(extent, &mut limits)?;
    write(name, &[], &limits, &songs)?;
    no_doubts(&songs::rows::doubts(&songs))
}

/// target/bench/`name`.json and .png
fn write(name: &str, held: &[Row], limits: &Limits, songs: &[songs::rows::Row]) -> Result<()> {
    let file = output_dir()?.join(name);
    let limits = limits.rows();
    std::fs::write(
        file.with_extension("json"),
        report::json(held, &limits, songs)?,
    )?;
    let panels = [
        chart::held(held, &limits, is_peer),
        chart::songs(songs, is_peer),
    ];
    chart::draw(&file.with_extension("png"), &panels)?;
    let shown = file.strip_prefix(root())?.display();
    println!("\n{shown}.json and .png");
    Ok(())
}

fn no_doubts(doubts: &[String]) -> Result<()> {
    if !doubts.is_empty() {
        bail!("not all engines do the same work:\n{}", doubts.join("\n"));
    }
    Ok(())
}

fn compare() -> Result<()> {
    measure::stay_on_one_processor();
    eprintln!("preparing the scenes");
    let mut session = Session::prepare()?;
    let mut limits = Limits::new();
    let begin = Instant::now();
    let mut rounds = 0;
    while rounds < LEAST_ROUNDS || begin.elapsed() < TIME {
        session.round()?;
        limits.round();
        rounds += 1;
        eprintln!("round {rounds}: {:.0} s", begin.elapsed().as_secs_f64());
    }
    let downloads = session.downloads.line();
    let idle = session.idle.take().map(Image::finish).transpose()?;
    let mut rows = session.rows()?;
    report::compare(&mut rows, is_peer);
    report::hold_against(&mut rows, &limits);

    println!(
        "One looped 16-bit sample per octave, low-pass at {} Hz, {} Hz stereo, blocks of {} frames, one processor, best of {rounds} rounds of {} \
         frames.\nRust: release, opt-level 3, fat LTO, one codegen unit, no target features beyond x86-64's, as the image; FluidSynth as \
         Debian built it.\nEffects are off except in the last columns (ns per frame at {EFFECTS_AT} voices, every voice sent to them); start: \
         ns per note. linear+lfo: pitch, level and \
         filter of every voice move. × best: times as fast as the fastest peer; × limit: times what bare kernels take.\n",
        material::CUTOFF,
        material::RATE,
        material::BLOCK,
        measure::ROUND,
    );
    print!("{}", report::table(&rows, material::RATE));
    if let Some(idle) = idle {
        println!(
            "\n{} without a note: {:.2} ns per frame, for its blocks, 16-bit samples and the calls into the simulated kernel.",
            image::NAME,
            idle.ns_per_frame
        );
    }
    println!("\n{downloads}");
    let songs = songs::measure(&Extent::FULL, &mut limits)?;
    write("report", &rows, &limits, &songs)?;
    let mut doubts = report::doubts(&rows);
    doubts.extend(songs::rows::doubts(&songs));
    no_doubts(&doubts)
}
