// SPDX-License-Identifier: MIT OR Apache-2.0
//! Resources of a loaded image.

use super::*;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        PASSIVE_LEVEL => LdrFindResource_U, LdrAccessResource;
    }
}

/// The data directory of resources in the headers of a PE32+ image: offset from "PE\0\0".
const DIRECTORY: usize = 24 + 112 + 2 * 8;
const SUBDIRECTORY: u32 = 0x8000_0000;

/// Reads of a mapped image, whose loader has checked it.
#[derive(Clone, Copy)]
struct Image(usize);

impl Image {
    unsafe fn word(self, at: usize) -> u32 {
        // SAFETY: the caller stays inside the image.
        unsafe { ((self.0 + at) as *const u32).read_unaligned() }
    }

    /// Where the resources begin, if there are any.
    unsafe fn resources(self) -> Option<usize> {
        const NEW_HEADER: usize = 0x3C;
        // SAFETY: the headers of a mapped image.
        let at = unsafe { self.word(self.word(NEW_HEADER) as usize + DIRECTORY) } as usize;
        (at != 0).then_some(at)
    }

    /// The entry of a directory with this number; any, for `None`.
    unsafe fn entry(self, directory: usize, id: Option<u32>) -> Option<u32> {
        const HEAD: usize = 16;
        // SAFETY: a resource directory: 16 bytes, of which the last words count names and numbers, and an entry of 8 bytes for each.
        unsafe {
            let counts = self.word(directory + 12);
            let count = (counts & 0xFFFF) + (counts >> 16);
            (0..count as usize)
                .map(|i| directory + HEAD + i * 8)
                .find(|&at| id.is_none_or(|id| self.word(at) == id))
                .map(|at| self.word(at + 4))
        }
    }
}

/// `path` is type, name, language, of which `level` are given; numbers only. A language that is not there is any.
pub unsafe extern "efiapi" fn LdrFindResource_U(
    base: PVOID,
    path: *const usize,
    level: u32,
    out: *mut PVOID,
) -> NTSTATUS {
    let missing = [
        status::STATUS_RESOURCE_TYPE_NOT_FOUND,
        status::STATUS_RESOURCE_NAME_NOT_FOUND,
        status::STATUS_RESOURCE_LANG_NOT_FOUND,
    ];
    // SAFETY: an image's base; the caller's path and result.
    unsafe {
        // The low bits say how the image is mapped.
        let image = Image(base as usize & !3);
        let Some(start) = image.resources() else {
            return status::STATUS_RESOURCE_DATA_NOT_FOUND;
        };
        let mut at = start;
        for (depth, status) in missing.into_iter().enumerate() {
            let wanted = if depth < level as usize {
                Some(*path.add(depth) as u32)
            } else {
                None
            };
            let mut entry = image.entry(at, wanted);
            if depth == 2 {
                entry = entry.or(image.entry(at, None));
            }
            let Some(entry) = entry else { return status };
            at = start + (entry & !SUBDIRECTORY) as usize;
        }
        *out = (image.0 + at) as PVOID;
    }
    status::STATUS_SUCCESS
}

/// Where the data of an entry of [`LdrFindResource_U`] lie, and how many bytes.
pub unsafe extern "efiapi" fn LdrAccessResource(
    base: PVOID,
    entry: *const [u32; 4],
    resource: *mut PVOID,
    size: *mut u32,
) -> NTSTATUS {
    // SAFETY: IMAGE_RESOURCE_DATA_ENTRY: address in the image, size, code page, reserved.
    unsafe {
        let [at, bytes, ..] = *entry;
        if !resource.is_null() {
            *resource = ((base as usize & !3) + at as usize) as PVOID;
        }
        if !size.is_null() {
            *size = bytes;
        }
    }
    status::STATUS_SUCCESS
}
