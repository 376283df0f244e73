// SPDX-License-Identifier: MIT OR Apache-2.0
//! A user-mode program, as a KS driver sees it: what simkernel offers, and what Windows does. Programs and tests are written against
//! [`Client`] and run on both.

use arioso_core::ks::GUID;

/// `NTSTATUS`; success is `>= 0`.
pub type NtStatus = i32;

/// What a request came to: its status and `IoStatus.Information`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// `IoStatus.Status`.
    pub status: NtStatus,
    /// `IoStatus.Information`.
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
    /// Frees it early.
    fn free(&mut self, address: u64);
    /// Copies into it.
    fn write(&mut self, address: u64, bytes: &[u8]);
    /// Copies out of it.
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
