//! The default instruments: the registry's bank, else Windows' own, else the one that came with the driver.

use super::settings::{Settings, wide};
use crate::kernel::irql::Passive;
use crate::kernel::{Result, file, no_memory};
use alloc::vec::Vec;
use arioso_core::dls::file as dls;
use arioso_core::dls::model::Instrument;
use arioso_core::ks::status::{STATUS_FILE_INVALID, STATUS_INSUFFICIENT_RESOURCES};
use arioso_core::mem::{Shared, vec};

/// Bytes that a bank may have.
const LARGEST: usize = 256 << 20;

/// Reads the first bank that there is. A bank that cannot be read or is not one is passed over: the device starts without it. Only
/// want of memory is an error.
#[inline(never)]
pub fn read(passive: Passive, settings: &Settings) -> Result<Vec<Shared<Instrument>>> {
    let beside = settings.image().map(beside).transpose()?;
    let windows: &[u16] = wide!("\\SystemRoot\\System32\\drivers\\gm.dls");
    let paths = [settings.bank(), Some(windows), beside.as_deref()];
    for path in paths.into_iter().flatten() {
        match load(passive, path) {
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
fn load(passive: Passive, path: &[u16]) -> Result<Vec<Shared<Instrument>>> {
    let bytes = file::read(passive, path, LARGEST)?;
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

/// `arioso.dls` in the directory of the driver's image.
fn beside(image: &[u16]) -> Result<Vec<u16>> {
    let root: &[u16] = wide!("\\SystemRoot\\");
    let name: &[u16] = wide!("arioso.dls");
    let end = image
        .iter()
        .rposition(|&c| c == u16::from(b'\\'))
        .map_or(0, |i| i.wrapping_add(1));
    let directory = image.get(..end).unwrap_or_default();
    let mut path = Vec::new();
    if directory.first() != Some(&u16::from(b'\\')) {
        vec::try_extend(&mut path, root).map_err(no_memory)?;
    }
    vec::try_extend(&mut path, directory).map_err(no_memory)?;
    vec::try_extend(&mut path, name).map_err(no_memory)?;
    Ok(path)
}
