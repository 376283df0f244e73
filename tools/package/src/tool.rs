// SPDX-License-Identifier: MIT OR Apache-2.0
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

/// The last that a program had to say, in one line.
pub fn said(output: &Output) -> String {
    let text = [&output.stdout[..], b"\n", &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let mut lines: Vec<&str> = text.lines().map(reason).collect();
    let empty = ["", "Failed", "Succeeded"];
    lines.retain(|line| !empty.contains(line) && !line.starts_with("Number of verified"));
    lines.dedup();
    let last = lines.len().saturating_sub(2);
    lines[last..].join("; ")
}

/// What a line of OpenSSL's error queue means (thread:error:code:library:function:reason:file:line:data); other lines as they are.
fn reason(line: &str) -> &str {
    let line = line.trim();
    let mut fields = line.split(':');
    match (fields.nth(1), fields.nth(3)) {
        (Some("error"), Some(reason)) => reason,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn reasons() {
        let queue = "40808C7AE17F0000:error:05800074:x509 certificate routines:X509_check_private_key:key values mismatch:../x509_cmp.c:403:";
        assert_eq!(reason(queue), "key values mismatch");
        for line in ["PE checksum: bad", "a:b", ""] {
            assert_eq!(reason(line), line);
        }
    }
}
