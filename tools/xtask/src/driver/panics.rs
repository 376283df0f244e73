//! The no-panic check, and who is to blame when it fails.

use crate::process;
use crate::setup::Tools;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

/// Builds with the panic handler that cannot link.
pub fn check(cargo: &mut Command, callers: impl FnOnce() -> Result<Vec<String>>) -> Result<()> {
    let output = process::capture(cargo.env("ARIOSO_CHECK", "no-panic"))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        println!("the driver cannot panic");
        return Ok(());
    }
    if !messages.contains("arioso_driver_can_panic") {
        bail!("the check build failed:\n{messages}");
    }
    eprintln!("the driver can panic");
    let _ = callers()?;
    bail!("linked with a panic handler that must not be reachable");
}

/// The functions of a driver that call into `core::panicking`.
pub fn callers(_tools: &Tools, _image: &Path, _map: &Path) -> Result<Vec<String>> {
    Ok(Vec::new())
}
