// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reference-counted objects of the fake driver.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::IID_IUnknown;
use arioso_core::ks::portcls::IUnknown;
use arioso_core::ks::status::*;

use super::log;

/// What an object of the driver is behind its vtable.
pub trait Fake: Sized + 'static {
    type Vtbl: 'static;
    const VTBL: &'static Self::Vtbl;
    const INTERFACES: &'static [GUID];

    /// Another interface, with a reference.
    unsafe fn other(_this: *mut Object<Self>, _iid: &GUID) -> *mut c_void {
        ptr::null_mut()
    }
}

#[repr(C)]
pub struct Object<T: Fake> {
    vtbl: *const T::Vtbl,
    refs: Cell<u32>,
    pub value: T,
}

impl<T: Fake> Object<T> {
    pub fn create(value: T) -> *mut Object<T> {
        log().alive += 1;
        Box::into_raw(Box::new(Object {
            vtbl: T::VTBL,
            refs: Cell::new(1),
            value,
        }))
    }
}

/// The object behind an interface pointer.
pub unsafe fn of<'a, T: Fake, I>(this: *mut I) -> &'a mut T {
    // SAFETY: the caller's object.
    unsafe { &mut (*this.cast::<Object<T>>()).value }
}

pub unsafe extern "efiapi" fn query<T: Fake, I>(
    this: *mut I,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        if super::promises(&*iid) {
            *out = ptr::null_mut();
            return STATUS_SUCCESS;
        }
        if super::forgets(&*iid) {
            return STATUS_INVALID_PARAMETER;
        }
        *out = if *iid == IID_IUnknown || T::INTERFACES.contains(&*iid) {
            add::<T, I>(this);
            this.cast()
        } else {
            T::other(this.cast(), &*iid)
        };
        if (*out).is_null() {
            STATUS_INVALID_PARAMETER
        } else {
            STATUS_SUCCESS
        }
    }
}

pub unsafe extern "efiapi" fn add<T: Fake, I>(this: *mut I) -> u32 {
    // SAFETY: our object.
    let refs = unsafe { &(*this.cast::<Object<T>>()).refs };
    refs.set(refs.get() + 1);
    refs.get()
}

pub unsafe extern "efiapi" fn drop_ref<T: Fake, I>(this: *mut I) -> u32 {
    let this = this.cast::<Object<T>>();
    // SAFETY: our object; the last reference frees it.
    unsafe {
        let left = (*this).refs.get() - 1;
        (*this).refs.set(left);
        if left == 0 {
            log().alive -= 1;
            drop(Box::from_raw(this));
        }
        left
    }
}

/// A counted reference to somebody's object.
pub struct Held<I>(pub *mut I);

impl<I> Held<I> {
    /// Adds a reference.
    pub unsafe fn new(pointer: *mut I) -> Held<I> {
        let unknown = pointer.cast::<IUnknown>();
        // SAFETY: a live interface.
        unsafe { ((*(*unknown).lpVtbl).AddRef)(unknown) };
        Held(pointer)
    }
}

impl<I> Drop for Held<I> {
    fn drop(&mut self) {
        let unknown = self.0.cast::<IUnknown>();
        // SAFETY: we own a reference.
        unsafe { ((*(*unknown).lpVtbl).Release)(unknown) };
    }
}

/// A reference that is kept when it should not be.
pub unsafe fn keep<I>(object: *mut I) {
    // SAFETY: a live interface.
    std::mem::forget(unsafe { Held::new(object) });
    log().kept.push(object as usize);
}

/// Drops what [`keep`] has.
///
/// # Safety
/// In a call of the machine.
pub unsafe fn release_kept() {
    for object in std::mem::take(&mut log().kept) {
        drop(Held(object as *mut IUnknown));
    }
}

/// The slots of a miniport that says no to intersections. `$description` gives its descriptor, `$other` other interfaces.
macro_rules! miniport {
    ($name:ident: $interface:ident, $vtbl:ident, $iid:ident, $description:expr, $other:expr;
     $($slot:ident: $routine:expr),* $(,)?) => {
        impl $crate::fake::com::Fake for $name {
            type Vtbl = $vtbl;
            const VTBL: &'static $vtbl = &$vtbl {
                QueryInterface: $crate::fake::com::query::<$name, _>,
                AddRef: $crate::fake::com::add::<$name, _>,
                Release: $crate::fake::com::drop_ref::<$name, _>,
                GetDescription: {
                    unsafe extern "efiapi" fn describe(
                        _this: *mut $interface,
                        out: *mut *const PCFILTER_DESCRIPTOR,
                    ) -> NTSTATUS {
                        // SAFETY: an out parameter.
                        unsafe { *out = $description };
                        STATUS_SUCCESS
                    }
                    describe
                },
                DataRangeIntersection: {
                    unsafe extern "efiapi" fn intersect(
                        _this: *mut $interface,
                        _pin: u32,
                        _client: *const KSDATARANGE,
                        _mine: *const KSDATARANGE,
                        _room: u32,
                        _out: *mut c_void,
                        _length: *mut u32,
                    ) -> NTSTATUS {
                        STATUS_NOT_IMPLEMENTED
                    }
                    intersect
                },
                $($slot: $routine),*
            };
            const INTERFACES: &'static [GUID] = &[IID_IMiniport, $iid];

            unsafe fn other(_this: *mut $crate::fake::com::Object<Self>, iid: &GUID) -> *mut c_void {
                let other: fn(&GUID) -> *mut c_void = $other;
                other(iid)
            }
        }
    };
}
pub(crate) use miniport;
