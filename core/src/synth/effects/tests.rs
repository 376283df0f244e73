// SPDX-License-Identifier: MIT OR Apache-2.0
//! Effects on their own.

use super::*;
use alloc::vec::Vec;

extern crate std;

const RATE: u32 = 48_000;

/// A unit at work: mono in, stereo out.
struct Bench {
    unit: crate::mem::TryBox<Unit>,
    settings: EffectSettings,
    rate: u32,
    position: u64,
    vectors: Vectors,
}

#[derive(Clone, Copy, PartialEq)]
enum Bus {
    Reverb,
    Chorus,
}

impl Bench {
    fn new(settings: EffectSettings) -> Self {
        Self {
            unit: Unit::new().unwrap(),
            settings,
            rate: RATE,
            position: 0,
            vectors: Vectors::default(),
        }
    }

    /// Plays `input` in pieces of at most `piece` frames.
    fn play_in(&mut self, bus: Bus, input: &[f32], piece: usize) -> Vec<[f32; 2]> {
        let mut out = Vec::new();
        let mut rest = input;
        while !rest.is_empty() {
            let to_tick = EFFECT_TICK as usize - (self.position % u64::from(EFFECT_TICK)) as usize;
            let (now, later) = rest.split_at(rest.len().min(to_tick).min(piece));
            let on = |which| (bus == which).then_some(now);
            let wet = self.unit.process(
                self.vectors,
                &self.settings,
                self.rate,
                self.position,
                now.len(),
                [on(Bus::Reverb), on(Bus::Chorus)],
            );
            match wet {
                Some((left, right)) => out.extend(left.iter().zip(right).map(|(&l, &r)| [l, r])),
                None => out.resize(out.len() + now.len(), [0.0; 2]),
            }
            self.position += now.len() as u64;
            rest = later;
        }
        out
    }

    fn play(&mut self, bus: Bus, input: &[f32]) -> Vec<[f32; 2]> {
        self.play_in(bus, input, usize::MAX)
    }
}

fn seconds(s: f32) -> usize {
    (s * RATE as f32) as usize
}

/// Reproducible white noise, -1..=1.
fn noise(frames: usize) -> Vec<f32> {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    (0..frames)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / 8_388_608.0 - 1.0
        })
        .collect()
}

fn padded(mut input: Vec<f32>, frames: usize) -> Vec<f32> {
    input.resize(input.len() + frames, 0.0);
    input
}

fn power(signal: impl Iterator<Item = f32>) -> f64 {
    let (sum, count) = signal.fold((0.0, 0usize), |(sum, count), x| {
        (sum + f64::from(x) * f64::from(x), count + 1)
    });
    sum / count.max(1) as f64
}

fn left(out: &[[f32; 2]]) -> impl Iterator<Item = f32> + '_ {
    out.iter().map(|frame| frame[0])
}

/// Keeps what is around `hertz`: 24 dB per octave either way.
fn band(signal: impl Iterator<Item = f32>, hertz: f32) -> Vec<f32> {
    let once = half_band(signal, hertz);
    half_band(once.into_iter(), hertz)
}

fn half_band(signal: impl Iterator<Item = f32>, hertz: f32) -> Vec<f32> {
    let share = |hertz: f32| 1.0 - (-core::f32::consts::TAU * hertz / RATE as f32).exp();
    let (high, low) = (share(hertz * 1.4), share(hertz / 1.4));
    let (mut a, mut b, mut c, mut d) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
    signal
        .map(|x| {
            a += high * (x - a);
            b += high * (a - b);
            c += low * (b - c);
            d += low * (b - c - d);
            b - c - d
        })
        .collect()
}

/// The envelope within 250 Hz of `hertz`: shifted to 0 and low-passed with 24 dB per octave.
fn narrow(signal: impl Iterator<Item = f32>, hertz: f32) -> Vec<f32> {
    let share = 1.0 - (-core::f32::consts::TAU * 250.0 / RATE as f32).exp();
    let mut poles = [[0.0f32; 2]; 4];
    signal
        .enumerate()
        .map(|(i, x)| {
            let turns = (f64::from(hertz) * i as f64 / f64::from(RATE)).fract() as f32;
            let (sine, cosine) = (core::f32::consts::TAU * turns).sin_cos();
            let mut z = [x * cosine, x * sine];
            for pole in &mut poles {
                for (state, input) in pole.iter_mut().zip(z) {
                    *state += share * (input - *state);
                }
                z = *pole;
            }
            z[0].hypot(z[1])
        })
        .collect()
}

/// Seconds for 60 dB, from the slope of the backward integral between -5 and -25 dB (Schroeder).
fn reverb_time(response: &[f32]) -> f32 {
    let mut energy: f64 = 0.0;
    let mut curve: Vec<f64> = response
        .iter()
        .rev()
        .map(|&x| {
            energy += f64::from(x) * f64::from(x);
            energy
        })
        .collect();
    curve.reverse();
    let at = |db: f64| {
        let level = curve[0] * 10f64.powf(db / 10.0);
        curve.iter().position(|&e| e < level).unwrap() as f32
    };
    3.0 * (at(-25.0) - at(-5.0)) / RATE as f32
}

fn with_reverb(reverb: Reverb) -> EffectSettings {
    EffectSettings {
        reverb,
        ..EffectSettings::default()
    }
}

fn with_chorus(chorus: Chorus) -> EffectSettings {
    EffectSettings {
        chorus,
        ..EffectSettings::default()
    }
}

fn impulse(length: f32) -> Vec<f32> {
    padded(std::vec![1.0], seconds(length))
}

#[test]
fn reverb_time_is_that_of_the_settings() {
    for (kind, time) in [(0, 0.6), (0, 1.1), (2, 1.5), (4, 1.8), (4, 3.0), (8, 1.3)] {
        let mut reverb = Reverb::gm2(kind);
        reverb.time = time;
        let out = Bench::new(with_reverb(reverb)).play(Bus::Reverb, &impulse(2.0 * time));
        let measured = reverb_time(&band(left(&out), 500.0));
        assert!(
            (measured / time - 1.0).abs() < 0.1,
            "type {kind}: {measured} s for {time} s"
        );
        // At 5 kHz that time the ratio.
        let high = reverb_time(&narrow(left(&out), 5000.0));
        let wanted = time * reverb.high_ratio;
        assert!(
            (high / wanted - 1.0).abs() < 0.1,
            "type {kind}: {high} s at 5 kHz for {wanted} s"
        );
    }
}

#[test]
fn reverb_times_hold_at_every_rate() {
    for rate in [11_025, 22_050, 44_100, 96_000] {
        let mut bench = Bench::new(EffectSettings::default());
        bench.rate = rate;
        let out = bench.play(Bus::Reverb, &padded(std::vec![1.0], rate as usize * 4));
        let scale = rate as f32 / RATE as f32;
        let low = band(left(&out), 500.0 / scale);
        let measured = reverb_time(&low) / scale;
        assert!((measured / 1.8 - 1.0).abs() < 0.1, "{rate}: {measured} s");
    }
}

#[test]
fn the_tail_decays_evenly_and_gets_dense() {
    let out = Bench::new(EffectSettings::default()).play(Bus::Reverb, &impulse(2.5));
    let tail: Vec<f32> = left(&out).collect();
    // Windows of 50 ms never rise by more than 3 dB once the build-up is over.
    let levels: Vec<f64> = tail[seconds(0.15)..seconds(1.8)]
        .chunks_exact(seconds(0.05))
        .map(|w| 10.0 * power(w.iter().copied()).log10())
        .collect();
    for pair in levels.windows(2) {
        assert!(pair[1] < pair[0] + 3.0, "{levels:?}");
    }
    // Echo density (Abel): a dense tail is Gaussian, a third of it outside one standard deviation.
    let window = &tail[seconds(0.25)..seconds(0.27)];
    let sigma = power(window.iter().copied()).sqrt() as f32;
    let outside = window.iter().filter(|x| x.abs() > sigma).count() as f32;
    let density = outside / window.len() as f32 / 0.3173;
    assert!(density > 0.8, "density {density}");
}

#[test]
fn no_mode_stands_out_of_the_tail() {
    // Late spectrum in bins of about 1 Hz: the highest bin of Rayleigh-distributed ones lies within 12 dB of their mean.
    let mut reverb = Reverb::gm2(4);
    reverb.time = 4.0;
    reverb.high_ratio = 0.999;
    let out = Bench::new(with_reverb(reverb)).play(Bus::Reverb, &impulse(2.5));
    let window: Vec<f32> = left(&out).skip(seconds(1.0)).take(seconds(1.0)).collect();
    let mut powers = Vec::new();
    for hertz in 300..900 {
        let step = core::f64::consts::TAU * f64::from(hertz) / f64::from(RATE);
        let (mut re, mut im) = (0.0, 0.0);
        for (i, &x) in window.iter().enumerate() {
            let hann = 0.5 - 0.5 * (core::f64::consts::TAU * i as f64 / window.len() as f64).cos();
            let (sin, cos) = (step * i as f64).sin_cos();
            re += f64::from(x) * hann * cos;
            im += f64::from(x) * hann * sin;
        }
        powers.push(re * re + im * im);
    }
    let mean = powers.iter().sum::<f64>() / powers.len() as f64;
    let highest = powers.iter().copied().fold(0.0, f64::max);
    let over = 10.0 * (highest / mean).log10();
    assert!(over < 12.0, "a mode is {over} dB above the mean");
}

#[test]
fn the_wet_level_does_not_depend_on_the_time() {
    let input = band(noise(seconds(3.0)).into_iter(), 800.0);
    let dry = power(input.iter().copied()).sqrt();
    for (kind, time) in [(0, 0.5), (4, 1.8), (4, 5.0)] {
        let mut reverb = Reverb::gm2(kind);
        (reverb.time, reverb.high_ratio) = (time, 0.999);
        let out = Bench::new(with_reverb(reverb)).play(Bus::Reverb, &input);
        let wet = power(left(&out[seconds(1.5)..])).sqrt() / dry;
        let db = 20.0 * (wet / f64::from(reverb::WET)).log10();
        assert!(db.abs() < 1.5, "{time} s: {db} dB");
    }
}

#[test]
fn both_sides_differ_and_there_is_no_dc() {
    let input = padded(noise(seconds(2.0)), 0);
    let out = Bench::new(EffectSettings::default()).play(Bus::Reverb, &input);
    let out = &out[seconds(0.5)..];
    let cross: f64 = out.iter().map(|f| f64::from(f[0]) * f64::from(f[1])).sum();
    let (l, r) = (power(left(out)), power(out.iter().map(|f| f[1])));
    let correlation = cross / out.len() as f64 / (l * r).sqrt();
    assert!(correlation.abs() < 0.1, "correlation {correlation}");
    assert!((l / r - 1.0).abs() < 0.2, "sides {l} and {r}");

    // A constant goes in, nothing comes out in the end.
    let out =
        Bench::new(EffectSettings::default()).play(Bus::Reverb, &std::vec![1.0; seconds(6.0)]);
    let late = &out[seconds(5.0)..];
    assert!(late.iter().flatten().all(|x| x.abs() < 1e-4));
}

#[test]
fn silence_after_the_tail_is_exact_and_free() {
    for bus in [Bus::Reverb, Bus::Chorus] {
        let mut bench = Bench::new(EffectSettings::default());
        bench.settings.chorus = Chorus::gm2(4);
        let out = bench.play(bus, &padded(noise(seconds(0.2)), seconds(8.0)));
        assert!(bench.unit.is_asleep());
        let last = out.iter().rposition(|f| *f != [0.0; 2]).unwrap();
        assert!(last < seconds(7.0));
        // What is heard at the end is below -100 dB, and on the way there nothing is cut off.
        let cut = &out[last - seconds(0.05)..];
        assert!(cut.iter().flatten().all(|x| x.abs() < QUIET));
        // Nothing is left inside: the same again gives what a fresh unit gives.
        bench.position = bench.position.next_multiple_of(1 << 40);
        let mut fresh = Bench::new(bench.settings);
        fresh.position = bench.position;
        let again = noise(seconds(0.5));
        assert!(bench.play(bus, &again) == fresh.play(bus, &again));
    }
}

#[test]
fn nothing_in_is_nothing_out() {
    let mut bench = Bench::new(EffectSettings::default());
    let out = bench.play(Bus::Reverb, &[0.0; 1000]);
    assert!(bench.unit.is_asleep());
    assert!(out.iter().all(|f| *f == [0.0; 2]));
}

#[test]
fn any_partition_gives_the_same_bits() {
    let mut settings = with_chorus(Chorus::gm2(5));
    settings.chorus.to_reverb = 0.5;
    let mut input = std::vec![0.0; 45];
    input.extend(noise(3000));
    let input = padded(input, seconds(7.0));
    for bus in [Bus::Reverb, Bus::Chorus] {
        let whole = Bench::new(settings).play(bus, &input);
        for vectors in [Vectors::default(), Vectors::best()] {
            for piece in [1, 7, 19, 32] {
                let mut bench = Bench::new(settings);
                bench.vectors = vectors;
                assert!(whole == bench.play_in(bus, &input, piece));
            }
        }
    }
}

#[test]
fn extremes_stay_bounded() {
    let frames = 1_000_000;
    let input: Vec<f32> = noise(frames).iter().map(|x| x.signum()).collect();
    let mut settings = EffectSettings::default();
    settings.reverb.time = f32::INFINITY;
    settings.reverb.high_ratio = 2.0;
    settings.reverb.level = 1.0;
    settings.chorus = Chorus {
        rate: 1e9,
        depth: 1e9,
        delay: -1.0,
        feedback: 5.0,
        to_reverb: 9.0,
        level: 1.0,
    };
    for bus in [Bus::Reverb, Bus::Chorus] {
        let out = Bench::new(settings).play(bus, &input);
        let highest = out.iter().flatten().fold(0.0f32, |m, x| m.max(x.abs()));
        assert!(out.iter().flatten().all(|x| x.is_finite()));
        assert!(highest < 100.0, "{highest}");
    }
}

#[test]
fn what_is_not_a_number_does_no_harm() {
    let poison = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        1e38,
        f32::MIN_POSITIVE / 4.0,
    ];
    let input = padded(poison.repeat(20), seconds(0.5));
    let nan = EffectSettings {
        on: Sends {
            reverb: true,
            chorus: true,
        },
        reverb: Reverb {
            room: Room::Plate,
            time: f32::NAN,
            high_ratio: f32::NAN,
            cutoff: f32::NAN,
            pre_delay: f32::NAN,
            level: f32::NAN,
        },
        chorus: Chorus {
            rate: f32::NAN,
            depth: f32::NAN,
            delay: f32::NAN,
            feedback: f32::NAN,
            to_reverb: f32::NAN,
            level: f32::NAN,
        },
        ..EffectSettings::default()
    };
    for settings in [EffectSettings::default(), nan] {
        for bus in [Bus::Reverb, Bus::Chorus] {
            let out = Bench::new(settings).play(bus, &input);
            assert!(out.iter().flatten().all(|x| x.is_finite() && x.abs() < 1e4));
        }
    }
}

#[test]
fn no_denormals() {
    // Bursts, with pauses in which everything inside falls as far as it may.
    let mut settings = EffectSettings::default();
    settings.reverb.time = 0.05;
    settings.chorus.to_reverb = 1.0;
    let input = padded(noise(100), seconds(0.4)).repeat(3);
    for bus in [Bus::Reverb, Bus::Chorus] {
        let out = Bench::new(settings).play(bus, &input);
        assert!(out.iter().flatten().all(|x| !x.is_subnormal()));
    }
}

#[test]
fn settings_may_change_while_it_sounds() {
    let tone: Vec<f32> = (0..seconds(0.25))
        .map(|i| (core::f32::consts::TAU * 220.0 * i as f32 / RATE as f32).sin())
        .collect();
    for bus in [Bus::Reverb, Bus::Chorus] {
        let mut bench = Bench::new(EffectSettings::default());
        let mut out = bench.play(bus, &tone);
        for kind in 0..6 {
            bench.settings.reverb = Reverb::gm2(if kind == 5 { 8 } else { kind });
            bench.settings.chorus = Chorus::gm2(kind);
            out.extend(bench.play(bus, &tone));
        }
        // A tone of 220 Hz moves by less than 3 % of its level per frame; a jump would be far more.
        let level = out.iter().flatten().fold(0.0f32, |m, x| m.max(x.abs()));
        let jump = out
            .windows(2)
            .map(|w| (w[1][0] - w[0][0]).abs())
            .fold(0.0f32, f32::max);
        assert!(jump < 0.1 * level, "{jump} of {level}");
    }
}

#[test]
fn an_unmodulated_chorus_is_a_delay() {
    let chorus = Chorus {
        rate: 0.0,
        depth: 0.0,
        delay: 0.010,
        feedback: 0.5,
        to_reverb: 0.0,
        level: 1.0,
    };
    let out = Bench::new(with_chorus(chorus)).play(Bus::Chorus, &padded(std::vec![1.0], 2000));
    for (frame, [left, right]) in out.iter().enumerate() {
        let expected = match frame {
            480 => chorus::WET,
            960 => 0.5 * chorus::WET,
            1440 => 0.25 * chorus::WET,
            1920 => 0.125 * chorus::WET,
            _ => 0.0,
        };
        assert!(
            (left - expected).abs() < 1e-6 && left == right,
            "{frame}: {left}"
        );
    }
}

#[test]
fn the_chorus_swings_as_far_as_its_depth() {
    let mut chorus = Chorus::gm2(2);
    chorus.feedback = 0.0;
    let mut bench = Bench::new(with_chorus(chorus));
    let (mut least, mut most) = (usize::MAX, 0);
    // An impulse every 60 ms for a turn of the modulation.
    for _ in 0..50 {
        let out = bench.play(Bus::Chorus, &padded(std::vec![1.0], seconds(0.06) - 1));
        let peak = (0..out.len())
            .max_by(|&a, &b| out[a][0].abs().total_cmp(&out[b][0].abs()))
            .unwrap();
        (least, most) = (least.min(peak), most.max(peak));
    }
    let near = |frames: usize, s: f32| (frames as f32 / RATE as f32 - s).abs() < 0.000_15;
    assert!(near(least, chorus.delay), "{least}");
    assert!(near(most, chorus.delay + chorus.depth), "{most}");
}

#[test]
fn the_chorus_sends_to_the_reverb() {
    let mut settings = with_chorus(Chorus::gm2(2));
    settings.chorus.to_reverb = 1.0;
    let input = padded(noise(seconds(0.1)), seconds(1.0));
    let sent = Bench::new(settings).play(Bus::Chorus, &input);
    settings.chorus.to_reverb = 0.0;
    let alone = Bench::new(settings).play(Bus::Chorus, &input);
    let late = seconds(0.5)..seconds(1.0);
    assert!(power(left(&alone[late.clone()])) < 1e-8);
    assert!(power(left(&sent[late])) > 1e-5);
}

#[test]
fn gm2_tables() {
    let near = |a: f32, b: f32| assert!((a - b).abs() < 0.02 * b, "{a} is not {b}");
    near(Reverb::gm2_time(40), 1.0);
    near(Reverb::gm2_time(64), 1.822);
    near(Reverb::gm2_time(127), 8.80);
    near(Chorus::gm2(0).rate, 0.366);
    near(Chorus::gm2(1).rate, 1.098);
    near(Chorus::gm2(2).depth, 0.006_25);
    near(Chorus::gm2(4).feedback, 0.488);
    near(Chorus::gm2(5).feedback, 0.855);
    assert_eq!(Reverb::default(), Reverb::gm2(4));
    assert_eq!(Chorus::default(), Chorus::gm2(2));
    assert_eq!(Reverb::xg(0, 0), None);
    assert_eq!(Reverb::xg(1, 0), Some(Reverb::gm2(4)));
    for (kind, variation, chorus) in [
        (0x41, 0, 0),
        (0x41, 1, 1),
        (0x41, 2, 2),
        (0x41, 8, 3),
        (0x43, 0, 5),
    ] {
        assert_eq!(Chorus::xg(kind, variation), Some(Chorus::gm2(chorus)));
    }
    // Celeste: the usual chorus with half its delay.
    let celeste = Chorus {
        delay: Chorus::gm2(2).delay / 2.0,
        ..Chorus::gm2(2)
    };
    assert_eq!(Chorus::xg(0x42, 0), Some(celeste));
    assert_eq!(Chorus::xg(0x40, 0), None);
}

#[test]
fn waves_parameters() {
    let waves = |in_gain, mix, milliseconds, high_ratio| Waves {
        in_gain,
        mix,
        milliseconds,
        high_ratio,
    };
    let mut reverb = Reverb::default();
    reverb.set_waves(&Waves::default());
    assert!((reverb.time - Reverb::default().time).abs() < 1e-6);
    assert_eq!((reverb.level, reverb.high_ratio), (1.0, 0.9));
    reverb.set_waves(&waves(0.0, -10.0, 1000.0, 0.5));
    assert!((reverb.level - 1.0).abs() < 1e-6);
    assert_eq!((reverb.time, reverb.high_ratio), (1.0, 0.5));
    reverb.set_waves(&waves(-6.0, -16.0, 9e9, 7.0));
    assert!((20.0 * reverb.level.log10() + 12.0).abs() < 0.01);
    assert!((reverb.time - 3.0).abs() < 1e-5 && reverb.high_ratio == 0.999);
    let before = reverb;
    reverb.set_waves(&waves(-6.0, -16.0, f32::NAN, 0.5));
    assert_eq!(reverb, before);
    assert_eq!(
        waves(1.0, f32::NEG_INFINITY, -1.0, 0.0).clamped(),
        Some(waves(0.0, -96.0, 0.001, 0.001))
    );
    assert_eq!(waves(f32::NAN, 0.0, 1.0, 0.5).clamped(), None);
}

#[test]
fn a_reset_goes_back_to_the_waves_parameters() {
    let mut settings = EffectSettings::default();
    settings.set_waves(&Waves {
        in_gain: 0.0,
        mix: -16.0,
        milliseconds: 700.0,
        high_ratio: 0.25,
    });
    let usual = settings.reverb;
    assert_eq!(usual.room, Reverb::default().room);
    assert!((usual.time - 0.7).abs() < 1e-6 && usual.high_ratio == 0.25);
    settings.reverb = Reverb::gs(0);
    settings.reset();
    assert_eq!(settings.reverb, usual);
}

#[test]
fn the_limiter_is_transparent_below_its_threshold() {
    let quiet: Vec<[f32; 2]> = noise(10_000).iter().map(|x| [x * 0.89, x * -0.5]).collect();
    let mut out = quiet.clone();
    Limiter::new(RATE).process(&mut out);
    assert!(out == quiet);
}

#[test]
fn the_limiter_holds_full_scale_and_recovers() {
    let mut limiter = Limiter::new(RATE);
    let mut loud: Vec<[f32; 2]> = noise(20_000).iter().map(|x| [x * 50.0, x * 3.0]).collect();
    loud.extend([[f32::NAN, f32::INFINITY], [f32::MAX, f32::MIN]]);
    let mut pieces = loud.clone();
    limiter.process(&mut loud);
    assert!(loud.iter().flatten().all(|x| x.abs() <= 1.0));
    let mut other = Limiter::new(RATE);
    pieces.chunks_mut(7).for_each(|piece| other.process(piece));
    assert!(pieces == loud);
    // Even after the highest peak that counts it lets go within two seconds.
    limiter.process(&mut std::vec![[0.5; 2]; 2 * RATE as usize]);
    let mut frame = [[0.5; 2]];
    limiter.process(&mut frame);
    assert_eq!(frame, [[0.5; 2]]);
}

/// Both channels by the same gain, whichever is the louder one.
#[test]
fn the_limiter_keeps_the_balance() {
    for frame in [[0.5, 1.5], [1.5, 0.5], [-0.2, 3.0]] {
        let mut out = [frame];
        Limiter::new(RATE).process(&mut out);
        let [left, right] = out[0];
        assert!(left.abs().max(right.abs()) < 1.0);
        assert!((left / frame[0] - right / frame[1]).abs() < 1e-6, "{out:?}");
    }
}

#[test]
fn the_limiter_bends_and_does_not_break() {
    // Steady levels: monotonous, and one dB at the threshold stays nearly one dB.
    let level = |x: f32| {
        let mut block = [[x; 2]; 64];
        Limiter::new(RATE).process(&mut block);
        block[63][0]
    };
    let mut last = 0.0;
    for step in 0..400 {
        let x = 0.5 + step as f32 * 0.01;
        assert!(level(x) >= last && level(x) <= 1.0);
        last = level(x);
    }
    assert_eq!(level(0.89), 0.89);
    assert!((level(0.90) - 0.90).abs() < 0.001);
}

/// Level in dB at a frequency after the first of two settings against the second.
fn reverb_against(first: Reverb, second: Reverb, hertz: f32, rate: u32) -> f64 {
    let level = |reverb| {
        let mut bench = Bench::new(with_reverb(reverb));
        bench.rate = rate;
        let out = bench.play(Bus::Reverb, &padded(std::vec![1.0], rate as usize));
        10.0 * power(narrow(left(&out), hertz * RATE as f32 / rate as f32).into_iter()).log10()
    };
    level(first) - level(second)
}

/// Before the reverb lies a low-pass of one pole: 3 dB less at its cutoff, and 6 dB per octave beyond.
#[test]
fn the_cutoff_is_that_of_one_pole() {
    for cutoff in [500.0, 1000.0, 3000.0] {
        for hertz in [500.0, 1000.0, 3000.0, 6000.0f32] {
            let cut = Reverb {
                cutoff,
                ..Reverb::default()
            };
            let lost = reverb_against(cut, Reverb::default(), hertz, RATE);
            let pole = (-core::f64::consts::TAU * f64::from(cutoff) / f64::from(RATE)).exp();
            let (sin, cos) =
                (core::f64::consts::TAU * f64::from(hertz) / f64::from(RATE)).sin_cos();
            let (re, im) = (1.0 - pole * cos, pole * sin);
            let expected = 20.0 * ((1.0 - pole) / re.hypot(im)).log10();
            assert!(
                (lost - expected).abs() < 0.5,
                "{cutoff} at {hertz}: {lost}, not {expected}"
            );
        }
    }
}

/// At 5 kHz the tail is as much shorter as its ratio says.
#[test]
fn high_frequencies_go_by_their_ratio() {
    for (time, ratio) in [(1.8, 0.3), (1.8, 0.5), (3.0, 0.7)] {
        let mut reverb = Reverb::gm2(4);
        (reverb.time, reverb.high_ratio) = (time, ratio);
        let out = Bench::new(with_reverb(reverb)).play(Bus::Reverb, &impulse(time));
        let high = reverb_time(&narrow(left(&out), 5000.0));
        let part = high / (time * ratio);
        assert!((part - 1.0).abs() < 0.12, "{ratio} of {time} s: {high} s");
    }
}

/// There is none below 100 Hz, and from three tenths of the rate on none at all.
#[test]
fn the_cutoff_has_bounds() {
    let played = |cutoff| {
        let reverb = Reverb {
            cutoff,
            ..Reverb::default()
        };
        Bench::new(with_reverb(reverb)).play(Bus::Reverb, &impulse(0.2))
    };
    let lowest = played(100.0);
    assert!(played(1.0) == lowest && played(-5.0) == lowest && played(110.0) != lowest);
    let none = played(f32::INFINITY);
    let bound = 0.3 * RATE as f32;
    assert!(played(bound) == none && played(20_000.0) == none && played(bound - 1.0) != none);
}

/// What was cleared is forgotten, in every part: what follows sounds as from a fresh unit.
#[test]
fn what_was_cleared_is_forgotten() {
    let mut settings = with_chorus(Chorus::gm2(4));
    settings.reverb.pre_delay = 0.05;
    settings.chorus.to_reverb = 0.5;
    for bus in [Bus::Reverb, Bus::Chorus] {
        let mut bench = Bench::new(settings);
        bench.play(bus, &noise(seconds(0.5)));
        bench.unit.clear();
        assert!(bench.unit.is_asleep());
        let mut fresh = Bench::new(settings);
        fresh.position = bench.position;
        let next = impulse(0.5);
        assert!(bench.play(bus, &next) == fresh.play(bus, &next));
    }
}

/// After a change of the room while it sounds it is as loud, and as long, as one that had it from the beginning.
#[test]
fn a_change_of_the_room_ends() {
    for (from, to) in [(4, 0), (0, 4), (8, 2)] {
        let mut bench = Bench::new(with_reverb(Reverb::gm2(from)));
        let mut other = Bench::new(with_reverb(Reverb::gm2(to)));
        let sound = noise(seconds(1.0));
        bench.play(Bus::Reverb, &sound);
        bench.settings.reverb = Reverb::gm2(to);
        other.play(Bus::Reverb, &sound);
        for _ in 0..2 {
            bench.play(Bus::Reverb, &sound);
            other.play(Bus::Reverb, &sound);
        }
        let end = padded(sound, seconds(1.0));
        let levels = [&mut bench, &mut other].map(|bench| {
            let out = bench.play(Bus::Reverb, &end);
            [0.5..1.0, 1.3..1.6].map(|part| {
                let part = seconds(part.start)..seconds(part.end);
                10.0 * power(left(&out[part])).log10()
            })
        });
        for (a, b) in levels[0].iter().zip(levels[1]) {
            assert!((a - b).abs() < 1.5, "{from} to {to}: {levels:?}");
        }
    }
}

/// As long as something comes in, however quiet, an effect is awake; it sleeps when all has passed.
#[test]
fn quiet_sound_keeps_an_effect_awake() {
    for bus in [Bus::Reverb, Bus::Chorus] {
        let mut bench = Bench::new(EffectSettings::default());
        // Above what counts as nothing, far below what is heard.
        let quiet: Vec<f32> = noise(seconds(1.0))
            .iter()
            .map(|x| 2e-6 * x.signum())
            .collect();
        for second in 0..8 {
            let out = bench.play(bus, &quiet);
            assert!(!bench.unit.is_asleep(), "{second}");
            assert!(
                second == 0 || out.iter().all(|frame| *frame != [0.0; 2]),
                "{second}"
            );
        }
    }
}

/// Cost per frame; `cargo test --release -p arioso-core effects_cost -- --ignored --nocapture`.
#[test]
#[ignore]
fn effects_cost() {
    let input = noise(RATE as usize);
    let all = [Vectors::default(), Vectors::best()];
    let all = all.map(|vectors| {
        [
            ("reverb", Bus::Reverb, vectors),
            ("chorus", Bus::Chorus, vectors),
        ]
    });
    for (name, bus, vectors) in all.into_iter().flatten() {
        let mut best = f64::MAX;
        let mut bench = Bench::new(EffectSettings::default());
        bench.vectors = vectors;
        bench.rate = 44_100;
        for _ in 0..20 {
            let start = std::time::Instant::now();
            for _ in 0..2000 {
                let on = |which| (bus == which).then_some(&input[..EFFECT_TICK as usize]);
                let wet = bench.unit.process(
                    bench.vectors,
                    &bench.settings,
                    bench.rate,
                    bench.position,
                    32,
                    [on(Bus::Reverb), on(Bus::Chorus)],
                );
                std::hint::black_box(wet);
                bench.position += 32;
            }
            best = best.min(start.elapsed().as_secs_f64() / (2000.0 * 32.0));
        }
        std::println!("{name}: {:.1} ns per frame, {vectors:?}", best * 1e9);
    }
}
