// SPDX-License-Identifier: MIT OR Apache-2.0
//! Built-in host modules. Each is a list of exports that the loader binds by name; another PE file can take its place.

pub(crate) mod irp;
pub mod ks;
pub mod ksthunk;
pub mod pcm_sink;
pub mod portcls;
pub(crate) mod thunk;

use crate::executive::Export;
use crate::loader::{self, ModuleSource};
use crate::nt::{HIGH_LEVEL, NTSTATUS, PASSIVE_LEVEL};
use pcm_sink::Keep;
use portcls::wave_sink::WaveSinkOptions;

pub use portcls::capture::Disconnect;
pub(crate) use portcls::device::forget_driver;
pub use portcls::reader::Fill;

/// The audio side of the machine.
#[derive(Clone, Debug, Default)]
pub struct AudioOptions {
    /// The port's wave sink.
    pub wave_sink: WaveSinkOptions,
    /// What the audio device does with the samples.
    pub keep: Keep,
    /// The port hands out messages longer than its buffers as packages, not as chains of fragments.
    pub packages: bool,
    /// How capture streams are disconnected.
    pub disconnect: Disconnect,
    /// How much of what was captured goes into a reader's buffer.
    pub fill: Fill,
    /// The port's own data intersection knows PCM alone: music and analog ranges that a miniport leaves to it have none.
    pub pcm_intersection: bool,
    /// The MIDI port offers again what was not taken when it is notified, and not by itself.
    pub patient: bool,
    /// By how much the port's master clock is ahead of the performance counter, 100 ns.
    pub clock_ahead: i64,
}

/// Makes the built-in modules known to the loader.
pub(crate) fn register(audio: &AudioOptions, drift_ppm: f64) {
    loader::register("ks.sys", ModuleSource::Builtin(ks::exports()));
    loader::register("portcls.sys", ModuleSource::Builtin(portcls::exports()));
    loader::register("drmk.sys", ModuleSource::Builtin(drmk_exports()));
    portcls::wave_sink::configure(audio.wave_sink.clone());
    portcls::render::configure(audio.packages);
    portcls::capture::configure(audio.disconnect);
    portcls::reader::configure(audio.fill);
    portcls::format::configure(audio.pcm_intersection);
    portcls::midi::configure(audio.patient);
    portcls::clock::configure(audio.clock_ahead);
    pcm_sink::configure(audio.keep, drift_ppm);
}

/// `drmk.sys`: no content is protected here.
pub fn drmk_exports() -> Vec<Export> {
    exports! {
        PASSIVE_LEVEL => DrmForwardContentToDeviceObject, DrmAddContentHandlers, DrmForwardContentToFileObject,
            DrmForwardContentToInterface, DrmCreateContentMixed, DrmDestroyContent;
        HIGH_LEVEL => DrmGetContentRights;
    }
}

macro_rules! no_drm {
    ($($name:ident)*) => {$(
        #[allow(non_snake_case)]
        unsafe extern "efiapi" fn $name() -> NTSTATUS {
            arioso_core::ks::status::STATUS_NOT_SUPPORTED
        }
    )*};
}
no_drm!(DrmForwardContentToDeviceObject DrmAddContentHandlers DrmForwardContentToFileObject DrmForwardContentToInterface
    DrmCreateContentMixed DrmDestroyContent DrmGetContentRights);
