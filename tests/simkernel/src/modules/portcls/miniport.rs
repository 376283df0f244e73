// SPDX-License-Identifier: MIT OR Apache-2.0
//! The miniport behind a port: which interface it has, and the calls that all kinds have.

use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::portcls::*;

use super::com::{Ref, query_interface};
use crate::guest_call;
use crate::nt::NTSTATUS;

/// A class of ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// CLSID_PortDMus and CLSID_PortMidi: one implementation, for IMiniportDMus and for IMiniportMidi.
    DMus,
    Midi,
    WaveRt,
    Topology,
}

impl Class {
    pub fn of(id: &GUID) -> Option<Class> {
        [
            (CLSID_PortDMus, Class::DMus),
            (CLSID_PortMidi, Class::Midi),
            (CLSID_PortWaveRT, Class::WaveRt),
            (CLSID_PortTopology, Class::Topology),
        ]
        .iter()
        .find(|(class, _)| class == id)
        .map(|&(_, class)| class)
    }

    pub fn interface(self) -> &'static str {
        match self {
            Class::DMus => "IPortDMus",
            Class::Midi => "IPortMidi",
            Class::WaveRt => "IPortWaveRT",
            Class::Topology => "IPortTopology",
        }
    }

    /// Interfaces of the port besides IPort.
    pub fn interfaces(self) -> &'static [GUID] {
        match self {
            Class::DMus | Class::Midi => &[IID_IPortDMus, IID_IPortMidi],
            Class::WaveRt => &[IID_IPortWaveRT],
            Class::Topology => &[IID_IPortTopology],
        }
    }

    /// What a filter descriptor without categories stands for.
    pub fn categories(self) -> &'static [GUID] {
        match self {
            Class::DMus | Class::Midi => &[KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_CAPTURE],
            Class::WaveRt => &[
                KSCATEGORY_AUDIO,
                KSCATEGORY_RENDER,
                KSCATEGORY_CAPTURE,
                KSCATEGORY_REALTIME,
            ],
            Class::Topology => &[KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY],
        }
    }
}

#[derive(Clone)]
pub enum Miniport {
    DMus(Ref<IMiniportDMus>),
    Midi(Ref<IMiniportMidi>),
    WaveRt(Ref<IMiniportWaveRT>),
    Topology(Ref<IMiniportTopology>),
}

impl Miniport {
    /// The interface that the class works with. `None`: the miniport has none.
    ///
    /// # Safety
    /// A live object.
    pub unsafe fn query(class: Class, unknown: *mut IUnknown) -> Option<Miniport> {
        // SAFETY: by the contract.
        unsafe {
            match class {
                Class::DMus | Class::Midi => query_interface(unknown, &IID_IMiniportDMus)
                    .map(Miniport::DMus)
                    .or_else(|| query_interface(unknown, &IID_IMiniportMidi).map(Miniport::Midi)),
                Class::WaveRt => {
                    query_interface(unknown, &IID_IMiniportWaveRT).map(Miniport::WaveRt)
                }
                Class::Topology => {
                    query_interface(unknown, &IID_IMiniportTopology).map(Miniport::Topology)
                }
            }
        }
    }

    /// The slots that all miniports have.
    pub fn base(&self) -> *mut IMiniport {
        match self {
            Miniport::DMus(m) => m.get().cast(),
            Miniport::Midi(m) => m.get().cast(),
            Miniport::WaveRt(m) => m.get().cast(),
            Miniport::Topology(m) => m.get().cast(),
        }
    }

    /// `Init`, with a service group where the interface has one.
    ///
    /// # Safety
    /// The driver's arguments of `IPort::Init`; `port` is the port.
    pub unsafe fn init(
        &self,
        adapter: *mut IUnknown,
        list: *mut IResourceList,
        port: *mut IPortMidi,
        group: *mut *mut IServiceGroup,
    ) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            let status = match self {
                Miniport::DMus(m) => {
                    guest_call!(
                        (*(*m.get()).lpVtbl).Init,
                        m.get(),
                        adapter,
                        list,
                        port,
                        group
                    )
                }
                Miniport::Midi(m) => {
                    guest_call!(
                        (*(*m.get()).lpVtbl).Init,
                        m.get(),
                        adapter,
                        list,
                        port,
                        group
                    )
                }
                Miniport::WaveRt(m) => {
                    guest_call!((*(*m.get()).lpVtbl).Init, m.get(), adapter, list, port)
                }
                Miniport::Topology(m) => {
                    guest_call!((*(*m.get()).lpVtbl).Init, m.get(), adapter, list, port)
                }
            };
            status as NTSTATUS
        }
    }

    /// Releases and tells how many references the object says are left.
    pub fn release(self) -> u32 {
        match self {
            Miniport::DMus(m) => m.release(),
            Miniport::Midi(m) => m.release(),
            Miniport::WaveRt(m) => m.release(),
            Miniport::Topology(m) => m.release(),
        }
    }
}
