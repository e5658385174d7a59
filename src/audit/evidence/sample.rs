//! Which records of a population does a seed draw, the same ones for everybody who draws again?
//!
//! SplitMix64 (Steele, Lea and Flood 2014) begins at the first eight bytes, as a big-endian number, of the SHA-256 of
//! the seed's text. Each number it gives that is below the largest multiple of the population is taken modulo the
//! population as a position from 0; those drawn already are passed over; it ends when there are as many as asked for.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

/// Records of one sample at most.
pub const MOST: u64 = 1_000;
/// Letters of a seed.
pub const LONGEST_SEED: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub size: u64,
    pub seed: String,
}

impl Sample {
    /// A seed is letters, digits, dots, dashes and underscores, so that it can be said, typed and quoted.
    pub fn is_seed(text: &str) -> bool {
        !text.is_empty()
            && text.len() <= LONGEST_SEED
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    }

    /// The positions drawn, in order; all of them where the population is no larger.
    pub fn draw(&self, population: u64) -> BTreeSet<u64> {
        if population <= self.size {
            return (0..population).collect();
        }
        let digest = Sha256::digest(self.seed.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        let mut state = u64::from_be_bytes(first);
        // Beyond the last whole multiple the small positions would come up more often.
        let beyond = u64::MAX - u64::MAX % population;
        let mut drawn = BTreeSet::new();
        while (drawn.len() as u64) < self.size {
            let number = next(&mut state);
            if number < beyond {
                drawn.insert(number % population);
            }
        }
        drawn
    }
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs for the state 1234567, as the reference implementation in C gives them.
    #[test]
    fn the_generator_is_the_published_one() {
        let mut state = 1_234_567;
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([next(&mut state), next(&mut state), next(&mut state)], expected);
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_one_others() {
        let draw = |seed: &str, size, population| Sample { size, seed: seed.to_owned() }.draw(population);
        let drawn = draw("quarter-4", 25, 10_000);
        assert_eq!(drawn.len(), 25);
        assert!(drawn.iter().all(|position| *position < 10_000));
        assert_eq!(drawn, draw("quarter-4", 25, 10_000));
        assert_ne!(drawn, draw("quarter-3", 25, 10_000));
        assert_eq!(draw("x", 25, 25), (0..25).collect());
        assert_eq!(draw("x", 25, 3).len(), 3);
        assert_eq!(draw("x", 24, 25).len(), 24);
        assert!(draw("x", 5, 0).is_empty());
    }

    #[test]
    fn a_seed_can_be_said_and_typed() {
        assert!(Sample::is_seed("2026-Q4.a_b"));
        for text in ["", "a b", "é", "x;y", &"x".repeat(65)] {
            assert!(!Sample::is_seed(text), "{text}");
        }
    }
}
