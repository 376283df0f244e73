// SPDX-License-Identifier: MIT OR Apache-2.0
//! The size protocol of property requests: verb, target, instance, value, in this order.

use super::{Answer, Shape, Size, Target};
use crate::ks::NTSTATUS;
use crate::ks::ks::{KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET};
use crate::ks::status::{
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_DEVICE_REQUEST,
};

/// A request's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `KSPROPERTY_TYPE_*` bits.
    pub verb: u32,
    /// Bytes that follow the property in the request.
    pub instance: usize,
    /// Bytes of the data buffer.
    pub value: usize,
    /// The requester has 32-bit pointers.
    pub is_32bit: bool,
}

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To know what may be asked.
    BasicSupport,
    /// The value.
    Get,
    /// To change the value.
    Set,
}

/// A request whose verb, target and instance are as they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// What to do.
    pub verb: Verb,
    /// The structures have their 32-bit layout.
    pub narrow: bool,
}

/// A value that its handler can take or make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Bytes of the buffer that the handler sees: all, or its beginning.
    pub seen: usize,
    /// Bytes that a successful answer tells.
    pub size: usize,
}

impl Fit {
    /// The answer of a handler that came to `status`.
    pub const fn answer(self, done: Result<NTSTATUS, NTSTATUS>) -> Answer {
        match done {
            Ok(status) => Answer {
                status,
                size: self.size,
            },
            Err(status) => Answer::refusal(status),
        }
    }
}

impl Shape {
    /// Looks at verb, target and instance. `is_pin`: whether the request goes to the pin that [`Target::Pin`] means; it is asked only if
    /// that matters.
    ///
    /// # Errors
    /// The status that refuses the request.
    pub fn admit(
        &self,
        asked: &Asked,
        is_pin: impl FnOnce() -> bool,
    ) -> Result<Admitted, NTSTATUS> {
        // The verb comes with other bits.
        let wants = |bit| asked.verb & bit != 0;
        let verb = if wants(KSPROPERTY_TYPE_BASICSUPPORT) {
            return Ok(Admitted {
                verb: Verb::BasicSupport,
                narrow: false,
            });
        } else if self.gets && wants(KSPROPERTY_TYPE_GET) {
            Verb::Get
        } else if self.puts && wants(KSPROPERTY_TYPE_SET) {
            Verb::Set
        } else {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        };
        let of_pin = match self.target {
            Target::Pin => true,
            Target::Any => false,
            Target::GetAny => verb == Verb::Set,
        };
        if of_pin && !is_pin() {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        // A 32-bit caller's structures come as it made them, unless a layer above has widened them already.
        let narrow = asked.is_32bit
            && (asked.instance < self.instance.native || self.value.is_narrow(asked.value));
        if asked.instance < self.instance.bytes(narrow) {
            return Err(STATUS_BUFFER_TOO_SMALL);
        }
        Ok(Admitted { verb, narrow })
    }

    /// Looks at the value's buffer of `given` bytes. `own`: the size of a value that the request decides, instead of the property's.
    ///
    /// # Errors
    /// The answer that refuses the request, or tells the size that is needed.
    pub fn fit(&self, admitted: Admitted, own: Option<usize>, given: usize) -> Result<Fit, Answer> {
        let gets = admitted.verb == Verb::Get;
        let size = own.unwrap_or(self.value.bytes(admitted.narrow));
        let told = |status| Answer { status, size };
        if gets && given == 0 && size != 0 {
            return Err(told(STATUS_BUFFER_OVERFLOW));
        }
        if given < size {
            return Err(if gets && self.value.told {
                told(STATUS_BUFFER_TOO_SMALL)
            } else {
                Answer::refusal(STATUS_BUFFER_TOO_SMALL)
            });
        }
        Ok(Fit {
            seen: if self.value.open { given } else { size },
            size,
        })
    }
}

impl Size {
    /// Whether there is room for the 32-bit layout only.
    const fn is_narrow(self, given: usize) -> bool {
        self.narrow <= given && given < self.native
    }
}

#[cfg(test)]
#[path = "negotiation_tests.rs"]
mod tests;
