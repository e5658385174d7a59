//! What does a demonstration database hold?
