// SPDX-License-Identifier: MIT OR Apache-2.0
//! DLS Level 1 and 2: files, DirectMusic download buffers, the instrument model, the store.
//!
//! Both doors, [`mod@file`] and [`mod@download`], lead to the same [`model`]. What comes in is hostile: every parse is total, reads
//! fields unaligned and within the buffer, checks counts against the space that is there before it allocates, and takes time
//! linear in the input.
//!
//! | module | holds |
//! |---|---|
//! | [`riff`] | chunks of a RIFF file |
//! | [`condition`] | conditional chunks, `cdl ` |
//! | [`raw`] | the structures that files and downloads share, as they are stored |
//! | [`mod@file`] | views of a DLS file, and loading it |
//! | [`lazy`], [`model::demand`] | a file of which only what is selected comes into memory; how the renderer asks for it |
//! | [`mod@download`] | DirectMusic download buffers |
//! | [`articulation`], [`convert`] | from raw structures to the model |
//! | [`model`] | the instrument model |
//! | [`substitute`] | what plays a patch that is not there |
//! | [`store`] | what each port has downloaded |

pub mod articulation;
mod bytes;
pub mod condition;
pub mod convert;
pub mod download;
pub mod file;
pub mod lazy;
pub mod model;
pub mod raw;
pub mod riff;
pub mod store;
pub mod substitute;
