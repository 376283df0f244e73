// SPDX-License-Identifier: MIT OR Apache-2.0
//! FluidSynth: Debian's shared library, loaded when it is there.

mod functions;
mod player;

pub use player::note_times;

use functions::{Functions, Object};
use std::ffi::{CStr, CString, c_int};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::{Mutex, PoisonError};

/// FluidSynth renders blocks of this many frames (`FLUID_BUFSIZE`); what happens between two acts at the next.
pub const BLOCK: usize = 64;

/// How a synthesizer shall be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Frames per second.
    pub rate: u32,
    /// Voices at most.
    pub voices: u16,
    /// `synth.gain`
    pub gain: f64,
    /// `synth.reverb.active`
    pub reverb: bool,
    /// `synth.chorus.active`
    pub chorus: bool,
    /// `enum fluid_interp`: 1 linear, 4 fourth order, 7 seventh order.
    pub interpolation: c_int,
    /// `synth.midi-bank-select`
    pub bank_select: &'static CStr,
}

/// One synthesizer with a SoundFont.
pub struct Fluidsynth {
    functions: &'static Functions,
    settings: Object,
    synth: Object,
    interpolation: c_int,
}

impl Fluidsynth {
    /// Loads `font`. The error says what is missing.
    pub fn new(font: &Path, config: &Config) -> Result<Self, String> {
        let functions = Functions::get()?;
        let file = CString::new(font.as_os_str().as_encoded_bytes())
            .map_err(|_| "a path with a zero byte".to_string())?;
        let integers: [(&CStr, c_int); 5] = [
            (c"synth.polyphony", c_int::from(config.voices.max(16))),
            (c"synth.reverb.active", config.reverb.into()),
            (c"synth.chorus.active", config.chorus.into()),
            (c"synth.cpu-cores", 1),
            (c"synth.threadsafe-api", 0),
        ];
        let numbers = [
            (c"synth.sample-rate", f64::from(config.rate)),
            (c"synth.gain", config.gain),
        ];
        // The library sets up what all synthesizers share, the default modulators among it, when the first one is made, and lets a second
        // thread go on before that is done.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: called as fluidsynth.h says; the synthesizer goes before its settings.
        unsafe {
            // The library says that a SoundFont has no drum kit, and the like.
            for level in [functions::WARNING, functions::INFO] {
                (functions.set_log)(level, None, null_mut());
            }
            let settings = (functions.new_settings)();
            for (name, value) in integers {
                (functions.set_int)(settings, name.as_ptr(), value);
            }
            for (name, value) in numbers {
                (functions.set_num)(settings, name.as_ptr(), value);
            }
            (functions.set_str)(
                settings,
                c"synth.midi-bank-select".as_ptr(),
                config.bank_select.as_ptr(),
            );
            let this = Self {
                functions,
                settings,
                synth: (functions.new_synth)(settings),
                interpolation: config.interpolation,
            };
            if this.synth.is_null() || (functions.load)(this.synth, file.as_ptr(), 1) < 0 {
                return Err(format!("FluidSynth does not load {}", font.display()));
            }
            (functions.set_interpolation)(this.synth, -1, config.interpolation);
            Ok(this)
        }
    }

    /// A complete MIDI message, System Exclusive with F0 and F7; it acts at the next block. Others are ignored.
    pub fn message(&mut self, message: &[u8]) {
        let f = self.functions;
        let channel = c_int::from(message.first().copied().unwrap_or(0) & 0xF);
        // SAFETY: the synthesizer lives; a System Exclusive message is copied before the call ends.
        unsafe {
            match *message {
                [0xF0, ref body @ .., 0xF7] => {
                    let Ok(length) = c_int::try_from(body.len()) else {
                        return;
                    };
                    (f.sysex)(
                        self.synth,
                        body.as_ptr().cast(),
                        length,
                        null_mut(),
                        null_mut(),
                        null_mut(),
                        0,
                    );
                    // A system reset among them puts every channel back to the fourth order.
                    (f.set_interpolation)(self.synth, -1, self.interpolation);
                }
                [0x80..=0x8F, key, _] | [0x90..=0x9F, key, 0] => {
                    (f.note_off)(self.synth, channel, key.into());
                }
                [0x90..=0x9F, key, velocity] => {
                    (f.note_on)(self.synth, channel, key.into(), velocity.into());
                }
                [0xA0..=0xAF, key, value] => {
                    (f.key_pressure)(self.synth, channel, key.into(), value.into());
                }
                [0xB0..=0xBF, number, value] => {
                    (f.control)(self.synth, channel, number.into(), value.into());
                }
                [0xC0..=0xCF, program] => {
                    (f.program)(self.synth, channel, program.into());
                }
                [0xD0..=0xDF, value] => {
                    (f.pressure)(self.synth, channel, value.into());
                }
                [0xE0..=0xEF, low, high] => {
                    (f.bend)(
                        self.synth,
                        channel,
                        c_int::from(high) << 7 | c_int::from(low),
                    );
                }
                _ => {}
            }
        }
    }

    /// Ends all voices at once.
    pub fn cut(&mut self) {
        // SAFETY: the synthesizer lives.
        unsafe {
            (self.functions.all_sounds_off)(self.synth, -1);
        }
    }

    /// Voices that sound.
    pub fn voices(&self) -> usize {
        // SAFETY: the synthesizer lives.
        let voices = unsafe { (self.functions.voices)(self.synth) };
        usize::try_from(voices).unwrap_or(0)
    }

    /// The next frames, left and right.
    pub fn render(&mut self, out: &mut [[f32; 2]]) {
        for part in out.chunks_mut(1 << 20) {
            let samples = part.as_flattened_mut().as_mut_ptr();
            // SAFETY: frame i goes to samples 2i and 2i + 1 of `part`, whose length fits.
            unsafe {
                (self.functions.write)(
                    self.synth,
                    part.len() as c_int,
                    samples.cast(),
                    0,
                    2,
                    samples.cast(),
                    1,
                    2,
                );
            }
        }
    }
}

impl Drop for Fluidsynth {
    fn drop(&mut self) {
        // SAFETY: nobody uses them any more; deleting null does nothing.
        unsafe {
            (self.functions.delete_synth)(self.synth);
            (self.functions.delete_settings)(self.settings);
        }
    }
}
