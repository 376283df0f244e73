// SPDX-License-Identifier: MIT OR Apache-2.0
//! Properties of any filter: table → size negotiation → handler; basic support from the same table.
//!
//! | part | holds |
//! |---|---|
//! | [`Property`] | a row: what is asked, of whom, with which sizes, and who answers |
//! | [`Table`] | the rows of a filter, a node or a pin; what PortCls calls |
//! | [`basic_support`] | what basic support tells |
//! | [`rows`] | rows that several filters share |

pub mod basic_support;
pub mod rows;

use crate::com::descriptor::Static;
use crate::com::property::{Answer, Handler, Request, item};
use crate::kernel::Result;
use arioso_core::ks::ks::{KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET};
use arioso_core::ks::portcls::PCPROPERTY_ITEM;
use arioso_core::ks::status::{
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_NOT_FOUND, STATUS_SUCCESS,
};
use arioso_core::ks::{GUID, NTSTATUS, Wire};
use basic_support::Ranges;

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
    /// The table's pin only ([`Table::is_pin`]): the filter has no such state.
    Pin,
    /// The filter and its pins.
    Any,
    /// A get to the filter and its pins, a set to the table's pin only.
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

/// The properties of a filter, a node or a pin.
pub trait Table {
    /// All rows, in groups.
    const ROWS: &'static [&'static [Property]];

    /// Whether the request goes to the pin that [`Target::Pin`] means.
    fn is_pin(_: &Request<'_>) -> bool {
        false
    }

    /// The size of a value that the request decides; `None`: it is the row's. Its instance has the row's size.
    fn size(_: &Property, _: &Request<'_>) -> Result<Option<usize>> {
        Ok(None)
    }

    /// The ranges of a property's value, for basic support.
    fn ranges(_: &Property) -> Option<Ranges> {
        None
    }
}

impl<T: Table> Handler for T {
    fn handle(mut request: Request<'_>) -> Answer {
        let value = core::mem::take(&mut request.value);
        let mut properties = T::ROWS.iter().copied().flatten();
        match properties.find(|p| p.id == request.id && p.set.0 == request.set) {
            Some(property) => negotiate::<T>(property, &request, value),
            None => Answer {
                status: STATUS_NOT_FOUND,
                size: 0,
            },
        }
    }
}

/// Rows of a table.
pub const fn count<T: Table>() -> usize {
    let mut n = 0;
    let mut g = 0;
    while g < T::ROWS.len() {
        n += T::ROWS[g].len();
        g += 1;
    }
    n
}

/// The rows that PortCls sees of a table.
pub const fn items<T: Table, const N: usize>() -> [PCPROPERTY_ITEM; N] {
    let groups = T::ROWS;
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
            items[n] = item::<T>(&property.set.0, property.id, verbs(property));
            n += 1;
            i += 1;
        }
        g += 1;
    }
    assert!(n == N, "every row is filled");
    items
}

/// What a property may be asked: `KSPROPERTY_TYPE_*`.
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

/// The size protocol of property requests (`docs/reference/dmus-miniport.md` §5.1): verb, target, instance, value.
fn negotiate<T: Table>(property: &Property, request: &Request<'_>, value: &mut [u8]) -> Answer {
    let refuse = |status| Answer { status, size: 0 };
    // The verb comes with other bits.
    if request.verb & KSPROPERTY_TYPE_BASICSUPPORT != 0 {
        return basic_support::answer(property, T::ranges(property), value);
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
    if of_pin && !T::is_pin(request) {
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
    let needed = match T::size(property, request) {
        Ok(own) => own.unwrap_or(size(property.value)),
        Err(status) => return refuse(status),
    };
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
