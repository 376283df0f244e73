// SPDX-License-Identifier: MIT OR Apache-2.0
//! The smallest life that still fails.

use super::Life;

/// Leaves out events and regions, in ever smaller runs, as long as the rest `fails`.
pub fn shrink(life: &Life, mut fails: impl FnMut(&Life) -> bool) -> Life {
    let mut best = life.clone();
    let mut size = best.events.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        let mut any = false;
        while at < best.events.len() {
            let mut smaller = best.clone();
            smaller.events.drain(at..(at + size).min(best.events.len()));
            if fails(&smaller) {
                (best, any) = (smaller, true);
            } else {
                at += size;
            }
        }
        // Single events again, as long as one of them goes.
        size = if size == 1 && any { 1 } else { size / 2 };
    }
    for at in (0..best.regions.len()).rev() {
        if best.regions.len() > 1 {
            let mut smaller = best.clone();
            smaller.regions.remove(at);
            if fails(&smaller) {
                best = smaller;
            }
        }
    }
    // What a byte says is plainer at 0.
    for region in 0..best.regions.len() {
        for byte in 0..super::REGION {
            let mut plainer = best.clone();
            plainer.regions[region][byte] = 0;
            if plainer != best && fails(&plainer) {
                best = plainer;
            }
        }
    }
    for byte in 0..super::HEAD {
        let mut plainer = best.clone();
        plainer.head[byte] = 0;
        if plainer != best && fails(&plainer) {
            best = plainer;
        }
    }
    best
}
