// SPDX-License-Identifier: MIT OR Apache-2.0
//! One PE image: mapped, relocated, bound, protected per section.

use super::map::Symbols;
use crate::executive::disk::FileData;
use object::LittleEndian as LE;
use object::pe;
use object::read::pe::{ImageNtHeaders, PeFile64};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::ptr::null_mut;

/// RUNTIME_FUNCTION.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionEntry {
    pub begin: u32,
    pub end: u32,
    pub unwind: u32,
}

struct Section {
    name: String,
    rva: u32,
    /// Without padding.
    length: u32,
    /// In whole pages.
    size: u32,
    flags: u32,
}

pub(crate) struct Image {
    pub name: String,
    pub base: usize,
    pub size: usize,
    pub entry: usize,
    /// Of another maker, in place of a built-in module: not what is tested.
    pub foreign: bool,
    sections: Vec<Section>,
    /// (module, name, slot's relative address)
    imports: Vec<(String, String, u32)>,
    exports: BTreeMap<String, u32>,
    functions: Vec<FunctionEntry>,
    symbols: Symbols,
}

fn text(bytes: &[u8]) -> Result<String, String> {
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|e| e.to_string())
}

/// Maps and relocates; imports are not bound yet and all pages are writable.
pub(super) fn map(name: &str, file: &FileData, foreign: bool) -> Result<Box<Image>, String> {
    let path = match file {
        FileData::Host(path) => path.as_path(),
        FileData::Bytes(_) | FileData::Made(_) => Path::new(name),
    };
    let wrong = |error| format!("{}: {error}", path.display());
    let data = file
        .read()
        .ok_or_else(|| wrong("it cannot be read".to_owned()))?;
    let mut image = map_data(name, &data, path).map_err(wrong)?;
    image.foreign = foreign;
    Ok(image)
}

fn map_data(name: &str, data: &[u8], path: &Path) -> Result<Box<Image>, String> {
    let fail = |e: object::read::Error| e.to_string();
    let file = PeFile64::parse(data).map_err(fail)?;
    let header = file.nt_headers();
    if header.file_header.machine.get(LE) != pe::IMAGE_FILE_MACHINE_AMD64 {
        return Err("not an x64 image".into());
    }
    let optional = header.optional_header();
    let size = optional.size_of_image.get(LE) as usize;
    let preferred = optional.image_base.get(LE);
    let sections = file.section_table();
    let dirs = file.data_directories();

    // SAFETY: a fresh private mapping.
    let base = unsafe {
        libc::mmap(
            null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if base == libc::MAP_FAILED {
        return Err("no memory for the image".into());
    }
    // SAFETY: `size` bytes were just mapped at `base`.
    let memory = unsafe { std::slice::from_raw_parts_mut(base.cast::<u8>(), size) };
    let mut put = |at: usize, bytes: &[u8]| -> Result<(), String> {
        memory
            .get_mut(at..at + bytes.len())
            .ok_or("a section outside the image")?
            .copy_from_slice(bytes);
        Ok(())
    };
    let headers = optional.size_of_headers.get(LE) as usize;
    put(0, data.get(..headers).ok_or("truncated headers")?)?;
    let mut list = Vec::new();
    for s in sections.iter() {
        let raw = s.size_of_raw_data.get(LE).min(s.virtual_size.get(LE)) as usize;
        let from = s.pointer_to_raw_data.get(LE) as usize;
        let rva = s.virtual_address.get(LE);
        put(
            rva as usize,
            data.get(from..from + raw).ok_or("truncated section")?,
        )?;
        let name = s.raw_name();
        list.push(Section {
            name: String::from_utf8_lossy(name).into_owned(),
            rva,
            length: s.virtual_size.get(LE),
            size: s.virtual_size.get(LE).next_multiple_of(4096),
            flags: s.characteristics.get(LE).0,
        });
    }

    let delta = (base as u64).wrapping_sub(preferred);
    if let Some(mut blocks) = dirs.relocation_blocks(data, &sections).map_err(fail)? {
        while let Some(block) = blocks.next().map_err(fail)? {
            for r in block {
                match r.typ {
                    pe::IMAGE_REL_BASED_DIR64 => {
                        let at = r.virtual_address as usize;
                        let cell: &mut [u8] = memory
                            .get_mut(at..at + 8)
                            .ok_or("a relocation outside the image")?;
                        let value = u64::from_le_bytes(cell.try_into().map_err(|_| "relocation")?);
                        cell.copy_from_slice(&value.wrapping_add(delta).to_le_bytes());
                    }
                    pe::IMAGE_REL_BASED_ABSOLUTE => {}
                    other => return Err(format!("relocation type {other:?}")),
                }
            }
        }
    }

    let mut imports = Vec::new();
    if let Some(table) = dirs.import_table(data, &sections).map_err(fail)? {
        let mut descriptors = table.descriptors().map_err(fail)?;
        while let Some(d) = descriptors.next().map_err(fail)? {
            let module = text(table.name(d.name.get(LE)).map_err(fail)?)?;
            let mut names = d.original_first_thunk.get(LE);
            if names == 0 {
                names = d.first_thunk.get(LE);
            }
            let mut thunks = table.thunks(names).map_err(fail)?;
            let mut slot = d.first_thunk.get(LE);
            while let Some(thunk) = thunks.next::<pe::ImageNtHeaders64>().map_err(fail)? {
                use object::read::pe::ImageThunkData;
                if thunk.is_ordinal() {
                    return Err(format!("{module}: an import by ordinal"));
                }
                let (_, import) = table.hint_name(thunk.address()).map_err(fail)?;
                imports.push((module.clone(), text(import)?, slot));
                slot += 8;
            }
        }
    }

    let mut exports = BTreeMap::new();
    if let Some(table) = dirs.export_table(data, &sections).map_err(fail)? {
        for export in table.exports().map_err(fail)? {
            if let (Some(n), object::read::pe::ExportTarget::Address(rva)) =
                (export.name, export.target)
            {
                exports.insert(text(n)?, rva);
            }
        }
    }

    let mut functions = Vec::new();
    if let Some(dir) = dirs.get(pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION) {
        let (rva, len) = (
            dir.virtual_address.get(LE) as usize,
            dir.size.get(LE) as usize,
        );
        for entry in memory
            .get(rva..rva + len)
            .ok_or("exception directory")?
            .as_chunks::<12>()
            .0
        {
            let word =
                |i: usize| u32::from_le_bytes([entry[i], entry[i + 1], entry[i + 2], entry[i + 3]]);
            functions.push(FunctionEntry {
                begin: word(0),
                end: word(4),
                unwind: word(8),
            });
        }
        functions.sort_by_key(|f| f.begin);
    }

    Ok(Box::new(Image {
        name: name.to_owned(),
        base: base as usize,
        size,
        entry: base as usize + optional.address_of_entry_point.get(LE) as usize,
        foreign: false,
        sections: list,
        imports,
        exports,
        functions,
        symbols: Symbols::read(&path.with_extension("map"), preferred),
    }))
}

impl Image {
    pub fn bind(
        &self,
        resolve: &mut dyn FnMut(&str, &str) -> Result<usize, String>,
    ) -> Result<(), String> {
        for (module, name, slot) in &self.imports {
            let address = resolve(module, name)?;
            // SAFETY: the slot lies in this image, which is still writable.
            unsafe { ((self.base + *slot as usize) as *mut usize).write(address) };
        }
        Ok(())
    }

    pub fn protect(&self) -> Result<(), String> {
        for s in &self.sections {
            let mut protection = libc::PROT_READ;
            if s.flags & pe::IMAGE_SCN_MEM_WRITE.0 != 0 {
                protection |= libc::PROT_WRITE;
            }
            if s.flags & pe::IMAGE_SCN_MEM_EXECUTE.0 != 0 {
                protection |= libc::PROT_EXEC;
            }
            // Sections for initialisation of older modules are both.
            let both = protection & libc::PROT_WRITE != 0 && protection & libc::PROT_EXEC != 0;
            if both && !self.foreign {
                return Err(format!(
                    "{}: a section is writable and executable",
                    self.name
                ));
            }
            self.set_protection(s, protection);
        }
        // SAFETY: the header page of this image.
        unsafe { libc::mprotect(self.base as _, 4096, libc::PROT_READ) };
        Ok(())
    }

    fn set_protection(&self, s: &Section, protection: i32) {
        // SAFETY: the section lies in this image.
        let done = unsafe {
            libc::mprotect(
                (self.base + s.rva as usize) as _,
                s.size as usize,
                protection,
            )
        };
        assert_eq!(done, 0, "mprotect");
    }

    /// Takes away what is needed only while DriverEntry runs.
    pub fn discard_init(&self) {
        for s in &self.sections {
            if s.flags & pe::IMAGE_SCN_MEM_DISCARDABLE.0 != 0
                && s.flags & pe::IMAGE_SCN_MEM_EXECUTE.0 != 0
            {
                self.set_protection(s, libc::PROT_NONE);
            }
        }
    }

    /// The addresses of a section.
    pub fn section(&self, name: &str) -> Option<Range<usize>> {
        let s = self.sections.iter().find(|s| s.name == name)?;
        let start = self.base + s.rva as usize;
        Some(start..start + s.length as usize)
    }

    pub fn export(&self, name: &str) -> Option<usize> {
        self.exports.get(name).map(|rva| self.base + *rva as usize)
    }

    /// The unwind entry that covers an address.
    pub fn function(&self, address: usize) -> Option<FunctionEntry> {
        let rva = (address - self.base) as u32;
        let i = self
            .functions
            .partition_point(|f| f.begin <= rva)
            .checked_sub(1)?;
        self.functions.get(i).filter(|f| rva < f.end).copied()
    }

    pub fn symbolise(&self, address: usize) -> String {
        let rva = (address - self.base) as u32;
        match self.symbols.find(rva) {
            Some((symbol, offset)) => format!(
                "{}!{:#}+{offset:#x}",
                self.name,
                rustc_demangle::demangle(symbol)
            ),
            None => format!("{}+{rva:#x}", self.name),
        }
    }

    /// Takes the memory away after unload.
    pub fn revoke(&self) {
        // The range stays reserved, so that a call into an unloaded driver is a fault that names an address of it.
        // SAFETY: nothing of the image runs any more; a stray access faults.
        unsafe { libc::mprotect(self.base as _, self.size, libc::PROT_NONE) };
    }
}
