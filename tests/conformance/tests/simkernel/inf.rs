// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the INF has put into the registry, against what the driver does: every disagreement is told by name. An INF with a mistake is
//! refused, does not start, or is told of here.

use crate::Scenario;
use crate::package;
use crate::rig::{PARAMETERS, RATE, Rig, Setup};
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    CLSID_Proxy, GUID_DEVCLASS_MEDIA, KSAUDFNAME_MIDI, KSAUDFNAME_RECORDING_CONTROL,
    KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY, KSCATEGORY_WDMAUD_USE_PIN_NAME,
    KSNODETYPE_LINE_CONNECTOR, KSPROPSETID_General, KSPROPSETID_Pin,
};
use arioso_core::ks::ks::{KSCOMPONENTID, KSPROPERTY_GENERAL_COMPONENTID, KSPROPERTY_PIN_NAME};
use conformance::filter::Filter;
use conformance::property::Property;
use conformance::synth::caps;
use simkernel::executive::rtl::guid_text;
use simkernel::registry::{self, Value};
use std::collections::BTreeSet;

pub const SCENARIOS: &[Scenario] = &[
    ("the INF says what the driver does", agreement),
    ("mistakes in the INF are told", || mistakes(MISTAKES)),
    ("mistakes in what the INF registers are told", || {
        mistakes(OMISSIONS)
    }),
];

const CONTROL: &str = r"\Registry\Machine\System\CurrentControlSet\Control";
pub const ENUM: &str = r"\Registry\Machine\System\CurrentControlSet\Enum";
pub const SERVICE_KEY: &str = r"\Registry\Machine\System\CurrentControlSet\Services\Arioso";
/// Of the endpoint: which jacks it is for, and that clients may wait for events.
const ENDPOINT: &str = "{1DA5D803-D492-4EDD-8C23-E0C0FFEE7F0E}";
/// FILE_DEVICE_SOUND
const SOUND: u32 = 0x1D;

pub fn text(key: &str, name: &str) -> String {
    let value = registry::get(key, name).and_then(|value| value.string());
    value.unwrap_or_default()
}

fn guid(text: &str) -> Option<GUID> {
    GUID::parse(text.encode_utf16())
}

/// The driver key of the rig's first device.
pub fn driver_key(rig: &Rig) -> String {
    let driver = text(&format!("{ENUM}\\{}", rig.instances[0]), "Driver");
    format!("{CONTROL}\\Class\\{driver}")
}

/// Keys of the device's interfaces: class, reference string, path.
pub fn interface_keys(instance: &str) -> Vec<(GUID, String, String)> {
    let classes = format!("{CONTROL}\\DeviceClasses");
    let device = instance.replace('\\', "#");
    let mut keys = Vec::new();
    for class in registry::subkeys(&classes) {
        let key = format!("{classes}\\{class}\\##?#{device}#{class}");
        for name in registry::subkeys(&key) {
            let class = guid(&class).expect("a class");
            let reference = name.trim_start_matches('#').to_owned();
            keys.push((class, reference, format!("{key}\\{name}")));
        }
    }
    keys
}

/// What the driver, with a default set in its package, and its INF do not agree about.
fn findings(rig: &mut Rig) -> Vec<String> {
    let mut found = Vec::new();
    interfaces(rig, &mut found);
    opened(rig, &mut found);
    multimedia(rig, &mut found);
    service(rig, &mut found);
    found
}

fn interfaces(rig: &mut Rig, found: &mut Vec<String>) {
    for (class, reference, key) in interface_keys(&rig.instances[0]) {
        let mut tell = |what: &str| {
            found.push(format!(
                "interface {} {reference}: {what}",
                guid_text(&class)
            ))
        };
        let linked = registry::get(&format!("{key}\\Control"), "Linked");
        if linked != Some(Value::dword(1)) {
            tell("the driver does not enable it");
        }
        let parameters = format!("{key}\\Device Parameters");
        if text(&parameters, "FriendlyName").is_empty() {
            tell("no friendly name");
        }
        if guid(&text(&parameters, "CLSID")) != Some(CLSID_Proxy) {
            tell("no KS proxy");
        }
        if class == KSCATEGORY_TOPOLOGY {
            let endpoint = format!("{parameters}\\EP\\0");
            let any = guid(&text(&endpoint, &format!("{ENDPOINT},2")));
            if any != Some(GUID::default()) {
                tell("no endpoint association");
            }
            if registry::get(&endpoint, &format!("{ENDPOINT},7")) != Some(Value::dword(1)) {
                tell("the endpoint is not event driven");
            }
        }
    }
}

/// What Windows names itself.
const KNOWN_NAMES: [GUID; 5] = [
    KSAUDFNAME_MIDI,
    KSAUDFNAME_RECORDING_CONTROL,
    KSCATEGORY_AUDIO,
    KSCATEGORY_WDMAUD_USE_PIN_NAME,
    KSNODETYPE_LINE_CONNECTOR,
];

/// A program opens each filter: names of components and pins, the port's GUID, the default set.
fn opened(rig: &mut Rig, found: &mut Vec<String>) {
    let driver = driver_key(rig);
    let mut used = BTreeSet::new();
    let device = rig.instances[0].replace('\\', "#").to_lowercase();
    for link in rig.machine.interfaces(&KSCATEGORY_AUDIO) {
        if !link.to_lowercase().contains(&device) {
            continue;
        }
        match Filter::open(&mut rig.client, &link) {
            Ok(filter) => {
                used.extend(names(rig, &filter));
                filter.close(&mut rig.client);
            }
            Err(error) => return found.push(format!("programs cannot open {link}: {error}")),
        }
    }
    used.retain(|name| !KNOWN_NAMES.contains(name));
    let categories = format!("{driver}\\MediaCategories");
    let named: BTreeSet<GUID> = registry::subkeys(&categories)
        .iter()
        .filter(|name| !text(&format!("{categories}\\{name}"), "Name").is_empty())
        .filter_map(|name| guid(name))
        .collect();
    let no_name = used.difference(&named);
    found.extend(no_name.map(|guid| format!("{} has no name in MediaCategories", guid_text(guid))));
    let not_used = named.difference(&used);
    found.extend(not_used.map(|guid| {
        format!(
            "nothing has the name {} in MediaCategories",
            guid_text(guid)
        )
    }));

    let printed = rig.machine.debug_output().len();
    let (filter, pin) = rig.open_pin();
    let port = caps(&mut rig.client, filter.handle).expect("CAPS").Guid;
    let default = text(
        &format!("{driver}\\DirectMusic\\Defaults"),
        "DefaultOutputPort",
    );
    if guid(&default) != Some(port) {
        found.push("the default DirectMusic port is not this one".into());
    }
    let lines = &rig.machine.debug_output()[printed..];
    if !lines
        .iter()
        .any(|line| line.contains("default instruments"))
    {
        found.push("the package's default instruments are not found".into());
    }
    rig.close(filter, [pin], None);
}

fn names(rig: &mut Rig, filter: &Filter<simkernel::client::SimClient>) -> Vec<GUID> {
    let mut names = Vec::new();
    let component = Property::new(KSPROPSETID_General, KSPROPERTY_GENERAL_COMPONENTID);
    if let Ok(component) = component.get::<_, KSCOMPONENTID>(&mut rig.client, filter.handle) {
        names.push(component.Name);
    }
    for pin in filter.pins(&mut rig.client).expect("pins") {
        let name = Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_NAME, pin.id);
        let wide = name
            .get_sized(&mut rig.client, filter.handle)
            .expect("a name");
        let (units, _) = wide.as_chunks::<2>();
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        // simkernel's ks answers with the GUID that Windows would look up.
        names.push(GUID::parse(units.take_while(|unit| *unit != 0)).expect("a GUID"));
    }
    names
}

/// What WinMM and Device Manager read.
fn multimedia(rig: &Rig, found: &mut Vec<String>) {
    let driver = driver_key(rig);
    let image = text(SERVICE_KEY, "ImagePath");
    if Some(&text(&driver, "Driver")[..]) != image.rsplit('\\').next() {
        found.push("Driver is not the image".into());
    }
    let classes = text(&format!("{driver}\\Drivers"), "SubClasses");
    let classes: BTreeSet<&str> = classes.split(',').collect();
    if classes != BTreeSet::from(["midi", "mixer", "wave"]) {
        found.push(format!("SubClasses are {classes:?}"));
    }
    for class in ["midi", "mixer", "wave"] {
        let key = format!("{driver}\\Drivers\\{class}\\wdmaud.drv");
        if text(&key, "Driver") != "wdmaud.drv" || text(&key, "Description").is_empty() {
            found.push(format!("{class} does not come from wdmaud.drv"));
        }
    }
    let hardware = format!("{ENUM}\\{}", rig.instances[0]);
    if registry::get(&hardware, "DeviceType") != Some(Value::dword(SOUND)) {
        found.push("DeviceType is not FILE_DEVICE_SOUND".into());
    }
    if guid(&text(&hardware, "ClassGUID")) != Some(GUID_DEVCLASS_MEDIA) {
        found.push("the class is not MEDIA".into());
    }
}

/// The service's settings, and the framework that the image asks for.
fn service(rig: &Rig, found: &mut Vec<String>) {
    let refused = |line: &&String| line.contains("the default counts");
    let lines = rig.machine.debug_output()[rig.printed..].iter();
    found.extend(lines.filter(refused).cloned());
    let cargo = include_str!("../../../../Cargo.toml");
    let minor = cargo.split_once("target-kmdf-version-minor = ");
    let minor = minor.and_then(|(_, rest)| rest.lines().next());
    let version = text(&format!("{PARAMETERS}\\Wdf"), "KmdfLibraryVersion");
    if version.strip_prefix("1.") != minor {
        found.push(format!("KmdfLibraryVersion is {version:?}"));
    }
    let numbers = [("Type", 1), ("Start", 3), ("ErrorControl", 1)];
    for (name, wanted) in numbers {
        if registry::get(SERVICE_KEY, name) != Some(Value::dword(wanted)) {
            found.push(format!("the service's {name} is not {wanted}"));
        }
    }
    if registry::get(PARAMETERS, "EndpointLead") != Some(Value::dword(USERS_LEAD)) {
        found.push("the user's EndpointLead is gone".into());
    }
}

/// What a user has set; no INF may change it.
const USERS_LEAD: u32 = 7;

/// Nothing installed; the package has a default set of one instrument.
fn prepared() -> Rig {
    let bank = arioso_bank::test_banks::dc(RATE);
    Setup {
        package: Some(package::package_with(bank)),
        ..Setup::default()
    }
    .boot()
}

fn agreement() {
    let mut rig = prepared();
    assert_eq!(told(&mut rig, |inf| inf.to_owned()), [""; 0]);
}

/// Installs the package with an INF made of its own, starts the device, looks for mistakes, uninstalls.
fn told(rig: &mut Rig, change: impl Fn(&str) -> String) -> Vec<String> {
    registry::set(PARAMETERS, "EndpointLead", Value::dword(USERS_LEAD));
    let changed = rig.package.clone().with_inf(change);
    let mut found = Vec::new();
    match changed.and_then(|package| rig.install(&package)) {
        Err(error) => {
            found.push(error);
            registry::remove(PARAMETERS, "EndpointLead");
            registry::delete_if_empty(PARAMETERS);
            registry::delete_if_empty(SERVICE_KEY);
        }
        Ok(()) => match rig.machine.start_device(&rig.instances[0]) {
            Err(problem) => found.push(problem.to_string()),
            Ok(_) => found = findings(rig),
        },
    }
    rig.uninstall();
    found
}

/// A part of the INF, what it becomes, and what is said of it.
type Mistake = (&'static str, &'static str, &'static str);

fn mistakes(mistakes: &[Mistake]) {
    let mut rig = prepared();
    for (part, instead, says) in mistakes {
        let found = told(&mut rig, |inf| {
            assert!(inf.contains(part), "the INF has no {part:?}");
            inf.replace(part, instead)
        });
        assert!(
            found.iter().any(|line| line.contains(says)),
            "{instead:?} in place of {part:?} should say {says:?}: {found:#?}"
        );
    }
}

/// Installation is refused, or the device does not start.
const MISTAKES: &[Mistake] = &[
    ("[Version]", "[Version", "no ]"),
    ("$Windows NT$", "$Chicago$", "signature"),
    ("CatalogFile = arioso.cat", "", "there is no CatalogFile"),
    (
        "arioso.cat",
        "other.cat",
        "its catalog other.cat is missing",
    ),
    (
        "DriverVer = ",
        "DriverVer = 1/1/2026,1.0.0.0 ; ",
        "DriverVer is no version",
    ),
    ("4d36e96c", "4d36e96d", "there is no setup class"),
    ("NTamd64", "NTarm64", "it has no model for amd64"),
    ("10.0...19041", "10.0...22000", "newer than build 19041"),
    (
        "Arioso, ROOT\\Arioso",
        "Arioso, ROOT\\Synth",
        "no model has the id ROOT\\Arioso",
    ),
    (
        "= Arioso, ROOT",
        "= Synth, ROOT",
        "there is no section [Synth]",
    ),
    (
        "ks.inf, wdmaudio.inf",
        "ks.inf, audio.inf",
        "Windows has no audio.inf",
    ),
    (
        "KS.Registration,",
        "KS.Register,",
        "no included INF has [KS.Register]",
    ),
    ("arioso.dls = 1", "", "arioso.dls is on no disk"),
    (
        "arioso.dls",
        "bank.dls",
        "bank.dls is missing in the package",
    ),
    (
        "Arioso.Copy = 13",
        "Arioso.Copy = 12",
        "does not stay in the driver store",
    ),
    (
        "%13%\\arioso.sys",
        "%12%\\arioso.sys",
        "does not stay in the driver store",
    ),
    ("%13%\\arioso.sys", "%13%\\synth.sys", "problem 39"),
    ("[Arioso.Copy]\r\narioso.sys", "[Arioso.Copy]", "problem 39"),
    (
        "Arioso, 0x00000002",
        "Arioso, 0x00000000",
        "ERROR_NO_ASSOCIATED_SERVICE",
    ),
    ("ServiceBinary", "Binary", "ServiceBinary is missing"),
    (
        "KmdfLibraryVersion = 1.31",
        "KmdfLibraryVersion = 1.33",
        "this Windows has 1.31",
    ),
    (
        "KmdfService = Arioso",
        "KmdfService = Synth",
        "there is no service Synth",
    ),
    (
        "HKR,,Driver,",
        "HKLM,,Driver,",
        "HKLM is not the driver's to write",
    ),
    (
        "HKR,,DeviceType,0x00010001,0x1D",
        "HKR,,DeviceType,,sound",
        "DeviceType has the wrong type",
    ),
    ("(A;;GRGWGX;;;BA)", "(A;;GRGWGZ;;;BA)", "A;;GRGWGZ;;;BA"),
    (
        "HKR,Parameters,Voices,0x00010003,256",
        "HKR,Parameters,Voices,0x00010003,many",
        "many is no 32-bit number",
    ),
    ("= \"{6994AD04-93EF", "= \"{6994AD04", "is no GUID"),
];

/// The device starts; something does not fit.
const OMISSIONS: &[Mistake] = &[
    (
        "SubdeviceWave     = \"Wave\"",
        "SubdeviceWave = \"Line\"",
        "Wave: no friendly name",
    ),
    (
        "SubdeviceWave     = \"Wave\"",
        "SubdeviceWave = \"Line\"",
        "Line: the driver does not enable it",
    ),
    (
        "AddInterface = %KSCATEGORY_SYNTHESIZER%, %SubdeviceSynth%, Arioso.Synth\r\n",
        "",
        "Synth: no friendly name",
    ),
    (
        "%KSCATEGORY_REALTIME%, %SubdeviceWave%",
        "%KSCATEGORY_REALTIME%, %SubdeviceTopology%",
        "Topology: the driver does not enable it",
    ),
    ("HKR,,CLSID,,%KsProxy%", "", "no KS proxy"),
    ("HKR,,FriendlyName,,%Cable%", "", "Cable: no friendly name"),
    (
        "Association%,,%KSNODETYPE_ANY%",
        "Association%,,%KsProxy%",
        "no endpoint association",
    ),
    (
        "HKR,EP\\0,%PKEY_AudioEndpoint_Supports_EventDriven_Mode%,0x00010001,1",
        "",
        "not event driven",
    ),
    (
        "HKR,Parameters,Voices,0x00010003",
        "HKR,Parameters,Voices,0x00000002",
        "Voices: not a REG_DWORD",
    ),
    (
        "Quality,0x00010003,1",
        "Quality,0x00010003,7",
        "Quality: 7 is out of range",
    ),
    (
        "BankPath,0x00020002,\"\\SystemRoot\\System32\\drivers\\gm.dls\"",
        "BankPath,0x00010003,1",
        "BankPath: not a path",
    ),
    (
        "EndpointLead,0x00010003",
        "EndpointLead,0x00010001",
        "the user's EndpointLead is gone",
    ),
    (
        "[Arioso.Copy]\r\narioso.sys\r\narioso.dls",
        "[Arioso.Copy]\r\narioso.sys",
        "default instruments are not found",
    ),
    (
        "[Arioso.NT.Wdf]\r\nKmdfService",
        "[Arioso.Framework]\r\nFramework",
        "KmdfLibraryVersion is \"\"",
    ),
    (
        "KmdfLibraryVersion = 1.31",
        "KmdfLibraryVersion = 1.29",
        "KmdfLibraryVersion is \"1.29\"",
    ),
    (
        "StartType     = 3",
        "StartType = 0",
        "the service's Start is not 3",
    ),
    ("(A;;GRGWGX;;;WD)", "", "programs cannot open"),
    (
        "DeviceType,0x00010001,0x1D",
        "DeviceType,0x00010001,0x22",
        "not FILE_DEVICE_SOUND",
    ),
    ("[Arioso.NT.HW]", "[Arioso.HW]", "not FILE_DEVICE_SOUND"),
    ("3F610C8A", "3F610C8B", "has no name in MediaCategories"),
    // The synthesizer as a component.
    ("2A7E5C40", "2A7E5C41", "has no name in MediaCategories"),
    ("3F610C8A", "3F610C8B", "nothing has the name"),
    ("6F2C93B8", "6F2C93B9", "default DirectMusic port"),
    ("\"wave,midi,mixer\"", "\"wave,mixer\"", "SubClasses"),
    (
        "HKR,Drivers\\midi\\wdmaud.drv,Driver,,wdmaud.drv",
        "",
        "midi does not come from wdmaud.drv",
    ),
    (
        "HKR,,Driver,,arioso.sys",
        "HKR,,Driver,,synth.sys",
        "Driver is not the image",
    ),
];
