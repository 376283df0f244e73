// SPDX-License-Identifier: MIT OR Apache-2.0
//! Time-stamped events into a block: each acts at its own frame.

use super::clock::SampleClock;
use super::engine::Synth;
use super::virtual_synth::SynthId;

/// A queue of time-stamped messages, in order of time; the order of equal stamps is the order of arrival.
pub trait Events {
    /// Master time (100 ns) of the next event.
    fn peek_time(&self) -> Option<i64>;

    /// Takes the next event out and hands on its messages: channel group and bytes, each a complete MIDI message. `late`: by how much (100 ns)
    /// its time lies before the block in which it acts, if it does; else 0.
    fn pop(&mut self, late: i64, take: &mut dyn FnMut(u16, &[u8]));
}

/// A port and its queue.
pub struct Source<'a> {
    /// Where they are played.
    pub port: SynthId,
    /// What is to be played.
    pub events: &'a mut dyn Events,
}

/// Renders `out`, whose first frame has number `first_frame` on the clock, with every event at its frame: order (frame, source, arrival).
/// In a slice whose budget is spent, events wait for the next.
/// Commits the clock to the end of the block, so that an event can never become late by a correction.
pub fn run(
    synth: &mut Synth,
    clock: &mut SampleClock,
    sources: &mut [Source<'_>],
    first_frame: i64,
    out: &mut [[f32; 2]],
) {
    let end = first_frame.saturating_add(i64::try_from(out.len()).unwrap_or(i64::MAX));
    // Asked for by the first event; most blocks have none.
    let mut begin = None;
    let mut frame = first_frame;
    let mut rest = out;
    while !synth.is_spent()
        && let Some((due, source)) = next(clock, sources, first_frame, end)
    {
        let ahead = usize::try_from(due.at.saturating_sub(frame))
            .unwrap_or(0)
            .min(rest.len());
        let Some((now, later)) = core::mem::take(&mut rest).split_at_mut_checked(ahead) else {
            break;
        };
        synth.render(now);
        rest = later;
        frame = due.at.max(frame);
        let port = source.port;
        let begin = *begin.get_or_insert_with(|| clock.frame_to_ref(first_frame));
        let late = begin.saturating_sub(due.time).max(0);
        source.events.pop(late, &mut |group, message| {
            synth.message(port, group, message)
        });
    }
    synth.render(rest);
    clock.commit(end);
}

/// When an event acts.
#[derive(Clone, Copy)]
struct Due {
    at: i64,
    /// Master time that it is stamped with.
    time: i64,
}

/// The first event before `end`: lowest frame, then first source.
fn next<'a, 's>(
    clock: &SampleClock,
    sources: &'a mut [Source<'s>],
    first: i64,
    end: i64,
) -> Option<(Due, &'a mut Source<'s>)> {
    let mut best: Option<(Due, &'a mut Source<'s>)> = None;
    for source in sources {
        let Some(time) = source.events.peek_time() else {
            continue;
        };
        let stamp = clock.ref_to_frame(time);
        if stamp >= end {
            continue;
        }
        let due = Due {
            at: stamp.max(first),
            time,
        };
        if best.as_ref().is_none_or(|(other, _)| due.at < other.at) {
            best = Some((due, source));
        }
    }
    best
}
