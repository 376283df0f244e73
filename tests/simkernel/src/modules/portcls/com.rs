// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reference-counted objects of the port's side, and calls into the driver's.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use std::collections::BTreeMap;
use std::sync::Mutex;

use arioso_core::ks::guid::IID_IUnknown;
use arioso_core::ks::portcls::IUnknown;
use arioso_core::ks::status::*;
use arioso_core::ks::{Abi, GUID};

use crate::guest_call;
use crate::modules::thunk;

/// What an object of PortCls is behind its vtable.
pub trait Com: Sized + 'static {
    /// The vtable type of its primary interface, which has the object at offset 0.
    type Vtbl: Abi + 'static;
    const VTBL: &'static Self::Vtbl;
    const NAME: &'static str;
    /// Interfaces that the primary vtable serves.
    const INTERFACES: &'static [GUID];

    /// Whether the primary vtable serves this interface.
    fn serves(&self, iid: &GUID) -> bool {
        Self::INTERFACES.contains(iid)
    }

    /// The interface that the object is to its user: for messages.
    fn name(&self) -> &'static str {
        Self::NAME
    }

    /// Other interfaces: a new object with its first reference.
    fn tear_off(_this: *mut Object<Self>, _iid: &GUID) -> Option<*mut c_void> {
        None
    }
}

/// An object with its reference count. `vtbl` comes first: the address is the interface pointer.
#[repr(C)]
pub struct Object<T: Com> {
    vtbl: *const T::Vtbl,
    refs: Cell<u32>,
    pub value: T,
}

static LIVE: Mutex<BTreeMap<usize, &'static str>> = Mutex::new(BTreeMap::new());

/// Names and addresses of all objects that are still referenced.
pub fn live() -> Vec<(&'static str, usize)> {
    LIVE.lock()
        .unwrap()
        .iter()
        .map(|(&address, &name)| (name, address))
        .collect()
}

impl<T: Com> Object<T> {
    /// A new object with one reference.
    pub fn new(value: T) -> *mut Object<T> {
        let name = value.name();
        let this = Box::into_raw(Box::new(Object {
            vtbl: thunk::table(T::VTBL, name),
            refs: Cell::new(1),
            value,
        }));
        LIVE.lock().unwrap().insert(this as usize, name);
        this
    }

    pub fn references(&self) -> u32 {
        self.refs.get()
    }
}

/// The object behind an interface pointer that it handed out.
///
/// # Safety
/// `this` came from an `Object<T>` that is alive.
pub unsafe fn of<'a, T: Com, I>(this: *mut I) -> &'a T {
    // SAFETY: by the contract.
    unsafe { &(*this.cast::<Object<T>>()).value }
}

pub unsafe extern "efiapi" fn query<T: Com, I>(
    this: *mut I,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> NTSTATUS {
    // SAFETY: called through the object's own vtable.
    unsafe {
        let iid = ptr::read_unaligned(iid);
        if iid == IID_IUnknown || of::<T, I>(this).serves(&iid) {
            add_ref::<T, I>(this);
            *out = this.cast();
            return STATUS_SUCCESS;
        }
        match T::tear_off(this.cast(), &iid) {
            Some(object) => {
                *out = object;
                STATUS_SUCCESS
            }
            None => {
                *out = ptr::null_mut();
                STATUS_INVALID_PARAMETER
            }
        }
    }
}

pub unsafe extern "efiapi" fn add_ref<T: Com, I>(this: *mut I) -> u32 {
    // SAFETY: called through the object's own vtable.
    let refs = unsafe { &(*this.cast::<Object<T>>()).refs };
    refs.set(refs.get() + 1);
    refs.get()
}

pub unsafe extern "efiapi" fn release<T: Com, I>(this: *mut I) -> u32 {
    let this = this.cast::<Object<T>>();
    if !LIVE.lock().unwrap().contains_key(&(this as usize)) {
        super::verify::violation(
            super::verify::Rule::ReferenceReleased,
            "references",
            format!("Release of {} {this:p}, which is gone already", T::NAME),
        );
        return 0;
    }
    // SAFETY: alive; the last reference frees it.
    unsafe {
        let left = (*this).refs.get() - 1;
        (*this).refs.set(left);
        if left == 0 {
            LIVE.lock().unwrap().remove(&(this as usize));
            drop(Box::from_raw(this));
        }
        left
    }
}

/// A counted reference to somebody's object. Interfaces are `#[repr(C)]` structs whose first field is the vtable pointer.
pub struct Ref<I>(*mut I);

impl<I> Ref<I> {
    /// Takes over a reference that the caller owns. `None` for null.
    ///
    /// # Safety
    /// `pointer` is null or a live interface.
    pub unsafe fn from_owned(pointer: *mut I) -> Option<Self> {
        (!pointer.is_null()).then(|| Ref(pointer))
    }

    /// Adds a reference. `None` for null.
    ///
    /// # Safety
    /// `pointer` is null or a live interface.
    pub unsafe fn new(pointer: *mut I) -> Option<Self> {
        if pointer.is_null() {
            return None;
        }
        let unknown = pointer.cast::<IUnknown>();
        // SAFETY: every interface starts with the slots of IUnknown.
        unsafe { guest_call!((*(*unknown).lpVtbl).AddRef, unknown) };
        Some(Ref(pointer))
    }

    pub fn get(&self) -> *mut I {
        self.0
    }

    pub fn unknown(&self) -> *mut IUnknown {
        self.0.cast()
    }

    /// `QueryInterface`.
    pub fn query<J>(&self, iid: &GUID) -> Option<Ref<J>> {
        // SAFETY: alive while we hold a reference.
        unsafe { query_interface(self.unknown(), iid) }
    }

    /// Gives the reference away without releasing it.
    pub fn into_raw(self) -> *mut I {
        let pointer = self.0;
        core::mem::forget(self);
        pointer
    }

    /// Releases and tells how many references the object says are left.
    pub fn release(self) -> u32 {
        let unknown = self.into_raw().cast::<IUnknown>();
        // SAFETY: we owned a reference.
        unsafe { guest_call!((*(*unknown).lpVtbl).Release, unknown) as u32 }
    }
}

impl<I> Clone for Ref<I> {
    fn clone(&self) -> Self {
        // SAFETY: alive while we hold a reference.
        unsafe { Ref::new(self.0) }.expect("not null")
    }
}

impl<I> Drop for Ref<I> {
    fn drop(&mut self) {
        let unknown = self.unknown();
        // SAFETY: we own a reference.
        unsafe { guest_call!((*(*unknown).lpVtbl).Release, unknown) };
    }
}

/// `QueryInterface` on a driver's object. What comes back is an interface exactly if the call succeeds, else null.
///
/// # Safety
/// `unknown` is a live interface.
pub unsafe fn query_interface<J>(unknown: *mut IUnknown, iid: &GUID) -> Option<Ref<J>> {
    #[repr(align(8))]
    struct Aligned(GUID);
    let iid = Aligned(*iid);
    // What a caller left there.
    const STALE: *mut c_void = ptr::without_provenance_mut(0x57A1E);
    let mut out = STALE;
    let (iid_at, out_at) = (&raw const iid.0, &raw mut out);
    // SAFETY: by the contract; the GUID is 8-aligned as the kernel's comparison wants it.
    unsafe {
        let status =
            guest_call!((*(*unknown).lpVtbl).QueryInterface, unknown, iid_at, out_at) as NTSTATUS;
        let wrong = match status {
            0.. if out.is_null() || out == STALE => Some("success without an interface"),
            ..0 if !out.is_null() => Some("a failure that leaves what was there"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            super::verify::violation(
                super::verify::Rule::QueryInterface,
                "QueryInterface",
                format!("{wrong} for {:?}", iid.0),
            );
        }
        if status < 0 || wrong.is_some() {
            None
        } else {
            Ref::from_owned(out.cast())
        }
    }
}
