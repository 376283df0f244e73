// SPDX-License-Identifier: MIT OR Apache-2.0
//! What takes time: one thread for tasks in their order, one for the meters, one for each child's lines. The window's thread never waits for them.

use super::super::api::gui::Window;
use super::super::api::ks::KsClient;
use super::super::api::{midi, system};
use super::super::{SERVICE, doctor, package, problem, settings};
use crate::bank;
use crate::settings::Store;
use crate::settings::library;
use arioso_cli::numbers::NUMBERS;
use arioso_cli::panel::{Child, Finding, Kept, Meters, Report, Snapshot, Task, Values};
use arioso_core::ks::arioso::ARIOSO_CONTROL_SILENCE;
use conformance::settings as driver;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// When the program began, as far as anybody asked.
pub fn started() -> Instant {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    *STARTED
}

/// CREATE_NO_WINDOW: children have no console to show.
const NO_WINDOW: u32 = 0x0800_0000;
/// Between two looks at the meters.
const METERS: Duration = Duration::from_millis(100);

type Children = Arc<Mutex<BTreeMap<Child, process::Child>>>;

pub struct Worker {
    tasks: Sender<Task>,
    children: Children,
}

/// Where reports go.
#[derive(Clone)]
struct Outbox {
    window: Window,
    reports: Sender<Report>,
}

impl Outbox {
    /// Whether somebody still listens.
    fn send(&self, report: Report) -> bool {
        let sent = self.reports.send(report).is_ok();
        self.window.wake();
        sent
    }
}

impl Worker {
    pub fn start(window: Window, reports: Sender<Report>) -> Self {
        let (tasks, inbox) = channel();
        let outbox = Outbox { window, reports };
        let children = Children::default();
        let (own, kept) = (outbox.clone(), children.clone());
        thread::spawn(move || work(&inbox, &own, &kept));
        thread::spawn(move || watch(&outbox));
        Self { tasks, children }
    }

    pub fn give(&self, task: Task) {
        // What plays is not made to wait behind a conversion.
        match task {
            Task::Silence => {
                thread::spawn(silence);
            }
            Task::Stop(child) => stop(&self.children, child),
            task => {
                let _ = self.tasks.send(task);
            }
        }
    }

    /// The children end with the panel.
    pub fn stop(&self) {
        for child in [Child::Listen, Child::Keyboard] {
            stop(&self.children, child);
        }
    }
}

fn stop(children: &Children, child: Child) {
    if let Ok(mut children) = children.lock()
        && let Some(child) = children.get_mut(&child)
    {
        let _ = child.kill();
    }
}

fn work(tasks: &Receiver<Task>, outbox: &Outbox, children: &Children) {
    while let Ok(task) = tasks.recv() {
        let report = match task {
            Task::Look => Some(Report::Looked(Box::new(look()))),
            Task::Run(arguments) => Some(Report::Done(run(&arguments))),
            Task::Contents(path) => Some(Report::Contents(contents(&path))),
            Task::Level(level) => set_level(level).err().map(|why| Report::Done(Err(why))),
            Task::Start(child, arguments) => launch(child, &arguments, outbox, children)
                .err()
                .map(|why| Report::Ended(child, Err(why))),
            Task::Silence | Task::Stop(_) => None,
        };
        if let Some(report) = report
            && !outbox.send(report)
        {
            return;
        }
    }
}

/// The meters, several times a second while there is a driver.
fn watch(outbox: &Outbox) {
    loop {
        let begin = Instant::now();
        let mut client = client();
        if let Ok(filter) = driver::filter(&mut client) {
            while let Ok(meters) = driver::meters(&mut client, filter.handle) {
                let report = Report::Meters(Some(Meters {
                    voices: meters.Voices,
                    load: meters.Load as f32 / 100.0,
                    level: meters.Level as f32 / 16_777_216.0,
                    lost: meters.LostNotes,
                }));
                if !outbox.send(report) {
                    return;
                }
                thread::sleep(METERS);
            }
            filter.close(&mut client);
        }
        if !outbox.send(Report::Meters(None)) {
            return;
        }
        thread::sleep(
            Duration::from_secs(2)
                .saturating_sub(begin.elapsed())
                .max(METERS),
        );
    }
}

fn client() -> KsClient {
    KsClient::of(SERVICE)
}

fn silence() {
    let mut client = client();
    if let Ok(filter) = driver::filter(&mut client) {
        let _ = driver::control(&mut client, filter.handle, ARIOSO_CONTROL_SILENCE);
        filter.close(&mut client);
    }
}

/// How everything is.
fn look() -> Snapshot {
    let mut snapshot = Snapshot {
        driver: state(),
        findings: doctor::findings()
            .into_iter()
            .map(|row| Finding::new(row.is_wrong(), row.what, &row.found, &row.advice))
            .collect(),
        inputs: midi::inputs().into_iter().map(|port| port.name).collect(),
        level: driver::level(&mut client()).ok(),
        ..Snapshot::default()
    };
    if let Ok(store) = settings::open(false) {
        let value = |number: &arioso_cli::numbers::Number| {
            let set = store.number(number.name).ok().flatten();
            set.unwrap_or(number.default)
        };
        snapshot.values = Values(NUMBERS.iter().map(value).collect());
        snapshot.default_bank = store.default_bank();
        snapshot.used = store.bank().ok().flatten();
        let kept = store.library().and_then(|library| library::kept(&library));
        snapshot.banks = kept
            .unwrap_or_default()
            .into_iter()
            .map(|kept| Kept {
                path: kept.path,
                name: kept.name,
                bytes: kept.bytes,
            })
            .collect();
    }
    snapshot
}

/// The driver in a line.
fn state() -> String {
    let devices = match package::devices() {
        Ok(devices) => devices,
        Err(failure) => return failure.to_string(),
    };
    match devices.first() {
        None => "not installed".into(),
        Some(device) => {
            let version = package::driver_value(device, "DriverVersion");
            let version = version.unwrap_or_else(|| "of unknown version".into());
            format!("{version}, {}", problem::describe(device.state()))
        }
    }
}

/// Runs a command of this program; what it said. As administrator, if it has to be one.
fn run(arguments: &[String]) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    if !system::is_administrator() {
        let code = system::run_elevated(&program, arguments).map_err(|error| error.message())?;
        let command = arguments.join(" ");
        return match code {
            0 => Ok(format!("arioso {command}: done")),
            code => Err(format!(
                "arioso {command} failed (code {code}): run it in a terminal to see why"
            )),
        };
    }
    let output = Command::new(program)
        .args(arguments)
        .creation_flags(NO_WINDOW)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let last = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        text.lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .map(str::to_owned)
    };
    match output.status.success() {
        true => Ok(last(&output.stdout).unwrap_or_else(|| "done".into())),
        false => {
            let line = last(&output.stderr).unwrap_or_else(|| "it failed".into());
            Err(line.trim_start_matches("arioso: ").into())
        }
    }
}

/// Starts a command that goes on; its lines are reported, then its end.
fn launch(
    child: Child,
    arguments: &[String],
    outbox: &Outbox,
    children: &Children,
) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut process = Command::new(program)
        .args(arguments)
        .creation_flags(NO_WINDOW)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let lines = process.stderr.take();
    if let Ok(mut children) = children.lock() {
        children.insert(child, process);
    }
    let (outbox, children) = (outbox.clone(), children.clone());
    thread::spawn(move || {
        let mut complaint = None;
        for line in lines
            .into_iter()
            .flat_map(|lines| BufReader::new(lines).lines())
        {
            let Ok(line) = line else { break };
            if line.starts_with("arioso: ") {
                complaint = Some(line.clone());
            }
            if !line.is_empty() {
                outbox.send(Report::Line(child, line));
            }
        }
        let ended = children
            .lock()
            .ok()
            .and_then(|mut children| children.remove(&child));
        let code = ended
            .and_then(|mut child| child.wait().ok())
            .and_then(|status| status.code());
        // Stopped by us it says nothing.
        let result = match (code, complaint) {
            (Some(0), _) | (_, None) => Ok(()),
            (_, Some(line)) => Err(line.trim_start_matches("arioso: ").into()),
        };
        outbox.send(Report::Ended(child, result));
    });
    Ok(())
}

/// The endpoint's level, 1/100 dB.
fn set_level(level: i32) -> Result<(), String> {
    driver::set_level(&mut client(), level).map_err(|error| format!("the driver refused: {error}"))
}

/// What is in a bank.
fn contents(path: &Path) -> String {
    bank::describe(path).unwrap_or_else(|failure| failure.to_string())
}
