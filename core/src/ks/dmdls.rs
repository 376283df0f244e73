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
    /// Chunk `dlid`: a GUID.
    #[derive(Eq)]
    pub struct DLSID {
        /// The first 8 digits of the GUID's text form.
        pub ulData1: u32,
        /// The next 4 digits.
        pub usData2: u16,
        /// The next 4 digits.
        pub usData3: u16,
        /// The last 16 digits, in the order of the text.
        pub abData4: [u8; 8],
    }

    /// Chunk `vers`: version a.b.c.d of the file's contents.
    #[derive(Eq)]
    pub struct DLSVERSION {
        /// a << 16 | b.
        pub dwVersionMS: u32,
        /// c << 16 | d.
        pub dwVersionLS: u32,
    }

    /// One connection of `art1` or `art2`.
    #[derive(Eq)]
    pub struct CONNECTION {
        /// `CONN_SRC_*`.
        pub usSource: u16,
        /// `CONN_SRC_*` that scales it.
        pub usControl: u16,
        /// `CONN_DST_*`.
        pub usDestination: u16,
        /// Bits 0 to 3 output, 4 to 7 control, 10 to 13 source: `CONN_TRN_*`. Control: 8 bipolar, 9 inverted; source: 14, 15.
        pub usTransform: u16,
        /// What a source of 1 adds, in the destination's unit, 16.16.
        pub lScale: i32,
    }

    /// Head of `art1` and `art2`.
    #[derive(Eq)]
    pub struct CONNECTIONLIST {
        /// Bytes of this head.
        pub cbSize: u32,
        /// Connections that follow.
        pub cConnections: u32,
    }

    /// Range of keys or velocities. Inclusive.
    #[derive(Eq)]
    pub struct RGNRANGE {
        /// The lowest, 0 to 127.
        pub usLow: u16,
        /// The highest, 0 to 127.
        pub usHigh: u16,
    }

    /// Where MIDI finds an instrument.
    #[derive(Eq)]
    pub struct MIDILOCALE {
        /// Bank: MSB << 8 | LSB, [`F_INSTRUMENT_DRUMS`].
        pub ulBank: u32,
        /// Program, 0 to 127.
        pub ulInstrument: u32,
    }

    /// Chunk `rgnh`; with 14 bytes `usLayer` follows.
    #[derive(Eq)]
    pub struct RGNHEADER {
        /// Keys that the region plays.
        pub RangeKey: RGNRANGE,
        /// Velocities that it plays.
        pub RangeVelocity: RGNRANGE,
        /// [`F_RGN_OPTION_SELFNONEXCLUSIVE`] or 0.
        pub fusOptions: u16,
        /// 1 to 15: regions of the same group cut each other off; 0 for none.
        pub usKeyGroup: u16,
    }

    /// Chunk `insh`.
    #[derive(Eq)]
    pub struct INSTHEADER {
        /// Regions of the instrument.
        pub cRegions: u32,
        /// Bank and program.
        pub Locale: MIDILOCALE,
    }

    /// Chunk `colh`.
    #[derive(Eq)]
    pub struct DLSHEADER {
        /// Instruments of the file.
        pub cInstruments: u32,
    }

    /// Chunk `wlnk`: the wave of a region.
    #[derive(Eq)]
    pub struct WAVELINK {
        /// `F_WAVELINK_*`.
        pub fusOptions: u16,
        /// Regions of one group play in phase; 0 for none.
        pub usPhaseGroup: u16,
        /// Bit mask of the channels that the wave is for, `WAVELINK_CHANNEL_*`.
        pub ulChannel: u32,
        /// Index into the pool table; in downloads the wave's `dwDLId`.
        pub ulTableIndex: u32,
    }

    /// One wave of the pool table.
    #[derive(Eq)]
    pub struct POOLCUE {
        /// Bytes from the first wave list of `wvpl` to this one, or [`POOL_CUE_NULL`].
        pub ulOffset: u32,
    }

    /// Head of chunk `ptbl`; the cues follow.
    #[derive(Eq)]
    pub struct POOLTABLE {
        /// Bytes of this head.
        pub cbSize: u32,
        /// Cues that follow.
        pub cCues: u32,
    }

    /// Chunk `wsmp`: how a wave is played; loops follow.
    #[derive(Eq)]
    pub struct WSMPL {
        /// Bytes of this head.
        pub cbSize: u32,
        /// Key that plays the wave at its own rate.
        pub usUnityNote: u16,
        /// Cents that the wave is to be tuned by; 0 is no detuning.
        pub sFineTune: i16,
        /// Gain, 1/65536 centibel; negative is quieter in DLS1 too.
        pub lAttenuation: i32,
        /// `F_WSMP_*`.
        pub fulOptions: u32,
        /// Loops that follow: 0 or 1.
        pub cSampleLoops: u32,
    }

    /// A loop of a wave.
    #[derive(Eq)]
    pub struct WLOOP {
        /// Bytes of this structure.
        pub cbSize: u32,
        /// `WLOOP_TYPE_*`.
        pub ulType: u32,
        /// First frame of the loop.
        pub ulStart: u32,
        /// Frames of the loop.
        pub ulLength: u32,
    }

    /// Start of every download buffer; the offset table follows.
    #[derive(Eq)]
    pub struct DMUS_DOWNLOADINFO {
        /// `DMUS_DOWNLOADINFO_*`.
        pub dwDLType: u32,
        /// The download's id, unique in its port; regions name waves by it.
        pub dwDLId: u32,
        /// Entries of the offset table, at least 1.
        pub dwNumOffsetTableEntries: u32,
        /// Bytes of the whole buffer.
        pub cbSize: u32,
    }

    /// The offset table. Indices of it (`Idx` in names) link the structures of a download, 0 for none.
    #[derive(Eq)]
    pub struct DMUS_OFFSETTABLE {
        /// Bytes from the buffer's start; entry 0 is the main object.
        pub ulOffsetTable: [u32; DMUS_DEFAULT_SIZE_OFFSETTABLE],
    }

    /// Main object of an instrument.
    #[derive(Eq)]
    pub struct DMUS_INSTRUMENT {
        /// Bank MSB << 16 | LSB << 8 | program, bit 31 drums.
        pub ulPatch: u32,
        /// Index of the first [`DMUS_REGION`].
        pub ulFirstRegionIdx: u32,
        /// Index of the articulation of all regions.
        pub ulGlobalArtIdx: u32,
        /// Index of the first [`DMUS_EXTENSIONCHUNK`].
        pub ulFirstExtCkIdx: u32,
        /// Index of the [`DMUS_COPYRIGHT`].
        pub ulCopyrightIdx: u32,
        /// [`DMUS_INSTRUMENT_GM_INSTRUMENT`] or 0.
        pub ulFlags: u32,
    }

    /// A region of an instrument. 72 bytes, the last 16 only if there is a loop.
    #[derive(Eq)]
    pub struct DMUS_REGION {
        /// Keys that the region plays.
        pub RangeKey: RGNRANGE,
        /// Velocities that it plays.
        pub RangeVelocity: RGNRANGE,
        /// [`F_RGN_OPTION_SELFNONEXCLUSIVE`] or 0.
        pub fusOptions: u16,
        /// 1 to 15: regions of the same group cut each other off; 0 for none.
        pub usKeyGroup: u16,
        /// Index of the region's own articulation, which replaces the instrument's.
        pub ulRegionArtIdx: u32,
        /// Index of the next region.
        pub ulNextRegionIdx: u32,
        /// Index of the first [`DMUS_EXTENSIONCHUNK`].
        pub ulFirstExtCkIdx: u32,
        /// The wave that it plays.
        pub WaveLink: WAVELINK,
        /// How it plays the wave.
        pub WSMP: WSMPL,
        /// The loop, if `WSMP` has one.
        pub WLOOP: [WLOOP; 1],
    }

    /// LFO of [`DMUS_ARTICPARAMS`].
    #[derive(Eq)]
    pub struct DMUS_LFOPARAMS {
        /// Frequency, absolute pitch.
        pub pcFrequency: PCENT,
        /// Time to its start, absolute.
        pub tcDelay: TCENT,
        /// Depth of its change of gain.
        pub gcVolumeScale: GCENT,
        /// Depth of its change of pitch.
        pub pcPitchScale: PCENT,
        /// What the modulation wheel adds to the depth of gain.
        pub gcMWToVolume: GCENT,
        /// What the modulation wheel adds to the depth of pitch.
        pub pcMWToPitch: PCENT,
    }

    /// Volume envelope (EG1) of [`DMUS_ARTICPARAMS`].
    #[derive(Eq)]
    pub struct DMUS_VEGPARAMS {
        /// Attack time, absolute.
        pub tcAttack: TCENT,
        /// Decay time from full scale to −96 dB, absolute.
        pub tcDecay: TCENT,
        /// Sustain level, 100 % is full scale.
        pub ptSustain: PERCENT,
        /// Release time from full scale to −96 dB, absolute.
        pub tcRelease: TCENT,
        /// What velocity adds to the attack time.
        pub tcVel2Attack: TCENT,
        /// What the key adds to the decay time.
        pub tcKey2Decay: TCENT,
    }

    /// Pitch envelope (EG2) of [`DMUS_ARTICPARAMS`].
    #[derive(Eq)]
    pub struct DMUS_PEGPARAMS {
        /// Attack time, absolute.
        pub tcAttack: TCENT,
        /// Decay time over the whole range, absolute.
        pub tcDecay: TCENT,
        /// Sustain level, 100 % is the whole range.
        pub ptSustain: PERCENT,
        /// Release time over the whole range, absolute.
        pub tcRelease: TCENT,
        /// What velocity adds to the attack time.
        pub tcVel2Attack: TCENT,
        /// What the key adds to the decay time.
        pub tcKey2Decay: TCENT,
        /// Change of pitch at its peak.
        pub pcRange: PCENT,
    }

    /// The rest of [`DMUS_ARTICPARAMS`].
    #[derive(Eq)]
    pub struct DMUS_MSCPARAMS {
        /// Pan, negative is left.
        pub ptDefaultPan: PERCENT,
    }

    /// Articulation of DLS1 in fixed fields. 80 bytes.
    #[derive(Eq)]
    pub struct DMUS_ARTICPARAMS {
        /// The LFO.
        pub LFO: DMUS_LFOPARAMS,
        /// The volume envelope.
        pub VolEG: DMUS_VEGPARAMS,
        /// The pitch envelope.
        pub PitchEG: DMUS_PEGPARAMS,
        /// Pan.
        pub Misc: DMUS_MSCPARAMS,
    }

    /// Articulation of [`DMUS_DOWNLOADINFO_INSTRUMENT`].
    #[derive(Eq)]
    pub struct DMUS_ARTICULATION {
        /// Index of the [`DMUS_ARTICPARAMS`].
        pub ulArt1Idx: u32,
        /// Index of the first [`DMUS_EXTENSIONCHUNK`].
        pub ulFirstExtCkIdx: u32,
    }

    /// Articulation of [`DMUS_DOWNLOADINFO_INSTRUMENT2`].
    #[derive(Eq)]
    pub struct DMUS_ARTICULATION2 {
        /// Index of the [`CONNECTIONLIST`].
        pub ulArtIdx: u32,
        /// Index of the first [`DMUS_EXTENSIONCHUNK`].
        pub ulFirstExtCkIdx: u32,
        /// Index of the next articulation, which counts too.
        pub ulNextArtIdx: u32,
    }

    /// A chunk that DLS does not know, passed on as it was.
    #[derive(Eq)]
    pub struct DMUS_EXTENSIONCHUNK {
        /// Bytes of the chunk's data.
        pub cbSize: u32,
        /// Index of the next such chunk.
        pub ulNextExtCkIdx: u32,
        /// The chunk's FourCC.
        pub ExtCkID: u32,
        /// The first of the data.
        pub byExtCk: [u8; DMUS_MIN_DATA_SIZE],
    }

    /// Copyright text.
    #[derive(Eq)]
    pub struct DMUS_COPYRIGHT {
        /// Bytes of the text.
        pub cbSize: u32,
        /// The first of the text.
        pub byCopyright: [u8; DMUS_MIN_DATA_SIZE],
    }

    /// Samples of a wave.
    #[derive(Eq)]
    pub struct DMUS_WAVEDATA {
        /// Bytes of the samples.
        pub cbSize: u32,
        /// The first of the samples.
        pub byData: [u8; DMUS_MIN_DATA_SIZE],
    }

    /// Main object of a wave. 32 bytes, 30 from clients that pack it.
    #[derive(Eq)]
    pub struct DMUS_WAVE {
        /// Index of the first [`DMUS_EXTENSIONCHUNK`].
        pub ulFirstExtCkIdx: u32,
        /// Index of the [`DMUS_COPYRIGHT`].
        pub ulCopyrightIdx: u32,
        /// Index of the [`DMUS_WAVEDATA`].
        pub ulWaveDataIdx: u32,
        /// Format: PCM, mono, 8 or 16 bits.
        pub WaveformatEx: WAVEFORMATEX,
    }
}

/// Entries of the offset table as declared; a download has as many as it says.
pub const DMUS_DEFAULT_SIZE_OFFSETTABLE: usize = 1;
/// Bytes of data as declared; a structure has as many as it says.
pub const DMUS_MIN_DATA_SIZE: usize = 4;
/// Type of download: an instrument with articulations in fixed fields.
pub const DMUS_DOWNLOADINFO_INSTRUMENT: u32 = 1;
/// Type of download: a wave.
pub const DMUS_DOWNLOADINFO_WAVE: u32 = 2;
/// Type of download: an instrument with lists of connections.
pub const DMUS_DOWNLOADINFO_INSTRUMENT2: u32 = 3;
/// Type of download: articulation of waves that play as voices of their own (DirectX 8).
pub const DMUS_DOWNLOADINFO_WAVEARTICULATION: u32 = 4;
/// Type of download: a piece of such a wave (DirectX 8).
pub const DMUS_DOWNLOADINFO_STREAMINGWAVE: u32 = 5;
/// Type of download: such a wave as a whole (DirectX 8).
pub const DMUS_DOWNLOADINFO_ONESHOTWAVE: u32 = 6;
/// One of a General MIDI set: gives way to another instrument of the same patch.
pub const DMUS_INSTRUMENT_GM_INSTRUMENT: u32 = 1;

/// Bit of a bank: a drum kit.
pub const F_INSTRUMENT_DRUMS: u32 = 0x8000_0000;
/// A note does not cut off a note of the same key.
pub const F_RGN_OPTION_SELFNONEXCLUSIVE: u16 = 1;
/// The others of the phase group follow this region's pitch.
pub const F_WAVELINK_PHASE_MASTER: u16 = 1;
/// `ulChannel` says which output the wave is for.
pub const F_WAVELINK_MULTICHANNEL: u16 = 2;
/// Samples must not be shortened to fewer bits.
pub const F_WSMP_NO_TRUNCATION: u32 = 1;
/// Samples must not be compressed.
pub const F_WSMP_NO_COMPRESSION: u32 = 2;
/// Offset of a cue without a wave.
pub const POOL_CUE_NULL: u32 = 0xFFFF_FFFF;
/// Channel bit: left, or mono.
pub const WAVELINK_CHANNEL_LEFT: u32 = 1;
/// Channel bit: right.
pub const WAVELINK_CHANNEL_RIGHT: u32 = 2;
/// Loops as long as the voice lives.
pub const WLOOP_TYPE_FORWARD: u32 = 0;
/// Loops until the note is released, then plays on.
pub const WLOOP_TYPE_RELEASE: u32 = 1;

/// Source: constant 1.
pub const CONN_SRC_NONE: u16 = 0x000;
/// Source: the modulation LFO.
pub const CONN_SRC_LFO: u16 = 0x001;
/// Source: velocity of the Note On.
pub const CONN_SRC_KEYONVELOCITY: u16 = 0x002;
/// Source: key of the Note On.
pub const CONN_SRC_KEYNUMBER: u16 = 0x003;
/// Source: volume envelope.
pub const CONN_SRC_EG1: u16 = 0x004;
/// Source: second envelope, of pitch and filter.
pub const CONN_SRC_EG2: u16 = 0x005;
/// Source: pitch bend, 14 bits.
pub const CONN_SRC_PITCHWHEEL: u16 = 0x006;
/// Source: key pressure.
pub const CONN_SRC_POLYPRESSURE: u16 = 0x007;
/// Source: channel pressure.
pub const CONN_SRC_CHANNELPRESSURE: u16 = 0x008;
/// Source: the vibrato LFO.
pub const CONN_SRC_VIBRATO: u16 = 0x009;
/// Source: pressure, MIDI's channel pressure by another name.
pub const CONN_SRC_MONOPRESSURE: u16 = 0x00A;
/// Source: controller 1, modulation wheel.
pub const CONN_SRC_CC1: u16 = 0x081;
/// Source: controller 7, volume.
pub const CONN_SRC_CC7: u16 = 0x087;
/// Source: controller 10, pan.
pub const CONN_SRC_CC10: u16 = 0x08A;
/// Source: controller 11, expression.
pub const CONN_SRC_CC11: u16 = 0x08B;
/// Source: controller 91, reverb send.
pub const CONN_SRC_CC91: u16 = 0x0DB;
/// Source: controller 93, chorus send.
pub const CONN_SRC_CC93: u16 = 0x0DD;
/// Source: RPN 0, pitch bend range.
pub const CONN_SRC_RPN0: u16 = 0x100;
/// Source: RPN 1, fine tuning.
pub const CONN_SRC_RPN1: u16 = 0x101;
/// Source: RPN 2, coarse tuning.
pub const CONN_SRC_RPN2: u16 = 0x102;

/// Destination: none.
pub const CONN_DST_NONE: u16 = 0x000;
/// DLS1's name of [`CONN_DST_GAIN`].
pub const CONN_DST_ATTENUATION: u16 = 0x001;
/// Destination: gain, centibels.
pub const CONN_DST_GAIN: u16 = 0x001;
/// Destination: pitch, cents.
pub const CONN_DST_PITCH: u16 = 0x003;
/// Destination: pan, 0.1 %, negative is left.
pub const CONN_DST_PAN: u16 = 0x004;
/// Destination: the key that regions are chosen by, cents.
pub const CONN_DST_KEYNUMBER: u16 = 0x005;
/// Destination: output to the left loudspeaker.
pub const CONN_DST_LEFT: u16 = 0x010;
/// Destination: output to the right loudspeaker.
pub const CONN_DST_RIGHT: u16 = 0x011;
/// Destination: output to the centre loudspeaker.
pub const CONN_DST_CENTER: u16 = 0x012;
/// Destination: output to the left rear loudspeaker.
pub const CONN_DST_LEFTREAR: u16 = 0x013;
/// Destination: output to the right rear loudspeaker.
pub const CONN_DST_RIGHTREAR: u16 = 0x014;
/// Destination: output to the low frequency loudspeaker.
pub const CONN_DST_LFE_CHANNEL: u16 = 0x015;
/// Destination: chorus send, 0.1 %.
pub const CONN_DST_CHORUS: u16 = 0x080;
/// Destination: reverb send, 0.1 %.
pub const CONN_DST_REVERB: u16 = 0x081;
/// Destination: frequency of the modulation LFO, cents.
pub const CONN_DST_LFO_FREQUENCY: u16 = 0x104;
/// Destination: start of the modulation LFO, time cents.
pub const CONN_DST_LFO_STARTDELAY: u16 = 0x105;
/// Destination: frequency of the vibrato LFO, cents.
pub const CONN_DST_VIB_FREQUENCY: u16 = 0x114;
/// Destination: start of the vibrato LFO, time cents.
pub const CONN_DST_VIB_STARTDELAY: u16 = 0x115;
/// Destination: attack of the volume envelope, time cents.
pub const CONN_DST_EG1_ATTACKTIME: u16 = 0x206;
/// Destination: decay of the volume envelope, time cents.
pub const CONN_DST_EG1_DECAYTIME: u16 = 0x207;
/// Destination: release of the volume envelope, time cents.
pub const CONN_DST_EG1_RELEASETIME: u16 = 0x209;
/// Destination: sustain of the volume envelope, 0.1 %.
pub const CONN_DST_EG1_SUSTAINLEVEL: u16 = 0x20A;
/// Destination: delay of the volume envelope, time cents.
pub const CONN_DST_EG1_DELAYTIME: u16 = 0x20B;
/// Destination: hold of the volume envelope, time cents.
pub const CONN_DST_EG1_HOLDTIME: u16 = 0x20C;
/// Destination: release of the volume envelope when a note is cut off, time cents.
pub const CONN_DST_EG1_SHUTDOWNTIME: u16 = 0x20D;
/// Destination: attack of the second envelope, time cents.
pub const CONN_DST_EG2_ATTACKTIME: u16 = 0x30A;
/// Destination: decay of the second envelope, time cents.
pub const CONN_DST_EG2_DECAYTIME: u16 = 0x30B;
/// Destination: release of the second envelope, time cents.
pub const CONN_DST_EG2_RELEASETIME: u16 = 0x30D;
/// Destination: sustain of the second envelope, 0.1 %.
pub const CONN_DST_EG2_SUSTAINLEVEL: u16 = 0x30E;
/// Destination: delay of the second envelope, time cents.
pub const CONN_DST_EG2_DELAYTIME: u16 = 0x30F;
/// Destination: hold of the second envelope, time cents.
pub const CONN_DST_EG2_HOLDTIME: u16 = 0x310;
/// Destination: cutoff of the low-pass filter, cents; 0x7FFFFFFF is no filter.
pub const CONN_DST_FILTER_CUTOFF: u16 = 0x500;
/// Destination: resonance of the filter, centibels.
pub const CONN_DST_FILTER_Q: u16 = 0x501;

/// Transform: linear.
pub const CONN_TRN_NONE: u16 = 0;
/// Transform: concave, slow at first.
pub const CONN_TRN_CONCAVE: u16 = 1;
/// Transform: convex, fast at first.
pub const CONN_TRN_CONVEX: u16 = 2;
/// Transform: 0 below the middle, 1 from there on.
pub const CONN_TRN_SWITCH: u16 = 3;

/// Opcode of chunk `cdl `, like those below: takes X from the stack, Y from below it, pushes X AND Y, bit by bit.
pub const DLS_CDL_AND: u16 = 0x01;
/// Opcode: X OR Y, bit by bit.
pub const DLS_CDL_OR: u16 = 0x02;
/// Opcode: X XOR Y, bit by bit.
pub const DLS_CDL_XOR: u16 = 0x03;
/// Opcode: X + Y.
pub const DLS_CDL_ADD: u16 = 0x04;
/// Opcode: X − Y.
pub const DLS_CDL_SUBTRACT: u16 = 0x05;
/// Opcode: X × Y.
pub const DLS_CDL_MULTIPLY: u16 = 0x06;
/// Opcode: X / Y.
pub const DLS_CDL_DIVIDE: u16 = 0x07;
/// Opcode: neither is 0.
pub const DLS_CDL_LOGICAL_AND: u16 = 0x08;
/// Opcode: not both are 0.
pub const DLS_CDL_LOGICAL_OR: u16 = 0x09;
/// Opcode: X < Y.
pub const DLS_CDL_LT: u16 = 0x0A;
/// Opcode: X ≤ Y.
pub const DLS_CDL_LE: u16 = 0x0B;
/// Opcode: X > Y.
pub const DLS_CDL_GT: u16 = 0x0C;
/// Opcode: X ≥ Y.
pub const DLS_CDL_GE: u16 = 0x0D;
/// Opcode: X = Y.
pub const DLS_CDL_EQ: u16 = 0x0E;
/// Opcode: X is 0.
pub const DLS_CDL_NOT: u16 = 0x0F;
/// Opcode: pushes the `u32` that follows.
pub const DLS_CDL_CONST: u16 = 0x10;
/// Opcode: pushes the value of the `DLSID` that follows, 0 if it is not known.
pub const DLS_CDL_QUERY: u16 = 0x11;
/// Opcode: pushes whether the `DLSID` that follows is known.
pub const DLS_CDL_QUERYSUPPORTED: u16 = 0x12;
