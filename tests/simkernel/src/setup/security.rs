// SPDX-License-Identifier: MIT OR Apache-2.0
//! Security descriptors: their text (SDDL) to the self-relative form of MS-DTYP §2.4.6, and what they grant.
//!
//! Owner, group and a discretionary list of the entries `A` and `D` by well-known names or SIDs.

/// `SE_DACL_PRESENT`, `SE_DACL_PROTECTED`, `SE_SELF_RELATIVE`
const PRESENT: u16 = 0x0004;
const PROTECTED: u16 = 0x1000;
const SELF_RELATIVE: u16 = 0x8000;

/// Right to read, whatever that is for the object.
pub const GENERIC_READ: u32 = 0x8000_0000;
/// Right to write, whatever that is for the object.
pub const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_ALL: u32 = 0x1000_0000;

const RIGHTS: &[(&str, u32)] = &[
    ("GA", GENERIC_ALL),
    ("GR", GENERIC_READ),
    ("GW", GENERIC_WRITE),
    ("GX", 0x2000_0000),
    ("RC", 0x0002_0000),
    ("SD", 0x0001_0000),
    ("WD", 0x0004_0000),
    ("WO", 0x0008_0000),
];

/// Identifier authority and subauthorities.
type Sid = (u8, &'static [u32]);

/// Everybody.
pub const WORLD: Sid = (1, &[0]);

const ACCOUNTS: &[(&str, Sid)] = &[
    ("WD", WORLD),
    ("SY", (5, &[18])),
    ("LS", (5, &[19])),
    ("NS", (5, &[20])),
    ("RC", (5, &[12])),
    ("AU", (5, &[11])),
    ("IU", (5, &[4])),
    ("BA", (5, &[32, 544])),
    ("BU", (5, &[32, 545])),
    ("AC", (15, &[2, 1])),
];

/// A descriptor with a discretionary list alone, `D:P(A;;GA;;;SY)…`.
///
/// # Errors
/// The part that is not understood.
pub fn parse(text: &str) -> Result<Vec<u8>, String> {
    let wrong =
        |part: &str| format!("the security descriptor {text:?}: {part:?} is not understood");
    let list = text.strip_prefix("D:").ok_or_else(|| wrong(text))?;
    let (flags, entries) = list.split_at(list.find('(').unwrap_or(list.len()));
    let mut control = PRESENT | SELF_RELATIVE;
    match flags {
        "" => {}
        "P" => control |= PROTECTED,
        flags => return Err(wrong(flags)),
    }
    let mut aces = Vec::new();
    let mut count = 0u16;
    let mut rest = entries;
    while !rest.is_empty() {
        let inner = rest.strip_prefix('(').ok_or_else(|| wrong(rest))?;
        let (entry, after) = inner.split_once(')').ok_or_else(|| wrong(rest))?;
        aces.extend(ace(entry).ok_or_else(|| wrong(entry))?);
        count += 1;
        rest = after;
    }
    // Header: revision, flags, offsets of owner, group and lists.
    let mut bytes = vec![1, 0];
    bytes.extend(control.to_le_bytes());
    bytes.extend([0u32, 0, 0, 20].map(u32::to_le_bytes).concat());
    let size = u16::try_from(8 + aces.len()).map_err(|_| wrong(text))?;
    bytes.extend([2, 0]);
    bytes.extend([size, count, 0].map(u16::to_le_bytes).concat());
    bytes.extend(aces);
    Ok(bytes)
}

fn ace(entry: &str) -> Option<Vec<u8>> {
    let fields: Vec<&str> = entry.split(';').collect();
    let [kind, "", rights, "", "", account] = fields[..] else {
        return None;
    };
    let kind = match kind {
        "A" => 0,
        "D" => 1,
        _ => return None,
    };
    let sid = sid(account)?;
    let mut bytes = vec![kind, 0];
    bytes.extend(u16::try_from(8 + sid.len()).ok()?.to_le_bytes());
    bytes.extend(mask(rights)?.to_le_bytes());
    bytes.extend(sid);
    Some(bytes)
}

fn mask(rights: &str) -> Option<u32> {
    if let Some(digits) = rights.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).ok();
    }
    let mut mask = 0;
    let (pairs, []) = rights.as_bytes().as_chunks::<2>() else {
        return None;
    };
    for pair in pairs {
        let (_, bits) = RIGHTS.iter().find(|(name, _)| name.as_bytes() == pair)?;
        mask |= bits;
    }
    Some(mask)
}

fn sid(account: &str) -> Option<Vec<u8>> {
    if let Some((_, (authority, parts))) = ACCOUNTS.iter().find(|(name, _)| *name == account) {
        return Some(sid_bytes(*authority, parts));
    }
    let mut numbers = account.strip_prefix("S-1-")?.split('-').map(str::parse);
    let authority = u8::try_from(numbers.next()?.ok()?).ok()?;
    let parts: Vec<u32> = numbers.collect::<Result<_, _>>().ok()?;
    Some(sid_bytes(authority, &parts))
}

fn sid_bytes(authority: u8, parts: &[u32]) -> Vec<u8> {
    let mut bytes = vec![1, parts.len() as u8, 0, 0, 0, 0, 0, authority];
    bytes.extend(parts.iter().flat_map(|part| part.to_le_bytes()));
    bytes
}

/// Whether the descriptor lets an account do all of `wanted`: as the access check goes, entry by entry.
#[must_use]
pub fn grants(descriptor: &[u8], account: Sid, wanted: u32) -> bool {
    let own = sid_bytes(account.0, account.1);
    let number = |bytes: &[u8], at: usize| -> Option<u16> {
        Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
    };
    let mut left = wanted;
    let mut rest = descriptor.get(28..).unwrap_or_default();
    while let Some(size) = number(rest, 2).filter(|size| *size >= 8) {
        let Some((entry, after)) = rest.split_at_checked(size.into()) else {
            return false;
        };
        let mask = entry.get(4..).and_then(|mask| mask.first_chunk());
        let mut mask = mask.map_or(0, |mask| u32::from_le_bytes(*mask));
        if mask & GENERIC_ALL != 0 {
            mask = u32::MAX;
        }
        if entry[8..] == own {
            match entry[0] {
                0 => left &= !mask,
                _ if left & mask != 0 => return false,
                _ => {}
            }
        }
        rest = after;
    }
    left == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layout by hand: header, ACL, an entry for SYSTEM and one for everybody.
    #[test]
    fn layout() {
        #[rustfmt::skip]
        let wanted = [
            1, 0, 4, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0,
            2, 0, 48, 0, 2, 0, 0, 0,
            0, 0, 20, 0, 0, 0, 0, 0x10, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,
            1, 0, 20, 0, 0, 0, 0, 0xC0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
        ];
        assert_eq!(parse("D:P(A;;GA;;;SY)(D;;GRGW;;;S-1-1-0)").unwrap(), wanted);
    }

    #[test]
    fn what_is_granted() {
        let both = GENERIC_READ | GENERIC_WRITE;
        for (text, granted) in [
            ("D:P(A;;GA;;;SY)(A;;GRGWGX;;;WD)", true),
            ("D:(A;;GA;;;WD)", true),
            ("D:(A;;GR;;;WD)(A;;GW;;;WD)", true),
            ("D:P(A;;GA;;;SY)(A;;GR;;;WD)", false),
            ("D:P(A;;GA;;;BA)", false),
            ("D:P(D;;GW;;;WD)(A;;GA;;;WD)", false),
            ("D:P(A;;GA;;;WD)(D;;GW;;;WD)", true),
            ("D:P", false),
        ] {
            assert_eq!(
                grants(&parse(text).unwrap(), WORLD, both),
                granted,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_understood() {
        for (text, part) in [
            ("", "\"\""),
            ("O:SY", "O:SY"),
            ("D:X(A;;GA;;;SY)", "\"X\""),
            ("D:(A;;GA;;;ZZ)", "A;;GA;;;ZZ"),
            ("D:(A;;GQ;;;SY)", "A;;GQ;;;SY"),
            ("D:(A;;GA;;SY)", "A;;GA;;SY"),
            ("D:(A;;GA;;;SY", "(A;;GA;;;SY"),
            ("D:(B;;GA;;;SY)", "B;;GA;;;SY"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
