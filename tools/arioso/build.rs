// SPDX-License-Identifier: MIT OR Apache-2.0
//! The same sources make the same program: mingw-w64's linker writes down the time unless it is told not to.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "windows") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,--no-insert-timestamp");
    }
}
