// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every source file names its licence in its first lines, as SPDX has it.

use std::fs;
use std::path::Path;
use std::process::Command;

const LINE: &str = "SPDX-License-Identifier: MIT OR Apache-2.0";
const KINDS: [&str; 8] = ["rs", "c", "h", "S", "sh", "ps1", "psm1", "run"];

#[test]
fn sources_name_their_licence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(&root)
        .output()
        .expect("git");
    let names = String::from_utf8(output.stdout).expect("names in UTF-8");
    let sources: Vec<&str> = names
        .split_terminator('\0')
        .filter(|name| {
            let kind = name.rsplit_once(['.', '/']).map(|(_, kind)| kind);
            kind.is_some_and(|kind| KINDS.contains(&kind)) && root.join(name).exists()
        })
        .collect();
    assert!(sources.len() > 500, "a checkout with its files");
    let without: Vec<&&str> = sources
        .iter()
        .filter(|name| {
            let text = fs::read_to_string(root.join(name)).expect(name);
            !text.lines().take(3).any(|line| line.contains(LINE))
        })
        .collect();
    assert!(without.is_empty(), "without a licence: {without:#?}");
}
