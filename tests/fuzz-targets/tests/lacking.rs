// SPDX-License-Identifier: MIT OR Apache-2.0
//! Banks and downloads while everything fails once that can.

use fuzz_targets::dls_file;
use fuzz_targets::lacking::{bank, downloads, refused};
use fuzz_targets::machine::Lack;
use std::time::Instant;

// One test: there is one machine in a process.
#[test]
fn nothing_is_left_whatever_fails() {
    let begin = Instant::now();
    let mut counts = [0, 0];
    for (count, lack) in counts.iter_mut().zip([Lack::Memory, Lack::Calls]) {
        for file in dls_file::structures() {
            for is_large in [false, true] {
                *count += bank(&file, is_large, lack);
            }
        }
        *count += downloads(&dls_file::structures()[0], lack);
    }
    let [programs, keys] = dls_file::too_large();
    refused(&programs, false);
    refused(&keys, true);
    let [memory, calls] = counts;
    println!(
        "{memory} allocations and {calls} calls failed, {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    assert!(memory > 300 && calls > 100, "{memory} {calls}");
}
