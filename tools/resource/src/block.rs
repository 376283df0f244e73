// SPDX-License-Identifier: MIT OR Apache-2.0
//! The nested blocks of a version resource: length, length of the value, kind of value, key, value, children; each part on a multiple of 4.

use crate::Malformed;

const HEADER: usize = 6;

/// One block and what is below it.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    pub key: String,
    /// Text in UTF-16 with its end, else binary. Counts words instead of bytes in the value's length.
    pub is_text: bool,
    pub value: Vec<u8>,
    pub children: Vec<Self>,
}

impl Block {
    pub fn binary(key: &str, value: Vec<u8>) -> Self {
        Self {
            key: key.to_owned(),
            is_text: false,
            value,
            children: Vec::new(),
        }
    }

    pub fn text(key: &str, text: &str) -> Self {
        Self {
            is_text: true,
            ..Self::binary(key, wide(text))
        }
    }

    pub fn node(key: &str, children: Vec<Self>) -> Self {
        Self {
            is_text: true,
            children,
            ..Self::binary(key, Vec::new())
        }
    }

    pub fn child(&self, key: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.key == key)
    }

    pub fn to_text(&self) -> Result<String, Malformed> {
        let (units, rest) = self.value.as_chunks::<2>();
        if !rest.is_empty() || !self.is_text {
            return Err(Malformed("a string is not text"));
        }
        let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        let text = units.strip_suffix(&[0]).unwrap_or(&units);
        String::from_utf16(text).map_err(|_| Malformed("a string is not UTF-16"))
    }

    pub fn to_bytes(&self) -> Result<Vec<u8>, Malformed> {
        let mut bytes = vec![0; HEADER];
        bytes.extend(wide(&self.key));
        align(&mut bytes);
        bytes.extend(&self.value);
        for child in &self.children {
            align(&mut bytes);
            bytes.extend(child.to_bytes()?);
        }
        let value = if self.is_text {
            self.value.len() / 2
        } else {
            self.value.len()
        };
        let fields = [bytes.len(), value, usize::from(self.is_text)];
        for (field, place) in fields.into_iter().zip(bytes.as_chunks_mut::<2>().0) {
            *place = u16::try_from(field)
                .map_err(|_| Malformed("a block is over 64 KiB"))?
                .to_le_bytes();
        }
        Ok(bytes)
    }

    /// Reads the block at the start of `bytes`.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let word = |index: usize| {
            let word = bytes.as_chunks::<2>().0.get(index).copied();
            word.map(u16::from_le_bytes)
                .ok_or(Malformed("it ends too early"))
        };
        let (length, value_length, kind) = (usize::from(word(0)?), usize::from(word(1)?), word(2)?);
        let block = bytes
            .get(..length)
            .ok_or(Malformed("a block is longer than what holds it"))?;
        let mut units = Vec::new();
        for index in HEADER / 2.. {
            match word(index)? {
                0 => break,
                unit => units.push(unit),
            }
        }
        let key = String::from_utf16(&units).map_err(|_| Malformed("a key is not UTF-16"))?;
        let is_text = kind == 1;
        let start = (HEADER + (units.len() + 1) * 2).next_multiple_of(4);
        let end = start + value_length * if is_text { 2 } else { 1 };
        let value = if value_length == 0 {
            &[]
        } else {
            block
                .get(start..end)
                .ok_or(Malformed("a value is longer than its block"))?
        };
        let mut children = Vec::new();
        let mut at = end.next_multiple_of(4);
        while at < block.len() {
            let rest = block.get(at..).unwrap_or_default();
            let size = rest.first_chunk::<2>().copied().map(u16::from_le_bytes);
            if size.is_none_or(|size| usize::from(size) < HEADER) {
                return Err(Malformed("a block is shorter than its header"));
            }
            children.push(Self::read(rest)?);
            at += usize::from(size.unwrap_or_default()).next_multiple_of(4);
        }
        Ok(Self {
            key,
            is_text,
            value: value.to_vec(),
            children,
        })
    }
}

/// Fills up to a multiple of 4.
pub fn align(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// UTF-16 with its end.
fn wide(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}
