// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules. `docs/inf.md` lists them.

use crate::install::{ARCHITECTURES, Reader, target_platform};
use crate::parse::{Entry, Section};
use crate::registry::number;
use crate::version::target_build;
use crate::{DriverVersion, Finding, Inf, Install, Model, Platform, RegistryValue};

/// The driver store: files run from where the package was put.
const DRIVER_STORE: u32 = 13;
/// First build that runs drivers from the driver store (Windows 10 1709).
const STORE_BUILD: u32 = 16299;
/// First build that reads `MediaCategories` of a device's own key (Windows 10 1809).
const MEDIA_CATEGORIES_BUILD: u32 = 17763;
/// `COPYFLG_NO_OVERWRITE`
const NO_OVERWRITE: u32 = 0x10;
/// `SPSVCINST_ASSOCSERVICE`
const FUNCTION_DRIVER: u32 = 2;
/// Sections that Windows looks for by name.
const KNOWN: &[&str] = &[
    "version",
    "strings",
    "manufacturer",
    "sourcedisksnames",
    "sourcedisksfiles",
    "destinationdirs",
    "signatureattributes",
    "controlflags",
];
/// Sections whose names begin so: strings of a language, files of an architecture, attributes of a signature.
const KNOWN_BEGINNINGS: &[&str] = &[
    "strings.",
    "sourcedisksnames.",
    "sourcedisksfiles.",
    "signatureattributes.",
];

/// Holds a stamped INF to the rules for Windows drivers: everything that is wrong, by line.
#[must_use]
pub fn check(inf: &Inf, platform: Platform) -> Vec<Finding> {
    let mut reader = Reader::new(inf);
    tokens(&mut reader);
    version(&mut reader);
    let mut copied = Vec::new();
    // Those for other machines are in use too.
    for other in ARCHITECTURES {
        if other != platform.name() {
            copied.extend(reader.follow(other));
        }
    }
    let primitive = reader.primitive(platform.name());
    let is_primitive = primitive.is_some();
    let models = primitive.map_or_else(|| reader.models(platform), |model| vec![model]);
    if models.is_empty() && reader.findings.is_empty() {
        let message = format!("no model for {}", platform.name());
        reader.report("target", "Manufacturer", 1, message);
    }
    for model in &models {
        if !is_primitive {
            hardware_id(&mut reader, model);
        }
        let install = reader.install(model, platform);
        if install.section.is_empty() {
            continue;
        }
        files(&mut reader, &install);
        function_driver(&mut reader, &install, is_primitive);
        services(&mut reader, &install);
        framework(&mut reader, &install);
        interfaces(&mut reader, &install);
        registry(&mut reader, &install);
        included(&mut reader, &install);
        copied.extend(install.files.into_iter().map(|file| file.source));
    }
    targets(&mut reader);
    sources(&mut reader, &copied);
    unused(&mut reader);
    let mut findings = reader.findings;
    findings.sort_by_key(|finding| finding.line);
    findings
}

/// `%…%` without a string, `$…$` that was not stamped.
fn tokens(reader: &mut Reader) {
    let inf = reader.inf;
    for token in &inf.undefined {
        let message = format!("[Strings] has no {}", token.token);
        reader.report("string", &token.section, token.line, message);
    }
    for section in &inf.sections {
        for entry in &section.entries {
            let mut fields = entry.key.iter().chain(&entry.values);
            if fields.any(|field| placeholder(field)) {
                let message = "a placeholder of the template was not filled in".to_string();
                reader.report("template", &section.name, entry.line, message);
            }
        }
        if placeholder(&section.name) {
            let message = "a placeholder of the template was not filled in".to_string();
            reader.report("template", &section.name, section.line, message);
        }
    }
}

fn placeholder(text: &str) -> bool {
    text.split('$')
        .skip(1)
        .step_by(2)
        .any(|name| !name.is_empty() && name.bytes().all(|c| c.is_ascii_uppercase()))
        && text.matches('$').count() > 1
}

fn version(reader: &mut Reader) {
    let Some(section) = reader.section("Version") else {
        let message = "there is no section [Version]".to_string();
        return reader.report("section-missing", "Version", 1, message);
    };
    type Test = fn(&Entry) -> Option<&'static str>;
    let fields: [(&str, &'static str, Test); 7] = [
        ("Signature", "signature", |entry| {
            let good = entry.value(0).eq_ignore_ascii_case("$Windows NT$");
            (!good).then_some("must be \"$Windows NT$\"")
        }),
        ("Class", "class", |entry| {
            entry.value(0).is_empty().then_some("names no class")
        }),
        ("ClassGuid", "class", |entry| {
            (!is_guid(entry.value(0))).then_some("is no {GUID}")
        }),
        ("Provider", "provider", |entry| match entry.value(0) {
            "" => Some("names nobody"),
            name if name.eq_ignore_ascii_case("Microsoft") => Some("must not be Microsoft"),
            _ => None,
        }),
        ("CatalogFile", "catalog", |entry| {
            let name = entry.value(0).to_ascii_lowercase();
            let bare = !name.contains(['\\', '/']);
            (!name.ends_with(".cat") || !bare).then_some("must be the name of a .cat file")
        }),
        ("DriverVer", "driver-version", |entry| {
            DriverVersion::parse(entry)
                .is_none()
                .then_some("must be mm/dd/yyyy,w.x.y.z, each part up to 65535")
        }),
        ("PnpLockdown", "lockdown", |entry| {
            (number(entry.value(0)) != Some(1))
                .then_some("must be 1: nobody else may write the files")
        }),
    ];
    let copies = reader
        .inf
        .sections
        .iter()
        .any(|section| section.get("CopyFiles").is_some());
    for (name, rule, test) in fields {
        let (line, wrong) = match section.get(name) {
            Some(entry) => (entry.line, test(entry)),
            // There is nothing to lock where nothing is copied.
            None if rule == "lockdown" && !copies => continue,
            None => (section.line, Some("is missing")),
        };
        if let Some(wrong) = wrong {
            reader.report(rule, &section.name, line, format!("{name} {wrong}"));
        }
    }
}

fn is_guid(text: &str) -> bool {
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    inner.is_some_and(|inner| {
        let groups: Vec<&str> = inner.split('-').collect();
        groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
            && groups.concat().bytes().all(|c| c.is_ascii_hexdigit())
    })
}

/// The oldest Windows that does what the INF asks for; `None`: any.
fn oldest_build(inf: &Inf) -> Option<u32> {
    let categories = |entry: &Entry| {
        let below = entry.value(1).split('\\').next().unwrap_or_default();
        entry.value(0).eq_ignore_ascii_case("HKR") && below.eq_ignore_ascii_case("MediaCategories")
    };
    let mut entries = inf.sections.iter().flat_map(|section| &section.entries);
    if entries.any(categories) {
        return Some(MEDIA_CATEGORIES_BUILD);
    }
    let directories = inf.section("DestinationDirs")?;
    let mut directories = directories.entries.iter();
    directories
        .any(|entry| number(entry.value(0)) == Some(DRIVER_STORE))
        .then_some(STORE_BUILD)
}

/// Models sections say for which machines they are, and let in no Windows that is too old.
fn targets(reader: &mut Reader) {
    let oldest = oldest_build(reader.inf);
    let Some(makers) = reader.section("Manufacturer") else {
        return;
    };
    for maker in &makers.entries {
        if maker.values.len() < 2 {
            let message = "the models are for no architecture: name one, like NTamd64.10.0...19041";
            reader.report("target", &makers.name, maker.line, message.to_string());
        }
        for target in maker.values.iter().skip(1) {
            let build = target_build(target);
            let before = oldest.filter(|oldest| build.is_none_or(|build| build < *oldest));
            let message = match (target_platform(target), before) {
                (None, _) => format!("{target} names neither amd64 nor arm64"),
                (_, Some(oldest)) => format!("{target} lets in Windows before build {oldest}"),
                _ => continue,
            };
            reader.report("target", &makers.name, maker.line, message);
        }
    }
}

fn hardware_id(reader: &mut Reader, model: &Model) {
    let wrong = if model.description.is_empty() {
        "the model has no description"
    } else if model.ids.is_empty() || model.ids.iter().any(String::is_empty) {
        "the model has no hardware id"
    } else if model.ids.iter().any(|id| id.contains(char::is_whitespace)) {
        "a hardware id has no spaces"
    } else {
        return;
    };
    reader.report("hardware-id", &model.section, model.line, wrong.to_string());
}

/// Every copied file comes from the package and stays in the driver store.
fn files(reader: &mut Reader, install: &Install) {
    for file in &install.files {
        let at = (&file.section, file.line);
        if file.directory != Some(DRIVER_STORE) {
            let message = format!(
                "{} is not copied to directory 13, the driver store",
                file.name
            );
            reader.report("directory", at.0, at.1, message);
        }
        if !file.name.eq_ignore_ascii_case(&file.source) {
            let message = format!(
                "{} is renamed, which the driver store does not do",
                file.source
            );
            reader.report("directory", at.0, at.1, message);
        }
        if file.directory == Some(DRIVER_STORE) && file.flags & NO_OVERWRITE != 0 {
            let message = format!(
                "{} has the flag 0x10, which the driver store does not know",
                file.name
            );
            reader.report("directory", at.0, at.1, message);
        }
        let listed = reader.inf.sections.iter().any(|section| {
            is_or_of(&section.name, "SourceDisksFiles") && section.get(&file.source).is_some()
        });
        if !listed {
            let message = format!("{} is not in [SourceDisksFiles]", file.source);
            reader.report("source-file", at.0, at.1, message);
        }
    }
}

/// The section of this name, or of this name for an architecture.
fn is_or_of(section: &str, name: &str) -> bool {
    section
        .get(..name.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(name))
        && (section.len() == name.len() || section.as_bytes()[name.len()] == b'.')
}

/// Every file of the package is copied, from a disk that there is.
fn sources(reader: &mut Reader, copied: &[String]) {
    let Some(files) = reader.section("SourceDisksFiles") else {
        return;
    };
    let disks = reader.section("SourceDisksNames");
    for entry in &files.entries {
        let name = entry.key.as_deref().unwrap_or_default();
        if !copied.iter().any(|file| file.eq_ignore_ascii_case(name)) {
            let message = format!("{name} is never copied");
            reader.report("source-file", &files.name, entry.line, message);
        }
        if disks.is_none_or(|disks| disks.get(entry.value(0)).is_none()) {
            let message = format!("[SourceDisksNames] has no disk {}", entry.value(0));
            reader.report("source-file", &files.name, entry.line, message);
        }
    }
}

/// A device has one function driver. An extension or a component adds to what another package installs; firmware has none.
fn function_driver(reader: &mut Reader, install: &Install, is_primitive: bool) {
    let functions = install
        .services
        .iter()
        .filter(|service| service.flags & FUNCTION_DRIVER != 0);
    let class = reader.inf.section("Version").and_then(|v| v.get("Class"));
    let is_class =
        |name: &&str| class.is_some_and(|class| class.value(0).eq_ignore_ascii_case(name));
    let is_extension = is_class(&"Extension");
    // Protocols, filters and clients of the network are no devices.
    let none = [
        "SoftwareComponent",
        "Firmware",
        "NetTrans",
        "NetService",
        "NetClient",
    ];
    let may_lack = is_extension || is_primitive || none.iter().any(is_class);
    let functions = functions.count() + usize::from(install.function_elsewhere);
    let message = if (is_extension || is_primitive) && functions > 0 {
        "the flag 2 is for the function driver of a device, which this package does not bring"
    } else if functions != 1 && !(functions == 0 && may_lack) {
        "one AddService must have flag 2, the function driver"
    } else {
        return;
    };
    reader.report(
        "service",
        &install.section,
        install.line,
        message.to_string(),
    );
}

/// `SERVICE_FILE_SYSTEM_DRIVER`
const FILE_SYSTEM: u32 = 2;
/// Bits of `SERVICE_WIN32_OWN_PROCESS`, `SERVICE_WIN32_SHARE_PROCESS`.
const PROCESS: u32 = 0x30;

fn services(reader: &mut Reader, install: &Install) {
    for service in &install.services {
        let function = service.flags & FUNCTION_DRIVER != 0;
        let program = service.kind & PROCESS != 0 && !function;
        let filter = service.kind == FILE_SYSTEM && !function;
        let mut wrong =
            |message: String| reader.report("service", &service.section, service.line, message);
        if service.kind != 1 && !program && !filter {
            wrong(format!(
                "ServiceType {} is no kernel driver (1)",
                service.kind
            ));
        }
        // What starts before Plug and Play says when: by its group.
        let early = matches!(service.start, 0 | 1) && !service.group.is_empty();
        if !program && service.start != 3 && !early {
            wrong(format!(
                "StartType {} is not on demand (3): Plug and Play starts the driver; 0 and 1 need a LoadOrderGroup",
                service.start
            ));
        }
        if program && service.start > 4 {
            wrong(format!("StartType {} is not 0 to 4", service.start));
        }
        if service.error_control > 3 {
            wrong(format!(
                "ErrorControl {} is not 0 to 3",
                service.error_control
            ));
        }
        // A program's arguments follow its file.
        let binary = match program {
            true => service
                .binary
                .split_once(' ')
                .map_or(&*service.binary, |(file, _)| file),
            false => &service.binary,
        };
        let file = binary.strip_prefix("%13%\\");
        if !file.is_some_and(|file| {
            install
                .files
                .iter()
                .any(|f| f.name.eq_ignore_ascii_case(file))
        }) {
            wrong(format!(
                "ServiceBinary {} is no copied file in %13%",
                service.binary
            ));
        }
    }
}

fn framework(reader: &mut Reader, install: &Install) {
    for framework in &install.framework {
        let known = |name: &str| {
            install
                .services
                .iter()
                .any(|s| s.name.eq_ignore_ascii_case(name))
        };
        let version: Vec<&str> = framework.version.split('.').collect();
        // A service of Windows' own, which an included section brings, is not here.
        let message = if !known(&framework.service) && !install.function_elsewhere {
            format!(
                "KmdfService names {}, which is no service here",
                framework.service
            )
        } else if version.len() != 2 || version.iter().any(|part| part.parse::<u16>().is_err()) {
            "KmdfLibraryVersion must be major.minor".to_string()
        } else {
            continue;
        };
        reader.report("framework", &framework.section, framework.line, message);
    }
}

fn interfaces(reader: &mut Reader, install: &Install) {
    for (index, interface) in install.interfaces.iter().enumerate() {
        let same = |other: &crate::Interface| {
            other.class.eq_ignore_ascii_case(&interface.class)
                && other.reference.eq_ignore_ascii_case(&interface.reference)
        };
        let message = if !is_guid(&interface.class) {
            format!("the class {} is no {{GUID}}", interface.class)
        } else if install.interfaces[..index].iter().any(same) {
            "the same interface twice".to_string()
        } else {
            continue;
        };
        reader.report("interface", &interface.section, interface.line, message);
    }
}

/// All registry lines: below HKR, not against each other; the device's security.
fn registry(reader: &mut Reader, install: &Install) {
    let lists = [&install.driver, &install.hardware]
        .into_iter()
        .chain(install.interfaces.iter().map(|interface| &interface.values))
        .chain(install.services.iter().map(|service| &service.values));
    for list in lists {
        for (index, value) in list.iter().enumerate() {
            let mut wrong =
                |rule, message| reader.report(rule, &value.section, value.line, message);
            if !value.root.eq_ignore_ascii_case("HKR") {
                let message = format!(
                    "{} is outside of the driver's own keys: use HKR",
                    value.root
                );
                wrong("registry-root", message);
            }
            let same = |other: &&RegistryValue| {
                other.root.eq_ignore_ascii_case(&value.root)
                    && other.key.eq_ignore_ascii_case(&value.key)
                    && other.name.eq_ignore_ascii_case(&value.name)
            };
            let before = list[..index].iter().find(same);
            if let Some(other) = before.filter(|other| other.data != value.data) {
                let message = format!("line {} gives {} another value", other.line, value.name);
                wrong("registry-conflict", message);
            }
        }
    }
    let drivers = install
        .services
        .iter()
        .filter(|service| service.kind & PROCESS == 0);
    for value in drivers.flat_map(|service| &service.values) {
        let below = value.key.split('\\').next().unwrap_or_default();
        if !below.eq_ignore_ascii_case("Parameters") {
            let message = format!(
                "{} of the service is not in its key Parameters, the only one that is the driver's",
                value.name
            );
            reader.report("service-key", &value.section, value.line, message);
        }
    }
    for value in install.hardware.iter().chain(&install.driver) {
        if is_filter(&value.name) {
            let message = format!(
                "{} is written by hand: AddFilter in a section .Filters does that",
                value.name
            );
            reader.report("filter", &value.section, value.line, message);
        }
    }
    for value in &install.hardware {
        let number = ["DeviceType", "DeviceCharacteristics", "Exclusive"]
            .iter()
            .any(|name| value.key.is_empty() && value.name.eq_ignore_ascii_case(name));
        if number && !matches!(value.data, Some(crate::Data::Number(_))) {
            let message = format!("{} must be a REG_DWORD (0x10001)", value.name);
            reader.report("device-property", &value.section, value.line, message);
        }
        let is_security = value.key.is_empty() && value.name.eq_ignore_ascii_case("Security");
        let good =
            matches!(&value.data, Some(crate::Data::Text(text)) if is_security_descriptor(text));
        if is_security && !good {
            let message = "no security descriptor: D:P(type;flags;rights;;;account)…".to_string();
            reader.report("security", &value.section, value.line, message);
        }
    }
}

fn is_filter(name: &str) -> bool {
    ["UpperFilters", "LowerFilters"]
        .iter()
        .any(|filters| name.eq_ignore_ascii_case(filters))
}

/// A discretionary list of six-part entries, at least one.
fn is_security_descriptor(text: &str) -> bool {
    let Some(list) = text.strip_prefix("D:") else {
        return false;
    };
    let start = list.find('(').unwrap_or(list.len());
    let (flags, entries) = list.split_at(start);
    let entries = entries
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    let good = |entry: &str| {
        let parts: Vec<&str> = entry.split(';').collect();
        parts.len() == 6
            && matches!(parts[0], "A" | "D")
            && !parts[2].is_empty()
            && !parts[5].is_empty()
            && !entry.contains(['(', ')', ' '])
    };
    ["", "P", "AI", "PAI"].contains(&flags)
        && entries.is_some_and(|entries| entries.split(")(").all(good))
}

/// `Include` and `Needs` go together.
fn included(reader: &mut Reader, install: &Install) {
    let mut wrong =
        |message: String| reader.report("include", &install.section, install.line, message);
    for file in &install.include {
        if !file.to_ascii_lowercase().ends_with(".inf") {
            wrong(format!("Include names {file}, which is no .inf file"));
        }
    }
    match (install.include.is_empty(), install.needs.is_empty()) {
        (false, true) => wrong("Include without Needs installs nothing".to_string()),
        (true, false) => wrong("Needs without Include finds no section".to_string()),
        _ => {}
    }
}

fn unused(reader: &mut Reader) {
    let classes: Vec<&Section> = reader
        .inf
        .sections
        .iter()
        .filter(|section| is_or_of(&section.name, "ClassInstall32"))
        .collect();
    // A class of the package's own.
    for class in classes {
        for name in class.get("AddReg").map_or(&[][..], |entry| &entry.values) {
            reader.section(name);
        }
        reader.section(&class.name);
    }
    let used = |section: &&Section| {
        let name = section.name.to_ascii_lowercase();
        KNOWN.contains(&name.as_str())
            || KNOWN_BEGINNINGS.iter().any(|start| name.starts_with(start))
            || reader.used.contains(&name)
    };
    let unused: Vec<&Section> = reader
        .inf
        .sections
        .iter()
        .filter(|section| !used(section))
        .collect();
    for section in unused {
        let message = "nothing refers to the section".to_string();
        reader.report("section-unused", &section.name, section.line, message);
    }
}
