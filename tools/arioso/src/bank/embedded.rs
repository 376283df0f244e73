//! The bank that an RMID brings along.

use arioso_bank::dls::{self, Bank};
use arioso_bank::sf2;
use arioso_cli::song::Song;
use arioso_cli::song::instruments::used;
use arioso_cli::song::smf::EmbeddedBank;
use arioso_core::dls::convert::PATCH_MASK;
use std::io::Cursor;

/// Bit of a bank number: drum kits.
const DRUMS: u32 = 1 << 31;

/// `base` with the song's own instruments over it. The error says why they cannot be read.
pub fn over(base: &[u8], own: &EmbeddedBank, song: &Song) -> Result<Vec<u8>, String> {
    let mut bank = match own.is_sound_font() {
        true => converted(&own.bytes)?,
        false => read(&own.bytes)?,
    };
    if own.is_sound_font() {
        let offset = own.offset.unwrap_or_else(|| usual_offset(song));
        for instrument in &mut bank.instruments {
            if instrument.bank & DRUMS == 0 {
                let msb = (instrument.bank >> 8 & 0x7F) + u32::from(offset);
                instrument.bank = msb.min(0x7F) << 8 | instrument.bank & 0x7F;
            }
        }
    }
    let mut whole = read(base)?;
    whole.overlay(bank);
    Ok(whole.to_bytes())
}

/// Of a SoundFont whose file does not say where its banks belong: behind the usual set if the song asks for something there.
fn usual_offset(song: &Song) -> u8 {
    let asks = |patch: u32| patch & PATCH_MASK & DRUMS == 0 && patch >> 16 == 1;
    u8::from(used(song).into_iter().any(asks))
}

fn read(bytes: &[u8]) -> Result<Bank, String> {
    let (bank, _) = dls::read(bytes).map_err(|error| format!("{error:?}"))?;
    Ok(bank)
}

fn converted(bytes: &[u8]) -> Result<Bank, String> {
    let mut source = Cursor::new(bytes);
    let told = |error: sf2::Error| error.to_string();
    let font = sf2::SoundFont::open(&mut source).map_err(told)?;
    let conversion = sf2::convert(&font, &sf2::Limits::default(), |_, _| true).map_err(told)?;
    let mut dls = Vec::new();
    sf2::write(&font, &conversion.bank, &mut source, &mut dls, |_| ()).map_err(told)?;
    read(&dls)
}
