// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signal-processing modes of the endpoint: nothing is processed, so the default mode and the raw one are the same.

use crate::kernel::Result;
use arioso_core::ks::guid::{
    AUDIO_SIGNALPROCESSINGMODE_DEFAULT, AUDIO_SIGNALPROCESSINGMODE_RAW,
    KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE,
};
use arioso_core::ks::ks::{KSATTRIBUTE, KSMULTIPLE_ITEM};
use arioso_core::ks::ksmedia::KSATTRIBUTE_AUDIOSIGNALPROCESSING_MODE;
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_NOT_SUPPORTED};
use arioso_core::ks::{GUID, Wire};

/// What the pin can be opened in; the first is that of a format without attributes.
pub static MODES: [GUID; 2] = [
    AUDIO_SIGNALPROCESSINGMODE_DEFAULT,
    AUDIO_SIGNALPROCESSINGMODE_RAW,
];

/// The list of attributes that `bytes` begin with, without what may follow; nothing if there are none. `STATUS_INVALID_PARAMETER` if
/// it is cut off.
pub fn list(bytes: &[u8]) -> Result<&[u8]> {
    if bytes.is_empty() {
        return Ok(&[]);
    }
    let head = KSMULTIPLE_ITEM::read_from(bytes).ok_or(STATUS_INVALID_PARAMETER)?;
    let size = head.Size as usize;
    if size < size_of::<KSMULTIPLE_ITEM>() {
        return Err(STATUS_INVALID_PARAMETER);
    }
    bytes.get(..size).ok_or(STATUS_INVALID_PARAMETER)
}

/// Checks a [`list`] of attributes: `STATUS_NOT_SUPPORTED` for a mode or an attribute that there is not.
pub fn check(list: &[u8]) -> Result {
    if list.is_empty() {
        return Ok(());
    }
    let head = KSMULTIPLE_ITEM::read_from(list).ok_or(STATUS_INVALID_PARAMETER)?;
    let mut rest = list
        .get(size_of::<KSMULTIPLE_ITEM>()..)
        .ok_or(STATUS_INVALID_PARAMETER)?;
    for _ in 0..head.Count {
        let attribute = KSATTRIBUTE::read_from(rest).ok_or(STATUS_INVALID_PARAMETER)?;
        let size = attribute.Size as usize;
        if size < size_of::<KSATTRIBUTE>() || size > rest.len() {
            return Err(STATUS_INVALID_PARAMETER);
        }
        if attribute.Attribute != KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE {
            return Err(STATUS_NOT_SUPPORTED);
        }
        let mode = KSATTRIBUTE_AUDIOSIGNALPROCESSING_MODE::read_from(rest)
            .filter(|_| size >= size_of::<KSATTRIBUTE_AUDIOSIGNALPROCESSING_MODE>())
            .ok_or(STATUS_INVALID_PARAMETER)?;
        if !MODES.contains(&mode.SignalProcessingMode) {
            return Err(STATUS_NOT_SUPPORTED);
        }
        rest = rest.get(size.next_multiple_of(8)..).unwrap_or_default();
    }
    Ok(())
}
