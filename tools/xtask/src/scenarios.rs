// SPDX-License-Identifier: MIT OR Apache-2.0
//! The scenarios of the simulated kernel, each in a process of its own, on an image that is not the ordinary one.

use crate::{process, project};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// They need another image.
const OTHER_IMAGE: [&str; 2] = ["the development build", "a panic is told"];

/// The test program of `tests/conformance`.
pub struct Program(PathBuf);

/// Places of an image, and whether they were met: edges by address, or whatever its section `.SCOV` has a byte for.
pub type Taken = BTreeMap<u64, bool>;

impl Program {
    /// Builds it, and what scenarios need besides.
    pub fn build() -> Result<Self> {
        let mut cargo = process::cargo();
        cargo.args(["test", "--release", "--no-run", "--package", "conformance"]);
        let output = process::capture(cargo.args(["--test", "simkernel"]))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "the scenarios do not compile:\n{said}"
        );
        let line = said.lines().find(|line| line.contains("Executable"));
        let path = line.and_then(|line| line.rsplit_once('(')?.1.strip_suffix(')'));
        let built = project::root().join(path.context("cargo did not name the program")?);
        // A build beside this run does not change it.
        let place = project::root().join("target/taken");
        fs::create_dir_all(&place)?;
        let program = Self(place.join(format!("scenarios-{}", std::process::id())));
        fs::copy(built, &program.0)?;
        // The program itself builds the modules in C.
        let mut modules = Command::new(&program.0);
        modules.args(["--exact", "exports that another maker's modules lack"]);
        let output = process::capture(modules.current_dir(directory()))?;
        ensure!(output.status.success(), "the modules in C are not built");
        Ok(program)
    }

    /// Those that run on any image.
    pub fn names(&self) -> Result<Vec<String>> {
        let listed = process::output(Command::new(&self.0).arg("--list"))?;
        let names = listed
            .lines()
            .filter_map(|line| line.strip_suffix(": test"));
        let other = |name: &&str| OTHER_IMAGE.iter().any(|start| name.starts_with(start));
        Ok(names
            .filter(|name| !other(name))
            .map(str::to_owned)
            .collect())
    }

    fn command(&self, name: &str, image: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command
            .current_dir(directory())
            .env("ARIOSO_SCENARIO", name)
            .env("ARIOSO_SYS", image)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Whether a scenario passes on this image within this time; what it takes is added to `taken`.
    pub fn passes(
        &self,
        name: &str,
        image: &Path,
        most: Duration,
        taken: Option<&mut Taken>,
    ) -> Result<bool> {
        let place = project::root()
            .join("target/taken")
            .join(std::process::id().to_string());
        let mut command = self.command(name, image);
        command.env("RUST_BACKTRACE", "0").stderr(Stdio::null());
        if taken.is_some() {
            if place.exists() {
                fs::remove_dir_all(&place)?;
            }
            fs::create_dir_all(&place)?;
            command.env("ARIOSO_TAKEN", &place);
        }
        let status = wait(
            &mut command.spawn().context("cannot start a scenario")?,
            most,
        )?;
        if let Some(taken) = taken {
            for file in fs::read_dir(&place)? {
                read(&fs::read_to_string(file?.path())?, taken)?;
            }
            fs::remove_dir_all(&place)?;
        }
        Ok(status.is_some_and(|status| status.success()))
    }

    /// What a scenario says if it fails.
    pub fn failure(
        &self,
        name: &str,
        image: &Path,
        most: Duration,
        variables: &[(&str, String)],
    ) -> Result<Option<String>> {
        let mut command = self.command(name, image);
        command
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start a scenario")?;
        let mut errors = child.stderr.take().context("no output")?;
        let reader = thread::spawn(move || {
            let mut said = Vec::new();
            // What could not be read is not said.
            let _ = errors.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        let status = wait(&mut child, most)?;
        let said = reader.join().ok().context("a reader is gone")?;
        Ok(match status {
            Some(status) if status.success() => None,
            Some(_) => Some(said),
            None => Some(format!("{said}\nit does not end")),
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It is only a copy.
        let _ = fs::remove_file(&self.0);
    }
}

/// Lines of `place taken`; what was taken before stays so.
pub fn read(text: &str, edges: &mut Taken) -> Result<()> {
    for line in text.lines() {
        let edge = line.split_once(' ').and_then(|(address, taken)| {
            let address = u64::from_str_radix(address.strip_prefix("0x")?, 16).ok()?;
            Some((address, taken == "1"))
        });
        let (address, taken) = edge.with_context(|| format!("no edge: {line}"))?;
        *edges.entry(address).or_default() |= taken;
    }
    Ok(())
}

/// How a process ended; `None`: it did not in that time, and is stopped.
fn wait(child: &mut Child, most: Duration) -> Result<Option<ExitStatus>> {
    let end = Instant::now() + most;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > end {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn directory() -> PathBuf {
    project::root().join("tests/conformance")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_once_is_taken() {
        let mut edges = Taken::new();
        read("0x10 0\n0x20 1\n", &mut edges).unwrap();
        read("0x10 1\n0x20 0\n0x30 0\n", &mut edges).unwrap();
        assert_eq!(
            edges,
            Taken::from([(0x10, true), (0x20, true), (0x30, false)])
        );
        assert!(read("ten 1\n", &mut edges).is_err());
    }
}
