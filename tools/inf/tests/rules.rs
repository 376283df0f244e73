// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's INF is sound, and each rule sees the INF that breaks it.

use arioso_inf::{Date, Finding, Inf, Platform, Stamp, check, decode, stamp};

const TEMPLATE: &[u8] = include_bytes!("../../../inf/arioso.inx");

fn stamped(platform: Platform) -> String {
    let with = Stamp {
        platform,
        date: Date {
            year: 2026,
            month: 2,
            day: 28,
        },
        version: [0, 1, 0, 0],
        kmdf: (1, 31),
    };
    stamp(&decode(TEMPLATE).unwrap(), &with)
}

fn findings(text: &str) -> Vec<Finding> {
    check(&Inf::parse(text).unwrap(), Platform::Amd64)
}

#[test]
fn the_drivers_inf_breaks_no_rule() {
    for platform in Platform::ALL {
        let inf = Inf::parse(&stamped(platform)).unwrap();
        assert_eq!(check(&inf, platform), [], "{}", platform.name());
    }
}

#[test]
fn another_architecture_has_no_model() {
    let inf = Inf::parse(&stamped(Platform::Arm64)).unwrap();
    let found = check(&inf, Platform::Amd64);
    assert!(
        found
            .iter()
            .any(|f| f.rule == "target" && f.message == "no model for amd64")
    );
}

#[test]
fn the_template_is_no_inf() {
    let found = findings(&decode(TEMPLATE).unwrap());
    for (rule, section) in [
        ("driver-version", "Version"),
        ("target", "Manufacturer"),
        ("template", "Manufacturer"),
        ("template", "Arioso.Framework"),
    ] {
        let there = |f: &Finding| f.rule == rule && f.section == section;
        assert!(found.iter().any(there), "{rule} [{section}]: {found:#?}");
    }
}

/// Rule, section of the finding, the line that is broken (its start), what it becomes, a part of the message.
type Break = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const BREAKS: &[Break] = &[
    (
        "signature",
        "Version",
        "Signature ",
        "Signature = \"$CHICAGO$\"",
        "$Windows NT$",
    ),
    (
        "signature",
        "Version",
        "Signature ",
        "Signatur = x",
        "missing",
    ),
    (
        "class",
        "Version",
        "ClassGuid ",
        "ClassGuid = {4d36e96c}",
        "GUID",
    ),
    ("class", "Version", "Class ", "Class =", "no class"),
    (
        "provider",
        "Version",
        "Provider ",
        "Provider = Microsoft",
        "Microsoft",
    ),
    (
        "catalog",
        "Version",
        "CatalogFile ",
        "CatalogFile = arioso.sys",
        ".cat",
    ),
    (
        "driver-version",
        "Version",
        "DriverVer ",
        "DriverVer = 02/29/2026,1.0.0.0",
        "mm/dd/yyyy",
    ),
    (
        "driver-version",
        "Version",
        "DriverVer ",
        "DriverVer = 02/28/2026,1.0.0.65536",
        "65535",
    ),
    (
        "driver-version",
        "Version",
        "DriverVer ",
        "DriverVer = 02/28/2026,1.0.0",
        "w.x.y.z",
    ),
    (
        "lockdown",
        "Version",
        "PnpLockdown ",
        "PnpLockdown = 0",
        "must be 1",
    ),
    (
        "string",
        "SourceDisksNames",
        "1 = %Disk%",
        "1 = %Disc%",
        "no Disc",
    ),
    (
        "template",
        "Arioso.Framework",
        "KmdfLibraryVersion",
        "KmdfLibraryVersion = $KMDFVERSION$",
        "not filled in",
    ),
    (
        "target",
        "Manufacturer",
        "%Provider% = Models",
        "%Provider% = Models",
        "no architecture",
    ),
    (
        "target",
        "Manufacturer",
        "%Provider% = Models",
        "%Provider% = Models, NTmips.10.0...19041",
        "neither amd64",
    ),
    (
        "target",
        "Manufacturer",
        "%Provider% = Models",
        "%Provider% = Models, NTamd64.10.0...16299",
        "17763",
    ),
    (
        "section-missing",
        "Manufacturer",
        "%Provider% = Models",
        "%Provider% = M, NTamd64.10.0...19041",
        "[M.NTamd64",
    ),
    (
        "section-missing",
        "Models.NTamd64.10.0...19041",
        "%Device% = Arioso,",
        "%Device% = A, ROOT\\A",
        "[A]",
    ),
    (
        "section-missing",
        "Arioso.NT",
        "CopyFiles ",
        "CopyFiles = arioso.sys",
        "[arioso.sys]",
    ),
    (
        "section-missing",
        "Arioso.Wave",
        "AddReg = Arioso.Wave.",
        "AddReg = W",
        "[W]",
    ),
    (
        "section-missing",
        "Arioso.NT.Services",
        "AddService ",
        "AddService = Arioso, 2, S",
        "[S]",
    ),
    (
        "section-unused",
        "Arioso.NT.Interface",
        "[Arioso.NT.Interfaces]",
        "[Arioso.NT.Interface]",
        "nothing refers",
    ),
    (
        "hardware-id",
        "Models.NTamd64.10.0...19041",
        "%Device% = Arioso,",
        "%Device% = Arioso",
        "no hardware id",
    ),
    (
        "hardware-id",
        "Models.NTamd64.10.0...19041",
        "%Device% = Arioso,",
        "Arioso, ROOT\\Arioso",
        "no description",
    ),
    (
        "directory",
        "Arioso.Copy",
        "Arioso.Copy = 13",
        "Arioso.Copy = 12",
        "not copied to directory 13",
    ),
    (
        "directory",
        "Arioso.Copy",
        "arioso.sys\r",
        "arioso.sys, other.sys",
        "renamed",
    ),
    (
        "source-file",
        "Arioso.Copy",
        "arioso.sys = 1",
        "other.sys = 1",
        "arioso.sys is not in",
    ),
    (
        "source-file",
        "SourceDisksFiles",
        "arioso.dls\r",
        "",
        "arioso.dls is never copied",
    ),
    (
        "source-file",
        "SourceDisksFiles",
        "arioso.sys = 1",
        "arioso.sys = 2",
        "no disk 2",
    ),
    (
        "directive",
        "Arioso.NT",
        "CopyFiles ",
        "DelFiles = Arioso.Copy",
        "DelFiles",
    ),
    (
        "directive",
        "Arioso.NT",
        "CopyFiles ",
        "RegisterDlls = Arioso.Copy",
        "RegisterDlls",
    ),
    (
        "directive",
        "Arioso.Service",
        "AddReg        =",
        "BinaryPath = x",
        "BinaryPath",
    ),
    (
        "service",
        "Arioso.NT",
        "AddService ",
        "AddService = Arioso, 0, Arioso.Service",
        "function driver",
    ),
    (
        "service",
        "Arioso.Service",
        "StartType ",
        "",
        "StartType is missing",
    ),
    (
        "service",
        "Arioso.Service",
        "StartType ",
        "StartType = 0",
        "on demand",
    ),
    (
        "service",
        "Arioso.Service",
        "ServiceType ",
        "ServiceType = driver",
        "driver is no number",
    ),
    (
        "service",
        "Arioso.Service",
        "ServiceType ",
        "ServiceType = 2",
        "kernel driver",
    ),
    (
        "service",
        "Arioso.Service",
        "ErrorControl ",
        "ErrorControl = 4",
        "0 to 3",
    ),
    (
        "service",
        "Arioso.Service",
        "ServiceBinary ",
        "ServiceBinary = %12%\\arioso.sys",
        "%13%",
    ),
    (
        "framework",
        "Arioso.Framework",
        "KmdfService ",
        "KmdfService = Other, Arioso.Framework",
        "no service",
    ),
    (
        "framework",
        "Arioso.Framework",
        "KmdfLibraryVersion",
        "KmdfLibraryVersion = 1",
        "major.minor",
    ),
    (
        "interface",
        "Arioso.NT.Interfaces",
        "AddInterface = %KSCATEGORY_CAPTURE%",
        "AddInterface = capture, Wave, Arioso.Wave",
        "GUID",
    ),
    (
        "interface",
        "Arioso.NT.Interfaces",
        "AddInterface = %KSCATEGORY_CAPTURE%",
        "AddInterface = %KSCATEGORY_AUDIO%, WAVE, Arioso.Wave",
        "twice",
    ),
    (
        "registry-root",
        "Arioso.Registry",
        "HKR,,Driver,",
        "HKLM,Software,Driver,,x",
        "HKLM",
    ),
    (
        "registry-line",
        "Arioso.Parameters",
        "HKR,Parameters,Voices",
        "HKR,Parameters,Voices,0x00010003,many",
        "many",
    ),
    (
        "registry-line",
        "Arioso.Registry",
        "HKR,,AssociatedFilters",
        "HKR,,AssociatedFilters,,wdmaud,swmidi",
        "quote",
    ),
    (
        "registry-conflict",
        "Arioso.Registry",
        "HKR,Drivers,SubClasses",
        "HKR,,Driver,,other.sys",
        "another value",
    ),
    (
        "security",
        "Arioso.Hardware.Registry",
        "HKR,,Security",
        "HKR,,Security,,\"D:P(A;;GA;;SY)\"",
        "descriptor",
    ),
    (
        "security",
        "Arioso.Hardware.Registry",
        "HKR,,Security",
        "HKR,,Security,,\"D:P\"",
        "descriptor",
    ),
    // InfVerif 1323.
    (
        "service-key",
        "Arioso.Parameters",
        "HKR,Parameters,Voices",
        "HKR,,Voices,0x00010003,1",
        "Parameters",
    ),
    (
        "directory",
        "Arioso.Copy",
        "arioso.dls\r",
        "arioso.dls,,,0x10",
        "0x10",
    ),
    // InfVerif 1431.
    (
        "device-property",
        "Arioso.Hardware.Registry",
        "HKR,,DeviceType",
        "HKR,,DeviceType,,0x1D",
        "REG_DWORD",
    ),
    // InfVerif 1329.
    (
        "filter",
        "Arioso.Hardware.Registry",
        "HKR,,DeviceType",
        "HKR,,UpperFilters,0x00010000,other",
        "AddFilter",
    ),
    ("include", "Arioso.NT", "Needs ", "", "without Needs"),
    ("include", "Arioso.NT", "Include ", "", "without Include"),
    (
        "include",
        "Arioso.NT",
        "Include ",
        "Include = ks",
        ".inf file",
    ),
];

#[test]
fn each_rule_sees_what_breaks_it() {
    let sound = stamped(Platform::Amd64);
    for (rule, section, line, broken, message) in BREAKS {
        let at = sound
            .find(&format!("\n{line}"))
            .unwrap_or_else(|| panic!("the INF has no line {line}"))
            + 1;
        let end = at + sound[at..].find("\r\n").unwrap();
        let text = format!("{}{broken}{}", &sound[..at], &sound[end..]);
        let found = findings(&text);
        let fits =
            |f: &&Finding| f.rule == *rule && f.section == *section && f.message.contains(message);
        let Some(hit) = found.iter().find(fits) else {
            panic!("{rule}, {broken:?}: {found:#?}");
        };
        let shown = hit.to_string();
        assert!(
            !shown.contains('\n') && shown.contains(&format!("[{section}]")),
            "{shown}"
        );
        let lines: Vec<&str> = text.lines().collect();
        let header = lines[..hit.line].iter().rfind(|line| line.starts_with('['));
        assert_eq!(header, Some(&format!("[{section}]").as_str()), "{shown}");
        if rule.starts_with("registry") {
            assert!(lines[hit.line - 1].starts_with(broken), "{shown}");
        }
    }
}

/// Directives and sections of good files: what is added to the driver's own INF, and where.
const ADDITIONS: &[(&str, &str)] = &[
    (
        "[Strings]",
        "[SignatureAttributes]\r\narioso.sys = SignatureAttributes.PETrust\r\n[SignatureAttributes.PETrust]\r\nPETrust = true\r\n",
    ),
    ("[Strings]", "[ControlFlags]\r\nExcludeFromSelect = *\r\n"),
    (
        "[Strings]",
        "[Arioso.NT.Filters]\r\nAddFilter = Other,,Arioso.Filter\r\n[Arioso.Filter]\r\nFilterPosition = Upper\r\n",
    ),
    (
        "[Strings]",
        "[Arioso.NT.Components]\r\nAddComponent = Tool,,Arioso.Tool\r\n[Arioso.Tool]\r\nComponentIDs = VID0001&PID0001\r\n",
    ),
    (
        "[Strings]",
        "[Arioso.NT.Events]\r\nAddEventProvider = {5b9d1d6c-0a47-4b6e-9f0e-0d8d3e4f0a11},,Arioso.Events\r\n[Arioso.Events]\r\nProviderName = x\r\n",
    ),
    (
        "[Arioso.Copy]",
        "[Models.NTx86.10.0...19041]\r\n%Device% = Old, ROOT\\Old\r\n[Old]\r\nFeatureScore = 01\r\n",
    ),
];

#[test]
fn good_files_break_no_rule() {
    let sound = stamped(Platform::Amd64).replace(
        "%Provider% = Models, NTamd64.10.0...19041",
        "%Provider% = Models, NTamd64.10.0...19041\r\n%Provider% = Models, NTx86.10.0...19041",
    );
    for (before, lines) in ADDITIONS {
        let mut text = sound.replacen(before, &format!("{lines}{before}"), 1);
        if !lines.contains("NTx86") {
            text = text.replace("%Provider% = Models, NTx86.10.0...19041", "");
        }
        assert_eq!(findings(&text), [], "{lines}");
    }
    let head = "/*++\r\n\r\nModule: arioso.inf = [x\r\n\r\n--*/\r\n";
    let text = format!("{head}{}", stamped(Platform::Amd64));
    assert_eq!(findings(&text), []);
}

/// A device without a function driver, an extension without services, a file in ANSI.
#[test]
fn whole_files_that_are_good() {
    const HEAD: &str = "[Version]\nSignature = \"$Windows NT$\"\nProvider = %P%\nCatalogFile = x.cat\nDriverVer = 01/02/2026,1.0.0.0\n";
    const MODELS: &str = "[Manufacturer]\n%P% = M, NTamd64\n[M.NTamd64]\n%P% = I, ROOT\\X\n";
    let strings = "[Strings]\nP = \"Caf\u{e9}\"\n";
    for rest in [
        "Class = System\nClassGuid = {4d36e97d-e325-11ce-bfc1-08002be10318}\n[I.NT]\n[I.NT.Services]\nAddService = ,2\n",
        "Class = Extension\nClassGuid = {e2f84ce7-8efa-411c-aa69-97454ca4cb57}\nExtensionId = {3846ad8c-dd27-433d-ab89-453654cd542b}\n\
         [I.NT]\n[I.NT.HW]\nAddReg = R\n[R]\nHKR,Own,Value,,1\n",
    ] {
        let text = format!("{HEAD}{rest}{MODELS}{strings}");
        let ansi: Vec<u8> = text.chars().map(|c| c as u8).collect();
        assert_eq!(findings(&decode(&ansi).unwrap()), [], "{rest}");
    }
    // But a device of an ordinary class needs one or the other.
    let class = "Class = System\nClassGuid = {4d36e97d-e325-11ce-bfc1-08002be10318}\n";
    let none = format!("{HEAD}{class}[I.NT]\n{MODELS}{strings}");
    let found = findings(&none);
    assert!(found.iter().any(|f| f.rule == "service"), "{found:#?}");
}

#[test]
fn every_rule_has_its_break() {
    let documented = include_str!("../../../docs/inf.md");
    let rules = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_string());
    let listed: Vec<String> = documented
        .split_once("## Rules")
        .expect("the rules' table")
        .1
        .lines()
        .filter_map(rules)
        .collect();
    assert!(listed.len() > 15, "{listed:?}");
    for rule in &listed {
        let elsewhere = ["syntax", "encoding"].contains(&rule.as_str());
        assert!(
            elsewhere || BREAKS.iter().any(|(name, ..)| name == rule),
            "{rule}"
        );
    }
    for (rule, ..) in BREAKS {
        assert!(listed.iter().any(|name| name == rule), "{rule}");
    }
}
