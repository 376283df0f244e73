// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streams of a DMus miniport: `NewStream`, and what the port gives to a stream.

use arioso_core::ks::Wire;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::IServiceGroup;
use arioso_core::ks::status::*;

use super::allocator::{Allocator, AllocatorObject};
use super::capture::Capture;
use super::clock::MasterClock;
use super::com::{Object, Ref};
use super::format::Pcm;
use super::pin::{Connect, Role, poison};
use super::render::Render;
use super::verify::{Rule, violation};
use super::wave_sink::WaveSink;
use crate::guest_call;
use crate::nt::{FILE_OBJECT, NTSTATUS};

/// A stream with its service group, its allocator and its clock.
pub struct Mxf {
    stream: Ref<IMXF>,
    group: Option<Ref<IServiceGroup>>,
    allocator: Ref<IAllocatorMXF>,
    clock: Ref<IMasterClock>,
}

impl Mxf {
    pub fn stream(&self) -> *mut IMXF {
        self.stream.get()
    }

    pub fn group(&self) -> Option<*mut IServiceGroup> {
        self.group.as_ref().map(Ref::get)
    }

    pub fn allocator(&self) -> &Allocator {
        // SAFETY: it is ours, and we hold a reference.
        unsafe { &(*self.allocator.get().cast::<AllocatorObject>()).value }
    }

    /// Releases the stream, which must have given back everything.
    pub fn close(self) {
        let Mxf {
            stream,
            group,
            allocator,
            clock,
        } = self;
        drop((stream, group));
        // SAFETY: both are ours, and we hold a reference.
        let held = unsafe {
            [
                (*allocator.get().cast::<AllocatorObject>()).references(),
                (*clock.get().cast::<Object<MasterClock>>()).references(),
            ]
        };
        for (held, what) in held.into_iter().zip(["allocator", "master clock"]) {
            if held != 1 {
                violation(
                    Rule::ReferenceStream,
                    "IMXF::Release",
                    format!("the {what} is still referenced after the stream's last release"),
                );
            }
        }
        // SAFETY: as in `allocator`.
        let out = unsafe {
            (*allocator.get().cast::<AllocatorObject>())
                .value
                .outstanding()
        };
        if out != Default::default() {
            let text = format!(
                "{} events and {} buffers are not back when the pin is closed",
                out.events, out.buffers
            );
            violation(Rule::AllocatorLeak, "IAllocatorMXF", text);
        }
    }
}

/// docs/reference/dmus-miniport.md §4.1.
fn stream_type(connect: &Connect) -> Option<DMUS_STREAM_TYPE> {
    let major = KSDATAFORMAT::read_from(&connect.format)?.MajorFormat;
    match (connect.flow, connect.communication) {
        (KSPIN_DATAFLOW_IN, _) if major == KSDATAFORMAT_TYPE_MUSIC => Some(DMUS_STREAM_MIDI_RENDER),
        (KSPIN_DATAFLOW_OUT, _) if major == KSDATAFORMAT_TYPE_MUSIC => {
            Some(DMUS_STREAM_MIDI_CAPTURE)
        }
        (KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SOURCE) if major == KSDATAFORMAT_TYPE_AUDIO => {
            Some(DMUS_STREAM_WAVE_SINK)
        }
        _ => None,
    }
}

/// `IMiniportDMus::NewStream`. `to` is the pin that a wave sink feeds; on failure it stays the caller's.
///
/// # Safety
/// A live miniport, at PASSIVE_LEVEL.
pub unsafe fn open(
    miniport: &Ref<IMiniportDMus>,
    connect: &Connect,
    to: *mut FILE_OBJECT,
) -> Result<(Mxf, Role), NTSTATUS> {
    const RULE: &str = "IMiniportDMus::NewStream";
    const UNSET: usize = 0xAAAA_AAAA_AAAA_AAAA;
    let kind = stream_type(connect).ok_or(STATUS_INVALID_PARAMETER)?;
    // SAFETY: by the contract.
    unsafe {
        let allocator = Ref::from_owned(Allocator::create().cast::<IAllocatorMXF>()).expect("new");
        let clock = Ref::from_owned(MasterClock::create().cast::<IMasterClock>()).expect("new");
        let format = connect.aligned_format();
        let (mut mxf, mut group, mut prefetch) = (UNSET, UNSET, UNSET as u64);
        let (mxf_at, group_at, prefetch_at) = (&raw mut mxf, &raw mut group, &raw mut prefetch);
        let status = guest_call!(
            (*(*miniport.get()).lpVtbl).NewStream,
            miniport.get(),
            mxf_at,
            0,
            512,
            connect.pin,
            kind,
            format.as_ptr(),
            group_at,
            allocator.get(),
            clock.get(),
            prefetch_at
        ) as NTSTATUS;
        poison(format);
        if mxf == UNSET || group == UNSET || prefetch == UNSET as u64 {
            violation(
                Rule::NewStream,
                RULE,
                format!("an out parameter was not set (status {status:#x})"),
            );
            return Err(if status < 0 {
                status
            } else {
                STATUS_UNSUCCESSFUL
            });
        }
        let stream = Ref::from_owned(mxf as *mut IMXF);
        let group = Ref::from_owned(group as *mut IServiceGroup);
        if status < 0 {
            if stream.is_some() || group.is_some() {
                violation(
                    Rule::NewStream,
                    RULE,
                    format!("failed with {status:#x}, but returned objects"),
                );
                core::mem::forget((stream, group));
            }
            return Err(status);
        }
        let Some(stream) = stream else {
            violation(Rule::NewStream, RULE, "success without a stream".to_owned());
            return Err(STATUS_UNSUCCESSFUL);
        };
        if kind == DMUS_STREAM_MIDI_CAPTURE && prefetch == DONT_HOLD_FOR_SEQUENCING {
            violation(
                Rule::SchedulePreFetch,
                RULE,
                "SchedulePreFetch of a stream that the port does not sequence".to_owned(),
            );
        }
        let midi = KSDATAFORMAT::read_from(&connect.format)
            .is_some_and(|f| f.SubFormat == KSDATAFORMAT_SUBTYPE_MIDI);
        let role = match kind {
            DMUS_STREAM_MIDI_RENDER => Role::Render(Render::new(midi, prefetch)),
            DMUS_STREAM_MIDI_CAPTURE => Role::Capture(Capture::new(midi, group.as_ref(), &stream)),
            _ => {
                let sink = stream
                    .query::<ISynthSinkDMus>(&IID_ISynthSinkDMus)
                    .ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
                let pcm = Pcm::from_format(&connect.format).ok_or(STATUS_INVALID_PARAMETER)?;
                Role::WaveSink(WaveSink::new(sink, pcm, to))
            }
        };
        let mxf = Mxf {
            stream,
            group,
            allocator,
            clock,
        };
        Ok((mxf, role))
    }
}
