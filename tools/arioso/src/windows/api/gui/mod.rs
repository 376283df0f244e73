// SPDX-License-Identifier: MIT OR Apache-2.0
//! One window with Windows' own controls. Events go to a [`Handler`]; one that comes while another is being handled is passed over, but for the
//! timer, which comes again.

mod ask;
mod controls;

use ask::{ask_file, menu};

use std::cell::RefCell;
use std::path::PathBuf;
use windows::Win32::Foundation::{HINSTANCE, HWND, LPARAM, LRESULT, RECT, WPARAM};
use windows::Win32::Graphics::Gdi::{
    COLOR_3DFACE, CreateFontIndirectW, DeleteObject, GetSysColorBrush, HFONT, UpdateWindow,
};
use windows::Win32::System::Console::{FreeConsole, GetConsoleProcessList};
use windows::Win32::System::LibraryLoader::GetModuleHandleW;
use windows::Win32::UI::Controls::{
    EM_SETSEL, ICC_BAR_CLASSES, ICC_PROGRESS_CLASS, INITCOMMONCONTROLSEX, InitCommonControlsEx,
    PBM_SETRANGE32, PROGRESS_CLASSW, TBM_SETRANGEMAX, TBM_SETRANGEMIN, TRACKBAR_CLASSW,
};
use windows::Win32::UI::HiDpi::{
    AdjustWindowRectExForDpi, DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2, GetDpiForWindow,
    SetProcessDpiAwarenessContext, SystemParametersInfoForDpi,
};
use windows::Win32::UI::Input::KeyboardAndMouse::{GetFocus, SetFocus};
use windows::Win32::UI::Shell::{
    NIF_ICON, NIF_MESSAGE, NIF_TIP, NIM_ADD, NIM_DELETE, NOTIFYICONDATAW, Shell_NotifyIconW,
};
use windows::Win32::UI::WindowsAndMessaging::*;
use windows::core::{HSTRING, PCWSTR, Result, w};

const WAKE: u32 = WM_APP;
const TRAY: u32 = WM_APP + 1;
const CLASS: PCWSTR = w!("AriosoPanel");

/// What happens to the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A button was pressed, an entry chosen.
    Pressed(u16),
    /// Another entry of a list or another place of a slider was chosen.
    Chosen(u16),
    /// Something may have arrived from another thread; it comes several times a second too.
    Wake,
    /// The file dialog has ended with a file.
    File(PathBuf),
    /// The icon beside the clock, or its menu: the entry.
    Tray(u16),
    /// The cross, Alt+F4, Escape.
    Close,
}

/// What follows of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Nothing,
    /// Ask for a file.
    AskFile,
    Quit,
}

/// Who hears of events.
pub trait Handler {
    fn event(&mut self, window: Window, event: Event) -> Next;
    /// Entries of the menu of the icon beside the clock; the first is what a click on the icon does.
    fn tray_menu(&self) -> Vec<(u16, &'static str)>;
}

thread_local! {
    static HANDLER: RefCell<Option<Box<dyn Handler>>> = const { RefCell::new(None) };
    static LAYOUT: RefCell<Vec<(HWND, Place)>> = const { RefCell::new(Vec::new()) };
    static FONT: RefCell<Option<HFONT>> = const { RefCell::new(None) };
}

/// A control's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A frame with a heading.
    Group,
    /// Words; an `&` before a letter leads to the control behind them.
    Label,
    /// Words that change.
    Text,
    Button,
    Check,
    /// A line that can be typed.
    Edit,
    /// Lines that can be read and scrolled.
    Lines,
    List,
    /// One of several, unfolded.
    Choice,
    /// From -96 to 0.
    Slider,
    /// A meter of a thousand steps.
    Bar,
}

/// Where a control is, in pixels of 96 to the inch.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

/// A control.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    pub id: u16,
    pub kind: Kind,
    pub text: &'static str,
    pub place: Place,
}

/// The window, or what other threads wake it with.
#[derive(Clone, Copy, Debug)]
pub struct Window(isize);

/// Leaves a console that nobody else uses, which a start from the menu opens.
pub fn leave_console() {
    let mut processes = [0; 2];
    // SAFETY: the list lives through the call.
    unsafe {
        if GetConsoleProcessList(&mut processes) == 1 {
            let _ = FreeConsole();
        }
    }
}

/// Shows the window of another run, if there is one.
pub fn show_other() -> bool {
    // SAFETY: the names are static.
    unsafe {
        let Ok(other) = FindWindowW(CLASS, PCWSTR::null()) else {
            return false;
        };
        let _ = ShowWindow(other, SW_RESTORE);
        let _ = SetForegroundWindow(other);
        true
    }
}

/// Makes the window, of `size` at 96 pixels to the inch, and handles events until it goes.
pub fn run(
    title: &str,
    size: (i32, i32),
    controls: &[Control],
    make: impl FnOnce(Window) -> Box<dyn Handler>,
) -> Result<()> {
    // SAFETY: the structures have their sizes and live through the calls; the procedure has the right signature; handles are this thread's.
    unsafe {
        let _ = SetProcessDpiAwarenessContext(DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2);
        let _ = InitCommonControlsEx(&INITCOMMONCONTROLSEX {
            dwSize: size_of::<INITCOMMONCONTROLSEX>() as u32,
            dwICC: ICC_BAR_CLASSES | ICC_PROGRESS_CLASS,
        });
        let module = HINSTANCE(GetModuleHandleW(None)?.0);
        RegisterClassExW(&WNDCLASSEXW {
            cbSize: size_of::<WNDCLASSEXW>() as u32,
            lpfnWndProc: Some(procedure),
            hInstance: module,
            hIcon: LoadIconW(None, IDI_APPLICATION)?,
            hCursor: LoadCursorW(None, IDC_ARROW)?,
            hbrBackground: GetSysColorBrush(COLOR_3DFACE),
            lpszClassName: CLASS,
            ..WNDCLASSEXW::default()
        });
        let (at, style) = (CW_USEDEFAULT, style());
        let name = HSTRING::from(title);
        let ex = WS_EX_CONTROLPARENT;
        let hwnd = CreateWindowExW(
            ex,
            CLASS,
            &name,
            style,
            at,
            at,
            100,
            100,
            None,
            None,
            Some(module),
            None,
        )?;
        for control in controls {
            let child = create(hwnd, module, control)?;
            LAYOUT.with_borrow_mut(|layout| layout.push((child, control.place)));
        }
        let dpi = GetDpiForWindow(hwnd).max(96);
        let mut rect = RECT {
            left: 0,
            top: 0,
            right: scale(size.0, dpi),
            bottom: scale(size.1, dpi),
        };
        AdjustWindowRectExForDpi(&mut rect, style, false, ex, dpi)?;
        let (width, height) = (rect.right - rect.left, rect.bottom - rect.top);
        SetWindowPos(hwnd, None, 0, 0, width, height, SWP_NOMOVE | SWP_NOZORDER)?;
        arrange(dpi);
        let window = Window(hwnd.0 as isize);
        let handler = make(window);
        HANDLER.with_borrow_mut(|place| *place = Some(handler));
        tray(hwnd, NIM_ADD, title);
        let _ = ShowWindow(hwnd, SW_SHOWNORMAL);
        let _ = UpdateWindow(hwnd);
        if let Some(first) = controls.iter().find(|control| control.kind == Kind::List) {
            let _ = SetFocus(Some(window.control(first.id)));
        }
        SetTimer(Some(hwnd), 1, 100, None);
        let _ = PostMessageW(Some(hwnd), WAKE, WPARAM(0), LPARAM(0));
        let mut message = MSG::default();
        while GetMessageW(&mut message, None, 0, 0).as_bool() {
            if !IsDialogMessageW(hwnd, &message).as_bool() {
                let _ = TranslateMessage(&message);
                DispatchMessageW(&message);
            }
        }
        HANDLER.with_borrow_mut(Option::take);
        Ok(())
    }
}

fn style() -> WINDOW_STYLE {
    WS_OVERLAPPED | WS_CAPTION | WS_SYSMENU | WS_MINIMIZEBOX
}

fn scale(length: i32, dpi: u32) -> i32 {
    length * dpi as i32 / 96
}

/// Makes a control, where it is put later.
unsafe fn create(parent: HWND, module: HINSTANCE, control: &Control) -> Result<HWND> {
    let stop = WS_TABSTOP.0;
    let scroll = WS_VSCROLL.0;
    let number = |style: i32| style as u32;
    let (class, style, ex) = match control.kind {
        Kind::Group => (w!("BUTTON"), number(BS_GROUPBOX), 0),
        Kind::Label | Kind::Text => (w!("STATIC"), 0, 0),
        Kind::Button => (w!("BUTTON"), stop, 0),
        Kind::Check => (w!("BUTTON"), stop | number(BS_AUTOCHECKBOX), 0),
        Kind::Edit => (
            w!("EDIT"),
            stop | number(ES_AUTOHSCROLL),
            WS_EX_CLIENTEDGE.0,
        ),
        Kind::Lines => (
            w!("EDIT"),
            stop | scroll | number(ES_MULTILINE | ES_READONLY | ES_AUTOVSCROLL),
            WS_EX_CLIENTEDGE.0,
        ),
        Kind::List => (
            w!("LISTBOX"),
            stop | scroll | number(LBS_NOTIFY | LBS_NOINTEGRALHEIGHT),
            WS_EX_CLIENTEDGE.0,
        ),
        Kind::Choice => (w!("COMBOBOX"), stop | scroll | number(CBS_DROPDOWNLIST), 0),
        Kind::Slider => (TRACKBAR_CLASSW, stop, 0),
        Kind::Bar => (PROGRESS_CLASSW, 0, 0),
    };
    let style = WINDOW_STYLE(style) | WS_CHILD | WS_VISIBLE;
    let id = HMENU(std::ptr::without_provenance_mut(usize::from(control.id)));
    let text = HSTRING::from(control.text);
    // SAFETY: the parent lives; the strings live through the call.
    unsafe {
        let child = CreateWindowExW(
            WINDOW_EX_STYLE(ex),
            class,
            &text,
            style,
            0,
            0,
            10,
            10,
            Some(parent),
            Some(id),
            Some(module),
            None,
        )?;
        match control.kind {
            Kind::Slider => {
                send(child, TBM_SETRANGEMIN, 1, -96);
                send(child, TBM_SETRANGEMAX, 1, 0);
            }
            Kind::Bar => {
                send(child, PBM_SETRANGE32, 0, 1000);
            }
            _ => {}
        }
        Ok(child)
    }
}

/// Puts the controls where they belong at this resolution, in a font of its size.
fn arrange(dpi: u32) {
    let mut metrics = NONCLIENTMETRICSW {
        cbSize: size_of::<NONCLIENTMETRICSW>() as u32,
        ..NONCLIENTMETRICSW::default()
    };
    let place = (&raw mut metrics).cast();
    let size = metrics.cbSize;
    // SAFETY: the structure has its size; the font is deleted when no control has it any more; the windows are this thread's.
    unsafe {
        let _ = SystemParametersInfoForDpi(SPI_GETNONCLIENTMETRICS.0, size, Some(place), 0, dpi);
        let font = CreateFontIndirectW(&metrics.lfMessageFont);
        LAYOUT.with_borrow(|layout| {
            for (child, at) in layout {
                let (x, y) = (scale(at.x, dpi), scale(at.y, dpi));
                let (width, height) = (scale(at.width, dpi), scale(at.height, dpi));
                let _ = SetWindowPos(*child, None, x, y, width, height, SWP_NOZORDER);
                send(*child, WM_SETFONT, font.0 as usize, 1);
            }
        });
        let before = FONT.with_borrow_mut(|place| place.replace(font));
        if let Some(before) = before {
            let _ = DeleteObject(before.into());
        }
    }
}

/// A window that a message or another thread names.
fn window_of(number: usize) -> HWND {
    HWND(std::ptr::with_exposed_provenance_mut(number))
}

fn send(hwnd: HWND, message: u32, wparam: usize, lparam: isize) -> isize {
    // SAFETY: the messages of this module carry numbers, or pointers that live through the call.
    unsafe { SendMessageW(hwnd, message, Some(WPARAM(wparam)), Some(LPARAM(lparam))).0 }
}

/// The icon beside the clock.
fn tray(hwnd: HWND, what: windows::Win32::UI::Shell::NOTIFY_ICON_MESSAGE, tip: &str) {
    let mut data = NOTIFYICONDATAW {
        cbSize: size_of::<NOTIFYICONDATAW>() as u32,
        hWnd: hwnd,
        uID: 1,
        uFlags: NIF_ICON | NIF_MESSAGE | NIF_TIP,
        uCallbackMessage: TRAY,
        ..NOTIFYICONDATAW::default()
    };
    for (to, from) in data.szTip.iter_mut().zip(tip.encode_utf16().take(127)) {
        *to = from;
    }
    // SAFETY: the record has its size and lives through the call; the icon is the system's.
    unsafe {
        data.hIcon = LoadIconW(None, IDI_APPLICATION).unwrap_or_default();
        let _ = Shell_NotifyIconW(what, &data);
    }
}

unsafe extern "system" fn procedure(
    hwnd: HWND,
    message: u32,
    wparam: WPARAM,
    lparam: LPARAM,
) -> LRESULT {
    const DONE: LRESULT = LRESULT(0);
    let low = wparam.0 as u16;
    let high = (wparam.0 >> 16) as u16;
    match message {
        WM_NEXTDLGCTL => {
            // A dialog's own procedure would do it: Tab and letters of labels lead here.
            let child = window_of(wparam.0);
            // SAFETY: the windows are this thread's.
            unsafe {
                let next = match lparam.0 as u16 {
                    0 => GetNextDlgTabItem(hwnd, Some(GetFocus()), wparam.0 != 0),
                    _ => Ok(child),
                };
                if let Ok(next) = next {
                    let _ = SetFocus(Some(next));
                    if send(next, WM_GETDLGCODE, 0, 0) & DLGC_HASSETSEL as isize != 0 {
                        send(next, EM_SETSEL, 0, -1);
                    }
                }
            }
            DONE
        }
        // Enter.
        WM_COMMAND if i32::from(low) == IDOK.0 && lparam.0 == 0 => {
            // SAFETY: nothing is passed; what has the keyboard lives.
            let (focus, id) = unsafe {
                let focus = GetFocus();
                (focus, GetDlgCtrlID(focus))
            };
            if send(focus, WM_GETDLGCODE, 0, 0) & DLGC_BUTTON as isize != 0 {
                send(focus, BM_CLICK, 0, 0);
            } else {
                handle(hwnd, Event::Pressed(id as u16));
            }
            DONE
        }
        WM_COMMAND => {
            // Of a list another entry, of a button that it was pressed; Escape is IDCANCEL.
            let event = match u32::from(high) {
                _ if i32::from(low) == IDCANCEL.0 => Some(Event::Close),
                BN_CLICKED => Some(Event::Pressed(low)),
                LBN_SELCHANGE => Some(Event::Chosen(low)),
                LBN_DBLCLK => Some(Event::Pressed(low)),
                _ => None,
            };
            if let Some(event) = event {
                handle(hwnd, event);
            }
            DONE
        }
        WM_HSCROLL => {
            // SAFETY: the control that scrolls lives.
            let id = unsafe { GetDlgCtrlID(window_of(lparam.0 as usize)) };
            handle(hwnd, Event::Chosen(id as u16));
            DONE
        }
        WM_TIMER | WAKE => {
            handle(hwnd, Event::Wake);
            DONE
        }
        TRAY => {
            match lparam.0 as u32 {
                WM_LBUTTONUP => handle(hwnd, Event::Tray(0)),
                WM_RBUTTONUP => {
                    if let Some(entry) = menu(hwnd) {
                        handle(hwnd, Event::Tray(entry));
                    }
                }
                _ => {}
            }
            DONE
        }
        WM_CLOSE => {
            handle(hwnd, Event::Close);
            DONE
        }
        WM_DPICHANGED => {
            arrange(u32::from(low));
            // SAFETY: the message carries the rectangle that Windows suggests.
            unsafe {
                let rect = *std::ptr::with_exposed_provenance::<RECT>(lparam.0 as usize);
                let (width, height) = (rect.right - rect.left, rect.bottom - rect.top);
                let _ = SetWindowPos(hwnd, None, rect.left, rect.top, width, height, SWP_NOZORDER);
            }
            DONE
        }
        WM_DESTROY => {
            tray(hwnd, NIM_DELETE, "");
            // SAFETY: nothing is passed.
            unsafe { PostQuitMessage(0) };
            DONE
        }
        // SAFETY: what the window was told.
        _ => unsafe { DefWindowProcW(hwnd, message, wparam, lparam) },
    }
}

/// Lets the handler act; what follows happens when it is free again.
fn handle(hwnd: HWND, event: Event) {
    let window = Window(hwnd.0 as isize);
    let next = HANDLER.with(|place| {
        let mut place = place.try_borrow_mut().ok()?;
        Some(place.as_mut()?.event(window, event))
    });
    match next {
        Some(Next::AskFile) => {
            if let Some(file) = ask_file(hwnd) {
                handle(hwnd, Event::File(file));
            }
        }
        // SAFETY: the window is this thread's.
        Some(Next::Quit) => unsafe {
            let _ = DestroyWindow(hwnd);
        },
        Some(Next::Nothing) | None => {}
    }
}
