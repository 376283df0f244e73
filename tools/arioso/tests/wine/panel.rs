// SPDX-License-Identifier: MIT OR Apache-2.0
//! The panel under Wine and Xvfb: by keyboard alone; the icon beside the clock; another resolution; without an administrator's rights. What it does it writes into a trace (`ARIOSO_PANEL_TRACE`); its picture is left as
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

const TITLE: &str = "Arioso Synthesizer";

struct Panel<'a> {
    prefix: &'a Prefix,
    server: Child,
    display: String,
    program: Child,
    trace: PathBuf,
}

impl<'a> Panel<'a> {
    fn open(prefix: &'a Prefix) -> Self {
        Self::start(prefix, prefix.start(&["panel"]))
    }

    fn start(prefix: &'a Prefix, mut program: Command) -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1600x1200x24"])
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
        let program = program
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
        panel.focus();
        panel
    }

    /// Without a window manager nobody gives the keyboard to a window.
    fn focus(&self) {
        self.tool(&[
            "search",
            "--sync",
            "--onlyvisible",
            "--name",
            TITLE,
            "windowfocus",
            "--sync",
        ]);
    }

    /// Whether the window is to be seen.
    fn is_shown(&self) -> bool {
        let found = Command::new("xdotool")
            .args(["search", "--onlyvisible", "--name", TITLE])
            .env("DISPLAY", &self.display)
            .output();
        !found.expect("xdotool").stdout.is_empty()
    }

    fn wait_shown(&self, shown: bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while self.is_shown() != shown {
            assert!(Instant::now() < end, "shown is not {shown}");
            sleep(Duration::from_millis(50));
        }
    }

    /// Clicks on the icon. Where nobody has a place for such icons, Wine makes a window for them.
    fn click_icon(&self, button: &str) {
        self.tool(&[
            "search",
            "--sync",
            "--onlyvisible",
            "--name",
            "Wine System Tray",
            "windowraise",
            "%1",
            "mousemove",
            "--window",
            "%1",
            "10",
            "10",
            "click",
            button,
        ]);
    }

    /// Chooses an entry of the icon's menu.
    fn choose(&self, entry: usize) {
        self.click_icon("3");
        let end = Instant::now() + Duration::from_secs(60);
        while self.poke(&["menu"]) != "1\n" {
            assert!(Instant::now() < end, "no menu");
        }
        for _ in 0..entry {
            self.keys(&["Down"]);
            sleep(Duration::from_millis(200));
        }
        self.keys(&["Return"]);
    }

    fn poke(&self, arguments: &[&str]) -> String {
        self.prefix.poke(&self.display, arguments)
    }

    /// Number, left, top, width and height of everything; the window and its inside first.
    fn places(&self) -> Vec<(String, [i32; 4])> {
        let text = self.poke(&["where"]);
        let places = text.lines().map(|line| {
            let mut words = line.split(' ');
            let name = words.next().expect("a name").to_owned();
            let numbers: Vec<i32> = words.map(|word| word.parse().expect("a number")).collect();
            (name, numbers.try_into().expect("four numbers"))
        });
        places.collect()
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
        self.ended()
    }

    /// The same, of one that somebody has closed.
    fn ended(&mut self) -> u64 {
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

/// The icon beside the clock, and its menu: what hides is shown again, notes end, the panel quits. In between, another resolution and back.
pub fn icon_and_resolution(prefix: &Prefix) {
    let mut panel = Panel::open(prefix);
    panel.wait("report Looked");
    assert_eq!(panel.poke(&["icon"]), "1\n");
    resolution(&panel);
    // While something plays, what closes the window hides it.
    panel.focus();
    panel.does(&["alt+r"], "action Listen(true)");
    panel.keys(&["Escape"]);
    panel.wait_shown(false);
    panel.click_icon("1");
    panel.wait_shown(true);
    panel.focus();
    panel.keys(&["Escape"]);
    panel.wait_shown(false);
    panel.choose(1);
    panel.wait_shown(true);
    let before = panel.lines().len();
    panel.choose(2);
    panel.wait_after(before, "action Panic");
    panel.choose(3);
    panel.ended();
}

/// Everything is half as large again, and then as it was.
fn resolution(panel: &Panel) {
    let before = panel.places();
    panel.poke(&["dpi", "96", "144"]);
    let large = panel.places();
    let (_, [_, _, width, height]) = large[1];
    assert!(width >= 1050 && height >= 960, "{width} {height}");
    assert_eq!(before.len(), large.len());
    for ((name, small), (_, large)) in before.iter().zip(&large).skip(2) {
        let [left, top, across, down] = *large;
        assert!(
            left + across <= width && top + down <= height,
            "{name} is not inside"
        );
        let wanted = small.map(|length| length * 3 / 2);
        // How high a line to choose from is, its font decides.
        let height_counts = !["136", "152"].contains(&name.as_str());
        assert!(
            large[..3] == wanted[..3] && (large[3] == wanted[3] || !height_counts),
            "{name}: {large:?} instead of {wanted:?}"
        );
    }
    panel.poke(&["dpi", "144", "96"]);
    // The window itself, as it was told to be, is rounded.
    assert_eq!(panel.places()[2..], before[2..]);
}

/// Without an administrator's rights a change asks Windows for them. This Wine gives none: that is told, and nothing is changed.
pub fn without_rights(prefix: &Prefix) {
    let panel = Panel::start(prefix, prefix.start_lower(&["panel"]));
    panel.wait("report Looked");
    panel.does(&["alt+v"], "focus value 0");
    panel.tool(&["type", "--delay", "60", "123"]);
    panel.does(&["Tab", "space"], "action Set");
    panel.wait("report Done(Err(\"arioso settings set Voices 123 failed (code 1): run it in a terminal to see why\"))");
    panel.close();
    assert_eq!(prefix.arioso(&["settings", "get", "Voices"]).out, "256\n");
}
