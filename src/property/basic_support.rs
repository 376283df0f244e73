// SPDX-License-Identifier: MIT OR Apache-2.0
//! What basic support tells of a property.

use super::{Property, verbs};
use crate::com::property::Answer;
use arioso_core::ks::Wire;
use arioso_core::ks::guid::KSPROPTYPESETID_General;
use arioso_core::ks::ks::{
    KSIDENTIFIER, KSPROPERTY_BOUNDS_LONG, KSPROPERTY_DESCRIPTION,
    KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL, KSPROPERTY_MEMBER_STEPPEDRANGES,
    KSPROPERTY_MEMBERSHEADER, KSPROPERTY_STEPPING_LONG,
};
use arioso_core::ks::status::{STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_SUCCESS};

/// The channels of properties that have a range for each.
pub const CHANNELS: i32 = 2;

/// The range of a value, the same for each of [`CHANNELS`]: least, most and step, in the property's unit.
#[derive(Clone, Copy)]
pub struct Ranges {
    pub least: i32,
    pub most: i32,
    pub step: i32,
}

/// `KSPROPERTY_DESCRIPTION`, one `KSPROPERTY_MEMBERSHEADER`, a range for each channel.
const WITH_RANGES: usize = size_of::<KSPROPERTY_DESCRIPTION>()
    + size_of::<KSPROPERTY_MEMBERSHEADER>()
    + CHANNELS as usize * size_of::<KSPROPERTY_STEPPING_LONG>();

/// Answers basic support with as much as the buffer takes: description and ranges, the description alone, the access flags alone.
pub fn answer(property: &Property, ranges: Option<Ranges>, value: &mut [u8]) -> Answer {
    let size = match ranges {
        Some(_) => WITH_RANGES,
        None => size_of::<KSPROPERTY_DESCRIPTION>(),
    };
    let description = KSPROPERTY_DESCRIPTION {
        AccessFlags: verbs(property),
        DescriptionSize: size as u32,
        PropTypeSet: KSIDENTIFIER {
            Set: KSPROPTYPESETID_General,
            Id: property.kind,
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
        Answer {
            status: STATUS_BUFFER_TOO_SMALL,
            size: 0,
        }
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
