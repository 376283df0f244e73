// SPDX-License-Identifier: MIT OR Apache-2.0
//! Data ranges are well-formed, intersections lie in them, and what an intersection gives is a format that the pin takes.

use super::{Subject, pin_property};
use crate::Client;
use crate::cases::report::status_name;
use crate::connect;
use crate::filter::PinInfo;
use crate::topology::intersection;
use crate::wire::Bytes;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{GUID, Wire, nt_success};

const HEAD: usize = size_of::<KSDATAFORMAT>();
/// A KSDATARANGE_MUSIC without its padding.
const MUSIC: usize = 92;

pub fn run<C: Client>(subject: &mut Subject<'_, C>) {
    for pin in subject.shape.pins.clone() {
        let property = pin_property(KSPROPERTY_PIN_DATARANGES, pin.id);
        let Ok(list) = property.get_sized(subject.client, subject.filter.handle) else {
            continue;
        };
        let ranges = split(&list);
        subject.rule(
            || format!("pin {}: a list of data ranges", pin.id),
            ranges.as_ref().is_some_and(|ranges| !ranges.is_empty()),
            || format!("{list:x?}"),
        );
        for range in ranges.unwrap_or_default() {
            one_range(subject, &pin, range);
        }
        foreign_range(subject, &pin);
    }
}

/// Ranges of a list that ends where it says. Lists of attributes, which count too, are left out; each must be one.
fn split(list: &[u8]) -> Option<Vec<&[u8]>> {
    let head = KSMULTIPLE_ITEM::read_from(list).filter(|h| h.Size as usize == list.len())?;
    let mut at = size_of::<KSMULTIPLE_ITEM>();
    let mut ranges = Vec::new();
    let mut attributes = false;
    for _ in 0..head.Count {
        let size = u32::read_from(list.get(at..)?)? as usize;
        let part = list.get(at..at + size)?;
        at = (at + size).next_multiple_of(8);
        if std::mem::take(&mut attributes) {
            well_formed_attributes(part)?;
            continue;
        }
        attributes = KSDATARANGE::read_from(part)?.Flags & KSDATARANGE_ATTRIBUTES != 0;
        ranges.push(part);
    }
    // The last one may be without its padding.
    (!attributes && at.abs_diff(list.len()) < 8).then_some(ranges)
}

/// A KSMULTIPLE_ITEM and the attributes that it counts, each 8-aligned.
fn well_formed_attributes(list: &[u8]) -> Option<()> {
    let head = KSMULTIPLE_ITEM::read_from(list)?;
    let mut at = size_of::<KSMULTIPLE_ITEM>();
    for _ in 0..head.Count {
        let attribute = KSATTRIBUTE::read_from(list.get(at..)?)?;
        let size = attribute.Size as usize;
        if size < size_of::<KSATTRIBUTE>() || attribute.Attribute == GUID::NULL {
            return None;
        }
        at = (at + size).next_multiple_of(8);
    }
    (at.abs_diff(list.len()) < 8).then_some(())
}

fn one_range<C: Client>(subject: &mut Subject<'_, C>, pin: &PinInfo, range: &[u8]) {
    let id = pin.id;
    let head = KSDATARANGE::read_from(range).unwrap_or_default();
    let audio = KSDATARANGE_AUDIO::read_from(range)
        .filter(|_| head.Specifier == KSDATAFORMAT_SPECIFIER_WAVEFORMATEX);
    let right = match head.MajorFormat {
        KSDATAFORMAT_TYPE_MUSIC => range.len() >= MUSIC,
        KSDATAFORMAT_TYPE_AUDIO if head.Specifier == KSDATAFORMAT_SPECIFIER_WAVEFORMATEX => {
            audio.is_some_and(|a| well_formed(&a))
        }
        other => other != GUID::NULL,
    };
    subject.rule(
        || format!("pin {id}: range {}", head.SubFormat),
        right && head.Reserved == 0,
        || format!("{range:x?}"),
    );
    let streams = pin.communication != KSPIN_COMMUNICATION_NONE;
    if !streams {
        return;
    }
    let format = match intersection(subject.client, &subject.filter, id, range) {
        Ok(format) => format,
        Err(error) => {
            let what = || {
                format!(
                    "pin {id}: intersection with its own range {}",
                    head.SubFormat
                )
            };
            subject.rule(what, false, || error.to_string());
            return;
        }
    };
    let result = KSDATAFORMAT::read_from(&format).unwrap_or_default();
    let same = (result.MajorFormat, result.SubFormat, result.Specifier)
        == (head.MajorFormat, head.SubFormat, head.Specifier)
        && result.FormatSize as usize == format.len();
    let inside = audio.is_none_or(|range| in_range(&format, &range));
    subject.rule(
        || {
            format!(
                "pin {id}: the intersection lies in range {}",
                head.SubFormat
            )
        },
        same && inside,
        || format!("{format:x?}"),
    );
    propose(subject, id, &format);
    if pin.communication == KSPIN_COMMUNICATION_SINK {
        let bytes = connect::with_format(id, &format);
        let created = subject
            .client
            .create_pin(subject.filter.handle, &bytes, None);
        if let Ok(handle) = created {
            subject.client.close(handle);
        }
        subject.rule(
            || format!("pin {id}: a stream with the intersection"),
            created.is_ok(),
            || created.err().map_or(String::new(), status_name),
        );
    }
}

fn well_formed(range: &KSDATARANGE_AUDIO) -> bool {
    range.MaximumChannels > 0
        && range.MinimumBitsPerSample <= range.MaximumBitsPerSample
        && range.MinimumBitsPerSample > 0
        && range.MinimumSampleFrequency <= range.MaximumSampleFrequency
        && range.MinimumSampleFrequency > 0
}

/// The wave format behind a data format lies in an audio range and agrees with itself.
fn in_range(format: &[u8], range: &KSDATARANGE_AUDIO) -> bool {
    let Some(wave) = format.get(HEAD..).and_then(WAVEFORMATEX::read_from) else {
        return false;
    };
    let (channels, bits, rate) = (
        u32::from(wave.nChannels),
        u32::from(wave.wBitsPerSample),
        wave.nSamplesPerSec,
    );
    (1..=range.MaximumChannels).contains(&channels)
        && (range.MinimumBitsPerSample..=range.MaximumBitsPerSample).contains(&bits)
        && (range.MinimumSampleFrequency..=range.MaximumSampleFrequency).contains(&rate)
        && u32::from(wave.nBlockAlign) == channels * bits.div_ceil(8)
        && wave.nAvgBytesPerSec == rate * u32::from(wave.nBlockAlign)
        && HEAD + size_of::<WAVEFORMATEX>() + usize::from(wave.cbSize) <= format.len()
}

/// Where format proposals are supported, the pin's own format is accepted and a foreign one is not.
fn propose<C: Client>(subject: &mut Subject<'_, C>, pin: u32, format: &[u8]) {
    let property = pin_property(KSPROPERTY_PIN_PROPOSEDATAFORMAT, pin);
    let mut flags = [0; 4];
    let support = subject.send(&property, KSPROPERTY_TYPE_BASICSUPPORT, &mut flags);
    if !nt_success(support.status) {
        return;
    }
    let mut own = format.to_vec();
    subject.ends(
        &format!("pin {pin}: its own format is proposed"),
        &property,
        (KSPROPERTY_TYPE_SET, &mut own),
        STATUS_SUCCESS,
    );
    let mut foreign = format.to_vec();
    if let Some(sub_format) = foreign.get_mut(32..48) {
        sub_format.fill(0xEE);
    }
    let got = subject.send(&property, KSPROPERTY_TYPE_SET, &mut foreign);
    subject.rule(
        || format!("pin {pin}: a foreign format is proposed"),
        !nt_success(got.status),
        || status_name(got.status),
    );
}

/// A range that nothing has in common with.
fn foreign_range<C: Client>(subject: &mut Subject<'_, C>, pin: &PinInfo) {
    let range = KSDATARANGE {
        FormatSize: HEAD as u32,
        MajorFormat: GUID::from_u128(1),
        SubFormat: GUID::from_u128(2),
        Specifier: GUID::from_u128(3),
        ..KSDATARANGE::default()
    };
    let found = intersection(subject.client, &subject.filter, pin.id, &range.bytes());
    subject.rule(
        || format!("pin {}: no intersection with a foreign range", pin.id),
        found.as_ref().err().and_then(|e| e.status) == Some(STATUS_NO_MATCH),
        || format!("{found:?}"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::SampleFormat;

    fn range() -> KSDATARANGE_AUDIO {
        KSDATARANGE_AUDIO {
            MaximumChannels: 2,
            MinimumBitsPerSample: 16,
            MaximumBitsPerSample: 24,
            MinimumSampleFrequency: 44_100,
            MaximumSampleFrequency: 48_000,
            ..KSDATARANGE_AUDIO::default()
        }
    }

    #[test]
    fn formats_inside_and_outside() {
        assert!(well_formed(&range()));
        let inside = |format: SampleFormat| in_range(&format.data_format(), &range());
        assert!(inside(SampleFormat::pcm(44_100, 16)) && inside(SampleFormat::pcm(48_000, 24)));
        assert!(!inside(SampleFormat::pcm(96_000, 16)));
        assert!(!inside(SampleFormat::pcm(48_000, 32)));
        let mut broken = SampleFormat::pcm(48_000, 16).data_format();
        broken[76] = 5;
        assert!(!in_range(&broken, &range()), "nBlockAlign");
        assert!(!in_range(&broken[..70], &range()));
    }

    #[test]
    fn lists_of_ranges() {
        let mut list = KSMULTIPLE_ITEM {
            Size: 8 + 96 + 88,
            Count: 2,
        }
        .bytes();
        for size in [92u32, 88] {
            let mut range = vec![0; size as usize];
            range[..4].copy_from_slice(&size.to_le_bytes());
            range.resize(range.len().next_multiple_of(8), 0);
            list.extend(range);
        }
        let sizes: Vec<usize> = split(&list).unwrap().iter().map(|r| r.len()).collect();
        assert_eq!(sizes, [92, 88]);
        list.pop();
        assert_eq!(split(&list), None);
    }
}
