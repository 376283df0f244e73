// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads what is wanted of a large default bank, on a work item. The owner asks by flags in the instruments and queues the item; it never
//! waits for it.

use crate::kernel::file::File;
use crate::kernel::irql::Passive;
use crate::kernel::lock::Mutex;
use crate::kernel::timer::MILLISECOND;
use crate::kernel::work::Work;
use crate::kernel::{Result, no_memory};
use arioso_core::dls::file as dls;
use arioso_core::dls::lazy::{Counts, LazyBank, Source, Unreadable};
use arioso_core::ks::arioso::ARIOSO_BANK;
use arioso_core::mem::TryBox;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A bank and the file that it is read from, which stays open.
pub struct Opened {
    pub bank: LazyBank,
    pub file: File,
}

/// Where the bank is.
enum Place {
    /// There is none, or it is gone.
    Empty,
    /// Nobody reads.
    Here(TryBox<Opened>),
    /// The work item has it.
    Busy,
}

/// The work item's work: reads what the owner asked for.
pub struct Loader {
    bank: Mutex<Place>,
    counts: Counts,
    /// Length of the file, bytes that were read of it, bytes that waves may take.
    length: AtomicU64,
    read: AtomicU64,
    limit: AtomicU64,
    /// The device goes: nothing more is read.
    stopped: AtomicBool,
}

impl Loader {
    pub fn new() -> Result<Self> {
        Ok(Self {
            bank: Mutex::new(Place::Empty).map_err(no_memory)?,
            counts: Counts::default(),
            length: AtomicU64::new(0),
            read: AtomicU64::new(0),
            limit: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        })
    }

    /// Takes over a bank. `limit`: bytes that its waves may take.
    pub fn install(&self, passive: Passive, opened: Opened, limit: usize) -> Result {
        self.length.store(opened.file.len(), Ordering::Relaxed);
        self.limit.store(limit as u64, Ordering::Relaxed);
        let opened = TryBox::try_new(opened).map_err(no_memory)?;
        let old = self.bank.with(passive, |place| {
            core::mem::replace(place, Place::Here(opened))
        });
        drop(old);
        if self.stopped.load(Ordering::SeqCst) {
            self.shut_down(passive);
        }
        Ok(())
    }

    /// Another bank counts, which needs no reading: closes the file. What has been loaded stays for those who play it.
    pub fn release(&self, passive: Passive) {
        // A read that is under way ends by itself: its bank finds no place any more.
        let old = self
            .bank
            .with(passive, |place| core::mem::replace(place, Place::Empty));
        drop(old);
        self.length.store(0, Ordering::Relaxed);
    }

    /// Ends a read that is under way, and closes the file. What has been loaded stays for those who play it.
    pub fn shut_down(&self, passive: Passive) {
        self.stopped.store(true, Ordering::SeqCst);
        loop {
            let taken = self.bank.with(passive, |place| match place {
                Place::Busy => None,
                _ => Some(core::mem::replace(place, Place::Empty)),
            });
            if taken.is_some() {
                return;
            }
            passive.sleep(MILLISECOND / 10);
        }
    }

    /// What the device has of the bank; the pin's part is 0.
    pub fn told(&self) -> ARIOSO_BANK {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let length = of(&self.length);
        ARIOSO_BANK {
            Size: size_of::<ARIOSO_BANK>() as u32,
            Flags: u32::from(length > 0),
            Length: length,
            Read: of(&self.read),
            Bytes: of(&self.counts.bytes),
            Limit: of(&self.limit),
            Loaded: of(&self.counts.loaded),
            Evicted: of(&self.counts.evicted),
            Waves: self.counts.waves.load(Ordering::Relaxed),
            Broken: self.counts.broken.load(Ordering::Relaxed),
            Refused: self.counts.refused.load(Ordering::Relaxed),
            ..ARIOSO_BANK::default()
        }
    }
}

impl Work for Loader {
    fn run(&self, passive: Passive) {
        let taken = self.bank.with(passive, |place| match place {
            Place::Here(_) => core::mem::replace(place, Place::Busy),
            // Nobody else makes it busy: a work item runs once at a time.
            _ => Place::Empty,
        });
        let Place::Here(mut opened) = taken else {
            return;
        };
        self.work(passive, &mut opened);
        let stopped = self.stopped.load(Ordering::SeqCst);
        // The file is closed before anybody sees that it is.
        let left = if stopped {
            drop(opened);
            Place::Empty
        } else {
            Place::Here(opened)
        };
        let put_back = self.bank.with(passive, |place| match place {
            Place::Busy => core::mem::replace(place, left),
            // Another bank has come meanwhile.
            _ => left,
        });
        drop(put_back);
    }
}

impl Loader {
    fn work(&self, passive: Passive, opened: &mut Opened) {
        let refused = opened.bank.refused();
        let before = self.counts.broken.load(Ordering::Relaxed);
        let Opened { bank, file } = opened;
        bank.work(&Reading::new(passive, file, self), &self.counts);
        let broken = self.counts.broken.load(Ordering::Relaxed);
        if broken != before {
            debug_line!(
                "%u instruments or waves of the bank could not be read: they are silent",
                broken.wrapping_sub(before)
            );
        }
        if bank.refused() != refused {
            tell(bank.refused());
        }
    }
}

/// The bank's file, while a thread reads it.
pub struct Reading<'a> {
    passive: Passive,
    file: &'a File,
    loader: &'a Loader,
}

impl<'a> Reading<'a> {
    pub fn new(passive: Passive, file: &'a File, loader: &'a Loader) -> Self {
        Self {
            passive,
            file,
            loader,
        }
    }
}

impl Source for Reading<'_> {
    fn size(&self) -> u64 {
        self.file.len()
    }

    fn read(&self, at: u64, into: &mut [u8]) -> core::result::Result<(), Unreadable> {
        let read = self.file.read(self.passive, at, into);
        self.loader
            .read
            .fetch_add(into.len() as u64, Ordering::Relaxed);
        read.map_err(|status| {
            debug_line!("the bank cannot be read, status %08x", status);
            Unreadable
        })
    }

    fn pause(&self) {
        self.passive.sleep(MILLISECOND / 10);
    }

    fn is_stopped(&self) -> bool {
        self.loader.stopped.load(Ordering::SeqCst)
    }
}

/// A line for each kind of waves that were refused.
pub(super) fn tell(refused: dls::Refused) {
    if refused.not_pcm > 0 {
        debug_line!("%u waves refused: not PCM of 8 or 16 bits", refused.not_pcm);
    }
    if refused.not_mono > 0 {
        debug_line!("%u waves refused: not mono", refused.not_mono);
    }
    if refused.malformed > 0 {
        debug_line!("%u waves refused: empty or malformed", refused.malformed);
    }
}
