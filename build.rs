//! Configures the link of a kernel-mode driver and builds its structured-exception shim.

use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/kernel/probe.c");
    println!("cargo::rerun-if-env-changed=ARIOSO_CHECK");
    println!("cargo::rerun-if-env-changed=ARIOSO_PLANT");
    println!("cargo::rustc-check-cfg=cfg(arioso_plant, values(\"panic\"))");
    wdk_build::configure_wdk_binary_build()?;

    for argument in [
        // After wdk-build's own, which carries no version.
        "/SUBSYSTEM:NATIVE,10.0",
        // A checksum, which the loader of a driver verifies.
        "/RELEASE",
        "/GUARD:CF",
        // The same sources give the same image.
        "/BREPRO",
        // Thrown away after DriverEntry.
        "/SECTION:INIT,ERD",
    ] {
        println!("cargo::rustc-cdylib-link-arg={argument}");
    }
    if env::var("ARIOSO_CHECK").as_deref() == Ok("no-panic") {
        println!("cargo::rustc-cfg=arioso_no_panic_check");
    }
    if let Ok(bug) = env::var("ARIOSO_PLANT") {
        println!("cargo::rustc-cfg=arioso_plant={bug:?}");
    }

    let mut shim = cc::Build::new();
    shim.file("src/kernel/probe.c")
        .opt_level(2)
        .debug(false)
        .inherit_rustflags(false);
    if shim.get_compiler().is_like_clang() {
        shim.flag("-ffreestanding")
            .flag("-Xclang")
            .flag("-cfguard")
            .flag("-fno-stack-protector");
    } else {
        shim.flag("/kernel").flag("/guard:cf").flag("/GS-");
    }
    shim.try_compile("arioso_probe")?;
    Ok(())
}
