// SPDX-License-Identifier: MIT OR Apache-2.0
//! RIFF: chunks inside a buffer. The buffer bounds everything; sizes in headers are only believed as far as it reaches.

use super::bytes::{array_at, index, u32_at};

/// A chunk's name.
pub type FourCc = [u8; 4];

/// One chunk. A list's `data` begins behind its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Its name.
    pub id: FourCc,
    /// The type of a `LIST` or `RIFF`.
    pub list: Option<FourCc>,
    /// What is in it, as far as the buffer reaches.
    pub data: &'a [u8],
    /// Where the chunk's header starts in the data that is iterated.
    pub offset: usize,
}

impl<'a> Chunk<'a> {
    /// The chunks of this list, if it is a `LIST` of that type.
    pub fn as_list(&self, kind: &FourCc) -> Option<Chunks<'a>> {
        (self.id == *b"LIST" && self.list == Some(*kind)).then(|| Chunks::new(self.data))
    }

    /// The data, if this is a plain chunk with that id.
    pub fn as_chunk(&self, id: &FourCc) -> Option<&'a [u8]> {
        (self.id == *id).then_some(self.data)
    }

    /// The chunk whose header is at `offset`; shortened where it exceeds `data`.
    pub fn at(data: &'a [u8], offset: usize) -> Option<Self> {
        let (&[a, b, c, d, size @ ..], body) = data.get(offset..)?.split_first_chunk::<8>()?;
        let id = [a, b, c, d];
        let body = body.get(..index(u32::from_le_bytes(size))).unwrap_or(body);
        // A list too short for its type is a chunk like any other.
        let (list, data) = match body.split_first_chunk() {
            Some((&kind, data)) if id == *b"LIST" || id == *b"RIFF" => (Some(kind), data),
            _ => (None, body),
        };
        Some(Self {
            id,
            list,
            data,
            offset,
        })
    }
}

/// The chunks that follow each other in `data`. Each step advances by at least eight bytes; nothing recurses.
///
/// Private chunks with false sizes exist in real files: where an id cannot be one, the next well-known id within a short distance
/// is taken, otherwise the list ends.
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    data: &'a [u8],
    at: usize,
}

/// How far behind a false size the next chunk is looked for, in bytes.
const RESYNC: usize = 64;
const WELL_KNOWN: [&FourCc; 16] = [
    b"LIST", b"insh", b"rgnh", b"wsmp", b"wlnk", b"art1", b"art2", b"fmt ", b"data", b"fact",
    b"dlid", b"cdl ", b"colh", b"ptbl", b"vers", b"cue ",
];

impl<'a> Chunks<'a> {
    /// The chunks that `data` begins with.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// All bytes, from the first chunk's header on.
    pub fn bytes(&self) -> &'a [u8] {
        self.data
    }
}

/// Where the chunk begins that is looked for at `at`. `word` reads four bytes at a position.
pub(super) fn synchronize(
    at: usize,
    mut word: impl FnMut(usize) -> Option<FourCc>,
) -> Option<usize> {
    if is_id(word(at)?) {
        return Some(at);
    }
    (1..=RESYNC)
        .filter_map(|skip| at.checked_add(skip))
        .find(|&at| word(at).is_some_and(is_well_known))
}

/// Not inlined: it compares with each.
#[inline(never)]
fn is_well_known(id: FourCc) -> bool {
    WELL_KNOWN.contains(&&id)
}

/// Behind a chunk that ends at `end`: normally on the next even position. Some writers leave the pad byte out.
pub(super) fn behind(
    start: usize,
    end: usize,
    mut word: impl FnMut(usize) -> Option<FourCc>,
) -> usize {
    if end.wrapping_sub(start) & 1 == 0 {
        return end;
    }
    let padded = end.saturating_add(1);
    let mut is_known = |at| word(at).is_some_and(is_well_known);
    if is_known(end) && !is_known(padded) {
        end
    } else {
        padded
    }
}

/// Whether these bytes can be a chunk's id.
fn is_id(id: FourCc) -> bool {
    id.iter().all(|c| (0x20..0x7F).contains(c))
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let word = |at| array_at(self.data, at);
        let at = synchronize(self.at, word)?;
        let chunk = Chunk::at(self.data, at)?;
        let size = index(u32_at(self.data, at.checked_add(4)?)?);
        let start = at.saturating_add(8);
        let end = start.saturating_add(size).min(self.data.len());
        self.at = behind(start, end, word);
        Some(chunk)
    }
}

/// The chunks of a `RIFF` form. A size that is more than the buffer holds, none, or one that ends within a chunk means the whole
/// buffer; what follows the form is ignored.
pub fn form<'a>(buffer: &'a [u8], kind: &FourCc) -> Option<Chunks<'a>> {
    let (&[b'R', b'I', b'F', b'F', a, b, c, d, ref form @ ..], body) =
        buffer.split_first_chunk::<12>()?
    else {
        return None;
    };
    if form != kind {
        return None;
    }
    let size = index(u32::from_le_bytes([a, b, c, d]));
    let len = form_len(size, body.len(), |at| array_at(body, at));
    Some(Chunks::new(body.get(..len).unwrap_or(body)))
}

/// Bytes of a form's chunks, of `there` that follow its type, if its header says `size`. `word` reads four bytes of them.
pub(super) fn form_len(
    size: usize,
    there: usize,
    word: impl FnMut(usize) -> Option<FourCc>,
) -> usize {
    match size.checked_sub(4) {
        None | Some(0) => there,
        Some(size) if size >= there || cuts_a_chunk(there, size, word) => there,
        Some(size) => size,
    }
}

/// Whether the first `size` of `there` bytes end within a chunk that is there as a whole.
fn cuts_a_chunk(there: usize, size: usize, mut word: impl FnMut(usize) -> Option<FourCc>) -> bool {
    let mut at = 0usize;
    while at < size {
        let (Some(id), Some(length)) = (word(at), word(at.saturating_add(4))) else {
            return false;
        };
        let end = at
            .saturating_add(8)
            .saturating_add(index(u32::from_le_bytes(length)));
        if !is_id(id) || end > there {
            return false;
        }
        if end > size {
            return true;
        }
        at = end.saturating_add(end & 1);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn chunk(id: &FourCc, data: &[u8]) -> Vec<u8> {
        let mut out = id.to_vec();
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out
    }

    fn ids(data: &[u8]) -> Vec<FourCc> {
        Chunks::new(data).map(|c| c.id).collect()
    }

    #[test]
    fn walks_padded_chunks_and_lists() {
        let mut data = chunk(b"abcd", &[1, 2, 3]);
        data.push(0);
        data.extend(chunk(b"LIST", b"insh"));
        let chunks: Vec<_> = Chunks::new(&data).collect();
        assert_eq!(chunks[0].as_chunk(b"abcd"), Some(&[1, 2, 3][..]));
        assert_eq!(chunks[1].list, Some(*b"insh"));
        assert_eq!(
            (chunks[1].offset, chunks[1].data.len(), chunks.len()),
            (12, 0, 2)
        );
    }

    #[test]
    fn a_form_that_ends_within_a_chunk_is_the_whole_buffer() {
        let chunks = [chunk(b"colh", &[1; 4]), chunk(b"ptbl", &[2; 8])].concat();
        for size in 0..=chunks.len() as u32 + 9 {
            let size = size.to_le_bytes();
            let file = [&b"RIFF"[..], &size, b"DLS ", &chunks].concat();
            let seen: Vec<_> = form(&file, b"DLS ").unwrap().map(|c| c.id).collect();
            match u32::from_le_bytes(size) {
                // It ends behind the first.
                16 => assert_eq!(seen, [*b"colh"]),
                _ => assert_eq!(seen, [*b"colh", *b"ptbl"]),
            }
        }
    }

    /// Also if the chunk before it is of odd length, and padded.
    #[test]
    fn a_form_that_ends_behind_an_odd_chunk_is_the_whole_buffer() {
        for odd in [1, 3, 5] {
            let first = [chunk(b"colh", &std::vec![1; odd]), std::vec![0]].concat();
            let body = [first.clone(), chunk(b"ptbl", &[2; 8])].concat();
            for inside in first.len() + 1..body.len() {
                let size = (4 + inside as u32).to_le_bytes();
                let file = [&b"RIFF"[..], &size, b"DLS ", &body].concat();
                assert_eq!(
                    form(&file, b"DLS ").unwrap().bytes(),
                    body,
                    "{odd} {inside}"
                );
            }
        }
    }

    /// A form's size counts where it does not cut a chunk that is there as a whole: what follows is no chunk, or one that is cut off anyway.
    #[test]
    fn a_form_that_ends_within_rubbish_ends_there() {
        for follows in [
            // Not an id.
            chunk(b"\x01\x02\x03\x04", &[9; 12]),
            // More than there is.
            [&b"long"[..], &1000u32.to_le_bytes(), &[9; 12]].concat(),
        ] {
            let body = [chunk(b"colh", &[1; 4]), follows].concat();
            for inside in [12, 20, 21, 26, 31] {
                let size = (4 + inside as u32).to_le_bytes();
                let file = [&b"RIFF"[..], &size, b"DLS ", &body].concat();
                let chunks = form(&file, b"DLS ").unwrap();
                assert_eq!(chunks.bytes(), &body[..inside], "{inside}");
            }
        }
    }

    #[test]
    fn ends_at_less_than_a_header_and_shortens_what_exceeds() {
        let mut data = chunk(b"good", &[7; 4]);
        for cut in 0..8 {
            assert_eq!(ids(&data[..cut]), Vec::<FourCc>::new());
        }
        assert_eq!(Chunks::new(&data[..10]).next().unwrap().data, [7; 2]);
        data.extend(b"\x01\x80\x02\x03LIST");
        assert_eq!(ids(&data), [*b"good"]);
        data[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(ids(&data), [*b"good"]);
    }

    #[test]
    fn a_missing_pad_byte_is_noticed() {
        let mut data = chunk(b"INAM", b"odd");
        data.extend(chunk(b"wsmp", &[0; 2]));
        assert_eq!(ids(&data), [*b"INAM", *b"wsmp"]);
    }

    #[test]
    fn false_sizes_of_private_chunks_are_survived() {
        let mut data = chunk(b"crs2", &[]);
        data.extend([1, 2, 0, 0, 0xFF, 9, 9, 9, 9, 9]);
        data.extend(chunk(b"wlnk", &[0; 12]));
        assert_eq!(ids(&data), [*b"crs2", *b"wlnk"]);
    }

    #[test]
    fn a_list_without_a_type_is_skipped() {
        for size in 0..4 {
            let mut data = chunk(b"LIST", &[b'x'; 4][..size]);
            data.resize(data.len().next_multiple_of(2), 0);
            data.extend(chunk(b"next", &[]));
            let chunks: Vec<_> = Chunks::new(&data).collect();
            assert_eq!((chunks[0].list, chunks[1].id), (None, *b"next"));
        }
    }

    #[test]
    fn empty_chunks_advance() {
        let data: Vec<u8> = (0..1000).flat_map(|_| chunk(b"none", &[])).collect();
        assert_eq!(ids(&data).len(), 1000);
    }

    #[test]
    fn the_form_is_bounded_by_the_buffer() {
        for (size, expected) in [(0u32, 2), (4, 2), (12, 1), (20, 2), (28, 2), (u32::MAX, 2)] {
            let mut data = b"RIFF".to_vec();
            data.extend(size.to_le_bytes());
            data.extend(b"DLS ");
            data.extend(chunk(b"aaaa", &[]));
            data.extend(chunk(b"bbbb", &[]));
            assert_eq!(form(&data, b"DLS ").unwrap().count(), expected, "{size}");
            assert!(form(&data, b"WAVE").is_none());
        }
        assert!(form(b"RIFF\0\0\0\0DLS", b"DLS ").is_none());
    }
}
