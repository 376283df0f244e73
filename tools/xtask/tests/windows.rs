// SPDX-License-Identifier: MIT OR Apache-2.0
//! What only runs elsewhere: PowerShell scripts and workflows, read here as far as that goes.

use std::fs;
use std::path::{Path, PathBuf};
use tree_sitter::{Node, Parser};
use yaml_rust2::{Yaml, YamlLoader};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(directory: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let files: Vec<_> = fs::read_dir(root().join(directory))
        .expect("the directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|e| extensions.iter().any(|x| e == *x))
        })
        .collect();
    assert!(!files.is_empty(), "{directory} is empty");
    files
}

fn powershell(text: &str) -> Vec<usize> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_powershell::LANGUAGE.into())
        .expect("the grammar");
    let tree = parser.parse(text, None).expect("a tree");
    let mut errors = Vec::new();
    lines_with_errors(tree.root_node(), &mut errors);
    errors
}

fn lines_with_errors(node: Node<'_>, errors: &mut Vec<usize>) {
    if node.is_error() || node.is_missing() {
        errors.push(node.start_position().row + 1);
    }
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        lines_with_errors(child, errors);
    }
}

#[test]
fn scripts_are_powershell() {
    assert_ne!(
        powershell("if ($a) { 1 }\nif ($b { 2 }\n"),
        [] as [usize; 0]
    );
    for file in files("tests/windows", &["ps1", "psm1"]) {
        let text = fs::read_to_string(&file).expect("UTF-8");
        assert_eq!(powershell(&text), [] as [usize; 0], "{}", file.display());
        assert!(
            text.is_ascii(),
            "{}: Windows PowerShell reads files without a mark in the code page of the machine",
            file.display()
        );
    }
}

#[test]
fn scripts_of_the_guide_are_there() {
    let guide = fs::read_to_string(root().join("tests/windows/README.md")).expect("the guide");
    for file in files("tests/windows", &["ps1", "psm1"]) {
        let name = file.file_name().expect("a name").to_string_lossy();
        assert!(
            guide.contains(&format!("| `{name}` |")),
            "{name} is not in the guide"
        );
    }
}

#[test]
fn workflows_call_what_is_there() {
    for file in files(".github/workflows", &["yml"]) {
        let name = file.display();
        let text = fs::read_to_string(&file).expect("UTF-8");
        let documents = YamlLoader::load_from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let [document] = &documents[..] else {
            panic!("{name}: one document");
        };
        let jobs = document["jobs"]
            .as_hash()
            .unwrap_or_else(|| panic!("{name}: jobs"));
        for (job, body) in jobs {
            assert!(
                body["runs-on"].as_str().is_some(),
                "{name}: {job:?} runs nowhere"
            );
            let steps = body["steps"]
                .as_vec()
                .unwrap_or_else(|| panic!("{name}: {job:?} has no steps"));
            for step in steps {
                let run = step["run"].as_str();
                // It came with the machine after this one.
                let winget = run.is_some_and(|run| run.contains("winget"));
                assert!(
                    !winget || body["runs-on"].as_str() != Some("windows-2022"),
                    "{name}: there is no winget on windows-2022"
                );
                assert!(
                    run.is_some() != step["uses"].as_str().is_some(),
                    "{name}: a step runs a command or uses an action: {step:?}"
                );
                for word in run.unwrap_or_default().split_whitespace() {
                    let script = word.replace('\\', "/");
                    if script.ends_with(".ps1") || script == ".ci/run" {
                        assert!(root().join(&script).exists(), "{name}: {word} is missing");
                    }
                }
            }
            if let Yaml::String(needs) = &body["needs"] {
                assert!(
                    jobs.contains_key(&Yaml::String(needs.clone())),
                    "{name}: {job:?} needs {needs}, which is no job"
                );
            }
        }
    }
}
