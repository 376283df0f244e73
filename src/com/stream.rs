// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streams: `IMXF` and `ISynthSinkDMus`.

use super::event::Chain;
use super::object::{Class, vtable};
use crate::kernel::irql::Passive;
use crate::kernel::{Result, status};
use arioso_core::ks::dmusicks::{
    DMUS_KERNEL_EVENT, IMXF, IMXFVtbl, ISynthSinkDMus, ISynthSinkDMusVtbl,
};
use arioso_core::ks::ks::KSSTATE;
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use arioso_core::ks::{BOOL, NTSTATUS};

/// `IMXF`, for a stream that renders.
pub trait Mxf {
    fn set_state(&self, passive: Passive, state: KSSTATE) -> Result;

    /// Takes over the chain. `DISPATCH_LEVEL` or below.
    fn put_message(&self, chain: Chain);
}

/// `ISynthSinkDMus`.
pub trait SynthSink: Mxf {
    /// Fills the buffer; both numbers in the port's unit.
    fn render(&self, passive: Passive, buffer: RenderBuffer, position: i64);

    /// `time`: stream time of the device, 100 ns; `start` on the first call after entry to RUN.
    fn sync_to_master(&self, passive: Passive, time: i64, start: bool) -> Result;

    /// `DISPATCH_LEVEL` or below.
    fn sample_to_ref_time(&self, sample: i64) -> i64;

    /// `DISPATCH_LEVEL` or below.
    fn ref_time_to_sample(&self, time: i64) -> i64;
}

/// What `Render` counts in: the interface page says bytes, the sample driver uses frames of 16-bit stereo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenderUnit {
    Bytes,
    Frames,
}

/// Bytes of a frame: two channels of 16 bits.
pub const FRAME_BYTES: u32 = 4;

impl RenderUnit {
    /// Units in a frame.
    pub const fn per_frame(self) -> u32 {
        match self {
            Self::Bytes => FRAME_BYTES,
            Self::Frames => 1,
        }
    }
}

/// The argument of `Render`: memory whose length is in a unit that only the stream knows.
pub struct RenderBuffer {
    start: *mut u8,
    length: u32,
}

impl RenderBuffer {
    /// The memory.
    pub fn bytes(&mut self, unit: RenderUnit) -> &mut [u8] {
        let Some(len) = self
            .length
            .checked_mul(FRAME_BYTES / unit.per_frame().max(1))
        else {
            return &mut [];
        };
        if self.start.is_null() {
            return &mut [];
        }
        // SAFETY: the port gives a buffer of that size for the duration of the call; the borrow is of `self`.
        unsafe { core::slice::from_raw_parts_mut(self.start, len as usize) }
    }
}

/// Builds the vtable of a stream that takes events.
pub const fn mxf<T: Class + Mxf>() -> IMXFVtbl {
    vtable!([Class, Mxf] IMXF, IMXFVtbl for T {
        SetState |stream, state: KSSTATE| -> NTSTATUS { status(stream.set_state(Passive::assume(), state)) }
        PutMessage |stream, chain: *mut DMUS_KERNEL_EVENT| -> NTSTATUS {
            stream.put_message(Chain::from_raw(chain.cast()));
            STATUS_SUCCESS
        }
        ConnectOutput |stream, _sink: *mut IMXF| -> NTSTATUS { STATUS_SUCCESS }
        DisconnectOutput |stream, _sink: *mut IMXF| -> NTSTATUS { STATUS_SUCCESS }
    })
}

/// Builds the vtable of a stream that yields audio.
pub const fn synth_sink<T: Class + SynthSink>() -> ISynthSinkDMusVtbl {
    vtable!([Class, SynthSink] ISynthSinkDMus, ISynthSinkDMusVtbl for T {
        SetState |stream, state: KSSTATE| -> NTSTATUS { status(stream.set_state(Passive::assume(), state)) }
        PutMessage |stream, chain: *mut DMUS_KERNEL_EVENT| -> NTSTATUS {
            stream.put_message(Chain::from_raw(chain.cast()));
            STATUS_SUCCESS
        }
        ConnectOutput |stream, _sink: *mut IMXF| -> NTSTATUS { STATUS_SUCCESS }
        DisconnectOutput |stream, _sink: *mut IMXF| -> NTSTATUS { STATUS_SUCCESS }
        Render |stream, buffer: *mut u8, length: u32, position: i64| {
            stream.render(Passive::assume(), RenderBuffer { start: buffer, length }, position)
        }
        SyncToMaster |stream, time: i64, start: BOOL| -> NTSTATUS {
            status(stream.sync_to_master(Passive::assume(), time, start != 0))
        }
        SampleToRefTime |stream, sample: i64, time: *mut i64| -> NTSTATUS {
            put(time, stream.sample_to_ref_time(sample))
        }
        RefTimeToSample |stream, time: i64, sample: *mut i64| -> NTSTATUS {
            put(sample, stream.ref_time_to_sample(time))
        }
    })
}

/// Writes a result through a pointer of the caller's.
///
/// # Safety
/// `to` is null or valid.
unsafe fn put(to: *mut i64, value: i64) -> NTSTATUS {
    if to.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: the caller's promise.
    unsafe { to.write(value) };
    STATUS_SUCCESS
}
