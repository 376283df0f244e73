// SPDX-License-Identifier: MIT OR Apache-2.0
//! Little-endian fields at any alignment; `None` outside of the buffer.

pub fn array_at<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..)?.first_chunk().copied()
}

pub fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    array_at(data, at).map(u16::from_le_bytes)
}

pub fn i16_at(data: &[u8], at: usize) -> Option<i16> {
    array_at(data, at).map(i16::from_le_bytes)
}

pub fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    array_at(data, at).map(u32::from_le_bytes)
}

pub fn i32_at(data: &[u8], at: usize) -> Option<i32> {
    array_at(data, at).map(i32::from_le_bytes)
}

/// A 32-bit size or offset as an index. On targets where it does not fit it is beyond any buffer.
pub fn index(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
