// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random regions, as a maker of banks might have made them. Times are whole ticks, most of them.

use arioso_core::dls::model::{
    Articulation, Connection, Curve, Destination as D, Instrument, Loop, Region, SampleInfo, Shape,
    Source, Wave,
};
use arioso_core::dls::raw::{self, RegionHeader, WaveLink};
use arioso_core::mem::Shared;
use arioso_core::synth::check;
use conformance::download;

const TICK: u32 = 32;

/// What a region's bytes mean. Times in frames.
#[derive(Clone, Debug)]
pub struct Plan {
    wave: Kind,
    frames: usize,
    seed: u8,
    sample_loop: Option<Loop>,
    rate_of_output: bool,
    delay: u32,
    attack: u32,
    hold: u32,
    decay: u32,
    /// Thousandths.
    sustain: u32,
    release: u32,
    /// `None`: the default of 15 ms.
    shutdown: Option<u32>,
    /// Attack, decay, sustain and release of the second envelope.
    second: [u32; 4],
    keys: (u8, u8),
    key_group: u8,
    repeats: bool,
    phase_group: u16,
    gain: i32,
    lfo: i32,
    cutoff: Option<i32>,
    resonance: i32,
    routes: Vec<(Source, Source, D, i32)>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Constant,
    Square,
    Noise,
    Ramp,
}

fn pick<T: Copy>(from: &[T], byte: u8) -> T {
    from[usize::from(byte) % from.len()]
}

impl Plan {
    pub fn of(bytes: &[u8; super::REGION]) -> Self {
        let b = |at: usize| bytes[at];
        let times = [
            0,
            0,
            0,
            TICK,
            2 * TICK,
            5 * TICK,
            10 * TICK,
            25 * TICK,
            60 * TICK,
            1,
            31,
            100,
            333,
        ];
        let time = |at: usize| pick(&times, b(at));
        let frames = pick(&[64, 64, 16, 33, 300, 1600, 4096], b(1));
        let start = pick(&[0, 0, 1, 7, 12, 30], b(3)).min(frames as u32 - 2);
        let length = pick(&[2, 3, 9, 16, 32, 64, 1000], b(2) >> 2).min(frames as u32 - start);
        let sample_loop = match b(2) & 3 {
            0 => None,
            kind => Some(Loop {
                start,
                length,
                until_release: kind == 1,
            }),
        };
        let mut routes = Vec::new();
        let cents = |c: i32| c << 16;
        let decibels = |d: i32| d * 655_360;
        let many = b(17);
        for (bit, route) in [
            (Source::Lfo, Source::None, D::Pitch, cents(50)),
            (Source::Lfo, Source::None, D::Gain, decibels(6)),
            (
                Source::Lfo,
                Source::Controller(1),
                D::FilterCutoff,
                cents(pick(&[600, 2400, 7200, 12_000], b(18))),
            ),
            (
                Source::Eg2,
                Source::None,
                D::FilterCutoff,
                cents(pick(&[-7200, -2400, 2400, 9600], b(18) >> 2)),
            ),
            (Source::Eg2, Source::None, D::Gain, decibels(-20)),
            (Source::Eg2, Source::Lfo, D::Gain, decibels(-30)),
            (
                Source::Vibrato,
                Source::ChannelPressure,
                D::Pitch,
                cents(100),
            ),
            (
                Source::Lfo,
                Source::None,
                D::FilterCutoff,
                cents(pick(&[300, 2400, 7200, 12_000], b(18) >> 4)),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            // Each in one region of four or so; the modulations of one gain seldom together.
            if many >> bit & 1 != 0 && (b(19) >> bit & 1 != 0 || bit == 7) {
                routes.push(route);
            }
        }
        Self {
            wave: pick(
                &[Kind::Constant, Kind::Square, Kind::Noise, Kind::Ramp],
                b(0),
            ),
            frames,
            seed: b(0),
            sample_loop,
            rate_of_output: b(4) & 3 != 0,
            delay: if b(5) < 200 { 0 } else { time(5) },
            attack: time(6),
            hold: if b(7) < 150 { 0 } else { time(7) },
            decay: time(8),
            sustain: pick(&[0, 0, 1000, 500, 250, 900], b(9)),
            release: time(10),
            shutdown: (b(11) < 100).then(|| time(11)),
            second: [time(12), time(13), pick(&[0, 1000, 500], b(14)), time(14)],
            keys: pick(&[(0, 127), (0, 127), (0, 59), (60, 127)], b(15)),
            key_group: pick(&[0, 0, 0, 1, 2], b(15) >> 2),
            repeats: b(15) >> 6 == 0,
            phase_group: u16::from(b(16) & 7 == 0),
            gain: decibels(pick(&[0, 0, -6, 12], b(16) >> 3)),
            lfo: pick(&[-851, 1000, 3000, 6000, 8400], b(20)),
            cutoff: (b(21) & 1 != 0)
                .then(|| pick(&[3000, 5000, 7000, 9000, 11_000, 13_000], b(21) >> 1)),
            resonance: pick(&[0, 6, 15, 22, 30], b(22)),
            routes,
        }
    }

    /// Frames after the note-on at which something of it comes to an end.
    pub fn ends(&self) -> Vec<u64> {
        let span = u64::from(self.decay) * u64::from(1000 - self.sustain) / 1000;
        let mut at = 0;
        let mut ends: Vec<u64> = [self.delay, self.attack, self.hold]
            .into_iter()
            .map(|time| {
                at += u64::from(time);
                at
            })
            .collect();
        ends.push(at + span);
        let [attack, decay, ..] = self.second.map(u64::from);
        ends.extend([attack, attack + decay]);
        if let Some(looped) = self.sample_loop {
            ends.push(u64::from(looped.start + looped.length));
        }
        ends.push(self.frames as u64);
        ends
    }

    /// Frames from the note-off to silence.
    pub fn release(&self) -> u64 {
        u64::from(self.release) * u64::from(self.sustain) / 1000
    }

    /// The longest time from anything that ends a note to its silence, at a rate.
    pub fn longest(&self, rate: u32) -> u64 {
        let shutdown = self.shutdown.unwrap_or(rate / 60 + 1);
        u64::from(self.release.max(shutdown).max(rate / 100 + 1))
    }

    fn frames(&self) -> Vec<i16> {
        let mut noise = super::Generator(self.seed.into());
        (0..self.frames)
            .map(|i| match self.wave {
                Kind::Constant => i16::MAX,
                Kind::Square if i / 16 % 2 == 0 => i16::MAX,
                Kind::Square => i16::MIN,
                Kind::Noise => noise.next() as i16,
                Kind::Ramp => (i * 37 % 20_000) as i16,
            })
            .collect()
    }

    fn rate(&self, output: u32) -> u32 {
        if self.rate_of_output { output } else { 22_050 }
    }

    fn wave(&self, rate: u32) -> Shared<Wave> {
        check::wave(self.rate(rate), &self.frames(), self.sample()).expect("memory")
    }

    fn sample(&self) -> SampleInfo {
        SampleInfo {
            unity: 60,
            fine_tune: 0,
            gain: self.gain,
            sample_loop: self.sample_loop,
        }
    }

    fn articulation(&self, rate: u32) -> Shared<Articulation> {
        Shared::try_new(Articulation::new(self.connections(rate))).expect("memory")
    }

    fn connections(&self, rate: u32) -> Vec<Connection> {
        let time = |frames: u32| {
            if frames == 0 {
                i32::MIN
            } else {
                let seconds = f64::from(frames) / f64::from(rate);
                (1200.0 * seconds.log2() * 65_536.0).round() as i32
            }
        };
        let [attack, decay, sustain, release] = self.second;
        let mut constants = vec![
            (D::LfoFrequency, self.lfo << 16),
            (D::VibratoFrequency, -851 << 16),
            (D::LfoDelay, i32::MIN),
            (D::Eg1Delay, time(self.delay)),
            (D::WaveStart, (self.delay & 1) as i32),
            (D::Eg1Attack, time(self.attack)),
            (D::Eg1Hold, time(self.hold)),
            (D::Eg1Decay, time(self.decay)),
            (D::Eg1Sustain, (self.sustain as i32) << 16),
            (D::Eg1Release, time(self.release)),
            (D::Eg2Attack, time(attack)),
            (D::Eg2Decay, time(decay)),
            (D::Eg2Sustain, (sustain as i32) << 16),
            (D::Eg2Release, time(release)),
            (D::FilterCutoff, self.cutoff.map_or(i32::MAX, |c| c << 16)),
            (D::FilterQ, self.resonance * 655_360),
        ];
        constants.extend(self.shutdown.map(|frames| (D::Eg1Shutdown, time(frames))));
        let constants = constants
            .into_iter()
            .map(|(to, scale)| connection(Source::None, Source::None, to, scale));
        let usual = [
            (Source::Key, Source::None, D::KeyNumber, 12_800 << 16),
            (Source::Key, Source::None, D::Pitch, 12_800 << 16),
            (Source::PitchWheel, Source::Rpn(0), D::Pitch, 12_800 << 16),
            (Source::Velocity, Source::None, D::Gain, -96 * 655_360),
            (Source::Controller(7), Source::None, D::Gain, -96 * 655_360),
            (Source::Controller(11), Source::None, D::Gain, -96 * 655_360),
            (Source::Controller(10), Source::None, D::Pan, 508 << 16),
            (
                Source::Controller(91),
                Source::None,
                D::ReverbSend,
                1000 << 16,
            ),
            (
                Source::Controller(93),
                Source::None,
                D::ChorusSend,
                1000 << 16,
            ),
        ];
        let routes = usual.into_iter().chain(self.routes.iter().copied());
        let routes =
            routes.map(|(source, control, to, scale)| connection(source, control, to, scale));
        constants.chain(routes).collect()
    }

    /// The wave as a download.
    pub fn wave_download(&self, id: u32, rate: u32) -> Vec<u8> {
        let frames = self.frames();
        let data: Vec<u8> = frames
            .iter()
            .flat_map(|frame| frame.to_le_bytes())
            .collect();
        download::wave(id, self.rate(rate), 16, &data)
    }

    /// The region as a download has it.
    pub fn region_download(&self, wave: u32, rate: u32) -> download::Region {
        let range = |(low, high): (u8, u8)| (u16::from(low), u16::from(high));
        download::Region {
            header: RegionHeader {
                keys: range(self.keys),
                velocities: (0, 127),
                options: self.repeats.into(),
                key_group: self.key_group.into(),
            },
            link: WaveLink {
                options: u16::from(self.phase_group != 0 && self.seed & 1 == 0),
                phase_group: self.phase_group,
                channels: 1 + u32::from(self.seed) % 3,
                table_index: wave,
            },
            sample: Some(raw::Sample {
                unity: 60,
                fine_tune: 0,
                gain: self.gain,
                options: 0,
                first_loop: self.sample_loop.map(|looped| raw::Loop {
                    kind: looped.until_release.into(),
                    start: looped.start,
                    length: looped.length,
                }),
            }),
            articulations: vec![self.connections(rate).iter().map(as_stored).collect()],
        }
    }

    pub fn region(&self, rate: u32) -> Region {
        Region {
            keys: self.keys,
            velocities: (0, 127),
            self_non_exclusive: self.repeats,
            key_group: self.key_group,
            phase_group: self.phase_group,
            phase_master: self.seed & 1 == 0,
            channels: 1 + u32::from(self.seed) % 3,
            wave: self.wave(rate),
            sample: self.sample(),
            articulation: self.articulation(rate),
        }
    }
}

fn connection(source: Source, control: Source, destination: D, scale: i32) -> Connection {
    let bipolar = |of: Source| {
        matches!(
            of,
            Source::Lfo | Source::Vibrato | Source::PitchWheel | Source::Controller(10)
        )
    };
    let level =
        destination == D::Gain && matches!(source, Source::Velocity | Source::Controller(7 | 11));
    let source_shape = Shape {
        curve: if level { Curve::Concave } else { Curve::Linear },
        bipolar: bipolar(source),
        invert: level,
    };
    let control_shape = Shape {
        bipolar: bipolar(control),
        ..Shape::default()
    };
    Connection {
        source,
        source_shape,
        control,
        control_shape,
        destination,
        scale,
    }
}

/// With the numbers of DLS 2.
fn as_stored(connection: &Connection) -> raw::Connection {
    let source = |of| match of {
        Source::None => 0,
        Source::Lfo => 1,
        Source::Velocity => 2,
        Source::Key => 3,
        Source::Eg1 => 4,
        Source::Eg2 => 5,
        Source::PitchWheel => 6,
        Source::PolyPressure => 7,
        Source::ChannelPressure => 8,
        Source::Vibrato => 9,
        Source::Controller(number) => 0x80 | u16::from(number),
        Source::Rpn(number) => 0x100 | u16::from(number),
    };
    let shape = |of: Shape| {
        let curve = match of.curve {
            Curve::Linear => 0,
            Curve::Concave => 1,
            Curve::Convex => 2,
            Curve::Switch => 3,
        };
        curve | u16::from(of.bipolar) << 4 | u16::from(of.invert) << 5
    };
    raw::Connection {
        source: source(connection.source),
        control: source(connection.control),
        destination: destination(connection.destination),
        transform: shape(connection.source_shape) << 10 | shape(connection.control_shape) << 4,
        scale: connection.scale,
    }
}

fn destination(of: D) -> u16 {
    match of {
        D::Gain => 0x001,
        D::GainCeiling => 0x002,
        D::Pitch => 0x003,
        D::Pan => 0x004,
        D::KeyNumber => 0x005,
        D::ChorusSend => 0x080,
        D::ReverbSend => 0x081,
        D::LfoFrequency => 0x104,
        D::LfoDelay => 0x105,
        D::VibratoFrequency => 0x114,
        D::VibratoDelay => 0x115,
        D::Eg1Attack => 0x206,
        D::Eg1Decay => 0x207,
        D::Eg1Release => 0x209,
        D::Eg1Sustain => 0x20A,
        D::Eg1Delay => 0x20B,
        D::Eg1Hold => 0x20C,
        D::Eg1Shutdown => 0x20D,
        D::Eg2Attack => 0x30A,
        D::Eg2Decay => 0x30B,
        D::Eg2Release => 0x30D,
        D::Eg2Sustain => 0x30E,
        D::Eg2Delay => 0x30F,
        D::Eg2Hold => 0x310,
        D::Eg2AttackCurve => 0x3F0,
        D::WaveStart => 0x3F1,
        D::FilterCutoff => 0x500,
        D::FilterQ => 0x501,
    }
}

/// One instrument for every program, melodic and drums.
pub fn instruments(plans: &[Plan], rate: u32) -> Vec<Shared<Instrument>> {
    [0, 1 << 31]
        .into_iter()
        .map(|patch| {
            let regions = plans.iter().map(|plan| plan.region(rate)).collect();
            Shared::try_new(Instrument::new(patch, false, regions)).expect("memory")
        })
        .collect()
}
