// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the instruments of the SoundFont that an RMID brings along belong.

use arioso_cli::song::Song;
use arioso_cli::song::instruments::used;
use arioso_cli::song::smf::EmbeddedBank;
use arioso_core::dls::convert::PATCH_MASK;

/// Bit of a bank number: drum kits.
const DRUMS: u32 = 1 << 31;

/// Banks that its melodic instruments are moved up by: what the file says; else behind the usual set if the song asks for something
/// there.
pub fn offset(own: &EmbeddedBank, song: &Song) -> u8 {
    let asks = |patch: u32| patch & PATCH_MASK & DRUMS == 0 && patch >> 16 == 1;
    own.offset
        .unwrap_or_else(|| u8::from(used(song).into_iter().any(asks)))
}

/// `ulBank` of an instrument that is moved up.
pub fn moved(bank: u32, offset: u8) -> u32 {
    if bank & DRUMS != 0 || offset == 0 {
        return bank;
    }
    let msb = (bank >> 8 & 0x7F) + u32::from(offset);
    msb.min(0x7F) << 8 | bank & 0x7F
}
