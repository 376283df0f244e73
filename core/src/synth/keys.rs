// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a channel keeps about keys: the ones held in mono mode, and settings of single keys (drum notes).

use crate::mem::{NoMemory, vec};
use alloc::vec::Vec;

/// Keys of a mono channel that are down, the latest last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Key and velocity.
    notes: [(u8, u8); Self::MOST],
    count: u8,
}

impl Held {
    /// More keys than fingers are not remembered: the oldest is forgotten.
    const MOST: usize = 10;

    pub fn press(&mut self, key: u8, velocity: u8) {
        self.lift(key);
        if usize::from(self.count) == Self::MOST {
            self.notes.rotate_left(1);
            self.count -= 1;
        }
        if let Some(slot) = self.notes.get_mut(usize::from(self.count)) {
            *slot = (key, velocity);
            self.count += 1;
        }
    }

    /// The key was down.
    pub fn lift(&mut self, key: u8) -> bool {
        let held = self.notes.get_mut(..usize::from(self.count));
        let Some(held) = held else { return false };
        let Some(place) = held.iter().position(|note| note.0 == key) else {
            return false;
        };
        if let Some(from) = held.get_mut(place..) {
            from.rotate_left(1);
        }
        self.count -= 1;
        true
    }

    /// Key and velocity of the latest that is still down.
    pub fn latest(&self) -> Option<(u8, u8)> {
        let last = usize::from(self.count).checked_sub(1)?;
        self.notes.get(last).copied()
    }

    pub fn clear(&mut self) {
        self.count = 0;
    }
}

/// Settings of one key, on top of its region's. 7-bit values; [`KeySettings::UNSET`] leaves the region's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySettings {
    /// Semitones plus 64.
    pub coarse: u8,
    /// Cents · 0.64 plus 64.
    pub fine: u8,
    /// Filter: as CC 74 and 71 of this key alone (XG).
    pub cutoff: u8,
    pub resonance: u8,
    /// Rates of the envelopes: more than 64 is faster than the region's (XG).
    pub attack: u8,
    pub decay: u8,
    /// Level by the law of CC 7 (GS, XG).
    pub level: u8,
    /// Gain: 64 is 1 (GM2).
    pub volume: u8,
    /// In place of the region's; 64 is the middle.
    pub pan: u8,
    /// Parts of the channel's sends.
    pub reverb: u8,
    pub chorus: u8,
}

impl KeySettings {
    const UNSET: u8 = 0xFF;

    pub const NONE: Self = Self {
        coarse: Self::UNSET,
        fine: Self::UNSET,
        cutoff: Self::UNSET,
        resonance: Self::UNSET,
        attack: Self::UNSET,
        decay: Self::UNSET,
        level: Self::UNSET,
        volume: Self::UNSET,
        pan: Self::UNSET,
        reverb: Self::UNSET,
        chorus: Self::UNSET,
    };

    /// Nothing is set: all bits of all of them are.
    #[inline]
    pub fn is_none(&self) -> bool {
        let Self {
            coarse,
            fine,
            cutoff,
            resonance,
            attack,
            decay,
            level,
            volume,
            pan,
            reverb,
            chorus,
        } = *self;
        let all = coarse & fine & cutoff & resonance & attack & decay;
        all & level & volume & pan & reverb & chorus == Self::UNSET
    }

    /// The parameters of GM2's key-based instrument control.
    pub fn set_controller(&mut self, number: u8, value: u8) {
        match number {
            7 => self.volume = value,
            10 => self.pan = value,
            91 => self.reverb = value,
            93 => self.chorus = value,
            _ => {}
        }
    }

    /// The parameters that GS and XG set by NRPN (MSB).
    pub fn set_nrpn(&mut self, number: u8, value: u8) {
        match number {
            0x14 => self.cutoff = value,
            0x15 => self.resonance = value,
            0x16 => self.attack = value,
            0x17 => self.decay = value,
            0x18 => self.coarse = value,
            0x19 => self.fine = value,
            0x1A => self.level = value,
            // 0 is "random": the region's own.
            0x1C => self.pan = if value == 0 { Self::UNSET } else { value },
            0x1D => self.reverb = value,
            0x1E => self.chorus = value,
            _ => {}
        }
    }
}

/// A value that has been set.
pub fn given(value: u8) -> Option<f32> {
    (value < 0x80).then(|| f32::from(value))
}

/// Key settings of the channels that have any, in a bounded number of tables.
#[derive(Debug)]
pub struct KeyTables {
    tables: Vec<[KeySettings; KEYS]>,
    /// Part that uses the table, or [`NOBODY`].
    owners: Vec<u16>,
    /// Tables from here on have no owner.
    used: usize,
}

const KEYS: usize = 128;
/// There are fewer parts.
const NOBODY: u16 = u16::MAX;
const NO_SETTINGS: [KeySettings; KEYS] = [KeySettings::NONE; KEYS];
/// GM2 has two drum channels, GS two drum maps; a song may split one over more channels.
const TABLES_PER_GROUP: usize = 4;

impl KeyTables {
    /// PASSIVE_LEVEL: it allocates.
    pub fn new(groups: usize) -> Result<Self, NoMemory> {
        let count = groups.saturating_mul(TABLES_PER_GROUP);
        Ok(Self {
            tables: vec::try_filled(count, NO_SETTINGS)?,
            owners: vec::try_filled(count, NOBODY)?,
            used: 0,
        })
    }

    /// Takes over the tables of the parts below `parts` from `old`, as many as there is room for, into new ones.
    pub fn adopt(&mut self, old: &Self, parts: usize) {
        let tables = old.owners.iter().zip(&old.tables);
        let kept = tables.filter(|(owner, _)| usize::from(**owner) < parts);
        let places = self.owners.iter_mut().zip(&mut self.tables);
        for ((owner, table), (old_owner, old_table)) in places.zip(kept) {
            *owner = *old_owner;
            *table = *old_table;
            self.used += 1;
        }
    }

    pub fn get(&self, part: u16, key: u8) -> KeySettings {
        let mut owners = self.owners.iter().take(self.used);
        let place = owners.position(|owner| *owner == part);
        place
            .and_then(|table| self.tables.get(table)?.get(usize::from(key & 0x7F)))
            .copied()
            .unwrap_or(KeySettings::NONE)
    }

    /// The settings of a key, to be changed; `None` if all tables are in use.
    pub fn get_mut(&mut self, part: u16, key: u8) -> Option<&mut KeySettings> {
        let owned = self.owners.iter().position(|owner| *owner == part);
        let table = match owned {
            Some(table) => table,
            None => {
                let free = self.owners.iter().position(|owner| *owner == NOBODY)?;
                *self.owners.get_mut(free)? = part;
                self.used = self.used.max(free + 1);
                free
            }
        };
        let table = self.tables.get_mut(table)?;
        table.get_mut(usize::from(key & 0x7F))
    }

    /// Forgets the settings of a part.
    pub fn release(&mut self, part: u16) {
        let mut tables = self.owners.iter_mut().zip(&mut self.tables);
        if let Some((owner, table)) = tables.find(|(owner, _)| **owner == part) {
            *owner = NOBODY;
            *table = NO_SETTINGS;
        }
    }

    pub fn reset(&mut self) {
        self.owners.fill(NOBODY);
        self.used = 0;
        self.tables.fill(NO_SETTINGS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_key_that_is_down() {
        let mut held = Held::default();
        assert_eq!(held.latest(), None);
        for key in 60..75 {
            held.press(key, key - 50);
        }
        assert_eq!(held.latest(), Some((74, 24)));
        assert!(held.lift(74) && !held.lift(74));
        assert!(held.lift(70));
        assert_eq!(held.latest(), Some((73, 23)));
        held.press(71, 1);
        assert_eq!(held.latest(), Some((71, 1)));
        for key in [71, 73, 72] {
            assert!(held.lift(key));
        }
        assert_eq!(held.latest(), Some((69, 19)));
        // The first five have been forgotten.
        assert!(!held.lift(64) && held.lift(65));
        held.clear();
        assert_eq!(held.latest(), None);
    }

    type Setting<'a> = &'a dyn Fn(&mut KeySettings);

    /// Every parameter sets its own field and no other.
    #[test]
    fn each_parameter_has_its_field() {
        let with = |change: Setting| {
            let mut key = KeySettings::NONE;
            change(&mut key);
            key
        };
        let nrpn: [(u8, Setting); 10] = [
            (0x14, &|key| key.cutoff = 33),
            (0x15, &|key| key.resonance = 33),
            (0x16, &|key| key.attack = 33),
            (0x17, &|key| key.decay = 33),
            (0x18, &|key| key.coarse = 33),
            (0x19, &|key| key.fine = 33),
            (0x1A, &|key| key.level = 33),
            (0x1C, &|key| key.pan = 33),
            (0x1D, &|key| key.reverb = 33),
            (0x1E, &|key| key.chorus = 33),
        ];
        for number in 0..=0x7F {
            let row = nrpn.iter().find(|row| row.0 == number);
            let wanted = row.map_or(KeySettings::NONE, |row| with(row.1));
            assert_eq!(with(&|key| key.set_nrpn(number, 33)), wanted, "{number:x}");
        }
        let controllers: [(u8, Setting); 4] = [
            (7, &|key| key.volume = 33),
            (10, &|key| key.pan = 33),
            (91, &|key| key.reverb = 33),
            (93, &|key| key.chorus = 33),
        ];
        for number in 0..=0x7F {
            let row = controllers.iter().find(|row| row.0 == number);
            let wanted = row.map_or(KeySettings::NONE, |row| with(row.1));
            assert_eq!(
                with(&|key| key.set_controller(number, 33)),
                wanted,
                "{number}"
            );
        }
        // Pan 0 by NRPN is "random": the region's own.
        assert_eq!(with(&|key| key.set_nrpn(0x1C, 0)), KeySettings::NONE);
    }

    /// A table that becomes free between others and is taken again hides none of them, and remembers nothing.
    #[test]
    fn tables_are_used_again() {
        let mut tables = KeyTables::new(1).unwrap();
        for part in 0..3 {
            tables.get_mut(part, 40).unwrap().level = part as u8;
        }
        tables.release(0);
        assert_eq!(tables.get_mut(9, 41).copied(), Some(KeySettings::NONE));
        assert_eq!(tables.get(9, 40), KeySettings::NONE);
        assert_eq!((tables.get(1, 40).level, tables.get(2, 40).level), (1, 2));
        tables.reset();
        for part in [0, 1, 2, 9] {
            assert_eq!(tables.get(part, 40), KeySettings::NONE);
        }
        for part in 4..8 {
            assert_eq!(tables.get_mut(part, 40).copied(), Some(KeySettings::NONE));
        }
    }

    /// Tables of the parts that stay are found after a change of the number of parts, those of others are free.
    #[test]
    fn tables_are_taken_over() {
        let mut old = KeyTables::new(2).unwrap();
        for part in [3, 20, 5, 16, 15] {
            old.get_mut(part, 40).unwrap().level = part as u8;
        }
        let mut new = KeyTables::new(1).unwrap();
        new.adopt(&old, 16);
        for part in 0..32 {
            let settings = new.get(part, 40);
            let level = if [3, 5, 15].contains(&part) {
                part as u8
            } else {
                KeySettings::UNSET
            };
            assert_eq!(
                settings,
                KeySettings {
                    level,
                    ..KeySettings::NONE
                },
                "{part}"
            );
        }
        assert_eq!(new.get_mut(9, 40).copied(), Some(KeySettings::NONE));
        new.get_mut(9, 40).unwrap().level = 9;
        assert_eq!((new.get(9, 40).level, new.get(3, 40).level), (9, 3));
        assert!(new.get_mut(10, 40).is_none(), "there are four");
        // More than there is room for: the first ones.
        old.get_mut(6, 40).unwrap().level = 6;
        old.get_mut(7, 40).unwrap().level = 7;
        let mut new = KeyTables::new(1).unwrap();
        new.adopt(&old, 16);
        assert_eq!(
            [3, 5, 15, 6, 7].map(|part| new.get(part, 40).level),
            [3, 5, 15, 6, KeySettings::UNSET]
        );
    }

    #[test]
    fn tables_are_bounded_and_come_back() {
        let mut tables = KeyTables::new(1).unwrap();
        for part in 0..4 {
            tables.get_mut(part, 40).unwrap().set_nrpn(0x1A, part as u8);
        }
        assert!(tables.get_mut(4, 40).is_none());
        assert_eq!(tables.get(2, 40).level, 2);
        assert_eq!(tables.get(4, 40), KeySettings::NONE);
        assert_eq!(tables.get(2, 41), KeySettings::NONE);
        tables.release(2);
        assert_eq!(tables.get_mut(9, 40).copied(), Some(KeySettings::NONE));
    }
}
