// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events at their frames, whatever the blocks.

use super::super::sequencer::{Events, Source as Queue, run};
use super::*;
use std::collections::VecDeque;

struct List {
    events: VecDeque<(i64, Vec<u8>)>,
    /// Lateness of each that has been taken, 100 ns.
    taken: Vec<i64>,
}

impl List {
    fn new(events: VecDeque<(i64, Vec<u8>)>) -> Self {
        Self {
            events,
            taken: Vec::new(),
        }
    }

    fn is_on_time(&self) -> bool {
        self.taken.iter().all(|late| *late == 0)
    }
}

impl Events for List {
    fn peek_time(&self) -> Option<i64> {
        self.events.front().map(|event| event.0)
    }

    fn pop(&mut self, late: i64, take: &mut dyn FnMut(u16, &[u8])) {
        self.taken.push(late);
        if let Some((_, message)) = self.events.pop_front() {
            take(1, &message);
        }
    }
}

/// Controllers of the busy song.
const BUSY: [u8; 29] = [
    1, 5, 6, 7, 8, 10, 11, 64, 65, 66, 67, 68, 71, 72, 73, 74, 75, 76, 77, 78, 84, 98, 99, 100,
    101, 121, 123, 126, 127,
];

/// A busy minute's worth of everything, squeezed into a second.
pub(super) fn busy(seed: u64) -> VecDeque<(i64, Vec<u8>)> {
    let mut random = Random(seed);
    let mut events: Vec<(i64, Vec<u8>)> = (0..400)
        .map(|_| {
            let channel = random.below(16) as u8;
            let (a, b) = (random.below(128) as u8, random.below(128) as u8);
            let message = match random.below(9) {
                0..=3 => std::vec![0x90 | channel, a, b],
                4 => std::vec![0x80 | channel, a, b],
                5 => std::vec![0xE0 | channel, a, b],
                6 => std::vec![0xB0 | channel, BUSY[usize::from(a) % BUSY.len()], b],
                // Pressure fades, portamento control, balance, active sensing.
                7 => match a % 4 {
                    0 => std::vec![0xF0, 0x7F, 0x7F, 9, 1, channel, 2, b, 0xF7],
                    1 => std::vec![0xB0 | channel, 84, b],
                    2 => std::vec![0xF0, 0x7F, 0x7F, 4, 2, 0, b, 0xF7],
                    _ => std::vec![0xFE],
                },
                _ => std::vec![0xD0 | channel, a],
            };
            (random.below(10_000_000) as i64, message)
        })
        .collect();
    events.sort_by_key(|event| event.0);
    events.into()
}

pub(super) fn rich() -> Synth {
    let (dc_wave, info) = dc();
    let frames: Vec<i16> = (0..3000)
        .map(|i| ((i * 7919) % 60_000 - 30_000) as i16)
        .collect();
    let moving = articulation(&[
        connect(
            (Source::Vibrato, BIPOLAR),
            Source::None,
            Destination::Pitch,
            cents(30.0),
        ),
        connect(
            (Source::Lfo, BIPOLAR),
            Source::Controller(1),
            Destination::Gain,
            decibel(6.0),
        ),
        connect(
            (Source::Lfo, BIPOLAR),
            Source::None,
            Destination::FilterCutoff,
            cents(1200.0),
        ),
        set(Destination::FilterCutoff, cents(7500.0)),
        set(Destination::FilterQ, decibel(9.0)),
        set(Destination::Eg1Attack, seconds(0.02)),
        set(Destination::Eg1Decay, seconds(0.3)),
        set(Destination::Eg1Sustain, permille(700.0)),
        set(Destination::Eg1Release, seconds(0.2)),
    ]);
    let noisy = wave(22_050, &frames);
    let mut one_shot = region(&noisy, PLAIN, &articulation(&[]));
    one_shot.keys = (0, 50);
    let mut sung = region(&noisy, looped(500, 1777), &moving);
    sung.keys = (40, 127);
    let mut soft = region(&dc_wave, info, &articulation(&[]));
    soft.velocities = (0, 60);
    synth_with(20, 44_100, std::vec![one_shot, sung, soft])
}

/// The samples' bits, of 400 events which are all taken on time.
fn play(seed: u64, mut block: impl FnMut() -> usize, interpolation: Interpolation) -> Vec<u32> {
    let mut synth = rich();
    synth
        .virtual_synth_mut(SYNTH)
        .unwrap()
        .set_interpolation(interpolation);
    let mut clock = SampleClock::new(44_100);
    clock.start(0, 0);
    let mut events = List::new(busy(seed));
    let mut out = std::vec![[0.0; 2]; 50_000];
    let mut done = 0;
    while done < out.len() {
        let n = block().clamp(1, out.len() - done);
        let mut sources = [Queue {
            port: SYNTH,
            events: &mut events,
        }];
        run(
            &mut synth,
            &mut clock,
            &mut sources,
            done as i64,
            &mut out[done..done + n],
        );
        done += n;
    }
    assert_eq!(events.taken.len(), 400);
    assert!(events.is_on_time());
    out.iter().flatten().map(|x| x.to_bits()).collect()
}

#[test]
fn any_partition_gives_the_same_bits() {
    for seed in 0..3 {
        for interpolation in [
            Interpolation::Linear,
            Interpolation::Sinc8,
            Interpolation::Sinc16,
        ] {
            let whole = play(seed, || usize::MAX, interpolation);
            assert!(whole.iter().filter(|x| **x != 0).count() > 50_000);
            let mut random = Random(seed);
            let parts = play(seed, || random.below(4096) as usize + 1, interpolation);
            assert!(whole == parts, "random blocks, seed {seed}");
            for size in [1, 31, 32, 64, 441, 1000] {
                assert!(
                    whole == play(seed, || size, interpolation),
                    "blocks of {size}, seed {seed}"
                );
            }
        }
    }
}

#[test]
fn a_thousand_stamps_are_zero_frames_off() {
    let mut random = Random(11);
    let start = 123_456_789_012_345i64;
    let mut stamps: Vec<i64> = (0..1000)
        .map(|i| start + i * 100_000 + random.below(60_000) as i64)
        .collect();
    stamps.sort();
    for rate in [44_100u32, 48_000, 22_050] {
        let frames = 500;
        let mut shape = std::vec![0; frames];
        shape[0] = 32767;
        let mut synth = synth_with(
            64,
            rate,
            std::vec![region(&wave(rate, &shape), PLAIN, &articulation(&[]))],
        );
        let mut clock = SampleClock::new(rate);
        clock.start(start, 0);
        let mut events = List::new(
            stamps
                .iter()
                .enumerate()
                .map(|(i, t)| (*t, std::vec![0x90, (i % 128) as u8, 127]))
                .collect(),
        );
        // All at unity pitch: keys must not matter.
        let flat = articulation(&[
            connect((Source::Key, LINEAR), Source::None, Destination::Pitch, 0),
            set(Destination::Pitch, cents(6000.0)),
        ]);
        let regions = std::vec![region(&wave(rate, &shape), PLAIN, &flat)];
        let instrument = Shared::try_new(Instrument::new(0, false, regions)).unwrap();
        let patches = Patches {
            built_in: Vec::new(),
            instruments: std::vec![instrument],
        };
        synth
            .virtual_synth_mut(SYNTH)
            .unwrap()
            .set_patches(Shared::try_new(patches).unwrap());
        let total = 11 * rate as usize;
        let mut out = std::vec![[0.0; 2]; total];
        let mut done = 0;
        while done < total {
            let n = (random.below(2000) as usize + 1).min(total - done);
            let mut sources = [Queue {
                port: SYNTH,
                events: &mut events,
            }];
            run(
                &mut synth,
                &mut clock,
                &mut sources,
                done as i64,
                &mut out[done..done + n],
            );
            done += n;
        }
        assert!(events.is_on_time());
        let heard: Vec<usize> = out
            .iter()
            .enumerate()
            .filter(|(_, f)| f[0] > 0.1)
            .map(|(i, _)| i)
            .collect();
        let expected: Vec<usize> = stamps
            .iter()
            .map(|t| (i128::from(t - start) * i128::from(rate)).div_euclid(10_000_000) as usize)
            .collect();
        assert_eq!(heard, expected);
    }
}

#[test]
fn late_events_act_at_the_block_and_are_told() {
    let mut synth = dc_synth(&[]);
    let mut clock = SampleClock::new(RATE);
    clock.start(0, 0);
    // A frame's first tick is on time, the tick before it is not.
    let begin = 1_041_667;
    let note = std::vec![0x90, 60, 127];
    let times = [1_000_000, begin - 1, begin, begin + 1];
    let mut events = List::new(times.map(|time| (time, note.clone())).into());
    let mut out = [[0.0; 2]; 64];
    let mut sources = [Queue {
        port: SYNTH,
        events: &mut events,
    }];
    run(&mut synth, &mut clock, &mut sources, 5000, &mut out);
    assert_eq!(events.taken, [41_667, 1, 0, 0]);
    assert!(out[0][0] > 0.3);
}

#[test]
fn order_is_frame_then_source_then_arrival() {
    // Program changes of two queues at one stamp: the last one wins.
    let mut synth = dc_synth(&[]);
    let mut clock = SampleClock::new(RATE);
    clock.start(0, 0);
    let mut first = List::new([(100, std::vec![0xC0, 1]), (100, std::vec![0xC0, 2])].into());
    let mut second = List::new([(100, std::vec![0xC0, 3]), (50, std::vec![0xC0, 4])].into());
    let mut out = [[0.0; 2]; 64];
    let mut sources = [
        Queue {
            port: SYNTH,
            events: &mut first,
        },
        Queue {
            port: SYNTH,
            events: &mut second,
        },
    ];
    run(&mut synth, &mut clock, &mut sources, 0, &mut out);
    assert_eq!(
        synth
            .virtual_synth(SYNTH)
            .unwrap()
            .parts()
            .channel(0)
            .unwrap()
            .program,
        4
    );
}

/// An event at the frame behind a slice is the next slice's.
#[test]
fn a_slice_ends_before_its_end() {
    const SLICE: usize = 48;
    for (frame, is_in) in [(0, true), (46, true), (47, true), (48, false), (49, false)] {
        let mut synth = rich();
        let mut clock = SampleClock::new(RATE);
        clock.start(0, 0);
        let time = clock.frame_to_ref(frame);
        let mut list = List::new(VecDeque::from([(time, std::vec![0x90, 60, 100])]));
        let mut out = [[0.0; 2]; SLICE];
        for slice in 0..2 {
            let mut sources = [Queue {
                port: SYNTH,
                events: &mut list,
            }];
            run(
                &mut synth,
                &mut clock,
                &mut sources,
                slice * SLICE as i64,
                &mut out,
            );
            assert_eq!(
                list.taken.len(),
                usize::from(is_in || slice == 1),
                "{frame}"
            );
        }
        assert!(list.is_on_time());
    }
}
