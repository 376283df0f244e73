// SPDX-License-Identifier: MIT OR Apache-2.0
//! The drum kit (General MIDI keys 35–81, GS keys 27–87), and sounds that melodic percussion shares with it.

use super::fit::Voice;
use super::patch::{Builder, Layer, layer};
use crate::dls::{Instrument, Wave};
use crate::dsp::{Biquad, Random, from_spectrum, sine};
use crate::tone::{finish, noise_band};
use libm::exp;

/// Adds the kit.
pub fn add(builder: &mut Builder) {
    let mut kit = Instrument {
        name: "Standard Kit".into(),
        bank: 0x8000_0000,
        program: 0,
        regions: Vec::new(),
        articulation: Vec::new(),
    };
    for (key, group, sound) in sounds() {
        builder.drum(&mut kit, key, group, sound);
    }
    builder.add_kit(kit);
}

/// The key whose colour a key of the kit has: what is tuned from one wave shares it.
pub fn colour_of(key: u8) -> u8 {
    match key {
        41 | 43 | 45 | 47 | 48 | 50 => 45,
        49 | 52 | 55 | 57 => 49,
        51 | 59 => 51,
        54 | 83 => 54,
        60 | 61 => 61,
        63 | 64 => 63,
        69 | 70 | 82 => 69,
        33 | 76 | 77 => 76,
        31 | 32 | 85 => 31,
        80 | 81 | 84 => 81,
        29 | 30 => 29,
        86 | 87 => 86,
        key => key,
    }
}

const HATS: u8 = 1;
const WHISTLES: u8 = 2;
const GUIROS: u8 = 3;
const CUICAS: u8 = 4;
const TRIANGLES: u8 = 5;
const SURDOS: u8 = 6;

/// Key, key group, sound.
fn sounds() -> Vec<(u8, u8, Layer)> {
    // A one-shot plays out: the release is as long as the decay.
    let shot = |name, render| layer(name, render, &[60]).env(0.0, 8.0, 96.0, 8.0);
    let metal = |decay: f64| layer("cymbal", cymbal, &[60]).env(0.0, decay, 96.0, decay);
    let hat = |decay: f64| layer("hat", hat_wave, &[60]).env(0.0, decay, 96.0, decay);
    let kick = || shot("kick", kick);
    let snare = || shot("snare", snare).filter(2500.0, 0.0, 4200.0);
    let drum = || shot("tom", tom);
    let skin = || shot("conga", conga);
    let bell = || shot("cowbell", cowbell);
    let wood = || shot("wood", wood);

    let mut list = vec![
        (27, 0, shot("laser", laser)),
        (28, 0, shot("slap", slap)),
        (29, 0, shot("scratch", scratch)),
        (30, 0, shot("scratch", scratch).tune(-300.0)),
        (31, 0, shot("stick", stick)),
        (32, 0, shot("stick", stick).tune(700.0).gain(-4.0)),
        (33, 0, wood().tune(400.0).gain(-3.0)),
        (34, 0, shot("metronome bell", ring).gain(-3.0)),
        (35, 0, kick().tune(-200.0)),
        (36, 0, kick()),
        (37, 0, shot("rim", rim)),
        (38, 0, snare()),
        (39, 0, shot("clap", clap)),
        (40, 0, snare().tune(250.0).gain(-1.0)),
        (42, HATS, hat(0.55)),
        (44, HATS, hat(0.8).gain(-4.0).filter(3500.0, 0.0, 2400.0)),
        (46, HATS, hat(4.5)),
        (49, 0, metal(12.0).gain(2.0)),
        (51, 0, ride(7.0)),
        (52, 0, metal(8.0).tune(-500.0).filter(5000.0, 4.0, 2400.0)),
        (53, 0, shot("ride bell", ride_bell)),
        (54, 0, shot("tambourine", tambourine)),
        (55, 0, metal(5.5).tune(500.0)),
        (56, 0, bell()),
        (57, 0, metal(11.0).tune(-200.0).pan(18.0).gain(1.0)),
        (58, 0, shot("vibraslap", vibraslap)),
        (59, 0, ride(5.5).tune(-180.0)),
        (60, 0, skin().tune(700.0).gain(-2.0)),
        (61, 0, skin().tune(300.0).gain(-2.0)),
        (62, 0, shot("conga mute", conga_mute)),
        (63, 0, skin()),
        (64, 0, skin().tune(-500.0)),
        (65, 0, shot("timbale", timbale)),
        (66, 0, shot("timbale", timbale).tune(-500.0)),
        (67, 0, shot("agogo", agogo)),
        (68, 0, shot("agogo", agogo).tune(-500.0)),
        (69, 0, shot("cabasa", cabasa)),
        (70, 0, shot("cabasa", cabasa).tune(500.0).gain(-3.0)),
        (71, WHISTLES, shot("whistle short", whistle_short)),
        (72, WHISTLES, shot("whistle long", whistle_long)),
        (73, GUIROS, shot("guiro short", guiro_short)),
        (74, GUIROS, shot("guiro long", guiro_long)),
        (75, 0, shot("claves", claves)),
        (76, 0, wood()),
        (77, 0, wood().tune(-500.0)),
        (78, CUICAS, shot("cuica", cuica).tune(300.0)),
        (79, CUICAS, shot("cuica", cuica)),
        (80, TRIANGLES, ringing(0.7)),
        (81, TRIANGLES, ringing(9.0)),
        (82, 0, shot("cabasa", cabasa).tune(900.0)),
        (83, 0, shot("tambourine", tambourine).tune(700.0).gain(-4.0)),
        (84, 0, ringing(5.0).tune(-700.0).tremolo(9.0, 6.0, 0.01)),
        (85, 0, shot("stick", stick).tune(-500.0)),
        (86, SURDOS, shot("taiko", taiko).env(0.0, 0.9, 96.0, 0.9)),
        (87, SURDOS, shot("taiko", taiko).tune(-200.0)),
    ];
    for (i, (key, cents, pan)) in [
        (41, -900.0, 24.0),
        (43, -600.0, 17.0),
        (45, -300.0, 9.0),
        (47, 0.0, 0.0),
        (48, 300.0, -9.0),
        (50, 600.0, -20.0),
    ]
    .into_iter()
    .enumerate()
    {
        list.push((key, 0, drum().tune(cents).pan(pan).gain(-(i as f64) * 0.3)));
    }
    list
}

fn ride(decay: f64) -> Layer {
    layer("ride", ride_wave, &[60])
        .env(0.0, decay, 96.0, decay)
        .pan(14.0)
}

fn ringing(decay: f64) -> Layer {
    layer("triangle", triangle, &[60])
        .env(0.0, decay, 96.0, decay)
        .gain(-4.0)
        .pan(-12.0)
}

/// A sound without a loop: `sample` is called for each frame in order with the time in seconds. What strikes it is heard over all
/// frequencies: a click, the skin or wood, and a room far below; its colour gives each its share.
pub fn one_shot(
    name: &Voice,
    key: u8,
    rate: u32,
    seconds: f64,
    mut sample: impl FnMut(f64) -> f64,
) -> Wave {
    let frames = (f64::from(rate) * seconds) as usize;
    let mut random = Random::named(&format!("{name} strike"));
    let mut strike = |t: f64| {
        let fall = 0.30 * exp(-t / 0.004) + 0.12 * exp(-t / 0.04) + 0.02 * exp(-t / 0.25);
        random.signed() * fall
    };
    finish(
        name,
        rate,
        (0..frames)
            .map(|i| i as f64 / f64::from(rate))
            .map(|t| sample(t) + strike(t))
            .collect(),
        key,
        0.0,
        None,
    )
}

/// A sine whose frequency falls from `high` to `low` Hz with time constant `tau`.
fn drop(rate: f64, high: f64, low: f64, tau: f64) -> impl FnMut(f64) -> f64 {
    let mut phase = 0.0;
    move |t| {
        phase += (low + (high - low) * exp(-t / tau)) / rate;
        sine(phase)
    }
}

fn kick(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut click = noise_band(22_050.0, 1500.0, 6000.0, &mut random);
    let (mut body, mut knock) = (
        drop(22_050.0, 190.0, 47.0, 0.028),
        drop(22_050.0, 700.0, 90.0, 0.008),
    );
    one_shot(name, key, 22_050, 0.5, |t| {
        body(t) * exp(-t / 0.11) * (t / 0.001).min(1.0)
            + 0.5 * knock(t) * exp(-t / 0.012)
            + 0.25 * click() * exp(-t / 0.004)
    })
}

fn snare(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut wires = noise_band(32_000.0, 1400.0, 11_000.0, &mut random);
    let (mut low, mut high) = (
        drop(32_000.0, 240.0, 182.0, 0.02),
        drop(32_000.0, 410.0, 332.0, 0.015),
    );
    one_shot(name, key, 32_000, 0.4, |t| {
        0.9 * low(t) * exp(-t / 0.055)
            + 0.5 * high(t) * exp(-t / 0.035)
            + wires() * (1.1 * exp(-t / 0.015) + 0.75 * exp(-t / 0.075))
    })
}

/// A tom: stick, body and shell, from which all of the kit's are tuned.
pub fn tom(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut stick = noise_band(22_050.0, 300.0, 4500.0, &mut random);
    let mut body = drop(22_050.0, 205.0, 132.0, 0.06);
    let mut shell = drop(22_050.0, 330.0, 215.0, 0.05);
    one_shot(name, key, 22_050, 0.9, |t| {
        body(t) * exp(-t / 0.3) + 0.35 * shell(t) * exp(-t / 0.2) + 0.5 * stick() * exp(-t / 0.008)
    })
}

/// A taiko, lower and longer than a tom.
pub fn taiko(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut stick = noise_band(22_050.0, 150.0, 2500.0, &mut random);
    let (mut body, mut skin) = (
        drop(22_050.0, 120.0, 68.0, 0.07),
        drop(22_050.0, 190.0, 108.0, 0.05),
    );
    one_shot(name, key, 22_050, 0.9, |t| {
        body(t) * exp(-t / 0.4) + 0.6 * skin(t) * exp(-t / 0.25) + 0.8 * stick() * exp(-t / 0.014)
    })
}

/// An electronic tom, whose pitch falls by more than two octaves.
pub fn synth_drum(name: &Voice, key: u8) -> Wave {
    let mut body = drop(22_050.0, 420.0, 90.0, 0.12);
    let mut random = Random::named(name);
    let mut noise = noise_band(22_050.0, 500.0, 5000.0, &mut random);
    one_shot(name, key, 22_050, 0.9, |t| {
        body(t) * exp(-t / 0.35) + 0.2 * noise() * exp(-t / 0.03)
    })
}

/// The low thud of an orchestra hit.
pub fn hit_noise(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut noise = noise_band(16_000.0, 60.0, 3000.0, &mut random);
    let mut body = drop(16_000.0, 150.0, 70.0, 0.05);
    one_shot(name, key, 16_000, 0.8, |t| {
        noise() * exp(-t / 0.06) + body(t) * exp(-t / 0.12)
    })
}

fn rim(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut noise = noise_band(32_000.0, 900.0, 9000.0, &mut random);
    one_shot(name, key, 32_000, 0.6, |t| {
        noise() * exp(-t / 0.003)
            + 0.8 * sine(t * 1720.0) * exp(-t / 0.010)
            + 0.5 * sine(t * 480.0) * exp(-t / 0.012)
    })
}

fn stick(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut noise = noise_band(32_000.0, 1500.0, 9000.0, &mut random);
    one_shot(name, key, 32_000, 0.3, |t| {
        noise() * exp(-t / 0.003) + 0.8 * sine(t * 2350.0) * exp(-t / 0.007)
    })
}

fn clap(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut noise = noise_band(32_000.0, 700.0, 7000.0, &mut random);
    let mut body = Biquad::band_pass(32_000.0, 1150.0, 1.6);
    one_shot(name, key, 32_000, 0.4, |t| {
        // Three hands, then the room.
        let hands: f64 = [0.0, 0.011, 0.022]
            .iter()
            .filter(|at| t >= **at)
            .map(|at| exp(-(t - at) / 0.004))
            .sum();
        let room = if t >= 0.03 {
            exp(-(t - 0.03) / 0.055)
        } else {
            0.0
        };
        let n = noise();
        (0.35 * n + body.run(n) * 1.6) * (hands + 0.8 * room)
    })
}

fn slap(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut noise = noise_band(22_050.0, 600.0, 6000.0, &mut random);
    one_shot(name, key, 22_050, 0.12, |t| noise() * exp(-t / 0.018))
}

fn scratch(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut noise = noise_band(22_050.0, 500.0, 5000.0, &mut random);
    let mut tone = drop(22_050.0, 300.0, 1500.0, 0.05);
    one_shot(name, key, 22_050, 0.11, |t| {
        (noise() + 0.4 * tone(t)) * sine(t / 0.22)
    })
}

fn laser(name: &Voice, key: u8) -> Wave {
    let mut body = drop(22_050.0, 5200.0, 300.0, 0.045);
    one_shot(name, key, 22_050, 0.22, |t| body(t) * exp(-t / 0.07))
}

/// A loop of dense inharmonic partials and noise, the body of every cymbal here.
fn metal(name: &str, rate: u32, frames: usize, low: f64, high: f64, tilt: f64) -> Vec<f64> {
    let mut random = Random::named(name);
    let bin = f64::from(rate) / frames as f64;
    let mut bins = vec![(0.0, 0.0); frames / 2];
    for (k, value) in bins.iter_mut().enumerate() {
        let hertz = k as f64 * bin;
        if hertz < low || hertz > high {
            continue;
        }
        // Most bins are a floor of noise, few stand out as modes.
        let mode = if random.unit() < 0.06 {
            5.0 * random.unit()
        } else {
            0.35
        };
        *value = (mode * libm::pow(hertz / 5000.0, tilt), random.unit());
    }
    from_spectrum(frames, &bins)
}

/// A cymbal, looped: metal that the volume envelope lets die away.
pub fn cymbal(name: &Voice, key: u8) -> Wave {
    let frames = metal(name, 32_000, 16_384, 300.0, 15_000.0, -0.25);
    finish(name, 32_000, frames, key, 0.0, Some((0, 16_384)))
}

fn ride_wave(name: &Voice, key: u8) -> Wave {
    let loop_frames = 8192;
    let body = metal(name, 32_000, loop_frames, 500.0, 13_000.0, -0.1);
    let mut random = Random::named("ride stick");
    let mut stick = noise_band(32_000.0, 3000.0, 12_000.0, &mut random);
    let attack = 3200;
    let scale = 0.25 / body.iter().fold(0.0f64, |peak, x| peak.max(x.abs()));
    let frames: Vec<f64> = (0..attack + loop_frames)
        .map(|i| {
            let t = i as f64 / 32_000.0;
            // The loop played backward in time from its start, so that attack and loop join.
            let wash = body[(i + loop_frames - attack) % loop_frames] * scale;
            let fade = 1.0 - (i as f64 / attack as f64).min(1.0);
            wash + fade
                * (0.9 * stick() * exp(-t / 0.006)
                    + 0.25 * (sine(t * 3140.0) + sine(t * 4730.0)) * exp(-t / 0.04))
        })
        .collect();
    finish(name, 32_000, frames, key, 0.0, Some((attack, loop_frames)))
}

fn hat_wave(name: &Voice, key: u8) -> Wave {
    let frames = metal(name, 40_000, 8192, 4200.0, 18_000.0, 0.3);
    finish(name, 40_000, frames, key, 0.0, Some((0, 8192)))
}

fn partials(set: &'static [(f64, f64, f64)]) -> impl Fn(f64) -> f64 {
    move |t| {
        set.iter()
            .map(|&(hertz, level, decay)| level * sine(t * hertz) * exp(-t / decay))
            .sum()
    }
}

fn ride_bell(name: &Voice, key: u8) -> Wave {
    let tone = partials(&[
        (1080.0, 0.5, 0.25),
        (2190.0, 0.8, 0.2),
        (3460.0, 0.7, 0.16),
        (4870.0, 0.6, 0.12),
        (6420.0, 0.4, 0.08),
        (8150.0, 0.3, 0.05),
    ]);
    one_shot(name, key, 32_000, 0.6, tone)
}

fn cowbell(name: &Voice, key: u8) -> Wave {
    let tone = partials(&[
        (562.0, 1.0, 0.07),
        (845.0, 0.9, 0.06),
        (1690.0, 0.4, 0.03),
        (2535.0, 0.35, 0.02),
        (3940.0, 0.25, 0.012),
    ]);
    one_shot(name, key, 22_050, 0.4, tone)
}

fn agogo(name: &Voice, key: u8) -> Wave {
    let tone = partials(&[
        (920.0, 1.0, 0.11),
        (1365.0, 0.5, 0.08),
        (2480.0, 0.5, 0.06),
        (3770.0, 0.35, 0.03),
    ]);
    one_shot(name, key, 22_050, 0.5, tone)
}

fn ring(name: &Voice, key: u8) -> Wave {
    one_shot(
        name,
        key,
        22_050,
        0.5,
        partials(&[(2093.0, 1.0, 0.08), (5770.0, 0.4, 0.03)]),
    )
}

fn claves(name: &Voice, key: u8) -> Wave {
    one_shot(
        name,
        key,
        22_050,
        0.3,
        partials(&[(2480.0, 1.0, 0.022), (5100.0, 0.12, 0.008)]),
    )
}

/// A wood block of 800 Hz.
pub fn wood(name: &Voice, key: u8) -> Wave {
    let hertz = 800.0;
    let mut random = Random::named(name);
    let mut noise = noise_band(22_050.0, 500.0, 4000.0, &mut random);
    one_shot(name, key, 22_050, 0.22, |t| {
        sine(t * hertz) * exp(-t / 0.025)
            + 0.5 * sine(t * hertz * 2.73) * exp(-t / 0.012)
            + 0.5 * noise() * exp(-t / 0.003)
    })
}

fn conga(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut slap = noise_band(22_050.0, 500.0, 4000.0, &mut random);
    let mut body = drop(22_050.0, 245.0, 212.0, 0.03);
    one_shot(name, key, 22_050, 0.38, |t| {
        body(t) * exp(-t / 0.10)
            + 0.25 * sine(t * 478.0) * exp(-t / 0.04)
            + 0.35 * slap() * exp(-t / 0.006)
    })
}

fn conga_mute(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut slap = noise_band(22_050.0, 800.0, 6000.0, &mut random);
    let mut body = drop(22_050.0, 300.0, 240.0, 0.02);
    one_shot(name, key, 22_050, 0.3, |t| {
        0.8 * body(t) * exp(-t / 0.03) + 0.7 * slap() * exp(-t / 0.009)
    })
}

fn timbale(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut stick = noise_band(22_050.0, 1500.0, 9000.0, &mut random);
    let tone = partials(&[
        (392.0, 1.0, 0.13),
        (624.0, 0.6, 0.10),
        (897.0, 0.4, 0.08),
        (1390.0, 0.3, 0.06),
        (2730.0, 0.2, 0.04),
    ]);
    one_shot(name, key, 22_050, 0.6, |t| {
        tone(t) + 0.6 * stick() * exp(-t / 0.006)
    })
}

fn tambourine(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut jingle = noise_band(32_000.0, 5500.0, 15_000.0, &mut random);
    let tone = partials(&[
        (6540.0, 0.2, 0.09),
        (8130.0, 0.2, 0.08),
        (9870.0, 0.2, 0.06),
    ]);
    one_shot(name, key, 32_000, 0.3, |t| {
        let shake = exp(-t / 0.012) + 0.55 * exp(-t / 0.075);
        jingle() * shake + tone(t) * 0.7
    })
}

fn cabasa(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut beads = noise_band(32_000.0, 4500.0, 12_000.0, &mut random);
    one_shot(name, key, 32_000, 0.2, |t| {
        beads() * (t / 0.012).min(1.0) * exp(-t / 0.03)
    })
}

fn vibraslap(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut rattle = noise_band(16_000.0, 1800.0, 5000.0, &mut random);
    let mut box_tone = Biquad::band_pass(16_000.0, 2450.0, 9.0);
    one_shot(name, key, 16_000, 1.0, |t| {
        let teeth = exp(-((t * 26.0) % 1.0) * 7.0);
        box_tone.run(rattle()) * teeth * exp(-t / 0.4)
    })
}

/// A whistle of 2.3 kHz with a rattling pea.
fn whistle(name: &Voice, key: u8, seconds: f64) -> Wave {
    let mut random = Random::named(name);
    let mut air = noise_band(16_000.0, 1500.0, 5000.0, &mut random);
    let mut phase = 0.0;
    one_shot(name, key, 16_000, seconds, |t| {
        phase += (2300.0 + 60.0 * sine(t * 31.0)) / 16_000.0;
        let edge = (t / 0.01).min(1.0) * ((seconds - t) / 0.03).clamp(0.0, 1.0);
        (sine(phase) * (0.75 + 0.25 * sine(t * 31.0)) + 0.12 * air()) * edge
    })
}

fn whistle_short(name: &Voice, key: u8) -> Wave {
    whistle(name, key, 0.25)
}

fn whistle_long(name: &Voice, key: u8) -> Wave {
    whistle(name, key, 0.4)
}

/// A stick over notches, `rate` per second.
fn guiro(name: &Voice, key: u8, seconds: f64, rate: f64) -> Wave {
    let mut random = Random::named(name);
    let mut scrape = noise_band(22_050.0, 1800.0, 7000.0, &mut random);
    one_shot(name, key, 22_050, seconds, |t| {
        let notch = exp(-((t * rate) % 1.0) * 5.0);
        scrape() * notch * (t / 0.02).min(1.0) * ((seconds - t) / 0.03).clamp(0.0, 1.0)
    })
}

fn guiro_short(name: &Voice, key: u8) -> Wave {
    guiro(name, key, 0.2, 110.0)
}

fn guiro_long(name: &Voice, key: u8) -> Wave {
    guiro(name, key, 0.4, 75.0)
}

fn cuica(name: &Voice, key: u8) -> Wave {
    let mut phase = 0.0;
    one_shot(name, key, 22_050, 0.8, |t| {
        phase += (430.0 + 260.0 * sine((t / 0.4) * 0.5)) / 22_050.0;
        (sine(phase) + 0.35 * sine(phase * 2.0) + 0.2 * sine(phase * 3.0))
            * (t / 0.02).min(1.0)
            * exp(-t / 0.25)
    })
}

fn triangle(name: &Voice, key: u8) -> Wave {
    const MODES: [(f64, f64); 7] = [
        (1350.0, 0.25),
        (3640.0, 0.6),
        (5180.0, 1.0),
        (7310.0, 0.7),
        (9050.0, 0.5),
        (11_400.0, 0.4),
        (13_900.0, 0.25),
    ];
    let length = 4096;
    let mut bins = vec![(0.0, 0.0); length / 2];
    for (i, (hertz, level)) in MODES.into_iter().enumerate() {
        // Two bins side by side beat slowly, as the bent bar does.
        let k = (hertz / 40_000.0 * length as f64) as usize;
        bins[k] = (level, 0.13 * i as f64);
        bins[k + 1] = (level * 0.35, 0.29 * i as f64);
    }
    finish(
        name,
        40_000,
        from_spectrum(length, &bins),
        key,
        0.0,
        Some((0, length)),
    )
}
