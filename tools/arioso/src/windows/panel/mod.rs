// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arioso panel`: one window for everything. What it knows is [`arioso_cli::panel::Model`]; what takes time is done by [`worker`]; here the
//! two and the controls are put together.

mod controls;
mod trace;
mod worker;

use self::controls::{CONTROLS, SIZE, id};
use self::trace::Trace;
use self::worker::Worker;
use super::api::gui::{self, Event, Handler, Kind, Next, Window};
use super::api::refused;
use crate::failure::Result;
use arioso_cli::panel::view::{SHOWN, View, setting};
use arioso_cli::panel::{Action, Model};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const TITLE: &str = "Arioso Synthesizer";
/// Of the menu beside the clock.
const OPEN: u16 = 0;
const SILENCE: u16 = 1;
const QUIT: u16 = 2;

/// `arioso panel`
pub fn panel() -> Result<()> {
    let trace = Trace::begin();
    gui::leave_console();
    if gui::show_other() {
        return Ok(());
    }
    gui::run(TITLE, SIZE, CONTROLS, |window| {
        let (reports, inbox) = channel();
        let worker = Worker::start(window, reports);
        let mut panel = Panel {
            model: Model::default(),
            shown: View::default(),
            worker,
            inbox,
            trace,
            focus: None,
            longest: Duration::ZERO,
        };
        panel.trace.opened();
        panel.act(window, Action::Look);
        Box::new(panel)
    })
    .map_err(|error| refused("open the panel", &error))
}

struct Panel {
    model: Model,
    /// What the controls show.
    shown: View,
    worker: Worker,
    inbox: Receiver<arioso_cli::panel::Report>,
    trace: Trace,
    focus: Option<u16>,
    /// The longest time that an event took.
    longest: Duration,
}

impl Handler for Panel {
    fn event(&mut self, window: Window, event: Event) -> Next {
        let begin = Instant::now();
        let next = self.follow(window, event);
        self.longest = self.longest.max(begin.elapsed());
        if next == Next::Quit {
            self.trace.closed(self.longest);
        }
        next
    }

    fn tray_menu(&self) -> Vec<(u16, &'static str)> {
        vec![(OPEN, "Open"), (SILENCE, "End all notes"), (QUIT, "Quit")]
    }
}

impl Panel {
    fn follow(&mut self, window: Window, event: Event) -> Next {
        match event {
            Event::Wake => {
                while let Ok(report) = self.inbox.try_recv() {
                    self.trace.report(&report);
                    self.model.take(report);
                }
                self.draw(window);
                let focus = window.focus();
                if focus != self.focus {
                    self.focus = focus;
                    self.trace.focus(focus);
                }
            }
            Event::Pressed(id::ADD) => return Next::AskFile,
            Event::Pressed(id) | Event::Chosen(id) => {
                if let Some(action) = self.action(window, &event, id) {
                    self.act(window, action);
                }
            }
            Event::File(path) => self.act(window, Action::AddBank(path)),
            Event::Tray(SILENCE) => self.act(window, Action::Panic),
            Event::Tray(QUIT) => return self.quit(),
            Event::Tray(_) => window.show(true),
            // What plays goes on beside the clock.
            Event::Close if self.model.is_playing() => window.show(false),
            Event::Close => return self.quit(),
        }
        Next::Nothing
    }

    /// What a control means.
    fn action(&self, window: Window, event: &Event, id: u16) -> Option<Action> {
        let list = |id| window.chosen(id, Kind::List);
        Some(match (event, id) {
            (Event::Pressed(_), id::LOOK) => Action::Look,
            (Event::Pressed(_), id::REMEDY..id::REMEDY_END) => {
                let at = usize::from(id - id::REMEDY);
                Action::Remedy(self.shown.remedies.get(at)?.0)
            }
            (Event::Pressed(_), id::USE | id::BANKS) => Action::UseBank(list(id::BANKS)?),
            (Event::Pressed(_), id::CONTENTS) => Action::Contents(list(id::BANKS)?),
            (Event::Pressed(_), id::APPLY..id::APPLY_END) => {
                let at = usize::from(id - id::APPLY);
                let text = match SHOWN.get(at)? {
                    &"Quality" => window.chosen(id::QUALITY, Kind::Choice)?.to_string(),
                    _ => window.text(id::VALUE + at as u16),
                };
                Action::Set(setting(at)?, text)
            }
            (Event::Chosen(_), id::LEVEL) => Action::Level(window.slider(id::LEVEL) * 100),
            (Event::Pressed(_), id::LISTEN) => Action::Listen(window.is_checked(id::LISTEN)),
            (Event::Pressed(_), id::PLAY) => match self.shown.plays {
                true => Action::Keyboard(None),
                false => Action::Keyboard(window.chosen(id::INPUTS, Kind::Choice)),
            },
            (Event::Pressed(_), id::PANIC) => Action::Panic,
            _ => return None,
        })
    }

    fn act(&mut self, window: Window, action: Action) {
        self.trace.action(&action);
        for task in self.model.act(action) {
            self.trace.task(&task);
            self.worker.give(task);
        }
        self.draw(window);
    }

    fn quit(&mut self) -> Next {
        self.worker.stop();
        Next::Quit
    }

    /// Puts what has changed into the controls. What the user is typing or choosing stays until something else was found.
    fn draw(&mut self, window: Window) {
        let view = self.model.view();
        let before = std::mem::replace(&mut self.shown, view);
        let view = &self.shown;
        let first = before == View::default();
        window.set_text(id::DRIVER, &view.driver);
        window.set_text(id::MESSAGE, &view.message);
        window.set_text(id::METERS, &view.meters);
        window.set_text(id::LISTENING, &view.listen);
        window.set_bar(id::METER, view.meter);
        if first || before.findings != view.findings {
            window.set_entries(id::FINDINGS, Kind::List, &view.findings, 0);
        }
        if first || before.remedies != view.remedies || before.ready != view.ready {
            for at in 0..id::REMEDY_END - id::REMEDY {
                let remedy = view.remedies.get(usize::from(at));
                let id = id::REMEDY + at;
                window.set_visible(id, remedy.is_some());
                window.set_text(id, remedy.map_or("", |(_, text)| text));
                window.enable(id, view.ready);
            }
        }
        if first || before.banks != view.banks || before.bank != view.bank {
            window.set_entries(id::BANKS, Kind::List, &view.banks, view.bank);
        }
        if first || before.contents != view.contents {
            window.set_text(id::CONTENT, &view.contents.replace('\n', "\r\n"));
        }
        if first {
            let words: Vec<String> = setting(1)
                .map(|quality| quality.words.iter().map(|word| (*word).into()).collect())
                .unwrap_or_default();
            window.set_entries(id::QUALITY, Kind::Choice, &words, 1);
        }
        if first || before.values != view.values {
            for (at, value) in view.values.iter().enumerate() {
                match SHOWN[at] {
                    "Quality" => {
                        let words = setting(at).map_or(&[][..], |quality| quality.words);
                        let words: Vec<String> = words.iter().map(|word| (*word).into()).collect();
                        let chosen = value.parse().unwrap_or(0);
                        window.set_entries(id::QUALITY, Kind::Choice, &words, chosen);
                    }
                    _ => window.set_text(id::VALUE + at as u16, value),
                }
            }
        }
        if first || before.level != view.level {
            window.set_slider(id::LEVEL, view.level.unwrap_or(0));
        }
        if first || before.listens != view.listens || window.is_checked(id::LISTEN) != view.listens
        {
            window.set_checked(id::LISTEN, view.listens);
        }
        if first || before.inputs != view.inputs {
            window.set_entries(id::INPUTS, Kind::Choice, &view.inputs, 0);
        }
        if first || before.plays != view.plays {
            window.set_text(
                id::PLAY,
                if view.plays {
                    "S&top playing"
                } else {
                    "&Play it"
                },
            );
        }
    }
}
