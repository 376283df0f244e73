// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the installed headers declare: bindgen's output read with syn, and GUIDs from the text of the headers.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::{declared, expected};

/// A field that has a name in C, at its offset in the outermost structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    pub name: String,
    pub offset: usize,
    pub size: usize,
    /// Of a pointer to a function: sizes of the parameters after the first, and of the result.
    pub signature: Option<(Vec<usize>, usize)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub size: usize,
    pub align: usize,
    pub fields: Vec<Leaf>,
}

#[derive(Default)]
pub struct Headers {
    pub types: HashMap<&'static str, Vec<Layout>>,
    pub constants: HashMap<String, Vec<i64>>,
    pub guids: HashMap<String, Vec<u128>>,
    pub strings: HashMap<String, Vec<String>>,
}

/// The headers that are compared, and the probes of this test.
const ALLOWED: &str = r".*\b(ks|ksmedia|portcls|dmusicks|punknown|dmusprop|dls1|dls2|dmdls|dmusbuff|dmusicc|mmreg|mmsystem|ntstatus|_varenum|wtypes|varenum|kernel|user)\.h";

pub static HEADERS: LazyLock<Headers> = LazyLock::new(|| {
    let mut headers = Headers::default();
    let tree = Tree::find();
    for view in tree.views() {
        Bindings::generate(&tree, &view).add_to(&mut headers);
    }
    for file in tree.guid_sources() {
        let bytes = fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let text = String::from_utf8_lossy(&bytes);
        guids(&text, &mut headers.guids);
        strings(&text, &mut headers.strings);
    }
    headers
});

/// A header set.
struct Tree {
    includes: Vec<PathBuf>,
    arguments: Vec<String>,
    wdk: bool,
}

/// One translation unit: kernel and user headers do not go together.
struct View {
    name: &'static str,
    source: String,
    extra: Vec<String>,
}

impl Tree {
    fn find() -> Self {
        if cfg!(windows) {
            Self::wdk()
        } else {
            Self::mingw()
        }
    }

    fn mingw() -> Self {
        let places = [
            "/usr/share/mingw-w64/include",
            "/usr/x86_64-w64-mingw32/include",
            "/usr/x86_64-w64-mingw32/sys-root/mingw/include",
        ];
        let root = places
            .into_iter()
            .map(Path::new)
            .find(|p| p.join("ddk/portcls.h").exists())
            .expect("mingw-w64's headers with ddk/ are missing: `cargo xtask setup` installs them");
        let mut includes = vec![root.to_owned(), root.join("ddk")];
        includes.extend(clang_resources());
        Self {
            includes,
            arguments: [
                "--target=x86_64-pc-windows-gnu",
                "-fms-extensions",
                "-fno-ms-compatibility",
            ]
            .map(str::to_owned)
            .into(),
            wdk: false,
        }
    }

    fn wdk() -> Self {
        let root =
            std::env::var_os("WDKContentRoot").expect("WDKContentRoot: run in an eWDK prompt");
        let include = Path::new(&root).join("Include");
        let newest = fs::read_dir(&include)
            .unwrap_or_else(|e| panic!("{}: {e}", include.display()))
            .map(|entry| entry.expect("an entry").path())
            .filter(|p| p.join("km/portcls.h").exists())
            .max()
            .expect("a WDK with km/portcls.h");
        Self {
            includes: ["km", "shared", "um", "ucrt"]
                .map(|f| newest.join(f))
                .into(),
            arguments: [
                "--target=x86_64-pc-windows-msvc",
                "-fms-compatibility",
                "-fms-extensions",
            ]
            .map(str::to_owned)
            .into(),
            wdk: true,
        }
    }

    fn views(&self) -> Vec<View> {
        let kernel = if self.wdk {
            "#include <ntddk.h>\n#include <windef.h>\n#include <mmreg.h>\n#include <ks.h>\n#include <ksmedia.h>\n#include <portcls.h>\n\
             #include <dmusicks.h>\n#include <dmusprop.h>\n"
        } else {
            // mingw's ks.h and portcls.h use these without declaring them; incomplete types have no layout to compare.
            "#include <ntddk.h>\n#include <windef.h>\ntypedef WCHAR TCHAR;\n\
             typedef struct KSRTAUDIO_HWREGISTER KSRTAUDIO_HWREGISTER;\ntypedef struct KSRTAUDIO_HWLATENCY KSRTAUDIO_HWLATENCY;\n\
             #include <mmsystem.h>\n#include <ks.h>\n#include <ksmedia.h>\n#include <portcls.h>\n#include <dmusicks.h>\n"
        };
        let user = "#include <windows.h>\n#include <winioctl.h>\n#include <mmsystem.h>\n#include <mmreg.h>\n#include <ks.h>\n#include <ksmedia.h>\n\
                    #include <dls1.h>\n#include <dls2.h>\n#include <dmdls.h>\n#include <dmusbuff.h>\n#include <dmusicc.h>\n";
        [
            (
                "kernel",
                kernel,
                vec![
                    "-D_AMD64_",
                    "-DAMD64",
                    "-D_WIN64",
                    "-D_WIN32_WINNT=0x0A00",
                    "-DNTDDI_VERSION=0x0A000008",
                ],
            ),
            (
                "user",
                user,
                vec![
                    "-D_WIN32_WINNT=0x0A00",
                    "-DWIN32_LEAN_AND_MEAN",
                    "-DUNICODE",
                    "-D_UNICODE",
                ],
            ),
        ]
        .map(|(name, includes, extra)| View {
            name,
            source: format!("{includes}{}", probes()),
            extra: extra.into_iter().map(str::to_owned).collect(),
        })
        .into()
    }

    fn guid_sources(&self) -> Vec<PathBuf> {
        let names = [
            "ks.h",
            "ksmedia.h",
            "portcls.h",
            "dmusicks.h",
            "punknown.h",
            "dmusprop.h",
            "dmusicc.h",
            "dls2.h",
            "stdunk.h",
            "devguid.h",
            "ksproxy.h",
            "unknwn.h",
        ];
        let found: Vec<_> = names
            .iter()
            .flat_map(|n| self.includes.iter().map(move |i| i.join(n)))
            .filter(|p| p.exists())
            .collect();
        assert!(
            found.len() >= 6,
            "too few of the headers were found: {found:?}"
        );
        found
    }
}

/// clang's own headers, where libclang does not find them itself.
fn clang_resources() -> Option<PathBuf> {
    let llvm = Path::new("/usr/lib")
        .read_dir()
        .ok()?
        .flatten()
        .map(|e| e.path());
    let mut versions: Vec<_> = llvm
        .filter(|p| {
            p.file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with("llvm-"))
        })
        .filter_map(|p| p.join("lib/clang").read_dir().ok())
        .flat_map(|d| d.flatten().map(|e| e.path().join("include")))
        .filter(|p| p.join("stddef.h").exists())
        .collect();
    versions.sort();
    versions.pop()
}

/// Macros cannot be asked for their value, constants of that value can.
fn probes() -> String {
    let number = |name: &str| {
        format!(
            "#ifdef {name}\nstatic const long long arioso_{name} = (long long)({name});\n#endif\n"
        )
    };
    let names = declared::CONSTANTS.iter().map(|(name, _)| *name);
    names
        .filter(|name| !expected::FUNCTION_MACROS.contains(name))
        .map(number)
        .collect()
}

struct Bindings {
    structures: HashMap<String, Structure>,
    aliases: HashMap<String, syn::Type>,
    layouts: HashMap<String, Layout>,
    constants: HashMap<String, i64>,
}

struct Structure {
    union: bool,
    fields: Vec<(String, syn::Type)>,
}

impl Bindings {
    fn generate(tree: &Tree, view: &View) -> Self {
        let text = bindgen::builder()
            .header_contents(&format!("{}.h", view.name), &view.source)
            .clang_args(&tree.arguments)
            .clang_args(&view.extra)
            .clang_args(
                tree.includes
                    .iter()
                    .map(|p| format!("-isystem{}", p.display())),
            )
            .default_enum_style(bindgen::EnumVariation::Consts)
            .prepend_enum_name(false)
            .layout_tests(true)
            .ignore_functions()
            .allowlist_file(ALLOWED)
            .generate()
            .unwrap_or_else(|e| panic!("bindgen, {} headers: {e}", view.name))
            .to_string();
        let mut bindings = Self {
            structures: HashMap::new(),
            aliases: HashMap::new(),
            layouts: layouts(&text),
            constants: HashMap::new(),
        };
        for item in syn::parse_file(&text).expect("bindgen's output").items {
            bindings.item(item);
        }
        bindings
    }

    fn item(&mut self, item: syn::Item) {
        match item {
            syn::Item::Struct(s) => {
                self.structure(s.ident.to_string(), false, s.fields.into_iter())
            }
            syn::Item::Union(u) => {
                self.structure(u.ident.to_string(), true, u.fields.named.into_iter())
            }
            syn::Item::Type(t) => {
                self.aliases.insert(t.ident.to_string(), *t.ty);
            }
            // `pub use self::A as B;`
            syn::Item::Use(syn::ItemUse {
                tree: syn::UseTree::Path(path),
                ..
            }) => {
                if let syn::UseTree::Rename(rename) = *path.tree {
                    let ident = rename.ident;
                    self.aliases
                        .insert(rename.rename.to_string(), syn::parse_quote!(#ident));
                }
            }
            syn::Item::Const(c) => {
                if let Some(value) = number(&c.expr) {
                    self.constants.insert(c.ident.to_string(), value);
                }
            }
            _ => {}
        }
    }

    fn structure(&mut self, name: String, union: bool, fields: impl Iterator<Item = syn::Field>) {
        let fields = fields
            .filter_map(|f| Some((f.ident?.to_string(), f.ty)))
            .collect();
        self.structures.insert(name, Structure { union, fields });
    }

    fn add_to(&self, headers: &mut Headers) {
        let vtables = declared::INTERFACES.iter().map(|(_, vtable)| vtable.name);
        for name in declared::TYPES.iter().map(|t| t.name).chain(vtables) {
            if let Some(layout) = self.layout(name) {
                headers.types.entry(name).or_default().push(layout);
            }
        }
        for (name, value) in &self.constants {
            let name = name.strip_prefix("arioso_").unwrap_or(name);
            headers
                .constants
                .entry(name.to_owned())
                .or_default()
                .push(*value);
        }
    }

    /// The layout of a structure or of what an alias names, anonymous members dissolved.
    fn layout(&self, name: &str) -> Option<Layout> {
        let name = self.resolve(name)?;
        let known = self.layouts.get(&name)?;
        let mut layout = Layout {
            size: known.size,
            align: known.align,
            fields: Vec::new(),
        };
        self.leaves(&name, 0, &mut layout.fields);
        Some(layout)
    }

    /// Follows aliases to a structure's name.
    fn resolve(&self, name: &str) -> Option<String> {
        let mut name = name.to_owned();
        for _ in 0..16 {
            if self.structures.contains_key(&name) {
                return Some(name);
            }
            name = path_name(self.aliases.get(&name)?)?;
        }
        None
    }

    fn leaves(&self, name: &str, base: usize, leaves: &mut Vec<Leaf>) {
        let (structure, layout) = (&self.structures[name], &self.layouts[name]);
        let mut end = 0_usize;
        for (field, ty) in &structure.fields {
            if field.starts_with("__bindgen_anon") {
                // bindgen asserts no offset for these: they follow the field before, or start a union.
                let inner = path_name(ty)
                    .and_then(|n| self.resolve(&n))
                    .expect("an anonymous member's type");
                let Layout { size, align, .. } = self.layouts[&inner];
                let offset = if structure.union {
                    0
                } else {
                    end.next_multiple_of(align.min(layout.align))
                };
                self.leaves(&inner, base + offset, leaves);
                end = offset + size;
            } else if let Some(place) = layout.fields.iter().find(|f| f.name == *field) {
                let size = self.size(ty).unwrap_or_else(|| {
                    panic!(
                        "{name}::{field}: a type of unknown size: {}",
                        quote::quote!(#ty)
                    )
                });
                let name = field.trim_end_matches('_').to_owned();
                leaves.push(Leaf {
                    name,
                    offset: base + place.offset,
                    size,
                    signature: self.signature(ty),
                });
                end = place.offset + size;
            }
        }
    }

    /// Of `Option<unsafe extern "C" fn(This: …, …) -> …>`.
    fn signature(&self, ty: &syn::Type) -> Option<(Vec<usize>, usize)> {
        let syn::Type::Path(path) = ty else {
            return None;
        };
        let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments
        else {
            return None;
        };
        let syn::GenericArgument::Type(syn::Type::FnPtr(function)) = arguments.args.first()? else {
            return None;
        };
        let parameters = function
            .inputs
            .iter()
            .skip(1)
            .map(|p| self.size(&p.ty))
            .collect::<Option<_>>()?;
        let result = match &function.output {
            syn::ReturnType::Default => 0,
            syn::ReturnType::Type(_, ty) => self.size(ty)?,
        };
        Some((parameters, result))
    }

    fn size(&self, ty: &syn::Type) -> Option<usize> {
        match ty {
            syn::Type::Ptr(_) => Some(8),
            syn::Type::Array(array) => {
                Some(self.size(&array.elem)? * usize::try_from(number(&array.len)?).ok()?)
            }
            syn::Type::Path(_) => {
                let name = path_name(ty)?;
                let primitive = match name.as_str() {
                    "u8" | "i8" | "c_char" | "c_uchar" | "c_schar" | "bool" => 1,
                    "u16" | "i16" | "c_short" | "c_ushort" => 2,
                    // Windows' long has 32 bits.
                    "u32" | "i32" | "f32" | "c_int" | "c_uint" | "c_long" | "c_ulong"
                    | "c_float" => 4,
                    "u64" | "i64" | "f64" | "usize" | "isize" | "c_longlong" | "c_ulonglong"
                    | "c_double" | "Option" => 8,
                    _ => 0,
                };
                if primitive > 0 {
                    return Some(primitive);
                }
                match self.layouts.get(&name) {
                    Some(layout) => Some(layout.size),
                    None => self.size(self.aliases.get(&name)?),
                }
            }
            _ => None,
        }
    }
}

fn path_name(ty: &syn::Type) -> Option<String> {
    match ty {
        syn::Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// The low 64 bits of an integer literal.
fn number(expression: &syn::Expr) -> Option<i64> {
    match expression {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Int(int),
            ..
        }) => int.base10_parse::<u64>().ok().map(|v| v as i64),
        syn::Expr::Unary(syn::ExprUnary {
            op: syn::UnOp::Neg(_),
            expr,
            ..
        }) => Some(number(expr)?.wrapping_neg()),
        _ => None,
    }
}

/// Reads the layout assertions of bindgen's output: `["Size of A"][size_of::<A>() - 8usize];` and so on.
fn layouts(text: &str) -> HashMap<String, Layout> {
    let mut layouts: HashMap<String, Layout> = HashMap::new();
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in one_line.split("[\"").skip(1) {
        let Some((what, rest)) = part.split_once('"') else {
            continue;
        };
        let Some(end) = rest.find("usize]") else {
            continue;
        };
        let Some(value) = rest[..end].rsplit(' ').next().and_then(|n| n.parse().ok()) else {
            continue;
        };
        if let Some(name) = what.strip_prefix("Size of ") {
            layouts.entry(name.to_owned()).or_default().size = value;
        } else if let Some(name) = what.strip_prefix("Alignment of ") {
            layouts.entry(name.to_owned()).or_default().align = value;
        } else if let Some((name, field)) = what
            .strip_prefix("Offset of field: ")
            .and_then(|f| f.split_once("::"))
        {
            let leaf = Leaf {
                name: field.to_owned(),
                offset: value,
                size: 0,
                signature: None,
            };
            layouts
                .entry(name.to_owned())
                .or_default()
                .fields
                .push(leaf);
        }
    }
    layouts
}

/// Finds `DEFINE_GUIDSTRUCT("…", NAME)`, `DEFINE_GUID(NAME, …)` and `#define STATIC_NAME …`.
fn guids(text: &str, found: &mut HashMap<String, Vec<u128>>) {
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut add = |name: &str, value: Option<u128>| {
        if let Some(value) = value {
            found.entry(name.trim().to_owned()).or_default().push(value);
        }
    };
    for part in text.split("DEFINE_GUIDSTRUCT").skip(1) {
        let Some(arguments) = arguments(part) else {
            continue;
        };
        if let [digits, name] = arguments[..] {
            let digits = digits
                .trim()
                .trim_matches('"')
                .trim_start_matches("0x")
                .replace('-', "");
            add(name, u128::from_str_radix(&digits, 16).ok());
        }
    }
    for part in text.split("DEFINE_GUID").skip(1) {
        let Some(arguments) = arguments(part) else {
            continue;
        };
        if let Some((name, fields)) = arguments.split_first() {
            add(name, from_fields(fields));
        }
    }
    for line in text.lines() {
        if let Some((name, fields)) = line
            .trim()
            .strip_prefix("#define STATIC_")
            .and_then(|l| l.split_once(char::is_whitespace))
        {
            add(name, from_fields(&fields.split(',').collect::<Vec<_>>()));
        }
    }
}

/// The arguments between the parentheses that `text` starts with.
fn arguments(text: &str) -> Option<Vec<&str>> {
    let inner = text.strip_prefix('(')?;
    Some(inner[..inner.find(')')?].split(',').collect())
}

fn from_fields(fields: &[&str]) -> Option<u128> {
    let widths = [32, 16, 16, 8, 8, 8, 8, 8, 8, 8, 8];
    if fields.len() != widths.len() {
        return None;
    }
    fields
        .iter()
        .zip(widths)
        .try_fold(0, |guid, (field, width)| {
            let field = field.trim().trim_matches(['{', '}']).trim().to_lowercase();
            let digits = field.strip_prefix("0x")?.trim_end_matches('l');
            Some(guid << width | u128::from_str_radix(digits, 16).ok()?)
        })
}

/// Finds `#define KSSTRING_… L"{…}"`.
fn strings(text: &str, found: &mut HashMap<String, Vec<String>>) {
    for line in text.lines() {
        let Some((name, value)) = line
            .trim()
            .strip_prefix("#define KSSTRING_")
            .and_then(|l| l.split_once("L\""))
        else {
            continue;
        };
        let Some((value, _)) = value.split_once('"') else {
            continue;
        };
        found
            .entry(format!("KSSTRING_{}", name.trim()))
            .or_default()
            .push(value.to_owned());
    }
}
