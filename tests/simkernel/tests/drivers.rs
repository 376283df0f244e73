// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small C drivers on the machine: structured exceptions, scheduling, and planted bugs that the verifier must catch.
//!
//! Each case runs in a child process, because a machine that stops ends its process.

use foreign::driver;
use libtest_mimic::{Arguments, Failed, Trial};
use simkernel::bugcheck::EXIT_CODE;
use simkernel::system::{Options, System};
use std::path::{Path, PathBuf};
use std::process::Command;

const CHILD: &str = "SIMKERNEL_CASE";

fn out_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("drivers")
}

/// Compiles and links `drivers/<name>.c` against the kernel's import library.
fn build(name: &str) -> Result<(), String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drivers");
    let out = out_dir();
    let library = out.join("ntoskrnl.lib");
    let flags = ["-fno-inline", "-Wno-infinite-recursion"];
    std::fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    driver::import_library(include_str!("drivers/kernel.h"), &library)?;
    driver::build(&source.join(format!("{name}.c")), &out, &flags, &[&library])
}

/// What a child does: loads the driver as the service `case`, unloads it, prints the verdict.
fn child(spec: &str) {
    let mut words = spec.split(' ');
    let (driver, case) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut options = Options {
        seed: 0,
        ..Options::default()
    };
    for word in words {
        match word {
            "special" => options.special_pool = true,
            "fail" => options.fail_allocation = Some(1),
            "strict" => options.strict = true,
            seed => options.seed = seed.parse().expect("an option"),
        }
    }
    let mut system = System::boot(options);
    match system.load_driver(case, &out_dir().join(format!("{driver}.sys"))) {
        Ok(()) => {
            system.run_for(10_000);
            println!("unload: {:?}", system.unload(case));
        }
        Err(e) => println!("{e}"),
    }
    println!("verdict: {}", system.verdict());
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

fn expect(spec: &str, code: i32, wanted: &[&str]) -> Result<(), Failed> {
    let (got, text) = spawn(spec)?;
    if got != Some(code) {
        return Err(format!("exit code {got:?}, expected {code}\n{text}").into());
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
        &["no device (any more)", "bugs.sys!dead_device"],
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

/// Cases that the machine survives: name, what the verdict must say.
const VIOLATIONS: &[(&str, &[&str])] = &[
    (
        "irql",
        &["ntoskrnl.exe!ZwClose was called at IRQL 2", "bugs.sys!irql"],
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
];

/// Cases of `calls.c`: name, what it prints.
const CALLS: &[(&str, &[&str])] = &[
    ("pages", &["pages 1"]),
    ("lookaside", &["lookaside 40 1"]),
    ("device_timer", &["tick 1 7", "tick 1 7", "tick 1 7"]),
    ("hardware", &["interrupt c000000d 0", "adapter 0 0"]),
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

/// Cases of `calls.c` that break a rule: name, what the verdict must say.
const CALL_VIOLATIONS: &[(&str, &[&str])] = &[
    ("pages_left", &["before MmFreePagesFromMdl"]),
    ("pages_io", &["ExFreePool is for that"]),
    ("device_timer_left", &["while its timer runs"]),
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
        ["seh", "bugs", "threads", "calls"]
            .iter()
            .try_for_each(|n| build(n))
    };
    if let Err(e) = built {
        eprintln!("the test drivers could not be built: {e}");
        std::process::exit(1);
    }
    let mut trials = vec![
        Trial::test("seh", seh),
        Trial::test("clean", || {
            expect("bugs clean", 0, &["verdict: clean", "unload: Ok"])
        }),
        Trial::test("allocation failure", || {
            expect("bugs no_memory fail", 0, &["no memory", "verdict: clean"])
        }),
        Trial::test("no allocation failure", || {
            expect("bugs no_memory", 0, &["] allocated", "verdict: clean"])
        }),
        Trial::test("deadlock", || {
            expect(
                "bugs forever",
                101,
                &["a call did not come back", "waiting, 1 objects"],
            )
        }),
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
    for (case, wanted) in CALL_VIOLATIONS {
        trials.push(Trial::test(format!("violation: {case}"), move || {
            expect(&format!("calls {case}"), 0, wanted)
        }));
    }
    for seed in [0, 1, 2, 3] {
        trials.push(Trial::test(format!("threads, seed {seed}"), move || {
            threads(seed)
        }));
    }
    for (case, wanted) in STOPS {
        trials.push(Trial::test(format!("stops: {case}"), move || {
            expect(&format!("bugs {case}"), EXIT_CODE, wanted)
        }));
    }
    for (case, wanted) in VIOLATIONS {
        trials.push(Trial::test(format!("violation: {case}"), move || {
            expect(&format!("bugs {case}"), 0, wanted)
        }));
    }
    libtest_mimic::run(&arguments, trials).exit();
}
