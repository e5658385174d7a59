//! How does a test change what the operating system tells a program, without being root?

use std::{path::PathBuf, process::Command};

/// Compiles one of the small libraries beside this file, which stands between a program and its C library.
pub fn library(name: &str, source: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("nexus-shim-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    // Of this test alone: another must never find it half written.
    let library = folder.join(format!("{name}-{}.so", uuid::Uuid::now_v7().simple()));
    let text = library.with_extension("c");
    std::fs::write(&text, source).expect("its source");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library).arg(&text).arg("-ldl");
    let output = compile.output().expect("a C compiler is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}
