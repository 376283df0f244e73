// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kit for Windows and the workflow say what the tool does and what their machines have. Neither runs here: their texts are held
//! to it.

use std::fs;
use std::path::Path;

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A runner that has winget, if a step asks for it.
#[test]
fn the_workflow_runs_where_winget_is() {
    let workflow = text(".github/workflows/windows.yml");
    let windows = workflow
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runs-on: windows-"));
    for version in windows {
        let year: u32 = version.parse().expect("a year");
        assert!(!workflow.contains("winget") || year >= 2025, "{version}");
    }
}

/// The instance that `arioso install` makes: `ROOT\\<name>\\0000`.
#[test]
fn the_kit_names_the_device_as_the_tool_does() {
    let tool = text("tools/arioso/src/windows/install.rs");
    let name = tool
        .lines()
        .find_map(|line| {
            line.strip_prefix("const DEVICE: &str = \"")?
                .split('"')
                .next()
        })
        .expect("the device's name");
    let readme = text("tests/windows/README.md");
    assert!(!readme.contains(r"ROOT\MEDIA"), "no device is called that");
    assert!(readme.contains(&format!(r"ROOT\{}\0000", name.to_uppercase())));
}

/// Violations of isolation end in a failure, not in a log that nobody reads.
#[test]
fn the_isolation_run_can_fail() {
    let verify = text("tests/windows/Verify.ps1");
    let (_, mode) = verify.split_once("'isolation' {").expect("the mode");
    let mode = mode.split("'off'").next().unwrap_or_default();
    let runs: Vec<&str> = mode.lines().filter(|line| line.contains("'33'")).collect();
    assert_eq!(runs.len(), 2, "{mode}");
    assert!(runs.iter().all(|run| run.contains("/onecheck")), "{mode}");
    assert!(mode.contains("26100") && mode.contains("whcp"), "{mode}");
    assert!(text("tests/windows/Suite.ps1").contains("Get-IsolationViolation"));
    assert!(text("tests/windows/Arioso.psm1").contains("Kernel-XDV"));
}

/// SUOI_FORCEDELETE is ignored for files in the driver store and on ARM64: the package goes by DiUninstallDriver where Windows has it.
#[test]
fn the_tool_uninstalls_from_the_driver_store() {
    let devices = text("tools/arioso/src/windows/api/devices.rs");
    let (_, remove) = devices
        .split_once("pub fn remove_package")
        .expect("it removes packages");
    let remove = remove.split("\n}").next().unwrap_or_default();
    let store = remove
        .find("DiUninstallDriverW")
        .expect("the driver store's own way");
    let copied = remove
        .find("SetupUninstallOEMInfW")
        .expect("Wine has no other");
    assert!(store < copied);
}
