// SPDX-License-Identifier: MIT OR Apache-2.0
//! §4.1 velocity and controllers, §4.2 pitch, §4.3 units, §4.5 pan, §4.8 the worked example.

use super::super::math;
use super::super::modulation::shaped;
use super::*;

/// §4.1
const GAINS: [(u8, f32); 17] = [
    (0, -96.0),
    (1, -84.152),
    (2, -72.111),
    (8, -48.029),
    (16, -35.987),
    (32, -23.946),
    (40, -20.070),
    (64, -11.905),
    (80, -8.029),
    (90, -5.982),
    (96, -4.861),
    (100, -4.152),
    (110, -2.496),
    (112, -2.183),
    (120, -0.985),
    (126, -0.137),
    (127, 0.0),
];

#[test]
fn concave_inverted_is_the_40_log_law() {
    for (v, expected) in GAINS {
        near(-96.0 * shaped(VOLUME, f32::from(v), 128.0), expected, 0.002);
    }
}

#[test]
fn velocity_sets_the_level() {
    for (v, expected) in &GAINS[1..] {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0x90, 60, *v]);
        near(db(left(&render(&mut synth, 64))[40]), *expected, 0.01);
    }
}

#[test]
fn volume_and_expression_set_the_level() {
    for controller in [7, 11] {
        for (v, expected) in GAINS {
            let mut synth = dc_synth(&[]);
            send(&mut synth, &[0xB0, controller, v]);
            send(&mut synth, &[0x90, 60, 127]);
            near(db(left(&render(&mut synth, 64))[40]), expected, 0.01);
        }
    }
}

#[test]
fn default_levels() {
    // CC7 100, CC11 127, velocity 127, middle: -7.163 dB per side under the port's gain of -6 dB.
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0xB0, 7, 100]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = render(&mut synth, 8);
    near(db(out[4][0]), -7.163 - 6.0, 0.01);
    near(db(out[4][1]), -7.163 - 6.0, 0.01);
}

/// §4.7: steps of 1 dB down to -85 dB, each within a quarter of a decibel.
#[test]
fn the_gain_falls_in_steps_of_a_decibel() {
    let (wave, info) = dc();
    for step in 0..=85 {
        let sample = SampleInfo {
            gain: -step * 655_360,
            ..info
        };
        let mut synth = synth(std::vec![region(&wave, sample, &articulation(&[]))]);
        send(&mut synth, &[0x90, 60, 127]);
        near(db(left(&render(&mut synth, 64))[40]), -step as f32, 0.25);
    }
}

#[test]
fn curves_have_their_ends() {
    for curve in [Curve::Concave, Curve::Convex] {
        for bipolar in [false, true] {
            for invert in [false, true] {
                let shape = Shape {
                    curve,
                    bipolar,
                    invert,
                };
                let (low, high) = (shaped(shape, 0.0, 128.0), shaped(shape, 127.0, 128.0));
                let start = if bipolar { -1.0 } else { 0.0 };
                assert_eq!(
                    (low, high),
                    if invert { (1.0, start) } else { (start, 1.0) },
                    "{shape:?}"
                );
            }
        }
    }
    // Concave is 1 above 127 · (1 - 10^-2.4), convex the mirror image.
    let concave = Shape {
        curve: Curve::Concave,
        ..LINEAR
    };
    let convex = Shape {
        curve: Curve::Convex,
        ..LINEAR
    };
    for v in 0..=127u8 {
        let v = f32::from(v);
        near(
            shaped(concave, v, 128.0),
            1.0 - shaped(convex, 127.0 - v, 128.0),
            1e-5,
        );
        let expected = if v > 126.49 {
            1.0
        } else {
            -(5.0 / 12.0) * (1.0 - v / 127.0).log10()
        };
        near(shaped(concave, v, 128.0), expected, 1e-5);
        // 7 and 14 bits agree.
        near(
            shaped(concave, v * 128.0, 16384.0),
            shaped(concave, v, 128.0),
            1e-4,
        );
    }
    let switch = Shape {
        curve: Curve::Switch,
        ..LINEAR
    };
    assert_eq!(
        (shaped(switch, 63.0, 128.0), shaped(switch, 64.0, 128.0)),
        (0.0, 1.0)
    );
}

/// The increment of a voice, measured: a ramp wave puts out its own position.
fn increment(
    wave_rate: u32,
    out_rate: u32,
    unity: u8,
    fine: i16,
    key: u8,
    messages: &[&[u8]],
) -> f64 {
    let frames: Vec<i16> = (0..20_000).collect();
    let sample = SampleInfo {
        unity,
        fine_tune: fine,
        ..PLAIN
    };
    let mut synth = synth_with(
        4,
        out_rate,
        std::vec![region(
            &wave(wave_rate, &frames),
            sample,
            &articulation(&[])
        )],
    );
    for message in messages {
        send(&mut synth, message);
    }
    send(&mut synth, &[0x90, key, 127]);
    let out = left(&render(&mut synth, 2001));
    f64::from(out[2000] - out[1000]) * 32767.0 / 1000.0
}

#[test]
fn increments() {
    let wheel = |value: u16| [0xE0, (value & 127) as u8, (value >> 7) as u8];
    for (wave_rate, out_rate, unity, fine, key, bend, expected) in [
        (22050, 44100, 60, 0, 60, 8192, 0.5),
        (22050, 44100, 60, 0, 67, 8192, 0.74915354),
        (22050, 48000, 69, -13, 60, 8192, 0.27110261),
        (44100, 48000, 60, 50, 60, 16383, 1.06146532),
        (44100, 48000, 60, 0, 60, 0, 0.81851320),
    ] {
        let actual = increment(wave_rate, out_rate, unity, fine, key, &[&wheel(bend)]);
        // 0.25 cents is a part in 6900; measured far inside.
        assert!(
            (actual / expected - 1.0).abs() < 2e-5,
            "{actual} {expected}"
        );
    }
}

#[test]
fn keys_follow_the_scale() {
    for (key, hertz) in [
        (24, 55.125),
        (36, 110.25),
        (48, 220.5),
        (59, 416.2486),
        (60, 441.0),
        (61, 467.2232),
        (72, 882.0),
        (84, 1764.0),
    ] {
        let actual = increment(44100, 44100, 60, 0, key, &[]) * 441.0;
        assert!((actual / hertz - 1.0).abs() < 2e-5, "{actual} {hertz}");
    }
}

#[test]
fn registered_parameters() {
    let rpn = |number: u8, msb: u8, lsb: u8| {
        std::vec![
            std::vec![0xB0, 101, 0],
            std::vec![0xB0, 100, number],
            std::vec![0xB0, 6, msb],
            std::vec![0xB0, 38, lsb],
            std::vec![0xB0, 101, 127],
            std::vec![0xB0, 100, 127],
            // Null: this must go nowhere.
            std::vec![0xB0, 6, 1],
        ]
    };
    let measure = |setup: Vec<Vec<u8>>| {
        let messages: Vec<&[u8]> = setup.iter().map(|m| m.as_slice()).collect();
        1200.0 * increment(44100, 44100, 60, 0, 60, &messages).log2()
    };
    for (msb, expected) in [(1, -100.0), (2, -200.0), (12, -1200.0), (24, -2400.0)] {
        let mut setup = rpn(0, msb, 0);
        setup.push(std::vec![0xE0, 0, 0]);
        near(measure(setup) as f32, expected, 0.05);
    }
    for (value, expected) in [
        (0u16, -100.0),
        (4096, -50.0),
        (8192, 0.0),
        (12288, 50.0),
        (16383, 99.988),
    ] {
        near(
            measure(rpn(1, (value >> 7) as u8, (value & 127) as u8)) as f32,
            expected,
            0.05,
        );
    }
    for (msb, expected) in [(52, -1200.0), (64, 0.0), (69, 500.0)] {
        near(measure(rpn(2, msb, 0)) as f32, expected, 0.05);
    }
}

#[test]
fn units() {
    for (hex, seconds) in [
        (0xD149_0F11u32, 0.001),
        (0xD8B7_038C, 0.003),
        (0xE0DB_5F61, 0.010),
        (0xE399_53DC, 0.015),
        (0xE70D_AFB0, 0.025),
        (0xEBBD_AFB0, 0.05),
        (0xF06D_AFB0, 0.1),
        (0xF51D_AFB0, 0.2),
        (0xF6A0_0000, 0.25),
        (0xF9CD_AFB1, 0.4),
        (0xFB50_0000, 0.5),
        (0x0000_0000, 1.0),
        (0x04B0_0000, 2.0),
        (0x076D_F47B, 3.0),
        (0x0AE2_504F, 5.0),
        (0x0F92_504F, 10.0),
        (0x1442_5050, 20.0),
        (0x18F2_5050, 40.0),
    ] {
        let actual = math::seconds(hex as i32 as f32 / 65536.0);
        near(actual / seconds, 1.0, 1e-5);
    }
    for (hex, hertz) in [
        (0xE238_0DFCu32, 0.1),
        (0xFCAC_AE9C, 5.0),
        (0x015C_AE9B, 10.0),
        (0x060C_AE9B, 20.0),
        (0x1AF4_0000, 440.0),
        (5535 << 16, 200.0),
        (11921 << 16, 7998.6),
    ] {
        let actual = math::hertz(hex as i32 as f32 / 65536.0);
        near(actual / hertz, 1.0, 1e-4);
    }
    for (hex, level) in [
        (0xFC40_0000u32, -96.0),
        (0xFFC4_0000, -6.0),
        (0x001E_0000, 3.0),
    ] {
        near(hex as i32 as f32 / 655_360.0, level, 1e-5);
        near(db(math::amplitude(level)), level, 1e-4);
    }
}

#[test]
fn elementary_functions() {
    let mut worst = [0.0f64; 3];
    for i in -100_000..100_000i32 {
        let x = i as f32 / 1000.0;
        worst[0] = worst[0].max((f64::from(math::exp2(x)) / libm::exp2(f64::from(x)) - 1.0).abs());
        let x = libm::exp2(f64::from(x)) as f32;
        worst[1] = worst[1].max((f64::from(math::log2(x)) - f64::from(x).log2()).abs());
        let phase = (i as u32).wrapping_mul(21_475);
        let angle = f64::from(phase) / 4_294_967_296.0 * core::f64::consts::TAU;
        worst[2] = worst[2].max((f64::from(math::sine(phase)) - angle.sin()).abs());
    }
    assert!(
        worst[0] < 3e-7 && worst[1] < 8e-6 && worst[2] < 1e-6,
        "{worst:?}"
    );
    for i in -126..=126 {
        assert_eq!(f64::from(math::exp2(i as f32)), libm::exp2(f64::from(i)));
    }
    assert_eq!(
        math::exp2(f32::NAN).to_bits() & 0x7FFF_FFFF,
        math::exp2(f32::NAN).to_bits() & 0x7FFF_FFFF
    );
    assert_eq!(math::amplitude(-200.0), 0.0);
}

#[test]
fn pan() {
    for (value, l, r) in [
        (0u8, 0.0f32, f32::NEG_INFINITY),
        (1, 0.0, f32::NEG_INFINITY),
        (32, -0.665, -8.476),
        (64, -3.010, -3.010),
        (75, -4.382, -1.969),
        (96, -8.476, -0.665),
        (127, f32::NEG_INFINITY, 0.0),
    ] {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0xB0, 10, value]);
        send(&mut synth, &[0x90, 60, 127]);
        let frame = render(&mut synth, 8)[4];
        for (actual, expected) in frame.into_iter().zip([l, r]) {
            if expected.is_infinite() {
                assert_eq!(actual, 0.0);
            } else {
                // The table was printed for 50.8 % per 64 steps.
                near(db(actual) + 6.0, expected, 0.1);
            }
        }
    }
    for value in 0..=127 {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0xB0, 10, value]);
        send(&mut synth, &[0x90, 60, 127]);
        let [l, r] = render(&mut synth, 8)[4].map(|x| x / (FULL * core::f32::consts::SQRT_2));
        near(l * l + r * r, 1.0, 1e-5);
    }
}

/// How far the one law of pan is from DLS Level 1's, -10 log10((127 - cc) / 127) and -10 log10(cc / 127) dB (docs/synth.md).
#[test]
fn pan_beside_the_table_of_dls_1() {
    let mut widest = 0.0f32;
    for value in 1..=126u8 {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0xB0, 10, value]);
        send(&mut synth, &[0x90, 60, 127]);
        let [left, right] =
            render(&mut synth, 8)[4].map(|x| x / (FULL * core::f32::consts::SQRT_2));
        let [table_left, table_right] =
            [127 - value, value].map(|part| (f32::from(part) / 127.0).sqrt());
        // The louder side: in the middle the same, nowhere more than 0.65 dB apart.
        let (near_side, table) = if value < 64 {
            (left, table_left)
        } else {
            (right, table_right)
        };
        let bound = if value == 64 { 0.05 } else { 0.65 };
        near(db(near_side), db(table), bound);
        // The softer side is softer than the table's.
        let (far_side, table) = if value < 64 {
            (right, table_right)
        } else {
            (left, table_left)
        };
        assert!(far_side <= table + 0.004, "{value}: {far_side}, {table}");
        widest = widest.max((table - far_side).abs());
    }
    near(widest, 0.17, 0.005);
}

/// §4.8 by the model of DLS 2: inputs as in the example, outputs recomputed term by term.
#[test]
fn worked_example() {
    use Destination as D;
    let changes = [
        set(D::LfoFrequency, 0xFCAC_AE9Cu32 as i32),
        set(D::LfoDelay, i32::MIN),
        connect((Source::Lfo, BIPOLAR), Source::None, D::Gain, decibel(3.0)),
        connect(
            (Source::Lfo, BIPOLAR),
            Source::Controller(1),
            D::Gain,
            decibel(1.0),
        ),
        set(D::Eg1Attack, seconds(0.4)),
        connect(
            (Source::Velocity, LINEAR),
            Source::None,
            D::Eg1Attack,
            0xFB50_0000u32 as i32,
        ),
        set(D::Eg2Decay, seconds(10.0)),
        set(D::Eg2Sustain, 0),
        connect((Source::Eg2, LINEAR), Source::None, D::Pitch, cents(30.0)),
    ];
    let setup: [&[u8]; 5] = [
        &[0xB0, 1, 25],
        &[0xB0, 7, 100],
        &[0xB0, 11, 120],
        &[0xB0, 10, 75],
        &[0xE0, (8557 & 127) as u8, (8557 >> 7) as u8],
    ];

    // Levels, with a constant wave.
    let (dc, info) = dc();
    let mut levels = synth_with(
        4,
        32000,
        std::vec![region(&dc, info, &articulation(&changes))],
    );
    // Pitch, with a ramp: its level cancels.
    let ramp: Vec<i16> = (0..30_000).collect();
    let tuned = SampleInfo {
        unity: 54,
        fine_tune: 1,
        ..PLAIN
    };
    let flat = wave(22050, &std::vec![10_000; 30_000]);
    let mut ramps = synth_with(
        4,
        32000,
        std::vec![region(&wave(22050, &ramp), tuned, &articulation(&changes))],
    );
    let mut flats = synth_with(
        4,
        32000,
        std::vec![region(&flat, tuned, &articulation(&changes))],
    );
    for synth in [&mut levels, &mut ramps, &mut flats] {
        for message in setup {
            send(synth, message);
        }
        send(synth, &[0x90, 60, 110]);
    }
    let frames = 4800;
    let out = render(&mut levels, frames + 1)[frames];
    // sin(2π · 5 · 0.15) = -1 of 3 dB + 25/128 dB; attack 220.48 ms; 40 log10 of the rest.
    let mono = -(3.0 + 25.0 / 128.0) - 3.343 - 2.496 - 4.152 - 0.985;
    let angle = core::f32::consts::FRAC_PI_2 * (0.508 * (2.0 * 75.0 / 128.0 - 1.0) + 0.5);
    near(db(out[0]) + 6.0, mono + db(angle.cos()), 0.05);
    near(db(out[1]) + 6.0, mono + db(angle.sin()), 0.05);

    let (ramps, flats) = (
        left(&render(&mut ramps, frames + 65)),
        left(&render(&mut flats, frames + 65)),
    );
    let place = |i: usize| f64::from(ramps[i] / flats[i]) * 10_000.0;
    let step = (place(frames + 64) - place(frames - 64)) / 128.0;
    // 600 + 1 + 8.911 + 29.55 cents from 22 050 to 32 000 Hz.
    let expected = libm::exp2(639.461 / 1200.0) * 22050.0 / 32000.0;
    assert!(
        (1200.0 * (step / expected).log2()).abs() < 0.25,
        "{step} {expected}"
    );
}
