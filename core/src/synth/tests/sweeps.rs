// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filters whose cutoff and resonance move: whatever moves them, and however fast, nothing grows.

use super::super::filter::{FilterTable, OPEN, rescaling, sweep};
use super::super::tick::TICK;
use super::*;

/// Full-scale square waves of several lengths, and noise.
fn rich() -> Vec<i16> {
    let mut random = Random(1);
    let squares = [16, 50, 120, 300].into_iter().flat_map(|half| {
        (0..6 * half).map(move |i| if i / half % 2 == 0 { 32767 } else { -32767 })
    });
    let noise = (0..4000).map(|_| random.next() as i16);
    squares.chain(noise).collect()
}

struct Setting {
    rate: u32,
    lfo: f64,
    depth: f64,
    centre: f64,
    resonance: f64,
}

/// Plays one place of the grid after the other; an engine's tables take longer to build than five seconds of a voice.
struct Bench {
    synth: Synth,
    /// The wave, for each output rate.
    waves: Vec<(u32, Shared<Wave>)>,
    out: Vec<[f32; 2]>,
}

impl Bench {
    fn new(rates: &[u32]) -> Self {
        let frames = rich();
        let settings = Settings {
            voices: 1,
            rate: RATE,
            synths: 1,
        };
        Self {
            synth: Synth::new(&settings).unwrap(),
            waves: rates
                .iter()
                .map(|&rate| (rate, wave(rate, &frames)))
                .collect(),
            out: Vec::new(),
        }
    }

    /// The highest level behind the filter in some seconds, as a part of full scale.
    fn loudest(&mut self, setting: &Setting, seconds: u32) -> f32 {
        let changes = [
            set(Destination::FilterCutoff, cents(setting.centre)),
            set(Destination::FilterQ, decibel(setting.resonance)),
            set(
                Destination::LfoFrequency,
                cents(6900.0 + 1200.0 * (setting.lfo / 440.0).log2()),
            ),
            set(Destination::LfoDelay, i32::MIN),
            connect(
                (Source::Lfo, BIPOLAR),
                Source::None,
                Destination::FilterCutoff,
                cents(setting.depth),
            ),
        ];
        let rate = setting.rate;
        let (_, wave) = self.waves.iter().find(|(of, _)| *of == rate).unwrap();
        let sample = looped(0, wave.frames().len() as u32);
        let regions = std::vec![region(wave, sample, &articulation(&changes))];
        let synth = &mut self.synth;
        synth.renew(rate);
        let mut port = port_with(regions);
        port.set_interpolation(Interpolation::Linear);
        assert!(synth.attach(SYNTH, port).is_none());
        send(synth, &[0xB0, 7, 127]);
        send(synth, &[0x90, 60, 127]);
        self.out.resize(rate as usize / 4, [0.0; 2]);
        for _ in 0..4 * seconds {
            synth.render(&mut self.out);
        }
        assert_eq!(synth.voices(), 1);
        // Before the limiter.
        let peak = synth.virtual_synth_mut(SYNTH).unwrap().take_peak() / FULL;
        drop(synth.detach(SYNTH));
        synth.drop_all();
        while synth.take_retired().is_some() {}
        peak
    }
}

/// LFO rate × depth × resonance × centre × output rate. `stride` 1 is the whole grid. Gives the places and the highest level.
fn grid(stride: usize, seconds: u32) -> (usize, f32) {
    let lfos = [
        0.5, 1.0, 2.0, 3.5, 5.0, 7.0, 10.0, 14.0, 20.0, 28.0, 36.0, 50.0, 75.0, 110.0, 160.0,
        250.0, 400.0, 700.0, 1046.0,
    ];
    let depths = [300.0, 1200.0, 2400.0, 4800.0, 7200.0, 12_000.0];
    let resonances = [0.0, 7.5, 15.0, 22.5];
    let centres = [3000.0, 5000.0, 7000.0, 9000.0, 11_000.0, 12_500.0, 13_500.0];
    let rates = [8_000, 22_050, 48_000];
    let mut bench = Bench::new(&rates);
    let (mut count, mut played, mut most) = (0, 0, 0.0f32);
    for rate in rates {
        let mut highest = 0.0f32;
        for lfo in lfos {
            for depth in depths {
                for resonance in resonances {
                    for centre in centres {
                        count += 1;
                        if count % stride != 0 {
                            continue;
                        }
                        played += 1;
                        let setting = Setting {
                            rate,
                            lfo,
                            depth,
                            centre,
                            resonance,
                        };
                        let level = bench.loudest(&setting, seconds);
                        assert!(
                            level > 0.0 && level < 8.0,
                            "{level} at {rate} Hz: LFO of {lfo} Hz, {depth} cents about {centre}, {resonance} dB"
                        );
                        highest = highest.max(level);
                    }
                }
            }
        }
        std::println!("{rate} Hz: up to {highest} × full scale");
        most = most.max(highest);
    }
    (played, most)
}

/// Every fifth place of the grid.
#[test]
fn a_filter_is_not_pumped_by_its_lfo() {
    grid(5, 5);
}

/// All 9,576; `cargo test --release -p arioso-core whole_grid -- --ignored --nocapture`.
#[test]
#[ignore]
fn the_whole_grid_of_sweeps() {
    let (places, most) = grid(1, 5);
    assert_eq!(places, 9576);
    std::println!("{places} places: up to {most} × full scale");
}

/// By MIDI alone: brightness, resonance, LFO rate, and the LFO on the cutoff by channel pressure (GM2's controller destination).
#[test]
fn messages_alone_do_not_pump_a_filter() {
    let frames = rich();
    for rate in [8_000, 22_050, 48_000] {
        for brightness in [0, 20, 40, 64] {
            let fast = [set(Destination::LfoFrequency, cents(3000.0))];
            let mut synth = synth_with(
                1,
                rate,
                std::vec![region(
                    &wave(rate, &frames),
                    looped(0, frames.len() as u32),
                    &articulation(&fast)
                )],
            );
            for message in [
                &[0xB0, 71, 127][..],
                &[0xB0, 74, brightness],
                &[0xB0, 76, 127],
                &[0xF0, 0x7F, 0x7F, 9, 1, 0, 4, 127, 0xF7],
                &[0xD0, 127],
                &[0x90, 60, 127],
            ] {
                send(&mut synth, message);
            }
            let mut out = std::vec![[0.0; 2]; rate as usize];
            for _ in 0..4 {
                synth.render(&mut out);
            }
            let peak = synth.virtual_synth_mut(SYNTH).unwrap().take_peak() / FULL;
            assert!(peak < 8.0, "{peak} at {rate} Hz, brightness {brightness}");
        }
    }
}

/// An adversary who sees the state, and at each tick chooses the cutoff and the resonance that leave most in the filter.
#[test]
fn no_choice_of_cutoffs_lets_a_filter_grow() {
    let table = FilterTable::new().unwrap();
    let mut random = Random(11);
    let mut most = 0.0f64;
    for run in 0..24u64 {
        let free = run % 2 == 0;
        let mut at = OPEN - 10.0 * (random.below(1000) as f32) / 1000.0;
        let mut resonance = [7.5, 15.0, 22.5][(run % 3) as usize];
        let mut now = table.at(at, resonance);
        let (mut y, mut d) = (1.0f32, 0.0f32);
        // Growth since the lowest point, as a logarithm.
        let mut grown = 0.0f64;
        for _ in 0..400 {
            let energy =
                |y: f32, d: f32, e: f32| f64::from(y).powi(2) + f64::from(d).powi(2) / f64::from(e);
            let mut best = (0.0, 0.0, 0.0, at, resonance, now);
            for step in -4..=4 {
                for other in [0.0, 11.25, 22.5] {
                    let q = if free { other } else { resonance };
                    let wanted = (at + step as f32).clamp(-11.0, OPEN);
                    let place = sweep(at, at + (wanted - at) * 0.25);
                    let goal = table.at(place, q);
                    let factor = rescaling(now.e, goal.e, TICK);
                    let (mut e, mut b2) = (now.e, now.b2 * factor);
                    let share = 1.0 / TICK as f32;
                    let steps = ((goal.e - e) * share, (goal.b2 * factor - b2) * share);
                    let (mut a, mut b) = (y, d);
                    for _ in 0..TICK {
                        b = b2 * b - e * a;
                        a += b;
                        (e, b2) = (e + steps.0, b2 + steps.1);
                    }
                    let left = energy(a, b, goal.e);
                    if left > best.0 {
                        best = (left, a, b, place, q, goal);
                    }
                }
            }
            let before = energy(y, d, now.e);
            grown = (grown + 0.5 * (best.0 / before).ln()).max(0.0);
            most = most.max(grown);
            let scale = (1.0 / best.0.sqrt()) as f32;
            (y, d) = (best.1 * scale, best.2 * scale);
            (at, resonance, now) = (best.3, best.4, best.5);
        }
    }
    assert!(most.exp() < 1.1, "it grew by a factor of {}", most.exp());
}

/// A state that is out of bounds, or no number, is back at rest at the next tick, and other voices go on meanwhile.
#[test]
fn a_state_that_is_not_a_number_is_gone_at_the_next_tick() {
    for bad in [f32::NAN, f32::INFINITY, f32::MIN, 1e12] {
        let moving = [
            set(Destination::FilterCutoff, cents(9000.0)),
            connect(
                (Source::Lfo, BIPOLAR),
                Source::None,
                Destination::FilterCutoff,
                cents(100.0),
            ),
        ];
        let mut synth = dc_synth(&moving);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 4800);
        synth.pool.tone_mut(0).unwrap().spoil(bad);
        let out = render(&mut synth, 4800);
        assert!(
            out.iter()
                .flatten()
                .all(|x| x.is_finite() && x.abs() <= 1.0)
        );
        near(out[4799][0] / FULL, 1.0, 0.1);
        // The limiter has let go.
        near(out[4799][1], out[4799][0], 1e-6);
    }
}

/// The response to the full swing of a controller arrives, an octave per tick.
#[test]
fn a_cutoff_that_jumps_arrives() {
    let frames: Vec<i16> = (0..48)
        .map(|i| (8000.0 * (core::f64::consts::TAU * f64::from(i) / 12.0).sin()) as i16)
        .collect();
    let level = |synth: &mut Synth| {
        let out = render(synth, 480);
        out.iter().map(|f| f[0] * f[0]).sum::<f32>().sqrt()
    };
    let start = |value: u8| {
        let mut synth = synth(std::vec![region(
            &wave(RATE, &frames),
            looped(0, 48),
            &articulation(&[set(Destination::FilterCutoff, cents(9000.0))])
        )]);
        send(&mut synth, &[0xB0, 74, value]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 4800);
        synth
    };
    let wanted = level(&mut start(127));
    let mut swept = start(0);
    send(&mut swept, &[0xB0, 74, 127]);
    render(&mut swept, 20 * TICK as usize);
    render(&mut swept, 480);
    near(level(&mut swept) / wanted, 1.0, 0.01);
}
