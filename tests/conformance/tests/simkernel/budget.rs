// SPDX-License-Identifier: MIT OR Apache-2.0
//! The slice timer keeps to its budget, whoever it renders for.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup, download_bank};
use arioso_core::ks::dmusprop::{
    SYNTH_STATS_CPU_PER_VOICE, SYNTH_STATS_LOST_NOTES, SYNTH_STATS_TOTAL_CPU, SYNTH_STATS_VOICES,
};
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::events::EventBuffer;
use conformance::filter::Pin;
use conformance::synth::{running_stats, set_channel_groups, statistics};
use simkernel::client::SimClient;
use simkernel::modules::pcm_sink::Keep;

pub const SCENARIOS: &[Scenario] = &[
    ("four thousand notes in a small budget", for_the_sink),
    (
        "four thousand notes in the endpoint's budget",
        for_the_endpoint,
    ),
];

fn start(feed: u32) -> Rig {
    Setup {
        parameters: vec![
            ("WaveSinkFeed", feed),
            ("Voices", 4096),
            ("SliceBudget", 20),
        ],
        keep: Keep::Hash,
        ..Setup::default()
    }
    .start()
}

fn sine() -> Vec<u8> {
    arioso_bank::test_banks::sine_wave(RATE, 100, 1)
}

fn for_the_sink() {
    let mut rig = start(1);
    let (filter, pin, wave) = rig.running(&sine());
    crowd(&mut rig, &pin);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

fn for_the_endpoint() {
    let mut rig = start(0);
    let (filter, mut pin) = rig.open_pin();
    download_bank(&mut rig.client, pin.handle, &sine());
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut endpoint = rig.open_endpoint(RATE);
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    crowd(&mut rig, &pin);
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// Notes that would sound for ever, all at once: what does not fit is shed and counted, and no slice is planned beyond its budget.
fn crowd(rig: &mut Rig, pin: &Pin<SimClient>) {
    const NOTES: u32 = 4000;
    set_channel_groups(&mut rig.client, pin.handle, 2).unwrap();
    let start = rig.now() + SECOND / 10;
    let mut buffer = EventBuffer::new(start);
    for n in 0..NOTES {
        let (part, key) = (n / 125, (n % 125) as u8);
        buffer.push(start, part / 16 + 1, &[0x90 | (part % 16) as u8, key, 20]);
    }
    rig.write(pin, &buffer);
    rig.sleep(3 * SECOND);

    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!(
        counted.Flags & 1,
        0,
        "a slice was planned beyond its budget"
    );
    assert_eq!(counted.Notes, u64::from(NOTES));
    assert_eq!(
        counted.LostNotes + u64::from(counted.Voices),
        u64::from(NOTES)
    );
    assert!(
        counted.LostNotes > 1000 && counted.Voices > 50,
        "{counted:?}"
    );
    let running = running_stats(&mut rig.client, pin.handle).unwrap();
    let told = SYNTH_STATS_VOICES
        | SYNTH_STATS_LOST_NOTES
        | SYNTH_STATS_TOTAL_CPU
        | SYNTH_STATS_CPU_PER_VOICE;
    assert_eq!(running.ValidStats & told, told);
    assert_eq!(u64::from(running.LostNotes), counted.LostNotes);
    assert_eq!(running.Voices, counted.Voices);
    assert!(running.TotalCPU >= running.CPUPerVoice && running.TotalCPU <= 10_000);
}
