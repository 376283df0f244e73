//! The synthesizer. One context owns a [`Synth`] at a time and calls it with `&mut`; nothing here locks, waits, allocates or
//! frees once it is built.
//!
//! Output is bit-identical for any partition of time into calls of [`Synth::render`].
