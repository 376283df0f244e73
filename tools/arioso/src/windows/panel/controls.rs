// SPDX-License-Identifier: MIT OR Apache-2.0
//! The controls, in the order in which Tab goes through them.

use crate::windows::api::gui::{Control, Kind, Place};

/// Numbers of the controls.
pub mod id {
    pub const DRIVER: u16 = 100;
    pub const FINDINGS: u16 = 101;
    pub const LOOK: u16 = 102;
    pub const REMEDY: u16 = 110;
    pub const REMEDY_END: u16 = 113;
    pub const BANKS: u16 = 120;
    pub const USE: u16 = 121;
    pub const ADD: u16 = 122;
    pub const CONTENTS: u16 = 123;
    pub const CONTENT: u16 = 124;
    /// Of the settings, in the view's order; that of the quality is not used.
    pub const VALUE: u16 = 130;
    pub const QUALITY: u16 = 136;
    pub const APPLY: u16 = 140;
    pub const APPLY_END: u16 = 144;
    pub const LEVEL: u16 = 146;
    pub const LISTEN: u16 = 150;
    pub const LISTENING: u16 = 151;
    pub const INPUTS: u16 = 152;
    pub const PLAY: u16 = 153;
    pub const METER: u16 = 160;
    pub const METERS: u16 = 161;
    pub const PANIC: u16 = 162;
    pub const MESSAGE: u16 = 170;
    pub const NONE: u16 = 199;
}

/// Of the window's inside.
pub const SIZE: (i32, i32) = (700, 640);

const fn control(id: u16, kind: Kind, text: &'static str, at: (i32, i32, i32, i32)) -> Control {
    let (x, y, width, height) = at;
    Control {
        id,
        kind,
        text,
        place: Place {
            x,
            y,
            width,
            height,
        },
    }
}

/// All of them.
pub const CONTROLS: &[Control] = &[
    control(id::NONE, Kind::Group, "Driver", (8, 4, 684, 168)),
    control(id::DRIVER, Kind::Text, "", (20, 24, 660, 18)),
    control(id::FINDINGS, Kind::List, "", (20, 44, 660, 88)),
    control(id::LOOK, Kind::Button, "Loo&k again", (20, 138, 100, 26)),
    control(id::REMEDY, Kind::Button, "", (128, 138, 180, 26)),
    control(id::REMEDY + 1, Kind::Button, "", (314, 138, 180, 26)),
    control(id::REMEDY + 2, Kind::Button, "", (500, 138, 180, 26)),
    control(id::NONE, Kind::Group, "Instruments", (8, 176, 684, 148)),
    control(id::NONE, Kind::Label, "&Banks", (20, 194, 200, 16)),
    control(id::BANKS, Kind::List, "", (20, 212, 300, 72)),
    control(id::USE, Kind::Button, "&Use", (20, 290, 92, 26)),
    control(id::ADD, Kind::Button, "&Add …", (124, 290, 92, 26)),
    control(id::CONTENTS, Kind::Button, "&Contents", (228, 290, 92, 26)),
    control(id::CONTENT, Kind::Lines, "", (332, 194, 348, 122)),
    control(id::NONE, Kind::Group, "Sound", (8, 328, 684, 112)),
    control(
        id::NONE,
        Kind::Label,
        "&Voices (1 to 4096)",
        (20, 350, 150, 18),
    ),
    control(id::VALUE, Kind::Edit, "", (174, 347, 64, 23)),
    control(id::APPLY, Kind::Button, "Set", (244, 346, 60, 25)),
    control(id::NONE, Kind::Label, "&Quality", (346, 350, 150, 18)),
    control(id::QUALITY, Kind::Choice, "", (510, 346, 94, 200)),
    control(id::APPLY + 1, Kind::Button, "Set", (612, 346, 60, 25)),
    control(
        id::NONE,
        Kind::Label,
        "Bud&get (10 to 1000 µs)",
        (20, 380, 150, 18),
    ),
    control(id::VALUE + 2, Kind::Edit, "", (174, 377, 64, 23)),
    control(id::APPLY + 2, Kind::Button, "Set", (244, 376, 60, 25)),
    control(
        id::NONE,
        Kind::Label,
        "L&ead (1 to 10 ms)",
        (346, 380, 150, 18),
    ),
    control(id::VALUE + 3, Kind::Edit, "", (510, 377, 64, 23)),
    control(id::APPLY + 3, Kind::Button, "Set", (612, 376, 60, 25)),
    control(
        id::NONE,
        Kind::Label,
        "Level (-96 to 0 &dB)",
        (20, 412, 150, 18),
    ),
    control(id::LEVEL, Kind::Slider, "", (170, 406, 500, 28)),
    control(id::NONE, Kind::Group, "Play", (8, 444, 684, 84)),
    control(
        id::LISTEN,
        Kind::Check,
        "Listen th&rough the loudspeaker",
        (20, 464, 220, 22),
    ),
    control(id::LISTENING, Kind::Text, "", (250, 467, 430, 18)),
    control(id::NONE, Kind::Label, "MIDI &input", (20, 498, 90, 18)),
    control(id::INPUTS, Kind::Choice, "", (114, 494, 340, 200)),
    control(id::PLAY, Kind::Button, "&Play it", (464, 493, 110, 26)),
    control(id::NONE, Kind::Group, "Now", (8, 532, 684, 74)),
    control(id::METER, Kind::Bar, "", (20, 552, 540, 18)),
    control(id::METERS, Kind::Text, "", (20, 578, 540, 18)),
    control(
        id::PANIC,
        Kind::Button,
        "End all &notes",
        (572, 552, 108, 44),
    ),
    control(id::MESSAGE, Kind::Text, "", (12, 614, 676, 20)),
];
