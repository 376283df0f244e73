// SPDX-License-Identifier: MIT OR Apache-2.0
//! The filter descriptor: what the filter is, as data.
//!
//! Pin 0 takes MIDI and DirectMusic events, one instance per virtual synthesizer; pin 1 yields audio to a wave sink; between them is
//! one synthesizer node (`docs/reference/dmus-miniport.md` §4.4). Pin 2 captures what the instances of pin 0 receive.

use super::tables::{CAPTURE_TABLE, FILTER_TABLE, NODE_TABLE, PIN_TABLE};
use super::{CAPTURE_PIN, MIDI_PIN, RATES, WAVE_PIN};
use crate::com::descriptor::{Static, connection, filter, music, node, pin, range};
use crate::limits::{CAPTURE_INSTANCES, MIDI_INSTANCES};
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    KSAUDFNAME_MIDI, KSCATEGORY_AUDIO, KSCATEGORY_DATATRANSFORM, KSCATEGORY_SYNTHESIZER,
    KSDATAFORMAT_SPECIFIER_WAVEFORMATEX, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC,
    KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_TYPE_AUDIO,
    KSMUSIC_TECHNOLOGY_PORT, KSMUSIC_TECHNOLOGY_SWSYNTH, KSNODETYPE_SYNTHESIZER,
};
use arioso_core::ks::ks::{
    KSDATARANGE, KSPIN_COMMUNICATION_SINK, KSPIN_COMMUNICATION_SOURCE, KSPIN_DATAFLOW_IN,
    KSPIN_DATAFLOW_OUT,
};
use arioso_core::ks::ksmedia::{KSDATARANGE_AUDIO, KSDATARANGE_MUSIC};
use arioso_core::ks::portcls::{
    PCCONNECTION_DESCRIPTOR, PCFILTER_DESCRIPTOR, PCFILTER_NODE, PCNODE_DESCRIPTOR,
    PCPIN_DESCRIPTOR,
};

/// Notes that a pin may sound at once, as far as the data range tells.
const NOTES: u32 = 256;

const fn played(subtype: GUID) -> KSDATARANGE_MUSIC {
    music(subtype, KSMUSIC_TECHNOLOGY_SWSYNTH, NOTES)
}

const fn captured(subtype: GUID) -> KSDATARANGE_MUSIC {
    music(subtype, KSMUSIC_TECHNOLOGY_PORT, 0)
}

static MIDI_RANGE: Static<KSDATARANGE_MUSIC> = Static(played(KSDATAFORMAT_SUBTYPE_MIDI));
static DIRECTMUSIC_RANGE: Static<KSDATARANGE_MUSIC> =
    Static(played(KSDATAFORMAT_SUBTYPE_DIRECTMUSIC));
static MIDI_CAPTURE_RANGE: Static<KSDATARANGE_MUSIC> = Static(captured(KSDATAFORMAT_SUBTYPE_MIDI));
static DIRECTMUSIC_CAPTURE_RANGE: Static<KSDATARANGE_MUSIC> =
    Static(captured(KSDATAFORMAT_SUBTYPE_DIRECTMUSIC));
static PCM_RANGE: Static<KSDATARANGE_AUDIO> = Static(KSDATARANGE_AUDIO {
    DataRange: KSDATARANGE {
        FormatSize: size_of::<KSDATARANGE_AUDIO>() as u32,
        Flags: 0,
        SampleSize: 0,
        Reserved: 0,
        MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
        SubFormat: KSDATAFORMAT_SUBTYPE_PCM,
        Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
    },
    MaximumChannels: 2,
    MinimumBitsPerSample: 16,
    MaximumBitsPerSample: 16,
    MinimumSampleFrequency: *RATES.start(),
    MaximumSampleFrequency: *RATES.end(),
});

// The pin that legacy MIDI clients look for comes first.
static MIDI_RANGES: Static<[*const KSDATARANGE; 2]> =
    Static([range(&MIDI_RANGE), range(&DIRECTMUSIC_RANGE)]);
static CAPTURE_RANGES: Static<[*const KSDATARANGE; 2]> = Static([
    range(&MIDI_CAPTURE_RANGE),
    range(&DIRECTMUSIC_CAPTURE_RANGE),
]);
static WAVE_RANGES: Static<[*const KSDATARANGE; 1]> = Static([range(&PCM_RANGE)]);

static AUDIO: Static<GUID> = Static(KSCATEGORY_AUDIO);
static MIDI_NAME: Static<GUID> = Static(KSAUDFNAME_MIDI);
/// "Arioso Thru" under `MediaCategories`.
static CAPTURE_NAME: Static<GUID> =
    Static(GUID::from_u128(0x3F61_0C8A_D5B7_4E92_8A17_6B2D_94E0_C35F));
static SYNTHESIZER: Static<GUID> = Static(KSNODETYPE_SYNTHESIZER);

static PINS: Static<[PCPIN_DESCRIPTOR; 3]> = Static([
    pin(
        MIDI_INSTANCES,
        Some(&PIN_TABLE),
        &MIDI_RANGES,
        (KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK),
        &AUDIO,
        Some(&MIDI_NAME),
    ),
    pin(
        1,
        None,
        &WAVE_RANGES,
        (KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SOURCE),
        &AUDIO,
        None,
    ),
    pin(
        CAPTURE_INSTANCES,
        Some(&CAPTURE_TABLE),
        &CAPTURE_RANGES,
        (KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK),
        &AUDIO,
        Some(&CAPTURE_NAME),
    ),
]);

static NODES: Static<[PCNODE_DESCRIPTOR; 1]> = Static([node(&NODE_TABLE, &SYNTHESIZER)]);

const SYNTH_NODE: u32 = 0;
const NODE_IN: u32 = 1;
const NODE_OUT: u32 = 0;

static CONNECTIONS: Static<[PCCONNECTION_DESCRIPTOR; 3]> = Static([
    connection(PCFILTER_NODE, MIDI_PIN, SYNTH_NODE, NODE_IN),
    connection(SYNTH_NODE, NODE_OUT, PCFILTER_NODE, WAVE_PIN),
    connection(PCFILTER_NODE, MIDI_PIN, PCFILTER_NODE, CAPTURE_PIN),
]);

static CATEGORIES: Static<[GUID; 3]> = Static([
    KSCATEGORY_AUDIO,
    KSCATEGORY_DATATRANSFORM,
    KSCATEGORY_SYNTHESIZER,
]);

/// What `IMiniport::GetDescription` returns.
pub static FILTER: Static<PCFILTER_DESCRIPTOR> = Static(filter(
    &FILTER_TABLE,
    &PINS,
    &NODES,
    &CONNECTIONS,
    &CATEGORIES,
));
