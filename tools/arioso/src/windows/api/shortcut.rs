// SPDX-License-Identifier: MIT OR Apache-2.0
//! The start menu of all users.

use std::path::PathBuf;
use std::{env, fs, io};
use windows::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, COINIT_APARTMENTTHREADED, CoCreateInstance, CoInitializeEx,
    CoTaskMemFree, CoUninitialize, IPersistFile,
};
use windows::Win32::UI::Shell::{
    FOLDERID_CommonPrograms, IShellLinkW, KF_FLAG_CREATE, SHGetKnownFolderPath, ShellLink,
};
use windows::Win32::UI::WindowsAndMessaging::SW_SHOWMINNOACTIVE;
use windows::core::{Error, HSTRING, Interface, Result};

/// Where the entry of that name lies.
fn place(name: &str) -> Result<PathBuf> {
    // SAFETY: the answer is a string of the task's memory, which is freed.
    let folder = unsafe {
        let text = SHGetKnownFolderPath(&FOLDERID_CommonPrograms, KF_FLAG_CREATE, None)?;
        let folder = text.to_string();
        CoTaskMemFree(Some(text.as_ptr().cast()));
        folder.map_err(io::Error::other).map_err(Error::from)?
    };
    Ok(PathBuf::from(folder).join(format!("{name}.lnk")))
}

/// Makes an entry that starts this program with an argument.
pub fn make(name: &str, argument: &str, description: &str) -> Result<()> {
    let program = env::current_exe().map_err(Error::from)?;
    let place = place(name)?;
    // SAFETY: COM is left as often as it was entered; the objects go before; strings live through the calls.
    unsafe {
        CoInitializeEx(None, COINIT_APARTMENTTHREADED).ok()?;
        let made = (|| {
            let link: IShellLinkW = CoCreateInstance(&ShellLink, None, CLSCTX_INPROC_SERVER)?;
            link.SetPath(&HSTRING::from(program.as_path()))?;
            link.SetArguments(&HSTRING::from(argument))?;
            link.SetDescription(&HSTRING::from(description))?;
            // The console that Windows makes for the program, which leaves it.
            link.SetShowCmd(SW_SHOWMINNOACTIVE)?;
            let file: IPersistFile = link.cast()?;
            file.Save(&HSTRING::from(place.as_path()), true)
        })();
        CoUninitialize();
        made
    }
}

/// Removes it; whether it was there.
pub fn remove(name: &str) -> Result<bool> {
    match fs::remove_file(place(name)?) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
