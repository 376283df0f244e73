//! FluidSynth: Debian's shared library, loaded when it is there.

use super::{Effects, Engine, Make};
use crate::material::{BLOCK, Note, RATE, VELOCITY, sf2};
use anyhow::{Context, Result, bail};
use libloading::Library;
use std::ffi::{CStr, c_char, c_double, c_float, c_int, c_void};
use std::sync::OnceLock;

const fn make(setting: &'static str) -> Make {
    Make {
        engine: "fluidsynth",
        setting,
        most: 4096,
        separate: true,
        build,
    }
}

/// Named as `enum fluid_interp` does.
pub const MAKES: &[Make] = &[make("linear"), make("4thorder"), make("7thorder")];

const LIBRARY: &str = "libfluidsynth.so.3";

/// `fluid_settings_t`, `fluid_synth_t`.
type Object = *mut c_void;

/// `fluid_log_function_t`
type Log = unsafe extern "C" fn(c_int, *const c_char, Object);
/// `FLUID_WARN`
const WARNING: c_int = 2;

/// The declarations of fluidsynth.h that are needed here.
struct Functions {
    set_log: unsafe extern "C" fn(c_int, Option<Log>, Object) -> Option<Log>,
    new_settings: unsafe extern "C" fn() -> Object,
    set_int: unsafe extern "C" fn(Object, *const c_char, c_int) -> c_int,
    set_num: unsafe extern "C" fn(Object, *const c_char, c_double) -> c_int,
    delete_settings: unsafe extern "C" fn(Object),
    new_synth: unsafe extern "C" fn(Object) -> Object,
    delete_synth: unsafe extern "C" fn(Object),
    load: unsafe extern "C" fn(Object, *const c_char, c_int) -> c_int,
    set_interpolation: unsafe extern "C" fn(Object, c_int, c_int) -> c_int,
    control: unsafe extern "C" fn(Object, c_int, c_int, c_int) -> c_int,
    note_on: unsafe extern "C" fn(Object, c_int, c_int, c_int) -> c_int,
    all_sounds_off: unsafe extern "C" fn(Object, c_int) -> c_int,
    voices: unsafe extern "C" fn(Object) -> c_int,
    write: unsafe extern "C" fn(
        Object,
        c_int,
        *mut c_float,
        c_int,
        c_int,
        *mut c_float,
        c_int,
        c_int,
    ) -> c_int,
    /// They point into it.
    _library: Library,
}

impl Functions {
    fn load() -> Result<Self, libloading::Error> {
        // SAFETY: the signatures above are those of fluidsynth.h, version 2 and 3 of the library.
        unsafe {
            let library = Library::new(LIBRARY)?;
            Ok(Self {
                set_log: *library.get(b"fluid_set_log_function")?,
                new_settings: *library.get(b"new_fluid_settings")?,
                set_int: *library.get(b"fluid_settings_setint")?,
                set_num: *library.get(b"fluid_settings_setnum")?,
                delete_settings: *library.get(b"delete_fluid_settings")?,
                new_synth: *library.get(b"new_fluid_synth")?,
                delete_synth: *library.get(b"delete_fluid_synth")?,
                load: *library.get(b"fluid_synth_sfload")?,
                set_interpolation: *library.get(b"fluid_synth_set_interp_method")?,
                control: *library.get(b"fluid_synth_cc")?,
                note_on: *library.get(b"fluid_synth_noteon")?,
                all_sounds_off: *library.get(b"fluid_synth_all_sounds_off")?,
                voices: *library.get(b"fluid_synth_get_active_voice_count")?,
                write: *library.get(b"fluid_synth_write_float")?,
                _library: library,
            })
        }
    }

    fn get() -> Result<&'static Self> {
        static FUNCTIONS: OnceLock<Result<Functions, libloading::Error>> = OnceLock::new();
        FUNCTIONS
            .get_or_init(Self::load)
            .as_ref()
            .ok()
            .with_context(|| format!("no {LIBRARY} (Debian: libfluidsynth3)"))
    }
}

struct Fluidsynth {
    functions: &'static Functions,
    settings: Object,
    synth: Object,
}

fn build(setting: &str, voices: usize, effects: Effects) -> Result<Box<dyn Engine>> {
    let method = match setting {
        "linear" => 1,
        "4thorder" => 4,
        "7thorder" => 7,
        _ => bail!("fluidsynth has no {setting}"),
    };
    let functions = Functions::get()?;
    let file = crate::scratch_file("bench.sf2", &sf2())?;
    let integers: [(&CStr, c_int); 5] = [
        (c"synth.polyphony", c_int::try_from(voices.max(16))?),
        (c"synth.reverb.active", effects.reverb.into()),
        (c"synth.chorus.active", effects.chorus.into()),
        (c"synth.cpu-cores", 1),
        (c"synth.threadsafe-api", 0),
    ];
    let numbers: [(&CStr, c_double); 2] =
        [(c"synth.sample-rate", RATE.into()), (c"synth.gain", 0.5)];
    // SAFETY: called as fluidsynth.h says; the synthesizer goes before its settings.
    unsafe {
        // There is no drum kit.
        (functions.set_log)(WARNING, None, std::ptr::null_mut());
        let settings = (functions.new_settings)();
        for (name, value) in integers {
            (functions.set_int)(settings, name.as_ptr(), value);
        }
        for (name, value) in numbers {
            (functions.set_num)(settings, name.as_ptr(), value);
        }
        let synth = (functions.new_synth)(settings);
        let engine = Fluidsynth {
            functions,
            settings,
            synth,
        };
        if synth.is_null() || (functions.load)(synth, file.as_ptr(), 1) < 0 {
            bail!("fluidsynth does not load the SoundFont");
        }
        (functions.set_interpolation)(synth, -1, method);
        Ok(Box::new(engine))
    }
}

impl Engine for Fluidsynth {
    fn control(&mut self, _: u16, channel: u8, controller: u8, value: u8) {
        // SAFETY: the synthesizer lives.
        unsafe {
            (self.functions.control)(self.synth, channel.into(), controller.into(), value.into());
        }
    }

    fn note_on(&mut self, note: Note) {
        // SAFETY: the synthesizer lives.
        unsafe {
            (self.functions.note_on)(
                self.synth,
                note.channel.into(),
                note.key.into(),
                VELOCITY.into(),
            );
        }
    }

    fn cut(&mut self) {
        // SAFETY: the synthesizer lives.
        unsafe {
            (self.functions.all_sounds_off)(self.synth, -1);
        }
    }

    fn voices(&self) -> Option<usize> {
        // SAFETY: the synthesizer lives.
        usize::try_from(unsafe { (self.functions.voices)(self.synth) }).ok()
    }

    fn render(&mut self, out: &mut [[f32; 2]; BLOCK]) {
        let samples = out.as_flattened_mut().as_mut_ptr();
        // SAFETY: frame i goes to samples 2i and 2i + 1 of a block of this length.
        unsafe {
            (self.functions.write)(
                self.synth,
                BLOCK as c_int,
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

impl Drop for Fluidsynth {
    fn drop(&mut self) {
        // SAFETY: nobody uses them any more; deleting null does nothing.
        unsafe {
            (self.functions.delete_synth)(self.synth);
            (self.functions.delete_settings)(self.settings);
        }
    }
}
