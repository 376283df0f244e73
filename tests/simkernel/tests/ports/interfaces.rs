// SPDX-License-Identifier: MIT OR Apache-2.0
//! Methods of the port's objects that few miniports call.

use super::*;
use arioso_core::ks::status::*;

pub const SCENARIOS: &[Scenario] = &[
    ("device_property_and_registry_key", of_port),
    ("buffers_go_back_by_themselves", put_buffer),
];

fn of_port() {
    let rig = Rig::new(Options::default());
    let found = log().services.clone().expect("Init was called");
    assert_eq!(
        found.property,
        [
            STATUS_BUFFER_TOO_SMALL,
            STATUS_BUFFER_TOO_SMALL,
            STATUS_SUCCESS
        ]
    );
    assert!(found.name.starts_with("\\Device\\"), "{}", found.name);
    assert_eq!(found.keys, [STATUS_SUCCESS, STATUS_INVALID_PARAMETER]);
    assert_eq!(found.value, (STATUS_SUCCESS, STATUS_SUCCESS, 4711));
    rig.finish_clean();
}

fn put_buffer() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let now = rig.client.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now, 1, &[0x90, 1, 1]);
    write(&mut rig.client, pin.handle, now, buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    assert!(log().buffers > 0, "a buffer was borrowed and put back");
    rig.close(filter, pin);
    rig.finish_clean();
}
