// SPDX-License-Identifier: MIT OR Apache-2.0
//! The registry: keys by path, values with types.

use crate::nt::*;
use crate::state::Global;
use std::collections::BTreeMap;

/// A typed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// REG_SZ, REG_DWORD, …
    pub kind: u32,
    /// Its bytes, as the type has them.
    pub data: Vec<u8>,
}

impl Value {
    /// REG_DWORD
    pub fn dword(v: u32) -> Value {
        Value {
            kind: REG_DWORD,
            data: v.to_le_bytes().to_vec(),
        }
    }

    /// REG_QWORD
    pub fn qword(v: u64) -> Value {
        Value {
            kind: REG_QWORD,
            data: v.to_le_bytes().to_vec(),
        }
    }

    /// REG_SZ
    pub fn text(v: &str) -> Value {
        Value::wide(REG_SZ, &wide(v))
    }

    /// REG_EXPAND_SZ
    pub fn expand(v: &str) -> Value {
        Value::wide(REG_EXPAND_SZ, &wide(v))
    }

    /// REG_MULTI_SZ
    pub fn texts<T: AsRef<str>>(v: &[T]) -> Value {
        let mut units: Vec<u16> = v.iter().flat_map(|text| wide(text.as_ref())).collect();
        units.push(0);
        Value::wide(REG_MULTI_SZ, &units)
    }

    fn wide(kind: u32, units: &[u16]) -> Value {
        Value {
            kind,
            data: units.iter().flat_map(|u| u.to_le_bytes()).collect(),
        }
    }

    /// REG_BINARY
    pub fn binary(v: &[u8]) -> Value {
        Value {
            kind: REG_BINARY,
            data: v.to_vec(),
        }
    }

    /// Of a REG_DWORD.
    pub fn number(&self) -> Option<u32> {
        match (self.kind, self.data.as_slice().try_into()) {
            (REG_DWORD, Ok(bytes)) => Some(u32::from_le_bytes(bytes)),
            _ => None,
        }
    }

    /// Of a REG_SZ or REG_EXPAND_SZ; of a REG_MULTI_SZ the first.
    pub fn string(&self) -> Option<String> {
        self.strings()?.into_iter().next()
    }

    /// Of a REG_MULTI_SZ, or one string.
    pub fn strings(&self) -> Option<Vec<String>> {
        let units: Vec<u16> = self
            .data
            .as_chunks::<2>()
            .0
            .iter()
            .map(|c| u16::from_le_bytes(*c))
            .collect();
        let strings = || units.split(|u| *u == 0).map(String::from_utf16_lossy);
        match self.kind {
            REG_SZ | REG_EXPAND_SZ => Some(strings().take(1).collect()),
            REG_MULTI_SZ => Some(strings().take_while(|text| !text.is_empty()).collect()),
            _ => None,
        }
    }
}

#[derive(Default)]
pub(crate) struct Key {
    /// As written by who made it.
    name: String,
    /// By folded name: the name as written, and the value.
    pub values: BTreeMap<String, (String, Value)>,
}

/// Keys by folded path, without a trailing backslash.
static KEYS: Global<BTreeMap<String, Key>> = Global::new(BTreeMap::new());

pub(crate) fn fold(path: &str) -> String {
    path.trim_end_matches('\\').to_lowercase()
}

/// There is a key of this path.
pub fn exists(path: &str) -> bool {
    KEYS.get().contains_key(&fold(path))
}

/// Makes a key and those above it. True if it is new.
pub(crate) fn create(path: &str) -> bool {
    let path = path.trim_end_matches('\\');
    let new = !exists(path);
    let ends = path.match_indices('\\').map(|(at, _)| at);
    for end in ends.chain([path.len()]).filter(|end| *end > 0) {
        let path = &path[..end];
        KEYS.get().entry(fold(path)).or_insert_with(|| Key {
            name: path.rsplit('\\').next().unwrap_or_default().to_owned(),
            ..Key::default()
        });
    }
    new
}

pub(crate) fn delete(path: &str) {
    KEYS.get().remove(&fold(path));
}

/// Deletes a key and all below it.
pub(crate) fn delete_tree(path: &str) {
    let path = fold(path);
    let below = format!("{path}\\");
    KEYS.get()
        .retain(|known, _| *known != path && !known.starts_with(&below));
}

/// Deletes a key that has neither values nor keys below it.
pub fn delete_if_empty(path: &str) {
    let empty = key(path).is_some_and(|key| key.values.is_empty());
    if empty && subkeys(path).is_empty() {
        delete(path);
    }
}

pub(crate) fn key(path: &str) -> Option<&'static mut Key> {
    KEYS.get().get_mut(&fold(path))
}

/// Sets a value, making the key if needed.
pub fn set(path: &str, name: &str, value: Value) {
    create(path);
    if let Some(k) = key(path) {
        k.values
            .insert(name.to_lowercase(), (name.to_owned(), value));
    }
}

/// Deletes a value, if there is one.
pub fn remove(path: &str, name: &str) {
    if let Some(key) = key(path) {
        key.values.remove(&fold(name));
    }
}

/// A value of a key.
pub fn get(path: &str, name: &str) -> Option<Value> {
    key(path)?
        .values
        .get(&name.to_lowercase())
        .map(|(_, v)| v.clone())
}

/// Names of the keys directly below.
pub fn subkeys(path: &str) -> Vec<String> {
    let prefix = fold(path) + "\\";
    KEYS.get()
        .range(prefix.clone()..)
        .take_while(|(k, _)| k.starts_with(&prefix))
        .filter(|(k, _)| !k[prefix.len()..].contains('\\'))
        .map(|(_, key)| key.name.clone())
        .collect()
}

/// All keys, by folded path, with their values.
pub fn snapshot() -> BTreeMap<String, BTreeMap<String, Value>> {
    let values = |key: &Key| key.values.values().cloned().collect();
    let keys = KEYS.get().iter();
    keys.map(|(path, key)| (path.clone(), values(key)))
        .collect()
}
