//! The fuzzer that needs no build of its own: mutates the corpus, with a generator that starts from a seed.
//!
//! `mutate TARGET SECONDS SEED CORPUS...`; ends with 1 at the first input that breaks a promise or takes more than
//! a second, and leaves that input as `./crash-<target>-<seed>`.

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use pyship_fuzz::{TARGETS, timed};

const LENGTH_MAX: usize = 64 << 10;
/// After so many runs some changed input must have been accepted.
const ENOUGH: u64 = 2_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, seconds, seed, corpus @ ..] = arguments.as_slice() else {
        eprintln!("usage: mutate TARGET SECONDS SEED CORPUS...");
        return ExitCode::from(2);
    };
    let (_, target) = TARGETS
        .iter()
        .find(|(known, _)| known == name)
        .expect("a known target");
    let limit = Duration::from_secs(seconds.parse().expect("a number of seconds"));
    let mut random = Random(seed.parse::<u64>().expect("a number") | 1);
    let seeds = read(corpus);
    let began = Instant::now();
    let (mut runs, mut accepted) = (0u64, 0u64);
    let mut longest = Duration::ZERO;
    while began.elapsed() < limit || runs < seeds.len() as u64 {
        let mut input = seeds[usize::try_from(runs).unwrap_or(0) % seeds.len()].clone();
        // The seeds themselves come first.
        if runs >= seeds.len() as u64 {
            for _ in 0..=random.below(5) {
                mutate(&mut input, &mut random, &seeds);
            }
        }
        let start = Instant::now();
        let verdict = catch_unwind(|| timed(*target, &input));
        let took = start.elapsed();
        longest = longest.max(took);
        runs += 1;
        if runs > seeds.len() as u64 {
            accepted += u64::from(matches!(verdict, Ok(true)));
        }
        if verdict.is_err() {
            let file = format!("crash-{name}-{seed}");
            std::fs::write(&file, &input).expect("the working directory can be written to");
            eprintln!("{name}: run {runs} broke a promise: see {file}");
            return ExitCode::FAILURE;
        }
    }
    println!(
        "{name}: {runs} runs in {:?}, {accepted} changed inputs were accepted, the longest took {longest:?}",
        began.elapsed()
    );
    // Where none is accepted, each is refused at the first check, and nothing behind that is tested.
    if runs > ENOUGH && accepted == 0 {
        eprintln!("{name}: no changed input was accepted: the seeds don't reach what is tested");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn read(places: &[String]) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = places
        .iter()
        .flat_map(|place| std::fs::read_dir(place).expect("the corpus is there"))
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there is no corpus in {places:?}");
    files
        .iter()
        .map(|file| std::fs::read(file).expect("it can be read"))
        .collect()
}

fn mutate(input: &mut Vec<u8>, random: &mut Random, seeds: &[Vec<u8>]) {
    const INTERESTING: [u64; 8] = [0, 1, 0x7f, 0xff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, u64::MAX];
    if input.is_empty() {
        input.push(0);
    }
    let at = random.below(input.len());
    match random.below(8) {
        0 => input[at] ^= 1 << random.below(8),
        1 => input[at] = u8::try_from(random.below(256)).unwrap_or(0),
        2 => {
            let value = INTERESTING[random.below(INTERESTING.len())].to_le_bytes();
            let length = (1usize << random.below(4)).min(input.len() - at);
            input[at..at + length].copy_from_slice(&value[..length]);
        }
        3 => input.truncate(at),
        4 => drop(input.drain(at..(at + 1 + random.below(64)).min(input.len()))),
        5 => {
            let piece = input[at..(at + 1 + random.below(600)).min(input.len())].to_vec();
            let to = random.below(input.len() + 1);
            input.splice(to..to, piece);
        }
        6 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            input.splice(at.., other[from..].iter().copied());
        }
        _ => {
            let text = b"/.\0-90=\x1b,\"[{";
            input.insert(at, text[random.below(text.len())]);
        }
    }
    input.truncate(LENGTH_MAX);
}

/// xorshift64*: the same runs for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(value).unwrap_or(0) % limit.max(1)
    }
}
