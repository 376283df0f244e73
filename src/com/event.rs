// SPDX-License-Identifier: MIT OR Apache-2.0
//! The port's events, owned.

use alloc::vec::Vec;
use arioso_core::ks::Wire;
use arioso_core::ks::dmusicks::{DMUS_KEF_EVENT_INCOMPLETE, DMUS_KERNEL_EVENT};
use arioso_core::mem::{self, Link, NoMemory, Owned, Ring, vec};
use arioso_core::midi::CaptureEvent;
use core::cell::UnsafeCell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

/// The flag bits from here on, 12 of them, mean nothing to the port.
const TAG_SHIFT: u32 = 4;

/// One event that is ours until it goes back to the allocator: see [`super::port::Allocator::give_back`].
pub type Event = Owned<Node>;

/// Events linked by `pNextEvt`, ours as each of them.
pub type Chain = mem::Chain<Node>;

/// Events in order of time, then of arrival.
pub type Events = mem::OwnedQueue<Node>;

/// An event as a node of a chain or queue.
#[repr(transparent)]
pub struct Node(DMUS_KERNEL_EVENT);

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

impl Node {
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
        let event = &mut self.0;
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
        let event = &mut self.0;
        event.cbEvent = len;
        event.usFlags = 0;
        event.uData = DMUS_KERNEL_EVENT_DATA::from_buffer(buffer);
        true
    }

    /// Presentation time on the master clock, 100 ns.
    pub fn time(&self) -> i64 {
        self.0.ullPresTime100ns
    }

    pub fn set_time(&mut self, time: i64) {
        self.0.ullPresTime100ns = time;
    }

    /// Channel group: 1-based, 0 broadcasts.
    pub fn group(&self) -> u16 {
        self.0.usChannelGroup
    }

    pub fn set_group(&mut self, group: u16) {
        self.0.usChannelGroup = group;
    }

    /// Says whether the message goes on in the next event.
    pub fn set_incomplete(&mut self, more: bool) {
        let event = &mut self.0;
        event.usFlags = event.usFlags & !DMUS_KEF_EVENT_INCOMPLETE
            | if more { DMUS_KEF_EVENT_INCOMPLETE } else { 0 };
    }

    /// Whether the message goes on in the next event.
    pub fn is_incomplete(&self) -> bool {
        self.0.is_incomplete()
    }

    pub fn is_package(&self) -> bool {
        self.0.is_package()
    }

    /// Takes a package's events out of it; the container is left empty: no pointer, and no bytes, or the allocator would take the
    /// pointer for a buffer.
    pub fn take_package(&mut self) -> Chain {
        use arioso_core::ks::dmusicks::DMUS_KERNEL_EVENT_DATA;
        let event = &mut self.0;
        if !event.is_package() {
            return Chain::EMPTY;
        }
        let inner = event.uData.pPackageEvt();
        event.uData = DMUS_KERNEL_EVENT_DATA::from_package(null_mut());
        event.cbEvent = 0;
        // SAFETY: a package owns the chain that it points to.
        unsafe { Chain::from_raw(inner.cast()) }
    }

    /// The message's bytes; none for a package.
    pub fn bytes(&self) -> &[u8] {
        let event = &self.0;
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

impl CaptureEvent for Node {
    fn bytes(&self) -> &[u8] {
        self.bytes()
    }

    fn has_buffer(&self) -> bool {
        !self.0.is_package() && !self.0.is_short()
    }

    fn set_time(&mut self, time: i64) {
        self.set_time(time);
    }

    fn set_incomplete(&mut self, more: bool) {
        self.set_incomplete(more);
    }

    fn tag(&self) -> u16 {
        self.0.usFlags >> TAG_SHIFT
    }

    /// Zero takes the tag off: the port may see none.
    fn set_tag(&mut self, tag: u16) {
        let event = &mut self.0;
        event.usFlags = event.usFlags & !(u16::MAX << TAG_SHIFT) | tag << TAG_SHIFT;
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
            // SAFETY: an event of the slab, which only this event leads to.
            if let Some(event) = unsafe { Event::from_raw(event.get().cast()) } {
                // There is room for all.
                let _ = free.try_push(event);
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
