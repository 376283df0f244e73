// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exports of `ntoskrnl.exe` and `hal.dll`, by topic. The functions carry their Windows names; built-in host modules may call
//! them directly.
#![allow(
    non_snake_case,
    ambiguous_glob_reexports,
    clippy::missing_safety_doc,
    clippy::not_unsafe_ptr_arg_deref
)]

pub mod crt;
pub mod dbg;
pub mod disk;
pub mod ex;
pub mod ex_timer;
pub mod file;
pub mod hardware;
pub mod interface;
pub mod io;
pub mod irp;
pub mod isolation;
pub mod ke;
pub mod ke_lock;
pub mod key;
pub mod ldr;
pub mod mm;
pub mod ob;
pub mod po;
pub mod ps;
pub mod request;
pub mod rtl;
pub mod se;
pub mod work_item;
pub mod zw;

pub use dbg::*;
pub use ex::*;
pub use ex_timer::*;
pub use io::*;
pub use irp::*;
pub use ke::*;
pub use ke_lock::*;
pub use key::*;
pub use mm::*;
pub use ob::*;
pub use po::*;
pub use ps::*;
pub use rtl::*;
pub use zw::*;

use crate::nt::*;

/// One exported name of a built-in module.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// The name.
    pub name: &'static str,
    /// The function, or the data.
    pub address: usize,
    /// The highest level it may be called at.
    pub max_irql: KIRQL,
    /// Bound directly, without an entry that checks and traces: data, and leaf routines with a calling convention of their own.
    pub raw: bool,
}

/// A list of [`Export`]s: `exports! { PASSIVE_LEVEL: IoCreateDevice, …; DISPATCH_LEVEL: …; }`.
#[macro_export]
macro_rules! exports {
    ($($level:expr => $($function:ident),+ ;)*) => {
        vec![$($($crate::executive::Export {
            name: stringify!($function),
            address: $function as *const () as usize,
            max_irql: $level,
            raw: false,
        },)+)*]
    };
}

/// Everything `ntoskrnl.exe` exports here. `hal.dll` is the same list: Windows merged the two.
pub(crate) fn nt_exports() -> Vec<Export> {
    let mut all = Vec::new();
    all.extend(crt::exports());
    all.extend(dbg::exports());
    all.extend(ex::exports());
    all.extend(ex_timer::exports());
    all.extend(file::exports());
    all.extend(hardware::exports());
    all.extend(interface::exports());
    all.extend(io::exports());
    all.extend(work_item::exports());
    all.extend(irp::exports());
    all.extend(isolation::exports());
    all.extend(request::exports());
    all.extend(ke::exports());
    all.extend(ke_lock::exports());
    all.extend(key::exports());
    all.extend(ldr::exports());
    all.extend(mm::exports());
    all.extend(ob::exports());
    all.extend(po::exports());
    all.extend(ps::exports());
    all.extend(rtl::exports());
    all.extend(se::exports());
    all.extend(zw::exports());
    all.extend(crate::fault::exports());
    all
}
