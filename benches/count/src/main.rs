// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counts instructions under `valgrind --tool=callgrind`: exact, whatever else the machine does.
//!
//! | module | holds |
//! |---|---|
//! | [`scenes`] | what is counted, and how much it may be |
//! | [`worst`] | the dearest of many blocks |
//! | [`callgrind`] | this program under valgrind; the counts |

mod callgrind;
mod scenes;
mod worst;

use anyhow::{Result, bail};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["show"] => scenes::show(),
        ["check"] => {
            scenes::check()?;
            worst::sample()
        }
        ["worst", blocks] => worst::all(blocks.parse()?),
        // Under valgrind.
        [callgrind::CHILD, "scenes"] => scenes::play(),
        [callgrind::CHILD, "blocks", scene, blocks] => worst::play(scene.parse()?, blocks.parse()?),
        _ => bail!("arioso-count [show | check | worst BLOCKS]"),
    }
}
