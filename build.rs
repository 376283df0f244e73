// SPDX-License-Identifier: MIT OR Apache-2.0
//! Configures the link of a kernel-mode driver, writes its version resource and builds its structured-exception shim.

use arioso_resource::{DRIVER, SOUND_DRIVER, VersionResource, parse_version};
use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/kernel/probe.c");
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
    let resource = PathBuf::from(env::var("OUT_DIR")?).join("version.res");
    fs::write(&resource, version_resource()?.to_res()?)?;
    println!("cargo::rustc-cdylib-link-arg={}", resource.display());

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

/// What the manifest says of the driver.
fn version_resource() -> Result<VersionResource, Box<dyn Error>> {
    let manifest = |field: &str| env::var(format!("CARGO_PKG_{field}"));
    let text = manifest("VERSION")?;
    let version =
        parse_version(&text).ok_or("the version in Cargo.toml is not three numbers up to 65535")?;
    let (authors, license) = (manifest("AUTHORS")?, manifest("LICENSE")?);
    let strings = [
        ("CompanyName", authors.clone()),
        ("FileDescription", manifest("DESCRIPTION")?),
        ("FileVersion", text.clone()),
        ("InternalName", "arioso".to_owned()),
        (
            "LegalCopyright",
            format!("Copyright (c) {authors}. {license}"),
        ),
        ("OriginalFilename", "arioso.sys".to_owned()),
        ("ProductName", "Arioso".to_owned()),
        ("ProductVersion", text),
    ];
    Ok(VersionResource {
        file_version: version,
        product_version: version,
        file_type: DRIVER,
        file_subtype: SOUND_DRIVER,
        strings: strings.map(|(name, text)| (name.to_owned(), text)).into(),
    })
}
