// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every import exists in the oldest Windows, by the committed list.

use super::Image;
use crate::Findings;
use object::LittleEndian as LE;
use object::pe::ImageNtHeaders64;
use object::read::Result;
use object::read::pe::Import as Entry;
use std::collections::BTreeMap;

/// Major, minor, build: Windows 10 2004.
pub const OLDEST: [u32; 3] = [10, 0, 19041];

const LIST: &str = include_str!("../../../xtask/wdk/imports.txt");

/// Module and function.
pub type Import = (&'static str, &'static str);

pub fn check(image: &Image, findings: &mut Findings) {
    let list = match list() {
        Ok(list) => list,
        Err(line) => return findings.add("import", format!("imports.txt is wrong: {line}")),
    };
    let imports = match imports(image) {
        Ok(imports) => imports,
        Err(error) => {
            return findings.add("import", format!("the import table is damaged: {error}"));
        }
    };
    findings.expect(!imports.is_empty(), "import", || {
        "imports nothing".to_owned()
    });
    for (module, name) in &imports {
        match list.get(&(&**module, &**name)) {
            None => findings.add(
                "import",
                format!("imports {module}!{name}, which is not in tools/xtask/wdk/imports.txt"),
            ),
            Some(since) if *since > OLDEST => {
                let [major, minor, build] = since;
                findings.add(
                    "import",
                    format!(
                        "imports {module}!{name}, which only Windows {major}.{minor}.{build} has"
                    ),
                );
            }
            Some(_) => {}
        }
    }
}

fn imports(image: &Image) -> Result<Vec<(String, String)>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut imports = Vec::new();
    let Some(table) = image.pe.import_table()? else {
        return Ok(imports);
    };
    let mut descriptors = table.descriptors()?;
    while let Some(descriptor) = descriptors.next()? {
        let module = text(table.name(descriptor.name.get(LE))?);
        let mut thunks = table.thunks(descriptor.original_first_thunk.get(LE))?;
        while let Some(thunk) = thunks.next::<ImageNtHeaders64>()? {
            let name = match table.import::<ImageNtHeaders64>(thunk)? {
                Entry::Name(_, name) => text(name),
                Entry::Ordinal(ordinal) => format!("#{ordinal}"),
            };
            imports.push((module.clone(), name));
        }
    }
    Ok(imports)
}

/// What may be imported, and the first Windows that exports it: `tools/xtask/wdk/imports.txt`.
///
/// # Errors
/// A line that is none.
pub fn list() -> std::result::Result<BTreeMap<Import, [u32; 3]>, String> {
    let mut module = "";
    let mut list = BTreeMap::new();
    for line in LIST.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            module = name.trim_end_matches(']');
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[name, since] = &words[..] else {
            return Err(line.to_owned());
        };
        let since = version(since).ok_or(line)?;
        if list.insert((module, name), since).is_some() {
            return Err(format!("{module}!{name} twice"));
        }
    }
    Ok(list)
}

fn version(name: &str) -> Option<[u32; 3]> {
    Some(match name {
        "2000" => [5, 0, 2195],
        "XP" => [5, 1, 2600],
        "2003" => [5, 2, 3790],
        "Vista" => [6, 0, 6000],
        "7" => [6, 1, 7600],
        "8" => [6, 2, 9200],
        "8.1" => [6, 3, 9600],
        build => [10, 0, build.strip_prefix("10.0.")?.parse().ok()?],
    })
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, list};

    #[test]
    fn the_list_knows_nothing_newer_than_the_oldest_windows() {
        let list = list().expect("imports.txt");
        assert!(list.len() > 100);
        for ((module, name), since) in list {
            assert!(since <= OLDEST, "{module}!{name}: {since:?}");
        }
    }
}
