//! Volume, mute, the jack.

use super::filter::{LINE_PIN, MUTE_NODE, VOLUME_NODE};
use super::miniport::Topology;
use crate::com::descriptor::Static;
use crate::com::object::ObjectRef;
use crate::com::property::{Answer, Handler, Request};
use crate::dmus::general;
use crate::dmus::properties::{Call, Property, Size, Target, description, dispatch, read, write};
use crate::engine::Levels;
use crate::kernel::Result;
use arioso_core::ks::guid::{KSPROPSETID_Audio, KSPROPSETID_Jack};
use arioso_core::ks::ks::{
    KSMULTIPLE_ITEM, KSPROPERTY_BOUNDS_LONG, KSPROPERTY_DESCRIPTION,
    KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL, KSPROPERTY_MEMBER_STEPPEDRANGES,
    KSPROPERTY_MEMBERSHEADER, KSPROPERTY_STEPPING_LONG, KSPROPERTY_TYPE_BASICSUPPORT, VT_BOOL,
    VT_EMPTY, VT_I4, VT_UI4,
};
use arioso_core::ks::ksmedia::{
    KSAUDIO_CPU_RESOURCES_HOST_CPU, KSAUDIO_SPEAKER_STEREO, KSJACK_DESCRIPTION,
    KSJACK_DESCRIPTION2, KSPROPERTY_AUDIO_CPU_RESOURCES, KSPROPERTY_AUDIO_MUTE,
    KSPROPERTY_AUDIO_VOLUMELEVEL, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2,
    eConnTypeUnknown, eGenLocInternal, eGeoLocNotApplicable, ePortConnIntegratedDevice,
};
use arioso_core::ks::status::{
    STATUS_BUFFER_OVERFLOW, STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER, STATUS_SUCCESS,
};
use arioso_core::ks::{NTSTATUS, Wire};

/// Properties of the volume node.
pub const VOLUME: &[&[Property]] = &[&[VOLUME_LEVEL, CPU_RESOURCES]];
/// Properties of the mute node.
pub const MUTE: &[&[Property]] = &[&[MUTED, CPU_RESOURCES]];
/// Properties of the filter.
pub const FILTER_PROPERTIES: &[&[Property]] = &[&general::PROPERTIES, &JACK];

/// 1/65536 dB, of a channel.
const VOLUME_LEVEL: Property = Property {
    set: &Static(KSPROPSETID_Audio),
    id: KSPROPERTY_AUDIO_VOLUMELEVEL,
    kind: VT_I4,
    target: Target::Any,
    instance: Size::of::<i32>(),
    value: Size::of::<i32>(),
    get: Some(volume),
    put: Some(set_volume),
};

/// Whether a channel is silent.
const MUTED: Property = Property {
    set: &Static(KSPROPSETID_Audio),
    id: KSPROPERTY_AUDIO_MUTE,
    kind: VT_BOOL,
    target: Target::Any,
    instance: Size::of::<i32>(),
    value: Size::of::<i32>(),
    get: Some(mute),
    put: Some(set_mute),
};

/// Who does the work.
const CPU_RESOURCES: Property = Property {
    set: &Static(KSPROPSETID_Audio),
    id: KSPROPERTY_AUDIO_CPU_RESOURCES,
    kind: VT_UI4,
    target: Target::Any,
    instance: Size::NONE,
    value: Size::of::<u32>(),
    get: Some(cpu_resources),
    put: None,
};

const JACK: [Property; 2] = [
    Property {
        set: &Static(KSPROPSETID_Jack),
        id: KSPROPERTY_JACK_DESCRIPTION,
        kind: VT_EMPTY,
        target: Target::Any,
        instance: Size::of::<u32>(),
        value: Size::of::<List<KSJACK_DESCRIPTION>>(),
        get: Some(jack),
        put: None,
    },
    Property {
        set: &Static(KSPROPSETID_Jack),
        id: KSPROPERTY_JACK_DESCRIPTION2,
        kind: VT_EMPTY,
        target: Target::Any,
        instance: Size::of::<u32>(),
        value: Size::of::<List<KSJACK_DESCRIPTION2>>(),
        get: Some(jack_state),
        put: None,
    },
];

/// A list of one item.
#[repr(C)]
struct List<T>(KSMULTIPLE_ITEM, T);

fn topology(call: &Call<'_>) -> Result<ObjectRef<Topology>> {
    call.request.miniport().ok_or(STATUS_INVALID_DEVICE_REQUEST)
}

/// The channel of a request; `None` means all.
fn channel(call: &Call<'_>) -> Result<Option<usize>> {
    match call.instance::<i32>()? {
        -1 => Ok(None),
        channel @ 0..CHANNELS => Ok(Some(channel as usize)),
        _ => Err(STATUS_INVALID_PARAMETER),
    }
}

const CHANNELS: i32 = 2;

fn volume(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, topology(call)?.levels().volume(channel(call)?))
}

fn set_volume(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    let topology = topology(call)?;
    topology.levels().set_volume(channel(call)?, read(value)?);
    topology.changed(call.request.passive, VOLUME_NODE);
    Ok(STATUS_SUCCESS)
}

fn mute(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let muted = topology(call)?.levels().is_muted(channel(call)?);
    write(value, i32::from(muted))
}

fn set_mute(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    let muted = read::<i32>(value)? != 0;
    let topology = topology(call)?;
    topology.levels().set_muted(channel(call)?, muted);
    topology.changed(call.request.passive, MUTE_NODE);
    Ok(STATUS_SUCCESS)
}

fn cpu_resources(_: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, KSAUDIO_CPU_RESOURCES_HOST_CPU)
}

/// Only the line has a jack, and that is none to plug into.
fn check_pin(call: &Call<'_>) -> Result {
    if call.instance::<u32>()? == LINE_PIN {
        Ok(())
    } else {
        Err(STATUS_INVALID_PARAMETER)
    }
}

fn jack(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    check_pin(call)?;
    let jack = KSJACK_DESCRIPTION {
        ChannelMapping: KSAUDIO_SPEAKER_STEREO,
        Color: 0,
        ConnectionType: eConnTypeUnknown,
        GeoLocation: eGeoLocNotApplicable,
        GenLocation: eGenLocInternal,
        PortConnection: ePortConnIntegratedDevice,
        IsConnected: 1,
    };
    write_list(value, jack)
}

fn jack_state(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    check_pin(call)?;
    write_list(value, KSJACK_DESCRIPTION2::ZERO)
}

fn write_list<T: Wire>(value: &mut [u8], item: T) -> Result<NTSTATUS> {
    let head = KSMULTIPLE_ITEM {
        Size: size_of::<List<T>>() as u32,
        Count: 1,
    };
    write(value, head)?;
    let rest = value.get_mut(size_of_val(&head)..).unwrap_or_default();
    write(rest, item)
}

/// Handler of [`FILTER_PROPERTIES`].
pub struct FilterProperties;

impl Handler for FilterProperties {
    fn handle(request: Request<'_>) -> Answer {
        dispatch(FILTER_PROPERTIES, request)
    }
}

/// Handler of [`VOLUME`] and [`MUTE`].
pub struct NodeProperties;

impl Handler for NodeProperties {
    fn handle(request: Request<'_>) -> Answer {
        if request.verb & KSPROPERTY_TYPE_BASICSUPPORT != 0 {
            match request.id {
                KSPROPERTY_AUDIO_VOLUMELEVEL => {
                    let (least, most, step) = Levels::VOLUME;
                    return Ranges::new(&VOLUME_LEVEL, least, most, step).answer(request.value);
                }
                KSPROPERTY_AUDIO_MUTE => {
                    return Ranges::new(&MUTED, 0, 1, 1).answer(request.value);
                }
                _ => {}
            }
        }
        dispatch(&[&[VOLUME_LEVEL, MUTED, CPU_RESOURCES]], request)
    }
}

/// Basic support with the range of each channel.
struct Ranges {
    description: KSPROPERTY_DESCRIPTION,
    header: KSPROPERTY_MEMBERSHEADER,
    range: KSPROPERTY_STEPPING_LONG,
}

impl Ranges {
    const SIZE: usize = size_of::<KSPROPERTY_DESCRIPTION>()
        + size_of::<KSPROPERTY_MEMBERSHEADER>()
        + CHANNELS as usize * size_of::<KSPROPERTY_STEPPING_LONG>();

    fn new(property: &Property, least: i32, most: i32, step: i32) -> Self {
        Self {
            description: KSPROPERTY_DESCRIPTION {
                DescriptionSize: Self::SIZE as u32,
                MembersListCount: 1,
                ..description(property)
            },
            header: KSPROPERTY_MEMBERSHEADER {
                MembersFlags: KSPROPERTY_MEMBER_STEPPEDRANGES,
                MembersSize: size_of::<KSPROPERTY_STEPPING_LONG>() as u32,
                MembersCount: CHANNELS as u32,
                Flags: KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL,
            },
            range: KSPROPERTY_STEPPING_LONG {
                SteppingDelta: step as u32,
                Reserved: 0,
                Bounds: KSPROPERTY_BOUNDS_LONG {
                    SignedMinimum: least,
                    SignedMaximum: most,
                },
            },
        }
    }

    /// As much as the buffer takes: all, the description alone, the access flags alone.
    fn answer(&self, value: &mut [u8]) -> Answer {
        if value.is_empty() {
            return Answer {
                status: STATUS_BUFFER_OVERFLOW,
                size: Self::SIZE,
            };
        }
        match self.write_to(value) {
            Some(()) => Answer {
                status: STATUS_SUCCESS,
                size: Self::SIZE,
            },
            None => crate::dmus::properties::describe(self.description, value),
        }
    }

    fn write_to(&self, value: &mut [u8]) -> Option<()> {
        let value = value.get_mut(..Self::SIZE)?;
        let (description, rest) = value.split_at_mut_checked(size_of_val(&self.description))?;
        let (header, ranges) = rest.split_at_mut_checked(size_of_val(&self.header))?;
        self.description.write_to(description)?;
        self.header.write_to(header)?;
        [self.range; CHANNELS as usize].write_to(ranges)
    }
}
