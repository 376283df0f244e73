// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arioso.exe` and the package under Wine, whose SetupAPI is somebody else's. The program and the package must have been built:
//! `cargo xtask windows`, `cargo xtask package`. What Wine does otherwise than Windows is in `docs/windows-tool.md`.

mod panel;
mod prefix;
mod registry;

use arioso_inf::{Inf, Install, Platform, RegistryValue, decode};
use prefix::{Answer, Prefix, Snapshot, root};
use registry::Registry;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

const DEVICE: &str = r"HKLM\System\CurrentControlSet\Enum\ROOT\ARIOSO\0000";
const SERVICE: &str = r"HKLM\System\CurrentControlSet\Services\Arioso";
const CLASS: &str = r"HKLM\System\CurrentControlSet\Control\Class";
const CLASSES: &str = r"HKLM\System\CurrentControlSet\Control\DeviceClasses";
/// Format 0, 96 ticks per quarter, one note of a quarter.
const MIDI: &[u8] =
    b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x0C\0\x90\x3C\x7F\x60\x80\x3C\x40\0\xFF\x2F\0";

#[test]
fn arioso_under_wine() {
    let prefix = Prefix::new();
    prefix.make_poke();
    let package = Package::new();
    banks(&prefix);
    without_a_driver(&prefix, &package);
    let before = prefix.snapshot();
    a_package_that_does_not_fit(&prefix, &package, &before);
    install(&prefix, &package, &before);
    uninstall(&prefix, &package, &before);
    uninstall_from_the_driver_store(&prefix, &package);
}

/// The package as this Wine can read it: its INF's target is `NTamd64`, without the version of Windows.
struct Package {
    directory: PathBuf,
    install: Install,
}

impl Package {
    fn new() -> Self {
        let built = root().join("target/package/x64");
        assert!(
            built.join("arioso.inf").is_file(),
            "{} is missing: run cargo xtask package",
            built.display()
        );
        let directory = root().join("target/wine/package");
        fs::create_dir_all(&directory).expect("a directory");
        for name in ["arioso.sys", "arioso.cat", "arioso.dls", "arioso.cer"] {
            fs::copy(built.join(name), directory.join(name)).expect("a part of the package");
        }
        let text = decode(&fs::read(built.join("arioso.inf")).expect("the INF")).expect("its text");
        const TARGET: &str = "NTamd64.10.0...19041";
        assert_eq!(
            text.matches(TARGET).count(),
            2,
            "the target and its section"
        );
        let text = text.replace(TARGET, "NTamd64");
        fs::write(directory.join("arioso.inf"), &text).expect("a file");
        let inf = Inf::parse(&text).expect("an INF");
        let model = inf.models(Platform::Amd64).expect("models").remove(0);
        let install = inf
            .install(&model, Platform::Amd64)
            .expect("an install section");
        Self { directory, install }
    }
}

/// Fails with everything that the program has said.
#[track_caller]
fn expect(answer: &Answer, code: i32, error: &str) {
    assert!(
        answer.code == Some(code)
            && answer.error.contains(error)
            && !answer.error.contains("panicked"),
        "{code} {error:?} expected, {:?}:\n{}\n{}",
        answer.code,
        answer.out,
        answer.error
    );
    // One clear line, or none; a note about what Wine does not tell may come before.
    assert!(answer.error.lines().count() <= 2, "{}", answer.error);
}

/// The portable commands.
fn banks(prefix: &Prefix) {
    let answer = prefix.arioso(&["bank", "build", "-o", "gm.dls"]);
    expect(&answer, 0, "");
    let built = root().join("target/wine/gm.dls");
    let information = prefix.arioso(&["bank", "info", "gm.dls"]);
    expect(&information, 0, "");
    assert!(
        information.out.contains("Arioso General MIDI"),
        "{}",
        information.out
    );
    assert!(
        information.out.contains("instruments  129"),
        "{}",
        information.out
    );
    assert_eq!(
        fs::read(built).expect("the bank").len(),
        arioso_bank::general_midi().len()
    );
    expect(
        &prefix.arioso(&["bank", "info", "nowhere.dls"]),
        3,
        "no such file (check the name)",
    );
}

fn without_a_driver(prefix: &Prefix, package: &Package) {
    fs::write(root().join("target/wine/song.mid"), MIDI).expect("a file");
    expect(&prefix.arioso(&[]), 2, "a command is missing: install");
    expect(
        &prefix.arioso(&["status"]),
        1,
        "no device of the driver: run arioso install",
    );
    expect(
        &prefix.arioso(&["play", "nowhere.mid"]),
        3,
        "nowhere.mid: no such file",
    );
    expect(
        &prefix.arioso(&["play", "gm.dls"]),
        3,
        "it is no Standard MIDI File: it is a DLS bank",
    );
    let play = prefix.arioso(&["play", "song.mid", "--port", "nobody's"]);
    expect(&play, 1, "WinMM has no MIDI port named \"nobody's\"");
    let play = prefix.arioso(&["play", "song.mid", "--via", "ks"]);
    expect(
        &play,
        1,
        "no synthesizer's interface with \"Arioso\" in its symbolic link",
    );
    expect(
        &prefix.arioso(&["conformance"]),
        1,
        "no device of the driver",
    );
    expect(
        &prefix.arioso(&["settings", "set", "Voices", "9"]),
        1,
        "the driver is not installed: run arioso install",
    );
    let nothing = prefix.arioso(&["uninstall"]);
    expect(&nothing, 0, "");
    assert_eq!(nothing.out, "nothing of the driver is installed\n");
    let program = prefix.path(&root().join("target/wine/program"));
    expect(
        &prefix.arioso(&["install", &program]),
        3,
        "arioso.inf is missing: name the folder",
    );
    // Wine says that test signing is off.
    let directory = prefix.path(&package.directory);
    expect(
        &prefix.arioso(&["install", &directory]),
        1,
        "bcdedit /set testsigning on",
    );
    let doctor = prefix.arioso(&["doctor"]);
    expect(
        &doctor,
        1,
        "something is wrong with: Windows, test signing, package, device, WinMM",
    );
    for row in [
        "WRONG  Windows",
        "(Wine: it has no kernel",
        "WRONG  device",
        "instruments",
    ] {
        assert!(doctor.out.contains(row), "{row}:\n{}", doctor.out);
    }
    let ports = prefix.arioso(&["ports"]);
    expect(&ports, 0, "");
    // Wine's own software synthesizer.
    for part in [
        "DirectMusic\n",
        "user mode",
        "\nWinMM\n",
        "\nKernel streaming",
    ] {
        assert!(ports.out.contains(part), "{part}:\n{}", ports.out);
    }
}

/// A failed installation leaves no device.
fn a_package_that_does_not_fit(prefix: &Prefix, package: &Package, before: &Snapshot) {
    let directory = root().join("target/wine/stranger");
    fs::create_dir_all(&directory).expect("a directory");
    for name in ["arioso.sys", "arioso.cat", "arioso.dls"] {
        fs::copy(package.directory.join(name), directory.join(name)).expect("a copy");
    }
    let text = fs::read_to_string(package.directory.join("arioso.inf")).expect("the INF");
    let text = text.replace(r"ROOT\Arioso", r"ROOT\Stranger");
    fs::write(directory.join("arioso.inf"), text).expect("a file");
    let answer = prefix.arioso(&["install", "--force", &prefix.path(&directory)]);
    expect(&answer, 1, r"it has no driver for ROOT\Arioso");
    let answer = prefix.arioso(&["install", "--force", "--trust", &prefix.path(&directory)]);
    expect(&answer, 3, "there is no arioso.cer");
    let left = ours(before, &prefix.snapshot());
    assert!(left.is_empty(), "{}", left.join("\n"));
}

fn install(prefix: &Prefix, package: &Package, before: &Snapshot) {
    let directory = prefix.path(&package.directory);
    // Twice: there is one device all the same.
    for _ in 0..2 {
        let answer = prefix.arioso(&["install", "--force", "--trust", &directory]);
        expect(&answer, 0, "");
        assert!(
            answer.out.contains(r"ROOT\ARIOSO\0000: driver"),
            "{}",
            answer.out
        );
    }
    let status = prefix.arioso(&["status"]);
    expect(&status, 0, "");
    for row in [
        "ROOT\\ARIOSO\\0000\n",
        "Arioso, stopped",
        "Voices",
        r"\\?\root#arioso#0000#{dff220f3-f70f-11d0-b917-00a0c9223196}\synth",
        "256",
        "TOPOLOGY",
    ] {
        assert!(status.out.contains(row), "{row}:\n{}", status.out);
    }
    settings(prefix);
    without_rights(prefix, &directory);
    panel::panel(prefix);
    panel::icon_and_resolution(prefix);
    panel::without_rights(prefix);
    at_logon(prefix);
    // Wine's kernel has no PortCls: the driver does not start.
    expect(
        &prefix.arioso(&["conformance"]),
        1,
        "no interface of ROOT\\ARIOSO\\0000 is enabled",
    );

    let after = prefix.snapshot();
    let registry = &after.registry;
    let text = |key: &str, name: &str| registry.text(key, name).unwrap_or_default();
    assert_eq!(text(DEVICE, "HardwareID"), r"ROOT\Arioso");
    assert_eq!(text(DEVICE, "Service"), "Arioso");
    assert_eq!(text(DEVICE, "Class"), "MEDIA");
    assert!(
        !registry
            .0
            .contains_key(&DEVICE.replace("0000", "0001").to_lowercase())
    );
    let class = format!(r"{CLASS}\{}", text(DEVICE, "Driver"));
    assert_eq!(text(&class, "InfSection"), "Arioso");
    let install = &package.install;
    holds(registry, &class, &install.driver);
    holds(
        registry,
        &format!(r"{DEVICE}\Device Parameters"),
        &install.hardware,
    );
    let service = &install.services[0];
    for (name, number) in [
        ("Type", service.kind),
        ("Start", service.start),
        ("ErrorControl", service.error_control),
    ] {
        assert_eq!(
            registry.get(SERVICE, name),
            Some(arioso_inf::Data::Number(number)),
            "{name}"
        );
    }
    assert_eq!(text(SERVICE, "DisplayName"), service.display_name);
    assert!(text(SERVICE, "ImagePath").ends_with(r"\arioso.sys"));
    holds(registry, SERVICE, &service.values);
    assert_eq!(install.interfaces.len(), 9);
    for interface in &install.interfaces {
        let class = &interface.class;
        let key = format!(
            r"{CLASSES}\{class}\##?#root#arioso#0000#{class}\#{}",
            interface.reference
        );
        assert!(
            text(&key, "SymbolicLink")
                .ends_with(&format!(r"\{}", interface.reference.to_lowercase())),
            "{key}"
        );
        holds(
            registry,
            &format!(r"{key}\Device Parameters"),
            &interface.values,
        );
    }
    for file in &install.files {
        let found = after.files.iter().find(|path| path.ends_with(&file.name));
        let found = found.unwrap_or_else(|| panic!("{} was not copied", file.name));
        let content = fs::read(package.directory.join(&file.source)).expect("a part");
        assert!(
            prefix.read(found) == content,
            "{} is another file",
            file.name
        );
    }
    assert_eq!(
        certificates(registry).len(),
        certificates(&before.registry).len() + 2
    );
}

/// `settings` and `bank use`, as on Windows 10: Wine has no state that drivers share. In the end everything is as the INF has it.
fn settings(prefix: &Prefix) {
    for (arguments, code, error) in [
        (
            &["Voice", "1"][..],
            2,
            "the driver has no setting \"Voice\"",
        ),
        (&["Voices", "5000"], 2, "Voices is a number from 1 to 4096"),
        (&["Quality", "high"], 2, "Quality is a number from 0 to 2"),
        (&["BankPath", "nowhere.dls"], 3, "no such file"),
        (&["BankPath", "song.mid"], 3, "song.mid"),
    ] {
        let arguments = [&["settings", "set"], arguments].concat();
        expect(&prefix.arioso(&arguments), code, error);
    }
    let shows = |rows: [&str; 2]| {
        let status = prefix.arioso(&["status"]);
        expect(&status, 0, "");
        for row in rows {
            let told = status.out.lines().any(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                words.join(" ").contains(row)
            });
            assert!(told, "{row}:\n{}", status.out);
        }
    };
    for arguments in [
        &["settings", "set", "voices", "100"][..],
        &["bank", "use", "gm.dls"],
    ] {
        let answer = prefix.arioso(arguments);
        expect(&answer, 0, "");
        assert!(
            answer.out.contains("when the device starts again"),
            "{}",
            answer.out
        );
    }
    shows(["Voices 100", "\\Arioso\\Banks\\gm-"]);
    let list = prefix.arioso(&["bank", "list"]);
    expect(&list, 0, "");
    let mut rows = list.out.lines().map(str::split_whitespace);
    let used = rows.any(|mut row| row.next() == Some("*") && row.next() == Some("gm"));
    assert!(used, "{}", list.out);
    let got = prefix.arioso(&["settings", "get", "voices"]);
    expect(&got, 0, "");
    assert_eq!(got.out, "100\n");
    let doctor = prefix.arioso(&["doctor"]);
    assert!(
        doctor.out.contains("BankPath: Z:") || doctor.out.contains("BankPath: C:"),
        "{}",
        doctor.out
    );
    expect(&prefix.arioso(&["settings", "reset", "Voices"]), 0, "");
    expect(&prefix.arioso(&["bank", "use", "--default"]), 0, "");
    shows([
        "Voices 256",
        r"BankPath \SystemRoot\System32\drivers\gm.dls",
    ]);
}

/// What needs an administrator says so to others, and changes nothing; what does not, does not.
fn without_rights(prefix: &Prefix, directory: &str) {
    for arguments in [
        &["install", directory][..],
        &["uninstall"],
        &["settings", "set", "Voices", "9"],
        &["settings", "reset"],
        &["bank", "use", "gm.dls"],
    ] {
        let answer = prefix.arioso_lower(arguments);
        expect(&answer, 1, "only an administrator can do that");
        assert!(answer.error.contains(arguments[0]) || arguments[0] == "bank");
    }
    let status = prefix.arioso_lower(&["status"]);
    expect(&status, 0, "");
    assert!(status.out.contains("256"), "{}", status.out);
}

const RUN: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";

/// `listen --at-logon`: written for the user, done at the logon, taken away. In the end it is there: `uninstall` has to take it away.
fn at_logon(prefix: &Prefix) {
    // Nobody's name, so that it is known again.
    let name = format!("Nobody's {}", std::process::id());
    let on = || {
        let answer = prefix.arioso(&[
            "listen",
            "--at-logon",
            "on",
            "--from",
            &name,
            "--to",
            "Speakers",
            "--exclusive",
        ]);
        expect(&answer, 0, "");
        let (_, command) = answer.out.split_once(": ").expect("the command");
        command.trim_end().to_owned()
    };
    let value = || prefix.snapshot().registry.text(RUN, "Arioso");
    assert_eq!(value(), None);
    let command = on();
    let options = format!("listen --from \"{name}\" --to \"Speakers\" --exclusive");
    assert!(command.ends_with(&options), "{command}");
    assert_eq!(value(), Some(command));
    let listens = || {
        let entries = fs::read_dir("/proc").expect("Linux").flatten();
        let mut commands = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        commands.any(|command| {
            let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
            words.contains(&&b"listen"[..]) && words.contains(&name.as_bytes())
        })
    };
    assert!(!listens());
    prefix.log_on();
    let end = Instant::now() + Duration::from_secs(60);
    while !listens() {
        assert!(Instant::now() < end, "nobody listens after the logon");
        sleep(Duration::from_millis(100));
    }
    prefix.end_all();
    for said in ["not started at logon\n", "not started at logon\n"] {
        let answer = prefix.arioso(&["listen", "--at-logon", "off"]);
        expect(&answer, 0, "");
        assert_eq!(answer.out, said);
        assert_eq!(value(), None);
    }
    on();
}

fn uninstall(prefix: &Prefix, package: &Package, before: &Snapshot) {
    // What is to go: the start menu, a kept bank, the logon.
    let there = prefix.snapshot();
    let has = |part: &str, end: &str| {
        there.files.iter().any(|file| {
            let name = file.to_string_lossy();
            name.contains(part) && name.ends_with(end)
        })
    };
    assert!(has("Start Menu", "Arioso.lnk"), "{:?}", there.files);
    assert!(has("ProgramData/Arioso/Banks/gm-", ".dls"));
    assert!(there.registry.text(RUN, "Arioso").is_some());
    let answer = prefix.arioso(&["uninstall", "--trust", &prefix.path(&package.directory)]);
    expect(&answer, 0, "");
    for line in [
        r"ROOT\ARIOSO\0000 removed",
        "arioso.inf removed",
        "service Arioso deleted",
        "Arioso removed from the start menu",
        "arioso listen is not started at logon any more",
        "no longer trusted",
    ] {
        assert!(answer.out.contains(line), "{line}:\n{}", answer.out);
    }
    expect(&prefix.arioso(&["status"]), 1, "no device of the driver");
    let after = prefix.snapshot();
    assert!(!after.registry.0.contains_key(&SERVICE.to_lowercase()));
    assert_eq!(
        certificates(&after.registry),
        certificates(&before.registry)
    );
    let left = ours(before, &after);
    assert!(left.is_empty(), "left behind:\n{}", left.join("\n"));
}

/// Where there is DiUninstallDriver, it is what takes the package away, by the whole path of the INF and without flags, and its answer
/// counts.
fn uninstall_from_the_driver_store(prefix: &Prefix, package: &Package) {
    let (refuse, asked) = (prefix.file("refuse"), prefix.file("uninstalled"));
    let published = || {
        let files = prefix.snapshot().files;
        let mut names = files
            .iter()
            .map(|file| file.to_string_lossy().to_lowercase());
        names.any(|name| name == "windows/inf/arioso.inf")
    };
    let uninstall = || {
        let directory = prefix.path(&package.directory);
        expect(&prefix.arioso(&["install", "--force", &directory]), 0, "");
        let library = prefix.library("newdev", &["-lkernel32"]);
        let answer = prefix.arioso(&["uninstall"]);
        fs::remove_file(library).expect("Wine's own again");
        answer
    };
    fs::write(&refuse, "").expect("a file");
    expect(&uninstall(), 1, "cannot remove the package arioso.inf");
    assert!(published() && !asked.exists(), "nobody else takes it away");
    fs::remove_file(refuse).expect("it was there");
    let answer = uninstall();
    expect(&answer, 0, "");
    for line in ["arioso.inf removed", "Windows has to be restarted"] {
        assert!(answer.out.contains(line), "{line}:\n{}", answer.out);
    }
    let asked = fs::read_to_string(asked).expect("it was asked");
    assert_eq!(asked.to_lowercase(), "c:\\windows\\inf\\arioso.inf 0\n");
    assert!(!published());
}

/// Certificates of the computer that somebody has added to the two stores.
fn certificates(registry: &Registry) -> Vec<&String> {
    let stores = ["root", "trustedpublisher"]
        .map(|store| format!(r"hklm\software\microsoft\systemcertificates\{store}\certificates\"));
    let keys = registry.0.keys();
    keys.filter(|key| stores.iter().any(|store| key.starts_with(store)))
        .collect()
}

/// Every value of the INF is there.
#[track_caller]
fn holds(registry: &Registry, key: &str, values: &[RegistryValue]) {
    assert!(!values.is_empty(), "{key}: the INF has nothing");
    for value in values {
        let key = match value.key.as_str() {
            "" => key.to_owned(),
            below => format!(r"{key}\{below}"),
        };
        assert_eq!(
            registry.get(&key, &value.name),
            value.data,
            "{key} {:?}",
            value.name
        );
    }
}

/// What a removal has left, but for what Wine always leaves.
fn ours(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut left: Vec<String> = before
        .registry
        .differences(&after.registry)
        .into_iter()
        .filter(|line| !is_wines(line))
        .collect();
    let files = after.files.difference(&before.files);
    left.extend(
        files
            .filter(|file| !is_wines_file(file))
            .map(|file| format!("+ {}", file.display())),
    );
    left
}

/// Differences that Wine makes by itself, and what its SetupAPI does not take away.
fn is_wines(line: &str) -> bool {
    let class = CLASS.to_lowercase();
    let classes = CLASSES.to_lowercase();
    let line = line.to_lowercase();
    let rest = line.trim_start_matches(['+', '-', ' ']);
    // The empty parts of every certificate store, once somebody opens one. A certificate would be a key below.
    let store = rest.contains(r"\software\microsoft\systemcertificates\")
        && [r"\certificates", r"\crls", r"\ctls"]
            .iter()
            .any(|part| rest.ends_with(part));
    // What Wine's drivers for sound and screen note down for themselves.
    let own = rest.starts_with(r"hkcu\software\wine\");
    // Written at each start.
    store
        || own
        || rest.contains("driverdatedata")
        || rest.contains(r"\control\video\")
        // DIF_REMOVE leaves the class key, and the empty key of a category.
        || rest.starts_with(&format!(r"{class}\{{4d36e96c-e325-11ce-bfc1-08002be10318}}\0000"))
        || rest.strip_prefix(&classes).is_some_and(|rest| rest.matches('\\').count() == 1)
}

/// Wine copies files to an "unknown" directory for DIRID 13 and never removes them; SetupUninstallOEMInf leaves what is beside the INF.
fn is_wines_file(file: &Path) -> bool {
    let name = file.to_string_lossy().to_lowercase();
    name.starts_with("windows/system32/unknown/arioso.")
        || name == "windows/inf/arioso.pnf"
        || name.starts_with("windows/system32/catroot/") && name.ends_with("/arioso.cat")
}
