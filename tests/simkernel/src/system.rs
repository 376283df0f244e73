// SPDX-License-Identifier: MIT OR Apache-2.0
//! The machine as tests see it.

use crate::client::{ClientOptions, SimClient};
use crate::executive::{self, dbg, disk, io};
use crate::loader::{self, ModuleSource};
use crate::modules::{self, pcm_sink};
use crate::nt::*;
use crate::registry::{self, Value};
use crate::setup::{self, SERVICES};
use crate::{clock, fault, guest, pnp, pool, user, verifier, wdf};
use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use crate::executive::disk::{FileData, Made, Make};
pub use crate::executive::ke::{DpcCost, dpc_cost};
pub use crate::guest::{Choice, Decision, Schedule, StackUse};
pub use crate::modules::AudioOptions;
pub use crate::verifier::Verdict;

/// How a machine is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Decides the order of equal threads and where they are preempted; 0: strict order, no preemption between equals.
    pub seed: u64,
    /// How much faster the audio device's clock runs than the system clock, parts per million.
    pub drift_ppm: f64,
    /// Virtual time that one call of an export takes.
    pub call_cost_ns: u64,
    /// Values of the service's `Parameters` key.
    pub parameters: Vec<(String, Value)>,
    /// Other registry values: key path, name, value.
    pub registry: Vec<(String, String, Value)>,
    /// Files of the simulated disk, by NT path.
    pub files: Vec<(String, FileData)>,
    /// Modules to load from PE files in place of the built-in ones: name (`portcls.sys`), path.
    pub modules: Vec<(String, PathBuf)>,
    /// Every pool block ends at an inaccessible page.
    pub special_pool: bool,
    /// Bytes of freed pool blocks that are watched for writes.
    pub watched_pool: usize,
    /// A violation stops the machine.
    pub strict: bool,
    /// The n-th allocation (1-based) of driver code fails.
    pub fail_allocation: Option<u64>,
    /// Vector registers above XMM hold a pattern while driver code runs, and are looked at: it runs slower so than where they hold nothing.
    pub watched_vectors: bool,
    /// Debug output also goes to stderr.
    pub echo: bool,
    /// The port's wave sink and the audio device behind it.
    pub audio: AudioOptions,
}

/// A program that [`System::program`] has started.
pub struct Program(Rc<Cell<bool>>);

impl Default for Options {
    fn default() -> Self {
        Options {
            seed: 1,
            drift_ppm: 0.0,
            call_cost_ns: 50,
            parameters: Vec::new(),
            registry: Vec::new(),
            files: Vec::new(),
            modules: Vec::new(),
            special_pool: false,
            watched_pool: 4 << 20,
            strict: false,
            fail_allocation: None,
            watched_vectors: true,
            echo: true,
            audio: AudioOptions::default(),
        }
    }
}

struct Loaded {
    service: String,
    /// NT path.
    image: String,
    object: *mut DRIVER_OBJECT,
    base: usize,
    size: usize,
}

/// Why a driver is not loaded.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// No image, or one that cannot be loaded.
    Image(String),
    /// What DriverEntry returned.
    Entry(NTSTATUS),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Image(error) => f.write_str(error),
            LoadError::Entry(status) => write!(f, "DriverEntry returned {status:#010x}"),
        }
    }
}

/// A device whose stack has been made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Device(*mut DEVICE_OBJECT);

impl Device {
    pub(crate) fn of(pdo: *mut DEVICE_OBJECT) -> Self {
        Device(pdo)
    }
}

/// The machine. One per process; it cannot be shut down, only left.
pub struct System {
    options: Options,
    drivers: Vec<Loaded>,
}

thread_local! {
    static BOOTED: Cell<bool> = const { Cell::new(false) };
}

/// As [`SimClient`]'s threads.
const PROGRAM_PRIORITY: i32 = 8;

impl System {
    /// Panics on a second call in one process.
    pub fn boot(options: Options) -> System {
        assert!(!BOOTED.replace(true), "one machine per process");
        fault::initialize();
        user::initialize();
        guest::initialize_vectors(options.watched_vectors);
        guest::initialize(options.seed);
        clock::initialize(options.call_cost_ns);
        pool::initialize(options.special_pool, options.watched_pool);
        verifier::initialize(options.seed, options.strict, options.fail_allocation);
        dbg::OUTPUT.get().echo = options.echo;
        loader::register_kernel();
        loader::register("WDFLDR.SYS", ModuleSource::Builtin(wdf::module()));
        modules::register(&options.audio, options.drift_ppm);
        for (name, path) in &options.modules {
            loader::register(name, ModuleSource::File(path.clone()));
        }
        setup::initialize();
        for (path, data) in &options.files {
            disk::add(path, data.clone());
        }
        for (key, name, value) in &options.registry {
            registry::set(key, name, value.clone());
        }
        let mut system = System {
            options,
            drivers: Vec::new(),
        };
        let loaded = loader::load_files().and_then(|()| system.call(0, loader::initialize));
        if let Err(error) = loaded {
            panic!("a module does not load: {error}");
        }
        system.install_renderer();
        system
    }

    /// The built-in audio device: see [`pcm_sink`].
    fn install_renderer(&mut self) {
        const SERVICE: &str = "PcmSink";
        let status = self.load_host_driver(SERVICE, pcm_sink::driver_entry);
        assert!(status >= 0, "the audio device's driver: {status:#010x}");
        let device = self.add_root_device(SERVICE);
        let status = device.map_or_else(|status| status, |device| self.start(device));
        assert!(status >= 0, "the audio device: {status:#010x}");
    }

    /// Calls the entry point of a driver that is host code.
    pub fn load_host_driver(&mut self, service: &str, entry: PDRIVER_INITIALIZE) -> NTSTATUS {
        let key = format!("{SERVICES}\\{service}");
        registry::create(&format!("{key}\\Parameters"));
        let object = io::new_driver(service, 0, 0);
        let status = self.call(0, move || {
            // SAFETY: the entry point has this signature; the path lives as long as the call.
            unsafe {
                let path = wide(&key);
                let string = UNICODE_STRING::of(&path[..path.len() - 1]);
                guest::call(
                    entry as usize,
                    &[object as usize, &raw const string as usize],
                ) as NTSTATUS
            }
        });
        if status < 0 {
            io::delete_driver(object);
            return status;
        }
        self.drivers.push(Loaded {
            service: service.to_owned(),
            image: String::new(),
            object,
            base: 0,
            size: 0,
        });
        status
    }

    /// A user-mode program.
    pub fn client(&mut self, options: ClientOptions) -> SimClient {
        SimClient::new(options)
    }

    /// What the machine was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Runs `f` in a new thread (of the system process, or of a client: [`executive::ps::PROCESS_64`]) and returns when it is done.
    /// Panics when it never will be, naming what every thread waits for.
    pub fn call<R: 'static>(&mut self, process: usize, f: impl FnOnce() -> R + 'static) -> R {
        let result: Rc<Cell<Option<R>>> = Rc::new(Cell::new(None));
        let done = Rc::new(Cell::new(false));
        let (slot, flag) = (result.clone(), done.clone());
        let context = guest::spawn(
            if process == 0 { "system" } else { "client" },
            9,
            Box::new(move || {
                slot.set(Some(f()));
                flag.set(true);
            }),
        );
        // SAFETY: just made; it has not run.
        unsafe { (*context).process = process };
        let limit = clock::now_ns() + clock::PATIENCE_NS;
        if !guest::run_until(Some(limit), || done.get()) {
            panic!(
                "a call did not come back; threads: {:?}",
                guest::describe_threads()
            );
        }
        match result.take() {
            Some(r) => r,
            None => unreachable!("a finished call without a result"),
        }
    }

    /// Loads a driver that no INF installs and calls its entry point. The service key `…\Services\<service>` is made.
    pub fn load_driver(&mut self, service: &str, path: &Path) -> Result<(), String> {
        let key = format!("{SERVICES}\\{service}");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let image = format!("\\SystemRoot\\System32\\drivers\\{name}");
        disk::add(&image, FileData::Host(path.to_owned()));
        registry::set(&key, "ImagePath", Value::text(&image));
        registry::create(&format!("{key}\\Parameters"));
        for (name, value) in &self.options.parameters {
            registry::set(&format!("{key}\\Parameters"), name, value.clone());
        }
        self.load_service(service)
            .map_err(|error| format!("{service}: {error}"))
    }

    /// Loads the image that a service's key names and calls its entry point.
    pub(crate) fn load_service(&mut self, service: &str) -> Result<(), LoadError> {
        let key = format!("{SERVICES}\\{service}");
        let path = registry::get(&key, "ImagePath").and_then(|path| path.string());
        let mut path =
            path.ok_or_else(|| LoadError::Image("the service has no ImagePath".into()))?;
        if !path.starts_with('\\') {
            path = format!("\\SystemRoot\\{path}");
        }
        let file = disk::find(&path)
            .ok_or_else(|| LoadError::Image(format!("there is no {path} (ImagePath)")))?;
        let name = path.rsplit('\\').next().unwrap_or_default();
        let image = loader::load(name, file).map_err(LoadError::Image)?;
        self.call(0, loader::initialize).map_err(LoadError::Image)?;
        let object = io::new_driver(service, image.base, image.size);
        let (entry, base, size) = (image.entry, image.base, image.size);
        let status = self.call(0, move || {
            // SAFETY: the image's entry point has this signature; the path lives as long as the call, the driver object longer.
            unsafe {
                (*object).DriverInit =
                    Some(std::mem::transmute::<usize, PDRIVER_INITIALIZE>(entry));
                let path = wide(&key);
                let string = UNICODE_STRING::of(&path[..path.len() - 1]);
                guest::call(entry, &[object as usize, &raw const string as usize]) as NTSTATUS
            }
        });
        if status < 0 {
            modules::forget_driver(object);
            io::delete_driver(object);
            self.settle();
            verifier::driver_unloaded(service, base, size, object);
            loader::unload(base);
            return Err(LoadError::Entry(status));
        }
        image.discard_init();
        self.drivers.push(Loaded {
            service: service.to_owned(),
            image: path,
            object,
            base,
            size,
        });
        Ok(())
    }

    /// Where the image of a loaded driver came from, by NT path.
    pub fn image_path(&self, service: &str) -> Option<&str> {
        self.driver(service).map(|driver| &driver.image[..])
    }

    /// Names of the loaded drivers' services.
    pub(crate) fn services(&self) -> impl Iterator<Item = String> {
        self.drivers.iter().map(|driver| driver.service.clone())
    }

    fn driver(&self, service: &str) -> Option<&Loaded> {
        self.drivers
            .iter()
            .find(|d| d.service.eq_ignore_ascii_case(service))
    }

    /// The driver object of a loaded service.
    pub fn driver_object(&self, service: &str) -> Option<*mut DRIVER_OBJECT> {
        self.driver(service).map(|d| d.object)
    }

    /// Where a loaded driver's image lies.
    pub fn image(&self, service: &str) -> Option<Range<usize>> {
        let driver = self.driver(service)?;
        Some(driver.base..driver.base + driver.size)
    }

    /// Where a section of a loaded driver's image lies: what a tool put there is read from it while the driver runs.
    pub fn section(&self, service: &str, name: &str) -> Option<Range<usize>> {
        loader::image_of(self.driver(service)?.base)?.section(name)
    }

    /// Makes a root-enumerated device of a driver that no INF installs, and calls its AddDevice.
    pub fn add_root_device(&mut self, service: &str) -> Result<Device, NTSTATUS> {
        let instance = setup::device::by_hand(service);
        let added = self.add_instance(service, &instance);
        if added.is_err() {
            setup::device::forget(&instance);
        }
        added
    }

    /// Calls the AddDevice of a loaded driver for a device in the registry.
    pub(crate) fn add_instance(
        &mut self,
        service: &str,
        instance: &str,
    ) -> Result<Device, NTSTATUS> {
        let object = self
            .driver(service)
            .map(|d| d.object)
            .ok_or(status::STATUS_NO_SUCH_DEVICE)?;
        let instance = instance.to_owned();
        self.call(0, move || pnp::add_device(object, &instance))
            .map(Device)
    }

    /// IRP_MN_START_DEVICE.
    pub fn start(&mut self, device: Device) -> NTSTATUS {
        self.call(0, move || pnp::start(device.0))
    }

    /// IRP_MN_QUERY_STOP_DEVICE and IRP_MN_STOP_DEVICE.
    pub fn stop(&mut self, device: Device) -> NTSTATUS {
        self.call(0, move || pnp::stop(device.0))
    }

    /// IRP_MN_SURPRISE_REMOVAL. [`System::remove`] follows when all handles are closed.
    pub fn surprise_remove(&mut self, device: Device) -> NTSTATUS {
        self.call(0, move || pnp::surprise_removal(device.0))
    }

    /// IRP_MN_QUERY_REMOVE_DEVICE and IRP_MN_REMOVE_DEVICE. Refused while files are open. What an INF installed stays in the registry.
    pub fn remove(&mut self, device: Device) -> NTSTATUS {
        if pnp::open_files(device.0) > 0 && pnp::is_gone(device.0) {
            return status::STATUS_INVALID_DEVICE_STATE;
        }
        let instance = pnp::instance_of(device.0);
        let status = self.call(0, move || pnp::remove(device.0));
        if let Some(instance) = instance.filter(|i| status >= 0 && setup::device::is_by_hand(i)) {
            setup::device::forget(&instance);
        }
        status
    }

    /// A system power request (IRP_MN_SET_POWER) to a device's stack: `POWER_SYSTEM_WORKING`, `POWER_SYSTEM_SLEEPING3`, …
    pub fn set_system_power(&mut self, device: Device, state: i32) -> NTSTATUS {
        self.call(0, move || {
            pnp::system_power(device.0, IRP_MN_SET_POWER, state)
        })
    }

    /// Open files on a device's stack.
    pub fn open_files(&self, device: Device) -> i32 {
        pnp::open_files(device.0)
    }

    /// Calls DriverUnload, checks what is left, unmaps the image. The driver must have no devices.
    pub fn unload(&mut self, service: &str) -> Result<(), String> {
        let i = self
            .drivers
            .iter()
            .position(|d| d.service.eq_ignore_ascii_case(service))
            .ok_or("no such driver")?;
        if !pnp::devices_of_service(service).is_empty() {
            return Err("the driver still has devices".into());
        }
        let object = self.drivers[i].object;
        // SAFETY: a live driver object.
        let Some(unload) = (unsafe { (*object).DriverUnload }) else {
            return Err("the driver cannot be unloaded".into());
        };
        self.settle();
        self.call(0, move || {
            // SAFETY: the driver's unload routine.
            unsafe { guest::call(unload as usize, &[object as usize]) };
        });
        if modules::forget_driver(object) {
            verifier::violation_of(
                verifier::Rule::PcUnload,
                self.drivers[i].base,
                "the driver is unloaded, and PortCls' routine was not called",
            );
        }
        self.settle();
        let d = self.drivers.remove(i);
        // What host code allocates has no owner that could be checked.
        if d.base != 0 {
            verifier::driver_unloaded(&d.service, d.base, d.size, d.object);
        }
        pool::check_all();
        io::delete_driver(d.object);
        if d.base != 0 {
            loader::unload(d.base);
        }
        Ok(())
    }

    /// Lets queued DPCs and ready threads run, without letting time pass.
    fn settle(&mut self) {
        guest::run_until(Some(clock::now_ns()), || false);
    }

    /// Interrupt time, 100 ns.
    pub fn now(&self) -> i64 {
        clock::now()
    }

    /// Puts a file on the disk, by its NT path, in the place of one that is there. Who has that one open goes on with it.
    pub fn put_file(&mut self, path: &str, data: FileData) {
        disk::add(path, data);
    }

    /// Lets virtual time pass (100 ns units).
    pub fn run_for(&mut self, hundred_ns: i64) {
        let end = clock::now_ns() + hundred_ns.max(0) as u64 * 100;
        guest::run_until(Some(end), || false);
    }

    /// Keeps the processor at DISPATCH_LEVEL for some time (100 ns units), as another driver might: timers and DPCs come late.
    pub fn stall(&mut self, hundred_ns: i64) {
        let microseconds = u32::try_from(hundred_ns / 10).unwrap_or(0);
        self.call(0, move || {
            // SAFETY: the level is restored.
            unsafe {
                let level = executive::ke::KeRaiseIrqlToDpcLevel();
                executive::ke::KeStallExecutionProcessor(microseconds);
                executive::ke::KeLowerIrql(level);
            }
        });
    }

    /// High-resolution timers that are set.
    pub fn sharp_timers(&self) -> usize {
        executive::ex_timer::sharp()
    }

    /// Runs until `done`, at most for some time (100 ns units); false if it did not happen.
    pub fn run_until(&mut self, hundred_ns: i64, done: impl FnMut() -> bool) -> bool {
        let end = clock::now_ns() + hundred_ns.max(0) as u64 * 100;
        guest::run_until(Some(end), done)
    }

    /// Links of the enabled device interfaces of a category.
    pub fn interfaces(&self, category: &GUID) -> Vec<String> {
        io::enabled_interfaces(category)
    }

    /// What drivers printed, line by line.
    pub fn debug_output(&self) -> &[String] {
        &dbg::OUTPUT.get().lines
    }

    /// From now on: the n-th allocation (1-based) of driver code fails; `None`: none does.
    pub fn fail_allocation(&mut self, n: Option<u64>) {
        verifier::fail_allocation(n);
    }

    /// Allocations by driver code so far.
    pub fn allocations(&self) -> u64 {
        verifier::allocations()
    }

    /// From now on: the n-th call (1-based) of driver code that can fail, and is no allocation, does; `None`: none does.
    pub fn fail_call(&mut self, n: Option<u64>) {
        verifier::fail_call(n);
    }

    /// Calls of driver code so far that could fail.
    pub fn fallible_calls(&self) -> u64 {
        verifier::fallible_calls()
    }

    /// From now on the processor has these extended features (`XSTATE_MASK_…`) at most, and none beyond the host's: drivers are told so.
    pub fn allow_features(&mut self, mask: u64) {
        verifier::allow_features(mask);
    }

    /// What drivers are told of the processor's extended features; 0 without AVX.
    pub fn enabled_features(&self) -> u64 {
        verifier::enabled_features()
    }

    /// From now on: of the saves of extended processor state that need memory, those find none whose numbers (from 0) this is true of. They
    /// are the kernel's allocations, and do not count among the driver's.
    pub fn fail_saves(&mut self, fails: impl Fn(u64) -> bool + 'static) {
        verifier::fail_saves(Box::new(fails));
    }

    /// Saves of extended processor state so far, the failed ones among them.
    pub fn saves(&self) -> u64 {
        verifier::saves()
    }

    /// Pool allocations so far, by anybody.
    pub fn pool_allocations(&self) -> u64 {
        pool::allocated()
    }

    /// What is left of the pool allocated since [`System::pool_allocations`] was `since`, in words.
    pub fn pool_since(&self, since: u64) -> Vec<String> {
        pool::leaks(None, since)
    }

    /// As if the machine had been booted with another [`Options::seed`].
    pub fn reseed(&mut self, seed: u64) {
        guest::reseed(seed);
        verifier::reseed(seed);
    }

    /// From now on: a thread of this name ("system": what the machine is asked for; "work item"; "client") waits for some time (100 ns) when
    /// it has come back from the `call`-th import, from 0, that such threads call below DISPATCH_LEVEL. So any order of two threads can be
    /// had that several processors have, whatever their priorities.
    pub fn hold(&mut self, thread: &'static str, call: u64, hundred_ns: i64) {
        guest::hold(thread, call, hundred_ns);
    }

    /// Forgets what [`System::hold`] was told. True if all of it had come about.
    pub fn held(&mut self) -> bool {
        guest::release_holds() == 0
    }

    /// From now on every call of the kernel is where another processor may be faster, as a schedule has it.
    pub fn explore(&mut self, schedule: Schedule) {
        guest::explore(schedule);
    }

    /// Ends that. What was decided: to be explored again.
    pub fn explored(&mut self) -> Vec<Decision> {
        guest::explored()
    }

    /// What has been decided so far, wherever the machine stands.
    pub fn decisions() -> &'static [Decision] {
        guest::decisions()
    }

    /// Starts a program: a process whose thread does this with it. It runs while the machine does, beside other programs.
    pub fn program(&mut self, name: &str, body: impl FnOnce(&mut SimClient) + 'static) -> Program {
        let done = Rc::new(Cell::new(false));
        let flag = Rc::clone(&done);
        let mut client = self.client(ClientOptions::default());
        let process = client.process();
        let context = guest::spawn(
            name,
            PROGRAM_PRIORITY,
            Box::new(move || {
                body(&mut client);
                drop(client);
                flag.set(true);
            }),
        );
        // SAFETY: just spawned; it has not run yet.
        unsafe { (*context).process = process };
        Program(done)
    }

    /// Runs the machine until these programs have ended.
    pub fn finish(&mut self, programs: &[Program]) {
        let limit = clock::now_ns() + clock::PATIENCE_NS;
        let ended = guest::run_until(Some(limit), || {
            programs.iter().all(|program| program.0.get())
        });
        assert!(
            ended,
            "a program does not end; threads: {}",
            guest::describe_threads().join(", ")
        );
    }

    /// The most that drivers have used of a stack since boot.
    pub fn stack_use(&self) -> StackUse {
        guest::stack_use()
    }

    /// Threads that have not ended.
    pub fn threads(&self) -> usize {
        guest::live_threads()
    }

    /// KTIMERs that are set.
    pub fn timers(&self) -> usize {
        clock::timers()
    }

    /// Requests that are not complete.
    pub fn requests(&self) -> usize {
        executive::irp::live()
    }

    /// Checks pool, and says what rules were broken so far.
    pub fn verdict(&mut self) -> Verdict {
        pool::check_all();
        verifier::verdict()
    }
}
