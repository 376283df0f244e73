// SPDX-License-Identifier: MIT OR Apache-2.0
//! A short render of what was parsed: whatever the values are, sound is finite and voices end.

use crate::bytes::hash;
use arioso_core::dls::model::{Instrument, Patches};
use arioso_core::mem::Shared;
use arioso_core::synth::{Settings, Synth, SynthId, VirtualSynth};
use std::cell::RefCell;

const VOICES: u16 = 8;
/// The only port.
pub const SYNTH: SynthId = SynthId(0);

thread_local! {
    /// Its tables take milliseconds to build. Nothing stays in it from one input to the next but its position.
    static ENGINE: RefCell<Synth> = RefCell::new(
        Synth::new(&Settings { voices: VOICES, rate: 44_100, synths: 2 }).expect("memory"),
    );
}

/// Rendering takes a hundred times as long as parsing: one input in 32 is played. Which, its bytes decide.
pub fn is_played(input: &[u8]) -> bool {
    hash(input) >> 59 == 0
}

/// A synthesizer with one port and one group, which goes when `work` is done.
pub fn with_port(patches: Option<Shared<Patches>>, work: impl FnOnce(&mut Synth)) {
    ENGINE.with_borrow_mut(|synth| {
        let mut port = VirtualSynth::new(1).expect("memory");
        if let Some(patches) = patches {
            port.set_patches(patches);
        }
        assert!(synth.attach(SYNTH, port).is_none());
        work(synth);
        let port = synth.detach(SYNTH);
        assert!(port.is_some());
        // Longer than the ramp of a voice that is cut.
        for _ in 0..2 {
            render(synth, 256);
        }
        assert_eq!(synth.voices(), 0, "voices outlive their port");
        while let Some(retired) = synth.take_retired() {
            drop(retired);
        }
    });
}

/// Renders and looks at what comes out.
pub fn render(synth: &mut Synth, frames: usize) {
    let mut block = [[f32::NAN; 2]; 256];
    let block = &mut block[..frames.min(256)];
    synth.render(block);
    for sample in block.iter().flatten() {
        assert!(sample.is_finite(), "{sample}");
    }
    assert!(synth.voices() <= VOICES.into());
    if let Err(finding) = synth.check() {
        panic!("{finding:?}");
    }
}

/// Renders some seconds, or until nothing sounds.
pub fn render_on(synth: &mut Synth, seconds: usize) {
    for _ in 0..seconds * 44_100 / 256 {
        if synth.is_at_rest() {
            break;
        }
        render(synth, 256);
    }
}

/// Selects a patch and holds a note of it for a moment.
pub fn note(synth: &mut Synth, patch: u32, key: u8, velocity: u8) {
    // Patches of drum kits are those of channel 10.
    let channel = if patch >> 31 != 0 { 9 } else { 0 };
    let byte = |shift: u32| (patch >> shift) as u8 & 0x7F;
    for message in [
        &[0xB0 | channel, 0, byte(16)][..],
        &[0xB0 | channel, 32, byte(8)],
        &[0xC0 | channel, byte(0)],
        &[0x90 | channel, key & 0x7F, velocity & 0x7F],
    ] {
        synth.message(SYNTH, 1, message);
    }
    render_on(synth, 1);
    synth.message(SYNTH, 1, &[0x80 | channel, key & 0x7F, 0]);
    render_on(synth, 1);
}

/// What the model promises to the renderer.
pub fn check(instrument: &Instrument) {
    assert_eq!(instrument.patch & !0x807F_7F7F, 0);
    for region in &instrument.regions {
        assert!(region.keys.0 <= region.keys.1 && region.keys.1 < 128);
        assert!(region.velocities.0 <= region.velocities.1 && region.velocities.1 < 128);
        assert!(region.key_group < 16);
        let frames = region.wave.frames().len();
        assert!(frames > 0 && region.wave.guarded_frames().len() > frames);
        assert!((1..=1_000_000).contains(&region.wave.rate));
        for sample in [region.sample, region.wave.sample] {
            assert!(sample.unity < 128);
            if let Some(looped) = sample.sample_loop {
                let end = u64::from(looped.start) + u64::from(looped.length);
                assert!(looped.length >= 1 && end <= frames as u64);
            }
        }
    }
}
