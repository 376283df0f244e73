// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ksthunk.sys`: between a 32-bit program and `ks.sys`. Structures of KS with pointers or handles in them arrive as 64-bit ones:
//! stream headers, pin connections, event data, the buffers and events of WaveRT streams. KSPROPERTY and the like are the same for both. What a driver defines for itself, as
//! the synthesizer's SYNTH_BUFFER and SYNTHDOWNLOAD, passes as it is.

use std::collections::BTreeMap;
use std::mem::offset_of;

use arioso_core::ks::Wire;
use arioso_core::ks::guid::KSPROPSETID_RtAudio;
use arioso_core::ks::ks::{
    IOCTL_KS_DISABLE_EVENT, IOCTL_KS_ENABLE_EVENT, IOCTL_KS_PROPERTY, IOCTL_KS_READ_STREAM,
    IOCTL_KS_WRITE_STREAM, KSEVENTDATA, KSPIN_CONNECT, KSPIN_CONNECT32, KSPROPERTY,
    KSSTREAM_HEADER, KSSTREAM_HEADER32,
};
use arioso_core::ks::ksmedia::*;

use crate::nt::{NTSTATUS, PVOID};
use crate::user;

/// A buffer in user memory: address and bytes.
type Buffer = (u64, u32);

/// What the layer knows of one program.
#[derive(Debug, Default)]
pub struct Layer {
    /// The program's event data → ours, while the event is enabled: the address names it.
    events: BTreeMap<u64, u64>,
}

/// What is to be done when a request completes.
#[derive(Debug)]
pub enum Work {
    /// Headers to copy back.
    Stream {
        /// The program's headers.
        narrow: u64,
        /// Ours.
        wide: u64,
        /// How many.
        count: usize,
    },
    /// Event data that stay while the event is enabled.
    Enable {
        /// The program's event data.
        narrow: u64,
        /// Ours.
        wide: u64,
    },
    /// Event data to free, if the event was disabled.
    Disable {
        /// The program's event data.
        narrow: u64,
    },
    /// A request of ours to free, and where a buffer's address goes.
    RtAudio {
        /// Ours.
        request: u64,
        /// The program's KSRTAUDIO_BUFFER32 and its length, and ours.
        buffer: Option<(Buffer, u64)>,
    },
}

const NARROW: usize = size_of::<KSSTREAM_HEADER32>();
const WIDE: usize = size_of::<KSSTREAM_HEADER>();
/// KSEVENTDATA of a 32-bit program: a type and three words.
const EVENT_NARROW: usize = 16;
const EVENT_WIDE: usize = size_of::<KSEVENTDATA>();
const BUFFER_NARROW: usize = size_of::<KSRTAUDIO_BUFFER32>();
const BUFFER_WIDE: usize = size_of::<KSRTAUDIO_BUFFER>();

impl Layer {
    /// The request as it goes on, and what is left to do. What the layer does not know goes on as it is.
    pub fn request(
        &mut self,
        code: u32,
        input: Buffer,
        output: Buffer,
    ) -> (Buffer, Buffer, Option<Work>) {
        match code {
            IOCTL_KS_WRITE_STREAM | IOCTL_KS_READ_STREAM => match widen_headers(output) {
                Some((wide, count)) => {
                    let narrow = output.0;
                    let work = Work::Stream {
                        narrow,
                        wide,
                        count,
                    };
                    (input, (wide, (count * WIDE) as u32), Some(work))
                }
                None => (input, output, None),
            },
            IOCTL_KS_ENABLE_EVENT => match widen_event(output) {
                Some(wide) => {
                    let narrow = output.0;
                    let work = Work::Enable { narrow, wide };
                    (input, (wide, EVENT_WIDE as u32), Some(work))
                }
                None => (input, output, None),
            },
            IOCTL_KS_PROPERTY => match widen_rt_audio(input) {
                Some((request, is_buffer)) => {
                    let wide = (is_buffer && output.1 as usize >= BUFFER_NARROW)
                        .then(|| user::allocate(BUFFER_WIDE));
                    let work = Work::RtAudio {
                        request: request.0,
                        buffer: wide.map(|wide| (output, wide)),
                    };
                    let output = wide.map_or(output, |wide| (wide, BUFFER_WIDE as u32));
                    (request, output, Some(work))
                }
                None => (input, output, None),
            },
            IOCTL_KS_DISABLE_EVENT => match self.events.get(&input.0) {
                Some(&wide) if input.1 as usize == EVENT_NARROW => {
                    let work = Work::Disable { narrow: input.0 };
                    ((wide, EVENT_WIDE as u32), output, Some(work))
                }
                _ => (input, output, None),
            },
            _ => (input, output, None),
        }
    }

    /// A request is complete. The bytes of its value, as the program counts them.
    pub fn complete(&mut self, work: Work, status: NTSTATUS, information: usize) -> usize {
        match work {
            Work::RtAudio { request, buffer } => {
                user::free(request);
                let Some((narrow, wide)) = buffer else {
                    return information.min(BUFFER_NARROW);
                };
                let mut bytes = [0; BUFFER_WIDE];
                user::read(wide, &mut bytes);
                user::free(wide);
                if status >= 0
                    && let Some(b) = KSRTAUDIO_BUFFER::read_from(&bytes)
                {
                    let answer = KSRTAUDIO_BUFFER32 {
                        BufferAddress: b.BufferAddress.addr() as u32,
                        ActualBufferSize: b.ActualBufferSize,
                        CallMemoryBarrier: b.CallMemoryBarrier,
                    };
                    let mut out = [0; BUFFER_NARROW];
                    let _ = answer.write_to(&mut out);
                    user::write(narrow.0, &out);
                }
                return information.min(BUFFER_NARROW);
            }
            Work::Stream {
                narrow,
                wide,
                count,
            } => {
                // All up to `Data` has the same place in both layouts.
                const SAME: usize = offset_of!(KSSTREAM_HEADER, Data) - 4;
                for i in 0..count {
                    let mut head = [0; SAME];
                    user::read(wide + (i * WIDE) as u64 + 4, &mut head);
                    user::write(narrow + (i * NARROW) as u64 + 4, &head);
                }
                user::free(wide);
                return stream_information(information);
            }
            Work::Enable { narrow, wide } if status >= 0 => {
                if let Some(old) = self.events.insert(narrow, wide) {
                    user::free(old);
                }
            }
            Work::Enable { wide, .. } => user::free(wide),
            Work::Disable { narrow } => {
                if status >= 0
                    && let Some(wide) = self.events.remove(&narrow)
                {
                    user::free(wide);
                }
            }
        }
        information
    }
}

impl Drop for Layer {
    fn drop(&mut self) {
        for wide in self.events.values() {
            user::free(*wide);
        }
    }
}

/// A 32-bit program's KSPIN_CONNECT and what follows. Too few bytes go on as they are, to be refused.
pub fn widen_connect(bytes: &[u8]) -> Vec<u8> {
    const HEAD: usize = size_of::<KSPIN_CONNECT32>();
    let (Some(c), Some(format)) = (KSPIN_CONNECT32::read_from(bytes), bytes.get(HEAD..)) else {
        return bytes.to_vec();
    };
    let wide = KSPIN_CONNECT {
        Interface: c.Interface,
        Medium: c.Medium,
        PinId: c.PinId,
        PinToHandle: c.PinToHandle as usize as PVOID,
        Priority: c.Priority,
    };
    let mut out = vec![0; size_of::<KSPIN_CONNECT>()];
    wide.write_to(&mut out).expect("room");
    out.extend_from_slice(format);
    out
}

/// Stream headers, widened, in user memory; their number. `None`: not 32-bit headers, or not readable.
fn widen_headers(output: Buffer) -> Option<(u64, usize)> {
    let length = output.1 as usize;
    let mut bytes = vec![0; length];
    if length == 0 || !length.is_multiple_of(NARROW) || !user::read(output.0, &mut bytes) {
        return None;
    }
    let mut out = Vec::with_capacity(length / NARROW * WIDE);
    for narrow in bytes.chunks_exact(NARROW) {
        let h = KSSTREAM_HEADER32::read_from(narrow).filter(|h| h.Size as usize == NARROW)?;
        let wide = KSSTREAM_HEADER {
            Size: WIDE as u32,
            TypeSpecificFlags: h.TypeSpecificFlags,
            PresentationTime: h.PresentationTime,
            Duration: h.Duration,
            FrameExtent: h.FrameExtent,
            DataUsed: h.DataUsed,
            Data: h.Data as usize as PVOID,
            OptionsFlags: h.OptionsFlags,
            Reserved: 0,
        };
        let at = out.len();
        out.resize(at + WIDE, 0);
        wide.write_to(&mut out[at..])?;
    }
    let wide = user::allocate(out.len());
    user::write(wide, &out);
    Some((wide, length / NARROW))
}

/// A request for a WaveRT buffer or with an event in it, widened, in user memory; whether it is one for a buffer.
fn widen_rt_audio(input: Buffer) -> Option<(Buffer, bool)> {
    const LONGEST: usize = size_of::<KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION32>();
    let mut bytes = vec![0; LONGEST.min(input.1 as usize)];
    if !user::read(input.0, &mut bytes) {
        return None;
    }
    let (out, is_buffer) = rt_audio_bytes(&bytes)?;
    let wide = user::allocate(out.len());
    user::write(wide, &out);
    Some(((wide, out.len() as u32), is_buffer))
}

/// `None`: a request without pointers, or too short.
fn rt_audio_bytes(narrow: &[u8]) -> Option<(Vec<u8>, bool)> {
    fn bytes<T: Wire>(value: &T) -> Vec<u8> {
        let mut out = vec![0; size_of::<T>()];
        value.write_to(&mut out).expect("room");
        out
    }
    let pointer = |value: u32| value as usize as PVOID;
    let head = KSPROPERTY::read_from(narrow).filter(|p| p.Set == KSPROPSETID_RtAudio)?;
    match head.Id {
        KSPROPERTY_RTAUDIO_BUFFER => {
            let p = KSRTAUDIO_BUFFER_PROPERTY32::read_from(narrow)?;
            let wide = KSRTAUDIO_BUFFER_PROPERTY {
                Property: p.Property,
                BaseAddress: pointer(p.BaseAddress),
                RequestedBufferSize: p.RequestedBufferSize,
            };
            Some((bytes(&wide), true))
        }
        KSPROPERTY_RTAUDIO_BUFFER_WITH_NOTIFICATION => {
            let p = KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION32::read_from(narrow)?;
            let wide = KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION {
                Property: p.Property,
                BaseAddress: pointer(p.BaseAddress),
                RequestedBufferSize: p.RequestedBufferSize,
                NotificationCount: p.NotificationCount,
            };
            Some((bytes(&wide), true))
        }
        KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT
        | KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT => {
            let p = KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY32::read_from(narrow)?;
            let wide = KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY {
                Property: p.Property,
                NotificationEvent: pointer(p.NotificationEvent),
            };
            Some((bytes(&wide), false))
        }
        _ => None,
    }
}

/// Event data, widened, in user memory. `None`: not 32-bit event data, or not readable.
fn widen_event(output: Buffer) -> Option<u64> {
    let mut bytes = [0; EVENT_NARROW];
    if output.1 as usize != EVENT_NARROW || !user::read(output.0, &mut bytes) {
        return None;
    }
    let wide = user::allocate(EVENT_WIDE);
    user::write(wide, &event_bytes(&bytes));
    Some(wide)
}

/// NotificationType; a handle; two words, of which a semaphore's are 32 bits wide in both layouts.
fn event_bytes(narrow: &[u8; EVENT_NARROW]) -> [u8; EVENT_WIDE] {
    let mut wide = [0; EVENT_WIDE];
    wide[..4].copy_from_slice(&narrow[..4]);
    wide[8..12].copy_from_slice(&narrow[4..8]);
    wide[16..24].copy_from_slice(&narrow[8..]);
    wide
}

/// Bytes of headers as the program has them.
fn stream_information(wide: usize) -> usize {
    wide / WIDE * NARROW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_tell_no_more_than_the_program_has() {
        assert_eq!(stream_information(0), 0);
        assert_eq!(stream_information(56), 48);
        assert_eq!(stream_information(3 * 56), 3 * 48);
    }

    #[test]
    fn connections() {
        let mut narrow = vec![0u8; size_of::<KSPIN_CONNECT32>()];
        narrow[48..52].copy_from_slice(&3u32.to_le_bytes());
        narrow[52..56].copy_from_slice(&0x8765_4321u32.to_le_bytes());
        narrow[56..64].copy_from_slice(&[1, 0, 0, 0x40, 9, 0, 0, 0]);
        narrow.extend([0xEE; 64]);
        let wide = widen_connect(&narrow);
        assert_eq!(wide.len(), 72 + 64);
        assert_eq!(wide[48..52], [3, 0, 0, 0]);
        assert_eq!(wide[56..64], 0x8765_4321u64.to_le_bytes());
        assert_eq!(wide[64..72], [1, 0, 0, 0x40, 9, 0, 0, 0]);
        assert_eq!(wide[72..], [0xEE; 64]);
        assert_eq!(widen_connect(&[7; 63]), [7; 63]);
    }

    #[test]
    fn rt_audio() {
        let request = |id, tail: &[u8]| {
            let mut bytes = vec![0; 24];
            let head = KSPROPERTY {
                Set: KSPROPSETID_RtAudio,
                Id: id,
                Flags: 1,
            };
            head.write_to(&mut bytes).unwrap();
            bytes.extend(tail);
            bytes
        };
        let (wide, is_buffer) = rt_audio_bytes(&request(1, &[0, 0, 0, 0, 9, 8, 0, 0])).unwrap();
        assert!(is_buffer && wide.len() == 40);
        assert_eq!(wide[24..36], [0, 0, 0, 0, 0, 0, 0, 0, 9, 8, 0, 0]);
        let tail = [0, 0, 0, 0, 9, 8, 0, 0, 2, 0, 0, 0, 0xEE, 0xEE, 0xEE, 0xEE];
        let (wide, _) = rt_audio_bytes(&request(5, &tail)).unwrap();
        assert_eq!(wide[24..], [0, 0, 0, 0, 0, 0, 0, 0, 9, 8, 0, 0, 2, 0, 0, 0]);
        // What is behind a 32-bit handle does not become part of it.
        let (wide, is_buffer) =
            rt_audio_bytes(&request(6, &[4, 3, 2, 1, 0xEE, 0xEE, 0xEE, 0xEE])).unwrap();
        assert!(!is_buffer);
        assert_eq!(wide[24..], [4, 3, 2, 1, 0, 0, 0, 0]);
        assert!(rt_audio_bytes(&request(2, &[])).is_none());
        assert!(rt_audio_bytes(&request(1, &[])).is_none());
    }

    #[test]
    fn event_data() {
        let mut narrow = [0; EVENT_NARROW];
        for (i, byte) in narrow.iter_mut().enumerate() {
            *byte = i as u8;
        }
        let wide = event_bytes(&narrow);
        assert_eq!(wide[..4], [0, 1, 2, 3]);
        assert_eq!(wide[8..16], [4, 5, 6, 7, 0, 0, 0, 0]);
        assert_eq!(wide[16..24], [8, 9, 10, 11, 12, 13, 14, 15]);
    }
}
