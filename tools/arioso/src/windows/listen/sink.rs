// SPDX-License-Identifier: MIT OR Apache-2.0
//! The loudspeaker's thread.

use super::Common;
use super::device::{self, Opened, Result};
use crate::windows::api::urgent::Urgent;
use arioso_listen::Sink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wasapi::{DeviceEnumerator, DeviceEventCallbacks, DeviceEventRegistration, Direction, Role};

/// How often a device that is not there is looked for.
const LOOK: Duration = Duration::from_millis(20);
/// Without an event for so long it has gone, ms.
const PATIENCE: u32 = 200;

/// Feeds the device, until the end: that with the name, or whatever is the default.
pub fn run(name: Option<&str>, exclusive: bool, mut sink: Sink, common: &Common, start: Instant) {
    let _ = wasapi::initialize_mta();
    let _urgent = Urgent::here();
    let changed = Arc::new(AtomicBool::new(false));
    // Without it, another default device is found when the old one goes.
    let watch = name.is_none().then(|| watch(&changed));
    while !common.stopped() {
        changed.store(false, Ordering::Relaxed);
        let opened = device::find(Direction::Render, name)
            .and_then(|found| device::open(&found, Direction::Render, exclusive));
        let ended = match opened {
            Ok(opened) => feed(&opened, &mut sink, common, &changed, start),
            Err(why) => Err(why),
        };
        if let Err(why) = ended {
            common.to.gone(&why);
            sink.idle(start.elapsed().as_secs_f64());
            thread::sleep(LOOK);
        }
    }
    drop(watch);
}

fn watch(changed: &Arc<AtomicBool>) -> Option<DeviceEventRegistration> {
    let enumerator = DeviceEnumerator::new().ok()?;
    let changed = Arc::clone(changed);
    let mut callbacks = DeviceEventCallbacks::new();
    callbacks.set_default_device_callback(move |direction, role, _| {
        if direction == Direction::Render && role == Role::Console {
            changed.store(true, Ordering::Relaxed);
        }
    });
    enumerator.register_notification_callback(callbacks).ok()
}

/// Until another device is the default, or this one has gone.
fn feed(
    opened: &Opened,
    sink: &mut Sink,
    common: &Common,
    changed: &AtomicBool,
    start: Instant,
) -> Result<()> {
    let failed = |why: wasapi::WasapiError| why.to_string();
    let render = opened.client.get_audiorenderclient().map_err(failed)?;
    let buffer = opened.client.get_buffer_size().map_err(failed)?;
    let mut bytes = vec![0; buffer as usize * opened.format.frame_bytes()];
    sink.opened(opened.format, opened.period)?;
    common
        .to
        .opened(opened.name.clone(), buffer, opened.format.rate);
    // The first buffer is silence, so that the clock of the calls is that of the device from the first on.
    let first = opened
        .client
        .get_available_space_in_frames()
        .map_err(failed)? as usize;
    let silence = &bytes[..first * opened.format.frame_bytes()];
    render
        .write_to_device(first, silence, None)
        .map_err(failed)?;
    opened.client.start_stream().map_err(failed)?;
    while !common.stopped() && !changed.load(Ordering::Relaxed) {
        if opened.event.wait_for_event(PATIENCE).is_err() {
            // A device that has gone says so.
            opened.client.get_current_padding().map_err(failed)?;
        }
        let space = opened
            .client
            .get_available_space_in_frames()
            .map_err(failed)? as usize;
        if space > 0 {
            let part = &mut bytes[..space * opened.format.frame_bytes()];
            sink.pull(start.elapsed().as_secs_f64(), part);
            render.write_to_device(space, part, None).map_err(failed)?;
        }
    }
    opened.client.stop_stream().map_err(failed)
}
