//! One simulated machine with the driver for the whole process. Each input gets a program of its own, which dies at the end;
//! then exactly as much pool is in use as before.

use crate::dls_download;
use arioso_core::ks::guid::{KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC};
use arioso_core::ks::ks::KSPIN_DATAFLOW_IN;
use conformance::Client;
use conformance::filter::Filter;
use conformance::synth;
use conformance::wave::{WavePath, is_wave_output};
use simkernel::bugcheck;
use simkernel::client::{ClientOptions, SimClient};
use simkernel::modules::pcm_sink::Keep;
use simkernel::registry::Value;
use simkernel::system::{AudioOptions, Device, Options, System};
use std::cell::RefCell;
use std::ops::Range;
use std::path::PathBuf;

const SERVICE: &str = "Arioso";
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

/// Ids of the filter's pins.
#[derive(Clone, Copy)]
pub struct Pins {
    pub music: u32,
    pub wave: u32,
}

thread_local! {
    static MACHINE: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

fn image() -> PathBuf {
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
            parameters: vec![("Voices".into(), Value::dword(32))],
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
        let image = image();
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
        let pins = Pins {
            music,
            wave: wave.expect("a wave pin").id,
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
        client.sleep(100 * MILLISECOND);
        drop(client);
        self.settle();
        self.level = (self.system.verdict().pool, self.system.pool_allocations());
    }

    /// Lets the driver's own work end.
    fn settle(&mut self) {
        self.system.run_for(100 * MILLISECOND);
    }
}

/// The synthesizer and its music pin's id.
pub fn find(client: &mut SimClient) -> (Filter<SimClient>, u32) {
    Filter::find(client, &KSCATEGORY_SYNTHESIZER, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
    })
    .expect("the synthesizer")
}

/// Opens the filter for a new program and gives both to `work`. The program ends with everything that it has open as it is.
///
/// `seed` decides which of equal threads goes first, so that an input has its outcome in itself.
pub fn with_client(
    seed: u64,
    wow64: bool,
    work: impl FnOnce(&mut SimClient, Filter<SimClient>, Pins),
) {
    MACHINE.with_borrow_mut(|machine| {
        let machine = machine.get_or_insert_with(Machine::boot);
        machine.system.reseed(seed);
        let mut client = machine.system.client(ClientOptions {
            wow64,
            ..ClientOptions::default()
        });
        let link = client.interfaces(&KSCATEGORY_SYNTHESIZER);
        let filter = Filter::open(&mut client, &link[0]).expect("the filter opens");
        work(&mut client, filter, machine.pins);
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
    MACHINE.with_borrow_mut(|machine| {
        let system = &machine.get_or_insert_with(Machine::boot).system;
        Some([
            system.section(SERVICE, ".SCOV")?,
            system.section(SERVICE, ".SCOVP")?,
        ])
    })
}
