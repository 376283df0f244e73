//! Inputs and dictionaries as libFuzzer takes them:
//!
//! * `fuzz-corpus unpack <target> <directory>`: the seeds and the committed corpus, a file for each
//! * `fuzz-corpus pack <target> <directory>`: makes the committed corpus of these files
//! * `fuzz-corpus dictionary <target> <file>`

use fuzz_targets::{Target, corpus};
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, name, place] = &arguments[..] else {
        return Err(io::Error::other(
            "fuzz-corpus unpack|pack|dictionary <target> <place>",
        ));
    };
    let target = fuzz_targets::find(name).ok_or_else(|| io::Error::other("no such target"))?;
    let place = Path::new(place);
    match what.as_str() {
        "unpack" => unpack(target, place),
        "pack" => pack(target, place),
        "dictionary" => fs::write(place, dictionary(target)),
        _ => Err(io::Error::other("unpack, pack or dictionary")),
    }
}

fn unpack(target: Target, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for (index, input) in target.known().iter().enumerate() {
        fs::write(directory.join(format!("known-{index:04}")), input)?;
    }
    Ok(())
}

fn pack(target: Target, directory: &Path) -> io::Result<()> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(directory)? {
        inputs.push(fs::read(entry?.path())?);
    }
    inputs.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    fs::write(corpus::file(target.name), corpus::pack(&inputs))
}

fn dictionary(target: Target) -> String {
    let mut text = String::from("# Byte strings that mean something in this target's inputs.\n");
    for word in (target.dictionary)().iter().filter(|word| word.len() <= 64) {
        let bytes = word.iter().fold(String::new(), |mut bytes, byte| {
            let _ = write!(bytes, "\\x{byte:02X}");
            bytes
        });
        let _ = writeln!(text, "\"{bytes}\"");
    }
    text
}
