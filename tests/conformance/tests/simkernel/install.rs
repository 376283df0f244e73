// SPDX-License-Identifier: MIT OR Apache-2.0
//! The package as users have it: installed, updated, disabled, removed; and nothing is left.

use crate::Scenario;
use crate::inf::{ENUM, SERVICE_KEY, driver_key, interface_keys, text};
use crate::package::{self, inf, package};
use crate::rig::{PARAMETERS, RATE, Rig, SECOND, SERVICE, Setup};
use arioso_bank::test_banks;
use arioso_core::ks::guid::KSCATEGORY_SYNTHESIZER;
use conformance::Client;
use conformance::filter::Pin;
use conformance::synth::caps;
use simkernel::client::SimClient;
use simkernel::executive::rtl::guid_text;
use simkernel::registry::{self, Value};
use simkernel::setup::{Outcome, Package, Problem};
use simkernel::system::FileData;

pub const SCENARIOS: &[Scenario] = &[
    ("install, use, uninstall", whole),
    ("what an installation writes", keys),
    ("a package that Windows would refuse", refused),
    ("uninstalled while programs play", in_use),
    ("uninstalled after a surprise removal", surprise),
    ("the package goes before the device", package_first),
    ("disabled and enabled", disabled),
    ("two devices of one package", two_devices),
    ("an update keeps what the user has set", update),
    ("an update while a program plays", update_in_use),
    ("an older package, and the way back", older),
];

/// The highest and the lowest sample of a note.
fn note(rig: &mut Rig, pin: &Pin<SimClient>) -> (i16, i16) {
    rig.play(pin, &[(0, &[0xB0, 120, 0]), (1, &[0x90, 60, 127])]);
    rig.sleep(SECOND / 10);
    rig.take_audio();
    rig.sleep(SECOND / 10);
    let samples: Vec<i16> = rig.take_audio().iter().map(|frame| frame[0]).collect();
    let highest = samples.iter().max().expect("audio");
    (*highest, *samples.iter().min().expect("audio"))
}

/// A program starts, hears a note of the default set and ends.
fn listen(rig: &mut Rig) -> (i16, i16) {
    let (filter, pin, wave) = rig.open_running();
    let heard = note(rig, &pin);
    rig.close(filter, [pin], Some(wave));
    heard
}

/// The default set of a package is a constant or a sine: which one is heard.
fn is_constant((highest, lowest): (i16, i16)) -> bool {
    assert!(highest > 500, "silence: {highest}, {lowest}");
    lowest >= 0
}

fn constant() -> Package {
    package::package_with(test_banks::dc(RATE))
}

/// Version 0.2.0.0 of a later day, whose default set is a sine.
fn newer(day: u8) -> Package {
    let text = inf(day, [0, 2, 0, 0]).into_bytes();
    package::package_with(test_banks::sine_wave(RATE, 100, 1)).with("arioso.inf", text.into())
}

/// Version 0.1.0.0 of the second day, whose default set is a constant.
fn current() -> Package {
    constant().with("arioso.inf", inf(2, [0, 1, 0, 0]).into_bytes().into())
}

fn start(package: Package) -> Rig {
    Setup {
        package: Some(package),
        ..Setup::default()
    }
    .start()
}

/// The directory in the driver store that the service's image comes from.
fn store() -> String {
    let image = text(SERVICE_KEY, "ImagePath");
    let (directory, name) = image.rsplit_once('\\').expect("a path");
    assert_eq!(name, "arioso.sys");
    directory.to_owned()
}

/// The package as it is delivered, with its own bank.
fn whole() {
    let mut rig = start(package());
    assert!(
        rig.machine
            .image_path(SERVICE)
            .unwrap()
            .starts_with(&store())
    );
    let (highest, _) = listen(&mut rig);
    assert!(highest > 100, "the package's bank is heard");
    rig.finish();
}

/// Names, types and places as SetupAPI has them; the values are the INF's.
fn keys() {
    let rig = start(package().with("arioso.inf", inf(3, [0, 1, 2, 3]).into_bytes().into()));
    assert_eq!(rig.instances, ["ROOT\\MEDIA\\0000"]);
    assert_eq!(rig.machine.drivers(), ["oem0.inf"]);
    let strings = |key: &str, name: &str| registry::get(key, name).unwrap().strings().unwrap();
    let number = |key: &str, name: &str| registry::get(key, name).unwrap().number().unwrap();

    let hardware = format!("{ENUM}\\ROOT\\MEDIA\\0000");
    let class = "{4d36e96c-e325-11ce-bfc1-08002be10318}";
    assert_eq!(strings(&hardware, "HardwareID"), ["ROOT\\Arioso"]);
    assert_eq!(text(&hardware, "ClassGUID"), class);
    assert_eq!(text(&hardware, "Driver"), format!("{class}\\0001"));
    assert_eq!(text(&hardware, "Service"), "Arioso");
    let named = [
        ("DeviceDesc", "@oem0.inf,%device%;Arioso Synthesizer"),
        ("Mfg", "@oem0.inf,%provider%;Arioso"),
    ];
    for (name, value) in named {
        assert_eq!(text(&hardware, name), value);
    }
    assert_eq!(number(&hardware, "ConfigFlags"), 0);

    let driver = driver_key(&rig);
    for (name, value) in [
        ("DriverDesc", "Arioso Synthesizer"),
        ("ProviderName", "Arioso"),
        ("DriverDate", "1-3-2026"),
        ("DriverVersion", "0.1.2.3"),
        ("InfPath", "oem0.inf"),
        ("InfSection", "Arioso"),
        ("InfSectionExt", ".NT"),
        ("MatchingDeviceId", "ROOT\\Arioso"),
        ("AssociatedFilters", "wdmaud,swmidi,redbook"),
    ] {
        assert_eq!(text(&driver, name), value, "{name}");
    }
    assert_eq!(strings(&driver, "IncludedInfs"), ["ks.inf", "wdmaudio.inf"]);

    let place = r"\SystemRoot\System32\DriverStore\FileRepository\arioso.inf_amd64_";
    let directory = store();
    let hash = directory.strip_prefix(place).expect("the driver store");
    let digits = hash.len() == 16 && hash.bytes().all(|c| c.is_ascii_hexdigit());
    assert!(digits, "{directory}");
    assert_eq!(
        registry::get(SERVICE_KEY, "ImagePath"),
        Some(Value::expand(&format!("{directory}\\arioso.sys")))
    );
    let name = "@oem0.inf,%device%;Arioso Synthesizer";
    assert_eq!(text(SERVICE_KEY, "DisplayName"), name);
    assert_eq!(strings(SERVICE_KEY, "Owners"), ["oem0.inf"]);
    assert_eq!(
        registry::get(PARAMETERS, "BankPath"),
        Some(Value::expand("\\SystemRoot\\System32\\drivers\\gm.dls"))
    );
    assert_eq!(number(PARAMETERS, "Voices"), 256);

    let interfaces = interface_keys("ROOT\\MEDIA\\0000");
    assert_eq!(interfaces.len(), 9);
    for (class, reference, key) in interfaces {
        let link = text(&key, "SymbolicLink");
        let wanted = format!("\\\\?\\ROOT#MEDIA#0000#{}\\{reference}", guid_text(&class));
        assert!(link.eq_ignore_ascii_case(&wanted), "{link}, {wanted}");
    }
    rig.finish();
}

/// Files that are not there or not as they must be. Nothing of it is left, and the next package installs.
fn refused() {
    let mut rig = Setup::default().boot();
    let package = package();
    let before = rig.machine.trace();
    let without = |name: &str| package.clone().without(name);
    let with = |name: &str, bytes: Vec<u8>| package.clone().with(name, bytes.into());
    let changed = |name: &str| {
        let mut bytes = package
            .file(name)
            .and_then(FileData::read)
            .expect(name)
            .to_vec();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        with(name, bytes).verified_by(package::verify)
    };
    for (package, says) in [
        (without("arioso.cat"), "its catalog arioso.cat is missing"),
        (
            without("arioso.sys"),
            "arioso.sys is missing in the package",
        ),
        (
            without("arioso.dls"),
            "arioso.dls is missing in the package",
        ),
        (without("arioso.inf"), "arioso.inf cannot be read"),
        (
            with("arioso.inf", "[Version]\nä".as_bytes().to_vec()),
            "UTF-8, which Windows does not read",
        ),
        (
            changed("arioso.sys"),
            "arioso.sys is not what the catalog vouches for",
        ),
        (
            changed("arioso.dls"),
            "arioso.dls is not what the catalog vouches for",
        ),
        (
            with("arioso.inf", [inf(1, [0; 4]).as_bytes(), b";"].concat())
                .verified_by(package::verify),
            "arioso.inf is not what the catalog vouches for",
        ),
        (
            with("arioso.cat", b"not a catalog".to_vec()).verified_by(package::verify),
            "the catalog: no PKCS#7 file",
        ),
    ] {
        for error in [
            rig.machine.add_driver(&package).unwrap_err(),
            rig.install(&package).unwrap_err(),
            rig.machine.update(&package).unwrap_err(),
        ] {
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(rig.machine.trace().since(&before), [""; 0]);
    }
    // An image of another machine, or none.
    let mut image = std::fs::read(crate::rig::image()).expect("the image");
    let header = u32::from_le_bytes(*image[0x3C..].first_chunk().unwrap()) as usize;
    image[header + 4..header + 6].copy_from_slice(&0xAA64u16.to_le_bytes());
    for (image, says) in [(image, "not an x64 image"), (b"MZ".to_vec(), "arioso.sys")] {
        rig.install(&package.clone().with("arioso.sys", image.into()))
            .expect("only the kernel looks into it");
        let problem = rig.machine.start_device(&rig.instances[0]).unwrap_err();
        assert_eq!(problem.code, Problem::DRIVER_FAILED_LOAD);
        assert!(problem.text.contains(says), "{problem}");
        rig.uninstall();
    }
    rig.install(&package).expect("the package is installed");
    rig.add();
    rig.finish();
}

/// Nothing changes while a program has the device open; when it has gone, nothing is left.
fn in_use() {
    let mut rig = start(constant());
    let (_, pin, _) = rig.open_running();
    let before = rig.machine.trace();
    let instance = rig.instances[0].clone();
    for refused in [
        rig.machine.remove_device(&instance),
        rig.machine.disable_device(&instance),
        rig.machine.delete_driver("oem0.inf", true),
    ] {
        let error = refused.expect_err("the device is in use");
        assert!(error.contains("ROOT\\MEDIA\\0000 is in use"), "{error}");
    }
    let error = rig.machine.delete_driver("oem0.inf", false).unwrap_err();
    assert!(error.contains("is installed with oem0.inf"), "{error}");
    assert_eq!(rig.machine.trace().since(&before), [""; 0]);
    assert!(is_constant(note(&mut rig, &pin)), "the music goes on");
    rig.kill_client();
    rig.device = None;
    rig.uninstall();
    rig.clean();
}

fn surprise() {
    let mut rig = start(constant());
    let (_, pin, _) = rig.open_running();
    note(&mut rig, &pin);
    rig.surprise_remove();
    rig.sleep(SECOND);
    rig.kill_client();
    rig.sleep(SECOND);
    rig.device = None;
    rig.uninstall();
    rig.clean();
}

/// `pnputil /delete-driver oem0.inf /uninstall` leaves a device without driver.
fn package_first() {
    let mut rig = start(constant());
    let instance = rig.instances[0].clone();
    assert_eq!(rig.machine.problem(&instance), None);
    rig.machine.delete_driver("oem0.inf", true).unwrap();
    rig.device = None;
    assert_eq!(
        rig.machine.problem(&instance),
        Some(Problem::FAILED_INSTALL)
    );
    assert!(rig.machine.driver_object(SERVICE).is_none());
    assert!(!registry::exists(SERVICE_KEY));
    assert_eq!(interface_keys(&instance), []);
    assert!(rig.client.interfaces(&KSCATEGORY_SYNTHESIZER).is_empty());
    let problem = rig.machine.start_device(&instance).unwrap_err();
    assert_eq!(problem.code, Problem::FAILED_INSTALL);
    rig.uninstall();
    rig.clean();
}

fn disabled() {
    let mut rig = start(constant());
    let instance = rig.instances[0].clone();
    let running = rig.machine.trace();
    for _ in 0..3 {
        assert!(is_constant(listen(&mut rig)));
        rig.machine.disable_device(&instance).unwrap();
        assert_eq!(rig.machine.problem(&instance), Some(Problem::DISABLED));
        assert!(rig.client.interfaces(&KSCATEGORY_SYNTHESIZER).is_empty());
        assert!(rig.machine.driver_object(SERVICE).is_none());
        let problem = rig.machine.start_device(&instance).unwrap_err();
        assert_eq!(problem.code, Problem::DISABLED);
        rig.device = Some(rig.machine.enable_device(&instance).unwrap());
        assert_eq!(rig.machine.trace().since(&running), [""; 0]);
    }
    rig.finish();
}

/// Settings and image are the service's, all else is each device's own.
fn two_devices() {
    let mut rig = start(constant());
    let one = rig.machine.trace();
    rig.add_another();
    assert_eq!(rig.instances, ["ROOT\\MEDIA\\0000", "ROOT\\MEDIA\\0001"]);
    assert_eq!(
        rig.machine.drivers(),
        ["oem0.inf"],
        "the package is there once"
    );
    assert_eq!(rig.client.interfaces(&KSCATEGORY_SYNTHESIZER).len(), 2);
    let second = rig.instances.pop().unwrap();
    let keys = interface_keys(&second);
    assert_eq!(keys.len(), interface_keys(&rig.instances[0]).len());
    // The one that is open stays, the other goes.
    let (filter, pin, wave) = rig.open_running();
    let (open, idle) = match rig.machine.remove_device(&second) {
        Ok(()) => (rig.instances[0].clone(), second),
        Err(_) => {
            let first = std::mem::replace(&mut rig.instances[0], second.clone());
            rig.machine.remove_device(&first).expect("the other one");
            (second, first)
        }
    };
    assert_eq!(interface_keys(&idle), []);
    assert_eq!(interface_keys(&open).len(), keys.len());
    assert!(is_constant(note(&mut rig, &pin)), "the music goes on");
    rig.close(filter, [pin], Some(wave));
    rig.device = rig.machine.device(&open);
    // The next device takes the free number.
    rig.add_another();
    rig.instances.sort();
    assert_eq!(rig.instances, ["ROOT\\MEDIA\\0000", "ROOT\\MEDIA\\0001"]);
    let last = rig.instances.pop().unwrap();
    rig.machine.remove_device(&last).unwrap();
    rig.device = rig.machine.device("ROOT\\MEDIA\\0000");
    let different = rig.machine.trace().since(&one);
    // Only the order of driver keys may be another.
    let other: Vec<_> = different
        .iter()
        .filter(|l| !l.contains("\\class\\") && !l.contains("\\driver ="))
        .collect();
    assert_eq!(other, [""; 0]);
    rig.finish();
}

fn update() {
    let mut rig = start(current());
    let instance = rig.instances[0].clone();
    let voices = |rig: &mut Rig| {
        let (filter, _) = rig.find_filter();
        let voices = caps(&mut rig.client, filter.handle).unwrap().MaxVoices;
        filter.close(&mut rig.client);
        voices
    };
    assert_eq!(voices(&mut rig), 256);
    registry::set(PARAMETERS, "Voices", Value::dword(77));
    registry::set(PARAMETERS, "Mine", Value::text("a user's"));
    assert_eq!(rig.machine.restart(&instance), Outcome::Installed);
    assert_eq!(voices(&mut rig), 77, "a setting counts after a restart");
    assert!(is_constant(listen(&mut rig)));
    let old = store();

    let outcomes = rig.machine.update(&newer(3)).unwrap();
    assert_eq!(outcomes, [(instance.clone(), Outcome::Installed)]);
    let new = store();
    assert_ne!(old, new);
    assert_eq!(
        rig.machine.image_path(SERVICE),
        Some(&format!("{new}\\arioso.sys")[..])
    );
    assert_eq!(text(&driver_key(&rig), "DriverVersion"), "0.2.0.0");
    assert_eq!(text(&driver_key(&rig), "InfPath"), "oem1.inf");
    assert_eq!(voices(&mut rig), 77, "the user's value");
    assert_eq!(text(PARAMETERS, "Mine"), "a user's");
    assert!(!is_constant(listen(&mut rig)), "the new package's bank");
    // The same once more, and a package that is not newer.
    let again = rig.machine.update(&newer(3)).unwrap();
    assert_eq!(again, [(instance.clone(), Outcome::Kept)]);
    assert_eq!(rig.machine.drivers(), ["oem0.inf", "oem1.inf"]);
    // The old package is nobody's.
    rig.machine.delete_driver("oem0.inf", false).unwrap();
    assert_eq!(store(), new);
    assert!(!is_constant(listen(&mut rig)));
    rig.device = rig.machine.device(&instance);
    rig.finish();
}

fn update_in_use() {
    let mut rig = start(current());
    let instance = rig.instances[0].clone();
    let old = store();
    let (filter, pin, wave) = rig.open_running();
    let outcomes = rig.machine.update(&newer(3)).unwrap();
    assert_eq!(outcomes, [(instance.clone(), Outcome::NeedsRestart)]);
    assert_ne!(store(), old);
    let running = rig.machine.image_path(SERVICE).unwrap();
    assert!(running.starts_with(&old), "the old image runs on");
    assert!(is_constant(note(&mut rig, &pin)), "the music goes on");
    rig.close(filter, [pin], Some(wave));
    assert_eq!(rig.machine.restart(&instance), Outcome::Installed);
    let running = rig.machine.image_path(SERVICE).unwrap();
    assert!(running.starts_with(&store()));
    assert!(!is_constant(listen(&mut rig)));
    rig.device = rig.machine.device(&instance);
    rig.finish();
}

/// The date decides, then the version. When the better package goes, the other one takes over.
fn older() {
    let mut rig = start(newer(5));
    let instance = rig.instances[0].clone();
    // An earlier day, whatever its version; the same day, a lower version.
    for (day, version) in [(4, [9, 0, 0, 0]), (5, [0, 1, 9, 9])] {
        let text = inf(day, version).into_bytes();
        let outcomes = rig
            .machine
            .update(&constant().with("arioso.inf", text.into()))
            .unwrap();
        assert_eq!(outcomes, [(instance.clone(), Outcome::Kept)]);
        assert!(!is_constant(listen(&mut rig)));
    }
    // The same day, a higher version.
    let text = inf(5, [0, 2, 0, 1]).into_bytes();
    let higher = constant().with("arioso.inf", text.into());
    let outcomes = rig.machine.update(&higher).unwrap();
    assert_eq!(outcomes, [(instance.clone(), Outcome::Installed)]);
    assert!(is_constant(listen(&mut rig)));
    assert_eq!(rig.machine.drivers().len(), 4);
    rig.machine.delete_driver("oem3.inf", true).unwrap();
    assert!(!is_constant(listen(&mut rig)), "the first one is back");
    assert_eq!(owners(), ["oem0.inf"]);
    rig.device = rig.machine.device(&instance);
    rig.finish();
}

fn owners() -> Vec<String> {
    registry::get(SERVICE_KEY, "Owners")
        .unwrap()
        .strings()
        .unwrap()
}
