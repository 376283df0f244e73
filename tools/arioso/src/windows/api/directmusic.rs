// SPDX-License-Identifier: MIT OR Apache-2.0
//! DirectMusic's view of the ports.

use super::text;
use windows::Win32::Media::Audio::DirectMusic::*;
use windows::Win32::System::Com::*;
use windows::core::{Error, Result};

/// A port.
#[derive(Clone, Debug)]
pub struct Port {
    pub name: String,
    /// In: events go to it.
    pub input: bool,
    pub class: &'static str,
    pub groups: u32,
    pub voices: u32,
    pub downloads: bool,
}

/// All ports.
pub fn ports() -> Result<Vec<Port>> {
    // SAFETY: COM is asked on this thread, and let go behind the last use of an object.
    unsafe { CoInitializeEx(None, COINIT_APARTMENTTHREADED) }.ok()?;
    let ports = enumerate();
    // SAFETY: pairs with the call above; `enumerate` has released its object.
    unsafe { CoUninitialize() };
    ports
}

fn enumerate() -> Result<Vec<Port>> {
    // SAFETY: COM is initialised on this thread.
    let music: IDirectMusic =
        unsafe { CoCreateInstance(&CLSID_DirectMusic, None, CLSCTX_INPROC_SERVER) }?;
    let mut ports = Vec::new();
    for index in 0.. {
        let mut caps = DMUS_PORTCAPS {
            dwSize: size_of::<DMUS_PORTCAPS>() as u32,
            ..DMUS_PORTCAPS::default()
        };
        // SAFETY: the answer has its size and lives through the call.
        match unsafe { music.EnumPort(index, &mut caps) } {
            // S_FALSE behind the last one comes as a success that writes nothing.
            Ok(()) if caps.wszDescription[0] == 0 => break,
            Ok(()) => ports.push(port(&caps)),
            Err(error) if ports.is_empty() => return Err(Error::from(error)),
            Err(_) => break,
        }
    }
    Ok(ports)
}

fn port(caps: &DMUS_PORTCAPS) -> Port {
    Port {
        name: text(&caps.wszDescription),
        input: caps.dwClass == DMUS_PC_OUTPUTCLASS,
        class: match caps.dwType {
            DMUS_PORT_WINMM_DRIVER => "WinMM",
            DMUS_PORT_USER_MODE_SYNTH => "user mode",
            DMUS_PORT_KERNEL_MODE => "kernel",
            _ => "?",
        },
        groups: caps.dwMaxChannelGroups,
        voices: caps.dwMaxVoices,
        downloads: caps.dwFlags & DMUS_PC_DLS != 0,
    }
}
