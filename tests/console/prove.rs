//! Does a checkpoint prove something to whoever keeps it, and an entry's proof to whoever has no database?

mod brought;
mod mailed;
mod notes;
mod offline;
mod page;
mod rotation;
mod seen;

use std::{path::PathBuf, process::Command};

use nexus_console::{
    audit::seal::{
        key::Signer,
        sealer::{self, Turn},
    },
    db::pool::{Database, ServingRole},
};

use super::support::TestDatabase;

const PROOF: &str = "/audit/proof";
/// 32 bytes in hex each, of tests only.
const FIRST: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90";
const SECOND: &str = "b1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90";
const THIRD: &str = "c1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90";

fn signer(keys: &str) -> Signer {
    Signer::listed(keys).expect("keys")
}

/// Seals all that waits, and what nobody queued, by these keys.
async fn seal(database: &TestDatabase, keys: &str) {
    let (database, signer) = (Database::new(database.application.manager(), 2, ServingRole::LoggedIn), signer(keys));
    while sealer::turn(&database, &signer).await.expect("sealed") != Turn::Idle {}
}

/// A folder of one test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(std::env::temp_dir().join(format!("nexus-prove-{}", uuid::Uuid::now_v7())));
        std::fs::create_dir_all(&folder.0).expect("a folder");
        folder
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("text").to_owned()
    }

    /// What `audit check` answers on a machine where nothing is set up: its status, and all it said.
    fn check(&self, export: &str, proof: &str, key: &str) -> (Option<i32>, String) {
        let (export, proof) = (self.file("entry.jsonl", export), self.file("entry.proof", proof));
        let output = Command::new(env!("CARGO_BIN_EXE_nexus-console"))
            .args(["audit", "check", "--export", &export, "--proof", &proof, "--key", key])
            .env_clear()
            .env("NEXUS_DATA_DIR", self.0.join("nothing"))
            .output()
            .expect("the program runs");
        let said = [output.stdout, output.stderr].concat();
        assert!(!self.0.join("nothing").exists(), "it makes no key, and opens no database");
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
