// SPDX-License-Identifier: MIT OR Apache-2.0
//! Inputs and dictionaries as libFuzzer takes them:
//!
//! * `fuzz-corpus unpack <target> <directory>`: the seeds and the committed corpus, a file for each
//! * `fuzz-corpus seeds <target> <directory>`: the seeds alone
//! * `fuzz-corpus pack <target>,<target>… <directory>`: makes the committed corpora of the files in `<directory>/<target>.small`,
//!   without the seeds
//! * `fuzz-corpus dictionary <target> <file>`
//! * `fuzz-corpus edges <target> <directory>`: runs these files; a line for each edge of the driver's image, its address and 1 if one of
//!   them took it

use fuzz_targets::{Target, corpus, edges};
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, name, place] = &arguments[..] else {
        return Err(io::Error::other(
            "fuzz-corpus unpack|seeds|pack|dictionary|edges <target> <place>",
        ));
    };
    let place = Path::new(place);
    match what.as_str() {
        "unpack" => write_all(&find(name)?.known(), place),
        "seeds" => write_all(&(find(name)?.seeds)(), place),
        "pack" => pack(name, place),
        "dictionary" => write(place, dictionary(find(name)?)),
        "edges" => print_edges(find(name)?, place),
        _ => Err(io::Error::other("unpack, seeds, pack, dictionary or edges")),
    }
}

fn find(name: &str) -> io::Result<Target> {
    fuzz_targets::find(name).ok_or_else(|| io::Error::other(format!("{name} is no fuzz target")))
}

fn write_all(inputs: &[Vec<u8>], directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory).map_err(|error| at(directory, &error))?;
    for (index, input) in inputs.iter().enumerate() {
        write(&directory.join(format!("known-{index:04}")), input)?;
    }
    Ok(())
}

fn read_all(directory: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| at(directory, &error))? {
        let path = entry?.path();
        inputs.push(fs::read(&path).map_err(|error| at(&path, &error))?);
    }
    Ok(inputs)
}

/// The old corpora stay if anything is wrong with the new ones.
fn pack(names: &str, directory: &Path) -> io::Result<()> {
    let targets: Vec<Target> = names.split(',').map(find).collect::<Result<_, _>>()?;
    let mut corpora = Vec::new();
    for target in &targets {
        let inputs = reduced(target, &directory.join(format!("{}.small", target.name)))?;
        println!("{}: {} inputs", target.name, inputs.len());
        corpora.push((target.name, corpus::pack(&inputs)));
    }
    let total = corpus::total(&corpora);
    // Fewer are welcome, though there are still too many.
    if total > corpus::LIMIT && total >= corpus::total(&[]) {
        return Err(io::Error::other(format!(
            "all corpora would take {total} bytes, more than {}; the old ones stay",
            corpus::LIMIT
        )));
    }
    for (name, bytes) in corpora {
        let file = corpus::file(name);
        let new = file.with_extension("new");
        write(&new, &bytes)?;
        fs::rename(&new, &file).map_err(|error| at(&file, &error))?;
        println!("{name}: {} bytes", bytes.len());
    }
    println!("all: {total} bytes");
    Ok(())
}

/// The inputs of a directory that are not seeds, short ones first.
fn reduced(target: &Target, directory: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut inputs = read_all(directory)?;
    let seeds = (target.seeds)();
    if let Some(missing) = seeds.iter().position(|seed| !inputs.contains(seed)) {
        return Err(io::Error::other(format!(
            "{}: seed {missing} is not among the inputs; the old corpora stay",
            directory.display()
        )));
    }
    inputs.retain(|input| !seeds.contains(input));
    inputs.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    inputs.dedup();
    Ok(inputs)
}

fn print_edges(target: Target, directory: &Path) -> io::Result<()> {
    if !target.driver {
        return Err(io::Error::other(format!(
            "{} does not run the driver",
            target.name
        )));
    }
    let Some(edges) = edges::of_image(target, &read_all(directory)?) else {
        return Err(io::Error::other(
            "the image does not count its edges: `cargo xtask build --coverage`, and its path in ARIOSO_SYS",
        ));
    };
    for edge in edges {
        println!("{:#x} {}", edge.address, u8::from(edge.taken));
    }
    Ok(())
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    fs::write(path, bytes).map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
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
