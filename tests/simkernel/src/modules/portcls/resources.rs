// SPDX-License-Identifier: MIT OR Apache-2.0
//! IResourceList, of devices without hardware: a list that is empty until somebody adds to it.

use core::cell::RefCell;
use core::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{PCM_PARTIAL_RESOURCE_DESCRIPTOR, PCM_RESOURCE_LIST};

use super::com::{self, Com, Object};
use crate::nt::{CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_RESOURCE_LIST};

pub struct ResourceList {
    /// Translated and untranslated, boxed: callers keep pointers.
    #[allow(clippy::vec_box)]
    entries: RefCell<Vec<Box<[CM_PARTIAL_RESOURCE_DESCRIPTOR; 2]>>>,
    translated: PCM_RESOURCE_LIST,
    untranslated: PCM_RESOURCE_LIST,
}

impl ResourceList {
    /// # Safety
    /// Lists are null or as IRP_MN_START_DEVICE brings them.
    pub unsafe fn create(
        translated: PCM_RESOURCE_LIST,
        untranslated: PCM_RESOURCE_LIST,
    ) -> *mut Object<ResourceList> {
        // SAFETY: by the contract.
        let lists = unsafe { [translated, untranslated].map(|list| partials(list.cast())) };
        let entries = lists[0]
            .iter()
            .zip(&lists[1])
            .map(|(t, u)| Box::new([*t, *u]))
            .collect();
        Object::new(ResourceList {
            entries: RefCell::new(entries),
            translated,
            untranslated,
        })
    }

    fn nth(&self, kind: i32, index: u32, which: usize) -> PCM_PARTIAL_RESOURCE_DESCRIPTOR {
        let entries = self.entries.borrow();
        let found = entries
            .iter()
            .filter(|e| i32::from(e[which].Type) == kind)
            .nth(index as usize);
        found.map_or(ptr::null_mut(), |e| {
            ptr::from_ref(&e[which]).cast_mut().cast()
        })
    }
}

/// Descriptors of the first bus; no device here has more.
unsafe fn partials(list: *const CM_RESOURCE_LIST) -> Vec<CM_PARTIAL_RESOURCE_DESCRIPTOR> {
    // SAFETY: a counted list.
    unsafe {
        let Some(list) = list.as_ref().filter(|l| l.Count > 0) else {
            return Vec::new();
        };
        let partial = &raw const list.List[0].PartialResourceList;
        let first =
            (&raw const (*partial).PartialDescriptors).cast::<CM_PARTIAL_RESOURCE_DESCRIPTOR>();
        (0..(*partial).Count as usize)
            .map(|i| ptr::read_unaligned(first.add(i)))
            .collect()
    }
}

impl Com for ResourceList {
    type Vtbl = IResourceListVtbl;
    const VTBL: &'static IResourceListVtbl = &IResourceListVtbl {
        QueryInterface: com::query::<ResourceList, _>,
        AddRef: com::add_ref::<ResourceList, _>,
        Release: com::release::<ResourceList, _>,
        NumberOfEntries: count,
        NumberOfEntriesOfType: count_of,
        FindTranslatedEntry: find_translated,
        FindUntranslatedEntry: find_untranslated,
        AddEntry: add,
        AddEntryFromParent: add_from,
        TranslatedList: translated,
        UntranslatedList: untranslated,
    };
    const NAME: &'static str = "IResourceList";
    const INTERFACES: &'static [GUID] = &[IID_IResourceList];
}

unsafe extern "efiapi" fn count(this: *mut IResourceList) -> u32 {
    // SAFETY: through our own vtable.
    unsafe { com::of::<ResourceList, _>(this).entries.borrow().len() as u32 }
}

unsafe extern "efiapi" fn count_of(this: *mut IResourceList, kind: i32) -> u32 {
    // SAFETY: through our own vtable.
    unsafe {
        com::of::<ResourceList, _>(this)
            .entries
            .borrow()
            .iter()
            .filter(|e| i32::from(e[0].Type) == kind)
            .count() as u32
    }
}

unsafe extern "efiapi" fn find_translated(
    this: *mut IResourceList,
    kind: i32,
    index: u32,
) -> PCM_PARTIAL_RESOURCE_DESCRIPTOR {
    // SAFETY: through our own vtable.
    unsafe { com::of::<ResourceList, _>(this).nth(kind, index, 0) }
}

unsafe extern "efiapi" fn find_untranslated(
    this: *mut IResourceList,
    kind: i32,
    index: u32,
) -> PCM_PARTIAL_RESOURCE_DESCRIPTOR {
    // SAFETY: through our own vtable.
    unsafe { com::of::<ResourceList, _>(this).nth(kind, index, 1) }
}

unsafe extern "efiapi" fn add(
    this: *mut IResourceList,
    t: PCM_PARTIAL_RESOURCE_DESCRIPTOR,
    u: PCM_PARTIAL_RESOURCE_DESCRIPTOR,
) -> NTSTATUS {
    if t.is_null() || u.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: the caller's descriptors.
    unsafe {
        let entry = Box::new([ptr::read_unaligned(t.cast()), ptr::read_unaligned(u.cast())]);
        com::of::<ResourceList, _>(this)
            .entries
            .borrow_mut()
            .push(entry);
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn add_from(
    this: *mut IResourceList,
    parent: *mut IResourceList,
    kind: i32,
    index: u32,
) -> NTSTATUS {
    // SAFETY: the parent is one of our lists.
    unsafe {
        let parent = com::of::<ResourceList, _>(parent);
        add(this, parent.nth(kind, index, 0), parent.nth(kind, index, 1))
    }
}

unsafe extern "efiapi" fn translated(this: *mut IResourceList) -> PCM_RESOURCE_LIST {
    // SAFETY: through our own vtable.
    unsafe { com::of::<ResourceList, _>(this).translated }
}

unsafe extern "efiapi" fn untranslated(this: *mut IResourceList) -> PCM_RESOURCE_LIST {
    // SAFETY: through our own vtable.
    unsafe { com::of::<ResourceList, _>(this).untranslated }
}
