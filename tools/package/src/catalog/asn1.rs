// SPDX-License-Identifier: MIT OR Apache-2.0
//! A catalog's ASN.1: PKCS#7 signed data around a certificate trust list whose entries are files.

use der::asn1::{
    Any, BitString, BmpString, Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime,
};
use der::{Sequence, ValueOrd};

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// PKCS#7 signed data.
pub const SIGNED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.2");
pub const SHA_256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
/// `szOID_CTL`
pub const TRUST_LIST: ObjectIdentifier = oid("1.3.6.1.4.1.311.10.1");
/// `szOID_CATALOG_LIST`
pub const CATALOG_LIST: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.1.1");
/// `szOID_CATALOG_LIST_MEMBER2`: members are named by their bare hash.
pub const CATALOG_LIST_MEMBER_2: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.1.3");
/// `CAT_NAMEVALUE_OBJID`
pub const NAME_VALUE: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.2.1");
/// `CAT_MEMBERINFO2_OBJID`
pub const MEMBER_INFO_2: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.2.3");
/// `SPC_INDIRECT_DATA_OBJID`
pub const INDIRECT_DATA: ObjectIdentifier = oid("1.3.6.1.4.1.311.2.1.4");
/// `SPC_PE_IMAGE_DATA_OBJID`
pub const PE_IMAGE_DATA: ObjectIdentifier = oid("1.3.6.1.4.1.311.2.1.15");
/// `SPC_CAB_DATA_OBJID`, which serves for every flat file.
pub const FLAT_DATA: ObjectIdentifier = oid("1.3.6.1.4.1.311.2.1.25");

#[derive(Clone, Debug, Sequence)]
pub struct ContentInfo {
    pub kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub content: Any,
}

/// Signed data before anybody signed it.
#[derive(Clone, Debug, Sequence)]
pub struct UnsignedData {
    pub version: u8,
    pub digest_algorithms: SetOfVec<Any>,
    pub content: ContentInfo,
    pub signers: SetOfVec<Any>,
}

#[derive(Clone, Debug, Sequence)]
pub struct TrustList {
    pub usage: Vec<ObjectIdentifier>,
    pub identifier: OctetString,
    pub this_update: UtcTime,
    pub algorithm: Algorithm,
    pub entries: Vec<Entry>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub extensions: Vec<Extension>,
}

#[derive(Clone, Debug, Sequence)]
pub struct Algorithm {
    pub kind: ObjectIdentifier,
    pub parameters: Null,
}

#[derive(Clone, Debug, Sequence)]
pub struct Entry {
    pub subject: OctetString,
    pub attributes: SetOfVec<Attribute>,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence, ValueOrd)]
pub struct Attribute {
    pub kind: ObjectIdentifier,
    pub values: SetOfVec<Any>,
}

#[derive(Clone, Debug, Sequence)]
pub struct Extension {
    pub kind: ObjectIdentifier,
    pub value: OctetString,
}

/// `CAT_NAMEVALUE`
#[derive(Clone, Debug, Sequence)]
pub struct NameValue {
    pub name: BmpString,
    pub flags: u32,
    /// UTF-16LE with its end.
    pub value: OctetString,
}

/// `SpcIndirectDataContent`
#[derive(Clone, Debug, Sequence)]
pub struct IndirectData {
    pub data: IndirectSubject,
    pub digest: DigestInfo,
}

#[derive(Clone, Debug, Sequence)]
pub struct IndirectSubject {
    pub kind: ObjectIdentifier,
    pub value: Any,
}

#[derive(Clone, Debug, Sequence)]
pub struct DigestInfo {
    pub algorithm: Algorithm,
    pub digest: OctetString,
}

/// `SpcPeImageData`
#[derive(Clone, Debug, Sequence)]
pub struct PeImageData {
    pub flags: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub file: Any,
}
