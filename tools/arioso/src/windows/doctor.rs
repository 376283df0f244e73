// SPDX-License-Identifier: MIT OR Apache-2.0
//! `doctor`: everything between the driver and a program, one row each.

use super::api::certificates::Store;
use super::api::devices::{self, State};
use super::api::{events, service, system};
use super::{SERVICE, package, ports, problem, settings, status};
use crate::failure::{Failure, Kind, Result};
use crate::messages;
use crate::table::Table;
use windows_registry::LOCAL_MACHINE;
use windows_version::OsVersion;

/// The oldest build of Windows 10 that the driver runs on.
const OLDEST_BUILD: u32 = 19_041;

/// How a row came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// Worth to know.
    Note,
    Wrong,
}

/// One row.
pub struct Row {
    pub what: &'static str,
    verdict: Verdict,
    pub found: String,
    /// What to do.
    pub advice: String,
}

impl Row {
    fn new(what: &'static str, verdict: Verdict, found: impl Into<String>) -> Self {
        let (found, advice) = (found.into(), String::new());
        Self {
            what,
            verdict,
            found,
            advice,
        }
    }

    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self::new(what, Verdict::Ok, found)
    }

    fn note(what: &'static str, found: impl Into<String>) -> Self {
        Self::new(what, Verdict::Note, found)
    }

    pub fn is_wrong(&self) -> bool {
        self.verdict == Verdict::Wrong
    }

    fn wrong(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        let advice = advice.into();
        Self {
            advice,
            ..Self::new(what, Verdict::Wrong, found)
        }
    }
}

/// All that is looked at.
pub fn findings() -> Vec<Row> {
    let checks: [fn(&mut Vec<Row>); 7] = [
        windows,
        signatures,
        certificate,
        installed,
        programs,
        instruments,
        log,
    ];
    let mut rows = Vec::new();
    for check in checks {
        check(&mut rows);
    }
    rows
}

/// `arioso doctor`
pub fn doctor() -> Result<()> {
    let rows = findings();
    let mut table = Table::new(&["", "what", "found", "what to do"]);
    for row in &rows {
        let verdict = match row.verdict {
            Verdict::Ok => "ok",
            Verdict::Note => "note",
            Verdict::Wrong => "WRONG",
        };
        table.row([
            verdict.into(),
            row.what.into(),
            row.found.clone(),
            row.advice.clone(),
        ]);
    }
    messages::tell(&table);
    let wrong: Vec<&str> = rows
        .iter()
        .filter(|row| row.is_wrong())
        .map(|row| row.what)
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let message = format!("something is wrong with: {}", wrong.join(", "));
    Err(Failure::new(Kind::Session, message))
}

fn windows(rows: &mut Vec<Row>) {
    const WHAT: &str = "Windows";
    let version = OsVersion::current();
    let mut found = format!("{}.{}.{}", version.major, version.minor, version.build);
    if system::is_wine() {
        found.push_str(" (Wine: it has no kernel, no driver can start)");
    }
    rows.push(if version.build >= OLDEST_BUILD {
        Row::ok(WHAT, found)
    } else {
        let advice = format!("the driver needs 10.0.{OLDEST_BUILD} (Windows 10 2004) or newer");
        Row::wrong(WHAT, found, advice)
    });
}

fn signatures(rows: &mut Vec<Row>) {
    const BOOT: &str = "Secure Boot";
    let key = LOCAL_MACHINE.open(r"SYSTEM\CurrentControlSet\Control\SecureBoot\State");
    let secure = key.and_then(|key| key.get_u32("UEFISecureBootEnabled"));
    rows.push(match secure {
        Ok(0) => Row::ok(BOOT, "off"),
        Ok(_) => Row::wrong(
            BOOT,
            "on: test signing cannot be switched on",
            "switch it off in the firmware",
        ),
        Err(_) => Row::ok(BOOT, "this machine has none"),
    });
    let (signing, integrity) = ("test signing", "memory integrity");
    match system::code_integrity() {
        None => rows.push(Row::note(signing, "this system does not tell")),
        Some(found) => {
            rows.push(if found.test_signing {
                Row::ok(signing, "on")
            } else {
                Row::wrong(
                    signing,
                    "off",
                    "bcdedit /set testsigning on, and restart Windows",
                )
            });
            let state = if found.hypervisor { "on" } else { "off" };
            rows.push(Row::ok(integrity, state));
        }
    }
}

fn certificate(rows: &mut Vec<Row>) {
    const WHAT: &str = "certificate";
    let found = package::folder(None).and_then(|folder| package::certificate(&folder));
    let certificate = match found {
        Ok(Some(certificate)) => certificate,
        Ok(None) => {
            let text = "not checked: there is no arioso.cer beside this program";
            return rows.push(Row::note(WHAT, text));
        }
        Err(failure) => return rows.push(Row::note(WHAT, failure.to_string())),
    };
    let missing: Vec<&str> = Store::ALL
        .iter()
        .filter(|store| !store.holds(&certificate).unwrap_or(false))
        .map(|store| store.name())
        .collect();
    rows.push(if missing.is_empty() {
        Row::ok(WHAT, "trusted")
    } else {
        let found = format!("not in {}", missing.join(", "));
        Row::wrong(WHAT, found, "arioso install --trust")
    });
}

fn installed(rows: &mut Vec<Row>) {
    const INSTALL: &str = "arioso install, as administrator";
    let devices = package::devices().unwrap_or_default();
    rows.push(match package::names(&devices).as_slice() {
        [] => Row::wrong("package", "not in the driver store", INSTALL),
        [one] => {
            let place = devices::store_path(one);
            let place = place.map_or_else(String::new, |path| format!(", {}", path.display()));
            Row::ok("package", format!("{one}{place}"))
        }
        several => Row::note("package", format!("several: {}", several.join(", "))),
    });
    match devices.as_slice() {
        [] => return rows.push(Row::wrong("device", "none", INSTALL)),
        [one] => rows.push(Row::ok("device", one.id())),
        several => rows.push(Row::wrong(
            "device",
            format!("{} of them", several.len()),
            "arioso uninstall, then arioso install",
        )),
    }
    for device in &devices {
        let state = device.state();
        let found = problem::describe(state);
        rows.push(match state {
            State::Started => Row::ok("state", found),
            _ => Row::wrong("state", found, problem::advice(state)),
        });
        rows.push(interfaces(device));
    }
    rows.push(service_row());
}

fn interfaces(device: &devices::Device) -> Row {
    const WHAT: &str = "interfaces";
    let interfaces = match status::interfaces(device) {
        Ok(interfaces) => interfaces,
        Err(failure) => return Row::wrong(WHAT, failure.to_string(), "restart Windows"),
    };
    let disabled = interfaces
        .iter()
        .filter(|interface| !interface.enabled)
        .count();
    if interfaces.is_empty() {
        Row::wrong(WHAT, "none", "arioso uninstall, then arioso install")
    } else if disabled == 0 {
        Row::ok(WHAT, format!("{} enabled", interfaces.len()))
    } else {
        let found = format!("{disabled} of {} disabled", interfaces.len());
        Row::wrong(WHAT, found, "see the device's state")
    }
}

fn service_row() -> Row {
    const WHAT: &str = "service";
    match service::state(SERVICE) {
        Ok(Some("running")) => Row::ok(WHAT, "running"),
        Ok(Some(state)) => Row::wrong(WHAT, state, "see the device's state"),
        Ok(None) => Row::wrong(WHAT, "not there", "arioso install, as administrator"),
        Err(error) => Row::wrong(WHAT, error.message(), "run arioso doctor as administrator"),
    }
}

fn programs(rows: &mut Vec<Row>) {
    let drivers = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Drivers32";
    let value = |name| {
        LOCAL_MACHINE
            .open(drivers)
            .and_then(|key| key.get_u32(name))
    };
    let services = value("MidisrvTransferComplete").is_ok_and(|value| value != 0);
    rows.push(Row::ok(
        "MIDI Services",
        match (services, value("UseLegacyMidi")) {
            (false, _) => "not here: WinMM finds the driver through wdmaud.drv",
            (true, Err(_) | Ok(0)) => "own all MIDI pins (UseLegacyMidi 0)",
            (true, Ok(1)) => "off (UseLegacyMidi 1): the older path for everything",
            (true, Ok(2)) => "on, MIDI 1.0 drivers behind the older interfaces (UseLegacyMidi 2)",
            (true, Ok(_)) => "UseLegacyMidi has an unknown value",
        },
    ));
    let names = ports::win_mm_names();
    rows.push(if names.is_empty() {
        let advice = if services {
            "restart Windows; else set UseLegacyMidi to 1 and restart"
        } else {
            "see the device's state and interfaces; then restart the Windows Audio service"
        };
        Row::wrong("WinMM", "no port of the driver", advice)
    } else {
        Row::ok("WinMM", names.join(", "))
    });
}

fn instruments(rows: &mut Vec<Row>) {
    const WHAT: &str = "instruments";
    let settings = settings::all();
    let path = settings
        .iter()
        .find(|(name, path)| name == "BankPath" && !path.is_empty());
    let gm = package::windows().join(r"System32\drivers\gm.dls");
    rows.push(if let Some((_, path)) = path {
        let system = path.strip_prefix(r"\SystemRoot\");
        let file = match system {
            Some(rest) => package::windows().join(rest),
            None => path.trim_start_matches(r"\??\").into(),
        };
        if !path.starts_with('\\') {
            let shared = service::shared(SERVICE, false).ok().flatten();
            match shared.map(|shared| shared.directory.join(path)) {
                Some(file) if file.is_file() => {
                    Row::ok(WHAT, format!("BankPath: {}", file.display()))
                }
                _ => Row::wrong(
                    WHAT,
                    format!("BankPath names {path}, which is not there: the package's is used"),
                    "run arioso bank use FILE",
                ),
            }
        } else if file.is_file() {
            Row::ok(WHAT, format!("BankPath: {}", file.display()))
        } else if file == gm {
            Row::ok(WHAT, "the package's bank: this Windows has no gm.dls")
        } else {
            let found = format!("BankPath names {path}, which is not there: the package's is used");
            Row::wrong(WHAT, found, "run arioso bank use FILE")
        }
    } else {
        Row::ok(WHAT, "the package's bank")
    });
}

/// What Windows has written down about the driver.
fn log(rows: &mut Vec<Row>) {
    const WHAT: &str = "event log";
    const MOST: usize = 200;
    const DAYS: &str = "*[System[TimeCreated[timediff(@SystemTime) <= 604800000] and (Level=1 or Level=2 or Level=3)]]";
    let mut hints = 0;
    for channel in [
        "Microsoft-Windows-CodeIntegrity/Operational",
        "Microsoft-Windows-Kernel-PnP/Configuration",
        "System",
    ] {
        for event in events::newest(channel, DAYS, MOST).unwrap_or_default() {
            if event.to_ascii_lowercase().contains("arioso") {
                hints += 1;
                rows.push(Row::note(WHAT, format!("{channel}: {}", summary(&event))));
                break;
            }
        }
    }
    if hints == 0 {
        rows.push(Row::ok(
            WHAT,
            "no error or warning of the last week names the driver",
        ));
    }
}

/// Number, time and data of an event, of its XML.
fn summary(xml: &str) -> String {
    let between = |start: &str, end: &str| {
        let rest = &xml[xml.find(start)? + start.len()..];
        rest.get(..rest.find(end)?)
    };
    let number = between("<EventID", "</EventID>").and_then(|id| id.rsplit('>').next());
    let time = between("SystemTime='", "'").and_then(|time| time.get(..19));
    let data = between("<EventData>", "</EventData>").unwrap_or_default();
    let data: Vec<&str> = data
        .split(['<', '>'])
        .skip(2)
        .step_by(4)
        .filter(|text| !text.trim().is_empty())
        .collect();
    format!(
        "event {} of {}: {}",
        number.unwrap_or("?"),
        time.unwrap_or("?"),
        data.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn an_event_is_summed_up() {
        let xml = "<Event><System><EventID Qualifiers='0'>7000</EventID><TimeCreated SystemTime='2026-11-20T10:00:00.5Z'/></System>\
                   <EventData><Data Name='a'>Arioso</Data><Data Name='b'>%%577</Data></EventData></Event>";
        assert_eq!(
            summary(xml),
            "event 7000 of 2026-11-20T10:00:00: Arioso, %%577"
        );
        assert_eq!(summary(""), "event ? of ?: ");
    }
}
