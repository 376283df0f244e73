//! The registry: keys by path, values with types.

use crate::nt::*;
use crate::state::Global;
use std::collections::BTreeMap;

/// A typed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// REG_SZ, REG_DWORD, …
    pub kind: u32,
    pub data: Vec<u8>,
}

impl Value {
    pub fn dword(v: u32) -> Value {
        Value {
            kind: REG_DWORD,
            data: v.to_le_bytes().to_vec(),
        }
    }

    pub fn qword(v: u64) -> Value {
        Value {
            kind: REG_QWORD,
            data: v.to_le_bytes().to_vec(),
        }
    }

    pub fn text(v: &str) -> Value {
        Value {
            kind: REG_SZ,
            data: wide(v).iter().flat_map(|u| u.to_le_bytes()).collect(),
        }
    }

    pub fn binary(v: &[u8]) -> Value {
        Value {
            kind: REG_BINARY,
            data: v.to_vec(),
        }
    }
}

#[derive(Default)]
pub(crate) struct Key {
    /// By folded name: the name as written, and the value.
    pub values: BTreeMap<String, (String, Value)>,
}

/// Keys by folded path, without a trailing backslash.
static KEYS: Global<BTreeMap<String, Key>> = Global::new(BTreeMap::new());

pub(crate) fn fold(path: &str) -> String {
    path.trim_end_matches('\\').to_lowercase()
}

pub(crate) fn exists(path: &str) -> bool {
    KEYS.get().contains_key(&fold(path))
}

/// Makes a key and those above it. True if it is new.
pub(crate) fn create(path: &str) -> bool {
    let path = fold(path);
    let mut end = 0;
    while let Some(next) = path[end..].find('\\') {
        let parent = &path[..end + next];
        if !parent.is_empty() {
            KEYS.get().entry(parent.to_owned()).or_default();
        }
        end += next + 1;
    }
    let new = !KEYS.get().contains_key(&path);
    KEYS.get().entry(path).or_default();
    new
}

pub(crate) fn delete(path: &str) {
    KEYS.get().remove(&fold(path));
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

pub(crate) fn get(path: &str, name: &str) -> Option<Value> {
    key(path)?
        .values
        .get(&name.to_lowercase())
        .map(|(_, v)| v.clone())
}

/// Names of the keys directly below.
pub(crate) fn subkeys(path: &str) -> Vec<String> {
    let prefix = fold(path) + "\\";
    KEYS.get()
        .range(prefix.clone()..)
        .take_while(|(k, _)| k.starts_with(&prefix))
        .filter_map(|(k, _)| {
            let rest = &k[prefix.len()..];
            (!rest.contains('\\')).then(|| rest.to_owned())
        })
        .collect()
}
