//! The port's events, owned.

use arioso_core::ks::dmusicks::DMUS_KERNEL_EVENT;
use arioso_core::mem::{EventQueue, Link, NoMemory};
use core::ptr::{NonNull, null_mut};

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

    /// Whether the message goes on in the next event.
    pub fn is_incomplete(&self) -> bool {
        self.get().is_incomplete()
    }

    pub fn is_package(&self) -> bool {
        self.get().is_package()
    }

    /// Takes a package's events out of it; the container is left empty.
    pub fn take_package(&mut self) -> Chain {
        use arioso_core::ks::dmusicks::DMUS_KERNEL_EVENT_DATA;
        let event = self.get_mut();
        if !event.is_package() {
            return Chain::EMPTY;
        }
        let inner = event.uData.pPackageEvt();
        event.uData = DMUS_KERNEL_EVENT_DATA::from_package(null_mut());
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
