//! Are the trees and proofs those that everybody else makes?
//!
//! The leaves, roots and proofs are the published ones of Certificate Transparency, as Google's implementation in C++ and
//! the project transparency-dev print them.

use nexus_console::audit::seal::tree::{Claim, Edge, Tiles};
use tlog_tiles::{check_record, check_tree, record_hash};

const LEAVES: [&str; 8] = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// Of the first leaves, from none to all eight.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const INCLUSION: [(u64, u64, &[&str]); 4] = [
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

const CONSISTENCY: [(u64, u64, &[&str]); 4] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn grown(size: usize) -> (Edge, Tiles) {
    let (mut edge, mut tiles) = (Edge::default(), Tiles::default());
    for leaf in &LEAVES[..size] {
        edge.append(record_hash(&hex::decode(leaf).expect("hex")), &mut tiles);
    }
    for (place, hashes) in edge.tiles() {
        tiles.0.insert(place, hashes.to_vec());
    }
    (edge, tiles)
}

fn proof(claim: Claim, size: u64) -> Vec<String> {
    let (_, tiles) = grown(usize::try_from(size).expect("few"));
    claim.prove(&tiles).expect("a proof").iter().map(|hash| hex::encode(hash.0)).collect()
}

#[test]
fn roots_and_proofs_are_the_published_ones() {
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(hex::encode(grown(size).0.root().0), *root, "{size}");
    }
    for (position, size, published) in INCLUSION {
        assert_eq!(proof(Claim::Includes { size, position }, size), published, "{position} in {size}");
    }
    for (before, size, published) in CONSISTENCY {
        assert_eq!(proof(Claim::Extends { size, before }, size), published, "{before} in {size}");
    }
}

#[test]
fn what_is_not_so_is_not_proved() {
    let (edge, tiles) = grown(8);
    let leaf = record_hash(&[0x10]);
    let path = Claim::Includes { size: 8, position: 2 }.prove(&tiles).expect("a proof");
    check_record(&path, 8, edge.root(), 2, leaf).expect("it is there");
    assert!(check_record(&path, 8, edge.root(), 3, leaf).is_err(), "at another place");
    assert!(check_record(&path, 4, edge.root(), 2, leaf).is_err(), "in another tree");
    assert!(check_record(&path[..2].to_vec(), 8, edge.root(), 2, leaf).is_err(), "by half a proof");
    let grew = Claim::Extends { size: 8, before: 5 }.prove(&tiles).expect("a proof");
    check_tree(&grew, 8, edge.root(), 5, grown(5).0.root()).expect("it only grew");
    assert!(check_tree(&grew, 8, edge.root(), 5, grown(4).0.root()).is_err(), "from another tree");
}
