// SPDX-License-Identifier: MIT OR Apache-2.0
//! FluidSynth's player, for its clock alone.

use super::functions::{DONE, Functions, Object};
use super::{BLOCK, Config, Fluidsynth};
use std::ffi::{CString, c_int, c_void};
use std::path::Path;

/// When the player of FluidSynth starts each note of a MIDI file: the first frame of the block at which it acts.
///
/// Nothing sounds: the events end here.
pub fn note_times(song: &Path, font: &Path, rate: u32) -> Result<Vec<u64>, String> {
    let functions = Functions::get()?;
    let mut fluid = Fluidsynth::new(
        font,
        &Config {
            rate,
            voices: 16,
            gain: 0.2,
            reverb: false,
            chorus: false,
            interpolation: 1,
            bank_select: c"gs",
        },
    )?;
    let path = CString::new(song.as_os_str().as_encoded_bytes())
        .map_err(|_| "a path with a zero byte".to_string())?;
    let mut times = Times {
        functions,
        now: 0,
        notes: Vec::new(),
    };
    let mut block = [[0.0; 2]; BLOCK];
    // SAFETY: the player goes before the synthesizer; it calls `note` while a block is rendered, when nobody else uses `times`.
    unsafe {
        let times: *mut Times = &raw mut times;
        let player = (functions.new_player)(fluid.synth);
        let ready = (functions.player_add)(player, path.as_ptr()) == 0
            && (functions.set_playback)(player, note, times.cast()) == 0
            && (functions.player_play)(player) == 0;
        while ready && (functions.player_status)(player) != DONE {
            fluid.render(&mut block);
            (*times).now += BLOCK as u64;
        }
        (functions.delete_player)(player);
    }
    Ok(times.notes)
}

struct Times {
    functions: &'static Functions,
    now: u64,
    notes: Vec<u64>,
}

/// `handle_midi_event_func_t`
unsafe extern "C" fn note(times: *mut c_void, event: Object) -> c_int {
    // SAFETY: `times` is what `note_times` gave, `event` lives during the call.
    unsafe {
        let times = &mut *times.cast::<Times>();
        if (times.functions.event_type)(event) == 0x90
            && (times.functions.event_velocity)(event) > 0
        {
            times.notes.push(times.now);
        }
    }
    0
}
