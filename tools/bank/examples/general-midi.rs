// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes the built-in bank into the file that the argument names: what the Windows build puts into the package.

use std::env;
use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os()
        .nth(1)
        .ok_or("a path is missing: where the DLS file goes")?;
    fs::write(&path, arioso_bank::general_midi())
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(())
}
