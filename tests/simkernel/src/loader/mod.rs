// SPDX-License-Identifier: MIT OR Apache-2.0
//! Modules: built-in ones are lists of exports, the others real PE images.

mod image;
mod map;
mod taken;

pub(crate) use image::{FunctionEntry, Image};
pub(crate) use taken::tell as tell_taken;

use crate::executive::disk::FileData;
use crate::executive::{self, Export};
use crate::guest;
use crate::nt::{HIGH_LEVEL, KIRQL, NTSTATUS, UNICODE_STRING, wide};
use crate::state::Global;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where a module comes from.
#[derive(Clone, Debug)]
pub enum ModuleSource {
    /// Functions of this program.
    Builtin(Vec<Export>),
    /// A PE file.
    File(PathBuf),
}

struct Builtin {
    exports: BTreeMap<&'static str, Export>,
    bound: BTreeMap<&'static str, usize>,
}

#[derive(Default)]
// Boxed: references to images outlive changes of the lists.
#[allow(clippy::vec_box)]
struct Modules {
    builtin: BTreeMap<String, Builtin>,
    files: BTreeMap<String, PathBuf>,
    images: Vec<Box<Image>>,
    /// Kept for their symbols.
    unloaded: Vec<Box<Image>>,
    stubs: BTreeMap<String, usize>,
    /// `DllInitialize` of modules that were loaded and not initialised yet: name, address; what a module imports comes before it.
    initializers: Vec<(String, usize)>,
}

static MODULES: Global<Option<Modules>> = Global::new(None);

fn modules() -> &'static mut Modules {
    MODULES.get().get_or_insert_with(Modules::default)
}

/// Makes a module known by its file name (any case). A later registration replaces an earlier one.
pub fn register(name: &str, source: ModuleSource) {
    let name = name.to_lowercase();
    let m = modules();
    match source {
        ModuleSource::Builtin(exports) => {
            m.files.remove(&name);
            m.builtin.insert(
                name,
                Builtin {
                    exports: exports.into_iter().map(|e| (e.name, e)).collect(),
                    bound: BTreeMap::new(),
                },
            );
        }
        ModuleSource::File(path) => {
            m.files.insert(name, path);
        }
    }
}

pub(crate) fn register_kernel() {
    for name in ["ntoskrnl.exe", "hal.dll"] {
        register(name, ModuleSource::Builtin(executive::nt_exports()));
    }
}

/// Loads a driver's image and what it imports. Its entry point has not been called; what [`initialize`] calls neither.
pub(crate) fn load(name: &str, file: &FileData) -> Result<&'static Image, String> {
    load_image(name, file, false)
}

fn load_image(name: &str, file: &FileData, foreign: bool) -> Result<&'static Image, String> {
    let image = image::map(name, file, foreign)?;
    modules().images.push(image);
    let image: &'static Image = {
        let last = modules().images.last().map(|b| &raw const **b);
        // SAFETY: images are boxed and live until `unload`, after which nothing uses them.
        unsafe { &*last.ok_or("no image")? }
    };
    image.bind(&mut resolve)?;
    image.protect()?;
    taken::watch(image);
    if foreign && let Some(address) = image.export("DllInitialize") {
        modules().initializers.push((name.to_owned(), address));
    }
    Ok(image)
}

/// The image of a module that is a PE file, loaded when it is first asked for. `None`: it is built in, or not known.
fn file_image(key: &str) -> Result<Option<&'static Image>, String> {
    let Some(path) = modules().files.get(key).cloned() else {
        return Ok(None);
    };
    let loaded = modules()
        .images
        .iter()
        .find(|i| i.foreign && i.name.eq_ignore_ascii_case(key))
        .map(|i| i.base);
    if let Some(image) = loaded.and_then(image_of) {
        return Ok(Some(image));
    }
    load_image(key, &FileData::Host(path), true).map(Some)
}

/// Loads every module that is a PE file.
pub(crate) fn load_files() -> Result<(), String> {
    let names: Vec<String> = modules().files.keys().cloned().collect();
    names
        .iter()
        .try_for_each(|name| file_image(name).map(|_| ()))
}

/// Calls `DllInitialize` of the modules that were loaded since, with the path of their service's key; in a thread.
pub(crate) fn initialize() -> Result<(), String> {
    for (name, address) in std::mem::take(&mut modules().initializers) {
        let service = name.split('.').next().unwrap_or_default();
        let key = wide(&format!("{}\\{service}", crate::setup::SERVICES));
        // SAFETY: the export has this signature; the path lives as long as the call.
        let status = unsafe {
            let path = UNICODE_STRING::of(&key[..key.len() - 1]);
            guest::call(address, &[&raw const path as usize]) as NTSTATUS
        };
        if status < 0 {
            return Err(format!("{name}: DllInitialize returned {status:#010x}"));
        }
    }
    Ok(())
}

pub(crate) fn unload(base: usize) {
    let m = modules();
    if let Some(i) = m.images.iter().position(|i| i.base == base) {
        let image = m.images.remove(i);
        taken::collect(&image);
        image.revoke();
        m.unloaded.push(image);
    }
}

/// The address of a named export, as seen by an importer. Unknown names get a stub that stops the machine with the name.
fn resolve(module: &str, name: &str) -> Result<usize, String> {
    let key = module.to_lowercase();
    if let Some(image) = file_image(&key)? {
        return Ok(image.export(name).unwrap_or_else(|| stub(module, name)));
    }
    let m = modules();
    if let Some(builtin) = m.builtin.get_mut(&key)
        && let Some((&exported, export)) = builtin.exports.get_key_value(name)
    {
        let address = *builtin
            .bound
            .entry(exported)
            .or_insert_with(|| guest::make_thunk(&key, export));
        return Ok(address);
    }
    Ok(stub(module, name))
}

/// The address of a built-in or loaded export (`MmGetSystemRoutineAddress`, host modules that call ks). `None` if unknown.
pub fn find_export(module: &str, name: &str) -> Option<usize> {
    let key = module.to_lowercase();
    match file_image(&key) {
        Ok(None) => {}
        Ok(Some(image)) => return image.export(name),
        Err(error) => panic!("{error}"),
    }
    let m = modules();
    m.builtin.get(&key)?.exports.get(name).map(|e| e.address)
}

/// As [`find_export`], for a caller that is driver code.
pub fn guest_routine(module: &str, name: &str) -> Option<usize> {
    find_export(module, name)?;
    resolve(module, name).ok()
}

pub(crate) fn stub(module: &str, name: &str) -> usize {
    let key = format!("{module}!{name}");
    let m = modules();
    if let Some(&address) = m.stubs.get(&key) {
        return address;
    }
    let export = Export {
        name: Box::leak(name.to_owned().into_boxed_str()),
        address: unbound as *const () as usize,
        max_irql: HIGH_LEVEL as KIRQL,
        raw: false,
    };
    let address = guest::make_thunk(module, &export);
    modules().stubs.insert(key, address);
    address
}

unsafe extern "efiapi" fn unbound() -> usize {
    let context = guest::current();
    // SAFETY: called by an import entry, so there is a context with a frame and an import.
    let name = unsafe {
        let import = &*(*(*context).frame).import;
        format!("{}!{}", import.module, import.name)
    };
    crate::bugcheck::bugcheck(
        crate::bugcheck::SIMKERNEL_UNKNOWN_IMPORT,
        [0; 4],
        &format!("the driver called {name}, which simkernel does not have"),
    )
}

/// The image that contains an address.
pub(crate) fn image_of(address: usize) -> Option<&'static Image> {
    // One or two images: a linear search is the fastest.
    modules()
        .images
        .iter()
        .find(|i| (i.base..i.base + i.size).contains(&address))
        // SAFETY: boxed; see `load`.
        .map(|i| unsafe { &*std::ptr::from_ref(i.as_ref()) })
}

/// The name of the other maker's module that an address lies in.
pub(crate) fn foreign(address: usize) -> Option<&'static str> {
    image_of(address)
        .filter(|image| image.foreign)
        .map(|image| &image.name[..])
}

pub(crate) fn is_guest(address: usize) -> bool {
    image_of(address).is_some()
}

/// `module!symbol+offset` of a code address.
pub(crate) fn symbolise(address: usize) -> String {
    match image_of(address) {
        Some(image) => image.symbolise(address),
        None => match modules()
            .unloaded
            .iter()
            .find(|i| (i.base..i.base + i.size).contains(&address))
        {
            Some(image) => format!("unloaded {}", image.symbolise(address)),
            None => host_symbol(address),
        },
    }
}

fn host_symbol(address: usize) -> String {
    // SAFETY: an all-zero Dl_info is valid; dladdr fills it.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        if libc::dladdr(address as _, &mut info) != 0 && !info.dli_sname.is_null() {
            let name = std::ffi::CStr::from_ptr(info.dli_sname).to_string_lossy();
            return format!("host {name}");
        }
    }
    format!("host {address:#x}")
}
