//! The demo and the whole test run.

use anyhow::Result;

pub fn demo() -> Result<()> {
    Ok(())
}

pub fn test() -> Result<()> {
    Ok(())
}
