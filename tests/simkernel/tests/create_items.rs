// SPDX-License-Identifier: MIT OR Apache-2.0
//! A device header that takes no create item: nobody could open the device, so it is not added.

use simkernel::system::{Options, System};
use std::path::Path;

#[test]
#[should_panic(expected = "the audio device: 0xc0000099")]
fn the_audio_device_needs_its_create_item() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("create_items");
    foreign::build(&directory).unwrap();
    System::boot(Options {
        echo: false,
        modules: vec![("ks.sys".to_owned(), directory.join("full.sys"))],
        ..Options::default()
    });
}
