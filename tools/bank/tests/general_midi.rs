//! The built-in bank as a DLS loader sees it.

#[test]
fn it_is_small_and_the_same_each_time() {
    let bank = arioso_bank::general_midi();
    assert!(bank.len() < 2_000_000, "{} bytes", bank.len());
    assert!(bank == arioso_bank::general_midi());
}
