// SPDX-License-Identifier: MIT OR Apache-2.0
//! DLS chunks and DirectMusic download buffers (`dls1.h`, `dls2.h`, `dmdls.h`). All values little-endian.

use super::ksmedia::WAVEFORMATEX;

/// Relative pitch, 1/65536 cent.
pub type PCENT = i32;
/// Relative gain, 1/65536 centibel.
pub type GCENT = i32;
/// Relative time, 1/65536 cent of a second.
pub type TCENT = i32;
/// 1/65536 of 0.1 %.
pub type PERCENT = i32;

data! {
    /// Chunk `dlid`.
    #[derive(Eq)]
    pub struct DLSID {
        pub ulData1: u32,
        pub usData2: u16,
        pub usData3: u16,
        pub abData4: [u8; 8],
    }

    /// Chunk `vers`.
    #[derive(Eq)]
    pub struct DLSVERSION {
        pub dwVersionMS: u32,
        pub dwVersionLS: u32,
    }

    /// One connection of `art1` or `art2`.
    #[derive(Eq)]
    pub struct CONNECTION {
        pub usSource: u16,
        pub usControl: u16,
        pub usDestination: u16,
        pub usTransform: u16,
        pub lScale: i32,
    }

    /// Head of `art1` and `art2`.
    #[derive(Eq)]
    pub struct CONNECTIONLIST {
        /// Bytes of this head.
        pub cbSize: u32,
        pub cConnections: u32,
    }

    /// Inclusive.
    #[derive(Eq)]
    pub struct RGNRANGE {
        pub usLow: u16,
        pub usHigh: u16,
    }

    #[derive(Eq)]
    pub struct MIDILOCALE {
        /// MSB << 8 | LSB, `F_INSTRUMENT_DRUMS`.
        pub ulBank: u32,
        pub ulInstrument: u32,
    }

    /// Chunk `rgnh`; with 14 bytes `usLayer` follows.
    #[derive(Eq)]
    pub struct RGNHEADER {
        pub RangeKey: RGNRANGE,
        pub RangeVelocity: RGNRANGE,
        pub fusOptions: u16,
        pub usKeyGroup: u16,
    }

    /// Chunk `insh`.
    #[derive(Eq)]
    pub struct INSTHEADER {
        pub cRegions: u32,
        pub Locale: MIDILOCALE,
    }

    /// Chunk `colh`.
    #[derive(Eq)]
    pub struct DLSHEADER {
        pub cInstruments: u32,
    }

    /// Chunk `wlnk`.
    #[derive(Eq)]
    pub struct WAVELINK {
        pub fusOptions: u16,
        pub usPhaseGroup: u16,
        pub ulChannel: u32,
        /// Index into the pool table; in downloads the wave's `dwDLId`.
        pub ulTableIndex: u32,
    }

    #[derive(Eq)]
    pub struct POOLCUE {
        pub ulOffset: u32,
    }

    /// Head of `ptbl`.
    #[derive(Eq)]
    pub struct POOLTABLE {
        pub cbSize: u32,
        pub cCues: u32,
    }

    /// Chunk `wsmp`; loops follow.
    #[derive(Eq)]
    pub struct WSMPL {
        pub cbSize: u32,
        pub usUnityNote: u16,
        /// Cents.
        pub sFineTune: i16,
        pub lAttenuation: i32,
        pub fulOptions: u32,
        pub cSampleLoops: u32,
    }

    /// Samples.
    #[derive(Eq)]
    pub struct WLOOP {
        pub cbSize: u32,
        pub ulType: u32,
        pub ulStart: u32,
        pub ulLength: u32,
    }

    /// Start of every download buffer; the offset table follows.
    #[derive(Eq)]
    pub struct DMUS_DOWNLOADINFO {
        /// `DMUS_DOWNLOADINFO_*`.
        pub dwDLType: u32,
        pub dwDLId: u32,
        pub dwNumOffsetTableEntries: u32,
        /// Bytes of the whole buffer.
        pub cbSize: u32,
    }

    #[derive(Eq)]
    pub struct DMUS_OFFSETTABLE {
        /// Bytes from the buffer's start; entry 0 is the main object.
        pub ulOffsetTable: [u32; DMUS_DEFAULT_SIZE_OFFSETTABLE],
    }

    #[derive(Eq)]
    pub struct DMUS_INSTRUMENT {
        /// Bank MSB << 16 | LSB << 8 | program, bit 31 drums.
        pub ulPatch: u32,
        pub ulFirstRegionIdx: u32,
        pub ulGlobalArtIdx: u32,
        pub ulFirstExtCkIdx: u32,
        pub ulCopyrightIdx: u32,
        pub ulFlags: u32,
    }

    /// 72 bytes, the last 16 only if there is a loop.
    #[derive(Eq)]
    pub struct DMUS_REGION {
        pub RangeKey: RGNRANGE,
        pub RangeVelocity: RGNRANGE,
        pub fusOptions: u16,
        pub usKeyGroup: u16,
        pub ulRegionArtIdx: u32,
        pub ulNextRegionIdx: u32,
        pub ulFirstExtCkIdx: u32,
        pub WaveLink: WAVELINK,
        pub WSMP: WSMPL,
        pub WLOOP: [WLOOP; 1],
    }

    #[derive(Eq)]
    pub struct DMUS_LFOPARAMS {
        pub pcFrequency: PCENT,
        pub tcDelay: TCENT,
        pub gcVolumeScale: GCENT,
        pub pcPitchScale: PCENT,
        pub gcMWToVolume: GCENT,
        pub pcMWToPitch: PCENT,
    }

    #[derive(Eq)]
    pub struct DMUS_VEGPARAMS {
        pub tcAttack: TCENT,
        pub tcDecay: TCENT,
        pub ptSustain: PERCENT,
        pub tcRelease: TCENT,
        pub tcVel2Attack: TCENT,
        pub tcKey2Decay: TCENT,
    }

    #[derive(Eq)]
    pub struct DMUS_PEGPARAMS {
        pub tcAttack: TCENT,
        pub tcDecay: TCENT,
        pub ptSustain: PERCENT,
        pub tcRelease: TCENT,
        pub tcVel2Attack: TCENT,
        pub tcKey2Decay: TCENT,
        pub pcRange: PCENT,
    }

    #[derive(Eq)]
    pub struct DMUS_MSCPARAMS {
        pub ptDefaultPan: PERCENT,
    }

    #[derive(Eq)]
    pub struct DMUS_ARTICPARAMS {
        pub LFO: DMUS_LFOPARAMS,
        pub VolEG: DMUS_VEGPARAMS,
        pub PitchEG: DMUS_PEGPARAMS,
        pub Misc: DMUS_MSCPARAMS,
    }

    /// Of [`DMUS_DOWNLOADINFO_INSTRUMENT`].
    #[derive(Eq)]
    pub struct DMUS_ARTICULATION {
        pub ulArt1Idx: u32,
        pub ulFirstExtCkIdx: u32,
    }

    /// Of [`DMUS_DOWNLOADINFO_INSTRUMENT2`].
    #[derive(Eq)]
    pub struct DMUS_ARTICULATION2 {
        pub ulArtIdx: u32,
        pub ulFirstExtCkIdx: u32,
        pub ulNextArtIdx: u32,
    }

    #[derive(Eq)]
    pub struct DMUS_EXTENSIONCHUNK {
        pub cbSize: u32,
        pub ulNextExtCkIdx: u32,
        pub ExtCkID: u32,
        pub byExtCk: [u8; DMUS_MIN_DATA_SIZE],
    }

    #[derive(Eq)]
    pub struct DMUS_COPYRIGHT {
        pub cbSize: u32,
        pub byCopyright: [u8; DMUS_MIN_DATA_SIZE],
    }

    #[derive(Eq)]
    pub struct DMUS_WAVEDATA {
        pub cbSize: u32,
        pub byData: [u8; DMUS_MIN_DATA_SIZE],
    }

    #[derive(Eq)]
    pub struct DMUS_WAVE {
        pub ulFirstExtCkIdx: u32,
        pub ulCopyrightIdx: u32,
        pub ulWaveDataIdx: u32,
        pub WaveformatEx: WAVEFORMATEX,
    }
}

pub const DMUS_DEFAULT_SIZE_OFFSETTABLE: usize = 1;
pub const DMUS_MIN_DATA_SIZE: usize = 4;
pub const DMUS_DOWNLOADINFO_INSTRUMENT: u32 = 1;
pub const DMUS_DOWNLOADINFO_WAVE: u32 = 2;
pub const DMUS_DOWNLOADINFO_INSTRUMENT2: u32 = 3;
pub const DMUS_DOWNLOADINFO_WAVEARTICULATION: u32 = 4;
pub const DMUS_DOWNLOADINFO_STREAMINGWAVE: u32 = 5;
pub const DMUS_DOWNLOADINFO_ONESHOTWAVE: u32 = 6;
pub const DMUS_INSTRUMENT_GM_INSTRUMENT: u32 = 1;

pub const F_INSTRUMENT_DRUMS: u32 = 0x8000_0000;
pub const F_RGN_OPTION_SELFNONEXCLUSIVE: u16 = 1;
pub const F_WAVELINK_PHASE_MASTER: u16 = 1;
pub const F_WAVELINK_MULTICHANNEL: u16 = 2;
pub const F_WSMP_NO_TRUNCATION: u32 = 1;
pub const F_WSMP_NO_COMPRESSION: u32 = 2;
pub const POOL_CUE_NULL: u32 = 0xFFFF_FFFF;
pub const WAVELINK_CHANNEL_LEFT: u32 = 1;
pub const WAVELINK_CHANNEL_RIGHT: u32 = 2;
pub const WLOOP_TYPE_FORWARD: u32 = 0;
pub const WLOOP_TYPE_RELEASE: u32 = 1;

pub const CONN_SRC_NONE: u16 = 0x000;
pub const CONN_SRC_LFO: u16 = 0x001;
pub const CONN_SRC_KEYONVELOCITY: u16 = 0x002;
pub const CONN_SRC_KEYNUMBER: u16 = 0x003;
pub const CONN_SRC_EG1: u16 = 0x004;
pub const CONN_SRC_EG2: u16 = 0x005;
pub const CONN_SRC_PITCHWHEEL: u16 = 0x006;
pub const CONN_SRC_POLYPRESSURE: u16 = 0x007;
pub const CONN_SRC_CHANNELPRESSURE: u16 = 0x008;
pub const CONN_SRC_VIBRATO: u16 = 0x009;
pub const CONN_SRC_MONOPRESSURE: u16 = 0x00A;
pub const CONN_SRC_CC1: u16 = 0x081;
pub const CONN_SRC_CC7: u16 = 0x087;
pub const CONN_SRC_CC10: u16 = 0x08A;
pub const CONN_SRC_CC11: u16 = 0x08B;
pub const CONN_SRC_CC91: u16 = 0x0DB;
pub const CONN_SRC_CC93: u16 = 0x0DD;
pub const CONN_SRC_RPN0: u16 = 0x100;
pub const CONN_SRC_RPN1: u16 = 0x101;
pub const CONN_SRC_RPN2: u16 = 0x102;

pub const CONN_DST_NONE: u16 = 0x000;
/// DLS1's name of [`CONN_DST_GAIN`].
pub const CONN_DST_ATTENUATION: u16 = 0x001;
pub const CONN_DST_GAIN: u16 = 0x001;
pub const CONN_DST_PITCH: u16 = 0x003;
pub const CONN_DST_PAN: u16 = 0x004;
pub const CONN_DST_KEYNUMBER: u16 = 0x005;
pub const CONN_DST_LEFT: u16 = 0x010;
pub const CONN_DST_RIGHT: u16 = 0x011;
pub const CONN_DST_CENTER: u16 = 0x012;
pub const CONN_DST_LEFTREAR: u16 = 0x013;
pub const CONN_DST_RIGHTREAR: u16 = 0x014;
pub const CONN_DST_LFE_CHANNEL: u16 = 0x015;
pub const CONN_DST_CHORUS: u16 = 0x080;
pub const CONN_DST_REVERB: u16 = 0x081;
pub const CONN_DST_LFO_FREQUENCY: u16 = 0x104;
pub const CONN_DST_LFO_STARTDELAY: u16 = 0x105;
pub const CONN_DST_VIB_FREQUENCY: u16 = 0x114;
pub const CONN_DST_VIB_STARTDELAY: u16 = 0x115;
pub const CONN_DST_EG1_ATTACKTIME: u16 = 0x206;
pub const CONN_DST_EG1_DECAYTIME: u16 = 0x207;
pub const CONN_DST_EG1_RELEASETIME: u16 = 0x209;
pub const CONN_DST_EG1_SUSTAINLEVEL: u16 = 0x20A;
pub const CONN_DST_EG1_DELAYTIME: u16 = 0x20B;
pub const CONN_DST_EG1_HOLDTIME: u16 = 0x20C;
pub const CONN_DST_EG1_SHUTDOWNTIME: u16 = 0x20D;
pub const CONN_DST_EG2_ATTACKTIME: u16 = 0x30A;
pub const CONN_DST_EG2_DECAYTIME: u16 = 0x30B;
pub const CONN_DST_EG2_RELEASETIME: u16 = 0x30D;
pub const CONN_DST_EG2_SUSTAINLEVEL: u16 = 0x30E;
pub const CONN_DST_EG2_DELAYTIME: u16 = 0x30F;
pub const CONN_DST_EG2_HOLDTIME: u16 = 0x310;
pub const CONN_DST_FILTER_CUTOFF: u16 = 0x500;
pub const CONN_DST_FILTER_Q: u16 = 0x501;

pub const CONN_TRN_NONE: u16 = 0;
pub const CONN_TRN_CONCAVE: u16 = 1;
pub const CONN_TRN_CONVEX: u16 = 2;
pub const CONN_TRN_SWITCH: u16 = 3;

pub const DLS_CDL_AND: u16 = 0x01;
pub const DLS_CDL_OR: u16 = 0x02;
pub const DLS_CDL_XOR: u16 = 0x03;
pub const DLS_CDL_ADD: u16 = 0x04;
pub const DLS_CDL_SUBTRACT: u16 = 0x05;
pub const DLS_CDL_MULTIPLY: u16 = 0x06;
pub const DLS_CDL_DIVIDE: u16 = 0x07;
pub const DLS_CDL_LOGICAL_AND: u16 = 0x08;
pub const DLS_CDL_LOGICAL_OR: u16 = 0x09;
pub const DLS_CDL_LT: u16 = 0x0A;
pub const DLS_CDL_LE: u16 = 0x0B;
pub const DLS_CDL_GT: u16 = 0x0C;
pub const DLS_CDL_GE: u16 = 0x0D;
pub const DLS_CDL_EQ: u16 = 0x0E;
pub const DLS_CDL_NOT: u16 = 0x0F;
pub const DLS_CDL_CONST: u16 = 0x10;
pub const DLS_CDL_QUERY: u16 = 0x11;
pub const DLS_CDL_QUERYSUPPORTED: u16 = 0x12;
