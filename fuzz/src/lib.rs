// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the driver's targets tell libFuzzer.

use fuzz_targets::machine;

unsafe extern "C" {
    fn __sanitizer_cov_8bit_counters_init(start: usize, end: usize);
    fn __sanitizer_cov_pcs_init(start: usize, end: usize);
}

/// Boots the machine, and lets libFuzzer see which edges of the driver's image an input takes.
pub fn watch_driver() {
    let Some([counters, places]) = machine::edges() else {
        eprintln!(
            "the driver has no counters of its edges: `cargo xtask build --coverage`, and its path in ARIOSO_SYS"
        );
        std::process::exit(1);
    };
    // SAFETY: libFuzzer's own functions; the image's sections stay mapped and have this layout.
    unsafe {
        __sanitizer_cov_8bit_counters_init(counters.start, counters.end);
        __sanitizer_cov_pcs_init(places.start, places.end);
    }
}
