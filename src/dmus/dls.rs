// SPDX-License-Identifier: MIT OR Apache-2.0
//! `KSPROPSETID_Synth_Dls`: downloads.

use super::call::SynthCall;
use crate::com::descriptor::Static;
use crate::kernel::{Result, mdl};
use crate::property::{Call, Property, Size, Target, read, write};
use arioso_core::ks::dmusprop::{
    KSPROPERTY_SYNTH_DLS_APPEND, KSPROPERTY_SYNTH_DLS_COMPACT, KSPROPERTY_SYNTH_DLS_DOWNLOAD,
    KSPROPERTY_SYNTH_DLS_UNLOAD, KSPROPERTY_SYNTH_DLS_WAVEFORMAT, SYNTH_BUFFER, SYNTH_BUFFER32,
    SYNTHDOWNLOAD, SYNTHDOWNLOAD32,
};
use arioso_core::ks::guid::KSPROPSETID_Synth_Dls;
use arioso_core::ks::ks::{VT_EMPTY, VT_UI4, VT_UI8};
use arioso_core::ks::ksmedia::WAVEFORMATEX;
use arioso_core::ks::status::{
    STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_NO_MEMORY, STATUS_SUCCESS,
    STATUS_UNSUCCESSFUL,
};
use arioso_core::ks::{GUID, HANDLE, NTSTATUS};

const SET: &Static<GUID> = &Static(KSPROPSETID_Synth_Dls);

/// Smallest and largest download buffer.
const SMALLEST: u32 = 16;
const LARGEST: u32 = 64 << 20;

/// The set's items.
pub const PROPERTIES: [Property; 5] = [
    Property {
        set: SET,
        id: KSPROPERTY_SYNTH_DLS_DOWNLOAD,
        kind: VT_EMPTY,
        target: Target::Pin,
        instance: Size::both::<SYNTH_BUFFER, SYNTH_BUFFER32>(),
        value: Size::both::<SYNTHDOWNLOAD, SYNTHDOWNLOAD32>(),
        get: Some(download),
        put: None,
    },
    Property {
        set: SET,
        id: KSPROPERTY_SYNTH_DLS_UNLOAD,
        kind: VT_UI8,
        target: Target::Pin,
        instance: Size::NONE,
        value: Size::both::<HANDLE, u32>(),
        get: None,
        put: Some(unload),
    },
    Property {
        set: SET,
        id: KSPROPERTY_SYNTH_DLS_COMPACT,
        kind: VT_EMPTY,
        target: Target::Pin,
        instance: Size::NONE,
        value: Size::NONE,
        get: None,
        put: Some(compact),
    },
    Property {
        set: SET,
        id: KSPROPERTY_SYNTH_DLS_APPEND,
        kind: VT_UI4,
        target: Target::Any,
        instance: Size::NONE,
        value: Size::of::<u32>(),
        get: Some(append),
        put: None,
    },
    Property {
        set: SET,
        id: KSPROPERTY_SYNTH_DLS_WAVEFORMAT,
        kind: VT_EMPTY,
        target: Target::Any,
        instance: Size::NONE,
        value: Size::of::<WAVEFORMATEX>().told(),
        get: Some(wave_format),
        put: None,
    },
];

/// Copies the caller's buffer once, then parses the copy. The caller may free its buffer at once.
fn download(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    const FREE: i32 = 1;
    let pin = call.pin()?;
    let request = call.request;
    let (size, address) = if call.narrow {
        let buffer: SYNTH_BUFFER32 = call.instance()?;
        (buffer.BufferSize, buffer.BufferAddress as usize)
    } else {
        let buffer: SYNTH_BUFFER = call.instance()?;
        (buffer.BufferSize, buffer.BufferAddress.addr())
    };
    if !(SMALLEST..=LARGEST).contains(&size) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let handle = mdl::copy_in(request.passive, address, size)
        .and_then(|bytes| pin.pin().download(request.passive, &bytes))
        .map_err(documented)?;
    if call.narrow {
        write(
            value,
            SYNTHDOWNLOAD32 {
                DownloadHandle: handle,
                Free: FREE,
            },
        )
    } else {
        write(
            value,
            SYNTHDOWNLOAD {
                DownloadHandle: core::ptr::without_provenance_mut(handle as usize),
                Free: FREE,
            },
        )
    }
}

/// The property's own status for want of memory, and for a quota that is used up.
fn documented(status: NTSTATUS) -> NTSTATUS {
    match status {
        STATUS_INSUFFICIENT_RESOURCES => STATUS_NO_MEMORY,
        other => other,
    }
}

fn unload(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    // The low half comes first: a 32-bit caller's handle in a longer buffer reads the same.
    let handle = if call.request.is_32bit {
        read::<u32>(value)?
    } else {
        u32::try_from(read::<u64>(value)?).map_err(|_| STATUS_UNSUCCESSFUL)?
    };
    call.pin()?.pin().unload(call.request.passive, handle)?;
    Ok(STATUS_SUCCESS)
}

/// Nothing is ever fragmented: downloads are copies.
fn compact(call: &Call<'_>, _: &[u8]) -> Result<NTSTATUS> {
    call.pin()?;
    Ok(STATUS_SUCCESS)
}

/// Bytes that a client must append to a download: none.
fn append(_: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, 0u32)
}

fn wave_format(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    const PCM: u16 = 1;
    let rate = call.miniport()?.engine().rate();
    write(
        value,
        WAVEFORMATEX {
            wFormatTag: PCM,
            nChannels: 2,
            nSamplesPerSec: rate,
            nAvgBytesPerSec: rate.wrapping_mul(4),
            nBlockAlign: 4,
            wBitsPerSample: 16,
            cbSize: 0,
        },
    )
}
