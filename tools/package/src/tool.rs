//! Running openssl and osslsigncode.

use anyhow::{Context, Result, bail};
use std::io::ErrorKind;
use std::process::{Command, Output};

/// Runs a program and returns whatever came of it; that it is not there is an error.
pub fn capture(command: &mut Command) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("the program {name} is missing: `cargo xtask setup` installs it")
        }
        output => output.with_context(|| format!("cannot start {name}")),
    }
}

/// Runs a program; its failure is an error with its messages.
pub fn run(command: &mut Command) -> Result<Output> {
    let output = capture(command)?;
    if !output.status.success() {
        let name = command.get_program().to_string_lossy();
        bail!("{name} failed ({}): {}", output.status, said(&output));
    }
    Ok(output)
}

/// What a program had to say, in one line.
pub fn said(output: &Output) -> String {
    let text = [&output.stdout[..], b"\n", &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    let last = lines.len().saturating_sub(4);
    lines[last..].join("; ")
}
