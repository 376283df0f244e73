// SPDX-License-Identifier: MIT OR Apache-2.0
//! The declarations of fluidsynth.h that are needed here.

use libloading::Library;
use std::ffi::{c_char, c_double, c_float, c_int, c_void};
use std::sync::OnceLock;

const LIBRARY: &str = "libfluidsynth.so.3";

/// `fluid_settings_t`, `fluid_synth_t`, `fluid_player_t`, `fluid_midi_event_t`.
pub type Object = *mut c_void;

/// `fluid_log_function_t`
pub type Log = unsafe extern "C" fn(c_int, *const c_char, Object);
/// `handle_midi_event_func_t`
pub type Handler = unsafe extern "C" fn(*mut c_void, Object) -> c_int;
/// `FLUID_WARN`, `FLUID_INFO`
pub const WARNING: c_int = 2;
pub const INFO: c_int = 3;
/// `FLUID_PLAYER_DONE`
pub const DONE: c_int = 3;

macro_rules! functions {
    ($($field:ident = $symbol:literal: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        pub struct Functions {
            $(pub $field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            /// They point into it.
            _library: Library,
        }

        impl Functions {
            fn load() -> Result<Self, libloading::Error> {
                // SAFETY: the signatures are those of fluidsynth.h, version 2 and 3 of the library.
                unsafe {
                    let library = Library::new(LIBRARY)?;
                    Ok(Self {
                        $($field: *library.get($symbol.as_bytes())?,)*
                        _library: library,
                    })
                }
            }
        }
    };
}

functions! {
    set_log = "fluid_set_log_function": fn(c_int, Option<Log>, Object) -> Option<Log>;
    new_settings = "new_fluid_settings": fn() -> Object;
    set_int = "fluid_settings_setint": fn(Object, *const c_char, c_int) -> c_int;
    set_num = "fluid_settings_setnum": fn(Object, *const c_char, c_double) -> c_int;
    set_str = "fluid_settings_setstr": fn(Object, *const c_char, *const c_char) -> c_int;
    delete_settings = "delete_fluid_settings": fn(Object);
    new_synth = "new_fluid_synth": fn(Object) -> Object;
    delete_synth = "delete_fluid_synth": fn(Object);
    load = "fluid_synth_sfload": fn(Object, *const c_char, c_int) -> c_int;
    set_interpolation = "fluid_synth_set_interp_method": fn(Object, c_int, c_int) -> c_int;
    note_on = "fluid_synth_noteon": fn(Object, c_int, c_int, c_int) -> c_int;
    note_off = "fluid_synth_noteoff": fn(Object, c_int, c_int) -> c_int;
    key_pressure = "fluid_synth_key_pressure": fn(Object, c_int, c_int, c_int) -> c_int;
    control = "fluid_synth_cc": fn(Object, c_int, c_int, c_int) -> c_int;
    program = "fluid_synth_program_change": fn(Object, c_int, c_int) -> c_int;
    pressure = "fluid_synth_channel_pressure": fn(Object, c_int, c_int) -> c_int;
    bend = "fluid_synth_pitch_bend": fn(Object, c_int, c_int) -> c_int;
    sysex = "fluid_synth_sysex":
        fn(Object, *const c_char, c_int, *mut c_char, *mut c_int, *mut c_int, c_int) -> c_int;
    all_sounds_off = "fluid_synth_all_sounds_off": fn(Object, c_int) -> c_int;
    voices = "fluid_synth_get_active_voice_count": fn(Object) -> c_int;
    write = "fluid_synth_write_float":
        fn(Object, c_int, *mut c_float, c_int, c_int, *mut c_float, c_int, c_int) -> c_int;
    new_player = "new_fluid_player": fn(Object) -> Object;
    delete_player = "delete_fluid_player": fn(Object);
    player_add = "fluid_player_add": fn(Object, *const c_char) -> c_int;
    player_play = "fluid_player_play": fn(Object) -> c_int;
    player_status = "fluid_player_get_status": fn(Object) -> c_int;
    set_playback = "fluid_player_set_playback_callback": fn(Object, Handler, *mut c_void) -> c_int;
    event_type = "fluid_midi_event_get_type": fn(Object) -> c_int;
    event_velocity = "fluid_midi_event_get_velocity": fn(Object) -> c_int;
}

impl Functions {
    pub fn get() -> Result<&'static Self, String> {
        static FUNCTIONS: OnceLock<Result<Functions, libloading::Error>> = OnceLock::new();
        let functions = FUNCTIONS.get_or_init(Self::load).as_ref();
        functions.map_err(|_| format!("no {LIBRARY} (Debian: libfluidsynth3)"))
    }
}
