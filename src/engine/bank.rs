// SPDX-License-Identifier: MIT OR Apache-2.0
//! The default instruments: the bank that the settings name (the INF names Windows' own), else the one that came with the driver.

use super::loader::{Loader, Opened, Reading, tell};
use super::settings::{Settings, wide};
use crate::kernel::file::{File, Place};
use crate::kernel::irql::Passive;
use crate::kernel::{Result, no_memory};
use alloc::vec::Vec;
use arioso_core::dls::file as dls;
use arioso_core::dls::lazy::LazyBank;
use arioso_core::dls::model::Instrument;
use arioso_core::ks::NTSTATUS;
use arioso_core::ks::status::{STATUS_FILE_INVALID, STATUS_INSUFFICIENT_RESOURCES};
use arioso_core::mem::Shared;

/// Longest bank that is read as a whole: no note of it ever waits. Of a longer one only what is wanted comes into memory.
const WHOLE: u64 = 16 << 20;

/// Reads the first bank that there is, or of a large one its structure; the rest is the loader's. A bank that cannot be read or is not one
/// is passed over: the device starts without it. Only want of memory is an error.
#[inline(never)]
pub fn read(
    passive: Passive,
    settings: &Settings,
    loader: &Loader,
) -> Result<Vec<Shared<Instrument>>> {
    let places = [
        settings.bank(),
        Some(settings.packaged(wide!("arioso.dls"))),
    ];
    for place in places.into_iter().flatten() {
        match load(passive, place, settings, loader) {
            Ok(instruments) if !instruments.is_empty() => {
                debug_line!("%u default instruments", instruments.len());
                return Ok(instruments);
            }
            Ok(_) => debug_line!("a bank without instruments"),
            Err(STATUS_INSUFFICIENT_RESOURCES) => return Err(STATUS_INSUFFICIENT_RESOURCES),
            Err(status) => debug_line!("no bank, status %08x", status),
        }
    }
    // Nothing of a bank that counted before is wanted any more.
    loader.release(passive);
    Ok(Vec::new())
}

#[inline(never)]
fn load(
    passive: Passive,
    place: Place<'_>,
    settings: &Settings,
    loader: &Loader,
) -> Result<Vec<Shared<Instrument>>> {
    let file = File::open(passive, place)?;
    if file.len() > WHOLE {
        open_large(passive, file, settings, loader)
    } else {
        let instruments = load_whole(passive, &file)?;
        loader.release(passive);
        Ok(instruments)
    }
}

// Not inlined: its frame would lie under those of the callers for as long as they run.
#[inline(never)]
fn load_whole(passive: Passive, file: &File) -> Result<Vec<Shared<Instrument>>> {
    let bytes = file.read_all(passive)?;
    let mut refused = dls::Refused::default();
    let loaded = dls::load_telling(&bytes, dls::Limits::default(), &mut refused);
    tell(refused);
    loaded.map_err(status)
}

#[inline(never)]
fn open_large(
    passive: Passive,
    file: File,
    settings: &Settings,
    loader: &Loader,
) -> Result<Vec<Shared<Instrument>>> {
    let limits = dls::Limits {
        bytes: settings.bank_bytes(),
        ..dls::Limits::default()
    };
    let bank = LazyBank::open(&Reading::new(passive, &file, loader), limits).map_err(status)?;
    let instruments = bank.instruments().map_err(no_memory)?;
    debug_line!(
        "a large bank, %u MB: waves are read when they are wanted",
        file.len() >> 20
    );
    if !instruments.is_empty() {
        loader.install(passive, Opened { bank, file }, limits.bytes)?;
    }
    Ok(instruments)
}

fn status(error: dls::Error) -> NTSTATUS {
    match error {
        dls::Error::NoMemory => STATUS_INSUFFICIENT_RESOURCES,
        _ => STATUS_FILE_INVALID,
    }
}
