//! MIDI messages, the byte-stream parser, SysEx.
