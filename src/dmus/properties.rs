//! Property dispatch: table → size negotiation → handler; basic support from the same table.

use super::miniport::Miniport;
use super::render::RenderStream;
use super::{capture, dls, general, synth};
use crate::com::descriptor::Static;
use crate::com::object::ObjectRef;
use crate::com::property::{Answer, Handler, Request, item};
use crate::kernel::Result;
use arioso_core::ks::guid::KSPROPTYPESETID_General;
use arioso_core::ks::ks::{
    KSIDENTIFIER, KSPROPERTY_DESCRIPTION, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET,
    KSPROPERTY_TYPE_SET,
};
use arioso_core::ks::portcls::PCPROPERTY_ITEM;
use arioso_core::ks::status::{
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_NOT_FOUND, STATUS_SUCCESS,
};
use arioso_core::ks::{GUID, NTSTATUS, Wire};

/// One property of a table.
pub struct Property {
    pub set: &'static Static<GUID>,
    pub id: u32,
    /// `VT_*` of the value.
    pub kind: u32,
    /// Who answers it.
    pub target: Target,
    /// What must follow the property in the request.
    pub instance: Size,
    pub value: Size,
    /// Writes the value into a buffer of its size; a success status.
    pub get: Option<Get>,
    /// Takes a value of its size; a success status.
    pub put: Option<Put>,
}

pub type Get = fn(&Call<'_>, &mut [u8]) -> Result<NTSTATUS>;
pub type Put = fn(&Call<'_>, &[u8]) -> Result<NTSTATUS>;

/// What a get or set may be sent to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A MIDI pin only: the filter has no such state.
    Pin,
    /// The filter and its pins.
    Any,
    /// A get to the filter and its pins, a set to a MIDI pin only.
    GetAny,
}

/// Bytes, for 64-bit and for 32-bit callers.
#[derive(Clone, Copy)]
pub struct Size {
    native: usize,
    narrow: usize,
    /// A buffer that is too small is told the size.
    told: bool,
    /// More may follow, which the handler sees too.
    open: bool,
}

impl Size {
    pub const NONE: Self = Self {
        native: 0,
        narrow: 0,
        told: false,
        open: false,
    };

    /// The same for both.
    pub const fn of<T>() -> Self {
        Self::both::<T, T>()
    }

    /// For a structure with a pointer or handle in it.
    pub const fn both<T, T32>() -> Self {
        Self {
            native: size_of::<T>(),
            narrow: size_of::<T32>(),
            told: false,
            open: false,
        }
    }

    /// For values that may be longer elsewhere: one that does not fit is told its size.
    pub const fn told(self) -> Self {
        Self { told: true, ..self }
    }

    /// For a value to set that goes on behind its structure.
    pub const fn or_more(self) -> Self {
        Self { open: true, ..self }
    }
}

/// A request on its way to a handler.
pub struct Call<'a> {
    pub request: &'a Request<'a>,
    /// The structures have their 32-bit layout.
    pub narrow: bool,
}

impl Call<'_> {
    /// The pin that the request is for.
    pub fn pin(&self) -> Result<ObjectRef<RenderStream>> {
        self.request.stream().ok_or(STATUS_INVALID_DEVICE_REQUEST)
    }

    /// The miniport, which is always there.
    pub fn miniport(&self) -> Result<ObjectRef<Miniport>> {
        self.request.miniport().ok_or(STATUS_INVALID_DEVICE_REQUEST)
    }

    /// The structure that follows the property.
    pub fn instance<T: Wire>(&self) -> Result<T> {
        read(self.request.instance)
    }
}

/// Writes a value.
pub fn write<T: Wire>(value: &mut [u8], data: T) -> Result<NTSTATUS> {
    data.write_to(value).ok_or(STATUS_BUFFER_TOO_SMALL)?;
    Ok(STATUS_SUCCESS)
}

/// Reads a value.
pub fn read<T: Wire>(value: &[u8]) -> Result<T> {
    T::read_from(value).ok_or(STATUS_BUFFER_TOO_SMALL)
}

/// Properties of the filter. What clients enumerate synthesizers with answers without a node too.
pub const FILTER_PROPERTIES: &[&[Property]] =
    &[&general::PROPERTIES, &synth::CAPS, &general::CAPABILITIES];

/// Properties of the synthesizer node and of MIDI pins.
pub const NODE_PROPERTIES: &[&[Property]] = &[
    &synth::CAPS,
    &synth::PROPERTIES,
    &dls::PROPERTIES,
    &synth::REVERB,
    &general::CAPABILITIES,
];

/// Properties of capture pins.
pub const CAPTURE_PROPERTIES: &[&[Property]] = &[&capture::PROPERTIES];

/// Rows of some groups of properties.
pub const fn count(groups: &[&[Property]]) -> usize {
    let mut n = 0;
    let mut g = 0;
    while g < groups.len() {
        n += groups[g].len();
        g += 1;
    }
    n
}

/// Handler of [`FILTER_PROPERTIES`].
pub struct FilterProperties;

impl Handler for FilterProperties {
    fn handle(request: Request<'_>) -> Answer {
        dispatch(FILTER_PROPERTIES, request)
    }
}

/// Handler of [`NODE_PROPERTIES`].
pub struct NodeProperties;

impl Handler for NodeProperties {
    fn handle(request: Request<'_>) -> Answer {
        dispatch(NODE_PROPERTIES, request)
    }
}

/// Handler of [`CAPTURE_PROPERTIES`].
pub struct CaptureProperties;

impl Handler for CaptureProperties {
    fn handle(request: Request<'_>) -> Answer {
        dispatch(CAPTURE_PROPERTIES, request)
    }
}

/// The rows that PortCls sees for some properties.
pub const fn items<H: Handler, const N: usize>(
    groups: &[&'static [Property]],
) -> [PCPROPERTY_ITEM; N] {
    let mut items = [const {
        PCPROPERTY_ITEM {
            Set: core::ptr::null(),
            Id: 0,
            Flags: 0,
            Handler: None,
        }
    }; N];
    let mut n = 0;
    let mut g = 0;
    while g < groups.len() {
        let mut i = 0;
        while i < groups[g].len() {
            let property = &groups[g][i];
            items[n] = item::<H>(&property.set.0, property.id, verbs(property));
            n += 1;
            i += 1;
        }
        g += 1;
    }
    assert!(n == N, "every row is filled");
    items
}

/// What a property may be asked.
pub const fn verbs(property: &Property) -> u32 {
    let mut verbs = KSPROPERTY_TYPE_BASICSUPPORT;
    if property.get.is_some() {
        verbs |= KSPROPERTY_TYPE_GET;
    }
    if property.put.is_some() {
        verbs |= KSPROPERTY_TYPE_SET;
    }
    verbs
}

/// Answers a request to one of some groups of properties.
pub fn dispatch(groups: &[&[Property]], mut request: Request<'_>) -> Answer {
    let value = core::mem::take(&mut request.value);
    let mut properties = groups.iter().copied().flatten();
    match properties.find(|p| p.id == request.id && p.set.0 == request.set) {
        Some(property) => negotiate(property, &request, value),
        None => Answer {
            status: STATUS_NOT_FOUND,
            size: 0,
        },
    }
}

/// The size protocol of property requests (`dmus-miniport.md` §5.1): verb, target, instance, value.
fn negotiate(property: &Property, request: &Request<'_>, value: &mut [u8]) -> Answer {
    let refuse = |status| Answer { status, size: 0 };
    // The verb comes with other bits.
    if request.verb & KSPROPERTY_TYPE_BASICSUPPORT != 0 {
        return describe(description(property), value);
    }
    let get = property
        .get
        .filter(|_| request.verb & KSPROPERTY_TYPE_GET != 0);
    let put = property
        .put
        .filter(|_| request.verb & KSPROPERTY_TYPE_SET != 0);
    if get.is_none() && put.is_none() {
        return refuse(STATUS_INVALID_DEVICE_REQUEST);
    }
    let of_pin = match property.target {
        Target::Pin => true,
        Target::Any => false,
        Target::GetAny => get.is_none(),
    };
    if of_pin && request.stream::<RenderStream>().is_none() {
        return refuse(STATUS_INVALID_DEVICE_REQUEST);
    }
    // A 32-bit caller's structures come as it made them, unless a layer above has widened them already.
    let narrow = request.is_32bit && request.instance.len() < property.instance.native
        || request.is_32bit && narrow_value(property, value);
    let size = |size: Size| if narrow { size.narrow } else { size.native };
    if request.instance.len() < size(property.instance) {
        return refuse(STATUS_BUFFER_TOO_SMALL);
    }
    let call = Call { request, narrow };
    let needed = size(property.value);
    let told = |status| Answer {
        status,
        size: needed,
    };
    if get.is_some() && value.is_empty() && needed != 0 {
        return told(STATUS_BUFFER_OVERFLOW);
    }
    let end = if property.value.open {
        needed.max(value.len())
    } else {
        needed
    };
    let Some(value) = value.get_mut(..end) else {
        return if get.is_some() && property.value.told {
            told(STATUS_BUFFER_TOO_SMALL)
        } else {
            refuse(STATUS_BUFFER_TOO_SMALL)
        };
    };
    let done = match (get, put) {
        (Some(get), _) => get(&call, value),
        (None, Some(put)) => put(&call, value),
        (None, None) => Err(STATUS_INVALID_DEVICE_REQUEST),
    };
    match done {
        Ok(status) => told(status),
        Err(status) => refuse(status),
    }
}

/// Whether the value has room for the 32-bit layout only.
fn narrow_value(property: &Property, value: &[u8]) -> bool {
    property.value.narrow <= value.len() && value.len() < property.value.native
}

/// What basic support tells of a property without ranges.
pub fn description(property: &Property) -> KSPROPERTY_DESCRIPTION {
    KSPROPERTY_DESCRIPTION {
        AccessFlags: verbs(property),
        DescriptionSize: size_of::<KSPROPERTY_DESCRIPTION>() as u32,
        PropTypeSet: KSIDENTIFIER {
            Set: KSPROPTYPESETID_General,
            Id: property.kind,
            Flags: 0,
        },
        MembersListCount: 0,
        Reserved: 0,
    }
}

/// Answers basic support: the description, or the access flags alone if there is no room.
pub fn describe(description: KSPROPERTY_DESCRIPTION, value: &mut [u8]) -> Answer {
    let done = |size| Answer {
        status: STATUS_SUCCESS,
        size,
    };
    if value.is_empty() {
        Answer {
            status: STATUS_BUFFER_OVERFLOW,
            size: size_of::<KSPROPERTY_DESCRIPTION>(),
        }
    } else if description.write_to(value).is_some() {
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
