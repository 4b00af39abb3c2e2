//! Mutants, and the watch over what they do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

/// Longest time for a mutant, which takes milliseconds on a machine that does nothing else, and most resident memory of the process.
const LONGEST: Duration = Duration::from_secs(60);
const MOST_MEMORY_KB: u64 = 2 << 20;

/// What came of a mutant.
pub enum Outcome {
    Refused,
    Same,
    /// The evidence itself was changed, and nothing else.
    Changed,
    Wrong(String),
}

/// Numbers that a seed determines (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Runs `few` mutants, or as many as `DVCALL_MUTANTS` says over `cost`, and fails at the first that is wrong.
pub fn run(kind: &str, few: u64, cost: u64, mut mutant: impl FnMut(&mut Random) -> (String, Outcome)) {
    watch();
    let seed = variable("DVCALL_SEED").unwrap_or(20_261_130);
    let count = variable("DVCALL_MUTANTS").map_or(few, |count| count.div_ceil(cost));
    let mut counts = [0; 3];
    for number in 0..count {
        let name = format!("{kind} {number} of seed {seed}");
        let kind_hash = kind
            .bytes()
            .fold(0, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(byte));
        let mut random = Random(seed ^ kind_hash.rotate_left(32) ^ number);
        WATCHED.lock().unwrap().push((name.clone(), Instant::now()));
        let done = catch_unwind(AssertUnwindSafe(|| mutant(&mut random)));
        WATCHED.lock().unwrap().retain(|(watched, _)| *watched != name);
        let (what, outcome) = done.unwrap_or_else(|_| panic!("{name}: it panics"));
        match outcome {
            Outcome::Refused => counts[0] += 1,
            Outcome::Same => counts[1] += 1,
            Outcome::Changed => counts[2] += 1,
            Outcome::Wrong(cause) => panic!("{name} ({what}): {cause}"),
        }
    }
    let [refused, same, changed] = counts;
    // Of many, some are found: else nothing was damaged, or nothing was read.
    assert!(count < 20 || refused > 0, "{kind}: none of {count} mutants is refused");
    println!("mutation: {kind}: {count} mutants, {refused} refused, {same} the same, {changed} changed evidence");
}

static WATCHED: Mutex<Vec<(String, Instant)>> = Mutex::new(Vec::new());

/// Ends the process where a mutant takes too long or too much.
fn watch() {
    static STARTED: Once = Once::new();
    let look = || {
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let memory = memory_kb();
            let watched = WATCHED.lock().unwrap();
            let hangs = watched.iter().find(|(_, start)| start.elapsed() > LONGEST);
            if let Some((name, _)) = hangs {
                eprintln!("{name}: it takes more than {LONGEST:?}");
                std::process::abort();
            }
            if memory > MOST_MEMORY_KB {
                eprintln!("{memory} kB of memory at {watched:?}");
                std::process::abort();
            }
        }
    };
    STARTED.call_once(|| drop(std::thread::spawn(look)));
}

fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Changes bytes somewhere; says what it did.
pub fn damage(bytes: &mut Vec<u8>, random: &mut Random) -> String {
    let at = random.below(bytes.len());
    let (word, other) = (at & !3, random.below(bytes.len()) & !3);
    let words = word.max(other) + 8 <= bytes.len();
    match random.below(12) {
        0..=2 => bytes[at] ^= 1 << random.below(8),
        3 | 4 => bytes[at] = random.next() as u8,
        5 => bytes[at] = *random.pick(&[0, 1, 0x7f, 0x80, 0xff]),
        6 if words => bytes[word..word + 8].fill(*random.pick(&[0, 0xff])),
        7 if words => bytes.copy_within(other..other + 8, word),
        8 if words => (0..8).for_each(|i| bytes.swap(word + i, other + i)),
        9 if words => {
            let number = u32::from_le_bytes(bytes[word..word + 4].try_into().unwrap());
            let number = number.wrapping_add_signed(*random.pick(&[-100, -1, 1, 3, 256, 65_536]));
            bytes[word..word + 4].copy_from_slice(&number.to_le_bytes());
        }
        10 => drop(bytes.drain(at..(at + 1 + random.below(20)).min(bytes.len()))),
        _ => bytes.truncate(at),
    }
    format!("byte {at}")
}

/// Changes a text somewhere: a character, a field, or a line.
pub fn damage_text(text: &mut String, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let at = random.below(lines.len());
    let other = random.below(lines.len());
    let line = lines[at].clone();
    let mut fields: Vec<&str> = line.trim_end().split('\t').collect();
    let field = random.below(fields.len());
    let odd = [
        "",
        "-1",
        "0",
        "1",
        "18446744073709551615",
        "9223372036854775808",
        "4294967296",
        "NaN",
        "é",
        "\u{1b}[2J",
        "*",
    ];
    match random.below(8) {
        0 => drop(lines.remove(at)),
        1 => lines.swap(at, other),
        2 => lines.insert(at, lines[other].clone()),
        3 => {
            fields[field] = *random.pick(odd.as_slice());
            lines[at] = fields.join("\t") + "\n";
        }
        4 => {
            fields.remove(field);
            lines[at] = fields.join("\t") + "\n";
        }
        _ => {
            let mut bytes = std::mem::take(text).into_bytes();
            let what = damage(&mut bytes, random);
            *text = String::from_utf8_lossy(&bytes).into_owned();
            return what;
        }
    }
    *text = lines.concat();
    format!("line {}", at + 1)
}
