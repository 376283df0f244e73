// SPDX-License-Identifier: MIT OR Apache-2.0
//! What PortCls imports from `ks.sys`, resolved by name as for any module.

use std::collections::BTreeMap;

use crate::nt::{IRP, NTSTATUS};
use crate::state::Global;
use arioso_core::ks::ks::{
    KSPROBE_ALLOCATEMDL, KSPROBE_PROBEANDLOCK, KSPROBE_STREAMWRITE, KSPROBE_SYSTEMADDRESS,
    KSSTREAM_HEADER,
};

static BOUND: Global<BTreeMap<&'static str, usize>> = Global::new(BTreeMap::new());

/// The entry of an export of `ks.sys`, whichever module that is.
pub fn ks(name: &'static str) -> usize {
    if let Some(&entry) = BOUND.get().get(name) {
        return entry;
    }
    let entry = crate::loader::guest_routine("ks.sys", name)
        .unwrap_or_else(|| panic!("ks.sys does not export {name}"));
    BOUND.get().insert(name, entry);
    entry
}

/// Calls an export of `ks.sys`; the result is rax.
macro_rules! ks_call {
    ($name:ident $(, $argument:expr)* $(,)?) => {
        $crate::guest_call!($crate::modules::portcls::imports::ks(stringify!($name)) $(, $argument)*)
    };
}
pub(crate) use ks_call;

/// Copies the headers of an `IOCTL_KS_WRITE_STREAM`, and locks and maps its data.
///
/// # Safety
/// A request on a pin.
pub unsafe fn probe_write(request: *mut IRP) -> NTSTATUS {
    let flags =
        KSPROBE_STREAMWRITE | KSPROBE_ALLOCATEMDL | KSPROBE_PROBEANDLOCK | KSPROBE_SYSTEMADDRESS;
    // SAFETY: by the contract.
    unsafe {
        ks_call!(
            KsProbeStreamIrp,
            request,
            flags,
            size_of::<KSSTREAM_HEADER>()
        ) as NTSTATUS
    }
}
