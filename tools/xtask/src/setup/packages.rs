// SPDX-License-Identifier: MIT OR Apache-2.0
//! Debian's packages.

use super::Need;
use super::compiler;
use super::machine::{Machine, Outcome, version};
use anyhow::{Result, bail};

/// Packages, each with a file that proves that it is there.
type Packages = &'static [(&'static str, &'static str)];

impl Need {
    fn packages(self) -> Packages {
        match self {
            Self::Driver(_) => &[
                ("lld-19", "/usr/bin/lld-link-19"),
                ("llvm-19", "/usr/bin/llvm-lib-19"),
                // libclang comes with it.
                ("clang-19", "/usr/bin/clang-19"),
                // The headers.
                (
                    "mingw-w64-common",
                    "/usr/share/mingw-w64/include/ddk/ntifs.h",
                ),
            ],
            Self::WindowsProgram => &[(
                "gcc-mingw-w64-x86-64-win32",
                "/usr/bin/x86_64-w64-mingw32-gcc",
            )],
            Self::Signing => &[
                ("openssl", "/usr/bin/openssl"),
                ("osslsigncode", "/usr/bin/osslsigncode"),
            ],
            Self::Fuzzing => &[("g++", "/usr/bin/g++")],
            Self::Peers => &[
                (
                    "libfluidsynth3",
                    "/usr/lib/x86_64-linux-gnu/libfluidsynth.so.3",
                ),
                ("timgm6mb-soundfont", "/usr/share/sounds/sf2/TimGM6mb.sf2"),
                ("csound-soundfont", "/usr/share/sounds/sf2/sf_GMbank.sf2"),
                ("fluid-soundfont-gm", "/usr/share/sounds/sf2/FluidR3_GM.sf2"),
                (
                    "openttd-openmsx",
                    "/usr/share/games/openttd/baseset/openmsx",
                ),
                // Its music.
                ("freedoom", "/usr/share/games/doom/freedoom1.wad"),
            ],
            Self::Counting => &[("valgrind", "/usr/bin/valgrind")],
            Self::Live => &[
                ("libasound2-dev", "/usr/include/alsa/asoundlib.h"),
                ("libjack-jackd2-dev", "/usr/include/jack/jack.h"),
                ("pkg-config", "/usr/bin/pkg-config"),
            ],
            Self::Tests => &[
                // The panel under Wine.
                ("xvfb", "/usr/bin/Xvfb"),
                ("xdotool", "/usr/bin/xdotool"),
                ("imagemagick", "/usr/bin/import"),
                ("wine", "/usr/bin/wine"),
                ("wine64", "/usr/lib/wine/wine64"),
                // Devices for listen.
                ("pulseaudio", "/usr/bin/pulseaudio"),
                ("pulseaudio-utils", "/usr/bin/parec"),
            ],
        }
    }
}

/// The packages that `needs` lack.
pub fn missing(machine: &dyn Machine, needs: &[Need]) -> Vec<&'static str> {
    let mut missing: Vec<&str> = Vec::new();
    for (name, proof) in needs.iter().flat_map(|need| need.packages()) {
        if !machine.exists(proof) && !missing.contains(name) {
            missing.push(name);
        }
    }
    missing
}

/// Installs packages from a renewed index. `compiler`: Debian's Rust compiler is among them.
pub fn install(machine: &dyn Machine, packages: &[&str], compiler: bool) -> Result<()> {
    let install = format!(
        "apt-get install --no-install-recommends {}",
        packages.join(" ")
    );
    match machine.run(&["id", "-u"], None) {
        Outcome::Done(user) if user.trim() == "0" => {}
        _ => bail!("packages are missing; as root, run\n    apt-get update && {install}"),
    }
    machine.say(&format!(
        "{install}\n    (from a renewed index; some minutes)"
    ));
    // Old names in the index are the commonest reason why packages are not found. Without a network those at hand may do.
    let renewed = apt(machine, &["update", "-qq"]);
    if compiler {
        compiler_on_offer(machine, &renewed)?;
    }
    let mut arguments = vec!["install", "-qq", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    let Err(error) = apt(machine, &arguments) else {
        return Ok(());
    };
    for (sign, help) in TROUBLES {
        if error.contains(sign) {
            bail!("{help}");
        }
    }
    if let Err(update) = renewed {
        bail!(
            "packages cannot be installed ({}), and the package index could not be renewed ({}): \
             with a network, run `apt-get update`, then this command again",
            last(&error),
            last(&update)
        );
    }
    bail!(
        "packages cannot be installed: {}. Run `{install}` to see all of it",
        last(&error)
    )
}

/// What apt says, and what to do about it.
const TROUBLES: [(&str, &str); 3] = [
    (
        "dpkg was interrupted",
        "an earlier installation of packages was interrupted: run `dpkg --configure -a`, then this command again",
    ),
    (
        "Could not get lock",
        "another program is installing packages: wait until it has ended, then run this command again",
    ),
    (
        "enough free space",
        "there is not enough room on the disk for the packages: make some (`apt-get clean`, or 3 GB under /usr), then run this command again",
    ),
];

/// Is the compiler that apt would install new enough?
fn compiler_on_offer(machine: &dyn Machine, renewed: &Result<String, String>) -> Result<()> {
    let needed = compiler::needed();
    let package = compiler::PACKAGES[0];
    let offer = match machine.run(&["apt-cache", "policy", package], None) {
        Outcome::Done(policy) => policy
            .lines()
            .find_map(|line| line.trim().strip_prefix("Candidate: ").map(str::to_owned)),
        _ => None,
    };
    let found = match &offer {
        Some(offer) if version(offer).is_some_and(|found| found >= needed) => return Ok(()),
        Some(offer) if offer != "(none)" => format!("Debian offers {package} {offer}"),
        _ => format!("Debian offers no {package}"),
    };
    let index = match renewed {
        Ok(_) => "",
        Err(_) => " (the package index could not be renewed: is there a network?)",
    };
    bail!(
        "there is no Rust compiler for the driver: rustup's toolchain has no library for Windows, and {found}{index} where \
         {needed} is needed. With a network, this helps: rustup target add x86_64-pc-windows-msvc"
    )
}

/// Runs apt-get; its messages if it fails.
fn apt(machine: &dyn Machine, arguments: &[&str]) -> Result<String, String> {
    let mut command = vec!["apt-get"];
    command.extend(arguments);
    match machine.run(&command, None) {
        Outcome::Done(output) => Ok(output),
        Outcome::Failed(errors) => Err(errors),
        Outcome::TooLong => Err("it took too long".into()),
        Outcome::Absent => Err("there is no apt-get".into()),
    }
}

fn last(messages: &str) -> &str {
    let mut lines = messages.lines().map(str::trim);
    lines
        .rfind(|line| !line.is_empty())
        .unwrap_or("it does not say why")
}
