//! Changes inputs as libFuzzer does: bits, pieces, words of a dictionary, pieces of another input.
//!
//! In: an input, another one of the corpus, words, random numbers. Out: a changed copy. Pure.

use std::ops::Range;

use fastrand::Rng;

/// Most changes to one input.
const MOST_CHANGES: usize = 4;
/// Longest piece that is taken out, repeated or taken from another input, in bytes.
const LONGEST_PIECE: usize = 40;
/// Most repetitions of a piece.
const MOST_TIMES: usize = 50;

/// Changes an input in one to four places.
pub fn mutated(input: &[u8], other: &[u8], words: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..random.usize(1..=MOST_CHANGES) {
        let Range { start, end } = piece(out.len(), random);
        match random.u8(..16) {
            0 => out.truncate(start),
            1..=2 => drop(out.drain(start..end)),
            3..=4 => {
                let times = out[start..end].repeat(random.usize(1..=MOST_TIMES));
                drop(out.splice(end..end, times));
            }
            5..=7 => {
                if let Some(byte) = out.get_mut(start) {
                    *byte ^= 1 << random.u8(..8);
                }
            }
            8 => out.insert(start, random.u8(..)),
            9..=10 => drop(out.splice(start..end, other[piece(other.len(), random)].to_vec())),
            11..=12 => drop(out.splice(start..end, word(words, random))),
            _ => drop(out.splice(start..start, word(words, random))),
        }
    }
    out
}

/// A piece of something of this length; it may be empty.
fn piece(length: usize, random: &mut Rng) -> Range<usize> {
    let start = random.usize(..=length);
    start..(start + random.usize(..=LONGEST_PIECE)).min(length)
}

fn word(words: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    words[random.usize(..words.len())].clone()
}

/// The words of a dictionary of libFuzzer: one a line, quoted, with or without a name before it.
pub fn dictionary(text: &str) -> Vec<Vec<u8>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| unquoted(line).unwrap_or_else(|| panic!("no word of a dictionary: {line}"))).collect()
}

/// The bytes between the first and the last quote.
fn unquoted(line: &str) -> Option<Vec<u8>> {
    let (_, rest) = line.split_once('"')?;
    let mut chars = rest.strip_suffix('"')?.chars();
    let mut bytes = Vec::new();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next()? {
                'x' => {
                    let digits: String = chars.by_ref().take(2).collect();
                    bytes.push(u8::from_str_radix(&digits, 16).ok()?);
                }
                escaped => bytes.push(u8::try_from(escaped).ok()?),
            },
            plain => bytes.push(u8::try_from(plain).ok()?),
        }
    }
    Some(bytes)
}
