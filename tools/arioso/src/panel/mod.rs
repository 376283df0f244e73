// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the panel knows and shows, without a window: what the user does becomes tasks, what the tasks report becomes what is shown. Nothing here
//! waits, and nothing asks a system.
//!
//! | part | holds |
//! |---|---|
//! | [`Model`] | what is known: [`Model::act`], [`Model::take`] |
//! | [`Task`], [`Report`] | what others do for it, and what comes back |
//! | [`view`] | what is shown of it |

mod tasks;
pub mod view;

pub use tasks::{Child, Finding, Kept, Meters, Remedy, Report, Snapshot, Task, Values};

use crate::numbers::{NUMBERS, Number};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the user does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look at everything again.
    Look,
    /// Do what helps against the finding of this number.
    Remedy(usize),
    /// Take the bank of this number into use; 0 is the default.
    UseBank(usize),
    /// Take a file into use.
    AddBank(PathBuf),
    /// Show what is in the bank of this number.
    Contents(usize),
    /// Set what was typed for a setting.
    Set(&'static Number, String),
    /// 1/100 dB, of the endpoint.
    Level(i32),
    /// Switch listening through the loudspeaker.
    Listen(bool),
    /// Play the input of this number, or none.
    Keyboard(Option<usize>),
    /// End all notes.
    Panic,
}

/// What is known.
#[derive(Debug, Default)]
pub struct Model {
    /// As it was found last; `None` before the first look.
    snapshot: Option<Snapshot>,
    meters: Option<Meters>,
    /// Children that run, and the last line of each.
    children: BTreeMap<Child, String>,
    /// Tasks under way that change something.
    busy: usize,
    /// What was said last, and whether it went wrong.
    message: (String, bool),
    /// The bank whose content is shown.
    contents: String,
}

impl Model {
    /// What the user does becomes tasks. While something is being changed nothing else is, but for what must work always.
    pub fn act(&mut self, action: Action) -> Vec<Task> {
        let tasks = self.tasks(action);
        self.busy += tasks.iter().filter(|task| task.changes()).count();
        tasks
    }

    fn tasks(&mut self, action: Action) -> Vec<Task> {
        match action {
            Action::Panic => vec![Task::Silence],
            Action::Look => vec![Task::Look],
            Action::Level(level) => vec![Task::Level(level)],
            Action::Listen(true) => self.start(Child::Listen, vec!["listen".into()]),
            Action::Listen(false) => vec![Task::Stop(Child::Listen)],
            Action::Keyboard(None) => vec![Task::Stop(Child::Keyboard)],
            Action::Keyboard(Some(input)) => {
                let name = self.snapshot.as_ref().and_then(|s| s.inputs.get(input));
                let Some(name) = name.cloned() else {
                    return self.say("choose a MIDI input first");
                };
                let arguments = vec!["live".into(), "--midi-in".into(), name];
                self.start(Child::Keyboard, arguments)
            }
            Action::Contents(bank) => match self.bank(bank) {
                Some(path) => vec![Task::Contents(path)],
                None => self.say("the default bank is Windows' own, or the package's"),
            },
            _ if self.busy > 0 => self.say("one moment: something is being changed"),
            Action::Remedy(finding) => {
                let findings = self.snapshot.as_ref().map(|s| &s.findings);
                let remedy = findings.and_then(|all| all.get(finding)?.remedy.clone());
                remedy.map_or(Vec::new(), |remedy| self.run(remedy.arguments))
            }
            Action::UseBank(0) => self.run(["bank", "use", "--default"].map(Into::into).into()),
            Action::UseBank(bank) => match self.bank(bank) {
                Some(path) => self.use_file(path),
                None => self.say("choose a bank first"),
            },
            Action::AddBank(path) => self.use_file(path),
            // Wrong input never leaves the window.
            Action::Set(number, text) => match number.parse(text.trim()) {
                Ok(value) => {
                    let value = value.to_string();
                    self.run(vec![
                        "settings".into(),
                        "set".into(),
                        number.name.into(),
                        value,
                    ])
                }
                Err(why) => {
                    self.message = (why, true);
                    Vec::new()
                }
            },
        }
    }

    fn use_file(&mut self, path: PathBuf) -> Vec<Task> {
        let path = path.to_string_lossy().into_owned();
        self.run(vec!["bank".into(), "use".into(), path])
    }

    /// A command of this program, and then a look at what it has changed.
    fn run(&mut self, arguments: Vec<String>) -> Vec<Task> {
        self.message = (format!("arioso {} …", arguments.join(" ")), false);
        vec![Task::Run(arguments), Task::Look]
    }

    fn start(&mut self, child: Child, arguments: Vec<String>) -> Vec<Task> {
        if self.children.contains_key(&child) {
            return Vec::new();
        }
        self.children.insert(child, "starting".into());
        vec![Task::Start(child, arguments)]
    }

    fn say(&mut self, text: &str) -> Vec<Task> {
        self.message = (text.into(), false);
        Vec::new()
    }

    /// The file of a row of the list, whose first is the default.
    fn bank(&self, row: usize) -> Option<PathBuf> {
        let banks = &self.snapshot.as_ref()?.banks;
        Some(banks.get(row.checked_sub(1)?)?.path.clone())
    }

    /// What a task reports.
    pub fn take(&mut self, report: Report) {
        match report {
            Report::Looked(snapshot) => self.snapshot = Some(*snapshot),
            Report::Meters(meters) => self.meters = meters,
            Report::Done(result) => {
                self.busy = self.busy.saturating_sub(1);
                self.message = match result {
                    Ok(text) => (text, false),
                    Err(text) => (text, true),
                };
            }
            Report::Contents(text) => self.contents = text,
            Report::Line(child, line) => {
                if let Some(last) = self.children.get_mut(&child) {
                    *last = line;
                }
            }
            Report::Ended(child, result) => {
                self.children.remove(&child);
                if let Err(why) = result {
                    self.message = (why, true);
                }
            }
        }
    }

    /// Whether children run that would end with the panel.
    pub fn is_playing(&self) -> bool {
        !self.children.is_empty()
    }

    /// The value of a setting, as far as it is known.
    fn value(&self, number: &Number) -> Option<u32> {
        let at = NUMBERS.iter().position(|known| known.name == number.name)?;
        self.snapshot.as_ref()?.values.0.get(at).copied()
    }
}

#[cfg(test)]
mod tests;
