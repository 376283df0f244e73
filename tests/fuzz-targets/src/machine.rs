//! One simulated machine with the driver for the whole process. Each input gets a program of its own, which dies at the end;
//! then nothing may be left.

use arioso_core::ks::guid::{KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC};
use arioso_core::ks::ks::KSPIN_DATAFLOW_IN;
use conformance::Client;
use conformance::filter::Filter;
use conformance::wave::is_wave_output;
use simkernel::bugcheck;
use simkernel::client::{ClientOptions, SimClient};
use simkernel::modules::pcm_sink::Keep;
use simkernel::registry::Value;
use simkernel::system::{AudioOptions, Device, Options, System};
use std::cell::RefCell;
use std::path::PathBuf;

const SERVICE: &str = "Arioso";
/// Output rate.
pub const RATE: u32 = 44_100;
/// 100 ns.
pub const MILLISECOND: i64 = 10_000;

/// Bytes that the driver may keep between programs: tables that have grown. What leaks adds up and goes beyond them; that nothing at
/// all is left after the device's removal is for the conformance scenarios to see.
const KEPT: usize = 1 << 20;

struct Machine {
    system: System,
    device: Device,
    /// Pool bytes while nobody uses the driver.
    level: usize,
    pins: Pins,
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
        // What the driver makes once and keeps.
        let pin = filter.direct_music_pin(&mut client, music).expect("a pin");
        pin.close(&mut client).expect("the pin closes");
        drop(client);
        let mut machine = Self {
            system,
            device,
            level: 0,
            pins,
        };
        machine.settle();
        machine.level = machine.system.verdict().pool;
        machine
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
pub fn with_client(wow64: bool, work: impl FnOnce(&mut SimClient, Filter<SimClient>, Pins)) {
    MACHINE.with_borrow_mut(|machine| {
        let machine = machine.get_or_insert_with(Machine::boot);
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
        assert!(
            verdict.pool <= machine.level + KEPT,
            "{} bytes of pool are left",
            verdict.pool - machine.level
        );
    });
}
