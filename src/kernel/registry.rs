// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's own registry keys.

use super::driver::{Driver, DriverKey};
use super::handle::{Handle, unicode};
use super::irql::Passive;
use super::{Result, check};
use arioso_core::ks::status::STATUS_OBJECT_TYPE_MISMATCH;
use wdk_sys::{_KEY_VALUE_INFORMATION_CLASS, REG_DWORD, REG_EXPAND_SZ, REG_SZ, ntddk};

/// An open key.
pub struct Key(Handle);

/// Header of `KEY_VALUE_PARTIAL_INFORMATION`: title index, type, data length.
const HEADER: usize = 12;
/// Bytes of data a value may have: a path of 260 characters and its end.
const MOST: usize = 522;

impl Key {
    /// Opens one of the driver's keys, for reading.
    pub fn open(passive: Passive, driver: &Driver, key: DriverKey) -> Result<Self> {
        driver.open_key(passive, key).map(Self)
    }

    /// A `REG_DWORD`.
    pub fn number(&self, passive: Passive, name: &[u16]) -> Result<u32> {
        self.value(passive, name, |kind, data| {
            match (kind, data.first_chunk()) {
                (REG_DWORD, Some(bytes)) => Ok(u32::from_le_bytes(*bytes)),
                _ => Err(STATUS_OBJECT_TYPE_MISMATCH),
            }
        })
    }

    /// A `REG_SZ` into `text`, without its end; the number of characters.
    pub fn text(&self, passive: Passive, name: &[u16], text: &mut [u16]) -> Result<usize> {
        self.value(passive, name, |kind, data| {
            if kind != REG_SZ && kind != REG_EXPAND_SZ {
                return Err(STATUS_OBJECT_TYPE_MISMATCH);
            }
            let (units, _) = data.as_chunks::<2>();
            let mut len = 0usize;
            for (to, from) in text.iter_mut().zip(units) {
                *to = u16::from_le_bytes(*from);
                if *to == 0 {
                    break;
                }
                len = len.wrapping_add(1);
            }
            Ok(len)
        })
    }

    fn value<T>(
        &self,
        _: Passive,
        name: &[u16],
        read: impl FnOnce(u32, &[u8]) -> Result<T>,
    ) -> Result<T> {
        #[repr(align(8))]
        struct Buffer([u8; HEADER + MOST]);
        let mut buffer = Buffer([0; HEADER + MOST]);
        let mut name = unicode(name);
        let mut used = 0u32;
        // SAFETY: PASSIVE_LEVEL; the buffer has the size that is told.
        check(unsafe {
            ntddk::ZwQueryValueKey(
                self.0.0,
                &mut name,
                _KEY_VALUE_INFORMATION_CLASS::KeyValuePartialInformation,
                buffer.0.as_mut_ptr().cast(),
                (HEADER + MOST) as u32,
                &mut used,
            )
        })?;
        let word = |at: usize| {
            buffer
                .0
                .get(at..)
                .and_then(|b| b.first_chunk())
                .map_or(0, |b| u32::from_le_bytes(*b))
        };
        let data = buffer.0.get(HEADER..).unwrap_or_default();
        let data = data.get(..word(8) as usize).unwrap_or(data);
        read(word(4), data)
    }
}
