//! Inputs and dictionaries as libFuzzer takes them:
//!
//! * `fuzz-corpus unpack <target> <directory>`: the seeds and the committed corpus, a file for each
//! * `fuzz-corpus seeds <target> <directory>`: the seeds alone
//! * `fuzz-corpus pack <target> <directory>`: makes the committed corpus of these files, without the seeds
//! * `fuzz-corpus dictionary <target> <file>`

use fuzz_targets::{Target, corpus};
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, name, place] = &arguments[..] else {
        return Err(io::Error::other(
            "fuzz-corpus unpack|seeds|pack|dictionary <target> <place>",
        ));
    };
    let target = fuzz_targets::find(name).ok_or_else(|| io::Error::other("no such target"))?;
    let place = Path::new(place);
    match what.as_str() {
        "unpack" => write_all(&target.known(), place),
        "seeds" => write_all(&(target.seeds)(), place),
        "pack" => pack(target, place),
        "dictionary" => fs::write(place, dictionary(target)),
        _ => Err(io::Error::other("unpack, seeds, pack or dictionary")),
    }
}

fn write_all(inputs: &[Vec<u8>], directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for (index, input) in inputs.iter().enumerate() {
        fs::write(directory.join(format!("known-{index:04}")), input)?;
    }
    Ok(())
}

fn pack(target: Target, directory: &Path) -> io::Result<()> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(directory)? {
        inputs.push(fs::read(entry?.path())?);
    }
    let seeds = (target.seeds)();
    inputs.retain(|input| !seeds.contains(input));
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
