// SPDX-License-Identifier: MIT OR Apache-2.0
//! Kernel streaming as the conformance suite's client: NtCreateFile and NtDeviceIoControlFile, because the suite compares NTSTATUS
//! and `Information`, which CreateFile, KsCreatePin and DeviceIoControl translate.

use super::devices::interfaces;
use arioso_core::ks::GUID;
use arioso_core::ks::ks::KSPIN_CONNECT;
use arioso_core::ks::status::STATUS_PENDING;
use conformance::{Client, Completion, NtStatus};
use std::collections::BTreeMap;
use std::time::Duration;
use windows::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows::Wdk::Storage::FileSystem::{FILE_OPEN, NTCREATEFILE_CREATE_OPTIONS, NtCreateFile};
use windows::Wdk::System::IO::NtDeviceIoControlFile;
use windows::Win32::Foundation::{
    CloseHandle, HANDLE, OBJ_CASE_INSENSITIVE, UNICODE_STRING, WAIT_OBJECT_0,
};
use windows::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_NORMAL, FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_SHARE_NONE,
};
use windows::Win32::System::IO::{CancelIoEx, IO_STATUS_BLOCK, OVERLAPPED};
use windows::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_PROTECTION_FLAGS, PAGE_READONLY, PAGE_READWRITE,
    VirtualAlloc, VirtualFree,
};
use windows::Win32::System::Performance::{QueryPerformanceCounter, QueryPerformanceFrequency};
use windows::Win32::System::Threading::{CreateEventW, INFINITE, ResetEvent, WaitForSingleObject};
use windows::core::PWSTR;

/// `{146F1A80-4791-11D0-A5D6-28DB04C10000}\`, KSSTRING_Pin: what a pin's name begins with.
const PIN: &str = r"{146F1A80-4791-11D0-A5D6-28DB04C10000}\";

/// A client on this computer's drivers.
#[derive(Debug, Default)]
pub struct KsClient {
    /// Only interfaces with this text in their symbolic link are seen.
    pub only: Option<String>,
    /// Addresses and sizes of what was allocated.
    memory: BTreeMap<u64, usize>,
    /// A page that may be read only.
    read_only: Option<u64>,
}

/// An open filter or pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(isize);

impl Handle {
    fn raw(self) -> HANDLE {
        HANDLE(std::ptr::with_exposed_provenance_mut(
            self.0.cast_unsigned(),
        ))
    }
}

/// A request that was sent.
#[derive(Debug)]
pub struct Request {
    handle: Handle,
    event: Event,
    /// The kernel writes it; boxed, so that it stays where it is. It is leaked if the request never ends.
    answer: *mut IO_STATUS_BLOCK,
    /// What the call itself returned, if not that it is pending.
    done: Option<Completion>,
}

#[derive(Debug)]
struct Event(HANDLE);

impl Event {
    fn new() -> Self {
        // SAFETY: no names, no attributes.
        let event = unsafe { CreateEventW(None, true, false, None) };
        Self(event.expect("an event can be made"))
    }

    /// Tells whether it was signalled in time.
    fn wait(&self, milliseconds: u32) -> bool {
        // SAFETY: the handle is this object's own.
        unsafe { WaitForSingleObject(self.0, milliseconds) == WAIT_OBJECT_0 }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own.
        let _ = unsafe { CloseHandle(self.0) };
    }
}

impl KsClient {
    /// One that sees interfaces with this text in their symbolic link.
    pub fn of(text: &str) -> Self {
        let mut client = Self::default();
        client.only = Some(text.into());
        client
    }

    /// A page that may be read and not written; the memory behind it is not there.
    pub fn read_only_page(&mut self) -> u64 {
        *self
            .read_only
            .get_or_insert_with(|| map(4096, PAGE_READONLY))
    }

    /// Fails loudly: what is outside is the caller's error.
    fn check(&self, address: u64, bytes: usize) {
        let inside = self
            .memory
            .range(..=address)
            .next_back()
            .is_some_and(|(&start, &size)| {
                let offset = usize::try_from(address - start).unwrap_or(usize::MAX);
                offset.checked_add(bytes).is_some_and(|end| end <= size)
            });
        assert!(
            inside,
            "{bytes} bytes at {address:#x} are not this client's"
        );
    }
}

impl Drop for KsClient {
    fn drop(&mut self) {
        for &address in self.memory.keys().chain(&self.read_only) {
            unmap(address);
        }
    }
}

fn map(bytes: usize, protection: PAGE_PROTECTION_FLAGS) -> u64 {
    // SAFETY: new pages anywhere.
    let place = unsafe { VirtualAlloc(None, bytes.max(1), MEM_COMMIT | MEM_RESERVE, protection) };
    assert!(!place.is_null(), "no memory for {bytes} bytes");
    place.expose_provenance() as u64
}

fn unmap(address: u64) {
    let place = std::ptr::with_exposed_provenance_mut(address as usize);
    // SAFETY: the address is of `map`, and nothing of this program points there.
    let _ = unsafe { VirtualFree(place, 0, MEM_RELEASE) };
}

/// Opens a name, below `root` if there is one, for overlapped requests.
fn open(root: Option<Handle>, mut name: Vec<u16>) -> Result<Handle, NtStatus> {
    const STATUS_OBJECT_NAME_INVALID: NtStatus = 0xC000_0033_u32.cast_signed();
    let length = u16::try_from(name.len() * 2).map_err(|_| STATUS_OBJECT_NAME_INVALID)?;
    let name = UNICODE_STRING {
        Length: length,
        MaximumLength: length,
        Buffer: PWSTR(name.as_mut_ptr()),
    };
    let attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: root.map_or_else(HANDLE::default, Handle::raw),
        ObjectName: &name,
        Attributes: OBJ_CASE_INSENSITIVE,
        ..OBJECT_ATTRIBUTES::default()
    };
    let (mut handle, mut answer) = (HANDLE::default(), IO_STATUS_BLOCK::default());
    // SAFETY: name, attributes and answers live through the call, which does not return before it is done.
    let status = unsafe {
        NtCreateFile(
            &mut handle,
            FILE_GENERIC_READ | FILE_GENERIC_WRITE,
            &attributes,
            &mut answer,
            None,
            FILE_ATTRIBUTE_NORMAL,
            FILE_SHARE_NONE,
            FILE_OPEN,
            NTCREATEFILE_CREATE_OPTIONS(0),
            None,
            0,
        )
    };
    if status.is_ok() {
        Ok(Handle(handle.0.expose_provenance().cast_signed()))
    } else {
        Err(status.0)
    }
}

fn counter() -> i64 {
    let mut count = 0;
    // SAFETY: the answer lives through the call; it cannot fail since Windows XP.
    let _ = unsafe { QueryPerformanceCounter(&mut count) };
    count
}

impl Client for KsClient {
    type Handle = Handle;
    type Request = Request;

    fn interfaces(&mut self, category: &GUID) -> Vec<String> {
        let category = windows::core::GUID::from_u128(category.to_u128());
        let found = interfaces(&category, false).unwrap_or_default();
        let only = self.only.as_deref().unwrap_or_default().to_lowercase();
        found
            .into_iter()
            .filter(|interface| interface.enabled && interface.link.to_lowercase().contains(&only))
            .map(|interface| interface.link)
            .collect()
    }

    fn open(&mut self, link: &str) -> Result<Handle, NtStatus> {
        // The object manager's name of what Win32 calls \\?\ or \\.\.
        let path = link.strip_prefix(r"\\?\").or(link.strip_prefix(r"\\.\"));
        let name = path.map_or_else(|| link.to_owned(), |path| format!(r"\??\{path}"));
        open(None, name.encode_utf16().collect())
    }

    fn create_pin(
        &mut self,
        filter: Handle,
        connect: &[u8],
        to: Option<Handle>,
    ) -> Result<Handle, NtStatus> {
        const PIN_TO_HANDLE: usize = std::mem::offset_of!(KSPIN_CONNECT, PinToHandle);
        let mut connect = connect.to_vec();
        if let (Some(to), Some(place)) = (to, connect.get_mut(PIN_TO_HANDLE..PIN_TO_HANDLE + 8)) {
            place.copy_from_slice(&(to.0 as u64).to_le_bytes());
        }
        connect.resize(connect.len().next_multiple_of(2), 0);
        let name = PIN.encode_utf16().chain(super::units(&connect)).collect();
        open(Some(filter), name)
    }

    fn close(&mut self, handle: Handle) {
        // SAFETY: the handle is of `open`; who closes twice gets an error.
        let _ = unsafe { CloseHandle(handle.raw()) };
    }

    fn allocate(&mut self, bytes: usize) -> u64 {
        let address = map(bytes, PAGE_READWRITE);
        self.memory.insert(address, bytes);
        address
    }

    fn free(&mut self, address: u64) {
        if self.memory.remove(&address).is_some() {
            unmap(address);
        }
    }

    fn write(&mut self, address: u64, bytes: &[u8]) {
        self.check(address, bytes.len());
        let place = std::ptr::with_exposed_provenance_mut(address as usize);
        // SAFETY: checked to be within memory of `allocate`, to which no reference exists.
        unsafe { std::ptr::copy(bytes.as_ptr(), place, bytes.len()) };
    }

    fn read(&mut self, address: u64, bytes: &mut [u8]) {
        self.check(address, bytes.len());
        let place = std::ptr::with_exposed_provenance(address as usize);
        // SAFETY: checked to be within memory of `allocate`, to which no reference exists.
        unsafe { std::ptr::copy(place, bytes.as_mut_ptr(), bytes.len()) };
    }

    fn submit(
        &mut self,
        handle: Handle,
        code: u32,
        input: (u64, u32),
        output: (u64, u32),
    ) -> Request {
        let address = |address: u64| std::ptr::with_exposed_provenance_mut(address as usize);
        let event = Event::new();
        let answer = Box::into_raw(Box::<IO_STATUS_BLOCK>::default());
        // SAFETY: the answer lives until the request has ended. The buffers are addresses for the driver to probe, good or bad;
        // they are of `allocate`, to which no reference exists, or of no memory of this program.
        let status = unsafe {
            NtDeviceIoControlFile(
                handle.raw(),
                Some(event.0),
                None,
                None,
                answer,
                code,
                Some(address(input.0)),
                input.1,
                Some(address(output.0)),
                output.1,
            )
        };
        let done = (status.0 != STATUS_PENDING).then(|| Completion {
            status: status.0,
            // The kernel does not write it for errors.
            information: if status.0.cast_unsigned() >> 30 == 3 {
                0
            } else {
                // SAFETY: the call has ended, and the kernel writes no more.
                unsafe { (*answer).Information }
            },
        });
        Request {
            handle,
            event,
            answer,
            done,
        }
    }

    fn poll(&mut self, request: &mut Request) -> Option<Completion> {
        request.poll(0)
    }

    fn wait(&mut self, mut request: Request) -> Completion {
        loop {
            if let Some(completion) = request.poll(INFINITE) {
                return completion;
            }
        }
    }

    fn cancel(&mut self, request: &mut Request) {
        // The kernel knows a request by its status block, which an OVERLAPPED begins with.
        let overlapped = request.answer.cast::<OVERLAPPED>();
        // SAFETY: only the address counts; a request that has ended is not found.
        let _ = unsafe { CancelIoEx(request.handle.raw(), Some(overlapped)) };
    }

    fn create_event(&mut self) -> u64 {
        // SAFETY: no names, no attributes. A wait resets it.
        let event = unsafe { CreateEventW(None, false, false, None) };
        event.expect("an event can be made").0.expose_provenance() as u64
    }

    fn wait_event(&mut self, event: u64, hundred_ns: i64) -> bool {
        let milliseconds = u32::try_from(hundred_ns / 10_000).unwrap_or(INFINITE - 1);
        let event = HANDLE(std::ptr::with_exposed_provenance_mut(event as usize));
        // SAFETY: who waits on what is no event gets an error.
        unsafe { WaitForSingleObject(event, milliseconds) == WAIT_OBJECT_0 }
    }

    fn close_event(&mut self, event: u64) {
        // SAFETY: the handle is of `create_event`; who closes twice gets an error.
        let _ = unsafe {
            CloseHandle(HANDLE(std::ptr::with_exposed_provenance_mut(
                event as usize,
            )))
        };
    }

    fn now(&mut self) -> i64 {
        let mut frequency = 0;
        // SAFETY: the answer lives through the call; it cannot fail since Windows XP.
        let _ = unsafe { QueryPerformanceFrequency(&mut frequency) };
        let time = i128::from(counter()) * 10_000_000 / i128::from(frequency.max(1));
        i64::try_from(time).unwrap_or(i64::MAX)
    }

    fn sleep(&mut self, hundred_ns: i64) {
        let nanoseconds = u64::try_from(hundred_ns).unwrap_or(0).saturating_mul(100);
        std::thread::sleep(Duration::from_nanos(nanoseconds));
    }
}

impl Request {
    /// The completion, once there is one within `milliseconds`.
    fn poll(&mut self, milliseconds: u32) -> Option<Completion> {
        if self.done.is_none() && self.event.wait(milliseconds) {
            // SAFETY: the kernel signals the event behind its last write.
            let answer = unsafe { self.answer.read_volatile() };
            self.done = Some(Completion {
                // SAFETY: both members of the union are plain numbers or addresses of the same place.
                status: unsafe { answer.Anonymous.Status }.0,
                information: answer.Information,
            });
            // The event is the request's own; a second poll finds `done`.
            // SAFETY: the handle is open.
            let _ = unsafe { ResetEvent(self.event.0) };
        }
        self.done
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.done.is_some() {
            // SAFETY: of `Box::into_raw`, and the kernel is through with it. Otherwise it has to stay.
            drop(unsafe { Box::from_raw(self.answer) });
        }
    }
}
