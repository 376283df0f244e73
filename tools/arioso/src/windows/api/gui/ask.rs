// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the user is asked beside the window: a menu, a file.

use super::HANDLER;
use crate::windows::api::text;
use std::path::PathBuf;
use windows::Win32::Foundation::{HWND, POINT};
use windows::Win32::UI::Controls::Dialogs::{
    GetOpenFileNameW, OFN_FILEMUSTEXIST, OFN_HIDEREADONLY, OFN_NOCHANGEDIR, OPENFILENAMEW,
};
use windows::Win32::UI::WindowsAndMessaging::*;
use windows::core::{HSTRING, PWSTR, w};

/// The menu of the icon: the entry that was chosen.
pub fn menu(hwnd: HWND) -> Option<u16> {
    let entries = HANDLER.with(|place| Some(place.try_borrow().ok()?.as_ref()?.tray_menu()))?;
    // SAFETY: the menu is this function's own; a menu of a window that is not in front would stay open.
    unsafe {
        let menu = CreatePopupMenu().ok()?;
        for (id, text) in entries {
            // Zero would be no choice.
            let _ = AppendMenuW(menu, MF_STRING, usize::from(id) + 1, &HSTRING::from(text));
        }
        let mut at = POINT::default();
        let _ = GetCursorPos(&mut at);
        let _ = SetForegroundWindow(hwnd);
        let chosen = TrackPopupMenu(
            menu,
            TPM_RETURNCMD | TPM_NONOTIFY,
            at.x,
            at.y,
            None,
            hwnd,
            None,
        );
        let _ = DestroyMenu(menu);
        u16::try_from(chosen.0).ok()?.checked_sub(1)
    }
}

/// A bank that the user chooses.
pub fn ask_file(hwnd: HWND) -> Option<PathBuf> {
    let mut name = [0u16; 1024];
    let filter = w!("Banks (DLS, SoundFont)\0*.dls;*.sf2;*.sf3;*.gm\0All files\0*.*\0");
    let mut dialog = OPENFILENAMEW {
        lStructSize: size_of::<OPENFILENAMEW>() as u32,
        hwndOwner: hwnd,
        lpstrFilter: filter,
        lpstrFile: PWSTR(name.as_mut_ptr()),
        nMaxFile: name.len() as u32,
        Flags: OFN_FILEMUSTEXIST | OFN_HIDEREADONLY | OFN_NOCHANGEDIR,
        ..OPENFILENAMEW::default()
    };
    // SAFETY: the record has its size; strings and buffer live through the call.
    let chosen = unsafe { GetOpenFileNameW(&mut dialog) }.as_bool();
    chosen.then(|| text(&name).into())
}
