// SPDX-License-Identifier: MIT OR Apache-2.0
//! The recording side's thread.

use super::Common;
use super::device::{self, Opened, Result};
use crate::windows::api::urgent::Urgent;
use arioso_listen::Source;
use std::thread;
use std::time::{Duration, Instant};
use wasapi::Direction;

/// How often a device that is not there is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// Without an event for so long it is asked whether it still is what it was, ms.
const PATIENCE: u32 = 200;

/// Brings what the device records, until the end.
pub fn run(name: &str, mut source: Source, common: &Common, start: Instant) {
    let _ = wasapi::initialize_mta();
    let _urgent = Urgent::here();
    while !common.stopped() {
        let opened = device::find(Direction::Capture, Some(name))
            .and_then(|found| device::open(&found, Direction::Capture, false));
        let ended = match opened {
            Ok(opened) => bring(&opened, &mut source, common, start),
            Err(why) => Err(why),
        };
        if let Err(why) = ended {
            common.from.gone(&why);
            thread::sleep(LOOK);
        }
    }
}

fn bring(opened: &Opened, source: &mut Source, common: &Common, start: Instant) -> Result<()> {
    let failed = |why: wasapi::WasapiError| why.to_string();
    let capture = opened.client.get_audiocaptureclient().map_err(failed)?;
    let buffer = opened.client.get_buffer_size().map_err(failed)? as usize;
    let mut bytes = vec![0; buffer * opened.format.frame_bytes()];
    source.opened(opened.format, opened.period);
    common
        .from
        .opened(opened.name.clone(), opened.period, opened.format.rate);
    opened.client.start_stream().map_err(failed)?;
    while !common.stopped() {
        // Without a sound some devices send no events.
        let _ = opened.event.wait_for_event(PATIENCE);
        let mut packets = 0;
        while capture.get_next_packet_size().map_err(failed)?.unwrap_or(0) > 0 {
            let (frames, about) = capture.read_from_device(&mut bytes).map_err(failed)?;
            let time = start.elapsed().as_secs_f64();
            let packet = &mut bytes[..frames as usize * opened.format.frame_bytes()];
            if about.flags.silent {
                packet.fill(0);
            }
            source.push(time, packet);
            packets += 1;
        }
        if packets == 0 {
            // A device that has gone says so; Wine's has no packets for ever, but no fill either.
            opened.client.get_current_padding().map_err(failed)?;
        }
    }
    opened.client.stop_stream().map_err(failed)
}
