// SPDX-License-Identifier: MIT OR Apache-2.0
use super::NoMemory;
use alloc::boxed::Box;
use core::alloc::Layout;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// A block for one `T`, not yet written. Zero-sized types need no memory.
pub(super) fn allocate<T>() -> Result<NonNull<T>, NoMemory> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        return Ok(NonNull::dangling());
    }
    // SAFETY: the layout's size is not zero.
    let block = unsafe { alloc::alloc::alloc(layout) };
    NonNull::new(block.cast()).ok_or(NoMemory)
}

/// A `Box` whose allocation can fail.
#[derive(Debug)]
pub struct TryBox<T>(Box<T>);

impl<T> TryBox<T> {
    /// Moves `value` to the heap. When there is no memory, `value` is dropped.
    pub fn try_new(value: T) -> Result<Self, NoMemory> {
        let block = allocate::<T>()?;
        // SAFETY: the block has the layout of `T`, comes from the global allocator (or is dangling for a zero-sized `T`),
        // and is initialized before it becomes a box.
        unsafe {
            block.write(value);
            Ok(Self(Box::from_raw(block.as_ptr())))
        }
    }

    /// Moves the value back out of the heap.
    pub fn into_inner(self) -> T {
        *self.0
    }

    /// The plain box, for instance to turn it into a trait object.
    pub fn into_box(self) -> Box<T> {
        self.0
    }

    /// Gives up ownership; [`TryBox::from_raw`] takes it back.
    pub fn into_raw(self) -> *mut T {
        Box::into_raw(self.0)
    }

    /// # Safety
    /// `raw` came from [`TryBox::into_raw`] and nobody else owns it.
    pub unsafe fn from_raw(raw: *mut T) -> Self {
        // SAFETY: the caller's promise; `into_raw` gave out the pointer of a `Box`.
        Self(unsafe { Box::from_raw(raw) })
    }
}

impl<T: Copy, const N: usize> TryBox<[T; N]> {
    /// An array of copies of `value`, built in place: it never lies on the stack.
    pub fn try_filled(value: T) -> Result<Self, NoMemory> {
        let block = allocate::<[T; N]>()?;
        let first = block.cast::<T>();
        for i in 0..N {
            // SAFETY: the block holds `N` elements and `i < N`.
            unsafe { first.add(i).write(value) };
        }
        // SAFETY: all elements are initialized; the block has the array's layout and comes from the global allocator.
        Ok(Self(unsafe { Box::from_raw(block.as_ptr()) }))
    }
}

impl<T> Deref for TryBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for TryBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::rc::Rc;

    #[test]
    fn owns_and_drops_its_value_once() {
        let value = Rc::new(7);
        let mut boxed = TryBox::try_new(value.clone()).unwrap();
        assert_eq!(Rc::strong_count(&value), 2);
        *boxed = Rc::new(8);
        assert_eq!(Rc::strong_count(&value), 1);
        // SAFETY: the pointer comes from `into_raw` just now.
        let boxed = unsafe { TryBox::from_raw(boxed.into_raw()) };
        assert_eq!(*boxed.into_inner(), 8);
    }

    #[test]
    fn honours_alignment_and_zero_size() {
        #[repr(align(64))]
        struct Line(u8);
        let line = TryBox::try_new(Line(3)).unwrap();
        assert_eq!((&*line as *const Line).addr() % 64, 0);
        assert_eq!((*line).0, 3);
        TryBox::try_new(()).unwrap();
        assert!(
            TryBox::<[u16; 3000]>::try_filled(5)
                .unwrap()
                .iter()
                .all(|&x| x == 5)
        );
    }
}
