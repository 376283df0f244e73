// SPDX-License-Identifier: MIT OR Apache-2.0
//! What Windows is asked, and its answers in our types. `unsafe` of this program is here and nowhere else.
//!
//! | module | asks |
//! |---|---|
//! | [`devices`] | SetupAPI: devices, their interfaces, driver packages |
//! | [`certificates`] | the computer's certificate stores |
//! | [`service`] | the service control manager |
//! | [`system`] | who we are, what this Windows enforces |
//! | [`events`] | the event log |
//! | [`gui`] | one window with Windows' controls |
//! | [`shortcut`] | the start menu |
//! | [`ks`] | kernel streaming: the conformance suite's client |
//! | [`midi`] | WinMM |
//! | [`directmusic`] | DirectMusic's ports |
//! | [`urgent`] | the scheduler, for threads that a sound device waits for |

pub mod certificates;
pub mod devices;
pub mod directmusic;
pub mod events;
pub mod gui;
pub mod ks;
pub mod midi;
pub mod service;
pub mod shortcut;
pub mod system;
pub mod urgent;

use crate::failure::{Failure, Kind};
use std::fmt::Display;
use windows::core::Error;

/// What SetupAPI's and the signature checks' codes mean: FormatMessage does not know the former.
const MEANINGS: &[(u32, &str)] = &[
    (0x8007_0005, "access is denied"),
    (0x800B_0100, "the package has no signature"),
    (0x800B_0109, "the certificate's root is not trusted"),
    (0x800B_0110, "the certificate is not for code"),
    (0xE000_020B, "there is no such device"),
    (0xE000_0203, "no driver of the package fits the device"),
    (0xE000_0219, "the INF has no section for this Windows"),
    (0xE000_022F, "the INF has no catalog"),
    (0xE000_0235, "a 32-bit program cannot do that"),
    (0xE000_0242, "the catalog's publisher could not be verified"),
    (0xE000_0243, "the catalog's publisher is not trusted"),
    (0xE000_0247, "the driver store did not take the package"),
];

/// A call that failed: `what` could not be done.
pub fn refused(what: impl Display, error: &Error) -> Failure {
    let code = error.code().0.cast_unsigned();
    // SetupAPI's own codes, as HRESULTs and as they are.
    let own = if code >> 16 == 0x800F {
        0xE000_0000 | code & 0xFFFF
    } else {
        code
    };
    let known = MEANINGS.iter().find(|(known, _)| *known == own);
    let meaning = known.map_or_else(|| error.message(), |(_, meaning)| (*meaning).to_owned());
    let meaning = meaning.trim_end_matches(['.', ' ', '\r', '\n']);
    let separator = if meaning.is_empty() { "" } else { " " };
    Failure::new(
        Kind::Session,
        format!("cannot {what}: {meaning}{separator}(error {code:#010x})"),
    )
}

/// The text up to the first NUL.
pub fn text(units: &[u16]) -> String {
    let end = units.iter().position(|&unit| unit == 0);
    String::from_utf16_lossy(&units[..end.unwrap_or(units.len())])
}

/// The strings of a REG_MULTI_SZ.
pub fn texts(units: &[u16]) -> Vec<String> {
    units
        .split(|&unit| unit == 0)
        .filter(|text| !text.is_empty())
        .map(String::from_utf16_lossy)
        .collect()
}

/// UTF-16 of bytes as the registry has them.
fn units(bytes: &[u8]) -> Vec<u16> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|pair| u16::from_le_bytes(*pair))
        .collect()
}
