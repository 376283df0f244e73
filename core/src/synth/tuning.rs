// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tuning programs (MIDI Tuning Standard): pitches of all keys, by bank and program.

use super::channel::Channel;
use crate::mem::{NoMemory, TryBox};
use crate::midi::{Tuning, TuningChange, pitch};

const KEYS: usize = 128;
/// Programs that a port keeps; what comes when all are in use is not taken.
const PROGRAMS: usize = 16;

/// A port's tuning programs. One that nobody has set is equal temperament.
#[derive(Debug)]
pub struct Tunings {
    /// Cents that a key is off equal temperament, of each program.
    cents: TryBox<[[f32; KEYS]; PROGRAMS]>,
    /// Bank and program of each table.
    names: [(u8, u8); PROGRAMS],
    /// Tables in use: the first ones.
    used: usize,
}

impl Tunings {
    /// PASSIVE_LEVEL: it allocates.
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            cents: TryBox::try_filled([0.0; KEYS])?,
            names: [(0, 0); PROGRAMS],
            used: 0,
        })
    }

    pub fn reset(&mut self) {
        if self.used > 0 {
            *self.cents = [[0.0; KEYS]; PROGRAMS];
            self.used = 0;
        }
    }

    /// Cents by which a channel's program retunes a key. Drums keep their pitch.
    pub fn cents(&self, channel: &Channel, key: u8) -> f32 {
        if self.used == 0 || channel.drum {
            return 0.0;
        }
        self.place(channel.tuning)
            .and_then(|place| self.cents.get(place)?.get(usize::from(key)))
            .copied()
            .unwrap_or(0.0)
    }

    fn place(&self, name: (u8, u8)) -> Option<usize> {
        let used = self.names.get(..self.used.min(PROGRAMS));
        let mut used = used.unwrap_or_default().iter();
        used.position(|other| *other == name)
    }

    /// The table of a program, made if there is room.
    fn table(&mut self, name: (u8, u8)) -> Option<&mut [f32; KEYS]> {
        let place = match self.place(name) {
            Some(place) => place,
            None => {
                let free = self.used;
                *self.names.get_mut(free)? = name;
                self.used += 1;
                free
            }
        };
        self.cents.get_mut(place)
    }

    /// Changes a program; false if there is no room for it.
    pub fn set(&mut self, tuning: &Tuning) -> bool {
        let Some(table) = self.table((tuning.bank, tuning.program)) else {
            return false;
        };
        let off = |key: usize, bytes| pitch(bytes).map(|cents| cents - 100.0 * key as f32);
        match tuning.change {
            TuningChange::Keys(pitches) => {
                for (key, (slot, &bytes)) in table.iter_mut().zip(pitches).enumerate() {
                    *slot = off(key, bytes).unwrap_or(*slot);
                }
            }
            TuningChange::Octave(scale) => {
                for (key, slot) in table.iter_mut().enumerate() {
                    *slot = scale.cents(key % 12);
                }
            }
            TuningChange::Notes(notes) => {
                for &[key, a, b, c] in notes {
                    if let Some(slot) = table.get_mut(usize::from(key)) {
                        *slot = off(usize::from(key), [a, b, c]).unwrap_or(*slot);
                    }
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After a reset no program retunes, and each can be set again.
    #[test]
    fn a_reset_forgets_programs_and_takes_them_again() {
        let mut tunings = Tunings::new().unwrap();
        let mut channel = Channel::new(0);
        let program = |number| Tuning {
            bank: 0,
            program: number,
            // Key 60 sounds as 61, 62 half a semitone above itself.
            change: TuningChange::Notes(&[[60, 61, 0, 0], [62, 62, 0x40, 0]]),
            live: false,
        };
        for _ in 0..3 {
            for number in 0..PROGRAMS as u8 {
                channel.tuning = (0, number);
                assert_eq!(tunings.cents(&channel, 60), 0.0);
                assert!(tunings.set(&program(number)));
                let cents = [60, 61, 62].map(|key| tunings.cents(&channel, key));
                assert_eq!(cents, [100.0, 0.0, 50.0]);
            }
            assert!(!tunings.set(&program(PROGRAMS as u8)), "there is no room");
            tunings.reset();
        }
    }
}
