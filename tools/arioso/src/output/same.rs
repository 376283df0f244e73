// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether two names are of one file.

use std::path::Path;

#[cfg(unix)]
pub use unix::{equal, is_same, stdout};

#[cfg(windows)]
pub use windows::is_same;

#[cfg(unix)]
mod unix {
    use super::Path;
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    /// By device and inode: links of both kinds are seen through. Only of regular files: a terminal may be both.
    pub fn is_same(a: &Path, b: &Path) -> bool {
        let file = |path: &Path, own: fn() -> Option<Metadata>| {
            let data = match path == Path::new("-") {
                true => own(),
                false => fs::metadata(path).ok(),
            };
            data.filter(Metadata::is_file)
        };
        let (input, output) = (file(a, stdin), file(b, stdout));
        input
            .zip(output)
            .is_some_and(|(input, output)| equal(&input, &output))
    }

    pub fn equal(a: &Metadata, b: &Metadata) -> bool {
        (a.dev(), a.ino()) == (b.dev(), b.ino())
    }

    fn of(descriptor: impl AsFd) -> Option<Metadata> {
        let own = descriptor.as_fd().try_clone_to_owned().ok()?;
        File::from(own).metadata().ok()
    }

    pub fn stdout() -> Option<Metadata> {
        of(io::stdout())
    }

    fn stdin() -> Option<Metadata> {
        of(io::stdin())
    }
}

#[cfg(windows)]
mod windows {
    use super::Path;
    use same_file::Handle;

    /// By volume and file number.
    pub fn is_same(a: &Path, b: &Path) -> bool {
        let handle =
            |path: &Path, own: fn() -> std::io::Result<Handle>| match path == Path::new("-") {
                true => own().ok(),
                false if path.is_file() => Handle::from_path(path).ok(),
                false => None,
            };
        let (input, output) = (handle(a, Handle::stdin), handle(b, Handle::stdout));
        input.is_some() && input == output
    }
}
