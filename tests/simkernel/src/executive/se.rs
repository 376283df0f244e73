// SPDX-License-Identifier: MIT OR Apache-2.0
//! Security of a driver's own objects: self-relative descriptors in pool, subject contexts, privileges.

use super::*;
use crate::{pool, verifier};
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        PASSIVE_LEVEL => SeAssignSecurity, SeDeassignSecurity, SeCaptureSubjectContext, SeReleaseSubjectContext, SeQuerySecurityDescriptorInfo,
            SeSetSecurityDescriptorInfo, SeSinglePrivilegeCheck;
    }
}

const SECURITY_TAG: u32 = tag(b"Secu");
/// SE_SELF_RELATIVE.
const SELF_RELATIVE: u16 = 0x8000;
/// Of SECURITY_DESCRIPTOR_RELATIVE: Revision, Sbz1, Control, then the offsets of owner, group, SACL, DACL.
const HEAD: usize = 20;

/// SECURITY_INFORMATION's bits, in the order of the offsets; whether the part is an ACL, and the control bit that says it is there.
const PARTS: [(u32, bool, u16); 4] = [
    (1, false, 0),
    (2, false, 0),
    (8, true, 0x10),
    (4, true, 0x04),
];

/// Owner, group, SACL and DACL. `Some` of no bytes: the ACL is there, and null.
#[derive(Default)]
struct Descriptor([Option<Vec<u8>>; 4]);

impl Descriptor {
    /// Null is a descriptor of nothing.
    unsafe fn read(at: *const u8) -> Descriptor {
        let mut out = Descriptor::default();
        if at.is_null() {
            return out;
        }
        // SAFETY: a valid self-relative or absolute descriptor of the caller's.
        unsafe {
            let control = at.add(2).cast::<u16>().read_unaligned();
            for (i, (_, acl, present)) in PARTS.into_iter().enumerate() {
                let part = if control & SELF_RELATIVE != 0 {
                    match at.add(4 + 4 * i).cast::<u32>().read_unaligned() {
                        0 => null_mut(),
                        offset => at.add(offset as usize).cast_mut(),
                    }
                } else {
                    at.add(8 + 8 * i).cast::<*mut u8>().read_unaligned()
                };
                if part.is_null() {
                    out.0[i] = (acl && control & present != 0).then(Vec::new);
                    continue;
                }
                // An ACL has its size in it, a SID the count of its authorities.
                let length = if acl {
                    usize::from(part.add(2).cast::<u16>().read_unaligned())
                } else {
                    8 + 4 * usize::from(*part.add(1))
                };
                out.0[i] = Some(std::slice::from_raw_parts(part, length).to_vec());
            }
        }
        out
    }

    /// The parts of `other` that `information` names take the place of ours.
    fn merge(&mut self, other: Descriptor, information: u32) {
        for ((own, new), (bit, ..)) in self.0.iter_mut().zip(other.0).zip(PARTS) {
            if information & bit != 0 {
                *own = new;
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0u8; HEAD];
        let mut control = SELF_RELATIVE;
        for (i, (part, (_, _, present))) in self.0.iter().zip(PARTS).enumerate() {
            let Some(part) = part else { continue };
            control |= present;
            if !part.is_empty() {
                let at = out.len() as u32;
                out[4 + 4 * i..8 + 4 * i].copy_from_slice(&at.to_le_bytes());
                out.extend(part);
            }
        }
        out[0] = 1;
        out[2..4].copy_from_slice(&control.to_le_bytes());
        out
    }

    /// Null when there is no memory.
    fn to_pool(&self, owner: usize) -> PVOID {
        let bytes = self.bytes();
        let block = pool::allocate(bytes.len(), SECURITY_TAG, true, false, owner);
        if !block.is_null() {
            // SAFETY: a fresh block of that size.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), block, bytes.len()) };
        }
        block.cast()
    }
}

/// What the creator gives, else what is inherited from the parent; a descriptor without either grants everything.
pub unsafe extern "efiapi" fn SeAssignSecurity(
    parent: PVOID,
    explicit: PVOID,
    new: *mut PVOID,
    _directory: BOOLEAN,
    _subject: PVOID,
    _mapping: PVOID,
    _pool: u32,
) -> NTSTATUS {
    let owner = ex::direct_caller(SeAssignSecurity as *const () as usize);
    // SAFETY: descriptors of the caller's, and its result.
    unsafe {
        *new = null_mut();
        if owner != 0 && verifier::allocation_fails() {
            return status::STATUS_INSUFFICIENT_RESOURCES;
        }
        let mut descriptor = Descriptor::read(parent.cast());
        let explicit = Descriptor::read(explicit.cast());
        let given = PARTS.iter().zip(&explicit.0);
        let information = given.fold(0, |bits, ((bit, ..), part)| {
            bits | if part.is_some() { *bit } else { 0 }
        });
        descriptor.merge(explicit, information);
        *new = descriptor.to_pool(owner);
        if (*new).is_null() {
            return status::STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    status::STATUS_SUCCESS
}

/// Frees a descriptor that was assigned.
pub unsafe extern "efiapi" fn SeDeassignSecurity(descriptor: *mut PVOID) -> NTSTATUS {
    // SAFETY: the caller's descriptor, of SeAssignSecurity.
    unsafe {
        if !(*descriptor).is_null() {
            pool::free(*descriptor as usize, SECURITY_TAG);
            *descriptor = null_mut();
        }
    }
    status::STATUS_SUCCESS
}

/// SECURITY_SUBJECT_CONTEXT: client token, impersonation level, primary token, process. There are no tokens here.
pub unsafe extern "efiapi" fn SeCaptureSubjectContext(context: *mut [usize; 4]) {
    let process = crate::guest::current();
    // SAFETY: the caller's storage; the running context is live.
    unsafe {
        *context = [
            0,
            0,
            0,
            if process.is_null() {
                0
            } else {
                (*process).process
            },
        ]
    };
}

/// Ends the use of a subject's context.
pub unsafe extern "efiapi" fn SeReleaseSubjectContext(context: *mut [usize; 4]) {
    // SAFETY: of SeCaptureSubjectContext.
    unsafe { *context = [0; 4] };
}

/// STATUS_BUFFER_TOO_SMALL tells the length.
pub unsafe extern "efiapi" fn SeQuerySecurityDescriptorInfo(
    information: *const u32,
    out: *mut u8,
    length: *mut u32,
    object: *const PVOID,
) -> NTSTATUS {
    // SAFETY: the caller's storage and descriptor.
    unsafe {
        let mut asked = Descriptor::default();
        asked.merge(Descriptor::read((*object).cast()), *information);
        let bytes = asked.bytes();
        let room = std::mem::replace(&mut *length, bytes.len() as u32) as usize;
        if room < bytes.len() {
            return status::STATUS_BUFFER_TOO_SMALL;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), out, bytes.len());
    }
    status::STATUS_SUCCESS
}

/// The object's descriptor is replaced by a new block.
pub unsafe extern "efiapi" fn SeSetSecurityDescriptorInfo(
    _object: PVOID,
    information: *const u32,
    modification: PVOID,
    descriptor: *mut PVOID,
    _pool: u32,
    _mapping: PVOID,
) -> NTSTATUS {
    let owner = ex::direct_caller(SeSetSecurityDescriptorInfo as *const () as usize);
    // SAFETY: descriptors of the caller's.
    unsafe {
        if (*descriptor).is_null() {
            return status::STATUS_NO_SECURITY_ON_OBJECT;
        }
        let mut merged = Descriptor::read((*descriptor).cast());
        merged.merge(Descriptor::read(modification.cast()), *information);
        let new = merged.to_pool(owner);
        if new.is_null() {
            return status::STATUS_INSUFFICIENT_RESOURCES;
        }
        pool::free(*descriptor as usize, SECURITY_TAG);
        *descriptor = new;
    }
    status::STATUS_SUCCESS
}

/// The kernel has every privilege, a program none. `_luid` is passed by value.
pub unsafe extern "efiapi" fn SeSinglePrivilegeCheck(_luid: u64, mode: KPROCESSOR_MODE) -> BOOLEAN {
    BOOLEAN::from(mode == KERNEL_MODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
    const DACL: [u8; 8] = [2, 0, 8, 0, 0, 0, 0, 0];

    #[test]
    fn parts_are_merged_by_what_is_asked() {
        let mut own = Descriptor([Some(OWNER.into()), None, None, Some(Vec::new())]);
        let other = Descriptor([None, None, None, Some(DACL.into())]);
        own.merge(other, 4);
        let bytes = own.bytes();
        assert_eq!(bytes.len(), HEAD + OWNER.len() + DACL.len());
        // SAFETY: a descriptor that was just made.
        let back = unsafe { Descriptor::read(bytes.as_ptr()) };
        assert_eq!(back.0, own.0);
    }
}
