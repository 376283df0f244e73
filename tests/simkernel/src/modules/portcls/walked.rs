// SPDX-License-Identifier: MIT OR Apache-2.0
//! A list whose members are called, one after the other, while others come and go.

use crate::{clock, guest};
use std::cell::RefCell;
use std::rc::Rc;

/// Who takes a member away waits for the walks of others that may be at it, as behind the lock that a port holds while it walks.
pub struct Walked<T> {
    /// Counted: taking part in a walk calls nobody.
    members: RefCell<Vec<Rc<T>>>,
    /// Contexts that walk.
    walkers: RefCell<Vec<usize>>,
}

impl<T> Default for Walked<T> {
    fn default() -> Self {
        Self {
            members: RefCell::default(),
            walkers: RefCell::default(),
        }
    }
}

impl<T> Walked<T> {
    pub fn push(&self, member: T) {
        self.members.borrow_mut().push(Rc::new(member));
    }

    /// Each of those that are there now.
    pub fn walk(&self, mut call: impl FnMut(&T)) {
        let members = self.members.borrow().clone();
        let own = guest::current() as usize;
        self.walkers.borrow_mut().push(own);
        members.iter().for_each(|member| call(member));
        let mut walkers = self.walkers.borrow_mut();
        if let Some(at) = walkers.iter().rposition(|walker| *walker == own) {
            walkers.swap_remove(at);
        }
    }

    /// The member that `is_it` is true of; nobody else is at it any more. In a thread at PASSIVE_LEVEL.
    pub fn remove(&self, mut is_it: impl FnMut(&T) -> bool) -> Option<Rc<T>> {
        let at = self
            .members
            .borrow()
            .iter()
            .position(|member| is_it(member))?;
        let gone = self.members.borrow_mut().remove(at);
        let own = guest::current() as usize;
        let alone = || self.walkers.borrow().iter().all(|walker| *walker == own);
        let ended = guest::until(clock::now_ns() + clock::PATIENCE_NS, alone);
        assert!(ended, "somebody walks a list for an hour");
        Some(gone)
    }
}
