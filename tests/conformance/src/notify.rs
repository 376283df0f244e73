// SPDX-License-Identifier: MIT OR Apache-2.0
//! KS events: what a driver tells its clients of its own accord.

use crate::Client;
use crate::error::{Error, Result};
use crate::wire::Bytes;
use arioso_core::ks::ks::*;
use arioso_core::ks::{GUID, nt_success};
use std::ptr;

/// An event that is enabled on a filter or pin.
pub struct Enabled<C: Client> {
    object: C::Handle,
    /// The KSEVENTDATA: its address names the event.
    data: u64,
    event: u64,
}

/// `IOCTL_KS_ENABLE_EVENT`: of the object, or of a node of it.
pub fn enable<C: Client>(
    client: &mut C,
    object: C::Handle,
    set: GUID,
    id: u32,
    node: Option<u32>,
) -> Result<Enabled<C>> {
    let event = client.create_event();
    let data = KSEVENTDATA {
        NotificationType: KSEVENTF_EVENT_HANDLE,
        EventHandle: KSEVENTDATA_HANDLE {
            Event: ptr::without_provenance_mut(event as usize),
            ..KSEVENTDATA_HANDLE::default()
        },
    }
    .bytes();
    let address = client.allocate(data.len());
    client.write(address, &data);
    let status = send(
        client,
        object,
        (set, id, KSEVENT_TYPE_ENABLE),
        node,
        (address, data.len() as u32),
    );
    if nt_success(status) {
        return Ok(Enabled {
            object,
            data: address,
            event,
        });
    }
    client.free(address);
    client.close_event(event);
    Err(Error::status(
        format!("enable event {:08x}.{id}", set.Data1),
        status,
    ))
}

/// `KSEVENT_TYPE_BASICSUPPORT`: the status.
pub fn support<C: Client>(
    client: &mut C,
    object: C::Handle,
    set: GUID,
    id: u32,
    node: Option<u32>,
) -> i32 {
    send(
        client,
        object,
        (set, id, KSEVENT_TYPE_BASICSUPPORT),
        node,
        (0, 0),
    )
}

fn send<C: Client>(
    client: &mut C,
    object: C::Handle,
    (set, id, flags): (GUID, u32, u32),
    node: Option<u32>,
    output: (u64, u32),
) -> i32 {
    let event = |flags| KSEVENT {
        Set: set,
        Id: id,
        Flags: flags,
    };
    let request = match node {
        None => event(flags).bytes(),
        Some(node) => KSP_NODE {
            Property: event(flags | KSEVENT_TYPE_TOPOLOGY),
            NodeId: node,
            Reserved: 0,
        }
        .bytes(),
    };
    let input = client.allocate(request.len());
    client.write(input, &request);
    let sent = client.submit(
        object,
        IOCTL_KS_ENABLE_EVENT,
        (input, request.len() as u32),
        output,
    );
    let done = client.wait(sent);
    client.free(input);
    done.status
}

impl<C: Client> Enabled<C> {
    /// Lets time pass until it happens, at most so long. Tells whether it did.
    pub fn wait(&self, client: &mut C, hundred_ns: i64) -> bool {
        client.wait_event(self.event, hundred_ns)
    }

    /// `IOCTL_KS_DISABLE_EVENT`.
    pub fn disable(self, client: &mut C) -> Result<()> {
        let sent = client.submit(
            self.object,
            IOCTL_KS_DISABLE_EVENT,
            (self.data, size_of::<KSEVENTDATA>() as u32),
            (0, 0),
        );
        let done = client.wait(sent);
        client.free(self.data);
        client.close_event(self.event);
        if nt_success(done.status) {
            Ok(())
        } else {
            Err(Error::status("disable event", done.status))
        }
    }
}
