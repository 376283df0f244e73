// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `FsContext` of an open filter or pin points at.

use core::ffi::c_void;

use arioso_core::ks::portcls::IUnknown;

use super::filter::Filter;
use super::pin::Pin;
use super::shape::Shape;
use crate::nt::FILE_OBJECT;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Filter,
    Pin,
}

/// The common head. The object header's address comes first, as `ks.sys` wants it.
#[repr(C)]
pub struct Handle {
    pub header: *mut c_void,
    pub kind: Kind,
}

/// What a property request is for.
pub struct Target {
    pub shape: &'static Shape,
    pub major: *mut IUnknown,
    pub minor: *mut IUnknown,
    pub pin: Option<u32>,
}

impl Handle {
    /// # Safety
    /// `file` is an open filter or pin of PortCls.
    pub unsafe fn filter<'a>(file: *mut FILE_OBJECT) -> &'a mut Filter {
        // SAFETY: by the contract; a pin keeps its filter open.
        unsafe {
            let handle = (*file).FsContext.cast::<Handle>();
            match (*handle).kind {
                Kind::Filter => &mut *handle.cast::<Filter>(),
                Kind::Pin => &mut *(*handle.cast::<Pin>()).filter,
            }
        }
    }

    /// # Safety
    /// `file` is an open pin of PortCls.
    pub unsafe fn pin(file: *mut FILE_OBJECT) -> *mut Pin {
        // SAFETY: by the contract.
        unsafe {
            let handle = (*file).FsContext.cast::<Handle>();
            assert!((*handle).kind == Kind::Pin, "a pin's request on a filter");
            handle.cast()
        }
    }

    /// # Safety
    /// `file` is an open filter or pin of PortCls.
    pub unsafe fn target(file: *mut FILE_OBJECT) -> Target {
        // SAFETY: by the contract.
        unsafe {
            let handle = (*file).FsContext.cast::<Handle>();
            let port = Handle::filter(file).port();
            let (minor, pin) = match (*handle).kind {
                Kind::Filter => (core::ptr::null_mut(), None),
                Kind::Pin => {
                    let pin = &*handle.cast::<Pin>();
                    (pin.unknown(), Some(pin.id))
                }
            };
            Target {
                shape: port.shape(),
                major: port.miniport_unknown(),
                minor,
                pin,
            }
        }
    }
}
