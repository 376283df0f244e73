//! The audio endpoint's topology filter: a line with volume and mute, wired to the wave filter.
//!
//! | module | holds |
//! |---|---|
//! | [`filter`] | the filter descriptor, as data |
//! | [`miniport`] | `IMiniportTopology` |
//! | [`properties`] | volume, mute, the jack |

pub mod filter;
pub mod miniport;
mod properties;
