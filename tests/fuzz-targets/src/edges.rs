// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which edges of the driver's image inputs take.

use crate::{Target, machine};
use std::sync::atomic::{AtomicU8, Ordering};

/// An edge of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Its place, relative to the image.
    pub address: usize,
    /// Some input took it.
    pub taken: bool,
}

/// Runs the inputs of a driver's target; all edges of the image, and whether one of the inputs took them. `None`: the image does not
/// count them.
pub fn of_image(target: Target, inputs: &[Vec<u8>]) -> Option<Vec<Edge>> {
    let [counters, places] = machine::edges()?;
    let base = machine::image().start;
    // SAFETY: sections of the image, which stays loaded; nothing of it runs while they are read.
    let (counters, places) = unsafe {
        (
            std::slice::from_raw_parts(counters.start as *const AtomicU8, counters.len()),
            std::slice::from_raw_parts(
                places.start as *const Place,
                places.len() / size_of::<Place>(),
            ),
        )
    };
    let mut edges: Vec<Edge> = places
        .iter()
        .map(|place| Edge {
            address: place.address.wrapping_sub(base),
            taken: false,
        })
        .collect();
    for input in inputs {
        // A counter may come round to zero, but not in one input for every time that it is taken.
        for counter in counters {
            counter.store(0, Ordering::Relaxed);
        }
        (target.run)(input);
        for (edge, counter) in edges.iter_mut().zip(counters) {
            edge.taken |= counter.load(Ordering::Relaxed) != 0;
        }
    }
    Some(edges)
}

/// A row of the table that LLVM makes.
#[repr(C)]
struct Place {
    address: usize,
    _flags: usize,
}
