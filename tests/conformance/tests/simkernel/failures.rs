//! Memory runs out at every place once; nothing may be lost over it, and the next try succeeds.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, SERVICE, Setup};
use arioso_core::dls::file::{Collection, Limits};
use arioso_core::ks::dmusprop::*;
use arioso_core::ks::guid::{
    KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, KSPROPSETID_Synth_Dls,
};
use arioso_core::ks::ks::{
    KSPIN_DATAFLOW_IN, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSSTATE_RUN,
};
use conformance::bank::Downloads;
use conformance::events::{EventBuffer, write};
use conformance::filter::Filter;
use conformance::synth::{self, property};
use conformance::wave::{WavePath, is_wave_output};
use conformance::wire::Bytes;
use conformance::{Client, Error};
use simkernel::registry::Value;

pub const SCENARIOS: &[Scenario] = &[
    ("no memory, at every allocation", every_allocation),
    ("a 32-bit program downloads", narrow),
    ("System Exclusive longer than any buffer", || {
        long_exclusive(false)
    }),
    ("System Exclusive in packages", || long_exclusive(true)),
];

/// Device, pins, downloads, music; stops at the first failure and cleans up as a program would.
fn session(rig: &mut Rig) -> Result<(), Error> {
    let device = rig
        .machine
        .add_root_device(SERVICE)
        .map_err(|s| Error::status("AddDevice", s))?;
    let status = rig.machine.start(device);
    let played = if status < 0 {
        Err(Error::status("start", status))
    } else {
        play(rig)
    };
    // What a program has open goes with it.
    rig.kill_client();
    rig.sleep(SECOND / 10);
    assert_eq!(
        rig.machine.remove(device),
        0,
        "the removal must not need memory"
    );
    played
}

fn play(rig: &mut Rig) -> Result<(), Error> {
    let client = &mut rig.client;
    let (filter, id) = Filter::find(client, &KSCATEGORY_SYNTHESIZER, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
    })?;
    let mut pin = filter.direct_music_pin(client, id)?;
    synth::set_channel_groups(client, pin.handle, 3)?;
    let file = arioso_bank::test_banks::sine_wave(RATE, 100, 1);
    let bank = Collection::parse(&file, Limits::default().answers).expect("a DLS file");
    let mut downloads = Downloads::default();
    for instrument in bank.instruments() {
        downloads.add(client, pin.handle, &bank, &instrument, instrument.patch())?;
    }
    let wave_pin = filter
        .pins(client)?
        .iter()
        .find(|pin| is_wave_output(pin))
        .map(|pin| pin.id);
    let mut wave = WavePath::open(client, &filter, wave_pin.expect("a wave pin"), RATE)?;
    wave.run(client)?;
    pin.set_state(client, KSSTATE_RUN)?;
    let now = client.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now + SECOND / 20, 1, &[0x90, 60, 100]);
    write(client, pin.handle, buffer.start(), buffer.bytes()).wait(client)?;
    client.sleep(SECOND / 10);
    downloads.unload(client, pin.handle)?;
    pin.close(client)?;
    wave.close(client)?;
    filter.close(client);
    Ok(())
}

fn every_allocation() {
    let mut rig = Setup {
        parameters: vec![("Voices", 32)],
        ..Setup::default()
    }
    .start();
    rig.remove();
    for feed in 0..2 {
        let key = format!(
            "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\{SERVICE}\\Parameters"
        );
        simkernel::registry::set(&key, "WaveSinkFeed", Value::dword(feed));
        let mut failures = 0;
        for n in 1.. {
            let level = rig.pool();
            let before = rig.machine.allocations();
            rig.machine.fail_allocation(Some(n));
            let outcome = session(&mut rig);
            let count = rig.machine.allocations() - before;
            rig.machine.fail_allocation(None);
            let verdict = rig.machine.verdict();
            assert!(verdict.is_clean(), "allocation {n}: {verdict}");
            assert_eq!(
                rig.pool(),
                level,
                "allocation {n} failed ({outcome:?}) and left something"
            );
            if count < n {
                assert!(outcome.is_ok(), "nothing failed but {outcome:?}");
                break;
            }
            failures += u32::from(outcome.is_err());
        }
        assert!(failures > 20, "only {failures} failures were reported");
    }
    rig.add();
    rig.finish();
}

/// Pointers and handles of 4 bytes.
fn narrow() {
    let mut rig = Setup {
        wow64: true,
        ..Setup::default()
    }
    .start();
    let (filter, pin) = rig.open_pin();
    let c = &mut rig.client;
    let wave = conformance::download::wave(7, RATE, 16, &[1; 256]);
    let place = c.allocate(wave.len());
    c.write(place, &wave);
    let instance = SYNTH_BUFFER32 {
        BufferSize: wave.len() as u32,
        BufferAddress: place as u32,
    };
    let mut answer = [0; size_of::<SYNTHDOWNLOAD32>()];
    let download =
        property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_DOWNLOAD).with(&instance.bytes());
    let completion = download.send(c, pin.handle, KSPROPERTY_TYPE_GET, &mut answer);
    assert_eq!(
        (completion.status, completion.information),
        (0, answer.len())
    );
    assert_eq!(answer[4..], 1u32.to_le_bytes(), "Free");
    let mut handle: [u8; 4] = answer[..4].try_into().expect("four bytes");
    assert_ne!(handle, [0; 4]);
    let unload = property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_UNLOAD);
    assert_eq!(
        unload
            .send(c, pin.handle, KSPROPERTY_TYPE_SET, &mut handle)
            .status,
        0
    );
    assert!(
        unload
            .send(c, pin.handle, KSPROPERTY_TYPE_SET, &mut handle)
            .status
            < 0,
        "it works once"
    );
    c.close(pin.handle);
    filter.close(c);
    rig.finish();
}

/// Three buffers of the port long: swallowed whole; what follows acts.
fn long_exclusive(packages: bool) {
    let mut rig = Setup {
        packages,
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::dc(RATE));
    let now = rig.now();
    // Bytes that would be notes if they were taken for messages of their own.
    let mut long = vec![0xF0, 0x7D];
    long.extend([60, 127].iter().cycle().take(10_000));
    long.push(0xF7);
    let mut buffer = EventBuffer::new(now);
    buffer.push(now + SECOND / 10, 1, &[0xC0, 3]);
    buffer.push(now + SECOND / 10, 1, &long);
    buffer.push(now + SECOND / 10, 1, &[0xC0, 0]);
    buffer.push(now + SECOND / 5, 1, &[0x90, 60, 127]);
    rig.write(&pin, &buffer);
    rig.sleep(SECOND);
    let counted = synth::statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((counted.Notes, counted.Voices), (1, 1));
    assert!(rig.take_audio().iter().any(|f| f[0] > 1000));
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}
