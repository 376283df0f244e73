// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's image: found, and built if it is missing or older than its source.

use crate::failure::{Failure, Kind, Result};
use crate::messages;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

/// Names an image to use as it is.
pub const OVERRIDE: &str = "ARIOSO_SYS";

/// What the image is made of, relative to the repository.
const SOURCES: [&str; 8] = [
    "src",
    "core/src",
    "core/Cargo.toml",
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "tools/xtask/src",
    "tools/xtask/wdk",
];

/// Files that are read, with the image that is named.
pub fn inputs(files: &[&Path]) -> Vec<PathBuf> {
    let files = files.iter().map(|file| file.to_path_buf());
    files
        .chain(env::var_os(OVERRIDE).map(PathBuf::from))
        .collect()
}

/// The image, fresh.
pub fn image() -> Result<PathBuf> {
    if let Some(path) = env::var_os(OVERRIDE) {
        let path = PathBuf::from(path);
        if !path.is_file() {
            return Err(Failure::new(
                Kind::Build,
                format!("{OVERRIDE} names {}, which is not a file", path.display()),
            ));
        }
        return Ok(path);
    }
    let root = repository()?;
    let image = root.join("target/driver/x64/release/arioso.sys");
    if is_stale(&image, &root) {
        build(&root)?;
    }
    if !image.is_file() {
        return Err(Failure::new(
            Kind::Build,
            format!("the driver's build did not leave {}", image.display()),
        ));
    }
    Ok(image)
}

/// The repository around the current directory, else the one that this program was built in.
fn repository() -> Result<PathBuf> {
    let here = env::current_dir().unwrap_or_default();
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .chain(built.ancestors())
        .find(|directory| directory.join("core/src/ks").is_dir() && directory.join("tools/xtask").is_dir())
        .map(Path::to_path_buf)
        .ok_or_else(|| {
            let message = format!("the driver's source is not here: run from the repository, or set {OVERRIDE} to arioso.sys");
            Failure::new(Kind::Build, message)
        })
}

fn is_stale(image: &Path, root: &Path) -> bool {
    let Some(built) = modified(image) else {
        return true;
    };
    SOURCES
        .iter()
        .any(|source| newest(&root.join(source)).is_some_and(|time| time > built))
}

fn newest(path: &Path) -> Option<SystemTime> {
    let own = modified(path)?;
    let Ok(entries) = fs::read_dir(path) else {
        return Some(own);
    };
    entries
        .flatten()
        .filter_map(|entry| newest(&entry.path()))
        .chain([own])
        .max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

fn build(root: &Path) -> Result<()> {
    messages::note("Building the driver (cargo xtask build)…");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["xtask", "build"])
        .current_dir(root)
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| {
            Failure::new(
                Kind::Build,
                format!("cannot start cargo to build the driver: {error}"),
            )
        })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(
            Kind::Build,
            "the driver does not build; its messages are above (cargo xtask setup installs what it needs)",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_stale_when_a_source_is_newer() {
        let root = env::temp_dir().join(format!("arioso-driver-{}", std::process::id()));
        fs::create_dir_all(root.join("src/deep")).unwrap();
        let image = root.join("arioso.sys");
        assert!(is_stale(&image, &root), "missing");
        let at = |seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let touch = |path: &Path, seconds| {
            fs::write(path, b"").unwrap();
            fs::File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_modified(at(seconds))
                .unwrap();
        };
        touch(&root.join("src/deep/a.rs"), 1000);
        touch(&image, 4_000_000_000);
        assert!(!is_stale(&image, &root));
        touch(&image, 999);
        assert!(is_stale(&image, &root));
        fs::remove_dir_all(root).unwrap();
    }
}
