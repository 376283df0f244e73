//! The images under test, and the list of imports.

use object::read::pe::PeFile64;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub struct Image {
    pub arch: &'static str,
    pub bytes: Vec<u8>,
    path: PathBuf,
}

impl Image {
    /// The release image, built first if it is missing or older than its source.
    pub fn get(arch: &'static str) -> &'static Self {
        static X64: OnceLock<Image> = OnceLock::new();
        static ARM64: OnceLock<Image> = OnceLock::new();
        let cell = if arch == "x64" { &X64 } else { &ARM64 };
        cell.get_or_init(|| {
            let built = Command::new(env!("CARGO_BIN_EXE_xtask"))
                .args(["build", "--arch", arch])
                .status();
            assert!(
                built.is_ok_and(|status| status.success()),
                "the {arch} driver does not build"
            );
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../target/driver")
                .join(arch)
                .join("release/arioso.sys");
            Self {
                arch,
                bytes: std::fs::read(&path).expect("the built driver"),
                path,
            }
        })
    }

    pub fn all() -> [&'static Self; 2] {
        [Self::get("x64"), Self::get("arm64")]
    }

    pub fn parse(&self) -> PeFile64<'_> {
        PeFile64::parse(&self.bytes[..]).expect("a 64-bit PE image")
    }

    /// Every instruction with its address, in AT&T syntax.
    pub fn instructions(&self) -> Vec<(u64, String)> {
        let run = |program| {
            Command::new(program)
                .args(["-d", "--no-show-raw-insn"])
                .arg(&self.path)
                .output()
        };
        let output = run("llvm-objdump-19")
            .or_else(|_| run("llvm-objdump"))
            .expect("llvm-objdump");
        let listing = String::from_utf8(output.stdout).expect("text");
        let parse = |line: &str| {
            let (address, text) = line.split_once(':')?;
            Some((
                u64::from_str_radix(address.trim(), 16).ok()?,
                text.replace('\t', " ").trim().to_owned(),
            ))
        };
        let instructions: Vec<_> = listing.lines().filter_map(parse).collect();
        assert!(
            instructions.len() > 100,
            "{}: only {} instructions",
            self.arch,
            instructions.len()
        );
        instructions
    }

    /// Names by address, from the linker's map.
    pub fn symbols(&self) -> BTreeMap<u64, String> {
        let map =
            std::fs::read_to_string(self.path.with_extension("map")).expect("the linker's map");
        let parse = |line: &str| {
            let mut words = line.split_whitespace();
            let (_, name, address) = (
                words.next().filter(|word| word.contains(':'))?,
                words.next()?,
                words.next()?,
            );
            Some((u64::from_str_radix(address, 16).ok()?, name.to_owned()))
        };
        map.lines().filter_map(parse).collect()
    }
}

/// A PE image's checksum: the sum of its 16-bit words with end-around carry, without the field itself,
/// plus its length.
pub fn checksum(bytes: &[u8], field: usize) -> u32 {
    let mut sum = 0u64;
    for (index, pair) in bytes.chunks(2).enumerate() {
        if !(field..field + 4).contains(&(index * 2)) {
            sum += u64::from(pair[0]) + (pair.get(1).map_or(0, |&high| u64::from(high)) << 8);
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u32::try_from(sum + bytes.len() as u64).expect("a small file")
}

/// (module, function) → the first Windows that exports it, as major, minor, build.
pub fn imports() -> BTreeMap<(&'static str, &'static str), [u32; 3]> {
    let mut module = "";
    let mut list = BTreeMap::new();
    for line in include_str!("../../wdk/imports.txt").lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            module = name.trim_end_matches(']');
            continue;
        }
        let mut words = line.split_whitespace();
        let (name, since) = (words.next().expect("name"), words.next().expect("version"));
        assert!(words.next().is_none(), "{line}");
        assert!(
            list.insert((module, name), version(since)).is_none(),
            "{module}!{name} twice"
        );
    }
    list
}

fn version(name: &str) -> [u32; 3] {
    match name {
        "2000" => [5, 0, 2195],
        "XP" => [5, 1, 2600],
        "2003" => [5, 2, 3790],
        "Vista" => [6, 0, 6000],
        "7" => [6, 1, 7600],
        "8" => [6, 2, 9200],
        "8.1" => [6, 3, 9600],
        build => {
            let build = build
                .strip_prefix("10.0.")
                .unwrap_or_else(|| panic!("version {build}"));
            [
                10,
                0,
                build.parse().unwrap_or_else(|_| panic!("version {build}")),
            ]
        }
    }
}
