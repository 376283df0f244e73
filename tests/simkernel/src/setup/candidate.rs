// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an INF has for a device of this machine.

use super::BUILD;
use arioso_inf::{DriverVersion, File, Inf, Install, Model, Platform, Section};

const PLATFORM: Platform = Platform::Amd64;
/// `DIRID` of the driver store.
const STORE: u32 = 13;
/// Sections of Windows' own INF files that drivers may need. All that they do is registration that every Windows has had done to
/// it: they are taken as done.
const WINDOWS: &[(&str, &[&str])] = &[
    ("ks.inf", &["KS.Registration"]),
    ("wdmaudio.inf", &["WDMAUDIO.Registration"]),
];

/// `[Version]`
#[derive(Clone, Debug)]
pub struct Head {
    pub class: String,
    pub class_guid: String,
    pub provider: String,
    pub catalog: String,
    pub version: DriverVersion,
}

impl Head {
    pub fn of(inf: &Inf) -> Result<Self, String> {
        let section = inf.section("Version").ok_or("there is no [Version]")?;
        let text = |name: &str| text(section, name);
        if !text("Signature")?.eq_ignore_ascii_case("$Windows NT$") {
            return Err("[Version]: the signature is not that of Windows".into());
        }
        Ok(Self {
            class: text("Class")?,
            class_guid: text("ClassGuid")?,
            provider: text("Provider")?,
            catalog: text("CatalogFile")?,
            version: DriverVersion::of(inf).ok_or("[Version]: DriverVer is no version")?,
        })
    }
}

fn text(section: &Section, name: &str) -> Result<String, String> {
    let value = section.get(name).map_or("", |entry| entry.value(0));
    match value {
        "" => Err(format!("[{}]: there is no {name}", section.name)),
        value => Ok(value.to_owned()),
    }
}

/// The models for this machine, of the newest Windows that is not newer than this one.
pub fn models(inf: &Inf) -> Result<Vec<Model>, String> {
    let all = inf
        .models(PLATFORM)
        .map_err(|finding| finding.to_string())?;
    if all.is_empty() {
        return Err("it has no model for amd64".into());
    }
    let fitting = all.iter().filter(|m| m.build.unwrap_or(0) <= BUILD);
    let Some(best) = fitting.map(|m| m.build).max() else {
        return Err(format!("it is for a Windows newer than build {BUILD}"));
    };
    Ok(all.into_iter().filter(|m| m.build == best).collect())
}

/// What installing a model does, as far as Windows would do it.
pub fn install(inf: &Inf, model: &Model) -> Result<Install, String> {
    let install = inf
        .install(model, PLATFORM)
        .map_err(|finding| finding.to_string())?;
    for name in &install.include {
        if !WINDOWS
            .iter()
            .any(|(known, _)| name.eq_ignore_ascii_case(known))
        {
            return Err(format!("[{}]: Windows has no {name}", install.section));
        }
    }
    for section in &install.needs {
        let included = WINDOWS
            .iter()
            .filter(|(name, _)| install.include.iter().any(|i| i.eq_ignore_ascii_case(name)));
        let known = included.flat_map(|(_, sections)| sections.iter());
        if !known
            .clone()
            .any(|known| section.eq_ignore_ascii_case(known))
        {
            return Err(format!(
                "[{}]: no included INF has [{section}]",
                install.section
            ));
        }
    }
    for file in &install.files {
        check_file(inf, file)?;
    }
    Ok(install)
}

fn check_file(inf: &Inf, file: &File) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("[{}]: {} {what}", file.section, file.name));
    if file.directory != Some(STORE) {
        return wrong("does not stay in the driver store (DIRID 13)");
    }
    if file.name != file.source {
        return wrong("cannot have another name than its source in the driver store");
    }
    let disks = inf.section("SourceDisksFiles");
    if disks.and_then(|disks| disks.get(&file.source)).is_none() {
        return wrong("is on no disk: [SourceDisksFiles] does not name it");
    }
    Ok(())
}
