// SPDX-License-Identifier: MIT OR Apache-2.0
//! IPortWaveRTStream: the pages of a stream's buffer. They are reachable where they are mapped, and only while they are.

use core::cell::RefCell;
use core::ffi::c_void;
use core::ptr::null_mut;

use arioso_core::ks::guid::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::{GUID, PHYSICAL_ADDRESS, PMDL};

use super::super::com::{self, Com, Object};
use super::super::verify::{Rule, violation};
use crate::executive::mm::{IoAllocateMdl, IoFreeMdl};
use crate::nt::{MDL, MDL_PAGES_LOCKED, PAGE_SIZE};
use crate::{user, verifier};

struct Block {
    mdl: *mut MDL,
    /// Where user mode sees them, once it does.
    user: u64,
    bytes: usize,
    system: Option<usize>,
}

/// The pages of one stream.
#[derive(Default)]
pub struct Pages(RefCell<Vec<Block>>);

pub type PagesObject = Object<Pages>;

impl Pages {
    pub fn create() -> *mut PagesObject {
        Object::new(Pages::default())
    }

    /// User address and bytes of what an MDL of this stream describes.
    pub fn user_range(&self, mdl: PMDL) -> Option<(u64, usize)> {
        let blocks = self.0.borrow();
        let block = blocks.iter().find(|b| b.mdl == mdl.cast())?;
        Some((block.user, block.bytes))
    }

    fn allocate(&self, bytes: usize) -> PMDL {
        if bytes == 0 || u32::try_from(bytes).is_err() || verifier::allocation_fails() {
            return null_mut();
        }
        let bytes = bytes.next_multiple_of(PAGE_SIZE);
        // SAFETY: an MDL without addresses: it stands for the pages.
        let mdl = unsafe {
            let mdl = IoAllocateMdl(null_mut(), bytes as u32, 0, 0, null_mut());
            (*mdl).MdlFlags |= MDL_PAGES_LOCKED;
            mdl
        };
        self.0.borrow_mut().push(Block {
            mdl,
            user: user::reserve(bytes),
            bytes,
            system: None,
        });
        mdl.cast()
    }

    fn map(&self, mdl: PMDL) -> *mut c_void {
        let mut blocks = self.0.borrow_mut();
        let Some(block) = blocks.iter_mut().find(|b| b.mdl == mdl.cast()) else {
            violation(
                Rule::PcAllocateAndMapPages,
                "IPortWaveRTStream",
                format!("MapAllocatedPages({mdl:p}) of pages of another stream"),
            );
            return null_mut();
        };
        if let Some(system) = block.system {
            violation(
                Rule::PcUnmapAllocatedPages,
                "IPortWaveRTStream",
                format!("MapAllocatedPages({mdl:p}) twice"),
            );
            return system as *mut c_void;
        }
        if verifier::allocation_fails() {
            return null_mut();
        }
        block.system = user::map_system(block.user, block.bytes);
        block
            .system
            .map_or(null_mut(), |system| system as *mut c_void)
    }

    fn unmap(&self, address: *mut c_void, mdl: PMDL) {
        let mut blocks = self.0.borrow_mut();
        let block = blocks
            .iter_mut()
            .find(|b| b.mdl == mdl.cast() && b.system == Some(address as usize));
        match block {
            Some(block) => {
                block.system = None;
                user::unmap_system(address as usize, block.bytes);
            }
            None => violation(
                Rule::PcUnmapAllocatedPages,
                "IPortWaveRTStream",
                format!("{address:p} is not where {mdl:p} is mapped"),
            ),
        }
    }

    fn free(&self, mdl: PMDL) {
        let at = self.0.borrow().iter().position(|b| b.mdl == mdl.cast());
        let Some(at) = at else {
            violation(
                Rule::PcAllocatedPages,
                "IPortWaveRTStream",
                format!("FreePagesFromMdl({mdl:p}) of what was not allocated"),
            );
            return;
        };
        let block = self.0.borrow_mut().remove(at);
        if let Some(system) = block.system {
            violation(
                Rule::PcUnmapAllocatedPages,
                "IPortWaveRTStream",
                format!("the pages of {mdl:p} are freed while they are mapped"),
            );
            user::unmap_system(system, block.bytes);
        }
        user::release(block.user, block.bytes);
        // SAFETY: made by `allocate`.
        unsafe { IoFreeMdl(block.mdl) };
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let left: Vec<PMDL> = self.0.borrow().iter().map(|b| b.mdl.cast()).collect();
        for mdl in left {
            violation(
                Rule::PcAllocatedPages,
                "IPortWaveRTStream",
                format!("the pages of {mdl:p} are not freed when the stream is closed"),
            );
            self.free(mdl);
        }
    }
}

impl Com for Pages {
    type Vtbl = IPortWaveRTStreamVtbl;
    const VTBL: &'static IPortWaveRTStreamVtbl = &IPortWaveRTStreamVtbl {
        QueryInterface: com::query::<Pages, _>,
        AddRef: com::add_ref::<Pages, _>,
        Release: com::release::<Pages, _>,
        AllocatePagesForMdl: allocate,
        AllocateContiguousPagesForMdl: allocate_contiguous,
        MapAllocatedPages: map,
        UnmapAllocatedPages: unmap,
        FreePagesFromMdl: free,
        GetPhysicalPagesCount: count,
        GetPhysicalPageAddress: address,
    };
    const NAME: &'static str = "IPortWaveRTStream";
    const INTERFACES: &'static [GUID] = &[IID_IPortWaveRTStream];
}

type This = *mut IPortWaveRTStream;

unsafe fn of<'a>(this: This) -> &'a Pages {
    // SAFETY: through our own vtable.
    unsafe { com::of::<Pages, _>(this) }
}

unsafe extern "efiapi" fn allocate(this: This, _high: PHYSICAL_ADDRESS, bytes: usize) -> PMDL {
    // SAFETY: the driver's arguments.
    unsafe { of(this) }.allocate(bytes)
}

unsafe extern "efiapi" fn allocate_contiguous(
    this: This,
    _low: PHYSICAL_ADDRESS,
    _high: PHYSICAL_ADDRESS,
    bytes: usize,
) -> PMDL {
    // SAFETY: the driver's arguments.
    unsafe { of(this) }.allocate(bytes)
}

unsafe extern "efiapi" fn map(this: This, mdl: PMDL, _cache: i32) -> *mut c_void {
    // SAFETY: the driver's arguments.
    unsafe { of(this) }.map(mdl)
}

unsafe extern "efiapi" fn unmap(this: This, address: *mut c_void, mdl: PMDL) {
    // SAFETY: the driver's arguments.
    unsafe { of(this) }.unmap(address, mdl);
}

unsafe extern "efiapi" fn free(this: This, mdl: PMDL) {
    // SAFETY: the driver's arguments.
    unsafe { of(this) }.free(mdl);
}

unsafe extern "efiapi" fn count(this: This, mdl: PMDL) -> u32 {
    // SAFETY: the driver's arguments.
    let range = unsafe { of(this) }.user_range(mdl);
    range.map_or(0, |(_, bytes)| (bytes / PAGE_SIZE) as u32)
}

unsafe extern "efiapi" fn address(
    this: This,
    result: *mut PHYSICAL_ADDRESS,
    mdl: PMDL,
    index: u32,
) -> *mut PHYSICAL_ADDRESS {
    // SAFETY: the driver's arguments; the result's place is the caller's.
    unsafe {
        let range = of(this).user_range(mdl);
        *result = range
            .filter(|(_, bytes)| (index as usize) < bytes / PAGE_SIZE)
            .map_or(0, |(user, _)| {
                user as i64 + i64::from(index) * PAGE_SIZE as i64
            });
    }
    result
}
