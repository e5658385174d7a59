//! How does a test change what the operating system tells a program, without being root?

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Compiles one of the small libraries beside this file, which stands between a program and its C library, into a folder.
pub fn library(folder: &Path, source: &str) -> PathBuf {
    let library = folder.join("shim.so");
    let text = library.with_extension("c");
    std::fs::write(&text, source).expect("its source");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library).arg(&text).arg("-ldl");
    let output = compile.output().expect("a C compiler is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}
