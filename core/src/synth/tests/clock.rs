// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sample clock against a device with a known rate.

use super::*;

fn exact(time: i64, rate: u32) -> i64 {
    (i128::from(time) * i128::from(rate)).div_euclid(10_000_000) as i64
}

#[test]
fn no_drift_means_no_error_ever() {
    for rate in [11_025u32, 22_050, 44_100, 48_000, 96_000] {
        let (origin, first) = (987_654_321_987_654i64, 12_345i64);
        let mut clock = SampleClock::new(rate);
        clock.start(origin, first);
        let mut random = Random(u64::from(rate));
        let mut now = 0i64;
        for _ in 0..20_000 {
            now += 190_000 + random.below(20_000) as i64;
            clock.sync(origin + now, first + exact(now, rate));
            clock.commit(first + exact(now, rate) + 960);
            let stamp = now + random.below(10_000_000) as i64 - 5_000_000;
            assert_eq!(
                clock.ref_to_frame(origin + stamp),
                first + exact(stamp, rate)
            );
        }
        // A hundred years on.
        let far = 31_557_600_000_000_000i64;
        assert_eq!(clock.ref_to_frame(origin + far), first + exact(far, rate));
    }
}

#[test]
fn frame_to_ref_is_the_first_time_of_a_frame() {
    let mut clock = SampleClock::new(44_100);
    clock.start(555, -77);
    for frame in (-1000..200_000).step_by(37) {
        let time = clock.frame_to_ref(frame);
        assert_eq!(clock.ref_to_frame(time), frame);
        assert_eq!(clock.ref_to_frame(time - 1), frame - 1);
    }
}

/// Runs a drifting device; returns the worst error in frames after the settling time.
fn follow(ppm: f64, rate: u32, jitter: i64, settle: i64, lead: i64) -> i64 {
    let mut clock = SampleClock::new(rate);
    clock.start(0, 0);
    let true_rate = f64::from(rate) * (1.0 + ppm * 1e-6);
    let device = |time: i64| (time as f64 * true_rate / 1e7).floor() as i64;
    let mut random = Random(5);
    let mut worst = 0;
    let mut last = i64::MIN;
    let mut history: Vec<(i64, i64)> = Vec::new();
    for step in 1..3000i64 {
        let now = step * 200_000;
        let wobble = if jitter == 0 {
            0
        } else {
            random.below(2 * jitter as u64) as i64 - jitter
        };
        clock.sync(now, device(now + wobble));
        // Stamps that lie in the past do not move.
        for (time, frame) in &history {
            assert_eq!(clock.ref_to_frame(*time), *frame);
        }
        let rendered = device(now) + lead;
        clock.commit(rendered);
        history.clear();
        let end = clock.frame_to_ref(rendered);
        for stamp in (end - 190_000..end).step_by(9_973) {
            let frame = clock.ref_to_frame(stamp);
            history.push((stamp, frame));
            if now > settle {
                worst = worst.max((frame - device(stamp)).abs());
            }
        }
        let frame = clock.ref_to_frame(now);
        assert!(frame >= last, "it went back");
        last = frame;
    }
    worst
}

#[test]
fn drift_is_followed_within_a_frame() {
    for ppm in [-200.0f64, -123.4, -20.0, 50.0, 200.0] {
        for rate in [44_100, 48_000, 96_000] {
            for lead in [0, 480, 960] {
                // A drift shows once it amounts to a frame; from then on two seconds.
                let first_sign = 1e13 / (ppm.abs() * f64::from(rate));
                let worst = follow(ppm, rate, 0, first_sign as i64 + 20_000_000, lead);
                assert!(worst <= 1, "{ppm} {rate} {lead}: {worst}");
            }
        }
    }
}

/// Reports at a steady cadence show a small drift only when it amounts to a whole frame: the correction then is late by a little.
#[test]
fn a_tiny_drift_stays_within_two_frames() {
    for ppm in [-5.0, -1.0, 0.5, 3.0, 10.0] {
        let worst = follow(ppm, 44_100, 0, 0, 960);
        assert!(worst <= 2, "{ppm}: {worst}");
    }
}

#[test]
fn jitter_is_smoothed() {
    // ±1 ms of jitter is ±48 frames; the clock stays within a quarter of that.
    let worst = follow(100.0, 48_000, 10_000, 100_000_000, 960);
    assert!(worst <= 14, "{worst}");
}

#[test]
fn a_jump_of_the_device_is_followed_at_once() {
    let mut clock = SampleClock::new(48_000);
    clock.start(0, 0);
    clock.commit(4800);
    let before: Vec<i64> = (0..100).map(|i| clock.ref_to_frame(i * 10_000)).collect();
    clock.sync(1_000_000, 100_000);
    assert!(
        before
            .iter()
            .zip(0..)
            .all(|(f, i)| *f == clock.ref_to_frame(i * 10_000))
    );
    assert_eq!(clock.ref_to_frame(1_100_000), 100_480);
}

#[test]
fn extremes_do_not_overflow() {
    let mut clock = SampleClock::new(96_000);
    for (time, frame) in [
        (i64::MAX, i64::MAX),
        (i64::MIN, i64::MIN),
        (0, i64::MAX),
        (i64::MAX, 0),
        (i64::MIN, i64::MAX),
    ] {
        clock.start(time, frame);
        for t in [i64::MIN, -1, 0, 1, i64::MAX] {
            clock.ref_to_frame(t);
            clock.frame_to_ref(t);
            clock.sync(t, frame);
            clock.commit(t);
            clock.sync(t, t);
        }
    }
}

#[test]
fn a_device_that_stood_still_is_followed_when_it_goes_on() {
    let mut clock = SampleClock::new(48_000);
    clock.start(0, 0);
    clock.commit(4800);
    // Two hours in steps of 20 ms at frame 2400, then on.
    let mut time = 500_000;
    for _ in 0..360_000 {
        time += 200_000;
        clock.sync(time, 2400);
    }
    for step in 1..100 {
        clock.sync(time + step * 200_000, 2400 + step * 960);
    }
    let now = time + 99 * 200_000;
    let ahead = clock.ref_to_frame(now + 5_000_000) - (2400 + 99 * 960);
    assert!((ahead - 24_000).abs() <= 1, "{ahead}");
}

/// Device positions minus the clock's, every millisecond, when the device has been `ahead` frames further than thought from time 0 on.
fn made_up(ahead: i64, rate: u32, milliseconds: i64) -> Vec<i64> {
    let mut clock = SampleClock::new(rate);
    clock.start(0, 0);
    (1..=milliseconds)
        .map(|ms| {
            let now = ms * 10_000;
            let device = exact(now, rate) + ahead;
            let error = device - clock.ref_to_frame(now);
            clock.sync(now, device);
            error
        })
        .collect()
}

/// What is more than a few frames is made up by a critically damped loop of a second: e(t) = e₀ (1 - t) exp(-t), either way.
#[test]
fn an_error_fades_as_that_of_a_damped_loop() {
    for (ahead, rate) in [(100, 48_000), (-100, 48_000), (200, 96_000), (-90, 44_100)] {
        let errors = made_up(ahead, rate, 800);
        for (error, ms) in errors.iter().zip(1..) {
            let t = f64::from(ms) * 1e-3;
            let expected = ahead as f64 * (1.0 - t) * (-t).exp();
            let off = (*error as f64 - expected).abs();
            assert!(
                off <= 2.5,
                "{ahead} {rate}: {error} after {ms} ms, not {expected}"
            );
        }
    }
}

/// However large the error is, time bends by no more than half a percent; from 100 ms on it does not bend but jumps.
#[test]
fn a_large_error_is_made_up_at_half_a_percent() {
    for ahead in [2000, -2000, 4800, -4800] {
        let errors = made_up(ahead, 48_000, 1000);
        for (error, ms) in errors.iter().zip(1..) {
            let expected = ahead as f64 - ahead.signum() as f64 * 0.24 * f64::from(ms);
            let off = (*error as f64 - expected).abs();
            assert!(off <= 2.5, "{error} after {ms} ms, not {expected}");
        }
    }
    for ahead in [4900, -4900] {
        let errors = made_up(ahead, 48_000, 50);
        assert_eq!(errors[0], ahead);
        assert!(
            errors[1..].iter().all(|error| error.abs() <= 1),
            "{errors:?}"
        );
    }
}

/// What a single report teaches: of an error of s seconds, after `elapsed` seconds of which a tenth at most counts, the clock slews by 2bs
/// and believes in a drift of b²s · elapsed; b is 8 up to four frames, 1 beyond. After a start as after a jump ahead.
#[test]
fn a_report_teaches_by_its_age() {
    const RATE: u32 = 48_000;
    const FAR: i64 = 700_000_000_000_000;
    for jump in [0, 20_000] {
        for (elapsed, counts) in [(200_000, 0.02), (900_000, 0.09), (600_000_000, 0.1)] {
            for (ahead, bandwidth) in [(1, 8.0), (4, 8.0), (5, 1.0), (96, 1.0), (110, 1.0)] {
                let mut clock = SampleClock::new(RATE);
                clock.start(FAR, 77);
                let (mut now, mut first) = (FAR, 77);
                if jump != 0 {
                    now += 100_000_000;
                    first += exact(now - FAR, RATE) + jump;
                    clock.sync(now, first);
                }
                clock.sync(now + elapsed, first + exact(elapsed, RATE) + ahead);
                let seconds = ahead as f64 / f64::from(RATE);
                let slew = 2.0 * bandwidth * seconds + bandwidth * bandwidth * seconds * counts;
                let later = elapsed + 100_000_000;
                let gained = clock.ref_to_frame(now + later) - first - exact(later, RATE);
                let expected = slew * 10.0 * f64::from(RATE);
                let off = (gained as f64 - expected).abs();
                assert!(
                    off <= 2.0,
                    "{jump} {elapsed} {ahead}: {gained}, not {expected}"
                );
            }
        }
    }
}

/// What has been committed stays where it was, whatever is committed later and whatever the device says.
#[test]
fn a_commitment_is_kept() {
    for report in [50, -50, 6000] {
        let mut clock = SampleClock::new(48_000);
        clock.start(0, 0);
        clock.commit(4800);
        clock.commit(100);
        clock.sync(100_000, 480 + report);
        for time in (0..1_000_000).step_by(9_973) {
            assert_eq!(clock.ref_to_frame(time), exact(time, 48_000), "{report}");
        }
        assert_ne!(clock.ref_to_frame(60_000_000), exact(60_000_000, 48_000));
    }
}

/// The drift that has been learnt outlasts a jump: back, or ahead.
#[test]
fn a_jump_keeps_the_drift() {
    for jump in [-20_000, 20_000] {
        let mut clock = SampleClock::new(48_000);
        clock.start(0, 0);
        let device = |now: i64| (now as f64 * 48_000.0 * 1.0002 / 1e7).floor() as i64;
        let mut now = 0;
        for _ in 0..3000 {
            now += 200_000;
            clock.sync(now, device(now));
        }
        clock.sync(now + 1, device(now + 1) + jump);
        // Ahead without another report. 200 millionths of ten seconds are 96 frames.
        let later = now + 100_000_000;
        if jump < 0 {
            clock.sync(now + 200_000, device(now + 200_000) + jump);
        }
        let off = clock.ref_to_frame(later) - (device(later) + jump);
        assert!(off.abs() <= 8, "{jump}: {off}");
    }
}
