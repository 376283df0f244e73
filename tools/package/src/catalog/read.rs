// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading a catalog, signed or not.

use super::asn1::*;
use super::{Catalog, Member};
use anyhow::{Context, Result, bail, ensure};
use der::asn1::{Any, ObjectIdentifier};
use der::{Decode, Encode};

impl Catalog {
    /// Reads a catalog as [`Catalog::to_bytes`] writes it; signatures are passed over.
    ///
    /// # Errors
    /// Where it is another file, or a catalog of another kind.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let file = ContentInfo::from_der(bytes).context("no PKCS#7 file")?;
        ensure!(file.kind == SIGNED_DATA, "no signed data");
        // Version, digest algorithms, content, and what signers add.
        let data: Vec<Any> = file.content.decode_as().context("no signed data")?;
        let content = data.get(2).context("signed data without content")?;
        let content: ContentInfo = content.decode_as()?;
        ensure!(content.kind == TRUST_LIST, "no certificate trust list");
        let list: TrustList = content.content.decode_as().context("no catalog")?;
        ensure!(list.usage == [CATALOG_LIST], "the list is no catalog");
        ensure!(
            list.algorithm.kind == CATALOG_LIST_MEMBER_2,
            "the members are not named by SHA-256"
        );
        let (short, long): (Vec<&Entry>, Vec<&Entry>) = list
            .entries
            .iter()
            .partition(|entry| entry.subject.as_bytes().len() == SHA_1);
        let sha1: Vec<(String, [u8; SHA_1])> =
            short.into_iter().map(short_member).collect::<Result<_>>()?;
        ensure!(
            sha1.len() == long.len(),
            "a file has not one member by SHA-256 and one by SHA-1"
        );
        let mut catalog = Self {
            time: list.this_update.to_unix_duration(),
            systems: String::new(),
            hardware_ids: Vec::new(),
            members: long
                .into_iter()
                .map(|entry| member(entry, &sha1))
                .collect::<Result<_>>()?,
        };
        for extension in &list.extensions {
            if extension.kind == NAME_VALUE {
                match text(&NameValue::from_der(extension.value.as_bytes())?)? {
                    (name, value) if name == "OS" => catalog.systems = value,
                    (name, value) if name.starts_with("HWID") => catalog.hardware_ids.push(value),
                    _ => {}
                }
            }
        }
        Ok(catalog)
    }
}

/// Bytes of a SHA-1.
const SHA_1: usize = 20;

/// The file's name and its SHA-1, which is the member's name.
fn short_member(entry: &Entry) -> Result<(String, [u8; SHA_1])> {
    ensure!(
        value(entry, INDIRECT_DATA).next().is_none(),
        "a member by SHA-1 with a hash of its own"
    );
    let (name, _) = texts(entry)?;
    Ok((name, entry.subject.as_bytes().try_into()?))
}

fn member(entry: &Entry, sha1: &[(String, [u8; SHA_1])]) -> Result<Member> {
    let indirect: IndirectData = value(entry, INDIRECT_DATA)
        .next()
        .context("a member without its hash")?
        .decode_as()?;
    ensure!(
        indirect.digest.algorithm.kind == SHA_256,
        "a member's hash is not SHA-256"
    );
    let digest = indirect.digest.digest.as_bytes();
    ensure!(
        digest == entry.subject.as_bytes(),
        "a member with two hashes"
    );
    let (name, systems) = texts(entry)?;
    let sha1 = sha1.iter().find(|(file, _)| *file == name);
    Ok(Member {
        sha1: sha1
            .with_context(|| format!("{name} has no member by SHA-1"))?
            .1,
        name,
        systems,
        is_image: indirect.data.kind == PE_IMAGE_DATA,
        digest: digest.try_into().context("a hash has another length")?,
    })
}

/// `File` and `OSAttr` of a member.
fn texts(entry: &Entry) -> Result<(String, String)> {
    let (mut name, mut systems) = (None, None);
    for attribute in value(entry, NAME_VALUE) {
        match text(&attribute.decode_as()?)? {
            (key, value) if key == "File" => name = Some(value),
            (key, value) if key == "OSAttr" => systems = Some(value),
            _ => {}
        }
    }
    Ok((
        name.context("a member without a file's name")?,
        systems.unwrap_or_default(),
    ))
}

/// The values of a member's attributes of one kind.
fn value(entry: &Entry, kind: ObjectIdentifier) -> impl Iterator<Item = &Any> {
    let attributes = entry.attributes.iter();
    attributes
        .filter(move |attribute| attribute.kind == kind)
        .flat_map(|attribute| attribute.values.iter())
}

fn text(attribute: &NameValue) -> Result<(String, String)> {
    let (units, rest) = attribute.value.as_bytes().as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let Some(value) = units.strip_suffix(&[0]).filter(|_| rest.is_empty()) else {
        bail!("{} is not text", attribute.name);
    };
    Ok((attribute.name.to_string(), String::from_utf16(value)?))
}

/// The trust list of a catalog, without signatures.
///
/// # Errors
/// Where it is no catalog.
pub fn content(bytes: &[u8]) -> Result<Vec<u8>> {
    let file = ContentInfo::from_der(bytes)?;
    let data: Vec<Any> = file.content.decode_as()?;
    Ok(data
        .get(2)
        .context("signed data without content")?
        .to_der()?)
}
