// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver in the simulated kernel while its settings' file changes, and a loudspeaker that waits for its frames. A process has one
//! machine: this is one test.

use super::follow::{Follower, Look};
use super::pace::{Message, Pace, Setting, Tap};
use crate::player::Sound;
use crate::settings::Store;
use crate::simulated::driver::OVERRIDE;
use crate::simulated::settings::{self, Settings};
use arioso_bank::test_banks;
use arioso_core::ks::arioso::ARIOSO_SETTINGS;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

const RATE: u32 = 48_000;
/// Frames of the loudspeaker's calls.
const CALL: usize = 128;
/// Of the sine of the other bank.
const PERIOD: usize = 100;

/// What plays, and who looks at the file.
struct Rig {
    folder: PathBuf,
    pace: Pace,
    tap: Tap,
    follower: Follower,
}

impl Rig {
    /// With the banks that the command names.
    fn start(image: PathBuf, folder: &Path) -> Self {
        let named = BTreeMap::from([("Quality".into(), 2)]);
        let mut follower = Follower::new(folder.to_owned(), named, Vec::new());
        let (change, notes) = follower.first().unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        let setting = Setting {
            image,
            change,
            sound: Sound {
                gain: 0,
                reverb: false,
                chorus: false,
            },
            verbose: false,
            rate: RATE,
        };
        let mut pace = Pace::start(setting).unwrap();
        let tap = pace.tap().unwrap();
        assert_eq!(tap.rate(), RATE);
        let mut rig = Self {
            folder: folder.to_owned(),
            pace,
            tap,
            follower,
        };
        rig.take(RATE as usize / 10);
        rig
    }

    /// The left channel of so many frames, whole calls of them.
    fn take(&mut self, frames: usize) -> Vec<f32> {
        let mut taken = Vec::new();
        while taken.len() < frames {
            self.tap.take(CALL, |frame| taken.push(frame[0]));
            self.wait();
        }
        taken
    }

    /// Until the next call's frames are there, and nothing is made any more.
    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.tap.there() < CALL {
            assert!(Instant::now() < end, "no frames");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn play(&self, message: &[u8]) {
        self.pace.keys().try_send(Message::new(0, message)).unwrap();
    }

    /// As `arioso settings` and `arioso bank use` do it.
    fn store(&self) -> Settings {
        settings::open_in(self.folder.clone()).unwrap()
    }

    fn set(&mut self, name: &str, value: Option<u32>) -> ARIOSO_SETTINGS {
        self.store().set_number(name, value, 0).unwrap();
        self.follow(name, false)
    }

    fn set_bank(&mut self, file: Option<&Path>) -> ARIOSO_SETTINGS {
        self.store().set_bank(file).unwrap();
        self.follow("the bank", true)
    }

    /// What counts after a look.
    fn follow(&mut self, what: &str, bank: bool) -> ARIOSO_SETTINGS {
        let Look::Changed(change) = self.follower.look() else {
            panic!("{what} is not seen");
        };
        let begin = Instant::now();
        let active = self.pace.change(change).unwrap();
        let took = begin.elapsed();
        println!("{what} counts after {took:?}");
        if bank {
            // As long as nothing was made a loudspeaker had frames.
            let made = Duration::from_secs_f64((self.tap.there() - CALL) as f64 / f64::from(RATE));
            assert!(made >= Duration::from_millis(20), "{made:?} of {took:?}");
        }
        assert!(matches!(self.follower.look(), Look::Same), "{what}");
        active
    }

    /// What is wrong is told, once.
    fn refused(&mut self, what: &str) {
        let Look::Unusable(why) = self.follower.look() else {
            panic!("{what} is taken");
        };
        assert!(why.contains(what), "{why}");
        assert!(matches!(self.follower.look(), Look::Same), "told again");
        self.pace.check().unwrap();
    }

    /// Frames from a message to its note, which is a step.
    fn delay(&mut self) -> usize {
        self.play(&[0x91, 60, 127]);
        let heard = self.take(RATE as usize / 10);
        self.play(&[0x81, 60, 0]);
        self.take(RATE as usize / 2);
        let rest = heard[0];
        let at = heard.iter().position(|frame| (frame - rest).abs() > 0.01);
        at.expect("a note")
    }
}

/// The mean of each turn of the sine.
fn means(heard: &[f32]) -> Vec<f32> {
    let turns = heard.chunks_exact(PERIOD);
    turns
        .map(|turn| turn.iter().sum::<f32>() / PERIOD as f32)
        .collect()
}

fn near(a: f32, b: f32) -> bool {
    (a - b).abs() < 0.02 * b.abs()
}

#[test]
fn settings_are_followed_while_it_plays() {
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/driver/x64/release/arioso.sys");
    let image = env::var_os(OVERRIDE).map_or_else(built, PathBuf::from);
    if !image.is_file() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join("banks").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    };
    let constant = file("one.dls", &test_banks::dc(RATE));
    let sine = file("other.dls", &test_banks::sine_wave(RATE, PERIOD as u32, 1));
    let mut store = settings::open_in(folder.path().to_owned()).unwrap();
    store.set_bank(Some(&constant)).unwrap();
    store.set_number("Voices", Some(77), 0).unwrap();
    drop(store);
    // What is set counts from the start; what the command names, more.
    let mut rig = Rig::start(image, folder.path());
    let active = rig.set("Dither", Some(1));
    let counts = (
        active.Voices,
        active.Quality,
        active.Dither,
        active.EndpointLead,
    );
    assert_eq!(counts, (77, 2, 1, 1));
    assert!(matches!(rig.follower.look(), Look::Same));
    rig.store().set_number("Quality", Some(0), 0).unwrap();
    assert!(
        matches!(rig.follower.look(), Look::Same),
        "the command's counts"
    );

    // A note is held through all that follows.
    rig.play(&[0x90, 60, 127]);
    let level = rig.take(RATE as usize / 2)[RATE as usize / 4];
    assert!(level > 0.1, "{level}");
    let held = |heard: &[f32]| {
        let whole = means(heard).iter().all(|mean| near(*mean, level));
        assert!(whole, "{:?} instead of {level}", means(heard));
    };
    assert_eq!(rig.set("Voices", Some(2000)).Voices, 2000);
    held(&rig.take(RATE as usize / 4));

    // The lead is in a message's delay, to the frame that its time is rounded to.
    let before = rig.delay();
    assert_eq!(rig.set("EndpointLead", Some(5)).EndpointLead, 5);
    assert!(rig.delay().abs_diff(before + 4 * 48) <= 1);
    assert_eq!(rig.set("EndpointLead", None).EndpointLead, 1);
    // What has been made already is played first.
    rig.take(RATE as usize / 100);
    assert!(rig.delay().abs_diff(before) <= 1);
    // On before the lead becomes less, off behind it: they keep their order.
    rig.set("EndpointLead", Some(10));
    rig.play(&[0x92, 60, 127]);
    rig.take(CALL);
    rig.set("EndpointLead", Some(1));
    rig.play(&[0x82, 60, 0]);
    rig.take(RATE as usize / 2);
    held(&rig.take(RATE as usize / 4));

    // Another bank: the held note goes on, the next one has the new sound.
    rig.set_bank(Some(&sine));
    held(&rig.take(RATE as usize / 4));
    rig.play(&[0x91, 60, 127]);
    rig.take(RATE as usize / 10);
    let both = rig.take(RATE as usize / 4);
    held(&both);
    let swing = |heard: &[f32]| {
        heard
            .iter()
            .fold(0f32, |most, frame| most.max(frame - level))
    };
    assert!(near(swing(&both), level), "{} beside {level}", swing(&both));
    rig.play(&[0x81, 60, 0]);

    // What cannot be used is told once, and all stays.
    let settings = folder.path().join("settings.json");
    let good = fs::read(&settings).unwrap();
    fs::write(&settings, "{").unwrap();
    rig.refused("settings.json");
    fs::write(&settings, good).unwrap();
    assert!(matches!(rig.follower.look(), Look::Same));
    rig.store().set_bank(Some(Path::new("gone.dls"))).unwrap();
    rig.refused("gone.dls");
    rig.take(RATE as usize / 10);
    held(&rig.take(RATE as usize / 4));

    // The built-in bank, with its hundred instruments; the least voices: one of two is lost.
    assert!(rig.set_bank(None).Instruments > 100);
    held(&rig.take(RATE as usize / 4));
    rig.play(&[0x92, 60, 127]);
    rig.take(RATE as usize / 4);
    assert_eq!(rig.set("Voices", Some(1)).Voices, 1);
    rig.take(RATE as usize);
    // The driver is asked four times a second.
    std::thread::sleep(Duration::from_millis(600));
    let reading = rig.pace.reading().to_string();
    assert!(reading.trim_start().starts_with("1 voices"), "{reading}");
    assert!(!reading.ends_with(" 0 notes lost"), "{reading}");
    // Nothing was late: this loudspeaker waits.
    assert!(reading.contains(" 0 late"), "{reading}");
    let violations = rig.pace.finish().unwrap();
    assert!(violations.is_empty(), "{violations:?}");
}
