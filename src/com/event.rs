// SPDX-License-Identifier: MIT OR Apache-2.0
//! The port's events, owned.

use alloc::vec::Vec;
use arioso_core::ks::Wire;
use arioso_core::ks::dmusicks::{DMUS_KEF_EVENT_INCOMPLETE, DMUS_KERNEL_EVENT};
use arioso_core::mem::{EventQueue, Link, NoMemory, Ring, vec};
use core::cell::UnsafeCell;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

/// The flag bits from here on mean nothing to the port.
const TAG_SHIFT: u32 = 4;

/// One event that is ours until it goes back to the allocator.
pub struct Event(NonNull<Node>);

/// An event as a node of a chain or queue.
#[repr(transparent)]
struct Node(DMUS_KERNEL_EVENT);

// SAFETY: while an event is queued nobody else touches it; it is non-paged memory of the port that any thread may use.
unsafe impl Link for Node {
    fn time(&self) -> i64 {
        self.0.ullPresTime100ns
    }
    fn next(&self) -> *mut Self {
        self.0.pNextEvt.cast()
    }
    fn set_next(&mut self, next: *mut Self) {
        self.0.pNextEvt = next.cast();
    }
}

// SAFETY: owned; events may go back from any thread.
unsafe impl Send for Event {}

impl Event {
    /// # Safety
    /// `event` is null or an event that the caller owns.
    pub(super) unsafe fn from_raw(event: *mut DMUS_KERNEL_EVENT) -> Option<Self> {
        NonNull::new(event.cast()).map(Self)
    }

    /// Makes the event one of these bytes, if they are few enough to lie in it.
    pub(super) fn set_short(&mut self, bytes: &[u8]) -> bool {
        use arioso_core::ks::dmusicks::DMUS_KERNEL_EVENT_DATA;
        let mut data = [0; 8];
        let Some(place) = data.get_mut(..bytes.len()) else {
            return false;
        };
        for (to, from) in place.iter_mut().zip(bytes) {
            *to = *from;
        }
        let event = self.get_mut();
        event.cbEvent = bytes.len() as u16;
        event.usFlags = 0;
        event.uData = DMUS_KERNEL_EVENT_DATA::from_bytes(data);
        true
    }

    /// Makes the event one of more than 8 bytes, in `buffer`, which belongs to the event from then on. False if there is no buffer.
    ///
    /// # Safety
    /// `buffer` is null or the caller's and of the allocator that the event comes from; it has room for `bytes`.
    pub(super) unsafe fn set_long(&mut self, buffer: *mut u8, bytes: &[u8]) -> bool {
        use arioso_core::ks::dmusicks::DMUS_KERNEL_EVENT_DATA;
        let Ok(len) = u16::try_from(bytes.len()) else {
            return false;
        };
        if buffer.is_null() {
            return false;
        }
        // SAFETY: the caller's promise; a new buffer overlaps nothing.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len()) };
        let event = self.get_mut();
        event.cbEvent = len;
        event.usFlags = 0;
        event.uData = DMUS_KERNEL_EVENT_DATA::from_buffer(buffer);
        true
    }

    fn get(&self) -> &DMUS_KERNEL_EVENT {
        // SAFETY: owned, hence valid.
        unsafe { &self.0.as_ref().0 }
    }

    fn get_mut(&mut self) -> &mut DMUS_KERNEL_EVENT {
        // SAFETY: owned, hence valid and nobody else's.
        unsafe { &mut self.0.as_mut().0 }
    }

    /// Presentation time on the master clock, 100 ns.
    pub fn time(&self) -> i64 {
        self.get().ullPresTime100ns
    }

    pub fn set_time(&mut self, time: i64) {
        self.get_mut().ullPresTime100ns = time;
    }

    /// Channel group: 1-based, 0 broadcasts.
    pub fn group(&self) -> u16 {
        self.get().usChannelGroup
    }

    pub fn set_group(&mut self, group: u16) {
        self.get_mut().usChannelGroup = group;
    }

    /// Says whether the message goes on in the next event.
    pub fn set_incomplete(&mut self, more: bool) {
        let event = self.get_mut();
        event.usFlags = event.usFlags & !DMUS_KEF_EVENT_INCOMPLETE
            | if more { DMUS_KEF_EVENT_INCOMPLETE } else { 0 };
    }

    /// A number below 2¹² that the event carries while it is ours.
    pub fn tag(&self) -> u16 {
        self.get().usFlags >> TAG_SHIFT
    }

    /// Zero takes the tag off: the port may see none.
    pub fn set_tag(&mut self, tag: u16) {
        let event = self.get_mut();
        event.usFlags = event.usFlags & !(u16::MAX << TAG_SHIFT) | tag << TAG_SHIFT;
    }

    /// Whether the message goes on in the next event.
    pub fn is_incomplete(&self) -> bool {
        self.get().is_incomplete()
    }

    /// The bytes lie in a buffer of the allocator.
    pub fn has_buffer(&self) -> bool {
        let event = self.get();
        !event.is_package() && !event.is_short()
    }

    pub fn is_package(&self) -> bool {
        self.get().is_package()
    }

    /// Takes a package's events out of it; the container is left empty: no pointer, and no bytes, or the allocator would take the
    /// pointer for a buffer.
    pub fn take_package(&mut self) -> Chain {
        use arioso_core::ks::dmusicks::DMUS_KERNEL_EVENT_DATA;
        let event = self.get_mut();
        if !event.is_package() {
            return Chain::EMPTY;
        }
        let inner = event.uData.pPackageEvt();
        event.uData = DMUS_KERNEL_EVENT_DATA::from_package(null_mut());
        event.cbEvent = 0;
        // SAFETY: a package owns the chain that it points to.
        unsafe { Chain::from_raw(inner) }
    }

    /// The message's bytes; none for a package.
    pub fn bytes(&self) -> &[u8] {
        let event = self.get();
        let len = usize::from(event.cbEvent);
        if event.is_package() {
            return &[];
        }
        let data = if event.is_short() {
            (&raw const event.uData).cast::<u8>()
        } else {
            event.uData.pbData().cast_const()
        };
        if data.is_null() {
            return &[];
        }
        // SAFETY: short data lie in the event, long ones in a buffer of at least `cbEvent` bytes that belongs to it.
        unsafe { core::slice::from_raw_parts(data, len) }
    }
}

/// Events linked by `pNextEvt`. They belong to the port's allocator: see [`super::port::Allocator::give_back`].
#[must_use]
pub struct Chain {
    head: *mut Node,
    tail: *mut Node,
}

// SAFETY: owned events.
unsafe impl Send for Chain {}

impl Chain {
    pub const EMPTY: Self = Self {
        head: null_mut(),
        tail: null_mut(),
    };

    /// # Safety
    /// `head` is null or the first of a chain that the caller owns.
    pub unsafe fn from_raw(head: *mut DMUS_KERNEL_EVENT) -> Self {
        let head = head.cast::<Node>();
        let mut tail = head;
        // SAFETY: the caller's promise.
        unsafe {
            while let Some(node) = tail.as_ref() {
                if node.next().is_null() {
                    break;
                }
                tail = node.next();
            }
        }
        Self { head, tail }
    }

    /// The chain's first event, and with it the whole chain.
    pub fn into_raw(self) -> *mut DMUS_KERNEL_EVENT {
        self.head.cast()
    }

    pub fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// Whether there is more than one event.
    pub fn has_several(&self) -> bool {
        self.head != self.tail
    }

    /// A chain of one.
    pub fn of(event: Event) -> Self {
        let mut chain = Self::EMPTY;
        chain.push(event);
        chain
    }

    /// Takes out the first event.
    pub fn pop(&mut self) -> Option<Event> {
        let mut head = NonNull::new(self.head)?;
        // SAFETY: owned events.
        unsafe {
            self.head = head.as_ref().next();
            head.as_mut().set_next(null_mut());
        }
        if self.head.is_null() {
            self.tail = null_mut();
        }
        Some(Event(head))
    }

    /// Appends an event.
    pub fn push(&mut self, mut event: Event) {
        // SAFETY: owned events.
        unsafe {
            event.0.as_mut().set_next(null_mut());
            match self.tail.as_mut() {
                Some(tail) => tail.set_next(event.0.as_ptr()),
                None => self.head = event.0.as_ptr(),
            }
        }
        self.tail = event.0.as_ptr();
    }

    /// Appends all events of `back`.
    pub fn append(&mut self, back: Chain) {
        // SAFETY: owned events.
        unsafe {
            match self.tail.as_mut() {
                Some(tail) => tail.set_next(back.head),
                None => self.head = back.head,
            }
        }
        if !back.tail.is_null() {
            self.tail = back.tail;
        }
    }

    /// Puts `front` before the events of this chain.
    pub fn prepend(&mut self, front: Chain) {
        // SAFETY: owned events.
        unsafe {
            if let Some(tail) = front.tail.as_mut() {
                tail.set_next(self.head);
                self.head = front.head;
                if self.tail.is_null() {
                    self.tail = front.tail;
                }
            }
        }
    }
}

/// Events in order of time, then of arrival.
pub struct Events(EventQueue<Node>);

impl Events {
    pub fn new() -> Result<Self, NoMemory> {
        EventQueue::new().map(Self)
    }

    /// The next event's time.
    pub fn peek_time(&self) -> Option<i64> {
        self.0.peek_time()
    }

    pub fn push(&mut self, event: Event) {
        // SAFETY: the event is valid, and ours until it leaves the queue.
        unsafe { self.0.push(event.0) };
    }

    pub fn pop(&mut self) -> Option<Event> {
        self.0.pop().map(Event)
    }

    /// Takes out everything, in order.
    pub fn drain(&mut self) -> Chain {
        let head = self.0.drain();
        // SAFETY: the queue owned these events.
        unsafe { Chain::from_raw(head.cast()) }
    }
}

/// Events of our own, for messages that no port brings: up to 8 bytes each. `DISPATCH_LEVEL` or below.
pub struct Pool {
    free: Ring<Event>,
    /// How many are free, or were a moment ago.
    left: AtomicUsize,
    /// Where they live.
    _slab: Vec<UnsafeCell<DMUS_KERNEL_EVENT>>,
}

// SAFETY: the slab is only reached through events, each of which has one owner.
unsafe impl Sync for Pool {}
// SAFETY: as above; the slab's memory does not move with the pool.
unsafe impl Send for Pool {}

impl Pool {
    /// Bytes of the longest message.
    pub const LONGEST: usize = 8;

    /// `count` events. Whoever holds one holds the pool too.
    pub fn new(count: usize) -> Result<Self, NoMemory> {
        let free = Ring::new(count)?;
        let slab = vec::try_collect((0..count).map(|_| UnsafeCell::new(DMUS_KERNEL_EVENT::ZERO)))?;
        for event in &slab {
            if let Some(event) = NonNull::new(event.get()) {
                // There is room for all.
                let _ = free.try_push(Event(event.cast()));
            }
        }
        Ok(Self {
            free,
            left: AtomicUsize::new(count),
            _slab: slab,
        })
    }

    /// Events that may be had.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    /// An event for group 1, if one is free and the bytes are few enough.
    pub fn event(&self, bytes: &[u8]) -> Option<Event> {
        if bytes.len() > Self::LONGEST {
            return None;
        }
        let mut event = self.free.try_pop()?;
        self.left.fetch_sub(1, Ordering::Relaxed);
        event.set_short(bytes);
        event.set_group(1);
        Some(event)
    }

    /// Takes events back.
    pub fn give_back(&self, mut chain: Chain) {
        while let Some(event) = chain.pop() {
            // There is room for all.
            let _ = self.free.try_push(event);
            self.left.fetch_add(1, Ordering::Relaxed);
        }
    }
}
