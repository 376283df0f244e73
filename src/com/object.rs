// SPDX-License-Identifier: MIT OR Apache-2.0
//! The object: vtable pointers, reference count, value.

use crate::kernel::driver::Device;
use crate::kernel::{Result, no_memory};
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use arioso_core::ks::{GUID, NTSTATUS, PVOID};
use arioso_core::mem::TryBox;
use core::ffi::c_void;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering, fence};

/// What can live in an [`Object`].
///
/// # Safety
/// `VTABLE` starts with [`query_interface`], [`add_ref`], [`release`] of this class, its functions take an `Object<Self>`, and it
/// serves every interface of `INTERFACES`. The same holds for `SECOND`, whose functions take a pointer to the object's second word.
pub unsafe trait Class: Send + Sync + Sized + 'static {
    type Vtable: 'static;
    const VTABLE: &'static Self::Vtable;
    /// Besides `IUnknown`; the first is private to this class and identifies it.
    const INTERFACES: &'static [GUID];
    /// The table of an interface that does not derive from the others, and the interface. `()` where there is none.
    type Second: 'static;
    const SECOND: Option<(&'static Self::Second, GUID)>;
}

/// A reference-counted value; what PortCls has pointers to.
#[repr(C)]
pub struct Object<T: Class> {
    vtable: *const T::Vtable,
    /// Null if there is no second interface.
    second: *const T::Second,
    references: AtomicU32,
    value: T,
}

/// A counted reference to an object of ours. The last one drops the value, at the IRQL of whoever lets it go.
pub struct ObjectRef<T: Class>(NonNull<Object<T>>, PhantomData<Object<T>>);

// SAFETY: the count is atomic and the value is `Send + Sync`.
unsafe impl<T: Class> Send for ObjectRef<T> {}
// SAFETY: as above.
unsafe impl<T: Class> Sync for ObjectRef<T> {}

impl<T: Class> ObjectRef<T> {
    pub fn new(value: T) -> Result<Self> {
        let object = TryBox::try_new(Object {
            vtable: T::VTABLE,
            second: T::SECOND.map_or(core::ptr::null(), |(table, _)| &raw const *table),
            references: AtomicU32::new(1),
            value,
        })
        .map_err(no_memory)?;
        // SAFETY: a box's address is not null.
        Ok(Self(
            unsafe { NonNull::new_unchecked(object.into_raw()) },
            PhantomData,
        ))
    }

    /// The pointer that PortCls gets; its reference stays with `self`.
    pub fn as_unknown(&self) -> *mut c_void {
        self.0.as_ptr().cast()
    }

    /// The pointer that PortCls gets, with the reference.
    pub fn into_unknown(self) -> *mut c_void {
        let unknown = self.as_unknown();
        core::mem::forget(self);
        unknown
    }

    /// Takes back what [`ObjectRef::into_unknown`] gave away.
    ///
    /// # Safety
    /// `unknown` is null or came from there, and its reference is given up.
    unsafe fn from_unknown(unknown: *mut c_void) -> Option<Self> {
        NonNull::new(unknown.cast()).map(|object| Self(object, PhantomData))
    }

    /// A new reference to the object behind a pointer that came back from PortCls, if it is of this class.
    ///
    /// # Safety
    /// `unknown` is null or a live COM object.
    pub unsafe fn identify(unknown: *mut c_void) -> Option<Self> {
        let id = T::INTERFACES.first()?;
        // SAFETY: the caller's promise. Only this class answers to its private interface, with a reference.
        unsafe { Self::from_unknown(ask(unknown, id)) }
    }
}

/// `QueryInterface`; null if the object has no such interface.
///
/// # Safety
/// As [`ObjectRef::identify`].
#[inline(never)]
unsafe fn ask(unknown: *mut c_void, id: &GUID) -> *mut c_void {
    let mut found: *mut c_void = core::ptr::null_mut();
    // SAFETY: every COM object starts with a pointer to a table that starts with QueryInterface.
    let status = unsafe {
        let Some(table) = unknown.cast::<*const Unknown>().as_ref() else {
            return found;
        };
        ((**table).query_interface)(unknown, id, &mut found)
    };
    if status < 0 {
        found = core::ptr::null_mut();
    }
    found
}

impl<T: Class> ObjectRef<T> {
    /// Stores a reference in the device extension; what was there is released.
    pub fn keep(self, device: &Device) {
        swap_kept(device, self.into_unknown());
    }

    /// Takes the reference out of the device extension.
    pub fn take_kept(device: &Device) -> Option<Self> {
        let kept = device.slot().load(Ordering::Acquire);
        // SAFETY: null, or an object of ours that the slot holds a reference to.
        let found = unsafe { Self::identify(kept) };
        swap_kept(device, core::ptr::null_mut());
        found
    }
}

/// Replaces the reference in the device extension. PnP requests of one device do not run concurrently.
fn swap_kept(device: &Device, new: *mut c_void) {
    let old = device.slot().swap(new, Ordering::AcqRel);
    // SAFETY: null, or an object of ours: its table starts with QueryInterface, AddRef, Release, and the slot's reference is given up.
    unsafe {
        if let Some(table) = old.cast::<*const Unknown>().as_ref() {
            ((**table).release)(old);
        }
    }
}

#[repr(C)]
struct Unknown {
    query_interface: QueryInterface,
    add_ref: unsafe extern "efiapi" fn(*mut c_void) -> u32,
    release: unsafe extern "efiapi" fn(*mut c_void) -> u32,
}

type QueryInterface = unsafe extern "efiapi" fn(*mut c_void, *const GUID, *mut PVOID) -> NTSTATUS;

impl<T: Class> Clone for ObjectRef<T> {
    fn clone(&self) -> Self {
        // SAFETY: `self` holds a reference.
        unsafe { self.0.as_ref() }
            .references
            .fetch_add(1, Ordering::Relaxed);
        Self(self.0, PhantomData)
    }
}

impl<T: Class> Deref for ObjectRef<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `self` holds a reference.
        unsafe { &self.0.as_ref().value }
    }
}

impl<T: Class> Drop for ObjectRef<T> {
    fn drop(&mut self) {
        // SAFETY: `self` holds a reference and gives it up.
        unsafe { release::<T, Object<T>>(self.0.as_ptr()) };
    }
}

/// The value behind `this`.
///
/// # Safety
/// `this` is a live `Object<T>`.
pub unsafe fn value<'a, T: Class>(this: *mut c_void) -> &'a T {
    // SAFETY: the caller's promise.
    unsafe { &(*this.cast::<Object<T>>()).value }
}

/// `IUnknown::QueryInterface`.
///
/// # Safety
/// `this` is a live object of the class; the other pointers are valid.
pub unsafe extern "efiapi" fn query_interface<T: Class, I>(
    this: *mut I,
    id: *const GUID,
    object: *mut PVOID,
) -> NTSTATUS {
    // SAFETY: the caller's promise.
    unsafe {
        let whole = this.cast::<Object<T>>();
        let second = T::SECOND.map(|(_, id)| (id, (&raw mut (*whole).second).cast()));
        let first = (T::INTERFACES, this.cast());
        answer(first, second, &(*whole).references, id, object)
    }
}

/// Stores the interface that has this id, with a reference, or null.
///
/// # Safety
/// `id` and `object` are as `IUnknown::QueryInterface` has them, or null.
unsafe fn answer(
    (ids, first): (&[GUID], *mut c_void),
    second: Option<(GUID, *mut c_void)>,
    references: &AtomicU32,
    id: *const GUID,
    object: *mut PVOID,
) -> NTSTATUS {
    use arioso_core::ks::guid::IID_IUnknown;
    if object.is_null() || id.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: the caller's promise. GUIDs come at any address.
    let id = unsafe { id.read_unaligned() };
    let found = if id == IID_IUnknown || ids.contains(&id) {
        Some(first)
    } else {
        second.filter(|(own, _)| *own == id).map(|(_, at)| at)
    };
    if found.is_some() {
        references.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: the caller's promise.
    unsafe { object.write(found.unwrap_or_default()) };
    match found {
        Some(_) => STATUS_SUCCESS,
        None => STATUS_INVALID_PARAMETER,
    }
}

/// `IUnknown::AddRef`. Any IRQL.
///
/// # Safety
/// `this` is a live object of the class.
pub unsafe extern "efiapi" fn add_ref<T: Class, I>(this: *mut I) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { &*this.cast::<Object<T>>() }
        .references
        .fetch_add(1, Ordering::Relaxed)
        .wrapping_add(1)
}

/// `IUnknown::Release`. The last one destroys the object: at `PASSIVE_LEVEL`.
///
/// # Safety
/// `this` is an object of the class, and the caller gives up a reference.
#[inline(never)]
pub unsafe extern "efiapi" fn release<T: Class, I>(this: *mut I) -> u32 {
    let this = this.cast::<Object<T>>();
    // SAFETY: the caller's promise.
    let left = unsafe { &*this }
        .references
        .fetch_sub(1, Ordering::Release)
        .wrapping_sub(1);
    if left == 0 {
        // SAFETY: the last reference is gone.
        unsafe { destroy(this) };
    }
    left
}

/// # Safety
/// The last reference to the object is gone.
unsafe fn destroy<T: Class>(object: *mut Object<T>) {
    fence(Ordering::Acquire);
    // SAFETY: the caller's promise; the object came out of a `TryBox`.
    drop(unsafe { TryBox::from_raw(object) });
}

/// The object behind a pointer to its second interface.
///
/// # Safety
/// `this` is such a pointer of the class.
pub unsafe fn whole<T: Class, I>(this: *mut I) -> *mut Object<T> {
    // SAFETY: the caller's promise: `this` points to that field.
    unsafe {
        this.byte_sub(core::mem::offset_of!(Object<T>, second))
            .cast()
    }
}

/// `IUnknown::QueryInterface` of the second interface.
///
/// # Safety
/// As [`query_interface`], for the second interface.
pub unsafe extern "efiapi" fn query_interface_second<T: Class, I>(
    this: *mut I,
    id: *const GUID,
    object: *mut PVOID,
) -> NTSTATUS {
    // SAFETY: the caller's promise.
    unsafe { query_interface::<T, Object<T>>(whole::<T, I>(this), id, object) }
}

/// `IUnknown::AddRef` of the second interface.
///
/// # Safety
/// As [`add_ref`], for the second interface.
pub unsafe extern "efiapi" fn add_ref_second<T: Class, I>(this: *mut I) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { add_ref::<T, Object<T>>(whole::<T, I>(this)) }
}

/// `IUnknown::Release` of the second interface.
///
/// # Safety
/// As [`release`], for the second interface.
pub unsafe extern "efiapi" fn release_second<T: Class, I>(this: *mut I) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { release::<T, Object<T>>(whole::<T, I>(this)) }
}

/// The vtable of `$class` for `$interface`: the three methods of `IUnknown`, and for each slot a body that gets `&$class` and the
/// slot's arguments. Bodies are unsafe blocks: they turn raw arguments into safe ones.
macro_rules! vtable {
    ([$object_bound:path, $bound:path] $interface:ident, $vtbl:ident for $class:ident $slots:tt) => {
        $crate::com::object::vtable!(
            @table [$object_bound, $bound] $interface, $vtbl for $class $slots
            core::convert::identity, query_interface, add_ref, release
        )
    };
    // For the class's second interface.
    (second [$object_bound:path, $bound:path] $interface:ident, $vtbl:ident for $class:ident $slots:tt) => {
        $crate::com::object::vtable!(
            @table [$object_bound, $bound] $interface, $vtbl for $class $slots
            $crate::com::object::whole::<$class, $interface>, query_interface_second, add_ref_second, release_second
        )
    };
    (@table [$object_bound:path, $bound:path] $interface:ident, $vtbl:ident for $class:ident {
        $( $name:ident |$object:ident $(, $arg:ident : $ty:ty)*| $(-> $ret:ty)? $body:block )*
    } $whole:expr, $query:ident, $add:ident, $release:ident) => {{
        $(
            #[allow(non_snake_case)]
            unsafe extern "efiapi" fn $name<$class: $object_bound + $bound>(this: *mut $interface $(, $arg: $ty)*) $(-> $ret)? {
                // SAFETY: PortCls calls an object that it holds a reference to, with arguments and at an IRQL as the interface
                // says.
                #[allow(unused_unsafe, unused_variables)]
                unsafe {
                    let $object = $crate::com::object::value::<$class>($whole(this).cast());
                    $body
                }
            }
        )*
        $vtbl {
            QueryInterface: $crate::com::object::$query::<$class, $interface>,
            AddRef: $crate::com::object::$add::<$class, $interface>,
            Release: $crate::com::object::$release::<$class, $interface>,
            $( $name: $name::<$class>, )*
        }
    }};
}
pub(super) use vtable;

/// Makes `$class` the class of objects with the vtable that `$make` builds for it, and with that of a second interface, if there is
/// one.
macro_rules! class {
    ($class:ty: $vtbl:ty = $make:path, [$($id:expr),+ $(,)?]) => {
        $crate::com::object::class!($class: $vtbl = $make, [$($id),+], (), None);
    };
    ($class:ty: $vtbl:ty = $make:path, [$($id:expr),+ $(,)?], $second:ty = $make_second:path, $second_id:expr) => {
        $crate::com::object::class!($class: $vtbl = $make, [$($id),+], $second, Some((&$make_second(), $second_id)));
    };
    ($class:ty: $vtbl:ty = $make:path, [$($id:expr),+], $second:ty, $pair:expr) => {
        // SAFETY: the vtables were built for this class by `vtable!`; they have the slots of all their interfaces, which derive from
        // one another.
        #[allow(unsafe_code)]
        unsafe impl $crate::com::object::Class for $class {
            type Vtable = $vtbl;
            const VTABLE: &'static $vtbl = &$make();
            const INTERFACES: &'static [arioso_core::ks::GUID] = &[$($id),+];
            type Second = $second;
            const SECOND: Option<(&'static $second, arioso_core::ks::GUID)> = $pair;
        }
    };
}
pub(crate) use class;
