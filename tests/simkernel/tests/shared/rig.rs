// SPDX-License-Identifier: MIT OR Apache-2.0
//! A machine with the driver of this process started.

use arioso_core::ks::guid::{KSCATEGORY_AUDIO, KSCATEGORY_SYNTHESIZER};
use arioso_core::ks::status::STATUS_SUCCESS;
use conformance::Client;
use conformance::filter::Filter;
use simkernel::client::{ClientOptions, SimClient};
use simkernel::system::{Device, Options, System};
use simkernel::verifier::Violation;

use crate::fake;

const SERVICE: &str = "fake";

pub struct Rig {
    pub system: System,
    pub device: Device,
    pub client: SimClient,
}

impl Rig {
    pub fn boot(options: Options, client: ClientOptions) -> Rig {
        let mut system = System::boot(Options {
            echo: false,
            ..options
        });
        let status = system.load_host_driver(SERVICE, fake::driver_entry);
        assert_eq!(status, STATUS_SUCCESS);
        let device = system.add_root_device(SERVICE).expect("AddDevice");
        assert_eq!(system.start(device), STATUS_SUCCESS);
        let client = system.client(client);
        Rig {
            system,
            device,
            client,
        }
    }

    /// The filter of a subdevice.
    pub fn filter(&mut self, name: &str) -> Filter<SimClient> {
        let categories = [KSCATEGORY_AUDIO, KSCATEGORY_SYNTHESIZER];
        let links = categories.map(|category| self.client.interfaces(&category));
        let link = links
            .concat()
            .into_iter()
            .find(|link| link.ends_with(name))
            .expect("a subdevice");
        Filter::open(&mut self.client, &link).expect("the filter")
    }

    /// Removes everything and returns what the verifier found.
    pub fn finish(mut self) -> Vec<Violation> {
        drop(self.client);
        assert_eq!(self.system.remove(self.device), STATUS_SUCCESS);
        self.system.unload(SERVICE).expect("unload");
        self.system.verdict().violations
    }

    pub fn finish_clean(self) {
        let violations = self.finish();
        assert!(violations.is_empty(), "{violations:#?}");
        assert_eq!(fake::log().alive, 0, "objects of the driver");
    }
}
