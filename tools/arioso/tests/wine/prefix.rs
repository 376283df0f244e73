// SPDX-License-Identifier: MIT OR Apache-2.0
//! A fresh Wine prefix with `arioso.exe`.

use crate::registry::Registry;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A Windows of our own, gone when it is made anew.
pub struct Prefix {
    directory: PathBuf,
}

/// What there is: registry and names of files.
pub struct Snapshot {
    pub registry: Registry,
    pub files: BTreeSet<PathBuf>,
}

/// What a program came to.
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    /// The lines that are ours: Wine's parts write there too.
    pub error: String,
}

impl Prefix {
    /// Makes it: Windows 10 (of 2019, which `doctor` minds), and the program with what this Wine lacks.
    pub fn new() -> Self {
        Self::in_directory("target/wine")
    }

    /// The same, elsewhere below the repository.
    pub fn in_directory(directory: &str) -> Self {
        let program = root().join("target/windows/x64/arioso.exe");
        assert!(
            program.is_file(),
            "{} is missing: run cargo xtask windows",
            program.display()
        );
        let directory = root().join(directory);
        if directory.exists() {
            fs::remove_dir_all(&directory).expect("the old prefix can be removed");
        }
        fs::create_dir_all(directory.join("program")).expect("a directory");
        let directory = directory.canonicalize().expect("it was made");
        let prefix = Self { directory };
        fs::copy(program, prefix.program()).expect("a copy");
        // Without it no program of Rust starts there.
        prefix.library("bcryptprimitives", &["-ladvapi32"]);
        for arguments in [&["wineboot", "--init"][..], &["winecfg", "-v", "win10"]] {
            let output = prefix.wine(arguments);
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        }
        prefix
    }

    fn program(&self) -> PathBuf {
        self.directory.join("program/arioso.exe")
    }

    /// Makes `NAME.dll` of `NAME.c` beside the program, where it goes before Wine's own.
    pub fn library(&self, name: &str, libraries: &[&str]) -> PathBuf {
        let library = self.directory.join(format!("program/{name}.dll"));
        let options = ["-shared", "-nostdlib", "-Wl,-e0"];
        compile(name, &library, &options, libraries);
        library
    }

    /// Makes `poke.exe`, which does what the system does.
    pub fn make_poke(&self) {
        let options = ["-municode", "-Wall", "-Werror"];
        compile("poke", &self.poke_program(), &options, &["-ladvapi32"]);
    }

    fn poke_program(&self) -> PathBuf {
        self.directory.join("program/poke.exe")
    }

    /// What it says.
    pub fn poke(&self, display: &str, arguments: &[&str]) -> String {
        let output = self
            .command("wine")
            .arg(self.poke_program())
            .args(arguments)
            .env("DISPLAY", display)
            .output();
        let output = output.expect("wine");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).replace('\r', "")
    }

    /// A file in the folder where the programs run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A program of Wine's. One that hangs is stopped, and fails.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=5", "300", program])
            .env("WINEPREFIX", self.directory.join("prefix"))
            .env("WINEDEBUG", "-all")
            // No .NET, no browser, no display, no menus of this machine's own; a newdev.dll beside the program goes before Wine's.
            .env(
                "WINEDLLOVERRIDES",
                "mscoree,mshtml,winemenubuilder.exe=;newdev=n,b",
            )
            .env_remove("DISPLAY")
            .current_dir(&self.directory);
        command
    }

    fn wine(&self, arguments: &[&str]) -> Output {
        let output = self.command("wine").args(arguments).output();
        output.expect("wine (cargo xtask setup)")
    }

    /// `arioso`, to be started.
    pub fn start(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("wine");
        command.arg(self.program()).args(arguments);
        command
    }

    /// The same, as somebody who is no administrator.
    pub fn start_lower(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("wine");
        command.arg(self.poke_program()).arg("lower");
        command.arg(self.program()).args(arguments);
        command
    }

    /// The user logs on, as far as Wine has that.
    pub fn log_on(&self) {
        // What it starts goes on: nobody waits for the end of what that says.
        let status = self
            .command("wine")
            .arg("wineboot")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.expect("wine").success());
    }

    /// Runs `arioso`.
    pub fn arioso(&self, arguments: &[&str]) -> Answer {
        answer(self.start(arguments))
    }

    /// The same, as somebody who is no administrator.
    pub fn arioso_lower(&self, arguments: &[&str]) -> Answer {
        answer(self.start_lower(arguments))
    }

    /// Ends everything that runs there.
    pub fn end_all(&self) {
        let _ = self.command("wineserver").arg("-k").status();
        self.settle();
    }

    /// The path of a file of this machine, as the programs there know it.
    pub fn path(&self, file: &Path) -> String {
        let file = file.canonicalize().expect("it is there");
        format!("Z:{}", file.display()).replace('/', "\\")
    }

    /// Waits until nothing runs there, which writes the registry.
    pub fn settle(&self) {
        let status = self.command("wineserver").arg("-w").status();
        assert!(status.expect("wineserver").success());
    }

    /// Waits until nothing runs there, and looks.
    pub fn snapshot(&self) -> Snapshot {
        self.settle();
        let place = self.directory.join("prefix");
        let mut registry = Registry::default();
        for (name, key) in [("system.reg", "HKLM"), ("user.reg", "HKCU")] {
            let text = fs::read(place.join(name)).expect("the registry's file");
            registry.read(key, &String::from_utf8_lossy(&text));
        }
        let mut files = BTreeSet::new();
        list(&place.join("drive_c"), Path::new(""), &mut files);
        Snapshot { registry, files }
    }

    /// The content of a file on the drive C:.
    pub fn read(&self, file: &Path) -> Vec<u8> {
        fs::read(self.directory.join("prefix/drive_c").join(file)).expect("it is there")
    }
}

/// What a command comes to.
fn answer(mut command: Command) -> Answer {
    let output = command.output().expect("wine (cargo xtask setup)");
    let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\r', "");
    let error: Vec<String> = lines(&output.stderr)
        .lines()
        .filter(|line| line.starts_with("arioso: ") || line.contains("panicked"))
        .map(str::to_owned)
        .collect();
    Answer {
        code: output.status.code(),
        out: lines(&output.stdout),
        error: error.join("\n"),
    }
}

/// Compiles `NAME.c` with mingw-w64.
fn compile(name: &str, product: &Path, options: &[&str], libraries: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/wine/{name}.c"));
    let status = Command::new("x86_64-w64-mingw32-gcc")
        .arg("-O2")
        .args(options)
        .arg("-o")
        .arg(product)
        .arg(source)
        .args(libraries)
        .status()
        .expect("mingw-w64's compiler (cargo xtask setup)");
    assert!(status.success());
}

impl Drop for Prefix {
    fn drop(&mut self) {
        // What a failed test has left running.
        let _ = self.command("wineserver").arg("-k").status();
    }
}

fn list(directory: &Path, below: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        let name = below.join(entry.file_name());
        if entry.file_type().expect("its type").is_dir() {
            list(&entry.path(), &name, files);
        } else {
            files.insert(name);
        }
    }
}
