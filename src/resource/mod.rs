//! What is a table to the console?
