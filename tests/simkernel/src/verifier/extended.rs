// SPDX-License-Identifier: MIT OR Apache-2.0
//! The processor's extended state: what drivers have saved, and what they have changed of the rest.

use super::{Rule, STATE, violation, violation_of};
use crate::guest::{self, Context};
use crate::loader;
use crate::nt::*;

pub(super) struct Extended {
    /// What the machine says that it has, as far as the host has it.
    allowed: u64,
    saves: Vec<Saved>,
    /// Saves so far that needed memory.
    count: u64,
    /// Which of them fail, by their numbers from `fail_from` on.
    fail: Option<Fail>,
    fail_from: u64,
}

/// Whether the save with a number fails.
pub(crate) type Fail = Box<dyn Fn(u64) -> bool>;

/// Not restored yet.
struct Saved {
    context: *mut Context,
    place: *mut XSTATE_SAVE,
    /// What was written there.
    written: XSTATE_SAVE,
}

impl Extended {
    pub const fn new() -> Self {
        Self {
            allowed: u64::MAX,
            saves: Vec::new(),
            count: 0,
            fail: None,
            fail_from: 0,
        }
    }
}

/// The machine has these extended features at most.
pub(crate) fn allow_features(mask: u64) {
    STATE.get().extended.allowed = mask;
}

/// The extended features of the machine.
pub(crate) fn enabled_features() -> u64 {
    let all = XSTATE_MASK_LEGACY | XSTATE_MASK_AVX | XSTATE_MASK_AVX512;
    let enabled = guest::host_features() & STATE.get().extended.allowed & all;
    if enabled & XSTATE_MASK_AVX == 0 {
        0
    } else {
        enabled
    }
}

/// Saves so far that needed memory, those that failed among them.
pub(crate) fn saves() -> u64 {
    STATE.get().extended.count
}

/// Of the saves from now on, those fail whose numbers (from 0) this is true of.
pub(crate) fn fail_saves(fail: Fail) {
    let s = &mut STATE.get().extended;
    (s.fail, s.fail_from) = (Some(fail), s.count);
}

/// Counts a save that needs memory; true if there is none.
pub(crate) fn save_fails() -> bool {
    let s = &mut STATE.get().extended;
    let number = s.count - s.fail_from;
    s.count += 1;
    s.fail.as_ref().is_some_and(|fails| fails(number))
}

/// # Safety
/// `place` is writable.
pub(crate) unsafe fn state_saved(mask: u64, place: *mut XSTATE_SAVE) {
    let enabled = enabled_features() | XSTATE_MASK_LEGACY;
    if mask & !enabled != 0 {
        violation(
            Rule::ExtendedState,
            format!("features {mask:#x} are saved, enabled are {enabled:#x}"),
        );
    }
    let context = guest::current();
    let s = &mut STATE.get().extended;
    let before = s.saves.iter().rev().find(|save| save.context == context);
    let written = XSTATE_SAVE {
        Prev: before.map_or(std::ptr::null_mut(), |save| save.place),
        Thread: context.cast(),
        Level: guest::irql(),
        Mask: mask,
        Length: 0,
        Reserved1: 0,
        Area: std::ptr::null_mut(),
        Buffer: std::ptr::null_mut(),
    };
    // SAFETY: by the contract.
    unsafe { place.write_unaligned(written) };
    s.saves.push(Saved {
        context,
        place,
        written,
    });
}

/// # Safety
/// `place` is readable.
pub(crate) unsafe fn state_restored(place: *mut XSTATE_SAVE) {
    let context = guest::current();
    let s = &mut STATE.get().extended;
    let Some(found) = s.saves.iter().rposition(|save| save.place == place) else {
        violation(
            Rule::ExtendedState,
            "KeRestoreExtendedProcessorState without a save",
        );
        return;
    };
    let save = s.saves.remove(found);
    let inner = s.saves[found..]
        .iter()
        .any(|other| other.context == context);
    // SAFETY: by the contract.
    let read = unsafe { place.read_unaligned() };
    let wrong = if save.context != context {
        "by another thread than saved it"
    } else if inner {
        "before a save within it"
    } else if save.written.Level != guest::irql() {
        "at another IRQL than it was saved at"
    } else if read != save.written {
        "from a structure that was written to"
    } else {
        return;
    };
    violation(
        Rule::ExtendedState,
        format!("the processor's extended state is restored {wrong}"),
    );
}

/// What the context has saved and not restored, of all features.
pub(crate) fn saved_features(context: *mut Context) -> u64 {
    let saves = &STATE.get().extended.saves;
    saves
        .iter()
        .filter(|save| save.context == context)
        .fold(0, |all, save| all | save.written.Mask)
}

/// How many saves the context has not restored.
pub(crate) fn saves_of(context: *mut Context) -> usize {
    let saves = &STATE.get().extended.saves;
    saves.iter().filter(|save| save.context == context).count()
}

fn registers(features: u64) -> &'static str {
    if features & XSTATE_MASK_AVX != 0 {
        "the upper halves of YMM registers"
    } else {
        "the upper halves of ZMM registers"
    }
}

/// Driver code has changed these features' registers and calls the kernel.
pub(crate) fn vectors_changed(features: u64) {
    violation(
        Rule::VectorRegisters,
        format!(
            "{} were changed before this call; they were not saved",
            registers(features)
        ),
    );
}

/// A routine of a driver has come back: it may not have changed these features' registers, nor left what it saved. `saves`: when it was
/// called.
pub(crate) fn routine_returned(
    function: usize,
    context: *mut Context,
    features: u64,
    saves: usize,
) {
    if features != 0 {
        let name = loader::symbolise(function);
        violation_of(
            Rule::VectorRegisters,
            function,
            format!(
                "{} were changed when {name} returned; they were not saved",
                registers(features)
            ),
        );
    }
    if saves_of(context) > saves {
        let name = loader::symbolise(function);
        forget(context, saves);
        violation_of(
            Rule::ExtendedState,
            function,
            format!("{name} returned without restoring the processor's extended state"),
        );
    }
}

/// The context's saves beyond a number.
fn forget(context: *mut Context, keep: usize) {
    let mut left = keep;
    STATE.get().extended.saves.retain(|save| {
        if save.context != context {
            return true;
        }
        let keeps = left > 0;
        left = left.saturating_sub(1);
        keeps
    });
}

/// A thread ends.
pub(super) fn thread_ended(context: &Context) {
    let address = std::ptr::from_ref(context).cast_mut();
    if saves_of(address) > 0 {
        forget(address, 0);
        violation(
            Rule::ExtendedState,
            format!(
                "thread '{}' ended without restoring the processor's extended state",
                context.name
            ),
        );
    }
}
