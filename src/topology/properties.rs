// SPDX-License-Identifier: MIT OR Apache-2.0
//! Volume, mute, the jack.

use super::miniport::Topology;
use super::{LINE_PIN, MUTE_NODE, VOLUME_NODE};
use crate::com::descriptor::Static;
use crate::com::object::ObjectRef;
use crate::engine::Levels;
use crate::kernel::Result;
use crate::property::{Call, Property, Size, Table, Target, read, rows, write};
use arioso_core::ks::guid::{KSPROPSETID_Audio, KSPROPSETID_Jack};
use arioso_core::ks::ks::{KSMULTIPLE_ITEM, VT_BOOL, VT_EMPTY, VT_I4, VT_UI4};
use arioso_core::ks::ksmedia::{
    KSAUDIO_CPU_RESOURCES_HOST_CPU, KSAUDIO_SPEAKER_STEREO, KSJACK_DESCRIPTION,
    KSJACK_DESCRIPTION2, KSPROPERTY_AUDIO_CPU_RESOURCES, KSPROPERTY_AUDIO_MUTE,
    KSPROPERTY_AUDIO_VOLUMELEVEL, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2,
    eConnTypeUnknown, eGenLocInternal, eGeoLocNotApplicable, ePortConnIntegratedDevice,
};
use arioso_core::ks::status::{
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER, STATUS_SUCCESS,
};
use arioso_core::ks::{NTSTATUS, Wire};
use arioso_core::property::basic_support::{CHANNELS, Ranges};

/// Properties of the filter.
pub struct FilterTable;

impl Table for FilterTable {
    const ROWS: &'static [&'static [Property]] = &[&rows::SYNTHESIZER, &JACK];
}

/// Properties of the volume node.
pub struct VolumeTable;

impl Table for VolumeTable {
    const ROWS: &'static [&'static [Property]] = &[&[VOLUME_LEVEL, CPU_RESOURCES]];

    fn ranges(property: &Property) -> Option<Ranges> {
        let (least, most, step) = Levels::VOLUME;
        (property.id == KSPROPERTY_AUDIO_VOLUMELEVEL).then_some(Ranges { least, most, step })
    }
}

/// Properties of the mute node.
pub struct MuteTable;

impl Table for MuteTable {
    const ROWS: &'static [&'static [Property]] = &[&[MUTED, CPU_RESOURCES]];

    fn ranges(property: &Property) -> Option<Ranges> {
        (property.id == KSPROPERTY_AUDIO_MUTE).then_some(Ranges {
            least: 0,
            most: 1,
            step: 1,
        })
    }
}

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
