// SPDX-License-Identifier: MIT OR Apache-2.0
//! DLS files: a writer, an offline synthesizer, the built-in General MIDI bank, small banks for tests, and a converter from
//! SoundFont.
//!
//! In our own banks everything is computed; nothing is recorded. The same program gives the same bytes on every machine: mathematics comes
//! from `libm`, randomness from a generator of our own, and no time or address is looked at.
//!
//! | module | holds |
//! |---|---|
//! | [`dls`] | banks, instruments, regions, articulations, and how they are read from RIFF and written |
//! | [`pcm`] | samples of any wave format |
//! | [`tone`] | looped and one-shot sounds from partials, noise and spectra |
//! | [`gm`] | the 128 programs and the drum kit |
//! | [`test_banks`] | impulse, DC, sine |
//! | [`sf2`] | SoundFont 2 files: reader, conversion |
//! | [`report`] | what a conversion could not keep |

mod dsp;

pub mod dls;
pub mod gm;
pub mod pcm;
pub mod report;
pub mod sf2;
pub mod test_banks;
pub mod tone;

/// The built-in General MIDI bank as a DLS file: 128 programs and a drum kit, under 4 MB.
pub fn general_midi() -> Vec<u8> {
    gm::bank().to_bytes()
}
