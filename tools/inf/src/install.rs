// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an install section (`DDInstall`) asks for, with the sections it refers to.

use crate::parse::{Entry, Inf, Section, finding};
use crate::registry::number;
use crate::version::target_build;
use crate::{Finding, Platform, RegistryValue};

/// A line of a models section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The name that the user sees.
    pub description: String,
    /// Of the install section, without decoration.
    pub install: String,
    /// Hardware id first, then compatible ids.
    pub ids: Vec<String>,
    /// The oldest build of Windows 10 that it is for. `None`: the section does not say.
    pub build: Option<u32>,
    /// The models' section.
    pub section: String,
    /// Line in the INF.
    pub line: usize,
}

/// An install section, resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Install {
    /// With decoration.
    pub section: String,
    /// Line in the INF of the section's head.
    pub line: usize,
    /// INF files of Windows, and the sections of theirs that are installed too.
    pub include: Vec<String>,
    /// Sections of `Needs`.
    pub needs: Vec<String>,
    /// What `CopyFiles` names.
    pub files: Vec<File>,
    /// Of the device's driver (software) key.
    pub driver: Vec<RegistryValue>,
    /// Of the device's hardware key.
    pub hardware: Vec<RegistryValue>,
    /// What `AddInterface` names.
    pub interfaces: Vec<Interface>,
    /// What `AddService` names.
    pub services: Vec<Service>,
    /// `AddService = ,2`, no function driver at all, or one of an included section.
    pub function_elsewhere: bool,
    /// `KmdfService` and its version.
    pub framework: Vec<Framework>,
}

/// A file that is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Name in the package.
    pub name: String,
    /// In the package.
    pub source: String,
    /// The directory's number, 13: the driver store. `None`: nothing names one.
    pub directory: Option<u32>,
    /// `COPYFLG_*`
    pub flags: u32,
    /// The section that lists it.
    pub section: String,
    /// Line in the INF.
    pub line: usize,
}

/// `AddInterface`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The class's GUID.
    pub class: String,
    /// Reference string of the device interface.
    pub reference: String,
    /// Of the interface's key.
    pub values: Vec<RegistryValue>,
    /// The interface's own section.
    pub section: String,
    /// Line in the INF.
    pub line: usize,
}

/// `AddService`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Name of the service.
    pub name: String,
    /// `SPSVCINST_*`; 2: the device's function driver.
    pub flags: u32,
    /// What the services' list shows.
    pub display_name: String,
    /// `ServiceType`
    pub kind: u32,
    /// `StartType`
    pub start: u32,
    /// `ErrorControl`
    pub error_control: u32,
    /// `LoadOrderGroup`
    pub group: String,
    /// Directories by number: `%13%\…`.
    pub binary: String,
    /// Of the service's key.
    pub values: Vec<RegistryValue>,
    /// The service's own section.
    pub section: String,
    /// Line in the INF.
    pub line: usize,
}

/// `KmdfService`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framework {
    /// Name of the service.
    pub service: String,
    /// `major.minor`
    pub version: String,
    /// The section with `KmdfLibraryVersion`.
    pub section: String,
    /// Line in the INF.
    pub line: usize,
}

impl Inf {
    /// The models for a platform.
    ///
    /// # Errors
    /// A missing section.
    pub fn models(&self, platform: Platform) -> Result<Vec<Model>, Finding> {
        let mut reader = Reader::new(self);
        let models = reader.models(platform);
        reader.findings.into_iter().next().map_or(Ok(models), Err)
    }

    /// What installing a model does.
    ///
    /// # Errors
    /// The first line that cannot be followed.
    pub fn install(&self, model: &Model, platform: Platform) -> Result<Install, Finding> {
        let mut reader = Reader::new(self);
        let install = reader.install(model, platform);
        reader.findings.into_iter().next().map_or(Ok(install), Err)
    }
}

/// Follows the references; notes what is wrong and which sections were used.
pub(crate) struct Reader<'a> {
    pub inf: &'a Inf,
    pub findings: Vec<Finding>,
    pub used: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(inf: &'a Inf) -> Self {
        Self {
            inf,
            findings: Vec::new(),
            used: Vec::new(),
        }
    }

    pub fn report(&mut self, rule: &'static str, section: &str, line: usize, message: String) {
        let new = finding(rule, section, line, message);
        if !self.findings.contains(&new) {
            self.findings.push(new);
        }
    }

    /// A section that may be there.
    pub fn section(&mut self, name: &str) -> Option<&'a Section> {
        let section = self.inf.section(name)?;
        self.used.push(section.name.to_ascii_lowercase());
        Some(section)
    }

    /// A section that a line refers to.
    fn referred(&mut self, name: &str, from: &str, line: usize) -> Option<&'a Section> {
        let section = self.section(name);
        if section.is_none() {
            let message = format!("there is no section [{name}]");
            self.report("section-missing", from, line, message);
        }
        section
    }

    pub fn models(&mut self, platform: Platform) -> Vec<Model> {
        self.models_of(platform.name())
    }

    /// Marks what is for machines of another architecture; the files that are copied there.
    pub fn follow(&mut self, architecture: &str) -> Vec<String> {
        let before = self.findings.len();
        let models = match self.primitive(architecture) {
            Some(model) => vec![model],
            None => self.models_of(architecture),
        };
        let mut copied = Vec::new();
        for model in models {
            let install = self.install_of(&model, architecture);
            copied.extend(install.files.into_iter().map(|file| file.source));
        }
        self.findings.truncate(before);
        copied
    }

    /// What installs a driver that is for no device: `[DefaultInstall.NTamd64]`, where there is no `[Manufacturer]`.
    pub fn primitive(&mut self, architecture: &str) -> Option<Model> {
        if self.inf.section("Manufacturer").is_some() {
            return None;
        }
        let section = self.section(&format!("{DEFAULT_INSTALL}.NT{architecture}"))?;
        Some(Model {
            description: String::new(),
            install: DEFAULT_INSTALL.to_string(),
            ids: Vec::new(),
            build: None,
            section: section.name.clone(),
            line: section.line,
        })
    }

    fn models_of(&mut self, architecture: &str) -> Vec<Model> {
        let mut models = Vec::new();
        let Some(makers) = self.section("Manufacturer") else {
            let message = "there is no section [Manufacturer]".to_string();
            self.report("section-missing", "Manufacturer", 1, message);
            return models;
        };
        for maker in &makers.entries {
            for target in maker.values.iter().skip(1) {
                if target_platform(target) != Some(architecture) {
                    continue;
                }
                let name = format!("{}.{target}", maker.value(0));
                let Some(section) = self.referred(&name, &makers.name, maker.line) else {
                    continue;
                };
                models.extend(section.entries.iter().map(|entry| Model {
                    description: entry.key.clone().unwrap_or_default(),
                    install: entry.value(0).to_string(),
                    ids: entry.values.iter().skip(1).cloned().collect(),
                    build: target_build(target),
                    section: section.name.clone(),
                    line: entry.line,
                }));
            }
        }
        models
    }

    pub fn install(&mut self, model: &Model, platform: Platform) -> Install {
        self.install_of(model, platform.name())
    }

    fn install_of(&mut self, model: &Model, architecture: &str) -> Install {
        let mut install = Install::default();
        let base = &model.install;
        let decorated = [format!("{base}.NT{architecture}"), format!("{base}.NT")];
        let found = decorated.iter().find_map(|name| self.section(name));
        let found = found.or_else(|| self.referred(base, &model.section, model.line));
        let Some(section) = found else {
            return install;
        };
        install.section.clone_from(&section.name);
        install.line = section.line;
        for entry in &section.entries {
            let key = entry
                .key
                .as_deref()
                .unwrap_or_default()
                .to_ascii_lowercase();
            match key.as_str() {
                "include" => install.include.extend_from_slice(&entry.values),
                "needs" => install.needs.extend_from_slice(&entry.values),
                "copyfiles" => self.copy_files(section, entry, &mut install.files),
                "addreg" => self.add_reg(section, entry, &mut install.driver),
                "delreg" | "addproperty" | "delproperty" | "addpowersetting" | "bitreg" => {
                    for list in &entry.values {
                        self.referred(list, &section.name, entry.line);
                    }
                }
                "featurescore" | "copyinf" | "excludeid" => {}
                "optiondesc" if base == DEFAULT_INSTALL => {}
                name if self.is_network() && NETWORK.contains(&name) => {}
                _ => self.unknown(section, entry),
            }
        }
        for (part, directives) in PARTS {
            self.listed(section, part, directives);
        }
        for entry in self.part(section, "HW") {
            match entry.is("AddReg") {
                true => self.add_reg(section, entry, &mut install.hardware),
                false => self.unknown(section, entry),
            }
        }
        self.interfaces(section, &mut install);
        self.services(section, &mut install);
        self.framework(section, &mut install);
        install
    }

    /// A part whose lines each name a section of their own: `directive = name, flags, section`.
    fn listed(&mut self, section: &Section, part: &str, directives: &[&str]) {
        let from = format!("{}.{part}", section.name);
        for entry in self.part(section, part) {
            if !directives.iter().any(|directive| entry.is(directive)) {
                self.unknown(section, entry);
                continue;
            }
            // An event provider's section may be left out.
            if entry.value(2).is_empty() && !entry.is("AddEventProvider") {
                let message = format!("{} names no section", directives.join(", "));
                self.report("section-missing", &from, entry.line, message);
            }
            if let Some(list) = self.named(entry.value(2), &from, entry.line) {
                self.below(list, 3);
            }
        }
    }

    /// [`Reader::referred`], for a name that may be left out.
    fn named(&mut self, name: &str, from: &str, line: usize) -> Option<&'a Section> {
        match name {
            "" => None,
            name => self.referred(name, from, line),
        }
    }

    /// Marks the sections that the lines of a section name, and those that these name.
    fn below(&mut self, section: &'a Section, depth: usize) {
        for value in section.entries.iter().flat_map(|entry| &entry.values) {
            if let Some(next) = self.section(value)
                && depth > 0
            {
                self.below(next, depth - 1);
            }
        }
    }

    /// Adapters, protocols, filters and clients of the network.
    fn is_network(&self) -> bool {
        let version = self.inf.section("Version");
        let class = version.and_then(|version| version.get("Class"));
        class.is_some_and(|class| {
            let class = class.value(0).to_ascii_lowercase();
            ["net", "nettrans", "netservice", "netclient"].contains(&class.as_str())
        })
    }

    /// Lines of `[section.part]`.
    fn part(&mut self, section: &Section, part: &str) -> &'a [Entry] {
        let found = self.section(&format!("{}.{part}", section.name));
        found.map_or(&[], |found| &found.entries)
    }

    fn unknown(&mut self, section: &Section, entry: &Entry) {
        // A part may take lines from a part of another file.
        if entry.is("Include") || entry.is("Needs") {
            return;
        }
        let what = entry.key.as_deref().unwrap_or(entry.value(0));
        let message =
            format!("{what} is not a directive for a driver that runs from the driver store");
        self.report("directive", &section.name, entry.line, message);
    }

    fn copy_files(&mut self, section: &Section, entry: &Entry, files: &mut Vec<File>) {
        for name in &entry.values {
            if let Some(file) = name.strip_prefix('@') {
                files.push(File {
                    name: file.to_string(),
                    source: file.to_string(),
                    directory: self.directory("DefaultDestDir"),
                    flags: 0,
                    section: section.name.clone(),
                    line: entry.line,
                });
                continue;
            }
            let Some(list) = self.referred(name, &section.name, entry.line) else {
                continue;
            };
            let directory = self
                .directory(name)
                .or_else(|| self.directory("DefaultDestDir"));
            files.extend(list.entries.iter().map(|entry| File {
                name: entry.value(0).to_string(),
                source: match entry.value(1) {
                    "" => entry.value(0).to_string(),
                    source => source.to_string(),
                },
                directory,
                flags: number(entry.value(3)).unwrap_or(0),
                section: list.name.clone(),
                line: entry.line,
            }));
        }
    }

    fn directory(&mut self, list: &str) -> Option<u32> {
        number(self.section("DestinationDirs")?.get(list)?.value(0))
    }

    fn add_reg(&mut self, section: &Section, entry: &Entry, values: &mut Vec<RegistryValue>) {
        for name in &entry.values {
            let Some(list) = self.referred(name, &section.name, entry.line) else {
                continue;
            };
            for line in &list.entries {
                match RegistryValue::parse(&list.name, line) {
                    Ok(value) => values.push(value),
                    Err(message) => self.report("registry-line", &list.name, line.line, message),
                }
            }
        }
    }

    fn interfaces(&mut self, section: &Section, install: &mut Install) {
        let from = format!("{}.Interfaces", section.name);
        for entry in self.part(section, "Interfaces") {
            if !entry.is("AddInterface") {
                self.unknown(section, entry);
                continue;
            }
            let mut values = Vec::new();
            // The third field may be left out.
            let list = match entry.value(2) {
                "" => None,
                list => self.referred(list, &from, entry.line),
            };
            if let Some(list) = list {
                for line in &list.entries {
                    match line.is("AddReg") {
                        true => self.add_reg(list, line, &mut values),
                        false => self.unknown(list, line),
                    }
                }
            }
            install.interfaces.push(Interface {
                class: entry.value(0).to_string(),
                reference: entry.value(1).to_string(),
                values,
                section: from.clone(),
                line: entry.line,
            });
        }
    }

    fn services(&mut self, section: &Section, install: &mut Install) {
        let from = format!("{}.Services", section.name);
        for entry in self.part(section, "Services") {
            install.function_elsewhere |= entry.is("Needs");
            if !entry.is("AddService") {
                self.unknown(section, entry);
                continue;
            }
            let null = entry.value(0).is_empty() && entry.value(2).is_empty();
            if null && number(entry.value(1)) == Some(2) {
                install.function_elsewhere = true;
                continue;
            }
            let Some(list) = self.referred(entry.value(2), &from, entry.line) else {
                continue;
            };
            if let Some(events) = entry.values.get(3).filter(|name| !name.is_empty()) {
                self.referred(events, &from, entry.line);
            }
            let flags = match entry.value(1) {
                "" => Some(0),
                text => number(text),
            };
            if flags.is_none() {
                let message = format!("the flags {} are no number", entry.value(1));
                self.report("service", &from, entry.line, message);
            }
            let mut service = Service {
                name: entry.value(0).to_string(),
                flags: flags.unwrap_or(0),
                section: list.name.clone(),
                line: list.line,
                ..Service::default()
            };
            self.service(list, &mut service);
            install.services.push(service);
        }
    }

    fn service(&mut self, list: &Section, service: &mut Service) {
        for name in ["ServiceType", "StartType", "ErrorControl", "ServiceBinary"] {
            if list.get(name).is_none() {
                self.report(
                    "service",
                    &list.name,
                    list.line,
                    format!("{name} is missing"),
                );
            }
        }
        for entry in &list.entries {
            let key = entry
                .key
                .as_deref()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let place = match key.as_str() {
                "displayname" => {
                    service.display_name = entry.value(0).to_string();
                    continue;
                }
                "servicebinary" => {
                    service.binary = entry.value(0).to_string();
                    continue;
                }
                "addreg" => {
                    self.add_reg(list, entry, &mut service.values);
                    continue;
                }
                "loadordergroup" => {
                    service.group = entry.value(0).to_string();
                    continue;
                }
                name if OF_A_SERVICE.contains(&name) => continue,
                "delreg" | "addtrigger" | "failureactions" | "requiredprivileges" | "triggers" => {
                    for name in &entry.values {
                        self.referred(name, &list.name, entry.line);
                    }
                    continue;
                }
                "servicetype" => &mut service.kind,
                "starttype" => &mut service.start,
                "errorcontrol" => &mut service.error_control,
                _ => {
                    self.unknown(list, entry);
                    continue;
                }
            };
            match number(entry.value(0)) {
                Some(number) => *place = number,
                None => {
                    let message = format!("{} is no number", entry.value(0));
                    self.report("service", &list.name, entry.line, message);
                }
            }
        }
    }

    fn framework(&mut self, section: &Section, install: &mut Install) {
        let from = format!("{}.Wdf", section.name);
        for entry in self.part(section, "Wdf") {
            if entry.is("UmdfService") {
                self.referred(entry.value(1), &from, entry.line);
                continue;
            }
            if !entry.is("KmdfService") {
                let umdf = entry.key.as_deref().is_some_and(|key| {
                    key.get(..4)
                        .is_some_and(|start| start.eq_ignore_ascii_case("Umdf"))
                });
                if !umdf {
                    self.unknown(section, entry);
                }
                continue;
            }
            let Some(list) = self.referred(entry.value(1), &from, entry.line) else {
                continue;
            };
            let version = list.get("KmdfLibraryVersion");
            install.framework.push(Framework {
                service: entry.value(0).to_string(),
                version: version.map_or(String::new(), |version| version.value(0).to_string()),
                section: list.name.clone(),
                line: version.map_or(list.line, |version| version.line),
            });
        }
    }
}

/// Parts of an install section whose lines name sections: what a component, filter or event provider is.
const PARTS: [(&str, &[&str]); 6] = [
    ("Filters", &["AddFilter"]),
    ("Components", &["AddComponent"]),
    ("Software", &["AddSoftware"]),
    (
        "Events",
        &["AddEventProvider", "AddAutoLogger", "UpdateAutoLogger"],
    ),
    ("COM", &["AddComServer"]),
    ("WMI", &["WMIInterface"]),
];
/// What the install section of a network component says of it.
const NETWORK: [&str; 8] = [
    "characteristics",
    "bustype",
    "enabledhcp",
    "netcfginstanceid",
    "*iftype",
    "*mediatype",
    "*physicalmediatype",
    "*ifconnectorpresent",
];
/// What else a service's section may say.
const OF_A_SERVICE: [&str; 9] = [
    "description",
    "dependencies",
    "startname",
    "security",
    "bootflags",
    "delayedautostart",
    "preshutdowntimeout",
    "servicesidtype",
    "errorcontrolflags",
];
/// Where a driver that is for no device is installed.
const DEFAULT_INSTALL: &str = "DefaultInstall";

/// All that Windows 10 runs on.
pub(crate) const ARCHITECTURES: [&str; 4] = ["amd64", "arm64", "x86", "arm"];

/// The architecture in `NTamd64.10.0…`, in lower case as in [`Platform::name`]; `None` if it names none of [`ARCHITECTURES`].
pub(crate) fn target_platform(target: &str) -> Option<&'static str> {
    let (start, rest) = target.split_at_checked(2)?;
    let architecture = rest.split('.').next()?;
    ARCHITECTURES
        .into_iter()
        .find(|name| start.eq_ignore_ascii_case("NT") && architecture.eq_ignore_ascii_case(name))
}
