//! DLS Level 1 and 2: files, DirectMusic download buffers, the instrument model, the store.

pub mod model;
