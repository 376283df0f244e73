// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that no port makes: nothing where something is meant, streams of another kind, states that there are none of. A driver is to refuse
//! them and to stay what it was.

use core::ffi::c_void;
use core::ptr::{null, null_mut};

use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::WAVEFORMATEX;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{GUID, Wire};

use super::allocator::Allocator;
use super::clock::MasterClock;
use super::com::{self, Ref, query_interface};
use super::device;
use super::miniport::Miniport;
use super::pin::{Pin, Role};
use super::port::Port;
use crate::guest_call;
use crate::nt::NTSTATUS;

/// What was called, what it answered, and what it is to answer.
pub type Slip = (String, NTSTATUS, NTSTATUS);

/// Of a type of stream, of a pin's number, of a state: none.
const NONE: u32 = 99;

/// Makes these calls to all miniports and all open streams.
pub fn slips() -> Vec<Slip> {
    let mut slips = Slips(Vec::new());
    for port in device::ports() {
        // SAFETY: a registered port is ours and alive; its pins leave the list before they are freed.
        unsafe {
            let port = com::of::<Port, _>(port.get());
            let Some(miniport) = port.miniport() else {
                continue;
            };
            slips.miniport(&miniport);
            slips.tables(port);
            port.pins.walk(|&pin| slips.stream(pin));
        }
    }
    slips.0
}

struct Slips(Vec<Slip>);

/// A format: its head, and a `WAVEFORMATEX` behind it if there is one.
fn format(major: GUID, sub: GUID, specifier: GUID, wave: Option<WAVEFORMATEX>) -> Vec<u64> {
    let mut bytes = vec![0u64; 32];
    let behind = wave.map_or(0, |_| size_of::<WAVEFORMATEX>());
    let head = KSDATAFORMAT {
        FormatSize: (size_of::<KSDATAFORMAT>() + behind) as u32,
        MajorFormat: major,
        SubFormat: sub,
        Specifier: specifier,
        ..KSDATAFORMAT::ZERO
    };
    // SAFETY: the buffer has room for both.
    let place = unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast::<u8>(), 256) };
    head.write_to(place).expect("there is room");
    if let Some(wave) = wave {
        let place = &mut place[size_of::<KSDATAFORMAT>()..];
        wave.write_to(place).expect("there is room");
    }
    bytes
}

const PCM: WAVEFORMATEX = WAVEFORMATEX {
    wFormatTag: 1,
    nChannels: 2,
    nSamplesPerSec: 48_000,
    nAvgBytesPerSec: 192_000,
    nBlockAlign: 4,
    wBitsPerSample: 16,
    cbSize: 0,
};

fn music() -> Vec<u64> {
    format(
        KSDATAFORMAT_TYPE_MUSIC,
        KSDATAFORMAT_SUBTYPE_MIDI,
        KSDATAFORMAT_SPECIFIER_NONE,
        None,
    )
}

fn audio(sub: GUID, wave: Option<WAVEFORMATEX>) -> Vec<u64> {
    let specifier = KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
    format(KSDATAFORMAT_TYPE_AUDIO, sub, specifier, wave)
}

impl Slips {
    fn add(&mut self, what: impl Into<String>, status: usize, expected: NTSTATUS) {
        self.0.push((what.into(), status as NTSTATUS, expected));
    }

    fn invalid(&mut self, what: impl Into<String>, status: usize) {
        self.add(what, status, STATUS_INVALID_PARAMETER);
    }

    /// `QueryInterface` without an interface, and without a place for it.
    unsafe fn query(&mut self, object: *mut IUnknown) {
        // SAFETY: a live object.
        unsafe {
            let query = (*(*object).lpVtbl).QueryInterface;
            let mut out: *mut c_void = null_mut();
            let iid = IID_IUnknown;
            let (iid, out_at) = (&raw const iid, &raw mut out);
            let no_id: *const GUID = null();
            let status = guest_call!(query, object, no_id, out_at);
            self.invalid("QueryInterface of nothing", status);
            let no_place: *mut *mut c_void = null_mut();
            let status = guest_call!(query, object, iid, no_place);
            self.invalid("QueryInterface to nowhere", status);
        }
    }

    unsafe fn miniport(&mut self, miniport: &Miniport) {
        // SAFETY: a live miniport; whatever is given lives for the time of the call.
        unsafe {
            let base = miniport.base();
            self.query(base.cast());
            let nowhere: *mut *const PCFILTER_DESCRIPTOR = null_mut();
            let status = guest_call!((*(*base).lpVtbl).GetDescription, base, nowhere);
            self.invalid("GetDescription", status);
            for group in [true, false] {
                let mut made: *mut IServiceGroup = null_mut();
                let place = if group { &raw mut made } else { null_mut() };
                let status = miniport.init(null_mut(), null_mut(), null_mut(), place);
                self.invalid("Init without a port", status as usize);
                assert!(made.is_null(), "a group that nobody releases");
            }
            match miniport {
                Miniport::DMus(own) => self.dmus(own.get()),
                Miniport::Midi(own) => self.midi(own.get()),
                Miniport::WaveRt(own) => self.wave_rt(own.get()),
                Miniport::Topology(_) => {}
            }
        }
    }

    unsafe fn dmus(&mut self, own: *mut IMiniportDMus) {
        // SAFETY: both are new.
        let (allocator, clock) = unsafe {
            (
                Ref::from_owned(Allocator::create().cast::<IAllocatorMXF>()).expect("new"),
                Ref::from_owned(MasterClock::create().cast::<IMasterClock>()).expect("new"),
            )
        };
        let all = [true; 3];
        let mut call = |what: &str,
                        [stream, group, prefetch]: [bool; 3],
                        outer: *mut IUnknown,
                        (pin, kind): (u32, u32),
                        format: *const KSDATAFORMAT,
                        allocates: bool,
                        expected: NTSTATUS| {
            let (mut mxf, mut made, mut ahead) =
                (null_mut::<IMXF>(), null_mut::<IServiceGroup>(), 0u64);
            let mxf_at = if stream { &raw mut mxf } else { null_mut() };
            let group_at = if group { &raw mut made } else { null_mut() };
            let ahead_at = if prefetch { &raw mut ahead } else { null_mut() };
            let allocator = if allocates {
                allocator.get()
            } else {
                null_mut()
            };
            // SAFETY: a live miniport; whatever is given lives for the time of the call.
            let status = unsafe {
                guest_call!(
                    (*(*own).lpVtbl).NewStream,
                    own,
                    mxf_at,
                    outer,
                    512,
                    pin,
                    kind,
                    format,
                    group_at,
                    allocator,
                    clock.get(),
                    ahead_at
                )
            };
            assert!(mxf.is_null() && made.is_null(), "{what}: objects");
            self.add(what, status, expected);
        };
        let (render, capture, sink) = (
            DMUS_STREAM_MIDI_RENDER as u32,
            DMUS_STREAM_MIDI_CAPTURE as u32,
            DMUS_STREAM_WAVE_SINK as u32,
        );
        let (none, music) = (null_mut(), music());
        let music = music.as_ptr().cast::<KSDATAFORMAT>();
        let invalid = STATUS_INVALID_PARAMETER;
        for missing in 0..3 {
            let places = [0, 1, 2].map(|place| place != missing);
            call(
                "a place is missing",
                places,
                none,
                (0, render),
                music,
                true,
                invalid,
            );
        }
        call("no format", all, none, (0, render), null(), true, invalid);
        let empty = [0u64; 32];
        let empty = empty.as_ptr().cast();
        call(
            "an empty format",
            all,
            none,
            (0, render),
            empty,
            true,
            invalid,
        );
        call(
            "aggregated",
            all,
            own.cast(),
            (0, render),
            music,
            true,
            invalid,
        );
        for pin in 0..4 {
            for kind in [render, capture, sink] {
                // What fits is asked for without an allocator, or with a format of another kind.
                let expected = match own_pin(kind) == Some(pin) {
                    false => STATUS_INVALID_DEVICE_REQUEST,
                    true if kind == sink => STATUS_NO_MATCH,
                    true => invalid,
                };
                call(
                    "a stream of another kind",
                    all,
                    none,
                    (pin, kind),
                    music,
                    false,
                    expected,
                );
            }
        }
        call(
            "no pin",
            all,
            none,
            (NONE, render),
            music,
            true,
            STATUS_INVALID_DEVICE_REQUEST,
        );
        let odd = |change: fn(&mut WAVEFORMATEX)| {
            let mut wave = PCM;
            change(&mut wave);
            audio(KSDATAFORMAT_SUBTYPE_PCM, Some(wave))
        };
        let Some(pin) = own_pin(sink) else { return };
        for (format, expected) in [
            (audio(KSDATAFORMAT_SUBTYPE_MIDI, Some(PCM)), STATUS_NO_MATCH),
            (audio(KSDATAFORMAT_SUBTYPE_PCM, None), invalid),
            (odd(|wave| wave.wFormatTag = 3), STATUS_NO_MATCH),
            (odd(|wave| wave.nChannels = 1), STATUS_NO_MATCH),
            (odd(|wave| wave.wBitsPerSample = 8), STATUS_NO_MATCH),
            (odd(|wave| wave.nBlockAlign = 8), STATUS_NO_MATCH),
            (odd(|wave| wave.nSamplesPerSec = 1_000_000), STATUS_NO_MATCH),
            (
                format(
                    KSDATAFORMAT_TYPE_AUDIO,
                    KSDATAFORMAT_SUBTYPE_PCM,
                    KSDATAFORMAT_SPECIFIER_NONE,
                    Some(PCM),
                ),
                STATUS_NO_MATCH,
            ),
        ] {
            let at = format.as_ptr().cast();
            call(
                "another format",
                all,
                none,
                (pin, sink),
                at,
                false,
                expected,
            );
        }
    }

    unsafe fn midi(&mut self, own: *mut IMiniportMidi) {
        let music = music();
        let music = music.as_ptr().cast::<KSDATAFORMAT>();
        let mut call = |what: &str,
                        [stream, group]: [bool; 2],
                        outer: *mut IUnknown,
                        (pin, capture): (u32, u8),
                        format: *const KSDATAFORMAT,
                        expected: &[NTSTATUS]| {
            let (mut made, mut by) = (
                null_mut::<IMiniportMidiStream>(),
                null_mut::<IServiceGroup>(),
            );
            let made_at = if stream { &raw mut made } else { null_mut() };
            let by_at = if group { &raw mut by } else { null_mut() };
            // SAFETY: a live miniport; whatever is given lives for the time of the call.
            let status = unsafe {
                let new = (*(*own).lpVtbl).NewStream;
                guest_call!(new, own, made_at, outer, 512, pin, capture, format, by_at)
            };
            assert!(made.is_null() && by.is_null(), "{what}: objects");
            let expected = expected.iter().find(|e| **e == status as NTSTATUS);
            self.add(
                what,
                status,
                expected.copied().unwrap_or(STATUS_INVALID_PARAMETER),
            );
        };
        let (none, invalid) = (null_mut(), &[STATUS_INVALID_PARAMETER][..]);
        let refused = &[
            STATUS_INVALID_PARAMETER,
            STATUS_INVALID_DEVICE_REQUEST,
            STATUS_NO_MATCH,
        ];
        call(
            "no place for a stream",
            [false, true],
            none,
            (0, 0),
            music,
            invalid,
        );
        call(
            "no place for a group",
            [true, false],
            none,
            (0, 0),
            music,
            invalid,
        );
        call("no format", [true; 2], none, (0, 0), null(), invalid);
        call("aggregated", [true; 2], own.cast(), (0, 0), music, invalid);
        call("no pin", [true; 2], none, (NONE, 0), music, refused);
        let wave = audio(KSDATAFORMAT_SUBTYPE_PCM, Some(PCM));
        for pin in 0..8 {
            for capture in 0..2 {
                let at = wave.as_ptr().cast();
                call(
                    "a pin for sound",
                    [true; 2],
                    none,
                    (pin, capture),
                    at,
                    refused,
                );
            }
        }
    }

    unsafe fn wave_rt(&mut self, own: *mut IMiniportWaveRT) {
        let wave = audio(KSDATAFORMAT_SUBTYPE_PCM, Some(PCM));
        let wave = wave.as_ptr().cast::<KSDATAFORMAT>();
        let refused = [
            STATUS_INVALID_PARAMETER,
            STATUS_INVALID_DEVICE_REQUEST,
            STATUS_NO_MATCH,
        ];
        let mut call = |what: &str, place: bool, (pin, capture): (u32, u8), format| {
            let mut made = null_mut::<IMiniportWaveRTStream>();
            let made_at = if place { &raw mut made } else { null_mut() };
            let port: *mut c_void = null_mut();
            let format: *const KSDATAFORMAT = format;
            // SAFETY: a live miniport; whatever is given lives for the time of the call.
            let status = unsafe {
                let new = (*(*own).lpVtbl).NewStream;
                guest_call!(new, own, made_at, port, pin, capture, format)
            };
            assert!(made.is_null(), "{what}: a stream");
            let expected = refused.iter().find(|e| **e == status as NTSTATUS);
            self.add(
                what,
                status,
                expected.copied().unwrap_or(STATUS_INVALID_PARAMETER),
            );
        };
        call("no place", false, (0, 1), wave);
        call("no format", true, (0, 1), null());
        call("no port", true, (0, 1), wave);
        for pin in 0..3 {
            call("no capture", true, (pin, 0), wave);
        }
        call("no pin", true, (NONE, 1), wave);
    }

    /// A range without anything in the place of the client's, and of the pin's.
    unsafe fn ranges(&mut self, own: *mut IMiniportWaveRT, pin: u32, range: *const KSDATARANGE) {
        let (mut bytes, nothing) = ([0u64; 32], [0u64; 32]);
        let (at, mut length) = (bytes.as_mut_ptr(), 0u32);
        let nothing = nothing.as_ptr().cast::<KSDATARANGE>();
        for (client, meant) in [(nothing, range), (range, nothing), (nothing, nothing)] {
            // SAFETY: a live miniport and its pin's range; a range that says that it has no bytes has none.
            let status = unsafe {
                let intersect = (*(*own).lpVtbl).DataRangeIntersection;
                guest_call!(intersect, own, pin, client, meant, 256, at, &raw mut length)
            };
            let refused = [STATUS_INVALID_PARAMETER, STATUS_NO_MATCH];
            let expected = refused.iter().find(|e| **e == status as NTSTATUS);
            let expected = expected.copied().unwrap_or(STATUS_NO_MATCH);
            self.add("a range without anything", status, expected);
        }
    }

    /// The handlers of all properties and events.
    unsafe fn tables(&mut self, port: &Port) {
        let shape = port.shape();
        // SAFETY: the descriptor's tables are constant and have the counts that they tell.
        unsafe {
            if let Some(Miniport::WaveRt(own)) = port.miniport() {
                for (pin, descriptor) in (0..).zip(&shape.pc_pins) {
                    let described = &(**descriptor).KsPinDescriptor;
                    for n in 0..described.DataRangesCount as usize {
                        self.ranges(own.get(), pin, (*described.DataRanges.add(n)).cast());
                    }
                }
            }
            let mut tables = vec![(*shape.descriptor).AutomationTable];
            tables.extend(shape.pc_pins.iter().map(|pin| (**pin).AutomationTable));
            tables.extend(shape.nodes.iter().map(|node| (**node).AutomationTable));
            for table in tables.into_iter().filter_map(|table| table.as_ref()) {
                for n in 0..table.PropertyCount as usize {
                    let item = table
                        .Properties
                        .byte_add(n * table.PropertyItemSize as usize);
                    self.property(item);
                }
                for n in 0..table.EventCount as usize {
                    let item = table.Events.byte_add(n * table.EventItemSize as usize);
                    self.event(item, port.miniport_unknown());
                }
            }
        }
    }

    unsafe fn property(&mut self, item: *const PCPROPERTY_ITEM) {
        // SAFETY: a driver's item; requests live for the time of the call.
        unsafe {
            let Some(handler) = (*item).Handler else {
                return;
            };
            let nothing: *mut PCPROPERTY_REQUEST = null_mut();
            let status = guest_call!(handler, nothing);
            self.invalid("no request", status);
            let mut value = [0u64; 64];
            let mut request = PCPROPERTY_REQUEST {
                Verb: KSPROPERTY_TYPE_GET,
                Value: value.as_mut_ptr().cast(),
                ValueSize: 512,
                ..PCPROPERTY_REQUEST::ZERO
            };
            let at = &raw mut request;
            let status = guest_call!(handler, at);
            self.invalid("a request for nothing", status);
            let no_set = PCPROPERTY_ITEM {
                Set: null(),
                Id: (*item).Id,
                Flags: (*item).Flags,
                Handler: (*item).Handler,
            };
            request.PropertyItem = &raw const no_set;
            let at = &raw mut request;
            let status = guest_call!(handler, at);
            self.invalid("a request for no set", status);
            // Of nobody: refused, whatever it is, but for what the table itself tells.
            for verb in [KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET] {
                request.PropertyItem = item;
                request.Verb = verb;
                request.ValueSize = 512;
                let at = &raw mut request;
                let status = guest_call!(handler, at);
                if (status as NTSTATUS) < 0 {
                    self.add("a property of nobody", status, status as NTSTATUS);
                }
            }
        }
    }

    unsafe fn event(&mut self, item: *const PCEVENT_ITEM, major: *mut IUnknown) {
        // SAFETY: a driver's item; requests live for the time of the call.
        unsafe {
            let Some(handler) = (*item).Handler else {
                return;
            };
            let nothing: *mut PCEVENT_REQUEST = null_mut();
            let status = guest_call!(handler, nothing);
            self.invalid("no request", status);
            for target in [null_mut(), major] {
                let mut request = PCEVENT_REQUEST {
                    MajorTarget: target,
                    EventItem: item,
                    Verb: PCEVENT_VERB_ADD,
                    ..PCEVENT_REQUEST::ZERO
                };
                let at = &raw mut request;
                let status = guest_call!(handler, at);
                let expected = STATUS_INVALID_DEVICE_REQUEST;
                self.add("an event without an entry", status, expected);
            }
        }
    }

    unsafe fn stream(&mut self, pin: *mut Pin) {
        let invalid = STATUS_INVALID_PARAMETER;
        // SAFETY: a live pin, at PASSIVE_LEVEL; whatever is given lives for the time of the call.
        unsafe {
            self.query((*pin).unknown());
            match &(*pin).role {
                Role::Midi(midi) => {
                    let stream = midi.stream();
                    let table = (*stream).lpVtbl;
                    let status = guest_call!((*table).SetState, stream, NONE);
                    self.invalid("a cable's state", status);
                    let no_format: *const KSDATAFORMAT = null();
                    let status = guest_call!((*table).SetFormat, stream, no_format);
                    self.invalid("a cable's format", status);
                    let (mut bytes, mut count) = ([0u8; 4], 0u32);
                    let (at, count_at) = (bytes.as_mut_ptr(), &raw mut count);
                    let (no_bytes, no_count): (*mut u8, *mut u32) = (null_mut(), null_mut());
                    let mut failed = 0;
                    for (bytes, length, place) in [
                        (no_bytes, 4, count_at),
                        (at, 4, no_count),
                        (no_bytes, 0, no_count),
                    ] {
                        let status = guest_call!((*table).Read, stream, bytes, length, place);
                        self.invalid("reading", status);
                        let status = guest_call!((*table).Write, stream, bytes, length, place);
                        self.invalid("writing", status);
                    }
                    // The other direction.
                    for call in [(*table).Read as usize, (*table).Write as usize] {
                        let status = guest_call!(call, stream, no_bytes, 0, count_at);
                        failed += u32::from((status as NTSTATUS) < 0);
                    }
                    self.add("one direction", usize::from(failed != 1), STATUS_SUCCESS);
                }
                Role::WaveRt(wave) => {
                    let stream = wave.stream().cast::<IMiniportWaveRTStreamNotification>();
                    let table = (*stream).lpVtbl;
                    let status = guest_call!((*table).SetState, stream, NONE);
                    self.invalid("the endpoint's state", status);
                    let nowhere: *mut c_void = null_mut();
                    let status = guest_call!((*table).GetPosition, stream, nowhere);
                    self.invalid("a position", status);
                    guest_call!((*table).GetHWLatency, stream, nowhere);
                    let mut place = [0u64; 4];
                    let place = place.as_mut_ptr();
                    for missing in 0..4 {
                        let [mdl, actual, offset, caching] =
                            [0, 1, 2, 3].map(|n| match n == missing {
                                true => null_mut(),
                                false => place.add(n),
                            });
                        let status = guest_call!(
                            (*table).AllocateAudioBuffer,
                            stream,
                            4096,
                            mdl,
                            actual,
                            offset,
                            caching
                        );
                        self.invalid("a buffer", status);
                    }
                    for call in [
                        (*table).RegisterNotificationEvent as usize,
                        (*table).UnregisterNotificationEvent as usize,
                    ] {
                        let status = guest_call!(call, stream, nowhere);
                        self.invalid("no event", status);
                    }
                    // The second interface is of the same object.
                    let second: Option<Ref<IUnknown>> =
                        query_interface(stream.cast(), &IID_IMiniportWaveRTInputStream);
                    let second = second.expect("the endpoint reads packets");
                    let same: Option<Ref<IUnknown>> = query_interface(second.get(), &IID_IUnknown);
                    let own: Option<Ref<IUnknown>> = query_interface(stream.cast(), &IID_IUnknown);
                    let same = same.map(|o| o.get()) == own.map(|o| o.get());
                    self.add("one object", usize::from(!same), STATUS_SUCCESS);
                }
                role => {
                    let stream = (*pin).stream();
                    let table = (*stream).lpVtbl;
                    let status = guest_call!((*table).SetState, stream, NONE);
                    self.add("a state that is none", status, invalid);
                    let nothing: *mut DMUS_KERNEL_EVENT = null_mut();
                    let status = guest_call!((*table).PutMessage, stream, nothing);
                    self.add("no message", status, STATUS_SUCCESS);
                    if let Role::Capture(_) = role {
                        let no_sink: *mut IMXF = null_mut();
                        let status = guest_call!((*table).ConnectOutput, stream, no_sink);
                        self.invalid("no output", status);
                    }
                    if !matches!(role, Role::Render(_)) {
                        // It comes back to the allocator; the pin's end sees that.
                        let event = (*pin).allocator().event();
                        let status = guest_call!((*table).PutMessage, stream, event);
                        self.add("a message", status, STATUS_SUCCESS);
                    }
                    let sink: Option<Ref<ISynthSinkDMus>> =
                        query_interface(stream.cast(), &IID_ISynthSinkDMus);
                    if let Some(sink) = sink {
                        let sink = sink.get();
                        let nowhere: *mut i64 = null_mut();
                        let table = (*sink).lpVtbl;
                        let status = guest_call!((*table).SampleToRefTime, sink, 0, nowhere);
                        self.invalid("a time", status);
                        let status = guest_call!((*table).RefTimeToSample, sink, 0, nowhere);
                        self.invalid("a sample", status);
                        guest_call!((*table).Render, sink, nowhere, 64, 0);
                    }
                }
            }
        }
    }
}

/// The pin of a DMus filter that has streams of a type: of its first ones.
fn own_pin(kind: u32) -> Option<u32> {
    let kinds = [
        DMUS_STREAM_MIDI_RENDER as u32,
        DMUS_STREAM_WAVE_SINK as u32,
        DMUS_STREAM_MIDI_CAPTURE as u32,
    ];
    kinds.iter().position(|k| *k == kind).map(|at| at as u32)
}
