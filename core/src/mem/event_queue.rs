// SPDX-License-Identifier: MIT OR Apache-2.0
use super::{NoMemory, TryBox};
use core::fmt;
use core::ptr::{NonNull, null_mut};

/// Runs that the table holds; a power of two.
const RUNS: usize = 1024;
/// Largest merge that one push does at once, in nodes.
const EAGER: usize = 1024;
/// Nodes by which a push carries on with a larger merge.
const STEPS: usize = 32;
/// No run.
const NIL: u16 = u16::MAX;

/// A node that carries its time and the pointer to the next node.
///
/// # Safety
/// `time` does not change while the node is queued, `next` returns what `set_next` stored last, neither unwinds, and a node may
/// be handed from one thread to another.
pub unsafe trait Link {
    /// By this nodes are sorted.
    fn time(&self) -> i64;
    /// What [`set_next`](Self::set_next) stored last.
    fn next(&self) -> *mut Self;
    /// Stores the pointer to the next node.
    fn set_next(&mut self, next: *mut Self);
}

/// A queue of other people's nodes in order of time; nodes of equal time leave in the order in which they came.
///
/// Memory is fixed, however many nodes are queued: they are threaded into sorted runs through their own `next` pointers. A push
/// whose time is not before the newest run's end appends to it; any other starts a run. Neighbouring runs of similar size are
/// merged, but never more than 1024 nodes by one push: beyond that a merge proceeds a few nodes per push. A heap of the runs'
/// heads finds the next node. So a push or pop is short enough for a caller that holds a spin lock.
///
/// The queue does not own its nodes: [`EventQueue::drain`] it before dropping it.
pub struct EventQueue<N> {
    runs: TryBox<[Run<N>; RUNS]>,
    /// Runs as a binary heap by head; the first `used` are valid.
    heap: TryBox<[u16; RUNS]>,
    used: usize,
    /// Unused runs, linked by `newer`.
    free: u16,
    oldest: u16,
    newest: u16,
    /// The run whose merge is in progress. If it has gone since, or has no rest, the next push finds nothing to do.
    merging: u16,
    births: u64,
    len: usize,
}

/// A run covers all nodes still queued that came within one span of arrivals; spans of different runs do not overlap.
struct Run<N> {
    /// Sorted nodes, none later than those of `rest`; not empty.
    list: List<N>,
    /// An older and a newer list still to be merged behind `list`; both empty or none.
    rest: [List<N>; 2],
    count: usize,
    /// Time of the head, and the order of the run's arrival: the heap's key.
    key: (i64, u64),
    heap_at: u16,
    older: u16,
    newer: u16,
}

struct List<N> {
    head: *mut N,
    tail: *mut N,
}

impl<N> Clone for Run<N> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<N> Copy for Run<N> {}
impl<N> Clone for List<N> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<N> Copy for List<N> {}

// SAFETY: `Link` demands that nodes may change threads; the queue itself has no shared state.
unsafe impl<N: Link> Send for EventQueue<N> {}

impl<N: Link> EventQueue<N> {
    /// Allocates the table (about 90 KiB) once.
    pub fn new() -> Result<Self, NoMemory> {
        let mut queue = Self {
            runs: TryBox::try_filled(Run::EMPTY)?,
            heap: TryBox::try_filled(NIL)?,
            used: 0,
            free: NIL,
            oldest: NIL,
            newest: NIL,
            merging: NIL,
            births: 0,
            len: 0,
        };
        for (at, run) in queue.runs.iter_mut().enumerate().rev() {
            run.newer = queue.free;
            queue.free = at as u16;
        }
        Ok(queue)
    }

    /// Nodes queued.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// # Safety
    /// The node is valid and nobody else touches it until [`EventQueue::pop`] or [`EventQueue::drain`] gives it back.
    pub unsafe fn push(&mut self, mut node: NonNull<N>) {
        // SAFETY: the caller's promise; the node is not in any list yet.
        let time = unsafe {
            node.as_mut().set_next(null_mut());
            node.as_ref().time()
        };
        self.step_merge(STEPS);
        self.len = self.len.wrapping_add(1);
        if self.newest != NIL {
            let newest = self.run_mut(self.newest);
            if newest.is_plain() && newest.list.tail_time().is_some_and(|tail| tail <= time) {
                newest.list.append(List::of(node));
                newest.count = newest.count.wrapping_add(1);
                return;
            }
            self.merge_newest();
        }
        if self.free == NIL {
            self.merge_somewhere();
        }
        self.start_run(node, time);
    }

    /// The next node.
    pub fn peek(&self) -> Option<&N> {
        let head = self.run(self.first()?).list.head;
        // SAFETY: queued nodes are valid and nobody else touches them; a run's list is not empty.
        unsafe { head.as_ref() }
    }

    /// The next node's time. Touches no node.
    pub fn peek_time(&self) -> Option<i64> {
        Some(self.run(self.first()?).key.0)
    }

    /// Takes the next node out; its `next` is null.
    pub fn pop(&mut self) -> Option<NonNull<N>> {
        let first = self.first()?;
        let run = self.run_mut(first);
        let node = run.list.pop()?;
        run.count = run.count.wrapping_sub(1);
        if run.list.head.is_null() {
            run.step();
        }
        match run.list.head_time() {
            Some(time) => {
                run.key.0 = time;
                self.sift_down(0);
            }
            None => self.remove(first),
        }
        self.len = self.len.wrapping_sub(1);
        Some(node)
    }

    /// Takes all nodes out, in no particular order, as a chain that ends in null (null when empty).
    pub fn drain(&mut self) -> *mut N {
        let mut all = List::EMPTY;
        while self.oldest != NIL {
            let run = *self.run(self.oldest);
            all.append(run.list);
            all.append(run.rest[0]);
            all.append(run.rest[1]);
            self.remove(self.oldest);
        }
        self.len = 0;
        all.head
    }

    fn run(&self, at: u16) -> &Run<N> {
        &self.runs[usize::from(at) % RUNS]
    }

    fn run_mut(&mut self, at: u16) -> &mut Run<N> {
        &mut self.runs[usize::from(at) % RUNS]
    }

    /// The run with the next node.
    fn first(&self) -> Option<u16> {
        (self.used > 0).then_some(self.heap[0])
    }

    /// Makes a run of one node; there is a free one.
    fn start_run(&mut self, node: NonNull<N>, time: i64) {
        let at = self.free;
        self.free = self.run(at).newer;
        let (older, birth) = (self.newest, self.births);
        *self.run_mut(at) = Run {
            list: List::of(node),
            rest: [List::EMPTY; 2],
            count: 1,
            key: (time, birth),
            heap_at: NIL,
            older,
            newer: NIL,
        };
        if older == NIL {
            self.oldest = at;
        } else {
            self.run_mut(older).newer = at;
        }
        self.newest = at;
        self.births = birth.wrapping_add(1);
        let end = self.used;
        self.used = end.wrapping_add(1);
        self.place(end, at);
        self.sift_up(end);
    }

    /// Takes a run out of heap and list and frees it.
    fn remove(&mut self, at: u16) {
        let Run {
            older,
            newer,
            heap_at,
            ..
        } = *self.run(at);
        match older {
            NIL => self.oldest = newer,
            _ => self.run_mut(older).newer = newer,
        }
        match newer {
            NIL => self.newest = older,
            _ => self.run_mut(newer).older = older,
        }
        let end = self.used.wrapping_sub(1);
        self.used = end;
        let hole = usize::from(heap_at);
        if hole != end {
            let last = self.heap[end % RUNS];
            self.place(hole, last);
            self.sift_down(hole);
            self.sift_up(usize::from(self.run(last).heap_at));
        }
        let free = self.free;
        *self.run_mut(at) = Run::EMPTY;
        self.run_mut(at).newer = free;
        self.free = at;
    }

    /// Merges the newest runs while they are of similar size and small.
    fn merge_newest(&mut self) {
        let mut newer = self.newest;
        loop {
            let older = self.run(newer).older;
            if older == NIL {
                return;
            }
            let (a, b) = (self.run(older), self.run(newer));
            let similar = b.count.saturating_mul(2) >= a.count;
            if !similar || a.count.saturating_add(b.count) > EAGER || !a.is_plain() || !b.is_plain()
            {
                return;
            }
            self.join(older, newer);
            self.run_mut(older).finish();
            newer = older;
        }
    }

    /// Frees a run of the full table: joins the two neighbours with the fewest nodes, and merges them little by little.
    fn merge_somewhere(&mut self) {
        self.step_merge(usize::MAX);
        let mut best = (usize::MAX, NIL, NIL);
        let mut older = self.oldest;
        loop {
            let newer = self.run(older).newer;
            if newer == NIL {
                break;
            }
            let sum = self.run(older).count.saturating_add(self.run(newer).count);
            if sum < best.0 {
                best = (sum, older, newer);
            }
            older = newer;
        }
        let (_, older, newer) = best;
        if older != NIL {
            self.join(older, newer);
            self.merging = older;
        }
    }

    /// Makes two neighbouring plain runs one whose merge has begun; frees the newer one.
    fn join(&mut self, older: u16, newer: u16) {
        let b = *self.run(newer);
        self.remove(newer);
        let a = self.run_mut(older);
        a.rest = [a.list, b.list];
        a.list = List::EMPTY;
        a.count = a.count.wrapping_add(b.count);
        a.step();
        if let Some(time) = a.list.head_time() {
            a.key.0 = time;
        }
        let at = usize::from(a.heap_at);
        self.sift_up(at);
    }

    fn step_merge(&mut self, steps: usize) {
        if self.merging == NIL {
            return;
        }
        let run = self.run_mut(self.merging);
        for _ in 0..steps {
            if run.is_plain() {
                self.merging = NIL;
                return;
            }
            run.step();
        }
    }

    fn place(&mut self, heap_at: usize, at: u16) {
        self.heap[heap_at % RUNS] = at;
        self.run_mut(at).heap_at = heap_at as u16;
    }

    fn key(&self, heap_at: usize) -> (i64, u64) {
        self.run(self.heap[heap_at % RUNS]).key
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (at_a, at_b) = (self.heap[a % RUNS], self.heap[b % RUNS]);
        self.place(a, at_b);
        self.place(b, at_a);
    }

    fn sift_up(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.key(parent) <= self.key(at) {
                return;
            }
            self.swap(parent, at);
            at = parent;
        }
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let left = 2 * at + 1;
            let right = left + 1;
            if left >= self.used {
                return;
            }
            let child = if right < self.used && self.key(right) < self.key(left) {
                right
            } else {
                left
            };
            if self.key(at) <= self.key(child) {
                return;
            }
            self.swap(at, child);
            at = child;
        }
    }
}

impl<N> Run<N> {
    const EMPTY: Self = Self {
        list: List::EMPTY,
        rest: [List::EMPTY; 2],
        count: 0,
        key: (0, 0),
        heap_at: NIL,
        older: NIL,
        newer: NIL,
    };

    /// No merge is in progress.
    fn is_plain(&self) -> bool {
        self.rest[0].head.is_null()
    }
}

impl<N: Link> Run<N> {
    /// Moves one node from `rest` to `list`, the older one if both are due; moves all when one side has run out.
    fn step(&mut self) {
        #[cfg(test)]
        STEPPED.set(STEPPED.get() + 1);
        let [older, newer] = &mut self.rest;
        let (Some(a), Some(b)) = (older.head_time(), newer.head_time()) else {
            return;
        };
        let node = if b < a { newer.pop() } else { older.pop() };
        if let Some(node) = node {
            self.list.append(List::of(node));
        }
        if older.head.is_null() || newer.head.is_null() {
            self.list.append(*older);
            self.list.append(*newer);
            self.rest = [List::EMPTY; 2];
        }
    }

    fn finish(&mut self) {
        while !self.is_plain() {
            self.step();
        }
    }
}

impl<N> List<N> {
    const EMPTY: Self = Self {
        head: null_mut(),
        tail: null_mut(),
    };

    fn of(node: NonNull<N>) -> Self {
        Self {
            head: node.as_ptr(),
            tail: node.as_ptr(),
        }
    }
}

impl<N: Link> List<N> {
    fn head_time(&self) -> Option<i64> {
        // SAFETY: null, or a queued node, which is valid and untouched by others.
        unsafe { self.head.as_ref() }.map(N::time)
    }

    fn tail_time(&self) -> Option<i64> {
        // SAFETY: as above.
        unsafe { self.tail.as_ref() }.map(N::time)
    }

    fn append(&mut self, other: Self) {
        if other.head.is_null() {
            return;
        }
        // SAFETY: null, or a queued node, which is valid and untouched by others.
        match unsafe { self.tail.as_mut() } {
            Some(tail) => tail.set_next(other.head),
            None => self.head = other.head,
        }
        self.tail = other.tail;
    }

    fn pop(&mut self) -> Option<NonNull<N>> {
        let mut node = NonNull::new(self.head)?;
        // SAFETY: a queued node, which is valid and untouched by others.
        let node_mut = unsafe { node.as_mut() };
        self.head = node_mut.next();
        if self.head.is_null() {
            self.tail = null_mut();
        }
        node_mut.set_next(null_mut());
        Some(node)
    }
}

impl<N> fmt::Debug for EventQueue<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventQueue")
            .field("len", &self.len)
            .field("runs", &self.used)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
std::thread_local!(static STEPPED: core::cell::Cell<usize> = const { core::cell::Cell::new(0) });

#[cfg(all(test, not(loom)))]
#[path = "event_queue_tests.rs"]
mod tests;
