//! Windows' kernel on a Linux machine.

pub mod nt;
