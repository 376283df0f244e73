// SPDX-License-Identifier: MIT OR Apache-2.0
//! One simulated machine with the driver for the whole process. Each input gets a program of its own, which dies at the end;
//! then exactly as much pool is in use as before.

use crate::dls_download;
use arioso_bank::test_banks;
use arioso_core::ks::arioso::ARIOSO_CONTROL_BANK;
use arioso_core::ks::guid::{
    KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, KSDATAFORMAT_SUBTYPE_MIDI,
    KSDATAFORMAT_SUBTYPE_PCM, KSPROPSETID_Audio,
};
use arioso_core::ks::ks::{KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT, KSSTATE_RUN};
use arioso_core::ks::ksmedia::{KSPROPERTY_AUDIO_MUTE, KSPROPERTY_AUDIO_VOLUMELEVEL};
use conformance::connect::SampleFormat;
use conformance::events::{EventBuffer, MusicBuffer, write};
use conformance::filter::{Filter, subdevice};
use conformance::property::Property;
use conformance::read::read;
use conformance::rt_audio::{RtStream, is_capture};
use conformance::wave::{WavePath, is_wave_output};
use conformance::{Client, connect, settings, synth};
use simkernel::bugcheck;
use simkernel::client::{ClientOptions, SimClient};
use simkernel::modules::pcm_sink::Keep;
use simkernel::nt::{POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING};
use simkernel::registry::{self, Value};
use simkernel::system::{AudioOptions, Device, FileData, Options, System};
use std::cell::RefCell;
use std::ops::Range;
use std::path::PathBuf;

const SERVICE: &str = "Arioso";
const PARAMETERS: &str =
    "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\Arioso\\Parameters";
/// The bank of an input that brings one.
const BANK: &str = "\\??\\C:\\input.dls";
/// Output rate.
pub const RATE: u32 = 44_100;
/// 100 ns.
pub const MILLISECOND: i64 = 10_000;

struct Machine {
    system: System,
    device: Device,
    pins: Pins,
    /// Pool bytes while nobody uses the driver, and allocations until then.
    level: (usize, u64),
}

/// Ids of the synthesizer's pins, and of the endpoint's.
#[derive(Clone, Copy)]
pub struct Pins {
    /// MIDI and DirectMusic in.
    pub music: u32,
    /// The synthesizer's samples.
    pub wave: u32,
    /// What the music pins receive.
    pub capture: u32,
    /// The endpoint's pin, of the wave filter.
    pub endpoint: u32,
}

/// The driver's filters.
#[derive(Clone, Copy)]
pub enum Subdevice {
    /// The synthesizer.
    Synth,
    /// The endpoint's samples.
    Wave,
    /// The endpoint's volume and mute.
    Topology,
    /// The MIDI port.
    Cable,
}

impl Subdevice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Synth, Self::Wave, Self::Topology, Self::Cable];

    /// Opens it. Panics if that fails: it is always there.
    pub fn open(self, client: &mut SimClient) -> Filter<SimClient> {
        let name = match self {
            Self::Synth => "synth",
            Self::Wave => "wave",
            Self::Topology => "topology",
            Self::Cable => "cable",
        };
        subdevice(client, name).expect("the filter opens")
    }
}

/// The cable's pins: what is written to the first is read at the last, and at the second what is written to the third.
pub mod cable {
    /// What is written to end A.
    pub const A_IN: u32 = 0;
    /// What is read at end A.
    pub const A_OUT: u32 = 1;
    /// What is written to end B.
    pub const B_IN: u32 = 2;
    /// What is read at end B.
    pub const B_OUT: u32 = 3;
}

/// Volume node of the topology filter.
pub const VOLUME_NODE: u32 = 0;
/// Mute node of the topology filter.
pub const MUTE_NODE: u32 = 1;

thread_local! {
    static MACHINE: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

fn image_file() -> PathBuf {
    match std::env::var_os("ARIOSO_SYS") {
        Some(path) => path.into(),
        None => PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../target/driver/x64/release/arioso.sys"
        )),
    }
}

impl Machine {
    fn boot() -> Self {
        // libFuzzer keeps the input of an abort, not of an exit.
        bugcheck::on_stop(std::process::abort);
        let mut system = System::boot(Options {
            parameters: vec![
                ("Voices".into(), Value::dword(32)),
                // End A of the cable plays; end B does not.
                ("CableSynth".into(), Value::dword(1)),
            ],
            strict: true,
            // All of it is looked at after each input.
            watched_pool: 512 << 10,
            echo: false,
            audio: AudioOptions {
                keep: Keep::Hash,
                ..AudioOptions::default()
            },
            ..Options::default()
        });
        let image = image_file();
        assert!(
            image.is_file(),
            "no {}: run `cargo xtask build`",
            image.display()
        );
        system
            .load_driver(SERVICE, &image)
            .expect("the driver loads");
        let device = system.add_root_device(SERVICE).expect("AddDevice");
        assert_eq!(system.start(device), 0, "IRP_MN_START_DEVICE");
        let mut client = system.client(ClientOptions::default());
        let (filter, music) = find(&mut client);
        let pins = filter.pins(&mut client).expect("pins");
        let wave = pins.iter().find(|pin| is_wave_output(pin));
        let capture = pins
            .iter()
            .find(|pin| pin.flow == KSPIN_DATAFLOW_OUT && pin.takes(&KSDATAFORMAT_SUBTYPE_MIDI));
        let recorder = Subdevice::Wave.open(&mut client);
        let endpoint = recorder.pins(&mut client).expect("pins");
        let endpoint = endpoint
            .iter()
            .find(|pin| is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM));
        let pins = Pins {
            music,
            wave: wave.expect("a wave pin").id,
            capture: capture.expect("a capture pin").id,
            endpoint: endpoint.expect("the endpoint's pin").id,
        };
        drop(client);
        let mut machine = Self {
            system,
            device,
            pins,
            level: (0, 0),
        };
        machine.warm_up();
        machine
    }

    /// Everything once: what is made at its first use and kept is there from now on.
    fn warm_up(&mut self) {
        let mut client = self.system.client(ClientOptions::default());
        let (filter, music) = find(&mut client);
        let wave = WavePath::open(&mut client, &filter, self.pins.wave, RATE);
        let mut wave = wave.expect("a wave pin");
        wave.run(&mut client).expect("the wave pin runs");
        let pin = filter.direct_music_pin(&mut client, music).expect("a pin");
        for buffer in dls_download::buffers() {
            synth::download(&mut client, pin.handle, &buffer).expect("a download");
        }
        let capture = connect::direct_music(self.pins.capture);
        let mut capture = filter
            .create_pin(&mut client, &capture, None)
            .expect("a capture pin");
        let cable = Subdevice::Cable.open(&mut client);
        let ends = [cable::A_IN, cable::B_OUT].map(|pin| {
            let mut pin = cable.midi_pin(&mut client, pin).expect("an end");
            pin.set_state(&mut client, KSSTATE_RUN).expect("it runs");
            pin
        });
        capture
            .set_state(&mut client, KSSTATE_RUN)
            .expect("it runs");
        let reads = [capture.handle, ends[1].handle].map(|pin| read(&mut client, pin, 64));
        let mut buffer = MusicBuffer::default();
        buffer.push(0, &[0x90, 60, 100]);
        write(&mut client, ends[0].handle, 0, buffer.bytes())
            .wait(&mut client)
            .expect("the cable takes it");
        let recorder = Subdevice::Wave.open(&mut client);
        let format = SampleFormat::pcm(RATE, 16);
        let mut stream = RtStream::open(&mut client, &recorder, self.pins.endpoint, format)
            .expect("the endpoint");
        stream
            .allocate_notified(&mut client, 4096, 2)
            .expect("a buffer");
        stream.register_event(&mut client).expect("an event");
        stream
            .set_state(&mut client, KSSTATE_RUN)
            .expect("the endpoint runs");
        client.sleep(100 * MILLISECOND);
        for read in reads {
            let _ = read.cancel(&mut client);
        }
        reset_levels(&mut client);
        let handle = filter.handle;
        for bank in [Some(test_banks::dc(RATE)), None] {
            name_bank(&mut self.system, bank);
            settings::control(&mut client, handle, ARIOSO_CONTROL_BANK).expect("it is read");
        }
        drop(client);
        self.settle();
        self.level = (self.system.verdict().pool, self.system.pool_allocations());
    }

    /// Lets the driver's own work end.
    fn settle(&mut self) {
        self.system.run_for(100 * MILLISECOND);
    }
}

/// Selects a patch and holds a note of it, at a time; the channel: that of drums for a kit.
pub fn push_note(buffer: &mut EventBuffer, at: i64, patch: u32, key: u8, velocity: u8) -> u8 {
    let channel = if patch >> 31 != 0 { 9 } else { 0 };
    let byte = |shift: u32| (patch >> shift) as u8 & 0x7F;
    buffer.push(at, 1, &[0xB0 | channel, 0, byte(16)]);
    buffer.push(at, 1, &[0xB0 | channel, 32, byte(8)]);
    buffer.push(at, 1, &[0xC0 | channel, byte(0)]);
    buffer.push(at, 1, &[0x90 | channel, key, velocity]);
    channel
}

/// The synthesizer and its music pin's id.
pub fn find(client: &mut SimClient) -> (Filter<SimClient>, u32) {
    Filter::find(client, &KSCATEGORY_SYNTHESIZER, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
    })
    .expect("the synthesizer")
}

/// The endpoint's volume and mute as they are after the start: they are the device's, and stay when a program ends.
fn reset_levels(client: &mut SimClient) {
    let filter = Subdevice::Topology.open(client);
    for (node, id) in [
        (VOLUME_NODE, KSPROPERTY_AUDIO_VOLUMELEVEL),
        (MUTE_NODE, KSPROPERTY_AUDIO_MUTE),
    ] {
        // All channels.
        let channel = [(-1i32).to_le_bytes(), [0; 4]].concat();
        Property::of_node(KSPROPSETID_Audio, id, node)
            .with(&channel)
            .set(client, filter.handle, 0i32)
            .expect("a level can be set");
    }
    filter.close(client);
}

fn name_bank(system: &mut System, file: Option<Vec<u8>>) {
    match file {
        Some(file) => {
            system.put_file(BANK, FileData::Bytes(file.into()));
            registry::set(PARAMETERS, "BankPath", Value::text(BANK));
        }
        None => registry::remove(PARAMETERS, "BankPath"),
    }
}

/// What a driver may come to lack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lack {
    /// Memory: one of its allocations fails.
    Memory,
    /// Anything else: a call of the kernel or of a port that can fail does.
    Calls,
}

/// What an input does to the machine besides its program's requests.
pub struct Hand<'a> {
    system: &'a mut System,
    device: Device,
    /// Somebody may have turned the endpoint's controls.
    pub turned: bool,
}

impl Hand<'_> {
    /// Timers and DPCs come that much later (100 ns).
    pub fn stall(&mut self, time: i64) {
        self.system.stall(time);
    }

    /// The machine sleeps for some time (100 ns) and wakes.
    pub fn doze(&mut self, time: i64) {
        for state in [POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING] {
            assert_eq!(self.system.set_system_power(self.device, state), 0);
            if state == POWER_SYSTEM_SLEEPING3 {
                self.system.run_for(time);
            }
        }
    }

    /// The driver's n-th allocation from now on fails (1-based); `None`: none does.
    pub fn starve(&mut self, n: Option<u64>) {
        self.system.fail_allocation(n);
    }

    /// The n-th thing of this kind fails from now on (1-based); `None`: none does.
    pub fn fail(&mut self, lack: Lack, n: Option<u64>) {
        match lack {
            Lack::Memory => self.system.fail_allocation(n),
            Lack::Calls => self.system.fail_call(n),
        }
    }

    /// How many of them there were.
    pub fn counted(&self, lack: Lack) -> u64 {
        match lack {
            Lack::Memory => self.system.allocations(),
            Lack::Calls => self.system.fallible_calls(),
        }
    }

    /// Bytes of pool in use.
    pub fn pool(&mut self) -> usize {
        self.system.verdict().pool
    }

    /// The bank that [`Hand::name_bank`] left is named, or no more.
    pub fn mention_bank(&mut self, is_named: bool) {
        if is_named {
            registry::set(PARAMETERS, "BankPath", Value::text(BANK));
        } else {
            registry::remove(PARAMETERS, "BankPath");
        }
    }

    /// A file is there, and named as the bank; `None`: no bank is named.
    pub fn name_bank(&mut self, file: Option<&[u8]>) {
        name_bank(self.system, file.map(<[u8]>::to_vec));
    }
}

/// Opens the filter for a new program and gives both to `work`. The program ends with everything that it has open as it is.
///
/// `seed` decides which of equal threads goes first, so that an input has its outcome in itself.
pub fn with_client(
    seed: u64,
    wow64: bool,
    work: impl FnOnce(&mut Hand, &mut SimClient, Filter<SimClient>, Pins),
) {
    MACHINE.with_borrow_mut(|machine| {
        let machine = machine.get_or_insert_with(Machine::boot);
        machine.system.reseed(seed);
        let mut client = machine.system.client(ClientOptions {
            wow64,
            ..ClientOptions::default()
        });
        let filter = Subdevice::Synth.open(&mut client);
        let mut hand = Hand {
            system: &mut machine.system,
            device: machine.device,
            turned: false,
        };
        work(&mut hand, &mut client, filter, machine.pins);
        let turned = hand.turned;
        machine.system.fail_allocation(None);
        machine.system.fail_call(None);
        if turned {
            reset_levels(&mut client);
        }
        drop(client);
        machine.settle();
        let verdict = machine.system.verdict();
        assert!(verdict.is_clean(), "{verdict}");
        assert_eq!(machine.system.requests(), 0, "requests are left");
        assert_eq!(
            machine.system.open_files(machine.device),
            0,
            "files are left open"
        );
        let (level, since) = machine.level;
        assert!(
            verdict.pool == level,
            "{} bytes of pool are in use, {level} at the start; allocated since then:\n{}",
            verdict.pool,
            machine.system.pool_since(since).join("\n")
        );
    });
}

/// The counters of the image's edges, a byte for each, and the table of where they are, if the image has them
/// (`cargo xtask build --coverage`). They stay where they are.
pub fn edges() -> Option<[Range<usize>; 2]> {
    with_system(|system| {
        Some([
            system.section(SERVICE, ".SCOV")?,
            system.section(SERVICE, ".SCOVP")?,
        ])
    })
}

/// Where the image lies.
pub fn image() -> Range<usize> {
    with_system(|system| system.image(SERVICE).expect("the driver is loaded"))
}

fn with_system<R>(work: impl FnOnce(&System) -> R) -> R {
    MACHINE.with_borrow_mut(|machine| work(&machine.get_or_insert_with(Machine::boot).system))
}
