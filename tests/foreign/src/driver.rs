// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drivers in C: clang, llvm-dlltool and lld-link without a WDK.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The import library of a module, with the functions that a source declares in lines of `IMPORT`; of the kernel also with those that
/// the compiler calls.
///
/// # Errors
/// What llvm-dlltool says.
pub fn import_library(module: &str, source: &str, library: &Path) -> Result<(), String> {
    let declared = source.lines().filter_map(|line| {
        let (head, _) = line.strip_prefix("IMPORT ")?.split_once(['(', ';'])?;
        head.rsplit([' ', '*']).next()
    });
    let compiler = ["__C_specific_handler", "__chkstk"]
        .into_iter()
        .filter(|_| module == "ntoskrnl.exe");
    let names: Vec<&str> = compiler.chain(declared).collect();
    let definition = library.with_extension("def");
    let text = format!("LIBRARY {module}\nEXPORTS\n{}\n", names.join("\n"));
    fs::write(&definition, text).map_err(|e| format!("{}: {e}", definition.display()))?;
    run(Command::new("llvm-dlltool-19")
        .args(["-m", "i386:x86-64", "-d"])
        .arg(definition)
        .arg("-l")
        .arg(library))
}

/// Compiles `NAME.c` and links it with import libraries: `NAME.sys` in a directory, with its map and import library beside it.
///
/// # Errors
/// What clang or lld-link says.
pub fn build(
    source: &Path,
    directory: &Path,
    flags: &[&str],
    libraries: &[&Path],
) -> Result<(), String> {
    let name = source
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let file = |extension: &str| directory.join(format!("{name}.{extension}"));
    let object = file("obj");
    run(Command::new("clang-19")
        .args([
            "--target=x86_64-pc-windows-msvc",
            "-std=c17",
            "-O1",
            "-fasync-exceptions",
            "-ffreestanding",
            "-fno-stack-protector",
            "-c",
        ])
        .args(flags)
        .arg(source)
        .arg("-o")
        .arg(&object))?;
    run(Command::new("lld-link-19")
        .args([
            "/NODEFAULTLIB",
            "/SUBSYSTEM:NATIVE,10.0",
            "/DRIVER",
            "/ENTRY:DriverEntry",
            "/DYNAMICBASE",
        ])
        .arg(format!("/MAP:{}", file("map").display()))
        .arg(format!("/IMPLIB:{}", file("lib").display()))
        .arg(format!("/OUT:{}", file("sys").display()))
        .arg(&object)
        .args(libraries))
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let out = command.output().map_err(|e| format!("{program}: {e}"))?;
    if out.status.success() {
        return Ok(());
    }
    Err(format!(
        "{program}: {}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    ))
}
