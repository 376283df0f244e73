// SPDX-License-Identifier: MIT OR Apache-2.0
//! IOCTL_KS_PROPERTY: KSPROPERTY and KSNODEPROPERTY requests.

use crate::error::{Error, Result};
use crate::wire::Bytes;
use crate::{Client, Completion};
use arioso_core::ks::ks::{
    IOCTL_KS_PROPERTY, KSNODEPROPERTY, KSP_PIN, KSPROPERTY, KSPROPERTY_DESCRIPTION,
    KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET,
    KSPROPERTY_TYPE_TOPOLOGY,
};
use arioso_core::ks::status::{STATUS_BUFFER_OVERFLOW, STATUS_MORE_ENTRIES};
use arioso_core::ks::{GUID, Wire, nt_success};

/// Names a property: set, item, node, and what is appended to the request.
#[derive(Clone, Debug)]
pub struct Property {
    set: GUID,
    id: u32,
    address: Address,
    instance: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Address {
    Object,
    Node(u32),
    Pin(u32),
}

impl Property {
    /// Of the filter or pin that the handle names: KSPROPERTY.
    pub fn new(set: GUID, id: u32) -> Self {
        Self {
            set,
            id,
            address: Address::Object,
            instance: Vec::new(),
        }
    }

    /// Of a node: KSNODEPROPERTY.
    pub fn of_node(set: GUID, id: u32, node: u32) -> Self {
        Self {
            address: Address::Node(node),
            ..Self::new(set, id)
        }
    }

    /// Of a pin factory of a filter: KSP_PIN.
    pub fn of_pin(set: GUID, id: u32, pin: u32) -> Self {
        Self {
            address: Address::Pin(pin),
            ..Self::new(set, id)
        }
    }

    /// Instance data behind the request.
    pub fn with(mut self, instance: &[u8]) -> Self {
        self.instance.extend_from_slice(instance);
        self
    }

    /// The request with these KSPROPERTY_TYPE flags, as it is sent.
    pub fn request(&self, flags: u32) -> Vec<u8> {
        let property = |flags| KSPROPERTY {
            Set: self.set,
            Id: self.id,
            Flags: flags,
        };
        let mut bytes = match self.address {
            Address::Object => property(flags).bytes(),
            Address::Node(node) => KSNODEPROPERTY {
                Property: property(flags | KSPROPERTY_TYPE_TOPOLOGY),
                NodeId: node,
                Reserved: 0,
            }
            .bytes(),
            Address::Pin(pin) => KSP_PIN {
                Property: property(flags),
                PinId: pin,
                Reserved: 0,
            }
            .bytes(),
        };
        bytes.extend_from_slice(&self.instance);
        bytes
    }

    /// Sends the request with these flags. `value` goes to the driver and comes back.
    pub fn send<C: Client>(
        &self,
        client: &mut C,
        object: C::Handle,
        flags: u32,
        value: &mut [u8],
    ) -> Completion {
        control(
            client,
            object,
            IOCTL_KS_PROPERTY,
            &self.request(flags),
            value,
        )
    }

    /// A get of at most `value.len()` bytes: the bytes written.
    pub fn get_into<C: Client>(
        &self,
        client: &mut C,
        object: C::Handle,
        value: &mut [u8],
    ) -> Result<usize> {
        let completion = self.send(client, object, KSPROPERTY_TYPE_GET, value);
        if !nt_success(completion.status) {
            return Err(self.error("get", completion));
        }
        Ok(completion.information.min(value.len()))
    }

    /// A value of fixed size.
    pub fn get<C: Client, T: Wire>(&self, client: &mut C, object: C::Handle) -> Result<T> {
        self.get_with(client, object, T::ZERO)
    }

    /// A value of fixed size, where the driver also reads what is there.
    pub fn get_with<C: Client, T: Wire>(
        &self,
        client: &mut C,
        object: C::Handle,
        initial: T,
    ) -> Result<T> {
        let mut bytes = initial.bytes();
        let written = self.get_into(client, object, &mut bytes)?;
        match T::read_from(&bytes) {
            Some(value) if written == bytes.len() => Ok(value),
            _ => Err(Error::other(format!(
                "{}: {written} bytes instead of {}",
                self.name("get"),
                bytes.len()
            ))),
        }
    }

    /// A value of any size: asks for the size first.
    pub fn get_sized<C: Client>(&self, client: &mut C, object: C::Handle) -> Result<Vec<u8>> {
        let probe = self.send(client, object, KSPROPERTY_TYPE_GET, &mut []);
        match probe.status {
            STATUS_BUFFER_OVERFLOW | STATUS_MORE_ENTRIES => {}
            _ if nt_success(probe.status) => return Ok(Vec::new()),
            _ => return Err(self.error("get size of", probe)),
        }
        let mut value = vec![0; probe.information];
        let written = self.get_into(client, object, &mut value)?;
        value.truncate(written);
        Ok(value)
    }

    /// A set of a value with a fixed size.
    pub fn set<C: Client, T: Wire>(
        &self,
        client: &mut C,
        object: C::Handle,
        value: T,
    ) -> Result<()> {
        let completion = self.send(client, object, KSPROPERTY_TYPE_SET, &mut value.bytes());
        if nt_success(completion.status) {
            Ok(())
        } else {
            Err(self.error("set", completion))
        }
    }

    /// Access flags and value type.
    pub fn basic_support<C: Client>(
        &self,
        client: &mut C,
        object: C::Handle,
    ) -> Result<KSPROPERTY_DESCRIPTION> {
        let mut bytes = vec![0; size_of::<KSPROPERTY_DESCRIPTION>()];
        let completion = self.send(client, object, KSPROPERTY_TYPE_BASICSUPPORT, &mut bytes);
        if !nt_success(completion.status) {
            return Err(self.error("basic support of", completion));
        }
        KSPROPERTY_DESCRIPTION::read_from(&bytes)
            .ok_or_else(|| Error::other(self.name("basic support of")))
    }

    fn error(&self, verb: &str, completion: Completion) -> Error {
        Error::status(self.name(verb), completion.status)
    }

    fn name(&self, verb: &str) -> String {
        format!("{verb} property {:08x}.{}", self.set.Data1, self.id)
    }
}

/// `DeviceIoControl`, waited for. The output buffer is both sent and received.
pub fn control<C: Client>(
    client: &mut C,
    object: C::Handle,
    code: u32,
    input: &[u8],
    output: &mut [u8],
) -> Completion {
    let source = place(client, input);
    let target = place(client, output);
    let request = client.submit(
        object,
        code,
        (source, input.len() as u32),
        (target, output.len() as u32),
    );
    let completion = client.wait(request);
    if !output.is_empty() {
        client.read(target, output);
        client.free(target);
    }
    if !input.is_empty() {
        client.free(source);
    }
    completion
}

/// Bytes in the caller's memory; no bytes are a null pointer.
fn place<C: Client>(client: &mut C, bytes: &[u8]) -> u64 {
    if bytes.is_empty() {
        return 0;
    }
    let address = client.allocate(bytes.len());
    client.write(address, bytes);
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use arioso_core::ks::guid::{KSPROPSETID_Pin, KSPROPSETID_Synth};

    #[test]
    fn requests() {
        let plain = Property::new(KSPROPSETID_Synth, 2).request(KSPROPERTY_TYPE_GET);
        assert_eq!(plain.len(), 24);
        assert_eq!(plain[16..24], [2, 0, 0, 0, 1, 0, 0, 0]);

        let node = Property::of_node(KSPROPSETID_Synth, 3, 7)
            .with(&[9; 28])
            .request(KSPROPERTY_TYPE_SET);
        assert_eq!(node.len(), 32 + 28);
        assert_eq!(node[20..28], [2, 0, 0, 0x10, 7, 0, 0, 0]);
        assert_eq!(node[32..], [9; 28]);

        let pin = Property::of_pin(KSPROPSETID_Pin, 3, 1).request(KSPROPERTY_TYPE_GET);
        assert_eq!(pin[20..28], [1, 0, 0, 0, 1, 0, 0, 0]);
    }
}
