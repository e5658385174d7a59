//! Which tables does the console administer?
