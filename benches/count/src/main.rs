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
use arioso_count::parts::{self, FILE};
use arioso_count::songs::Extent;
use std::path::Path;
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
        ["parts"] => parts(&Extent::FULL),
        ["parts", "quick"] => parts(&Extent::QUICK),
        // Under valgrind.
        [callgrind::CHILD, "scenes"] => scenes::play(),
        [callgrind::CHILD, "blocks", scene, blocks] => worst::play(scene.parse()?, blocks.parse()?),
        _ => bail!("arioso-count [show | check | worst BLOCKS | parts [quick]]"),
    }
}

/// Where songs' time goes: a line of each, and target/bench/parts.json.
fn parts(extent: &Extent) -> Result<()> {
    let found = parts::measure(extent)?;
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    std::fs::create_dir_all(&directory)?;
    let file = directory.join(FILE);
    Ok(std::fs::write(
        file,
        serde_json::to_string_pretty(&found)? + "\n",
    )?)
}
