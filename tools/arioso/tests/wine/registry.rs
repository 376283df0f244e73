// SPDX-License-Identifier: MIT OR Apache-2.0
//! Wine's registry files.

use arioso_inf::Data;
use std::collections::BTreeMap;

/// Keys with their values, as written; names in lower case, because the registry does not mind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry(pub BTreeMap<String, BTreeMap<String, String>>);

impl Registry {
    /// Reads a file of a prefix; `root` is what its keys are below.
    pub fn read(&mut self, root: &str, text: &str) {
        let text = text.replace("\\\n  ", "");
        let mut key = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix('[') {
                let name = rest.rsplit_once(']').map_or(rest, |(name, _)| name);
                let name = format!("{root}\\{}", unescape(name)).to_lowercase();
                self.0.entry(name.clone()).or_default();
                key = Some(name);
            } else if let (Some(key), Some((name, data))) = (&key, value(line)) {
                let values = self.0.entry(key.clone()).or_default();
                values.insert(name.to_lowercase(), data);
            }
        }
    }

    /// A value; no name means the key's own.
    pub fn get(&self, key: &str, name: &str) -> Option<Data> {
        let values = self.0.get(&key.to_lowercase())?;
        data(values.get(&name.to_lowercase())?)
    }

    /// Text of any kind.
    pub fn text(&self, key: &str, name: &str) -> Option<String> {
        match self.get(key, name)? {
            Data::Text(text) | Data::Expand(text) => Some(text),
            Data::Texts(texts) => texts.into_iter().next(),
            _ => None,
        }
    }

    /// What `after` has and this does not, and the reverse, one line each.
    pub fn differences(&self, after: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let one_way = |from: &Self, to: &Self, sign: char, lines: &mut Vec<String>| {
            for (key, values) in &from.0 {
                let Some(there) = to.0.get(key) else {
                    // A key without values is written only while there is nothing below it.
                    let below = format!(r"{key}\");
                    let implied = to.0.range(below.clone()..).next();
                    if !values.is_empty()
                        || !implied.is_some_and(|(key, _)| key.starts_with(&below))
                    {
                        lines.push(format!("{sign} {key}"));
                    }
                    continue;
                };
                for (name, data) in values {
                    if there.get(name) != Some(data) {
                        lines.push(format!("{sign} {key} {name:?} = {data}"));
                    }
                }
            }
        };
        one_way(self, after, '-', &mut lines);
        one_way(after, self, '+', &mut lines);
        lines
    }
}

/// `"name"=data` or `@=data`.
fn value(line: &str) -> Option<(String, String)> {
    if let Some(data) = line.strip_prefix("@=") {
        return Some((String::new(), data.into()));
    }
    let rest = line.strip_prefix('"')?;
    let mut escaped = false;
    let end = rest.find(|c| {
        let quote = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        quote
    })?;
    let data = rest[end + 1..].strip_prefix('=')?;
    Some((unescape(&rest[..end]), data.into()))
}

fn data(written: &str) -> Option<Data> {
    let quoted = |text: &str| Some(unescape(text.strip_prefix('"')?.strip_suffix('"')?));
    if let Some(text) = quoted(written) {
        return Some(Data::Text(text));
    }
    let (kind, rest) = written.split_once(':')?;
    let bytes = || -> Option<Vec<u8>> {
        let bytes = rest.split(',').filter(|byte| !byte.is_empty());
        bytes
            .map(|byte| u8::from_str_radix(byte.trim(), 16).ok())
            .collect()
    };
    Some(match kind {
        "dword" => Data::Number(u32::from_str_radix(rest, 16).ok()?),
        "str(2)" => Data::Expand(quoted(rest)?),
        "str(7)" => Data::Texts(strings(&quoted(rest)?)),
        "hex" => Data::Binary(bytes()?),
        "hex(7)" => {
            let bytes = bytes()?;
            let units = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            Data::Texts(strings(&String::from_utf16_lossy(
                &units.collect::<Vec<_>>(),
            )))
        }
        _ => return None,
    })
}

fn strings(text: &str) -> Vec<String> {
    text.split('\0')
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('0') => out.push('\0'),
                Some(c) => out.push(c),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

#[test]
fn files_of_wine_are_read() {
    let mut registry = Registry::default();
    registry.read(
        "HKLM",
        "WINE REGISTRY Version 2\n\n[System\\\\A{1}] 17\n#time=1\n@=\"own\"\n\"N \\\"q\\\"\"=dword:0000000a\n\"E\"=str(2):\"a\\\\b\"\n\
         \"M\"=str(7):\"x\\0y\\0\"\n\"H\"=hex:01,\\\n  02\n",
    );
    let key = r"hklm\system\a{1}";
    assert_eq!(registry.text(key, ""), Some("own".into()));
    assert_eq!(registry.get(key, "n \"q\""), Some(Data::Number(10)));
    assert_eq!(registry.get(key, "e"), Some(Data::Expand(r"a\b".into())));
    assert_eq!(
        registry.get(key, "m"),
        Some(Data::Texts(vec!["x".into(), "y".into()]))
    );
    assert_eq!(registry.get(key, "h"), Some(Data::Binary(vec![1, 2])));
    let mut more = registry.clone();
    more.read("HKLM", "[System\\\\A{1}]\n\"e\"=\"c\"\n[B]\n");
    // Made a parent: no difference of its own.
    registry.read("HKLM", "[C]\n");
    more.read("HKLM", "[C\\\\D]\n");
    let lines = registry.differences(&more);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[1].starts_with("+ hklm\\b") && lines[0].starts_with("- "));
}
