// SPDX-License-Identifier: MIT OR Apache-2.0
//! A machine with the driver started, and what scenarios do with it.

use crate::package;
use arioso_core::dls::file::{Collection, Limits};
use arioso_core::ks::guid::{KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC};
use arioso_core::ks::ks::{KSPIN_DATAFLOW_IN, KSSTATE_RUN};
use conformance::bank::Downloads;
use conformance::events::{EventBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::wave::{WavePath, is_wave_output};
use conformance::{Client, Error};
use simkernel::client::{ClientOptions, SimClient, SimHandle};
use simkernel::modules::pcm_sink::{self, Keep};
use simkernel::modules::portcls::wave_sink::{Blocks, Unit, WaveSinkOptions};
use simkernel::modules::{Disconnect, Fill};
use simkernel::nt::{POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING};
use simkernel::registry::{self, Value};
use simkernel::setup::Package;
use simkernel::setup::trace::Trace;
use simkernel::system::{AudioOptions, Device, FileData, Made, Options, System};
use std::path::PathBuf;

/// 100 ns.
pub const SECOND: i64 = 10_000_000;
/// Output rate.
pub const RATE: u32 = 44_100;

pub const SERVICE: &str = "Arioso";
/// Bytes of a kernel stack that the driver may use, of 24 KiB.
const STACK: usize = 10 << 10;
/// Where the driver looks for its default set.
const BANK: &str = "\\SystemRoot\\System32\\drivers\\gm.dls";

/// The service's key for settings.
pub const PARAMETERS: &str =
    "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\Arioso\\Parameters";

/// How the machine differs from the ordinary.
pub struct Setup {
    /// What is installed; else the package under test, with a bank without instruments.
    pub package: Option<Package>,
    /// Another image of the driver.
    pub image: Option<PathBuf>,
    /// What the user has set in the service's Parameters key before.
    pub parameters: Vec<(&'static str, u32)>,
    /// The same, of any type.
    pub values: Vec<(&'static str, Value)>,
    pub blocks: Blocks,
    /// `Render` counts frames.
    pub frames: bool,
    pub drift_ppm: f64,
    /// Calls of the kernel take no time: the driver reads the clock at the very moment that it is told of.
    pub exact: bool,
    pub keep: Keep,
    /// The default set.
    pub bank: Option<Vec<u8>>,
    /// Other files, by NT path.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// Files that are made where they are read, by NT path.
    pub made: Vec<(&'static str, Made)>,
    /// Order and preemption of threads.
    pub seed: u64,
    /// The program is a 32-bit one.
    pub wow64: bool,
    /// The client is a driver, not a program.
    pub kernel: bool,
    /// The port hands long messages out as packages.
    pub packages: bool,
    /// How the port disconnects capture streams.
    pub disconnect: Disconnect,
    /// How much of what was captured the port puts into a buffer.
    pub fill: Fill,
    /// Each pool block ends at an inaccessible page.
    pub special_pool: bool,
    /// A violation stops the machine, which tells its last calls.
    pub strict: bool,
    /// The port's own data intersection knows PCM alone.
    pub pcm_intersection: bool,
    /// The MIDI port waits for notifications.
    pub patient: bool,
    /// By how much the port's master clock is ahead of the performance counter, 100 ns.
    pub clock_ahead: i64,
    /// PE files in place of built-in modules: name, path.
    pub modules: Vec<(String, PathBuf)>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            package: None,
            image: None,
            parameters: Vec::new(),
            values: Vec::new(),
            blocks: Blocks::Fixed(441),
            frames: false,
            drift_ppm: 0.0,
            exact: false,
            keep: Keep::All,
            bank: None,
            files: Vec::new(),
            made: Vec::new(),
            seed: 1,
            wow64: false,
            kernel: false,
            packages: false,
            disconnect: Disconnect::default(),
            fill: Fill::default(),
            special_pool: false,
            strict: false,
            pcm_intersection: false,
            patient: false,
            clock_ahead: 0,
            modules: Vec::new(),
        }
    }
}

pub struct Rig {
    pub client: SimClient,
    pub machine: System,
    /// Bytes of pool before the driver was loaded.
    before: usize,
    /// Bytes of a kernel stack that the driver may use.
    stack_limit: usize,
    /// What there was before the package was installed.
    trace: Trace,
    pub package: Package,
    /// Instance ids of the devices that are installed; the first is the one that is meant.
    pub instances: Vec<String>,
    /// Lines of debug output before the last installation.
    pub printed: usize,
    pub device: Option<Device>,
}

/// The image under test, which `cargo xtask build` leaves.
pub fn image() -> PathBuf {
    match std::env::var_os("ARIOSO_SYS") {
        Some(path) => path.into(),
        None => PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../target/driver/x64/release/arioso.sys"
        )),
    }
}

impl Setup {
    /// Boots, installs the package, starts a device.
    pub fn start(self) -> Rig {
        let mut rig = self.install();
        rig.add();
        rig
    }

    /// Boots and installs the package; no device is started.
    pub fn install(self) -> Rig {
        let numbers = self.parameters.clone();
        let values = self.values.clone();
        let mut rig = self.boot();
        let numbers = numbers.into_iter().map(|(name, v)| (name, Value::dword(v)));
        for (name, value) in numbers.chain(values) {
            registry::set(PARAMETERS, name, value);
        }
        let package = rig.package.clone();
        rig.install(&package).expect("the package is installed");
        rig
    }

    /// Boots; nothing is installed.
    pub fn boot(self) -> Rig {
        let image = self.image.clone().unwrap_or_else(image);
        assert!(
            image.is_file(),
            "no {}: run `cargo xtask build`, with `--profile dev --plant panic` for dev-panic",
            image.display()
        );
        // A build without optimization, or with a bug, keeps to nothing but the stack's end.
        let stack_limit = if self.image.is_some() {
            usize::MAX
        } else {
            STACK
        };
        let mut package = self
            .package
            .unwrap_or_else(|| package::package_with(package::no_instruments()));
        if self.image.is_some() {
            package = package.with("arioso.sys", FileData::Host(image));
        }
        let mut machine = System::boot(Options {
            drift_ppm: self.drift_ppm,
            files: self
                .bank
                .into_iter()
                .map(|bank| (BANK, bank))
                .chain(self.files)
                .map(|(path, bytes)| (path.into(), FileData::Bytes(bytes.into())))
                .chain(
                    self.made
                        .into_iter()
                        .map(|(path, made)| (path.into(), FileData::Made(made))),
                )
                .collect(),
            call_cost_ns: if self.exact {
                0
            } else {
                Options::default().call_cost_ns
            },
            seed: self.seed,
            special_pool: self.special_pool,
            strict: self.strict,
            audio: AudioOptions {
                wave_sink: WaveSinkOptions {
                    blocks: self.blocks,
                    unit: if self.frames {
                        Unit::Frames
                    } else {
                        Unit::Bytes
                    },
                    ..WaveSinkOptions::default()
                },
                keep: self.keep,
                packages: self.packages,
                disconnect: self.disconnect,
                fill: self.fill,
                pcm_intersection: self.pcm_intersection,
                patient: self.patient,
                clock_ahead: self.clock_ahead,
            },
            modules: self.modules,
            ..Options::default()
        });
        let before = machine.verdict().pool;
        let trace = machine.trace();
        let client = machine.client(ClientOptions {
            wow64: self.wow64,
            kernel: self.kernel,
        });
        Rig {
            client,
            machine,
            before,
            stack_limit,
            trace,
            package,
            instances: Vec::new(),
            printed: 0,
            device: None,
        }
    }
}

impl Rig {
    /// Starts the device.
    pub fn add(&mut self) {
        let device = self.machine.start_device(&self.instances[0]);
        self.device = Some(device.expect("the device starts"));
    }

    /// Installs one more device; it is not started.
    pub fn install(&mut self, package: &Package) -> Result<(), String> {
        self.printed = self.machine.debug_output().len();
        let instance = self.machine.install(package, package::HARDWARE_ID)?;
        self.instances.push(instance);
        Ok(())
    }

    /// Installs and starts one more device.
    pub fn add_another(&mut self) {
        let package = self.package.clone();
        self.install(&package).expect("one more device");
        let instance = self.instances.last().expect("the device");
        let device = self.machine.start_device(instance);
        self.device = Some(device.expect("the device starts"));
    }

    /// Makes the device's stack; it is to be started and removed.
    pub fn add_device(&mut self) -> Result<Device, Error> {
        let added = self.machine.add_device(&self.instances[0]);
        added.map_err(|problem| Error::status("AddDevice", problem.status))
    }

    /// Removes the device in good order; it stays installed.
    pub fn remove(&mut self) {
        let device = self.device.take().expect("a device");
        assert_eq!(self.machine.remove(device), 0, "IRP_MN_REMOVE_DEVICE");
    }

    /// A program runs while removal is held up at every `step`th of its calls in turn; `then` looks on when removal is through and the program is
    /// not. How many calls there were.
    pub fn hold_up_removal(
        &mut self,
        step: u64,
        program: impl Fn(&mut SimClient) + Copy + 'static,
        mut then: impl FnMut(&mut Self, u64),
    ) -> u64 {
        let mut held = 0;
        loop {
            let program = self.machine.program("program", program);
            self.sleep(SECOND / 100);
            self.machine.hold("system", held, SECOND / 10);
            self.surprise_remove();
            let came = self.machine.held();
            then(self, held);
            self.machine.finish(&[program]);
            self.remove();
            self.add();
            if !came {
                return held;
            }
            held += step;
        }
    }

    pub fn surprise_remove(&mut self) {
        let device = self.device.expect("a device");
        assert_eq!(
            self.machine.surprise_remove(device),
            0,
            "IRP_MN_SURPRISE_REMOVAL"
        );
    }

    /// The machine sleeps for a minute and has been awake for a second.
    pub fn nap(&mut self) {
        let device = self.device.expect("a device");
        for (state, time) in [
            (POWER_SYSTEM_SLEEPING3, 60 * SECOND),
            (POWER_SYSTEM_WORKING, SECOND),
        ] {
            assert_eq!(self.machine.set_system_power(device, state), 0);
            self.sleep(time);
        }
    }

    pub fn now(&mut self) -> i64 {
        self.client.now()
    }

    pub fn sleep(&mut self, hundred_ns: i64) {
        self.client.sleep(hundred_ns);
    }

    /// Bytes of pool that are in use since the driver was loaded.
    pub fn pool(&mut self) -> usize {
        self.machine.verdict().pool - self.before
    }

    /// The synthesizer and its music pin's id.
    pub fn find_filter(&mut self) -> (Filter<SimClient>, u32) {
        Filter::find(&mut self.client, &KSCATEGORY_SYNTHESIZER, |pin| {
            pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
        })
        .expect("the synthesizer")
    }

    /// A DirectMusic pin, stopped.
    pub fn open_pin(&mut self) -> (Filter<SimClient>, Pin<SimClient>) {
        let (filter, id) = self.find_filter();
        let pin = filter
            .direct_music_pin(&mut self.client, id)
            .expect("a pin");
        (filter, pin)
    }

    /// Another DirectMusic pin of the same filter, stopped.
    pub fn another_pin(&mut self, filter: &Filter<SimClient>) -> Pin<SimClient> {
        let (found, id) = self.find_filter();
        found.close(&mut self.client);
        filter
            .direct_music_pin(&mut self.client, id)
            .expect("a pin")
    }

    /// The wave pin, connected to the renderer.
    pub fn open_wave(&mut self, filter: &Filter<SimClient>) -> WavePath<SimClient> {
        let pins = filter.pins(&mut self.client).expect("pins");
        let id = pins
            .iter()
            .find(|pin| is_wave_output(pin))
            .expect("a wave pin")
            .id;
        WavePath::open(&mut self.client, filter, id, RATE).expect("the wave path")
    }

    pub fn open(&mut self) -> (Filter<SimClient>, Pin<SimClient>, WavePath<SimClient>) {
        let (filter, pin) = self.open_pin();
        let wave = self.open_wave(&filter);
        (filter, pin, wave)
    }

    /// The same, both running.
    pub fn open_running(&mut self) -> (Filter<SimClient>, Pin<SimClient>, WavePath<SimClient>) {
        let (filter, mut pin, mut wave) = self.open();
        self.run(&mut pin, &mut wave);
        (filter, pin, wave)
    }

    fn run(&mut self, pin: &mut Pin<SimClient>, wave: &mut WavePath<SimClient>) {
        wave.run(&mut self.client).expect("the wave path runs");
        pin.set_state(&mut self.client, KSSTATE_RUN)
            .expect("the pin runs");
    }

    /// Writes a buffer and waits until the port has it.
    pub fn write(&mut self, pin: &Pin<SimClient>, buffer: &EventBuffer) {
        write(&mut self.client, pin.handle, buffer.start(), buffer.bytes())
            .wait(&mut self.client)
            .expect("the port takes the buffer");
    }

    /// Messages for group 1, at times from now on (100 ns).
    pub fn play(&mut self, pin: &Pin<SimClient>, messages: &[(i64, &[u8])]) {
        let now = self.now();
        let mut buffer = EventBuffer::new(now);
        for (time, message) in messages {
            buffer.push(now + time, 1, message);
        }
        self.write(pin, &buffer);
    }

    /// Both paths running, with the instruments of a DLS file.
    pub fn running(
        &mut self,
        bank: &[u8],
    ) -> (Filter<SimClient>, Pin<SimClient>, WavePath<SimClient>) {
        let (filter, mut pin, mut wave) = self.open();
        download_bank(&mut self.client, pin.handle, bank);
        self.run(&mut pin, &mut wave);
        (filter, pin, wave)
    }

    /// Closes in good order.
    pub fn close<const N: usize>(
        &mut self,
        filter: Filter<SimClient>,
        pins: [Pin<SimClient>; N],
        wave: Option<WavePath<SimClient>>,
    ) {
        for pin in pins {
            pin.close(&mut self.client).expect("the pin closes");
        }
        if let Some(wave) = wave {
            wave.close(&mut self.client).expect("the wave path closes");
        }
        filter.close(&mut self.client);
    }

    /// The program dies: its handles are closed as they are, in RUN. A new one takes its place.
    pub fn kill_client(&mut self) {
        self.client = self.machine.client(ClientOptions::default());
    }

    /// What has been played since the last call, 16-bit stereo.
    pub fn take_audio(&mut self) -> Vec<[i16; 2]> {
        let bytes = pcm_sink::take();
        bytes
            .chunks_exact(4)
            .map(|f| {
                [
                    i16::from_le_bytes([f[0], f[1]]),
                    i16::from_le_bytes([f[2], f[3]]),
                ]
            })
            .collect()
    }

    /// Removes, unloads, uninstalls: the verifier must have nothing to say, and the machine must be as it was.
    pub fn finish(mut self) {
        self.remove();
        self.machine.unload(SERVICE).expect("the driver unloads");
        self.uninstall();
        self.clean();
    }

    /// The verifier must have nothing to say.
    pub fn clean(&mut self) {
        let verdict = self.machine.verdict();
        assert!(verdict.is_clean(), "{verdict}");
        assert_eq!(verdict.pool, self.before, "bytes of pool are left");
        // PnP, the bus and PortCls have their frames on the same 24 KiB.
        let used = self.machine.stack_use();
        assert!(
            used.bytes <= self.stack_limit,
            "{} bytes of a {}'s stack are used; the deepest call: {:#?}",
            used.bytes,
            used.context,
            used.call
        );
    }

    /// Takes devices and package away; nothing may be left of them.
    pub fn uninstall(&mut self) {
        for instance in self.instances.drain(..) {
            let removed = self.machine.remove_device(&instance);
            removed.expect("the device goes");
        }
        for published in self.machine.drivers() {
            let deleted = self.machine.delete_driver(&published, false);
            deleted.expect("the package goes");
        }
        let left = self.machine.trace().since(&self.trace);
        assert!(left.is_empty(), "left by the installation: {left:#?}");
    }
}

/// Downloads every instrument of a DLS file under its own patch.
pub fn download_bank(client: &mut SimClient, pin: SimHandle, file: &[u8]) -> Downloads {
    let mut downloads = Downloads::default();
    download(client, pin, &mut downloads, file, Some);
    downloads
}

/// Downloads the instruments for which `number` has a patch.
pub fn download(
    client: &mut SimClient,
    pin: SimHandle,
    downloads: &mut Downloads,
    file: &[u8],
    number: impl Fn(u32) -> Option<u32>,
) {
    let collection = Collection::parse(file, Limits::default().answers).expect("a DLS file");
    for instrument in collection.instruments() {
        let Some(patch) = number(instrument.patch()) else {
            continue;
        };
        let sounds = downloads
            .add(client, pin, &collection, &instrument, patch)
            .expect("a download");
        assert!(sounds);
    }
}

/// FNV-1a.
pub fn hash(frames: &[[i16; 2]]) -> u64 {
    frames
        .iter()
        .flatten()
        .flat_map(|sample| sample.to_le_bytes())
        .fold(0xCBF2_9CE4_8422_2325, |h, byte| {
            (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
        })
}
