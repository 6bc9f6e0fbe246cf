//! Changes of files by chance: some know nothing of them, some know what tables and JSON are made of.

use crate::engine::{BYTES_MAX, Dice};

/// What readers of files have trouble with.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"\"\"",
    b"\"a \"\"b\"\" c\"",
    b"\"a\nb\"",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r\n",
    b"\r",
    b"'",
    b"''",
    b"|",
    b"=",
    b"+",
    b"-",
    b"@",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x8d\x95",
    b"\xe2\x80\xae",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"true",
    b"1e999",
    b"-0",
    b"0.5",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"65535",
    b"65536",
    b"256",
    b"999999999999.99",
    b"9,50",
    b"7%",
    b"head",
    b"item",
    b"choice",
    b"group",
    b"category",
    b"again",
    b"daypart",
    b"tax",
    b"price",
    b"prices",
    b"price:pickup+lunch",
    b"price:channel=web",
    b"name:de",
    b"rate:dine_in",
    b"kind",
    b"key",
    b"id",
    b"metadata",
    b"{\"a\":\"b\"}",
    b"pickup 1|lunch 2",
    b"mon|tue",
    b"never",
    b"daily",
    b"24:00",
    b"00:00",
    b"itm_01m3250v00000001s0ypn5envx",
    b"cat_7zzzzzzzzzzzzzzzzzzzzzzzzz",
    b"grp_00000000000000000000000000",
    b"EUR",
    b"KWD",
    b"JPY",
    b"included",
];

/// Changes an input a little.
pub(crate) fn change(dice: &Dice, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let at = dice.below(input.len() + 1);
    match dice.below(12) {
        0 if !input.is_empty() => {
            let at = dice.below(input.len());
            input[at] ^= 1 << dice.below(8);
        }
        1 => {
            let end = (at + dice.below(40)).min(input.len());
            input.drain(at..end);
        }
        2 => {
            let end = (at + dice.below(200)).min(input.len());
            let piece = input[at..end].to_vec();
            let times = 1 + dice.below(3);
            insert(input, at, &piece.repeat(times));
        }
        3 => {
            let other = &corpus[dice.below(corpus.len())];
            let from = dice.below(other.len() + 1);
            let end = (from + dice.below(400)).min(other.len());
            insert(input, at, &other[from..end]);
        }
        4 => {
            let nested = dice.of(TOKENS).repeat(1 + dice.below(300));
            insert(input, at, &nested);
        }
        5 => lines(dice, input),
        6 => cells(dice, input),
        7 => number(dice, input),
        _ => {
            let token = dice.of(TOKENS);
            let end = (at + if dice.one_in(2) { dice.below(12) } else { 0 }).min(input.len());
            input.splice(at..end, token.iter().copied());
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    if input.len() + piece.len() <= BYTES_MAX {
        input.splice(at..at, piece.iter().copied());
    }
}

/// Exchanges, repeats or leaves out lines.
fn lines(dice: &Dice, input: &mut Vec<u8>) {
    let mut lines: Vec<Vec<u8>> = input
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let (one, other) = (dice.below(lines.len()), dice.below(lines.len()));
    match dice.below(3) {
        0 => lines.swap(one, other),
        1 => lines.insert(other, lines[one].clone()),
        _ => drop(lines.remove(one)),
    }
    *input = lines.join(&b'\n');
    input.truncate(BYTES_MAX);
}

/// Exchanges cells of two lines, or puts a token into one.
fn cells(dice: &Dice, input: &mut Vec<u8>) {
    let mut cells: Vec<Vec<u8>> = input
        .split(|byte| *byte == b',')
        .map(<[u8]>::to_vec)
        .collect();
    let (one, other) = (dice.below(cells.len()), dice.below(cells.len()));
    match dice.below(4) {
        0 => cells.swap(one, other),
        1 => cells[other] = cells[one].clone(),
        2 => cells[one] = dice.of(TOKENS).to_vec(),
        _ => cells[one] = [b"\"", cells[one].as_slice(), b"\"\",\""].concat(),
    }
    *input = cells.join(&b',');
    input.truncate(BYTES_MAX);
}

/// Exchanges a number for another.
fn number(dice: &Dice, input: &mut Vec<u8>) {
    let Some(from) = (0..input.len())
        .cycle()
        .skip(dice.below(input.len().max(1)))
        .take(input.len())
        .find(|at| input[*at].is_ascii_digit())
    else {
        return;
    };
    let length = input[from..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let new = match dice.below(4) {
        0 => dice.u64().to_string(),
        1 => dice.below(10).to_string(),
        2 => i64::MAX.to_string(),
        _ => (1_u64 << dice.below(63))
            .wrapping_sub(dice.below(3) as u64)
            .to_string(),
    };
    input.splice(from..from + length, new.into_bytes());
}
