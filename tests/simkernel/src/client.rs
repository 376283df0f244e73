//! [`SimClient`]: user mode. It enters the kernel as a program does, in a thread of its own process, with addresses of the user
//! arena and handles.

use std::cell::RefCell;
use std::rc::Rc;

use arioso_core::ks::ks::{
    IOCTL_KS_READ_STREAM, IOCTL_KS_WRITE_STREAM, KSPIN_CONNECT, KSSTREAM_HEADER, KSSTREAM_HEADER32,
    KSSTRING_Pin,
};
use arioso_core::ks::{GUID, Wire};
use conformance::{Client, Completion, NtStatus};

use crate::executive::irp::{self, Ask};
use crate::executive::{io, ob};
use crate::nt::*;
use crate::{clock, guest, user};

/// What kind of program the client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// A 32-bit program: its requests are marked so for `IoIs32bitProcess`.
    pub wow64: bool,
}

/// A process with one thread per call.
pub struct SimClient {
    process: usize,
    options: ClientOptions,
    handles: Vec<usize>,
    memory: Vec<u64>,
}

/// An open file of the client's process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SimHandle(usize);

/// A request that was sent.
#[derive(Debug)]
pub struct SimRequest {
    number: u64,
    thunk: Option<Thunk>,
}

/// ksthunk's work on a stream request of a 32-bit program: its headers, widened.
#[derive(Debug)]
struct Thunk {
    /// The program's headers.
    narrow: u64,
    /// Ours, in user memory too.
    wide: u64,
    count: usize,
}

const NARROW: usize = size_of::<KSSTREAM_HEADER32>();
const WIDE: usize = size_of::<KSSTREAM_HEADER>();

impl Thunk {
    /// `None`: not 32-bit headers, or not readable; the request goes on as it is.
    fn new(output: (u64, u32)) -> Option<Thunk> {
        let length = output.1 as usize;
        let mut bytes = vec![0; length];
        if length == 0 || !length.is_multiple_of(NARROW) || !user::read(output.0, &mut bytes) {
            return None;
        }
        let mut out = Vec::with_capacity(length / NARROW * WIDE);
        for narrow in bytes.chunks_exact(NARROW) {
            let h = KSSTREAM_HEADER32::read_from(narrow).filter(|h| h.Size as usize == NARROW)?;
            let wide = KSSTREAM_HEADER {
                Size: WIDE as u32,
                TypeSpecificFlags: h.TypeSpecificFlags,
                PresentationTime: h.PresentationTime,
                Duration: h.Duration,
                FrameExtent: h.FrameExtent,
                DataUsed: h.DataUsed,
                Data: h.Data as usize as PVOID,
                OptionsFlags: h.OptionsFlags,
                Reserved: 0,
            };
            let at = out.len();
            out.resize(at + WIDE, 0);
            wide.write_to(&mut out[at..])?;
        }
        let wide = user::allocate(out.len());
        user::write(wide, &out);
        Some(Thunk {
            narrow: output.0,
            wide,
            count: length / NARROW,
        })
    }

    /// Copies what the driver changed back: all up to `Data` has the same place in both layouts.
    fn finish(self) {
        const SAME: usize = std::mem::offset_of!(KSSTREAM_HEADER, Data) - 4;
        for i in 0..self.count {
            let mut head = [0; SAME];
            user::read(self.wide + (i * WIDE) as u64 + 4, &mut head);
            user::write(self.narrow + (i * NARROW) as u64 + 4, &head);
        }
        user::free(self.wide);
    }
}

/// Any thread of a client's.
const PRIORITY: i32 = 8;
/// How long [`Client::wait`] lets time pass: an hour.
const PATIENCE_NS: u64 = 3_600_000_000_000;

impl SimClient {
    pub fn new(options: ClientOptions) -> SimClient {
        static NEXT: crate::state::Global<usize> = crate::state::Global::new(0x1000);
        *NEXT.get() += 4;
        SimClient {
            process: *NEXT.get(),
            options,
            handles: Vec::new(),
            memory: Vec::new(),
        }
    }

    /// Runs `body` in a thread of the process, and the machine until it has returned.
    fn enter<R: 'static>(&self, body: impl FnOnce() -> R + 'static) -> R {
        let result = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&result);
        let context = guest::spawn(
            "client",
            PRIORITY,
            Box::new(move || *slot.borrow_mut() = Some(body())),
        );
        // SAFETY: just spawned; it has not run yet.
        unsafe { (*context).process = self.process };
        let ended = guest::run_until(Some(clock::now_ns() + PATIENCE_NS), || {
            result.borrow().is_some()
        });
        assert!(
            ended,
            "a client's call does not return; threads: {}",
            guest::describe_threads().join(", ")
        );
        result.take().expect("ended")
    }

    fn file_of(handle: SimHandle) -> Option<*mut FILE_OBJECT> {
        match ob::object_of(handle.0 as HANDLE) {
            Some((file, ob::Kind::File)) => Some(file.cast()),
            _ => None,
        }
    }

    fn opened(&mut self, result: Result<usize, NtStatus>) -> Result<SimHandle, NtStatus> {
        let handle = result?;
        self.handles.push(handle);
        Ok(SimHandle(handle))
    }

    /// A handle's value, as a program would put it into a structure.
    pub fn value(&self, handle: SimHandle) -> u64 {
        handle.0 as u64
    }
}

impl Client for SimClient {
    type Handle = SimHandle;
    type Request = SimRequest;

    fn interfaces(&mut self, category: &GUID) -> Vec<String> {
        io::enabled_interfaces(category)
    }

    fn open(&mut self, link: &str) -> Result<SimHandle, NtStatus> {
        let name: Vec<u16> = link.encode_utf16().collect();
        let owner = self.process;
        let result = self
            .enter(move || io::open(&name, std::ptr::null_mut(), false, owner).map(|h| h as usize));
        self.opened(result)
    }

    fn create_pin(
        &mut self,
        filter: SimHandle,
        connect: &[u8],
        to: Option<SimHandle>,
    ) -> Result<SimHandle, NtStatus> {
        let mut bytes = connect.to_vec();
        let at = std::mem::offset_of!(KSPIN_CONNECT, PinToHandle);
        if let (Some(to), Some(field)) = (to, bytes.get_mut(at..at + 8)) {
            field.copy_from_slice(&to.0.to_le_bytes());
        }
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        let mut name: Vec<u16> = format!("{KSSTRING_Pin}\\").encode_utf16().collect();
        name.extend(
            bytes
                .chunks_exact(2)
                .map(|c| u16::from_le_bytes([c[0], c[1]])),
        );
        let owner = self.process;
        let result = self
            .enter(move || io::open(&name, filter.0 as HANDLE, false, owner).map(|h| h as usize));
        self.opened(result)
    }

    /// Requests that are still pending on the handle are cancelled first, as `CancelIo` before `CloseHandle` does.
    fn close(&mut self, handle: SimHandle) {
        self.handles.retain(|&h| h != handle.0);
        self.enter(move || {
            if let Some(file) = SimClient::file_of(handle) {
                for number in irp::pending_of_file(file) {
                    // SAFETY: in a thread of the client.
                    unsafe { irp::cancel_user(number) };
                }
            }
            ob::close(handle.0 as HANDLE);
        });
    }

    fn allocate(&mut self, bytes: usize) -> u64 {
        let address = user::allocate(bytes);
        self.memory.push(address);
        address
    }

    fn free(&mut self, address: u64) {
        if let Some(at) = self.memory.iter().rposition(|&a| a == address) {
            self.memory.swap_remove(at);
            user::free(address);
        }
    }

    fn write(&mut self, address: u64, bytes: &[u8]) {
        assert!(
            user::write(address, bytes),
            "the client wrote to {address:#x}, which is not its memory"
        );
    }

    fn read(&mut self, address: u64, bytes: &mut [u8]) {
        assert!(
            user::read(address, bytes),
            "the client read {address:#x}, which is not its memory"
        );
    }

    fn submit(
        &mut self,
        handle: SimHandle,
        code: u32,
        input: (u64, u32),
        output: (u64, u32),
    ) -> SimRequest {
        let bits_32 = self.options.wow64;
        let stream = code == IOCTL_KS_WRITE_STREAM || code == IOCTL_KS_READ_STREAM;
        let thunk = if bits_32 && stream {
            Thunk::new(output)
        } else {
            None
        };
        let output = thunk
            .as_ref()
            .map_or(output, |t| (t.wide, (t.count * WIDE) as u32));
        let number = self.enter(move || {
            let file = SimClient::file_of(handle).expect("a request on a handle that is not open");
            // SAFETY: an open file, in a thread of the client.
            unsafe {
                irp::send_user(
                    file,
                    Ask::Control {
                        code,
                        input,
                        output,
                    },
                    bits_32,
                )
            }
        });
        SimRequest { number, thunk }
    }

    fn poll(&mut self, request: &mut SimRequest) -> Option<Completion> {
        let outcome = irp::outcome(request.number)?;
        if let Some(thunk) = request.thunk.take() {
            thunk.finish();
        }
        Some(Completion {
            status: outcome.status,
            information: outcome.information,
        })
    }

    fn wait(&mut self, mut request: SimRequest) -> Completion {
        let number = request.number;
        let limit = clock::now_ns() + PATIENCE_NS;
        let ended = guest::run_until(Some(limit), || irp::outcome(number).is_some());
        assert!(
            ended,
            "a request is pending for an hour; threads: {}",
            guest::describe_threads().join(", ")
        );
        let completion = self.poll(&mut request).expect("complete");
        irp::forget_outcome(number);
        completion
    }

    fn cancel(&mut self, request: &mut SimRequest) {
        let number = request.number;
        // SAFETY: in a thread of the client.
        self.enter(move || unsafe { irp::cancel_user(number) });
    }

    fn now(&mut self) -> i64 {
        clock::now()
    }

    fn sleep(&mut self, hundred_ns: i64) {
        let until = clock::now_ns().saturating_add(hundred_ns.max(0).unsigned_abs() * 100);
        guest::run_until(Some(until), || false);
        if clock::now_ns() < until {
            clock::advance_to(until);
        }
    }
}

impl Drop for SimClient {
    /// The process ends: handles are closed in the order of their creation backwards, memory is freed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        while let Some(&handle) = self.handles.last() {
            self.close(SimHandle(handle));
        }
        for address in self.memory.drain(..) {
            user::free(address);
        }
    }
}
