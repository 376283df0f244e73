// SPDX-License-Identifier: MIT OR Apache-2.0
//! Volume and mute nodes: basic support with its members, values by channel, the event that tells of changes.

use super::Subject;
use crate::cases::report::status_name;
use crate::property::Property;
use crate::{Client, notify};
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{Wire, nt_success};

const HEAD: usize = size_of::<KSPROPERTY_DESCRIPTION>();
const MEMBERS: usize = size_of::<KSPROPERTY_MEMBERSHEADER>();
const STEPPING: usize = size_of::<KSPROPERTY_STEPPING_LONG>();
const ALL: u32 = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT;
/// No control has as many channels.
const TOO_MANY: i32 = 1000;

pub fn run<C: Client>(subject: &mut Subject<'_, C>) {
    for (number, kind) in subject.shape.nodes.clone().into_iter().enumerate() {
        let node = number as u32;
        if kind == KSNODETYPE_VOLUME {
            volume(subject, node);
        } else if kind == KSNODETYPE_MUTE {
            mute(subject, node);
        } else {
            continue;
        }
        change_event(subject, node);
    }
}

/// A property of a channel: KSNODEPROPERTY_AUDIO_CHANNEL.
fn of_channel(id: u32, node: u32, channel: i32) -> Property {
    let mut instance = [0; 8];
    instance[..4].copy_from_slice(&channel.to_le_bytes());
    Property::of_node(KSPROPSETID_Audio, id, node).with(&instance)
}

/// KSPROPERTY_DESCRIPTION: access and the type of the value. What follows it.
fn description<C: Client>(
    subject: &mut Subject<'_, C>,
    what: &str,
    property: &Property,
    kind: u32,
) -> Vec<u8> {
    subject.support(what, property, ALL);
    let mut bytes = vec![0; 4096];
    let got = subject.send(property, KSPROPERTY_TYPE_BASICSUPPORT, &mut bytes);
    bytes.truncate(got.information);
    let head = KSPROPERTY_DESCRIPTION::read_from(&bytes).unwrap_or_default();
    subject.rule(
        || format!("{what}: description"),
        nt_success(got.status)
            && head.AccessFlags & ALL == ALL
            && head.DescriptionSize as usize == bytes.len()
            && (head.PropTypeSet.Set, head.PropTypeSet.Id) == (KSPROPTYPESETID_General, kind),
        || {
            format!(
                "{}, {head:?} in {} bytes",
                status_name(got.status),
                bytes.len()
            )
        },
    );
    // The description alone is an answer too, and says how long the whole is.
    let mut short = vec![0; HEAD];
    let got = subject.send(property, KSPROPERTY_TYPE_BASICSUPPORT, &mut short);
    let alone = KSPROPERTY_DESCRIPTION::read_from(&short).unwrap_or_default();
    subject.rule(
        || format!("{what}: the description alone"),
        nt_success(got.status) && got.information == HEAD && alone == head,
        || format!("{}, {alone:?}", status_name(got.status)),
    );
    bytes.get(HEAD..).unwrap_or_default().to_vec()
}

/// The stepping of each channel.
fn steppings(members: &[u8]) -> Option<Vec<KSPROPERTY_STEPPING_LONG>> {
    let head = KSPROPERTY_MEMBERSHEADER::read_from(members)?;
    let body = members.get(MEMBERS..)?;
    let whole = head.MembersFlags == KSPROPERTY_MEMBER_STEPPEDRANGES
        && head.MembersSize as usize == STEPPING
        && body.len() == STEPPING * head.MembersCount as usize;
    whole.then(|| {
        body.chunks_exact(STEPPING)
            .filter_map(KSPROPERTY_STEPPING_LONG::read_from)
            .collect()
    })
}

/// 1/65536 dB per channel, with the range and the step that basic support tells.
fn volume<C: Client>(subject: &mut Subject<'_, C>, node: u32) {
    let what = format!("node {node}: volume");
    let level = |channel| of_channel(KSPROPERTY_AUDIO_VOLUMELEVEL, node, channel);
    let members = description(subject, &what, &level(0), VT_I4);
    let channels = steppings(&members).unwrap_or_default();
    subject.rule(
        || format!("{what}: steppings"),
        !channels.is_empty()
            && channels.iter().all(|c| {
                let span = i64::from(c.Bounds.SignedMaximum) - i64::from(c.Bounds.SignedMinimum);
                span > 0 && c.SteppingDelta > 0 && span % i64::from(c.SteppingDelta) == 0
            }),
        || format!("{members:x?}"),
    );
    for (number, stepping) in channels.iter().enumerate() {
        let channel = number as i32;
        let bounds = stepping.Bounds;
        let first = value(subject, &what, &level(channel));
        let inside = |v: i32| (bounds.SignedMinimum..=bounds.SignedMaximum).contains(&v);
        subject.rule(
            || format!("{what}: channel {channel}"),
            first.is_some_and(inside),
            || format!("{first:?}"),
        );
        for wanted in [bounds.SignedMinimum, bounds.SignedMaximum] {
            set(subject, &what, &level(channel), wanted, wanted);
        }
        // Beyond the range: refused or clamped, and inside in any case.
        for far in [i32::MIN, i32::MAX] {
            subject.send(&level(channel), KSPROPERTY_TYPE_SET, &mut far.to_le_bytes());
            let now = value(subject, &what, &level(channel));
            subject.rule(
                || format!("{what}: channel {channel} after {far}"),
                now.is_some_and(inside),
                || format!("{now:?}"),
            );
        }
        if let Some(first) = first {
            set(subject, &what, &level(channel), first, first);
        }
    }
    no_channel(subject, &what, &level(TOO_MANY));
    no_instance(subject, &what, KSPROPERTY_AUDIO_VOLUMELEVEL, node);
}

fn mute<C: Client>(subject: &mut Subject<'_, C>, node: u32) {
    let what = format!("node {node}: mute");
    let muted = |channel| of_channel(KSPROPERTY_AUDIO_MUTE, node, channel);
    let members = description(subject, &what, &muted(0), VT_BOOL);
    subject.rule(
        || format!("{what}: steppings, if any, from 0 to 1"),
        members.is_empty()
            || steppings(&members).is_some_and(|channels| {
                channels.iter().all(|c| {
                    let bounds = (c.Bounds.SignedMinimum, c.Bounds.SignedMaximum);
                    (bounds, c.SteppingDelta) == ((0, 1), 1)
                })
            }),
        || format!("{members:x?}"),
    );
    let first = value(subject, &what, &muted(0));
    subject.rule(
        || format!("{what}: a truth value"),
        matches!(first, Some(0 | 1)),
        || format!("{first:?}"),
    );
    for wanted in [1, 0, first.unwrap_or(0)] {
        set(subject, &what, &muted(0), wanted, wanted);
    }
    no_channel(subject, &what, &muted(TOO_MANY));
    no_instance(subject, &what, KSPROPERTY_AUDIO_MUTE, node);
}

fn value<C: Client>(subject: &mut Subject<'_, C>, what: &str, property: &Property) -> Option<i32> {
    let bytes = subject.value(what, property)?;
    (bytes.len() == 4).then(|| i32::read_from(&bytes)).flatten()
}

fn set<C: Client>(
    subject: &mut Subject<'_, C>,
    what: &str,
    property: &Property,
    wanted: i32,
    then: i32,
) {
    let got = subject.send(property, KSPROPERTY_TYPE_SET, &mut wanted.to_le_bytes());
    let now = property.get::<_, i32>(subject.client, subject.filter.handle);
    subject.rule(
        || format!("{what}: set to {wanted}"),
        nt_success(got.status) && now == Ok(then),
        || format!("{}, then {now:?}", status_name(got.status)),
    );
}

fn no_channel<C: Client>(subject: &mut Subject<'_, C>, what: &str, property: &Property) {
    let got = subject.send(property, KSPROPERTY_TYPE_GET, &mut [0; 4]);
    subject.rule(
        || format!("{what}: a channel that is not there"),
        !nt_success(got.status),
        || status_name(got.status),
    );
}

/// Without a channel in the request there is no answer.
fn no_instance<C: Client>(subject: &mut Subject<'_, C>, what: &str, id: u32, node: u32) {
    let property = Property::of_node(KSPROPSETID_Audio, id, node);
    let got = subject.send(&property, KSPROPERTY_TYPE_GET, &mut [0; 4]);
    subject.rule(
        || format!("{what}: no channel in the request"),
        !nt_success(got.status),
        || status_name(got.status),
    );
}

/// KSEVENT_CONTROL_CHANGE is for controls that people turn. Where it is offered, it can be enabled and disabled.
fn change_event<C: Client>(subject: &mut Subject<'_, C>, node: u32) {
    let (set, id) = (KSEVENTSETID_AudioControlChange, KSEVENT_CONTROL_CHANGE);
    let handle = subject.filter.handle;
    let support = notify::support(subject.client, handle, set, id, Some(node));
    let offered = nt_success(support);
    subject.rule(
        || format!("node {node}: change event"),
        offered || [STATUS_PROPSET_NOT_FOUND, STATUS_NOT_FOUND].contains(&support),
        || status_name(support),
    );
    let enabled = notify::enable(subject.client, handle, set, id, Some(node));
    subject.rule(
        || format!("node {node}: the change event is enabled"),
        enabled.is_ok() == offered,
        || format!("{:?}", enabled.as_ref().err()),
    );
    if let Ok(enabled) = enabled {
        let disabled = enabled.disable(subject.client);
        subject.rule(
            || format!("node {node}: the change event is disabled"),
            disabled.is_ok(),
            || format!("{disabled:?}"),
        );
    }
}
