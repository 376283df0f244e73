//! Memory that can fail: every allocation returns [`NoMemory`] instead of aborting.

/// An allocation failed. The driver answers `STATUS_INSUFFICIENT_RESOURCES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;
