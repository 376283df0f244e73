// SPDX-License-Identifier: MIT OR Apache-2.0
//! A small mutator: seeds, changed a little by a generator with a fixed seed. The same number gives the same inputs everywhere.

/// Inputs without end.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    dictionary: Vec<Vec<u8>>,
    state: u64,
}

/// Longest input.
const LONGEST: usize = 64 << 10;

const INTERESTING: [u32; 14] = [
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFE,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
];

impl Mutator {
    /// From a fixed seed, well-formed inputs and words. Panics without an input.
    pub fn new(seed: u64, seeds: Vec<Vec<u8>>, dictionary: Vec<Vec<u8>>) -> Self {
        assert!(!seeds.is_empty());
        Self {
            seeds,
            dictionary,
            state: seed | 1,
        }
    }

    /// The seeds as they are, in turn, before any change.
    pub fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.random() % end.max(1) as u64) as usize
    }

    /// A range within `len`, short more often than long.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len + 1);
        let longest = 1 << self.below(12);
        let length = self.below(longest + 1).min(len - start);
        start..start + length
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let at = self.below(self.seeds.len());
        let mut input = self.seeds[at].clone();
        // Many changes at once seldom get far.
        for _ in 0..1 + self.below(4) * self.below(3) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let len = input.len();
        match self.below(11) {
            0 if len > 0 => {
                let at = self.below(len);
                input[at] ^= 1 << self.below(8);
            }
            1 if len > 0 => {
                let at = self.below(len);
                input[at] = self.random() as u8;
            }
            2 | 3 => {
                // A whole field, as the structures have them.
                let width = 1 << self.below(3);
                let at = self.below(len) & !(width - 1);
                let value = INTERESTING[self.below(INTERESTING.len())];
                overwrite(input, at, &value.to_le_bytes()[..width]);
            }
            4 => {
                let at = self.below(len) & !3;
                let change = self.below(33) as u32;
                if let Some(old) = input.get(at..at + 4) {
                    let old = u32::from_le_bytes(old.try_into().expect("four bytes"));
                    let new = old.wrapping_add(change).wrapping_sub(16);
                    overwrite(input, at, &new.to_le_bytes());
                }
            }
            5 if !self.dictionary.is_empty() => {
                let word = self.below(self.dictionary.len());
                let word = self.dictionary[word].clone();
                let at = self.below(len);
                if self.below(2) == 0 {
                    overwrite(input, at, &word);
                } else {
                    input.splice(at..at, word);
                }
            }
            6 => {
                let range = self.range(len);
                input.drain(range);
            }
            7 => {
                let range = self.range(len);
                let copy = input[range].to_vec();
                let at = self.below(len);
                input.splice(at..at, copy);
            }
            8 => {
                let other = self.below(self.seeds.len());
                let range = self.range(self.seeds[other].len());
                let part = self.seeds[other][range].to_vec();
                let at = self.below(len);
                if self.below(2) == 0 {
                    overwrite(input, at, &part);
                } else {
                    input.splice(at..at, part);
                }
            }
            9 => input.truncate(self.below(len + 1)),
            _ => {
                let copy = self.range(len);
                let part = input[copy].to_vec();
                let at = self.below(len);
                overwrite(input, at, &part);
            }
        }
    }
}

fn overwrite(input: &mut [u8], at: usize, bytes: &[u8]) {
    for (old, new) in input.iter_mut().skip(at).zip(bytes) {
        *old = *new;
    }
}
