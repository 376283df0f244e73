// SPDX-License-Identifier: MIT OR Apache-2.0
//! Growing a `Vec` without the paths that abort. Inside the core and the driver these replace `push`, `extend`, `resize`.

use super::NoMemory;
use alloc::vec::Vec;

/// An empty vector with room for exactly `capacity` elements.
pub fn try_with_capacity<T>(capacity: usize) -> Result<Vec<T>, NoMemory> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(capacity).map_err(|_| NoMemory)?;
    Ok(vec)
}

/// Makes room for `additional` more elements, growing by doubling.
pub fn try_reserve<T>(vec: &mut Vec<T>, additional: usize) -> Result<(), NoMemory> {
    vec.try_reserve(additional).map_err(|_| NoMemory)
}

/// Appends, growing by doubling. When there is no memory, `value` is dropped.
pub fn try_push<T>(vec: &mut Vec<T>, value: T) -> Result<(), NoMemory> {
    vec.try_reserve(1).map_err(|_| NoMemory)?;
    let len = vec.len();
    // SAFETY: `len < capacity`; the element at `len` is initialized before the length covers it.
    unsafe {
        vec.as_mut_ptr().add(len).write(value);
        vec.set_len(len.wrapping_add(1));
    }
    Ok(())
}

/// Appends if there is room already; never allocates.
pub fn push_within<T>(vec: &mut Vec<T>, value: T) -> Result<(), T> {
    let len = vec.len();
    let Some(slot) = vec.spare_capacity_mut().first_mut() else {
        return Err(value);
    };
    slot.write(value);
    // SAFETY: `len < capacity`, and the element at `len` is now initialized.
    unsafe { vec.set_len(len.wrapping_add(1)) };
    Ok(())
}

/// Inserts at `index` (at the end, if that is less), growing by doubling.
pub fn try_insert<T>(vec: &mut Vec<T>, index: usize, value: T) -> Result<(), NoMemory> {
    vec.try_reserve(1).map_err(|_| NoMemory)?;
    let len = vec.len();
    let index = index.min(len);
    // SAFETY: `index <= len < capacity`: the tail moves up by one inside the buffer, and the hole is filled before the length
    // covers it. Nothing here can unwind.
    unsafe {
        let at = vec.as_mut_ptr().add(index);
        core::ptr::copy(at, at.add(1), len.wrapping_sub(index));
        at.write(value);
        vec.set_len(len.wrapping_add(1));
    }
    Ok(())
}

/// Removes the element at `index`, keeping the order.
pub fn try_remove<T>(vec: &mut Vec<T>, index: usize) -> Option<T> {
    let len = vec.len();
    if index >= len {
        return None;
    }
    // SAFETY: `index < len`: the element is moved out, the tail closes the gap, the length shrinks by one.
    unsafe {
        let at = vec.as_mut_ptr().add(index);
        let value = at.read();
        let tail = len.wrapping_sub(1);
        core::ptr::copy(at.add(1), at, tail.wrapping_sub(index));
        vec.set_len(tail);
        Some(value)
    }
}

/// A copy of `slice`.
pub fn try_from_slice<T: Copy>(slice: &[T]) -> Result<Vec<T>, NoMemory> {
    let mut vec = Vec::new();
    try_extend(&mut vec, slice)?;
    Ok(vec)
}

/// Appends a copy of `slice`, reserving exactly what it needs.
pub fn try_extend<T: Copy>(vec: &mut Vec<T>, slice: &[T]) -> Result<(), NoMemory> {
    vec.try_reserve_exact(slice.len()).map_err(|_| NoMemory)?;
    let len = vec.len();
    // SAFETY: there is room for `slice.len()` more elements; the slice borrows other memory than the vector, which is
    // borrowed mutably.
    unsafe {
        let end = vec.as_mut_ptr().add(len);
        core::ptr::copy_nonoverlapping(slice.as_ptr(), end, slice.len());
        vec.set_len(len.wrapping_add(slice.len()));
    }
    Ok(())
}

/// `count` clones of `value`.
pub fn try_filled<T: Clone>(count: usize, value: T) -> Result<Vec<T>, NoMemory> {
    let mut vec = Vec::new();
    try_fill(&mut vec, count, value)?;
    Ok(vec)
}

/// Appends `count` clones of `value`, reserving exactly what they need.
pub fn try_fill<T: Clone>(vec: &mut Vec<T>, count: usize, value: T) -> Result<(), NoMemory> {
    vec.try_reserve_exact(count).map_err(|_| NoMemory)?;
    for _ in 0..count {
        push_within(vec, value.clone()).map_err(|_| NoMemory)?;
    }
    Ok(())
}

/// Collects an iterator.
pub fn try_collect<T>(items: impl IntoIterator<Item = T>) -> Result<Vec<T>, NoMemory> {
    let items = items.into_iter();
    let mut vec = try_with_capacity(items.size_hint().0)?;
    for item in items {
        try_push(&mut vec, item)?;
    }
    Ok(vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::rc::Rc;
    use alloc::vec;

    #[test]
    fn grows_like_a_vector() {
        let mut v = try_with_capacity::<u32>(2).unwrap();
        assert_eq!(push_within(&mut v, 1), Ok(()));
        assert_eq!(push_within(&mut v, 2), Ok(()));
        if v.capacity() == 2 {
            assert_eq!(push_within(&mut v, 3), Err(3));
        }
        try_push(&mut v, 3).unwrap();
        try_extend(&mut v, &[4, 5]).unwrap();
        assert_eq!(v, [1, 2, 3, 4, 5]);
        assert_eq!(try_from_slice(&v).unwrap(), v);
        assert_eq!(try_filled(3, 9u8).unwrap(), [9, 9, 9]);
        assert_eq!(try_collect(0..4).unwrap(), [0, 1, 2, 3]);
    }

    #[test]
    fn inserts_and_removes_in_order() {
        let mut v = vec![];
        for x in [3, 1, 2] {
            let at = v.partition_point(|y: &Rc<i32>| **y < x);
            try_insert(&mut v, at, Rc::new(x)).unwrap();
        }
        try_insert(&mut v, 99, Rc::new(4)).unwrap();
        assert_eq!(v.iter().map(|x| **x).collect::<vec::Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(try_remove(&mut v, 1).as_deref(), Some(&2));
        assert_eq!(try_remove(&mut v, 3), None);
        assert_eq!(v.iter().map(|x| **x).collect::<vec::Vec<_>>(), [1, 3, 4]);
    }

    #[test]
    fn impossible_sizes_are_errors() {
        assert_eq!(try_with_capacity::<u64>(usize::MAX).err(), Some(NoMemory));
        assert_eq!(try_filled(usize::MAX / 2, 1u64).err(), Some(NoMemory));
    }
}
