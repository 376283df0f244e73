// SPDX-License-Identifier: MIT OR Apache-2.0
//! One device, from start to removal.

use crate::com::notify::EventList;
use crate::com::object::ObjectRef;
use crate::com::port::{PowerRegistration, StartArguments, Subdevice};
use crate::dmus::miniport::Miniport;
use crate::engine::Engine;
use crate::engine::settings::{Settings, wide};
use crate::kernel::driver::Device;
use crate::kernel::irql::Passive;
use crate::kernel::lock::Mutex;
use crate::kernel::wdf::MiniportDevice;
use crate::kernel::{Result, no_memory};
use crate::midi_port::cable::Cable;
use crate::midi_port::miniport as midi_port;
use crate::topology::miniport::Topology;
use crate::wave_rt::miniport::WaveMiniport;
use crate::{dmus, topology, wave_rt};
use arioso_core::ks::AlignedGuid;
use arioso_core::ks::guid::{CLSID_PortDMus, CLSID_PortMidi, CLSID_PortTopology, CLSID_PortWaveRT};
use arioso_core::mem::Shared;

/// The subdevices' names: must equal the reference strings in the INF.
const SYNTH: &[u16] = wide!("Synth\0");
const CABLE: &[u16] = wide!("Cable\0");
const WAVE: &[u16] = wide!("Wave\0");
const TOPOLOGY: &[u16] = wide!("Topology\0");

/// The adapter object. It lives in the device extension from start until the device stops or goes. Streams never refer to it.
pub struct Adapter {
    engine: Shared<Engine>,
    cable: Shared<Cable>,
    /// Of the endpoint's topology.
    events: Shared<EventList>,
    registered: Mutex<Registered>,
}

/// What start registered; fields are released in this order.
#[derive(Default)]
struct Registered {
    power: Option<PowerRegistration>,
    framework: Option<MiniportDevice>,
}

impl Adapter {
    /// `IRP_MN_START_DEVICE`. On failure nothing is left behind that PortCls does not release itself.
    pub fn start(passive: Passive, device: Device, arguments: &StartArguments) -> Result {
        // A device may start again after it was stopped.
        Self::leave(passive, device);
        #[cfg(feature = "planted-panic")]
        crate::plant::panic_on_request(passive, &device.driver());
        let settings = Settings::read(passive, &device.driver());
        let engine = Engine::create(passive, &device, settings)?;
        let cable = Cable::shared(&device, engine.clone())?;
        let adapter = ObjectRef::new(Adapter {
            engine: engine.clone(),
            cable,
            events: Shared::try_new(EventList::new()?).map_err(no_memory)?,
            registered: Mutex::new(Registered::default()).map_err(no_memory)?,
        })?;
        adapter.clone().keep(&device);
        let result = adapter.register(passive, &device, arguments, &adapter);
        if result.is_err() {
            Self::leave(passive, device);
        }
        result
    }

    #[inline(never)]
    fn register(
        &self,
        passive: Passive,
        device: &Device,
        arguments: &StartArguments,
        this: &ObjectRef<Adapter>,
    ) -> Result {
        let framework = MiniportDevice::create(passive, device)?;
        self.registered
            .with(passive, |r| r.framework = Some(framework));
        let power = PowerRegistration::new(passive, this, device)?;
        self.registered.with(passive, |r| r.power = Some(power));
        let miniport = ObjectRef::new(Miniport::new(self.engine.clone(), &dmus::filter::FILTER))?;
        static DMUS: AlignedGuid = CLSID_PortDMus.aligned();
        Subdevice::register(passive, device, arguments, &DMUS, SYNTH, miniport)?;
        static MIDI: AlignedGuid = CLSID_PortMidi.aligned();
        let miniport = ObjectRef::new(midi_port::Miniport::new(self.cable.clone()))?;
        Subdevice::register(passive, device, arguments, &MIDI, CABLE, miniport)?;
        self.register_endpoint(passive, device, arguments)
    }

    /// The audio endpoint: two filters and the wire between them.
    #[inline(never)]
    fn register_endpoint(
        &self,
        passive: Passive,
        device: &Device,
        arguments: &StartArguments,
    ) -> Result {
        let miniport = ObjectRef::new(WaveMiniport::new(self.engine.clone()))?;
        static WAVE_RT: AlignedGuid = CLSID_PortWaveRT.aligned();
        let wave = Subdevice::register(passive, device, arguments, &WAVE_RT, WAVE, miniport)?;
        let miniport = ObjectRef::new(Topology::new(
            self.engine.clone(),
            &topology::filter::FILTER,
            self.events.clone(),
        ))?;
        static LINE: AlignedGuid = CLSID_PortTopology.aligned();
        let topology = Subdevice::register(passive, device, arguments, &LINE, TOPOLOGY, miniport)?;
        let (from, to) = (topology::BRIDGE_PIN, wave_rt::BRIDGE_PIN);
        topology.connect(passive, device, from, &wave, to)
    }

    /// Stop, surprise removal, removal: takes the adapter out of the device extension and releases what start registered. Pins that
    /// are still open fall silent and give back their events. Whether there was anything to do.
    pub fn leave(passive: Passive, device: Device) -> bool {
        let Some(adapter) = ObjectRef::<Adapter>::take_kept(&device) else {
            return false;
        };
        adapter.events.remove(passive);
        adapter.cable.shut_down(passive);
        adapter.engine.shut_down(passive);
        let registered = adapter.registered.with(passive, core::mem::take);
        drop(registered);
        true
    }
}
