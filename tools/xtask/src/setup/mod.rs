// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a command needs from the machine, and how it gets there.
//!
//! | module | holds |
//! |---|---|
//! | [`machine`] | the machine: files, programs, who we are; faked in the tests |
//! | [`compiler`] | which Rust compiler builds for Windows |
//! | [`packages`] | Debian's packages for each need, and their installation |
//! | [`tools`] | the programs that the driver's build uses, and the versions they must have |

mod compiler;
mod machine;
mod packages;
#[cfg(test)]
mod tests;
mod tools;

pub use compiler::{Compiler, DEBIAN_CARGO, DEBIAN_RUSTC};
pub use tools::Tools;

use crate::driver::Arch;
use anyhow::{Result, bail};
use machine::{Machine, This};

/// What a command needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// The driver for a processor.
    Driver(Arch),
    /// `arioso.exe`.
    WindowsProgram,
    /// Certificates, signatures, catalogs.
    Signing,
    /// libFuzzer is C++.
    Fuzzing,
    /// The synthesizers to compare with, their banks and songs.
    Peers,
    /// Instructions are counted under valgrind.
    Counting,
    /// `arioso live`: it is built against ALSA's and JACK's libraries.
    Live,
    /// Whatever the tests use besides.
    Tests,
}

/// The driver for x64.
pub const DRIVER: &[Need] = &[Need::Driver(Arch::X64)];

/// Everything that any command needs.
pub const EVERYTHING: &[Need] = &[
    Need::Driver(Arch::X64),
    Need::Driver(Arch::Arm64),
    Need::WindowsProgram,
    Need::Signing,
    Need::Fuzzing,
    Need::Peers,
    Need::Counting,
    Need::Live,
    Need::Tests,
];

impl Need {
    /// The target that Rust must build for, if it is one of Windows.
    fn target(self) -> Option<&'static str> {
        match self {
            Self::Driver(arch) => Some(arch.target()),
            Self::WindowsProgram => Some(crate::windows::TARGET),
            _ => None,
        }
    }
}

/// Makes the machine ready for `needs`, or says in one message what is missing and which command helps.
pub fn install(needs: &[Need]) -> Result<()> {
    if cfg!(windows) {
        bail!("on Windows, build in an eWDK prompt with `cargo make` (see docs/guide.md)");
    }
    prepare(&This, needs)
}

fn prepare(machine: &dyn Machine, needs: &[Need]) -> Result<()> {
    let targets: Vec<&str> = needs.iter().filter_map(|need| need.target()).collect();
    let add = compiler::obtain(machine, &targets);
    if machine.exists("/etc/debian_version") {
        let mut missing = packages::missing(machine, needs);
        if add.is_err() {
            missing.extend(compiler::PACKAGES);
        }
        if !missing.is_empty() {
            packages::install(machine, &missing, add.is_err())?;
        }
    }
    for target in targets {
        compiler::find(machine, target)?;
    }
    tools::check(machine, needs)
}
