// SPDX-License-Identifier: MIT OR Apache-2.0
use super::super::model::{Instrument, Patches, Wave};
use super::{Error, Handle, Usage};
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;

/// The downloads of one port.
#[derive(Debug)]
pub struct Port {
    pub id: u8,
    slots: Vec<Slot>,
    /// The first unused slot, or [`END`].
    free: u16,
    /// `dwDLId` and slot, sorted.
    ids: Vec<(u32, u16)>,
    /// Sorted by patch; those that are not GM first; the latest first.
    instruments: Vec<Shared<Instrument>>,
    published: Option<Shared<Patches>>,
    usage: Usage,
}

const END: u16 = u16::MAX;

#[derive(Debug)]
struct Slot {
    generation: u16,
    next_free: u16,
    object: Option<Object>,
}

#[derive(Debug)]
pub struct Object {
    /// `dwDLId`
    pub id: u32,
    pub cost: usize,
    pub content: Content,
}

#[derive(Debug)]
pub enum Content {
    Wave(Shared<Wave>),
    Instrument(Shared<Instrument>),
}

impl Object {
    /// Bytes that are not in the wave store.
    pub fn instrument_bytes(&self) -> usize {
        match self.content {
            Content::Wave(_) => 0,
            Content::Instrument(_) => self.cost,
        }
    }
}

impl Port {
    pub const fn new(id: u8) -> Self {
        Self {
            id,
            slots: Vec::new(),
            free: END,
            ids: Vec::new(),
            instruments: Vec::new(),
            published: None,
            usage: Usage {
                bytes: 0,
                objects: 0,
            },
        }
    }

    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The download with that `dwDLId`.
    pub fn find(&self, id: u32) -> Option<&Object> {
        let at = self.ids.binary_search_by_key(&id, |i| i.0).ok()?;
        let (_, slot) = self.ids.get(at)?;
        self.slots.get(usize::from(*slot))?.object.as_ref()
    }

    /// Adds an object whose id is new.
    pub fn add(&mut self, object: Object, generation: u16) -> Result<Handle, Error> {
        vec::try_reserve(&mut self.ids, 1)?;
        vec::try_reserve(&mut self.instruments, 1)?;
        let at = self.unused_slot()?;
        // From here on nothing fails.
        let id = object.id;
        let cost = object.cost;
        if let Content::Instrument(instrument) = &object.content {
            let key = |i: &Instrument| (i.patch, i.gm);
            let place = self
                .instruments
                .partition_point(|i| key(i) < key(instrument));
            vec::try_insert(&mut self.instruments, place, instrument.clone())?;
            self.unpublish();
        }
        let place = self.ids.partition_point(|i| i.0 < id);
        vec::try_insert(&mut self.ids, place, (id, at))?;
        if let Some(slot) = self.slots.get_mut(usize::from(at)) {
            self.free = slot.next_free;
            slot.generation = generation;
            // There is none in an unused slot.
            core::mem::forget(slot.object.replace(object));
        }
        self.usage.bytes = self.usage.bytes.saturating_add(cost);
        self.usage.objects = self.usage.objects.saturating_add(1);
        Ok(Handle(u32::from(generation) << 16 | u32::from(at)))
    }

    /// Takes an object out; `None` if the handle does not name one.
    pub fn remove(&mut self, Handle(handle): Handle) -> Option<Object> {
        let (generation, at) = ((handle >> 16) as u16, handle as u16);
        let free = self.free;
        let slot = self
            .slots
            .get_mut(usize::from(at))
            .filter(|s| s.generation == generation)?;
        let object = slot.object.take()?;
        slot.next_free = free;
        self.free = at;
        if let Ok(place) = self.ids.binary_search_by_key(&object.id, |i| i.0) {
            vec::try_remove(&mut self.ids, place);
        }
        if let Content::Instrument(instrument) = &object.content {
            let first = self
                .instruments
                .partition_point(|i| i.patch < instrument.patch);
            let same = self
                .instruments
                .iter()
                .skip(first)
                .position(|i| Shared::ptr_eq(i, instrument));
            if let Some(offset) = same {
                vec::try_remove(&mut self.instruments, first.wrapping_add(offset));
            }
            self.unpublish();
        }
        self.usage.bytes = self.usage.bytes.saturating_sub(object.cost);
        self.usage.objects = self.usage.objects.saturating_sub(1);
        Some(object)
    }

    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.slots.iter().filter_map(|slot| slot.object.as_ref())
    }

    /// The published table is no longer what it should be.
    pub fn unpublish(&mut self) {
        self.published = None;
    }

    pub fn patches(
        &mut self,
        defaults: &[Shared<Instrument>],
    ) -> Result<Shared<Patches>, NoMemory> {
        if let Some(published) = &self.published {
            return Ok(published.clone());
        }
        let patches = merge(self.instruments.iter(), defaults)?;
        self.published = Some(patches.clone());
        Ok(patches)
    }

    /// The table as it would be without one object.
    pub fn patches_without(
        &mut self,
        handle: Handle,
        defaults: &[Shared<Instrument>],
    ) -> Result<Shared<Patches>, Error> {
        match self.object(handle).map(|object| &object.content) {
            None => Err(Error::UnknownHandle),
            Some(Content::Wave(_)) => Ok(self.patches(defaults)?),
            Some(Content::Instrument(gone)) => {
                let stays = |i: &&Shared<Instrument>| !Shared::ptr_eq(i, gone);
                Ok(merge(self.instruments.iter().filter(stays), defaults)?)
            }
        }
    }

    /// Makes `patches` the port's table.
    pub fn publish(&mut self, patches: Shared<Patches>) {
        self.published = Some(patches);
    }

    fn object(&self, Handle(handle): Handle) -> Option<&Object> {
        self.slots
            .get(usize::from(handle as u16))
            .filter(|slot| slot.generation == (handle >> 16) as u16)?
            .object
            .as_ref()
    }

    /// The head of the list of unused slots, which gets a new one if it is empty.
    fn unused_slot(&mut self) -> Result<u16, Error> {
        if self.free == END {
            let at = u16::try_from(self.slots.len())
                .ok()
                .filter(|&at| at != END)
                .ok_or(Error::Quota)?;
            let slot = Slot {
                generation: 0,
                next_free: END,
                object: None,
            };
            vec::try_push(&mut self.slots, slot)?;
            self.free = at;
        }
        Ok(self.free)
    }
}

/// One table of two sorted lists: each patch once, the first of `own` before that of `defaults`; and `defaults` alone.
pub fn merge<'a>(
    own: impl Iterator<Item = &'a Shared<Instrument>>,
    defaults: &'a [Shared<Instrument>],
) -> Result<Shared<Patches>, NoMemory> {
    let mut patches = Patches {
        instruments: Vec::new(),
        built_in: vec::try_collect(defaults.iter().cloned())?,
    };
    let instruments = &mut patches.instruments;
    let most = own.size_hint().1.unwrap_or(0);
    vec::try_reserve(instruments, most.saturating_add(defaults.len()))?;
    let (mut own, mut defaults) = (own.peekable(), defaults.iter().peekable());
    loop {
        let next = match (own.peek(), defaults.peek()) {
            (Some(a), Some(b)) if b.patch < a.patch => defaults.next(),
            (Some(_), _) => own.next(),
            (None, _) => defaults.next(),
        };
        let Some(next) = next else {
            return Shared::try_new(patches);
        };
        if instruments
            .last()
            .is_none_or(|last| last.patch != next.patch)
        {
            vec::push_within(instruments, next.clone()).map_err(|_| NoMemory)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn instrument(patch: u32, gm: bool) -> Shared<Instrument> {
        let regions = Vec::new();
        Shared::try_new(Instrument::new(patch, gm, regions)).unwrap()
    }

    fn is_same(a: &Shared<Patches>, b: &Shared<Patches>) -> bool {
        Shared::ptr_eq(a, b)
    }

    /// The table that was made while the download was still there is the one that the port has without it.
    #[test]
    fn a_published_table_is_the_ports() {
        let mut port = Port::new(0);
        let object = |id, patch| Object {
            id,
            cost: 10,
            content: Content::Instrument(instrument(patch, false)),
        };
        let first = port.add(object(1, 3), 1).unwrap();
        port.add(object(2, 4), 1).unwrap();
        let both = port.patches(&[]).unwrap();
        assert_eq!(both.instruments().len(), 2);
        let without = port.patches_without(first, &[]).unwrap();
        assert!(is_same(&port.patches(&[]).unwrap(), &both));
        port.remove(first);
        assert!(port.patches(&[]).unwrap().find(3).is_none());
        port.publish(without.clone());
        assert!(is_same(&port.patches(&[]).unwrap(), &without));
        assert!(without.find(3).is_none() && without.find(4).is_some());
        port.unpublish();
        assert!(!is_same(&port.patches(&[]).unwrap(), &without));
    }

    /// Of any two sorted lists: each patch once, the first of the port's own before the default one.
    #[test]
    fn a_merged_table_has_each_patch_once() {
        let mut state = 9u64;
        let mut random = |n: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for _ in 0..300 {
            let mut list = |most: u64| {
                let mut patches: Vec<u64> = (0..random(most)).map(|_| random(12)).collect();
                patches.sort_unstable();
                let all = patches
                    .into_iter()
                    .map(|patch| instrument(patch as u32, true));
                all.collect::<Vec<_>>()
            };
            let (own, mut defaults) = (list(9), list(9));
            defaults.dedup_by_key(|i| i.patch);
            let mut expected = BTreeMap::new();
            for i in own.iter().chain(&defaults) {
                expected.entry(i.patch).or_insert(i);
            }
            let merged = merge(own.iter(), &defaults).unwrap();
            let there = merged.instruments();
            assert_eq!(there.len(), expected.len());
            for (i, expected) in there.iter().zip(expected.values()) {
                assert!(Shared::ptr_eq(i, expected), "{}", i.patch);
            }
            assert_eq!(merged.built_in().len(), defaults.len());
            let mut alone = merged.built_in().iter().zip(&defaults);
            assert!(alone.all(|(a, b)| Shared::ptr_eq(a, b)));
        }
        let none = merge([].iter(), &[]).unwrap();
        assert!(none.instruments().is_empty());
    }
}
