//! Effects of a port, fed by the sends of its voices.
//!
//! | module | holds |
//! |---|---|
//! | `settings` | what a port's effects are set to; tables of GM2, GS and XG |

mod settings;

pub use settings::{Chorus, EffectSettings, Reverb, Room};

/// Which of a port's effects are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sends {
    pub reverb: bool,
    pub chorus: bool,
}
