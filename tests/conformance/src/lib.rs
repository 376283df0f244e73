// SPDX-License-Identifier: MIT OR Apache-2.0
//! A KS client and the conformance suite. It knows the driver only through [`Client`].
//!
//! | module | builds or does |
//! |---|---|
//! | [`connect`] | KSPIN_CONNECT and formats |
//! | [`property`] | property requests |
//! | [`filter`] | opening filters, creating pins, pin states |
//! | [`events`] | DirectMusic and MIDI buffers, stream writes |
//! | [`mod@download`] | DLS download buffers |
//! | [`bank`] | instruments of a DLS file as downloads |
//! | [`synth`] | the synthesizer's properties |
//! | [`wave`] | the wave pin and the renderer that it feeds |
//! | [`rt_audio`] | a WaveRT endpoint's stream: its buffer, events, packets, positions |
//! | [`read`] | MIDI and DirectMusic buffers from capture pins |
//! | [`notify`] | KS events |
//! | [`topology`] | what a filter is made of and what it is connected to |
//! | [`endpoint`] | audio endpoints, found as Windows finds them |
//! | [`cases`] | what is asked of a driver, and what must come of it |

pub mod bank;
pub mod cases;
pub mod connect;
pub mod download;
pub mod endpoint;
pub mod error;
pub mod events;
pub mod filter;
pub mod notify;
pub mod property;
pub mod read;
pub mod rt_audio;
pub mod synth;
pub mod topology;
pub mod wave;
pub mod wire;

pub use error::Error;

use arioso_core::ks::GUID;

/// `NTSTATUS`; success is `>= 0`.
pub type NtStatus = i32;

/// What a request came to: its status and `IoStatus.Information`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The request's status.
    pub status: NtStatus,
    /// Bytes that came back, as a rule.
    pub information: usize,
}

/// What a user-mode program can do to a KS driver. Implemented by simkernel, and on Windows by `CreateFile`/`DeviceIoControl`.
pub trait Client {
    /// An open filter or pin.
    type Handle: Copy + Eq + core::fmt::Debug;
    /// A request that has been sent and may still be pending.
    type Request;

    /// Symbolic links of the enabled device interfaces of a category.
    fn interfaces(&mut self, category: &GUID) -> Vec<String>;
    /// `CreateFile` on a symbolic link, or on any path below one (`link\{pin-guid}\…` is [`Client::create_pin`]'s business).
    fn open(&mut self, link: &str) -> Result<Self::Handle, NtStatus>;
    /// `KsCreatePin`: `connect` is KSPIN_CONNECT followed by its KSDATAFORMAT. `PinToHandle` is taken from `to`.
    fn create_pin(
        &mut self,
        filter: Self::Handle,
        connect: &[u8],
        to: Option<Self::Handle>,
    ) -> Result<Self::Handle, NtStatus>;
    /// `CloseHandle`.
    fn close(&mut self, handle: Self::Handle);

    /// Memory in the caller's address space, for what requests point at. Freed with the client.
    fn allocate(&mut self, bytes: usize) -> u64;
    /// Frees what `allocate` gave, before the client's end.
    fn free(&mut self, address: u64);
    /// Writes to the caller's memory.
    fn write(&mut self, address: u64, bytes: &[u8]);
    /// Reads from the caller's memory.
    fn read(&mut self, address: u64, bytes: &mut [u8]);

    /// `DeviceIoControl`, overlapped: buffers are addresses in the caller's memory. Returns when the driver's dispatch returned.
    fn submit(
        &mut self,
        handle: Self::Handle,
        code: u32,
        input: (u64, u32),
        output: (u64, u32),
    ) -> Self::Request;
    /// The completion, if there is one by now.
    fn poll(&mut self, request: &mut Self::Request) -> Option<Completion>;
    /// Lets time pass until the request completes.
    fn wait(&mut self, request: Self::Request) -> Completion;
    /// `CancelIoEx`.
    fn cancel(&mut self, request: &mut Self::Request);

    /// `CreateEvent`, not signalled; a wait resets it. The handle's value, as structures carry it.
    fn create_event(&mut self) -> u64;
    /// Lets time pass until the event is signalled, at most so long. Tells whether it was.
    fn wait_event(&mut self, event: u64, hundred_ns: i64) -> bool;
    /// `CloseHandle` of an event.
    fn close_event(&mut self, event: u64);

    /// The master clock (what `KSPROPERTY_SYNTH_MASTERCLOCK` is made of), 100 ns units.
    fn now(&mut self) -> i64;
    /// Lets time pass: virtual on simkernel, real on Windows.
    fn sleep(&mut self, hundred_ns: i64);
}

// A client can be used behind a pointer, whatever it is.
const _: fn(&mut dyn Client<Handle = u64, Request = u64>) = |_| {};
