// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who we are, and what this Windows enforces.

use std::path::Path;
use windows::Wdk::System::SystemInformation::{NtQuerySystemInformation, SYSTEM_INFORMATION_CLASS};
use windows::Win32::Foundation::CloseHandle;
use windows::Win32::Security::{
    CheckTokenMembership, CreateWellKnownSid, PSID, SECURITY_MAX_SID_SIZE,
    WinBuiltinAdministratorsSid,
};
use windows::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows::Win32::System::Threading::{GetExitCodeProcess, INFINITE, WaitForSingleObject};
use windows::Win32::System::WindowsProgramming::SYSTEM_CODEINTEGRITY_INFORMATION;
use windows::Win32::UI::Shell::{SEE_MASK_NOCLOSEPROCESS, SHELLEXECUTEINFOW, ShellExecuteExW};
use windows::Win32::UI::WindowsAndMessaging::SW_HIDE;
use windows::core::{BOOL, HSTRING, PCWSTR, Result, s, w};

/// Whether this program may change devices: the group of administrators counts in its token.
pub fn is_administrator() -> bool {
    let mut bytes = [0u8; SECURITY_MAX_SID_SIZE as usize];
    let mut size = SECURITY_MAX_SID_SIZE;
    let administrators = PSID(bytes.as_mut_ptr().cast());
    let mut member = BOOL::default();
    // SAFETY: the place for the identifier has its greatest size, which is told; both places live through the calls.
    unsafe {
        CreateWellKnownSid(
            WinBuiltinAdministratorsSid,
            None,
            Some(administrators),
            &mut size,
        )
        .and_then(|()| CheckTokenMembership(None, administrators, &mut member))
        .is_ok_and(|()| member.as_bool())
    }
}

/// Runs a program as administrator, whom Windows asks; its exit code.
pub fn run_elevated(program: &Path, arguments: &[String]) -> Result<u32> {
    let quoted: Vec<String> = arguments.iter().map(|a| format!("\"{a}\"")).collect();
    let (file, parameters) = (HSTRING::from(program), HSTRING::from(quoted.join(" ")));
    let mut run = SHELLEXECUTEINFOW {
        cbSize: size_of::<SHELLEXECUTEINFOW>() as u32,
        fMask: SEE_MASK_NOCLOSEPROCESS,
        lpVerb: w!("runas"),
        lpFile: PCWSTR(file.as_ptr()),
        lpParameters: PCWSTR(parameters.as_ptr()),
        nShow: SW_HIDE.0,
        ..SHELLEXECUTEINFOW::default()
    };
    let mut code = 0;
    // SAFETY: the record has its size; the strings live through the call; the process is this function's own.
    unsafe {
        ShellExecuteExW(&mut run)?;
        WaitForSingleObject(run.hProcess, INFINITE);
        let asked = GetExitCodeProcess(run.hProcess, &mut code);
        let _ = CloseHandle(run.hProcess);
        asked.map(|()| code)
    }
}

/// Wine instead of Windows.
pub fn is_wine() -> bool {
    // SAFETY: ntdll is in every process; the names are constants.
    unsafe {
        GetModuleHandleW(w!("ntdll.dll"))
            .is_ok_and(|ntdll| GetProcAddress(ntdll, s!("wine_get_version")).is_some())
    }
}

/// What code the kernel takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeIntegrity {
    /// Signatures by certificates of one's own.
    pub test_signing: bool,
    /// Memory integrity (HVCI).
    pub hypervisor: bool,
}

/// `None`: Windows does not tell.
pub fn code_integrity() -> Option<CodeIntegrity> {
    const CLASS: SYSTEM_INFORMATION_CLASS = SYSTEM_INFORMATION_CLASS(103);
    const TEST_SIGNING: u32 = 0x02;
    const KERNEL_MODE_BY_HYPERVISOR: u32 = 0x400;
    let size = size_of::<SYSTEM_CODEINTEGRITY_INFORMATION>() as u32;
    let mut answer = SYSTEM_CODEINTEGRITY_INFORMATION {
        Length: size,
        CodeIntegrityOptions: 0,
    };
    // SAFETY: the answer has the size that is told, and lives through the call.
    let status = unsafe {
        NtQuerySystemInformation(CLASS, (&raw mut answer).cast(), size, std::ptr::null_mut())
    };
    let options = answer.CodeIntegrityOptions;
    // Windows always enforces something; zero is an answer of nobody.
    (status.is_ok() && options != 0).then_some(CodeIntegrity {
        test_signing: options & TEST_SIGNING != 0,
        hypervisor: options & KERNEL_MODE_BY_HYPERVISOR != 0,
    })
}
