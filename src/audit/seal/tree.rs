//! How does the Merkle tree grow, and what proves that a leaf is in it, or that it only grew?
//!
//! The tree is RFC 6962's, kept as C2SP's tiles: a tile is up to 256 hashes of one level, side by side, and the root of a
//! full tile is one hash of the tile above. Only full subtrees have a hash anywhere, so what is written never changes.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use tlog_tiles::{Error as TreeError, Hash, HashReader, Tile, prove_record, prove_tree, tree_hash};

const HEIGHT: u8 = 8;
const WIDTH: usize = 256;
/// Bytes of a hash.
pub const HASH: usize = 32;

/// Where a tile stands: its level, and its place from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub level: u8,
    pub index: u64,
}

impl Place {
    fn of(tile: &Tile) -> Place {
        Place { level: tile.level(), index: tile.level_index() }
    }
}

/// How many hashes a level has in a tree of so many leaves.
fn hashes_of(size: u64, level: u8) -> u64 {
    size.checked_shr(u32::from(HEIGHT) * u32::from(level)).unwrap_or(0)
}

/// The tiles at the right edge of a tree, those that are not full: all that it takes to go on, and to know the root.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    size: u64,
    /// From the leaves up; each holds less than a tile.
    tiles: Vec<Vec<u8>>,
}

/// Tiles that are not those of a tree of this size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("tile {index} of level {level} holds {found} hashes, and {expected} of this size of the log")]
pub struct Misfit {
    pub level: u8,
    pub index: u64,
    pub found: u64,
    pub expected: u64,
}

impl Edge {
    /// Where the edge of a tree of this size stands.
    #[must_use]
    pub fn places(size: u64) -> Vec<Place> {
        let mut places = Vec::new();
        for level in 0..HEIGHT {
            let hashes = hashes_of(size, level);
            if hashes == 0 {
                break;
            }
            if !hashes.is_multiple_of(WIDTH as u64) {
                places.push(Place { level, index: hashes / WIDTH as u64 });
            }
        }
        places
    }

    /// # Errors
    /// Where one of [`Edge::places`] is missing, or is not as wide as the size says.
    pub fn of(size: u64, mut tiles: Tiles) -> Result<Edge, Misfit> {
        let mut edge = Edge { size, tiles: Vec::new() };
        for level in 0..HEIGHT {
            let hashes = hashes_of(size, level);
            if hashes == 0 {
                break;
            }
            let (index, expected) = (hashes / WIDTH as u64, hashes % WIDTH as u64);
            let tile = tiles.0.remove(&Place { level, index }).unwrap_or_default();
            if tile.len() as u64 != expected * HASH as u64 {
                return Err(Misfit { level, index, found: (tile.len() / HASH) as u64, expected });
            }
            edge.tiles.push(tile);
        }
        Ok(edge)
    }

    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; the tiles that it fills go to `full`, for they are no edge any more.
    pub fn append(&mut self, leaf: Hash, full: &mut Tiles) {
        let mut hash = leaf;
        for level in 0..HEIGHT {
            if self.tiles.len() <= usize::from(level) {
                self.tiles.push(Vec::new());
            }
            let tile = &mut self.tiles[usize::from(level)];
            tile.extend_from_slice(&hash.0);
            if tile.len() < WIDTH * HASH {
                break;
            }
            hash = Tile::subtree_hash(tile);
            let index = hashes_of(self.size, level) / WIDTH as u64;
            full.0.insert(Place { level, index }, std::mem::take(tile));
        }
        self.size += 1;
    }

    /// # Panics
    /// Never: an edge holds every hash that its root is made of.
    #[must_use]
    pub fn root(&self) -> Hash {
        tree_hash(self.size, self).expect("an edge holds what its root is made of")
    }

    /// The tiles of the edge, as far as they begin at all.
    pub fn tiles(&self) -> impl Iterator<Item = (Place, &[u8])> {
        (0..HEIGHT).zip(&self.tiles).filter(|(_, tile)| !tile.is_empty()).map(|(level, tile)| {
            let index = hashes_of(self.size, level) / WIDTH as u64;
            (Place { level, index }, tile.as_slice())
        })
    }
}

impl HashReader for Edge {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TreeError> {
        let read = |index: &u64| {
            let tile = Tile::from_index(HEIGHT, *index);
            let is_edge = tile.level_index() == hashes_of(self.size, tile.level()) / WIDTH as u64;
            let data = self.tiles.get(usize::from(tile.level())).filter(|_| is_edge);
            tile.hash_at_index(data.ok_or(TreeError::IndexesNotInTree)?, *index)
        };
        indexes.iter().map(read).collect()
    }
}

/// Tiles of a tree, by their place.
#[derive(Debug, Clone, Default)]
pub struct Tiles(pub BTreeMap<Place, Vec<u8>>);

impl HashReader for Tiles {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TreeError> {
        let read = |index: &u64| {
            let tile = Tile::from_index(HEIGHT, *index);
            tile.hash_at_index(self.0.get(&Place::of(&tile)).ok_or(TreeError::IndexesNotInTree)?, *index)
        };
        indexes.iter().map(read).collect()
    }
}

/// Notes what would be read.
#[derive(Default)]
struct Asked(RefCell<BTreeSet<Place>>);

impl HashReader for Asked {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TreeError> {
        let mut asked = self.0.borrow_mut();
        asked.extend(indexes.iter().map(|index| Place::of(&Tile::from_index(HEIGHT, *index))));
        Ok(vec![Hash::default(); indexes.len()])
    }
}

/// What is proved of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The leaf at this position is in the tree of this size.
    Includes { size: u64, position: u64 },
    /// The tree of this size begins with the tree of that size, which has a leaf at least.
    Extends { size: u64, before: u64 },
}

impl Claim {
    /// The tiles that the proof is made from.
    ///
    /// # Errors
    /// Where the claim is about leaves that such a tree does not have; so of [`Claim::prove`].
    pub fn places(self) -> Result<Vec<Place>, TreeError> {
        let asked = Asked::default();
        self.proof(&asked)?;
        Ok(asked.0.into_inner().into_iter().collect())
    }

    /// The proof, as RFC 6962 orders it.
    pub fn prove(self, tiles: &Tiles) -> Result<Vec<Hash>, TreeError> {
        self.proof(tiles)
    }

    fn proof<R: HashReader>(self, reader: &R) -> Result<Vec<Hash>, TreeError> {
        match self {
            Claim::Includes { size, position } => prove_record(size, position, reader),
            Claim::Extends { size, before } => prove_tree(size, before, reader),
        }
    }
}

#[cfg(test)]
mod tests {
    use tlog_tiles::{check_record, check_tree, node_hash, record_hash};

    use super::*;

    fn leaf(position: u64) -> Hash {
        record_hash(&position.to_be_bytes())
    }

    /// RFC 6962, section 2.1, as it is written there.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [one] => *one,
            _ => {
                let left = leaves.len().next_power_of_two() / 2;
                node_hash(by_definition(&leaves[..left]), by_definition(&leaves[left..]))
            }
        }
    }

    fn grown(size: u64) -> (Edge, Tiles) {
        let (mut edge, mut tiles) = (Edge::default(), Tiles::default());
        for position in 0..size {
            edge.append(leaf(position), &mut tiles);
        }
        (edge, tiles)
    }

    #[test]
    fn every_root_on_the_way_is_the_definition_s() {
        let (mut edge, mut full) = (Edge::default(), Tiles::default());
        let leaves: Vec<Hash> = (0..700).map(leaf).collect();
        for (at, hash) in leaves.iter().enumerate() {
            edge.append(*hash, &mut full);
            if at < 40 || (250..262).contains(&at) || at == 511 || at == 699 {
                assert_eq!(edge.root(), by_definition(&leaves[..=at]), "{at}");
            }
        }
    }

    /// Three levels of tiles, each edge taken up again from what was kept.
    #[test]
    fn a_tree_is_taken_up_where_it_was_left() {
        for size in [1, 255, 256, 257, 65_535, 65_536, 65_537] {
            let (edge, mut tiles) = grown(size);
            for (place, data) in edge.tiles() {
                tiles.0.insert(place, data.to_vec());
            }
            let kept: Vec<Place> = edge.tiles().map(|(place, _)| place).collect();
            assert_eq!(Edge::places(size), kept, "{size}");
            let mut again = Edge::of(size, tiles.clone()).expect("its own tiles");
            assert_eq!(again.root(), edge.root(), "{size}");
            again.append(leaf(size), &mut Tiles::default());
            assert_eq!(again.root(), grown(size + 1).0.root(), "{size}");
            let mut short = tiles.clone();
            if let Some(place) = kept.first() {
                short.0.remove(place);
                assert!(Edge::of(size, short).is_err(), "{size}");
            }
        }
    }

    #[test]
    fn proofs_from_tiles_hold_and_those_of_another_leaf_do_not() {
        let (edge, mut tiles) = grown(1_000);
        for (place, data) in edge.tiles() {
            tiles.0.insert(place, data.to_vec());
        }
        for position in [0, 1, 255, 256, 767, 999] {
            let claim = Claim::Includes { size: 1_000, position };
            let only = Tiles(claim.places().expect("places").into_iter().map(|place| (place, tiles.0[&place].clone())).collect());
            let proof = claim.prove(&only).expect("a proof");
            check_record(&proof, 1_000, edge.root(), position, leaf(position)).expect("it holds");
            assert!(check_record(&proof, 1_000, edge.root(), position, leaf(position + 1)).is_err());
        }
        for before in [1, 255, 256, 300, 1_000] {
            let proof = Claim::Extends { size: 1_000, before }.prove(&tiles).expect("a proof");
            check_tree(&proof, 1_000, edge.root(), before, grown(before).0.root()).expect("it holds");
        }
        assert!(Claim::Includes { size: 10, position: 10 }.places().is_err());
        assert!(Claim::Extends { size: 10, before: 11 }.places().is_err());
    }
}
