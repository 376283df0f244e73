//! The driver is what its INF says: subdevices and categories, names, the default port, settings.

use crate::Scenario;
use crate::rig::{Rig, Setup};
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    CLSID_Proxy, GUID_DEVCLASS_MEDIA, KSAUDFNAME_MIDI, KSAUDFNAME_RECORDING_CONTROL,
    KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_DATATRANSFORM, KSCATEGORY_MIXER,
    KSCATEGORY_REALTIME, KSCATEGORY_RENDER, KSCATEGORY_SYNTHESIZER, KSCATEGORY_TOPOLOGY,
    KSCATEGORY_WDMAUD_USE_PIN_NAME, KSNODETYPE_LINE_CONNECTOR, KSPROPSETID_General,
    KSPROPSETID_Pin,
};
use arioso_core::ks::ks::{KSCOMPONENTID, KSPROPERTY_GENERAL_COMPONENTID, KSPROPERTY_PIN_NAME};
use arioso_inf::{Data, Date, Inf, Install, Platform, RegistryValue, Stamp, decode, stamp};
use conformance::Client;
use conformance::filter::Filter;
use conformance::property::Property;
use conformance::synth::caps;
use simkernel::registry::Value;
use std::collections::BTreeSet;

pub const SCENARIOS: &[Scenario] = &[
    ("the INF's interfaces are the driver's", interfaces),
    ("the INF names what the driver names", names),
    ("the INF's settings start the driver", settings),
];

const CATEGORIES: [GUID; 8] = [
    KSCATEGORY_AUDIO,
    KSCATEGORY_CAPTURE,
    KSCATEGORY_DATATRANSFORM,
    KSCATEGORY_MIXER,
    KSCATEGORY_REALTIME,
    KSCATEGORY_RENDER,
    KSCATEGORY_SYNTHESIZER,
    KSCATEGORY_TOPOLOGY,
];

fn inf() -> Inf {
    let template = decode(include_bytes!("../../../../inf/arioso.inx")).expect("ASCII");
    let with = Stamp {
        platform: Platform::Amd64,
        date: Date {
            year: 2026,
            month: 1,
            day: 1,
        },
        version: [0, 1, 0, 0],
        kmdf: (1, 31),
    };
    Inf::parse(&stamp(&template, &with)).expect("an INF")
}

fn install(inf: &Inf) -> Install {
    let models = inf.models(Platform::Amd64).expect("models");
    assert_eq!(models[0].ids, ["ROOT\\Arioso"]);
    inf.install(&models[0], Platform::Amd64)
        .expect("an install section")
}

fn guid(text: &str) -> GUID {
    GUID::parse(text.encode_utf16()).unwrap_or_else(|| panic!("{text} is no GUID"))
}

fn text<'a>(values: &'a [RegistryValue], key: &str, name: &str) -> Option<&'a str> {
    let value = values
        .iter()
        .find(|v| v.key.eq_ignore_ascii_case(key) && v.name == name)?;
    match &value.data {
        Some(Data::Text(text)) => Some(text),
        _ => None,
    }
}

/// The part of a link after the last `\`: the reference string.
fn reference(link: &str) -> String {
    link.rsplit('\\').next().unwrap_or_default().to_lowercase()
}

fn interfaces() {
    let rig = Setup::default().start();
    let inf = inf();
    let install = install(&inf);
    let version = inf.section("Version").expect("Version");
    let class = version.get("ClassGuid").expect("ClassGuid").value(0);
    assert_eq!(guid(class), GUID_DEVCLASS_MEDIA);
    let said: BTreeSet<(GUID, String)> = install
        .interfaces
        .iter()
        .map(|i| (guid(&i.class), i.reference.to_lowercase()))
        .collect();
    let mut registered = BTreeSet::new();
    for category in CATEGORIES {
        for link in rig.machine.interfaces(&category) {
            registered.insert((category, reference(&link)));
        }
    }
    // Of the simulated machine's wave sink.
    registered.remove(&(KSCATEGORY_MIXER, "pcm".into()));
    assert_eq!(said, registered);
    for interface in &install.interfaces {
        let proxy = text(&interface.values, "", "CLSID").expect("a class");
        assert_eq!(guid(proxy), CLSID_Proxy);
        assert!(text(&interface.values, "", "FriendlyName").is_some_and(|name| !name.is_empty()));
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

fn names() {
    let mut rig = Setup::default().start();
    let inf = inf();
    let install = install(&inf);
    let subdevices: BTreeSet<String> = install
        .interfaces
        .iter()
        .map(|i| i.reference.to_lowercase())
        .collect();
    let mut used = BTreeSet::new();
    for link in rig.client.interfaces(&KSCATEGORY_AUDIO) {
        if !subdevices.contains(&reference(&link)) {
            continue;
        }
        let filter = Filter::open(&mut rig.client, &link).expect("opened");
        let component = Property::new(KSPROPSETID_General, KSPROPERTY_GENERAL_COMPONENTID);
        if let Ok(component) = component.get::<_, KSCOMPONENTID>(&mut rig.client, filter.handle) {
            used.insert(component.Name);
        }
        for pin in filter.pins(&mut rig.client).expect("pins") {
            let name = Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_NAME, pin.id);
            let wide = name
                .get_sized(&mut rig.client, filter.handle)
                .expect("a name");
            let (units, _) = wide.as_chunks::<2>();
            let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
            // simkernel's ks answers with the GUID that Windows would look up.
            used.insert(GUID::parse(units.take_while(|unit| *unit != 0)).expect("a GUID"));
        }
        filter.close(&mut rig.client);
    }
    used.retain(|name| !KNOWN_NAMES.contains(name));
    let named: BTreeSet<GUID> = install
        .driver
        .iter()
        .filter_map(|value| value.key.strip_prefix("MediaCategories\\"))
        .map(guid)
        .collect();
    assert_eq!(named, used);
    let (filter, _) = rig.find_filter();
    let caps = caps(&mut rig.client, filter.handle).expect("CAPS");
    let default = text(
        &install.driver,
        "DirectMusic\\Defaults",
        "DefaultOutputPort",
    );
    assert_eq!(default.map(guid), Some(caps.Guid));
}

fn settings() {
    let inf = inf();
    let install = install(&inf);
    let lines = |values: Vec<(&'static str, Value)>| {
        let rig: Rig = Setup {
            values,
            ..Setup::default()
        }
        .start();
        rig.machine.debug_output().to_vec()
    };
    let values = install.services[0].values.iter().map(|value| {
        let name: &'static str = value.name.clone().leak();
        match &value.data {
            Some(Data::Number(number)) => (name, Value::dword(*number)),
            Some(Data::Expand(text)) => (name, Value::text(text)),
            other => panic!("{name}: {other:?}"),
        }
    });
    let printed = lines(values.collect());
    let refused = |line: &&String| line.contains("the default counts");
    assert_eq!(printed.iter().find(refused), None, "{printed:?}");
}
