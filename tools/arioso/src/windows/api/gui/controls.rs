// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the controls show, and what they say.

use super::{Kind, WAKE, Window, send, window_of};
use crate::windows::api::text;
use windows::Win32::Foundation::{HWND, LPARAM, WPARAM};
use windows::Win32::UI::Controls::{BST_CHECKED, PBM_SETPOS, TBM_SETPOS};
use windows::Win32::UI::Input::KeyboardAndMouse::{EnableWindow, GetFocus};
use windows::Win32::UI::WindowsAndMessaging::*;
use windows::core::HSTRING;

/// TBM_GETPOS is WM_USER itself.
const TBM_GETPOS: u32 = WM_USER;

impl Window {
    fn hwnd(self) -> HWND {
        window_of(self.0.cast_unsigned())
    }

    pub(super) fn control(self, id: u16) -> HWND {
        // SAFETY: the window lives, or the call fails.
        unsafe { GetDlgItem(Some(self.hwnd()), id.into()) }.unwrap_or_default()
    }

    /// Sends [`Event::Wake`]; from any thread.
    pub fn wake(self) {
        // SAFETY: nothing is passed; a window that is gone refuses.
        unsafe {
            let _ = PostMessageW(Some(self.hwnd()), WAKE, WPARAM(0), LPARAM(0));
        }
    }

    pub fn show(self, shown: bool) {
        // SAFETY: the window is this thread's.
        unsafe {
            let _ = ShowWindow(self.hwnd(), if shown { SW_RESTORE } else { SW_HIDE });
            if shown {
                let _ = SetForegroundWindow(self.hwnd());
            }
        }
    }

    /// The control that has the keyboard.
    pub fn focus(self) -> Option<u16> {
        // SAFETY: nothing is passed; what has the keyboard lives.
        let id = unsafe {
            let focus = GetFocus();
            if focus.is_invalid() {
                return None;
            }
            GetDlgCtrlID(focus)
        };
        u16::try_from(id).ok().filter(|id| *id != 0)
    }

    /// Sets a text, if it is another one: what blinks is not read.
    pub fn set_text(self, id: u16, text: &str) {
        if self.text(id) != text {
            // SAFETY: the string lives through the call.
            unsafe {
                let _ = SetWindowTextW(self.control(id), &HSTRING::from(text));
            }
        }
    }

    pub fn text(self, id: u16) -> String {
        let control = self.control(id);
        // SAFETY: the buffer lives through the call.
        unsafe {
            let mut units = vec![0; GetWindowTextLengthW(control).max(0) as usize + 1];
            GetWindowTextW(control, &mut units);
            text(&units)
        }
    }

    pub fn enable(self, id: u16, enabled: bool) {
        // SAFETY: the control lives, or the call does nothing.
        unsafe {
            let _ = EnableWindow(self.control(id), enabled);
        }
    }

    pub fn set_visible(self, id: u16, visible: bool) {
        // SAFETY: the control lives, or the call does nothing.
        unsafe {
            let _ = ShowWindow(self.control(id), if visible { SW_SHOWNA } else { SW_HIDE });
        }
    }

    /// The entries of a list or a choice, and the one that is chosen.
    pub fn set_entries(self, id: u16, kind: Kind, entries: &[String], chosen: usize) {
        let (reset, add, choose) = match kind {
            Kind::Choice => (CB_RESETCONTENT, CB_ADDSTRING, CB_SETCURSEL),
            _ => (LB_RESETCONTENT, LB_ADDSTRING, LB_SETCURSEL),
        };
        let control = self.control(id);
        send(control, reset, 0, 0);
        for entry in entries {
            let text = HSTRING::from(entry);
            send(control, add, 0, text.as_ptr() as isize);
        }
        send(control, choose, chosen, 0);
    }

    /// The entry that is chosen.
    pub fn chosen(self, id: u16, kind: Kind) -> Option<usize> {
        let ask = if kind == Kind::Choice {
            CB_GETCURSEL
        } else {
            LB_GETCURSEL
        };
        usize::try_from(send(self.control(id), ask, 0, 0)).ok()
    }

    pub fn set_checked(self, id: u16, checked: bool) {
        let state = if checked { BST_CHECKED.0 } else { 0 };
        send(self.control(id), BM_SETCHECK, state as usize, 0);
    }

    pub fn is_checked(self, id: u16) -> bool {
        send(self.control(id), BM_GETCHECK, 0, 0) == BST_CHECKED.0 as isize
    }

    pub fn set_slider(self, id: u16, value: i32) {
        send(self.control(id), TBM_SETPOS, 1, value as isize);
    }

    pub fn slider(self, id: u16) -> i32 {
        send(self.control(id), TBM_GETPOS, 0, 0) as i32
    }

    pub fn set_bar(self, id: u16, value: u32) {
        send(self.control(id), PBM_SETPOS, value as usize, 0);
    }
}
