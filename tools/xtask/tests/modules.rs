// SPDX-License-Identifier: MIT OR Apache-2.0
//! The module graph of the driver and of its portable half: files import each other in one direction. A parent and what lies
//! in its directory may know each other.

use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use syn::visit::{self, Visit};

/// A module's place under its crate's root.
type Module = Vec<String>;

/// All modules below `directory`, with their source; `lib.rs` and `mod.rs` are their directory's. Tests are left out.
fn modules(directory: &Path, at: &Module, found: &mut BTreeMap<Module, syn::File>) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name");
        if name.ends_with("tests") {
            continue;
        }
        let mut module = at.clone();
        if path.is_dir() {
            module.push(name.to_owned());
            modules(&path, &module, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            if !matches!(name, "lib" | "mod") {
                module.push(name.to_owned());
            }
            let text = fs::read_to_string(&path).expect("a source file");
            let file = syn::parse_file(&text).expect("Rust");
            found.insert(module, file);
        }
    }
}

/// Collects the paths that a file names, outside of its tests.
struct Paths<'a> {
    module: &'a Module,
    found: BTreeSet<Module>,
}

impl Paths<'_> {
    /// `crate::a::b`, `self::a`, `super::a` and names of child modules, as a place under the root.
    fn add(&mut self, path: &[String]) {
        let mut base = self.module.clone();
        let mut rest = path;
        match rest.first().map(String::as_str) {
            Some("crate") => {
                base.clear();
                rest = &rest[1..];
            }
            Some("self") => rest = &rest[1..],
            Some("super") => {
                while rest.first().is_some_and(|name| name == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            _ => {}
        }
        base.extend_from_slice(rest);
        self.found.insert(base);
    }

    fn add_use(&mut self, tree: &syn::UseTree, before: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_use(&path.tree, before);
                before.pop();
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, before);
                }
            }
            syn::UseTree::Name(name) => {
                let mut path = before.clone();
                path.push(name.ident.to_string());
                self.add(&path);
            }
            syn::UseTree::Rename(name) => {
                let mut path = before.clone();
                path.push(name.ident.to_string());
                self.add(&path);
            }
            syn::UseTree::Glob(_) => self.add(&before.clone()),
        }
    }
}

/// `#[cfg(test)]`, or with more conditions.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .meta
                .to_token_stream()
                .to_string()
                .contains("test")
    })
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.add_use(&item.tree, &mut Vec::new());
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if names.len() > 1 && matches!(names[0].as_str(), "crate" | "self" | "super") {
            self.add(&names);
        }
        visit::visit_path(self, path);
    }
}

/// Which modules each module imports.
fn graph(root: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut files = BTreeMap::new();
    modules(root, &Module::new(), &mut files);
    let known: BTreeSet<Module> = files.keys().cloned().collect();
    files
        .iter()
        .map(|(module, file)| {
            let mut paths = Paths {
                module,
                found: BTreeSet::new(),
            };
            paths.visit_file(file);
            let imported = paths
                .found
                .iter()
                .filter_map(|path| {
                    // The longest part of the path that is a module.
                    (0..=path.len())
                        .rev()
                        .map(|length| path[..length].to_vec())
                        .find(|place| known.contains(place))
                })
                .filter(|other| !other.starts_with(module) && !module.starts_with(other))
                .collect();
            (module.clone(), imported)
        })
        .collect()
}

/// A way from `from` back to itself, if there is one: the shortest.
fn circle(graph: &BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> Option<Vec<Module>> {
    let mut before: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut front: Vec<&Module> = vec![from];
    while !front.is_empty() {
        let mut next = Vec::new();
        for module in front {
            for other in graph.get(module).into_iter().flatten() {
                if other == from {
                    let mut way = vec![from.clone(), module.clone()];
                    let mut at = module;
                    while let Some(&earlier) = before.get(at) {
                        way.push(earlier.clone());
                        at = earlier;
                    }
                    way.dedup();
                    way.reverse();
                    return Some(way);
                }
                if !before.contains_key(other) {
                    before.insert(other, module);
                    next.push(other);
                }
            }
        }
        front = next;
    }
    None
}

fn shown(way: &[Module]) -> String {
    let names: Vec<String> = way.iter().map(|module| module.join("::")).collect();
    names.join(" -> ")
}

#[test]
fn no_circles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut ways = Vec::new();
    for name in ["src", "core/src"] {
        let graph = graph(&root.join(name));
        assert!(graph.len() > 20, "the modules of {name}");
        for module in graph.keys() {
            if let Some(way) = circle(&graph, module) {
                ways.push(format!("{name}: {}", shown(&way)));
            }
        }
    }
    assert!(ways.is_empty(), "modules import each other: {ways:#?}");
}

/// A circle is found: the search itself is tested.
#[test]
fn a_circle_is_found() {
    let module = |name: &str| vec![name.to_owned()];
    let graph = BTreeMap::from([
        (module("a"), BTreeSet::from([module("b")])),
        (module("b"), BTreeSet::from([module("c")])),
        (module("c"), BTreeSet::from([module("b")])),
    ]);
    assert_eq!(circle(&graph, &module("a")), None);
    let way = circle(&graph, &module("b")).expect("a circle");
    assert_eq!(shown(&way), "b -> c -> b");
}
