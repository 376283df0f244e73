//! Real banks and real songs: our engine with the converted SoundFont against FluidSynth with the SoundFont itself.

use arioso_bank::sf2;
use arioso_cli::compare::{Difference, compare, engine, fluidsynth};
use arioso_cli::song::smf;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};

const SONGS: &str = "/usr/share/games/openttd/baseset/openmsx";
const BANKS: [&str; 2] = [
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/sounds/sf2/sf_GMbank.sf2",
];

fn converted(path: &str) -> Vec<u8> {
    let mut file = File::open(path).unwrap();
    let font = sf2::SoundFont::open(&mut file).unwrap();
    let conversion = sf2::convert(&font, &sf2::Limits::default(), |_, _| true).unwrap();
    let mut out = Cursor::new(Vec::new());
    sf2::write(&font, &conversion.bank, &mut file, &mut out, |_| ()).unwrap();
    out.into_inner()
}

fn difference(song: &Path, bank: &str, dls: &[u8]) -> Difference {
    let name = format!(
        "arioso-compare-{}-{}.raw",
        std::process::id(),
        song.file_stem().unwrap().to_str().unwrap()
    );
    let scratch = std::env::temp_dir().join(name);
    let theirs = fluidsynth(song, Path::new(bank), &scratch).unwrap();
    let _ = fs::remove_file(&scratch);
    let parsed = smf::read(&fs::read(song).unwrap()).unwrap();
    let ours = engine(&parsed, dls).unwrap();
    compare(&parsed, &ours, &theirs)
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

fn check(songs: &[PathBuf]) {
    let mut failed = Vec::new();
    println!("   gain  median    95 %  windows  onsets delay  95 %   worst at     song");
    for bank in BANKS {
        println!("{bank}");
        let dls = converted(bank);
        for song in songs {
            let d = difference(song, bank, &dls);
            let ok = d.median <= 1.5 && d.percentile_95 <= 4.0 && d.onset_95 <= 64;
            println!(
                "{:7.2} {:7.2} {:7.2} {:8} {:7} {:5} {:5} {:7.2} {:6.1} {} {}",
                d.gain,
                d.median,
                d.percentile_95,
                d.windows,
                d.onsets,
                d.delay,
                d.onset_95,
                d.worst.1,
                d.worst.0,
                song.file_stem().unwrap().to_string_lossy(),
                if ok { "" } else { "!" }
            );
            if !ok {
                failed.push((bank, song.clone(), d));
            }
        }
    }
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
    check(&songs);
}

#[test]
#[ignore = "all songs: cargo xtask compare"]
fn all_songs() {
    let songs = songs();
    assert!(songs.len() > 25);
    check(&songs);
}
