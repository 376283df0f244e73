// SPDX-License-Identifier: MIT OR Apache-2.0
//! IAllocatorMXF: the port's event pool of one stream. Every event is tracked: it must come home exactly once.

use core::cell::{Cell, RefCell};
use core::ptr;
use std::collections::HashMap;

use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::KSSTATE;
use arioso_core::ks::status::*;

use super::com::{self, Com, Object};
use super::verify::{Rule, violation};
use crate::executive::ke::KeGetCurrentIrql;
use crate::nt::DISPATCH_LEVEL;
use crate::state::Global;

/// `GetBufferSize`, bytes.
pub const BUFFER_SIZE: usize = 4096;
const SLAB_EVENTS: usize = 1024;
const SLAB_BUFFERS: usize = 16;
const POISON: u8 = 0xDD;
const EVENT: usize = size_of::<DMUS_KERNEL_EVENT>();

/// Calls of the driver for a buffer that still fail.
static NO_BUFFERS: Global<u32> = Global::new(0);

/// The next so many buffers that a driver asks for are not there.
pub fn fail_buffers(count: u32) {
    *NO_BUFFERS.get() = count;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Home,
    /// Held by the port, or under way to the driver.
    Port,
    Driver,
}

/// Equal blocks in slabs; a block is found from its address in constant time.
struct Blocks {
    size: usize,
    per_slab: usize,
    slabs: Vec<(Box<[u64]>, Vec<Place>)>,
    /// Slab numbers by the 64 KiB windows that the slab covers.
    windows: HashMap<usize, Vec<usize>>,
    free: Vec<(u32, u32)>,
    out: usize,
}

impl Blocks {
    fn new(size: usize, per_slab: usize) -> Self {
        Blocks {
            size,
            per_slab,
            slabs: Vec::new(),
            windows: HashMap::new(),
            free: Vec::new(),
            out: 0,
        }
    }

    fn grow(&mut self) {
        let words = self.size / 8 * self.per_slab;
        let memory = vec![u64::from_ne_bytes([POISON; 8]); words].into_boxed_slice();
        let number = self.slabs.len();
        let start = memory.as_ptr() as usize;
        for window in start >> 16..=(start + words * 8 - 1) >> 16 {
            self.windows.entry(window).or_default().push(number);
        }
        self.free
            .extend((0..self.per_slab as u32).rev().map(|i| (number as u32, i)));
        self.slabs.push((memory, vec![Place::Home; self.per_slab]));
    }

    fn address(&mut self, slab: u32, index: u32) -> *mut u8 {
        // SAFETY: the index is inside the slab.
        unsafe {
            self.slabs[slab as usize]
                .0
                .as_mut_ptr()
                .cast::<u8>()
                .add(index as usize * self.size)
        }
    }

    /// A block of the pool. The flag tells that somebody wrote to it while it was free.
    fn take(&mut self) -> (*mut u8, bool) {
        if self.free.is_empty() {
            self.grow();
        }
        let (slab, index) = self.free.pop().expect("just grown");
        self.slabs[slab as usize].1[index as usize] = Place::Port;
        self.out += 1;
        let block = self.address(slab, index);
        // Whole buffers are not compared: their first bytes tell as much.
        // SAFETY: the block is ours and initialised.
        let head = unsafe { core::slice::from_raw_parts(block, self.size.min(EVENT)) };
        (block, head.iter().any(|&b| b != POISON))
    }

    fn find(&self, block: *const u8) -> Option<(u32, u32)> {
        let address = block as usize;
        for &slab in self.windows.get(&(address >> 16))? {
            let start = self.slabs[slab].0.as_ptr() as usize;
            let offset = address.wrapping_sub(start);
            if offset < self.size * self.per_slab && offset.is_multiple_of(self.size) {
                return Some((slab as u32, (offset / self.size) as u32));
            }
        }
        None
    }

    fn place(&self, block: *const u8) -> Option<Place> {
        self.find(block)
            .map(|(slab, index)| self.slabs[slab as usize].1[index as usize])
    }

    fn set_place(&mut self, block: *const u8, place: Place) {
        if let Some((slab, index)) = self.find(block) {
            self.slabs[slab as usize].1[index as usize] = place;
        }
    }

    /// `Err` names what is wrong with it.
    fn give_back(&mut self, block: *mut u8) -> Result<(), &'static str> {
        let (slab, index) = self.find(block).ok_or("is not of this allocator")?;
        let place = &mut self.slabs[slab as usize].1[index as usize];
        if *place == Place::Home {
            return Err("has been put back already");
        }
        *place = Place::Home;
        self.out -= 1;
        self.free.push((slab, index));
        // SAFETY: the block is a whole block of the slab.
        unsafe { ptr::write_bytes(block, POISON, self.size.min(EVENT)) };
        Ok(())
    }
}

/// What is out, for statistics and tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outstanding {
    /// Events.
    pub events: usize,
    /// Buffers.
    pub buffers: usize,
}

/// The allocator's state.
pub struct Allocator {
    events: RefCell<Blocks>,
    buffers: RefCell<Blocks>,
    put: Cell<u64>,
}

/// The allocator as an object.
pub type AllocatorObject = Object<Allocator>;

impl Allocator {
    /// An allocator with one reference.
    pub fn create() -> *mut AllocatorObject {
        Object::new(Allocator {
            events: RefCell::new(Blocks::new(EVENT, SLAB_EVENTS)),
            buffers: RefCell::new(Blocks::new(BUFFER_SIZE, SLAB_BUFFERS)),
            put: Cell::new(0),
        })
    }

    /// What is out now.
    pub fn outstanding(&self) -> Outstanding {
        Outstanding {
            events: self.events.borrow().out,
            buffers: self.buffers.borrow().out,
        }
    }

    /// How many events the driver has.
    pub fn with_driver(&self) -> usize {
        let events = self.events.borrow();
        let places = events.slabs.iter().flat_map(|(_, places)| places);
        places.filter(|place| **place == Place::Driver).count()
    }

    /// Events that came back since creation.
    pub fn returned(&self) -> u64 {
        self.put.get()
    }

    /// A new event, zero but for the fields that are the port's.
    pub fn event(&self) -> *mut DMUS_KERNEL_EVENT {
        let (block, dirty) = self.events.borrow_mut().take();
        if dirty {
            violation(
                Rule::AllocatorWritten,
                "IAllocatorMXF",
                format!("event {block:p} was written to after it had been put back"),
            );
        }
        let event = block.cast::<DMUS_KERNEL_EVENT>();
        // SAFETY: a block of the event's size and alignment.
        unsafe {
            ptr::write_bytes(event, 0, 1);
            (*event).cbStruct = EVENT as u8;
            (*event).ullBytePosition = kBytePositionNone;
        }
        event
    }

    /// A buffer for a long event.
    pub fn buffer(&self) -> *mut u8 {
        let (block, dirty) = self.buffers.borrow_mut().take();
        if dirty {
            violation(
                Rule::AllocatorWritten,
                "IAllocatorMXF",
                format!("buffer {block:p} was written to after it had been put back"),
            );
        }
        block
    }

    /// Marks a chain as the driver's from now on.
    ///
    /// # Safety
    /// `chain` is a chain of this allocator's events.
    pub unsafe fn hand_over(&self, mut chain: *mut DMUS_KERNEL_EVENT) {
        let mut events = self.events.borrow_mut();
        while !chain.is_null() {
            events.set_place(chain.cast(), Place::Driver);
            // SAFETY: by the contract.
            unsafe {
                if (*chain).usFlags & DMUS_KEF_PACKAGE_EVENT != 0 {
                    let mut inner = (*chain).uData.pPackageEvt();
                    while !inner.is_null() {
                        events.set_place(inner.cast(), Place::Driver);
                        inner = (*inner).pNextEvt;
                    }
                }
                chain = (*chain).pNextEvt;
            }
        }
    }

    /// Takes back a chain with all buffers and package contents.
    ///
    /// # Safety
    /// `chain` is null or the head of a chain of readable events.
    pub unsafe fn put(&self, chain: *mut DMUS_KERNEL_EVENT) {
        let mut stack = vec![chain];
        while let Some(mut event) = stack.pop() {
            while !event.is_null() {
                if self
                    .events
                    .borrow()
                    .place(event.cast())
                    .is_none_or(|place| place == Place::Home)
                {
                    let why = self
                        .events
                        .borrow_mut()
                        .give_back(event.cast())
                        .expect_err("not out");
                    violation(
                        Rule::AllocatorPut,
                        "IAllocatorMXF",
                        format!("PutMessage: event {event:p} {why}"),
                    );
                    // Its links cannot be trusted.
                    break;
                }
                // SAFETY: an event of this allocator that is out.
                let (next, header) = unsafe { ((*event).pNextEvt, *event) };
                if usize::from(header.cbStruct) != EVENT {
                    violation(
                        Rule::AllocatorStruct,
                        "IAllocatorMXF",
                        format!("event {event:p}: cbStruct changed to {}", header.cbStruct),
                    );
                }
                let inner = header.uData.pPackageEvt();
                if header.is_package() && !inner.is_null() {
                    stack.push(inner);
                } else if usize::from(header.cbEvent) > size_of::<*mut u8>() {
                    // The count alone decides: what lies there is taken for a buffer that may be used again.
                    self.put_buffer(header.uData.pbData());
                }
                self.events
                    .borrow_mut()
                    .give_back(event.cast())
                    .expect("out");
                self.put.set(self.put.get() + 1);
                event = next;
            }
        }
    }

    /// Takes a buffer back.
    pub fn put_buffer(&self, buffer: *mut u8) {
        if let Err(why) = self.buffers.borrow_mut().give_back(buffer) {
            violation(
                Rule::AllocatorPut,
                "IAllocatorMXF",
                format!("buffer {buffer:p} {why}"),
            );
        }
    }
}

impl Com for Allocator {
    type Vtbl = IAllocatorMXFVtbl;
    const VTBL: &'static IAllocatorMXFVtbl = &IAllocatorMXFVtbl {
        QueryInterface: com::query::<Allocator, _>,
        AddRef: com::add_ref::<Allocator, _>,
        Release: com::release::<Allocator, _>,
        SetState: set_state,
        PutMessage: put_message,
        ConnectOutput: connect,
        DisconnectOutput: connect,
        GetMessage: get_message,
        GetBufferSize: get_buffer_size,
        GetBuffer: get_buffer,
        PutBuffer: put_buffer,
    };
    const NAME: &'static str = "IAllocatorMXF";
    const INTERFACES: &'static [GUID] = &[IID_IAllocatorMXF, IID_IMXF];
}

unsafe extern "efiapi" fn set_state(_this: *mut IAllocatorMXF, _state: KSSTATE) -> NTSTATUS {
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn put_message(
    this: *mut IAllocatorMXF,
    chain: *mut DMUS_KERNEL_EVENT,
) -> NTSTATUS {
    // SAFETY: the running context is live.
    let irql = unsafe { KeGetCurrentIrql() };
    if irql != DISPATCH_LEVEL {
        violation(
            Rule::AllocatorIrql,
            "IAllocatorMXF",
            format!("PutMessage at IRQL {irql}: IMXF::PutMessage is called at DISPATCH_LEVEL"),
        );
    }
    // SAFETY: through our own vtable; a chain is the driver's to give.
    unsafe { com::of::<Allocator, _>(this).put(chain) };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn connect(_this: *mut IAllocatorMXF, _sink: *mut IMXF) -> NTSTATUS {
    STATUS_INVALID_DEVICE_REQUEST
}

unsafe extern "efiapi" fn get_message(
    this: *mut IAllocatorMXF,
    out: *mut *mut DMUS_KERNEL_EVENT,
) -> NTSTATUS {
    // SAFETY: through our own vtable; `out` is an out parameter.
    unsafe {
        let allocator = com::of::<Allocator, _>(this);
        let event = allocator.event();
        allocator.hand_over(event);
        *out = event;
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn get_buffer_size(_this: *mut IAllocatorMXF) -> u16 {
    BUFFER_SIZE as u16
}

unsafe extern "efiapi" fn get_buffer(this: *mut IAllocatorMXF, out: *mut *mut u8) -> NTSTATUS {
    let failing = NO_BUFFERS.get();
    if *failing > 0 {
        *failing -= 1;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    // SAFETY: through our own vtable; `out` is an out parameter.
    unsafe { *out = com::of::<Allocator, _>(this).buffer() };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn put_buffer(this: *mut IAllocatorMXF, buffer: *mut u8) -> NTSTATUS {
    // SAFETY: through our own vtable.
    unsafe { com::of::<Allocator, _>(this).put_buffer(buffer) };
    STATUS_SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_home_once() {
        let mut blocks = Blocks::new(EVENT, 4);
        let taken: Vec<*mut u8> = (0..10).map(|_| blocks.take().0).collect();
        assert_eq!(blocks.out, 10);
        for &block in &taken {
            assert_eq!(blocks.place(block), Some(Place::Port));
            assert_eq!(blocks.give_back(block), Ok(()));
            assert_eq!(blocks.give_back(block), Err("has been put back already"));
        }
        assert_eq!(blocks.out, 0);
        let mut foreign = [0u64; 8];
        assert_eq!(
            blocks.give_back(foreign.as_mut_ptr().cast()),
            Err("is not of this allocator")
        );
        assert_eq!(
            blocks.give_back(taken[3].wrapping_add(8)),
            Err("is not of this allocator")
        );
    }

    #[test]
    fn writing_to_a_free_block_is_seen() {
        let mut blocks = Blocks::new(EVENT, 1);
        let (block, dirty) = blocks.take();
        assert!(!dirty);
        blocks.give_back(block).unwrap();
        // SAFETY: the slab still owns the memory.
        unsafe { *block.add(8) = 1 };
        assert_eq!(blocks.take(), (block, true));
    }
}
