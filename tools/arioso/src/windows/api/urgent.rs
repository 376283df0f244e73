// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads that a sound device waits for.

use windows::Win32::Foundation::HANDLE;
use windows::Win32::System::Threading::{
    AvRevertMmThreadCharacteristics, AvSetMmThreadCharacteristicsW,
};
use windows::core::w;

/// The thread that made it is scheduled as one of `Pro Audio`, until it goes.
pub struct Urgent(HANDLE);

impl Urgent {
    /// Nothing where the scheduler does not want to: the thread works all the same.
    pub fn here() -> Option<Self> {
        let mut task = 0;
        // SAFETY: the name is a literal, the number lives through the call.
        let handle = unsafe { AvSetMmThreadCharacteristicsW(w!("Pro Audio"), &mut task) };
        handle.ok().map(Self)
    }
}

impl Drop for Urgent {
    fn drop(&mut self) {
        // SAFETY: the handle is of this thread: it is made there, and cannot be sent.
        let _ = unsafe { AvRevertMmThreadCharacteristics(self.0) };
    }
}
