// SPDX-License-Identifier: MIT OR Apache-2.0
//! What only runs elsewhere: PowerShell scripts and workflows, read here as far as that goes.

use std::fs;
use std::path::{Path, PathBuf};
use tree_sitter::{Node, Parser, Tree};
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

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn parse(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_powershell::LANGUAGE.into())
        .expect("the grammar");
    parser.parse(text, None).expect("a tree")
}

fn powershell(text: &str) -> Vec<usize> {
    let mut errors = Vec::new();
    lines_with_errors(parse(text).root_node(), &mut errors);
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

/// A node and all below it, in the order of the text.
fn nodes<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    let below: Vec<_> = node.children(&mut cursor).flat_map(nodes).collect();
    [vec![node], below].concat()
}

fn of_kind<'t>(node: Node<'t>, kind: &str) -> Vec<Node<'t>> {
    let mut found = nodes(node);
    found.retain(|node| node.kind() == kind);
    found
}

/// Rules of isolation end in a stop or a failed step, not in a log that nobody reads: what `verifier` is called with, by the build of
/// Windows.
#[test]
fn the_isolation_run_can_fail() {
    let script = text("tests/windows/Verify.ps1");
    let tree = parse(&script);
    let said = |node: &Node<'_>| script[node.byte_range()].to_owned();
    let words = |node: Node<'_>| -> Vec<String> {
        let strings = of_kind(node, "string_literal");
        strings.iter().map(|s| said(s).replace('\'', "")).collect()
    };
    let modes = of_kind(tree.root_node(), "switch_clause");
    let isolation = modes
        .iter()
        .find(|mode| said(mode).starts_with("'isolation'"));
    let [choice] = of_kind(*isolation.expect("the mode"), "if_statement")[..] else {
        panic!("one choice");
    };
    assert!(said(&choice).starts_with("if ($build -ge 26100) {"));
    let [new, old] = of_kind(choice, "statement_block")[..] else {
        panic!("two cases");
    };
    assert_eq!(words(new), ["/onecheck", "/dif", "33", "/33", "whcp"]);
    assert_eq!(words(old), ["/onecheck", "/rc", "33", "36"]);
    for case in [new, old] {
        assert!(said(&case).ends_with(" + $driver }"), "{}", said(&case));
    }
    assert!(script.contains("$driver = '/driver', 'arioso.sys'\n"));
    assert!(script.contains("Invoke-Program verifier $arguments\n"));
    let suite = text("tests/windows/Suite.ps1");
    let looks = "    $found = @(Get-IsolationViolation -Since $began)\n    if ($found) { throw ";
    assert!(suite.contains(looks), "a step looks, and fails");
    assert!(text("tests/windows/Arioso.psm1").contains("Kernel-XDV"));
}

/// The instance that `arioso install` makes is `ROOT\\NAME\\0000`.
#[test]
fn the_kit_names_the_device_as_the_tool_does() {
    let tool = text("tools/arioso/src/windows/install.rs");
    let (_, name) = tool
        .split_once("const DEVICE: &str = \"")
        .expect("the device's name");
    let name = name.split('"').next().unwrap_or_default().to_uppercase();
    let guide = text("tests/windows/README.md");
    assert!(!guide.contains(r"ROOT\MEDIA"), "no device is called that");
    assert!(guide.contains(&format!(r"ROOT\{name}\0000")));
}

/// SUOI_FORCEDELETE is ignored for files in the driver store and on ARM64: the package goes by DiUninstallDriver where Windows has it.
#[test]
fn the_tool_uninstalls_from_the_driver_store() {
    let devices = text("tools/arioso/src/windows/api/devices.rs");
    let (_, remove) = devices
        .split_once("pub fn remove_package")
        .expect("it removes packages");
    let remove = remove.split("\n}").next().unwrap_or_default();
    let (look, rest) = remove
        .split_once("GetProcAddress(newdev, s!(\"DiUninstallDriverW\"))")
        .expect("the driver store's own way");
    assert!(!look.contains("SetupUninstallOEMInfW"));
    let (stand_in, own) = rest
        .split_once("\n    };\n    let path")
        .expect("both ways");
    assert!(stand_in.contains("let Some(address) = address else {"));
    assert!(stand_in.contains("SetupUninstallOEMInfW") && !own.contains("SetupUninstallOEMInfW"));
    assert!(own.contains("uninstall(HWND::default(), PCWSTR(path.as_ptr()), 0, "));
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
                let machine = body["runs-on"]
                    .as_str()
                    .and_then(|m| m.strip_prefix("windows-"));
                let year = machine.and_then(|year| year.parse::<u32>().ok());
                let winget = run.is_some_and(|run| run.contains("winget"));
                assert!(
                    !winget || year.is_some_and(|year| year >= 2025),
                    "{name}: there is no winget on {:?}",
                    body["runs-on"]
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
