//! Random changes of a seed, the same ones in every test run.

use cloze_foundation::draw::{Draw, Stream};

/// Longer inputs than this teach nothing that shorter ones do not.
const LONGEST: usize = 1 << 16;
/// What numbers in a text are replaced by.
const NUMBERS: [&str; 10] = [
    "-1",
    "0",
    "1e308",
    "1e-320",
    "nan",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551616",
    "999999999999999999999999999999",
];
/// What is put in anywhere.
const PIECES: [&[u8]; 12] = [
    b"\0",
    b"\xFF\xFF\xFF\xFF",
    b"[",
    b"{",
    b"\"",
    b"\n",
    b"[[",
    b"\xEF\xBB\xBF",
    b".",
    b"=",
    b"\x80\x80\x80\x80\x10",
    "é".as_bytes(),
];

/// Mutation `number` of seed `index`: one to four changes after each other.
pub fn mutated(kind: &str, seeds: &[Vec<u8>], index: usize, number: u64) -> Vec<u8> {
    let draw = Draw::new(1, "fuzz").purpose(kind).step(index as u64).example(number);
    let mut stream = draw.stream();
    let mut bytes = seeds[index].clone();
    for _ in 0..1 + stream.below(4) {
        let other = &seeds[stream.below(seeds.len())];
        change(&mut bytes, other, &mut stream);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], stream: &mut Stream) {
    let at = stream.below(bytes.len() + 1);
    match stream.below(9) {
        // Bits that flipped.
        0 | 1 => {
            for _ in 0..1 + stream.below(4) {
                if !bytes.is_empty() {
                    let at = stream.below(bytes.len());
                    bytes[at] ^= 1 << stream.below(8);
                }
            }
        }
        2 => bytes.truncate(at),
        // The beginning of this and the end of another.
        3 => {
            bytes.truncate(at);
            bytes.extend_from_slice(&other[stream.below(other.len() + 1)..]);
        }
        // A slice again, once or often.
        4 => {
            let length = 1 + stream.below(64);
            let slice: Vec<u8> = bytes[at..].iter().copied().take(length).collect();
            let times = [1, 2, 200][stream.below(3)];
            bytes.splice(at..at, slice.repeat(times));
        }
        5 => drop(bytes.drain(at..(at + 1 + stream.below(64)).min(bytes.len()))),
        6 => drop(bytes.splice(at..at, PIECES[stream.below(PIECES.len())].iter().copied())),
        // A number in words, from `at` on.
        7 => {
            let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|start| at + start) else {
                return;
            };
            let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = NUMBERS[stream.below(NUMBERS.len())];
            bytes.splice(start..start + length, number.bytes());
        }
        // A number in bytes.
        _ => {
            let length = [1, 2, 4, 8][stream.below(4)];
            let number = [0, u64::MAX, u64::MAX >> 1, 1 << 31, 1 << 20][stream.below(5)];
            for (byte, new) in bytes[at..].iter_mut().zip(number.to_le_bytes()).take(length) {
                *byte = new;
            }
        }
    }
}
