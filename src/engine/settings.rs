// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the driver's keys say: what was set in the state that it shares, else its `Parameters`.

use crate::com::stream::RenderUnit;
use crate::kernel::driver::{Directory, Driver, DriverKey};
use crate::kernel::file::Place;
use crate::kernel::irql::Passive;
use crate::kernel::registry::Key;
use crate::kernel::{Result, no_memory};
use arioso_core::dls::store::Quotas;
use arioso_core::ks::status::STATUS_OBJECT_NAME_NOT_FOUND;
use arioso_core::mem::TryBox;
use arioso_core::synth::Interpolation;

/// Characters of a path.
const PATH: usize = 260;

/// The driver's settings. A value that is missing gets its default; so does one that has the wrong type or is out of range, with a
/// line for the debugger.
pub struct Settings {
    /// `Voices`: size of the voice pool, 1..=[`Settings::MAX_VOICES`].
    pub voices: u16,
    /// `RenderUnits`: 0 bytes, 1 frames.
    pub unit: RenderUnit,
    /// `WaveSinkFeed`: 0 the wave sink renders, 1 the slice timer renders ahead for it.
    pub ahead: bool,
    /// `Quality`: 0 linear, 1 sinc8 (default), 2 sinc16.
    pub quality: Interpolation,
    /// `EndpointLead` in ms, 1..=10: how far the endpoint writes ahead.
    pub lead: u32,
    /// `SliceBudget` in µs, 10..=1000: what the slice timer may take per millisecond; here in ns.
    pub slice_budget: u32,
    /// `DownloadMemory` in MB, 1..=4096: what the downloads of all pins may take. One pin may take half of it.
    pub download_memory: u32,
    /// `BankMemory` in MB, 1..=4096: what the waves of a large default bank may take.
    bank_memory: u32,
    /// `CableSynth` = 1: what is written to end A of the cable is played too.
    pub cable: bool,
    /// `Dither` = 1: what is rounded to 16 bits for the wave sink is dithered.
    pub dither: bool,
    bank: Option<Path>,
    /// Whose keys and directories they are.
    driver: Driver,
}

/// Where values are looked for, in this order.
struct Keys([Option<Key>; 2]);

impl Keys {
    fn open(passive: Passive, driver: &Driver) -> Self {
        Self(
            [DriverKey::Shared, DriverKey::Parameters]
                .map(|key| Key::open(passive, driver, key).ok()),
        )
    }

    /// A `REG_DWORD`.
    #[inline(never)]
    fn number(&self, passive: Passive, name: &[u16]) -> Result<u32> {
        self.first(|key| key.number(passive, name))
    }

    /// What the first key that has the value says of it.
    fn first<T>(&self, read: impl Fn(&Key) -> Result<T>) -> Result<T> {
        for key in self.0.iter().flatten() {
            match read(key) {
                Err(STATUS_OBJECT_NAME_NOT_FOUND) => {}
                other => return other,
            }
        }
        Err(STATUS_OBJECT_NAME_NOT_FOUND)
    }
}

struct Path {
    text: TryBox<[u16; PATH]>,
    len: usize,
}

impl Path {
    /// `None` if the text is empty.
    fn read(passive: Passive, key: &Key, name: &[u16]) -> Result<Option<Self>> {
        let mut text = TryBox::try_filled(0u16).map_err(no_memory)?;
        let len = key.text(passive, name, &mut *text)?;
        Ok((len > 0).then_some(Self { text, len }))
    }

    fn get(&self) -> Option<&[u16]> {
        self.text.get(..self.len)
    }
}

/// A UTF-16 string constant of ASCII text.
macro_rules! wide {
    ($text:literal) => {{
        const LEN: usize = $text.len();
        const WIDE: [u16; LEN] = {
            let mut wide = [0u16; LEN];
            let mut i = 0;
            while i < LEN {
                wide[i] = $text.as_bytes()[i] as u16;
                i += 1;
            }
            wide
        };
        const { &WIDE }
    }};
}
pub(crate) use wide;

/// A `REG_DWORD` within bounds, else its default.
macro_rules! number {
    ($passive:expr, $key:expr, $name:literal, $range:expr, $default:expr) => {
        match $key.number($passive, wide!($name)) {
            Ok(number) if $range.contains(&number) => number,
            Ok(number) => {
                debug_line!($name ": %u is out of range, the default counts", number);
                $default
            }
            Err(STATUS_OBJECT_NAME_NOT_FOUND) => $default,
            Err(_) => {
                debug_line!($name ": not a REG_DWORD, the default counts");
                $default
            }
        }
    };
}

/// A `REG_SZ` or `REG_EXPAND_SZ`, if there is one.
macro_rules! path {
    ($passive:expr, $key:expr, $name:literal) => {
        match $key.first(|key| Path::read($passive, key, wide!($name))) {
            Ok(path) => path,
            Err(STATUS_OBJECT_NAME_NOT_FOUND) => None,
            Err(_) => {
                debug_line!($name ": not a path, the default counts");
                None
            }
        }
    };
}

impl Settings {
    pub const MAX_VOICES: u16 = 4096;
    const DEFAULT_VOICES: u32 = 256;
    const DEFAULT_LEAD: u32 = 3;
    /// The guideline for DPCs.
    const DEFAULT_BUDGET: u32 = 100;
    const BUDGETS: core::ops::RangeInclusive<u32> = 10..=1000;
    const DEFAULT_MEMORY: u32 = 512;
    const DEFAULT_BANK_MEMORY: u32 = 256;
    const MEMORIES: core::ops::RangeInclusive<u32> = 1..=4096;

    pub fn read(passive: Passive, driver: &Driver) -> Self {
        let key = Keys::open(passive, driver);
        let voices = 1..=u32::from(Self::MAX_VOICES);
        Self {
            voices: number!(passive, key, "Voices", voices, Self::DEFAULT_VOICES) as u16,
            unit: match number!(passive, key, "RenderUnits", 0..=1, 0) {
                1 => RenderUnit::Frames,
                _ => RenderUnit::Bytes,
            },
            ahead: number!(passive, key, "WaveSinkFeed", 0..=1, 0) == 1,
            quality: match number!(passive, key, "Quality", 0..=2, 1) {
                0 => Interpolation::Linear,
                2 => Interpolation::Sinc16,
                _ => Interpolation::Sinc8,
            },
            lead: number!(passive, key, "EndpointLead", 1..=10, Self::DEFAULT_LEAD),
            slice_budget: number!(
                passive,
                key,
                "SliceBudget",
                Self::BUDGETS,
                Self::DEFAULT_BUDGET
            )
            .wrapping_mul(1000),
            download_memory: number!(
                passive,
                key,
                "DownloadMemory",
                Self::MEMORIES,
                Self::DEFAULT_MEMORY
            ),
            bank_memory: number!(
                passive,
                key,
                "BankMemory",
                Self::MEMORIES,
                Self::DEFAULT_BANK_MEMORY
            ),
            cable: number!(passive, key, "CableSynth", 0..=1, 0) == 1,
            dither: number!(passive, key, "Dither", 0..=1, 0) == 1,
            bank: path!(passive, key, "BankPath"),
            driver: *driver,
        }
    }

    /// What the keys say now.
    pub fn read_again(&self, passive: Passive) -> Self {
        Self::read(passive, &self.driver)
    }

    /// What clients may download.
    pub fn quotas(&self) -> Quotas {
        let bytes = (self.download_memory as usize) << 20;
        Quotas {
            bytes,
            port_bytes: bytes / 2,
            ..Quotas::default()
        }
    }

    /// Bytes that the waves of a large default bank may take.
    pub fn bank_bytes(&self) -> usize {
        (self.bank_memory as usize) << 20
    }

    /// `BankPath`: the DLS file that is the default set. A name lies in the driver's directory for shared files.
    pub fn bank(&self) -> Option<Place<'_>> {
        let path = self.bank.as_ref()?.get()?;
        Some(if path.first() == Some(&u16::from(b'\\')) {
            Place::Chosen(path)
        } else {
            Place::Own(&self.driver, Directory::Shared, path)
        })
    }

    /// A file of the package.
    pub fn packaged<'a>(&'a self, name: &'a [u16]) -> Place<'a> {
        Place::Own(&self.driver, Directory::Image, name)
    }
}
