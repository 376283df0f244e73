//! What the service's `Parameters` key says.

use crate::com::stream::RenderUnit;
use crate::kernel::driver::Driver;
use crate::kernel::irql::Passive;
use crate::kernel::registry::Key;
use arioso_core::mem::TryBox;
use arioso_core::synth::Interpolation;

/// Characters of a path.
const PATH: usize = 260;

/// The driver's settings; a value that is missing or has the wrong type gets its default.
pub struct Settings {
    /// `Voices`: size of the voice pool, 1..=[`Settings::MAX_VOICES`].
    pub voices: u16,
    /// `RenderUnits`: 0 bytes, 1 frames.
    pub unit: RenderUnit,
    /// `WaveSinkFeed`: 0 the wave sink renders, 1 the slice timer renders ahead for it.
    pub ahead: bool,
    /// `Quality`: 0 linear, 1 sinc8 (default), 2 sinc16.
    pub quality: Interpolation,
    /// `SliceBudget` in µs: what the slice timer may take per millisecond; here in ns.
    pub slice_budget: u32,
    bank: Option<Path>,
    image: Option<Path>,
}

struct Path {
    text: TryBox<[u16; PATH]>,
    len: usize,
}

impl Path {
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

impl Settings {
    pub const MAX_VOICES: u16 = 4096;
    const DEFAULT_VOICES: u16 = 256;
    /// The guideline for DPCs.
    const DEFAULT_BUDGET: u32 = 100;
    const BUDGETS: core::ops::RangeInclusive<u32> = 10..=1000;

    pub fn read(passive: Passive, driver: &Driver) -> Self {
        let service = Key::open(passive, driver.registry_path()).ok();
        let key = service
            .as_ref()
            .and_then(|service| service.child(passive, wide!("Parameters")).ok());
        let number = |name: &[u16]| key.as_ref().and_then(|k| k.number(passive, name).ok());
        Self {
            voices: number(wide!("Voices")).map_or(Self::DEFAULT_VOICES, |n| {
                n.clamp(1, Self::MAX_VOICES.into()) as u16
            }),
            unit: match number(wide!("RenderUnits")) {
                Some(1) => RenderUnit::Frames,
                _ => RenderUnit::Bytes,
            },
            ahead: number(wide!("WaveSinkFeed")) == Some(1),
            quality: match number(wide!("Quality")) {
                Some(0) => Interpolation::Linear,
                Some(2) => Interpolation::Sinc16,
                _ => Interpolation::Sinc8,
            },
            slice_budget: number(wide!("SliceBudget"))
                .unwrap_or(Self::DEFAULT_BUDGET)
                .clamp(*Self::BUDGETS.start(), *Self::BUDGETS.end())
                .wrapping_mul(1000),
            bank: key
                .as_ref()
                .and_then(|k| path(passive, k, wide!("BankPath"))),
            image: service
                .as_ref()
                .and_then(|k| path(passive, k, wide!("ImagePath"))),
        }
    }

    /// `BankPath`: NT path of the DLS file that is the default set.
    pub fn bank(&self) -> Option<&[u16]> {
        self.bank.as_ref()?.get()
    }

    /// `ImagePath`: where the driver's image lies, as the service key tells it.
    pub fn image(&self) -> Option<&[u16]> {
        self.image.as_ref()?.get()
    }
}

fn path(passive: Passive, key: &Key, name: &[u16]) -> Option<Path> {
    let mut text = TryBox::try_filled(0u16).ok()?;
    let len = key.text(passive, name, &mut *text).ok()?;
    (len > 0).then_some(Path { text, len })
}
