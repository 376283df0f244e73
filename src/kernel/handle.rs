// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handles and names of kernel objects.

use wdk_sys::{HANDLE, UNICODE_STRING, ntddk};

/// A handle that closes itself. Kernel handles only.
pub(super) struct Handle(pub(super) HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and ours.
        let _ = unsafe { ntddk::ZwClose(self.0) };
    }
}

/// The counted string over `text`.
pub(super) fn unicode(text: &[u16]) -> UNICODE_STRING {
    let bytes = u16::try_from(size_of_val(text)).unwrap_or(u16::MAX & !1);
    UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: text.as_ptr().cast_mut(),
    }
}
