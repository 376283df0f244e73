// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is done for the panel, and what comes back.

use crate::numbers::NUMBERS;
use std::path::PathBuf;

/// Something to do, in the order that they were given. Whoever does it may take as long as it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Run a command of this program, as administrator if it needs one; [`Report::Done`].
    Run(Vec<String>),
    /// Look at driver, settings, banks, MIDI inputs; [`Report::Looked`].
    Look,
    /// End all notes; [`Report::Done`] if that fails.
    Silence,
    /// The endpoint's level, 1/100 dB; [`Report::Done`] if that fails.
    Level(i32),
    /// What is in a bank; [`Report::Contents`].
    Contents(PathBuf),
    /// Start a command of this program that goes on until it is stopped; [`Report::Line`], [`Report::Ended`].
    Start(Child, Vec<String>),
    /// Stop it; [`Report::Ended`].
    Stop(Child),
}

impl Task {
    /// It changes something, and says when it is done.
    pub fn changes(&self) -> bool {
        matches!(self, Self::Run(_))
    }
}

/// A command of this program that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Child {
    /// The endpoint to the loudspeaker.
    Listen,
    /// A MIDI input to the driver.
    Keyboard,
}

/// What came of a task.
#[derive(Clone, Debug)]
pub enum Report {
    /// How everything is.
    Looked(Box<Snapshot>),
    /// What the driver does now; `None`: it does not run.
    Meters(Option<Meters>),
    /// A change is made, or why not.
    Done(Result<String, String>),
    /// Of a bank, lines.
    Contents(String),
    /// A child's last line.
    Line(Child, String),
    /// A child has ended, by itself or because it was stopped.
    Ended(Child, Result<(), String>),
}

/// How everything is.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// One line.
    pub driver: String,
    /// What `doctor` has found.
    pub findings: Vec<Finding>,
    /// Settings.
    pub values: Values,
    /// Name of the default bank.
    pub default_bank: String,
    /// Banks that are kept.
    pub banks: Vec<Kept>,
    /// The bank that is used; `None`: the default.
    pub used: Option<PathBuf>,
    /// Names of MIDI inputs.
    pub inputs: Vec<String>,
    /// The endpoint's level, 1/100 dB.
    pub level: Option<i32>,
}

/// A bank that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its file.
    pub path: PathBuf,
    /// For people.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// A row of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// It must be seen to.
    pub wrong: bool,
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What to do, in words.
    pub advice: String,
    /// The command that does it.
    pub remedy: Option<Remedy>,
}

/// A command of this program that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl Finding {
    /// A row of `doctor`. The remedy is the command of this program that the advice names.
    pub fn new(wrong: bool, what: &str, found: &str, advice: &str) -> Self {
        Self {
            wrong,
            what: what.into(),
            found: found.into(),
            advice: advice.into(),
            remedy: Remedy::of(advice).filter(|_| wrong),
        }
    }
}

impl Remedy {
    /// `run arioso install --trust, then …`: the arguments up to a sign or to what only the user knows.
    pub fn of(advice: &str) -> Option<Self> {
        let (_, rest) = advice.split_once("arioso ")?;
        let command = rest.split([',', ';', ':', '(']).next().unwrap_or(rest);
        let words = command.split_whitespace();
        let arguments: Vec<String> = words
            .take_while(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
            .take_while(|word| *word != "as" && *word != "in")
            .map(str::to_owned)
            .collect();
        let known = ["install", "uninstall", "settings"];
        // `bank use FILE` is what the list of banks is for, `doctor` what is shown.
        let is_known = arguments
            .first()
            .is_some_and(|first| known.contains(&first.as_str()));
        is_known.then_some(Self { arguments })
    }
}

/// Values of [`NUMBERS`], in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values(pub Vec<u32>);

impl Default for Values {
    fn default() -> Self {
        Self(NUMBERS.iter().map(|number| number.default).collect())
    }
}

/// What the driver does now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meters {
    /// Voices that sound.
    pub voices: u32,
    /// Percent of a processor.
    pub load: f32,
    /// Highest sample; 1.0 is full scale.
    pub level: f32,
    /// Notes that got no voice or lost one.
    pub lost: u64,
}
