#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| (fuzz_targets::dls_file::TARGET.run)(input));
