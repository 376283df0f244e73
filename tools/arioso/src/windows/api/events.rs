// SPDX-License-Identifier: MIT OR Apache-2.0
//! The event log.

use super::text;
use windows::Win32::System::EventLog::*;
use windows::core::{HSTRING, Result};

/// The newest events of a channel that a query selects, as XML; at most `most`.
pub fn newest(channel: &str, query: &str, most: usize) -> Result<Vec<String>> {
    let flags = EvtQueryChannelPath.0 | EvtQueryReverseDirection.0;
    // SAFETY: the strings live through the call.
    let found =
        Handle(unsafe { EvtQuery(None, &HSTRING::from(channel), &HSTRING::from(query), flags) }?);
    let mut events = Vec::new();
    while events.len() < most {
        let (mut next, mut count) = ([0], 0);
        // SAFETY: the result is open; the answers live through the call. It fails behind the last event.
        if unsafe { EvtNext(found.0, &mut next, 1000, 0, &mut count) }.is_err() || count == 0 {
            break;
        }
        let event = Handle(EVT_HANDLE(next[0]));
        let mut xml = vec![0_u16; 16_384];
        let (mut used, mut properties) = (0, 0);
        // SAFETY: the event is open; the buffer has the size that is told, and lives through the call.
        let rendered = unsafe {
            EvtRender(
                None,
                event.0,
                EvtRenderEventXml.0,
                (xml.len() * 2) as u32,
                Some(xml.as_mut_ptr().cast()),
                &mut used,
                &mut properties,
            )
        };
        if rendered.is_ok() {
            events.push(text(&xml));
        }
    }
    Ok(events)
}

struct Handle(EVT_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own.
        let _ = unsafe { EvtClose(self.0) };
    }
}
