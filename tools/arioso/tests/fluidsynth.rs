//! Real banks and real songs: our engine with the converted SoundFont against FluidSynth with the SoundFont itself.

use arioso_bank::sf2;
use arioso_cli::compare::{
    Bank, Loudness, Offsets, Onsets, Ours, RATE, frame, loudness, onsets, render, theirs,
};
use arioso_cli::song::{Song, smf};
use arioso_fluidsynth::Fluidsynth;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Instant;

const SONGS: &str = "/usr/share/games/openttd/baseset/openmsx";
const BANKS: [&str; 2] = [
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/sounds/sf2/sf_GMbank.sf2",
];

fn converted(path: &str) -> Bank {
    let mut file = File::open(path).unwrap();
    let font = sf2::SoundFont::open(&mut file).unwrap();
    let conversion = sf2::convert(&font, &sf2::Limits::default(), |_, _| true).unwrap();
    let mut out = Cursor::new(Vec::new());
    sf2::write(&font, &conversion.bank, &mut file, &mut out, |_| ()).unwrap();
    Bank::new(&out.into_inner()).unwrap()
}

fn songs() -> Vec<PathBuf> {
    let mut songs: Vec<PathBuf> = fs::read_dir(SONGS)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "mid"))
        .collect();
    songs.sort();
    songs
}

/// One song with one bank.
struct Rendering<'a> {
    path: &'a Path,
    song: Song,
    font: &'a Path,
    bank: &'a Bank,
}

impl Rendering<'_> {
    fn both(&self) -> (Ours, Fluidsynth) {
        let ours = Ours::new(self.bank, self.song.groups() as u16).unwrap();
        (ours, theirs(self.font).unwrap())
    }

    fn loudness(&self) -> Loudness {
        let (mut ours, mut theirs) = self.both();
        loudness(
            &render(&self.song, &mut ours),
            &render(&self.song, &mut theirs),
        )
    }

    fn onsets(&self, most: usize, late: usize) -> Onsets {
        let (mut ours, mut theirs) = self.both();
        onsets(&self.song, &mut ours, &mut theirs, most, late)
    }

    /// Furthest distance between a note's time here and in FluidSynth's own player, frames.
    fn clock(&self) -> u64 {
        let notes = self.song.events.iter().filter(|event| event.is_note_on());
        let mine: Vec<u64> = notes.map(|event| frame(event) as u64).collect();
        let player = arioso_fluidsynth::note_times(self.path, self.font, RATE).unwrap();
        assert_eq!(mine.len(), player.len(), "notes of {}", self.path.display());
        let distances = mine.iter().zip(&player).map(|(a, b)| a.abs_diff(*b));
        distances.max().unwrap_or(0)
    }
}

/// dB between windows of 100 ms.
const MEDIAN: f64 = 1.5;
const PERCENTILE_95: f64 = 4.0;
/// Frames between onsets, ours and FluidSynth's.
const APART: u64 = 64;
/// Frames between our onsets and the ideal ones, of 95 in 100 notes.
const OURS: u64 = 16;
/// Frames that FluidSynth's player, which counts in whole ticks, milliseconds and blocks, may take a note's time for another.
const CLOCK: u64 = 256;
/// A fault that must be seen in every rendering.
const LATE: usize = 100;

fn is_on_time(onsets: &Onsets) -> bool {
    let few = onsets.notes / 50;
    onsets.ours.percentile_95 <= OURS
        && onsets.apart.percentile_95 <= APART
        && onsets.unlike <= few
        && onsets.missing <= few
}

fn check(songs: &[PathBuf], notes: usize) {
    let begin = Instant::now();
    let mut failed = Vec::new();
    println!(
        "              level, dB            |  clock |          onsets, frames: 95 of 100 (worst)         |"
    );
    println!(
        "   gain median   95 %  worst at s   | frames | notes like      ours  FluidSynth   apart   planted | song"
    );
    for font in BANKS {
        println!("{font}");
        let bank = converted(font);
        for path in songs {
            let rendering = Rendering {
                path,
                song: smf::read(&fs::read(path).unwrap()).unwrap(),
                font: Path::new(font),
                bank: &bank,
            };
            let l = rendering.loudness();
            let o = rendering.onsets(notes, 0);
            let clock = rendering.clock();
            let planted = rendering.onsets(notes / 4, LATE);
            let ok = l.median <= MEDIAN
                && l.percentile_95 <= PERCENTILE_95
                && is_on_time(&o)
                && !is_on_time(&planted)
                && clock <= CLOCK;
            let offsets = |o: Offsets| format!("{:3} ({:4})", o.percentile_95, o.worst);
            println!(
                "{:7.2} {:6.2} {:6.2} {:6.2} {:6.1} | {:6} | {:5} {:.3} {} {} {} {:8} | {}{}",
                l.gain,
                l.median,
                l.percentile_95,
                l.worst.1,
                l.worst.0,
                clock,
                o.notes,
                o.agreement,
                offsets(o.ours),
                offsets(o.theirs),
                offsets(o.apart),
                planted.ours.percentile_95,
                path.file_stem().unwrap().to_string_lossy(),
                if ok { "" } else { "  <-- fails" },
            );
            if !ok {
                failed.push((font, path.clone(), l, o, planted, clock));
            }
        }
    }
    println!("{:.0} s", begin.elapsed().as_secs_f64());
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn three_songs() {
    let few = ["be_sharp_bw_redfarn", "tttheme2", "modern_motion"];
    let songs: Vec<PathBuf> = songs()
        .into_iter()
        .filter(|path| few.iter().any(|name| path.file_stem().unwrap() == *name))
        .collect();
    assert_eq!(songs.len(), few.len());
    check(&songs, 60);
}

#[test]
#[ignore = "all songs: cargo xtask compare"]
fn all_songs() {
    let songs = songs();
    assert!(songs.len() > 25);
    check(&songs, 300);
}
