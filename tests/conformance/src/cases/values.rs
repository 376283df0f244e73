// SPDX-License-Identifier: MIT OR Apache-2.0
//! What values do to KSPROPSETID_Synth: ranges, clamping, defaults. Where the reference leaves them open, `docs/driver.md` has them.

use super::report::{Report, status_name};
use super::requests::numbers;
use crate::{Client, synth};
use arioso_core::ks::dmusprop::*;
use arioso_core::ks::guid::KSPROPSETID_Synth;
use arioso_core::ks::ks::{KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET};
use arioso_core::ks::status::*;

/// Item, verb, instance, value; what must come of it, and what the value then is.
type Value = (
    u32,
    u32,
    &'static [u32],
    &'static [u32],
    i32,
    Option<&'static [u32]>,
);

/// Runs all rows on a fresh MIDI pin.
pub fn run<C: Client>(client: &mut C, pin: C::Handle, report: &mut Report) {
    const GET: u32 = KSPROPERTY_TYPE_GET;
    const SET: u32 = KSPROPERTY_TYPE_SET;
    const VOLUME: u32 = KSPROPERTY_SYNTH_VOLUME;
    const BOOST: u32 = KSPROPERTY_SYNTH_VOLUMEBOOST;
    const GROUPS: u32 = KSPROPERTY_SYNTH_CHANNELGROUPS;
    const PRIORITY: u32 = KSPROPERTY_SYNTH_VOICEPRIORITY;
    const PARAMETERS: u32 = KSPROPERTY_SYNTH_PORTPARAMETERS;
    const LEAST: u32 = -9600i32 as u32;
    const OK: i32 = STATUS_SUCCESS;
    let table: &[Value] = &[
        (VOLUME, SET, &[], &[-1234i32 as u32], OK, None),
        (VOLUME, GET, &[], &[0], OK, Some(&[-1234i32 as u32])),
        (VOLUME, SET, &[], &[i32::MIN as u32], OK, None),
        (VOLUME, GET, &[], &[0], OK, Some(&[LEAST])),
        (VOLUME, SET, &[], &[i32::MAX as u32], OK, None),
        (VOLUME, GET, &[], &[0], OK, Some(&[2000])),
        (VOLUME, SET, &[], &[0], OK, None),
        (BOOST, SET, &[], &[i32::MAX as u32], OK, None),
        (BOOST, GET, &[], &[0], OK, Some(&[2000])),
        (BOOST, SET, &[], &[i32::MIN as u32], OK, None),
        (BOOST, GET, &[], &[0], OK, Some(&[LEAST])),
        (BOOST, SET, &[], &[600], OK, None),
        (GROUPS, SET, &[], &[0], STATUS_UNSUCCESSFUL, None),
        (GROUPS, SET, &[], &[33], STATUS_UNSUCCESSFUL, None),
        (GROUPS, SET, &[], &[u32::MAX], STATUS_UNSUCCESSFUL, None),
        (GROUPS, GET, &[], &[0], OK, Some(&[1])),
        (GROUPS, SET, &[], &[32], OK, None),
        (GROUPS, GET, &[], &[0], OK, Some(&[32])),
        (PRIORITY, SET, &[32, 15], &[7], OK, None),
        (PRIORITY, GET, &[32, 15], &[0], OK, Some(&[7])),
        (PRIORITY, SET, &[1, 5], &[9], OK, None),
        (PRIORITY, GET, &[1, 5], &[0], OK, Some(&[9])),
        (PRIORITY, SET, &[1, 5], &[0x8000_000A], OK, None),
        (GROUPS, SET, &[], &[1], OK, None),
        // A group that went and came back is a new one.
        (GROUPS, SET, &[], &[32], OK, None),
        (PRIORITY, GET, &[32, 15], &[0], OK, Some(&[0x8000_0000])),
        (GROUPS, SET, &[], &[1], OK, None),
        // By channel: drums first, then 1 to 9, then 11 to 16.
        (PRIORITY, GET, &[1, 0], &[0], OK, Some(&[0x8000_000E])),
        (PRIORITY, GET, &[1, 9], &[0], OK, Some(&[0x8000_000F])),
        (PRIORITY, GET, &[1, 10], &[0], OK, Some(&[0x8000_0005])),
        (PRIORITY, GET, &[1, 15], &[0], OK, Some(&[0x8000_0000])),
        (PRIORITY, GET, &[0, 0], &[0], STATUS_UNSUCCESSFUL, None),
        (PRIORITY, GET, &[2, 0], &[0], STATUS_UNSUCCESSFUL, None),
        (PRIORITY, GET, &[1, 16], &[0], STATUS_UNSUCCESSFUL, None),
        (PRIORITY, SET, &[1, 16], &[0], STATUS_UNSUCCESSFUL, None),
        (
            PRIORITY,
            SET,
            &[u32::MAX, 0],
            &[0],
            STATUS_UNSUCCESSFUL,
            None,
        ),
        (
            PRIORITY,
            SET,
            &[1, u32::MAX],
            &[0],
            STATUS_UNSUCCESSFUL,
            None,
        ),
        // Valid bits, voices, groups, audio channels, rate, effects, share.
        (
            PARAMETERS,
            GET,
            &[0x20, 0, 0, 0, 0, SYNTH_EFFECT_REVERB, 0],
            &[0; 7],
            OK,
            None,
        ),
        // There is no delay.
        (
            PARAMETERS,
            GET,
            &[
                0x20,
                0,
                0,
                0,
                0,
                SYNTH_EFFECT_CHORUS | SYNTH_EFFECT_DELAY,
                0,
            ],
            &[0; 7],
            STATUS_NOT_ALL_ASSIGNED,
            None,
        ),
        (PARAMETERS, GET, &[0; 7], &[0; 7], OK, None),
        (PARAMETERS, GET, &[2, 0, 3, 0, 0, 0, 0], &[0; 7], OK, None),
        (GROUPS, GET, &[], &[0], OK, Some(&[3])),
        (
            PARAMETERS,
            GET,
            &[2, 0, 1000, 0, 0, 0, 0],
            &[0; 7],
            STATUS_NOT_ALL_ASSIGNED,
            None,
        ),
        (GROUPS, GET, &[], &[0], OK, Some(&[32])),
        (
            PARAMETERS,
            GET,
            &[2, 0, 0, 0, 0, 0, 0],
            &[0; 7],
            STATUS_NOT_ALL_ASSIGNED,
            None,
        ),
        (GROUPS, GET, &[], &[0], OK, Some(&[1])),
        (
            PARAMETERS,
            GET,
            &[1, u32::MAX, 0, 0, 0, 0, 0],
            &[0; 7],
            STATUS_NOT_ALL_ASSIGNED,
            None,
        ),
        (
            PARAMETERS,
            GET,
            &[1, 0, 0, 0, 0, 0, 0],
            &[0; 7],
            STATUS_NOT_ALL_ASSIGNED,
            None,
        ),
        (
            PARAMETERS,
            GET,
            &[8, 0, 0, 0, 7, 0, 0],
            &[0; 7],
            STATUS_NOT_ALL_ASSIGNED,
            None,
        ),
        (PARAMETERS, GET, &[4, 0, 0, 2, 0, 0, 0], &[0; 7], OK, None),
        (
            PARAMETERS,
            GET,
            &[4, 0, 0, 6, 0, 0, 0],
            &[0; 7],
            STATUS_NOT_ALL_ASSIGNED,
            None,
        ),
    ];
    for (n, &(item, verb, instance, value, status, then)) in table.iter().enumerate() {
        let mut bytes = numbers(value);
        let got = synth::property(KSPROPSETID_Synth, item)
            .with(&numbers(instance))
            .send(client, pin, verb, &mut bytes);
        let right = got.status == status && then.is_none_or(|then| bytes == numbers(then));
        report.check(
            || format!("value {n}: item {item}, verb {verb}, {instance:x?} {value:x?}"),
            right,
            || {
                format!(
                    "    expected {} {then:x?}\n    got      {} {bytes:x?}",
                    status_name(status),
                    status_name(got.status)
                )
            },
        );
    }
}
