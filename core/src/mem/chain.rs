// SPDX-License-Identifier: MIT OR Apache-2.0
//! Other people's nodes while they are ours: one by one, in a chain, in order of time. They are threaded through their own `next` pointers,
//! so that nothing here allocates for a node.

use super::{EventQueue, Link, NoMemory};
use core::ops::{Deref, DerefMut};
use core::ptr::{NonNull, null_mut};

/// One node that is ours until it goes back to where it came from. Dropping it does not free it: nobody here knows how.
///
/// # Invariants
/// The node is valid, and reached through this alone.
#[must_use]
pub struct Owned<N>(NonNull<N>);

// SAFETY: `Link` demands that nodes may change threads.
unsafe impl<N: Link> Send for Owned<N> {}

impl<N> Owned<N> {
    /// The node, unless the pointer is null.
    ///
    /// # Safety
    /// `node` is null or a valid node that the caller owns and gives up.
    pub unsafe fn from_raw(node: *mut N) -> Option<Self> {
        NonNull::new(node).map(Self)
    }

    /// The node, for whoever owns it from now on.
    pub fn into_raw(self) -> *mut N {
        self.0.as_ptr()
    }
}

impl<N> Deref for Owned<N> {
    type Target = N;

    fn deref(&self) -> &N {
        // SAFETY: owned, hence valid.
        unsafe { self.0.as_ref() }
    }
}

impl<N> DerefMut for Owned<N> {
    fn deref_mut(&mut self) -> &mut N {
        // SAFETY: owned, hence valid and nobody else's.
        unsafe { self.0.as_mut() }
    }
}

/// Nodes one behind the other, ours as each of them. Dropping the chain does not free them.
#[must_use]
pub struct Chain<N> {
    head: *mut N,
    tail: *mut N,
}

// SAFETY: `Link` demands that nodes may change threads.
unsafe impl<N: Link> Send for Chain<N> {}

impl<N> Chain<N> {
    /// No nodes.
    pub const EMPTY: Self = Self {
        head: null_mut(),
        tail: null_mut(),
    };

    /// The chain's first node, and with it the whole chain; null if it is empty.
    pub fn into_raw(self) -> *mut N {
        self.head
    }

    /// There is no node.
    pub fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// Whether there is more than one node.
    pub fn has_several(&self) -> bool {
        self.head != self.tail
    }
}

impl<N: Link> Chain<N> {
    /// Takes over a chain that somebody else made.
    ///
    /// # Safety
    /// `head` is null or the first of a chain of valid nodes that ends in null; the caller owns it and gives it up.
    pub unsafe fn from_raw(head: *mut N) -> Self {
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

    /// A chain of one.
    pub fn of(node: Owned<N>) -> Self {
        let mut chain = Self::EMPTY;
        chain.push(node);
        chain
    }

    /// Takes out the first node.
    pub fn pop(&mut self) -> Option<Owned<N>> {
        let mut head = NonNull::new(self.head)?;
        // SAFETY: owned nodes.
        unsafe {
            self.head = head.as_ref().next();
            head.as_mut().set_next(null_mut());
        }
        if self.head.is_null() {
            self.tail = null_mut();
        }
        Some(Owned(head))
    }

    /// Appends a node.
    pub fn push(&mut self, mut node: Owned<N>) {
        node.set_next(null_mut());
        // SAFETY: owned nodes.
        unsafe {
            match self.tail.as_mut() {
                Some(tail) => tail.set_next(node.0.as_ptr()),
                None => self.head = node.0.as_ptr(),
            }
        }
        self.tail = node.0.as_ptr();
    }

    /// Appends all nodes of `back`.
    pub fn append(&mut self, back: Self) {
        // SAFETY: owned nodes.
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

    /// Puts `front` before the nodes of this chain.
    pub fn prepend(&mut self, front: Self) {
        // SAFETY: owned nodes.
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

/// Owned nodes in order of time, then of arrival: an [`EventQueue`] that nobody else's nodes get into. [`drain`](Self::drain) it before
/// dropping it.
pub struct OwnedQueue<N>(EventQueue<N>);

impl<N: Link> OwnedQueue<N> {
    /// An empty queue, with all the memory that it will ever need.
    pub fn new() -> Result<Self, NoMemory> {
        EventQueue::new().map(Self)
    }

    /// The next node's time.
    pub fn peek_time(&self) -> Option<i64> {
        self.0.peek_time()
    }

    /// Queues a node by its time.
    pub fn push(&mut self, node: Owned<N>) {
        // SAFETY: the node is valid, and ours until it leaves the queue.
        unsafe { self.0.push(node.0) };
    }

    /// Takes out the next node.
    pub fn pop(&mut self) -> Option<Owned<N>> {
        self.0.pop().map(Owned)
    }

    /// Takes out everything, in no particular order.
    pub fn drain(&mut self) -> Chain<N> {
        let head = self.0.drain();
        // SAFETY: the queue owned these nodes.
        unsafe { Chain::from_raw(head) }
    }
}

/// Nodes on the heap, for tests.
#[cfg(all(test, not(loom)))]
pub mod boxed_node {
    use super::{Link, Owned};
    use core::ptr::null_mut;
    use std::boxed::Box;

    pub struct BoxedNode<T> {
        pub time: i64,
        pub value: T,
        next: *mut Self,
    }

    // SAFETY: plain fields, owned by the test.
    unsafe impl<T: Send> Link for BoxedNode<T> {
        fn time(&self) -> i64 {
            self.time
        }
        fn next(&self) -> *mut Self {
            self.next
        }
        fn set_next(&mut self, next: *mut Self) {
            self.next = next;
        }
    }

    /// A node that [`open`] must take apart in the end.
    pub fn make<T>(time: i64, value: T) -> Owned<BoxedNode<T>> {
        let next = null_mut();
        let node = Box::into_raw(Box::new(BoxedNode { time, value, next }));
        // SAFETY: a fresh node that nobody else knows.
        unsafe { Owned::from_raw(node) }.expect("not null")
    }

    /// The node's time and value; it is free to be forgotten.
    pub fn open<T>(node: Owned<BoxedNode<T>>) -> (i64, T) {
        // SAFETY: `make` made it with `Box::into_raw`.
        let node = unsafe { Box::from_raw(node.into_raw()) };
        assert!(node.next.is_null(), "it is in no chain");
        (node.time, node.value)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::boxed_node::{BoxedNode, make, open};
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::vec::Vec;

    fn chain(values: impl IntoIterator<Item = u32>) -> Chain<BoxedNode<u32>> {
        let mut chain = Chain::EMPTY;
        for value in values {
            chain.push(make(0, value));
        }
        chain
    }

    fn open_all(mut chain: Chain<BoxedNode<u32>>) -> Vec<u32> {
        let all = core::iter::from_fn(|| chain.pop().map(|node| open(node).1)).collect();
        assert!(chain.is_empty() && !chain.has_several());
        all
    }

    #[test]
    fn one_is_not_several() {
        assert!(chain([]).is_empty() && !chain([]).has_several());
        let one = Chain::of(make(0, 7));
        assert!(!one.is_empty() && !one.has_several());
        assert_eq!(open_all(one), [7]);
        let two = chain([1, 2]);
        assert!(two.has_several());
        assert_eq!(open_all(two), [1, 2]);
    }

    /// A chain survives the way through a pointer, as it comes from the port and goes back.
    #[test]
    fn a_chain_goes_through_its_first_node() {
        for count in 0..5 {
            let head = chain(0..count).into_raw();
            assert_eq!(head.is_null(), count == 0);
            // SAFETY: a chain that was given up.
            let mut again = unsafe { Chain::from_raw(head) };
            again.push(make(0, 99));
            let expected: Vec<u32> = (0..count).chain([99]).collect();
            assert_eq!(open_all(again), expected);
        }
        // SAFETY: null.
        assert!(unsafe { Owned::<BoxedNode<u32>>::from_raw(null_mut()) }.is_none());
    }

    /// Where a node was before does not matter: a chain ends with its last one.
    #[test]
    fn a_chain_ends_in_null() {
        let mut chain = chain([]);
        for value in 0..4 {
            let mut node = make(0, value);
            node.set_next(core::ptr::dangling_mut());
            let raw: *const BoxedNode<u32> = &raw const *node;
            chain.push(node);
            // SAFETY: the chain's node, which nobody else touches.
            assert!(unsafe { (*raw).next() }.is_null(), "{value}");
        }
        assert_eq!(open_all(chain), [0, 1, 2, 3]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Push,
        Pop,
        Append(u32),
        Prepend(u32),
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 128 }, failure_persistence: None, ..Default::default() })]
        /// As a deque does.
        #[test]
        fn equals_a_deque(steps in prop::collection::vec(prop_oneof![
            3 => Just(Step::Push), 4 => Just(Step::Pop), 1 => (0u32..4).prop_map(Step::Append), 1 => (0u32..4).prop_map(Step::Prepend),
        ], 0..100)) {
            let mut model: VecDeque<u32> = VecDeque::new();
            let mut chain = chain([]);
            let mut next = 0;
            let mut fresh = |count: u32| {
                next += count;
                next - count..next
            };
            for step in steps {
                match step {
                    Step::Push => {
                        let value = fresh(1).start;
                        model.push_back(value);
                        chain.push(make(0, value));
                    }
                    Step::Pop => prop_assert_eq!(chain.pop().map(|node| open(node).1), model.pop_front()),
                    Step::Append(count) => {
                        let more = fresh(count);
                        model.extend(more.clone());
                        chain.append(super::tests::chain(more));
                    }
                    Step::Prepend(count) => {
                        let more = fresh(count);
                        for value in more.clone().rev() {
                            model.push_front(value);
                        }
                        chain.prepend(super::tests::chain(more));
                    }
                }
                prop_assert_eq!((chain.is_empty(), chain.has_several()), (model.is_empty(), model.len() > 1));
            }
            prop_assert_eq!(open_all(chain), Vec::from(model));
        }
    }

    /// Who owns a node may change it, its time included: the queue sorts by what it was when it came.
    #[test]
    fn a_queue_gives_back_what_it_owned() {
        let mut queue = OwnedQueue::new().unwrap();
        for (n, time) in [30i64, 10, 20, 10].into_iter().enumerate() {
            let mut node = make(0, n as u32);
            node.time = time;
            queue.push(node);
        }
        assert_eq!(queue.peek_time(), Some(10));
        assert_eq!(queue.pop().map(open), Some((10, 1)));
        assert_eq!(queue.pop().map(open), Some((10, 3)));
        let mut rest = open_all(queue.drain());
        rest.sort_unstable();
        assert_eq!(rest, [0, 2]);
        assert_eq!(queue.peek_time(), None);
    }
}
