// SPDX-License-Identifier: MIT OR Apache-2.0
//! Read requests of a capture pin, and the messages that wait for them.

use std::collections::VecDeque;

use arioso_core::ks::Wire;
use arioso_core::ks::dmusbuff::{DMUS_EVENT_STRUCTURED, DMUS_EVENTHEADER};
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::KSMUSICFORMAT;
use arioso_core::ks::status::*;

use super::imports::ks_call;
use crate::executive::mm::system_address;
use crate::modules::irp;
use crate::nt::*;
use crate::nt::{LIST_ENTRY, NTSTATUS};
use crate::state::Global;

/// Bytes that wait for a reader; what comes beyond them is lost, and the next buffer says so.
const CAPACITY: usize = 16 << 20;
const MUSIC: usize = size_of::<KSMUSICFORMAT>();
const EVENT: usize = size_of::<DMUS_EVENTHEADER>();

/// One captured message, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Master clock.
    pub time: i64,
    pub group: u16,
    pub bytes: Vec<u8>,
    /// A whole short message.
    pub structured: bool,
    /// Begins what one call brought: with [`Fill::Call`], a buffer ends before it.
    pub first: bool,
}

/// How much goes into a reader's buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fill {
    /// As much as there is.
    #[default]
    Full,
    /// What the driver brought in one call.
    Call,
}

static FILL: Global<Fill> = Global::new(Fill::Full);

/// For buffers from now on.
pub fn configure(fill: Fill) {
    *FILL.get() = fill;
}

/// A cancelable queue of requests.
pub struct Queue {
    list: LIST_ENTRY,
    lock: KSPIN_LOCK,
}

impl Queue {
    pub fn new() -> Box<Queue> {
        let mut queue = Box::new(Queue {
            list: LIST_ENTRY::null(),
            lock: 0,
        });
        // SAFETY: a list head with a stable address.
        unsafe { initialize_list_head(&mut queue.list) };
        queue
    }

    pub fn is_empty(&self) -> bool {
        // SAFETY: initialised.
        unsafe { is_list_empty(&self.list) }
    }

    /// # Safety
    /// A request of ours; it is pending from now on.
    pub unsafe fn add(&mut self, request: *mut IRP) {
        let (list, lock) = (&raw mut self.list, &raw mut self.lock);
        // SAFETY: by the contract.
        unsafe {
            ks_call!(
                KsAddIrpToCancelableQueue,
                list,
                lock,
                request,
                KsListEntryTail,
                0
            )
        };
    }

    /// The oldest request, or null. It is ours again.
    pub fn next(&mut self) -> *mut IRP {
        let (list, lock) = (&raw mut self.list, &raw mut self.lock);
        // SAFETY: a live queue.
        unsafe {
            ks_call!(
                KsRemoveIrpFromCancelableQueue,
                list,
                lock,
                KsListEntryHead,
                KsAcquireAndRemove
            ) as *mut IRP
        }
    }

    /// Completes everything with STATUS_CANCELLED.
    pub fn cancel(&mut self) {
        let (list, lock) = (&raw mut self.list, &raw mut self.lock);
        // SAFETY: a live queue; requests are completed by ks.
        unsafe { ks_call!(KsCancelIo, list, lock) };
    }
}

/// What a capture pin has for its readers.
pub struct Reader {
    /// KSMUSICFORMAT records; else DMUS_EVENTHEADER records.
    midi: bool,
    queue: Box<Queue>,
    backlog: Backlog,
    base: i64,
}

/// Messages that nobody has read yet.
#[derive(Default)]
struct Backlog {
    messages: VecDeque<Captured>,
    bytes: usize,
    /// Since the last buffer.
    lost: bool,
}

impl Backlog {
    fn push(&mut self, message: Captured) {
        if self.bytes + message.bytes.len() > CAPACITY {
            self.lost = true;
            return;
        }
        self.bytes += message.bytes.len();
        self.messages.push_back(message);
    }

    /// At most `room` bytes of the first message; less than all of it only if `cut`: the buffer is empty.
    fn take(&mut self, room: usize, cut: bool) -> Option<Captured> {
        let first = self.messages.front_mut()?;
        if first.first && !cut && *FILL.get() == Fill::Call {
            return None;
        }
        let taken = if first.bytes.len() <= room {
            self.messages.pop_front()?
        } else if cut && room > 0 {
            let rest = first.bytes.split_off(room);
            let bytes = core::mem::replace(&mut first.bytes, rest);
            first.structured = false;
            first.first = true;
            Captured {
                first: true,
                bytes,
                time: first.time,
                group: first.group,
                structured: false,
            }
        } else {
            return None;
        };
        self.bytes -= taken.bytes.len();
        Some(taken)
    }
}

impl Reader {
    pub fn new(midi: bool) -> Reader {
        Reader {
            midi,
            queue: Queue::new(),
            backlog: Backlog::default(),
            base: 0,
        }
    }

    /// Entry to RUN: times of KSMUSICFORMAT records are relative to it.
    pub fn run(&mut self, now: i64) {
        self.base = now;
    }

    /// STOP: what nobody has read is gone.
    pub fn clear(&mut self) {
        self.backlog = Backlog::default();
    }

    pub fn push(&mut self, message: Captured) {
        self.backlog.push(message);
    }

    pub fn cancel(&mut self) {
        self.queue.cancel();
    }

    /// `IOCTL_KS_READ_STREAM`: waits for messages.
    ///
    /// # Safety
    /// A request on the pin, which is in `state`.
    pub unsafe fn read(&mut self, request: *mut IRP, state: KSSTATE) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            if state == KSSTATE_STOP {
                return irp::complete(request, STATUS_INVALID_DEVICE_STATE);
            }
            let flags = KSPROBE_STREAMREAD
                | KSPROBE_ALLOCATEMDL
                | KSPROBE_PROBEANDLOCK
                | KSPROBE_SYSTEMADDRESS;
            let status = ks_call!(
                KsProbeStreamIrp,
                request,
                flags,
                size_of::<KSSTREAM_HEADER>()
            ) as NTSTATUS;
            if status < 0 {
                return irp::complete(request, status);
            }
            self.queue.add(request);
            self.serve();
            STATUS_PENDING
        }
    }

    /// Fills waiting requests with what has been captured.
    pub fn serve(&mut self) {
        while !self.backlog.messages.is_empty() {
            let request = self.queue.next();
            if request.is_null() {
                return;
            }
            // SAFETY: a probed request with at least one header.
            unsafe {
                let header = irp::system_buffer(request).cast::<KSSTREAM_HEADER>();
                let mdl = (*request).MdlAddress;
                let mut used = 0;
                if !mdl.is_null() {
                    let room = (*header).FrameExtent as usize;
                    let out = core::slice::from_raw_parts_mut(system_address(mdl).cast(), room);
                    used = self.pack(&mut *header, out);
                }
                (*header).DataUsed = used as u32;
                irp::set_information(request, irp::output_length(request));
                irp::complete(request, STATUS_SUCCESS);
            }
        }
    }

    /// As many records as there is room for; a message too long for the buffer goes in pieces.
    fn pack(&mut self, header: &mut KSSTREAM_HEADER, out: &mut [u8]) -> usize {
        header.OptionsFlags = 0;
        if core::mem::take(&mut self.backlog.lost) {
            header.OptionsFlags |= KSSTREAM_HEADER_OPTIONSF_DATADISCONTINUITY;
        }
        if self.midi {
            pack_midi(&mut self.backlog, self.base, out)
        } else {
            let start = self.backlog.messages.front().map_or(0, |m| m.time);
            header.PresentationTime = KSTIME {
                Time: start,
                Numerator: 1,
                Denominator: 1,
            };
            header.OptionsFlags |= KSSTREAM_HEADER_OPTIONSF_TIMEVALID;
            pack_events(&mut self.backlog, start, out)
        }
    }
}

/// KSMUSICFORMAT: the first time of a buffer is relative to the start of the pin, the others to the record before.
fn pack_midi(backlog: &mut Backlog, base: i64, out: &mut [u8]) -> usize {
    let (mut used, mut last) = (0, base);
    loop {
        let room = out.len().saturating_sub(used + MUSIC) & !3;
        let Some(message) = backlog.take(room, used == 0) else {
            return used;
        };
        let delta = ((message.time - last).max(0) / 10_000) as u32;
        last += i64::from(delta) * 10_000;
        let head = KSMUSICFORMAT {
            TimeDeltaMs: delta,
            ByteCount: message.bytes.len() as u32,
        };
        used += record(&mut out[used..], &head, &message.bytes, 4);
    }
}

/// DMUS_EVENTHEADER: times are relative to the header's presentation time.
fn pack_events(backlog: &mut Backlog, start: i64, out: &mut [u8]) -> usize {
    let mut used = 0;
    loop {
        // Records are padded to 8: 20 bytes of head and 4 of data, and then multiples of 8.
        let room = (out.len().saturating_sub(used) & !7).saturating_sub(EVENT);
        let Some(message) = backlog.take(room, used == 0) else {
            return used;
        };
        let head = DMUS_EVENTHEADER {
            cbEvent: message.bytes.len() as u32,
            dwChannelGroup: u32::from(message.group),
            rtDelta: message.time - start,
            dwFlags: if message.structured {
                DMUS_EVENT_STRUCTURED
            } else {
                0
            },
        };
        used += record(&mut out[used..], &head, &message.bytes, 8);
    }
}

/// A record with its padding; its bytes.
fn record<T: Wire>(out: &mut [u8], head: &T, bytes: &[u8], align: usize) -> usize {
    let head_bytes = size_of::<T>();
    let length = (head_bytes + bytes.len()).next_multiple_of(align);
    out[..length].fill(0);
    head.write_to(out).expect("room");
    out[head_bytes..head_bytes + bytes.len()].copy_from_slice(bytes);
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(list: &[(i64, &[u8])]) -> Backlog {
        let mut backlog = Backlog::default();
        for &(time, bytes) in list {
            backlog.push(Captured {
                time,
                group: 1,
                bytes: bytes.to_vec(),
                structured: bytes[0] != 0xF0,
                first: true,
            });
        }
        backlog
    }

    #[test]
    fn what_is_too_much_is_lost_and_told() {
        let mut reader = Reader::new(true);
        let message = |bytes: usize| Captured {
            time: 0,
            group: 1,
            bytes: vec![1; bytes],
            structured: false,
            first: true,
        };
        reader.push(message(CAPACITY - 2));
        reader.push(message(3));
        reader.push(message(2));
        let mut out = vec![0; CAPACITY + 64];
        for flags in [KSSTREAM_HEADER_OPTIONSF_DATADISCONTINUITY, 0] {
            let mut header = KSSTREAM_HEADER::default();
            let used = reader.pack(&mut header, &mut out);
            assert_eq!(header.OptionsFlags, flags);
            // A record of all but 2 bytes, and one of 2 bytes.
            let records = 8 + (CAPACITY - 2).next_multiple_of(4) + 8 + 4;
            assert_eq!(used, if flags == 0 { 0 } else { records });
        }
        assert_eq!(reader.backlog.bytes, 0);
        reader.push(message(CAPACITY));
        assert_eq!(reader.backlog.bytes, CAPACITY, "there is room again");
    }

    #[test]
    fn packets_are_padded_and_stop_at_the_end() {
        let mut captured = messages(&[
            (1_000_000, &[0x90, 1, 2]),
            (1_050_000, &[0xC0, 3]),
            (1_050_000, &[0x80, 1, 2]),
        ]);
        let mut out = [0xFFu8; 30];
        let used = pack_midi(&mut captured, 1_000_000, &mut out);
        assert_eq!(used, 24);
        assert_eq!(
            out[..24],
            [
                0, 0, 0, 0, 3, 0, 0, 0, 0x90, 1, 2, 0, 5, 0, 0, 0, 2, 0, 0, 0, 0xC0, 3, 0, 0
            ]
        );
        assert_eq!(captured.messages.len(), 1);
    }

    #[test]
    fn long_messages_go_in_pieces() {
        let long: Vec<u8> = (0..100).collect();
        for midi in [true, false] {
            let mut captured = messages(&[(0, &[0x90, 1, 2]), (0, &long)]);
            let (mut seen, mut buffers) = (Vec::<u8>::new(), 0);
            while !captured.messages.is_empty() {
                let mut out = [0u8; 50];
                let used = if midi {
                    pack_midi(&mut captured, 0, &mut out)
                } else {
                    pack_events(&mut captured, 0, &mut out)
                };
                buffers += 1;
                let mut at = 0;
                while at < used {
                    let (head, length, align) = if midi {
                        (MUSIC, out[at + 4], 4)
                    } else {
                        (EVENT, out[at], 8)
                    };
                    let end = at + head + usize::from(length);
                    seen.extend(&out[at + head..end]);
                    at = end.next_multiple_of(align);
                }
                assert_eq!(at, used);
            }
            assert_eq!(seen, [&[0x90, 1, 2][..], &long].concat());
            assert!(buffers > 2, "{buffers}");
        }
    }

    #[test]
    fn event_records() {
        let mut captured = messages(&[(100, &[0x90, 1, 2]), (107, &[0xF0, 1])]);
        let mut out = [0xFFu8; 64];
        assert_eq!(pack_events(&mut captured, 100, &mut out), 48);
        let first = DMUS_EVENTHEADER::read_from(&out).unwrap();
        assert_eq!(
            (
                first.cbEvent,
                first.dwChannelGroup,
                first.rtDelta,
                first.dwFlags
            ),
            (3, 1, 0, DMUS_EVENT_STRUCTURED)
        );
        let second = DMUS_EVENTHEADER::read_from(&out[24..]).unwrap();
        assert_eq!((second.cbEvent, second.rtDelta, second.dwFlags), (2, 7, 0));
        assert_eq!(out[44..48], [0xF0, 1, 0, 0]);
    }
}
