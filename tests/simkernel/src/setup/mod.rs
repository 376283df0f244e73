// SPDX-License-Identifier: MIT OR Apache-2.0
//! SetupAPI, the driver store, and the part of the PnP manager that keeps devices in the registry: packages are installed from
//! their INF, devices are made, started, disabled and removed as `pnputil` and `devcon` do it. `docs/inf.md` says what is left out.
//!
//! | module | holds |
//! |---|---|
//! | [`package`] | the files of a driver package |
//! | `candidate` | what its INF has for a device |
//! | `store` | the driver store: packages in, packages out |
//! | `device` | keys of devices, of their drivers and interfaces |
//! | `configure` | what an install section writes |
//! | [`security`] | security descriptors from their text |
//! | `system` | the commands |
//! | [`trace`] | all that an installation could leave behind |

mod candidate;
mod configure;
pub(crate) mod device;
pub mod package;
pub mod security;
mod store;
mod system;
#[cfg(test)]
mod tests;
pub mod trace;

pub use package::Package;
pub use system::{Outcome, Problem};

pub(crate) const CLASS: &str = r"\Registry\Machine\System\CurrentControlSet\Control\Class";
pub(crate) const INTERFACES: &str =
    r"\Registry\Machine\System\CurrentControlSet\Control\DeviceClasses";
pub(crate) const ENUM: &str = r"\Registry\Machine\System\CurrentControlSet\Enum";
pub(crate) const SERVICES: &str = r"\Registry\Machine\System\CurrentControlSet\Services";

/// The build of Windows 10 that this machine is: version 2004.
const BUILD: u32 = 19041;

/// What Windows has before anybody installs something: the setup class, the classes of the interfaces of audio devices.
pub(crate) fn initialize() {
    use arioso_core::ks::guid::*;
    let class = format!("{CLASS}\\{}", device::MEDIA.guid);
    crate::registry::set(
        &class,
        "Class",
        crate::registry::Value::text(device::MEDIA.name),
    );
    for interface in [
        KSCATEGORY_AUDIO,
        KSCATEGORY_CAPTURE,
        KSCATEGORY_DATATRANSFORM,
        KSCATEGORY_MIXER,
        KSCATEGORY_REALTIME,
        KSCATEGORY_RENDER,
        KSCATEGORY_SYNTHESIZER,
        KSCATEGORY_TOPOLOGY,
    ] {
        let guid = crate::executive::rtl::guid_text(&interface);
        crate::registry::create(&format!("{INTERFACES}\\{guid}"));
    }
    store::initialize();
    for key in [ENUM, SERVICES] {
        crate::registry::create(key);
    }
}
