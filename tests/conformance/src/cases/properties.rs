// SPDX-License-Identifier: MIT OR Apache-2.0
//! The properties of the synthesizer, as the reference has them (`docs/reference/dmus-miniport.md` §5.2, §5.3, §5.5, §5.8). Sizes are written out:
//! they are the contract, not what our structures happen to have.

use super::Width;
use arioso_core::ks::GUID;
use arioso_core::ks::arioso::{
    KSPROPERTY_ARIOSO_BANK, KSPROPERTY_ARIOSO_CONTROL, KSPROPERTY_ARIOSO_METERS,
    KSPROPERTY_ARIOSO_SETTINGS, KSPROPERTY_ARIOSO_STATISTICS, KSPROPSETID_Arioso,
};
use arioso_core::ks::dmusprop::*;
use arioso_core::ks::guid::{
    GUID_DMUS_PROP_DLS1, GUID_DMUS_PROP_DLS2, GUID_DMUS_PROP_Effects, GUID_DMUS_PROP_GM_Hardware,
    GUID_DMUS_PROP_GS_Capable, GUID_DMUS_PROP_GS_Hardware, GUID_DMUS_PROP_INSTRUMENT2,
    GUID_DMUS_PROP_SampleMemorySize, GUID_DMUS_PROP_SamplePlaybackRate, GUID_DMUS_PROP_WavesReverb,
    GUID_DMUS_PROP_XG_Capable, GUID_DMUS_PROP_XG_Hardware, KSPROPSETID_General, KSPROPSETID_Synth,
    KSPROPSETID_Synth_Dls,
};
use arioso_core::ks::ks::{
    KSPROPERTY_GENERAL_COMPONENTID, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET,
    KSPROPERTY_TYPE_SET,
};

/// What the request and its value are filled with, so that it can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Little-endian numbers in the instance and in the value.
    Numbers(&'static [u32], &'static [u32]),
    /// SYNTH_BUFFER of a fresh wave.
    Download,
    /// The handle of a fresh download as value.
    Handle,
}

/// What answers a get or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A MIDI pin, by the node or without: the filter has no such state.
    Pin,
    /// A get: everything, as [`Scope::Everything`]; a set: a MIDI pin.
    SetOnPin,
    /// The node, on any handle.
    Node,
    /// The filter and what is in it, with and without node.
    Everything,
    /// Not the node: the filter, and its pins on its behalf.
    Filter,
}

/// One property.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name in the rows.
    pub name: &'static str,
    /// Property set.
    pub set: GUID,
    /// Item of the set.
    pub id: u32,
    /// Verbs of get and set that it knows, `KSPROPERTY_TYPE_*`.
    pub access: u32,
    /// Where it answers.
    pub scope: Scope,
    /// Bytes of instance data, for 64-bit and 32-bit programs.
    pub instance: (usize, usize),
    /// Bytes of the value.
    pub value: (usize, usize),
    /// What its value is.
    pub content: Content,
    /// A get into a buffer that is too small tells the size (§5.3, WAVEFORMAT).
    pub tells_size: bool,
}

impl Known {
    /// Bytes of instance data of such a program.
    pub fn instance_size(&self, width: Width) -> usize {
        of(width, self.instance)
    }

    /// Bytes of the value of such a program.
    pub fn value_size(&self, width: Width) -> usize {
        of(width, self.value)
    }

    /// What basic support must answer.
    pub fn verbs(&self) -> u32 {
        self.access | KSPROPERTY_TYPE_BASICSUPPORT
    }
}

fn of<T>(width: Width, (wide, narrow): (T, T)) -> T {
    match width {
        Width::Bits64 => wide,
        Width::Bits32 => narrow,
    }
}

const GET: u32 = KSPROPERTY_TYPE_GET;
const SET: u32 = KSPROPERTY_TYPE_SET;

const fn synth(name: &'static str, id: u32, access: u32, value: usize) -> Known {
    Known {
        name,
        set: KSPROPSETID_Synth,
        id,
        access,
        scope: Scope::Pin,
        instance: (0, 0),
        value: (value, value),
        content: Content::Numbers(&[], &[1]),
        tells_size: false,
    }
}

const fn dls(name: &'static str, id: u32, access: u32, value: usize) -> Known {
    Known {
        set: KSPROPSETID_Synth_Dls,
        ..synth(name, id, access, value)
    }
}

const fn capability(name: &'static str, set: GUID) -> Known {
    Known {
        set,
        scope: Scope::Everything,
        ..synth(name, 0, GET, 4)
    }
}

const fn own_filter(name: &'static str, id: u32, access: u32, value: usize) -> Known {
    Known {
        set: KSPROPSETID_Arioso,
        scope: Scope::Filter,
        ..synth(name, id, access, value)
    }
}

/// All of them.
pub const KNOWN: &[Known] = &[
    Known {
        content: Content::Numbers(&[], &[-100i32 as u32]),
        ..synth("VOLUME", KSPROPERTY_SYNTH_VOLUME, GET | SET, 4)
    },
    Known {
        content: Content::Numbers(&[], &[300]),
        ..synth("VOLUMEBOOST", KSPROPERTY_SYNTH_VOLUMEBOOST, GET | SET, 4)
    },
    Known {
        scope: Scope::Everything,
        ..synth("CAPS", KSPROPERTY_SYNTH_CAPS, GET, 296)
    },
    Known {
        instance: (28, 28),
        content: Content::Numbers(&[2, 0, 1, 0, 0, 0, 0], &[]),
        ..synth("PORTPARAMETERS", KSPROPERTY_SYNTH_PORTPARAMETERS, GET, 28)
    },
    synth(
        "CHANNELGROUPS",
        KSPROPERTY_SYNTH_CHANNELGROUPS,
        GET | SET,
        4,
    ),
    Known {
        instance: (8, 8),
        content: Content::Numbers(&[1, 3], &[DAUD_HIGH_VOICE_PRIORITY]),
        ..synth(
            "VOICEPRIORITY",
            KSPROPERTY_SYNTH_VOICEPRIORITY,
            GET | SET,
            4,
        )
    },
    synth("LATENCYCLOCK", KSPROPERTY_SYNTH_LATENCYCLOCK, GET, 8),
    synth("RUNNINGSTATS", KSPROPERTY_SYNTH_RUNNINGSTATS, GET, 28),
    Known {
        instance: (16, 8),
        value: (16, 8),
        content: Content::Download,
        ..dls("DLS_DOWNLOAD", KSPROPERTY_SYNTH_DLS_DOWNLOAD, GET, 0)
    },
    Known {
        value: (8, 4),
        content: Content::Handle,
        ..dls("DLS_UNLOAD", KSPROPERTY_SYNTH_DLS_UNLOAD, SET, 0)
    },
    dls("DLS_COMPACT", KSPROPERTY_SYNTH_DLS_COMPACT, SET, 0),
    Known {
        scope: Scope::Node,
        ..dls("DLS_APPEND", KSPROPERTY_SYNTH_DLS_APPEND, GET, 4)
    },
    Known {
        scope: Scope::Node,
        tells_size: true,
        ..dls("DLS_WAVEFORMAT", KSPROPERTY_SYNTH_DLS_WAVEFORMAT, GET, 18)
    },
    capability("GM_Hardware", GUID_DMUS_PROP_GM_Hardware),
    capability("GS_Hardware", GUID_DMUS_PROP_GS_Hardware),
    capability("XG_Hardware", GUID_DMUS_PROP_XG_Hardware),
    capability("GS_Capable", GUID_DMUS_PROP_GS_Capable),
    capability("XG_Capable", GUID_DMUS_PROP_XG_Capable),
    capability("DLS1", GUID_DMUS_PROP_DLS1),
    capability("DLS2", GUID_DMUS_PROP_DLS2),
    capability("INSTRUMENT2", GUID_DMUS_PROP_INSTRUMENT2),
    Known {
        access: GET | SET,
        scope: Scope::SetOnPin,
        ..capability("Effects", GUID_DMUS_PROP_Effects)
    },
    Known {
        set: GUID_DMUS_PROP_WavesReverb,
        // 0 dB, -20 dB, 1000 ms, 0.5
        content: Content::Numbers(&[], &[0, 0xC1A0_0000, 0x447A_0000, 0x3F00_0000]),
        ..synth("WavesReverb", 0, GET | SET, 16)
    },
    capability("SampleMemorySize", GUID_DMUS_PROP_SampleMemorySize),
    capability("SamplePlaybackRate", GUID_DMUS_PROP_SamplePlaybackRate),
    Known {
        set: KSPROPSETID_General,
        scope: Scope::Filter,
        ..synth("COMPONENTID", KSPROPERTY_GENERAL_COMPONENTID, GET, 72)
    },
    Known {
        set: KSPROPSETID_Arioso,
        ..synth("STATISTICS", KSPROPERTY_ARIOSO_STATISTICS, GET, 80)
    },
    Known {
        set: KSPROPSETID_Arioso,
        ..synth("BANK", KSPROPERTY_ARIOSO_BANK, GET, 88)
    },
    own_filter("SETTINGS", KSPROPERTY_ARIOSO_SETTINGS, GET, 52),
    own_filter("METERS", KSPROPERTY_ARIOSO_METERS, GET, 32),
    own_filter("CONTROL", KSPROPERTY_ARIOSO_CONTROL, SET, 4),
];
