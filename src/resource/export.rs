//! How is a filtered list taken out, row by row?
