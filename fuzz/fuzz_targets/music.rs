// SPDX-License-Identifier: MIT OR Apache-2.0
#![no_main]

libfuzzer_sys::fuzz_target!(init: arioso_fuzz::watch_driver(), |input: &[u8]| {
    (fuzz_targets::music::TARGET.run)(input)
});
