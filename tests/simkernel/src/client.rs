// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`SimClient`]: user mode. It enters the kernel as a program does, in a thread of its own process, with addresses of the user
//! arena and handles. Or a kernel-mode client, as another driver is: a thread of the system process, addresses of kernel memory,
//! requests that nobody probes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use arioso_core::ks::ks::{KSPIN_CONNECT, KSPIN_CONNECT32, KSSTRING_Pin};
use arioso_core::ks::{GUID, Wire};
use ks_client::{Client, Completion, NtStatus};

use crate::executive::irp::{self, Ask};
use crate::executive::{io, ke, ob};
use crate::modules::ksthunk::{self, Work};
use crate::nt::*;
use crate::{clock, guest, user};

/// What kind of program the client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// A 32-bit program: its requests are marked so for `IoIs32bitProcess`.
    pub wow64: bool,
    /// Not a program but a driver: `RequestorMode` is `KernelMode`.
    pub kernel: bool,
}

/// A process with one thread per call.
pub struct SimClient {
    process: usize,
    options: ClientOptions,
    /// Between a 32-bit program and the kernel.
    thunk: Option<ksthunk::Layer>,
    handles: Vec<usize>,
    events: Vec<usize>,
    memory: Vec<u64>,
    /// What a kernel-mode client has allocated, by address.
    blocks: BTreeMap<u64, Box<[u64]>>,
}

/// An open file of the client's process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SimHandle(usize);

/// A request that was sent.
#[derive(Debug)]
pub struct SimRequest {
    number: u64,
    work: Option<Work>,
    /// As the program was told.
    done: Option<Completion>,
}

/// Any thread of a client's.
const PRIORITY: i32 = 8;

impl SimClient {
    /// A program that has opened nothing yet.
    pub fn new(options: ClientOptions) -> SimClient {
        static NEXT: crate::state::Global<usize> = crate::state::Global::new(0x1000);
        *NEXT.get() += 4;
        SimClient {
            process: if options.kernel { 0 } else { *NEXT.get() },
            options,
            thunk: options.wow64.then(ksthunk::Layer::default),
            handles: Vec::new(),
            events: Vec::new(),
            memory: Vec::new(),
            blocks: BTreeMap::new(),
        }
    }

    /// Runs `body` in a thread of the process, and the machine until it has returned.
    /// Host code that is a thread of the machine does it itself.
    fn enter<R: 'static>(&self, body: impl FnOnce() -> R + 'static) -> R {
        if !guest::current().is_null() {
            return body();
        }
        let result = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&result);
        let context = guest::spawn(
            "client",
            PRIORITY,
            Box::new(move || *slot.borrow_mut() = Some(body())),
        );
        // SAFETY: just spawned; it has not run yet.
        unsafe { (*context).process = self.process };
        let ended = guest::run_until(Some(clock::now_ns() + clock::PATIENCE_NS), || {
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

    /// A page of zeros that may only be read; nothing is behind it. Freed with the client.
    pub fn allocate_read_only(&mut self) -> u64 {
        let address = self.allocate(PAGE_SIZE);
        user::protect(address);
        address
    }

    /// Starts a thread that changes `bytes` bytes at `address` all the time, until the flag is cleared or the memory is freed.
    /// It runs while the client's other calls do.
    pub fn scribble(&mut self, address: u64, bytes: usize, seed: u64) -> Rc<Cell<bool>> {
        /// A microsecond.
        const PAUSE: i64 = -10;
        let on = Rc::new(Cell::new(true));
        let flag = Rc::clone(&on);
        let context = guest::spawn(
            "scribbler",
            PRIORITY + 1,
            Box::new(move || {
                let mut state = seed | 1;
                while flag.get() {
                    for _ in 0..4 {
                        state ^= state << 13;
                        state ^= state >> 7;
                        state ^= state << 17;
                        let at = address + state % bytes as u64;
                        if !user::write(at, &[(state >> 32) as u8]) {
                            return;
                        }
                    }
                    // SAFETY: a thread at PASSIVE_LEVEL.
                    unsafe { ke::KeDelayExecutionThread(USER_MODE, 0, &mut { PAUSE }) };
                }
            }),
        );
        // SAFETY: just spawned; it has not run yet.
        unsafe { (*context).process = self.process };
        on
    }

    /// `length` bytes at an address of a kernel-mode client's memory.
    fn block(&mut self, address: u64, length: usize) -> Option<*mut u8> {
        let (start, block) = self.blocks.range_mut(..=address).next_back()?;
        let at = (address - start) as usize;
        let fits = at + length <= block.len() * 8;
        fits.then(|| block.as_mut_ptr().cast::<u8>().wrapping_add(at))
    }

    /// Its process, 0 for the system's.
    pub(crate) fn process(&self) -> usize {
        self.process
    }

    /// A handle's value, as a program would put it into a structure.
    pub fn value(&self, handle: SimHandle) -> u64 {
        handle.0 as u64
    }
}

/// What a 32-bit `KsCreatePin` sends: KSPIN_CONNECT in its layout.
fn narrow_connect(connect: &[u8], to: u32) -> Vec<u8> {
    const HEAD: usize = size_of::<KSPIN_CONNECT>();
    let (Some(c), Some(format)) = (KSPIN_CONNECT::read_from(connect), connect.get(HEAD..)) else {
        return connect.to_vec();
    };
    let narrow = KSPIN_CONNECT32 {
        Interface: c.Interface,
        Medium: c.Medium,
        PinId: c.PinId,
        PinToHandle: to,
        Priority: c.Priority,
    };
    let mut out = vec![0; size_of::<KSPIN_CONNECT32>()];
    narrow.write_to(&mut out).expect("room");
    out.extend_from_slice(format);
    out
}

impl Client for SimClient {
    type Handle = SimHandle;
    type Request = SimRequest;

    fn interfaces(&mut self, category: &GUID) -> Vec<String> {
        io::enabled_interfaces(category)
    }

    fn open(&mut self, link: &str) -> Result<SimHandle, NtStatus> {
        let name: Vec<u16> = link.encode_utf16().collect();
        let (owner, kernel) = (self.process, self.options.kernel);
        let result = self.enter(move || {
            io::open(&name, std::ptr::null_mut(), kernel, owner).map(|h| h as usize)
        });
        self.opened(result)
    }

    fn create_pin(
        &mut self,
        filter: SimHandle,
        connect: &[u8],
        to: Option<SimHandle>,
    ) -> Result<SimHandle, NtStatus> {
        let to = to.map_or(0, |to| to.0);
        let mut bytes = if self.options.wow64 {
            ksthunk::widen_connect(&narrow_connect(connect, to as u32))
        } else {
            let mut bytes = connect.to_vec();
            let at = std::mem::offset_of!(KSPIN_CONNECT, PinToHandle);
            if let Some(field) = bytes.get_mut(at..at + 8) {
                field.copy_from_slice(&to.to_le_bytes());
            }
            bytes
        };
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        let mut name: Vec<u16> = format!("{KSSTRING_Pin}\\").encode_utf16().collect();
        name.extend(
            bytes
                .chunks_exact(2)
                .map(|c| u16::from_le_bytes([c[0], c[1]])),
        );
        let (owner, kernel) = (self.process, self.options.kernel);
        let result = self
            .enter(move || io::open(&name, filter.0 as HANDLE, kernel, owner).map(|h| h as usize));
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
        if self.options.kernel {
            let block = vec![0; bytes.div_ceil(8)].into_boxed_slice();
            let address = block.as_ptr() as u64;
            self.blocks.insert(address, block);
            return address;
        }
        let address = user::allocate(bytes);
        self.memory.push(address);
        address
    }

    fn free(&mut self, address: u64) {
        self.blocks.remove(&address);
        if let Some(at) = self.memory.iter().rposition(|&a| a == address) {
            self.memory.swap_remove(at);
            user::free(address);
        }
    }

    fn write(&mut self, address: u64, bytes: &[u8]) {
        if let Some(block) = self.block(address, bytes.len()) {
            // SAFETY: the range lies in a block of ours.
            return unsafe { bytes.as_ptr().copy_to(block, bytes.len()) };
        }
        assert!(
            user::write(address, bytes),
            "the client wrote to {address:#x}, which is not its memory"
        );
    }

    fn read(&mut self, address: u64, bytes: &mut [u8]) {
        if let Some(block) = self.block(address, bytes.len()) {
            // SAFETY: the range lies in a block of ours.
            return unsafe { bytes.as_mut_ptr().copy_from(block, bytes.len()) };
        }
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
        let mode = if self.options.kernel {
            KERNEL_MODE
        } else {
            USER_MODE
        };
        let (input, output, work) = match &mut self.thunk {
            Some(thunk) => thunk.request(code, input, output),
            None => (input, output, None),
        };
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
                    mode,
                    bits_32,
                )
            }
        });
        SimRequest {
            number,
            work,
            done: None,
        }
    }

    fn poll(&mut self, request: &mut SimRequest) -> Option<Completion> {
        if request.done.is_some() {
            return request.done;
        }
        let outcome = irp::outcome(request.number)?;
        let information = match (request.work.take(), &mut self.thunk) {
            (Some(work), Some(thunk)) => thunk.complete(work, outcome.status, outcome.information),
            _ => outcome.information,
        };
        request.done = Some(Completion {
            status: outcome.status,
            information,
        });
        request.done
    }

    fn wait(&mut self, mut request: SimRequest) -> Completion {
        let number = request.number;
        let limit = clock::now_ns() + clock::PATIENCE_NS;
        let ended = guest::until(limit, || irp::outcome(number).is_some());
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

    fn create_event(&mut self) -> u64 {
        let owner = self.process;
        let handle = self.enter(move || ob::create_event(owner) as usize);
        self.events.push(handle);
        handle as u64
    }

    fn wait_event(&mut self, event: u64, hundred_ns: i64) -> bool {
        let Some((object, ob::Kind::Event)) = ob::object_of(event as usize as HANDLE) else {
            panic!("the client waits for {event:#x}, which is no event");
        };
        let event = object.cast::<KEVENT>();
        let limit = clock::now_ns().saturating_add(hundred_ns.max(0).unsigned_abs() * 100);
        // SAFETY: the handle holds the object; nothing else runs while its state is read.
        unsafe {
            let signalled = || (*event).Header.SignalState != 0;
            if !guest::until(limit, signalled) && clock::now_ns() < limit {
                clock::advance_to(limit);
            }
            let was = signalled();
            (*event).Header.SignalState = 0;
            was
        }
    }

    fn close_event(&mut self, event: u64) {
        self.events.retain(|&h| h as u64 != event);
        self.enter(move || ob::close(event as usize as HANDLE));
    }

    fn now(&mut self) -> i64 {
        clock::now()
    }

    fn sleep(&mut self, hundred_ns: i64) {
        let until = clock::now_ns().saturating_add(hundred_ns.max(0).unsigned_abs() * 100);
        guest::until(until, || false);
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
        while let Some(&event) = self.events.last() {
            self.close_event(event as u64);
        }
        for address in self.memory.drain(..) {
            user::free(address);
        }
    }
}
