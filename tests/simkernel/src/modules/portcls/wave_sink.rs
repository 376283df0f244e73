// SPDX-License-Identifier: MIT OR Apache-2.0
//! The port's wave sink: a thread at PASSIVE_LEVEL that pulls blocks with `ISynthSinkDMus::Render` and writes them to the pin
//! that the wave pin is connected to.
//!
//! Reference: docs/reference/dmus-miniport.md §4.3. Device time is the downstream pin's clock (`KSPROPERTY_CLOCK_TIME`); its drift against the
//! master clock is that pin's matter.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::KSPROPSETID_Clock;
use arioso_core::ks::ks::*;

use super::com::Ref;
use super::format::Pcm;
use super::verify::{Rule, violation};
use crate::executive::irp::{
    IoBuildDeviceIoControlRequest, IoGetRelatedDeviceObject, IofCallDriver,
};
use crate::executive::ke::*;
use crate::guest;
use crate::guest_call;
use crate::nt::NTSTATUS;
use crate::nt::*;
use crate::state::{Global, Random};

/// How long a block is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// Frames.
    Fixed(u32),
    /// Uniform between two lengths.
    Random {
        /// The shortest, in frames.
        least: u32,
        /// The longest, in frames.
        most: u32,
        /// Of the generator.
        seed: u64,
    },
    /// One after the other, again and again.
    List(Vec<u32>),
}

/// Unit of `Render`'s length and position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, as the interface's page says.
    Bytes,
    /// Frames, as the sample driver has it.
    Frames,
}

/// What the wave sink is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveSinkOptions {
    /// Lengths of the blocks.
    pub blocks: Blocks,
    /// Unit of `Render`.
    pub unit: Unit,
    /// Time between two wake-ups, 100 ns.
    pub cadence: i64,
    /// How far rendering is ahead of the device after a wake-up, 100 ns.
    pub lead: i64,
    /// Wake-ups between two SyncToMaster calls.
    pub sync_every: u32,
}

impl Default for WaveSinkOptions {
    fn default() -> Self {
        WaveSinkOptions {
            blocks: Blocks::Fixed(441),
            unit: Unit::Bytes,
            cadence: 200_000,
            lead: 400_000,
            sync_every: 1,
        }
    }
}

static OPTIONS: Global<Option<WaveSinkOptions>> = Global::new(None);

/// For wave sinks that are made from now on.
pub fn configure(options: WaveSinkOptions) {
    *OPTIONS.get() = Some(options);
}

/// What a wave pin's sink has done, for tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Master time at the last entry to RUN (when SyncToMaster(start) was called).
    pub started: i64,
    /// Frames that were rendered.
    pub frames: u64,
    /// Calls of `Render`.
    pub blocks: u64,
    /// Buffers that the audio device refused.
    pub failed_writes: u64,
    /// Processor time of the host inside `ISynthSinkDMus::Render`, in ns; with everything that the system ran meanwhile.
    pub render_ns: u64,
    /// Clocks of the host's processor inside of it, without those of the imports that it called; another program that came between has its own.
    pub driver_clocks: u64,
    /// How often it called an import.
    pub calls: u64,
}

static PROGRESS: Global<Progress> = Global::new(Progress {
    started: 0,
    frames: 0,
    blocks: 0,
    failed_writes: 0,
    render_ns: 0,
    driver_clocks: 0,
    calls: 0,
});

/// Of the wave sink that ran last.
pub fn progress() -> Progress {
    *PROGRESS.get()
}

/// Clocks of the host's processor, for [`Progress::driver_clocks`].
pub fn clocks() -> u64 {
    crate::clock::host_clocks()
}

/// Next block length in frames.
struct BlockSource {
    blocks: Blocks,
    random: Random,
    next: usize,
}

impl BlockSource {
    fn new(blocks: Blocks) -> Self {
        let seed = if let Blocks::Random { seed, .. } = blocks {
            seed
        } else {
            0
        };
        BlockSource {
            blocks,
            random: Random::new(seed),
            next: 0,
        }
    }

    fn frames(&mut self) -> u32 {
        let frames = match &self.blocks {
            Blocks::Fixed(n) => *n,
            Blocks::Random { least, most, .. } => {
                *least
                    + self
                        .random
                        .below(u64::from(most.saturating_sub(*least)) + 1)
                        as u32
            }
            Blocks::List(list) if list.is_empty() => 1,
            Blocks::List(list) => {
                let n = list[self.next % list.len()];
                self.next += 1;
                n
            }
        };
        frames.max(1)
    }
}

/// The wave sink of a wave pin.
pub struct WaveSink {
    shared: Box<Shared>,
    running: bool,
}

/// What the thread uses; stable in memory.
struct Shared {
    sink: Ref<ISynthSinkDMus>,
    pcm: Pcm,
    downstream: *mut FILE_OBJECT,
    stop: KEVENT,
    done: KEVENT,
}

impl WaveSink {
    /// Takes over the caller's reference of `downstream`.
    pub fn new(sink: Ref<ISynthSinkDMus>, pcm: Pcm, downstream: *mut FILE_OBJECT) -> WaveSink {
        // SAFETY: events of our own, initialised before use.
        unsafe {
            let mut shared = Box::new(Shared {
                sink,
                pcm,
                downstream,
                stop: core::mem::zeroed(),
                done: core::mem::zeroed(),
            });
            KeInitializeEvent(&mut shared.stop, u32::from(NOTIFICATION_EVENT), 0);
            KeInitializeEvent(&mut shared.done, u32::from(NOTIFICATION_EVENT), 0);
            WaveSink {
                shared,
                running: false,
            }
        }
    }

    /// Entry to RUN: SyncToMaster(start), then the thread.
    pub fn start(&mut self) {
        if core::mem::replace(&mut self.running, true) {
            return;
        }
        let shared = &raw mut *self.shared;
        // SAFETY: `stop` waits for the thread before the shared part goes.
        unsafe {
            KeResetEvent(&raw mut (*shared).stop);
            KeResetEvent(&raw mut (*shared).done);
            let address = shared as usize;
            crate::guest::spawn(
                "wave sink",
                24,
                Box::new(move || run(address as *mut Shared)),
            );
        }
    }

    /// Stops the thread and waits for it. PASSIVE_LEVEL.
    pub fn stop(&mut self) {
        if !core::mem::replace(&mut self.running, false) {
            return;
        }
        // SAFETY: our own events.
        unsafe {
            KeSetEvent(&mut self.shared.stop, 0, 0);
            KeWaitForSingleObject(
                (&raw mut self.shared.done).cast(),
                0,
                KERNEL_MODE,
                0,
                ptr::null_mut(),
            );
        }
    }

    /// The reference of the downstream file object, for the pin to drop.
    pub fn take_downstream(&mut self) -> *mut FILE_OBJECT {
        core::mem::replace(&mut self.shared.downstream, ptr::null_mut())
    }
}

fn run(shared: *mut Shared) {
    // SAFETY: the owner waits for `done` before it frees the shared part.
    unsafe {
        let options = OPTIONS.get().clone().unwrap_or_default();
        Worker::new(&*shared, options).work(&raw mut (*shared).stop);
        KeSetEvent(&raw mut (*shared).done, 0, 0);
    }
}

struct Worker<'a> {
    shared: &'a Shared,
    options: WaveSinkOptions,
    source: BlockSource,
    position: u64,
    buffer: Vec<u8>,
}

const CANARY: u8 = 0xA5;
const GUARD: usize = 64;

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared, options: WaveSinkOptions) -> Self {
        let source = BlockSource::new(options.blocks.clone());
        Worker {
            shared,
            options,
            source,
            position: 0,
            buffer: Vec::new(),
        }
    }

    unsafe fn work(&mut self, stop: *mut KEVENT) {
        // SAFETY: the stop event outlives the thread.
        unsafe {
            let started = super::clock::now();
            *PROGRESS.get() = Progress {
                started,
                ..Progress::default()
            };
            let origin = self.device_time().unwrap_or(0);
            self.sync(0, true);
            let mut wakeups = 0u32;
            loop {
                let device = self
                    .device_time()
                    .map_or(super::clock::now() - started, |t| t - origin);
                if wakeups > 0 && wakeups.is_multiple_of(self.options.sync_every.max(1)) {
                    self.sync(device, false);
                }
                self.fill(device);
                wakeups += 1;
                let due = started + i64::from(wakeups) * self.options.cadence;
                let wait = (super::clock::now() - due).min(-1);
                if KeWaitForSingleObject(stop.cast(), 0, KERNEL_MODE, 0, &wait) == 0 {
                    return;
                }
            }
        }
    }

    fn sync(&self, device: i64, start: bool) {
        let sink = self.shared.sink.get();
        // SAFETY: alive while referenced; PASSIVE_LEVEL.
        let status = unsafe {
            guest_call!(
                (*(*sink).lpVtbl).SyncToMaster,
                sink,
                device,
                u32::from(start)
            ) as NTSTATUS
        };
        if status < 0 {
            violation(
                Rule::SyncToMaster,
                "ISynthSinkDMus::SyncToMaster",
                format!("returned {status:#x}"),
            );
        }
        self.check_times();
    }

    /// The two conversions undo each other to a sample, where the driver has them.
    fn check_times(&self) {
        let sink = self.shared.sink.get();
        let (mut time, mut back) = (0i64, 0i64);
        let (time_at, back_at) = (&raw mut time, &raw mut back);
        // SAFETY: alive while referenced; the results live across the calls.
        let known = unsafe {
            let table = &*(*sink).lpVtbl;
            guest_call!(table.SampleToRefTime, sink, self.position, time_at) as NTSTATUS >= 0
                && guest_call!(table.RefTimeToSample, sink, time, back_at) as NTSTATUS >= 0
        };
        if known && back.abs_diff(self.position as i64) > 1 {
            violation(
                Rule::SampleTimes,
                "ISynthSinkDMus::RefTimeToSample",
                format!("sample {} comes back as {back}", self.position),
            );
        }
    }

    /// Renders until `lead` ahead of the device.
    unsafe fn fill(&mut self, device: i64) {
        let rate = i128::from(self.shared.pcm.rate);
        let target = (i128::from(device + self.options.lead) * rate / 10_000_000).max(0) as u64;
        while self.position < target {
            let frames = self.source.frames();
            // SAFETY: the sink is alive.
            unsafe { self.block(frames) };
        }
    }

    unsafe fn block(&mut self, frames: u32) {
        let frame = self.shared.pcm.frame_bytes();
        let bytes = (frames * frame) as usize;
        self.buffer.clear();
        self.buffer.resize(bytes + 2 * GUARD, CANARY);
        let (length, position) = match self.options.unit {
            Unit::Bytes => (bytes as u32, self.position * u64::from(frame)),
            Unit::Frames => (frames, self.position),
        };
        let sink = self.shared.sink.get();
        // SAFETY: the buffer has `bytes` bytes behind the guard.
        unsafe {
            let data = self.buffer.as_mut_ptr().add(GUARD);
            let before = *guest::CALLED.get();
            let begin = crate::clock::host_ns();
            let clocks = crate::clock::host_clocks();
            guest_call!((*(*sink).lpVtbl).Render, sink, data, length, position);
            let clocks = crate::clock::host_clocks() - clocks;
            let called = *guest::CALLED.get();
            let render_ns = crate::clock::host_ns() - begin;
            let (front, rest) = self.buffer.split_at(GUARD);
            let back = &rest[bytes..];
            if front.iter().chain(back).any(|&b| b != CANARY) {
                violation(
                    Rule::Render,
                    "ISynthSinkDMus::Render",
                    format!("wrote outside its buffer of {bytes} bytes"),
                );
            }
            if bytes >= 16 && rest[..bytes].iter().all(|&b| b == CANARY) {
                violation(
                    Rule::Render,
                    "ISynthSinkDMus::Render",
                    format!("left a buffer of {bytes} bytes as it was"),
                );
            }
            let status = self.write(data, bytes as u32);
            let progress = PROGRESS.get();
            progress.failed_writes += u64::from(status < 0);
            progress.frames += u64::from(frames);
            progress.blocks += 1;
            progress.render_ns += render_ns;
            progress.driver_clocks += clocks.saturating_sub(called.clocks - before.clocks);
            progress.calls += called.calls - before.calls;
        }
        self.position += u64::from(frames);
    }

    /// `IOCTL_KS_WRITE_STREAM` to the downstream pin.
    unsafe fn write(&self, data: *mut u8, bytes: u32) -> NTSTATUS {
        let mut header = KSSTREAM_HEADER {
            Size: size_of::<KSSTREAM_HEADER>() as u32,
            FrameExtent: bytes,
            DataUsed: bytes,
            Data: data.cast(),
            ..KSSTREAM_HEADER::default()
        };
        header.PresentationTime.Numerator = 1;
        header.PresentationTime.Denominator = 1;
        let header = &raw mut header;
        // SAFETY: header and data live until the request is complete.
        unsafe {
            self.send(
                IOCTL_KS_WRITE_STREAM,
                ptr::null_mut(),
                0,
                header.cast(),
                size_of::<KSSTREAM_HEADER>() as u32,
            )
        }
    }

    /// The device's clock, 100 ns. `None`: nothing is connected, or it has none.
    unsafe fn device_time(&self) -> Option<i64> {
        let mut property = KSPROPERTY {
            Set: KSPROPSETID_Clock,
            Id: KSPROPERTY_CLOCK_TIME,
            Flags: KSPROPERTY_TYPE_GET,
        };
        let mut time = 0i64;
        let (property, value) = (&raw mut property, &raw mut time);
        // SAFETY: both live until the request is complete.
        let status = unsafe {
            self.send(
                IOCTL_KS_PROPERTY,
                property.cast(),
                size_of::<KSPROPERTY>() as u32,
                value.cast(),
                8,
            )
        };
        (status >= 0).then_some(time)
    }

    /// A synchronous request to the downstream pin.
    unsafe fn send(
        &self,
        code: u32,
        input: *mut c_void,
        input_length: u32,
        output: *mut c_void,
        output_length: u32,
    ) -> NTSTATUS {
        let file = self.shared.downstream;
        if file.is_null() {
            return arioso_core::ks::status::STATUS_INVALID_DEVICE_STATE;
        }
        // SAFETY: the downstream file object is referenced; event and status block live until the wait is over.
        unsafe {
            let device = IoGetRelatedDeviceObject(file);
            let mut event: KEVENT = core::mem::zeroed();
            KeInitializeEvent(&mut event, u32::from(NOTIFICATION_EVENT), 0);
            let mut status = IO_STATUS_BLOCK::default();
            let irp = IoBuildDeviceIoControlRequest(
                code,
                device,
                input,
                input_length,
                output,
                output_length,
                0,
                &mut event,
                &mut status,
            );
            if irp.is_null() {
                return arioso_core::ks::status::STATUS_INSUFFICIENT_RESOURCES;
            }
            (*crate::modules::irp::next_stack(irp)).FileObject = file;
            let result = IofCallDriver(device, irp);
            if result == arioso_core::ks::status::STATUS_PENDING {
                KeWaitForSingleObject((&raw mut event).cast(), 0, KERNEL_MODE, 0, ptr::null_mut());
                return status.Status;
            }
            result
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_lengths() {
        let mut fixed = BlockSource::new(Blocks::Fixed(128));
        assert_eq!([fixed.frames(), fixed.frames()], [128, 128]);
        let mut list = BlockSource::new(Blocks::List(vec![1, 4096, 7]));
        assert_eq!([(); 5].map(|()| list.frames()), [1, 4096, 7, 1, 4096]);
        let mut random = BlockSource::new(Blocks::Random {
            least: 1,
            most: 4096,
            seed: 7,
        });
        let all: Vec<u32> = (0..2000).map(|_| random.frames()).collect();
        assert!(all.iter().all(|n| (1..=4096).contains(n)));
        assert!(all.iter().any(|&n| n < 200) && all.iter().any(|&n| n > 3900));
    }
}
