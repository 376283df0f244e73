// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the panel does, into the file that `ARIOSO_PANEL_TRACE` names: for tests, which see only pixels else.

use super::id;
use super::worker::started;
use arioso_cli::panel::{Action, Report, Task};
use std::env;
use std::fs::File;
use std::io::Write;
use std::time::Duration;

pub struct Trace(Option<File>);

impl Trace {
    pub fn begin() -> Self {
        started();
        Self(env::var_os("ARIOSO_PANEL_TRACE").and_then(|path| File::create(path).ok()))
    }

    fn line(&mut self, text: &str) {
        if let Some(file) = &mut self.0 {
            let _ = writeln!(file, "{} {text}", started().elapsed().as_millis());
        }
    }

    pub fn opened(&mut self) {
        self.line("opened");
    }

    /// `longest`: what an event of the window took at most.
    pub fn closed(&mut self, longest: Duration) {
        self.line(&format!("closed, {} ms", longest.as_millis()));
    }

    pub fn focus(&mut self, control: Option<u16>) {
        let name = match control {
            None => "nothing".into(),
            Some(id::FINDINGS) => "findings".into(),
            Some(id::LOOK) => "look".into(),
            Some(id @ id::REMEDY..id::REMEDY_END) => format!("remedy {}", id - id::REMEDY),
            Some(id::BANKS) => "banks".into(),
            Some(id::USE) => "use".into(),
            Some(id::ADD) => "add".into(),
            Some(id::CONTENTS) => "contents".into(),
            Some(id::CONTENT) => "content".into(),
            Some(id::QUALITY) => "quality".into(),
            Some(id @ id::APPLY..id::APPLY_END) => format!("set {}", id - id::APPLY),
            Some(id::LEVEL) => "level".into(),
            Some(id::LISTEN) => "listen".into(),
            Some(id::INPUTS) => "inputs".into(),
            Some(id::PLAY) => "play".into(),
            Some(id::PANIC) => "panic".into(),
            Some(id) => format!("value {}", id.wrapping_sub(id::VALUE)),
        };
        self.line(&format!("focus {name}"));
    }

    pub fn action(&mut self, action: &Action) {
        self.line(&format!("action {action:?}"));
    }

    pub fn task(&mut self, task: &Task) {
        self.line(&format!("task {task:?}"));
    }

    pub fn report(&mut self, report: &Report) {
        match report {
            Report::Meters(_) => {}
            Report::Looked(_) => self.line("report Looked"),
            other => self.line(&format!("report {other:?}")),
        }
    }
}
