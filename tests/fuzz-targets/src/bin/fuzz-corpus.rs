//! Writes a target's seeds and its dictionary as libFuzzer takes them: `fuzz-corpus <target> <directory of inputs> <dictionary>`.

use std::fmt::Write;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [name, inputs, dictionary] = &arguments[..] else {
        return Err(io::Error::other(
            "fuzz-corpus <target> <inputs> <dictionary>",
        ));
    };
    let target = fuzz_targets::find(name).ok_or_else(|| io::Error::other("no such target"))?;
    fs::create_dir_all(inputs)?;
    for (index, seed) in (target.seeds)().iter().enumerate() {
        fs::write(format!("{inputs}/seed-{index:02}"), seed)?;
    }
    let mut text = String::from("# Byte strings that mean something in this target's inputs.\n");
    for word in (target.dictionary)().iter().filter(|word| word.len() <= 64) {
        let bytes = word.iter().fold(String::new(), |mut bytes, byte| {
            let _ = write!(bytes, "\\x{byte:02X}");
            bytes
        });
        let _ = writeln!(text, "\"{bytes}\"");
    }
    fs::write(dictionary, text)
}
