//! How does the same day always get the same demonstration data?

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Numbers that look random and are the same in every run: splitmix64.
#[derive(Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = most.abs_diff(least) + 1;
        least.saturating_add_unsigned(self.next() % width)
    }

    /// True `percent` times in a hundred.
    pub fn happens(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of `choices`, of which there is at least one.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let last = i64::try_from(choices.len()).unwrap_or(i64::MAX) - 1;
        &choices[usize::try_from(self.between(0, last.max(0))).unwrap_or(0)]
    }

    pub fn bytes<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
        bytes
    }
}

/// Identifiers of version 7: the time of what they name, then the order they were asked for in.
#[derive(Debug)]
pub struct Identifiers {
    chance: Chance,
    given: u64,
}

impl Identifiers {
    pub fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed), given: 0 }
    }

    pub fn at(&mut self, moment: DateTime<Utc>) -> Uuid {
        self.given += 1;
        let milliseconds = u64::try_from(moment.timestamp_millis()).unwrap_or(0);
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
        // The order comes first in what is left, so that rows of one moment sort as they were written.
        bytes[6] = 0x70 | (self.given >> 20 & 0x0f) as u8;
        bytes[7] = (self.given >> 12 & 0xff) as u8;
        bytes[8] = 0x80 | (self.given >> 6 & 0x3f) as u8;
        bytes[9] = (self.given << 2 & 0xfc) as u8;
        bytes[10..].copy_from_slice(&self.chance.bytes::<6>());
        Uuid::from_bytes(bytes)
    }
}
