// SPDX-License-Identifier: MIT OR Apache-2.0
//! The controls, in the order in which Tab goes through them.

use crate::windows::api::gui::Kind::{
    Bar, Button, Check, Choice, Edit, Group, Label, Lines, List, Slider, Text,
};
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
    control(id::NONE, Group, "Driver", (8, 4, 684, 168)),
    control(id::DRIVER, Text, "", (20, 24, 660, 18)),
    control(id::FINDINGS, List, "", (20, 44, 660, 88)),
    control(id::LOOK, Button, "Loo&k again", (20, 138, 100, 26)),
    control(id::REMEDY, Button, "", (128, 138, 180, 26)),
    control(id::REMEDY + 1, Button, "", (314, 138, 180, 26)),
    control(id::REMEDY + 2, Button, "", (500, 138, 180, 26)),
    control(id::NONE, Group, "Instruments", (8, 176, 684, 148)),
    control(id::NONE, Label, "&Banks", (20, 194, 200, 16)),
    control(id::BANKS, List, "", (20, 212, 300, 72)),
    control(id::USE, Button, "&Use", (20, 290, 92, 26)),
    control(id::ADD, Button, "&Add …", (124, 290, 92, 26)),
    control(id::CONTENTS, Button, "&Contents", (228, 290, 92, 26)),
    control(id::CONTENT, Lines, "", (332, 194, 348, 122)),
    control(id::NONE, Group, "Sound", (8, 328, 684, 112)),
    control(id::NONE, Label, "&Voices (1 to 4096)", (20, 350, 150, 18)),
    control(id::VALUE, Edit, "", (174, 347, 64, 23)),
    control(id::APPLY, Button, "Set", (244, 346, 60, 25)),
    control(id::NONE, Label, "&Quality", (346, 350, 150, 18)),
    control(id::QUALITY, Choice, "", (510, 346, 94, 200)),
    control(id::APPLY + 1, Button, "Set", (612, 346, 60, 25)),
    control(
        id::NONE,
        Label,
        "Bud&get (10 to 1000 µs)",
        (20, 380, 150, 18),
    ),
    control(id::VALUE + 2, Edit, "", (174, 377, 64, 23)),
    control(id::APPLY + 2, Button, "Set", (244, 376, 60, 25)),
    control(id::NONE, Label, "L&ead (1 to 10 ms)", (346, 380, 150, 18)),
    control(id::VALUE + 3, Edit, "", (510, 377, 64, 23)),
    control(id::APPLY + 3, Button, "Set", (612, 376, 60, 25)),
    control(id::NONE, Label, "Level (-96 to 0 &dB)", (20, 412, 150, 18)),
    control(id::LEVEL, Slider, "", (170, 406, 500, 28)),
    control(id::NONE, Group, "Play", (8, 444, 684, 84)),
    control(
        id::LISTEN,
        Check,
        "Listen th&rough the loudspeaker",
        (20, 464, 220, 22),
    ),
    control(id::LISTENING, Text, "", (250, 467, 430, 18)),
    control(id::NONE, Label, "MIDI &input", (20, 498, 90, 18)),
    control(id::INPUTS, Choice, "", (114, 494, 340, 200)),
    control(id::PLAY, Button, "&Play it", (464, 493, 110, 26)),
    control(id::NONE, Group, "Now", (8, 532, 684, 74)),
    control(id::METER, Bar, "", (20, 552, 540, 18)),
    control(id::METERS, Text, "", (20, 578, 540, 18)),
    control(id::PANIC, Button, "End all &notes", (572, 552, 108, 44)),
    control(id::MESSAGE, Text, "", (12, 614, 676, 20)),
];
