//! Where does the program begin?

fn main() {}
