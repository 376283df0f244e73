// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::mem::Owned;
use crate::mem::boxed_node::{BoxedNode, make, open};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// Its value is its place in the order of arrival.
type Node = BoxedNode<usize>;

fn push(queue: &mut EventQueue<Node>, time: i64, arrival: usize) {
    let mut node = make(time, arrival);
    // A queue sets it, whatever it was.
    node.set_next(core::ptr::dangling_mut());
    // SAFETY: a fresh node that nobody else knows.
    unsafe { queue.push(NonNull::new(node.into_raw()).unwrap()) };
}

fn take(node: NonNull<Node>) -> (i64, usize) {
    // SAFETY: the queue gave it back.
    open(unsafe { Owned::from_raw(node.as_ptr()) }.unwrap())
}

fn pop(queue: &mut EventQueue<Node>) -> Option<(i64, usize)> {
    let ahead = (queue.peek_time(), queue.peek().map(|n| (n.time, n.value)));
    let popped = queue.pop().map(take);
    assert_eq!(ahead, (popped.map(|p| p.0), popped));
    popped
}

fn drain(queue: &mut EventQueue<Node>) -> Vec<(i64, usize)> {
    let mut chain = queue.drain();
    let mut out = vec![];
    while let Some(node) = NonNull::new(chain) {
        // SAFETY: the queue gave the whole chain back.
        unsafe {
            chain = (*node.as_ptr()).next();
            (*node.as_ptr()).set_next(null_mut());
        }
        out.push(take(node));
    }
    out
}

/// The heap, the run list and the counters agree with each other.
fn check(queue: &EventQueue<Node>) {
    let (mut runs, mut nodes, mut at, mut older) = (0, 0, queue.oldest, NIL);
    while at != NIL {
        let run = queue.run(at);
        assert_eq!(run.older, older);
        assert_eq!(queue.heap[run.heap_at as usize], at);
        assert_eq!(run.list.head_time(), Some(run.key.0));
        assert!(older == NIL || queue.run(older).key.1 < run.key.1);
        assert!(run.is_plain() || queue.merging == at);
        (runs, nodes, older, at) = (runs + 1, nodes + run.count, at, run.newer);
    }
    assert_eq!(
        (runs, nodes, older),
        (queue.used, queue.len(), queue.newest)
    );
    let (mut unused, mut at) = (0, queue.free);
    while at != NIL && unused < RUNS {
        (unused, at) = (unused + 1, queue.run(at).newer);
    }
    assert_eq!((runs + unused, at), (RUNS, NIL), "every run is somewhere");
    for child in 1..queue.used {
        assert!(queue.key((child - 1) / 2) < queue.key(child));
    }
}

/// Pushes all times, pops all; the result must be the stable sort.
fn sorts(times: impl Iterator<Item = i64>) {
    let mut queue = EventQueue::new().unwrap();
    let mut expected: Vec<_> = times.zip(0..).collect();
    for &(time, arrival) in &expected {
        push(&mut queue, time, arrival);
    }
    check(&queue);
    expected.sort_by_key(|e| e.0);
    for e in expected {
        assert_eq!(pop(&mut queue), Some(e));
    }
    assert_eq!(pop(&mut queue), None);
    check(&queue);
}

fn random(seed: u64) -> impl Iterator<Item = u64> {
    let mut x = seed;
    core::iter::repeat_with(move || {
        x = x
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        x >> 33
    })
}

const MANY: usize = if cfg!(miri) { 300 } else { 1_000_000 };

#[test]
fn a_million_ascending() {
    sorts(0..MANY as i64);
}

#[test]
fn a_million_descending() {
    sorts((0..MANY as i64).rev());
}

#[test]
fn a_million_equal() {
    sorts(core::iter::repeat_n(7, MANY));
}

#[test]
fn a_million_random() {
    sorts(random(1).map(|x| x as i64).take(MANY));
}

#[test]
fn few_distinct_times() {
    sorts(random(2).map(|x| (x % 16) as i64 - 8).take(MANY / 8));
}

#[test]
fn extreme_times() {
    sorts([i64::MAX, i64::MIN, 0, i64::MAX, i64::MIN, -1].into_iter());
}

#[test]
fn chords_in_sawtooth_order_while_time_moves_on() {
    let mut queue = EventQueue::new().unwrap();
    let mut random = random(3);
    let mut queued: std::collections::BTreeSet<(i64, usize)> = Default::default();
    for arrival in 0..MANY / 8 {
        let time = arrival as i64 + random.next().unwrap() as i64 % 5000;
        push(&mut queue, time, arrival);
        queued.insert((time, arrival));
        if arrival % 3 == 0 {
            assert_eq!(pop(&mut queue), queued.pop_first());
        }
    }
    check(&queue);
    while let Some(next) = queued.pop_first() {
        assert_eq!(pop(&mut queue), Some(next));
    }
    assert!(queue.is_empty());
}

/// Bursts of ascending times: runs too large to be merged at once, and small ones that are, from anywhere in the heap.
#[test]
fn bursts_of_all_sizes_while_time_moves_on() {
    let rounds = if cfg!(miri) { 3 } else { 2000 };
    let mut random = random(6);
    let mut random = move |n: u64| random.next().unwrap() % n;
    let mut queue = EventQueue::new().unwrap();
    let mut queued: std::collections::BTreeSet<(i64, usize)> = Default::default();
    let mut arrival = 0;
    for round in 0..rounds {
        let length = [1, 2, 3, 40, EAGER as u64 + 100][random(5) as usize];
        let mut time = round + random(4000) as i64;
        for _ in 0..length {
            push(&mut queue, time, arrival);
            queued.insert((time, arrival));
            time += random(3) as i64;
            arrival += 1;
        }
        check(&queue);
        for _ in 0..random(400) {
            assert_eq!(pop(&mut queue), queued.pop_first());
        }
        check(&queue);
        if random(300) == 0 {
            let mut all = drain(&mut queue);
            all.sort();
            assert!(all.into_iter().eq(core::mem::take(&mut queued)));
            check(&queue);
        }
    }
    while let Some(next) = queued.pop_first() {
        assert_eq!(pop(&mut queue), Some(next));
    }
    assert!(queue.is_empty());
}

/// While all of them can be merged by one push, runs are so few as their sizes are powers of two.
#[test]
fn small_runs_are_merged() {
    let mut queue = EventQueue::new().unwrap();
    for arrival in 0..EAGER {
        push(&mut queue, -(arrival as i64), arrival);
        let most = (arrival + 1).ilog2() as usize + 2;
        assert!(queue.used <= most, "{} runs of {arrival}", queue.used);
    }
    assert_eq!(drain(&mut queue).len(), EAGER);
}

/// Where the table is full, the two neighbours with the fewest nodes become one run, wherever they are.
#[test]
#[cfg(not(miri))]
fn a_full_table_joins_the_smallest_neighbours() {
    // Too large to be merged by one push, each.
    const USUAL: usize = 600;
    const SMALL: usize = 520;
    for small in [1, 500, RUNS - 2] {
        let mut queue = EventQueue::new().unwrap();
        let mut arrival = 0;
        for run in 0..=RUNS {
            let count = match run {
                RUNS => 1,
                run if (small..small + 2).contains(&run) => SMALL,
                _ => USUAL,
            };
            for n in 0..count {
                push(&mut queue, n as i64 - 1000 * run as i64, arrival);
                arrival += 1;
            }
            assert_eq!(queue.used, (run + 1).min(RUNS));
        }
        check(&queue);
        let (mut counts, mut at) = (vec![], queue.oldest);
        while at != NIL {
            counts.push(queue.run(at).count);
            at = queue.run(at).newer;
        }
        let mut expected = vec![USUAL; RUNS];
        (expected[small], expected[RUNS - 1]) = (2 * SMALL, 1);
        assert_eq!(counts, expected);
        assert_eq!(drain(&mut queue).len(), arrival);
    }
}

/// More large runs than the table holds.
#[test]
#[cfg(not(miri))]
fn a_full_table() {
    let burst = EAGER as i64 - 20;
    let mut heads = random(7);
    let head = move || (heads.next().unwrap() % 100_000) as i64;
    let times = core::iter::repeat_with(head).flat_map(|head| (0..burst).map(move |n| head + n));
    sorts(times.take(1100 * burst as usize));
}

/// A single push never walks more than a bounded number of nodes, even with a full table.
#[test]
#[cfg(not(miri))]
fn a_push_is_short() {
    let mut queue = EventQueue::new().unwrap();
    let mut longest = 0;
    for (arrival, time) in random(4).take(1_500_000).enumerate() {
        let before = STEPPED.get();
        push(&mut queue, time as i64, arrival);
        longest = longest.max(STEPPED.get() - before);
    }
    assert!(longest > EAGER, "{longest}: merges are counted");
    assert!(longest <= 3 * EAGER + STEPS, "{longest} nodes in one push");
    assert_eq!(drain(&mut queue).len(), 1_500_000);
}

/// Nor where the runs are larger than what it merges at once: their merges go on with the pushes that follow.
#[test]
#[cfg(not(miri))]
fn large_merges_go_on_with_the_pushes() {
    const BURST: usize = 2 * EAGER;
    let mut queue = EventQueue::new().unwrap();
    let (mut longest, begun) = (0, STEPPED.get());
    let count = (RUNS + 40) * BURST;
    for arrival in 0..count {
        let before = STEPPED.get();
        push(&mut queue, (arrival % BURST) as i64, arrival);
        longest = longest.max(STEPPED.get() - before);
    }
    assert!(longest <= 3 * EAGER + STEPS, "{longest} nodes in one push");
    assert!(
        STEPPED.get() - begun > 30 * BURST,
        "there was what to merge"
    );
    check(&queue);
    assert_eq!(drain(&mut queue).len(), count);
}

#[test]
fn drain_gives_everything_back_and_leaves_an_empty_queue() {
    let mut queue = EventQueue::<Node>::new().unwrap();
    assert!(queue.drain().is_null());
    for (arrival, time) in random(5).take(MANY.min(5000)).enumerate() {
        push(&mut queue, time as i64, arrival);
    }
    let mut all: Vec<_> = drain(&mut queue).iter().map(|e| e.1).collect();
    all.sort();
    assert_eq!(all, (0..MANY.min(5000)).collect::<Vec<_>>());
    assert_eq!((queue.len(), queue.peek_time()), (0, None));
    push(&mut queue, 1, 0);
    assert_eq!(pop(&mut queue), Some((1, 0)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 64 }, failure_persistence: None, ..Default::default() })]
    #[test]
    fn equals_a_stable_sort(ops in prop::collection::vec(prop_oneof![4 => (-20i64..20).prop_map(Some), 3 => Just(None)], 0..1000)) {
        let mut queue = EventQueue::new().unwrap();
        let mut model: Vec<(i64, usize)> = vec![];
        for (arrival, op) in ops.into_iter().enumerate() {
            match op {
                Some(time) => {
                    push(&mut queue, time, arrival);
                    let at = model.partition_point(|e| e.0 <= time);
                    model.insert(at, (time, arrival));
                }
                None => {
                    let expected = (!model.is_empty()).then(|| model.remove(0));
                    prop_assert_eq!(pop(&mut queue), expected);
                }
            }
            check(&queue);
        }
        prop_assert_eq!(drain(&mut queue).len(), model.len());
    }
}
