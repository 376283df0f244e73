// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine of one device: who renders, what the pins play, which instruments there are.
//!
//! | module | holds |
//! |---|---|
//! | [`state`], [`exchange`] | what every context may touch: who owns the renderer; the command ring, the sample clock, counts |
//! | [`command`], [`next`] | what the owner is told; what there is to do after a round of work |
//! | [`renderer`] | what only the owner touches: the synthesizer and the pins' tracks |
//! | [`pin`], [`handle`] | a pin's queue; what a MIDI pin's stream does with it |
//! | [`output`] | who the owner is |
//! | [`sink`], [`slices`] | the wave sink as owner; the slice timer as owner, for the sink |
//! | [`endpoint`], [`endpoint_stream`] | the endpoint's stream; its timer's DPC as owner |
//! | [`thru`] | what render pins receive, for capture streams |
//! | [`idle`] | nobody listens: channel state is followed, queues are emptied |
//! | [`retire`] | what the owner let go of is freed at `PASSIVE_LEVEL` |
//! | [`bank`], [`loader`] | the default instruments; what is read of them when it is wanted |
//! | [`settings`], [`live`] | the registry, and what of it changes while the device runs |
//!
//! *Owner* is idle, the wave sink, the slice timer or the endpoint. It changes only in `SetState` and close, at `PASSIVE_LEVEL`, after the old owner
//! has left.

mod bank;
mod command;
mod endpoint;
mod endpoint_stream;
mod exchange;
mod handle;
mod idle;
mod live;
mod loader;
mod next;
mod output;
mod pin;
mod renderer;
mod retire;
pub mod settings;
mod sink;
mod slices;
mod state;
mod thru;
mod track;

pub use arioso_core::audio::{Format, Levels, Sample};
pub use endpoint::EndpointHandle;
pub use handle::{EFFECTS, PinHandle};
pub use sink::SinkHandle;
pub use thru::CaptureHandle;

use self::command::Command;
use self::handle::ClientSettings;
use self::idle::Idle;
use self::live::Live;
use self::output::Output;
use self::pin::Pin;
use self::renderer::Renderer;
use self::settings::Settings;
use self::slices::SliceFifo;
use self::state::{EngineState, Owner};
use self::thru::Thru;
use crate::com::event_origin::EventOrigin;
use crate::com::port::{MasterClock, PortStream};
use crate::kernel::driver::Device;
use crate::kernel::irql::Passive;
use crate::kernel::lock::Mutex;
use crate::kernel::timer::LazyTimer;
use crate::kernel::timer::MILLISECOND;
use crate::kernel::{Result, no_memory};
use crate::limits::MIDI_INSTANCES;
use alloc::vec::Vec;
use arioso_core::dls::model::Instrument;
use arioso_core::dls::store::{self, Handle, Store};
use arioso_core::ks::NTSTATUS;
use arioso_core::ks::status::{
    STATUS_DELETE_PENDING, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_UNSUCCESSFUL,
};
use arioso_core::mem::{Shared, TryBox};
use arioso_core::synth::{Parts, VirtualSynth};
use core::sync::atomic::Ordering;

/// Pins, and so virtual synthesizers, at a time: the MIDI pin's instances and the cable.
pub const PINS: usize = MIDI_INSTANCES as usize + 1;
/// Channel groups that a pin may have.
pub const MAX_GROUPS: u16 = 32;
/// Output rate while no wave pin says another.
pub const DEFAULT_RATE: u32 = 44_100;

/// The engine of one device. Streams and the miniport hold it; it goes with the last of them, at `PASSIVE_LEVEL`.
pub struct Engine {
    // The timer goes first: its routine uses the rest.
    idle: LazyTimer<Idle>,
    thru: Thru,
    common: Shared<EngineState>,
    registry: Mutex<PinRegistry>,
    output: Mutex<Output>,
    /// While the slice timer renders.
    slices: Mutex<Option<SliceFifo>>,
    levels: Shared<Levels>,
    /// As they were at start; those that change since then count as `live` has them.
    settings: Settings,
    live: Live,
}

/// What threads agree on.
struct PinRegistry {
    pins: [Option<Shared<Pin>>; PINS],
    store: Store,
    bank_read: bool,
    /// Somebody reads a bank.
    reading: bool,
    sink_open: bool,
    endpoint_open: bool,
}

impl Engine {
    /// Made in steps, so that no stack frame holds all of it.
    #[inline(never)]
    pub fn create(passive: Passive, device: &Device, settings: Settings) -> Result<Shared<Self>> {
        let renderer = Renderer::boxed(passive, &settings)?;
        let common = Self::common(device, renderer, settings.lead)?;
        Self::with(device, common, settings)
    }

    #[inline(never)]
    fn common(
        device: &Device,
        renderer: TryBox<Renderer>,
        lead: u32,
    ) -> Result<Shared<EngineState>> {
        Shared::try_new(EngineState::new(device, renderer, lead)?).map_err(no_memory)
    }

    #[inline(never)]
    fn with(
        device: &Device,
        common: Shared<EngineState>,
        settings: Settings,
    ) -> Result<Shared<Self>> {
        let engine = Self {
            idle: LazyTimer::new(Idle::new(common.clone()))?,
            thru: Thru::new(device)?,
            common,
            registry: Mutex::new(PinRegistry {
                pins: [const { None }; PINS],
                store: Store::new(settings.quotas()),
                bank_read: false,
                reading: false,
                sink_open: false,
                endpoint_open: false,
            })
            .map_err(no_memory)?,
            output: Mutex::new(Output::default()).map_err(no_memory)?,
            slices: Mutex::new(None).map_err(no_memory)?,
            levels: Shared::try_new(Levels::new()).map_err(no_memory)?,
            live: Live::new(&settings)?,
            settings,
        };
        Shared::try_new(engine).map_err(no_memory)
    }

    /// Opens a MIDI pin: a virtual synthesizer of its own, in state STOP.
    pub fn open_pin(
        this: &Shared<Self>,
        passive: Passive,
        origin: EventOrigin,
        clock: Option<MasterClock>,
    ) -> Result<PinHandle> {
        if this.common.is_closed() {
            return Err(STATUS_DELETE_PENDING);
        }
        this.read_bank(passive);
        let pin = Shared::try_new(Pin::new(origin, clock)?).map_err(no_memory)?;
        let track = TryBox::try_new(track::Track::new(pin.clone())?).map_err(no_memory)?;
        let client = ClientSettings::new()
            .and_then(Mutex::new)
            .map_err(no_memory)?;
        let mut port = VirtualSynth::new(1).map_err(no_memory)?;
        let slot = this.registry.with(passive, |registry| {
            port.set_interpolation(this.live.quality());
            let free = registry
                .pins
                .iter_mut()
                .enumerate()
                .find(|(_, p)| p.is_none());
            let (slot, place) = free.ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
            let slot = slot as u8;
            let patches = registry.store.patches(slot).map_err(no_memory)?;
            drop(port.set_patches(patches));
            *place = Some(pin.clone());
            this.send(passive, Command::Attach { slot, track, port });
            Ok::<_, NTSTATUS>(slot)
        })?;
        Ok(PinHandle::new(this.clone(), pin, slot, client))
    }

    /// Opens the wave pin.
    pub fn open_sink(
        this: &Shared<Self>,
        passive: Passive,
        rate: u32,
        clock: Option<MasterClock>,
    ) -> Result<SinkHandle> {
        if this.common.is_closed() {
            return Err(STATUS_DELETE_PENDING);
        }
        this.read_bank(passive);
        this.registry.with(passive, |registry| {
            if registry.sink_open {
                return Err(STATUS_INVALID_DEVICE_REQUEST);
            }
            registry.sink_open = true;
            Ok(())
        })?;
        Ok(SinkHandle::new(this.clone(), passive, rate, clock))
    }

    /// Opens the endpoint's stream; `port` makes its buffer.
    pub fn open_endpoint(
        this: &Shared<Self>,
        passive: Passive,
        port: PortStream,
        format: Format,
    ) -> Result<EndpointHandle> {
        if this.common.is_closed() {
            return Err(STATUS_DELETE_PENDING);
        }
        this.read_bank(passive);
        this.registry.with(passive, |registry| {
            if registry.endpoint_open {
                return Err(STATUS_INVALID_DEVICE_REQUEST);
            }
            let handle = EndpointHandle::new(this.clone(), port, format)?;
            registry.endpoint_open = true;
            Ok(handle)
        })
    }

    /// The endpoint's volume and mute.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The device goes: nobody renders any more, all events go back, streams that are still open fall silent.
    pub fn shut_down(&self, passive: Passive) {
        self.common.closed.store(true, Ordering::SeqCst);
        self.end_output(passive);
        self.common.loader.work().shut_down(passive);
        self.thru.shut_down(passive);
        for slot in 0..PINS {
            let pin = self.registry.with(passive, |registry| {
                registry.pins.get(slot).and_then(Option::clone)
            });
            if let Some(pin) = pin {
                pin.set_state(passive, arioso_core::ks::ks::KSSTATE_STOP);
            }
        }
    }

    /// Whether the cable is heard.
    pub fn plays_cable(&self) -> bool {
        self.live.plays_cable()
    }

    /// What the render pins receive.
    pub fn thru(&self) -> &Thru {
        &self.thru
    }

    /// Output rate in Hz.
    pub fn rate(&self) -> u32 {
        self.common.rate()
    }

    /// Size of the voice pool.
    pub fn voices(&self) -> u32 {
        self.live.voices()
    }

    /// Frees what the owner let go of.
    fn reap(&self, passive: Passive) {
        self.common.reap(passive);
        self.registry
            .with(passive, |registry| registry.store.collect());
    }

    /// Changes the owner; the new one renders at `rate`.
    fn give_to(&self, passive: Passive, owner: Owner, rate: u32) {
        let common = &self.common;
        let pending = self.registry.with(passive, |registry| {
            if owner != Owner::Idle {
                // What became due while nobody listened is history, not a chord.
                idle::catch_up(passive, common);
            }
            common.hand_over(passive, owner, rate);
            registry.pins.iter().flatten().any(|pin| pin.is_pending())
        });
        self.reap(passive);
        if pending {
            self.wake();
        }
    }

    /// Sends a command to the owner. It takes effect at the owner's next block; at once, if nobody listens.
    fn send(&self, passive: Passive, command: Command) {
        if !self.common.send(passive, command) {
            self.wake();
        }
    }

    /// Sets the idle timer: there is something to do. `DISPATCH_LEVEL` or below.
    fn wake(&self) {
        if !self.common.is_closed() {
            idle::arm(&self.common, self.idle.alarm());
        }
    }

    /// Reads the default instruments, once; again if memory ran out over them.
    fn read_bank(&self, passive: Passive) {
        let wanted = self.registry.with(passive, |registry| {
            let wanted = !core::mem::replace(&mut registry.bank_read, true);
            registry.reading |= wanted;
            wanted
        });
        if !wanted {
            return;
        }
        let read = bank::read(passive, &self.settings, self.common.loader.work());
        if self.take_bank(passive, read, false).is_err() {
            debug_line!("no memory for the default instruments");
        }
    }

    /// What was read becomes the default set, and every pin gets it. On failure the set before it stays; `had`: there was one.
    fn take_bank(
        &self,
        passive: Passive,
        read: Result<Vec<Shared<Instrument>>>,
        had: bool,
    ) -> Result {
        self.registry.with(passive, |registry| {
            registry.reading = false;
            let taken = read.and_then(|bank| {
                registry.store.replace_defaults(bank).map_err(no_memory)?;
                self.show_bank(passive, registry)
            });
            if taken.is_err() {
                registry.bank_read = had;
            }
            taken
        })
    }

    /// Shows the default instruments to every pin, also those that were opened while the bank was read.
    fn show_bank(&self, passive: Passive, registry: &mut PinRegistry) -> Result {
        let PinRegistry { pins, store, .. } = registry;
        for (slot, pin) in pins.iter().enumerate() {
            if pin.is_some() {
                let slot = slot as u8;
                let patches = store.patches(slot).map_err(no_memory)?;
                self.send(passive, Command::Patches { slot, patches });
            }
        }
        Ok(())
    }

    /// Takes a download for the pin `slot`; the handle of what it became.
    fn download(&self, passive: Passive, slot: u8, bytes: &[u8]) -> Result<u32> {
        self.change_store(passive, slot, |store| {
            store
                .download(slot, bytes)
                .map(|h| h.0)
                .map_err(store_status)
        })
    }

    /// Drops a download of the pin `slot`.
    fn unload(&self, passive: Passive, slot: u8, download: u32) -> Result {
        self.change_store(passive, slot, |store| {
            store.unload(slot, Handle(download)).map_err(store_status)
        })
    }

    /// Bytes that the pin `slot` may still download.
    fn free_bytes(&self, passive: Passive, slot: u8) -> usize {
        self.registry
            .with(passive, |registry| registry.store.free_bytes(slot))
    }

    /// Changes the store and shows the pin's new instruments to the owner, in the order of the changes.
    fn change_store<T>(
        &self,
        passive: Passive,
        slot: u8,
        change: impl FnOnce(&mut Store) -> Result<T>,
    ) -> Result<T> {
        self.registry.with(passive, |registry| {
            let result = change(&mut registry.store)?;
            // The store has the table ready.
            let patches = registry.store.patches(slot).map_err(no_memory)?;
            self.send(passive, Command::Patches { slot, patches });
            Ok(result)
        })
    }

    /// Sets the number of channel groups of the pin `slot`.
    fn set_groups(&self, passive: Passive, slot: u8, groups: u16) -> Result {
        let parts = Parts::new(groups)
            .and_then(TryBox::try_new)
            .map_err(no_memory)?;
        self.send(passive, Command::Parts { slot, parts });
        Ok(())
    }

    /// Closes the pin `slot`, whose queue is stopped.
    ///
    /// When it returns, nobody but the caller has the pin: the port's allocator and clock go with the stream, not later.
    fn close_pin(&self, passive: Passive, slot: u8, pin: &Shared<Pin>) {
        self.send(passive, Command::Detach { slot });
        self.registry.with(passive, |registry| {
            registry.store.close_port(slot);
            if let Some(place) = registry.pins.get_mut(usize::from(slot)) {
                *place = None;
            }
        });
        self.reap(passive);
        while !Shared::is_only(pin) {
            // The owner may not come for a while; its commands are executed in its place.
            if !self.common.run_commands(self.common.owner()) {
                passive.sleep(MILLISECOND / 10);
            }
            self.reap(passive);
        }
    }
}

/// No memory, or unsuccessful.
fn store_status(error: store::Error) -> NTSTATUS {
    match error {
        store::Error::NoMemory | store::Error::Quota => STATUS_INSUFFICIENT_RESOURCES,
        store::Error::Invalid(_)
        | store::Error::AlreadyDownloaded
        | store::Error::BadWaveLink
        | store::Error::UnknownHandle => STATUS_UNSUCCESSFUL,
    }
}
