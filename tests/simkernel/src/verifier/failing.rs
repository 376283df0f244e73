// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that fail though the caller did nothing wrong: the one that is asked for, with what Windows answers then.

use super::STATE;
use crate::guest::Import;
use crate::loader;
use crate::nt::status::STATUS_INSUFFICIENT_RESOURCES;

/// Imports, and methods of any interface, that give back a status. What undoes another call is not among them, nor what is counted
/// elsewhere: allocations by [`super::allocation_fails`], saves of processor state by [`super::save_fails`].
const STATUS: &[&str] = &[
    "IoOpenDriverRegistryKey",
    "IoGetDriverDirectory",
    "ZwCreateFile",
    "ZwQueryInformationFile",
    "ZwQueryValueKey",
    "ZwReadFile",
    "PcInitializeAdapterDriver",
    "PcAddAdapterDevice",
    "PcNewPort",
    "PcNewServiceGroup",
    "PcRegisterSubdevice",
    "PcRegisterPhysicalConnection",
    "PcRegisterAdapterPowerManagement",
    "WdfDriverCreate",
    "WdfDeviceMiniportCreate",
    "Init",
    "QueryInterface",
    "AddMember",
    "GetMessage",
    "GetBuffer",
];

/// Those that give back a pointer.
const POINTER: &[&str] = &[
    "MmMapLockedPagesSpecifyCache",
    "AllocatePagesForMdl",
    "MapAllocatedPages",
];

/// Makes the `n`th call from now on (1-based) of driver code that can fail do so; `None`: no more.
pub(crate) fn fail_call(n: Option<u64>) {
    let s = STATE.get();
    s.fail_call_at = n.map(|n| s.fallible_calls + n);
}

/// Calls by driver code so far that could fail.
pub(crate) fn fallible_calls() -> u64 {
    STATE.get().fallible_calls
}

/// The caller at `from` gets this back without the call, if it is the one that fails. Other makers' modules are spared.
pub(crate) fn call_fails(import: &Import, from: usize) -> Option<usize> {
    if !loader::is_guest(from) || loader::foreign(from).is_some() {
        return None;
    }
    let name = import.name.rsplit("::").next().unwrap_or_default();
    let is_status = STATUS.contains(&name);
    if !is_status && !POINTER.contains(&name) {
        return None;
    }
    let s = STATE.get();
    s.fallible_calls += 1;
    if s.fail_call_at != Some(s.fallible_calls) {
        return None;
    }
    let status = STATUS_INSUFFICIENT_RESOURCES as u32;
    Some(if is_status { status as usize } else { 0 })
}
