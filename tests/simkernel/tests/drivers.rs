// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small C drivers on the machine: structured exceptions, scheduling, and planted bugs that the verifier must catch.
//!
//! Each case runs in a child process, because a machine that stops ends its process.

use foreign::driver;
use ks_client::{Client, Completion, NtStatus};
use libtest_mimic::{Arguments, Failed, Trial};
use simkernel::bugcheck::EXIT_CODE;
use simkernel::client::ClientOptions;
use simkernel::system::{FileData, Options, System};
use simkernel::verifier::Rule;
use simkernel::verifier::rules::{self, Plant};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const CHILD: &str = "SIMKERNEL_CASE";

fn out_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("drivers")
}

/// Compiles and links `drivers/<name>.c` against import libraries made for it.
fn build(name: &str) -> Result<(), String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drivers");
    let out = out_dir();
    std::fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let text = std::fs::read_to_string(source.join(format!("{name}.c")))
        .map_err(|e| format!("{name}.c: {e}"))?;
    let library = |module: &str, declarations: &str| {
        let library = out.join(format!("{name}-{module}.lib"));
        driver::import_library(module, declarations, &library).map(|()| library)
    };
    let kernel = library("ntoskrnl.exe", include_str!("drivers/kernel.h"))?;
    let loader = library("WDFLDR.SYS", &text)?;
    let flags = ["-fno-inline", "-Wno-infinite-recursion"];
    driver::build(
        &source.join(format!("{name}.c")),
        &out,
        &flags,
        &[&kernel, &loader],
    )
}

/// What a child does: loads the driver as the service `case`, gives it a device where that is asked for, unloads it, prints the verdict.
fn child(spec: &str) {
    let mut words = spec.split(' ');
    let (driver, case) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut options = Options {
        seed: 0,
        files: vec![(
            "\\SystemRoot\\file_asynchronous".into(),
            FileData::Bytes(vec![0].into()),
        )],
        ..Options::default()
    };
    let (mut with_device, mut with_client) = (false, false);
    for word in words {
        match word {
            "device" => with_device = true,
            "client" => with_client = true,
            "special" => options.special_pool = true,
            "fail" => options.fail_allocation = Some(1),
            "strict" => options.strict = true,
            seed => options.seed = seed.parse().expect("an option"),
        }
    }
    let mut system = System::boot(options);
    match system.load_driver(case, &out_dir().join(format!("{driver}.sys"))) {
        Ok(()) => {
            if with_device {
                match system.add_root_device(case) {
                    Ok(device) => {
                        println!("start: {:#x}", system.start(device));
                        println!("remove: {:#x}", system.remove(device));
                    }
                    Err(status) => println!("AddDevice: {status:#x}"),
                }
            }
            if with_client {
                println!("request: {:?}", send(&mut system));
            }
            system.run_for(10_000);
            println!("unload: {:?}", system.unload(case));
        }
        Err(e) => println!("{e}"),
    }
    println!("verdict: {}", system.verdict());
}

/// A program sends the driver's device a buffer.
fn send(system: &mut System) -> Result<Completion, NtStatus> {
    const CODE: u32 = 0x22_2003;
    let mut client = system.client(ClientOptions::default());
    let handle = client.open("\\Device\\Bugs")?;
    let buffer = client.allocate(64);
    let sent = client.submit(handle, CODE, (buffer, 64), (buffer, 64));
    Ok(client.wait(sent))
}

/// Runs a child; its exit code and all that it printed.
fn spawn(spec: &str) -> Result<(Option<i32>, String), Failed> {
    let out = Command::new(std::env::current_exe()?)
        .env(CHILD, spec)
        .env("RUST_BACKTRACE", "0")
        .output()?;
    let text =
        String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
    Ok((out.status.code(), text))
}

/// Names of the rules that a child reported as broken.
fn broken(text: &str) -> BTreeSet<&str> {
    let reports = text.lines().filter_map(|l| l.strip_prefix("verifier: "));
    reports
        .filter_map(|report| report.split([' ', ':']).next())
        .collect()
}

fn expect(spec: &str, code: i32, wanted: &[&str], rules: &[Rule]) -> Result<(), Failed> {
    let (got, text) = spawn(spec)?;
    if got != Some(code) {
        return Err(format!("exit code {got:?}, expected {code}\n{text}").into());
    }
    let rules: BTreeSet<&str> = rules.iter().map(|rule| rule.name()).collect();
    let found = broken(&text);
    if found != rules {
        return Err(format!("{found:?} were broken, not {rules:?}\n{text}").into());
    }
    for w in wanted {
        if !text.contains(w) {
            return Err(format!("'{w}' is missing in\n{text}").into());
        }
    }
    Ok(())
}

/// Lines a driver printed, in order, without their times.
fn printed(spec: &str) -> Result<Vec<String>, Failed> {
    let (code, text) = spawn(spec)?;
    if code != Some(0) || !text.contains("verdict: clean") {
        return Err(text.into());
    }
    Ok(text
        .lines()
        .filter(|l| l.starts_with('['))
        .filter_map(|l| l.split_once("] ").map(|(_, l)| l.to_owned()))
        .collect())
}

fn same(spec: &str, expected: &[&str]) -> Result<(), Failed> {
    let got = printed(spec)?;
    if got == expected {
        Ok(())
    } else {
        Err(format!("{got:#?}").into())
    }
}

/// Cases of `bugs.c` that stop the machine: name, what the report must say.
const STOPS: &[(&str, &[&str])] = &[
    (
        "double_free",
        &[
            "BAD_POOL_CALLER",
            "double free",
            "100 bytes, tag 'Test'",
            "bugs.sys!double_free",
        ],
    ),
    (
        "large_overrun",
        &[
            "STOP 0x00000050",
            "at offset 0x2000 of block",
            "bugs.sys!large_overrun",
        ],
    ),
    (
        "large_late",
        &["STOP 0x00000050", "in freed block", "bugs.sys!large_late"],
    ),
    (
        "special special",
        &["STOP 0x00000050", "64 bytes", "bugs.sys!special"],
    ),
    ("stack", &["stack overflow", "bugs.sys!deep"]),
    ("big_frame", &["stack overflow", "bugs.sys!big_frame"]),
    (
        "lock_twice",
        &["SPIN_LOCK_ALREADY_OWNED", "bugs.sys!lock_twice"],
    ),
    (
        "wait_at_dispatch",
        &[
            "IRQL_NOT_LESS_OR_EQUAL",
            "a blocking wait at DISPATCH_LEVEL",
        ],
    ),
    (
        "complete_twice",
        &["MULTIPLE_IRP_COMPLETE_REQUESTS", "bugs.sys!twice"],
    ),
    ("no_locations", &["NO_MORE_IRP_STACK_LOCATIONS"]),
    (
        "dead_device",
        &[
            "STOP 0x000000c4 DRIVER_VERIFIER_DETECTED_VIOLATION (0x4, ",
            "no device (any more)",
            "bugs.sys!dead_device",
        ],
    ),
    (
        "pages_unlocked",
        &[
            "where the pages of an MDL were mapped",
            "STOP 0x00000050",
            "bugs.sys!after_unlock",
        ],
    ),
    (
        "no_dispatch",
        &["DRIVER_VERIFIER_DETECTED_VIOLATION (0x21f, "],
    ),
    (
        "mutex_twice",
        &["DRIVER_VERIFIER_DETECTED_VIOLATION (0x1000, "],
    ),
    (
        "wait_locked",
        &[
            "a thread waits with spin lock",
            "IRQL_NOT_LESS_OR_EQUAL",
            "bugs.sys!wait_locked",
        ],
    ),
    (
        "unknown_import",
        &["SimkernelHasNoSuchExport", "bugs.sys!unknown_import"],
    ),
    (
        "fast_fail",
        &["KERNEL_SECURITY_CHECK_FAILURE (0x2", "bugs.sys!fast_fail"],
    ),
    (
        "null_pointer",
        &[
            "KMODE_EXCEPTION_NOT_HANDLED (0xc0000005",
            "STATUS_ACCESS_VIOLATION",
            "bugs.sys!null_pointer",
        ],
    ),
    (
        "wild_pointer",
        &[
            "STOP 0x00000050 ",
            "0xffff800012345678",
            "bugs.sys!wild_pointer",
        ],
    ),
    (
        "user_pointer",
        &["STATUS_ACCESS_VIOLATION", "bugs.sys!user_pointer"],
    ),
    (
        "user_at_dispatch",
        &["STOP 0x000000d1", "bugs.sys!user_at_dispatch"],
    ),
    (
        "illegal",
        &["STATUS_ILLEGAL_INSTRUCTION", "bugs.sys!illegal"],
    ),
    ("breakpoint", &["STATUS_BREAKPOINT", "bugs.sys!breakpoint"]),
    (
        "privileged",
        &["STATUS_PRIVILEGED_INSTRUCTION", "bugs.sys!privileged"],
    ),
    ("read_only", &["STOP 0x00000050", "bugs.sys!read_only"]),
    (
        "panic",
        &[
            "panicked at src/lib.rs:12",
            "STOP 0x000000e2",
            "(0x11, 0x22, 0x33, 0x44)",
            "ntoskrnl.exe!DbgPrint(",
            "bugs.sys!panic",
        ],
    ),
    (
        "leak strict",
        &["leak: 1 block(s)", "DRIVER_VERIFIER_DETECTED_VIOLATION"],
    ),
];

/// What reports of broken rules must say besides, by case.
const SAYS: &[(&str, &[&str])] = &[
    (
        "irql",
        &[
            "IrqlZwPassive (0xC4, 0x2001F): ntoskrnl.exe!ZwClose was called at IRQL 2, allowed up to 0 [in ntoskrnl.exe!ZwClose at IRQL 2, \
             from bugs.sys!irql",
            " < bugs.sys!DriverEntry",
        ],
    ),
    ("wrong_tag", &["freed with tag"]),
    (
        "leak",
        &["leak: 1 block(s), 123 bytes, tag 'Test'", "bugs.sys!leak"],
    ),
    ("overrun", &["pool corruption, the bytes behind it"]),
    ("underrun", &["pool corruption, the bytes before it"]),
    (
        "late_write",
        &["written after free at offset 0x7", "bugs.sys!late_write"],
    ),
    ("executable", &["executable pool"]),
    ("paged_at_dispatch", &["paged pool allocated at IRQL 2"]),
    ("lock_lowered", &["IRQL was lowered to 0 while spin lock"]),
    ("not_held", &["was released that nobody holds"]),
    ("left_raised", &["ended at IRQL 2"]),
    ("mutex_held", &["holding 1 mutex"]),
    ("dpc_irql", &["a DPC returned at IRQL 0"]),
    (
        "free_timer",
        &["freed with a set timer", "bugs.sys!free_timer"],
    ),
    ("free_dpc", &["freed with a queued DPC"]),
    ("freed_event", &["KeSetEvent(", "in freed block"]),
    ("timer_leak", &["leak: 1 timer(s) of ExAllocateTimer"]),
    ("image_timer", &["unloaded with a set timer"]),
    ("mdl_leak", &["leak: 1 MDL(s)"]),
    ("irp_leak", &["leak: 1 request(s)"]),
    ("irp_freed_twice", &["freed twice"]),
    ("item_leak", &["leak: 1 work item(s)"]),
    ("device_leak", &["leak: 1 device(s)"]),
    ("handle_leak", &["was not closed"]),
    ("too_few_references", &["one reference too few"]),
    ("unlock_unlocked", &["of pages that are not locked"]),
    (
        "pending_not_marked",
        &["did not mark the request pending and returned 0x00000103"],
    ),
    (
        "marked_not_pending",
        &["marked the request pending and returned 0x00000000"],
    ),
    ("completed_pending", &["completed with STATUS_PENDING"]),
    ("cancel_left", &["with its cancel routine still set"]),
    ("dispatch_raised", &["was entered at IRQL 0 and left at 2"]),
    ("cancel_lock", &["did not release the cancel spin lock"]),
    (
        "complete_own",
        &["of IoAllocateIrp was completed to the end"],
    ),
    ("pages_left", &["before MmFreePagesFromMdl"]),
    ("extended_mask", &["features 0x10000000000 are saved"]),
    ("extended_order", &["before a save within it"]),
    ("extended_irql", &["at another IRQL than it was saved at"]),
    ("extended_thread", &["by another thread than saved it"]),
    (
        "extended_written",
        &["from a structure that was written to"],
    ),
    (
        "extended_left",
        &["bugs.sys!DriverEntry+0x0 returned without restoring"],
    ),
    ("extended_thread_left", &["ended without restoring"]),
    (
        "ymm_at_call",
        &[
            "the upper halves of YMM registers were changed before this call",
            "in ntoskrnl.exe!DbgPrint at IRQL 0, from bugs.sys!ymm_at_call",
        ],
    ),
    (
        "ymm_at_return",
        &["were changed when bugs.sys!DriverEntry+0x0 returned"],
    ),
    (
        "ymm_in_dpc",
        &["were changed when bugs.sys!ymm_dpc+0x0 returned"],
    ),
    ("pages_io", &["ExFreePool is for that"]),
    ("device_timer_left", &["while its timer runs"]),
];

/// Cases for which a child does more than load and unload.
const WITH: &[(&str, &str)] = &[
    ("add_failed", " device"),
    ("initializing", " device"),
    ("interface_left", " device"),
    ("remove_attached", " device"),
    ("pages_unlocked", " client"),
];

/// Cases of `bugs.c` that neither break a rule nor stop the machine.
const OTHERS: &[&str] = &["forever", "no_memory", "clean", "stalls", "user_touched"];

fn source_of(plant: Plant) -> Option<&'static str> {
    match plant {
        Plant::Bug(_) => Some("bugs"),
        Plant::Call(_) => Some("calls"),
        Plant::Wdf(_) => Some("wdf"),
        Plant::Port(_) | Plant::Endpoint(_) => None,
    }
}

/// A driver breaks its rule, and no other.
fn breaks(plant: Plant) -> Result<(), Failed> {
    let (source, case) = (source_of(plant).expect("a driver in C"), plant.name());
    let with = WITH.iter().find(|(name, _)| *name == case);
    let stop = STOPS.iter().find(|(name, _)| *name == case);
    let code = if stop.is_some() { EXIT_CODE } else { 0 };
    let says = stop.or_else(|| SAYS.iter().find(|(name, _)| *name == case));
    expect(
        &format!("{source} {case}{}", with.map_or("", |(_, word)| word)),
        code,
        says.map_or(&[], |(_, wanted)| wanted),
        &rules::broken_by(plant),
    )
}

/// Every case of the drivers of bugs is there for something, and every driver that a rule names is there.
fn cases() -> Result<(), Failed> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drivers");
    for source in ["bugs", "calls", "wdf"] {
        let text = std::fs::read_to_string(directory.join(format!("{source}.c")))?;
        let there: BTreeSet<&str> = text
            .split("CASE(")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .collect();
        let planted: BTreeSet<&str> = rules::plants()
            .filter(|plant| source_of(*plant) == Some(source))
            .map(Plant::name)
            .collect();
        let missing: Vec<_> = planted.difference(&there).collect();
        if !missing.is_empty() {
            return Err(format!("{source}.c has no {missing:?}").into());
        }
        let stops = STOPS.iter().filter_map(|(spec, _)| spec.split(' ').next());
        let known: BTreeSet<&str> = stops.chain(OTHERS.iter().copied()).collect();
        let idle: Vec<_> = there
            .difference(&planted)
            .filter(|case| !known.contains(*case))
            .collect();
        if source != "calls" && !idle.is_empty() {
            return Err(format!("{source}.c has {idle:?}, which no test runs").into());
        }
    }
    Ok(())
}

/// Every rule is somebody's, and nobody has two rules of his own.
fn planted() -> Result<(), Failed> {
    let mut seen = BTreeSet::new();
    for rule in Rule::ALL {
        for plant in rule.plants() {
            if !seen.insert(*plant) {
                return Err(format!("{plant:?} has two rules").into());
            }
        }
    }
    Ok(())
}

/// Cases of `calls.c`: name, what it prints.
const CALLS: &[(&str, &[&str])] = &[
    ("pages", &["pages 1"]),
    ("lookaside", &["lookaside 40 1"]),
    ("device_timer", &["tick 1 7", "tick 1 7", "tick 1 7"]),
    ("hardware", &["interrupt c000000d 0", "adapter 0 0"]),
    (
        "resources",
        &[
            "found 0 1a0",
            "data 0 200 5",
            "type c000008a",
            "name c000008b",
            "any language 0 1a0",
            "none c0000089",
        ],
    ),
    (
        "extended",
        &[
            "enabled 1",
            "save 0",
            "save 0",
            "restored in a DPC",
            "restored",
        ],
    ),
    (
        "security",
        &[
            "assign 0",
            "short c0000023 32",
            "owner 0 20 18",
            "set 0",
            "both 0 32 8004 0",
            "none c00000d7",
            "privileges 1 0",
        ],
    ),
];

fn seh() -> Result<(), Failed> {
    let lines = printed("seh seh")?;
    let bad: Vec<_> = lines.iter().filter(|l| l.starts_with("WRONG")).collect();
    let good = lines.iter().filter(|l| l.starts_with("ok ")).count();
    let last =
        "done 11 123456789abc wide \\Registry\\Machine\\System\\CurrentControlSet\\Services\\seh";
    if bad.is_empty() && good == 12 && lines.last().is_some_and(|l| l == last) {
        return Ok(());
    }
    Err(format!("{lines:#?}").into())
}

fn threads(seed: u32) -> Result<(), Failed> {
    let lines = printed(&format!("threads threads {seed}"))?;
    // Whatever the order, the mutex keeps them apart.
    let mut names: Vec<&str> = Vec::new();
    for pair in lines[..6].chunks(2) {
        let (Some(a), Some(b)) = (pair[0].strip_prefix("in "), pair[1].strip_prefix("out ")) else {
            return Err(format!("{lines:#?}").into());
        };
        if a != b {
            return Err(format!("{lines:#?}").into());
        }
        names.push(a);
    }
    if seed == 0 && names != ["a", "b", "c"] {
        return Err(format!("{names:?}").into());
    }
    names.sort_unstable();
    let again = printed(&format!("threads threads {seed}"))?;
    if names != ["a", "b", "c"] || lines[6] != "all 0" || lines.len() != 8 || again != lines {
        return Err(format!("{lines:#?} {again:#?}").into());
    }
    Ok(())
}

fn main() {
    if let Ok(spec) = std::env::var(CHILD) {
        child(&spec);
        return;
    }
    let arguments = Arguments::from_args();
    let built = if arguments.list {
        Ok(())
    } else {
        ["seh", "bugs", "threads", "calls", "wdf"]
            .iter()
            .try_for_each(|n| build(n))
    };
    if let Err(e) = built {
        eprintln!("the test drivers could not be built: {e}");
        std::process::exit(1);
    }
    let mut trials = vec![
        Trial::test("seh", seh),
        Trial::test("cases", cases),
        Trial::test("planted", planted),
        Trial::test("clean", || {
            expect("bugs clean", 0, &["verdict: clean", "unload: Ok"], &[])
        }),
        Trial::test("stalls", || {
            expect("bugs stalls", 0, &["verdict: clean"], &[])
        }),
        Trial::test("a program's memory is closed to the driver", || {
            same(
                "bugs user_touched client",
                &["no read c0000005", "no write c0000005", "no copy c0000005"],
            )
        }),
        Trial::test("allocation failure", || {
            expect(
                "bugs no_memory fail",
                0,
                &["no memory", "verdict: clean"],
                &[],
            )
        }),
        Trial::test("no allocation failure", || {
            expect("bugs no_memory", 0, &["] allocated", "verdict: clean"], &[])
        }),
        Trial::test("deadlock", || {
            expect(
                "bugs forever",
                101,
                &["a call did not come back", "waiting, 1 objects"],
                &[],
            )
        }),
        Trial::test("AVX saved, not AVX-512", || {
            expect(
                "calls avx_alone",
                0,
                &["the upper halves of ZMM registers were changed before this call"],
                &[Rule::VectorRegisters],
            )
        })
        .with_ignored_flag(!std::is_x86_feature_detected!("avx512f")),
        Trial::test("order of DPCs", || {
            same(
                "threads dpcs",
                &["again 0", "0 important", "0 first", "0 second", "lowered"],
            )
        }),
        Trial::test("timers", || {
            same(
                "threads timers",
                &[
                    "10 periodic",
                    "15 once",
                    "20 periodic",
                    "30 periodic",
                    "cancelled 1 0",
                    "35 delayed",
                    "timeout 102",
                    "40 waited",
                ],
            )
        }),
        Trial::test("high-resolution timers", || {
            same(
                "threads ex_timers",
                &["1 slice", "2 slice", "3 slice", "deleted 1"],
            )
        }),
    ];
    for (case, lines) in CALLS {
        trials.push(Trial::test(format!("call: {case}"), move || {
            same(&format!("calls {case}"), lines)
        }));
    }
    for seed in [0, 1, 2, 3] {
        trials.push(Trial::test(format!("threads, seed {seed}"), move || {
            threads(seed)
        }));
    }
    let planted: Vec<Plant> = rules::plants()
        .filter(|plant| source_of(*plant).is_some())
        .collect();
    for (spec, wanted) in STOPS {
        if planted.iter().all(|plant| plant.name() != *spec) {
            // A leak that stops the machine is still a leak.
            let rules: &[Rule] = match *spec {
                "leak strict" => &[Rule::PoolLeak],
                _ => &[],
            };
            trials.push(Trial::test(format!("stops: {spec}"), move || {
                expect(&format!("bugs {spec}"), EXIT_CODE, wanted, rules)
            }));
        }
    }
    for plant in planted {
        let rule = Rule::ALL
            .iter()
            .find(|rule| rule.plants().contains(&plant))
            .expect("a rule");
        let trial = Trial::test(format!("{rule}: {}", plant.name()), move || breaks(plant));
        // Its drivers use AVX.
        let avx = *rule == Rule::VectorRegisters && !std::is_x86_feature_detected!("avx");
        trials.push(trial.with_ignored_flag(avx));
    }
    libtest_mimic::run(&arguments, trials).exit();
}
