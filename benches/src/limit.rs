// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limit of the machine: bare kernels that read the same waves at the same speeds, filter, ramp and mix them, without control,
//! without events, with vectors that are full all the time. SSE2 as the engine has it, and AVX2.
//!
//! | what | SSE2 | AVX2 |
//! |---|---|---|
//! | voices at once | 4 | 8 |
//! | `linear` | a pair of frames per voice, weights from the fraction | the same |
//! | `sinc8` | two rows of weights blended: weights and change are one product of eight taps each | both are one product |
//! | `sinc16` | the same with twice the taps and a correction below the weights' 16 bits | the same |
//!
//! What they put out is interpolated, filtered, panned sound: the tests hold it against plain arithmetic.

use crate::material::{self, BLOCK, Note};
use crate::measure::{BLOCKS, ROUND, cpu_ns};
use serde::Serialize;
use std::arch::x86_64::*;
use std::hint::black_box;
use std::sync::LazyLock;

/// Voices of the kernels: as many as the scenes' middle row holds.
const VOICES: usize = 240;
const SETTINGS: [&str; 3] = ["linear", "sinc8", "sinc16"];

/// A bare kernel and what it takes.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// `limit`
    pub engine: &'static str,
    pub setting: &'static str,
    pub instructions: &'static str,
    /// Gains and coefficients move from frame to frame, as in music; else they stand still.
    pub ramps: bool,
    pub voices: usize,
    pub ns_per_voice_sample: f64,
}

/// All of them.
pub struct Limits(Vec<Bare>);

struct Bare {
    setting: &'static str,
    instructions: &'static str,
    ramps: bool,
    /// Renders a block.
    play: Box<dyn FnMut()>,
    best: u64,
}

impl Limits {
    /// Kernels for what this processor has.
    pub fn new() -> Self {
        let mut all = Vec::new();
        let notes = material::notes(VOICES);
        for setting in SETTINGS {
            for ramps in [false, true] {
                let mut add = |instructions, play| {
                    all.push(Bare {
                        setting,
                        instructions,
                        ramps,
                        play,
                        best: u64::MAX,
                    });
                };
                let kernel = sse2(setting, ramps);
                let mut section = Section::new(&notes, ramps);
                add("SSE2", Box::new(move || section.block(kernel)));
                if is_x86_feature_detected!("avx2") {
                    let kernel = avx2(setting, ramps);
                    let mut section = Section::new(&notes, ramps);
                    add("AVX2", Box::new(move || section.block(kernel)));
                }
            }
        }
        Self(all)
    }

    pub fn round(&mut self) {
        for bare in &mut self.0 {
            let begin = cpu_ns();
            for _ in 0..BLOCKS {
                (bare.play)();
            }
            bare.best = bare.best.min(cpu_ns() - begin);
        }
    }

    pub fn rows(&self) -> Vec<Row> {
        let row = |bare: &Bare| Row {
            engine: "limit",
            setting: bare.setting,
            instructions: bare.instructions,
            ramps: bare.ramps,
            voices: VOICES,
            ns_per_voice_sample: bare.best as f64 / (ROUND * VOICES) as f64,
        };
        self.0.iter().map(row).collect()
    }

    fn find(&self, setting: &str, ramps: bool, avx2: bool) -> Option<f64> {
        let instructions = if avx2 { "AVX2" } else { "SSE2" };
        let rows = self.rows();
        let row = rows.iter().find(|row| {
            (row.setting, row.ramps, row.instructions) == (setting, ramps, instructions)
        })?;
        Some(row.ns_per_voice_sample)
    }

    /// ns per voice and frame while gains and coefficients stand still.
    pub fn still(&self, setting: &str, avx2: bool) -> Option<f64> {
        self.find(setting, false, avx2)
    }

    /// The same while they move.
    pub fn ramped(&self, setting: &str, avx2: bool) -> Option<f64> {
        self.find(setting, true, avx2)
    }
}

/// The table.
pub fn table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        format!(
            "limit {:<7} {} {:<6} {:>6.3} ns per voice and frame\n",
            row.setting,
            row.instructions,
            if row.ramps { "ramped" } else { "still" },
            row.ns_per_voice_sample
        )
    };
    rows.iter().map(line).collect()
}

/// Rows of a kernel, and kernels with lower cutoffs for voices that play fast.
const ROWS: usize = 256;
const CUTOFFS: usize = 5;
/// A weight of 1, which weights may exceed.
const ONE: f64 = 32_736.0;
/// Bits that changes have behind those of weights, and what they are multiplied by where a row begins: then they make good what rounding takes
/// from weights.
const EXTRA: i32 = 7;
const LEVER: i32 = 4;

/// Weights [`LEVER`] rows before a fraction, and their change from row to row.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Row8 {
    weights: [i16; 8],
    change: [i16; 8],
}

/// The same of sixteen taps: the first eight, the others.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Row16([Row8; 2]);

struct Tables {
    eight: Vec<[Row8; ROWS]>,
    sixteen: Vec<[Row16; ROWS]>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    eight: (0..CUTOFFS)
        .map(|i| std::array::from_fn(|row| row8(row, i)))
        .collect(),
    sixteen: (0..CUTOFFS)
        .map(|i| std::array::from_fn(|row| row16(row, i)))
        .collect(),
});

/// Weights of the taps from `1 - N/2` to `N/2` at a row, for the cutoff 2^(-i/2); their sum is 1.
fn weights<const N: usize>(row: usize, cutoff: usize) -> [f64; N] {
    let cutoff = (-0.5 * cutoff as f64).exp2();
    let half = N as f64 / 2.0;
    let weights: [f64; N] = std::array::from_fn(|tap| {
        let x = tap as f64 - (half - 1.0) - row as f64 / ROWS as f64;
        let y = std::f64::consts::PI * x * cutoff;
        let sinc = if y.abs() < 1e-9 { 1.0 } else { y.sin() / y };
        let window = (std::f64::consts::FRAC_PI_2 * x / half)
            .cos()
            .max(0.0)
            .powi(2);
        sinc * window
    });
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| weight / sum)
}

/// Eight taps of a row, from one on.
fn eight_of<const N: usize>(now: &[f64; N], next: &[f64; N], first: usize) -> Row8 {
    let line = |tap: usize| {
        let (now, change) = (
            now[first + tap] * ONE,
            (next[first + tap] - now[first + tap]) * ONE,
        );
        let middle = f64::from(LEVER) + 0.5;
        let weight = (now + 0.5 * change - middle * change).round();
        let change = (now + 0.5 * change - weight) / middle * f64::from(1 << EXTRA);
        (weight as i16, change.round() as i16)
    };
    Row8 {
        weights: std::array::from_fn(|tap| line(tap).0),
        change: std::array::from_fn(|tap| line(tap).1),
    }
}

fn row8(row: usize, cutoff: usize) -> Row8 {
    let (now, next) = (weights::<8>(row, cutoff), weights::<8>(row + 1, cutoff));
    eight_of(&now, &next, 0)
}

fn row16(row: usize, cutoff: usize) -> Row16 {
    let (now, next) = (weights::<16>(row, cutoff), weights::<16>(row + 1, cutoff));
    Row16([eight_of(&now, &next, 0), eight_of(&now, &next, 8)])
}

/// Frames before and after a recording that kernels may read.
const GUARD: usize = 16;

/// A register's voices in memory.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Floats<const N: usize>([f32; N]);

/// Voices that one kernel renders at once.
struct Group<const N: usize> {
    /// 32.32
    position: [u64; N],
    step: [u64; N],
    /// The frame at position 0.
    base: [*const i16; N],
    /// Loop's end and length, 32.32.
    ends: [u64; N],
    lengths: [u64; N],
    eight: [&'static [Row8; ROWS]; N],
    sixteen: [&'static [Row16; ROWS]; N],
    /// Filter: `d = k·x + b2·d - e·y; y += d`.
    y: Floats<N>,
    d: Floats<N>,
    e: Floats<N>,
    b2: Floats<N>,
    k: Floats<N>,
    left: Floats<N>,
    right: Floats<N>,
    e_step: Floats<N>,
    b2_step: Floats<N>,
    k_step: Floats<N>,
    left_step: Floats<N>,
    right_step: Floats<N>,
}

/// Sums of left and right, lane by lane.
struct Bus<const N: usize> {
    left: Vec<Floats<N>>,
    right: Vec<Floats<N>>,
}

type Kernel<const N: usize> = unsafe fn(&mut Group<N>, &mut Bus<N>);

/// All voices, and their mix.
struct Section<const N: usize> {
    /// With a guard on either side, and the loop continued into the second.
    waves: Vec<Vec<i16>>,
    groups: Vec<Group<N>>,
    bus: Bus<N>,
    out: Vec<[f32; 2]>,
}

/// Poles of a low-pass at 2 kHz without resonance.
const E: f32 = 0.055;
const B2: f32 = 0.58;
/// Gain of a voice on either side, in full scales.
const GAIN: f32 = 0.004;
/// What a kernel's output is, as a part of full scale.
const UNIT: f32 = 1.0 / (32768.0 * ONE as f32);

impl<const N: usize> Section<N> {
    fn new(notes: &[Note], ramps: bool) -> Self {
        let mut waves: Vec<Vec<i16>> = Vec::new();
        let mut known: Vec<*const i16> = Vec::new();
        let mut groups = Vec::new();
        for notes in notes.chunks_exact(N) {
            let lanes = notes.iter().map(|note| {
                let (frames, looped, step) = material::source(*note);
                let index = known.iter().position(|at| *at == frames.as_ptr());
                let index = index.unwrap_or_else(|| {
                    known.push(frames.as_ptr());
                    waves.push(guarded(frames, looped));
                    waves.len() - 1
                });
                (index, looped, step)
            });
            let lanes: Vec<(usize, (usize, usize), f64)> = lanes.collect();
            let fixed = |x: f64| (x * 4_294_967_296.0) as u64;
            let splat = |x: f32| Floats([x; N]);
            // So little that nothing changes: what moves must not grow from round to round.
            let moving = |x: f32| splat(if ramps { x * 1e-9 } else { 0.0 });
            let cutoff =
                |step: f64| ((2.0 * step.log2()).ceil().max(0.0) as usize).min(CUTOFFS - 1);
            groups.push(Group {
                position: [fixed(1.0); N],
                step: std::array::from_fn(|lane| fixed(lanes[lane].2)),
                base: std::array::from_fn(|lane| waves[lanes[lane].0].as_ptr().wrapping_add(GUARD)),
                ends: std::array::from_fn(|lane| {
                    let (start, length) = lanes[lane].1;
                    ((start + length) as u64) << 32
                }),
                lengths: std::array::from_fn(|lane| (lanes[lane].1.1 as u64) << 32),
                eight: std::array::from_fn(|lane| &TABLES.eight[cutoff(lanes[lane].2)]),
                sixteen: std::array::from_fn(|lane| &TABLES.sixteen[cutoff(lanes[lane].2)]),
                y: splat(0.0),
                d: splat(0.0),
                e: splat(E),
                b2: splat(B2),
                k: splat(E),
                left: splat(GAIN * UNIT),
                right: splat(GAIN * UNIT),
                e_step: moving(E),
                b2_step: moving(B2),
                k_step: moving(E),
                left_step: moving(GAIN * UNIT),
                right_step: moving(GAIN * UNIT),
            });
        }
        let bus = || vec![Floats([0.0; N]); BLOCK];
        Self {
            waves,
            groups,
            bus: Bus {
                left: bus(),
                right: bus(),
            },
            out: vec![[0.0; 2]; BLOCK],
        }
    }

    /// Renders a block into `out`.
    fn block(&mut self, kernel: Kernel<N>) {
        self.bus.left.fill(Floats([0.0; N]));
        self.bus.right.fill(Floats([0.0; N]));
        for group in &mut self.groups {
            // SAFETY: a block takes a voice on by less than the guard and the loop's length together: `ends` has been passed by less than
            // a block's way when it goes back, and `guarded` continues the loop as far. The processor has the instructions.
            unsafe { kernel(group, &mut self.bus) };
            for lane in 0..N {
                if group.position[lane] >= group.ends[lane] {
                    group.position[lane] -= group.lengths[lane];
                }
            }
        }
        let sides = self.bus.left.iter().zip(&self.bus.right);
        for (out, (left, right)) in self.out.iter_mut().zip(sides) {
            *out = [left.0.iter().sum(), right.0.iter().sum()];
        }
        black_box((&self.out, &self.waves));
    }
}

/// Most frames of a recording that a block takes: six octaves above its own speed.
const FARTHEST: usize = 64 * BLOCK;

fn guarded(frames: &[i16], (start, length): (usize, usize)) -> Vec<i16> {
    let looped = (0..FARTHEST + GUARD).map(|index| frames[start + index % length]);
    let guard = std::iter::repeat_n(0, GUARD);
    let whole = frames[..start + length].iter().copied();
    guard.chain(whole).chain(looped).collect()
}

/// The engine's loop over frames: `$sample` is the interpolated sample of each voice.
macro_rules! chain {
    ($ramps:expr, $group:ident, $bus:ident, $load:ident, $store:ident, $add:ident, $sub:ident, $mul:ident, $sample:expr) => {{
        let load = |x: &[f32]| $load(x.as_ptr());
        let (mut y, mut d) = (load(&$group.y.0), load(&$group.d.0));
        let (mut e, mut b2, mut k) = (load(&$group.e.0), load(&$group.b2.0), load(&$group.k.0));
        let (mut left, mut right) = (load(&$group.left.0), load(&$group.right.0));
        let (e_step, b2_step, k_step) = (
            load(&$group.e_step.0),
            load(&$group.b2_step.0),
            load(&$group.k_step.0),
        );
        let (left_step, right_step) = (load(&$group.left_step.0), load(&$group.right_step.0));
        for (to_left, to_right) in $bus.left.iter_mut().zip(&mut $bus.right) {
            let x = $sample;
            d = $sub($add($mul(k, x), $mul(b2, d)), $mul(e, y));
            y = $add(y, d);
            let (to_left, to_right) = (to_left.0.as_mut_ptr(), to_right.0.as_mut_ptr());
            $store(to_left, $add($load(to_left), $mul(y, left)));
            $store(to_right, $add($load(to_right), $mul(y, right)));
            if $ramps {
                left = $add(left, left_step);
                right = $add(right, right_step);
                e = $add(e, e_step);
                b2 = $add(b2, b2_step);
                k = $add(k, k_step);
            }
        }
        $store($group.y.0.as_mut_ptr(), y);
        $store($group.d.0.as_mut_ptr(), d);
        if $ramps {
            $store($group.e.0.as_mut_ptr(), e);
            $store($group.b2.0.as_mut_ptr(), b2);
            $store($group.k.0.as_mut_ptr(), k);
            $store($group.left.0.as_mut_ptr(), left);
            $store($group.right.0.as_mut_ptr(), right);
        }
    }};
}

macro_rules! chain4 {
    ($ramps:expr, $group:ident, $bus:ident, $sample:expr) => {
        chain!(
            $ramps,
            $group,
            $bus,
            _mm_load_ps,
            _mm_store_ps,
            _mm_add_ps,
            _mm_sub_ps,
            _mm_mul_ps,
            $sample
        )
    };
}

macro_rules! chain8 {
    ($ramps:expr, $group:ident, $bus:ident, $sample:expr) => {
        chain!(
            $ramps,
            $group,
            $bus,
            _mm256_load_ps,
            _mm256_store_ps,
            _mm256_add_ps,
            _mm256_sub_ps,
            _mm256_mul_ps,
            $sample
        )
    };
}

/// The frame of a voice's position.
#[inline(always)]
fn at(base: *const i16, position: u64) -> *const i16 {
    base.wrapping_add((position >> 32) as usize)
}

#[inline(always)]
fn row<R>(rows: &[R; ROWS], position: u64) -> &R {
    &rows[usize::from((position >> 24) as u8)]
}

/// # Safety
/// Two frames must be readable there.
#[inline(always)]
unsafe fn pair(at: *const i16) -> i32 {
    // SAFETY: the caller's.
    unsafe { at.cast::<i32>().read_unaligned() }
}

/// Voices move on by a frame.
macro_rules! advance {
    ($position:ident, $group:ident) => {
        for (position, step) in $position.iter_mut().zip($group.step) {
            *position = position.wrapping_add(step);
        }
    };
}

/// The sums over each of four registers.
#[inline(always)]
fn sums(a: __m128i, b: __m128i, c: __m128i, d: __m128i) -> __m128i {
    // SAFETY: SSE2 is part of the target.
    unsafe {
        let ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
        let cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
        _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd))
    }
}

/// How far a row's change is, as bits of a float without the fraction between the row and the next, which are its last 21.
const LEVER_BITS: i32 = (LEVER as f32 / (1 << EXTRA) as f32).to_bits() as i32;

/// What a row's change is multiplied by, of low halves of positions.
#[inline(always)]
fn lever(low: __m128i) -> __m128 {
    // SAFETY: SSE2 is part of the target.
    unsafe {
        let rest = _mm_srli_epi32::<11>(_mm_slli_epi32::<8>(low));
        _mm_castsi128_ps(_mm_or_si128(rest, _mm_set1_epi32(LEVER_BITS)))
    }
}

fn sse2(setting: &str, ramps: bool) -> Kernel<4> {
    match (setting, ramps) {
        ("linear", false) => linear4::<false>,
        ("linear", true) => linear4::<true>,
        ("sinc8", false) => eight4::<false>,
        ("sinc8", true) => eight4::<true>,
        (_, false) => sixteen4::<false>,
        (_, true) => sixteen4::<true>,
    }
}

fn avx2(setting: &str, ramps: bool) -> Kernel<8> {
    match (setting, ramps) {
        ("linear", false) => linear8::<false>,
        ("linear", true) => linear8::<true>,
        ("sinc8", false) => eight8::<false>,
        ("sinc8", true) => eight8::<true>,
        (_, false) => sixteen8::<false>,
        (_, true) => sixteen8::<true>,
    }
}

unsafe fn linear4<const RAMPS: bool>(group: &mut Group<4>, bus: &mut Bus<4>) {
    // SAFETY: as at the call.
    unsafe {
        let mut position = group.position;
        let base = group.base;
        let low = |x: [u64; 4]| _mm_set_epi32(x[3] as i32, x[2] as i32, x[1] as i32, x[0] as i32);
        let (mut fraction, fraction_step) = (low(position), low(group.step));
        let high = _mm_set1_epi32((ONE as i32) << 16);
        let ones = _mm_set1_epi32(ONE as i32);
        chain4!(RAMPS, group, bus, {
            let read = |lane: usize| _mm_cvtsi32_si128(pair(at(base[lane], position[lane])));
            let pairs = _mm_unpacklo_epi64(
                _mm_unpacklo_epi32(read(0), read(1)),
                _mm_unpacklo_epi32(read(2), read(3)),
            );
            let f = _mm_mulhi_epu16(fraction, high);
            let weights = _mm_or_si128(_mm_sub_epi32(ones, _mm_srli_epi32::<16>(f)), f);
            advance!(position, group);
            fraction = _mm_add_epi32(fraction, fraction_step);
            _mm_cvtepi32_ps(_mm_madd_epi16(pairs, weights))
        });
        group.position = position;
    }
}

unsafe fn eight4<const RAMPS: bool>(group: &mut Group<4>, bus: &mut Bus<4>) {
    // SAFETY: as at the call.
    unsafe {
        let mut position = group.position;
        let (base, tables) = (group.base.map(|base| base.wrapping_sub(3)), group.eight);
        let low = |x: [u64; 4]| _mm_set_epi32(x[3] as i32, x[2] as i32, x[1] as i32, x[0] as i32);
        let (mut fraction, fraction_step) = (low(position), low(group.step));
        chain4!(RAMPS, group, bus, {
            let dots = |lane: usize| {
                let x = _mm_loadu_si128(at(base[lane], position[lane]).cast());
                let row = row(tables[lane], position[lane]);
                let dot =
                    |weights: &[i16; 8]| _mm_madd_epi16(x, _mm_load_si128(weights.as_ptr().cast()));
                (dot(&row.weights), dot(&row.change))
            };
            let (a, b, c, d) = (dots(0), dots(1), dots(2), dots(3));
            let sum = sums(a.0, b.0, c.0, d.0);
            let change = sums(a.1, b.1, c.1, d.1);
            let lever = lever(fraction);
            advance!(position, group);
            fraction = _mm_add_epi32(fraction, fraction_step);
            _mm_add_ps(
                _mm_cvtepi32_ps(sum),
                _mm_mul_ps(_mm_cvtepi32_ps(change), lever),
            )
        });
        group.position = position;
    }
}

unsafe fn sixteen4<const RAMPS: bool>(group: &mut Group<4>, bus: &mut Bus<4>) {
    // SAFETY: as at the call.
    unsafe {
        let mut position = group.position;
        let (base, tables) = (group.base.map(|base| base.wrapping_sub(7)), group.sixteen);
        let low = |x: [u64; 4]| _mm_set_epi32(x[3] as i32, x[2] as i32, x[1] as i32, x[0] as i32);
        let (mut fraction, fraction_step) = (low(position), low(group.step));
        chain4!(RAMPS, group, bus, {
            let dots = |lane: usize| {
                let from = at(base[lane], position[lane]);
                let x = _mm_loadu_si128(from.cast());
                let y = _mm_loadu_si128(from.wrapping_add(8).cast());
                let Row16([first, second]) = row(tables[lane], position[lane]);
                let dot = |first: &[i16; 8], second: &[i16; 8]| {
                    _mm_add_epi32(
                        _mm_madd_epi16(x, _mm_load_si128(first.as_ptr().cast())),
                        _mm_madd_epi16(y, _mm_load_si128(second.as_ptr().cast())),
                    )
                };
                (
                    dot(&first.weights, &second.weights),
                    dot(&first.change, &second.change),
                )
            };
            let (a, b, c, d) = (dots(0), dots(1), dots(2), dots(3));
            let sum = sums(a.0, b.0, c.0, d.0);
            let change = sums(a.1, b.1, c.1, d.1);
            let lever = lever(fraction);
            advance!(position, group);
            fraction = _mm_add_epi32(fraction, fraction_step);
            _mm_add_ps(
                _mm_cvtepi32_ps(sum),
                _mm_mul_ps(_mm_cvtepi32_ps(change), lever),
            )
        });
        group.position = position;
    }
}

/// Low halves of eight numbers.
macro_rules! low8 {
    ($x:expr) => {{
        let [a, b, c, d, e, f, g, h] = $x.map(|x| x as i32);
        _mm256_set_epi32(h, g, f, e, d, c, b, a)
    }};
}

/// The sums over the halves of four registers: of the lower ones in the lower half.
macro_rules! sums8 {
    ($a:expr, $b:expr, $c:expr, $d:expr) => {{
        let (a, b, c, d) = ($a, $b, $c, $d);
        let ab = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
        let cd = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
        _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd))
    }};
}

/// Weighted sums of eight voices, of which `$dots` gives the parts of one: weights in the lower half, change in the upper.
macro_rules! blended8 {
    ($dots:expr, $fraction:expr) => {{
        let dots = $dots;
        let first = sums8!(dots(0), dots(1), dots(2), dots(3));
        let second = sums8!(dots(4), dots(5), dots(6), dots(7));
        let sum = _mm256_permute2x128_si256::<0x20>(first, second);
        let change = _mm256_permute2x128_si256::<0x31>(first, second);
        let rest = _mm256_srli_epi32::<11>(_mm256_slli_epi32::<8>($fraction));
        let lever = _mm256_castsi256_ps(_mm256_or_si256(rest, _mm256_set1_epi32(LEVER_BITS)));
        _mm256_add_ps(
            _mm256_cvtepi32_ps(sum),
            _mm256_mul_ps(_mm256_cvtepi32_ps(change), lever),
        )
    }};
}

#[target_feature(enable = "avx2")]
unsafe fn linear8<const RAMPS: bool>(group: &mut Group<8>, bus: &mut Bus<8>) {
    // SAFETY: as at the call.
    unsafe {
        let mut position = group.position;
        let base = group.base;
        let (mut fraction, fraction_step) = (low8!(position), low8!(group.step));
        let high = _mm256_set1_epi32((ONE as i32) << 16);
        let ones = _mm256_set1_epi32(ONE as i32);
        chain8!(RAMPS, group, bus, {
            let read = |lane: usize| _mm_cvtsi32_si128(pair(at(base[lane], position[lane])));
            let four = |lane: usize| {
                _mm_unpacklo_epi64(
                    _mm_unpacklo_epi32(read(lane), read(lane + 1)),
                    _mm_unpacklo_epi32(read(lane + 2), read(lane + 3)),
                )
            };
            let pairs = _mm256_set_m128i(four(4), four(0));
            let f = _mm256_mulhi_epu16(fraction, high);
            let weights = _mm256_or_si256(_mm256_sub_epi32(ones, _mm256_srli_epi32::<16>(f)), f);
            advance!(position, group);
            fraction = _mm256_add_epi32(fraction, fraction_step);
            _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, weights))
        });
        group.position = position;
    }
}

#[target_feature(enable = "avx2")]
unsafe fn eight8<const RAMPS: bool>(group: &mut Group<8>, bus: &mut Bus<8>) {
    // SAFETY: as at the call.
    unsafe {
        let mut position = group.position;
        let (base, tables) = (group.base.map(|base| base.wrapping_sub(3)), group.eight);
        let (mut fraction, fraction_step) = (low8!(position), low8!(group.step));
        chain8!(RAMPS, group, bus, {
            let dots = |lane: usize| {
                let x = _mm256_broadcastsi128_si256(_mm_loadu_si128(
                    at(base[lane], position[lane]).cast(),
                ));
                let row: *const Row8 = row(tables[lane], position[lane]);
                _mm256_madd_epi16(x, _mm256_load_si256(row.cast()))
            };
            let x = blended8!(dots, fraction);
            advance!(position, group);
            fraction = _mm256_add_epi32(fraction, fraction_step);
            x
        });
        group.position = position;
    }
}

#[target_feature(enable = "avx2")]
unsafe fn sixteen8<const RAMPS: bool>(group: &mut Group<8>, bus: &mut Bus<8>) {
    // SAFETY: as at the call.
    unsafe {
        let mut position = group.position;
        let (base, tables) = (group.base.map(|base| base.wrapping_sub(7)), group.sixteen);
        let (mut fraction, fraction_step) = (low8!(position), low8!(group.step));
        chain8!(RAMPS, group, bus, {
            let dots = |lane: usize| {
                let from = at(base[lane], position[lane]);
                let Row16([first, second]) = row(tables[lane], position[lane]);
                let dot = |from: *const i16, row: &Row8| {
                    let x = _mm256_broadcastsi128_si256(_mm_loadu_si128(from.cast()));
                    let row: *const Row8 = row;
                    _mm256_madd_epi16(x, _mm256_load_si256(row.cast()))
                };
                _mm256_add_epi32(dot(from, first), dot(from.wrapping_add(8), second))
            };
            let x = blended8!(dots, fraction);
            advance!(position, group);
            fraction = _mm256_add_epi32(fraction, fraction_step);
            x
        });
        group.position = position;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mix of some blocks by plain arithmetic.
    fn plain(notes: &[Note], setting: &str, blocks: usize) -> Vec<[f64; 2]> {
        let mut out = vec![[0.0; 2]; blocks * BLOCK];
        for note in notes {
            let (frames, (start, length), step) = material::source(*note);
            let frame = |index: i64| match usize::try_from(index) {
                Ok(index) if index < start + length => f64::from(frames[index]),
                Ok(index) => f64::from(frames[start + (index - start) % length]),
                Err(_) => 0.0,
            };
            let cutoff = ((2.0 * step.log2()).ceil().max(0.0) as usize).min(CUTOFFS - 1);
            let step = (step * 4_294_967_296.0) as u64;
            let (mut position, mut y, mut d) = (1u64 << 32, 0.0, 0.0);
            for out in &mut out {
                let (index, fraction) = (
                    (position >> 32) as i64,
                    (position as u32) as f64 / 4_294_967_296.0,
                );
                let row = (fraction * ROWS as f64).floor();
                let t = fraction * ROWS as f64 - row;
                let taps = |now: &[f64], next: &[f64]| {
                    let half = now.len() as i64 / 2;
                    let tap = |(tap, (a, b)): (usize, (&f64, &f64))| {
                        frame(index + tap as i64 - (half - 1)) * (a + (b - a) * t)
                    };
                    now.iter().zip(next).enumerate().map(tap).sum::<f64>()
                };
                let row = row as usize;
                let x = match setting {
                    "linear" => frame(index) + (frame(index + 1) - frame(index)) * fraction,
                    "sinc8" => taps(&weights::<8>(row, cutoff), &weights::<8>(row + 1, cutoff)),
                    _ => taps(&weights::<16>(row, cutoff), &weights::<16>(row + 1, cutoff)),
                };
                d = f64::from(E) * x + f64::from(B2) * d - f64::from(E) * y;
                y += d;
                for side in out {
                    *side += y * f64::from(GAIN) / 32768.0;
                }
                position += step;
            }
        }
        out
    }

    fn played<const N: usize>(
        notes: &[Note],
        kernel: Kernel<N>,
        ramps: bool,
        blocks: usize,
    ) -> Vec<[f32; 2]> {
        let mut section = Section::<N>::new(notes, ramps);
        let block = |_| {
            section.block(kernel);
            section.out.clone()
        };
        (0..blocks).flat_map(block).collect()
    }

    #[test]
    fn bare_kernels_play_the_notes() {
        // The highest of them passes its loop's end.
        let (notes, blocks) = (material::notes(48), 60);
        for setting in SETTINGS {
            let wanted = plain(&notes, setting, blocks);
            for ramps in [false, true] {
                let mut kinds = vec![played(&notes, sse2(setting, ramps), ramps, blocks)];
                if is_x86_feature_detected!("avx2") {
                    kinds.push(played(&notes, avx2(setting, ramps), ramps, blocks));
                }
                for found in kinds {
                    let (mut error, mut power) = (0.0, 0.0);
                    for (found, wanted) in found.iter().flatten().zip(wanted.iter().flatten()) {
                        error += (f64::from(*found) - wanted).powi(2);
                        power += wanted.powi(2);
                    }
                    let below = 10.0 * (power / error).log10();
                    assert!(
                        below > 60.0,
                        "{setting}, ramps {ramps}: the error is {below:.1} dB below the sound"
                    );
                }
            }
        }
    }
}
