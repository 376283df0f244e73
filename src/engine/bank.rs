// SPDX-License-Identifier: MIT OR Apache-2.0
//! The default instruments: the bank that the settings name (the INF names Windows' own), else the one that came with the driver.

use super::settings::{Settings, wide};
use crate::kernel::irql::Passive;
use crate::kernel::{Result, file};
use alloc::vec::Vec;
use arioso_core::dls::file as dls;
use arioso_core::dls::model::Instrument;
use arioso_core::ks::status::{STATUS_FILE_INVALID, STATUS_INSUFFICIENT_RESOURCES};
use arioso_core::mem::Shared;

/// Bytes that a bank may have.
const LARGEST: usize = 256 << 20;

/// Reads the first bank that there is. A bank that cannot be read or is not one is passed over: the device starts without it. Only
/// want of memory is an error.
#[inline(never)]
pub fn read(passive: Passive, settings: &Settings) -> Result<Vec<Shared<Instrument>>> {
    let places = [
        settings.bank(),
        Some(settings.packaged(wide!("arioso.dls"))),
    ];
    for place in places.into_iter().flatten() {
        match load(passive, place) {
            Ok(instruments) if !instruments.is_empty() => {
                debug_line!("%u default instruments", instruments.len());
                return Ok(instruments);
            }
            Ok(_) => debug_line!("a bank without instruments"),
            Err(STATUS_INSUFFICIENT_RESOURCES) => return Err(STATUS_INSUFFICIENT_RESOURCES),
            Err(status) => debug_line!("no bank, status %08x", status),
        }
    }
    Ok(Vec::new())
}

// Not inlined: its frame would lie under those of the callers for as long as they run.
#[inline(never)]
fn load(passive: Passive, place: file::Place<'_>) -> Result<Vec<Shared<Instrument>>> {
    let bytes = file::read(passive, place, LARGEST)?;
    let mut refused = dls::Refused::default();
    let loaded = dls::load_telling(&bytes, dls::Limits::default(), &mut refused);
    if refused.not_pcm > 0 {
        debug_line!("%u waves refused: not PCM of 8 or 16 bits", refused.not_pcm);
    }
    if refused.not_mono > 0 {
        debug_line!("%u waves refused: not mono", refused.not_mono);
    }
    if refused.malformed > 0 {
        debug_line!("%u waves refused: empty or malformed", refused.malformed);
    }
    loaded.map_err(|error| match error {
        dls::Error::NoMemory => STATUS_INSUFFICIENT_RESOURCES,
        _ => STATUS_FILE_INVALID,
    })
}
