// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulated computer: the driver is loaded and started, at the end removed and unloaded.

use crate::failure::{Failure, Kind, Result};
use simkernel::client::{ClientOptions, SimClient};
use simkernel::modules::pcm_sink;
use simkernel::registry::Value;
use simkernel::system::{Device, FileData, Options, System};
use std::path::Path;
use std::sync::Arc;

const SERVICE: &str = "arioso";
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
        settings: Vec<(String, Value)>,
        verbose: bool,
    ) -> Result<Self> {
        let mut options = Options {
            echo: verbose,
            // Two outputs start at exactly the same time.
            call_cost_ns: 0,
            parameters: settings,
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
