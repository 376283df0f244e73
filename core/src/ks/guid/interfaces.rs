// SPDX-License-Identifier: MIT OR Apache-2.0
//! Interfaces and classes of PortCls and DirectMusic (`punknown.h`, `portcls.h`, `dmusicks.h`).

use super::guids;

guids! {
    /// `IUnknown`: identity and reference count of every object (`punknown.h`).
    IID_IUnknown = 0x00000000_0000_0000_C000_000000000046;
    /// `IPort`: what all ports have (`portcls.h`).
    IID_IPort = 0xB4C90A25_5791_11D0_86F9_00A0C911B544;
    /// `IMiniport`: what all miniports have (`portcls.h`).
    IID_IMiniport = 0xB4C90A24_5791_11D0_86F9_00A0C911B544;
    /// `IResourceList`: the resources that PnP assigned (`portcls.h`).
    IID_IResourceList = 0x22C6AC60_851B_11D0_9A7F_00AA0038ACFE;
    /// `IDmaChannel`: a DMA channel and its buffer; not for a software device (`portcls.h`).
    IID_IDmaChannel = 0x22C6AC61_851B_11D0_9A7F_00AA0038ACFE;
    /// `IInterruptSync`: an interrupt and its service routines; not for a software device (`portcls.h`).
    IID_IInterruptSync = 0x22C6AC63_851B_11D0_9A7F_00AA0038ACFE;
    /// `IServiceSink`: what a service group calls (`portcls.h`).
    IID_IServiceSink = 0x22C6AC64_851B_11D0_9A7F_00AA0038ACFE;
    /// `IServiceGroup`: calls its members from a DPC (`portcls.h`).
    IID_IServiceGroup = 0x22C6AC65_851B_11D0_9A7F_00AA0038ACFE;
    /// `IRegistryKey`: an open key (`portcls.h`).
    IID_IRegistryKey = 0xE8DA4302_F304_11D0_958B_00C04FB925D3;
    /// `IMusicTechnology`: of a miniport, to change the technology of its music ranges (`portcls.h`).
    IID_IMusicTechnology = 0x80396C3C_CBCB_409B_9F65_4F1E7467CDAF;
    /// `IUnregisterSubdevice`: of a port, to take a subdevice away (`portcls.h`).
    IID_IUnregisterSubdevice = 0x16738177_E199_41F9_9A87_ABB2A5432F21;
    /// `IUnregisterPhysicalConnection`: of a port, to take a connection of two filters away (`portcls.h`).
    IID_IUnregisterPhysicalConnection = 0x6C38E231_2A0D_428D_81F8_07CC428BB9A4;
    /// `IPortEvents`: of a port, to tell clients of events (`portcls.h`).
    IID_IPortEvents = 0xA80F29C4_5498_11D2_95D9_00C04FB925D3;
    /// `IPortClsVersion`: of a port, which Windows it is (`portcls.h`).
    IID_IPortClsVersion = 0x7D89A7BB_869B_4567_8DBE_1E168CC853DE;
    /// `IPinCount`: of a miniport, numbers of pin instances that change (`portcls.h`).
    IID_IPinCount = 0x5DADB7DC_A2CB_4540_A4A8_425EE4AE9051;
    /// `IPinName`: of a miniport, names of its pins (`portcls.h`).
    IID_IPinName = 0x29CC9AB1_E89D_413C_B6B2_F6D50005D063;
    /// `IPowerNotify`: of a miniport, to hear of power changes (`portcls.h`).
    IID_IPowerNotify = 0x3DD648B8_969F_11D1_95A9_00C04FB925D3;
    /// `IDrmPort`: of a port, content ids and rights of protected streams (`portcls.h`).
    IID_IDrmPort = 0x286D3DF8_CA22_4E2E_B9BC_20B4F0E201CE;
    /// `IPreFetchOffset`: of a wave stream of the port, how far ahead the device reads (`portcls.h`).
    IID_IPreFetchOffset = 0x7000F480_ED44_4E8B_B38A_412F8D7A504D;
    /// `IPortWMIRegistration`: of a port, to be a provider of WMI (`portcls.h`).
    IID_IPortWMIRegistration = 0xD80B18E7_804C_4E1E_82D3_2461EC06E7C7;

    /// `IAdapterPowerManagement`: of the adapter, power changes by device state (`portcls.h`).
    IID_IAdapterPowerManagement = 0x793417D0_35FE_11D1_AD08_00A0C90AB1B0;
    /// `IAdapterPowerManagement2`: the same with the machine's state (`portcls.h`).
    IID_IAdapterPowerManagement2 = 0xE0F92E5D_67F5_48EE_B57A_7D1E90C5F43D;
    /// `IAdapterPowerManagement3`: the same with the latency allowed on the way out of D3 (`portcls.h`).
    IID_IAdapterPowerManagement3 = 0xA8C7303E_F80C_4BC9_B2E3_FB2D08BE920F;
    /// `IAdapterPnpManagement`: of the adapter, to take part in a rebalance of resources (`portcls.h`).
    IID_IAdapterPnpManagement = 0x706F2368_4086_47F5_B913_57B76EED1A32;
    /// `IMiniportPnpNotify`: of a miniport, to hear of a stop for a rebalance (`portcls.h`).
    IID_IMiniportPnpNotify = 0x6B735365_9487_464C_93E3_FA2C6391D5A4;

    /// `IPortClsPower`: of a port, to register the adapter for power changes (`portcls.h`).
    IID_IPortClsPower = 0x47BA0351_BC4B_4869_8134_B74FE17852D8;
    /// `IPortClsRuntimePower`: of a port, to hear of power control codes and to send them (`portcls.h`).
    IID_IPortClsRuntimePower = 0xE057C351_0430_4DBC_B172_C711D40A2373;
    /// `IPortClsPnp`: of a port, to register the adapter for a rebalance (`portcls.h`).
    IID_IPortClsPnp = 0x0485791B_17F5_4B73_902A_20344860B9CA;
    /// `IPortClsEtwHelper`: of a port, to write trace events of audio (`portcls.h`).
    IID_IPortClsEtwHelper = 0x80EF6667_E8B1_4252_AB09_8F6D5EBBD19F;
    /// `IPortClsStreamResourceManager`: of a WaveRT port, threads and interrupts that serve streams (`portcls.h`).
    IID_IPortClsStreamResourceManager = 0xE1CD9915_CAB1_4103_BB2F_7DC09C9BE942;
    /// `IPortClsStreamResourceManager2`: the same for the physical device object that is named (`portcls.h`).
    IID_IPortClsStreamResourceManager2 = 0x0D500BAE_D565_469D_A0E2_F283760D7148;
    /// `IPortClsNotifications`: of a port, to send notifications of audio modules to programs (`portcls.h`).
    IID_IPortClsNotifications = 0x1E092CE2_DB25_483B_8446_B0961215258B;
    /// `IPortClsSubdeviceEx`: of a port, to change the descriptor of a pin (`portcls.h`).
    IID_IPortClsSubdeviceEx = 0xC3D5E80C_7F55_40C5_88B2_6210D0CB2B59;

    /// `IPortMidi`: the MIDI port (`portcls.h`).
    IID_IPortMidi = 0xB4C90A40_5791_11D0_86F9_00A0C911B544;
    /// `IMiniportMidi`: the MIDI port's miniport (`portcls.h`).
    IID_IMiniportMidi = 0xB4C90A41_5791_11D0_86F9_00A0C911B544;
    /// `IMiniportMidiStream`: a stream of that miniport (`portcls.h`).
    IID_IMiniportMidiStream = 0xB4C90A42_5791_11D0_86F9_00A0C911B544;
    /// What `PcNewPort` makes a MIDI port of (`portcls.h`).
    CLSID_PortMidi = 0xB4C90A43_5791_11D0_86F9_00A0C911B544;

    /// `IPortTopology`: the topology port (`portcls.h`).
    IID_IPortTopology = 0xB4C90A30_5791_11D0_86F9_00A0C911B544;
    /// `IMiniportTopology`: the topology port's miniport (`portcls.h`).
    IID_IMiniportTopology = 0xB4C90A31_5791_11D0_86F9_00A0C911B544;
    /// What `PcNewPort` makes a topology port of (`portcls.h`).
    CLSID_PortTopology = 0xB4C90A32_5791_11D0_86F9_00A0C911B544;

    /// `IPortWaveCyclic`: the port of devices with a cyclic buffer, before WaveRT (`portcls.h`).
    IID_IPortWaveCyclic = 0xB4C90A26_5791_11D0_86F9_00A0C911B544;

    /// `IPortWaveRT`: the WaveRT port (`portcls.h`).
    IID_IPortWaveRT = 0x339FF909_68A9_4310_B09B_274E96EE4CBD;
    /// `IPortWaveRTStream`: the port's side of a WaveRT stream (`portcls.h`).
    IID_IPortWaveRTStream = 0x1809CE5A_64BC_4E62_BD7D_95BCE43DE393;
    /// `IMiniportWaveRT`: the WaveRT port's miniport (`portcls.h`).
    IID_IMiniportWaveRT = 0x0F9FC4D6_6061_4F3C_B1FC_075E35F7960A;
    /// `IMiniportWaveRTStream`: a stream of that miniport (`portcls.h`).
    IID_IMiniportWaveRTStream = 0x000AC9AB_FAAB_4F3D_9455_6FF8306A74A0;
    /// `IMiniportWaveRTStreamNotification`: the same with events at parts of the buffer (`portcls.h`).
    IID_IMiniportWaveRTStreamNotification = 0x23759128_96F1_423B_AB4D_81635BCF8CA1;
    /// `IMiniportWaveRTInputStream`: packets of a capture stream (`portcls.h`).
    IID_IMiniportWaveRTInputStream = 0xCD8E756A_5FC7_4624_984B_2AF02925B91F;
    /// `IMiniportWaveRTOutputStream`: packets of a render stream (`portcls.h`).
    IID_IMiniportWaveRTOutputStream = 0x831FC7BC_6347_44BC_B47B_C0C657B5BF73;
    /// What `PcNewPort` makes a WaveRT port of (`portcls.h`).
    CLSID_PortWaveRT = 0xCC9BE57A_EB9E_42B4_94FC_0CAD3DBCE7FA;
    /// `IMiniportAudioEngineNode`: of a WaveRT miniport with an audio engine in hardware (`portcls.h`).
    IID_IMiniportAudioEngineNode = 0x2EBF536C_EF57_4C64_BEDC_25C1A6D668E6;
    /// `IMiniportAudioSignalProcessing`: of a WaveRT miniport, the processing modes of its pins (`portcls.h`).
    IID_IMiniportAudioSignalProcessing = 0xB532678C_BE50_472D_9973_8A6F16594989;

    /// `IPortDMus`: the DMus port (`dmusicks.h`).
    IID_IPortDMus = 0xC096DF9C_FB09_11D1_81B0_0060083316C1;
    /// `IMiniportDMus`: the DMus port's miniport (`dmusicks.h`).
    IID_IMiniportDMus = 0xC096DF9D_FB09_11D1_81B0_0060083316C1;
    /// `IMXF`: a stream or another element of the event path (`dmusicks.h`).
    IID_IMXF = 0xC096DF9E_FB09_11D1_81B0_0060083316C1;
    /// `IAllocatorMXF`: the port's allocator of events (`dmusicks.h`).
    IID_IAllocatorMXF = 0xA5F0D62C_B30F_11D2_B7A3_0060083316C1;
    /// `ISynthSinkDMus`: the wave side of a synthesizer's stream (`dmusicks.h`).
    IID_ISynthSinkDMus = 0x1F476974_679B_11D2_8F7D_00C04FBF8FEF;
    /// What `PcNewPort` makes a DMus port of (`dmusicks.h`).
    CLSID_PortDMus = 0xB7902FE9_FB0A_11D1_81B0_0060083316C1;
    /// What `PcNewMiniport` makes PortCls' own miniport of an MPU-401 of (`dmusicks.h`).
    CLSID_MiniportDriverDMusUART = 0xD3F0CE1C_FFFC_11D1_81B0_0060083316C1;
    /// The same for the capture half alone (`dmusicks.h`).
    CLSID_MiniportDriverDMusUARTCapture = 0xD3F0CE1D_FFFC_11D1_81B0_0060083316C1;
}
