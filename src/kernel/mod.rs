// SPDX-License-Identifier: MIT OR Apache-2.0
//! Safe wrappers around the kernel's services; together with [`crate::com`] the only place with `unsafe`.
//!
//! | module | wraps |
//! |---|---|
//! | [`irql`] | proof of `PASSIVE_LEVEL`, waiting |
//! | [`heap`] | the global allocator: tagged non-paged, non-executable pool |
//! | [`lock`] | spin lock, mutex for threads |
//! | [`dpc`], [`timer`], [`work`] | deferred calls, coalescable and high-resolution timers, work items |
//! | [`mdl`] | one copy out of a caller's memory |
//! | [`vectors`] | vector registers that must be saved |
//! | [`file`](mod@file), [`registry`] | whole files, the service's parameters |
//! | [`clock`] | the performance counter in 100 ns |
//! | [`driver`], [`wdf`] | driver and device objects, the framework in miniport mode |
//! | [`debug`] | lines for the debugger, the bugcheck of a panic |

#[macro_use]
pub mod debug;
pub mod clock;
pub mod dpc;
pub mod driver;
pub mod file;
mod handle;
pub mod heap;
pub mod irql;
pub mod lock;
pub mod mdl;
pub mod registry;
pub mod timer;
pub mod vectors;
pub mod wdf;
pub mod work;

use arioso_core::ks::NTSTATUS;
use arioso_core::ks::status::STATUS_SUCCESS;

/// What kernel calls return: a value, or a status that is not a success.
pub type Result<T = ()> = core::result::Result<T, NTSTATUS>;

/// `Ok` for every success status.
pub fn check(status: NTSTATUS) -> Result {
    if arioso_core::ks::nt_success(status) {
        Ok(())
    } else {
        Err(status)
    }
}

/// The status of a result.
pub fn status(result: Result) -> NTSTATUS {
    match result {
        Ok(()) => STATUS_SUCCESS,
        Err(status) => status,
    }
}

/// `STATUS_INSUFFICIENT_RESOURCES` for an allocation that failed.
pub fn no_memory(_: arioso_core::mem::NoMemory) -> NTSTATUS {
    arioso_core::ks::status::STATUS_INSUFFICIENT_RESOURCES
}
