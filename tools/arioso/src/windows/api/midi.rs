// SPDX-License-Identifier: MIT OR Apache-2.0
//! WinMM's MIDI ports.

use super::text;
use std::time::Duration;
use windows::Win32::Media::Audio::*;

/// A port, by its number.
#[derive(Clone, Debug)]
pub struct Port {
    pub number: u32,
    pub name: String,
    /// What it is, where WinMM tells.
    pub technology: &'static str,
}

/// Ports that play.
pub fn outputs() -> Vec<Port> {
    // SAFETY: nothing is passed.
    let count = unsafe { midiOutGetNumDevs() };
    let port = |number| {
        let mut caps = MIDIOUTCAPSW::default();
        let size = size_of::<MIDIOUTCAPSW>() as u32;
        // SAFETY: the answer has the size that is told, and lives through the call.
        let result = unsafe { midiOutGetDevCapsW(number as usize, &mut caps, size) };
        let (name, technology) = (caps.szPname, caps.wTechnology);
        (result == 0).then(|| Port {
            number,
            name: text(&name),
            technology: match technology {
                1 => "port",
                2 => "synthesizer",
                3 => "square waves",
                4 => "FM",
                5 => "mapper",
                6 => "wavetable",
                7 => "software",
                _ => "?",
            },
        })
    };
    (0..count).filter_map(port).collect()
}

/// Ports that record.
pub fn inputs() -> Vec<Port> {
    // SAFETY: nothing is passed.
    let count = unsafe { midiInGetNumDevs() };
    let port = |number| {
        let mut caps = MIDIINCAPSW::default();
        let size = size_of::<MIDIINCAPSW>() as u32;
        // SAFETY: the answer has the size that is told, and lives through the call.
        let result = unsafe { midiInGetDevCapsW(number as usize, &mut caps, size) };
        let name = caps.szPname;
        (result == 0).then(|| Port {
            number,
            name: text(&name),
            technology: "input",
        })
    };
    (0..count).filter_map(port).collect()
}

/// An open port; silent and closed when it goes.
#[derive(Debug)]
pub struct Output(HMIDIOUT);

impl Output {
    /// The error is WinMM's number.
    pub fn open(number: u32) -> Result<Self, u32> {
        let mut handle = HMIDIOUT::default();
        // SAFETY: the answer lives through the call; there is no callback.
        let result = unsafe { midiOutOpen(&mut handle, number, None, None, CALLBACK_NULL) };
        if result == 0 {
            Ok(Self(handle))
        } else {
            Err(result)
        }
    }

    /// Sends one message. System Exclusive waits until it has been sent.
    pub fn send(&self, message: &[u8]) -> Result<(), u32> {
        let result = match message {
            [0xF0, ..] => return self.send_long(message),
            &[status, ref data @ ..] => {
                let mut word = u32::from(status);
                for (&byte, shift) in data.iter().zip([8, 16]) {
                    word |= u32::from(byte) << shift;
                }
                // SAFETY: the port is open.
                unsafe { midiOutShortMsg(self.0, word) }
            }
            [] => 0,
        };
        if result == 0 { Ok(()) } else { Err(result) }
    }

    fn send_long(&self, message: &[u8]) -> Result<(), u32> {
        let mut data = message.to_vec();
        let mut header = MIDIHDR {
            lpData: windows::core::PSTR(data.as_mut_ptr()),
            dwBufferLength: data.len() as u32,
            dwBytesRecorded: data.len() as u32,
            ..MIDIHDR::default()
        };
        let header = &raw mut header;
        let size = size_of::<MIDIHDR>() as u32;
        // SAFETY: header and data live until the port has given them back, at the latest when it is reset.
        unsafe {
            let mut result = midiOutPrepareHeader(self.0, header, size);
            if result == 0 {
                result = midiOutLongMsg(self.0, header, size);
                let mut waits = 0;
                while result == 0 && (&raw const (*header).dwFlags).read_volatile() & MHDR_DONE == 0
                {
                    std::thread::sleep(Duration::from_millis(1));
                    waits += 1;
                    if waits == 5000 {
                        let _ = midiOutReset(self.0);
                        result = MIDIERR_STILLPLAYING;
                    }
                }
                let _ = midiOutUnprepareHeader(self.0, header, size);
            }
            if result == 0 { Ok(()) } else { Err(result) }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Some ports know only the message, some only the call.
        for channel in 0..16 {
            for controller in [120, 123] {
                let _ = self.send(&[0xB0 | channel, controller, 0]);
            }
        }
        // SAFETY: the handle is this object's own.
        unsafe {
            let _ = midiOutReset(self.0);
            let _ = midiOutClose(self.0);
        }
    }
}

/// WinMM's words for an error.
pub fn error_text(code: u32) -> String {
    let mut words = [0; 256];
    // SAFETY: the buffer lives through the call.
    let result = unsafe { midiOutGetErrorTextW(code, &mut words) };
    let words = text(&words);
    if result != 0 || words.is_empty() {
        format!("WinMM error {code}")
    } else {
        words
    }
}
