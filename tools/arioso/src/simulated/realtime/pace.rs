// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread that the simulated computer runs in. It makes frames ahead of the loudspeaker: one call's, and as many more as it was late
//! with before.

use super::performer::Performer;
use crate::failure::{Failure, Kind, Result};
use crate::player::Sound;
use crate::simulated::machine::Machine;
use arioso_core::ks::arioso::ARIOSO_SETTINGS;
use rtrb::{Consumer, Producer, RingBuffer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Frames that the ring holds.
const FRAMES: usize = 48_000;
/// Messages that wait to be played.
const MESSAGES: usize = 4096;
/// Frames that are made beyond a call's after it was late; and at most; and how long nothing must have been late for it to be taken back.
const STEP: u32 = 32;
const MOST: u32 = 4096;
const CALM: Duration = Duration::from_secs(30);
/// What the driver needs to read a bank, at most, ms; what each MB of it needs besides; and how many of those it reads.
const READING: usize = 20;
const READING_MB: usize = 5;
const READ: usize = 16;
/// How long the thread sleeps when nobody wakes it.
const NAP: Duration = Duration::from_millis(5);
/// How often the driver is asked how it is.
const ASK: Duration = Duration::from_millis(250);

/// What is set before it starts.
pub struct Setting {
    pub image: PathBuf,
    pub change: Change,
    pub sound: Sound,
    pub verbose: bool,
    /// Of the loudspeaker; the driver has some.
    pub rate: u32,
}

/// What the driver is to play with.
pub struct Change {
    /// Settings of the service; those that are not there have the driver's defaults.
    pub numbers: BTreeMap<String, u32>,
    /// A DLS file, if it is another one.
    pub bank: Option<Vec<u8>>,
}

impl Change {
    /// Frames that are played while the driver reads the bank, or more.
    fn reading(&self, rate: u32) -> usize {
        let Some(bank) = &self.bank else { return 0 };
        let ms = READING + READING_MB * (bank.len() >> 20).min(READ);
        ms * rate as usize / 1000
    }
}

/// A change, and who hears what came of it.
type Wish = (Change, SyncSender<Result<ARIOSO_SETTINGS>>);

/// A MIDI message.
pub struct Message {
    /// Frames into its block.
    pub frame: u32,
    bytes: [u8; 3],
    length: u8,
    /// One that is longer.
    long: Vec<u8>,
}

impl Message {
    /// Short ones allocate nothing.
    pub fn new(frame: u32, message: &[u8]) -> Self {
        let mut bytes = [0; 3];
        let long = match bytes.get_mut(..message.len()) {
            Some(bytes) => {
                bytes.copy_from_slice(message);
                Vec::new()
            }
            None => message.to_vec(),
        };
        Self {
            frame,
            bytes,
            length: message.len().min(3) as u8,
            long,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self.long.is_empty() {
            true => &self.bytes[..usize::from(self.length)],
            false => &self.long,
        }
    }
}

/// What both threads know.
#[derive(Default)]
struct Common {
    stop: AtomicBool,
    /// Frames of the largest call, and how many more are made ahead.
    call: AtomicU32,
    spare: AtomicU32,
    /// Calls that found too few frames.
    misses: AtomicU64,
    voices: AtomicU32,
    lost: AtomicU64,
    rate: AtomicU32,
}

/// The thread, from outside.
pub struct Pace {
    common: Arc<Common>,
    thread: Option<JoinHandle<Result<Vec<String>>>>,
    frames: Option<Consumer<[f32; 2]>>,
    keys: SyncSender<Message>,
    wishes: SyncSender<Wish>,
}

/// The loudspeaker's end.
pub struct Tap {
    common: Arc<Common>,
    frames: Consumer<[f32; 2]>,
    thread: thread::Thread,
    calm: Instant,
}

impl Pace {
    /// Starts the computer, and comes back when the driver runs.
    pub fn start(setting: Setting) -> Result<Self> {
        let common = Arc::new(Common::default());
        common.rate.store(setting.rate, Relaxed);
        let (producer, frames) = RingBuffer::new(FRAMES);
        let (keys, messages) = sync_channel(MESSAGES);
        let (wishes, wished) = sync_channel(1);
        let (ready, started) = sync_channel(1);
        let shared = Arc::clone(&common);
        let thread = thread::Builder::new()
            .name("machine".into())
            .spawn(move || {
                run(setting, &shared, producer, (&messages, &wished), &|| {
                    let _ = ready.send(());
                })
            });
        let thread =
            thread.map_err(|why| Failure::new(Kind::Session, format!("no thread: {why}")))?;
        let mut pace = Self {
            common,
            thread: Some(thread),
            frames: Some(frames),
            keys,
            wishes,
        };
        match started.recv() {
            Ok(()) => Ok(pace),
            // It has ended before it was ready.
            Err(_) => Err(pace.end().err().unwrap_or_else(gone)),
        }
    }

    /// The loudspeaker's end; there is one.
    pub fn tap(&mut self) -> Result<Tap> {
        let frames = self.frames.take().ok_or_else(gone)?;
        let thread = self.thread.as_ref().ok_or_else(gone)?.thread().clone();
        Ok(Tap {
            common: Arc::clone(&self.common),
            frames,
            thread,
            calm: Instant::now(),
        })
    }

    /// For who has messages.
    pub fn keys(&self) -> SyncSender<Message> {
        self.keys.clone()
    }

    /// Lets the driver play with something else from now on; what counts then.
    ///
    /// # Errors
    ///
    /// The driver refuses, or the computer runs no more.
    pub fn change(&self, change: Change) -> Result<ARIOSO_SETTINGS> {
        let (answer, answered) = sync_channel(1);
        self.wishes.send((change, answer)).map_err(|_| gone())?;
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
        answered.recv().unwrap_or_else(|_| Err(gone()))
    }

    /// An error if it runs no more.
    pub fn check(&mut self) -> Result<()> {
        match &self.thread {
            Some(thread) if !thread.is_finished() => Ok(()),
            _ => Err(self.end().err().unwrap_or_else(gone)),
        }
    }

    /// How it is, in one line.
    pub fn reading(&self) -> Reading<'_> {
        Reading(&self.common)
    }

    /// Ends it; gives what the verifier found.
    pub fn finish(mut self) -> Result<Vec<String>> {
        self.end()
    }

    fn end(&mut self) -> Result<Vec<String>> {
        self.common.stop.store(true, Relaxed);
        let Some(thread) = self.thread.take() else {
            return Ok(Vec::new());
        };
        thread.thread().unpark();
        thread.join().unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> Failure {
    Failure::new(Kind::Session, "the simulated computer has stopped")
}

/// See [`Pace::reading`].
pub struct Reading<'a>(&'a Common);

impl fmt::Display for Reading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let common = self.0;
        let frames = common.call.load(Relaxed) + common.spare.load(Relaxed);
        let ms = f64::from(frames) / f64::from(common.rate.load(Relaxed).max(1)) * 1e3;
        write!(
            f,
            "{:3} voices  {ms:.1} ms ahead  {} late  {} notes lost",
            common.voices.load(Relaxed),
            common.misses.load(Relaxed),
            common.lost.load(Relaxed)
        )
    }
}

impl Tap {
    /// Frames for the loudspeaker; what is not there in time is silence.
    pub fn take(&mut self, count: usize, mut give: impl FnMut([f32; 2])) {
        let common = &self.common;
        // For a larger call than any before nothing could be ready.
        let expected = common.call.fetch_max(count as u32, Relaxed) >= count as u32;
        let there = self.frames.slots().min(count);
        if let Ok(chunk) = self.frames.read_chunk(there) {
            chunk.into_iter().for_each(&mut give);
        }
        (there..count).for_each(|_| give([0.0; 2]));
        self.thread.unpark();
        if there < count && expected {
            common.misses.fetch_add(1, Relaxed);
            let spare = common.spare.load(Relaxed);
            common.spare.store((spare + STEP).min(MOST), Relaxed);
            self.calm = Instant::now();
        } else if self.calm.elapsed() > CALM {
            let spare = common.spare.load(Relaxed);
            common.spare.store(spare.saturating_sub(STEP), Relaxed);
            self.calm = Instant::now();
        }
    }

    /// Frames that wait to be taken.
    #[cfg(test)]
    pub fn there(&self) -> usize {
        self.frames.slots()
    }

    /// The rate that it gives.
    pub fn rate(&self) -> u32 {
        self.common.rate.load(Relaxed)
    }
}

/// The thread.
fn run(
    setting: Setting,
    common: &Common,
    mut frames: Producer<[f32; 2]>,
    (messages, wishes): (&Receiver<Message>, &Receiver<Wish>),
    ready: &dyn Fn(),
) -> Result<Vec<String>> {
    let mut machine = Machine::start(
        &setting.image,
        setting.change.bank.as_deref(),
        &setting.change.numbers,
        setting.verbose,
    )?;
    let mut client = machine.client();
    let mut performer = Performer::open(&mut client, setting.rate, setting.sound)?;
    first_in_line();
    ready();
    let mut asked = Instant::now();
    let mut play = || -> Result<()> {
        while !common.stop.load(Relaxed) {
            if let Ok((change, answer)) = wishes.try_recv() {
                // While the driver reads a bank nothing is made: the loudspeaker lives on what was made before.
                let reading = change.reading(common.rate.load(Relaxed));
                let place = frames.slots();
                performer.render(&mut client, reading.min(place), |frame| {
                    let _ = frames.push(frame);
                })?;
                let active = machine.change(&mut client, &change.numbers, change.bank);
                if let Ok(active) = &active {
                    performer.lead(&mut client, active.EndpointLead);
                }
                let _ = answer.send(active);
            }
            let ahead = (common.call.load(Relaxed) + common.spare.load(Relaxed)) as usize;
            let there = FRAMES - frames.slots();
            if there >= ahead {
                if asked.elapsed() > ASK {
                    asked = Instant::now();
                    let statistics = performer.statistics(&mut client)?;
                    common.voices.store(statistics.Voices, Relaxed);
                    common.lost.store(statistics.LostNotes, Relaxed);
                }
                thread::park_timeout(NAP);
                continue;
            }
            while let Ok(message) = messages.try_recv() {
                performer.message(&mut client, message.frame, message.bytes());
            }
            performer.render(&mut client, ahead - there, |frame| {
                // There is place: so much was asked for.
                let _ = frames.push(frame);
            })?;
        }
        Ok(())
    };
    let played = play();
    let closed = performer.close(&mut client);
    drop(client);
    let violations = machine.finish().violations;
    played.and(closed).map(|()| violations)
}

/// Before other programs, if the system lets us: a loudspeaker waits for this thread.
fn first_in_line() {
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    if let Ok(priority) = ThreadPriorityValue::try_from(10) {
        let priority = ThreadPriority::Crossplatform(priority);
        // Without the right to it, it plays all the same.
        let _ = set_thread_priority_and_policy(thread_native_id(), priority, policy);
    }
}
