// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writing a catalog for a signer to sign.

use super::asn1::*;
use super::{Catalog, Member};
use anyhow::{Context, Result};
use der::asn1::{Any, BitString, BmpString, Null, OctetString, SetOfVec, UtcTime};
use der::{Encode, Tag};
use sha2::{Digest, Sha256};

/// `CRYPTCAT_ATTR_AUTHENTICATED | CRYPTCAT_ATTR_NAMEASCII | CRYPTCAT_ATTR_DATAASCII`
const ATTRIBUTE_FLAGS: u32 = 0x1001_0001;
/// An empty `SpcLink` to a file.
const NO_FILE: [u8; 4] = [0xA2, 2, 0x80, 0];

impl Catalog {
    /// The catalog without a signature.
    ///
    /// # Errors
    /// A name or time that the format has no place for.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut members = self.members.clone();
        members.sort_by_key(|member| member.digest);
        let mut entries = Vec::new();
        for member in &members {
            entries.push(entry(member, &member.digest, Some(indirect(member)?))?);
            entries.push(entry(member, &member.sha1, None)?);
        }
        // By the bytes of the names, of both lengths among each other.
        entries.sort_by(|a, b| a.subject.as_bytes().cmp(b.subject.as_bytes()));
        let mut extensions = vec![extension("OS", &self.systems)?];
        for (index, id) in self.hardware_ids.iter().enumerate() {
            extensions.push(extension(&format!("HWID{}", index + 1), id)?);
        }
        let list = TrustList {
            usage: vec![CATALOG_LIST],
            identifier: OctetString::new(identifier(&members))?,
            this_update: UtcTime::from_unix_duration(self.time).context("the catalog's time")?,
            algorithm: algorithm(CATALOG_LIST_MEMBER_2),
            entries,
            extensions,
        };
        let data = UnsignedData {
            version: 1,
            digest_algorithms: SetOfVec::new(),
            content: ContentInfo {
                kind: TRUST_LIST,
                content: Any::encode_from(&list)?,
            },
            signers: SetOfVec::new(),
        };
        let file = ContentInfo {
            kind: SIGNED_DATA,
            content: Any::encode_from(&data)?,
        };
        Ok(file.to_der()?)
    }
}

/// Inf2Cat takes 16 random bytes; the same files give the same catalog here.
fn identifier(members: &[Member]) -> Vec<u8> {
    let digests = members.iter().map(|member| member.digest);
    let hash = Sha256::digest(digests.collect::<Vec<_>>().concat());
    hash[..16].to_vec()
}

/// The hash as a signature would hold it: of the SHA-256 member alone.
fn indirect(member: &Member) -> Result<IndirectData> {
    let (kind, subject) = subject(member.is_image)?;
    Ok(IndirectData {
        data: IndirectSubject {
            kind,
            value: subject,
        },
        digest: DigestInfo {
            algorithm: algorithm(SHA_256),
            digest: OctetString::new(member.digest)?,
        },
    })
}

fn entry(member: &Member, name: &[u8], indirect: Option<IndirectData>) -> Result<Entry> {
    // Of which kind the subject is.
    let number = if member.is_image { 0 } else { 2 };
    let info = Tag::ContextSpecific {
        constructed: false,
        number: der::TagNumber(number),
    };
    let mut attributes = vec![
        attribute(MEMBER_INFO_2, Any::new(info, [])?)?,
        attribute(
            NAME_VALUE,
            Any::encode_from(&name_value("OSAttr", &member.systems)?)?,
        )?,
        attribute(
            NAME_VALUE,
            Any::encode_from(&name_value("File", &member.name)?)?,
        )?,
    ];
    if let Some(indirect) = indirect {
        attributes.push(attribute(INDIRECT_DATA, Any::encode_from(&indirect)?)?);
    }
    Ok(Entry {
        subject: OctetString::new(name)?,
        attributes: SetOfVec::try_from(attributes)?,
    })
}

/// What an indirect hash is of.
fn subject(is_image: bool) -> Result<(der::asn1::ObjectIdentifier, Any)> {
    let file: Any = der::Decode::from_der(&NO_FILE)?;
    if !is_image {
        return Ok((FLAT_DATA, file));
    }
    // Resources and import table are included.
    let flags = BitString::new(5, [0xA0])?;
    Ok((
        PE_IMAGE_DATA,
        Any::encode_from(&PeImageData { flags, file })?,
    ))
}

fn algorithm(kind: der::asn1::ObjectIdentifier) -> Algorithm {
    Algorithm {
        kind,
        parameters: Null,
    }
}

fn attribute(kind: der::asn1::ObjectIdentifier, value: Any) -> Result<Attribute> {
    Ok(Attribute {
        kind,
        values: SetOfVec::try_from([value])?,
    })
}

fn extension(name: &str, value: &str) -> Result<Extension> {
    Ok(Extension {
        kind: NAME_VALUE,
        value: OctetString::new(name_value(name, value)?.to_der()?)?,
    })
}

fn name_value(name: &str, value: &str) -> Result<NameValue> {
    let value: Vec<u8> = value
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    Ok(NameValue {
        name: BmpString::from_utf8(name)?,
        flags: ATTRIBUTE_FLAGS,
        value: OctetString::new(value)?,
    })
}
