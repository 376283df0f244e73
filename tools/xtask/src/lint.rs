//! Format, clippy, source rules.

use anyhow::Result;

pub fn lint() -> Result<()> {
    Ok(())
}
