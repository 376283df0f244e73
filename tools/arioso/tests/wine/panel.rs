// SPDX-License-Identifier: MIT OR Apache-2.0
//! The panel under Wine and Xvfb, by keyboard alone. What it does it writes into a trace (`ARIOSO_PANEL_TRACE`); its picture is left as
//! `target/wine/panel.png`.

use crate::prefix::Prefix;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Every control that can have the keyboard, as the trace names it. Buttons of remedies are there for what is wrong.
const CONTROLS: [&str; 20] = [
    "findings", "look", "banks", "use", "add", "contents", "content", "value 0", "set 0",
    "quality", "set 1", "value 2", "set 2", "value 3", "set 3", "level", "listen", "inputs",
    "play", "panic",
];

struct Panel<'a> {
    prefix: &'a Prefix,
    server: Child,
    display: String,
    program: Child,
    trace: PathBuf,
}

impl<'a> Panel<'a> {
    fn open(prefix: &'a Prefix) -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1024x768x24"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb (cargo xtask setup)");
        let mut number = String::new();
        let out = server.stdout.take().expect("a pipe");
        BufReader::new(out)
            .read_line(&mut number)
            .expect("a display");
        let display = format!(":{}", number.trim());
        // Wine's desktop belongs to the display of the first program that needs one; the others had none.
        prefix.settle();
        let trace = prefix.file("panel.trace");
        fs::write(&trace, "").expect("a file");
        let start = Instant::now();
        let program = prefix
            .start(&["panel"])
            .env("DISPLAY", &display)
            .env("ARIOSO_PANEL_TRACE", prefix.path(&trace))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("wine");
        let panel = Self {
            prefix,
            server,
            display,
            program,
            trace,
        };
        let line = panel.wait("opened");
        let own = line.split(' ').next().expect("ms").to_owned();
        println!(
            "the panel opens after {own} ms, {:?} with Wine",
            start.elapsed()
        );
        // Without a window manager nobody gives the keyboard to a window.
        panel.tool(&[
            "search",
            "--sync",
            "--onlyvisible",
            "--name",
            "Arioso Synthesizer",
            "windowfocus",
            "--sync",
        ]);
        panel
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.trace).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits for a line that has not been there before `after`.
    fn wait_after(&self, after: usize, what: &str) -> String {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let lines = self.lines();
            if let Some(line) = lines.iter().skip(after).find(|line| line.contains(what)) {
                return line.clone();
            }
            assert!(Instant::now() < end, "no {what:?} in {lines:#?}");
            sleep(Duration::from_millis(20));
        }
    }

    fn wait(&self, what: &str) -> String {
        self.wait_after(0, what)
    }

    fn tool(&self, arguments: &[&str]) {
        let status = Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", &self.display)
            .status();
        assert!(
            status.expect("xdotool (cargo xtask setup)").success(),
            "{arguments:?}"
        );
    }

    /// Presses keys, one after another.
    fn keys(&self, keys: &[&str]) {
        self.tool(&[&["key", "--delay", "60"], keys].concat());
    }

    /// Presses keys and waits for what the trace says of them.
    fn does(&self, keys: &[&str], what: &str) -> String {
        let before = self.lines().len();
        self.keys(keys);
        self.wait_after(before, what)
    }

    fn picture(&self) {
        let file = self.prefix.file("panel.png");
        let status = Command::new("import")
            .args([
                "-display",
                &self.display,
                "-window",
                "root",
                "-trim",
                "+repage",
            ])
            .arg(&file)
            .status();
        assert!(status.expect("import (cargo xtask setup)").success());
        assert!(
            fs::metadata(file).expect("a picture").len() > 5_000,
            "an empty picture"
        );
    }

    /// Closes it; the longest time that an event of its window took, in ms.
    fn close(mut self) -> u64 {
        self.keys(&["Escape"]);
        let line = self.wait("closed, ");
        let end = Instant::now() + Duration::from_secs(20);
        while self.program.try_wait().expect("a child").is_none() {
            assert!(Instant::now() < end, "it does not end");
            sleep(Duration::from_millis(50));
        }
        let number = line.rsplit_once(", ").expect("ms").1;
        number.trim_end_matches(" ms").parse().expect("a number")
    }
}

impl Drop for Panel<'_> {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The driver is installed, as far as Wine goes; the settings are the INF's, and are again in the end.
pub fn panel(prefix: &Prefix) {
    let panel = Panel::open(prefix);
    panel.wait("report Looked");
    // Tab goes through all controls, and round.
    let before = panel.lines().len();
    for _ in 0..CONTROLS.len() + 4 {
        panel.keys(&["Tab"]);
        sleep(Duration::from_millis(150));
    }
    let lines = panel.lines();
    let reached: BTreeSet<&str> = lines[before..]
        .iter()
        .filter_map(|line| line.split_once(" focus "))
        .map(|(_, name)| name)
        .collect();
    for control in CONTROLS {
        assert!(
            reached.contains(control),
            "{control} is not reached: {lines:#?}"
        );
    }
    // Letters lead to controls, and press them.
    panel.does(&["alt+v"], "focus value 0");
    panel.tool(&["type", "--delay", "60", "123"]);
    panel.does(&["Tab", "space"], "action Set");
    panel.wait("Voices = 123");
    assert_eq!(prefix.arioso(&["settings", "get", "Voices"]).out, "123\n");
    // What is wrong never leaves the window.
    panel.does(&["alt+v"], "focus value 0");
    panel.tool(&["type", "--delay", "60", "99999"]);
    let at = panel.lines().len();
    panel.does(&["Tab", "space"], "action Set");
    sleep(Duration::from_millis(300));
    assert!(
        !panel.lines()[at..]
            .iter()
            .any(|line| line.contains("task Run"))
    );
    panel.picture();
    panel.does(&["alt+b"], "focus banks");
    let used = panel.lines().len();
    panel.does(&["Home", "alt+u"], "action UseBank(0)");
    panel.wait_after(used, "report Done(Ok(");
    panel.does(&["alt+n"], "action Panic");
    panel.does(&["alt+k"], "action Look");
    panel.does(&["alt+d", "Left"], "action Level(");
    // A command that fails is told, and the window goes on.
    panel.does(&["alt+r"], "action Listen(true)");
    sleep(Duration::from_secs(3));
    if !panel
        .lines()
        .iter()
        .any(|line| line.contains("report Ended(Listen"))
    {
        panel.does(&["alt+r"], "action Listen(false)");
    }
    panel.wait("report Ended(Listen");
    let longest = panel.close();
    println!("the longest event of the window took {longest} ms");
    assert!(longest < 500, "{longest} ms");
    let reset = prefix.arioso(&["settings", "reset", "Voices"]);
    assert_eq!(reset.code, Some(0), "{}", reset.error);
}
