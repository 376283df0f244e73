// SPDX-License-Identifier: MIT OR Apache-2.0
//! KS, PortCls and DirectMusic ABI, 64-bit Windows (x64 and ARM64).
//!
//! Names are Windows' own. Every function pointer has the ABI `"efiapi"`: it is Windows' x64 convention on any x86-64 host and
//! the platform's C convention on ARM64, so that the driver, the simulated kernel and their tests share one declaration.
//!
//! | module | Windows header |
//! |---|---|
//! | [`guid`] | `guiddef.h`, and every GUID that the others name |
//! | [`status`] | `ntstatus.h` |
//! | [`ks`], [`ksmedia`] | `ks.h`, `ksmedia.h` |
//! | [`portcls`], [`dmusicks`] | `punknown.h`, `portcls.h`, `dmusicks.h` |
//! | [`dmusprop`], [`dmusbuff`], [`dmdls`] | `dmusprop.h`, `dmusbuff.h`, `dls1.h`, `dls2.h`, `dmdls.h` |
//! | [`arioso`] | the driver's own property set |
//!
//! Anonymous unions are flattened into the member that 64-bit code uses. C enumerations are `i32` with constants. Structures of
//! plain data implement [`Wire`], which copies them from and to bytes; all implement [`Abi`], which the ABI comparison test reads.
#![allow(non_snake_case, non_camel_case_types, non_upper_case_globals)]

#[macro_use]
mod layout;

pub mod arioso;
pub mod dmdls;
pub mod dmusbuff;
pub mod dmusicks;
pub mod dmusprop;
pub mod guid;
#[allow(clippy::module_inception)]
pub mod ks;
pub mod ksmedia;
pub mod portcls;
pub mod status;

pub use guid::{AlignedGuid, GUID};
pub use layout::{Abi, Field, Signature, Vtable, Wire};
pub use status::{NTSTATUS, nt_success};

use core::ffi::c_void;

/// Untyped pointer.
pub type PVOID = *mut c_void;
/// An object handle of the caller's process.
pub type HANDLE = *mut c_void;
/// 4-byte truth value.
pub type BOOL = i32;
/// 1-byte truth value.
pub type BOOLEAN = u8;
/// 100 ns units.
pub type REFERENCE_TIME = i64;
/// An 8-byte union in C; travels in a register like an `i64`.
pub type PHYSICAL_ADDRESS = i64;
/// A 4-byte union of `DEVICE_POWER_STATE` and `SYSTEM_POWER_STATE`.
pub type POWER_STATE = i32;
/// Power of a device, `PowerDevice*`: 0 unspecified, 1 (D0, on) to 4 (D3, off).
pub type DEVICE_POWER_STATE = i32;
/// Power of the machine, `PowerSystem*`: 0 unspecified, 1 (S0, working) to 6 (S5, shut down).
pub type SYSTEM_POWER_STATE = i32;
/// Kind of kernel memory: 0 `NonPagedPool`, 1 `PagedPool`, 512 `NonPagedPoolNx`.
pub type POOL_TYPE = i32;
/// How a mapping is cached: 0 `MmNonCached`, 1 `MmCached`, 2 `MmWriteCombined`.
pub type MEMORY_CACHING_TYPE = i32;
/// What `IoGetDeviceProperty` is asked for, `DeviceProperty*`.
pub type DEVICE_REGISTRY_PROPERTY = i32;
/// Rights asked for on an object, such as `KEY_READ`.
pub type ACCESS_MASK = u32;
/// A device, `DEVICE_OBJECT`. Opaque here, like all structures of the kernel below.
pub type PDEVICE_OBJECT = *mut c_void;
/// A loaded driver, `DRIVER_OBJECT`.
pub type PDRIVER_OBJECT = *mut c_void;
/// An open filter, pin, clock, allocator or node, `FILE_OBJECT`.
pub type PFILE_OBJECT = *mut c_void;
/// A request to a driver, `IRP`.
pub type PIRP = *mut c_void;
/// Pages of a buffer, `MDL`.
pub type PMDL = *mut c_void;
/// An event that threads wait for, `KEVENT`.
pub type PKEVENT = *mut c_void;
/// A deferred procedure call, `KDPC`.
pub type PKDPC = *mut c_void;
/// A connected interrupt, `KINTERRUPT`.
pub type PKINTERRUPT = *mut c_void;
/// A counted UTF-16 string, `UNICODE_STRING`; [`ks::UNICODE_STRING`] has its layout.
pub type PUNICODE_STRING = *mut c_void;
/// Name, root and security of an object to be opened, `OBJECT_ATTRIBUTES`.
pub type POBJECT_ATTRIBUTES = *mut c_void;
/// What the bus says that a device can do, `DEVICE_CAPABILITIES`.
pub type PDEVICE_CAPABILITIES = *mut c_void;
/// How a bus master transfers, for `IoGetDmaAdapter`, `DEVICE_DESCRIPTION`.
pub type PDEVICE_DESCRIPTION = *mut c_void;
/// Owner and access lists of an object, `SECURITY_DESCRIPTOR`.
pub type PSECURITY_DESCRIPTOR = *mut c_void;
/// Resources that PnP assigned to a device, `CM_RESOURCE_LIST`.
pub type PCM_RESOURCE_LIST = *mut c_void;
/// One of those resources, `CM_PARTIAL_RESOURCE_DESCRIPTOR`.
pub type PCM_PARTIAL_RESOURCE_DESCRIPTOR = *mut c_void;
/// What `RtlQueryRegistryValues` shall read, `RTL_QUERY_REGISTRY_TABLE`.
pub type PRTL_QUERY_REGISTRY_TABLE = *mut c_void;
