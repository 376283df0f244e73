// SPDX-License-Identifier: MIT OR Apache-2.0
//! Properties of any filter: table → size negotiation → handler; basic support from the same table. What a request comes to is decided in
//! [`arioso_core::property`].
//!
//! | part | holds |
//! |---|---|
//! | [`Property`] | a row: what is asked, of whom, with which sizes, and who answers |
//! | [`Table`] | the rows of a filter, a node or a pin; what PortCls calls |
//! | [`rows`] | rows that several filters share |

pub mod rows;

use crate::com::descriptor::Static;
use crate::com::property::{Handler, Request, item};
use crate::kernel::Result;
use arioso_core::ks::portcls::PCPROPERTY_ITEM;
use arioso_core::ks::status::{
    STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_DEVICE_REQUEST, STATUS_NOT_FOUND, STATUS_SUCCESS,
};
use arioso_core::ks::{GUID, NTSTATUS, Wire};
use arioso_core::property::basic_support::{self, Ranges};
use arioso_core::property::{Answer, Asked, Shape, Verb};
pub use arioso_core::property::{Size, Target};

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

impl Property {
    const fn shape(&self) -> Shape {
        Shape {
            kind: self.kind,
            target: self.target,
            instance: self.instance,
            value: self.value,
            gets: self.get.is_some(),
            puts: self.put.is_some(),
        }
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
            None => Answer::refusal(STATUS_NOT_FOUND),
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
            items[n] = item::<T>(&property.set.0, property.id, property.shape().verbs());
            n += 1;
            i += 1;
        }
        g += 1;
    }
    assert!(n == N, "every row is filled");
    items
}

/// Lets the row's handler answer, if verb, target, instance and value are as they should be.
fn negotiate<T: Table>(property: &Property, request: &Request<'_>, value: &mut [u8]) -> Answer {
    let shape = property.shape();
    let asked = Asked {
        verb: request.verb,
        instance: request.instance.len(),
        value: value.len(),
        is_32bit: request.is_32bit,
    };
    let admitted = match shape.admit(&asked, || T::is_pin(request)) {
        Ok(admitted) => admitted,
        Err(status) => return Answer::refusal(status),
    };
    if admitted.verb == Verb::BasicSupport {
        return basic_support::answer(&shape, T::ranges(property), value);
    }
    let own = match T::size(property, request) {
        Ok(own) => own,
        Err(status) => return Answer::refusal(status),
    };
    let fit = match shape.fit(admitted, own, value.len()) {
        Ok(fit) => fit,
        Err(answer) => return answer,
    };
    let value = value.get_mut(..fit.seen).unwrap_or_default();
    let call = Call {
        request,
        narrow: admitted.narrow,
    };
    fit.answer(match (admitted.verb, property.get, property.put) {
        (Verb::Get, Some(get), _) => get(&call, value),
        (Verb::Set, _, Some(put)) => put(&call, value),
        _ => Err(STATUS_INVALID_DEVICE_REQUEST),
    })
}
