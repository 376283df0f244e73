// SPDX-License-Identifier: MIT OR Apache-2.0
//! Synthesizer property sets and DLS ids (`dmusprop.h`, `dmusicc.h`, `dls2.h`).

use super::guids;

guids! {
    /// Properties of a synthesizer node or pin: volume, capabilities, parameters, statistics (`dmusprop.h`).
    KSPROPSETID_Synth = 0xFEDFAE25_E46E_11D1_AACE_0000F875AC12;
    /// Property of the clock that event times are told in; the DMus port answers it (`dmusprop.h`).
    KSPROPSETID_SynthClock = 0xFEDFAE26_E46E_11D1_AACE_0000F875AC12;
    /// Properties to download and unload DLS instruments and waves (`dmusprop.h`).
    KSPROPSETID_Synth_Dls = 0xD523FA2C_DEE3_11D1_A789_0000F875AC12;

    /// Property set, item 0, get, `BOOL`: a General MIDI set is in the hardware (`dmusicc.h`).
    GUID_DMUS_PROP_GM_Hardware = 0x178F2F24_C364_11D1_A760_0000F875AC12;
    /// Property set, item 0, get, `BOOL`: a Roland GS set is in the hardware (`dmusicc.h`).
    GUID_DMUS_PROP_GS_Hardware = 0x178F2F25_C364_11D1_A760_0000F875AC12;
    /// Property set, item 0, get, `BOOL`: a Yamaha XG set is in the hardware (`dmusicc.h`).
    GUID_DMUS_PROP_XG_Hardware = 0x178F2F26_C364_11D1_A760_0000F875AC12;
    /// Property set, item 0, get, `BOOL`: messages of XG are understood (`dmusicc.h`).
    GUID_DMUS_PROP_XG_Capable = 0x6496ABA1_61B0_11D2_AFA6_00AA0024D8B6;
    /// Property set, item 0, get, `BOOL`: messages of GS are understood (`dmusicc.h`).
    GUID_DMUS_PROP_GS_Capable = 0x6496ABA2_61B0_11D2_AFA6_00AA0024D8B6;
    /// Property set, item 0, get, `BOOL`: DLS level 1 is taken (`dmusicc.h`).
    GUID_DMUS_PROP_DLS1 = 0x178F2F27_C364_11D1_A760_0000F875AC12;
    /// Property set, item 0, get, `BOOL`: DLS level 2 is taken (`dmusicc.h`).
    GUID_DMUS_PROP_DLS2 = 0xF14599E5_4689_11D2_AFA6_00AA0024D8B6;
    /// Property set, item 0, get, `BOOL`: downloads of the type INSTRUMENT2 are taken (`dmusicc.h`).
    GUID_DMUS_PROP_INSTRUMENT2 = 0x865FD372_9F67_11D2_872A_00600893B1BD;
    /// Property set, item 0, get, `u32`: bytes of memory for samples (`dmusicc.h`).
    GUID_DMUS_PROP_MemorySize = 0x178F2F28_C364_11D1_A760_0000F875AC12;
    /// The same value under a second name (`dmusicc.h`).
    GUID_DMUS_PROP_SampleMemorySize = 0x178F2F28_C364_11D1_A760_0000F875AC12;
    /// Property set, item 0, get, `u32`: frames per second of the output (`dmusicc.h`).
    GUID_DMUS_PROP_SamplePlaybackRate = 0x2A91F713_A4BF_11D2_BBDF_00600833DBD8;
    /// Property set, item 0, get and set, value `SYNTH_REVERB_PARAMS`: the reverb (`dmusicc.h`).
    GUID_DMUS_PROP_WavesReverb = 0x04CB5622_32E5_11D2_AFA6_00AA0024D8B6;
    /// Property set, item 0, get and set, `u32` of `SYNTH_EFFECT_*`: which effects are on (`dmusicc.h`).
    GUID_DMUS_PROP_Effects = 0xCDA8D611_684A_11D2_871E_00600893B1BD;
    /// DirectMusic's name of [`KSPROPSETID_Synth`], for its items VOLUME and VOLUMEBOOST (`dmusicc.h`).
    GUID_DMUS_PROP_Volume = 0xFEDFAE25_E46E_11D1_AACE_0000F875AC12;
    /// Property set of user mode's wave sink: milliseconds between write and play cursor (`dmusicc.h`).
    GUID_DMUS_PROP_WriteLatency = 0x268A0FA0_60F2_11D2_AFA6_00AA0024D8B6;
    /// Property set of user mode's wave sink: milliseconds between two of its writes (`dmusicc.h`).
    GUID_DMUS_PROP_WritePeriod = 0x268A0FA1_60F2_11D2_AFA6_00AA0024D8B6;
    /// Property set of user mode's port to a WinMM device: that device's capabilities (`dmusicc.h`).
    GUID_DMUS_PROP_LegacyCaps = 0xCFA7CDC2_00A1_11D2_AAD5_0000F875AC12;

    /// Query of chunk `cdl `: is a General MIDI set in the hardware (`dls2.h`).
    DLSID_GMInHardware = 0x178F2F24_C364_11D1_A760_0000F875AC12;
    /// Query of chunk `cdl `: is a Roland GS set in the hardware (`dls2.h`).
    DLSID_GSInHardware = 0x178F2F25_C364_11D1_A760_0000F875AC12;
    /// Query of chunk `cdl `: is a Yamaha XG set in the hardware (`dls2.h`).
    DLSID_XGInHardware = 0x178F2F26_C364_11D1_A760_0000F875AC12;
    /// Query of chunk `cdl `: is DLS level 1 supported (`dls2.h`).
    DLSID_SupportsDLS1 = 0x178F2F27_C364_11D1_A760_0000F875AC12;
    /// Query of chunk `cdl `: is DLS level 2 supported (`dls2.h`).
    DLSID_SupportsDLS2 = 0xF14599E5_4689_11D2_AFA6_00AA0024D8B6;
    /// Query of chunk `cdl `: bytes of memory for samples (`dls2.h`).
    DLSID_SampleMemorySize = 0x178F2F28_C364_11D1_A760_0000F875AC12;
    /// Query of chunk `cdl `: rate of the output (`dls2.h`).
    DLSID_SamplePlaybackRate = 0x2A91F713_A4BF_11D2_BBDF_00600833DBD8;
    /// Query of chunk `cdl `: the maker's System Exclusive id (`dls2.h`).
    DLSID_ManufacturersID = 0xB03E1181_8095_11D2_A1EF_00600833DBD8;
    /// Query of chunk `cdl `: the product's number, the maker's own (`dls2.h`).
    DLSID_ProductID = 0xB03E1182_8095_11D2_A1EF_00600833DBD8;
}
