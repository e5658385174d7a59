//! Where does the program begin?

use std::process::ExitCode;

fn main() -> ExitCode {
    nexus_console::cli::run()
}
