// SPDX-License-Identifier: MIT OR Apache-2.0
//! What basic support tells of a property.

use super::{Answer, Shape};
use crate::ks::Wire;
use crate::ks::guid::KSPROPTYPESETID_General;
use crate::ks::ks::{
    KSIDENTIFIER, KSPROPERTY_BOUNDS_LONG, KSPROPERTY_DESCRIPTION,
    KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL, KSPROPERTY_MEMBER_STEPPEDRANGES,
    KSPROPERTY_MEMBERSHEADER, KSPROPERTY_STEPPING_LONG,
};
use crate::ks::status::{STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_SUCCESS};

/// The channels of properties that have a range for each.
pub const CHANNELS: i32 = 2;

/// The range of a value, the same for each of [`CHANNELS`]: least, most and step, in the property's unit.
#[derive(Clone, Copy)]
pub struct Ranges {
    /// Least value.
    pub least: i32,
    /// Greatest value.
    pub most: i32,
    /// Distance of two values.
    pub step: i32,
}

/// `KSPROPERTY_DESCRIPTION`, one `KSPROPERTY_MEMBERSHEADER`, a range for each channel.
const WITH_RANGES: usize = size_of::<KSPROPERTY_DESCRIPTION>()
    + size_of::<KSPROPERTY_MEMBERSHEADER>()
    + CHANNELS as usize * size_of::<KSPROPERTY_STEPPING_LONG>();

/// Answers basic support with as much as the buffer takes: description and ranges, the description alone, the access flags alone.
pub fn answer(shape: &Shape, ranges: Option<Ranges>, value: &mut [u8]) -> Answer {
    let size = match ranges {
        Some(_) => WITH_RANGES,
        None => size_of::<KSPROPERTY_DESCRIPTION>(),
    };
    let description = KSPROPERTY_DESCRIPTION {
        AccessFlags: shape.verbs(),
        DescriptionSize: size as u32,
        PropTypeSet: KSIDENTIFIER {
            Set: KSPROPTYPESETID_General,
            Id: shape.kind,
            Flags: 0,
        },
        MembersListCount: ranges.is_some().into(),
        Reserved: 0,
    };
    let done = |size| Answer {
        status: STATUS_SUCCESS,
        size,
    };
    if value.is_empty() {
        return Answer {
            status: STATUS_BUFFER_OVERFLOW,
            size,
        };
    }
    if let Some(ranges) = ranges
        && ranges.write_to(&description, value).is_some()
    {
        return done(WITH_RANGES);
    }
    if description.write_to(value).is_some() {
        done(size_of::<KSPROPERTY_DESCRIPTION>())
    } else if description.AccessFlags.write_to(value).is_some() {
        done(size_of::<u32>())
    } else {
        Answer::refusal(STATUS_BUFFER_TOO_SMALL)
    }
}

impl Ranges {
    /// The whole answer; `None` if there is no room for it.
    fn write_to(self, description: &KSPROPERTY_DESCRIPTION, value: &mut [u8]) -> Option<()> {
        let header = KSPROPERTY_MEMBERSHEADER {
            MembersFlags: KSPROPERTY_MEMBER_STEPPEDRANGES,
            MembersSize: size_of::<KSPROPERTY_STEPPING_LONG>() as u32,
            MembersCount: CHANNELS as u32,
            Flags: KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL,
        };
        let range = KSPROPERTY_STEPPING_LONG {
            SteppingDelta: self.step as u32,
            Reserved: 0,
            Bounds: KSPROPERTY_BOUNDS_LONG {
                SignedMinimum: self.least,
                SignedMaximum: self.most,
            },
        };
        let value = value.get_mut(..WITH_RANGES)?;
        let (start, rest) = value.split_at_mut_checked(size_of_val(description))?;
        let (middle, end) = rest.split_at_mut_checked(size_of_val(&header))?;
        description.write_to(start)?;
        header.write_to(middle)?;
        [range; CHANNELS as usize].write_to(end)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Size, Target};
    use super::*;
    use crate::ks::ks::{
        KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, VT_I4,
    };
    use std::vec;

    const SHAPE: Shape = Shape {
        kind: VT_I4,
        target: Target::Any,
        instance: Size::of::<i32>(),
        value: Size::of::<i32>(),
        gets: true,
        puts: true,
    };
    const RANGES: Ranges = Ranges {
        least: -192,
        most: 7,
        step: 3,
    };

    /// As much as there is room for, whole parts only, and nothing is written behind what the answer tells.
    #[test]
    fn whole_parts_as_far_as_there_is_room() {
        for (ranges, full) in [(None, 40), (Some(RANGES), 40 + 16 + 2 * 16)] {
            for len in 0..full + 20 {
                let mut value = vec![0xAA; len];
                let answer = answer(&SHAPE, ranges, &mut value);
                let (status, size, written) = match len {
                    0 => (STATUS_BUFFER_OVERFLOW, full, 0),
                    1..4 => (STATUS_BUFFER_TOO_SMALL, 0, 0),
                    4..40 => (STATUS_SUCCESS, 4, 4),
                    _ if len < full => (STATUS_SUCCESS, 40, 40),
                    _ => (STATUS_SUCCESS, full, full),
                };
                assert_eq!((answer.status, answer.size), (status, size), "{len}");
                assert!(value[written..].iter().all(|byte| *byte == 0xAA), "{len}");
                if written >= 4 {
                    let access =
                        KSPROPERTY_TYPE_BASICSUPPORT | KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET;
                    assert_eq!(u32::read_from(&value), Some(access));
                }
            }
        }
    }

    /// What the structures say, read back at the offsets that their header gives them.
    #[test]
    fn description_and_ranges_are_read_back() {
        let mut value = [0xAA; WITH_RANGES];
        answer(&SHAPE, Some(RANGES), &mut value);
        let description = KSPROPERTY_DESCRIPTION::read_from(&value).unwrap();
        assert_eq!(description.DescriptionSize, 88);
        assert_eq!(description.PropTypeSet.Set, KSPROPTYPESETID_General);
        assert_eq!(description.PropTypeSet.Id, VT_I4);
        assert_eq!(description.MembersListCount, 1);
        let header = KSPROPERTY_MEMBERSHEADER::read_from(&value[40..]).unwrap();
        assert_eq!((header.MembersSize, header.MembersCount), (16, 2));
        for channel in 0..header.MembersCount as usize {
            let at = 56 + channel * header.MembersSize as usize;
            let range = KSPROPERTY_STEPPING_LONG::read_from(&value[at..]).unwrap();
            assert_eq!(range.SteppingDelta, 3);
            assert_eq!(range.Bounds.SignedMinimum, -192);
            assert_eq!(range.Bounds.SignedMaximum, 7);
        }
        let mut value = [0; 40];
        answer(&SHAPE, None, &mut value);
        let description = KSPROPERTY_DESCRIPTION::read_from(&value).unwrap();
        assert_eq!(description.DescriptionSize, 40);
        assert_eq!(description.MembersListCount, 0);
    }
}
