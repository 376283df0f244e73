// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulated computer: the driver is loaded and started, at the end removed and unloaded.

use crate::failure::{Failure, Kind, Result};
use simkernel::client::{ClientOptions, SimClient};
use simkernel::modules::pcm_sink;
use simkernel::registry::Value;
use simkernel::system::{Device, FileData, Options, System};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
#[cfg(any(feature = "live", test))]
use {
    arioso_cli::numbers::NUMBERS,
    arioso_core::ks::arioso::{ARIOSO_CONTROL_BANK, ARIOSO_CONTROL_NUMBERS, ARIOSO_SETTINGS},
    conformance::settings,
    simkernel::registry,
};

const SERVICE: &str = "arioso";
#[cfg(any(feature = "live", test))]
const PARAMETERS: &str = r"\Registry\Machine\System\CurrentControlSet\Services\arioso\Parameters";
/// Where the driver's own bank lies on the simulated disk.
const BANK: &str = r"\SystemRoot\System32\drivers\arioso.dls";

/// A running machine with the driver in it.
pub struct Machine {
    system: System,
    device: Device,
}

/// What is left when the machine is off.
pub struct Finished {
    /// 16-bit stereo, interleaved.
    pub audio: Vec<i16>,
    /// Master time of the first frame, 100 ns.
    pub started: i64,
    /// What the driver verifier found.
    pub violations: Vec<String>,
}

impl Machine {
    /// Boots, loads the image and starts a device. `bank` becomes the driver's default set; `settings` are the service's. One machine
    /// per process.
    pub fn start(
        image: &Path,
        bank: Option<&[u8]>,
        settings: &BTreeMap<String, u32>,
        verbose: bool,
    ) -> Result<Self> {
        let mut options = Options {
            echo: verbose,
            // Two outputs start at exactly the same time.
            call_cost_ns: 0,
            parameters: settings
                .iter()
                .map(|(name, value)| (name.clone(), Value::dword(*value)))
                .collect(),
            ..Options::default()
        };
        if let Some(bank) = bank {
            options
                .parameters
                .push(("BankPath".into(), Value::text(BANK)));
            options
                .files
                .push((BANK.into(), FileData::Bytes(Arc::new(bank.to_vec()))));
        }
        let mut system = System::boot(options);
        system.load_driver(SERVICE, image).map_err(|why| {
            Failure::new(
                Kind::Session,
                format!("the driver {} does not load: {why}", image.display()),
            )
        })?;
        let device = system
            .add_root_device(SERVICE)
            .map_err(|status| conformance::Error::status("AddDevice", status))?;
        let status = system.start(device);
        if status < 0 {
            return Err(conformance::Error::status("IRP_MN_START_DEVICE", status).into());
        }
        Ok(Self { system, device })
    }

    /// A program on it.
    pub fn client(&mut self) -> SimClient {
        self.system.client(ClientOptions::default())
    }

    /// Writes the service's settings, each of those that there are with a number or none, and the driver's own bank if there is another;
    /// then the driver is told. What counts now.
    ///
    /// # Errors
    ///
    /// The driver refuses.
    #[cfg(any(feature = "live", test))]
    pub fn change(
        &mut self,
        client: &mut SimClient,
        numbers: &BTreeMap<String, u32>,
        bank: Option<Vec<u8>>,
    ) -> Result<ARIOSO_SETTINGS> {
        let mut what = ARIOSO_CONTROL_NUMBERS;
        for number in &NUMBERS {
            match numbers.get(number.name) {
                Some(value) => registry::set(PARAMETERS, number.name, Value::dword(*value)),
                None => registry::remove(PARAMETERS, number.name),
            }
        }
        if let Some(bank) = bank {
            self.system.put_file(BANK, bank.into());
            what |= ARIOSO_CONTROL_BANK;
        }
        let filter = settings::filter(client)?;
        let active = settings::control(client, filter.handle, what)
            .and_then(|()| settings::settings(client, filter.handle));
        filter.close(client);
        Ok(active?)
    }

    /// Removes the device, unloads the driver and asks the verifier.
    pub fn finish(mut self) -> Finished {
        let started = pcm_sink::played().map_or(0, |played| played.started);
        let audio = pcm_sink::take()
            .as_chunks()
            .0
            .iter()
            .map(|pair| i16::from_le_bytes(*pair))
            .collect();
        let mut violations = Vec::new();
        let status = self.system.remove(self.device);
        if status < 0 {
            violations.push(conformance::Error::status("IRP_MN_REMOVE_DEVICE", status).to_string());
        } else if let Err(why) = self.system.unload(SERVICE) {
            violations.push(format!("the driver does not unload: {why}"));
        }
        let verdict = self.system.verdict();
        violations.extend(verdict.violations.iter().map(ToString::to_string));
        Finished {
            audio,
            started,
            violations,
        }
    }
}
