// SPDX-License-Identifier: MIT OR Apache-2.0
//! What ends too early, for the seeds: each structure at every length below its own.

/// Lengths tried from either end of a structure: more than the longest record has.
const NEAR: usize = 48;

fn lengths(whole: usize) -> impl Iterator<Item = usize> {
    (0..whole).filter(move |&length| length < NEAR || whole - length < NEAR)
}

/// A RIFF file, again and again, each time with one chunk shorter; lists down to none of their kind.
pub fn chunks(file: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    walk(file, 0..file.len(), &mut Vec::new(), &mut all);
    all.iter()
        .flat_map(|chunk| {
            let most = if chunk.is_list { 4 } else { chunk.length };
            lengths(most).map(|length| chunk.cut(file, length))
        })
        .collect()
}

struct Chunk {
    /// Of its header.
    at: usize,
    length: usize,
    is_list: bool,
    /// The headers of the lists around it.
    around: Vec<usize>,
}

impl Chunk {
    fn cut(&self, file: &[u8], length: usize) -> Vec<u8> {
        let data = self.at + 8;
        let end = (data + self.length + self.length % 2).min(file.len());
        let pad = &[0][..length % 2];
        let mut cut = [&file[..data + length], pad, &file[end..]].concat();
        set(&mut cut, self.at, length);
        let gone = file.len() - cut.len();
        for &list in &self.around {
            set(&mut cut, list, size(file, list) - gone);
        }
        cut
    }
}

fn walk(file: &[u8], range: std::ops::Range<usize>, around: &mut Vec<usize>, all: &mut Vec<Chunk>) {
    let mut at = range.start;
    while at + 8 <= range.end {
        let length = size(file, at);
        let is_list = [b"RIFF", b"LIST"].contains(&file[at..].first_chunk().expect("a header"));
        all.push(Chunk {
            at,
            length,
            is_list,
            around: around.clone(),
        });
        if is_list {
            around.push(at);
            walk(file, at + 12..at + 8 + length, around, all);
            around.pop();
        }
        at += 8 + length + length % 2;
    }
}

fn size(file: &[u8], header: usize) -> usize {
    let bytes = file[header + 4..].first_chunk().expect("a header");
    u32::from_le_bytes(*bytes) as usize
}

fn set(file: &mut [u8], header: usize, length: usize) {
    file[header + 4..header + 8].copy_from_slice(&(length as u32).to_le_bytes());
}

/// A download buffer's beginnings; each says its own size.
pub fn downloads(buffer: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..buffer.len()).map(|length| {
        let mut short = buffer[..length].to_vec();
        if let Some(size) = short.get_mut(12..16) {
            size.copy_from_slice(&(length as u32).to_le_bytes());
        }
        short
    })
}

/// A System Exclusive message's beginnings, one after the other, and what begins a little differently.
pub fn messages(body: &[u8]) -> Vec<u8> {
    let begun = lengths(body.len()).map(|length| body[..length].to_vec());
    let changed = (0..body.len().min(10)).map(|at| {
        let mut other = body.to_vec();
        other[at] ^= 0x28;
        other
    });
    begun
        .chain(changed)
        .flat_map(|body| [&[0xF0][..], &body, &[0xF7]].concat())
        .collect()
}

/// A file with a byte of its head changed, and no more than a part of its head.
pub fn heads(file: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..12).flat_map(|at| {
        let mut other = file.to_vec();
        other[at] ^= 1;
        [other, file[..at].to_vec()]
    })
}
