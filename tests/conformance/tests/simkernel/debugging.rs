// SPDX-License-Identifier: MIT OR Apache-2.0
//! The development build, and what is told when the driver panics. `cargo xtask build --profile dev --plant panic` makes the image.

use crate::rig::{PARAMETERS, RATE, Rig, SECOND, SERVICE, Setup, download_bank};
use crate::{Scenario, Stop};
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::events::{EventBuffer, write};
use simkernel::registry::{self, Value};
use std::path::PathBuf;

pub const SCENARIOS: &[Scenario] = &[
    ("the development build plays", development_build),
    ("what is told from loading to unloading", life),
    ("what is told of waves that are refused", refused),
];

pub const STOPS: &[Stop] = &[(
    "a panic is told with its place, the bugcheck and the calls that led to it",
    || drop(start(1)),
    is_told,
)];

/// Starts the development build; `index` other than 0 makes it panic in `StartDevice` (src/plant.rs).
fn start(index: u32) -> Rig {
    Setup {
        image: Some(PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../target/driver/x64/dev-panic/arioso.sys"
        ))),
        parameters: vec![("PlantPanic", index)],
        ..Setup::default()
    }
    .start()
}

fn development_build() {
    let mut rig = start(0);
    let (filter, mut pin, mut wave) = rig.open();
    let bank = arioso_bank::test_banks::dc(RATE);
    let downloads = download_bank(&mut rig.client, pin.handle, &bank);
    wave.run(&mut rig.client).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let now = rig.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now + SECOND / 10, 1, &[0x90, 60, 127]);
    write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    rig.sleep(SECOND);
    assert!(rig.take_audio().iter().any(|frame| frame[0] > 1000));
    drop(downloads);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// Whoever debugs sees the device's life, each step once.
fn life() {
    let mut rig = Setup::default().start();
    rig.surprise_remove();
    rig.remove();
    rig.add();
    rig.remove();
    rig.machine.unload(SERVICE).expect("the driver unloads");
    let printed = rig.machine.debug_output()[rig.printed..].iter();
    let told: Vec<_> = printed
        .filter_map(|line| line.trim_end().strip_prefix("arioso: "))
        .collect();
    assert_eq!(
        told,
        [
            "loading",
            "loaded, status 00000000",
            "device started, status 00000000",
            "device stopped",
            "device started, status 00000000",
            "device stopped",
            "unloading"
        ]
    );
    rig.uninstall();
    rig.clean();
}

/// Each kind is a line with how many there are; none, no line.
fn refused() {
    let bank = arioso_bank::test_banks::dc(RATE);
    let format = bank
        .windows(4)
        .position(|id| id == b"fmt ")
        .expect("a format");
    let with = |field: usize, number: u16| {
        let mut bank = bank.clone();
        let at = format + 8 + field;
        bank[at..at + 2].copy_from_slice(&number.to_le_bytes());
        bank
    };
    let banks = [
        // The format's tag, its channels, the rate.
        ("\\??\\C:\\good.dls", bank.clone(), None),
        (
            "\\??\\C:\\tag.dls",
            with(0, 2),
            Some("not PCM of 8 or 16 bits"),
        ),
        ("\\??\\C:\\channels.dls", with(2, 2), Some("not mono")),
        ("\\??\\C:\\rate.dls", with(4, 0), Some("empty or malformed")),
    ];
    let mut rig = Setup {
        files: banks.clone().map(|(path, bank, _)| (path, bank)).to_vec(),
        ..Setup::default()
    }
    .start();
    for (path, _, why) in banks {
        registry::set(PARAMETERS, "BankPath", Value::text(path));
        rig.remove();
        rig.add();
        let printed = rig.machine.debug_output().len();
        let (filter, pin) = rig.open_pin();
        let lines = rig.machine.debug_output()[printed..].iter();
        let told: Vec<_> = lines
            .filter(|line| line.contains("refused"))
            .map(|line| line.trim_end())
            .collect();
        let expected = why.map(|why| format!("arioso: 1 waves refused: {why}"));
        assert_eq!(told, Vec::from_iter(expected));
        rig.close(filter, [pin], None);
    }
    rig.finish();
}

/// What the process printed before it ended.
fn is_told(output: &str) {
    let line = |what: &str| {
        let found = output.lines().find(|line| line.contains(what));
        found.unwrap_or_else(|| panic!("no {what:?}"))
    };
    // An ordinary DbgPrint line, and the panic's.
    line("arioso: the planted index is 1");
    let panic = line("arioso: panicked at src/plant.rs:");
    assert!(
        panic.ends_with("index out of bounds: the len is 1 but the index is 1"),
        "{panic}"
    );
    let (_, place) = panic.split_once("src/plant.rs:").unwrap();
    let mut numbers = place.split(':').map(|number| number.parse::<usize>());
    let (Some(Ok(row)), Some(Ok(column))) = (numbers.next(), numbers.next()) else {
        panic!("no line and column in {panic}");
    };
    let source = include_str!("../../../../src/plant.rs");
    let code = source.lines().nth(row - 1).unwrap();
    assert!(code.contains("[index]"), "{row}: {code}");

    // The code, and its parameters: line, column, address and length of the file's name.
    let stop = line("*** STOP 0xdeaddead MANUALLY_INITIATED_CRASH1 (");
    let (_, parameters) = stop.split_once('(').unwrap();
    let parameters: Vec<&str> = parameters.trim_end_matches(')').split(", ").collect();
    assert_eq!(parameters.len(), 4, "{stop}");
    assert_eq!(parameters[0], format!("{row:#x}"));
    assert_eq!(parameters[1], format!("{column:#x}"));
    assert_eq!(parameters[3], format!("{:#x}", "src/plant.rs".len()));

    // The calls, innermost first.
    let (_, backtrace) = output.split_once("backtrace:").expect("a backtrace");
    let mut rest = backtrace;
    for function in [
        "core::panicking::panic_bounds_check+",
        "arioso::plant::element+",
        "arioso::plant::panic_on_request+",
        "arioso::com::driver::start::<arioso::entry::Arioso>+",
    ] {
        let at = rest
            .find(function)
            .unwrap_or_else(|| panic!("no {function} in {backtrace}"));
        rest = &rest[at..];
    }
}
