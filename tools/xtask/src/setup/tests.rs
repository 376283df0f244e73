// SPDX-License-Identifier: MIT OR Apache-2.0
//! The set-up on machines that are made up: each message, and what is run before it.

use super::machine::{Machine, Outcome, This, Version, version};
use super::{Compiler, DRIVER, EVERYTHING, Need, compiler, packages, prepare};
use crate::driver::Arch;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

const X64: &str = "x86_64-pc-windows-msvc";
const LIBRARY: &str = "/toolchain/lib/rustlib/x86_64-pc-windows-msvc/lib";
const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";
const HEADERS: &str = "/usr/share/mingw-w64/include/ddk/ntifs.h";

/// What a command does to the machine, once it has been run.
type Effect = fn(&mut State);

struct State {
    files: HashSet<String>,
    answers: HashMap<String, (Outcome, Option<Effect>)>,
    variables: HashMap<String, String>,
    ran: Vec<String>,
    limits: Vec<Duration>,
    notes: HashSet<String>,
}

struct Fake(RefCell<State>);

impl Machine for Fake {
    fn exists(&self, path: &str) -> bool {
        self.0.borrow().files.contains(path)
    }

    fn run(&self, command: &[&str], limit: Option<Duration>) -> Outcome {
        let line = command.join(" ");
        let mut state = self.0.borrow_mut();
        state.ran.push(line.clone());
        state.limits.extend(limit);
        // The longest beginning that is known.
        let known = state
            .answers
            .keys()
            .filter(|known| line.starts_with(*known));
        let Some(known) = known.max_by_key(|known| known.len()).cloned() else {
            return Outcome::Absent;
        };
        let (outcome, effect) = state.answers[&known].clone();
        if let Some(effect) = effect {
            effect(&mut state);
        }
        outcome
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.0.borrow().variables.get(name).cloned()
    }

    fn say(&self, _: &str) {}

    fn noted(&self, name: &str) -> bool {
        self.0.borrow().notes.contains(name)
    }

    fn note(&self, name: &str) {
        self.0.borrow_mut().notes.insert(name.to_owned());
    }
}

impl State {
    fn answer(&mut self, command: &str, text: &str) {
        self.answers
            .insert(command.to_owned(), (Outcome::Done(text.to_owned()), None));
    }

    fn file(&mut self, path: &str) {
        self.files.insert(path.to_owned());
    }

    fn llvm(&mut self) {
        for (program, answer) in [
            ("clang-19", "Debian clang version 19.1.7 (3~deb12u1)\n"),
            ("lld-link-19", "Debian LLD 19.1.7\n"),
            ("llvm-ar-19", "Debian LLVM version 19.1.7\n"),
            ("llvm-objdump-19", "Debian LLVM version 19.1.7\n"),
            (
                "llvm-symbolizer-19",
                "llvm-symbolizer\nDebian LLVM version 19.1.7\n",
            ),
        ] {
            self.answer(program, answer);
        }
        for program in ["lld-link-19", "llvm-lib-19", "clang-19"] {
            self.file(&format!("/usr/bin/{program}"));
        }
        self.file(HEADERS);
    }

    fn debian_compiler(&mut self) {
        self.answer(
            "/usr/bin/rustc --version",
            "rustc 1.96.0 (ac68faa20 2026-05-25)\n",
        );
        self.file("/usr/bin/cargo");
        self.file(SOURCE);
    }
}

/// Debian with rustup's toolchain and LLVM, as root; rustup has no network. The compiler is what a test adds.
fn machine(change: impl FnOnce(&mut State)) -> Fake {
    let mut state = State {
        files: HashSet::new(),
        answers: HashMap::new(),
        variables: HashMap::new(),
        ran: Vec::new(),
        limits: Vec::new(),
        notes: HashSet::new(),
    };
    state.file("/etc/debian_version");
    state.answer("id -u", "0\n");
    state.answer("rustc --print sysroot", "/toolchain\n");
    state.answer("rustup --version", "rustup 1.29.0\n");
    let failed = Outcome::Failed("error: could not download file".into());
    state
        .answers
        .insert("rustup --quiet target add".into(), (failed, None));
    state.answer("apt-get update", "");
    state.answer(
        "apt-cache policy rustc-web",
        "rustc-web:\n  Installed: (none)\n  Candidate: 1.96.0+dfsg1-1~deb12u2\n",
    );
    state.llvm();
    change(&mut state);
    Fake(RefCell::new(state))
}

fn ran(machine: &Fake, start: &str) -> usize {
    let state = machine.0.borrow();
    state
        .ran
        .iter()
        .filter(|line| line.starts_with(start))
        .count()
}

fn refused(machine: &Fake, needs: &[Need]) -> String {
    let message = format!("{:#}", prepare(machine, needs).unwrap_err());
    assert!(
        !message.trim().contains("\n\n"),
        "more than one message: {message}"
    );
    message
}

fn installs(state: &mut State, effect: Effect) {
    let outcome = Outcome::Done(String::new());
    state
        .answers
        .insert("apt-get install".into(), (outcome, Some(effect)));
}

#[test]
fn the_targets_library_is_there() {
    let machine = machine(|state| state.file(LIBRARY));
    prepare(&machine, DRIVER).unwrap();
    assert_eq!(compiler::find(&machine, X64).unwrap(), Compiler::Installed);
    assert_eq!(ran(&machine, "rustup") + ran(&machine, "apt-get"), 0);
}

#[test]
fn rustup_fetches_the_targets_library_quietly_and_with_a_time_limit() {
    let machine = machine(|state| {
        let fetch: Effect = |state| state.file(LIBRARY);
        let outcome = Outcome::Done(String::new());
        state
            .answers
            .insert("rustup --quiet target add".into(), (outcome, Some(fetch)));
    });
    prepare(&machine, DRIVER).unwrap();
    assert_eq!(compiler::find(&machine, X64).unwrap(), Compiler::Installed);
    assert_eq!(ran(&machine, "apt-get"), 0);
    assert_eq!(machine.0.borrow().limits.len(), 1);
}

#[test]
fn a_rustup_that_hangs_is_tried_once_and_debians_compiler_is_taken() {
    let machine = machine(|state| {
        state
            .answers
            .insert("rustup --quiet target add".into(), (Outcome::TooLong, None));
        state.debian_compiler();
    });
    for _ in 0..5 {
        prepare(&machine, DRIVER).unwrap();
    }
    assert_eq!(compiler::find(&machine, X64).unwrap(), Compiler::FromSource);
    assert_eq!(ran(&machine, "rustup --quiet target add"), 1);
    assert_eq!(ran(&machine, "apt-get"), 0);
}

#[test]
fn rustup_is_left_alone_where_it_shall_install_nothing() {
    let machine = machine(|state| {
        state
            .variables
            .insert("RUSTUP_AUTO_INSTALL".into(), "0".into());
        state.debian_compiler();
    });
    prepare(&machine, DRIVER).unwrap();
    assert_eq!(ran(&machine, "rustup"), 0);
}

#[test]
fn debians_compiler_is_installed_from_a_renewed_index() {
    let machine = machine(|state| installs(state, State::debian_compiler));
    prepare(&machine, DRIVER).unwrap();
    let state = machine.0.borrow();
    let place = |start: &str| state.ran.iter().position(|line| line.starts_with(start));
    assert!(place("apt-get update") < place("apt-cache policy"));
    assert!(place("apt-cache policy") < place("apt-get install"));
    let install = &state.ran[place("apt-get install").unwrap()];
    assert!(
        install.ends_with(" rustc-web cargo-web rust-web-src"),
        "{install}"
    );
}

#[test]
fn an_older_compiler_of_debians_is_upgraded() {
    let machine = machine(|state| {
        state.debian_compiler();
        state.answer(
            "/usr/bin/rustc --version",
            "rustc 1.85.0 (4d91de4e4 2025-02-17)\n",
        );
        installs(state, State::debian_compiler);
    });
    prepare(&machine, DRIVER).unwrap();
    assert_eq!(ran(&machine, "apt-get install"), 1);
}

#[test]
fn the_compiler_on_offer_is_too_old() {
    let machine = machine(|state| {
        state.answer(
            "apt-cache policy rustc-web",
            "rustc-web:\n  Candidate: 1.85.0+dfsg3-1~deb12u3\n",
        );
    });
    assert_eq!(
        refused(&machine, DRIVER),
        "there is no Rust compiler for the driver: rustup's toolchain has no library for Windows, and Debian offers rustc-web \
         1.85.0+dfsg3-1~deb12u3 where 1.95 is needed. With a network, this helps: rustup target add x86_64-pc-windows-msvc"
    );
    assert_eq!(ran(&machine, "apt-get install"), 0);
}

#[test]
fn there_is_no_compiler_on_offer_and_no_network() {
    let machine = machine(|state| {
        let failed = Outcome::Failed("E: Failed to fetch http://deb.debian.org\n".into());
        state
            .answers
            .insert("apt-get update".into(), (failed, None));
        state.answer("apt-cache policy rustc-web", "");
    });
    assert_eq!(
        refused(&machine, DRIVER),
        "there is no Rust compiler for the driver: rustup's toolchain has no library for Windows, and Debian offers no rustc-web \
         (the package index could not be renewed: is there a network?) where 1.95 is needed. With a network, this helps: \
         rustup target add x86_64-pc-windows-msvc"
    );
}

#[test]
fn the_library_source_is_missing() {
    let machine = machine(|state| {
        state.debian_compiler();
        state.files.remove(SOURCE);
        // apt says that all is well, and it is not.
        installs(state, |_| {});
    });
    assert_eq!(
        refused(&machine, DRIVER),
        "no Rust compiler here builds for x86_64-pc-windows-msvc: rustup's has no library for it, and /usr/bin/rustc has no \
         library source (/usr/lib/rustlib/src/rust/library/core/Cargo.toml; apt-get install rust-web-src). With a network, this \
         helps: rustup target add x86_64-pc-windows-msvc"
    );
}

#[test]
fn the_compiler_stays_too_old() {
    let machine = machine(|state| {
        state.debian_compiler();
        state.answer("/usr/bin/rustc --version", "rustc 1.85.0\n");
        installs(state, |_| {});
    });
    let message = refused(&machine, DRIVER);
    assert!(
        message.contains("/usr/bin/rustc is version 1.85 where 1.95 is needed"),
        "{message}"
    );
}

#[test]
fn packages_cannot_be_fetched_without_a_network() {
    let machine = machine(|state| {
        state.file(LIBRARY);
        state.files.remove(HEADERS);
        for command in ["apt-get update", "apt-get install"] {
            let failed = Outcome::Failed("W: noise\nE: Temporary failure resolving\n".into());
            state.answers.insert(command.into(), (failed, None));
        }
    });
    assert_eq!(
        refused(&machine, DRIVER),
        "packages cannot be installed (E: Temporary failure resolving), and the package index could not be renewed \
         (E: Temporary failure resolving): with a network, run `apt-get update`, then this command again"
    );
}

#[test]
fn an_interrupted_dpkg() {
    let machine = machine(|state| {
        state.file(LIBRARY);
        state.files.remove(HEADERS);
        let failed = Outcome::Failed(
            "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n".into(),
        );
        state
            .answers
            .insert("apt-get install".into(), (failed, None));
    });
    assert_eq!(
        refused(&machine, DRIVER),
        "an earlier installation of packages was interrupted: run `dpkg --configure -a`, then this command again"
    );
}

#[test]
fn another_apt_is_running() {
    let machine = machine(|state| {
        state.file(LIBRARY);
        state.files.remove(HEADERS);
        let failed = Outcome::Failed(
            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 77 (apt-get)\n".into(),
        );
        state
            .answers
            .insert("apt-get install".into(), (failed, None));
    });
    assert!(refused(&machine, DRIVER).starts_with("another program is installing packages: wait"));
}

#[test]
fn who_is_not_root_gets_the_command() {
    let machine = machine(|state| {
        state.file(LIBRARY);
        state.files.remove(HEADERS);
        state.answer("id -u", "1000\n");
    });
    assert_eq!(
        refused(&machine, DRIVER),
        "packages are missing; as root, run\n    apt-get update && apt-get install --no-install-recommends mingw-w64-common"
    );
    assert_eq!(ran(&machine, "apt-get"), 0);
}

#[test]
fn an_llvm_that_is_too_old() {
    let machine = machine(|state| {
        state.file(LIBRARY);
        state.files.remove("/etc/debian_version");
        state.answers.remove("clang-19");
        state.answer("clang --version", "clang version 14.0.6\n");
    });
    assert_eq!(
        refused(&machine, DRIVER),
        "clang is version 14.0, 19 or newer is needed; on Debian this helps, as root: apt-get update && apt-get install clang-19"
    );
}

#[test]
fn a_newer_llvm_does() {
    let machine = machine(|state| {
        state.file(LIBRARY);
        state.files.remove("/etc/debian_version");
        for program in [
            "clang",
            "lld-link",
            "llvm-ar",
            "llvm-objdump",
            "llvm-symbolizer",
        ] {
            state.answers.remove(&format!("{program}-19"));
            state.answer(&format!("{program} --version"), "LLVM version 21.1.0\n");
        }
    });
    prepare(&machine, DRIVER).unwrap();
}

#[test]
fn a_program_that_is_installed_but_does_not_run() {
    let machine = machine(|state| {
        state.file("/usr/bin/valgrind");
        let failed = Outcome::Failed("valgrind: cannot execute binary file".into());
        state.answers.insert("valgrind".into(), (failed, None));
    });
    assert_eq!(
        refused(&machine, &[Need::Counting]),
        "the program valgrind does not run (`valgrind --version` fails): install its package again"
    );
}

#[test]
fn each_need_brings_its_own_packages_only() {
    let bare = machine(|state| state.files.clear());
    let of_the_demo = packages::missing(&bare, DRIVER);
    assert_eq!(
        of_the_demo,
        ["lld-19", "llvm-19", "clang-19", "mingw-w64-common"]
    );
    let all = packages::missing(&bare, EVERYTHING);
    for package in [
        "libasound2-dev",
        "pkg-config",
        "wine",
        "libfluidsynth3",
        "valgrind",
        "gcc-mingw-w64-x86-64-win32",
        "g++",
    ] {
        assert!(all.contains(&package), "{package}");
    }
    // Each once, though both drivers need the same.
    let mut once = all.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), all.len());
    assert!(all.starts_with(&of_the_demo));
    assert!(packages::missing(&machine(|_| {}), &[Need::Driver(Arch::Arm64)]).is_empty());
}

#[test]
fn a_program_that_hangs_is_stopped() {
    let start = Instant::now();
    let outcome = This.run(&["sleep", "60"], Some(Duration::from_millis(50)));
    assert_eq!(outcome, Outcome::TooLong);
    assert!(start.elapsed() < Duration::from_secs(30));
    let absent = This.run(&["arioso-no-such-program"], None);
    assert_eq!(absent, Outcome::Absent);
    let shell = |text| This.run(&["sh", "-c", text], None);
    assert_eq!(
        shell("echo out; echo no >&2"),
        Outcome::Done("out\n".into())
    );
    assert_eq!(
        shell("echo why >&2; exit 3"),
        Outcome::Failed("why\n".into())
    );
}

#[test]
fn versions() {
    for (answer, expected) in [
        (
            "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)",
            (1, 96),
        ),
        ("Debian clang version 19.1.7 (3~deb12u1)", (19, 1)),
        ("1.85.0+dfsg3-1~deb12u3", (1, 85)),
        ("1:19.1.7-3~deb12u1", (19, 1)),
        ("1.95", (1, 95)),
    ] {
        let (major, minor) = expected;
        assert_eq!(version(answer), Some(Version { major, minor }), "{answer}");
    }
    assert_eq!(version("(none)"), None);
    assert_eq!(version("error: toolchain 'stable' is not installed"), None);
}
