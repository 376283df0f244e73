// SPDX-License-Identifier: MIT OR Apache-2.0
//! The version resource says what Cargo says.

use super::Image;
use crate::{DRIVER, Findings, Product};
use arioso_resource::{self as resource, VersionResource};
use object::LittleEndian as LE;
use object::read::pe::{ResourceDirectoryEntryData, ResourceDirectoryTable, ResourceNameOrId};

pub fn check(image: &Image, product: &Product, findings: &mut Findings) {
    let data = match data(image) {
        Ok(Some(data)) => data,
        Ok(None) => return findings.add("version", "has no version resource"),
        Err(error) => {
            return findings.add("version", format!("its resources are damaged: {error}"));
        }
    };
    let found = match VersionResource::read(data) {
        Ok(found) => found,
        Err(error) => return findings.add("version", error.to_string()),
    };
    for (name, version) in [
        ("file version", found.file_version),
        ("product version", found.product_version),
    ] {
        findings.expect(version == product.numbers, "version", || {
            format!(
                "has the {name} {version:?}, Cargo.toml {:?}",
                product.numbers
            )
        });
    }
    let kind = (found.file_type, found.file_subtype);
    findings.expect(
        kind == (resource::DRIVER, resource::SOUND_DRIVER),
        "version",
        || format!("has the file type {kind:?}, must be a sound driver's (3, 9)"),
    );
    let copyright = format!("Copyright (c) {}. {}", product.authors, product.license);
    for (name, wanted) in [
        ("CompanyName", &*product.authors),
        ("FileDescription", &product.description),
        ("FileVersion", &product.version),
        ("InternalName", "arioso"),
        ("LegalCopyright", &copyright),
        ("OriginalFilename", DRIVER),
        ("ProductName", "Arioso"),
        ("ProductVersion", &product.version),
    ] {
        let text = found.string(name);
        findings.expect(text == Some(wanted), "version", || {
            let text = text.unwrap_or("nothing");
            format!("has {text:?} as {name}, must be {wanted:?}")
        });
    }
}

/// The bytes of the version resource, in whatever language.
fn data<'a>(image: &Image<'a>) -> object::read::Result<Option<&'a [u8]>> {
    let sections = image.pe.section_table();
    let directories = image.pe.data_directories();
    let Some(directory) = directories.resource_directory(image.bytes, &sections)? else {
        return Ok(None);
    };
    let below = |table: ResourceDirectoryTable<'a>, id: Option<u16>| {
        let mut entries = table.entries.iter();
        let entry = entries.find(|entry| match (entry.name_or_id(), id) {
            (ResourceNameOrId::Id(found), Some(id)) => found == id,
            (_, id) => id.is_none(),
        });
        entry.map(|entry| entry.data(directory)).transpose()
    };
    let mut table = directory.root()?;
    for id in [Some(resource::TYPE), Some(resource::NAME), None] {
        match below(table, id)? {
            Some(ResourceDirectoryEntryData::Table(next)) => table = next,
            Some(ResourceDirectoryEntryData::Data(entry)) => {
                let address = entry.offset_to_data.get(LE);
                let bytes = sections.pe_data_at(image.bytes, address);
                return Ok(bytes.and_then(|bytes| bytes.get(..entry.size.get(LE) as usize)));
            }
            None => break,
        }
    }
    Ok(None)
}
