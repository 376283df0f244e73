// SPDX-License-Identifier: MIT OR Apache-2.0
//! Modules of another maker in place of the built-in ones: the cases run over them, and what they do wrong is theirs.
//!
//! The modules are the crate `foreign`'s. Whatever a case finds different over them is in a list here, by name.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, SERVICE, Setup, download_bank};
use arioso_bank::test_banks;
use arioso_core::ks::guid::{
    KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY, KSEVENTSETID_AudioControlChange, KSPROPSETID_Audio,
};
use arioso_core::ks::ks::{
    KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSSTATE_RUN, KSSTATE_STOP,
};
use arioso_core::ks::ksmedia::{
    KSEVENT_CONTROL_CHANGE, KSPROPERTY_AUDIO_MUTE, KSPROPERTY_AUDIO_VOLUMELEVEL,
};
use arioso_core::ks::status::{STATUS_INVALID_DEVICE_REQUEST, STATUS_NOT_FOUND, STATUS_SUCCESS};
use conformance::cases::pointers::{self, Terrain};
use conformance::cases::requests::Objects;
use conformance::cases::{Report, Width, requests, topology, values};
use conformance::filter::{Filter, Pin};
use conformance::property::Property;
use conformance::{Client, notify, synth};
use simkernel::client::SimClient;
use simkernel::loader;
use simkernel::modules::{drmk_exports, ks, portcls};
use simkernel::verifier::Rule;
use std::path::PathBuf;

pub const SCENARIOS: &[Scenario] = &[
    ("the cases over another maker's ks", || {
        cases(&["ks.sys"], &[])
    }),
    ("the cases over another maker's portcls", || {
        cases(&["portcls.sys"], NOT_OFFERED)
    }),
    (
        "the cases over another maker's ks, portcls and drmk",
        || cases(&["ks.sys", "portcls.sys", "drmk.sys"], NOT_OFFERED),
    ),
    ("exports that another maker's modules lack", exports),
    ("faults of another maker's module are its own", faults),
    ("a note over another maker's ks", note),
    ("a node answers for itself alone", node_alone),
    ("the kernel finds the image's resources", resources),
    ("a port whose data intersection knows PCM alone", pcm_alone),
];

/// What the rules for filters find different over the `portcls.sys` in C: it has no intersection for music ranges (MIDI, DirectMusic) that a
/// miniport leaves to it, and no pins of the WaveRT port.
const NOT_OFFERED: &[&str] = &[
    MUSIC[0],
    MUSIC[1],
    "Wave: pin 1: a stream with the intersection",
];

/// MIDI and DirectMusic.
const MUSIC: [&str; 2] = [
    "intersection with its own range {1D262760-E957-11CF-A5D6-28DB04C10000}",
    "intersection with its own range {1A82F8BC-3F8B-11D2-B774-0060083316C1}",
];

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("foreign")
}

/// The modules, for all scenarios.
pub fn build() -> Result<(), String> {
    foreign::build(&directory())
}

fn modules(names: &[&str]) -> Vec<(String, PathBuf)> {
    let module = |name: &&str| ((*name).to_owned(), directory().join(name));
    names.iter().map(module).collect()
}

fn cases(names: &[&str], not_offered: &[&str]) {
    let mut rig = Setup {
        modules: modules(names),
        special_pool: true,
        ..Setup::default()
    }
    .start();
    let mut report = Report::default();
    filters(&mut rig, &mut report);
    let (filter, mut pin) = rig.open_pin();
    download_bank(&mut rig.client, pin.handle, &test_banks::dc(RATE));
    let level = rig.pool();
    let objects = Objects {
        filter: filter.handle,
        pin: pin.handle,
        wave: None,
    };
    requests::run(&mut rig.client, objects, Width::Bits64, &mut report);
    values::run(&mut rig.client, pin.handle, &mut report);
    let terrain = Terrain {
        read_only: rig.client.allocate_read_only(),
    };
    let client = &mut rig.client;
    pointers::run(client, pin.handle, Width::Bits64, terrain, &mut report);
    assert_eq!(rig.pool(), level, "bytes of pool are left");
    events(&mut rig, &mut pin);
    rig.close(filter, [pin], None);
    rig.sleep(SECOND);
    println!("{} rows", report.rows);
    let differences = report.differences();
    for (name, difference) in differences {
        println!("{name}\n{difference}");
    }
    let named = |name: &str| not_offered.iter().find(|n| name.contains(**n));
    let unnamed: Vec<&str> = differences
        .iter()
        .map(|(name, _)| &name[..])
        .filter(|name| named(name).is_none())
        .collect();
    assert!(unnamed.is_empty(), "differ: {unnamed:#?}");
    for name in not_offered {
        assert!(report.differs_in(name), "{name} is offered after all");
    }
    assert!(report.rows > 10_000, "{} rows", report.rows);
    rig.finish();
}

/// What the built-in modules export and those in C do not is the list beside these.
fn exports() {
    let rig = Setup {
        modules: modules(&["ks.sys", "portcls.sys", "drmk.sys"]),
        ..Setup::default()
    }
    .start();
    let built_in = [
        ("ks.sys", ks::exports()),
        ("portcls.sys", portcls::exports()),
        ("drmk.sys", drmk_exports()),
    ];
    let names = built_in.iter().flat_map(|(module, exports)| {
        let lacks = |name: &&str| loader::find_export(module, name).is_none();
        exports.iter().map(|export| export.name).filter(lacks)
    });
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    assert_eq!(names, foreign::NOT_EXPORTED);
    rig.finish();
}

/// The rules for filters, on every filter.
fn filters(rig: &mut Rig, report: &mut Report) {
    let mut links = rig.client.interfaces(&KSCATEGORY_AUDIO);
    links.extend(rig.client.interfaces(&KSCATEGORY_TOPOLOGY));
    let name = |link: &str| link.rsplit('\\').next().map(str::to_owned);
    links.sort_by_key(|link| name(link));
    links.dedup_by_key(|link| name(link));
    assert!(links.len() >= 4, "{links:?}");
    for link in &links {
        topology::run(&mut rig.client, link, report);
    }
}

/// Messages written to a running pin arrive at the driver, short and long ones; a change of a control arrives at who waits for it.
fn events(rig: &mut Rig, pin: &mut Pin<SimClient>) {
    pin.set_state(&mut rig.client, KSSTATE_RUN).expect("RUN");
    let before = synth::statistics(&mut rig.client, pin.handle).expect("statistics");
    let mut exclusive = vec![0x7D; 64];
    exclusive[0] = 0xF0;
    exclusive[63] = 0xF7;
    rig.play(
        pin,
        &[
            (0, &[0x90, 60, 100]),
            (1000, &exclusive),
            (2000, &[0x80, 60, 0]),
        ],
    );
    rig.sleep(SECOND);
    let after = synth::statistics(&mut rig.client, pin.handle).expect("statistics");
    assert!(after.Events >= before.Events + 3, "{before:?} {after:?}");
    pin.set_state(&mut rig.client, KSSTATE_STOP).expect("STOP");

    let link = rig.client.interfaces(&KSCATEGORY_TOPOLOGY);
    let filter = Filter::open(&mut rig.client, &link[0]).expect("the topology filter");
    let (set, id) = (KSEVENTSETID_AudioControlChange, KSEVENT_CONTROL_CHANGE);
    let change = notify::enable(&mut rig.client, filter.handle, set, id, Some(MUTE));
    let change = change.expect("the event is there");
    Property::of_node(KSPROPSETID_Audio, KSPROPERTY_AUDIO_MUTE, MUTE)
        .with(&[0; 8])
        .set(&mut rig.client, filter.handle, 1u32)
        .expect("MUTE");
    assert!(change.wait(&mut rig.client, SECOND), "the change is told");
    change.disable(&mut rig.client).expect("it is disabled");
    filter.close(&mut rig.client);
}

/// The nodes of the topology filter.
const VOLUME: u32 = 0;
const MUTE: u32 = 1;

/// A module that breaks a rule is told of by its name; the driver's verdict stays clean.
fn faults() {
    let mut rig = Setup {
        modules: vec![("portcls.sys".to_owned(), directory().join("faulty.sys"))],
        ..Setup::default()
    }
    .start();
    let (filter, pin) = rig.open_pin();
    rig.close(filter, [pin], None);
    let verdict = rig.machine.verdict();
    let own = verdict.foreign.get("portcls.sys").map_or(&[][..], |v| v);
    assert!(own.iter().any(|v| v.rule == Rule::PoolFreeTag), "{verdict}");
    assert!(verdict.to_string().contains("portcls.sys: "), "{verdict}");
    rig.finish();
}

/// The whole way of a note through the built-in port, the renderer's driver too, on the other maker's ks.
fn note() {
    let setup = Setup {
        modules: modules(&["ks.sys"]),
        ..Setup::default()
    };
    heard(setup.start());
}

/// The end of a scenario: a note sounds.
fn heard(mut rig: Rig) {
    let (filter, pin, wave) = rig.running(&test_banks::dc(RATE));
    rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 127])]);
    rig.sleep(SECOND);
    let frames = rig.take_audio();
    assert!(frames.iter().any(|f| *f != [0, 0]), "silence");
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// The nodes of the topology filter have one property each, which the other one has not: neither its value nor its basic support. Without
/// a node it is nobody's.
fn node_alone() {
    let mut rig = Setup::default().start();
    let link = rig.client.interfaces(&KSCATEGORY_TOPOLOGY);
    let filter = Filter::open(&mut rig.client, &link[0]).expect("the topology filter");
    let client = &mut rig.client;
    let property = |id, node| match node {
        Some(node) => Property::of_node(KSPROPSETID_Audio, id, node).with(&[0; 8]),
        None => Property::new(KSPROPSETID_Audio, id),
    };
    let nodes = [
        (KSPROPERTY_AUDIO_VOLUMELEVEL, VOLUME, MUTE),
        (KSPROPERTY_AUDIO_MUTE, MUTE, VOLUME),
    ];
    for (id, own, other) in nodes {
        for verb in [KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_BASICSUPPORT] {
            let mut ask = |node| {
                let asked = property(id, node);
                asked.send(client, filter.handle, verb, &mut [0; 4]).status
            };
            assert_eq!(ask(Some(own)), STATUS_SUCCESS, "{id} {verb:#x}");
            for wrong in [Some(other), None] {
                let status = ask(wrong);
                assert!(
                    [STATUS_NOT_FOUND, STATUS_INVALID_DEVICE_REQUEST].contains(&status),
                    "{id} {verb:#x} {wrong:?}: {status:#x}"
                );
            }
        }
    }
    filter.close(client);
    rig.finish();
}

/// LdrFindResource_U and LdrAccessResource as the kernel exports them, on the version resource of the driver.
fn resources() {
    use std::ffi::c_void;
    type Find = unsafe extern "efiapi" fn(*mut c_void, *const usize, u32, *mut *mut c_void) -> i32;
    type Access =
        unsafe extern "efiapi" fn(*mut c_void, *mut c_void, *mut *mut c_void, *mut u32) -> i32;
    const VERSION: usize = 16;
    let rig = Setup::default().start();
    let base = rig.machine.image(SERVICE).expect("it is loaded").start as *mut _;
    let export = |name| loader::find_export("ntoskrnl.exe", name).expect(name);
    // SAFETY: the exports have these signatures.
    let (find_resource, access_resource): (Find, Access) = unsafe {
        (
            std::mem::transmute::<usize, Find>(export("LdrFindResource_U")),
            std::mem::transmute::<usize, Access>(export("LdrAccessResource")),
        )
    };
    let find = |path: [usize; 3]| {
        let mut entry = std::ptr::null_mut();
        // SAFETY: a loaded image.
        let status = unsafe { find_resource(base, path.as_ptr(), 3, &mut entry) };
        (status, entry)
    };
    let (status, entry) = find([VERSION, 1, 0]);
    assert_eq!(status, 0);
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: an entry of the image; the resource lies in it.
    let bytes = unsafe {
        access_resource(base, entry, &mut data, &mut size);
        std::slice::from_raw_parts(data.cast::<u8>(), size as usize)
    };
    let key: Vec<u8> = "VS_VERSION_INFO"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(&bytes[6..6 + key.len()], key);
    assert_eq!(find([77, 1, 0]).0, 0xC000_008Au32 as i32);
    assert_eq!(find([VERSION, 77, 0]).0, 0xC000_008Bu32 as i32);
    rig.finish();
}

/// Music and analog ranges that the miniport leaves to the port have no intersection then; clients that make their own format
/// (DirectMusic and WinMM do) find everything, and hear a note.
fn pcm_alone() {
    let mut rig = Setup {
        pcm_intersection: true,
        ..Setup::default()
    }
    .start();
    let mut report = Report::default();
    filters(&mut rig, &mut report);
    let others: Vec<_> = report
        .differences()
        .iter()
        .filter(|(name, _)| !name.contains("intersection"))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    for name in MUSIC {
        assert!(report.differs_in(name), "{name}: there is one");
    }
    heard(rig);
}
