//! Does every declaration match the live catalog?
