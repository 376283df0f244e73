// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built-in `portcls.sys`: the adapter side, and the DMus, MIDI, WaveRT and topology ports. It uses `ks.sys` through its exports only.
//!
//! | file | holds |
//! |---|---|
//! | `device`, `power`, `connection` | adapter device, subdevices, PnP, power, physical connections |
//! | `port`, `miniport`, `shape` | the port, what is behind it, its miniport's descriptor |
//! | `property`, `events` | dispatch to the miniport's automation tables |
//! | `filter`, `pin`, `handle` | what user mode opens |
//! | `dmus`, `render`, `unpack`, `allocator` | from a stream write to `IMXF::PutMessage` and back |
//! | `wave_sink`, `capture`, `reader`, `clock` | the other directions, time |
//! | `midi` | byte streams of an IMiniportMidi |
//! | `wave_rt` | cyclic buffers of an IMiniportWaveRT |
//! | `slips` | calls that no port makes |
//! | `walked` | lists whose members are called while others come and go |
//! | `service`, `port_services`, `resources`, `registry`, `stream_resource`, `com` | objects that drivers ask for |
//! | `verify` | rules |
#![allow(
    non_snake_case,
    non_upper_case_globals,
    clippy::missing_safety_doc,
    clippy::too_many_arguments
)]

pub mod allocator;
pub(crate) mod capture;
pub(crate) mod clock;
mod com;
mod connection;
pub(crate) mod device;
mod dmus;
mod events;
mod filter;
pub(crate) mod format;
mod handle;
pub(crate) mod imports;
pub(super) mod midi;
mod miniport;
mod pin;
mod port;
mod port_services;
mod power;
pub(crate) mod property;
pub(crate) mod reader;
mod registry;
pub(crate) mod render;
mod resources;
mod service;
mod shape;
mod slips;
mod stream_resource;
pub mod unpack;
mod verify;
mod walked;
mod wave_rt;
pub mod wave_sink;

pub use midi::read_at_once;
pub use slips::slips;

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use connection::*;
use device::*;
use miniport::Class;
use power::*;
use property::PcCompletePendingPropertyRequest;
use stream_resource::{PcAddStreamResource, PcRemoveStreamResource};

use crate::executive::Export;

use crate::nt::{DEVICE_OBJECT, DISPATCH_LEVEL, HIGH_LEVEL, PASSIVE_LEVEL};

pub(crate) use device::is_adapter;
pub use format::Pcm;

/// By name, with the IRQL limits of docs/reference/dmus-miniport.md §1.2.
pub fn exports() -> Vec<Export> {
    exports! {
        PASSIVE_LEVEL => PcInitializeAdapterDriver, PcAddAdapterDevice, PcRegisterSubdevice, PcRegisterPhysicalConnection,
            PcNewPort, PcNewMiniport, PcNewServiceGroup, PcNewResourceList, PcNewRegistryKey, PcGetDeviceProperty,
            PcRegisterAdapterPowerManagement, PcUnregisterAdapterPowerManagement, PcRequestNewPowerState,
            PcForwardIrpSynchronous, PcNewResourceSublist, PcNewInterruptSync, PcRegisterPhysicalConnectionToExternal,
            PcRegisterPhysicalConnectionFromExternal, PcAddStreamResource, PcRemoveStreamResource;
        DISPATCH_LEVEL => PcDispatchIrp, PcCompleteIrp, PcCompletePendingPropertyRequest;
        HIGH_LEVEL => PcGetTimeInterval, PcGetPhysicalDeviceObject;
    }
}

unsafe extern "efiapi" fn PcNewPort(out: *mut *mut IPort, class: *const GUID) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe {
        *out = ptr::null_mut();
        if crate::verifier::allocation_fails() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        match Class::of(&ptr::read_unaligned(class)) {
            Some(class) => {
                *out = port::Port::create(class).cast();
                STATUS_SUCCESS
            }
            None => STATUS_NOT_FOUND,
        }
    }
}

/// None of the in-box miniports is there.
unsafe extern "efiapi" fn PcNewMiniport(out: *mut *mut IMiniport, _class: *const GUID) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe { *out = ptr::null_mut() };
    STATUS_NOT_FOUND
}

unsafe extern "efiapi" fn PcNewServiceGroup(
    out: *mut *mut IServiceGroup,
    outer: *mut IUnknown,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe {
        *out = ptr::null_mut();
        if !outer.is_null() {
            return STATUS_NOT_SUPPORTED;
        }
        if crate::verifier::allocation_fails() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *out = service::ServiceGroup::create().cast();
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn PcNewResourceList(
    out: *mut *mut IResourceList,
    _outer: *mut IUnknown,
    _pool: i32,
    translated: *mut c_void,
    untranslated: *mut c_void,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe { *out = resources::ResourceList::create(translated, untranslated).cast() };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn PcNewResourceSublist(
    out: *mut *mut IResourceList,
    _outer: *mut IUnknown,
    _pool: i32,
    _parent: *mut IResourceList,
    _entries: u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe { *out = resources::ResourceList::create(ptr::null_mut(), ptr::null_mut()).cast() };
    STATUS_SUCCESS
}

/// There is no interrupt to synchronise with.
unsafe extern "efiapi" fn PcNewInterruptSync(
    out: *mut *mut IInterruptSync,
    _outer: *mut IUnknown,
    _list: *mut IResourceList,
    _index: u32,
    _mode: i32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe { *out = ptr::null_mut() };
    STATUS_INVALID_PARAMETER
}

unsafe extern "efiapi" fn PcNewRegistryKey(
    out: *mut *mut IRegistryKey,
    _outer: *mut IUnknown,
    kind: u32,
    access: u32,
    fdo: *mut c_void,
    _subdevice: *mut c_void,
    attributes: *mut c_void,
    options: u32,
    disposition: *mut u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe {
        registry::open(
            out,
            kind,
            access,
            fdo.cast(),
            attributes,
            options,
            disposition,
        )
    }
}

unsafe extern "efiapi" fn PcGetDeviceProperty(
    fdo: *mut c_void,
    property: i32,
    length: u32,
    buffer: *mut c_void,
    result: *mut u32,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe {
        device::get_device_property(
            fdo.cast::<DEVICE_OBJECT>(),
            property,
            length,
            buffer,
            result,
        )
    }
}

/// 100 ns since `since`.
unsafe extern "efiapi" fn PcGetTimeInterval(since: u64) -> u64 {
    (clock::now() as u64).wrapping_sub(since)
}
